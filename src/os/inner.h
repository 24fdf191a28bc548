/* os/inner.h -- what the files of room os share. */
#ifndef OS_INNER_H
#define OS_INNER_H

#include "os/os.h"

Err os_errno(int e);       /* errno to a code */

#endif

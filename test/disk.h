/* test/disk.h -- a disk made of memory that forgets whatever was not synced.
**
** Bytes last only after sync of the file, names only after sync of their folder
** (and of the folders above).  The power goes at step k: that call and all after
** it fail.  When it comes back the disk holds what was safe; a kinder disk, that
** also keeps fresh names but not the bytes behind them, is the other choice.
*/
#ifndef TEST_DISK_H
#define TEST_DISK_H

#include "base/world.h"

#include <stdbool.h>

typedef struct Disk Disk;

Disk *disk_new(void);                          /* empty; paths are relative to its top */
void disk_free(Disk *d);
Files disk_files(Disk *d);
void disk_cut(Disk *d, long k);                /* the power goes at the k-th call from now; 0: never.  Steps start at 0 */
long disk_steps(const Disk *d);                /* calls since disk_cut */
void disk_power_back(Disk *d, bool names_survive);

#endif

/* base/save.h -- whole files: read one, put one in place so that a power cut cannot halve it. */
#ifndef BASE_SAVE_H
#define BASE_SAVE_H

#include "base/ctx.h"

#define SAVE_PATH_MAX 4096   /* bytes, with the NUL */

/* Make the file `path` hold exactly these n bytes: before OK the old bytes or
** the new, never a mixture; after OK the new, even if the power goes.  Writes
** beside it first (path.PID.new), and removes that on failure.  What is there and is no plain file (a pipe,
** /dev/null) is written into, not replaced.
** Errors: ERR_LIMIT path too long; ERR_NOT_FOUND no such folder; ERR_BAD_INPUT path is a folder; ERR_DENIED; ERR_IO. */
MUST_USE Err save_whole(Ctx *cx, const char *path, const void *data, size_t n);

/* Read the whole file `path`; *data ends with a NUL that *n does not count (owned: ctx_put).
** Errors: ERR_NOT_FOUND; ERR_DENIED; ERR_LIMIT larger than max; ERR_IO; ERR_NOMEM. */
MUST_USE Err save_read(Ctx *cx, const char *path, size_t max, char **data, size_t *n);

#endif

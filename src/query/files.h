/* query/files.h -- which files a path means (inside room query). */
#ifndef QUERY_FILES_H
#define QUERY_FILES_H

#include "query/inner.h"

typedef struct FileList { char **at; size_t n; uint64_t bytes; } FileList;

/* The file, or what a glob matches, by bytes.  ERR_NOT_FOUND; ERR_BAD_INPUT a folder or a pipe; ERR_LIMIT; ERR_NOMEM. */
MUST_USE Err files_find(Ctx *cx, const char *path, FileList *out);
/* These files. */
MUST_USE Err files_these(Ctx *cx, const char *const *path, size_t n, FileList *out);
void files_free(Ctx *cx, FileList *f);
MUST_USE Err files_format(Ctx *cx, const char *path, QueryFormat asked, QueryFormat *out);

#endif

/* lake/workin.h -- what the files behind lake/work.h share (inside room lake). */
#ifndef LAKE_WORKIN_H
#define LAKE_WORKIN_H

#include "lake/inner.h"
#include "lake/work.h"

#define MARK_WORDS_MAX 10000       /* bytes of a message, a source, a reason */

/* The type (table.h's word, in scratch) that a column was found to have when the version came; NULL: not known. */
MUST_USE Err lake_column_type(Ctx *cx, Lake *lake, const LakeVersion *v, const char *column, const char **type);

const char *lake_sql_folder(const LakeSql *s);
/* FROM 'name' is the CSV at `path` from now on: a name no dataset can have.  (kept) */
void lake_sql_own(LakeSql *s, const char *name, const char *path);

/* marks.c: append an event of this room's about a dataset; clears the payload. */
MUST_USE Err mark_append(Ctx *cx, Lake *lake, const char *kind, const char *name, Text *payload);
/* Words a person gave: UTF-8, not too long.  what: "message" */
MUST_USE Err mark_words(Ctx *cx, const char *what, const char *words);

void work_text_sql(Text *t, const char *s);        /* 'it''s' */
void work_name_sql(Text *t, const char *s);        /* "a ""b""" */
/* A folder of our own and all below it.  Never fails: tmp/ is swept some day. */
void work_remove(Ctx *cx, const char *folder);

/* A row for a growing list in scratch; NULL: no memory. */
void *work_row(Ctx *cx, void **rows, size_t n, size_t size);
/* "churn@3" in scratch; NULL: no memory. */
char *work_name(Ctx *cx, const char *dataset, uint64_t n);

#endif

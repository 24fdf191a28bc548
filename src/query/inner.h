/* query/inner.h -- what the files of room query share. */
#ifndef QUERY_INNER_H
#define QUERY_INNER_H

#include "query/query.h"

#define NO_COLUMN UINT32_MAX

/* ------------------------------------------------------------------- bytes */

/* The bytes of a file as they were before compression: plain, gzip or zstd, told by their first bytes (bytes.c). */
typedef struct Bytes Bytes;

MUST_USE Err bytes_open(Ctx *cx, const char *path, Bytes **out);     /* ERR_NOT_FOUND, ERR_DENIED, ERR_IO, ERR_NOMEM */
/* *got < n only at the end.  ERR_BAD_INPUT a compressed file is damaged or cut off; ERR_IO. */
MUST_USE Err bytes_read(Ctx *cx, Bytes *b, void *buf, size_t n, size_t *got);
uint64_t bytes_done(const Bytes *b);           /* of the file itself, so far */
uint64_t bytes_total(const Bytes *b);
void bytes_close(Ctx *cx, Bytes *b);           /* NULL is fine */

typedef enum Packing { PACKING_NONE, PACKING_GZIP, PACKING_ZSTD } Packing;
Packing packing_of(const unsigned char *head, size_t n);
bool looks_parquet(const unsigned char *head, size_t n);       /* not a CSV whose first column is called PAR1 */

/* Is it a whole zip archive (zip.c)?  ERR_BAD_INPUT if not; ERR_IO. */
MUST_USE Err zip_check(Ctx *cx, const char *path);

/* ------------------------------------------------------------------- names */

/* Column names of a file, and their order by bytes for finding. */
typedef struct Names {
    char **at;
    uint32_t *sorted;
    size_t n, cap;
} Names;

MUST_USE Err names_add(Ctx *cx, Names *s, const char *name, size_t n);      /* (copied) */
/* Sorts.  strict: refuses names that are empty or twice there.  path: for the sentence.  ERR_BAD_INPUT, ERR_NOMEM. */
MUST_USE Err names_close(Ctx *cx, Names *s, const char *path, bool strict);
/* Refuses one name that is twice there.  ERR_BAD_INPUT */
MUST_USE Err names_once(Ctx *cx, const Names *s, const char *path, const char *name);
size_t names_find(const Names *s, const char *name);                        /* SIZE_MAX: none */
void names_free(Ctx *cx, Names *s);

/* ----------------------------------------------------------------- sources */

typedef struct Duck Duck;

/* What reading one file needs of the request. */
typedef struct Job {
    const QueryIn *in;
    bool strict;               /* every column needs a name of its own, also those that are not asked for */
    Duck *duck;                /* opened by the first source that needs it; closed by read.c */
    size_t rows_done;          /* in the files before */
    Text *head;                /* not NULL: the header's own bytes are put here (CSV) */
} Job;

typedef struct Source Source;

/* A kind of file.  open finds the column names; rows hands every row's cells to the builder. */
typedef struct SourceKind {
    Err (*open)(Ctx *cx, Job *job, const char *path, QueryFormat format, Source **out);
    /* to: the builder's column for each of the file's, or NO_COLUMN.  At most rows_max rows; *rows how many came. */
    Err (*rows)(Ctx *cx, Job *job, Source *s, const uint32_t *to, Builder *b, size_t rows_max, size_t *rows);
    void (*close)(Ctx *cx, Source *s);
} SourceKind;

struct Source {                /* the kind's own struct begins with it */
    const SourceKind *kind;
    char *path;
    Names names;
    char delimiter;
    bool sparse;               /* a column may be absent in one of many files: its cells are missing */
};

extern const SourceKind source_csv;            /* csv.c */
/* The rows of an open CSV as they are in the file, with their line ends; no other call after it. */
MUST_USE Err csv_records(Ctx *cx, Source *s, Err (*each)(Ctx *cx, void *arg, const char *at, size_t n), void *arg);
extern const SourceKind source_duck;           /* ducksource.c: json ndjson parquet excel */

char *query_copy(Ctx *cx, const char *s, size_t n);

/* ------------------------------------------------------------------ DuckDB */

/* Rows of a statement as they come (duck.c). */
typedef struct DuckRows DuckRows;
typedef enum DuckKind { DUCK_TEXT, DUCK_NUM, DUCK_WHOLE, DUCK_OTHER } DuckKind;    /* VARCHAR, DOUBLE, BIGINT */

typedef struct DuckVector {
    const void *at;
    const uint64_t *valid;     /* NULL: all are */
} DuckVector;

MUST_USE Err duck_open(Ctx *cx, const QueryIn *in, Duck **out);    /* ERR_NOT_FOUND the library; ERR_NOMEM; ERR_IO */
void duck_close(Ctx *cx, Duck *d);
const char *duck_version(const Duck *d);
/* about: the file, for the sentence of a failure.  Rows come in order. */
MUST_USE Err duck_start(Ctx *cx, Duck *d, const char *sql, const char *about, DuckRows **out);
MUST_USE Err duck_next(Ctx *cx, DuckRows *r, size_t *rows);        /* 0: no more.  Cells stay valid until the next call. */
size_t duck_cols(const DuckRows *r);
DuckKind duck_kind(const DuckRows *r, size_t col);
DuckVector duck_vector(const DuckRows *r, size_t col);
const char *duck_string(const DuckVector *v, size_t row, size_t *n);
void duck_end(Ctx *cx, DuckRows *r);                               /* NULL is fine */
/* What DuckDB said, as a failure of ours; type: a duckdb_error_type (0: not known). */
Err duck_failed(Ctx *cx, const char *about, int type, const char *what);
MUST_USE Err duck_run(Ctx *cx, Duck *d, const char *sql, const char *about);       /* a statement without rows */

static inline bool duck_has(const DuckVector *v, size_t row)
{
    return !v->valid || (v->valid[row >> 6] >> (row & 63) & 1);
}

/* SQL text: 'it''s' with glob signs taken literally where `file`; "col""umn". */
void duck_quote(Text *t, const char *s, bool file);
void duck_name(Text *t, const char *name);

/* One value of a CSV line, quoted where a reader could take it for something else. */
void csv_cell(Text *t, const char *s, size_t n);
/* Can a file be put there?  ERR_NOT_FOUND no such folder.  *other: it is there and no plain file (a pipe): write into it. */
MUST_USE Err place_look(Ctx *cx, const char *path, bool *other);
/* Make the bytes of `from` durable, then give them the name `to`. */
MUST_USE Err place_take(Ctx *cx, const char *from, const char *to);

/* Filling a table for COPY (write.c). */
MUST_USE Err duck_append(Ctx *cx, Duck *d, const char *table, const QueryOut *out);

#endif

/* query/query.h -- tables out of files, and into files.
**
** CSV and TSV by our own scanner; JSON, NDJSON, Parquet and Excel through DuckDB, which is opened on first use, in memory,
** without network and without extensions but Excel's.  Text formats may be packed by gzip or zstd.  Cells come as text
** (Parquet's numbers as numbers) to the builder of room table, so one set of rules decides what a column is, whatever file
** it came from.
**
** Rules for CSV: the first row is the header; delimiter one of , ; tab | (settled by the first 64 KiB); quote "; every row has
** as many cells as the header.
*/
#ifndef QUERY_QUERY_H
#define QUERY_QUERY_H

#include "base/hash.h"
#include "table/table.h"

#define QUERY_FILES_MAX 10000       /* files behind one glob */
#define QUERY_PEEK_BYTES ((size_t)64 << 10)     /* how far the dialect of a CSV is looked at */

typedef enum QueryFormat {
    QUERY_AUTO,                     /* by the file's name, else by its first bytes */
    QUERY_CSV, QUERY_TSV, QUERY_JSON, QUERY_NDJSON, QUERY_PARQUET, QUERY_EXCEL,
    QUERY_FORMATS_N
} QueryFormat;

const char *query_format_word(QueryFormat f);                   /* auto csv tsv json ndjson parquet excel */
bool query_format_read(const char *word, QueryFormat *out);     /* also jsonl, xlsx */
/* By a name's ending (.csv .tsv .tab .txt .json .ndjson .jsonl .parquet .pq .xlsx, then .gz .zst), else QUERY_AUTO. */
QueryFormat query_format_of(const char *path);

typedef struct QueryType {          /* --type COL=TYPE */
    const char *column;
    ColumnType type;
} QueryType;

/* All pointers (borrowed); zero means the default. */
typedef struct QueryIn {
    const char *path;               /* a file, or a glob (* ? [) in the last part of the path */
    const char *const *paths;       /* these files instead, in this order; path is then only a name for messages */
    size_t paths_n;
    bool rows_may_lack;             /* column names and no rows are no failure */
    QueryFormat format;
    const char *sheet;              /* Excel: NULL is the first */
    const char *const *na;          /* missing marks; NULL: table_na_default.  An empty cell is always missing. */
    size_t na_n;
    const QueryType *types;         /* types that overrule inference */
    size_t types_n;
    const char *const *columns;     /* only these, in the file's order; NULL: all */
    size_t columns_n;
    unsigned threads;               /* 0: 1 */
    unsigned memory_mib;            /* DuckDB's own limit; 0: 1024 */
    size_t rows_max;                /* stop after so many rows; 0: all */
    const char *spill;              /* folder DuckDB may write to when memory is short; NULL: never writes */
} QueryIn;

typedef struct QueryInfo {          /* what reading found out */
    QueryFormat format;
    size_t files;
    uint64_t bytes;                 /* on disk, all files */
    char delimiter;                 /* CSV and TSV, else 0 */
    double seconds;
} QueryInfo;

/* Read a file, or all files of a glob (one kind, the same columns), as one table.  Types are inferred.
**   *out    table_free                                                              (owned)
**   info    may be NULL
** Tells progress (rows), stops at the deadline.  Warns (ctx_warn) of infinite numbers and of columns that are
** numbers but for a few words.
** Errors: ERR_NOT_FOUND no such file, no such sheet; ERR_DENIED; ERR_BAD_INPUT what is in the file, or a name in types or
** columns that is not in it, in words with file and line; ERR_LIMIT a cell or the columns are over the limit of table.h;
** ERR_IO; ERR_NOMEM; ERR_TIME; ERR_INTERRUPTED.
** Cost: about 1.5 s for a million rows of 20 columns of CSV on two cores. */
MUST_USE Err query_read(Ctx *cx, const QueryIn *in, Table **out, QueryInfo *info);

/* The same by a build's schema: columns of the schema only, in the schema's order, each in the schema's type and storage,
** nothing is inferred; in->types, columns and na are not looked at.  A value that cannot be read as its type is missing and
** counted in Column.bad.  A column of the schema that the file lacks is left out of the table; nothing is refused for it.
** Columns that are not asked for may have any names, none, or the same.
** keep: names of further columns to bring along as they would be inferred, behind the schema's; may be NULL.
** ERR_BAD_INPUT as above, also when the file holds no column of the schema at all. */
MUST_USE Err query_read_schema(Ctx *cx, const QueryIn *in, const Schema *schema, const char *const *keep, size_t keep_n,
                               Table **out, QueryInfo *info);

/* The rows of one CSV, TSV or NDJSON file as the bytes they are there (unpacked), line ends with them, in the order and number
** that query_read reads them; before them a CSV's header (row 0 is `head`).  What comes of cells is not looked at.
** Errors as query_read; ERR_USAGE the format has no rows in bytes; what each returned. */
typedef struct QueryRecord { const char *at; size_t n; bool head; } QueryRecord;
MUST_USE Err query_records(Ctx *cx, const char *path, QueryFormat format, Err (*each)(Ctx *cx, void *arg, const QueryRecord *r), void *arg);
/* By the name, else by the first bytes; never AUTO. */
MUST_USE Err query_format_at(Ctx *cx, const char *path, QueryFormat *out);

/* ----------------------------------------------------------------- writing */

/* One column to write: a column of a table, or numbers, or texts.  Exactly one of the three is set. */
typedef struct QueryColumn {
    const char *name;
    const Column *column;           /* rows of it */
    const double *num;              /* NaN is missing */
    const char *const *text;        /* NULL is missing */
} QueryColumn;

typedef struct QueryOut {
    const char *path;               /* NULL: to `fd` */
    int fd;                         /* an open file, written from where it stands; not for Parquet */
    QueryFormat format;             /* AUTO: by the path, else CSV; JSON is one array, NDJSON one object a line */
    const QueryColumn *column;
    size_t columns, rows;
    Hasher *hash;                   /* not NULL: is told what is written to fd */
} QueryOut;

/* Write rows.  CSV: RFC 4180 with \n, a header, shortest numbers that read back to the same double, ISO 8601 times,
** missing is empty.  To a path: whole or not at all, durable (as save_whole).
** Errors: ERR_USAGE a format that is not written (Excel, compressed); ERR_NOT_FOUND; ERR_DENIED; ERR_IO; ERR_NOMEM. */
MUST_USE Err query_write(Ctx *cx, const QueryOut *out);

/* --------------------------------------------------------------- databases */

typedef enum QueryDatabaseKind { QUERY_DB_SQLITE, QUERY_DB_POSTGRES } QueryDatabaseKind;
typedef struct QueryDatabase QueryDatabase;

/* A database of others, to copy from; read-only, as of one moment.
**   address   SQLite: a file; PostgreSQL: an URI or "host=… dbname=…"                              (borrowed)
**   safe      the same without secrets: what failures name                                        (copied)
**   secret    the password in it, so that no failure repeats it; NULL: none                        (borrowed)
** Errors: ERR_NOT_FOUND the library; ERR_BAD_INPUT what the database says; ERR_NOMEM. */
typedef struct QueryDatabaseIn { QueryDatabaseKind kind; const char *address, *safe, *secret; } QueryDatabaseIn;
MUST_USE Err query_database_open(Ctx *cx, const QueryDatabaseIn *in, QueryDatabase **out);
void query_database_close(Ctx *cx, QueryDatabase *d);       /* NULL is fine */
/* Its tables, A to Z; those of another schema than main or public as "schema.table".  Scratch. */
MUST_USE Err query_database_tables(Ctx *cx, QueryDatabase *d, char ***out, size_t *n);
/* A table, or the rows of a query in the database's own SQL (sql not NULL), into a Parquet file.  Equal rows in equal order
** give equal bytes.  ERR_BAD_INPUT no such table, the query; ERR_IO. */
MUST_USE Err query_database_copy(Ctx *cx, QueryDatabase *d, const char *table, const char *sql, const char *path);

/* ------------------------------------------------------------------ engine */

/* DuckDB's version ("v1.5.5"), opening it if need be; for `leat doctor`.  ERR_NOT_FOUND it is not installed. */
MUST_USE Err query_engine(Ctx *cx, char version[32]);

#include "query/sql.h"

#endif

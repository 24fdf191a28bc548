/* query/sql.h -- one SELECT over named tables, and nothing else.
**
** A name in FROM is looked up by DuckDB's own parser, so a text, a comment, an alias or a WITH of that name is never taken for
** a table.  What DuckDB does not know by itself is asked of the caller, who says which files stand for it.  Nothing else can be
** reached: no file, address, database, extension or setting; statements that are no SELECT are refused.
**
** Types: CSV, TSV, JSON and Excel are read by the rules of table.h: number DOUBLE, integer (and an id that is one) BIGINT,
** datetime TIMESTAMP, boolean written true and false BOOLEAN, everything else VARCHAR as it is written.  Parquet keeps its own.
*/
#ifndef QUERY_SQL_H
#define QUERY_SQL_H

#include "query/query.h"

#define QUERY_SQL_MAX ((size_t)1 << 20)          /* bytes of a statement */
#define QUERY_SQL_TABLES_MAX 256                 /* names looked up by one handle */
#define QUERY_SQL_STREAM_BYTES ((uint64_t)32 << 20)  /* CSV of at least so much is read in pieces */

typedef struct QuerySql QuerySql;                /* an engine with the tables named so far */
typedef struct QueryAnswer QueryAnswer;          /* rows of one SELECT, read once, in order */

/* The files behind a name, as one table.                                   (kept until query_sql_close) */
typedef struct QueryTable {
    const char *const *path; size_t files;       /* one kind, the same columns; Parquet must lie in the engine's folder */
    QueryFormat format;                          /* AUTO: by the first file's name or bytes */
    const Schema *schema;                        /* of these very files, if it is known: saves a large CSV one reading */
} QueryTable;

typedef struct QuerySqlIn {
    /* What `name` stands for.  A failure of it is the failure of the statement.  Called at most once a name. */
    Err (*find)(Ctx *cx, void *self, const char *name, QueryTable *out);
    void *self;                                  /* (kept) */
    const char *folder;                          /* ours alone: Parquet lies below it, DuckDB spills into it (copied) */
    unsigned threads;                            /* 0: 1.  With 1, equal input gives equal rows in equal order */
    unsigned memory_mib;                         /* DuckDB's limit; 0: 1024 */
    uint64_t stream_bytes;                       /* 0: QUERY_SQL_STREAM_BYTES */
} QuerySqlIn;

/* Errors: ERR_NOT_FOUND DuckDB's library; ERR_NOMEM; ERR_IO. */
MUST_USE Err query_sql_open(Ctx *cx, const QuerySqlIn *in, QuerySql **out);
void query_sql_close(Ctx *cx, QuerySql *s);      /* NULL is fine; its answers must be closed before */
const char *query_sql_engine(const QuerySql *s); /* DuckDB's version */
/* The names that were looked up, in that order; NULL past the end. */
const char *query_sql_table(const QuerySql *s, size_t i);

/* Bind a SELECT and begin it.
** Errors: ERR_BAD_INPUT it is no SELECT, does not parse, or does not fit the tables, in DuckDB's words; ERR_REFUSED it reaches
** for anything but named tables; those of find and of reading; ERR_NOMEM over the memory limit; ERR_INTERRUPTED; ERR_TIME. */
MUST_USE Err query_sql_ask(Ctx *cx, QuerySql *s, const char *sql, QueryAnswer **out);
void query_answer_close(Ctx *cx, QueryAnswer *a);            /* NULL is fine */

/* Does the statement say the same each time?  *word (scratch) is the first word in it that does not (random, now, a sample
** without a seed …), NULL if there is none. */
MUST_USE Err query_sql_steady(Ctx *cx, QuerySql *s, const char *sql, const char **word);

typedef enum QueryCell { QUERY_CELL_TEXT, QUERY_CELL_NUMBER, QUERY_CELL_BOOLEAN, QUERY_CELL_TIME, QUERY_CELL_JSON } QueryCell;
typedef struct QueryAnswerColumn { const char *name, *type; QueryCell cell; } QueryAnswerColumn;      /* type: DuckDB's word */
size_t query_answer_columns(const QueryAnswer *a);
const QueryAnswerColumn *query_answer_column(const QueryAnswer *a, size_t col);
/* The next row; *more is false after the last. */
MUST_USE Err query_answer_next(Ctx *cx, QueryAnswer *a, bool *more);
/* A cell of the present row as text: numbers by num_text or in all their digits, times as ISO 8601, lists and structs as
** JSON.  NULL when missing (NaN too).  Points into buf or the answer; *n is its length, there may be no NUL. */
const char *query_answer_text(const QueryAnswer *a, size_t col, char buf[COLUMN_TEXT_MAX], size_t *n);
double query_answer_num(const QueryAnswer *a, size_t col);  /* as a number; NaN when it is none */
void query_answer_json(const QueryAnswer *a, size_t col, Text *t);

/* Write the rows not yet read.  CSV, JSON, NDJSON as query_write; Parquet by DuckDB, with its own types.
** To a path: whole or not at all, durable, in constant memory.
** Errors: ERR_USAGE a format that is not written, Parquet to a descriptor or after query_answer_next; ERR_DENIED; ERR_IO … */
typedef struct QueryAnswerOut { const char *path; int fd; QueryFormat format; } QueryAnswerOut;    /* path NULL: to fd; AUTO: by path, else CSV */
MUST_USE Err query_answer_write(Ctx *cx, QueryAnswer *a, const QueryAnswerOut *to, uint64_t *rows);

#endif

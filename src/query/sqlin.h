/* query/sqlin.h -- what the files behind query/sql.h share (inside room query). */
#ifndef QUERY_SQLIN_H
#define QUERY_SQLIN_H

#include "query/duckcalls.h"

typedef struct Scan Scan;      /* a named table, loaded or ready to be streamed (sqlscan.c) */

struct QuerySql {
    Duck *duck;
    char *folder;
    QuerySqlIn in;             /* its folder is ours */
    Ctx *cx;                   /* of the call under way: what the binder's callback works with */
    Scan **scan;
    size_t scans_n;
    unsigned written;          /* Parquet files made so far */
    Err err;                   /* the first failure of a callback, and its words */
    char text[CTX_TEXT_MAX];
};

/* Teach DuckDB our names: what it does not know is asked of in.find. */
MUST_USE Err scan_teach(Ctx *cx, QuerySql *s);
/* DuckDB takes names that end like files (.csv) for files before it asks us: give the name a view.  ERR_REFUSED it has one. */
MUST_USE Err scan_view(Ctx *cx, QuerySql *s, const char *name);
const char *scan_name(const Scan *scan);
void scan_free(Ctx *cx, Scan *scan);
/* A callback failed: its own words instead of DuckDB's.  Called from any thread of DuckDB. */
void scan_failed(QuerySql *s, Err err, const char *text);

/* Begin a statement of our own (with the caller's in it as query('…')); failures in our words. */
MUST_USE Err query_sql_begin(Ctx *cx, QuerySql *s, const char *sql, DuckRows **out);

struct QueryAnswer {
    QuerySql *sql;
    char *query;               /* query('…'), the statement as a table */
    QueryAnswerColumn *column;
    size_t columns_n;
    DuckRows *rows;            /* NULL until the first row is asked for */
    DuckVector *vector;        /* a column each, of the present chunk */
    size_t have, at;           /* rows of the chunk; the present one is at - 1 */
};

#endif

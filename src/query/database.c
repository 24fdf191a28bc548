/* query/database.c -- tables and queries of SQLite and PostgreSQL, copied into Parquet files.
**
** By DuckDB's scanners, loaded from beside the program.  One thread and one transaction: equal tables give equal files, and
** several tables come from one moment.  The database is attached read-only.
*/
#include "query/inner.h"

#include "os/os.h"

#include <stdio.h>
#include <string.h>

struct QueryDatabase {
    Duck *duck;
    QueryDatabaseKind kind;
    char *safe;                    /* the address without its secrets */
};

static Err run(Ctx *cx, QueryDatabase *d, Text *sql)
{
    Err err = text_err(sql);
    if (!err) err = duck_run(cx, d->duck, sql->at, d->safe);
    sql->n = 0;
    return err;
}

/* DuckDB repeats the address in what it says. */
static Err without(Ctx *cx, Err err, const char *secret, const char *safe)
{
    size_t n = strlen(secret), with = strlen(safe);
    for (char *at; err && n && strcmp(secret, safe) && (at = strstr(cx->text, secret));) {
        char rest[CTX_TEXT_MAX];
        snprintf(rest, sizeof rest, "%s", at + n);
        snprintf(at, (size_t)(cx->text + CTX_TEXT_MAX - at), "%s%s", safe, rest);
        if (with >= n && strstr(safe, secret)) break;
    }
    return err;
}

static Err attach(Ctx *cx, QueryDatabase *d, const char *address, const char *secret)
{
    static const char *const library[] = { [QUERY_DB_SQLITE] = "sqlite_scanner.duckdb_extension",
                                           [QUERY_DB_POSTGRES] = "postgres_scanner.duckdb_extension" };
    char path[OS_PATH_MAX];
    Text t;
    Err err = OK;
    text_init(&t, cx);
    TRY_DONE(cx, os_lib_path(cx, library[d->kind], path));
    text_put(&t, "LOAD ");
    duck_quote(&t, path, false);
    TRY_DONE(cx, run(cx, d, &t));
    text_put(&t, "ATTACH ");
    duck_quote(&t, address, false);
    text_fmt(&t, " AS src (TYPE %s, READ_ONLY)", d->kind == QUERY_DB_SQLITE ? "sqlite" : "postgres");
    err = without(cx, run(cx, d, &t), address, d->safe);
    if (secret) err = without(cx, err, secret, "***");
    if (err) goto done;
    text_put(&t, "BEGIN TRANSACTION");
    TRY_DONE(cx, run(cx, d, &t));
done:
    text_clear(&t);
    return err;
}

Err query_database_open(Ctx *cx, const QueryDatabaseIn *in, QueryDatabase **out)
{
    Err err = OK;
    *out = NULL;
    QueryDatabase *d = ctx_get(cx, sizeof *d);
    if (!d) return FAIL(cx, ERR_NOMEM, "opening '%s'", in->safe);
    d->kind = in->kind;
    d->safe = query_copy(cx, in->safe, strlen(in->safe));
    if (!d->safe) { err = FAIL(cx, ERR_NOMEM, "opening '%s'", in->safe); goto done; }
    TRY_DONE(cx, duck_open(cx, &(QueryIn){ .threads = 1 }, &d->duck));
    TRY_DONE(cx, attach(cx, d, in->address, in->secret));
    *out = d;
    d = NULL;
done:
    query_database_close(cx, d);
    return err;
}

void query_database_close(Ctx *cx, QueryDatabase *d)
{
    if (!d) return;
    if (d->duck) duck_close(cx, d->duck);
    ctx_put(cx, d->safe);
    ctx_put(cx, d);
}

Err query_database_tables(Ctx *cx, QueryDatabase *d, char ***out, size_t *n)
{
    static const char sql[] =
        "SELECT CASE WHEN schema_name IN ('main', 'public') THEN table_name ELSE schema_name || '.' || table_name END AS name"
        " FROM duckdb_tables() WHERE database_name = 'src' AND NOT internal AND schema_name NOT IN ('information_schema', 'pg_catalog')"
        " AND table_name NOT LIKE 'sqlite_%' ORDER BY name";
    DuckRows *r = NULL;
    size_t rows = 1, cap = 0;
    Err err = OK;
    *out = NULL;
    *n = 0;
    TRY(cx, duck_start(cx, d->duck, sql, d->safe, &r));
    for (;;) {
        TRY_DONE(cx, duck_next(cx, r, &rows));
        if (!rows) break;
        DuckVector v = duck_vector(r, 0);
        for (size_t i = 0; i < rows; i++) {
            size_t len;
            const char *name = duck_string(&v, i, &len);
            if (*n == cap) {
                char **more = ctx_scratch(cx, (cap ? cap * 2 : 16) * sizeof *more);
                if (!more) { err = FAIL(cx, ERR_NOMEM, "listing the tables of '%s'", d->safe); goto done; }
                if (*n) memcpy(more, *out, *n * sizeof *more);
                *out = more;
                cap = cap ? cap * 2 : 16;
            }
            (*out)[*n] = ctx_scratch_fmt(cx, "%.*s", (int)len, name);
            if (!(*out)[(*n)++]) { err = FAIL(cx, ERR_NOMEM, "listing the tables of '%s'", d->safe); goto done; }
        }
    }
done:
    duck_end(cx, r);
    return err;
}

/* "schema.table" or "table", as one of the attached database's. */
static void table_name(Text *t, const QueryDatabase *d, const char *table)
{
    const char *dot = strchr(table, '.');
    text_put(t, "src.");
    if (dot) {
        char schema[256];
        snprintf(schema, sizeof schema, "%.*s", (int)(dot - table), table);
        duck_name(t, schema);
        text_char(t, '.');
        table = dot + 1;
    } else text_put(t, d->kind == QUERY_DB_SQLITE ? "main." : "public.");
    duck_name(t, table);
}

Err query_database_copy(Ctx *cx, QueryDatabase *d, const char *table, const char *sql, const char *path)
{
    Text t;
    text_init(&t, cx);
    text_put(&t, "COPY (SELECT * FROM ");
    if (sql) {
        text_put(&t, d->kind == QUERY_DB_SQLITE ? "sqlite_query('src', " : "postgres_query('src', ");
        duck_quote(&t, sql, false);
        text_put(&t, ")");
    } else table_name(&t, d, table);
    text_put(&t, ") TO ");
    duck_quote(&t, path, false);
    text_put(&t, " (FORMAT parquet, COMPRESSION zstd)");
    Err err = run(cx, d, &t);
    text_clear(&t);
    return err ? ctx_hop(cx, err, __FILE__, __LINE__) : OK;
}

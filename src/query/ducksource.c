/* query/ducksource.c -- JSON, NDJSON, Parquet and Excel through DuckDB.
**
** Each file becomes one SELECT whose columns are text, doubles or whole numbers.  JSON values and Excel cells come as text,
** so that the builder's rules are the only ones; Parquet keeps its numbers and times.  Extensions: Excel's, by its path.
*/
#include "query/inner.h"

#include "os/os.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXCEL_EXTENSION "excel.duckdb_extension"
#define JSON_OBJECT_MAX 67108864         /* bytes in one record */
#define WHOLE_END INT64_C(9007199254740992)

typedef enum As { AS_TEXT, AS_NUM, AS_WHOLE, AS_TIME } As;

typedef struct DuckSource {
    Source base;
    Text from;                 /* read_json('x.json', …) */
    Text *expression;          /* a column each */
    As *as;
    size_t made;               /* of both arrays */
    size_t skip;               /* rows before the first (Excel's header) */
    Text where;
} DuckSource;

static void source_close(Ctx *cx, Source *base)
{
    DuckSource *s = (DuckSource *)base;
    if (!s) return;
    for (size_t i = 0; i < s->made && s->expression; i++) text_clear(&s->expression[i]);
    ctx_put(cx, s->expression);
    ctx_put(cx, s->as);
    text_clear(&s->from);
    text_clear(&s->where);
    names_free(cx, &s->base.names);
    ctx_put(cx, s->base.path);
    ctx_put(cx, s);
}

/* --------------------------------------------------------------- the kinds */

/* json: every value as text by ->>'$'; nothing is guessed by DuckDB. */
static void json_expression(DuckSource *s, size_t i, const char *name, const char *type)
{
    (void)type;
    duck_name(&s->expression[i], name);
    text_put(&s->expression[i], "->>'$'");
}

static bool starts(const char *s, const char *with)
{
    return !strncmp(s, with, strlen(with));
}

static void parquet_expression(DuckSource *s, size_t i, const char *name, const char *type)
{
    static const char *const whole[] = { "TINYINT",  "SMALLINT",  "INTEGER", "BIGINT",
                                         "UTINYINT", "USMALLINT", "UINTEGER" };
    Text *t = &s->expression[i];
    s->as[i] = AS_TEXT;
    for (size_t k = 0; k < sizeof whole / sizeof *whole; k++)
        if (!strcmp(type, whole[k])) s->as[i] = AS_WHOLE;
    if (!strcmp(type, "DOUBLE") || !strcmp(type, "FLOAT") || (starts(type, "DECIMAL") && !strchr(type, '[')))
        s->as[i] = AS_NUM;
    if (!strcmp(type, "DATE") || (starts(type, "TIMESTAMP") && !strchr(type, '['))) s->as[i] = AS_TIME;
    if (s->as[i] == AS_TIME) {
        bool zoned = !strcmp(type, "TIMESTAMP WITH TIME ZONE");
        text_put(t, zoned ? "epoch_us(" : "epoch_us(CAST(");
        duck_name(t, name);
        text_put(t, zoned ? ")::DOUBLE / 1e6" : " AS TIMESTAMP))::DOUBLE / 1e6");
        return;
    }
    text_put(t, "CAST(");
    duck_name(t, name);
    text_fmt(t, " AS %s)", s->as[i] == AS_WHOLE ? "BIGINT" : s->as[i] == AS_NUM ? "DOUBLE" : "VARCHAR");
}

/* Excel: cells as text.  A column whose first value is a date holds days since 1899-12-30. */
static void excel_expression(DuckSource *s, size_t i, const char *name, const char *type)
{
    Text *t = &s->expression[i];
    s->as[i] = AS_TEXT;
    if (!strcmp(type, "DATE") || starts(type, "TIMESTAMP")) {
        s->as[i] = AS_TIME;
        text_put(t, "round((TRY_CAST(");
        duck_name(t, name);
        text_put(t, " AS DOUBLE) - 25569) * 86400, 3)");
    } else if (!strcmp(type, "BOOLEAN")) {
        text_put(t, "CASE ");
        duck_name(t, name);
        text_put(t, " WHEN '1' THEN 'true' WHEN '0' THEN 'false' ELSE ");
        duck_name(t, name);
        text_put(t, " END");
    } else duck_name(t, name);
}

/* Make sure that expression[at] is there. */
static Err room_for(Ctx *cx, DuckSource *s, size_t at)
{
    if (at < s->made) return OK;
    size_t more = s->made ? s->made * 2 : 64;
    Text *expression = ctx_grow(cx, s->expression, more, sizeof *expression);
    if (expression) s->expression = expression;
    As *as = expression ? ctx_grow(cx, s->as, more, sizeof *as) : NULL;
    if (!as) return FAIL(cx, ERR_NOMEM, "reading '%s'", s->base.path);
    s->as = as;
    for (; s->made < more; s->made++) {
        text_init(&s->expression[s->made], cx);
        s->as[s->made] = AS_TEXT;
    }
    return OK;
}

typedef void Expression(DuckSource *, size_t at, const char *name, const char *type);

/* One column that DESCRIBE found.  identifier: DuckDB's name for it where ours is known already, else NULL. */
static Err described(Ctx *cx, DuckSource *s, size_t at, const DuckVector *cell, size_t row, const char *identifier,
                     Expression *make)
{
    size_t name_n, type_n;
    const char *name = duck_string(&cell[0], row, &name_n), *type = duck_string(&cell[1], row, &type_n);
    if (!identifier) {
        TRY(cx, names_add(cx, &s->base.names, name, name_n));
        identifier = s->base.names.at[at];
    }
    if (!make) return OK;
    TRY(cx, room_for(cx, s, at));
    char *type_z = query_copy(cx, type, type_n);
    if (!type_z) return FAIL(cx, ERR_NOMEM, "reading '%s'", s->base.path);
    make(s, at, identifier, type_z);
    ctx_put(cx, type_z);
    return text_err(&s->expression[at]);
}

/* Name and type of every column of `from`, each turned into an expression. */
static Err describe(Ctx *cx, Job *job, DuckSource *s, const char *from, const Names *identifiers, Expression *make)
{
    Err err = OK;
    Text sql;
    DuckRows *r = NULL;
    size_t rows = 1, at = 0;
    text_init(&sql, cx);
    text_fmt(&sql, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM %s)", from);
    TRY_DONE(cx, text_err(&sql));
    TRY_DONE(cx, duck_start(cx, job->duck, sql.at, s->base.path, &r));
    while (rows) {
        TRY_DONE(cx, duck_next(cx, r, &rows));
        if (!rows) break;
        DuckVector cell[2] = { duck_vector(r, 0), duck_vector(r, 1) };
        for (size_t i = 0; i < rows && (!identifiers || at < identifiers->n); i++, at++)
            TRY_DONE(cx, described(cx, s, at, cell, i, identifiers ? identifiers->at[at] : NULL, make));
    }
done:
    duck_end(cx, r);
    text_clear(&sql);
    return err;
}

static Err look_packing(Ctx *cx, const char *path, Packing *out)
{
    const Files *files = cx->world->files;
    unsigned char head[4];
    size_t got = 0;
    int fd = -1;
    Err err = files->open(files->self, path, FILE_READ, &fd);
    if (!err) {
        err = files->read(files->self, fd, head, sizeof head, &got);
        files->close(files->self, fd);
    }
    *out = packing_of(head, got);
    return err ? FAIL(cx, err, "reading '%s'", path) : OK;
}

static Err open_json(Ctx *cx, Job *job, DuckSource *s, bool lines)
{
    static const char *const packings[] = { "uncompressed", "gzip", "zstd" };
    Packing packing;
    TRY(cx, look_packing(cx, s->base.path, &packing));
    text_put(&s->from, "read_json(");
    duck_quote(&s->from, s->base.path, true);
    text_fmt(&s->from, ", format='%s', compression='%s', maximum_depth=1, sample_size=-1, maximum_object_size=%d)",
             lines ? "newline_delimited" : "auto", packings[packing], JSON_OBJECT_MAX);
    TRY(cx, text_err(&s->from));
    TRY(cx, describe(cx, job, s, s->from.at, NULL, json_expression));
    if (s->base.names.n == 1 && !strcmp(s->base.names.at[0], "json"))
        return FAIL(cx, ERR_BAD_INPUT,
                    "'%s' holds no records; an array of objects, or one object a line, is needed", s->base.path);
    return names_close(cx, &s->base.names, s->base.path, job->strict);
}

static Err open_parquet(Ctx *cx, Job *job, DuckSource *s)
{
    text_put(&s->from, "read_parquet(");
    duck_quote(&s->from, s->base.path, true);
    text_put(&s->from, ")");
    TRY(cx, text_err(&s->from));
    TRY(cx, describe(cx, job, s, s->from.at, NULL, parquet_expression));
    return names_close(cx, &s->base.names, s->base.path, job->strict);
}

static void excel_from(DuckSource *s, const QueryIn *in, Text *t, bool header)
{
    text_put(t, "read_xlsx(");
    duck_quote(t, s->base.path, false);
    if (in->sheet) {
        text_put(t, ", sheet=");
        duck_quote(t, in->sheet, false);
    }
    text_put(t, header ? ", header=true, stop_at_empty=false)"
                       : ", header=false, all_varchar=true, stop_at_empty=false)");
}

/* The first row, as it is: our names.  DuckDB's (A1, B1, …) go to *identifier. */
static Err excel_names(Ctx *cx, Job *job, DuckSource *s)
{
    Err err = OK;
    Text sql;
    DuckRows *r = NULL;
    size_t rows = 0;
    text_init(&sql, cx);
    text_fmt(&sql, "SELECT * FROM %s LIMIT 1", s->from.at);
    TRY_DONE(cx, text_err(&sql));
    TRY_DONE(cx, duck_start(cx, job->duck, sql.at, s->base.path, &r));
    TRY_DONE(cx, duck_next(cx, r, &rows));
    for (size_t i = 0; rows && i < duck_cols(r); i++) {
        DuckVector v = duck_vector(r, i);
        size_t n = 0;
        const char *name = duck_has(&v, 0) ? duck_string(&v, 0, &n) : "";
        TRY_DONE(cx, names_add(cx, &s->base.names, name, n));
    }
    if (!rows)
        err = FAIL(cx, ERR_BAD_INPUT, "'%s' is empty; a first row of column names and rows of values are needed",
                   s->base.path);
done:
    duck_end(cx, r);
    text_clear(&sql);
    return err;
}

static Err excel_load(Ctx *cx, Job *job)
{
    char path[OS_PATH_MAX];
    Text sql;
    TRY(cx, os_lib_path(cx, EXCEL_EXTENSION, path));
    text_init(&sql, cx);
    text_put(&sql, "LOAD ");
    duck_quote(&sql, path, false);
    Err err = text_err(&sql);
    if (!err) err = duck_run(cx, job->duck, sql.at, path);
    text_clear(&sql);
    return err ? ctx_hop(cx, err, __FILE__, __LINE__) : OK;
}

/* Rows that hold nothing at all are no rows. */
static void excel_where(DuckSource *s, char *const *identifier, size_t n)
{
    text_put(&s->where, " WHERE NOT (");
    for (size_t i = 0; i < n; i++) {
        text_put(&s->where, i ? " AND coalesce(" : "coalesce(");
        duck_name(&s->where, identifier[i]);
        text_put(&s->where, ",'')=''");
    }
    text_put(&s->where, ")");
}

static Err open_excel(Ctx *cx, Job *job, DuckSource *s)
{
    Err err = OK;
    DuckSource raw = { .base = { .path = s->base.path } };
    Text typed;
    text_init(&typed, cx);
    TRY_DONE(cx, zip_check(cx, s->base.path));
    TRY_DONE(cx, excel_load(cx, job));
    excel_from(s, job->in, &s->from, false);
    excel_from(s, job->in, &typed, true);
    TRY_DONE(cx, text_err(&s->from));
    TRY_DONE(cx, text_err(&typed));
    TRY_DONE(cx, excel_names(cx, job, s));
    TRY_DONE(cx, names_close(cx, &s->base.names, s->base.path, job->strict));
    TRY_DONE(cx, describe(cx, job, &raw, s->from.at, NULL, NULL));
    if (raw.base.names.n != s->base.names.n) {
        err = FAIL(cx, ERR_BAD_INPUT, "'%s': the first row names %zu columns of %zu; give every column a name",
                   s->base.path, s->base.names.n, raw.base.names.n);
        goto done;
    }
    TRY_DONE(cx, describe(cx, job, s, typed.at, &raw.base.names, excel_expression));
    for (size_t i = 0; i < s->base.names.n; i++) {
        TRY_DONE(cx, room_for(cx, s, i));
        if (!s->expression[i].n) duck_name(&s->expression[i], raw.base.names.at[i]);
    }
    excel_where(s, raw.base.names.at, raw.base.names.n);
    s->skip = 1;
done:
    names_free(cx, &raw.base.names);
    text_clear(&typed);
    return err;
}

static Err source_open(Ctx *cx, Job *job, const char *path, QueryFormat format, Source **out)
{
    Err err = OK;
    *out = NULL;
    if (!job->duck) TRY(cx, duck_open(cx, job->in, &job->duck));
    DuckSource *s = ctx_get(cx, sizeof *s);
    if (!s) return FAIL(cx, ERR_NOMEM, "reading '%s'", path);
    s->base.kind = &source_duck;
    s->base.sparse = format == QUERY_JSON || format == QUERY_NDJSON;
    text_init(&s->from, cx);
    text_init(&s->where, cx);
    s->base.path = query_copy(cx, path, strlen(path));
    if (!s->base.path) { err = FAIL(cx, ERR_NOMEM, "reading '%s'", path); goto done; }
    if (format == QUERY_PARQUET) TRY_DONE(cx, open_parquet(cx, job, s));
    else if (format == QUERY_EXCEL) TRY_DONE(cx, open_excel(cx, job, s));
    else TRY_DONE(cx, open_json(cx, job, s, format == QUERY_NDJSON));
    *out = &s->base;
    s = NULL;
done:
    source_close(cx, (Source *)s);
    return err;
}

/* -------------------------------------------------------------------- rows */

static Err text_cell(Ctx *cx, const DuckSource *s, Builder *b, const DuckVector *v, size_t row, size_t col,
                     uint32_t to, size_t number)
{
    size_t n;
    const char *text = duck_string(v, row, &n);
    if (n > TABLE_CELL_MAX)
        return FAIL(cx, ERR_LIMIT, "'%s' row %zu: a value of column '%s' has %zu bytes; at most %zu can be read",
                    s->base.path, number, s->base.names.at[col], n, TABLE_CELL_MAX);
    return builder_text(cx, b, to, text, n);
}

static Err whole_cell(Ctx *cx, Builder *b, int64_t v, uint32_t to)
{
    char buf[24];
    if (v < WHOLE_END && v > -WHOLE_END) return builder_num(cx, b, to, (double)v);
    int n = snprintf(buf, sizeof buf, "%lld", (long long)v);       /* a double would lose digits */
    return builder_text(cx, b, to, buf, (size_t)n);
}

static Err one_column(Ctx *cx, const DuckSource *s, Builder *b, const DuckVector *v, size_t rows, size_t col,
                      uint32_t to, size_t before)
{
    for (size_t i = 0; i < rows; i++) {
        if (!duck_has(v, i)) TRY(cx, builder_null(cx, b, to));
        else if (s->as[col] == AS_NUM) TRY(cx, builder_num(cx, b, to, ((const double *)v->at)[i]));
        else if (s->as[col] == AS_TIME) TRY(cx, builder_time(cx, b, to, ((const double *)v->at)[i]));
        else if (s->as[col] == AS_WHOLE) TRY(cx, whole_cell(cx, b, ((const int64_t *)v->at)[i], to));
        else TRY(cx, text_cell(cx, s, b, v, i, col, to, before + i + 1));
    }
    return OK;
}

static Err select_sql(DuckSource *s, const uint32_t *to, size_t rows_max, Text *sql)
{
    bool any = false;
    text_put(sql, "SELECT ");
    for (size_t i = 0; i < s->base.names.n; i++) {
        if (to[i] == NO_COLUMN) continue;
        if (any) text_char(sql, ',');
        text_bytes(sql, s->expression[i].at, s->expression[i].n);
        any = true;
    }
    if (!any) text_put(sql, "NULL::VARCHAR");          /* rows are to be counted all the same */
    if (s->skip) text_fmt(sql, " FROM (SELECT * FROM %s OFFSET %zu)%s", s->from.at, s->skip, s->where.at);
    else text_fmt(sql, " FROM %s", s->from.at);
    if (rows_max != SIZE_MAX) text_fmt(sql, " LIMIT %zu", rows_max);
    return text_err(sql);
}

static Err source_rows(Ctx *cx, Job *job, Source *base, const uint32_t *to, Builder *b, size_t rows_max,
                       size_t *rows)
{
    Err err = OK;
    DuckSource *s = (DuckSource *)base;
    DuckRows *r = NULL;
    Text sql;
    size_t got;
    *rows = 0;
    text_init(&sql, cx);
    TRY_DONE(cx, select_sql(s, to, rows_max, &sql));
    TRY_DONE(cx, duck_start(cx, job->duck, sql.at, s->base.path, &r));
    for (;;) {
        size_t at = 0;
        TRY_DONE(cx, duck_next(cx, r, &got));
        if (!got) break;
        for (size_t i = 0; i < s->base.names.n; i++) {
            if (to[i] == NO_COLUMN) continue;
            DuckVector v = duck_vector(r, at++);
            TRY_DONE(cx, one_column(cx, s, b, &v, got, i, to[i], *rows));
        }
        *rows += got;
        ctx_step(cx, "reading rows", (double)(job->rows_done + *rows), 0);
    }
done:
    duck_end(cx, r);
    text_clear(&sql);
    return err;
}

const SourceKind source_duck = { .open = source_open, .rows = source_rows, .close = source_close };

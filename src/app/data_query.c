/* app/data_query.c -- SQL over versions: to the terminal, as JSON, into a file. */
#include "app/inner.h"

#include "os/os.h"

#include <string.h>

const char *app_query_format_word(size_t i)
{
    static const QueryFormat writes[] = { QUERY_CSV, QUERY_JSON, QUERY_NDJSON, QUERY_PARQUET };
    return i < sizeof writes / sizeof *writes ? query_format_word(writes[i]) : NULL;
}

static Err columns_out(Ctx *cx, QueryAnswer *a, AppQueryOut *out)
{
    size_t n = query_answer_columns(a);
    AppQueryColumn *c = ctx_scratch(cx, (n + 1) * sizeof *c);
    if (!c) return FAIL(cx, ERR_NOMEM, "the %zu columns of the answer", n);
    for (size_t i = 0; i < n; i++) {
        const QueryAnswerColumn *from = query_answer_column(a, i);
        c[i] = (AppQueryColumn){ ctx_scratch_text(cx, from->name), ctx_scratch_text(cx, from->type), false };
        if (!c[i].name || !c[i].type) return FAIL(cx, ERR_NOMEM, "the %zu columns of the answer", n);
    }
    out->column = c;
    out->columns_n = n;
    return OK;
}

typedef struct Cells { const char **at; size_t n, cap; Text json; } Cells;

static Err one_row(Ctx *cx, QueryAnswer *a, Cells *c)
{
    char buf[COLUMN_TEXT_MAX];
    size_t cols = query_answer_columns(a);
    if (c->n + cols > c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 64 * (cols + 1);
        const char **more = ctx_scratch(cx, cap * sizeof *more);
        if (!more) return FAIL(cx, ERR_NOMEM, "%zu cells of the answer; write it to a file: -o FILE", c->n);
        if (c->n) memcpy(more, c->at, c->n * sizeof *more);
        c->at = more;
        c->cap = cap;
    }
    json_open(&c->json);
    for (size_t i = 0; i < cols; i++) {
        size_t n;
        const char *s = query_answer_text(a, i, buf, &n);
        char *copy = s ? ctx_scratch(cx, n + 1) : NULL;
        if (s && !copy) return FAIL(cx, ERR_NOMEM, "%zu cells of the answer; write it to a file: -o FILE", c->n);
        if (s) memcpy(copy, s, n);
        c->at[c->n++] = copy;
        json_key(&c->json, query_answer_column(a, i)->name);
        query_answer_json(a, i, &c->json);
    }
    json_close(&c->json);
    return OK;
}

static Err rows_out(Ctx *cx, QueryAnswer *a, uint64_t limit, AppQueryOut *out)
{
    Err err = OK;
    Cells c = { 0 };
    bool more;
    text_init(&c.json, cx);
    json_open_array(&c.json);
    for (;;) {
        TRY_DONE(cx, query_answer_next(cx, a, &more));
        if (!more) break;
        if (limit && out->rows_n == limit) {
            out->more = true;
            break;
        }
        TRY_DONE(cx, one_row(cx, a, &c));
        out->rows_n++;
    }
    json_close_array(&c.json);
    TRY_DONE(cx, text_err(&c.json));
    out->rows_json = ctx_scratch_text(cx, c.json.at);
    if (!out->rows_json) { err = FAIL(cx, ERR_NOMEM, "the answer's rows"); goto done; }
    out->cell = c.at ? c.at : (const char *[]){ NULL };
    if (!c.at) out->cell = ctx_scratch(cx, sizeof *c.at);
    for (size_t i = 0; i < out->columns_n; i++)
        ((AppQueryColumn *)(uintptr_t)out->column)[i].number = out->rows_n && query_answer_column(a, i)->cell == QUERY_CELL_NUMBER;
done:
    text_clear(&c.json);
    return err;
}

static Err tables_out(Ctx *cx, const LakeSql *s, AppQueryOut *out)
{
    const LakeVersion *v;
    size_t n = 0;
    while (lake_sql_version(s, n, NULL)) n++;
    AppVersion *table = ctx_scratch(cx, (n + 1) * sizeof *table);
    if (!table) return FAIL(cx, ERR_NOMEM, "the %zu tables of the query", n);
    for (size_t i = 0; (v = lake_sql_version(s, i, NULL)); i++) TRY(cx, lake_about_version(cx, v, &table[i]));
    out->table = table;
    out->tables_n = n;
    return OK;
}

Err app_data_query(Ctx *cx, House *house, const AppQueryIn *in, AppQueryOut *out)
{
    Err err = OK;
    Lake *lake;
    LakeSql *s = NULL;
    QueryAnswer *a = NULL;
    QueryAnswerOut to = { .path = in->out, .fd = in->fd };
    int64_t from = ctx_mono_us(cx);
    *out = (AppQueryOut){ .out = in->out };
    if (in->format && !query_format_read(in->format, &to.format)) return FAIL(cx, ERR_USAGE, "no format '%s'", in->format);
    TRY(cx, lake_here(cx, house, PROJECT_READ, &lake));
    LakeSqlIn how = { .threads = in->threads ? in->threads : os_cpus(), .memory_mib = (unsigned)in->memory_mib };
    TRY_DONE(cx, lake_sql_open(cx, lake, &how, &s));
    TRY_DONE(cx, query_sql_ask(cx, lake_sql(s), in->sql, &a));
    TRY_DONE(cx, columns_out(cx, a, out));
    TRY_DONE(cx, tables_out(cx, s, out));
    if (in->out || in->format) TRY_DONE(cx, query_answer_write(cx, a, &to, &out->rows_n));
    else TRY_DONE(cx, rows_out(cx, a, in->limit, out));
    out->wall_s = ctx_since_s(cx, from);
done:
    query_answer_close(cx, a);
    lake_sql_close(cx, s);
    if (err) *out = (AppQueryOut){ 0 };
    return err;
}

void app_data_query_json(const AppQueryOut *out, Text *t)
{
    json_open(t);
    json_key_open_array(t, "columns");
    for (size_t i = 0; i < out->columns_n; i++) {
        json_open(t);
        json_key_text(t, "name", out->column[i].name);
        json_key_text(t, "type", out->column[i].type);
        json_close(t);
    }
    json_close_array(t);
    if (out->rows_json) json_key_raw(t, "rows", out->rows_json);
    json_key_int(t, "rows_n", (int64_t)out->rows_n);
    json_key_bool(t, "more", out->more);
    if (out->out) json_key_text(t, "out", out->out);
    json_key_open_array(t, "tables");
    for (size_t i = 0; i < out->tables_n; i++) {
        json_open(t);
        json_key_text(t, "version", out->table[i].name);
        json_key_text(t, "digest", out->table[i].digest);
        json_close(t);
    }
    json_close_array(t);
    json_key_num(t, "seconds", out->wall_s);
    json_close(t);
}

/* query/sqlwrite.c -- an answer's rows into a file: text formats by ourselves, Parquet by DuckDB.
**
** Rows are written as they come, beside the file's place, which then takes the name: whole or not at all, in constant memory.
*/
#include "query/sqlin.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FLUSH_BYTES ((size_t)1 << 20)

static void csv_row(const QueryAnswer *a, Text *t, bool head)
{
    char buf[COLUMN_TEXT_MAX];
    for (size_t i = 0; i < a->columns_n; i++) {
        size_t n = head ? strlen(a->column[i].name) : 0;
        const char *s = head ? a->column[i].name : query_answer_text(a, i, buf, &n);
        if (i) text_char(t, ',');
        if (s) csv_cell(t, s, n);
        else if (a->columns_n == 1) text_put(t, "\"\"");         /* an empty line would be no row */
    }
    text_char(t, '\n');
}

static void json_row(const QueryAnswer *a, Text *t)
{
    json_open(t);
    for (size_t i = 0; i < a->columns_n; i++) {
        json_key(t, a->column[i].name);
        query_answer_json(a, i, t);
    }
    json_close(t);
}

static Err flush(Ctx *cx, int fd, Text *t)
{
    const Files *files = cx->world->files;
    TRY(cx, text_err(t));
    if (!t->n) return OK;
    Err err = files->write(files->self, fd, t->at, t->n);
    if (err) return FAIL(cx, err, "writing the rows");
    t->n = 0;
    t->at[0] = 0;
    return OK;
}

static Err write_rows(Ctx *cx, QueryAnswer *a, int fd, QueryFormat format, uint64_t *rows)
{
    Err err = OK;
    Text t;
    bool more = true;
    text_init(&t, cx);
    text_bytes(&t, "", 0);
    if (format == QUERY_CSV) csv_row(a, &t, true);
    else if (format == QUERY_JSON) json_open_array(&t);
    for (;;) {
        TRY_DONE(cx, query_answer_next(cx, a, &more));
        if (!more) break;
        if (format == QUERY_CSV) csv_row(a, &t, false);
        else {
            if (format == QUERY_NDJSON) t.comma = false;
            json_row(a, &t);
            if (format == QUERY_NDJSON) text_char(&t, '\n');
        }
        if (++*rows % 1024 == 0) ctx_step(cx, "writing rows", (double)*rows, 0);
        if (t.n >= FLUSH_BYTES) TRY_DONE(cx, flush(cx, fd, &t));
    }
    if (format == QUERY_JSON) {
        json_close_array(&t);
        text_char(&t, '\n');
    }
    TRY_DONE(cx, flush(cx, fd, &t));
done:
    text_clear(&t);
    return err;
}

static Err write_text(Ctx *cx, QueryAnswer *a, const char *path, bool other, QueryFormat format, uint64_t *rows)
{
    const Files *files = cx->world->files;
    int fd = -1;
    char *fresh = ctx_scratch_fmt(cx, "%s.%ld.new", path, (long)getpid());
    if (!fresh) return FAIL(cx, ERR_NOMEM, "writing '%s'", path);
    Err err = files->open(files->self, other ? path : fresh, other ? FILE_APPEND : FILE_CREATE, &fd);
    if (err) return FAIL(cx, err, "writing '%s'", path);
    err = write_rows(cx, a, fd, format, rows);
    files->close(files->self, fd);
    if (!err && !other) err = place_take(cx, fresh, path);
    if (err && !other) (void)files->remove(files->self, fresh);
    return err ? ctx_hop(cx, err, __FILE__, __LINE__) : OK;
}

/* ------------------------------------------------------------------ Parquet */

static Err copy_bytes(Ctx *cx, const char *from, const char *to)
{
    const Files *files = cx->world->files;
    int in = -1, out = -1;
    size_t got = 1;
    char *buf = ctx_get(cx, FLUSH_BYTES);
    Err err = buf ? files->open(files->self, from, FILE_READ, &in) : ERR_NOMEM;
    if (!err) err = files->open(files->self, to, FILE_CREATE, &out);
    while (!err && got) {
        err = files->read(files->self, in, buf, FLUSH_BYTES, &got);
        if (!err && got) err = files->write(files->self, out, buf, got);
    }
    if (in >= 0) files->close(files->self, in);
    if (out >= 0) files->close(files->self, out);
    ctx_put(cx, buf);
    return err ? FAIL(cx, err, "writing '%s'", to) : OK;
}

/* From the engine's folder, where alone it may write, to where it is wanted: perhaps on another disk. */
static Err move_out(Ctx *cx, const char *from, const char *path)
{
    const Files *files = cx->world->files;
    char *fresh = ctx_scratch_fmt(cx, "%s.%ld.new", path, (long)getpid());
    if (!fresh) return FAIL(cx, ERR_NOMEM, "writing '%s'", path);
    Err err = copy_bytes(cx, from, fresh);
    if (!err) err = place_take(cx, fresh, path);
    if (err) (void)files->remove(files->self, fresh);
    return err;
}

static Err write_parquet(Ctx *cx, QueryAnswer *a, const char *path, uint64_t *rows)
{
    Err err = OK;
    const Files *files = cx->world->files;
    QuerySql *s = a->sql;
    Text t;
    DuckRows *r = NULL;
    size_t got;
    text_init(&t, cx);
    char *file = ctx_scratch_fmt(cx, "%sanswer.%u.parquet", s->folder, s->written++);
    if (!file) return FAIL(cx, ERR_NOMEM, "writing '%s'", path);
    text_fmt(&t, "COPY (SELECT * FROM %s) TO ", a->query);
    duck_quote(&t, file, false);
    text_put(&t, " (FORMAT parquet, COMPRESSION zstd)");
    TRY_DONE(cx, text_err(&t));
    TRY_DONE(cx, query_sql_begin(cx, s, t.at, &r));
    TRY_DONE(cx, duck_next(cx, r, &got));
    if (got && duck_kind(r, 0) == DUCK_WHOLE) {
        DuckVector v = duck_vector(r, 0);
        *rows = (uint64_t)((const int64_t *)v.at)[0];
    }
    TRY_DONE(cx, move_out(cx, file, path));
done:
    duck_end(cx, r);
    (void)files->remove(files->self, file);
    text_clear(&t);
    return err;
}

Err query_answer_write(Ctx *cx, QueryAnswer *a, const QueryAnswerOut *to, uint64_t *rows)
{
    uint64_t own = 0;
    bool other;
    QueryFormat format = to->format;
    if (!rows) rows = &own;
    *rows = 0;
    if (format == QUERY_AUTO && to->path) format = query_format_of(to->path);
    if (format == QUERY_AUTO) format = QUERY_CSV;
    if (format == QUERY_EXCEL || format == QUERY_TSV)
        return FAIL(cx, ERR_USAGE, "%s is read, not written; choose csv, json, ndjson or parquet", query_format_word(format));
    if (format == QUERY_PARQUET && (!to->path || a->rows))
        return FAIL(cx, ERR_USAGE, "Parquet is written to a file only; name one with -o");
    if (!to->path) return write_rows(cx, a, to->fd, format, rows);
    TRY(cx, place_look(cx, to->path, &other));
    if (format != QUERY_PARQUET) return write_text(cx, a, to->path, other, format, rows);
    if (other) return FAIL(cx, ERR_USAGE, "Parquet is written to a plain file only, and '%s' is none", to->path);
    return write_parquet(cx, a, to->path, rows);
}

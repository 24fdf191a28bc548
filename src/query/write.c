/* query/write.c -- rows into files: CSV and JSON by ourselves, Parquet through DuckDB.
**
** A path is written beside its place and renamed, so that a full disk or Ctrl-C leaves the old file or none.
*/
#include "query/inner.h"

#include "base/save.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define FLUSH_BYTES ((size_t)1 << 20)

static const char *cell_text(const QueryColumn *c, size_t row, char buf[COLUMN_TEXT_MAX], size_t *n)
{
    *n = 0;
    if (c->text) {
        if (c->text[row]) *n = strlen(c->text[row]);
        return c->text[row];
    }
    if (c->column) return column_text(c->column, row, buf, n);
    if (isnan(c->num[row])) return NULL;
    *n = num_text(c->num[row], buf);
    return buf;
}

static bool is_number(const QueryColumn *c)
{
    return c->num || (c->column && c->column->num && c->column->type != COLUMN_DATETIME);
}

void csv_cell(Text *t, const char *s, size_t n)
{
    size_t plain = 0;
    /* ; | tab and a byte order mark: so that no reader takes them for what they are not. */
    while (plain < n && !strchr(",\"\n\r;|\t", s[plain])) plain++;
    bool blanks = n && (s[0] == ' ' || s[n - 1] == ' '), mark = n >= 3 && !memcmp(s, "\xEF\xBB\xBF", 3);
    if (plain == n && !blanks && !mark) {
        text_bytes(t, s, n);
        return;
    }
    text_char(t, '"');
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '"') text_char(t, '"');
        text_char(t, s[i]);
    }
    text_char(t, '"');
}

static void csv_header(const QueryOut *out, Text *t)
{
    for (size_t i = 0; i < out->columns; i++) {
        if (i) text_char(t, ',');
        csv_cell(t, out->column[i].name, strlen(out->column[i].name));
    }
    text_char(t, '\n');
}

static void csv_row(const QueryOut *out, size_t row, Text *t)
{
    char buf[COLUMN_TEXT_MAX];
    for (size_t i = 0; i < out->columns; i++) {
        size_t n;
        const char *s = cell_text(&out->column[i], row, buf, &n);
        if (i) text_char(t, ',');
        if (s) csv_cell(t, s, n);
        else if (out->columns == 1) text_put(t, "\"\"");         /* an empty line would be no row */
    }
    text_char(t, '\n');
}

static void json_row(const QueryOut *out, size_t row, Text *t)
{
    char buf[COLUMN_TEXT_MAX];
    json_open(t);
    for (size_t i = 0; i < out->columns; i++) {
        const QueryColumn *c = &out->column[i];
        size_t n;
        const char *s = cell_text(c, row, buf, &n);
        json_key(t, c->name);
        if (!s) json_null(t);
        else if (is_number(c)) json_num(t, c->num ? c->num[row] : c->column->num[row]);
        else json_text_n(t, s, n);
    }
    json_close(t);
}

/* ------------------------------------------------------------- text formats */

/* To a descriptor in pieces; to a path all at the end. */
static Err flush(Ctx *cx, const QueryOut *out, Text *t, bool last)
{
    const Files *files = cx->world->files;
    TRY(cx, text_err(t));
    if (out->path ? !last : !last && t->n < FLUSH_BYTES) return OK;
    if (out->path) return save_whole(cx, out->path, t->at, t->n);
    Err err = files->write(files->self, out->fd, t->at, t->n);
    if (err) return FAIL(cx, err, "writing the rows");
    if (out->hash) hash_more(out->hash, t->at, t->n);
    t->n = 0;
    t->at[0] = 0;
    return OK;
}

static Err write_text(Ctx *cx, const QueryOut *out, QueryFormat format)
{
    Err err = OK;
    Text t;
    text_init(&t, cx);
    text_bytes(&t, "", 0);
    if (format == QUERY_CSV) csv_header(out, &t);
    else if (format == QUERY_JSON) json_open_array(&t);
    for (size_t row = 0; row < out->rows; row++) {
        if (format == QUERY_CSV) csv_row(out, row, &t);
        else {
            if (format == QUERY_NDJSON) t.comma = false;
            json_row(out, row, &t);
            if (format == QUERY_NDJSON) text_char(&t, '\n');
        }
        if (row % 1024 == 1023) {
            ctx_step(cx, "writing rows", (double)row, (double)out->rows);
            TRY_DONE(cx, ctx_check(cx));
            TRY_DONE(cx, flush(cx, out, &t, false));
        }
    }
    if (format == QUERY_JSON) {
        json_close_array(&t);
        text_char(&t, '\n');
    }
    TRY_DONE(cx, flush(cx, out, &t, true));
done:
    text_clear(&t);
    return err;
}

/* ------------------------------------------------------------------ Parquet */

static void parquet_sql(const QueryOut *out, const char *file, Text *create, Text *copy)
{
    text_put(create, "CREATE TABLE rows (");
    text_put(copy, "COPY (SELECT ");
    for (size_t i = 0; i < out->columns; i++) {
        const QueryColumn *c = &out->column[i];
        ColumnType type = c->column ? c->column->type : COLUMN_AUTO;
        const char *cast = type == COLUMN_DATETIME ? "TIMESTAMP" : type == COLUMN_INTEGER ? "BIGINT" : NULL;
        text_fmt(create, "%sc%zu %s", i ? ", " : "", i, is_number(c) ? "DOUBLE" : "VARCHAR");
        if (cast) text_fmt(copy, "%sCAST(c%zu AS %s) AS ", i ? ", " : "", i, cast);
        else text_fmt(copy, "%sc%zu AS ", i ? ", " : "", i);
        duck_name(copy, c->name);
    }
    text_put(create, ")");
    text_put(copy, " FROM rows) TO ");
    duck_quote(copy, file, false);
    text_put(copy, " (FORMAT parquet, COMPRESSION zstd)");
}

/* Make the bytes of `from` durable, then its name. */
Err place_take(Ctx *cx, const char *from, const char *to)
{
    const Files *files = cx->world->files;
    const char *slash = strrchr(to, '/');
    char *folder = slash ? query_copy(cx, to, (size_t)(slash - to) + 1) : query_copy(cx, ".", 1);
    int fd = -1;
    if (!folder) return FAIL(cx, ERR_NOMEM, "writing '%s'", to);
    Err err = files->open(files->self, from, FILE_APPEND, &fd);
    if (!err) {
        err = files->sync(files->self, fd);
        files->close(files->self, fd);
    }
    if (!err) err = files->rename(files->self, from, to);
    if (!err) err = files->sync_folder(files->self, folder);
    ctx_put(cx, folder);
    return err ? FAIL(cx, err, "writing '%s'", to) : OK;
}

/* The folder must be there before DuckDB is asked: its sentence would be worse. */
Err place_look(Ctx *cx, const char *path, bool *other)
{
    const Files *files = cx->world->files;
    const char *slash = strrchr(path, '/');
    FileInfo info = { 0 };
    *other = false;
    char *folder = slash ? query_copy(cx, path, (size_t)(slash - path) + 1) : query_copy(cx, ".", 1);
    if (!folder) return FAIL(cx, ERR_NOMEM, "writing '%s'", path);
    Err err = files->look(files->self, folder, &info);
    if (!err && info.type == FILE_NONE) err = ERR_NOT_FOUND;
    if (err) err = FAIL(cx, err, "writing '%s': folder '%s'", path, folder);
    ctx_put(cx, folder);
    if (err) return err;
    err = files->look(files->self, path, &info);
    if (err) return FAIL(cx, err, "writing '%s'", path);
    if (info.type == FILE_FOLDER) return FAIL(cx, ERR_BAD_INPUT, "writing '%s': it is a folder, not a file", path);
    *other = info.type == FILE_OTHER;
    return OK;
}

static Err write_parquet(Ctx *cx, const QueryOut *out)
{
    Err err = OK;
    const Files *files = cx->world->files;
    Duck *duck = NULL;
    Text create, copy, file;
    text_init(&create, cx);
    text_init(&copy, cx);
    text_init(&file, cx);
    text_fmt(&file, "%s.%ld.new", out->path, (long)getpid());
    TRY_DONE(cx, text_err(&file));
    parquet_sql(out, file.at, &create, &copy);
    TRY_DONE(cx, text_err(&create));
    TRY_DONE(cx, text_err(&copy));
    TRY_DONE(cx, duck_open(cx, &(QueryIn){ 0 }, &duck));
    TRY_DONE(cx, duck_run(cx, duck, create.at, out->path));
    TRY_DONE(cx, duck_append(cx, duck, "rows", out));
    TRY_DONE(cx, duck_run(cx, duck, copy.at, out->path));
    TRY_DONE(cx, place_take(cx, file.at, out->path));
done:
    if (err && file.at) (void)files->remove(files->self, file.at);
    duck_close(cx, duck);
    text_clear(&create);
    text_clear(&copy);
    text_clear(&file);
    return err;
}

Err query_write(Ctx *cx, const QueryOut *out)
{
    QueryFormat format = out->format;
    if (format == QUERY_AUTO && out->path) {
        size_t n = strlen(out->path);
        if ((n > 3 && !strcmp(out->path + n - 3, ".gz")) || (n > 4 && !strcmp(out->path + n - 4, ".zst")))
            return FAIL(cx, ERR_USAGE, "'%s': compressed files are read, not written; leave the ending out",
                        out->path);
        format = query_format_of(out->path);
    }
    if (format == QUERY_AUTO) format = QUERY_CSV;
    if (format == QUERY_EXCEL || format == QUERY_TSV)
        return FAIL(cx, ERR_USAGE, "%s is read, not written; choose csv, json, ndjson or parquet",
                    query_format_word(format));
    if (format != QUERY_PARQUET) return write_text(cx, out, format);
    if (!out->path) return FAIL(cx, ERR_USAGE, "Parquet is written to a file only; name one with -o");
    bool other;
    TRY(cx, place_look(cx, out->path, &other));
    /* What DuckDB wrote beside takes the name: never that of a pipe or a device. */
    if (other) return FAIL(cx, ERR_USAGE, "Parquet is written to a plain file only, and '%s' is none", out->path);
    return write_parquet(cx, out);
}

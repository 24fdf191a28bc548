/* test/probe/table.c -- leat-probe table FILE [OPTION=VALUE…]: reads a file and prints its table as JSON.
**
** Options: format= sheet= threads= rows_max= column=NAME (repeated) type=NAME:TYPE (repeated) write=PATH only=summary.
*/
#include "probe/probe.h"

#include "os/os.h"
#include "query/query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 64

typedef struct Options {
    QueryIn in;
    QueryType type[WORDS_MAX];
    const char *column[WORDS_MAX];
    const char *write;
    bool summary;
} Options;

static Err option(Ctx *cx, Options *o, char *word)
{
    char *value = strchr(word, '=');
    if (!value) return FAIL(cx, ERR_USAGE, "'%s'", word);
    *value++ = 0;
    if (!strcmp(word, "format") && query_format_read(value, &o->in.format)) return OK;
    if (!strcmp(word, "sheet")) o->in.sheet = value;
    else if (!strcmp(word, "threads")) o->in.threads = (unsigned)atoi(value);
    else if (!strcmp(word, "rows_max")) o->in.rows_max = (size_t)atoi(value);
    else if (!strcmp(word, "column") && o->in.columns_n < WORDS_MAX) o->column[o->in.columns_n++] = value;
    else if (!strcmp(word, "type") && strchr(value, ':') && o->in.types_n < WORDS_MAX) {
        QueryType *t = &o->type[o->in.types_n++];
        t->column = value;
        *strchr(value, ':') = 0;
        if (!column_type_read(value + strlen(value) + 1, &t->type)) return FAIL(cx, ERR_USAGE, "no such type");
    } else if (!strcmp(word, "write")) o->write = value;
    else if (!strcmp(word, "only")) o->summary = true;
    else return FAIL(cx, ERR_USAGE, "'%s'", word);
    if (o->in.columns_n) o->in.columns = o->column;
    if (o->in.types_n) o->in.types = o->type;
    return OK;
}

static void print_column(const Table *t, const Column *c, bool summary, Text *j)
{
    char buf[COLUMN_TEXT_MAX];
    size_t n;
    json_open(j);
    json_key_text(j, "name", c->name);
    json_key_text(j, "type", column_type_word(c->type));
    json_key_int(j, "nulls", (int64_t)c->nulls);
    json_key_int(j, "bad", (int64_t)c->bad);
    json_key_int(j, "infinite", (int64_t)c->infinite);
    if (c->code) json_key_int(j, "levels", c->dict.n);
    if (!summary) {
        json_key_open_array(j, "values");
        for (size_t i = 0; i < t->rows; i++) {
            const char *s = column_text(c, i, buf, &n);
            if (!s) json_null(j);
            else if (c->num && c->type != COLUMN_DATETIME) json_num(j, c->num[i]);
            else json_text_n(j, s, n);
        }
        json_close_array(j);
    }
    json_close(j);
}

static Err write_back(Ctx *cx, const Table *t, const char *path)
{
    QueryColumn *column = ctx_scratch(cx, t->cols * sizeof *column);
    if (!column) return FAIL(cx, ERR_NOMEM, "writing");
    for (size_t i = 0; i < t->cols; i++) column[i] = (QueryColumn){ .name = t->col[i].name, .column = &t->col[i] };
    return query_write(cx, &(QueryOut){ .path = path, .column = column, .columns = t->cols, .rows = t->rows });
}

static void tell(void *self, ProgressKind kind, const char *what, double done, double total)
{
    (void)self, (void)done, (void)total;
    if (kind == PROGRESS_WARNING) fprintf(stderr, "warning: %s\n", what);
}

static Err run(Ctx *cx, int argc, char **argv)
{
    Options o = { .in = { .threads = 1 } };
    Table *t = NULL;
    QueryInfo info;
    Text j;
    if (argc < 1) return FAIL(cx, ERR_USAGE, "a file is needed");
    o.in.path = argv[0];
    cx->progress.tell = tell;
    for (int i = 1; i < argc; i++) TRY(cx, option(cx, &o, argv[i]));
    TRY(cx, query_read(cx, &o.in, &t, &info));
    text_init(&j, cx);
    json_open(&j);
    json_key_text(&j, "format", query_format_word(info.format));
    json_key_int(&j, "rows", (int64_t)t->rows);
    json_key_num(&j, "seconds", info.seconds);
    json_key_num(&j, "peak_mib", (double)os_memory().peak / 1048576);
    json_key_open_array(&j, "columns");
    for (size_t i = 0; i < t->cols; i++) print_column(t, &t->col[i], o.summary, &j);
    json_close_array(&j);
    json_close(&j);
    Err err = text_err(&j);
    if (!err && o.write) err = write_back(cx, t, o.write);
    if (!err) puts(j.at);
    text_clear(&j);
    table_free(cx, t);
    return err;
}

const Probe probe_table = { "table", "FILE [OPTION=VALUE...]", run };

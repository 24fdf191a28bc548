/* app/compare.c -- in what runs differ: data, code, params, metrics, tags, environment. */
#include "app/inner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 20000
#define RUNS_MAX 64

typedef struct Table2 { Ctx *cx; AppCompareRow *row; size_t n, cap, runs; } Table2;

/* The value of one run under a section and key; the row is made when it is new. */
static Err put(Table2 *t, size_t run, const char *section, const char *key, const char *value)
{
    AppCompareRow *r = NULL;
    if (!value || !*value) return OK;
    for (size_t i = 0; i < t->n && !r; i++)
        if (!strcmp(t->row[i].section, section) && !strcmp(t->row[i].key, key)) r = &t->row[i];
    if (!r) {
        if (t->n == ROWS_MAX) return FAIL(t->cx, ERR_LIMIT, "these runs have more than %d things to compare", ROWS_MAX);
        if (t->n == t->cap) {
            size_t cap = t->cap ? 2 * t->cap : 128;
            AppCompareRow *more = ctx_scratch(t->cx, cap * sizeof *more);
            if (!more) return FAIL(t->cx, ERR_NOMEM, "comparing runs");
            if (t->n) memcpy(more, t->row, t->n * sizeof *more);
            t->row = more;
            t->cap = cap;
        }
        r = &t->row[t->n++];
        *r = (AppCompareRow){ .section = section, .key = ctx_scratch_text(t->cx, key), .value = ctx_scratch(t->cx, t->runs * sizeof *r->value) };
        if (!r->key || !r->value) return FAIL(t->cx, ERR_NOMEM, "comparing runs");
    }
    r->value[run] = ctx_scratch_text(t->cx, value);
    return r->value[run] ? OK : FAIL(t->cx, ERR_NOMEM, "comparing runs");
}

static Err put_json(Table2 *t, size_t run, const char *section, const char *json)
{
    yyjson_doc *doc = json && *json ? yyjson_read(json, strlen(json), 0) : NULL;
    yyjson_val *root = yyjson_doc_get_root(doc), *key, *value;
    size_t i, n;
    Err err = OK;
    if (yyjson_is_obj(root)) {
        yyjson_obj_foreach(root, i, n, key, value) {
            char *text = yyjson_is_str(value) || yyjson_is_null(value) ? NULL : yyjson_val_write(value, 0, NULL);
            if (!err && !yyjson_is_null(value)) err = put(t, run, section, yyjson_get_str(key), text ? text : yyjson_get_str(value));
            free(text);
        }
    }
    yyjson_doc_free(doc);
    return err;
}

static Err put_run(Table2 *t, size_t run, const AppRunOut *r)
{
    Ctx *cx = t->cx;
    char number[NUM_TEXT_MAX];
    TRY(cx, put(t, run, "run", "name", r->about.title));
    TRY(cx, put(t, run, "run", "state", r->about.state));
    TRY(cx, put(t, run, "run", "command", r->about.command));
    TRY(cx, put(t, run, "run", "experiment", r->about.experiment));
    TRY(cx, put(t, run, "run", "user", r->about.user));
    TRY(cx, put(t, run, "run", "host", r->host));
    TRY(cx, put(t, run, "run", "leat", r->version));
    TRY(cx, put(t, run, "run", "build", r->about.build));
    for (size_t i = 0; i < r->inputs_n; i++) TRY(cx, put(t, run, "data", r->input[i].name, r->input[i].digest));
    TRY(cx, put(t, run, "code", "commit", r->commit));
    TRY(cx, put(t, run, "code", "remote", r->remote));
    TRY(cx, put(t, run, "code", "changed since", r->commit[0] ? (r->dirty ? "yes" : "no") : NULL));
    for (size_t i = 0; i < r->artifacts_n; i++) {
        bool code = !strncmp(r->artifact[i].name, "code/", 5);
        TRY(cx, put(t, run, code ? "code" : "artifacts", r->artifact[i].name, r->artifact[i].digest));
    }
    for (size_t i = 0; i < r->params_n; i++) TRY(cx, put(t, run, "params", r->param[i].key, r->param[i].value));
    for (size_t i = 0; i < r->metrics_n; i++) {
        num_text(r->metric[i].last, number);
        TRY(cx, put(t, run, "metrics", r->metric[i].key, isnan(r->metric[i].last) ? "nan" : number));
    }
    for (size_t i = 0; i < r->tags_n; i++) TRY(cx, put(t, run, "tags", r->tag[i].key, r->tag[i].value));
    TRY(cx, put_json(t, run, "options", r->options_json));
    TRY(cx, put_json(t, run, "environment", r->environment_json));
    return OK;
}

static bool differs(const AppCompareRow *r, size_t runs)
{
    for (size_t i = 1; i < runs; i++)
        if (!r->value[0] != !r->value[i] || (r->value[0] && strcmp(r->value[0], r->value[i]))) return true;
    return false;
}

Err app_runs_compare(Ctx *cx, House *house, const AppCompareIn *in, AppCompareOut *out)
{
    Table2 t = { .cx = cx, .runs = in->n };
    static const char *const sections[] = { "run", "data", "code", "params", "options", "metrics", "tags", "artifacts", "environment" };
    *out = (AppCompareOut){ 0 };
    if (in->n < 2 || in->n > RUNS_MAX) return FAIL(cx, ERR_USAGE, "two to %d runs can be compared; these are %zu", RUNS_MAX, in->n);
    const char **name = ctx_scratch(cx, in->n * sizeof *name);
    if (!name) return FAIL(cx, ERR_NOMEM, "comparing %zu runs", in->n);
    for (size_t i = 0; i < in->n; i++) {
        AppRunOut run;
        TRY(cx, app_run_show(cx, house, &(AppRunIn){ in->run[i] }, &run));
        name[i] = run.about.name;
        TRY(cx, put_run(&t, i, &run));
    }
    AppCompareRow *row = ctx_scratch(cx, (t.n + 1) * sizeof *row);
    if (!row) return FAIL(cx, ERR_NOMEM, "comparing %zu runs", in->n);
    for (size_t s = 0; s < sizeof sections / sizeof *sections; s++) {
        for (size_t i = 0; i < t.n; i++) {
            if (strcmp(t.row[i].section, sections[s])) continue;
            t.row[i].differs = differs(&t.row[i], t.runs);
            out->same += !t.row[i].differs;
            if (in->all || t.row[i].differs) row[out->n++] = t.row[i];
        }
    }
    out->run = name;
    out->runs_n = in->n;
    out->row = row;
    return OK;
}

void app_runs_compare_json(const AppCompareOut *out, Text *t)
{
    json_open(t);
    json_texts(t, "runs", out->run, out->runs_n);
    json_key_open_array(t, "rows");
    for (size_t i = 0; i < out->n; i++) {
        json_open(t);
        json_key_text(t, "section", out->row[i].section);
        json_key_text(t, "key", out->row[i].key);
        json_key_open_array(t, "values");
        for (size_t k = 0; k < out->runs_n; k++) json_text(t, out->row[i].value[k]);
        json_close_array(t);
        json_key_bool(t, "differs", out->row[i].differs);
        json_close(t);
    }
    json_close_array(t);
    json_key_int(t, "same", (int64_t)out->same);
    json_close(t);
}

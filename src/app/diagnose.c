/* app/diagnose.c -- stage 8 alone and in full: on the rows a build was trained on, or on new labelled ones. */
#include "app/inner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SLICES_SHOWN 5
#define FACTS_MAX    64

typedef struct Rows { /* the rows to judge by, and which fold each was in */
    Table *table;
    uint8_t *fold;
    DataBack back;
} Rows;

static void rows_clear(Ctx *cx, Rows *r)
{
    data_back_end(cx, &r->back);
    table_free(cx, r->table);
    ctx_put(cx, r->fold);
    *r = (Rows){ 0 };
}

/* Texts of an option that is an array, as scratch. */
static Err option_words(Ctx *cx, yyjson_val *options, const char *key, const char *const **out, size_t *n)
{
    yyjson_val *list = yyjson_obj_get(options, key), *v;
    size_t i, all;
    const char **word = ctx_scratch(cx, (yyjson_arr_size(list) + 1) * sizeof *word);
    if (!word) return FAIL(cx, ERR_NOMEM, "reading the run's options");
    *n = 0;
    yyjson_arr_foreach(list, i, all, v)
    {
        if (!yyjson_is_str(v)) continue;
        if (!(word[*n] = ctx_scratch_text(cx, yyjson_get_str(v))))
            return FAIL(cx, ERR_NOMEM, "reading the run's options");
        ++*n;
    }
    *out = word;
    return OK;
}

/* Read the training data again as the run read it. */
static Err training_rows(Ctx *cx, const Loaded *l, uint32_t threads, Rows *out)
{
    Err err = OK;
    RunRow run;
    AppData data = { 0 };
    yyjson_doc *doc = NULL;
    if (!l->repo || l->ref.path[0] || !l->ref.row.run[0])
        return FAIL(cx, ERR_NOT_FOUND,
                    "'%s' does not know the rows it was trained on here: give DATA with the target", l->name);
    TRY(cx, repo_run_find(cx, l->repo, l->ref.row.run, &run));
    TRY(cx, data_back(cx, l->repo, &run, &out->back));
    TRY_DONE(cx, json_parse(cx, run.options, "the run's options", &doc));
    yyjson_val *options = yyjson_doc_get_root(doc);
    const char *sheet = yyjson_get_str(yyjson_obj_get(options, "sheet"));
    data.path = out->back.path;
    data.sheet = sheet ? ctx_scratch_text(cx, sheet) : NULL;
    TRY_DONE(cx, option_words(cx, options, "na", &data.na, &data.na_n));
    TRY_DONE(cx, option_words(cx, options, "type", &data.types, &data.types_n));
    TRY_DONE(cx, data_read(cx, &data, threads, &out->table, NULL));
    TRY_DONE(cx, auto_folds_again(cx, l->build, out->table, run.seed, &out->fold));
done:
    yyjson_doc_free(doc);
    return err;
}

static Err new_rows(Ctx *cx, const AppDiagnoseIn *in, const Loaded *l, Rows *out)
{
    size_t col;
    QueryIn q = { .path = in->data.path, .sheet = in->data.sheet, .threads = in->threads };
    TRY(cx,
        query_read_schema(cx, &q, l->build->schema, (const char *const *)&l->build->target, 1, &out->table, NULL));
    TRY(cx, data_column(cx, out->table, l->build->target, "target", &col));
    return OK;
}

/* ------------------------------------------------------------------ answer */

static int biggest_first(const void *a, const void *b)
{
    double x = ((const AppFact *)a)->value, y = ((const AppFact *)b)->value;
    if (isnan(x) || isnan(y)) return isnan(x) - isnan(y);
    return x < y ? 1 : x > y ? -1 : 0;
}

static Err fill_metrics(Ctx *cx, yyjson_val *root, AppDiagnoseOut *out)
{
    yyjson_val *metrics = yyjson_obj_get(root, "metrics"), *importance = yyjson_obj_get(root, "importance"), *key,
               *v;
    size_t i, n;
    AppFact *fact = ctx_scratch(cx, FACTS_MAX * sizeof *fact);
    AppFact *drop = ctx_scratch(cx, (yyjson_arr_size(importance) + 1) * sizeof *drop);
    if (!fact || !drop) return FAIL(cx, ERR_NOMEM, "reading the diagnosis");
    yyjson_obj_foreach(metrics, i, n, key, v)
    {
        if (out->metrics_n == FACTS_MAX) break;
        const char *name = ctx_scratch_text(cx, yyjson_get_str(key));
        if (!name) return FAIL(cx, ERR_NOMEM, "reading the diagnosis");
        fact[out->metrics_n++] = (AppFact){ name, yyjson_is_num(v) ? yyjson_get_num(v) : NAN };
    }
    yyjson_arr_foreach(importance, i, n, v)
    {
        const char *name = get_text(cx, v, "column");
        if (!name) return FAIL(cx, ERR_NOMEM, "reading the diagnosis");
        drop[out->importance_n++] = (AppFact){ name, get_num(v, "drop") };
    }
    if (out->importance_n) qsort(drop, out->importance_n, sizeof *drop, biggest_first);
    out->metric = fact;
    out->importance = drop;
    return OK;
}

static Err fill(Ctx *cx, const char *json, AppDiagnoseOut *out)
{
    yyjson_doc *doc;
    yyjson_val *v;
    size_t i, n;
    TRY(cx, json_parse(cx, json, "the diagnosis", &doc));
    yyjson_val *root = yyjson_doc_get_root(doc), *slices = yyjson_obj_get(root, "slices");
    const char **slice = ctx_scratch(cx, SLICES_SHOWN * sizeof *slice);
    Err err = slice ? fill_metrics(cx, root, out) : FAIL(cx, ERR_NOMEM, "reading the diagnosis");
    double rows = get_num(root, "rows");
    out->rows = rows > 0 ? (uint64_t)rows : 0;
    out->on = get_text(cx, root, "on");
    yyjson_arr_foreach(slices, i, n, v)
    {
        if (err || out->slices_n == SLICES_SHOWN) break;
        const char *where = yyjson_get_str(yyjson_obj_get(v, "where"));
        const char *line =
            ctx_scratch_fmt(cx, "%.200s: loss %.4g on %.0f rows, elsewhere %.4g", where ? where : "?",
                            get_num(v, "loss"), get_num(v, "n"), get_num(v, "rest"));
        if (line) slice[out->slices_n++] = line;
    }
    out->slice = slice;
    yyjson_doc_free(doc);
    return err ? err : out->on ? OK : FAIL(cx, ERR_NOMEM, "reading the diagnosis");
}

static Err page(Ctx *cx, const AppDiagnoseIn *in, const Loaded *l, const char *json, AppDiagnoseOut *out)
{
    Text html;
    char name[256];
    PageStage stage = { stage_word(STAGE_DIAGNOSE), json };
    const char *facts[] = { "build",   l->name,      "digest",
                            l->digest, "rows from",  in->data.path ? in->data.path : "training, out of fold",
                            "leat",    LEAT_VERSION, NULL };
    Repo *repo = l->ref.path[0] ? NULL : l->repo;
    if (!in->out && !repo) return OK; /* a build from elsewhere has no place of its own here */
    snprintf(name, sizeof name, "%s-diagnose", l->name);
    text_init(&html, cx);
    Err err = page_make(cx, l->name, "diagnosis", facts, &stage, 1, NULL, &html);
    if (!err) err = page_write(cx, repo, in->out, name, &html, &out->report);
    text_clear(&html);
    return err;
}

/* What the build was made good at, as its facts say; else the task's own metric. */
static const Metric *metric_of(const Loaded *l)
{
    const Metric *m = l->ref.path[0] ? NULL : metric_find(l->ref.row.metric);
    yyjson_doc *doc = !m && l->build->facts ? yyjson_read(l->build->facts, strlen(l->build->facts), 0) : NULL;
    yyjson_val *v = yyjson_obj_get(yyjson_doc_get_root(doc), "metric");
    if (yyjson_is_obj(v)) v = yyjson_obj_get(v, "name");
    if (yyjson_is_str(v)) m = metric_find(yyjson_get_str(v));
    yyjson_doc_free(doc);
    return m ? m : metric_default(l->build->task);
}

Err app_diagnose(Ctx *cx, House *house, const AppDiagnoseIn *in, AppDiagnoseOut *out)
{
    Err err = OK;
    Loaded l;
    Rows rows = { 0 };
    Text json;
    Ear ear;
    *out = (AppDiagnoseOut){ 0 };
    TRY(cx, page_check(cx, in->out));
    TRY(cx, build_take(cx, house, in->build, true, &l));
    text_init(&json, cx);
    ear_on(&ear, cx, false);
    if (in->data.path) TRY_DONE(cx, new_rows(cx, in, &l, &rows));
    else TRY_DONE(cx, training_rows(cx, &l, in->threads, &rows));
    DiagnoseIn d = { .build = l.build,
                     .table = rows.table,
                     .fold = rows.fold,
                     .metric = metric_of(&l),
                     .threads = in->threads,
                     .program = house->program };
    TRY_DONE(cx, auto_diagnose(cx, &d, &json));
    TRY_DONE(cx, text_err(&json));
    TRY_DONE(cx, fill(cx, json.at, out));
    out->stage_json = ctx_scratch_text(cx, json.at);
    out->build = ctx_scratch_text(cx, l.name);
    out->digest = ctx_scratch_text(cx, l.digest);
    if (!out->stage_json || !out->build || !out->digest) {
        err = FAIL(cx, ERR_NOMEM, "keeping the diagnosis");
        goto done;
    }
    TRY_DONE(cx, page(cx, in, &l, json.at, out));
    out->warning = ear.text;
    out->warnings_n = ear.n;
done:
    ear_off(&ear);
    text_clear(&json);
    rows_clear(cx, &rows);
    build_put(cx, &l);
    if (err) *out = (AppDiagnoseOut){ 0 };
    return err;
}

static void facts_json(Text *t, const char *key, const AppFact *fact, size_t n)
{
    json_key_open(t, key);
    for (size_t i = 0; i < n; i++) json_key_num(t, fact[i].name, fact[i].value);
    json_close(t);
}

void app_diagnose_json(const AppDiagnoseOut *out, Text *t)
{
    json_open(t);
    json_key_text(t, "build", out->build);
    json_key_text(t, "digest", out->digest);
    json_key_text(t, "on", out->on);
    json_key_int(t, "rows", (int64_t)out->rows);
    facts_json(t, "metrics", out->metric, out->metrics_n);
    json_key_raw(t, "diagnose", out->stage_json);
    json_texts(t, "warnings", out->warning, out->warnings_n);
    json_key_text(t, "report", out->report);
    json_close(t);
}

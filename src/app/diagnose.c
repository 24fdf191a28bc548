/* app/diagnose.c -- stage 8 alone and in full: on the rows a build was trained on, or on new labelled ones. */
#include "app/inner.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SLICES_SHOWN 5
#define FACTS_MAX    64
#define LINES_MAX    64

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

/* The target, and the group's column where the build does not read it anyway. */
static size_t also_n(const Build *b, const char *group)
{
    if (!group || !strcmp(group, b->target)) return 1;
    for (size_t j = 0; j < b->schema->n; j++)
        if (!strcmp(b->schema->col[j].name, group)) return 1;
    return 2;
}

static Err new_rows(Ctx *cx, const AppDiagnoseIn *in, const Loaded *l, Rows *out)
{
    size_t col;
    const char *also[2] = { l->build->target, in->group };
    QueryIn q = data_query(&in->data);
    q.threads = in->threads;
    TRY(cx,
        query_read_schema(cx, &q, l->build->schema, also, also_n(l->build, in->group), &out->table, NULL));
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

/* ------------------------------------------------------- in words, for a terminal */

typedef struct Lines { Ctx *cx; const char **at; size_t n; } Lines;

static void say(Lines *l, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(Lines *l, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (l->n == LINES_MAX) return;
    const char *line = ctx_scratch_text(l->cx, text);
    if (line) l->at[l->n++] = line;
}

static yyjson_val *at(yyjson_val *o, const char *key) { return yyjson_obj_get(o, key); }
static const char *text_at(yyjson_val *o, const char *key)
{
    const char *s = yyjson_get_str(yyjson_obj_get(o, key));
    return s ? s : "?";
}

static void say_classes(Lines *l, yyjson_val *root)
{
    yyjson_val *c = at(root, "calibration"), *m = at(c, "murphy"), *r = at(root, "confusion"), *lift = at(root, "lift");
    if (c)
        say(l, "calibration: expected error %.3g, largest %.3g; Brier %.4g (reliability %.2g, resolution %.2g, uncertainty %.2g)",
            get_num(c, "ece"), get_num(c, "mce"), get_num(c, "brier"), get_num(m, "reliability"), get_num(m, "resolution"),
            get_num(m, "uncertainty"));
    for (int i = 0; r && i < 3; i++) {
        static const char *const mean[] = { "macro", "micro", "weighted" };
        yyjson_val *v = at(r, mean[i]);
        say(l, "%s mean: precision %.3f, recall %.3f, F1 %.3f", mean[i], get_num(v, "precision"), get_num(v, "recall"), get_num(v, "f1"));
    }
    if (lift)
        say(l, "ranking: KS %.3f; the first tenth of the rows holds %.2f times its share of the cases", get_num(lift, "ks"),
            yyjson_get_num(yyjson_arr_get(at(lift, "lift"), 0)));
}

static void say_thresholds(Lines *l, yyjson_val *root)
{
    yyjson_val *t = at(root, "threshold"), *best = at(t, "best"), *cost;
    size_t i, n;
    if (!t) return;
    say(l, "threshold: now %.3g; best F1 %.3f at %.3g, best balanced accuracy %.3f at %.3g", get_num(t, "now"), get_num(at(best, "f1"), "value"),
        get_num(at(best, "f1"), "threshold"), get_num(at(best, "balanced_accuracy"), "value"), get_num(at(best, "balanced_accuracy"), "threshold"));
    yyjson_arr_foreach(at(t, "cost"), i, n, cost)
        say(l, "a false alarm at %g and a missed case at %g cost %.4g a row now, at best %.4g at threshold %.3g", get_num(cost, "fp"),
            get_num(cost, "fn"), get_num(cost, "now"), get_num(at(cost, "best"), "value"), get_num(at(cost, "best"), "threshold"));
}

static void say_numbers(Lines *l, yyjson_val *root)
{
    yyjson_val *r = at(root, "residuals"), *bp = at(r, "breusch_pagan"), *c = at(root, "conformal"), *v;
    size_t i, n;
    if (bp)
        say(l, "errors %s with the answer (Breusch-Pagan p %.2g)", !(get_num(bp, "p") < .05) ? "do not change" : get_num(bp, "slope") > 0 ? "grow" : "shrink",
            get_num(bp, "p"));
    yyjson_arr_foreach(at(c, "levels"), i, n, v)
        say(l, r ? "intervals for %.0f %% held the truth in %.1f %% of the rows, %.4g wide" : "sets for %.0f %% held the truth in %.1f %% of the rows, %.2f classes each",
            100 * get_num(v, "level"), 100 * get_num(v, "coverage"), get_num(v, "width"));
}

static void say_groups(Lines *l, yyjson_val *root)
{
    yyjson_val *g = at(root, "groups"), *v, *four = at(g, "four_fifths");
    size_t i, n;
    bool binary = at(g, "class") != NULL, number = at(root, "residuals") != NULL;
    if (!g) return;
    yyjson_arr_foreach(at(g, "list"), i, n, v)
    {
        if (binary)
            say(l, "%s %s: %.0f rows, %s %.4g, selected %.3f, found %.3f, false alarms %.3f", text_at(g, "column"), text_at(v, "group"), get_num(v, "n"),
                text_at(root, "metric"), get_num(v, "score"), get_num(v, "selection_rate"), get_num(v, "tpr"), get_num(v, "fpr"));
        else
            say(l, "%s %s: %.0f rows, %s %.4g, %s %.4g", text_at(g, "column"), text_at(v, "group"), get_num(v, "n"), text_at(root, "metric"),
                get_num(v, "score"), number ? "mean of true - predicted" : "accuracy", get_num(v, number ? "bias" : "accuracy"));
    }
    if (!binary) return;
    say(l, "demographic parity: difference %.3f, ratio %.3f%s; equalized odds: difference %.3f", get_num(g, "demographic_parity_difference"),
        get_num(g, "demographic_parity_ratio"), !four ? "" : yyjson_get_bool(four) ? " (within four fifths)" : " (below four fifths)",
        get_num(g, "equalized_odds_difference"));
}

static Err fill_lines(Ctx *cx, yyjson_val *root, AppDiagnoseOut *out)
{
    Lines l = { .cx = cx, .at = ctx_scratch(cx, LINES_MAX * sizeof *l.at) };
    if (!l.at) return FAIL(cx, ERR_NOMEM, "reading the diagnosis");
    say_classes(&l, root);
    say_thresholds(&l, root);
    say_numbers(&l, root);
    size_t before = l.n;
    say_groups(&l, root);
    out->line = l.at;
    out->lines_n = before;
    out->group = l.at + before;
    out->groups_n = l.n - before;
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
    if (!err) err = fill_lines(cx, root, out);
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
    const char *subtitle = page_subtitle(cx, l->build->task, l->build->target, l->build->class_name, l->build->classes);
    Err err = subtitle ? OK : FAIL(cx, ERR_NOMEM, "making the page");
    if (!err) err = page_make(cx, l->name, subtitle, facts, &stage, 1, NULL, &html);
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

Err app_diagnose(Ctx *cx, House *house, const AppDiagnoseIn *asked, AppDiagnoseOut *out)
{
    AppDiagnoseIn own = *asked;
    const AppDiagnoseIn *in = &own;
    Err err = OK;
    Loaded l;
    Rows rows = { 0 };
    Text json;
    Ear ear;
    *out = (AppDiagnoseOut){ 0 };
    TRY(cx, data_resolve(cx, house, &own.data));
    TRY(cx, page_check(cx, in->out));
    TRY(cx, build_take(cx, house, in->build, true, &l));
    text_init(&json, cx);
    ear_on(&ear, cx, false);
    if (l.build->task == TASK_ANOMALY) {
        err = FAIL(cx, ERR_USAGE,
                   "'%s' looks for anomalies: its run's report has what there is to diagnose, and 'leat predict %s DATA --proba --explain' "
                   "says of any row how unusual it is and why", l.name, l.name);
        goto done;
    }
    if (in->data.path) TRY_DONE(cx, new_rows(cx, in, &l, &rows));
    else TRY_DONE(cx, training_rows(cx, &l, in->threads, &rows));
    DiagnoseIn d = { .build = l.build,
                     .table = rows.table,
                     .fold = rows.fold,
                     .metric = metric_of(&l),
                     .threads = in->threads,
                     .program = house->program,
                     .group = in->group,
                     .cost_fp = in->cost_fp,
                     .cost_fn = in->cost_fn,
                     .time_s = in->time_s };
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

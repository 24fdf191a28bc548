/* auto/diagnose.c -- stage 8: what the build is worth and why, on rows its models did not see.
**
** Parts run in order of their worth to a person, each within a share of the time left: scores and curves, which
** columns decide, partial dependence, weak spots, learning curve.  What is left out is said in `skipped`.
** In a run the rows are the training rows out of fold; alone, the training rows read again, or new ones.
*/
#include "auto/diagnose.h"

#include "base/random.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <yyjson.h>

#define PROB_MIN 1e-15

/* --------------------------------------------------------------- for parts */

double study_left_s(Ctx *cx, const Study *s)
{
    return s->end_us ? (double)(s->end_us - ctx_mono_us(cx)) * 1e-6 : INFINITY;
}

void study_skip(Study *s, const char *fmt, ...)
{
    char line[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    json_text(&s->skipped, line);
}

Err study_score(Ctx *cx, const Study *s, const Metric *m, const double *margin, const double *y, size_t n, double *out)
{
    double *p = ctx_get_n(cx, n * s->k, sizeof *p);
    *out = NAN;
    if (!p) return FAIL(cx, ERR_NOMEM, "scoring %zu rows", n);
    build_answer(s->b, margin, n, p);
    if (m->labels && s->b->task == TASK_BINARY)
        for (size_t i = 0; i < n; i++) p[i] = p[i] >= s->b->threshold;
    Err err = m->score(cx, y, p, NULL, n, s->b->classes, out);
    ctx_put(cx, p);
    return err == ERR_NUMERIC ? OK : err;
}

double study_loss(const Study *s, const double *answer, double y)
{
    if (s->b->task == TASK_REGRESSION) {
        double e = answer[0] - y;
        return !strcmp(s->metric->name, "mae") || !strcmp(s->metric->name, "mape") ? fabs(e) : e * e;
    }
    double p = s->b->task == TASK_BINARY ? (y == 1 ? answer[0] : 1 - answer[0]) : answer[(size_t)y];
    return -log(fmax(p, PROB_MIN));
}

void study_draw(const Study *s, const char *purpose, size_t n, uint32_t *rows, size_t m)
{
    Random r = random_make(s->seed, purpose, n, m);
    size_t got = 0;
    for (size_t i = 0; i < n && got < m; i++)          /* Knuth's selection sampling */
        if (m == n || random_below(&r, n - i) < m - got) rows[got++] = (uint32_t)i;
}

void study_num(Text *t, double v)
{
    char buf[32];
    if (isfinite(v)) {
        snprintf(buf, sizeof buf, "%.7g", v);
        num_read(buf, strlen(buf), &v);
    }
    json_num(t, v);
}

void study_nums(Text *t, const char *key, const double *v, size_t n)
{
    json_key_open_array(t, key);
    for (size_t i = 0; i < n; i++) study_num(t, v[i]);
    json_close_array(t);
}

/* ----------------------------------------------------------------- a study */

static Err put_metrics(Ctx *cx, Study *s)
{
    const Metric *m;
    json_key_open(s->json, "metrics");
    for (size_t i = 0; (m = metric_at(i)); i++) {
        double v;
        if (!(m->tasks >> s->b->task & 1)) continue;
        TRY(cx, study_score(cx, s, m, s->margin, s->y, s->n, &v));
        json_key_num(s->json, m->name, v);
    }
    json_close(s->json);
    return OK;
}

static Err study_open(Ctx *cx, Study *s)
{
    Err err = OK;
    size_t p = s->b->schema->n;
    text_init(&s->skipped, cx);
    GET_DONE(cx, s->answer, s->n * s->k, "diagnosing %zu rows", s->n);
    GET_DONE(cx, s->drop, p, "diagnosing %zu columns", p);
    GET_DONE(cx, s->drop_sd, p, "diagnosing %zu columns", p);
    GET_DONE(cx, s->drop_p, p, "diagnosing %zu columns", p);
    GET_DONE(cx, s->shap, p, "diagnosing %zu columns", p);
    GET_DONE(cx, s->top, p, "diagnosing %zu columns", p);
    for (size_t j = 0; j < p; j++) s->drop[j] = s->drop_sd[j] = s->drop_p[j] = s->shap[j] = NAN;
    s->lite = *s->b;
    s->lite.member = NULL;
    GET_DONE(cx, s->lite.member, s->b->members_n, "diagnosing a build of %u members", s->b->members_n);
    for (uint32_t i = 0; i < s->b->members_n; i++) {
        s->lite.member[i] = s->b->member[i];
        if (s->lite.member[i].parts_n > 1) s->lite.member[i].parts_n = 1;
    }
    build_answer(s->b, s->margin, s->n, s->answer);
done:
    return err;
}

static void study_close(Ctx *cx, Study *s)
{
    text_clear(&s->skipped);
    ctx_put(cx, s->answer);
    ctx_put(cx, s->drop);
    ctx_put(cx, s->drop_sd);
    ctx_put(cx, s->drop_p);
    ctx_put(cx, s->shap);
    ctx_put(cx, s->top);
    ctx_put(cx, s->lite.member);
}

/* Was some model fitted again on all rows, and cannot forget a fold?  Then no answer to a training row is out of fold. */
static bool refitted(const Build *b)
{
    for (uint32_t i = 0; i < b->members_n; i++)
        if (b->member[i].parts_n && b->member[i].part[0] >= b->folds && !model_forgets(b->member[i].model[0])) return true;
    return false;
}

typedef Err Part(Ctx *cx, Study *s);

/* Every part in turn. */
static Err run_parts(Ctx *cx, Study *s)
{
    static const struct { Part *run; const char *what; } parts[] = {
        { put_metrics, "scores" }, { study_curves, "curves" }, { study_classes, "classes" }, { study_residuals, "residuals" },
        { study_groups, "groups" }, { study_intervals, "intervals" }, { study_importance, "permutation importance" },
        { study_shap, "Shapley values" }, { study_columns, "the order of columns" }, { study_partial, "partial dependence" },
        { study_slices, "weak spots" }, { study_rounds, "the course of the boosters" }, { study_learning, "the learning curve" },
    };
    if (s->fold && refitted(s->b))
        study_skip(s, "importance out of fold: the models were fitted again on all rows, so shuffling is judged on rows they know");
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        ctx_step(cx, parts[i].what, (double)i, sizeof parts / sizeof *parts);
        int64_t from = ctx_mono_us(cx);
        TRY(cx, parts[i].run(cx, s));
        ctx_detail(cx, "%s: %.2f s", parts[i].what, ctx_since_s(cx, from));
        if (cx->cancel && *cx->cancel) TRY(cx, ctx_check(cx));
    }
    json_key_open_array(s->json, "skipped");
    if (s->skipped.n) json_raw(s->json, s->skipped.at);
    json_close_array(s->json);
    return OK;
}

static void put_head(Text *t, const Study *s, const char *on)
{
    json_key_text(t, "on", on);
    json_key_int(t, "rows", (int64_t)s->n);
    json_key_text(t, "task", task_word(s->b->task));
    json_key_text(t, "target", s->b->target);
    json_key_text(t, "metric", s->metric->name);
    json_key_bool(t, "higher", s->metric->higher);
}

/* A study minds the time itself, between pieces of work: a model that ends in the middle of one would spoil it. */
static Err study_run(Ctx *cx, Study *s)
{
    Ctx timeless;
    if (cx->deadline_us && (!s->end_us || cx->deadline_us < s->end_us)) s->end_us = cx->deadline_us;
    ctx_child(cx, &timeless);
    timeless.deadline_us = 0;
    TRY(cx, ctx_join(cx, &timeless, run_parts(&timeless, s)));
    TRY(cx, text_err(&s->skipped));               /* these belong to cx, and say so there */
    TRY(cx, text_err(s->json));
    return OK;
}

/* One line for a person. */
static void summarise(const Study *s, char *line, size_t max)
{
    size_t used = 0, named = 0;
    line[0] = 0;
    for (size_t i = 0; i < s->b->schema->n && named < 3; i++) {
        uint32_t j = s->top[i];
        double v = isnan(s->drop[j]) ? s->shap[j] : s->drop[j];
        if (!(v > 0)) break;
        used += (size_t)snprintf(line + used, max - used, "%s%.60s", named ? ", " : "what decides most: ", s->b->schema->col[j].name);
        if (used >= max) used = max - 1;
        named++;
    }
    if (!named) snprintf(line, max, "scores and curves on %zu rows", s->n);
}

/* ------------------------------------------------------------------ a run */

/* What the heaviest member took for one fold, as its trial measured it. */
static double fold_fit_s(const Auto *a)
{
    double weight = 0, took = 0;
    for (uint32_t i = 0; i < a->trials_n; i++) {
        const Trial *t = &a->trial[i]->told;
        if (t->weight <= weight) continue;
        weight = t->weight;
        took = (t->fit_s + t->predict_us_row * 1e-6 * (double)a->held_n) / fmax(t->folds, 1);
    }
    return took;
}

/* Rows held out, with the run's own out-of-fold margins; when no trial ended there are none, and the build is asked. */
typedef struct Held { Table *t, *raw; double *y, *margin; uint8_t *fold; } Held;

static void held_clear(Ctx *cx, Held *h)
{
    table_free(cx, h->t);
    table_free(cx, h->raw);
    ctx_put(cx, h->y);
    ctx_put(cx, h->margin);
    ctx_put(cx, h->fold);
}

static Err held_take(Ctx *cx, const Auto *a, Held *h)
{
    Err err = OK;
    uint32_t k = task_outputs(a->task, a->classes);
    size_t n = a->held_n;
    *h = (Held){ 0 };
    TRY_DONE(cx, table_rows(cx, a->raw, a->held, n, &h->t));
    GET_DONE(cx, h->y, n, "diagnosing %zu rows", n);
    GET_DONE(cx, h->margin, n * k, "diagnosing %zu rows", n);
    GET_DONE(cx, h->fold, n, "diagnosing %zu rows", n);
    for (size_t i = 0; i < n; i++) {
        h->y[i] = a->y[a->held[i]];
        h->fold[i] = a->fold[a->held[i]];
        if (a->oof) memcpy(h->margin + i * k, a->oof + a->held[i] * k, k * sizeof *h->margin);
    }
    if (!a->oof) TRY_DONE(cx, build_margin(cx, a->build, h->t, h->margin));
done:
    if (err) held_clear(cx, h);
    return err;
}

static Err diagnose_build(Ctx *cx, Auto *a)
{
    Err err = OK;
    Held h;
    Text *t = &a->json[STAGE_DIAGNOSE];
    TRY(cx, held_take(cx, a, &h));
    Study s = {
        .b = a->build, .metric = a->metric, .t = h.t, .n = h.t->rows, .k = task_outputs(a->task, a->classes), .y = h.y, .fold = h.fold,
        .margin = h.margin, .seed = a->in->seed, .start_us = ctx_mono_us(cx), .end_us = a->stage_end_us[STAGE_DIAGNOSE],
        .full = a->in->diagnose_full, .json = t, .pool = a->pool, .frame = a->frame, .all_y = a->y, .all_fold = a->fold, .all_n = a->rows,
        .folds = a->folds, .base_features = base_features(a), .fold_fit_s = fold_fit_s(a),
    };
    s.modest = !s.end_us && !s.full;
    TRY_DONE(cx, study_open(cx, &s));
    json_open(t);
    put_head(t, &s, a->oof ? "out of fold" : "training rows");
    if (a->test_json) json_key_raw(t, "test", a->test_json);
    TRY_DONE(cx, study_run(cx, &s));
    json_close(t);
    summarise(&s, a->summary[STAGE_DIAGNOSE], sizeof a->summary[0]);
    err = text_err(t);
done:
    study_close(cx, &s);
    held_clear(cx, &h);
    return err;
}

/* The build is made: whatever goes wrong here, save a person's wish to stop, must not lose it. */
Err stage_diagnose(Ctx *cx, Auto *a)
{
    Text *t = &a->json[STAGE_DIAGNOSE];
    Err err = diagnose_build(cx, a);
    if (!err || err == ERR_INTERRUPTED) return err;
    text_clear(t);
    text_init(t, cx);
    json_open(t);
    json_key_open_array(t, "skipped");
    json_text(t, ctx_scratch_fmt(cx, "everything: %s", cx->text));
    json_close_array(t);
    json_close(t);
    snprintf(a->summary[STAGE_DIAGNOSE], sizeof a->summary[0], "nothing could be explained: %.180s", cx->text);
    return auto_warn(cx, a, "the build is made, but was not diagnosed: %s", cx->text);
}

/* ------------------------------------------------------------------- alone */

/* Rows with a target the build knows, and, among training rows, held out by some fold. */
static Err pick_rows(Ctx *cx, const DiagnoseIn *in, Held *h, size_t *unknown)
{
    Err err = OK;
    const Build *b = in->build;
    size_t target = table_find(in->table, b->target), n = 0;
    uint32_t *row = NULL;
    double *y = NULL;
    *h = (Held){ 0 };
    *unknown = 0;
    if (target == SIZE_MAX)
        return FAIL(cx, ERR_BAD_INPUT, "'%s' has no column '%s' to check the answers against", in->table->source, b->target);
    GET_DONE(cx, row, in->table->rows, "diagnosing %zu rows", in->table->rows);
    GET_DONE(cx, y, in->table->rows, "diagnosing %zu rows", in->table->rows);
    TRY_DONE(cx, auto_known_y(cx, b, in->table, target, y));
    for (size_t i = 0; i < in->table->rows; i++) {
        if (isnan(y[i])) ++*unknown;
        else if (!in->fold || in->fold[i] < b->folds) row[n++] = (uint32_t)i;
    }
    if (!n) {
        err = FAIL(cx, ERR_BAD_INPUT, "no row of '%s' has a '%s' the build knows: nothing to check the answers against", in->table->source,
                   b->target);
        goto done;
    }
    GET_DONE(cx, h->y, n, "diagnosing %zu rows", n);
    GET_DONE(cx, h->fold, n, "diagnosing %zu rows", n);
    GET_DONE(cx, h->margin, n * build_outputs(b), "diagnosing %zu rows", n);
    for (size_t i = 0; i < n; i++) {
        h->y[i] = y[row[i]];
        if (in->fold) h->fold[i] = in->fold[row[i]];
    }
    TRY_DONE(cx, table_rows(cx, in->table, row, n, &h->raw));
    TRY_DONE(cx, build_conform(cx, b, h->raw, &h->t, NULL));
    if (in->fold) TRY_DONE(cx, build_margin_oof(cx, b, h->t, h->fold, h->margin));
    else TRY_DONE(cx, build_margin(cx, b, h->t, h->margin));
done:
    ctx_put(cx, row);
    ctx_put(cx, y);
    if (err) held_clear(cx, h);
    return err;
}

static uint32_t recorded_features(const Build *b)
{
    yyjson_doc *doc = b->facts ? yyjson_read(b->facts, strlen(b->facts), 0) : NULL;
    yyjson_val *v = yyjson_obj_get(yyjson_doc_get_root(doc), "base_features");
    double n = yyjson_is_num(v) ? yyjson_get_num(v) : 0;
    yyjson_doc_free(doc);
    return n > 0 && n < 1e6 ? (uint32_t)n : 0;
}

static Err find_group(Ctx *cx, const DiagnoseIn *in, const Held *h, const Column **out)
{
    const char *names[64];
    size_t n = 0;
    if (!in->group) return OK;
    size_t at = table_find(h->raw, in->group);
    if (at != SIZE_MAX) {
        *out = &h->raw->col[at];
        return OK;
    }
    for (; n < h->raw->cols && n < 64; n++) names[n] = h->raw->col[n].name;
    const char *near = text_nearest(in->group, names, n);
    return FAIL(cx, ERR_NOT_FOUND, "'%s' has no column '%s' to group by%s%s%s", in->table->source, in->group, near ? "; did you mean '" : "",
                near ? near : "", near ? "'?" : "");
}

Err auto_diagnose(Ctx *cx, const DiagnoseIn *in, Text *json)
{
    Err err = OK;
    Held h;
    size_t unknown;
    char line[256];
    int64_t start = ctx_mono_us(cx);
    TRY(cx, pick_rows(cx, in, &h, &unknown));
    Study s = {
        .b = in->build, .metric = in->metric, .t = h.t, .n = h.t->rows, .k = build_outputs(in->build), .y = h.y,
        .fold = in->fold ? h.fold : NULL, .margin = h.margin, .seed = cx->seed, .start_us = start, .full = true, .json = json,
        .program = in->program, .threads = in->threads, .group_name = in->group, .cost_fp = in->cost_fp, .cost_fn = in->cost_fn,
    };
    s.base_features = recorded_features(in->build);
    if (in->time_s > 0) s.end_us = start + (int64_t)(in->time_s * 1e6);
    TRY_DONE(cx, study_open(cx, &s));
    TRY_DONE(cx, find_group(cx, in, &h, &s.group));
    json_open(json);
    json_key_text(json, "stage", stage_word(STAGE_DIAGNOSE));
    put_head(json, &s, !in->fold ? "new rows" : refitted(in->build) ? "training rows the models know" : "out of fold");
    if (unknown) study_skip(&s, "%zu rows whose '%s' is missing or unknown to the build", unknown, in->build->target);
    TRY_DONE(cx, study_run(cx, &s));
    summarise(&s, line, sizeof line);
    json_key_text(json, "summary", line);
    json_key_num(json, "seconds", nearbyint(ctx_since_s(cx, start) * 1e4) / 1e4);
    json_close(json);
    err = text_err(json);
done:
    study_close(cx, &s);
    held_clear(cx, &h);
    return err;
}

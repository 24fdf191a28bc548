/* auto/anomaly.c -- the stages of TASK_ANOMALY where they differ: see anomaly.h. */
#include "auto/anomaly.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_ROWS 20              /* most unusual rows told of */
#define SHOWN_WHY 3                /* columns a row's share is told of */
#define BINS 40

/* -------------------------------------------------------------------- stages */

static Err skip(Auto *a, Stage s, const char *why)
{
    Text *t = &a->json[s];
    snprintf(a->summary[s], sizeof a->summary[0], "%s", why);
    json_open(t);
    json_key_open_array(t, "tried");
    json_close_array(t);
    json_key_open_array(t, "kept");
    json_close_array(t);
    json_key_open_array(t, "skipped");
    json_text(t, why);
    json_close_array(t);
    json_close(t);
    return text_err(t);
}

static Err skip_engineer(Ctx *cx, Auto *a)
{
    (void)cx;
    return skip(a, STAGE_ENGINEER, "nothing is predicted, so nothing could say which features help");
}

static Err skip_tune(Ctx *cx, Auto *a)
{
    (void)cx;
    return skip(a, STAGE_TUNE, "nothing is predicted, so there is nothing to tune by");
}

/* Detectors that look at different things, cheap first. */
static bool next(void *self, Ctx *cx, Auto *a, uint32_t number, const Learner **learner, double *args)
{
    static const char *const names[] = { "ecod", "isolation_forest", "pca_residual", "knn_distance", "lof" };
    size_t *at = self;
    (void)number;
    while (*at < sizeof names / sizeof *names) {
        const Learner *l = learner_find(names[(*at)++]);
        if (!auto_allows(a, l)) continue;
        learner_start(l, a->task, args);
        double left = auto_left_s(cx, a, STAGE_TUNE);
        if (a->trials_n && trial_guess_s(a, l, args) * 1.5 > left) {
            a->short_of_time = true;
            continue;
        }
        *learner = l;
        return true;
    }
    return false;
}

static Err select_detectors(Ctx *cx, Auto *a)
{
    Text *t = &a->json[STAGE_SELECT];
    size_t at = 0;
    uint32_t failed = 0;
    TRY(cx, auto_share(cx, a));
    TRY(cx, trials_run(cx, a, STAGE_SELECT, next, &at));
    for (uint32_t i = 0; i < a->trials_n; i++) failed += a->trial[i]->told.state == TRIAL_FAILED;
    json_open(t);
    json_key_text(t, "metric", a->metric->name);
    json_key_bool(t, "higher", a->metric->higher);
    json_key_int(t, "folds", a->folds);
    json_key_text(t, "validation", "every row is looked at by detectors that never saw it");
    trials_json(a, STAGE_SELECT, t);
    json_key_text(t, "order", "detectors that look at different things, cheap ones first; all that end answer together");
    json_close(t);
    snprintf(a->summary[STAGE_SELECT], sizeof a->summary[0], "%u detectors%s%s", a->trials_n - failed, failed ? " (some failed)" : "",
             anomaly_judged(a) ? ", judged by the labels" : ", no labels to judge by");
    return text_err(t);
}

/* ------------------------------------------------------------------ diagnose */

typedef struct Odd { double margin; uint32_t row; } Odd;

static int by_margin(const void *a, const void *b)
{
    const Odd *x = a, *y = b;
    if (x->margin != y->margin) return x->margin < y->margin ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

/* The columns that push the row furthest out. */
static void put_why(const Auto *a, const Table *t, size_t row, const double *phi, Text *out)
{
    uint32_t best[SHOWN_WHY], n = 0;
    for (uint32_t j = 0; j < a->schema->n; j++) {
        uint32_t at = n < SHOWN_WHY ? n++ : SHOWN_WHY;
        while (at > 0 && phi[j] > phi[best[at - 1]]) {
            if (at < SHOWN_WHY) best[at] = best[at - 1];
            at--;
        }
        if (at < SHOWN_WHY) best[at] = j;
    }
    json_key_open_array(out, "why");
    for (uint32_t i = 0; i < n && phi[best[i]] > 0; i++) {
        json_open(out);
        json_key_text(out, "column", a->schema->col[best[i]].name);
        json_key(out, "value");
        column_json(&t->col[best[i]], row, out);
        json_key_num(out, "share", phi[best[i]]);
        json_close(out);
    }
    json_close_array(out);
}

static void put_rows(const Auto *a, const Odd *odd, size_t n, const Table *top, const double *phi, Text *t)
{
    size_t wide = a->schema->n + 1;
    json_key_open_array(t, "rows");
    for (size_t i = 0; i < n; i++) {
        json_open(t);
        json_key_int(t, "row", (int64_t)a->from[odd[i].row] + 1);
        json_key_num(t, "score", model_sigmoid(odd[i].margin));
        if (a->weight[odd[i].row] > 0) json_key_text(t, "label", a->class_name[a->y[odd[i].row] > 0]);
        if (phi) put_why(a, top, i, phi + i * wide, t);
        json_close(t);
    }
    json_close_array(t);
}

static void put_histogram(const Odd *odd, size_t n, Text *t)
{
    size_t count[BINS] = { 0 };
    for (size_t i = 0; i < n; i++) {
        int b = (int)(model_sigmoid(odd[i].margin) * BINS);
        count[b < BINS ? b : BINS - 1]++;
    }
    json_key_open_array(t, "histogram");
    for (int b = 0; b < BINS; b++) {
        json_open(t);
        json_key_num(t, "lo", (double)b / BINS);
        json_key_num(t, "hi", (double)(b + 1) / BINS);
        json_key_int(t, "count", (int64_t)count[b]);
        json_close(t);
    }
    json_close_array(t);
}

/* How alike the detectors order the held rows: Spearman's rank correlation, each beside each. */
static Err put_agreement(Ctx *cx, const Auto *a, Text *t)
{
    Err err = OK;
    uint32_t m = 0, *order = NULL;
    size_t n = a->held_n;
    double *rank = NULL;
    const TrialData **d = NULL;
    GET_DONE(cx, d, a->trials_n, "comparing detectors");
    for (uint32_t i = 0; i < a->trials_n; i++)
        if (a->trial[i]->told.weight > 0) d[m++] = a->trial[i];
    GET_DONE(cx, rank, m * n, "comparing detectors");
    GET_DONE(cx, order, n, "comparing detectors");
    for (uint32_t i = 0; i < m; i++) {
        TRY_DONE(cx, order_of(cx, d[i]->oof, 1, n, order));
        for (size_t from = 0, to; from < n; from = to) {
            for (to = from + 1; to < n && d[i]->oof[order[to]] == d[i]->oof[order[from]]; to++) {}
            for (size_t k = from; k < to; k++) rank[i * n + order[k]] = ((double)(from + to) - 1) / 2 - ((double)n - 1) / 2;
        }
    }
    json_key_open_array(t, "detectors");
    for (uint32_t i = 0; i < m; i++) json_text(t, d[i]->told.learner);
    json_close_array(t);
    json_key_open_array(t, "agreement");
    for (uint32_t i = 0; i < m; i++) {
        json_open_array(t);
        for (uint32_t j = 0; j < m; j++) {
            double xy = 0, xx = 0, yy = 0;
            for (size_t k = 0; k < n; k++) {
                double x = rank[i * n + k], y = rank[j * n + k];
                xy += x * y, xx += x * x, yy += y * y;
            }
            json_num(t, xx > 0 && yy > 0 ? xy / sqrt(xx * yy) : NAN);
        }
        json_close_array(t);
    }
    json_close_array(t);
done:
    ctx_put(cx, d);
    ctx_put(cx, rank);
    ctx_put(cx, order);
    return err;
}

static Err put_metrics(Ctx *cx, const Auto *a, Text *t)
{
    const Metric *m;
    bool judged = anomaly_judged(a);
    double *margin = ctx_get_n(cx, a->held_n, sizeof *margin);
    if (!margin) return FAIL(cx, ERR_NOMEM, "judging the detectors");
    for (size_t i = 0; i < a->held_n; i++) margin[i] = a->oof[a->held[i]];
    json_key_open(t, "metrics");
    for (size_t i = 0; judged && (m = metric_at(i)); i++) {
        double v = NAN;
        if (!(m->tasks >> TASK_ANOMALY & 1)) continue;
        Err err = auto_score(cx, a, m, margin, &v);
        if (err) {
            ctx_put(cx, margin);
            return err;
        }
        json_key_num(t, m->name, v);
    }
    json_close(t);
    ctx_put(cx, margin);
    return OK;
}

static Err diagnose_detectors(Ctx *cx, Auto *a)
{
    Text *t = &a->json[STAGE_DIAGNOSE];
    Err err = OK;
    Odd *odd = NULL;
    Table *top = NULL;
    double *phi = NULL;
    uint32_t rows[SHOWN_ROWS];
    size_t n = a->held_n, shown = n < SHOWN_ROWS ? n : SHOWN_ROWS, flagged = 0;
    GET_DONE(cx, odd, n, "looking at the most unusual rows");
    for (size_t i = 0; i < n; i++) odd[i] = (Odd){ a->oof[a->held[i]], a->held[i] };
    qsort(odd, n, sizeof *odd, by_margin);
    for (size_t i = 0; i < n; i++) flagged += model_sigmoid(odd[i].margin) >= a->build->threshold;
    for (size_t i = 0; i < shown; i++) rows[i] = odd[i].row;
    TRY_DONE(cx, table_rows(cx, a->raw, rows, shown, &top));
    GET_DONE(cx, phi, shown * (a->schema->n + 1), "explaining the most unusual rows");
    double left = auto_left_s(cx, a, STAGE_DIAGNOSE);
    bool explained = left > .2;
    if (explained) TRY_DONE(cx, build_explain(cx, a->build, top, phi));
    json_open(t);
    json_key_text(t, "on", "out of fold");
    json_key_int(t, "rows", (int64_t)n);
    TRY_DONE(cx, put_metrics(cx, a, t));
    json_key_open(t, "anomaly");
    json_key_num(t, "threshold", a->build->threshold);
    json_key_int(t, "flagged", (int64_t)flagged);
    put_histogram(odd, n, t);
    TRY_DONE(cx, put_agreement(cx, a, t));
    put_rows(a, odd, shown, top, explained ? phi : NULL, t);
    json_close(t);
    json_close(t);
    snprintf(a->summary[STAGE_DIAGNOSE], sizeof a->summary[0], "%zu of %zu rows lie above the threshold; the most unusual is row %u", flagged, n,
             n ? a->from[odd[0].row] + 1 : 0);
    err = text_err(t);
done:
    table_free(cx, top);
    ctx_put(cx, odd);
    ctx_put(cx, phi);
    return err;
}

AnomalyStage anomaly_stage(Stage s)
{
    return s == STAGE_ENGINEER ? skip_engineer : s == STAGE_SELECT ? select_detectors : s == STAGE_TUNE ? skip_tune
           : s == STAGE_DIAGNOSE ? diagnose_detectors : NULL;
}

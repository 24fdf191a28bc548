/* auto/benchmark.c -- stage 6: every trial beside the others.
**
** The leaderboard with uncertainty, the Pareto front over error, fit time,
** scoring time and size, and paired comparisons of the best with the next: the
** same rows, per-row losses, a z test of the mean difference.
*/
#include "auto/run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PAIRS_MAX 5
#define PROB_MIN 1e-15

static bool beats(const TrialData *x, const TrialData *y)
{
    const Trial *a = &x->told, *b = &y->told;
    bool no_worse = x->error <= y->error && a->fit_s <= b->fit_s && a->predict_us_row <= b->predict_us_row && a->size_bytes <= b->size_bytes;
    bool better = x->error < y->error || a->fit_s < b->fit_s || a->predict_us_row < b->predict_us_row || a->size_bytes < b->size_bytes;
    return no_worse && better;
}

static void mark_pareto(TrialData **at, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        at[i]->told.pareto = !isinf(at[i]->error);
        for (size_t j = 0; j < n && at[i]->told.pareto; j++)
            if (j != i && !isinf(at[j]->error) && beats(at[j], at[i])) at[i]->told.pareto = false;
    }
}

/* Loss of one held row: log loss, or squared error. */
static double row_loss(const Auto *a, const double *answer, double y)
{
    if (a->task == TASK_REGRESSION) return (answer[0] - y) * (answer[0] - y);
    double p = a->task == TASK_BINARY ? (y > 0 ? answer[0] : 1 - answer[0]) : answer[(size_t)y];
    return -log(fmax(p, PROB_MIN));
}

static Err write_pair(Ctx *cx, const Auto *a, const TrialData *x, const TrialData *y, Text *t)
{
    uint32_t k = task_outputs(a->task, a->classes);
    size_t n = a->held_n;
    Err err = OK;
    double *px = NULL, *py = NULL, sum = 0, sum2 = 0;
    GET_DONE(cx, px, n * k, "comparing two trials");
    GET_DONE(cx, py, n * k, "comparing two trials");
    auto_answers(a, x->oof, n, 1, 0, px);
    auto_answers(a, y->oof, n, 1, 0, py);
    for (size_t i = 0; i < n; i++) {
        double d = row_loss(a, px + i * k, a->held_y[i]) - row_loss(a, py + i * k, a->held_y[i]);
        sum += d;
        sum2 += d * d;
    }
    double mean = sum / (double)n, se = sqrt(fmax(sum2 / (double)n - mean * mean, 0) / (double)n);
    json_open(t);
    json_key_int(t, "a", x->told.number);
    json_key_int(t, "b", y->told.number);
    json_key_num(t, "difference", mean);
    json_key_num(t, "se", se);
    json_key_num(t, "p", se > 0 ? erfc(fabs(mean) / se / sqrt(2)) : 1);
    json_close(t);
done:
    ctx_put(cx, px);
    ctx_put(cx, py);
    return err;
}

static void leaderboard_rows(const Auto *a, TrialData *const *at, size_t n, Text *t)
{
    json_open_array(t);
    for (size_t i = 0; i < n; i++) {
        const Trial *d = &at[i]->told;
        if (isinf(at[i]->error)) continue;
        json_open(t);
        json_key_int(t, "trial", d->number);
        json_key_text(t, "learner", d->learner);
        json_key_raw(t, "params", d->params);
        json_key_num(t, "score", d->score);
        json_key_num(t, "se", d->se);
        json_nums(t, "fold_score", d->fold_score, a->folds);
        json_key_num(t, "fit_s", d->fit_s);
        json_key_num(t, "predict_us_row", d->predict_us_row);
        json_key_int(t, "size_bytes", (int64_t)d->size_bytes);
        json_key_int(t, "peak_bytes", (int64_t)d->peak_bytes);
        json_key_bool(t, "pareto", d->pareto);
        json_key_num(t, "weight", d->weight);
        json_close(t);
    }
    json_close_array(t);
}

Err leaderboard_json(Ctx *cx, const Auto *a, Text *t)
{
    TrialData **at = ctx_get_n(cx, a->trials_n, sizeof *at);
    if (!at) return FAIL(cx, ERR_NOMEM, "sorting %u trials", a->trials_n);
    if (a->trials_n) memcpy(at, a->trial, a->trials_n * sizeof *at);
    qsort(at, a->trials_n, sizeof *at, trial_by_error);
    leaderboard_rows(a, at, a->trials_n, t);
    ctx_put(cx, at);
    return text_err(t);
}

Err stage_benchmark(Ctx *cx, Auto *a)
{
    Text *t = &a->json[STAGE_BENCHMARK];
    Err err = OK;
    size_t n = a->trials_n, front = 0, usable = 0;
    TrialData **at = NULL;
    GET_DONE(cx, at, n, "comparing %zu trials", n);
    if (n) memcpy(at, a->trial, n * sizeof *at);
    qsort(at, n, sizeof *at, trial_by_error);
    mark_pareto(at, n);
    for (size_t i = 0; i < n; i++) {
        front += at[i]->told.pareto;
        usable += !isinf(at[i]->error);
    }
    json_open(t);
    json_key_text(t, "metric", a->metric->name);
    json_key_bool(t, "higher", a->metric->higher);
    json_key(t, "leaderboard");
    leaderboard_rows(a, at, n, t);
    json_key_open_array(t, "paired");
    for (size_t i = 1; i < usable && i <= PAIRS_MAX; i++) TRY_DONE(cx, write_pair(cx, a, at[0], at[i], t));
    json_close_array(t);
    json_close(t);
    snprintf(a->summary[STAGE_BENCHMARK], sizeof a->summary[0], "%zu trials compared, %zu of them not beaten in score, time and size at once", usable, front);
    err = text_err(t);
done:
    ctx_put(cx, at);
    return err;
}

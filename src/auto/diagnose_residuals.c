/* auto/diagnose_residuals.c -- what is left of the numbers: against the prediction, spread, tails, even or uneven.
**
** The quantile plot is scipy's probplot.  Breusch and Pagan's (1979) test in Koenker's form, as statsmodels'
** het_breuschpagan has it, with the prediction as the only regressor: do errors grow or shrink with the answer?
*/
#include "auto/diagnose.h"

#include "auto/stats.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define RESIDUAL_POINTS 1200
#define QQ_POINTS 300
#define HISTOGRAM_BINS 40

static Err put_scatter(Ctx *cx, const Study *s, const double *residual)
{
    size_t m = s->n < RESIDUAL_POINTS ? s->n : RESIDUAL_POINTS;
    uint32_t *rows = ctx_get_n(cx, m, sizeof *rows);
    if (!rows) return FAIL(cx, ERR_NOMEM, "drawing residuals");
    study_draw(s, "residuals", s->n, rows, m);
    json_key_open_array(s->json, "fitted");
    for (size_t i = 0; i < m; i++) study_num(s->json, s->answer[rows[i]]);
    json_close_array(s->json);
    json_key_open_array(s->json, "residual");
    for (size_t i = 0; i < m; i++) study_num(s->json, residual[rows[i]]);
    json_close_array(s->json);
    ctx_put(cx, rows);
    return OK;
}

/* Ordered residuals against the medians of normal order statistics (Filliben's estimate, as probplot). */
static void put_qq(const Study *s, const double *sorted)
{
    size_t n = s->n, m = n < QQ_POINTS ? n : QQ_POINTS;
    double last = pow(.5, 1 / (double)n);
    json_key_open(s->json, "qq");
    for (int side = 0; side < 2; side++) {
        json_key_open_array(s->json, side ? "sample" : "theory");
        for (size_t j = 0; j < m; j++) {
            size_t i = m > 1 ? (size_t)((double)j * (double)(n - 1) / (double)(m - 1) + .5) : 0;
            double p = i == 0 ? 1 - last : i + 1 == n ? last : ((double)i + 1 - .3175) / ((double)n + .365);
            study_num(s->json, side ? sorted[i] : n > 1 ? stats_normal_quantile(p) : 0);
        }
        json_close_array(s->json);
    }
    json_close(s->json);
}

/* The middle 99 % in equal bins; what lies beyond counts in the first and the last. */
static void put_histogram(const Study *s, const double *sorted)
{
    size_t n = s->n, cut = n / 200;
    double lo = sorted[cut], hi = sorted[n - 1 - cut], wide = (hi - lo) / HISTOGRAM_BINS;
    uint64_t count[HISTOGRAM_BINS] = { 0 };
    for (size_t i = 0; i < n; i++) {
        double at = wide > 0 ? (sorted[i] - lo) / wide : 0;
        count[at < 0 ? 0 : at >= HISTOGRAM_BINS ? HISTOGRAM_BINS - 1 : (size_t)at]++;
    }
    json_key_open_array(s->json, "histogram");
    for (int b = 0; b < HISTOGRAM_BINS && (wide > 0 || b == 0); b++) {
        json_open(s->json);
        json_key(s->json, "lo");
        study_num(s->json, lo + b * wide);
        json_key(s->json, "hi");
        study_num(s->json, lo + (b + 1) * wide);
        json_key_int(s->json, "count", (int64_t)(wide > 0 ? count[b] : n));
        json_close(s->json);
    }
    json_close_array(s->json);
}

/* Squared residuals on the prediction: n x R2 is chi-squared with one degree where they are unrelated. */
static void put_evenness(const Study *s, const double *residual)
{
    double n = (double)s->n, mx = 0, my = 0, xx = 0, xy = 0, yy = 0;
    for (size_t i = 0; i < s->n; i++) {
        mx += s->answer[i] / n;
        my += residual[i] * residual[i] / n;
    }
    for (size_t i = 0; i < s->n; i++) {
        double x = s->answer[i] - mx, y = residual[i] * residual[i] - my;
        xx += x * x;
        xy += x * y;
        yy += y * y;
    }
    double lm = xx > 0 && yy > 0 ? n * xy * xy / (xx * yy) : NAN;
    json_key_open(s->json, "breusch_pagan");
    json_key_num(s->json, "lm", lm);
    json_key_num(s->json, "p", s->n > 2 ? erfc(sqrt(lm / 2)) : NAN);
    json_key_num(s->json, "slope", xx > 0 ? xy / xx : NAN);       /* of the squared residual */
    json_close(s->json);
}

static Err put_residuals(Ctx *cx, Study *s)
{
    Err err = OK;
    double *residual = NULL, *sorted = NULL, mean = 0, spread = 0;
    uint32_t *order = NULL;
    GET_DONE(cx, residual, s->n, "%zu residuals", s->n);
    GET_DONE(cx, sorted, s->n, "%zu residuals", s->n);
    GET_DONE(cx, order, s->n, "%zu residuals", s->n);
    for (size_t i = 0; i < s->n; i++) mean += (residual[i] = s->y[i] - s->answer[i]) / (double)s->n;
    for (size_t i = 0; i < s->n; i++) spread += (residual[i] - mean) * (residual[i] - mean) / (double)s->n;
    json_key_open(s->json, "residuals");
    json_key_num(s->json, "mean", mean);
    json_key_num(s->json, "sd", sqrt(spread));
    TRY_DONE(cx, put_scatter(cx, s, residual));
    put_evenness(s, residual);
    TRY_DONE(cx, order_of(cx, residual, 1, s->n, order));
    for (size_t i = 0; i < s->n; i++) sorted[i] = residual[order[i]];
    put_qq(s, sorted);
    put_histogram(s, sorted);
    for (size_t i = 0; i < s->n; i++) residual[i] = fabs(residual[i]);
    TRY_DONE(cx, order_of(cx, residual, 1, s->n, order));
    /* Split conformal: nine rows in ten lie within it, new ones too. */
    size_t at = (size_t)ceil(.9 * ((double)s->n + 1));
    json_key_open(s->json, "interval");
    json_key_num(s->json, "share", .9);
    json_key_num(s->json, "half", at <= s->n ? residual[order[at - 1]] : NAN);
    json_close(s->json);
    json_close(s->json);
done:
    ctx_put(cx, residual);
    ctx_put(cx, sorted);
    ctx_put(cx, order);
    return err;
}

Err study_residuals(Ctx *cx, Study *s)
{
    return s->b->task == TASK_REGRESSION ? put_residuals(cx, s) : OK;
}

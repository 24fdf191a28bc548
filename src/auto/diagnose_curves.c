/* auto/diagnose_curves.c -- how good the answers are: ROC, precision and recall, calibration, confusion, gain;
** residuals.
**
** Definitions are scikit-learn's (roc_curve, precision_recall_curve, average_precision_score, calibration_curve with
** uniform bins, brier_score_loss); the quantile plot is scipy's probplot.  Curves are computed whole and thinned
** for the page, areas before thinning.  Cost: O(n) a class after a radix sort.
*/
#include "auto/diagnose.h"

#include "auto/stats.h"
#include "base/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CURVE_POINTS 300
#define CURVE_CLASSES_MAX 12
#define CONFUSION_CLASSES_MAX 40
#define BINS 10
#define LIFT_STEPS 50
#define RESIDUAL_POINTS 1200
#define QQ_POINTS 300
#define HISTOGRAM_BINS 40

/* ------------------------------------------------------------ ROC, PR, gain */

/* Where each distinct score leaves things, highest score first; point 0 is before the first. */
typedef struct Sweep {
    size_t n;                  /* points */
    double *said, *right;      /* rows so far; positives among them */
    double rows, positives;
} Sweep;

static void sweep_clear(Ctx *cx, Sweep *w)
{
    ctx_put(cx, w->said);
    ctx_put(cx, w->right);
}

/* Class c against the rest, by the probability of c. */
static Err sweep_make(Ctx *cx, const Study *s, uint32_t c, Sweep *w)
{
    Err err = OK;
    uint32_t *order = NULL;
    size_t at = s->k > 1 ? c : 0;
    *w = (Sweep){ .n = 1 };
    GET_DONE(cx, order, s->n, "a curve of %zu rows", s->n);
    GET_DONE(cx, w->said, s->n + 1, "a curve of %zu rows", s->n);
    GET_DONE(cx, w->right, s->n + 1, "a curve of %zu rows", s->n);
    TRY_DONE(cx, order_of(cx, s->answer + at, s->k, s->n, order));
    for (size_t i = s->n; i > 0;) {
        double score = s->answer[order[i - 1] * s->k + at];
        for (; i > 0 && s->answer[order[i - 1] * s->k + at] == score; i--) {
            w->rows++;
            w->positives += s->y[order[i - 1]] == (double)c;
        }
        w->said[w->n] = w->rows;
        w->right[w->n++] = w->positives;
    }
done:
    ctx_put(cx, order);
    if (err) sweep_clear(cx, w);
    return err;
}

static double roc_area(const Sweep *w)
{
    double area = 0, p = w->positives, q = w->rows - w->positives;
    for (size_t i = 1; i < w->n; i++) {
        double x1 = w->said[i] - w->right[i], x0 = w->said[i - 1] - w->right[i - 1];
        area += (x1 - x0) * (w->right[i] + w->right[i - 1]) / 2;
    }
    return p > 0 && q > 0 ? area / (p * q) : NAN;
}

static double average_precision(const Sweep *w)
{
    double sum = 0;
    for (size_t i = 1; i < w->n; i++) sum += (w->right[i] - w->right[i - 1]) * w->right[i] / w->said[i];
    return w->positives > 0 ? sum / w->positives : NAN;
}

/* Points to show: about CURVE_POINTS of them, evenly spread along x and y together; both ends. */
static size_t thin(const double *x, const double *y, size_t n, uint32_t *keep)
{
    double step = 2. / CURVE_POINTS, gone = 0;
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        if (i) gone += fabs(x[i] - x[i - 1]) + fabs(y[i] - y[i - 1]);
        if (i && i + 1 < n && gone < step) continue;
        keep[m++] = (uint32_t)i;
        gone = 0;
    }
    return m;
}

static void put_points(Text *t, const char *key, const double *v, const uint32_t *keep, size_t m)
{
    json_key_open_array(t, key);
    for (size_t i = 0; i < m; i++) study_num(t, v[keep[i]]);
    json_close_array(t);
}

static const char *class_name(const Study *s, uint32_t c) { return s->b->class_name[c]; }

static Err put_class(Ctx *cx, const Study *s, uint32_t c, Text *roc, Text *pr)
{
    Err err = OK;
    Sweep w;
    double *x = NULL, *y = NULL;
    uint32_t *keep = NULL;
    TRY(cx, sweep_make(cx, s, c, &w));
    if (!(w.positives > 0) || !(w.rows > w.positives)) goto done;
    GET_DONE(cx, x, w.n, "a curve of %zu points", w.n);
    GET_DONE(cx, y, w.n, "a curve of %zu points", w.n);
    GET_DONE(cx, keep, w.n, "a curve of %zu points", w.n);
    for (size_t i = 0; i < w.n; i++) {
        x[i] = (w.said[i] - w.right[i]) / (w.rows - w.positives);
        y[i] = w.right[i] / w.positives;
    }
    size_t m = thin(x, y, w.n, keep);
    json_open(roc);
    json_key_text(roc, "class", class_name(s, c));
    json_key_num(roc, "auc", roc_area(&w));
    put_points(roc, "fpr", x, keep, m);
    put_points(roc, "tpr", y, keep, m);
    json_close(roc);
    for (size_t i = 0; i < w.n; i++) {
        x[i] = w.right[i] / w.positives;
        y[i] = i ? w.right[i] / w.said[i] : 1;
    }
    m = thin(x, y, w.n, keep);
    json_open(pr);
    json_key_text(pr, "class", class_name(s, c));
    json_key_num(pr, "ap", average_precision(&w));
    put_points(pr, "recall", x, keep, m);
    put_points(pr, "precision", y, keep, m);
    json_close(pr);
done:
    sweep_clear(cx, &w);
    ctx_put(cx, x);
    ctx_put(cx, y);
    ctx_put(cx, keep);
    return err;
}

static Err put_rankings(Ctx *cx, Study *s)
{
    Err err = OK;
    Text roc, pr;
    text_init(&roc, cx);
    text_init(&pr, cx);
    uint32_t shown = s->b->classes < CURVE_CLASSES_MAX ? s->b->classes : CURVE_CLASSES_MAX;
    for (uint32_t c = s->k > 1 ? 0 : 1; c < shown; c++) TRY_DONE(cx, put_class(cx, s, c, &roc, &pr));
    if (shown < s->b->classes) study_skip(s, "curves of all but the first %u of %u classes", shown, s->b->classes);
    json_key_open_array(s->json, "roc");
    if (roc.n) json_raw(s->json, roc.at);
    json_close_array(s->json);
    json_key_open_array(s->json, "pr");
    if (pr.n) json_raw(s->json, pr.at);
    json_close_array(s->json);
    if (roc.broken || pr.broken) err = FAIL(cx, ERR_NOMEM, "writing curves");
done:
    text_clear(&roc);
    text_clear(&pr);
    return err;
}

/* Share of the positives among the first share of the rows, rows of one score in no order. */
static Err put_lift(Ctx *cx, Study *s)
{
    Sweep w;
    double share[LIFT_STEPS + 1], gain[LIFT_STEPS + 1];
    TRY(cx, sweep_make(cx, s, 1, &w));
    size_t i = 1;
    for (size_t k = 0; k <= LIFT_STEPS && w.positives > 0; k++) {
        share[k] = (double)k / LIFT_STEPS;
        double at = share[k] * w.rows;
        while (i + 1 < w.n && w.said[i] < at) i++;
        double part = (at - w.said[i - 1]) / (w.said[i] - w.said[i - 1]);
        gain[k] = (w.right[i - 1] + part * (w.right[i] - w.right[i - 1])) / w.positives;
    }
    if (w.positives > 0) {
        json_key_open(s->json, "lift");
        study_nums(s->json, "share", share, LIFT_STEPS + 1);
        study_nums(s->json, "gain", gain, LIFT_STEPS + 1);
        json_close(s->json);
    }
    sweep_clear(cx, &w);
    return OK;
}

/* -------------------------------------------------------------- calibration */

/* Binary: the probability of the second class against how often it came.  Multiclass: the probability of the class
** said against how often that was right. */
static void put_calibration(Study *s)
{
    double sum[BINS] = { 0 }, hits[BINS] = { 0 }, rows[BINS] = { 0 }, brier = 0, ece = 0;
    for (size_t i = 0; i < s->n; i++) {
        const double *p = s->answer + i * s->k;
        uint32_t said = s->k > 1 ? build_class(s->b, p) : 1;
        double sure = s->k > 1 ? p[said] : p[0], hit = s->y[i] == (double)said;
        int bin = 0;
        while (bin < BINS - 1 && sure > (double)(bin + 1) / BINS) bin++;
        sum[bin] += sure;
        hits[bin] += hit;
        rows[bin]++;
        if (s->k == 1) brier += (p[0] - hit) * (p[0] - hit);
        for (uint32_t c = 0; s->k > 1 && c < s->k; c++) {
            double d = p[c] - (s->y[i] == (double)c);
            brier += d * d;
        }
    }
    json_key_open(s->json, "calibration");
    json_key_open_array(s->json, "bins");
    for (int b = 0; b < BINS; b++) {
        if (rows[b] == 0) continue;
        ece += fabs(sum[b] - hits[b]) / (double)s->n;
        json_open(s->json);
        json_key(s->json, "mean");
        study_num(s->json, sum[b] / rows[b]);
        json_key(s->json, "share");
        study_num(s->json, hits[b] / rows[b]);
        json_key_num(s->json, "n", rows[b]);
        json_close(s->json);
    }
    json_close_array(s->json);
    json_key_num(s->json, "ece", ece);
    json_key_num(s->json, "brier", brier / (double)s->n);
    json_close(s->json);
}

static Err put_confusion(Ctx *cx, Study *s)
{
    uint32_t k = s->b->classes;
    if (k > CONFUSION_CLASSES_MAX) {
        study_skip(s, "the confusion matrix: %u classes are too many to show", k);
        return OK;
    }
    uint64_t *count = ctx_get_n(cx, (size_t)k * k, sizeof *count);
    if (!count) return FAIL(cx, ERR_NOMEM, "a confusion matrix of %u classes", k);
    for (size_t i = 0; i < s->n; i++) count[(size_t)s->y[i] * k + build_class(s->b, s->answer + i * s->k)]++;
    json_key_open(s->json, "confusion");
    json_key_open_array(s->json, "classes");
    for (uint32_t c = 0; c < k; c++) json_text(s->json, class_name(s, c));
    json_close_array(s->json);
    json_key_open_array(s->json, "matrix");
    for (uint32_t c = 0; c < k; c++) {
        json_open_array(s->json);
        for (uint32_t d = 0; d < k; d++) json_int(s->json, (int64_t)count[c * k + d]);
        json_close_array(s->json);
    }
    json_close_array(s->json);
    json_close(s->json);
    ctx_put(cx, count);
    return OK;
}

/* ---------------------------------------------------------------- residuals */

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

Err study_curves(Ctx *cx, Study *s)
{
    if (s->b->task == TASK_REGRESSION) return put_residuals(cx, s);
    TRY(cx, put_rankings(cx, s));
    put_calibration(s);
    TRY(cx, put_confusion(cx, s));
    if (s->b->task == TASK_BINARY) TRY(cx, put_lift(cx, s));
    return OK;
}

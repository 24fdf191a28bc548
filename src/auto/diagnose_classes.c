/* auto/diagnose_classes.c -- are the probabilities to be believed, and which classes are taken for which?
**
** Definitions: calibration_curve (uniform and quantile bins), brier_score_loss, confusion_matrix and
** classification_report of scikit-learn (zero_division 0); expected and maximum calibration error (Naeini et al.
** 2015); Murphy's (1973) reliability, resolution and uncertainty over the same bins, with what the bins hide.
*/
#include "auto/diagnose.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CONFUSION_CLASSES_MAX 40
#define BINS 10

/* ------------------------------------------------------------- calibration */

/* Binary: the probability of the second class against how often it came.  Multiclass: the probability of the class
** said against how often that was right. */
typedef struct Sure { double *p; double *hit; size_t n; } Sure;
typedef struct Bins { double sum[BINS], hits[BINS], rows[BINS]; } Bins;

static Err sure_make(Ctx *cx, const Study *s, Sure *u)
{
    Err err = OK;
    *u = (Sure){ .n = s->n };
    GET_DONE(cx, u->p, s->n, "the calibration of %zu rows", s->n);
    GET_DONE(cx, u->hit, s->n, "the calibration of %zu rows", s->n);
    for (size_t i = 0; i < s->n; i++) {
        const double *p = s->answer + i * s->k;
        uint32_t said = s->k > 1 ? build_class(s->b, p) : 1;
        u->p[i] = s->k > 1 ? p[said] : p[0];
        u->hit[i] = s->y[i] == (double)said;
    }
done:
    return err;
}

static void sure_clear(Ctx *cx, Sure *u)
{
    ctx_put(cx, u->p);
    ctx_put(cx, u->hit);
}

/* edge[b]: where bin b ends, inclusive; the last takes the rest. */
static void fill_bins(const Sure *u, const double *edge, Bins *out)
{
    *out = (Bins){ .sum = { 0 } };
    for (size_t i = 0; i < u->n; i++) {
        int b = 0;
        while (b < BINS - 1 && u->p[i] > edge[b]) b++;
        out->sum[b] += u->p[i];
        out->hits[b] += u->hit[i];
        out->rows[b]++;
    }
}

static void put_bins(Text *t, const char *key, const Bins *b)
{
    json_key_open_array(t, key);
    for (int i = 0; i < BINS; i++) {
        if (b->rows[i] == 0) continue;
        json_open(t);
        json_key(t, "mean");
        study_num(t, b->sum[i] / b->rows[i]);
        json_key(t, "share");
        study_num(t, b->hits[i] / b->rows[i]);
        json_key_num(t, "n", b->rows[i]);
        json_close(t);
    }
    json_close_array(t);
}

static Err quantile_edges(Ctx *cx, const Sure *u, double *edge)
{
    uint32_t *order = ctx_get_n(cx, u->n, sizeof *order);
    if (!order) return FAIL(cx, ERR_NOMEM, "the calibration of %zu rows", u->n);
    Err err = order_of(cx, u->p, 1, u->n, order);
    for (int b = 0; b < BINS - 1 && !err; b++) {
        double at = (double)(u->n - 1) * (b + 1) / BINS, low = floor(at);
        double lo = u->p[order[(size_t)low]], hi = u->p[order[(size_t)low + (at > low)]];
        edge[b] = lo + (hi - lo) * (at - low);
    }
    ctx_put(cx, order);
    return err;
}

/* Squared error of the probabilities: a sum over all classes where there are more than two. */
static double brier_of(const Study *s)
{
    double sum = 0;
    for (size_t i = 0; i < s->n; i++) {
        const double *p = s->answer + i * s->k;
        for (uint32_t c = 0; c < s->k; c++) {
            double d = p[c] - (s->y[i] == (double)(s->k > 1 ? c : 1));
            sum += d * d;
        }
    }
    return sum / (double)s->n;
}

/* brier = reliability - resolution + uncertainty + within; within is what rows of one bin differ in. */
static void put_murphy(Text *t, const Sure *u, const Bins *b)
{
    double n = (double)u->n, came = 0, brier = 0, reliability = 0, resolution = 0;
    for (size_t i = 0; i < u->n; i++) {
        came += u->hit[i] / n;
        brier += (u->p[i] - u->hit[i]) * (u->p[i] - u->hit[i]) / n;
    }
    for (int i = 0; i < BINS; i++) {
        if (b->rows[i] == 0) continue;
        double mean = b->sum[i] / b->rows[i], share = b->hits[i] / b->rows[i];
        reliability += (mean - share) * (mean - share) * b->rows[i] / n;
        resolution += (share - came) * (share - came) * b->rows[i] / n;
    }
    json_key_open(t, "murphy");
    json_key_num(t, "brier", brier);
    json_key_num(t, "reliability", reliability);
    json_key_num(t, "resolution", resolution);
    json_key_num(t, "uncertainty", came * (1 - came));
    json_key_num(t, "within", brier - reliability + resolution - came * (1 - came));
    json_close(t);
}

static Err put_calibration(Ctx *cx, Study *s)
{
    Err err = OK;
    Sure u;
    Bins bins;
    double edge[BINS], ece = 0, mce = 0;
    TRY_DONE(cx, sure_make(cx, s, &u));
    for (int b = 0; b < BINS; b++) edge[b] = (double)(b + 1) / BINS;
    fill_bins(&u, edge, &bins);
    for (int b = 0; b < BINS; b++) {
        if (bins.rows[b] == 0) continue;
        ece += fabs(bins.sum[b] - bins.hits[b]) / (double)s->n;
        mce = fmax(mce, fabs(bins.sum[b] - bins.hits[b]) / bins.rows[b]);
    }
    json_key_open(s->json, "calibration");
    put_bins(s->json, "bins", &bins);
    json_key_num(s->json, "ece", ece);
    json_key_num(s->json, "mce", mce);
    json_key_num(s->json, "brier", brier_of(s));
    put_murphy(s->json, &u, &bins);
    TRY_DONE(cx, quantile_edges(cx, &u, edge));
    fill_bins(&u, edge, &bins);
    put_bins(s->json, "quantile_bins", &bins);
    json_close(s->json);
done:
    sure_clear(cx, &u);
    return err;
}

/* --------------------------------------------------------------- confusion */

typedef struct Rates { double precision, recall, f1, support; } Rates;

static Rates rates(double right, double said, double true_n)
{
    return (Rates){ said > 0 ? right / said : 0, true_n > 0 ? right / true_n : 0, said + true_n > 0 ? 2 * right / (said + true_n) : 0, true_n };
}

static void put_rates(Text *t, const Rates *r)
{
    json_key_num(t, "precision", r->precision);
    json_key_num(t, "recall", r->recall);
    json_key_num(t, "f1", r->f1);
    json_key_num(t, "support", r->support);
}

static void add_rates(Rates *to, const Rates *r, double share)
{
    to->precision += r->precision * share;
    to->recall += r->recall * share;
    to->f1 += r->f1 * share;
    to->support += r->support;
}

/* classification_report: classes that neither occur nor are said count for nothing. */
static void put_report(const Study *s, const uint64_t *count)
{
    uint32_t k = s->b->classes, seen = 0;
    Rates macro = { 0 }, weighted = { 0 }, r[CONFUSION_CLASSES_MAX];
    double right = 0, n = (double)s->n;
    Text *t = s->json;
    for (uint32_t c = 0; c < k; c++) {
        double said = 0, true_n = 0;
        for (uint32_t d = 0; d < k; d++) said += (double)count[d * k + c], true_n += (double)count[c * k + d];
        r[c] = rates((double)count[c * k + c], said, true_n);
        right += (double)count[c * k + c];
        seen += said + true_n > 0;
    }
    json_key_open_array(t, "report");
    for (uint32_t c = 0; c < k; c++) {
        json_open(t);
        json_key_text(t, "class", s->b->class_name[c]);
        put_rates(t, &r[c]);
        json_close(t);
        add_rates(&macro, &r[c], 1. / seen);
        add_rates(&weighted, &r[c], r[c].support / n);
    }
    json_close_array(t);
    Rates micro = rates(right, n, n);
    const struct { const char *name; const Rates *rates; } mean[] = { { "macro", &macro }, { "micro", &micro }, { "weighted", &weighted } };
    for (size_t i = 0; i < 3; i++) {
        json_key_open(t, mean[i].name);
        put_rates(t, mean[i].rates);
        json_close(t);
    }
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
    for (uint32_t c = 0; c < k; c++) json_text(s->json, s->b->class_name[c]);
    json_close_array(s->json);
    json_key_open_array(s->json, "matrix");
    for (uint32_t c = 0; c < k; c++) {
        json_open_array(s->json);
        for (uint32_t d = 0; d < k; d++) json_int(s->json, (int64_t)count[c * k + d]);
        json_close_array(s->json);
    }
    json_close_array(s->json);
    put_report(s, count);
    json_close(s->json);
    ctx_put(cx, count);
    return OK;
}

Err study_classes(Ctx *cx, Study *s)
{
    if (s->b->task == TASK_REGRESSION) return OK;
    TRY(cx, put_calibration(cx, s));
    TRY(cx, put_confusion(cx, s));
    return OK;
}

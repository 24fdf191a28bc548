/* model/ranked.c -- form "ranked": a detector's answers as log-odds of the share of training rows below them. */
#include "model/outliers.h"

#include "model/forms.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define KNOTS_EVEN 64              /* even steps through the ranks */
#define KNOTS_MAX 128              /* and as many again as the top ranks halve */
#define MARGIN_MAX 40.             /* beyond it nothing is told apart */

typedef struct Ranked {
    Model head;
    Model *inner;
    uint32_t n;                    /* knots, at least 1 */
    double at[KNOTS_MAX], value[KNOTS_MAX];      /* both rising */
} Ranked;

static int by_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void ranked_free(Ctx *cx, Model *model)
{
    Ranked *m = (Ranked *)model;
    model_free(cx, m->inner);
    ctx_put(cx, m);
}

static Err ranked_empty(Ctx *cx, Model *inner, Ranked **out)
{
    Ranked *m = ctx_get(cx, sizeof *m);
    *out = m;
    if (!m) {
        model_free(cx, inner);
        return FAIL(cx, ERR_NOMEM, "ranking a detector's answers");
    }
    m->head = (Model){ .form = &form_ranked, .outputs = 1, .cols = inner->cols };
    m->inner = inner;
    return OK;
}

/* A knot at the value of rank r (0 .. n-1), at the middle rank of all that share it. */
static void add_knot(Ranked *m, const double *sorted, size_t n, size_t r)
{
    size_t lo = r, hi = r;
    if (m->n == KNOTS_MAX || (m->n && !(sorted[r] > m->at[m->n - 1]))) return;
    while (lo > 0 && sorted[lo - 1] == sorted[r]) lo--;
    while (hi + 1 < n && sorted[hi + 1] == sorted[r]) hi++;
    double p = ((double)lo + (double)hi + 1) / 2 / (double)n;
    m->at[m->n] = sorted[r];
    m->value[m->n++] = log(p / (1 - p));
}

static void make_knots(Ranked *m, const double *sorted, size_t n)
{
    size_t last = SIZE_MAX;
    for (size_t k = 0; k < KNOTS_EVEN; k++) {
        size_t r = k * n / KNOTS_EVEN;
        if (r != last) add_knot(m, sorted, n, r);
        last = r;
    }
    for (size_t above = n / KNOTS_EVEN / 2; above > 0; above /= 2) add_knot(m, sorted, n, n - 1 - above);
    add_knot(m, sorted, n, n - 1);
}

Err ranked_new(Ctx *cx, Model *inner, const double *raw, size_t n, Model **out)
{
    Err err = OK;
    Ranked *m;
    double *sorted = NULL;
    *out = NULL;
    TRY(cx, ranked_empty(cx, inner, &m));
    if (!n || inner->outputs != 1) {
        err = FAIL(cx, ERR_SHAPE, "ranking %zu answers of a detector with %u outputs", n, inner->outputs);
        goto done;
    }
    GET_DONE(cx, sorted, n, "ranking %zu answers", n);
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(raw[i])) {
            err = FAIL(cx, ERR_NUMERIC, "a detector's answer for training row %zu is not a number", i + 1);
            goto done;
        }
        sorted[i] = raw[i];
    }
    qsort(sorted, n, sizeof *sorted, by_double);
    make_knots(m, sorted, n);
    *out = &m->head;
    m = NULL;
done:
    if (m) ranked_free(cx, &m->head);
    ctx_put(cx, sorted);
    return err;
}

/* Straight lines; beyond the ends as steep as all knots together. */
static double rank_of(const Ranked *m, double x)
{
    uint32_t lo = 0, hi = m->n - 1;
    double all = hi ? (m->value[hi] - m->value[0]) / (m->at[hi] - m->at[0]) : 0, z;
    if (x <= m->at[0]) z = m->value[0] + all * (x - m->at[0]);
    else if (x >= m->at[hi]) z = m->value[hi] + all * (x - m->at[hi]);
    else {
        while (hi - lo > 1) {
            uint32_t mid = (lo + hi) / 2;
            if (m->at[mid] <= x) lo = mid;
            else hi = mid;
        }
        z = m->value[lo] + (m->value[hi] - m->value[lo]) * ((x - m->at[lo]) / (m->at[hi] - m->at[lo]));
    }
    return fmin(fmax(z, -MARGIN_MAX), MARGIN_MAX);
}

static Err ranked_margin(Ctx *cx, const Model *model, const Frame *X, const uint32_t *rows, size_t n, double *out)
{
    const Ranked *m = (const Ranked *)model;
    TRY(cx, model_margin(cx, m->inner, X, rows, n, out));
    for (size_t i = 0; i < n; i++) out[i] = rank_of(m, out[i]);
    return OK;
}

static bool ranked_can(const Model *model)
{
    return model_explains_itself(((const Ranked *)model)->inner);
}

static Err ranked_explain(Ctx *cx, const Model *model, const Frame *X, const uint32_t *rows, size_t n, double *out)
{
    const Ranked *m = (const Ranked *)model;
    size_t wide = (size_t)model->cols + 1;
    TRY(cx, m->inner->form->explain(cx, m->inner, X, rows, n, out));
    for (size_t i = 0; i < n; i++) {
        double *phi = out + i * wide, base = phi[model->cols], sum = base;
        for (size_t j = 0; j < model->cols; j++) sum += phi[j];
        double from = rank_of(m, base), to = rank_of(m, sum), far = sum - base;
        double share = fabs(far) > 1e-12 ? (to - from) / far : 0;
        for (size_t j = 0; j < model->cols; j++) phi[j] *= share;
        phi[model->cols] = share != 0 ? from : to;
    }
    return OK;
}

static Err ranked_save(Ctx *cx, const Model *model, Text *out)
{
    const Ranked *m = (const Ranked *)model;
    put_u32(out, m->n);
    for (uint32_t k = 0; k < m->n; k++) {
        put_f64(out, m->at[k]);
        put_f64(out, m->value[k]);
    }
    TRY(cx, model_save(cx, m->inner, out));
    return OK;
}

static Err ranked_load(Ctx *cx, const void *bytes, size_t n, Model **out)
{
    Reader r = { bytes, n, false };
    double at[KNOTS_MAX], value[KNOTS_MAX];
    Model *inner = NULL;
    Ranked *m = NULL;
    *out = NULL;
    uint32_t knots = get_u32(&r);
    bool fine = knots > 0 && knots <= KNOTS_MAX;
    for (uint32_t k = 0; fine && k < knots; k++) {
        at[k] = get_f64(&r);
        value[k] = get_f64(&r);
        fine = isfinite(at[k]) && isfinite(value[k]) && fabs(value[k]) <= 1e6 && (!k || (at[k] > at[k - 1] && value[k] >= value[k - 1]));
    }
    if (!fine || r.short_) return FAIL(cx, ERR_CORRUPT, "a stored ranked model is damaged");
    size_t name_n;
    Reader peek = r;
    const char *name = get_str(&peek, &name_n);
    if (name && form_find(name, name_n) == &form_ranked) return FAIL(cx, ERR_CORRUPT, "a stored ranked model holds another one");
    TRY(cx, model_load(cx, r.at, r.n, &inner));
    if (inner->outputs != 1) {
        model_free(cx, inner);
        return FAIL(cx, ERR_CORRUPT, "a stored ranked model's detector has more than one output");
    }
    TRY(cx, ranked_empty(cx, inner, &m));
    m->n = knots;
    memcpy(m->at, at, knots * sizeof *at);
    memcpy(m->value, value, knots * sizeof *value);
    *out = &m->head;
    return OK;
}

const Form form_ranked = {
    .name        = "ranked",
    .margin      = ranked_margin,
    .explain     = ranked_explain,
    .can_explain = ranked_can,
    .save        = ranked_save,
    .load        = ranked_load,
    .free        = ranked_free,
};

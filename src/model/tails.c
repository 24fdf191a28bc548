/* model/tails.c -- form "tails": how far out in its columns' distributions a row lies (ECOD). */
#include "model/outliers.h"

#include "model/forms.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define EXTREMES 256               /* different values kept at each end; quantiles between */
#define LEVELS_MAX (1u << 20)

typedef struct Tail {              /* one column */
    bool category;
    uint32_t n;                    /* knots, or levels */
    uint32_t gaps;                 /* training rows in which it is missing */
    double mean;                   /* of its share of the answer, over the training rows */
    float *at;                     /* knots: different values, rising */
    uint32_t *below, *upto;        /* knots: rows with a smaller value; with this one or a smaller.  levels: upto counts */
} Tail;

typedef struct Tails {
    Model head;
    uint32_t rows;
    Tail *tail;                    /* head.cols */
} Tails;

static int by_float(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void tails_free(Ctx *cx, Model *model)
{
    Tails *m = (Tails *)model;
    for (uint32_t j = 0; m->tail && j < model->cols; j++) {
        ctx_put(cx, m->tail[j].at);
        ctx_put(cx, m->tail[j].below);
        ctx_put(cx, m->tail[j].upto);
    }
    ctx_put(cx, m->tail);
    ctx_put(cx, m);
}

static Err tails_empty(Ctx *cx, uint32_t cols, Tails **out)
{
    Tails *m = *out = ctx_get(cx, sizeof *m);
    if (!m) return FAIL(cx, ERR_NOMEM, "tails of %u columns", cols);
    m->head = (Model){ .form = &form_tails, .outputs = 1, .cols = cols };
    m->tail = ctx_get_n(cx, cols, sizeof *m->tail);
    if (m->tail) return OK;
    ctx_put(cx, m);
    *out = NULL;
    return FAIL(cx, ERR_NOMEM, "tails of %u columns", cols);
}

static Err tail_room(Ctx *cx, Tail *t, uint32_t n)
{
    t->at = t->category ? NULL : ctx_get_n(cx, n ? n : 1, sizeof *t->at);
    t->below = t->category ? NULL : ctx_get_n(cx, n ? n : 1, sizeof *t->below);
    t->upto = ctx_get_n(cx, n ? n : 1, sizeof *t->upto);
    if (!t->upto || (!t->category && (!t->at || !t->below))) return FAIL(cx, ERR_NOMEM, "tails of a column");
    return OK;
}

/* ------------------------------------------------------------------ answers */

static double rare(double count, double n) { return -log((count + 1) / (n + 1)); }

static double of_number(const Tail *t, double rows, float x)
{
    double n = rows - t->gaps, below, upto;
    if (isnan(x)) return rare(t->gaps, rows);
    if (!t->n) return rare(0, rows);
    uint32_t lo = 0, hi = t->n;            /* first knot beyond x */
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (t->at[mid] <= x) lo = mid + 1;
        else hi = mid;
    }
    if (!lo) below = upto = 0;
    else if (t->at[lo - 1] == x) below = t->below[lo - 1], upto = t->upto[lo - 1];
    else if (lo == t->n) below = upto = n;
    else {                                 /* between two knots: nobody, or those that were thinned out */
        double width = (double)t->at[lo] - (double)t->at[lo - 1], part = ((double)x - (double)t->at[lo - 1]) / width;
        below = upto = t->upto[lo - 1] + part * ((double)t->below[lo] - t->upto[lo - 1]);
    }
    return fmax(rare(upto, n), rare(n - below, n));
}

static double share_of(const Tails *m, const Tail *t, float x)
{
    double rows = m->rows;
    if (!t->category) return of_number(t, rows, x);
    if (isnan(x)) return rare(t->gaps, rows);
    return rare(x >= 0 && x < (float)t->n ? t->upto[(uint32_t)x] : 0, rows);
}

static Err tails_margin(Ctx *cx, const Model *model, const Frame *X, const uint32_t *rows, size_t n, double *out)
{
    const Tails *m = (const Tails *)model;
    (void)cx;
    for (size_t i = 0; i < n; i++) {
        size_t r = rows ? rows[i] : i;
        double sum = 0;
        for (uint32_t j = 0; j < model->cols; j++) sum += share_of(m, &m->tail[j], X->col[j][r]);
        out[i] = sum;
    }
    return OK;
}

static Err tails_explain(Ctx *cx, const Model *model, const Frame *X, const uint32_t *rows, size_t n, double *out)
{
    const Tails *m = (const Tails *)model;
    size_t wide = (size_t)model->cols + 1;
    (void)cx;
    for (size_t i = 0; i < n; i++) {
        size_t r = rows ? rows[i] : i;
        double *phi = out + i * wide;
        phi[model->cols] = 0;
        for (uint32_t j = 0; j < model->cols; j++) {
            phi[j] = share_of(m, &m->tail[j], X->col[j][r]) - m->tail[j].mean;
            phi[model->cols] += m->tail[j].mean;
        }
    }
    return OK;
}

/* -------------------------------------------------------------------- fitting */

static Err fit_category(Ctx *cx, Tail *t, uint32_t levels, const float *x, size_t n)
{
    t->category = true;
    t->n = levels;
    TRY(cx, tail_room(cx, t, levels));
    for (size_t i = 0; i < n; i++) {
        if (isnan(x[i])) t->gaps++;
        else if (x[i] >= 0 && x[i] < (float)levels) t->upto[(uint32_t)x[i]]++;
    }
    return OK;
}

/* Of `different` values: all, or both ends and even steps between. */
static bool keep_knot(size_t at, size_t different)
{
    if (different <= TAILS_KNOTS_MAX || at < EXTREMES || at + EXTREMES >= different) return true;
    size_t room = TAILS_KNOTS_MAX - 2 * EXTREMES, inside = different - 2 * EXTREMES, i = at - EXTREMES;
    return i * room / inside != (i + 1) * room / inside;
}

static Err fit_number(Ctx *cx, Tail *t, float *x, size_t n)
{
    size_t known = 0, different = 0, at = 0;
    for (size_t i = 0; i < n; i++)
        if (!isnan(x[i])) x[known++] = x[i];
    t->gaps = (uint32_t)(n - known);
    qsort(x, known, sizeof *x, by_float);
    for (size_t i = 0; i < known; i++) different += !i || x[i] != x[i - 1];
    TRY(cx, tail_room(cx, t, different < TAILS_KNOTS_MAX ? (uint32_t)different : TAILS_KNOTS_MAX));
    for (size_t from = 0, to; from < known; from = to, at++) {
        for (to = from + 1; to < known && x[to] == x[from]; to++) {}
        if (!keep_knot(at, different)) continue;
        t->at[t->n] = x[from];
        t->below[t->n] = (uint32_t)from;
        t->upto[t->n++] = (uint32_t)to;
    }
    return OK;
}

Err tails_new(Ctx *cx, const Frame *X, const uint32_t *rows, size_t n, Model **out)
{
    Err err = OK;
    Tails *m = NULL;
    float *x = NULL;
    *out = NULL;
    if (!n || !X->cols || n > OUTLIERS_ROWS_MAX) return FAIL(cx, ERR_SHAPE, "tails of %zu rows x %zu columns", n, X->cols);
    TRY(cx, tails_empty(cx, (uint32_t)X->cols, &m));
    m->rows = (uint32_t)n;
    GET_DONE(cx, x, n, "tails of %zu rows", n);
    for (uint32_t j = 0; j < m->head.cols; j++) {
        Tail *t = &m->tail[j];
        for (size_t i = 0; i < n; i++) x[i] = X->col[j][rows ? rows[i] : i];
        if (X->feature[j].kind == FEATURE_CATEGORY) TRY_DONE(cx, fit_category(cx, t, X->feature[j].levels, x, n));
        else TRY_DONE(cx, fit_number(cx, t, x, n));
        for (size_t i = 0; i < n; i++) t->mean += share_of(m, t, X->col[j][rows ? rows[i] : i]);
        t->mean /= (double)n;
        TRY_DONE(cx, ctx_check(cx));
    }
    *out = &m->head;
    m = NULL;
done:
    if (m) tails_free(cx, &m->head);
    ctx_put(cx, x);
    return err;
}

/* -------------------------------------------------------------------- storing */

static Err tails_save(Ctx *cx, const Model *model, Text *out)
{
    const Tails *m = (const Tails *)model;
    (void)cx;
    put_u32(out, model->cols);
    put_u32(out, m->rows);
    for (uint32_t j = 0; j < model->cols; j++) {
        const Tail *t = &m->tail[j];
        put_u8(out, t->category);
        put_u32(out, t->n);
        put_u32(out, t->gaps);
        put_f64(out, t->mean);
        for (uint32_t k = 0; k < t->n; k++) {
            if (!t->category) {
                put_f32(out, t->at[k]);
                put_u32(out, t->below[k]);
            }
            put_u32(out, t->upto[k]);
        }
    }
    return OK;
}

/* False: damaged. */
static bool read_knots(Reader *r, Tail *t, uint32_t rows)
{
    for (uint32_t k = 0; k < t->n; k++) {
        if (!t->category) {
            t->at[k] = get_f32(r);
            t->below[k] = get_u32(r);
            if (!isfinite(t->at[k]) || (k && !(t->at[k] > t->at[k - 1] && t->below[k] >= t->upto[k - 1]))) return false;
        }
        t->upto[k] = get_u32(r);
        if (t->upto[k] > rows || (!t->category && t->upto[k] <= t->below[k])) return false;
    }
    return !r->short_;
}

static Err tails_load(Ctx *cx, const void *bytes, size_t n, Model **out)
{
    Reader r = { bytes, n, false };
    Err err = OK;
    Tails *m = NULL;
    *out = NULL;
    uint32_t cols = get_u32(&r), rows = get_u32(&r);
    bool fine = !r.short_ && cols && rows && cols <= r.n / 17;
    if (!fine) return FAIL(cx, ERR_CORRUPT, "a stored model of tails is damaged");
    TRY(cx, tails_empty(cx, cols, &m));
    m->rows = rows;
    for (uint32_t j = 0; fine && j < cols; j++) {
        Tail *t = &m->tail[j];
        uint8_t category = get_u8(&r);
        uint32_t knots = get_u32(&r);
        t->category = category;
        t->gaps = get_u32(&r);
        t->mean = get_f64(&r);
        fine = !r.short_ && category <= 1 && t->gaps <= rows && isfinite(t->mean) &&
               knots <= (category ? LEVELS_MAX : TAILS_KNOTS_MAX) && knots <= r.n / (category ? 4 : 12);
        if (!fine) break;
        TRY_DONE(cx, tail_room(cx, t, knots));
        t->n = knots;
        fine = read_knots(&r, t, rows);
    }
    if (!fine || r.n) {
        err = FAIL(cx, ERR_CORRUPT, "a stored model of tails is damaged");
        goto done;
    }
    *out = &m->head;
    m = NULL;
done:
    if (m) tails_free(cx, &m->head);
    return err;
}

const Form form_tails = {
    .name    = "tails",
    .margin  = tails_margin,
    .explain = tails_explain,
    .save    = tails_save,
    .load    = tails_load,
    .free    = tails_free,
};

/* learn/kinds/pca_residual.c -- detector: squared error of reconstructing a row from the leading principal components.
**
** Orthogonal iteration on the covariance of the standardised dense view, with a Rayleigh-Ritz step at the end (Golub,
** Van Loan, ch. 8): as many axes as explain the share asked for, one fewer than columns at most.
** Cost: rows x columns^2 once, then columns^2 x axes a pass.
*/
#include "base/random.h"
#include "learn/algebra.h"
#include "learn/detect.h"
#include "learn/kinds/kinds.h"

#include <math.h>
#include <string.h>

#define AXES_MAX 64u
#define COLS_MAX 1500u
#define GRAM_WORK 3e9              /* rows x columns^2 at most: fewer rows are looked at then */
#define PASSES 200
#define SETTLED 1e-9               /* relative change of what the axes explain */

static const Param params[] = {
    { .name = "explained", .unit = "share", .help = "variance that the kept components explain", .lo = .5, .hi = .999,
      .start = { [TASK_ANOMALY] = .9 }, .scale = PARAM_LINEAR },
    { .name = NULL },
};

typedef struct Pca {
    Dense *dense;
    size_t d, wide;                /* columns; doubles a row of the covariance */
    uint32_t q, keep;
    double *mean, *cov, *axis, *next, *value;
    double total;
} Pca;

static void pca_clear(Ctx *cx, Pca *p)
{
    dense_free(cx, p->dense);
    ctx_put(cx, p->mean);
    ctx_put(cx, p->cov);
    ctx_put(cx, p->axis);
    ctx_put(cx, p->next);
    ctx_put(cx, p->value);
}

static Err covariance(Ctx *cx, const FitIn *in, const uint32_t *rows, size_t n, Pca *p)
{
    Err err = OK;
    float *x = NULL;
    double *one = NULL;
    enum { BLOCK = 256 };
    GET_DONE(cx, x, BLOCK * p->wide, "the covariance of %zu columns", p->d);
    GET_DONE(cx, one, BLOCK, "the covariance of %zu columns", p->d);
    for (size_t i = 0; i < BLOCK; i++) one[i] = 1;
    for (size_t from = 0; from < n; from += BLOCK) {
        size_t some = n - from < BLOCK ? n - from : BLOCK;
        TRY_DONE(cx, ctx_check(cx));
        dense_apply(p->dense, &in->X, rows + from, some, x, p->wide);
        for (size_t i = 0; i < some; i++)
            for (size_t j = 0; j < p->d; j++) p->mean[j] += (double)x[i * p->wide + j];
        algebra_gram(x, some, p->wide, one, p->cov);
    }
    for (size_t j = 0; j < p->d; j++) p->mean[j] /= (double)n;
    for (size_t i = 0; i < p->d; i++)
        for (size_t j = 0; j <= i; j++) {
            double c = p->cov[i * p->wide + j] / (double)n - p->mean[i] * p->mean[j];
            p->cov[i * p->wide + j] = p->cov[j * p->wide + i] = c;
            if (i == j) p->total += c;
        }
done:
    ctx_put(cx, x);
    ctx_put(cx, one);
    return err;
}

/* Gram-Schmidt, twice for safety; an axis that vanishes becomes zero. */
static void straighten(double *axis, uint32_t q, size_t d)
{
    for (uint32_t k = 0; k < q; k++) {
        double *v = axis + k * d, length = 0;
        for (int twice = 0; twice < 2; twice++)
            for (uint32_t e = 0; e < k; e++) {
                const double *u = axis + e * d;
                double along = 0;
                for (size_t j = 0; j < d; j++) along += u[j] * v[j];
                for (size_t j = 0; j < d; j++) v[j] -= along * u[j];
            }
        for (size_t j = 0; j < d; j++) length += v[j] * v[j];
        length = sqrt(length);
        for (size_t j = 0; j < d; j++) v[j] = length > 1e-12 ? v[j] / length : 0;
    }
}

static void times_cov(const Pca *p, const double *from, double *to)
{
    memset(to, 0, p->q * p->d * sizeof *to);
    for (uint32_t k = 0; k < p->q; k++)
        for (size_t i = 0; i < p->d; i++) {
            double v = from[k * p->d + i];
            const double *row = p->cov + i * p->wide;
            if (v == 0) continue;
            for (size_t j = 0; j < p->d; j++) to[k * p->d + j] += v * row[j];
        }
}

/* Jacobi rotations of the q x q matrix axis' cov axis; axes turn along, and are sorted by what they explain. */
static void settle_axes(Pca *p)
{
    uint32_t q = p->q;
    double s[AXES_MAX][AXES_MAX];
    times_cov(p, p->axis, p->next);
    for (uint32_t a = 0; a < q; a++)
        for (uint32_t b = 0; b < q; b++) {
            s[a][b] = 0;
            for (size_t j = 0; j < p->d; j++) s[a][b] += p->axis[a * p->d + j] * p->next[b * p->d + j];
        }
    for (int sweep = 0; sweep < 30; sweep++) {
        double off = 0;
        for (uint32_t a = 0; a < q; a++)
            for (uint32_t b = a + 1; b < q; b++) {
                off += s[a][b] * s[a][b];
                if (fabs(s[a][b]) < 1e-300) continue;
                double theta = (s[b][b] - s[a][a]) / (2 * s[a][b]);
                double t = (theta >= 0 ? 1 : -1) / (fabs(theta) + sqrt(theta * theta + 1)), c = 1 / sqrt(t * t + 1), n = t * c;
                for (uint32_t k = 0; k < q; k++) {
                    double x = s[k][a], y = s[k][b];
                    s[k][a] = c * x - n * y, s[k][b] = n * x + c * y;
                }
                for (uint32_t k = 0; k < q; k++) {
                    double x = s[a][k], y = s[b][k];
                    s[a][k] = c * x - n * y, s[b][k] = n * x + c * y;
                }
                for (size_t j = 0; j < p->d; j++) {
                    double x = p->axis[a * p->d + j], y = p->axis[b * p->d + j];
                    p->axis[a * p->d + j] = c * x - n * y, p->axis[b * p->d + j] = n * x + c * y;
                }
            }
        if (off < 1e-24 * p->total * p->total) break;
    }
    for (uint32_t k = 0; k < q; k++) p->value[k] = s[k][k];
    for (uint32_t a = 0; a < q; a++)
        for (uint32_t b = a + 1; b < q; b++) {
            if (p->value[b] <= p->value[a]) continue;
            double v = p->value[a];
            p->value[a] = p->value[b], p->value[b] = v;
            for (size_t j = 0; j < p->d; j++) {
                double x = p->axis[a * p->d + j];
                p->axis[a * p->d + j] = p->axis[b * p->d + j], p->axis[b * p->d + j] = x;
            }
        }
}

static Err find_axes(Ctx *cx, Pca *p, double explained)
{
    Random r = random_make(cx->seed, "pca axes", p->d, 0);
    double before = -1, sum = 0;
    if (p->d < 2 || !(p->total > 0)) return OK;
    p->q = p->d - 1 < AXES_MAX ? (uint32_t)p->d - 1 : AXES_MAX;
    for (size_t i = 0; i < p->q * p->d; i++) p->axis[i] = random_normal(&r);
    straighten(p->axis, p->q, p->d);
    for (int pass = 0; pass < PASSES; pass++) {
        TRY(cx, ctx_check(cx));
        times_cov(p, p->axis, p->next);
        double now = 0;
        for (size_t i = 0; i < p->q * p->d; i++) now += p->axis[i] * p->next[i];
        double *swap = p->axis;
        p->axis = p->next;
        p->next = swap;
        straighten(p->axis, p->q, p->d);
        if (fabs(now - before) <= SETTLED * p->total) break;
        before = now;
    }
    settle_axes(p);
    while (p->keep < p->q && p->value[p->keep] > 1e-9 * p->total) {
        sum += p->value[p->keep++];
        if (sum >= explained * p->total) break;
    }
    return OK;
}

static Err fit(Ctx *cx, const FitIn *in, FitOut *out)
{
    Err err = OK;
    Pca p = { 0 };
    Model *raw = NULL;
    uint32_t *rows = NULL;
    size_t n;
    DenseOptions how = { .scale = DENSE_STANDARD, .onehot_max = 40, .missing_min = .001, .cols_max = COLS_MAX };
    *out = (FitOut){ 0 };
    TRY(cx, detect_check(cx, learner_pca_residual.name, in));
    TRY_DONE(cx, dense_fit(cx, &in->X, in->train, in->train_n, NULL, &how, &p.dense));
    p.d = dense_cols(p.dense);
    p.wide = algebra_stride(p.d);
    TRY_DONE(cx, detect_rows(cx, in, (size_t)fmax(2 * (double)p.d, GRAM_WORK / fmax((double)(p.d * p.d), 1)), learner_pca_residual.name, &rows, &n));
    GET_DONE(cx, p.mean, p.d + 1, "the covariance of %zu columns", p.d);
    GET_DONE(cx, p.cov, p.wide * p.wide + 1, "the covariance of %zu columns", p.d);
    GET_DONE(cx, p.axis, AXES_MAX * p.d + 1, "axes of %zu columns", p.d);
    GET_DONE(cx, p.next, AXES_MAX * p.d + 1, "axes of %zu columns", p.d);
    GET_DONE(cx, p.value, AXES_MAX, "axes of %zu columns", p.d);
    if (p.d) TRY_DONE(cx, covariance(cx, in, rows, n, &p));
    TRY_DONE(cx, find_axes(cx, &p, in->args[0]));
    Dense *dense = p.dense;
    p.dense = NULL;
    TRY_DONE(cx, subspace_new(cx, dense, p.mean, p.axis, p.keep, &raw));
    TRY_DONE(cx, detect_end(cx, in, raw, rows, n, NULL, out));
done:
    pca_clear(cx, &p);
    ctx_put(cx, rows);
    return err;
}

static double columns(const FitIn *in)
{
    double d = 1;
    for (size_t j = 0; j < in->X.cols; j++) d += in->X.feature[j].kind == FEATURE_NUMBER ? 1 : fmin(in->X.feature[j].levels, 40);
    return fmin(d, COLS_MAX);
}

static double guess_s(const FitIn *in)
{
    double d = columns(in), n = (double)in->train_n;
    return fmin(n * d * d, GRAM_WORK) * 3e-10 + d * d * fmin(d, AXES_MAX) * 40 * 6e-10 + (n + (double)in->valid_n) * d * 3e-8 + 1e-3;
}

static double guess_bytes(const FitIn *in)
{
    double d = columns(in);
    return d * d * 8 + d * AXES_MAX * 16 + (double)in->train_n * 16;
}

const Learner learner_pca_residual = {
    .name        = "pca_residual",
    .summary     = "anomalies are badly rebuilt from main components",
    .source      = "Jackson, Mudholkar 1979 (Q statistic); Shyu et al. 2003",
    .can         = LEARN_ANOMALY | LEARN_MISSING,
    .params      = params,
    .fit         = fit,
    .guess_s     = guess_s,
    .guess_bytes = guess_bytes,
};

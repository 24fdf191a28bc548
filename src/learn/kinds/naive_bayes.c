/* learn/kinds/naive_bayes.c -- each column apart: a normal density of numbers, smoothed shares of levels.
**
** With far = "kept" equal to scikit-learn's GaussianNB on numbers, but that a variance is smoothed by its own column's, so
** that units do not matter; CategoricalNB on levels; both at once add up.  What is missing is left out, in learning as in
** answering.  Cost: sorting each column of numbers.
*/
#include "learn/kinds/kinds.h"

#include <math.h>
#include <string.h>

enum { ALPHA, SMOOTHING, FAR, PARAMS_N };

static const Param naive_bayes_params[] = {
    [ALPHA] = { .name = "alpha", .unit = "rows", .help = "added to each level of each class", .lo = 1e-3, .hi = 100, .start = { 1, 1, 1 }, .scale = PARAM_LOG },
    [SMOOTHING] = { .name = "var_smoothing", .unit = "share", .help = "of a column's variance, added to that of each class", .lo = 1e-12, .hi = 1, .start = { 1e-9, 1e-9, 1e-9 },
                    .scale = PARAM_LOG },
    [FAR] = { .name = "far", .help = "values far from the middle half: as they are, or drawn in smoothly", .hi = 1, .start = { 1, 1, 1 }, .scale = PARAM_CHOICE,
              .choices = (const char *const[]){ "kept", "drawn_in", NULL } },
    { .name = NULL },
};

typedef struct Scratch { double *v; uint32_t *order; } Scratch;      /* training rows */

static double weight_of(const FitIn *in, uint32_t row) { return in->weight ? (double)in->weight[row] : 1; }

typedef struct Moments { double w, mean, square; } Moments;      /* square: sum of w (x - mean)^2 */

static void moments_add(Moments *m, double w, double x)
{
    if (!(w > 0)) return;
    m->w += w;
    double by = x - m->mean;
    m->mean += by * w / m->w;
    m->square += w * by * (x - m->mean);
}

/* Where the middle half of a column lies; factor 0 where it has no width, and when far values are kept. */
static Err find_middle(Ctx *cx, const FitIn *in, size_t col, Scratch *s, BayesColumn *c)
{
    size_t n = 0;
    if (in->args[FAR] < 1) return OK;
    for (size_t i = 0; i < in->train_n; i++) {
        double x = (double)in->X.col[col][in->train[i]];
        if (isfinite(x) && weight_of(in, in->train[i]) > 0) s->v[n++] = x;
    }
    if (!n) return OK;
    TRY(cx, order_of(cx, s->v, 1, n, s->order));
    double low = s->v[s->order[n / 4]], high = s->v[s->order[n - 1 - n / 4]];
    if (!(high > low)) low = s->v[s->order[0]], high = s->v[s->order[n - 1]];
    if (!(high > low) || !isfinite(1 / (high - low))) return OK;
    c->centre = s->v[s->order[n / 2]];
    c->factor = 1 / (high - low);
    return OK;
}

/* A class without a value in the column is spoken of as all rows are. */
static Err normal(Ctx *cx, const FitIn *in, size_t col, Scratch *s, Moments *m, double *v, BayesColumn *out)
{
    uint32_t k = in->classes;
    *out = (BayesColumn){ .kind = BAYES_NOTHING };
    TRY(cx, find_middle(cx, in, col, s, out));
    memset(m, 0, (k + 1) * sizeof *m);
    for (size_t i = 0; i < in->train_n; i++) {
        uint32_t row = in->train[i];
        double x = (double)in->X.col[col][row], w = weight_of(in, row);
        if (!isfinite(x)) continue;
        x = bayes_drawn_in(x, out->centre, out->factor);
        moments_add(&m[(uint32_t)in->y[row]], w, x);
        moments_add(&m[k], w, x);
    }
    if (!(m[k].square > 0)) return OK;
    double all = m[k].square / m[k].w;
    for (uint32_t c = 0; c < k; c++) {
        const Moments *own = m[c].w > 0 ? &m[c] : &m[k];
        v[c] = own->mean;
        v[k + c] = fmax(own->square / own->w + in->args[SMOOTHING] * all, 1e-90);
    }
    out->kind = BAYES_NORMAL;
    out->value = v;
    return OK;
}

static BayesColumn shares(const FitIn *in, size_t col, double *v)
{
    uint32_t k = in->classes, levels = in->X.feature[col].levels;
    double alpha = in->args[ALPHA];
    if (!levels || levels > BAYES_LEVELS_MAX) return (BayesColumn){ .kind = BAYES_NOTHING };
    for (size_t i = 0; i < (size_t)k * levels; i++) v[i] = alpha;
    for (size_t i = 0; i < in->train_n; i++) {
        uint32_t row = in->train[i];
        float x = in->X.col[col][row];
        if (x >= 0 && x < (float)levels) v[(size_t)in->y[row] * levels + (uint32_t)x] += weight_of(in, row);
    }
    for (uint32_t c = 0; c < k; c++) {
        double all = 0;
        for (uint32_t l = 0; l < levels; l++) all += v[(size_t)c * levels + l];
        for (uint32_t l = 0; l < levels; l++) v[(size_t)c * levels + l] = log(v[(size_t)c * levels + l] / all);
    }
    return (BayesColumn){ .kind = BAYES_LEVELS, .levels = levels, .value = v };
}

/* Logs of the classes' shares; a class nobody showed counts half a row. */
static void priors(const FitIn *in, double *prior)
{
    double all = 0;
    memset(prior, 0, in->classes * sizeof *prior);
    for (size_t i = 0; i < in->train_n; i++) prior[(uint32_t)in->y[in->train[i]]] += weight_of(in, in->train[i]);
    for (uint32_t c = 0; c < in->classes; c++) all += prior[c] = prior[c] > 0 ? prior[c] : .5;
    for (uint32_t c = 0; c < in->classes; c++) prior[c] = log(prior[c] / all);
}

static size_t values_of(const FitIn *in, size_t col)
{
    const Feature *f = &in->X.feature[col];
    return (size_t)in->classes * (f->kind == FEATURE_NUMBER ? 2 : f->levels > BAYES_LEVELS_MAX ? 0 : f->levels);
}

static Err naive_bayes_fit(Ctx *cx, const FitIn *in, FitOut *out)
{
    Err err = OK;
    Scratch some = { 0 };
    Moments *m = NULL;
    BayesColumn *column = NULL;
    double *prior = NULL, *value = NULL;
    size_t values = 0;
    *out = (FitOut){ 0 };
    if (!in->train_n || !in->X.cols)
        return FAIL(cx, ERR_SHAPE, "'naive_bayes' needs rows and columns: it got %zu and %zu", in->train_n, in->X.cols);
    TRY(cx, ctx_check(cx));
    for (size_t j = 0; j < in->X.cols; j++) values += values_of(in, j);
    GET_DONE(cx, m, in->classes + 1, "naive Bayes of %u classes", in->classes);
    GET_DONE(cx, column, in->X.cols, "naive Bayes of %zu columns", in->X.cols);
    GET_DONE(cx, prior, in->classes, "naive Bayes of %u classes", in->classes);
    GET_DONE(cx, value, values, "naive Bayes of %zu values", values);
    GET_DONE(cx, some.v, in->train_n, "naive Bayes of %zu rows", in->train_n);
    GET_DONE(cx, some.order, in->train_n, "naive Bayes of %zu rows", in->train_n);
    double *at = value;
    priors(in, prior);
    for (size_t j = 0; j < in->X.cols; j++) {
        if (j % 16 == 0) TRY_DONE(cx, ctx_check(cx));
        if (in->X.feature[j].kind == FEATURE_NUMBER) TRY_DONE(cx, normal(cx, in, j, &some, m, at, &column[j]));
        else column[j] = shares(in, j, at);
        at += values_of(in, j);
    }
    TRY_DONE(cx, bayes_new(cx, in->classes, (uint32_t)in->X.cols, prior, column, &out->model));
done:
    ctx_put(cx, some.v);
    ctx_put(cx, some.order);
    ctx_put(cx, m);
    ctx_put(cx, column);
    ctx_put(cx, prior);
    ctx_put(cx, value);
    return err;
}

static double naive_bayes_s(const FitIn *in) { return (double)in->train_n * (double)in->X.cols * 1e-7; }

static double naive_bayes_bytes(const FitIn *in)
{
    double values = 0;
    for (size_t j = 0; j < in->X.cols; j++) values += (double)values_of(in, j);
    return 32 * values + 16 * (double)in->train_n;
}

const Learner learner_naive_bayes = {
    .name        = "naive_bayes",
    .summary     = "each column apart: normal densities, shares of levels",
    .source      = "Maron 1961; Chan, Golub, LeVeque 1979 for the sums",
    .can         = LEARN_BINARY | LEARN_MULTICLASS | LEARN_WEIGHTS | LEARN_MISSING | LEARN_NO_EXPORT,
    .params      = naive_bayes_params,
    .fit         = naive_bayes_fit,
    .guess_s     = naive_bayes_s,
    .guess_bytes = naive_bayes_bytes,
};

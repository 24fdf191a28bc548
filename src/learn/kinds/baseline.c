/* learn/kinds/baseline.c -- answers the same for every row: how often each class came, the mean or the median.
**
** The score to beat, and the model that a budget too small for anything else still gets.
*/
#include "learn/kinds/kinds.h"

#include <math.h>

enum { CENTRE, PARAMS_N };

static const Param baseline_params[] = {
    { .name = "centre", .help = "what a value is answered with; classes are answered with their shares",
      .hi = 1, .scale = PARAM_CHOICE, .choices = (const char *const[]){ "mean", "median", NULL }, .fixed = true },
    { .name = NULL },
};

static double weight_of(const FitIn *in, uint32_t row) { return in->weight ? (double)in->weight[row] : 1; }

static double mean(const FitIn *in)
{
    double first = in->y[in->train[0]], sum = 0, all = 0;
    for (size_t i = 0; i < in->train_n; i++) {
        double w = weight_of(in, in->train[i]);
        sum += w * (in->y[in->train[i]] - first);
        all += w;
    }
    return all > 0 ? first + sum / all : first;
}

/* The value with half of the weight on either side; between two, their middle. */
static Err median(Ctx *cx, const FitIn *in, double *out)
{
    Err err = OK;
    double *v = NULL, all = 0, upto = 0;
    uint32_t *order = NULL;
    size_t n = in->train_n;
    GET_DONE(cx, v, n, "the median of %zu values", n);
    GET_DONE(cx, order, n, "the median of %zu values", n);
    for (size_t i = 0; i < n; i++) {
        v[i] = in->y[in->train[i]];
        all += weight_of(in, in->train[i]);
    }
    TRY_DONE(cx, order_of(cx, v, 1, n, order));
    *out = v[order[0]];
    for (size_t i = 0; i < n; i++) {
        upto += weight_of(in, in->train[order[i]]);
        if (2 * upto < all) continue;
        *out = v[order[i]];
        if (2 * upto == all && i + 1 < n) *out += (v[order[i + 1]] - *out) / 2;
        break;
    }
done:
    ctx_put(cx, v);
    ctx_put(cx, order);
    return err;
}

/* Shares with half a row added to each class, so that no margin is infinite. */
static void shares(const FitIn *in, double *margin)
{
    for (uint32_t c = 0; c < in->classes; c++) margin[c] = .5;
    for (size_t i = 0; i < in->train_n; i++) margin[(uint32_t)in->y[in->train[i]]] += weight_of(in, in->train[i]);
    double all = 0;
    for (uint32_t c = 0; c < in->classes; c++) all += margin[c];
    for (uint32_t c = 0; c < in->classes; c++) margin[c] = log(margin[c] / all);
    if (in->task == TASK_BINARY) margin[0] = margin[1] - margin[0];
}

static Err baseline_fit(Ctx *cx, const FitIn *in, FitOut *out)
{
    Err err = OK;
    double *margin = NULL;
    *out = (FitOut){ 0 };
    if (!in->train_n || !in->X.cols)
        return FAIL(cx, ERR_SHAPE, "'baseline' needs rows and columns: it got %zu and %zu", in->train_n, in->X.cols);
    TRY(cx, ctx_check(cx));
    GET_DONE(cx, margin, in->classes + 1, "the shares of %u classes", in->classes);
    if (in->task != TASK_REGRESSION) shares(in, margin);
    else if (in->args[CENTRE] >= 1) TRY_DONE(cx, median(cx, in, margin));
    else *margin = mean(in);
    TRY_DONE(cx, constant_new(cx, task_outputs(in->task, in->classes), (uint32_t)in->X.cols, margin, &out->model));
done:
    ctx_put(cx, margin);
    return err;
}

static double baseline_s(const FitIn *in) { return 1e-8 * (double)in->train_n; }
static double baseline_bytes(const FitIn *in) { return 24 * (double)in->train_n; }

const Learner learner_baseline = {
    .name        = "baseline",
    .summary     = "the same answer for every row: shares, mean or median",
    .source      = "Laplace 1812; the yardstick of every comparison",
    .can         = LEARN_BINARY | LEARN_MULTICLASS | LEARN_REGRESSION | LEARN_WEIGHTS | LEARN_MISSING,
    .params      = baseline_params,
    .fit         = baseline_fit,
    .guess_s     = baseline_s,
    .guess_bytes = baseline_bytes,
};

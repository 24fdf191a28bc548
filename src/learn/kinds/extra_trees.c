/* learn/kinds/extra_trees.c -- extremely randomised trees (Geurts et al. 2006) by LightGBM.
**
** LightGBM grows one tree an output a round, each on the same targets: the gradients handed over are those of the
** targets about their mean, whatever was grown before, so every leaf holds the mean of its rows.  For classes the
** targets are 0 and 1 for each class, so leaves hold shares, and the mean over trees is a probability.
*/
#include "base/random.h"
#include "learn/kinds/kinds.h"
#include "learn/lightgbm_lib.h"

#include <math.h>
#include <string.h>

#define POOL_MIB 64                /* of histograms; a big tree's do not all fit, and need not */
#define DEPTH_MAX 60
#define SURE_MIN 1e-5              /* shares are kept from 0 and 1 by one over the rows, in these bounds */
#define SURE_MAX 1e-3
#define BARREN_MAX 5               /* rounds in a row that could not split */

enum { TREES, LEAF_ROWS, FEATURES, BAGGING, LEAVES };

static const Param params[] = {
    [TREES] = { "trees", "trees", "trees an output", 1, 1000, { 100, 100, 100 }, PARAM_WHOLE_LOG, NULL, true },
    [LEAF_ROWS] = { "min_data_in_leaf", "rows", "fewest rows in a leaf", 1, 32, { 2, 2, 3 }, PARAM_WHOLE_LOG, NULL, false },
    [FEATURES] = { "feature_fraction_bynode", "share", "columns each split may use", 0.1, 1, { .5, .5, .5 }, PARAM_LINEAR, NULL, false },
    [BAGGING] = { "bagging_fraction", "share", "rows each tree sees", 0.5, 1, { 1, 1, 1 }, PARAM_LINEAR, NULL, false },
    [LEAVES] = { "max_leaves", "leaves", "most leaves of a tree", 16, 32768, { 4096, 4096, 4096 }, PARAM_WHOLE_LOG, NULL, true },
    { .name = NULL },
};

static double whole(const double *args, int i) { return floor(args[i] + 0.5); }

static double leaves_most(const FitIn *in)
{
    double fit = (double)in->train_n / fmax(1, whole(in->args, LEAF_ROWS));
    return fmax(2, fmin(whole(in->args, LEAVES), floor(fit)));
}

static void write_params(Ctx *cx, const FitIn *in, uint32_t outputs, Text *t)
{
    Random r = random_make(cx->seed, "extra_trees", 0, 0);
    double most = floor((double)in->train_n / 2), leaf_rows = whole(in->args, LEAF_ROWS);
    if (leaf_rows > most) leaf_rows = most < 1 ? 1 : most;
    text_fmt(t, "objective=none metric=none boosting=gbdt learning_rate=1 extra_trees=true num_class=%u", outputs);
    text_fmt(t, " num_threads=1 verbosity=-1 deterministic=true force_col_wise=true seed=%u", (unsigned)(random_bits(&r) >> 33));
    text_fmt(t, " extra_seed=%u", (unsigned)(random_bits(&r) >> 33));
    text_fmt(t, " max_bin=255 min_data_in_bin=1 feature_pre_filter=false max_depth=%d min_sum_hessian_in_leaf=0", DEPTH_MAX);
    text_fmt(t, " histogram_pool_size=%d num_leaves=%.0f min_data_in_leaf=%.0f", POOL_MIB, leaves_most(in), leaf_rows);
    text_fmt(t, " feature_fraction_bynode=%.17g bagging_fraction=%.17g bagging_freq=%d", in->args[FEATURES], in->args[BAGGING],
             in->args[BAGGING] < 1);
    text_fmt(t, " cat_l2=1 cat_smooth=1 min_data_per_group=%.0f", leaf_rows);
}

typedef struct Targets {
    float *grad, *hess;            /* outputs x rows */
    double *mean;                  /* outputs */
} Targets;

/* Minus the gradient of half the squared distance is what is left of the target; a round's leaf is its weighted mean. */
static Err make_targets(Ctx *cx, const FitIn *in, uint32_t outputs, Targets *t)
{
    Err err = OK;
    size_t n = in->train_n;
    double weights = 0;
    GET_DONE(cx, t->grad, n * outputs, "preparing %zu targets of extra_trees", n);
    GET_DONE(cx, t->hess, n * outputs, "preparing %zu targets of extra_trees", n);
    GET_DONE(cx, t->mean, outputs, "preparing %zu targets of extra_trees", n);
    for (size_t i = 0; i < n; i++) weights += in->weight ? in->weight[in->train[i]] : 1;
    for (uint32_t c = 0; c < outputs; c++) {
        uint32_t class = outputs == 1 ? 1 : c;
        float *grad = t->grad + c * n, *hess = t->hess + c * n;
        for (int pass = 0; pass < 2; pass++)
            for (size_t i = 0; i < n; i++) {
                double y = in->y[in->train[i]], w = in->weight ? in->weight[in->train[i]] : 1;
                if (in->task != TASK_REGRESSION) y = y == (double)class;
                if (!pass && weights > 0) t->mean[c] += w / weights * y;
                if (!pass) continue;
                grad[i] = (float)(w * (t->mean[c] - y));
                hess[i] = (float)w;
                if (isfinite(grad[i])) continue;
                err = FAIL(cx, ERR_NUMERIC, "extra_trees computes in float32, which cannot hold the target %g; divide the target by a constant", y);
                goto done;
            }
    }
done:
    return err;
}

static Err run(Ctx *cx, const FitIn *in, LgbFit *fit, const Targets *t, uint32_t outputs, FitOut *out)
{
    uint32_t most = (uint32_t)whole(in->args, TREES), barren = 0;
    double took = 0;
    while (out->rounds < most && barren < BARREN_MAX) {
        bool grew;
        if (cx->cancel && *cx->cancel) return ctx_check(cx);
        if (out->rounds && ctx_left_s(cx) < 1.3 * took + lgb_take_s(out->rounds + 1, outputs, leaves_most(in))) {
            out->cut = true;
            break;
        }
        TRY(cx, out->rounds ? OK : ctx_check(cx));
        int64_t from = ctx_mono_us(cx);
        TRY(cx, lgb_round(cx, fit, t->grad, t->hess, &grew));
        TRY(cx, lgb_rounds(cx, fit, &out->rounds));
        took = fmax(ctx_since_s(cx, from), 0.7 * took);
        barren = grew ? 0 : barren + 1;
        ctx_step(cx, "extra_trees", out->rounds, most);
    }
    return OK;
}

static Err fit_extra_trees(Ctx *cx, const FitIn *in, FitOut *out)
{
    Err err = OK;
    LgbFit fit = { 0 };
    Targets targets = { 0 };
    TreesMaker *maker = NULL;
    Text text;
    uint32_t outputs = task_outputs(in->task, in->classes);
    TreesSum sum = in->task == TASK_REGRESSION ? TREES_MEAN : TREES_MEAN_LOG;
    *out = (FitOut){ 0 };
    if (!in->train_n || !in->X.cols)
        return FAIL(cx, ERR_SHAPE, "extra_trees needs rows and columns, but got %zu x %zu", in->train_n, in->X.cols);
    double sure = fmin(fmax(1 / (double)in->train_n, SURE_MIN), SURE_MAX);
    text_init(&text, cx);
    write_params(cx, in, outputs, &text);
    TRY_DONE(cx, text_err(&text));
    TRY_DONE(cx, make_targets(cx, in, outputs, &targets));
    TRY_DONE(cx, lgb_open(cx, &fit));
    LgbRows train = { &in->X, in->train, in->train_n, NULL, NULL }, none = { .X = &in->X };
    TRY_DONE(cx, lgb_data(cx, &fit, &train, &none, text.at));
    TRY_DONE(cx, lgb_start(cx, &fit, text.at));
    TRY_DONE(cx, run(cx, in, &fit, &targets, outputs, out));
    TRY_DONE(cx, trees_start(cx, sum, outputs, (uint32_t)in->X.cols, sure, &maker));
    TRY_DONE(cx, lgb_take(cx, &fit, out->rounds, outputs, (uint32_t)leaves_most(in), targets.mean, true, maker));
    err = trees_end(cx, maker, &out->model);
    maker = NULL;
    TRY_DONE(cx, err);
done:
    if (err) *out = (FitOut){ 0 };
    trees_drop(cx, maker);
    lgb_close(cx, &fit);
    ctx_put(cx, targets.grad);
    ctx_put(cx, targets.hess);
    ctx_put(cx, targets.mean);
    text_clear(&text);
    return err;
}

static double guess_s(const FitIn *in)
{
    double n = (double)in->train_n, p = (double)in->X.cols, k = task_outputs(in->task, in->classes), leaves = leaves_most(in);
    double round = n * p * 0.7e-9 * log2(leaves + 1) + leaves * (4e-6 + p * fmin(256, n) * 3e-9) + 20e-6;
    return 2.5e-8 * n * p + whole(in->args, TREES) * k * round + 0.005;
}

static double guess_bytes(const FitIn *in)
{
    double n = (double)in->train_n, p = (double)in->X.cols, k = task_outputs(in->task, in->classes);
    double model = whole(in->args, TREES) * k * leaves_most(in) * 100;       /* LightGBM's trees and ours */
    return n * p * 5 + n * 24 * k + POOL_MIB * 1048576.0 + model + 40e6;
}

const Learner learner_extra_trees = {
    .name        = "extra_trees",
    .summary     = "averaged trees with random thresholds",
    .source      = "Geurts, Ernst, Wehenkel 2006; grown by LightGBM 4.7",
    .can         = LEARN_BINARY | LEARN_MULTICLASS | LEARN_REGRESSION | LEARN_WEIGHTS | LEARN_MISSING,
    .params      = params,
    .fit         = fit_extra_trees,
    .guess_s     = guess_s,
    .guess_bytes = guess_bytes,
};

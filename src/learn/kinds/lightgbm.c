/* learn/kinds/lightgbm.c -- gradient boosted trees by LightGBM.
**
** Starts with the meta-tuned defaults of pytabkit ("better by default", 2024) and searches the space of TabArena.
** Grows a tree an output a round, looks at the valid rows after each, and keeps the rounds up to the best.  The trees
** are then read into the form "trees", which answers bit for bit as the library does; the library is gone.
**
** Stops by log loss or squared error (by the metric itself where LightGBM has it and it is smooth), also when the
** person's metric is another: AUC and accuracy of few rows are too coarse to stop by.
*/
#include "base/random.h"
#include "learn/kinds/kinds.h"
#include "learn/lightgbm_lib.h"
#include "learn/rounds.h"

#include <math.h>
#include <string.h>

#define POOL_MIB 64                /* of histograms */
#define STEP_MAX 3                 /* of a leaf, in log-odds, before the learning rate (see write_params) */
#define DEPTH_MAX 500              /* far above what is ever grown; keeps walks and explanations bounded */

enum {
    RATE, LEAVES, LEAF_ROWS, FEATURES, BAGGING, L1, L2, EXTRA, CAT_ONEHOT, CAT_L2, CAT_SMOOTH, CAT_ROWS, ROUNDS
};

static const char *const no_yes[] = { "no", "yes", NULL };

static const Param params[] = {
    [RATE] = { "learning_rate", "", "share of each tree's answer that is added", 0.005, 0.3, { .04, .04, .05 }, PARAM_LOG, NULL, false },
    [LEAVES] = { "num_leaves", "leaves", "most leaves of a tree", 2, 200, { 50, 50, 100 }, PARAM_WHOLE_LOG, NULL, false },
    [LEAF_ROWS] = { "min_data_in_leaf", "rows", "fewest rows in a leaf", 1, 64, { 40, 40, 3 }, PARAM_WHOLE_LOG, NULL, false },
    [FEATURES] = { "feature_fraction", "share", "columns each tree may use", 0.3, 1, { 1, 1, 1 }, PARAM_LINEAR, NULL, false },
    [BAGGING] = { "bagging_fraction", "share", "rows each tree sees", 0.5, 1, { .75, .75, .7 }, PARAM_LINEAR, NULL, false },
    [L1] = { "lambda_l1", "", "pull of leaf values to exactly zero", 1e-5, 1, { 1e-5, 1e-5, 1e-5 }, PARAM_LOG, NULL, false },
    [L2] = { "lambda_l2", "", "shrinking of leaf values", 1e-5, 2, { 1e-5, 1e-5, 1e-5 }, PARAM_LOG, NULL, false },
    [EXTRA] = { "extra_trees", "", "try one random threshold a column", 0, 1, { 0, 0, 0 }, PARAM_CHOICE, no_yes, false },
    [CAT_ONEHOT] = { "max_cat_to_onehot", "levels", "categories of up to so many levels split one level off", 4, 100, { 4, 4, 4 }, PARAM_WHOLE_LOG, NULL, false },
    [CAT_L2] = { "cat_l2", "", "shrinking in category splits", 0.005, 10, { 10, 10, 10 }, PARAM_LOG, NULL, false },
    [CAT_SMOOTH] = { "cat_smooth", "rows", "levels with fewer rows count less", 0.001, 100, { 10, 10, 10 }, PARAM_LOG, NULL, false },
    [CAT_ROWS] = { "min_data_per_group", "rows", "fewest rows of a group of levels", 2, 100, { 100, 100, 100 }, PARAM_WHOLE_LOG, NULL, false },
    [ROUNDS] = { "rounds", "rounds", "most rounds; early stopping usually ends sooner", 1, 10000, { 2000, 2000, 2000 }, PARAM_WHOLE_LOG, NULL, true },
    { .name = NULL },
};

static double whole(const double *args, int i) { return floor(args[i] + 0.5); }

static const char *objective(Task task)
{
    return task == TASK_BINARY ? "binary" : task == TASK_MULTICLASS ? "multiclass" : "regression";
}

static const char *stop_metric(const FitIn *in)
{
    if (in->task == TASK_BINARY) return "binary_logloss";
    if (in->task == TASK_MULTICLASS) return "multi_logloss";
    if (in->metric && !strcmp(in->metric->name, "mae")) return "l1";
    return "l2";
}

/* Row-wise histograms win a little where a row's bins fit a cache line and rows are many (measured: 0 to 20 %). */
static bool by_rows(const FitIn *in)
{
    return in->X.cols <= 40 && in->train_n >= 5000;
}

/* What is baked into the binned data: nothing that search or the seed changes, so that all fits of a fold share them. */
static void write_data_params(const FitIn *in, Text *t)
{
    text_fmt(t, "verbosity=-1 num_threads=1 max_bin=255 min_data_in_bin=%d feature_pre_filter=false data_random_seed=1",
             in->train_n < 1000 ? 1 : 3);
}

/* A category's codes have no order.  Not the method "advanced": its trees break the promise (LightGBM 4.7, seen in the
** exam of learners). */
static void write_monotone(const FitIn *in, Text *t)
{
    text_put(t, " monotone_constraints_method=intermediate monotone_constraints=");
    for (size_t j = 0; j < in->X.cols; j++)
        text_fmt(t, "%s%d", j ? "," : "", in->X.feature[j].kind == FEATURE_CATEGORY ? 0 : (int)in->monotone[j]);
}

/* The step of a leaf is bounded for classes: where a class is rare or nearly decided its curvature vanishes, Newton's step
** overshoots, and with min_sum_hessian_in_leaf=1e-7 nothing else holds it (measured on eight classes, two of them under
** 0.2 %: log loss 1.31 after 100 rounds without, .74 with; elsewhere within noise). */
static void write_params(Ctx *cx, const FitIn *in, Text *t)
{
    Random r = random_make(cx->seed, "lightgbm", 0, 0);
    double leaf_rows = whole(in->args, LEAF_ROWS), most = floor((double)in->train_n / 3);
    if (leaf_rows > most) leaf_rows = most < 1 ? 1 : most;
    write_data_params(in, t);
    text_fmt(t, " objective=%s metric=%s deterministic=true %s=true seed=%u", objective(in->task),
             stop_metric(in), by_rows(in) ? "force_row_wise" : "force_col_wise", (unsigned)(random_bits(&r) >> 33));
    if (in->task == TASK_MULTICLASS) text_fmt(t, " num_class=%u", in->classes);
    if (in->task != TASK_REGRESSION) text_fmt(t, " max_delta_step=%d", STEP_MAX);
    if (in->monotone) write_monotone(in, t);
    text_fmt(t, " max_depth=%d min_sum_hessian_in_leaf=1e-7 bagging_freq=1 histogram_pool_size=%d", DEPTH_MAX, POOL_MIB);
    text_fmt(t, " num_leaves=%.0f min_data_in_leaf=%.0f", whole(in->args, LEAVES), leaf_rows);
    for (int i = 0; params[i].name; i++) {
        if (i == LEAVES || i == LEAF_ROWS || i == ROUNDS) continue;
        bool number = params[i].scale == PARAM_LINEAR || params[i].scale == PARAM_LOG;
        if (i == BAGGING && in->args[i] * (double)in->train_n < 2) continue;      /* LightGBM dies of an empty bag */
        if (i == EXTRA) text_fmt(t, " extra_trees=%s", whole(in->args, i) > 0 ? "true" : "false");
        else if (number) text_fmt(t, " %s=%.17g", params[i].name, in->args[i]);
        else text_fmt(t, " %s=%.0f", params[i].name, whole(in->args, i));
    }
}

/* Seconds of one round, its trees for all outputs: a pass over the rows a level, and a scan of the histograms a leaf. */
static double round_s(const FitIn *in)
{
    double n = (double)in->train_n, p = (double)in->X.cols, k = task_outputs(in->task, in->classes);
    double leaves = fmin(whole(in->args, LEAVES), fmax(2, n / fmax(1, whole(in->args, LEAF_ROWS))));
    double bins = fmin(256, n);
    return k * (n * p * in->args[BAGGING] * 2.4e-9 * log2(leaves + 1) + leaves * (3e-6 + p * bins * 8e-9) + 20e-6);
}

typedef struct Booster {
    const FitIn *in;
    LgbFit fit;
} Booster;

static Err round_of(Ctx *cx, void *self, bool *grew) { return lgb_round(cx, &((Booster *)self)->fit, grew); }
static Err eval_of(Ctx *cx, void *self, double *loss) { return lgb_eval(cx, &((Booster *)self)->fit, loss); }

static double take_s(const void *self, uint32_t rounds)
{
    const FitIn *in = ((const Booster *)self)->in;
    return lgb_take_s(rounds, task_outputs(in->task, in->classes), whole(in->args, LEAVES));
}

/* Bin, or find what was binned, and start. */
static Err begin(Ctx *cx, const FitIn *in, LgbFit *fit)
{
    Err err = OK;
    Text data, all;
    LgbRows train = { &in->X, in->train, in->train_n, in->y, in->weight };
    LgbRows valid = { &in->X, in->valid, rounds_watch(in) ? in->valid_n : 0, in->y, in->weight };
    text_init(&data, cx);
    text_init(&all, cx);
    write_data_params(in, &data);
    write_params(cx, in, &all);
    TRY_DONE(cx, text_err(&data));
    TRY_DONE(cx, text_err(&all));
    TRY_DONE(cx, lgb_open(cx, fit));
    TRY_DONE(cx, lgb_data(cx, fit, &train, &valid, data.at, in->shelf, in->shelf_key));
    TRY_DONE(cx, lgb_start(cx, fit, all.at));
done:
    text_clear(&data);
    text_clear(&all);
    return err;
}

static Err fit_lightgbm(Ctx *cx, const FitIn *in, FitOut *out)
{
    Err err = OK;
    Booster b = { .in = in };
    TreesMaker *maker = NULL;
    uint32_t outputs = task_outputs(in->task, in->classes);
    Rounds race = { .in = in, .name = "lightgbm", .rate = in->args[RATE], .most = rounds_most(in, whole(in->args, ROUNDS), in->args[RATE]),
                    .self = &b, .round = round_of, .eval = eval_of, .take_s = take_s };
    *out = (FitOut){ 0 };
    if (!in->train_n || !in->X.cols)
        return FAIL(cx, ERR_SHAPE, "lightgbm needs rows and columns, but got %zu x %zu", in->train_n, in->X.cols);
    race.round_s = round_s(in);
    TRY_DONE(cx, begin(cx, in, &b.fit));
    TRY_DONE(cx, rounds_run(cx, &race));
    TRY_DONE(cx, trees_start(cx, TREES_SUM, outputs, false, (uint32_t)in->X.cols, 0, &maker));
    TRY_DONE(cx, lgb_take(cx, &b.fit, race.best, outputs, (uint32_t)whole(in->args, LEAVES), maker));
    err = trees_end(cx, maker, &out->model);
    maker = NULL;
    TRY_DONE(cx, err);
    out->rounds = race.best;
    out->planned = race.most;
    out->cut = race.cut;
done:
    trees_drop(cx, maker);
    lgb_close(cx, &b.fit);
    return err;
}

/* Seconds: binning, and the rounds.  Fitted to 40 rounds on 200 x 8 to 100,000 x 10 and 10,000 x 100. */
static double guess_s(const FitIn *in)
{
    double n = (double)in->train_n, p = (double)in->X.cols;
    double most = whole(in->args, ROUNDS), rounds = rounds_most(in, most, in->args[RATE]);
    if (rounds_watch(in)) rounds = fmin(most, 12 / in->args[RATE]);
    return 2.5e-8 * (n + (double)in->valid_n) * p + rounds * round_s(in) + 0.005;
}

static double guess_bytes(const FitIn *in)
{
    double n = (double)(in->train_n + in->valid_n), p = (double)in->X.cols, k = task_outputs(in->task, in->classes);
    double pool = fmin(POOL_MIB * 1048576.0, whole(in->args, LEAVES) * p * 256 * 16);
    return n * p * 5 + n * (16 + 24 * k) + pool + 16e6;
}

const Learner learner_lightgbm = {
    .name        = "lightgbm",
    .summary     = "gradient boosted trees",
    .source      = "Ke et al. 2017, LightGBM 4.7; defaults of Holzmüller et al. 2024",
    .can         = LEARN_SPLITS | LEARN_BINARY | LEARN_MULTICLASS | LEARN_REGRESSION | LEARN_WEIGHTS | LEARN_MISSING | LEARN_ROUNDS |
                   LEARN_MONOTONE,
    .params      = params,
    .fit         = fit_lightgbm,
    .guess_s     = guess_s,
    .guess_bytes = guess_bytes,
};

/* learn/kinds/xgboost.c -- gradient boosted trees by XGBoost.
**
** Another family than LightGBM: trees grow level by level, columns are drawn anew for each level, and categories are
** split by XGBoost's own way.  Starts with pytabkit's tuned defaults and searches TabArena's space.  When it stops is
** rounds.h's matter.  The trees are then read into the form "trees"; the library is gone.
*/
#include "base/random.h"
#include "learn/kinds/kinds.h"
#include "learn/rounds.h"
#include "learn/xgboost_lib.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define STEP_MAX "3"               /* of a leaf, in log-odds, before the learning rate: as lightgbm's */
#define VALUE_BYTES 32
#define MONOTONE_BYTES 3           /* "-1," a column */

enum { RATE, DEPTH, CHILD, ROWS, LEVEL, NODE, L1, L2, GROW, LEAVES, CAT_ONEHOT, ROUNDS };

static const char *const grow_words[] = { "depthwise", "lossguide", NULL };

static const Param params[] = {
    [RATE] = { "learning_rate", "", "share of each tree's answer that is added", 0.005, 0.3, { .08, .08, .05 }, PARAM_LOG, NULL, false },
    [DEPTH] = { "max_depth", "splits", "most splits from root to leaf", 2, 12, { 6, 6, 9 }, PARAM_WHOLE, NULL, false },
    [CHILD] = { "min_child_weight", "", "least sum of second derivatives in a leaf; rows, for values", 1e-6, 20, { 5e-6, 5e-6, 2 }, PARAM_LOG, NULL, false },
    [ROWS] = { "subsample", "share", "rows each tree sees", 0.5, 1, { .65, .65, .7 }, PARAM_LINEAR, NULL, false },
    [LEVEL] = { "colsample_bylevel", "share", "columns each level of a tree may use", 0.3, 1, { .9, .9, 1 }, PARAM_LINEAR, NULL, false },
    [NODE] = { "colsample_bynode", "share", "columns each node may use", 0.3, 1, { 1, 1, 1 }, PARAM_LINEAR, NULL, false },
    [L1] = { "alpha", "", "pull of leaf values to exactly zero", 1e-5, 5, { 1e-5, 1e-5, 1e-5 }, PARAM_LOG, NULL, false },
    [L2] = { "lambda", "", "shrinking of leaf values", 1e-5, 5, { 1e-5, 1e-5, 1e-5 }, PARAM_LOG, NULL, false },
    [GROW] = { "grow_policy", "", "level by level, or where most is gained", 0, 1, { 0, 0, 0 }, PARAM_CHOICE, grow_words, false },
    [LEAVES] = { "max_leaves", "leaves", "most leaves of a tree that grows by gain", 8, 1024, { 256, 256, 256 }, PARAM_WHOLE_LOG, NULL, false },
    [CAT_ONEHOT] = { "max_cat_to_onehot", "levels", "categories of up to so many levels split one level off", 1, 100, { 4, 4, 4 }, PARAM_WHOLE_LOG, NULL, false },
    [ROUNDS] = { "rounds", "rounds", "most rounds; early stopping usually ends sooner", 1, 10000, { 2000, 2000, 2000 }, PARAM_WHOLE_LOG, NULL, true },
    { .name = NULL },
};

static double whole(const double *args, int i) { return floor(args[i] + 0.5); }

static const char *stop_metric(const FitIn *in)
{
    if (in->task == TASK_BINARY) return "logloss";
    if (in->task == TASK_MULTICLASS) return "mlogloss";
    if (in->metric && !strcmp(in->metric->name, "mae")) return "mae";
    return "rmse";
}

static const char *objective(Task task)
{
    return task == TASK_BINARY ? "binary:logistic" : task == TASK_MULTICLASS ? "multi:softprob" : "reg:squarederror";
}

/* A category's codes have no order. */
static void write_monotone(const FitIn *in, Text *t)
{
    for (size_t j = 0; j < in->X.cols; j++)
        text_fmt(t, "%s%d", j ? "," : "(", in->X.feature[j].kind == FEATURE_CATEGORY ? 0 : (int)in->monotone[j]);
    text_put(t, ")");
}

static Err start(Ctx *cx, const FitIn *in, XgbFit *fit)
{
    enum { PAIRS_MAX = 32 };
    Err err = OK;
    Text monotone;
    Random r = random_make(cx->seed, "xgboost", 0, 0);
    char value[LEARN_PARAMS_MAX + 2][VALUE_BYTES];
    const char *pair[2 * PAIRS_MAX + 1] = {
        "objective", objective(in->task), "eval_metric", stop_metric(in), "tree_method", "hist", "nthread", "1", "max_bin", "256",
        "verbosity", "0", "base_score", in->task == TASK_REGRESSION ? "0" : "0.5", "disable_default_eval_metric", "1",
    };
    size_t n = 16;
    text_init(&monotone, cx);
    for (int i = 0; params[i].name; i++) {
        if (i == ROUNDS || (i == LEAVES && in->args[GROW] < 1)) continue;
        bool number = params[i].scale == PARAM_LINEAR || params[i].scale == PARAM_LOG;
        if (i == GROW) snprintf(value[i], VALUE_BYTES, "%s", grow_words[(size_t)in->args[i]]);
        else snprintf(value[i], VALUE_BYTES, number ? "%.9g" : "%.0f", number ? in->args[i] : whole(in->args, i));
        pair[n++] = params[i].name;
        pair[n++] = value[i];
    }
    snprintf(value[LEARN_PARAMS_MAX], VALUE_BYTES, "%u", (unsigned)(random_bits(&r) >> 33));
    pair[n++] = "seed";
    pair[n++] = value[LEARN_PARAMS_MAX];
    if (in->task != TASK_REGRESSION) pair[n++] = "max_delta_step", pair[n++] = STEP_MAX;
    if (in->task == TASK_MULTICLASS) {
        snprintf(value[LEARN_PARAMS_MAX + 1], VALUE_BYTES, "%u", in->classes);
        pair[n++] = "num_class";
        pair[n++] = value[LEARN_PARAMS_MAX + 1];
    }
    if (in->monotone) {
        write_monotone(in, &monotone);
        TRY_DONE(cx, text_err(&monotone));
        pair[n++] = "monotone_constraints";
        pair[n++] = monotone.at;
    }
    TRY_DONE(cx, xgb_start(cx, fit, pair));
done:
    text_clear(&monotone);
    return err;
}

/* Leaves of a tree, about. */
static double leaves_about(const FitIn *in)
{
    double depth = whole(in->args, DEPTH), n = (double)in->train_n * in->args[ROWS];
    double most = fmin(exp2(depth), fmax(2, n / 2));
    return in->args[GROW] >= 1 ? fmin(most, whole(in->args, LEAVES)) : most;
}

typedef struct Booster {
    const FitIn *in;
    XgbFit fit;
    uint32_t round;
} Booster;

static Err round_of(Ctx *cx, void *self, bool *grew)
{
    Booster *b = self;
    *grew = true;
    TRY(cx, xgb_round(cx, &b->fit, b->round++));
    return OK;
}

static Err eval_of(Ctx *cx, void *self, double *loss)
{
    Booster *b = self;
    TRY(cx, xgb_eval(cx, &b->fit, b->round - 1, loss));
    return OK;
}

static double take_s(const void *self, uint32_t rounds)
{
    const Booster *b = self;
    return xgb_take_s(rounds, b->fit.outputs, leaves_about(b->in));
}

/* Seconds of one round: the rows once a level, the histograms once a node. */
static double round_s(const FitIn *in)
{
    double n = (double)in->train_n, p = (double)in->X.cols, k = task_outputs(in->task, in->classes);
    double levels = fmin(whole(in->args, DEPTH), log2(leaves_about(in) + 1)), bins = fmin(256, n);
    return k * (n * p * in->args[ROWS] * 1.9e-9 * levels + n * 2e-8 + leaves_about(in) * (4e-6 + p * bins * 9e-9) + 1e-4);
}

static Err fit_xgboost(Ctx *cx, const FitIn *in, FitOut *out)
{
    Err err = OK;
    Booster b = { .in = in };
    Rounds race = { .in = in, .name = "xgboost", .rate = in->args[RATE], .most = rounds_most(in, whole(in->args, ROUNDS), in->args[RATE]),
                    .self = &b, .round = round_of, .eval = eval_of, .take_s = take_s };
    *out = (FitOut){ 0 };
    if (!in->train_n || !in->X.cols)
        return FAIL(cx, ERR_SHAPE, "xgboost needs rows and columns, but got %zu x %zu", in->train_n, in->X.cols);
    race.round_s = round_s(in);
    TRY_DONE(cx, xgb_open(cx, &b.fit));
    TRY_DONE(cx, xgb_data(cx, &b.fit, in, rounds_watch(in)));
    TRY_DONE(cx, start(cx, in, &b.fit));
    TRY_DONE(cx, rounds_run(cx, &race));
    TRY_DONE(cx, xgb_take(cx, &b.fit, in, race.best, leaves_about(in), &out->model));
    out->rounds = race.best;
    out->planned = race.most;
    out->cut = race.cut;
done:
    xgb_close(cx, &b.fit);
    return err;
}

static double guess_s(const FitIn *in)
{
    double most = whole(in->args, ROUNDS), rounds = rounds_most(in, most, in->args[RATE]);
    if (rounds_watch(in)) rounds = fmin(most, 12 / in->args[RATE]);
    return 6e-8 * (double)(in->train_n + in->valid_n) * (double)in->X.cols + rounds * round_s(in) + 0.01;
}

/* The data as handed over, as XGBoost keeps them (8 bytes a value), and binned. */
static double guess_bytes(const FitIn *in)
{
    double n = (double)(in->train_n + in->valid_n), p = (double)in->X.cols, k = task_outputs(in->task, in->classes);
    return n * p * 14 + n * (16 + 24 * k) + leaves_about(in) * p * 256 * 16 + 30e6;
}

const Learner learner_xgboost = {
    .name        = "xgboost",
    .summary     = "gradient boosted trees, level by level",
    .source      = "Chen, Guestrin 2016, XGBoost 3.2; defaults of Holzmüller et al. 2024",
    .can         = LEARN_SPLITS | LEARN_BINARY | LEARN_MULTICLASS | LEARN_REGRESSION | LEARN_WEIGHTS | LEARN_MISSING | LEARN_ROUNDS |
                   LEARN_MONOTONE,
    .params      = params,
    .fit         = fit_xgboost,
    .guess_s     = guess_s,
    .guess_bytes = guess_bytes,
};

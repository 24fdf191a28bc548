/* learn/kinds/random_forest.c -- trees on rows drawn with replacement, best cuts (forest.c).
*/
#include "learn/forest.h"
#include "learn/kinds/kinds.h"

#include <math.h>

enum { TREES, LEAF_ROWS, FEATURES, LEAVES };

static const Param params[] = {
    [TREES] = { "trees", "trees", "trees that are averaged", 1, 1000, { 100, 100, 100 }, PARAM_WHOLE_LOG, NULL, true },
    [LEAF_ROWS] = { "min_data_in_leaf", "rows", "fewest rows in a leaf", 1, 32, { 1, 1, 2 }, PARAM_WHOLE_LOG, NULL, false },
    [FEATURES] = { "max_features", "share", "columns a node looks at", 0.1, 1, { .4, .4, .4 }, PARAM_LINEAR, NULL, false },
    [LEAVES] = { "max_leaves", "leaves", "nodes of fewer than 1/max_leaves of all rows are not split", 16, 16384, { 512, 512, 512 }, PARAM_WHOLE_LOG, NULL, true },
    { .name = NULL },
};

static uint32_t whole(const FitIn *in, int i) { return (uint32_t)floor(in->args[i] + 0.5); }

static ForestPlan plan(const FitIn *in)
{
    return (ForestPlan){ .name = "random_forest", .bootstrap = true, .best = true, .trees = whole(in, TREES),
                         .leaf_rows = whole(in, LEAF_ROWS), .leaves = whole(in, LEAVES), .features = in->args[FEATURES] };
}

static Err fit(Ctx *cx, const FitIn *in, FitOut *out)
{
    const ForestPlan p = plan(in);
    TRY(cx, forest_fit(cx, in, &p, out));
    return OK;
}

static double guess_s(const FitIn *in)
{
    const ForestPlan p = plan(in);
    return forest_guess_s(in, &p);
}

static double guess_bytes(const FitIn *in)
{
    const ForestPlan p = plan(in);
    return forest_guess_bytes(in, &p);
}

const Learner learner_random_forest = {
    .name        = "random_forest",
    .summary     = "averaged trees on rows drawn with replacement",
    .source      = "Breiman 2001",
    .can         = LEARN_SPLITS | LEARN_BINARY | LEARN_MULTICLASS | LEARN_REGRESSION | LEARN_WEIGHTS | LEARN_MISSING | LEARN_ROUNDS,
    .params      = params,
    .fit         = fit,
    .guess_s     = guess_s,
    .guess_bytes = guess_bytes,
};

/* learn/kinds/knn_distance.c -- detector: how far away the k-th nearest training row is. */
#include "learn/detect.h"
#include "learn/kinds/kinds.h"

static const Param params[] = {
    { .name = "k", .unit = "rows", .help = "the distance to this neighbour counts", .lo = 1, .hi = 100, .start = { [TASK_ANOMALY] = 5 },
      .scale = PARAM_WHOLE_LOG },
    { .name = NULL },
};

static Err fit(Ctx *cx, const FitIn *in, FitOut *out)
{
    return detect_density(cx, learner_knn_distance.name, in, DENSITY_DISTANCE, (uint32_t)(in->args[0] + .5), out);
}

const Learner learner_knn_distance = {
    .name        = "knn_distance",
    .summary     = "anomalies are far from their neighbours",
    .source      = "Ramaswamy, Rastogi, Shim 2000",
    .can         = LEARN_ANOMALY | LEARN_MISSING,
    .params      = params,
    .fit         = fit,
    .guess_s     = detect_density_s,
    .guess_bytes = detect_density_bytes,
};

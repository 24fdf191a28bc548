/* learn/kinds/lof.c -- detector: local outlier factor, how much thinner a row's surroundings are than its neighbours'. */
#include "learn/detect.h"
#include "learn/kinds/kinds.h"

static const Param params[] = {
    { .name = "k", .unit = "rows", .help = "neighbours compared with", .lo = 2, .hi = 100, .start = { [TASK_ANOMALY] = 20 },
      .scale = PARAM_WHOLE_LOG },
    { .name = NULL },
};

static Err fit(Ctx *cx, const FitIn *in, FitOut *out)
{
    return detect_density(cx, learner_lof.name, in, DENSITY_LOF, (uint32_t)(in->args[0] + .5), out);
}

const Learner learner_lof = {
    .name        = "lof",
    .summary     = "anomalies lie in thinner places than their neighbours",
    .source      = "Breunig, Kriegel, Ng, Sander 2000",
    .can         = LEARN_ANOMALY | LEARN_MISSING,
    .params      = params,
    .fit         = fit,
    .guess_s     = detect_density_s,
    .guess_bytes = detect_density_bytes,
};

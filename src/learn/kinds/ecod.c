/* learn/kinds/ecod.c -- detector: tail probabilities of the columns' empirical distributions.  No parameters. */
#include "learn/detect.h"
#include "learn/kinds/kinds.h"

#include <math.h>

static const Param params[] = { { .name = NULL } };

static Err fit(Ctx *cx, const FitIn *in, FitOut *out)
{
    Model *raw = NULL;
    *out = (FitOut){ 0 };
    TRY(cx, detect_check(cx, learner_ecod.name, in));
    TRY(cx, tails_new(cx, &in->X, in->train, in->train_n, &raw));
    TRY(cx, detect_end(cx, in, raw, in->train, in->train_n, NULL, out));
    return OK;
}

static double guess_s(const FitIn *in)
{
    double n = (double)in->train_n;
    return (double)in->X.cols * (n * log2(n + 2) * 6e-9 + ((double)in->valid_n + n) * 5e-8) + 1e-4;
}

static double guess_bytes(const FitIn *in) { return (double)in->train_n * 24 + (double)in->X.cols * TAILS_KNOTS_MAX * 12; }

const Learner learner_ecod = {
    .name        = "ecod",
    .summary     = "anomalies lie in the tails of their columns",
    .source      = "Li et al. 2022 (ECOD)",
    .can         = LEARN_ANOMALY | LEARN_MISSING,
    .params      = params,
    .fit         = fit,
    .guess_s     = guess_s,
    .guess_bytes = guess_bytes,
};

/* learn/kinds/mlp.c -- RealMLP-TD-S: a multilayer perceptron with meta-tuned defaults, the quick one of the nets.
**
** Numbers and one-hot categories, a scale a column, hidden layers in the neural
** tangent parametrisation.  mlp_fit.c trains it.  It starts 128 units wide, not
** 256 as its authors have it: in seconds the smaller net gets the further, and
** answers and stores four times cheaper (realmlp is the large one).
** Source: RealMLP (Holzmüller et al. 2024, standalone TD-S variant).
*/
#include "learn/kinds/kinds.h"

#include "learn/mlp_fit.h"

#define ONEHOT_MAX 40

enum { LAYERS, WIDTH, RATE, DECAY, DROPOUT, ACT, EPOCHS, BATCH, PARAMS_N };

static const Param mlp_params[] = {
    [LAYERS] = { .name = "layers", .unit = "layers", .help = "hidden layers", .lo = 1, .hi = 4, .start = { 3, 3, 3 }, .scale = PARAM_WHOLE },
    [WIDTH] = { .name = "width", .unit = "units", .help = "units in each hidden layer", .lo = 16, .hi = 512, .start = { 128, 128, 128 },
                .scale = PARAM_WHOLE_LOG },
    [RATE] = { .name = "learning_rate", .help = "peak of the learning rate", .lo = .002, .hi = .3, .start = { .04, .04, .07 }, .scale = PARAM_LOG },
    [DECAY] = { .name = "weight_decay", .help = "pull of weights towards zero each step, times the learning rate", .lo = 0, .hi = .1,
                .start = { 0, 0, 0 }, .scale = PARAM_LINEAR },
    [DROPOUT] = { .name = "dropout", .unit = "share", .help = "units silenced at random while training", .lo = 0, .hi = .5, .start = { 0, 0, 0 },
                  .scale = PARAM_LINEAR },
    [ACT] = { .name = "activation", .help = "of the hidden layers", .lo = 0, .hi = 2, .start = { NET_SELU, NET_SELU, NET_MISH },
              .scale = PARAM_CHOICE, .choices = (const char *const[]){ "selu", "mish", "relu", NULL } },
    [EPOCHS] = { .name = "epochs", .unit = "epochs", .help = "passes over the rows; fewer when time is short", .lo = 1, .hi = MLP_EPOCHS_MAX,
                 .start = { 256, 256, 256 }, .scale = PARAM_WHOLE_LOG, .fixed = true },
    [BATCH] = { .name = "batch", .unit = "rows", .help = "most rows a step; fewer where rows are few", .lo = 16, .hi = 4096, .start = { 256, 256, 256 },
                .scale = PARAM_WHOLE_LOG, .fixed = true },
    { .name = NULL },
};

static MlpPlan plan_of(const FitIn *in)
{
    const double *a = in->args;
    return (MlpPlan){
        .name = "mlp", .layers = (uint32_t)a[LAYERS], .width = (uint32_t)a[WIDTH], .members = 1, .act = (NetAct)a[ACT],
        .start = MLP_START_NORMAL, .onehot_max = ONEHOT_MAX, .rate = a[RATE], .decay = a[DECAY], .dropout = a[DROPOUT],
        .beta2 = .95, .rate_scale = 6, .rate_bias = .1, .epochs = (uint32_t)a[EPOCHS], .batch = (uint32_t)a[BATCH],
    };
}

static Err mlp_fit(Ctx *cx, const FitIn *in, FitOut *out)
{
    MlpPlan plan = plan_of(in);
    return mlp_fit_plan(cx, in, &plan, out);
}

static double guess_s(const FitIn *in)
{
    MlpPlan plan = plan_of(in);
    return mlp_guess_s(in, &plan);
}

static double guess_bytes(const FitIn *in)
{
    MlpPlan plan = plan_of(in);
    return mlp_guess_bytes(in, &plan);
}

const Learner learner_mlp = {
    .name = "mlp",
    .summary = "multilayer perceptron with meta-tuned defaults",
    .source = "RealMLP-TD-S, Holzmüller et al. 2024 (arXiv 2407.04491)",
    .can = LEARN_BINARY | LEARN_MULTICLASS | LEARN_REGRESSION | LEARN_ROUNDS | LEARN_WEIGHTS,
    .params = mlp_params,
    .fit = mlp_fit,
    .guess_s = guess_s,
    .guess_bytes = guess_bytes,
};

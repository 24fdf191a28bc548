/* learn/kinds/tabm.c -- TabM-mini: many perceptrons in one, that share all weights but the first scale and the last layer.
**
** Each member sees every row scaled by its own signs, and has its own last layer;
** the loss is the mean of the members' losses, the answer the mean of their
** probabilities.  It costs as many forward passes as there are members, so it is
** for few rows or long budgets.
** Source: TabM (Gorishniy, Kotelnikov, Babenko 2024, arXiv 2410.24210); the learning rate falls in the second half,
** which the paper's does not.
*/
#include "learn/kinds/kinds.h"

#include "learn/mlp_fit.h"

#define PATIENCE 24

enum { MEMBERS, LAYERS, WIDTH, RATE, DECAY, DROPOUT, NUMBERS, EPOCHS, BATCH, PARAMS_N };

static const Param tabm_params[] = {
    [MEMBERS] = { .name = "members", .unit = "nets", .help = "perceptrons that share their weights", .lo = 2, .hi = 32, .start = { 16, 16, 16 },
                  .scale = PARAM_WHOLE_LOG, .fixed = true },
    [LAYERS] = { .name = "layers", .unit = "layers", .help = "hidden layers", .lo = 1, .hi = 4, .start = { 2, 2, 2 }, .scale = PARAM_WHOLE },
    [WIDTH] = { .name = "width", .unit = "units", .help = "units in each hidden layer", .lo = 16, .hi = 512, .start = { 256, 256, 256 },
                .scale = PARAM_WHOLE_LOG },
    [RATE] = { .name = "learning_rate", .help = "learning rate of the first half", .lo = .0001, .hi = .02, .start = { .002, .002, .002 },
               .scale = PARAM_LOG },
    [DECAY] = { .name = "weight_decay", .help = "pull of weights towards zero each step, times the learning rate", .lo = 0, .hi = .5,
                .start = { .0003, .0003, .0003 }, .scale = PARAM_LINEAR },
    [DROPOUT] = { .name = "dropout", .unit = "share", .help = "units silenced at random while training", .lo = 0, .hi = .5,
                  .start = { .1, .1, .1 }, .scale = PARAM_LINEAR },
    [NUMBERS] = { .name = "number_waves", .help = "numbers also enter as mixes of cosines", .lo = 0, .hi = 1, .start = { 0, 0, 0 },
                  .scale = PARAM_CHOICE, .choices = (const char *const[]){ "no", "yes", NULL } },
    [EPOCHS] = { .name = "epochs", .unit = "epochs", .help = "passes over the rows; fewer when time is short", .lo = 1, .hi = MLP_EPOCHS_MAX,
                 .start = { 128, 128, 128 }, .scale = PARAM_WHOLE_LOG, .fixed = true },
    [BATCH] = { .name = "batch", .unit = "rows", .help = "most rows a step; fewer where rows are few", .lo = 16, .hi = 1024, .start = { 128, 128, 128 },
                .scale = PARAM_WHOLE_LOG, .fixed = true },
    { .name = NULL },
};

static MlpPlan plan_of(const FitIn *in)
{
    const double *a = in->args;
    return (MlpPlan){
        .name = "tabm", .layers = (uint32_t)a[LAYERS], .width = (uint32_t)a[WIDTH], .members = (uint32_t)a[MEMBERS], .act = NET_RELU,
        .start = MLP_START_UNIFORM, .waves = a[NUMBERS] > 0, .tables = true, .onehot_max = 9, .rate = a[RATE], .decay = a[DECAY],
        .dropout = a[DROPOUT], .flat = true, .beta2 = .999, .rate_scale = 1, .rate_bias = 1, .epochs = (uint32_t)a[EPOCHS],
        .batch = (uint32_t)a[BATCH], .patience = PATIENCE,
    };
}

static Err tabm_fit(Ctx *cx, const FitIn *in, FitOut *out)
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

const Learner learner_tabm = {
    .name = "tabm",
    .summary = "perceptrons that share weights and answer together",
    .source = "TabM-mini, Gorishniy et al. 2024 (arXiv 2410.24210)",
    .can = LEARN_BINARY | LEARN_MULTICLASS | LEARN_REGRESSION | LEARN_ROUNDS | LEARN_WEIGHTS,
    .params = tabm_params,
    .fit = tabm_fit,
    .guess_s = guess_s,
    .guess_bytes = guess_bytes,
};

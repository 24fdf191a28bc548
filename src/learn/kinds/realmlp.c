/* learn/kinds/realmlp.c -- RealMLP-TD: the multilayer perceptron with all its tricks, for budgets that let it train.
**
** Beyond mlp's: numbers also enter as learnt mixes of cosines, categories of many
** levels by a table, each unit learns how much of its activation to use, dropout
** and weight decay fade out in the second half, weights and biases start by the
** rows.  mlp_fit.c trains it.
** Source: RealMLP (Holzmüller et al. 2024) as in pytabkit 1.7, without its label smoothing, which spoils log loss.
*/
#include "learn/kinds/kinds.h"

#include "learn/mlp_fit.h"

enum { LAYERS, WIDTH, RATE, DECAY, DROPOUT, ACT, MIXED, NUMBERS, TABLES, ONEHOT, START, EPOCHS, BATCH, PARAMS_N };

static const char *const yes_no[] = { "no", "yes", NULL };

static const Param realmlp_params[] = {
    [LAYERS] = { .name = "layers", .unit = "layers", .help = "hidden layers", .lo = 1, .hi = 4, .start = { 3, 3, 3 }, .scale = PARAM_WHOLE },
    [WIDTH] = { .name = "width", .unit = "units", .help = "units in each hidden layer", .lo = 16, .hi = 512, .start = { 256, 256, 256 },
                .scale = PARAM_WHOLE_LOG },
    [RATE] = { .name = "learning_rate", .help = "peak of the learning rate", .lo = .01, .hi = .4, .start = { .04, .04, .2 }, .scale = PARAM_LOG },
    [DECAY] = { .name = "weight_decay", .help = "pull of weights towards zero each step, times the learning rate; fades", .lo = 0, .hi = .1,
                .start = { .02, .02, .02 }, .scale = PARAM_LINEAR },
    [DROPOUT] = { .name = "dropout", .unit = "share", .help = "units silenced at random while training; fades", .lo = 0, .hi = .5,
                  .start = { .15, .15, .15 }, .scale = PARAM_LINEAR },
    [ACT] = { .name = "activation", .help = "of the hidden layers", .lo = 0, .hi = 2, .start = { NET_SELU, NET_SELU, NET_MISH },
              .scale = PARAM_CHOICE, .choices = (const char *const[]){ "selu", "mish", "relu", NULL } },
    [MIXED] = { .name = "learnt_activation", .help = "each unit learns how much of the activation it uses", .lo = 0, .hi = 1, .start = { 1, 1, 1 },
                .scale = PARAM_CHOICE, .choices = yes_no },
    [NUMBERS] = { .name = "number_waves", .help = "numbers also enter as mixes of cosines", .lo = 0, .hi = 1, .start = { 1, 1, 1 },
                  .scale = PARAM_CHOICE, .choices = yes_no },
    [TABLES] = { .name = "category_tables", .help = "categories of many levels enter by a learnt table", .lo = 0, .hi = 1, .start = { 1, 1, 1 },
                 .scale = PARAM_CHOICE, .choices = yes_no },
    [ONEHOT] = { .name = "onehot_max", .unit = "levels", .help = "a category of more levels is one of many levels", .lo = 2, .hi = 40,
                 .start = { 9, 9, 9 }, .scale = PARAM_WHOLE, .fixed = true },
    [START] = { .name = "start", .help = "where weights start: at random, or by the rows", .lo = 0, .hi = 1, .start = { 1, 1, 1 },
                .scale = PARAM_CHOICE, .choices = (const char *const[]){ "normal", "rows", NULL }, .fixed = true },
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
        .name = "realmlp", .layers = (uint32_t)a[LAYERS], .width = (uint32_t)a[WIDTH], .members = 1, .act = (NetAct)a[ACT],
        .start = a[START] > 0 ? MLP_START_ROWS : MLP_START_NORMAL, .mixed = a[MIXED] > 0, .waves = a[NUMBERS] > 0, .tables = a[TABLES] > 0,
        .onehot_max = (uint32_t)a[ONEHOT], .rate = a[RATE], .decay = a[DECAY], .dropout = a[DROPOUT], .fading = true,
        .beta2 = .95, .rate_scale = 6, .rate_bias = .1, .epochs = (uint32_t)a[EPOCHS], .batch = (uint32_t)a[BATCH],
    };
}

static Err realmlp_fit(Ctx *cx, const FitIn *in, FitOut *out)
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

const Learner learner_realmlp = {
    .name = "realmlp",
    .summary = "perceptron with embedded numbers and categories, dropout",
    .source = "RealMLP-TD, Holzmüller et al. 2024 (arXiv 2407.04491)",
    .can = LEARN_BINARY | LEARN_MULTICLASS | LEARN_REGRESSION | LEARN_ROUNDS | LEARN_WEIGHTS,
    .params = realmlp_params,
    .fit = realmlp_fit,
    .guess_s = guess_s,
    .guess_bytes = guess_bytes,
};

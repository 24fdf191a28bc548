/* learn/kinds/mlp.c -- RealMLP-TD-S: a multilayer perceptron with meta-tuned defaults.
**
** The number of epochs is fixed before the first step, because the learning rate
** follows a curve over the whole training (four cosine cycles, log-spaced); under
** a deadline a few steps are timed and as many epochs planned as will fit.  The
** epoch that judges best on the held-out rows is kept, the later of equals.
** Source: RealMLP (Holzmüller et al. 2024, standalone TD-S variant).
** Cost: 6 x parameters x rows an epoch.
*/
#include "learn/kinds/kinds.h"

#include "learn/gemm.h"
#include "learn/mlp_core.h"

#include <math.h>
#include <string.h>
#ifdef __SSE2__
#include <xmmintrin.h>
#define DENORMALS_ZERO 0x40u       /* pmmintrin.h's _MM_DENORMALS_ZERO_ON, which wants SSE3 */
#endif

#define EPOCHS_MAX 4096
#define TIMED_STEPS 3
#define SPARE .85                  /* of the time left is planned for epochs: judging them takes the rest */
#define EPOCHS_MIN 3
#define ONEHOT_MAX 40
#define WIDE_MAX 4000              /* dense columns */

enum { LAYERS, WIDTH, RATE, DECAY, DROPOUT, ACT, EPOCHS, BATCH, PARAMS_N };

static const Param mlp_params[] = {
    [LAYERS] = { .name = "layers", .unit = "layers", .help = "hidden layers", .lo = 1, .hi = 4, .start = { 3, 3, 3 }, .scale = PARAM_WHOLE },
    [WIDTH] = { .name = "width", .unit = "units", .help = "units in each hidden layer", .lo = 16, .hi = 512, .start = { 256, 256, 256 },
                .scale = PARAM_WHOLE_LOG },
    [RATE] = { .name = "learning_rate", .help = "peak of the learning rate", .lo = .002, .hi = .3, .start = { .04, .04, .07 }, .scale = PARAM_LOG },
    [DECAY] = { .name = "weight_decay", .help = "pull of weights towards zero each step, times the learning rate", .lo = 0, .hi = .1,
                .start = { 0, 0, 0 }, .scale = PARAM_LINEAR },
    [DROPOUT] = { .name = "dropout", .unit = "share", .help = "units silenced at random while training", .lo = 0, .hi = .5, .start = { 0, 0, 0 },
                  .scale = PARAM_LINEAR },
    [ACT] = { .name = "activation", .help = "of the hidden layers", .lo = 0, .hi = 2, .start = { NET_SELU, NET_SELU, NET_MISH },
              .scale = PARAM_CHOICE, .choices = (const char *const[]){ "selu", "mish", "relu", NULL } },
    [EPOCHS] = { .name = "epochs", .unit = "epochs", .help = "passes over the rows; fewer when time is short", .lo = 1, .hi = EPOCHS_MAX,
                 .start = { 256, 256, 256 }, .scale = PARAM_WHOLE_LOG, .fixed = true },
    [BATCH] = { .name = "batch", .unit = "rows", .help = "rows a step", .lo = 16, .hi = 4096, .start = { 256, 256, 256 },
                .scale = PARAM_WHOLE_LOG, .fixed = true },
    { .name = NULL },
};

typedef struct Fit {
    const FitIn *in;
    Dense *dense;
    Mlp *net;
    size_t d, batch;
    float *X, *V;                  /* train_n x d, valid_n x d */
    float *row;                    /* batch x d */
    double *y, *by;                /* targets of train rows (standardised), of the batch */
    uint32_t *order;
    double *margin, *answer, *vy;  /* of valid rows */
    float *best;                   /* parameters of the best epoch */
    double y_mean, y_scale, y_lo, y_hi;
    double best_error;
    uint32_t best_epoch;
    Random shuffle, drop;
} Fit;

static void fit_clear(Ctx *cx, Fit *f)
{
    dense_free(cx, f->dense);
    mlp_free(cx, f->net);
    ctx_put(cx, f->X);
    ctx_put(cx, f->V);
    ctx_put(cx, f->row);
    ctx_put(cx, f->y);
    ctx_put(cx, f->by);
    ctx_put(cx, f->order);
    ctx_put(cx, f->margin);
    ctx_put(cx, f->answer);
    ctx_put(cx, f->vy);
    ctx_put(cx, f->best);
}

static void scale_target(Fit *f)
{
    const FitIn *in = f->in;
    f->y_mean = 0, f->y_scale = 1;
    f->y_lo = -INFINITY, f->y_hi = INFINITY;
    if (in->task == TASK_REGRESSION) {
        double sum = 0, sum2 = 0;
        f->y_lo = INFINITY, f->y_hi = -INFINITY;
        for (size_t i = 0; i < in->train_n; i++) {
            double v = in->y[in->train[i]];
            sum += v;
            f->y_lo = fmin(f->y_lo, v), f->y_hi = fmax(f->y_hi, v);
        }
        f->y_mean = sum / (double)in->train_n;
        for (size_t i = 0; i < in->train_n; i++) sum2 += (in->y[in->train[i]] - f->y_mean) * (in->y[in->train[i]] - f->y_mean);
        f->y_scale = sqrt(sum2 / (double)in->train_n);
        if (!(f->y_scale > 0)) f->y_scale = 1;
    }
    for (size_t i = 0; i < in->train_n; i++) f->y[i] = (in->y[in->train[i]] - f->y_mean) / f->y_scale;
}

static Err fit_open(Ctx *cx, const FitIn *in, Fit *f)
{
    Err err = OK;
    GemmF32 gemm;
    DenseOptions how = { .scale = DENSE_ROBUST, .clip = true, .scale_onehot = true, .onehot_max = ONEHOT_MAX, .missing_min = .001, .cols_max = WIDE_MAX };
    uint32_t k = task_outputs(in->task, in->classes);
    f->in = in;
    f->batch = (size_t)in->args[BATCH] < in->train_n ? (size_t)in->args[BATCH] : in->train_n;
    TRY_DONE(cx, gemm_open(cx, &gemm));
    TRY_DONE(cx, dense_fit(cx, &in->X, in->train, in->train_n, NULL, &how, &f->dense));
    f->d = dense_cols(f->dense);
    MlpShape s = { .in = f->d, .batch = f->batch, .layers = (uint32_t)in->args[LAYERS], .width = (uint32_t)in->args[WIDTH],
                   .outputs = k, .task = in->task, .act = (NetAct)in->args[ACT] };
    TRY_DONE(cx, mlp_new(cx, &s, gemm, &f->net));
    GET_DONE(cx, f->X, in->train_n * f->d, "mlp: %zu rows x %zu columns", in->train_n, f->d);
    GET_DONE(cx, f->V, in->valid_n * f->d, "mlp: %zu rows x %zu columns", in->valid_n, f->d);
    GET_DONE(cx, f->row, f->batch * f->d, "mlp: a batch");
    GET_DONE(cx, f->y, in->train_n, "mlp: targets");
    GET_DONE(cx, f->by, f->batch, "mlp: a batch");
    GET_DONE(cx, f->order, in->train_n, "mlp: row order");
    GET_DONE(cx, f->margin, in->valid_n * k, "mlp: held-out rows");
    GET_DONE(cx, f->answer, in->valid_n * k, "mlp: held-out rows");
    GET_DONE(cx, f->vy, in->valid_n, "mlp: held-out rows");
    GET_DONE(cx, f->best, f->net->params_n, "mlp: %zu parameters", f->net->params_n);
    dense_apply(f->dense, &in->X, in->train, in->train_n, f->X, f->d);
    if (in->valid_n) dense_apply(f->dense, &in->X, in->valid, in->valid_n, f->V, f->d);
    for (size_t i = 0; i < in->train_n; i++) f->order[i] = (uint32_t)i;
    for (size_t i = 0; i < in->valid_n; i++) f->vy[i] = in->y[in->valid[i]];
    scale_target(f);
    Random r = random_make(cx->seed, "mlp weights", 0, 0);
    f->shuffle = random_make(cx->seed, "mlp order", 0, 0);
    f->drop = random_make(cx->seed, "mlp dropout", 0, 0);
    mlp_init(f->net, &r);
    f->best_error = INFINITY;
done:
    return err;
}

/* Four cosine cycles of growing length over t in 0..1 (RealMLP's coslog4). */
static double rate_at(double t)
{
    return .5 - .5 * cos(2 * 3.14159265358979323846 * log2(1 + 15 * t));
}

static void step(Fit *f, size_t from, double rate)
{
    const FitIn *in = f->in;
    for (size_t i = 0; i < f->batch; i++) {
        uint32_t r = f->order[from + i];
        memcpy(f->row + i * f->d, f->X + r * f->d, f->d * sizeof *f->row);
        f->by[i] = f->y[r];
    }
    mlp_forward(f->net, f->row, f->batch, in->args[DROPOUT], &f->drop);
    mlp_backward(f->net, f->row, f->by, f->batch, in->args[DROPOUT]);
    mlp_step(f->net, rate, in->args[DECAY]);
}

/* Error on the held-out rows by the caller's metric. */
static Err judge(Ctx *cx, Fit *f, double *out)
{
    const FitIn *in = f->in;
    uint32_t k = f->net->s.outputs;
    double score = NAN;
    for (size_t from = 0; from < in->valid_n; from += f->batch) {
        size_t n = in->valid_n - from < f->batch ? in->valid_n - from : f->batch;
        const float *z = mlp_forward(f->net, f->V + from * f->d, n, 0, NULL);
        for (size_t i = 0; i < n * k; i++) f->margin[from * k + i] = (double)z[i];
    }
    for (size_t i = 0; i < in->valid_n; i++) {
        double *m = f->margin + i * k;
        if (in->task == TASK_REGRESSION) *m = fmin(fmax(*m * f->y_scale + f->y_mean, f->y_lo), f->y_hi);
        else if (k == 1) *m = model_sigmoid(*m);
        else model_softmax(m, k);
    }
    Err err = in->metric->score(cx, f->vy, f->margin, NULL, in->valid_n, in->classes, &score);
    *out = err || isnan(score) ? INFINITY : metric_error(in->metric, score);
    return err == ERR_NUMERIC ? OK : err;
}

static uint32_t plan_epochs(Ctx *cx, Fit *f, uint32_t most)
{
    size_t steps = f->in->train_n / f->batch;
    if (!cx->deadline_us) return most;
    float *keep = f->best;                       /* timing must leave no trace */
    memcpy(keep, f->net->theta, f->net->params_n * sizeof *keep);
    Random drop = f->drop;
    int64_t start = 0;
    for (int i = 0; i <= TIMED_STEPS; i++) {     /* the first one warms the library up */
        if (i == 1) start = ctx_mono_us(cx);
        step(f, 0, 0);
    }
    double one = ctx_since_s(cx, start) / TIMED_STEPS, judging = one / 3 * (double)f->in->valid_n / (double)f->batch;
    memcpy(f->net->theta, keep, f->net->params_n * sizeof *keep);
    memset(f->net->m, 0, f->net->params_n * sizeof(float));
    memset(f->net->v, 0, f->net->params_n * sizeof(float));
    f->net->steps = 0;
    f->drop = drop;
    double fit = ctx_left_s(cx) * SPARE / (one * (double)steps + judging + 1e-9);
    return fit >= most ? most : fit < EPOCHS_MIN ? EPOCHS_MIN : (uint32_t)fit;
}

static Err train(Ctx *cx, Fit *f, FitOut *out)
{
    const FitIn *in = f->in;
    size_t steps = in->train_n / f->batch;
    uint32_t epochs = in->rounds ? in->rounds : plan_epochs(cx, f, (uint32_t)in->args[EPOCHS]);
    double all = (double)epochs * (double)steps, done = 0;
    for (uint32_t e = 0; e < epochs; e++) {
        random_shuffle(&f->shuffle, f->order, in->train_n);
        for (size_t s = 0; s < steps; s++, done++) {
            step(f, s * f->batch, in->args[RATE] * rate_at(done / all));
            if (cx->cancel && *cx->cancel) return ctx_check(cx);
            if (ctx_late(cx)) {
                out->cut = true;
                break;
            }
        }
        if (out->cut && f->best_epoch) break;
        double error = 0;
        if (in->valid_n && !in->rounds) TRY(cx, judge(cx, f, &error));
        if (!in->valid_n || in->rounds || error <= f->best_error || !f->best_epoch) {
            f->best_error = error;
            f->best_epoch = e + 1;
            memcpy(f->best, f->net->theta, f->net->params_n * sizeof(float));
        }
        if (out->cut) break;
    }
    out->rounds = f->best_epoch;
    return OK;
}

/* The scale goes into the first layer and 1/sqrt(inputs) into every one. */
static Err make_model(Ctx *cx, Fit *f, Model **out)
{
    const Mlp *net = f->net;
    uint32_t layers = net->s.layers + 1, width[NET_LAYERS_MAX];
    const float *weight[NET_LAYERS_MAX], *bias[NET_LAYERS_MAX];
    for (size_t i = 0; i < net->params_n; i++)
        if (!isfinite(f->best[i])) return FAIL(cx, ERR_NUMERIC, "mlp: training ran away (learning_rate %g is too high for this data)", f->in->args[RATE]);
    for (uint32_t l = 0; l < layers; l++) {
        float *w = f->best + net->weight_at[l], share = (float)(1 / sqrt((double)(net->in_n[l] ? net->in_n[l] : 1)));
        for (size_t i = 0; i < net->in_n[l]; i++)
            for (size_t j = 0; j < net->out_n[l]; j++) w[i * net->out_n[l] + j] *= l ? share : share * f->best[i];
        width[l] = (uint32_t)net->out_n[l];
        weight[l] = w;
        bias[l] = f->best + net->bias_at[l];
    }
    NetIn in = { .dense = f->dense, .act = net->s.act, .layers = layers, .width = width, .weight = weight, .bias = bias,
                 .scale = f->y_scale, .shift = f->y_mean, .lo = f->y_lo, .hi = f->y_hi };
    f->dense = NULL;                             /* handed over, also on failure */
    return net_new(cx, &in, out);
}

/* Weights that fade away would end as denormal numbers, which cost a hundred times an ordinary one: while we train they
** are zero.  Returns what to give back to it afterwards. */
static unsigned tiny_is_zero(unsigned mode)
{
#ifdef __SSE2__
    unsigned was = _mm_getcsr();
    _mm_setcsr(mode ? mode : was | _MM_FLUSH_ZERO_ON | DENORMALS_ZERO);
    return was;
#else
    return mode;
#endif
}

static Err mlp_fit(Ctx *cx, const FitIn *in, FitOut *out)
{
    Fit f = { 0 };
    Err err = OK;
    *out = (FitOut){ 0 };
    if (!in->train_n || !in->X.cols) return FAIL(cx, ERR_SHAPE, "mlp: %zu rows x %zu columns", in->train_n, in->X.cols);
    if (cx->deadline_us) TRY(cx, ctx_check(cx));
    TRY_DONE(cx, fit_open(cx, in, &f));
    if (cx->deadline_us) TRY_DONE(cx, ctx_check(cx));
    unsigned mode = tiny_is_zero(0);
    err = train(cx, &f, out);
    (void)tiny_is_zero(mode);
    if (err) goto done;
    TRY_DONE(cx, make_model(cx, &f, &out->model));
done:
    fit_clear(cx, &f);
    if (err) *out = (FitOut){ 0 };
    return err;
}

static double parameters(const FitIn *in)
{
    double w = in->args[WIDTH], d = 0;
    for (size_t j = 0; j < in->X.cols; j++)
        d += in->X.feature[j].kind == FEATURE_CATEGORY ? fmin(in->X.feature[j].levels, ONEHOT_MAX) : 1.2;
    return d * w + (in->args[LAYERS] - 1) * w * w + w * task_outputs(in->task, in->classes);
}

static double guess_s(const FitIn *in)
{
    double rows = (double)in->train_n + (double)in->valid_n / 3;
    double steps = fmax(1, floor((double)in->train_n / in->args[BATCH])) * in->args[EPOCHS];
    return in->args[EPOCHS] * rows * (parameters(in) * 6 / 6e10 + in->args[LAYERS] * in->args[WIDTH] * 6e-9) + steps * 2e-4;
}

static double guess_bytes(const FitIn *in)
{
    return parameters(in) * 24 + (double)(in->train_n + in->valid_n) * (double)in->X.cols * 8 + 6e7;
}

const Learner learner_mlp = {
    .name = "mlp",
    .summary = "multilayer perceptron with meta-tuned defaults",
    .source = "RealMLP-TD-S, Holzmüller et al. 2024 (arXiv 2407.04491)",
    .can = LEARN_BINARY | LEARN_MULTICLASS | LEARN_REGRESSION | LEARN_ROUNDS,
    .params = mlp_params,
    .fit = mlp_fit,
    .guess_s = guess_s,
    .guess_bytes = guess_bytes,
};

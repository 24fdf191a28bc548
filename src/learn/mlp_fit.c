/* learn/mlp_fit.c -- the fit of a net of mlp_core, from rows to a model of form "net".  See mlp_fit.h.
**
** Nothing that is decided looks at the clock but the number of epochs planned and
** the end at the deadline; both are told (FitOut.planned, rounds), so that a
** replay needs no clock.  Cost: 6 x parameters x members x rows an epoch.
*/
#include "learn/mlp_fit.h"

#include "learn/gemm.h"

#include <math.h>
#include <string.h>
#ifdef __SSE2__
#include <xmmintrin.h>
#define DENORMALS_ZERO 0x40u       /* pmmintrin.h's _MM_DENORMALS_ZERO_ON, which wants SSE3 */
#endif

#define TIMED_STEPS 3
#define SPARE .85                  /* of the time left is planned for epochs: judging them takes the rest */
#define EPOCHS_MIN 3
#define JUDGED_RATE .5             /* epochs that end at a higher share of the peak rate are too noisy to be worth judging */
#define CYCLE_2_END (3. / 15)       /* of coslog4: where the learning rate is 0 again */
#define CYCLE_3_END (7. / 15)
#define BATCH_MIN 64
#define STEPS_WANTED 32            /* a pass */
#define WIDE_MAX 4000              /* dense columns */
#define START_ROWS 1024            /* rows the net is started by, at most a batch */
#define CATEGORY_CELLS_MAX 4e7     /* numbers in all tables */
#define PI 3.14159265358979323846

typedef struct Fit {
    const FitIn *in;
    const MlpPlan *plan;
    Dense *dense;
    Mlp *net;
    size_t d, batch, tables_n;
    NetTable *table;
    uint32_t *rows_of, *number;    /* rows of each table; dense columns that get waves */
    float *X, *V;                  /* train_n x d, valid_n x d */
    uint32_t *code, *vcode;        /* the same rows x tables_n */
    float *row, *w, *bw;           /* batch x d; weights of train rows (NULL: all 1) and of the batch */
    uint32_t *bcode;
    double *y, *by;                /* targets of train rows (standardised), of the batch */
    uint32_t *order;
    double *margin, *vy;           /* of valid rows */
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
    ctx_put(cx, f->table);
    ctx_put(cx, f->rows_of);
    ctx_put(cx, f->number);
    ctx_put(cx, f->X);
    ctx_put(cx, f->V);
    ctx_put(cx, f->code);
    ctx_put(cx, f->vcode);
    ctx_put(cx, f->row);
    ctx_put(cx, f->w);
    ctx_put(cx, f->bw);
    ctx_put(cx, f->bcode);
    ctx_put(cx, f->y);
    ctx_put(cx, f->by);
    ctx_put(cx, f->order);
    ctx_put(cx, f->margin);
    ctx_put(cx, f->vy);
    ctx_put(cx, f->best);
}

/* --------------------------------------------------------------- preparing */

static void scale_target(Fit *f)
{
    const FitIn *in = f->in;
    double sum = 0, squares = 0, total = 0;
    f->y_mean = 0, f->y_scale = 1;
    f->y_lo = -INFINITY, f->y_hi = INFINITY;
    if (in->task == TASK_REGRESSION) {
        f->y_lo = INFINITY, f->y_hi = -INFINITY;
        for (size_t i = 0; i < in->train_n; i++) {
            double v = in->y[in->train[i]], w = f->w ? (double)f->w[i] : 1;
            if (!(w > 0)) continue;
            sum += w * v;
            total += w;
            f->y_lo = fmin(f->y_lo, v), f->y_hi = fmax(f->y_hi, v);
        }
        f->y_mean = sum / total;
        for (size_t i = 0; i < in->train_n; i++)
            squares += (f->w ? (double)f->w[i] : 1) * (in->y[in->train[i]] - f->y_mean) * (in->y[in->train[i]] - f->y_mean);
        f->y_scale = sqrt(squares / total);
        if (!(f->y_scale > 0)) f->y_scale = 1;
    }
    for (size_t i = 0; i < in->train_n; i++) f->y[i] = (in->y[in->train[i]] - f->y_mean) / f->y_scale;
}

/* Weights that average 1 over the training rows, so that the learning rate means the same. */
static Err take_weights(Ctx *cx, Fit *f)
{
    const FitIn *in = f->in;
    double sum = 0;
    if (!in->weight) return OK;
    f->w = ctx_get_n(cx, in->train_n, sizeof *f->w);
    f->bw = ctx_get_n(cx, f->batch, sizeof *f->bw);
    if (!f->w || !f->bw) return FAIL(cx, ERR_NOMEM, "%s: weights", f->plan->name);
    for (size_t i = 0; i < in->train_n; i++) sum += (double)in->weight[in->train[i]];
    if (!(sum > 0)) return FAIL(cx, ERR_NUMERIC, "%s: no row has any weight", f->plan->name);
    for (size_t i = 0; i < in->train_n; i++) f->w[i] = (float)((double)in->weight[in->train[i]] * (double)in->train_n / sum);
    return OK;
}

/* Categories that gave no dense column and have too many levels for it get a table; numbers' own values get waves. */
static Err find_inputs(Ctx *cx, Fit *f, MlpShape *s)
{
    Err err = OK;
    const Frame *X = &f->in->X;
    double cells = 0;
    bool *seen = NULL;
    GET_DONE(cx, seen, X->cols, "%s: %zu columns", f->plan->name, X->cols);
    GET_DONE(cx, f->table, X->cols, "%s: %zu columns", f->plan->name, X->cols);
    GET_DONE(cx, f->rows_of, X->cols, "%s: %zu columns", f->plan->name, X->cols);
    GET_DONE(cx, f->number, f->d, "%s: %zu columns", f->plan->name, f->d);
    for (size_t c = 0; c < f->d; c++) {
        seen[dense_from(f->dense, c)] = true;
        if (f->plan->waves && dense_is_value(f->dense, c)) f->number[s->numbers_n++] = (uint32_t)c;
    }
    for (size_t j = 0; f->plan->tables && j < X->cols; j++) {
        uint32_t levels = X->feature[j].levels;
        if (seen[j] || X->feature[j].kind != FEATURE_CATEGORY || levels <= f->plan->onehot_max) continue;
        cells += ((double)levels + 1) * MLP_TABLE_DIM;
        if (cells > CATEGORY_CELLS_MAX || f->tables_n == NET_TABLES_MAX) break;
        f->table[f->tables_n] = (NetTable){ (uint32_t)j, levels };
        f->rows_of[f->tables_n++] = levels + 1;
    }
    s->number = f->number;
    s->levels = f->rows_of;
    s->tables_n = (uint32_t)f->tables_n;
done:
    ctx_put(cx, seen);
    return err;
}

static void take_codes(const Fit *f, const uint32_t *rows, size_t n, uint32_t *out)
{
    for (size_t t = 0; t < f->tables_n; t++) {
        const float *col = f->in->X.col[f->table[t].col];
        uint32_t levels = f->table[t].levels;
        for (size_t i = 0; i < n; i++) {
            float c = col[rows[i]];
            out[i * f->tables_n + t] = c >= 0 && c < (float)levels ? (uint32_t)c : levels;
        }
    }
}

static Err make_room(Ctx *cx, Fit *f)
{
    Err err = OK;
    const FitIn *in = f->in;
    const char *name = f->plan->name;
    size_t t = f->tables_n;
    GET_DONE(cx, f->X, in->train_n * f->d, "%s: %zu rows x %zu columns", name, in->train_n, f->d);
    GET_DONE(cx, f->V, in->valid_n * f->d, "%s: %zu rows x %zu columns", name, in->valid_n, f->d);
    GET_DONE(cx, f->code, in->train_n * t, "%s: %zu rows x %zu categories", name, in->train_n, t);
    GET_DONE(cx, f->vcode, in->valid_n * t, "%s: %zu rows x %zu categories", name, in->valid_n, t);
    GET_DONE(cx, f->row, f->batch * f->d, "%s: a batch", name);
    GET_DONE(cx, f->bcode, f->batch * t, "%s: a batch", name);
    GET_DONE(cx, f->y, in->train_n, "%s: targets", name);
    GET_DONE(cx, f->by, f->batch, "%s: a batch", name);
    GET_DONE(cx, f->order, in->train_n, "%s: row order", name);
    GET_DONE(cx, f->margin, in->valid_n * f->net->s.outputs, "%s: held-out rows", name);
    GET_DONE(cx, f->vy, in->valid_n, "%s: held-out rows", name);
    GET_DONE(cx, f->best, f->net->params_n, "%s: %zu parameters", name, f->net->params_n);
done:
    return err;
}

/* The next `n` rows of the order become the batch. */
static void take_batch(Fit *f, size_t from, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t r = f->order[from + i];
        memcpy(f->row + i * f->d, f->X + r * f->d, f->d * sizeof *f->row);
        if (f->tables_n) memcpy(f->bcode + i * f->tables_n, f->code + r * f->tables_n, f->tables_n * sizeof *f->bcode);
        if (f->w) f->bw[i] = f->w[r];
        f->by[i] = f->y[r];
    }
}

/* Few rows take small steps, so that a pass has some dozens of them: no more than the plan says, nor than there are. */
static size_t batch_of(const MlpPlan *plan, size_t rows)
{
    size_t batch = BATCH_MIN;
    while (batch < plan->batch && rows >= 2 * batch * STEPS_WANTED) batch *= 2;
    if (batch > plan->batch) batch = plan->batch;
    return batch < rows ? batch : rows;
}

static Err fit_open(Ctx *cx, const FitIn *in, const MlpPlan *plan, Fit *f)
{
    GemmF32 gemm;
    DenseOptions how = { .scale = DENSE_ROBUST, .clip = true, .scale_onehot = true, .onehot_max = plan->onehot_max,
                         .skip_above = plan->tables ? plan->onehot_max : 0, .missing_min = .001, .cols_max = WIDE_MAX };
    f->in = in;
    f->plan = plan;
    f->batch = batch_of(plan, in->train_n);
    TRY(cx, gemm_open(cx, &gemm));
    TRY(cx, dense_fit(cx, &in->X, in->train, in->train_n, in->weight, &how, &f->dense));
    f->d = dense_cols(f->dense);
    MlpShape s = { .in = f->d, .batch = f->batch, .layers = plan->layers, .width = plan->width, .members = plan->members,
                   .outputs = task_outputs(in->task, in->classes), .task = in->task, .act = plan->act, .mixed = plan->mixed,
                   .start = plan->start, .beta2 = plan->beta2, .rate_scale = plan->rate_scale, .rate_bias = plan->rate_bias };
    TRY(cx, find_inputs(cx, f, &s));
    TRY(cx, mlp_new(cx, &s, gemm, &f->net));
    TRY(cx, make_room(cx, f));
    TRY(cx, take_weights(cx, f));
    dense_apply(f->dense, &in->X, in->train, in->train_n, f->X, f->d);
    if (in->valid_n) dense_apply(f->dense, &in->X, in->valid, in->valid_n, f->V, f->d);
    take_codes(f, in->train, in->train_n, f->code);
    take_codes(f, in->valid, in->valid_n, f->vcode);
    for (size_t i = 0; i < in->valid_n; i++) f->vy[i] = in->y[in->valid[i]];
    scale_target(f);
    f->best_error = INFINITY;
    return OK;
}

static void start_net(Ctx *cx, Fit *f)
{
    Random r = random_make(cx->seed, "mlp weights", 0, 0);
    size_t n = f->batch < START_ROWS ? f->batch : START_ROWS;
    f->shuffle = random_make(cx->seed, "mlp order", 0, 0);
    f->drop = random_make(cx->seed, "mlp dropout", 0, 0);
    for (size_t i = 0; i < f->in->train_n; i++) f->order[i] = (uint32_t)i;
    if (f->plan->start == MLP_START_ROWS) random_shuffle(&r, f->order, f->in->train_n);
    take_batch(f, 0, n);
    mlp_init(f->net, f->row, f->bcode, n, &r);
}

/* ---------------------------------------------------------------- training */

/* 1 for half the way, then down a cosine to 0. */
static double flat_cos(double t) { return t < .5 ? 1 : .5 + .5 * cos(2 * PI * (t - .5)); }

/* Four cosine cycles of growing length over t in 0..1 (RealMLP's coslog4). */
static double coslog4(double t) { return .5 - .5 * cos(2 * PI * log2(1 + 15 * t)); }

static double rate_at(const Fit *f, double t) { return f->plan->flat ? flat_cos(t) : coslog4(t); }

/* A step at t of the way. */
static void step(Fit *f, size_t from, double rate, double t)
{
    double fade = f->plan->fading ? flat_cos(t) : 1;
    take_batch(f, from, f->batch);
    mlp_forward(f->net, f->row, f->bcode, f->batch, true, f->plan->dropout * fade, &f->drop);
    mlp_backward(f->net, f->row, f->bcode, f->by, f->bw, f->batch);
    mlp_step(f->net, rate, f->plan->decay * fade);
}

/* One row's answer by all members, as the metric wants it. */
static void mean_answer(const Fit *f, const float *z, size_t n, double *p)
{
    const MlpShape *s = &f->net->s;
    double one[2];
    for (uint32_t c = 0; c < s->outputs; c++) p[c] = 0;
    for (uint32_t m = 0; m < s->members; m++, z += n * s->outputs) {
        if (s->outputs == 1) {
            one[0] = (double)z[0];
            if (s->task == TASK_BINARY) one[0] = model_sigmoid(one[0]);
            p[0] += one[0] / s->members;
            continue;
        }
        double top = (double)z[0], sum = 0;
        for (uint32_t c = 1; c < s->outputs; c++) top = fmax(top, (double)z[c]);
        for (uint32_t c = 0; c < s->outputs; c++) sum += exp((double)z[c] - top);
        for (uint32_t c = 0; c < s->outputs; c++) p[c] += exp((double)z[c] - top) / sum / s->members;
    }
    if (s->task == TASK_REGRESSION) p[0] = fmin(fmax(p[0] * f->y_scale + f->y_mean, f->y_lo), f->y_hi);
}

/* Error on the held-out rows by the caller's metric. */
static Err judge(Ctx *cx, Fit *f, double *out)
{
    const FitIn *in = f->in;
    uint32_t k = f->net->s.outputs;
    double score = NAN;
    for (size_t from = 0; from < in->valid_n; from += f->batch) {
        size_t n = in->valid_n - from < f->batch ? in->valid_n - from : f->batch;
        const float *z = mlp_forward(f->net, f->V + from * f->d, f->vcode + from * f->tables_n, n, false, 0, NULL);
        for (size_t i = 0; i < n; i++) mean_answer(f, z + i * k, n, f->margin + (from + i) * k);
    }
    Err err = in->metric->score(cx, f->vy, f->margin, NULL, in->valid_n, in->classes, &score);
    *out = err || isnan(score) ? INFINITY : metric_error(in->metric, score);
    return err == ERR_NUMERIC ? OK : err;
}

static uint32_t plan_epochs(Ctx *cx, Fit *f)
{
    size_t steps = f->in->train_n / f->batch;
    uint32_t most = f->plan->epochs;
    if (!cx->deadline_us) return most;
    int64_t start = 0;
    for (int i = 0; i <= TIMED_STEPS; i++) {     /* the first one warms the library up */
        if (i == 1) start = ctx_mono_us(cx);
        step(f, 0, 0, 0);
        if (i && ctx_late(cx)) break;
    }
    double one = ctx_since_s(cx, start) / TIMED_STEPS, judging = one / 3 * (double)f->in->valid_n / (double)f->batch;
    start_net(cx, f);                            /* timing must leave no trace */
    double fit = ctx_left_s(cx) * SPARE / (one * (double)steps + judging + 1e-9);
    return fit >= most ? most : fit < EPOCHS_MIN ? EPOCHS_MIN : (uint32_t)fit;
}

/* At the end of the third of four cycles, which is half the way: a net that has not bettered itself since the second only
** overfits, and the fourth cycle, as long as all before, would not change that.  Without patience: never by epochs alone. */
static bool hopeless(const Fit *f, uint32_t epoch, uint32_t epochs)
{
    if (f->plan->patience && epoch - f->best_epoch >= f->plan->patience) return true;
    double t = (double)epoch / epochs, before = (double)(epoch - 1) / epochs;
    return !f->plan->flat && t >= CYCLE_3_END && before < CYCLE_3_END && (double)f->best_epoch / epochs <= CYCLE_2_END + 1. / epochs;
}

/* The parameters as they are become those kept. */
static void keep(Fit *f, double error, uint32_t epoch)
{
    f->best_error = error;
    f->best_epoch = epoch;
    memcpy(f->best, f->net->theta, f->net->params_n * sizeof(float));
}

static Err train(Ctx *cx, Fit *f, FitOut *out)
{
    const FitIn *in = f->in;
    size_t steps = in->train_n / f->batch;
    start_net(cx, f);
    uint32_t epochs = in->rounds ? in->rounds : plan_epochs(cx, f), last = in->rounds && in->keep && in->keep < epochs ? in->keep : epochs;
    double all = (double)epochs * (double)steps, done = 0;
    bool judged = in->valid_n && !in->rounds, replay = in->rounds && in->keep;
    out->planned = epochs;
    for (uint32_t e = 0; e < last; e++) {
        random_shuffle(&f->shuffle, f->order, in->train_n);
        for (size_t s = 0; s < steps; s++, done++) {
            step(f, s * f->batch, f->plan->rate * rate_at(f, done / all), done / all);
            if (cx->cancel && *cx->cancel) return ctx_check(cx);
            if (!replay && ctx_late(cx)) {
                out->cut = e + 1 < last || s + 1 < steps;
                if (s + 1 < steps) goto ended;
            }
        }
        double error = 0;
        if (judged && e + 1 < last && !out->cut && !f->plan->flat && rate_at(f, done / all) > JUDGED_RATE) continue;
        if (judged) TRY(cx, judge(cx, f, &error));
        if (!judged || error <= f->best_error || !f->best_epoch) keep(f, error, e + 1);
        if (out->cut || (judged && hopeless(f, e + 1, epochs))) break;
    }
ended:
    if (!f->best_epoch) return FAIL(cx, ERR_TIME, "%s: the time ended within the first pass over %zu rows", f->plan->name, in->train_n);
    out->rounds = f->best_epoch;
    return OK;
}

/* ------------------------------------------------------------------- model */

/* 1/sqrt(inputs) goes into every layer, the scale of a single member into the first, the unit of phases becomes a turn. */
static Err make_model(Ctx *cx, Fit *f, Model **out)
{
    const Mlp *net = f->net;
    uint32_t layers = net->s.layers + 1, width[NET_LAYERS_MAX];
    const float *weight[NET_LAYERS_MAX], *bias[NET_LAYERS_MAX], *mix[NET_LAYERS_MAX];
    bool one = net->s.members == 1;
    for (size_t i = 0; i < net->params_n; i++)
        if (!isfinite(f->best[i]))
            return FAIL(cx, ERR_NUMERIC, "%s: training ran away (learning_rate %g is too high for this data)", f->plan->name, f->plan->rate);
    for (uint32_t l = 0; l < layers; l++) {
        bool fan = net->s.start != MLP_START_UNIFORM;
        size_t blocks = l + 1 == layers ? net->s.members : 1, k = net->in_n[l];
        float *w = f->best + net->weight_at[l], share = fan ? (float)(1 / sqrt((double)(k ? k : 1))) : 1;
        for (size_t i = 0; i < k * blocks; i++)
            for (size_t j = 0; j < net->out_n[l]; j++) w[i * net->out_n[l] + j] *= l || !one ? share : share * f->best[net->scale_at + i];
        width[l] = (uint32_t)net->out_n[l];
        weight[l] = w;
        bias[l] = f->best + net->bias_at[l];
        mix[l] = f->best + net->mix_at[l];
    }
    for (size_t i = 0; i < (size_t)net->s.numbers_n * MLP_WAVES; i++) f->best[net->phase_at + i] *= (float)(.5 / PI);
    NetIn in = { .dense = f->dense, .task = net->s.task, .act = net->s.act, .layers = layers, .width = width, .weight = weight, .bias = bias,
                 .mix = net->s.mixed ? mix : NULL, .members = net->s.members, .scale_in = one ? NULL : f->best + net->scale_at,
                 .waves_n = net->s.numbers_n, .wave_col = f->number, .turn = f->best + net->turn_at, .phase = f->best + net->phase_at,
                 .blend = f->best + net->blend_at, .offset = f->best + net->offset_at, .tables_n = (uint32_t)f->tables_n, .table = f->table,
                 .entry = f->best + net->table_at, .scale = f->y_scale, .shift = f->y_mean, .lo = f->y_lo, .hi = f->y_hi };
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

Err mlp_fit_plan(Ctx *cx, const FitIn *in, const MlpPlan *plan, FitOut *out)
{
    Fit f = { 0 };
    Err err = OK;
    *out = (FitOut){ 0 };
    if (!in->train_n || !in->X.cols) return FAIL(cx, ERR_SHAPE, "%s: %zu rows x %zu columns", plan->name, in->train_n, in->X.cols);
    if (cx->deadline_us) TRY(cx, ctx_check(cx));
    TRY_DONE(cx, fit_open(cx, in, plan, &f));
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

/* ------------------------------------------------------------------- costs */

static double inputs_of(const FitIn *in, const MlpPlan *plan)
{
    double d = 0;
    for (size_t j = 0; j < in->X.cols; j++) {
        double levels = in->X.feature[j].levels;
        if (in->X.feature[j].kind != FEATURE_CATEGORY) d += plan->waves ? 4.2 : 1.2;
        else d += levels <= plan->onehot_max ? levels : plan->tables ? MLP_TABLE_DIM : plan->onehot_max;
    }
    return d;
}

static double parameters(const FitIn *in, const MlpPlan *plan)
{
    double w = plan->width;
    return inputs_of(in, plan) * w + (plan->layers - 1) * w * w + w * task_outputs(in->task, in->classes) * plan->members;
}

/* Measured on one core of an EPYC 9004 (AVX-512): products run at 1e11 operations a second; a unit costs a nanosecond
** besides them, three where members make a batch too large for the cache, dropout one and a half; a cosine with its sine six. */
double mlp_guess_s(const FitIn *in, const MlpPlan *plan)
{
    double rows = (double)in->train_n + (double)in->valid_n / 6, p = parameters(in, plan), k = plan->members;
    double steps = fmax(1, floor((double)in->train_n / (double)batch_of(plan, in->train_n)));
    double waves = plan->waves ? (double)in->X.cols * MLP_WAVES * 6e-9 : 0;
    double row = p * k * 6 / 1e11 + waves + 1e-7;
    row += plan->layers * plan->width * k * ((k > 1 ? 3e-9 : 1e-9) + (plan->dropout > 0 ? 1.5e-9 : 0));
    return .06 + plan->epochs * (rows * row + steps * (p * 1.2e-9 + 1.5e-5));
}

double mlp_guess_bytes(const FitIn *in, const MlpPlan *plan)
{
    double units = (double)plan->batch * plan->members * (plan->layers * plan->width * 3 + 3 * inputs_of(in, plan));
    return parameters(in, plan) * 24 + units * 4 + (double)(in->train_n + in->valid_n) * inputs_of(in, plan) * 4 + 6e7;
}

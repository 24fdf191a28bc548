/* learn/kinds/linear.c -- logistic, multinomial and least-squares fits with L2 and L1 penalties.
**
** One objective for all tasks, scikit-learn's:
**
**     sum_i w_i loss_i  +  1/C (l1_ratio |W|_1 + (1 - l1_ratio)/2 |W|^2)
**
** over the dense view, the intercept free.  Losses: log loss; half the squared error of the standardised value,
** so that C means the same for any unit (Ridge's alpha is 1/C).  Internally everything is divided by sum w.
** Few columns: Newton's method with the full curvature (binary), normal equations (values), coordinate descent on
** them (values with L1).  Else L-BFGS or OWL-QN.  X is kept in float, all sums are double.
** Cost: steps x rows x columns x outputs, or rows x columns^2; memory: rows x columns floats.
*/
#include "learn/kinds/kinds.h"

#include "learn/algebra.h"
#include "learn/minimise.h"

#include <math.h>
#include <string.h>

#define LINEAR_BLOCK 64                /* rows whose margins are in hand at once */
#define LINEAR_NEWTON_COLS_MAX 300     /* above this, the curvature costs more than L-BFGS's extra steps */
#define LINEAR_GRAM_COLS_MAX 1500
#define LINEAR_STEPS_MAX 3000
#define LINEAR_SWEEPS_MAX 20000
#define LINEAR_CLOSE 1e-11             /* relative: what is left to gain when a fit ends */

enum { C, L1_RATIO, ONEHOT_MAX, SCALING, CLIP, PARAMS_N };

static const char *const no_yes[] = { "no", "yes", NULL };

static const Param linear_params[] = {
    [C] = { .name = "c", .unit = "rows", .help = "trust in the data against the pull of weights towards zero",
            .lo = 1e-4, .hi = 1e4, .start = { 1, 1, 1 }, .scale = PARAM_LOG },
    [L1_RATIO] = { .name = "l1_ratio", .unit = "share", .help = "part of the pull that sets weights to exactly zero",
                   .lo = 0, .hi = 1, .start = { 0, 0, 0 }, .scale = PARAM_LINEAR },
    [ONEHOT_MAX] = { .name = "onehot_max", .unit = "columns", .help = "columns a category may take; rarer levels share one",
                     .lo = 2, .hi = 1000, .start = { 40, 40, 40 }, .scale = PARAM_WHOLE_LOG },
    [SCALING] = { .name = "scaling", .help = "of numbers: mean and deviation, or median and quartiles", .hi = 1,
                  .start = { 1, 1, 1 }, .scale = PARAM_CHOICE,
                  .choices = (const char *const[]){ "standard", "robust", NULL } },
    [CLIP] = { .name = "clip", .help = "draw far values in, smoothly", .hi = 1, .start = { 1, 1, 1 },
               .scale = PARAM_CHOICE, .choices = no_yes },
    { .name = NULL },
};

typedef struct Fit {
    const FitIn *in;
    const Dense *dense;
    size_t n, d, stride;       /* rows, columns, floats a row: the columns, a 1, zeros */
    size_t k;                  /* rows of theta: 1, or the classes that occur */
    uint32_t *class_at;        /* multiclass: class -> its row of theta, or UINT32_MAX */
    float *X;
    double *y, *w;             /* n: row of theta or 0/1 or standardised value; weight / sum of weights */
    double weight_sum, y_mean, y_scale;
    double l1, l2;             /* penalties over the sum of weights */
    double *theta;             /* k x stride: weights, then the intercept */
    double *z;                 /* LINEAR_BLOCK x k: margins in hand */
    bool cut;
    uint32_t steps;            /* where the clock ended it, Newton's apart from others (GRADIENT_FROM); 0: it came to its end */
} Fit;

#define GRADIENT_FROM 1000u    /* steps of a gradient or of coordinates are counted from here */

/* Steps a replay may make; most when it is none, or when the other solver was cut. */
static unsigned steps_allowed(const Fit *f, bool newton, unsigned most)
{
    uint32_t rounds = f->in->rounds;
    if (!rounds || newton != (rounds < GRADIENT_FROM)) return most;
    unsigned steps = newton ? rounds : rounds - GRADIENT_FROM;
    return steps < most ? steps : most;
}

/* -------------------------------------------------------------- objectives */

static double softplus(double z) { return z > 0 ? z + log1p(exp(-z)) : log1p(exp(z)); }

/* Loss of one row, weight apart; z (k margins) becomes its derivative. */
static double row_loss(const Fit *f, double y, double *z)
{
    if (f->in->task == TASK_REGRESSION) {
        *z -= y;
        return .5 * *z * *z;
    }
    if (f->in->task == TASK_BINARY) {
        double loss = softplus(*z) - y * *z;
        *z = model_sigmoid(*z) - y;
        return loss;
    }
    size_t is = (size_t)y;
    double top = z[0], sum = 0, own = z[is];
    for (size_t c = 1; c < f->k; c++) top = fmax(top, z[c]);
    for (size_t c = 0; c < f->k; c++) sum += z[c] = exp(z[c] - top);
    for (size_t c = 0; c < f->k; c++) z[c] /= sum;
    z[is] -= 1;
    return top + log(sum) - own;
}

/* The smooth part of the objective and its gradient (k x stride). */
static double objective(void *self, const double *theta, double *gradient)
{
    const Fit *f = self;
    double *z = f->z, loss = 0, pull = 0;
    memset(gradient, 0, f->k * f->stride * sizeof *gradient);
    for (size_t from = 0; from < f->n; from += LINEAR_BLOCK) {
        size_t some = f->n - from < LINEAR_BLOCK ? f->n - from : LINEAR_BLOCK;
        const float *X = f->X + from * f->stride;
        algebra_dots(X, some, f->stride, theta, f->k, z);
        for (size_t i = 0; i < some; i++) {
            double w = f->w[from + i];
            loss += w * row_loss(f, f->y[from + i], z + i * f->k);
            for (size_t c = 0; c < f->k; c++) z[i * f->k + c] *= w;
        }
        algebra_gather(X, some, f->stride, z, f->k, gradient);
    }
    for (size_t c = 0; c < f->k; c++)
        for (size_t j = 0; j < f->d; j++) {
            double t = theta[c * f->stride + j];
            gradient[c * f->stride + j] += f->l2 * t;
            pull += t * t;
        }
    return loss + .5 * f->l2 * pull;
}

/* ----------------------------------------------------------------- solvers */

static Err by_gradient(Ctx *cx, Fit *f)
{
    Err err = OK;
    double *l1 = NULL;
    Minimised done;
    Minimise m = { .n = f->k * f->stride, .value = objective, .self = f, .steps_max = steps_allowed(f, false, LINEAR_STEPS_MAX),
                   .flat = 1e-9, .drop = LINEAR_CLOSE };
    if (f->l1 > 0) {
        GET_DONE(cx, l1, m.n, "penalties of %zu weights", m.n);
        for (size_t i = 0; i < m.n; i++) l1[i] = i % f->stride < f->d ? f->l1 : 0;
        m.l1 = l1;
    }
    TRY_DONE(cx, minimise(cx, &m, f->theta, &done));
    f->cut = done.cut && done.steps < m.steps_max;
    if (f->cut) f->steps = GRADIENT_FROM + done.steps;
done:
    ctx_put(cx, l1);
    return err;
}

/* Curvature over the sum of weights, from weights h a row; looks at the clock on the way. */
static Err gram(Ctx *cx, const Fit *f, const double *h, double *G)
{
    size_t block = 1 + ((size_t)1 << 22) / (f->stride * f->stride);
    memset(G, 0, f->stride * f->stride * sizeof *G);
    block = (block + 3) / 4 * 4;
    for (size_t from = 0; from < f->n; from += block) {
        size_t some = f->n - from < block ? f->n - from : block;
        TRY(cx, ctx_check(cx));
        algebra_gram(f->X + from * f->stride, some, f->stride, h + from, G);
    }
    return OK;
}

/* G + l2 I and solve; a trace of a ridge more where rounding asks for it. */
static Err solve(Ctx *cx, const Fit *f, const double *G, double *A, double *b)
{
    double top = 0, more = 0;
    for (size_t j = 0; j <= f->d; j++) top = fmax(top, G[j * f->stride + j]);
    double *keep = A + f->stride * f->stride;                       /* room for b */
    memcpy(keep, b, f->stride * sizeof *b);
    for (int tries = 0; tries < 8; tries++) {
        memcpy(A, G, f->stride * f->stride * sizeof *A);
        memcpy(b, keep, f->stride * sizeof *b);
        for (size_t j = 0; j <= f->d; j++) A[j * f->stride + j] += (j < f->d ? f->l2 : 0) + more;
        if (algebra_solve(A, f->d + 1, f->stride, b)) return OK;
        more = more > 0 ? more * 100 : 1e-14 * (top > 0 ? top : 1);
    }
    return FAIL(cx, ERR_NUMERIC, "the normal equations of %zu columns have no stable answer: lower 'c'", f->d);
}

/* Newton steps with halving for the binary log loss. */
static Err by_newton(Ctx *cx, Fit *f, bool *converged)
{
    Err err = OK;
    size_t s = f->stride;
    double *G = NULL, *A = NULL, *h = NULL, *g = NULL, *step = NULL, *next = NULL;
    *converged = false;
    GET_DONE(cx, G, s * s, "the curvature of %zu columns", f->d);
    GET_DONE(cx, A, s * s + s, "the curvature of %zu columns", f->d);
    GET_DONE(cx, h, f->n, "the curvature of %zu rows", f->n);
    GET_DONE(cx, g, s, "a gradient");
    GET_DONE(cx, step, s, "a step");
    GET_DONE(cx, next, s, "a step");
    double value = objective(f, f->theta, g);
    unsigned most = steps_allowed(f, true, 60);
    for (unsigned steps = 0; steps < 60; steps++) {
        if (steps == most) {
            *converged = true;
            goto done;
        }
        algebra_dots(f->X, f->n, s, f->theta, 1, h);
        for (size_t i = 0; i < f->n; i++) {
            double p = model_sigmoid(h[i]);
            h[i] = f->w[i] * p * (1 - p);
        }
        err = gram(cx, f, h, G);
        if (err == ERR_TIME && steps) {
            f->cut = *converged = true;
            f->steps = steps;
            err = OK;
            goto done;
        }
        TRY_DONE(cx, err);
        for (size_t j = 0; j < s; j++) step[j] = -g[j];
        TRY_DONE(cx, solve(cx, f, G, A, step));
        double gain = 0, share = 1, lower = value;
        for (size_t j = 0; j <= f->d; j++) gain -= g[j] * step[j];
        for (int tries = 0; tries < 30; tries++, share /= 2) {
            for (size_t j = 0; j < s; j++) next[j] = f->theta[j] + share * step[j];
            lower = objective(f, next, g);
            if (lower <= value - 1e-4 * share * gain) break;
        }
        if (!(lower < value)) lower = value;
        else memcpy(f->theta, next, s * sizeof *next);
        *converged = gain <= 1e-9 * fabs(value) || lower == value;
        value = lower;
        if (*converged) break;
    }
done:
    ctx_put(cx, G);
    ctx_put(cx, A);
    ctx_put(cx, h);
    ctx_put(cx, g);
    ctx_put(cx, step);
    ctx_put(cx, next);
    return err;
}

static double soft(double x, double by) { return x > by ? x - by : x < -by ? x + by : 0; }

/* Coordinate descent on centred normal equations: the last row of G holds the means. */
static Err by_coordinates(Ctx *cx, Fit *f, double *G, const double *b)
{
    size_t s = f->stride, d = f->d;
    const double *mean = G + d * s;
    double *theta = f->theta, intercept = b[d];
    double *q = ctx_get_n(cx, s, sizeof *q);                   /* G theta */
    if (!q) return FAIL(cx, ERR_NOMEM, "coordinate descent over %zu columns", d);
    for (size_t j = 0; j < d; j++)
        for (size_t i = 0; i <= j; i++) G[i * s + j] = G[j * s + i] -= mean[i] * mean[j];
    unsigned sweeps = steps_allowed(f, false, LINEAR_SWEEPS_MAX);
    for (unsigned sweep = 0; sweep < sweeps; sweep++) {
        double most = 0;
        Err err = ctx_check(cx);
        if (err == ERR_TIME && sweep) {
            f->cut = true;
            f->steps = GRADIENT_FROM + sweep;
            break;
        }
        if (err) {
            ctx_put(cx, q);
            return ctx_hop(cx, err, __FILE__, __LINE__);
        }
        for (size_t j = 0; j < d; j++) {
            double own = G[j * s + j];
            if (!(own > 0)) continue;
            double to = soft(b[j] - mean[j] * b[d] - q[j] + own * theta[j], f->l1) / (own + f->l2), by = to - theta[j];
            if (by == 0) continue;
            theta[j] = to;
            for (size_t i = 0; i < d; i++) q[i] += by * G[j * s + i];
            most = fmax(most, fabs(by) * sqrt(own));
        }
        if (most <= 1e-10) break;
    }
    for (size_t j = 0; j < d; j++) intercept -= theta[j] * mean[j];
    theta[d] = intercept;
    ctx_put(cx, q);
    return OK;
}

/* Values with few columns: normal equations. */
static Err by_gram(Ctx *cx, Fit *f)
{
    Err err = OK;
    size_t s = f->stride;
    double *G = NULL, *A = NULL, *b = NULL, *wy = NULL;
    GET_DONE(cx, G, s * s, "the normal equations of %zu columns", f->d);
    GET_DONE(cx, A, s * s + s, "the normal equations of %zu columns", f->d);
    GET_DONE(cx, b, s, "the normal equations of %zu columns", f->d);
    GET_DONE(cx, wy, f->n, "the normal equations of %zu rows", f->n);
    for (size_t i = 0; i < f->n; i++) wy[i] = f->w[i] * f->y[i];
    TRY_DONE(cx, gram(cx, f, f->w, G));
    algebra_gather(f->X, f->n, s, wy, 1, b);
    if (f->l1 > 0) {
        TRY_DONE(cx, by_coordinates(cx, f, G, b));
    } else {
        TRY_DONE(cx, solve(cx, f, G, A, b));
        memcpy(f->theta, b, s * sizeof *b);
    }
done:
    ctx_put(cx, G);
    ctx_put(cx, A);
    ctx_put(cx, b);
    ctx_put(cx, wy);
    return err;
}

/* --------------------------------------------------------------- preparing */

static double weight_of(const FitIn *in, uint32_t row) { return in->weight ? (double)in->weight[row] : 1; }

/* Classes that occur get rows of theta; a class nobody showed cannot have weights. */
static Err number_classes(Ctx *cx, Fit *f)
{
    const FitIn *in = f->in;
    f->k = 0;
    f->class_at = ctx_get_n(cx, in->classes, sizeof *f->class_at);
    if (!f->class_at) return FAIL(cx, ERR_NOMEM, "%u classes", in->classes);
    for (size_t i = 0; i < in->train_n; i++)
        if (weight_of(in, in->train[i]) > 0) f->class_at[(uint32_t)in->y[in->train[i]]] = 1;
    for (uint32_t c = 0; c < in->classes; c++) f->class_at[c] = f->class_at[c] ? (uint32_t)f->k++ : UINT32_MAX;
    return OK;
}

static Err read_target(Ctx *cx, Fit *f)
{
    const FitIn *in = f->in;
    for (size_t i = 0; i < f->n; i++) {
        uint32_t row = in->train[i];
        f->w[i] = weight_of(in, row);
        f->weight_sum += f->w[i];
        f->y[i] = in->task == TASK_MULTICLASS && f->w[i] > 0 ? f->class_at[(uint32_t)in->y[row]] : in->y[row];
        if (!isfinite(f->y[i])) return FAIL(cx, ERR_NUMERIC, "'linear': the target of row %u is not a number", row);
        if (in->task == TASK_MULTICLASS && !(f->w[i] > 0)) f->y[i] = 0;
    }
    if (!(f->weight_sum > 0)) return FAIL(cx, ERR_SHAPE, "'linear': no row has any weight");
    for (size_t i = 0; i < f->n; i++) f->w[i] /= f->weight_sum;
    f->y_scale = 1;
    if (in->task != TASK_REGRESSION) return OK;
    double first = f->y[0], spread = 0;
    for (size_t i = 0; i < f->n; i++) f->y_mean += f->w[i] * (f->y[i] - first);
    f->y_mean += first;
    for (size_t i = 0; i < f->n; i++) {
        f->y[i] -= f->y_mean;
        spread += f->w[i] * f->y[i] * f->y[i];
    }
    if (spread > 0 && isfinite(spread)) f->y_scale = sqrt(spread);
    for (size_t i = 0; i < f->n; i++) f->y[i] /= f->y_scale;
    return OK;
}

/* The intercepts that suit weights of zero. */
static void start(Fit *f)
{
    double *at = f->theta + f->d;
    if (f->in->task == TASK_REGRESSION) return;
    if (f->in->task == TASK_BINARY) {
        double yes = .5 / f->weight_sum, no = yes;
        for (size_t i = 0; i < f->n; i++) *(f->y[i] == 1 ? &yes : &no) += f->w[i];
        *at = log(yes / no);
        return;
    }
    for (size_t i = 0; i < f->n; i++) at[(size_t)f->y[i] * f->stride] += f->w[i];
    for (size_t c = 0; c < f->k; c++) at[c * f->stride] = log(at[c * f->stride]);
}

static Err encode(Ctx *cx, Fit *f)
{
    size_t cells;
    f->d = dense_cols(f->dense);
    f->stride = algebra_stride(f->d + 1);
    if (__builtin_mul_overflow(f->n, f->stride, &cells)) cells = SIZE_MAX;
    f->X = ctx_get_n(cx, cells, sizeof *f->X);
    f->theta = ctx_get_n(cx, f->k * f->stride, sizeof *f->theta);
    f->z = ctx_get_n(cx, LINEAR_BLOCK * f->k, sizeof *f->z);
    if (!f->X || !f->theta || !f->z) return FAIL(cx, ERR_NOMEM, "'linear': %zu rows x %zu columns", f->n, f->d);
    for (size_t from = 0; from < f->n; from += 4096) {
        size_t some = f->n - from < 4096 ? f->n - from : 4096;
        TRY(cx, ctx_check(cx));
        dense_apply(f->dense, &f->in->X, f->in->train + from, some, f->X + from * f->stride, f->stride);
    }
    for (size_t i = 0; i < f->n; i++) f->X[i * f->stride + f->d] = 1;
    return OK;
}

static bool one_class_only(const Fit *f)
{
    if (f->in->task == TASK_MULTICLASS) return f->k < 2;
    double yes = 0;
    for (size_t i = 0; i < f->n; i++) yes += f->y[i] == 1 ? f->w[i] : 0;
    return f->in->task == TASK_BINARY && (yes <= 0 || yes >= 1 - 1e-15);
}

static Err learn(Ctx *cx, Fit *f)
{
    bool converged = false;
    double c = f->in->args[C], ratio = f->in->args[L1_RATIO];
    f->l1 = ratio / (c * f->weight_sum);
    f->l2 = (1 - ratio) / (c * f->weight_sum);
    start(f);
    if (one_class_only(f)) return OK;
    if (f->in->task == TASK_REGRESSION && f->d <= LINEAR_GRAM_COLS_MAX && f->d <= 4 * f->n) {
        TRY(cx, by_gram(cx, f));
        return OK;
    }
    if (f->in->task == TASK_BINARY && !(f->l1 > 0) && f->d <= LINEAR_NEWTON_COLS_MAX) TRY(cx, by_newton(cx, f, &converged));
    if (!converged) TRY(cx, by_gradient(cx, f));
    return OK;
}

/* ------------------------------------------------------------------- fit */

/* theta to the model's weights and intercepts, in the target's own unit. */
static Err wrap(Ctx *cx, Fit *f, Dense **dense, Model **out)
{
    Err err = OK;
    uint32_t outputs = task_outputs(f->in->task, f->in->classes);
    double *weight = NULL, *intercept = NULL, *mean = NULL, least = 0;
    GET_DONE(cx, weight, outputs * f->d, "weights of %zu columns", f->d);
    GET_DONE(cx, intercept, outputs, "intercepts");
    GET_DONE(cx, mean, f->stride, "means of %zu columns", f->d);
    algebra_gather(f->X, f->n, f->stride, f->w, 1, mean);
    for (size_t c = 0; c < f->k; c++) least = fmin(least, f->theta[c * f->stride + f->d]);
    for (uint32_t k = 0; k < outputs; k++) {
        uint32_t c = f->class_at ? f->class_at[k] : 0;
        intercept[k] = least - log(2 * f->weight_sum + 2);             /* a class nobody showed */
        if (c == UINT32_MAX) continue;
        for (size_t j = 0; j < f->d; j++) weight[k * f->d + j] = f->theta[c * f->stride + j] * f->y_scale;
        intercept[k] = f->theta[c * f->stride + f->d] * f->y_scale + f->y_mean;
    }
    for (size_t i = 0; i < outputs * (f->d + 1); i++)
        if (!isfinite(i < outputs ? intercept[i] : weight[i - outputs])) {
            err = FAIL(cx, ERR_NUMERIC, "'linear' found no finite weights: lower 'c'");
            goto done;
        }
    Dense *given = *dense;
    *dense = NULL;
    TRY_DONE(cx, linear_new(cx, given, outputs, weight, intercept, mean, out));
done:
    ctx_put(cx, weight);
    ctx_put(cx, intercept);
    ctx_put(cx, mean);
    return err;
}

static Err linear_fit(Ctx *cx, const FitIn *in, FitOut *out)
{
    Err err = OK;
    Fit f = { .in = in, .n = in->train_n, .k = 1 };
    Dense *dense = NULL;
    DenseOptions o = { .scale = in->args[SCALING] >= 1 ? DENSE_ROBUST : DENSE_STANDARD, .clip = in->args[CLIP] >= 1,
                       .onehot_max = (uint32_t)(in->args[ONEHOT_MAX] + .5), .missing_min = .001, .cols_max = DENSE_COLS_MAX };
    *out = (FitOut){ 0 };
    if (!in->train_n || !in->X.cols)
        return FAIL(cx, ERR_SHAPE, "'linear' needs rows and columns: it got %zu and %zu", in->train_n, in->X.cols);
    TRY(cx, ctx_check(cx));
    if (in->task == TASK_MULTICLASS) TRY_DONE(cx, number_classes(cx, &f));
    GET_DONE(cx, f.y, f.n, "'linear': %zu rows", f.n);
    GET_DONE(cx, f.w, f.n, "'linear': %zu rows", f.n);
    TRY_DONE(cx, read_target(cx, &f));
    TRY_DONE(cx, dense_fit(cx, &in->X, in->train, in->train_n, in->weight, &o, &dense));
    f.dense = dense;
    TRY_DONE(cx, encode(cx, &f));
    TRY_DONE(cx, learn(cx, &f));
    TRY_DONE(cx, wrap(cx, &f, &dense, &out->model));
    out->cut = f.cut;
    out->rounds = out->planned = f.steps ? f.steps : in->rounds;
done:
    dense_free(cx, dense);
    ctx_put(cx, f.class_at);
    ctx_put(cx, f.y);
    ctx_put(cx, f.w);
    ctx_put(cx, f.X);
    ctx_put(cx, f.theta);
    ctx_put(cx, f.z);
    return err;
}

/* Columns of the dense view, before it is made. */
static double columns(const FitIn *in)
{
    double d = 1;
    for (size_t j = 0; j < in->X.cols; j++) {
        const Feature *f = &in->X.feature[j];
        d += f->kind == FEATURE_NUMBER ? 1 : fmin(f->levels, in->args[ONEHOT_MAX]);
    }
    return fmin(d, DENSE_COLS_MAX);
}

static double linear_s(const FitIn *in)
{
    double d = columns(in), n = (double)in->train_n, k = task_outputs(in->task, in->classes), pass = n * d * k;
    if (in->task == TASK_REGRESSION && d <= LINEAR_GRAM_COLS_MAX) return 4e-10 * n * d * d + 3e-8 * n * d;
    if (in->task == TASK_BINARY && in->args[L1_RATIO] <= 0 && d <= LINEAR_NEWTON_COLS_MAX) return 1e-9 * pass * d + 4e-7 * n;
    return 100 * (6e-10 * pass + 1e-8 * n * k);
}

static double linear_bytes(const FitIn *in)
{
    double d = columns(in), n = (double)in->train_n;
    return n * (d * 4 + 60) + fmin(d, LINEAR_GRAM_COLS_MAX) * fmin(d, LINEAR_GRAM_COLS_MAX) * 16 +
           d * 8 * 50 * task_outputs(in->task, in->classes);
}

const Learner learner_linear = {
    .name        = "linear",
    .summary     = "weighted sums: logistic, multinomial, ridge, elastic net",
    .source      = "Hoerl, Kennard 1970; Zou, Hastie 2005; Andrew, Gao 2007",
    .can         = LEARN_BINARY | LEARN_MULTICLASS | LEARN_REGRESSION | LEARN_WEIGHTS | LEARN_MISSING,
    .params      = linear_params,
    .fit         = linear_fit,
    .guess_s     = linear_s,
    .guess_bytes = linear_bytes,
};

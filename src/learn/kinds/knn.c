/* learn/kinds/knn.c -- answers what the nearest training rows answered.
**
** Fitting is remembering: the dense view of the training rows.  Answering costs rows x training rows x columns,
** so at most KNN_ROWS_MAX rows are remembered, drawn by a key.
*/
#include "learn/kinds/kinds.h"

#include "base/random.h"

#include <math.h>
#include <string.h>

#define KNN_ROWS_MAX 50000

enum { K, WEIGHTS, POWER, SCALE, ONEHOT_MAX, PARAMS_N };

static const Param knn_params[] = {
    [K] = { .name = "k", .unit = "rows", .help = "neighbours asked", .lo = 1, .hi = 300,
            .start = { 20, 20, 10 }, .scale = PARAM_WHOLE_LOG },
    [WEIGHTS] = { .name = "weights", .help = "all neighbours alike, or nearer ones more", .hi = 1,
                  .start = { 1, 1, 1 }, .scale = PARAM_CHOICE,
                  .choices = (const char *const[]){ "uniform", "distance", NULL } },
    [POWER] = { .name = "distance", .help = "sum along the columns, or straight line", .hi = 1,
                .start = { 1, 1, 1 }, .scale = PARAM_CHOICE,
                .choices = (const char *const[]){ "manhattan", "euclidean", NULL } },
    [SCALE] = { .name = "scaling", .help = "of numbers: mean and deviation, or quartiles with far values drawn in",
                .hi = 1, .start = { 1, 1, 1 }, .scale = PARAM_CHOICE,
                .choices = (const char *const[]){ "standard", "robust", NULL } },
    [ONEHOT_MAX] = { .name = "onehot_max", .unit = "columns", .help = "columns a category may take; rarer levels share one",
                     .lo = 2, .hi = 1000, .start = { 40, 40, 40 }, .scale = PARAM_WHOLE_LOG, .fixed = true },
    { .name = NULL },
};

/* KNN_ROWS_MAX of the training rows, ascending (selection sampling). */
static void draw(Ctx *cx, const FitIn *in, uint32_t *rows)
{
    Random r = random_make(cx->seed, "knn rows", in->train_n, 0);
    size_t got = 0;
    for (size_t i = 0; i < in->train_n && got < KNN_ROWS_MAX; i++)
        if (random_below(&r, in->train_n - i) < KNN_ROWS_MAX - got) rows[got++] = in->train[i];
}

static Err knn_fit(Ctx *cx, const FitIn *in, FitOut *out)
{
    Err err = OK;
    Dense *dense = NULL;
    uint32_t *part = NULL;
    DenseOptions o = { .scale = in->args[SCALE] >= 1 ? DENSE_ROBUST : DENSE_STANDARD, .clip = in->args[SCALE] >= 1,
                       .onehot_max = (uint32_t)(in->args[ONEHOT_MAX] + .5), .missing_min = .001, .cols_max = DENSE_COLS_MAX };
    NeighboursIn n = { .task = in->task, .classes = in->task == TASK_REGRESSION ? 0 : in->classes, .X = &in->X,
                       .rows = in->train, .n = in->train_n, .y = in->y, .fold = in->fold, .k = (uint32_t)(in->args[K] + .5),
                       .p = in->args[POWER] >= 1 ? 2 : 1, .by_distance = in->args[WEIGHTS] >= 1 };
    *out = (FitOut){ 0 };
    if (!in->train_n || !in->X.cols)
        return FAIL(cx, ERR_SHAPE, "'knn' needs rows and columns: it got %zu and %zu", in->train_n, in->X.cols);
    TRY(cx, ctx_check(cx));
    if (in->train_n > KNN_ROWS_MAX) {
        GET_DONE(cx, part, KNN_ROWS_MAX, "drawing %d rows", KNN_ROWS_MAX);
        draw(cx, in, part);
        ctx_warn(cx, "'knn' remembers %d of %zu training rows", KNN_ROWS_MAX, in->train_n);
        n.rows = part;
        n.n = KNN_ROWS_MAX;
    }
    TRY_DONE(cx, dense_fit(cx, &in->X, n.rows, n.n, NULL, &o, &dense));
    n.dense = dense;
    TRY_DONE(cx, neighbours_new(cx, &n, &out->model));
done:
    ctx_put(cx, part);
    return err;
}

static double remembered(const FitIn *in) { return fmin((double)in->train_n, KNN_ROWS_MAX); }

/* Columns of the dense view, before it is made. */
static double columns(const FitIn *in)
{
    double d = 4;
    for (size_t j = 0; j < in->X.cols; j++) {
        const Feature *f = &in->X.feature[j];
        d += f->kind == FEATURE_NUMBER ? 1 : fmin(f->levels, in->args[ONEHOT_MAX]);
    }
    return fmin(d, DENSE_COLS_MAX);
}

/* With what answering the rows held out costs: nothing else takes time. */
static double knn_s(const FitIn *in)
{
    double asked = in->valid_n ? (double)in->valid_n : .25 * (double)in->train_n;
    return remembered(in) * columns(in) * (2e-8 + asked * 1.2e-10);
}

static double knn_bytes(const FitIn *in) { return remembered(in) * columns(in) * 8 + (double)in->train_n * 40; }

const Learner learner_knn = {
    .name        = "knn",
    .summary     = "what the nearest training rows answered",
    .source      = "Fix, Hodges 1951; Cover, Hart 1967",
    .can         = LEARN_BINARY | LEARN_MULTICLASS | LEARN_REGRESSION | LEARN_MISSING | LEARN_KEEPS_ROWS,
    .params      = knn_params,
    .fit         = knn_fit,
    .guess_s     = knn_s,
    .guess_bytes = knn_bytes,
};

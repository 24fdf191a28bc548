/* learn/detect.c -- what the detectors of anomalies share. */
#include "learn/detect.h"

#include "base/random.h"

#include <math.h>

#define RANKED_ROWS 20000u         /* training rows that the common scale is made of */
#define DENSITY_ROWS 20000u        /* training rows that distances are taken to */
#define DENSITY_COLS 2000u

Err detect_check(Ctx *cx, const char *name, const FitIn *in)
{
    if (!in->train_n || !in->X.cols)
        return FAIL(cx, ERR_SHAPE, "'%s' needs rows and columns: it got %zu and %zu", name, in->train_n, in->X.cols);
    TRY(cx, ctx_check(cx));
    return OK;
}

Err detect_rows(Ctx *cx, const FitIn *in, size_t most, const char *name, uint32_t **rows, size_t *n)
{
    Random r = random_make(cx->seed, name, in->train_n, most);
    size_t want = in->train_n < most ? in->train_n : most, got = 0;
    uint32_t *some = ctx_get_n(cx, want, sizeof *some);
    *rows = some;
    *n = want;
    if (!some) return FAIL(cx, ERR_NOMEM, "'%s': drawing %zu rows", name, want);
    for (size_t i = 0; i < in->train_n && got < want; i++)           /* selection sampling */
        if (want == in->train_n || random_below(&r, in->train_n - i) < want - got) some[got++] = in->train[i];
    return OK;
}

Err detect_end(Ctx *cx, const FitIn *in, Model *raw, const uint32_t *rows, size_t n, const double *self, FitOut *out)
{
    Err err = OK;
    double *answer = NULL;
    size_t step = n > RANKED_ROWS && !self ? n / RANKED_ROWS : 1, some = 0;
    uint32_t *at = NULL;
    if (!self) {
        GET_DONE(cx, at, n / step + 1, "ranking a detector's answers");
        GET_DONE(cx, answer, n / step + 1, "ranking a detector's answers");
        for (size_t i = 0; i < n; i += step) at[some++] = rows[i];
        TRY_DONE(cx, model_margin(cx, raw, &in->X, at, some, answer));
    }
    Model *taken = raw;
    raw = NULL;
    TRY_DONE(cx, ranked_new(cx, taken, self ? self : answer, self ? n : some, &out->model));
done:
    model_free(cx, raw);
    ctx_put(cx, at);
    ctx_put(cx, answer);
    return err;
}

/* ---------------------------------------------------------------- distances */

static Err alone(Ctx *cx, const FitIn *in, FitOut *out)
{
    static const double zero = 0;
    Model *m = NULL;
    TRY(cx, constant_new(cx, 1, (uint32_t)in->X.cols, &zero, &m));
    TRY(cx, ranked_new(cx, m, &zero, 1, &out->model));
    return OK;
}

Err detect_density(Ctx *cx, const char *name, const FitIn *in, DensityKind kind, uint32_t k, FitOut *out)
{
    Err err = OK;
    Dense *dense = NULL;
    Model *raw = NULL;
    uint32_t *rows = NULL;
    double *self = NULL;
    size_t n;
    DenseOptions how = { .scale = DENSE_STANDARD, .onehot_max = 40, .missing_min = .001, .cols_max = DENSITY_COLS };
    *out = (FitOut){ 0 };
    TRY(cx, detect_check(cx, name, in));
    if (in->train_n < 2) return alone(cx, in, out);              /* one row has no neighbours: nothing is unusual */
    TRY_DONE(cx, detect_rows(cx, in, DENSITY_ROWS, name, &rows, &n));
    GET_DONE(cx, self, n, "'%s' on %zu rows", name, n);
    TRY_DONE(cx, dense_fit(cx, &in->X, rows, n, NULL, &how, &dense));
    TRY_DONE(cx, density_new(cx, kind, dense, &in->X, rows, n, k, self, &raw));
    TRY_DONE(cx, detect_end(cx, in, raw, rows, n, self, out));
done:
    ctx_put(cx, rows);
    ctx_put(cx, self);
    return err;
}

static double remembered(const FitIn *in) { return fmin((double)in->train_n, DENSITY_ROWS); }

static double columns(const FitIn *in)
{
    double d = 4;
    for (size_t j = 0; j < in->X.cols; j++) d += in->X.feature[j].kind == FEATURE_NUMBER ? 1 : fmin(in->X.feature[j].levels, 40);
    return fmin(d, DENSITY_COLS);
}

double detect_density_s(const FitIn *in)
{
    double n = remembered(in);
    return n * columns(in) * (2e-8 + (n + (double)in->valid_n) * 1.2e-10) + 1e-3;
}

double detect_density_bytes(const FitIn *in) { return remembered(in) * (columns(in) * 8 + 700) + (double)in->X.rows * 8; }

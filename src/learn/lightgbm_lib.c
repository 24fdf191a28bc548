/* learn/lightgbm_lib.c -- LightGBM's C functions, opened on first use and made to speak in Err.
**
** Only here is LightGBM's header read.  Rows go over as one row-major float32 matrix,
** given back as soon as they are binned.
*/
#include "learn/lightgbm_lib.h"

#include "base/random.h"
#include "learn/shelf.h"
#include "os/os.h"

#include <LightGBM/c_api.h>

#include <assert.h>
#include <math.h>
#include <string.h>

#define LIBRARY "lib_lightgbm.so"
#define BIN_S_CELL 2.5e-8          /* seconds to bin a value, measured */
#define TEXT_BYTES_LEAF 260        /* of LightGBM's text, about */
#define TAKE_S_LEAF 2e-6           /* seconds to write and read a leaf with its share of splits, measured */
#define TAKE_LEAVES 100000u        /* read at once, about */

#define CALLS(X)                                                                                  \
    X(error, LGBM_GetLastError)                                                                   \
    X(log_to, LGBM_RegisterLogCallback)                                                           \
    X(data_new, LGBM_DatasetCreateFromMat)                                                        \
    X(data_set, LGBM_DatasetSetField)                                                             \
    X(data_free, LGBM_DatasetFree)                                                                \
    X(booster_new, LGBM_BoosterCreate)                                                            \
    X(booster_free, LGBM_BoosterFree)                                                             \
    X(add_valid, LGBM_BoosterAddValidData)                                                        \
    X(update, LGBM_BoosterUpdateOneIter)                                                          \
    X(eval, LGBM_BoosterGetEval)                                                                  \
    X(predict, LGBM_BoosterPredictForMat)                                                         \
    X(text, LGBM_BoosterSaveModelToString)

struct Lgb {
#define X(field, name) __typeof__(name) *field;
    CALLS(X)
#undef X
};

/* LightGBM's chatter ends here; its errors come back by LGBM_GetLastError. */
static void hush(const char *line)
{
    (void)line;
}

Err lgb_open(Ctx *cx, LgbFit *fit)
{
    void *lib;
    TRY(cx, os_dlopen(cx, LIBRARY, &lib));
    Lgb *l = ctx_get(cx, sizeof *l);
    if (!l) return FAIL(cx, ERR_NOMEM, "opening LightGBM");
    fit->lib = l;
#define X(field, name) TRY(cx, os_symbol(cx, lib, LIBRARY, #name, (void **)&l->field));
    CALLS(X)
#undef X
    l->log_to(hush);               /* kept by the library for each thread apart */
    return OK;
}

void lgb_close(Ctx *cx, LgbFit *fit)
{
    if (fit->booster) fit->lib->booster_free(fit->booster);
    if (fit->valid && !fit->borrowed) fit->lib->data_free(fit->valid);
    if (fit->train && !fit->borrowed) fit->lib->data_free(fit->train);
    ctx_put(cx, fit->lib);
    *fit = (LgbFit){ 0 };
}

static Err refused(Ctx *cx, const LgbFit *fit, const char *what)
{
    const char *why = fit->lib->error();
    Err code = strstr(why, "bad_alloc") || strstr(why, "length_error") ? ERR_NOMEM : ERR_BUG;
    return FAIL(cx, code, "LightGBM failed %s: %s", what, why);
}

#define CALL(cx, fit, what, ...) do { if ((fit)->lib->__VA_ARGS__ != 0) return refused((cx), (fit), (what)); } while (0)

static void lay_rows(const LgbRows *r, float *cell)
{
    size_t cols = r->X->cols;
    enum { BLOCK = 256 };          /* rows at a time, so that a column's stripe and the rows stay in the cache */
    for (size_t i0 = 0; i0 < r->n; i0 += BLOCK) {
        size_t i1 = i0 + BLOCK < r->n ? i0 + BLOCK : r->n;
        for (size_t j = 0; j < cols; j++) {
            const float *col = r->X->col[j];
            for (size_t i = i0; i < i1; i++) cell[i * cols + j] = col[r->row[i]];
        }
    }
}

static Err set_floats(Ctx *cx, LgbFit *fit, void *data, const char *field, const float *at, size_t n)
{
    CALL(cx, fit, "taking targets and weights", data_set(data, field, at, (int)n, C_API_DTYPE_FLOAT32));
    return OK;
}

static Err set_targets(Ctx *cx, LgbFit *fit, void *data, const LgbRows *r)
{
    Err err = OK;
    float *v = NULL;
    GET_DONE(cx, v, r->n, "preparing %zu targets", r->n);
    for (size_t i = 0; i < r->n; i++) {
        v[i] = (float)r->y[r->row[i]];
        if (isfinite(v[i])) continue;
        err = FAIL(cx, ERR_NUMERIC, "LightGBM computes in float32, which cannot hold the target %g; divide the target by a constant",
                   r->y[r->row[i]]);
        goto done;
    }
    TRY_DONE(cx, set_floats(cx, fit, data, "label", v, r->n));
    if (r->weight) {
        for (size_t i = 0; i < r->n; i++) v[i] = r->weight[r->row[i]];
        TRY_DONE(cx, set_floats(cx, fit, data, "weight", v, r->n));
    }
done:
    ctx_put(cx, v);
    return err;
}

static Err make_data(Ctx *cx, LgbFit *fit, const LgbRows *r, const char *params, void *like, void **out)
{
    Err err = OK;
    float *cell = NULL;
    size_t cols = r->X->cols;
    GET_DONE(cx, cell, r->n * cols, "laying out %zu rows x %zu columns for LightGBM", r->n, cols);
    lay_rows(r, cell);
    if (fit->lib->data_new(cell, C_API_DTYPE_FLOAT32, (int32_t)r->n, (int32_t)cols, 1, params, like, out)) {
        *out = NULL;
        err = refused(cx, fit, "binning the data");
        goto done;
    }
    TRY_DONE(cx, set_targets(cx, fit, *out, r));
done:
    ctx_put(cx, cell);
    return err;
}

/* Binned data on a shelf.  A booster only reads them. */
typedef struct Binned {
    void *train, *valid;
    __typeof__(LGBM_DatasetFree) *data_free;
} Binned;

#define ON_SHELF "lightgbm data"
#define BINNED_BYTES_CELL 1.2      /* of a shelved value: a byte, and its bundle's share */

static void drop_binned(const void *item)
{
    const Binned *b = item;
    if (b->valid) b->data_free(b->valid);
    b->data_free(b->train);
}

/* Leave the data to the shelf, if it takes them. */
static void shelve(LgbFit *fit, LearnShelf *shelf, uint64_t key, double cells, size_t rows)
{
    const Binned b = { fit->train, fit->valid, fit->lib->data_free };
    size_t bytes = (size_t)(cells * BINNED_BYTES_CELL) + rows * 8 + 65536;
    fit->borrowed = shelf_put(shelf, ON_SHELF, key, &b, sizeof b, bytes, drop_binned);
}

static Err params_of_data(Ctx *cx, const Frame *X, const char *params, Text *out)
{
    const char *comma = " categorical_feature=";
    text_put(out, params);
    for (size_t j = 0; j < X->cols; j++) {
        if (X->feature[j].kind != FEATURE_CATEGORY) continue;
        text_fmt(out, "%s%zu", comma, j);
        comma = ",";
    }
    TRY(cx, text_err(out));
    return OK;
}

Err lgb_data(Ctx *cx, LgbFit *fit, const LgbRows *train, const LgbRows *valid, const char *params, LearnShelf *shelf, uint64_t key)
{
    Text all;
    Err err = OK;
    double cells = (double)(train->n + valid->n) * (double)train->X->cols;
    if (train->n > LGB_ROWS_MAX || valid->n > LGB_ROWS_MAX || train->X->cols > LGB_ROWS_MAX)
        return FAIL(cx, ERR_LIMIT, "LightGBM takes at most %u rows, not %zu", LGB_ROWS_MAX, train->n);
    TRY(cx, ctx_check(cx));
    text_init(&all, cx);
    TRY_DONE(cx, params_of_data(cx, train->X, params, &all));
    key = random_hash(all.at, all.n, key) ^ (valid->n ? 1 : 0);
    const Binned *kept = shelf_find(shelf, ON_SHELF, key);
    if (kept) {
        fit->train = kept->train;
        fit->valid = kept->valid;
        fit->borrowed = true;
        goto done;
    }
    if (cells * BIN_S_CELL > ctx_left_s(cx)) {
        err = FAIL(cx, ERR_TIME, "the deadline would pass before %zu rows were binned", train->n);
        goto done;
    }
    TRY_DONE(cx, make_data(cx, fit, train, all.at, NULL, &fit->train));
    if (valid->n) TRY_DONE(cx, make_data(cx, fit, valid, all.at, fit->train, &fit->valid));
    shelve(fit, shelf, key, cells, train->n + valid->n);
done:
    text_clear(&all);
    return err;
}

Err lgb_start(Ctx *cx, LgbFit *fit, const char *params)
{
    if (fit->lib->booster_new(fit->train, params, &fit->booster)) {
        fit->booster = NULL;
        return refused(cx, fit, "starting to train");
    }
    if (fit->valid) CALL(cx, fit, "taking rows to stop early by", add_valid(fit->booster, fit->valid));
    return OK;
}

Err lgb_round(Ctx *cx, LgbFit *fit, bool *grew)
{
    int finished = 0;
    CALL(cx, fit, "training", update(fit->booster, &finished));
    *grew = !finished;
    return OK;
}

Err lgb_eval(Ctx *cx, LgbFit *fit, double *out)
{
    double v[8] = { 0 };           /* one metric is asked for */
    int n = 0;
    CALL(cx, fit, "measuring", eval(fit->booster, 1, &n, v));
    assert(n == 1);
    *out = v[0];
    return OK;
}

Err lgb_raw(Ctx *cx, LgbFit *fit, const Frame *X, uint32_t rounds, double *out, size_t n)
{
    Err err = OK;
    int64_t got = 0;
    float *cell = NULL;
    GET_DONE(cx, cell, X->rows * X->cols, "laying out %zu rows for LightGBM", X->rows);
    for (size_t j = 0; j < X->cols; j++)
        for (size_t i = 0; i < X->rows; i++) cell[i * X->cols + j] = X->col[j][i];
    if (fit->lib->predict(fit->booster, cell, C_API_DTYPE_FLOAT32, (int32_t)X->rows, (int32_t)X->cols, 1,
                          C_API_PREDICT_RAW_SCORE, 0, (int)rounds, "num_threads=1 verbosity=-1", &got, out))
        err = refused(cx, fit, "predicting");
    assert(err || (size_t)got == n);
    (void)n;
done:
    ctx_put(cx, cell);
    return err;
}

/* LightGBM's text of `n` rounds from `first`; *text grows as needed. */
static Err take_text(Ctx *cx, LgbFit *fit, uint32_t first, uint32_t n, char **text, size_t *cap, size_t *used)
{
    for (;;) {
        int64_t need = 0;
        CALL(cx, fit, "handing over its trees",
             text(fit->booster, (int)first, (int)n, C_API_FEATURE_IMPORTANCE_SPLIT, (int64_t)*cap, &need, *text));
        *used = (size_t)need;
        if (*used <= *cap) return OK;
        char *more = ctx_grow(cx, *text, *used + *used / 8, 1);
        if (!more) return FAIL(cx, ERR_NOMEM, "reading %u rounds of trees", n);
        *text = more;
        *cap = *used + *used / 8;
    }
}

double lgb_take_s(uint32_t rounds, uint32_t outputs, double leaves)
{
    return 0.002 + TAKE_S_LEAF * rounds * outputs * leaves;
}

Err lgb_take(Ctx *cx, LgbFit *fit, uint32_t rounds, uint32_t outputs, uint32_t leaves, TreesMaker *maker)
{
    Err err = OK;
    uint32_t step = TAKE_LEAVES / leaves / outputs + 1;
    size_t cap = 65536 + (size_t)(step < rounds ? step : rounds) * outputs * leaves * TEXT_BYTES_LEAF, used = 0;
    char *text = ctx_get(cx, cap);
    if (!text) return FAIL(cx, ERR_NOMEM, "reading %u rounds of trees", rounds);
    for (uint32_t at = 0; at < rounds; at += step) {
        uint32_t n = rounds - at < step ? rounds - at : step;
        bool found;
        TRY_DONE(cx, take_text(cx, fit, at, n, &text, &cap, &used));
        const char *p = text, *end = text + used - 1;
        for (uint32_t t = 0; t < n * outputs; t++) {
            TRY_DONE(cx, lgb_read_tree(cx, &p, end, maker, &found));
            if (found) continue;
            err = FAIL(cx, ERR_BUG, "LightGBM's text has %u trees instead of %u", t, n * outputs);
            goto done;
        }
    }
done:
    ctx_put(cx, text);
    return err;
}

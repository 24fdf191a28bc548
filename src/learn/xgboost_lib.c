/* learn/xgboost_lib.c -- XGBoost's C functions, opened on first use and made to speak in Err.
**
** Its prototypes stand here (they are its documented, stable C interface), because no package brings the header of
** this version alone.  Boosting starts from the class priors or the mean, given as base margins; values are
** standardised, so that penalties mean the same in any unit and float32 can hold them.
*/
#include "learn/xgboost_lib.h"

#include "os/os.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LIBRARY "libxgboost.so"
#define LAY_S_CELL 6e-8            /* seconds to hand over and bin a value, measured */
#define TAKE_S_LEAF 2e-6           /* seconds to write and read a leaf with its share of splits, measured */
#define TAKE_LEAVES 60000.0        /* read at once, about */
#define ROWS_MAX 2147483647u

typedef uint64_t Bst;              /* bst_ulong */

struct Xgb {
    const char *(*error)(void);
    int (*log_to)(void (*line)(const char *));
    int (*data_new)(const char *data, const char *config, void **out);
    int (*data_floats)(void *data, const char *field, const float *at, Bst n);
    int (*data_info)(void *data, const char *field, const char *array);
    int (*data_words)(void *data, const char *field, const char **words, Bst n);
    int (*data_free)(void *data);
    int (*booster_new)(void *const *data, Bst n, void **out);
    int (*booster_set)(void *booster, const char *name, const char *value);
    int (*booster_free)(void *booster);
    int (*update)(void *booster, int round, void *data);
    int (*eval)(void *booster, int round, void **data, const char **names, Bst n, const char **out);
    int (*slice)(void *booster, int from, int to, int step, void **out);
    int (*save)(void *booster, const char *config, Bst *n, const char **out);
};

static const struct { const char *name; size_t at; } calls[] = {
    { "XGBGetLastError", offsetof(Xgb, error) },
    { "XGBRegisterLogCallback", offsetof(Xgb, log_to) },
    { "XGDMatrixCreateFromDense", offsetof(Xgb, data_new) },
    { "XGDMatrixSetFloatInfo", offsetof(Xgb, data_floats) },
    { "XGDMatrixSetInfoFromInterface", offsetof(Xgb, data_info) },
    { "XGDMatrixSetStrFeatureInfo", offsetof(Xgb, data_words) },
    { "XGDMatrixFree", offsetof(Xgb, data_free) },
    { "XGBoosterCreate", offsetof(Xgb, booster_new) },
    { "XGBoosterSetParam", offsetof(Xgb, booster_set) },
    { "XGBoosterFree", offsetof(Xgb, booster_free) },
    { "XGBoosterUpdateOneIter", offsetof(Xgb, update) },
    { "XGBoosterEvalOneIter", offsetof(Xgb, eval) },
    { "XGBoosterSlice", offsetof(Xgb, slice) },
    { "XGBoosterSaveModelToBuffer", offsetof(Xgb, save) },
};

/* XGBoost's chatter ends here; its errors come back by XGBGetLastError. */
static void hush(const char *line) { (void)line; }

Err xgb_open(Ctx *cx, XgbFit *fit)
{
    void *lib;
    TRY(cx, os_dlopen(cx, LIBRARY, &lib));
    Xgb *l = ctx_get(cx, sizeof *l);
    if (!l) return FAIL(cx, ERR_NOMEM, "opening XGBoost");
    fit->lib = l;
    for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
        TRY(cx, os_symbol(cx, lib, LIBRARY, calls[i].name, (void **)((char *)l + calls[i].at)));
    l->log_to(hush);
    return OK;
}

void xgb_close(Ctx *cx, XgbFit *fit)
{
    if (fit->booster) fit->lib->booster_free(fit->booster);
    if (fit->valid) fit->lib->data_free(fit->valid);
    if (fit->train) fit->lib->data_free(fit->train);
    ctx_put(cx, fit->base);
    ctx_put(cx, fit->lib);
    *fit = (XgbFit){ 0 };
}

static Err refused(Ctx *cx, const XgbFit *fit, const char *what)
{
    const char *why = fit->lib->error(), *line = strrchr(why, ']');
    Err code = strstr(why, "bad_alloc") || strstr(why, "length_error") ? ERR_NOMEM : ERR_BUG;
    return FAIL(cx, code, "XGBoost failed %s: %.300s", what, line && line[1] ? line + 1 : why);
}

#define CALL(cx, fit, what, ...) do { if ((fit)->lib->__VA_ARGS__ != 0) return refused((cx), (fit), (what)); } while (0)

static double weight_of(const FitIn *in, uint32_t row) { return in->weight ? (double)in->weight[row] : 1; }

/* Where boosting starts: mean and scale of values; log-odds or log shares of classes, half a row each beforehand. */
static Err find_start(Ctx *cx, XgbFit *fit, const FitIn *in)
{
    double all = 0, sum = 0, spread = 0, first = in->y[in->train[0]];
    fit->outputs = task_outputs(in->task, in->classes);
    fit->scale = 1;
    fit->base = ctx_get_n(cx, fit->outputs, sizeof *fit->base);
    if (!fit->base) return FAIL(cx, ERR_NOMEM, "starting XGBoost with %u outputs", fit->outputs);
    for (size_t i = 0; i < in->train_n; i++) {
        double w = weight_of(in, in->train[i]), y = in->y[in->train[i]];
        if (!isfinite(y)) return FAIL(cx, ERR_NUMERIC, "xgboost: the target of row %u is not a number", in->train[i]);
        all += w;
        sum += w * (in->task == TASK_REGRESSION ? y - first : y);
        if (in->task == TASK_MULTICLASS) fit->base[(size_t)y] += w;
    }
    if (in->task == TASK_BINARY) fit->base[0] = log((sum + .5) / (all - sum + .5));
    for (uint32_t c = 0; in->task == TASK_MULTICLASS && c < fit->outputs; c++)
        fit->base[c] = log((fit->base[c] + .5) / (all + .5 * fit->outputs));
    if (in->task != TASK_REGRESSION || !(all > 0)) return OK;
    fit->mean = first + sum / all;
    for (size_t i = 0; i < in->train_n; i++) {
        double d = in->y[in->train[i]] - fit->mean;
        spread += weight_of(in, in->train[i]) * d * d / all;
    }
    if (spread > 0 && isfinite(spread)) fit->scale = sqrt(spread);
    return OK;
}

/* Words "q" or "c" a column. */
static Err set_kinds(Ctx *cx, XgbFit *fit, const Frame *X, void *data)
{
    const char **kind = ctx_get_n(cx, X->cols, sizeof *kind);
    if (!kind) return FAIL(cx, ERR_NOMEM, "naming %zu columns", X->cols);
    for (size_t j = 0; j < X->cols; j++) kind[j] = X->feature[j].kind == FEATURE_CATEGORY ? "c" : "q";
    int bad = fit->lib->data_words(data, "feature_type", kind, X->cols);
    ctx_put(cx, kind);
    return bad ? refused(cx, fit, "taking the kinds of columns") : OK;
}

/* Targets, weights and the start of the rows. */
static Err set_rows(Ctx *cx, XgbFit *fit, const FitIn *in, const uint32_t *row, size_t n, void *data)
{
    Err err = OK;
    float *v = NULL, *base = NULL;
    char array[200];
    GET_DONE(cx, v, n, "preparing %zu targets", n);
    GET_DONE(cx, base, n * fit->outputs, "preparing %zu starts", n);
    for (size_t i = 0; i < n; i++) v[i] = (float)((in->y[row[i]] - fit->mean) / fit->scale);
    for (size_t i = 0; i < n * fit->outputs; i++) base[i] = (float)fit->base[i % fit->outputs];
    if (fit->lib->data_floats(data, "label", v, n)) err = refused(cx, fit, "taking targets");
    snprintf(array, sizeof array, "{\"data\":[%zu,true],\"shape\":[%zu,%u],\"typestr\":\"<f4\",\"version\":3}", (size_t)base, n, fit->outputs);
    if (!err && fit->lib->data_info(data, "base_margin", array)) err = refused(cx, fit, "taking where to start");
    for (size_t i = 0; !err && in->weight && i < n; i++) v[i] = in->weight[row[i]];
    if (!err && in->weight && fit->lib->data_floats(data, "weight", v, n)) err = refused(cx, fit, "taking weights");
done:
    ctx_put(cx, v);
    ctx_put(cx, base);
    return err;
}

static Err make_data(Ctx *cx, XgbFit *fit, const FitIn *in, const uint32_t *row, size_t n, void **out)
{
    Err err = OK;
    float *cell = NULL;
    char array[200];
    size_t cols = in->X.cols;
    enum { BLOCK = 256 };          /* rows at a time, so that a column's stripe and the rows stay in the cache */
    GET_DONE(cx, cell, n * cols, "laying out %zu rows x %zu columns for XGBoost", n, cols);
    for (size_t from = 0; from < n; from += BLOCK)
        for (size_t j = 0; j < cols; j++)
            for (size_t i = from; i < n && i < from + BLOCK; i++) cell[i * cols + j] = in->X.col[j][row[i]];
    snprintf(array, sizeof array, "{\"data\":[%zu,true],\"shape\":[%zu,%zu],\"typestr\":\"<f4\",\"version\":3}", (size_t)cell, n, cols);
    if (fit->lib->data_new(array, "{\"missing\":NaN,\"nthread\":1}", out)) {
        *out = NULL;
        err = refused(cx, fit, "taking the data");
        goto done;
    }
    TRY_DONE(cx, set_kinds(cx, fit, &in->X, *out));
    TRY_DONE(cx, set_rows(cx, fit, in, row, n, *out));
done:
    ctx_put(cx, cell);
    return err;
}

Err xgb_data(Ctx *cx, XgbFit *fit, const FitIn *in, bool valid)
{
    double cells = (double)(in->train_n + (valid ? in->valid_n : 0)) * (double)in->X.cols;
    if (in->train_n > ROWS_MAX) return FAIL(cx, ERR_LIMIT, "XGBoost is given at most %u rows, not %zu", ROWS_MAX, in->train_n);
    TRY(cx, ctx_check(cx));
    if (cells * LAY_S_CELL > ctx_left_s(cx)) return FAIL(cx, ERR_TIME, "the deadline would pass before %zu rows were binned", in->train_n);
    TRY(cx, find_start(cx, fit, in));
    TRY(cx, make_data(cx, fit, in, in->train, in->train_n, &fit->train));
    if (valid) TRY(cx, make_data(cx, fit, in, in->valid, in->valid_n, &fit->valid));
    return OK;
}

Err xgb_start(Ctx *cx, XgbFit *fit, const char *const *params)
{
    void *data[2] = { fit->train, fit->valid };
    if (fit->lib->booster_new(data, fit->valid ? 2 : 1, &fit->booster)) {
        fit->booster = NULL;
        return refused(cx, fit, "starting to train");
    }
    for (size_t i = 0; params[i]; i += 2) CALL(cx, fit, "taking its parameters", booster_set(fit->booster, params[i], params[i + 1]));
    return OK;
}

Err xgb_round(Ctx *cx, XgbFit *fit, uint32_t round)
{
    CALL(cx, fit, "training", update(fit->booster, (int)round, fit->train));
    return OK;
}

Err xgb_eval(Ctx *cx, XgbFit *fit, uint32_t round, double *out)
{
    const char *name = "v", *said = "";
    CALL(cx, fit, "measuring", eval(fit->booster, (int)round, &fit->valid, &name, 1, &said));
    const char *number = strrchr(said, ':');
    if (!number || !num_read(number + 1, strlen(number + 1), out)) *out = INFINITY;      /* "nan" is no better than any */
    return OK;
}

double xgb_take_s(uint32_t rounds, uint32_t outputs, double leaves)
{
    return 0.003 + TAKE_S_LEAF * rounds * outputs * leaves;
}

/* Trees that hold where boosting started, one an output. */
static Err add_start(Ctx *cx, const XgbFit *fit, TreesMaker *maker)
{
    for (uint32_t c = 0; c < fit->outputs; c++) {
        TreesNode leaf = { .kind = TREES_LEAF, .value = fit->mean + fit->scale * (double)(float)fit->base[c] };
        TRY(cx, trees_add(cx, maker, &leaf, 1, false));
    }
    return OK;
}

static Err take_some(Ctx *cx, XgbFit *fit, const FitIn *in, uint32_t from, uint32_t to, const uint32_t *levels, TreesMaker *maker)
{
    void *part = NULL;
    const char *json = NULL;
    Bst n = 0;
    Err err = OK;
    uint32_t trees = 0;
    CALL(cx, fit, "handing over its trees", slice(fit->booster, (int)from, (int)to, 1, &part));
    if (fit->lib->save(part, "{\"format\":\"json\"}", &n, &json)) err = refused(cx, fit, "writing its trees");
    if (!err) err = xgb_read(cx, json, n, levels, in->X.cols, fit->scale, (double)in->train_n, maker, &trees);
    fit->lib->booster_free(part);
    if (!err && trees != (to - from) * fit->outputs)
        err = FAIL(cx, ERR_BUG, "XGBoost wrote %u trees instead of %u", trees, (to - from) * fit->outputs);
    return err;
}

Err xgb_take(Ctx *cx, XgbFit *fit, const FitIn *in, uint32_t rounds, double leaves, Model **out)
{
    Err err = OK;
    TreesMaker *maker = NULL;
    uint32_t *levels = NULL, step = (uint32_t)(TAKE_LEAVES / (leaves * fit->outputs)) + 1;
    GET_DONE(cx, levels, in->X.cols, "reading trees of %zu columns", in->X.cols);
    for (size_t j = 0; j < in->X.cols; j++) levels[j] = in->X.feature[j].kind == FEATURE_CATEGORY ? in->X.feature[j].levels : 0;
    TRY_DONE(cx, trees_start(cx, TREES_SUM, fit->outputs, false, (uint32_t)in->X.cols, 0, &maker));
    TRY_DONE(cx, add_start(cx, fit, maker));
    for (uint32_t at = 0; at < rounds; at += step)
        TRY_DONE(cx, take_some(cx, fit, in, at, rounds - at < step ? rounds : at + step, levels, maker));
    err = trees_end(cx, maker, out);
    maker = NULL;
done:
    trees_drop(cx, maker);
    ctx_put(cx, levels);
    return err;
}

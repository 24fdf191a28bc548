/* test/probe/trees.c -- trees of LightGBM, walked and explained by us.
**
** leat-probe trees walk MODEL.txt OUTPUTS SUM IN.box OUT.box [only]    LightGBM's own text; SUM 0 sum, 1 mean; only:
**     without explaining, shap is all 0
** leat-probe trees xgb MODEL.json OUTPUTS ROWS IN.box OUT.box    XGBoost's own JSON; ROWS its root's rows
** leat-probe trees fit LEARNER TASK CLASSES ARGS ROUNDS SEED IN.box OUT.box    as leat-probe learn, and explained
** In: as leat-probe learn.  Out: margin and shap (rows x outputs x (columns + 1)) of the model saved and loaded
** again, and its bytes.
*/
#include "probe/box.h"
#include "probe/probe.h"

#include "base/save.h"
#include "learn/learn.h"
#include "learn/lightgbm_lib.h"
#include "learn/xgboost_lib.h"

#include <stdlib.h>
#include <string.h>

typedef struct Given {
    Box box;
    Feature *feature;
    const float **col;
    Frame X;
} Given;

static Err take(Ctx *cx, const char *path, Given *g)
{
    size_t cols, cells;
    TRY(cx, box_read(cx, path, &g->box));
    const uint8_t *kind = box_u8(&g->box, "kind", &cols);
    const uint32_t *levels = box_u32(&g->box, "levels", NULL);
    const float *X = box_f32(&g->box, "X", &cells);
    if (!kind || !levels || !X) return FAIL(cx, ERR_BAD_INPUT, "X, kind or levels is missing");
    g->feature = ctx_get_n(cx, cols, sizeof *g->feature);
    g->col = ctx_get_n(cx, cols, sizeof *g->col);
    if (!g->feature || !g->col) return FAIL(cx, ERR_NOMEM, "a frame");
    for (size_t j = 0; j < cols; j++) {
        g->feature[j] = (Feature){ "x", (FeatureKind)kind[j], levels[j], { (uint32_t)j, FEATURE_NO_RAW } };
        g->col[j] = X + j * (cells / cols);
    }
    g->X = (Frame){ cells / cols, cols, g->feature, g->col };
    return OK;
}

static Err read_model(Ctx *cx, const char *path, uint32_t outputs, TreesSum sum, uint32_t cols, Model **out)
{
    Err err = OK;
    char *text = NULL;
    size_t n = 0;
    bool found = true;
    TreesMaker *maker = NULL;
    TRY(cx, save_read(cx, path, (size_t)1 << 30, &text, &n));
    TRY_DONE(cx, trees_start(cx, sum, outputs, false, cols, 0, &maker));
    const char *at = text;
    while (found) TRY_DONE(cx, lgb_read_tree(cx, &at, text + n, maker, &found));
    err = trees_end(cx, maker, out);
    maker = NULL;
done:
    trees_drop(cx, maker);
    ctx_put(cx, text);
    return err;
}

static Err read_xgboost(Ctx *cx, const char *path, uint32_t outputs, double rows, const Frame *X, Model **out)
{
    Err err = OK;
    char *text = NULL;
    size_t n = 0;
    uint32_t *levels = NULL, trees = 0;
    TreesMaker *maker = NULL;
    TRY(cx, save_read(cx, path, (size_t)1 << 30, &text, &n));
    GET_DONE(cx, levels, X->cols, "levels");
    for (size_t j = 0; j < X->cols; j++) levels[j] = X->feature[j].kind == FEATURE_CATEGORY ? X->feature[j].levels : 0;
    TRY_DONE(cx, trees_start(cx, TREES_SUM, outputs, false, (uint32_t)X->cols, 0, &maker));
    TRY_DONE(cx, xgb_read(cx, text, n, levels, X->cols, 1, rows, maker, &trees));
    err = trees_end(cx, maker, out);
    maker = NULL;
done:
    trees_drop(cx, maker);
    ctx_put(cx, levels);
    ctx_put(cx, text);
    return err;
}

static Err tell(Ctx *cx, const Model *made, const Frame *X, const char *path, bool explain)
{
    Err err = OK;
    size_t n = X->rows * made->outputs, wide = X->cols + 1;
    double *margin = NULL, *shap = NULL;
    Model *m = NULL;
    Text t;
    FILE *f = fopen(path, "wb");
    text_init(&t, cx);
    GET_DONE(cx, margin, n, "margins");
    GET_DONE(cx, shap, n * wide, "Shapley values");
    TRY_DONE(cx, model_save(cx, made, &t));
    TRY_DONE(cx, model_load(cx, t.at, t.n, &m));
    int64_t from = ctx_mono_us(cx);
    TRY_DONE(cx, model_margin(cx, m, X, NULL, X->rows, margin));
    double margin_s = ctx_since_s(cx, from);
    from = ctx_mono_us(cx);
    if (explain) TRY_DONE(cx, model_explain(cx, m, X, NULL, X->rows, X, shap));
    printf("trees %u leaves %zu size %zu margin_s %.6f explain_s %.6f\n", trees_count(m), trees_leaves(m), t.n, margin_s,
           ctx_since_s(cx, from));
    if (!f) return FAIL(cx, ERR_IO, "writing '%s'", path);
    box_put(f, "margin", "f64", margin, n);
    box_put(f, "shap", "f64", shap, n * wide);
    box_put(f, "bytes", "u8", t.at, t.n);
done:
    if (f) fclose(f);
    text_clear(&t);
    ctx_put(cx, margin);
    ctx_put(cx, shap);
    model_free(cx, m);
    return err;
}

static Err walk(Ctx *cx, char **argv, bool xgboost)
{
    Err err = OK;
    Given g = { 0 };
    Model *m = NULL;
    TRY_DONE(cx, take(cx, argv[3], &g));
    if (xgboost) TRY_DONE(cx, read_xgboost(cx, argv[0], (uint32_t)atoi(argv[1]), atof(argv[2]), &g.X, &m));
    else TRY_DONE(cx, read_model(cx, argv[0], (uint32_t)atoi(argv[1]), (TreesSum)atoi(argv[2]), (uint32_t)g.X.cols, &m));
    TRY_DONE(cx, tell(cx, m, &g.X, argv[4], !argv[5]));
done:
    model_free(cx, m);
    ctx_put(cx, g.feature);
    ctx_put(cx, (void *)g.col);
    box_clear(&g.box);
    return err;
}

static Err fit(Ctx *cx, char **argv)
{
    Err err = OK;
    Given g = { 0 };
    FitOut out = { 0 };
    double args[LEARN_PARAMS_MAX];
    uint32_t *every = NULL;
    FitIn in = { .args = args };
    const Learner *l = learner_find(argv[0]);
    if (!l || !task_read(argv[1], &in.task)) return FAIL(cx, ERR_NOT_FOUND, "'%s' or '%s'", argv[0], argv[1]);
    TRY_DONE(cx, take(cx, argv[6], &g));
    in.classes = (uint32_t)atoi(argv[2]);
    in.rounds = (uint32_t)atoi(argv[4]);
    cx->seed = strtoull(argv[5], NULL, 10);
    in.metric = metric_default(in.task);
    in.X = g.X;
    in.y = box_f64(&g.box, "y", NULL);
    in.weight = box_f32(&g.box, "w", NULL);
    in.train = box_u32(&g.box, "train", &in.train_n);
    in.valid = box_u32(&g.box, "valid", &in.valid_n);
    if (!in.train) {
        GET_DONE(cx, every, g.X.rows, "rows");
        for (size_t i = 0; i < g.X.rows; i++) every[i] = (uint32_t)i;
        in.train = every;
        in.train_n = g.X.rows;
    }
    learner_start(l, in.task, args);
    TRY_DONE(cx, learner_args_read(cx, l, argv[3], args));
    int64_t from = ctx_mono_us(cx);
    TRY_DONE(cx, l->fit(cx, &in, &out));
    printf("rounds %u cut %d fit_s %.6f guess_s %.6f ", out.rounds, out.cut, ctx_since_s(cx, from), l->guess_s(&in));
    TRY_DONE(cx, tell(cx, out.model, &g.X, argv[7], true));
done:
    model_free(cx, out.model);
    ctx_put(cx, every);
    ctx_put(cx, g.feature);
    ctx_put(cx, (void *)g.col);
    box_clear(&g.box);
    return err;
}

static Err run(Ctx *cx, int argc, char **argv)
{
    if ((argc == 6 || argc == 7) && !strcmp(argv[0], "walk")) return walk(cx, argv + 1, false);
    if (argc == 6 && !strcmp(argv[0], "xgb")) return walk(cx, argv + 1, true);
    if (argc == 9 && !strcmp(argv[0], "fit")) return fit(cx, argv + 1);
    return FAIL(cx, ERR_USAGE, "see the usage");
}

const Probe probe_trees = { "trees", "walk MODEL OUTPUTS SUM IN.box OUT.box [only] | xgb MODEL OUTPUTS ROWS IN.box OUT.box | fit LEARNER TASK CLASSES ARGS ROUNDS SEED IN.box OUT.box", run };

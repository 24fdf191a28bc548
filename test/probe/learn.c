/* test/probe/learn.c -- leat-probe learn LEARNER TASK CLASSES ARGS IN.box OUT.box: one fit, and what it says.
**
** In: X (f32, column after column), kind (u8) and levels (u32) a column, y (f64), perhaps w (f32), train (u32, else
** all rows), valid (u32).  ARGS: JSON; parameters not named start where they start.
** Out: margin of every row; weight, intercept and dense of a linear model; dense, index and distance of
** neighbours; bytes of the stored model.
*/
#include "probe/box.h"
#include "probe/probe.h"

#include "learn/learn.h"

#include <stdlib.h>
#include <string.h>

typedef struct Given { Frame X; Feature *feature; const float **col; FitIn in; uint32_t *all; double args[LEARN_PARAMS_MAX]; } Given;

static Err take(Ctx *cx, const Box *box, Given *g)
{
    size_t cols, rows;
    const uint8_t *kind = box_u8(box, "kind", &cols);
    const uint32_t *levels = box_u32(box, "levels", NULL);
    const float *X = box_f32(box, "X", NULL);
    g->in.y = box_f64(box, "y", &rows);
    if (!kind || !levels || !X || !g->in.y) return FAIL(cx, ERR_BAD_INPUT, "X, kind, levels or y is missing");
    g->feature = ctx_get_n(cx, cols, sizeof *g->feature);
    g->col = ctx_get_n(cx, cols, sizeof *g->col);
    g->all = ctx_get_n(cx, rows, sizeof *g->all);
    if (!g->feature || !g->col || !g->all) return FAIL(cx, ERR_NOMEM, "a frame");
    for (size_t j = 0; j < cols; j++) {
        g->feature[j] = (Feature){ "x", (FeatureKind)kind[j], levels[j], { (uint32_t)j, FEATURE_NO_RAW } };
        g->col[j] = X + j * rows;
    }
    for (size_t i = 0; i < rows; i++) g->all[i] = (uint32_t)i;
    g->in.X = (Frame){ rows, cols, g->feature, g->col };
    g->in.weight = box_f32(box, "w", NULL);
    g->in.train = box_u32(box, "train", &g->in.train_n);
    if (!g->in.train) g->in.train = g->all, g->in.train_n = rows;
    g->in.valid = box_u32(box, "valid", &g->in.valid_n);
    g->in.args = g->args;
    return OK;
}

static Err put_dense(Ctx *cx, FILE *f, const Dense *dense, const Given *g)
{
    size_t n = g->in.train_n * dense_cols(dense);
    float *x = ctx_get_n(cx, n, sizeof *x);
    if (!x) return FAIL(cx, ERR_NOMEM, "a matrix");
    dense_apply(dense, &g->in.X, g->in.train, g->in.train_n, x, dense_cols(dense));
    box_put(f, "dense", "f32", x, n);
    ctx_put(cx, x);
    return OK;
}

static Err put_neighbours(Ctx *cx, FILE *f, const Model *m, const Given *g)
{
    size_t n = g->in.X.rows * neighbours_k(m);
    uint32_t *index = ctx_get_n(cx, n, sizeof *index);
    double *distance = ctx_get_n(cx, n, sizeof *distance);
    if (!index || !distance) return FAIL(cx, ERR_NOMEM, "neighbours");
    TRY(cx, neighbours_find(cx, m, &g->in.X, NULL, g->in.X.rows, index, distance));
    box_put(f, "index", "u32", index, n);
    box_put(f, "distance", "f64", distance, n);
    TRY(cx, put_dense(cx, f, neighbours_dense(m), g));
    ctx_put(cx, index);
    ctx_put(cx, distance);
    return OK;
}

static Err tell(Ctx *cx, FILE *f, const Model *m, const Given *g)
{
    size_t n = g->in.X.rows * m->outputs;
    double *margin = ctx_get_n(cx, n, sizeof *margin);
    Text bytes;
    text_init(&bytes, cx);
    if (!margin) return FAIL(cx, ERR_NOMEM, "margins");
    TRY(cx, model_margin(cx, m, &g->in.X, NULL, g->in.X.rows, margin));
    box_put(f, "margin", "f64", margin, n);
    TRY(cx, model_save(cx, m, &bytes));
    box_put(f, "bytes", "u8", bytes.at, bytes.n);
    if (!strcmp(m->form->name, "linear")) {
        box_put(f, "weight", "f64", linear_weight(m), m->outputs * dense_cols(linear_dense(m)));
        box_put(f, "intercept", "f64", linear_intercept(m), m->outputs);
        TRY(cx, put_dense(cx, f, linear_dense(m), g));
    }
    if (!strcmp(m->form->name, "neighbours")) TRY(cx, put_neighbours(cx, f, m, g));
    ctx_put(cx, margin);
    text_clear(&bytes);
    return OK;
}

static Err run(Ctx *cx, int argc, char **argv)
{
    Box box;
    Given g = { .in = { .rounds = 0 } };
    FitOut out = { 0 };
    if (argc < 6) return FAIL(cx, ERR_USAGE, "see the usage");
    const Learner *l = learner_find(argv[0]);
    if (!l || !task_read(argv[1], &g.in.task)) return FAIL(cx, ERR_NOT_FOUND, "'%s' or '%s'", argv[0], argv[1]);
    g.in.classes = (uint32_t)atoi(argv[2]);
    g.in.metric = metric_default(g.in.task);
    TRY(cx, box_read(cx, argv[4], &box));
    TRY(cx, take(cx, &box, &g));
    learner_start(l, g.in.task, g.args);
    TRY(cx, learner_args_read(cx, l, argv[3], g.args));
    int64_t from = ctx_mono_us(cx);
    TRY(cx, l->fit(cx, &g.in, &out));
    printf("fit_s %.6f cut %d rounds %u guess_s %.6f\n", ctx_since_s(cx, from), out.cut, out.rounds, l->guess_s(&g.in));
    FILE *f = fopen(argv[5], "wb");
    if (!f) return FAIL(cx, ERR_IO, "writing '%s'", argv[5]);
    Err err = tell(cx, f, out.model, &g);
    fclose(f);
    model_free(cx, out.model);
    ctx_put(cx, g.feature);
    ctx_put(cx, g.col);
    ctx_put(cx, g.all);
    box_clear(&box);
    return err;
}

const Probe probe_learn = { "learn", "LEARNER TASK CLASSES ARGS IN.box OUT.box", run };

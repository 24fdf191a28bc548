/* test/unit/model/test_neighbours.c -- the index finds what looking at every row finds; a model that forgets a fold answers
** as one that never saw it.
*/
#include "base/random.h"
#include "model/model.h"
#include "model/neighbours.h"
#include "test.h"

#include <string.h>

#define COLS 4u
#define ROWS 2100u
#define FOLDS 5u

static struct {
    float cell[COLS][ROWS];
    const float *col[COLS];
    Feature feature[COLS];
    Frame X;
    double y[ROWS], all[ROWS * 3], one[3];
    uint8_t fold[ROWS];
    uint32_t row[ROWS];
} d;

/* coarse: values repeat, so that many rows are equally far. */
static void make_data(uint64_t seed, bool coarse, uint32_t classes)
{
    Random r = random_make(seed, "neighbours", 0, 0);
    for (uint32_t j = 0; j < COLS; j++) {
        for (uint32_t i = 0; i < ROWS; i++) d.cell[j][i] = coarse ? (float)random_below(&r, 4) : (float)random_normal(&r);
        d.col[j] = d.cell[j];
        d.feature[j] = (Feature){ "x", FEATURE_NUMBER, 0, { j, FEATURE_NO_RAW } };
    }
    d.X = (Frame){ ROWS, COLS, d.feature, d.col };
    for (uint32_t i = 0; i < ROWS; i++) {
        d.y[i] = classes ? (double)random_below(&r, classes) : random_normal(&r);
        d.fold[i] = (uint8_t)random_below(&r, FOLDS + 1);
        if (d.fold[i] == FOLDS) d.fold[i] = UINT8_MAX;
    }
}

static Model *make_model(Ctx *cx, uint32_t classes, uint32_t p, const uint32_t *rows, size_t n, bool folds)
{
    DenseOptions o = { .scale = DENSE_STANDARD, .onehot_max = 9, .missing_min = .001, .cols_max = 100 };
    Dense *dense;
    Model *m;
    expect_ok(cx, dense_fit(cx, &d.X, NULL, ROWS, NULL, &o, &dense));
    Task task = classes > 2 ? TASK_MULTICLASS : classes ? TASK_BINARY : TASK_REGRESSION;
    NeighboursIn in = { .task = task, .classes = classes, .dense = dense, .X = &d.X, .rows = rows, .n = n, .y = d.y,
                        .fold = folds ? d.fold : NULL, .k = 11, .p = p, .by_distance = p == 1 };
    expect_ok(cx, neighbours_new(cx, &in, &m));
    return m;
}

static void the_index_answers_as_looking_at_every_row_does(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    for (uint64_t seed = 0; seed < 6; seed++) {
        uint32_t classes = seed % 3 ? (uint32_t)seed % 3 + 1 : 0;
        make_data(seed, seed % 2, classes);
        Model *m = make_model(&cx, classes, 1 + seed / 3, NULL, ROWS, false);
        uint32_t k = m->outputs;
        expect_ok(&cx, model_margin(&cx, m, &d.X, NULL, ROWS, d.all));           /* many at once: by the index */
        for (uint32_t i = 0; i < ROWS; i += 7) {
            expect_ok(&cx, model_margin(&cx, m, &d.X, &i, 1, d.one));
            assert_memory_equal(d.one, d.all + (size_t)i * k, k * sizeof *d.one);
        }
        model_free(&cx, m);
    }
    ctx_clear(&cx);
}

static void a_forgotten_fold_might_never_have_been_seen(void **state)
{
    (void)state;
    static double want[ROWS * 3];
    Ctx cx = test_ctx();
    Text bytes;
    for (uint64_t seed = 0; seed < 4; seed++) {
        uint32_t classes = seed % 3 ? (uint32_t)seed % 3 + 1 : 0;
        make_data(seed, seed % 2, classes);
        Model *m = make_model(&cx, classes, 2, NULL, ROWS, true), *again;
        text_init(&bytes, &cx);
        expect_ok(&cx, model_save(&cx, m, &bytes));
        expect_ok(&cx, model_load(&cx, bytes.at, bytes.n, &again));
        assert_true(model_forgets(m) && model_forgets(again));
        for (uint32_t f = 0; f < FOLDS; f++) {
            size_t n = 0;
            for (uint32_t i = 0; i < ROWS; i++)
                if (d.fold[i] != f) d.row[n++] = i;
            Model *never = make_model(&cx, classes, 2, d.row, n, false);
            assert_false(model_forgets(never));
            expect_ok(&cx, model_margin(&cx, never, &d.X, NULL, ROWS, want));
            expect_ok(&cx, model_margin_but(&cx, again, &d.X, NULL, ROWS, f, d.all));
            assert_memory_equal(want, d.all, ROWS * m->outputs * sizeof *want);
            model_free(&cx, never);
        }
        text_clear(&bytes);
        model_free(&cx, m);
        model_free(&cx, again);
    }
    ctx_clear(&cx);
}

static Err some_answers(Ctx *cx, void *arg)
{
    Model *m = arg;
    TRY(cx, model_margin(cx, m, &d.X, NULL, ROWS, d.all));
    return OK;
}

static void memory_that_ends_is_told(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    make_data(1, false, 2);
    Model *m = make_model(&cx, 2, 2, NULL, ROWS, false);
    rig_sweep(some_answers, m, ERR_NOMEM, ERR_IO);
    model_free(&cx, m);
    ctx_clear(&cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_index_answers_as_looking_at_every_row_does),
        cmocka_unit_test(a_forgotten_fold_might_never_have_been_seen),
        cmocka_unit_test(memory_that_ends_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

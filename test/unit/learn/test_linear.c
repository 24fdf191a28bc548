/* test/unit/learn/test_linear.c -- what is particular to the linear, neighbours and baseline learners; the exam for
** all learners is test/conform, equality with scikit-learn test/peer. */
#include "test/test.h"

#include "base/random.h"
#include "learn/learn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 300, COLS = 3 };

typedef struct Set {
    Feature feature[COLS];
    float cell[COLS][ROWS];
    const float *col[COLS];
    double y[ROWS], args[LEARN_PARAMS_MAX];
    uint32_t row[ROWS];
} Set;

static FitIn set_make(Set *s, const char *learner, Task task, uint32_t classes)
{
    Random r = random_make(5, "linear test", 0, 0);
    memset(s, 0, sizeof *s);
    for (size_t j = 0; j < COLS; j++) {
        s->feature[j] = (Feature){ "x", FEATURE_NUMBER, 0, { (uint32_t)j, FEATURE_NO_RAW } };
        s->col[j] = s->cell[j];
    }
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < COLS; j++) s->cell[j][i] = (float)random_normal(&r);
        double z = (double)s->cell[0][i] - (double)s->cell[1][i] + random_normal(&r);
        s->y[i] = classes == 0 ? z : classes == 2 ? z > 0 : (double)random_below(&r, classes - 1);
        s->row[i] = (uint32_t)i;
    }
    learner_start(learner_find(learner), task, s->args);
    return (FitIn){ .task = task, .classes = classes, .X = { ROWS, COLS, s->feature, s->col }, .y = s->y,
                    .train = s->row, .train_n = ROWS, .args = s->args, .metric = metric_default(task) };
}

static void a_class_nobody_showed_is_unlikely_but_finite(void **state)
{
    (void)state;
    Set s;
    Ctx cx = test_ctx();
    FitOut out;
    double z[ROWS * 5];
    FitIn in = set_make(&s, "linear", TASK_MULTICLASS, 5);
    expect_ok(&cx, learner_find("linear")->fit(&cx, &in, &out));
    expect_ok(&cx, model_margin(&cx, out.model, &in.X, NULL, ROWS, z));
    for (size_t i = 0; i < ROWS; i++) {
        model_softmax(z + 5 * i, 5);
        assert_true(z[5 * i + 4] > 0 && z[5 * i + 4] < .01);
    }
    model_free(&cx, out.model);
}

static void a_target_that_is_no_number_is_refused(void **state)
{
    (void)state;
    Set s;
    Ctx cx = test_ctx();
    FitOut out;
    FitIn in = set_make(&s, "linear", TASK_REGRESSION, 0);
    s.y[7] = NAN;
    expect_failure(&cx, learner_find("linear")->fit(&cx, &in, &out), ERR_NUMERIC, "row 7");
    assert_null(out.model);
}

static void too_many_columns_are_refused_in_words(void **state)
{
    (void)state;
    enum { WIDE = DENSE_COLS_MAX + 5 };
    Ctx cx = test_ctx();
    FitOut out;
    Set s;
    FitIn in = set_make(&s, "linear", TASK_BINARY, 2);
    Feature *feature = calloc(WIDE, sizeof *feature);
    const float **col = calloc(WIDE, sizeof *col);
    assert_true(feature && col);
    for (size_t j = 0; j < WIDE; j++) {
        feature[j] = s.feature[0];
        col[j] = s.cell[0];
    }
    in.X = (Frame){ ROWS, WIDE, feature, col };
    in.train_n = 20;
    expect_failure(&cx, learner_find("linear")->fit(&cx, &in, &out), ERR_LIMIT, "onehot_max");
    free(feature);
    free(col);
}

static void explanations_are_exact(void **state)
{
    (void)state;
    Set s;
    Ctx cx = test_ctx();
    FitOut out;
    double z[ROWS], phi[ROWS * (COLS + 1)], mean[COLS + 1] = { 0 };
    FitIn in = set_make(&s, "linear", TASK_REGRESSION, 0);
    expect_ok(&cx, learner_find("linear")->fit(&cx, &in, &out));
    expect_ok(&cx, model_margin(&cx, out.model, &in.X, NULL, ROWS, z));
    expect_ok(&cx, model_explain(&cx, out.model, &in.X, NULL, ROWS, &in.X, phi));
    for (size_t i = 0; i < ROWS; i++) {
        double sum = 0;
        for (size_t j = 0; j <= COLS; j++) {
            sum += phi[i * (COLS + 1) + j];
            mean[j] += phi[i * (COLS + 1) + j] / ROWS;
        }
        assert_float_equal(sum, z[i], 1e-12);
    }
    for (size_t j = 0; j < COLS; j++) assert_float_equal(mean[j], 0, 1e-12);      /* over the training rows */
    model_free(&cx, out.model);
}

/* 60,000 rows are more than knn remembers. */
static void knn_remembers_a_keyed_part_of_many_rows(void **state)
{
    (void)state;
    enum { MANY = 60000 };
    Ctx cx = test_ctx();
    FitOut a, b;
    float *x = calloc(MANY, sizeof *x);
    double *y = calloc(MANY, sizeof *y), args[LEARN_PARAMS_MAX], near, far;
    uint32_t *row = calloc(MANY, sizeof *row), index[20];
    double distance[20];
    const float *const col[] = { x };
    const Feature feature = { "x", FEATURE_NUMBER, 0, { 0, FEATURE_NO_RAW } };
    assert_true(x && y && row);
    for (size_t i = 0; i < MANY; i++) {
        x[i] = (float)i;
        y[i] = (double)i;
        row[i] = (uint32_t)i;
    }
    learner_start(learner_find("knn"), TASK_REGRESSION, args);
    args[0] = 1;
    FitIn in = { .task = TASK_REGRESSION, .X = { MANY, 1, &feature, col }, .y = y, .train = row, .train_n = MANY, .args = args };
    expect_ok(&cx, learner_find("knn")->fit(&cx, &in, &a));
    expect_ok(&cx, learner_find("knn")->fit(&cx, &in, &b));
    uint32_t last = MANY - 1;
    expect_ok(&cx, neighbours_find(&cx, a.model, &in.X, &last, 1, index, distance));
    assert_true(index[0] < 50000 && index[0] > 49900);
    expect_ok(&cx, model_margin(&cx, a.model, &in.X, &last, 1, &near));
    expect_ok(&cx, model_margin(&cx, b.model, &in.X, &last, 1, &far));
    assert_true(near == far && fabs(near - last) < 50);
    /* a large question obeys the deadline, a small one is answered */
    cx.deadline_us = 1;
    double *out = calloc(MANY, sizeof *out);
    expect_failure(&cx, model_margin(&cx, a.model, &in.X, NULL, MANY, out), ERR_TIME, NULL);
    expect_ok(&cx, model_margin(&cx, a.model, &in.X, &last, 1, out));
    free(out);
    model_free(&cx, a.model);
    model_free(&cx, b.model);
    free(x);
    free(y);
    free(row);
}

static void the_baseline_answers_shares_mean_and_median(void **state)
{
    (void)state;
    Set s;
    Ctx cx = test_ctx();
    FitOut out;
    double z[3];
    FitIn in = set_make(&s, "baseline", TASK_BINARY, 2);
    for (size_t i = 0; i < 4; i++) s.y[i] = i == 0;
    in.train_n = 4;
    expect_ok(&cx, learner_find("baseline")->fit(&cx, &in, &out));
    expect_ok(&cx, model_margin(&cx, out.model, &in.X, NULL, 1, z));
    assert_float_equal(z[0], log(1.5 / 3.5), 1e-12);
    model_free(&cx, out.model);
    in.task = TASK_REGRESSION;
    in.classes = 0;
    for (size_t i = 0; i < 4; i++) s.y[i] = (double)(i * i);
    for (int median = 0; median < 2; median++) {
        s.args[0] = median;
        expect_ok(&cx, learner_find("baseline")->fit(&cx, &in, &out));
        expect_ok(&cx, model_margin(&cx, out.model, &in.X, NULL, 1, z));
        assert_float_equal(z[0], median ? 2.5 : 3.5, 1e-12);
        model_free(&cx, out.model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_class_nobody_showed_is_unlikely_but_finite),
        cmocka_unit_test(a_target_that_is_no_number_is_refused),
        cmocka_unit_test(too_many_columns_are_refused_in_words),
        cmocka_unit_test(explanations_are_exact),
        cmocka_unit_test(knn_remembers_a_keyed_part_of_many_rows),
        cmocka_unit_test(the_baseline_answers_shares_mean_and_median),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test/unit/model/test_metric.c -- metrics on cases small enough to reckon by hand, their names, their failures and
** the standard error against its formula.  Equality with scikit-learn is test/peer/test_metric.py. */
#include "test/test.h"

#include "base/random.h"
#include "model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static double score(const char *name, const double *y, const double *p, size_t n, uint32_t classes)
{
    Ctx cx = test_ctx();
    double out;
    expect_ok(&cx, metric_find(name)->score(&cx, y, p, NULL, n, classes, &out));
    return out;
}

static void small_cases_are_right(void **state)
{
    (void)state;
    const double y[] = { 0, 1, 1, 0 }, p[] = { .1, .9, .4, .4 };
    assert_float_equal(score("auc", y, p, 4, 2), .875, 1e-15);               /* of 4 pairs, 3 right and one tied */
    assert_float_equal(score("accuracy", y, p, 4, 2), .75, 1e-15);
    assert_float_equal(score("balanced_accuracy", y, p, 4, 2), .75, 1e-15);
    assert_float_equal(score("f1", y, p, 4, 2), 2. / 3, 1e-15);
    assert_float_equal(score("logloss", y, p, 4, 2), -(log(.9) * 2 + log(.4) + log(.6)) / 4, 1e-15);
    const double v[] = { 1, 2, 4 }, q[] = { 1, 3, 2 };
    assert_float_equal(score("rmse", v, q, 3, 0), sqrt(5. / 3), 1e-15);
    assert_float_equal(score("mae", v, q, 3, 0), 1, 1e-15);
    assert_float_equal(score("mape", v, q, 3, 0), 1. / 3, 1e-15);
    assert_float_equal(score("r2", v, q, 3, 0), 1 - 5 / (14. / 3), 1e-12);
}

static void names_and_scikit_learns_names_are_found(void **state)
{
    (void)state;
    for (size_t i = 0; metric_at(i); i++) {
        const Metric *m = metric_at(i);
        assert_ptr_equal(metric_find(m->name), m);
        for (size_t k = 0; m->aliases[k]; k++) assert_ptr_equal(metric_find(m->aliases[k]), m);
    }
    assert_string_equal(metric_find("roc_auc")->name, "auc");
    assert_string_equal(metric_find("neg_root_mean_squared_error")->name, "rmse");
    assert_null(metric_find("prettiness"));
    assert_string_equal(metric_default(TASK_BINARY)->name, "auc");
    assert_string_equal(metric_default(TASK_MULTICLASS)->name, "logloss");
    assert_string_equal(metric_default(TASK_REGRESSION)->name, "rmse");
    assert_true(metric_error(metric_find("auc"), .9) < metric_error(metric_find("auc"), .8));
    assert_true(metric_error(metric_find("rmse"), .8) < metric_error(metric_find("rmse"), .9));
}

static void what_is_undefined_is_said(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    const double y[] = { 1, 1 }, p[] = { .5, .6 }, bad[] = { .5, NAN }, none[] = { 0, 0 };
    double out = 0;
    expect_failure(&cx, metric_find("auc")->score(&cx, y, p, NULL, 2, 2, &out), ERR_NUMERIC, "auc");
    assert_true(isnan(out));
    for (size_t i = 0; metric_at(i); i++) {
        const Metric *m = metric_at(i);
        uint32_t classes = m->tasks & 1u << TASK_REGRESSION ? 0 : 2;
        out = 0;
        expect_failure(&cx, m->score(&cx, y, bad, NULL, 2, classes, &out), ERR_NUMERIC, m->name);
        assert_true(isnan(out));
        expect_failure(&cx, m->score(&cx, y, p, NULL, 0, classes, &out), ERR_NUMERIC, m->name);
        expect_failure(&cx, m->score(&cx, y, p, none, 2, classes, &out), ERR_NUMERIC, m->name);
        expect_failure(&cx, metric_se(&cx, m, y, p, 1, classes, 50, &out), ERR_NUMERIC, m->name);
    }
    expect_failure(&cx, metric_find("r2")->score(&cx, y, p, NULL, 1, 0, &out), ERR_NUMERIC, "two rows");
}

static void the_standard_error_follows_the_formula(void **state)
{
    (void)state;
    enum { N = 4000 };
    static double y[60 * 1000], p[60 * 1000];
    Ctx cx = test_ctx();
    Random r = random_make(3, "metric test", 0, 0);
    double se, again, mean = 0, squares = 0;
    for (size_t i = 0; i < 60 * 1000; i++) {
        y[i] = random_unit(&r) < .3;
        p[i] = random_unit(&r);
    }
    for (size_t i = 0; i < N; i++) {
        double right = (p[i] >= .5) == (y[i] == 1), e = fabs(y[i] - p[i]);
        mean += right / N;
        squares += (e - .5) * (e - .5) / N;
    }
    expect_ok(&cx, metric_se(&cx, metric_find("accuracy"), y, p, N, 2, 400, &se));
    assert_float_equal(se, sqrt(mean * (1 - mean) / N), .1 * se);
    expect_ok(&cx, metric_se(&cx, metric_find("accuracy"), y, p, N, 2, 400, &again));
    assert_true(se == again);
    expect_ok(&cx, metric_se(&cx, metric_find("mae"), y, p, N, 0, 400, &se));
    assert_float_equal(se, sqrt(squares / N), .15 * se);
    /* auc of chance: sqrt((n + 1) / (12 positives negatives)) */
    expect_ok(&cx, metric_se(&cx, metric_find("auc"), y, p, N, 2, 400, &se));
    assert_float_equal(se, sqrt((N + 1.) / (12. * .3 * N * .7 * N)), .15 * se);
    /* beyond the most rows a bootstrap takes, it works on a part and scales */
    expect_ok(&cx, metric_se(&cx, metric_find("auc"), y, p, 60 * 1000, 2, 200, &se));
    assert_float_equal(se, sqrt(1 / (12. * .3 * .7 * 60000)), .2 * se);
}

static Err whole(Ctx *cx, void *arg)
{
    double *y = arg, *p = y + 60, out;
    for (size_t i = 0; metric_at(i); i++) {
        const Metric *m = metric_at(i);
        uint32_t classes = m->tasks & 1u << TASK_REGRESSION ? 0 : 3;
        TRY(cx, m->score(cx, y, p, NULL, 60, classes, &out));
        TRY(cx, metric_se(cx, m, y, p, 60, classes, 5, &out));
    }
    return OK;
}

static void refused_memory_is_survived(void **state)
{
    (void)state;
    double y[60 + 180];
    Random r = random_make(4, "metric test", 0, 0);
    for (size_t i = 0; i < 60; i++) y[i] = (double)(i % 3);
    for (size_t i = 60; i < 240; i++) y[i] = random_unit(&r);
    rig_sweep(whole, y, ERR_NOMEM, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_cases_are_right),
        cmocka_unit_test(names_and_scikit_learns_names_are_found),
        cmocka_unit_test(what_is_undefined_is_said),
        cmocka_unit_test(the_standard_error_follows_the_formula),
        cmocka_unit_test(refused_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

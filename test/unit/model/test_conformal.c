/* test/unit/model/test_conformal.c -- intervals and sets: ranks by hand, widths that follow the answer only where errors do,
** records that are not whole, refused memory.  Coverage on new rows is measured in test/peer/test_diagnose.py. */
#include "model/conformal.h"
#include "base/random.h"
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 2000 };

/* Answers 1 .. 101, truth off by noise that grows with the answer when `fan`. */
static void make(double *y, double *answer, bool fan)
{
    Random r = random_make(5, "conformal test", fan, 0);
    for (size_t i = 0; i < ROWS; i++) {
        answer[i] = 1 + 100 * random_unit(&r);
        y[i] = answer[i] + random_normal(&r) * (fan ? answer[i] : 50);
    }
}

static void ranks_are_those_of_split_conformal(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    double y[9], answer[9], q;
    Conformal c;
    for (int i = 0; i < 9; i++) {
        answer[i] = 10;
        y[i] = 10 + (i % 2 ? 1 : -1) * (9 - i);            /* errors 9 8 … 1 */
    }
    expect_ok(&cx, conformal_make(&cx, TASK_REGRESSION, y, answer, 1, 9, &c));
    expect_ok(&cx, conformal_level(&cx, &c, .5, &q));       /* ceil(10 x .5) = 5th smallest */
    assert_float_equal(q, 5, 0);
    expect_ok(&cx, conformal_level(&cx, &c, .9, &q));
    assert_float_equal(q, 9, 0);
    assert_float_equal(conformal_half(&c, q, 1e6), 9, 0);
    expect_failure(&cx, conformal_level(&cx, &c, .91, &q), ERR_BAD_INPUT, "need 11 rows");
    expect_ok(&cx, conformal_make(&cx, TASK_REGRESSION, y, answer, 1, 0, &c));
    expect_failure(&cx, conformal_level(&cx, &c, .1, &q), ERR_BAD_INPUT, "'0' were held out");
    ctx_clear(&cx);
}

static void sets_are_of_the_classes_likely_enough(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    const double y[4] = { 0, 1, 2, 0 }, p[12] = { .6, .3, .1, .2, .7, .1, .1, .1, .8, .5, .25, .25 };
    double q;
    Conformal c;
    expect_ok(&cx, conformal_make(&cx, TASK_MULTICLASS, y, p, 3, 4, &c));      /* scores .4 .3 .2 .5 */
    expect_ok(&cx, conformal_level(&cx, &c, .6, &q));
    assert_float_equal(q, .4, 1e-12);
    assert_true(conformal_in_set(q, .61, false) && !conformal_in_set(q, .59, false) && conformal_in_set(q, .34, true));
    const double b[2] = { 1, 0 }, one[2] = { .9, .2 };
    expect_ok(&cx, conformal_make(&cx, TASK_BINARY, b, one, 1, 2, &c));
    expect_ok(&cx, conformal_level(&cx, &c, .6, &q));
    assert_float_equal(q, .2, 1e-12);
    ctx_clear(&cx);
}

static void widths_follow_the_answer_only_where_errors_do(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    static double y[ROWS], answer[ROWS];
    Conformal c, again;
    Text t;
    bool has;
    for (int fan = 0; fan < 2; fan++) {
        double q, q2;
        size_t held = 0;
        make(y, answer, fan);
        expect_ok(&cx, conformal_make(&cx, TASK_REGRESSION, y, answer, 1, ROWS, &c));
        assert_int_equal(c.knots > 0, fan);
        assert_int_equal(c.kept, CONFORMAL_SCORES_MAX);
        expect_ok(&cx, conformal_level(&cx, &c, .8, &q));
        if (fan) assert_true(conformal_half(&c, q, 90) > 4 * conformal_half(&c, q, 10));
        for (size_t i = 0; i < ROWS; i++) held += fabs(y[i] - answer[i]) <= conformal_half(&c, q, answer[i]);
        assert_true(held >= .8 * ROWS && held < .81 * ROWS);   /* of the rows themselves: exact but for the ranks left out */
        text_init(&t, &cx);
        text_put(&t, "{\"metric\":\"rmse\",\"conformal\":");
        conformal_json(&c, &t);
        text_put(&t, "}");
        assert_true(t.n < 8192);
        expect_ok(&cx, conformal_read(&cx, t.at, &again, &has));
        assert_true(has);
        expect_ok(&cx, conformal_level(&cx, &again, .8, &q2));
        assert_true(q2 >= q && q2 < q * (1 + 1e-6));         /* rounded, never down */
        text_clear(&t);
    }
    ctx_clear(&cx);
}

static void a_record_that_is_not_whole_is_refused(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Conformal c;
    bool has;
    static const char *const bad[] = {
        "{\"conformal\":7}", "{\"conformal\":{}}", "not json",
        "{\"conformal\":{\"rows\":2,\"score\":[1],\"at\":[],\"spread\":[]}}",
        "{\"conformal\":{\"rows\":2,\"score\":[2,1],\"at\":[],\"spread\":[]}}",
        "{\"conformal\":{\"rows\":1,\"score\":[-1],\"at\":[],\"spread\":[]}}",
        "{\"conformal\":{\"rows\":1,\"score\":[1],\"at\":[1,2],\"spread\":[1]}}",
        "{\"conformal\":{\"rows\":1,\"score\":[1],\"at\":[2,1],\"spread\":[1,1]}}",
        "{\"conformal\":{\"rows\":1,\"score\":[1],\"at\":[1,2],\"spread\":[1,0]}}",
        "{\"conformal\":{\"rows\":1.5,\"score\":[1],\"at\":[],\"spread\":[]}}",
        "{\"conformal\":{\"rows\":1e300,\"score\":[1],\"at\":[],\"spread\":[]}}",
        "{\"conformal\":{\"rows\":1,\"score\":[\"1\"],\"at\":[],\"spread\":[]}}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        expect_failure(&cx, conformal_read(&cx, bad[i], &c, &has), ERR_CORRUPT, "no whole 'conformal'");
        assert_true(!has && c.n == 0);
    }
    expect_ok(&cx, conformal_read(&cx, "{\"metric\":\"auc\"}", &c, &has));
    assert_false(has);
    expect_ok(&cx, conformal_read(&cx, NULL, &c, &has));
    assert_false(has);
    ctx_clear(&cx);
}

static Err make_one(Ctx *cx, void *arg)
{
    static double y[ROWS], answer[ROWS];
    Conformal c;
    (void)arg;
    make(y, answer, true);
    return conformal_make(cx, TASK_REGRESSION, y, answer, 1, ROWS, &c);
}

static void refused_memory_is_survived(void **state)
{
    (void)state;
    rig_sweep_or_ok(make_one, NULL, ERR_NOMEM, ERR_NOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranks_are_those_of_split_conformal),
        cmocka_unit_test(sets_are_of_the_classes_likely_enough),
        cmocka_unit_test(widths_follow_the_answer_only_where_errors_do),
        cmocka_unit_test(a_record_that_is_not_whole_is_refused),
        cmocka_unit_test(refused_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What is proved: every row of the portfolio can be tried -- its learner exists, its parameters are within bounds -- each
** comes once, in both orders, within the trials and learners asked for.  How: the stage compiled in, trials not run. */
#include "unit/auto/kit.h"
#include "unit/auto/stand_in.h"

#include "auto/select.c"

static double guess;
double trial_guess_s(const Auto *a, const Learner *l, const double *args)
{
    (void)a, (void)l, (void)args;
    return guess;
}
void trials_json(const Auto *a, Stage stage, Text *t) { (void)a, (void)stage, (void)t; }
Err trials_run(Ctx *cx, Auto *a, Stage stage, TrialNext f, void *self)
{
    (void)cx, (void)a, (void)stage, (void)f, (void)self;
    return OK;
}
Err auto_share(Ctx *cx, Auto *a)
{
    (void)cx, (void)a;
    return OK;
}
bool auto_allows(const Auto *a, const Learner *l)
{
    for (size_t i = 0; i < a->in->learners_n; i++)
        if (!strcmp(a->in->learners[i], l->name)) return true;
    return !a->in->learners_n;
}

static void every_row_can_be_tried(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROWS_N; i++)
        for (int task = 0; task < TASK_N; task++)
            for (int clock = 0; clock < 2; clock++) {
                Ctx cx = test_ctx();
                AutoIn in = { .trials = clock ? 0 : 8, .time_s = clock ? 10 : 0 };
                Auto a = { .in = &in, .task = (Task)task };
                double args[LEARN_PARAMS_MAX] = { 0 };
                const Learner *l = learner_find(rows[i].learner);
                if (!l) fail_msg("row %zu: no learner '%s'", i, rows[i].learner);
                if (!args_of(&cx, &a, &rows[i], l, args)) fail_msg("row %zu (%s): %s", i, l->name, cx.text);
                for (size_t j = 0; l->params[j].name; j++) assert_true(args[j] >= l->params[j].lo && args[j] <= l->params[j].hi);
                ctx_clear(&cx);
            }
}

static void the_other_order_names_every_row_once(void **state)
{
    (void)state;
    bool seen[ROWS_N] = { false };
    assert_int_equal(sizeof order_multiclass_small / sizeof *order_multiclass_small, ROWS_N);
    for (size_t i = 0; i < ROWS_N; i++) {
        assert_false(seen[order_multiclass_small[i]]);
        seen[order_multiclass_small[i]] = true;
    }
}

static uint32_t count(AutoIn in, uint32_t most, const Learner **last)
{
    Ctx cx = test_ctx();
    Auto a = { .in = &in, .task = TASK_BINARY };
    Select s = { .a = &a, .most = most };
    double args[LEARN_PARAMS_MAX];
    uint32_t n = 0;
    while (next(&s, &cx, &a, n + 1, last, args)) n++;
    ctx_clear(&cx);
    return n;
}

static void trials_and_learners_asked_for_are_kept_to(void **state)
{
    (void)state;
    const Learner *l = NULL;
    uint32_t all = count((AutoIn){ .trials = 100 }, UINT32_MAX, &l), boosters = 0;
    assert_int_equal(all, ROWS_N);
    assert_int_equal(count((AutoIn){ .trials = 100 }, 3, &l), 3);
    for (size_t i = 0; i < ROWS_N; i++) boosters += !strcmp(rows[i].learner, "lightgbm");
    assert_int_equal(count((AutoIn){ .trials = 100, .learners = (const char *const[]){ "lightgbm" }, .learners_n = 1 }, UINT32_MAX, &l), boosters);
    assert_string_equal(l->name, "lightgbm");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_can_be_tried),
        cmocka_unit_test(the_other_order_names_every_row_once),
        cmocka_unit_test(trials_and_learners_asked_for_are_kept_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

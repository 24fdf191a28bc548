/* What is proved: every row of the portfolio can be tried -- its learner exists, its parameters are within bounds -- each
** comes once, within the trials and learners asked for; a dear row and a family that was behind come later than they stand in
** the list, and results that are not over yet change nothing.  How: the stage compiled in, trials made up. */
#include "unit/auto/kit.h"
#include "unit/auto/stand_in.h"

#include "auto/select.c"

static double guess;
double trial_guess_s(const Auto *a, const Learner *l, const double *args)
{
    (void)a, (void)l, (void)args;
    return guess;
}
/* One learner is made as dear as the test says. */
static double dear_work;
static const char *dear = "";
double trial_work_s(const Auto *a, const Learner *l, const double *args)
{
    (void)a, (void)args;
    return !strcmp(l->name, dear) ? dear_work : 0;
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

/* Where in the order of asking the n-th row of a learner comes; made-up errors: `behind` of that learner, 1 of others. */
static int place_of_row(const char *learner, int nth, const char *behind, double error, bool late)
{
    Ctx cx = test_ctx();
    TrialData trial[ROWS_N + 1], *at[ROWS_N + 1];
    AutoIn in = { .trials = 100 };
    Auto a = { .in = &in, .task = TASK_BINARY, .trial = at };
    Select s = { .a = &a, .most = UINT32_MAX };
    const Learner *l = NULL;
    double args[LEARN_PARAMS_MAX];
    int found = -1;
    for (uint32_t n = 1; next(&s, &cx, &a, n, &l, args); n++) {
        if (!strcmp(l->name, learner) && nth-- == 0) found = (int)n;
        at[n - 1] = &trial[n - 1];
        trial[n - 1] = (TrialData){ .learner = l, .error = !strcmp(l->name, behind) ? error : 1 };
        if (late && n > 1) trial[n - 1].error = .01;             /* comes back too late to be known to the next */
        if (late && n > 1) trial[n - 2].error = !strcmp(trial[n - 2].learner->name, behind) ? error : 1;
        trial[n - 1].told.number = n;
        a.trials_n = n;
    }
    ctx_clear(&cx);
    return found;
}

static void what_is_dear_comes_later(void **state)
{
    (void)state;
    int trees = place_of_row("extra_trees", 0, "", 1, false), booster = place_of_row("lightgbm", 0, "", 1, false);
    dear_work = 40;                                              /* of CLOCKLESS_S on two processors */
    dear = "extra_trees";
    assert_true(place_of_row("extra_trees", 0, "", 1, false) > trees + 3);
    dear = "lightgbm";                                           /* it does with fewer rounds: it waits a little */
    int late = place_of_row("lightgbm", 0, "", 1, false);
    assert_true(late > booster && late <= booster + 6);
    dear = "";
}

static void a_family_that_is_behind_waits_with_its_further_rows_only(void **state)
{
    (void)state;
    int first = place_of_row("mlp", 0, "", 1, false), second = place_of_row("mlp", 1, "", 1, false);
    assert_int_equal(place_of_row("mlp", 0, "mlp", 2, false), first);
    assert_true(place_of_row("mlp", 1, "mlp", 2, false) > second);
    assert_int_equal(place_of_row("mlp", 1, "mlp", 2, true), place_of_row("mlp", 1, "mlp", 2, false));
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
        cmocka_unit_test(what_is_dear_comes_later),
        cmocka_unit_test(a_family_that_is_behind_waits_with_its_further_rows_only),
        cmocka_unit_test(trials_and_learners_asked_for_are_kept_to),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

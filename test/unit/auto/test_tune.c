/* What is proved: a parameter goes to the unit interval and back unharmed, proposals stay inside the search space and are
** the same whatever order the workers end in, better learners are asked more often, steps grow and shrink.  How: the
** search itself is compiled in, and fed trials whose results are made up. */
#include "auto/tune.c"

#include "unit/auto/kit.h"
#include "unit/auto/stand_in.h"

/* trials.c brings the pool and the workers along; the search asks it only this. */
double trial_guess_s(const Auto *a, const Learner *l, const double *args)
{
    (void)a, (void)l, (void)args;
    return 0;
}
void trials_json(const Auto *a, Stage stage, Text *t) { (void)a, (void)stage, (void)t; }
Err trials_run(Ctx *cx, Auto *a, Stage stage, TrialNext f, void *self)
{
    (void)cx, (void)a, (void)stage, (void)f, (void)self;
    return OK;
}

static void units_go_there_and_back(void **state)
{
    (void)state;
    size_t seen = 0;
    for (size_t i = 0; learner_at(i); i++)
        for (const Param *p = learner_at(i)->params; p->name; p++) {
            if (p->hi <= p->lo) continue;
            assert_true(fabs(to_unit(p, p->lo)) < 1e-12 && fabs(to_unit(p, p->hi) - 1) < 1e-12);
            assert_true(from_unit(p, -3) == p->lo && from_unit(p, 7) <= p->hi && p->hi - from_unit(p, 7) < 1e-12 * p->hi);
            for (int k = 0; k <= 50; k++) {
                double u = k / 50., v = from_unit(p, u);
                assert_true(v >= p->lo && v <= p->hi);
                bool whole = p->scale == PARAM_WHOLE || p->scale == PARAM_WHOLE_LOG || p->scale == PARAM_CHOICE;
                if (whole) {
                    assert_true(v == floor(v));
                    assert_true(from_unit(p, to_unit(p, v)) == v);
                } else assert_true(fabs(to_unit(p, v) - u) < 1e-9);
            }
            seen++;
        }
    assert_true(seen > 20);
}

typedef struct Run {
    Auto a;
    AutoIn in;
    TrialData trial[200], *at[200];
} Run;

static void made_up_trial(Run *r, uint32_t number, const Learner *l, const double *args, Stage stage)
{
    TrialData *d = r->at[number - 1] = &r->trial[number - 1];
    *d = (TrialData){ .learner = l, .error = .5 };
    d->told = (Trial){ .number = number, .stage = stage, .learner = l->name };
    memcpy(d->args, args, sizeof d->args);
    if (r->a.trials_n < number) r->a.trials_n = number;
}

/* The error of a made-up trial: lowest where every parameter stands at .7 of its range. */
static double bowl(const Learner *l, const double *args)
{
    double sum = 0;
    for (size_t i = 0; l->params[i].name; i++)
        if (!l->params[i].fixed && l->params[i].hi > l->params[i].lo) sum += pow(to_unit(&l->params[i], args[i]) - .7, 2);
    return sum;
}

static void start_run(Run *r, Tune *t)
{
    static const char *const first[] = { "lightgbm", "mlp", "baseline" };
    *r = (Run){ .in = { .seed = 7, .trials = 100 } };
    r->a = (Auto){ .in = &r->in, .task = TASK_BINARY, .classes = 2, .trial = r->at };
    for (uint32_t i = 0; i < 3; i++) {
        double args[LEARN_PARAMS_MAX] = { 0 };
        const Learner *l = learner_find(first[i]);
        learner_start(l, TASK_BINARY, args);
        made_up_trial(r, i + 1, l, args, STAGE_SELECT);
        r->trial[i].error = i == 2 ? .001 : bowl(l, args) + (i == 1 ? .01 : 0);
    }
    *t = (Tune){ .first = 3 };
}

/* The search to its end; `late`: the trial before is over only after the next was asked for, as with two under way. */
static void run_search(Run *r, uint32_t last, bool late)
{
    Ctx cx = test_ctx();
    Tune t;
    start_run(r, &t);
    for (uint32_t number = 4; number <= last; number++) {
        const Learner *l = NULL;
        double args[LEARN_PARAMS_MAX] = { 0 };
        if (late && number > 4) r->trial[number - 2].error = INFINITY;           /* not over yet */
        assert_true(next(&t, &cx, &r->a, number, &l, args));
        if (late && number > 4) r->trial[number - 2].error = bowl(r->trial[number - 2].learner, r->trial[number - 2].args);
        made_up_trial(r, number, l, args, STAGE_TUNE);
        r->trial[number - 1].error = bowl(l, args);
        for (size_t i = 0; l->params[i].name; i++) {
            const Param *p = &l->params[i];
            assert_true(args[i] >= p->lo && args[i] <= p->hi);
            if (p->fixed) assert_true(args[i] == p->start[TASK_BINARY]);
        }
        assert_string_not_equal(l->name, "baseline");                             /* nothing in it to move */
    }
    ctx_clear(&cx);
}

static Run a, b;

static void proposals_do_not_depend_on_which_worker_is_faster(void **state)
{
    (void)state;
    run_search(&a, 60, false);
    run_search(&b, 60, true);
    for (int i = 3; i < 60; i++) {
        assert_ptr_equal(a.trial[i].learner, b.trial[i].learner);
        assert_memory_equal(a.trial[i].args, b.trial[i].args, sizeof a.trial[i].args);
    }
}

static void the_search_goes_downhill_and_asks_the_better_learner_more(void **state)
{
    (void)state;
    int asked[2] = { 0 };
    double first = INFINITY, best = INFINITY;
    run_search(&a, 150, false);
    for (int i = 0; i < 150; i++) {
        const TrialData *d = &a.trial[i];
        if (i < 2) first = fmin(first, d->error);
        if (i != 2) best = fmin(best, d->error);
        if (i > 40) asked[!strcmp(d->learner->name, "mlp")]++;
    }
    print_message("best made-up error %.4f at first, %.4f after 147 proposals; lightgbm asked %d times, mlp %d\n", first, best, asked[0], asked[1]);
    assert_true(best < first / 3);
    double worse = INFINITY, better = INFINITY;
    for (int i = 0; i < 150; i++) {
        double *to = !strcmp(a.trial[i].learner->name, "mlp") ? &worse : strcmp(a.trial[i].learner->name, "baseline") ? &better : NULL;
        if (to) *to = fmin(*to, a.trial[i].error);
    }
    assert_true((worse > better) == (asked[0] > asked[1]));
}

static void steps_grow_on_success_and_shrink_on_failure(void **state)
{
    (void)state;
    Tune t;
    start_run(&a, &t);
    learn_results(&a.a, &t, 3);
    assert_int_equal(t.n, 2);                                                     /* the baseline is no point to search from */
    double step = t.point[0].step, args[LEARN_PARAMS_MAX];
    memcpy(args, a.trial[0].args, sizeof args);
    made_up_trial(&a, 4, a.trial[0].learner, args, STAGE_TUNE);
    a.trial[3].error = a.trial[0].error / 2;
    learn_results(&a.a, &t, 4);
    assert_true(t.point[0].step > step && t.point[0].best == &a.trial[3]);
    step = t.point[0].step;
    for (uint32_t number = 5; number < 60; number++) {
        made_up_trial(&a, number, a.trial[0].learner, args, STAGE_TUNE);
        a.trial[number - 1].error = 9;
        learn_results(&a.a, &t, number);
    }
    assert_true(t.point[0].step < step && t.point[0].step >= STEP_MIN && t.point[0].best == &a.trial[3]);
}

static void nothing_is_proposed_without_a_point_or_time(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    const Learner *l = NULL;
    double args[LEARN_PARAMS_MAX];
    Tune t = { 0 };
    Run *r = &a;
    *r = (Run){ .in = { .seed = 7, .trials = 100 } };
    r->a = (Auto){ .in = &r->in, .task = TASK_BINARY, .trial = r->at };
    assert_false(next(&t, &cx, &r->a, 1, &l, args));
    start_run(r, &t);
    r->trial[2].late = true;                                                      /* the last one ran out of time */
    assert_false(next(&t, &cx, &r->a, 4, &l, args));
    ctx_clear(&cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(units_go_there_and_back),
        cmocka_unit_test(proposals_do_not_depend_on_which_worker_is_faster),
        cmocka_unit_test(the_search_goes_downhill_and_asks_the_better_learner_more),
        cmocka_unit_test(steps_grow_on_success_and_shrink_on_failure),
        cmocka_unit_test(nothing_is_proposed_without_a_point_or_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

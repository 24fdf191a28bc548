/* test/unit/learn/test_learn.c -- the list of learners, and their arguments to JSON and back. */
#include "kit.h"

static void learners_are_listed_a_to_z_with_sound_rows(void **state)
{
    (void)state;
    for (size_t i = 0; learner_at(i); i++) {
        const Learner *l = learner_at(i);
        assert_ptr_equal(learner_find(l->name), l);
        if (i) assert_true(strcmp(learner_at(i - 1)->name, l->name) < 0);
        assert_true(strlen(l->summary) < 60 && l->source && l->fit && l->guess_s && l->guess_bytes);
        assert_true(learner_params(l) <= LEARN_PARAMS_MAX);
        for (size_t p = 0; p < learner_params(l); p++) {
            const Param *row = &l->params[p];
            assert_non_null(row->help);
            for (int t = 0; t < TASK_N && !(l->can & LEARN_ANOMALY); t++) assert_true(row->lo <= row->start[t] && row->start[t] <= row->hi);
            if (row->scale == PARAM_LOG || row->scale == PARAM_WHOLE_LOG) assert_true(row->lo > 0);
            if (row->scale != PARAM_CHOICE) continue;
            size_t n = 0;
            while (row->choices[n]) n++;
            assert_true(row->lo == 0 && row->hi == (double)n - 1);
        }
    }
    assert_null(learner_find("lightbgm"));
}

static void arguments_come_back_from_json_as_they_went(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    for (size_t i = 0; learner_at(i); i++) {
        const Learner *l = learner_at(i);
        double args[LEARN_PARAMS_MAX], back[LEARN_PARAMS_MAX];
        Text t;
        text_init(&t, &cx);
        learner_start(l, TASK_REGRESSION, args);
        learner_start(l, TASK_BINARY, back);
        expect_ok(&cx, learner_args_json(&cx, l, args, &t));
        expect_ok(&cx, learner_args_read(&cx, l, t.at, back));
        for (size_t p = 0; p < learner_params(l); p++) assert_true(args[p] == back[p]);
        text_clear(&t);
    }
    ctx_clear(&cx);
}

static void choices_go_by_name_and_what_is_not_named_stays(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    const Learner *l = learner_find("lightgbm");
    double args[LEARN_PARAMS_MAX];
    Text t;
    text_init(&t, &cx);
    learner_start(l, TASK_BINARY, args);
    expect_ok(&cx, learner_args_read(&cx, l, "{\"extra_trees\":\"yes\",\"num_leaves\":7}", args));
    expect_ok(&cx, learner_args_json(&cx, l, args, &t));
    assert_non_null(strstr(t.at, "\"extra_trees\":\"yes\""));
    assert_non_null(strstr(t.at, "\"num_leaves\":7,"));
    assert_non_null(strstr(t.at, "\"learning_rate\":0.04,"));
    text_clear(&t);
    ctx_clear(&cx);
}

static void wrong_arguments_are_refused_in_words(void **state)
{
    (void)state;
    static const struct { const char *json, *words; } wrong[] = {
        { "{\"num_leafs\":7}", "did you mean 'num_leaves'" },
        { "{\"zzzzzzzzzzz\":7}", "no parameter 'zzzzzzzzzzz'" },
        { "{\"num_leaves\":1}", "must lie in 2 .. 200" },
        { "{\"num_leaves\":1e9}", "must lie in" },
        { "{\"num_leaves\":7.5}", "whole number" },
        { "{\"num_leaves\":\"7\"}", "must be a number" },
        { "{\"num_leaves\":null}", "must be a number" },
        { "{\"extra_trees\":\"perhaps\"}", "such as 'no'" },
        { "{\"extra_trees\":1}", "such as 'no'" },
        { "[1,2]", "not a JSON object" },
        { "{\"num_leaves\":", "not a JSON object" },
        { "", "not a JSON object" },
    };
    Ctx cx = test_ctx();
    double args[LEARN_PARAMS_MAX];
    learner_start(learner_find("lightgbm"), TASK_BINARY, args);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_failure(&cx, learner_args_read(&cx, learner_find("lightgbm"), wrong[i].json, args), ERR_BAD_INPUT, wrong[i].words);
    ctx_clear(&cx);
}

static Err to_json_and_back(Ctx *cx, void *arg)
{
    const Learner *l = learner_find("lightgbm");
    double *args = arg;
    Text t;
    text_init(&t, cx);
    Err err = learner_args_json(cx, l, args, &t);
    if (!err) err = learner_args_read(cx, l, t.at, args);
    text_clear(&t);
    return err;
}

static void memory_that_ends_is_told(void **state)
{
    (void)state;
    double args[LEARN_PARAMS_MAX];
    learner_start(learner_find("lightgbm"), TASK_BINARY, args);
    rig_sweep(to_json_and_back, args, ERR_NOMEM, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learners_are_listed_a_to_z_with_sound_rows),
        cmocka_unit_test(arguments_come_back_from_json_as_they_went),
        cmocka_unit_test(choices_go_by_name_and_what_is_not_named_stays),
        cmocka_unit_test(wrong_arguments_are_refused_in_words),
        cmocka_unit_test(memory_that_ends_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

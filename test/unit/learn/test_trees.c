/* test/unit/learn/test_trees.c -- the learners lightgbm and extra_trees: any data gives a model, the deadline is kept, the
** model equals the library's to the last bit, and LightGBM's text is believed only as far as it makes sense.
** (Against the Python package: test/peer/test_trees.py.)
*/
#include "kit.h"

#include "learn/lightgbm_lib.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const learners[] = { "extra_trees", "lightgbm" };

/* Small enough for a test: rounds or trees. */
static void make(Kit *k, const Learner *l, Task task, uint32_t rows, uint64_t seed, double grow)
{
    kit_make(k, l, task, rows, seed);
    kit_set(k, l, strcmp(l->name, "lightgbm") ? "trees" : "rounds", grow);
}

static Model *fit(Ctx *cx, const Learner *l, const FitIn *in)
{
    FitOut out;
    expect_ok(cx, l->fit(cx, in, &out));
    assert_non_null(out.model);
    assert_true(out.rounds > 0);
    assert_int_equal(out.model->outputs, task_outputs(in->task, in->classes));
    assert_int_equal(out.model->cols, in->X.cols);
    return out.model;
}

static void they_learn_all_three_tasks(void **state)
{
    (void)state;
    static const double aim[TASK_N] = { [TASK_BINARY] = 0.91, [TASK_MULTICLASS] = 0.65, [TASK_REGRESSION] = 1.5 };
    static Kit k;
    Ctx cx = test_ctx();
    for (size_t i = 0; i < 2; i++)
        for (int task = 0; task < TASK_N; task++) {
            const Learner *l = learner_find(learners[i]);
            make(&k, l, (Task)task, 1600, 1, 100);
            kit_split(&k, 1200);
            Model *m = fit(&cx, l, &k.in);
            double score = kit_score(&cx, &k, m, k.in.valid, k.in.valid_n);
            if (k.in.metric->higher ? score < aim[task] : score > aim[task]) fail_msg("%s, task %d: %g", l->name, task, score);
            model_free(&cx, m);
        }
    ctx_clear(&cx);
}

static void tiny_data_give_a_model(void **state)
{
    (void)state;
    static Kit k;
    Ctx cx = test_ctx();
    for (size_t i = 0; i < 2; i++)
        for (int task = 0; task < TASK_N; task++)
            for (uint32_t rows = 1; rows <= 20; rows += rows < 4 ? 1 : 5) {
                const Learner *l = learner_find(learners[i]);
                make(&k, l, (Task)task, rows, rows, 5);
                Model *m = fit(&cx, l, &k.in);
                if (task == TASK_REGRESSION) kit_score(&cx, &k, m, k.row, rows);
                model_free(&cx, m);
            }
    ctx_clear(&cx);
}

static void columns_and_targets_that_say_nothing_give_a_model(void **state)
{
    (void)state;
    static Kit k;
    Ctx cx = test_ctx();
    for (size_t i = 0; i < 2; i++)
        for (int task = 0; task < TASK_N; task++)
            for (int what = 0; what < 4; what++) {
                const Learner *l = learner_find(learners[i]);
                make(&k, l, (Task)task, 120, 3, 5);
                for (uint32_t r = 0; r < 120; r++) {
                    for (uint32_t j = 0; j < KIT_COLS; j++) k.cell[j][r] = what == 0 ? 3 : what == 1 ? NAN : k.cell[j][r];
                    if (what == 2) k.y[r] = 1;                      /* one class, one value */
                    if (what == 3 && task == TASK_MULTICLASS) k.y[r] = k.y[r] > 0 ? 2 : 0;      /* a class without rows */
                }
                Model *m = fit(&cx, l, &k.in);
                double margin[3];
                expect_ok(&cx, model_margin(&cx, m, &k.in.X, NULL, 1, margin));
                for (uint32_t c = 0; c < m->outputs; c++) assert_true(isfinite(margin[c]));
                if (what == 2 && task == TASK_REGRESSION) assert_true(fabs(margin[0] - 1) < 1e-6);
                if (what == 2 && task == TASK_BINARY) assert_true(margin[0] > 4);
                if (what == 2 && task == TASK_MULTICLASS) assert_true(margin[1] > margin[0] + 4 && margin[1] > margin[2] + 4);
                model_free(&cx, m);
            }
    ctx_clear(&cx);
}

static void no_rows_or_columns_and_targets_beyond_float_are_refused(void **state)
{
    (void)state;
    static Kit k;
    Ctx cx = test_ctx();
    FitOut out;
    for (size_t i = 0; i < 2; i++) {
        const Learner *l = learner_find(learners[i]);
        make(&k, l, TASK_REGRESSION, 50, 4, 5);
        FitIn none = k.in;
        none.train_n = 0;
        expect_failure(&cx, l->fit(&cx, &none, &out), ERR_SHAPE, "0 x 5");
        none = k.in;
        none.X.cols = 0;
        expect_failure(&cx, l->fit(&cx, &none, &out), ERR_SHAPE, "50 x 0");
        assert_null(out.model);
    }
    k.y[7] = 1e39;
    expect_failure(&cx, learner_find("lightgbm")->fit(&cx, &k.in, &out), ERR_NUMERIC, "1e+39");
    make(&k, learner_find("extra_trees"), TASK_REGRESSION, 50, 4, 5);
    k.y[7] = 1e200;
    expect_failure(&cx, learner_find("extra_trees")->fit(&cx, &k.in, &out), ERR_NUMERIC, "a leaf");
    ctx_clear(&cx);
}

static void large_targets_are_learned_all_the_same(void **state)
{
    (void)state;
    static Kit k;
    Ctx cx = test_ctx();
    for (size_t i = 0; i < 2; i++) {
        const Learner *l = learner_find(learners[i]);
        make(&k, l, TASK_REGRESSION, 800, 5, 60);
        for (uint32_t r = 0; r < 800; r++) k.y[r] = 1e6 + 1000 * k.y[r];
        Model *m = fit(&cx, l, &k.in);
        assert_true(kit_score(&cx, &k, m, k.row, 800) < 1200);
        model_free(&cx, m);
    }
    ctx_clear(&cx);
}

static void weights_count_as_rows_do(void **state)
{
    (void)state;
    static Kit k;
    static double margin[400];
    Ctx cx = test_ctx();
    for (size_t i = 0; i < 2; i++) {
        const Learner *l = learner_find(learners[i]);
        make(&k, l, TASK_REGRESSION, 400, 6, 20);
        /* The second half says the opposite, but weighs nothing to speak of. */
        for (uint32_t r = 200; r < 400; r++) {
            for (uint32_t j = 0; j < KIT_COLS; j++) k.cell[j][r] = k.cell[j][r - 200];
            k.y[r] = -k.y[r - 200];
        }
        for (uint32_t r = 0; r < 400; r++) k.weight[r] = r < 200 ? 1 : 1e-6f;
        double fit_of[2] = { 0, 0 };
        for (int weighed = 0; weighed < 2; weighed++) {
            k.in.weight = weighed ? k.weight : NULL;
            Model *m = fit(&cx, l, &k.in);
            expect_ok(&cx, model_margin(&cx, m, &k.in.X, NULL, 400, margin));
            for (uint32_t r = 0; r < 200; r++) fit_of[weighed] += k.y[r] * margin[r];
            model_free(&cx, m);
        }
        assert_true(fit_of[1] > 100 && fit_of[1] > 3 * fabs(fit_of[0]));
    }
    ctx_clear(&cx);
}

static Text bytes_of(Ctx *cx, const Learner *l, const FitIn *in)
{
    Text t;
    Model *m = fit(cx, l, in);
    text_init(&t, cx);
    expect_ok(cx, model_save(cx, m, &t));
    model_free(cx, m);
    return t;
}

static void equal_input_gives_equal_bytes_and_seeds_matter(void **state)
{
    (void)state;
    static Kit k;
    Ctx cx = test_ctx();
    for (size_t i = 0; i < 2; i++) {
        const Learner *l = learner_find(learners[i]);
        make(&k, l, TASK_MULTICLASS, 500, 7, 10);
        kit_split(&k, 400);
        Text a = bytes_of(&cx, l, &k.in), b = bytes_of(&cx, l, &k.in);
        cx.seed++;
        Text c = bytes_of(&cx, l, &k.in);
        assert_int_equal(a.n, b.n);
        assert_memory_equal(a.at, b.at, a.n);
        assert_true(a.n != c.n || memcmp(a.at, c.at, a.n));
        text_clear(&a);
        text_clear(&b);
        text_clear(&c);
    }
    ctx_clear(&cx);
}

static void the_model_is_the_librarys_to_the_last_bit(void **state)
{
    (void)state;
    static Kit k;
    static double ours[600 * 3], theirs[600 * 3];
    const char *params = "objective=multiclass num_class=3 num_threads=1 verbosity=-1 deterministic=true force_col_wise=true "
                         "num_leaves=20 min_data_in_leaf=5 metric=none";
    Ctx cx = test_ctx();
    LgbFit lib = { 0 };
    TreesMaker *maker;
    Model *m;
    make(&k, learner_find("lightgbm"), TASK_MULTICLASS, 600, 8, 10);
    LgbRows train = { &k.in.X, k.row, 600, k.y, NULL }, none = { .X = &k.in.X };
    expect_ok(&cx, lgb_open(&cx, &lib));
    expect_ok(&cx, lgb_data(&cx, &lib, &train, &none, params, NULL, 0));
    expect_ok(&cx, lgb_start(&cx, &lib, params));
    for (int r = 0; r < 40; r++) {
        bool grew;
        expect_ok(&cx, lgb_round(&cx, &lib, &grew));
        assert_true(grew);
    }
    for (uint32_t rounds = 1; rounds <= 40; rounds += 13) {
        expect_ok(&cx, trees_start(&cx, TREES_SUM, 3, false, KIT_COLS, 0, &maker));
        expect_ok(&cx, lgb_take(&cx, &lib, rounds, 3, 20, maker));
        expect_ok(&cx, trees_end(&cx, maker, &m));
        assert_int_equal(trees_count(m), 3 * rounds);
        expect_ok(&cx, model_margin(&cx, m, &k.in.X, NULL, 600, ours));
        expect_ok(&cx, lgb_raw(&cx, &lib, &k.in.X, rounds, theirs, 600 * 3));
        assert_memory_equal(ours, theirs, sizeof ours);
        model_free(&cx, m);
    }
    lgb_close(&cx, &lib);
    ctx_clear(&cx);
}

static void an_exact_count_of_rounds_is_kept(void **state)
{
    (void)state;
    static Kit k;
    Ctx cx = test_ctx();
    FitOut out;
    make(&k, learner_find("lightgbm"), TASK_BINARY, 300, 9, 500);
    kit_split(&k, 200);
    k.in.rounds = 17;
    expect_ok(&cx, learner_find("lightgbm")->fit(&cx, &k.in, &out));
    assert_int_equal(out.rounds, 17);
    assert_int_equal(trees_count(out.model), 17);
    assert_false(out.cut);
    model_free(&cx, out.model);
    ctx_clear(&cx);
}

/* A clock that moves only when it is looked at: `looks` looks, then the deadline has passed. */
static void a_deadline_cuts_what_there_is_or_tells_that_nothing_was(void **state)
{
    (void)state;
    static Kit k;
    for (size_t i = 0; i < 2; i++) {
        const Learner *l = learner_find(learners[i]);
        long cut = 0, none = 0, whole = 0;
        make(&k, l, TASK_BINARY, 600, 10, 30);
        kit_split(&k, 500);
        for (int looks = 0; looks < 400; looks = looks * 2 + 1) {
            Rig rig;
            FitOut out;
            rig_init(&rig, 0, 0, false);
            rig.tick_us = 100000;
            Ctx cx = rig_ctx(&rig);
            cx.deadline_us = rig.mono_us + looks * rig.tick_us;
            Err err = l->fit(&cx, &k.in, &out);
            if (err) {
                expect_failure(&cx, err, ERR_TIME, "deadline");
                assert_null(out.model);
                none++;
            } else {
                kit_score(&cx, &k, out.model, k.in.valid, k.in.valid_n);
                cut += out.cut;
                whole += !out.cut;
            }
            model_free(&cx, out.model);
            ctx_clear(&cx);
            assert_int_equal(rig.held, 0);
        }
        if (!cut || !none || !whole) fail_msg("%s: %ld cut, %ld without a model, %ld whole", l->name, cut, none, whole);
    }
}

static void a_forest_cut_short_is_the_beginning_of_the_whole(void **state)
{
    (void)state;
    static Kit k;
    static double few[300], many[300];
    const Learner *l = learner_find("extra_trees");
    Ctx cx = test_ctx();
    make(&k, l, TASK_REGRESSION, 300, 11, 1);
    Model *a = fit(&cx, l, &k.in);
    kit_set(&k, l, "trees", 2);
    Model *b = fit(&cx, l, &k.in);
    expect_ok(&cx, model_margin(&cx, a, &k.in.X, NULL, 300, few));
    expect_ok(&cx, model_margin(&cx, b, &k.in.X, NULL, 300, many));
    /* mean of two trees, the first of which is known: the second must be what another seed would not give */
    double apart = 0;
    for (int i = 0; i < 300; i++) apart += fabs(2 * many[i] - few[i] - k.y[i]);
    assert_true(apart / 300 < 1.5);
    model_free(&cx, a);
    model_free(&cx, b);
    ctx_clear(&cx);
}

static void cancelling_interrupts(void **state)
{
    (void)state;
    static Kit k;
    volatile sig_atomic_t stop = 1;
    Ctx cx = test_ctx();
    FitOut out;
    cx.cancel = &stop;
    for (size_t i = 0; i < 2; i++) {
        const Learner *l = learner_find(learners[i]);
        make(&k, l, TASK_BINARY, 100, 12, 5);
        expect_failure(&cx, l->fit(&cx, &k.in, &out), ERR_INTERRUPTED, NULL);
        assert_null(out.model);
    }
    ctx_clear(&cx);
}

static Err fit_small(Ctx *cx, void *arg)
{
    Kit *k = arg;
    FitOut out;
    Err err = learner_find(k->in.rounds == 1 ? "lightgbm" : "extra_trees")->fit(cx, &k->in, &out);
    if (err) assert_null(out.model);
    model_free(cx, out.model);
    return err;
}

static void memory_that_ends_is_told_and_nothing_is_lost(void **state)
{
    (void)state;
    static Kit k;
    for (size_t i = 0; i < 2; i++) {
        make(&k, learner_find(learners[i]), TASK_MULTICLASS, 60, 13, 2);
        k.in.rounds = i ? 1 : 0;
        rig_sweep_or_ok(fit_small, &k, ERR_NOMEM, ERR_IO);
    }
}

static void a_library_that_is_not_lightgbm_is_told_apart(void **state)
{
    (void)state;
    static Kit k;
    Ctx cx = test_ctx();
    FitOut out;
    make(&k, learner_find("lightgbm"), TASK_BINARY, 30, 14, 2);
    setenv("LEAT_LIB", "libs", 1);
    test_remove_tree("libs");
    assert_int_equal(mkdir("libs", 0777), 0);
    test_write("libs/lib_lightgbm.so", "no library", 10);
    expect_failure(&cx, learner_find("lightgbm")->fit(&cx, &k.in, &out), ERR_CORRUPT, "lib_lightgbm.so");
    test_remove_tree("libs/lib_lightgbm.so");
    assert_int_equal(symlink("/lib/x86_64-linux-gnu/libm.so.6", "libs/lib_lightgbm.so"), 0);
    expect_failure(&cx, learner_find("lightgbm")->fit(&cx, &k.in, &out), ERR_NOT_FOUND, "no function 'LGBM_");
    unsetenv("LEAT_LIB");
    test_remove_tree("libs");
    ctx_clear(&cx);
}

static const char tree_text[] =
    "tree\nversion=v4\n\nTree=0\nnum_leaves=3\nnum_cat=1\nsplit_feature=4 0\nsplit_gain=1 2\nthreshold=0 0.5\n"
    "decision_type=1 10\nleft_child=1 -1\nright_child=-2 -3\nleaf_value=1 2.5 -3\nleaf_weight=1 1 1\nleaf_count=5 6 7\n"
    "internal_value=0 0\ninternal_weight=0 0\ninternal_count=18 12\ncat_boundaries=0 1\ncat_threshold=6\nis_linear=0\nshrinkage=1\n\n\n"
    "end of trees\n\nTree=1\n";

static Err read_text(Ctx *cx, const char *text, size_t n, uint32_t *trees)
{
    Err err = OK;
    TreesMaker *maker = NULL;
    Model *m = NULL;
    bool found = true;
    const char *at = text;
    expect_ok(cx, trees_start(cx, TREES_SUM, 1, false, KIT_COLS, 0, &maker));
    while (found) TRY_DONE(cx, lgb_read_tree(cx, &at, text + n, maker, &found));
    err = trees_end(cx, maker, &m);
    maker = NULL;
    if (!err) *trees = trees_count(m);
done:
    trees_drop(cx, maker);
    model_free(cx, m);
    return err;
}

static void lightgbms_text_is_read_and_what_does_not_fit_is_refused(void **state)
{
    (void)state;
    static const char *const lines[] = {
        "num_leaves=", "num_cat=", "split_feature=", "threshold=", "decision_type=", "left_child=", "right_child=", "leaf_value=",
        "leaf_count=", "cat_boundaries=", "cat_threshold=", "is_linear=",
    };
    Ctx cx = test_ctx();
    uint32_t trees = 0;
    char text[sizeof tree_text + 8];
    expect_ok(&cx, read_text(&cx, tree_text, strlen(tree_text), &trees));
    assert_int_equal(trees, 1);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        const char *from = strstr(tree_text, lines[i]), *value = from + strlen(lines[i]);
        static const char *const put[] = { "x", "9", "-7", "", "1e5", "0 0 0 0 " };
        for (size_t v = 0; v < sizeof put / sizeof *put; v++) {        /* before the line's value, or instead of its first letter */
            snprintf(text, sizeof text, "%.*s%s%s", (int)(value - tree_text), tree_text, put[v], value + (v != 5));
            Err err = read_text(&cx, text, strlen(text), &trees);
            if (v == 0 || v == 3 ? err != ERR_CORRUPT && v == 0 : err == ERR_BUG) fail_msg("%s%s gives %d", lines[i], put[v], err);
            if (err && err != ERR_SHAPE && err != ERR_LIMIT) expect_failure(&cx, err, ERR_CORRUPT, NULL);
        }
        snprintf(text, sizeof text, "%.*sno_%s", (int)(from - tree_text), tree_text, from);      /* the line is missing */
        expect_failure(&cx, read_text(&cx, text, strlen(text), &trees), ERR_CORRUPT, "cannot be read");
    }
    ctx_clear(&cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(they_learn_all_three_tasks),
        cmocka_unit_test(tiny_data_give_a_model),
        cmocka_unit_test(columns_and_targets_that_say_nothing_give_a_model),
        cmocka_unit_test(no_rows_or_columns_and_targets_beyond_float_are_refused),
        cmocka_unit_test(large_targets_are_learned_all_the_same),
        cmocka_unit_test(weights_count_as_rows_do),
        cmocka_unit_test(equal_input_gives_equal_bytes_and_seeds_matter),
        cmocka_unit_test(the_model_is_the_librarys_to_the_last_bit),
        cmocka_unit_test(an_exact_count_of_rounds_is_kept),
        cmocka_unit_test(a_deadline_cuts_what_there_is_or_tells_that_nothing_was),
        cmocka_unit_test(a_forest_cut_short_is_the_beginning_of_the_whole),
        cmocka_unit_test(cancelling_interrupts),
        cmocka_unit_test(memory_that_ends_is_told_and_nothing_is_lost),
        cmocka_unit_test(a_library_that_is_not_lightgbm_is_told_apart),
        cmocka_unit_test(lightgbms_text_is_read_and_what_does_not_fit_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

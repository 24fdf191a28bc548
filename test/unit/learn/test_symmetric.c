/* test/unit/learn/test_symmetric.c -- symmetric trees: what is found is the best cut, histograms by halves say the same as whole
** ones, no row's own target orders its level, and memory that ends is told.  (Against CatBoost: test/peer/test_symmetric.py.)
*/
#include "kit.h"

#include "learn/symmetric_columns.c"
#include "learn/symmetric_grow.c"

static const Learner *learner(void) { return learner_find("symmetric_trees"); }

static SymData columns(Ctx *cx, Kit *k, float *y, uint32_t level_cuts)
{
    SymData d;
    const float *target[] = { y };
    SymBinning how = { "test", 254, level_cuts, 1 };
    double mean = 0;
    for (uint32_t i = 0; i < k->in.train_n; i++) mean += k->y[k->in.train[i]] / (double)k->in.train_n;
    for (uint32_t i = 0; i < k->in.train_n; i++) y[i] = (float)(k->y[k->in.train[i]] - mean);
    expect_ok(cx, sym_columns(cx, &k->in, &how, target, 1, k->in.valid_n, &d));
    return d;
}

/* The cosine of a tree's leaves, worked out from the rows. */
static double cosine(const SymData *d, const SymTree *t, const float *slope, uint32_t n, double l2)
{
    static double sum[1024], weight[1024];
    static uint16_t leaf[KIT_ROWS_MAX];
    double up = 0, down = 0;
    memset(sum, 0, sizeof sum);
    memset(weight, 0, sizeof weight);
    sym_leaves(d, t, 0, leaf);
    for (uint32_t i = 0; i < n; i++) sum[leaf[i]] += (double)slope[2 * i], weight[leaf[i]] += (double)slope[2 * i + 1];
    for (uint32_t l = 0; l < 1u << t->depth; l++) {
        double a = sum[l] / (weight[l] + l2);
        up += a * sum[l];
        down += a * a * weight[l];
    }
    return down > 0 ? up / sqrt(down) : 0;
}

static void every_level_asks_what_explains_most(void **state)
{
    (void)state;
    static Kit k;
    static float y[KIT_ROWS_MAX], slope[2 * KIT_ROWS_MAX];
    Ctx cx = test_ctx();
    kit_make(&k, learner(), TASK_REGRESSION, 400, 3);
    SymData d = columns(&cx, &k, y, 20);
    SymGrow *g;
    SymTree t;
    SymShape shape = { .depth = 4, .outputs = 1, .l2 = 3, .columns = 1 };
    Random r = random_make(1, "test", 0, 0);
    for (uint32_t i = 0; i < 400; i++) slope[2 * i] = y[i] * k.weight[i], slope[2 * i + 1] = k.weight[i];
    expect_ok(&cx, sym_grow_new(&cx, &d, &shape, 1, &g));
    sym_grow_tree(g, k.row, slope, 400, 0, 0, &r, &t);
    assert_int_equal(t.depth, 4);
    for (uint32_t level = 0; level < t.depth; level++) {
        SymTree upto = t;
        double best = 0;
        upto.depth = level + 1;
        double own = cosine(&d, &upto, slope, 400, 3);
        for (uint32_t c = 0; c < d.columns_n; c++)
            for (uint32_t cut = 0; cut < d.column[c].cuts; cut++) {
                upto.column[level] = c;
                upto.cut[level] = (uint8_t)cut;
                best = fmax(best, cosine(&d, &upto, slope, 400, 3));
            }
        if (!(own > best * (1 - 1e-5))) fail_msg("level %u: %.9g, but %.9g was there", level, own, best);
    }
    sym_grow_drop(&cx, g);
    sym_columns_drop(&cx, &d);
    ctx_clear(&cx);
}

static void halves_add_up_to_the_whole(void **state)
{
    (void)state;
    static Kit k;
    static float y[KIT_ROWS_MAX], slope[2 * KIT_ROWS_MAX];
    Ctx cx = test_ctx();
    kit_make(&k, learner(), TASK_REGRESSION, 1500, 4);
    SymData d = columns(&cx, &k, y, 20);
    SymShape shape = { .depth = 6, .outputs = 1, .l2 = 1, .columns = 1 };
    SymTree t[2];
    for (uint32_t i = 0; i < 1500; i++) slope[2 * i] = (float)(int)(100 * y[i]), slope[2 * i + 1] = 1;      /* whole: exact sums */
    for (int keep = 0; keep < 2; keep++) {
        SymGrow *g;
        Random r = random_make(1, "test", 0, 0);
        expect_ok(&cx, sym_grow_new(&cx, &d, &shape, 1, &g));
        size_t all = g->hist_at[d.columns_n - 1] + hist_floats(g, &d.column[d.columns_n - 1], 32);
        if (keep) {
            ctx_put(&cx, g->hist);
            g->hist = ctx_get_n(&cx, all, sizeof *g->hist);
            g->keep = true;
        }
        assert_non_null(g->hist);
        sym_grow_tree(g, k.row, slope, 1500, 0, .5, &r, &t[keep]);
        sym_grow_drop(&cx, g);
    }
    assert_int_equal(t[0].depth, 6);
    assert_memory_equal(&t[0], &t[1], sizeof t[0]);
    sym_columns_drop(&cx, &d);
    ctx_clear(&cx);
}

/* A category that names every row knows nothing: seen with means of all rows, it would be the target itself. */
static void a_row_does_not_see_its_own_target(void **state)
{
    (void)state;
    static Kit k;
    Ctx cx = test_ctx();
    FitOut out;
    for (int task = 0; task < TASK_N; task++) {
        kit_make(&k, learner(), (Task)task, 900, 5);
        for (uint32_t i = 0; i < 900; i++) k.cell[4][i] = (float)(i % 600);
        k.feature[4].levels = 600;
        kit_split(&k, 600);
        k.in.rounds = 100;
        expect_ok(&cx, learner()->fit(&cx, &k.in, &out));
        double with = kit_score(&cx, &k, out.model, k.in.valid, k.in.valid_n);
        model_free(&cx, out.model);
        for (uint32_t i = 0; i < 900; i++) k.cell[4][i] = NAN;
        expect_ok(&cx, learner()->fit(&cx, &k.in, &out));
        double without = kit_score(&cx, &k, out.model, k.in.valid, k.in.valid_n);
        model_free(&cx, out.model);
        with = metric_error(k.in.metric, with);
        without = metric_error(k.in.metric, without);
        if (with > 1.15 * without) fail_msg("task %d: error %g with the row's name, %g without", task, with, without);
    }
    ctx_clear(&cx);
}

static void it_learns_all_three_tasks(void **state)
{
    (void)state;
    static const double aim[TASK_N] = { [TASK_BINARY] = 0.93, [TASK_MULTICLASS] = 0.6, [TASK_REGRESSION] = 1.3 };
    static Kit k;
    Ctx cx = test_ctx();
    FitOut out;
    for (int task = 0; task < TASK_N; task++) {
        kit_make(&k, learner(), (Task)task, 1600, 1);
        kit_split(&k, 1200);
        expect_ok(&cx, learner()->fit(&cx, &k.in, &out));
        assert_true(out.rounds > 20 && out.rounds < 2000 && !out.cut);
        double score = kit_score(&cx, &k, out.model, k.in.valid, k.in.valid_n);
        if (k.in.metric->higher ? score < aim[task] : score > aim[task]) fail_msg("task %d: %g", task, score);
        model_free(&cx, out.model);
    }
    ctx_clear(&cx);
}

/* What no row was parted by decides nothing: a column that was missing throughout, and levels that were not there. */
static void what_was_never_seen_changes_no_answer(void **state)
{
    (void)state;
    static Kit k;
    static double a[KIT_ROWS_MAX * 3], b[KIT_ROWS_MAX * 3];
    Ctx cx = test_ctx();
    FitOut out;
    for (int task = 0; task < TASK_N; task++)
        for (int means = 0; means < 2; means++) {
            kit_make(&k, learner(), (Task)task, 300, 21);
            if (means) kit_set(&k, learner(), "one_hot_max_size", 1);
            for (uint32_t i = 0; i < 300; i++) k.cell[2][i] = NAN, k.cell[4][i] = (float)(i % 4);
            kit_set(&k, learner(), "random_strength", 4);
            k.in.rounds = 60;
            expect_ok(&cx, learner()->fit(&cx, &k.in, &out));
            size_t n = 300 * (size_t)out.model->outputs;
            expect_ok(&cx, model_margin(&cx, out.model, &k.in.X, k.row, 300, a));
            for (uint32_t i = 0; i < 300; i++) k.cell[2][i] = (float)i - 150;
            expect_ok(&cx, model_margin(&cx, out.model, &k.in.X, k.row, 300, b));
            assert_memory_equal(a, b, n * sizeof *a);
            for (uint32_t i = 0; i < 300; i++) k.cell[4][i] = 6;
            expect_ok(&cx, model_margin(&cx, out.model, &k.in.X, k.row, 300, a));
            for (uint32_t i = 0; i < 300; i++) k.cell[4][i] = 7;
            expect_ok(&cx, model_margin(&cx, out.model, &k.in.X, k.row, 300, b));
            assert_memory_equal(a, b, n * sizeof *a);
            model_free(&cx, out.model);
        }
    ctx_clear(&cx);
}

/* Fewer columns, fewer cuts and less to learn than rounds: the model must answer what the fit believed it does. */
static void rounds_that_find_nothing_leave_no_trace(void **state)
{
    (void)state;
    static Kit k;
    Ctx cx = test_ctx();
    FitOut out, again;
    Text x, y;
    kit_make(&k, learner(), TASK_REGRESSION, 60, 9);
    for (uint32_t i = 0; i < 60; i++) {
        for (uint32_t j = 0; j < KIT_COLS; j++) k.cell[j][i] = 0;
        k.cell[0][i] = (float)(i % 2);
        k.y[i] = i % 2 ? 5 : 1;
    }
    kit_split(&k, 40);
    expect_ok(&cx, learner()->fit(&cx, &k.in, &out));
    assert_true(kit_score(&cx, &k, out.model, k.in.valid, k.in.valid_n) < 1e-3);
    k.in.rounds = out.planned;
    k.in.keep = out.rounds;
    expect_ok(&cx, learner()->fit(&cx, &k.in, &again));
    text_init(&x, &cx);
    text_init(&y, &cx);
    expect_ok(&cx, model_save(&cx, out.model, &x));
    expect_ok(&cx, model_save(&cx, again.model, &y));
    assert_int_equal(x.n, y.n);
    assert_memory_equal(x.at, y.at, x.n);
    text_clear(&x);
    text_clear(&y);
    model_free(&cx, out.model);
    model_free(&cx, again.model);
    ctx_clear(&cx);
}

static Err fit_small(Ctx *cx, void *arg)
{
    Kit *k = arg;
    FitOut out;
    Err err = learner()->fit(cx, &k->in, &out);
    if (err) assert_null(out.model);
    model_free(cx, out.model);
    return err;
}

static void memory_that_ends_is_told_and_nothing_is_lost(void **state)
{
    (void)state;
    static Kit k;
    kit_make(&k, learner(), TASK_MULTICLASS, 60, 13);
    kit_set(&k, learner(), "depth", 3);
    k.in.rounds = 3;
    rig_sweep_or_ok(fit_small, &k, ERR_NOMEM, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_level_asks_what_explains_most),
        cmocka_unit_test(halves_add_up_to_the_whole),
        cmocka_unit_test(a_row_does_not_see_its_own_target),
        cmocka_unit_test(it_learns_all_three_tasks),
        cmocka_unit_test(what_was_never_seen_changes_no_answer),
        cmocka_unit_test(rounds_that_find_nothing_leave_no_trace),
        cmocka_unit_test(memory_that_ends_is_told_and_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

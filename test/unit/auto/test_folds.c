/* What is proved: folds are even, stratified, keyed by the seed and the target alone, and a holdout takes its share of
** every class.  How: counts made here, from the fold numbers alone. */
#include "unit/auto/kit.h"
#include "unit/auto/stand_in.h"

#include "base/random.h"

enum { ROWS = 1000, FOLDS_MAX = 8 };

static Err deal(Ctx *cx, Task task, uint32_t classes, const double *y, size_t n, uint64_t seed, uint32_t folds, uint8_t *fold)
{
    uint32_t made;
    FoldsIn in = { .task = task, .classes = classes, .y = y, .n = n, .seed = seed, .folds = folds };
    Err err = folds_make(cx, &in, fold, &made);
    if (!err) assert_int_equal(made, folds);
    return err;
}

static void classes(double *y, size_t n)      /* half, 30 %, and what is left but 3 rows of a rare class */
{
    for (size_t i = 0; i < n; i++) y[i] = i < n / 2 ? 0 : i < n * 8 / 10 ? 1 : i < n - 3 ? 2 : 3;
    Random r = random_make(11, "rows", 0, 0);
    for (size_t i = n; i > 1; i--) {
        size_t j = random_below(&r, i);
        double t = y[i - 1];
        y[i - 1] = y[j];
        y[j] = t;
    }
}

static void each_class_is_spread_evenly(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    double y[ROWS];
    uint8_t fold[ROWS];
    classes(y, ROWS);
    for (uint32_t folds = 2; folds <= FOLDS_MAX; folds++) {
        int count[4][FOLDS_MAX] = { { 0 } }, all[FOLDS_MAX] = { 0 };
        expect_ok(&cx, deal(&cx, TASK_MULTICLASS, 4, y, ROWS, 7, folds, fold));
        for (int i = 0; i < ROWS; i++) {
            assert_true(fold[i] < folds);
            count[(int)y[i]][fold[i]]++;
            all[fold[i]]++;
        }
        for (int c = 0; c < 4; c++)
            for (uint32_t f = 1; f < folds; f++) assert_true(abs(count[c][f] - count[c][0]) <= 1);
        for (uint32_t f = 1; f < folds; f++) assert_true(abs(all[f] - all[0]) <= 1);
    }
}

static void a_number_is_spread_over_its_tenths(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    double y[ROWS];
    uint8_t fold[ROWS];
    for (int i = 0; i < ROWS; i++) y[i] = (i * 617) % ROWS;      /* every value once: tenth t is t*100 .. t*100+99 */
    int count[10][5] = { { 0 } };
    expect_ok(&cx, deal(&cx, TASK_REGRESSION, 0, y, ROWS, 7, 5, fold));
    for (int i = 0; i < ROWS; i++) count[(int)y[i] / 100][fold[i]]++;
    for (int t = 0; t < 10; t++)
        for (int f = 0; f < 5; f++) assert_int_equal(count[t][f], 20);
}

static void a_holdout_takes_a_share_of_every_class_and_of_two_rows_one(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    double y[ROWS];
    uint8_t fold[ROWS];
    int held[4] = { 0 }, all[4] = { 0 };
    classes(y, ROWS);
    expect_ok(&cx, deal(&cx, TASK_MULTICLASS, 4, y, ROWS, 7, 1, fold));
    for (int i = 0; i < ROWS; i++) {
        assert_true(fold[i] == 0 || fold[i] == FOLD_NONE);
        all[(int)y[i]]++;
        held[(int)y[i]] += fold[i] == 0;
    }
    for (int c = 0; c < 3; c++) assert_int_equal(held[c], (int)(.2 * all[c] + .5));     /* 500 of 1000, at most a fifth */
    assert_int_equal(held[3], 1);                                                        /* of three rows one */

    const double two[] = { 0, 0, 1, 1, 0, 0, 0, 0, 0, 0 };
    expect_ok(&cx, deal(&cx, TASK_BINARY, 2, two, 10, 7, 1, fold));
    assert_true((fold[2] == 0) != (fold[3] == 0));
}

static void folds_depend_on_seed_and_target_only(void **state)
{
    (void)state;
    Ctx cx = test_ctx(), other = test_ctx();
    double y[ROWS];
    uint8_t a[ROWS], b[ROWS];
    other.seed = 99;                          /* the context's seed has no say */
    classes(y, ROWS);
    expect_ok(&cx, deal(&cx, TASK_MULTICLASS, 4, y, ROWS, 7, 5, a));
    expect_ok(&cx, deal(&other, TASK_MULTICLASS, 4, y, ROWS, 7, 5, b));
    assert_memory_equal(a, b, ROWS);
    expect_ok(&cx, deal(&cx, TASK_MULTICLASS, 4, y, ROWS, 8, 5, b));
    assert_memory_not_equal(a, b, ROWS);
}

static void larger_work_for_the_time_gets_fewer_folds(void **state)
{
    (void)state;
    static const struct { double time_s; uint32_t trials, folds; } want[] = {
        { 1000, 0, 8 }, { 1, 0, 8 }, { .02, 0, 5 }, { .008, 0, 3 }, { .001, 0, 1 }, { .001, 4, 8 },      /* 400 rows x 3 columns */
    };
    for (size_t w = 0; w < sizeof want / sizeof *want; w++) {
        Ctx cx = test_ctx();
        Kit k;
        char rows[400 * 6 + 1] = "";
        for (int i = 0; i < 400; i++) memcpy(rows + i * 6, "1|2|3\n", 7);
        k = (Kit){ .in = { .target = "y", .time_s = want[w].time_s, .trials = want[w].trials, .seed = 7 } };
        k.a.in = &k.in;
        k.a.task = TASK_BINARY;
        k.a.classes = 2;
        expect_ok(&cx, kit_table(&cx, "a:number b:number c:number", rows, &k.a.raw));
        k.a.rows = k.a.raw->rows;
        double y[400];
        for (int i = 0; i < 400; i++) y[i] = i % 2;
        k.a.y = y;
        expect_ok(&cx, auto_folds(&cx, &k.a));
        assert_int_equal(k.a.folds, want[w].folds);
        assert_int_equal(k.a.held_n, want[w].folds == 1 ? 80 : 400);
        for (size_t h = 0; h < k.a.held_n; h++) {
            assert_true(!h || k.a.held[h] > k.a.held[h - 1]);
            assert_true(k.a.fold[k.a.held[h]] < k.a.folds);
            assert_true(k.a.held_y[h] == y[k.a.held[h]]);
        }
        table_free(&cx, k.a.raw);
        ctx_put(&cx, k.a.fold);
        ctx_put(&cx, k.a.held);
        ctx_put(&cx, k.a.held_y);
        ctx_clear(&cx);
    }
}

static char *names[] = { "no", "yes" };

static void the_folds_of_a_build_can_be_made_again(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Table *t;
    Build b = { .task = TASK_BINARY, .classes = 2, .class_name = names, .target = "y", .folds = 3 };
    uint8_t *fold, want[8];
    const double y[] = { 0, 1, 1, 0, 0, 1, 0, 1 };        /* of the rows with a target */
    expect_ok(&cx, kit_table(&cx, "x:number y:category", "1|no\n2|yes\n3|\n4|yes\n5|no\n6|no\n7|yes\n8|no\n9|perhaps\n10|yes\n", &t));
    expect_ok(&cx, deal(&cx, TASK_BINARY, 2, y, 8, 5, 3, want));
    expect_ok(&cx, auto_folds_again(&cx, &b, t, 5, &fold));
    for (size_t i = 0, k = 0; i < t->rows; i++) assert_int_equal(fold[i], i == 2 || i == 8 ? FOLD_NONE : want[k++]);
    ctx_put(&cx, fold);

    b.target = "z";
    expect_failure(&cx, auto_folds_again(&cx, &b, t, 5, &fold), ERR_BAD_INPUT, "no column 'z'");
    assert_null(fold);
    b = (Build){ .task = TASK_REGRESSION, .target = "y", .folds = 3 };
    expect_failure(&cx, auto_folds_again(&cx, &b, t, 5, &fold), ERR_BAD_INPUT, "holds words");
    table_free(&cx, t);
    ctx_clear(&cx);
}

static Err swept(Ctx *cx, void *arg)
{
    uint8_t *fold = NULL;
    Build b = { .task = TASK_BINARY, .classes = 2, .class_name = names, .target = "y", .folds = 3 };
    Err err = auto_folds_again(cx, &b, arg, 5, &fold);
    ctx_put(cx, fold);
    return err;
}

static void refused_memory_is_survived(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Table *t;
    expect_ok(&cx, kit_table(&cx, "x:number y:category", "1|no\n2|yes\n3|\n4|yes\n5|no\n", &t));
    rig_sweep(swept, t, ERR_NOMEM, ERR_IO);
    table_free(&cx, t);
    ctx_clear(&cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_class_is_spread_evenly),
        cmocka_unit_test(a_number_is_spread_over_its_tenths),
        cmocka_unit_test(a_holdout_takes_a_share_of_every_class_and_of_two_rows_one),
        cmocka_unit_test(folds_depend_on_seed_and_target_only),
        cmocka_unit_test(larger_work_for_the_time_gets_fewer_folds),
        cmocka_unit_test(the_folds_of_a_build_can_be_made_again),
        cmocka_unit_test(refused_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

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

/* -------------------------------------------------------------- groups */

enum { GROUPS = 60 };

/* Groups of 1 to 40 rows, scattered over the table; two classes whose share differs from group to group. */
static void groups(uint32_t *group, double *y, size_t n, uint32_t *groups_n)
{
    Random r = random_make(5, "groups", 0, 0);
    for (size_t i = 0; i < n; i++) {
        group[i] = (uint32_t)(GROUPS * pow(random_unit(&r), 2));
        y[i] = random_unit(&r) < .1 + .5 * (group[i] % 7) / 6.;
    }
    uint32_t seen[GROUPS], next = 0;                  /* numbered as they come */
    for (int g = 0; g < GROUPS; g++) seen[g] = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {
        if (seen[group[i]] == UINT32_MAX) seen[group[i]] = next++;
        group[i] = seen[group[i]];
    }
    *groups_n = next;
}

static void no_group_is_in_two_folds_and_folds_are_even(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    double y[ROWS];
    uint32_t group[ROWS], n, made;
    uint8_t fold[ROWS], again[ROWS];
    groups(group, y, ROWS, &n);
    for (uint32_t folds = 2; folds <= FOLDS_MAX; folds++) {
        uint8_t of[GROUPS];
        int size[FOLDS_MAX] = { 0 }, ones[FOLDS_MAX] = { 0 }, whole[GROUPS] = { 0 }, largest = 0, all = 0;
        FoldsIn in = { .task = TASK_BINARY, .classes = 2, .y = y, .n = ROWS, .seed = 7, .folds = folds, .group = group, .groups = n };
        expect_ok(&cx, folds_make(&cx, &in, fold, &made));
        assert_int_equal(made, folds);
        memset(of, FOLD_NONE, sizeof of);
        for (int i = 0; i < ROWS; i++) {
            assert_true(fold[i] < folds);
            assert_true(of[group[i]] == FOLD_NONE || of[group[i]] == fold[i]);
            of[group[i]] = fold[i];
            size[fold[i]]++;
            ones[fold[i]] += y[i] == 1;
            all += y[i] == 1;
            whole[group[i]]++;
        }
        for (uint32_t g = 0; g < n; g++) largest = whole[g] > largest ? whole[g] : largest;
        for (uint32_t f = 1; f < folds; f++) assert_true(abs(size[f] - size[0]) <= largest);
        for (uint32_t f = 0; f < folds; f++)          /* classes as even as in the whole, but for what groups do not allow */
            assert_true(fabs(ones[f] / (double)size[f] - all / (double)ROWS) < .1);
        expect_ok(&cx, folds_make(&cx, &in, again, &made));
        assert_memory_equal(fold, again, ROWS);
        in.repeat = 1;
        expect_ok(&cx, folds_make(&cx, &in, again, &made));
        assert_memory_not_equal(fold, again, ROWS);
    }
}

static void a_grouped_holdout_takes_whole_groups(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    double y[ROWS];
    uint32_t group[ROWS], n, made;
    uint8_t fold[ROWS], of[GROUPS];
    int held = 0;
    groups(group, y, ROWS, &n);
    FoldsIn in = { .task = TASK_REGRESSION, .y = y, .n = ROWS, .seed = 7, .folds = 1, .group = group, .groups = n };
    expect_ok(&cx, folds_make(&cx, &in, fold, &made));
    assert_int_equal(made, 1);
    memset(of, 99, sizeof of);
    for (int i = 0; i < ROWS; i++) {
        assert_true(fold[i] == 0 || fold[i] == FOLD_NONE);
        assert_true(of[group[i]] == 99 || of[group[i]] == fold[i]);
        of[group[i]] = fold[i];
        held += fold[i] == 0;
    }
    assert_true(held > 120 && held < 280);            /* a fifth of 1000 */
}

static void few_groups_make_few_folds_and_one_is_refused(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    const double y[] = { 0, 1, 0, 1, 0, 1, 0, 1, 2, 2 };
    const uint32_t three[] = { 0, 0, 0, 1, 1, 1, 2, 2, 2, 2 }, one[10] = { 0 };
    uint8_t fold[10];
    uint32_t made;
    FoldsIn in = { .task = TASK_MULTICLASS, .classes = 3, .y = y, .n = 10, .seed = 7, .folds = 8, .group = three, .groups = 3 };
    expect_ok(&cx, folds_make(&cx, &in, fold, &made));
    assert_int_equal(made, 3);
    /* Class 2 is in one group: its models would not know it, so that group is always learned from. */
    assert_true(fold[0] < 3 && fold[3] < 3 && fold[0] != fold[3]);
    assert_int_equal(fold[6], FOLD_NONE);
    assert_int_equal(fold[9], FOLD_NONE);
    in.group = one;
    in.groups = 1;
    expect_failure(&cx, folds_make(&cx, &in, fold, &made), ERR_BAD_INPUT, "all rows are of one group");
    const double apart[] = { 0, 0, 0, 1, 1, 1, 1, 1, 1, 1 };
    const uint32_t two[] = { 0, 0, 0, 1, 1, 1, 1, 1, 1, 1 };
    in = (FoldsIn){ .task = TASK_BINARY, .classes = 2, .y = apart, .n = 10, .seed = 7, .folds = 2, .group = two, .groups = 2 };
    expect_failure(&cx, folds_make(&cx, &in, fold, &made), ERR_BAD_INPUT, "each class stands in one group only");
}

/* --------------------------------------------------------------- times */

static void each_part_learns_from_earlier_rows_only(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    double y[ROWS], when[ROWS];
    uint8_t fold[ROWS];
    Random r = random_make(3, "times", 0, 0);
    for (int i = 0; i < ROWS; i++) when[i] = (double)random_below(&r, 150), y[i] = random_unit(&r) < .3;      /* many equal times */
    for (uint32_t folds = 1; folds <= FOLDS_MAX; folds++) {
        uint32_t made;
        FoldsIn in = { .task = TASK_BINARY, .classes = 2, .y = y, .n = ROWS, .seed = 7, .folds = folds, .when = when };
        expect_ok(&cx, folds_make(&cx, &in, fold, &made));
        assert_int_equal(made, folds);
        Folds f = { .n = made, .sets = 1, .ordered = true, .rows = ROWS, .of = fold };
        for (uint32_t p = 0; p < made; p++) {
            double last = -INFINITY, first = INFINITY, last_held = -INFINITY;
            int learned = 0, held = 0;
            for (int i = 0; i < ROWS; i++) {
                assert_false(folds_holds(&f, p, (size_t)i) && folds_learns(&f, p, (size_t)i));
                if (folds_learns(&f, p, (size_t)i)) learned++, last = fmax(last, when[i]);
                if (folds_holds(&f, p, (size_t)i)) held++, first = fmin(first, when[i]), last_held = fmax(last_held, when[i]);
            }
            assert_true(last < first);                                 /* never equal either */
            double want = folds == 1 ? .2 * ROWS : ROWS / (folds + 1.);
            assert_true(fabs(held - want) < 20 && learned + 20 > (folds == 1 ? .8 : (p + 1.) / (folds + 1)) * ROWS - 20);
            if (p + 1 == made) assert_true(last_held == 149);          /* the newest rows judge */
            for (int i = 0; i < ROWS; i++) assert_true(folds_learns(&f, made, (size_t)i));
        }
    }
}

static void times_that_cannot_split_are_refused(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    double y[20], when[20];
    uint8_t fold[20];
    uint32_t made;
    for (int i = 0; i < 20; i++) y[i] = i % 2, when[i] = 5;
    FoldsIn in = { .task = TASK_BINARY, .classes = 2, .y = y, .n = 20, .seed = 7, .folds = 3, .when = when };
    expect_failure(&cx, folds_make(&cx, &in, fold, &made), ERR_BAD_INPUT, "one and the same time");
    for (int i = 0; i < 20; i++) y[i] = i >= 19, when[i] = i;
    expect_failure(&cx, folds_make(&cx, &in, fold, &made), ERR_BAD_INPUT, "one class comes first in time");
    for (int i = 0; i < 20; i++) y[i] = i >= 7, when[i] = i;           /* the first part would know one class: it is left out */
    expect_ok(&cx, folds_make(&cx, &in, fold, &made));
    assert_int_equal(made, 2);
    assert_int_equal(fold[9], FOLD_NONE);
    assert_int_equal(fold[10], 0);
    assert_int_equal(fold[19], 1);
}

static void a_second_deal_is_another_and_parts_number_on(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    double y[ROWS];
    uint8_t both[2 * ROWS];
    uint32_t made;
    classes(y, ROWS);
    FoldsIn in = { .task = TASK_MULTICLASS, .classes = 4, .y = y, .n = ROWS, .seed = 7, .folds = 5 };
    expect_ok(&cx, folds_make(&cx, &in, both, &made));
    in.repeat = 1;
    expect_ok(&cx, folds_make(&cx, &in, both + ROWS, &made));
    assert_memory_not_equal(both, both + ROWS, ROWS);
    for (int i = ROWS; i < 2 * ROWS; i++) both[i] = (uint8_t)(both[i] + 5);
    Folds f = { .n = 10, .sets = 2, .rows = ROWS, .of = both };
    for (size_t i = 0; i < ROWS; i++) {
        int held = 0;
        for (uint32_t p = 0; p < 10; p++) {
            held += folds_holds(&f, p, i);
            assert_true(folds_holds(&f, p, i) != folds_learns(&f, p, i));
        }
        assert_int_equal(held, 2);                                     /* once in each set */
    }
}

static void larger_work_for_the_time_gets_fewer_folds(void **state)
{
    (void)state;
    static const struct { double time_s; uint32_t trials, folds; } want[] = {
        { 1000, 0, 16 }, { 1, 0, 8 }, { .02, 0, 5 }, { .008, 0, 3 }, { .001, 0, 1 }, { .001, 4, 8 },      /* 400 rows x 3 columns; 16: dealt out twice */
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

static void the_folds_by_group_and_time_can_be_made_again(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Table *t;
    uint8_t *fold, want[9];
    uint32_t made;
    char by_group[] = "{\"validation\":{\"kind\":\"grouped\",\"group\":\"g\",\"asked\":5,\"sets\":1}}";
    char by_time[] = "{\"validation\":{\"kind\":\"ordered\",\"time\":\"when\",\"asked\":2,\"sets\":1}}";
    expect_ok(&cx, kit_table(&cx, "g:category when:number y:category",
                             "a|9|no\nb|8|yes\nc|7|\na|6|yes\nb|5|no\nc|4|no\na|3|yes\nb|2|no\nc|1|yes\nc|0|no\n", &t));
    const double y[] = { 0, 1, 1, 0, 0, 1, 0, 1, 0 }, when[] = { 9, 8, 6, 5, 4, 3, 2, 1, 0 };       /* of the rows with a target */
    const uint32_t g[] = { 0, 1, 0, 1, 2, 0, 1, 2, 2 };
    FoldsIn in = { .task = TASK_BINARY, .classes = 2, .y = y, .n = 9, .seed = 5, .folds = 5, .group = g, .groups = 3 };
    Build b = { .task = TASK_BINARY, .classes = 2, .class_name = names, .target = "y", .folds = 3, .facts = by_group };
    expect_ok(&cx, folds_make(&cx, &in, want, &made));
    expect_ok(&cx, auto_folds_again(&cx, &b, t, 5, &fold));
    for (size_t i = 0, k = 0; i < t->rows; i++) assert_int_equal(fold[i], i == 2 ? FOLD_NONE : want[k++]);
    ctx_put(&cx, fold);
    in = (FoldsIn){ .task = TASK_BINARY, .classes = 2, .y = y, .n = 9, .seed = 5, .folds = 2, .when = when };
    b.facts = by_time;
    b.folds = 2;
    expect_ok(&cx, folds_make(&cx, &in, want, &made));
    expect_ok(&cx, auto_folds_again(&cx, &b, t, 5, &fold));
    for (size_t i = 0, k = 0; i < t->rows; i++) assert_int_equal(fold[i], i == 2 ? FOLD_NONE : want[k++]);
    assert_int_equal(fold[0], 1);                      /* the latest row */
    ctx_put(&cx, fold);
    table_free(&cx, t);
    expect_ok(&cx, kit_table(&cx, "x:number y:category", "1|no\n2|yes\n", &t));
    expect_failure(&cx, auto_folds_again(&cx, &b, t, 5, &fold), ERR_BAD_INPUT, "no column 'when', by which its rows were split");
    table_free(&cx, t);
    ctx_clear(&cx);
}

/* Four of eight folds on many rows: each holds out an eighth, the other half of the rows is always learned from, and a build
** whose facts say eight were asked for and four are in use gives them again. */
static void on_many_rows_some_folds_of_eight_are_used(void **state)
{
    (void)state;
    enum { MANY = 8000 };
    Ctx cx = test_ctx();
    static double y[MANY];
    static char text[MANY * 8 + 1];
    char facts[] = "{\"validation\":{\"kind\":\"stratified\",\"asked\":8,\"sets\":1}}";
    size_t count[4] = { 0 }, at = 0;
    Table *t, raw = { .cols = 12 };
    uint8_t *again;
    for (size_t i = 0; i < MANY; i++) {
        y[i] = i % 5 == 0;
        at += (size_t)sprintf(text + at, "1|%s\n", y[i] > 0 ? "yes" : "no");
    }
    AutoIn in = { .time_s = 10, .seed = 5 };
    Auto a = { .in = &in, .task = TASK_BINARY, .classes = 2, .y = y, .rows = MANY, .raw = &raw };
    expect_ok(&cx, auto_folds(&cx, &a));
    assert_int_equal(a.folds, 4);
    assert_int_equal(a.folds_asked, 8);
    for (size_t i = 0; i < MANY; i++) {
        assert_true(a.fold[i] < 4 || a.fold[i] == FOLD_NONE);
        if (a.fold[i] < 4) count[a.fold[i]]++;
    }
    for (int f = 0; f < 4; f++) assert_int_equal(count[f], MANY / 8);
    assert_int_equal(a.held_n, MANY / 2);
    Build b = { .task = TASK_BINARY, .classes = 2, .class_name = names, .target = "y", .folds = 4, .facts = facts };
    expect_ok(&cx, kit_table(&cx, "x:number y:category", text, &t));
    expect_ok(&cx, auto_folds_again(&cx, &b, t, 5, &again));
    assert_memory_equal(again, a.fold, MANY);
    ctx_put(&cx, again);
    ctx_put(&cx, a.fold);
    ctx_put(&cx, a.held);
    ctx_put(&cx, a.held_y);
    text_clear(&a.notes);
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
        cmocka_unit_test(no_group_is_in_two_folds_and_folds_are_even),
        cmocka_unit_test(a_grouped_holdout_takes_whole_groups),
        cmocka_unit_test(few_groups_make_few_folds_and_one_is_refused),
        cmocka_unit_test(each_part_learns_from_earlier_rows_only),
        cmocka_unit_test(times_that_cannot_split_are_refused),
        cmocka_unit_test(a_second_deal_is_another_and_parts_number_on),
        cmocka_unit_test(the_folds_by_group_and_time_can_be_made_again),
        cmocka_unit_test(larger_work_for_the_time_gets_fewer_folds),
        cmocka_unit_test(the_folds_of_a_build_can_be_made_again),
        cmocka_unit_test(on_many_rows_some_folds_of_eight_are_used),
        cmocka_unit_test(refused_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

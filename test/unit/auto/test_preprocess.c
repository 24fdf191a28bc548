/* Proves that the base features are what they say: against values worked out by hand, and that no row of the
** training frame meets its own target. */
#include "unit/auto/kit.h"

#include "base/random.h"
#include "model/model.h"

static double odd(size_t i)
{
    return (double)(i % 2);
}

static const char small_head[] =
    "n:number c:category b:boolean d:datetime same:number empty:number twin:number key:id once:category";
static const char small_rows[] = "1.5|red|yes|2020-01-31 10:00:00|4||1.5|a1|q\n"
                                 "-2|blue|no|2020-02-29 23:59:00|4||-2|a2|w\n"
                                 "|red|yes|1969-12-31|4|||a3|e\n"
                                 "7|green||2021-07-03 12:30:00|4||7|a4|r\n"
                                 "8|blue|no||4||8|a5|t\n"
                                 "9|red|no|2000-03-01|4||9|a6|y\n";

static void small_features_are_what_they_say(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Kit k;
    expect_ok(&cx, kit_auto(&cx, &k, small_head, small_rows, TASK_BINARY, 2, 3, odd));
    expect_ok(&cx, stage_preprocess(&cx, &k.a));
    const Steps *s = k.a.steps;
    Frame f = steps_frame(k.a.frame, 0);
    assert_int_equal(f.rows, 6);
    assert_int_equal(steps_parts(s), 1);

    const float *n = f.col[kit_feature(s, "n")];
    assert_true(n[0] == 1.5f && n[1] == -2 && isnan(n[2]) && n[5] == 9);

    uint32_t c = kit_feature(s, "c");
    assert_int_equal(f.feature[c].kind, FEATURE_CATEGORY);
    assert_int_equal(f.feature[c].levels, 2); /* green has one row */
    assert_true(f.col[c][0] == 0 && f.col[c][1] == 1 && isnan(f.col[c][3]) && f.col[c][5] == 0);

    const float *b = f.col[kit_feature(s, "b")];
    assert_true(b[0] == 1 && b[1] == 0 && isnan(b[3]) && b[5] == 0);

    assert_true(f.col[kit_feature(s, "d.year")][2] == 1969);
    assert_true(f.col[kit_feature(s, "d.month")][1] == 2);
    assert_true(f.col[kit_feature(s, "d.day")][1] == 29);
    assert_true(f.col[kit_feature(s, "d.weekday")][0] == 4); /* a Friday */
    assert_true(f.col[kit_feature(s, "d.weekend")][3] == 1); /* a Saturday */
    assert_true(f.col[kit_feature(s, "d.hour")][3] == 12);
    assert_true(f.col[kit_feature(s, "d.minute")][1] == 59);
    assert_true(f.col[kit_feature(s, "d.days")][2] == 0); /* the first date */
    assert_true(isnan(f.col[kit_feature(s, "d.days")][4]));

    assert_false(kit_has(s, "same"));
    assert_false(kit_has(s, "empty"));
    assert_false(kit_has(s, "twin"));
    assert_false(kit_has(s, "key"));
    assert_false(kit_has(s, "once"));
    assert_true(k.a.schema->col[0].needed);
    assert_false(k.a.schema->col[7].needed);
    assert_non_null(strstr(k.a.json[STAGE_PREPROCESS].at, "it repeats 'n'"));
    assert_non_null(strstr(k.a.json[STAGE_PREPROCESS].at, "it names each row"));
    assert_non_null(strstr(k.a.warnings.at, "an id"));
    kit_clear(&cx, &k);
    ctx_clear(&cx);
}

static void nothing_to_learn_from_is_refused_in_words(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Kit k;
    expect_ok(&cx, kit_auto(&cx, &k, "a:number b:category", "1|x\n1|x\n1|x\n", TASK_BINARY, 2, 3, odd));
    expect_failure(&cx, stage_preprocess(&cx, &k.a), ERR_BAD_INPUT, "no column can teach anything about 'y'");
    assert_null(k.a.steps);
    kit_clear(&cx, &k);
    ctx_clear(&cx);
}

/* ------------------------------------------------------------- target means */

static void city_row(size_t i, char *line, size_t max)
{
    Random r = random_make(1, "city", i, 0);
    snprintf(line, max, "k%u|%g", (unsigned)random_below(&r, 400), random_unit(&r));
}
static double coin(size_t i)
{
    Random r = random_make(2, "coin", i, 0);
    return (double)random_below(&r, 2);
}

/* Share of pairs that the feature puts in the right order. */
static double auc(const float *x, const double *y, const uint8_t *fold, int only, size_t n)
{
    double good = 0, all = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            if (y[i] != 1 || y[j] != 0 || isnan(x[i]) || isnan(x[j])) continue;
            if (only >= 0 && ((fold[i] == only) != (fold[j] == only))) continue;
            good += x[i] > x[j] ? 1 : x[i] == x[j] ? .5 : 0;
            all++;
        }
    return good / all;
}

static void check_no_leak(uint32_t folds)
{
    Ctx cx = test_ctx();
    Kit k;
    char *rows = kit_rows(2000, city_row);
    expect_ok(&cx, kit_auto(&cx, &k, "city:category x:number", rows, TASK_BINARY, 2, folds, coin));
    expect_ok(&cx, stage_preprocess(&cx, &k.a));
    assert_int_equal(steps_parts(k.a.steps), folds + 1);
    assert_false(kit_has(k.a.steps, "city"));
    uint32_t at = kit_feature(k.a.steps, "target mean of city");
    for (uint32_t p = 0; p <= folds; p++) {
        const float *x = steps_frame(k.a.frame, p).col[at];
        double score = auc(x, k.a.y, k.a.fold, p < folds ? (int)p : -1, k.a.rows);
        assert_true(score > .4 && score < .6);
    }
    free(rows);
    kit_clear(&cx, &k);
    ctx_clear(&cx);
}

static void a_random_category_tells_nothing_of_the_target(void **state)
{
    (void)state;
    check_no_leak(4);
    check_no_leak(1); /* one holdout */
}

/* The same by definition, one row at a time. */
static double mean_by_hand(const Kit *k, const uint8_t *inner, size_t row, uint32_t part)
{
    const Auto *a = &k->a;
    const int32_t *code = a->raw->col[0].code;
    bool held = part < a->folds && a->fold[row] == part;
    double sum = 0, n = 0, all = 0, all_n = 0, same = 0;
    for (size_t r = 0; r < a->rows; r++) {
        same += code[r] == code[row];
        if (part < a->folds && a->fold[r] == part) continue;
        if (!held && inner[r] % MAKE_INNER == inner[row] % MAKE_INNER) continue;
        all += a->y[r];
        all_n++;
        if (code[r] != code[row]) continue;
        sum += a->y[r];
        n++;
    }
    if (same < 2) sum = n = 0; /* a rare level is like one never seen */
    return (sum + 10 * all / all_n) / (n + 10);
}

static void target_means_follow_the_formula(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Kit k;
    Maker m;
    char *rows = kit_rows(900, city_row);
    uint32_t keys;
    expect_ok(&cx, kit_auto(&cx, &k, "city:category x:number", rows, TASK_BINARY, 2, 3, coin));
    expect_ok(&cx, maker_init(&cx, &m, k.a.raw, k.a.schema, k.a.task, 2, k.class_name, k.a.y, k.a.fold, 3));
    expect_ok(&cx, make_keys(&cx, &m, 0, MAKE_RARE, &keys, NULL));
    expect_ok(&cx, make_target(&cx, &m, keys));
    expect_ok(&cx, maker_apply(&cx, &m));
    for (uint32_t p = 0; p <= 3; p++)
        for (size_t r = 0; r < k.a.rows; r++)
            assert_true(fabs(steps_frame(m.frame, p).col[0][r] - mean_by_hand(&k, m.inner, r, p)) < 1e-6);
    maker_clear(&cx, &m);
    free(rows);
    kit_clear(&cx, &k);
    ctx_clear(&cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_features_are_what_they_say),
        cmocka_unit_test(nothing_to_learn_from_is_refused_in_words),
        cmocka_unit_test(a_random_category_tells_nothing_of_the_target),
        cmocka_unit_test(target_means_follow_the_formula),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

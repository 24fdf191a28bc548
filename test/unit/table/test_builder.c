/* test/unit/table/test_builder.c -- cells become the columns that a person would expect; every type rule, the schema's
** reading, copying rows, and what happens when memory ends.
*/
#include "table/table.h"
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* One column out of texts ("-" for as many rows as `again` repeats them). */
static Table *build(Ctx *cx, const char *name, const char *const *cell, size_t n, size_t again, ColumnType want)
{
    Builder *b = NULL;
    Table *t = NULL;
    expect_ok(cx, builder_new(cx, &(BuilderIn){ .cols = 1, .name = &name, .want = &want, .na = table_na_default,
                                                .na_n = table_na_default_n, .source = "test" }, &b));
    for (size_t k = 0; k < again; k++)
        for (size_t i = 0; i < n; i++) expect_ok(cx, builder_text(cx, b, 0, cell[i], strlen(cell[i])));
    expect_ok(cx, builder_end(cx, b, &t));
    return t;
}

#define CELLS(...) (const char *const[]){ __VA_ARGS__ }, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *)

static void expect_type(const char *name, const char *const *cell, size_t n, size_t again, ColumnType want)
{
    Ctx cx = test_ctx();
    Table *t = build(&cx, name, cell, n, again, COLUMN_AUTO);
    if (t->col[0].type != want)
        fail_msg("%s: %s … is %s, not %s", name, cell[0], column_type_word(t->col[0].type), column_type_word(want));
    table_free(&cx, t);
    ctx_clear(&cx);
}

static void expect_text(const Table *t, size_t row, const char *want)
{
    char buf[COLUMN_TEXT_MAX];
    size_t n;
    const char *s = column_text(&t->col[0], row, buf, &n);
    if (!want) assert_null(s);
    else {
        assert_non_null(s);
        assert_int_equal(n, strlen(want));
        assert_memory_equal(s, want, n);
    }
}

static void types_are_inferred_by_the_rules(void **state)
{
    (void)state;
    expect_type("x", CELLS("1.5", "2", "NA"), 1, COLUMN_NUMBER);
    expect_type("x", CELLS("3.0", "1e2", ""), 1, COLUMN_INTEGER);
    expect_type("x", CELLS("0", "1", "1"), 30, COLUMN_INTEGER);
    expect_type("x", CELLS("", "NA", "?"), 1, COLUMN_NUMBER);
    expect_type("x", CELLS("Yes", "no", ""), 1, COLUMN_BOOLEAN);
    expect_type("x", CELLS("TRUE", "FALSE"), 9, COLUMN_BOOLEAN);
    expect_type("x", CELLS("yes", "false"), 9, COLUMN_CATEGORY);
    expect_type("x", CELLS("yes", "no", "maybe"), 9, COLUMN_CATEGORY);
    expect_type("x", CELLS("red", "green", "5"), 9, COLUMN_CATEGORY);
    expect_type("x", CELLS("007", "008", "12"), 9, COLUMN_CATEGORY);
    expect_type("x", CELLS("2020-01-01", "2020-02-01 10:00"), 1, COLUMN_DATETIME);
    expect_type("x", CELLS("2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04", "2020-01-05", "2020-01-06", "2020-01-07",
                           "2020-01-08", "2020-01-09", "soon"), 1, COLUMN_DATETIME);
    expect_type("x", CELLS("2020-01-01", "2020-01-02", "2020-01-03", "2020-01-04", "soon"), 1, COLUMN_CATEGORY);
    expect_type("x", CELLS("the cat sat", "on the mat", "and slept long there"), 1, COLUMN_TEXT);
    expect_type("x", CELLS("the cat sat", "on the mat"), 200, COLUMN_CATEGORY);
    expect_type("x", CELLS("a1", "b2", "c3", "d4", "e5", "f6", "g7", "h8", "i9", "j0", "k1"), 1, COLUMN_ID);
    expect_type("x", CELLS("a 1", "b 2", "c 3", "d 4", "e 5", "f 6", "g 7", "h 8", "i 9", "j 0", "k 1"), 1, COLUMN_TEXT);
    expect_type("x", CELLS("a1", "b2", "c3"), 1, COLUMN_CATEGORY);
    expect_type("user_id", CELLS("5", "9", "7"), 1, COLUMN_ID);
    expect_type("PassengerId", CELLS("5", "9", "7"), 1, COLUMN_ID);
    expect_type("paid", CELLS("5", "9", "7"), 1, COLUMN_INTEGER);
    expect_type("grid", CELLS("5", "9", "7"), 1, COLUMN_INTEGER);
    expect_type("user_id", CELLS("5", "9", "5"), 1, COLUMN_INTEGER);
    expect_type("n", CELLS("1", "2", "3", "4", "5", "6", "7", "8", "9", "10"), 1, COLUMN_ID);
    expect_type("year", CELLS("1991", "1992", "1993", "1994", "1995", "1996", "1997", "1998", "1999", "2000"), 1, COLUMN_INTEGER);
}

static void equal_numbers_are_one_level_however_they_are_written(void **state)
{
    Ctx cx = test_ctx();
    (void)state;
    Table *t = build(&cx, "x", CELLS("3", "3.0", "word", "3.00", "+3", " 3 ", "3e0", "2.50"), 1, COLUMN_AUTO);
    assert_int_equal(t->col[0].dict.n, 3);
    for (size_t i = 0; i < 7; i++) expect_text(t, i, i == 2 ? "word" : "3");
    expect_text(t, 7, "2.5");
    table_free(&cx, t);
    t = build(&cx, "x", CELLS("9007199254740993", "9007199254740991", "1e300"), 1, COLUMN_AUTO);
    assert_non_null(t->col[0].code);             /* the first would lose a digit as a double */
    expect_text(t, 0, "9007199254740993");
    expect_text(t, 2, "1e+300");
    table_free(&cx, t);
    ctx_clear(&cx);
}

static void missing_marks_are_compared_exactly_and_blanks_do_not_count(void **state)
{
    Ctx cx = test_ctx();
    (void)state;
    Table *t = build(&cx, "x", CELLS(" NA ", "na", "?", "", "  ", "n/a", "None", "NaN"), 1, COLUMN_AUTO);
    assert_int_equal(t->col[0].nulls, 6);
    expect_text(t, 1, "na");
    expect_text(t, 5, "n/a");
    table_free(&cx, t);
    const char *name = "x", *na[] = { "-999", "x" };
    Builder *b;
    expect_ok(&cx, builder_new(&cx, &(BuilderIn){ .cols = 1, .name = &name, .na = na, .na_n = 2 }, &b));
    expect_ok(&cx, builder_num(&cx, b, 0, -999));
    expect_ok(&cx, builder_text(&cx, b, 0, "-999", 4));
    expect_ok(&cx, builder_text(&cx, b, 0, "NA", 2));
    expect_ok(&cx, builder_text(&cx, b, 0, "", 0));
    expect_ok(&cx, builder_end(&cx, b, &t));
    assert_int_equal(t->col[0].nulls, 3);
    table_free(&cx, t);
    ctx_clear(&cx);
}

static void infinite_numbers_are_missing_and_counted(void **state)
{
    Ctx cx = test_ctx();
    (void)state;
    Table *t = build(&cx, "x", CELLS("1", "inf", "-Infinity", "1e999", "2"), 1, COLUMN_AUTO);
    assert_int_equal(t->col[0].type, COLUMN_INTEGER);
    assert_int_equal(t->col[0].nulls, 3);
    assert_int_equal(t->col[0].infinite, 3);
    assert_true(isnan(t->col[0].num[1]) && !column_has(&t->col[0], 1) && column_has(&t->col[0], 4));
    table_free(&cx, t);
    ctx_clear(&cx);
}

static void day_and_month_are_settled_over_the_whole_column(void **state)
{
    Ctx cx = test_ctx();
    (void)state;
    Table *t = build(&cx, "x", CELLS("03/04/2020", "13/04/2020"), 1, COLUMN_AUTO);
    assert_int_equal(t->col[0].order, TIME_DMY);
    expect_text(t, 0, "2020-04-03");
    table_free(&cx, t);
    t = build(&cx, "x", CELLS("03/04/2020", "04/13/2020"), 1, COLUMN_AUTO);
    assert_int_equal(t->col[0].order, TIME_MDY);
    expect_text(t, 0, "2020-03-04");
    table_free(&cx, t);
    t = build(&cx, "x", CELLS("03/04/2020", "05/06/2020"), 1, COLUMN_AUTO);
    assert_int_equal(t->col[0].order, TIME_MDY);
    table_free(&cx, t);
    t = build(&cx, "x", CELLS("03.04.2020", "05.06.2020"), 1, COLUMN_AUTO);
    assert_int_equal(t->col[0].order, TIME_DMY);
    table_free(&cx, t);
    t = build(&cx, "x", CELLS("2020-04-03"), 2, COLUMN_AUTO);
    assert_int_equal(t->col[0].order, TIME_ISO);
    table_free(&cx, t);
    ctx_clear(&cx);
}

static Err build_forced(Ctx *cx, ColumnType want, const char *const *cell, size_t n, Table **out)
{
    const char *name = "x";
    Builder *b;
    expect_ok(cx, builder_new(cx, &(BuilderIn){ .cols = 1, .name = &name, .want = &want, .source = "file" }, &b));
    for (size_t i = 0; i < n; i++) expect_ok(cx, builder_text(cx, b, 0, cell[i], strlen(cell[i])));
    return builder_end(cx, b, out);
}

static void a_forced_type_is_kept_and_what_does_not_fit_is_counted(void **state)
{
    Ctx cx = test_ctx();
    Table *t;
    (void)state;
    expect_ok(&cx, build_forced(&cx, COLUMN_NUMBER, CELLS("1", "2", "x"), &t));
    assert_int_equal(t->col[0].type, COLUMN_NUMBER);
    assert_int_equal(t->col[0].bad, 1);
    assert_int_equal(t->col[0].nulls, 1);
    table_free(&cx, t);
    expect_ok(&cx, build_forced(&cx, COLUMN_INTEGER, CELLS("1", "2.5", "3"), &t));
    assert_int_equal(t->col[0].bad, 1);
    table_free(&cx, t);
    expect_ok(&cx, build_forced(&cx, COLUMN_CATEGORY, CELLS("1", "2", "1.0"), &t));
    assert_int_equal(t->col[0].dict.n, 2);
    table_free(&cx, t);
    expect_ok(&cx, build_forced(&cx, COLUMN_BOOLEAN, CELLS("1", "0", "1"), &t));
    assert_int_equal(t->col[0].type, COLUMN_BOOLEAN);
    table_free(&cx, t);
    expect_ok(&cx, build_forced(&cx, COLUMN_DATETIME, CELLS("20200131", "20200201"), &t));
    expect_text(t, 0, "2020-01-31");
    table_free(&cx, t);
    expect_ok(&cx, build_forced(&cx, COLUMN_DATETIME, CELLS("86400", "0"), &t));
    expect_text(t, 0, "1970-01-02");
    table_free(&cx, t);
    expect_ok(&cx, build_forced(&cx, COLUMN_TEXT, CELLS("a", "b"), &t));
    assert_int_equal(t->col[0].type, COLUMN_TEXT);
    table_free(&cx, t);
    expect_failure(&cx, build_forced(&cx, COLUMN_NUMBER, CELLS("1", "a", "b"), &t), ERR_BAD_INPUT, "column 'x'");
    expect_failure(&cx, build_forced(&cx, COLUMN_DATETIME, CELLS("a", "b", "2020-01-01"), &t), ERR_BAD_INPUT, "as datetime");
    expect_failure(&cx, build_forced(&cx, COLUMN_BOOLEAN, CELLS("1", "2"), &t), ERR_BAD_INPUT, "as boolean");
    assert_null(t);
    ctx_clear(&cx);
}

static void bad_bytes_and_giant_cells_are_refused(void **state)
{
    Ctx cx = test_ctx();
    const char *name = "x";
    Builder *b;
    (void)state;
    expect_ok(&cx, builder_new(&cx, &(BuilderIn){ .cols = 1, .name = &name }, &b));
    expect_failure(&cx, builder_text(&cx, b, 0, "a\xFF\xFE", 3), ERR_BAD_INPUT, "UTF-8");
    char *big = ctx_get(&cx, TABLE_CELL_MAX + 1);
    memset(big, 'a', TABLE_CELL_MAX + 1);
    expect_ok(&cx, builder_text(&cx, b, 0, big, TABLE_CELL_MAX));
    expect_failure(&cx, builder_text(&cx, b, 0, big, TABLE_CELL_MAX + 1), ERR_LIMIT, "bytes");
    ctx_put(&cx, big);
    builder_free(&cx, b);
    expect_failure(&cx, builder_new(&cx, &(BuilderIn){ .cols = TABLE_COLS_MAX + 1, .name = &name }, &b), ERR_LIMIT, "columns");
    ctx_clear(&cx);
}

static void times_and_numbers_from_typed_files_mix_into_words(void **state)
{
    Ctx cx = test_ctx();
    const char *name = "x";
    Builder *b;
    Table *t;
    (void)state;
    expect_ok(&cx, builder_new(&cx, &(BuilderIn){ .cols = 1, .name = &name }, &b));
    expect_ok(&cx, builder_null(&cx, b, 0));
    expect_ok(&cx, builder_time(&cx, b, 0, 86400));
    expect_ok(&cx, builder_time(&cx, b, 0, NAN));
    expect_ok(&cx, builder_num(&cx, b, 0, 2));
    expect_ok(&cx, builder_time(&cx, b, 0, 0));
    expect_ok(&cx, builder_num(&cx, b, 0, INFINITY));
    expect_ok(&cx, builder_end(&cx, b, &t));
    expect_text(t, 0, NULL);
    expect_text(t, 1, "1970-01-02");
    expect_text(t, 2, NULL);
    expect_text(t, 3, "2");
    expect_text(t, 4, "1970-01-01");
    assert_int_equal(t->col[0].infinite, 1);
    table_free(&cx, t);
    expect_ok(&cx, builder_new(&cx, &(BuilderIn){ .cols = 1, .name = &name }, &b));
    expect_ok(&cx, builder_time(&cx, b, 0, 86400));
    expect_ok(&cx, builder_end(&cx, b, &t));
    assert_int_equal(t->col[0].type, COLUMN_DATETIME);
    table_free(&cx, t);
    ctx_clear(&cx);
}

/* By a schema: number, dictionary that once held numbers and words, time in D/M/Y. */
static void a_schema_settles_type_storage_and_order(void **state)
{
    static const char *const names[] = { "n", "c", "t" };
    static const ColumnType want[] = { COLUMN_INTEGER, COLUMN_CATEGORY, COLUMN_DATETIME };
    static const bool numeric[] = { true, false, true };
    static const TimeOrder order[] = { TIME_ISO, TIME_ISO, TIME_DMY };
    Ctx cx = test_ctx();
    Builder *b;
    Table *t;
    char buf[COLUMN_TEXT_MAX];
    size_t n;
    (void)state;
    expect_ok(&cx, builder_new(&cx, &(BuilderIn){ .cols = 3, .name = names, .want = want, .numeric = numeric, .order = order,
                                                  .keep_types = true }, &b));
    expect_ok(&cx, builder_text(&cx, b, 0, "abc", 3));
    expect_ok(&cx, builder_text(&cx, b, 1, "3.0", 3));
    expect_ok(&cx, builder_text(&cx, b, 2, "03/04/2020", 10));
    expect_ok(&cx, builder_num(&cx, b, 0, 2.5));
    expect_ok(&cx, builder_num(&cx, b, 1, 3));
    expect_ok(&cx, builder_time(&cx, b, 2, 5));
    expect_ok(&cx, builder_time(&cx, b, 0, 5));
    expect_ok(&cx, builder_text(&cx, b, 1, "x", 1));
    expect_ok(&cx, builder_text(&cx, b, 2, "never", 5));
    expect_ok(&cx, builder_end(&cx, b, &t));
    assert_non_null(t->col[0].num);
    assert_int_equal(t->col[0].bad, 2);
    assert_int_equal(t->col[0].nulls, 2);
    assert_int_equal(t->col[1].dict.n, 2);
    assert_memory_equal(column_text(&t->col[1], 1, buf, &n), "3", 1);
    assert_true(t->col[2].num[0] == 1585872000 && t->col[2].num[1] == 5);
    assert_int_equal(t->col[2].bad, 1);
    table_free(&cx, t);
    ctx_clear(&cx);
}

static void rows_are_copied_in_the_given_order(void **state)
{
    static const uint32_t rows[] = { 2, 0, 2 };
    Ctx cx = test_ctx();
    Table *some;
    (void)state;
    Table *t = build(&cx, "x", CELLS("a", "", "c"), 1, COLUMN_AUTO);
    expect_ok(&cx, table_rows(&cx, t, rows, 3, &some));
    assert_int_equal(some->rows, 3);
    assert_int_equal(some->col[0].nulls, 0);
    expect_text(some, 0, "c");
    expect_text(some, 1, "a");
    expect_text(some, 2, "c");
    assert_int_equal(table_find(some, "x"), 0);
    assert_true(table_find(some, "y") == SIZE_MAX);
    table_free(&cx, some);
    table_free(&cx, t);
    ctx_clear(&cx);
}

static void many_levels_are_found_again(void **state)
{
    Ctx cx = test_ctx();
    const char *name = "x";
    char word[32];
    Builder *b;
    Table *t;
    (void)state;
    expect_ok(&cx, builder_new(&cx, &(BuilderIn){ .cols = 1, .name = &name }, &b));
    for (int k = 0; k < 3; k++)
        for (int i = 0; i < 20000; i++)
            expect_ok(&cx, builder_text(&cx, b, 0, word, (size_t)snprintf(word, sizeof word, "level number %d", i)));
    expect_ok(&cx, builder_end(&cx, b, &t));
    assert_int_equal(t->col[0].dict.n, 20000);
    for (size_t i = 0; i < t->rows; i++) assert_int_equal(t->col[0].code[i], i % 20000);
    table_free(&cx, t);
    ctx_clear(&cx);
}

/* Everything that allocates, under every refusal. */
static Err whole(Ctx *cx, void *arg)
{
    static const char *const names[] = { "n", "w", "t", "x", "user_id" };
    Err err = OK;
    Builder *b = NULL;
    Table *t = NULL, *some = NULL;
    Schema *s = NULL, *again = NULL;
    Text json;
    char word[32];
    uint32_t rows[] = { 1, 0 };
    (void)arg;
    text_init(&json, cx);
    TRY_DONE(cx, builder_new(cx, &(BuilderIn){ .cols = 5, .name = names, .na = table_na_default, .na_n = table_na_default_n,
                                               .source = "test" }, &b));
    for (int i = 0; i < 70; i++) {
        TRY_DONE(cx, builder_num(cx, b, 0, i * 0.5));
        TRY_DONE(cx, builder_text(cx, b, 1, word, (size_t)snprintf(word, sizeof word, "word %d of many", i)));
        TRY_DONE(cx, builder_text(cx, b, 2, word, (size_t)snprintf(word, sizeof word, "%d/01/2020", 1 + i % 28)));
        TRY_DONE(cx, builder_text(cx, b, 3, i == 60 ? "x" : "1", 1));
        TRY_DONE(cx, builder_num(cx, b, 4, i * 3));
    }
    Builder *ending = b;
    b = NULL;
    TRY_DONE(cx, builder_end(cx, ending, &t));
    TRY_DONE(cx, table_rows(cx, t, rows, 2, &some));
    TRY_DONE(cx, schema_of(cx, t, table_na_default, table_na_default_n, &s));
    TRY_DONE(cx, schema_save(cx, s, &json));
    TRY_DONE(cx, schema_load(cx, json.at, json.n, &again));
done:
    if (err) assert_true(cx->text[0]);
    builder_free(cx, b);
    table_free(cx, t);
    table_free(cx, some);
    schema_free(cx, s);
    schema_free(cx, again);
    text_clear(&json);
    return err;
}

static void no_refused_memory_leaks_or_crashes(void **state)
{
    (void)state;
    rig_sweep_or_ok(whole, NULL, ERR_NOMEM, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(types_are_inferred_by_the_rules),
        cmocka_unit_test(equal_numbers_are_one_level_however_they_are_written),
        cmocka_unit_test(missing_marks_are_compared_exactly_and_blanks_do_not_count),
        cmocka_unit_test(infinite_numbers_are_missing_and_counted),
        cmocka_unit_test(day_and_month_are_settled_over_the_whole_column),
        cmocka_unit_test(a_forced_type_is_kept_and_what_does_not_fit_is_counted),
        cmocka_unit_test(bad_bytes_and_giant_cells_are_refused),
        cmocka_unit_test(times_and_numbers_from_typed_files_mix_into_words),
        cmocka_unit_test(a_schema_settles_type_storage_and_order),
        cmocka_unit_test(rows_are_copied_in_the_given_order),
        cmocka_unit_test(many_levels_are_found_again),
        cmocka_unit_test(no_refused_memory_leaks_or_crashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test/unit/model/test_profile.c -- profiles count every row once: numbers in bins of about equal weight, levels by name. */
#include "base/random.h"
#include "model/model.h"
#include "test.h"

#include <math.h>
#include <string.h>
#include <yyjson.h>

#define ROWS 5000u

/* The bin of x by the cuts as they are told, counted here by itself. */
static size_t bin_of(yyjson_val *cuts, double x)
{
    size_t at, n, bin = 0;
    yyjson_val *cut;
    yyjson_arr_foreach(cuts, at, n, cut) bin += x > yyjson_get_num(cut);
    return bin;
}

static void every_number_is_in_the_bin_that_its_cuts_say(void **state)
{
    (void)state;
    static double v[ROWS];
    Ctx cx = test_ctx();
    Random r = random_make(1, "profile", 0, 0);
    uint64_t want[PROFILE_BINS + 1] = { 0 }, missing = 0;
    for (size_t i = 0; i < ROWS; i++) v[i] = random_below(&r, 9) ? random_normal(&r) : NAN;
    Text t;
    text_init(&t, &cx);
    expect_ok(&cx, profile_numbers(&cx, v, 1, ROWS, &t));
    yyjson_doc *doc = yyjson_read(t.at, t.n, 0);
    yyjson_val *root = yyjson_doc_get_root(doc), *cuts = yyjson_obj_get(root, "cuts"), *counts = yyjson_obj_get(root, "counts");
    assert_int_equal(yyjson_arr_size(cuts), PROFILE_BINS - 1);
    assert_int_equal(yyjson_arr_size(counts), PROFILE_BINS);
    for (size_t i = 0; i < ROWS; i++) {
        if (isnan(v[i])) missing++;
        else want[bin_of(cuts, v[i])]++;
    }
    assert_int_equal(yyjson_get_uint(yyjson_obj_get(root, "missing")), missing);
    for (size_t b = 0; b < PROFILE_BINS; b++) {
        uint64_t got = yyjson_get_uint(yyjson_arr_get(counts, b));
        assert_int_equal(got, want[b]);
        assert_true(got + 3 > (ROWS - missing) / PROFILE_BINS && got < (ROWS - missing) / PROFILE_BINS + 3);
    }
    yyjson_doc_free(doc);
    text_clear(&t);
    ctx_clear(&cx);
}

static void few_values_have_a_bin_each_and_one_value_has_no_cut(void **state)
{
    (void)state;
    static const double three[] = { 2, 1, 2, 3, 3, 3, 1, 3 }, same[] = { 7, 7, 7 }, none[] = { NAN, NAN };
    Ctx cx = test_ctx();
    Text t;
    text_init(&t, &cx);
    expect_ok(&cx, profile_numbers(&cx, three, 1, 8, &t));
    assert_string_equal(t.at, "{\"missing\":0,\"cuts\":[1,2],\"counts\":[2,2,4]}");
    text_clear(&t);
    expect_ok(&cx, profile_numbers(&cx, same, 1, 3, &t));
    assert_string_equal(t.at, "{\"missing\":0,\"cuts\":[],\"counts\":[3]}");
    text_clear(&t);
    expect_ok(&cx, profile_numbers(&cx, none, 1, 2, &t));
    assert_string_equal(t.at, "{\"missing\":2,\"cuts\":[],\"counts\":[0]}");
    text_clear(&t);
    ctx_clear(&cx);
}

static void levels_are_told_most_frequent_first_and_the_rest_together(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Builder *b;
    Table *table;
    Text t;
    ColumnType want = COLUMN_CATEGORY;
    const char *name = "town";
    const BuilderIn in = { .cols = 1, .name = &name, .want = &want };
    expect_ok(&cx, builder_new(&cx, &in, &b));
    for (int i = 0; i < 30; i++)
        for (int k = 0; k <= i; k++) {
            char word[8];
            int n = snprintf(word, sizeof word, "t%02d", i);
            expect_ok(&cx, builder_text(&cx, b, 0, word, (size_t)n));
        }
    expect_ok(&cx, builder_null(&cx, b, 0));
    expect_ok(&cx, builder_end(&cx, b, &table));
    text_init(&t, &cx);
    expect_ok(&cx, profile_column(&cx, &table->col[0], table->rows, &t));
    yyjson_doc *doc = yyjson_read(t.at, t.n, 0);
    yyjson_val *root = yyjson_doc_get_root(doc), *levels = yyjson_obj_get(root, "levels");
    assert_int_equal(yyjson_arr_size(levels), PROFILE_LEVELS);
    assert_string_equal(yyjson_get_str(yyjson_obj_get(yyjson_arr_get(levels, 0), "level")), "t29");
    assert_int_equal(yyjson_get_uint(yyjson_obj_get(yyjson_arr_get(levels, 0), "rows")), 30);
    assert_int_equal(yyjson_get_uint(yyjson_obj_get(root, "missing")), 1);
    assert_int_equal(yyjson_get_uint(yyjson_obj_get(root, "others")), 10 * 11 / 2);
    yyjson_doc_free(doc);
    text_clear(&t);
    table_free(&cx, table);
    ctx_clear(&cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number_is_in_the_bin_that_its_cuts_say),
        cmocka_unit_test(few_values_have_a_bin_each_and_one_value_has_no_cut),
        cmocka_unit_test(levels_are_told_most_frequent_first_and_the_rest_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

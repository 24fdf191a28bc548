/* What is proved: stage 1 counts right and warns of what is planted, and only of that.  How: small tables made with the
** builder, whose figures are known by hand or by a formula written out here.  Statistics on larger data are compared with
** pandas and SciPy in test/peer/test_visualize.py. */
#include "auto/auto.h"
#include "base/random.h"
#include "test/test.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <yyjson.h>

#define COLS_MAX 8

typedef void (*Cell)(Ctx *cx, Builder *b, size_t col, size_t row, Random *r);

static Table *table_of(Ctx *cx, const char *const *name, size_t cols, size_t rows, Cell cell)
{
    Builder *b;
    Table *t;
    Random r = random_make(5, "test", 0, 0);
    expect_ok(cx, builder_new(cx, &(BuilderIn){ .cols = cols, .name = name, .na = table_na_default, .na_n = table_na_default_n, .source = "test" }, &b));
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < cols; j++) cell(cx, b, j, i, &r);
    expect_ok(cx, builder_end(cx, b, &t));
    return t;
}

static void put(Ctx *cx, Builder *b, size_t col, const char *s)
{
    expect_ok(cx, builder_text(cx, b, col, s, strlen(s)));
}

static yyjson_doc *look_at(Ctx *cx, const Table *t, const char *target, int task)
{
    Text json;
    text_init(&json, cx);
    expect_ok(cx, auto_visualize(cx, t, target, task, &json));
    yyjson_doc *doc = yyjson_read(json.at, json.n, 0);
    assert_non_null(doc);
    text_clear(&json);
    return doc;
}

static yyjson_val *at(yyjson_doc *doc, const char *path)
{
    yyjson_val *v = yyjson_ptr_get(yyjson_doc_get_root(doc), path);
    if (!v) print_error("nothing at %s\n", path);
    assert_non_null(v);
    return v;
}

/* Is there a warning of that kind about that column (NULL: any)? */
static bool warned(yyjson_doc *doc, const char *kind, const char *column)
{
    size_t i, n;
    yyjson_val *w;
    yyjson_arr_foreach(at(doc, "/warnings"), i, n, w) {
        if (strcmp(yyjson_get_str(yyjson_obj_get(w, "kind")), kind)) continue;
        const char *of = yyjson_get_str(yyjson_obj_get(w, "column"));
        if (!column || (of && !strcmp(of, column))) return true;
    }
    return false;
}

static void close_all(Ctx *cx, yyjson_doc *doc, Table *t)
{
    yyjson_doc_free(doc);
    table_free(cx, t);
    ctx_clear(cx);
}

/* --- figures by hand ------------------------------------------------------------------------------------------------- */

static void by_hand(Ctx *cx, Builder *b, size_t col, size_t row, Random *r)
{
    static const char *const x[] = { "1", "2", "2.5", "4", "", "10" }, *const g[] = { "red", "blue", "red", "", "red", "blue" }, *const y[] = { "no", "yes", "no", "yes", "no", "yes" };
    (void)r;
    put(cx, b, col, col == 0 ? x[row] : col == 1 ? g[row] : y[row]);
}

static void statistics_counts_and_shares_are_those_worked_out_by_hand(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    static const char *const name[] = { "x", "g", "y" };
    Table *t = table_of(&cx, name, 3, 6, by_hand);
    yyjson_doc *d = look_at(&cx, t, "y", -1);
    assert_string_equal(yyjson_get_str(at(d, "/task")), "binary");
    assert_string_equal(yyjson_get_str(at(d, "/positive")), "yes");
    assert_int_equal(yyjson_get_int(at(d, "/column/0/missing")), 1);
    assert_int_equal(yyjson_get_int(at(d, "/column/0/distinct")), 5);
    assert_float_equal(yyjson_get_num(at(d, "/column/0/mean")), 3.9, 1e-12);
    assert_float_equal(yyjson_get_num(at(d, "/column/0/median")), 2.5, 1e-12);
    assert_float_equal(yyjson_get_num(at(d, "/column/0/q1")), 2, 1e-12);
    /* yes has 2, 4, 10; no has 1, 2.5: of 6 pairs yes wins 5 */
    assert_float_equal(yyjson_get_num(at(d, "/column/0/association/value")), 5. / 6, 1e-12);
    assert_string_equal(yyjson_get_str(at(d, "/column/1/top/0/value")), "red");
    assert_int_equal(yyjson_get_int(at(d, "/column/1/top/0/count")), 3);
    assert_float_equal(yyjson_get_num(at(d, "/column/1/top/0/share/1")), 0, 0);
    assert_float_equal(yyjson_get_num(at(d, "/column/1/top/1/share/1")), 1, 0);
    assert_int_equal(yyjson_get_int(at(d, "/column/1/absent/count")), 1);
    assert_int_equal(yyjson_get_int(at(d, "/target_distribution/levels/0/count")), 3);
    assert_float_equal(yyjson_get_num(at(d, "/missing_share")), 2. / 18, 1e-12);
    close_all(&cx, d, t);
}

/* --- what is planted is found ---------------------------------------------------------------------------------------- */

enum { PLANT_ROWS = 400 };

static void planted(Ctx *cx, Builder *b, size_t col, size_t row, Random *r)
{
    bool yes = row * 7919 % 5 < 2;
    char buf[64];
    switch (col) {
    case 0: put(cx, b, col, yes ? "yes" : "no"); break;
    case 1: snprintf(buf, sizeof buf, "%s", yes ? "granted" : "refused"); put(cx, b, col, buf); break;      /* a renamed copy */
    case 2: snprintf(buf, sizeof buf, "%.3f", random_unit(r)); put(cx, b, col, yes ? "" : buf); break;        /* missing tells */
    case 3: put(cx, b, col, "same"); break;
    case 4: snprintf(buf, sizeof buf, "%.4f", random_normal(r)); put(cx, b, col, row % 20 ? buf : "-999"); break;
    case 5: snprintf(buf, sizeof buf, "%d", (int)(row % 17)); put(cx, b, col, buf); break;
    case 6: snprintf(buf, sizeof buf, "%d", (int)(row % 17)); put(cx, b, col, buf); break;
    default: snprintf(buf, sizeof buf, "20%02d-03-04", (int)(row % 30)); put(cx, b, col, buf);
    }
}

static void leaks_constants_copies_marks_and_dates_are_told(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    static const char *const name[] = { "y", "decision", "fee", "unit", "rating", "shelf", "shelf2", "day" };
    Table *t = table_of(&cx, name, COLS_MAX, PLANT_ROWS, planted);
    yyjson_doc *d = look_at(&cx, t, "y", -1);
    assert_true(warned(d, "leak", "decision"));
    assert_true(warned(d, "leak", "fee"));
    assert_false(warned(d, "leak", "shelf"));
    assert_false(warned(d, "leak", "rating"));
    assert_true(warned(d, "constant", "unit"));
    assert_true(warned(d, "sentinel", "rating"));
    assert_true(warned(d, "duplicate", "shelf2"));
    assert_true(warned(d, "time", "day"));
    assert_false(warned(d, "order", NULL));
    assert_false(warned(d, "imbalance", NULL));
    close_all(&cx, d, t);
}

static void harmless(Ctx *cx, Builder *b, size_t col, size_t row, Random *r)
{
    char buf[64];
    double x = random_normal(r);
    (void)row;
    if (col == 3) snprintf(buf, sizeof buf, "%s", random_unit(r) < .4 ? "yes" : "no");
    else if (col == 2) snprintf(buf, sizeof buf, "k%d", (int)(random_bits(r) % 6));
    else snprintf(buf, sizeof buf, "%.*f", col == 0 ? 5 : 2, x);
    put(cx, b, col, buf);
}

static void harmless_data_brings_no_warning(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    static const char *const name[] = { "a", "b", "c", "y" };
    Table *t = table_of(&cx, name, 4, 600, harmless);
    yyjson_doc *d = look_at(&cx, t, "y", -1);
    assert_int_equal(yyjson_arr_size(at(d, "/warnings")), 0);
    assert_int_equal(yyjson_get_int(at(d, "/duplicates")), 0);
    close_all(&cx, d, t);
}

static void straight(Ctx *cx, Builder *b, size_t col, size_t row, Random *r)
{
    char buf[64];
    double x = (double)(row * 7919 % 997);
    if (col == 0) snprintf(buf, sizeof buf, "%.6f", 3 * x + 10 + 1e-3 * random_normal(r));
    else if (col == 1) snprintf(buf, sizeof buf, "%.1f", x);
    else snprintf(buf, sizeof buf, "%.6f", x + 300 * random_normal(r));
    put(cx, b, col, buf);
}

static void the_target_in_another_unit_is_a_leak_of_a_regression(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    static const char *const name[] = { "price", "price_eur", "guess" };
    Table *t = table_of(&cx, name, 3, 500, straight);
    yyjson_doc *d = look_at(&cx, t, "price", -1);
    assert_string_equal(yyjson_get_str(at(d, "/task")), "regression");
    assert_true(warned(d, "leak", "price_eur"));
    assert_false(warned(d, "leak", "guess"));
    assert_true(yyjson_arr_size(at(d, "/target_distribution/bins")) > 5);
    close_all(&cx, d, t);
}

static void sorted_rows(Ctx *cx, Builder *b, size_t col, size_t row, Random *r)
{
    char buf[64];
    if (col == 0) snprintf(buf, sizeof buf, "%.5f", random_unit(r));
    else snprintf(buf, sizeof buf, "%s", row < 970 ? "common" : "rare");
    put(cx, b, col, buf);
}

static void order_of_rows_and_a_rare_class_are_told(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    static const char *const name[] = { "x", "y" };
    Table *t = table_of(&cx, name, 2, 1000, sorted_rows);
    yyjson_doc *d = look_at(&cx, t, "y", -1);
    assert_true(warned(d, "order", NULL));
    assert_true(warned(d, "imbalance", "y"));
    close_all(&cx, d, t);
}

static void repeated(Ctx *cx, Builder *b, size_t col, size_t row, Random *r)
{
    static const char *const x[] = { "a", "a", "a", "b", "c", "c" }, *const y[] = { "p", "p", "q", "p", "q", "q" };
    (void)r;
    put(cx, b, col, col == 0 ? x[row % 6] : y[row % 6]);
}

static void repeated_rows_are_counted_and_contradictions_told(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    static const char *const name[] = { "x", "y" };
    Table *t = table_of(&cx, name, 2, 6, repeated);
    yyjson_doc *d = look_at(&cx, t, "y", -1);
    assert_int_equal(yyjson_get_int(at(d, "/duplicates")), 2);      /* a p, and c q, a second time */
    assert_int_equal(yyjson_get_int(at(d, "/conflicts")), 3);       /* the three a */
    assert_true(warned(d, "conflict", NULL));
    close_all(&cx, d, t);
}

/* --- edges ----------------------------------------------------------------------------------------------------------- */

static void wide_cell(Ctx *cx, Builder *b, size_t col, size_t row, Random *r)
{
    char buf[64];
    (void)col;
    snprintf(buf, sizeof buf, "%d", (int)(random_bits(r) % 1000) + (int)row);
    put(cx, b, col, buf);
}

static void ten_thousand_columns_are_named_in_part_and_drawn_in_part(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    enum { WIDE = 10000 };
    static char names[WIDE][8];
    const char **name = ctx_get_n(&cx, WIDE, sizeof *name);
    for (size_t j = 0; j < WIDE; j++) { snprintf(names[j], sizeof names[j], "c%zu", j); name[j] = names[j]; }
    Table *t = table_of(&cx, name, WIDE, 30, wide_cell);
    Text json;
    text_init(&json, &cx);
    expect_ok(&cx, auto_visualize(&cx, t, "c9999", -1, &json));
    assert_true(json.n < (size_t)1 << 20);
    yyjson_doc *d = yyjson_read(json.at, json.n, 0);
    size_t i, n, drawn = 0;
    yyjson_val *c;
    yyjson_arr_foreach(at(d, "/column"), i, n, c) drawn += yyjson_obj_get(c, "bins") != NULL;
    assert_in_range(n, 1900, 2000);
    assert_in_range(drawn, 100, 101);
    assert_string_equal(yyjson_get_str(yyjson_obj_get(yyjson_arr_get_last(at(d, "/column")), "role")), "target");
    text_clear(&json);
    ctx_put(&cx, name);
    close_all(&cx, d, t);
}

static void no_target_one_row_and_empty_columns_are_all_described(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    static const char *const name[] = { "x", "g", "y" };
    Table *t = table_of(&cx, name, 3, 1, by_hand);
    yyjson_doc *d = look_at(&cx, t, NULL, -1);
    assert_true(yyjson_is_null(at(d, "/target")));
    assert_int_equal(yyjson_get_int(at(d, "/rows")), 1);
    yyjson_doc_free(d);
    d = look_at(&cx, t, "y", -1);
    close_all(&cx, d, t);
}

static void an_unknown_target_is_refused_and_nothing_is_written(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    static const char *const name[] = { "x", "g", "y" };
    Table *t = table_of(&cx, name, 3, 6, by_hand);
    Text json;
    text_init(&json, &cx);
    expect_failure(&cx, auto_visualize(&cx, t, "z", -1, &json), ERR_NOT_FOUND, "'z'");
    assert_int_equal(json.n, 0);
    table_free(&cx, t);
    ctx_clear(&cx);
}

static void equal_tables_give_equal_bytes_and_samples_are_keyed(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    static const char *const name[] = { "a", "b", "c", "y" };
    Table *t = table_of(&cx, name, 4, 120000, harmless);
    Text one, two;
    text_init(&one, &cx);
    text_init(&two, &cx);
    expect_ok(&cx, auto_visualize(&cx, t, "y", -1, &one));
    expect_ok(&cx, auto_visualize(&cx, t, "y", -1, &two));
    assert_string_equal(one.at, two.at);
    assert_non_null(strstr(one.at, "\"rows_used\":100000"));
    text_clear(&one);
    text_clear(&two);
    table_free(&cx, t);
    ctx_clear(&cx);
}

static Err describe_small(Ctx *cx, void *arg)
{
    Text json;
    text_init(&json, cx);
    Err err = auto_visualize(cx, arg, "y", -1, &json);
    text_clear(&json);
    return err;
}

static void memory_refused_anywhere_leaks_nothing(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    static const char *const name[] = { "x", "g", "y" };
    Table *t = table_of(&cx, name, 3, 6, by_hand);
    rig_sweep(describe_small, t, ERR_NOMEM, OK);
    table_free(&cx, t);
    ctx_clear(&cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(statistics_counts_and_shares_are_those_worked_out_by_hand),
        cmocka_unit_test(leaks_constants_copies_marks_and_dates_are_told),
        cmocka_unit_test(harmless_data_brings_no_warning),
        cmocka_unit_test(the_target_in_another_unit_is_a_leak_of_a_regression),
        cmocka_unit_test(order_of_rows_and_a_rare_class_are_told),
        cmocka_unit_test(repeated_rows_are_counted_and_contradictions_told),
        cmocka_unit_test(ten_thousand_columns_are_named_in_part_and_drawn_in_part),
        cmocka_unit_test(no_target_one_row_and_empty_columns_are_all_described),
        cmocka_unit_test(an_unknown_target_is_refused_and_nothing_is_written),
        cmocka_unit_test(equal_tables_give_equal_bytes_and_samples_are_keyed),
        cmocka_unit_test(memory_refused_anywhere_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

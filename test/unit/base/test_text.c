/* What is proved: text grows and says once when memory ended, JSON comes out canonical, numbers go to text and back exactly,
** near words are near.  How: answers known from outside (strtod, the C standard, words counted by hand). */
#include "test/test.h"

#include "base/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void numbers_have_one_short_text(void **state)
{
    (void)state;
    static const struct { double v; const char *text; } all[] = {
        { 3, "3" }, { -3, "-3" }, { 0, "0" }, { -0.0, "0" }, { .1, "0.1" }, { 1e21, "1e+21" }, { 1.5, "1.5" },
        { 9007199254740991., "9007199254740991" }, { 1. / 3, "0.3333333333333333" }, { 1e-7, "1e-07" }, { 123456.75, "123456.75" },
    };
    char buf[NUM_TEXT_MAX];
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_int_equal(num_text(all[i].v, buf), strlen(all[i].text));
        assert_string_equal(buf, all[i].text);
    }
}

static void any_double_reads_back_as_itself(void **state)
{
    (void)state;
    Random r = random_make(1, "doubles", 0, 0);
    char buf[NUM_TEXT_MAX], more[400];
    for (int i = 0; i < 200000; i++) {
        uint64_t bits = random_bits(&r);
        double v, got;
        memcpy(&v, &bits, sizeof v);
        if (i % 2) v = floor(random_unit(&r) * 1e6) / 100;
        if (!isfinite(v)) continue;
        size_t n = num_text(v, buf);
        assert_true(num_read(buf, n, &got) && got == v);
        n = (size_t)snprintf(more, sizeof more, i % 3 ? "%.20e" : "%.3e", v);           /* the reader against strtod */
        assert_true(num_read(more, n, &got) && got == strtod(more, NULL));
    }
}

static void what_is_no_number_is_refused(void **state)
{
    (void)state;
    static const char *const no[] = { "", " ", "-", ".", "e5", "1e", "1e+", "0x10", "1 2", "1,5", "nan", "NaN", "1.2.3", "--1", "1f", "infx", "+-1" };
    static const struct { const char *text; double v; } yes[] = {
        { " 3.0 ", 3 }, { "+5", 5 }, { "-.5", -.5 }, { "5.", 5 }, { "1E3", 1000 }, { "\t1e-3\r\n", .001 }, { "1e400", INFINITY }, { "-1e-400", 0 },
        { "inf", INFINITY }, { "-Infinity", -INFINITY }, { "0000012", 12 }, { "123456789012345678901234567890", 123456789012345678901234567890. },
    };
    double v;
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (num_read(no[i], strlen(no[i]), &v)) fail_msg("'%s' read as %g", no[i], v);
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (!num_read(yes[i].text, strlen(yes[i].text), &v) || v != yes[i].v) fail_msg("'%s' did not read as %g", yes[i].text, yes[i].v);
    assert_false(num_read("1\0", 2, &v));
}

static void json_comes_out_canonical(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Text t;
    text_init(&t, &cx);
    json_open(&t);
    json_key_text(&t, "a", "q\"b\\c\n\t\x01 \xc3\xa9 \xff");
    json_key_num(&t, "b", 1.5);
    json_key_num(&t, "c", NAN);
    json_key_num(&t, "d", -INFINITY);
    json_key_int(&t, "e", INT64_MIN);
    json_key_bool(&t, "f", true);
    json_key_text(&t, "g", NULL);
    json_key_open(&t, "h");
    json_close(&t);
    json_key_open_array(&t, "i");
    json_open_array(&t);
    json_close_array(&t);
    json_num(&t, 3);
    json_open(&t);
    json_key_raw(&t, "k", "{\"x\":1}");
    json_close(&t);
    json_close_array(&t);
    json_nums(&t, "j", (const double[]){ 1, .5 }, 2);
    json_close(&t);
    expect_ok(&cx, text_err(&t));
    assert_string_equal(t.at, "{\"a\":\"q\\\"b\\\\c\\n\\t\\u0001 \xc3\xa9 \xef\xbf\xbd\",\"b\":1.5,\"c\":null,\"d\":null,\"e\":-9223372036854775808,"
                              "\"f\":true,\"g\":null,\"h\":{},\"i\":[[],3,{\"k\":{\"x\":1}}],\"j\":[1,0.5]}");
    text_clear(&t);
}

static void utf8_is_told_from_other_bytes(void **state)
{
    (void)state;
    static const char *const good[] = { "", "a", "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xef\xbf\xbf" };
    static const char *const bad[] = { "\x80", "\xc3", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xff", "a\xe2\x82", "\xf8\x88\x80\x80\x80" };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) assert_true(text_utf8_ok(good[i], strlen(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(text_utf8_ok(bad[i], strlen(bad[i])));
}

static void near_words_are_found(void **state)
{
    (void)state;
    static const char *const words[] = { "logloss", "accuracy", "auc", "rmse", "mae" };
    assert_int_equal(text_distance("kitten", "sitting"), 3);
    assert_int_equal(text_distance("abc", "ABC"), 0);
    assert_int_equal(text_distance("ab", "ba"), 1);
    assert_int_equal(text_distance("", "abc"), 3);
    assert_string_equal(text_nearest("loglos", words, 5), "logloss");
    assert_string_equal(text_nearest("acuracy", words, 5), "accuracy");
    assert_string_equal(text_nearest("rsme", words, 5), "rmse");
    assert_null(text_nearest("silhouette", words, 5));
    assert_null(text_nearest("x", words, 0));
}

static Err grow(Ctx *cx, void *arg)
{
    Text t;
    (void)arg;
    text_init(&t, cx);
    for (int i = 0; i < 500; i++) text_fmt(&t, "%d, ", i);
    Err err = text_err(&t);
    if (!err) {
        char *own = text_take(&t);
        assert_true(t.n == 0 && !t.at && strlen(own) == 2390 && !memcmp(own, "0, 1, 2", 7));
        ctx_put(cx, own);
    }
    text_clear(&t);
    return err;
}

static void lost_text_is_told_once_at_the_end(void **state)
{
    (void)state;
    rig_sweep(grow, NULL, ERR_NOMEM, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_have_one_short_text),
        cmocka_unit_test(any_double_reads_back_as_itself),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(json_comes_out_canonical),
        cmocka_unit_test(utf8_is_told_from_other_bytes),
        cmocka_unit_test(near_words_are_found),
        cmocka_unit_test(lost_text_is_told_once_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

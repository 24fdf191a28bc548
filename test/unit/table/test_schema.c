/* test/unit/table/test_schema.c -- a schema survives its JSON; damaged JSON is refused in words, whatever it is. */
#include "table/table.h"
#include "test.h"

#include <string.h>

static const char GOOD[] =
    "{\"columns\":[{\"name\":\"a\",\"needed\":true,\"numeric\":true,\"type\":\"number\"},"
    "{\"name\":\"b \\\"q\\\"\",\"needed\":false,\"numeric\":false,\"type\":\"category\"},"
    "{\"name\":\"d\",\"needed\":true,\"numeric\":true,\"order\":\"dmy\",\"type\":\"datetime\"}],\"na\":[\"\",\"NA\"]}";

static void a_schema_reads_back_as_it_was_written(void **state)
{
    Ctx cx = test_ctx();
    Schema *s;
    Text t;
    (void)state;
    text_init(&t, &cx);
    expect_ok(&cx, schema_load(&cx, GOOD, strlen(GOOD), &s));
    assert_int_equal(s->n, 3);
    assert_int_equal(s->na_n, 2);
    assert_int_equal(s->col[2].order, TIME_DMY);
    assert_false(s->col[1].needed);
    assert_int_equal(schema_find(s, "d"), 2);
    assert_true(schema_find(s, "x") == SIZE_MAX);
    expect_ok(&cx, schema_save(&cx, s, &t));
    assert_string_equal(t.at, GOOD);
    text_clear(&t);
    schema_free(&cx, s);
    ctx_clear(&cx);
}

static void damaged_json_is_refused(void **state)
{
    static const char *const bad[] = {
        "", "{", "[]", "{}", "{\"columns\":[]}", "{\"columns\":{},\"na\":[]}", "{\"columns\":[1],\"na\":[]}", "{\"columns\":[],\"na\":[1]}",
        "{\"columns\":[{\"name\":\"a\",\"needed\":true,\"numeric\":true,\"type\":\"auto\"}],\"na\":[]}",
        "{\"columns\":[{\"name\":\"a\",\"needed\":true,\"numeric\":true,\"type\":\"category\"}],\"na\":[]}",
        "{\"columns\":[{\"name\":\"a\",\"needed\":true,\"numeric\":false,\"type\":\"number\"}],\"na\":[]}",
        "{\"columns\":[{\"name\":\"a\",\"needed\":true,\"numeric\":true,\"type\":\"datetime\",\"order\":\"ymd\"}],\"na\":[]}",
        "{\"columns\":[{\"name\":\"a\",\"needed\":1,\"numeric\":true,\"type\":\"number\"}],\"na\":[]}",
        "{\"columns\":[{\"name\":\"a\\u0000b\",\"needed\":true,\"numeric\":true,\"type\":\"number\"}],\"na\":[]}",
        "{\"columns\":[{\"needed\":true,\"numeric\":true,\"type\":\"number\"}],\"na\":[]}",
    };
    Ctx cx = test_ctx();
    Schema *s;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        expect_failure(&cx, schema_load(&cx, bad[i], strlen(bad[i]), &s), ERR_CORRUPT, "schema");
        assert_null(s);
    }
    for (size_t n = 0; n < strlen(GOOD); n++) expect_failure(&cx, schema_load(&cx, GOOD, n, &s), ERR_CORRUPT, NULL);
    ctx_clear(&cx);
}

static void words_for_types_read_back_and_have_aliases(void **state)
{
    ColumnType t;
    (void)state;
    for (int i = 0; i < COLUMN_TYPES_N; i++) {
        assert_true(column_type_read(column_type_word((ColumnType)i), &t));
        assert_int_equal(t, i);
    }
    assert_true(column_type_read("float", &t) && t == COLUMN_NUMBER);
    assert_true(column_type_read("categorical", &t) && t == COLUMN_CATEGORY);
    assert_true(column_type_read("date", &t) && t == COLUMN_DATETIME);
    assert_false(column_type_read("double-decker", &t));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_schema_reads_back_as_it_was_written),
        cmocka_unit_test(damaged_json_is_refused),
        cmocka_unit_test(words_for_types_read_back_and_have_aliases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

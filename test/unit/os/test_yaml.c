/* test/unit/os/test_yaml.c -- YAML becomes a tree with lines; what is wrong is told with its place. */
#include "os/os.h"
#include "test.h"

#include <string.h>

static Err parse(Ctx *cx, const char *text, Yaml **out)
{
    return yaml_read(cx, text, strlen(text), "r.yaml", out);
}

static void a_tree_knows_its_lines(void **state)
{
    Ctx cx = test_ctx();
    Yaml *y;
    (void)state;
    expect_ok(&cx, parse(&cx, "# c\nname: 'x y'\nnone: null\nword: \"null\"\nrules:\n  - column: id\n    not_null: true\n  - [a, 2]\n", &y));
    assert_int_equal(y->kind, YAML_MAP);
    assert_int_equal(y->n, 4);
    assert_string_equal(yaml_text(y, "name"), "x y");
    assert_null(yaml_text(y, "none"));
    assert_string_equal(yaml_text(y, "word"), "null");
    assert_null(yaml_text(y, "absent"));
    const Yaml *rules = yaml_get(y, "rules");
    assert_int_equal(rules->line, 5);
    assert_int_equal(rules->kind, YAML_LIST);
    assert_int_equal(rules->n, 2);
    const Yaml *no = yaml_get(rules->first, "not_null");
    assert_int_equal(no->line, 7);
    assert_int_equal(no->column, 5);
    assert_true(no->plain);
    assert_string_equal(rules->last->last->text, "2");
    expect_ok(&cx, parse(&cx, "", &y));
    assert_null(y);
    ctx_clear(&cx);
}

static void what_is_wrong_has_a_place(void **state)
{
    Ctx cx = test_ctx();
    Yaml *y;
    char deep[300], *at = deep;
    (void)state;
    expect_failure(&cx, parse(&cx, "a: 1\nb: [1, 2\nc: 3\n", &y), ERR_BAD_INPUT, "'r.yaml' line 3");
    expect_failure(&cx, parse(&cx, "a: 1\na: 2\n", &y), ERR_BAD_INPUT, "line 2: 'a' is there twice");
    expect_failure(&cx, parse(&cx, "a: &x 1\nb: *x\n", &y), ERR_BAD_INPUT, "line 2: aliases");
    expect_failure(&cx, parse(&cx, "? [a]\n: 1\n", &y), ERR_BAD_INPUT, "a key must be a word");
    expect_failure(&cx, parse(&cx, "a: \"x\\0y\"\n", &y), ERR_BAD_INPUT, "zero byte");
    expect_failure(&cx, parse(&cx, "a: \xff\n", &y), ERR_BAD_INPUT, "'r.yaml' byte 3");
    for (int i = 0; i < YAML_DEPTH_MAX + 2; i++) *at++ = '[';
    *at = 0;
    expect_failure(&cx, parse(&cx, deep, &y), ERR_LIMIT, "levels");
    expect_failure(&cx, yaml_read(&cx, "", YAML_BYTES_MAX + 1, "r.yaml", &y), ERR_LIMIT, "the most is");
    ctx_clear(&cx);
}

static Err body(Ctx *cx, void *arg)
{
    Yaml *y;
    (void)arg;
    TRY(cx, parse(cx, "a: [1, 2, {b: c}]\n", &y));
    return OK;
}

static void refused_memory_is_told(void **state)
{
    (void)state;
    rig_sweep(body, NULL, ERR_NOMEM, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_knows_its_lines),
        cmocka_unit_test(what_is_wrong_has_a_place),
        cmocka_unit_test(refused_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

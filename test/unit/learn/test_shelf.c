/* What is proved: a shelf gives back what was put on it, drops what was used longest ago when it is full in bytes or in
** items, refuses what is larger than itself, and frees everything once. */
#include "test/test.h"

#include "learn/shelf.h"

#include <string.h>

static int dropped[64];

typedef struct Thing { int number; } Thing;

static void drop(const void *item) { dropped[((const Thing *)item)->number]++; }

static bool put(LearnShelf *s, int number, size_t bytes)
{
    const Thing t = { number };
    return shelf_put(s, "thing", (uint64_t)number, &t, sizeof t, bytes, drop);
}

static int at(LearnShelf *s, int number)
{
    const Thing *t = shelf_find(s, "thing", (uint64_t)number);
    return t ? t->number : -1;
}

static void the_longest_unused_goes_first(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    LearnShelf *s;
    memset(dropped, 0, sizeof dropped);
    expect_ok(&cx, learn_shelf_new(&cx, 100, &s));
    assert_true(put(s, 1, 40));
    assert_true(put(s, 2, 40));
    assert_int_equal(at(s, 1), 1);              /* so 2 is the one unused longest */
    assert_true(put(s, 3, 60));
    assert_int_equal(at(s, 2), -1);
    assert_int_equal(at(s, 1), 1);
    assert_int_equal(at(s, 3), 3);
    assert_int_equal(dropped[2], 1);
    assert_null(shelf_find(s, "other", 3));
    assert_true(put(s, 4, 100));                /* all of it */
    assert_int_equal(dropped[1] + dropped[3], 2);
    assert_false(put(s, 5, 101));
    assert_int_equal(at(s, 4), 4);
    learn_shelf_free(&cx, s);
    assert_int_equal(dropped[4], 1);
    assert_int_equal(dropped[5], 0);            /* still its maker's */
    ctx_clear(&cx);
}

static void items_are_bounded_too(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    LearnShelf *s;
    memset(dropped, 0, sizeof dropped);
    expect_ok(&cx, learn_shelf_new(&cx, 1 << 20, &s));
    for (int i = 0; i < LEARN_SHELF_ITEMS_MAX + 3; i++) assert_true(put(s, i, 1));
    for (int i = 0; i < LEARN_SHELF_ITEMS_MAX + 3; i++) assert_int_equal(dropped[i], i < 3);
    learn_shelf_free(&cx, s);
    for (int i = 0; i < LEARN_SHELF_ITEMS_MAX + 3; i++) assert_int_equal(dropped[i], 1);
    ctx_clear(&cx);
}

static void no_shelf_keeps_nothing(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    assert_null(shelf_find(NULL, "thing", 1));
    assert_false(put(NULL, 6, 1));
    learn_shelf_free(&cx, NULL);
    ctx_clear(&cx);
}

static Err make(Ctx *cx, void *arg)
{
    LearnShelf *s;
    (void)arg;
    TRY(cx, learn_shelf_new(cx, 10, &s));
    learn_shelf_free(cx, s);
    return OK;
}

static void refused_memory_is_said(void **state)
{
    (void)state;
    rig_sweep_or_ok(make, NULL, ERR_NOMEM, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_longest_unused_goes_first),
        cmocka_unit_test(items_are_bounded_too),
        cmocka_unit_test(no_shelf_keeps_nothing),
        cmocka_unit_test(refused_memory_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

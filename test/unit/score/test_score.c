/* test/unit/score/test_score.c -- include/leat.h gives the answers that room model gives, and believes nothing. */
#include "test/test.h"

#include "unit/model/build_kit.h"

#include "auto/auto.h"
#include "score/score.h"

#include <stdlib.h>
#include <string.h>

static leat_value cell_of(const Column *c, size_t row, char *buf, size_t n)
{
    size_t len;
    if (!column_has(c, row)) return leat_missing();
    if (c->num) return leat_number(c->num[row]);
    const char *s = dict_at(&c->dict, (uint32_t)c->code[row], &len);
    snprintf(buf, n, "%.*s", (int)len, s);
    return leat_text(buf);
}

static void the_library_answers_as_the_room_does(void **state)
{
    (void)state;
    static const char *const members[] = { "linear", "knn", "mlp", NULL };
    for (int task = 0; task <= TASK_REGRESSION; task++) {
        Ctx cx = test_ctx();
        BuildKit kit;
        Text bytes;
        Digest digest;
        char why[200] = "", word[6][80];
        leat_value cell[6];
        double want[3], got[3];
        build_kit_open(&cx, &kit, (Task)task, 60, members);
        text_init(&bytes, &cx);
        expect_ok(&cx, build_save(&cx, kit.b, &bytes, &digest));
        leat_build *b = leat_open_bytes(bytes.at, bytes.n, why, sizeof why);
        assert_non_null(b);
        text_clear(&bytes);                       /* the library keeps nothing of them */
        assert_int_equal(leat_columns(b), 6);
        assert_string_equal(leat_column(b, 1), "rooms");
        assert_null(leat_column(b, 6));
        assert_int_equal(leat_find(b, "city"), 2);
        assert_true(leat_find(b, "none") == (size_t)-1);
        assert_int_equal(leat_classes(b), kit.b->classes);
        assert_int_equal(leat_outputs(b), kit.b->classes ? kit.b->classes : 1);
        assert_null(leat_class(b, kit.b->classes));
        leat_scorer *s = leat_scorer_open(b);
        assert_non_null(s);
        for (uint32_t i = 0; i < 60; i++) {
            double again[3];
            Table *row;
            expect_ok(&cx, table_rows(&cx, kit.t, &i, 1, &row));
            expect_ok(&cx, build_margin(&cx, kit.b, row, want));
            build_answer(kit.b, want, 1, want);
            table_free(&cx, row);
            for (size_t j = 0; j < 6; j++) cell[j] = cell_of(&kit.t->col[j], i, word[j], sizeof word[j]);
            assert_int_equal(leat_predict(b, cell, 1, got, why, sizeof why), 0);
            if (task == TASK_BINARY) assert_true(got[1] == want[0] && got[0] == 1 - want[0]);
            else for (size_t k = 0; k < leat_outputs(b); k++) assert_true(got[k] == want[k]);
            assert_int_equal(leat_scorer_predict(s, cell, 1, again, why, sizeof why), 0);
            assert_memory_equal(again, got, leat_outputs(b) * sizeof *got);
            if (kit.b->classes) assert_int_equal(leat_choice(b, got), build_class(kit.b, want));
        }
        assert_int_equal(leat_predict(b, NULL, 0, NULL, NULL, 0), 0);
        leat_scorer_close(s);
        leat_scorer_close(NULL);
        leat_close(b);
        build_kit_close(&cx, &kit);
        ctx_clear(&cx);
    }
}

static void what_is_no_build_is_refused_in_words(void **state)
{
    (void)state;
    char why[200] = "";
    leat_close(NULL);
    assert_null(leat_open("none.leat", why, sizeof why));
    assert_non_null(strstr(why, "'none.leat' cannot be opened"));
    test_write("empty.leat", "", 0);
    assert_null(leat_open("empty.leat", why, sizeof why));
    assert_non_null(strstr(why, "empty"));
    assert_null(leat_open_bytes("rubbish", 7, why, sizeof why));
    assert_true(strlen(why) > 10);
    assert_null(leat_open_bytes("", 0, NULL, 0));
}

static void a_text_that_is_not_utf_8_is_refused(void **state)
{
    (void)state;
    static const char *const members[] = { "linear", NULL };
    Ctx cx = test_ctx();
    BuildKit kit;
    Text bytes;
    Digest digest;
    char why[200] = "";
    double got[3];
    leat_value cell[6] = { leat_number(1), leat_number(1), leat_text("caf\xe9"), leat_missing(), leat_text("yes"), leat_missing() };
    build_kit_open(&cx, &kit, TASK_BINARY, 60, members);
    text_init(&bytes, &cx);
    expect_ok(&cx, build_save(&cx, kit.b, &bytes, &digest));
    test_write("b.leat", bytes.at, bytes.n);
    text_clear(&bytes);
    leat_build *b = leat_open("b.leat", why, sizeof why);
    assert_non_null(b);
    assert_int_equal(leat_predict(b, cell, 1, got, why, sizeof why), 2);
    assert_non_null(strstr(why, "UTF-8"));
    cell[2] = leat_text("Atlantis");              /* a level never seen is no error */
    cell[0] = leat_text("not a number");          /* and a word where a number belongs is a missing one */
    assert_int_equal(leat_predict(b, cell, 1, got, why, sizeof why), 0);
    leat_close(b);
    build_kit_close(&cx, &kit);
    ctx_clear(&cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_library_answers_as_the_room_does),
        cmocka_unit_test(what_is_no_build_is_refused_in_words),
        cmocka_unit_test(a_text_that_is_not_utf_8_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

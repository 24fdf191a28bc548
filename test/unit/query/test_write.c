/* test/unit/query/test_write.c -- rows are written as RFC 4180, JSON and Parquet say, read back as they were, and a failed
** write leaves what was there.
*/
#include "query/query.h"
#include "test.h"

#include "base/save.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const double nums[] = { 1.5, NAN, 0.1 };
static const char *const texts[] = { "plain", "with, \"quotes\"\nand lines", NULL };

static const QueryColumn columns[] = {
    { .name = "n", .num = nums },
    { .name = "a \"name\"", .text = texts },
};

static void expect_file(Ctx *cx, const char *path, const char *want)
{
    char *text;
    size_t n;
    expect_ok(cx, save_read(cx, path, 1 << 20, &text, &n));
    assert_string_equal(text, want);
    ctx_put(cx, text);
}

static void csv_and_json_are_written_as_the_rules_say(void **state)
{
    Ctx cx = test_ctx();
    QueryOut out = { .path = "out.csv", .column = columns, .columns = 2, .rows = 3 };
    (void)state;
    expect_ok(&cx, query_write(&cx, &out));
    expect_file(&cx, "out.csv", "n,\"a \"\"name\"\"\"\n1.5,plain\n,\"with, \"\"quotes\"\"\nand lines\"\n0.1,\n");
    out.path = "out.json";
    expect_ok(&cx, query_write(&cx, &out));
    expect_file(&cx, "out.json", "[{\"n\":1.5,\"a \\\"name\\\"\":\"plain\"},{\"n\":null,\"a \\\"name\\\"\":\"with, \\\"quotes\\\"\\n"
                "and lines\"},{\"n\":0.1,\"a \\\"name\\\"\":null}]\n");
    out.path = "out.ndjson";
    out.columns = 1;
    expect_ok(&cx, query_write(&cx, &out));
    expect_file(&cx, "out.ndjson", "{\"n\":1.5}\n{\"n\":null}\n{\"n\":0.1}\n");
    out.path = "one.csv";
    expect_ok(&cx, query_write(&cx, &out));
    expect_file(&cx, "one.csv", "n\n1.5\n\"\"\n0.1\n");
    out.path = "unknown";
    out.rows = 0;
    expect_ok(&cx, query_write(&cx, &out));
    expect_file(&cx, "unknown", "n\n");
    ctx_clear(&cx);
}

static void rows_go_to_an_open_file_too(void **state)
{
    Ctx cx = test_ctx();
    int fd = -1;
    (void)state;
    expect_ok(&cx, os_world.files->open(NULL, "fd.csv", FILE_CREATE, &fd));
    expect_ok(&cx, query_write(&cx, &(QueryOut){ .fd = fd, .format = QUERY_CSV, .column = columns, .columns = 1, .rows = 3 }));
    close(fd);
    expect_file(&cx, "fd.csv", "n\n1.5\n\"\"\n0.1\n");
    expect_failure(&cx, query_write(&cx, &(QueryOut){ .fd = 1, .format = QUERY_PARQUET, .column = columns, .columns = 1 }), ERR_USAGE,
                   "-o");
    ctx_clear(&cx);
}

/* Everything that a table can hold comes back through every format. */
static void tables_survive_the_way_out_and_in(void **state)
{
    static const char csv[] = "n,i,b,c,d,s\n1.5,3,yes,red,2020-01-02T03:04:05.25,it's a longer text\n"
                              ",,,,,\n-0.1,9007199254740991,no,\"a, b\",1969-12-31,\"quoted \"\"text\"\" of words\"\n";
    static const char *const paths[] = { "way.csv", "way.json", "way.ndjson", "way.parquet" };
    Ctx cx = test_ctx();
    Table *t, *again;
    (void)state;
    test_write("in.csv", csv, sizeof csv - 1);
    expect_ok(&cx, query_read(&cx, &(QueryIn){ .path = "in.csv" }, &t, NULL));
    QueryColumn column[6];
    for (size_t i = 0; i < 6; i++) column[i] = (QueryColumn){ .name = t->col[i].name, .column = &t->col[i] };
    for (size_t k = 0; k < sizeof paths / sizeof *paths; k++) {
        expect_ok(&cx, query_write(&cx, &(QueryOut){ .path = paths[k], .column = column, .columns = 6, .rows = t->rows }));
        expect_ok(&cx, query_read(&cx, &(QueryIn){ .path = paths[k] }, &again, NULL));
        assert_int_equal(again->rows, t->rows);
        for (size_t c = 0; c < 6; c++) {
            assert_string_equal(again->col[c].name, t->col[c].name);
            if (again->col[c].type != t->col[c].type)
                fail_msg("%s: column %s comes back as %s", paths[k], t->col[c].name, column_type_word(again->col[c].type));
            for (size_t r = 0; r < t->rows; r++) {
                char buf[2][COLUMN_TEXT_MAX];
                size_t n[2];
                const char *a = column_text(&t->col[c], r, buf[0], &n[0]), *b = column_text(&again->col[c], r, buf[1], &n[1]);
                assert_true(!a == !b);
                assert_int_equal(n[0], n[1]);
                if (a) assert_memory_equal(a, b, n[0]);
            }
        }
        table_free(&cx, again);
    }
    table_free(&cx, t);
    ctx_clear(&cx);
}

static void what_cannot_be_written_is_told_and_leaves_nothing(void **state)
{
    Ctx cx = test_ctx();
    static const char *const missing[] = { "none/out.csv", "none/out.json", "none/out.parquet" };
    QueryOut out = { .column = columns, .columns = 2, .rows = 3 };
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        out.path = missing[i];
        expect_failure(&cx, query_write(&cx, &out), ERR_NOT_FOUND, "none/");
    }
    out.path = "out.xlsx";
    expect_failure(&cx, query_write(&cx, &out), ERR_USAGE, "read, not written");
    out.path = "out.csv.gz";
    expect_failure(&cx, query_write(&cx, &out), ERR_USAGE, "compressed");
    assert_false(test_exists("out.xlsx"));
    ctx_clear(&cx);
}

static Err write_faulty(Ctx *cx, void *arg)
{
    Err err = query_write(cx, &(QueryOut){ .path = arg, .column = columns, .columns = 2, .rows = 3 });
    char *text = NULL;
    size_t n;
    Ctx real = test_ctx();
    expect_ok(&real, save_read(&real, arg, 1 << 20, &text, &n));
    assert_true(!strcmp(text, "old") || n > 8);            /* the old file or the new, never half */
    assert_true(!err || cx->text[0]);
    const Rig *rig = (const Rig *)cx->world;               /* its first member */
    if (!rig->file_at || rig->once) assert_int_equal(test_count("out"), 1);      /* nothing left beside it */
    test_remove_tree("out");
    os_world.files->make_folder(NULL, "out");
    ctx_put(&real, text);
    test_write(arg, "old", 3);
    ctx_clear(&real);
    return err;
}

static void a_failed_write_leaves_the_old_file(void **state)
{
    (void)state;
    os_world.files->make_folder(NULL, "out");
    test_write("out/x.csv", "old", 3);
    rig_sweep(write_faulty, "out/x.csv", ERR_NOMEM, ERR_IO);
    os_world.files->remove(NULL, "out/x.csv");
    test_write("out/x.parquet", "old", 3);
    rig_sweep_or_ok(write_faulty, "out/x.parquet", ERR_NOMEM, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_and_json_are_written_as_the_rules_say),
        cmocka_unit_test(rows_go_to_an_open_file_too),
        cmocka_unit_test(tables_survive_the_way_out_and_in),
        cmocka_unit_test(what_cannot_be_written_is_told_and_leaves_nothing),
        cmocka_unit_test(a_failed_write_leaves_the_old_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

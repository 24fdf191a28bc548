/* What is proved: with the k-th memory request or file call refused, for every k, saving a build to disk leaves the old file
** or the new one, loading gives a build or a reason, and nothing is leaked.  How: the failing world of test.h around a
** small real build. */
#include "unit/model/build_kit.h"

#include "base/save.h"

#define FILE_NAME "model.leat"

static const char *const members[] = { "linear", "extra_trees", "knn", NULL };

typedef struct Bytes { Text old, new; const BuildKit *kit; } Bytes;

static void file_is_whole(const Bytes *b)
{
    Ctx cx = test_ctx();
    char *at = NULL;
    size_t n = 0;
    expect_ok(&cx, save_read(&cx, FILE_NAME, BUILD_FILE_MAX, &at, &n));
    bool old = n == b->old.n && !memcmp(at, b->old.at, n), fresh = n == b->new.n && !memcmp(at, b->new.at, n);
    assert_true(old || fresh);
    ctx_put(&cx, at);
    ctx_clear(&cx);
}

static Err save_to_disk(Ctx *cx, void *arg)
{
    Bytes *b = arg;
    Text t;
    Digest d;
    Err err = OK;
    test_write(FILE_NAME, b->old.at, b->old.n);
    text_init(&t, cx);
    TRY_DONE(cx, build_save(cx, b->kit->b, &t, &d));
    TRY_DONE(cx, save_whole(cx, FILE_NAME, t.at, t.n));
done:
    text_clear(&t);
    file_is_whole(b);
    if (!err) test_flip(FILE_NAME, 0);               /* the new one is there: make sure it is written anew next time */
    return err;
}

static void same_build(const Build *got, const Text *want)
{
    Ctx cx = test_ctx();
    Text t;
    Digest d;
    text_init(&t, &cx);
    expect_ok(&cx, build_save(&cx, got, &t, &d));
    assert_true(t.n == want->n && !memcmp(t.at, want->at, t.n));
    text_clear(&t);
    ctx_clear(&cx);
}

static Err load_from_disk(Ctx *cx, void *arg)
{
    const Bytes *b = arg;
    char *at = NULL;
    size_t n = 0, rows = b->kit->t->rows;
    Build *got = NULL;
    Table *follows = NULL;
    Text warnings;
    double *out = NULL;
    Err err = OK;
    text_init(&warnings, cx);
    TRY_DONE(cx, save_read(cx, FILE_NAME, BUILD_FILE_MAX, &at, &n));
    TRY_DONE(cx, build_load(cx, at, n, &got));
    TRY_DONE(cx, build_conform(cx, got, b->kit->t, &follows, &warnings));
    TRY_DONE(cx, text_err(&warnings));
    GET_DONE(cx, out, rows * (got->schema->n + 1), "answers");
    TRY_DONE(cx, build_margin(cx, got, follows, out));
    TRY_DONE(cx, build_margin_oof(cx, got, follows, b->kit->fold, out));
    TRY_DONE(cx, build_explain(cx, got, follows, out));
done:
    if (!err) same_build(got, &b->new);
    text_clear(&warnings);
    ctx_put(cx, at);
    ctx_put(cx, out);
    table_free(cx, follows);
    build_free(cx, got);
    return err;
}

static void open_bytes(Ctx *cx, Bytes *b, BuildKit *kit)
{
    Digest d;
    build_kit_open(cx, kit, TASK_REGRESSION, 24, members);
    b->kit = kit;
    text_init(&b->old, cx);
    text_init(&b->new, cx);
    expect_ok(cx, build_save(cx, kit->b, &b->old, &d));
    kit->b->shift = 2;                               /* another build */
    expect_ok(cx, build_save(cx, kit->b, &b->new, &d));
}

static void close_bytes(Ctx *cx, Bytes *b, BuildKit *kit)
{
    text_clear(&b->old);
    text_clear(&b->new);
    build_kit_close(cx, kit);
}

static void saving_leaves_the_old_file_or_the_new(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Bytes b;
    BuildKit kit;
    open_bytes(&cx, &b, &kit);
    rig_sweep(save_to_disk, &b, ERR_NOMEM, ERR_IO);
    assert_int_equal(test_count("."), 1);            /* nothing half-written lies about */
    close_bytes(&cx, &b, &kit);
}

static void loading_and_answering_survive_any_refusal(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Bytes b;
    BuildKit kit;
    open_bytes(&cx, &b, &kit);
    test_write(FILE_NAME, b.new.at, b.new.n);
    rig_sweep_or_ok(load_from_disk, &b, ERR_NOMEM, ERR_IO);      /* OK: giving back what a growing column has too much may fail */
    close_bytes(&cx, &b, &kit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saving_leaves_the_old_file_or_the_new),
        cmocka_unit_test(loading_and_answering_survive_any_refusal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

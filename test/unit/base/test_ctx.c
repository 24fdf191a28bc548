/* What is proved: failures keep their first words, children hand theirs up, scratch is cleared and given back, deadlines and
** cancelling are seen, files are put in place whole, hashes are SHA-256.  How: the rig's own clock and refusals. */
#include "test/test.h"

#include "base/hash.h"
#include "base/save.h"

#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static Err inner(Ctx *cx) { return FAIL(cx, ERR_LIMIT, "too many '%s': %d", "apples", 7); }
static Err middle(Ctx *cx)
{
    TRY(cx, inner(cx));
    return OK;
}

static void the_first_failure_is_told_with_the_way_it_went(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    assert_int_equal(middle(&cx), ERR_LIMIT);
    assert_string_equal(cx.text, "too many 'apples': 7");
    assert_int_equal(cx.hops_n, 2);
    assert_non_null(strstr(cx.hop[0].file, "test_ctx.c"));
    assert_true(cx.hop[1].line > cx.hop[0].line);
    (void)FAIL(&cx, ERR_IO, "again: %s", cx.text);          /* its own words may be an argument */
    assert_string_equal(cx.text, "again: too many 'apples': 7");
}

static void a_childs_failure_is_handed_up(void **state)
{
    (void)state;
    volatile sig_atomic_t stop = 0;
    Ctx cx = test_ctx(), child;
    cx.cancel = &stop;
    cx.deadline_us = 77;
    ctx_child(&cx, &child);
    assert_true(child.seed == cx.seed && child.cancel == &stop && child.deadline_us == 77 && !child.scratch);
    assert_non_null(ctx_scratch(&child, 100000));
    assert_int_equal(ctx_join(&cx, &child, middle(&child)), ERR_LIMIT);
    assert_string_equal(cx.text, "too many 'apples': 7");
    assert_null(child.scratch);
    ctx_child(&cx, &child);
    assert_int_equal(ctx_join(&cx, &child, OK), OK);
}

static void scratch_is_clear_aligned_and_of_any_size(void **state)
{
    (void)state;
    Rig r;
    rig_init(&r, 0, 0, false);
    Ctx cx = rig_ctx(&r);
    for (size_t n = 0; n < 200000; n = n * 3 / 2 + 1) {
        unsigned char *p = ctx_scratch(&cx, n);
        assert_non_null(p);
        assert_true((uintptr_t)p % 16 == 0);
        for (size_t i = 0; i < n; i++) assert_true(p[i] == 0);
        memset(p, 0xee, n);
    }
    assert_string_equal(ctx_scratch_fmt(&cx, "%d-%s", 5, "x"), "5-x");
    assert_string_equal(ctx_scratch_text(&cx, ""), "");
    ctx_clear(&cx);
    assert_int_equal(r.held, 0);
    assert_null(ctx_get_n(&cx, SIZE_MAX / 2, 3));              /* n x size is checked */
    assert_null(ctx_grow(&cx, NULL, SIZE_MAX / 2, 3));
}

static void deadlines_and_cancelling_are_seen(void **state)
{
    (void)state;
    volatile sig_atomic_t stop = 0;
    Rig r;
    rig_init(&r, 0, 0, false);
    Ctx cx = rig_ctx(&r);
    expect_ok(&cx, ctx_check(&cx));
    assert_true(isinf(ctx_left_s(&cx)) && !ctx_late(&cx));
    cx.deadline_us = r.mono_us + 1000000;
    assert_true(ctx_left_s(&cx) > .99 && ctx_left_s(&cx) <= 1);
    expect_ok(&cx, ctx_check(&cx));
    r.mono_us += 1000000;
    assert_true(ctx_late(&cx));
    expect_failure(&cx, ctx_check(&cx), ERR_TIME, "the deadline passed");
    cx.cancel = &stop;
    stop = 1;
    expect_failure(&cx, ctx_check(&cx), ERR_INTERRUPTED, NULL);
}

typedef struct Heard { ProgressKind kind; char what[100]; int n; } Heard;
static void hear(void *self, ProgressKind kind, const char *what, double done, double total)
{
    Heard *h = self;
    (void)done, (void)total;
    h->kind = kind;
    strncpy(h->what, what, sizeof h->what - 1);
    h->n++;
}

static void progress_is_told_or_nobody_listens(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Heard h = { 0 };
    ctx_warn(&cx, "nobody %d", 1);
    cx.progress = (Progress){ hear, &h };
    ctx_warn(&cx, "rows: %d", 12);
    assert_true(h.n == 1 && h.kind == PROGRESS_WARNING && !strcmp(h.what, "rows: 12"));
    ctx_note(&cx, "%s", "n");
    assert_int_equal(h.kind, PROGRESS_NOTE);
    ctx_detail(&cx, "%s", "d");
    assert_int_equal(h.kind, PROGRESS_DETAIL);
    ctx_step(&cx, "s", 1, 2);
    assert_int_equal(h.kind, PROGRESS_STEP);
}

static void every_error_has_words_an_exit_and_a_status(void **state)
{
    (void)state;
    static const int want[] = { 0, 1, 2, 2, 2, 2, 3, 4, 5, 6, 7, 7, 7, 8, 130 };
    assert_int_equal(ERR_COUNT, sizeof want / sizeof *want);
    for (int e = 0; e < ERR_COUNT; e++) {
        assert_int_equal(err_exit((Err)e), want[e]);
        assert_true(err_text((Err)e)[0] && err_http((Err)e) >= 200 && err_http((Err)e) < 600);
    }
    assert_string_equal(err_text((Err)999), err_text(ERR_BUG));
    assert_int_equal(err_exit((Err)-1), 1);
}

static void hashes_are_sha256(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Digest d, e, f;
    Hasher *h;
    char text[SHA256_TEXT_MAX];
    expect_ok(&cx, hash_bytes(&cx, "abc", 3, &d));             /* FIPS 180-2's example */
    digest_text(&d, text);
    assert_string_equal(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect_ok(&cx, hash_start(&cx, &h));
    hash_more(h, "a", 1);
    hash_more(h, "bc", 2);
    hash_end(&cx, h, &e);
    assert_true(digest_same(&d, &e) && digest_read(text, &f) && digest_same(&d, &f));
    assert_false(digest_read("ba78", &f));
    text[3] = 'g';
    assert_false(digest_read(text, &f));
    expect_ok(&cx, hash_bytes(&cx, "", 0, &e));
    assert_false(digest_same(&d, &e));
}

static void a_file_is_read_whole_or_refused(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    char *at, longest[SAVE_PATH_MAX + 10];
    size_t n;
    expect_ok(&cx, save_whole(&cx, "a.txt", "hello", 5));
    expect_ok(&cx, save_read(&cx, "a.txt", 5, &at, &n));
    assert_true(n == 5 && !strcmp(at, "hello"));
    ctx_put(&cx, at);
    expect_ok(&cx, save_whole(&cx, "a.txt", "", 0));
    expect_ok(&cx, save_read(&cx, "a.txt", 5, &at, &n));
    assert_true(n == 0 && at[0] == 0);
    ctx_put(&cx, at);
    expect_ok(&cx, save_whole(&cx, "a.txt", "hello", 5));
    expect_failure(&cx, save_read(&cx, "a.txt", 4, &at, &n), ERR_LIMIT, "a.txt");
    assert_null(at);
    expect_failure(&cx, save_read(&cx, "b.txt", 4, &at, &n), ERR_NOT_FOUND, "b.txt");
    expect_failure(&cx, save_whole(&cx, "no/where/a.txt", "x", 1), ERR_NOT_FOUND, "no/where/a.txt");
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = 0;
    expect_failure(&cx, save_whole(&cx, longest, "x", 1), ERR_LIMIT, NULL);
}

static void what_is_no_plain_file_is_written_into_not_replaced(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    char path[64], said[8] = "";
    int ends[2];
    expect_failure(&cx, save_whole(&cx, ".", "x", 1), ERR_BAD_INPUT, "it is a folder");
    assert_int_equal(mkfifo("fifo", 0600), 0);
    int hold = open("fifo", O_RDWR);                           /* a reader, so that opening to write does not wait */
    expect_ok(&cx, save_whole(&cx, "fifo", "hello", 5));
    assert_int_equal(read(hold, said, sizeof said), 5);
    assert_string_equal(said, "hello");
    close(hold);
    assert_int_equal(unlink("fifo"), 0);
    assert_int_equal(pipe(ends), 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[1]);
    expect_ok(&cx, save_whole(&cx, path, "abc", 3));
    assert_int_equal(read(ends[0], said, sizeof said), 3);
    close(ends[0]);
    close(ends[1]);
}

static Err save_and_read(Ctx *cx, void *arg)
{
    char *at = NULL;
    size_t n;
    (void)arg;
    TRY(cx, save_whole(cx, "swept.txt", "new bytes", 9));
    TRY(cx, save_read(cx, "swept.txt", 100, &at, &n));
    assert_true(n == 9 && !strcmp(at, "new bytes"));
    ctx_put(cx, at);
    return OK;
}

static void a_refused_file_call_leaves_nothing_behind(void **state)
{
    (void)state;
    size_t before = test_count(".");
    rig_sweep(save_and_read, NULL, ERR_NOMEM, ERR_IO);
    assert_int_equal(test_count("."), before + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_failure_is_told_with_the_way_it_went),
        cmocka_unit_test(a_childs_failure_is_handed_up),
        cmocka_unit_test(scratch_is_clear_aligned_and_of_any_size),
        cmocka_unit_test(deadlines_and_cancelling_are_seen),
        cmocka_unit_test(progress_is_told_or_nobody_listens),
        cmocka_unit_test(every_error_has_words_an_exit_and_a_status),
        cmocka_unit_test(hashes_are_sha256),
        cmocka_unit_test(a_file_is_read_whole_or_refused),
        cmocka_unit_test(what_is_no_plain_file_is_written_into_not_replaced),
        cmocka_unit_test(a_refused_file_call_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

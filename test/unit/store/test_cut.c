/* What is proved: large content comes back whole and in parts, from file, memory and pipe, on one thread and on several;
** what is inserted in the middle adds little; damage is noticed; every fault is survived.  How: SHA-256 of the whole beside
** the name, the bytes themselves beside what is read, the size of the folder before and after. */
#include "store/inner.h"
#include "store/store.h"
#include "test/test.h"

#include "base/random.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define BIG ((size_t)24 << 20)

static Store *fresh(Ctx *cx, const char *folder, unsigned threads)
{
    Store *s = NULL;
    test_remove_tree(folder);
    assert_int_equal(mkdir(folder, 0755), 0);
    expect_ok(cx, store_make(cx, folder));
    expect_ok(cx, store_open(cx, folder, &s));
    if (threads) store_use_threads(s, threads);
    return s;
}

/* Half rows that pack well, half bytes that do not. */
static char *big_bytes(void)
{
    char *bytes = malloc(BIG + 1000);
    Random r = random_make(1, "test", 0, 0);
    size_t n = 0;
    while (n < BIG / 2)
        n += (size_t)sprintf(bytes + n, "%llu,row,%u\n", (unsigned long long)random_below(&r, 1000000), (unsigned)random_below(&r, 9));
    for (; n < BIG; n++) bytes[n] = (char)random_bits(&r);
    return bytes;
}

static uint64_t folder_bytes(const char *folder)
{
    uint64_t n = 0;
    char path[400];
    struct stat st;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (!stat(path, &st) && S_ISREG(st.st_mode)) n += (uint64_t)st.st_size;
    }
    closedir(dir);
    return n;
}

static void large_content_comes_back_whole_and_in_parts(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    char *bytes = big_bytes(), *part = malloc(BIG);
    static const size_t sizes[] = { (1 << 20) + 1, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, BIG };
    for (unsigned threads = 1; threads <= 4; threads += 3) {
        Store *s = fresh(&cx, "large", threads);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            Digest d, want, m;
            uint64_t n;
            size_t got;
            StoreInfo info;
            Random r = random_make(i, "parts", 0, 0);
            test_write("in", bytes, sizes[i]);
            expect_ok(&cx, hash_bytes(&cx, bytes, sizes[i], &want));
            expect_ok(&cx, store_put_file(&cx, s, "in", STORE_PACKED, &d, &n));
            assert_true(digest_same(&d, &want) && n == sizes[i]);
            uint64_t before = folder_bytes("large/packs");
            expect_ok(&cx, store_put(&cx, s, bytes, sizes[i], STORE_PACKED, &m));
            assert_true(digest_same(&m, &want) && folder_bytes("large/packs") == before);
            expect_ok(&cx, store_look(&cx, s, &d, &info));
            assert_true(info.bytes == sizes[i] && info.in_pack);
            expect_ok(&cx, store_get_file(&cx, s, &d, "out"));
            expect_ok(&cx, store_digest_file(&cx, "out", &m, &n));
            assert_true(digest_same(&m, &want) && n == sizes[i]);
            for (int k = 0; k < 20; k++) {
                size_t from = (size_t)random_below(&r, sizes[i] + 10), want_n = (size_t)random_below(&r, 300000);
                size_t there = from >= sizes[i] ? 0 : sizes[i] - from < want_n ? sizes[i] - from : want_n;
                expect_ok(&cx, store_read_range(&cx, s, &d, from, part, want_n, &got));
                assert_int_equal(got, there);
                assert_memory_equal(part, bytes + from, there);
            }
        }
        store_close(&cx, s);
    }
    free(bytes), free(part);
}

static void a_large_pipe_is_put_like_a_file(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *s = fresh(&cx, "pipe", 2);
    char *bytes = big_bytes();
    OsProc p;
    Digest d, want;
    uint64_t n;
    test_write("pipe-in", bytes, BIG);
    assert_int_equal(mkfifo("fifo", 0600), 0);
    const char *argv[] = { "sh", "-c", "cat pipe-in > fifo", NULL };
    expect_ok(&cx, os_spawn(&cx, argv, NULL, 0, &p));
    expect_ok(&cx, store_put_file(&cx, s, "fifo", STORE_PACKED, &d, &n));
    expect_ok(&cx, hash_bytes(&cx, bytes, BIG, &want));
    assert_true(n == BIG && digest_same(&d, &want));
    expect_ok(&cx, store_verify(&cx, s, &d));
    expect_ok(&cx, os_wait(&cx, &p, true));
    os_proc_end(&cx, &p);
    store_close(&cx, s);
    free(bytes);
}

static void what_is_inserted_in_the_middle_adds_little(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *s = fresh(&cx, "insert", 2);
    char *bytes = big_bytes();
    Digest d;
    expect_ok(&cx, store_put(&cx, s, bytes, BIG, STORE_PACKED, &d));
    uint64_t first = folder_bytes("insert/packs");
    memmove(bytes + BIG / 3 + 500, bytes + BIG / 3, BIG - BIG / 3);
    memset(bytes + BIG / 3, '7', 500);
    expect_ok(&cx, store_put(&cx, s, bytes, BIG + 500, STORE_PACKED, &d));
    uint64_t second = folder_bytes("insert/packs") - first;
    assert_true(second > 500 && second < first / 30);              /* a chunk or two, and the list of all */
    expect_ok(&cx, store_verify(&cx, s, &d));
    store_close(&cx, s);
    free(bytes);
}

static void damage_is_noticed_and_putting_again_heals(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *s = fresh(&cx, "damage", 2);
    char *bytes = big_bytes(), pack[300] = "";
    Digest d;
    struct stat st;
    Random r = random_make(5, "places", 0, 0);
    expect_ok(&cx, store_put(&cx, s, bytes, BIG / 4, STORE_PACKED, &d));
    store_close(&cx, s);
    DIR *dir = opendir("damage/packs");
    for (struct dirent *e; (e = readdir(dir));)
        if (strstr(e->d_name, ".pack")) snprintf(pack, sizeof pack, "damage/packs/%s", e->d_name);
    closedir(dir);
    assert_int_equal(stat(pack, &st), 0);
    for (int i = 0; i < 60; i++) {
        long at = 24 + (long)random_below(&r, (uint64_t)st.st_size - 24);
        test_flip(pack, at);
        expect_ok(&cx, store_open(&cx, "damage", &s));
        expect_failure(&cx, store_verify(&cx, s, &d), ERR_CORRUPT, "is damaged");
        store_close(&cx, s);
        if (i < 59) test_flip(pack, at);
    }
    expect_ok(&cx, store_open(&cx, "damage", &s));
    expect_ok(&cx, store_put(&cx, s, bytes, BIG / 4, STORE_PACKED, &d));
    expect_ok(&cx, store_verify(&cx, s, &d));
    store_close(&cx, s);
    free(bytes);
}

static void stopping_leaves_nothing(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *s = fresh(&cx, "stop", 2);
    char *bytes = big_bytes();
    Digest d;
    volatile sig_atomic_t stop = 1;
    cx.cancel = &stop;
    expect_failure(&cx, store_put(&cx, s, bytes, BIG, STORE_PACKED, &d), ERR_INTERRUPTED, NULL);
    assert_int_equal(test_count("stop"), 0);
    store_close(&cx, s);
    free(bytes);
}

static Err cut_body(Ctx *cx, void *arg)
{
    Store *s = NULL;
    Digest d;
    Err err = OK;
    test_remove_tree("sweep/packs");
    test_remove_tree("sweep/tmp");
    TRY_DONE(cx, store_make(cx, "sweep"));
    TRY_DONE(cx, store_open(cx, "sweep", &s));
    store_use_threads(s, 1);
    TRY_DONE(cx, store_put_file(cx, s, arg, STORE_PACKED, &d, NULL));
    TRY_DONE(cx, store_verify(cx, s, &d));
done:
    store_close(cx, s);
    return err;
}

static void cutting_survives_every_fault(void **state)
{
    (void)state;
    char *bytes = big_bytes();
    test_remove_tree("sweep");
    assert_int_equal(mkdir("sweep", 0755), 0);
    test_write("sweep-in", bytes, (1 << 20) + 300000);
    rig_sweep_or_ok(cut_body, "sweep-in", ERR_NOMEM, ERR_IO);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(large_content_comes_back_whole_and_in_parts),
        cmocka_unit_test(a_large_pipe_is_put_like_a_file),
        cmocka_unit_test(what_is_inserted_in_the_middle_adds_little),
        cmocka_unit_test(damage_is_noticed_and_putting_again_heals),
        cmocka_unit_test(stopping_leaves_nothing),
        cmocka_unit_test(cutting_survives_every_fault),
    };
    return cmocka_run_group_tests_name("cut content", tests, NULL, NULL);
}

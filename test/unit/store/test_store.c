/* What is proved: bytes come back as they went in, whatever their size and form; every error of store.h; any flipped
** or missing byte is noticed; a full disk leaves nothing half-written; leases fall with their holder; every fault is
** survived.  How: real files in the test's own folder, the `zstd` library beside ours, a file limit in a child. */
#include "store/store.h"
#include "test/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>
#include <zstd.h>

static char self[OS_PATH_MAX];

static Store *fresh(Ctx *cx, const char *folder)
{
    Store *s = NULL;
    test_remove_tree(folder);
    assert_int_equal(mkdir(folder, 0755), 0);
    expect_ok(cx, store_make(cx, folder));
    expect_ok(cx, store_open(cx, folder, &s));
    return s;
}

static void path_of(const char *folder, const Digest *d, const char *end, char *out, size_t n)
{
    char hex[SHA256_TEXT_MAX];
    digest_text(d, hex);
    snprintf(out, n, "%s/objects/%.2s/%s%s", folder, hex, hex + 2, end);
}

static void expect_bytes(Ctx *cx, Store *s, const Digest *d, const void *want, size_t n)
{
    void *got;
    size_t got_n;
    expect_ok(cx, store_get(cx, s, d, n, &got, &got_n));
    assert_int_equal(got_n, n);
    assert_memory_equal(got, want, n);
    assert_int_equal(((char *)got)[n], 0);
    ctx_put(cx, got);
}

static void objects_have_the_names_that_sha256_gives(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *s = fresh(&cx, "names");
    Digest d, want;
    /* FIPS 180-4: SHA-256("abc"), and of nothing. */
    static const char *const hex[] = {
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" };
    for (int i = 0; i < 2; i++) {
        assert_true(digest_read(hex[i], &want));
        expect_ok(&cx, store_put(&cx, s, "abc", i ? 0 : 3, STORE_PACKED, &d));
        assert_true(digest_same(&d, &want));
        expect_ok(&cx, store_put(&cx, s, "abc", i ? 0 : 3, STORE_RAW, &d));
        expect_bytes(&cx, s, &d, "abc", i ? 0 : 3);
        expect_ok(&cx, store_verify(&cx, s, &d));
    }
    assert_true(test_exists("names/objects/ba/7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
    assert_true(test_exists("names/objects/ba/7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad.zst"));
    store_close(&cx, s);
}

static void files_of_any_size_come_back_and_a_plain_zstd_reads_them(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *s = fresh(&cx, "sizes");
    static const size_t sizes[] = { 0, 1, 4095, 131071, 131072, 131073, 262144, 1048576, 1048577, 3000000 };
    char *bytes = malloc(3000000), *plain = malloc(3000001), *packed = malloc(4000000);
    uint32_t x = 1;
    for (size_t i = 0; i < 3000000; i++) bytes[i] = (char)(i % 5000 < 2500 ? 'a' + i % 7 : (x = x * 1664525 + 1013904223) >> 24);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        Digest a, b;
        StoreInfo info;
        char path[200];
        uint64_t n;
        test_write("in", bytes, sizes[i]);
        expect_ok(&cx, store_put_file(&cx, s, "in", STORE_PACKED, &a, &n));
        assert_int_equal(n, sizes[i]);
        expect_ok(&cx, store_digest_file(&cx, "in", &b, &n));
        assert_true(digest_same(&a, &b) && n == sizes[i]);
        expect_bytes(&cx, s, &a, bytes, sizes[i]);
        expect_ok(&cx, store_look(&cx, s, &a, &info));
        assert_true(info.bytes == sizes[i] && info.form == STORE_PACKED);
        expect_ok(&cx, store_get_file(&cx, s, &a, "out"));
        FILE *f = fopen("out", "rb");
        assert_non_null(f);
        assert_int_equal(fread(plain, 1, 3000001, f), sizes[i]);
        fclose(f);
        assert_memory_equal(plain, bytes, sizes[i]);
        if (sizes[i] > (1 << 20)) continue;                        /* cut: test_cut.c */
        path_of("sizes", &a, ".zst", path, sizeof path);
        f = fopen(path, "rb");
        assert_non_null(f);
        size_t k = fread(packed, 1, 4000000, f);
        fclose(f);
        assert_int_equal(k, info.stored);
        assert_int_equal(ZSTD_decompress(plain, 3000000, packed, k), sizes[i]);
        assert_memory_equal(plain, bytes, sizes[i]);
        if (sizes[i] > 10000) assert_true(info.stored < info.bytes);
    }
    assert_int_equal(test_count("sizes/tmp"), 0);
    free(bytes), free(plain), free(packed);
    store_close(&cx, s);
}

static void a_pipe_is_put_like_a_file(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *s = fresh(&cx, "pipes");
    OsProc p;
    Digest d;
    uint64_t n;
    assert_int_equal(mkfifo("fifo", 0600), 0);
    const char *argv[] = { "sh", "-c", "printf hello > fifo", NULL };
    expect_ok(&cx, os_spawn(&cx, argv, NULL, 0, &p));
    expect_ok(&cx, store_put_file(&cx, s, "fifo", STORE_PACKED, &d, &n));
    assert_int_equal(n, 5);
    expect_bytes(&cx, s, &d, "hello", 5);
    assert_int_equal(test_count("pipes/tmp"), 0);
    expect_ok(&cx, os_wait(&cx, &p, true));
    os_proc_end(&cx, &p);
    store_close(&cx, s);
}

static void putting_again_writes_nothing_and_heals_damage(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *s = fresh(&cx, "again");
    Digest d;
    struct stat a, b;
    char path[200];
    struct utimbuf old = { 1000, 1000 };
    expect_ok(&cx, store_put(&cx, s, "some bytes", 10, STORE_PACKED, &d));
    path_of("again", &d, ".zst", path, sizeof path);
    assert_int_equal(utime(path, &old), 0);
    assert_int_equal(stat(path, &a), 0);
    assert_int_equal(a.st_mode & 0222, 0);                     /* read-only */
    expect_ok(&cx, store_put(&cx, s, "some bytes", 10, STORE_PACKED, &d));
    assert_int_equal(stat(path, &b), 0);
    assert_true(a.st_ino == b.st_ino && b.st_mtime > 1000);    /* the same file, dated anew */
    test_flip(path, -1);
    expect_failure(&cx, store_verify(&cx, s, &d), ERR_CORRUPT, "do not match its name");
    expect_ok(&cx, store_put(&cx, s, "some bytes", 10, STORE_PACKED, &d));
    expect_ok(&cx, store_verify(&cx, s, &d));
    /* Wanted raw: then it lies there raw too. */
    StoreMap m;
    expect_failure(&cx, store_map(&cx, s, &d, &m), ERR_BAD_INPUT, "cannot be mapped");
    expect_ok(&cx, store_put(&cx, s, "some bytes", 10, STORE_RAW, &d));
    expect_ok(&cx, store_map(&cx, s, &d, &m));
    assert_true(m.n == 10 && !memcmp(m.at, "some bytes", 10) && (uintptr_t)m.at % 4096 == 0);
    store_unmap(&cx, s, &m);
    store_unmap(&cx, s, &m);
    store_close(&cx, s);
}

/* Every byte flipped, every length cut, in both forms. */
static void any_damage_is_noticed(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    static const char text[] = "0123456789 0123456789 0123456789 and some more words so that there is something to pack";
    for (int form = 0; form < 2; form++) {
        Store *s = fresh(&cx, "damage");
        Digest d;
        StoreMap m;
        char path[200];
        void *bytes;
        size_t n;
        expect_ok(&cx, store_put(&cx, s, text, sizeof text, form ? STORE_RAW : STORE_PACKED, &d));
        path_of("damage", &d, form ? "" : ".zst", path, sizeof path);
        struct stat st;
        assert_int_equal(stat(path, &st), 0);
        for (long i = 0; i < st.st_size; i++) {
            test_flip(path, i);
            Err err = store_get(&cx, s, &d, 1000, &bytes, &n);
            assert_null(bytes);
            expect_failure(&cx, err, ERR_CORRUPT, "damaged");
            expect_failure(&cx, store_get_file(&cx, s, &d, "out.file"), ERR_CORRUPT, "damaged");
            if (form) expect_failure(&cx, store_map(&cx, s, &d, &m), ERR_CORRUPT, "damaged");
            test_flip(path, i);
        }
        for (long i = st.st_size - 1; i >= 0; i--) {
            assert_int_equal(truncate(path, i), 0);
            if (!form && i == st.st_size - 16) continue;           /* only its own checksum is off: as older ones lie there */
            expect_failure(&cx, store_get(&cx, s, &d, 1000, &bytes, &n), ERR_CORRUPT, "damaged");
        }
        assert_false(test_exists("out.file") || test_exists("out.file.new"));
        store_close(&cx, s);
    }
}

static void what_is_not_there_or_too_much_is_refused(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *s = fresh(&cx, "refuse"), *no = NULL;
    Digest d, none = { { 1 } };
    StoreInfo info;
    StoreMap m;
    void *bytes;
    size_t n;
    bool has;
    expect_ok(&cx, store_put(&cx, s, "four", 4, STORE_PACKED, &d));
    expect_ok(&cx, store_has(&cx, s, &d, &has));
    assert_true(has);
    expect_ok(&cx, store_has(&cx, s, &none, &has));
    assert_false(has);
    expect_failure(&cx, store_get(&cx, s, &none, 10, &bytes, &n), ERR_NOT_FOUND, "no object '010000000000");
    expect_failure(&cx, store_look(&cx, s, &none, &info), ERR_NOT_FOUND, NULL);
    expect_failure(&cx, store_map(&cx, s, &none, &m), ERR_NOT_FOUND, NULL);
    expect_failure(&cx, store_verify(&cx, s, &none), ERR_NOT_FOUND, NULL);
    expect_failure(&cx, store_get_file(&cx, s, &none, "x"), ERR_NOT_FOUND, NULL);
    expect_failure(&cx, store_get_file(&cx, s, &d, "no/such/folder/x"), ERR_NOT_FOUND, "cannot be written to");
    expect_failure(&cx, store_get(&cx, s, &d, 3, &bytes, &n), ERR_LIMIT, "4 bytes; the most is 3");
    expect_failure(&cx, store_put_file(&cx, s, "no-file", STORE_PACKED, &d, NULL), ERR_NOT_FOUND, "'no-file'");
    expect_failure(&cx, store_put_file(&cx, s, "refuse", STORE_PACKED, &d, NULL), ERR_BAD_INPUT, "is a folder");
    expect_failure(&cx, store_open(&cx, "nowhere", &no), ERR_NOT_FOUND, "'nowhere'");
    expect_failure(&cx, store_make(&cx, "no/where"), ERR_NOT_FOUND, NULL);
    volatile sig_atomic_t stop = 1;
    test_write("data", "data", 4);
    cx.cancel = &stop;
    expect_failure(&cx, store_put_file(&cx, s, "data", STORE_PACKED, &d, NULL), ERR_INTERRUPTED, NULL);
    expect_ok(&cx, store_put(&cx, s, "kept", 4, STORE_PACKED, &d));            /* results are kept even so */
    cx.cancel = NULL;
    cx.deadline_us = 1;
    expect_failure(&cx, store_put_file(&cx, s, "data", STORE_PACKED, &d, NULL), ERR_TIME, NULL);
    cx.deadline_us = 0;
    char deep[STORE_PATH_MAX + 10];
    memset(deep, 'x', sizeof deep);
    deep[sizeof deep - 1] = 0;
    expect_failure(&cx, store_open(&cx, deep, &no), ERR_LIMIT, "longer than");
    assert_int_equal(test_count("refuse/tmp"), 0);
    assert_int_equal(chmod("refuse", 0777), 0);
    expect_failure(&cx, store_open(&cx, "refuse", &no), ERR_DENIED, "anybody may write");
    assert_null(no);
    store_close(&cx, s);
    store_close(&cx, NULL);
}

typedef struct Tally { int n, raw; uint64_t bytes; Err stop; } Tally;

static Err tally(void *arg, const Digest *d, const StoreInfo *info)
{
    Tally *t = arg;
    (void)d;
    t->n++;
    t->raw += info->form == STORE_RAW;
    t->bytes += info->bytes;
    return t->stop;
}

static void a_list_names_every_object_and_nothing_else(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *s = fresh(&cx, "list");
    Digest d;
    Tally t = { 0 };
    for (int i = 0; i < 20; i++)
        expect_ok(&cx, store_put(&cx, s, &i, sizeof i, i % 2 ? STORE_RAW : STORE_PACKED, &d));
    test_write("list/objects/README", "x", 1);
    assert_int_equal(mkdir("list/objects/zz", 0755), 0);
    test_write("list/objects/zz/7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "x", 1);
    expect_ok(&cx, store_list(&cx, s, tally, &t));
    assert_true(t.n == 20 && t.raw == 10 && t.bytes == 80);
    t.stop = ERR_TIME;
    t.n = 0;
    assert_int_equal(store_list(&cx, s, tally, &t), ERR_TIME);
    assert_int_equal(t.n, 1);
    store_close(&cx, s);
}

static void tidying_removes_only_what_is_old_and_ours(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *s = fresh(&cx, "tidy");
    char a[STORE_PATH_MAX], b[STORE_PATH_MAX];
    struct utimbuf old = { 1000, 1000 };
    expect_ok(&cx, store_tmp_path(&cx, s, "x", a));
    expect_ok(&cx, store_tmp_path(&cx, s, "x", b));
    assert_string_not_equal(a, b);
    test_write(a, "x", 1);
    test_write(b, "x", 1);
    test_write("tidy/tmp/run-1.lease", "", 0);
    assert_int_equal(utime(a, &old), 0);
    assert_int_equal(utime("tidy/tmp/run-1.lease", &old), 0);
    expect_ok(&cx, store_tidy(&cx, s));
    assert_true(!test_exists(a) && test_exists(b) && test_exists("tidy/tmp/run-1.lease"));
    store_close(&cx, s);
}

static void a_lease_is_held_once_and_falls(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *s = fresh(&cx, "lease");
    StoreLease a, b, none = { .path = "" };
    bool held;
    expect_ok(&cx, store_lease_take(&cx, s, "run-1", &a));
    expect_failure(&cx, store_lease_take(&cx, s, "run-1", &b), ERR_REFUSED, "in use");
    expect_ok(&cx, store_lease_held(&cx, s, "run-1", &held));
    assert_true(held);
    store_lease_drop(&b);
    store_lease_drop(&a);
    store_lease_drop(&none);
    expect_ok(&cx, store_lease_held(&cx, s, "run-1", &held));
    assert_false(held);
    store_close(&cx, s);
}

static void a_full_disk_leaves_nothing_half_written(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *s = fresh(&cx, "full");
    OsProc p;
    Digest d;
    store_close(&cx, s);
    const char *argv[] = { self, "full", NULL };
    expect_ok(&cx, os_spawn(&cx, argv, NULL, 0, &p));
    expect_ok(&cx, os_wait(&cx, &p, true));
    assert_int_equal(p.status, 0);
    os_proc_end(&cx, &p);
    assert_int_equal(test_count("full"), 1);
    expect_ok(&cx, store_open(&cx, "full", &s));
    expect_ok(&cx, hash_bytes(&cx, "small", 5, &d));
    expect_bytes(&cx, s, &d, "small", 5);
    store_close(&cx, s);
}

/* 100 KB at most fit in a file: as a disk that fills up. */
static int child_full(Ctx *cx)
{
    Store *s;
    Digest d;
    uint32_t x = 1;
    static char big[500000];
    (void)os_catch_interrupt();
    for (size_t i = 0; i < sizeof big; i++) big[i] = (char)((x = x * 1664525 + 1013904223) >> 24);
    test_write("big", big, sizeof big);
    if (os_limit_file(cx, 100000) || store_open(cx, "full", &s)) return 1;
    if (store_put(cx, s, big, sizeof big, STORE_RAW, &d) != ERR_IO || !strstr(cx->text, "full or failing"))
        return 2;
    if (store_put_file(cx, s, "big", STORE_PACKED, &d, NULL) != ERR_IO) return 3;
    if (store_put(cx, s, "small", 5, STORE_PACKED, &d)) return 4;
    store_close(cx, s);
    return 0;
}

static Err put_body(Ctx *cx, void *arg)
{
    Store *s = NULL;
    Digest d, f;
    void *bytes = NULL;
    size_t n;
    StoreMap m = { 0 };
    bool has;
    Tally t = { 0 };
    Err err = OK;
    test_remove_tree("fault/objects");
    test_remove_tree("fault/tmp");
    TRY_DONE(cx, store_make(cx, "fault"));
    TRY_DONE(cx, store_open(cx, "fault", &s));
    TRY_DONE(cx, store_put(cx, s, "tea", 3, STORE_RAW, &d));
    TRY_DONE(cx, store_put_file(cx, s, "fault-in", STORE_PACKED, &f, NULL));
    TRY_DONE(cx, store_put_file(cx, s, "fault-in", STORE_PACKED, &f, NULL));
    TRY_DONE(cx, store_map(cx, s, &d, &m));
    TRY_DONE(cx, store_get(cx, s, &f, 1 << 20, &bytes, &n));
    TRY_DONE(cx, store_get_file(cx, s, &f, "fault-out"));
    TRY_DONE(cx, store_has(cx, s, &d, &has));
    TRY_DONE(cx, store_list(cx, s, tally, &t));
    TRY_DONE(cx, store_tidy(cx, s));
    assert_true(n == 300000 && m.n == 3 && has && t.n == 2);
done:
    ctx_put(cx, bytes);
    if (s) store_unmap(cx, s, &m);
    store_close(cx, s);
    /* Whatever lies there is whole. */
    Ctx sound = test_ctx();
    Store *check = NULL;
    if (test_exists("fault/objects")) {
        expect_ok(&sound, store_open(&sound, "fault", &check));
        expect_ok(&sound, hash_bytes(&sound, "tea", 3, &d));
        Err got = store_verify(&sound, check, &d);
        assert_true(got == OK || got == ERR_NOT_FOUND);
        expect_ok(&sound, store_digest_file(&sound, "fault-in", &f, NULL));
        got = store_verify(&sound, check, &f);
        assert_true(got == OK || got == ERR_NOT_FOUND);
        store_close(&sound, check);
    }
    (void)arg;
    return err;
}

static void putting_and_getting_survive_every_fault(void **state)
{
    (void)state;
    static char text[300000];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)('a' + i % 11);
    test_remove_tree("fault");
    assert_int_equal(mkdir("fault", 0755), 0);
    test_write("fault-in", text, sizeof text);
    rig_sweep_or_ok(put_body, NULL, ERR_NOMEM, ERR_IO);
}

int main(int argc, char **argv)
{
    Ctx cx = test_ctx();
    if (os_exe_path(&cx, self)) return 99;
    (void)umask(022);
    if (argc > 1) return child_full(&cx);
    (void)argv;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(objects_have_the_names_that_sha256_gives),
        cmocka_unit_test(files_of_any_size_come_back_and_a_plain_zstd_reads_them),
        cmocka_unit_test(a_pipe_is_put_like_a_file),
        cmocka_unit_test(putting_again_writes_nothing_and_heals_damage),
        cmocka_unit_test(any_damage_is_noticed),
        cmocka_unit_test(what_is_not_there_or_too_much_is_refused),
        cmocka_unit_test(a_list_names_every_object_and_nothing_else),
        cmocka_unit_test(tidying_removes_only_what_is_old_and_ours),
        cmocka_unit_test(a_lease_is_held_once_and_falls),
        cmocka_unit_test(a_full_disk_leaves_nothing_half_written),
        cmocka_unit_test(putting_and_getting_survive_every_fault),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}

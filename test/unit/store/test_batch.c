/* What is proved: a batch is seen whole after its commit and not at all before; its objects come back by name, in any
** number of packs, from several threads at once; any flipped bit in a pack or an index is noticed or does no harm;
** putting again heals; every fault is survived.  How: real files in the test's own folder; the checksum beside the one
** that libzstd puts into its frames; SHA-256 names beside what was put. */
#include "store/inner.h"
#include "store/store.h"
#include "test/test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zstd.h>

static Store *fresh(Ctx *cx, const char *folder)
{
    Store *s = NULL;
    test_remove_tree(folder);
    assert_int_equal(mkdir(folder, 0755), 0);
    expect_ok(cx, store_make(cx, folder));
    expect_ok(cx, store_open(cx, folder, &s));
    return s;
}

/* The i-th of a row of different contents, 0 to 3000 bytes, some that pack and some that do not. */
static size_t content(unsigned i, char *out)
{
    size_t n = i * 37 % 3001;
    uint32_t x = i * 2654435761u + 1;
    for (size_t k = 0; k < n; k++) out[k] = i % 3 ? (char)('a' + (k / 3 + i) % 17) : (char)((x = x * 1664525 + 1013904223) >> 24);
    return n + (size_t)snprintf(out + n, 32, "#%u", i);
}

static size_t files_ending(const char *folder, const char *end)
{
    size_t n = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        size_t k = strlen(e->d_name);
        n += k >= strlen(end) && !strcmp(e->d_name + k - strlen(end), end);
    }
    closedir(dir);
    return n;
}

static void one_file_ending(const char *folder, const char *end, char *out, size_t cap)
{
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    out[0] = 0;
    for (struct dirent *e; (e = readdir(dir));) {
        size_t k = strlen(e->d_name);
        if (k >= strlen(end) && !strcmp(e->d_name + k - strlen(end), end)) snprintf(out, cap, "%s/%s", folder, e->d_name);
    }
    closedir(dir);
    assert_true(out[0]);
}

static void put_some(Ctx *cx, Store *s, unsigned from, unsigned to)
{
    StoreBatch *b;
    char text[4000];
    Digest d, want;
    expect_ok(cx, store_batch_begin(cx, s, &b));
    for (unsigned i = from; i < to; i++) {
        size_t n = content(i, text);
        expect_ok(cx, store_batch_put(cx, b, text, n, &d));
        expect_ok(cx, hash_bytes(cx, text, n, &want));
        assert_true(digest_same(&d, &want));
    }
    expect_ok(cx, store_batch_commit(cx, b));
    store_batch_end(cx, b);
}

static void expect_there(Ctx *cx, Store *s, unsigned i)
{
    char text[4000];
    size_t n = content(i, text), got_n;
    void *got;
    Digest d;
    StoreInfo info;
    expect_ok(cx, hash_bytes(cx, text, n, &d));
    expect_ok(cx, store_get(cx, s, &d, n, &got, &got_n));
    assert_int_equal(got_n, n);
    assert_memory_equal(got, text, n);
    ctx_put(cx, got);
    expect_ok(cx, store_look(cx, s, &d, &info));
    assert_true(info.bytes == n && info.in_pack && info.form == STORE_PACKED && info.changed_us > 0);
}

/* The specification's answers for nothing and for "a"; for longer ones what zstd writes behind its frames. */
static void the_checksum_is_xxh64(void **state)
{
    (void)state;
    static unsigned char bytes[5000], packed[8000];
    assert_true(sum_of("", 0) == 0xEF46DB3751D8E999u);
    assert_true(sum_of("a", 1) == 0xD24EC4F1A98C6E5Bu);
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(i * 31 + i / 7);
    ZSTD_CCtx *z = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(z, ZSTD_c_checksumFlag, 1);
    for (size_t n = 0; n < 5000; n = n * 5 / 4 + 1) {
        size_t k = ZSTD_compress2(z, packed, sizeof packed, bytes, n);
        assert_false(ZSTD_isError(k));
        uint64_t sum = sum_of(bytes, n);
        Sum parts;
        sum_start(&parts);
        for (size_t at = 0; at < n; at += 7) sum_more(&parts, bytes + at, n - at < 7 ? n - at : 7);
        assert_true(sum_end(&parts) == sum);
        for (int i = 0; i < 4; i++) assert_int_equal(packed[k - 4 + (size_t)i], (unsigned char)(sum >> 8 * i));
    }
    ZSTD_freeCCtx(z);
}

static void a_batch_is_seen_whole_after_its_commit_and_not_before(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *s = fresh(&cx, "batch"), *other = NULL;
    StoreBatch *b;
    char text[4000];
    Digest d;
    bool has;
    expect_ok(&cx, store_open(&cx, "batch", &other));
    size_t n = content(1, text);
    expect_ok(&cx, store_batch_begin(&cx, s, &b));
    expect_ok(&cx, store_batch_put(&cx, b, text, n, &d));
    for (int i = 0; i < 2; i++) {
        expect_ok(&cx, store_has(&cx, i ? s : other, &d, &has));
        assert_false(has);
    }
    store_batch_end(&cx, b);                                       /* never committed */
    assert_int_equal(test_count("batch"), 0);
    put_some(&cx, s, 0, 1000);
    put_some(&cx, s, 500, 1000);                                   /* nothing new: nothing written */
    assert_int_equal(test_count("batch"), 2);
    for (unsigned i = 0; i < 1000; i++) {
        expect_there(&cx, s, i);
        expect_there(&cx, other, i);                               /* who had it open sees it too */
    }
    store_close(&cx, s);
    store_close(&cx, other);
}

static void many_batches_leave_few_indexes(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *s = fresh(&cx, "many"), *other = NULL;
    expect_ok(&cx, store_open(&cx, "many", &other));
    for (unsigned i = 0; i < 100; i++) {
        put_some(&cx, s, 3 * i, 3 * i + 3);
        if (i % 10 == 0) expect_there(&cx, other, 3 * i);
    }
    assert_int_equal(files_ending("many/packs", ".pack"), 100);
    assert_true(files_ending("many/packs", ".idx") <= 9);
    for (unsigned i = 0; i < 300; i++) {
        expect_there(&cx, s, i);
        expect_there(&cx, other, i);
    }
    store_close(&cx, s);
    store_close(&cx, other);
    expect_ok(&cx, store_open(&cx, "many", &s));
    for (unsigned i = 0; i < 300; i++) expect_there(&cx, s, i);
    store_close(&cx, s);
}

static void files_go_in_and_come_out(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *s = fresh(&cx, "files");
    StoreBatch *b;
    enum { N = 300 };
    static char text[4000], path[N][40], to[N][40];
    static StoreFile file[N], out[N];
    assert_int_equal(mkdir("files/in", 0755), 0);
    assert_int_equal(mkdir("files/out", 0755), 0);
    for (unsigned i = 0; i < N; i++) {
        snprintf(path[i], sizeof path[i], "files/in/%u", i);
        snprintf(to[i], sizeof to[i], "files/out/%u", i);
        test_write(path[i], text, content(i % 250, text));         /* some twice */
        file[i] = (StoreFile){ .path = path[i] };
    }
    expect_ok(&cx, store_batch_begin(&cx, s, &b));
    expect_ok(&cx, store_batch_put_files(&cx, b, file, N));
    expect_ok(&cx, store_batch_commit(&cx, b));
    for (unsigned i = 0; i < N; i++) {
        Digest d;
        size_t n = content(i % 250, text);
        expect_ok(&cx, hash_bytes(&cx, text, n, &d));
        assert_true(digest_same(&d, &file[i].digest) && file[i].bytes == n);
        out[i] = (StoreFile){ .path = to[i], .digest = d };
    }
    test_write(to[7], "what was there", 14);
    expect_ok(&cx, store_copy_out_all(&cx, s, out, N));
    for (unsigned i = 0; i < N; i++) {
        Digest d;
        expect_ok(&cx, store_digest_file(&cx, to[i], &d, NULL));
        assert_true(digest_same(&d, &file[i].digest));
    }
    file[0].path = "files/none";
    expect_failure(&cx, store_batch_put_files(&cx, b, file, 1), ERR_NOT_FOUND, "'files/none'");
    file[0].path = "files/in";
    expect_failure(&cx, store_batch_put_files(&cx, b, file, 1), ERR_BAD_INPUT, "is a folder");
    store_batch_end(&cx, b);
    store_batch_end(&cx, NULL);
    store_close(&cx, s);
}

typedef struct Work { Store *s; StoreBatch *b; } Work;

static Err work_part(Ctx *cx, void *self, size_t i)
{
    Work *w = self;
    char text[4000];
    Digest d;
    void *got;
    size_t got_n;
    if (i % 4) {
        TRY(cx, store_batch_put(cx, w->b, text, content((unsigned)(1000 + i % 500), text), &d));
        return OK;
    }
    size_t n = content((unsigned)(i % 200), text);
    TRY(cx, hash_bytes(cx, text, n, &d));
    TRY(cx, store_get(cx, w->s, &d, n, &got, &got_n));
    if (got_n != n || memcmp(got, text, n)) return FAIL(cx, ERR_BUG, "wrong bytes");
    ctx_put(cx, got);
    return OK;
}

static void several_threads_put_and_get_at_once(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *s = fresh(&cx, "threads");
    Work w = { .s = s };
    for (unsigned i = 0; i < 200; i += 50) put_some(&cx, s, i, i + 50);
    expect_ok(&cx, store_batch_begin(&cx, s, &w.b));
    expect_ok(&cx, os_parts(&cx, 8, 2000, work_part, &w));
    expect_ok(&cx, store_batch_commit(&cx, w.b));
    store_batch_end(&cx, w.b);
    for (unsigned i = 1000; i < 1500; i++)
        if (i % 4) expect_there(&cx, s, i);
    assert_int_equal(files_ending("threads/packs", ".pack"), 5);
    store_close(&cx, s);
}

/* Every byte of the pack and of the index, one bit each: then all objects are asked for. */
static void a_flipped_bit_is_noticed_or_does_no_harm(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    static const char *const ends[] = { ".pack", ".idx" };
    enum { N = 4 };
    char text[N][4000], path[300];
    size_t n[N];
    Digest d[N];
    Store *s = fresh(&cx, "flips");
    put_some(&cx, s, 0, N);
    store_close(&cx, s);
    for (unsigned i = 0; i < N; i++) expect_ok(&cx, hash_bytes(&cx, text[i], n[i] = content(i, text[i]), &d[i]));
    for (int which = 0; which < 2; which++) {
        struct stat st;
        one_file_ending("flips/packs", ends[which], path, sizeof path);
        assert_int_equal(stat(path, &st), 0);
        for (long at = 0; at < st.st_size; at++) {
            int noticed = 0;
            test_flip(path, at);
            Err err = store_open(&cx, "flips", &s);
            assert_int_equal(err, OK);
            for (int i = 0; i < N; i++) {
                void *got;
                size_t got_n;
                err = store_get(&cx, s, &d[i], 4000, &got, &got_n);
                if (err && err != ERR_CORRUPT) fail_msg("byte %ld of %s: %s: %s", at, ends[which], err_text(err), cx.text);
                noticed += err == ERR_CORRUPT;
                if (!err) {
                    assert_int_equal(got_n, n[i]);
                    assert_memory_equal(got, text[i], n[i]);
                    ctx_put(&cx, got);
                }
            }
            if (which == 0 && at >= 24 && noticed != 1) fail_msg("byte %ld of the pack: %d objects are damaged", at, noticed);
            store_close(&cx, s);
            test_flip(path, at);
        }
    }
}

static void putting_again_heals_a_damaged_pack(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    char path[300], text[4000];
    Digest d;
    Store *s = fresh(&cx, "heal");
    put_some(&cx, s, 0, 3);
    one_file_ending("heal/packs", ".pack", path, sizeof path);
    test_flip(path, -1);
    expect_ok(&cx, hash_bytes(&cx, text, content(2, text), &d));
    expect_failure(&cx, store_verify(&cx, s, &d), ERR_CORRUPT, ".pack");
    put_some(&cx, s, 0, 3);
    for (unsigned i = 0; i < 3; i++) expect_there(&cx, s, i);
    store_close(&cx, s);
    expect_ok(&cx, store_open(&cx, "heal", &s));
    for (unsigned i = 0; i < 3; i++) expect_there(&cx, s, i);
    store_close(&cx, s);
}

/* What lies in one folder, by hard links, in the other. */
static void link_all(const char *from, const char *to)
{
    char a[300], b[300];
    DIR *dir = opendir(from);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        if (e->d_name[0] == '.') continue;
        snprintf(a, sizeof a, "%s/%s", from, e->d_name);
        snprintf(b, sizeof b, "%s/%s", to, e->d_name);
        assert_int_equal(link(a, b), 0);
    }
    closedir(dir);
}

/* A batch that makes one index too many, so that they are merged. */
static Err batch_body(Ctx *cx, void *arg)
{
    Store *s = NULL;
    StoreBatch *b = NULL;
    char text[4000];
    void *bytes = NULL;
    size_t n;
    Digest d;
    bool done = false;
    Err err = OK;
    (void)arg;
    test_remove_tree("sweep/packs");
    test_remove_tree("sweep/tmp");
    TRY_DONE(cx, store_make(cx, "sweep"));
    link_all("seed/packs", "sweep/packs");
    TRY_DONE(cx, store_open(cx, "sweep", &s));
    store_use_threads(s, 1);
    TRY_DONE(cx, store_batch_begin(cx, s, &b));
    for (unsigned i = 14; i < 20; i++) TRY_DONE(cx, store_batch_put(cx, b, text, content(i, text), &d));
    TRY_DONE(cx, store_batch_put_file(cx, b, "sweep-in", &d, NULL));
    TRY_DONE(cx, store_batch_commit(cx, b));
    done = true;
    TRY_DONE(cx, store_get(cx, s, &d, 100, &bytes, &n));
    assert_true(n == 5 && !memcmp(bytes, "hello", 5));
    assert_true(files_ending("sweep/packs", ".idx") < 9);
done:
    ctx_put(cx, bytes);
    store_batch_end(cx, b);
    store_close(cx, s);
    if (test_exists("sweep/packs") && files_ending("sweep/packs", ".pack") >= 8) {    /* the past is untouched */
        Ctx sound = test_ctx();
        expect_ok(&sound, store_open(&sound, "sweep", &s));
        for (unsigned i = 0; i < (done ? 20 : 16); i++) expect_there(&sound, s, i);
        store_close(&sound, s);
    }
    return err;
}

static void batches_survive_every_fault(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *s = fresh(&cx, "seed");
    for (unsigned i = 0; i < 16; i += 2) put_some(&cx, s, i, i + 2);
    store_close(&cx, s);
    assert_int_equal(files_ending("seed/packs", ".idx"), 8);
    test_remove_tree("sweep");
    assert_int_equal(mkdir("sweep", 0755), 0);
    test_write("sweep-in", "hello", 5);
    rig_sweep_or_ok(batch_body, NULL, ERR_NOMEM, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_checksum_is_xxh64),
        cmocka_unit_test(a_batch_is_seen_whole_after_its_commit_and_not_before),
        cmocka_unit_test(many_batches_leave_few_indexes),
        cmocka_unit_test(files_go_in_and_come_out),
        cmocka_unit_test(several_threads_put_and_get_at_once),
        cmocka_unit_test(a_flipped_bit_is_noticed_or_does_no_harm),
        cmocka_unit_test(putting_again_heals_a_damaged_pack),
        cmocka_unit_test(batches_survive_every_fault),
    };
    return cmocka_run_group_tests_name("store batches", tests, NULL, NULL);
}

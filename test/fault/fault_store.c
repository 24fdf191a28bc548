/* What is proved: store_put is all or nothing across a power cut, and OK means kept.  How: a disk made of memory that
** forgets whatever was not synced; the power goes at step k, for every k, on a disk that loses fresh names and on one
** that keeps them but loses the bytes behind them; for packed and raw objects, for batches, and for save_whole. */
#include "base/save.h"
#include "store/store.h"
#include "test/disk.h"
#include "test/test.h"

#include <string.h>

static char long_text[300000];

static World world_of(const Files *files)
{
    return (World){ .alloc = os_world.alloc, .files = files, .clock = os_world.clock };
}

static Err fetch(Ctx *cx, Store *s, const Digest *d, const char *want, size_t n)
{
    void *bytes;
    size_t got;
    Err err = store_get(cx, s, d, 1 << 20, &bytes, &got);
    if (!err) {
        assert_int_equal(got, n);
        assert_memory_equal(bytes, want, n);
    }
    ctx_put(cx, bytes);
    return err;
}

/* One cut at step k; true when the put got through before it. */
static bool cut_at(long k, StoreForm form, bool names_survive, const char *text, size_t n)
{
    Disk *disk = disk_new();
    Files files = disk_files(disk);
    World world = world_of(&files);
    Ctx cx = { .world = &world };
    Store *s = NULL;
    Digest tea, put, want;
    assert_int_equal(files.make_folder(files.self, "home"), OK);
    assert_int_equal(files.sync_folder(files.self, ""), OK);
    expect_ok(&cx, store_make(&cx, "home"));
    expect_ok(&cx, store_open(&cx, "home", &s));
    expect_ok(&cx, store_put(&cx, s, "tea", 3, form, &tea));
    expect_ok(&cx, hash_bytes(&cx, text, n, &want));

    disk_cut(disk, k);
    Err err = store_put(&cx, s, text, n, form, &put);
    bool met = disk_steps(disk) >= k;
    store_close(&cx, s);
    disk_power_back(disk, names_survive);

    expect_ok(&cx, store_open(&cx, "home", &s));
    expect_ok(&cx, fetch(&cx, s, &tea, "tea", 3));             /* the past is untouched */
    Err got = fetch(&cx, s, &want, text, n);
    if (got && got != ERR_NOT_FOUND) fail_msg("cut %ld: %s", k, cx.text);
    if (!err) assert_int_equal(got, OK);
    expect_ok(&cx, store_put(&cx, s, text, n, form, &put));    /* and life goes on */
    expect_ok(&cx, fetch(&cx, s, &want, text, n));
    store_close(&cx, s);
    disk_free(disk);
    if (!met) assert_int_equal(err, OK);
    return !met;
}

static void a_power_cut_never_halves_an_object_nor_forgets_a_kept_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof long_text; i++) long_text[i] = (char)(i * 2654435761u >> 13);
    for (int way = 0; way < 8; way++) {
        StoreForm form = way & 1 ? STORE_RAW : STORE_PACKED;
        size_t n = way & 4 ? sizeof long_text : 10;
        long k = 1;
        while (!cut_at(k, form, way & 2, long_text, n)) k++;
        assert_true(k > 5);
    }
}

/* One cut at step k of a batch; true when it got through before it. */
static bool batch_cut_at(long k, bool names_survive)
{
    Disk *disk = disk_new();
    Files files = disk_files(disk);
    World world = world_of(&files);
    Ctx cx = { .world = &world };
    Store *s = NULL;
    StoreBatch *b = NULL;
    Digest tea, d[3];
    int there = 0;
    assert_int_equal(files.make_folder(files.self, "home"), OK);
    assert_int_equal(files.sync_folder(files.self, ""), OK);
    expect_ok(&cx, store_make(&cx, "home"));
    expect_ok(&cx, store_open(&cx, "home", &s));
    store_use_threads(s, 1);
    expect_ok(&cx, store_batch_begin(&cx, s, &b));
    expect_ok(&cx, store_batch_put(&cx, b, "tea", 3, &tea));
    expect_ok(&cx, store_batch_commit(&cx, b));

    disk_cut(disk, k);
    Err err = OK;
    for (int i = 0; i < 3 && !err; i++) err = store_batch_put(&cx, b, long_text + i, 100000, &d[i]);
    if (!err) err = store_batch_commit(&cx, b);
    bool met = disk_steps(disk) >= k;
    store_batch_end(&cx, b);
    store_close(&cx, s);
    disk_power_back(disk, names_survive);

    expect_ok(&cx, store_open(&cx, "home", &s));
    expect_ok(&cx, fetch(&cx, s, &tea, "tea", 3));             /* the past is untouched */
    for (int i = 0; i < 3; i++) {
        expect_ok(&cx, hash_bytes(&cx, long_text + i, 100000, &d[i]));
        Err got = fetch(&cx, s, &d[i], long_text + i, 100000);
        if (got && got != ERR_NOT_FOUND) fail_msg("cut %ld: %s", k, cx.text);
        there += !got;
    }
    assert_true(there == 0 || there == 3);                     /* all or none */
    if (!err) assert_int_equal(there, 3);
    expect_ok(&cx, store_batch_begin(&cx, s, &b));
    for (int i = 0; i < 3; i++) expect_ok(&cx, store_batch_put(&cx, b, long_text + i, 100000, &d[i]));
    expect_ok(&cx, store_batch_commit(&cx, b));                /* and life goes on */
    for (int i = 0; i < 3; i++) expect_ok(&cx, fetch(&cx, s, &d[i], long_text + i, 100000));
    store_batch_end(&cx, b);
    store_close(&cx, s);
    disk_free(disk);
    if (!met) assert_int_equal(err, OK);
    return !met;
}

static void a_power_cut_leaves_all_of_a_batch_or_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof long_text; i++) long_text[i] = (char)(i * 2654435761u >> 13);
    for (int survive = 0; survive < 2; survive++) {
        long k = 1;
        while (!batch_cut_at(k, survive)) k++;
        assert_true(k > 8);
    }
}

static void a_power_cut_never_halves_a_saved_file(void **state)
{
    (void)state;
    for (int survive = 0; survive < 2; survive++) {
        for (long k = 1;; k++) {
            Disk *disk = disk_new();
            Files files = disk_files(disk);
            World world = world_of(&files);
            Ctx cx = { .world = &world };
            char *text = NULL;
            size_t n;
            assert_int_equal(files.make_folder(files.self, "home"), OK);
            assert_int_equal(files.sync_folder(files.self, ""), OK);
            expect_ok(&cx, save_whole(&cx, "home/x", "old", 3));
            disk_cut(disk, k);
            Err err = save_whole(&cx, "home/x", "newer", 5);
            bool met = disk_steps(disk) >= k;
            disk_power_back(disk, survive);
            expect_ok(&cx, save_read(&cx, "home/x", 100, &text, &n));
            assert_true(!strcmp(text, "newer") || (err && !strcmp(text, "old")));
            ctx_put(&cx, text);
            disk_free(disk);
            if (!met) break;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_power_cut_never_halves_an_object_nor_forgets_a_kept_one),
        cmocka_unit_test(a_power_cut_leaves_all_of_a_batch_or_none),
        cmocka_unit_test(a_power_cut_never_halves_a_saved_file),
    };
    return cmocka_run_group_tests_name("power cuts", tests, NULL, NULL);
}

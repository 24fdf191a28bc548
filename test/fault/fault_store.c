/* What is proved: store_put is all or nothing across a power cut, and OK means kept.  How: a disk made of memory that
** forgets whatever was not synced; the power goes at step k, for every k, on a disk that loses fresh names and on one
** that keeps them but loses the bytes behind them; for packed and raw objects, and for save_whole. */
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
        cmocka_unit_test(a_power_cut_never_halves_a_saved_file),
    };
    return cmocka_run_group_tests_name("power cuts", tests, NULL, NULL);
}

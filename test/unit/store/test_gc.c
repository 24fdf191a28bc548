/* What is proved: gc removes what nobody names and is old, and nothing else, from files of their own and from packs; an add
** that reuses an object while a gc runs loses nothing, a thousand times over; a damaged store loses nothing; fsck finds a flipped
** bit at any place of objects, packs, indexes and recipes, says where, and builds indexes anew; copying brings all, checks all,
** and goes on where it was stopped; every fault is survived.  How: real files, dated back by hand. */
#include "store/inner.h"
#include "store/store.h"
#include "test/test.h"

#include "base/random.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BIG ((size_t)3 << 20)
#define RACES 1000
#define FLIPS 400

static char *big;

static Store *fresh(Ctx *cx, const char *folder)
{
    Store *s = NULL;
    test_remove_tree(folder);
    assert_int_equal(mkdir(folder, 0755), 0);
    expect_ok(cx, store_make(cx, folder));
    expect_ok(cx, store_open(cx, folder, &s));
    return s;
}

static int make_big(void **state)
{
    Random r = random_make(4, "gc", 0, 0);
    (void)state;
    big = malloc(BIG);
    for (size_t i = 0; i < BIG; i++) big[i] = (char)(i % 8192 < 3000 ? (uint64_t)'a' + i % 9 : random_bits(&r));
    return 0;
}

static int free_big(void **state)
{
    (void)state;
    free(big);
    return 0;
}

/* Every file below dated two days back. */
static void date_back(const char *folder)
{
    const struct timespec old[2] = { { .tv_sec = time(NULL) - 172800 }, { .tv_sec = time(NULL) - 172800 } };
    char path[500];
    DIR *dir = opendir(folder);
    if (!dir) return;
    for (struct dirent *e; (e = readdir(dir));) {
        if (e->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (e->d_type == DT_DIR) date_back(path);
        else assert_int_equal(utimensat(AT_FDCWD, path, old, 0), 0);
    }
    closedir(dir);
}

typedef struct Roots { Digest d[64]; size_t n; } Roots;

static Err give_roots(Ctx *cx, void *arg, StoreKeep *keep, void *to)
{
    const Roots *r = arg;
    for (size_t i = 0; i < r->n; i++) TRY(cx, keep(to, &r->d[i]));
    return OK;
}

static Err gc(Ctx *cx, Store *s, Roots *roots, bool dry, StoreGcOut *out)
{
    StoreGcIn in = { .roots = give_roots, .arg = roots, .dry_run = dry };
    return store_gc(cx, s, &in, out);
}

static void put_batch(Ctx *cx, Store *s, int from, int to, Digest *d)
{
    StoreBatch *b;
    char text[100];
    expect_ok(cx, store_batch_begin(cx, s, &b));
    for (int i = from; i < to; i++) {
        int n = snprintf(text, sizeof text, "object %d and so on, so that there is something to keep", i);
        expect_ok(cx, store_batch_put(cx, b, text, (size_t)n, &d[i - from]));
    }
    expect_ok(cx, store_batch_commit(cx, b));
    store_batch_end(cx, b);
}

static bool there(Ctx *cx, Store *s, const Digest *d)
{
    bool has;
    expect_ok(cx, store_has(cx, s, d, &has));
    if (has) expect_ok(cx, store_verify(cx, s, d));
    return has;
}

static void what_nobody_names_goes_and_nothing_else(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *s = fresh(&cx, "sweep");
    Digest loose[3], packed[20], whole[10], large[2];
    Roots roots = { .n = 0 };
    StoreGcOut out;
    expect_ok(&cx, store_put(&cx, s, "kept", 4, STORE_RAW, &loose[0]));
    expect_ok(&cx, store_put(&cx, s, "to go", 5, STORE_PACKED, &loose[1]));
    put_batch(&cx, s, 0, 20, packed);
    put_batch(&cx, s, 20, 30, whole);
    expect_ok(&cx, store_put(&cx, s, big, BIG, STORE_PACKED, &large[0]));
    expect_ok(&cx, store_put(&cx, s, big + BIG / 2, BIG / 2, STORE_PACKED, &large[1]));        /* shares chunks with it */
    date_back("sweep");
    expect_ok(&cx, store_put(&cx, s, "young", 5, STORE_PACKED, &loose[2]));
    test_write("sweep/packs/00112233445566778899aabbccddeeff.pack", "left by a crash", 15);
    date_back("sweep/packs");
    roots.d[roots.n++] = loose[0];
    for (int i = 0; i < 10; i++) roots.d[roots.n++] = packed[2 * i];
    roots.d[roots.n++] = large[1];
    expect_ok(&cx, gc(&cx, s, &roots, true, &out));
    assert_true(out.removed > 20 && out.freed > BIG / 8 && out.spared == 1);
    StoreGcOut did;
    for (int i = 0; i < 20; i++) assert_true(there(&cx, s, &packed[i]));       /* --dry-run removes nothing */
    expect_ok(&cx, gc(&cx, s, &roots, false, &did));
    assert_true(did.removed == out.removed && did.freed == out.freed && did.spared == out.spared);
    for (int open = 0; open < 2; open++) {
        assert_true(there(&cx, s, &loose[0]) && !there(&cx, s, &loose[1]) && there(&cx, s, &loose[2]));
        for (int i = 0; i < 20; i++) assert_int_equal(there(&cx, s, &packed[i]), i % 2 == 0);
        for (int i = 0; i < 10; i++) assert_false(there(&cx, s, &whole[i]));
        assert_true(!there(&cx, s, &large[0]) && there(&cx, s, &large[1]));
        store_close(&cx, s);
        expect_ok(&cx, store_open(&cx, "sweep", &s));
    }
    assert_false(test_exists("sweep/packs/00112233445566778899aabbccddeeff.pack"));
    expect_ok(&cx, gc(&cx, s, &roots, false, &did));
    assert_int_equal(did.removed, 0);
    StoreFsckOut sound;
    expect_ok(&cx, store_fsck(&cx, s, false, NULL, NULL, &sound));
    assert_int_equal(sound.faults, 0);
    StoreLease held;
    expect_ok(&cx, store_lease_take(&cx, s, "gc", &held));
    expect_failure(&cx, gc(&cx, s, &roots, false, &did), ERR_REFUSED, "in use");
    store_lease_drop(&held);
    store_close(&cx, s);
}

static void a_damaged_store_loses_nothing(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *s = fresh(&cx, "careful");
    Roots roots = { .n = 1 };
    StoreGcOut out;
    Digest other[5];
    char path[400];
    expect_ok(&cx, store_put(&cx, s, big, BIG, STORE_PACKED, &roots.d[0]));
    put_batch(&cx, s, 0, 5, other);
    store_close(&cx, s);
    size_t before = test_count("careful");
    DIR *dir = opendir("careful/packs");
    for (struct dirent *e; (e = readdir(dir));) {
        if (!strstr(e->d_name, ".idx")) continue;
        snprintf(path, sizeof path, "careful/packs/%s", e->d_name);
        test_flip(path, 60);
        date_back("careful");
        expect_ok(&cx, store_open(&cx, "careful", &s));
        Err err = gc(&cx, s, &roots, false, &out);
        expect_failure(&cx, err, ERR_CORRUPT, NULL);
        assert_int_equal(test_count("careful"), before);
        store_close(&cx, s);
        test_flip(path, 60);
    }
    closedir(dir);
}

typedef struct Race { const char *folder; char text[64]; bool packed; int part_failed; } Race;

/* Part 0 adds what is there already; part 1 sweeps, with nothing named. */
static Err race_part(Ctx *cx, void *self, size_t i)
{
    Race *r = self;
    Store *s = NULL;
    StoreBatch *b = NULL;
    Roots none = { .n = 0 };
    StoreGcOut out;
    Digest d;
    Err err = OK;
    TRY_DONE(cx, store_open(cx, r->folder, &s));
    if (i) TRY_DONE(cx, gc(cx, s, &none, false, &out));
    else if (!r->packed) TRY_DONE(cx, store_put(cx, s, r->text, strlen(r->text), STORE_PACKED, &d));
    else {
        TRY_DONE(cx, store_batch_begin(cx, s, &b));
        TRY_DONE(cx, store_batch_put(cx, b, r->text, strlen(r->text), &d));
        TRY_DONE(cx, store_batch_commit(cx, b));
    }
done:
    store_batch_end(cx, b);
    store_close(cx, s);
    return err;
}

static void an_add_racing_a_gc_loses_nothing(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *s = fresh(&cx, "race");
    int survived = 0;
    for (int i = 0; i < RACES; i++) {
        Race r = { .folder = "race", .packed = i % 2 };
        Digest d;
        snprintf(r.text, sizeof r.text, "racer %d", i % 7);
        if (i % 2) {
            StoreBatch *b;
            expect_ok(&cx, store_batch_begin(&cx, s, &b));
            expect_ok(&cx, store_batch_put(&cx, b, r.text, strlen(r.text), &d));
            expect_ok(&cx, store_batch_commit(&cx, b));
            store_batch_end(&cx, b);
        } else expect_ok(&cx, store_put(&cx, s, r.text, strlen(r.text), STORE_PACKED, &d));
        date_back("race/objects");
        date_back("race/packs");
        expect_ok(&cx, os_parts(&cx, 2, 2, race_part, &r));
        if (!there(&cx, s, &d)) fail_msg("race %d: what was added is gone", i);
        survived++;
    }
    assert_int_equal(survived, RACES);
    store_close(&cx, s);
}

/* --- fsck --- */

typedef struct Found { int n; char where[200]; uint64_t byte; Digest d; bool named; } Found;

static Err find(void *arg, const StoreFault *fault)
{
    Found *f = arg;
    if (!f->n++) {
        snprintf(f->where, sizeof f->where, "%s", fault->where);
        f->byte = fault->byte;
        f->named = fault->object != NULL;
        if (f->named) f->d = *fault->object;
    }
    return OK;
}

static size_t files_of(const char *folder, const char *under, char (*out)[300], size_t n)
{
    char path[300];
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        if (e->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (e->d_type == DT_DIR) n = files_of(path, under, out, n);
        else snprintf(out[n++], 300, "%s", path);
    }
    closedir(dir);
    return n;
}

static void a_flipped_bit_is_found_and_located(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *s = fresh(&cx, "flip");
    static char file[64][300];
    Random r = random_make(9, "flips", 0, 0);
    Digest d, some[30];
    StoreFsckOut out;
    expect_ok(&cx, store_put(&cx, s, big, 70000, STORE_RAW, &d));
    expect_ok(&cx, store_put(&cx, s, big, 60000, STORE_PACKED, &d));
    expect_ok(&cx, store_put(&cx, s, big, BIG / 2, STORE_PACKED, &d));
    put_batch(&cx, s, 0, 30, some);
    expect_ok(&cx, store_fsck(&cx, s, false, NULL, NULL, &out));
    assert_true(out.faults == 0 && out.objects > 35 && out.packs == 2 && out.indexes == 2);
    store_close(&cx, s);
    test_remove_tree("flip/tmp");
    assert_int_equal(mkdir("flip/tmp", 0755), 0);
    size_t n = files_of("flip", "", file, 0);
    assert_int_equal(n, 6);
    for (int i = 0; i < FLIPS; i++) {
        const char *path = file[i % (int)n];
        struct stat st;
        Found found = { .n = 0 };
        assert_int_equal(stat(path, &st), 0);
        long at = (long)random_below(&r, (uint64_t)st.st_size);
        test_flip(path, at);
        expect_ok(&cx, store_open(&cx, "flip", &s));
        Err err = store_fsck(&cx, s, false, find, &found, &out);
        expect_ok(&cx, err);
        if (!found.n || out.faults == 0) fail_msg("byte %ld of %s: not found", at, path);
        if (strcmp(found.where, path + strlen("flip/"))) fail_msg("byte %ld of %s: said to be in %s", at, path, found.where);
        if (strstr(path, ".pack")) assert_true(found.byte <= (uint64_t)at && (at < 24 || found.named || found.byte + 56 > (uint64_t)at));
        store_close(&cx, s);
        test_flip(path, at);
    }
}

static void indexes_are_built_anew_from_their_packs(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *s = fresh(&cx, "rebuild");
    static char file[64][300];
    StoreFsckOut out;
    Digest d, some[30];
    expect_ok(&cx, store_put(&cx, s, big, BIG, STORE_PACKED, &d));
    put_batch(&cx, s, 0, 30, some);
    store_close(&cx, s);
    size_t n = files_of("rebuild/packs", "", file, 0);
    for (size_t i = 0; i < n; i++)
        if (strstr(file[i], ".idx")) test_flip(file[i], 5);                    /* not even an index any more */
    expect_ok(&cx, store_open(&cx, "rebuild", &s));
    expect_failure(&cx, store_verify(&cx, s, &d), ERR_CORRUPT, "fsck --repair");
    expect_ok(&cx, store_fsck(&cx, s, true, NULL, NULL, &out));
    assert_true(out.faults == 2 && out.rebuilt);
    store_close(&cx, s);
    expect_ok(&cx, store_open(&cx, "rebuild", &s));
    expect_ok(&cx, store_fsck(&cx, s, false, NULL, NULL, &out));
    assert_int_equal(out.faults, 0);
    assert_true(there(&cx, s, &d));
    for (int i = 0; i < 30; i++) assert_true(there(&cx, s, &some[i]));
    store_close(&cx, s);
}

/* --- copying --- */

static void all_is_brought_once_and_checked(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *a = fresh(&cx, "from"), *b = fresh(&cx, "to");
    Digest raw, packed, large, some[40];
    StoreCopyOut out;
    static char file[64][300];
    expect_ok(&cx, store_put(&cx, a, big, 100000, STORE_RAW, &raw));
    expect_ok(&cx, store_put(&cx, a, "packed by itself", 16, STORE_PACKED, &packed));
    expect_ok(&cx, store_put(&cx, a, big, BIG, STORE_PACKED, &large));
    put_batch(&cx, a, 0, 40, some);
    put_batch(&cx, b, 0, 10, some);
    expect_ok(&cx, store_copy(&cx, a, b, &out));
    assert_true(out.objects >= 33 && out.there == 10);
    assert_true(there(&cx, b, &raw) && there(&cx, b, &packed) && there(&cx, b, &large));
    put_batch(&cx, b, 0, 40, some);
    for (int i = 0; i < 40; i++) assert_true(there(&cx, b, &some[i]));
    StoreInfo info;
    expect_ok(&cx, store_look(&cx, b, &raw, &info));
    assert_int_equal(info.form, STORE_RAW);
    expect_ok(&cx, store_copy(&cx, a, b, &out));
    assert_int_equal(out.objects, 0);
    expect_ok(&cx, store_copy(&cx, b, a, &out));
    assert_int_equal(out.objects, 0);
    store_close(&cx, b);
    /* What is damaged is not brought. */
    size_t n = files_of("from/packs", "", file, 0);
    for (size_t i = 0; i < n; i++)
        if (strstr(file[i], ".pack")) test_flip(file[i], -1);
    b = fresh(&cx, "to");
    expect_failure(&cx, store_copy(&cx, a, b, &out), ERR_CORRUPT, "is damaged");
    StoreFsckOut sound;
    expect_ok(&cx, store_fsck(&cx, b, false, NULL, NULL, &sound));
    assert_int_equal(sound.faults, 0);
    store_close(&cx, a);
    store_close(&cx, b);
}

static void small_files_lie_beside_objects(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *s = fresh(&cx, "side");
    void *bytes;
    size_t n;
    expect_ok(&cx, store_side_put(&cx, s, STORE_SIDE "/abc.seg", "first", 5));
    expect_ok(&cx, store_side_put(&cx, s, STORE_SIDE "/abc.seg", "second", 6));
    expect_ok(&cx, store_side_get(&cx, s, STORE_SIDE "/abc.seg", 100, &bytes, &n));
    assert_true(n == 6 && !memcmp(bytes, "second", 6));
    ctx_put(&cx, bytes);
    expect_failure(&cx, store_side_get(&cx, s, STORE_SIDE "/abc.seg", 5, &bytes, &n), ERR_LIMIT, NULL);
    expect_failure(&cx, store_side_get(&cx, s, STORE_SIDE "/none", 5, &bytes, &n), ERR_NOT_FOUND, NULL);
    expect_failure(&cx, store_side_put(&cx, s, STORE_SIDE "/../x", "", 0), ERR_BUG, NULL);
    store_close(&cx, s);
}

static Err fault_body(Ctx *cx, void *arg)
{
    Store *s = NULL, *to = NULL;
    Roots roots = { .n = 0 };
    StoreGcOut swept;
    StoreFsckOut looked;
    StoreCopyOut copied;
    Err err = OK;
    (void)arg;
    test_remove_tree("faults");
    test_remove_tree("faults-to");
    assert_int_equal(mkdir("faults", 0755) | mkdir("faults-to", 0755), 0);
    Ctx sound = test_ctx();
    Digest some[6], d;
    expect_ok(&sound, store_make(&sound, "faults"));
    expect_ok(&sound, store_open(&sound, "faults", &s));
    put_batch(&sound, s, 0, 6, some);
    expect_ok(&sound, store_put(&sound, s, "loose", 5, STORE_RAW, &d));
    store_close(&sound, s);
    s = NULL;
    date_back("faults");
    roots.d[roots.n++] = some[0];
    roots.d[roots.n++] = some[3];
    ((Rig *)cx->world->alloc->self)->now_us = os_world.clock->now_us(NULL);
    TRY_DONE(cx, store_open(cx, "faults", &s));
    store_use_threads(s, 1);
    TRY_DONE(cx, store_make(cx, "faults-to"));
    TRY_DONE(cx, store_open(cx, "faults-to", &to));
    store_use_threads(to, 1);
    TRY_DONE(cx, store_copy(cx, s, to, &copied));
    TRY_DONE(cx, gc(cx, s, &roots, false, &swept));
    assert_true(swept.removed == 5 && copied.objects == 7);
    TRY_DONE(cx, store_fsck(cx, s, false, NULL, NULL, &looked));
    assert_int_equal(looked.faults, 0);
done:
    store_close(cx, s);
    store_close(cx, to);
    expect_ok(&sound, store_open(&sound, "faults", &s));
    assert_true(there(&sound, s, &some[0]) && there(&sound, s, &some[3]));     /* whatever failed, what is named is there */
    expect_ok(&sound, store_fsck(&sound, s, false, NULL, NULL, &looked));
    assert_int_equal(looked.faults, 0);
    store_close(&sound, s);
    return err;
}

static void sweeping_and_copying_survive_every_fault(void **state)
{
    (void)state;
    rig_sweep_or_ok(fault_body, NULL, ERR_NOMEM, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_nobody_names_goes_and_nothing_else),
        cmocka_unit_test(a_damaged_store_loses_nothing),
        cmocka_unit_test(an_add_racing_a_gc_loses_nothing),
        cmocka_unit_test(a_flipped_bit_is_found_and_located),
        cmocka_unit_test(indexes_are_built_anew_from_their_packs),
        cmocka_unit_test(all_is_brought_once_and_checked),
        cmocka_unit_test(small_files_lie_beside_objects),
        cmocka_unit_test(sweeping_and_copying_survive_every_fault),
    };
    return cmocka_run_group_tests_name("gc, fsck, copying", tests, make_big, free_big);
}

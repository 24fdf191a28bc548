/* What is proved: every kind of store keeps the promise of store.h and of StoreKind, one exam for all.  How: the same steps
** on each; what comes back is compared with what went in and with SHA-256 of it.  Folder and memory sit it always; S3 and
** WebHDFS when LEAT_TEST_S3, LEAT_TEST_WEBHDFS name a place where a real server keeps them (test/engines starts the servers).
** Those sit a second one over a network that breaks on purpose.  The number of checks is printed, and may not drop. */
#include "net/net.h"
#include "store/inner.h"
#include "test/test.h"

#include "base/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CHECKS_MIN 4600            /* of one kind */

static long checks;

#define CHECK(x) do { checks++; assert_true(x); } while (0)
#define CHECK_OK(cx, call) do { checks++; expect_ok((cx), (call)); } while (0)
#define CHECK_FAILS(cx, call, want, words) do { checks++; expect_failure((cx), (call), (want), (words)); } while (0)

typedef struct Place { char at[600]; bool keeps; } Place;          /* keeps: what is there is there after reopening */

static char *bytes_of(size_t n, uint64_t key)
{
    char *bytes = malloc(n + 1);
    Random r = random_make(key, "conform", 0, 0);
    for (size_t i = 0; i < n; i++) bytes[i] = (char)(i / 4096 % 2 ? (uint64_t)'a' + i % 13 : random_bits(&r));
    return bytes;
}

static void expect_content(Ctx *cx, Store *s, const Digest *d, const char *want, size_t n)
{
    void *got;
    size_t got_n;
    CHECK_OK(cx, store_get(cx, s, d, n, &got, &got_n));
    CHECK(got_n == n && !memcmp(got, want, n));
    ctx_put(cx, got);
}

/* --- blobs: what a kind itself promises --- */

static Err put_blob(Ctx *cx, Store *s, const char *name, const char *bytes, size_t n, size_t step)
{
    StorePut p = { .fd = -1 };
    TRY(cx, s->kind->put_begin(cx, s, name, &p));
    Err err = OK;
    for (size_t at = 0; at < n && !err; at += step) err = s->kind->put_more(cx, &p, bytes + at, n - at < step ? n - at : step);
    if (err) s->kind->put_drop(cx, &p);
    else err = s->kind->put_keep(cx, &p);
    if (!err) err = s->kind->settle(cx, s, name);
    return err;
}

typedef struct Seen { int n; uint64_t bytes; bool dated; Err stop; } Seen;

static Err see(void *arg, const char *name, const Blob *b)
{
    Seen *seen = arg;
    if (strncmp(name, "packs/x", 7)) return OK;
    seen->n++;
    seen->bytes += b->size;
    seen->dated &= b->changed_us > INT64_C(1600000000000000);
    return seen->stop;
}

static void blobs(Ctx *cx, Store *s)
{
    static const size_t sizes[] = { 0, 1, 100000, (8 << 20) - 1, 8 << 20, (8 << 20) + 1, (16 << 20) + 5, 32 << 20, (32 << 20) + 1 };
    char *bytes = bytes_of((32 << 20) + 1, 1), *got = malloc((32 << 20) + 10), name[100];
    StorePut p = { .fd = -1 };
    StoreGet g = { .fd = -1 };
    StoreMap m;
    Blob b;
    bool there;
    size_t n;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        snprintf(name, sizeof name, "packs/x%zu", i);
        CHECK_OK(cx, put_blob(cx, s, name, bytes, sizes[i], i % 2 ? 1000003 : 5 << 20));
        CHECK_OK(cx, s->kind->look(cx, s, name, &b));
        CHECK(b.there && b.size == sizes[i] && b.changed_us > INT64_C(1600000000000000));
        CHECK_OK(cx, s->kind->get_begin(cx, s, name, &g));
        CHECK_OK(cx, s->kind->get_at(cx, &g, 0, got, sizes[i] + 5, &n));
        CHECK(n == sizes[i] && !memcmp(got, bytes, n));
        if (sizes[i] > 10) {
            CHECK_OK(cx, s->kind->get_at(cx, &g, sizes[i] - 7, got, 100, &n));
            CHECK(n == 7 && !memcmp(got, bytes + sizes[i] - 7, 7));
            CHECK_OK(cx, s->kind->get_at(cx, &g, sizes[i] / 3, got, 5, &n));
            CHECK(n == 5 && !memcmp(got, bytes + sizes[i] / 3, 5));
        }
        CHECK_OK(cx, s->kind->get_at(cx, &g, sizes[i], got, 10, &n));
        CHECK(n == 0);
        s->kind->get_end(cx, &g);
        CHECK_OK(cx, s->kind->map(cx, s, name, &m));
        CHECK(m.n == sizes[i] && (!m.n || !memcmp(m.at, bytes, m.n)));
        s->kind->unmap(cx, s, &m);
    }
    Seen seen = { .dated = true };
    CHECK_OK(cx, s->kind->list(cx, s, "packs", true, see, &seen));
    CHECK(seen.n == (int)(sizeof sizes / sizeof *sizes) && seen.dated);
    seen = (Seen){ .stop = ERR_TIME };
    CHECK(s->kind->list(cx, s, "packs", true, see, &seen) == ERR_TIME && seen.n == 1);
    /* What is not kept is not there; what is kept again is the later. */
    CHECK_OK(cx, s->kind->put_begin(cx, s, "packs/xdropped", &p));
    CHECK_OK(cx, s->kind->put_more(cx, &p, bytes, 20 << 20));
    s->kind->put_drop(cx, &p);
    s->kind->put_drop(cx, &p);
    CHECK_OK(cx, s->kind->look(cx, s, "packs/xdropped", &b));
    CHECK(!b.there);
    CHECK_OK(cx, put_blob(cx, s, "packs/x2", "second", 6, 6));
    CHECK_OK(cx, s->kind->get_begin(cx, s, "packs/x2", &g));
    CHECK_OK(cx, s->kind->get_at(cx, &g, 0, got, 10, &n));
    CHECK(n == 6 && !memcmp(got, "second", 6));
    s->kind->get_end(cx, &g);
    CHECK_OK(cx, s->kind->redate(cx, s, "packs/x2", &there));
    CHECK(there);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        snprintf(name, sizeof name, "packs/x%zu", i);
        for (int k = 0; k < 2; k++) CHECK_OK(cx, s->kind->remove(cx, s, name));
        CHECK_OK(cx, s->kind->look(cx, s, name, &b));
        CHECK(!b.there);
    }
    CHECK_OK(cx, s->kind->redate(cx, s, "packs/x2", &there));
    CHECK(!there);
    CHECK(s->kind->map(cx, s, "packs/x2", &m) == ERR_NOT_FOUND);
    Err err = s->kind->get_begin(cx, s, "packs/x2", &g);
    if (!err) err = s->kind->get_at(cx, &g, 0, got, 10, &n);
    CHECK(err == ERR_NOT_FOUND);
    free(bytes), free(got);
}

static Err count_many(void *arg, const char *name, const Blob *b)
{
    int *seen = arg, i;
    (void)b;
    if (sscanf(name, "packs/many-%d", &i) == 1) seen[i]++;
    return OK;
}

static Err put_one(Ctx *cx, void *self, size_t i)
{
    char name[100];
    snprintf(name, sizeof name, "packs/many-%zu", i);
    return put_blob(cx, self, name, name, strlen(name), 100);
}

/* More than a server gives at once.  Side by side, for a datanode takes a fifth of a second for each. */
static void a_long_list(Ctx *cx, Store *s)
{
    enum { MANY = 1100 };
    static int seen[MANY];
    char name[100];
    memset(seen, 0, sizeof seen);
    CHECK_OK(cx, os_parts(cx, 8, MANY, put_one, s));
    CHECK_OK(cx, s->kind->list(cx, s, "packs", false, count_many, seen));
    for (int i = 0; i < MANY; i++) CHECK(seen[i] == 1);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof name, "packs/many-%d", i);
        CHECK_OK(cx, s->kind->remove(cx, s, name));
    }
    memset(seen, 0, sizeof seen);
    CHECK_OK(cx, s->kind->list(cx, s, "packs", false, count_many, seen));
    for (int i = 0; i < MANY; i++) CHECK(seen[i] == 0);
}

/* --- objects: what the door promises --- */

typedef struct Tally { Digest want[4]; int found[4], n; } Tally;

static Err tally(void *arg, const Digest *d, const StoreInfo *info)
{
    Tally *t = arg;
    (void)info;
    t->n++;
    for (int i = 0; i < 4; i++) t->found[i] += digest_same(d, &t->want[i]);
    return OK;
}

static void objects(Ctx *cx, Store **s, const Place *place)
{
    size_t big_n = (20 << 20) + 12345;
    char *bytes = bytes_of(big_n, 2), part[5000], text[64];
    StoreBatch *batch;
    Tally t = { .n = 0 };
    Digest d, none = { { 1 } };
    bool has;
    size_t got;
    CHECK_OK(cx, store_put(cx, *s, "small", 5, STORE_PACKED, &t.want[0]));
    CHECK_OK(cx, store_put(cx, *s, bytes, 300000, STORE_RAW, &t.want[1]));
    CHECK_OK(cx, store_put(cx, *s, bytes, big_n, STORE_PACKED, &t.want[2]));
    CHECK_OK(cx, store_batch_begin(cx, *s, &batch));
    for (int i = 0; i < 1000; i++) {
        int n = snprintf(text, sizeof text, "object %d", i);
        CHECK_OK(cx, store_batch_put(cx, batch, text, (size_t)n, &d));
        if (i == 500) t.want[3] = d;
    }
    CHECK_OK(cx, store_batch_commit(cx, batch));
    store_batch_end(cx, batch);
    for (int again = 0; again < 2; again++) {
        expect_content(cx, *s, &t.want[0], "small", 5);
        expect_content(cx, *s, &t.want[1], bytes, 300000);
        expect_content(cx, *s, &t.want[2], bytes, big_n);
        expect_content(cx, *s, &t.want[3], "object 500", 10);
        for (size_t from = 0; from < big_n; from += big_n / 7) {
            CHECK_OK(cx, store_read_range(cx, *s, &t.want[2], from, part, sizeof part, &got));
            CHECK(got == (big_n - from < sizeof part ? big_n - from : sizeof part) && !memcmp(part, bytes + from, got));
        }
        CHECK_OK(cx, store_has(cx, *s, &none, &has));
        CHECK(!has);
        CHECK_FAILS(cx, store_verify(cx, *s, &none), ERR_NOT_FOUND, "no object '010000000000");
        memset(t.found, 0, sizeof t.found);
        CHECK_OK(cx, store_list(cx, *s, tally, &t));
        for (int i = 0; i < 4; i++) CHECK(t.found[i] == 1);
        if (!place->keeps) break;
        store_close(cx, *s);
        CHECK_OK(cx, store_open(cx, place->at, s));
    }
    free(bytes);
}

static void damage(Ctx *cx, Store *s)
{
    Digest d;
    char name[BLOB_NAME_MAX];
    CHECK_OK(cx, store_put(cx, s, "some raw bytes", 14, STORE_RAW, &d));
    object_name(&d, STORE_RAW, name);
    CHECK_OK(cx, put_blob(cx, s, name, "some raw bytez", 14, 14));
    CHECK_FAILS(cx, store_verify(cx, s, &d), ERR_CORRUPT, "is damaged");
    CHECK_OK(cx, store_put(cx, s, "some raw bytes", 14, STORE_RAW, &d));
    CHECK_OK(cx, store_verify(cx, s, &d));
}

typedef struct Crowd { Store *s; StoreBatch *b; } Crowd;

static Err crowd_part(Ctx *cx, void *self, size_t i)
{
    Crowd *c = self;
    char text[64];
    Digest d;
    size_t n = (size_t)snprintf(text, sizeof text, "crowd %zu", i % 40);
    if (i % 3) TRY(cx, store_batch_put(cx, c->b, text, n, &d));
    else {
        TRY(cx, store_put(cx, c->s, text, n, i % 2 ? STORE_RAW : STORE_PACKED, &d));
        TRY(cx, store_verify(cx, c->s, &d));
    }
    return OK;
}

static void a_crowd(Ctx *cx, Store *s)
{
    Crowd c = { .s = s };
    CHECK_OK(cx, store_batch_begin(cx, s, &c.b));
    CHECK_OK(cx, os_parts(cx, 4, 120, crowd_part, &c));
    CHECK_OK(cx, store_batch_commit(cx, c.b));
    store_batch_end(cx, c.b);
    for (int i = 0; i < 40; i++) {
        char text[64];
        Digest d;
        size_t n = (size_t)snprintf(text, sizeof text, "crowd %d", i);
        CHECK_OK(cx, hash_bytes(cx, text, n, &d));
        expect_content(cx, s, &d, text, n);
    }
}

static void sit(const Place *place)
{
    Ctx cx = test_ctx();
    Store *s = NULL;
    checks = 0;
    CHECK_OK(&cx, store_make(&cx, place->at));
    CHECK_OK(&cx, store_open(&cx, place->at, &s));
    blobs(&cx, s);
    a_long_list(&cx, s);
    objects(&cx, &s, place);
    damage(&cx, s);
    a_crowd(&cx, s);
    printf("%s: %ld checks\n", s->kind->name, checks);
    assert_true(checks >= CHECKS_MIN);
    store_close(&cx, s);
}

static void a_folder_keeps_the_promise(void **state)
{
    (void)state;
    assert_int_equal(mkdir("folder", 0755), 0);
    sit(&(Place){ "folder", true });
}

static void memory_keeps_the_promise(void **state)
{
    (void)state;
    sit(&(Place){ "memory:", false });
}

/* Where the environment says; SCHEME://HOST/…%s…: the exam's name goes in there. */
static bool place_of(const char *variable, const char *exam, Place *out)
{
    const char *given = getenv(variable), *hole = given ? strstr(given, "%s") : NULL;
    if (!given || !*given) return false;
    assert_non_null(hole);
    snprintf(out->at, sizeof out->at, "%.*s%s%s", (int)(hole - given), given, exam, hole + 2);
    out->keeps = true;
    return true;
}

static void a_server(const char *variable)
{
    Place place;
    if (!place_of(variable, "exam", &place)) skip();
    sit(&place);
}

/* --- a network that breaks --- */

typedef struct Broken { NetWire wire; long n, at; bool once; } Broken;

static Err broken_send(void *self, Ctx *cx, Net *net, const NetAsk *ask, NetAnswer *out)
{
    Broken *b = self;
    b->n++;
    if (b->at && (b->once ? b->n == b->at : b->n >= b->at)) {
        if (b->n % 2) (void)!net_curl.send(NULL, cx, net, ask, out);       /* heard, and yet no answer came */
        return FAIL(cx, ERR_IO, "asking '%.100s': the line is dead", ask->url);
    }
    return net_curl.send(NULL, cx, net, ask, out);
}

static int64_t fast_mono(void *self)
{
    int64_t *now = self;
    return *now += 300000;                                         /* pauses are over at the first look */
}

static int64_t real_now(void *self)
{
    (void)self;
    return os_world.clock->now_us(os_world.clock->self);
}

static Err round_trip(Ctx *cx, const char *at, const char *bytes, size_t n, bool *kept)
{
    Store *s = NULL;
    StoreBatch *b = NULL;
    Digest d;
    Err err = OK;
    *kept = false;
    TRY_DONE(cx, store_make(cx, at));
    TRY_DONE(cx, store_open(cx, at, &s));
    store_use_threads(s, 1);
    TRY_DONE(cx, store_batch_begin(cx, s, &b));
    TRY_DONE(cx, store_batch_put(cx, b, bytes, n, &d));
    TRY_DONE(cx, store_batch_commit(cx, b));
    *kept = true;
    TRY_DONE(cx, store_verify(cx, s, &d));
done:
    store_batch_end(cx, b);
    store_close(cx, s);
    return err;
}

/* The k-th question breaks, once or from then on.  Once: asked again, all is well.  For good: a clear error, and what is
** there is there whole. */
static void a_broken_line(const char *variable)
{
    Place place;
    char exam[40];
    int64_t mono = 0;
    Clock clock = { .now_us = real_now, .mono_us = fast_mono, .self = &mono };
    if (!getenv(variable)) skip();
    char *bytes = bytes_of((8 << 20) + 1, 3);
    for (int once = 0; once < 2; once++)
        for (long k = 1;; k++) {
            Broken broken = { .at = k, .once = once };
            World world = os_world;
            Ctx cx = { .world = &world }, sound = test_ctx();
            Digest d;
            Store *s = NULL;
            bool kept, has;
            broken.wire = (NetWire){ broken_send, &broken };
            world.wire = &broken.wire;
            world.clock = &clock;
            snprintf(exam, sizeof exam, "line-%d-%ld", once, k);
            (void)place_of(variable, exam, &place);
            Err err = round_trip(&cx, place.at, bytes, (8 << 20) + 1, &kept);
            if (once) expect_ok(&cx, err);
            else if (broken.n >= k) expect_failure(&cx, err, ERR_IO, "the line is dead");
            expect_ok(&sound, store_make(&sound, place.at));
            expect_ok(&sound, store_open(&sound, place.at, &s));
            expect_ok(&sound, hash_bytes(&sound, bytes, (8 << 20) + 1, &d));
            expect_ok(&sound, store_has(&sound, s, &d, &has));
            assert_true(has || !kept);
            if (has) expect_ok(&sound, store_verify(&sound, s, &d));
            store_close(&sound, s);
            if (broken.n < k) break;
        }
    free(bytes);
}

static void s3_keeps_the_promise(void **state) { (void)state; a_server("LEAT_TEST_S3"); }
static void webhdfs_keeps_the_promise(void **state) { (void)state; a_server("LEAT_TEST_WEBHDFS"); }
static void s3_survives_a_broken_line(void **state) { (void)state; a_broken_line("LEAT_TEST_S3"); }
static void webhdfs_survives_a_broken_line(void **state) { (void)state; a_broken_line("LEAT_TEST_WEBHDFS"); }

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_keeps_the_promise),
        cmocka_unit_test(memory_keeps_the_promise),
        cmocka_unit_test(s3_keeps_the_promise),
        cmocka_unit_test(webhdfs_keeps_the_promise),
        cmocka_unit_test(s3_survives_a_broken_line),
        cmocka_unit_test(webhdfs_survives_a_broken_line),
    };
    return cmocka_run_group_tests_name("kinds of store", tests, NULL, NULL);
}

/* What is proved: archived payloads are read, verified and folded through their segments; a segment proves itself alone, and any flipped
** bit of it is found and located; a held subject's payloads stay and cannot be redacted; a redaction leaves no trace of the words in any file
** and everything still verifies; another ledger's segments are taken over once, in order, and only if they continue what is here.
** How: a toy room in a folder with a store, 700 events of which some are a person's; every byte of a small segment flipped. */
#include "base/save.h"
#include "ledger/inner.h"
#include "test/test.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <yyjson.h>

static const char *const toy_kinds[] = { "toy.added", NULL };
static const char *const toy_tables[] = { "toy", NULL };
static const char *const toy_keeps[] = { "state", NULL };
static const Statement toy_make[] = {
    { "CREATE TABLE toy(whose TEXT NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY(whose, seq)) STRICT", NULL }, { NULL, NULL } };
static const Statement toy_add = { "INSERT INTO toy VALUES(?1, ?2, ?3)", NULL };

static Err toy_apply(Ctx *cx, DbWriter *db, const Event *e)
{
    char id[SHA256_TEXT_MAX] = "";
    if (e->ledger) digest_text(e->ledger, id);
    TRY(cx, db_run(cx, db, &toy_add, DB_ARGS(db_text(id), db_int((int64_t)e->seq), db_text(e->payload)), NULL));
    return OK;
}

static const LedgerRoom toy = { .name = "toy", .version = 1, .kinds = toy_kinds, .tables = toy_tables, .make = toy_make, .apply = toy_apply,
                                .keeps = toy_keeps, .foreign = true };
static const LedgerRoom *const rooms[] = { &toy };
static char here[OS_PATH_MAX - 200], keys[OS_PATH_MAX];

typedef struct Box { Store *store; Ledger *l; char folder[OS_PATH_MAX], db[OS_PATH_MAX + 20], lock[OS_PATH_MAX + 20]; } Box;

static void box_open(Ctx *cx, Box *b)
{
    expect_ok(cx, store_open(cx, b->folder, &b->store));
    const LedgerWho w = { .actor = "ann", .project = "test", .keys = keys, .lock = b->lock, .store = b->store };
    expect_ok(cx, ledger_open(cx, b->db, rooms, 1, &w, true, &b->l));
}

static void box_close(Ctx *cx, Box *b)
{
    ledger_close(cx, b->l);
    store_close(cx, b->store);
}

static void box_make(Ctx *cx, Box *b, const char *name)
{
    snprintf(b->folder, sizeof b->folder, "%s/%s", here, name);
    snprintf(b->db, sizeof b->db, "%s/leat.db", b->folder);
    snprintf(b->lock, sizeof b->lock, "%s/leat.lock", b->folder);
    test_remove_tree(name);
    assert_int_equal(mkdir(name, 0700), 0);
    expect_ok(cx, store_make(cx, b->folder));
    const LedgerWho w = { .actor = "ann", .project = "test", .keys = keys };
    expect_ok(cx, ledger_make(cx, b->db, &w));
    box_open(cx, b);
}

static void add(Ctx *cx, Ledger *l, const char *subject, const char *payload, const char *personal)
{
    uint64_t seq;
    expect_ok(cx, ledger_append(cx, l, &(Act){ .kind = "toy.added", .subject = subject, .payload = payload, .personal = personal }, &seq));
}

/* Events 2 .. n; every seventh a person's. */
static void fill(Ctx *cx, Ledger *l, int from, int n)
{
    char body[100];
    expect_ok(cx, ledger_begin(cx, l));
    for (int i = from; i <= n; i++) {
        snprintf(body, sizeof body, "{\"n\":%d,\"state\":\"fine\",\"words\":\"zanzibar %d\"}", i, i);
        add(cx, l, i % 5 ? "x" : "y", body, i % 7 ? NULL : "bob");
    }
    expect_ok(cx, ledger_commit(cx, l));
}

static void sound(Ctx *cx, Ledger *l, LedgerProof *proof)
{
    expect_ok(cx, ledger_rebuild(cx, l, proof));
    assert_int_equal(proof->events, proof->signed_to);
}

typedef struct Seen { uint64_t n; const char *want; } Seen;

static Err see(void *arg, const Event *e)
{
    Seen *s = arg;
    char want[100];
    if (strcmp(e->kind, "toy.added") != 0) return OK;
    snprintf(want, sizeof want, "{\"n\":%d,\"state\":\"fine\",\"words\":\"zanzibar %d\"}", (int)e->seq, (int)e->seq);
    if (e->state != LEDGER_REDACTED) assert_string_equal(e->payload, want);
    else assert_string_equal(e->payload, s->want);
    s->n++;
    return OK;
}

static void archived_payloads_are_read_through_their_segments(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Box b;
    LedgerProof proof;
    LedgerArchived out;
    Seen seen = { 0 };
    char *data;
    size_t n;
    box_make(&cx, &b, "archive");
    fill(&cx, b.l, 2, 700);
    expect_ok(&cx, ledger_hold(&cx, b.l, "y", "a lawsuit"));
    expect_ok(&cx, ledger_archive(&cx, b.l, &(LedgerArchiveIn){ .folder = "copies" }, &out));
    assert_true(out.first == 1 && out.last == 701 && out.segments == 1 && out.held == 140);
    sound(&cx, b.l, &proof);
    assert_true(proof.sealed == 699 - 140 && proof.secret == 100 && proof.segments == 1);
    expect_ok(&cx, ledger_each(&cx, b.l, &(LedgerAsk){ 0 }, see, &seen));
    expect_ok(&cx, ledger_each(&cx, b.l, &(LedgerAsk){ .newest = true }, see, &seen));     /* backwards too */
    assert_int_equal(seen.n, 2 * 699);
    /* The copy alone. */
    char id[65], path[200];
    digest_text(&b.l->id, id);
    snprintf(path, sizeof path, "copies/%.16s-1-701.leatlog", id);
    expect_ok(&cx, save_read(&cx, path, (size_t)1 << 26, &data, &n));
    LedgerSegment seg;
    expect_ok(&cx, ledger_segment_check(&cx, path, data, n, &seg));
    assert_true(seg.first == 1 && seg.last == 701 && digest_same(&seg.ledger, &b.l->id));
    ctx_put(&cx, data);
    /* Nothing more to do; then only what is new. */
    fill(&cx, b.l, 703, 710);
    expect_ok(&cx, ledger_archive(&cx, b.l, &(LedgerArchiveIn){ 0 }, &out));
    assert_true(out.first == 702 && out.last == 710);
    expect_ok(&cx, ledger_restore(&cx, b.l));
    sound(&cx, b.l, &proof);
    box_close(&cx, &b);
    box_open(&cx, &b);
    sound(&cx, b.l, &proof);
    /* The list of segments, gone: said, and made anew. */
    box_close(&cx, &b);
    sqlite3 *h;
    assert_int_equal(sqlite3_open(b.db, &h), SQLITE_OK);
    assert_int_equal(sqlite3_exec(h, "DELETE FROM ledger_segment", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(h);
    box_open(&cx, &b);
    expect_failure(&cx, ledger_rebuild(&cx, b.l, &proof), ERR_CORRUPT, "no segment holds its payload");
    expect_ok(&cx, ledger_restore(&cx, b.l));
    sound(&cx, b.l, &proof);
    box_close(&cx, &b);
}

static void any_flipped_bit_of_a_segment_is_found_and_located(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Box b;
    Text t;
    uint64_t last;
    box_make(&cx, &b, "flip");
    fill(&cx, b.l, 2, 600);
    text_init(&t, &cx);
    expect_ok(&cx, ledger_export(&cx, b.l, 300, &t, &last));
    assert_int_equal(last, 600);
    LedgerSegment seg;
    expect_ok(&cx, ledger_segment_check(&cx, "it", t.at, t.n, &seg));
    for (size_t i = 0; i < t.n; i += t.n < 6000 ? 1 : 3) {
        unsigned bit = (unsigned)(i * 7 % 8);
        t.at[i] = (char)(t.at[i] ^ (1 << bit));
        Err err = ledger_segment_check(&cx, "it", t.at, t.n, &seg);
        t.at[i] = (char)(t.at[i] ^ (1 << bit));
        if (err != ERR_CORRUPT) fail_msg("byte %d: %d %s", (int)i, (int)err, cx.text);
        size_t from = 0, to = 0;
        const char *at = strstr(cx.text, "(bytes ");
        if (at) assert_int_equal(sscanf(at, "(bytes %zu to %zu", &from, &to), 2);
        else assert_true((at = strstr(cx.text, "(byte ")) && sscanf(at, "(byte %zu", &from) == 1 && (to = from + 1));
        if (i < from || i >= to + 1) fail_msg("byte %d said to be in %d to %d", (int)i, (int)from, (int)to);
        cx.text[0] = 0;
        cx.hops_n = 0;
    }
    for (size_t cut = 0; cut < t.n; cut += 1 + t.n / 50) {
        Err err = ledger_segment_check(&cx, "it", t.at, cut, &seg);
        if (err != ERR_CORRUPT && !(err == ERR_BAD_INPUT && cut < 16)) fail_msg("cut at %d: %d", (int)cut, (int)err);
        cx.text[0] = 0;
    }
    text_clear(&t);
    box_close(&cx, &b);
}

/* Does any file below the folder hold these bytes, as they are or in a segment? */
static int traces(Ctx *cx, const char *folder, const char *words)
{
    char command[OS_PATH_MAX + 200];
    int found = 0;
    (void)cx;
    snprintf(command, sizeof command, "grep -rlaF -- '%s' '%s' >/dev/null", words, folder);
    found += system(command) == 0;
    return found;
}

static Err unpack(void *arg, const Event *e)
{
    Seen *s = arg;
    if (e->stored && s->want) {
        for (size_t i = 0; i + strlen(s->want) <= e->stored_n; i++)
            s->n += !memcmp((const char *)e->stored + i, s->want, strlen(s->want));
    }
    return OK;
}

typedef struct Peek { Ctx *cx; Store *store; Seen *seen; } Peek;

static Err peek(void *arg, const LedgerSegment *s)
{
    Peek *p = arg;
    StoreMap map;
    Segment seg;
    expect_ok(p->cx, store_map(p->cx, p->store, &s->object, &map));
    expect_ok(p->cx, segment_open(p->cx, "x", map.at, map.n, &seg));
    expect_ok(p->cx, segment_check(p->cx, &seg, unpack, p->seen));
    segment_close(p->cx, &seg);
    store_unmap(p->cx, p->store, &map);
    return OK;
}

static void a_redaction_leaves_no_trace_and_all_verifies(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    for (int sealed = 0; sealed < 2; sealed++) {
        Box b;
        LedgerProof proof;
        LedgerArchived archived;
        LedgerRedacted out;
        Text before, t;
        box_make(&cx, &b, sealed ? "sealed" : "redact");
        fill(&cx, b.l, 2, 300);
        uint64_t seq;
        expect_ok(&cx, ledger_append(&cx, b.l, &(Act){ .kind = "toy.added", .subject = "x", .payload =
                  "{\"id\":\"0123456789abcdef0123456789abcdef\",\"n\":5,\"state\":\"fine\",\"tags\":[\"quincunx\",true,null],\"words\":\"quincunx plain\"}" }, &seq));
        expect_ok(&cx, ledger_append(&cx, b.l, &(Act){ .kind = "toy.added", .subject = "x", .payload = "{\"words\":\"xylograph secret\"}", .personal = "bob" }, &seq));
        assert_int_equal(seq, 302);
        size_t objects = 0;
        if (sealed) {
            expect_ok(&cx, ledger_hold(&cx, b.l, "x", "stays in the tables too"));
            expect_ok(&cx, ledger_archive(&cx, b.l, &(LedgerArchiveIn){ 0 }, &archived));
            objects = test_count(sealed ? "sealed/objects" : "redact/objects");
        }
        if (sealed) expect_ok(&cx, ledger_release(&cx, b.l, "x", ""));
        text_init(&before, &cx);
        expect_ok(&cx, ledger_prove(&cx, b.l, 301, &before));
        assert_true(sealed || traces(&cx, b.folder, "quincunx"));
        expect_ok(&cx, ledger_hold(&cx, b.l, "bob", "asked to"));
        expect_failure(&cx, ledger_redact(&cx, b.l, &(LedgerRedactIn){ 302, "why" }, &out), ERR_REFUSED, "held with 'bob' (asked to)");
        expect_ok(&cx, ledger_release(&cx, b.l, "bob", "done"));
        expect_failure(&cx, ledger_release(&cx, b.l, "bob", "done"), ERR_REFUSED, "not held");
        expect_ok(&cx, ledger_redact(&cx, b.l, &(LedgerRedactIn){ 301, "a wrong name" }, &out));
        assert_int_equal(out.segments, sealed);
        expect_ok(&cx, ledger_redact(&cx, b.l, &(LedgerRedactIn){ 302, "asked to be forgotten" }, &out));
        if (sealed) assert_int_equal(test_count("sealed/objects"), objects);
        expect_failure(&cx, ledger_redact(&cx, b.l, &(LedgerRedactIn){ 301, "x" }, &out), ERR_REFUSED, "redacted already");
        expect_failure(&cx, ledger_redact(&cx, b.l, &(LedgerRedactIn){ 1, "x" }, &out), ERR_REFUSED, "the log's own");
        expect_failure(&cx, ledger_redact(&cx, b.l, &(LedgerRedactIn){ 9999, "x" }, &out), ERR_NOT_FOUND, "9999");
        assert_int_equal(traces(&cx, b.folder, "quincunx"), 0);
        assert_int_equal(traces(&cx, b.folder, "xylograph"), 0);
        Seen seen = { .want = "quincunx" };
        expect_ok(&cx, ledger_each_segment(&cx, b.l, peek, &(Peek){ &cx, b.store, &seen }));
        assert_int_equal(seen.n, 0);
        sound(&cx, b.l, &proof);
        assert_int_equal(proof.redacted, 2);
        Seen left = { .want = "{\"id\":\"0123456789abcdef0123456789abcdef\",\"n\":5,\"state\":\"fine\",\"tags\":[\"\",true,null],\"words\":\"\"}" };
        expect_ok(&cx, ledger_each(&cx, b.l, &(LedgerAsk){ .from_seq = 2, .to_seq = 301 }, see, &left));
        assert_int_equal(left.n, 300);
        /* The proof from before holds still, and a new one is of the same event. */
        LedgerProven old, now;
        text_init(&t, &cx);
        expect_ok(&cx, ledger_proof_check(&cx, before.at, before.n, &old));
        expect_ok(&cx, ledger_prove(&cx, b.l, 301, &t));
        expect_ok(&cx, ledger_proof_check(&cx, t.at, t.n, &now));
        assert_string_equal(old.event, now.event);
        text_clear(&t);
        text_clear(&before);
        expect_ok(&cx, ledger_restore(&cx, b.l));
        box_close(&cx, &b);
        assert_int_equal(traces(&cx, b.folder, "quincunx"), 0);
        assert_int_equal(traces(&cx, b.folder, "xylograph"), 0);
        /* What was left of it, edited. */
        sqlite3 *h;
        assert_int_equal(sqlite3_open(b.db, &h), SQLITE_OK);
        assert_int_equal(sqlite3_exec(h, "UPDATE payload SET body = '{}' WHERE seq = 301", NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(h);
        box_open(&cx, &b);
        expect_failure(&cx, ledger_verify(&cx, b.l, &proof), ERR_CORRUPT, "not what its redaction left");
        box_close(&cx, &b);
        ctx_clear(&cx);
    }
}

static int64_t rows_of(Ctx *cx, Ledger *l, const Digest *id)
{
    static const Statement ask = { "SELECT count(*) FROM toy WHERE whose = ?1", NULL };
    char hex[SHA256_TEXT_MAX] = "";
    int64_t n = -1;
    if (id) digest_text(id, hex);
    expect_ok(cx, db_ask_int(cx, ledger_db(l), &ask, DB_ARGS(db_text(hex)), -1, &n));
    return n;
}

static void another_ledger_is_taken_over_in_order_and_only_if_it_continues(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Box a, b, c;
    Text first, second, other;
    LedgerSegment seg;
    LedgerProof proof;
    uint64_t last;
    Digest root;
    bool fresh;
    box_make(&cx, &a, "mine");
    box_make(&cx, &b, "yours");
    fill(&cx, a.l, 2, 20);
    fill(&cx, b.l, 2, 400);
    text_init(&first, &cx);
    text_init(&second, &cx);
    text_init(&other, &cx);
    expect_ok(&cx, ledger_export(&cx, b.l, 1, &first, &last));
    assert_int_equal(last, 400);
    expect_failure(&cx, ledger_export(&cx, b.l, 401, &second, &last), ERR_NOT_FOUND, "from 401 on");
    fill(&cx, b.l, 401, 450);
    expect_ok(&cx, ledger_export(&cx, b.l, 401, &second, &last));
    expect_failure(&cx, ledger_receive(&cx, a.l, second.at, second.n, &seg, &fresh), ERR_REFUSED, "events 1 to 400");
    expect_ok(&cx, ledger_receive(&cx, a.l, first.at, first.n, &seg, &fresh));
    assert_true(fresh && seg.last == 400);
    expect_ok(&cx, ledger_receive(&cx, a.l, first.at, first.n, &seg, &fresh));
    assert_false(fresh);
    expect_ok(&cx, ledger_foreign_known(&cx, a.l, &b.l->id, &last, &root));
    assert_int_equal(last, 400);
    expect_failure(&cx, ledger_receive(&cx, b.l, first.at, first.n, &seg, &fresh), ERR_REFUSED, "this ledger itself");
    expect_ok(&cx, ledger_receive(&cx, a.l, second.at, second.n, &seg, &fresh));
    assert_int_equal(rows_of(&cx, a.l, &b.l->id), 449);
    assert_int_equal(rows_of(&cx, a.l, NULL), 19);
    sound(&cx, a.l, &proof);                                   /* the foreign rows are folded too */
    assert_int_equal(proof.segments, 2);
    expect_ok(&cx, ledger_restore(&cx, a.l));
    sound(&cx, a.l, &proof);
    /* The same ledger with another history from event 401 on: a copy of yours that went its own way. */
    char command[2 * OS_PATH_MAX + 50];
    box_close(&cx, &b);
    test_remove_tree("twin");
    snprintf(command, sizeof command, "cp -r '%s' twin", b.folder);
    assert_int_equal(system(command), 0);
    c = b;
    snprintf(c.folder, sizeof c.folder, "%s/twin", here);
    snprintf(c.db, sizeof c.db, "%s/leat.db", c.folder);
    snprintf(c.lock, sizeof c.lock, "%s/leat.lock", c.folder);
    box_open(&cx, &b);
    box_open(&cx, &c);
    fill(&cx, b.l, 451, 460);
    fill(&cx, c.l, 451, 455);
    other.n = 0;
    expect_ok(&cx, ledger_export(&cx, b.l, 451, &other, &last));
    other.at[other.n - 3] ^= 2;
    expect_failure(&cx, ledger_receive(&cx, a.l, other.at, other.n, &seg, &fresh), ERR_CORRUPT, "damaged");
    other.at[other.n - 3] ^= 2;
    expect_ok(&cx, ledger_receive(&cx, a.l, other.at, other.n, &seg, &fresh));
    fill(&cx, c.l, 456, 470);
    other.n = 0;
    expect_ok(&cx, ledger_export(&cx, c.l, 461, &other, &last));
    expect_failure(&cx, ledger_receive(&cx, a.l, other.at, other.n, &seg, &fresh), ERR_REFUSED, "not the one that was received before");
    sound(&cx, a.l, &proof);
    box_close(&cx, &a);
    box_close(&cx, &b);
    box_close(&cx, &c);
    text_clear(&first);
    text_clear(&second);
    text_clear(&other);
}

/* --- faults: an archive is made or not; nothing is ever lost --- */

static Err archive_body(Ctx *cx, void *arg)
{
    Box b = *(Box *)arg;
    Ctx whole = test_ctx();
    LedgerArchived out;
    LedgerRedacted gone;
    LedgerProof proof;
    Seen seen = { .want = "{\"n\":9,\"state\":\"fine\",\"words\":\"\"}" };
    Err err = OK;
    char command[2 * OS_PATH_MAX + 50];
    test_remove_tree("swept");
    snprintf(command, sizeof command, "cp -r '%s' swept", b.folder);
    assert_int_equal(system(command), 0);
    snprintf(b.folder, sizeof b.folder, "%s/swept", here);
    snprintf(b.db, sizeof b.db, "%s/leat.db", b.folder);
    snprintf(b.lock, sizeof b.lock, "%s/leat.lock", b.folder);
    b.l = NULL;
    b.store = NULL;
    TRY_DONE(cx, store_open(cx, b.folder, &b.store));
    const LedgerWho w = { .actor = "ann", .project = "test", .keys = keys, .lock = b.lock, .store = b.store };
    TRY_DONE(cx, ledger_open(cx, b.db, rooms, 1, &w, true, &b.l));
    TRY_DONE(cx, ledger_archive(cx, b.l, &(LedgerArchiveIn){ .folder = "copies" }, &out));
    TRY_DONE(cx, ledger_redact(cx, b.l, &(LedgerRedactIn){ 9, "why" }, &gone));
done:
    ledger_close(cx, b.l);
    store_close(cx, b.store);
    box_open(&whole, &b);
    expect_ok(&whole, ledger_rebuild(&whole, b.l, &proof));
    expect_ok(&whole, ledger_each(&whole, b.l, &(LedgerAsk){ 0 }, see, &seen));
    assert_int_equal(seen.n, 29);
    box_close(&whole, &b);
    return err;
}

static void archiving_and_redacting_survive_every_fault(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Box b;
    box_make(&cx, &b, "sweep");
    fill(&cx, b.l, 2, 30);
    box_close(&cx, &b);
    rig_sweep_or_ok(archive_body, &b, ERR_NOMEM, ERR_IO);
}

int main(void)
{
    Ctx cx = test_ctx();
    char cwd[OS_PATH_MAX];
    if (os_cwd(&cx, cwd) || strlen(cwd) >= sizeof here) return 99;
    memcpy(here, cwd, strlen(cwd) + 1);
    snprintf(keys, sizeof keys, "%s/keys", here);
    (void)mkdir("copies", 0700);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(archived_payloads_are_read_through_their_segments),
        cmocka_unit_test(any_flipped_bit_of_a_segment_is_found_and_located),
        cmocka_unit_test(a_redaction_leaves_no_trace_and_all_verifies),
        cmocka_unit_test(another_ledger_is_taken_over_in_order_and_only_if_it_continues),
        cmocka_unit_test(archiving_and_redacting_survive_every_fault),
    };
    return cmocka_run_group_tests_name("segment", tests, NULL, NULL);
}

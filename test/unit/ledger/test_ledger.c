/* What is proved: events are numbered without gaps, chained, and hashed as doc/formats/ledger.md says (recomputed here
** from that text alone); tables equal the fold; tampering names the event; each error of ledger.h; writers side by
** side; killed writers lose nothing acknowledged.  How: a toy room that counts, SQL behind the ledger's back, and
** children that append until they are killed. */
#include "ledger/ledger.h"
#include "test/test.h"

#include <openssl/evp.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char self[OS_PATH_MAX];

/* --- a toy room: one row a subject, counting its events --- */

static const char *const toy_kinds[] = { "toy.added", "toy.refused", NULL };
static const char *const toy_tables[] = { "toy", NULL };
static const Statement toy_make[] = {
    { "CREATE TABLE toy(name TEXT PRIMARY KEY, n INTEGER NOT NULL, body TEXT NOT NULL, score REAL) STRICT", NULL }, { NULL, NULL } };
static const Statement toy_add = {
    "INSERT INTO toy VALUES(?1, 1, ?2, 0.5) ON CONFLICT(name) DO UPDATE SET n = n + 1, body = ?2", NULL };
static const Statement toy_count = { "SELECT coalesce(sum(n), 0) FROM toy", NULL };

static Err toy_apply(Ctx *cx, DbWriter *db, const Event *e)
{
    TRY(cx, db_run(cx, db, &toy_add, DB_ARGS(db_text(e->subject), db_text(e->payload)), NULL));
    if (!strcmp(e->kind, "toy.refused")) return FAIL(cx, ERR_REFUSED, "the toy said no to '%s'", e->subject);
    return OK;
}

static const LedgerRoom toy = { "toy", 1, toy_kinds, toy_tables, toy_make, toy_apply };
static const LedgerRoom *const rooms[] = { &toy };
static const LedgerWho who = { .actor = "ann", .on_behalf = "bob", .project = "test" };

static Ledger *opened(Ctx *cx, const char *path, bool writable)
{
    Ledger *l = NULL;
    expect_ok(cx, ledger_open(cx, path, rooms, 1, &who, writable, &l));
    return l;
}

static Ledger *fresh(Ctx *cx, const char *path)
{
    char more[200];
    static const char *const ends[] = { "", "-wal", "-shm" };
    for (int i = 0; i < 3; i++) {
        snprintf(more, sizeof more, "%s%s", path, ends[i]);
        (void)unlink(more);
    }
    expect_ok(cx, ledger_make(cx, path, &who));
    return opened(cx, path, true);
}

static Err add(Ctx *cx, Ledger *l, const char *subject, const char *payload)
{
    uint64_t seq;
    return ledger_append(cx, l, &(Act){ .kind = "toy.added", .subject = subject, .payload = payload }, &seq);
}

static int64_t counted(Ctx *cx, Ledger *l)
{
    int64_t n = -1;
    expect_ok(cx, db_ask_int(cx, ledger_db(l), &toy_count, DB_NO_ARGS, -1, &n));
    return n;
}

static void sound(Ctx *cx, Ledger *l, uint64_t events)
{
    LedgerProof proof;
    expect_ok(cx, ledger_verify(cx, l, &proof));
    assert_int_equal(proof.events, events);
    expect_ok(cx, ledger_rebuild(cx, l, &proof));
    assert_true(proof.events == events && proof.tables == 5);      /* toy and the ledger's own */
}

/* Change the file behind the ledger's back, triggers aside. */
static void tamper(const char *path, const char *sql)
{
    sqlite3 *h;
    char *bad = NULL;
    assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
    (void)sqlite3_exec(h, "DROP TRIGGER IF EXISTS event_kept; DROP TRIGGER IF EXISTS event_stays", NULL, NULL,
                       NULL);
    if (sqlite3_exec(h, sql, NULL, NULL, &bad)) fail_msg("%s", bad);
    sqlite3_close(h);
}

/* --- appending --- */

typedef struct Seen { uint64_t n, last; Digest hash; char payload[200]; } Seen;

static void hex(const unsigned char *p, char out[65])
{
    for (int i = 0; i < 32; i++) snprintf(out + 2 * i, 3, "%02x", p[i]);
}

/* The leaf from the words of doc/formats/ledger.md, by OpenSSL alone. */
static Err check_event(void *arg, const Event *e)
{
    Seen *s = arg;
    unsigned char d[32];
    char buf[4000], payload[65], previous[65];
    assert_int_equal(e->seq, s->last + 1);
    assert_int_equal(EVP_Digest(e->payload, e->payload_n, d, NULL, EVP_sha256(), NULL), 1);
    assert_memory_equal(d, e->payload_hash.at, 32);
    hex(d, payload);
    hex(s->hash.at, previous);                                 /* of the one before; zeros before the first */
    buf[0] = 0;
    int n = snprintf(buf + 1, sizeof buf - 1, "{\"actor\":\"%s\",\"kind\":\"%s\",\"on_behalf\":\"%s\",\"payload\":\"%s\",\"previous\":\"%s\","
                     "\"project\":\"%s\",\"seq\":%d,\"subject\":\"%s\",\"time_us\":%lld}", e->actor, e->kind, e->on_behalf, payload, previous,
                     e->project, (int)e->seq, e->subject, (long long)e->time_us);
    assert_int_equal(EVP_Digest(buf, (size_t)n + 1, d, NULL, EVP_sha256(), NULL), 1);
    assert_memory_equal(d, e->hash.at, 32);
    s->hash = e->hash;
    s->last = e->seq;
    s->n++;
    snprintf(s->payload, sizeof s->payload, "%s", e->payload);
    return OK;
}

static void events_are_chained_and_hashed_as_the_format_says(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Ledger *l = fresh(&cx, "chain.db");
    Seen seen = { 0 };
    Digest id, head;
    uint64_t seq;
    expect_ok(&cx, add(&cx, l, "x",
                       "{\"b\": 1.50, \"a\": [true, null, \"\\u00e9\\n\"], \"c\": 18446744073709551615, \"d\": -3}"));
    expect_ok(&cx, add(&cx, l, "y", "{}"));
    expect_ok(&cx, ledger_each(&cx, l, &(LedgerAsk){ 0 }, check_event, &seen));
    assert_int_equal(seen.n, 3);
    expect_ok(&cx, ledger_head(&cx, l, &seq, &head));
    assert_true(seq == 3 && digest_same(&head, &seen.hash));
    seen = (Seen){ 0 };
    expect_ok(&cx, ledger_each(&cx, l, &(LedgerAsk){ .to_seq = 1 }, check_event, &seen));
    ledger_id(l, &id);
    assert_true(digest_same(&id, &seen.hash));
    Digest none = { { 0 } };
    assert_false(digest_same(&id, &none));
    expect_ok(&cx, ledger_each(&cx, l,
                               &(LedgerAsk){ .from_seq = 2, .to_seq = 2, .kind = "toy.added", .subject = "x" },
                               check_event, &seen));
    assert_string_equal(seen.payload,
                        "{\"a\":[true,null,\"\xc3\xa9\\n\"],\"b\":1.5,\"c\":18446744073709551615,\"d\":-3}");
    sound(&cx, l, 3);
    ledger_close(&cx, l);
}

static void a_group_is_all_or_none(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Ledger *l = fresh(&cx, "group.db");
    uint64_t seq = 7;
    expect_ok(&cx, ledger_begin(&cx, l));
    expect_failure(&cx, ledger_begin(&cx, l), ERR_BUG, "open already");
    expect_ok(&cx, add(&cx, l, "x", "{}"));
    expect_ok(&cx, add(&cx, l, "x", "{}"));
    assert_int_equal(counted(&cx, l), 2);                      /* it sees its own */
    expect_ok(&cx, ledger_commit(&cx, l));
    expect_ok(&cx, ledger_begin(&cx, l));
    expect_ok(&cx, add(&cx, l, "x", "{}"));
    ledger_cancel(l);
    ledger_cancel(l);
    assert_int_equal(counted(&cx, l), 2);
    expect_ok(&cx, ledger_begin(&cx, l));
    expect_ok(&cx, add(&cx, l, "x", "{}"));
    expect_failure(&cx, ledger_append(&cx, l, &(Act){ "toy.refused", "x", "{}" }, &seq), ERR_REFUSED,
                   "the toy said no to 'x'");
    assert_int_equal(seq, 0);
    expect_failure(&cx, ledger_commit(&cx, l), ERR_BUG, "no group");
    assert_int_equal(counted(&cx, l), 2);
    sound(&cx, l, 3);
    expect_ok(&cx, ledger_begin(&cx, l));
    expect_ok(&cx, add(&cx, l, "x", "{}"));
    ledger_close(&cx, l);                                      /* undone */
    l = opened(&cx, "group.db", false);
    sound(&cx, l, 3);
    expect_failure(&cx, ledger_begin(&cx, l), ERR_BUG, "questions only");
    ledger_close(&cx, l);
    ledger_close(&cx, NULL);
}

static void what_does_not_fit_is_refused_in_words(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Ledger *l = fresh(&cx, "refuse.db"), *no = NULL;
    uint64_t seq;
    char big[LEDGER_WORD_MAX + 2], deep[300];
    memset(big, 'x', sizeof big);
    big[sizeof big - 1] = 0;
    memset(deep, '[', sizeof deep);
    memcpy(deep, "{\"a\":", 5);
    for (int i = 0; i < 100; i++) deep[105 + i] = ']';
    memcpy(deep + 205, "}", 2);
    expect_failure(&cx, add(&cx, l, "x", "[1]"), ERR_BAD_INPUT, "not a JSON object");
    expect_failure(&cx, add(&cx, l, "x", "{\"a\":"), ERR_BAD_INPUT, "not JSON");
    expect_failure(&cx, add(&cx, l, "x", "{\"a\":1,\"a\":2}"), ERR_BAD_INPUT, "'a' is twice");
    expect_failure(&cx, add(&cx, l, "x", "{\"a\\u0000b\":1}"), ERR_BAD_INPUT, "NUL");
    expect_failure(&cx, add(&cx, l, "x", deep), ERR_LIMIT, "deeper than 64");
    expect_failure(&cx, add(&cx, l, "", "{}"), ERR_BAD_INPUT, "without a subject");
    expect_failure(&cx, add(&cx, l, big, "{}"), ERR_BAD_INPUT, "the most is 1024");
    expect_failure(&cx, add(&cx, l, "\xff", "{}"), ERR_BAD_INPUT, "not UTF-8");
    expect_failure(&cx, ledger_append(&cx, l, &(Act){ "nobody.knows", "x", "{}" }, &seq), ERR_BUG, "no room owns");
    char *huge = ctx_get(&cx, LEDGER_PAYLOAD_MAX + 2);
    assert_non_null(huge);
    memset(huge, ' ', LEDGER_PAYLOAD_MAX + 1);
    expect_failure(&cx, add(&cx, l, "x", huge), ERR_LIMIT, "the payload of 'toy.added'");
    ctx_put(&cx, huge);
    expect_failure(&cx, ledger_make(&cx, "refuse.db", &who), ERR_REFUSED, "a ledger already");
    sound(&cx, l, 1);
    ledger_close(&cx, l);
    expect_failure(&cx, ledger_open(&cx, "none.db", rooms, 1, &who, true, &no), ERR_NOT_FOUND, "'none.db'");
    assert_false(test_exists("none.db"));
    test_write("other.db", "", 0);
    expect_failure(&cx, ledger_open(&cx, "other.db", rooms, 1, &who, true, &no), ERR_CORRUPT, "not a ledger");
    assert_null(no);
}

/* --- versions --- */

static void tables_of_another_version_are_folded_anew(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    static const Statement wider[] = {
        { "CREATE TABLE toy(name TEXT PRIMARY KEY, n INTEGER NOT NULL, body TEXT NOT NULL, score REAL, more TEXT) STRICT", NULL },
        { NULL, NULL } };
    LedgerRoom newer = toy;
    const LedgerRoom *const newer_rooms[] = { &newer };
    Ledger *l = fresh(&cx, "version.db"), *other = NULL;
    newer.version = 2;
    newer.make = wider;
    newer.kinds = (const char *const[]){ "toy.none", NULL };   /* it makes nothing of these events */
    expect_ok(&cx, add(&cx, l, "x", "{}"));
    expect_failure(&cx, ledger_open(&cx, "version.db", newer_rooms, 1, &who, false, &other), ERR_REFUSED,
                   "older leat");
    expect_ok(&cx, ledger_open(&cx, "version.db", newer_rooms, 1, &who, true, &other));
    assert_int_equal(counted(&cx, other), 0);
    LedgerProof proof;
    expect_ok(&cx, ledger_rebuild(&cx, other, &proof));
    /* The one that is older. */
    expect_failure(&cx, add(&cx, l, "x", "{}"), ERR_REFUSED, "start this program again");
    ledger_close(&cx, other);
    ledger_close(&cx, l);
    expect_failure(&cx, ledger_open(&cx, "version.db", rooms, 1, &who, true, &other), ERR_REFUSED, "newer leat");
    tamper("version.db", "UPDATE ledger SET format = 9");
    expect_failure(&cx, ledger_open(&cx, "version.db", newer_rooms, 1, &who, true, &other), ERR_REFUSED,
                   "newer leat");
}

/* --- tampering --- */

static void each_way_of_tampering_names_the_event(void **state)
{
    (void)state;
    static const struct { const char *sql; uint64_t seq; const char *words; } rows[] = {
        { "UPDATE event SET actor = 'eve' WHERE seq = 3", 3, "event 3" },
        { "UPDATE event SET time_us = time_us + 1 WHERE seq = 5", 5, "event 5" },
        { "UPDATE event SET subject = subject || char(0) || 'x' WHERE seq = 2", 2, "event 2" },
        { "UPDATE payload SET body = '{\"a\":2}' WHERE seq = 4", 4, "payload does not match" },
        { "DELETE FROM payload WHERE seq = 4", 4, "payload is missing" },
        { "UPDATE event SET hash = zeroblob(32) WHERE seq = 2", 2, "event 2" },
        { "UPDATE event SET hash = x'00' WHERE seq = 2", 2, "wrong length" },
        { "UPDATE event SET previous = zeroblob(32) WHERE seq = 3", 3, "does not follow" },
        { "DELETE FROM payload WHERE seq = 3; DELETE FROM event WHERE seq = 3", 3, "event 3" },
        { "DELETE FROM payload WHERE seq = 6; DELETE FROM event WHERE seq = 6", 6, "it is missing" },
        { "UPDATE ledger SET seq = 5, hash = (SELECT hash FROM event WHERE seq = 5)", 6, "the head does not know" },
        { "UPDATE ledger SET hash = zeroblob(32)", 6, "another hash" },
        { "UPDATE ledger SET id = zeroblob(32)", 1, "names this ledger" },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        Ctx cx = test_ctx();
        LedgerProof proof;
        Ledger *l = fresh(&cx, "tamper.db");
        for (int k = 0; k < 5; k++) expect_ok(&cx, add(&cx, l, "x", "{\"a\":1}"));
        sound(&cx, l, 6);
        ledger_close(&cx, l);
        tamper("tamper.db", rows[i].sql);
        l = opened(&cx, "tamper.db", true);
        expect_failure(&cx, ledger_verify(&cx, l, &proof), ERR_CORRUPT, rows[i].words);
        if (proof.bad_seq != rows[i].seq) fail_msg("%s: named %d", rows[i].sql, (int)proof.bad_seq);
        expect_failure(&cx, ledger_rebuild(&cx, l, &proof), ERR_CORRUPT, NULL);
        expect_failure(&cx, ledger_restore(&cx, l), ERR_CORRUPT, NULL);            /* lies are not folded */
        ledger_close(&cx, l);
    }
    Ctx cx = test_ctx();
    Ledger *l = fresh(&cx, "tamper.db");
    ledger_close(&cx, l);
    tamper("tamper.db", "DELETE FROM ledger");
    expect_failure(&cx, ledger_open(&cx, "tamper.db", rooms, 1, &who, true, &l), ERR_CORRUPT, "head row");
}

static void events_cannot_be_changed_by_accident(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Ledger *l = fresh(&cx, "kept.db");
    ledger_close(&cx, l);
    sqlite3 *h;
    assert_int_equal(sqlite3_open("kept.db", &h), SQLITE_OK);
    assert_int_equal(sqlite3_exec(h, "UPDATE event SET actor = 'eve'", NULL, NULL, NULL), SQLITE_CONSTRAINT);
    assert_int_equal(sqlite3_exec(h, "DELETE FROM event", NULL, NULL, NULL), SQLITE_CONSTRAINT);
    sqlite3_close(h);
}

static void tables_that_differ_from_the_fold_are_named_and_put_right(void **state)
{
    (void)state;
    static const char *const ways[] = {
        "UPDATE toy SET n = 9 WHERE name = 'y'", "DELETE FROM toy WHERE name = 'x'", "INSERT INTO toy VALUES('z', 1, '{}', 1)",
        "UPDATE toy SET score = NULL WHERE name = 'y'", "UPDATE toy SET body = body || ' '" };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        Ctx cx = test_ctx();
        LedgerProof proof;
        Ledger *l = fresh(&cx, "fold.db");
        expect_ok(&cx, add(&cx, l, "x", "{}"));
        expect_ok(&cx, add(&cx, l, "y", "{}"));
        tamper("fold.db", ways[i]);
        expect_failure(&cx, ledger_rebuild(&cx, l, &proof), ERR_CORRUPT, "table 'toy'");
        assert_string_equal(proof.table, "toy");
        expect_ok(&cx, ledger_verify(&cx, l, &proof));         /* the log itself is sound */
        expect_ok(&cx, ledger_restore(&cx, l));
        sound(&cx, l, 3);
        ledger_close(&cx, l);
    }
}

static void a_long_walk_stops_when_asked(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    LedgerProof proof;
    Ledger *l = fresh(&cx, "stop.db");
    volatile sig_atomic_t stop = 1;
    cx.cancel = &stop;
    expect_failure(&cx, ledger_verify(&cx, l, &proof), ERR_INTERRUPTED, NULL);
    expect_ok(&cx, add(&cx, l, "x", "{}"));                    /* but an act is still recorded */
    cx.cancel = NULL;
    sound(&cx, l, 2);
    ledger_close(&cx, l);
}

/* --- several processes, and killed ones --- */

static void writers_side_by_side_never_share_a_number(void **state)
{
    (void)state;
    enum { KIDS = 4, EACH = 50 };
    Ctx cx = test_ctx();
    OsProc p[KIDS];
    Ledger *l = fresh(&cx, "many.db");
    const char *argv[] = { self, "append", "many.db", "50", NULL };
    for (int i = 0; i < KIDS; i++) expect_ok(&cx, os_spawn(&cx, argv, NULL, 0, &p[i]));
    for (int i = 0; i < EACH; i++) expect_ok(&cx, add(&cx, l, "parent", "{}"));
    for (int i = 0; i < KIDS; i++) {
        expect_ok(&cx, os_wait(&cx, &p[i], true));
        assert_int_equal(p[i].status, 0);
        os_proc_end(&cx, &p[i]);
    }
    sound(&cx, l, 1 + (KIDS + 1) * EACH);
    assert_int_equal(counted(&cx, l), (KIDS + 1) * EACH);
    ledger_close(&cx, l);
}

/* A child appends and says each acknowledged number; it is killed after some.  What it said must be there. */
static void a_killed_writer_loses_nothing_it_acknowledged(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    ledger_close(&cx, fresh(&cx, "killed.db"));
    uint64_t known = 1;
    for (int round = 0; round < 25; round++) {
        OsProc p;
        int from, to;
        size_t got;
        uint64_t said = 0;
        expect_ok(&cx, os_pipe(&cx, &from, &to));
        const char *argv[] = { self, "append", "killed.db", "1000000", NULL };
        expect_ok(&cx, os_spawn(&cx, argv, &to, 1, &p));
        os_fd_close(&to);
        for (int i = 0; i <= round % 7; i++) {
            expect_ok(&cx, os_fd_read(&cx, from, &said, sizeof said, &got));
            assert_int_equal(got, sizeof said);
        }
        os_kill(&p);
        expect_ok(&cx, os_wait(&cx, &p, true));
        assert_int_equal(p.signal, SIGKILL);
        for (;;) {                                             /* what it said before it died */
            uint64_t more;
            expect_ok(&cx, os_fd_read(&cx, from, &more, sizeof more, &got));
            if (got != sizeof more) break;
            said = more;
        }
        os_fd_close(&from);
        os_proc_end(&cx, &p);
        Ledger *l = opened(&cx, "killed.db", true);
        uint64_t seq;
        Digest head;
        expect_ok(&cx, ledger_head(&cx, l, &seq, &head));
        assert_true(seq >= said && seq <= said + 1 && said > known);
        known = seq;
        sound(&cx, l, seq);
        assert_int_equal(counted(&cx, l), seq - 1);
        ledger_close(&cx, l);
    }
}

/* No file may grow beyond 300 KB: as a disk that fills up. */
static void a_full_disk_is_told_and_what_was_acknowledged_is_there(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    OsProc p;
    int from, to;
    uint64_t said = 1, more, seq;
    size_t got;
    Digest head;
    ledger_close(&cx, fresh(&cx, "full.db"));
    expect_ok(&cx, os_pipe(&cx, &from, &to));
    const char *argv[] = { self, "full", "full.db", "1000000", NULL };
    expect_ok(&cx, os_spawn(&cx, argv, &to, 1, &p));
    os_fd_close(&to);
    for (;;) {
        expect_ok(&cx, os_fd_read(&cx, from, &more, sizeof more, &got));
        if (got != sizeof more) break;
        said = more;
    }
    expect_ok(&cx, os_wait(&cx, &p, true));
    assert_int_equal(p.status, 2);                             /* an append failed */
    os_proc_end(&cx, &p);
    os_fd_close(&from);
    Ledger *l = opened(&cx, "full.db", true);
    expect_ok(&cx, ledger_head(&cx, l, &seq, &head));
    assert_true(said > 10 && seq == said);
    sound(&cx, l, seq);
    expect_ok(&cx, add(&cx, l, "x", "{}"));
    ledger_close(&cx, l);
}

/* --- faults --- */

static Err append_body(Ctx *cx, void *arg)
{
    Ledger *l = NULL;
    LedgerProof proof;
    Err err = OK;
    Ctx whole = test_ctx();
    (void)arg;
    ledger_close(&whole, fresh(&whole, "fault.db"));
    TRY_DONE(cx, ledger_open(cx, "fault.db", rooms, 1, &who, true, &l));
    TRY_DONE(cx, ledger_begin(cx, l));
    TRY_DONE(cx, add(cx, l, "x", "{\"b\":[1,{\"c\":2}],\"a\":\"x\"}"));
    TRY_DONE(cx, add(cx, l, "y", "{}"));
    TRY_DONE(cx, ledger_commit(cx, l));
    TRY_DONE(cx, ledger_rebuild(cx, l, &proof));
done:
    ledger_close(cx, l);
    Ledger *check = opened(&whole, "fault.db", false);
    uint64_t seq;
    Digest head;
    expect_ok(&whole, ledger_head(&whole, check, &seq, &head));
    assert_int_equal(seq % 2, 1);                              /* both or neither */
    sound(&whole, check, seq);
    ledger_close(&whole, check);
    return err;
}

static Err make_body(Ctx *cx, void *arg)
{
    (void)arg;
    (void)unlink("made.db");
    (void)unlink("made.db-wal");
    TRY(cx, ledger_make(cx, "made.db", &who));
    return OK;
}

static void appending_survives_every_fault(void **state)
{
    (void)state;
    rig_sweep(append_body, NULL, ERR_NOMEM, ERR_IO);
    rig_sweep(make_body, NULL, ERR_NOMEM, ERR_IO);
}

static int child_append(Ctx *cx, const char *what, const char *path, int n)
{
    Ledger *l;
    if (!strcmp(what, "full")) {
        (void)os_catch_interrupt();                            /* so that a write fails instead of a signal */
        if (os_limit_file(cx, 300000)) return 4;
    }
    if (ledger_open(cx, path, rooms, 1, &who, true, &l)) return 1;
    for (int i = 0; i < n; i++) {
        uint64_t seq;
        Err err = ledger_append(cx, l, &(Act){ "toy.added", "kid", "{\"a\":1}" }, &seq);
        if (err) {
            ledger_close(cx, l);
            return err == ERR_IO && cx->text[0] ? 2 : 5;
        }
        if (n > 1000 && os_fd_write(cx, 3, &seq, sizeof seq)) return 3;
    }
    ledger_close(cx, l);
    return 0;
}

int main(int argc, char **argv)
{
    Ctx cx = test_ctx();
    if (os_exe_path(&cx, self)) return 99;
    if (argc > 3) return child_append(&cx, argv[1], argv[2], (int)strtol(argv[3], NULL, 10));
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_are_chained_and_hashed_as_the_format_says),
        cmocka_unit_test(a_group_is_all_or_none),
        cmocka_unit_test(what_does_not_fit_is_refused_in_words),
        cmocka_unit_test(tables_of_another_version_are_folded_anew),
        cmocka_unit_test(each_way_of_tampering_names_the_event),
        cmocka_unit_test(events_cannot_be_changed_by_accident),
        cmocka_unit_test(tables_that_differ_from_the_fold_are_named_and_put_right),
        cmocka_unit_test(a_long_walk_stops_when_asked),
        cmocka_unit_test(writers_side_by_side_never_share_a_number),
        cmocka_unit_test(a_killed_writer_loses_nothing_it_acknowledged),
        cmocka_unit_test(a_full_disk_is_told_and_what_was_acknowledged_is_there),
        cmocka_unit_test(appending_survives_every_fault),
    };
    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}

/* What is proved: every commit leaves a signed head over all events; the tiles give the roots that the events give; leat.lock finds a log
** that was cut short, rewritten or replaced; each row of the ledger's own tables that is edited, added or deleted is named; personal
** words lie encrypted and come back; proofs of events hold, and none that was touched does.
** How: a toy room, 700 events, SQL behind the ledger's back. */
#include "base/save.h"
#include "ledger/inner.h"
#include "test/test.h"

#include <openssl/evp.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const toy_kinds[] = { "toy.added", NULL };
static const char *const toy_tables[] = { "toy", NULL };
static const Statement toy_make[] = { { "CREATE TABLE toy(seq INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT", NULL }, { NULL, NULL } };
static const Statement toy_add = { "INSERT INTO toy VALUES(?1, ?2)", NULL };

static Err toy_apply(Ctx *cx, DbWriter *db, const Event *e)
{
    TRY(cx, db_run(cx, db, &toy_add, DB_ARGS(db_int((int64_t)e->seq), db_text(e->payload)), NULL));
    return OK;
}

static const LedgerRoom toy = { .name = "toy", .version = 1, .kinds = toy_kinds, .tables = toy_tables, .make = toy_make, .apply = toy_apply };
static const LedgerRoom *const rooms[] = { &toy };
static char keys[OS_PATH_MAX], other_keys[OS_PATH_MAX];

static LedgerWho who(const char *folder)
{
    return (LedgerWho){ .actor = "ann", .project = "test", .keys = folder, .lock = "leat.lock" };
}

static Ledger *opened(Ctx *cx, const char *path, const char *folder)
{
    Ledger *l = NULL;
    const LedgerWho w = who(folder);
    expect_ok(cx, ledger_open(cx, path, rooms, 1, &w, true, &l));
    return l;
}

static void add(Ctx *cx, Ledger *l, const char *payload, const char *personal)
{
    uint64_t seq;
    expect_ok(cx, ledger_append(cx, l, &(Act){ .kind = "toy.added", .subject = "x", .payload = payload, .personal = personal }, &seq));
}

static void clear_files(const char *path)
{
    char more[200];
    static const char *const ends[] = { "", "-wal", "-shm" };
    for (int i = 0; i < 3; i++) {
        snprintf(more, sizeof more, "%s%s", path, ends[i]);
        (void)unlink(more);
    }
}

/* n events; the lock is written. */
static void filled(Ctx *cx, const char *path, int n)
{
    const LedgerWho w = who(keys);
    clear_files(path);
    (void)unlink("leat.lock");
    expect_ok(cx, ledger_make(cx, path, &w));
    Ledger *l = opened(cx, path, keys);
    expect_ok(cx, ledger_begin(cx, l));
    for (int i = 1; i < n; i++) add(cx, l, "{\"a\":1}", i == 3 ? "ann@example.org" : NULL);
    expect_ok(cx, ledger_commit(cx, l));
    ledger_close(cx, l);
}

static void copy_file(Ctx *cx, const char *from, const char *to)
{
    char *data;
    size_t n;
    expect_ok(cx, save_read(cx, from, (size_t)1 << 26, &data, &n));
    clear_files(to);
    test_write(to, data, n);
    ctx_put(cx, data);
}

static void tamper(const char *path, const char *sql)
{
    sqlite3 *h;
    char *bad = NULL;
    assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
    (void)sqlite3_exec(h, "DROP TRIGGER IF EXISTS event_kept; DROP TRIGGER IF EXISTS event_stays", NULL, NULL, NULL);
    if (sqlite3_exec(h, sql, NULL, NULL, &bad)) fail_msg("%s", bad);
    assert_true(sqlite3_total_changes(h) > 0);
    sqlite3_close(h);
}

static void tiles_give_the_roots_of_the_events(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    LedgerProof proof;
    LedgerHead head;
    Digest root, done[8], at;
    Tree t = { 0 };
    bool has, good;
    filled(&cx, "tiles.db", 700);
    Ledger *l = opened(&cx, "tiles.db", keys);
    for (uint64_t seq = 1; seq <= 700; seq++) {
        DbRows *rows;
        bool more;
        static const Statement ask = { "SELECT hash FROM event WHERE seq = ?1", NULL };
        expect_ok(&cx, db_ask(&cx, ledger_db(l), &ask, DB_ARGS(db_int((int64_t)seq)), &rows));
        expect_ok(&cx, db_next(&cx, rows, &more));
        assert_true(more && ledger_take_digest(rows, 0, &at));
        db_rows_close(rows);
        (void)tree_add(l->hasher, &t, &at, done);
        if (seq % 37 && seq % 256 > 1 && seq != 700) continue;
        Digest want;
        tree_root(l->hasher, &t, &want);
        expect_ok(&cx, ledger_root(&cx, l, seq, &root));
        assert_true(digest_same(&root, &want));
    }
    expect_ok(&cx, ledger_signed(&cx, l, &head, &has));
    assert_true(has && head.size == 700 && digest_same(&head.root, &root));
    expect_ok(&cx, ledger_head_check(&cx, &l->id, &head, &good));
    assert_true(good);
    expect_ok(&cx, ledger_verify(&cx, l, &proof));
    assert_true(proof.events == 700 && proof.heads == 2 && proof.signed_to == 700 && proof.secret == 1);
    /* A colleague with a key of her own: introduced by an event, before what she does. */
    ledger_close(&cx, l);
    l = opened(&cx, "tiles.db", other_keys);
    add(&cx, l, "{}", NULL);
    ledger_close(&cx, l);
    l = opened(&cx, "tiles.db", keys);
    expect_ok(&cx, ledger_rebuild(&cx, l, &proof));
    assert_true(proof.events == 702 && proof.signed_to == 702);
    struct stat st;
    char path[OS_PATH_MAX + 20];
    snprintf(path, sizeof path, "%s/signing.key", keys);
    assert_true(!stat(path, &st) && (st.st_mode & 0777) == 0600);
    ledger_close(&cx, l);
}

static void a_log_that_leat_lock_does_not_know_is_found(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    LedgerProof proof;
    filled(&cx, "lock.db", 20);
    copy_file(&cx, "lock.db", "old.db");
    Ledger *l = opened(&cx, "lock.db", keys);
    add(&cx, l, "{\"b\":1}", NULL);
    add(&cx, l, "{\"b\":2}", NULL);
    ledger_close(&cx, l);
    l = opened(&cx, "old.db", keys);                           /* an older copy: sound in itself */
    expect_failure(&cx, ledger_verify(&cx, l, &proof), ERR_CORRUPT, "the last 2 are gone");
    assert_int_equal(proof.bad_seq, 21);
    add(&cx, l, "{\"c\":1}", NULL);                            /* and gone on from, another way */
    add(&cx, l, "{\"c\":2}", NULL);
    add(&cx, l, "{\"c\":3}", NULL);
    ledger_close(&cx, l);                                      /* which must not overwrite what gives it away */
    l = opened(&cx, "old.db", keys);
    expect_failure(&cx, ledger_verify(&cx, l, &proof), ERR_CORRUPT, "the first 22 events of the ledger 'old.db' are not those that 'leat.lock' covers");
    ledger_close(&cx, l);
    l = opened(&cx, "lock.db", keys);
    expect_ok(&cx, ledger_verify(&cx, l, &proof));
    /* A head that somebody else kept. */
    LedgerHead head;
    bool has;
    expect_ok(&cx, ledger_signed(&cx, l, &head, &has));
    expect_ok(&cx, ledger_expect(&cx, l, "the remote 'team'", &head));
    expect_ok(&cx, ledger_verify(&cx, l, &proof));
    assert_int_equal(proof.heads, 3);
    head.size = 30;
    expect_ok(&cx, ledger_expect(&cx, l, "the remote 'home'", &head));
    expect_failure(&cx, ledger_verify(&cx, l, &proof), ERR_CORRUPT, "the remote 'home' knows 30 events");
    ledger_close(&cx, l);
    /* A line of it that was edited; lines of other ledgers stay. */
    char *text;
    size_t n;
    expect_ok(&cx, save_read(&cx, "leat.lock", 100000, &text, &n));
    text[n - 5] = text[n - 5] == 'a' ? 'b' : 'a';
    test_write("leat.lock", text, n);
    ctx_put(&cx, text);
    l = opened(&cx, "lock.db", keys);
    expect_failure(&cx, ledger_verify(&cx, l, &proof), ERR_CORRUPT, "the signature of 'leat.lock'");
    ledger_close(&cx, l);
}

static void each_row_of_the_ledgers_own_tables_is_watched(void **state)
{
    (void)state;
    static const struct { const char *sql, *words; } row[] = {
        { "UPDATE tile SET body = zeroblob(64)", "tile 1/0" },
        { "DELETE FROM tile", "tile 1/0" },
        { "INSERT INTO tile VALUES(2, 0, zeroblob(32))", "tile 2/0 is one too many" },
        { "DELETE FROM head", "signed head is missing" },
        { "UPDATE head SET size = size - 1", "are not those" },
        { "UPDATE head SET root = zeroblob(32)", "are not those" },
        { "UPDATE head SET signature = zeroblob(64)", "signature" },
        { "UPDATE head SET key = zeroblob(32)", "signature" },
        { "UPDATE head SET key = zeroblob(3)", "damaged" },
        { "DELETE FROM ledger_key", "key of its payload is missing" },
        { "UPDATE ledger_key SET key = zeroblob(32)", "does not open" },
        { "UPDATE ledger_key SET subject = 'eve'", "does not open" },
        { "INSERT INTO ledger_key VALUES(7, 'x', zeroblob(32))", "'ledger_key'" },
        { "UPDATE payload SET state = 3 WHERE seq = 9", "no later event says so" },
        { "UPDATE payload SET state = 7 WHERE seq = 9", "not where it should be" },
        { "UPDATE payload SET secret = CAST(body AS BLOB), body = NULL, state = 1 WHERE seq = 9", "event 9" },
        { "UPDATE payload SET secret = zeroblob(40) WHERE state = 1", "event 4" },
        { "INSERT INTO payload VALUES(5000, 0, '{}', NULL)", "'payload'" },
        { "INSERT INTO payload VALUES(-1, 0, '{}', NULL)", "'payload'" },
        { "INSERT INTO event SELECT -3, time_us, actor, on_behalf, project, kind, subject, payload_hash, previous, hash FROM event WHERE seq = 2", "'event'" },
        { "INSERT INTO ledger_room VALUES('x', 1)", "'ledger_room'" },
        { "UPDATE ledger_signer SET actor = 'eve'", "'ledger_signer'" },
        { "DELETE FROM ledger_signer", "'ledger_signer'" },
        { "INSERT INTO ledger_hold VALUES('x', 1, NULL, 'why')", "'ledger_hold'" },
        { "INSERT INTO ledger_segment VALUES(1, 2, 'x', 3, '', 4)", "'ledger_segment'" },
        { "INSERT INTO ledger_foreign VALUES('x', 1, 2, 'x', 'x', 'x', 4)", "'ledger_foreign'" },
    };
    Ctx cx = test_ctx();
    filled(&cx, "good.db", 600);
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        LedgerProof proof;
        copy_file(&cx, "good.db", "rows.db");
        tamper("rows.db", row[i].sql);
        Ledger *l = opened(&cx, "rows.db", keys);
        Err err = ledger_rebuild(&cx, l, &proof);
        if (err != ERR_CORRUPT) fail_msg("not found: %s", row[i].sql);
        expect_failure(&cx, err, ERR_CORRUPT, row[i].words);
        ledger_close(&cx, l);
    }
    /* What is derived is put right. */
    copy_file(&cx, "good.db", "rows.db");
    tamper("rows.db", "DELETE FROM tile; DELETE FROM ledger_signer; DELETE FROM toy");
    Ledger *l = opened(&cx, "rows.db", keys);
    LedgerProof proof;
    expect_ok(&cx, ledger_restore(&cx, l));
    expect_ok(&cx, ledger_rebuild(&cx, l, &proof));
    ledger_close(&cx, l);
}

typedef struct Found { char payload[100]; LedgerPayload state; } Found;

static Err keep_found(void *arg, const Event *e)
{
    Found *f = arg;
    snprintf(f->payload, sizeof f->payload, "%s", e->payload);
    f->state = e->state;
    return OK;
}

static void personal_words_are_encrypted_and_come_back(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    char *data;
    size_t n;
    Found found;
    filled(&cx, "words.db", 3);
    Ledger *l = opened(&cx, "words.db", keys);
    add(&cx, l, "{\"note\":\"quincunx\"}", "ann@example.org");
    expect_ok(&cx, ledger_each(&cx, l, &(LedgerAsk){ .from_seq = 4, .to_seq = 4 }, keep_found, &found));
    assert_string_equal(found.payload, "{\"note\":\"quincunx\"}");
    assert_int_equal(found.state, LEDGER_SECRET);
    static const Statement drop = { "SELECT count(*) FROM payload WHERE secret IS NOT NULL AND body IS NULL AND seq = 4", NULL };
    int64_t here = 0;
    expect_ok(&cx, db_ask_int(&cx, ledger_db(l), &drop, DB_NO_ARGS, 0, &here));
    assert_int_equal(here, 1);
    ledger_close(&cx, l);
    expect_ok(&cx, save_read(&cx, "words.db", (size_t)1 << 26, &data, &n));
    size_t times = 0;
    for (size_t i = 0; i + 8 <= n; i++) times += !memcmp(data + i, "quincunx", 8);
    assert_int_equal(times, 1);                                /* the toy's own table alone */
    ctx_put(&cx, data);
}

/* A proof with one character of one member changed. */
static void touched(Ctx *cx, const char *json, const char *member)
{
    LedgerProven out;
    char *copy = ctx_scratch_text(cx, json), key[50];
    snprintf(key, sizeof key, "\"%s\":", member);
    char *at = strstr(copy, key);
    assert_non_null(at);
    at += strlen(key) + 14;
    *at = *at == '1' ? '2' : '1';
    Err err = ledger_proof_check(cx, copy, strlen(copy), &out);
    if (err != ERR_REFUSED) fail_msg("%s: %d", member, (int)err);
    cx->text[0] = 0;
}

static void an_event_is_proved_and_nothing_else(void **state)
{
    (void)state;
    static const char *const members[] = { "leaf_hash", "root", "ledger", "signature", "event" };
    Ctx cx = test_ctx();
    filled(&cx, "prove.db", 513);
    Ledger *l = opened(&cx, "prove.db", keys);
    for (uint64_t seq = 1; seq <= 513; seq += 128) {
        Text t;
        LedgerProven out;
        text_init(&t, &cx);
        expect_ok(&cx, ledger_prove(&cx, l, seq, &t));
        expect_ok(&cx, ledger_proof_check(&cx, t.at, t.n, &out));
        assert_true(out.seq == seq && out.size == 513 && digest_same(&out.ledger, &l->id));
        for (size_t i = 0; i < sizeof members / sizeof *members; i++) touched(&cx, t.at, members[i]);
        char *size = strstr(t.at, "\"tree_size\":513");
        assert_non_null(size);
        size[14] = '4';
        expect_failure(&cx, ledger_proof_check(&cx, t.at, t.n, &out), ERR_REFUSED, "not proved");
        text_clear(&t);
    }
    Text t;
    LedgerProven out;
    text_init(&t, &cx);
    expect_failure(&cx, ledger_prove(&cx, l, 0, &t), ERR_NOT_FOUND, "event 0");
    expect_failure(&cx, ledger_prove(&cx, l, 514, &t), ERR_NOT_FOUND, "event 514");
    expect_failure(&cx, ledger_proof_check(&cx, "{}", 2, &out), ERR_BAD_INPUT, "'event'");
    expect_failure(&cx, ledger_proof_check(&cx, "xx", 2, &out), ERR_BAD_INPUT, "no proof");
    ledger_close(&cx, l);
    const LedgerWho nobody = { .actor = "ann", .project = "p" };
    clear_files("bare.db");
    expect_ok(&cx, ledger_make(&cx, "bare.db", &nobody));
    expect_ok(&cx, ledger_open(&cx, "bare.db", rooms, 1, &nobody, true, &l));
    expect_failure(&cx, ledger_prove(&cx, l, 1, &t), ERR_REFUSED, "no signature");
    ledger_close(&cx, l);
    text_clear(&t);
}

/* --- faults --- */

static Err signed_body(Ctx *cx, void *arg)
{
    Ledger *l = NULL;
    LedgerProof proof;
    uint64_t seq;
    Text t;
    Err err = OK;
    Ctx whole = test_ctx();
    const LedgerWho w = who(keys);
    (void)arg;
    text_init(&t, cx);
    copy_file(&whole, "swept.db", "sweep.db");
    TRY_DONE(cx, ledger_open(cx, "sweep.db", rooms, 1, &w, true, &l));
    TRY_DONE(cx, ledger_append(cx, l, &(Act){ .kind = "toy.added", .subject = "x", .payload = "{\"a\":2}", .personal = "ann" }, &seq));
    TRY_DONE(cx, ledger_append(cx, l, &(Act){ .kind = "toy.added", .subject = "x", .payload = "{\"a\":2}" }, &seq));
    TRY_DONE(cx, ledger_rebuild(cx, l, &proof));
    TRY_DONE(cx, ledger_prove(cx, l, 1, &t));
done:
    text_clear(&t);
    ledger_close(cx, l);
    (void)unlink("leat.lock");                                 /* a later try is an earlier log */
    l = opened(&whole, "sweep.db", keys);
    expect_ok(&whole, ledger_rebuild(&whole, l, &proof));
    ledger_close(&whole, l);
    return err;
}

static void signing_survives_every_fault(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    filled(&cx, "swept.db", 255);
    (void)unlink("leat.lock");
    rig_sweep_or_ok(signed_body, NULL, ERR_NOMEM, ERR_IO);     /* OK: an unsigned log goes on, with a warning */
}

int main(void)
{
    Ctx cx = test_ctx();
    char here[OS_PATH_MAX - 20];
    if (os_cwd(&cx, keys)) return 99;
    snprintf(here, sizeof here, "%s", keys);
    snprintf(keys, sizeof keys, "%s/config/keys", here);
    snprintf(other_keys, sizeof other_keys, "%s/colleague", here);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiles_give_the_roots_of_the_events),
        cmocka_unit_test(a_log_that_leat_lock_does_not_know_is_found),
        cmocka_unit_test(each_row_of_the_ledgers_own_tables_is_watched),
        cmocka_unit_test(personal_words_are_encrypted_and_come_back),
        cmocka_unit_test(an_event_is_proved_and_nothing_else),
        cmocka_unit_test(signing_survives_every_fault),
    };
    return cmocka_run_group_tests_name("head", tests, NULL, NULL);
}

/* What is proved: the ledger keeps the promises of ledger/ledger.h on every kind of database: numbers without gaps, all
** or none, tables equal to the fold of the log after random programs of 500 steps, tampering found, writers side by side
** in processes and in threads, readers beside a writer, killed writers lose nothing they acknowledged, a clock that runs
** backwards.  How: one exam, sat on SQLite and on PostgreSQL's own server; children that are killed.
** ctest: postgres */
#include "base/random.h"
#include "ledger/ledger.h"
#include "test/postgres.h"

#include <signal.h>

typedef struct Place { bool server; char path[DB_ADDRESS_MAX]; } Place;
static Place place;                /* of the kind that sits the exam now */
static char self[OS_PATH_MAX];

/* --- a room that counts, keeps and forgets --- */

static const char *const toy_kinds[] = { "toy.added", "toy.removed", "toy.scored", "toy.refused", NULL };
static const char *const toy_tables[] = { "toy_score", "toy", NULL };
static const Statement toy_make[] = {
    { "CREATE TABLE toy(name TEXT PRIMARY KEY, n INTEGER NOT NULL, body TEXT NOT NULL, at INTEGER NOT NULL, mark BLOB) STRICT", NULL },
    { "CREATE TABLE toy_score(name TEXT NOT NULL REFERENCES toy(name), n INTEGER NOT NULL, score REAL, word TEXT, PRIMARY KEY(name, n)) STRICT", NULL },
    { "CREATE INDEX toy_score_word ON toy_score(word)", NULL },
    { NULL, NULL } };
static const Statement toy_add = {
    "INSERT INTO toy(name, n, body, at, mark) VALUES(?1, 1, ?2, ?3, ?4)"
    " ON CONFLICT(name) DO UPDATE SET n = toy.n + 1, body = excluded.body, mark = excluded.mark", NULL };
static const Statement toy_remove_scores = { "DELETE FROM toy_score WHERE name = ?1", NULL };
static const Statement toy_remove = { "DELETE FROM toy WHERE name = ?1", NULL };
static const Statement toy_score = {
    "INSERT INTO toy_score(name, n, score, word) SELECT ?1, coalesce(max(n), 0) + 1, ?2, ?3 FROM toy_score WHERE name = ?1", NULL };
static const Statement toy_count = { "SELECT coalesce(sum(n), 0) FROM toy", NULL };

static Err toy_apply(Ctx *cx, DbWriter *db, const Event *e)
{
    int64_t n = 0;
    if (!strcmp(e->kind, "toy.removed")) {
        TRY(cx, db_run(cx, db, &toy_remove_scores, DB_ARGS(db_text(e->subject)), NULL));
        TRY(cx, db_run(cx, db, &toy_remove, DB_ARGS(db_text(e->subject)), &n));
        return n ? OK : FAIL(cx, ERR_REFUSED, "no toy '%s'", e->subject);
    }
    if (!strcmp(e->kind, "toy.scored")) {
        double score = (double)(int64_t)(e->payload_n * 37 % 11) - 5;
        TRY(cx, db_run(cx, db, &toy_score,
                       DB_ARGS(db_text(e->subject), e->seq % 3 ? db_num(score / 3) : db_null(), e->seq % 4 ? db_text(e->payload) : db_null()), NULL));
        return OK;
    }
    TRY(cx, db_run(cx, db, &toy_add,
                   DB_ARGS(db_text(e->subject), db_text(e->payload), db_int(e->time_us),
                           e->seq % 5 ? db_blob(e->previous.at, e->seq % 33) : db_null()), NULL));
    if (!strcmp(e->kind, "toy.refused")) return FAIL(cx, ERR_REFUSED, "the toy said no to '%s'", e->subject);
    return OK;
}

static const LedgerRoom toy = { .name = "toy", .version = 1, .kinds = toy_kinds, .tables = toy_tables, .make = toy_make, .apply = toy_apply };
static const LedgerRoom *const rooms[] = { &toy };
static const LedgerWho who = { .actor = "ann", .on_behalf = "bob", .project = "test" };

/* --- opening --- */

static Ledger *opened(Ctx *cx, bool writable)
{
    Ledger *l = NULL;
    expect_ok(cx, ledger_open(cx, place.path, rooms, 1, &who, writable, &l));
    return l;
}

static Ledger *fresh(Ctx *cx, const char *name)
{
    if (place.server) {
        char schema[64];
        snprintf(schema, sizeof schema, "ledger_%s", name);
        test_postgres_fresh(cx, schema, place.path);
    } else {
        char more[DB_ADDRESS_MAX + 8];
        static const char *const ends[] = { "", "-wal", "-shm" };
        snprintf(place.path, sizeof place.path, "%s.db", name);
        for (int i = 0; i < 3; i++) {
            snprintf(more, sizeof more, "%s%s", place.path, ends[i]);
            (void)unlink(more);
        }
    }
    expect_ok(cx, ledger_make(cx, place.path, &who));
    return opened(cx, true);
}

static Err act(Ctx *cx, Ledger *l, const char *kind, const char *subject, const char *payload)
{
    uint64_t seq;
    return ledger_append(cx, l, &(Act){ .kind = kind, .subject = subject, .payload = payload }, &seq);
}

static Err add(Ctx *cx, Ledger *l, const char *subject)
{
    return act(cx, l, "toy.added", subject, "{\"a\":1}");
}

static int64_t counted(Ctx *cx, Ledger *l)
{
    int64_t n = -1;
    expect_ok(cx, db_ask_int(cx, ledger_db(l), &toy_count, DB_NO_ARGS, -1, &n));
    return n;
}

static uint64_t head_of(Ctx *cx, Ledger *l)
{
    uint64_t seq = 0;
    Digest hash;
    expect_ok(cx, ledger_head(cx, l, &seq, &hash));
    return seq;
}

static void sound(Ctx *cx, Ledger *l)
{
    LedgerProof proof;
    expect_ok(cx, ledger_verify(cx, l, &proof));
    assert_int_equal(proof.events, head_of(cx, l));
    expect_ok(cx, ledger_rebuild(cx, l, &proof));
    assert_true(proof.tables >= 2);
}

/* Behind the ledger's back. */
static void tamper(Ctx *cx, const char *sql)
{
    const Statement st = { sql, NULL };
    static const Statement off[] = {
        { "DROP TRIGGER IF EXISTS event_kept", "DROP TRIGGER IF EXISTS event_kept ON event" },
        { "DROP TRIGGER IF EXISTS event_stays", "" } };
    DbWriter *w = NULL;
    expect_ok(cx, db_open_write(cx, place.path, &w));
    for (int i = 0; i < 2; i++) expect_ok(cx, db_run(cx, w, &off[i], DB_NO_ARGS, NULL));
    expect_ok(cx, db_run(cx, w, &st, DB_NO_ARGS, NULL));
    db_close_write(cx, w);
}

/* --- the exam --- */

static Err next_number(void *arg, const Event *e)
{
    uint64_t *last = arg;
    assert_int_equal(e->seq, *last + 1);
    *last = e->seq;
    return OK;
}

static void a_group_is_all_or_none(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Ledger *l = fresh(&cx, "all");
    uint64_t seq = 7, last = 0, from;
    from = head_of(&cx, l);
    expect_ok(&cx, ledger_begin(&cx, l));
    expect_ok(&cx, add(&cx, l, "x"));
    expect_ok(&cx, add(&cx, l, "x"));
    assert_int_equal(counted(&cx, l), 2);                      /* it sees its own */
    expect_ok(&cx, ledger_commit(&cx, l));
    expect_ok(&cx, ledger_begin(&cx, l));
    expect_ok(&cx, add(&cx, l, "x"));
    ledger_cancel(l);
    assert_int_equal(counted(&cx, l), 2);
    expect_ok(&cx, ledger_begin(&cx, l));
    expect_ok(&cx, add(&cx, l, "x"));
    expect_failure(&cx, ledger_append(&cx, l, &(Act){ .kind = "toy.refused", .subject = "x", .payload = "{}" }, &seq), ERR_REFUSED,
                   "the toy said no to 'x'");
    assert_int_equal(seq, 0);
    expect_failure(&cx, ledger_commit(&cx, l), ERR_BUG, "no group");
    assert_int_equal(counted(&cx, l), 2);
    expect_failure(&cx, act(&cx, l, "toy.scored", "nobody", "{}"), ERR_REFUSED, NULL);     /* a foreign key */
    expect_failure(&cx, act(&cx, l, "toy.removed", "nobody", "{}"), ERR_REFUSED, "no toy");
    sound(&cx, l);
    expect_ok(&cx, ledger_each(&cx, l, &(LedgerAsk){ 0 }, next_number, &last));
    assert_true(last == head_of(&cx, l) && last >= from + 2);
    expect_failure(&cx, ledger_make(&cx, place.path, &who), ERR_REFUSED, "a ledger already");
    ledger_close(&cx, l);
    l = opened(&cx, false);
    sound(&cx, l);
    expect_failure(&cx, ledger_begin(&cx, l), ERR_BUG, "questions only");
    ledger_close(&cx, l);
}

static void each_way_of_tampering_is_found(void **state)
{
    (void)state;
    static const struct { const char *sqlite, *postgres; bool table; } ways[] = {
        { "UPDATE event SET actor = 'eve' WHERE seq = 3", NULL, false },
        { "UPDATE event SET time_us = time_us + 1 WHERE seq = 4", NULL, false },
        { "UPDATE event SET hash = previous WHERE seq = 3", NULL, false },
        { "UPDATE payload SET body = '{\"a\":2}' WHERE seq = 4", NULL, false },
        { "UPDATE toy SET n = 9 WHERE name = 'y'", NULL, true },
        { "UPDATE toy SET mark = NULL WHERE mark IS NOT NULL", NULL, true },
        { "INSERT INTO toy(name, n, body, at) VALUES('z', 1, '{}', 1)", NULL, true },
        { "UPDATE toy_score SET score = NULL", NULL, true },
        { "UPDATE toy_score SET score = score + 0.0000000001", NULL, true },
        { "DELETE FROM toy_score WHERE n = 2", NULL, true },
        { "UPDATE toy_score SET word = '' WHERE word IS NULL", NULL, true },
    };
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        Ctx cx = test_ctx();
        LedgerProof proof;
        Ledger *l = fresh(&cx, "tamper");
        for (int k = 0; k < 3; k++) {
            expect_ok(&cx, add(&cx, l, k & 1 ? "x" : "y"));
            expect_ok(&cx, act(&cx, l, "toy.scored", "y", "{\"b\":2}"));
        }
        for (int k = 0; k < 4; k++) expect_ok(&cx, act(&cx, l, "toy.scored", "y", "{}"));
        sound(&cx, l);
        ledger_close(&cx, l);
        tamper(&cx, ways[i].sqlite);
        l = opened(&cx, true);
        expect_failure(&cx, ledger_rebuild(&cx, l, &proof), ERR_CORRUPT, NULL);
        if (ways[i].table) {
            assert_true(!strncmp(proof.table, "toy", 3));
            expect_ok(&cx, ledger_restore(&cx, l));
            sound(&cx, l);
        } else expect_failure(&cx, ledger_verify(&cx, l, &proof), ERR_CORRUPT, NULL);
        ledger_close(&cx, l);
    }
}

static void events_cannot_be_changed_by_accident(void **state)
{
    (void)state;
    static const Statement change = { "UPDATE event SET actor = 'eve'", NULL }, drop = { "DELETE FROM event", NULL };
    Ctx cx = test_ctx();
    DbWriter *w = NULL;
    ledger_close(&cx, fresh(&cx, "kept"));
    expect_ok(&cx, db_open_write(&cx, place.path, &w));
    expect_failure(&cx, db_run(&cx, w, &change, DB_NO_ARGS, NULL), ERR_REFUSED, "events never change");
    expect_failure(&cx, db_run(&cx, w, &drop, DB_NO_ARGS, NULL), ERR_REFUSED, "stay");
    db_close_write(&cx, w);
}

static void tables_of_another_version_are_folded_anew(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    LedgerRoom newer = toy;
    const LedgerRoom *const newer_rooms[] = { &newer };
    Ledger *l = fresh(&cx, "version"), *other = NULL;
    newer.version = 2;
    expect_ok(&cx, add(&cx, l, "x"));
    expect_ok(&cx, act(&cx, l, "toy.scored", "x", "{}"));
    tamper(&cx, "UPDATE toy SET n = 5");
    expect_failure(&cx, ledger_open(&cx, place.path, newer_rooms, 1, &who, false, &other), ERR_REFUSED, "older leat");
    expect_ok(&cx, ledger_open(&cx, place.path, newer_rooms, 1, &who, true, &other));
    assert_int_equal(counted(&cx, other), 1);
    expect_failure(&cx, add(&cx, l, "x"), ERR_REFUSED, "start this program again");
    ledger_close(&cx, other);
    ledger_close(&cx, l);
    expect_failure(&cx, ledger_open(&cx, place.path, rooms, 1, &who, true, &other), ERR_REFUSED, "newer leat");
}

/* --- a random program --- */

static void one_step(Ctx *cx, Ledger **l, Random *r, int64_t *clock)
{
    static const char *const subject[] = { "a", "b", "c", "\xc3\xa4\xe2\x82\xac", "Z" };
    char payload[120];
    const char *name = subject[random_below(r, 5)];
    *clock += (int64_t)random_below(r, 2000000) - 900000;      /* and now and then backwards */
    snprintf(payload, sizeof payload, "{\"k\": %u, \"word\": \"%.*s\", \"x\": %.3g}", (unsigned)random_below(r, 1000),
             (int)random_below(r, 20), "abcdefghijklmnopqrstuvwxyz", (double)random_below(r, 999) / 7);
    Err err = OK;
    switch (random_below(r, 12)) {
    case 0:
        ledger_close(cx, *l);
        *l = opened(cx, true);
        break;
    case 1: err = act(cx, *l, "toy.removed", name, "{}"); break;
    case 2: err = act(cx, *l, "toy.refused", name, payload); break;
    case 3: case 4: case 5: err = act(cx, *l, "toy.scored", name, payload); break;
    case 6: {
        uint64_t n = random_below(r, 9), before = head_of(cx, *l);
        int64_t had = counted(cx, *l);
        expect_ok(cx, ledger_begin(cx, *l));
        for (uint64_t i = 0; i < n && !err; i++) err = act(cx, *l, i % 3 ? "toy.added" : "toy.scored", name, payload);
        bool cancel = random_below(r, 3) == 0;
        if (!err && cancel) ledger_cancel(*l);
        else if (!err) err = ledger_commit(cx, *l);            /* a server may tell only now */
        if (err || cancel) assert_true(head_of(cx, *l) == before && counted(cx, *l) == had);
        break;
    }
    case 7: {
        LedgerGroup *g = NULL;
        uint64_t seq, at = head_of(cx, *l);
        const Act acts[] = { { .kind = "toy.added", .subject = name, .payload = payload }, { .kind = "toy.scored", .subject = name, .payload = "{}" } };
        expect_ok(cx, ledger_group_open(cx, *l, &g));
        expect_ok(cx, ledger_group_append(cx, g, acts, 2, &seq));
        assert_true(seq > at && head_of(cx, *l) >= seq + 1);
        ledger_group_close(cx, g);
        break;
    }
    default: err = act(cx, *l, "toy.added", name, payload);
    }
    if (err != ERR_REFUSED) expect_ok(cx, err);
}

static void tables_equal_the_fold_after_random_programs_of_500_steps(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 2; seed++) {
        Rig rig;
        rig_init(&rig, 0, 0, false);
        Ctx cx = rig_ctx(&rig);
        Ledger *l = fresh(&cx, "random");
        Random r = random_make(seed, "conform_ledger", 0, 0);
        for (int i = 0; i < 500; i++) {
            one_step(&cx, &l, &r, &rig.now_us);
            if (i % 125 == 124) sound(&cx, l);
        }
        assert_true(head_of(&cx, l) > 200);
        ledger_close(&cx, l);
        ctx_clear(&cx);
    }
}

/* --- threads --- */

typedef struct Threads { LedgerGroup *g; _Atomic uint64_t told, refused; } Threads;

static Err append_from_a_thread(Ctx *cx, void *arg, size_t i)
{
    Threads *t = arg;
    char name[32];
    for (int k = 0; k < 60; k++) {
        uint64_t seq = 0;
        snprintf(name, sizeof name, "thread %zu", i);
        if (k % 10 == 7) {                                     /* one that fails, and only for us */
            Act no = { .kind = "toy.refused", .subject = name, .payload = "{}" };
            Err err = ledger_group_append(cx, t->g, &no, 1, &seq);
            if (err != ERR_REFUSED || !strstr(cx->text, name)) return FAIL(cx, ERR_BUG, "%d, not refused as %s: %s", err, name, cx->text);
            t->refused++;
            continue;
        }
        const Act acts[] = { { .kind = "toy.added", .subject = name, .payload = "{}" }, { .kind = "toy.scored", .subject = name, .payload = "{}" } };
        TRY(cx, ledger_group_append(cx, t->g, acts, 1 + (size_t)(k & 1), &seq));
        if (seq <= 1) return FAIL(cx, ERR_BUG, "no number");
        t->told += 1 + (uint64_t)(k & 1);
    }
    return OK;
}

static void threads_share_transactions_and_only_the_one_at_fault_fails(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Ledger *l = fresh(&cx, "threads");
    Threads t = { 0 };
    uint64_t last = 0, start = head_of(&cx, l);
    expect_ok(&cx, ledger_group_open(&cx, l, &t.g));
    expect_ok(&cx, os_parts(&cx, 8, 8, append_from_a_thread, &t));
    ledger_group_close(&cx, t.g);
    assert_int_equal(t.refused, 8 * 6);
    assert_true(head_of(&cx, l) >= start + t.told && head_of(&cx, l) <= start + t.told + 1);   /* + who signs, once */
    expect_ok(&cx, ledger_each(&cx, l, &(LedgerAsk){ 0 }, next_number, &last));
    sound(&cx, l);
    ledger_close(&cx, l);
}

/* --- processes --- */

static int child(const char *verb, const char *path, long n)
{
    Ctx cx = test_ctx();
    Ledger *l = NULL;
    LedgerGroup *g = NULL;
    bool grouped = !strcmp(verb, "group");
    snprintf(place.path, sizeof place.path, "%s", path);
    if (ledger_open(&cx, path, rooms, 1, &who, true, &l)) {
        fprintf(stderr, "%s\n", cx.text);
        return 1;
    }
    if (grouped && ledger_group_open(&cx, l, &g)) return 1;
    for (long i = 0; i < n; i++) {
        uint64_t seq = 0;
        const Act a = { .kind = "toy.added", .subject = verb, .payload = "{\"a\":1}" };
        Err err = grouped ? ledger_group_append(&cx, g, &a, 1, &seq) : ledger_append(&cx, l, &a, &seq);
        if (err) {
            fprintf(stderr, "%s\n", cx.text);
            return 2;
        }
        if (write(3, &seq, sizeof seq) != sizeof seq && n > 1000) return 3;        /* it is acknowledged */
    }
    ledger_group_close(&cx, g);
    ledger_close(&cx, l);
    return 0;
}

static void writers_side_by_side_never_share_a_number_and_readers_see_whole_moments(void **state)
{
    (void)state;
    enum { KIDS = 3, EACH = 40, READERS = 10 };
    Ctx cx = test_ctx();
    OsProc p[KIDS];
    Ledger *l = fresh(&cx, "many"), *reader[READERS];
    uint64_t start = head_of(&cx, l), last = 0;
    for (int i = 0; i < READERS; i++) reader[i] = opened(&cx, false);
    const char *argv[] = { self, "append", place.path, "40", NULL };
    for (int i = 0; i < KIDS; i++) expect_ok(&cx, os_spawn(&cx, argv, NULL, 0, &p[i]));
    for (int i = 0; i < EACH; i++) {
        LedgerProof proof;
        expect_ok(&cx, add(&cx, l, "parent"));
        Ledger *r = reader[i % READERS];
        expect_ok(&cx, db_begin_read(&cx, ledger_db(r)));
        uint64_t at = head_of(&cx, r);
        last = 0;
        expect_ok(&cx, ledger_each(&cx, r, &(LedgerAsk){ 0 }, next_number, &last));
        assert_int_equal(last, at);                            /* head, events and tables of one moment */
        assert_true((uint64_t)counted(&cx, r) <= at && (uint64_t)counted(&cx, r) + 2 + KIDS >= at);
        db_end_read(ledger_db(r));
        if (i % 8 == 0) expect_ok(&cx, ledger_verify(&cx, r, &proof));
    }
    for (int i = 0; i < KIDS; i++) {
        expect_ok(&cx, os_wait(&cx, &p[i], true));
        assert_int_equal(p[i].status, 0);
        os_proc_end(&cx, &p[i]);
    }
    for (int i = 0; i < READERS; i++) ledger_close(&cx, reader[i]);
    sound(&cx, l);
    assert_int_equal(counted(&cx, l), (KIDS + 1) * EACH);
    assert_true(head_of(&cx, l) >= start + (KIDS + 1) * EACH);
    ledger_close(&cx, l);
}

static void a_killed_writer_loses_nothing_it_acknowledged(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    ledger_close(&cx, fresh(&cx, "killed"));
    uint64_t known = 1;
    for (int round = 0; round < 12; round++) {
        OsProc p;
        int from, to;
        size_t got;
        uint64_t said = 0;
        expect_ok(&cx, os_pipe(&cx, &from, &to));
        const char *argv[] = { self, round & 1 ? "group" : "append", place.path, "1000000", NULL };
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
        Ledger *l = opened(&cx, true);
        expect_ok(&cx, ledger_begin(&cx, l));                  /* on a server its last transaction may still be ending */
        ledger_cancel(l);
        uint64_t seq = head_of(&cx, l);
        assert_true(seq >= said && seq <= said + 1 && said > known);
        known = seq;
        sound(&cx, l);
        ledger_close(&cx, l);
    }
}

/* --- faults --- */

static Err append_body(Ctx *cx, void *arg)
{
    Ledger *l = NULL;
    LedgerGroup *g = NULL;
    uint64_t seq;
    Err err = OK;
    const Act acts[] = { { .kind = "toy.added", .subject = "x", .payload = "{\"a\":1}" }, { .kind = "toy.scored", .subject = "x", .payload = "{}" } };
    (void)arg;
    TRY_DONE(cx, ledger_open(cx, place.path, rooms, 1, &who, true, &l));
    TRY_DONE(cx, ledger_group_open(cx, l, &g));
    TRY_DONE(cx, ledger_group_append(cx, g, acts, 2, &seq));
done:
    ledger_group_close(cx, g);
    ledger_close(cx, l);
    return err;
}

static void refused_memory_is_told_and_leaves_whole_acts(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    ledger_close(&cx, fresh(&cx, "memory"));
    rig_sweep(append_body, NULL, ERR_NOMEM, ERR_IO);
    Ledger *l = opened(&cx, true);
    sound(&cx, l);
    ledger_close(&cx, l);
}

#define EXAM                                                                                       \
    cmocka_unit_test(a_group_is_all_or_none),                                                      \
    cmocka_unit_test(each_way_of_tampering_is_found),                                              \
    cmocka_unit_test(events_cannot_be_changed_by_accident),                                        \
    cmocka_unit_test(tables_of_another_version_are_folded_anew),                                   \
    cmocka_unit_test(tables_equal_the_fold_after_random_programs_of_500_steps),                    \
    cmocka_unit_test(threads_share_transactions_and_only_the_one_at_fault_fails),                  \
    cmocka_unit_test(writers_side_by_side_never_share_a_number_and_readers_see_whole_moments),     \
    cmocka_unit_test(a_killed_writer_loses_nothing_it_acknowledged),                               \
    cmocka_unit_test(refused_memory_is_told_and_leaves_whole_acts)

int main(int argc, char **argv)
{
    if (argc == 4) return child(argv[1], argv[2], strtol(argv[3], NULL, 10));
    Ctx cx = test_ctx();
    expect_ok(&cx, os_exe_path(&cx, self));
    const struct CMUnitTest exam[] = { EXAM };
    int bad = cmocka_run_group_tests_name("sqlite", exam, NULL, NULL);
    place.server = true;
    if (test_has_postgres()) bad += cmocka_run_group_tests_name("postgres", exam, NULL, NULL);
    return bad;
}

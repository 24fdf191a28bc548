/* What is proved: leat log search finds exactly the events that say what was asked, with words, phrases, exclusions, choices, facts and
** times, indexed or not; the best first; forgotten events are gone and no word lies in the index; a damaged index is told; the same on
** every database.  How: random events, and a plain scan of the same events written here; SQLite and PostgreSQL's own server.
** ctest: postgres */
#include "base/random.h"
#include "ledger/ledger.h"
#include "test/postgres.h"

typedef struct Place { bool server; char path[DB_ADDRESS_MAX]; } Place;
static Place place;

static const char *const toy_kinds[] = { "toy.noted", "toy.tried", NULL };
static const char *const toy_tables[] = { "toy", NULL };
static const Statement toy_make[] = {
    { "CREATE TABLE toy(seq INTEGER PRIMARY KEY) STRICT", NULL }, { NULL, NULL } };

static Err toy_apply(Ctx *cx, DbWriter *db, const Event *e)
{
    static const Statement add = { "INSERT INTO toy(seq) VALUES(?1)", NULL };
    TRY(cx, db_run(cx, db, &add, DB_ARGS(db_int((int64_t)e->seq)), NULL));
    return OK;
}

static const LedgerRoom toy = { .name = "toy", .version = 1, .kinds = toy_kinds, .tables = toy_tables, .make = toy_make, .apply = toy_apply };
static const LedgerRoom *const rooms[] = { &toy };
static const LedgerWho who = { .actor = "ann", .project = "test" };

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
        snprintf(schema, sizeof schema, "search_%s", name);
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

static uint64_t note(Ctx *cx, Ledger *l, const char *kind, const char *subject, const char *payload)
{
    uint64_t seq = 0;
    expect_ok(cx, ledger_append(cx, l, &(Act){ .kind = kind, .subject = subject, .payload = payload }, &seq));
    return seq;
}

static LedgerFound ask(Ctx *cx, Ledger *l, const char *query)
{
    LedgerFound f;
    expect_ok(cx, ledger_search(cx, l, &(LedgerFind){ .query = query, .limit = 1000 }, &f));
    return f;
}

static bool found(const LedgerFound *f, uint64_t seq)
{
    for (size_t i = 0; i < f->n; i++) {
        if (f->hit[i].seq == seq) return true;
    }
    return false;
}

static void what_is_asked_for_is_found(void **state)
{
    (void)state;
    for (int indexed = 0; indexed < 2; indexed++) {
        Ctx cx = test_ctx();
        Ledger *l = fresh(&cx, "asked");
        uint64_t a = note(&cx, l, "toy.noted", "r1", "{\"text\":\"The learning_rate was too high,\\nout of memory\",\"state\":\"failed\"}");
        uint64_t b = note(&cx, l, "toy.tried", "r2", "{\"params\":{\"learning_rate\":0.05,\"learner\":\"LightGBM\"},\"state\":\"ok\",\"deep\":true}");
        uint64_t c = note(&cx, l, "toy.noted", "r3", "{\"text\":\"rate of learning; memory of \xc3\x84pfel und \xe6\x9d\xb1\xe4\xba\xac\",\"tags\":[{\"key\":\"team\",\"value\":\"Risk\"}]}");
        uint64_t d = note(&cx, l, "toy.noted", "r4", "{\"text\":\"memory memory memory\"}");
        if (indexed) expect_ok(&cx, ledger_search_index(&cx, l, 0));
        const struct { const char *query; uint64_t hit[4]; } rows[] = {
            { "learning", { a, b, c } }, { "LEARNING_rate", { a, b } }, { "\"rate of\"", { c } }, { "rate of", { a, c } },
            { "memory -learning", { d } }, { "learner:lightgbm", { b } }, { "learner=LIGHTGBM", { b } }, { "learner:light", { 0 } },
            { "lightgbm", { b } }, { "learning_rate:0.05", { b } }, { "0.05", { b } }, { "deep:true", { b } },
            { "state:failed OR state:ok", { a, b } }, { "\"out of memory\" OR lightgbm", { a, b } }, { "team:risk", { c } },
            { "kind:toy.tried", { b } }, { "subject:r3 memory", { c } }, { "\xc3\xa4PFEL", { c } }, { "\xe4\xba\xac", { c } },
            { "\xe6\x9d\xb1\xe4\xba\xac", { c } }, { "\xe4\xba\xac\xe6\x9d\xb1", { 0 } }, { "learning -\"learning rate\"", { c } },
            { "-state:failed memory", { c, d } }, { "nowhere", { 0 } }, { "actor:ann memory", { a, c, d } }, { "actor:bob memory", { 0 } },
            { "http://x/y", { 0 } }, { "toy.tried", { b } },
        };
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            LedgerFound f = ask(&cx, l, rows[i].query);
            size_t want = 0;
            for (; want < 4 && rows[i].hit[want]; want++) {
                if (!found(&f, rows[i].hit[want])) fail_msg("%s does not find %d", rows[i].query, (int)rows[i].hit[want]);
            }
            if (f.n != want) fail_msg("%s finds %zu, not %zu", rows[i].query, f.n, want);
            assert_true(f.events == f.indexed + f.scanned && (f.indexed > 0) == indexed);
        }
        LedgerFound f = ask(&cx, l, "memory");
        assert_int_equal(f.hit[0].seq, d);                     /* what says it thrice in few words comes first */
        f = ask(&cx, l, "\"out of memory\"");
        assert_non_null(strstr(f.hit[0].snippet, "out of memory"));
        expect_failure(&cx, ledger_search(&cx, l, &(LedgerFind){ .query = " -- \"\" " }, &f), ERR_BAD_INPUT, "no word");
        expect_failure(&cx, ledger_search(&cx, l, &(LedgerFind){ .query = "-memory" }, &f), ERR_BAD_INPUT, "no word");
        expect_failure(&cx, ledger_search(&cx, l, &(LedgerFind){ .query = "a b c d e f g h i j k l m n o p q r s" }, &f), ERR_BAD_INPUT, "fewer");
        expect_failure(&cx, ledger_search(&cx, l, &(LedgerFind){ .query = "x", .limit = 5000 }, &f), ERR_LIMIT, NULL);
        expect_ok(&cx, ledger_search(&cx, l, &(LedgerFind){ .query = "", .kind = "toy.noted", .limit = 2 }, &f));
        assert_true(f.n == 2 && f.matches == 3 && f.hit[0].seq == d && f.hit[1].seq == c);         /* the newest among equals */
        ledger_close(&cx, l);
        ctx_clear(&cx);
    }
}

/* --- against a plain scan --- */

enum { EVENTS = 700, WORDS = 40 };
typedef struct Said { uint64_t seq; int64_t time_us; int word[12]; int n, state; } Said;

static bool says(const Said *s, int word)
{
    for (int i = 0; i < s->n; i++) {
        if (s->word[i] == word) return true;
    }
    return false;
}

static bool says_both(const Said *s, int first, int second)
{
    for (int i = 0; i + 1 < s->n; i++) {
        if (s->word[i] == first && s->word[i + 1] == second) return true;
    }
    return false;
}

static void random_note(Ctx *cx, Ledger *l, Random *r, Said *s)
{
    char payload[400];
    int at = snprintf(payload, sizeof payload, "{\"body\":\"");
    s->n = 1 + (int)random_below(r, 11);
    s->state = (int)random_below(r, 3);
    for (int i = 0; i < s->n; i++) {
        uint64_t u = random_below(r, WORDS * WORDS);
        s->word[i] = (int)(u / (1 + u % WORDS)) % WORDS;       /* some are common, some rare */
        at += snprintf(payload + at, sizeof payload - (size_t)at, "%sw%dx", i ? " " : "", s->word[i]);
    }
    snprintf(payload + at, sizeof payload - (size_t)at, "\",\"state\":\"s%d\"}", s->state);
    s->seq = note(cx, l, "toy.noted", "x", payload);
    s->time_us = cx->world->clock->now_us(cx->world->clock->self);
}

static void a_question_finds_what_a_plain_scan_finds(void **state)
{
    (void)state;
    static Said said[EVENTS];
    Rig rig;
    rig_init(&rig, 0, 0, false);
    Ctx cx = rig_ctx(&rig);
    Ledger *l = fresh(&cx, "scan");
    Random r = random_make(11, "conform_search", 0, 0);
    for (int i = 0; i < EVENTS; i++) {
        random_note(&cx, l, &r, &said[i]);
        rig.now_us += (int64_t)random_below(&r, 3000000) - 200000;
        if (random_below(&r, 9) == 0) expect_ok(&cx, ledger_search_index(&cx, l, 0));      /* many small segments, merged */
    }
    LedgerFound f = ask(&cx, l, "w0x");
    assert_true(f.indexed > EVENTS / 2);
    for (int k = 0; k < 150; k++) {
        int a = (int)random_below(&r, WORDS), b = (int)random_below(&r, WORDS), c = (int)random_below(&r, WORDS), way = k % 6;
        char query[200];
        LedgerFind in = { .query = query, .limit = 1000 };
        switch (way) {
        case 0: snprintf(query, sizeof query, "w%dx w%dx", a, b); break;
        case 1: snprintf(query, sizeof query, "\"w%dx w%dx\"", a, b); break;
        case 2: snprintf(query, sizeof query, "w%dx -w%dx", a, b); break;
        case 3: snprintf(query, sizeof query, "w%dx OR w%dx", a, b); break;
        case 4: snprintf(query, sizeof query, "w%dx w%dx state:s1", a, b); break;
        default: snprintf(query, sizeof query, "w%dx OR \"w%dx w%dx\"", a, b, c);
        }
        if (k % 5 == 0) in.since_us = said[EVENTS / 3].time_us;
        if (k % 7 == 0) in.until_us = said[EVENTS - 100].time_us;
        expect_ok(&cx, ledger_search(&cx, l, &in, &f));
        size_t want = 0;
        for (int i = 0; i < EVENTS; i++) {
            const Said *s = &said[i];
            bool yes[] = { says(s, a) && says(s, b), says_both(s, a, b), says(s, a) && !says(s, b), says(s, a) || says(s, b),
                           says(s, a) && says(s, b) && s->state == 1, says(s, a) || says_both(s, b, c) };
            /* the event's own time lies a tick or two before what we noted */
            bool in_time = (!in.since_us || s->time_us > in.since_us) && (!in.until_us || s->time_us <= in.until_us);
            bool near = (in.since_us && llabs(s->time_us - in.since_us) < 50) || (in.until_us && llabs(s->time_us - in.until_us) < 50);
            if (near) continue;
            if (yes[way] && in_time) {
                want++;
                if (!found(&f, s->seq)) fail_msg("%s does not find event %d", query, (int)s->seq);
            } else if (found(&f, s->seq)) fail_msg("%s finds event %d", query, (int)s->seq);
        }
        assert_true(f.n <= want + 2 && f.matches >= f.n);
        for (size_t i = 1; i < f.n; i++)
            assert_true(f.hit[i - 1].score > f.hit[i].score || (f.hit[i - 1].score == f.hit[i].score && f.hit[i - 1].seq > f.hit[i].seq));
    }
    ledger_close(&cx, l);
    ctx_clear(&cx);
}

/* --- forgetting, rebuilding, damage --- */

static int64_t count_of(Ctx *cx, Ledger *l, const char *sql)
{
    const Statement st = { sql, NULL };
    int64_t n = -1;
    expect_ok(cx, db_ask_int(cx, ledger_db(l), &st, DB_NO_ARGS, -1, &n));
    return n;
}

static void a_forgotten_event_is_found_by_none_of_its_words(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Ledger *l = fresh(&cx, "forget");
    uint64_t seq[40];
    char payload[100];
    for (int i = 0; i < 40; i++) {
        snprintf(payload, sizeof payload, "{\"text\":\"common zebra%d shared\"}", i);
        seq[i] = note(&cx, l, "toy.noted", "x", payload);
        if (i % 4 == 3) expect_ok(&cx, ledger_search_index(&cx, l, 0));
    }
    LedgerFound f = ask(&cx, l, "common");
    assert_int_equal(f.n, 40);
    /* No word lies in the index. */
    assert_int_equal(count_of(&cx, l, place.server ? "SELECT count(*) FROM search_page WHERE position('zebra'::bytea in body) > 0"
                                                   : "SELECT count(*) FROM search_page WHERE instr(body, x'7a65627261') > 0"), 0);
    assert_true(count_of(&cx, l, "SELECT count(*) FROM search_segment") < 10);
    expect_ok(&cx, ledger_begin(&cx, l));
    expect_ok(&cx, ledger_search_forget(&cx, l, seq[17]));
    expect_ok(&cx, ledger_commit(&cx, l));
    static const char *const words[] = { "zebra17", "common zebra17", "subject:x zebra17" };
    for (int i = 0; i < 3; i++) {
        f = ask(&cx, l, words[i]);
        assert_int_equal(f.n, 0);
    }
    f = ask(&cx, l, "common");
    assert_true(f.n == 39 && !found(&f, seq[17]) && found(&f, seq[16]) && found(&f, seq[18]));
    /* What was merged later does not bring it back. */
    for (int i = 0; i < 40; i++) {
        (void)note(&cx, l, "toy.noted", "y", "{\"text\":\"more\"}");
        expect_ok(&cx, ledger_search_index(&cx, l, 0));
    }
    f = ask(&cx, l, "zebra17");
    assert_int_equal(f.n, 0);
    LedgerProof proof;
    expect_ok(&cx, ledger_rebuild(&cx, l, &proof));            /* the index is no part of the state */
    expect_ok(&cx, ledger_restore(&cx, l));
    f = ask(&cx, l, "zebra18");
    assert_true(f.n == 1 && f.indexed == 0);
    expect_ok(&cx, ledger_search_index(&cx, l, 0));
    f = ask(&cx, l, "zebra18");
    assert_true(f.n == 1 && f.scanned == 0);
    ledger_close(&cx, l);
    ctx_clear(&cx);
}

static void a_redacted_event_is_found_by_no_word_of_it(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Ledger *l = fresh(&cx, "redact");
    LedgerRedacted done;
    (void)note(&cx, l, "toy.noted", "x", "{\"text\":\"a plain river\"}");
    uint64_t seq = note(&cx, l, "toy.noted", "x", "{\"text\":\"a hidden river\"}");
    expect_ok(&cx, ledger_search_index(&cx, l, 0));
    LedgerFound f = ask(&cx, l, "river");
    assert_int_equal(f.n, 2);
    expect_ok(&cx, ledger_redact(&cx, l, &(LedgerRedactIn){ .seq = seq, .why = "asked to" }, &done));
    f = ask(&cx, l, "hidden");
    assert_int_equal(f.n, 0);
    f = ask(&cx, l, "river");
    assert_true(f.n == 1 && f.hit[0].seq != seq);
    LedgerProof proof;
    expect_ok(&cx, ledger_rebuild(&cx, l, &proof));
    ledger_close(&cx, l);
}

static void a_damaged_index_is_told_and_made_anew(void **state)
{
    (void)state;
    static const Statement spoil = { "UPDATE search_page SET body = CAST(substr(body, 1, 5) || x'1122' || substr(body, 8) AS BLOB)",
                                     "UPDATE search_page SET body = set_byte(body, 6, get_byte(body, 6) # 1)" };
    Ctx cx = test_ctx();
    Ledger *l = fresh(&cx, "damage");
    DbWriter *w = NULL;
    LedgerFound f;
    (void)note(&cx, l, "toy.noted", "x", "{\"text\":\"river\"}");
    expect_ok(&cx, ledger_search_index(&cx, l, 0));
    f = ask(&cx, l, "river");
    assert_int_equal(f.n, 1);
    expect_ok(&cx, db_open_write(&cx, place.path, &w));
    expect_ok(&cx, db_run(&cx, w, &spoil, DB_NO_ARGS, NULL));
    db_close_write(&cx, w);
    expect_failure(&cx, ledger_search(&cx, l, &(LedgerFind){ .query = "river" }, &f), ERR_CORRUPT, "log rebuild");
    expect_ok(&cx, ledger_restore(&cx, l));
    expect_ok(&cx, ledger_search_index(&cx, l, 0));
    f = ask(&cx, l, "river");
    assert_int_equal(f.n, 1);
    ledger_close(&cx, l);
}

/* --- faults --- */

static Err search_body(Ctx *cx, void *arg)
{
    Ledger *l = NULL;
    LedgerFound f;
    Err err = OK;
    (void)arg;
    TRY_DONE(cx, ledger_open(cx, place.path, rooms, 1, &who, true, &l));
    TRY_DONE(cx, ledger_begin(cx, l));
    TRY_DONE(cx, ledger_search_reset(cx, l));
    TRY_DONE(cx, ledger_commit(cx, l));
    TRY_DONE(cx, ledger_search_index(cx, l, 0));
    TRY_DONE(cx, ledger_search(cx, l, &(LedgerFind){ .query = "common zebra1 OR zebra2" }, &f));
    assert_true(f.n == 2);
done:
    ledger_close(cx, l);
    return err;
}

static void refused_memory_is_told(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Ledger *l = fresh(&cx, "memory");
    char payload[100];
    for (int i = 0; i < 5; i++) {
        snprintf(payload, sizeof payload, "{\"text\":\"common zebra%d shared\"}", i);
        (void)note(&cx, l, "toy.noted", "x", payload);
    }
    ledger_close(&cx, l);
    rig_sweep(search_body, NULL, ERR_NOMEM, ERR_IO);
}

#define EXAM                                                               \
    cmocka_unit_test(what_is_asked_for_is_found),                          \
    cmocka_unit_test(a_question_finds_what_a_plain_scan_finds),            \
    cmocka_unit_test(a_forgotten_event_is_found_by_none_of_its_words),     \
    cmocka_unit_test(a_redacted_event_is_found_by_no_word_of_it),          \
    cmocka_unit_test(a_damaged_index_is_told_and_made_anew),               \
    cmocka_unit_test(refused_memory_is_told)

int main(void)
{
    const struct CMUnitTest exam[] = { EXAM };
    int bad = cmocka_run_group_tests_name("sqlite", exam, NULL, NULL);
    place.server = true;
    if (test_has_postgres()) bad += cmocka_run_group_tests_name("postgres", exam, NULL, NULL);
    return bad;
}

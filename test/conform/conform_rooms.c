/* What is proved: whatever acts come, in whatever order, with whatever in them, the tables of every real room (runs, experiments, builds, data,
** holds) equal the fold of the log after 500 of them, on both databases; an act that does not fit is refused and leaves nothing behind.
** How: random acts of every kind that the rooms' rows name, their payloads made of all the members that any apply reads, now and then sound and
** now and then not; groups that are cancelled, handles opened anew, tables made anew on the way.  LEAT_SEEDS: how many programs (2).
** ctest: postgres */
#include "base/random.h"
#include "base/text.h"
#include "lake/lake.h"
#include "ledger/inner.h"
#include "repo/inner.h"
#include "test/postgres.h"

#define STEPS 500

static const LedgerRoom *const rooms[] = { &repo_room, &lake_room };
static LedgerWho who = { .actor = "ann", .project = "test" };
static char keys[OS_PATH_MAX + 20];
static char path[DB_ADDRESS_MAX];
static bool server;

/* --- acts --- */

typedef enum Shape { WORD, WHOLE, NUMBER, TRUTH, HEX, PAIRS, LINES, SERIES, OBJECTS, NUMBERS, NAMES } Shape;
static const struct { const char *key; Shape shape; } member[] = {
    { "about", WORD }, { "artifact", HEX }, { "bytes", WHOLE }, { "command", WORD }, { "context", WORD }, { "data", OBJECTS }, { "detail", WORD },
    { "digest", HEX }, { "end_us", WHOLE }, { "exact", TRUTH }, { "exit", WHOLE }, { "experiment", WORD }, { "files", WHOLE }, { "fit_s", NUMBER },
    { "folds", NUMBERS }, { "folder", WORD }, { "higher_is_better", TRUTH }, { "host", WORD }, { "id", WHOLE }, { "input", HEX }, { "inputs", OBJECTS },
    { "key", WORD }, { "kind", WORD }, { "learner", WORD }, { "lines", LINES }, { "loose", TRUTH }, { "media", WORD }, { "message", WORD },
    { "metric", WORD }, { "metrics", SERIES }, { "model", WORD }, { "n", WHOLE }, { "name", WORD }, { "number", WHOLE }, { "options", PAIRS },
    { "output", HEX }, { "params", PAIRS }, { "parent", WORD }, { "path", WORD }, { "predict_us_row", NUMBER }, { "rows", WHOLE }, { "run", WORD },
    { "score", NUMBER }, { "se", NUMBER }, { "seconds", NUMBER }, { "seed", WORD }, { "size_bytes", NUMBER }, { "source_us", WHOLE }, { "sources", OBJECTS },
    { "stage", WORD }, { "start_us", WHOLE }, { "state", WORD }, { "subject", WORD }, { "summary", WORD }, { "tag", WORD }, { "tags", PAIRS }, { "target", WORD },
    { "task", WORD }, { "text", WORD }, { "to", WORD }, { "tree", HEX }, { "value", NUMBER }, { "verb", WORD }, { "version", WORD }, { "why", WORD },
};
#define MEMBERS (sizeof member / sizeof *member)

static const char *const words[] = { "a", "b", "done", "failed", "interrupted", "running", "", "churn", "heart", "run", "build", "FINISHED", "é“x”", "auc", "1", "x y" };

static const char *word(Random *r)
{
    return words[random_below(r, sizeof words / sizeof *words)];
}

static void hex_of(Random *r, Text *t)
{
    char hex[SHA256_TEXT_MAX];
    Digest d;
    memset(d.at, (int)random_below(r, 4), sizeof d.at);
    digest_text(&d, hex);
    json_text(t, hex);
}

static void value(Random *r, Text *t, Shape shape)
{
    if (random_below(r, 40) == 0) shape = (Shape)random_below(r, NAMES);       /* now and then something else than is expected */
    switch (shape) {
    case WHOLE: json_int(t, (int64_t)random_below(r, 5)); break;
    case NUMBER: json_num(t, (double)random_below(r, 100) / 7 - 3); break;
    case TRUTH: json_bool(t, random_below(r, 2)); break;
    case HEX: hex_of(r, t); break;
    case PAIRS: case NAMES:
        json_open(t);
        json_key_text(t, "a", word(r));
        json_key_text(t, "b", word(r));
        json_close(t);
        break;
    case NUMBERS:
        json_open_array(t);
        for (uint64_t i = random_below(r, 4); i-- > 0;) json_num(t, (double)i / 3);
        json_close_array(t);
        break;
    case LINES: case OBJECTS:
        json_open_array(t);
        for (uint64_t i = random_below(r, 3); i-- > 0;) {
            json_open(t);
            json_key(t, "address"), json_text(t, word(r));
            json_key(t, "dataset"), json_text(t, word(r));
            json_key(t, "digest"), hex_of(r, t);
            json_key(t, "kind"), json_text(t, word(r));
            json_key(t, "n"), json_int(t, (int64_t)random_below(r, 3));
            json_key(t, "name"), json_text(t, word(r));
            json_key(t, "text"), json_text(t, word(r));
            json_key(t, "time_us"), json_int(t, (int64_t)random_below(r, 99));
            json_key(t, "tree"), hex_of(r, t);
            json_close(t);
        }
        json_close_array(t);
        break;
    case SERIES: {
        json_open_array(t);
        for (uint64_t i = 1 + random_below(r, 2); i-- > 0;) {
            uint64_t n = random_below(r, 4);
            json_open(t);
            json_key_text(t, "key", word(r));
            json_key_open_array(t, "steps");
            for (uint64_t k = 0; k < n; k++) json_int(t, (int64_t)random_below(r, 9));
            json_close_array(t);
            json_key_open_array(t, "times_us");
            for (uint64_t k = 0; k < n; k++) json_int(t, (int64_t)random_below(r, 99));
            json_close_array(t);
            json_key_open_array(t, "values");
            for (uint64_t k = 0; k < n; k++) json_num(t, (double)random_below(r, 99) / 8);
            json_close_array(t);
            json_close(t);
        }
        json_close_array(t);
        break;
    }
    default: json_text(t, word(r)); break;
    }
}

static void payload(Random *r, Text *t)
{
    t->n = 0;
    t->comma = false;
    json_open(t);
    for (size_t i = 0; i < MEMBERS; i++) {
        if (random_below(r, 8) == 0) continue;
        json_key(t, member[i].key);
        value(r, t, member[i].shape);
    }
    json_close(t);
    assert_false(t->broken);
}

/* One act of some kind.  What rooms may say no with is no; anything else is a fault of theirs. */
static Err act(Ctx *cx, Ledger *l, Random *r, Text *t)
{
    static const char *const subjects[] = { "run-1", "run-2", "run-3", "churn", "heart", "a", "0" };
    static const char *const own[] = { "ledger.held", "ledger.released" };
    const LedgerRoom *room = rooms[random_below(r, 2)];
    size_t n = 0;
    uint64_t seq;
    while (room->kinds[n]) n++;
    const char *kind = random_below(r, 20) ? room->kinds[random_below(r, n)] : own[random_below(r, 2)];
    if (random_below(r, 5) == 0) kind = room->kinds[0];        /* beginnings, so that there is something to go on with */
    payload(r, t);
    Err err = ledger_append(cx, l, &(Act){ .kind = kind, .subject = subjects[random_below(r, 7)], .payload = t->at,
                                           .personal = random_below(r, 10) ? NULL : "bob" }, &seq);
    if (err && err != ERR_REFUSED && err != ERR_BAD_INPUT && err != ERR_NOT_FOUND && err != ERR_LIMIT)
        fail_msg("%s: %s: %s\n%s", kind, err_text(err), cx->text, t->at);
    cx->text[0] = 0;
    cx->hops_n = 0;
    return err;
}

/* --- programs --- */

static Ledger *opened(Ctx *cx)
{
    Ledger *l = NULL;
    expect_ok(cx, ledger_open(cx, path, rooms, 2, &who, true, &l));
    return l;
}

static void fresh(Ctx *cx)
{
    static const char *const ends[] = { "", "-wal", "-shm" };
    if (server) test_postgres_fresh(cx, "rooms", path);
    else snprintf(path, sizeof path, "rooms.db");
    for (int i = 0; i < 3 && !server; i++) {
        char more[64];
        snprintf(more, sizeof more, "rooms.db%s", ends[i]);
        (void)unlink(more);
    }
    expect_ok(cx, ledger_make(cx, path, &who));
}

/* Payloads move into a segment, some are redacted: the tables are still what the log makes of them. */
static void seal_and_redact(Ctx *cx, Ledger *l, Random *r, uint64_t seq)
{
    LedgerProof proof;
    LedgerArchived archived;
    LedgerRedacted out;
    uint64_t redacted = 0, tried = 0;
    Text t;
    for (int sealed = 0; sealed < 2; sealed++) {
        for (uint64_t had = redacted; redacted < had + 2 && tried < 60; tried++) {
            Err err = ledger_redact(cx, l, &(LedgerRedactIn){ 2 + random_below(r, seq - 1), "why" }, &out);
            redacted += !err;
            if (err && err != ERR_REFUSED) fail_msg("%s", cx->text);
            cx->text[0] = 0;
            cx->hops_n = 0;
        }
        if (!sealed) expect_ok(cx, ledger_archive(cx, l, &(LedgerArchiveIn){ 0 }, &archived));
        expect_ok(cx, ledger_rebuild(cx, l, &proof));
        assert_int_equal(proof.redacted, redacted);
        assert_int_equal(proof.segments, 1);
    }
    assert_true(redacted > 0 && proof.sealed > 20);
    LedgerProven proven;
    text_init(&t, cx);
    expect_ok(cx, ledger_prove(cx, l, seq / 2, &t));
    expect_ok(cx, ledger_proof_check(cx, t.at, t.n, &proven));
    text_clear(&t);
}

static void program(Ctx *cx, uint64_t seed, uint64_t *kept)
{
    Random r = random_make(seed, "conform_rooms", 0, 0);
    LedgerProof proof;
    Digest head;
    uint64_t seq;
    Text t;
    text_init(&t, cx);
    fresh(cx);
    Ledger *l = opened(cx);
    for (int i = 0; i < STEPS;) {
        uint64_t what = random_below(&r, 60);
        if (what == 0) {
            ledger_close(cx, l);
            l = opened(cx);
        } else if (what == 1 && i > 100) {
            expect_ok(cx, ledger_restore(cx, l));
        } else if (what < 6) {                                 /* several at once; one that is refused undoes them all */
            expect_ok(cx, ledger_begin(cx, l));
            uint64_t n = random_below(&r, 6);
            Err err = OK;
            for (; n > 0 && !err; n--, i++) err = act(cx, l, &r, &t);
            if (!err && random_below(&r, 3)) expect_ok(cx, ledger_commit(cx, l));
            else ledger_cancel(l);
        } else {
            (void)act(cx, l, &r, &t);
            i++;
        }
    }
    expect_ok(cx, ledger_rebuild(cx, l, &proof));
    expect_ok(cx, ledger_restore(cx, l));
    expect_ok(cx, ledger_rebuild(cx, l, &proof));
    expect_ok(cx, ledger_head(cx, l, &seq, &head));
    assert_true(proof.signed_to == seq && proof.heads == 1);
    *kept += seq;
    seal_and_redact(cx, l, &r, seq);
    ledger_close(cx, l);
    text_clear(&t);
}

static void tables_of_the_real_rooms_equal_the_fold_after_random_programs(void **state)
{
    (void)state;
    const char *asked = getenv("LEAT_SEEDS");
    long seeds = asked ? strtol(asked, NULL, 10) : 2;
    uint64_t kept = 0;
    for (long s = 1; s <= seeds; s++) {
        Ctx cx = test_ctx();
        program(&cx, (uint64_t)s, &kept);
        ctx_clear(&cx);
    }
    if (kept < 60 * (uint64_t)seeds) fail_msg("only %d acts of %ld programs fitted: they prove little", (int)kept, seeds);
    print_message("%d acts of %ld programs fitted\n", (int)kept, seeds);
}

int main(void)
{
    Ctx cx = test_ctx();
    char here[OS_PATH_MAX];
    if (os_cwd(&cx, here)) return 99;
    snprintf(keys, sizeof keys, "%s/keys", here);
    who.keys = keys;
    expect_ok(&cx, store_make(&cx, here));
    expect_ok(&cx, store_open(&cx, here, &who.store));
    const struct CMUnitTest exam[] = { cmocka_unit_test(tables_of_the_real_rooms_equal_the_fold_after_random_programs) };
    int bad = cmocka_run_group_tests_name("sqlite", exam, NULL, NULL);
    server = true;
    if (test_has_postgres()) bad += cmocka_run_group_tests_name("postgres", exam, NULL, NULL);
    store_close(&cx, who.store);
    ctx_clear(&cx);
    return bad;
}

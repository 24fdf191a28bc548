/* test/probe/ledger.c -- the ledger driven and timed from outside: bench/ledger.
**
** ledger make|fill|append|open|verify|rebuild|index|search PLACE …   PLACE is a file or an address; one JSON object on
** stdout.  The room here keeps one row an event, as a table of metrics does.
*/
#include "probe/probe.h"

#include "base/random.h"
#include "base/text.h"
#include "ledger/ledger.h"
#include "os/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const kinds[] = { "bench.metric", "bench.note", NULL };
static const char *const tables[] = { "bench_metric", NULL };
static const Statement make[] = {
    { "CREATE TABLE bench_metric(run TEXT NOT NULL, step INTEGER NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY(run, step)) STRICT", NULL },
    { NULL, NULL } };

static Err apply(Ctx *cx, DbWriter *db, const Event *e)
{
    static const Statement add = { "INSERT INTO bench_metric(run, step, seq, body) VALUES(?1, ?2, ?3, ?4)", NULL };
    TRY(cx, db_run(cx, db, &add, DB_ARGS(db_text(e->subject), db_int((int64_t)e->seq), db_int((int64_t)e->seq), db_text(e->payload)), NULL));
    return OK;
}

static const LedgerRoom room = { .name = "bench", .version = 1, .kinds = kinds, .tables = tables, .make = make, .apply = apply };
static const LedgerRoom *const rooms[] = { &room };

static LedgerWho who(void)
{
    return (LedgerWho){ .actor = "ann", .project = "bench", .keys = getenv("LEAT_BENCH_KEYS") };
}

/* About 30 words, some in all events, some in few. */
static void payload_of(uint64_t i, char *out, size_t max)
{
    static const char *const verb[] = { "converged", "diverged", "improved", "stalled", "restarted", "finished", "warmed", "cooled" };
    Random r = random_make(7, "bench ledger", i, 0);
    unsigned a = (unsigned)random_below(&r, 1000), b = (unsigned)random_below(&r, 100000), c = (unsigned)random_below(&r, 8);
    snprintf(out, max, "{\"learner\":\"%s\",\"loss\":%.6g,\"note\":\"training %s after epoch %u on shard %u with batch %u\",\"params\":{\"depth\":%u,"
             "\"learning_rate\":%.4g},\"state\":\"%s\",\"step\":%llu}",
             c < 4 ? "lightgbm" : "linear", random_unit(&r), verb[c], a, b, 1u << (a % 10), a % 12, random_unit(&r), a == 77 ? "failed" : "ok", (unsigned long long)i);
}

typedef struct Job { Ledger *l; LedgerGroup *g; uint64_t each, batch; } Job;

static Err hand(Ctx *cx, void *self, size_t t)
{
    Job *j = self;
    char subject[40];
    Act act[256];
    char (*payload)[400] = ctx_get_n(cx, 256, sizeof *payload);
    Err err = payload ? OK : FAIL(cx, ERR_NOMEM, "a bench");
    snprintf(subject, sizeof subject, "run %zu", t);
    for (uint64_t i = 0; !err && i < j->each; i += j->batch) {
        uint64_t seq, n = j->batch < j->each - i ? j->batch : j->each - i;
        for (uint64_t k = 0; k < n; k++) {
            payload_of(t * j->each + i + k, payload[k], sizeof payload[k]);
            act[k] = (Act){ .kind = "bench.metric", .subject = subject, .payload = payload[k] };
        }
        err = j->g ? ledger_group_append(cx, j->g, act, n, &seq) : ledger_append(cx, j->l, act, &seq);
    }
    ctx_put(cx, payload);
    return err;
}

/* threads 0: one caller without a queue. */
static Err append(Ctx *cx, const char *path, unsigned threads, uint64_t each, uint64_t batch)
{
    const LedgerWho w = who();
    Job j = { .each = each, .batch = batch < 1 ? 1 : batch > 256 ? 256 : batch };
    Err err = OK;
    TRY(cx, ledger_open(cx, path, rooms, 1, &w, true, &j.l));
    if (threads) TRY_DONE(cx, ledger_group_open(cx, j.l, &j.g));
    else j.batch = 1;
    int64_t began = ctx_mono_us(cx);
    TRY_DONE(cx, os_parts(cx, threads ? threads : 1, threads ? threads : 1, hand, &j));
    double s = ctx_since_s(cx, began), n = (double)each * (threads ? threads : 1);
    printf("{\"events\":%.0f,\"seconds\":%.6f,\"per_s\":%.1f}\n", n, s, n / s);
done:
    ledger_group_close(cx, j.g);
    ledger_close(cx, j.l);
    return err;
}

static Err timed(Ctx *cx, const char *verb, const char *path, int argc, char **argv)
{
    const LedgerWho w = who();
    Ledger *l = NULL;
    LedgerProof proof = { 0 };
    LedgerFound f = { 0 };
    int64_t began = ctx_mono_us(cx);
    Err err = OK;
    TRY(cx, ledger_open(cx, path, rooms, 1, &w, strcmp(verb, "search") != 0, &l));
    double opened = ctx_since_s(cx, began);
    began = ctx_mono_us(cx);
    if (!strcmp(verb, "verify")) TRY_DONE(cx, ledger_verify(cx, l, &proof));
    if (!strcmp(verb, "rebuild")) TRY_DONE(cx, ledger_rebuild(cx, l, &proof));
    if (!strcmp(verb, "index")) TRY_DONE(cx, ledger_search_index(cx, l, 0));
    if (strcmp(verb, "search")) {
        uint64_t n = 0;
        Digest head;
        double s = ctx_since_s(cx, began);
        TRY_DONE(cx, ledger_head(cx, l, &n, &head));
        printf("{\"open_ms\":%.3f,\"seconds\":%.6f,\"events\":%llu,\"per_s\":%.1f}\n", opened * 1e3, s, (unsigned long long)n, (double)n / s);
        goto done;
    }
    printf("[");
    for (int i = 0; i < argc; i++) {
        double best = 1e9, first = 0;
        for (int k = 0; k < 5; k++) {
            began = ctx_mono_us(cx);
            TRY_DONE(cx, ledger_search(cx, l, &(LedgerFind){ .query = argv[i] }, &f));
            double s = ctx_since_s(cx, began);
            if (!k) first = s;
            if (s < best) best = s;
        }
        printf("%s{\"query\":%d,\"first_ms\":%.3f,\"best_ms\":%.3f,\"matches\":%llu,\"indexed\":%llu}", i ? "," : "", i, first * 1e3, best * 1e3,
               (unsigned long long)f.matches, (unsigned long long)f.indexed);
    }
    printf("]\n");
done:
    ledger_close(cx, l);
    return err;
}

static Err run(Ctx *cx, int argc, char **argv)
{
    const LedgerWho w = who();
    if (argc < 2) return FAIL(cx, ERR_USAGE, "ledger VERB PLACE");
    if (!strcmp(argv[0], "make")) return ledger_make(cx, argv[1], &w);
    if (!strcmp(argv[0], "append") && argc == 5)
        return append(cx, argv[1], (unsigned)strtoul(argv[2], NULL, 10), strtoull(argv[3], NULL, 10), strtoull(argv[4], NULL, 10));
    return timed(cx, argv[0], argv[1], argc - 2, argv + 2);
}

const Probe probe_ledger = { "ledger", "make|append|open|verify|rebuild|index|search PLACE [THREADS EACH BATCH | QUERY…]", run };

/* app/log.c -- what was done, by whom, and whether the log of it holds: list, show, verify, prove, check, rebuild. */
#include "app/inner.h"

#include "base/save.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROOF_MAX ((size_t)1 << 20)
#define LIMIT_DEFAULT 50
#define DAY_US ((int64_t)86400 * 1000000)

/* --- times --- */

/* Days since 1970 of a date of the proleptic Gregorian calendar (Howard Hinnant's formula). */
static int64_t days_of(int64_t y, int m, int d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400, yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    return era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
}

/* "2026-05-04", with "T12:30" or " 12:30:15" behind it, UTC; or "90m", "36h", "7d", "2w" before now. */
Err log_time(Ctx *cx, const char *option, const char *text, int64_t *us)
{
    static const struct { char letter; int64_t us; } unit[] = {
        { 's', 1000000 }, { 'm', 60000000 }, { 'h', (int64_t)3600 * 1000000 }, { 'd', DAY_US }, { 'w', 7 * DAY_US } };
    int y, m, d, hour = 0, minute = 0, second = 0, used = 0, more = 0;
    char *end;
    long long n = strtoll(text, &end, 10);
    for (size_t i = 0; i < sizeof unit / sizeof *unit && end > text && n >= 0 && n < 1000000; i++) {
        if (*end == unit[i].letter && !end[1]) {
            *us = cx->world->clock->now_us(cx->world->clock->self) - n * unit[i].us;
            return OK;
        }
    }
    bool fine = sscanf(text, "%4d-%2d-%2d%n", &y, &m, &d, &used) == 3 && m >= 1 && m <= 12 && d >= 1 && d <= 31;
    if (fine && text[used]) {
        fine = (text[used] == 'T' || text[used] == ' ') && sscanf(text + used + 1, "%2d:%2d%n", &hour, &minute, &more) == 2 && hour < 24 && minute < 60;
        used += 1 + more;
        if (fine && text[used] == ':') {
            fine = sscanf(text + used + 1, "%2d%n", &second, &more) == 1 && second < 61;
            used += 1 + more;
        }
        if (fine && text[used] == 'Z') used++;
        fine = fine && !text[used];
    }
    if (!fine)
        return FAIL(cx, ERR_USAGE, "'%.60s' does not do for --%s: it takes a time as 2026-05-04, 2026-05-04T12:30 (UTC), or 36h, 7d, 2w ago", text,
                    option);
    *us = days_of(y, m, d) * DAY_US + ((int64_t)hour * 3600 + minute * 60 + second) * 1000000;
    return OK;
}

/* --- list, show --- */

static const char *state_word(LedgerPayload s)
{
    static const char *const words[] = { "plain", "encrypted", "sealed", "redacted" };
    return words[s];
}

typedef struct Gather { Ctx *cx; AppEvent *event; size_t n, cap; Text *canon; } Gather;

static Err take_event(void *arg, const Event *e)
{
    Gather *g = arg;
    Ctx *cx = g->cx;
    if (g->n == g->cap) {
        size_t cap = g->cap ? 2 * g->cap : 64;
        AppEvent *more = ctx_scratch(cx, cap * sizeof *more);
        if (!more) return FAIL(cx, ERR_NOMEM, "reading the log");
        if (g->n) memcpy(more, g->event, g->n * sizeof *more);
        g->event = more;
        g->cap = cap;
    }
    AppEvent *a = &g->event[g->n++];
    *a = (AppEvent){ .seq = e->seq, .time_us = e->time_us, .state = state_word(e->state), .actor = ctx_scratch_text(cx, e->actor),
                     .on_behalf = ctx_scratch_text(cx, e->on_behalf), .project = ctx_scratch_text(cx, e->project),
                     .kind = ctx_scratch_text(cx, e->kind), .subject = ctx_scratch_text(cx, e->subject),
                     .payload = ctx_scratch_text(cx, e->payload ? e->payload : "{}") };
    digest_text(&e->hash, a->hash);
    digest_text(&e->previous, a->previous);
    digest_text(&e->payload_hash, a->payload_hash);
    g->canon->n = 0;
    ledger_event_text(e, g->canon);
    TRY(cx, text_err(g->canon));
    a->text = ctx_scratch_text(cx, g->canon->at);
    if (!a->actor || !a->on_behalf || !a->project || !a->kind || !a->subject || !a->payload || !a->text)
        return FAIL(cx, ERR_NOMEM, "reading the log");
    return OK;
}

static Err gather(Ctx *cx, Ledger *l, const LedgerAsk *ask, AppEvent **out, size_t *n)
{
    Text canon;
    text_init(&canon, cx);
    Gather g = { .cx = cx, .canon = &canon };
    Err err = ledger_each(cx, l, ask, take_event, &g);
    text_clear(&canon);
    *out = g.event;
    *n = g.n;
    return err;
}

Err app_log(Ctx *cx, House *house, const AppLogIn *in, AppLogOut *out)
{
    LedgerAsk ask = { .kind = in->kind, .subject = in->subject, .project = in->project, .actor = in->actor, .newest = true,
                      .limit = in->all ? 0 : in->limit ? in->limit : LIMIT_DEFAULT };
    Digest head;
    *out = (AppLogOut){ 0 };
    if (in->since) TRY(cx, log_time(cx, "since", in->since, &ask.since_us));
    if (in->until) TRY(cx, log_time(cx, "until", in->until, &ask.until_us));
    TRY(cx, project_open(cx, house, PROJECT_READ, NULL));
    Ledger *l = repo_ledger(house->project->repo);
    TRY(cx, gather(cx, l, &ask, &out->event, &out->n));
    TRY(cx, ledger_head(cx, l, &out->events, &head));
    return OK;
}

static void event_json(const AppEvent *e, Text *t)
{
    json_open(t);
    json_key_text(t, "actor", e->actor);
    json_key_text(t, "hash", e->hash);
    json_key_text(t, "kind", e->kind);
    json_key_text(t, "on_behalf", e->on_behalf);
    json_key_raw(t, "payload", e->payload);
    json_key_text(t, "payload_hash", e->payload_hash);
    json_key_text(t, "payload_state", e->state);
    json_key_text(t, "previous", e->previous);
    json_key_text(t, "project", e->project);
    json_key_int(t, "seq", (int64_t)e->seq);
    json_key_text(t, "subject", e->subject);
    json_key_int(t, "time_us", e->time_us);
    json_close(t);
}

void app_log_json(const AppLogOut *out, Text *t)
{
    json_open(t);
    json_key_open_array(t, "event");
    for (size_t i = 0; i < out->n; i++) event_json(&out->event[i], t);
    json_close_array(t);
    json_key_int(t, "events", (int64_t)out->events);
    json_close(t);
}

static Err read_seq(Ctx *cx, const char *text, uint64_t *seq)
{
    char *end;
    *seq = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || !*seq || strlen(text) > 18)
        return FAIL(cx, ERR_USAGE, "'%.40s' is no number of an event; 'leat log' lists them", text);
    return OK;
}

Err app_log_show(Ctx *cx, House *house, const char *seq, AppEvent *out)
{
    AppEvent *event;
    LedgerAsk ask = { 0 };
    size_t n;
    TRY(cx, read_seq(cx, seq, &ask.from_seq));
    ask.to_seq = ask.from_seq;
    TRY(cx, project_open(cx, house, PROJECT_READ, NULL));
    TRY(cx, gather(cx, repo_ledger(house->project->repo), &ask, &event, &n));
    if (!n) return FAIL(cx, ERR_NOT_FOUND, "no event %llu in this project; 'leat log' lists them", (unsigned long long)ask.from_seq);
    *out = event[0];
    return OK;
}

void app_log_show_json(const AppEvent *e, Text *t)
{
    json_open(t);
    json_key_text(t, "event", e->text);
    json_key(t, "row");
    t->comma = false;
    event_json(e, t);
    json_close(t);
}

/* --- verify, rebuild --- */

static Err verify_file(Ctx *cx, const char *path, AppLogVerifyOut *out)
{
    const void *at = NULL;
    size_t n = 0;
    LedgerSegment seg;
    const Files *f = cx->world->files;
    Err err = f->map(f->self, path, &at, &n);
    if (err) return FAIL(cx, err, "reading '%s'", path);
    err = ledger_segment_check(cx, path, at ? at : "", n, &seg);
    f->unmap(f->self, at, n);
    if (err) return err;
    digest_text(&seg.ledger, out->ledger);
    digest_text(&seg.head.root, out->root);
    out->first = seg.first;
    out->last = seg.last;
    out->events = seg.last - seg.first + 1;
    out->signed_to = seg.last;
    out->heads = out->segments = 1;
    return OK;
}

Err app_log_verify(Ctx *cx, House *house, const AppLogVerifyIn *in, AppLogVerifyOut *out)
{
    LedgerProof proof = { 0 };
    int64_t from = ctx_mono_us(cx);
    *out = (AppLogVerifyOut){ 0 };
    if (in->file) {
        TRY(cx, verify_file(cx, in->file, out));
        out->wall_s = ctx_since_s(cx, from);
        return OK;
    }
    TRY(cx, project_open(cx, house, PROJECT_READ, NULL));
    Ledger *l = repo_ledger(house->project->repo);
    Digest id;
    ledger_id(l, &id);
    digest_text(&id, out->ledger);
    TRY(cx, db_check(cx, ledger_db(l)));
    TRY(cx, ledger_rebuild(cx, l, &proof));
    out->events = proof.events;
    out->signed_to = proof.signed_to;
    out->heads = proof.heads;
    out->secret = proof.secret;
    out->sealed = proof.sealed;
    out->redacted = proof.redacted;
    out->tables = proof.tables;
    out->rows = proof.rows;
    out->segments = proof.segments;
    out->first = 1;
    out->last = proof.events;
    digest_text(&proof.root, out->root);
    out->wall_s = ctx_since_s(cx, from);
    return OK;
}

void app_log_verify_json(const AppLogVerifyOut *out, Text *t)
{
    json_open(t);
    json_key_int(t, "events", (int64_t)out->events);
    json_key_int(t, "first", (int64_t)out->first);
    json_key_int(t, "heads", (int64_t)out->heads);
    json_key_int(t, "last", (int64_t)out->last);
    json_key_text(t, "ledger", out->ledger);
    json_key_int(t, "redacted", (int64_t)out->redacted);
    json_key_text(t, "root", out->root);
    json_key_int(t, "rows", (int64_t)out->rows);
    json_key_int(t, "sealed", (int64_t)out->sealed);
    json_key_int(t, "secret", (int64_t)out->secret);
    json_key_int(t, "segments", (int64_t)out->segments);
    json_key_int(t, "signed_to", (int64_t)out->signed_to);
    json_key_int(t, "tables", (int64_t)out->tables);
    json_key_bool(t, "verified", true);
    json_key_num(t, "wall_s", out->wall_s);
    json_close(t);
}

Err app_log_rebuild(Ctx *cx, House *house, AppLogVerifyOut *out)
{
    TRY(cx, project_open(cx, house, PROJECT_WRITE, NULL));
    TRY(cx, ledger_restore(cx, repo_ledger(house->project->repo)));
    TRY(cx, app_log_verify(cx, house, &(AppLogVerifyIn){ NULL }, out));
    return OK;
}

/* --- proofs --- */

Err app_log_prove(Ctx *cx, House *house, const AppLogProveIn *in, AppLogProof *out)
{
    uint64_t seq;
    Text json;
    *out = (AppLogProof){ 0 };
    TRY(cx, read_seq(cx, in->seq, &seq));
    TRY(cx, project_open(cx, house, PROJECT_READ, NULL));
    text_init(&json, cx);
    Err err = ledger_prove(cx, repo_ledger(house->project->repo), seq, &json);
    if (!err) {
        text_char(&json, '\n');
        err = text_err(&json);
    }
    if (!err && in->out) err = save_whole(cx, in->out, json.at, json.n);
    if (!err) err = app_log_check(cx, in->out ? in->out : "the proof", in->out ? NULL : json.at, out);
    if (!err && !in->out && !(out->json = ctx_scratch_text(cx, json.at))) err = FAIL(cx, ERR_NOMEM, "making a proof");
    text_clear(&json);
    return err;
}

Err app_log_check(Ctx *cx, const char *path, const char *json, AppLogProof *out)
{
    char *text = NULL;
    size_t n = json ? strlen(json) : 0;
    LedgerProven proven;
    *out = (AppLogProof){ 0 };
    if (!json) TRY(cx, save_read(cx, path, PROOF_MAX, &text, &n));
    Err err = ledger_proof_check(cx, json ? json : text, n, &proven);
    ctx_put(cx, text);
    if (err) return err;
    Digest key;
    out->seq = proven.seq;
    out->size = proven.size;
    out->event = proven.event;
    digest_text(&proven.ledger, out->ledger);
    memcpy(key.at, proven.key, sizeof key.at);
    digest_text(&key, out->key);
    return OK;
}

void app_log_proof_json(const AppLogProof *out, Text *t)
{
    json_open(t);
    json_key_text(t, "event", out->event);
    json_key_text(t, "ledger", out->ledger);
    json_key_bool(t, "proved", true);
    json_key_text(t, "public_key", out->key);
    json_key_int(t, "seq", (int64_t)out->seq);
    json_key_int(t, "tree_size", (int64_t)out->size);
    json_close(t);
}

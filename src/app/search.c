/* app/search.c -- the log asked for words. */
#include "app/inner.h"

#include <string.h>

#define BEHIND_MAX 8192            /* events behind the index that are read at each question; beyond, it is brought up first */

/* Best effort: a project that may not be written to is searched as it is. */
static bool bring_up(Ctx *cx, House *house)
{
    Ctx aside;
    ctx_child(cx, &aside);
    Err err = project_open(&aside, house, PROJECT_WRITE, NULL);
    if (!err) err = ledger_search_index(&aside, repo_ledger(house->project->repo), 1);
    ctx_clear(&aside);
    return !err;
}

Err app_log_search(Ctx *cx, House *house, const AppSearchIn *in, AppSearchOut *out)
{
    LedgerFind find = { .query = in->query, .kind = in->kind, .subject = in->subject, .actor = in->actor, .project = in->project,
                        .limit = in->limit };
    LedgerFound found;
    *out = (AppSearchOut){ 0 };
    if (in->since) TRY(cx, log_time(cx, "since", in->since, &find.since_us));
    if (in->until) TRY(cx, log_time(cx, "until", in->until, &find.until_us));
    TRY(cx, project_open(cx, house, PROJECT_READ, NULL));
    int64_t began = ctx_mono_us(cx);
    Err err = ledger_search(cx, repo_ledger(house->project->repo), &find, &found);
    if (err && err != ERR_CORRUPT) return err;
    if (!err && found.events - found.indexed > BEHIND_MAX && bring_up(cx, house)) {
        if (!house->project) TRY(cx, project_open(cx, house, PROJECT_READ, NULL));
        began = ctx_mono_us(cx);
        err = ledger_search(cx, repo_ledger(house->project->repo), &find, &found);
    } else if (!err && !house->project) TRY(cx, project_open(cx, house, PROJECT_READ, NULL));
    if (err) return err;
    out->wall_ms = ctx_since_s(cx, began) * 1e3;
    out->hit = ctx_scratch(cx, (found.n + 1) * sizeof *out->hit);
    if (!out->hit) return FAIL(cx, ERR_NOMEM, "showing what was found");
    for (size_t i = 0; i < found.n; i++) {
        const LedgerHit *h = &found.hit[i];
        out->hit[i] = (AppHit){ .seq = h->seq, .score = h->score, .time_us = h->time_us, .actor = h->actor, .kind = h->kind,
                                .subject = h->subject, .project = h->project, .snippet = h->snippet };
    }
    out->n = found.n;
    out->matches = found.matches;
    out->events = found.events;
    out->indexed = found.indexed;
    out->scanned = found.scanned;
    out->coverage = found.events ? (double)(found.indexed + found.scanned) / (double)found.events : 1;
    return OK;
}

void app_log_search_json(const AppSearchOut *out, Text *t)
{
    json_open(t);
    json_key_num(t, "coverage", out->coverage);
    json_key_int(t, "events", (int64_t)out->events);
    json_key_open_array(t, "hits");
    for (size_t i = 0; i < out->n; i++) {
        const AppHit *h = &out->hit[i];
        json_open(t);
        json_key_text(t, "actor", h->actor);
        json_key_text(t, "kind", h->kind);
        json_key_text(t, "project", h->project);
        json_key_num(t, "score", h->score);
        json_key_int(t, "seq", (int64_t)h->seq);
        json_key_text(t, "snippet", h->snippet);
        json_key_text(t, "subject", h->subject);
        json_key_int(t, "time_us", h->time_us);
        json_close(t);
    }
    json_close_array(t);
    json_key_int(t, "indexed", (int64_t)out->indexed);
    json_key_int(t, "matches", (int64_t)out->matches);
    json_key_num(t, "ms", out->wall_ms);
    json_key_int(t, "scanned", (int64_t)out->scanned);
    json_close(t);
}

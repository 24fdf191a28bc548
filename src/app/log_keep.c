/* app/log_keep.c -- what of the log must stay, must go, or moves away: holds, redactions, archives. */
#include "app/inner.h"

#include <string.h>

/* --- holds --- */

Err app_log_hold(Ctx *cx, House *house, const AppLogHoldIn *in, AppLogHoldOut *out)
{
    static const Statement ask = {
        "SELECT h.subject, h.why, h.from_seq, e.time_us FROM ledger_hold h JOIN event e ON e.seq = h.from_seq WHERE h.to_seq IS NULL ORDER BY h.subject", NULL };
    static const Statement count = { "SELECT count(*) FROM ledger_hold WHERE to_seq IS NULL", NULL };
    DbRows *rows = NULL;
    bool more = false;
    int64_t n = 0;
    Err err = OK;
    *out = (AppLogHoldOut){ 0 };
    bool add = in->verb && !strcmp(in->verb, "add"), rm = in->verb && !strcmp(in->verb, "rm");
    if (in->verb && !add && !rm) return FAIL(cx, ERR_USAGE, "'%.40s' does not do: 'leat log hold add SUBJECT' or 'leat log hold rm SUBJECT'", in->verb);
    if (in->verb && !in->subject) return FAIL(cx, ERR_USAGE, "SUBJECT is missing: what to hold");
    TRY(cx, project_open(cx, house, in->verb ? PROJECT_WRITE : PROJECT_READ, NULL));
    Ledger *l = repo_ledger(house->project->repo);
    if (add) TRY(cx, ledger_hold(cx, l, in->subject, in->why));
    if (rm) TRY(cx, ledger_release(cx, l, in->subject, in->why));
    TRY(cx, db_ask_int(cx, ledger_db(l), &count, DB_NO_ARGS, 0, &n));
    out->hold = ctx_scratch(cx, ((size_t)n + 1) * sizeof *out->hold);
    if (!out->hold) return FAIL(cx, ERR_NOMEM, "listing holds");
    TRY_DONE(cx, db_ask(cx, ledger_db(l), &ask, DB_NO_ARGS, &rows));
    while (out->n < (size_t)n) {
        TRY_DONE(cx, db_next(cx, rows, &more));
        if (!more) break;
        AppHold *h = &out->hold[out->n++];
        *h = (AppHold){ .subject = db_copy_text(cx, rows, 0), .why = db_copy_text(cx, rows, 1), .seq = (uint64_t)db_get_int(rows, 2),
                        .since_us = db_get_int(rows, 3) };
        if (!h->subject || !h->why) err = FAIL(cx, ERR_NOMEM, "listing holds");
        if (err) break;
    }
done:
    db_rows_close(rows);
    return err;
}

void app_log_hold_json(const AppLogHoldOut *out, Text *t)
{
    json_open(t);
    json_key_open_array(t, "hold");
    for (size_t i = 0; i < out->n; i++) {
        json_open(t);
        json_key_int(t, "seq", (int64_t)out->hold[i].seq);
        json_key_int(t, "since_us", out->hold[i].since_us);
        json_key_text(t, "subject", out->hold[i].subject);
        json_key_text(t, "why", out->hold[i].why);
        json_close(t);
    }
    json_close_array(t);
    json_close(t);
}

/* --- redactions --- */

Err app_log_redact(Ctx *cx, House *house, const AppLogRedactIn *in, AppLogRedactOut *out)
{
    AppEvent e;
    LedgerRedacted done;
    *out = (AppLogRedactOut){ 0 };
    if (!in->why) return FAIL(cx, ERR_USAGE, "--why is missing: the reason stays in the log in place of the words");
    TRY(cx, project_open(cx, house, PROJECT_WRITE, NULL));
    TRY(cx, app_log_show(cx, house, in->seq, &e));
    TRY(cx, ledger_redact(cx, repo_ledger(house->project->repo), &(LedgerRedactIn){ e.seq, in->why }, &done));
    TRY(cx, app_log_show(cx, house, in->seq, &e));
    out->seq = e.seq;
    out->segments = done.segments;
    out->left = e.payload;
    return OK;
}

void app_log_redact_json(const AppLogRedactOut *out, Text *t)
{
    json_open(t);
    json_key_raw(t, "left", out->left ? out->left : "{}");
    json_key_int(t, "segments", (int64_t)out->segments);
    json_key_int(t, "seq", (int64_t)out->seq);
    json_close(t);
}

/* --- archives --- */

/* Into another store, and back: OK means it is there as it was sent. */
static Err copy_to_store(void *self, Ctx *cx, const char *name, const void *bytes, size_t n)
{
    Digest d;
    void *back = NULL;
    size_t got = 0;
    TRY(cx, store_put(cx, self, bytes, n, STORE_RAW, &d));
    TRY(cx, store_get(cx, self, &d, n, &back, &got));
    bool same = got == n && !memcmp(back, bytes, n);
    ctx_put(cx, back);
    if (!same) return FAIL(cx, ERR_IO, "the copy of '%s' does not read back as it was written; nothing was moved", name);
    return OK;
}

Err app_log_archive(Ctx *cx, House *house, const AppLogArchiveIn *in, AppLogArchiveOut *out)
{
    LedgerArchiveIn ask = { .to = in->to };
    LedgerArchived done;
    FileInfo info;
    Store *other = NULL;
    const Files *f = cx->world->files;
    Err err = OK;
    *out = (AppLogArchiveOut){ .to = in->to };
    if (in->before) TRY(cx, log_time(cx, "before", in->before, &ask.before_us));
    TRY(cx, project_open(cx, house, PROJECT_WRITE, NULL));
    if (in->to && strstr(in->to, "://")) {
        TRY(cx, store_open(cx, in->to, &other));
        ask.copy = copy_to_store;
        ask.self = other;
    } else if (in->to) {
        err = f->look(f->self, in->to, &info);
        if (err || info.type != FILE_FOLDER)
            return FAIL(cx, err ? err : ERR_NOT_FOUND, "no folder '%s' to put copies into; make it first, or give a store's address", in->to);
        ask.folder = in->to;
        ask.to = NULL;
    }
    TRY_DONE(cx, ledger_archive(cx, repo_ledger(house->project->repo), &ask, &done));
    out->first = done.first;
    out->last = done.last;
    out->segments = done.segments;
    out->bytes = done.bytes;
    out->held = done.held;
done:
    store_close(cx, other);
    return err;
}

void app_log_archive_json(const AppLogArchiveOut *out, Text *t)
{
    json_open(t);
    json_key_int(t, "bytes", (int64_t)out->bytes);
    json_key_int(t, "first", (int64_t)out->first);
    json_key_int(t, "held", (int64_t)out->held);
    json_key_int(t, "last", (int64_t)out->last);
    json_key_int(t, "segments", (int64_t)out->segments);
    json_key_text(t, "to", out->to);
    json_close(t);
}

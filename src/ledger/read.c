/* ledger/read.c -- the head, and events one after the other. */
#include "ledger/inner.h"

#include <string.h>

static const Statement st_head = { "SELECT seq, hash, format, id FROM ledger", NULL };
#define EVENTS(order)                                                                                                     \
    "SELECT e.seq, e.time_us, e.actor, e.on_behalf, e.project, e.kind, e.subject, e.payload_hash, e.previous, e.hash,"     \
    " p.state, p.body, p.secret FROM event e LEFT JOIN payload p ON p.seq = e.seq WHERE e.seq >= ?1 AND e.seq <= ?2"       \
    " AND (?3 IS NULL OR e.kind = ?3) AND (?4 IS NULL OR e.subject = ?4) AND (?5 IS NULL OR e.project = ?5)"               \
    " AND (?6 IS NULL OR e.actor = ?6) AND e.time_us >= ?7 AND e.time_us <= ?8 ORDER BY e.seq " order " LIMIT ?9"
static const Statement st_oldest = { EVENTS("ASC"), NULL };
static const Statement st_newest = { EVENTS("DESC"), NULL };
/* The whole log from one end to the other: nothing to compare an event with. */
static const Statement st_all = {
    "SELECT e.seq, e.time_us, e.actor, e.on_behalf, e.project, e.kind, e.subject, e.payload_hash, e.previous, e.hash,"
    " p.state, p.body, p.secret FROM event e LEFT JOIN payload p ON p.seq = e.seq WHERE e.seq >= ?1 AND e.seq <= ?2 ORDER BY e.seq", NULL };
static const Statement st_room = { "SELECT version FROM ledger_room WHERE name = ?1", NULL };

bool ledger_take_digest(DbRows *rows, size_t col, Digest *out)
{
    size_t n;
    const void *at = db_get_blob(rows, col, &n);
    memset(out, 0, sizeof *out);
    if (n != SHA256_BYTES) return false;
    memcpy(out->at, at, n);
    return true;
}

Err ledger_read_head(Ctx *cx, const Ledger *l, HeadRow *out)
{
    DbRows *rows = NULL;
    bool more = false;
    Err err = OK;
    if (l->group) {
        *out = l->head;
        return OK;
    }
    *out = (HeadRow){ 0 };
    TRY_DONE(cx, db_ask(cx, l->db, &st_head, DB_NO_ARGS, &rows));
    TRY_DONE(cx, db_next(cx, rows, &more));
    if (more) {
        out->seq = (uint64_t)db_get_int(rows, 0);
        out->format = db_get_int(rows, 2);
    }
    if (!more || !ledger_take_digest(rows, 1, &out->hash) || !ledger_take_digest(rows, 3, &out->id))
        err = FAIL(cx, ERR_CORRUPT, "the ledger '%s' has lost its head row; restore it from a copy", l->path);
done:
    db_rows_close(rows);
    return err;
}

Err ledger_room_version(Ctx *cx, Ledger *l, const LedgerRoom *room, int64_t *out)
{
    TRY(cx, db_ask_int(cx, l->db, &st_room, DB_ARGS(db_text(room->name)), -1, out));
    return OK;
}

Db *ledger_db(Ledger *l)
{
    return l->db;
}

void ledger_id(const Ledger *l, Digest *out)
{
    *out = l->id;
}

Err ledger_head(Ctx *cx, Ledger *l, uint64_t *seq, Digest *hash)
{
    HeadRow head;
    *seq = 0;
    TRY(cx, ledger_read_head(cx, l, &head));
    *seq = head.seq;
    *hash = head.hash;
    return OK;
}

Err ledger_ask_events(Ctx *cx, Ledger *l, const LedgerAsk *ask, DbRows **rows)
{
    DbValue from = db_int((int64_t)ask->from_seq), to = db_int(ask->to_seq ? (int64_t)ask->to_seq : INT64_MAX);
    bool plain = !ask->kind && !ask->subject && !ask->project && !ask->actor && !ask->since_us && !ask->until_us && !ask->newest && !ask->limit;
    if (plain) {
        TRY(cx, db_ask(cx, l->db, &st_all, DB_ARGS(from, to), rows));
        return OK;
    }
    TRY(cx, db_ask(cx, l->db, ask->newest ? &st_newest : &st_oldest,
                   DB_ARGS(from, to, db_text(ask->kind), db_text(ask->subject), db_text(ask->project), db_text(ask->actor),
                           db_int(ask->since_us ? ask->since_us : INT64_MIN), db_int(ask->until_us ? ask->until_us : INT64_MAX),
                           db_int(ask->limit ? (int64_t)ask->limit : INT64_MAX)), rows));
    return OK;
}

Err ledger_event_row(Ctx *cx, Ledger *l, DbRows *rows, Event *e)
{
    *e = (Event){
        .seq = (uint64_t)db_get_int(rows, 0), .time_us = db_get_int(rows, 1),
        .actor = db_get_text(rows, 2), .on_behalf = db_get_text(rows, 3), .project = db_get_text(rows, 4),
        .kind = db_get_text(rows, 5), .subject = db_get_text(rows, 6), .state = (LedgerPayload)db_get_int(rows, 10),
    };
    for (size_t col = 2; col <= 6; col++) {    /* words are hashed up to their NUL: nothing may hide behind one */
        size_t n;
        const char *word = db_get_text(rows, col);
        (void)db_get_blob(rows, col, &n);
        if (word && strlen(word) != n)
            return FAIL(cx, ERR_CORRUPT, "event %llu of the ledger '%s' is damaged: a word holds a NUL; restore it from a copy",
                        (unsigned long long)e->seq, l->path);
    }
    bool good = ledger_take_digest(rows, 7, &e->payload_hash);
    good &= ledger_take_digest(rows, 8, &e->previous);
    good &= ledger_take_digest(rows, 9, &e->hash);
    if (!e->actor || !e->on_behalf || !e->project || !e->kind || !e->subject)
        return FAIL(cx, ERR_NOMEM, "reading an event");
    const char *bad = NULL;
    size_t body_n, secret_n;
    const char *body = db_get_text(rows, 11);
    const void *secret = db_get_blob(rows, 12, &secret_n);
    (void)db_get_blob(rows, 11, &body_n);
    bool has_body = db_type(rows, 11) != DB_NULL, has_secret = db_type(rows, 12) != DB_NULL;
    if (!good) bad = "a hash has the wrong length";
    else if (db_type(rows, 10) == DB_NULL) bad = "its payload is missing";
    else if (e->state > LEDGER_REDACTED || has_body != (e->state == LEDGER_PLAIN || e->state == LEDGER_REDACTED) ||
             has_secret != (e->state == LEDGER_SECRET))
        bad = "its payload is not where it should be";
    if (bad)
        return FAIL(cx, ERR_CORRUPT, "event %llu of the ledger '%s' is damaged: %s; restore it from a copy", (unsigned long long)e->seq,
                    l->path, bad);
    if (has_body) {
        e->payload = body;
        e->payload_n = body_n;
    }
    if (e->state == LEDGER_PLAIN) {
        e->stored = body;
        e->stored_n = body_n;
    } else if (e->state == LEDGER_SECRET) {
        e->stored = secret;
        e->stored_n = secret_n;
    }
    return OK;
}

Err ledger_event_open(Ctx *cx, Ledger *l, Event *e)
{
    LedgerPayload state = e->state;
    if (state == LEDGER_SEALED) TRY(cx, ledger_unseal(cx, l, e, &state));
    if (state == LEDGER_SECRET) TRY(cx, ledger_open_secret(cx, l, e));
    return OK;
}

Err ledger_event(Ctx *cx, Ledger *l, DbRows *rows, Event *e)
{
    TRY(cx, ledger_event_row(cx, l, rows, e));
    TRY(cx, ledger_event_open(cx, l, e));
    return OK;
}

Err ledger_each(Ctx *cx, Ledger *l, const LedgerAsk *ask, Err (*each)(void *arg, const Event *e), void *arg)
{
    DbRows *rows = NULL;
    Event e;
    bool more = false;
    Err err = OK;
    TRY_DONE(cx, ledger_ask_events(cx, l, ask, &rows));
    for (;;) {
        TRY_DONE(cx, db_next(cx, rows, &more));
        if (!more) break;
        TRY_DONE(cx, ledger_event(cx, l, rows, &e));
        TRY_DONE(cx, each(arg, &e));
    }
done:
    db_rows_close(rows);
    return err;
}

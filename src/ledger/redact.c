/* ledger/redact.c -- holds, and words that must go.
**
** A redaction is an event of its own, which keeps what may stay of the payload (`keeps` of the room, numbers, ids) so that
** the tables can still be made; the words, their key, every row made from them and every free page of the file go.
*/
#include "ledger/inner.h"
#include "ledger/segment.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <yyjson.h>

/* --- holds --- */

static Err say(Ctx *cx, Ledger *l, const char *kind, const char *subject, const char *why)
{
    Text t;
    uint64_t seq;
    text_init(&t, cx);
    json_open(&t);
    json_key_text(&t, "why", why ? why : "");
    json_close(&t);
    Err err = text_err(&t);
    if (!err) err = ledger_append(cx, l, &(Act){ .kind = kind, .subject = subject, .payload = t.at }, &seq);
    text_clear(&t);
    return err;
}

Err ledger_hold(Ctx *cx, Ledger *l, const char *subject, const char *why)
{
    TRY(cx, say(cx, l, "ledger.held", subject, why));
    return OK;
}

Err ledger_release(Ctx *cx, Ledger *l, const char *subject, const char *why)
{
    TRY(cx, say(cx, l, "ledger.released", subject, why));
    return OK;
}

/* --- what is left of a payload --- */

static bool kept(const LedgerRoom *room, const char *key)
{
    for (const char *const *k = room ? room->keeps : NULL; k && *k; k++)
        if (!strcmp(*k, key)) return true;
    return false;
}

/* An id or a digest: no person's words. */
static bool is_id(const char *s, size_t n)
{
    if (n != 32 && n != 40 && n != 64) return false;
    return strspn(s, "0123456789abcdef") == n;
}

static void leave(Text *t, yyjson_val *v, const LedgerRoom *room, const char *key)
{
    size_t i, n;
    yyjson_val *k, *x;
    if (yyjson_is_obj(v)) {
        json_open(t);
        yyjson_obj_foreach(v, i, n, k, x) {
            json_key(t, yyjson_get_str(k));
            leave(t, x, room, yyjson_get_str(k));
        }
        json_close(t);
    } else if (yyjson_is_arr(v)) {
        json_open_array(t);
        yyjson_arr_foreach(v, i, n, x) leave(t, x, room, key);
        json_close_array(t);
    } else if (yyjson_is_str(v)) {
        const char *s = yyjson_get_str(v);
        bool stays = kept(room, key) || is_id(s, yyjson_get_len(v));
        json_text_n(t, stays ? s : "", stays ? yyjson_get_len(v) : 0);
    } else if (yyjson_is_bool(v)) {
        json_bool(t, yyjson_get_bool(v));
    } else if (yyjson_is_sint(v)) {
        json_int(t, yyjson_get_sint(v));
    } else if (yyjson_is_num(v)) {
        json_num(t, yyjson_get_num(v));
    } else {
        json_null(t);
    }
}

/* --- redacting --- */

typedef struct Victim { uint64_t seq; char kind[LEDGER_WORD_MAX + 1]; LedgerPayload state, inner; } Victim;

/* One event, in an open group: what is left of it is said, its payload and key go. */
static Err redact_one(Ctx *cx, Ledger *l, const Victim *v, const char *why, const Text *left)
{
    static const Statement put = { "UPDATE payload SET state = 3, body = ?2, secret = NULL WHERE seq = ?1", NULL };
    static const Statement drop = { "DELETE FROM ledger_key WHERE seq = ?1", NULL };
    char subject[64];
    uint64_t seq;
    Text t;
    snprintf(subject, sizeof subject, "event %" PRIu64, v->seq);
    text_init(&t, cx);
    json_open(&t);
    json_key_text(&t, "left", left->at);
    json_key_int(&t, "seq", (int64_t)v->seq);
    json_key_text(&t, "why", why);
    json_close(&t);
    Err err = text_err(&t);
    if (!err) err = ledger_append(cx, l, &(Act){ .kind = "ledger.redacted", .subject = subject, .payload = t.at }, &seq);
    text_clear(&t);
    if (err) return err;
    TRY(cx, db_run(cx, l->writer, &put, DB_ARGS(db_int((int64_t)v->seq), db_text(left->at)), NULL));
    TRY(cx, db_run(cx, l->writer, &drop, DB_ARGS(db_int((int64_t)v->seq)), NULL));
    TRY(cx, ledger_search_forget(cx, l, v->seq));
    return OK;
}

static Err look_at(Ctx *cx, Ledger *l, uint64_t seq, Victim *v, Text *left)
{
    const LedgerAsk ask = { .from_seq = seq, .to_seq = seq };
    DbRows *rows = NULL;
    yyjson_doc *doc = NULL;
    const LedgerRoom *room = NULL;
    Event e;
    Text canon;
    bool more = false;
    Err err = OK;
    text_init(&canon, cx);
    TRY_DONE(cx, ledger_ask_events(cx, l, &ask, &rows));
    TRY_DONE(cx, db_next(cx, rows, &more));
    if (!more || !seq) {
        err = FAIL(cx, ERR_NOT_FOUND, "no event %" PRIu64 " in this ledger; 'leat log' lists them", seq);
        goto done;
    }
    TRY_DONE(cx, ledger_event_row(cx, l, rows, &e));
    v->seq = seq;
    v->state = v->inner = e.state;
    snprintf(v->kind, sizeof v->kind, "%s", e.kind);
    if (e.state == LEDGER_REDACTED) err = FAIL(cx, ERR_REFUSED, "event %" PRIu64 " is redacted already", seq);
    else if (!strncmp(e.kind, "ledger.", 7)) err = FAIL(cx, ERR_REFUSED, "event %" PRIu64 " is one of the log's own (%s), which hold it together: it stays", seq, e.kind);
    if (err) goto done;
    if (e.state == LEDGER_SEALED) TRY_DONE(cx, ledger_unseal(cx, l, &e, &v->inner));
    if (v->inner == LEDGER_SECRET) TRY_DONE(cx, ledger_open_secret(cx, l, &e));
    for (size_t i = 0; i < l->rooms_n; i++)
        if (ledger_owns(l->rooms[i], e.kind)) room = l->rooms[i];
    doc = yyjson_read(e.payload, e.payload_n, 0);
    if (!doc) {
        err = FAIL(cx, ERR_CORRUPT, "event %" PRIu64 " is damaged: its payload is not JSON; 'leat log verify' says more", seq);
        goto done;
    }
    leave(&canon, yyjson_doc_get_root(doc), room, "");
    TRY_DONE(cx, text_err(&canon));
    left->n = 0;
    TRY_DONE(cx, ledger_canon(cx, canon.at, canon.n, left));
done:
    yyjson_doc_free(doc);
    db_rows_close(rows);
    text_clear(&canon);
    return err;
}

static Err must_not_be_held(Ctx *cx, Ledger *l, uint64_t seq)
{
    static const Statement ask = {
        "SELECT h.subject, h.why FROM ledger_hold h WHERE h.to_seq IS NULL AND (h.subject = (SELECT subject FROM event WHERE seq = ?1)"
        " OR h.subject = (SELECT subject FROM ledger_key WHERE seq = ?1))", NULL };
    DbRows *rows = NULL;
    bool more = false;
    Err err = db_ask(cx, l->db, &ask, DB_ARGS(db_int((int64_t)seq)), &rows);
    if (!err) err = db_next(cx, rows, &more);
    if (!err && more)
        err = FAIL(cx, ERR_REFUSED, "event %" PRIu64 " is held with '%.100s' (%.200s); 'leat log hold rm' lets go of it", seq, db_get_text(rows, 0),
                   db_get_text(rows, 1));
    db_rows_close(rows);
    return err;
}

/* The tables of the rooms that made something of it, anew.  Later events must still fit. */
static Err refold(Ctx *cx, Ledger *l, const Victim *v)
{
    for (size_t i = 0; i < l->rooms_n; i++) {
        if (!ledger_owns(l->rooms[i], v->kind)) continue;
        Err err = ledger_refold(cx, l, l->rooms[i]);
        if (err == ERR_REFUSED || err == ERR_BAD_INPUT) {
            char why[CTX_TEXT_MAX];
            memcpy(why, cx->text, sizeof why);
            cx->text[0] = 0;
            return FAIL(cx, ERR_REFUSED, "event %" PRIu64 " cannot be redacted: later events stand on what it says (%.300s)", v->seq, why);
        }
        if (err) return err;
    }
    return OK;
}

/* A segment with plain words in it is written anew without them, and the old one goes. */
static Err reseal(Ctx *cx, Ledger *l, uint64_t seq, LedgerSegment *old)
{
    static const Statement ask = { "SELECT first, last, object, copied_to FROM ledger_segment WHERE first <= ?1 ORDER BY first DESC LIMIT 1", NULL };
    DbRows *rows = NULL;
    Text bytes;
    Digest object;
    char to[1024] = "";
    bool more = false;
    Err err = OK;
    text_init(&bytes, cx);
    TRY_DONE(cx, db_ask(cx, l->db, &ask, DB_ARGS(db_int((int64_t)seq)), &rows));
    TRY_DONE(cx, db_next(cx, rows, &more));
    if (!more || !db_get_text(rows, 2) || !digest_read(db_get_text(rows, 2), &old->object)) {
        err = FAIL(cx, ERR_CORRUPT, "no segment holds event %" PRIu64, seq);
        goto done;
    }
    old->first = (uint64_t)db_get_int(rows, 0);
    old->last = (uint64_t)db_get_int(rows, 1);
    snprintf(to, sizeof to, "%s", db_get_text(rows, 3) ? db_get_text(rows, 3) : "");
    db_rows_close(rows);
    rows = NULL;
    TRY_DONE(cx, ledger_segment_make(cx, l, old->first, old->last, &bytes));
    TRY_DONE(cx, ledger_segment_keep(cx, l, bytes.at, bytes.n, NULL, NULL, &object));
    TRY_DONE(cx, ledger_say_archived(cx, l, old->first, old->last, &object, bytes.n, ""));
    ledger_unseal_forget(cx, l);
    if (*to)
        ctx_warn(cx, "copies of the segment with events %" PRIu64 " to %" PRIu64 " lie in '%s' and still hold the words: remove them there", old->first,
                 old->last, to);
done:
    db_rows_close(rows);
    text_clear(&bytes);
    return err;
}

Err ledger_shrink(Ctx *cx, Ledger *l)
{
    /* VACUUM writes the file anew without free pages; the temporary copy must not live in memory, and the log of SQLite must end. */
    static const Statement steps[] = {
        { "PRAGMA temp_store=FILE", "" }, { "VACUUM", "VACUUM FULL payload, ledger_key" }, { "PRAGMA temp_store=MEMORY", "" }, { NULL, NULL } };
    static const Statement empty_log = { "PRAGMA wal_checkpoint(TRUNCATE)", "SELECT 0" };
    int64_t busy = 0;
    for (const Statement *st = steps; st->sqlite; st++) TRY(cx, db_run(cx, l->writer, st, DB_NO_ARGS, NULL));
    TRY(cx, db_ask_int(cx, l->db, &empty_log, DB_NO_ARGS, 0, &busy));
    if (busy) ctx_warn(cx, "another program reads '%s': old pages stay in '%s-wal' until it ends and the next command writes", l->path, l->path);
    return OK;
}

static Err redact_inside(Ctx *cx, Ledger *l, const LedgerRedactIn *in, LedgerRedacted *out, LedgerSegment *old)
{
    static const Statement covered = { "SELECT count(*) FROM ledger_segment WHERE first <= ?1 AND last >= ?1", NULL };
    Victim v;
    Text left;
    int64_t n = 0;
    Err err = OK;
    text_init(&left, cx);
    TRY_DONE(cx, look_at(cx, l, in->seq, &v, &left));
    TRY_DONE(cx, must_not_be_held(cx, l, in->seq));
    TRY_DONE(cx, redact_one(cx, l, &v, in->why, &left));
    TRY_DONE(cx, db_ask_int(cx, l->db, &covered, DB_ARGS(db_int((int64_t)in->seq)), 0, &n));
    if (n && v.inner == LEDGER_PLAIN) TRY_DONE(cx, reseal(cx, l, in->seq, old));
    TRY_DONE(cx, refold(cx, l, &v));
    out->events++;
done:
    text_clear(&left);
    return err;
}

Err ledger_redact(Ctx *cx, Ledger *l, const LedgerRedactIn *in, LedgerRedacted *out)
{
    static const Statement overwrite = { "PRAGMA secure_delete=ON", "" };
    LedgerSegment old = { 0 };
    *out = (LedgerRedacted){ 0 };
    if (!l->writer || l->group) return FAIL(cx, ERR_BUG, "redacting needs a ledger that is open for writing, and no group");
    TRY(cx, db_run(cx, l->writer, &overwrite, DB_NO_ARGS, NULL));
    TRY(cx, ledger_begin(cx, l));
    Err err = redact_inside(cx, l, in, out, &old);
    if (!err) err = ledger_commit(cx, l);
    if (err) {
        ledger_cancel(l);
        *out = (LedgerRedacted){ 0 };
        return err;
    }
    if (old.first) {
        TRY(cx, store_remove_raw(cx, l->store, &old.object));
        out->segments++;
    }
    TRY(cx, ledger_shrink(cx, l));
    return OK;
}

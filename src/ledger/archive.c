/* ledger/archive.c -- payloads move into sealed segments, and are read back through them.
**
** The segment is an object of the store, checked whole before the event ledger.archived says it is there; only then do the
** payloads leave the tables, in that event's transaction.  Headers stay.  What is held stays readable in the tables too.
*/
#include "ledger/segment.h"

#include "base/save.h"
#include "ledger/inner.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <yyjson.h>

#define SEGMENT_EVENTS_MAX ((uint64_t)1 << 16)

void ledger_unseal_forget(Ctx *cx, Ledger *l)
{
    segment_close(cx, &l->sealed.segment);
    if (l->store) store_unmap(cx, l->store, &l->sealed.map);
    ctx_put(cx, l->sealed.raw.at);
    ctx_put(cx, l->sealed.plain);
    l->sealed = (SealedCache){ 0 };
}

/* --- reading --- */

/* The segment that holds event seq becomes the one at hand. */
static Err take_segment(Ctx *cx, Ledger *l, uint64_t seq)
{
    static const Statement ask = { "SELECT first, last, object FROM ledger_segment WHERE first <= ?1 ORDER BY first DESC LIMIT 1", NULL };
    DbRows *rows = NULL;
    Digest object;
    char name[SHA256_TEXT_MAX] = "";
    bool more = false;
    if (l->sealed.segment.block && seq >= l->sealed.segment.first && seq <= l->sealed.segment.last) return OK;
    ledger_unseal_forget(cx, l);
    Err err = db_ask(cx, l->db, &ask, DB_ARGS(db_int((int64_t)seq)), &rows);
    if (!err) err = db_next(cx, rows, &more);
    if (!err && more && db_get_int(rows, 1) >= (int64_t)seq && db_get_text(rows, 2)) snprintf(name, sizeof name, "%s", db_get_text(rows, 2));
    db_rows_close(rows);
    if (err) return err;
    if (!digest_read(name, &object))
        return FAIL(cx, ERR_CORRUPT, "event %" PRIu64 " of the ledger '%s' is damaged: no segment holds its payload; 'leat log rebuild' makes the list of segments anew",
                    seq, l->path);
    if (!l->store) return FAIL(cx, ERR_BUG, "the payload of event %" PRIu64 " is in a segment, and the ledger was opened without a store", seq);
    TRY(cx, store_map(cx, l->store, &object, &l->sealed.map));
    TRY(cx, segment_open(cx, name, l->sealed.map.at, l->sealed.map.n, &l->sealed.segment));
    l->sealed.block = SIZE_MAX;
    text_init(&l->sealed.raw, cx);
    return OK;
}

Err ledger_unseal(Ctx *cx, Ledger *l, Event *e, LedgerPayload *inner)
{
    SealedCache *c = &l->sealed;
    SegmentRecord r;
    TRY(cx, take_segment(cx, l, e->seq));
    size_t k = c->block != SIZE_MAX && e->seq >= c->segment.block[c->block].first ? c->block : 0;
    while (k + 1 < c->segment.blocks_n && c->segment.block[k + 1].first <= e->seq) k++;
    const SegmentBlock *b = &c->segment.block[k];
    if (k != c->block || e->seq < c->next) {
        if (k != c->block) {
            c->block = SIZE_MAX;
            TRY(cx, segment_block(cx, &c->segment, k, l->hasher, &c->raw));
        }
        c->block = k;
        c->next = b->first;
        c->at = c->raw.at;
    }
    do {
        if (!segment_next(&c->at, c->raw.at + c->raw.n, &r))
            return FAIL(cx, ERR_CORRUPT, "the segment '%s' is damaged: events from %" PRIu64 "; take another copy", c->segment.name, b->first);
    } while (c->next++ < e->seq);
    *inner = r.state;
    e->stored = r.stored;
    e->stored_n = r.stored_n;
    if (r.state == LEDGER_PLAIN) {             /* it ends where the next record begins: callers want a NUL */
        if (c->plain_cap < r.stored_n + 1) {
            char *more = ctx_grow(cx, c->plain, r.stored_n + 1, 1);
            if (!more) return FAIL(cx, ERR_NOMEM, "reading the payload of event %" PRIu64, e->seq);
            c->plain = more;
            c->plain_cap = r.stored_n + 1;
        }
        memcpy(c->plain, r.stored, r.stored_n);
        c->plain[r.stored_n] = 0;
        e->payload = c->plain;
        e->payload_n = r.stored_n;
    }
    return OK;
}

/* --- making one --- */

static Err add_events(Ctx *cx, Ledger *l, SegmentWriter *w, uint64_t first, uint64_t last)
{
    const LedgerAsk ask = { .from_seq = first, .to_seq = last };
    DbRows *rows = NULL;
    Text text;
    Event e;
    bool more = false;
    Err err = OK;
    text_init(&text, cx);
    TRY_DONE(cx, ledger_ask_events(cx, l, &ask, &rows));
    for (;;) {
        TRY_DONE(cx, db_next(cx, rows, &more));
        if (!more) break;
        TRY_DONE(cx, ledger_event_row(cx, l, rows, &e));
        LedgerPayload state = e.state;
        if (state == LEDGER_SEALED) TRY_DONE(cx, ledger_unseal(cx, l, &e, &state));
        text.n = 0;
        ledger_event_text(&e, &text);
        TRY_DONE(cx, text_err(&text));
        bool left = state == LEDGER_REDACTED;
        TRY_DONE(cx, segment_add(w, l->hasher, text.at, text.n, state, left ? e.payload : e.stored, left ? e.payload_n : e.stored_n));
        if (e.seq % 1024 == 0) {
            TRY_DONE(cx, ctx_check(cx));
            ctx_step(cx, "sealing events", (double)(e.seq - first), (double)(last - first + 1));
        }
    }
    if (w->s.last != last) err = FAIL(cx, ERR_CORRUPT, "event %" PRIu64 " of the ledger '%s' is missing; 'leat log verify' says more", w->s.last + 1, l->path);
done:
    db_rows_close(rows);
    text_clear(&text);
    return err;
}

Err ledger_segment_make(Ctx *cx, Ledger *l, uint64_t first, uint64_t last, Text *out)
{
    static const Statement ask = { "SELECT hash FROM event WHERE seq = ?1", NULL };
    DbRows *rows = NULL;
    Tree edge;
    Digest before = { { 0 } }, root;
    SegmentWriter w;
    bool more = false;
    if (!l->signer && l->keys) TRY(cx, sign_open(cx, l->keys, &l->signer));
    if (!l->signer) return FAIL(cx, ERR_REFUSED, "a segment must be signed, and there is no signing key: set HOME or XDG_CONFIG_HOME to a folder of yours");
    TRY(cx, ledger_tree_load(cx, l, first - 1, &edge));
    TRY(cx, ledger_root(cx, l, last, &root));
    if (first > 1) {
        Err err = db_ask(cx, l->db, &ask, DB_ARGS(db_int((int64_t)first - 1)), &rows);
        if (!err) err = db_next(cx, rows, &more);
        if (!err && (!more || !ledger_take_digest(rows, 0, &before)))
            err = FAIL(cx, ERR_CORRUPT, "event %" PRIu64 " of the ledger '%s' is missing", first - 1, l->path);
        db_rows_close(rows);
        if (err) return err;
    }
    segment_begin(&w, cx, &l->id, first, &before, &edge);
    Err err = add_events(cx, l, &w, first, last);
    if (!err) err = segment_seal(&w, l->hasher, l->signer, &root, out);
    segment_end(&w);
    return err;
}

/* Into the store, and read back whole. */
Err ledger_segment_keep(Ctx *cx, Ledger *l, const void *bytes, size_t n, Err (*each)(void *arg, const Event *e), void *arg, Digest *object)
{
    StoreMap map = { 0 };
    Segment s = { 0 };
    char name[SHA256_TEXT_MAX];
    Err err = OK;
    TRY(cx, store_put(cx, l->store, bytes, n, STORE_RAW, object));
    digest_text(object, name);
    TRY_DONE(cx, store_map(cx, l->store, object, &map));
    TRY_DONE(cx, segment_open(cx, name, map.at, map.n, &s));
    TRY_DONE(cx, segment_check(cx, &s, each, arg));
done:
    segment_close(cx, &s);
    store_unmap(cx, l->store, &map);
    return err;
}

/* --- archiving --- */

static Err copy_to(Ctx *cx, Ledger *l, const LedgerArchiveIn *in, uint64_t first, uint64_t last, const Text *bytes)
{
    char id[SHA256_TEXT_MAX], name[128], path[SAVE_PATH_MAX], *back = NULL;
    size_t n = 0;
    digest_text(&l->id, id);
    snprintf(name, sizeof name, "%.16s-%" PRIu64 "-%" PRIu64 ".leatlog", id, first, last);
    if (in->copy) return in->copy(in->self, cx, name, bytes->at, bytes->n);
    if (!in->folder) return OK;
    int len = snprintf(path, sizeof path, "%s/%s", in->folder, name);
    if (len < 0 || (size_t)len >= sizeof path) return FAIL(cx, ERR_LIMIT, "the path '%.60s…' is too long", in->folder);
    TRY(cx, save_whole(cx, path, bytes->at, bytes->n));
    TRY(cx, save_read(cx, path, bytes->n + 1, &back, &n));
    bool same = n == bytes->n && !memcmp(back, bytes->at, n);
    ctx_put(cx, back);
    if (!same) return FAIL(cx, ERR_IO, "the copy '%s' does not read back as it was written; nothing was moved", path);
    return OK;
}

/* The payloads of a range leave the tables: all but the ledger's own, and what is held. */
static Err move_out(Ctx *cx, Ledger *l, uint64_t first, uint64_t last, uint64_t *held)
{
    static const Statement hold = {
        "UPDATE payload SET state = state WHERE seq >= ?1 AND seq <= ?2 AND state IN (0, 1) AND (seq IN (SELECT e.seq FROM event e JOIN ledger_hold h"
        " ON h.subject = e.subject WHERE h.to_seq IS NULL AND e.kind NOT LIKE 'ledger.%') OR seq IN (SELECT k.seq FROM ledger_key k JOIN ledger_hold h ON h.subject = k.subject"
        " WHERE h.to_seq IS NULL))", NULL };
    static const Statement out = {
        "UPDATE payload SET state = 2, body = NULL, secret = NULL WHERE seq >= ?1 AND seq <= ?2 AND state IN (0, 1)"
        " AND seq NOT IN (SELECT seq FROM event WHERE seq >= ?1 AND seq <= ?2 AND kind LIKE 'ledger.%')"
        " AND seq NOT IN (SELECT e.seq FROM event e JOIN ledger_hold h ON h.subject = e.subject WHERE h.to_seq IS NULL)"
        " AND seq NOT IN (SELECT k.seq FROM ledger_key k JOIN ledger_hold h ON h.subject = k.subject WHERE h.to_seq IS NULL)", NULL };
    int64_t n = 0;
    TRY(cx, db_run(cx, l->writer, &hold, DB_ARGS(db_int((int64_t)first), db_int((int64_t)last)), &n));
    *held += (uint64_t)n;
    TRY(cx, db_run(cx, l->writer, &out, DB_ARGS(db_int((int64_t)first), db_int((int64_t)last)), &n));
    return OK;
}

Err ledger_say_archived(Ctx *cx, Ledger *l, uint64_t first, uint64_t last, const Digest *object, size_t bytes, const char *to)
{
    char hex[SHA256_TEXT_MAX];
    uint64_t seq;
    Text t;
    digest_text(object, hex);
    text_init(&t, cx);
    json_open(&t);
    json_key_int(&t, "bytes", (int64_t)bytes);
    json_key_int(&t, "first", (int64_t)first);
    json_key_int(&t, "last", (int64_t)last);
    json_key_text(&t, "object", hex);
    json_key_text(&t, "to", to ? to : "");
    json_close(&t);
    Err err = text_err(&t);
    if (!err) err = ledger_append(cx, l, &(Act){ .kind = "ledger.archived", .subject = "ledger", .payload = t.at }, &seq);
    text_clear(&t);
    return err;
}

static Err archive_one(Ctx *cx, Ledger *l, const LedgerArchiveIn *in, uint64_t first, uint64_t last, LedgerArchived *out)
{
    Text bytes;
    Digest object;
    Err err = OK;
    text_init(&bytes, cx);
    TRY_DONE(cx, ledger_segment_make(cx, l, first, last, &bytes));
    TRY_DONE(cx, ledger_segment_keep(cx, l, bytes.at, bytes.n, NULL, NULL, &object));
    TRY_DONE(cx, copy_to(cx, l, in, first, last, &bytes));
    TRY_DONE(cx, ledger_begin(cx, l));
    TRY_DONE(cx, ledger_say_archived(cx, l, first, last, &object, bytes.n, in->to ? in->to : in->folder));
    TRY_DONE(cx, move_out(cx, l, first, last, &out->held));
    TRY_DONE(cx, ledger_commit(cx, l));
    if (!out->first) out->first = first;
    out->last = last;
    out->segments++;
    out->bytes += bytes.n;
done:
    ledger_cancel(l);
    text_clear(&bytes);
    return err;
}

Err ledger_archive(Ctx *cx, Ledger *l, const LedgerArchiveIn *in, LedgerArchived *out)
{
    static const Statement done_to = { "SELECT max(last) FROM ledger_segment", NULL };
    static const Statement younger = { "SELECT min(seq) FROM event WHERE time_us >= ?1 AND seq > ?2", NULL };
    int64_t to = 0, next = 0;
    uint64_t end;
    Digest head;
    *out = (LedgerArchived){ 0 };
    if (!l->writer || !l->store) return FAIL(cx, ERR_BUG, "archiving needs a ledger that is open for writing, with a store");
    if (l->group) return FAIL(cx, ERR_BUG, "archiving inside a group");
    TRY(cx, db_ask_int(cx, l->db, &done_to, DB_NO_ARGS, 0, &to));
    TRY(cx, ledger_head(cx, l, &end, &head));
    if (in->before_us) {
        TRY(cx, db_ask_int(cx, l->db, &younger, DB_ARGS(db_int(in->before_us), db_int(to)), 0, &next));
        if (next) end = (uint64_t)next - 1;
    }
    for (uint64_t first = (uint64_t)to + 1; first <= end;) {
        uint64_t last = end - first >= SEGMENT_EVENTS_MAX ? first + SEGMENT_EVENTS_MAX - 1 : end;
        TRY(cx, archive_one(cx, l, in, first, last, out));
        first = last + 1;
    }
    if (out->segments) TRY(cx, ledger_shrink(cx, l));
    return OK;
}

/* --- every object that the log needs, and checking all of them --- */

Err ledger_each_segment(Ctx *cx, Ledger *l, Err (*each)(void *arg, const LedgerSegment *s), void *arg)
{
    static const Statement own = { "SELECT first, last, object, '' FROM ledger_segment ORDER BY first", NULL };
    static const Statement foreign = { "SELECT first, last, object, id FROM ledger_foreign ORDER BY id, first", NULL };
    for (int k = 0; k < 2; k++) {
        DbRows *rows = NULL;
        bool more = true;
        Err err = db_ask(cx, l->db, k ? &foreign : &own, DB_NO_ARGS, &rows);
        while (!err && more) {
            err = db_next(cx, rows, &more);
            if (err || !more) break;
            LedgerSegment s = { .first = (uint64_t)db_get_int(rows, 0), .last = (uint64_t)db_get_int(rows, 1), .ledger = l->id };
            const char *object = db_get_text(rows, 2), *id = db_get_text(rows, 3);
            if (!object || !digest_read(object, &s.object) || (k && (!id || !digest_read(id, &s.ledger))))
                err = FAIL(cx, ERR_CORRUPT, "table '%s' of '%s' names no object; 'leat log rebuild' puts it right", k ? "ledger_foreign" : "ledger_segment", l->path);
            s.foreign = k;
            if (!err) err = each(arg, &s);
        }
        db_rows_close(rows);
        if (err) return err;
    }
    return OK;
}

typedef struct CheckAll { Ctx *cx; Ledger *l; uint64_t n; } CheckAll;

static Err check_one(void *arg, const LedgerSegment *want)
{
    CheckAll *c = arg;
    Ctx *cx = c->cx;
    StoreMap map = { 0 };
    Segment s = { 0 };
    char name[SHA256_TEXT_MAX];
    Err err = OK;
    digest_text(&want->object, name);
    TRY_DONE(cx, store_map(cx, c->l->store, &want->object, &map));
    TRY_DONE(cx, segment_open(cx, name, map.at, map.n, &s));
    if (!digest_same(&s.ledger, &want->ledger) || s.first != want->first || s.last != want->last)
        err = FAIL(cx, ERR_CORRUPT, "the segment '%s' is not what the log says it is", name);
    else
        TRY_DONE(cx, segment_check(cx, &s, NULL, NULL));
    c->n++;
done:
    segment_close(cx, &s);
    store_unmap(cx, c->l->store, &map);
    return err;
}

Err ledger_check_segments(Ctx *cx, Ledger *l, uint64_t *n)
{
    CheckAll c = { .cx = cx, .l = l };
    if (!l->store) return OK;
    TRY(cx, ledger_each_segment(cx, l, check_one, &c));
    *n = c.n;
    return OK;
}

Err ledger_segment_check(Ctx *cx, const char *name, const void *bytes, size_t n, LedgerSegment *out)
{
    Segment s;
    *out = (LedgerSegment){ 0 };
    TRY(cx, segment_open(cx, name, bytes, n, &s));
    Err err = segment_check(cx, &s, NULL, NULL);
    if (!err) {
        out->ledger = s.ledger;
        out->first = s.first;
        out->last = s.last;
        out->head = s.head;
        err = hash_bytes(cx, bytes, n, &out->object);
    }
    segment_close(cx, &s);
    return err;
}

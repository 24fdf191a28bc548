/* ledger/foreign.c -- another ledger's events, kept as they came: never merged, always provable.
**
** A foreign segment is an object of the store and one event, ledger.received.  It must continue what is here of that
** ledger already: same root where the two meet, signed with a key that its own events introduce.
*/
#include "ledger/inner.h"
#include "ledger/segment.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <yyjson.h>

#define EXPORT_EVENTS_MAX ((uint64_t)1 << 16)

Err ledger_export(Ctx *cx, Ledger *l, uint64_t from, Text *out, uint64_t *last)
{
    uint64_t seq;
    Digest head;
    *last = 0;
    TRY(cx, ledger_head(cx, l, &seq, &head));
    if (!from || from > seq) return FAIL(cx, ERR_NOT_FOUND, "no events from %" PRIu64 " on: this ledger has %" PRIu64, from, seq);
    uint64_t to = seq - from >= EXPORT_EVENTS_MAX ? from + EXPORT_EVENTS_MAX - 1 : seq;
    TRY(cx, ledger_segment_make(cx, l, from, to, out));
    *last = to;
    return OK;
}

/* --- what is here of a ledger already --- */

typedef struct Known { uint64_t last; Digest root; Text keys; } Known;

static Err look_up(Ctx *cx, Ledger *l, const char *id, Known *k)
{
    static const Statement ask = { "SELECT last, root, key FROM ledger_foreign WHERE id = ?1 ORDER BY first", NULL };
    DbRows *rows = NULL;
    bool more = false;
    Err err = OK;
    TRY_DONE(cx, db_ask(cx, l->db, &ask, DB_ARGS(db_text(id)), &rows));
    for (;;) {
        TRY_DONE(cx, db_next(cx, rows, &more));
        if (!more) break;
        k->last = (uint64_t)db_get_int(rows, 0);
        const char *root = db_get_text(rows, 1), *keys = db_get_text(rows, 2);
        if (!root || !digest_read(root, &k->root)) err = FAIL(cx, ERR_CORRUPT, "table 'ledger_foreign' of '%s' is damaged; 'leat log rebuild' puts it right", l->path);
        if (err) goto done;
        text_put(&k->keys, keys ? keys : "");
        text_put(&k->keys, " ");
    }
done:
    db_rows_close(rows);
    return err ? err : text_err(&k->keys);
}

Err ledger_foreign_known(Ctx *cx, Ledger *l, const Digest *id, uint64_t *last, Digest *root)
{
    char hex[SHA256_TEXT_MAX];
    Known k = { 0 };
    text_init(&k.keys, cx);
    digest_text(id, hex);
    Err err = look_up(cx, l, hex, &k);
    *last = k.last;
    *root = k.root;
    text_clear(&k.keys);
    return err;
}

/* --- receiving --- */

/* Keys that events of the segment introduce, with blanks between. */
static Err take_keys(void *arg, const Event *e)
{
    unsigned char key[LEDGER_KEY_BYTES];
    char hex[2 * LEDGER_KEY_BYTES + 1];
    Text *t = arg;
    if (memcmp(e->kind, "ledger.", 7) != 0 || e->state != LEDGER_PLAIN || !ledger_event_key(e, key)) return OK;
    hex_write(key, sizeof key, hex);
    if (t->n) text_char(t, ' ');
    text_put(t, hex);
    return text_err(t);
}

static Err must_continue(Ctx *cx, Ledger *l, const Segment *s, const char *id, const Known *k, const Text *keys)
{
    char hex[2 * LEDGER_KEY_BYTES + 1];
    Digest root;
    if (s->first > k->last + 1)
        return FAIL(cx, ERR_REFUSED, "events %" PRIu64 " to %" PRIu64 " of the ledger %.16s… are missing here; receive them first", k->last + 1, s->first - 1, id);
    if (s->first <= k->last)
        return FAIL(cx, ERR_REFUSED, "%" PRIu64 " events of the ledger %.16s… are here already; ask for those from %" PRIu64 " on", k->last, id, k->last + 1);
    tree_root(l->hasher, &s->edge, &root);
    if (k->last && !digest_same(&root, &k->root))
        return FAIL(cx, ERR_REFUSED, "the ledger %.16s… is not the one that was received before: its first %" PRIu64 " events were changed; nothing was taken over", id,
                    k->last);
    hex_write(s->head.key, sizeof s->head.key, hex);
    bool known = (k->keys.n && strstr(k->keys.at, hex)) || (keys->n && strstr(keys->at, hex));
    if (!known) return FAIL(cx, ERR_REFUSED, "the segment of the ledger %.16s… is signed with a key that no event of it introduces; nothing was taken over", id);
    return OK;
}

static Err say_received(Ctx *cx, Ledger *l, const Segment *s, const char *id, const Digest *object, const Text *keys)
{
    char hex[SHA256_TEXT_MAX];
    uint64_t seq;
    Text t;
    text_init(&t, cx);
    json_open(&t);
    json_key_int(&t, "first", (int64_t)s->first);
    json_key_text(&t, "key", keys->n ? keys->at : "");
    json_key_int(&t, "last", (int64_t)s->last);
    digest_text(object, hex);
    json_key_text(&t, "object", hex);
    digest_text(&s->head.root, hex);
    json_key_text(&t, "root", hex);
    json_close(&t);
    Err err = text_err(&t);
    if (!err) err = ledger_append(cx, l, &(Act){ .kind = "ledger.received", .subject = id, .payload = t.at }, &seq);
    text_clear(&t);
    return err;
}

static Err receive_inside(Ctx *cx, Ledger *l, const Segment *s, const char *id, Known *k, Text *keys)
{
    Digest object;
    TRY(cx, look_up(cx, l, id, k));
    if (s->last <= k->last) return OK;         /* all of it is here: nothing is new */
    TRY(cx, ledger_segment_keep(cx, l, s->at, s->n, take_keys, keys, &object));
    TRY(cx, must_continue(cx, l, s, id, k, keys));
    TRY(cx, say_received(cx, l, s, id, &object, keys));
    return OK;
}

Err ledger_receive(Ctx *cx, Ledger *l, const void *bytes, size_t n, LedgerSegment *out, bool *fresh)
{
    Segment s;
    Known k = { 0 };
    Text keys;
    char id[SHA256_TEXT_MAX];
    *fresh = false;
    *out = (LedgerSegment){ 0 };
    if (!l->writer || !l->store) return FAIL(cx, ERR_BUG, "receiving needs a ledger that is open for writing, with a store");
    TRY(cx, segment_open(cx, "received", bytes, n, &s));
    text_init(&keys, cx);
    text_init(&k.keys, cx);
    digest_text(&s.ledger, id);
    Err err = digest_same(&s.ledger, &l->id) ? FAIL(cx, ERR_REFUSED, "the segment is of this ledger itself") : receive_inside(cx, l, &s, id, &k, &keys);
    *fresh = !err && s.last > k.last;
    *out = (LedgerSegment){ .ledger = s.ledger, .first = s.first, .last = s.last, .head = s.head, .foreign = true };
    text_clear(&keys);
    text_clear(&k.keys);
    segment_close(cx, &s);
    return err;
}

/* --- what rooms make of it --- */

typedef struct Project { Ctx *cx; DbWriter *into; const LedgerRoom *const *rooms; size_t n; const Digest *id; } Project;

static Err project_one(void *arg, const Event *e)
{
    Project *p = arg;
    Event foreign = *e;
    foreign.ledger = p->id;
    for (size_t i = 0; i < p->n; i++) {
        if (p->rooms[i]->foreign && ledger_owns(p->rooms[i], e->kind)) TRY(p->cx, p->rooms[i]->apply(p->cx, p->into, &foreign));
    }
    return OK;
}

Err ledger_project(Ctx *cx, Ledger *l, DbWriter *into, const LedgerRoom *const *rooms, size_t n, const Event *received)
{
    StoreMap map = { 0 };
    Segment s = { 0 };
    Digest object;
    bool any = false;
    Err err = OK;
    for (size_t i = 0; i < n; i++) any |= rooms[i]->foreign;
    if (!any) return OK;
    if (!l->store) return FAIL(cx, ERR_BUG, "event %" PRIu64 " names a segment, and the ledger was opened without a store", received->seq);
    yyjson_doc *doc = yyjson_read(received->payload, received->payload_n, 0);
    const char *hex = yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(doc), "object"));
    bool named = hex && digest_read(hex, &object);
    yyjson_doc_free(doc);
    if (!named) return FAIL(cx, ERR_CORRUPT, "event %" PRIu64 " names no segment", received->seq);
    TRY_DONE(cx, store_map(cx, l->store, &object, &map));
    TRY_DONE(cx, segment_open(cx, "received", map.at, map.n, &s));
    Project p = { .cx = cx, .into = into, .rooms = rooms, .n = n, .id = &s.ledger };
    TRY_DONE(cx, segment_check(cx, &s, project_one, &p));
done:
    segment_close(cx, &s);
    store_unmap(cx, l->store, &map);
    return err;
}

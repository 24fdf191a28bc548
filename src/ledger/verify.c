/* ledger/verify.c -- walk the log and hold against it everything that speaks of it.
**
** One pass over the events in order: numbers without gaps, every payload against
** its hash, every hash against its words and the one before, the Merkle tree grown
** beside, every head within reach compared when the tree has its size.  Then what
** the tables derive from the log: tiles, keys, versions.
*/
#include "ledger/inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#define STEP_EVERY 1024            /* events between two looks at the clock */
#define LEVELS (TREE_DEPTH_MAX / TREE_TILE_BITS)

typedef struct KeySeen { unsigned char key[LEDGER_KEY_BYTES]; uint64_t seq; } KeySeen;
typedef struct Left { uint64_t seq; Digest hash; } Left;     /* what a redaction left of an event */

typedef struct Walk {
    Ctx *cx;
    Ledger *l;
    LedgerProof *out;
    Tree tree;
    Text level[LEVELS];            /* the hashes of tile level k + 1, as they come */
    HeadSeen *head; size_t heads_n, head_at;                 /* by size */
    KeySeen *key; size_t keys_n;
    Left *left; size_t left_n;     /* by seq */
} Walk;

static Err bad_event(const Walk *w, uint64_t seq, const char *why)
{
    w->out->bad_seq = seq;
    return FAIL(w->cx, ERR_CORRUPT, "event %llu of the ledger '%s' is damaged: %s; restore it from a copy", (unsigned long long)seq,
                w->l->path, why);
}

static Err bad_table(const Walk *w, const char *table, const char *why)
{
    snprintf(w->out->table, sizeof w->out->table, "%s", table);
    return FAIL(w->cx, ERR_CORRUPT, "table '%s' of '%s' is not as the log has it: %s", table, w->l->path, why);
}

/* --- before: the heads there are, what redactions left --- */

static int by_size(const void *a, const void *b)
{
    const HeadSeen *x = a, *y = b;
    return (x->head.size > y->head.size) - (x->head.size < y->head.size);
}

static Err gather_heads(Walk *w)
{
    Ctx *cx = w->cx;
    LedgerHead lock[LEDGER_EXPECTED_MAX], own;
    size_t n = 0;
    bool has = false;
    TRY(cx, ledger_lock_heads(cx, w->l, lock, LEDGER_EXPECTED_MAX, &n));
    w->head = ctx_get_n(cx, n + w->l->expected_n + 1, sizeof *w->head);
    if (!w->head) return FAIL(cx, ERR_NOMEM, "gathering signed heads");
    TRY(cx, ledger_signed(cx, w->l, &own, &has));
    if (has) {
        HeadSeen *h = &w->head[w->heads_n++];
        snprintf(h->where, sizeof h->where, "its signed head");
        h->head = own;
        w->out->signed_to = own.size;
    }
    for (size_t i = 0; i < n; i++) {
        HeadSeen *h = &w->head[w->heads_n++];
        snprintf(h->where, sizeof h->where, "'%.180s'", w->l->lock);
        h->head = lock[i];
    }
    for (size_t i = 0; i < w->l->expected_n; i++) w->head[w->heads_n++] = w->l->expected[i];
    qsort(w->head, w->heads_n, sizeof *w->head, by_size);
    return OK;
}

static Err see_redaction(void *arg, const Event *e)
{
    Walk *w = arg;
    yyjson_doc *doc = yyjson_read(e->payload, e->payload_n, 0);
    yyjson_val *root = yyjson_doc_get_root(doc);
    const char *left = yyjson_get_str(yyjson_obj_get(root, "left"));
    Left *more = left ? ctx_grow(w->cx, w->left, w->left_n + 1, sizeof *more) : NULL;
    if (more) {
        w->left = more;
        more[w->left_n].seq = yyjson_get_uint(yyjson_obj_get(root, "seq"));
        hash_again(w->l->hasher, left, strlen(left), NULL, 0, &more[w->left_n++].hash);
    }
    bool lost = left && !more;
    yyjson_doc_free(doc);
    return lost ? FAIL(w->cx, ERR_NOMEM, "gathering redactions") : OK;
}

static int by_seq(const void *a, const void *b)
{
    const Left *x = a, *y = b;
    return (x->seq > y->seq) - (x->seq < y->seq);
}

/* --- one event --- */

static Err check_payload(Walk *w, Event *e)
{
    Digest d;
    if (e->state == LEDGER_REDACTED) {
        const Left key = { .seq = e->seq };
        const Left *left = w->left_n ? bsearch(&key, w->left, w->left_n, sizeof key, by_seq) : NULL;
        hash_again(w->l->hasher, e->payload, e->payload_n, NULL, 0, &d);
        if (!left) return bad_event(w, e->seq, "its payload is redacted, but no later event says so");
        if (!digest_same(&d, &left->hash)) return bad_event(w, e->seq, "what is left of its payload is not what its redaction left");
        w->out->redacted++;
        return OK;
    }
    LedgerPayload state = e->state;
    if (state == LEDGER_SEALED) {
        TRY(w->cx, ledger_unseal(w->cx, w->l, e, &state));
        w->out->sealed++;
    }
    hash_again(w->l->hasher, e->stored, e->stored_n, NULL, 0, &d);
    if (!digest_same(&d, &e->payload_hash)) return bad_event(w, e->seq, "its payload does not match its hash");
    if (state == LEDGER_SECRET) {
        TRY(w->cx, ledger_open_secret(w->cx, w->l, e));
        w->out->secret++;
    }
    return OK;
}

static Err check_event(Walk *w, Event *e)
{
    LedgerProof *out = w->out;
    uint64_t want = out->events + 1;
    Digest d, done[LEVELS];
    if (e->seq != want) return bad_event(w, want, "it is missing");
    if (!digest_same(&e->previous, &out->head)) return bad_event(w, want, "it does not follow the one before it");
    TRY(w->cx, check_payload(w, e));
    w->l->text.cx = w->cx;
    TRY(w->cx, ledger_leaf_with(w->l->hasher, &w->l->text, e, &d));
    if (!digest_same(&d, &e->hash)) return bad_event(w, want, "its words do not match its hash");
    if (want == 1 && !digest_same(&d, &w->l->id)) return bad_event(w, 1, "it is not the one that names this ledger");
    unsigned n = tree_add(w->l->hasher, &w->tree, &d, done);
    for (unsigned k = 0; k < n; k++) text_bytes(&w->level[k], done[k].at, SHA256_BYTES);
    out->head = d;
    out->events = want;
    return OK;
}

static Err note_key(Walk *w, const Event *e)
{
    KeySeen k = { .seq = e->seq };
    if (memcmp(e->kind, "ledger.", 7) != 0 || !ledger_event_key(e, k.key)) return OK;
    KeySeen *more = ctx_grow(w->cx, w->key, w->keys_n + 1, sizeof *more);
    if (!more) return FAIL(w->cx, ERR_NOMEM, "gathering signing keys");
    w->key = more;
    more[w->keys_n++] = k;
    return OK;
}

static bool knows_key(const Walk *w, const unsigned char *key)
{
    for (size_t i = 0; i < w->keys_n; i++)
        if (!memcmp(w->key[i].key, key, LEDGER_KEY_BYTES)) return true;
    return false;
}

/* Every head that covers as many events as the tree has now. */
static Err check_heads(Walk *w)
{
    Ctx *cx = w->cx;
    Digest root;
    for (; w->head_at < w->heads_n && w->head[w->head_at].head.size <= w->tree.size; w->head_at++) {
        const HeadSeen *h = &w->head[w->head_at];
        unsigned long long size = h->head.size;
        bool good = false;
        tree_root(w->l->hasher, &w->tree, &root);
        if (h->head.size != w->tree.size || !digest_same(&root, &h->head.root)) {
            w->out->bad_seq = size;
            return FAIL(cx, ERR_CORRUPT, "the first %llu events of the ledger '%s' are not those that %s covers: they were changed and hashed anew; "
                        "restore it from a copy", size, w->l->path, h->where);
        }
        TRY(cx, sign_head_check(cx, &w->l->id, &h->head, &good));
        if (!good)
            return FAIL(cx, ERR_CORRUPT, "the signature of %s over %llu events of the ledger '%s' is not good; restore it from a copy", h->where, size,
                        w->l->path);
        if (!knows_key(w, h->head.key))
            return FAIL(cx, ERR_CORRUPT, "%s over %llu events of the ledger '%s' is signed with a key that no event of it introduces", h->where,
                        size, w->l->path);
        w->out->heads++;
    }
    return OK;
}

static Err walk_events(Walk *w, uint64_t seq)
{
    Ctx *cx = w->cx;
    const LedgerAsk all = { 0 };
    DbRows *rows = NULL;
    Event e;
    bool more = false;
    Err err = OK;
    TRY_DONE(cx, ledger_ask_events(cx, w->l, &all, &rows));
    for (;;) {
        TRY_DONE(cx, db_next(cx, rows, &more));
        if (!more) break;
        if (w->out->events % STEP_EVERY == 0) {
            TRY_DONE(cx, ctx_check(cx));
            ctx_step(cx, "walking the log", (double)w->out->events, (double)seq);
        }
        err = ledger_event_row(cx, w->l, rows, &e);
        if (!err) err = check_event(w, &e);
        if (err == ERR_CORRUPT && !w->out->bad_seq) w->out->bad_seq = e.seq == w->out->events + 1 ? e.seq : w->out->events + 1;
        if (err) goto done;
        TRY_DONE(cx, note_key(w, &e));
        TRY_DONE(cx, check_heads(w));
    }
done:
    db_rows_close(rows);
    return err;
}

/* --- after: does the head row agree, is every head met, what else is in the tables --- */

static Err check_end(Walk *w, uint64_t seq, const Digest *head)
{
    LedgerProof *out = w->out;
    if (out->events < seq) return bad_event(w, out->events + 1, "it is missing");
    if (out->events > seq) return bad_event(w, seq + 1, "the head does not know of it");
    if (!digest_same(head, &out->head)) return bad_event(w, seq, "the head has another hash for it");
    tree_root(w->l->hasher, &w->tree, &out->root);
    if (w->head_at < w->heads_n) {
        const HeadSeen *h = &w->head[w->heads_n - 1];
        out->bad_seq = seq + 1;
        return FAIL(w->cx, ERR_CORRUPT, "%s knows %llu events but the ledger '%s' has %llu: the last %llu are gone; restore it from a copy",
                    h->where, (unsigned long long)h->head.size, w->l->path, (unsigned long long)seq,
                    (unsigned long long)(h->head.size - seq));
    }
    if (w->keys_n && !out->signed_to) return bad_table(w, "head", "its signed head is missing; restore it from a copy");
    return OK;
}

static Err check_tiles(Walk *w)
{
    static const Statement ask = { "SELECT level, n, body FROM tile ORDER BY level, n", NULL };
    Ctx *cx = w->cx;
    DbRows *rows = NULL;
    bool more = true;
    char why[128];
    Err err = OK;
    TRY_DONE(cx, db_ask(cx, w->l->db, &ask, DB_NO_ARGS, &rows));
    for (int64_t level = 1; level <= LEVELS; level++) {
        const Text *want = &w->level[level - 1];
        for (size_t at = 0, n = 0; at < want->n; at += TREE_TILE * SHA256_BYTES, n++) {
            size_t bytes = want->n - at < TREE_TILE * SHA256_BYTES ? want->n - at : TREE_TILE * SHA256_BYTES, got;
            TRY_DONE(cx, db_next(cx, rows, &more));
            const void *body = more ? db_get_blob(rows, 2, &got) : NULL;
            if (!body || db_get_int(rows, 0) != level || db_get_int(rows, 1) != (int64_t)n || got != bytes ||
                memcmp(body, want->at + at, bytes) != 0) {
                snprintf(why, sizeof why, "tile %lld/%zu is damaged or missing; 'leat log rebuild' makes it anew", (long long)level, n);
                err = bad_table(w, "tile", why);
                goto done;
            }
        }
    }
    TRY_DONE(cx, db_next(cx, rows, &more));
    if (more) {
        snprintf(why, sizeof why, "tile %lld/%lld is one too many; 'leat log rebuild' removes it", (long long)db_get_int(rows, 0),
                 (long long)db_get_int(rows, 1));
        err = bad_table(w, "tile", why);
    }
done:
    db_rows_close(rows);
    return err;
}

static Err check_rooms(Walk *w)
{
    static const Statement ask = { "SELECT name, version FROM ledger_room ORDER BY name", NULL };
    Ctx *cx = w->cx;
    DbRows *rows = NULL;
    bool more = false;
    char why[200];
    size_t n = 0;
    Err err = OK;
    TRY_DONE(cx, db_ask(cx, w->l->db, &ask, DB_NO_ARGS, &rows));
    for (;;) {
        TRY_DONE(cx, db_next(cx, rows, &more));
        if (!more) break;
        const char *name = db_get_text(rows, 0);
        bool known = false;
        for (size_t i = 0; i < w->l->rooms_n && name; i++)
            known |= !strcmp(name, w->l->rooms[i]->name) && db_get_int(rows, 1) == w->l->rooms[i]->version;
        if (!known) {
            snprintf(why, sizeof why, "row '%.60s' is of no room of this program; a newer leat may have written it: use that one", name ? name : "");
            err = bad_table(w, "ledger_room", why);
            goto done;
        }
        n++;
    }
    if (n != w->l->rooms_n) err = bad_table(w, "ledger_room", "a row is missing; 'leat log rebuild' puts it right");
done:
    db_rows_close(rows);
    return err;
}

/* Rows that belong to no event: those of every event were met on the walk. */
static Err check_strays(Walk *w)
{
    static const struct { const char *table; Statement st; } row[] = {
        { "event", { "SELECT count(*) FROM event WHERE seq < 1 OR seq > ?1", NULL } },
        { "payload", { "SELECT count(*) FROM payload WHERE seq < 1 OR seq > ?1", NULL } },
        { "ledger_key", { "SELECT count(*) FROM ledger_key k LEFT JOIN payload p ON p.seq = k.seq WHERE p.seq IS NULL"
                          " OR p.state NOT IN (1, 2) OR k.seq > ?1", NULL } },
        { "ledger", { "SELECT count(*) - 1 FROM ledger WHERE seq = ?1", NULL } },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        int64_t n = 0;
        char why[100];
        if (w->l->group && !strcmp(row[i].table, "ledger")) continue;          /* written at commit */
        TRY(w->cx, db_ask_int(w->cx, w->l->db, &row[i].st, DB_ARGS(db_int((int64_t)w->out->events)), 0, &n));
        if (!n) continue;
        snprintf(why, sizeof why, "%lld rows belong to no event; restore it from a copy", (long long)n);
        return bad_table(w, row[i].table, why);
    }
    return OK;
}

static Err walk_inside(Walk *w, bool log_alone)
{
    Ctx *cx = w->cx;
    const LedgerAsk redactions = { .kind = "ledger.redacted" };
    Digest head;
    uint64_t seq = 0;
    TRY(cx, ledger_head(cx, w->l, &seq, &head));
    TRY(cx, gather_heads(w));
    TRY(cx, ledger_each(cx, w->l, &redactions, see_redaction, w));
    if (w->left_n) qsort(w->left, w->left_n, sizeof *w->left, by_seq);
    TRY(cx, check_heads(w));                   /* a head of no event */
    TRY(cx, walk_events(w, seq));
    TRY(cx, check_end(w, seq, &head));
    for (int k = 0; k < LEVELS; k++) TRY(cx, text_err(&w->level[k]));
    TRY(cx, check_strays(w));
    if (log_alone) return OK;
    TRY(cx, check_tiles(w));
    TRY(cx, check_rooms(w));
    TRY(cx, ledger_check_segments(cx, w->l, &w->out->segments));
    return OK;
}

Err ledger_walk(Ctx *cx, Ledger *l, LedgerProof *out, bool log_alone)
{
    Walk w = { .cx = cx, .l = l, .out = out };
    for (int k = 0; k < LEVELS; k++) text_init(&w.level[k], cx);
    Err err = walk_inside(&w, log_alone);
    for (int k = 0; k < LEVELS; k++) text_clear(&w.level[k]);
    ctx_put(cx, w.head);
    ctx_put(cx, w.key);
    ctx_put(cx, w.left);
    return err;
}

Err ledger_verify(Ctx *cx, Ledger *l, LedgerProof *out)
{
    *out = (LedgerProof){ 0 };
    bool own = !l->group;                      /* inside a group we stand still already */
    if (own) TRY(cx, db_begin_read(cx, l->db));
    Err err = ledger_walk(cx, l, out, false);
    if (own) db_end_read(l->db);
    return err;
}

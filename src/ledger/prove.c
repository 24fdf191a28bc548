/* ledger/prove.c -- one event proved to be in the log, by a file that needs no log to be checked.
**
** The event's text gives the leaf, the audit path leads from the leaf to the root, and the signature is over the
** root.  So the file proves: who holds this key said that a log of this size holds this event at this place.
*/
#include "ledger/inner.h"

#include <stdio.h>
#include <string.h>
#include <yyjson.h>

static void key_hex(Text *t, const char *key, const void *p, size_t n)
{
    char hex[2 * LEDGER_SIGNATURE_BYTES + 1];
    hex_write(p, n, hex);
    json_key_text(t, key, hex);
}

static Err find_event(Ctx *cx, Ledger *l, uint64_t seq, Text *text, Digest *hash)
{
    const LedgerAsk ask = { .from_seq = seq, .to_seq = seq };
    DbRows *rows = NULL;
    Event e;
    bool more = false;
    Err err = OK;
    if (!seq) return FAIL(cx, ERR_NOT_FOUND, "no event 0: events are numbered from 1");
    TRY_DONE(cx, ledger_ask_events(cx, l, &ask, &rows));
    TRY_DONE(cx, db_next(cx, rows, &more));
    if (!more) {
        err = FAIL(cx, ERR_NOT_FOUND, "no event %llu in this ledger; 'leat log' lists them", (unsigned long long)seq);
        goto done;
    }
    TRY_DONE(cx, ledger_event_row(cx, l, rows, &e));
    TRY_DONE(cx, ledger_leaf_with(l->hasher, text, &e, hash));
    if (!digest_same(hash, &e.hash))
        err = FAIL(cx, ERR_CORRUPT, "event %llu is damaged: its words do not match its hash; 'leat log verify' says more", (unsigned long long)seq);
done:
    db_rows_close(rows);
    return err;
}

static Err prove_inside(Ctx *cx, Ledger *l, uint64_t seq, Text *text, Text *json)
{
    LedgerHead head;
    TreePath path;
    Digest hash, root;
    bool has = false;
    TRY(cx, find_event(cx, l, seq, text, &hash));
    TRY(cx, ledger_signed(cx, l, &head, &has));
    if (!has || head.size < seq)
        return FAIL(cx, ERR_REFUSED, "no signature covers event %llu: the next command that writes to this project signs it", (unsigned long long)seq);
    TreeSource source = ledger_tree_source(l);
    TRY(cx, tree_path(cx, &source, seq - 1, head.size, &path));
    TRY(cx, ledger_root(cx, l, head.size, &root));
    if (!digest_same(&root, &head.root) || !tree_includes(l->hasher, seq - 1, head.size, &hash, &path, &root))
        return FAIL(cx, ERR_CORRUPT, "the tree of this ledger does not lead from event %llu to its signed root; 'leat log verify' says more",
                    (unsigned long long)seq);
    json_open(json);
    json_key_open_array(json, "audit_path");
    for (unsigned i = 0; i < path.n; i++) {
        char hex[SHA256_TEXT_MAX];
        digest_text(&path.at[i], hex);
        json_text(json, hex);
    }
    json_close_array(json);
    json_key_text(json, "event", text->at);
    key_hex(json, "leaf_hash", hash.at, SHA256_BYTES);
    key_hex(json, "ledger", l->id.at, SHA256_BYTES);
    key_hex(json, "public_key", head.key, sizeof head.key);
    key_hex(json, "root", root.at, SHA256_BYTES);
    json_key_int(json, "seq", (int64_t)seq);
    key_hex(json, "signature", head.signature, sizeof head.signature);
    json_key_int(json, "tree_size", (int64_t)head.size);
    json_close(json);
    return text_err(json);
}

Err ledger_prove(Ctx *cx, Ledger *l, uint64_t seq, Text *json)
{
    Text text;
    text_init(&text, cx);
    bool own = !l->group;
    Err err = own ? db_begin_read(cx, l->db) : OK;
    if (!err) {
        err = prove_inside(cx, l, seq, &text, json);
        if (own) db_end_read(l->db);
    }
    text_clear(&text);
    return err;
}

/* --- checking --- */

static bool take_hex(yyjson_val *o, const char *key, void *out, size_t n)
{
    const char *s = yyjson_get_str(yyjson_obj_get(o, key));
    return s && strlen(s) == 2 * n && hex_read(s, out, n);
}

static Err lacks(Ctx *cx, const char *key)
{
    return FAIL(cx, ERR_BAD_INPUT, "this is no proof: its '%s' is missing or not as it should be", key);
}

typedef struct Parsed { LedgerHead head; Digest ledger, leaf; uint64_t seq; TreePath path; const char *event; size_t event_n; } Parsed;

static Err parse(Ctx *cx, yyjson_val *o, Parsed *p)
{
    yyjson_val *event = yyjson_obj_get(o, "event"), *path = yyjson_obj_get(o, "audit_path"), *step;
    yyjson_val *seq = yyjson_obj_get(o, "seq"), *size = yyjson_obj_get(o, "tree_size");
    size_t i, n;
    if (!yyjson_is_obj(o)) return FAIL(cx, ERR_BAD_INPUT, "this is no proof: not a JSON object; 'leat log prove SEQ -o FILE' makes one");
    if (!yyjson_is_str(event)) return lacks(cx, "event");
    if (!yyjson_is_uint(seq) || !yyjson_get_uint(seq)) return lacks(cx, "seq");
    if (!yyjson_is_uint(size) || !yyjson_get_uint(size)) return lacks(cx, "tree_size");
    if (!take_hex(o, "leaf_hash", p->leaf.at, SHA256_BYTES)) return lacks(cx, "leaf_hash");
    if (!take_hex(o, "root", p->head.root.at, SHA256_BYTES)) return lacks(cx, "root");
    if (!take_hex(o, "ledger", p->ledger.at, SHA256_BYTES)) return lacks(cx, "ledger");
    if (!take_hex(o, "public_key", p->head.key, LEDGER_KEY_BYTES)) return lacks(cx, "public_key");
    if (!take_hex(o, "signature", p->head.signature, LEDGER_SIGNATURE_BYTES)) return lacks(cx, "signature");
    if (!yyjson_is_arr(path) || yyjson_arr_size(path) > TREE_DEPTH_MAX) return lacks(cx, "audit_path");
    p->path.n = 0;
    yyjson_arr_foreach(path, i, n, step) {
        const char *s = yyjson_get_str(step);
        if (!s || !digest_read(s, &p->path.at[p->path.n++])) return lacks(cx, "audit_path");
    }
    p->event = yyjson_get_str(event);
    p->event_n = yyjson_get_len(event);
    p->seq = yyjson_get_uint(seq);
    p->head.size = yyjson_get_uint(size);
    return OK;
}

/* The number that the event's own text gives it: it must be the place that is proved. */
static bool same_seq(const Parsed *p)
{
    yyjson_doc *doc = yyjson_read(p->event, p->event_n, 0);
    yyjson_val *seq = yyjson_obj_get(yyjson_doc_get_root(doc), "seq");
    bool same = yyjson_is_uint(seq) && yyjson_get_uint(seq) == p->seq;
    yyjson_doc_free(doc);
    return same;
}

static Err check_parsed(Ctx *cx, Hasher *h, const Parsed *p)
{
    static const unsigned char zero = 0;
    Digest leaf;
    bool good = false;
    hash_again(h, &zero, 1, p->event, p->event_n, &leaf);
    if (!digest_same(&leaf, &p->leaf)) return FAIL(cx, ERR_REFUSED, "not proved: the event's text does not have this 'leaf_hash'");
    if (!same_seq(p)) return FAIL(cx, ERR_REFUSED, "not proved: the event's own number is not 'seq'");
    if (!tree_includes(h, p->seq - 1, p->head.size, &p->leaf, &p->path, &p->head.root))
        return FAIL(cx, ERR_REFUSED, "not proved: the 'audit_path' does not lead from the leaf to the 'root'");
    TRY(cx, sign_head_check(cx, &p->ledger, &p->head, &good));
    if (!good) return FAIL(cx, ERR_REFUSED, "not proved: the 'signature' is not one of 'public_key' over this ledger, size and root");
    return OK;
}

Err ledger_proof_check(Ctx *cx, const char *json, size_t n, LedgerProven *out)
{
    Parsed p;
    Hasher *h = NULL;
    Err err = OK;
    *out = (LedgerProven){ 0 };
    yyjson_doc *doc = yyjson_read(json, n, 0);
    TRY_DONE(cx, parse(cx, yyjson_doc_get_root(doc), &p));
    TRY_DONE(cx, hash_start(cx, &h));
    TRY_DONE(cx, check_parsed(cx, h, &p));
    out->seq = p.seq;
    out->size = p.head.size;
    out->ledger = p.ledger;
    memcpy(out->key, p.head.key, sizeof out->key);
    out->event = ctx_scratch_text(cx, p.event);
    if (!out->event) err = FAIL(cx, ERR_NOMEM, "checking a proof");
done:
    hash_end(cx, h, NULL);
    yyjson_doc_free(doc);
    return err;
}

/* ledger/own.c -- the ledger's own events and the tables they make: signing keys, holds, sealed segments, what came from others. */
#include "ledger/inner.h"

#include <string.h>
#include <yyjson.h>

static const char *const kinds[] = {
    "ledger.created", "ledger.upgraded", "ledger.signer", "ledger.held", "ledger.released", "ledger.redacted", "ledger.archived",
    "ledger.received", NULL };
static const char *const tables[] = { "ledger_signer", "ledger_hold", "ledger_segment", "ledger_foreign", NULL };
static const Statement make[] = {
    { "CREATE TABLE ledger_signer(key TEXT PRIMARY KEY, actor TEXT NOT NULL, seq INTEGER NOT NULL) STRICT", NULL },
    { "CREATE TABLE ledger_hold(subject TEXT NOT NULL, from_seq INTEGER NOT NULL, to_seq INTEGER, why TEXT NOT NULL,"
      " PRIMARY KEY(subject, from_seq)) STRICT", NULL },
    { "CREATE TABLE ledger_segment(first INTEGER PRIMARY KEY, last INTEGER NOT NULL, object TEXT NOT NULL, bytes INTEGER NOT NULL,"
      " copied_to TEXT NOT NULL, seq INTEGER NOT NULL) STRICT", NULL },
    { "CREATE TABLE ledger_foreign(id TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, object TEXT NOT NULL,"
      " root TEXT NOT NULL, key TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(id, first)) STRICT", NULL },
    { NULL, NULL },
};
static const char *const keeps[] = { "object", "root", "key", "id", "left", NULL };

static const char *text_of(yyjson_val *o, const char *key)
{
    const char *s = yyjson_get_str(yyjson_obj_get(o, key));
    return s ? s : "";
}

static DbValue whole_of(yyjson_val *o, const char *key)
{
    return db_int(yyjson_get_sint(yyjson_obj_get(o, key)));
}

static Err apply_one(Ctx *cx, DbWriter *db, const Event *e, yyjson_val *p)
{
    static const Statement signer = { "INSERT INTO ledger_signer(key, actor, seq) VALUES(?1, ?2, ?3) ON CONFLICT(key) DO NOTHING", NULL };
    static const Statement is_held = { "SELECT count(*) FROM ledger_hold WHERE subject = ?1 AND to_seq IS NULL", NULL };
    static const Statement hold = { "INSERT INTO ledger_hold(subject, from_seq, to_seq, why) VALUES(?1, ?2, NULL, ?3)", NULL };
    static const Statement release = { "UPDATE ledger_hold SET to_seq = ?2 WHERE subject = ?1 AND to_seq IS NULL", NULL };
    static const Statement segment = {
        "INSERT INTO ledger_segment(first, last, object, bytes, copied_to, seq) VALUES(?1, ?2, ?3, ?4, ?5, ?6)"
        " ON CONFLICT(first) DO UPDATE SET last = excluded.last, object = excluded.object, bytes = excluded.bytes,"
        " copied_to = excluded.copied_to, seq = excluded.seq", NULL };
    static const Statement foreign = {
        "INSERT INTO ledger_foreign(id, first, last, object, root, key, seq) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)", NULL };
    DbValue seq = db_int((int64_t)e->seq), subject = db_text(e->subject);
    int64_t n = 0;
    if (!strcmp(e->kind, "ledger.created") || !strcmp(e->kind, "ledger.signer")) {
        if (*text_of(p, "key"))
            TRY(cx, db_run(cx, db, &signer, DB_ARGS(db_text(text_of(p, "key")), db_text(e->actor), seq), NULL));
    } else if (!strcmp(e->kind, "ledger.held")) {
        TRY(cx, db_ask_int(cx, db_reader(db), &is_held, DB_ARGS(subject), 0, &n));
        if (n) return FAIL(cx, ERR_REFUSED, "'%s' is held already", e->subject);
        TRY(cx, db_run(cx, db, &hold, DB_ARGS(subject, seq, db_text(text_of(p, "why"))), NULL));
    } else if (!strcmp(e->kind, "ledger.released")) {
        TRY(cx, db_run(cx, db, &release, DB_ARGS(subject, seq), &n));
        if (!n) return FAIL(cx, ERR_REFUSED, "'%s' is not held; 'leat log --kind ledger.held' lists what is", e->subject);
    } else if (!strcmp(e->kind, "ledger.archived")) {
        TRY(cx, db_run(cx, db, &segment,
                       DB_ARGS(whole_of(p, "first"), whole_of(p, "last"), db_text(text_of(p, "object")), whole_of(p, "bytes"),
                               db_text(text_of(p, "to")), seq), NULL));
    } else if (!strcmp(e->kind, "ledger.received")) {
        TRY(cx, db_run(cx, db, &foreign,
                       DB_ARGS(subject, whole_of(p, "first"), whole_of(p, "last"), db_text(text_of(p, "object")),
                               db_text(text_of(p, "root")), db_text(text_of(p, "key")), seq), NULL));
    }
    return OK;
}

static yyjson_doc *read_payload(const Event *e)
{
    return yyjson_read(e->payload, e->payload_n, 0);
}

static Err apply(Ctx *cx, DbWriter *db, const Event *e)
{
    yyjson_doc *doc = read_payload(e);
    if (!doc) return FAIL(cx, ERR_NOMEM, "reading the payload of event %llu", (unsigned long long)e->seq);
    Err err = apply_one(cx, db, e, yyjson_doc_get_root(doc));
    yyjson_doc_free(doc);
    return err;
}

bool ledger_event_key(const Event *e, unsigned char key[LEDGER_KEY_BYTES])
{
    if (strcmp(e->kind, "ledger.created") != 0 && strcmp(e->kind, "ledger.signer") != 0) return false;
    yyjson_doc *doc = read_payload(e);
    bool has = doc && hex_read(text_of(yyjson_doc_get_root(doc), "key"), key, LEDGER_KEY_BYTES);
    yyjson_doc_free(doc);
    return has;
}

const LedgerRoom ledger_own_room = {
    .name = "ledger", .version = 1, .kinds = kinds, .tables = tables, .make = make, .apply = apply, .keeps = keeps };

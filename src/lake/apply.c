/* lake/apply.c -- the tables of room lake, and the only code that writes them.
**
** A version's number is given here, in the order of the log.  What was removed keeps its row: removed_seq says so, and a
** restore clears it.
*/
#include "lake/inner.h"

#include <string.h>

static const char *const kinds[] = { "data.added", "data.removed", "data.restored", "data.tagged", "data.untagged", NULL };
static const char *const tables[] = { "data_tag", "data_input", "data_source", "data_version", NULL };
static const Statement make[] = {
    { "CREATE TABLE data_version(dataset TEXT NOT NULL, n INTEGER NOT NULL, tree BLOB NOT NULL, about BLOB,"
      " files INTEGER NOT NULL, bytes INTEGER NOT NULL, row_count INTEGER, column_count INTEGER, exact INTEGER NOT NULL,"
      " source_us INTEGER NOT NULL, arrived_us INTEGER NOT NULL, message TEXT NOT NULL, actor TEXT NOT NULL,"
      " verb TEXT NOT NULL, detail TEXT NOT NULL, seq INTEGER NOT NULL, removed_seq INTEGER,"
      " PRIMARY KEY(dataset, n)) STRICT", NULL },
    { "CREATE INDEX data_version_tree ON data_version(tree)", NULL },
    { "CREATE TABLE data_source(dataset TEXT NOT NULL, n INTEGER NOT NULL, i INTEGER NOT NULL, kind TEXT NOT NULL,"
      " address TEXT NOT NULL, detail TEXT NOT NULL, PRIMARY KEY(dataset, n, i)) STRICT", NULL },
    { "CREATE TABLE data_input(dataset TEXT NOT NULL, n INTEGER NOT NULL, i INTEGER NOT NULL, of_dataset TEXT NOT NULL,"
      " of_n INTEGER NOT NULL, of_tree BLOB, PRIMARY KEY(dataset, n, i)) STRICT", NULL },
    { "CREATE INDEX data_input_of ON data_input(of_dataset, of_n)", NULL },
    { "CREATE TABLE data_tag(dataset TEXT NOT NULL, tag TEXT NOT NULL, n INTEGER NOT NULL, seq INTEGER NOT NULL,"
      " PRIMARY KEY(dataset, tag)) STRICT", NULL },
    { NULL, NULL },
};

static const char *text(yyjson_val *o, const char *key)
{
    const char *s = yyjson_get_str(yyjson_obj_get(o, key));
    return s ? s : "";
}

static DbValue whole(yyjson_val *o, const char *key, bool null)
{
    yyjson_val *v = yyjson_obj_get(o, key);
    return yyjson_is_int(v) ? db_int(yyjson_get_sint(v)) : null ? db_null() : db_int(0);
}

static DbValue digest(yyjson_val *o, const char *key, Digest *d)
{
    const char *s = yyjson_get_str(yyjson_obj_get(o, key));
    return s && digest_read(s, d) ? db_blob(d->at, SHA256_BYTES) : db_null();
}

static Err tag_to(Ctx *cx, DbWriter *db, const Event *e, const char *tag, int64_t n)
{
    static const Statement put = {
        "INSERT INTO data_tag(dataset, tag, n, seq) VALUES(?1, ?2, ?3, ?4)"
        " ON CONFLICT(dataset, tag) DO UPDATE SET n = excluded.n, seq = excluded.seq", NULL };
    TRY(cx, db_run(cx, db, &put, DB_ARGS(db_text(e->subject), db_text(tag), db_int(n), db_int((int64_t)e->seq)), NULL));
    return OK;
}

static Err add_lists(Ctx *cx, DbWriter *db, const Event *e, yyjson_val *p, int64_t n)
{
    static const Statement source = { "INSERT INTO data_source(dataset, n, i, kind, address, detail) VALUES(?1, ?2, ?3, ?4, ?5, ?6)", NULL };
    static const Statement input = { "INSERT INTO data_input(dataset, n, i, of_dataset, of_n, of_tree) VALUES(?1, ?2, ?3, ?4, ?5, ?6)", NULL };
    yyjson_val *v;
    size_t i, all;
    Digest d;
    yyjson_arr_foreach(yyjson_obj_get(p, "sources"), i, all, v) {
        TRY(cx, db_run(cx, db, &source,
                       DB_ARGS(db_text(e->subject), db_int(n), db_int((int64_t)i), db_text(text(v, "kind")),
                               db_text(text(v, "address")), db_text(text(v, "detail"))), NULL));
    }
    yyjson_arr_foreach(yyjson_obj_get(p, "inputs"), i, all, v) {
        TRY(cx, db_run(cx, db, &input,
                       DB_ARGS(db_text(e->subject), db_int(n), db_int((int64_t)i), db_text(text(v, "dataset")),
                               whole(v, "n", false), digest(v, "tree", &d)), NULL));
    }
    yyjson_arr_foreach(yyjson_obj_get(p, "tags"), i, all, v) {
        if (yyjson_is_str(v)) TRY(cx, tag_to(cx, db, e, yyjson_get_str(v), n));
    }
    return OK;
}

static Err added(Ctx *cx, DbWriter *db, const Event *e, yyjson_val *p, const yyjson_alc *alc)
{
    static const Statement next = { "SELECT coalesce(max(n), 0) + 1 FROM data_version WHERE dataset = ?1", NULL };
    static const Statement add = {
        "INSERT INTO data_version(dataset, n, tree, about, files, bytes, row_count, column_count, exact, source_us, arrived_us,"
        " message, actor, verb, detail, seq, removed_seq)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, NULL)", NULL };
    Digest tree, about;
    int64_t n = 0;
    yyjson_val *detail = yyjson_obj_get(p, "detail");
    DbValue root = digest(p, "tree", &tree);
    if (root.type != DB_BLOB) return FAIL(cx, ERR_BAD_INPUT, "a version of '%s' without a tree", e->subject);
    TRY(cx, db_ask_int(cx, db_reader(db), &next, DB_ARGS(db_text(e->subject)), 1, &n));
    char *json = detail ? yyjson_val_write_opts(detail, YYJSON_WRITE_NOFLAG, alc, NULL, NULL) : NULL;
    if (detail && !json) return FAIL(cx, ERR_NOMEM, "a version of '%s'", e->subject);
    Err err = db_run(cx, db, &add,
                     DB_ARGS(db_text(e->subject), db_int(n), root, digest(p, "about", &about), whole(p, "files", false),
                             whole(p, "bytes", false), whole(p, "rows", true), whole(p, "columns", true),
                             db_int(yyjson_get_bool(yyjson_obj_get(p, "exact"))), whole(p, "source_us", false),
                             db_int(e->time_us), db_text(text(p, "message")), db_text(e->actor), db_text(text(p, "verb")),
                             db_text(json ? json : "{}"), db_int((int64_t)e->seq)), NULL);
    ctx_put(cx, json);
    if (err) return err;
    return add_lists(cx, db, e, p, n);
}

/* One row, or every row when the payload gives no n; at least one must change. */
static Err mark(Ctx *cx, DbWriter *db, const Event *e, yyjson_val *p, const Statement *st, const char *why)
{
    int64_t changed = 0;
    TRY(cx, db_run(cx, db, st, DB_ARGS(db_text(e->subject), whole(p, "n", false), db_int((int64_t)e->seq)), &changed));
    if (!changed) return FAIL(cx, ERR_REFUSED, "'%s' %s", e->subject, why);
    return OK;
}

static Err removed(Ctx *cx, DbWriter *db, const Event *e, yyjson_val *p, const yyjson_alc *alc)
{
    static const Statement st = {
        "UPDATE data_version SET removed_seq = ?3 WHERE dataset = ?1 AND (?2 = 0 OR n = ?2) AND removed_seq IS NULL", NULL };
    (void)alc;
    return mark(cx, db, e, p, &st, "has no such version, or it was removed before");
}

static Err restored(Ctx *cx, DbWriter *db, const Event *e, yyjson_val *p, const yyjson_alc *alc)
{
    static const Statement st = {
        "UPDATE data_version SET removed_seq = NULL WHERE dataset = ?1 AND (?2 = 0 OR n = ?2) AND removed_seq IS NOT NULL AND ?3 > 0", NULL };
    (void)alc;
    return mark(cx, db, e, p, &st, "has no such version that was removed");
}

static Err tagged(Ctx *cx, DbWriter *db, const Event *e, yyjson_val *p, const yyjson_alc *alc)
{
    static const Statement there = { "SELECT count(*) FROM data_version WHERE dataset = ?1 AND n = ?2", NULL };
    int64_t n = 0;
    (void)alc;
    TRY(cx, db_ask_int(cx, db_reader(db), &there, DB_ARGS(db_text(e->subject), whole(p, "n", false)), 0, &n));
    if (!n) return FAIL(cx, ERR_REFUSED, "'%s' has no such version to tag", e->subject);
    return tag_to(cx, db, e, text(p, "tag"), yyjson_get_sint(yyjson_obj_get(p, "n")));
}

static Err untagged(Ctx *cx, DbWriter *db, const Event *e, yyjson_val *p, const yyjson_alc *alc)
{
    static const Statement st = { "DELETE FROM data_tag WHERE dataset = ?1 AND tag = ?2", NULL };
    int64_t changed = 0;
    (void)alc;
    TRY(cx, db_run(cx, db, &st, DB_ARGS(db_text(e->subject), db_text(text(p, "tag"))), &changed));
    if (!changed) return FAIL(cx, ERR_REFUSED, "'%s' has no tag '%s'", e->subject, text(p, "tag"));
    return OK;
}

static Err apply(Ctx *cx, DbWriter *db, const Event *e)
{
    static const struct { const char *kind; Err (*one)(Ctx *, DbWriter *, const Event *, yyjson_val *, const yyjson_alc *); } rows[] = {
        { "data.added", added }, { "data.removed", removed }, { "data.restored", restored }, { "data.tagged", tagged },
        { "data.untagged", untagged },
    };
    yyjson_alc alc;
    yyjson_doc *doc;
    Err err = OK;
    TRY(cx, lake_json(cx, e->payload, e->payload_n, &alc, &doc));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].kind, e->kind)) err = rows[i].one(cx, db, e, yyjson_doc_get_root(doc), &alc);
    yyjson_doc_free(doc);
    return err;
}

const LedgerRoom lake_room = { .name = "lake", .version = 1, .kinds = kinds, .tables = tables, .make = make, .apply = apply };

/* lake/marks.c -- what people and checks say of versions, as tables folded from events.
**
** data.labelled, data.unlabelled, data.certified, data.revoked, data.checked, data.confirmed.  Subject: the dataset.  A row
** counts from from_seq until to_seq, so that "as of" is a query; apply is the only code that writes.
*/
#include "lake/workin.h"

#include <stdio.h>
#include <string.h>

static const char *const kinds[] = { "data.labelled", "data.unlabelled", "data.certified", "data.revoked", "data.checked",
                                     "data.confirmed", NULL };
static const char *const tables[] = { "data_label", "data_certificate", "data_check", "data_confirmed", NULL };
static const Statement make[] = {
    { "CREATE TABLE data_label(dataset TEXT NOT NULL, n INTEGER NOT NULL, column_name TEXT NOT NULL, by_whom TEXT NOT NULL,"
      " source TEXT NOT NULL, message TEXT NOT NULL, actor TEXT NOT NULL, on_us INTEGER NOT NULL, made_us INTEGER NOT NULL,"
      " why TEXT NOT NULL, from_seq INTEGER NOT NULL, to_seq INTEGER, PRIMARY KEY(dataset, n, column_name, from_seq)) STRICT", NULL },
    { "CREATE TABLE data_certificate(dataset TEXT NOT NULL, n INTEGER NOT NULL, labels INTEGER NOT NULL, fit INTEGER NOT NULL,"
      " until_us INTEGER NOT NULL, made_us INTEGER NOT NULL, message TEXT NOT NULL, actor TEXT NOT NULL, why TEXT NOT NULL,"
      " from_seq INTEGER NOT NULL, to_seq INTEGER, PRIMARY KEY(dataset, n, from_seq)) STRICT", NULL },
    { "CREATE TABLE data_check(dataset TEXT NOT NULL, n INTEGER NOT NULL, rules TEXT NOT NULL, rules_digest BLOB NOT NULL,"
      " report BLOB NOT NULL, tests INTEGER NOT NULL, warned INTEGER NOT NULL, failed INTEGER NOT NULL, actor TEXT NOT NULL,"
      " time_us INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(dataset, n, seq)) STRICT", NULL },
    { "CREATE TABLE data_confirmed(dataset TEXT NOT NULL, n INTEGER NOT NULL, input TEXT NOT NULL, input_n INTEGER NOT NULL,"
      " input_tree BLOB NOT NULL, from_seq INTEGER NOT NULL, to_seq INTEGER, PRIMARY KEY(dataset, n, input, input_n, from_seq)) STRICT", NULL },
    { NULL, NULL },
};

/* --- reading a payload: what is absent is empty --- */

static const char *text(yyjson_val *p, const char *key)
{
    const char *s = yyjson_get_str(yyjson_obj_get(p, key));
    return s ? s : "";
}

static DbValue whole(yyjson_val *p, const char *key)
{
    return db_int(yyjson_get_sint(yyjson_obj_get(p, key)));
}

static DbValue yes(yyjson_val *p, const char *key)
{
    return db_int(yyjson_get_bool(yyjson_obj_get(p, key)));
}

static Err digest(Ctx *cx, const Event *e, yyjson_val *p, const char *key, Digest *d, DbValue *out)
{
    if (!digest_read(text(p, key), d)) return FAIL(cx, ERR_BAD_INPUT, "%s of '%s' without its %s", e->kind, e->subject, key);
    *out = db_blob(d->at, sizeof d->at);
    return OK;
}

/* --- apply --- */

static DbValue seq_of(const Event *e)
{
    return db_int((int64_t)e->seq);
}

static Err labelled(Ctx *cx, DbWriter *db, const Event *e, yyjson_val *p)
{
    static const Statement end = {
        "UPDATE data_label SET to_seq = ?4 WHERE dataset = ?1 AND n = ?2 AND column_name = ?3 AND to_seq IS NULL", NULL };
    static const Statement add = {
        "INSERT INTO data_label(dataset, n, column_name, by_whom, source, message, actor, on_us, made_us, why, from_seq, to_seq)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, '', ?10, NULL)", NULL };
    DbValue name = db_text(e->subject), n = whole(p, "n"), column = db_text(text(p, "column"));
    TRY(cx, db_run(cx, db, &end, DB_ARGS(name, n, column, seq_of(e)), NULL));
    TRY(cx, db_run(cx, db, &add, DB_ARGS(name, n, column, db_text(text(p, "by")), db_text(text(p, "source")), db_text(text(p, "message")),
                                         db_text(e->actor), whole(p, "on_us"), db_int(e->time_us), seq_of(e)), NULL));
    return OK;
}

static Err unlabelled(Ctx *cx, DbWriter *db, const Event *e, yyjson_val *p)
{
    static const Statement end = { "UPDATE data_label SET to_seq = ?4, why = ?5 WHERE dataset = ?1 AND n = ?2 AND column_name = ?3"
                                   " AND to_seq IS NULL", NULL };
    int64_t changed = 0;
    TRY(cx, db_run(cx, db, &end, DB_ARGS(db_text(e->subject), whole(p, "n"), db_text(text(p, "column")), seq_of(e), db_text(text(p, "why"))),
                   &changed));
    if (!changed) return FAIL(cx, ERR_REFUSED, "nobody said who labelled '%s' of '%s'", text(p, "column"), e->subject);
    return OK;
}

static Err certified(Ctx *cx, DbWriter *db, const Event *e, yyjson_val *p)
{
    static const Statement end = { "UPDATE data_certificate SET to_seq = ?3 WHERE dataset = ?1 AND n = ?2 AND to_seq IS NULL", NULL };
    static const Statement add = {
        "INSERT INTO data_certificate(dataset, n, labels, fit, until_us, made_us, message, actor, why, from_seq, to_seq)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, '', ?9, NULL)", NULL };
    DbValue name = db_text(e->subject), n = whole(p, "n");
    TRY(cx, db_run(cx, db, &end, DB_ARGS(name, n, seq_of(e)), NULL));
    TRY(cx, db_run(cx, db, &add, DB_ARGS(name, n, yes(p, "labels"), yes(p, "fit"), whole(p, "until_us"), db_int(e->time_us),
                                         db_text(text(p, "message")), db_text(e->actor), seq_of(e)), NULL));
    return OK;
}

static Err revoked(Ctx *cx, DbWriter *db, const Event *e, yyjson_val *p)
{
    static const Statement end = {
        "UPDATE data_certificate SET to_seq = ?3, why = ?4 WHERE dataset = ?1 AND n = ?2 AND to_seq IS NULL", NULL };
    int64_t changed = 0;
    TRY(cx, db_run(cx, db, &end, DB_ARGS(db_text(e->subject), whole(p, "n"), seq_of(e), db_text(text(p, "why"))), &changed));
    if (!changed) return FAIL(cx, ERR_REFUSED, "'%s@%lld' has no certificate to revoke", e->subject, (long long)whole(p, "n").i);
    return OK;
}

static Err checked(Ctx *cx, DbWriter *db, const Event *e, yyjson_val *p)
{
    static const Statement add = {
        "INSERT INTO data_check(dataset, n, rules, rules_digest, report, tests, warned, failed, actor, time_us, seq)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)", NULL };
    Digest rules, report;
    DbValue of_rules, of_report;
    TRY(cx, digest(cx, e, p, "rules_digest", &rules, &of_rules));
    TRY(cx, digest(cx, e, p, "report", &report, &of_report));
    TRY(cx, db_run(cx, db, &add, DB_ARGS(db_text(e->subject), whole(p, "n"), db_text(text(p, "rules")), of_rules, of_report,
                                         whole(p, "tests"), whole(p, "warned"), whole(p, "failed"), db_text(e->actor),
                                         db_int(e->time_us), seq_of(e)), NULL));
    return OK;
}

static Err confirmed(Ctx *cx, DbWriter *db, const Event *e, yyjson_val *p)
{
    static const Statement end = { "UPDATE data_confirmed SET to_seq = ?3 WHERE dataset = ?1 AND n = ?2 AND to_seq IS NULL", NULL };
    static const Statement add = { "INSERT INTO data_confirmed(dataset, n, input, input_n, input_tree, from_seq, to_seq)"
                                   " VALUES(?1, ?2, ?3, ?4, ?5, ?6, NULL)", NULL };
    yyjson_val *one;
    size_t i, n;
    TRY(cx, db_run(cx, db, &end, DB_ARGS(db_text(e->subject), whole(p, "n"), seq_of(e)), NULL));
    yyjson_arr_foreach(yyjson_obj_get(p, "inputs"), i, n, one) {
        Digest tree;
        DbValue of_tree;
        TRY(cx, digest(cx, e, one, "tree", &tree, &of_tree));
        TRY(cx, db_run(cx, db, &add, DB_ARGS(db_text(e->subject), whole(p, "n"), db_text(text(one, "dataset")), whole(one, "n"), of_tree,
                                             seq_of(e)), NULL));
    }
    return OK;
}

static Err apply(Ctx *cx, DbWriter *db, const Event *e)
{
    static const struct { const char *kind; Err (*one)(Ctx *, DbWriter *, const Event *, yyjson_val *); } rows[] = {
        { "data.labelled", labelled }, { "data.unlabelled", unlabelled }, { "data.certified", certified },
        { "data.revoked", revoked }, { "data.checked", checked }, { "data.confirmed", confirmed },
    };
    yyjson_alc alc;
    yyjson_doc *doc;
    Err err = OK;
    TRY(cx, lake_json(cx, e->payload, e->payload_n, &alc, &doc));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (!strcmp(rows[i].kind, e->kind)) err = rows[i].one(cx, db, e, yyjson_doc_get_root(doc));
    yyjson_doc_free(doc);
    return err;
}

const LedgerRoom lake_marks_room = { .name = "lake-marks", .version = 1, .kinds = kinds, .tables = tables, .make = make, .apply = apply };

/* --- what the rest of the room shares --- */

Err mark_append(Ctx *cx, Lake *lake, const char *kind, const char *name, Text *payload)
{
    uint64_t seq;
    Err err = text_err(payload);
    if (!err) err = ledger_append(cx, lake->ledger, &(Act){ .kind = kind, .subject = name, .payload = payload->at }, &seq);
    text_clear(payload);
    return err ? ctx_hop(cx, err, __FILE__, __LINE__) : OK;
}

Err mark_words(Ctx *cx, const char *what, const char *words)
{
    if (!words) return OK;
    size_t n = strlen(words);
    if (n > MARK_WORDS_MAX || !text_utf8_ok(words, n))
        return FAIL(cx, ERR_BAD_INPUT, "the %s must be UTF-8 of at most %d bytes", what, MARK_WORDS_MAX);
    return OK;
}

void *work_row(Ctx *cx, void **rows, size_t n, size_t size)
{
    if (!(n & (n - 1))) {                          /* at 0 and each power of two: twice the room */
        void *more = ctx_scratch(cx, (n ? n * 2 : 1) * size);
        if (!more) return NULL;
        if (n) memcpy(more, *rows, n * size);
        *rows = more;
    }
    char *row = (char *)*rows + n * size;
    memset(row, 0, size);
    return row;
}

char *work_name(Ctx *cx, const char *dataset, uint64_t n)
{
    return ctx_scratch_fmt(cx, "%s@%llu", dataset, (unsigned long long)n);
}

void work_text_sql(Text *t, const char *s)
{
    text_char(t, '\'');
    for (; *s; s++) {
        if (*s == '\'') text_char(t, '\'');
        text_char(t, *s);
    }
    text_char(t, '\'');
}

void work_name_sql(Text *t, const char *s)
{
    text_char(t, '"');
    for (; *s; s++) {
        if (*s == '"') text_char(t, '"');
        text_char(t, *s);
    }
    text_char(t, '"');
}

/* --- what gc must leave --- */

static Err each_digest(Ctx *cx, Lake *lake, const Statement *st, Err (*each)(Ctx *cx, void *arg, const Digest *d), void *arg)
{
    Err err = OK;
    DbRows *q = NULL;
    bool more;
    TRY(cx, db_ask(cx, ledger_db(lake->ledger), st, DB_NO_ARGS, &q));
    for (;;) {
        Digest d;
        size_t n;
        TRY_DONE(cx, db_next(cx, q, &more));
        if (!more) break;
        const void *at = db_get_blob(q, 0, &n);
        if (!at || n != SHA256_BYTES) { err = FAIL(cx, ERR_CORRUPT, "a mark's object has no digest"); goto done; }
        memcpy(d.at, at, n);
        TRY_DONE(cx, each(cx, arg, &d));
    }
done:
    db_rows_close(q);
    return err;
}

/* Row hashes are named in the detail of a split. */
static Err each_slice(Ctx *cx, Lake *lake, Err (*each)(Ctx *cx, void *arg, const Digest *d), void *arg)
{
    static const Statement st = { "SELECT detail FROM data_version WHERE verb = 'split' ORDER BY seq", NULL };
    Err err = OK;
    DbRows *q = NULL;
    bool more;
    TRY(cx, db_ask(cx, ledger_db(lake->ledger), &st, DB_NO_ARGS, &q));
    for (;;) {
        Digest d;
        yyjson_alc alc;
        yyjson_doc *doc;
        TRY_DONE(cx, db_next(cx, q, &more));
        if (!more) break;
        const char *json = db_get_text(q, 0);
        TRY_DONE(cx, lake_json(cx, json ? json : "{}", json ? strlen(json) : 2, &alc, &doc));
        if (digest_read(text(yyjson_doc_get_root(doc), "row_hashes"), &d)) err = each(cx, arg, &d);
        yyjson_doc_free(doc);
        if (err) goto done;
    }
done:
    db_rows_close(q);
    return err;
}

Err lake_marks_live(Ctx *cx, Lake *lake, Err (*each)(Ctx *cx, void *arg, const Digest *d), void *arg)
{
    static const Statement reports = { "SELECT report FROM data_check ORDER BY seq", NULL };
    static const Statement rules = { "SELECT rules_digest FROM data_check ORDER BY seq", NULL };
    TRY(cx, each_digest(cx, lake, &reports, each, arg));
    TRY(cx, each_digest(cx, lake, &rules, each, arg));
    TRY(cx, each_slice(cx, lake, each, arg));
    return OK;
}

/* db/kinds/postgres.c -- PostgreSQL: one schema of a database on a server, one connection a handle.
**
** The connection is in libpq's pipeline mode for good.  What is sent is remembered
** in a queue, in the order in which the answers will come; a question waits for
** its own, a db_run whose count nobody wants waits for nobody.  Rows come one by
** one, so a table of any size takes no memory; when another question comes in
** between, the rest is kept aside.  Statements are prepared once a handle, by text
** and types.  db_begin takes an advisory lock named after the schema: one writer at
** a time, as with SQLite, so numbers given under it have no gaps.
*/
#include "db/inner.h"
#include "db/kinds/libpq.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define QUEUE_MAX 512              /* answers not yet looked at; then we wait for them */
#define ITEMS (QUEUE_MAX + 8)
#define STATEMENTS_MAX 400         /* prepared at most; then all are forgotten */
#define BUCKETS 128
#define WORDS 8                    /* numbers shown as text at once */

enum { OID_BOOL = 16, OID_BYTES = 17, OID_NAME = 19, OID_INT8 = 20, OID_INT2 = 21, OID_INT4 = 23, OID_TEXT = 25, OID_OID = 26,
       OID_FLOAT4 = 700, OID_FLOAT8 = 701, OID_UNKNOWN = 705, OID_VARCHAR = 1043, OID_NUMERIC = 1700, OID_VOID = 2278 };

typedef struct PgRows PgRows;
typedef struct Pg Pg;

typedef struct Prepared {
    struct Prepared *next;         /* in its bucket */
    char types[DB_ARGS_MAX + 1];   /* a letter a value */
    unsigned number;               /* its name on the server is s<number> */
    bool there;                    /* the server said so */
    char text[];                   /* as the caller wrote it */
} Prepared;

typedef enum ItemType { ITEM_RUN, ITEM_ROWS, ITEM_SYNC } ItemType;
typedef struct Item { ItemType type; PgRows *rows; int64_t *changed; Prepared *prepared; } Item;

struct PgRows {
    DbRows base;
    Pg *pg;
    PgRows *next;                  /* of the handle, whether in use or not */
    PGresult **kept;               /* rows that were fetched before they were asked for */
    size_t kept_n, kept_at, kept_cap;
    PGresult *now;                 /* holds the present row */
    size_t columns;
    bool busy, queued, lost;       /* being read; its answer is still to come; there was no memory to keep the rest */
    unsigned word_n;
    char word[WORDS][32];
};

struct Pg {
    Db base;
    Libpq q;
    PGconn *c;
    DbAddress address;
    bool writable, open;           /* open: a transaction */
    bool committing, gone;         /* gone: the connection */
    bool undone;                   /* statements sent last may not have been taken */
    Item item[ITEMS];
    size_t first, items;           /* of the queue, a ring */
    Prepared *bucket[BUCKETS];
    unsigned prepared_n, number;
    PgRows *rows;
    Ctx *cx;                       /* of the call under way, for memory */
    Err bad;                       /* the first failure not yet told, or of this transaction */
    char words[CTX_TEXT_MAX];
};

/* --- failures --- */

static void one_line(char *s)
{
    size_t n = strlen(s);
    while (n && strchr("\n\r ", s[n - 1])) s[--n] = 0;
    for (; *s; s++) {
        if (*s == '\n' || *s == '\t') *s = ' ';
    }
}

/* The connection is gone and will not come back by itself. */
static void lost(Pg *pg, const char *why)
{
    char text[300];
    snprintf(text, sizeof text, "%s", why);
    one_line(text);
    pg->gone = true;
    pg->first = pg->items = 0;
    for (PgRows *r = pg->rows; r; r = r->next) {
        if (r->queued) r->lost = true;
        r->queued = false;
    }
    if (pg->bad) return;
    pg->bad = ERR_IO;
    snprintf(pg->words, sizeof pg->words, "the connection to the database '%s' was lost (%s); %s", pg->address.shown, text,
             pg->committing ? "whether the last act was kept is not known: look before you repeat it"
             : pg->open     ? "nothing of the act under way was kept; try again when the server is back"
                            : "try again when the server is back");
}

static Err code_of(const char *state)
{
    static const struct { const char *head; Err err; } rows[] = {
        { "08", ERR_IO }, { "23", ERR_REFUSED }, { "P0001", ERR_REFUSED }, { "22003", ERR_LIMIT }, { "22001", ERR_LIMIT },
        { "54", ERR_LIMIT }, { "25006", ERR_DENIED }, { "28", ERR_DENIED }, { "42501", ERR_DENIED }, { "3D", ERR_NOT_FOUND },
        { "3F", ERR_NOT_FOUND }, { "40", ERR_TIME }, { "55P03", ERR_TIME }, { "57014", ERR_TIME }, { "57", ERR_IO },
        { "53200", ERR_NOMEM }, { "53", ERR_IO }, { "58", ERR_IO }, { "XX001", ERR_CORRUPT }, { "XX002", ERR_CORRUPT },
        { "22021", ERR_BAD_INPUT },
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!strncmp(state, rows[i].head, strlen(rows[i].head))) return rows[i].err;
    }
    return ERR_BUG;
}

/* Remember a failure that the server told. */
static void told(Pg *pg, const PGresult *r)
{
    const char *state = pg->q.PQresultErrorField(r, PG_DIAG_SQLSTATE), *name = pg->address.shown;
    const char *says = pg->q.PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    const char *severity = pg->q.PQresultErrorField(r, PG_DIAG_SEVERITY_NONLOCALIZED);
    if (!state || (severity && strcmp(severity, "ERROR"))) {   /* fatal: the server goes away after that */
        lost(pg, says ? says : pg->q.PQerrorMessage(pg->c));
        return;
    }
    if (pg->bad) return;
    pg->bad = code_of(state);
    if (!says) says = state;
    switch (pg->bad) {
    case ERR_TIME:
        snprintf(pg->words, sizeof pg->words, "the database '%s' was held by another process for %d s (%s); try again when it is done",
                 name, DB_WAIT_MS_MAX / 1000, says);
        break;
    case ERR_DENIED: snprintf(pg->words, sizeof pg->words, "the database '%s' may not be opened or written to (%s)", name, says); break;
    case ERR_CORRUPT: snprintf(pg->words, sizeof pg->words, "the database '%s' is damaged (%s); restore it from a copy", name, says); break;
    case ERR_IO:
        if (!strcmp(state, "53100"))
            snprintf(pg->words, sizeof pg->words, "the disk that holds the database '%s' is full (%s)", name, says);
        else snprintf(pg->words, sizeof pg->words, "the database '%s': the server said no (%s)", name, says);
        break;
    default: snprintf(pg->words, sizeof pg->words, "the database '%s': %s", name, says);
    }
}

/* Tell the failure; outside a transaction it is over with that. */
static Err tell(Ctx *cx, Pg *pg)
{
    Err err = pg->bad;
    if (!err) return OK;
    if (!pg->open) pg->bad = OK;
    return FAIL(cx, err, "%s", pg->words);
}

/* --- the queue of answers --- */

static void push(Pg *pg, Item item)
{
    CHECK_ALWAYS(pg->items < ITEMS);
    pg->item[(pg->first + pg->items++) % ITEMS] = item;
    if (item.rows) item.rows->queued = true;
}

static void pop(Pg *pg)
{
    if (!pg->items) return;                    /* the connection was lost meanwhile */
    Item *it = &pg->item[pg->first];
    if (it->rows) it->rows->queued = false;
    pg->first = (pg->first + 1) % ITEMS;
    pg->items--;
}

/* Keep a fetched row of an answer; false when it was not kept. */
static bool keep(Pg *pg, PgRows *rows, PGresult *r)
{
    if (rows->lost || !rows->busy || !pg->cx) return false;
    if (rows->kept_at == rows->kept_n) rows->kept_at = rows->kept_n = 0;
    if (rows->kept_n == rows->kept_cap) {
        size_t cap = rows->kept_cap ? 2 * rows->kept_cap : 8;
        PGresult **more = ctx_grow(pg->cx, rows->kept, cap, sizeof *more);
        if (!more) {
            rows->lost = true;
            if (!pg->bad) {
                pg->bad = ERR_NOMEM;
                snprintf(pg->words, sizeof pg->words, "keeping rows of the database '%s'", pg->address.shown);
            }
            return false;
        }
        rows->kept = more;
        rows->kept_cap = cap;
    }
    rows->kept[rows->kept_n++] = r;
    return true;
}

/* Take one result of the first item; false when the item is over. */
static bool take(Pg *pg, Item *it)
{
    PGresult *r = pg->q.PQgetResult(pg->c);
    if (!r) {
        if (it->type == ITEM_SYNC) lost(pg, pg->q.PQerrorMessage(pg->c));
        return false;
    }
    bool more = true, kept = false;
    switch (pg->q.PQresultStatus(r)) {
    case PGRES_PIPELINE_SYNC: more = false; break;
    case PGRES_PIPELINE_ABORTED: break;
    case PGRES_SINGLE_TUPLE: if (it->rows) kept = keep(pg, it->rows, r); break;
    case PGRES_TUPLES_OK:
        if (it->rows && it->rows->busy) it->rows->columns = (size_t)pg->q.PQnfields(r);
        break;
    case PGRES_COMMAND_OK:
        if (it->prepared) it->prepared->there = true;
        if (pg->committing && !pg->bad && !strcmp(pg->q.PQcmdStatus(r), "ROLLBACK")) {
            pg->bad = ERR_IO;
            snprintf(pg->words, sizeof pg->words, "the database '%s' undid the act instead of keeping it", pg->address.shown);
        }
        if (it->changed) {
            double n = 0;
            const char *says = pg->q.PQcmdTuples(r);
            *it->changed = num_read(says, strlen(says), &n) ? (int64_t)n : 0;
        }
        break;
    default: told(pg, r);
    }
    if (!kept) pg->q.PQclear(r);
    return more && !pg->gone;
}

/* Read the answer of the first item to its end. */
static void settle(Pg *pg)
{
    Item it = pg->item[pg->first];
    if (it.rows) (void)pg->q.PQsetSingleRowMode(pg->c);        /* no harm when it is so already */
    while (take(pg, &it)) {}
    pop(pg);
}

/* Ask the server to answer what it was sent. */
static void ask_answers(Pg *pg)
{
    bool asked = pg->items && pg->item[(pg->first + pg->items - 1) % ITEMS].type == ITEM_SYNC;
    if (pg->gone || asked || !pg->items) return;
    if (!pg->q.PQpipelineSync(pg->c)) lost(pg, pg->q.PQerrorMessage(pg->c));
    else push(pg, (Item){ .type = ITEM_SYNC });
}

static void settle_all(Pg *pg)
{
    ask_answers(pg);
    while (pg->items) settle(pg);
}

/* --- statements --- */

static unsigned hash_of(const char *s)
{
    unsigned h = 2166136261u;
    for (; *s; s++) h = (h ^ (unsigned char)*s) * 16777619u;
    return h % BUCKETS;
}

static void forget_statements(Ctx *cx, Pg *pg, bool all)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        for (Prepared **at = &pg->bucket[i]; *at;) {
            Prepared *p = *at;
            if (!all && p->there) {
                at = &p->next;
                continue;
            }
            *at = p->next;
            ctx_put(cx, p);
            pg->prepared_n--;
        }
    }
}

/* With the queue empty: a statement that the server did not take must be sent again when it is needed. */
static void after_failure(Ctx *cx, Pg *pg)
{
    if (pg->bad) forget_statements(cx, pg, false);
}

static Oid oid_of(DbType type)
{
    static const Oid oid[] = { [DB_NULL] = OID_TEXT, [DB_INT] = OID_INT8, [DB_NUM] = OID_FLOAT8, [DB_TEXT] = OID_TEXT, [DB_BLOB] = OID_BYTES };
    return oid[type];
}

/* The statement on the server; sent to be prepared if need be. */
static Err prepare(Ctx *cx, Pg *pg, const Statement *st, const DbValue *args, size_t n, Prepared **out)
{
    const char *text = st->postgres ? st->postgres : st->sqlite;
    char types[DB_ARGS_MAX + 1] = "", name[16];
    Oid oid[DB_ARGS_MAX];
    for (size_t i = 0; i < n; i++) types[i] = "0intb"[args[i].type], oid[i] = oid_of(args[i].type);
    unsigned at = hash_of(text);
    for (Prepared *p = pg->bucket[at]; p; p = p->next) {
        if (!strcmp(p->types, types) && !strcmp(p->text, text)) {
            *out = p;
            return OK;
        }
    }
    size_t len = strlen(text) + 1;
    Text sql;
    Prepared *p = ctx_get(cx, sizeof *p + len);
    if (!p) return FAIL(cx, ERR_NOMEM, "using the database '%s'", pg->address.shown);
    memcpy(p->types, types, sizeof types);
    memcpy(p->text, text, len);
    p->number = ++pg->number;
    text_init(&sql, cx);
    Err err = db_translate(cx, st, args, n, &sql);
    if (!err) {
        snprintf(name, sizeof name, "s%u", p->number);
        if (pg->q.PQsendPrepare(pg->c, name, sql.at, (int)n, oid)) push(pg, (Item){ .prepared = p });
        else lost(pg, pg->q.PQerrorMessage(pg->c));
    }
    text_clear(&sql);
    if (err) {
        ctx_put(cx, p);
        return err;
    }
    p->next = pg->bucket[at];
    pg->bucket[at] = p;
    pg->prepared_n++;
    *out = p;
    return OK;
}

static uint64_t big_endian(uint64_t v)
{
    return __builtin_bswap64(v);
}

/* Send it; its answer will be the last of the queue. */
static Err post(Ctx *cx, Pg *pg, const Statement *st, const DbValue *args, size_t n, PgRows *rows, int64_t *changed)
{
    const char *at[DB_ARGS_MAX];
    int len[DB_ARGS_MAX], format[DB_ARGS_MAX];
    uint64_t number[DB_ARGS_MAX];
    char name[16];
    Prepared *p = NULL;
    TRY(cx, prepare(cx, pg, st, args, n, &p));
    for (size_t i = 0; i < n; i++) {
        const DbValue *v = &args[i];
        format[i] = 1;
        at[i] = NULL;
        len[i] = 0;
        if (v->type == DB_INT || v->type == DB_NUM) {
            if (v->type == DB_INT) number[i] = big_endian((uint64_t)v->i);
            else {
                memcpy(&number[i], &v->num, sizeof v->num);
                number[i] = big_endian(number[i]);
            }
            at[i] = (const char *)&number[i];
            len[i] = 8;
        } else if (v->type != DB_NULL) {
            if (v->n > INT32_MAX / 2) return FAIL(cx, ERR_LIMIT, "a value of %zu bytes is too large for the database '%s'", v->n, pg->address.shown);
            at[i] = v->n ? v->at : "";
            len[i] = (int)v->n;
        }
    }
    snprintf(name, sizeof name, "s%u", p->number);
    if (!pg->gone) {
        if (pg->q.PQsendQueryPrepared(pg->c, name, (int)n, at, len, format, 1)) push(pg, (Item){ .type = rows ? ITEM_ROWS : ITEM_RUN, .rows = rows, .changed = changed });
        else lost(pg, pg->q.PQerrorMessage(pg->c));
    }
    return OK;
}

/* --- open and close --- */

static void quiet(void *arg, const char *message)
{
    (void)arg, (void)message;                  /* a library never prints */
}

static Err connect_failure(Ctx *cx, const Pg *pg)
{
    static const struct { const char *says; Err err; const char *next; } rows[] = {
        { "does not exist", ERR_NOT_FOUND, "make the database first: createdb NAME" },
        { "no password supplied", ERR_DENIED, "give the password in PGPASSWORD or ~/.pgpass" },
        { "password authentication failed", ERR_DENIED, "is the password in PGPASSWORD or ~/.pgpass right?" },
        { "no pg_hba.conf entry", ERR_DENIED, "the server does not let this user in from here" },
        { "authentication failed", ERR_DENIED, "the server does not know you by this name" },
        { "permission denied", ERR_DENIED, "ask whoever runs the server" },
        { "too many", ERR_LIMIT, "try again when others are done" },
        { "invalid", ERR_BAD_INPUT, "write it as postgres://HOST/DATABASE" },
    };
    char says[240];
    snprintf(says, sizeof says, "%s", pg->c ? pg->q.PQerrorMessage(pg->c) : "out of memory");
    one_line(says);
    if (strstr(says, "role") && strstr(says, "does not exist"))
        return FAIL(cx, ERR_DENIED, "the database '%s' does not let us in (%s)", pg->address.shown, says);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strstr(says, rows[i].says))
            return FAIL(cx, rows[i].err, "the database '%s' cannot be opened (%s); %s", pg->address.shown, says, rows[i].next);
    }
    return FAIL(cx, ERR_IO, "the database '%s' cannot be reached (%s); is the server up?", pg->address.shown, says);
}

/* One plain command, outside the pipeline. */
static Err command(Ctx *cx, Pg *pg, const char *text, ExecStatusType want, PGresult **out)
{
    PGresult *r = pg->q.PQexec(pg->c, text);
    Err err = OK;
    if (!r || pg->q.PQresultStatus(r) != want) {
        if (r) told(pg, r);
        else lost(pg, pg->q.PQerrorMessage(pg->c));
        if (!pg->bad) err = FAIL(cx, ERR_BUG, "the database '%s' answers '%s' in a way not expected", pg->address.shown, text);
        else err = tell(cx, pg);
        pg->gone = false;
    }
    if (!err && out) *out = r;
    else if (r) pg->q.PQclear(r);
    return err;
}

/* What every connection is told before anything else, and asked. */
static Err greet(Ctx *cx, Pg *pg)
{
    char text[1024];
    PGresult *r = NULL;
    const char *schema = pg->address.schema, *encoding = pg->q.PQparameterStatus(pg->c, "server_encoding");
    if (encoding && strcmp(encoding, "UTF8"))
        return FAIL(cx, ERR_REFUSED, "the database '%s' keeps text as %s; make one with createdb -E UTF8 -T template0",
                    pg->address.shown, encoding);
    if (pg->writable) {
        snprintf(text, sizeof text, "SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = '%s'", schema);
        TRY(cx, command(cx, pg, text, PGRES_TUPLES_OK, &r));
        bool there = pg->q.PQgetvalue(r, 0, 0)[0] == '1';
        pg->q.PQclear(r);
        snprintf(text, sizeof text, "CREATE SCHEMA IF NOT EXISTS \"%s\"", schema);
        if (!there) {
            Err err = command(cx, pg, text, PGRES_COMMAND_OK, NULL);
            if (err && err != ERR_REFUSED) return err;         /* refused: somebody else made it just now */
        }
    }
    snprintf(text, sizeof text,
             "SET search_path = \"%s\"; SET lock_timeout = %d; SET statement_timeout = 0; SET standard_conforming_strings = on;"
             " SET synchronous_commit = %s; SET default_transaction_read_only = %s; SET jit = off;"
             " SELECT current_setting('fsync'), (SELECT count(*) FROM pg_catalog.pg_namespace WHERE nspname = '%s')",
             schema, DB_WAIT_MS_MAX, "on", pg->writable ? "off" : "on", schema);
    TRY(cx, command(cx, pg, text, PGRES_TUPLES_OK, &r));
    bool synced = !strcmp(pg->q.PQgetvalue(r, 0, 0), "on"), there = pg->q.PQgetvalue(r, 0, 1)[0] != '0';
    pg->q.PQclear(r);
    if (!there) return FAIL(cx, ERR_NOT_FOUND, "no database '%s': it has no schema '%s'", pg->address.shown, schema);
    if (!synced && pg->writable)
        ctx_warn(cx, "the server of '%s' runs with fsync = off: what is recorded may be lost with the power", pg->address.shown);
    if (!pg->q.PQenterPipelineMode(pg->c)) return connect_failure(cx, pg);
    return OK;
}

static Err connect_now(Ctx *cx, Pg *pg)
{
    static const char *const key[] = { "connect_timeout", "fallback_application_name", "dbname", "client_encoding", NULL };
    const char *const value[] = { "10", "leat", pg->address.whole, "UTF8", NULL };
    if (pg->c) pg->q.PQfinish(pg->c);
    forget_statements(cx, pg, true);
    pg->gone = pg->open = pg->committing = false;
    pg->bad = OK;
    pg->c = pg->q.PQconnectdbParams(key, value, 1);
    if (!pg->c || pg->q.PQstatus(pg->c) != CONNECTION_OK) {
        Err err = connect_failure(cx, pg);
        pg->gone = true;
        return err;
    }
    (void)pg->q.PQsetNoticeProcessor(pg->c, quiet, NULL);
    Err err = greet(cx, pg);
    if (err) pg->gone = true;
    return err;
}

static void pg_close(Ctx *cx, Db *base)
{
    Pg *pg = (Pg *)base;
    if (pg->c) pg->q.PQfinish(pg->c);          /* the server undoes what was not committed */
    forget_statements(cx, pg, true);
    while (pg->rows) {
        PgRows *r = pg->rows;
        pg->rows = r->next;
        for (size_t i = r->kept_at; i < r->kept_n; i++) pg->q.PQclear(r->kept[i]);
        if (r->now) pg->q.PQclear(r->now);
        ctx_put(cx, r->kept);
        ctx_put(cx, r);
    }
    ctx_put(cx, pg);
}

static Err pg_open(Ctx *cx, const char *path, bool writable, Db **out)
{
    Pg *pg = ctx_get(cx, sizeof *pg);
    if (!pg) return FAIL(cx, ERR_NOMEM, "opening a database on a server");
    pg->base.kind = &db_kind_postgres;
    pg->writable = writable;
    Err err = db_address_split(cx, path, &pg->address);
    if (!err) err = libpq_open(cx, &pg->q);
    if (!err) err = connect_now(cx, pg);
    if (err) pg_close(cx, &pg->base);
    else *out = &pg->base;
    return err;
}

static void drop_statements(Ctx *cx, Pg *pg)
{
    settle_all(pg);
    forget_statements(cx, pg, true);
    if (pg->gone) return;
    if (pg->q.PQsendQueryParams(pg->c, "DEALLOCATE ALL", 0, NULL, NULL, NULL, NULL, 1)) push(pg, (Item){ 0 });
    else lost(pg, pg->q.PQerrorMessage(pg->c));
}

/* Before anything is sent: a connection that was lost while nothing was under way is made anew. */
static Err ready(Ctx *cx, Pg *pg)
{
    pg->cx = cx;
    if (pg->bad) return tell(cx, pg);
    if (pg->gone && !pg->open) TRY(cx, connect_now(cx, pg));
    if (pg->undone) {                          /* undoing has no context, and so could not give memory back */
        settle_all(pg);
        forget_statements(cx, pg, false);
        pg->undone = false;
    }
    if (pg->prepared_n >= STATEMENTS_MAX) drop_statements(cx, pg);
    return OK;
}

/* --- asking --- */

static Err rows_get(Ctx *cx, Pg *pg, PgRows **out)
{
    for (PgRows *r = pg->rows; r; r = r->next) {
        if (!r->busy && !r->queued) {
            *out = r;
            goto found;
        }
    }
    PgRows *r = ctx_get(cx, sizeof *r);
    if (!r) return FAIL(cx, ERR_NOMEM, "asking the database '%s'", pg->address.shown);
    r->base.kind = &db_kind_postgres;
    r->pg = pg;
    r->next = pg->rows;
    pg->rows = r;
    *out = r;
found:
    (*out)->busy = true;
    (*out)->lost = false;
    (*out)->columns = 0;
    (*out)->kept_at = (*out)->kept_n = 0;
    return OK;
}

static void drop_now(PgRows *r)
{
    if (r->now) r->pg->q.PQclear(r->now);
    r->now = NULL;
}

static void pg_rows_close(DbRows *base)
{
    PgRows *r = (PgRows *)base;
    drop_now(r);
    for (size_t i = r->kept_at; i < r->kept_n; i++) r->pg->q.PQclear(r->kept[i]);
    r->kept_at = r->kept_n = 0;
    r->busy = false;                           /* what is still to come is dropped as it comes */
}

/* Fetch until this answer has a row to show or is over. */
static void fetch(Pg *pg, PgRows *r)
{
    while (r->queued && r->kept_at == r->kept_n) {
        Item it = pg->item[pg->first];
        if (it.rows != r) settle(pg);
        else {
            (void)pg->q.PQsetSingleRowMode(pg->c);
            if (!take(pg, &it)) pop(pg);
        }
    }
}

static bool known(Oid oid)
{
    switch (oid) {
    case OID_BOOL: case OID_INT2: case OID_INT4: case OID_INT8: case OID_OID: case OID_FLOAT4: case OID_FLOAT8: case OID_NUMERIC:
    case OID_TEXT: case OID_NAME: case OID_VARCHAR: case OID_UNKNOWN: case OID_BYTES: case OID_VOID: return true;
    default: return false;
    }
}

static Err pg_ask_once(Ctx *cx, Pg *pg, const Statement *st, const DbValue *args, size_t n, PgRows **out)
{
    PgRows *r = NULL;
    TRY(cx, ready(cx, pg));
    if (pg->items >= QUEUE_MAX) settle_all(pg);
    TRY(cx, rows_get(cx, pg, &r));
    Err err = post(cx, pg, st, args, n, r, NULL);
    if (!err) {
        ask_answers(pg);
        fetch(pg, r);                          /* a refusal is told here, not at the first row */
        if (pg->bad) {
            settle_all(pg);
            after_failure(cx, pg);
            err = tell(cx, pg);
        }
    }
    if (!err && r->kept_at < r->kept_n) {
        r->columns = (size_t)pg->q.PQnfields(r->kept[r->kept_at]);
        for (size_t i = 0; i < r->columns && !err; i++) {
            Oid oid = pg->q.PQftype(r->kept[r->kept_at], (int)i);
            if (!known(oid)) err = FAIL(cx, ERR_BUG, "column %zu has a type that is not known (%u): %s", i + 1, oid, st->sqlite);
        }
    }
    if (err) pg_rows_close(&r->base);
    else *out = r;
    return err;
}

static Err pg_ask(Ctx *cx, Db *base, const Statement *st, const DbValue *args, size_t n, DbRows **rows)
{
    Pg *pg = (Pg *)base;
    PgRows *r = NULL;
    Err err = pg_ask_once(cx, pg, st, args, n, &r);
    if (err == ERR_IO && pg->gone && !pg->open) err = pg_ask_once(cx, pg, st, args, n, &r);      /* the server came back */
    if (!err) *rows = &r->base;
    return err;
}

static Err pg_next(Ctx *cx, DbRows *base, bool *more)
{
    PgRows *r = (PgRows *)base;
    Pg *pg = r->pg;
    pg->cx = cx;
    drop_now(r);
    fetch(pg, r);
    if (r->kept_at < r->kept_n) {
        r->now = r->kept[r->kept_at++];
        *more = true;
        return OK;
    }
    if (pg->bad) return tell(cx, pg);
    if (r->lost) return FAIL(cx, ERR_IO, "the rest of an answer of the database '%s' is lost", pg->address.shown);
    return OK;
}

static size_t pg_columns(const DbRows *base)
{
    return ((const PgRows *)base)->columns;
}

static const unsigned char *bytes_of(const PgRows *r, size_t col, size_t *n)
{
    *n = (size_t)r->pg->q.PQgetlength(r->now, 0, (int)col);
    return (const unsigned char *)r->pg->q.PQgetvalue(r->now, 0, (int)col);
}

static uint64_t read_be(const unsigned char *p, size_t n)
{
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) v = v << 8 | p[i];
    return v;
}

/* The server's decimal numbers: digits of base 10,000 after count, weight, sign and scale. */
static double decimal(const unsigned char *p, size_t n, int64_t *whole, bool *is_whole)
{
    long double v = 0;
    uint64_t exact = 0;
    *whole = 0;
    *is_whole = false;
    if (n < 8) return (double)NAN;
    int digits = (int)read_be(p, 2), weight = (int16_t)read_be(p + 2, 2), sign = (int)read_be(p + 4, 2), scale = (int)read_be(p + 6, 2);
    if (sign == 0xC000 || n < 8 + 2 * (size_t)digits) return (double)NAN;
    for (int i = 0; i < digits; i++) {
        unsigned d = (unsigned)read_be(p + 8 + 2 * i, 2);
        v += (long double)d * powl(10000.0L, weight - i);
        if (i <= weight) exact = exact * 10000 + d;
    }
    for (int i = digits; i <= weight && exact; i++) exact *= 10000;
    *is_whole = !scale && weight <= 3;
    *whole = sign ? -(int64_t)exact : (int64_t)exact;
    if (weight == 4 && !scale && v <= 9223372036854775807.0L) *is_whole = true;
    return (double)(sign ? -v : v);
}

static DbType pg_type(DbRows *base, size_t col)
{
    const PgRows *r = (const PgRows *)base;
    if (r->pg->q.PQgetisnull(r->now, 0, (int)col)) return DB_NULL;
    switch (r->pg->q.PQftype(r->now, (int)col)) {
    case OID_BOOL: case OID_INT2: case OID_INT4: case OID_INT8: case OID_OID: return DB_INT;
    case OID_FLOAT4: case OID_FLOAT8: return DB_NUM;
    case OID_BYTES: return DB_BLOB;
    case OID_VOID: return DB_NULL;
    case OID_NUMERIC: {
        size_t n;
        int64_t whole;
        bool is_whole;
        const unsigned char *p = bytes_of(r, col, &n);
        (void)decimal(p, n, &whole, &is_whole);
        return is_whole ? DB_INT : DB_NUM;
    }
    default: return DB_TEXT;
    }
}

/* A number however the server keeps it. */
static void number_of(const PgRows *r, size_t col, int64_t *i, double *num)
{
    size_t n;
    const unsigned char *p = bytes_of(r, col, &n);
    uint64_t v = n <= 8 ? read_be(p, n) : 0;
    bool whole;
    float f;
    uint32_t half;
    switch (r->pg->q.PQftype(r->now, (int)col)) {
    case OID_INT2: *i = (int16_t)v; *num = (double)*i; break;
    case OID_INT4: *i = (int32_t)v; *num = (double)*i; break;
    case OID_BOOL: case OID_OID: case OID_INT8: *i = (int64_t)v; *num = (double)*i; break;
    case OID_FLOAT4:
        half = (uint32_t)v;
        memcpy(&f, &half, sizeof f);
        *num = (double)f;
        *i = (int64_t)*num;
        break;
    case OID_FLOAT8: memcpy(num, &v, sizeof *num); *i = (int64_t)*num; break;
    case OID_NUMERIC: *num = decimal(p, n, i, &whole); break;
    default:
        *num = 0;
        *i = num_read((const char *)p, n, num) ? (int64_t)*num : 0;
    }
}

static int64_t pg_get_int(DbRows *base, size_t col)
{
    int64_t i = 0;
    double num = 0;
    if (pg_type(base, col) != DB_NULL) number_of((PgRows *)base, col, &i, &num);
    return i;
}

static double pg_get_num(DbRows *base, size_t col)
{
    int64_t i = 0;
    double num = 0;
    number_of((PgRows *)base, col, &i, &num);
    return num;
}

static const char *pg_get_text(DbRows *base, size_t col)
{
    PgRows *r = (PgRows *)base;
    size_t n;
    char *word = r->word[r->word_n];
    switch (pg_type(base, col)) {
    case DB_NULL: return NULL;
    case DB_INT: snprintf(word, sizeof r->word[0], "%lld", (long long)pg_get_int(base, col)); break;
    case DB_NUM: (void)num_text(pg_get_num(base, col), word); break;
    default: return (const char *)bytes_of(r, col, &n);        /* the library ends every value with a NUL */
    }
    r->word_n = (r->word_n + 1) % WORDS;
    return word;
}

static const void *pg_get_blob(DbRows *base, size_t col, size_t *n)
{
    DbType type = pg_type(base, col);
    const void *at;
    if (type == DB_NULL) return NULL;
    if (type == DB_INT || type == DB_NUM) {
        at = pg_get_text(base, col);
        *n = strlen(at);
        return at;
    }
    at = bytes_of((PgRows *)base, col, n);
    return *n ? at : NULL;
}

/* --- writing --- */

/* Statements prepared for tables that are gone would be refused. */
static bool changes_tables(const Statement *st)
{
    const char *s = st->postgres ? st->postgres : st->sqlite;
    return !strncmp(s, "DROP", 4) || !strncmp(s, "ALTER", 5);
}

static Err pg_run_once(Ctx *cx, Pg *pg, const Statement *st, const DbValue *args, size_t n, int64_t *changed)
{
    TRY(cx, ready(cx, pg));
    bool later = pg->open && !changed && !changes_tables(st);
    if (pg->items >= QUEUE_MAX) settle_all(pg);
    TRY(cx, post(cx, pg, st, args, n, NULL, changed));
    if (later && !pg->gone) return OK;
    settle_all(pg);
    after_failure(cx, pg);
    if (!pg->bad && changes_tables(st)) drop_statements(cx, pg);
    return tell(cx, pg);
}

static Err pg_run(Ctx *cx, Db *base, const Statement *st, const DbValue *args, size_t n, int64_t *changed)
{
    return pg_run_once(cx, (Pg *)base, st, args, n, changed);
}

static bool pg_in_transaction(const Db *base)
{
    return ((const Pg *)base)->open;
}

static void undo(Pg *pg)
{
    if (!pg->open) return;
    pg->cx = NULL;
    if (!pg->gone) settle_all(pg);
    if (!pg->gone) {
        if (pg->q.PQsendQueryParams(pg->c, "ROLLBACK", 0, NULL, NULL, NULL, NULL, 1)) push(pg, (Item){ 0 });
        else lost(pg, pg->q.PQerrorMessage(pg->c));
        settle_all(pg);
    }
    pg->open = pg->committing = false;
    pg->undone = true;
    pg->bad = OK;
}

static uint64_t lock_number(const char *schema)
{
    uint64_t h = 14695981039346656037u;
    for (const char *s = schema; *s; s++) h = (h ^ (unsigned char)*s) * 1099511628211u;
    return h;
}

static Err begin(Ctx *cx, Pg *pg, bool write)
{
    static const Statement start_write = { "", "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE" };
    static const Statement start_read = { "", "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" };
    static const Statement lock = { "", "SELECT pg_advisory_xact_lock($1)" };
    static const Statement look = { "", "SELECT 1" };          /* the moment is fixed by the first read */
    TRY(cx, ready(cx, pg));
    TRY(cx, post(cx, pg, write ? &start_write : &start_read, DB_NO_ARGS, NULL, NULL));
    if (write) TRY(cx, post(cx, pg, &lock, DB_ARGS(db_int((int64_t)lock_number(pg->address.schema))), NULL, NULL));
    else TRY(cx, post(cx, pg, &look, DB_NO_ARGS, NULL, NULL));
    settle_all(pg);
    after_failure(cx, pg);
    if (!pg->bad) {
        pg->open = true;
        return OK;
    }
    Err err = tell(cx, pg);
    if (!pg->gone) {                           /* BEGIN itself may have gone through */
        pg->open = true;
        undo(pg);
    }
    return err;
}

static Err commit(Ctx *cx, Pg *pg)
{
    static const Statement end = { "", "COMMIT" };
    Err err = ready(cx, pg);
    pg->committing = true;
    if (!err) err = post(cx, pg, &end, DB_NO_ARGS, NULL, NULL);
    if (!err) {
        settle_all(pg);
        after_failure(cx, pg);
        err = tell(cx, pg);
    }
    if (err) undo(pg);
    pg->open = pg->committing = false;
    return err;
}

static Err pg_step(Ctx *cx, Db *base, DbStep step)
{
    static const char *const name[] = { "BEGIN", "BEGIN", "COMMIT", "ROLLBACK" };
    Pg *pg = (Pg *)base;
    if (step == DB_UNDO) {
        undo(pg);
        return OK;
    }
    if (pg->open == (step != DB_COMMIT))
        return FAIL(cx, ERR_BUG, "'%s' %s a transaction", name[step], pg->open ? "inside" : "without");
    if (step == DB_COMMIT) return commit(cx, pg);
    Err err = begin(cx, pg, step == DB_BEGIN_WRITE);
    if (err == ERR_IO && pg->gone) err = begin(cx, pg, step == DB_BEGIN_WRITE);      /* the server came back */
    return err;
}

/* Every row of every table is read whole: the server checks its pages as it reads (where the cluster has checksums). */
static Err pg_check(Ctx *cx, Db *base)
{
    static const Statement tables = {
        "", "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = current_schema() ORDER BY tablename" };
    DbRows *rows = NULL;
    bool more = false;
    Err err = OK;
    TRY(cx, pg_ask(cx, base, &tables, DB_NO_ARGS, &rows));
    for (;;) {
        char text[256];
        int64_t n;
        const Statement st = { "", text };
        TRY_DONE(cx, db_next(cx, rows, &more));
        if (!more) break;
        snprintf(text, sizeof text, "SELECT count(hashtext(t::text)) FROM \"%.128s\" t", pg_get_text(rows, 0));
        TRY_DONE(cx, db_ask_int(cx, base, &st, DB_NO_ARGS, 0, &n));
    }
done:
    db_rows_close(rows);
    return err;
}

const DbKind db_kind_postgres = {
    .name = "postgres",
    .open = pg_open,
    .close = pg_close,
    .ask = pg_ask,
    .next = pg_next,
    .rows_close = pg_rows_close,
    .columns = pg_columns,
    .type = pg_type,
    .get_int = pg_get_int,
    .get_num = pg_get_num,
    .get_text = pg_get_text,
    .get_blob = pg_get_blob,
    .run = pg_run,
    .step = pg_step,
    .in_transaction = pg_in_transaction,
    .check = pg_check,
};

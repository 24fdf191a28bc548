/* ledger/proof.c -- walk the chain; fold the log anew and compare. */
#include "ledger/inner.h"

#include <stdio.h>
#include <string.h>

#define TABLE_COLUMNS_MAX 64
#define STEP_EVERY 256             /* events between two looks at the clock */

/* --- the chain --- */

static Err bad_event(Ctx *cx, const Ledger *l, LedgerProof *out, uint64_t seq, const char *why)
{
    out->bad_seq = seq;
    return FAIL(cx, ERR_CORRUPT, "event %llu of the ledger '%s' is damaged: %s", (unsigned long long)seq, l->path,
                why);
}

static Err check_event(Ctx *cx, const Ledger *l, LedgerProof *out, const Event *e)
{
    uint64_t want = out->events + 1;
    Digest d;
    if (e->seq != want) return bad_event(cx, l, out, want, "it is missing");
    if (!digest_same(&e->previous, &out->head))
        return bad_event(cx, l, out, want, "it does not follow the one before it");
    TRY(cx, hash_bytes(cx, e->payload, e->payload_n, &d));
    if (!digest_same(&d, &e->payload_hash))
        return bad_event(cx, l, out, want, "its payload does not match its hash");
    TRY(cx, ledger_leaf(cx, e, &d));
    if (!digest_same(&d, &e->hash)) return bad_event(cx, l, out, want, "its words do not match its hash");
    if (want == 1 && !digest_same(&d, &l->id))
        return bad_event(cx, l, out, 1, "it is not the one that names this ledger");
    out->head = d;
    out->events = want;
    return OK;
}

static Err walk(Ctx *cx, Ledger *l, LedgerProof *out)
{
    const LedgerAsk all = { 0 };
    DbRows *rows = NULL;
    Event e;
    Digest head;
    uint64_t seq = 0;
    bool more = false;
    Err err = OK;
    TRY_DONE(cx, ledger_head(cx, l, &seq, &head));
    TRY_DONE(cx, ledger_ask_events(cx, l, &all, &rows));
    for (;;) {
        TRY_DONE(cx, db_next(cx, rows, &more));
        if (!more) break;
        if (out->events % STEP_EVERY == 0) {
            TRY_DONE(cx, ctx_check(cx));
            ctx_step(cx, "walking the log", (double)out->events, (double)seq);
        }
        err = ledger_event(cx, l, rows, &e);
        if (err == ERR_CORRUPT) out->bad_seq = e.seq == out->events + 1 ? e.seq : out->events + 1;
        if (err) goto done;
        TRY_DONE(cx, check_event(cx, l, out, &e));
    }
    if (out->events < seq) err = bad_event(cx, l, out, out->events + 1, "it is missing");
    else if (out->events > seq) err = bad_event(cx, l, out, seq + 1, "the head does not know of it");
    else if (!digest_same(&head, &out->head)) err = bad_event(cx, l, out, seq, "the head has another hash for it");
done:
    db_rows_close(rows);
    return err;
}

Err ledger_verify(Ctx *cx, Ledger *l, LedgerProof *out)
{
    *out = (LedgerProof){ 0 };
    bool own = !l->group;                      /* inside a group we stand still already */
    if (own) TRY(cx, db_begin_read(cx, l->db));
    Err err = walk(cx, l, out);
    if (own) db_end_read(l->db);
    return err;
}

/* --- the fold --- */

typedef struct Fold { Ctx *cx; DbWriter *into; const LedgerRoom *const *rooms; size_t n; } Fold;

static Err fold_one(void *arg, const Event *e)
{
    Fold *f = arg;
    for (size_t i = 0; i < f->n; i++) {
        if (ledger_owns(f->rooms[i], e->kind)) TRY(f->cx, f->rooms[i]->apply(f->cx, f->into, e));
    }
    return OK;
}

Err ledger_refold(Ctx *cx, Ledger *l, const LedgerRoom *room)
{
    const LedgerAsk all = { 0 };
    Fold f = { .cx = cx, .into = l->writer, .rooms = &room, .n = 1 };
    for (const char *const *t = room->tables; *t; t++) {
        char text[128];
        const Statement drop = { text, NULL };
        snprintf(text, sizeof text, "DROP TABLE IF EXISTS %s", *t);
        TRY(cx, db_run(cx, l->writer, &drop, DB_NO_ARGS, NULL));
    }
    TRY(cx, ledger_make_tables(cx, l->writer, room));
    TRY(cx, ledger_each(cx, l, &all, fold_one, &f));
    return OK;
}

static bool same_value(DbRows *a, DbRows *b, size_t col)
{
    DbType type = db_type(a, col);
    if (type != db_type(b, col)) return false;
    if (type == DB_NULL) return true;
    if (type == DB_INT) return db_get_int(a, col) == db_get_int(b, col);
    if (type == DB_NUM) {
        double x = db_get_num(a, col), y = db_get_num(b, col);
        return !memcmp(&x, &y, sizeof x);
    }
    size_t n, k;
    const void *p = db_get_blob(a, col, &n), *q = db_get_blob(b, col, &k);
    return n == k && (!n || !memcmp(p, q, n));
}

static Err differs(Ctx *cx, const Ledger *l, LedgerProof *out, const char *table, uint64_t row, const char *why)
{
    snprintf(out->table, sizeof out->table, "%s", table);
    return FAIL(cx, ERR_CORRUPT, "table '%s' of '%s' is not what its log makes of it: row %llu %s", table, l->path,
                (unsigned long long)row, why);
}

/* Row by row, both sorted by all their columns. */
static Err compare_rows(Ctx *cx, const Ledger *l, LedgerProof *out, const char *table, DbRows *live, DbRows *fresh)
{
    bool a = false, b = false;
    size_t cols = db_columns(live);
    if (cols != db_columns(fresh)) return differs(cx, l, out, table, 0, "has other columns");
    for (uint64_t row = 1;; row++) {
        TRY(cx, db_next(cx, live, &a));
        TRY(cx, db_next(cx, fresh, &b));
        if (!a && !b) return OK;
        if (a != b) return differs(cx, l, out, table, row, a ? "is not in the log" : "is missing");
        for (size_t c = 0; c < cols; c++) {
            if (!same_value(live, fresh, c)) return differs(cx, l, out, table, row, "differs");
        }
        out->rows++;
    }
}

static Err compare_table(Ctx *cx, Ledger *l, LedgerProof *out, const char *table, Db *fresh_db)
{
    char text[128 + TABLE_COLUMNS_MAX * 4];
    Statement st = { text, NULL };
    DbRows *live = NULL, *fresh = NULL;
    Err err = OK;
    int n = snprintf(text, sizeof text, "SELECT * FROM %s", table);
    TRY_DONE(cx, db_ask(cx, fresh_db, &st, DB_NO_ARGS, &fresh));
    size_t cols = db_columns(fresh);
    db_rows_close(fresh);
    fresh = NULL;
    CHECK_ALWAYS(cols >= 1 && cols <= TABLE_COLUMNS_MAX);
    for (size_t c = 1; c <= cols; c++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%s%zu", c == 1 ? " ORDER BY " : ",", c);
    TRY_DONE(cx, db_ask(cx, l->db, &st, DB_NO_ARGS, &live));
    TRY_DONE(cx, db_ask(cx, fresh_db, &st, DB_NO_ARGS, &fresh));
    TRY_DONE(cx, compare_rows(cx, l, out, table, live, fresh));
    out->tables++;
done:
    db_rows_close(live);
    db_rows_close(fresh);
    return err;
}

static Err rebuild_inside(Ctx *cx, Ledger *l, LedgerProof *out, DbWriter *fresh)
{
    const LedgerAsk all = { 0 };
    Fold f = { .cx = cx, .into = fresh, .rooms = l->rooms, .n = l->rooms_n };
    TRY(cx, walk(cx, l, out));                 /* folding lies proves nothing */
    TRY(cx, db_begin(cx, fresh));
    for (size_t i = 0; i < l->rooms_n; i++) TRY(cx, ledger_make_tables(cx, fresh, l->rooms[i]));
    TRY(cx, ledger_each(cx, l, &all, fold_one, &f));
    for (size_t i = 0; i < l->rooms_n; i++) {
        for (const char *const *t = l->rooms[i]->tables; *t; t++)
            TRY(cx, compare_table(cx, l, out, *t, db_reader(fresh)));
    }
    return OK;
}

Err ledger_rebuild(Ctx *cx, Ledger *l, LedgerProof *out)
{
    DbWriter *fresh = NULL;
    bool own = !l->group;
    *out = (LedgerProof){ 0 };
    TRY(cx, db_open_write(cx, "", &fresh));
    Err err = own ? db_begin_read(cx, l->db) : OK;
    if (!err) {
        err = rebuild_inside(cx, l, out, fresh);
        if (own) db_end_read(l->db);
    }
    db_close_write(cx, fresh);
    return err;
}

Err ledger_restore(Ctx *cx, Ledger *l)
{
    LedgerProof proof;
    Err err = OK;
    TRY(cx, ledger_begin(cx, l));
    TRY_DONE(cx, ledger_verify(cx, l, &proof));
    for (size_t i = 0; i < l->rooms_n; i++) TRY_DONE(cx, ledger_refold(cx, l, l->rooms[i]));
    TRY_DONE(cx, ledger_commit(cx, l));
done:
    ledger_cancel(l);
    return err;
}

/* ledger/fold.c -- fold the log anew, beside or in place. */
#include "ledger/inner.h"

#include <stdio.h>
#include <string.h>

#define TABLE_COLUMNS_MAX 64
#define STEP_EVERY 256             /* events between two looks at the clock */

/* Every event that one of the rooms owns, applied in order.  Payloads that nobody asks for are not opened. */
static Err fold(Ctx *cx, Ledger *l, DbWriter *into, const LedgerRoom *const *rooms, size_t n)
{
    const LedgerAsk all = { 0 };
    DbRows *rows = NULL;
    Event e;
    Digest head;
    uint64_t total = 0;
    bool more = false;
    Err err = OK;
    TRY_DONE(cx, ledger_head(cx, l, &total, &head));
    TRY_DONE(cx, ledger_ask_events(cx, l, &all, &rows));
    for (;;) {
        TRY_DONE(cx, db_next(cx, rows, &more));
        if (!more) break;
        TRY_DONE(cx, ledger_event_row(cx, l, rows, &e));
        if (e.seq % STEP_EVERY == 0) {
            TRY_DONE(cx, ctx_check(cx));
            ctx_step(cx, "folding the log", (double)e.seq, (double)total);
        }
        bool opened = false;
        for (size_t i = 0; i < n; i++) {
            if (!ledger_owns(rooms[i], e.kind)) continue;
            if (!opened) TRY_DONE(cx, ledger_event_open(cx, l, &e));
            opened = true;
            TRY_DONE(cx, rooms[i]->apply(cx, into, &e));
        }
        if (!strcmp(e.kind, "ledger.received")) TRY_DONE(cx, ledger_project(cx, l, into, rooms, n, &e));
    }
done:
    db_rows_close(rows);
    return err;
}

Err ledger_refold(Ctx *cx, Ledger *l, const LedgerRoom *room)
{
    for (const char *const *t = room->tables; *t; t++) {
        char text[128];
        const Statement drop = { text, NULL };
        snprintf(text, sizeof text, "DROP TABLE IF EXISTS %s", *t);
        TRY(cx, db_run(cx, l->writer, &drop, DB_NO_ARGS, NULL));
    }
    TRY(cx, ledger_make_tables(cx, l->writer, room));
    TRY(cx, fold(cx, l, l->writer, &room, 1));
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
    return FAIL(cx, ERR_CORRUPT, "table '%s' of '%s' is not what its log makes of it: row %llu %s; 'leat log rebuild' puts it right",
                table, l->path, (unsigned long long)row, why);
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
    char text[128 + TABLE_COLUMNS_MAX * 16];
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
        n += snprintf(text + n, sizeof text - (size_t)n, "%s%zu NULLS FIRST", c == 1 ? " ORDER BY " : ",", c);
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
    TRY(cx, ledger_walk(cx, l, out, false));   /* folding lies proves nothing */
    TRY(cx, db_begin(cx, fresh));
    for (size_t i = 0; i < l->rooms_n; i++) TRY(cx, ledger_make_tables(cx, fresh, l->rooms[i]));
    TRY(cx, fold(cx, l, fresh, l->rooms, l->rooms_n));
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

/* Not ledger_begin: tiles that are damaged would stop it. */
static Err restore_inside(Ctx *cx, Ledger *l)
{
    LedgerProof proof = { 0 };
    TRY(cx, ledger_read_head(cx, l, &l->head));
    TRY(cx, ledger_refold(cx, l, &ledger_own_room));       /* it says where sealed payloads are; undone if the log proves damaged */
    TRY(cx, ledger_walk(cx, l, &proof, true));
    TRY(cx, ledger_tree_refill(cx, l, l->head.seq));
    for (size_t i = 1; i < l->rooms_n; i++) TRY(cx, ledger_refold(cx, l, l->rooms[i]));
    l->began = l->head.seq;
    l->group = true;
    TRY(cx, ledger_search_reset(cx, l));
    return OK;
}

Err ledger_restore(Ctx *cx, Ledger *l)
{
    if (!l->writer) return FAIL(cx, ERR_BUG, "the ledger '%s' is open for questions only", l->path);
    if (l->group) return FAIL(cx, ERR_BUG, "a group is open already in the ledger '%s'", l->path);
    TRY(cx, db_begin(cx, l->writer));
    Err err = restore_inside(cx, l);
    if (!err) err = ledger_commit(cx, l);
    ledger_cancel(l);
    db_undo(l->writer);
    return err;
}

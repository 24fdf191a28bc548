/* db/db.c -- the door: picks the kind and hands over.
**
** A DbWriter is a Db that was opened for writing; only the pointer's type tells
** them apart, so that a reader cannot be written to by mistake.
*/
#include "db/inner.h"

#include <assert.h>
#include <math.h>
#include <string.h>

DbValue db_int(int64_t v) { return (DbValue){ .type = DB_INT, .i = v }; }
/* SQLite keeps no negative zero: nobody does. */
DbValue db_num(double v) { return isnan(v) ? db_null() : (DbValue){ .type = DB_NUM, .num = v == 0 ? 0 : v }; }
DbValue db_text(const char *s) { return s ? (DbValue){ .type = DB_TEXT, .at = s, .n = strlen(s) } : db_null(); }
DbValue db_blob(const void *p, size_t n) { return (DbValue){ .type = DB_BLOB, .at = p, .n = n }; }
DbValue db_null(void) { return (DbValue){ .type = DB_NULL }; }

static const DbKind *kind_of(const char *path)
{
    return db_is_address(path) ? &db_kind_postgres : &db_kind_sqlite;
}

Err db_open_write(Ctx *cx, const char *path, DbWriter **out)
{
    Db *db = NULL;
    *out = NULL;
    TRY(cx, kind_of(path)->open(cx, path, true, &db));
    *out = (DbWriter *)db;
    return OK;
}

Err db_open(Ctx *cx, const char *path, Db **out)
{
    *out = NULL;
    TRY(cx, kind_of(path)->open(cx, path, false, out));
    return OK;
}

void db_close(Ctx *cx, Db *db)
{
    if (db) db->kind->close(cx, db);
}

Db *db_reader(DbWriter *w)
{
    return (Db *)w;
}

void db_close_write(Ctx *cx, DbWriter *w)
{
    db_close(cx, db_reader(w));
}

Err db_ask(Ctx *cx, Db *db, const Statement *st, const DbValue *args, size_t n, DbRows **rows)
{
    *rows = NULL;
    assert(n <= DB_ARGS_MAX);
    return db->kind->ask(cx, db, st, args, n, rows);
}

Err db_next(Ctx *cx, DbRows *rows, bool *more)
{
    *more = false;
    return rows->kind->next(cx, rows, more);
}

void db_rows_close(DbRows *rows)
{
    if (rows) rows->kind->rows_close(rows);
}

size_t db_columns(const DbRows *rows) { return rows->kind->columns(rows); }
DbType db_type(DbRows *rows, size_t col) { return rows->kind->type(rows, col); }
int64_t db_get_int(DbRows *rows, size_t col) { return rows->kind->get_int(rows, col); }
const char *db_get_text(DbRows *rows, size_t col) { return rows->kind->get_text(rows, col); }

double db_get_num(DbRows *rows, size_t col)
{
    return db_type(rows, col) == DB_NULL ? (double)NAN : rows->kind->get_num(rows, col);
}

const void *db_get_blob(DbRows *rows, size_t col, size_t *n)
{
    *n = 0;
    return rows->kind->get_blob(rows, col, n);
}

char *db_copy_text(Ctx *cx, DbRows *rows, size_t col)
{
    const char *s = db_get_text(rows, col);
    return ctx_scratch_text(cx, s ? s : "");
}

Err db_ask_int(Ctx *cx, Db *db, const Statement *st, const DbValue *args, size_t n, int64_t none, int64_t *out)
{
    DbRows *rows = NULL;
    bool more = false;
    Err err = OK;
    *out = none;
    TRY_DONE(cx, db_ask(cx, db, st, args, n, &rows));
    TRY_DONE(cx, db_next(cx, rows, &more));
    if (more && db_type(rows, 0) != DB_NULL) *out = db_get_int(rows, 0);
done:
    db_rows_close(rows);
    return err;
}

Err db_begin_read(Ctx *cx, Db *db) { return db->kind->step(cx, db, DB_BEGIN_READ); }

void db_end_read(Db *db)
{
    (void)!db->kind->step(NULL, db, DB_UNDO);
}

Err db_begin(Ctx *cx, DbWriter *w) { return db_reader(w)->kind->step(cx, db_reader(w), DB_BEGIN_WRITE); }
Err db_commit(Ctx *cx, DbWriter *w) { return db_reader(w)->kind->step(cx, db_reader(w), DB_COMMIT); }

void db_undo(DbWriter *w)
{
    (void)!db_reader(w)->kind->step(NULL, db_reader(w), DB_UNDO);
}

bool db_in_transaction(const DbWriter *w)
{
    const Db *db = (const Db *)w;
    return db->kind->in_transaction(db);
}

static bool is_sqlite(const Db *db)
{
    return db->kind == &db_kind_sqlite;
}

Err db_run(Ctx *cx, DbWriter *w, const Statement *st, const DbValue *args, size_t n, int64_t *changed)
{
    if (changed) *changed = 0;
    assert(n <= DB_ARGS_MAX);
    const char *text = is_sqlite(db_reader(w)) ? st->sqlite : st->postgres;
    if (text && !*text) return OK;             /* nothing to do in this kind */
    return db_reader(w)->kind->run(cx, db_reader(w), st, args, n, changed);
}

Err db_check(Ctx *cx, Db *db) { return db->kind->check(cx, db); }

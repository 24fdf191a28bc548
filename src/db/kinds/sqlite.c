/* db/kinds/sqlite.c -- SQLite: one file, write-ahead log, synced at every commit.
**
** WAL lets readers go on while one writes; synchronous=FULL makes OK mean "on
** the disk".  Statements are prepared once a handle and kept, found by their
** text; one that is still being read is prepared a second time.
*/
#include "db/inner.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

typedef struct SqliteRows SqliteRows;

typedef struct Sqlite {
    Db base;
    sqlite3 *h;
    SqliteRows *rows;              /* every statement prepared so far */
    char *path;
    bool writable;
} Sqlite;

struct SqliteRows {
    DbRows base;
    Sqlite *db;
    sqlite3_stmt *stmt;
    SqliteRows *next;
    bool busy;                     /* being read */
};

/* --- failures --- */

static Err code_of(sqlite3 *h, int rc)
{
    if (rc == SQLITE_IOERR_NOMEM) return ERR_NOMEM;
    switch (rc & 0xff) {
    case SQLITE_NOMEM: return ERR_NOMEM;
    case SQLITE_BUSY: case SQLITE_LOCKED: case SQLITE_PROTOCOL: return ERR_TIME;
    case SQLITE_PERM: case SQLITE_READONLY: case SQLITE_AUTH: return ERR_DENIED;
    case SQLITE_FULL: case SQLITE_IOERR: return ERR_IO;
    case SQLITE_CORRUPT: case SQLITE_NOTADB: case SQLITE_SCHEMA: return ERR_CORRUPT;
    case SQLITE_CONSTRAINT: return ERR_REFUSED;
    case SQLITE_TOOBIG: return ERR_LIMIT;
    case SQLITE_INTERRUPT: return ERR_INTERRUPTED;
    case SQLITE_CANTOPEN:
        switch (h ? sqlite3_system_errno(h) : EIO) {
        case ENOENT: case ENOTDIR: return ERR_NOT_FOUND;
        case EACCES: case EPERM: case EROFS: return ERR_DENIED;
        default: return ERR_IO;
        }
    default: return ERR_BUG;
    }
}

static Err fail(Ctx *cx, const Sqlite *db, int rc)
{
    Err err = code_of(db->h, rc);
    const char *words = db->h ? sqlite3_errmsg(db->h) : sqlite3_errstr(rc), *path = db->path;
    switch (err) {
    case ERR_NOMEM: return FAIL(cx, err, "using the database '%s'", path);
    case ERR_TIME:
        return FAIL(cx, err, "the database '%s' was held by another process for %d s; try again when it is done",
                    path, DB_WAIT_MS_MAX / 1000);
    case ERR_CORRUPT: return FAIL(cx, err, "the database '%s' is damaged (%s); restore it from a copy", path,
                                  words);
    case ERR_NOT_FOUND: return FAIL(cx, err, "no database '%s'", path);
    case ERR_DENIED: return FAIL(cx, err, "the database '%s' may not be opened or written to (%s)", path, words);
    case ERR_IO:
        if ((rc & 0xff) == SQLITE_FULL)
            return FAIL(cx, err, "the disk that holds the database '%s' is full", path);
        return FAIL(cx, err, "the database '%s': the disk failed (%s)", path, words);
    default: return FAIL(cx, err, "the database '%s': %s", path, words);
    }
}

/* --- open and close --- */

static void sqlite_close(Ctx *cx, Db *base)
{
    Sqlite *db = (Sqlite *)base;
    while (db->rows) {
        SqliteRows *r = db->rows;
        db->rows = r->next;
        sqlite3_finalize(r->stmt);
        ctx_put(cx, r);
    }
    int rc = sqlite3_close(db->h);
    CHECK_ALWAYS(rc == SQLITE_OK);
    ctx_put(cx, db->path);
    ctx_put(cx, db);
}

static Err set_up(Ctx *cx, Sqlite *db)
{
    static const char both[] =
        "PRAGMA foreign_keys=ON; PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA temp_store=MEMORY;";
    int rc = sqlite3_busy_timeout(db->h, DB_WAIT_MS_MAX);
    if (!rc) rc = sqlite3_db_config(db->h, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    if (!rc) rc = sqlite3_exec(db->h, both, NULL, NULL, NULL);
    if (!rc && db->writable)
        rc = sqlite3_exec(db->h, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;", NULL, NULL, NULL);
    /* The first real read: a file that is no database is noticed here and not in the middle of things. */
    if (!rc) rc = sqlite3_exec(db->h, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
    if (!rc && !db->writable) rc = sqlite3_exec(db->h, "PRAGMA query_only=ON", NULL, NULL, NULL);
    return rc ? fail(cx, db, rc) : OK;
}

static Err sqlite_open(Ctx *cx, const char *path, bool writable, Db **out)
{
    int how = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    size_t n = strlen(path);
    Err err = OK;
    Sqlite *db = ctx_get(cx, sizeof *db);
    if (!db) return FAIL(cx, ERR_NOMEM, "opening the database '%s'", path);
    db->base.kind = &db_kind_sqlite;
    db->writable = writable;
    db->path = ctx_get(cx, n + 1);
    if (!db->path) {
        ctx_put(cx, db);
        return FAIL(cx, ERR_NOMEM, "opening the database '%s'", path);
    }
    memcpy(db->path, path, n);
    how |= writable ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    int rc = sqlite3_open_v2(path, &db->h, how, NULL);
    err = rc ? fail(cx, db, rc) : set_up(cx, db);
    if (err) sqlite_close(cx, &db->base);
    else *out = &db->base;
    return err;
}

/* --- asking --- */

/* A prepared statement that nobody is reading; made if need be. */
static Err prepared(Ctx *cx, Sqlite *db, const char *text, SqliteRows **out)
{
    const char *rest = "";
    for (SqliteRows *r = db->rows; r; r = r->next) {
        if (!r->busy && !strcmp(sqlite3_sql(r->stmt), text)) {
            *out = r;
            return OK;
        }
    }
    SqliteRows *r = ctx_get(cx, sizeof *r);
    if (!r) return FAIL(cx, ERR_NOMEM, "using the database '%s'", db->path);
    int rc = sqlite3_prepare_v3(db->h, text, -1, SQLITE_PREPARE_PERSISTENT, &r->stmt, &rest);
    if (rc || !r->stmt || *rest) {
        Err err = rc ? fail(cx, db, rc) : FAIL(cx, ERR_BUG, "not exactly one statement: %s", text);
        sqlite3_finalize(r->stmt);
        ctx_put(cx, r);
        return err;
    }
    r->base.kind = &db_kind_sqlite;
    r->db = db;
    r->next = db->rows;
    db->rows = r;
    *out = r;
    return OK;
}

static void sqlite_rows_close(DbRows *base)
{
    SqliteRows *r = (SqliteRows *)base;
    (void)sqlite3_reset(r->stmt);              /* repeats the failure that next has told already */
    (void)sqlite3_clear_bindings(r->stmt);
    r->busy = false;
}

static int bind(sqlite3_stmt *stmt, int at, const DbValue *v)
{
    switch (v->type) {
    case DB_INT: return sqlite3_bind_int64(stmt, at, v->i);
    case DB_NUM: return sqlite3_bind_double(stmt, at, v->num);
    case DB_TEXT: return sqlite3_bind_text64(stmt, at, v->at, v->n, SQLITE_TRANSIENT, SQLITE_UTF8);
    case DB_BLOB:
        if (!v->n) return sqlite3_bind_zeroblob(stmt, at, 0);
        return sqlite3_bind_blob64(stmt, at, v->at, v->n, SQLITE_TRANSIENT);
    default: return sqlite3_bind_null(stmt, at);
    }
}

static Err sqlite_ask(Ctx *cx, Db *base, const Statement *st, const DbValue *args, size_t n, DbRows **rows)
{
    Sqlite *db = (Sqlite *)base;
    SqliteRows *r = NULL;
    TRY(cx, prepared(cx, db, st->sqlite, &r));
    if ((size_t)sqlite3_bind_parameter_count(r->stmt) != n)
        return FAIL(cx, ERR_BUG, "%zu values for %d places: %s", n, sqlite3_bind_parameter_count(r->stmt),
                    st->sqlite);
    r->busy = true;
    for (size_t i = 0; i < n; i++) {
        int rc = bind(r->stmt, (int)i + 1, &args[i]);
        if (rc) {
            Err err = fail(cx, db, rc);
            sqlite_rows_close(&r->base);
            return err;
        }
    }
    *rows = &r->base;
    return OK;
}

static Err sqlite_next(Ctx *cx, DbRows *base, bool *more)
{
    SqliteRows *r = (SqliteRows *)base;
    int rc = sqlite3_step(r->stmt);
    *more = rc == SQLITE_ROW;
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? OK : fail(cx, r->db, rc);
}

static size_t sqlite_columns(const DbRows *base)
{
    return (size_t)sqlite3_column_count(((const SqliteRows *)base)->stmt);
}

static DbType sqlite_type(DbRows *base, size_t col)
{
    switch (sqlite3_column_type(((SqliteRows *)base)->stmt, (int)col)) {
    case SQLITE_INTEGER: return DB_INT;
    case SQLITE_FLOAT: return DB_NUM;
    case SQLITE_TEXT: return DB_TEXT;
    case SQLITE_BLOB: return DB_BLOB;
    default: return DB_NULL;
    }
}

static int64_t sqlite_get_int(DbRows *base, size_t col)
{
    return sqlite3_column_int64(((SqliteRows *)base)->stmt, (int)col);
}

static double sqlite_get_num(DbRows *base, size_t col)
{
    return sqlite3_column_double(((SqliteRows *)base)->stmt, (int)col);
}

static const char *sqlite_get_text(DbRows *base, size_t col)
{
    return (const char *)sqlite3_column_text(((SqliteRows *)base)->stmt, (int)col);
}

static const void *sqlite_get_blob(DbRows *base, size_t col, size_t *n)
{
    sqlite3_stmt *stmt = ((SqliteRows *)base)->stmt;
    const void *at = sqlite3_column_blob(stmt, (int)col);
    *n = at ? (size_t)sqlite3_column_bytes(stmt, (int)col) : 0;
    return at;
}

/* --- writing --- */

static Err sqlite_run(Ctx *cx, Db *base, const Statement *st, const DbValue *args, size_t n, int64_t *changed)
{
    Sqlite *db = (Sqlite *)base;
    DbRows *rows = NULL;
    bool more = true;
    TRY(cx, sqlite_ask(cx, base, st, args, n, &rows));
    Err err = OK;
    while (!err && more) err = sqlite_next(cx, rows, &more);
    sqlite_rows_close(rows);
    if (!err && changed) *changed = sqlite3_changes64(db->h);
    return err;
}

static bool sqlite_in_transaction(const Db *base)
{
    return !sqlite3_get_autocommit(((const Sqlite *)base)->h);
}

static Err sqlite_step(Ctx *cx, Db *base, DbStep step)
{
    static const Statement text[] = {
        [DB_BEGIN_READ] = { "BEGIN", NULL },
        [DB_BEGIN_WRITE] = { "BEGIN IMMEDIATE", NULL },
        [DB_COMMIT] = { "COMMIT", NULL },
        [DB_UNDO] = { "ROLLBACK", NULL },
    };
    Sqlite *db = (Sqlite *)base;
    bool open = sqlite_in_transaction(base);
    if (step == DB_UNDO) {
        /* No context and so no memory of ours: it must work when everything else has failed. */
        if (open) (void)sqlite3_exec(db->h, text[step].sqlite, NULL, NULL, NULL);
        return OK;
    }
    if (open == (step != DB_COMMIT))
        return FAIL(cx, ERR_BUG, "'%s' %s a transaction", text[step].sqlite, open ? "inside" : "without");
    Err err = sqlite_run(cx, base, &text[step], DB_NO_ARGS, NULL);
    if (err && step == DB_COMMIT) (void)!sqlite_step(NULL, base, DB_UNDO);
    if (!err && step == DB_BEGIN_READ) {       /* the moment is fixed by the first read */
        static const Statement look = { "SELECT count(*) FROM sqlite_schema", NULL };
        err = sqlite_run(cx, base, &look, DB_NO_ARGS, NULL);
        if (err) (void)!sqlite_step(NULL, base, DB_UNDO);
    }
    return err;
}

static Err sqlite_check(Ctx *cx, Db *base)
{
    static const Statement check = { "PRAGMA integrity_check(1)", NULL };
    Sqlite *db = (Sqlite *)base;
    DbRows *rows = NULL;
    bool more = false;
    TRY(cx, sqlite_ask(cx, base, &check, DB_NO_ARGS, &rows));
    Err err = sqlite_next(cx, rows, &more);
    const char *says = !err && more ? sqlite_get_text(rows, 0) : NULL;
    if (!err && (!says || strcmp(says, "ok")))
        err = FAIL(cx, ERR_CORRUPT, "the database '%s' is damaged (%s); restore it from a copy", db->path,
                   says ? says : "no answer");
    sqlite_rows_close(rows);
    return err;
}

const DbKind db_kind_sqlite = {
    .name = "sqlite",
    .open = sqlite_open,
    .close = sqlite_close,
    .ask = sqlite_ask,
    .next = sqlite_next,
    .rows_close = sqlite_rows_close,
    .columns = sqlite_columns,
    .type = sqlite_type,
    .get_int = sqlite_get_int,
    .get_num = sqlite_get_num,
    .get_text = sqlite_get_text,
    .get_blob = sqlite_get_blob,
    .run = sqlite_run,
    .step = sqlite_step,
    .in_transaction = sqlite_in_transaction,
    .check = sqlite_check,
};

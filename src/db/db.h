/* db/db.h -- SQL behind one door.  Kinds: SQLite (a file), PostgreSQL (an address).
**
** A statement is a constant row that holds its text for each kind of database,
** so no SQL is ever put together from pieces of input.  A `Db` can only read; a
** `DbWriter` can write too, and only room ledger ever holds one (it hands it to
** a room's apply for the length of one event).  A handle serves one thread at a
** time; several processes may hold the same database.  Text compares as bytes.
*/
#ifndef DB_DB_H
#define DB_DB_H

#include "base/ctx.h"

#define DB_ARGS_MAX 32
#define DB_WAIT_MS_MAX 30000       /* how long a writer waits for another process's transaction */
#define DB_ADDRESS_MAX 1024        /* bytes of a server's address, with the NUL */

typedef struct Statement {
    const char *sqlite;            /* parameters are ?1 ?2 … */
    const char *postgres;          /* parameters are $1 $2 …; NULL: the same text, see below */
} Statement;
/* NULL for postgres: ?N is read as $N, a value that is NULL as the word, INTEGER REAL BLOB (in capitals) as BIGINT DOUBLE
** PRECISION BYTEA, and in CREATE TABLE a TEXT compares as bytes and STRICT is left out.  "" in either place: nothing to
** do in that kind (db_run only). */

typedef struct Db Db;              /* reads */
typedef struct DbWriter DbWriter;  /* reads and writes */
typedef struct DbRows DbRows;      /* an answer being read, row by row */

typedef enum DbType { DB_NULL, DB_INT, DB_NUM, DB_TEXT, DB_BLOB } DbType;
typedef struct DbValue { DbType type; int64_t i; double num; const void *at; size_t n; } DbValue;   /* (borrowed) */

DbValue db_int(int64_t v);
DbValue db_num(double v);                         /* NaN is NULL */
DbValue db_text(const char *s);                   /* NULL is NULL */
DbValue db_blob(const void *p, size_t n);
DbValue db_null(void);
/* Two arguments: the values and how many.  db_run(cx, w, &st, DB_ARGS(db_int(1), db_text("x")), NULL) */
#define DB_ARGS(...) (const DbValue[]){ __VA_ARGS__ }, sizeof((const DbValue[]){ __VA_ARGS__ }) / sizeof(DbValue)
#define DB_NO_ARGS NULL, 0

/* An address of a server, postgres://[user@]host[:port]/database[?schema=name], stands wherever a path does.  What is
** ours lies in one schema (default: leat) of that database; the password comes from PGPASSWORD or ~/.pgpass. */
bool db_is_address(const char *path);
/* The address with its schema and without a password: as it is shown and stored.  *secret (may be NULL): one was left
** out.  ERR_BAD_INPUT no database, or a schema that cannot be; ERR_LIMIT. */
MUST_USE Err db_address_clean(Ctx *cx, const char *address, char out[DB_ADDRESS_MAX], bool *secret);

/* Open the database at `path`: for writing it is made when absent (on a server: the schema, not the database); "" is a
** private one that goes when closed.  A lost server is looked for once more before a transaction; inside one it is ERR_IO.
** Errors, here and in every call below: ERR_NOT_FOUND no such file or folder; ERR_DENIED; ERR_CORRUPT damaged or not a
** database; ERR_IO disk full or failing; ERR_NOMEM; ERR_TIME another process held it for DB_WAIT_MS_MAX; ERR_REFUSED a
** constraint of a table said no; ERR_LIMIT a value is too large; ERR_BUG the statement is wrong.  Neither the deadline
** nor the cancel flag is consulted: what was done in time must still be recorded. */
MUST_USE Err db_open_write(Ctx *cx, const char *path, DbWriter **out);
MUST_USE Err db_open(Ctx *cx, const char *path, Db **out);
void db_close_write(Ctx *cx, DbWriter *w);        /* NULL is fine; an open transaction is undone */
void db_close(Ctx *cx, Db *db);
Db *db_reader(DbWriter *w);                       /* the same handle, to ask: sees what its transaction wrote (borrowed) */

/* Ask.  *rows stands before the first row; close it when done, before the transaction ends. */
MUST_USE Err db_ask(Ctx *cx, Db *db, const Statement *st, const DbValue *args, size_t n, DbRows **rows);
MUST_USE Err db_next(Ctx *cx, DbRows *rows, bool *more);
void db_rows_close(DbRows *rows);                 /* NULL is fine */
/* Columns of the present row, from 0.  Text and blob live until the next db_next or close. */
size_t db_columns(const DbRows *rows);
DbType db_type(DbRows *rows, size_t col);
int64_t db_get_int(DbRows *rows, size_t col);     /* NULL is 0 */
double db_get_num(DbRows *rows, size_t col);      /* NULL is NaN */
const char *db_get_text(DbRows *rows, size_t col);                    /* NULL is NULL; ends with a NUL */
const void *db_get_blob(DbRows *rows, size_t col, size_t *n);         /* bytes of a blob or a text */
char *db_copy_text(Ctx *cx, DbRows *rows, size_t col);                /* in scratch; NULL is "", NULL no memory */
/* One number of one row, or `none` when there is no row. */
MUST_USE Err db_ask_int(Ctx *cx, Db *db, const Statement *st, const DbValue *args, size_t n, int64_t none, int64_t *out);

/* Read from one moment: what other writers commit between begin and end is not seen. */
MUST_USE Err db_begin_read(Ctx *cx, Db *db);
void db_end_read(Db *db);

/* Write.  db_begin takes the write lock at once and waits for it; commit returns OK only when it is on the disk. */
MUST_USE Err db_begin(Ctx *cx, DbWriter *w);
MUST_USE Err db_commit(Ctx *cx, DbWriter *w);     /* on failure it is undone */
void db_undo(DbWriter *w);                        /* none open is fine */
bool db_in_transaction(const DbWriter *w);
/* changed: rows, or NULL.  With NULL inside a transaction a server may be asked later: a failure is then told by a later
** call, at the latest by db_commit. */
MUST_USE Err db_run(Ctx *cx, DbWriter *w, const Statement *st, const DbValue *args, size_t n, int64_t *changed);

/* The stored bytes agree with themselves (on a server: as far as it checks, when it reads): ERR_CORRUPT in words.  Reads
** everything. */
MUST_USE Err db_check(Ctx *cx, Db *db);

#endif

/* db/inner.h -- what a kind of database gives.  A kind's own structs begin with Db and DbRows. */
#ifndef DB_INNER_H
#define DB_INNER_H

#include "base/text.h"
#include "db/db.h"

typedef enum DbStep { DB_BEGIN_READ, DB_BEGIN_WRITE, DB_COMMIT, DB_UNDO } DbStep;

typedef struct DbKind {
    const char *name;
    Err (*open)(Ctx *cx, const char *path, bool writable, Db **out);
    void (*close)(Ctx *cx, Db *db);
    Err (*ask)(Ctx *cx, Db *db, const Statement *st, const DbValue *args, size_t n, DbRows **rows);
    Err (*next)(Ctx *cx, DbRows *rows, bool *more);
    void (*rows_close)(DbRows *rows);
    size_t (*columns)(const DbRows *rows);
    DbType (*type)(DbRows *rows, size_t col);
    int64_t (*get_int)(DbRows *rows, size_t col);
    double (*get_num)(DbRows *rows, size_t col);
    const char *(*get_text)(DbRows *rows, size_t col);
    const void *(*get_blob)(DbRows *rows, size_t col, size_t *n);
    Err (*run)(Ctx *cx, Db *db, const Statement *st, const DbValue *args, size_t n, int64_t *changed);
    Err (*step)(Ctx *cx, Db *db, DbStep step);      /* cx is NULL for DB_UNDO */
    bool (*in_transaction)(const Db *db);
    Err (*check)(Ctx *cx, Db *db);
} DbKind;

struct Db { const DbKind *kind; };
struct DbRows { const DbKind *kind; };

extern const DbKind db_kind_sqlite;
extern const DbKind db_kind_postgres;

/* The text that PostgreSQL gets for a statement with these values (its own, or the one for SQLite translated).
** ERR_BUG the values are not as many as the places. */
MUST_USE Err db_translate(Ctx *cx, const Statement *st, const DbValue *args, size_t n, Text *out);

#define DB_SCHEMA_MAX 64
typedef struct DbAddress {
    char whole[DB_ADDRESS_MAX];    /* for the server's library: with the password, if any, without our schema */
    char shown[DB_ADDRESS_MAX];    /* for people and files: with the schema, without the password */
    char schema[DB_SCHEMA_MAX];
    bool secret;                   /* there was a password */
} DbAddress;
/* Take an address apart.  ERR_BAD_INPUT no database or a schema that cannot be; ERR_LIMIT. */
MUST_USE Err db_address_split(Ctx *cx, const char *address, DbAddress *out);

#endif

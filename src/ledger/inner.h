/* ledger/inner.h -- what the files of room ledger share. */
#ifndef LEDGER_INNER_H
#define LEDGER_INNER_H

#include "base/text.h"
#include "ledger/ledger.h"

#define LEDGER_FORMAT 1

struct Ledger {
    Db *db;                        /* for questions; the writer's own when there is one */
    DbWriter *writer;              /* NULL: open for questions only */
    char *path;
    const LedgerRoom *const *rooms;
    size_t rooms_n;
    char *actor, *on_behalf, *project;
    Digest id;
    bool group;                    /* between ledger_begin and commit */
};

/* The row of table `ledger`: how far the log goes. */
typedef struct HeadRow { uint64_t seq; Digest hash, id; int64_t format; } HeadRow;
MUST_USE Err ledger_read_head(Ctx *cx, const Ledger *l, HeadRow *out);            /* ERR_CORRUPT */
MUST_USE Err ledger_room_version(Ctx *cx, Ledger *l, const LedgerRoom *room, int64_t *out);   /* -1: no tables yet */
bool ledger_take_digest(DbRows *rows, size_t col, Digest *out);                   /* false: not 32 bytes */

/* Fill in what an event is but its number and its predecessor, then its hashes.  body keeps its payload. */
MUST_USE Err ledger_seal(Ctx *cx, const Act *act, const LedgerWho *who, Text *body, Event *e);
MUST_USE Err ledger_write_event(Ctx *cx, DbWriter *w, const Event *e);

/* JSON text to canonical JSON: keys in byte order, each once, no spaces, shortest numbers.
** ERR_BAD_INPUT it is no object, or not JSON; ERR_LIMIT too deep. */
MUST_USE Err ledger_canon(Ctx *cx, const char *json, size_t n, Text *out);

/* The event of the present row of ledger_each's statement; pointers live until the next row.  ERR_CORRUPT */
MUST_USE Err ledger_event(Ctx *cx, const Ledger *l, DbRows *rows, Event *e);
MUST_USE Err ledger_ask_events(Ctx *cx, Ledger *l, const LedgerAsk *ask, DbRows **rows);

bool ledger_owns(const LedgerRoom *room, const char *kind);
MUST_USE Err ledger_make_tables(Ctx *cx, DbWriter *w, const LedgerRoom *room);
/* Drop a room's tables, make them, apply its events.  Inside a transaction. */
MUST_USE Err ledger_refold(Ctx *cx, Ledger *l, const LedgerRoom *room);

#endif

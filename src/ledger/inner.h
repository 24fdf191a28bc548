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

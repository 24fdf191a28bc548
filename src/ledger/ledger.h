/* ledger/ledger.h -- every act once, and tables that are the fold of the acts.
**
** An act becomes an event: one line of an append-only, hash-chained log, written
** in the same transaction as the tables it changes.  A room that owns tables
** gives a constant row; its apply is the only code that writes them, live and in
** replay.  Only this room holds a writable database.  Format: doc/formats/ledger.md
*/
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include "base/hash.h"
#include "db/db.h"

#define LEDGER_WORD_MAX 1024                    /* bytes of an actor, project, kind, subject */
#define LEDGER_PAYLOAD_MAX ((size_t)16 << 20)
#define LEDGER_ROOMS_MAX 16

typedef struct Ledger Ledger;

typedef struct Event {                          /* (borrowed) by whoever is shown it */
    uint64_t seq;                               /* 1, 2, 3 … without gaps */
    int64_t time_us;                            /* since 1970, UTC */
    const char *actor, *on_behalf;              /* on_behalf: "" if nobody */
    const char *project, *kind, *subject;
    const char *payload;                        /* canonical JSON object */
    size_t payload_n;
    Digest payload_hash, previous, hash;        /* hash is the leaf: SHA-256(0x00 then the canonical bytes) */
} Event;

typedef struct LedgerRoom {
    const char *name;
    int version;                                /* of its tables; when it differs from the file's they are folded anew */
    const char *const *kinds;                   /* events it applies; ends with NULL */
    const char *const *tables;                  /* in the order they are dropped; ends with NULL */
    const Statement *make;                      /* makes them; ends with a row of NULLs */
    /* Change the tables by one event.  Sees no clock, no random number, no object, nothing but the
    ** tables and the event.  ERR_REFUSED, ERR_BAD_INPUT: the event does not fit; nothing is written. */
    Err (*apply)(Ctx *cx, DbWriter *db, const Event *e);
} LedgerRoom;

typedef struct LedgerWho { const char *actor, *on_behalf, *project; } LedgerWho;   /* (copied); on_behalf may be NULL */

/* Make a ledger in the file `path`, with its genesis event.  ERR_REFUSED there is one already. */
MUST_USE Err ledger_make(Ctx *cx, const char *path, const LedgerWho *who);

/* Open it.  rooms: n rows, the same in every program that writes here     (kept)
** writable: false opens it for questions only, and makes no file.
** Errors: ERR_NOT_FOUND; ERR_CORRUPT; ERR_REFUSED it was written by a newer Leat; those of db.h. */
MUST_USE Err ledger_open(Ctx *cx, const char *path, const LedgerRoom *const *rooms, size_t n, const LedgerWho *who,
                         bool writable, Ledger **out);
void ledger_close(Ctx *cx, Ledger *l);          /* NULL is fine; an open group is undone */

Db *ledger_db(Ledger *l);                       /* to ask questions; sees the open group's writes (borrowed) */
void ledger_id(const Ledger *l, Digest *out);   /* the hash of its genesis event */

typedef struct Act {                            /* (borrowed) */
    const char *kind, *subject;
    const char *payload;                        /* a JSON object, any key order; stored canonically */
} Act;

/* Append one act and apply it.  OK outside a group: it is on the disk.  Inside: it will be at commit; a failure
** undoes the whole group at once.
** Errors: ERR_BAD_INPUT payload is no JSON object, a word is empty, too long or not UTF-8; ERR_LIMIT payload;
** ERR_BUG no room owns the kind, or the ledger is open for questions only; those of apply and of db.h. */
MUST_USE Err ledger_append(Ctx *cx, Ledger *l, const Act *act, uint64_t *seq);

/* Several appends, all or none.  Between begin and commit nobody else writes, so what ledger_db answers stays true. */
MUST_USE Err ledger_begin(Ctx *cx, Ledger *l);
MUST_USE Err ledger_commit(Ctx *cx, Ledger *l); /* ERR_BUG no group is open */
void ledger_cancel(Ledger *l);                  /* undo the group; none open is fine */

/* Events from_seq .. to_seq (0: to the end), of one kind and one subject (NULL: any), oldest first, until `each`
** returns not OK. */
typedef struct LedgerAsk { uint64_t from_seq, to_seq; const char *kind, *subject; } LedgerAsk;
MUST_USE Err ledger_each(Ctx *cx, Ledger *l, const LedgerAsk *ask, Err (*each)(void *arg, const Event *e), void *arg);
MUST_USE Err ledger_head(Ctx *cx, Ledger *l, uint64_t *seq, Digest *hash);

typedef struct LedgerProof {
    uint64_t events;                            /* walked and found good */
    uint64_t bad_seq;                           /* the first that is not; 0: none */
    Digest head;
    char table[64];                             /* ledger_rebuild: the table that differs; "" none */
    uint64_t tables, rows;                      /* ledger_rebuild: compared */
} LedgerProof;

/* Walk the chain: seq without gaps, every hash recomputed, every payload there and as hashed, head as recorded.
** ERR_CORRUPT names the first bad seq.  *out is filled also then. */
MUST_USE Err ledger_verify(Ctx *cx, Ledger *l, LedgerProof *out);
/* Fold the log anew into fresh tables beside and compare: ERR_CORRUPT names the table and row that differ. */
MUST_USE Err ledger_rebuild(Ctx *cx, Ledger *l, LedgerProof *out);
/* Put right: replace every room's tables by the fold of the (verified) log. */
MUST_USE Err ledger_restore(Ctx *cx, Ledger *l);

/* The bytes that are hashed behind 0x00, and the leaf.  ERR_NOMEM */
MUST_USE Err ledger_leaf(Ctx *cx, const Event *e, Digest *out);

#endif

/* ledger/inner.h -- what the files of room ledger share. */
#ifndef LEDGER_INNER_H
#define LEDGER_INNER_H

#include "base/text.h"
#include "ledger/ledger.h"
#include "ledger/segment.h"
#include "ledger/sign.h"
#include "ledger/tree.h"

#define LEDGER_FORMAT 2
#define LEDGER_EXPECTED_MAX 64

/* The row of table `ledger`: how far the log goes. */
typedef struct HeadRow { uint64_t seq; Digest hash, id; int64_t format; } HeadRow;

typedef struct HeadSeen { char where[200]; LedgerHead head; } HeadSeen;

/* The segment, its block and the record that were read last. */
typedef struct SealedCache {
    StoreMap map;
    Segment segment;
    size_t block;
    Text raw;
    const char *at; uint64_t next;
    char *plain; size_t plain_cap;
} SealedCache;

struct Ledger {
    Db *db;                        /* for questions; the writer's own when there is one */
    DbWriter *writer;              /* NULL: open for questions only */
    char *path;
    const LedgerRoom *rooms[LEDGER_ROOMS_MAX + 1];         /* our own first */
    size_t rooms_n;
    char *actor, *on_behalf, *project, *keys, *lock;       /* keys, lock may be NULL */
    Digest id;
    Hasher *hasher;
    Text text;                     /* of the event being hashed: kept, so that an event costs no memory */
    bool group;                    /* between ledger_begin and commit: */
    HeadRow head;                  /*   the head, written at commit */
    uint64_t began;                /*   its seq at begin */
    Tree tree;                     /*   of all events; kept between groups, good while its size is the head's seq */
    Signer *signer;                /* NULL: not looked for yet, or there is none */
    bool signer_tried, signer_known;       /* known: an event says whose it is */
    bool head_moved;               /* a head was signed here that leat.lock does not know */
    HeadSeen *expected; size_t expected_n;
    LedgerMoreWords *more_words;   /* search: see ledger_search_words */
    void *more_words_self;
    Store *store;                  /* NULL: none */
    SealedCache sealed;
    unsigned char *clear; size_t clear_cap;                /* the payload decrypted last */
};

char *ledger_copy(Ctx *cx, const char *s);                 /* NULL: no memory */
MUST_USE Err ledger_read_head(Ctx *cx, const Ledger *l, HeadRow *out);            /* ERR_CORRUPT; in a group its own */
MUST_USE Err ledger_room_version(Ctx *cx, Ledger *l, const LedgerRoom *room, int64_t *out);   /* -1: no tables yet */
bool ledger_take_digest(DbRows *rows, size_t col, Digest *out);                   /* false: not 32 bytes */

/* --- append.c */

/* Fill in what an event is but its number, its predecessor and its hashes.  body keeps its payload. */
MUST_USE Err ledger_seal(Ctx *cx, const Act *act, const LedgerWho *who, Text *body, Event *e);
MUST_USE Err ledger_write_event(Ctx *cx, DbWriter *w, const Event *e);
/* Inside a group: one event and what follows from it. */
MUST_USE Err ledger_append_inside(Ctx *cx, Ledger *l, const Act *act, uint64_t *seq);

/* --- canon.c: JSON text to canonical JSON: keys in byte order, each once, no spaces, shortest numbers.
** ERR_BAD_INPUT it is no object, or not JSON; ERR_LIMIT too deep. */
MUST_USE Err ledger_canon(Ctx *cx, const char *json, size_t n, Text *out);

/* --- leaf.c: with the caller's hasher, and text to write into */
MUST_USE Err ledger_leaf_with(Hasher *h, Text *t, const Event *e, Digest *out);

/* --- read.c: the event of the present row of ledger_ask_events; pointers live until the next row.  ERR_CORRUPT */
MUST_USE Err ledger_event(Ctx *cx, Ledger *l, DbRows *rows, Event *e);
MUST_USE Err ledger_event_row(Ctx *cx, Ledger *l, DbRows *rows, Event *e);        /* all but the opened payload: payload may be NULL */
MUST_USE Err ledger_event_open(Ctx *cx, Ledger *l, Event *e);                     /* then its payload */
MUST_USE Err ledger_ask_events(Ctx *cx, Ledger *l, const LedgerAsk *ask, DbRows **rows);

/* --- secret.c: AES-256-GCM under a key for each event, listed by the person whose words they are */
#define SECRET_MORE 28                          /* bytes that a cipher is longer than its text: nonce, tag */
MUST_USE Err secret_close(Ctx *cx, uint64_t seq, const char *person, const unsigned char key[32], const void *text, size_t n, unsigned char *out);
MUST_USE Err secret_open(Ctx *cx, uint64_t seq, const char *person, const unsigned char key[32], const void *cipher, size_t n,
                         unsigned char *out, bool *good);
MUST_USE Err ledger_open_secret(Ctx *cx, Ledger *l, Event *e);     /* payload of a secret one, from stored.  ERR_CORRUPT */

/* --- tile.c */
TreeSource ledger_tree_source(Ledger *l);
MUST_USE Err ledger_tree_load(Ctx *cx, Ledger *l, uint64_t size, Tree *out);
MUST_USE Err ledger_tree_append(Ctx *cx, Ledger *l, const Digest *leaf);          /* to l->tree and the tiles */
MUST_USE Err ledger_tree_refill(Ctx *cx, Ledger *l, uint64_t size);               /* every tile anew from the events */

/* --- head.c */
MUST_USE Err ledger_sign_now(Ctx *cx, Ledger *l);                  /* inside a group: a head of all its events into the tables */
MUST_USE Err ledger_introduce(Ctx *cx, Ledger *l);                 /* the event that says whose key this is, when there is none yet */
void ledger_signer_get(Ctx *cx, Ledger *l);                        /* l->signer, once; what fails is a warning */
/* Heads that leat.lock has of this ledger, into out of max; *n how many. */
MUST_USE Err ledger_lock_heads(Ctx *cx, const Ledger *l, LedgerHead *out, size_t max, size_t *n);
void ledger_lock_write(Ctx *cx, Ledger *l);                        /* a failure is a warning */

/* --- own.c: the tables of the ledger itself: who signs, what is held, sealed, received */
extern const LedgerRoom ledger_own_room;
/* The public key that a ledger.created or ledger.signer event brings; false: none. */
bool ledger_event_key(const Event *e, unsigned char key[LEDGER_KEY_BYTES]);

/* --- verify.c: chain, payloads, heads, and the rows that are derived from them unless `log_alone` */
MUST_USE Err ledger_walk(Ctx *cx, Ledger *l, LedgerProof *out, bool log_alone);

/* --- archive.c */
/* stored (and payload, if plain) of a sealed event, out of its segment; inner: what it is in there. */
MUST_USE Err ledger_unseal(Ctx *cx, Ledger *l, Event *e, LedgerPayload *inner);
void ledger_unseal_forget(Ctx *cx, Ledger *l);
MUST_USE Err ledger_segment_make(Ctx *cx, Ledger *l, uint64_t first, uint64_t last, Text *out);
MUST_USE Err ledger_segment_keep(Ctx *cx, Ledger *l, const void *bytes, size_t n, Err (*each)(void *arg, const Event *e), void *arg, Digest *object);
MUST_USE Err ledger_say_archived(Ctx *cx, Ledger *l, uint64_t first, uint64_t last, const Digest *object, size_t bytes, const char *to);
MUST_USE Err ledger_check_segments(Ctx *cx, Ledger *l, uint64_t *n);
/* --- redact.c: write the database's file anew, without what was deleted */
MUST_USE Err ledger_shrink(Ctx *cx, Ledger *l);
/* --- foreign.c: what rooms make of a received segment */
MUST_USE Err ledger_project(Ctx *cx, Ledger *l, DbWriter *into, const LedgerRoom *const *rooms, size_t n, const Event *received);

/* --- upgrade.c: a ledger of format 1 becomes one of this format */
extern const Statement ledger_make_2[];         /* ledger.c: tables that format 2 has and format 1 has not, or has otherwise */
MUST_USE Err ledger_upgrade(Ctx *cx, Ledger *l, int64_t from);

bool ledger_owns(const LedgerRoom *room, const char *kind);
MUST_USE Err ledger_make_tables(Ctx *cx, DbWriter *w, const LedgerRoom *room);
/* Drop a room's tables, make them, apply its events.  Inside a transaction. */
MUST_USE Err ledger_refold(Ctx *cx, Ledger *l, const LedgerRoom *room);

#endif

/* ledger/ledger.h -- every act once, and tables that are the fold of the acts.
**
** An act becomes an event: one line of an append-only, hash-chained log, written
** in the same transaction as the tables it changes.  A room that owns tables
** gives a constant row; its apply is the only code that writes them, live and in
** replay.  Only this room holds a writable database.  The events' hashes are the
** leaves of an RFC 6962 tree whose heads are signed.  Format: doc/formats/ledger.md
*/
#ifndef LEDGER_LEDGER_H
#define LEDGER_LEDGER_H

#include "base/hash.h"
#include "base/text.h"
#include "db/db.h"
#include "store/store.h"

#define LEDGER_WORD_MAX 1024                    /* bytes of an actor, project, kind, subject */
#define LEDGER_PAYLOAD_MAX ((size_t)16 << 20)
#define LEDGER_ROOMS_MAX 24
#define LEDGER_KEY_BYTES 32                     /* Ed25519: public key and signature */
#define LEDGER_SIGNATURE_BYTES 64

typedef struct Ledger Ledger;

/* Where an event's payload is: as it was given; encrypted under a key of its own; in a sealed segment; or redacted, that is, only
** what `keeps` of its room names is left.  The header and payload_hash stay for good. */
typedef enum LedgerPayload { LEDGER_PLAIN, LEDGER_SECRET, LEDGER_SEALED, LEDGER_REDACTED } LedgerPayload;

typedef struct Event {                          /* (borrowed) by whoever is shown it */
    uint64_t seq;                               /* 1, 2, 3 … without gaps */
    int64_t time_us;                            /* since 1970, UTC */
    const char *actor, *on_behalf;              /* on_behalf: "" if nobody */
    const char *project, *kind, *subject;
    const char *payload;                        /* canonical JSON object; of a redacted one what is left of it */
    size_t payload_n;
    Digest payload_hash, previous, hash;        /* hash is the leaf: SHA-256(0x00 then the canonical text) */
    LedgerPayload state;
    const void *stored; size_t stored_n;        /* the bytes payload_hash is of: the payload, or its cipher; NULL: redacted */
    const Digest *ledger;                       /* whose event it is; NULL: this ledger's own.  seq counts there */
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
    /* Members of payloads whose texts are no words of a person and stay when an event is redacted, so that later events
    ** still fit; ends with NULL; NULL: none.  Numbers, truths and texts of hex digits alone stay anyway; other texts become "". */
    const char *const *keeps;
    /* Its apply also takes events that came from other ledgers (e->ledger is set): it must tell rows apart by (ledger, seq). */
    bool foreign;
} LedgerRoom;

typedef struct LedgerWho {                      /* (copied) */
    const char *actor, *on_behalf, *project;    /* on_behalf may be NULL */
    const char *keys;                           /* folder of the person's signing key; NULL: heads are not signed */
    Store *store;                               /* where sealed segments lie; NULL: there are none      (kept) */
    const char *lock;                           /* the file leat.lock: the signed head goes there when the ledger is closed; NULL: nowhere */
} LedgerWho;

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
    const char *personal;                       /* whose words these are: encrypted, so that they can be destroyed; NULL: nobody's */
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

/* --- many threads, one transaction ------------------------------------------------------------------------------- */

/* A queue before a ledger that is open for writing        (kept): until it is closed nobody else uses that handle.
** Threads hand in work, each with its own Ctx; what waits is committed together, and each call returns only when its
** own is on the disk. */
typedef struct LedgerGroup LedgerGroup;
MUST_USE Err ledger_group_open(Ctx *cx, Ledger *l, LedgerGroup **out);
void ledger_group_close(Ctx *cx, LedgerGroup *g);      /* when no call is under way; NULL is fine */
/* n acts, all or none, with numbers one after the other.  Errors as ledger_append; those of others' work are not ours. */
MUST_USE Err ledger_group_append(Ctx *cx, LedgerGroup *g, const Act *act, size_t n, uint64_t *first_seq);
/* Work of any kind inside the transaction: it may ask ledger_db and append, and must not begin, commit or cancel.  It runs
** on any of the threads, with that one's Ctx, and again when the work of another failed: what it leaves outside the
** ledger must not depend on how often. */
typedef Err LedgerWork(Ctx *cx, Ledger *l, void *self);
MUST_USE Err ledger_group_do(Ctx *cx, LedgerGroup *g, LedgerWork *work, void *self);

/* Events from_seq .. to_seq (0: to the end), of one kind, subject, project and actor (NULL: any), not before since_us nor after
** until_us (0: whenever), oldest first or newest, at most `limit` (0: all), until `each` returns not OK. */
typedef struct LedgerAsk {
    uint64_t from_seq, to_seq;
    const char *kind, *subject, *project, *actor;
    int64_t since_us, until_us;
    bool newest;
    uint64_t limit;
} LedgerAsk;
MUST_USE Err ledger_each(Ctx *cx, Ledger *l, const LedgerAsk *ask, Err (*each)(void *arg, const Event *e), void *arg);
MUST_USE Err ledger_head(Ctx *cx, Ledger *l, uint64_t *seq, Digest *hash);

/* --- heads ------------------------------------------------------------------------------------------------------- */

typedef struct LedgerHead {                     /* signed over "leat-head/1\n<ledger id>\n<size>\n<root hex>\n" */
    uint64_t size;                              /* events it covers */
    Digest root;
    unsigned char key[LEDGER_KEY_BYTES], signature[LEDGER_SIGNATURE_BYTES];
} LedgerHead;

/* Every commit signs a head of all events.  *has: there is one. */
MUST_USE Err ledger_signed(Ctx *cx, Ledger *l, LedgerHead *out, bool *has);
/* Write it into leat.lock now, as ledger_close does after an append.  A failure is a warning. */
void ledger_publish(Ctx *cx, Ledger *l);
/* A head seen elsewhere (a remote, an archive) that ledger_verify shall hold the log against.  where: words for a person (copied). */
MUST_USE Err ledger_expect(Ctx *cx, Ledger *l, const char *where, const LedgerHead *head);
MUST_USE Err ledger_head_check(Ctx *cx, const Digest *ledger, const LedgerHead *head, bool *good);      /* its signature */
MUST_USE Err ledger_root(Ctx *cx, Ledger *l, uint64_t size, Digest *out);       /* of the first `size` events, from the tiles: O(log n) */

/* --- checking ---------------------------------------------------------------------------------------------------- */

typedef struct LedgerProof {
    uint64_t events;                            /* walked and found good */
    uint64_t bad_seq;                           /* the first that is not; 0: none */
    Digest head, root;                          /* of the chain; of the tree */
    uint64_t heads, signed_to;                  /* heads checked; events that a signature covers */
    uint64_t secret, sealed, redacted;          /* payloads that are not plain */
    uint64_t segments;                          /* checked whole, own and foreign */
    char table[64];                             /* the table that is not as it should be; "" none */
    uint64_t tables, rows;                      /* ledger_rebuild: compared */
} LedgerProof;

/* Walk the log: seq without gaps, every hash recomputed, every payload there and as hashed, the tree's tiles, every head within reach
** (the tables', leat.lock's, the expected) with its signature, keys and rooms.  ERR_CORRUPT says what is wrong with which seq, row or
** head, and what to do.  *out is filled also then. */
MUST_USE Err ledger_verify(Ctx *cx, Ledger *l, LedgerProof *out);
/* The same, then fold the log anew into fresh tables beside and compare: ERR_CORRUPT names the table and row that differ. */
MUST_USE Err ledger_rebuild(Ctx *cx, Ledger *l, LedgerProof *out);
/* Put right: verify the log but for what is derived from it, then replace tiles and every room's tables by what the log makes of them. */
MUST_USE Err ledger_restore(Ctx *cx, Ledger *l);

/* The text that is hashed behind 0x00 (appended to t), and the leaf.  ERR_NOMEM */
void ledger_event_text(const Event *e, Text *t);
MUST_USE Err ledger_leaf(Ctx *cx, const Event *e, Digest *out);

/* --- search ------------------------------------------------------------------------------------------------------ */

#define LEDGER_FIND_DEFAULT 20
#define LEDGER_FIND_MAX 1000

typedef struct LedgerFind {                     /* (borrowed) */
    const char *query;                          /* words, all of them; "a phrase"; -not this; this OR that; key:value of a payload, kind:…, actor:… */
    const char *kind, *subject, *project, *actor;          /* only these; NULL: any */
    int64_t since_us, until_us;                 /* 0: whenever */
    size_t limit;                               /* 0: LEDGER_FIND_DEFAULT */
} LedgerFind;
typedef struct LedgerHit {
    uint64_t seq;
    double score;                               /* BM25; more is better */
    int64_t time_us;
    const char *actor, *kind, *subject, *project;
    const char *snippet;                        /* what the event says around the first word asked for, in one line */
} LedgerHit;
typedef struct LedgerFound {
    LedgerHit *hit; size_t n;                   /* best first, then newest; in scratch */
    uint64_t matches;                           /* events that fit; with phrases or times at most so many */
    uint64_t events, indexed, scanned;          /* in the log; covered by the index; newest ones read besides.  The rest was not looked at */
} LedgerFound;
/* ERR_BAD_INPUT no word to look for, or too many; ERR_CORRUPT the index is damaged.  Cost: the postings of its words, about 5 ns each. */
MUST_USE Err ledger_search(Ctx *cx, Ledger *l, const LedgerFind *in, LedgerFound *out);
/* Bring the index up to the head when at least `least` events are behind it (0: always).  Takes the write lock for a moment
** every few thousand events.  Not inside a group. */
MUST_USE Err ledger_search_index(Ctx *cx, Ledger *l, uint64_t least);
/* Inside a group: take one event out of the index (its words are to go); empty the index. */
MUST_USE Err ledger_search_forget(Ctx *cx, Ledger *l, uint64_t seq);
MUST_USE Err ledger_search_reset(Ctx *cx, Ledger *l);
/* Words that belong to an event but lie elsewhere, as in a file it names: append them to t.  Asked for each event that is indexed,
** or shown; NULL: none. */
typedef Err LedgerMoreWords(Ctx *cx, void *self, const Event *e, Text *t);
void ledger_search_words(Ledger *l, LedgerMoreWords *more, void *self);

/* --- proofs ------------------------------------------------------------------------------------------------------ */

/* proof.json of event seq: event, seq, leaf_hash, tree_size, audit_path, root, signature, public_key, ledger.
** ERR_NOT_FOUND no such event; ERR_REFUSED no head is signed that covers it. */
MUST_USE Err ledger_prove(Ctx *cx, Ledger *l, uint64_t seq, Text *json);
typedef struct LedgerProven { uint64_t seq, size; Digest ledger; unsigned char key[LEDGER_KEY_BYTES]; const char *event; } LedgerProven;
/* Is this file a proof?  No ledger is needed.  event: in scratch.  ERR_BAD_INPUT it is not of this form; ERR_REFUSED it proves nothing:
** says which step fails. */
MUST_USE Err ledger_proof_check(Ctx *cx, const char *json, size_t n, LedgerProven *out);

/* --- words that must stay, words that must go -------------------------------------------------------------------- */

/* What is held, an event's subject or a person of encrypted words, can neither be redacted nor leave the tables by archiving.
** ERR_REFUSED held already; not held. */
MUST_USE Err ledger_hold(Ctx *cx, Ledger *l, const char *subject, const char *why);
MUST_USE Err ledger_release(Ctx *cx, Ledger *l, const char *subject, const char *why);

typedef struct LedgerRedactIn { uint64_t seq; const char *why; } LedgerRedactIn;
typedef struct LedgerRedacted { uint64_t events, segments; } LedgerRedacted;     /* segments: written anew without it */
/* The payload of an event goes: its words, the key of its cipher, what rooms made of it, free pages and the database's own log.  What
** `keeps` of its room names stays, said by an event ledger.redacted.  The file is written anew: cost is that of the whole database.
** ERR_NOT_FOUND; ERR_REFUSED it is held, redacted already, the log's own, or later events stand on its words. */
MUST_USE Err ledger_redact(Ctx *cx, Ledger *l, const LedgerRedactIn *in, LedgerRedacted *out);

/* --- segments: pieces of a log in files of their own ------------------------------------------------------------- */

typedef struct LedgerSegment {
    Digest ledger, object;                      /* object: SHA-256 of the file, its name in the store */
    uint64_t first, last;
    LedgerHead head;                            /* over `last` events; not set by ledger_each_segment */
    bool foreign;                               /* of another ledger */
} LedgerSegment;

typedef struct LedgerArchiveIn {                /* (borrowed) */
    int64_t before_us;                          /* events up to the first that is not older; 0: all there are */
    const char *folder;                         /* also a copy there, read back and compared; NULL */
    Err (*copy)(void *self, Ctx *cx, const char *name, const void *bytes, size_t n); void *self;      /* or handed to this; NULL */
    const char *to;                             /* where copy puts it, in words for the record; NULL: folder */
} LedgerArchiveIn;
typedef struct LedgerArchived { uint64_t first, last, segments, bytes, held; } LedgerArchived;       /* first 0: nothing to do */
/* Move payloads into sealed, signed segments in the store.  They stay readable through them.  A segment is checked whole, and every copy
** read back, before its payloads leave the tables.  ERR_REFUSED there is no signing key. */
MUST_USE Err ledger_archive(Ctx *cx, Ledger *l, const LedgerArchiveIn *in, LedgerArchived *out);
/* Every segment the log names, own ones first: objects that must not be swept. */
MUST_USE Err ledger_each_segment(Ctx *cx, Ledger *l, Err (*each)(void *arg, const LedgerSegment *s), void *arg);
/* A segment alone, without any ledger: blocks, events, chain, tree, signatures.  ERR_BAD_INPUT it is none; ERR_CORRUPT names events and bytes. */
MUST_USE Err ledger_segment_check(Ctx *cx, const char *name, const void *bytes, size_t n, LedgerSegment *out);

/* --- other ledgers ----------------------------------------------------------------------------------------------- */

/* Events from seq `from` on as a signed segment (appended to out), at most 65536; *last: where it ends: go on from there.
** ERR_NOT_FOUND there are none; ERR_REFUSED there is no signing key. */
MUST_USE Err ledger_export(Ctx *cx, Ledger *l, uint64_t from, Text *out, uint64_t *last);
/* Take over another ledger's segment: checked, kept in the store, one event ledger.received {first, key, last, object, root}; rooms whose
** row says `foreign` apply its events.  *fresh false: it was here already.  ERR_REFUSED it is this ledger's own, leaves a gap (say from where to
** export: ledger_foreign_known), does not continue what was received, or is signed by a stranger; ERR_CORRUPT, ERR_BAD_INPUT. */
MUST_USE Err ledger_receive(Ctx *cx, Ledger *l, const void *bytes, size_t n, LedgerSegment *out, bool *fresh);
/* How much of that ledger is here: last 0: nothing. */
MUST_USE Err ledger_foreign_known(Ctx *cx, Ledger *l, const Digest *id, uint64_t *last, Digest *root);

#endif

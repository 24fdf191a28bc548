/* store/inner.h -- what the files of room store share.
**
** Two floors.  A kind keeps blobs: bytes under a name like objects/ab/cdef… or packs/….idx, on a disk, in memory, on
** a server; it knows nothing of digests.  Above, once for all kinds: objects, packs with their indexes, recipes.
*/
#ifndef STORE_INNER_H
#define STORE_INNER_H

#include "store/store.h"

#include <pthread.h>

#define BLOB_NAME_MAX 1104

/* --- what a kind of store gives ---------------------------------------------------------------------------------- */

typedef struct Blob { bool there; uint64_t size; int64_t changed_us; } Blob;

/* Bytes on their way in, under a name nobody reads until put_keep. */
typedef struct StorePut {
    Store *store;
    int fd;                        /* folder */
    void *own;                     /* other kinds */
    char name[BLOB_NAME_MAX];
    char path[STORE_PATH_MAX];
} StorePut;

/* A blob being read; several threads may call get_at with one of them. */
typedef struct StoreGet {
    Store *store;
    int fd;
    void *own;
    char name[BLOB_NAME_MAX];
} StoreGet;

typedef Err BlobEach(void *arg, const char *name, const Blob *b);

typedef struct StoreKind {
    const char *name;
    const char *scheme;            /* what an address starts with: "s3://"; NULL: a path */
    size_t piece;                  /* bytes worth asking for at once */
    bool local;                    /* look() is cheap, and the date of the folder packs tells of new ones */
    Err (*make)(Ctx *cx, const char *where);                       /* there already is fine */
    Err (*open)(Ctx *cx, const char *where, Store **out);
    void (*close)(Ctx *cx, Store *s);
    Err (*look)(Ctx *cx, Store *s, const char *name, Blob *out);   /* nothing there: OK */
    Err (*redate)(Ctx *cx, Store *s, const char *name, bool *there);   /* changed now; may keep its date where nothing is swept */

    Err (*put_begin)(Ctx *cx, Store *s, const char *name, StorePut *p);
    Err (*put_more)(Ctx *cx, StorePut *p, const void *bytes, size_t n);
    Err (*put_keep)(Ctx *cx, StorePut *p);                         /* bytes durable and named; p is done either way */
    void (*put_drop)(Ctx *cx, StorePut *p);                        /* done already is fine */
    Err (*settle)(Ctx *cx, Store *s, const char *name);            /* the name too is durable, and all beside it */

    Err (*get_begin)(Ctx *cx, Store *s, const char *name, StoreGet *g);        /* ERR_NOT_FOUND */
    Err (*get_at)(Ctx *cx, StoreGet *g, uint64_t at, void *buf, size_t n, size_t *got);   /* short only at the end */
    void (*get_end)(Ctx *cx, StoreGet *g);
    Err (*map)(Ctx *cx, Store *s, const char *name, StoreMap *out);            /* ERR_NOT_FOUND */
    void (*unmap)(Ctx *cx, Store *s, StoreMap *m);

    Err (*list)(Ctx *cx, Store *s, const char *under, bool facts, BlobEach *each, void *arg);  /* facts: *b is filled in */
    Err (*remove)(Ctx *cx, Store *s, const char *name);            /* nothing there is fine */
    /* Held while something found is dated anew or named (shared), and while something old is swept (alone). */
    Err (*lock)(Ctx *cx, Store *s, bool alone, int *fd);
    void (*unlock)(Store *s, int *fd);

    /* Only where there is a folder: */
    Err (*tmp_path)(Ctx *cx, Store *s, const char *name, char path[STORE_PATH_MAX]);
    Err (*tidy)(Ctx *cx, Store *s);
    Err (*lease_path)(Ctx *cx, Store *s, const char *name, char path[STORE_PATH_MAX]);
} StoreKind;

typedef struct Packs Packs;
typedef struct Coder Coder;        /* memory to pack, unpack and hash with; one thread at a time */
#define CODERS_KEPT 8

struct Store {
    const StoreKind *kind;
    char folder[STORE_PATH_MAX];   /* its path or address, for words */
    unsigned threads;
    Packs *packs;
    pthread_mutex_t lock;          /* of what follows */
    Coder *coder[CODERS_KEPT];
    size_t coders_n;
};

extern const StoreKind store_kind_folder, store_kind_memory, store_kind_s3, store_kind_swebhdfs, store_kind_webhdfs;

/* --- sum.c: XXH64 ------------------------------------------------------------------------------------------------- */

typedef struct Sum { uint64_t v[4], all; size_t held; unsigned char hold[32]; } Sum;

void sum_start(Sum *s);
void sum_more(Sum *s, const void *bytes, size_t n);
uint64_t sum_end(const Sum *s);
uint64_t sum_of(const void *bytes, size_t n);

/* --- code.c: zstd, whole pieces at a time -------------------------------------------------------------------------- */

#define STORE_LEVEL 1              /* zstd: 2.5 times as fast as 3, tables hardly larger */
#define STORE_PIECE ((size_t)128 << 10)            /* bytes read and written at a time */

Err coder_new(Ctx *cx, Coder **out);
void coder_free(Ctx *cx, Coder *c);
/* *out: packed bytes in the coder's memory, or `bytes` themselves when they do not get smaller (*packed says which). */
Err coder_pack(Ctx *cx, Coder *c, const void *bytes, size_t n, const void **out, size_t *out_n, bool *packed);
/* Exactly n bytes to `to`; *sound false when they are not a frame of n bytes. */
Err coder_unpack(Ctx *cx, Coder *c, const void *bytes, size_t stored, void *to, size_t n, bool *sound);
void coder_hash(Coder *c, const void *bytes, size_t n, Digest *out);
/* Memory that lasts until the coder is asked for the same room again.  ERR_NOMEM */
typedef enum CoderRoom { ROOM_PACKED, ROOM_READ, ROOM_PLAIN, ROOM_LIST, ROOMS } CoderRoom;
Err coder_room(Ctx *cx, Coder *c, CoderRoom which, size_t n, unsigned char **out);
/* Coders are kept by the store between calls. */
Err coder_borrow(Ctx *cx, Store *s, Coder **out);
void coder_return(Ctx *cx, Store *s, Coder *c);                /* NULL is fine */

/* --- pack.c: one pack and one index -------------------------------------------------------------------------------- */

#define PACK_ID_BYTES 16
#define PACK_HEAD_BYTES 24         /* "leatpak1", the pack's id */
#define ENTRY_HEAD_BYTES 56
#define ENTRY_STORED_MAX ((uint32_t)1 << 26)
#define ENTRY_BYTES_MAX ((uint64_t)1 << 26)    /* of content that is not cut: it is unpacked in memory */
#define INDEX_HEAD_BYTES 24        /* "leatidx1", packs (4), 0 (4), entries (8) */
#define INDEX_PACK_BYTES 24        /* id, size of the pack (8) */
#define INDEX_ENTRY_BYTES 56       /* digest, at (8), bytes (8), stored (4), pack (2), form (1), 0 (1) */

typedef enum EntryForm { ENTRY_PLAIN, ENTRY_ZSTD, ENTRY_RECIPE, ENTRY_FORMS } EntryForm;

typedef struct PackId { unsigned char at[PACK_ID_BYTES]; } PackId;

typedef struct Entry {
    Digest d;
    uint64_t at;                   /* of its head in the pack */
    uint64_t bytes;                /* of the content */
    uint32_t stored;               /* behind the head */
    EntryForm form;
    PackId pack;
} Entry;

typedef struct PackWriter {
    Store *store;
    StorePut put;
    bool open;
    PackId id;
    uint64_t at;                   /* bytes so far */
    unsigned char *buf;
    size_t buf_n;
} PackWriter;

void entry_head(const Entry *e, const void *stored, unsigned char head[ENTRY_HEAD_BYTES]);
/* Does this head, with the bytes behind it, say what e says (but for pack and at), and is its checksum right? */
bool entry_sound(const Entry *e, const unsigned char *head, const void *stored);
/* What a head says, unchecked. */
void entry_read(const unsigned char *head, Entry *out);

void pack_name(const PackId *id, const char *end, char name[BLOB_NAME_MAX]);    /* end: ".pack" or ".idx" */
bool pack_id_read(const char *name, const char *end, PackId *out);              /* "packs/HEX.pack" */
Err pack_begin(Ctx *cx, Store *s, PackWriter *w);
Err pack_add(Ctx *cx, PackWriter *w, Entry *e, const void *stored);             /* fills e->at and e->pack */
Err pack_keep(Ctx *cx, PackWriter *w);                                          /* bytes durable, name given */
void pack_drop(Ctx *cx, PackWriter *w);                                         /* done already is fine */

/* An index that lies in memory. */
typedef struct Index {
    StoreMap map;
    const unsigned char *at;
    uint32_t packs_n;
    uint64_t entries_n;
    char name[BLOB_NAME_MAX];
    bool sound;                    /* index_sound said so */
} Index;

/* Name entries of packs that are kept: sorts them, writes packs/ID.idx; durable on OK with everything in packs/. */
Err index_write(Ctx *cx, Store *s, Entry *entry, size_t n, char name[BLOB_NAME_MAX]);
/* Is its form right?  Its checksum is left to index_sound. */
bool index_open(const StoreMap *map, Index *out);
bool index_sound(Ctx *cx, const Index *x, Err *err);
void index_entry(const Index *x, uint64_t i, Entry *out);
void index_pack(const Index *x, uint32_t i, PackId *id, uint64_t *size);
/* The first entry with that digest, or entries_n. */
uint64_t index_find(const Index *x, const Digest *d);

/* --- packs.c: all packs of an open store --------------------------------------------------------------------------- */

Err packs_new(Ctx *cx, Packs **out);
void packs_free(Ctx *cx, Store *s);
/* The nth place (from 0) where an object lies.  fresh: look for packs made since, when it is not among those known. */
Err packs_find(Ctx *cx, Store *s, const Digest *d, size_t nth, bool fresh, Entry *out, bool *there);
Err packs_refresh(Ctx *cx, Store *s);
/* What is stored of an entry, checked against its head's checksum; room: ENTRY_HEAD_BYTES + e->stored bytes.
** ERR_CORRUPT damaged; ERR_NOT_FOUND the pack is gone. */
Err packs_read(Ctx *cx, Store *s, const Entry *e, unsigned char *room, const unsigned char **stored);
/* ERR_CORRUPT if an index is damaged (then what is not found may be there after all). */
Err packs_check(Ctx *cx, Store *s);
/* Merge small indexes into one when there are many; gives up where somebody else tends the packs. */
Err packs_merge(Ctx *cx, Store *s);
/* The names of the indexes there are now (owned: ctx_put). */
Err packs_names(Ctx *cx, Store *s, char (**names)[BLOB_NAME_MAX], size_t *n);
/* Every index's entries, as they are in the snapshot. */
Err packs_each(Ctx *cx, Store *s, Err (*each)(void *arg, const Entry *e), void *arg);

/* --- set.c: a set of digests ----------------------------------------------------------------------------------------- */

typedef struct DigestSet { Digest *at; unsigned char *used; size_t n, cap; } DigestSet;      /* zeroed is empty */
Err set_add(Ctx *cx, DigestSet *s, const Digest *d, bool *fresh);      /* fresh: it was not in it; may be NULL.  ERR_NOMEM */
bool set_has(const DigestSet *s, const Digest *d);
void set_clear(Ctx *cx, DigestSet *s);

/* --- batch.c ------------------------------------------------------------------------------------------------------- */

#define SMALL_MAX ((size_t)1 << 20)            /* larger content is cut */

/* Bytes that fit into one entry; they may lie in c's ROOM_READ.  *packed: whether to try, then whether they are (or lie
** there already). */
Err batch_put(Ctx *cx, StoreBatch *b, Coder *c, const void *bytes, size_t n, bool *packed, Digest *out);
/* Is it in this batch, or in a pack that stays for a day at least? */
Err batch_known(Ctx *cx, StoreBatch *b, const Digest *d, uint64_t bytes, bool *there);
Store *batch_store(const StoreBatch *b);
Err batch_add(Ctx *cx, StoreBatch *b, Entry *e, const void *stored);       /* packed already; e->at and e->pack are filled in */

/* --- cut.c: large content ------------------------------------------------------------------------------------------- */

/* Where content comes from, in order: at most n bytes; fewer only at its end. */
typedef struct CutSource {
    Err (*read)(Ctx *cx, struct CutSource *self, void *buf, size_t n, size_t *got);
    uint64_t bytes;                /* for progress; 0: unknown */
} CutSource;

Err cut_put(Ctx *cx, StoreBatch *b, CutSource *src, Digest *out, uint64_t *bytes);

/* --- object.c: one object, wherever and however it lies ------------------------------------------------------------ */

/* Takes the content piece by piece; nothing it was given counts until the call that gives says OK. */
typedef struct Sink {
    Err (*more)(Ctx *cx, void *arg, const void *bytes, size_t n);  /* NULL: only look whether all is sound */
    Err (*again)(Ctx *cx, void *arg);          /* forget all: it begins anew, from another copy */
    void *arg;
} Sink;

#define LOOSE_TAIL_BYTES 16        /* a skippable frame behind a packed object: XXH64 of all before it */

Err object_name(const Digest *d, StoreForm form, char name[BLOB_NAME_MAX]);
bool object_name_read(const char *name, Digest *d, StoreForm *form);
void object_tail(uint64_t sum, unsigned char tail[LOOSE_TAIL_BYTES]);
Err object_damaged(Ctx *cx, const Store *s, const Digest *d, const char *where);       /* where: NULL or a blob's name */
Err object_missing(Ctx *cx, Store *s, const Digest *d);        /* ERR_NOT_FOUND, or ERR_CORRUPT where an index is damaged */
/* Bytes from..from+n of it (n UINT64_MAX: to the end), from whichever copy is sound. */
Err object_read(Ctx *cx, Store *s, const Digest *d, uint64_t from, uint64_t n, const Sink *sink);
Err loose_look(Ctx *cx, Store *s, const Digest *d, StoreForm form, Blob *out);
/* The whole of one copy, against its name. */
Err loose_read(Ctx *cx, Store *s, const Digest *d, StoreForm form, uint64_t from, uint64_t n, const Sink *sink);
Err entry_read_to(Ctx *cx, Store *s, const Entry *e, uint64_t from, uint64_t n, const Sink *sink);
Err blob_redate(Ctx *cx, Store *s, const char *name, bool *there);
/* Are an entry's stored bytes as its head's checksum says?  ERR_CORRUPT, ERR_NOT_FOUND as packs_read. */
Err entry_glance(Ctx *cx, Store *s, const Entry *e);
/* Is it in a pack (of those known), and sound?  Then the pack is dated anew. */
Err entry_there(Ctx *cx, Store *s, const Digest *d, uint64_t bytes, Entry *e, bool *there);
/* How many bytes a packed loose object says it holds, from its first bytes. */
Err loose_size(Ctx *cx, Store *s, const Digest *d, uint64_t *bytes);

/* --- recipe.c: content that lies in chunks -------------------------------------------------------------------------- */

/* An entry of form ENTRY_RECIPE stores lines of digest (32), bytes (8), one for each list of chunks; a list is an object
** of its own with lines of digest (32), bytes (4), one for each chunk. */
#define RECIPE_LINE_BYTES 40
#define LIST_LINE_BYTES 36
#define LIST_LINES 2048            /* in one list */

Err recipe_read(Ctx *cx, Store *s, const Entry *e, uint64_t from, uint64_t n, const Sink *sink);
/* Its lists and chunks, in order. */
Err recipe_parts(Ctx *cx, Store *s, const Entry *e, Err (*each)(void *arg, const Digest *d, bool list), void *arg);

#endif

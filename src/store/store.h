/* store/store.h -- bytes named by their SHA-256.  Kinds: a folder; S3; WebHDFS; memory (for tests).
**
** An object never changes and is named by the digest of its content.  It is there whole or not at all.  Objects are
** compressed, except those put raw: these lie as they are, page-aligned and read-only, to be mapped.  Many small ones
** put by a batch share a pack.  Every read is compared with the name.  Format: doc/formats/store.md
** One handle may be used by several threads at once, each with its own Ctx, but for opening and closing; a world that
** is not made for that (a test's) is used by one.  Many processes may share a folder.
*/
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "base/hash.h"

#define STORE_PATH_MAX 4096
#define STORE_NAME_MAX 100         /* of a lease */

typedef struct Store Store;

typedef enum StoreForm { STORE_PACKED, STORE_RAW } StoreForm;

typedef struct StoreInfo {
    uint64_t bytes;                /* of the content */
    uint64_t stored;               /* on disk */
    StoreForm form;
    int64_t changed_us;            /* put, or last put again; of its pack if it is in one; 0 in a list of those */
    bool in_pack;
} StoreInfo;

typedef struct StoreMap { const void *at; size_t n; } StoreMap;      /* at: page-aligned; NULL when n is 0 */
typedef struct StoreLease { char path[STORE_PATH_MAX]; int fd; } StoreLease;

/* `folder` is a path, or an address: file:///PATH  s3://BUCKET/PREFIX?endpoint=http://HOST:PORT&region=NAME
** webhdfs://HOST:PORT/PATH?user=NAME  swebhdfs://…  memory:
** Keys for S3 come from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (AWS_SESSION_TOKEN), else from ~/.aws/credentials; also heard are
** AWS_REGION and AWS_ENDPOINT_URL.  ERR_BAD_INPUT an address of no kind, or with a name or password in it. */
MUST_USE Err store_address_check(Ctx *cx, const char *folder);
bool store_is_path(const char *folder);
/* Make what a store needs below `folder` (objects/, tmp/); there already is fine. */
MUST_USE Err store_make(Ctx *cx, const char *folder);              /* ERR_NOT_FOUND its parent; ERR_DENIED; ERR_IO */
void store_make_private(const char *folder);                       /* only its owner may enter; a hint */
/* Errors: ERR_NOT_FOUND no store there; ERR_DENIED the folder belongs to a stranger, or anybody may write to it. */
MUST_USE Err store_open(Ctx *cx, const char *folder, Store **out);
void store_close(Ctx *cx, Store *s);                               /* NULL is fine */
void store_use_threads(Store *s, unsigned threads);                /* for its own work; at first: the processors we may use */

/* Keep bytes; OK means they survive a power cut.  What is there already is not written again.
** Errors: ERR_IO disk full or failing; ERR_DENIED; ERR_NOMEM.  Nothing half-written is ever seen. */
MUST_USE Err store_put(Ctx *cx, Store *s, const void *bytes, size_t n, StoreForm form, Digest *out);
/* The same from a file (or pipe) of any size, in constant memory; *bytes (may be NULL) says how many.
** Also ERR_NOT_FOUND, ERR_BAD_INPUT it is a folder, ERR_INTERRUPTED, ERR_TIME.  Shows progress. */
MUST_USE Err store_put_file(Ctx *cx, Store *s, const char *path, StoreForm form, Digest *out, uint64_t *bytes);
/* Only the name that a file's bytes would have. */
MUST_USE Err store_digest_file(Ctx *cx, const char *path, Digest *out, uint64_t *bytes);

/* Many objects, one sync: small ones go into one pack.  What is put is seen and kept by OK of store_batch_commit, and
** nothing before it (but a batch that grows beyond 512 MiB is kept pack by pack as it goes).  A crash leaves at worst a
** file nobody names.  An object that is there already is dated anew, as store_put does.  Several threads may put into
** one batch at once.  Errors: those of store_put and store_put_file. */
typedef struct StoreBatch StoreBatch;
typedef struct StoreFile { const char *path; Digest digest; uint64_t bytes; } StoreFile;
MUST_USE Err store_batch_begin(Ctx *cx, Store *s, StoreBatch **out);
MUST_USE Err store_batch_put(Ctx *cx, StoreBatch *b, const void *bytes, size_t n, Digest *out);
MUST_USE Err store_batch_put_file(Ctx *cx, StoreBatch *b, const char *path, Digest *out, uint64_t *bytes);
/* n plain files by the store's threads: fills in digest and bytes of each.  Cost: some 10 us a file of 1 KiB. */
MUST_USE Err store_batch_put_files(Ctx *cx, StoreBatch *b, StoreFile *file, size_t n);
MUST_USE Err store_batch_commit(Ctx *cx, StoreBatch *b);           /* b can be filled anew */
void store_batch_end(Ctx *cx, StoreBatch *b);                      /* what was not committed is forgotten; NULL is fine */

/* Read; the bytes are checked against the name before OK.  max: ERR_LIMIT if there are more.
** Errors: ERR_NOT_FOUND no such object; ERR_CORRUPT damaged; ERR_LIMIT; ERR_IO; ERR_NOMEM. */
MUST_USE Err store_get(Ctx *cx, Store *s, const Digest *d, size_t max, void **bytes, size_t *n);   /* owned: ctx_put; a NUL follows */
/* Into the file `path`, whole or not at all, in constant memory. */
MUST_USE Err store_get_file(Ctx *cx, Store *s, const Digest *d, const char *path);
/* The same for a work tree: not synced, and a new file grows under its own name.  What is there is replaced whole. */
MUST_USE Err store_copy_out(Ctx *cx, Store *s, const Digest *d, const char *path);
MUST_USE Err store_copy_out_all(Ctx *cx, Store *s, const StoreFile *file, size_t n);   /* digest to path, by the store's threads */
/* Bytes from..from+n of it; *got < n only at the end.  Cheap for what lies in chunks (large files), else it costs a read of all. */
MUST_USE Err store_read_range(Ctx *cx, Store *s, const Digest *d, uint64_t from, void *buf, size_t n, size_t *got);
/* The same piece by piece, n UINT64_MAX: to the end.  What sink was given counts only when OK comes. */
typedef Err StoreSink(Ctx *cx, void *arg, const void *bytes, size_t n);
MUST_USE Err store_stream(Ctx *cx, Store *s, const Digest *d, uint64_t from, uint64_t n, StoreSink *sink, void *arg);
/* Map a raw object read-only.  ERR_BAD_INPUT it is not raw. */
MUST_USE Err store_map(Ctx *cx, Store *s, const Digest *d, StoreMap *out);
void store_unmap(Ctx *cx, Store *s, StoreMap *m);                  /* zeroed is fine */
/* Remove a raw object at once: for words that must not stay.  Nothing there is fine.  Everything else is swept (gc). */
MUST_USE Err store_remove_raw(Ctx *cx, Store *s, const Digest *d);
/* Read it all and compare with its name. */
MUST_USE Err store_verify(Ctx *cx, Store *s, const Digest *d);

MUST_USE Err store_has(Ctx *cx, Store *s, const Digest *d, bool *has);
MUST_USE Err store_look(Ctx *cx, Store *s, const Digest *d, StoreInfo *out);     /* ERR_NOT_FOUND */
/* Every object, in no order, each digest once for each place where it lies, until `each` returns not OK. */
MUST_USE Err store_list(Ctx *cx, Store *s, Err (*each)(void *arg, const Digest *d, const StoreInfo *info), void *arg);

/* Bring to one store all that another has and it has not; each object is checked on the way.  What was brought stays when the
** rest fails, so doing it again goes on.  Several threads; constant memory but for 100 bytes an object.  Shows progress. */
typedef struct StoreCopyOut { uint64_t objects, bytes, there; } StoreCopyOut;      /* brought (bytes as stored); there before */
MUST_USE Err store_copy(Ctx *cx, Store *from, Store *to, StoreCopyOut *out);

/* Small files of other rooms beside the objects of a remote: "ledgers/NAME", at most 119 bytes.  They may be put anew. */
#define STORE_SIDE "ledgers"
MUST_USE Err store_side_put(Ctx *cx, Store *s, const char *name, const void *bytes, size_t n);
MUST_USE Err store_side_get(Ctx *cx, Store *s, const char *name, size_t max, void **bytes, size_t *n);  /* owned: ctx_put.  ERR_NOT_FOUND; ERR_LIMIT */
typedef Err StoreSideEach(void *arg, const char *name, uint64_t bytes);
MUST_USE Err store_side_list(Ctx *cx, Store *s, StoreSideEach *each, void *arg);

/* Remove what nobody names.  roots is called once and gives the digest of every object that must stay (its pieces stay by themselves);
** it reads the tables after the lease is taken.  What was put or put again within a day stays too, so an add that is under way
** loses nothing; a pack whose objects are partly kept stays while it was dated within a day.  Only a folder.
** Errors: ERR_REFUSED another gc runs; ERR_CORRUPT an index or a recipe is damaged: nothing was removed; those of roots. */
typedef Err StoreKeep(void *to, const Digest *d);
typedef struct StoreGcIn {
    Err (*roots)(Ctx *cx, void *arg, StoreKeep *keep, void *to);
    void *arg;
    int64_t spare_us;              /* 0: a day */
    bool dry_run;
} StoreGcIn;
typedef struct StoreGcOut { uint64_t objects, kept, spared, removed, freed; } StoreGcOut;      /* freed: bytes */
MUST_USE Err store_gc(Ctx *cx, Store *s, const StoreGcIn *in, StoreGcOut *out);

/* Look at every byte.  each is told of every fault, by one thread at a time: the blob, the byte in it where the damaged piece begins,
** the object if it is known, in words what is wrong.  OK also when there are faults: out->faults.
** repair: the indexes are built anew from what is sound in the packs (a damaged object is then not there any more). */
typedef struct StoreFault { const char *where; uint64_t byte; const Digest *object; const char *what; } StoreFault;    /* object: NULL unknown */
typedef Err StoreFaultEach(void *arg, const StoreFault *fault);
typedef struct StoreFsckOut { uint64_t objects, bytes, packs, indexes, faults; bool rebuilt; } StoreFsckOut;
MUST_USE Err store_fsck(Ctx *cx, Store *s, bool repair, StoreFaultEach *each, void *arg, StoreFsckOut *out);

/* A path in tmp/ that nobody else has, for a file that the caller writes and removes.  ERR_LIMIT */
MUST_USE Err store_tmp_path(Ctx *cx, Store *s, const char *name, char path[STORE_PATH_MAX]);
/* Remove what killed processes left in tmp/ more than a day ago. */
MUST_USE Err store_tidy(Ctx *cx, Store *s);

/* A lease is held by a living process and falls when it dies, however it dies.  name: [a-z0-9-]+, at most STORE_NAME_MAX.
** store_lease_take: ERR_REFUSED somebody holds it. */
MUST_USE Err store_lease_take(Ctx *cx, Store *s, const char *name, StoreLease *out);
MUST_USE Err store_lease_held(Ctx *cx, Store *s, const char *name, bool *held);
void store_lease_drop(StoreLease *l);                              /* not held is fine */

/* What others put under an address of S3 or HDFS (one file, or all below it), into a folder that is there: their bytes as they are.
** changed_us: of the newest.  Errors: ERR_NOT_FOUND nothing is there; ERR_BAD_INPUT a name that would leave the folder; ERR_IO it
** changed meanwhile; those of store_open. */
typedef struct StoreOutside { uint64_t files, bytes; int64_t changed_us; } StoreOutside;
MUST_USE Err store_copy_outside(Ctx *cx, const char *address, const char *folder, StoreOutside *out);

#endif

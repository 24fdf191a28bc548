/* store/store.h -- bytes named by their SHA-256.  Kinds: a folder.
**
** An object never changes and is named by the digest of its content.  It is
** written in tmp/, synced, then renamed, so it is there whole or not at all.
** Objects are compressed, except those put raw: these lie as they are,
** page-aligned and read-only, to be mapped.  Format: doc/formats/store.md
** A handle may be used by one thread at a time; many processes may share a folder.
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
    int64_t changed_us;            /* put, or last put again */
} StoreInfo;

typedef struct StoreMap { const void *at; size_t n; } StoreMap;      /* at: page-aligned; NULL when n is 0 */
typedef struct StoreLease { char path[STORE_PATH_MAX]; int fd; } StoreLease;

/* Make what a store needs below `folder` (objects/, tmp/); there already is fine. */
MUST_USE Err store_make(Ctx *cx, const char *folder);              /* ERR_NOT_FOUND its parent; ERR_DENIED; ERR_IO */
void store_make_private(const char *folder);                       /* only its owner may enter; a hint */
/* Errors: ERR_NOT_FOUND no store there; ERR_DENIED the folder belongs to a stranger, or anybody may write to it. */
MUST_USE Err store_open(Ctx *cx, const char *folder, Store **out);
void store_close(Ctx *cx, Store *s);                               /* NULL is fine */

/* Keep bytes; OK means they survive a power cut.  What is there already is not written again.
** Errors: ERR_IO disk full or failing; ERR_DENIED; ERR_NOMEM.  Nothing half-written is ever seen. */
MUST_USE Err store_put(Ctx *cx, Store *s, const void *bytes, size_t n, StoreForm form, Digest *out);
/* The same from a file (or pipe) of any size, in constant memory; *bytes (may be NULL) says how many.
** Also ERR_NOT_FOUND, ERR_BAD_INPUT it is a folder, ERR_INTERRUPTED, ERR_TIME.  Shows progress. */
MUST_USE Err store_put_file(Ctx *cx, Store *s, const char *path, StoreForm form, Digest *out, uint64_t *bytes);
/* Only the name that a file's bytes would have. */
MUST_USE Err store_digest_file(Ctx *cx, const char *path, Digest *out, uint64_t *bytes);

/* Read; the bytes are checked against the name before OK.  max: ERR_LIMIT if there are more.
** Errors: ERR_NOT_FOUND no such object; ERR_CORRUPT damaged; ERR_LIMIT; ERR_IO; ERR_NOMEM. */
MUST_USE Err store_get(Ctx *cx, Store *s, const Digest *d, size_t max, void **bytes, size_t *n);   /* owned: ctx_put; a NUL follows */
/* Into the file `path`, whole or not at all, in constant memory. */
MUST_USE Err store_get_file(Ctx *cx, Store *s, const Digest *d, const char *path);
/* Map a raw object read-only.  ERR_BAD_INPUT it is not raw. */
MUST_USE Err store_map(Ctx *cx, Store *s, const Digest *d, StoreMap *out);
void store_unmap(Ctx *cx, Store *s, StoreMap *m);                  /* zeroed is fine */
/* Read it all and compare with its name. */
MUST_USE Err store_verify(Ctx *cx, Store *s, const Digest *d);

MUST_USE Err store_has(Ctx *cx, Store *s, const Digest *d, bool *has);
MUST_USE Err store_look(Ctx *cx, Store *s, const Digest *d, StoreInfo *out);     /* ERR_NOT_FOUND */
/* Every object, in no order, each digest once a form, until `each` returns not OK. */
MUST_USE Err store_list(Ctx *cx, Store *s, Err (*each)(void *arg, const Digest *d, const StoreInfo *info), void *arg);

/* A path in tmp/ that nobody else has, for a file that the caller writes and removes.  ERR_LIMIT */
MUST_USE Err store_tmp_path(Ctx *cx, Store *s, const char *name, char path[STORE_PATH_MAX]);
/* Remove what killed processes left in tmp/ more than a day ago. */
MUST_USE Err store_tidy(Ctx *cx, Store *s);

/* A lease is held by a living process and falls when it dies, however it dies.  name: [a-z0-9-]+, at most STORE_NAME_MAX.
** store_lease_take: ERR_REFUSED somebody holds it. */
MUST_USE Err store_lease_take(Ctx *cx, Store *s, const char *name, StoreLease *out);
MUST_USE Err store_lease_held(Ctx *cx, Store *s, const char *name, bool *held);
void store_lease_drop(StoreLease *l);                              /* not held is fine */

#endif

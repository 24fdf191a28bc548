/* store/inner.h -- what a kind of store gives: places for named bytes.  store.c hashes and compresses. */
#ifndef STORE_INNER_H
#define STORE_INNER_H

#include "store/store.h"

/* Bytes on their way in, under a name nobody reads. */
typedef struct StorePut { Store *store; int fd; char path[STORE_PATH_MAX]; } StorePut;
/* Bytes on their way out. */
typedef struct StoreGet { Store *store; int fd; char path[STORE_PATH_MAX]; } StoreGet;

typedef struct StoreKind {
    const char *name;
    Err (*make)(Ctx *cx, const char *folder);
    Err (*open)(Ctx *cx, const char *folder, Store **out);
    void (*close)(Ctx *cx, Store *s);
    /* How many bytes lie there in this form; *there false when none do. */
    Err (*look)(Ctx *cx, Store *s, const Digest *d, StoreForm form, bool *there, uint64_t *stored, int64_t *changed_us);
    void (*redate)(Store *s, const Digest *d, StoreForm form);

    Err (*put_begin)(Ctx *cx, Store *s, StorePut *p);
    Err (*put_more)(Ctx *cx, StorePut *p, const void *bytes, size_t n);
    Err (*put_keep)(Ctx *cx, StorePut *p, const Digest *d, StoreForm form);   /* durable; p is done either way */
    void (*put_drop)(Ctx *cx, StorePut *p);                                   /* done already is fine */

    Err (*get_begin)(Ctx *cx, Store *s, const Digest *d, StoreForm form, StoreGet *g);
    Err (*get_more)(Ctx *cx, StoreGet *g, void *buf, size_t n, size_t *got);
    void (*get_end)(Ctx *cx, StoreGet *g);
    Err (*map)(Ctx *cx, Store *s, const Digest *d, StoreMap *out);
    void (*unmap)(Ctx *cx, StoreMap *m);

    Err (*list)(Ctx *cx, Store *s, Err (*each)(void *arg, const Digest *d, StoreForm form), void *arg);
    Err (*tmp_path)(Ctx *cx, Store *s, const char *name, char path[STORE_PATH_MAX]);
    Err (*tidy)(Ctx *cx, Store *s);
    Err (*lease_path)(Ctx *cx, Store *s, const char *name, char path[STORE_PATH_MAX]);
} StoreKind;

struct Store {
    const StoreKind *kind;
    char folder[STORE_PATH_MAX];
};

extern const StoreKind store_kind_folder;

#endif

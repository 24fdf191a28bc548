/* store/kinds/memory.c -- blobs in memory, for tests: "memory:" is empty at every opening and gone at closing. */
#include "store/inner.h"

#include <stdio.h>
#include <string.h>

typedef struct Piece {
    struct Piece *next;
    char name[BLOB_NAME_MAX];
    unsigned char *at;
    size_t n;
    int64_t changed_us;
    bool gone;                     /* replaced or removed; stays for those who read it, until the store is closed */
} Piece;

typedef struct Memory { Store base; pthread_mutex_t guard; pthread_rwlock_t sweep; Piece *first; } Memory;

typedef struct Growing { unsigned char *at; size_t n, cap; } Growing;

static Err memory_make(Ctx *cx, const char *where)
{
    (void)cx, (void)where;
    return OK;
}

static Err memory_open(Ctx *cx, const char *where, Store **out)
{
    Memory *m = ctx_get(cx, sizeof *m);
    *out = NULL;
    if (!m) return FAIL(cx, ERR_NOMEM, "opening a store in memory");
    m->base.kind = &store_kind_memory;
    snprintf(m->base.folder, sizeof m->base.folder, "%s", where);
    (void)pthread_mutex_init(&m->guard, NULL);
    (void)pthread_rwlock_init(&m->sweep, NULL);
    *out = &m->base;
    return OK;
}

static void memory_close(Ctx *cx, Store *s)
{
    Memory *m = (Memory *)s;
    while (m->first) {
        Piece *p = m->first;
        m->first = p->next;
        ctx_put(cx, p->at);
        ctx_put(cx, p);
    }
    pthread_mutex_destroy(&m->guard);
    pthread_rwlock_destroy(&m->sweep);
    ctx_put(cx, m);
}

static Piece *piece_of(Memory *m, const char *name)
{
    for (Piece *p = m->first; p; p = p->next)
        if (!p->gone && !strcmp(p->name, name)) return p;
    return NULL;
}

static Err memory_look(Ctx *cx, Store *s, const char *name, Blob *out)
{
    Memory *m = (Memory *)s;
    (void)cx;
    pthread_mutex_lock(&m->guard);
    const Piece *p = piece_of(m, name);
    *out = p ? (Blob){ true, p->n, p->changed_us } : (Blob){ 0 };
    pthread_mutex_unlock(&m->guard);
    return OK;
}

static Err memory_redate(Ctx *cx, Store *s, const char *name, bool *there)
{
    Memory *m = (Memory *)s;
    pthread_mutex_lock(&m->guard);
    Piece *p = piece_of(m, name);
    *there = p != NULL;
    if (p) p->changed_us = cx->world->clock->now_us(cx->world->clock->self);
    pthread_mutex_unlock(&m->guard);
    return OK;
}

static Err put_begin(Ctx *cx, Store *s, const char *name, StorePut *p)
{
    p->store = s;
    snprintf(p->name, sizeof p->name, "%s", name);
    p->own = ctx_get(cx, sizeof(Growing));
    return p->own ? OK : FAIL(cx, ERR_NOMEM, "keeping '%s' in memory", name);
}

static Err put_more(Ctx *cx, StorePut *p, const void *bytes, size_t n)
{
    Growing *g = p->own;
    if (n > g->cap - g->n) {
        size_t cap = g->cap ? g->cap : 4096;
        while (cap - g->n < n) cap *= 2;
        void *at = ctx_grow(cx, g->at, cap, 1);
        if (!at) return FAIL(cx, ERR_NOMEM, "keeping '%s' in memory", p->name);
        g->at = at;
        g->cap = cap;
    }
    if (n) memcpy(g->at + g->n, bytes, n);
    g->n += n;
    return OK;
}

static void put_drop(Ctx *cx, StorePut *p)
{
    Growing *g = p->own;
    if (!g) return;
    ctx_put(cx, g->at);
    ctx_put(cx, g);
    p->own = NULL;
}

static Err put_keep(Ctx *cx, StorePut *p)
{
    Memory *m = (Memory *)p->store;
    Growing *g = p->own;
    Piece *fresh = ctx_get(cx, sizeof *fresh);
    if (!fresh) {
        put_drop(cx, p);
        return FAIL(cx, ERR_NOMEM, "keeping '%s' in memory", p->name);
    }
    snprintf(fresh->name, sizeof fresh->name, "%s", p->name);
    fresh->at = g->at;
    fresh->n = g->n;
    fresh->changed_us = cx->world->clock->now_us(cx->world->clock->self);
    g->at = NULL;
    pthread_mutex_lock(&m->guard);
    Piece *old = piece_of(m, p->name);
    if (old) old->gone = true;
    fresh->next = m->first;
    m->first = fresh;
    pthread_mutex_unlock(&m->guard);
    put_drop(cx, p);
    return OK;
}

static Err memory_settle(Ctx *cx, Store *s, const char *name)
{
    (void)cx, (void)s, (void)name;
    return OK;
}

static Err get_begin(Ctx *cx, Store *s, const char *name, StoreGet *g)
{
    Memory *m = (Memory *)s;
    g->store = s;
    pthread_mutex_lock(&m->guard);
    g->own = piece_of(m, name);
    pthread_mutex_unlock(&m->guard);
    return g->own ? OK : FAIL(cx, ERR_NOT_FOUND, "'%s' is not in the store '%s'", name, s->folder);
}

static Err get_at(Ctx *cx, StoreGet *g, uint64_t at, void *buf, size_t n, size_t *got)
{
    const Piece *p = g->own;
    (void)cx;
    *got = at >= p->n ? 0 : p->n - (size_t)at < n ? p->n - (size_t)at : n;
    if (*got) memcpy(buf, p->at + at, *got);
    return OK;
}

static void get_end(Ctx *cx, StoreGet *g)
{
    (void)cx;
    g->own = NULL;
}

static Err memory_map(Ctx *cx, Store *s, const char *name, StoreMap *out)
{
    Memory *m = (Memory *)s;
    pthread_mutex_lock(&m->guard);
    const Piece *p = piece_of(m, name);
    *out = p ? (StoreMap){ p->n ? p->at : NULL, p->n } : (StoreMap){ 0 };
    pthread_mutex_unlock(&m->guard);
    return p ? OK : FAIL(cx, ERR_NOT_FOUND, "'%s' is not in the store '%s'", name, s->folder);
}

static void memory_unmap(Ctx *cx, Store *s, StoreMap *m)
{
    (void)cx, (void)s, (void)m;
}

static Err memory_list(Ctx *cx, Store *s, const char *under, bool facts, BlobEach *each, void *arg)
{
    Memory *m = (Memory *)s;
    size_t n = strlen(under);
    (void)cx, (void)facts;
    pthread_mutex_lock(&m->guard);
    const Piece *p = m->first;
    pthread_mutex_unlock(&m->guard);
    for (; p; p = p->next) {                                       /* pieces stay where they are until the store is closed */
        Blob b = { true, p->n, p->changed_us };
        if (p->gone || strncmp(p->name, under, n) || p->name[n] != '/') continue;
        Err err = each(arg, p->name, &b);
        if (err) return err;
    }
    return OK;
}

static Err memory_remove(Ctx *cx, Store *s, const char *name)
{
    Memory *m = (Memory *)s;
    (void)cx;
    pthread_mutex_lock(&m->guard);
    Piece *p = piece_of(m, name);
    if (p) p->gone = true;
    pthread_mutex_unlock(&m->guard);
    return OK;
}

static Err memory_lock(Ctx *cx, Store *s, bool alone, int *fd)
{
    Memory *m = (Memory *)s;
    (void)cx;
    *fd = 0;
    if (alone) pthread_rwlock_wrlock(&m->sweep);
    else pthread_rwlock_rdlock(&m->sweep);
    return OK;
}

static void memory_unlock(Store *s, int *fd)
{
    if (*fd == 0) pthread_rwlock_unlock(&((Memory *)s)->sweep);
    *fd = -1;
}

const StoreKind store_kind_memory = {
    .name = "memory",
    .scheme = "memory:",
    .piece = STORE_PIECE,
    .make = memory_make,
    .open = memory_open,
    .close = memory_close,
    .look = memory_look,
    .redate = memory_redate,
    .put_begin = put_begin,
    .put_more = put_more,
    .put_keep = put_keep,
    .put_drop = put_drop,
    .settle = memory_settle,
    .get_begin = get_begin,
    .get_at = get_at,
    .get_end = get_end,
    .map = memory_map,
    .unmap = memory_unmap,
    .list = memory_list,
    .remove = memory_remove,
    .lock = memory_lock,
    .unlock = memory_unlock,
};

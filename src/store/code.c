/* store/code.c -- zstd and SHA-256 for pieces that lie in memory whole, with memory kept from one to the next. */
#define ZSTD_STATIC_LINKING_ONLY   /* ZSTD_customMem, exported by every libzstd since 1.3 */
#include "store/inner.h"

#include <openssl/evp.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#define WORTH_MIN 64               /* bytes: less is not packed */

struct Coder {
    ZSTD_CCtx *pack;
    ZSTD_DCtx *unpack;
    EVP_MD_CTX *md;
    struct { unsigned char *at; size_t cap; } room[ROOMS];
};

static void *zstd_get(void *self, size_t n)
{
    const Alloc *a = self;
    return a->get(a->self, n);
}

static void zstd_put(void *self, void *p)
{
    const Alloc *a = self;
    a->put(a->self, p);
}

/* The world's memory, not a context's: a coder goes from one context to another. */
static ZSTD_customMem memory_of(const Ctx *cx)
{
    return (ZSTD_customMem){ zstd_get, zstd_put, (void *)(uintptr_t)cx->world->alloc };
}

Err coder_new(Ctx *cx, Coder **out)
{
    Coder *c = ctx_get(cx, sizeof *c);
    *out = NULL;
    if (!c) return FAIL(cx, ERR_NOMEM, "packing data");
    c->md = EVP_MD_CTX_new();
    if (!c->md || !EVP_DigestInit_ex(c->md, EVP_sha256(), NULL)) {
        coder_free(cx, c);
        return FAIL(cx, ERR_NOMEM, "starting a SHA-256");
    }
    *out = c;
    return OK;
}

void coder_free(Ctx *cx, Coder *c)
{
    if (!c) return;
    ZSTD_freeCCtx(c->pack);
    ZSTD_freeDCtx(c->unpack);
    EVP_MD_CTX_free(c->md);
    for (int i = 0; i < ROOMS; i++) ctx_put(cx, c->room[i].at);
    ctx_put(cx, c);
}

void coder_hash(Coder *c, const void *bytes, size_t n, Digest *out)
{
    CHECK_ALWAYS(EVP_DigestInit_ex(c->md, NULL, NULL) == 1);       /* the same hash again costs no look-up */
    if (n) CHECK_ALWAYS(EVP_DigestUpdate(c->md, bytes, n) == 1);
    CHECK_ALWAYS(EVP_DigestFinal_ex(c->md, out->at, NULL) == 1);
}

Err coder_room(Ctx *cx, Coder *c, CoderRoom which, size_t n, unsigned char **out)
{
    *out = c->room[which].at;
    if (n < 1) n = 1;
    if (c->room[which].cap >= n) return OK;
    size_t cap = n < STORE_PIECE ? STORE_PIECE : n + n / 4;
    ctx_put(cx, c->room[which].at);
    c->room[which].cap = 0;
    const Alloc *a = cx->world->alloc;
    c->room[which].at = *out = a->get(a->self, cap);               /* not cleared: it is written before it is read */
    if (!*out) return FAIL(cx, ERR_NOMEM, "%zu bytes for a piece of an object", cap);
    c->room[which].cap = cap;
    return OK;
}

Err coder_borrow(Ctx *cx, Store *s, Coder **out)
{
    *out = NULL;
    pthread_mutex_lock(&s->lock);
    if (s->coders_n) *out = s->coder[--s->coders_n];
    pthread_mutex_unlock(&s->lock);
    if (!*out) TRY(cx, coder_new(cx, out));
    return OK;
}

void coder_return(Ctx *cx, Store *s, Coder *c)
{
    if (!c) return;
    pthread_mutex_lock(&s->lock);
    bool kept = s->coders_n < CODERS_KEPT;
    if (kept) s->coder[s->coders_n++] = c;
    pthread_mutex_unlock(&s->lock);
    if (!kept) coder_free(cx, c);
}

static Err pack_ready(Ctx *cx, Coder *c, size_t n)
{
    if (c->pack) return OK;
    c->pack = ZSTD_createCCtx_advanced(memory_of(cx));
    if (!c->pack) return FAIL(cx, ERR_NOMEM, "packing %zu bytes", n);
    size_t bad = ZSTD_CCtx_setParameter(c->pack, ZSTD_c_compressionLevel, STORE_LEVEL);
    return ZSTD_isError(bad) ? FAIL(cx, ERR_BUG, "setting up zstd: %s", ZSTD_getErrorName(bad)) : OK;
}

Err coder_pack(Ctx *cx, Coder *c, const void *bytes, size_t n, const void **out, size_t *out_n, bool *packed)
{
    *out = bytes;
    *out_n = n;
    *packed = false;
    if (n < WORTH_MIN) return OK;
    unsigned char *room;
    size_t cap = ZSTD_compressBound(n);
    TRY(cx, pack_ready(cx, c, n));
    TRY(cx, coder_room(cx, c, ROOM_PACKED, cap, &room));
    size_t got = ZSTD_compress2(c->pack, room, cap, bytes, n);
    if (ZSTD_isError(got)) {
        if (ZSTD_getErrorCode(got) == ZSTD_error_memory_allocation) return FAIL(cx, ERR_NOMEM, "packing %zu bytes", n);
        return FAIL(cx, ERR_BUG, "packing %zu bytes: %s", n, ZSTD_getErrorName(got));
    }
    if (got >= n - n / 32) return OK;                              /* hardly smaller: reading is quicker as it is */
    *out = room;
    *out_n = got;
    *packed = true;
    return OK;
}

Err coder_unpack(Ctx *cx, Coder *c, const void *bytes, size_t stored, void *to, size_t n, bool *sound)
{
    *sound = false;
    if (!c->unpack) c->unpack = ZSTD_createDCtx_advanced(memory_of(cx));
    if (!c->unpack) return FAIL(cx, ERR_NOMEM, "unpacking %zu bytes", n);
    size_t got = ZSTD_decompressDCtx(c->unpack, to, n, bytes, stored);
    if (ZSTD_isError(got) && ZSTD_getErrorCode(got) == ZSTD_error_memory_allocation)
        return FAIL(cx, ERR_NOMEM, "unpacking %zu bytes", n);
    *sound = got == n;
    return OK;
}

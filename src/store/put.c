/* store/put.c -- one object at a time, in a file of its own: packed by zstd, or raw.
**
** Putting a file reads it twice: once for its name, so that what is there already costs no compression, and once to
** pack it.  A file that changes in between is noticed by its second hash.  Memory is the codec's few megabytes,
** whatever the size.  zstd takes its memory from the context, like everyone.
*/
#define ZSTD_STATIC_LINKING_ONLY   /* ZSTD_customMem, exported by every libzstd since 1.3 */
#include "store/inner.h"

#include <stdio.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#define STORE_RECHECK_MAX ((uint64_t)16 << 20)     /* smaller objects are read again before a put trusts them */

static void *zstd_get(void *self, size_t n)
{
    const Alloc *a = ((Ctx *)self)->world->alloc;
    return a->get(a->self, n);
}

static void zstd_put(void *self, void *p)
{
    ctx_put(self, p);
}

static ZSTD_customMem zstd_memory(Ctx *cx)
{
    return (ZSTD_customMem){ zstd_get, zstd_put, cx };
}

/* --- where bytes come from: memory, or a file read from its start --- */

typedef struct Source {
    const Files *files;
    int fd;
    const char *path;              /* NULL: memory */
    const unsigned char *at;
    size_t left;
} Source;

/* The next piece: from memory in place, from a file through buf. */
static Err source_next(Ctx *cx, Source *src, unsigned char *buf, const unsigned char **at, size_t *n)
{
    if (!src->path) {
        *n = src->left < STORE_PIECE ? src->left : STORE_PIECE;
        *at = src->at;
        src->at += *n;
        src->left -= *n;
        return OK;
    }
    *at = buf;
    TRY(cx, ctx_check(cx));
    Err err = src->files->read(src->files->self, src->fd, buf, STORE_PIECE, n);
    return err ? FAIL(cx, err, "reading '%s'", src->path) : OK;
}

/* --- putting --- */

typedef struct Packer { ZSTD_CCtx *z; unsigned char *out; size_t cap; Sum sum; } Packer;

static Err pack(Ctx *cx, StorePut *p, Packer *k, const unsigned char *at, size_t n, bool last)
{
    ZSTD_inBuffer in = { at, n, 0 };
    size_t left;
    do {
        ZSTD_outBuffer out = { k->out, k->cap, 0 };
        left = ZSTD_compressStream2(k->z, &out, &in, last ? ZSTD_e_end : ZSTD_e_continue);
        if (ZSTD_isError(left)) {
            if (ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation)
                return FAIL(cx, ERR_NOMEM, "packing %zu bytes", n);
            return FAIL(cx, ERR_IO, "packing failed: %s; the file changed while it was read",
                        ZSTD_getErrorName(left));
        }
        sum_more(&k->sum, k->out, out.pos);
        if (out.pos) TRY(cx, p->store->kind->put_more(cx, p, k->out, out.pos));
    } while (last ? left > 0 : in.pos < in.size);
    return OK;
}

static Err packer_init(Ctx *cx, Packer *k, uint64_t bytes)
{
    sum_start(&k->sum);
    k->cap = ZSTD_CStreamOutSize();
    k->out = ctx_get(cx, k->cap);
    k->z = ZSTD_createCCtx_advanced(zstd_memory(cx));
    if (!k->out || !k->z) return FAIL(cx, ERR_NOMEM, "packing %llu bytes", (unsigned long long)bytes);
    size_t bad = ZSTD_CCtx_setParameter(k->z, ZSTD_c_compressionLevel, STORE_LEVEL);
    if (!ZSTD_isError(bad)) bad = ZSTD_CCtx_setParameter(k->z, ZSTD_c_checksumFlag, 1);
    if (!ZSTD_isError(bad)) bad = ZSTD_CCtx_setPledgedSrcSize(k->z, bytes);
    return ZSTD_isError(bad) ? FAIL(cx, ERR_BUG, "setting up zstd: %s", ZSTD_getErrorName(bad)) : OK;
}

static void packer_clear(Ctx *cx, Packer *k)
{
    ZSTD_freeCCtx(k->z);
    ctx_put(cx, k->out);
}

/* Write what src gives, hashing it on the way; it must turn out to be `want`, of `bytes` bytes. */
static Err put_pieces(Ctx *cx, StorePut *p, StoreForm form, Source *src, const Digest *want, uint64_t bytes)
{
    Hasher *h = NULL;
    Packer k = { 0 };
    Digest got;
    unsigned char *buf = NULL, tail[LOOSE_TAIL_BYTES];
    const unsigned char *at;
    size_t n = 1;
    uint64_t done = 0;
    Err err = OK;
    if (form == STORE_PACKED) TRY_DONE(cx, packer_init(cx, &k, bytes));
    if (src->path) GET_DONE(cx, buf, STORE_PIECE, "reading '%s'", src->path);
    TRY_DONE(cx, hash_start(cx, &h));
    while (n) {
        TRY_DONE(cx, source_next(cx, src, buf, &at, &n));
        hash_more(h, at, n);
        done += n;
        if (form == STORE_PACKED) TRY_DONE(cx, pack(cx, p, &k, at, n, n == 0));
        else if (n) TRY_DONE(cx, p->store->kind->put_more(cx, p, at, n));
        if (src->path) ctx_step(cx, "keeping the data", (double)done, (double)bytes);
    }
    hash_end(cx, h, &got);
    h = NULL;
    if (form == STORE_PACKED) {
        object_tail(sum_end(&k.sum), tail);
        TRY_DONE(cx, p->store->kind->put_more(cx, p, tail, sizeof tail));
    }
    if (done != bytes || !digest_same(&got, want))
        err = FAIL(cx, ERR_IO, "'%s' changed while it was read; try again when nobody writes to it",
                   src->path ? src->path : "data");
done:
    hash_end(cx, h, NULL);
    packer_clear(cx, &k);
    ctx_put(cx, buf);
    return err;
}

/* Date a blob anew, so that no sweep takes it for a day; *there false when it is gone. */
Err blob_redate(Ctx *cx, Store *s, const char *name, bool *there)
{
    int fd = -1;
    TRY(cx, s->kind->lock(cx, s, false, &fd));
    Err err = s->kind->redate(cx, s, name, there);
    s->kind->unlock(s, &fd);
    return err;
}

/* A copy of it that serves, dated anew. */
static Err one_there(Ctx *cx, Store *s, const Digest *d, StoreForm form, uint64_t bytes, bool *there)
{
    char name[BLOB_NAME_MAX];
    uint64_t size = 0;
    Blob b;
    *there = false;
    TRY(cx, loose_look(cx, s, d, form, &b));
    if (!b.there) return OK;
    size = b.size;
    Err err = form == STORE_PACKED ? loose_size(cx, s, d, &size) : OK;
    if (!err && size == bytes && bytes <= STORE_RECHECK_MAX) {
        Sink none = { NULL };
        err = loose_read(cx, s, d, form, 0, UINT64_MAX, &none);
    }
    if (err == ERR_CORRUPT || err == ERR_NOT_FOUND || (!err && size != bytes)) return OK;   /* so putting again heals it */
    TRY(cx, err);
    object_name(d, form, name);
    return blob_redate(cx, s, name, there);
}

Err entry_glance(Ctx *cx, Store *s, const Entry *e)
{
    unsigned char *room;
    const unsigned char *stored;
    Coder *c;
    if (e->stored > ENTRY_STORED_MAX) return object_damaged(cx, s, &e->d, NULL);
    TRY(cx, coder_borrow(cx, s, &c));
    Err err = coder_room(cx, c, ROOM_READ, ENTRY_HEAD_BYTES + (size_t)e->stored, &room);
    if (!err) err = packs_read(cx, s, e, room, &stored);
    coder_return(cx, s, c);
    return err;
}

Err entry_there(Ctx *cx, Store *s, const Digest *d, uint64_t bytes, Entry *e, bool *there)
{
    char name[BLOB_NAME_MAX];
    for (size_t nth = 0;; nth++) {
        TRY(cx, packs_find(cx, s, d, nth, false, e, there));
        if (!*there) return OK;
        if (e->bytes != bytes) continue;
        Err err = entry_glance(cx, s, e);
        if (err == ERR_CORRUPT || err == ERR_NOT_FOUND) continue;
        TRY(cx, err);
        pack_name(&e->pack, ".pack", name);
        TRY(cx, blob_redate(cx, s, name, there));
        if (*there) return OK;
    }
}

/* Is it there already, in a form that serves, and sound as far as a glance shows?  Then it counts as put now. */
static Err there_already(Ctx *cx, Store *s, const Digest *d, uint64_t bytes, StoreForm form, bool *there)
{
    Entry e;
    TRY(cx, one_there(cx, s, d, STORE_RAW, bytes, there));
    if (*there || form == STORE_RAW) return OK;
    TRY(cx, one_there(cx, s, d, STORE_PACKED, bytes, there));
    if (*there) return OK;
    TRY(cx, packs_find(cx, s, d, 0, true, &e, there));
    return *there ? entry_there(cx, s, d, bytes, &e, there) : OK;
}

static Err keep(Ctx *cx, Store *s, StorePut *p)
{
    int fd = -1;
    Err err = s->kind->lock(cx, s, false, &fd);
    if (!err) err = s->kind->put_keep(cx, p);
    s->kind->unlock(s, &fd);
    return err ? err : s->kind->settle(cx, s, p->name);
}

static Err put_named(Ctx *cx, Store *s, StoreForm form, Source *src, const Digest *d, uint64_t bytes)
{
    StorePut p = { .fd = -1 };
    char name[BLOB_NAME_MAX];
    bool there = false;
    Err err = OK;
    TRY(cx, there_already(cx, s, d, bytes, form, &there));
    if (there) return OK;
    object_name(d, form, name);
    TRY_DONE(cx, s->kind->put_begin(cx, s, name, &p));
    TRY_DONE(cx, put_pieces(cx, &p, form, src, d, bytes));
    TRY_DONE(cx, keep(cx, s, &p));
done:
    s->kind->put_drop(cx, &p);
    return err;
}

/* Large content goes into packs, cut: a batch of one. */
static Err put_large(Ctx *cx, Store *s, const void *bytes, size_t n, const char *path, Digest *out, uint64_t *all)
{
    StoreBatch *b = NULL;
    Digest d;
    uint64_t k = n;
    TRY(cx, store_batch_begin(cx, s, &b));
    Err err = path ? store_batch_put_file(cx, b, path, &d, &k) : store_batch_put(cx, b, bytes, n, &d);
    if (!err) err = store_batch_commit(cx, b);
    store_batch_end(cx, b);
    if (err) return err;
    *out = d;
    if (all) *all = k;
    return OK;
}

Err store_put(Ctx *cx, Store *s, const void *bytes, size_t n, StoreForm form, Digest *out)
{
    Source src = { .at = bytes, .left = n };
    Digest d;
    memset(out, 0, sizeof *out);
    if (form == STORE_PACKED && n > SMALL_MAX) return put_large(cx, s, bytes, n, NULL, out, NULL);
    TRY(cx, hash_bytes(cx, bytes, n, &d));
    TRY(cx, put_named(cx, s, form, &src, &d, n));
    *out = d;
    return OK;
}

static Err hash_source(Ctx *cx, Source *src, uint64_t size, Digest *out, uint64_t *bytes)
{
    Hasher *h = NULL;
    const unsigned char *at;
    size_t n = 1;
    Err err = OK;
    unsigned char *buf = ctx_get(cx, STORE_PIECE);
    if (!buf) return FAIL(cx, ERR_NOMEM, "reading '%s'", src->path);
    *bytes = 0;
    TRY_DONE(cx, hash_start(cx, &h));
    while (n) {
        TRY_DONE(cx, source_next(cx, src, buf, &at, &n));
        hash_more(h, at, n);
        *bytes += n;
        ctx_step(cx, "fingerprinting the data", (double)*bytes, (double)size);
    }
    hash_end(cx, h, out);
    h = NULL;
done:
    hash_end(cx, h, NULL);
    ctx_put(cx, buf);
    return err;
}

static Err source_open(Ctx *cx, const char *path, Source *src, FileInfo *info)
{
    const Files *f = cx->world->files;
    *src = (Source){ .files = f, .fd = -1, .path = path };
    Err err = f->look(f->self, path, info);
    if (err) return FAIL(cx, err, "reading '%s'", path);
    if (info->type == FILE_NONE) return FAIL(cx, ERR_NOT_FOUND, "no file '%s'", path);
    if (info->type == FILE_FOLDER) return FAIL(cx, ERR_BAD_INPUT, "'%s' is a folder, not a file", path);
    err = f->open(f->self, path, FILE_READ, &src->fd);
    if (!err) return OK;
    src->fd = -1;
    return FAIL(cx, err, "reading '%s'", path);
}

static void source_close(Source *src)
{
    if (src->fd >= 0) src->files->close(src->files->self, src->fd);
    src->fd = -1;
}

Err store_digest_file(Ctx *cx, const char *path, Digest *out, uint64_t *bytes)
{
    Source src;
    FileInfo info;
    uint64_t n = 0;
    memset(out, 0, sizeof *out);
    if (bytes) *bytes = 0;
    TRY(cx, source_open(cx, path, &src, &info));
    Err err = hash_source(cx, &src, info.size, out, &n);
    source_close(&src);
    if (bytes && !err) *bytes = n;
    return err;
}

/* A pipe can be read once only: pour it into tmp/ first. */
static Err pour(Ctx *cx, Source *src, const char *path)
{
    const Files *f = cx->world->files;
    const unsigned char *at;
    size_t n = 1;
    int fd = -1;
    Err err = OK;
    unsigned char *buf = ctx_get(cx, STORE_PIECE);
    if (!buf) return FAIL(cx, ERR_NOMEM, "reading '%s'", src->path);
    err = f->open(f->self, path, FILE_CREATE, &fd);
    if (err) {
        fd = -1;
        err = FAIL(cx, err, "writing '%s'", path);
        goto done;
    }
    while (n) {
        TRY_DONE(cx, source_next(cx, src, buf, &at, &n));
        err = n ? f->write(f->self, fd, at, n) : OK;
        if (err) {
            err = FAIL(cx, err, "writing '%s': the disk is full or failing", path);
            goto done;
        }
    }
done:
    if (fd >= 0) f->close(f->self, fd);
    ctx_put(cx, buf);
    return err;
}

static Err put_plain(Ctx *cx, Store *s, const char *path, StoreForm form, Digest *out, uint64_t *bytes)
{
    Source src;
    FileInfo info;
    Digest d;
    uint64_t n = 0;
    TRY(cx, store_digest_file(cx, path, &d, &n));
    TRY(cx, source_open(cx, path, &src, &info));
    Err err = put_named(cx, s, form, &src, &d, n);
    source_close(&src);
    if (err) return err;
    *out = d;
    if (bytes) *bytes = n;
    return OK;
}

Err store_put_file(Ctx *cx, Store *s, const char *path, StoreForm form, Digest *out, uint64_t *bytes)
{
    Source src;
    FileInfo info;
    char spool[STORE_PATH_MAX];
    memset(out, 0, sizeof *out);
    if (bytes) *bytes = 0;
    const Files *f = cx->world->files;
    Err err = f->look(f->self, path, &info);
    if (err) return FAIL(cx, err, "reading '%s'", path);
    if (form == STORE_PACKED && (info.type == FILE_OTHER || info.size > SMALL_MAX) && info.type != FILE_FOLDER)
        return put_large(cx, s, NULL, 0, path, out, bytes);        /* a pipe is opened once */
    TRY(cx, source_open(cx, path, &src, &info));
    if (info.type == FILE_PLAIN) {
        source_close(&src);
        return put_plain(cx, s, path, form, out, bytes);
    }
    err = store_tmp_path(cx, s, "pipe", spool);
    if (!err) {
        err = pour(cx, &src, spool);
        if (!err) err = put_plain(cx, s, spool, form, out, bytes);
        (void)f->remove(f->self, spool);
    }
    source_close(&src);
    return err;
}

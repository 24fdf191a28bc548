/* store/store.c -- hash, compress, check; where bytes lie is the kind's affair.
**
** Putting a file reads it twice: once for its name, so that what is there
** already costs no compression, and once to pack it.  A file that changes in
** between is noticed by its second hash.  Memory is the codec's few megabytes,
** whatever the size.  zstd takes its memory from the context, like everyone.
*/
#define ZSTD_STATIC_LINKING_ONLY   /* ZSTD_customMem, exported by every libzstd since 1.3 */
#include "store/inner.h"

#include "os/os.h"

#include <stdio.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#define STORE_LEVEL 1                              /* zstd: 2.5 times as fast as 3, tables hardly larger */
#define STORE_PIECE ((size_t)128 << 10)            /* bytes read and written at a time */
#define STORE_RECHECK_MAX ((uint64_t)16 << 20)     /* smaller objects are read again before a put trusts them */
#define STORE_FIRST_MAX ((uint64_t)16 << 20)       /* memory that a packed object's own word is believed for */

static void short_name(const Digest *d, char out[13])
{
    char hex[SHA256_TEXT_MAX];
    digest_text(d, hex);
    memcpy(out, hex, 12);
    out[12] = 0;
}

static Err damaged(Ctx *cx, const Store *s, const Digest *d)
{
    char hex[SHA256_TEXT_MAX];
    digest_text(d, hex);
    return FAIL(cx, ERR_CORRUPT, "the object '%.12s…' in '%s' is damaged: its bytes do not match its name; "
                "restore %s/objects/%.2s/%s from a copy, or remove it and put the data in again", hex, s->folder,
                s->folder, hex, hex + 2);
}

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

typedef struct Packer { ZSTD_CCtx *z; unsigned char *out; size_t cap; } Packer;

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
        if (out.pos) TRY(cx, p->store->kind->put_more(cx, p, k->out, out.pos));
    } while (last ? left > 0 : in.pos < in.size);
    return OK;
}

static Err packer_init(Ctx *cx, Packer *k, uint64_t bytes)
{
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
    unsigned char *buf = NULL;
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
    if (done != bytes || !digest_same(&got, want))
        err = FAIL(cx, ERR_IO, "'%s' changed while it was read; try again when nobody writes to it",
                   src->path ? src->path : "data");
done:
    hash_end(cx, h, NULL);
    packer_clear(cx, &k);
    ctx_put(cx, buf);
    return err;
}

/* Is it there already, in a form that serves, and sound as far as a glance shows?  Then it counts as put now. */
static Err there_already(Ctx *cx, Store *s, const Digest *d, uint64_t bytes, StoreForm form, bool *there)
{
    StoreInfo info;
    *there = false;
    Err err = store_look(cx, s, d, &info);
    if (err == ERR_NOT_FOUND || err == ERR_CORRUPT) return OK;
    TRY(cx, err);
    if (info.bytes != bytes || (form == STORE_RAW && info.form != STORE_RAW)) return OK;
    if (info.bytes <= STORE_RECHECK_MAX) {
        err = store_verify(cx, s, d);
        if (err == ERR_CORRUPT) return OK;                         /* so putting again heals it */
        TRY(cx, err);
    }
    s->kind->redate(s, d, info.form);
    *there = true;
    return OK;
}

static Err put_named(Ctx *cx, Store *s, StoreForm form, Source *src, const Digest *d, uint64_t bytes)
{
    StorePut p = { .fd = -1 };
    bool there = false;
    Err err = OK;
    TRY(cx, there_already(cx, s, d, bytes, form, &there));
    if (there) return OK;
    TRY_DONE(cx, s->kind->put_begin(cx, s, &p));
    TRY_DONE(cx, put_pieces(cx, &p, form, src, d, bytes));
    TRY_DONE(cx, s->kind->put_keep(cx, &p, d, form));
done:
    s->kind->put_drop(cx, &p);
    return err;
}

Err store_put(Ctx *cx, Store *s, const void *bytes, size_t n, StoreForm form, Digest *out)
{
    Source src = { .at = bytes, .left = n };
    Digest d;
    memset(out, 0, sizeof *out);
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
    TRY(cx, source_open(cx, path, &src, &info));
    if (info.type == FILE_PLAIN) {
        source_close(&src);
        TRY(cx, put_plain(cx, s, path, form, out, bytes));
        return OK;
    }
    const Files *f = cx->world->files;
    Err err = store_tmp_path(cx, s, "pipe", spool);
    if (!err) {
        err = pour(cx, &src, spool);
        if (!err) err = put_plain(cx, s, spool, form, out, bytes);
        (void)f->remove(f->self, spool);
    }
    source_close(&src);
    return err;
}

/* --- getting --- */

/* Takes the content piece by piece; nothing it was given counts until decode says OK. */
typedef Err (*Sink)(Ctx *cx, void *arg, const void *bytes, size_t n);

typedef struct Decode {
    Store *s;
    const Digest *d;
    StoreGet g;
    Hasher *h;
    ZSTD_DCtx *z;
    unsigned char *in, *out;
    bool whole;                    /* the last frame ended */
    Sink sink;
    void *arg;
} Decode;

static Err decode_piece(Ctx *cx, Decode *c, size_t n)
{
    ZSTD_inBuffer in = { c->in, n, 0 };
    bool more = true;
    if (!c->z) {
        hash_more(c->h, c->in, n);
        return c->sink ? c->sink(cx, c->arg, c->in, n) : OK;
    }
    while (in.pos < in.size || more) {
        ZSTD_outBuffer out = { c->out, STORE_PIECE, 0 };
        size_t left = ZSTD_decompressStream(c->z, &out, &in);
        if (ZSTD_isError(left)) {
            if (ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation)
                return FAIL(cx, ERR_NOMEM, "unpacking an object");
            return damaged(cx, c->s, c->d);
        }
        c->whole = left == 0;
        more = out.pos == out.size;                                /* there may be more behind a full buffer */
        hash_more(c->h, c->out, out.pos);
        if (c->sink && out.pos) TRY(cx, c->sink(cx, c->arg, c->out, out.pos));
        if (c->whole && in.pos == in.size) break;
    }
    return OK;
}

/* Read the whole object, give its content to sink, and compare it with its name. */
static Err decode(Ctx *cx, Store *s, const Digest *d, StoreForm form, Sink sink, void *arg)
{
    Decode c = { .s = s, .d = d, .g = { .fd = -1 }, .sink = sink, .arg = arg };
    Digest got;
    size_t n = 1;
    Err err = OK;
    TRY_DONE(cx, s->kind->get_begin(cx, s, d, form, &c.g));
    TRY_DONE(cx, hash_start(cx, &c.h));
    GET_DONE(cx, c.in, STORE_PIECE, "reading an object");
    if (form == STORE_PACKED) {
        GET_DONE(cx, c.out, STORE_PIECE, "reading an object");
        c.z = ZSTD_createDCtx_advanced(zstd_memory(cx));
        if (!c.z) {
            err = FAIL(cx, ERR_NOMEM, "reading an object");
            goto done;
        }
    }
    for (;;) {
        TRY_DONE(cx, s->kind->get_more(cx, &c.g, c.in, STORE_PIECE, &n));
        if (!n) break;
        TRY_DONE(cx, decode_piece(cx, &c, n));
    }
    hash_end(cx, c.h, &got);
    c.h = NULL;
    if ((c.z && !c.whole) || !digest_same(&got, d)) err = damaged(cx, s, d);
done:
    hash_end(cx, c.h, NULL);
    ZSTD_freeDCtx(c.z);
    ctx_put(cx, c.in);
    ctx_put(cx, c.out);
    s->kind->get_end(cx, &c.g);
    return err;
}

/* How many bytes a packed object says it holds, from its first bytes.  Only its word: decode checks. */
static Err packed_size(Ctx *cx, Store *s, const Digest *d, uint64_t *bytes)
{
    unsigned char head[ZSTD_FRAMEHEADERSIZE_MAX];
    StoreGet g = { .fd = -1 };
    size_t n = 0;
    TRY(cx, s->kind->get_begin(cx, s, d, STORE_PACKED, &g));
    Err err = s->kind->get_more(cx, &g, head, sizeof head, &n);
    s->kind->get_end(cx, &g);
    if (err) return err;
    unsigned long long size = ZSTD_getFrameContentSize(head, n);
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR) return damaged(cx, s, d);
    *bytes = size;
    return OK;
}

/* In which form it is there, and how many bytes are stored; not its content's size. */
static Err find(Ctx *cx, Store *s, const Digest *d, StoreInfo *out, bool *there)
{
    static const StoreForm forms[] = { STORE_RAW, STORE_PACKED };
    *out = (StoreInfo){ 0 };
    *there = false;
    for (size_t i = 0; i < 2 && !*there; i++) {
        out->form = forms[i];
        TRY(cx, s->kind->look(cx, s, d, out->form, there, &out->stored, &out->changed_us));
    }
    return OK;
}

static Err find_or_fail(Ctx *cx, Store *s, const Digest *d, StoreInfo *out)
{
    bool there;
    char name[13];
    TRY(cx, find(cx, s, d, out, &there));
    if (there) return OK;
    short_name(d, name);
    return FAIL(cx, ERR_NOT_FOUND, "the store '%s' has no object '%s…'", s->folder, name);
}

Err store_look(Ctx *cx, Store *s, const Digest *d, StoreInfo *out)
{
    TRY(cx, find_or_fail(cx, s, d, out));
    out->bytes = out->stored;
    if (out->form == STORE_PACKED) TRY(cx, packed_size(cx, s, d, &out->bytes));
    return OK;
}

Err store_has(Ctx *cx, Store *s, const Digest *d, bool *has)
{
    StoreInfo info;
    TRY(cx, find(cx, s, d, &info, has));
    return OK;
}

Err store_verify(Ctx *cx, Store *s, const Digest *d)
{
    StoreInfo info;
    TRY(cx, find_or_fail(cx, s, d, &info));
    TRY(cx, decode(cx, s, d, info.form, NULL, NULL));
    return OK;
}

typedef struct Collect { unsigned char *at; size_t n, cap, most; } Collect;

static Err collect(Ctx *cx, void *arg, const void *bytes, size_t n)
{
    Collect *c = arg;
    if (n > c->most - c->n) return FAIL(cx, ERR_CORRUPT, "an object holds more bytes than it says");
    if (c->n + n + 1 > c->cap) {
        size_t cap = c->cap;
        while (cap < c->n + n + 1) cap *= 2;
        void *at = ctx_grow(cx, c->at, cap, 1);
        if (!at) return FAIL(cx, ERR_NOMEM, "reading an object of %zu bytes", c->most);
        c->at = at;
        c->cap = cap;
    }
    memcpy(c->at + c->n, bytes, n);
    c->n += n;
    return OK;
}

Err store_get(Ctx *cx, Store *s, const Digest *d, size_t max, void **bytes, size_t *n)
{
    StoreInfo info;
    char name[13];
    *bytes = NULL;
    *n = 0;
    TRY(cx, store_look(cx, s, d, &info));
    if (info.bytes > max) {
        TRY(cx, store_verify(cx, s, d));                           /* is it large, or is its size damaged? */
        short_name(d, name);
        return FAIL(cx, ERR_LIMIT, "the object '%s…' is %llu bytes; the most is %zu", name,
                    (unsigned long long)info.bytes, max);
    }
    Collect c = { .most = (size_t)info.bytes };
    c.cap = (size_t)(info.bytes < STORE_FIRST_MAX ? info.bytes : STORE_FIRST_MAX) + 1;
    c.at = ctx_get(cx, c.cap);
    if (!c.at) return FAIL(cx, ERR_NOMEM, "reading an object of %zu bytes", c.most);
    Err err = decode(cx, s, d, info.form, collect, &c);
    if (err == ERR_CORRUPT) err = damaged(cx, s, d);
    if (err) {
        ctx_put(cx, c.at);
        return err;
    }
    c.at[c.n] = 0;
    *bytes = c.at;
    *n = c.n;
    return OK;
}

typedef struct Pour { const Files *f; int fd; const char *path; } Pour;

static Err pour_out(Ctx *cx, void *arg, const void *bytes, size_t n)
{
    Pour *p = arg;
    Err err = p->f->write(p->f->self, p->fd, bytes, n);
    return err ? FAIL(cx, err, "writing '%s': the disk is full or failing", p->path) : OK;
}

Err store_get_file(Ctx *cx, Store *s, const Digest *d, const char *path)
{
    const Files *f = cx->world->files;
    char fresh[STORE_PATH_MAX + 8], folder[STORE_PATH_MAX] = ".";
    StoreInfo info;
    size_t n = strlen(path);
    if (n >= STORE_PATH_MAX) return FAIL(cx, ERR_LIMIT, "the path '%.60s…' is too long", path);
    TRY(cx, find_or_fail(cx, s, d, &info));
    snprintf(fresh, sizeof fresh, "%s.new", path);
    const char *slash = strrchr(path, '/');
    if (slash) snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    Pour p = { .f = f, .fd = -1, .path = path };
    Err err = f->open(f->self, fresh, FILE_CREATE, &p.fd);
    if (err) return FAIL(cx, err, "writing '%s': its folder cannot be written to", path);
    err = decode(cx, s, d, info.form, pour_out, &p);
    Err bad = err ? OK : f->sync(f->self, p.fd);
    f->close(f->self, p.fd);
    if (!err && !bad) bad = f->rename(f->self, fresh, path);
    if (err || bad) (void)f->remove(f->self, fresh);
    if (!err && !bad) bad = f->sync_folder(f->self, folder);
    return bad ? FAIL(cx, bad, "writing '%s'", path) : err;
}

Err store_map(Ctx *cx, Store *s, const Digest *d, StoreMap *out)
{
    StoreInfo info;
    Digest got;
    char name[13];
    *out = (StoreMap){ 0 };
    TRY(cx, find_or_fail(cx, s, d, &info));
    if (info.form != STORE_RAW) {
        short_name(d, name);
        return FAIL(cx, ERR_BAD_INPUT, "the object '%s…' is packed and cannot be mapped", name);
    }
    TRY(cx, s->kind->map(cx, s, d, out));
    Err err = hash_bytes(cx, out->at, out->n, &got);
    if (!err && !digest_same(&got, d)) err = damaged(cx, s, d);
    if (err) store_unmap(cx, s, out);
    return err;
}

void store_unmap(Ctx *cx, Store *s, StoreMap *m)
{
    s->kind->unmap(cx, m);
    *m = (StoreMap){ 0 };
}

/* --- the rest --- */

typedef struct Listing {
    Ctx *cx;
    Store *s;
    Err (*each)(void *arg, const Digest *d, const StoreInfo *info);
    void *arg;
} Listing;

static Err list_one(void *arg, const Digest *d, StoreForm form)
{
    Listing *l = arg;
    StoreInfo info = { .form = form };
    bool there = false;
    TRY(l->cx, l->s->kind->look(l->cx, l->s, d, form, &there, &info.stored, &info.changed_us));
    if (!there) return OK;                                         /* gone since it was listed */
    info.bytes = info.stored;
    if (form == STORE_PACKED) {
        Err err = packed_size(l->cx, l->s, d, &info.bytes);
        if (err == ERR_CORRUPT) info.bytes = 0;                    /* store_verify tells */
        else if (err) return err;
    }
    return l->each(l->arg, d, &info);
}

Err store_list(Ctx *cx, Store *s, Err (*each)(void *arg, const Digest *d, const StoreInfo *info), void *arg)
{
    Listing l = { .cx = cx, .s = s, .each = each, .arg = arg };
    return s->kind->list(cx, s, list_one, &l);
}

Err store_make(Ctx *cx, const char *folder)
{
    TRY(cx, store_kind_folder.make(cx, folder));
    return OK;
}

void store_make_private(const char *folder)
{
    os_make_private(folder);
}

Err store_open(Ctx *cx, const char *folder, Store **out)
{
    *out = NULL;
    TRY(cx, store_kind_folder.open(cx, folder, out));
    return OK;
}

void store_close(Ctx *cx, Store *s)
{
    if (s) s->kind->close(cx, s);
}

Err store_tmp_path(Ctx *cx, Store *s, const char *name, char path[STORE_PATH_MAX])
{
    TRY(cx, s->kind->tmp_path(cx, s, name, path));
    return OK;
}

Err store_tidy(Ctx *cx, Store *s)
{
    TRY(cx, s->kind->tidy(cx, s));
    return OK;
}

Err store_lease_take(Ctx *cx, Store *s, const char *name, StoreLease *out)
{
    out->fd = -1;
    TRY(cx, s->kind->lease_path(cx, s, name, out->path));
    TRY(cx, os_lock_take(cx, out->path, &out->fd));
    if (out->fd < 0) return FAIL(cx, ERR_REFUSED, "'%s' is in use by another process", name);
    return OK;
}

Err store_lease_held(Ctx *cx, Store *s, const char *name, bool *held)
{
    char path[STORE_PATH_MAX];
    *held = false;
    TRY(cx, s->kind->lease_path(cx, s, name, path));
    TRY(cx, os_lock_held(cx, path, held));
    return OK;
}

void store_lease_drop(StoreLease *l)
{
    if (l->path[0]) os_lock_drop(l->path, &l->fd);
}

/* store/batch.c -- many objects, one sync: they go into one pack, its index comes last and makes them seen.
**
** Threads read, hash and pack side by side; one mutex guards the pack being written and the table of what is in it.
*/
#include "store/inner.h"

#include "os/os.h"

#include <stdio.h>
#include <string.h>

#define PACK_MAX ((uint64_t)512 << 20)
#define ENTRIES_MAX ((size_t)1 << 20)              /* in one pack */
#define FILES_A_PART ((size_t)32)
#define FIRST_SLOTS ((size_t)1024)

struct StoreBatch {
    Store *s;
    pthread_mutex_t lock;
    pthread_mutex_t large;         /* one large file at a time: cutting it takes all threads, and memory */
    PackWriter w;
    bool open;
    Entry *entry;
    size_t n, cap;
    uint32_t *slot;                /* entry + 1, found by its digest; 0: free */
    size_t slots;                  /* a power of two, at least twice n */
    PackId dated[16];              /* packs dated anew not long ago; the oldest is forgotten */
    size_t dated_n;
};

static size_t slot_of(const StoreBatch *b, const Digest *d)
{
    uint64_t k;
    memcpy(&k, d->at, sizeof k);
    size_t i = (size_t)k & (b->slots - 1);
    while (b->slot[i] && !digest_same(&b->entry[b->slot[i] - 1].d, d)) i = (i + 1) & (b->slots - 1);
    return i;
}

static Err room_for_one(Ctx *cx, StoreBatch *b)
{
    if (b->n == b->cap) {
        size_t cap = b->cap ? 2 * b->cap : FIRST_SLOTS / 2;
        Entry *e = ctx_grow(cx, b->entry, cap, sizeof *e);
        if (!e) return FAIL(cx, ERR_NOMEM, "a batch of %zu objects", cap);
        b->entry = e;
        b->cap = cap;
    }
    if (2 * b->n < b->slots) return OK;
    size_t slots = b->slots ? 2 * b->slots : FIRST_SLOTS;
    uint32_t *slot = ctx_get_n(cx, slots, sizeof *slot);
    if (!slot) return FAIL(cx, ERR_NOMEM, "a batch of %zu objects", slots);
    ctx_put(cx, b->slot);
    b->slot = slot;
    b->slots = slots;
    for (size_t i = 0; i < b->n; i++) slot[slot_of(b, &b->entry[i].d)] = (uint32_t)i + 1;
    return OK;
}

static void forget(Ctx *cx, StoreBatch *b)
{
    if (b->open) pack_drop(cx, &b->w);
    b->open = false;
    b->n = 0;
    if (b->slot) memset(b->slot, 0, b->slots * sizeof *b->slot);
}

/* With the lock: what was put is durable and seen. */
static Err seal(Ctx *cx, StoreBatch *b)
{
    char name[BLOB_NAME_MAX];
    Err err = OK;
    if (!b->open) return OK;
    b->open = false;
    err = pack_keep(cx, &b->w);
    if (!err) err = index_write(cx, b->s, b->entry, b->n, name);
    forget(cx, b);
    TRY(cx, err);
    TRY(cx, packs_refresh(cx, b->s));
    return packs_merge(cx, b->s);
}

/* With the lock. */
static Err add(Ctx *cx, StoreBatch *b, Entry *e, const void *stored)
{
    if (b->slots && b->slot[slot_of(b, &e->d)]) return OK;
    TRY(cx, room_for_one(cx, b));
    if (!b->open) TRY(cx, pack_begin(cx, b->s, &b->w));
    b->open = true;
    TRY(cx, pack_add(cx, &b->w, e, stored));
    b->slot[slot_of(b, &e->d)] = (uint32_t)b->n + 1;
    b->entry[b->n++] = *e;
    if (b->w.at >= PACK_MAX || b->n >= ENTRIES_MAX) TRY(cx, seal(cx, b));
    return OK;
}

Err batch_add(Ctx *cx, StoreBatch *b, Entry *e, const void *stored)
{
    pthread_mutex_lock(&b->lock);
    Err err = add(cx, b, e, stored);
    pthread_mutex_unlock(&b->lock);
    return err;
}

Store *batch_store(const StoreBatch *b)
{
    return b->s;
}

static bool batch_has(StoreBatch *b, const Digest *d)
{
    pthread_mutex_lock(&b->lock);
    bool has = b->slots && b->slot[slot_of(b, d)];
    pthread_mutex_unlock(&b->lock);
    return has;
}

/* Is it in a pack that stays for a day at least? */
static Err there_already(Ctx *cx, StoreBatch *b, const Digest *d, uint64_t bytes, bool *there)
{
    Entry e;
    TRY(cx, packs_find(cx, b->s, d, 0, false, &e, there));
    if (!*there) return OK;
    bool dated = false;
    pthread_mutex_lock(&b->lock);
    for (size_t i = 0; i < b->dated_n && !dated; i++) dated = !memcmp(b->dated[i].at, e.pack.at, PACK_ID_BYTES);
    pthread_mutex_unlock(&b->lock);
    if (dated && e.bytes == bytes) {
        Err err = entry_glance(cx, b->s, &e);
        if (err != ERR_CORRUPT && err != ERR_NOT_FOUND) return err;
    }
    TRY(cx, entry_there(cx, b->s, d, bytes, &e, there));
    if (!*there) return OK;
    pthread_mutex_lock(&b->lock);
    size_t most = sizeof b->dated / sizeof *b->dated;
    if (b->dated_n == most) memmove(b->dated, b->dated + 1, --b->dated_n * sizeof *b->dated);
    b->dated[b->dated_n++] = e.pack;
    pthread_mutex_unlock(&b->lock);
    return OK;
}

Err batch_known(Ctx *cx, StoreBatch *b, const Digest *d, uint64_t bytes, bool *there)
{
    *there = batch_has(b, d);
    return *there ? OK : there_already(cx, b, d, bytes, there);
}

Err batch_put(Ctx *cx, StoreBatch *b, Coder *c, const void *bytes, size_t n, bool *packed, Digest *out)
{
    Entry e = { .bytes = n };
    const void *stored = bytes;
    size_t stored_n = n;
    bool there, try_it = *packed;
    coder_hash(c, bytes, n, &e.d);
    *out = e.d;
    TRY(cx, batch_known(cx, b, &e.d, n, &there));
    *packed = true;
    if (there) return OK;
    *packed = false;
    if (try_it) TRY(cx, coder_pack(cx, c, bytes, n, &stored, &stored_n, packed));
    e.form = *packed ? ENTRY_ZSTD : ENTRY_PLAIN;
    e.stored = (uint32_t)stored_n;
    return batch_add(cx, b, &e, stored);
}

/* --- large content: from memory, or from a file whose first bytes were read --- */

typedef struct From {
    CutSource base;
    const unsigned char *at;
    size_t n;
    const Files *f;
    int fd;                        /* -1: nothing follows */
    const char *path;
} From;

static Err from_read(Ctx *cx, CutSource *self, void *buf, size_t n, size_t *got)
{
    From *from = (From *)self;
    size_t k = from->n < n ? from->n : n, more = 0;
    if (k) memcpy(buf, from->at, k);
    from->at += k;
    from->n -= k;
    *got = k;
    if (k == n || from->fd < 0) return OK;
    Err err = from->f->read(from->f->self, from->fd, (char *)buf + k, n - k, &more);
    *got += more;
    return err ? FAIL(cx, err, "reading '%s'", from->path) : OK;
}

static Err put_cut(Ctx *cx, StoreBatch *b, CutSource *src, Digest *out, uint64_t *bytes)
{
    pthread_mutex_lock(&b->large);
    Err err = cut_put(cx, b, src, out, bytes);
    pthread_mutex_unlock(&b->large);
    return err;
}

Err store_batch_put(Ctx *cx, StoreBatch *b, const void *bytes, size_t n, Digest *out)
{
    Coder *c;
    bool packed = true;
    memset(out, 0, sizeof *out);
    if (n > SMALL_MAX) {
        From from = { { from_read, n }, bytes, n, NULL, -1, NULL };
        uint64_t all;
        return put_cut(cx, b, &from.base, out, &all);
    }
    TRY(cx, coder_borrow(cx, b->s, &c));
    Err err = batch_put(cx, b, c, bytes, n, &packed, out);
    coder_return(cx, b->s, c);
    return err;
}

/* Why could it not be read? */
static Err unreadable(Ctx *cx, Err err, const char *path)
{
    const Files *f = cx->world->files;
    FileInfo info;
    Err bad = f->look(f->self, path, &info);
    if (!bad && info.type == FILE_NONE) return FAIL(cx, ERR_NOT_FOUND, "no file '%s'", path);
    if (!bad && info.type == FILE_FOLDER) return FAIL(cx, ERR_BAD_INPUT, "'%s' is a folder, not a file", path);
    return FAIL(cx, err, "reading '%s'", path);
}

/* Four system calls a small file: open, read, read nothing, close. */
static Err put_file(Ctx *cx, StoreBatch *b, Coder *c, StoreFile *file)
{
    const Files *f = cx->world->files;
    unsigned char *room;
    FileInfo info = { .size = 0 };
    size_t n = 0;
    int fd = -1;
    bool packed = true;
    Err err = OK;
    TRY(cx, coder_room(cx, c, ROOM_READ, SMALL_MAX + 1, &room));
    Err bad = f->open(f->self, file->path, FILE_READ, &fd);
    if (bad) return unreadable(cx, bad, file->path);
    bad = f->read(f->self, fd, room, SMALL_MAX + 1, &n);
    if (bad) {
        err = unreadable(cx, bad, file->path);
    } else if (n <= SMALL_MAX) {
        file->bytes = n;
        err = batch_put(cx, b, c, room, n, &packed, &file->digest);
    } else {
        (void)f->look(f->self, file->path, &info);                 /* only for progress */
        From from = { { from_read, info.size }, room, n, f, fd, file->path };
        err = put_cut(cx, b, &from.base, &file->digest, &file->bytes);
    }
    f->close(f->self, fd);
    return err;
}

typedef struct Many { StoreBatch *b; StoreFile *file; size_t n; } Many;

static Err many_part(Ctx *cx, void *self, size_t i)
{
    const Many *m = self;
    Coder *c;
    Err err = OK;
    TRY(cx, ctx_check(cx));
    TRY(cx, coder_borrow(cx, m->b->s, &c));
    for (size_t k = i * FILES_A_PART; k < m->n && k < (i + 1) * FILES_A_PART && !err; k++)
        err = put_file(cx, m->b, c, &m->file[k]);
    coder_return(cx, m->b->s, c);
    ctx_step(cx, "keeping the data", (double)(i * FILES_A_PART), (double)m->n);
    return err;
}

Err store_batch_put_files(Ctx *cx, StoreBatch *b, StoreFile *file, size_t n)
{
    Many m = { b, file, n };
    for (size_t i = 0; i < n; i++) file[i].bytes = 0, memset(&file[i].digest, 0, sizeof file[i].digest);
    return os_parts(cx, b->s->threads, (n + FILES_A_PART - 1) / FILES_A_PART, many_part, &m);
}

Err store_batch_put_file(Ctx *cx, StoreBatch *b, const char *path, Digest *out, uint64_t *bytes)
{
    StoreFile file = { .path = path };
    Coder *c;
    memset(out, 0, sizeof *out);
    if (bytes) *bytes = 0;
    TRY(cx, coder_borrow(cx, b->s, &c));
    Err err = put_file(cx, b, c, &file);
    coder_return(cx, b->s, c);
    if (err) return err;
    *out = file.digest;
    if (bytes) *bytes = file.bytes;
    return OK;
}

Err store_batch_begin(Ctx *cx, Store *s, StoreBatch **out)
{
    StoreBatch *b = ctx_get(cx, sizeof *b);
    *out = NULL;
    if (!b) return FAIL(cx, ERR_NOMEM, "beginning a batch");
    b->s = s;
    (void)pthread_mutex_init(&b->lock, NULL);
    (void)pthread_mutex_init(&b->large, NULL);
    Err err = packs_refresh(cx, s);                                /* what others put before now is known from here on */
    if (err) store_batch_end(cx, b);
    else *out = b;
    return err;
}

Err store_batch_commit(Ctx *cx, StoreBatch *b)
{
    pthread_mutex_lock(&b->lock);
    Err err = seal(cx, b);
    pthread_mutex_unlock(&b->lock);
    return err;
}

void store_batch_end(Ctx *cx, StoreBatch *b)
{
    if (!b) return;
    forget(cx, b);
    ctx_put(cx, b->entry);
    ctx_put(cx, b->slot);
    pthread_mutex_destroy(&b->large);
    pthread_mutex_destroy(&b->lock);
    ctx_put(cx, b);
}

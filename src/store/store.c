/* store/store.c -- the door: open, look, get, list.  Where bytes lie is the kind's affair; how an object lies, object.c's. */
#include "store/inner.h"

#include "os/os.h"

#include <stdio.h>
#include <string.h>

#define STORE_FIRST_MAX ((uint64_t)16 << 20)       /* memory that an object's own word about its size is believed for */

/* In which form it is there; not its content's size when packed in a file of its own. */
static Err find(Ctx *cx, Store *s, const Digest *d, StoreInfo *out, bool *there)
{
    static const StoreForm forms[] = { STORE_RAW, STORE_PACKED };
    Entry e;
    Blob b;
    *out = (StoreInfo){ 0 };
    for (size_t i = 0; i < 2; i++) {
        TRY(cx, loose_look(cx, s, d, forms[i], &b));
        if (!b.there) continue;
        *there = true;
        *out = (StoreInfo){ .form = forms[i], .bytes = b.size, .stored = b.size, .changed_us = b.changed_us };
        return OK;
    }
    TRY(cx, packs_find(cx, s, d, 0, true, &e, there));
    if (!*there) return OK;
    char name[BLOB_NAME_MAX];
    pack_name(&e.pack, ".pack", name);
    TRY(cx, s->kind->look(cx, s, name, &b));
    *out = (StoreInfo){ .form = STORE_PACKED, .bytes = e.bytes, .stored = ENTRY_HEAD_BYTES + (uint64_t)e.stored,
                        .changed_us = b.changed_us, .in_pack = true };
    return OK;
}

Err store_look(Ctx *cx, Store *s, const Digest *d, StoreInfo *out)
{
    bool there;
    TRY(cx, find(cx, s, d, out, &there));
    if (!there) return object_missing(cx, s, d);
    if (out->form == STORE_PACKED && !out->in_pack) TRY(cx, loose_size(cx, s, d, &out->bytes));
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
    Sink none = { NULL };
    return object_read(cx, s, d, 0, UINT64_MAX, &none);
}

typedef struct Collect { unsigned char *at; size_t n, cap, most; } Collect;

static Err collect_again(Ctx *cx, void *arg)
{
    (void)cx;
    ((Collect *)arg)->n = 0;
    return OK;
}

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

/* Its size as far as is known without reading it all; what is there and damaged counts as small: reading tells. */
static Err size_of(Ctx *cx, Store *s, const Digest *d, uint64_t *bytes)
{
    StoreInfo info;
    Entry e;
    bool there;
    TRY(cx, packs_find(cx, s, d, 0, false, &e, &there));           /* most lie here, and asking costs no disk */
    if (there) {
        *bytes = e.bytes;
        return OK;
    }
    Err err = store_look(cx, s, d, &info);
    *bytes = err ? 0 : info.bytes;
    return err == ERR_CORRUPT ? OK : err;
}

Err store_get(Ctx *cx, Store *s, const Digest *d, size_t max, void **bytes, size_t *n)
{
    uint64_t size = 0;
    char hex[SHA256_TEXT_MAX];
    *bytes = NULL;
    *n = 0;
    TRY(cx, size_of(cx, s, d, &size));
    if (size > max) {
        TRY(cx, store_verify(cx, s, d));                           /* is it large, or is its size damaged? */
        digest_text(d, hex);
        return FAIL(cx, ERR_LIMIT, "the object '%.12s…' is %llu bytes; the most is %zu", hex, (unsigned long long)size, max);
    }
    Collect c = { .most = max };
    Sink sink = { collect, collect_again, &c };
    c.cap = (size_t)(size < STORE_FIRST_MAX ? size : STORE_FIRST_MAX) + 1;
    c.at = ctx_get(cx, c.cap);
    if (!c.at) return FAIL(cx, ERR_NOMEM, "reading an object of %zu bytes", (size_t)size);
    Err err = object_read(cx, s, d, 0, UINT64_MAX, &sink);
    if (err) {
        ctx_put(cx, c.at);
        return err;
    }
    c.at[c.n] = 0;
    *bytes = c.at;
    *n = c.n;
    return OK;
}

typedef struct Range { unsigned char *at; size_t n, cap; } Range;

static Err range_more(Ctx *cx, void *arg, const void *bytes, size_t n)
{
    Range *r = arg;
    (void)cx;
    CHECK_ALWAYS(n <= r->cap - r->n);
    memcpy(r->at + r->n, bytes, n);
    r->n += n;
    return OK;
}

static Err range_again(Ctx *cx, void *arg)
{
    (void)cx;
    ((Range *)arg)->n = 0;
    return OK;
}

Err store_read_range(Ctx *cx, Store *s, const Digest *d, uint64_t from, void *buf, size_t n, size_t *got)
{
    Range r = { .at = buf, .cap = n };
    Sink sink = { range_more, range_again, &r };
    *got = 0;
    TRY(cx, object_read(cx, s, d, from, n, &sink));
    *got = r.n;
    return OK;
}

typedef struct Stream { StoreSink *sink; void *arg; bool began; } Stream;

static Err stream_more(Ctx *cx, void *arg, const void *bytes, size_t n)
{
    Stream *t = arg;
    t->began = true;
    return t->sink(cx, t->arg, bytes, n);
}

static Err stream_again(Ctx *cx, void *arg)
{
    Stream *t = arg;
    if (!t->began) return OK;
    return FAIL(cx, ERR_CORRUPT, "%s", cx->text);                  /* what was given cannot be taken back */
}

Err store_stream(Ctx *cx, Store *s, const Digest *d, uint64_t from, uint64_t n, StoreSink *sink, void *arg)
{
    Stream t = { .sink = sink, .arg = arg };
    Sink way = { stream_more, stream_again, &t };
    return object_read(cx, s, d, from, n, &way);
}

typedef struct Pour { const Files *f; int fd; const char *path; } Pour;

static Err pour_out(Ctx *cx, void *arg, const void *bytes, size_t n)
{
    Pour *p = arg;
    Err err = p->f->write(p->f->self, p->fd, bytes, n);
    return err ? FAIL(cx, err, "writing '%s': the disk is full or failing", p->path) : OK;
}

static Err pour_again(Ctx *cx, void *arg)
{
    Pour *p = arg;
    p->f->close(p->f->self, p->fd);
    p->fd = -1;
    Err err = p->f->open(p->f->self, p->path, FILE_CREATE, &p->fd);
    return err ? FAIL(cx, err, "writing '%s'", p->path) : OK;
}

/* All of it into a new file; removed again on failure. */
static Err pour_file(Ctx *cx, Store *s, const Digest *d, const char *file, const char *path, bool sync)
{
    const Files *f = cx->world->files;
    Pour p = { .f = f, .fd = -1, .path = file };
    Sink sink = { pour_out, pour_again, &p };
    Err err = f->open(f->self, file, FILE_CREATE, &p.fd);
    if (err) return FAIL(cx, err, "writing '%s': its folder cannot be written to", path);
    err = object_read(cx, s, d, 0, UINT64_MAX, &sink);
    if (!err && sync && (err = f->sync(f->self, p.fd))) err = FAIL(cx, err, "writing '%s'", path);
    if (p.fd >= 0) f->close(f->self, p.fd);
    if (err) (void)f->remove(f->self, file);
    return err;
}

Err store_get_file(Ctx *cx, Store *s, const Digest *d, const char *path)
{
    const Files *f = cx->world->files;
    char fresh[STORE_PATH_MAX + 8], folder[STORE_PATH_MAX] = ".";
    size_t n = strlen(path);
    bool has;
    if (n >= STORE_PATH_MAX) return FAIL(cx, ERR_LIMIT, "the path '%.60s…' is too long", path);
    TRY(cx, store_has(cx, s, d, &has));
    if (!has) return object_missing(cx, s, d);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    const char *slash = strrchr(path, '/');
    if (slash) snprintf(folder, sizeof folder, "%.*s", slash == path ? 1 : (int)(slash - path), path);
    TRY(cx, pour_file(cx, s, d, fresh, path, true));
    Err err = f->rename(f->self, fresh, path);
    if (err) (void)f->remove(f->self, fresh);
    if (!err) err = f->sync_folder(f->self, folder);
    return err ? FAIL(cx, err, "writing '%s'", path) : OK;
}

Err store_copy_out(Ctx *cx, Store *s, const Digest *d, const char *path)
{
    const Files *f = cx->world->files;
    char fresh[STORE_PATH_MAX + 8];
    FileInfo info;
    if (strlen(path) >= STORE_PATH_MAX) return FAIL(cx, ERR_LIMIT, "the path '%.60s…' is too long", path);
    Err err = f->look(f->self, path, &info);
    if (err) return FAIL(cx, err, "writing '%s'", path);
    if (info.type == FILE_NONE) return pour_file(cx, s, d, path, path, false);
    snprintf(fresh, sizeof fresh, "%s.new", path);
    TRY(cx, pour_file(cx, s, d, fresh, path, false));
    err = f->rename(f->self, fresh, path);
    if (err) (void)f->remove(f->self, fresh);
    return err ? FAIL(cx, err, "writing '%s'", path) : OK;
}

typedef struct Out { Store *s; const StoreFile *file; size_t n; } Out;
#define FILES_A_PART ((size_t)32)

static Err out_part(Ctx *cx, void *self, size_t i)
{
    const Out *o = self;
    for (size_t k = i * FILES_A_PART; k < o->n && k < (i + 1) * FILES_A_PART; k++)
        TRY(cx, store_copy_out(cx, o->s, &o->file[k].digest, o->file[k].path));
    return OK;
}

Err store_copy_out_all(Ctx *cx, Store *s, const StoreFile *file, size_t n)
{
    Out o = { s, file, n };
    return os_parts(cx, s->threads, (n + FILES_A_PART - 1) / FILES_A_PART, out_part, &o);
}

Err store_map(Ctx *cx, Store *s, const Digest *d, StoreMap *out)
{
    StoreInfo info;
    Digest got;
    char hex[SHA256_TEXT_MAX], name[BLOB_NAME_MAX];
    bool there;
    *out = (StoreMap){ 0 };
    TRY(cx, find(cx, s, d, &info, &there));
    if (!there) return object_missing(cx, s, d);
    if (info.form != STORE_RAW) {
        digest_text(d, hex);
        return FAIL(cx, ERR_BAD_INPUT, "the object '%.12s…' is packed and cannot be mapped", hex);
    }
    object_name(d, STORE_RAW, name);
    TRY(cx, s->kind->map(cx, s, name, out));
    Err err = hash_bytes(cx, out->at, out->n, &got);
    if (!err && !digest_same(&got, d)) err = object_damaged(cx, s, d, name);
    if (err) store_unmap(cx, s, out);
    return err;
}

Err store_remove_raw(Ctx *cx, Store *s, const Digest *d)
{
    char name[BLOB_NAME_MAX];
    TRY(cx, object_name(d, STORE_RAW, name));
    TRY(cx, s->kind->remove(cx, s, name));
    return OK;
}

void store_unmap(Ctx *cx, Store *s, StoreMap *m)
{
    s->kind->unmap(cx, s, m);
    *m = (StoreMap){ 0 };
}

/* --- the rest --- */

typedef struct Listing {
    Ctx *cx;
    Store *s;
    Err (*each)(void *arg, const Digest *d, const StoreInfo *info);
    void *arg;
} Listing;

static Err list_loose(void *arg, const char *name, const Blob *b)
{
    Listing *l = arg;
    Digest d;
    StoreForm form;
    if (!object_name_read(name, &d, &form)) return OK;
    StoreInfo info = { .form = form, .bytes = b->size, .stored = b->size, .changed_us = b->changed_us };
    if (form == STORE_PACKED) {
        Err err = loose_size(l->cx, l->s, &d, &info.bytes);
        if (err == ERR_CORRUPT) info.bytes = 0;                    /* store_verify tells */
        else if (err == ERR_NOT_FOUND) return OK;                  /* gone since it was listed */
        else if (err) return err;
    }
    return l->each(l->arg, &d, &info);
}

static Err list_entry(void *arg, const Entry *e)
{
    Listing *l = arg;
    StoreInfo info = { .form = STORE_PACKED, .bytes = e->bytes, .stored = ENTRY_HEAD_BYTES + (uint64_t)e->stored,
                       .in_pack = true };
    return l->each(l->arg, &e->d, &info);
}

Err store_list(Ctx *cx, Store *s, Err (*each)(void *arg, const Digest *d, const StoreInfo *info), void *arg)
{
    Listing l = { .cx = cx, .s = s, .each = each, .arg = arg };
    TRY(cx, s->kind->list(cx, s, "objects", true, list_loose, &l));
    return packs_each(cx, s, list_entry, &l);
}

/* --- opening --- */

static const StoreKind *const kinds[] = { &store_kind_folder, &store_kind_memory, &store_kind_s3, &store_kind_swebhdfs,
                                          &store_kind_webhdfs };   /* A-Z; the first takes paths */

/* file:///srv/lake is the folder /srv/lake. */
static const char *plain(const char *where)
{
    return strncmp(where, "file://", 7) ? where : where + 7;
}

static const StoreKind *kind_of(const char *where)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i]->scheme && !strncmp(where, kinds[i]->scheme, strlen(kinds[i]->scheme))) return kinds[i];
    return kinds[0];
}

bool store_is_path(const char *where)
{
    return kind_of(where) == kinds[0];
}

Err store_address_check(Ctx *cx, const char *where)
{
    const char *colon = strstr(where, "://");
    if (!where[0]) return FAIL(cx, ERR_BAD_INPUT, "an empty address");
    if (strlen(where) >= STORE_PATH_MAX) return FAIL(cx, ERR_LIMIT, "the address '%.60s…' is longer than %d bytes", where, STORE_PATH_MAX - 1);
    if (colon && memchr(colon + 3, '@', strcspn(colon + 3, "/?")))
        return FAIL(cx, ERR_BAD_INPUT, "no names, passwords or keys belong into an address: they would be kept for all to read; "
                    "for S3 set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
    if (colon && kind_of(where) == kinds[0] && strncmp(where, "file://", 7))
        return FAIL(cx, ERR_BAD_INPUT, "'%.*s' is no kind of store: a folder, s3://BUCKET/PREFIX, webhdfs://HOST:PORT/PATH",
                    (int)(colon - where), where);
    return OK;
}

Err store_make(Ctx *cx, const char *folder)
{
    TRY(cx, store_address_check(cx, folder));
    TRY(cx, kind_of(folder)->make(cx, plain(folder)));
    return OK;
}

void store_make_private(const char *folder)
{
    os_make_private(folder);
}

Err store_open(Ctx *cx, const char *folder, Store **out)
{
    *out = NULL;
    Store *s;
    TRY(cx, store_address_check(cx, folder));
    TRY(cx, kind_of(folder)->open(cx, plain(folder), &s));
    s->threads = os_cpus();
    (void)pthread_mutex_init(&s->lock, NULL);
    Err err = packs_new(cx, &s->packs);
    if (err) store_close(cx, s);
    else *out = s;
    return err;
}

void store_close(Ctx *cx, Store *s)
{
    if (!s) return;
    packs_free(cx, s);
    while (s->coders_n) coder_free(cx, s->coder[--s->coders_n]);
    pthread_mutex_destroy(&s->lock);
    s->kind->close(cx, s);
}

void store_use_threads(Store *s, unsigned threads)
{
    s->threads = threads ? threads : 1;
}

static Err only_a_folder(Ctx *cx, const Store *s)
{
    return FAIL(cx, ERR_BAD_INPUT, "'%s' is no folder of this machine", s->folder);
}

Err store_tmp_path(Ctx *cx, Store *s, const char *name, char path[STORE_PATH_MAX])
{
    if (!s->kind->tmp_path) return only_a_folder(cx, s);
    TRY(cx, s->kind->tmp_path(cx, s, name, path));
    return OK;
}

Err store_tidy(Ctx *cx, Store *s)
{
    if (!s->kind->tidy) return only_a_folder(cx, s);
    TRY(cx, s->kind->tidy(cx, s));
    return OK;
}

Err store_lease_take(Ctx *cx, Store *s, const char *name, StoreLease *out)
{
    *out = (StoreLease){ .fd = -1 };
    if (!s->kind->lease_path) return only_a_folder(cx, s);
    TRY(cx, s->kind->lease_path(cx, s, name, out->path));
    TRY(cx, os_lock_take(cx, out->path, &out->fd));
    if (out->fd < 0) return FAIL(cx, ERR_REFUSED, "'%s' is in use by another process", name);
    return OK;
}

Err store_lease_held(Ctx *cx, Store *s, const char *name, bool *held)
{
    char path[STORE_PATH_MAX];
    *held = false;
    if (!s->kind->lease_path) return OK;
    TRY(cx, s->kind->lease_path(cx, s, name, path));
    TRY(cx, os_lock_held(cx, path, held));
    return OK;
}

void store_lease_drop(StoreLease *l)
{
    if (l->path[0]) os_lock_drop(l->path, &l->fd);
}

/* store/outside.c -- files that others put under an S3 or HDFS address, copied into a folder here.
**
** The kinds keep blobs by name for our own stores; the same doors read what lies there otherwise.  Names come from strangers: one
** that would leave the folder is refused.
*/
#include "store/inner.h"

#include <stdio.h>
#include <string.h>

#define OUTSIDE_MAX 1000000u

typedef struct Name { const char *at; Blob blob; } Name;
typedef struct Outside { Ctx *cx; Name *name; size_t n, cap; Err err; } Outside;

static Err heard(void *arg, const char *name, const Blob *b)
{
    Outside *o = arg;
    if (o->n == OUTSIDE_MAX) return o->err = FAIL(o->cx, ERR_LIMIT, "more than %u files lie there", OUTSIDE_MAX);
    if (o->n == o->cap) {
        size_t cap = o->cap ? o->cap * 2 : 64;
        Name *more = ctx_grow(o->cx, o->name, cap, sizeof *more);
        if (!more) return o->err = FAIL(o->cx, ERR_NOMEM, "listing %zu files", cap);
        o->name = more;
        o->cap = cap;
    }
    o->name[o->n] = (Name){ ctx_scratch_text(o->cx, name), *b };
    return o->name[o->n++].at ? OK : (o->err = FAIL(o->cx, ERR_NOMEM, "listing %zu files", o->n));
}

/* The address of what holds it, and its last part; "" for a whole bucket. */
static bool split(const char *address, size_t scheme, char base[STORE_PATH_MAX], char last[BLOB_NAME_MAX])
{
    size_t n = strcspn(address, "?"), at;
    while (n > scheme && address[n - 1] == '/') n--;
    for (at = n; at > scheme && address[at - 1] != '/'; at--) { }
    if (at == scheme) at = n;                                      /* a bucket or host alone */
    if (n - at >= BLOB_NAME_MAX) return false;
    snprintf(last, BLOB_NAME_MAX, "%.*s", (int)(n - at), address + at);
    return snprintf(base, STORE_PATH_MAX, "%.*s%s", (int)(last[0] ? at - 1 : n), address, address + strcspn(address, "?")) < STORE_PATH_MAX;
}

static bool name_ok(const char *name)
{
    for (const char *p = name;; p++) {
        size_t n = strcspn(p, "/");
        if (!n || (n == 1 && *p == '.') || (n == 2 && !memcmp(p, "..", 2))) return false;
        p += n;
        if (!*p) return true;
    }
}

static Err make_parents(Ctx *cx, char *path, size_t from)
{
    const Files *f = cx->world->files;
    for (char *slash = strchr(path + from, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        Err err = f->make_folder(f->self, path);
        if (err) return FAIL(cx, err, "making the folder '%s'", path);
        *slash = '/';
    }
    return OK;
}

static Err copy(Ctx *cx, Store *s, const char *name, const char *path)
{
    const Files *f = cx->world->files;
    StoreGet g = { .fd = -1 };
    size_t piece = s->kind->piece ? s->kind->piece : (size_t)1 << 20, got = piece;
    uint64_t at = 0;
    int fd = -1;
    void *buf = ctx_get(cx, piece);
    if (!buf) return FAIL(cx, ERR_NOMEM, "reading '%s'", name);
    Err err = s->kind->get_begin(cx, s, name, &g);
    if (err) goto done;
    err = f->open(f->self, path, FILE_CREATE, &fd);
    if (err) err = FAIL(cx, err, "writing '%s'", path);
    for (; !err && got == piece; at += got) {
        err = ctx_check(cx);
        if (!err) err = s->kind->get_at(cx, &g, at, buf, piece, &got);
        if (!err && got && (err = f->write(f->self, fd, buf, got))) FAIL(cx, err, "writing '%s': the disk is full or failing", path);
    }
    if (fd >= 0) f->close(f->self, fd);
    s->kind->get_end(cx, &g);
done:
    ctx_put(cx, buf);
    return err;
}

static Err copy_one(Ctx *cx, Store *s, const Name *n, const char *rel, const char *folder)
{
    const Files *f = cx->world->files;
    char path[STORE_PATH_MAX];
    FileInfo info;
    if (!name_ok(rel)) return FAIL(cx, ERR_BAD_INPUT, "'%.300s' cannot be the name of a file here; rename it there", n->at);
    int len = snprintf(path, sizeof path, "%s/%s", folder, rel);
    if (len < 0 || len >= STORE_PATH_MAX) return FAIL(cx, ERR_LIMIT, "the path '%.100s…' is too long", rel);
    TRY(cx, make_parents(cx, path, strlen(folder) + 1));
    TRY(cx, copy(cx, s, n->at, path));
    Err err = f->look(f->self, path, &info);
    if (err) return FAIL(cx, err, "looking at '%s'", path);
    if (n->blob.size != info.size)
        return FAIL(cx, ERR_IO, "'%s' has %llu bytes where %llu were listed: it changed while it was read; try again", n->at,
                    (unsigned long long)info.size, (unsigned long long)n->blob.size);
    return OK;
}

static Err copy_all(Ctx *cx, Store *s, const char *last, const char *folder, StoreOutside *out)
{
    Outside o = { .cx = cx };
    Blob b = { 0 };
    Err err = OK;
    if (last[0]) TRY(cx, s->kind->look(cx, s, last, &b));
    bool single = b.there;
    if (single) TRY_DONE(cx, heard(&o, last, &b));
    else {
        err = s->kind->list(cx, s, last, true, heard, &o);
        if (err) goto done;
    }
    size_t skip = single || !last[0] ? 0 : strlen(last) + 1;
    for (size_t i = 0; i < o.n; i++) {
        const Name *n = &o.name[i];
        if (n->at[strlen(n->at) - 1] == '/') continue;             /* a folder's mark, without bytes */
        TRY_DONE(cx, copy_one(cx, s, n, n->at + skip, folder));
        out->files++;
        out->bytes += n->blob.size;
        if (n->blob.changed_us > out->changed_us) out->changed_us = n->blob.changed_us;
        ctx_step(cx, "fetching", (double)i, (double)o.n);
    }
done:
    ctx_put(cx, o.name);
    return err;
}

Err store_copy_outside(Ctx *cx, const char *address, const char *folder, StoreOutside *out)
{
    char base[STORE_PATH_MAX], last[BLOB_NAME_MAX];
    const char *scheme = strstr(address, "://");
    Store *s;
    *out = (StoreOutside){ 0 };
    TRY(cx, store_address_check(cx, address));
    if (store_is_path(address) || !scheme) return FAIL(cx, ERR_BAD_INPUT, "'%.200s' is no address of another store", address);
    if (!split(address, (size_t)(scheme + 3 - address), base, last)) return FAIL(cx, ERR_LIMIT, "the address '%.100s…' is too long", address);
    TRY(cx, store_open(cx, base, &s));
    Err err = copy_all(cx, s, last, folder, out);
    store_close(cx, s);
    if (!err && !out->files) err = FAIL(cx, ERR_NOT_FOUND, "nothing lies under '%.300s'", address);
    return err;
}

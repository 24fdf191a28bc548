/* store/kinds/folder.c -- objects as files of a folder.
**
**   objects/ab/cdef….zst   packed      objects/ab/cdef…   raw, as it is
**   tmp/                   everything is written here, synced, then renamed
**
** The order that makes OK mean "kept": bytes synced, name given, the folder of
** the name synced (and the one above it, when ab/ is new).
*/
#include "store/inner.h"

#include "os/os.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TIDY_AFTER_US ((int64_t)24 * 3600 * 1000000)
#define PACKED_END ".zst"

typedef struct Folder {
    Store base;
    int64_t opened_us;             /* these two make names in tmp/ that no other process makes */
    unsigned next;
} Folder;

/* Join below the store's folder; ERR_LIMIT. */
static Err below(Ctx *cx, const char *folder, const char *name, char out[STORE_PATH_MAX])
{
    int n = snprintf(out, STORE_PATH_MAX, "%s/%s", folder, name);
    if (n > 0 && n < STORE_PATH_MAX) return OK;
    return FAIL(cx, ERR_LIMIT, "the path '%.60s…/%.100s' is longer than %d bytes", folder, name,
                STORE_PATH_MAX - 1);
}

static Err object_path(Ctx *cx, Store *s, const Digest *d, StoreForm form, char out[STORE_PATH_MAX])
{
    char hex[SHA256_TEXT_MAX], name[sizeof "objects//" + SHA256_TEXT_MAX + sizeof PACKED_END];
    digest_text(d, hex);
    snprintf(name, sizeof name, "objects/%.2s/%s%s", hex, hex + 2, form == STORE_PACKED ? PACKED_END : "");
    return below(cx, s->folder, name, out);
}

static Err folder_make(Ctx *cx, const char *folder)
{
    static const char *const parts[] = { "objects", "tmp" };
    const Files *f = cx->world->files;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        char path[STORE_PATH_MAX];
        TRY(cx, below(cx, folder, parts[i], path));
        Err err = f->make_folder(f->self, path);
        if (err) return FAIL(cx, err, "making the folder '%s'", path);
    }
    Err err = f->sync_folder(f->self, folder);
    return err ? FAIL(cx, err, "making the store '%s'", folder) : OK;
}

static Err folder_open(Ctx *cx, const char *folder, Store **out)
{
    char path[STORE_PATH_MAX];
    FileInfo info;
    const Files *f = cx->world->files;
    TRY(cx, below(cx, folder, "objects", path));
    Err err = f->look(f->self, path, &info);
    if (err) return FAIL(cx, err, "opening the store '%s'", folder);
    if (info.type != FILE_FOLDER)
        return FAIL(cx, ERR_NOT_FOUND, "no store in '%s': it has no folder objects/", folder);
    if (!os_folder_trusted(folder)) {
        return FAIL(cx, ERR_DENIED, "'%s' belongs to somebody else, or anybody may write to it: it is not used; "
                    "'chmod o-w' it, or work in a folder of your own", folder);
    }
    Folder *s = ctx_get(cx, sizeof *s);
    if (!s) return FAIL(cx, ERR_NOMEM, "opening the store '%s'", folder);
    s->base.kind = &store_kind_folder;
    memcpy(s->base.folder, folder, strlen(folder) + 1);
    s->opened_us = cx->world->clock->now_us(cx->world->clock->self);
    *out = &s->base;
    return OK;
}

static void folder_close(Ctx *cx, Store *s)
{
    ctx_put(cx, s);
}

static Err folder_look(Ctx *cx, Store *s, const Digest *d, StoreForm form, bool *there, uint64_t *stored,
                       int64_t *changed_us)
{
    char path[STORE_PATH_MAX];
    FileInfo info;
    const Files *f = cx->world->files;
    *there = false;
    TRY(cx, object_path(cx, s, d, form, path));
    Err err = f->look(f->self, path, &info);
    if (err) return FAIL(cx, err, "looking for the object '%s'", path);
    *there = info.type == FILE_PLAIN;
    *stored = info.size;
    *changed_us = info.changed_us;
    return OK;
}

static void folder_redate(Store *s, const Digest *d, StoreForm form)
{
    char hex[SHA256_TEXT_MAX], path[STORE_PATH_MAX + SHA256_TEXT_MAX + 32];
    digest_text(d, hex);
    snprintf(path, sizeof path, "%s/objects/%.2s/%s%s", s->folder, hex, hex + 2,
             form == STORE_PACKED ? PACKED_END : "");
    os_touch(path);
}

static Err folder_tmp_path(Ctx *cx, Store *base, const char *name, char path[STORE_PATH_MAX])
{
    Folder *s = (Folder *)base;
    char file[STORE_NAME_MAX + 120];
    snprintf(file, sizeof file, "tmp/%ld-%llx-%llx-%u-%.*s", (long)getpid(), (unsigned long long)s->opened_us,
             (unsigned long long)(uintptr_t)s, s->next++, STORE_NAME_MAX, name);
    return below(cx, base->folder, file, path);
}

static Err put_begin(Ctx *cx, Store *s, StorePut *p)
{
    const Files *f = cx->world->files;
    p->store = s;
    p->fd = -1;
    TRY(cx, folder_tmp_path(cx, s, "put", p->path));
    Err err = f->open(f->self, p->path, FILE_CREATE, &p->fd);
    if (!err) return OK;
    p->fd = -1;
    return FAIL(cx, err, "the store '%s' cannot be written to", s->folder);
}

static Err put_more(Ctx *cx, StorePut *p, const void *bytes, size_t n)
{
    const Files *f = cx->world->files;
    Err err = f->write(f->self, p->fd, bytes, n);
    if (!err) return OK;
    return FAIL(cx, err,
                "writing %zu bytes to the store '%s': the disk is full or failing; make room and try again", n,
                p->store->folder);
}

static void put_drop(Ctx *cx, StorePut *p)
{
    const Files *f = cx->world->files;
    if (p->fd < 0) return;
    f->close(f->self, p->fd);
    p->fd = -1;
    (void)f->remove(f->self, p->path);
}

/* The folder ab/ of a name, there and durable. */
static Err shelf(Ctx *cx, Store *s, const char *object, char out[STORE_PATH_MAX])
{
    char objects[STORE_PATH_MAX];
    FileInfo info;
    const Files *f = cx->world->files;
    memcpy(out, object, strlen(object) + 1);
    *strrchr(out, '/') = 0;
    Err err = f->look(f->self, out, &info);
    if (!err && info.type == FILE_NONE) {
        err = f->make_folder(f->self, out);
        if (!err) {
            TRY(cx, below(cx, s->folder, "objects", objects));
            err = f->sync_folder(f->self, objects);
        }
    }
    return err ? FAIL(cx, err, "making the folder '%s'", out) : OK;
}

static Err put_keep(Ctx *cx, StorePut *p, const Digest *d, StoreForm form)
{
    char path[STORE_PATH_MAX], folder[STORE_PATH_MAX];
    const Files *f = cx->world->files;
    Err err = OK, bad;
    TRY_DONE(cx, object_path(cx, p->store, d, form, path));
    TRY_DONE(cx, shelf(cx, p->store, path, folder));
    bad = f->sync(f->self, p->fd);
    if (!bad) {
        os_make_read_only(p->path);
        bad = f->rename(f->self, p->path, path);
    }
    if (!bad) {
        f->close(f->self, p->fd);
        p->fd = -1;                            /* it has its name: nothing is left to drop */
        bad = f->sync_folder(f->self, folder);
    }
    if (bad) err = FAIL(cx, bad, "keeping the object '%s': the disk is full or failing", path);
done:
    put_drop(cx, p);
    return err;
}

static Err get_begin(Ctx *cx, Store *s, const Digest *d, StoreForm form, StoreGet *g)
{
    const Files *f = cx->world->files;
    g->store = s;
    g->fd = -1;
    TRY(cx, object_path(cx, s, d, form, g->path));
    Err err = f->open(f->self, g->path, FILE_READ, &g->fd);
    if (!err) return OK;
    g->fd = -1;
    return FAIL(cx, err, "opening the object '%s'", g->path);
}

static Err get_more(Ctx *cx, StoreGet *g, void *buf, size_t n, size_t *got)
{
    const Files *f = cx->world->files;
    Err err = f->read(f->self, g->fd, buf, n, got);
    return err ? FAIL(cx, err, "reading the object '%s'", g->path) : OK;
}

static void get_end(Ctx *cx, StoreGet *g)
{
    const Files *f = cx->world->files;
    if (g->fd >= 0) f->close(f->self, g->fd);
    g->fd = -1;
}

static Err folder_map(Ctx *cx, Store *s, const Digest *d, StoreMap *out)
{
    char path[STORE_PATH_MAX];
    const Files *f = cx->world->files;
    TRY(cx, object_path(cx, s, d, STORE_RAW, path));
    Err err = f->map(f->self, path, &out->at, &out->n);
    return err ? FAIL(cx, err, "mapping the object '%s'", path) : OK;
}

static void folder_unmap(Ctx *cx, StoreMap *m)
{
    const Files *f = cx->world->files;
    if (m->at) f->unmap(f->self, m->at, m->n);
}

/* --- listing: objects/, then each of its folders --- */

typedef struct Listing {
    Ctx *cx;
    Store *s;
    char shelf[3];
    Err (*each)(void *arg, const Digest *d, StoreForm form);
    void *arg;
    Err told;                      /* a failure that has its words already */
} Listing;

static Err list_object(void *arg, const char *name)
{
    Listing *l = arg;
    char hex[SHA256_TEXT_MAX];
    Digest d;
    size_t n = strlen(name), ending = sizeof PACKED_END - 1, digits = SHA256_TEXT_MAX - 3;
    bool packed = n == digits + ending && !strcmp(name + digits, PACKED_END);
    if (!packed && n != digits) return OK;
    snprintf(hex, sizeof hex, "%s%.*s", l->shelf, (int)digits, name);
    if (digest_read(hex, &d)) l->told = l->each(l->arg, &d, packed ? STORE_PACKED : STORE_RAW);
    return l->told;
}

static Err list_shelf(void *arg, const char *name)
{
    Listing *l = arg;
    char part[sizeof "objects/" + 3], path[STORE_PATH_MAX];
    const Files *f = l->cx->world->files;
    if (strlen(name) != 2) return OK;
    memcpy(l->shelf, name, 3);
    snprintf(part, sizeof part, "objects/%s", name);
    if ((l->told = below(l->cx, l->s->folder, part, path))) return l->told;
    Err err = f->list(f->self, path, list_object, l);
    if (err == ERR_NOT_FOUND && !l->told) return OK;               /* a plain file among them is none of ours */
    return err;
}

static Err folder_list(Ctx *cx, Store *s, Err (*each)(void *arg, const Digest *d, StoreForm form), void *arg)
{
    char path[STORE_PATH_MAX];
    const Files *f = cx->world->files;
    Listing l = { .cx = cx, .s = s, .each = each, .arg = arg };
    TRY(cx, below(cx, s->folder, "objects", path));
    Err err = f->list(f->self, path, list_shelf, &l);
    return err && !l.told ? FAIL(cx, err, "listing the store '%s'", s->folder) : err;
}

/* --- tidying --- */

typedef struct Tidying { Ctx *cx; Store *s; int64_t before_us; } Tidying;

static Err tidy_one(void *arg, const char *name)
{
    Tidying *t = arg;
    char part[sizeof "tmp/" + 256], path[STORE_PATH_MAX];
    FileInfo info;
    const Files *f = t->cx->world->files;
    size_t n = strlen(name);
    if (n > 255 || name[0] < '0' || name[0] > '9') return OK;      /* only what folder_tmp_path named */
    snprintf(part, sizeof part, "tmp/%s", name);
    TRY(t->cx, below(t->cx, t->s->folder, part, path));
    if (!f->look(f->self, path, &info) && info.type == FILE_PLAIN && info.changed_us < t->before_us)
        (void)f->remove(f->self, path);
    return OK;
}

static Err folder_tidy(Ctx *cx, Store *s)
{
    char path[STORE_PATH_MAX];
    const Files *f = cx->world->files;
    Tidying t = { .cx = cx, .s = s };
    t.before_us = cx->world->clock->now_us(cx->world->clock->self) - TIDY_AFTER_US;
    TRY(cx, below(cx, s->folder, "tmp", path));
    Err err = f->list(f->self, path, tidy_one, &t);
    return err ? FAIL(cx, err, "tidying '%s'", path) : OK;
}

static Err folder_lease_path(Ctx *cx, Store *s, const char *name, char path[STORE_PATH_MAX])
{
    char part[STORE_NAME_MAX + 16];
    snprintf(part, sizeof part, "tmp/%s.lease", name);
    return below(cx, s->folder, part, path);
}

const StoreKind store_kind_folder = {
    .name = "folder",
    .make = folder_make,
    .open = folder_open,
    .close = folder_close,
    .look = folder_look,
    .redate = folder_redate,
    .put_begin = put_begin,
    .put_more = put_more,
    .put_keep = put_keep,
    .put_drop = put_drop,
    .get_begin = get_begin,
    .get_more = get_more,
    .get_end = get_end,
    .map = folder_map,
    .unmap = folder_unmap,
    .list = folder_list,
    .tmp_path = folder_tmp_path,
    .tidy = folder_tidy,
    .lease_path = folder_lease_path,
};

/* store/kinds/folder.c -- blobs as files of a folder.
**
** Everything is written in tmp/, synced, then renamed.  The order that makes OK mean "kept": bytes synced, name given,
** the folder of the name synced (and the one above it, when ab/ is new).
*/
#include "store/inner.h"

#include "os/os.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TIDY_AFTER_US ((int64_t)24 * 3600 * 1000000)

typedef struct Folder {
    Store base;
    int64_t opened_us;             /* these two make names in tmp/ that no other process makes */
    atomic_uint next;
} Folder;

/* Join below the store's folder; ERR_LIMIT. */
static Err below(Ctx *cx, const char *folder, const char *name, char out[STORE_PATH_MAX])
{
    int n = snprintf(out, STORE_PATH_MAX, "%s/%s", folder, name);
    if (n > 0 && n < STORE_PATH_MAX) return OK;
    return FAIL(cx, ERR_LIMIT, "the path '%.60s…/%.100s' is longer than %d bytes", folder, name,
                STORE_PATH_MAX - 1);
}

static Err folder_make(Ctx *cx, const char *folder)
{
    static const char *const parts[] = { "objects", "packs", "tmp" };
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

static Err folder_look(Ctx *cx, Store *s, const char *name, Blob *out)
{
    char path[STORE_PATH_MAX];
    FileInfo info;
    const Files *f = cx->world->files;
    *out = (Blob){ 0 };
    TRY(cx, below(cx, s->folder, name, path));
    Err err = f->look(f->self, path, &info);
    if (err) return FAIL(cx, err, "looking for '%s'", path);
    *out = (Blob){ info.type == FILE_PLAIN, info.size, info.changed_us };      /* a folder: not there, but dated */
    return OK;
}

static Err folder_redate(Ctx *cx, Store *s, const char *name, bool *there)
{
    char path[STORE_PATH_MAX];
    Blob b;
    *there = false;
    TRY(cx, folder_look(cx, s, name, &b));
    if (!b.there) return OK;
    TRY(cx, below(cx, s->folder, name, path));
    os_touch(path);
    *there = true;
    return OK;
}

static Err folder_tmp_path(Ctx *cx, Store *base, const char *name, char path[STORE_PATH_MAX])
{
    Folder *s = (Folder *)base;
    char file[STORE_NAME_MAX + 120];
    snprintf(file, sizeof file, "tmp/%ld-%llx-%llx-%u-%.*s", (long)getpid(), (unsigned long long)s->opened_us,
             (unsigned long long)(uintptr_t)s, atomic_fetch_add(&s->next, 1), STORE_NAME_MAX, name);
    return below(cx, base->folder, file, path);
}

static Err put_begin(Ctx *cx, Store *s, const char *name, StorePut *p)
{
    const Files *f = cx->world->files;
    p->store = s;
    p->fd = -1;
    snprintf(p->name, sizeof p->name, "%s", name);
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

/* The folder of a name, there and durable. */
static Err shelf(Ctx *cx, Store *s, const char *path)
{
    char folder[STORE_PATH_MAX], above[STORE_PATH_MAX];
    FileInfo info;
    const Files *f = cx->world->files;
    memcpy(folder, path, strlen(path) + 1);
    *strrchr(folder, '/') = 0;
    Err err = f->look(f->self, folder, &info);
    if (!err && info.type == FILE_NONE) {
        err = f->make_folder(f->self, folder);
        if (!err) {
            memcpy(above, folder, strlen(folder) + 1);
            *strrchr(above, '/') = 0;
            err = f->sync_folder(f->self, above);
        }
    }
    (void)s;
    return err ? FAIL(cx, err, "making the folder '%s'", folder) : OK;
}

static Err put_keep(Ctx *cx, StorePut *p)
{
    char path[STORE_PATH_MAX];
    const Files *f = cx->world->files;
    Err err = OK, bad;
    TRY_DONE(cx, below(cx, p->store->folder, p->name, path));
    TRY_DONE(cx, shelf(cx, p->store, path));
    bad = f->sync(f->self, p->fd);
    if (!bad) {
        os_make_read_only(p->path);
        bad = f->rename(f->self, p->path, path);
    }
    if (bad) err = FAIL(cx, bad, "keeping '%s': the disk is full or failing", path);
    else {
        f->close(f->self, p->fd);
        p->fd = -1;                            /* it has its name: nothing is left to drop */
    }
done:
    put_drop(cx, p);
    return err;
}

static Err folder_settle(Ctx *cx, Store *s, const char *name)
{
    char path[STORE_PATH_MAX];
    const Files *f = cx->world->files;
    TRY(cx, below(cx, s->folder, name, path));
    *strrchr(path, '/') = 0;
    Err err = f->sync_folder(f->self, path);
    return err ? FAIL(cx, err, "keeping '%s': the disk is full or failing", path) : OK;
}

static Err get_begin(Ctx *cx, Store *s, const char *name, StoreGet *g)
{
    char path[STORE_PATH_MAX];
    const Files *f = cx->world->files;
    g->store = s;
    g->fd = -1;
    snprintf(g->name, sizeof g->name, "%s", name);
    TRY(cx, below(cx, s->folder, name, path));
    Err err = f->open(f->self, path, FILE_READ, &g->fd);
    if (!err) return OK;
    g->fd = -1;
    return FAIL(cx, err, "opening '%s'", path);
}

static Err get_at(Ctx *cx, StoreGet *g, uint64_t at, void *buf, size_t n, size_t *got)
{
    const Files *f = cx->world->files;
    Err err = f->read_at(f->self, g->fd, at, buf, n, got);
    return err ? FAIL(cx, err, "reading '%s/%s'", g->store->folder, g->name) : OK;
}

static void get_end(Ctx *cx, StoreGet *g)
{
    const Files *f = cx->world->files;
    if (g->fd >= 0) f->close(f->self, g->fd);
    g->fd = -1;
}

static Err folder_map(Ctx *cx, Store *s, const char *name, StoreMap *out)
{
    char path[STORE_PATH_MAX];
    const Files *f = cx->world->files;
    TRY(cx, below(cx, s->folder, name, path));
    Err err = f->map(f->self, path, &out->at, &out->n);
    return err ? FAIL(cx, err, "mapping '%s'", path) : OK;
}

static void folder_unmap(Ctx *cx, Store *s, StoreMap *m)
{
    const Files *f = cx->world->files;
    (void)s;
    if (m->at) f->unmap(f->self, m->at, m->n);
}

/* --- listing: names below a folder, one folder deep --- */

typedef struct Listing {
    Ctx *cx;
    Store *s;
    const char *under;
    char shelf[4];                 /* "ab/", or nothing */
    bool facts;
    BlobEach *each;
    void *arg;
    Err told;                      /* a failure that has its words already */
} Listing;

static Err list_file(void *arg, const char *file)
{
    Listing *l = arg;
    char name[BLOB_NAME_MAX];
    Blob b = { .there = true };
    int n = snprintf(name, sizeof name, "%s/%s%s", l->under, l->shelf, file);
    if (n < 0 || n >= (int)sizeof name) return OK;                 /* none of ours is so long */
    if (l->facts) {
        if ((l->told = folder_look(l->cx, l->s, name, &b))) return l->told;
        if (!b.there) return OK;                                   /* a folder, or gone since it was listed */
    }
    return l->told = l->each(l->arg, name, &b);
}

static Err list_shelf(void *arg, const char *name)
{
    Listing *l = arg;
    char part[BLOB_NAME_MAX], path[STORE_PATH_MAX];
    const Files *f = l->cx->world->files;
    if (strlen(name) != 2) return OK;
    snprintf(l->shelf, sizeof l->shelf, "%s/", name);
    snprintf(part, sizeof part, "%s/%s", l->under, name);
    if ((l->told = below(l->cx, l->s->folder, part, path))) return l->told;
    Err err = f->list(f->self, path, list_file, l);
    if (err == ERR_NOT_FOUND && !l->told) return OK;               /* a plain file among them is none of ours */
    return err;
}

static Err folder_list(Ctx *cx, Store *s, const char *under, bool facts, BlobEach *each, void *arg)
{
    char path[STORE_PATH_MAX];
    const Files *f = cx->world->files;
    Listing l = { .cx = cx, .s = s, .under = under, .facts = facts, .each = each, .arg = arg };
    TRY(cx, below(cx, s->folder, under, path));
    Err err = f->list(f->self, path, strcmp(under, "objects") ? list_file : list_shelf, &l);
    if (err == ERR_NOT_FOUND && !l.told && strcmp(under, "objects")) return OK;    /* made before there were packs */
    return err && !l.told ? FAIL(cx, err, "listing '%s'", path) : err;
}

static Err folder_remove(Ctx *cx, Store *s, const char *name)
{
    char path[STORE_PATH_MAX];
    const Files *f = cx->world->files;
    TRY(cx, below(cx, s->folder, name, path));
    Err err = f->remove(f->self, path);
    return err && err != ERR_NOT_FOUND ? FAIL(cx, err, "removing '%s'", path) : OK;
}

static Err folder_lock(Ctx *cx, Store *s, bool alone, int *fd)
{
    char path[STORE_PATH_MAX];
    TRY(cx, below(cx, s->folder, "objects", path));
    Err err = os_folder_lock(cx, path, alone, fd);
    return err == ERR_NOT_FOUND ? OK : err;                        /* a world of a test's own: nobody else is there */
}

static void folder_unlock(Store *s, int *fd)
{
    (void)s;
    os_fd_close(fd);
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
    .piece = STORE_PIECE,
    .local = true,
    .make = folder_make,
    .open = folder_open,
    .close = folder_close,
    .look = folder_look,
    .redate = folder_redate,
    .put_begin = put_begin,
    .put_more = put_more,
    .put_keep = put_keep,
    .put_drop = put_drop,
    .settle = folder_settle,
    .get_begin = get_begin,
    .get_at = get_at,
    .get_end = get_end,
    .map = folder_map,
    .unmap = folder_unmap,
    .list = folder_list,
    .remove = folder_remove,
    .lock = folder_lock,
    .unlock = folder_unlock,
    .tmp_path = folder_tmp_path,
    .tidy = folder_tidy,
    .lease_path = folder_lease_path,
};

/* lake/get.c -- files out of the lake: into a folder of the cache, or into a person's folder.
**
** A person's folder is looked at first (by the stat cache, so that unchanged files are not read), what must change is settled
** and refused as a whole where it would lose work; only then is anything written.  Files are written beside and renamed, except
** into a folder that was not there: that one is made under another name, filled, and renamed when whole.  After a kill the
** next get finds what is there already and goes on.
*/
#include "lake/inner.h"

#include "base/save.h"
#include "os/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SMALL_BYTES ((uint64_t)1 << 20)        /* larger ones are written by the store, in pieces */
#define CHUNKS_A_THREAD 4u
#define PART_END ".leat-part"
#define TREES LAKE_CACHE "/tree"

bool lake_is_part(const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    return !strncmp(name, ".leat-", 6) && strspn(name + 6, "0123456789abcdef") == 16 && !strcmp(name + 22, ".part");
}

/* --- writing files --- */

typedef struct Job {
    Lake *lake;
    const char *folder;
    const LakeFile *file; size_t n, chunk;
    bool fresh;                                /* nobody else sees the folder: no need to write beside */
    bool read_only;
    unsigned threads;
} Job;

static Err path_in(Ctx *cx, const char *folder, const char *path, char out[LAKE_PATH_MAX])
{
    int n = snprintf(out, LAKE_PATH_MAX, "%s/%s", folder, path);
    if (n > 0 && n < LAKE_PATH_MAX) return OK;
    return FAIL(cx, ERR_LIMIT, "the path '%.60s/%.60s…' is longer than %d bytes; use a folder with a shorter path", folder, path,
                LAKE_PATH_MAX - 1);
}

static Err write_small(Ctx *cx, Store *store, const Job *j, const LakeFile *f, const char *to, const char *path)
{
    const Files *fs = cx->world->files;
    void *bytes = NULL;
    size_t n = 0;
    int fd = -1;
    TRY(cx, store_get(cx, store, &f->digest, (size_t)f->size, &bytes, &n));
    if (n != f->size) {
        ctx_put(cx, bytes);
        return FAIL(cx, ERR_CORRUPT, "'%s' has %zu bytes in the store and %llu in its tree", f->path, n, (unsigned long long)f->size);
    }
    Err err = fs->open(fs->self, to, FILE_CREATE, &fd);
    if (!err) {
        err = fs->write(fs->self, fd, bytes, n);
        fs->close(fs->self, fd);
    }
    ctx_put(cx, bytes);
    if (!err && j->read_only) os_make_read_only(to);
    if (!err && f->kind == LAKE_PROGRAM) os_make_executable(to);
    if (!err && to != path) err = fs->rename(fs->self, to, path);
    if (!err) return OK;
    if (to != path) (void)fs->remove(fs->self, to);
    return FAIL(cx, err, "writing '%s': is there room on the disk, and is the folder yours?", path);
}

static Err write_link(Ctx *cx, Store *store, const LakeFile *f, const char *to, const char *path)
{
    const Files *fs = cx->world->files;
    void *target = NULL;
    size_t n = 0;
    TRY(cx, store_get(cx, store, &f->digest, LAKE_PATH_MAX, &target, &n));
    (void)fs->remove(fs->self, to);
    Err err = os_symlink(cx, target, to);
    ctx_put(cx, target);
    if (err) return err;
    if (to != path && (err = fs->rename(fs->self, to, path))) return FAIL(cx, err, "writing the link '%s'", path);
    return OK;
}

static Err write_one(Ctx *cx, Store *store, const Job *j, const LakeFile *f)
{
    char path[LAKE_PATH_MAX], beside[LAKE_PATH_MAX];
    TRY(cx, path_in(cx, j->folder, f->path, path));
    const char *to = path;
    if (!j->fresh) {
        Digest d;
        char hex[SHA256_TEXT_MAX];
        const char *slash = strrchr(path, '/');
        TRY(cx, hash_bytes(cx, f->path, strlen(f->path), &d));
        digest_text(&d, hex);
        int n = snprintf(beside, sizeof beside, "%.*s/.leat-%.16s.part", (int)(slash - path), path, hex);
        if (n >= LAKE_PATH_MAX) return FAIL(cx, ERR_LIMIT, "the path '%.100s…' is too long", path);
        to = beside;
    }
    if (f->kind == LAKE_LINK) return write_link(cx, store, f, to, path);
    if (f->size <= SMALL_BYTES) return write_small(cx, store, j, f, to, path);
    TRY(cx, store_get_file(cx, store, &f->digest, path));
    if (j->read_only) os_make_read_only(path);
    if (f->kind == LAKE_PROGRAM) os_make_executable(path);
    return OK;
}

static Err write_chunk(Ctx *cx, void *self, size_t chunk)
{
    const Job *j = self;
    Store *store = j->lake->store;
    size_t from = chunk * j->chunk, to = from + j->chunk < j->n ? from + j->chunk : j->n;
    Err err = OK;
    for (size_t i = from; i < to; i++) {
        if (j->file[i].kind == LAKE_FOLDER) continue;
        TRY_DONE(cx, ctx_check(cx));
        TRY_DONE(cx, write_one(cx, store, j, &j->file[i]));
        if (i % 64 == 0) ctx_step(cx, "writing files", (double)i, (double)j->n);
    }
done:
    return err;
}

/* Make the folders that a file's path needs below `folder`, none of them a link.  last: the path before, to ask once only. */
static Err make_folders(Ctx *cx, const char *folder, int open, const char *path, bool itself, char last[LAKE_PATH_MAX])
{
    const Files *fs = cx->world->files;
    char at[LAKE_PATH_MAX], full[LAKE_PATH_MAX];
    FileInfo info;
    size_t same = 0;
    while (path[same] && path[same] == last[same]) same++;
    for (size_t n = 0;; n++) {
        if (path[n] && path[n] != '/') continue;
        if (!path[n] && !itself) break;
        if (n >= same) {
            memcpy(at, path, n);
            at[n] = 0;
            TRY(cx, path_in(cx, folder, at, full));
            Err err = fs->look_in(fs->self, open, at, &info);
            if (err) return FAIL(cx, err, "looking at '%s'", full);
            if (info.type == FILE_NONE && (err = fs->make_folder(fs->self, full))) return FAIL(cx, err, "making the folder '%s'", full);
            if (info.type != FILE_NONE && info.type != FILE_FOLDER)
                return FAIL(cx, ERR_REFUSED, "'%s' is in the way: a folder is wanted there; move it away first", full);
        }
        if (!path[n]) break;
    }
    memcpy(last, path, strlen(path) + 1);
    return OK;
}

/* Write files into a folder that is there.  In order of their paths. */
static Err write_files(Ctx *cx, Job *j)
{
    const Files *fs = cx->world->files;
    char last[LAKE_PATH_MAX] = "";
    int open = -1;
    Err err = fs->open_folder(fs->self, j->folder, &open);
    if (err) return FAIL(cx, err, "opening the folder '%s'", j->folder);
    for (size_t i = 0; i < j->n && !err; i++)
        err = make_folders(cx, j->folder, open, j->file[i].path, j->file[i].kind == LAKE_FOLDER, last);
    fs->close(fs->self, open);
    if (err) return err;
    if (!j->threads) j->threads = os_cpus();
    size_t chunks = j->threads > 1 ? j->threads * CHUNKS_A_THREAD : 1;
    j->chunk = j->n / chunks + 1;
    if (j->n < 16) j->threads = 1, j->chunk = j->n ? j->n : 1;
    TRY(cx, os_parts(cx, j->threads, (j->n + j->chunk - 1) / j->chunk, write_chunk, j));
    return OK;
}

/* --- removing a folder of ours --- */

typedef struct Drop { Ctx *cx; const char *folder; unsigned depth; } Drop;

static Err drop_name(void *arg, const char *name)
{
    const Drop *d = arg;
    const Files *fs = d->cx->world->files;
    char path[LAKE_PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/%s", d->folder, name);
    if (n < 0 || n >= LAKE_PATH_MAX || d->depth > LAKE_PATH_MAX) return OK;
    if (!fs->remove(fs->self, path)) return OK;                    /* a file, a link, an empty folder */
    Drop below = { d->cx, path, d->depth + 1 };
    (void)fs->list(fs->self, path, drop_name, &below);
    (void)fs->remove(fs->self, path);
    return OK;
}

void lake_drop_folder(Ctx *cx, const char *folder)
{
    const Files *fs = cx->world->files;
    Drop d = { cx, folder, 0 };
    (void)fs->list(fs->self, folder, drop_name, &d);
    (void)fs->remove(fs->self, folder);
}

Err lake_make_folders(Ctx *cx, const char *path)
{
    const Files *fs = cx->world->files;
    char at[LAKE_PATH_MAX];
    for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        snprintf(at, sizeof at, "%.*s", (int)(slash - path), path);
        Err err = fs->make_folder(fs->self, at);
        if (err) return FAIL(cx, err, "making the folder '%s'", at);
    }
    return OK;
}

/* --- the cache --- */

Err lake_checkout(Ctx *cx, Lake *lake, const Digest *tree, unsigned threads, char folder[LAKE_PATH_MAX])
{
    const Files *fs = cx->world->files;
    char hex[SHA256_TEXT_MAX], fresh[LAKE_PATH_MAX], name[SHA256_TEXT_MAX + 16];
    FileInfo info;
    Job j = { .lake = lake, .folder = fresh, .fresh = true, .read_only = true, .threads = threads };
    LakeFile *file = NULL;
    Err err = OK;
    digest_text(tree, hex);
    snprintf(folder, LAKE_PATH_MAX, "%.*s/" TREES "/%s", LAKE_PATH_MAX - 100, lake->home, hex);
    TRY(cx, lake_make_folders(cx, folder));
    err = fs->look(fs->self, folder, &info);
    if (err) return FAIL(cx, err, "looking at '%s'", folder);
    if (info.type == FILE_FOLDER) {
        os_touch(folder);
        return OK;
    }
    held_clear(cx, &lake->held);
    snprintf(name, sizeof name, "tree-%.16s", hex);
    TRY_DONE(cx, store_tmp_path(cx, lake->store, name, fresh));
    err = fs->make_folder(fs->self, fresh);
    if (err) {
        err = FAIL(cx, err, "making the folder '%s'", fresh);
        goto done;
    }
    TRY_DONE(cx, lake_files(cx, lake, tree, &file, &j.n));
    j.file = file;
    TRY_DONE(cx, write_files(cx, &j));
    err = fs->rename(fs->self, fresh, folder);
    if (err && !fs->look(fs->self, folder, &info) && info.type == FILE_FOLDER) {
        lake_drop_folder(cx, fresh);                                    /* another process was first */
        err = OK;
    } else if (err) err = FAIL(cx, err, "making the folder '%s'", folder);
done:
    if (err) lake_drop_folder(cx, fresh);
    ctx_put(cx, file);
    if (err) folder[0] = 0;
    return err;
}

/* --- a person's folder --- */

typedef struct Want { LakeFile *at; size_t n, cap; } Want;
typedef struct Plan {
    Lake *lake;
    const LakeGet *in;
    const char *folder;
    char single[LAKE_PATH_MAX];                /* the one file that both trees hold; "": they hold more */
    bool ours;                                 /* nobody works in the folder: what is not wanted goes */
    Want write, drop;                          /* in order */
    Want work;                                 /* what differs from the base here: a person's work */
} Plan;

static Err want(Ctx *cx, Want *w, const LakeFile *f)
{
    if (w->n == w->cap) {
        size_t cap = w->cap ? w->cap * 2 : 64;
        LakeFile *at = ctx_grow(cx, w->at, cap, sizeof *at);
        if (!at) return FAIL(cx, ERR_NOMEM, "planning %zu files", cap);
        w->at = at;
        w->cap = cap;
    }
    w->at[w->n] = *f;
    w->at[w->n].path = ctx_scratch_text(cx, f->path);
    if (!w->at[w->n].path) return FAIL(cx, ERR_NOMEM, "planning %zu files", w->n);
    w->n++;
    return OK;
}

static Err note_work(Ctx *cx, void *arg, LakeChange change, const LakeFile *was, const LakeFile *now)
{
    Plan *p = arg;
    (void)change, (void)was;
    return now ? want(cx, &p->work, now) : OK;
}

static int by_path(const void *a, const void *b)
{
    return path_order(((const LakeFile *)a)->path, ((const LakeFile *)b)->path);
}

static bool is_work(const Plan *p, const LakeFile *f)
{
    if (!p->in->base) return true;
    return p->work.n && bsearch(f, p->work.at, p->work.n, sizeof *f, by_path);
}

static Err plan_one(Ctx *cx, void *arg, LakeChange change, const LakeFile *was, const LakeFile *now)
{
    Plan *p = arg;
    bool work = was && is_work(p, was);
    if (change == LAKE_REMOVED) {              /* here only: ours to remove when it came from the base, unchanged */
        return work && !p->ours && !lake_is_part(was->path) ? OK : want(cx, &p->drop, was);
    }
    if (work && !p->in->force && !p->ours && !digest_same(&was->digest, &now->digest))
        return FAIL(cx, ERR_REFUSED, "'%s/%s' was changed here and would be overwritten; nothing was written: add it to the lake first, "
                    "or say --force", p->folder, was->path);
    return want(cx, &p->write, now);
}

static Err drop_files(Ctx *cx, const Plan *p)
{
    const Files *fs = cx->world->files;
    char path[LAKE_PATH_MAX];
    for (size_t i = 0; i < p->drop.n; i++) {
        TRY(cx, path_in(cx, p->folder, p->drop.at[i].path, path));
        Err err = fs->remove(fs->self, path);
        if (err && err != ERR_NOT_FOUND) return FAIL(cx, err, "removing '%s'", path);
        for (char *slash; (slash = strrchr(path, '/')) && (size_t)(slash - path) > strlen(p->folder);) {
            *slash = 0;                                            /* folders that became empty */
            if (fs->remove(fs->self, path)) break;
        }
    }
    return OK;
}

/* Tell the stat cache what was written, so that `status` need not read it again. */
static void note_written(Ctx *cx, const Plan *p, const char *folder, const Digest *tree)
{
    const Files *fs = cx->world->files;
    Lake *lake = p->lake;
    char cache[LAKE_PATH_MAX], one[LAKE_PATH_MAX * 2];
    snprintf(one, sizeof one, "%s%s%s", folder, p->single[0] ? "/" : "", p->single);
    const LakeRoot root = { .path = one, .as = "" };
    StatWriter w;
    LakeFile *file = NULL;
    size_t n = 0;
    int open = -1;
    Ctx aside;
    ctx_child(cx, &aside);
    stat_writer_init(&w, &aside);
    int64_t now_ns = cx->world->clock->now_us(cx->world->clock->self) * 1000;
    if (!stat_path(&aside, lake, &root, 1, cache) && !lake_files(&aside, lake, tree, &file, &n) &&
        !fs->open_folder(fs->self, folder, &open)) {
        for (size_t i = 0; i < n; i++) {
            FileInfo info;
            if (file[i].kind == LAKE_FOLDER || file[i].kind == LAKE_LINK) continue;
            if (!fs->look_in(fs->self, open, file[i].path, &info) && info.type == FILE_PLAIN && info.size == file[i].size)
                stat_put(&w, file[i].path, &info, &file[i].digest, now_ns);
        }
        stat_save(&aside, lake, &w, cache);
        fs->close(fs->self, open);
    }
    ctx_put(&aside, file);
    stat_writer_clear(&w);
    ctx_clear(&aside);
}

/* How many files a tree holds. */
static Err files_of(Ctx *cx, Lake *lake, const Digest *tree, uint64_t *files)
{
    TreeNode node;
    TreeEntry e;
    bool more = true;
    *files = 0;
    TRY(cx, node_open(cx, lake, tree, &node));
    Err err = OK;
    while (!err && more) {
        err = node_next(cx, &node, &more, &e);
        if (!err && more) *files += e.files;
    }
    node_close(cx, &node);
    return err;
}

/* The name of a tree's only entry when that is a file. */
static Err single_of(Ctx *cx, Lake *lake, const Digest *tree, char name[LAKE_PATH_MAX])
{
    TreeNode node;
    TreeEntry e;
    bool more = true;
    name[0] = 0;
    TRY(cx, node_open(cx, lake, tree, &node));
    bool one = node.left == 1 && !node.level;
    Err err = one ? node_next(cx, &node, &more, &e) : OK;
    if (!err && one && e.kind != LAKE_FOLDER) snprintf(name, LAKE_PATH_MAX, "%.*s", (int)e.name_n, e.name);
    node_close(cx, &node);
    return err;
}

/* What lies there now.  Beside a dataset of one file the folder may hold a whole project: then only that file is looked at. */
static Err scan_target(Ctx *cx, Plan *p, LakeScan *now)
{
    const Files *fs = cx->world->files;
    char path[LAKE_PATH_MAX], base[LAKE_PATH_MAX] = "";
    FileInfo info = { .type = FILE_FOLDER };
    LakeRoot root = { .path = p->folder, .as = "" };
    held_clear(cx, &p->lake->held);
    TRY(cx, single_of(cx, p->lake, p->in->tree, p->single));
    if (p->in->base) TRY(cx, single_of(cx, p->lake, p->in->base, base));
    if (!p->single[0] || p->ours || (p->in->base && strcmp(base, p->single))) {
        p->single[0] = 0;
        return lake_scan(cx, p->lake, &root, 1, p->in->threads, now);
    }
    TRY(cx, path_in(cx, p->folder, p->single, path));
    root.path = path;
    Err err = fs->look(fs->self, path, &info);
    if (err) return FAIL(cx, err, "looking at '%s'", path);
    if (info.type == FILE_PLAIN) return lake_scan(cx, p->lake, &root, 1, p->in->threads, now);
    if (info.type != FILE_NONE) return FAIL(cx, ERR_REFUSED, "'%s' is in the way: a file is wanted there; move it away first", path);
    TreeBuilder *b = NULL;                     /* nothing: an empty tree */
    *now = (LakeScan){ 0 };
    TRY(cx, lake_tree_begin(cx, &p->lake->held, &b));
    err = lake_tree_end(cx, b, &now->tree, &now->files, &now->bytes);
    lake_tree_free(cx, b);
    return err;
}

static Err plan_and_write(Ctx *cx, Plan *p, LakeGot *out)
{
    const LakeGet *in = p->in;
    LakeScan now;
    uint64_t files;
    p->lake->parts = true;
    Err err = scan_target(cx, p, &now);
    p->lake->parts = false;
    if (err) return err;
    if (in->base && !p->ours) TRY(cx, lake_compare(cx, p->lake, in->base, &now.tree, note_work, p));
    TRY(cx, lake_compare(cx, p->lake, &now.tree, in->tree, plan_one, p));
    TRY(cx, files_of(cx, p->lake, in->tree, &files));
    TRY(cx, drop_files(cx, p));
    Job j = { .lake = p->lake, .folder = p->folder, .file = p->write.at, .n = p->write.n, .fresh = p->ours && !now.files,
              .threads = in->threads };
    TRY(cx, write_files(cx, &j));
    out->removed = p->drop.n;
    for (size_t i = 0; i < p->write.n; i++) {
        out->written += p->write.at[i].kind != LAKE_FOLDER;
        out->bytes += p->write.at[i].size;
    }
    out->kept = files - out->written;
    return OK;
}

Err lake_get(Ctx *cx, Lake *lake, const LakeGet *in, LakeGot *out)
{
    const Files *fs = cx->world->files;
    char part[LAKE_PATH_MAX], folder[LAKE_PATH_MAX];
    FileInfo info;
    Plan p = { .lake = lake, .in = in, .folder = folder };
    *out = (LakeGot){ 0 };
    size_t n = strlen(in->folder);
    while (n > 1 && in->folder[n - 1] == '/') n--;
    if (n + sizeof PART_END + 2 > LAKE_PATH_MAX) return FAIL(cx, ERR_LIMIT, "the path '%.100s…' is too long", in->folder);
    snprintf(folder, sizeof folder, "%.*s", (int)n, in->folder);
    Err err = fs->look(fs->self, folder, &info);
    if (err) return FAIL(cx, err, "looking at '%s'", folder);
    if (info.type != FILE_FOLDER && info.type != FILE_NONE)
        return FAIL(cx, ERR_BAD_INPUT, "'%s' is a file, and the files of a dataset go into a folder", folder);
    if (info.type == FILE_NONE) {
        snprintf(part, sizeof part, "%s" PART_END, folder);
        TRY(cx, lake_make_folders(cx, part));
        err = fs->make_folder(fs->self, part);
        if (err) return FAIL(cx, err, "making the folder '%s'", part);
        p.folder = part;
        p.ours = true;
    }
    TRY_DONE(cx, plan_and_write(cx, &p, out));
    if (p.ours && (err = fs->rename(fs->self, part, folder))) {
        err = FAIL(cx, err, "making the folder '%s'", folder);
        goto done;
    }
    note_written(cx, &p, folder, in->tree);
done:
    ctx_put(cx, p.write.at);
    ctx_put(cx, p.drop.at);
    ctx_put(cx, p.work.at);
    if (err) *out = (LakeGot){ 0 };
    return err;
}

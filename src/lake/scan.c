/* lake/scan.c -- files on this machine as a tree: walk, look, read, hash; and put what was read into the store.
**
** One thread lists folders and sorts their names; what it finds goes into a window of some thousand files, which all threads
** look at, read and hash together; then the window is emptied in order into the tree, the store and the stat cache.  So memory
** is bounded by the window, the largest folder's names and the stat cache, whatever the number of files.
** Everything is reached by an open folder and a path below it that passes no link (openat2), so that nobody can slip another
** file in between.  What changes while it is read is noticed by looking before and after.
*/
#include "lake/inner.h"

#include "os/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW_FILES 4096u
#define CHUNK_FILES 32u                        /* given to a thread at a time */
#define LARGE_BYTES ((uint64_t)1 << 20)        /* larger ones go to the store by themselves */
#define PIECE ((size_t)256 << 10)
#define TRIES 3                                /* readings of a file that changes meanwhile */

typedef struct Item {
    size_t path_at, rel_at;                    /* in names: place in the version, place below the root */
    uint32_t root;
    LakeKind kind;
    const StatRow *row;                        /* what was known of it, or NULL */
    FileInfo info;
    Digest digest;
    bool was_read, large;
    bool named;                                /* the root itself, a file */
    bool skip;                                 /* only looking: what could not be kept is not there */
    int64_t read_ns;
} Item;

typedef struct Scan {
    Lake *lake;
    const ScanIn *in;
    ScanOut *out;
    int folder;                                /* that the window's files are below; -1: none */
    char parent[OS_PATH_MAX];                  /* its path when it is the folder of files named one by one; "" else */
    Item *item;
    size_t n;
    Text names;
    StatCache cache;
    size_t cursor;                             /* into the cache, which is in the order of the walk */
    bool same_cache;                           /* every row was there and is still true */
    StatWriter writer;
    TreeBuilder *tree;
    size_t known_cap;
} Scan;

static const char *path_of(const Scan *s, const Item *it) { return s->names.at + it->path_at; }
static const char *rel_of(const Scan *s, const Item *it) { return s->names.at + it->rel_at; }

/* The name a person would use for it. */
static const char *shown(Ctx *cx, const Scan *s, const Item *it)
{
    const char *root = s->in->root[it->root].path, *rel = rel_of(s, it);
    size_t n = strlen(root);
    if (it->named) return root;
    const char *text = ctx_scratch_fmt(cx, "%s%s%s", root, n && root[n - 1] == '/' ? "" : "/", rel);
    return text ? text : rel;
}

/* --- one file (any thread) --- */

static bool same_look(const FileInfo *a, const FileInfo *b)
{
    return a->size == b->size && a->inode == b->inode && a->changed_ns == b->changed_ns && a->status_ns == b->status_ns &&
           a->type == b->type;
}

/* Does the link stay below its root?  dir: where it lies, as depth. */
static bool stays_inside(const char *rel, const char *target)
{
    long depth = 0;
    for (const char *p = rel; *p; p++) depth += *p == '/';
    if (*target == '/') return false;
    for (const char *p = target; *p;) {
        size_t n = strcspn(p, "/");
        if (n == 2 && p[0] == '.' && p[1] == '.') depth--;
        else if (n && !(n == 1 && p[0] == '.')) depth++;
        if (depth < 0) return false;
        p += n;
        while (*p == '/') p++;
    }
    return true;
}

static Err read_the_link(Ctx *cx, const Scan *s, Item *it)
{
    const Files *f = cx->world->files;
    char target[LAKE_PATH_MAX];
    size_t n = 0;
    Err err = f->read_link(f->self, s->folder, rel_of(s, it), target, sizeof target, &n);
    if (err || n == sizeof target) return FAIL(cx, err ? err : ERR_LIMIT, "reading the link '%s'", shown(cx, s, it));
    target[n] = 0;
    if (s->in->keep && !stays_inside(rel_of(s, it), target))
        return FAIL(cx, ERR_BAD_INPUT, "'%s' is a link to '%.150s', outside of what is added; remove it, or add what it points to",
                    shown(cx, s, it), target);
    it->kind = LAKE_LINK;
    it->info.size = n;
    it->was_read = true;
    if (s->in->keep) TRY(cx, store_batch_put(cx, s->in->keep, target, n, &it->digest));
    else TRY(cx, hash_bytes(cx, target, n, &it->digest));
    return OK;
}

/* Read what is open, into buf if it fits there (a byte more than its size: so that growing shows), else only its hash. */
static Err read_open(Ctx *cx, const Scan *s, Item *it, int fd, unsigned char *buf, size_t cap, bool *whole)
{
    const Files *f = cx->world->files;
    Hasher *h = NULL;
    Err err = OK;
    size_t got = 0;
    uint64_t done = 0;
    if (cap > it->info.size) {
        err = f->read(f->self, fd, buf, cap, &got);
        if (err) return FAIL(cx, err, "reading '%s'", shown(cx, s, it));
        *whole = got == it->info.size;
        return s->in->keep ? OK : hash_bytes(cx, buf, got, &it->digest);
    }
    TRY(cx, hash_start(cx, &h));
    do {
        TRY_DONE(cx, ctx_check(cx));
        err = f->read(f->self, fd, buf, cap, &got);
        if (err) {
            err = FAIL(cx, err, "reading '%s'", shown(cx, s, it));
            goto done;
        }
        hash_more(h, buf, got);
        done += got;
        ctx_step(cx, "fingerprinting the data", (double)done, (double)it->info.size);
    } while (got == cap);
    hash_end(cx, h, &it->digest);
    h = NULL;
    *whole = done == it->info.size;
done:
    hash_end(cx, h, NULL);
    return err;
}

static Err changes(Ctx *cx, const Scan *s, const Item *it)
{
    return FAIL(cx, ERR_IO, "'%s' changes while it is read; try again when nobody writes to it", shown(cx, s, it));
}

/* One reading: *settled when it is whole, or has become too large to be read here. */
static Err read_once(Ctx *cx, const Scan *s, Item *it, bool *settled)
{
    const Files *f = cx->world->files;
    FileInfo after = it->info;
    int fd = -1;
    bool whole = false;
    size_t cap = s->in->keep || it->info.size < PIECE ? (size_t)it->info.size + 1 : PIECE;
    unsigned char *buf = ctx_get(cx, cap);
    if (!buf) return FAIL(cx, ERR_NOMEM, "reading '%s'", shown(cx, s, it));
    it->read_ns = cx->world->clock->now_us(cx->world->clock->self) * 1000;
    Err err = f->open_in(f->self, s->folder, rel_of(s, it), &fd);
    if (err) {
        err = FAIL(cx, err, "reading '%s'", shown(cx, s, it));
        goto done;
    }
    err = read_open(cx, s, it, fd, buf, cap, &whole);
    if (!err && (err = f->look_open(f->self, fd, &after))) FAIL(cx, err, "reading '%s'", shown(cx, s, it));
    f->close(f->self, fd);
    if (err) goto done;
    if (whole && same_look(&it->info, &after)) {
        *settled = it->was_read = true;
        if (s->in->keep) TRY_DONE(cx, store_batch_put(cx, s->in->keep, buf, (size_t)after.size, &it->digest));
        goto done;
    }
    it->info = after;
    *settled = it->large = s->in->keep && after.size > LARGE_BYTES;
done:
    ctx_put(cx, buf);
    return err;
}

static Err read_file(Ctx *cx, const Scan *s, Item *it)
{
    bool settled = false;
    for (int i = 0; i < TRIES && !settled; i++) TRY(cx, read_once(cx, s, it, &settled));
    return settled ? OK : changes(cx, s, it);
}

static int by_digest(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(Digest));
}

/* Is the cache's row still the truth, and are the bytes it names not in doubt? */
static bool believed(const Scan *s, const Item *it)
{
    if (s->in->fresh || !it->row || !stat_same(it->row, &it->info)) return false;
    return !s->in->doubt_n || !bsearch(&it->row->digest, s->in->doubt, s->in->doubt_n, sizeof(Digest), by_digest);
}

static Err look_at(Ctx *cx, const Scan *s, Item *it)
{
    const Files *f = cx->world->files;
    if (it->kind == LAKE_FOLDER) return OK;
    Err err = f->look_in(f->self, s->folder, rel_of(s, it), &it->info);
    if (err) return FAIL(cx, err, "looking at '%s'", shown(cx, s, it));
    switch (it->info.type) {
    case FILE_PLAIN: break;
    case FILE_LINK: return read_the_link(cx, s, it);
    case FILE_OTHER:
        it->skip = true;
        if (!s->in->keep) return OK;
        return FAIL(cx, ERR_BAD_INPUT, "'%s' is neither a file, a folder nor a link (a device, socket or pipe); it cannot be kept: "
                    "remove it, or add the files beside it", shown(cx, s, it));
    default: return FAIL(cx, ERR_IO, "'%s' went away while it was read; try again", shown(cx, s, it));
    }
    it->kind = it->info.executable ? LAKE_PROGRAM : LAKE_FILE;
    if (believed(s, it)) {
        it->digest = it->row->digest;
        return OK;
    }
    it->large = s->in->keep && it->info.size > LARGE_BYTES;
    return it->large ? OK : read_file(cx, s, it);
}

static Err look_at_chunk(Ctx *cx, void *self, size_t chunk)
{
    Scan *s = self;
    size_t from = chunk * CHUNK_FILES, to = from + CHUNK_FILES < s->n ? from + CHUNK_FILES : s->n;
    TRY(cx, ctx_check(cx));
    for (size_t i = from; i < to; i++) TRY(cx, look_at(cx, s, &s->item[i]));
    return OK;
}

/* --- emptying the window (one thread) --- */

static Err put_large(Ctx *cx, Scan *s, Item *it)
{
    const Files *f = cx->world->files;
    char path[64];
    FileInfo before = { 0 }, after = { 0 };
    uint64_t bytes = 0;
    int fd = -1;
    it->read_ns = cx->world->clock->now_us(cx->world->clock->self) * 1000;
    Err err = f->open_in(f->self, s->folder, rel_of(s, it), &fd);
    if (err) return FAIL(cx, err, "reading '%s'", shown(cx, s, it));
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);           /* the same file, whatever its name does meanwhile */
    err = f->look_open(f->self, fd, &before);
    if (err) FAIL(cx, err, "reading '%s'", shown(cx, s, it));
    else err = store_batch_put_file(cx, s->in->keep, path, &it->digest, &bytes);
    if (!err && (err = f->look_open(f->self, fd, &after))) FAIL(cx, err, "reading '%s'", shown(cx, s, it));
    f->close(f->self, fd);
    if (err) return err;
    if (!same_look(&before, &after) || bytes != after.size) return changes(cx, s, it);
    it->info = after;
    it->was_read = true;
    return OK;
}

static Err remember_known(Ctx *cx, Scan *s, const Digest *d)
{
    ScanOut *o = s->out;
    if (o->known_n == s->known_cap) {
        size_t cap = s->known_cap ? s->known_cap * 2 : 256;
        Digest *more = ctx_grow(cx, o->known, cap, sizeof *more);
        if (!more) return FAIL(cx, ERR_NOMEM, "holding %zu digests", cap);
        o->known = more;
        s->known_cap = cap;
    }
    o->known[o->known_n++] = *d;
    return OK;
}

static Err take(Ctx *cx, Scan *s, Item *it)
{
    ScanOut *o = s->out;
    if (it->skip || (!s->in->keep && !text_utf8_ok(path_of(s, it), strlen(path_of(s, it))))) return OK;
    if (it->large) TRY(cx, put_large(cx, s, it));
    LakeFile f = { .path = path_of(s, it), .kind = it->kind, .size = it->info.size, .digest = it->digest };
    TRY(cx, lake_tree_add(cx, s->tree, &f));
    if (it->kind == LAKE_FOLDER) return OK;
    if (it->kind == LAKE_LINK) return OK;
    if (it->info.changed_us > o->scan.newest_us) o->scan.newest_us = it->info.changed_us;
    if (it->was_read) {
        o->scan.files_read++;
        o->bytes_read += it->info.size;
        s->same_cache = false;
    } else {
        it->read_ns = INT64_MAX;                                   /* was not racy, is not now */
        if (s->in->keep) TRY(cx, remember_known(cx, s, &it->digest));
    }
    stat_put(&s->writer, f.path, &it->info, &it->digest, it->read_ns);
    return OK;
}

static Err flush(Ctx *cx, Scan *s)
{
    unsigned threads = s->in->threads ? s->in->threads : os_cpus();
    Err err = OK;
    if (!s->n) return OK;
    TRY_DONE(cx, os_parts(cx, threads, (s->n + CHUNK_FILES - 1) / CHUNK_FILES, look_at_chunk, s));
    for (size_t i = 0; i < s->n; i++) TRY_DONE(cx, take(cx, s, &s->item[i]));
    s->out->scan.files += s->n;
    ctx_step(cx, s->in->keep ? "adding files" : "looking at files", (double)s->out->scan.files, 0);
done:
    s->n = 0;
    s->names.n = 0;
    return err;
}

/* The row of the cache for this path, which comes later in order than all asked for before. */
static const StatRow *cached(Scan *s, const char *path)
{
    char at[LAKE_PATH_MAX];
    for (; s->cursor < s->cache.n; s->cursor++) {
        size_t n;
        const char *p = stat_row_path(&s->cache, s->cursor, &n);
        if (n >= sizeof at) continue;
        memcpy(at, p, n);
        at[n] = 0;
        int o = path_order(at, path);
        if (!o) return &s->cache.row[s->cursor++];
        if (o > 0) return NULL;
        s->same_cache = false;                                     /* a file that is gone */
    }
    return NULL;
}

/* One more for the window.  path: its place in the version. */
static Err item_add(Ctx *cx, Scan *s, uint32_t root, const char *rel, const char *path, LakeKind kind)
{
    if (s->n == WINDOW_FILES) TRY(cx, flush(cx, s));
    Item *it = &s->item[s->n];
    *it = (Item){ .root = root, .kind = kind, .path_at = s->names.n };
    text_bytes(&s->names, path, strlen(path) + 1);
    it->rel_at = s->names.n;
    text_bytes(&s->names, rel, strlen(rel) + 1);
    TRY(cx, text_err(&s->names));
    if (kind != LAKE_FOLDER) it->row = cached(s, path);
    s->n++;
    return OK;
}

static Err item_below(Ctx *cx, Scan *s, uint32_t root, const char *rel, LakeKind kind)
{
    const char *as = s->in->root[root].as;
    char path[LAKE_PATH_MAX];
    if (!as || !*as) return item_add(cx, s, root, rel, rel, kind);
    int n = snprintf(path, sizeof path, "%s/%s", as, rel);
    if (n < 0 || n >= LAKE_PATH_MAX)
        return FAIL(cx, ERR_LIMIT, "the path '%.100s…' is longer than %d bytes; it cannot be kept", rel, LAKE_PATH_MAX - 1);
    return item_add(cx, s, root, rel, path, kind);
}

/* --- walking --- */

/* A pointer says what a version is, leat.lock what the ledger is: neither can be in a version. */
static bool is_pointer(const char *name)
{
    size_t n = strlen(name), end = sizeof LAKE_POINTER_END - 1;
    if (!strcmp(name, "leat.lock")) return true;
    return n > end && !strcmp(name + n - end, LAKE_POINTER_END);
}

/* What never becomes data: Leat's and Git's own, and what a killed get left.  A folder of nothing else is an empty one. */
static bool passed_over(const char *name, FileType type, bool parts)
{
    if (type == FILE_FOLDER) return !strcmp(name, ".leat") || !strcmp(name, ".git");
    return is_pointer(name) || (!parts && lake_is_part(name));
}

typedef struct Name { size_t at; FileType type; } Name;
typedef struct Listing { Ctx *cx; Text text; Name *name; size_t n, cap; bool parts; Err err; } Listing;

static Err listed(void *arg, const char *name, FileType type)
{
    Listing *l = arg;
    if (passed_over(name, type, l->parts)) return OK;
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 64;
        Name *more = ctx_grow(l->cx, l->name, cap, sizeof *more);
        if (!more) return l->err = FAIL(l->cx, ERR_NOMEM, "listing a folder of %zu names", cap);
        l->name = more;
        l->cap = cap;
    }
    l->name[l->n++] = (Name){ l->text.n, type };
    text_bytes(&l->text, name, strlen(name) + 1);
    return OK;
}

static int by_name(const void *a, const void *b, void *text)
{
    return strcmp((const char *)text + ((const Name *)a)->at, (const char *)text + ((const Name *)b)->at);
}

static Err walk(Ctx *cx, Scan *s, uint32_t root, char rel[LAKE_PATH_MAX], size_t at);

static Err walk_one(Ctx *cx, Scan *s, uint32_t root, char rel[LAKE_PATH_MAX], size_t at, const char *name, FileType type)
{
    const Files *f = cx->world->files;
    FileInfo info;
    size_t n = strlen(name);
    if (at + n + 2 > LAKE_PATH_MAX)
        return FAIL(cx, ERR_LIMIT, "the path '%.100s…%s' is longer than %d bytes; it cannot be kept", rel, name, LAKE_PATH_MAX - 1);
    memcpy(rel + at, name, n + 1);
    if (type == FILE_NONE) {
        Err err = f->look_in(f->self, s->folder, rel, &info);
        if (err) return FAIL(cx, err, "looking at '%s/%s'", s->in->root[root].path, rel);
        type = info.type;
    }
    if (type != FILE_FOLDER) return item_below(cx, s, root, rel, LAKE_FILE);
    if (passed_over(name, type, true)) return OK;                  /* where the disk did not tell the type before */
    rel[at + n] = '/';
    rel[at + n + 1] = 0;
    return walk(cx, s, root, rel, at + n + 1);
}

/* rel: the folder below its root, ending with a slash; "" the root itself. */
static Err walk(Ctx *cx, Scan *s, uint32_t root, char rel[LAKE_PATH_MAX], size_t at)
{
    const Files *f = cx->world->files;
    Listing l = { .cx = cx, .parts = s->lake->parts };
    Err err = OK;
    text_init(&l.text, cx);
    if (at) rel[at - 1] = 0;
    TRY_DONE(cx, ctx_check(cx));
    err = f->list_in(f->self, s->folder, rel, listed, &l);
    if (err) {
        if (!l.err) FAIL(cx, err, "listing '%s%s%s'", s->in->root[root].path, *rel ? "/" : "", rel);
        goto done;
    }
    TRY_DONE(cx, text_err(&l.text));
    if (!l.n && at) TRY_DONE(cx, item_below(cx, s, root, rel, LAKE_FOLDER));
    if (at) rel[at - 1] = '/';
    if (l.n) qsort_r(l.name, l.n, sizeof *l.name, by_name, l.text.at);
    for (size_t i = 0; i < l.n; i++)
        TRY_DONE(cx, walk_one(cx, s, root, rel, at, l.text.at + l.name[i].at, l.name[i].type));
done:
    text_clear(&l.text);
    ctx_put(cx, l.name);
    return err;
}

/* Another folder to be below: what waits is below the old one. */
static Err enter(Ctx *cx, Scan *s, const char *path, const char *parent)
{
    const Files *f = cx->world->files;
    if (s->folder >= 0 && *parent && !strcmp(parent, s->parent)) return OK;
    TRY(cx, flush(cx, s));
    if (s->folder >= 0) f->close(f->self, s->folder);
    s->folder = -1;
    memcpy(s->parent, parent, strlen(parent) + 1);
    Err err = f->open_folder(f->self, path, &s->folder);
    if (!err) return OK;
    s->folder = -1;
    return FAIL(cx, err, "opening the folder '%s'", path);
}

static Err walk_root(Ctx *cx, Scan *s, uint32_t root)
{
    const Files *f = cx->world->files;
    const char *path = s->in->root[root].path;
    char real[OS_PATH_MAX], rel[LAKE_PATH_MAX];
    FileInfo info;
    Err err = f->look(f->self, path, &info);
    if (err) return FAIL(cx, err, "looking at '%s'", path);
    rel[0] = 0;
    if (info.type == FILE_NONE) return FAIL(cx, ERR_NOT_FOUND, "no file or folder '%s'", path);
    if (info.type == FILE_OTHER)
        return FAIL(cx, ERR_BAD_INPUT, "'%s' is neither a file nor a folder (a device, socket or pipe); write it to a file first", path);
    if (info.type == FILE_FOLDER) {
        TRY(cx, enter(cx, s, path, ""));
        return walk(cx, s, root, rel, 0);
    }
    TRY(cx, os_real_path(cx, path, real));                         /* a link named by a person is followed */
    char *slash = strrchr(real, '/');
    snprintf(rel, sizeof rel, "%s", slash + 1);
    slash[slash == real] = 0;
    TRY(cx, enter(cx, s, real, real));
    const char *as = s->in->root[root].as, *name = strrchr(path, '/');
    TRY(cx, item_add(cx, s, root, rel, as && *as ? as : name ? name + 1 : path, LAKE_FILE));
    s->item[s->n - 1].named = true;
    return OK;
}

static Err scan_all(Ctx *cx, Scan *s)
{
    uint64_t files, bytes;
    for (uint32_t i = 0; i < s->in->roots_n; i++) TRY(cx, walk_root(cx, s, i));
    TRY(cx, flush(cx, s));
    TRY(cx, lake_tree_end(cx, s->tree, &s->out->scan.tree, &files, &bytes));
    s->out->scan.files = files;
    s->out->scan.bytes = bytes;
    return OK;
}

Err scan_roots(Ctx *cx, Lake *lake, const ScanIn *in, ScanOut *out)
{
    const Files *f = cx->world->files;
    Scan s = { .lake = lake, .in = in, .out = out, .same_cache = true, .folder = -1 };
    char cache[LAKE_PATH_MAX];
    Err err = OK;
    *out = (ScanOut){ 0 };
    held_clear(cx, &lake->held);
    text_init(&s.names, cx);
    stat_writer_init(&s.writer, cx);
    for (size_t i = 0; i < in->roots_n; i++) {
        FileInfo info;
        if (!f->look(f->self, in->root[i].path, &info) && info.type == FILE_NONE)
            return FAIL(cx, ERR_NOT_FOUND, "no file or folder '%s'", in->root[i].path);
    }
    TRY(cx, stat_path(cx, lake, in->root, in->roots_n, cache));
    GET_DONE(cx, s.item, WINDOW_FILES, "adding files");
    stat_open(cx, cache, &s.cache);
    TRY_DONE(cx, lake_tree_begin(cx, &lake->held, &s.tree));
    TRY_DONE(cx, scan_all(cx, &s));
    if (in->passing) goto done;
    if (!s.same_cache || s.writer.n != s.cache.n) stat_save(cx, lake, &s.writer, cache);
done:
    if (s.folder >= 0) f->close(f->self, s.folder);
    ctx_put(cx, s.item);
    text_clear(&s.names);
    stat_close(cx, &s.cache);
    stat_writer_clear(&s.writer);
    lake_tree_free(cx, s.tree);
    if (err) {
        ctx_put(cx, out->known);
        *out = (ScanOut){ 0 };
        held_clear(cx, &lake->held);
    }
    return err;
}

Err lake_scan(Ctx *cx, Lake *lake, const LakeRoot *root, size_t roots_n, unsigned threads, LakeScan *out)
{
    ScanIn in = { .root = root, .roots_n = roots_n, .threads = threads };
    ScanOut all;
    *out = (LakeScan){ 0 };
    TRY(cx, scan_roots(cx, lake, &in, &all));
    ctx_put(cx, all.known);
    *out = all.scan;
    return OK;
}

/* lake/tree.c -- trees of files as nodes named by their SHA-256: building, reading, comparing.
**
** A folder is one node, or many where it is large: its entries, in order of their names, are cut behind each whose name
** hashes to a multiple of TREE_CUT, and the pieces listed in nodes one level up by the same rule.  So where the cuts are
** depends on the names alone: equal folders have equal digests however they came about, and two folders that differ in
** one file share all nodes but one a level.  (A Merkle tree as in Git, RFC 9162 for the idea of naming a tree by its
** root; the cutting is that of prolly trees, Noms 2016.)  Format: doc/formats/lake.md
** Cost: a node holds some 256 entries; a folder of a million files is 4,000 leaves and 16 nodes above.
*/
#include "lake/inner.h"

#include "base/random.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define TREE_HEAD "leat-tree/1\n"
#define TREE_HEAD_N (sizeof TREE_HEAD - 1)
#define TREE_CUT 256u
#define TREE_ENTRIES_MAX 2048u                 /* in one node, whatever the names */
#define TREE_LEVELS_MAX 5u
#define TREE_NAME_MAX 255u
#define TREE_DEPTH_MAX (LAKE_PATH_MAX / 2)

/* --- small --- */

static void put_number(Text *t, uint64_t v, int bytes)
{
    while (bytes--) text_char(t, (char)(v >> (8 * bytes) & 0xff));
}

static uint64_t get_number(const unsigned char *p, int bytes)
{
    uint64_t v = 0;
    while (bytes--) v = v << 8 | *p++;
    return v;
}

int path_order(const char *a, const char *b)
{
    for (;; a++, b++) {
        if (*a != *b) {
            unsigned x = *a == '/' ? 1 : *a ? (unsigned char)*a + 1u : 0;
            unsigned y = *b == '/' ? 1 : *b ? (unsigned char)*b + 1u : 0;
            return x < y ? -1 : 1;
        }
        if (!*a) return 0;
    }
}

/* FNV-1a, 64 bits, of the level's number and the name, then SplitMix64's finish: as doc/formats/lake.md has it. */
static bool cuts(unsigned level, const char *name, size_t n)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);
    h = (h ^ level) * UINT64_C(0x100000001b3);
    for (size_t i = 0; i < n; i++) h = (h ^ (unsigned char)name[i]) * UINT64_C(0x100000001b3);
    h = (h ^ h >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    h = (h ^ h >> 27) * UINT64_C(0x94d049bb133111eb);
    h ^= h >> 31;
    return h % TREE_CUT == 0;
}

/* --- building --- */

typedef struct Level { Text entries; uint32_t count; uint64_t size, files; } Level;
typedef struct Folder { Level level[TREE_LEVELS_MAX]; size_t name_at; unsigned used; } Folder;    /* name_at: in path */

struct TreeBuilder {
    Held *held;
    Folder *folder;                            /* those that are open, the root first */
    size_t depth, cap;                         /* open; ever made (their texts stay) */
    char path[LAKE_PATH_MAX], seen[LAKE_PATH_MAX];     /* of the innermost open folder, with a slash; last path given */
    bool any;
};

static void level_empty(Level *l)
{
    l->entries.n = 0;
    l->count = 0;
    l->size = l->files = 0;
}

static Err open_folder(Ctx *cx, TreeBuilder *b, size_t name_at)
{
    if (b->depth == b->cap) {
        size_t cap = b->cap ? b->cap * 2 : 8;
        Folder *more = ctx_grow(cx, b->folder, cap, sizeof *more);
        if (!more) return FAIL(cx, ERR_NOMEM, "holding a tree of %zu folders deep", cap);
        b->folder = more;
        for (; b->cap < cap; b->cap++)
            for (size_t k = 0; k < TREE_LEVELS_MAX; k++) {
                more[b->cap].level[k] = (Level){ 0 };
                text_init(&more[b->cap].level[k].entries, cx);
            }
    }
    Folder *f = &b->folder[b->depth++];
    for (size_t k = 0; k < TREE_LEVELS_MAX; k++) level_empty(&f->level[k]);
    f->name_at = name_at;
    f->used = 1;
    return OK;
}

/* The entries of a level as a node: its digest, and its sums. */
static Err level_node(Ctx *cx, TreeBuilder *b, Level *l, unsigned level, TreeEntry *out)
{
    Text t;
    text_init(&t, cx);
    text_bytes(&t, TREE_HEAD, TREE_HEAD_N);
    put_number(&t, level, 1);
    put_number(&t, l->count, 4);
    if (l->entries.n) text_bytes(&t, l->entries.at, l->entries.n);
    Err err = text_err(&t);
    if (!err && t.n > LAKE_NODE_MAX) err = FAIL(cx, ERR_LIMIT, "a folder needs a node of %zu bytes", t.n);
    if (!err) err = held_add(cx, b->held, t.at, t.n, &out->digest);
    text_clear(&t);
    out->size = l->size;
    out->files = l->files;
    return err;
}

static Err entry_add(Ctx *cx, TreeBuilder *b, Folder *f, unsigned k, const TreeEntry *e)
{
    Level *l = &f->level[k];
    put_number(&l->entries, (unsigned char)e->kind, 1);
    put_number(&l->entries, e->name_n, 2);
    text_bytes(&l->entries, e->name, e->name_n);
    put_number(&l->entries, e->size, 8);
    put_number(&l->entries, e->files, 8);
    text_bytes(&l->entries, e->digest.at, SHA256_BYTES);
    TRY(cx, text_err(&l->entries));
    l->count++;
    l->size += e->size;
    l->files += e->files;
    if (k + 1 == TREE_LEVELS_MAX || (!cuts(k, e->name, e->name_n) && l->count < TREE_ENTRIES_MAX)) return OK;
    char first[TREE_NAME_MAX];
    TreeEntry up = { .kind = 'n', .name = first };
    up.name_n = (size_t)get_number((const unsigned char *)l->entries.at + 1, 2);
    memcpy(first, l->entries.at + 3, up.name_n);
    TRY(cx, level_node(cx, b, l, k, &up));
    level_empty(l);
    if (f->used < k + 2) f->used = k + 2;
    return entry_add(cx, b, f, k + 1, &up);
}

/* The one entry of a level whose node would only pass on another. */
static void single(const Level *l, TreeEntry *out)
{
    const unsigned char *p = (const unsigned char *)l->entries.at;
    p += 3 + get_number(p + 1, 2);
    out->size = get_number(p, 8);
    out->files = get_number(p + 8, 8);
    memcpy(out->digest.at, p + 16, SHA256_BYTES);
}

static Err folder_end(Ctx *cx, TreeBuilder *b, Folder *f, TreeEntry *out)
{
    for (unsigned k = 0;; k++) {
        Level *l = &f->level[k];
        bool top = k + 1 == f->used;
        if (top && k && l->count == 1) {
            single(l, out);
            return OK;
        }
        if (top) return level_node(cx, b, l, k, out);
        if (!l->count) continue;
        char first[TREE_NAME_MAX];
        TreeEntry up = { .kind = 'n', .name = first };
        up.name_n = (size_t)get_number((const unsigned char *)l->entries.at + 1, 2);
        memcpy(first, l->entries.at + 3, up.name_n);
        TRY(cx, level_node(cx, b, l, k, &up));
        level_empty(l);
        TRY(cx, entry_add(cx, b, f, k + 1, &up));
    }
}

/* End the innermost folder and enter it into the one above. */
static Err close_folder(Ctx *cx, TreeBuilder *b)
{
    assert(b->depth > 1);
    Folder *f = &b->folder[b->depth - 1];
    size_t end = strlen(b->path) - 1;                              /* without its slash */
    TreeEntry e = { .kind = LAKE_FOLDER, .name = b->path + f->name_at, .name_n = end - f->name_at };
    TRY(cx, folder_end(cx, b, f, &e));
    b->depth--;
    TRY(cx, entry_add(cx, b, &b->folder[b->depth - 1], 0, &e));
    b->path[f->name_at] = 0;
    return OK;
}

Err lake_tree_begin(Ctx *cx, Held *held, TreeBuilder **out)
{
    *out = NULL;
    TreeBuilder *b = ctx_get(cx, sizeof *b);
    if (!b) return FAIL(cx, ERR_NOMEM, "building a tree");
    b->held = held;
    Err err = open_folder(cx, b, 0);
    if (err) lake_tree_free(cx, b);
    else *out = b;
    return err;
}

static bool name_ok(const char *name, size_t n)
{
    return n && n <= TREE_NAME_MAX && !(n == 1 && name[0] == '.') && !(n == 2 && !memcmp(name, "..", 2)) &&
           !memchr(name, 0, n) && !memchr(name, '/', n) && text_utf8_ok(name, n);
}

static Err check_path(Ctx *cx, const TreeBuilder *b, const char *path)
{
    size_t n = strlen(path), seen = strlen(b->seen);
    if (n >= LAKE_PATH_MAX) return FAIL(cx, ERR_LIMIT, "the path '%.80s…' is longer than %d bytes", path, LAKE_PATH_MAX - 1);
    for (const char *at = path;; at++) {
        size_t part = strcspn(at, "/");
        if (!name_ok(at, part))
            return FAIL(cx, ERR_BAD_INPUT, "'%.300s' cannot be kept: names are UTF-8 of 1 to %u bytes, and not . or ..; rename it",
                        path, TREE_NAME_MAX);
        at += part;
        if (!*at) break;
    }
    bool below = b->any && n > seen && path[seen] == '/' && !memcmp(path, b->seen, seen);
    if (b->any && (below || path_order(b->seen, path) >= 0))
        return FAIL(cx, ERR_BAD_INPUT, "'%.300s' comes from two sources; give each file or folder once", path);
    return OK;
}

Err lake_tree_add(Ctx *cx, TreeBuilder *b, const LakeFile *f)
{
    TRY(cx, check_path(cx, b, f->path));
    size_t at = strlen(b->path);
    while (strncmp(b->path, f->path, at)) {                        /* out of folders that this one is not in */
        TRY(cx, close_folder(cx, b));
        at = strlen(b->path);
    }
    for (const char *slash; (slash = strchr(f->path + at, '/'));) {
        TRY(cx, open_folder(cx, b, at));
        size_t n = (size_t)(slash - f->path) + 1;
        memcpy(b->path + at, f->path + at, n - at);
        b->path[n] = 0;
        at = n;
    }
    TreeEntry e = { .kind = (char)f->kind, .name = f->path + at, .name_n = strlen(f->path + at), .size = f->size,
                    .files = f->kind != LAKE_FOLDER, .digest = f->digest };
    if (f->kind == LAKE_FOLDER) {                                  /* an empty one */
        Level none = { 0 };
        text_init(&none.entries, cx);
        TRY(cx, level_node(cx, b, &none, 0, &e));
    }
    TRY(cx, entry_add(cx, b, &b->folder[b->depth - 1], 0, &e));
    memcpy(b->seen, f->path, strlen(f->path) + 1);
    b->any = true;
    return OK;
}

Err lake_tree_end(Ctx *cx, TreeBuilder *b, Digest *root, uint64_t *files, uint64_t *bytes)
{
    TreeEntry e = { 0 };
    while (b->depth > 1) TRY(cx, close_folder(cx, b));
    TRY(cx, folder_end(cx, b, &b->folder[0], &e));
    *root = e.digest;
    *files = e.files;
    *bytes = e.size;
    return OK;
}

void lake_tree_free(Ctx *cx, TreeBuilder *b)
{
    if (!b) return;
    for (size_t i = 0; i < b->cap; i++)
        for (size_t k = 0; k < TREE_LEVELS_MAX; k++) text_clear(&b->folder[i].level[k].entries);
    ctx_put(cx, b->folder);
    ctx_put(cx, b);
}

/* --- reading --- */

static Err bad_node(Ctx *cx, const char *why)
{
    return FAIL(cx, ERR_CORRUPT, "a tree of files in the store is no such thing: %s; 'leat fsck' says more", why);
}

Err node_open(Ctx *cx, Lake *lake, const Digest *d, TreeNode *out)
{
    *out = (TreeNode){ 0 };
    const HeldRow *row = held_find(&lake->held, d);
    if (row) {
        out->at = (const unsigned char *)lake->held.bytes.at + row->at;
        out->n = row->n;
    } else {
        TRY(cx, store_get(cx, lake->store, d, LAKE_NODE_MAX, &out->owned, &out->n));
        out->at = out->owned;
    }
    if (out->n < TREE_HEAD_N + 5 || memcmp(out->at, TREE_HEAD, TREE_HEAD_N) || out->at[TREE_HEAD_N] >= TREE_LEVELS_MAX) {
        node_close(cx, out);
        return bad_node(cx, "it has another head");
    }
    out->level = out->at[TREE_HEAD_N];
    out->left = (uint32_t)get_number(out->at + TREE_HEAD_N + 1, 4);
    out->next = TREE_HEAD_N + 5;
    return OK;
}

Err node_next(Ctx *cx, TreeNode *node, bool *more, TreeEntry *out)
{
    const unsigned char *p = node->at + node->next;
    size_t left = node->n - node->next;
    *more = node->left > 0;
    if (!*more) return left ? bad_node(cx, "bytes are left over") : OK;
    node->left--;
    size_t name_n = left < 3 ? 0 : (size_t)get_number(p + 1, 2);
    if (left < 3 + name_n + 16 + SHA256_BYTES) return bad_node(cx, "it ends too soon");
    *out = (TreeEntry){ .kind = (char)p[0], .name = (const char *)p + 3, .name_n = name_n };
    p += 3 + name_n;
    out->size = get_number(p, 8);
    out->files = get_number(p + 8, 8);
    memcpy(out->digest.at, p + 16, SHA256_BYTES);
    node->next += 3 + name_n + 16 + SHA256_BYTES;
    if (!name_ok(out->name, name_n)) return bad_node(cx, "a name that cannot be one");
    if (!out->kind || !strchr(node->level ? "n" : "fxld", out->kind)) return bad_node(cx, "an entry of no known kind");
    size_t both = node->last_n < name_n ? node->last_n : name_n;
    int order = node->last ? memcmp(node->last, out->name, both) : -1;
    if (order > 0 || (!order && node->last_n >= name_n)) return bad_node(cx, "names out of order");
    node->last = out->name;
    node->last_n = name_n;
    return OK;
}

void node_close(Ctx *cx, TreeNode *node)
{
    ctx_put(cx, node->owned);
    *node = (TreeNode){ 0 };
}

typedef Err Each(Ctx *cx, void *arg, const LakeFile *f);
typedef struct Walk { Lake *lake; Each *each; void *arg; char path[LAKE_PATH_MAX]; unsigned depth; } Walk;

/* Put a name behind the path at `at`; *end where it ends. */
static Err extend(Ctx *cx, char *path, size_t at, const TreeEntry *e, size_t *end)
{
    if (at + e->name_n + 2 > LAKE_PATH_MAX) return bad_node(cx, "a path that is too long");
    memcpy(path + at, e->name, e->name_n);
    *end = at + e->name_n;
    path[*end] = 0;
    return OK;
}

/* level: the node must be of it; TREE_LEVELS_MAX: any. */
static Err walk(Ctx *cx, Walk *w, const Digest *d, size_t at, unsigned level)
{
    TreeNode node;
    TreeEntry e;
    bool more = true;
    size_t end = 0;
    Err err = OK;
    if (w->depth > TREE_DEPTH_MAX) return bad_node(cx, "folders too deep");
    w->depth++;
    TRY(cx, node_open(cx, w->lake, d, &node));
    if (level < TREE_LEVELS_MAX && node.level != level) {
        err = bad_node(cx, "a node of another level");
        goto done;
    }
    if (!node.left && at) {                                        /* an empty folder */
        LakeFile f = { .path = w->path, .kind = LAKE_FOLDER, .digest = *d };
        w->path[at - 1] = 0;
        err = w->each(cx, w->arg, &f);
        goto done;
    }
    for (;;) {
        TRY_DONE(cx, node_next(cx, &node, &more, &e));
        if (!more) break;
        if (e.kind == 'n') {
            TRY_DONE(cx, walk(cx, w, &e.digest, at, node.level - 1));
            continue;
        }
        TRY_DONE(cx, extend(cx, w->path, at, &e, &end));
        if (e.kind == LAKE_FOLDER) {
            w->path[end] = '/';
            w->path[end + 1] = 0;
            TRY_DONE(cx, walk(cx, w, &e.digest, end + 1, TREE_LEVELS_MAX));
            continue;
        }
        LakeFile f = { .path = w->path, .kind = (LakeKind)e.kind, .size = e.size, .digest = e.digest };
        TRY_DONE(cx, w->each(cx, w->arg, &f));
    }
done:
    w->depth--;
    node_close(cx, &node);
    return err;
}

Err lake_each_file(Ctx *cx, Lake *lake, const Digest *tree, Each *each, void *arg)
{
    Walk w = { .lake = lake, .each = each, .arg = arg };
    TRY(cx, walk(cx, &w, tree, 0, TREE_LEVELS_MAX));
    return OK;
}

typedef struct Rows { LakeFile *row; size_t n, cap; } Rows;

static Err add_row(Ctx *cx, void *arg, const LakeFile *f)
{
    Rows *r = arg;
    if (r->n == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 64;
        LakeFile *row = ctx_grow(cx, r->row, cap, sizeof *row);
        if (!row) return FAIL(cx, ERR_NOMEM, "listing %zu files", cap);
        r->row = row;
        r->cap = cap;
    }
    r->row[r->n] = *f;
    r->row[r->n].path = ctx_scratch_text(cx, f->path);
    if (!r->row[r->n].path) return FAIL(cx, ERR_NOMEM, "listing %zu files", r->n);
    r->n++;
    return OK;
}

Err lake_files(Ctx *cx, Lake *lake, const Digest *tree, LakeFile **out, size_t *n)
{
    Rows r = { 0 };
    Err err = lake_each_file(cx, lake, tree, add_row, &r);
    if (err) ctx_put(cx, r.row), r = (Rows){ 0 };
    *out = r.row;
    *n = r.n;
    return err;
}

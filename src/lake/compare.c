/* lake/compare.c -- how two trees differ, reading only what they do not share.
**
** A folder is a list of leaves; a leaf that both folders have holds the same entries in both and is passed over.  The rest is
** merged by name.  Cost: the leaves that differ, and the nodes above leaves of the folders on the way there.
*/
#include "lake/inner.h"

#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX (LAKE_PATH_MAX / 2)

typedef Err Each(Ctx *cx, void *arg, LakeChange change, const LakeFile *was, const LakeFile *now);
typedef struct Compare { Lake *lake; Each *each; void *arg; char path[LAKE_PATH_MAX]; unsigned depth; } Compare;

/* --- the leaves of a folder --- */

typedef struct Leaves { Digest *at; size_t n, cap; } Leaves;

static Err leaf_add(Ctx *cx, Leaves *l, const Digest *d)
{
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 16;
        Digest *at = ctx_grow(cx, l->at, cap, sizeof *at);
        if (!at) return FAIL(cx, ERR_NOMEM, "comparing folders");
        l->at = at;
        l->cap = cap;
    }
    l->at[l->n++] = *d;
    return OK;
}

static Err leaves(Ctx *cx, Lake *lake, const Digest *d, unsigned below, Leaves *out)
{
    TreeNode node;
    TreeEntry e;
    bool more = true;
    Err err = OK;
    TRY(cx, node_open(cx, lake, d, &node));
    if (node.level >= below) err = FAIL(cx, ERR_CORRUPT, "a tree of files in the store stands on itself; 'leat fsck' says more");
    else if (!node.level) err = leaf_add(cx, out, d);
    while (!err && node.level) {
        err = node_next(cx, &node, &more, &e);
        if (err || !more) break;
        err = leaves(cx, lake, &e.digest, node.level, out);
    }
    node_close(cx, &node);
    return err;
}

static int by_digest(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(Digest));
}

/* Take out of both what is in both; what stays keeps its order. */
static Err without_common(Ctx *cx, Leaves *a, Leaves *b)
{
    if (!a->n || !b->n) return OK;
    Digest *sa = ctx_get_n(cx, a->n + b->n, sizeof *sa), *sb = sa + a->n;
    if (!sa) return FAIL(cx, ERR_NOMEM, "comparing folders");
    size_t an = a->n, bn = b->n, k = 0;
    memcpy(sa, a->at, an * sizeof *sa);
    memcpy(sb, b->at, bn * sizeof *sb);
    qsort(sa, an, sizeof *sa, by_digest);
    qsort(sb, bn, sizeof *sb, by_digest);
    for (size_t i = 0; i < an; i++)
        if (!bsearch(&a->at[i], sb, bn, sizeof *sb, by_digest)) a->at[k++] = a->at[i];
    a->n = k;
    k = 0;
    for (size_t i = 0; i < bn; i++)
        if (!bsearch(&b->at[i], sa, an, sizeof *sa, by_digest)) b->at[k++] = b->at[i];
    b->n = k;
    ctx_put(cx, sa);
    return OK;
}

/* --- a cursor over the entries of leaves --- */

typedef struct Cursor { Lake *lake; Leaves leaf; size_t next; TreeNode node; TreeEntry e; bool open, more; } Cursor;

static Err step(Ctx *cx, Cursor *c)
{
    for (;;) {
        if (!c->open) {
            c->more = c->next < c->leaf.n;
            if (!c->more) return OK;
            TRY(cx, node_open(cx, c->lake, &c->leaf.at[c->next++], &c->node));
            c->open = true;
        }
        TRY(cx, node_next(cx, &c->node, &c->more, &c->e));
        if (c->more) return OK;
        node_close(cx, &c->node);
        c->open = false;
    }
}

static void cursor_end(Ctx *cx, Cursor *c)
{
    node_close(cx, &c->node);
    ctx_put(cx, c->leaf.at);
}

/* --- comparing --- */

static Err differ(Ctx *cx, Compare *c, const Digest *a, const Digest *b, size_t at);

static LakeFile file_of(const Compare *c, const TreeEntry *e)
{
    return (LakeFile){ .path = c->path, .kind = (LakeKind)e->kind, .size = e->size, .digest = e->digest };
}

static Err extend(Ctx *cx, Compare *c, size_t at, const TreeEntry *e, bool slash, size_t *end)
{
    if (at + e->name_n + 2 > LAKE_PATH_MAX) return FAIL(cx, ERR_CORRUPT, "a tree in the store holds a path that is too long");
    memcpy(c->path + at, e->name, e->name_n);
    *end = at + e->name_n;
    if (slash) c->path[(*end)++] = '/';
    c->path[*end] = 0;
    return OK;
}

/* One entry that has no match in the other folder. */
static Err alone(Ctx *cx, Compare *c, const TreeEntry *e, bool now, size_t at)
{
    size_t end = 0;
    bool folder = e->kind == LAKE_FOLDER;
    TRY(cx, extend(cx, c, at, e, folder, &end));
    if (folder) return differ(cx, c, now ? NULL : &e->digest, now ? &e->digest : NULL, end);
    LakeFile f = file_of(c, e);
    return c->each(cx, c->arg, now ? LAKE_ADDED : LAKE_REMOVED, now ? NULL : &f, now ? &f : NULL);
}

static Err both(Ctx *cx, Compare *c, const TreeEntry *a, const TreeEntry *b, size_t at)
{
    size_t end = 0;
    if (a->kind == b->kind && digest_same(&a->digest, &b->digest)) return OK;
    if (a->kind == LAKE_FOLDER && b->kind == LAKE_FOLDER) {
        TRY(cx, extend(cx, c, at, a, true, &end));
        return differ(cx, c, &a->digest, &b->digest, end);
    }
    if (a->kind == LAKE_FOLDER || b->kind == LAKE_FOLDER) {
        TRY(cx, alone(cx, c, a, false, at));
        return alone(cx, c, b, true, at);
    }
    TRY(cx, extend(cx, c, at, a, false, &end));
    LakeFile was = file_of(c, a), now = file_of(c, b);
    return c->each(cx, c->arg, LAKE_CHANGED, &was, &now);
}

static int order(const Cursor *a, const Cursor *b)
{
    if (!a->more || !b->more) return a->more ? -1 : 1;
    size_t n = a->e.name_n < b->e.name_n ? a->e.name_n : b->e.name_n;
    int o = memcmp(a->e.name, b->e.name, n);
    return o ? o : a->e.name_n < b->e.name_n ? -1 : a->e.name_n > b->e.name_n;
}

/* An empty folder that is there on one side only. */
static Err empty_folder(Ctx *cx, Compare *c, const Digest *d, bool now, size_t at)
{
    char *slash = &c->path[at - 1];
    LakeFile f = { .path = c->path, .kind = LAKE_FOLDER, .digest = *d };
    *slash = 0;
    Err err = c->each(cx, c->arg, now ? LAKE_ADDED : LAKE_REMOVED, now ? NULL : &f, now ? &f : NULL);
    *slash = '/';
    return err;
}

static Err merge(Ctx *cx, Compare *c, Cursor *a, Cursor *b, size_t at)
{
    TRY(cx, step(cx, a));
    TRY(cx, step(cx, b));
    while (a->more || b->more) {
        int o = order(a, b);
        if (o < 0) TRY(cx, alone(cx, c, &a->e, false, at));
        else if (o > 0) TRY(cx, alone(cx, c, &b->e, true, at));
        else TRY(cx, both(cx, c, &a->e, &b->e, at));
        if (o <= 0) TRY(cx, step(cx, a));
        if (o >= 0) TRY(cx, step(cx, b));
    }
    return OK;
}

static bool is_empty(Ctx *cx, Cursor *c, Err *err)
{
    TreeNode node;
    if (c->leaf.n != 1) return false;
    *err = node_open(cx, c->lake, &c->leaf.at[0], &node);
    bool empty = !*err && !node.left;
    node_close(cx, &node);
    return empty;
}

/* a, b: folders; NULL: none. */
static Err differ(Ctx *cx, Compare *c, const Digest *a, const Digest *b, size_t at)
{
    Cursor ca = { .lake = c->lake }, cb = { .lake = c->lake };
    Err err = OK;
    if (a && b && digest_same(a, b)) return OK;
    if (c->depth >= DEPTH_MAX) return FAIL(cx, ERR_CORRUPT, "a tree in the store is too deep");
    c->depth++;
    if (a) TRY_DONE(cx, leaves(cx, c->lake, a, UINT32_MAX, &ca.leaf));
    if (b) TRY_DONE(cx, leaves(cx, c->lake, b, UINT32_MAX, &cb.leaf));
    if (at) {                                                      /* an empty folder is told like a file */
        bool none_a = a && is_empty(cx, &ca, &err), none_b = !err && b && is_empty(cx, &cb, &err);
        if (err) goto done;
        if (none_a) TRY_DONE(cx, empty_folder(cx, c, a, false, at));
        if (none_b) TRY_DONE(cx, empty_folder(cx, c, b, true, at));
    }
    TRY_DONE(cx, without_common(cx, &ca.leaf, &cb.leaf));
    TRY_DONE(cx, merge(cx, c, &ca, &cb, at));
done:
    c->depth--;
    cursor_end(cx, &ca);
    cursor_end(cx, &cb);
    return err;
}

Err lake_compare(Ctx *cx, Lake *lake, const Digest *a, const Digest *b, Each *each, void *arg)
{
    Compare c = { .lake = lake, .each = each, .arg = arg };
    TRY(cx, differ(cx, &c, a, b, 0));
    return OK;
}

/* ledger/tree.c -- RFC 6962's Merkle tree: grow it, its root, proofs, and checking them. */
#include "ledger/tree.h"

#include <assert.h>
#include <string.h>

void tree_node(Hasher *h, const Digest *left, const Digest *right, Digest *out)
{
    unsigned char both[1 + 2 * SHA256_BYTES];
    both[0] = 1;
    memcpy(both + 1, left->at, SHA256_BYTES);
    memcpy(both + 1 + SHA256_BYTES, right->at, SHA256_BYTES);
    hash_again(h, both, sizeof both, NULL, 0, out);
}

unsigned tree_add(Hasher *h, Tree *t, const Digest *leaf, Digest done[TREE_DEPTH_MAX / TREE_TILE_BITS])
{
    Digest at = *leaf;
    unsigned bits = 0;
    assert(t->n < TREE_DEPTH_MAX);
    for (uint64_t old = t->size++; old & 1; old >>= 1) {
        tree_node(h, &t->at[--t->n], &at, &at);
        if (++bits % TREE_TILE_BITS == 0) done[bits / TREE_TILE_BITS - 1] = at;
    }
    t->at[t->n++] = at;
    return bits / TREE_TILE_BITS;
}

void tree_root(Hasher *h, const Tree *t, Digest *out)
{
    if (!t->n) {
        hash_again(h, NULL, 0, NULL, 0, out);
        return;
    }
    Digest at = t->at[t->n - 1];
    for (unsigned i = t->n - 1; i-- > 0;) tree_node(h, &t->at[i], &at, &at);
    *out = at;
}

void tree_perfect(Hasher *h, const Digest *at, size_t n, Digest *out)
{
    Tree t = { 0 };
    Digest done[TREE_DEPTH_MAX / TREE_TILE_BITS];
    assert(n && !(n & (n - 1)));
    for (size_t i = 0; i < n; i++) (void)tree_add(h, &t, &at[i], done);
    *out = t.at[0];
}

/* The largest power of two below n, as bits. */
static unsigned split_bits(uint64_t n)
{
    assert(n > 1);
    return 63 - (unsigned)__builtin_clzll(n - 1);
}

Err tree_range(Ctx *cx, const TreeSource *s, uint64_t from, uint64_t n, Digest *out)
{
    Tree t = { 0 };
    for (unsigned bits = 64; bits-- > 0;) {
        if (!(n >> bits & 1)) continue;
        assert(from % ((uint64_t)1 << bits) == 0);
        TRY(cx, s->node(cx, s->self, bits, from >> bits, &t.at[t.n++]));
        from += (uint64_t)1 << bits;
    }
    tree_root(s->hasher, &t, out);
    return OK;
}

static void turn_round(TreePath *p)
{
    for (unsigned i = 0; i < p->n / 2; i++) {
        Digest d = p->at[i];
        p->at[i] = p->at[p->n - 1 - i];
        p->at[p->n - 1 - i] = d;
    }
}

Err tree_path(Ctx *cx, const TreeSource *s, uint64_t leaf, uint64_t n, TreePath *out)
{
    uint64_t from = 0;
    assert(leaf < n);
    out->n = 0;
    while (n > 1) {                            /* from the root down */
        uint64_t k = (uint64_t)1 << split_bits(n);
        if (leaf - from < k) {
            TRY(cx, tree_range(cx, s, from + k, n - k, &out->at[out->n++]));
            n = k;
        } else {
            TRY(cx, tree_range(cx, s, from, k, &out->at[out->n++]));
            from += k;
            n -= k;
        }
    }
    turn_round(out);
    return OK;
}

Err tree_consistency(Ctx *cx, const TreeSource *s, uint64_t m, uint64_t n, TreePath *out)
{
    uint64_t from = 0;
    bool whole = true;                         /* the old root is the root of what is left */
    out->n = 0;
    assert(m && m <= n);
    while (m != n) {
        uint64_t k = (uint64_t)1 << split_bits(n);
        if (m <= k) {
            TRY(cx, tree_range(cx, s, from + k, n - k, &out->at[out->n++]));
            n = k;
        } else {
            TRY(cx, tree_range(cx, s, from, k, &out->at[out->n++]));
            from += k;
            m -= k;
            n -= k;
            whole = false;
        }
    }
    if (!whole) TRY(cx, tree_range(cx, s, from, n, &out->at[out->n++]));
    turn_round(out);
    return OK;
}

bool tree_includes(Hasher *h, uint64_t leaf, uint64_t n, const Digest *hash, const TreePath *path, const Digest *root)
{
    if (leaf >= n) return false;
    uint64_t fn = leaf, sn = n - 1;
    Digest r = *hash;
    for (unsigned i = 0; i < path->n; i++) {
        if (!sn) return false;
        if (fn & 1 || fn == sn) {
            tree_node(h, &path->at[i], &r, &r);
            while (!(fn & 1) && fn) fn >>= 1, sn >>= 1;
        } else {
            tree_node(h, &r, &path->at[i], &r);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return !sn && digest_same(&r, root);
}

bool tree_extends(Hasher *h, uint64_t m, const Digest *root_m, uint64_t n, const Digest *root_n, const TreePath *path)
{
    if (!m || m > n) return false;
    if (m == n) return !path->n && digest_same(root_m, root_n);
    unsigned i = 0;
    uint64_t fn = m - 1, sn = n - 1;
    Digest fr, sr;
    if (m & (m - 1)) {
        if (!path->n) return false;
        fr = path->at[i++];
    } else {
        fr = *root_m;                          /* an exact power of two: the old root begins the path */
    }
    sr = fr;
    while (fn & 1) fn >>= 1, sn >>= 1;
    for (; i < path->n; i++) {
        if (!sn) return false;
        if (fn & 1 || fn == sn) {
            tree_node(h, &path->at[i], &fr, &fr);
            tree_node(h, &path->at[i], &sr, &sr);
            while (!(fn & 1) && fn) fn >>= 1, sn >>= 1;
        } else {
            tree_node(h, &sr, &path->at[i], &sr);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return !sn && digest_same(&fr, root_m) && digest_same(&sr, root_n);
}

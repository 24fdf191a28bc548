/* ledger/tree.h -- the Merkle tree of RFC 6962 over the hashes of events: nothing here knows of tables.
**
** A Tree is the right edge alone: the roots of the perfect subtrees that its size
** is made of, the largest first.  So adding a leaf and taking the root cost
** O(log n) and no memory beyond it.
*/
#ifndef LEDGER_TREE_H
#define LEDGER_TREE_H

#include "base/hash.h"

#define TREE_DEPTH_MAX 64
#define TREE_TILE_BITS 8                        /* C2SP tlog-tiles: a tile holds 256 hashes */
#define TREE_TILE ((uint64_t)1 << TREE_TILE_BITS)

typedef struct Tree { uint64_t size; unsigned n; Digest at[TREE_DEPTH_MAX]; } Tree;
typedef struct TreePath { unsigned n; Digest at[TREE_DEPTH_MAX]; } TreePath;

void tree_node(Hasher *h, const Digest *left, const Digest *right, Digest *out);      /* SHA-256(0x01 left right) */
/* One leaf more.  Returns how many tile levels it made a hash for: done[k] belongs into level k + 1. */
unsigned tree_add(Hasher *h, Tree *t, const Digest *leaf, Digest done[TREE_DEPTH_MAX / TREE_TILE_BITS]);
void tree_root(Hasher *h, const Tree *t, Digest *out);                                /* of no leaf: SHA-256 of nothing */
/* The root of n hashes that stand side by side at one level, n a power of two. */
void tree_perfect(Hasher *h, const Digest *at, size_t n, Digest *out);

/* Where the tree's hashes are found: the root of the perfect subtree of 2^bits leaves that begins at leaf index << bits. */
typedef struct TreeSource {
    Err (*node)(Ctx *cx, void *self, unsigned bits, uint64_t index, Digest *out);
    void *self;
    Hasher *hasher;
} TreeSource;
MUST_USE Err tree_range(Ctx *cx, const TreeSource *s, uint64_t from, uint64_t n, Digest *out);   /* MTH(D[from:from+n]); from as RFC 6962 splits */
/* PATH(leaf, D[n]) and PROOF(m, D[n]) of RFC 6962, 2.1.1 and 2.1.2, from the leaf to the root. */
MUST_USE Err tree_path(Ctx *cx, const TreeSource *s, uint64_t leaf, uint64_t n, TreePath *out);
MUST_USE Err tree_consistency(Ctx *cx, const TreeSource *s, uint64_t m, uint64_t n, TreePath *out);

/* Do they prove it?  By RFC 9162, 2.1.3.2 and 2.1.4.2: without the tree. */
bool tree_includes(Hasher *h, uint64_t leaf, uint64_t n, const Digest *hash, const TreePath *path, const Digest *root);
bool tree_extends(Hasher *h, uint64_t m, const Digest *root_m, uint64_t n, const Digest *root_n, const TreePath *path);

#endif

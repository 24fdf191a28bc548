/* model/trees_inner.h -- how trees lie in memory; shared by the trees_*.c files only.
**
** Nodes of a tree lie breadth first, so a node's two children are neighbours and
** one number names both.  A leaf is a node that leads to itself, so a walk may go
** on past the end without harm, and a group of walks needs no branch a step.
**
** What a node looks at is a `View`: a column with its missing values put where they
** send the row.  NaN compares false, so it goes right; where missing goes left the
** view holds minus infinity instead.  View 0 is always 0, for leaves.  A category is
** seen 32 codes at a time, as one bit; a set of codes within 32 neighbours is then
** the node's own mask.  Other sets lie in a table of their own.
*/
#ifndef MODEL_TREES_INNER_H
#define MODEL_TREES_INNER_H

#include "model/trees.h"

#define TREES_VIEWS_MAX 65535u
#define TREES_ZERO 1e-35f            /* LightGBM reads numbers this small as 0 */
#define TREES_VALUE_MAX 1e100        /* of a leaf: so that sums stay finite */
#define TREES_SYMMETRIC_MAX 12u      /* levels of a tree that is walked as a symmetric one */
#define TREES_WORDS 8u               /* codes below 32 times this may be seen as bits */

typedef enum ViewMode {  /* numbers, then words, then categories: views are kept in this order */
    VIEW_CONSTANT,       /* always 0 */
    VIEW_NONE,           /* NaN is 0 */
    VIEW_NAN_RIGHT, VIEW_NAN_LEFT,
    VIEW_ZERO_RIGHT, VIEW_ZERO_LEFT,
    VIEW_CATEGORY,       /* the code as bits of a uint32; UINT32_MAX: in no set */
    VIEW_WORD,           /* + w: bit code % 32 of a uint32 when code / 32 is w, else 0 */
    VIEW_MODES = VIEW_WORD + TREES_WORDS
} ViewMode;

typedef struct View {
    uint32_t feature;
    uint32_t mode;                          /* a ViewMode, VIEW_WORD + w included */
} View;

typedef enum TreeReads { READS_NUMBERS, READS_WORDS, READS_SETS } TreeReads;

typedef struct TreeNode {
    union { float at; uint32_t set; } u;    /* threshold; mask of a word; index of a set; a leaf: which one it is */
    uint16_t view;
    uint16_t left;                          /* in the tree; the right child is left + 1; a leaf: itself */
} TreeNode;

typedef struct TreeSet { uint32_t first, words; } TreeSet;     /* in word[] */

typedef struct Tree {
    uint32_t nodes, leaves;                 /* nodes = 2 leaves - 1 */
    size_t node0, leaf0;                    /* where they begin */
    uint32_t depth;                         /* most splits from root to leaf */
    TreeReads reads;                        /* the most that a split of it needs */
    size_t ask0;                            /* symmetric: where its questions begin */
    bool symmetric;                         /* complete, and every level asks one question, of numbers or words */
} Tree;

typedef struct Trees {
    Model head;
    TreesSum sum;
    double e;
    uint32_t leaf_values;                   /* values a leaf: 1, or head.outputs */
    uint32_t trees_n, views_n, sets_n, words_n;
    uint32_t number_views_n, word_views_n;  /* views that are numbers; that are numbers or words */
    size_t nodes_n, leaves_n;
    View *view;
    TreeSet *set;
    uint32_t *word;
    Tree *tree;
    TreeNode *node;
    TreeNode *ask;                          /* the questions of symmetric trees, a level each */
    double *value;                          /* a leaf: leaf_values of them */
    uint32_t *count;                        /* a leaf: training rows, at least 1 */
} Trees;

extern const Form form_trees;

/* Trees that speak for one output. */
static inline uint32_t trees_an_output(const Trees *m) { return m->leaf_values > 1 ? m->trees_n : m->trees_n / m->head.outputs; }

static inline bool trees_is_leaf(const TreeNode *tree, uint32_t i) { return tree[i].left == i; }

/* The values of view v for n rows, `stride` floats apart. */
void trees_fill_view(const View *v, const Frame *X, const uint32_t *rows, size_t n, float *out, size_t stride);

/* Where a view belongs: numbers first, then words, then categories. */
static inline TreeReads trees_reads(uint32_t mode)
{
    return mode >= VIEW_WORD ? READS_WORDS : mode == VIEW_CATEGORY ? READS_SETS : READS_NUMBERS;
}

static inline bool trees_in_set(const Trees *m, uint32_t set, uint32_t code)
{
    const TreeSet s = m->set[set];
    return code >> 5 < s.words && (m->word[s.first + (code >> 5)] >> (code & 31) & 1);
}

/* Does the row go right at this split?  x: its value of the split's view. */
static inline bool trees_right(const Trees *m, const TreeNode *t, float x)
{
    union { float at; uint32_t bits; } u = { x };
    if (t->view < m->number_views_n) return !(x <= t->u.at);
    if (t->view < m->word_views_n) return !(u.bits & t->u.set);
    return !trees_in_set(m, t->u.set, u.bits);
}

/* ---- trees_bits.c: many rows through a tree of few leaves */

#define TREES_GROUP 32u                     /* rows */
#define TREES_BITS_LEAVES_MAX 128u          /* of a tree that is walked so */
#define TREES_BITS_TREES 64u                /* most in hand at once: what they need stays in the first-level cache */
#define TREES_BITS 2048u                    /* their splits, by plane */
#define TREES_BITS_PLANES 128u
#define TREES_BITS_LEAVES 1024u

typedef struct TreesBit {
    uint32_t what, cell, keep;              /* threshold (its bits), mask of a word or set; where its view is; the bits that going right leaves */
} TreesBit;

typedef struct TreesPlane { uint32_t from[READS_SETS + 1], n[READS_SETS + 1]; } TreesPlane;        /* in bit[], by what a split reads */
typedef struct TreesBitTree { uint32_t plane, planes, leaf, leaves; } TreesBitTree;

typedef struct TreesBits {                  /* some trees, next to each other in the model */
    uint32_t leaves_max;
    uint32_t trees_n, planes_n, bits_n, leaves_n;
    TreesBitTree tree[TREES_BITS_TREES];
    TreesPlane plane[TREES_BITS_PLANES];
    TreesBit bit[TREES_BITS];
    double value[TREES_BITS_LEAVES + 32];   /* leaf_values == 1: of a tree's leaves, from left to right; room to read on */
    uint32_t leaf[TREES_BITS_LEAVES];       /* which leaf of the tree that is */
} TreesBits;

/* One more tree; false when it does not fit, or none of its size does. */
bool trees_bits_add(const Trees *m, const Tree *t, TreesBits *to);

/* Leaves, counted from left to right, that TREES_GROUP rows reach; view v of row r is cell[v * TREES_GROUP + r].
** With values (of the leaves; 32 may be read) they are added to the rows' sums, and leaf may be left as it is. */
typedef void TreesWalk(const Trees *m, const TreesBits *s, const TreesBitTree *t, const TreesPlane *p, const float *cell, const double *value,
                       double *sum, uint32_t *leaf);

/* For lanes of so many bits (256, 512; 0: the widest there is), or NULL where there are none; and the most leaves of trees
** that are quicker so. */
TreesWalk *trees_bits_walk(uint32_t width, uint32_t *leaves_max);

/* trees_margin of many rows, by lanes of so many bits; 1: by steps alone. */
Err trees_margin_by(Ctx *cx, const Trees *m, const Frame *X, const uint32_t *rows, size_t n, uint32_t width, double *out);

/* Say of every tree whether it is symmetric, and gather such trees' questions; once the views are in order.  ERR_NOMEM */
Err trees_find_symmetric(Ctx *cx, Trees *m);

/* The leaf that one row ends in; cell: its value of each view. */
uint32_t trees_leaf_symmetric(const Trees *m, const Tree *tree, const float *cell);

void trees_free(Ctx *cx, Model *model);
Err trees_margin(Ctx *cx, const Model *model, const Frame *X, const uint32_t *rows, size_t n, double *out);
Err trees_explain(Ctx *cx, const Model *model, const Frame *X, const uint32_t *rows, size_t n, double *out);
bool trees_can_explain(const Model *model);
Err trees_save(Ctx *cx, const Model *model, Text *out);
Err trees_load(Ctx *cx, const void *bytes, size_t n, Model **out);

#endif

/* learn/symmetric.h -- the parts of symmetric_trees: binned columns, and the shape of one tree; inside the room only.
**
** All nodes of a level of a symmetric tree ask the same question, so a tree of depth d is d questions and 2^d leaves, and
** a leaf's number is the answers as bits, the first question's lowest.
*/
#ifndef LEARN_SYMMETRIC_H
#define LEARN_SYMMETRIC_H

#include "base/random.h"
#include "learn/learn.h"

#define SYM_DEPTH_MAX 10u
#define SYM_CODES_MAX 256u         /* of a column */
#define SYM_ORDERS 4u              /* of the rows, for ordered means: three to find trees by, the last to fill their leaves */
#define SYM_LANES 8u               /* leaves side by side in a histogram */

typedef enum SymKind {
    SYM_NUMBER,                    /* code > cut goes right; missing is the lowest code */
    SYM_LEVEL,                     /* code != cut goes right: one level against the rest */
    SYM_MEAN,                      /* levels by their mean target or count: as numbers; missing is the highest code */
} SymKind;

typedef struct SymColumn {
    SymKind kind;
    uint32_t feature;              /* of the frame */
    uint32_t codes, cuts;          /* codes are below `codes`; cuts 0 .. cuts-1 */
    uint8_t *code[SYM_ORDERS];     /* of the rows to learn from; all the same but for means */
    uint8_t *valid;                /* of the valid rows */
    float *border;                 /* SYM_NUMBER: the largest value left of each cut */
    uint8_t *level;                /* SYM_MEAN: the code of each level */
} SymColumn;

typedef struct SymData {
    const FitIn *in;
    uint32_t n, valid_n, columns_n;
    bool ordered;                  /* some column differs between orders */
    SymColumn *column;
} SymData;

typedef struct SymBinning {
    const char *name;              /* of the learner, in messages and streams */
    uint32_t borders;              /* most cuts of a column */
    uint32_t level_cuts;           /* columns of at most so many levels are cut level against rest; others by means */
    double prior;                  /* rows that a mean is drawn to the mean of all by */
} SymBinning;

/* y: of the rows to learn from, one number a target that levels are ordered by: targets x train_n. */
MUST_USE Err sym_columns(Ctx *cx, const FitIn *in, const SymBinning *how, const float *const *y, uint32_t targets,
                         size_t valid_n, SymData *out);
void sym_columns_drop(Ctx *cx, SymData *d);

typedef struct SymTree {
    uint32_t depth;
    uint32_t column[SYM_DEPTH_MAX];
    uint8_t cut[SYM_DEPTH_MAX];
} SymTree;

typedef struct SymShape {          /* how a tree is looked for */
    uint32_t depth, outputs;
    double l2;                     /* added to a leaf's weight */
    double noise;                  /* standard deviation of what is added to a score */
    double columns;                /* share of columns that each level looks at */
} SymShape;

typedef struct SymGrow SymGrow;

MUST_USE Err sym_grow_new(Ctx *cx, const SymData *d, const SymShape *shape, uint64_t seed, SymGrow **out);
void sym_grow_drop(Ctx *cx, SymGrow *g);

/* Find a tree for m rows (places among the rows to learn from, ascending): slope holds outputs + 1 numbers a row, its
** gradients times its weight and the weight.  Order: whose codes of means are looked at.  Depth 0: no cut explains any. */
void sym_grow_tree(SymGrow *g, const uint32_t *row, const float *slope, uint32_t m, uint32_t order, double noise,
                   Random *random, SymTree *out);

/* The leaf of each row: of the rows to learn from by an order's codes, or of the valid rows. */
void sym_leaves(const SymData *d, const SymTree *t, uint32_t order, uint16_t *leaf);
void sym_leaves_valid(const SymData *d, const SymTree *t, uint16_t *leaf);

double sym_level_s(double rows, double columns, double codes, uint32_t depth, uint32_t outputs);      /* one tree, about */
double sym_bytes(double rows, double columns, double codes, uint32_t depth, uint32_t outputs);

#endif

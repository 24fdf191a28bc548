/* model/trees.h -- the form "trees", for learners that grow some.
**
** A learner adds one tree after another.  A leaf holds one value, and tree t speaks for output t % outputs; or it
** holds a value an output, and every tree speaks for all.
** Decisions are LightGBM's, value for value: a number goes left when x <= threshold,
** a category when its code is in the node's set; missing goes as the node says.
*/
#ifndef MODEL_TREES_H
#define MODEL_TREES_H

#include "model/form.h"

#define TREES_LEAVES_MAX 32768u      /* in one tree */
#define TREES_DEPTH_MAX 1024u        /* splits from root to leaf */
#define TREES_MAX 10000000u          /* trees in one model */

typedef enum TreesSum {
    TREES_SUM,           /* margin = sum over trees, in their order */
    TREES_MEAN,          /* margin = mean over trees */
    TREES_MEAN_LOG,      /* mean of class shares p: log((p + e) / (1 - p + e)) for one output, else log(p + e) each */
} TreesSum;

typedef enum TreesKind { TREES_LEAF, TREES_NUMBER, TREES_CATEGORY } TreesKind;

typedef enum TreesMissing {
    TREES_MISSING_NONE,  /* NaN is read as 0 */
    TREES_MISSING_ZERO,  /* NaN and 0 (up to 1e-35) are missing */
    TREES_MISSING_NAN,   /* NaN is missing */
} TreesMissing;

typedef struct TreesNode {
    TreesKind kind;
    TreesMissing missing;           /* TREES_NUMBER: what counts as missing, */
    bool missing_left;              /*   and where it goes; a missing or negative category goes right */
    uint32_t feature;               /* column of the frame */
    double threshold;               /* TREES_NUMBER: x <= threshold goes left */
    const uint32_t *set;            /* TREES_CATEGORY: code c goes left if bit c % 32 of word c / 32 is set (copied) */
    uint32_t set_words;
    uint32_t left, right;           /* indices of nodes of the same tree; node 0 is the root */
    double value;                   /* TREES_LEAF: its value, */
    const double *values;           /*   or all of them, where leaves hold a value an output (copied) */
    uint32_t count;                 /* TREES_LEAF: training rows in it; 0 counts as 1 */
} TreesNode;

typedef struct TreesMaker TreesMaker;

/* all: a leaf holds a value an output.  e: TREES_MEAN_LOG's small number, which keeps from certainty; else ignored.
** Errors: ERR_NOMEM. */
MUST_USE Err trees_start(Ctx *cx, TreesSum sum, uint32_t outputs, bool all, uint32_t cols, double e, TreesMaker **out);

/* Add a tree of n nodes (borrowed).  round: round the leaf values to float32, which halves their bytes.
** Errors: ERR_SHAPE the nodes are not one tree, or a feature is out of range; ERR_NUMERIC a value is not finite;
** ERR_LIMIT too many leaves, too deep, or too many different (column, missing) pairs; ERR_NOMEM. */
MUST_USE Err trees_add(Ctx *cx, TreesMaker *maker, const TreesNode *node, size_t n, bool round);

/* The model; frees the maker, also on failure.  trees_drop gives up.  Errors: ERR_SHAPE not a whole number of trees an
** output; ERR_NOMEM. */
MUST_USE Err trees_end(Ctx *cx, TreesMaker *maker, Model **out);
void trees_drop(Ctx *cx, TreesMaker *maker);        /* NULL is fine */

uint32_t trees_count(const Model *m);               /* trees in all; m is of form "trees" */
size_t trees_leaves(const Model *m);                /* leaves of all trees */

/* Margins of n rows by the first upto[s] trees, for each of `stops` ascending counts (whole rounds): out is stops x n x outputs.
** m is of form "trees" and its margin a sum (trees_is_sum; false for any other form).  ERR_NOMEM */
MUST_USE Err trees_course(Ctx *cx, const Model *m, const Frame *X, const uint32_t *rows, size_t n, const uint32_t *upto, size_t stops, double *out);
bool trees_is_sum(const Model *m);

#endif

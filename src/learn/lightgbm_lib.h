/* learn/lightgbm_lib.h -- what we use of LightGBM; inside the room only.
**
** The library is opened at the first fit and stays open.  Its errors become ours, in
** words; it says nothing by itself.  One thread: a fit never shares a core with itself.
*/
#ifndef LEARN_LIGHTGBM_LIB_H
#define LEARN_LIGHTGBM_LIB_H

#include "learn/learn.h"

#define LGB_ROWS_MAX 2147483647u

typedef struct Lgb Lgb;            /* the library's functions */

typedef struct LgbFit {            /* one training; begin with all zero, end with lgb_close */
    Lgb *lib;
    void *train, *valid, *booster;
    bool borrowed;                 /* train and valid are the shelf's */
} LgbFit;

/* What of a frame goes into a data set, and the targets it gets. */
typedef struct LgbRows {
    const Frame *X;
    const uint32_t *row;
    size_t n;
    const double *y;               /* by row of X */
    const float *weight;           /* by row of X, or NULL */
} LgbRows;

/* Errors of all: ERR_NOT_FOUND the library is absent; ERR_NOMEM; ERR_LIMIT more than LGB_ROWS_MAX rows or values;
** ERR_NUMERIC a target that float32 cannot hold; ERR_TIME the deadline would pass while the data are binned;
** ERR_BUG LightGBM refused, in its words. */
MUST_USE Err lgb_open(Ctx *cx, LgbFit *fit);
void lgb_close(Ctx *cx, LgbFit *fit);
/* params: LightGBM's text, of what is baked into binned data only; categories are taken from the frame.  valid may have no
** rows.  shelf may be NULL; else the binned data stay on it, under key and params, and are found there. */
MUST_USE Err lgb_data(Ctx *cx, LgbFit *fit, const LgbRows *train, const LgbRows *valid, const char *params, LearnShelf *shelf,
                      uint64_t key);
MUST_USE Err lgb_start(Ctx *cx, LgbFit *fit, const char *params);
MUST_USE Err lgb_round(Ctx *cx, LgbFit *fit, bool *grew);                 /* *grew: a tree was added */
MUST_USE Err lgb_eval(Ctx *cx, LgbFit *fit, double *out);                 /* the first metric on the valid rows */
MUST_USE Err lgb_raw(Ctx *cx, LgbFit *fit, const Frame *X, uint32_t rounds, double *out, size_t n);   /* raw scores of all rows */

/* Add the trees of the first `rounds` rounds to the maker.  leaves: at most so many a tree, for choosing how much to take at once. */
MUST_USE Err lgb_take(Ctx *cx, LgbFit *fit, uint32_t rounds, uint32_t outputs, uint32_t leaves, TreesMaker *maker);

double lgb_take_s(uint32_t rounds, uint32_t outputs, double leaves);      /* about how long lgb_take will need */

/* One tree of LightGBM's text: *at moves behind it; false at the end of the trees.  ERR_CORRUPT what is not a tree. */
MUST_USE Err lgb_read_tree(Ctx *cx, const char **at, const char *end, TreesMaker *maker, bool *found);

#endif

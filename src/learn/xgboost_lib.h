/* learn/xgboost_lib.h -- what we use of XGBoost; inside the room only.
**
** The library is opened at the first fit and stays open.  Its errors become ours, in words; it says nothing by itself.
** One thread.
*/
#ifndef LEARN_XGBOOST_LIB_H
#define LEARN_XGBOOST_LIB_H

#include "learn/learn.h"

typedef struct Xgb Xgb;            /* the library's functions */

typedef struct XgbFit {            /* one training; begin with all zero, end with xgb_close */
    Xgb *lib;
    void *train, *valid, *booster;
    double *base;                  /* outputs: the margins that boosting starts from, in the unit of y */
    double mean, scale;            /* y = mean + scale * (what XGBoost learns) */
    uint32_t outputs;
} XgbFit;

/* Errors of all: ERR_NOT_FOUND the library is absent; ERR_NOMEM; ERR_NUMERIC a target that is not finite; ERR_TIME the
** deadline would pass while the data are laid out; ERR_BUG XGBoost refused, in its words. */
MUST_USE Err xgb_open(Ctx *cx, XgbFit *fit);
void xgb_close(Ctx *cx, XgbFit *fit);
MUST_USE Err xgb_data(Ctx *cx, XgbFit *fit, const FitIn *in, bool valid);
/* params: pairs of name and value, ended by NULL. */
MUST_USE Err xgb_start(Ctx *cx, XgbFit *fit, const char *const *params);
MUST_USE Err xgb_round(Ctx *cx, XgbFit *fit, uint32_t round);
MUST_USE Err xgb_eval(Ctx *cx, XgbFit *fit, uint32_t round, double *out);       /* the one metric on the valid rows */

/* The first `rounds` rounds as a model, with a first tree an output that holds the start.  leaves: about so many a tree. */
MUST_USE Err xgb_take(Ctx *cx, XgbFit *fit, const FitIn *in, uint32_t rounds, double leaves, Model **out);
double xgb_take_s(uint32_t rounds, uint32_t outputs, double leaves);             /* about how long xgb_take will need */

/* What a text in XGBoost's JSON (a whole model) says of its trees, added to the maker.  levels: of each column, 0 for
** numbers.  scale: leaves are multiplied by it; rows: what the root's weight counts as.  ERR_CORRUPT what is no such
** model; *trees: how many were added. */
MUST_USE Err xgb_read(Ctx *cx, const char *json, size_t n, const uint32_t *levels, size_t cols, double scale, double rows,
                      TreesMaker *maker, uint32_t *trees);

#endif

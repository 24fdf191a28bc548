/* model/neighbours.h -- form "neighbours": answers what the nearest training rows answered. */
#ifndef MODEL_NEIGHBOURS_H
#define MODEL_NEIGHBOURS_H

#include "model/dense.h"
#include "model/form.h"

#define NEIGHBOURS_K_MAX 10000
#define NEIGHBOURS_ROWS_MAX ((size_t)1 << 24)

typedef struct NeighboursIn {
    Task task;
    uint32_t classes;          /* 0 for regression */
    Dense *dense;              /* kept by the model, freed with it, also on failure           (kept) */
    const Frame *X;
    const uint32_t *rows;      /* training rows: their order settles ties                      (borrowed) */
    size_t n;
    const double *y;           /* X->rows: class index, or the value                           (borrowed) */
    const uint8_t *fold;       /* X->rows: which fold held the row out, or NULL: then the model can forget one  (borrowed) */
    uint32_t k;                /* more than n counts as n */
    uint32_t p;                /* 1: sum of distances along the columns; 2: straight line */
    bool by_distance;          /* weigh by 1 / distance; rows at distance 0, if any, decide alone */
} NeighboursIn;

/* Margins: the neighbours' mean, or log of (share of the class x k + 1/2).  Search is exact: float distances only
** choose which rows are compared in double.  Ties go to the earlier row.
** A margin call of more than NEIGHBOURS_WORK_MAX cell comparisons obeys cx->deadline_us (ERR_TIME).
** ERR_SHAPE no rows; ERR_NOMEM */
#define NEIGHBOURS_WORK_MAX 2e9
MUST_USE Err neighbours_new(Ctx *cx, const NeighboursIn *in, Model **out);

/* The k nearest of each of n rows: indices into the model's training rows, nearest first, and distances; n x k. */
MUST_USE Err neighbours_find(Ctx *cx, const Model *m, const Frame *X, const uint32_t *rows, size_t n, uint32_t *index,
                             double *distance);
uint32_t neighbours_k(const Model *m);
size_t neighbours_rows(const Model *m);
const Dense *neighbours_dense(const Model *m);

#endif

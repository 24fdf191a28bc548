/* model/outliers.h -- forms that say how unusual a row is: "density", "ranked", "subspace", "tails".
**
** Three of them answer in a unit of their own (larger: more unusual).  "ranked" wraps any model of one output and
** puts its answers on one scale, so that different detectors can be averaged: the log-odds of the share of training
** rows that look less unusual.
*/
#ifndef MODEL_OUTLIERS_H
#define MODEL_OUTLIERS_H

#include "model/dense.h"
#include "model/form.h"

#define OUTLIERS_ROWS_MAX ((size_t)1 << 24)

/* inner: kept by the model, freed with it, also on failure; one output.
** raw: n answers of the inner model for training rows, not of rows it has learned by heart.
** The answer: logit of the mid-rank share at a few dozen answers, straight lines between, and on beyond both ends.
** Explanations share out the answer's distance from its base as the inner ones do theirs (the rescale rule, Shrikumar
** et al. 2017).  ERR_SHAPE no rows, or more than one output; ERR_NUMERIC raw is not finite; ERR_NOMEM.
** Cost: O(n log n) once, O(log knots) a row over the inner model's. */
MUST_USE Err ranked_new(Ctx *cx, Model *inner, const double *raw, size_t n, Model **out);

/* Empirical tail probabilities of every column, summed (ECOD: Li et al. 2022).  A column counts -log of the smaller of
** its two tails at x; a category, or a gap, -log of its share of the training rows.  Shares are (count + 1) / (n + 1), so
** that what was never seen counts -log(1 / (n + 1)).  Columns of more than TAILS_KNOTS_MAX different values keep their
** extremes and quantiles.  Explanations are exact.
** ERR_SHAPE no rows or columns; ERR_NOMEM.  Cost: O(n log n) a column; a row O(log knots) a column. */
#define TAILS_KNOTS_MAX 1024u
MUST_USE Err tails_new(Ctx *cx, const Frame *X, const uint32_t *rows, size_t n, Model **out);

/* Squared distance from the subspace of the leading principal components, over the columns of the dense view.
**   dense   kept by the model, freed with it, also on failure; d = its columns
**   mean    d; axis: q x d, orthonormal, q may be 0                                    (both borrowed)
** ERR_NOMEM.  Cost a row: q x d. */
MUST_USE Err subspace_new(Ctx *cx, Dense *dense, const double *mean, const double *axis, uint32_t q, Model **out);

/* Distances to the nearest training rows. */
typedef enum DensityKind {
    DENSITY_DISTANCE,    /* to the k-th nearest (Ramaswamy et al. 2000) */
    DENSITY_LOF,         /* local outlier factor (Breunig et al. 2000): the neighbours' density over the row's own */
} DensityKind;

/*   dense   kept by the model, freed with it, also on failure
**   rows    n training rows of X                                                       (borrowed)
**   self    n answers for the training rows themselves, each without itself among its neighbours; or NULL
** ERR_SHAPE fewer than 2 rows; ERR_TIME, ERR_NOMEM.  Cost: n x n x columns once; a row n x columns. */
MUST_USE Err density_new(Ctx *cx, DensityKind kind, Dense *dense, const Frame *X, const uint32_t *rows, size_t n, uint32_t k,
                         double *self, Model **out);

#endif

/* model/linear.h -- form "linear": margins are weighted sums over the dense view. */
#ifndef MODEL_LINEAR_H
#define MODEL_LINEAR_H

#include "model/dense.h"
#include "model/form.h"

/*   dense      kept by the model, freed with it, also on failure                       (kept)
**   weight     outputs x dense columns, row-major                                      (copied)
**   intercept  outputs                                                                 (copied)
**   mean       dense columns: mean of each over the training rows, for explanations    (copied)
** ERR_NOMEM */
MUST_USE Err linear_new(Ctx *cx, Dense *dense, uint32_t outputs, const double *weight, const double *intercept,
                        const double *mean, Model **out);

/* What it holds: outputs x dense columns, and outputs. */
const double *linear_weight(const Model *m);
const double *linear_intercept(const Model *m);
const Dense *linear_dense(const Model *m);

#endif

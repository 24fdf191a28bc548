/* model/constant.h -- form "constant": the same margins for every row. */
#ifndef MODEL_CONSTANT_H
#define MODEL_CONSTANT_H

#include "model/form.h"

/* margin: outputs finite numbers (copied).  cols: columns of the frame it was fitted on.  ERR_NOMEM */
MUST_USE Err constant_new(Ctx *cx, uint32_t outputs, uint32_t cols, const double *margin, Model **out);

#endif

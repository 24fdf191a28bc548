/* learn/detect.h -- what the detectors of anomalies share; inside the room only. */
#ifndef LEARN_DETECT_H
#define LEARN_DETECT_H

#include "learn/learn.h"

/* The start of every detector's fit: ERR_SHAPE no rows or columns; the deadline. */
MUST_USE Err detect_check(Ctx *cx, const char *name, const FitIn *in);

/* The training rows, or `most` of them drawn by a key, ascending.  *rows is owned: ctx_put. */
MUST_USE Err detect_rows(Ctx *cx, const FitIn *in, size_t most, const char *name, uint32_t **rows, size_t *n);

/* Put the raw model's answers on the common scale: out->model.  raw is taken over, also on failure.
**   self   its answers for the n rows it was fitted on, or NULL: it is asked about them */
MUST_USE Err detect_end(Ctx *cx, const FitIn *in, Model *raw, const uint32_t *rows, size_t n, const double *self, FitOut *out);

/* The fit of the detectors that look at distances: knn_distance and lof. */
MUST_USE Err detect_density(Ctx *cx, const char *name, const FitIn *in, DensityKind kind, uint32_t k, FitOut *out);
double detect_density_s(const FitIn *in);
double detect_density_bytes(const FitIn *in);

#endif

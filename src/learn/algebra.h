/* learn/algebra.h -- the few matrix steps that linear fits are made of.
**
** X is n rows of `stride` floats, row-major; stride is a multiple of ALGEBRA_LANES and what lies beyond the
** last column is zero.  Sums are double, in a fixed order: the wide instructions of newer machines change
** the speed, not a bit of the answer.
*/
#ifndef LEARN_ALGEBRA_H
#define LEARN_ALGEBRA_H

#include "base/ctx.h"

#define ALGEBRA_LANES 4

static inline size_t algebra_stride(size_t cols) { return (cols + ALGEBRA_LANES - 1) / ALGEBRA_LANES * ALGEBRA_LANES; }

/* out[i * k + c] = x_i . w_c, for k rows w_c of stride doubles. */
void algebra_dots(const float *X, size_t n, size_t stride, const double *w, size_t k, double *out);

/* g_c += sum_i r[i * k + c] x_i, for k rows g_c of stride doubles. */
void algebra_gather(const float *X, size_t n, size_t stride, const double *r, size_t k, double *g);

/* The lower triangle of G (stride x stride) += sum_i d[i] x_i x_i'. */
void algebra_gram(const float *X, size_t n, size_t stride, const double *d, double *G);

/* Solve A x = b for a positive definite A of p x p with `stride` doubles a row; reads and overwrites the lower
** triangle of A; b becomes x.  False if A is not positive definite. */
bool algebra_solve(double *A, size_t p, size_t stride, double *b);

#endif

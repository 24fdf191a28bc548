/* learn/gemm.h -- single-precision matrix products by oneDNN, opened on first use. */
#ifndef LEARN_GEMM_H
#define LEARN_GEMM_H

#include "base/ctx.h"

/* C (m x n) = alpha op(A) op(B) + beta C, all row-major with leading dimensions; op transposes when its flag is set:
** op(A) is m x k, op(B) k x n.  One thread. */
typedef void (*GemmF32)(bool at, bool bt, size_t m, size_t n, size_t k, float alpha, const float *A, size_t lda,
                        const float *B, size_t ldb, float beta, float *C, size_t ldc);

/* ERR_NOT_FOUND libdnnl is not there (scripts/bootstrap brings it). */
MUST_USE Err gemm_open(Ctx *cx, GemmF32 *out);

#endif

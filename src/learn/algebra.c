/* learn/algebra.c -- matrix steps with four double lanes, plain and wide. */
#include "learn/algebra.h"

#include <math.h>

typedef double D4 __attribute__((vector_size(32), aligned(8)));
typedef float F4 __attribute__((vector_size(16), aligned(4)));

#define WIDEN(p) __builtin_convertvector(*(const F4 *)(p), D4)

#define DOTS_BODY                                                                                                  \
    for (size_t i = 0; i < n; i++) {                                                                               \
        const float *x = X + i * stride;                                                                           \
        for (size_t c = 0; c < k; c++) {                                                                           \
            const double *v = w + c * stride;                                                                      \
            D4 s0 = { 0 }, s1 = { 0 };                                                                             \
            size_t j = 0;                                                                                          \
            for (; j + 8 <= stride; j += 8) {                                                                      \
                s0 += WIDEN(x + j) * *(const D4 *)(v + j);                                                         \
                s1 += WIDEN(x + j + 4) * *(const D4 *)(v + j + 4);                                                 \
            }                                                                                                      \
            if (j < stride) s0 += WIDEN(x + j) * *(const D4 *)(v + j);                                             \
            s0 += s1;                                                                                              \
            out[i * k + c] = (s0[0] + s0[2]) + (s0[1] + s0[3]);                                                    \
        }                                                                                                          \
    }

/* Four rows at a time, so that g is read and written a quarter as often. */
#define GATHER_BODY                                                                                                \
    size_t i = 0;                                                                                                  \
    for (; i + 4 <= n; i += 4) {                                                                                   \
        const float *x0 = X + i * stride, *x1 = x0 + stride, *x2 = x1 + stride, *x3 = x2 + stride;                 \
        for (size_t c = 0; c < k; c++) {                                                                           \
            double r0 = r[i * k + c], r1 = r[(i + 1) * k + c], r2 = r[(i + 2) * k + c], r3 = r[(i + 3) * k + c];   \
            double *to = g + c * stride;                                                                           \
            for (size_t j = 0; j < stride; j += 4)                                                                 \
                *(D4 *)(to + j) += (WIDEN(x0 + j) * r0 + WIDEN(x1 + j) * r1) +                                     \
                                   (WIDEN(x2 + j) * r2 + WIDEN(x3 + j) * r3);                                      \
        }                                                                                                          \
    }                                                                                                              \
    for (; i < n; i++)                                                                                             \
        for (size_t c = 0; c < k; c++)                                                                             \
            for (size_t j = 0; j < stride; j += 4) *(D4 *)(g + c * stride + j) += WIDEN(X + i * stride + j) * r[i * k + c];

/* Row j of G takes the columns up to j, rounded up to whole lanes.  Columns that are zero in all four rows,
** as those of categories mostly are, cost nothing. */
#define GRAM_BODY                                                                                                  \
    size_t i = 0;                                                                                                  \
    for (; i + 4 <= n; i += 4) {                                                                                   \
        const float *x0 = X + i * stride, *x1 = x0 + stride, *x2 = x1 + stride, *x3 = x2 + stride;                 \
        for (size_t j = 0; j < stride; j++) {                                                                      \
            double r0 = d[i] * (double)x0[j], r1 = d[i + 1] * (double)x1[j];                                       \
            double r2 = d[i + 2] * (double)x2[j], r3 = d[i + 3] * (double)x3[j];                                   \
            double *to = G + j * stride;                                                                           \
            if (r0 == 0 && r1 == 0 && r2 == 0 && r3 == 0) continue;                                                \
            for (size_t m = 0; m <= j; m += 4)                                                                     \
                *(D4 *)(to + m) += (WIDEN(x0 + m) * r0 + WIDEN(x1 + m) * r1) +                                     \
                                   (WIDEN(x2 + m) * r2 + WIDEN(x3 + m) * r3);                                      \
        }                                                                                                          \
    }                                                                                                              \
    for (; i < n; i++)                                                                                             \
        for (size_t j = 0; j < stride; j++) {                                                                      \
            double r0 = d[i] * (double)X[i * stride + j];                                                          \
            if (r0 == 0) continue;                                                                                 \
            for (size_t m = 0; m <= j; m += 4) *(D4 *)(G + j * stride + m) += WIDEN(X + i * stride + m) * r0;      \
        }

/* a[0..n-1] . b[0..n-1] for the triangle. */
#define DOT_BODY                                                                                                   \
    D4 s0 = { 0 };                                                                                                 \
    double rest = 0;                                                                                               \
    size_t j = 0;                                                                                                  \
    for (; j + 4 <= n; j += 4) s0 += *(const D4 *)(a + j) * *(const D4 *)(b + j);                                  \
    for (; j < n; j++) rest += a[j] * b[j];                                                                        \
    return ((s0[0] + s0[2]) + (s0[1] + s0[3])) + rest;

static void dots_any(const float *X, size_t n, size_t stride, const double *w, size_t k, double *out) { DOTS_BODY }
static void gather_any(const float *X, size_t n, size_t stride, const double *r, size_t k, double *g) { GATHER_BODY }
static void gram_any(const float *X, size_t n, size_t stride, const double *d, double *G) { GRAM_BODY }
static double dot_any(const double *a, const double *b, size_t n) { DOT_BODY }

#if defined __x86_64__
#define WIDE __attribute__((target("avx2")))
WIDE static void dots_wide(const float *X, size_t n, size_t stride, const double *w, size_t k, double *out) { DOTS_BODY }
WIDE static void gather_wide(const float *X, size_t n, size_t stride, const double *r, size_t k, double *g) { GATHER_BODY }
WIDE static void gram_wide(const float *X, size_t n, size_t stride, const double *d, double *G) { GRAM_BODY }
WIDE static double dot_wide(const double *a, const double *b, size_t n) { DOT_BODY }
#define PICK(name) (__builtin_cpu_supports("avx2") ? name##_wide : name##_any)
#else
#define PICK(name) name##_any
#endif

void algebra_dots(const float *X, size_t n, size_t stride, const double *w, size_t k, double *out)
{
    PICK(dots)(X, n, stride, w, k, out);
}

void algebra_gather(const float *X, size_t n, size_t stride, const double *r, size_t k, double *g)
{
    PICK(gather)(X, n, stride, r, k, g);
}

void algebra_gram(const float *X, size_t n, size_t stride, const double *d, double *G)
{
    PICK(gram)(X, n, stride, d, G);
}

bool algebra_solve(double *A, size_t p, size_t stride, double *b)
{
    double (*dot)(const double *, const double *, size_t) = PICK(dot);
    for (size_t i = 0; i < p; i++) {
        double *row = A + i * stride;
        for (size_t j = 0; j < i; j++) row[j] = (row[j] - dot(row, A + j * stride, j)) / A[j * stride + j];
        double left = row[i] - dot(row, row, i);
        if (!(left > 0) || !isfinite(left)) return false;
        row[i] = sqrt(left);
    }
    for (size_t i = 0; i < p; i++) b[i] = (b[i] - dot(A + i * stride, b, i)) / A[i * stride + i];
    for (size_t i = p; i-- > 0;) {
        b[i] /= A[i * stride + i];
        for (size_t j = 0; j < i; j++) b[j] -= A[i * stride + j] * b[i];
    }
    return true;
}

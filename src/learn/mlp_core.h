/* learn/mlp_core.h -- a multilayer perceptron's forward and backward pass and its optimiser.
**
** Written once for any number type: learn/kinds/mlp.c compiles it with float and
** oneDNN's sgemm; a test compiles it with double and plain loops, and holds the
** gradient to finite differences.
** Source: RealMLP (Holzmüller, Grinsztajn, Steinwart 2024): a diagonal scaling layer,
** hidden layers in the neural tangent parametrisation, a last layer that starts at zero.
*/
#ifndef LEARN_MLP_CORE_H
#define LEARN_MLP_CORE_H

#include "base/ctx.h"
#include "base/random.h"
#include "model/model.h"

#ifdef MLP_DOUBLE
typedef double Real;
#else
typedef float Real;
#endif

/* As GemmF32 of learn/gemm.h, for Real. */
typedef void (*Gemm)(bool at, bool bt, size_t m, size_t n, size_t k, Real alpha, const Real *A, size_t lda, const Real *B,
                     size_t ldb, Real beta, Real *C, size_t ldc);

typedef struct MlpShape {
    size_t in, batch;              /* dense columns; most rows in a batch */
    uint32_t layers, width;        /* hidden layers, units in each */
    uint32_t outputs;              /* 1: log-odds or value; else logits */
    Task task;
    NetAct act;
} MlpShape;

/* All parameters in one run of numbers: the scale (in), then for each layer its weights (inputs x units) and biases. */
typedef struct Mlp {
    MlpShape s;
    size_t params_n;
    size_t weight_at[NET_LAYERS_MAX], bias_at[NET_LAYERS_MAX];     /* layers + 1 of them */
    size_t in_n[NET_LAYERS_MAX], out_n[NET_LAYERS_MAX];
    Real *theta, *grad, *m, *v;    /* parameters, gradient, Adam's moments */
    Real *x;                       /* batch x in, as given, then scaled */
    Real *z[NET_LAYERS_MAX], *h[NET_LAYERS_MAX];                   /* batch x units: before and after activation */
    Real *dz, *dh;                 /* batch x widest */
    Real *mask[NET_LAYERS_MAX];    /* dropout factors; NULL without dropout */
    uint64_t steps;
    Gemm gemm;
} Mlp;

MUST_USE Err mlp_new(Ctx *cx, const MlpShape *s, Gemm gemm, Mlp **out);       /* ERR_NOMEM */
void mlp_free(Ctx *cx, Mlp *net);
void mlp_init(Mlp *net, Random *r);                                /* N(0,1) weights and biases, last layer zero */
/* Margins of n <= batch rows: the last z.  drop > 0 draws masks from r. */
const Real *mlp_forward(Mlp *net, const Real *x, size_t n, double drop, Random *r);
/* After mlp_forward of the same rows: fills grad, returns the mean loss (log loss, or half the squared error). */
double mlp_backward(Mlp *net, const Real *x, const double *y, size_t n, double drop);
/* One Adam step (beta .9, .95), learning rate times 6 for the scale and times .1 for biases; decay is decoupled and
** leaves biases and the scale alone. */
void mlp_step(Mlp *net, double rate, double decay);

#endif

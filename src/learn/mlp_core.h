/* learn/mlp_core.h -- a multilayer perceptron's forward and backward pass and its optimiser.
**
** Written once for any number type: learn/mlp_fit.c compiles it with float and
** oneDNN's sgemm; a test compiles it with double and plain loops, and holds the
** gradient to finite differences.
**
** A row is `in` dense columns and one code a table.  What enters the first layer: the dense columns as they are;
** for each column of `number` MLP_WAVES_OUT more, a learnt mix of MLP_WAVES cosines of it (PBLD); for each table
** the MLP_TABLE_DIM numbers of the row's code.  Then a scale a column, the layers, the margins.
** With members > 1 that many networks share all but the scale and the last layer (TabM-mini).
** Source: RealMLP (Holzmüller, Grinsztajn, Steinwart 2024) and pytabkit; TabM (Gorishniy et al. 2024).
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

#define MLP_WAVES NET_WAVES
#define MLP_WAVES_OUT NET_WAVES_OUT
#define MLP_TABLE_DIM NET_TABLE_DIM
#define MLP_PIECES_MAX (3 * NET_LAYERS_MAX + 6)

/* As GemmF32 of learn/gemm.h, for Real. */
typedef void (*Gemm)(bool at, bool bt, size_t m, size_t n, size_t k, Real alpha, const Real *A, size_t lda, const Real *B,
                     size_t ldb, Real beta, Real *C, size_t ldc);

typedef enum MlpStart {
    MLP_START_NORMAL,              /* N(0,1) weights and biases, the last layer zero: RealMLP-TD-S */
    MLP_START_ROWS,                /* by some rows: each unit of variance 1 there and its kink among them ("std", "he+5"): RealMLP-TD */
    MLP_START_UNIFORM,             /* uniform in 1/sqrt(inputs), no neural tangent parametrisation: PyTorch's, for TabM */
} MlpStart;

typedef struct MlpShape {
    size_t in, batch;              /* dense columns; most rows in a batch */
    uint32_t layers, width;        /* hidden layers, units in each */
    uint32_t outputs;              /* 1: log-odds or value; else logits */
    uint32_t members;              /* 1 or more */
    Task task;
    NetAct act;
    bool mixed;                    /* z + a (f(z) - z) with a learnt a unit, in place of f(z) */
    MlpStart start;
    uint32_t numbers_n, tables_n;
    const uint32_t *number;        /* numbers_n dense columns that get waves                  (copied) */
    const uint32_t *levels;        /* tables_n: rows of each table                            (copied) */
    double beta2;                  /* Adam's second moment */
    double rate_scale, rate_bias;  /* learning rates of the scale and of biases, times that of weights */
} MlpShape;

/* A run of parameters that learn alike. */
typedef struct MlpPiece { size_t at, n; double rate; bool decays; } MlpPiece;

typedef struct Mlp {
    MlpShape s;
    size_t wide;                   /* columns that enter the first layer */
    size_t params_n;
    size_t scale_at;               /* members x wide */
    size_t weight_at[NET_LAYERS_MAX], bias_at[NET_LAYERS_MAX], mix_at[NET_LAYERS_MAX];    /* the last: a block a member */
    size_t in_n[NET_LAYERS_MAX], out_n[NET_LAYERS_MAX];
    size_t turn_at, phase_at, blend_at, offset_at;     /* waves: [w][q], [w][q], [w][o][q], [o][q] */
    size_t table_at;               /* the tables one after another */
    size_t *table_row;             /* tables_n: first row of each in that run */
    uint32_t *number;
    MlpPiece piece[MLP_PIECES_MAX];
    uint32_t pieces_n;
    Real *theta, *grad, *m, *v;    /* parameters, gradient, Adam's moments */
    Real *x, *x0;                  /* batch x wide as it enters; scaled, a block a member */
    Real *cosine, *sine;           /* batch x waves x numbers */
    Real *z;                       /* margins: members blocks of batch x outputs */
    Real *h[NET_LAYERS_MAX], *slope[NET_LAYERS_MAX], *lean[NET_LAYERS_MAX];   /* units' outputs, their derivative by z, by a */
    Real *dz, *dh;
    uint64_t steps;
    Gemm gemm;
} Mlp;

MUST_USE Err mlp_new(Ctx *cx, const MlpShape *s, Gemm gemm, Mlp **out);       /* ERR_NOMEM */
void mlp_free(Ctx *cx, Mlp *net);
/* x, code: n <= batch rows to start by; only MLP_START_ROWS looks at them. */
void mlp_init(Mlp *net, const Real *x, const uint32_t *code, size_t n, Random *r);
/* Margins of n <= batch rows: members blocks of n x outputs.  x is n x in, code n x tables_n.  `train` keeps what mlp_backward
** needs; drop > 0 silences units by bits from r. */
const Real *mlp_forward(Mlp *net, const Real *x, const uint32_t *code, size_t n, bool train, double drop, Random *r);
/* After mlp_forward with train of the same rows: fills grad, returns the mean loss (log loss, or half the squared error) over
** rows and members.  weight: n numbers that average 1 over all rows, or NULL. */
double mlp_backward(Mlp *net, const Real *x, const uint32_t *code, const double *y, const float *weight, size_t n);
/* One Adam step (beta .9); decay is decoupled and leaves biases alone. */
void mlp_step(Mlp *net, double rate, double decay);

#endif

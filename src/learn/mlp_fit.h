/* learn/mlp_fit.h -- what the kinds of nets share: rows to numbers, epochs under a deadline, the best one kept.
**
** The number of epochs is fixed before the first step, because the learning rate
** follows a curve over the whole training; under a deadline a few steps are timed
** and as many epochs planned as will fit.  The epoch that judges best on the
** held-out rows is kept, the later of equals.
*/
#ifndef LEARN_MLP_FIT_H
#define LEARN_MLP_FIT_H

#include "learn/learn.h"
#include "learn/mlp_core.h"

#define MLP_EPOCHS_MAX 4096

typedef struct MlpPlan {
    const char *name;              /* the learner's, for failure sentences */
    uint32_t layers, width, members;
    NetAct act;
    MlpStart start;
    bool mixed;                    /* the activation's share is learnt */
    bool waves;                    /* numbers also enter as mixes of cosines */
    uint32_t onehot_max;           /* a category of more levels than this: the rarer ones share a column ... */
    bool tables;                   /* ... or has a table */
    double rate, decay, dropout;
    bool flat;                     /* the rate is constant for half the training, then falls to zero; else four cosine cycles */
    bool fading;                   /* dropout and decay are constant for half the training, then fall to zero */
    double beta2, rate_scale, rate_bias;
    uint32_t epochs, batch;        /* most passes over the rows; most rows a step: few rows take smaller ones */
    uint32_t patience;             /* epochs without a better one after which it ends; 0: goes on */
} MlpPlan;

/* As Learner.fit, guess_s and guess_bytes of learn.h. */
MUST_USE Err mlp_fit_plan(Ctx *cx, const FitIn *in, const MlpPlan *plan, FitOut *out);
double mlp_guess_s(const FitIn *in, const MlpPlan *plan);
double mlp_guess_bytes(const FitIn *in, const MlpPlan *plan);

#endif

/* learn/learn.h -- what every learner promises.
**
** A learner is one constant row of facts and functions.  Its file defines the
** row and nothing else is visible from outside.  tune reads `params` as the
** search space, help and report print it as the form and the table.
** A fit uses one thread, consults cx->deadline_us at every inner step, and for
** equal input and no deadline gives equal models, bit for bit.
*/
#ifndef LEARN_LEARN_H
#define LEARN_LEARN_H

#include "model/model.h"

#define LEARN_PARAMS_MAX 24

typedef enum ParamScale {
    PARAM_LINEAR, PARAM_LOG,          /* any number in lo..hi */
    PARAM_WHOLE, PARAM_WHOLE_LOG,     /* whole numbers */
    PARAM_CHOICE,                     /* index into choices: 0 .. hi */
} ParamScale;

typedef struct Param {
    const char *name, *unit, *help;
    double lo, hi;                    /* the search space */
    double start[TASKS_N];             /* what a first try uses, a task; lo <= start <= hi */
    ParamScale scale;
    const char *const *choices;       /* PARAM_CHOICE: their names */
    bool fixed;                       /* a person may set it, search leaves it alone */
} Param;

enum {
    LEARN_BINARY = 1, LEARN_MULTICLASS = 2, LEARN_REGRESSION = 4,
    LEARN_WEIGHTS = 8,                /* honours row weights */
    LEARN_MISSING = 16,               /* reads NaN natively */
    LEARN_ROUNDS = 32,                /* grows in rounds and stops early on valid rows */
    LEARN_ANOMALY = 128,              /* TASK_ANOMALY: looks at no y; its model's margins are ranked (model/outliers.h) */
    LEARN_SPLITS = 256,               /* cuts features at thresholds: a feature made for sums and distances is a constant to it,
                                      ** and to all others one made for it is (model/frame.h, FeatureUse) */
    LEARN_KEEPS_ROWS = 512,           /* its model is made of training rows, which no export can say (AutoIn.portable) */
    LEARN_NO_EXPORT = 1024,           /* no export can say its model, for another reason */
    LEARN_MONOTONE = 64,              /* honours FitIn.monotone; one that cannot is not asked when there are any */
};

/* What learners may keep between fits of the same rows and columns, such as binned data, so that the next need not make
** it again.  Answers are the same with and without.  Holds at most bytes_max (about); free with the Ctx that made it. */
typedef struct LearnShelf LearnShelf;
MUST_USE Err learn_shelf_new(Ctx *cx, size_t bytes_max, LearnShelf **out);     /* ERR_NOMEM */
void learn_shelf_free(Ctx *cx, LearnShelf *shelf);                             /* NULL is fine */

/* What a fit gets.  Rows are indices into X and y. */
typedef struct FitIn {
    Task task;
    uint32_t classes;                 /* 2 or more; 0 for regression */
    Frame X;
    const double *y;                  /* X.rows: class index, or the value in its own unit */
    const float *weight;              /* X.rows, or NULL; a learner that cannot (LEARN_WEIGHTS) is not asked when there are any */
    const int8_t *monotone;           /* X.cols: +1 the margin never falls as x grows, -1 never rises, 0 free; or NULL */
    const uint32_t *train;            /* rows to learn from, ascending */
    size_t train_n;
    const uint32_t *valid;            /* rows to stop early by; valid_n may be 0 */
    size_t valid_n;
    const uint8_t *fold;              /* X.rows: which fold holds the row out, for a learner that keeps rows and learns from all; or NULL */
    const double *args;               /* one a row of params */
    uint32_t rounds;                  /* LEARN_ROUNDS: exactly so many, no early stopping; 0: decide */
    uint32_t keep;                    /* LEARN_ROUNDS with rounds > 0: plan for `rounds`, but end with the model of this round,
                                      ** looking at no valid row and no clock (a replay; see FitOut.planned); 0: the last */
    const Metric *metric;             /* what the caller wants good; a learner may stop by a smooth stand-in */
    LearnShelf *shelf;                /* or NULL; one fit at a time                                        (borrowed) */
    uint64_t shelf_key;               /* equal keys promise equal X, y, weight, train and valid */
} FitIn;

typedef struct FitOut {
    Model *model;                     /* owned: model_free */
    uint32_t rounds;                  /* LEARN_ROUNDS: rounds (epochs, trees) kept */
    bool cut;                         /* the deadline ended it early; the model is what there was */
    uint32_t planned;                 /* LEARN_ROUNDS: rounds that were planned (a deadline may have made them fewer than args
                                      ** say).  A fit with rounds = planned and keep = rounds gives the model again, bit for bit */
} FitOut;

typedef struct Learner {
    const char *name;                 /* [a-z_]+, never reused for another method */
    const char *summary;              /* one line, under 60 bytes, no full stop */
    const char *source;               /* paper or reference implementation */
    unsigned can;                     /* LEARN_ bits; the conformance exam tests each */
    const Param *params;              /* ends with a row whose name is NULL */

    /* Errors: ERR_SHAPE no rows or no columns; ERR_NUMERIC; ERR_NOMEM; ERR_TIME the deadline passed before
    ** there was any model; ERR_INTERRUPTED; ERR_NOT_FOUND its library is absent (scripts/bootstrap brings it). */
    Err (*fit)(Ctx *cx, const FitIn *in, FitOut *out);

    /* Rough costs before any measurement, for planning: seconds on one thread, and bytes at the peak. */
    double (*guess_s)(const FitIn *in);
    double (*guess_bytes)(const FitIn *in);
} Learner;

const Learner *learner_at(size_t i);                   /* NULL past the end; A to Z */
const Learner *learner_find(const char *name);         /* NULL if none */
size_t learner_params(const Learner *l);               /* rows of params */
void learner_start(const Learner *l, Task task, double *args);
MUST_USE Err learner_args_json(Ctx *cx, const Learner *l, const double *args, Text *out);   /* {"name":value,…} choices by name */
/* ERR_BAD_INPUT unknown name (with the nearest), out of lo..hi. */
MUST_USE Err learner_args_read(Ctx *cx, const Learner *l, const char *json, double *args);

#endif

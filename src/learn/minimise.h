/* learn/minimise.h -- the lowest point of a smooth convex function, with or without an L1 penalty. */
#ifndef LEARN_MINIMISE_H
#define LEARN_MINIMISE_H

#include "base/ctx.h"

typedef struct Minimise {
    size_t n;
    double (*value)(void *self, const double *x, double *gradient);   /* the smooth part, and its gradient at x */
    void *self;
    const double *l1;          /* n weights of |x_i|, added to the value; NULL: none */
    unsigned steps_max;
    double flat;               /* done when no component of the gradient is larger */
    double drop;               /* or when ten steps lowered the value by no more than this share of it */
} Minimise;

typedef struct Minimised {
    double value;              /* with the penalty */
    unsigned steps;
    bool cut;                  /* the deadline or steps_max ended it */
} Minimised;

/* x: where to start, then the best point met.  Errors: ERR_TIME the deadline passed before the first step;
** ERR_INTERRUPTED; ERR_NUMERIC the value is not finite at the start; ERR_NOMEM */
MUST_USE Err minimise(Ctx *cx, const Minimise *m, double *x, Minimised *out);

#endif

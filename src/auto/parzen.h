/* auto/parzen.h -- inside the room: where to look next in a unit cube, from what is known of some of its points. */
#ifndef AUTO_PARZEN_H
#define AUTO_PARZEN_H

#include "base/random.h"
#include "learn/learn.h"

typedef struct ParzenPoint {
    double at[LEARN_PARAMS_MAX];     /* 0..1; of a choice its index */
    double error;                    /* INFINITY: it failed */
} ParzenPoint;

/* A point where good points are dense and the others are not: among draws from kernels around the better quarter, the one with
** the greatest ratio of both densities.
**   p, n     known points, in any order; the order of equal errors counts           (borrowed)
**   dims     numbers a point has; choices[d] is how many values dimension d has, 0 for a number
** Method: tree-structured Parzen estimator with one multivariate kernel a point (Bergstra et al. 2011; Falkner et al. 2018).
** Cost: n * dims a draw, 24 draws.
*/
void parzen_propose(Random *r, const ParzenPoint *p, size_t n, size_t dims, const uint32_t *choices, double *out);

#endif

/* learn/forest.h -- trees grown apart and averaged; inside the room only. */
#ifndef LEARN_FOREST_H
#define LEARN_FOREST_H

#include "learn/learn.h"

typedef struct ForestPlan {
    const char *name;              /* of the learner: in messages, and of its random stream */
    bool bootstrap;                /* each tree sees as many rows, drawn with replacement; else all */
    bool best;                     /* each column is cut where it explains most; else once at random */
    uint32_t trees, leaf_rows;     /* fewest rows in a leaf */
    uint32_t leaves;               /* nodes of fewer than 1 / leaves of all rows are not split */
    double features;               /* share of the columns that a node looks at */
} ForestPlan;

/* Errors: as Learner.fit; ERR_TIME also where the deadline passed before the first tree was grown. */
MUST_USE Err forest_fit(Ctx *cx, const FitIn *in, const ForestPlan *plan, FitOut *out);
double forest_guess_s(const FitIn *in, const ForestPlan *plan);
double forest_guess_bytes(const FitIn *in, const ForestPlan *plan);

#endif

/* model/bayes.h -- form "bayes": naive Bayes; each column speaks for itself, and what they say is added. */
#ifndef MODEL_BAYES_H
#define MODEL_BAYES_H

#include "model/form.h"

#define BAYES_LEVELS_MAX 100000u
#define BAYES_FAR 1e6                /* margins come no further than this from that of the likeliest class */

typedef enum BayesKind { BAYES_NOTHING, BAYES_NORMAL, BAYES_LEVELS } BayesKind;

typedef struct BayesColumn {
    BayesKind kind;                  /* BAYES_NOTHING: the column says nothing */
    uint32_t levels;                 /* BAYES_LEVELS */
    double centre, factor;           /* BAYES_NORMAL: x counts as u / sqrt(1 + (u / 3)^2), u = (x - centre) factor; factor 0: as it is */
    const double *value;             /* BAYES_NORMAL: classes means, then classes variances above 0; BAYES_LEVELS: classes x levels logs of shares (copied) */
} BayesColumn;

/* What a number counts as; see BayesColumn. */
double bayes_drawn_in(double x, double centre, double factor);

/* prior: classes logs of shares.  Two classes: one margin, the log-odds of the second; else a margin a class.  What is missing, infinite or
** no level says nothing.  Errors: ERR_NUMERIC a value is not finite, or a variance is not above 0; ERR_NOMEM. */
MUST_USE Err bayes_new(Ctx *cx, uint32_t classes, uint32_t cols, const double *prior, const BayesColumn *column, Model **out);

#endif

/* model/conformal.h -- how far off an answer may be: intervals and sets of classes that hold the truth in a given share of rows.
**
** Made once from answers to rows the models had not seen, kept in a build's facts, asked when predicting.
** Numbers: |y - answer|, divided by the usual error of such answers where that makes intervals shorter; a half width is
** the ceil((n + 1) x level)-th smallest of n (split conformal: Vovk et al. 2005, Lei et al. 2018; out of fold it is the CV
** of Barber et al. 2021 with the folds' mean as centre, MAPIE's method "base").  Classes: 1 - p(true class), the
** least ambiguous sets of Sadinle et al. 2019 (MAPIE's "lac"), the likeliest class always included.
** A promise about rows like those it was made from: in the mean over them, not for each kind of row.
*/
#ifndef MODEL_CONFORMAL_H
#define MODEL_CONFORMAL_H

#include "base/text.h"
#include "model/frame.h"

#define CONFORMAL_SCORES_MAX 256
#define CONFORMAL_KNOTS_MAX  10

typedef struct Conformal {
    size_t n;                    /* rows it was made from */
    size_t kept;                 /* of their scores: evenly spread, and all of the largest */
    double score[CONFORMAL_SCORES_MAX];
    size_t knots;                /* 0: errors are taken to be the same for all answers */
    double at[CONFORMAL_KNOTS_MAX], spread[CONFORMAL_KNOTS_MAX];      /* answers, ascending, and their usual error */
} Conformal;

/* From n rows: y class index or value, answer as build_answer gives it (n x k).  Deterministic.
** Errors: ERR_NOMEM.  n may be 0: then no level can be had. */
MUST_USE Err conformal_make(Ctx *cx, Task task, const double *y, const double *answer, size_t k, size_t n, Conformal *out);

/* The JSON object kept under "conformal" in a build's facts, and back.  *has false: the facts hold none.
** ERR_CORRUPT what is there is not whole; ERR_NOMEM. */
void conformal_json(const Conformal *c, Text *t);
MUST_USE Err conformal_read(Ctx *cx, const char *facts, Conformal *out, bool *has);

/* The score that a share `level` (0 < level < 1) of rows stay within.  ERR_BAD_INPUT too few rows for that level. */
MUST_USE Err conformal_level(Ctx *cx, const Conformal *c, double level, double *q);
/* Half the interval around an answer. */
double conformal_half(const Conformal *c, double q, double answer);
/* Is a class with probability p in the set?  best: it is the likeliest. */
static inline bool conformal_in_set(double q, double p, bool best) { return best || 1 - p <= q; }

#endif

/* learn/rounds.h -- growing in rounds until it no longer pays; for boosters, inside the room only.
**
** Looks at the valid rows now and then, keeps the rounds up to the best look, and ends when none was better for long,
** when the deadline is near, or when nothing is left to learn.  What round t is never depends on how many follow: so a
** fit that ended anywhere can be replayed.
*/
#ifndef LEARN_ROUNDS_H
#define LEARN_ROUNDS_H

#include "learn/learn.h"

typedef struct Rounds {
    const FitIn *in;
    const char *name;              /* for progress */
    double rate, round_s;          /* learning rate; seconds a round, guessed from sizes */
    uint32_t most;                 /* rounds planned: rounds_most() */
    void *self;
    Err (*round)(Ctx *cx, void *self, bool *grew);             /* one more; *grew: it could split something */
    Err (*eval)(Ctx *cx, void *self, double *loss);            /* on the valid rows; lower is better */
    double (*take_s)(const void *self, uint32_t rounds);       /* seconds that reading so many rounds will need */
    uint32_t best, done;           /* out: rounds to keep, rounds run */
    bool cut;                      /* out: the deadline ended it */
} Rounds;

/* Does a fit look at its valid rows? */
static inline bool rounds_watch(const FitIn *in) { return in->valid_n && !in->rounds; }

/* Rounds at most when nothing stops them: as told, or `most` by valid rows, or without any what is usually right. */
uint32_t rounds_most(const FitIn *in, double most, double rate);

/* Errors: those of round and eval; ERR_TIME before the first round; ERR_INTERRUPTED. */
MUST_USE Err rounds_run(Ctx *cx, Rounds *r);

#endif

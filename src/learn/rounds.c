/* learn/rounds.c -- when boosting stops.
**
** Patience is AutoGluon's (RECIPE A4.5): 300 rounds on few rows, fewer on many, more after a late best; with a deadline
** it follows the learning rate, for small steps need more of them.
*/
#include "learn/rounds.h"

#include <math.h>

#define PATIENCE_ROWS 10000.0      /* with more rows a round says more, so fewer are waited for */
#define PATIENCE_MAX 300.0
#define PATIENCE_MIN 20.0
#define PATIENCE_HURRIED 100.0     /* with a deadline, or ... */
#define PATIENCE_WAY 4.0           /* ... so many over the learning rate, ... */
#define PATIENCE_LEAST 40.0        /* ... but no fewer */
#define BARREN_MAX 5               /* rounds in a row that could not split: bagging may make the next one able to */
#define DEFAULT_SUM 8.0            /* no valid rows: rounds * learning rate */
#define EVAL_SHARE .03             /* of a round's time goes into looking at the valid rows ... */
#define EVAL_ROUNDS_MAX 8          /* ... but at least every so many rounds */
#define EVAL_S 1.5e-8              /* seconds a margin */

static double patience(const Ctx *cx, const Rounds *r)
{
    double n = (double)r->in->train_n, base = PATIENCE_MAX;
    if (n > PATIENCE_ROWS) base = fmax(PATIENCE_MIN, PATIENCE_MAX * PATIENCE_ROWS / n);
    if (cx->deadline_us) base = fmin(base, fmin(PATIENCE_HURRIED, fmax(PATIENCE_LEAST, PATIENCE_WAY / r->rate)));
    return fmax(base, 0.3 * r->best + 20);
}

uint32_t rounds_most(const FitIn *in, double most, double rate)
{
    if (in->rounds) return in->rounds;
    if (in->valid_n) return (uint32_t)most;
    return (uint32_t)fmin(most, fmax(1, ceil(DEFAULT_SUM / rate)));
}

/* Rounds from one look at the valid rows to the next: by sizes, never by a clock, so that equal fits stay equal. */
static uint32_t eval_every(const Rounds *r)
{
    double eval = (double)r->in->valid_n * task_outputs(r->in->task, r->in->classes) * EVAL_S;
    return (uint32_t)fmin(EVAL_ROUNDS_MAX, fmax(1, ceil(eval / (EVAL_SHARE * r->round_s))));
}

/* One more round, if there is time for it. */
static Err one_round(Ctx *cx, Rounds *r, double *took, uint32_t *barren)
{
    bool grew;
    if (cx->cancel && *cx->cancel) return ctx_check(cx);
    if (r->done && ctx_left_s(cx) < 1.3 * *took + r->take_s(r->self, r->done + 1)) {
        r->cut = true;
        return OK;
    }
    TRY(cx, r->done ? OK : ctx_check(cx));
    int64_t from = ctx_mono_us(cx);
    TRY(cx, r->round(cx, r->self, &grew));
    *took = fmax(ctx_since_s(cx, from), 0.7 * *took);
    *barren = grew ? 0 : *barren + 1;
    r->done += grew || !r->done;           /* the first round is kept also where it is a mere constant */
    return OK;
}

Err rounds_run(Ctx *cx, Rounds *r)
{
    double best_loss = INFINITY, took = 0;
    bool watch = rounds_watch(r->in);
    uint32_t barren = 0, every = eval_every(r), end = r->in->keep ? r->in->keep : r->most;
    r->best = r->done = 0;
    r->cut = false;
    while (r->done < end && barren < BARREN_MAX) {
        TRY(cx, one_round(cx, r, &took, &barren));
        if (r->cut) break;
        ctx_step(cx, r->name, r->done, end);
        if (!watch || (r->done % every && r->done > 1 && r->done < end)) continue;
        double loss;
        TRY(cx, r->eval(cx, r->self, &loss));
        if (loss < best_loss || r->done == 1) {
            best_loss = loss;
            r->best = r->done;
        }
        if (r->done - r->best >= patience(cx, r)) break;
    }
    if (!watch) r->best = r->done;
    return OK;
}

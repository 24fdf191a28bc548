/* auto/tune.c -- stage 5: search the hyperparameters around what did best, when the portfolio is through.
**
** Randomised direct search: each proposal moves the best point of one learner by
** a random step in the unit cube of its parameters; steps grow on success and
** shrink on failure (the 1/5 rule; Rechenberg 1973, Wu et al. 2021 for why local
** search from cheap defaults wins under a budget).  Once enough of a learner's
** trials are known, every second proposal is a Parzen estimator's (parzen.h).  A
** proposal's first fold is its low fidelity: trials.c stops one that is behind
** there.  Better learners are asked more often, hopeless ones not at all.
** Everything random is keyed by the trial's number.
*/
#include "auto/parzen.h"
#include "auto/run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define LEARNERS_MAX 64
#define STEP_FIRST .25
#define STEP_MAX .5
#define STEP_MIN .02
#define STEP_UP 1.5
#define STEP_DOWN .92
#define MOVE_SHARE .4              /* chance that a parameter moves */
#define WORTH_S .05
#define ASK_BEST .6                /* chance that the best learner is asked; each next one that of what is left */
#define BEHIND_MAX 1.2             /* a learner is searched whose best error is at most so many times the best */
#define PARZEN_MIN 8               /* known trials of a learner from which densities are made */
#define PARZEN_KEPT 200            /* the newest so many of them are looked at */
#define VISIBLE_LAG 2              /* see trials_run */

typedef struct Point {             /* the search within one learner */
    const Learner *learner;
    const TrialData *best;
    double step;
} Point;

typedef struct Tune {
    Point point[LEARNERS_MAX];
    size_t n;
    uint32_t seen;                 /* trials whose result is known to the search */
    uint32_t first;                /* trials before this stage */
} Tune;

static double to_unit(const Param *p, double v)
{
    if (p->hi <= p->lo) return 0;
    bool log_scale = p->scale == PARAM_LOG || p->scale == PARAM_WHOLE_LOG;
    return log_scale ? log(v / p->lo) / log(p->hi / p->lo) : (v - p->lo) / (p->hi - p->lo);
}

static double from_unit(const Param *p, double u)
{
    bool log_scale = p->scale == PARAM_LOG || p->scale == PARAM_WHOLE_LOG;
    u = fmin(fmax(u, 0), 1);
    double v = log_scale ? p->lo * pow(p->hi / p->lo, u) : p->lo + u * (p->hi - p->lo);
    if (p->scale == PARAM_WHOLE || p->scale == PARAM_WHOLE_LOG || p->scale == PARAM_CHOICE) v = nearbyint(v);
    return fmin(fmax(v, p->lo), p->hi);
}

static bool movable(const Learner *l)
{
    for (size_t i = 0; l->params[i].name; i++)
        if (!l->params[i].fixed && l->params[i].hi > l->params[i].lo) return true;
    return false;
}

/* Take in the results that may be known by now. */
static void learn_results(const Auto *a, Tune *t, uint32_t upto)
{
    for (; t->seen < upto && t->seen < a->trials_n; t->seen++) {
        const TrialData *d = a->trial[t->seen];
        Point *p = NULL;
        for (size_t i = 0; i < t->n; i++)
            if (t->point[i].learner == d->learner) p = &t->point[i];
        if (!p) {
            if (isinf(d->error) || t->n == LEARNERS_MAX || !movable(d->learner)) continue;
            p = &t->point[t->n++];
            *p = (Point){ d->learner, d, STEP_FIRST };
            continue;
        }
        bool better = d->error < p->best->error;
        if (better) p->best = d;
        if (d->told.stage == STAGE_TUNE) p->step = better ? fmin(p->step * STEP_UP, STEP_MAX) : fmax(p->step * STEP_DOWN, STEP_MIN);
    }
}

static void sort_points(Tune *t)
{
    for (size_t i = 1; i < t->n; i++)
        for (size_t j = i; j > 0 && t->point[j].best->error < t->point[j - 1].best->error; j--) {
            Point p = t->point[j];
            t->point[j] = t->point[j - 1];
            t->point[j - 1] = p;
        }
}

static void move(Random *r, const Point *p, double *args)
{
    const Param *par = p->learner->params;
    bool moved = false;
    for (size_t i = 0; par[i].name; i++) args[i] = p->best->args[i];
    while (!moved) {
        for (size_t i = 0; par[i].name; i++) {
            if (par[i].fixed || par[i].hi <= par[i].lo || random_unit(r) >= MOVE_SHARE) continue;
            double u = to_unit(&par[i], args[i]) + p->step * random_normal(r);
            if (par[i].scale == PARAM_CHOICE) args[i] = (double)random_below(r, (uint64_t)par[i].hi + 1);
            else args[i] = from_unit(&par[i], u < 0 ? -u : u > 1 ? 2 - u : u);
            moved = true;
        }
    }
}

/* The learner's known trials as points. */
static size_t gather(const Auto *a, const Learner *l, uint32_t upto, ParzenPoint *out)
{
    size_t n = 0;
    for (uint32_t i = upto; i > 0 && n < PARZEN_KEPT; i--) {
        const TrialData *d = a->trial[i - 1];
        if (d->learner != l) continue;
        for (size_t k = 0; l->params[k].name; k++)
            out[n].at[k] = l->params[k].scale == PARAM_CHOICE ? d->args[k] : to_unit(&l->params[k], d->args[k]);
        out[n++].error = d->error;
    }
    return n;
}

/* False: too little is known. */
static bool by_density(Ctx *cx, const Auto *a, Random *r, const Point *p, uint32_t upto, double *args)
{
    const Param *par = p->learner->params;
    uint32_t choices[LEARN_PARAMS_MAX];
    double u[LEARN_PARAMS_MAX];
    size_t dims = 0, n;
    ParzenPoint *known = ctx_get_n(cx, PARZEN_KEPT, sizeof *known);
    if (!known) return false;
    n = gather(a, p->learner, upto, known);
    for (; par[dims].name; dims++) choices[dims] = par[dims].scale == PARAM_CHOICE ? (uint32_t)par[dims].hi + 1 : 0;
    if (n >= PARZEN_MIN) parzen_propose(r, known, n, dims, choices, u);
    ctx_put(cx, known);
    for (size_t k = 0; n >= PARZEN_MIN && k < dims; k++) {
        args[k] = p->best->args[k];
        if (!par[k].fixed && par[k].hi > par[k].lo) args[k] = choices[k] ? u[k] : from_unit(&par[k], u[k]);
    }
    return n >= PARZEN_MIN;
}

static bool next(void *self, Ctx *cx, Auto *a, uint32_t number, const Learner **learner, double *args)
{
    Tune *t = self;
    double left = auto_left_s(cx, a, STAGE_TUNE);
    Random r = random_make(a->in->seed, "tune", number, 0);
    if (left < WORTH_S || (a->trials_n && a->trial[a->trials_n - 1]->late)) return false;
    uint32_t known = number > VISIBLE_LAG ? number - VISIBLE_LAG : 0;
    if (known < t->first) known = t->first;
    learn_results(a, t, known);
    sort_points(t);
    const Point *pick = NULL;
    for (size_t i = 0; i < t->n; i++) {
        if (t->point[i].best->error > t->point[0].best->error * BEHIND_MAX) break;
        if (isfinite(left) && trial_guess_s(a, t->point[i].learner, t->point[i].best->args) > left) continue;
        if (!pick) pick = &t->point[i];
        if (random_unit(&r) < ASK_BEST) {
            pick = &t->point[i];
            break;
        }
    }
    if (!pick) return false;
    if (number % 2 || !by_density(cx, a, &r, pick, known, args)) move(&r, pick, args);
    *learner = pick->learner;
    return true;
}

static void write_history(Text *t, const Auto *a, uint32_t first)
{
    double best = INFINITY, score = NAN;
    json_key_open_array(t, "history");
    for (uint32_t i = 0; i < a->trials_n; i++) {
        const TrialData *d = a->trial[i];
        if (d->error < best) best = d->error, score = d->told.score;
        json_open(t);
        json_key_int(t, "trial", d->told.number);
        json_key_text(t, "learner", d->told.learner);
        json_key_text(t, "stage", i < first ? "select" : "tune");
        json_key_num(t, "score", d->told.score);
        json_key_num(t, "best", score);
        json_key_num(t, "fit_s", d->told.fit_s);
        json_close(t);
    }
    json_close_array(t);
}

Err stage_tune(Ctx *cx, Auto *a)
{
    Tune t = { .first = a->trials_n };
    Text *json = &a->json[STAGE_TUNE];
    double before = INFINITY, after = INFINITY;
    for (uint32_t i = 0; i < a->trials_n; i++) before = fmin(before, a->trial[i]->error);
    if (!(a->without & AUTO_NO_SEARCH)) TRY(cx, trials_run(cx, a, STAGE_TUNE, next, &t));
    for (uint32_t i = 0; i < a->trials_n; i++) after = fmin(after, a->trial[i]->error);
    json_open(json);
    trials_json(a, STAGE_TUNE, json);
    write_history(json, a, t.first);
    json_key_text(json, "from", "the best settings each learner had so far; steps grow on success and shrink on failure; every second one from where good trials are dense");
    json_close(json);
    uint32_t n = a->trials_n - t.first;
    if (!n) snprintf(a->summary[STAGE_TUNE], sizeof a->summary[0], "no time was left to search");
    else if (after < before)
        snprintf(a->summary[STAGE_TUNE], sizeof a->summary[0], "%u more trials; the best error fell by %.2g %%", n, (1 - after / before) * 100);
    else snprintf(a->summary[STAGE_TUNE], sizeof a->summary[0], "%u more trials; none beat the best default", n);
    return text_err(json);
}

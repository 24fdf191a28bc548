/* auto/select.c -- stage 4: which learners fit this data: strong defaults, tried in turn.
**
** The portfolio is zero-shot (RECIPE A4.4 and A5): families in turn, so that whenever time ends the ensemble has the
** most different members the time could buy.  What comes next is the row with the least of its place in the list, what
** it would cost of the time, and how far its family has been behind so far; so dear rows wait on large data,
** many-class data sees other families before boosters, and a family that does badly is not asked again early.
** Sources: pytabkit's tuned defaults; AutoGluon's CPU portfolio of 2025-12-18 and its zero-shot one of 2023.
*/
#include "auto/run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SELECT_SHARE .75           /* of counted trials; the rest are tune's */
#define TOO_LONG 1.0               /* a trial guessed to take so many times what is left is passed over ... */
#define TOO_LONG_ROUNDS 8.0        /* ... and one that can stop after fewer rounds, so many times; */
#define TOO_LONG_NET 3.0           /* a net that makes a tenth of its epochs is worth nothing */
#define BOOSTER_SHARE .35          /* of the time left, for one booster to end in */
#define HURRY_MAX 2.               /* its learning rate is raised at most so many times */
#define WORTH_S .03                /* no trial is started with less time left */
#define CLOCKLESS_S 30.            /* what a row's cost is compared with when trials are counted */
#define ROUNDS_COST .25            /* of the time at most, where fewer rounds will do */
#define HALVED_DELAY 1.5           /* places it waits for each time its rounds must be halved */
#define COST_DELAY 12.             /* places a row waits that would take all the time */
#define BEHIND_DELAY 10.           /* places a family's further rows wait whose best error is twice the best */
#define BEHIND_MAX 16.
#define VISIBLE_LAG 2              /* see trials_run */

typedef struct Row {
    const char *learner;
    const char *params;            /* what differs from the learner's own start */
    bool slow;                     /* learning_rate was tuned for long budgets: raised for short ones */
} Row;

#define LGB_(rate, leaves, leaf_rows, cols, bag, l1, l2, extra, onehot, cat_l2, smooth, group) \
    { "lightgbm", "{\"learning_rate\":" #rate ",\"num_leaves\":" #leaves ",\"min_data_in_leaf\":" #leaf_rows ",\"feature_fraction\":" #cols \
      ",\"bagging_fraction\":" #bag ",\"lambda_l1\":" #l1 ",\"lambda_l2\":" #l2 ",\"extra_trees\":\"" extra "\",\"max_cat_to_onehot\":" #onehot \
      ",\"cat_l2\":" #cat_l2 ",\"cat_smooth\":" #smooth ",\"min_data_per_group\":" #group "}", true }

static const Row rows[] = {
    { "baseline", "{}", false },
    { "linear", "{}", false },
    { "lightgbm", "{}", false },
    { "symmetric_trees", "{}", false },
    { "mlp", "{}", false },
    LGB_(0.0179, 39, 3, 0.462, 0.877, 0.2375, 0.3552, "yes", 16, 0.342, 15.4, 9),
    { "extra_trees", "{}", false },
    { "symmetric_trees", "{\"learning_rate\":0.0494,\"depth\":4,\"l2_leaf_reg\":4.56,\"rsm\":0.7}", false },
    { "xgboost", "{}", false },
    { "mlp", "{\"layers\":2,\"width\":128,\"dropout\":0.1}", false },
    LGB_(0.0134, 20, 2, 0.425, 0.711, 0.514, 0.513, "no", 16, 0.868, 48.7, 32),
    { "random_forest", "{}", false },
    { "realmlp", "{}", false },
    { "knn", "{}", false },
    { "symmetric_trees", "{\"learning_rate\":0.0503,\"depth\":5,\"l2_leaf_reg\":1.05,\"rsm\":0.6}", false },
    { "naive_bayes", "{}", false },
    LGB_(0.0114, 84, 3, 0.528, 0.978, 0.027, 0.8375, "no", 42, 0.155, 0.0093, 75),
    { "mlp", "{\"weight_decay\":0.02,\"dropout\":0.15}", false },
    LGB_(0.0127, 5, 12, 0.733, 0.854, 0.2413, 0.2981, "yes", 67, 0.011, 5.09, 93),
    { "xgboost", "{\"learning_rate\":0.0878,\"max_depth\":5,\"min_child_weight\":0.629,\"colsample_bylevel\":0.663}", false },
    LGB_(0.018, 180, 12, 0.404, 0.95, 0.766, 1.6, "yes", 11, 0.216, 0.0638, 3),
    { "tabm", "{}", false },
    { "symmetric_trees", "{\"learning_rate\":0.0173,\"depth\":8,\"l2_leaf_reg\":3.33,\"rsm\":0.7}", true },
    { "extra_trees", "{\"max_features\":1,\"min_data_in_leaf\":4}", false },
    LGB_(0.0398, 16, 1, 0.579, 0.959, 0.9385, 0.99, "no", 27, 1.896, 0.0215, 39),
    { "mlp", "{\"layers\":1,\"width\":256,\"dropout\":0.2,\"weight_decay\":0.01}", false },
    LGB_(0.0091, 2, 17, 0.588, 0.841, 0.0789, 0.7713, "no", 16, 0.9285, 0.0898, 11),
    { "realmlp", "{\"dropout\":0.3,\"weight_decay\":0.01}", false },
    LGB_(0.0193, 64, 28, 0.553, 0.992, 0.9144, 1.9, "yes", 18, 0.0143, 1.866, 54),
    { "symmetric_trees", "{\"learning_rate\":0.0848,\"depth\":7,\"l2_leaf_reg\":4.52,\"random_strength\":2}", false },
    { "random_forest", "{\"max_features\":0.75,\"min_data_in_leaf\":3}", false },
    { "lightgbm", "{\"learning_rate\":0.03,\"num_leaves\":128,\"min_data_in_leaf\":3,\"feature_fraction\":0.9}", false },
    { "xgboost", "{\"learning_rate\":0.0382,\"max_depth\":7,\"min_child_weight\":0.556,\"colsample_bylevel\":0.745}", false },
    LGB_(0.0187, 5, 5, 0.503, 0.704, 0.1032, 1.255, "yes", 29, 0.1139, 41.8, 74),
    { "mlp", "{\"layers\":4,\"width\":128,\"learning_rate\":0.02,\"dropout\":0.05}", false },
    LGB_(0.0433, 19, 18, 0.661, 0.933, 0.5567, 1.272, "no", 42, 0.0068, 29.2, 83),
    { "tabm", "{\"layers\":2,\"width\":128}", false },
    { "lightgbm", "{\"learning_rate\":0.0313,\"num_leaves\":200,\"min_data_in_leaf\":50,\"feature_fraction\":0.825}", false },
    LGB_(0.0079, 8, 24, 0.94, 0.815, 0.4369, 0.2998, "no", 28, 0.0058, 0.0289, 3),
};
enum { ROWS_N = sizeof rows / sizeof *rows };

typedef struct Select {
    Auto *a;
    uint32_t most;
    bool tried[ROWS_N];
    bool reordered;                /* some row was passed by a later one */
} Select;

static double rate_factor(const Auto *a)
{
    double t = a->in->trials ? 0 : a->in->time_s;
    return t <= 90 ? 3 : t <= 400 ? 2 : 1;
}

/* A booster that cannot end its small steps in its share of the time does better with larger ones. */
static void hurry(Ctx *cx, const Auto *a, const Learner *l, double *rate, double most, const double *args)
{
    double left = auto_left_s(cx, a, STAGE_TUNE);
    if (isinf(left) || !(l->can & LEARN_SPLITS)) return;
    double over = trial_guess_s(a, l, args) / fmax(left * BOOSTER_SHARE, 1e-3);
    if (over > 1) *rate = fmin(*rate * fmin(over, HURRY_MAX), most);
}

static bool args_of(Ctx *cx, const Auto *a, const Row *row, const Learner *l, double *args)
{
    learner_start(l, a->task, args);
    if (learner_args_read(cx, l, row->params, args)) {
        ctx_detail(cx, "portfolio row of %s is passed over: %s", l->name, cx->text);
        return false;
    }
    for (size_t i = 0; l->params[i].name; i++) {
        if (strcmp(l->params[i].name, "learning_rate")) continue;
        if (row->slow) args[i] = fmin(args[i] * rate_factor(a), l->params[i].hi);
        hurry(cx, a, l, &args[i], l->params[i].hi, args);
    }
    return true;
}

static bool affordable(Ctx *cx, const Auto *a, const Learner *l, const double *args, uint32_t number)
{
    double left = auto_left_s(cx, a, STAGE_TUNE);
    if (isinf(left)) return true;
    if (left < WORTH_S) return false;
    /* On many rows a trial that would take too long learns from some of them (trials.c). */
    double most = left * (auto_is_net(l) ? TOO_LONG_NET : l->can & LEARN_ROUNDS ? TOO_LONG_ROUNDS : TOO_LONG);
    return number <= 3 || trial_guess_s(a, l, args) * fmin(1, TRIAL_ROWS_MIN / (double)a->rows) <= most;
}

/* How many places the row waits for what it costs: none when it is cheap, COST_DELAY when it would take all the time. */
static double cost_delay(Ctx *cx, const Auto *a, const Learner *l, const double *args)
{
    double left = auto_left_s(cx, a, STAGE_TUNE);
    double guess = isinf(left) ? trial_work_s(a, l, args) / 2 : trial_guess_s(a, l, args);
    if (isinf(left)) left = CLOCKLESS_S;
    left = fmax(left, 1e-3);
    double most = l->can & LEARN_ROUNDS ? fmin(guess, ROUNDS_COST * left) : guess;
    return COST_DELAY * fmin(1, most / left) + (most < guess ? HALVED_DELAY * log2(guess / most) : 0);
}

/* How many places a family's further rows wait for its having been behind.  Only results that may be known count. */
static double behind_delay(const Auto *a, const Learner *l, uint32_t number)
{
    double best = INFINITY, own = INFINITY;
    bool asked = false;
    for (uint32_t i = 0; i < a->trials_n; i++) {
        const TrialData *d = a->trial[i];
        asked |= d->learner == l;
        if (d->told.number + VISIBLE_LAG > number) continue;
        best = fmin(best, d->error);
        if (d->learner == l) own = fmin(own, d->error);
    }
    if (!asked || isinf(best)) return 0;
    if (isinf(own)) return asked ? BEHIND_DELAY / 2 : 0;         /* it is under way, or failed */
    double gap = best > 0 ? own / best - 1 : own > 0;
    return fmin(gap * BEHIND_DELAY, BEHIND_MAX);
}

/* The row that is next; NULL when all were tried. */
static const Row *pick(Ctx *cx, Select *s, uint32_t number, const Learner **learner, double *args)
{
    const Row *best = NULL;
    double least = INFINITY;
    bool passed = false;
    for (size_t i = 0; i < ROWS_N; i++) {
        double own[LEARN_PARAMS_MAX];
        const Learner *l = learner_find(rows[i].learner);
        if (s->tried[i]) continue;
        if ((s->a->without & AUTO_NO_PORTFOLIO && strcmp(rows[i].params, "{}")) || !l || !auto_allows(s->a, l) || !args_of(cx, s->a, &rows[i], l, own)) {
            s->tried[i] = true;
            continue;
        }
        double place = (double)i;
        if (i > 1) place += cost_delay(cx, s->a, l, own) + behind_delay(s->a, l, number);
        if (place >= least) continue;
        passed = best != NULL;
        least = place;
        best = &rows[i];
        *learner = l;
        memcpy(args, own, sizeof own);
    }
    s->reordered |= passed;
    if (best) s->tried[best - rows] = true;
    return best;
}

static bool next(void *self, Ctx *cx, Auto *a, uint32_t number, const Learner **learner, double *args)
{
    Select *s = self;
    if (a->in->trials && number > s->most) return false;
    if (number > 2 && auto_left_s(cx, a, STAGE_SELECT) <= 0) return false;
    while (pick(cx, s, number, learner, args)) {
        if (affordable(cx, a, *learner, args, number)) return true;
        a->short_of_time = true;
    }
    return false;
}

static Err write_json(Auto *a, const Select *s)
{
    Text *t = &a->json[STAGE_SELECT];
    json_open(t);
    json_key_text(t, "metric", a->metric->name);
    json_key_bool(t, "higher", a->metric->higher);
    json_key_int(t, "folds", a->folds);
    json_key(t, "validation");
    char words[160];
    if (a->folds > 1 && a->held_n < a->rows)
        snprintf(words, sizeof words, "%u folds of %.0f %% of the rows in all: each is predicted by models that never saw it", a->folds,
                 100. * (double)a->held_n / (double)a->rows);
    else if (a->folds > 1) snprintf(words, sizeof words, "%u-fold cross-validation: every row is predicted by models that never saw it", a->folds);
    else snprintf(words, sizeof words, "one holdout of %zu rows, chosen because the data is large for the time given", a->held_n);
    json_text(t, words);
    trials_json(a, STAGE_SELECT, t);
    json_key_text(t, "order", s->reordered ? "cheap learners first, families in turn; what is dear for the time, or of a family that was behind, came later"
                                           : "cheap learners first, then families in turn, so that the ensemble gets different members whenever time ends");
    json_close(t);
    return text_err(t);
}

Err stage_select(Ctx *cx, Auto *a)
{
    Select s = { .a = a, .most = UINT32_MAX };
    uint32_t failed = 0, n = 0;
    const TrialData *best = NULL;
    if (a->in->trials) {
        s.most = (uint32_t)ceil(a->in->trials * SELECT_SHARE);
        if (a->in->until == STAGE_SELECT) s.most = a->in->trials;
    }
    TRY(cx, auto_share(cx, a));
    TRY(cx, trials_run(cx, a, STAGE_SELECT, next, &s));
    for (uint32_t i = 0; i < a->trials_n; i++) {
        const TrialData *d = a->trial[i];
        n++;
        failed += d->told.state == TRIAL_FAILED;
        if (!isinf(d->error) && (!best || d->error < best->error)) best = d;
    }
    for (uint32_t i = 0; i < a->trials_n; i++)
        if (a->trial[i]->told.state == TRIAL_FAILED && !a->trial[i]->stopped && a->in->trials)
            TRY(cx, auto_warn(cx, a, "trial %u (%s) failed: %s", a->trial[i]->told.number, a->trial[i]->told.learner, a->trial[i]->told.why));
    if (best)
        snprintf(a->summary[STAGE_SELECT], sizeof a->summary[0], "%u trials%s; best is %s, %s %.5g", n, failed ? " (some failed)" : "", best->told.learner,
                 a->metric->name, best->told.score);
    else snprintf(a->summary[STAGE_SELECT], sizeof a->summary[0], "no trial ended in time; the baseline will answer");
    return write_json(a, &s);
}

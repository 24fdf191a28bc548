/* auto/select.c -- stage 4: which learners fit this data: strong defaults, tried in turn.
**
** The portfolio is fixed (zero-shot, RECIPE A4.4 and A5): cheap first, families in
** turn, so that whenever time ends the ensemble has the most different members
** the time could buy.  Source of the lightgbm rows: pytabkit's tuned defaults and
** AutoGluon's CPU portfolio of 2025-12-18.
*/
#include "auto/run.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define SMALL_ROWS 10000
#define SELECT_SHARE .75           /* of counted trials; the rest are tune's */
#define TOO_LONG 1.0               /* a trial guessed to take so many times what is left is passed over ... */
#define TOO_LONG_ROUNDS 8.0        /* ... and one that can stop after fewer rounds, so many times */
#define BOOSTER_SHARE .35          /* of the time left, for one booster to end in */
#define HURRY_MAX 2.               /* its learning rate is raised at most so many times */
#define WORTH_S .03                /* no trial is started with less time left */

typedef struct Row {
    const char *learner;
    const char *params;            /* what differs from the learner's own start */
    bool slow;                     /* learning_rate was tuned for long budgets: raised for short ones */
} Row;

static const Row rows[] = {
    { "baseline", "{}", false },
    { "linear", "{}", false },
    { "lightgbm", "{}", false },
    { "mlp", "{}", false },
    { "lightgbm", "{\"learning_rate\":0.0179,\"num_leaves\":39,\"min_data_in_leaf\":3,\"feature_fraction\":0.462,\"bagging_fraction\":0.877,\"lambda_l1\":0.2375,\"lambda_l2\":0.3552,\"extra_trees\":\"yes\",\"max_cat_to_onehot\":16,\"cat_l2\":0.342,\"cat_smooth\":15.4,\"min_data_per_group\":9}", true },
    { "extra_trees", "{}", false },
    { "lightgbm", "{\"learning_rate\":0.0134,\"num_leaves\":20,\"min_data_in_leaf\":2,\"feature_fraction\":0.425,\"bagging_fraction\":0.711,\"lambda_l1\":0.514,\"lambda_l2\":0.513}", true },
    { "knn", "{}", false },
    { "mlp", "{\"layers\":2,\"width\":128,\"dropout\":0.1}", false },
    { "lightgbm", "{\"learning_rate\":0.0114,\"num_leaves\":84,\"min_data_in_leaf\":3,\"feature_fraction\":0.528,\"bagging_fraction\":0.978,\"lambda_l1\":0.027,\"lambda_l2\":0.8375,\"max_cat_to_onehot\":42,\"cat_l2\":0.155,\"min_data_per_group\":75}", true },
    { "lightgbm", "{\"learning_rate\":0.0127,\"num_leaves\":5,\"min_data_in_leaf\":12,\"feature_fraction\":0.733,\"bagging_fraction\":0.854,\"lambda_l1\":0.281,\"lambda_l2\":0.298,\"extra_trees\":\"yes\"}", true },
    { "lightgbm", "{\"learning_rate\":0.018,\"num_leaves\":180,\"min_data_in_leaf\":12,\"feature_fraction\":0.404,\"bagging_fraction\":0.95,\"lambda_l1\":0.766,\"lambda_l2\":1.6,\"extra_trees\":\"yes\"}", true },
    { "mlp", "{\"weight_decay\":0.02,\"dropout\":0.15}", false },
};
enum { ROWS_N = sizeof rows / sizeof *rows };

/* Where a booster costs one tree a class a round and rows are few, other families come before it. */
static const int order_multiclass_small[] = { 0, 1, 5, 7, 3, 2, 4, 8, 6, 9, 10, 11, 12 };

typedef struct Select { Auto *a; uint32_t at, most; bool reordered; } Select;

static double rate_factor(const Auto *a)
{
    double t = a->in->trials ? 0 : a->in->time_s;
    return t <= 90 ? 3 : t <= 400 ? 2 : 1;
}

/* A booster that cannot end its small steps in its share of the time does better with larger ones. */
static void hurry(Ctx *cx, const Auto *a, const Learner *l, double *rate, double most, const double *args)
{
    double left = auto_left_s(cx, a, STAGE_TUNE);
    if (isinf(left) || strcmp(l->name, "lightgbm")) return;
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
    double most = left * (l->can & LEARN_ROUNDS ? TOO_LONG_ROUNDS : TOO_LONG);
    return number <= 3 || trial_guess_s(a, l, args) * fmin(1, TRIAL_ROWS_MIN / (double)a->rows) <= most;
}

static bool next(void *self, Ctx *cx, Auto *a, uint32_t number, const Learner **learner, double *args)
{
    Select *s = self;
    if (a->in->trials && number > s->most) return false;
    if (number > 2 && auto_left_s(cx, a, STAGE_SELECT) <= 0) return false;
    while (s->at < ROWS_N) {
        const Row *row = &rows[s->reordered ? order_multiclass_small[s->at] : (int)s->at];
        const Learner *l = learner_find(row->learner);
        s->at++;
        if (!l || !auto_allows(a, l) || !args_of(cx, a, row, l, args)) continue;
        if (!affordable(cx, a, l, args, number)) {
            a->short_of_time = true;
            continue;
        }
        *learner = l;
        return true;
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
    if (a->folds > 1) snprintf(words, sizeof words, "%u-fold cross-validation: every row is predicted by models that never saw it", a->folds);
    else snprintf(words, sizeof words, "one holdout of %zu rows, chosen because the data is large for the time given", a->held_n);
    json_text(t, words);
    trials_json(a, STAGE_SELECT, t);
    json_key_text(t, "order", s->reordered ? "cheap learners first; many classes and few rows put other families before the boosters"
                                           : "cheap learners first, then families in turn, so that the ensemble gets different members whenever time ends");
    json_close(t);
    return text_err(t);
}

Err stage_select(Ctx *cx, Auto *a)
{
    Select s = { .a = a, .most = UINT32_MAX };
    uint32_t failed = 0, n = 0;
    const TrialData *best = NULL;
    s.reordered = a->task == TASK_MULTICLASS && a->rows < SMALL_ROWS;
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
        if (a->trial[i]->told.state == TRIAL_FAILED && a->in->trials)
            TRY(cx, auto_warn(cx, a, "trial %u (%s) failed: %s", a->trial[i]->told.number, a->trial[i]->told.learner, a->trial[i]->told.why));
    if (best)
        snprintf(a->summary[STAGE_SELECT], sizeof a->summary[0], "%u trials%s; best is %s, %s %.5g", n, failed ? " (some failed)" : "", best->told.learner,
                 a->metric->name, best->told.score);
    else snprintf(a->summary[STAGE_SELECT], sizeof a->summary[0], "no trial ended in time; the baseline will answer");
    return write_json(a, &s);
}

/* auto/train.c -- stage 7: the ensemble becomes a build.
**
** Members keep their fold models, whose margins are averaged.  After a holdout
** each member is fitted again on all rows, for as many rounds as were best, when
** time allows.  When no trial ended in time the baseline answers: there is always
** a valid build.
*/
#include "auto/diagnose.h"
#include "auto/ensemble.h"
#include "auto/replay.h"

#include "base/random.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define BACKGROUND_ROWS 64
#define REFIT_MARGIN 1.3           /* a refit is started when this many times its guess is left */
#define SE_ROUNDS 100
#define SE_ROWS_MAX 10000

static char *copy(Ctx *cx, const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = ctx_get(cx, n);
    return p ? memcpy(p, s, n) : NULL;
}

/* ----------------------------------------------------------------- members */

static Err member_fill(Ctx *cx, const TrialData *d, Member *m)
{
    m->learner = copy(cx, d->learner->name);
    m->params = copy(cx, d->told.params);
    m->part = ctx_get_n(cx, d->parts_n, sizeof *m->part);
    m->model = ctx_get_n(cx, d->parts_n, sizeof *m->model);
    if (!m->learner || !m->params || !m->part || !m->model) return FAIL(cx, ERR_NOMEM, "making a member of the build");
    m->weight = d->told.weight;
    m->scale = d->scale;
    m->trial = d->told.number;
    m->parts_n = d->parts_n;
    for (uint32_t k = 0; k < d->parts_n; k++) {
        m->part[k] = d->part[k];
        TRY(cx, model_load(cx, d->model[k], d->model_n[k], &m->model[k]));
    }
    return OK;
}

/* No trial is usable: the prior, or the mean. */
static Err member_fallback(Ctx *cx, const Auto *a, Member *m)
{
    const Learner *l = learner_find(a->task == TASK_ANOMALY ? "ecod" : "baseline");
    double args[LEARN_PARAMS_MAX];
    FitIn in = { .weight = a->weight, .task = a->task, .classes = a->classes, .X = steps_frame(a->frame, 0), .y = a->y, .args = args, .metric = a->metric };
    FitOut fit = { 0 };
    Ctx now;
    Err err = OK;
    uint32_t *rows = NULL;
    ctx_child(cx, &now);
    now.deadline_us = 0;               /* it takes no time, and must not fail for lack of it */
    learner_start(l, a->task, args);
    GET_DONE(cx, rows, a->rows, "falling back on the baseline");
    for (size_t i = 0; i < a->rows; i++) rows[i] = (uint32_t)i;
    in.train = rows;
    in.train_n = a->rows;
    err = ctx_join(cx, &now, l->fit(&now, &in, &fit));
    if (err) goto done;
    m->learner = copy(cx, l->name);
    m->params = copy(cx, "{}");
    m->part = ctx_get_n(cx, 1, sizeof *m->part);
    m->model = ctx_get_n(cx, 1, sizeof *m->model);
    if (!m->learner || !m->params || !m->part || !m->model) {
        err = FAIL(cx, ERR_NOMEM, "falling back on the baseline");
        goto done;
    }
    m->weight = m->scale = 1;
    m->parts_n = 1;
    m->part[0] = a->folds;
    m->model[0] = fit.model;
    fit.model = NULL;
done:
    model_free(cx, fit.model);
    ctx_put(cx, rows);
    return err;
}

/* ------------------------------------------------------------------- refit */

static bool refit_affordable(Ctx *cx, const Auto *a, const TrialData *d)
{
    double left = auto_left_s(cx, a, STAGE_TRAIN);
    double grow = !a->ordered && a->folds > 1 ? 1. / (a->folds - 1) : a->ordered && a->folds > 1 ? 2. / a->folds : (double)a->rows / (double)(a->rows - a->held_n);
    if (a->replay) return replay_refit(a, d) > 0;
    return isinf(left) || d->told.fit_s * grow * REFIT_MARGIN < left;
}

/* Only the model of part `keep` stays, under the name of part `part`. */
static void keep_one(Ctx *cx, TrialData *d, uint32_t keep, void *model, size_t model_n, uint32_t part)
{
    for (uint32_t k = 0; k < d->parts_n; k++)
        if (k != keep || model) ctx_put(cx, d->model[k]);
    d->model[0] = model ? model : d->model[keep];
    d->model_n[0] = model ? model_n : d->model_n[keep];
    d->part[0] = part;
    for (uint32_t k = 1; k < d->parts_n; k++) d->model[k] = NULL;
    d->parts_n = 1;
}

/* Rounds for a fit on all rows: those of the largest fit so far, or of equal folds their mean. */
static uint32_t refit_rounds(const Auto *a, const TrialData *d)
{
    double sum = 0;
    if (!(d->learner->can & LEARN_ROUNDS)) return 0;
    if (a->folds == 1 || a->ordered) return d->rounds[d->parts_n - 1];
    for (uint32_t k = 0; k < d->parts_n; k++) sum += d->rounds[k];
    return (uint32_t)fmax(1, nearbyint(sum / d->parts_n));
}

/* Fit the members again on all rows, for the rounds that were best in the largest fit so far.  One that fails or is cut keeps
** that fit's model: of a holdout the only one, by time the one that saw the newest rows. */
static Err refit(Ctx *cx, Auto *a, char *words, size_t words_n)
{
    Err err = OK;
    Job *job = NULL;
    uint32_t n = 0, again = 0, members = 0;
    GET_DONE(cx, job, a->trials_n, "fitting members again");
    for (uint32_t i = 0; i < a->trials_n; i++) {
        TrialData *d = a->trial[i];
        if (d->told.weight == 0) continue;
        members++;
        if (!refit_affordable(cx, a, d)) continue;
        uint64_t key[2] = { a->in->seed, d->told.number };
        job[n] = (Job){ .learner = d->learner, .part = a->folds, .rounds = refit_rounds(a, d), .seed = random_hash(key, sizeof key, 1),
                        .deadline_us = a->stage_end_us[STAGE_TRAIN], .train_share = d->train_share, .tag = d };
        memcpy(job[n].args, d->args, sizeof d->args);
        n++;
    }
    TRY_DONE(cx, pool_run(cx, a->pool, job, n));
    for (uint32_t i = 0; i < n; i++) {
        TrialData *d = job[i].tag;
        if (job[i].err || job[i].cut) continue;
        d->refit = job[i].rounds ? job[i].rounds : 1;
        keep_one(cx, d, 0, job[i].model, job[i].model_n, a->folds);
        job[i].model = NULL;
        again++;
    }
    for (uint32_t i = 0; i < a->trials_n; i++) {
        TrialData *d = a->trial[i];
        if (d->told.weight > 0 && d->parts_n > 1) keep_one(cx, d, d->parts_n - 1, NULL, 0, d->part[d->parts_n - 1]);
    }
    if (again < members) a->short_of_time = true;
    snprintf(words, words_n, "%u of %u members were fitted again on all rows%s", again, members,
             a->refit && a->folds > 1 ? "; the score is that of the fold models together" : "");
done:
    if (err) pool_drop(cx, a->pool);
    for (uint32_t i = 0; job && i < n; i++) job_clear(cx, &job[i]);
    ctx_put(cx, job);
    return err;
}

/* A learner that keeps rows would keep each of them once a fold.  One model of all rows says what they would, and can
** forget a fold where an honest answer is asked for; that needs features which are the same in every fold. */
static Err join_rows(Ctx *cx, Auto *a)
{
    Err err = OK;
    Job *job = NULL;
    uint32_t n = 0;
    if (a->folds == 1 || a->ordered || a->refit || steps_parts(a->steps) > 1 || a->task == TASK_ANOMALY) return OK;
    GET_DONE(cx, job, a->trials_n, "joining rows");
    for (uint32_t i = 0; i < a->trials_n; i++) {
        TrialData *d = a->trial[i];
        if (d->told.weight == 0 || d->parts_n < 2 || !(d->learner->can & LEARN_KEEPS_ROWS) || !refit_affordable(cx, a, d)) continue;
        uint64_t key[2] = { a->in->seed, d->told.number };
        job[n] = (Job){ .learner = d->learner, .part = a->folds, .seed = random_hash(key, sizeof key, 1), .deadline_us = a->stage_end_us[STAGE_TRAIN],
                        .train_share = d->train_share, .tag = d };
        memcpy(job[n].args, d->args, sizeof d->args);
        n++;
    }
    if (n) TRY_DONE(cx, pool_run(cx, a->pool, job, n));
    for (uint32_t i = 0; i < n; i++) {
        TrialData *d = job[i].tag;
        if (job[i].err || job[i].cut) continue;
        d->refit = 1;
        keep_one(cx, d, 0, job[i].model, job[i].model_n, a->folds);
        job[i].model = NULL;
    }
done:
    if (err) pool_drop(cx, a->pool);
    for (uint32_t i = 0; job && i < n; i++) job_clear(cx, &job[i]);
    ctx_put(cx, job);
    return err;
}

/* ------------------------------------------------------------------- build */

static Err take_background(Ctx *cx, const Auto *a, Build *b)
{
    uint32_t rows[BACKGROUND_ROWS], n = 0, left = BACKGROUND_ROWS;
    Random r = random_make(a->in->seed, "background", 0, 0);
    for (size_t i = 0; i < a->rows && left; i++) {         /* Knuth's selection sampling */
        if (random_unit(&r) * (double)(a->rows - i) >= left) continue;
        rows[n++] = (uint32_t)i;
        left--;
    }
    return table_rows(cx, a->raw, rows, n, &b->background);
}

/* What the training rows, their target and the answers out of fold look like, for telling later data from them. */
static Err write_profile(Ctx *cx, const Auto *a, const Build *b, Text *t)
{
    Err err = OK;
    uint32_t k = task_outputs(a->task, a->classes);
    double *answer = NULL;
    GET_DONE(cx, answer, a->rows * k, "profiling the training data");
    for (size_t i = 0; i < a->rows; i++) build_answer(b, a->oof + i * k, 1, answer + i * k);
    for (size_t i = 0; i < a->rows * k; i++)
        if (!isfinite(a->oof[i])) answer[i] = NAN;             /* a row of no fold */
    json_key_open(t, "profile");
    json_key_int(t, "rows", (int64_t)a->rows);
    json_key_open_array(t, "columns");
    for (size_t j = 0; j < a->raw->cols; j++) {
        json_open(t);
        json_key_text(t, "name", a->raw->col[j].name);
        json_key(t, "values");
        TRY_DONE(cx, profile_column(cx, &a->raw->col[j], a->rows, t));
        json_close(t);
    }
    json_close_array(t);
    json_key(t, "target");
    TRY_DONE(cx, profile_numbers(cx, a->y, 1, a->rows, t));
    json_key_open_array(t, "answers");
    for (uint32_t c = 0; c < k && c < PROFILE_OUTPUTS; c++) TRY_DONE(cx, profile_numbers(cx, answer + c, k, a->rows, t));
    json_close_array(t);
    json_close(t);
done:
    ctx_put(cx, answer);
    return err;
}

static Err write_facts(Ctx *cx, Auto *a, double score, double se, Build *b)
{
    Text t;
    Err err = OK;
    text_init(&t, cx);
    json_open(&t);
    json_key_text(&t, "metric", a->metric->name);
    json_key_bool(&t, "higher", a->metric->higher);
    json_key_num(&t, "score", score);
    json_key_num(&t, "se", se);
    json_key_int(&t, "rows", (int64_t)a->rows);
    json_key_int(&t, "features", (int64_t)steps_features(a->steps));
    json_key_int(&t, "folds", a->folds);
    TRY_DONE(cx, diagnose_record(cx, a, b, &t));
    json_key(&t, "seed");
    text_fmt(&t, "\"%llu\"", (unsigned long long)a->in->seed);      /* text: JSON numbers lose bits above 2^53 */
    t.comma = true;
    TRY_DONE(cx, replay_write(cx, a, &t));
    if (a->oof) TRY_DONE(cx, write_profile(cx, a, b, &t));
    json_close(&t);
    TRY_DONE(cx, text_err(&t));
    b->facts = text_take(&t);
done:
    text_clear(&t);
    return err;
}

static Err fill_names(Ctx *cx, const Auto *a, Build *b)
{
    b->target = copy(cx, a->in->target ? a->in->target : task_word(a->task));
    b->target_type = a->in->target ? a->in->table->col[table_find(a->in->table, a->in->target)].type : COLUMN_CATEGORY;
    if (!b->target) return FAIL(cx, ERR_NOMEM, "making a build");
    if (!a->classes) return OK;
    b->class_name = ctx_get_n(cx, a->classes, sizeof *b->class_name);
    if (!b->class_name) return FAIL(cx, ERR_NOMEM, "making a build");
    b->classes = a->classes;
    for (uint32_t c = 0; c < a->classes; c++)
        if (!(b->class_name[c] = copy(cx, a->class_name[c]))) return FAIL(cx, ERR_NOMEM, "making a build");
    return OK;
}

static Err take_members(Ctx *cx, Auto *a, Build *b)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < a->trials_n; i++) n += a->trial[i]->told.weight > 0;
    b->member = ctx_get_n(cx, n ? n : 1, sizeof *b->member);
    if (!b->member) return FAIL(cx, ERR_NOMEM, "making a build");
    b->members_n = n ? n : 1;
    if (!n) {
        a->short_of_time = true;
        TRY(cx, auto_warn(cx, a, "no learner ended in time: the build only knows the target's %s; give more --time", a->classes ? "class shares" : "mean"));
        return member_fallback(cx, a, b->member);
    }
    for (uint32_t i = 0, k = 0; i < a->trials_n; i++)
        if (a->trial[i]->told.weight > 0) TRY(cx, member_fill(cx, a->trial[i], &b->member[k++]));
    return OK;
}

static Err schema_copy(Ctx *cx, const Auto *a, Build *b)
{
    Text t;
    Err err = OK;
    text_init(&t, cx);
    TRY_DONE(cx, schema_save(cx, a->schema, &t));
    TRY_DONE(cx, text_err(&t));
    TRY_DONE(cx, schema_load(cx, t.at, t.n, &b->schema));
done:
    text_clear(&t);
    return err;
}

static Err steps_copy(Ctx *cx, const Auto *a, Build *b)
{
    Text t;
    Err err = OK;
    text_init(&t, cx);
    TRY_DONE(cx, steps_save(cx, a->steps, &t));
    TRY_DONE(cx, text_err(&t));
    TRY_DONE(cx, steps_load(cx, t.at, t.n, &b->steps));
done:
    text_clear(&t);
    return err;
}

static Err make_build(Ctx *cx, Auto *a, const Ensemble *e)
{
    Err err = OK;
    Build *b = NULL;
    GET_DONE(cx, b, 1, "making a build");
    b->task = a->task;
    b->folds = a->folds;
    b->scale = e->scale;
    b->shift = e->shift;
    b->threshold = e->threshold;
    b->lo = -INFINITY;
    b->hi = INFINITY;
    if (a->task == TASK_REGRESSION) {
        b->lo = INFINITY, b->hi = -INFINITY;
        for (size_t i = 0; i < a->rows; i++) b->lo = fmin(b->lo, a->y[i]), b->hi = fmax(b->hi, a->y[i]);
    }
    TRY_DONE(cx, fill_names(cx, a, b));
    TRY_DONE(cx, schema_copy(cx, a, b));
    TRY_DONE(cx, steps_copy(cx, a, b));
    TRY_DONE(cx, take_background(cx, a, b));
    TRY_DONE(cx, take_members(cx, a, b));
    a->build = b;
    b = NULL;
done:
    build_free(cx, b);
    return err;
}

/* ------------------------------------------------------------------- score */

/* The build's own out-of-fold margins, calibrated, and what they are worth. */
static Err judge(Ctx *cx, Auto *a, const Ensemble *e, const double *margin, double *score, double *se)
{
    uint32_t k = task_outputs(a->task, a->classes);
    size_t n = a->held_n, some = n < SE_ROWS_MAX ? n : SE_ROWS_MAX;
    Err err = OK;
    double *p = NULL;
    GET_DONE(cx, p, n * k, "scoring the build");
    a->oof = ctx_get_n(cx, a->rows * k, sizeof *a->oof);
    if (!a->oof) {
        err = FAIL(cx, ERR_NOMEM, "scoring the build");
        goto done;
    }
    for (size_t i = 0; i < a->rows * k; i++) a->oof[i] = NAN;
    for (size_t i = 0; i < n * k; i++) p[i] = margin[i] * e->scale + e->shift;
    for (size_t i = 0; i < n; i++) memcpy(a->oof + a->held[i] * k, p + i * k, k * sizeof *p);
    double cut = a->task == TASK_BINARY && a->metric->labels ? log(e->threshold / (1 - e->threshold)) : 0;
    for (size_t i = 0; i < n * k && a->task == TASK_BINARY; i++) p[i] -= cut;       /* so that 1/2 is the threshold */
    auto_answers(a, p, n, 1, 0, p);
    *score = *se = NAN;
    err = a->metric->score(cx, a->held_y, p, a->held_weight, n, a->classes, score);
    if (!err) err = metric_se_weighted(cx, a->metric, a->held_y, p, a->held_weight, some, a->classes, SE_ROUNDS, se);
    if (err == ERR_NUMERIC) err = OK;
    *se *= sqrt((double)some / (double)n);
done:
    ctx_put(cx, p);
    return err;
}

static void write_json(Auto *a, const Ensemble *e, const char *refit_words, double score, double se)
{
    Text *t = &a->json[STAGE_TRAIN];
    uint64_t bytes = 0;
    json_open(t);
    json_key_open_array(t, "members");
    for (uint32_t i = 0; i < a->trials_n; i++) {
        const TrialData *d = a->trial[i];
        if (d->told.weight == 0) continue;
        json_open(t);
        json_key_int(t, "trial", d->told.number);
        json_key_text(t, "learner", d->told.learner);
        json_key_num(t, "weight", d->told.weight);
        json_key_int(t, "parts", d->parts_n);
        json_key_num(t, "scale", d->scale);
        json_close(t);
        for (uint32_t k = 0; k < d->parts_n; k++) bytes += d->model_n[k];
    }
    json_close_array(t);
    json_key_num(t, "score", score);
    json_key_num(t, "se", se);
    if (e->single) {
        json_key_open(t, "best_single");
        json_key_text(t, "learner", e->single->told.learner);
        json_key_num(t, "score", e->single->told.score);
        json_close(t);
    }
    json_key_open_array(t, "greedy");
    for (uint32_t i = 0; i < e->greedy_n; i++) {
        json_open(t);
        json_key_int(t, "round", i + 1);
        json_key_num(t, "score", a->metric->higher ? 1 - e->greedy[i] : e->greedy[i]);
        json_close(t);
    }
    json_close_array(t);
    bool kept = e->scale != 1 || e->shift != 0;
    json_key_open(t, "calibration");
    json_key_text(t, "how", a->task == TASK_ANOMALY ? "none: answers are shares of the training rows" : a->task == TASK_REGRESSION ? "none is needed for numbers" : !kept ? "none: the probabilities could not be made better"
                            : a->task == TASK_BINARY ? "Platt scaling" : "temperature");
    json_key_num(t, "scale", e->scale);
    json_key_num(t, "shift", e->shift);
    json_key_num(t, "logloss_before", a->task == TASK_REGRESSION || a->task == TASK_ANOMALY ? NAN : e->loss_before);
    json_key_num(t, "logloss_after", a->task == TASK_REGRESSION || a->task == TASK_ANOMALY ? NAN : e->loss_after);
    json_close(t);
    json_key_text(t, "refit", refit_words);
    json_key_int(t, "size_bytes", (int64_t)bytes);
    if (e->too_large) {
        json_key_open(t, "too_large");
        json_key_int(t, "members", e->too_large);
        json_key_int(t, "size_bytes", (int64_t)e->too_large_bytes);
        json_key_text(t, "why", "the build would have been larger than it may be: the members that win least a byte were left out");
        json_close(t);
    }
    json_key_num(t, "threshold", task_is_pair(a->task) ? e->threshold : NAN);
    json_close(t);
}

Err stage_train(Ctx *cx, Auto *a)
{
    Ensemble e;
    Err err = OK;
    double *margin = NULL, score = NAN, se = NAN;
    char refit_words[128] = "not needed: each row was left out of one fold only, and the folds' models answer together";
    TRY(cx, ensemble_choose(cx, a, &e));
    GET_DONE(cx, margin, a->held_n * task_outputs(a->task, a->classes), "training the build");
    ensemble_margin(a, margin);
    ensemble_calibrate(a, margin, &e);
    TRY_DONE(cx, ensemble_threshold(cx, a, margin, &e));
    if (a->folds == 1 || a->ordered || a->refit) TRY_DONE(cx, refit(cx, a, refit_words, sizeof refit_words));
    TRY_DONE(cx, join_rows(cx, a));
    TRY_DONE(cx, make_build(cx, a, &e));
    if (e.rounds) TRY_DONE(cx, judge(cx, a, &e, margin, &score, &se));
    TRY_DONE(cx, write_facts(cx, a, score, se, a->build));
    a->score = score;
    a->se = se;
    write_json(a, &e, refit_words, score, se);
    const char *s = a->build->members_n > 1 ? "s" : "";
    if (isnan(score)) snprintf(a->summary[STAGE_TRAIN], sizeof a->summary[0], "%u member%s, not judged", a->build->members_n, s);
    else snprintf(a->summary[STAGE_TRAIN], sizeof a->summary[0], "%u member%s, %s %.5g ± %.2g out of fold", a->build->members_n, s, a->metric->name, score, se);
    err = text_err(&a->json[STAGE_TRAIN]);
done:
    ctx_put(cx, margin);
    return err;
}

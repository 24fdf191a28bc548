/* auto/trials.c -- one configuration after another: fitted in every fold, scored out of fold, kept.
**
** Two trials are under way at most, their folds side by side in the workers.
** The search is asked for trial t only when all trials up to t - 2 are over, and
** looks at no later one, so its choices do not depend on which worker was faster.
*/
#include "auto/replay.h"

#include "base/random.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UNDER_WAY 2
#define MODELS_KEPT 16             /* the best so many trials keep their models; weaker ones cannot be chosen */
#define SE_ROUNDS 60
#define SE_ROWS_MAX 4000
#define ROUNDS_GIVE 5.             /* a learner that grows in rounds does with so many times fewer */
#define LEFT_USED .95              /* of the time left, for the folds of all trials under way */
#define STOP_AMONG 5               /* a trial is compared with the best so many before it ... */
#define STOP_ROWS_MIN 200          /* ... in its first fold, when that holds so many rows */
#define STOP_BEHIND 1.3            /* times the error of the last of those: stopped */
#define STOP_BEHIND_TUNE 1.1
#define BLOB_MAGIC 0x324C5254u     /* "TRL2" */

typedef struct Open {              /* a trial under way */
    TrialData *d;
    uint32_t waiting;              /* folds not back yet; 0: free */
    Job job[BUILD_PARTS_MAX];
} Open;

static uint32_t outputs_of(const Auto *a)
{
    return task_outputs(a->task, a->classes);
}

bool auto_allows(const Auto *a, const Learner *l)
{
    static const unsigned bit[TASKS_N] = { LEARN_BINARY, LEARN_MULTICLASS, LEARN_REGRESSION, LEARN_ANOMALY };
    if (!(l->can & bit[a->task])) return false;
    if (a->weight && a->task != TASK_ANOMALY && !(l->can & LEARN_WEIGHTS)) return false;
    if (a->monotone && !(l->can & LEARN_MONOTONE)) return false;
    if (a->portable && (l->can & (LEARN_KEEPS_ROWS | LEARN_NO_EXPORT))) return false;
    if (a->without & AUTO_NO_NETS && auto_is_net(l)) return false;
    if (!a->in->learners_n) return true;
    for (size_t i = 0; i < a->in->learners_n; i++)
        if (!strcmp(a->in->learners[i], l->name)) return true;
    return false;
}

static size_t place_of(const Learner *l)
{
    size_t i = 0;
    while (learner_at(i) && learner_at(i) != l) i++;
    assert(i < 64);
    return i;
}

/* Folds of one deal. */
static uint32_t per_set(const Auto *a)
{
    return a->folds / (a->sets ? a->sets : 1);
}

static double guess_fold_s(const Auto *a, const Learner *l, const double *args)
{
    FitIn in = { .task = a->task, .classes = a->classes, .X = steps_frame(a->frame, 0), .args = args,
                 .train_n = a->rows - a->held_n / per_set(a), .valid_n = a->held_n / per_set(a), .metric = a->metric };
    return l->guess_s ? l->guess_s(&in) : 0.01;
}

double trial_guess_s(const Auto *a, const Learner *l, const double *args)
{
    double pace = a->learner_pace[place_of(l)];
    uint32_t at_once = pool_workers(a->pool), turns = (a->folds + at_once - 1) / at_once;
    return guess_fold_s(a, l, args) * (pace > 0 ? pace : 1) * turns;
}

double trial_work_s(const Auto *a, const Learner *l, const double *args)
{
    return guess_fold_s(a, l, args) * a->folds;
}

Err auto_share(Ctx *cx, Auto *a)
{
    JobData data = { .task = a->task, .classes = a->classes, .rows = a->rows, .y = a->y, .fold = a->fold, .folds = a->folds,
                     .sets = a->sets, .ordered = a->ordered, .weight = a->weight, .frame = a->frame, .steps = a->steps, .metric = a->metric };
    int8_t *sign;
    TRY(cx, auto_feature_signs(cx, a, a->steps, &sign));
    data.monotone = sign;
    Err err = pool_publish(cx, a->pool, &data);
    ctx_put(cx, sign);
    return err ? ctx_hop(cx, err, __FILE__, __LINE__) : OK;
}

void auto_answers(const Auto *a, const double *margin, size_t n, double scale, double shift, double *out)
{
    uint32_t k = outputs_of(a);
    for (size_t i = 0; i < n; i++) {
        for (uint32_t c = 0; c < k; c++) out[i * k + c] = margin[i * k + c] * scale + shift;
        if (task_is_pair(a->task)) out[i] = model_sigmoid(out[i]);
        else if (a->task == TASK_MULTICLASS) model_softmax(out + i * k, k);
    }
}

Err auto_score(Ctx *cx, const Auto *a, const Metric *m, const double *margin, double *out)
{
    double *p = ctx_get_n(cx, a->held_n * outputs_of(a), sizeof *p);
    if (!p) return FAIL(cx, ERR_NOMEM, "scoring %zu rows", a->held_n);
    auto_answers(a, margin, a->held_n, 1, 0, p);
    Err err = m->score(cx, a->held_y, p, a->held_weight, a->held_n, a->classes, out);
    ctx_put(cx, p);
    return err == ERR_NUMERIC ? OK : err;         /* undefined: *out is NaN */
}

int trial_by_error(const void *a, const void *b)
{
    const TrialData *x = *(TrialData *const *)a, *y = *(TrialData *const *)b;
    if (x->error != y->error) return x->error > y->error ? 1 : -1;
    return (x->told.number > y->told.number) - (x->told.number < y->told.number);
}

void trial_free(Ctx *cx, TrialData *d)
{
    if (!d) return;
    for (uint32_t k = 0; k < d->parts_n; k++) ctx_put(cx, d->model[k]);
    ctx_put(cx, d->oof);
    ctx_put(cx, d);
}

/* ------------------------------------------------------------------ blobs */

static void blob_write(const Auto *a, const TrialData *d, Text *t)
{
    size_t n = a->held_n * outputs_of(a);
    put_u32(t, BLOB_MAGIC);
    put_u32(t, d->parts_n);
    put_u64(t, n);
    put_f64(t, d->told.score);
    put_f64(t, d->train_share);
    for (uint32_t k = 0; k < d->parts_n; k++) {
        put_u32(t, d->part[k]);
        put_u32(t, d->rounds[k]);
        put_u32(t, d->planned[k]);
        put_f64(t, d->told.fold_score[k]);
        put_u64(t, d->model_n[k]);
        text_bytes(t, d->model[k], d->model_n[k]);
    }
    for (size_t i = 0; i < n; i++) put_f64(t, d->oof[i]);
}

/* Take an earlier run's trial up.  False, with nothing kept, when it does not fit this run. */
static bool blob_read(Ctx *cx, const Auto *a, const Trial *t, TrialData *d)
{
    Reader r = { t->blob, t->blob_n, false };
    size_t n = a->held_n * outputs_of(a);
    double *fold_score = (double *)(uintptr_t)d->told.fold_score;
    if (get_u32(&r) != BLOB_MAGIC || get_u32(&r) != a->folds || get_u64(&r) != n) return false;
    d->told.score = get_f64(&r);
    d->train_share = get_f64(&r);
    for (uint32_t k = 0; k < a->folds; k++) {
        d->part[k] = get_u32(&r);
        d->rounds[k] = get_u32(&r);
        d->planned[k] = get_u32(&r);
        fold_score[k] = get_f64(&r);
        d->model_n[k] = (size_t)get_u64(&r);
        const void *at = r.short_ ? NULL : get_array(&r, d->model_n[k], 1);
        d->model[k] = at ? ctx_get(cx, d->model_n[k]) : NULL;
        d->parts_n = k + 1;
        if (!d->model[k]) return false;
        memcpy(d->model[k], at, d->model_n[k]);
    }
    for (size_t i = 0; i < n; i++) d->oof[i] = get_f64(&r);
    return !r.short_ && !r.n;
}

static const Trial *earlier(const Auto *a, const TrialData *d)
{
    for (size_t i = 0; i < a->in->resume_n; i++) {
        const Trial *t = &a->in->resume[i];
        if (t->number == d->told.number && t->blob && !strcmp(t->learner, d->learner->name) && !strcmp(t->params, d->told.params)) return t;
    }
    return NULL;
}

/* ------------------------------------------------------------------ start */

static Err trial_new(Ctx *cx, Auto *a, Stage stage, const Learner *l, const double *args, TrialData **out)
{
    Text params;
    Err err = OK;
    TrialData *d = NULL;
    *out = NULL;
    text_init(&params, cx);
    GET_DONE(cx, d, 1, "starting a trial");
    d->learner = l;
    memcpy(d->args, args, learner_params(l) * sizeof *args);
    d->scale = 1;
    d->error = INFINITY;
    d->train_share = 1;
    d->told = (Trial){ .number = ++a->trials_started, .stage = stage, .learner = l->name, .why = "", .folds = a->folds,
                       .score = NAN, .se = NAN };
    TRY_DONE(cx, learner_args_json(cx, l, args, &params));
    d->told.params = ctx_scratch_text(cx, params.at);
    d->told.fold_score = ctx_scratch(cx, a->folds * sizeof(double));
    GET_DONE(cx, d->oof, a->held_n * outputs_of(a), "starting a trial");
    if (!d->told.params || !d->told.fold_score) {
        err = FAIL(cx, ERR_NOMEM, "starting a trial");
        goto done;
    }
    if (a->trials_n == a->trials_cap) {
        uint32_t cap = a->trials_cap * 2 + 32;
        TrialData **more = ctx_grow(cx, a->trial, cap, sizeof *more);
        if (!more) {
            err = FAIL(cx, ERR_NOMEM, "starting a trial");
            goto done;
        }
        a->trial = more;
        a->trials_cap = cap;
    }
    a->trial[a->trials_n++] = *out = d;
    d = NULL;
done:
    trial_free(cx, d);
    text_clear(&params);
    return err;
}

/* What one trial may take of the time left to the search, so that a slow one leaves room for others. */
static double share_of(const Learner *l, Stage stage)
{
    if (stage == STAGE_TUNE) return .9;        /* the search has measured what it asks for */
    static const struct { const char *name; double share; } quick[] = { { "linear", .2 }, { "knn", .2 }, { "mlp", .3 }, { "realmlp", .3 }, { "tabm", .3 } };
    for (size_t i = 0; i < sizeof quick / sizeof *quick; i++)
        if (!strcmp(l->name, quick[i].name)) return quick[i].share;
    return .35;
}

/* Where all rows would take far too long, some of them teach more than none. */
static double share_for(const Auto *a, const TrialData *d, double limit_s)
{
    double pace = a->learner_pace[place_of(d->learner)];
    double guess = guess_fold_s(a, d->learner, d->args) * (pace > 0 ? pace : 1);
    double over = guess / fmax(limit_s, 1e-3) / (d->learner->can & LEARN_ROUNDS ? ROUNDS_GIVE : 1);
    double least = fmin(1, TRIAL_ROWS_MIN / (double)a->rows);
    return over > 1 ? fmax(1 / over, least) : 1;
}

static Err trial_start(Ctx *cx, Auto *a, Open *o)
{
    TrialData *d = o->d;
    double left = auto_left_s(cx, a, STAGE_TUNE);
    uint32_t at_once = pool_workers(a->pool), turns = (a->folds + at_once - 1) / at_once;
    double limit_s = isfinite(left) ? left * share_of(d->learner, d->told.stage) / turns : 0;
    /* What is under way goes first: so much later, every fold must still end in time, or the trial was for nothing. */
    uint32_t turns_all = (a->folds + pool_pending(a->pool) + at_once - 1) / at_once;
    if (isfinite(left)) limit_s = fmin(limit_s, left * LEFT_USED / turns_all);
    if (limit_s > 0 && a->rows > TRIAL_ROWS_MIN) d->train_share = share_for(a, d, limit_s);
    replay_share(a, d);
    for (uint32_t k = 0; k < a->folds; k++) {
        Job *job = &o->job[k];
        uint64_t key[2] = { a->in->seed, d->told.number };
        *job = (Job){ .learner = d->learner, .part = k, .seed = random_hash(key, sizeof key, 1), .deadline_us = a->stage_end_us[STAGE_TUNE], .tag = o };
        job->limit_s = limit_s > 0 ? limit_s : 0;
        job->train_share = d->train_share;
        memcpy(job->args, d->args, sizeof job->args);
        replay_job(a, d, job);
        TRY(cx, pool_submit(cx, a->pool, job));
    }
    o->waiting = a->folds;
    return OK;
}

/* ----------------------------------------------------------------- finish */

static Err take_fold(Ctx *cx, Auto *a, TrialData *d, Job *job)
{
    uint32_t k = outputs_of(a), p = d->parts_n;
    size_t at = 0;
    uint32_t sets = a->sets ? a->sets : 1;
    Folds folds = auto_folds_view(a);
    double *p_answer = NULL, *y = NULL, *weight = NULL, *fold_score = (double *)(uintptr_t)d->told.fold_score;
    Err err = OK;
    GET_DONE(cx, p_answer, job->margin_rows * k, "scoring a fold");
    GET_DONE(cx, y, job->margin_rows, "scoring a fold");
    if (a->weight) GET_DONE(cx, weight, job->margin_rows, "scoring a fold");
    for (size_t i = 0; i < a->held_n; i++) {
        if (!folds_holds(&folds, job->part, a->held[i])) continue;
        assert(at < job->margin_rows);
        if (sets == 1) memcpy(d->oof + i * k, job->margin + at * k, k * sizeof(double));
        else for (uint32_t c = 0; c < k; c++) d->oof[i * k + c] += job->margin[at * k + c] / sets;      /* two at most: in any order */
        if (weight) weight[at] = a->held_weight[i];
        y[at++] = a->held_y[i];
    }
    auto_answers(a, job->margin, at, 1, 0, p_answer);
    err = a->metric->score(cx, y, p_answer, weight, at, a->classes, &fold_score[job->part]);
    if (err == ERR_NUMERIC) err = OK;
    d->part[p] = job->part;
    d->rounds[p] = job->rounds_kept;
    d->planned[p] = job->rounds_planned;
    d->model[p] = job->model;
    d->model_n[p] = job->model_n;
    d->parts_n++;
    job->model = NULL;                 /* handed over */
    d->told.fit_s += job->fit_s;
    d->told.predict_us_row += job->predict_s / (double)(job->margin_rows ? job->margin_rows : 1) * 1e6;
    d->told.size_bytes += job->model_n;
    if (job->peak_bytes > d->told.peak_bytes) d->told.peak_bytes = job->peak_bytes;
    if (job->cut) d->told.state = TRIAL_CUT;
done:
    ctx_put(cx, p_answer);
    ctx_put(cx, y);
    ctx_put(cx, weight);
    return err;
}

/* Standard error: of the mean over folds where there are enough, else by bootstrap over rows. */
static Err trial_se(Ctx *cx, const Auto *a, TrialData *d)
{
    double sum = 0, sum2 = 0;
    uint32_t n = 0, k = outputs_of(a);
    for (uint32_t f = 0; f < a->folds; f++) {
        double s = d->told.fold_score[f];
        if (isnan(s)) continue;
        sum += s;
        sum2 += s * s;
        n++;
    }
    if (n >= 3) {
        double var = fmax(sum2 / n - sum / n * (sum / n), 0) * n / (n - 1);
        d->told.se = sqrt(var / n * (a->sets ? a->sets : 1));      /* the same rows again are no new rows */
        return OK;
    }
    size_t rows = a->held_n < SE_ROWS_MAX ? a->held_n : SE_ROWS_MAX;
    double *p = ctx_get_n(cx, rows * k, sizeof *p);
    if (!p) return FAIL(cx, ERR_NOMEM, "scoring %zu rows", rows);
    auto_answers(a, d->oof, rows, 1, 0, p);
    Err err = metric_se_weighted(cx, a->metric, a->held_y, p, a->held_weight, rows, a->classes, SE_ROUNDS, &d->told.se);
    d->told.se *= sqrt((double)rows / (double)a->held_n);
    ctx_put(cx, p);
    return err == ERR_NUMERIC ? OK : err;
}

/* Let go of the models of the weakest trial when too many are held. */
static void let_go(Ctx *cx, Auto *a)
{
    TrialData *worst = NULL;
    uint32_t held = 0;
    for (uint32_t i = 0; i < a->trials_n; i++) {
        TrialData *d = a->trial[i];
        if (!d->parts_n || d->parts_n != a->folds || isinf(d->error)) continue;
        held++;
        if (!worst || d->error > worst->error) worst = d;
    }
    if (held <= MODELS_KEPT) return;
    for (uint32_t k = 0; k < worst->parts_n; k++) ctx_put(cx, worst->model[k]);
    worst->parts_n = 0;
    memset(worst->model, 0, sizeof worst->model);
}

static Err tell(Ctx *cx, Auto *a, TrialData *d)
{
    Text blob;
    char what[128];
    Err err = OK;
    if (d->told.state != TRIAL_FAILED) {
        snprintf(what, sizeof what, "trial %u %s: %s %.5g", d->told.number, d->learner->name, a->metric->name, d->told.score);
        ctx_detail(cx, "%s (%.2f s)", what, d->told.fit_s);
    } else {
        ctx_detail(cx, "trial %u %s failed: %s", d->told.number, d->learner->name, d->told.why);
    }
    if (!a->in->sink.trial) return OK;
    text_init(&blob, cx);
    if (d->told.state != TRIAL_FAILED) {
        blob_write(a, d, &blob);
        TRY_DONE(cx, text_err(&blob));
        d->told.blob = blob.at;
        d->told.blob_n = blob.n;
    }
    err = a->in->sink.trial(a->in->sink.self, cx, &d->told);
done:
    d->told.blob = NULL;
    d->told.blob_n = 0;
    text_clear(&blob);
    return err;
}

/* Folds come back in any order; a build must not depend on it. */
static void sort_parts(TrialData *d)
{
    for (uint32_t i = 1; i < d->parts_n; i++)
        for (uint32_t j = i; j > 0 && d->part[j] < d->part[j - 1]; j--) {
#define SWAP(T, x, y) do { T t_ = x; x = y; y = t_; } while (0)
            SWAP(uint32_t, d->part[j], d->part[j - 1]);
            SWAP(uint32_t, d->rounds[j], d->rounds[j - 1]);
            SWAP(uint32_t, d->planned[j], d->planned[j - 1]);
            SWAP(void *, d->model[j], d->model[j - 1]);
            SWAP(size_t, d->model_n[j], d->model_n[j - 1]);
#undef SWAP
        }
}

static Err trial_done(Ctx *cx, Auto *a, TrialData *d)
{
    sort_parts(d);
    if (d->told.state != TRIAL_FAILED) {
        TRY(cx, auto_score(cx, a, a->metric, d->oof, &d->told.score));
        TRY(cx, trial_se(cx, a, d));
        d->error = isnan(d->told.score) ? INFINITY : metric_error(a->metric, d->told.score);
        if (a->task == TASK_ANOMALY && isinf(d->error)) d->error = 0;      /* nobody judges: all are as good */
        d->told.predict_us_row = d->told.predict_us_row > 0 ? d->told.predict_us_row : 0;
        double guess = guess_fold_s(a, d->learner, d->args) * a->folds;
        if (d->told.fit_s > 0 && guess > 0 && d->train_share == 1) a->learner_pace[place_of(d->learner)] = d->told.fit_s / guess;
    }
    TRY(cx, tell(cx, a, d));
    let_go(cx, a);
    return OK;
}

static void fail_trial(Ctx *cx, TrialData *d, const char *why)
{
    for (uint32_t k = 0; k < d->parts_n; k++) ctx_put(cx, d->model[k]);
    memset(d->model, 0, sizeof d->model);
    d->parts_n = 0;
    d->told.state = TRIAL_FAILED;
    char *words = ctx_scratch_text(cx, why);
    d->told.why = words ? words : "";
}

/* Is a trial, by its first fold, too far behind to be wanted?  Looks at that fold alone and at trials that were over when
** this one was asked for, so that it does not matter which fold came back first.  A learner's first trial goes on: other
** families are wanted also when they are weaker. */
static bool hopeless(const Auto *a, const TrialData *d)
{
    double best[STOP_AMONG], own = metric_error(a->metric, d->told.fold_score[0]);
    size_t n = 0;
    bool known = false;
    /* A net's probabilities are too sure of themselves until its temperature is fitted, over all folds. */
    if (auto_is_net(d->learner) && !strcmp(a->metric->name, "logloss")) return false;
    if (a->folds < 3 || a->ordered || a->replay || a->held_n / a->folds < STOP_ROWS_MIN || isnan(own)) return false;
    for (uint32_t i = 0; i < a->trials_n; i++) {
        const TrialData *t = a->trial[i];
        if (t->told.number + UNDER_WAY > d->told.number || isinf(t->error)) continue;
        double e = metric_error(a->metric, t->told.fold_score[0]);
        known |= t->learner == d->learner;
        if (isnan(e)) continue;
        size_t at = n < STOP_AMONG ? n++ : e < best[STOP_AMONG - 1] ? STOP_AMONG - 1 : SIZE_MAX;
        if (at == SIZE_MAX) continue;
        for (; at > 0 && best[at - 1] > e; at--) best[at] = best[at - 1];
        best[at] = e;
    }
    double times = d->told.stage == STAGE_TUNE ? STOP_BEHIND_TUNE : STOP_BEHIND;
    return known && n == STOP_AMONG && own > best[n - 1] * times;
}

static Err fold_back_in(Ctx *cx, Auto *a, Job *job)
{
    Open *o = job->tag;
    TrialData *d = o->d;
    if (job->err && d->told.state != TRIAL_FAILED) fail_trial(cx, d, job->err == ERR_TIME ? "there was not time for it" : job->why);
    d->late |= job->err == ERR_TIME;
    if (!job->err && d->told.state != TRIAL_FAILED) TRY(cx, take_fold(cx, a, d, job));
    if (!job->err && job->part == 0 && d->told.state != TRIAL_FAILED && hopeless(a, d)) {
        fail_trial(cx, d, "stopped: its first fold was far behind the best trials");
        d->stopped = true;
        o->waiting -= pool_forget(a->pool, o);
    }
    job_clear(cx, job);
    if (--o->waiting) return OK;
    TRY(cx, trial_done(cx, a, d));
    o->d = NULL;
    return OK;
}

/* ------------------------------------------------------------------- loop */

static Err start_next(Ctx *cx, Auto *a, Stage stage, TrialNext next, void *self, Open *o, bool *more)
{
    const Learner *l = NULL;
    double args[LEARN_PARAMS_MAX] = { 0 };
    if (a->in->trials && a->trials_started >= a->in->trials) *more = false;
    else *more = next(self, cx, a, a->trials_started + 1, &l, args);
    if (!*more) return OK;
    TRY(cx, trial_new(cx, a, stage, l, args, &o->d));
    const Trial *before = earlier(a, o->d);
    if (before) {
        if (blob_read(cx, a, before, o->d)) {
            o->d->told.fit_s = before->fit_s;
            o->d->told.predict_us_row = before->predict_us_row;
            o->d->told.size_bytes = before->size_bytes;
            o->d->told.peak_bytes = before->peak_bytes;
            o->d->told.state = before->state;
            TRY(cx, trial_done(cx, a, o->d));
            o->d = NULL;
            return OK;
        }
        for (uint32_t k = 0; k < o->d->parts_n; k++) ctx_put(cx, o->d->model[k]);
        o->d->parts_n = 0;
    }
    return trial_start(cx, a, o);
}

static bool older_over(const Open *o, uint32_t number)
{
    for (int i = 0; i < UNDER_WAY; i++)
        if (o[i].d && o[i].d->told.number + UNDER_WAY <= number) return false;
    return true;
}

static void progress(Ctx *cx, const Auto *a, Stage stage, double begin_left)
{
    char what[96];
    const TrialData *best = NULL;
    for (uint32_t i = 0; i < a->trials_n; i++)
        if (!isinf(a->trial[i]->error) && (!best || a->trial[i]->error < best->error)) best = a->trial[i];
    if (best) snprintf(what, sizeof what, "%s: trial %u, best %s %.5g", stage_word(stage), a->trials_started, a->metric->name, best->told.score);
    else snprintf(what, sizeof what, "%s: trial %u", stage_word(stage), a->trials_started);
    if (a->in->trials) ctx_step(cx, what, a->trials_started, a->in->trials);
    else ctx_step(cx, what, begin_left - auto_left_s(cx, a, STAGE_TUNE), begin_left);
}

Err trials_run(Ctx *cx, Auto *a, Stage stage, TrialNext next, void *self)
{
    Err err = OK;
    Open *o = NULL;
    bool more = true;
    double begin_left = auto_left_s(cx, a, STAGE_TUNE);
    GET_DONE(cx, o, UNDER_WAY, "starting trials");
    for (;;) {
        Job *job;
        for (int i = 0; i < UNDER_WAY && more; i++)
            if (!o[i].d && older_over(o, a->trials_started + 1)) TRY_DONE(cx, start_next(cx, a, stage, next, self, &o[i], &more));
        progress(cx, a, stage, begin_left);
        TRY_DONE(cx, pool_next(cx, a->pool, &job));
        if (job) TRY_DONE(cx, fold_back_in(cx, a, job));
        else if (!more) break;
    }
done:
    if (err) pool_drop(cx, a->pool);
    for (int i = 0; o && i < UNDER_WAY; i++)
        for (int k = 0; k < BUILD_PARTS_MAX; k++) job_clear(cx, &o[i].job[k]);
    ctx_put(cx, o);
    return err;
}

void trials_json(const Auto *a, Stage stage, Text *t)
{
    json_key_open_array(t, "tried");
    for (uint32_t i = 0; i < a->trials_n; i++) {
        const Trial *d = &a->trial[i]->told;
        static const char *const state[] = { "done", "cut", "failed" };
        if (d->stage != stage) continue;
        json_open(t);
        json_key_int(t, "trial", d->number);
        json_key_text(t, "learner", d->learner);
        json_key_raw(t, "params", d->params);
        json_key_num(t, "score", d->score);
        json_key_num(t, "se", d->se);
        json_key_num(t, "fit_s", d->fit_s);
        json_key_text(t, "state", state[d->state]);
        if (d->state == TRIAL_FAILED) json_key_text(t, "why", d->why);
        json_close(t);
    }
    json_close_array(t);
}

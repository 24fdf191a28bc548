/* auto/diagnose_learn.c -- would more rows help?  The heaviest member fitted on growing shares of the rows.
**
** Each share is fitted in some folds by worker processes and judged on the rows held out and on rows it learned
** from.  Shares are nested and keyed.  Features made with the target are left out unless their training values are
** out of fold already, since a row would otherwise know its own answer.  Where features were engineered from others, the
** curve without them is drawn as well.
*/
#include "auto/diagnose.h"

#include "auto/wire.h"
#include "os/os.h"

#include <math.h>
#include <string.h>

#define SHARES 5
#define FOLDS_MAX 3
#define FOLDS_MAX_FULL 5
#define FOLDS_MODEST 2
#define NEW_FOLDS 5
#define TRAIN_ROWS_JUDGED 1000
#define SAFETY 1.5             /* started when this many times its guess is left */

static const double shares[SHARES] = { .1, .325, .55, .775, 1 };

typedef struct Course {
    const Study *s;
    const Member *member;
    const Learner *learner;
    double args[LEARN_PARAMS_MAX];
    Pool *pool, *own_pool;
    const StepFrame *frame;
    StepFrame *own_frame;
    const double *y;
    const uint8_t *fold;
    uint8_t *own_fold;
    size_t n;
    uint32_t folds, used;          /* folds there are; folds fitted */
    uint32_t *cols;                /* features that may be used; NULL: all */
    uint32_t cols_n;
    Job job[SHARES * FOLDS_MAX_FULL];
    uint32_t jobs;
} Course;

static void course_close(Ctx *cx, Course *c)
{
    for (uint32_t i = 0; i < c->jobs; i++) job_clear(cx, &c->job[i]);
    pool_close(cx, c->own_pool);
    steps_frame_free(cx, c->own_frame);
    ctx_put(cx, c->own_fold);
    ctx_put(cx, c->cols);
    ctx_put(cx, c);
}

/* The member that decides most, with the arguments it was fitted with. */
static Err heaviest(Ctx *cx, Course *c)
{
    const Build *b = c->s->b;
    for (uint32_t i = 0; i < b->members_n; i++)
        if (!c->member || b->member[i].weight > c->member->weight) c->member = &b->member[i];
    c->learner = c->member ? learner_find(c->member->learner) : NULL;
    if (!c->learner) return OK;
    learner_start(c->learner, b->task, c->args);
    TRY(cx, learner_args_read(cx, c->learner, c->member->params, c->args));
    return OK;
}

/* Features that are the same in every part: no row's own target is in them. */
static Err honest_features(Ctx *cx, Course *c)
{
    uint32_t parts = steps_parts(c->s->b->steps);
    Frame first = steps_frame(c->own_frame, 0), last = steps_frame(c->own_frame, parts - 1);
    c->cols = ctx_get_n(cx, first.cols, sizeof *c->cols);
    if (!c->cols) return FAIL(cx, ERR_NOMEM, "a learning curve");
    for (uint32_t j = 0; j < first.cols; j++)
        if (first.col[j] == last.col[j]) c->cols[c->cols_n++] = j;
    return OK;
}

/* Only those of the features used so far that were not engineered: they come first.  *left: some were. */
static Err plain_features(Ctx *cx, Course *c, bool *left)
{
    uint32_t n = 0, all = (uint32_t)steps_features(c->s->b->steps);
    *left = false;
    if (!c->s->base_features || c->s->base_features >= all) return OK;
    if (!c->cols) {
        c->cols = ctx_get_n(cx, all, sizeof *c->cols);
        if (!c->cols) return FAIL(cx, ERR_NOMEM, "a learning curve");
        for (uint32_t j = 0; j < all; j++) c->cols[c->cols_n++] = j;
    }
    while (n < c->cols_n && c->cols[n] < c->s->base_features) n++;
    *left = n > 0 && n < c->cols_n;
    c->cols_n = n;
    return OK;
}

/* Standing alone: features, folds and workers of our own. */
static Err set_up(Ctx *cx, Course *c)
{
    const Study *s = c->s;
    c->y = s->y;
    c->n = s->n;
    c->fold = s->fold;
    c->folds = s->b->folds;
    if (!s->fold || c->folds < 2) {
        c->folds = s->n < NEW_FOLDS ? (uint32_t)s->n : NEW_FOLDS;
        c->own_fold = ctx_get(cx, s->n);
        if (!c->own_fold) return FAIL(cx, ERR_NOMEM, "a learning curve");
        uint32_t made;
        FoldsIn in = { .task = s->b->task, .classes = s->b->classes, .y = s->y, .n = s->n, .seed = s->seed, .folds = c->folds };
        TRY(cx, folds_make(cx, &in, c->own_fold, &made));
        c->fold = c->own_fold;
    }
    TRY(cx, steps_apply(cx, s->b->steps, s->t, &c->own_frame));
    c->frame = c->own_frame;
    TRY(cx, honest_features(cx, c));
    TRY(cx, pool_open(cx, s->program, s->threads ? s->threads : os_cpus(), 0, &c->own_pool));
    c->pool = c->own_pool;
    JobData data = { .task = s->b->task, .classes = s->b->classes, .rows = c->n, .y = c->y, .fold = c->fold, .folds = c->folds,
                     .frame = c->frame, .steps = s->b->steps, .metric = s->metric };
    TRY(cx, pool_publish(cx, c->pool, &data));
    return OK;
}

static void join_run(Course *c)
{
    const Study *s = c->s;
    c->pool = s->pool;
    c->frame = s->frame;
    c->y = s->all_y;
    c->fold = s->all_fold;
    c->n = s->all_n;
    c->folds = s->folds;
}

/* Folds that the time left allows; 0: none. */
static uint32_t folds_allowed(Ctx *cx, const Course *c)
{
    const Study *s = c->s;
    uint32_t most = s->full ? FOLDS_MAX_FULL : s->modest ? FOLDS_MODEST : FOLDS_MAX, n = c->folds < most ? c->folds : most;
    double left = study_left_s(cx, s), sum = 0;
    if (isinf(left)) return n;
    for (int i = 0; i < SHARES; i++) sum += shares[i];
    double one = s->fold_fit_s;
    uint32_t workers = c->pool ? pool_workers(c->pool) : 1;
    while (n > 0 && one * sum * n * SAFETY / fmin(workers, n * SHARES) > left) n--;
    return n;
}

static void ask_jobs(Course *c)
{
    uint32_t outside_n = c->used;
    for (int i = SHARES - 1; i >= 0; i--)              /* the largest first, so that no worker ends alone */
        for (uint32_t f = 0; f < outside_n; f++) {
            Job *j = &c->job[c->jobs++];
            *j = (Job){ .learner = c->learner, .part = f, .seed = c->s->seed + 77, .train_share = shares[i], .cols = c->cols,
                        .cols_n = c->cols_n, .deadline_us = c->s->end_us };
            memcpy(j->args, c->args, sizeof j->args);
        }
}

static Err score_of(Ctx *cx, const Course *c, double *margin, const double *y, size_t n, double *out)
{
    const Study *s = c->s;
    *out = NAN;
    for (size_t i = 0; i < n * s->k; i++) margin[i] = margin[i] * c->member->scale;
    build_answer(s->b, margin, n, margin);
    Err err = s->metric->score(cx, y, margin, NULL, n, s->b->classes, out);
    return err == ERR_NUMERIC ? OK : err;
}

/* On rows the job learned from: its model is asked again. */
static Err train_score(Ctx *cx, const Course *c, const Job *j, double *out, double *rows_n)
{
    Err err = OK;
    const Study *s = c->s;
    Model *m = NULL;
    uint32_t *row = NULL;
    double *y = NULL, *margin = NULL;
    size_t n = 0, used = 0;
    const Feature *feature = NULL;
    Feature *some = NULL;
    const float **col = NULL;
    GET_DONE(cx, row, c->n, "a learning curve");
    for (size_t i = 0; i < c->n; i++)
        if (c->fold[i] != j->part && wire_in_share(j->train_share, j->seed, i)) row[n++] = (uint32_t)i;
    *rows_n = (double)n;
    used = n < TRAIN_ROWS_JUDGED ? n : TRAIN_ROWS_JUDGED;
    for (size_t i = 0; i < used; i++) row[i] = row[i * n / used];
    GET_DONE(cx, y, used, "a learning curve");
    GET_DONE(cx, margin, used * s->k, "a learning curve");
    for (size_t i = 0; i < used; i++) y[i] = c->y[row[i]];
    Frame X = steps_frame(c->frame, steps_parts(s->b->steps) > 1 ? j->part : 0);
    feature = X.feature;
    if (c->cols) {
        GET_DONE(cx, some, c->cols_n, "a learning curve");
        GET_DONE(cx, col, c->cols_n, "a learning curve");
        for (uint32_t i = 0; i < c->cols_n; i++) {
            some[i] = feature[c->cols[i]];
            col[i] = X.col[c->cols[i]];
        }
        X = (Frame){ X.rows, c->cols_n, some, col };
    }
    TRY_DONE(cx, model_load(cx, j->model, j->model_n, &m));
    TRY_DONE(cx, model_margin(cx, m, &X, row, used, margin));
    TRY_DONE(cx, score_of(cx, c, margin, y, used, out));
done:
    model_free(cx, m);
    ctx_put(cx, row);
    ctx_put(cx, y);
    ctx_put(cx, margin);
    ctx_put(cx, some);
    ctx_put(cx, col);
    return err;
}

static Err valid_score(Ctx *cx, const Course *c, Job *j, double *out)
{
    double *y = ctx_get_n(cx, j->margin_rows, sizeof *y);
    size_t n = 0;
    if (!y) return FAIL(cx, ERR_NOMEM, "a learning curve");
    for (size_t i = 0; i < c->n && n < j->margin_rows; i++)
        if (c->fold[i] == j->part) y[n++] = c->y[i];
    Err err = score_of(cx, c, j->margin, y, n, out);
    ctx_put(cx, y);
    return err;
}

static double error_of(double sum, double squares, double n)
{
    return n > 1 ? sqrt(fmax(squares - sum * sum / n, 0) / (n - 1) / n) : NAN;
}

static Err put_point(Ctx *cx, Course *c, double share)
{
    double rows = 0, train = 0, train_squares = 0, valid = 0, squares = 0, n = 0;
    for (uint32_t i = 0; i < c->jobs; i++) {
        Job *j = &c->job[i];
        double t = NAN, v = NAN, m = 0;
        if (j->train_share != share || j->err || j->cut) continue;
        TRY(cx, valid_score(cx, c, j, &v));
        TRY(cx, train_score(cx, c, j, &t, &m));
        if (isnan(v)) continue;
        rows += m;
        train += t;
        train_squares += t * t;
        valid += v;
        squares += v * v;
        n++;
    }
    if (n == 0) return OK;
    Text *t = c->s->json;
    json_open(t);
    json_key_num(t, "rows", nearbyint(rows / n));
    json_key(t, "train");
    study_num(t, train / n);
    json_key(t, "train_se");
    study_num(t, error_of(train, train_squares, n));
    json_key(t, "valid");
    study_num(t, valid / n);
    json_key(t, "se");
    study_num(t, error_of(valid, squares, n));
    json_close(t);
    return OK;
}

static Err put_points(Ctx *cx, Course *c, const char *key)
{
    for (uint32_t i = 0; i < c->jobs; i++) job_clear(cx, &c->job[i]);
    c->jobs = 0;
    ask_jobs(c);
    TRY(cx, pool_run(cx, c->pool, c->job, c->jobs));
    json_key_open_array(c->s->json, key);
    for (int i = 0; i < SHARES; i++) TRY(cx, put_point(cx, c, shares[i]));
    json_close_array(c->s->json);
    return OK;
}

static Err run_course(Ctx *cx, Study *s, Course *c)
{
    TRY(cx, heaviest(cx, c));
    if (!c->learner || !strcmp(c->learner->name, "baseline")) {
        study_skip(s, "the learning curve: there is no learner to draw it of");
        return OK;
    }
    if (s->frame) join_run(c);
    else TRY(cx, set_up(cx, c));
    c->used = folds_allowed(cx, c);
    if (c->cols && !c->cols_n) c->used = 0;
    if (!c->used) {
        study_skip(s, "the learning curve: the time left is too short; `leat diagnose` draws it");
        return OK;
    }
    json_key_open(s->json, "learning_curve");
    json_key_text(s->json, "learner", c->learner->name);
    json_key_int(s->json, "folds", c->used);
    int64_t from = ctx_mono_us(cx);
    TRY(cx, put_points(cx, c, "points"));
    bool engineered = false;
    double took = ctx_since_s(cx, from);
    TRY(cx, plain_features(cx, c, &engineered));
    if (engineered && study_left_s(cx, s) > took * SAFETY) TRY(cx, put_points(cx, c, "plain"));
    else if (engineered) study_skip(s, "the learning curve without the engineered features: the time left is too short");
    json_close(s->json);
    return OK;
}

Err study_learning(Ctx *cx, Study *s)
{
    if (!s->frame && !s->program) {
        study_skip(s, "the learning curve: it needs worker processes");
        return OK;
    }
    Course *c = ctx_get(cx, sizeof *c);
    if (!c) return FAIL(cx, ERR_NOMEM, "a learning curve");
    c->s = s;
    Err err = run_course(cx, s, c);
    if (err && c->pool) pool_drop(cx, c->pool);
    course_close(cx, c);
    return err;
}

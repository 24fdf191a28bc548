/* auto/worker.c -- the other end of the pool: one process that fits when asked.
**
** Reads a job from its pipe, fits on the shared data, predicts the rows held
** out, answers, and waits for the next.  Ends when the pipe closes or the parent
** is gone.  Uses one thread.
*/
#include "auto/wire.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHELF_BYTES_MAX ((size_t)32 << 20)

typedef struct Bench {             /* what a worker has on its table */
    OsShare share;
    const WireData *head;
    const double *y;
    Folds folds;
    const float *weight;           /* rows, or NULL */
    const int8_t *monotone;        /* cols, or NULL */
    int8_t *some_monotone;         /* for jobs on a subset of features */
    Feature *feature;
    const float **col;             /* parts x cols */
    uint32_t *train, *valid;       /* rows */
    const float **some_col;        /* what the job's learner gets to see */
    Feature *some_feature;
    float *blank;                  /* rows zeros */
    const Metric *metric;
    LearnShelf *shelf;             /* what a fold's next fit need not make again */
} Bench;

static Err bench_open(Ctx *cx, Bench *b)
{
    Err err = OK;
    TRY(cx, os_share_open(cx, WIRE_FD_DATA, false, &b->share));
    const char *at = b->share.at;
    const WireData *h = b->head = (const void *)at;
    if (b->share.n < sizeof *h || h->magic != WIRE_MAGIC || h->bytes > b->share.n)
        return FAIL(cx, ERR_BUG, "a worker was given no data; `leat worker` is started by leat itself");
    b->y = (const void *)(at + h->y_at);
    b->folds = (Folds){ .n = h->folds, .sets = h->sets, .ordered = h->ordered, .rows = h->rows, .of = (const void *)(at + h->fold_at) };
    b->weight = h->weight_at ? (const void *)(at + h->weight_at) : NULL;
    b->monotone = h->monotone_at ? (const void *)(at + h->monotone_at) : NULL;
    const WireFeature *wf = (const void *)(at + h->feature_at);
    const uint64_t *offset = (const void *)(at + h->col_at);
    b->metric = metric_find(h->metric);
    GET_DONE(cx, b->feature, h->cols, "a worker's %llu features", (unsigned long long)h->cols);
    GET_DONE(cx, b->some_feature, h->cols, "a worker's features");
    GET_DONE(cx, b->some_monotone, h->cols, "a worker's features");
    GET_DONE(cx, b->col, h->parts * h->cols, "a worker's columns");
    GET_DONE(cx, b->some_col, h->cols, "a worker's columns");
    GET_DONE(cx, b->blank, h->rows, "a worker's columns");
    GET_DONE(cx, b->train, h->rows, "a worker's %llu rows", (unsigned long long)h->rows);
    GET_DONE(cx, b->valid, h->rows, "a worker's %llu rows", (unsigned long long)h->rows);
    TRY_DONE(cx, learn_shelf_new(cx, SHELF_BYTES_MAX, &b->shelf));
    for (size_t j = 0; j < h->cols; j++)
        b->feature[j] = (Feature){ .name = "", .kind = (FeatureKind)wf[j].kind, .levels = wf[j].levels, .raw = { wf[j].raw[0], wf[j].raw[1] }, .use = (FeatureUse)wf[j].use };
    for (size_t j = 0; j < h->parts * h->cols; j++) b->col[j] = (const void *)(at + offset[j]);
done:
    return err;
}

static void split(Bench *b, const WireJob *job, FitIn *in)
{
    const WireData *h = b->head;
    in->train_n = in->valid_n = 0;
    for (size_t i = 0; i < h->rows; i++) {
        if (folds_holds(&b->folds, job->part, i)) b->valid[in->valid_n++] = (uint32_t)i;
        else if (folds_learns(&b->folds, job->part, i) && wire_in_share(job->train_share, job->seed, i)) b->train[in->train_n++] = (uint32_t)i;
    }
    in->train = b->train;
    in->valid = b->valid;
}

/* A feature that is not meant for the learner is a constant to it: no model uses it, and indices stay what they are. */
static void look_at(Bench *b, const WireJob *job, const Learner *l, const uint32_t *cols, FitIn *in)
{
    const WireData *h = b->head;
    uint32_t part = h->parts > 1 ? job->part : 0;
    const float **col = b->col + part * h->cols;
    FeatureUse hidden = l->can & LEARN_SPLITS ? FEATURE_FOR_DENSE : FEATURE_FOR_TREES;
    in->X = (Frame){ .rows = h->rows, .cols = job->cols_n ? job->cols_n : h->cols, .feature = b->some_feature, .col = b->some_col };
    for (uint32_t j = 0; j < in->X.cols; j++) {
        uint32_t at = job->cols_n ? cols[j] : j;
        b->some_feature[j] = b->feature[at];
        if (b->monotone) b->some_monotone[j] = b->monotone[at];
        b->some_col[j] = b->feature[at].use == hidden ? b->blank : col[at];
    }
    in->monotone = b->monotone ? b->some_monotone : NULL;
}

/* Of all that decides a job's rows and columns. */
static uint64_t rows_key(const WireJob *job, const uint32_t *cols)
{
    bool some = job->train_share > 0 && job->train_share < 1;
    const struct { uint64_t part, seed; double share; } of = { job->part, some ? job->seed : 0, some ? job->train_share : 1 };
    return random_hash(cols, job->cols_n * sizeof *cols, random_hash(&of, sizeof of, job->cols_n));
}

static Err fit_and_answer(Ctx *cx, Bench *b, const WireJob *job, const uint32_t *cols, WireResult *say, Text *model, double **margin)
{
    const WireData *h = b->head;
    const Learner *l = learner_find(job->learner);
    FitIn in = { .task = (Task)h->task, .classes = h->classes, .y = b->y, .args = job->args, .rounds = job->rounds, .keep = job->keep, .weight = b->weight, .metric = b->metric };
    FitOut fit = { 0 };
    Err err = OK;
    if (!l || job->part > h->folds) return FAIL(cx, ERR_BUG, "a worker was asked for learner '%.40s', part %u", job->learner, job->part);
    split(b, job, &in);
    look_at(b, job, l, cols, &in);
    if (job->part >= h->folds && h->folds > 1 && !h->ordered && h->parts == 1) in.fold = b->folds.of;     /* of the first set */
    in.shelf = b->shelf;
    in.shelf_key = rows_key(job, cols);
    int64_t start = ctx_mono_us(cx);
    TRY_DONE(cx, l->fit(cx, &in, &fit));
    say->fit_s = ctx_since_s(cx, start);
    say->rounds_kept = fit.rounds;
    say->rounds_planned = fit.planned ? fit.planned : fit.rounds;
    say->cut = fit.cut;
    if (in.valid_n) {
        GET_DONE(cx, *margin, in.valid_n * say->outputs, "predicting %zu rows", in.valid_n);
        start = ctx_mono_us(cx);
        TRY_DONE(cx, model_margin(cx, fit.model, &in.X, in.valid, in.valid_n, *margin));
        say->predict_s = ctx_since_s(cx, start);
        say->margin_rows = in.valid_n;
        for (size_t i = 0; i < in.valid_n * say->outputs; i++)
            if (!isfinite((*margin)[i])) {
                err = FAIL(cx, ERR_NUMERIC, "%s gave an infinite or undefined answer", l->name);
                goto done;
            }
    }
    TRY_DONE(cx, model_save(cx, fit.model, model));
done:
    model_free(cx, fit.model);
    return err;
}

static Err one_job(Ctx *cx, Bench *b, const WireJob *job, const uint32_t *cols)
{
    WireResult say = { .magic = WIRE_MAGIC, .outputs = task_outputs((Task)b->head->task, b->head->classes) };
    Text model;
    double *margin = NULL;
    Ctx one;
    ctx_child(cx, &one);
    text_init(&model, &one);
    one.seed = job->seed;
    one.deadline_us = job->deadline_us;
    Err err = fit_and_answer(&one, b, job, cols, &say, &model, &margin);
    if (!err) err = text_err(&model);
    say.err = (int32_t)err;
    if (err) {
        snprintf(say.why, sizeof say.why, "%.*s", JOB_WHY_MAX - 1, one.text);
        say.margin_rows = 0;
    } else {
        say.model_n = model.n;
    }
    say.peak_bytes = os_memory().peak;
    err = os_fd_write(cx, WIRE_FD_RESULTS, &say, sizeof say);
    if (!err && say.model_n) err = os_fd_write(cx, WIRE_FD_RESULTS, model.at, model.n);
    if (!err && say.margin_rows) err = os_fd_write(cx, WIRE_FD_RESULTS, margin, say.margin_rows * say.outputs * sizeof *margin);
    text_clear(&model);
    ctx_put(cx, margin);
    ctx_clear(&one);
    return err;
}

static void bench_close(Ctx *cx, Bench *b)
{
    learn_shelf_free(cx, b->shelf);
    ctx_put(cx, b->feature);
    ctx_put(cx, b->some_feature);
    ctx_put(cx, b->some_monotone);
    ctx_put(cx, b->col);
    ctx_put(cx, b->some_col);
    ctx_put(cx, b->blank);
    ctx_put(cx, b->train);
    ctx_put(cx, b->valid);
    if (b->share.at) os_share_close(&b->share);
}

Err auto_worker(Ctx *cx, uint64_t memory_bytes)
{
    Bench b = { .share = { .fd = -1 } };
    uint32_t *cols = NULL;
    Err err = OK;
    TRY_DONE(cx, os_tie(cx, WIRE_FD_LIFE));
    TRY_DONE(cx, bench_open(cx, &b));
    GET_DONE(cx, cols, b.head->cols, "a worker's columns");
    if (memory_bytes) TRY_DONE(cx, os_limit_memory(cx, memory_bytes + b.share.n));
    for (;;) {
        WireJob job;
        bool closed;
        err = wire_read(cx, WIRE_FD_JOBS, &job, sizeof job, &closed);
        if (err) {
            if (closed) err = OK;              /* the pool is done with us */
            goto done;
        }
        if (job.magic != WIRE_MAGIC || job.cols_n > b.head->cols) {
            err = FAIL(cx, ERR_BUG, "a worker was sent nonsense");
            goto done;
        }
        job.learner[sizeof job.learner - 1] = 0;
        if (job.cols_n) TRY_DONE(cx, wire_read(cx, WIRE_FD_JOBS, cols, job.cols_n * sizeof *cols, &closed));
        TRY_DONE(cx, one_job(cx, &b, &job, cols));
    }
done:
    bench_close(cx, &b);
    ctx_put(cx, cols);
    return err;
}

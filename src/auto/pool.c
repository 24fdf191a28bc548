/* auto/pool.c -- fits in child processes.
**
** A worker is this program again.  It gets the data as shared memory, jobs
** through one pipe and answers through another, one job at a time.  One that
** dies, or is killed a little after its deadline, costs its own job and nothing
** else.  New data means new workers: descriptors cannot be handed over later.
*/
#include "auto/wire.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORKERS_MAX 256
#define KILL_AFTER_US 150000       /* what a learner gets beyond its deadline to end by itself */
#define WORKER_BYTES_MIN ((uint64_t)1 << 30)

typedef struct Worker {
    OsProc proc;
    int to, from;
    Job *job;
} Worker;

struct Pool {
    char *program;
    uint32_t workers_n;
    Worker *worker;
    uint64_t memory_bytes;         /* address space a worker may use; 0: no limit */
    uint64_t peak_bytes;
    OsShare data;
    size_t outputs;
    Job **queue;
    size_t queue_n, queue_cap;
    Job **lost;                    /* ended without an answer; handed out by pool_next */
    size_t lost_n;
};

Err wire_read(Ctx *cx, int fd, void *buf, size_t n, bool *closed)
{
    size_t have = 0;
    *closed = false;
    while (have < n) {
        size_t got = 0;
        TRY(cx, os_fd_read(cx, fd, (char *)buf + have, n - have, &got));
        if (!got) {
            *closed = have == 0;
            return FAIL(cx, ERR_IO, "the other end went away after %zu of %zu bytes", have, n);
        }
        have += got;
    }
    return OK;
}

Err pool_open(Ctx *cx, const char *program, uint32_t workers, uint64_t memory_bytes, Pool **out)
{
    Err err = OK;
    Pool *p = NULL;
    *out = NULL;
    if (!workers || workers > WORKERS_MAX)
        return FAIL(cx, ERR_BAD_INPUT, "%u worker processes asked for; give 1 to %d", workers, WORKERS_MAX);
    GET_DONE(cx, p, 1, "opening a pool of workers");
    GET_DONE(cx, p->worker, workers, "opening a pool of %u workers", workers);
    GET_DONE(cx, p->program, strlen(program) + 1, "opening a pool of workers");
    memcpy(p->program, program, strlen(program) + 1);
    p->workers_n = workers;
    p->memory_bytes = memory_bytes ? memory_bytes / workers : 0;
    if (p->memory_bytes && p->memory_bytes < WORKER_BYTES_MIN) p->memory_bytes = WORKER_BYTES_MIN;
    for (uint32_t i = 0; i < workers; i++) p->worker[i].to = p->worker[i].from = -1;
    *out = p;
    p = NULL;
done:
    pool_close(cx, p);
    return err;
}

static void end_worker(Ctx *cx, Pool *p, Worker *w)
{
    os_fd_close(&w->to);
    os_fd_close(&w->from);
    if (w->proc.pid) {
        os_kill(&w->proc);
        os_proc_end(cx, &w->proc);
    }
    if (w->job) {
        assert(p->lost_n < p->queue_cap);
        p->lost[p->lost_n++] = w->job;
        w->job = NULL;
    }
}

void pool_drop(Ctx *cx, Pool *p)
{
    for (uint32_t i = 0; i < p->workers_n; i++)
        if (p->worker[i].job) end_worker(cx, p, &p->worker[i]);
    p->queue_n = p->lost_n = 0;
}

uint32_t pool_forget(Pool *p, const void *tag)
{
    size_t kept = 0, n = p->queue_n;
    for (size_t i = 0; i < n; i++)
        if (p->queue[i]->tag != tag) p->queue[kept++] = p->queue[i];
    p->queue_n = kept;
    return (uint32_t)(n - kept);
}

void pool_close(Ctx *cx, Pool *p)
{
    if (!p) return;
    for (uint32_t i = 0; p->worker && i < p->workers_n; i++) {
        p->worker[i].job = NULL;
        end_worker(cx, p, &p->worker[i]);
    }
    if (p->data.at) os_share_close(&p->data);
    ctx_put(cx, p->program);
    ctx_put(cx, p->worker);
    ctx_put(cx, p->queue);
    ctx_put(cx, p->lost);
    ctx_put(cx, p);
}

uint32_t pool_workers(const Pool *p)
{
    return p->workers_n;
}

uint32_t pool_pending(const Pool *p)
{
    uint32_t n = (uint32_t)p->queue_n;
    for (uint32_t i = 0; i < p->workers_n; i++) n += p->worker[i].job != NULL;
    return n;
}

uint64_t pool_peak_bytes(const Pool *p)
{
    return p->peak_bytes;
}

void job_clear(Ctx *cx, Job *job)
{
    ctx_put(cx, job->model);
    ctx_put(cx, job->margin);
    job->model = NULL;
    job->margin = NULL;
}

/* ---------------------------------------------------------------- publish */

static uint64_t take(uint64_t *used, uint64_t bytes)
{
    uint64_t at = (*used + 63) & ~(uint64_t)63;
    *used = at + bytes;
    return at;
}

static uint32_t parts_of(const JobData *d)
{
    uint32_t n = steps_parts(d->steps);
    return n ? n : 1;
}

/* Columns that do not depend on the part are the same pointer in every part: they travel once. */
static Err lay_out(Ctx *cx, Pool *p, const JobData *d, WireData *head, uint64_t *offset)
{
    uint64_t used = sizeof *head, bytes = d->rows * sizeof(float);
    Frame first = steps_frame(d->frame, 0);
    head->y_at = take(&used, d->rows * sizeof(double));
    head->fold_at = take(&used, d->rows * head->sets);
    head->weight_at = d->weight ? take(&used, d->rows * sizeof *d->weight) : 0;
    head->monotone_at = d->monotone ? take(&used, head->cols) : 0;
    head->feature_at = take(&used, head->cols * sizeof(WireFeature));
    head->col_at = take(&used, head->parts * head->cols * sizeof(uint64_t));
    for (uint32_t q = 0; q < head->parts; q++) {
        Frame X = steps_frame(d->frame, q);
        for (size_t j = 0; j < head->cols; j++) {
            bool same = q > 0 && X.col[j] == first.col[j];
            offset[q * head->cols + j] = same ? offset[j] : take(&used, bytes);
        }
    }
    head->bytes = used;
    return os_share_make(cx, "leat-data", used, &p->data);
}

static void copy_in(Pool *p, const JobData *d, const WireData *head, const uint64_t *offset)
{
    char *at = p->data.at;
    WireFeature *f = (WireFeature *)(void *)(at + head->feature_at);
    memcpy(at, head, sizeof *head);
    memcpy(at + head->y_at, d->y, d->rows * sizeof(double));
    memcpy(at + head->fold_at, d->fold, d->rows * head->sets);
    if (d->weight) memcpy(at + head->weight_at, d->weight, d->rows * sizeof *d->weight);
    if (d->monotone) memcpy(at + head->monotone_at, d->monotone, head->cols);
    memcpy(at + head->col_at, offset, head->parts * head->cols * sizeof *offset);
    for (size_t j = 0; j < head->cols; j++) {
        const Feature *one = steps_feature(d->steps, j);
        f[j] = (WireFeature){ (uint32_t)one->kind, one->levels, { one->raw[0], one->raw[1] }, (uint32_t)one->use };
    }
    for (uint32_t q = 0; q < head->parts; q++) {
        Frame X = steps_frame(d->frame, q);
        for (size_t j = 0; j < head->cols; j++) {
            uint64_t to = offset[q * head->cols + j];
            if (q == 0 || to != offset[j]) memcpy(at + to, X.col[j], d->rows * sizeof(float));
        }
    }
}

Err pool_publish(Ctx *cx, Pool *p, const JobData *d)
{
    Err err = OK;
    uint64_t *offset = NULL;
    WireData head = { .magic = WIRE_MAGIC, .task = (uint32_t)d->task, .classes = d->classes, .folds = d->folds,
                      .sets = d->sets ? d->sets : 1, .ordered = d->ordered, .parts = parts_of(d), .rows = d->rows, .cols = steps_features(d->steps) };
    for (uint32_t i = 0; i < p->workers_n; i++) {
        assert(!p->worker[i].job);
        end_worker(cx, p, &p->worker[i]);
    }
    if (p->data.at) os_share_close(&p->data);
    p->data = (OsShare){ 0 };
    snprintf(head.metric, sizeof head.metric, "%s", d->metric->name);
    p->outputs = task_outputs(d->task, d->classes);
    GET_DONE(cx, offset, head.parts * head.cols, "sharing %zu rows with workers", d->rows);
    TRY_DONE(cx, lay_out(cx, p, d, &head, offset));
    copy_in(p, d, &head, offset);
done:
    ctx_put(cx, offset);
    return err;
}

/* -------------------------------------------------------------------- run */

static Err start_worker(Ctx *cx, Pool *p, Worker *w)
{
    int jobs_read = -1, results_write = -1;
    char limit[32];
    Err err = OK;
    snprintf(limit, sizeof limit, "%llu", (unsigned long long)p->memory_bytes);
    const char *argv[] = { p->program, "worker", limit, NULL };
    TRY_DONE(cx, os_pipe(cx, &jobs_read, &w->to));
    TRY_DONE(cx, os_pipe(cx, &w->from, &results_write));
    TRY_DONE(cx, os_spawn(cx, argv, (int[]){ jobs_read, results_write, p->data.fd }, 3, &w->proc));
done:
    os_fd_close(&jobs_read);
    os_fd_close(&results_write);
    if (err) {
        os_fd_close(&w->to);
        os_fd_close(&w->from);
    }
    return err;
}

static Err send_job(Ctx *cx, Pool *p, Worker *w, Job *job)
{
    int64_t own = job->limit_s > 0 ? ctx_mono_us(cx) + (int64_t)(job->limit_s * 1e6) : 0;
    if (own && (!job->deadline_us || own < job->deadline_us)) job->deadline_us = own;
    WireJob ask = { .magic = WIRE_MAGIC, .part = job->part, .rounds = job->rounds, .keep = job->keep, .cols_n = job->cols_n, .seed = job->seed,
                    .train_share = job->train_share, .deadline_us = job->deadline_us };
    if (!w->proc.pid) TRY(cx, start_worker(cx, p, w));
    snprintf(ask.learner, sizeof ask.learner, "%s", job->learner->name);
    memcpy(ask.args, job->args, sizeof ask.args);
    w->job = job;
    Err err = os_fd_write(cx, w->to, &ask, sizeof ask);
    if (!err && job->cols_n) err = os_fd_write(cx, w->to, job->cols, job->cols_n * sizeof *job->cols);
    if (err) end_worker(cx, p, w);       /* it died while idle: its job is lost, the pool goes on */
    return OK;
}

Err pool_submit(Ctx *cx, Pool *p, Job *job)
{
    if (p->queue_n + p->workers_n + p->lost_n + 1 > p->queue_cap) {
        size_t cap = p->queue_cap * 2 + p->workers_n + 64;
        Job **queue = ctx_grow(cx, p->queue, cap, sizeof *queue);
        if (queue) p->queue = queue;
        Job **lost = ctx_grow(cx, p->lost, cap, sizeof *lost);
        if (lost) p->lost = lost;
        if (!queue || !lost) return FAIL(cx, ERR_NOMEM, "queueing a fit");
        p->queue_cap = cap;
    }
    job->err = ERR_BUG;
    job->why[0] = 0;
    job->model = NULL;
    job->margin = NULL;
    p->queue[p->queue_n++] = job;
    return OK;
}

static Err feed(Ctx *cx, Pool *p)
{
    for (uint32_t i = 0; i < p->workers_n && p->queue_n; i++) {
        Worker *w = &p->worker[i];
        if (w->job) continue;
        Job *job = p->queue[0];
        memmove(p->queue, p->queue + 1, --p->queue_n * sizeof *p->queue);
        TRY(cx, send_job(cx, p, w, job));
    }
    return OK;
}

/* Read one answer.  A worker that dies half-way through leaves its job lost. */
static Err receive(Ctx *cx, Pool *p, Worker *w)
{
    WireResult got;
    Job *job = w->job;
    bool closed;
    TRY(cx, wire_read(cx, w->from, &got, sizeof got, &closed));
    if (got.magic != WIRE_MAGIC || got.outputs != p->outputs) return FAIL(cx, ERR_IO, "a worker answered nonsense");
    size_t margins = (size_t)(got.margin_rows * got.outputs);
    job->model = got.model_n ? ctx_get(cx, got.model_n) : NULL;
    job->margin = margins ? ctx_get_n(cx, margins, sizeof *job->margin) : NULL;
    if ((got.model_n && !job->model) || (margins && !job->margin)) return FAIL(cx, ERR_NOMEM, "taking a fitted model of %llu bytes", (unsigned long long)got.model_n);
    if (got.model_n) TRY(cx, wire_read(cx, w->from, job->model, got.model_n, &closed));
    if (margins) TRY(cx, wire_read(cx, w->from, job->margin, margins * sizeof *job->margin, &closed));
    job->err = (unsigned)got.err < ERR_COUNT ? (Err)got.err : ERR_BUG;
    memcpy(job->why, got.why, sizeof job->why);
    job->why[sizeof job->why - 1] = 0;
    job->model_n = got.model_n;
    job->margin_rows = got.margin_rows;
    job->rounds_kept = got.rounds_kept;
    job->rounds_planned = got.rounds_planned;
    job->cut = got.cut;
    job->fit_s = got.fit_s;
    job->predict_s = got.predict_s;
    job->peak_bytes = got.peak_bytes;
    if (got.peak_bytes > p->peak_bytes) p->peak_bytes = got.peak_bytes;
    w->job = NULL;
    return OK;
}

static void lose(Ctx *cx, Pool *p, Worker *w, Err why, const char *words)
{
    Job *job = w->job;
    job_clear(cx, job);
    end_worker(cx, p, w);
    job->err = why;
    snprintf(job->why, sizeof job->why, "%s", words);
}

/* Milliseconds until the first worker is to be killed, at most a second; kills those that are due. */
static int watch(Ctx *cx, Pool *p)
{
    int64_t now = ctx_mono_us(cx), wait = 1000000;
    for (uint32_t i = 0; i < p->workers_n; i++) {
        Worker *w = &p->worker[i];
        if (!w->job || !w->job->deadline_us) continue;
        int64_t left = w->job->deadline_us + KILL_AFTER_US - now;
        if (left <= 0) lose(cx, p, w, ERR_TIME, "did not end by its deadline and was stopped");
        else if (left < wait) wait = left;
    }
    return (int)(wait / 1000) + 1;
}

static bool busy(const Pool *p)
{
    for (uint32_t i = 0; i < p->workers_n; i++)
        if (p->worker[i].job) return true;
    return false;
}

Err pool_next(Ctx *cx, Pool *p, Job **done)
{
    int fds[WORKERS_MAX];
    bool ready[WORKERS_MAX];
    *done = NULL;
    for (;;) {
        TRY(cx, feed(cx, p));
        int wait_ms = watch(cx, p);
        if (p->lost_n) {
            *done = p->lost[--p->lost_n];
            if ((*done)->err == ERR_BUG && !(*done)->why[0])
                snprintf((*done)->why, JOB_WHY_MAX, "its worker process died (out of memory, or a crash in a library)");
            return OK;
        }
        if (!busy(p)) return OK;
        if (cx->cancel && *cx->cancel) return ctx_check(cx);
        for (uint32_t i = 0; i < p->workers_n; i++) fds[i] = p->worker[i].job ? p->worker[i].from : -1;
        TRY(cx, os_poll(cx, fds, p->workers_n, wait_ms, ready));
        for (uint32_t i = 0; i < p->workers_n; i++) {
            Worker *w = &p->worker[i];
            if (!ready[i] || !w->job) continue;
            Job *job = w->job;
            Err err = receive(cx, p, w);
            if (err == ERR_NOMEM) return err;
            if (err) lose(cx, p, w, ERR_BUG, "");
            else {
                *done = job;
                return OK;
            }
            break;
        }
    }
}

Err pool_run(Ctx *cx, Pool *p, Job *jobs, size_t n)
{
    for (size_t i = 0; i < n; i++) TRY(cx, pool_submit(cx, p, &jobs[i]));
    for (size_t i = 0; i < n; i++) {
        Job *done;
        TRY(cx, pool_next(cx, p, &done));
        assert(done);
    }
    return OK;
}

/* What is proved: margins of folds come to stand at the rows they belong to and are scored as a metric says; a trial's result,
** and which trials are stopped, do not depend on the order in which folds come back; a first trial of a learner is never
** stopped; a fold's failure is its trial's; a trial written by a run is taken up by the next without a fit.
** How: trials.c on a pool that answers what the test makes up: target plus noise that grows with parameter 0. */
#define pool_publish made_publish
#define pool_submit made_submit
#define pool_forget made_forget
#define pool_drop made_drop
#define pool_workers made_workers
#define pool_next made_next
#define pool_pending made_pending
#define job_clear made_clear
#define steps_frame made_frame
#include "auto/trials.c"

#include "unit/auto/kit.h"
#include "unit/auto/stand_in.h"

enum { ROWS = 1500, FOLDS = 5, TRIALS_MOST = 24, BROKEN = 9 };

struct Pool {
    Job *queue[FOLDS * 4];
    size_t n, fits;
    bool backwards;
};

Err pool_publish(Ctx *cx, Pool *p, const JobData *data)
{
    (void)cx, (void)p, (void)data;
    return OK;
}

Err pool_submit(Ctx *cx, Pool *p, Job *job)
{
    (void)cx;
    assert_true(p->n < FOLDS * 4);
    p->queue[p->n++] = job;
    return OK;
}

uint32_t pool_forget(Pool *p, const void *tag)
{
    size_t kept = 0, n = p->n;
    for (size_t i = 0; i < n; i++)
        if (p->queue[i]->tag != tag) p->queue[kept++] = p->queue[i];
    p->n = kept;
    return (uint32_t)(n - kept);
}

void pool_drop(Ctx *cx, Pool *p)
{
    (void)cx;
    p->n = 0;
}

uint32_t pool_workers(const Pool *p)
{
    return p->backwards ? 4 : 1;
}

uint32_t pool_pending(const Pool *p)
{
    return (uint32_t)p->n;
}

void job_clear(Ctx *cx, Job *job)
{
    ctx_put(cx, job->model);
    ctx_put(cx, job->margin);
    job->model = NULL;
    job->margin = NULL;
}

/* What the run is made of. */
typedef struct World4 {
    Ctx cx;
    Pool pool;
    Auto a;
    AutoIn in;
    double y[ROWS];
    uint32_t held[ROWS];
    uint8_t fold[ROWS];
    double noise[TRIALS_MOST];     /* what trial t + 1 is asked for; its learner is lightgbm, or mlp where it is negative */
    uint32_t trials;
    Text blob[TRIALS_MOST];
    char params[TRIALS_MOST][1024];
} World4;

static double made_up(const double *y, size_t row, const double *args, uint64_t seed)
{
    Random r = random_make(seed, "made up", row, 0);
    return (2 * y[row] - 1) + args[0] * 30 * random_normal(&r);
}

static World4 *now;                /* of the test under way */

Err pool_next(Ctx *cx, Pool *p, Job **done)
{
    *done = NULL;
    if (!p->n) return OK;
    Job *job = p->queue[p->backwards ? p->n - 1 : 0];
    if (!p->backwards) memmove(p->queue, p->queue + 1, (p->n - 1) * sizeof *p->queue);
    p->n--;
    p->fits++;
    *done = job;
    Open *o = job->tag;
    if (o->d->told.number == BROKEN && job->part == 2) {
        job->err = ERR_NUMERIC;
        snprintf(job->why, sizeof job->why, "made to fail");
        return OK;
    }
    job->err = OK;
    job->margin = ctx_get_n(cx, ROWS, sizeof *job->margin);
    job->model = ctx_get(cx, 4);
    if (!job->margin || !job->model) return FAIL(cx, ERR_NOMEM, "made up");
    memcpy(job->model, "tree", 4);
    job->model_n = 4;
    job->margin_rows = 0;
    for (size_t i = 0; i < ROWS; i++)
        if (now->fold[i] == job->part) job->margin[job->margin_rows++] = made_up(now->y, i, job->args, job->seed);
    job->rounds_kept = 10 + job->part;
    job->rounds_planned = 100;
    job->fit_s = .001;
    return OK;
}

static bool as_planned(void *self, Ctx *cx, Auto *a, uint32_t number, const Learner **learner, double *args)
{
    World4 *w = self;
    (void)cx, (void)a;
    if (number > w->trials) return false;
    *learner = learner_find(w->noise[number - 1] < 0 ? "mlp" : "lightgbm");
    learner_start(*learner, TASK_BINARY, args);
    args[0] = w->noise[number - 1] < 0 ? 1 : fmax(w->noise[number - 1], .005);
    return true;
}

static Err keep_blob(void *self, Ctx *cx, const Trial *t)
{
    World4 *w = self;
    (void)cx;
    if (!t->blob) return OK;
    text_bytes(&w->blob[t->number - 1], t->blob, t->blob_n);
    snprintf(w->params[t->number - 1], sizeof w->params[0], "%s", t->params);
    return text_err(&w->blob[t->number - 1]);
}

static World4 *world(bool backwards, const double *noise, uint32_t trials)
{
    World4 *w = calloc(1, sizeof *w);
    if (!w) abort();
    now = w;
    w->cx = test_ctx();
    w->pool.backwards = backwards;
    w->trials = trials;
    memcpy(w->noise, noise, trials * sizeof *noise);
    for (uint32_t i = 0; i < ROWS; i++) w->y[i] = i % 3 == 0, w->held[i] = i, w->fold[i] = (uint8_t)((i / 3 + i) % FOLDS);
    for (int i = 0; i < TRIALS_MOST; i++) text_init(&w->blob[i], &w->cx);
    w->in = (AutoIn){ .trials = trials, .seed = 3, .sink = { .trial = keep_blob, .self = w } };
    w->a = (Auto){ .in = &w->in, .task = TASK_BINARY, .classes = 2, .metric = metric_find("logloss"), .y = w->y, .rows = ROWS, .fold = w->fold,
                   .folds = FOLDS, .sets = 1, .held = w->held, .held_n = ROWS, .held_y = w->y, .pool = &w->pool };
    return w;
}

static void end(World4 *w)
{
    for (uint32_t i = 0; i < w->a.trials_n; i++) trial_free(&w->cx, w->a.trial[i]);
    for (int i = 0; i < TRIALS_MOST; i++) text_clear(&w->blob[i]);
    ctx_put(&w->cx, w->a.trial);
    ctx_clear(&w->cx);
    free(w);
}

/* Features are asked for only to guess seconds. */
Frame steps_frame(const StepFrame *f, uint32_t part)
{
    static const Feature number[4] = { { .name = "" } };
    (void)f, (void)part;
    return (Frame){ .rows = ROWS, .cols = 4, .feature = number };
}

static const double plan[] = { .01, .012, .02, .015, .011, .013, .3, -1, .02, .014, .25, .012 };
enum { PLAN_N = sizeof plan / sizeof *plan };

static void margins_stand_at_their_rows_and_are_scored(void **state)
{
    (void)state;
    World4 *w = world(false, plan, 2);
    expect_ok(&w->cx, trials_run(&w->cx, &w->a, STAGE_SELECT, as_planned, w));
    assert_int_equal(w->a.trials_n, 2);
    for (uint32_t t = 0; t < 2; t++) {
        const TrialData *d = w->a.trial[t];
        uint64_t key[2] = { 3, t + 1 }, seed = random_hash(key, sizeof key, 1);
        double loss = 0;
        for (size_t i = 0; i < ROWS; i++) {
            double m = made_up(w->y, i, d->args, seed);
            assert_true(d->oof[i] == m);
            loss += log1p(exp(w->y[i] > 0 ? -m : m)) / ROWS;
        }
        assert_true(fabs(d->told.score - loss) < 1e-9 && d->error == d->told.score);
        assert_int_equal(d->parts_n, FOLDS);
        for (uint32_t k = 0; k < FOLDS; k++) assert_true(d->part[k] == k && d->rounds[k] == 10 + k && d->planned[k] == 100);
    }
    end(w);
}

static void the_order_of_folds_changes_nothing(void **state)
{
    (void)state;
    World4 *w = world(false, plan, PLAN_N), *v = NULL;
    expect_ok(&w->cx, trials_run(&w->cx, &w->a, STAGE_SELECT, as_planned, w));
    v = world(true, plan, PLAN_N);
    expect_ok(&v->cx, trials_run(&v->cx, &v->a, STAGE_SELECT, as_planned, v));
    assert_int_equal(w->a.trials_n, v->a.trials_n);
    for (uint32_t t = 0; t < PLAN_N; t++) {
        const TrialData *x = w->a.trial[t], *y = v->a.trial[t];
        assert_true(x->told.state == y->told.state && x->stopped == y->stopped && x->parts_n == y->parts_n);
        if (x->told.state != TRIAL_FAILED) assert_memory_equal(x->oof, y->oof, ROWS * sizeof *x->oof);
    }
    end(v);
    end(w);
}

static void a_hopeless_trial_stops_and_the_first_of_a_learner_does_not(void **state)
{
    (void)state;
    World4 *w = world(false, plan, PLAN_N);
    expect_ok(&w->cx, trials_run(&w->cx, &w->a, STAGE_SELECT, as_planned, w));
    for (uint32_t t = 0; t < PLAN_N; t++) {
        const TrialData *d = w->a.trial[t];
        bool far = plan[t] > .1;                                 /* the seventh still has five behind it; the eighth is the first mlp */
        assert_true(d->stopped == far);
        assert_true((d->told.state == TRIAL_FAILED) == (far || t + 1 == BROKEN));
        if (far) assert_true(isinf(d->error) && d->parts_n == 0);
    }
    assert_string_equal(w->a.trial[BROKEN - 1]->told.why, "made to fail");
    assert_true(w->pool.fits < (size_t)PLAN_N * FOLDS);          /* folds that waited were never fitted */
    end(w);
}

static void with_few_rows_none_is_stopped(void **state)
{
    (void)state;
    World4 *w = world(false, plan, 7);
    w->a.held_n = STOP_ROWS_MIN * FOLDS - 1;
    for (size_t i = w->a.held_n; i < ROWS; i++) w->fold[i] = FOLD_NONE;
    expect_ok(&w->cx, trials_run(&w->cx, &w->a, STAGE_SELECT, as_planned, w));
    for (uint32_t t = 0; t < 7; t++) assert_false(w->a.trial[t]->stopped);
    end(w);
}

static void an_earlier_runs_trials_are_taken_up(void **state)
{
    (void)state;
    Trial kept[4];
    World4 *w = world(false, plan, 4), *v = world(false, plan, 4);
    now = w;
    expect_ok(&w->cx, trials_run(&w->cx, &w->a, STAGE_SELECT, as_planned, w));
    for (uint32_t t = 0; t < 4; t++) {
        kept[t] = w->a.trial[t]->told;
        kept[t].params = w->params[t];
        kept[t].blob = w->blob[t].at;
        kept[t].blob_n = t == 3 ? w->blob[t].n - 8 : w->blob[t].n;       /* the last is not whole */
    }
    now = v;
    v->in.resume = kept;
    v->in.resume_n = 4;
    expect_ok(&v->cx, trials_run(&v->cx, &v->a, STAGE_SELECT, as_planned, v));
    assert_int_equal(v->pool.fits, FOLDS);                        /* of the last only */
    for (uint32_t t = 0; t < 4; t++) {
        assert_true(v->a.trial[t]->error == w->a.trial[t]->error && v->a.trial[t]->parts_n == FOLDS);
        assert_memory_equal(v->a.trial[t]->oof, w->a.trial[t]->oof, ROWS * sizeof(double));
    }
    end(v);
    end(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(margins_stand_at_their_rows_and_are_scored),
        cmocka_unit_test(the_order_of_folds_changes_nothing),
        cmocka_unit_test(a_hopeless_trial_stops_and_the_first_of_a_learner_does_not),
        cmocka_unit_test(with_few_rows_none_is_stopped),
        cmocka_unit_test(an_earlier_runs_trials_are_taken_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

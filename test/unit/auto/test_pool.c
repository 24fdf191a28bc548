/* What is proved: fits in child processes come back as they were made, and a child that dies, hangs, fails or is cancelled
** costs its own job and nothing else.  How: the worker is this program started again; its list of learners is replaced
** by four that misbehave on purpose.  Nothing waits longer than the pool's own grace after a deadline that is past. */
#include "learn/learn.h"

static const Learner *test_learner(const char *name);
#define learner_find test_learner
#include "auto/worker.c"
#undef learner_find
#include "auto/pool.c"

#include "unit/auto/kit.h"

#include <signal.h>
#include <unistd.h>

enum { ROWS = 24, FOLDS = 3 };

/* ---------------------------------------------------------------- learners */

/* Sums what it was given into a constant: the answer tells the rows, columns, part and parameters that arrived. */
static double sum_of(const FitIn *in, uint64_t seed)
{
    double sum = in->args[0] + (double)in->rounds * 1000 + (double)(seed % 7) * 1e5;
    for (size_t i = 0; i < in->train_n; i++)
        for (size_t j = 0; j < in->X.cols; j++) sum += (double)in->X.col[j][in->train[i]] * (double)(j + 1) + in->y[in->train[i]];
    return sum;
}

static Err fit_sum(Ctx *cx, const FitIn *in, FitOut *out)
{
    double sum = sum_of(in, cx->seed);
    *out = (FitOut){ .rounds = 5 };
    return constant_new(cx, 1, (uint32_t)in->X.cols, &sum, &out->model);
}

static Err fit_dies(Ctx *cx, const FitIn *in, FitOut *out)
{
    (void)cx, (void)in, (void)out;
    (void)raise(SIGKILL);
    return OK;
}

static Err fit_hangs(Ctx *cx, const FitIn *in, FitOut *out)
{
    (void)cx, (void)in, (void)out;
    while (pause()) {}
    return OK;
}

static Err fit_fails(Ctx *cx, const FitIn *in, FitOut *out)
{
    *out = (FitOut){ 0 };
    return FAIL(cx, ERR_NUMERIC, "no answer for %zu rows", in->train_n);
}

static const Param no_params[] = { { .name = NULL } };
static const Learner learners[] = {
    { .name = "sum", .params = no_params, .fit = fit_sum },
    { .name = "dies", .params = no_params, .fit = fit_dies },
    { .name = "hangs", .params = no_params, .fit = fit_hangs },
    { .name = "fails", .params = no_params, .fit = fit_fails },
};

static const Learner *test_learner(const char *name)
{
    for (size_t i = 0; i < sizeof learners / sizeof *learners; i++)
        if (!strcmp(learners[i].name, name)) return &learners[i];
    return NULL;
}

/* ------------------------------------------------------------------- data */

typedef struct Data {
    Table *t;
    Schema *schema;
    Steps *steps;
    StepFrame *frame;
    double y[ROWS];
    uint8_t fold[ROWS];
    JobData job;
} Data;

/* A number, and a lookup that differs from part to part. */
static void open_data(Ctx *cx, Data *d, double unit)
{
    char rows[ROWS * 16] = "";
    const char *number[] = { "n" }, *mean[] = { "mean of c" };
    const float table[(FOLDS + 1) * 2] = { 1, 2, 10, 20, 100, 200, 1000, 2000 }, other[FOLDS + 1] = { 0 };
    uint32_t keys;
    *d = (Data){ 0 };
    for (int i = 0; i < ROWS; i++) {
        sprintf(rows + strlen(rows), "%g|%s\n", i * unit, i % 3 ? "a" : "b");
        d->y[i] = i;
        d->fold[i] = (uint8_t)(i % FOLDS);
    }
    expect_ok(cx, kit_table(cx, "n:number c:category", rows, &d->t));
    expect_ok(cx, schema_of(cx, d->t, NULL, 0, &d->schema));
    expect_ok(cx, steps_new(cx, d->schema, FOLDS, &d->steps));
    expect_ok(cx, steps_add(cx, d->steps, &(StepAdd){ .op = STEP_NUMBER, .a = 0, .b = STEPS_NONE, .about = STEPS_NONE, .outs = 1, .name = number }));
    expect_ok(cx, steps_add_keys(cx, d->steps, 1, CUT_NONE, &d->t->col[1].dict, &keys));
    expect_ok(cx, steps_add(cx, d->steps, &(StepAdd){ .op = STEP_LOOKUP, .kind = LOOKUP_TARGET, .a = keys, .b = STEPS_NONE, .about = STEPS_NONE,
                                                      .outs = 1, .name = mean, .parted = true, .table = table, .other = other }));
    expect_ok(cx, steps_apply(cx, d->steps, d->t, &d->frame));
    d->job = (JobData){ .task = TASK_REGRESSION, .rows = ROWS, .y = d->y, .fold = d->fold, .folds = FOLDS, .frame = d->frame,
                        .steps = d->steps, .metric = metric_find("rmse") };
}

static void close_data(Ctx *cx, Data *d)
{
    steps_frame_free(cx, d->frame);
    steps_free(cx, d->steps);
    schema_free(cx, d->schema);
    table_free(cx, d->t);
}

/* What the learner "sum" must answer, from the frame on this side. */
static double want(const Data *d, const Job *job)
{
    Frame X = steps_frame(d->frame, job->part);
    double sum = job->args[0] + job->rounds * 1000. + (double)(job->seed % 7) * 1e5;
    uint32_t n = job->cols_n ? job->cols_n : (uint32_t)X.cols;
    for (size_t i = 0; i < ROWS; i++) {
        if (d->fold[i] == job->part) continue;
        for (uint32_t j = 0; j < n; j++) sum += (double)X.col[job->cols_n ? job->cols[j] : j][i] * (j + 1) + d->y[i];
    }
    return sum;
}

static Pool *open_pool(Ctx *cx, uint32_t workers)
{
    char self[OS_PATH_MAX];
    Pool *p;
    expect_ok(cx, os_exe_path(cx, self));
    expect_ok(cx, pool_open(cx, self, workers, 0, &p));
    assert_int_equal(pool_workers(p), workers);
    return p;
}

static void check_answer(Ctx *cx, const Data *d, Job *job)
{
    Model *m;
    if (job->err) fail_msg("part %u: %s: %s", job->part, err_text(job->err), job->why);
    assert_int_equal(job->rounds_kept, 5);
    assert_false(job->cut);
    size_t held = job->part == FOLDS ? 0 : ROWS / FOLDS;
    assert_int_equal(job->margin_rows, held);
    assert_true((job->margin == NULL) == (held == 0));
    for (size_t i = 0; i < held; i++) assert_true(job->margin[i] == want(d, job));
    expect_ok(cx, model_load(cx, job->model, job->model_n, &m));
    assert_string_equal(m->form->name, "constant");
    model_free(cx, m);
    job_clear(cx, job);
}

/* ------------------------------------------------------------------ tests */

static void jobs_come_back_as_they_were_sent(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Data d;
    static const uint32_t second[] = { 1 };
    Job job[9];
    open_data(&cx, &d, 1);
    Pool *p = open_pool(&cx, 2);
    expect_ok(&cx, pool_publish(&cx, p, &d.job));
    for (uint32_t i = 0; i < 9; i++) {
        job[i] = (Job){ .learner = test_learner("sum"), .part = i % (FOLDS + 1), .args = { i * .25 }, .seed = i, .rounds = i / 2 };
        if (i > 5) job[i].cols = second, job[i].cols_n = 1;
    }
    expect_ok(&cx, pool_run(&cx, p, job, 9));
    for (int i = 0; i < 9; i++) check_answer(&cx, &d, &job[i]);
    assert_true(pool_peak_bytes(p) > 0);
    Job *none;
    expect_ok(&cx, pool_next(&cx, p, &none));
    assert_null(none);
    pool_close(&cx, p);
    close_data(&cx, &d);
    ctx_clear(&cx);
}

static void a_share_of_the_rows_is_keyed_and_nested(void **state)
{
    (void)state;
    size_t n[3] = { 0 };
    const double share[] = { .2, .5, 1 };
    for (size_t row = 0; row < 20000; row++) {
        bool before = false;
        for (int s = 0; s < 3; s++) {
            bool in = wire_in_share(share[s], 9, row);
            assert_true(in || !before);
            before = in;
            n[s] += in;
        }
    }
    assert_true(fabs((double)n[0] / 20000 - .2) < .02 && fabs((double)n[1] / 20000 - .5) < .02 && n[2] == 20000);
}

static void one_that_dies_or_fails_costs_its_own_job_only(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Data d;
    Job job[8];
    open_data(&cx, &d, 1);
    Pool *p = open_pool(&cx, 2);
    expect_ok(&cx, pool_publish(&cx, p, &d.job));
    for (uint32_t i = 0; i < 8; i++) job[i] = (Job){ .learner = test_learner(i == 1 || i == 2 ? "dies" : i == 4 ? "fails" : "sum"), .part = i % FOLDS };
    expect_ok(&cx, pool_run(&cx, p, job, 8));
    for (int i = 0; i < 8; i++) {
        if (i == 1 || i == 2) {
            assert_int_equal(job[i].err, ERR_BUG);
            assert_non_null(strstr(job[i].why, "its worker process died"));
            assert_true(!job[i].model && !job[i].margin);
        } else if (i == 4) {
            assert_int_equal(job[i].err, ERR_NUMERIC);
            assert_string_equal(job[i].why, "no answer for 16 rows");
            assert_true(!job[i].model && !job[i].margin);
        } else check_answer(&cx, &d, &job[i]);
    }
    pool_close(&cx, p);
    close_data(&cx, &d);
    ctx_clear(&cx);
}

static void one_that_overruns_its_deadline_is_killed_and_the_pool_goes_on(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Data d;
    Job job[3];
    open_data(&cx, &d, 1);
    Pool *p = open_pool(&cx, 1);
    expect_ok(&cx, pool_publish(&cx, p, &d.job));
    for (uint32_t i = 0; i < 3; i++) job[i] = (Job){ .learner = test_learner(i == 1 ? "sum" : "hangs"), .part = i };
    job[0].deadline_us = ctx_mono_us(&cx);
    job[2].limit_s = 1e-6;
    expect_ok(&cx, pool_run(&cx, p, job, 3));
    for (int i = 0; i < 3; i += 2) {
        assert_int_equal(job[i].err, ERR_TIME);
        assert_non_null(strstr(job[i].why, "did not end by its deadline"));
        assert_true(!job[i].model && !job[i].margin);
    }
    check_answer(&cx, &d, &job[1]);
    pool_close(&cx, p);
    close_data(&cx, &d);
    ctx_clear(&cx);
}

static void a_worker_that_died_idle_is_noticed(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Data d;
    Job job = { .learner = test_learner("sum") };
    open_data(&cx, &d, 1);
    Pool *p = open_pool(&cx, 1);
    expect_ok(&cx, pool_publish(&cx, p, &d.job));
    expect_ok(&cx, pool_run(&cx, p, &job, 1));
    check_answer(&cx, &d, &job);
    os_kill(&p->worker[0].proc);
    expect_ok(&cx, os_wait(&cx, &p->worker[0].proc, true));
    job = (Job){ .learner = test_learner("sum") };
    expect_ok(&cx, pool_run(&cx, p, &job, 1));           /* lost, or never heard of: either way it is told */
    assert_int_equal(job.err, ERR_BUG);
    assert_non_null(strstr(job.why, "its worker process died"));
    job = (Job){ .learner = test_learner("sum") };
    expect_ok(&cx, pool_run(&cx, p, &job, 1));
    check_answer(&cx, &d, &job);
    pool_close(&cx, p);
    close_data(&cx, &d);
    ctx_clear(&cx);
}

static void cancelling_ends_the_wait_and_dropping_ends_the_work(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Data d;
    volatile sig_atomic_t stop = 1;
    Job hang[3], *done, after = { .learner = test_learner("sum"), .part = 1 };
    open_data(&cx, &d, 1);
    Pool *p = open_pool(&cx, 2);
    expect_ok(&cx, pool_publish(&cx, p, &d.job));
    for (int i = 0; i < 3; i++) {
        hang[i] = (Job){ .learner = test_learner("hangs") };
        expect_ok(&cx, pool_submit(&cx, p, &hang[i]));
    }
    cx.cancel = &stop;
    expect_failure(&cx, pool_next(&cx, p, &done), ERR_INTERRUPTED, NULL);
    cx.cancel = NULL;
    pool_drop(&cx, p);
    expect_ok(&cx, pool_next(&cx, p, &done));
    assert_null(done);
    expect_ok(&cx, pool_run(&cx, p, &after, 1));
    check_answer(&cx, &d, &after);
    pool_close(&cx, p);
    close_data(&cx, &d);
    ctx_clear(&cx);
}

static void new_data_replaces_the_old(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Data d[2];
    Pool *p = open_pool(&cx, 2);
    for (int k = 0; k < 2; k++) {
        Job job[FOLDS];
        open_data(&cx, &d[k], k + 1.5);
        expect_ok(&cx, pool_publish(&cx, p, &d[k].job));
        for (uint32_t i = 0; i < FOLDS; i++) job[i] = (Job){ .learner = test_learner("sum"), .part = i };
        expect_ok(&cx, pool_run(&cx, p, job, FOLDS));
        for (int i = 0; i < FOLDS; i++) check_answer(&cx, &d[k], &job[i]);
    }
    pool_close(&cx, p);
    for (int k = 0; k < 2; k++) close_data(&cx, &d[k]);
    ctx_clear(&cx);
}

static void what_cannot_be_opened_or_started_is_refused(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Data d;
    Pool *p;
    Job job = { .learner = test_learner("sum") };
    expect_failure(&cx, pool_open(&cx, "leat", 0, 0, &p), ERR_BAD_INPUT, "0 worker processes asked for; give 1 to 256");
    assert_null(p);
    expect_failure(&cx, pool_open(&cx, "leat", 257, 0, &p), ERR_BAD_INPUT, "257 worker processes");
    open_data(&cx, &d, 1);
    expect_ok(&cx, pool_open(&cx, "/nowhere/leat", 1, 0, &p));
    expect_ok(&cx, pool_publish(&cx, p, &d.job));
    expect_failure(&cx, pool_run(&cx, p, &job, 1), ERR_NOT_FOUND, "starting '/nowhere/leat'");
    pool_close(&cx, p);
    close_data(&cx, &d);
    ctx_clear(&cx);
}

static Err swept(Ctx *cx, void *arg)
{
    const Data *d = arg;
    Pool *p = NULL;
    Job job[2] = { { .learner = test_learner("sum"), .part = 0 }, { .learner = test_learner("sum"), .part = 1 } };
    char self[OS_PATH_MAX];
    Err err = OK;
    TRY(cx, os_exe_path(cx, self));
    TRY_DONE(cx, pool_open(cx, self, 1, 0, &p));
    TRY_DONE(cx, pool_publish(cx, p, &d->job));
    TRY_DONE(cx, pool_run(cx, p, job, 2));
done:
    pool_close(cx, p);
    for (int i = 0; i < 2; i++) job_clear(cx, &job[i]);
    return err;
}

static void refused_memory_is_survived(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Data d;
    open_data(&cx, &d, 1);
    rig_sweep(swept, &d, ERR_NOMEM, ERR_IO);
    close_data(&cx, &d);
    ctx_clear(&cx);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "worker")) {
        Ctx cx = test_ctx();
        return err_exit(auto_worker(&cx, 0));
    }
    (void)signal(SIGPIPE, SIG_IGN);                       /* as main does: writing to a dead worker fails instead */
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(jobs_come_back_as_they_were_sent),
        cmocka_unit_test(a_share_of_the_rows_is_keyed_and_nested),
        cmocka_unit_test(one_that_dies_or_fails_costs_its_own_job_only),
        cmocka_unit_test(one_that_overruns_its_deadline_is_killed_and_the_pool_goes_on),
        cmocka_unit_test(a_worker_that_died_idle_is_noticed),
        cmocka_unit_test(cancelling_ends_the_wait_and_dropping_ends_the_work),
        cmocka_unit_test(new_data_replaces_the_old),
        cmocka_unit_test(what_cannot_be_opened_or_started_is_refused),
        cmocka_unit_test(refused_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

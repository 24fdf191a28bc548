/* Proves that the stage keeps what helps and leaves what does not, by planted data; that it decides the same
** whatever the order in which fits end; that an earlier run's choice is made again without a fit; and that it says
** so when it could test nothing.  Fits are real but happen here: this pool starts no process. */
#include "unit/auto/kit.h"

#include "base/random.h"

/* --------------------------------------------------- a pool without processes */

struct Pool {
    JobData data;
    Job *queue[512];
    size_t n, published, jobs;
    bool backwards, broken, late, quick; /* quick: the baseline learns instead */
};

MUST_USE Err pool_publish(Ctx *cx, Pool *p, const JobData *data)
{
    (void)cx;
    p->data = *data;
    p->published++;
    return OK;
}

MUST_USE Err pool_submit(Ctx *cx, Pool *p, Job *job)
{
    (void)cx;
    assert_true(p->n < 512);
    p->queue[p->n++] = job;
    return OK;
}

static Err fit_on(Ctx *cx, const Pool *p, Job *job, Feature *feature, const float **col, uint32_t *train,
                  uint32_t *valid)
{
    const JobData *d = &p->data;
    const Learner *l = p->quick ? learner_find("baseline") : job->learner;
    Frame whole = steps_frame(d->frame, job->part);
    double args[LEARN_PARAMS_MAX];
    FitIn in = { .task = d->task,
                 .classes = d->classes,
                 .X = { d->rows, job->cols_n, feature, col },
                 .y = d->y,
                 .train = train,
                 .valid = valid,
                 .args = args,
                 .metric = d->metric };
    FitOut out = { 0 };
    Text bytes;
    memcpy(args, job->args, sizeof args);
    if (p->quick) learner_start(l, d->task, args);
    for (uint32_t i = 0; i < job->cols_n; i++) {
        assert_true(job->cols[i] < whole.cols && (!i || job->cols[i] > job->cols[i - 1]));
        feature[i] = whole.feature[job->cols[i]];
        col[i] = whole.col[job->cols[i]];
    }
    for (uint32_t r = 0; r < d->rows; r++) {
        if (d->fold[r] == job->part) valid[in.valid_n++] = r;
        else train[in.train_n++] = r;
    }
    text_init(&bytes, cx);
    Err err = l->fit(cx, &in, &out);
    job->margin_rows = in.valid_n;
    job->margin = ctx_get_n(cx, in.valid_n * task_outputs(d->task, d->classes), sizeof *job->margin);
    if (!err && !job->margin) err = FAIL(cx, ERR_NOMEM, "fitting here");
    if (!err) err = model_margin(cx, out.model, &in.X, valid, in.valid_n, job->margin);
    if (!err) err = model_save(cx, out.model, &bytes);
    job->model_n = bytes.n;
    job->model = err ? NULL : text_take(&bytes);
    job->fit_s = .001;
    text_clear(&bytes);
    model_free(cx, out.model);
    return err;
}

static Err fit_here(Ctx *cx, const Pool *p, Job *job)
{
    Feature *feature = ctx_get_n(cx, job->cols_n, sizeof *feature);
    const float **col = ctx_get_n(cx, job->cols_n, sizeof *col);
    uint32_t *train = ctx_get_n(cx, p->data.rows, sizeof *train),
             *valid = ctx_get_n(cx, p->data.rows, sizeof *valid);
    bool ok = feature && col && train && valid;
    Err err = ok ? fit_on(cx, p, job, feature, col, train, valid) : FAIL(cx, ERR_NOMEM, "fitting here");
    ctx_put(cx, feature);
    ctx_put(cx, col);
    ctx_put(cx, train);
    ctx_put(cx, valid);
    return err;
}

MUST_USE Err pool_next(Ctx *cx, Pool *p, Job **done)
{
    *done = NULL;
    if (!p->n) return OK;
    Job *job = p->queue[p->backwards ? p->n - 1 : 0];
    if (!p->backwards) memmove(p->queue, p->queue + 1, (p->n - 1) * sizeof *p->queue);
    p->n--;
    p->jobs++;
    job->err = p->broken ? ERR_NOT_FOUND : fit_here(cx, p, job);
    job->cut = p->late;
    if (p->broken) snprintf(job->why, sizeof job->why, "LightGBM is absent");
    *done = job;
    return OK;
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
void job_clear(Ctx *cx, Job *job)
{
    ctx_put(cx, job->model);
    ctx_put(cx, job->margin);
    job->model = NULL;
    job->margin = NULL;
}

/* ------------------------------------------------------------------- planted */

static void ratio_row(size_t i, char *line, size_t max)
{
    Random r = random_make(5, "ratio", i, 0);
    double a = 1 + 9 * random_unit(&r), b = 1 + 9 * random_unit(&r);
    snprintf(line, max, "%.4f|%.4f|%.4f|k%u", a, b, random_unit(&r), (unsigned)random_below(&r, 5));
}
static double by_ratio(size_t i)
{
    char line[256];
    double a, b;
    Random r = random_make(6, "noise", i, 0);
    ratio_row(i, line, sizeof line);
    if (sscanf(line, "%lf|%lf", &a, &b) != 2) abort();
    return log(a / b) * 3 + .05 * random_normal(&r);
}
static double by_coin(size_t i)
{
    Random r = random_make(8, "coin", i, 0);
    return (double)random_below(&r, 2);
}

/* 150 towns and 150 shops in disorder: only their target means are easy to learn. */
static void town_row(size_t i, char *line, size_t max)
{
    Random r = random_make(11, "town", i, 0);
    snprintf(line, max, "t%u|%.3f|%.3f", (unsigned)random_below(&r, 150), random_unit(&r), random_unit(&r));
}
static double by_town(size_t i)
{
    char line[256];
    unsigned town;
    town_row(i, line, sizeof line);
    if (sscanf(line, "t%u", &town) != 1) abort();
    Random of = random_make(12, "town effect", town, 0), r = random_make(13, "noise", i, 0);
    return 2 * random_normal(&of) + random_normal(&r);
}

static Err run(Ctx *cx, Kit *k, Pool *p, const char *head, size_t n, void (*row)(size_t, char *, size_t),
               Task task, uint32_t folds, double (*target)(size_t))
{
    char *rows = kit_rows(n, row);
    Err err = kit_auto(cx, k, head, rows, task, task == TASK_REGRESSION ? 0 : 2, folds, target);
    free(rows);
    if (!err) err = stage_preprocess(cx, &k->a);
    k->a.pool = p;
    if (!err) err = stage_engineer(cx, &k->a);
    return err;
}

static const char ratio_head[] = "a:number b:number x:number c:category";

static void a_planted_ratio_is_found_and_kept(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    for (uint32_t folds = 1; folds <= 5; folds += 2) { /* one holdout, three folds, five */
        Kit k;
        Pool p = { .n = 0 };
        expect_ok(&cx, run(&cx, &k, &p, ratio_head, 1200, ratio_row, TASK_REGRESSION, folds, by_ratio));
        assert_true(kit_has(k.a.steps, "a / b") || kit_has(k.a.steps, "b / a"));
        assert_non_null(strstr(k.a.json[STAGE_ENGINEER].at, "\"make\":\"arith\""));
        Frame f = steps_frame(k.a.frame, 0);
        assert_int_equal(f.cols, steps_features(k.a.steps));
        uint32_t at = kit_feature(k.a.steps, kit_has(k.a.steps, "a / b") ? "a / b" : "b / a");
        bool turned = !kit_has(k.a.steps, "a / b");
        for (size_t r = 0; r < 20; r++) {
            double a = f.col[0][r], b = f.col[1][r];
            assert_true(f.col[at][r] == (float)(turned ? b / a : a / b));
        }
        kit_clear(&cx, &k);
    }
    ctx_clear(&cx);
}

static void target_means_that_help_are_kept_out_of_fold(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Kit k;
    Pool p = { .n = 0 };
    expect_ok(&cx,
              run(&cx, &k, &p, "town:category x:number z:number", 1800, town_row, TASK_REGRESSION, 3, by_town));
    assert_true(kit_has(k.a.steps, "target mean of town"));
    assert_int_equal(steps_parts(k.a.steps), 4);
    uint32_t at = kit_feature(k.a.steps, "target mean of town");
    assert_memory_not_equal(steps_frame(k.a.frame, 0).col[at], steps_frame(k.a.frame, 3).col[at],
                            k.a.rows * sizeof(float));
    kit_clear(&cx, &k);
    ctx_clear(&cx);
}

static void of_pure_noise_nothing_is_kept(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Kit k;
    Pool p = { .n = 0 };
    expect_ok(&cx, run(&cx, &k, &p, ratio_head, 900, ratio_row, TASK_BINARY, 4, by_coin));
    assert_int_equal(steps_features(k.a.steps), 4);
    assert_non_null(strstr(k.a.json[STAGE_ENGINEER].at, "\"kept\":[]"));
    assert_true(p.jobs > 8);
    kit_clear(&cx, &k);
    ctx_clear(&cx);
}

static void the_order_in_which_fits_end_changes_nothing(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Kit k[2];
    Pool p[2] = { { .n = 0 }, { .backwards = true } };
    for (int i = 0; i < 2; i++)
        expect_ok(&cx, run(&cx, &k[i], &p[i], ratio_head, 500, ratio_row, TASK_REGRESSION, 3, by_ratio));
    assert_string_equal(k[0].a.json[STAGE_ENGINEER].at, k[1].a.json[STAGE_ENGINEER].at);
    for (uint32_t c = 0; c < steps_features(k[0].a.steps); c++)
        assert_memory_equal(steps_frame(k[0].a.frame, 1).col[c], steps_frame(k[1].a.frame, 1).col[c],
                            500 * sizeof(float));
    for (int i = 0; i < 2; i++) kit_clear(&cx, &k[i]);
    ctx_clear(&cx);
}

static void an_earlier_choice_is_made_again_without_a_fit(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Kit k, again;
    Pool p = { .n = 0 }, q = { .n = 0 };
    char *rows = kit_rows(600, ratio_row);
    expect_ok(&cx, run(&cx, &k, &p, ratio_head, 600, ratio_row, TASK_REGRESSION, 3, by_ratio));
    expect_ok(&cx, kit_auto(&cx, &again, ratio_head, rows, TASK_REGRESSION, 0, 3, by_ratio));
    again.in.resume_engineer = k.a.json[STAGE_ENGINEER].at;
    again.a.pool = &q;
    expect_ok(&cx, stage_preprocess(&cx, &again.a));
    expect_ok(&cx, stage_engineer(&cx, &again.a));
    assert_int_equal(q.jobs, 0);
    assert_int_equal(steps_features(again.a.steps), steps_features(k.a.steps));
    for (uint32_t c = 0; c < steps_features(k.a.steps); c++) {
        assert_string_equal(steps_feature(k.a.steps, c)->name, steps_feature(again.a.steps, c)->name);
        assert_memory_equal(steps_frame(k.a.frame, 2).col[c], steps_frame(again.a.frame, 2).col[c],
                            600 * sizeof(float));
    }
    kit_clear(&cx, &again);
    expect_ok(&cx, kit_auto(&cx, &again, "other:number c:category", "1|x\n2|x\n3|y\n4|y\n5|y\n6|x\n",
                            TASK_REGRESSION, 0, 3, by_ratio));
    again.in.resume_engineer = k.a.json[STAGE_ENGINEER].at;
    expect_ok(&cx, stage_preprocess(&cx, &again.a));
    expect_failure(&cx, stage_engineer(&cx, &again.a), ERR_BAD_INPUT, "cannot be made from this data");
    free(rows);
    kit_clear(&cx, &again);
    kit_clear(&cx, &k);
    ctx_clear(&cx);
}

static void without_a_fit_it_says_why_and_goes_on(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Kit k;
    Pool broken = { .broken = true }, late = { .late = true };
    expect_ok(&cx, run(&cx, &k, &broken, ratio_head, 300, ratio_row, TASK_REGRESSION, 3, by_ratio));
    assert_int_equal(steps_features(k.a.steps), 4);
    assert_non_null(strstr(k.a.json[STAGE_ENGINEER].at, "LightGBM is absent"));
    kit_clear(&cx, &k);
    expect_ok(&cx, run(&cx, &k, &late, ratio_head, 300, ratio_row, TASK_REGRESSION, 3, by_ratio));
    assert_non_null(strstr(k.a.summary[STAGE_ENGINEER], "time was too short"));
    kit_clear(&cx, &k);
    ctx_clear(&cx);
}

static void a_large_table_is_tested_on_a_sample(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Kit k;
    Pool p = { .n = 0 };
    expect_ok(&cx, run(&cx, &k, &p, ratio_head, 13000, ratio_row, TASK_REGRESSION, 1, by_ratio));
    assert_int_equal(p.data.rows, 10000);
    assert_int_equal(steps_frame(k.a.frame, 0).rows, 13000);
    assert_true(kit_has(k.a.steps, "a / b") || kit_has(k.a.steps, "b / a"));
    kit_clear(&cx, &k);
    ctx_clear(&cx);
}

static Err whole_stage(Ctx *cx, void *arg)
{
    Kit k;
    Pool p = { .quick = true };
    (void)arg;
    Err err = run(cx, &k, &p, ratio_head, 30, ratio_row, TASK_REGRESSION, 2, by_ratio);
    kit_clear(cx, &k);
    return err;
}

/* A fit that runs out of memory is a group that was not tested, so the stage may well end. */
static void refused_memory_leaks_nothing(void **state)
{
    (void)state;
    rig_sweep_or_ok(whole_stage, NULL, ERR_NOMEM, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_planted_ratio_is_found_and_kept),
        cmocka_unit_test(target_means_that_help_are_kept_out_of_fold),
        cmocka_unit_test(of_pure_noise_nothing_is_kept),
        cmocka_unit_test(the_order_in_which_fits_end_changes_nothing),
        cmocka_unit_test(an_earlier_choice_is_made_again_without_a_fit),
        cmocka_unit_test(without_a_fit_it_says_why_and_goes_on),
        cmocka_unit_test(a_large_table_is_tested_on_a_sample),
        cmocka_unit_test(refused_memory_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

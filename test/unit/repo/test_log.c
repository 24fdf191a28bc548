/* What is proved: params are set once, tags change, points of metrics come back whole and once however they came, last, least and
** greatest as MLflow has them; experiments and runs go out of sight and back; names and values are held to their limits; what
** was said is found by every kind of question; the tables are the fold of the log; every fault leaves the old state or the new.
** How: real projects in the test's own folder, and the fault sweep. */
#include "base/random.h"
#include "repo/repo.h"
#include "test/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static char here[OS_PATH_MAX];

static Repo *project(Ctx *cx, const char *name)
{
    RepoInit init;
    Repo *r = NULL;
    char path[OS_PATH_MAX + 64];
    test_remove_tree(name);
    assert_int_equal(mkdir(name, 0777), 0);
    snprintf(path, sizeof path, "%s/%s", here, name);
    expect_ok(cx, repo_init(cx, path, NULL, "ann", &init));
    expect_ok(cx, repo_open(cx, path, "ann", true, &r));
    return r;
}

static Repo *again(Ctx *cx, const char *name)
{
    Repo *r = NULL;
    char path[OS_PATH_MAX + 64];
    snprintf(path, sizeof path, "%s/%s", here, name);
    expect_ok(cx, repo_open(cx, path, "ann", true, &r));
    return r;
}

static void prove(Ctx *cx, Repo *r)
{
    LedgerProof proof;
    expect_ok(cx, ledger_rebuild(cx, repo_ledger(r), &proof));
}

/* A run that nobody holds, so that it stays as it is. */
static void begin(Ctx *cx, Repo *r, const char *name, const char *experiment, char id[REPO_ID_MAX])
{
    Run *run;
    const RepoPair tag = { "team", "a" };
    const InputIn input = { .name = "churn@3", .digest = "abc", .context = "training", .bytes = 7 };
    const RunStart start = { .verb = "run", .name = name, .experiment = experiment, .tag = &tag, .tags_n = 1, .input = &input, .inputs_n = 1,
                             .loose = true, .environment = "{\"TZ\":\"UTC\"}", .arguments = "[\"x\"]", .start_us = 1700000000000000 };
    expect_ok(cx, repo_run_start(cx, r, &start, &run));
    snprintf(id, REPO_ID_MAX, "%s", repo_run_id(run));
    repo_run_close(cx, run);
}

static void params_are_set_once_and_tags_change(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Repo *r = project(&cx, "p");
    char id[REPO_ID_MAX], long_value[REPO_TAG_MAX + 2], long_key[REPO_KEY_MAX + 2];
    RunFull full;
    uint64_t before, after;
    Digest hash;
    begin(&cx, r, "first", NULL, id);
    expect_ok(&cx, repo_log_params(&cx, r, id, (RepoPair[]){ { "b", "2" }, { "a/x", "1" } }, 2));
    expect_ok(&cx, ledger_head(&cx, repo_ledger(r), &before, &hash));
    expect_ok(&cx, repo_log_params(&cx, r, id, (RepoPair[]){ { "b", "2" } }, 1));
    expect_ok(&cx, ledger_head(&cx, repo_ledger(r), &after, &hash));
    assert_int_equal(before, after);                   /* the same again is no event */
    expect_failure(&cx, repo_log_params(&cx, r, id, (RepoPair[]){ { "c", "9" }, { "b", "3" } }, 2), ERR_REFUSED, "'b'");
    expect_failure(&cx, repo_log_params(&cx, r, id, (RepoPair[]){ { "c", "1" }, { "c", "1" } }, 2), ERR_BAD_INPUT, "'c' is given twice");
    expect_failure(&cx, repo_log_params(&cx, r, "00000000000000000000000000000000", (RepoPair[]){ { "c", "1" } }, 1), ERR_NOT_FOUND, "no run");
    static const char *const bad[] = { "", "a;b", "../x", "a//b", "/a", "a/", ".", "x\n", "a/../b" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        expect_failure(&cx, repo_log_params(&cx, r, id, (RepoPair[]){ { bad[i], "1" } }, 1), ERR_BAD_INPUT, "param");
    memset(long_value, 'v', sizeof long_value);
    long_value[REPO_PARAM_MAX + 1] = 0;
    expect_failure(&cx, repo_log_params(&cx, r, id, (RepoPair[]){ { "big", long_value } }, 1), ERR_LIMIT, "the most is 6000");
    long_value[REPO_PARAM_MAX] = 0;
    expect_ok(&cx, repo_log_params(&cx, r, id, (RepoPair[]){ { "big", long_value } }, 1));
    memset(long_key, 'k', sizeof long_key);
    long_key[REPO_KEY_MAX + 1] = 0;
    expect_failure(&cx, repo_log_tags(&cx, r, id, (RepoPair[]){ { long_key, "1" } }, 1), ERR_BAD_INPUT, "250");
    expect_ok(&cx, repo_log_tags(&cx, r, id, (RepoPair[]){ { "any;key", "x" }, { "team", "b" }, { "mlflow.runName", "renamed" } }, 3));
    expect_ok(&cx, repo_log_tags(&cx, r, id, (RepoPair[]){ { "any;key", NULL } }, 1));
    expect_ok(&cx, repo_run_full(&cx, r, id, &full));
    assert_int_equal(full.params_n, 3);
    assert_string_equal(full.param[0].key, "a/x");
    assert_int_equal(strlen(full.param[2].value), REPO_PARAM_MAX);
    assert_int_equal(full.tags_n, 2);
    assert_string_equal(full.tag[1].value, "b");
    assert_string_equal(full.run.name, "renamed");
    assert_int_equal(full.run.started_us, 1700000000000000);
    assert_int_equal(full.inputs_n, 1);
    assert_string_equal(full.input[0].name, "churn@3");
    prove(&cx, r);
    repo_close(&cx, r);
    ctx_clear(&cx);
}

static void points_come_back_once_and_in_order(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Repo *r = project(&cx, "m");
    char id[REPO_ID_MAX];
    MetricPoint *at;
    size_t n;
    RunFull full;
    begin(&cx, r, "first", NULL, id);
    MetricIn *in = calloc(5000, sizeof *in);
    for (int i = 0; i < 5000; i++)
        in[i] = (MetricIn){ i % 2 ? "loss" : "acc", { 1700000000000000 + i * 1000, i / 2, i % 500 ? i * 0.25 : NAN } };
    expect_ok(&cx, repo_log_metrics(&cx, r, id, in, 5000));
    expect_ok(&cx, repo_log_metrics(&cx, r, id, in + 100, 2000));       /* a retry */
    expect_ok(&cx, repo_metric_history(&cx, r, id, "loss", &at, &n));
    assert_int_equal(n, 2500);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(at[i].step, i);
        assert_int_equal(at[i].time_us, in[2 * i + 1].point.time_us);
        assert_memory_equal(&at[i].value, &in[2 * i + 1].point.value, sizeof(double));
    }
    ctx_put(&cx, at);
    const MetricIn late[] = { { "loss", { 5, -3, (double)INFINITY } }, { "loss", { 4, 9999, -1 } }, { "loss", { 4, 9999, -1 } } };
    expect_ok(&cx, repo_log_metrics(&cx, r, id, late, 3));
    expect_ok(&cx, repo_run_full(&cx, r, id, &full));
    assert_int_equal(full.metrics_n, 2);
    assert_string_equal(full.metric[1].key, "loss");
    assert_int_equal(full.metric[1].n, 2502);
    assert_true(full.metric[1].last == -1 && full.metric[1].last_step == 9999);        /* the greatest step, not the last to come */
    assert_true(full.metric[1].min == -1 && isinf(full.metric[1].max));
    expect_ok(&cx, repo_metric_history(&cx, r, id, "loss", &at, &n));
    assert_true(n == 2502 && at[0].step == -3 && isinf(at[0].value) && at[n - 1].step == 9999);
    ctx_put(&cx, at);
    expect_failure(&cx, repo_log_metrics(&cx, r, id, (MetricIn[]){ { "a=b", { 0, 0, 1 } } }, 1), ERR_BAD_INPUT, "a=b");
    for (int i = 0; i < 50; i++)                       /* one at a time end in one piece */
        expect_ok(&cx, repo_log_metrics(&cx, r, id, (MetricIn[]){ { "one", { i, i, i } } }, 1));
    expect_ok(&cx, repo_metric_history(&cx, r, id, "one", &at, &n));
    assert_int_equal(n, 50);
    ctx_put(&cx, at);
    static const Statement pieces = { "SELECT count(*) FROM series WHERE key = 'one'", NULL };
    int64_t count;
    expect_ok(&cx, db_ask_int(&cx, ledger_db(repo_ledger(r)), &pieces, DB_NO_ARGS, 0, &count));
    assert_int_equal(count, 1);
    prove(&cx, r);
    free(in);
    repo_close(&cx, r);
    ctx_clear(&cx);
}

static void runs_and_experiments_go_out_of_sight_and_back(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Repo *r = project(&cx, "e");
    char a[REPO_ID_MAX], b[REPO_ID_MAX], c[REPO_ID_MAX];
    ExperimentRow e;
    RunRow *rows;
    size_t n;
    bool more;
    int64_t id;
    begin(&cx, r, "a", "nets", a);
    begin(&cx, r, "b", "nets", b);
    begin(&cx, r, "c", NULL, c);
    expect_ok(&cx, repo_experiment_find(&cx, r, "nets", &e));
    assert_true(e.id == 1 && e.runs_n == 2 && !e.deleted);
    expect_ok(&cx, repo_experiment_find(&cx, r, "0", &e));
    assert_string_equal(e.name, REPO_EXPERIMENT);
    expect_failure(&cx, repo_experiment_find(&cx, r, "netz", &e), ERR_NOT_FOUND, "did you mean 'nets'");
    expect_failure(&cx, repo_experiment_create(&cx, r, "nets", NULL, 0, &id), ERR_REFUSED, "already");
    expect_failure(&cx, repo_experiment_delete(&cx, r, REPO_EXPERIMENT), ERR_REFUSED, "it stays");
    expect_ok(&cx, repo_run_delete(&cx, r, a));
    expect_failure(&cx, repo_run_delete(&cx, r, a), ERR_REFUSED, "deleted already");
    expect_failure(&cx, repo_log_params(&cx, r, a, (RepoPair[]){ { "x", "1" } }, 1), ERR_REFUSED, "is deleted");
    expect_ok(&cx, repo_experiment_delete(&cx, r, "nets"));
    expect_ok(&cx, repo_search_runs(&cx, r, &(RepoSearch){ 0 }, &rows, &n, &more));
    assert_true(n == 1 && !strcmp(rows[0].id, c));
    expect_ok(&cx, repo_experiment_restore(&cx, r, "nets"));
    expect_ok(&cx, repo_search_runs(&cx, r, &(RepoSearch){ .experiment = "nets" }, &rows, &n, &more));
    assert_true(n == 1 && !strcmp(rows[0].id, b));     /* a was deleted by itself, and stays so */
    expect_ok(&cx, repo_run_restore(&cx, r, a));
    expect_failure(&cx, repo_run_restore(&cx, r, a), ERR_REFUSED, "not deleted");
    expect_ok(&cx, repo_experiment_rename(&cx, r, "nets", "networks"));
    expect_ok(&cx, repo_experiment_tags(&cx, r, "networks", (RepoPair[]){ { "team", "x" } }, 1));
    ExperimentRow *list;
    expect_ok(&cx, repo_search_experiments(&cx, r, &(RepoSearch){ .filter = "tags.team = 'x' AND runs = 2" }, &list, &n, &more));
    assert_true(n == 1 && !strcmp(list[0].name, "networks"));
    prove(&cx, r);
    repo_close(&cx, r);
    ctx_clear(&cx);
}

static void runs_are_found_by_what_they_said(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Repo *r = project(&cx, "s");
    RunRow *rows;
    size_t n;
    bool more;
    char id[REPO_ID_MAX];
    for (int i = 0; i < 30; i++) {
        char depth[8], name[16];
        snprintf(depth, sizeof depth, "%d", i % 5);
        snprintf(name, sizeof name, "run-%02d", i);
        begin(&cx, r, name, i % 3 ? "nets" : NULL, id);
        expect_ok(&cx, repo_log_params(&cx, r, id, (RepoPair[]){ { "depth", depth }, { "learner", i % 2 ? "lightgbm" : "knn" } }, 2));
        expect_ok(&cx, repo_log_metrics(&cx, r, id, (MetricIn[]){ { "auc", { 1, 0, i / 30.0 } } }, 1));
        if (i == 7) {
            const ArtifactIn art = { .name = "plots/roc.csv", .media = "text/csv", .bytes = "a", .bytes_n = 1 };
            expect_ok(&cx, repo_note(&cx, r, REPO_NOTE_RUN, id, "too slow by far"));
            expect_ok(&cx, repo_log_artifact(&cx, r, id, &art, NULL));
        }
    }
    static const struct { const char *filter; size_t n; } asks[] = {
        { "metrics.auc > 0.5", 14 }, { "metrics.auc > 0.5 AND params.learner = 'lightgbm'", 7 }, { "params.depth >= 3", 12 }, { "params.depth IN ('0', '1')", 12 },
        { "tags.team = 'a'", 30 }, { "tags.nope IS NULL", 30 }, { "experiment = 'nets'", 20 }, { "experiment_id = '1'", 20 }, { "name RLIKE '^run-0[0-4]$'", 5 },
        { "run_name LIKE 'run-1%'", 10 }, { "notes.text LIKE '%slow%'", 1 }, { "artifacts.name = 'plots/roc.csv'", 1 }, { "dataset.name = 'churn@3' and dataset.digest = 'abc'", 30 },
        { "dataset.context = 'test'", 0 }, { "status = 'RUNNING'", 30 }, { "start_time >= 1700000000000 AND start_time <= 1700000000000", 30 }, { "start_time > '2023-11-15'", 0 },
        { "user_id = 'ann'", 30 }, { "number IN (1, 2, 99)", 2 }, { "verb = 'run' AND NOT (metrics.auc < 0.9)", 3 }, { "end_time IS NULL", 30 }, { "trials = 0", 30 }, { "build IS NULL", 30 },
    };
    for (size_t i = 0; i < sizeof asks / sizeof *asks; i++) {
        expect_ok(&cx, repo_search_runs(&cx, r, &(RepoSearch){ .filter = asks[i].filter }, &rows, &n, &more));
        if (n != asks[i].n) print_error("%s: %zu, not %zu\n", asks[i].filter, n, asks[i].n);
        assert_int_equal(n, asks[i].n);
    }
    const char *order[] = { "params.learner", "metrics.auc DESC" };
    expect_ok(&cx, repo_search_runs(&cx, r, &(RepoSearch){ .order = order, .orders_n = 2, .limit = 3, .offset = 1 }, &rows, &n, &more));
    assert_true(n == 3 && more && rows[0].number == 27 && rows[2].number == 23);
    expect_ok(&cx, repo_search_runs(&cx, r, &(RepoSearch){ .limit = 4, .offset = 2 }, &rows, &n, &more));
    assert_true(n == 4 && more && rows[0].number == 28);
    expect_ok(&cx, repo_search_runs(&cx, r, &(RepoSearch){ .limit = 4, .offset = 26 }, &rows, &n, &more));
    assert_true(n == 4 && !more && rows[3].number == 1);
    expect_failure(&cx, repo_search_runs(&cx, r, &(RepoSearch){ .filter = "metrics.auc" }, &rows, &n, &more), ERR_BAD_INPUT, "ends too early");
    prove(&cx, r);
    repo_close(&cx, r);
    ctx_clear(&cx);
}

/* --- faults --- */

typedef struct Sweep { const char *id; int done; } Sweep;

static Err log_body(Ctx *cx, void *arg)
{
    const Sweep *s = arg;
    Repo *r = NULL;
    char path[OS_PATH_MAX + 64], key[32];
    snprintf(path, sizeof path, "%s/f", here);
    snprintf(key, sizeof key, "k%d", rand());
    const RepoPair pair = { key, "v" };
    const MetricIn point[] = { { "loss", { 1, rand(), 0.5 } }, { "loss", { 2, 1, NAN } } };
    TRY(cx, repo_open(cx, path, "ann", true, &r));
    Err err = repo_log_params(cx, r, s->id, &pair, 1);
    if (!err) err = repo_log_metrics(cx, r, s->id, point, 2);
    if (!err) err = repo_log_tags(cx, r, s->id, &pair, 1);
    if (!err) err = repo_note(cx, r, REPO_NOTE_RUN, s->id, "x");
    repo_close(cx, r);
    return err;
}

static void every_fault_leaves_the_old_state_or_the_new(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Repo *r = project(&cx, "f");
    char id[REPO_ID_MAX];
    Sweep s = { .id = id };
    begin(&cx, r, "f", NULL, id);
    repo_close(&cx, r);
    rig_sweep_or_ok(log_body, &s, ERR_NOMEM, ERR_IO);
    r = again(&cx, "f");
    prove(&cx, r);
    repo_close(&cx, r);
    ctx_clear(&cx);
}

static int where(void **state)
{
    Ctx cx = test_ctx();
    (void)state;
    expect_ok(&cx, os_cwd(&cx, here));
    setenv("HOME", here, 1);
    ctx_clear(&cx);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(params_are_set_once_and_tags_change),
        cmocka_unit_test(points_come_back_once_and_in_order),
        cmocka_unit_test(runs_and_experiments_go_out_of_sight_and_back),
        cmocka_unit_test(runs_are_found_by_what_they_said),
        cmocka_unit_test(every_fault_leaves_the_old_state_or_the_new),
    };
    return cmocka_run_group_tests(tests, where, NULL);
}

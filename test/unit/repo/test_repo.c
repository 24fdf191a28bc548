/* What is proved: a project is made whole or not at all; runs, trials, stages, artifacts, logs and builds come back as
** they went in; BUILD and RUN references mean what doc says, each named error included; a run whose process died is
** shown and recorded as interrupted; the tables equal the fold of the log; every fault leaves the old state or the new.
** How: real projects in the test's own folder, a child that is killed, and the fault sweep. */
#include "base/save.h"
#include "repo/repo.h"
#include "test/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char here[OS_PATH_MAX], self[OS_PATH_MAX];

/* An absolute path below the test's folder. */
static const char *at(const char *name)
{
    static char path[4][OS_PATH_MAX];
    static int next;
    next = (next + 1) % 4;
    snprintf(path[next], sizeof path[next], "%s/%s", here, name);
    return path[next];
}

static Repo *project(Ctx *cx, const char *name)
{
    RepoInit init;
    Repo *r = NULL;
    test_remove_tree(name);
    assert_int_equal(mkdir(name, 0777), 0);
    expect_ok(cx, repo_init(cx, at(name), NULL, "ann", &init));
    assert_true(init.made);
    expect_ok(cx, repo_open(cx, at(name), "ann", true, &r));
    return r;
}

static void prove(Ctx *cx, Repo *r)
{
    LedgerProof proof;
    expect_ok(cx, ledger_rebuild(cx, repo_ledger(r), &proof));
    assert_true(proof.events >= 1 && proof.tables >= 21 && proof.bad_seq == 0);
}

static const RunStart start = { .verb = "auto", .command = "leat auto x.csv", .seed = UINT64_MAX, .options = "{\"b\":1,\"a\":2}" };

static Run *begin(Ctx *cx, Repo *r)
{
    Run *run = NULL;
    expect_ok(cx, repo_run_start(cx, r, &start, &run));
    return run;
}

static void build(Ctx *cx, Repo *r, const char *name, const char *bytes, const char *run, BuildRow *out)
{
    const BuildIn in = { .name = name, .bytes = bytes, .bytes_n = strlen(bytes), .task = "binary", .target = "y",
                         .metric = "auc", .higher_is_better = true, .value = 0.75, .se = NAN, .run = run };
    expect_ok(cx, repo_build_register(cx, r, &in, out));
}

/* --- the project --- */

static void a_project_is_made_once_and_found_from_below(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    RepoInit init;
    char found[REPO_PATH_MAX];
    assert_int_equal(mkdir("p", 0777), 0);
    assert_int_equal(mkdir("p/q", 0777), 0);
    expect_failure(&cx, repo_find(&cx, at("p/q"), found), ERR_NOT_FOUND, "'leat init' makes one");
    expect_ok(&cx, repo_init(&cx, at("p"), NULL, "ann", &init));
    assert_true(init.made && !init.ignored);
    assert_string_equal(init.home, at("p/.leat"));
    expect_ok(&cx, repo_init(&cx, at("p"), NULL, "ann", &init));
    assert_false(init.made);
    expect_ok(&cx, repo_find(&cx, at("p/q"), found));
    assert_string_equal(found, at("p"));
    struct stat st;
    assert_int_equal(stat("p/.leat", &st), 0);
    assert_int_equal(st.st_mode & 077, 0);                     /* nobody else looks in */

    Repo *r = NULL;
    expect_ok(&cx, repo_open(&cx, found, "ann", false, &r));
    repo_close(&cx, r);
    expect_ok(&cx, repo_open(&cx, found, "ann", true, &r));
    assert_string_equal(repo_name(r), "p");
    assert_string_equal(repo_home(r), at("p/.leat"));
    assert_string_equal(repo_folder(r), at("p"));
    prove(&cx, r);
    repo_close(&cx, r);
    expect_failure(&cx, repo_init(&cx, at("none"), NULL, "ann", &init), ERR_NOT_FOUND, "no folder");
    expect_failure(&cx, repo_init(&cx, at("p/q"), "a\nb", "ann", &init), ERR_BAD_INPUT, "control character");
    expect_failure(&cx, repo_init(&cx, at("p/q"), "", "ann", &init), ERR_BAD_INPUT, "1 to 200");
    expect_failure(&cx, repo_open(&cx, at("p/q"), "ann", true, &r), ERR_NOT_FOUND, NULL);
    assert_int_equal(test_count("p/q"), 0);
    assert_int_equal(mkdir("p/q/.leat", 0777), 0);
    test_write("p/q/.leat/mine", "x", 1);
    expect_failure(&cx, repo_init(&cx, at("p/q"), NULL, "ann", &init), ERR_REFUSED, "move it away first");
    assert_int_equal(test_count("p/q"), 1);
    test_remove_tree("p/q/.leat/mine");
    expect_ok(&cx, repo_init(&cx, at("p/q"), NULL, "ann", &init));
    assert_true(init.made);
    ctx_clear(&cx);
}

static void the_config_names_the_project_and_says_what_is_wrong(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Repo *r = project(&cx, "config");
    repo_close(&cx, r);
    static const struct { const char *text, *name; } good[] = {
        { "name: plain words\r\n", "plain words" },
        { "# x\nother: 1\nname: \"caf\\u00e9 \\\"x\\\"\"", "caf\xc3\xa9 \"x\"" },
    };
    for (size_t i = 0; i < 2; i++) {
        test_write("config/.leat/config", good[i].text, strlen(good[i].text));
        expect_ok(&cx, repo_open(&cx, at("config"), "ann", false, &r));
        assert_string_equal(repo_name(r), good[i].name);
        repo_close(&cx, r);
    }
    static const char *const bad[] = { "name: \"never ends\n", "nothing\n", "name:\n", "" };
    for (size_t i = 0; i < 4; i++) {
        test_write("config/.leat/config", bad[i], strlen(bad[i]));
        expect_failure(&cx, repo_open(&cx, at("config"), "ann", false, &r), ERR_BAD_INPUT, "name: \"my project\"");
        assert_null(r);
    }
    ctx_clear(&cx);
}

static void git_is_told_to_ignore_it_once(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    RepoInit init;
    char *text;
    size_t n;
    static const struct { const char *before, *after; } rows[] = {
        { NULL, ".leat/\n" }, { "*.o", "*.o\n.leat/\n" }, { "*.o\n/.leat \n", "*.o\n/.leat \n" } };
    for (size_t i = 0; i < 3; i++) {
        test_remove_tree("g");
        assert_int_equal(mkdir("g", 0777), 0);
        assert_int_equal(mkdir("g/.git", 0777), 0);
        assert_int_equal(mkdir("g/below", 0777), 0);
        if (rows[i].before) test_write("g/below/.gitignore", rows[i].before, strlen(rows[i].before));
        expect_ok(&cx, repo_init(&cx, at("g/below"), "x", "ann", &init));
        assert_int_equal(init.ignored, i < 2);
        expect_ok(&cx, save_read(&cx, "g/below/.gitignore", 1000, &text, &n));
        assert_string_equal(text, rows[i].after);
        ctx_put(&cx, text);
    }
}

static void a_folder_that_anybody_may_write_to_is_not_trusted(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Repo *r = project(&cx, "open");
    repo_close(&cx, r);
    assert_int_equal(chmod("open/.leat", 0777), 0);
    expect_failure(&cx, repo_open(&cx, at("open"), "ann", true, &r), ERR_DENIED, "anybody may write");
}

/* --- runs --- */

static void a_run_comes_back_as_it_was_written(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Repo *r = project(&cx, "runs");
    Digest data, artifact, d;
    expect_ok(&cx, store_put(&cx, repo_store(r), "1,2\n", 4, STORE_PACKED, &data));
    RunStart in = start;
    in.data_path = "x.csv";
    in.data = &data;
    in.data_bytes = 4;
    in.data_kept = true;
    in.git_commit = "abc";
    in.git_dirty = true;
    in.host = "box";
    Run *run = NULL;
    RunRow row;
    RunFull full;
    expect_ok(&cx, repo_run_start(&cx, r, &in, &run));
    assert_int_equal(repo_run_number(run), 1);
    expect_ok(&cx, repo_run_find(&cx, r, "latest", &row));
    assert_int_equal(row.state, RUN_RUNNING);

    const double folds[] = { 0.5, 0.1, NAN };
    const TrialRow trials[] = {
        { .number = 2, .learner = "knn", .params = "{\"k\":3,\"a\":[1,2.5]}", .fold_score = folds, .folds_n = 3, .score = 0.3, .se = 0.01,
          .fit_s = 1.5, .predict_us_row = NAN, .size_bytes = 1e9, .state = REPO_TRIAL_OK, .stage = "tune" },
        { .number = 1, .learner = "mlp", .score = NAN, .se = NAN, .fit_s = NAN, .predict_us_row = NAN, .size_bytes = NAN,
          .state = REPO_TRIAL_FAILED, .why = "it fell" },
    };
    expect_ok(&cx, repo_run_log(&cx, run, PROGRESS_WARNING, "visualize", "column 'id' is an id"));
    expect_ok(&cx, repo_run_trials(&cx, run, trials, 2));
    expect_failure(&cx, repo_run_trials(&cx, run, trials, 1), ERR_REFUSED, "has a trial 2 already");
    expect_ok(&cx, repo_run_artifact(&cx, run, "report", "text/html", "<html>", 6, &artifact));
    expect_ok(&cx, repo_run_artifact(&cx, run, "report", "text/html", "<html2>", 7, &artifact));
    expect_ok(&cx, repo_run_stage(&cx, run,
                                  &(StageRow){ .name = "visualize", .seconds = 0.25, .summary = "3 columns", .artifact = &artifact }));
    expect_ok(&cx, repo_run_stage(&cx, run, &(StageRow){ .name = "preprocess", .seconds = 0.5 }));
    expect_ok(&cx, repo_run_log(&cx, run, PROGRESS_NOTE, NULL, "done \xff"));
    expect_failure(&cx, repo_run_finish(&cx, run, RUN_RUNNING, ""), ERR_BUG, NULL);
    expect_ok(&cx, repo_run_finish(&cx, run, RUN_DONE, "all is well"));
    char id[REPO_ID_MAX];
    snprintf(id, sizeof id, "%s", repo_run_id(run));
    repo_run_close(&cx, run);

    expect_ok(&cx, repo_run_full(&cx, r, id, &full));
    assert_int_equal(full.run.state, RUN_DONE);
    assert_string_equal(full.run.summary, "all is well");
    assert_string_equal(full.run.options, "{\"a\":2,\"b\":1}");       /* canonical */
    assert_true(full.run.seed == UINT64_MAX);
    assert_true(full.run.has_data && digest_same(&full.run.data, &data) && full.run.data_kept
                && full.run.data_bytes == 4);
    assert_string_equal(full.run.data_path, "x.csv");
    assert_true(full.run.git_dirty && full.run.ended_us >= full.run.started_us
                && full.run.ended_seq > full.run.started_seq);
    assert_string_equal(full.run.git_commit, "abc");
    assert_string_equal(full.run.actor, "ann");
    assert_int_equal(full.trials_n, 2);
    assert_int_equal(full.trial[0].number, 1);
    assert_string_equal(full.trial[0].why, "it fell");
    assert_true(isnan(full.trial[0].score) && full.trial[0].folds_n == 0
                && full.trial[0].state == REPO_TRIAL_FAILED);
    assert_string_equal(full.trial[1].params, "{\"a\":[1,2.5],\"k\":3}");
    assert_true(full.trial[1].folds_n == 3 && full.trial[1].fold_score[1] == 0.1
                && isnan(full.trial[1].fold_score[2]));
    assert_true(full.trial[1].size_bytes == 1e9 && isnan(full.trial[1].predict_us_row));
    assert_int_equal(full.stages_n, 2);
    assert_string_equal(full.stage[0].name, "visualize");
    assert_true(full.stage[0].has_artifact && !full.stage[1].has_artifact && full.stage[0].seconds == 0.25);
    assert_int_equal(full.artifacts_n, 1);
    assert_true(digest_same(&full.artifact[0].digest, &artifact) && full.artifact[0].bytes == 7);
    assert_int_equal(full.log_n, 2);
    assert_true(full.log[0].kind == PROGRESS_WARNING && !strcmp(full.log[0].stage, "visualize"));
    assert_string_equal(full.log[1].text, "done \xef\xbf\xbd");

    expect_failure(&cx, repo_run_full(&cx, r, "short", &full), ERR_NOT_FOUND, "leat runs ls");
    expect_failure(&cx, repo_run_find(&cx, r, "99", &row), ERR_NOT_FOUND, "'99'");
    expect_failure(&cx, repo_run_find(&cx, r, "zzzz", &row), ERR_NOT_FOUND, "'zzzz'");
    id[6] = 0;
    expect_ok(&cx, repo_run_find(&cx, r, id, &row));
    expect_ok(&cx, repo_run_find(&cx, r, "1", &row));
    assert_int_equal(row.trials_n, 2);
    (void)d;
    prove(&cx, r);
    repo_close(&cx, r);
    ctx_clear(&cx);
}

static void many_log_lines_become_events_by_themselves(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Repo *r = project(&cx, "lines");
    Run *run = begin(&cx, r);
    RunFull full;
    for (int i = 0; i < 300; i++) expect_ok(&cx, repo_run_log(&cx, run, PROGRESS_DETAIL, "tune", "line"));
    expect_ok(&cx, repo_run_full(&cx, r, repo_run_id(run), &full));
    assert_int_equal(full.log_n, 256);
    expect_ok(&cx, repo_run_finish(&cx, run, RUN_FAILED, "no"));
    expect_ok(&cx, repo_run_full(&cx, r, repo_run_id(run), &full));
    assert_int_equal(full.log_n, 300);
    expect_failure(&cx, repo_run_finish(&cx, run, RUN_DONE, "again"), ERR_BUG, NULL);
    expect_failure(&cx, repo_run_stage(&cx, run, &(StageRow){ .name = "late" }), ERR_REFUSED, "is not running");
    repo_run_close(&cx, run);
    prove(&cx, r);
    repo_close(&cx, r);
    ctx_clear(&cx);
}

static void a_run_whose_process_was_killed_is_interrupted_then_recorded_then_resumed(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Repo *r = project(&cx, "killed"), *reader = NULL;
    OsProc p;
    RunRow *rows;
    size_t n;
    int from, to;
    char c;
    expect_ok(&cx, os_pipe(&cx, &from, &to));
    const char *argv[] = { self, "run", at("killed"), NULL };
    expect_ok(&cx, os_spawn(&cx, argv, &to, 1, &p));
    expect_ok(&cx, os_fd_read(&cx, from, &c, 1, &n));          /* it runs */
    expect_ok(&cx, repo_runs(&cx, r, 0, &rows, &n));
    assert_int_equal(n, 1);
    assert_int_equal(rows[0].state, RUN_RUNNING);
    Run *run = NULL;
    expect_failure(&cx, repo_run_resume(&cx, r, rows[0].id, &run), ERR_REFUSED, "another process");
    os_kill(&p);
    expect_ok(&cx, os_wait(&cx, &p, true));
    os_proc_end(&cx, &p);
    os_fd_close(&from);
    os_fd_close(&to);

    expect_ok(&cx, repo_open(&cx, at("killed"), "ann", false, &reader));
    expect_ok(&cx, repo_runs(&cx, reader, 0, &rows, &n));
    assert_true(rows[0].state == RUN_INTERRUPTED && rows[0].ended_seq == 0);      /* seen */
    repo_close(&cx, reader);
    repo_close(&cx, r);
    expect_ok(&cx, repo_open(&cx, at("killed"), "bob", true, &r));
    expect_ok(&cx, repo_runs(&cx, r, 0, &rows, &n));
    assert_true(rows[0].state == RUN_INTERRUPTED && rows[0].ended_seq > 0);       /* recorded */
    expect_ok(&cx, repo_run_resume(&cx, r, rows[0].id, &run));
    assert_int_equal(repo_run_number(run), 1);
    expect_ok(&cx, repo_run_finish(&cx, run, RUN_DONE, "after all"));
    repo_run_close(&cx, run);
    expect_failure(&cx, repo_run_resume(&cx, r, rows[0].id, &run), ERR_REFUSED, "cut short");
    expect_failure(&cx, repo_run_resume(&cx, r, "0123456789abcdef0123456789abcdef", &run), ERR_NOT_FOUND,
                   "no run");
    assert_int_equal(test_count("killed/.leat/tmp"), 0);       /* no lease is left lying */
    prove(&cx, r);
    repo_close(&cx, r);
    ctx_clear(&cx);
}

/* --- builds --- */

static void builds_are_numbered_by_name_and_found_by_every_reference(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Repo *r = project(&cx, "builds");
    Run *run = begin(&cx, r);
    BuildRow a, b, c, again, other, *rows;
    BuildRef ref;
    RunRow seen;
    char hex[SHA256_TEXT_MAX], text[200];
    size_t n;
    expect_failure(&cx, repo_build_find(&cx, r, "wine", &ref), ERR_NOT_FOUND, "no builds yet");
    build(&cx, r, "wine", "one", NULL, &a);
    build(&cx, r, "wine", "two", repo_run_id(run), &b);
    build(&cx, r, "wine", "three", NULL, &c);
    build(&cx, r, "beer", "one", NULL, &other);
    assert_true(a.n == 1 && b.n == 2 && c.n == 3 && other.n == 1);
    assert_true(a.value == 0.75 && isnan(a.se) && a.higher_is_better && !a.champion && b.run_number == 1);
    build(&cx, r, "wine", "one", NULL, &again);                /* the same bytes */
    assert_int_equal(again.n, 1);
    expect_ok(&cx, repo_run_find(&cx, r, "latest", &seen));
    assert_string_equal(seen.build, "wine@2");

    expect_ok(&cx, repo_build_find(&cx, r, "wine", &ref));
    assert_int_equal(ref.row.n, 1);                            /* what was registered last */
    expect_ok(&cx, repo_build_find(&cx, r, "wine@latest", &ref));
    assert_int_equal(ref.row.n, 1);
    expect_ok(&cx, repo_build_find(&cx, r, "wine@2", &ref));
    assert_true(digest_same(&ref.row.digest, &b.digest) && !ref.path[0]);
    expect_failure(&cx, repo_build_find(&cx, r, "wine@champion", &ref), ERR_NOT_FOUND, "no champion yet");
    expect_ok(&cx, repo_build_promote(&cx, r, "wine", 2));
    expect_ok(&cx, repo_build_promote(&cx, r, "wine", 3));
    expect_ok(&cx, repo_build_find(&cx, r, "wine@champion", &ref));
    assert_true(ref.row.n == 3 && ref.row.champion);
    expect_ok(&cx, repo_build_find(&cx, r, "wine", &ref));
    assert_int_equal(ref.row.n, 3);
    expect_failure(&cx, repo_build_promote(&cx, r, "wine", 9), ERR_NOT_FOUND, "wine@9");
    ReproducedIn redone = { .name = "wine", .n = 2, .made = &b.digest, .version = "9", .instructions = "avx2", .host = "h" };
    expect_ok(&cx, repo_build_reproduced(&cx, r, &redone));
    redone.differs = "models";
    expect_ok(&cx, repo_build_reproduced(&cx, r, &redone));
    redone.n = 9;
    expect_failure(&cx, repo_build_reproduced(&cx, r, &redone), ERR_NOT_FOUND, "wine@9");

    digest_text(&b.digest, hex);
    expect_ok(&cx, repo_build_find(&cx, r, hex, &ref));
    assert_int_equal(ref.row.n, 2);
    snprintf(text, sizeof text, "%.8s", hex);
    for (char *p = text; *p; p++) *p = (char)(*p >= 'a' ? *p - 32 : *p);
    expect_ok(&cx, repo_build_find(&cx, r, text, &ref));
    assert_int_equal(ref.row.n, 2);
    text[7] = 0;
    expect_failure(&cx, repo_build_find(&cx, r, text, &ref), ERR_NOT_FOUND, NULL);
    expect_failure(&cx, repo_build_find(&cx, r, "wnie", &ref), ERR_NOT_FOUND, "did you mean 'wine'?");
    expect_failure(&cx, repo_build_find(&cx, r, "wnie@2", &ref), ERR_NOT_FOUND, "did you mean 'wine'?");
    expect_failure(&cx, repo_build_find(&cx, r, "completely-else", &ref), ERR_NOT_FOUND, "leat build ls");
    expect_failure(&cx, repo_build_find(&cx, r, "wine@9", &ref), ERR_NOT_FOUND, "newest is 'wine@1'");
    expect_failure(&cx, repo_build_find(&cx, r, "wine@x", &ref), ERR_BAD_INPUT, "not 'x'");
    expect_failure(&cx, repo_build_find(&cx, r, "wine@", &ref), ERR_BAD_INPUT, "after @");
    expect_failure(&cx, repo_build_find(&cx, r, "", &ref), ERR_BAD_INPUT, NULL);

    expect_ok(&cx, repo_builds(&cx, r, NULL, &rows, &n));
    assert_int_equal(n, 4);
    assert_string_equal(rows[0].name, "beer");
    assert_int_equal(rows[1].n, 3);
    expect_ok(&cx, repo_builds(&cx, r, "beer", &rows, &n));
    assert_int_equal(n, 1);
    expect_ok(&cx, repo_builds(&cx, r, "nothing", &rows, &n));
    assert_int_equal(n, 0);
    const BuildIn bad = { .name = "a/b", .bytes = "x", .bytes_n = 1, .task = "", .target = "", .metric = "" };
    expect_failure(&cx, repo_build_register(&cx, r, &bad, &a), ERR_BAD_INPUT, "'a-b' could");
    repo_run_close(&cx, run);
    prove(&cx, r);
    repo_close(&cx, r);
    ctx_clear(&cx);
}

static void a_file_wins_over_a_name_and_bytes_come_back(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Repo *r = project(&cx, "files");
    BuildRow row;
    BuildRef ref;
    BuildBytes bytes;
    build(&cx, r, "cheese", "build bytes", NULL, &row);
    expect_ok(&cx, repo_build_find(&cx, r, "cheese", &ref));
    expect_ok(&cx, repo_build_open(&cx, r, &ref, 100, &bytes));
    assert_true(bytes.n == 11 && !memcmp(bytes.at, "build bytes", 11) && bytes.map.at);
    repo_build_close(&cx, r, &bytes);
    repo_build_close(&cx, r, &bytes);
    test_write("cheese", "a file", 6);
    expect_ok(&cx, repo_build_find(&cx, r, "cheese", &ref));
    assert_string_equal(ref.path, "cheese");
    expect_ok(&cx, repo_build_open(&cx, NULL, &ref, 100, &bytes));
    assert_true(bytes.n == 6 && !bytes.map.at);
    repo_build_close(&cx, NULL, &bytes);
    expect_failure(&cx, repo_build_open(&cx, NULL, &ref, 3, &bytes), ERR_LIMIT, "6 bytes");
    expect_ok(&cx, repo_build_find(&cx, NULL, "cheese", &ref));
    expect_failure(&cx, repo_build_find(&cx, NULL, "none.leat", &ref), ERR_NOT_FOUND, "no project");
    expect_failure(&cx, repo_build_find(&cx, NULL, "files", &ref), ERR_BAD_INPUT, "is a folder");
    expect_failure(&cx, repo_build_find(&cx, r, "files", &ref), ERR_BAD_INPUT, "is a folder");
    build(&cx, r, "files", "x", NULL, &row);
    expect_ok(&cx, repo_build_find(&cx, r, "files", &ref));    /* a folder does not hide a model */

    char hex[SHA256_TEXT_MAX], path[200];
    digest_text(&row.digest, hex);
    snprintf(path, sizeof path, "files/.leat/objects/%.2s/%s", hex, hex + 2);
    test_flip(path, 0);
    expect_failure(&cx, repo_build_open(&cx, r, &ref, 100, &bytes), ERR_CORRUPT, "do not match its name");
    assert_int_equal(unlink(path), 0);
    expect_failure(&cx, repo_build_open(&cx, r, &ref, 100, &bytes), ERR_CORRUPT, "are gone");
    repo_close(&cx, r);
    ctx_clear(&cx);
}

static void an_ambiguous_prefix_is_refused(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Repo *r = project(&cx, "many");
    RunRow row;
    char prefix[5] = "";
    /* 600 runs: some two share their first four digits almost surely (65,536 prefixes, 179,700 pairs). */
    RunRow *rows;
    size_t n;
    for (int i = 0; i < 600; i++) {
        Run *run = begin(&cx, r);
        repo_run_close(&cx, run);
    }
    expect_ok(&cx, repo_runs(&cx, r, 0, &rows, &n));
    assert_int_equal(n, 600);
    for (size_t i = 0; i < n && !prefix[0]; i++) {
        for (size_t j = 0; j < i; j++) {
            bool digits = strspn(rows[i].id, "0123456789") >= 4;       /* it would be a number */
            if (!digits && !strncmp(rows[i].id, rows[j].id, 4)) snprintf(prefix, sizeof prefix, "%s", rows[i].id);
        }
    }
    if (!prefix[0]) skip();
    expect_failure(&cx, repo_run_find(&cx, r, prefix, &row), ERR_BAD_INPUT, "several runs");
    repo_close(&cx, r);
    expect_ok(&cx, repo_open(&cx, at("many"), "ann", true, &r));       /* records 600 interrupted runs at once */
    expect_ok(&cx, repo_runs(&cx, r, 5, &rows, &n));
    assert_true(n == 5 && rows[0].number == 600 && rows[4].ended_seq > 0);
    assert_int_equal(test_count("many/.leat/tmp"), 0);
    repo_close(&cx, r);
    ctx_clear(&cx);
}

static void any_text_becomes_a_models_name(void **state)
{
    (void)state;
    static const struct { const char *text, *name; } rows[] = {
        { "titanic", "titanic" }, { "my data (1)", "my-data-1" }, { "../../x", "x" }, { "-rf", "rf" }, { "", "model" },
        { "a@b", "a-b" }, { "caf\xc3\xa9", "caf\xc3\xa9" }, { "caf\xff", "caf" }, { "...", "model" }, { "v1.2_x-y", "v1.2_x-y" },
    };
    char out[REPO_NAME_MAX], big[1000];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        repo_model_name(rows[i].text, out);
        assert_string_equal(out, rows[i].name);
    }
    for (size_t i = 0; i + 1 < sizeof big; i += 2) memcpy(big + i, "\xc3\xa9", 2);
    big[sizeof big - 2] = 0;
    repo_model_name(big, out);
    assert_true(strlen(out) <= REPO_NAME_MAX - 1 && text_utf8_ok(out, strlen(out)));
}

/* --- faults --- */

static Err init_body(Ctx *cx, void *arg)
{
    RepoInit init;
    char found[REPO_PATH_MAX];
    (void)arg;
    test_remove_tree("fault");
    assert_int_equal(mkdir("fault", 0777), 0);
    assert_int_equal(mkdir("fault/.git", 0777), 0);
    Err err = repo_init(cx, at("fault"), NULL, "ann", &init);
    Ctx sound = test_ctx();
    Repo *r = NULL;
    if (!err) {
        expect_ok(&sound, repo_open(&sound, at("fault"), "ann", true, &r));
        prove(&sound, r);
        repo_close(&sound, r);
    } else if (test_exists("fault/.leat")) {
        /* Named, but its name not synced. */
        expect_ok(&sound, repo_open(&sound, at("fault"), "ann", true, &r));
        repo_close(&sound, r);
    } else {
        expect_failure(&sound, repo_find(&sound, at("fault"), found), ERR_NOT_FOUND, NULL);
    }
    ctx_clear(&sound);
    return err;
}

static void making_a_project_survives_every_fault(void **state)
{
    (void)state;
    rig_sweep_or_ok(init_body, NULL, ERR_NOMEM, ERR_IO);
}

static Err work_body(Ctx *cx, void *arg)
{
    Repo *r = NULL;
    Run *run = NULL;
    BuildRow row;
    RunFull full;
    BuildRef ref;
    BuildBytes bytes = { 0 };
    Err err = OK;
    (void)arg;
    TRY_DONE(cx, repo_open(cx, at("sweep"), "ann", true, &r));
    TRY_DONE(cx, repo_run_start(cx, r, &start, &run));
    TRY_DONE(cx, repo_run_log(cx, run, PROGRESS_NOTE, "x", "hello"));
    TRY_DONE(cx, repo_run_trials(cx, run, &(TrialRow){ .number = 1, .learner = "knn", .params = "{\"k\":1}" }, 1));
    TRY_DONE(cx, repo_run_artifact(cx, run, "a", "text/plain", "some text", 9, NULL));
    TRY_DONE(cx, repo_run_stage(cx, run, &(StageRow){ .name = "x", .seconds = 1 }));
    const BuildIn in = { .name = "m", .bytes = "bytes", .bytes_n = 5, .task = "t", .target = "y", .metric = "auc", .run = repo_run_id(run) };
    TRY_DONE(cx, repo_build_register(cx, r, &in, &row));
    TRY_DONE(cx, repo_run_finish(cx, run, RUN_DONE, "ok"));
    TRY_DONE(cx, repo_run_full(cx, r, repo_run_id(run), &full));
    TRY_DONE(cx, repo_build_find(cx, r, "m", &ref));
    TRY_DONE(cx, repo_build_open(cx, r, &ref, 100, &bytes));
done:
    if (r) repo_build_close(cx, r, &bytes);
    repo_run_close(cx, run);
    repo_close(cx, r);
    return err;
}

static void working_in_a_project_survives_every_fault(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Repo *r = project(&cx, "sweep");
    RunRow *rows;
    size_t n;
    repo_close(&cx, r);
    rig_sweep_or_ok(work_body, NULL, ERR_NOMEM, ERR_IO);
    expect_ok(&cx, repo_open(&cx, at("sweep"), "ann", true, &r));
    prove(&cx, r);
    expect_ok(&cx, repo_runs(&cx, r, 0, &rows, &n));
    assert_true(n > 0);
    for (size_t i = 0; i < n; i++) assert_int_not_equal(rows[i].state, RUN_RUNNING);
    repo_close(&cx, r);
    ctx_clear(&cx);
}

static int child_run(Ctx *cx, const char *folder)
{
    Repo *r;
    Run *run;
    if (repo_open(cx, folder, "kid", true, &r) || repo_run_start(cx, r, &start, &run)) return 1;
    if (os_fd_write(cx, 3, "r", 1)) return 2;
    for (;;) pause();
}

int main(int argc, char **argv)
{
    Ctx cx = test_ctx();
    char apart[] = "/tmp/leat-test-repo-XXXXXX";       /* outside any git work tree: the build folder is inside one */
    if (os_exe_path(&cx, self)) return 99;
    if (argc <= 2 && (!mkdtemp(apart) || chdir(apart))) return 99;
    if (os_cwd(&cx, here)) return 99;
    if (argc > 2) return child_run(&cx, argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_project_is_made_once_and_found_from_below),
        cmocka_unit_test(the_config_names_the_project_and_says_what_is_wrong),
        cmocka_unit_test(git_is_told_to_ignore_it_once),
        cmocka_unit_test(a_folder_that_anybody_may_write_to_is_not_trusted),
        cmocka_unit_test(a_run_comes_back_as_it_was_written),
        cmocka_unit_test(many_log_lines_become_events_by_themselves),
        cmocka_unit_test(a_run_whose_process_was_killed_is_interrupted_then_recorded_then_resumed),
        cmocka_unit_test(builds_are_numbered_by_name_and_found_by_every_reference),
        cmocka_unit_test(a_file_wins_over_a_name_and_bytes_come_back),
        cmocka_unit_test(an_ambiguous_prefix_is_refused),
        cmocka_unit_test(any_text_becomes_a_models_name),
        cmocka_unit_test(making_a_project_survives_every_fault),
        cmocka_unit_test(working_in_a_project_survives_every_fault),
    };
    int failed = cmocka_run_group_tests_name("repo", tests, NULL, NULL);
    if (!chdir("/tmp")) test_remove_tree(apart);
    return failed;
}

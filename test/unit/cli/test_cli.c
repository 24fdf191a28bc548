/* test/unit/cli/test_cli.c -- the command line alone: words become what app is asked, answers and failures become text
** and exit status.  Room app is a stub here, so every sentence below comes from room cli and its rows. */
#include "test/test.h"

#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --------------------------------------------------------- app, as a stub */

static struct {
    const char *verb;
    AppAutoIn auto_in;
    AppPredictIn predict_in;
    char folder[256], report[64], first_exclude[64];
    size_t exclude_n;
    Err fail;
} asked;

static Err answer(Ctx *cx, const char *verb)
{
    asked.verb = verb;
    return asked.fail ? FAIL(cx, asked.fail, "the %s did not work", verb) : OK;
}

#define WORDS(...) { static const char *const words_[] = { __VA_ARGS__, NULL }; return words_[i]; }
const char *app_task_word(size_t i) WORDS("auto", "binary", "multiclass", "regression", "anomaly")
const char *app_metric_word(size_t i) WORDS("auc", "logloss", "accuracy", "rmse")
const char *app_learner_word(size_t i) WORDS("baseline", "knn", "lightgbm", "linear")
const char *app_type_word(size_t i) WORDS("number", "category", "text")
const char *app_stage_word(size_t i) WORDS("visualize", "preprocess", "diagnose")
const char *app_format_word(size_t i) WORDS("csv", "parquet", "json")
bool app_metric_alias(const char *word) { return !strcmp(word, "roc_auc"); }
bool app_type_alias(const char *word) { return !strcmp(word, "float"); }

Err app_auto(Ctx *cx, House *house, const AppAutoIn *in, AppAutoOut *out)
{
    static const AppBoardRow board[] = { { .learner = "linear", .score = 0.9, .se = 0.01, .size_bytes = 1000, .pareto = true } };
    (void)house;
    asked.auto_in = *in;
    asked.exclude_n = in->exclude_n;
    if (in->exclude_n) snprintf(asked.first_exclude, sizeof asked.first_exclude, "%s", in->exclude[0]);
    ctx_step(cx, "trying learners", 1, 2);
    ctx_note(cx, "visualize 3 columns");
    if (in->watch.trial) in->watch.trial(in->watch.self, 1, "auc", 0.9, 0.01);
    ctx_warn(cx, "a warning of the room");
    *out = (AppAutoOut){ .run = "1", .build = "titanic@1", .metric = "auc", .task = "binary", .score = 0.9, .se = 0.01,
                         .board = board, .board_n = 1, .report = "r.html", .trials = 1 };
    return answer(cx, "auto");
}
void app_auto_json(const AppAutoOut *out, Text *t) { json_open(t); json_key_text(t, "build", out->build); json_close(t); }
Err app_predict(Ctx *cx, House *house, const AppPredictIn *in, AppPredictOut *out)
{
    (void)house;
    asked.predict_in = *in;
    *out = (AppPredictOut){ .build = "b@1", .rows = 2 };
    return answer(cx, "predict");
}
void app_predict_json(const AppPredictOut *out, const char *rows, Text *t) { (void)out; (void)rows; json_open(t); json_close(t); }
Err app_go(Ctx *cx, const char *folder)
{
    (void)cx;
    snprintf(asked.folder, sizeof asked.folder, "%s", folder);
    return OK;
}
Err app_worker(Ctx *cx, uint64_t bytes) { (void)bytes; return answer(cx, "worker"); }
#define VERB(name, In, Out)                                                    \
    Err name(Ctx *cx, House *h, const In *in, Out *out) { (void)h; (void)in; memset(out, 0, sizeof *out); return answer(cx, #name); } \
    void name##_json(const Out *out, Text *t) { (void)out; json_open(t); json_close(t); }
#define ASK(name, Out)                                                         \
    Err name(Ctx *cx, House *h, Out *out) { (void)h; memset(out, 0, sizeof *out); return answer(cx, #name); } \
    void name##_json(const Out *out, Text *t) { (void)out; json_open(t); json_close(t); }
VERB(app_visualize, AppVisualizeIn, AppVisualizeOut)
VERB(app_diagnose, AppDiagnoseIn, AppDiagnoseOut)
VERB(app_builds, AppBuildsIn, AppBuildsOut)
VERB(app_build_export, AppExportIn, AppExportOut)
VERB(app_build_bench, AppBenchIn, AppBenchOut)
VERB(app_build_reproduce, AppReproduceIn, AppReproduceOut)
VERB(app_run_show, AppRunIn, AppRunOut)
VERB(app_build_show, AppBuildIn, AppBuildOut)
VERB(app_init, AppInitIn, AppInitOut)
VERB(app_runs, AppSearch, AppRunsOut)
VERB(app_run_program, AppProgramIn, AppProgramOut)
VERB(app_runs_compare, AppCompareIn, AppCompareOut)
VERB(app_build_lineage, AppBuildIn, AppLineageOut)
VERB(app_build_verify, AppBuildIn, AppVerifyOut)
VERB(app_trials, AppSearch, AppTrialsOut)
VERB(app_experiments, AppSearch, AppExperimentsOut)
VERB(app_runs_sight, AppSightIn, AppSightOut)
VERB(app_metric_history, AppHistoryIn, AppHistoryOut)
#define TELL(name, In)                                                          \
    Err name(Ctx *cx, House *h, const In *in, AppToldOut *out) { (void)h; (void)in; memset(out, 0, sizeof *out); return answer(cx, #name); }
TELL(app_tell_params, AppWordsIn)
TELL(app_tell_tags, AppWordsIn)
TELL(app_tell_metrics, AppMetricsIn)
TELL(app_tell_artifact, AppArtifactIn)
TELL(app_note, AppNoteIn)
void app_told_json(const AppToldOut *out, Text *t) { (void)out; json_open(t); json_close(t); }
Err app_artifact_get(Ctx *cx, House *h, const AppArtifactGetIn *in, AppArtifact *out)
{
    (void)h, (void)in;
    *out = (AppArtifact){ 0 };
    return answer(cx, "artifact_get");
}
VERB(app_data_add, AppDataAddIn, AppDataAddOut)
VERB(app_data_import, AppDataImportIn, AppDataImportOut)
VERB(app_data_get, AppDataGetIn, AppDataGetOut)
VERB(app_data_query, AppQueryIn, AppQueryOut)
VERB(app_data_derive, AppDeriveIn, AppDeriveOut)
VERB(app_data_check, AppCheckIn, AppRulesOut)
VERB(app_data_split, AppSplitIn, AppSplitOut)
VERB(app_data_find, AppFindIn, AppFindOut)
#define SEEN(out) do { (void)h; memset((out), 0, sizeof *(out)); return answer(cx, __func__); } while (0)
const char *app_query_format_word(size_t i) WORDS("csv", "json", "ndjson", "parquet")
const char *app_derive_format_word(size_t i) WORDS("parquet", "csv")
const char *app_profile_word(size_t i) WORDS("sample", "full", "none")
Err app_data_ls(Ctx *cx, House *h, bool removed, AppDataListOut *out) { (void)removed; SEEN(out); }
Err app_data_log(Ctx *cx, House *h, const char *name, AppDataListOut *out) { (void)name; SEEN(out); }
void app_data_list_json(const AppDataListOut *out, const char *key, Text *t) { (void)out; json_open(t); json_key_int(t, key, 0); json_close(t); }
Err app_data_show(Ctx *cx, House *h, const char *ref, AppDataShowOut *out) { (void)ref; SEEN(out); }
void app_data_show_json(const AppDataShowOut *out, Text *t) { (void)out; json_open(t); json_close(t); }
Err app_data_files(Ctx *cx, House *h, const char *ref, AppDataFilesOut *out) { (void)ref; SEEN(out); }
void app_data_files_json(const AppDataFilesOut *out, Text *t) { (void)out; json_open(t); json_close(t); }
Err app_data_diff(Ctx *cx, House *h, const char *a, const char *b, AppDataDiffOut *out) { (void)a; (void)b; SEEN(out); }
void app_data_diff_json(const AppDataDiffOut *out, Text *t) { (void)out; json_open(t); json_close(t); }
Err app_data_rm(Ctx *cx, House *h, const AppDataMarkIn *in, AppDataListOut *out) { (void)in; SEEN(out); }
Err app_data_restore(Ctx *cx, House *h, const AppDataMarkIn *in, AppDataListOut *out) { (void)in; SEEN(out); }
Err app_data_label(Ctx *cx, House *h, const AppLabelIn *in, AppMarkedOut *out) { (void)in; SEEN(out); }
Err app_data_certify(Ctx *cx, House *h, const AppCertifyIn *in, AppMarkedOut *out) { (void)in; SEEN(out); }
void app_data_marked_json(const AppMarkedOut *out, Text *t) { (void)out; json_open(t); json_close(t); }
Err app_data_tag(Ctx *cx, House *h, const AppDataTagIn *in, AppVersion *out) { (void)in; SEEN(out); }
void app_version_json(const AppVersion *v, Text *t) { (void)v; json_open(t); json_close(t); }
Err app_status(Ctx *cx, House *h, uint32_t threads, AppStatusOut *out) { (void)threads; SEEN(out); }
void app_status_json(const AppStatusOut *out, Text *t) { (void)out; json_open(t); json_close(t); }
VERB(app_gc, AppGcIn, AppGcOut)
VERB(app_fsck, AppFsckIn, AppFsckOut)
ASK(app_remotes, AppRemotesOut)
Err app_remote_add(Ctx *cx, House *h, const AppRemoteIn *in, AppRemotesOut *out) { (void)in; SEEN(out); }
Err app_remote_rm(Ctx *cx, House *h, const AppRemoteIn *in, AppRemotesOut *out) { (void)in; SEEN(out); }
Err app_push(Ctx *cx, House *h, const AppTransferIn *in, AppTransferOut *out) { (void)in; SEEN(out); }
Err app_pull(Ctx *cx, House *h, const AppTransferIn *in, AppTransferOut *out) { (void)in; SEEN(out); }
Err app_clone(Ctx *cx, House *h, const AppCloneIn *in, AppTransferOut *out) { (void)in; SEEN(out); }
void app_transfer_json(const AppTransferOut *out, Text *t) { (void)out; json_open(t); json_close(t); }
ASK(app_doctor, AppDoctorOut)
VERB(app_log_show, char, AppEvent)
VERB(app_log_search, AppSearchIn, AppSearchOut)
VERB(app_log_verify, AppLogVerifyIn, AppLogVerifyOut)
VERB(app_log_hold, AppLogHoldIn, AppLogHoldOut)
VERB(app_log_redact, AppLogRedactIn, AppLogRedactOut)
VERB(app_log_archive, AppLogArchiveIn, AppLogArchiveOut)
Err app_log_rebuild(Ctx *cx, House *h, AppLogVerifyOut *out) { (void)h; memset(out, 0, sizeof *out); return answer(cx, "app_log_rebuild"); }
Err app_log_prove(Ctx *cx, House *h, const AppLogProveIn *in, AppLogProof *out)
{
    (void)h;
    *out = (AppLogProof){ .json = in->seq };
    return answer(cx, "app_log_prove");
}
Err app_log_check(Ctx *cx, const char *path, const char *json, AppLogProof *out)
{
    (void)json;
    *out = (AppLogProof){ .event = path };
    return answer(cx, "app_log_check");
}
void app_log_proof_json(const AppLogProof *out, Text *t) { (void)out; json_open(t); json_close(t); }
Err app_log(Ctx *cx, House *h, const AppLogIn *in, AppLogOut *out)
{
    (void)h;
    memset(out, 0, sizeof *out);
    snprintf(asked.folder, sizeof asked.folder, "%s|%s|%d", in->kind ? in->kind : "", in->since ? in->since : "", (int)in->limit);
    return answer(cx, "app_log");
}
void app_log_json(const AppLogOut *out, Text *t) { (void)out; json_open(t); json_close(t); }
void house_close(Ctx *cx, House *house) { (void)cx; (void)house; }

/* ------------------------------------------------------------------- rig */

typedef struct Said { int status; char *out, *err; size_t out_n, err_n; } Said;

/* Run a command line (words split at blanks) and keep what it said.  flags: 't' stderr is a terminal, 'T' stdout too,
** 'n' NO_COLOR. */
static Said said(const char *line, const char *flags)
{
    static char copy[4096];
    const char *argv[64] = { "leat" };
    int argc = 1;
    Said s = { 0 };
    snprintf(copy, sizeof copy, "%s", line);
    for (char *at = copy, *word; (word = strsep(&at, " "));)
        if (*word) argv[argc++] = word;
    Err fail = asked.fail;
    memset(&asked, 0, sizeof asked);
    asked.fail = fail;
    Ctx cx = test_ctx();
    House house = { .started_us = ctx_mono_us(&cx) };
    Shell sh = { .house = &house, .out = open_memstream(&s.out, &s.out_n), .err = open_memstream(&s.err, &s.err_n), .columns = 80,
                 .err_terminal = strpbrk(flags, "tT") != NULL, .out_terminal = strchr(flags, 'T') != NULL,
                 .colourless = strchr(flags, 'n') != NULL };
    assert_non_null(sh.out);
    assert_non_null(sh.err);
    s.status = cli_run(&cx, &sh, argc, argv);
    fclose(sh.out);
    fclose(sh.err);
    ctx_clear(&cx);
    return s;
}

static void drop(Said s)
{
    free(s.out);
    free(s.err);
}

static size_t lines(const char *text)
{
    size_t n = 0;
    for (; *text; text++) n += *text == '\n';
    return n;
}

static void refuses(const char *line, const char *words)
{
    Said s = said(line, "");
    if (s.status != 2 || !strstr(s.err, words) || lines(s.err) > 10 || s.out_n)
        fail_msg("'%s' gave %d and said: %s%s", line, s.status, s.err, s.out);
    drop(s);
}

/* ----------------------------------------------------------------- tests */

static void options_become_what_app_is_asked(void **state)
{
    (void)state;
    Said s = said("auto d.csv --target y --metric roc_auc --time=2.5 --seed 9 --exclude a,b --learners linear,knn --no-keep -q", "");
    assert_int_equal(s.status, 0);
    assert_string_equal(asked.auto_in.target, "y");
    assert_string_equal(asked.auto_in.metric, "roc_auc");
    assert_true(asked.auto_in.time_s == 2.5);
    assert_int_equal(asked.auto_in.seed, 9);
    assert_int_equal(asked.exclude_n, 2);
    assert_string_equal(asked.first_exclude, "a");
    assert_int_equal(asked.auto_in.learners_n, 2);
    assert_true(asked.auto_in.no_keep);
    assert_string_equal(s.out, "titanic@1\n");
    assert_string_equal(s.err, "");
    drop(s);
}

/* `leat log` lists, `leat log show` shows, and the options of the list need no second word. */
static void a_group_may_be_a_command_too(void **state)
{
    (void)state;
    static const struct { const char *line, *asked; int status; } row[] = {
        { "log", "||0", 0 }, { "log --kind run.started -n 3 --json", "run.started||3", 0 }, { "-q log --since=7d", "|7d|0", 0 },
        { "log --json show 7", "", 0 }, { "log nonsense", "", 2 }, { "log --kind", "", 2 }, { "log show", "", 2 },
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        asked.folder[0] = 0;
        Said s = said(row[i].line, "");
        if (s.status != row[i].status || strcmp(asked.folder, row[i].asked) != 0) fail_msg("%s: %d, %s, %s", row[i].line, s.status, asked.folder, s.err);
        drop(s);
    }
    Said s = said("log --help", "");
    assert_non_null(strstr(s.out, "--kind KIND"));
    assert_non_null(strstr(s.out, "log verify"));
    drop(s);
}

static void options_have_defaults(void **state)
{
    (void)state;
    Said s = said("auto d.csv --target y", "");
    assert_int_equal(s.status, 0);
    assert_true(asked.auto_in.time_s == 60);
    assert_int_equal(asked.auto_in.trials, 0);
    assert_int_equal(asked.auto_in.threads, 0);
    assert_null(asked.auto_in.metric);
    assert_null(asked.auto_in.task);
    assert_null(asked.auto_in.name);
    drop(s);
}

static void options_may_stand_anywhere_and_be_bundled(void **state)
{
    (void)state;
    Said s = said("-qC sub auto --target=y d.csv --json", "");
    assert_int_equal(s.status, 0);
    assert_string_equal(asked.folder, "sub");
    assert_string_equal(s.out, "{\"build\":\"titanic@1\"}\n");
    assert_string_equal(s.err, "");
    drop(s);
    s = said("predict b d.csv -oout.csv --proba", "");
    assert_string_equal(asked.predict_in.out, "out.csv");
    assert_true(asked.predict_in.proba);
    assert_false(asked.predict_in.explain);
    drop(s);
    s = said("predict -- -b --d.csv", "");
    assert_string_equal(asked.predict_in.build, "-b");
    assert_string_equal(asked.predict_in.data.path, "--d.csv");
    drop(s);
}

static void every_bad_value_is_refused_in_ten_lines_with_status_2(void **state)
{
    (void)state;
    refuses("atuo d.csv", "did you mean 'leat auto'?");
    refuses("build", "needs a second word");
    refuses("build exprt x", "did you mean 'leat build export'?");
    refuses("frobnicate", "'leat help' lists them");
    refuses("auto", "DATA is missing");
    refuses("auto a b --target y", "nothing is known to do with 'b'");
    refuses("auto d --taget y", "did you mean '--target'?");
    refuses("auto d --target", "option --target needs a value: COL, the column to predict");
    refuses("auto d --target --json", "option --target needs a value");
    refuses("auto d --target=", "option --target needs a value");
    refuses("auto d --no-keep=1", "takes no value");
    refuses("auto d --time soon", "'soon' does not do for --time SECONDS: it takes a number from 0.1 to 10000000");
    refuses("auto d --time 0", "it takes a number from 0.1");
    refuses("auto d --time -5", "'-5' does not do");
    refuses("auto d --time nan", "'nan' does not do");
    refuses("auto d --time inf", "'inf' does not do");
    refuses("auto d --trials 1.5", "it takes a whole number");
    refuses("auto d --trials 0", "from 1 to 100000");
    refuses("auto d --seed -1", "from 0 to");
    refuses("auto d --threads 0", "from 1 to");
    refuses("auto d --memory lots", "whole number");
    refuses("auto d --task binry", "did you mean 'binary'?");
    refuses("auto d --metric acuracy", "did you mean 'accuracy'?");
    refuses("auto d --metric zzz", "it knows auc, logloss");
    refuses("auto d --learners linear,lightgmb", "did you mean 'lightgbm'?");
    refuses("auto d --learners linear,,knn", "'' is nothing --learners knows");
    refuses("auto d --type a", "it takes COL=TYPE");
    refuses("auto d --type a=numbr", "did you mean 'number'?");
    refuses("auto d --until trian", "knows");
    refuses("auto d --time 5 --trials 3", "exclude each other");
    refuses("predict b d --format exel", "it knows csv, parquet, json");
    refuses("-z auto d", "no option '-z'");
    refuses("--target y auto d", "no option '--target'");
    refuses("auto d --color sometimes", "auto, always, never");
    refuses("completion bsh", "did you mean 'bash'?");
    refuses("help nothing", "no command 'nothing'");
    refuses("man build", "no manual page");
    refuses("build export b", "-o FILE is missing");
}

static void too_many_words_reach_a_limit(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Words w;
    const char *argv[600];
    for (int i = 0; i < 600; i++) argv[i] = i < 2 ? "auto" : "-q";
    expect_failure(&cx, words_read(&cx, 600, argv, &w), ERR_LIMIT, "256 options");
    for (int i = 0; i < 600; i++) argv[i] = "auto";
    expect_failure(&cx, words_read(&cx, 600, argv, &w), ERR_LIMIT, "64 words");
    ctx_clear(&cx);
}

static void failures_keep_their_status_and_their_words(void **state)
{
    (void)state;
    asked.fail = ERR_NOT_FOUND;
    Said s = said("auto d --target y", "");
    assert_int_equal(s.status, 4);
    assert_non_null(strstr(s.err, "leat auto: the auto did not work\n"));
    assert_null(strstr(s.err, "usage:"));
    assert_string_equal(s.out, "");
    drop(s);
    asked.fail = ERR_CORRUPT;
    s = said("predict b d --json", "");
    assert_int_equal(s.status, 5);
    assert_non_null(strstr(s.err, "hint: "));
    assert_string_equal(s.out, "{\"error\":\"stored bytes are damaged\",\"detail\":\"the predict did not work\",\"exit\":5}\n");
    drop(s);
    asked.fail = ERR_INTERRUPTED;
    s = said("auto d --target y", "");
    assert_int_equal(s.status, 130);
    drop(s);
    asked.fail = OK;
}

static void talk_goes_to_stderr_and_quiet_silences_it(void **state)
{
    (void)state;
    Said s = said("auto d --target y", "");
    assert_non_null(strstr(s.err, "visualize"));
    assert_non_null(strstr(s.err, "warning: a warning of the room\n"));
    assert_null(strstr(s.err, "\r"));
    assert_non_null(strstr(s.out, "titanic@1  auc 0.9000 ± 0.0100"));
    assert_non_null(strstr(s.out, "report: r.html"));
    assert_null(strchr(s.out, '\033'));
    drop(s);
}

static void the_progress_line_is_only_for_a_terminal(void **state)
{
    (void)state;
    Said s = said("auto d --target y", "t");
    assert_non_null(strstr(s.err, "\r"));
    assert_non_null(strstr(s.err, "\033[K"));
    drop(s);
    s = said("auto d --target y -q", "t");
    assert_null(strstr(s.err, "\r"));
    drop(s);
}

static void colour_follows_option_environment_and_terminal(void **state)
{
    (void)state;
    static const struct { const char *line, *flags; bool colour; } cases[] = {
        { "help auto", "", false },        { "help auto", "T", true },
        { "help auto", "Tn", false },      { "help auto --color always", "", true },
        { "help auto --color always", "n", true }, { "help auto --color never", "T", false },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Said s = said(cases[i].line, cases[i].flags);
        assert_int_equal(strchr(s.out, '\033') != NULL, cases[i].colour);
        drop(s);
    }
}

static void version_and_help_need_no_more_words(void **state)
{
    (void)state;
    Said s = said("--version", "");
    assert_string_equal(s.out, "leat " LEAT_VERSION "\n");
    drop(s);
    s = said("auto --help", "");
    assert_int_equal(s.status, 0);
    assert_non_null(strstr(s.out, "leat auto titanic.csv --target survived"));
    drop(s);
    s = said("", "");
    assert_int_equal(s.status, 0);
    assert_non_null(strstr(s.out, "Commands"));
    drop(s);
    s = said("build --help", "");
    assert_non_null(strstr(s.out, "build bench"));
    drop(s);
}

static void texts_are_wrapped_where_json_is_asked_for(void **state)
{
    (void)state;
    static const char *const words[] = { "help --json", "man auto --json", "completion zsh --json", "auto --help --json", "--json" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        Said s = said(words[i], "");
        assert_int_equal(s.status, 0);
        assert_true(!strncmp(s.out, "{\"text\":\"", 9));
        assert_string_equal(s.out + s.out_n - 3, "\"}\n");
        drop(s);
    }
    Said s = said("help nothing --json", "");
    assert_int_equal(s.status, 2);
    assert_true(!strncmp(s.out, "{\"error\":", 9));
    drop(s);
}

static bool no_full_stop(const char *text)
{
    size_t n = strlen(text);
    return n && text[n - 1] != '.';
}

static void every_row_is_fit_to_print(void **state)
{
    (void)state;
    const Command *c;
    size_t n = 0;
    for (; (c = command_at(n)); n++) {
        if (n) assert_true(strcmp(command_at(n - 1)->name, c->name) < 0);
        assert_ptr_equal(command_find(c->name), c);
        assert_non_null(c->run);
        assert_true(no_full_stop(c->summary) && strlen(c->summary) < 80);
        assert_true(strlen(c->story) > 10 && c->story[strlen(c->story) - 1] == '\n');
        if (!c->hidden) {
            assert_non_null(c->examples);
            assert_non_null(c->examples->line);
        }
        for (const Example *e = c->examples; e && e->line; e++) assert_true(!strncmp(e->line, "leat ", 5) && no_full_stop(e->what));
        for (const Opt *o = c->opts; o && o->name; o++) {
            assert_true(no_full_stop(o->help));
            assert_int_equal(o->word == NULL, o->type == OPT_FLAG);
            if (o->type == OPT_NUMBER || o->type == OPT_WHOLE) assert_true(o->lo < o->hi);
            if (o->type == OPT_CHOICE) assert_non_null(o->choice);
            for (const Opt *g = global_opts; g->name; g++) {
                assert_string_not_equal(g->name, o->name);
                assert_true(!g->letter || g->letter != o->letter);
            }
            for (const Opt *p = c->opts; p < o; p++) {
                assert_string_not_equal(p->name, o->name);
                assert_true(!p->letter || p->letter != o->letter);
            }
        }
    }
    assert_true(n >= 33);
}

/* Words as a shell would cut them: at blanks, but not within quotes, which go; up to a | or a >. */
static int shell_words(char *at, const char **argv)
{
    int argc = 0;
    while (*at) {
        char *to = at, quote = 0;
        if (*at == ' ') {
            at++;
            continue;
        }
        if (*at == '|' || *at == '>') break;
        argv[argc++] = to;
        for (; *at && (quote || *at != ' '); at++) {
            if (quote ? *at == quote : *at == '"' || *at == '\'') quote = quote ? 0 : *at;
            else *to++ = *at;
        }
        if (*at) at++;
        *to = 0;
    }
    return argc;
}

static void examples_in_the_rows_parse(void **state)
{
    (void)state;
    const Command *c;
    for (size_t i = 0; (c = command_at(i)); i++) {
        for (const Example *e = c->examples; e && e->line; e++) {
            Ctx cx = test_ctx();
            Words w;
            char copy[512];
            const char *argv[64];
            snprintf(copy, sizeof copy, "%s", e->line);
            int argc = shell_words(copy, argv);
            expect_ok(&cx, words_read(&cx, argc, argv, &w));
            assert_ptr_equal(w.command, c);
            ctx_clear(&cx);
        }
    }
}

static void help_man_and_completion_name_every_option(void **state)
{
    (void)state;
    const Command *c;
    Said bash = said("completion bash", ""), zsh = said("completion zsh", ""), fish = said("completion fish", "");
    for (size_t i = 0; (c = command_at(i)); i++) {
        char line[128];
        if (c->hidden) continue;
        snprintf(line, sizeof line, "help %s", c->name);
        Said help = said(line, "");
        snprintf(line, sizeof line, "man %s", c->name);
        Said man = said(line, "");
        assert_int_equal(help.status + man.status, 0);
        assert_non_null(strstr(bash.out, c->name));
        for (const Opt *o = c->opts; o && o->name; o++) {
            char dashed[64], roffed[64];
            size_t at = 0;
            snprintf(dashed, sizeof dashed, "--%s", o->name);
            for (const char *p = dashed; *p && at < 60; p++) {
                if (*p == '-') roffed[at++] = '\\';
                roffed[at++] = *p;
            }
            roffed[at] = 0;
            assert_non_null(strstr(help.out, dashed));
            assert_non_null(strstr(man.out, roffed));
            assert_non_null(strstr(bash.out, dashed));
            assert_non_null(strstr(zsh.out, dashed));
            assert_non_null(strstr(fish.out, o->name));
        }
        drop(help);
        drop(man);
    }
    drop(bash);
    drop(zsh);
    drop(fish);
}

static void help_fits_the_terminal(void **state)
{
    (void)state;
    const Command *c;
    for (size_t i = 0; (c = command_at(i)); i++) {
        char line[128], *rest, *at;
        snprintf(line, sizeof line, "help %s", c->name);
        Said s = said(line, "");
        for (rest = s.out; (at = strsep(&rest, "\n"));)
            if (show_width(at) > 80 && strncmp(at, "  leat ", 7)) fail_msg("%s: %s", c->name, at);
        drop(s);
    }
}

static void lost_results_are_a_failure(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    char *err_text_ = NULL;
    size_t n = 0;
    House house = { 0 };
    FILE *full = fopen("/dev/full", "w"), *err = open_memstream(&err_text_, &n);
    Shell sh = { .house = &house, .out = full, .err = err, .columns = 80 };
    const char *argv[] = { "leat", "help", "auto" };
    assert_non_null(full);
    assert_int_equal(cli_run(&cx, &sh, 3, argv), 6);
    fclose(full);
    fclose(err);
    assert_non_null(strstr(err_text_, "writing the results: No space left on device"));
    free(err_text_);
    ctx_clear(&cx);
}

static Err sweep_list(Ctx *cx, void *arg)
{
    const char *argv[] = { "leat", "auto", "d", "--exclude", "a, b ,c" };
    const char *const *list;
    size_t n;
    Words w;
    (void)arg;
    TRY(cx, words_read(cx, 5, argv, &w));
    TRY(cx, words_list(cx, &w, "exclude", &list, &n));
    assert_int_equal(n, 3);
    assert_string_equal(list[1], "b");
    assert_string_equal(list[2], "c");
    return OK;
}

static void lists_are_split_trimmed_and_survive_want_of_memory(void **state)
{
    (void)state;
    rig_sweep(sweep_list, NULL, ERR_NOMEM, ERR_IO);
}

static Err sweep_grid(Ctx *cx, void *arg)
{
    static const char *const head[] = { "a", ">b" };
    char *out = NULL;
    size_t n = 0;
    Grid g;
    Shell sh = { .out = open_memstream(&out, &n) };
    (void)arg;
    grid_init(&g, cx, head, 2);
    for (int i = 0; i < 50; i++) {
        grid_cell(&g, "é%d", i);
        grid_cell(&g, "%d", i * 100);
    }
    Err err = grid_print(&g, &sh, 1);
    fclose(sh.out);
    if (!err) assert_non_null(strstr(out, " é7    700\n"));
    free(out);
    return err;
}

static void tables_align_by_characters_and_survive_want_of_memory(void **state)
{
    (void)state;
    rig_sweep(sweep_grid, NULL, ERR_NOMEM, ERR_IO);
}

static void numbers_are_shown_as_people_read_them(void **state)
{
    (void)state;
    char b[32];
    static const struct { uint64_t n; const char *text; } sizes[] = {
        { 0, "0 B" }, { 999, "999 B" }, { 1000, "1.0 kB" }, { 9940, "9.9 kB" }, { 12345, "12 kB" }, { 999600, "1.0 MB" }, { 4100000, "4.1 MB" } };
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        show_size(sizes[i].n, b);
        assert_string_equal(b, sizes[i].text);
    }
    static const struct { double s; const char *text; } times[] = {
        { 0.0000042, "4 us" }, { 0.012, "12 ms" }, { 0.9996, "1.0 s" }, { 3.21, "3.2 s" }, { 59.97, "1 min 0 s" }, { 125, "2 min 5 s" }, { 7260, "2 h 1 min" } };
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        show_seconds(times[i].s, b);
        assert_string_equal(b, times[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_become_what_app_is_asked),
        cmocka_unit_test(a_group_may_be_a_command_too),
        cmocka_unit_test(options_have_defaults),
        cmocka_unit_test(options_may_stand_anywhere_and_be_bundled),
        cmocka_unit_test(every_bad_value_is_refused_in_ten_lines_with_status_2),
        cmocka_unit_test(too_many_words_reach_a_limit),
        cmocka_unit_test(failures_keep_their_status_and_their_words),
        cmocka_unit_test(talk_goes_to_stderr_and_quiet_silences_it),
        cmocka_unit_test(the_progress_line_is_only_for_a_terminal),
        cmocka_unit_test(colour_follows_option_environment_and_terminal),
        cmocka_unit_test(version_and_help_need_no_more_words),
        cmocka_unit_test(texts_are_wrapped_where_json_is_asked_for),
        cmocka_unit_test(every_row_is_fit_to_print),
        cmocka_unit_test(examples_in_the_rows_parse),
        cmocka_unit_test(help_man_and_completion_name_every_option),
        cmocka_unit_test(help_fits_the_terminal),
        cmocka_unit_test(lost_results_are_a_failure),
        cmocka_unit_test(lists_are_split_trimmed_and_survive_want_of_memory),
        cmocka_unit_test(tables_align_by_characters_and_survive_want_of_memory),
        cmocka_unit_test(numbers_are_shown_as_people_read_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test/unit/app/test_app.c -- verbs below the command line: what they refuse, what they leave behind when memory or the
** disk says no, and that bytes kept come back.  The main verb needs worker processes: test/scenario tells its stories. */
#include "test/test.h"

#include "unit/model/build_kit.h"

#include "app/inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void put_file(const char *path, const char *text)
{
    test_write(path, text, strlen(text));
}

/* ------------------------------------------------------------------- words */

static void options_offer_what_the_rooms_have(void **state)
{
    (void)state;
    size_t n = 0;
    for (; app_metric_word(n); n++) assert_non_null(metric_find(app_metric_word(n)));
    assert_true(n >= 9);
    assert_true(app_metric_alias("roc_auc") && !app_metric_alias("rubbish"));
    for (n = 0; app_learner_word(n); n++) assert_non_null(learner_find(app_learner_word(n)));
    assert_true(n >= 6);
    for (n = 0; app_stage_word(n); n++) {}
    assert_int_equal(n, STAGES_N);
    assert_string_equal(app_task_word(0), "auto");
    assert_null(app_task_word(1 + TASKS_N));
    ColumnType type;
    for (n = 0; app_type_word(n); n++) assert_true(column_type_read(app_type_word(n), &type) && type != COLUMN_AUTO);
    assert_int_equal(n, COLUMN_TYPES_N - 1);
    QueryFormat format;
    for (n = 0; app_format_word(n); n++) assert_true(query_format_read(app_format_word(n), &format));
    assert_true(n >= 3);
}

/* -------------------------------------------------------------------- data */

static void names_of_models_come_from_names_of_files(void **state)
{
    (void)state;
    static const struct { const char *path, *stem; } cases[] = {
        { "titanic.csv", "titanic" }, { "/a/b.c/x.csv.gz", "x" }, { "x", "x" }, { "sales-*.parquet", "sales" }, { ".csv", ".csv" },
        { "d/*.csv", "model" }, { "a.b.csv", "a.b" }, { "v1.2.json.zst", "v1.2" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char stem[64];
        data_stem(cases[i].path, stem, sizeof stem);
        assert_string_equal(stem, cases[i].stem);
    }
}

static void warnings_are_heard_once_each_and_passed_on_when_asked(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Ear outer, ear;
    ear_on(&outer, &cx, false);
    ear_on(&ear, &cx, false);
    ctx_warn(&cx, "one");
    ctx_warn(&cx, "one");
    ctx_note(&cx, "a note is no warning");
    ear_json(&ear, "[\"two\",\"three\"]");
    ear_json(&ear, "no JSON at all");
    assert_int_equal(ear.n, 3);
    assert_string_equal(ear.text[1], "two");
    assert_int_equal(outer.n, 0);
    ear_off(&ear);
    ear_retell(&ear);
    assert_int_equal(outer.n, 3);
    for (int i = 0; i < 5000; i++) ctx_warn(&cx, "warning %d", i);
    assert_int_equal(outer.n, 1000);                    /* a bound, so that a flood cannot fill the memory */
    ear_off(&outer);
    assert_null(cx.progress.tell);
    ctx_clear(&cx);
}


static void make_store(const char *folder)
{
    Ctx cx = test_ctx();
    test_remove_tree(folder);
    assert_int_equal(mkdir(folder, 0700), 0);
    expect_ok(&cx, store_make(&cx, folder));
    ctx_clear(&cx);
}

static Err keep_bytes(Ctx *cx, void *arg)
{
    Store *s;
    DataBytes out;
    Err err = store_open(cx, "store", &s);
    if (err) return err;
    err = data_bytes(cx, s, arg, true, &out);
    if (err) assert_int_equal(out.files, 0);
    store_close(cx, s);
    return err;
}

static void bytes_of_one_file_or_many_are_kept_or_the_failure_is_told(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Store *s;
    DataBytes one, many, again;
    Digest want;
    make_store("store");
    put_file("part-1.csv", "a\n1\n");
    put_file("part-2.csv", "a\n2\n");
    expect_ok(&cx, store_open(&cx, "store", &s));
    expect_ok(&cx, data_bytes(&cx, s, "part-1.csv", true, &one));
    expect_ok(&cx, hash_bytes(&cx, "a\n1\n", 4, &want));
    assert_true(digest_same(&one.digest, &want) && one.files == 1 && one.bytes == 4);
    expect_ok(&cx, data_bytes(&cx, s, "part-*.csv", true, &many));
    assert_true(many.files == 2 && many.bytes == 8);
    expect_ok(&cx, data_bytes(&cx, s, "./part-*.csv", false, &again));
    assert_true(digest_same(&many.digest, &again.digest));
    put_file("part-2.csv", "a\n3\n");
    expect_ok(&cx, data_bytes(&cx, s, "part-*.csv", false, &again));
    assert_false(digest_same(&many.digest, &again.digest));
    expect_failure(&cx, data_bytes(&cx, s, "none-*.csv", true, &one), ERR_NOT_FOUND, "none-*.csv");
    expect_failure(&cx, data_bytes(&cx, s, "none/*.csv", true, &one), ERR_NOT_FOUND, "none");
    store_close(&cx, s);
    ctx_clear(&cx);
    rig_sweep_or_ok(keep_bytes, (void *)(uintptr_t)"part-*.csv", ERR_NOMEM, ERR_IO);
}

static void a_column_that_is_not_there_is_told_with_the_nearest(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Table *t;
    size_t col;
    put_file("d.csv", "age,income\n1,2\n3,4\n");
    expect_ok(&cx, data_read(&cx, &(AppData){ .path = "d.csv" }, 1, &t, NULL));
    expect_ok(&cx, data_column(&cx, t, "income", "target", &col));
    assert_int_equal(col, 1);
    expect_failure(&cx, data_column(&cx, t, "incme", "target", &col), ERR_NOT_FOUND, "did you mean 'income'?");
    expect_failure(&cx, data_column(&cx, t, "zzzzzz", "target", &col), ERR_NOT_FOUND, "its columns begin: age, income");
    table_free(&cx, t);
    const char *bad[] = { "age=nothing" }, *good[] = { "age=category" };
    expect_failure(&cx, data_read(&cx, &(AppData){ .path = "d.csv", .types = bad, .types_n = 1 }, 1, &t, NULL), ERR_BAD_INPUT, "age=nothing");
    expect_ok(&cx, data_read(&cx, &(AppData){ .path = "d.csv", .types = good, .types_n = 1 }, 1, &t, NULL));
    assert_int_equal(t->col[0].type, COLUMN_CATEGORY);
    table_free(&cx, t);
    ctx_clear(&cx);
}

/* -------------------------------------------------------------------- init */

static void a_project_is_made_where_a_folder_can_be(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    House house = { 0 };
    AppInitOut out;
    put_file("file", "x");
    expect_ok(&cx, app_init(&cx, &house, &(AppInitIn){ "fresh" }, &out));
    assert_true(out.made && test_exists("fresh/.leat"));
    expect_ok(&cx, app_init(&cx, &house, &(AppInitIn){ "fresh" }, &out));
    assert_false(out.made);
    expect_failure(&cx, app_init(&cx, &house, &(AppInitIn){ "file" }, &out), ERR_BAD_INPUT, "is a file");
    expect_failure(&cx, app_init(&cx, &house, &(AppInitIn){ "no/such/place" }, &out), ERR_NOT_FOUND, "no/such/place");
    ctx_clear(&cx);
}

static void outside_a_project_questions_are_refused(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    House house = { 0 };
    AppBuildsOut builds;
    AppRunsOut runs;
    AppRunOut run;
    AppBuildOut build;
    AppDiagnoseOut diagnosis;
    assert_int_equal(chdir("/"), 0);
    expect_failure(&cx, app_builds(&cx, &house, &(AppBuildsIn){ 0 }, &builds), ERR_NOT_FOUND, "leat init");
    expect_failure(&cx, app_runs(&cx, &house, &(AppSearch){ 0 }, &runs), ERR_NOT_FOUND, "leat init");
    expect_failure(&cx, app_run_show(&cx, &house, &(AppRunIn){ "1" }, &run), ERR_NOT_FOUND, "leat init");
    expect_failure(&cx, app_build_show(&cx, &house, &(AppBuildIn){ "x" }, &build), ERR_NOT_FOUND, "x");
    expect_failure(&cx, app_diagnose(&cx, &house, &(AppDiagnoseIn){ .build = "x" }, &diagnosis), ERR_NOT_FOUND, "x");
    expect_failure(&cx, app_go(&cx, "/none/such"), ERR_NOT_FOUND, "/none/such");
    assert_int_equal(chdir(*(char **)*state), 0);
    assert_null(house.project);
    ctx_clear(&cx);
}

/* ------------------------------------------------------------------ builds */

static const char rows_csv[] = "size,rooms,city,built,sunny,words,extra\n"
                               "50,3,Rome,01/02/2003,yes,old small house near the lake,1\n"
                               "70.5,1,Nowhere,,no,,2\n";

static void make_build(const char *path, Task task, const char *const *members)
{
    Ctx cx = test_ctx();
    BuildKit kit;
    Text bytes;
    Digest digest;
    build_kit_open(&cx, &kit, task, 60, members);
    text_init(&bytes, &cx);
    expect_ok(&cx, build_save(&cx, kit.b, &bytes, &digest));
    test_write(path, bytes.at, bytes.n);
    text_clear(&bytes);
    build_kit_close(&cx, &kit);
    ctx_clear(&cx);
}

static Err predict_once(Ctx *cx, void *arg)
{
    const char *keep[] = { "extra" };
    House house = { 0 };
    AppPredictOut out;
    AppPredictIn in = { .build = arg, .data = { .path = "rows.csv" }, .out = "out.csv", .fd = -1, .proba = true, .keep = keep, .keep_n = 1 };
    unlink("out.csv");
    Err err = app_predict(cx, &house, &in, &out);
    /* (A folder that could not be synced may leave the file, whole, under its name.) */
    if (!err) assert_true(test_exists("out.csv") && out.rows == 2 && out.warnings_n == 0);
    assert_null(house.project);
    return err;
}

static Err show_once(Ctx *cx, void *arg)
{
    House house = { 0 };
    AppBuildOut out;
    Text t;
    Err err = app_build_show(cx, &house, &(AppBuildIn){ arg }, &out);
    if (err) return err;
    assert_int_equal(out.columns_n, 6);
    text_init(&t, cx);
    app_build_show_json(&out, &t);
    err = text_err(&t);
    text_clear(&t);
    return err;
}

static Err export_once(Ctx *cx, void *arg)
{
    House house = { 0 };
    AppExportOut out;
    unlink("copy.leat");
    return app_build_export(cx, &house, &(AppExportIn){ arg, "copy.leat" }, &out);
}

static void builds_in_files_predict_show_and_export_or_say_why_not(void **state)
{
    (void)state;
    static const char *const members[] = { "linear", "knn", NULL };
    make_build("b.leat", TASK_BINARY, members);
    put_file("rows.csv", rows_csv);
    rig_sweep_or_ok(predict_once, (void *)(uintptr_t)"b.leat", ERR_NOMEM, ERR_IO);
    rig_sweep_or_ok(show_once, (void *)(uintptr_t)"b.leat", ERR_NOMEM, ERR_IO);
    rig_sweep_or_ok(export_once, (void *)(uintptr_t)"b.leat", ERR_NOMEM, ERR_IO);
    Ctx cx = test_ctx();
    House house = { 0 };
    AppExportOut out;
    expect_failure(&cx, app_build_export(&cx, &house, &(AppExportIn){ "b.leat", "copy.bin" }, &out), ERR_BAD_INPUT, ".leat");
    ctx_clear(&cx);
}

static void answers_as_json_are_the_answers_as_csv(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    House house = { 0 };
    AppPredictOut out;
    Text rows;
    text_init(&rows, &cx);
    static const char *const members[] = { "baseline", "linear", NULL };
    for (int task = 0; task < TASK_N; task++) {
        make_build("b.leat", (Task)task, members);
        put_file("rows.csv", rows_csv);
        AppPredictIn in = { .build = "b.leat", .data = { .path = "rows.csv" }, .fd = -1, .proba = true, .explain = true, .json = &rows };
        expect_ok(&cx, app_predict(&cx, &house, &in, &out));
        yyjson_doc *doc = yyjson_read(rows.at, rows.n, 0);
        assert_non_null(doc);
        assert_int_equal(yyjson_arr_size(yyjson_doc_get_root(doc)), 2);
        yyjson_val *first = yyjson_arr_get(yyjson_doc_get_root(doc), 0);
        assert_int_equal(yyjson_is_str(yyjson_obj_get(first, "prediction")), task != TASK_REGRESSION);
        assert_int_equal(yyjson_obj_size(first), 1 + (task == TASK_REGRESSION ? 0 : task == TASK_BINARY ? 2 : 3) + 7);
        yyjson_doc_free(doc);
        text_clear(&rows);
    }
    AppPredictIn in = { .build = "b.leat", .data = { .path = "rows.csv" }, .fd = 1, .format = "parquet" };
    expect_failure(&cx, app_predict(&cx, &house, &in, &out), ERR_USAGE, "Parquet goes to a file");
    const char *keep[] = { "extr" };
    in = (AppPredictIn){ .build = "b.leat", .data = { .path = "rows.csv" }, .fd = -1, .keep = keep, .keep_n = 1, .json = &rows };
    expect_failure(&cx, app_predict(&cx, &house, &in, &out), ERR_BAD_INPUT, "did you mean 'extra'?");
    text_clear(&rows);
    ctx_clear(&cx);
}

static void damaged_builds_are_refused_by_every_verb(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    House house = { 0 };
    AppPredictOut out;
    AppBuildOut shown;
    AppBenchOut bench;
    static const char *const members[] = { "linear", NULL };
    make_build("b.leat", TASK_REGRESSION, members);
    put_file("rows.csv", rows_csv);
    expect_ok(&cx, app_build_bench(&cx, &house, &(AppBenchIn){ "b.leat", { .path = "rows.csv" } }, &bench));
    assert_true(bench.load_ms > 0 && bench.p50_us > 0 && bench.p99_us >= bench.p50_us && bench.rows_s > 0 && bench.rows == 2);
    test_flip("b.leat", -200);
    AppPredictIn in = { .build = "b.leat", .data = { .path = "rows.csv" }, .fd = -1, .out = "out.csv" };
    unlink("out.csv");
    expect_failure(&cx, app_predict(&cx, &house, &in, &out), ERR_CORRUPT, "b.leat");
    assert_false(test_exists("out.csv"));
    expect_failure(&cx, app_build_show(&cx, &house, &(AppBuildIn){ "b.leat" }, &shown), ERR_CORRUPT, "b.leat");
    expect_failure(&cx, app_build_bench(&cx, &house, &(AppBenchIn){ "b.leat", { .path = "rows.csv" } }, &bench), ERR_CORRUPT, "b.leat");
    ctx_clear(&cx);
}

/* --------------------------------------------------------------------- git */

static void secrets_in_an_address_are_not_recorded(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    GitState git;
    git_look(&cx, 10000000, &git, NULL, NULL, NULL);
    if (system("git --version >/dev/null 2>&1")) skip();
    assert_int_equal(system("rm -rf code && git init -q code && cd code && git config user.email a@b && git config user.name a &&"
                            "git config remote.origin.url https://me:secret@host.example/x.git && echo 1 >f && git add f && git commit -qm m"), 0);
    assert_int_equal(chdir("code"), 0);
    git_look(&cx, 10000000, &git, NULL, NULL, NULL);
    assert_int_equal(strlen(git.commit), 40);
    assert_string_equal(git.remote, "https://host.example/x.git");
    assert_false(git.dirty);
    put_file("f", "2");
    git_look(&cx, 10000000, &git, NULL, NULL, NULL);
    assert_true(git.dirty);
    assert_int_equal(chdir(".."), 0);
    ctx_clear(&cx);
}

static int remember_folder(void **state)
{
    static char *folder;
    folder = getcwd(NULL, 0);
    *state = &folder;
    return folder ? 0 : -1;
}

static int forget_folder(void **state)
{
    free(*(char **)*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_offer_what_the_rooms_have),
        cmocka_unit_test(names_of_models_come_from_names_of_files),
        cmocka_unit_test(warnings_are_heard_once_each_and_passed_on_when_asked),
        cmocka_unit_test(bytes_of_one_file_or_many_are_kept_or_the_failure_is_told),
        cmocka_unit_test(a_column_that_is_not_there_is_told_with_the_nearest),
        cmocka_unit_test(a_project_is_made_where_a_folder_can_be),
        cmocka_unit_test(outside_a_project_questions_are_refused),
        cmocka_unit_test(builds_in_files_predict_show_and_export_or_say_why_not),
        cmocka_unit_test(answers_as_json_are_the_answers_as_csv),
        cmocka_unit_test(damaged_builds_are_refused_by_every_verb),
        cmocka_unit_test(secrets_in_an_address_are_not_recorded),
    };
    return cmocka_run_group_tests(tests, remember_folder, forget_folder);
}

/* app/auto.c -- `auto`: from a file to a registered, reported build, all of it inside the budget.
**
** Reading, the stages (room auto), the record (record.c), the build and the page,
** in this order.  The stages are told to leave a reserve for what comes after them.
*/
#include "app/record.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What is left to do once the stages end: save, hash and register the build, draw and write the page. */
#define RESERVE_S     0.10
#define RESERVE_SHARE 0.006
#define RESERVE_S_MAX 0.6

/* Says which columns there are, since that is what the person needs next. */
static Err no_target(Ctx *cx, const AppAutoIn *in)
{
    Table *t = NULL;
    char list[260];
    size_t at = 0;
    QueryIn q = data_query(&in->data);
    q.rows_max = 1;
    TRY(cx, query_read(cx, &q, &t, NULL));
    list[0] = 0;
    for (size_t i = 0; i < t->cols; i++) {
        size_t n = strlen(t->col[i].name);
        if (at + n + 8 >= sizeof list) {
            snprintf(list + at, sizeof list - at, ", …");
            break;
        }
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i ? ", " : "", t->col[i].name);
    }
    table_free(cx, t);
    return FAIL(cx, ERR_USAGE, "no target given: say with --target which column of '%.100s' to predict: %s",
                in->data.path, list);
}

typedef struct Work { /* everything that must be let go of at the end */
    Table *table, *test;
    Record record;
    Resumed resumed;
    AutoOut made;
    Text build, html, overview;
    Ear ear;
} Work;

static void work_clear(Ctx *cx, Work *w)
{
    ear_off(&w->ear);
    record_clear(&w->record);
    resumed_clear(cx, &w->resumed);
    auto_out_clear(cx, &w->made);
    text_clear(&w->build);
    text_clear(&w->html);
    text_clear(&w->overview);
    table_free(cx, w->table);
    table_free(cx, w->test);
}

static Err read_all(Ctx *cx, const AppAutoIn *in, Work *w)
{
    size_t col;
    ctx_step(cx, "reading", 0, 0);
    TRY(cx, data_read(cx, &in->data, in->threads, &w->table, NULL));
    if (in->target) TRY(cx, data_column(cx, w->table, in->target, "target", &col));
    for (size_t i = 0; i < in->exclude_n; i++) {
        TRY(cx, data_column(cx, w->table, in->exclude[i], "column to exclude", &col));
        if (in->target && !strcmp(in->exclude[i], in->target))
            return FAIL(cx, ERR_USAGE, "'%.100s' is the target: it cannot be excluded too", in->target);
    }
    if (!in->test) return OK;
    AppData test = in->data;
    test.path = in->test;
    test.paths = NULL;
    test.paths_n = 0;
    TRY(cx, data_resolve(cx, w->record.house, &test));
    TRY(cx, data_read(cx, &test, in->threads, &w->test, NULL));
    if (!in->target) return FAIL(cx, ERR_USAGE, "--test judges by labels: say with --target which column holds them");
    TRY(cx, data_column(cx, w->test, in->target, "target", &col));
    return OK;
}

static Err check_words(Ctx *cx, House *house, const AppAutoIn *in, int *task, Stage *until)
{
    Task known;
    *task = -1;
    *until = STAGE_DIAGNOSE;
    if (!house->program)
        return FAIL(cx, ERR_IO, "this program cannot find its own file in /proc: workers cannot start");
    if (in->report && strcmp(in->report, "full")) TRY(cx, page_check(cx, in->report));
    if (in->task && !task_read(in->task, &known)) return FAIL(cx, ERR_USAGE, "no task '%.60s'", in->task);
    if (in->task) *task = (int)known;
    if (!in->target && *task != TASK_ANOMALY) return no_target(cx, in);
    if (in->contamination > 0 && *task != TASK_ANOMALY)
        return FAIL(cx, ERR_USAGE, "--contamination is for --task anomaly: give that too, or leave it out");
    if (in->until && !stage_read(in->until, until)) return FAIL(cx, ERR_USAGE, "no stage '%.60s'", in->until);
    if (in->metric && !metric_find(in->metric)) return FAIL(cx, ERR_USAGE, "no metric '%.60s'", in->metric);
    return OK;
}

/* "1:5": what a false alarm costs, and what a miss. */
static Err read_cost(Ctx *cx, const char *words, double *alarm, double *miss)
{
    *alarm = *miss = 0;
    if (!words) return OK;
    const char *colon = strchr(words, ':');
    if (colon && num_read(words, (size_t)(colon - words), alarm) && num_read(colon + 1, strlen(colon + 1), miss) && *alarm >= 0 && *miss >= 0 &&
        isfinite(*alarm) && isfinite(*miss) && *alarm + *miss > 0)
        return OK;
    return FAIL(cx, ERR_USAGE, "'%.60s' is no pair of costs: give that of a false alarm and that of a miss with a colon between, like 1:5", words);
}

/* LEAT_WITHOUT=features,search: for bench/automl, which shows what each part adds. */
static Err read_without(Ctx *cx, unsigned *out)
{
    static const char *const words[] = { "features", "portfolio", "mlp", "ensemble", "search" };        /* in the order of the bits */
    const char *at = getenv("LEAT_WITHOUT");
    *out = 0;
    while (at && *at) {
        size_t n = strcspn(at, ","), i = 0;
        while (i < 5 && (strlen(words[i]) != n || memcmp(words[i], at, n))) i++;
        if (i == 5)
            return FAIL(cx, ERR_USAGE, "LEAT_WITHOUT names '%.*s'; a run can do without features, portfolio, mlp, ensemble, search", (int)(n < 60 ? n : 60), at);
        *out |= 1u << i;
        at += n + (at[n] == ',');
    }
    return OK;
}

static Err run_stages(Ctx *cx, House *house, const AppAutoIn *in, int task, Stage until, Work *w)
{
    AutoIn a = {
        .table = w->table,
        .test = w->test,
        .target = in->target,
        .task = task,
        .metric = in->metric,
        .contamination = in->contamination,
        .time_s = in->time_s,
        .started_us = house->started_us,
        .reserve_s = fmin(RESERVE_S + RESERVE_SHARE * in->time_s, RESERVE_S_MAX),
        .trials = in->trials,
        .seed = in->seed,
        .threads = in->threads,
        .memory_mib = in->memory_mib,
        .exclude = in->exclude,
        .exclude_n = in->exclude_n,
        .learners = in->learners,
        .learners_n = in->learners_n,
        .group = in->group,
        .time_column = in->time_column,
        .weight = in->weight,
        .balanced = in->class_weight && !strcmp(in->class_weight, "balanced"),
        .monotone = in->monotone,
        .monotone_n = in->monotone_n,
        .use = in->use,
        .use_n = in->use_n,
        .refit = in->refit,
        .portable = in->portable,
        .na = in->data.na_n ? in->data.na : table_na_default,
        .na_n = in->data.na_n ? in->data.na_n : table_na_default_n,
        .until = until,
        .diagnose_full = in->report && !strcmp(in->report, "full"),
        .program = house->program,
        .resume = w->resumed.trial,
        .resume_n = w->resumed.n,
        .resume_engineer = w->resumed.engineer,
        .sink = record_sink(&w->record),
    };
    TRY(cx, read_cost(cx, in->cost, &a.cost_alarm, &a.cost_miss));
    TRY(cx, read_without(cx, &a.without));
    TRY(cx, auto_run(cx, &a, &w->made));
    return OK;
}

/* ------------------------------------------------------------------ result */

static Err board_rows(Ctx *cx, const char *json, AppAutoOut *out)
{
    yyjson_doc *doc;
    yyjson_val *v;
    size_t i, n;
    TRY(cx, json_parse(cx, json, "the leaderboard", &doc));
    yyjson_val *root = yyjson_doc_get_root(doc);
    AppBoardRow *row = ctx_scratch(cx, (yyjson_arr_size(root) + 1) * sizeof *row);
    Err err = row ? OK : FAIL(cx, ERR_NOMEM, "reading the leaderboard");
    yyjson_arr_foreach(root, i, n, v)
    {
        if (err) break;
        double size = get_num(v, "size_bytes"), trial = get_num(v, "trial");
        row[i] = (AppBoardRow){
            .trial = trial >= 0 ? (uint32_t)trial : 0,
            .learner = get_text(cx, v, "learner"),
            .score = get_num(v, "score"),
            .se = get_num(v, "se"),
            .fit_s = get_num(v, "fit_s"),
            .predict_us_row = get_num(v, "predict_us_row"),
            .weight = get_num(v, "weight"),
            .size_bytes = size >= 0 ? (uint64_t)size : 0,
            .pareto = yyjson_get_bool(yyjson_obj_get(v, "pareto")),
        };
        if (!row[i].learner) err = FAIL(cx, ERR_NOMEM, "reading the leaderboard");
        out->board_n = i + 1;
    }
    yyjson_doc_free(doc);
    out->board = row;
    return err;
}

/* Save and register the build; what the answer says of it. */
static Err keep_build(Ctx *cx, const AppAutoIn *in, Work *w, AppAutoOut *out)
{
    Digest digest;
    BuildRow row;
    char name[REPO_NAME_MAX], stem[REPO_NAME_MAX], hex[SHA256_TEXT_MAX];
    Repo *repo = w->record.house->project->repo;
    if (!w->made.build) return OK;
    data_stem(in->data.path, stem, sizeof stem);
    if (in->data.dataset) snprintf(stem, sizeof stem, "%.*s", (int)strcspn(in->data.dataset, "@"), in->data.dataset);
    repo_model_name(in->name ? in->name : stem, name);
    TRY(cx, build_save(cx, w->made.build, &w->build, &digest));
    BuildIn b = {
        .name = name,
        .bytes = w->build.at,
        .bytes_n = w->build.n,
        .task = task_word(w->made.task),
        .target = w->made.build->target,
        .metric = w->made.metric->name,
        .higher_is_better = w->made.metric->higher,
        .value = w->made.score,
        .se = w->made.se,
        .run = repo_run_id(w->record.run),
    };
    TRY(cx, repo_build_register(cx, repo, &b, &row));
    const Member *best = NULL;
    for (uint32_t i = 0; i < w->made.build->members_n; i++)
        if (!best || w->made.build->member[i].weight > best->weight) best = &w->made.build->member[i];
    if (!w->record.metric) w->record.metric = w->made.metric;
    TRY(cx, record_result(&w->record, task_word(w->made.task), best ? best->learner : NULL, w->made.score, w->made.se));
    digest_text(&digest, hex);
    out->build = ctx_scratch_fmt(cx, "%s@%llu", row.name, (unsigned long long)row.n);
    out->digest = ctx_scratch_text(cx, hex);
    out->size_bytes = w->build.n;
    return out->build && out->digest ? OK : FAIL(cx, ERR_NOMEM, "naming the build");
}

static Err fill(Ctx *cx, Work *w, AppAutoOut *out)
{
    Record *r = &w->record;
    out->run = ctx_scratch_fmt(cx, "%llu", (unsigned long long)repo_run_number(r->run));
    out->project = ctx_scratch_text(cx, repo_folder(r->house->project->repo));
    out->stage = ctx_scratch(cx, sizeof r->stage);
    if (!out->run || !out->project || !out->stage) return FAIL(cx, ERR_NOMEM, "ending the run");
    memcpy(out->stage, r->stage, sizeof r->stage);
    out->stages_n = r->stages_n;
    out->task = task_word(w->made.task);
    out->metric = w->made.metric ? w->made.metric->name : "";
    out->higher = w->made.metric && w->made.metric->higher;
    out->score = w->made.score;
    out->se = w->made.se;
    out->trials = w->made.trials_n;
    out->short_of_time = w->made.short_of_time;
    out->made_project = r->made_project;
    out->test_json = w->made.test_json ? ctx_scratch_text(cx, w->made.test_json) : NULL;
    out->board_json = ctx_scratch_text(cx, w->made.leaderboard_json ? w->made.leaderboard_json : "[]");
    if (!out->board_json) return FAIL(cx, ERR_NOMEM, "ending the run");
    return board_rows(cx, out->board_json, out);
}

static void json_keys(const AppAutoOut *out, Text *t)
{
    json_key_text(t, "build", out->build);
    json_key_text(t, "digest", out->digest);
    json_key_text(t, "run", out->run);
    json_key_text(t, "task", out->task);
    json_key_open(t, "metric");
    json_key_text(t, "name", out->metric);
    json_key_text(t, "direction", out->higher ? "maximize" : "minimize");
    json_key_num(t, "value", out->score);
    json_key_num(t, "se", out->se);
    json_close(t);
    if (out->test_json) json_key_raw(t, "test", out->test_json);
    json_key_raw(t, "leaderboard", out->board_json ? out->board_json : "[]");
    json_key_open_array(t, "stages");
    for (size_t i = 0; i < out->stages_n; i++) {
        json_open(t);
        json_key_text(t, "name", out->stage[i].name);
        json_key_num(t, "seconds", out->stage[i].seconds);
        json_key_text(t, "summary", out->stage[i].summary);
        json_close(t);
    }
    json_close_array(t);
    json_texts(t, "warnings", out->warning, out->warnings_n);
    json_key_text(t, "report", out->report);
    json_key_int(t, "trials", out->trials);
    json_key_int(t, "size_bytes", (int64_t)out->size_bytes);
    json_key_bool(t, "short_of_time", out->short_of_time);
    json_key_text(t, "project", out->project);
    json_key_bool(t, "made_project", out->made_project);
    json_key_num(t, "wall_s", out->wall_s);
}

void app_auto_json(const AppAutoOut *out, Text *t)
{
    json_open(t);
    json_keys(out, t);
    json_close(t);
}

static Err write_page(Ctx *cx, const AppAutoIn *in, Work *w, AppAutoOut *out)
{
    char seed[32], rows[64], budget[48];
    const char *title = out->build ? out->build : ctx_scratch_fmt(cx, "run %s", out->run);
    const char *path = in->report && strcmp(in->report, "full") ? in->report : NULL;
    PageStage stages[STAGES_N];
    Record *r = &w->record;
    if (!title) return FAIL(cx, ERR_NOMEM, "writing the report");
    json_open(&w->overview);
    json_keys(out, &w->overview);
    json_key_text(&w->overview, "target", in->target);
    json_key_text(&w->overview, "data", in->data.path);
    json_key_int(&w->overview, "rows", (int64_t)w->table->rows);
    json_key_int(&w->overview, "columns", (int64_t)w->table->cols);
    json_key_text(&w->overview, "version", LEAT_VERSION);
    json_close(&w->overview);
    TRY(cx, text_err(&w->overview));
    for (int s = 0; s < STAGES_N; s++) stages[s] = (PageStage){ stage_word((Stage)s), r->json[s] };
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)in->seed);
    snprintf(rows, sizeof rows, "%zu x %zu", w->table->rows, w->table->cols);
    if (in->trials) snprintf(budget, sizeof budget, "%u trials", in->trials);
    else snprintf(budget, sizeof budget, "%g s", in->time_s);
    const char *facts[] = { "data",   in->data.path, "rows x columns",
                            rows,     "budget",      budget,
                            "seed",   seed,          "run",
                            out->run, "digest",      out->digest ? out->digest : "none",
                            "leat",   LEAT_VERSION,  NULL };
    const Build *b = w->made.build;
    const char *subtitle = page_subtitle(cx, w->made.task, in->target, b ? b->class_name : NULL, b ? b->classes : 0);
    if (!subtitle) return FAIL(cx, ERR_NOMEM, "making the page");
    TRY(cx, page_make(cx, title, subtitle, facts, stages, STAGES_N, w->overview.at, &w->html));
    const char *name = out->build ? out->build : ctx_scratch_fmt(cx, "run-%s", out->run);
    TRY(cx, page_write(cx, r->house->project->repo, path, name ? name : "run", &w->html, &out->report));
    TRY(cx, repo_run_artifact(cx, r->run, "report.html", "text/html", w->html.at, w->html.n, NULL));
    return OK;
}

/* -------------------------------------------------------------------- verb */

/* The failure's own words, and what was kept all the same. */
static Err end_badly(Ctx *cx, const AppAutoIn *in, Work *w, Err err)
{
    Record *r = &w->record;
    char why[CTX_TEXT_MAX];
    memcpy(why, cx->text, sizeof why);
    ear_off(&w->ear);
    ear_retell(&w->ear);
    if (!r->run) {
        if (err == ERR_INTERRUPTED)
            err = FAIL(cx, err, "interrupted before the first stage ended: nothing was kept");
        return err;
    }
    record_end(r, err == ERR_INTERRUPTED ? RUN_INTERRUPTED : RUN_FAILED, why);
    unsigned long long number = repo_run_number(r->run);
    if (err == ERR_INTERRUPTED)
        return FAIL(cx, err,
                    "interrupted: %u finished trial%s kept as run %llu; go on with 'leat auto %.150s %s "
                    "%.80s --resume %llu'",
                    r->trials, r->trials == 1 ? "" : "s", number, in->data.path, in->target ? "--target" : "--task",
                    in->target ? in->target : in->task, number);
    return r->trials ? FAIL(cx, err, "%.400s (run %llu, its %u trials are kept)", why, number, r->trials) : err;
}

/* For -v: where the time outside the stages goes. */
static void tell_time(Ctx *cx, const House *house, const char *what)
{
    ctx_detail(cx, "at %.3f s: %s", ctx_since_s(cx, house->started_us), what);
}

static Err finish(Ctx *cx, const AppAutoIn *in, Work *w, AppAutoOut *out)
{
    char summary[256];
    ctx_step(cx, "keeping the build", 0, 0);
    TRY(cx, record_begin(&w->record));
    TRY(cx, fill(cx, w, out));
    TRY(cx, keep_build(cx, in, w, out));
    tell_time(cx, w->record.house, "the build is saved and registered");
    out->warning = w->ear.text;
    out->warnings_n = w->ear.n;
    out->wall_s = ctx_since_s(cx, w->record.house->started_us);
    TRY(cx, write_page(cx, in, w, out));
    tell_time(cx, w->record.house, "the report is written");
    if (out->build) snprintf(summary, sizeof summary, "%s: %s %.6g", out->build, out->metric, out->score);
    else
        snprintf(summary, sizeof summary, "ended after stage %s, as asked",
                 out->stages_n ? out->stage[out->stages_n - 1].name : "none");
    record_end(&w->record, RUN_DONE, summary);
    out->wall_s = ctx_since_s(cx, w->record.house->started_us);
    return OK;
}

Err app_auto(Ctx *cx, House *house, const AppAutoIn *asked, AppAutoOut *out)
{
    AppAutoIn own = *asked;
    const AppAutoIn *in = &own;
    Err err = OK;
    int task;
    Stage until;
    Work *w;
    *out = (AppAutoOut){ 0 };
    TRY(cx, data_resolve(cx, house, &own.data));
    TRY(cx, check_words(cx, house, in, &task, &until));
    w = ctx_get(cx, sizeof *w);
    if (!w) return FAIL(cx, ERR_NOMEM, "starting");
    w->record = (Record){
        .cx = cx, .house = house, .in = in, .ear = &w->ear, .seed = in->seed, .best = NAN, .best_se = NAN
    };
    text_init(&w->build, cx);
    text_init(&w->html, cx);
    text_init(&w->overview, cx);
    ear_on(&w->ear, cx, false); /* they are part of the answer */
    TRY_DONE(cx, record_options(cx, in, in->seed, &w->record.options));
    tell_time(cx, house, "reading begins");
    TRY_DONE(cx, read_all(cx, in, w));
    tell_time(cx, house, "the data is read");
    if (in->resume) TRY_DONE(cx, record_resume(&w->record, &w->resumed));
    TRY_DONE(cx, run_stages(cx, house, in, task, until, w));
    tell_time(cx, house, "the stages have ended");
    const volatile sig_atomic_t *cancel = cx->cancel;
    cx->cancel = NULL; /* the build is there: a late Ctrl-C must not lose it */
    err = finish(cx, in, w, out);
    cx->cancel = cancel;
done:
    if (err) err = end_badly(cx, in, w, err);
    if (err) *out = (AppAutoOut){ 0 };
    work_clear(cx, w);
    ctx_put(cx, w);
    return err;
}

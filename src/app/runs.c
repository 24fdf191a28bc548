/* app/runs.c -- what was tried: runs, and every trial of one. */
#include "app/inner.h"

#include <math.h>
#include <string.h>

/* Score and metric of a run stand in its leaderboard, when it got so far; else the best trial's. */
static Err row_to_run(Ctx *cx, const RunRow *row, AppRun *out)
{
    yyjson_doc *doc = row->options ? yyjson_read(row->options, strlen(row->options), 0) : NULL;
    yyjson_val *options = yyjson_doc_get_root(doc);
    *out = (AppRun){
        .name = ctx_scratch_fmt(cx, "%llu", (unsigned long long)row->number),
        .state = run_state_text(row->state),
        .target = get_text(cx, options, "target"),
        .data = row->data_path,
        .metric = get_text(cx, options, "metric"),
        .build = row->build && row->build[0] ? row->build : NULL,
        .score = NAN,
        .se = NAN,
        .trials = row->trials_n,
        .begun_us = row->started_us,
        .seconds = row->ended_us ? (double)(row->ended_us - row->started_us) * 1e-6 : NAN,
    };
    yyjson_doc_free(doc);
    return out->name && out->target && out->metric ? OK : FAIL(cx, ERR_NOMEM, "reading runs");
}

/* The build a run made knows its score. */
static void score_from_builds(const BuildRow *builds, size_t n, const RunRow *row, AppRun *out)
{
    for (size_t i = 0; i < n; i++) {
        if (builds[i].run_number != row->number) continue;
        out->score = builds[i].value;
        out->se = builds[i].se;
        out->metric = builds[i].metric;
    }
}

Err app_runs(Ctx *cx, House *house, AppRunsOut *out)
{
    RunRow *rows;
    BuildRow *builds;
    size_t n, builds_n;
    *out = (AppRunsOut){ 0 };
    TRY(cx, project_open(cx, house, PROJECT_READ, NULL));
    TRY(cx, repo_runs(cx, house->project->repo, 0, &rows, &n));
    TRY(cx, repo_builds(cx, house->project->repo, NULL, &builds, &builds_n));
    AppRun *list = ctx_scratch(cx, (n + 1) * sizeof *list);
    if (!list) return FAIL(cx, ERR_NOMEM, "listing %zu runs", n);
    for (size_t i = 0; i < n; i++) {
        TRY(cx, row_to_run(cx, &rows[i], &list[i]));
        score_from_builds(builds, builds_n, &rows[i], &list[i]);
    }
    *out = (AppRunsOut){ list, n };
    return OK;
}

static void about_json(const AppRun *r, Text *t)
{
    json_key_text(t, "run", r->name);
    json_key_text(t, "state", r->state);
    json_key_text(t, "data", r->data);
    json_key_text(t, "target", r->target);
    json_key_text(t, "metric", r->metric[0] ? r->metric : NULL);
    json_key_num(t, "score", r->score);
    json_key_num(t, "se", r->se);
    json_key_int(t, "trials_n", r->trials);
    json_key_int(t, "begun_us", r->begun_us);
    json_key_num(t, "seconds", r->seconds);
    json_key_text(t, "build", r->build);
}

void app_runs_json(const AppRunsOut *out, Text *t)
{
    json_open(t);
    json_key_open_array(t, "runs");
    for (size_t i = 0; i < out->n; i++) {
        json_open(t);
        about_json(&out->run[i], t);
        json_close(t);
    }
    json_close_array(t);
    json_close(t);
}

/* -------------------------------------------------------------------- show */

/* What only the whole run knows of a trial (share in the ensemble, Pareto front) stands in its leaderboard. */
static Err from_board(Ctx *cx, Repo *repo, const RunFull *full, AppRunOut *out)
{
    Err err = OK;
    void *bytes = NULL;
    yyjson_doc *doc = NULL;
    yyjson_val *v;
    size_t n = 0, i, all;
    static const char *const names[] = { "stage/benchmark.json", "stage/train.json" }, *const keys[] = {
        "leaderboard", "members"
    };
    for (size_t k = 0; k < 2; k++) {
        const ArtifactRow *a = NULL;
        for (i = 0; i < full->artifacts_n; i++)
            if (!strcmp(full->artifact[i].name, names[k])) a = &full->artifact[i];
        if (!a) continue;
        TRY_DONE(cx, store_get(cx, repo_store(repo), &a->digest, LEDGER_PAYLOAD_MAX, &bytes, &n));
        TRY_DONE(cx, json_parse(cx, bytes, names[k], &doc));
        yyjson_arr_foreach(yyjson_obj_get(yyjson_doc_get_root(doc), keys[k]), i, all, v)
        {
            for (size_t j = 0; j < out->trials_n; j++) {
                if (out->trial[j].number != get_num(v, "trial")) continue;
                if (k) out->trial[j].weight = get_num(v, "weight");
                else {
                    out->trial[j].pareto = yyjson_get_bool(yyjson_obj_get(v, "pareto"));
                    double peak = get_num(v, "peak_bytes");
                    out->trial[j].peak_bytes = peak > 0 ? (uint64_t)peak : 0;
                }
            }
        }
        yyjson_doc_free(doc);
        ctx_put(cx, bytes);
        doc = NULL;
        bytes = NULL;
    }
done:
    yyjson_doc_free(doc);
    ctx_put(cx, bytes);
    return err;
}

static Err fill(Ctx *cx, const RunFull *full, AppRunOut *out)
{
    out->trial = ctx_scratch(cx, (full->trials_n + 1) * sizeof *out->trial);
    out->stage = ctx_scratch(cx, (full->stages_n + 1) * sizeof *out->stage);
    if (!out->trial || !out->stage) return FAIL(cx, ERR_NOMEM, "reading a run");
    for (size_t i = 0; i < full->trials_n; i++) {
        const TrialRow *t = &full->trial[i];
        out->trial[i] = (AppTrial){
            .number = t->number,
            .stage = t->stage ? t->stage : "",
            .learner = t->learner,
            .params = t->params ? t->params : "{}",
            .state = trial_state_text(t->state),
            .why = t->why ? t->why : "",
            .score = t->score,
            .se = t->se,
            .fit_s = t->fit_s,
            .predict_us_row = t->predict_us_row,
            .weight = NAN,
            .size_bytes = t->size_bytes > 0 ? (uint64_t)t->size_bytes : 0,
        };
    }
    for (size_t i = 0; i < full->stages_n; i++)
        out->stage[i] = (AppStage){ full->stage[i].name, full->stage[i].summary ? full->stage[i].summary : "",
                                    full->stage[i].seconds };
    out->trials_n = full->trials_n;
    out->stages_n = full->stages_n;
    return OK;
}

Err app_run_show(Ctx *cx, House *house, const AppRunIn *in, AppRunOut *out)
{
    RunRow row;
    RunFull full;
    BuildRow *builds;
    size_t builds_n;
    *out = (AppRunOut){ 0 };
    TRY(cx, project_open(cx, house, PROJECT_READ, NULL));
    Repo *repo = house->project->repo;
    TRY(cx, repo_run_find(cx, repo, in->run, &row));
    TRY(cx, repo_run_full(cx, repo, row.id, &full));
    TRY(cx, repo_builds(cx, repo, NULL, &builds, &builds_n));
    TRY(cx, row_to_run(cx, &row, &out->about));
    score_from_builds(builds, builds_n, &row, &out->about);
    TRY(cx, fill(cx, &full, out));
    TRY(cx, from_board(cx, repo, &full, out));
    out->options_json = row.options;
    return OK;
}

void app_run_show_json(const AppRunOut *out, Text *t)
{
    json_open(t);
    about_json(&out->about, t);
    json_key_raw(t, "options", out->options_json && out->options_json[0] ? out->options_json : "{}");
    json_key_open_array(t, "stages");
    for (size_t i = 0; i < out->stages_n; i++) {
        json_open(t);
        json_key_text(t, "name", out->stage[i].name);
        json_key_num(t, "seconds", out->stage[i].seconds);
        json_key_text(t, "summary", out->stage[i].summary);
        json_close(t);
    }
    json_close_array(t);
    json_key_open_array(t, "trials");
    for (size_t i = 0; i < out->trials_n; i++) {
        const AppTrial *r = &out->trial[i];
        json_open(t);
        json_key_int(t, "trial", r->number);
        json_key_text(t, "stage", r->stage);
        json_key_text(t, "learner", r->learner);
        json_key_raw(t, "params", r->params);
        json_key_text(t, "state", r->state);
        if (r->why[0]) json_key_text(t, "why", r->why);
        json_key_num(t, "score", r->score);
        json_key_num(t, "se", r->se);
        json_key_num(t, "fit_s", r->fit_s);
        json_key_num(t, "predict_us_row", r->predict_us_row);
        json_key_int(t, "size_bytes", (int64_t)r->size_bytes);
        if (r->peak_bytes) json_key_int(t, "peak_bytes", (int64_t)r->peak_bytes);
        json_key_num(t, "weight", r->weight > 0 ? r->weight : 0);
        json_key_bool(t, "pareto", r->pareto);
        json_close(t);
    }
    json_close_array(t);
    json_close(t);
}

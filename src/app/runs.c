/* app/runs.c -- what was tried: runs, and every trial of one; searched, shown, put out of sight and back. */
#include "app/inner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

RepoSearch repo_search_of(const AppSearch *in)
{
    return (RepoSearch){ .filter = in->filter, .order = in->order, .orders_n = in->orders_n, .experiment = in->experiment,
                         .view = in->deleted ? REPO_DELETED : REPO_ACTIVE, .offset = in->offset, .limit = in->limit };
}

Err run_take(Ctx *cx, House *house, const char *ref, ProjectNeed need, RunRow *out)
{
    const char *id = getenv("LEAT_RUN"), *folder = getenv("LEAT_PROJECT");
    if (!ref && (!id || !*id))
        return FAIL(cx, ERR_USAGE, "no run to log to: say with --run RUN which one, or start this program by 'leat run -- PROGRAM'");
    if (!ref && folder && *folder) TRY(cx, project_open_in(cx, house, folder, need));
    else TRY(cx, project_open(cx, house, need, NULL));
    TRY(cx, repo_run_find(cx, house->project->repo, ref ? ref : id, out));
    return OK;
}

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
        .id = ctx_scratch_text(cx, row->id),
        .title = row->name,
        .verb = row->verb,
        .command = row->command,
        .experiment = row->experiment,
        .user = row->actor,
        .deleted = row->deleted,
        .seconds = row->ended_us ? (double)(row->ended_us - row->started_us) * 1e-6 : NAN,
    };
    yyjson_doc_free(doc);
    return out->name && out->id && out->target && out->metric ? OK : FAIL(cx, ERR_NOMEM, "reading runs");
}

/* The build a run made knows its score. */
static Err score_from_build(Ctx *cx, Repo *repo, const RunRow *row, AppRun *out)
{
    BuildRef ref;
    if (!row->build || !row->build[0]) return OK;
    Err err = repo_build_find(cx, repo, row->build, &ref);
    if (err == ERR_NOT_FOUND || (!err && ref.path[0])) {       /* a file that happens to be called so */
        cx->text[0] = 0;
        return OK;
    }
    TRY(cx, err);
    out->score = ref.row.value;
    out->se = ref.row.se;
    out->metric = ref.row.metric;
    return OK;
}

Err app_runs(Ctx *cx, House *house, const AppSearch *in, AppRunsOut *out)
{
    RunRow *rows;
    size_t n;
    bool more;
    const RepoSearch search = repo_search_of(in);
    *out = (AppRunsOut){ 0 };
    TRY(cx, project_open(cx, house, PROJECT_READ, NULL));
    Repo *repo = house->project->repo;
    TRY(cx, repo_search_runs(cx, repo, &search, &rows, &n, &more));
    AppRun *list = ctx_scratch(cx, (n + 1) * sizeof *list);
    if (!list) return FAIL(cx, ERR_NOMEM, "listing %zu runs", n);
    for (size_t i = 0; i < n; i++) {
        TRY(cx, row_to_run(cx, &rows[i], &list[i]));
        TRY(cx, score_from_build(cx, repo, &rows[i], &list[i]));
    }
    *out = (AppRunsOut){ list, n, more };
    return OK;
}

static void about_json(const AppRun *r, Text *t)
{
    json_key_text(t, "run", r->name);
    json_key_text(t, "id", r->id);
    if (r->title[0]) json_key_text(t, "name", r->title);
    json_key_text(t, "experiment", r->experiment);
    json_key_text(t, "state", r->state);
    json_key_text(t, "verb", r->verb);
    json_key_text(t, "command", r->command);
    json_key_text(t, "user", r->user);
    if (r->deleted) json_key_bool(t, "deleted", true);
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
    json_key_bool(t, "more", out->more);
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

static void trial_of(const TrialRow *t, AppTrial *out)
{
    *out = (AppTrial){
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

static Err fill_trials(Ctx *cx, const RunFull *full, AppRunOut *out)
{
    out->trial = ctx_scratch(cx, (full->trials_n + 1) * sizeof *out->trial);
    out->stage = ctx_scratch(cx, (full->stages_n + 1) * sizeof *out->stage);
    if (!out->trial || !out->stage) return FAIL(cx, ERR_NOMEM, "reading a run");
    for (size_t i = 0; i < full->trials_n; i++) trial_of(&full->trial[i], &out->trial[i]);
    for (size_t i = 0; i < full->stages_n; i++)
        out->stage[i] = (AppStage){ full->stage[i].name, full->stage[i].summary ? full->stage[i].summary : "",
                                    full->stage[i].seconds };
    out->trials_n = full->trials_n;
    out->stages_n = full->stages_n;
    return OK;
}

static const char *const log_kinds[] = { [PROGRESS_STEP] = "step", [PROGRESS_NOTE] = "note", [PROGRESS_WARNING] = "warning",
                                         [PROGRESS_DETAIL] = "detail" };

/* What the run said of itself. */
static Err fill_said(Ctx *cx, const RunFull *f, AppRunOut *out)
{
    out->param = ctx_scratch(cx, (f->params_n + 1) * sizeof *out->param);
    out->tag = ctx_scratch(cx, (f->tags_n + 1) * sizeof *out->tag);
    out->metric = ctx_scratch(cx, (f->metrics_n + 1) * sizeof *out->metric);
    out->artifact = ctx_scratch(cx, (f->artifacts_n + 1) * sizeof *out->artifact);
    out->input = ctx_scratch(cx, (f->inputs_n + 1) * sizeof *out->input);
    out->note = ctx_scratch(cx, (f->notes_n + 1) * sizeof *out->note);
    out->log = ctx_scratch(cx, (f->log_n + 1) * sizeof *out->log);
    if (!out->param || !out->tag || !out->metric || !out->artifact || !out->input || !out->note || !out->log)
        return FAIL(cx, ERR_NOMEM, "reading a run");
    for (size_t i = 0; i < f->params_n; i++) out->param[out->params_n++] = (AppPair){ f->param[i].key, f->param[i].value };
    for (size_t i = 0; i < f->tags_n; i++) out->tag[out->tags_n++] = (AppPair){ f->tag[i].key, f->tag[i].value };
    for (size_t i = 0; i < f->metrics_n; i++) {
        const MetricRow *m = &f->metric[i];
        out->metric[out->metrics_n++] = (AppMetric){ m->key, m->last, m->min, m->max, m->last_step, m->last_us, m->n };
    }
    for (size_t i = 0; i < f->artifacts_n; i++) {
        char hex[SHA256_TEXT_MAX];
        digest_text(&f->artifact[i].digest, hex);
        const char *digest = ctx_scratch_text(cx, hex);
        if (!digest) return FAIL(cx, ERR_NOMEM, "reading a run");
        out->artifact[out->artifacts_n++] = (AppArtifact){ f->artifact[i].name, f->artifact[i].media, digest, f->artifact[i].bytes };
    }
    for (size_t i = 0; i < f->inputs_n; i++)
        out->input[out->inputs_n++] = (AppInput){ f->input[i].name, f->input[i].digest, f->input[i].context, f->input[i].source };
    for (size_t i = 0; i < f->notes_n; i++)
        out->note[out->notes_n++] = (AppNote){ f->note[i].text, f->note[i].actor, f->note[i].time_us };
    for (size_t i = 0; i < f->log_n; i++)
        out->log[out->log_n++] = (AppLogLine){ log_kinds[f->log[i].kind], f->log[i].stage, f->log[i].text, f->log[i].time_us };
    return OK;
}

Err app_run_show(Ctx *cx, House *house, const AppRunIn *in, AppRunOut *out)
{
    RunRow row;
    RunFull full;
    *out = (AppRunOut){ 0 };
    TRY(cx, project_open(cx, house, PROJECT_READ, NULL));
    Repo *repo = house->project->repo;
    TRY(cx, repo_run_find(cx, repo, in->run, &row));
    TRY(cx, repo_run_full(cx, repo, row.id, &full));
    TRY(cx, row_to_run(cx, &row, &out->about));
    TRY(cx, score_from_build(cx, repo, &row, &out->about));
    TRY(cx, fill_trials(cx, &full, out));
    TRY(cx, fill_said(cx, &full, out));
    TRY(cx, from_board(cx, repo, &full, out));
    out->options_json = row.options;
    out->arguments_json = row.arguments;
    out->environment_json = row.environment;
    out->resources_json = row.resources;
    out->commit = row.git_commit;
    out->remote = row.git_remote;
    out->dirty = row.git_dirty;
    out->host = row.host;
    out->version = row.version;
    out->folder = row.folder;
    out->summary = row.summary;
    out->parent = row.parent;
    out->has_exit = row.has_exit;
    out->exit_code = row.exit_code;
    out->signal = row.signal;
    out->ended_us = row.ended_us;
    return OK;
}

static void said_json(const AppRunOut *out, Text *t)
{
    json_key_open(t, "params");
    for (size_t i = 0; i < out->params_n; i++) json_key_text(t, out->param[i].key, out->param[i].value);
    json_close(t);
    json_key_open(t, "metrics");
    for (size_t i = 0; i < out->metrics_n; i++) {
        const AppMetric *m = &out->metric[i];
        json_key_open(t, m->key);
        json_key_num(t, "last", m->last);
        json_key_num(t, "min", m->min);
        json_key_num(t, "max", m->max);
        json_key_int(t, "step", m->last_step);
        json_key_int(t, "time_us", m->last_us);
        json_key_int(t, "n", (int64_t)m->n);
        json_close(t);
    }
    json_close(t);
    json_key_open(t, "tags");
    for (size_t i = 0; i < out->tags_n; i++) json_key_text(t, out->tag[i].key, out->tag[i].value);
    json_close(t);
    json_key_open_array(t, "inputs");
    for (size_t i = 0; i < out->inputs_n; i++) {
        json_open(t);
        json_key_text(t, "name", out->input[i].name);
        json_key_text(t, "digest", out->input[i].digest);
        json_key_text(t, "context", out->input[i].context);
        json_key_text(t, "source", out->input[i].source);
        json_close(t);
    }
    json_close_array(t);
    json_key_open_array(t, "artifacts");
    for (size_t i = 0; i < out->artifacts_n; i++) {
        json_open(t);
        json_key_text(t, "name", out->artifact[i].name);
        json_key_text(t, "media", out->artifact[i].media);
        json_key_text(t, "digest", out->artifact[i].digest);
        json_key_int(t, "bytes", (int64_t)out->artifact[i].bytes);
        json_close(t);
    }
    json_close_array(t);
    json_key_open_array(t, "notes");
    for (size_t i = 0; i < out->notes_n; i++) {
        json_open(t);
        json_key_text(t, "text", out->note[i].text);
        json_key_text(t, "by", out->note[i].who);
        json_key_int(t, "time_us", out->note[i].time_us);
        json_close(t);
    }
    json_close_array(t);
    json_key_open_array(t, "log");
    for (size_t i = 0; i < out->log_n; i++) {
        json_open(t);
        json_key_text(t, "kind", out->log[i].kind);
        json_key_text(t, "stage", out->log[i].stage);
        json_key_text(t, "text", out->log[i].text);
        json_key_int(t, "time_us", out->log[i].time_us);
        json_close(t);
    }
    json_close_array(t);
}

static void circumstances_json(const AppRunOut *out, Text *t)
{
    json_key_raw(t, "options", out->options_json && out->options_json[0] ? out->options_json : "{}");
    json_key_raw(t, "arguments", out->arguments_json[0] ? out->arguments_json : "[]");
    json_key_raw(t, "environment", out->environment_json[0] ? out->environment_json : "{}");
    json_key_text(t, "folder", out->folder);
    json_key_text(t, "host", out->host);
    json_key_text(t, "version", out->version);
    json_key_text(t, "parent", out->parent[0] ? out->parent : NULL);
    json_key_open(t, "git");
    json_key_text(t, "commit", out->commit);
    json_key_text(t, "remote", out->remote);
    json_key_bool(t, "dirty", out->dirty);
    json_close(t);
    json_key_text(t, "summary", out->summary);
    if (out->ended_us) json_key_int(t, "ended_us", out->ended_us);
    if (out->has_exit) json_key_int(t, "exit", out->exit_code);
    if (out->signal) json_key_int(t, "signal", out->signal);
    if (out->resources_json[0]) json_key_raw(t, "resources", out->resources_json);
}

static void trial_json(const AppTrial *r, Text *t)
{
    json_open(t);
    if (r->run) json_key_text(t, "run", r->run);
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
    if (!r->run) json_key_num(t, "weight", r->weight > 0 ? r->weight : 0);
    if (!r->run) json_key_bool(t, "pareto", r->pareto);
    json_close(t);
}

void app_run_show_json(const AppRunOut *out, Text *t)
{
    json_open(t);
    about_json(&out->about, t);
    circumstances_json(out, t);
    said_json(out, t);
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
    for (size_t i = 0; i < out->trials_n; i++) trial_json(&out->trial[i], t);
    json_close_array(t);
    json_close(t);
}

/* ------------------------------------------------------------------ trials */

Err app_trials(Ctx *cx, House *house, const AppSearch *in, AppTrialsOut *out)
{
    TrialFound *rows;
    size_t n;
    bool more;
    const RepoSearch search = repo_search_of(in);
    *out = (AppTrialsOut){ 0 };
    TRY(cx, project_open(cx, house, PROJECT_READ, NULL));
    TRY(cx, repo_search_trials(cx, house->project->repo, &search, &rows, &n, &more));
    AppTrial *list = ctx_scratch(cx, (n + 1) * sizeof *list);
    if (!list) return FAIL(cx, ERR_NOMEM, "listing %zu trials", n);
    for (size_t i = 0; i < n; i++) {
        trial_of(&rows[i].trial, &list[i]);
        list[i].run = ctx_scratch_fmt(cx, "%llu", (unsigned long long)rows[i].run_number);
        if (!list[i].run) return FAIL(cx, ERR_NOMEM, "listing %zu trials", n);
    }
    *out = (AppTrialsOut){ list, n, more };
    return OK;
}

void app_trials_json(const AppTrialsOut *out, Text *t)
{
    json_open(t);
    json_key_open_array(t, "trials");
    for (size_t i = 0; i < out->n; i++) trial_json(&out->trial[i], t);
    json_close_array(t);
    json_key_bool(t, "more", out->more);
    json_close(t);
}

/* ------------------------------------------------------------- experiments */

Err app_experiments(Ctx *cx, House *house, const AppSearch *in, AppExperimentsOut *out)
{
    ExperimentRow *rows;
    size_t n;
    bool more;
    const RepoSearch search = repo_search_of(in);
    *out = (AppExperimentsOut){ 0 };
    TRY(cx, project_open(cx, house, PROJECT_READ, NULL));
    TRY(cx, repo_search_experiments(cx, house->project->repo, &search, &rows, &n, &more));
    AppExperiment *list = ctx_scratch(cx, (n + 1) * sizeof *list);
    if (!list) return FAIL(cx, ERR_NOMEM, "listing %zu experiments", n);
    for (size_t i = 0; i < n; i++) {
        list[i] = (AppExperiment){ rows[i].name, ctx_scratch_fmt(cx, "%lld", (long long)rows[i].id), rows[i].runs_n,
                                   rows[i].created_us, rows[i].changed_us, rows[i].deleted };
        if (!list[i].id) return FAIL(cx, ERR_NOMEM, "listing %zu experiments", n);
    }
    *out = (AppExperimentsOut){ list, n, more };
    return OK;
}

void app_experiments_json(const AppExperimentsOut *out, Text *t)
{
    json_open(t);
    json_key_open_array(t, "experiments");
    for (size_t i = 0; i < out->n; i++) {
        const AppExperiment *e = &out->experiment[i];
        json_open(t);
        json_key_text(t, "experiment", e->name);
        json_key_text(t, "id", e->id);
        json_key_int(t, "runs", (int64_t)e->runs);
        if (e->created_us) json_key_int(t, "created_us", e->created_us);
        if (e->deleted) json_key_bool(t, "deleted", true);
        json_close(t);
    }
    json_close_array(t);
    json_key_bool(t, "more", out->more);
    json_close(t);
}

/* ------------------------------------------------------ out of sight, back */

Err app_runs_sight(Ctx *cx, House *house, const AppSightIn *in, AppSightOut *out)
{
    RunRow *row = ctx_scratch(cx, (in->n + 1) * sizeof *row);
    const char **name = ctx_scratch(cx, (in->n + 1) * sizeof *name);
    *out = (AppSightOut){ 0 };
    if (!row || !name) return FAIL(cx, ERR_NOMEM, "looking for %zu runs", in->n);
    TRY(cx, project_open(cx, house, PROJECT_WRITE, NULL));
    Repo *repo = house->project->repo;
    for (size_t i = 0; i < in->n; i++) TRY(cx, repo_run_find(cx, repo, in->run[i], &row[i]));
    for (size_t i = 0; i < in->n; i++) {
        if (in->back) TRY(cx, repo_run_restore(cx, repo, row[i].id));
        else TRY(cx, repo_run_delete(cx, repo, row[i].id));
        name[i] = ctx_scratch_fmt(cx, "%llu", (unsigned long long)row[i].number);
        if (!name[i]) return FAIL(cx, ERR_NOMEM, "after run %s", in->run[i]);
    }
    *out = (AppSightOut){ name, in->n };
    return OK;
}

void app_runs_sight_json(const AppSightOut *out, Text *t)
{
    json_open(t);
    json_texts(t, "runs", out->run, out->n);
    json_close(t);
}

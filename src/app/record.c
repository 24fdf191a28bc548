/* app/record.c -- trials, stages and warnings of a run go on record as they happen.
**
** A trial's blob is an object of the store before its row is in the ledger, so a
** killed run loses nothing it said it had.  The run begins when the first stage
** has ended: data that cannot be learned from leaves no trace.
*/
#include "app/record.h"

#include "os/os.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BLOB_MAX ((size_t)1 << 31)

static void words_key(Text *t, const char *key, const char *const *word, size_t n)
{
    json_key_open_array(t, key);
    for (size_t i = 0; i < n; i++) json_text(t, word[i]);
    json_close_array(t);
}

void source_json(const Digest *data, const AppData *in, Text *t)
{
    char hex[SHA256_TEXT_MAX], instructions[32];
    digest_text(data, hex);
    source_instructions(instructions);
    json_open(t);
    json_key_text(t, "data", hex);
    json_key_text(t, "sheet", in->sheet);
    words_key(t, "na", in->na, in->na_n);
    words_key(t, "type", in->types, in->types_n);
    json_key_text(t, "version", LEAT_VERSION);
    json_key_text(t, "instructions", instructions);
    json_close(t);
}

void source_instructions(char out[32])
{
    char cpu[256];
    os_cpu_name(cpu, sizeof cpu);
    const char *known = strstr(cpu, "(avx");
    size_t n = known ? strcspn(known + 1, ")") : 0;
    if (known) snprintf(out, 32, "%.*s", (int)(n < 31 ? n : 31), known + 1);
    else snprintf(out, 32, "baseline");
}

Err record_options(Ctx *cx, const AppAutoIn *in, uint64_t seed, const char **out)
{
    Text t;
    *out = NULL;
    text_init(&t, cx);
    json_open(&t);
    if (in->contamination > 0) json_key_num(&t, "contamination", in->contamination);
    if (in->class_weight) json_key_text(&t, "class_weight", in->class_weight);
    words_key(&t, "exclude", in->exclude, in->exclude_n);
    if (in->cost) json_key_text(&t, "cost", in->cost);
    if (in->group) json_key_text(&t, "group", in->group);
    words_key(&t, "learners", in->learners, in->learners_n);
    json_key_int(&t, "memory_mib", (int64_t)in->memory_mib);
    json_key_text(&t, "metric", in->metric);
    if (in->monotone_n) words_key(&t, "monotone", in->monotone, in->monotone_n);
    words_key(&t, "na", in->data.na, in->data.na_n);
    if (in->portable) json_key_bool(&t, "portable", true);
    if (in->refit) json_key_bool(&t, "refit", true);
    json_key_int(&t, "seed", (int64_t)seed);
    json_key_text(&t, "sheet", in->data.sheet);
    json_key_text(&t, "target", in->target);
    json_key_text(&t, "task", in->task);
    json_key_text(&t, "test", in->test);
    json_key_int(&t, "threads", in->threads);
    if (in->trials) json_key_int(&t, "trials", in->trials);
    else json_key_num(&t, "time_s", in->time_s);
    if (in->time_column) json_key_text(&t, "time_column", in->time_column);
    words_key(&t, "type", in->data.types, in->data.types_n);
    json_key_text(&t, "until", in->until);
    if (in->use_n) words_key(&t, "use", in->use, in->use_n);
    if (in->weight) json_key_text(&t, "weight", in->weight);
    json_close(&t);
    Err err = text_err(&t);
    if (!err && !(*out = ctx_scratch_text(cx, t.at))) err = FAIL(cx, ERR_NOMEM, "noting the options");
    text_clear(&t);
    return err;
}

/* ------------------------------------------------------------------- begin */

#define GIT_WAIT_US 500000 /* of a budget that people gave for modelling */

extern char **environ;

/* What surrounds the run, without its secrets. */
typedef struct Around { Secrets *known; Text command, path, diff, untracked; GitState git; const char *environment; } Around;

static Err look_around(Ctx *cx, const AppAutoIn *in, Around *a)
{
    const char *command = in->command ? in->command : "leat auto";
    text_init(&a->command, cx);
    text_init(&a->path, cx);
    text_init(&a->diff, cx);
    text_init(&a->untracked, cx);
    TRY(cx, secret_know(cx, environ, &a->known));
    TRY(cx, secret_scrub(cx, a->known, command, strlen(command), &a->command, NULL));
    TRY(cx, secret_scrub(cx, a->known, in->data.path, strlen(in->data.path), &a->path, NULL));
    TRY(cx, around_environment(cx, a->known, NULL, 0, &a->environment));
    git_look(cx, GIT_WAIT_US, &a->git, a->known, &a->diff, &a->untracked);
    return OK;
}

static void around_clear(Ctx *cx, Around *a)
{
    secret_forget(cx, a->known);
    text_clear(&a->command);
    text_clear(&a->path);
    text_clear(&a->diff);
    text_clear(&a->untracked);
}

/* What was asked for, as params that runs are found by. */
static Err log_asked(Record *r)
{
    const AppAutoIn *in = r->in;
    char seed[24], budget[NUM_TEXT_MAX];
    RepoPair pair[8];
    size_t n = 0;
    snprintf(seed, sizeof seed, "%llu", (unsigned long long)r->seed);
    num_text(in->trials ? in->trials : in->time_s, budget);
    pair[n++] = (RepoPair){ "seed", seed };
    pair[n++] = (RepoPair){ in->trials ? "trials" : "time_s", budget };
    if (in->target) pair[n++] = (RepoPair){ "target", in->target };
    if (in->metric) pair[n++] = (RepoPair){ "metric", in->metric };
    if (in->group) pair[n++] = (RepoPair){ "group", in->group };
    if (in->time_column) pair[n++] = (RepoPair){ "time_column", in->time_column };
    TRY(r->cx, repo_log_params(r->cx, r->house->project->repo, repo_run_id(r->run), pair, n));
    return OK;
}

Err record_result(Record *r, const char *task, const char *learner, double score, double se)
{
    Ctx *cx = r->cx;
    Repo *repo = r->house->project->repo;
    const RepoPair pair[] = { { "task", task }, { "learner", learner } };
    char error[64];
    int64_t now = cx->world->clock->now_us(cx->world->clock->self);
    TRY(cx, repo_log_params(cx, repo, repo_run_id(r->run), pair, learner ? 2 : 1));
    if (!r->metric) return OK;
    snprintf(error, sizeof error, "%s_se", r->metric->name);
    const MetricIn metric[] = { { r->metric->name, { now, 0, score } }, { error, { now, 0, se } },
                                { "trials", { now, 0, r->trials } } };
    TRY(cx, repo_log_metrics(cx, repo, repo_run_id(r->run), metric, 3));
    return OK;
}

static Err begin_run(Record *r, const DataBytes *data, Around *a)
{
    Ctx *cx = r->cx;
    Repo *repo = r->house->project->repo;
    char host[256], cwd[OS_PATH_MAX], hex[SHA256_TEXT_MAX];
    const char *parent = getenv("LEAT_RUN");
    os_host_name(host, sizeof host);
    TRY(cx, os_cwd(cx, cwd));
    digest_text(&data->digest, hex);
    const char *version = r->in->data.dataset;     /* NULL: a file */
    const InputIn input = { .name = version ? version : a->path.at, .digest = version ? r->in->data.tree : hex, .context = "training",
                            .source_type = version ? "dataset" : "local", .source = a->path.at, .bytes = (int64_t)data->bytes };
    RunStart start = {
        .verb = "auto",
        .command = a->command.at,
        .options = r->options,
        .seed = r->seed,
        .data_path = a->path.at,
        .data = &data->digest,
        .data_bytes = data->bytes,
        .data_kept = !r->in->no_keep,
        .git_commit = a->git.commit[0] ? a->git.commit : NULL,
        .git_remote = a->git.remote[0] ? a->git.remote : NULL,
        .git_dirty = a->git.dirty,
        .host = host,
        .version = LEAT_VERSION,
        .environment = a->environment,
        .folder = cwd,
        .input = &input,
        .inputs_n = 1,
        .parent = parent && strlen(parent) == REPO_ID_MAX - 1 ? parent : NULL,
    };
    TRY(cx, repo_run_start(cx, repo, &start, &r->run));
    TRY(cx, around_code(cx, repo, repo_run_id(r->run), &a->diff, &a->untracked));
    TRY(cx, log_asked(r));
    return OK;
}

Err record_begin(Record *r)
{
    Ctx *cx = r->cx;
    DataBytes data;
    Around a = { 0 };
    if (r->run) return OK;
    TRY(cx, project_open(cx, r->house, PROJECT_MAKE, &r->made_project));
    Repo *repo = r->house->project->repo;
    TRY(cx, data_bytes_of(cx, repo_store(repo), &r->in->data, !r->in->no_keep, &data));
    if (r->resumes && !digest_same(&data.digest, &r->resumed))
        return FAIL(cx, ERR_BAD_INPUT,
                    "'%.150s' has changed since run %s: its trials do not fit these rows; leave --resume out",
                    r->in->data.path, r->in->resume);
    r->data = data.digest;
    Err err = look_around(cx, r->in, &a);
    if (!err) err = begin_run(r, &data, &a);
    around_clear(cx, &a);
    TRY(cx, err);
    if (r->in->watch.begun) {
        const char *name = ctx_scratch_fmt(cx, "%llu", (unsigned long long)repo_run_number(r->run));
        r->in->watch.begun(r->in->watch.self, name ? name : "", repo_folder(repo), r->made_project);
    }
    return OK;
}

static Err log_warnings(Record *r, const char *stage)
{
    for (; r->logged_n < r->ear->n; r->logged_n++)
        TRY(r->cx, repo_run_log(r->cx, r->run, PROGRESS_WARNING, stage, r->ear->text[r->logged_n]));
    return OK;
}

/* -------------------------------------------------------------------- sink */

/* The metric that trials will be scored by: what was asked, else the task's own, which stage 1 has found out. */
static void find_metric(Record *r, const char *json)
{
    Task task;
    yyjson_doc *doc = yyjson_read(json, strlen(json), 0);
    const char *word = yyjson_get_str(yyjson_obj_get(yyjson_doc_get_root(doc), "task"));
    if (r->in->metric) r->metric = metric_find(r->in->metric);
    else if (word && task_read(word, &task)) r->metric = metric_default(task);
    yyjson_doc_free(doc);
}

static Err on_stage(void *self, Ctx *cx, Stage s, double seconds, const char *summary, const char *json)
{
    Record *r = self;
    char name[64];
    Digest digest;
    TRY(cx, record_begin(r));
    TRY(cx, log_warnings(r, stage_word(s)));
    snprintf(name, sizeof name, "stage/%s.json", stage_word(s));
    size_t n = strlen(json);
    TRY(cx, repo_run_artifact(cx, r->run, name, "application/json", json, n, &digest));
    StageRow row = { .name = stage_word(s), .seconds = seconds, .summary = summary, .artifact = &digest };
    TRY(cx, repo_run_stage(cx, r->run, &row));
    ctx_put(cx, r->json[s]);
    r->json[s] = ctx_get(cx, n + 1);
    const char *kept = ctx_scratch_text(cx, summary);
    if (!r->json[s] || !kept) return FAIL(cx, ERR_NOMEM, "keeping the results of stage %s", stage_word(s));
    memcpy(r->json[s], json, n + 1);
    r->stage[r->stages_n++] = (AppStage){ stage_word(s), kept, seconds };
    if (s == STAGE_VISUALIZE) find_metric(r, json);
    return OK;
}

static Err on_trial(void *self, Ctx *cx, const Trial *t)
{
    Record *r = self;
    char name[64];
    bool failed = t->state == TRIAL_FAILED;
    TRY(cx, record_begin(r));
    TRY(cx, log_warnings(r, stage_word(t->stage)));
    if (t->blob) {
        snprintf(name, sizeof name, "trial/%u", t->number);
        TRY(cx, repo_run_artifact(cx, r->run, name, "application/x-leat-trial", t->blob, t->blob_n, NULL));
    }
    TrialRow row = {
        .number = t->number,
        .learner = t->learner,
        .params = t->params,
        .fold_score = failed ? NULL : t->fold_score,
        .folds_n = failed ? 0 : t->folds,
        .score = t->score,
        .se = t->se,
        .fit_s = t->fit_s,
        .predict_us_row = t->predict_us_row,
        .size_bytes = (double)t->size_bytes,
        .state = failed                  ? REPO_TRIAL_FAILED
                 : t->state == TRIAL_CUT ? REPO_TRIAL_CUT
                                         : REPO_TRIAL_OK,
        .why = t->why && t->why[0] ? t->why : NULL,
        .stage = stage_word(t->stage),
    };
    TRY(cx, repo_run_trials(cx, r->run, &row, 1));
    r->trials++;
    bool higher = r->metric && r->metric->higher;
    if (isfinite(t->score) && (!isfinite(r->best) || (higher ? t->score > r->best : t->score < r->best))) {
        r->best = t->score;
        r->best_se = t->se;
    }
    if (r->in->watch.trial)
        r->in->watch.trial(r->in->watch.self, r->trials, r->metric ? r->metric->name : "score", r->best,
                           r->best_se);
    return OK;
}

static Err on_source(void *self, Ctx *cx, Text *json)
{
    Record *r = self;
    TRY(cx, record_begin(r));
    source_json(&r->data, &r->in->data, json);
    return text_err(json);
}

AutoSink record_sink(Record *r)
{
    return (AutoSink){ .trial = on_trial, .stage = on_stage, .source = on_source, .self = r };
}

void record_end(Record *r, RunState state, const char *summary)
{
    Ctx aside;
    if (!r->run) return;
    ctx_child(r->cx, &aside);
    aside.cancel = NULL; /* what was done must still be written down */
    aside.deadline_us = 0;
    (void)!log_warnings(r, NULL);
    (void)!repo_run_finish(&aside, r->run, state, summary);
    ctx_clear(&aside);
}

void record_clear(Record *r)
{
    for (int s = 0; s < STAGES_N; s++) ctx_put(r->cx, r->json[s]);
    repo_run_close(r->cx, r->run);
    r->run = NULL;
}

/* ------------------------------------------------------------------ resume */

void resumed_clear(Ctx *cx, Resumed *r)
{
    for (size_t i = 0; i < r->bytes_n; i++) ctx_put(cx, r->bytes[i]);
    ctx_put(cx, r->bytes);
    ctx_put(cx, r->trial);
    *r = (Resumed){ 0 };
}

/* Options that decide the rows, their order, their folds and the features: equal in both, or the trials do not fit. */
static Err same_ground(Ctx *cx, const RunRow *run, const char *options)
{
    static const char *const keys[] = { "target", "task", "seed", "exclude", "type", "na", "sheet", "metric",
                                       "group",  "time_column", "weight", "class_weight", "monotone", "use" };
    yyjson_doc *a = yyjson_read(run->options, strlen(run->options), 0),
               *b = yyjson_read(options, strlen(options), 0);
    const char *differs = NULL;
    for (size_t i = 0; i < sizeof keys / sizeof *keys && !differs; i++) {
        yyjson_val *x = yyjson_obj_get(yyjson_doc_get_root(a), keys[i]), *y = yyjson_obj_get(yyjson_doc_get_root(b), keys[i]);
        if ((x || y) && !yyjson_equals(x, y)) differs = keys[i];
    }
    Err err = !differs ? OK
                       : FAIL(cx, ERR_BAD_INPUT,
                              "run %llu had another --%s: its trials do not fit; give the same, or leave --resume "
                              "out (it was: %.200s)",
                              (unsigned long long)run->number, differs, run->command);
    yyjson_doc_free(a);
    yyjson_doc_free(b);
    return err;
}

static Err take_artifact(Ctx *cx, Store *store, const RunFull *full, const char *name, Resumed *out, size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < full->artifacts_n; i++) {
        if (strcmp(full->artifact[i].name, name)) continue;
        TRY(cx, store_get(cx, store, &full->artifact[i].digest, BLOB_MAX, &out->bytes[out->bytes_n], n));
        out->bytes_n++;
        return OK;
    }
    return OK;
}

Err record_resume(Record *r, Resumed *out)
{
    Ctx *cx = r->cx;
    Err err = OK;
    RunRow run;
    RunFull full;
    size_t n;
    *out = (Resumed){ 0 };
    TRY(cx, project_open(cx, r->house, PROJECT_WRITE, NULL));
    Repo *repo = r->house->project->repo;
    TRY(cx, repo_run_find(cx, repo, r->in->resume, &run));
    TRY(cx, repo_run_full(cx, repo, run.id, &full));
    TRY(cx, same_ground(cx, &run, r->options));
    r->resumed = run.data;
    r->resumes = run.has_data;
    GET_DONE(cx, out->bytes, full.trials_n + 1, "taking up run %s", r->in->resume);
    GET_DONE(cx, out->trial, full.trials_n + 1, "taking up run %s", r->in->resume);
    for (size_t i = 0; i < full.trials_n; i++) {
        const TrialRow *t = &full.trial[i];
        char name[64];
        Stage stage = STAGE_SELECT;
        snprintf(name, sizeof name, "trial/%u", t->number);
        TRY_DONE(cx, take_artifact(cx, repo_store(repo), &full, name, out, &n));
        if (!n) continue;
        if (t->stage) (void)stage_read(t->stage, &stage);
        out->trial[out->n++] = (Trial){
            .number = t->number,
            .stage = stage,
            .learner = t->learner,
            .params = t->params,
            .why = "",
            .state = t->state == REPO_TRIAL_CUT ? TRIAL_CUT : TRIAL_DONE,
            .score = t->score,
            .se = t->se,
            .fold_score = t->fold_score,
            .folds = (uint32_t)t->folds_n,
            .fit_s = t->fit_s,
            .predict_us_row = t->predict_us_row,
            .size_bytes = t->size_bytes > 0 ? (uint64_t)t->size_bytes : 0,
            .blob = out->bytes[out->bytes_n - 1],
            .blob_n = n,
        };
    }
    TRY_DONE(cx, take_artifact(cx, repo_store(repo), &full, "stage/engineer.json", out, &n));
    if (n) out->engineer = out->bytes[out->bytes_n - 1];
done:
    if (err) resumed_clear(cx, out);
    return err;
}

/* repo/run.c -- writing a run: each act one event, and a lease that says we live.
**
** While a run is written its process holds the lease run-<id>.  The system
** drops it when the process ends, however it ends; so a run that the tables call
** running but whose lease nobody holds was interrupted.
*/
#include "repo/inner.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define LOG_LINES_MAX 256          /* kept in memory before they become an event */
#define LOG_BYTES_MAX ((size_t)256 << 10)
#define LOG_LINE_MAX 2000          /* bytes of one line; more is cut */

struct Run {
    Repo *repo;
    char id[REPO_ID_MAX];
    uint64_t number;
    StoreLease lease;
    Text lines;                    /* JSON objects, with commas between */
    size_t lines_n;
    bool finished;
};

static const Statement st_id = { "SELECT lower(hex(randomblob(16)))", "SELECT replace(gen_random_uuid()::text, '-', '')" };
static const Statement st_number = { "SELECT number FROM run WHERE id = ?1", NULL };
static const Statement st_running = { "SELECT id FROM run WHERE state = 'running' AND held = 1", NULL };

/* --- events --- */

/* The lines kept so far, as one event; inside a group. */
static Err append_lines(Ctx *cx, Run *run)
{
    Text t;
    if (!run->lines_n) return OK;
    TRY(cx, text_err(&run->lines));
    text_init(&t, cx);
    json_open(&t);
    json_key_open_array(&t, "lines");
    text_bytes(&t, run->lines.at, run->lines.n);
    json_close_array(&t);
    json_close(&t);
    TRY(cx, repo_append(cx, run->repo, "run.log", run->id, &t));
    return OK;
}

static void drop_lines(Run *run)
{
    text_clear(&run->lines);
    run->lines_n = 0;
}

/* One act and the lines before it, all or none. */
static Err act_with_lines(Ctx *cx, Run *run, const char *kind, Text *payload)
{
    Err err = OK;
    TRY_DONE(cx, ledger_begin(cx, run->repo->ledger));
    TRY_DONE(cx, append_lines(cx, run));
    TRY_DONE(cx, repo_append(cx, run->repo, kind, run->id, payload));
    TRY_DONE(cx, ledger_commit(cx, run->repo->ledger));
    drop_lines(run);
done:
    ledger_cancel(run->repo->ledger);
    text_clear(payload);
    return err;
}

/* --- beginning --- */

static void write_start(const RunStart *in, Text *t)
{
    char hex[SHA256_TEXT_MAX], seed[24];
    snprintf(seed, sizeof seed, "%" PRIu64, in->seed);
    json_open(t);
    json_key_raw(t, "arguments", in->arguments ? in->arguments : "[]");
    json_key_text(t, "command", in->command ? in->command : "");
    if (in->data_path || in->data) {
        json_key_open(t, "data");
        json_key_int(t, "bytes", (int64_t)in->data_bytes);
        if (in->data) {
            digest_text(in->data, hex);
            json_key_text(t, "digest", hex);
        }
        json_key_bool(t, "kept", in->data_kept);
        json_key_text(t, "path", in->data_path ? in->data_path : "");
        json_close(t);
    }
    json_key_raw(t, "environment", in->environment ? in->environment : "{}");
    if (in->experiment) json_key_text(t, "experiment", in->experiment);
    if (in->folder) json_key_text(t, "folder", in->folder);
    if (in->git_commit) {
        json_key_open(t, "git");
        json_key_text(t, "commit", in->git_commit);
        json_key_bool(t, "dirty", in->git_dirty);
        json_key_text(t, "remote", in->git_remote ? in->git_remote : "");
        json_close(t);
    }
    json_key_text(t, "host", in->host ? in->host : "");
    if (in->inputs_n) {
        json_key_open_array(t, "inputs");
        for (size_t i = 0; i < in->inputs_n; i++) repo_input_write(t, &in->input[i]);
        json_close_array(t);
    }
    if (in->loose) json_key_bool(t, "loose", true);
    if (in->name) json_key_text(t, "name", in->name);
    json_key_raw(t, "options", in->options ? in->options : "{}");
    if (in->parent) json_key_text(t, "parent", in->parent);
    json_key_text(t, "seed", seed);
    if (in->start_us) json_key_int(t, "start_us", in->start_us);
    if (in->tags_n) {
        json_key_open(t, "tags");
        for (size_t i = 0; i < in->tags_n; i++) json_key_text(t, in->tag[i].key, in->tag[i].value);
        json_close(t);
    }
    json_key_text(t, "verb", in->verb ? in->verb : "");
    json_key_text(t, "version", in->version ? in->version : "");
    json_close(t);
}

static Err fresh_id(Ctx *cx, Repo *r, char id[REPO_ID_MAX])
{
    DbRows *rows = NULL;
    bool more = false;
    Err err = OK;
    TRY_DONE(cx, db_ask(cx, ledger_db(r->ledger), &st_id, DB_NO_ARGS, &rows));
    TRY_DONE(cx, db_next(cx, rows, &more));
    const char *text = more ? db_get_text(rows, 0) : NULL;
    if (text) snprintf(id, REPO_ID_MAX, "%s", text);
    else err = FAIL(cx, ERR_NOMEM, "naming a run");
done:
    db_rows_close(rows);
    return err;
}

/* A handle that holds the lease.  ERR_REFUSED a living process has it. */
static Err hold(Ctx *cx, Repo *r, const char *id, Run **out)
{
    char lease[STORE_NAME_MAX];
    Run *run = ctx_get(cx, sizeof *run);
    *out = NULL;
    if (!run) return FAIL(cx, ERR_NOMEM, "starting a run");
    run->repo = r;
    snprintf(run->id, sizeof run->id, "%s", id);
    text_init(&run->lines, cx);
    repo_lease_name(id, lease);
    Err err = store_lease_take(cx, r->store, lease, &run->lease);
    if (err == ERR_REFUSED) err = FAIL(cx, err, "run '%.12s…' is being written by another process", id);
    if (err) {
        ctx_put(cx, run);
        return err;
    }
    *out = run;
    return OK;
}

static Err learn_number(Ctx *cx, Run *run)
{
    int64_t n = 0;
    TRY(cx, db_ask_int(cx, ledger_db(run->repo->ledger), &st_number, DB_ARGS(db_text(run->id)), 0, &n));
    run->number = (uint64_t)n;
    return OK;
}

/* Inside a group: an experiment that is not there is made. */
static Err need_experiment(Ctx *cx, Repo *r, const char *name)
{
    static const Statement ask = { "SELECT count(*) FROM experiment WHERE name = ?1", NULL };
    int64_t n = 0;
    Text t;
    if (!name) return OK;
    if (!*name || strlen(name) > REPO_EXPERIMENT_MAX)
        return FAIL(cx, ERR_BAD_INPUT, "the name of an experiment has 1 to %d bytes", REPO_EXPERIMENT_MAX);
    TRY(cx, db_ask_int(cx, ledger_db(r->ledger), &ask, DB_ARGS(db_text(name)), 0, &n));
    if (n) return OK;
    text_init(&t, cx);
    text_put(&t, "{}");
    TRY(cx, repo_append(cx, r, "experiment.created", name, &t));
    return OK;
}

Err repo_run_start(Ctx *cx, Repo *r, const RunStart *in, Run **out)
{
    char id[REPO_ID_MAX];
    Run *run = NULL;
    Text t;
    Err err = OK;
    *out = NULL;
    text_init(&t, cx);
    TRY(cx, fresh_id(cx, r, id));
    TRY(cx, hold(cx, r, id, &run));
    write_start(in, &t);
    TRY_DONE(cx, ledger_begin(cx, r->ledger));
    TRY_DONE(cx, need_experiment(cx, r, in->experiment));
    TRY_DONE(cx, repo_append(cx, r, "run.started", id, &t));
    TRY_DONE(cx, learn_number(cx, run));
    TRY_DONE(cx, ledger_commit(cx, r->ledger));
    *out = run;
    run = NULL;
done:
    ledger_cancel(r->ledger);
    text_clear(&t);
    repo_run_close(cx, run);
    return err;
}

Err repo_run_resume(Ctx *cx, Repo *r, const char *id, Run **out)
{
    Run *run = NULL;
    Text t;
    Err err = OK;
    *out = NULL;
    text_init(&t, cx);
    TRY(cx, hold(cx, r, id, &run));
    TRY_DONE(cx, ledger_begin(cx, r->ledger));
    TRY_DONE(cx, learn_number(cx, run));
    if (!run->number) {
        err = FAIL(cx, ERR_NOT_FOUND, "no run '%s'", id);
        goto done;
    }
    text_put(&t, "{}");
    TRY_DONE(cx, repo_append(cx, r, "run.resumed", id, &t));
    TRY_DONE(cx, ledger_commit(cx, r->ledger));
    *out = run;
    run = NULL;
done:
    ledger_cancel(r->ledger);
    text_clear(&t);
    repo_run_close(cx, run);
    return err;
}

const char *repo_run_id(const Run *run) { return run->id; }
uint64_t repo_run_number(const Run *run) { return run->number; }

void repo_run_close(Ctx *cx, Run *run)
{
    if (!run) return;
    store_lease_drop(&run->lease);
    drop_lines(run);
    ctx_put(cx, run);
}

/* --- what happens in it --- */

static void write_trial(const TrialRow *row, Text *t)
{
    json_open(t);
    json_key_num(t, "fit_s", row->fit_s);
    json_nums(t, "folds", row->fold_score, row->folds_n);
    json_key_text(t, "learner", row->learner);
    json_key_int(t, "number", row->number);
    json_key_raw(t, "params", row->params ? row->params : "{}");
    json_key_num(t, "predict_us_row", row->predict_us_row);
    json_key_num(t, "score", row->score);
    json_key_num(t, "se", row->se);
    json_key_num(t, "size_bytes", row->size_bytes);
    json_key_text(t, "stage", row->stage ? row->stage : "");
    json_key_text(t, "state", trial_state_text(row->state));
    json_key_text(t, "why", row->why ? row->why : "");
    json_close(t);
}

Err repo_run_trials(Ctx *cx, Run *run, const TrialRow *rows, size_t n)
{
    Err err = OK;
    if (!n) return OK;
    TRY_DONE(cx, ledger_begin(cx, run->repo->ledger));
    TRY_DONE(cx, append_lines(cx, run));
    for (size_t i = 0; i < n; i++) {
        Text t;
        text_init(&t, cx);
        write_trial(&rows[i], &t);
        TRY_DONE(cx, repo_append(cx, run->repo, "run.trial", run->id, &t));
    }
    TRY_DONE(cx, ledger_commit(cx, run->repo->ledger));
    drop_lines(run);
done:
    ledger_cancel(run->repo->ledger);
    return err;
}

Err repo_run_stage(Ctx *cx, Run *run, const StageRow *row)
{
    char hex[SHA256_TEXT_MAX];
    Text t;
    text_init(&t, cx);
    json_open(&t);
    if (row->artifact) {
        digest_text(row->artifact, hex);
        json_key_text(&t, "artifact", hex);
    }
    json_key_text(&t, "name", row->name);
    json_key_num(&t, "seconds", row->seconds);
    json_key_text(&t, "summary", row->summary ? row->summary : "");
    json_close(&t);
    TRY(cx, act_with_lines(cx, run, "run.stage", &t));
    return OK;
}

Err repo_run_artifact(Ctx *cx, Run *run, const char *name, const char *media, const void *bytes, size_t n,
                      Digest *out)
{
    const ArtifactIn in = { .name = name, .media = media, .bytes = bytes, .bytes_n = n };
    TRY(cx, repo_log_artifact(cx, run->repo, run->id, &in, out));
    return OK;
}

Err repo_run_artifact_file(Ctx *cx, Run *run, const char *name, const char *media, const char *path, const char *text,
                           Digest *out)
{
    const ArtifactIn in = { .name = name, .media = media, .path = path, .text = text };
    TRY(cx, repo_log_artifact(cx, run->repo, run->id, &in, out));
    return OK;
}

static Err flush(Ctx *cx, Run *run)
{
    Err err = OK;
    TRY_DONE(cx, ledger_begin(cx, run->repo->ledger));
    TRY_DONE(cx, append_lines(cx, run));
    TRY_DONE(cx, ledger_commit(cx, run->repo->ledger));
    drop_lines(run);
done:
    ledger_cancel(run->repo->ledger);
    return err;
}

Err repo_run_log(Ctx *cx, Run *run, ProgressKind kind, const char *stage, const char *text)
{
    Text *t = &run->lines;
    size_t n = strlen(text);
    size_t before = t->n;
    t->comma = false;
    if (run->lines_n) text_char(t, ',');
    json_open(t);
    json_key_text(t, "kind", repo_log_word(kind));
    json_key_text(t, "stage", stage ? stage : "");
    json_key(t, "text");
    json_text_n(t, text, n < LOG_LINE_MAX ? n : LOG_LINE_MAX);
    json_key_int(t, "time_us", cx->world->clock->now_us(cx->world->clock->self));
    json_close(t);
    if (t->broken) {                           /* forget this line, not the ones before it */
        t->broken = false;
        t->n = before;
        if (t->at) t->at[before] = 0;
        t->depth = 0;
        return FAIL(cx, ERR_NOMEM, "keeping a line of the run's log");
    }
    run->lines_n++;
    if (run->lines_n >= LOG_LINES_MAX || t->n >= LOG_BYTES_MAX) TRY(cx, flush(cx, run));
    return OK;
}

Err repo_run_end(Ctx *cx, Run *run, const RunEnd *end)
{
    Text t;
    if (end->state == RUN_RUNNING || run->finished)
        return FAIL(cx, ERR_BUG, "run '%.12s…' cannot end like this", run->id);
    text_init(&t, cx);
    json_open(&t);
    if (end->has_exit) json_key_int(&t, "exit", end->exit_code);
    if (end->resources) json_key_raw(&t, "resources", end->resources);
    if (end->signal) json_key_int(&t, "signal", end->signal);
    json_key_text(&t, "state", run_state_text(end->state));
    json_key_text(&t, "summary", end->summary ? end->summary : "");
    json_close(&t);
    TRY(cx, act_with_lines(cx, run, "run.finished", &t));
    run->finished = true;
    store_lease_drop(&run->lease);
    return OK;
}

Err repo_run_finish(Ctx *cx, Run *run, RunState state, const char *summary)
{
    const RunEnd end = { .state = state, .summary = summary };
    TRY(cx, repo_run_end(cx, run, &end));
    return OK;
}

/* --- the dead --- */

typedef struct Name { char id[REPO_ID_MAX]; } Name;

static Err running(Ctx *cx, Repo *r, Name **out, size_t *n)
{
    DbRows *rows = NULL;
    bool more = false;
    void *list = NULL;
    Err err = OK;
    *n = 0;
    TRY_DONE(cx, db_ask(cx, ledger_db(r->ledger), &st_running, DB_NO_ARGS, &rows));
    for (;;) {
        TRY_DONE(cx, db_next(cx, rows, &more));
        if (!more) break;
        Name *name = repo_row(cx, &list, *n, sizeof *name);
        const char *text = db_get_text(rows, 0);
        if (!name || !text) {
            err = FAIL(cx, ERR_NOMEM, "listing runs");
            goto done;
        }
        snprintf(name->id, sizeof name->id, "%s", text);
        ++*n;
    }
    *out = list;
done:
    db_rows_close(rows);
    return err;
}

/* Inside a group: whoever could still finish it is kept out, and its lease shows whether it lives. */
static Err bury_one(Ctx *cx, Repo *r, const char *id, StoreLease *lease)
{
    char name[STORE_NAME_MAX];
    Text t;
    repo_lease_name(id, name);
    Err err = store_lease_take(cx, r->store, name, lease);
    if (err == ERR_REFUSED) {
        cx->text[0] = 0;                       /* it lives */
        return OK;
    }
    TRY(cx, err);
    text_init(&t, cx);
    json_open(&t);
    json_key_text(&t, "state", run_state_text(RUN_INTERRUPTED));
    json_key_text(&t, "summary", "its process ended without finishing it");
    json_close(&t);
    TRY(cx, repo_append(cx, r, "run.finished", id, &t));
    return OK;
}

Err repo_bury(Ctx *cx, Repo *r)
{
    Name *name = NULL;
    size_t n = 0, dead = 0;
    Err err = OK;
    TRY(cx, running(cx, r, &name, &n));
    for (size_t i = 0; i < n; i++) {           /* most often none is dead, and no lock is needed */
        char lease[STORE_NAME_MAX];
        bool held = false;
        repo_lease_name(name[i].id, lease);
        TRY(cx, store_lease_held(cx, r->store, lease, &held));
        dead += !held;
    }
    if (!dead) return OK;
    StoreLease *lease = NULL;
    TRY_DONE(cx, ledger_begin(cx, r->ledger));
    TRY_DONE(cx, running(cx, r, &name, &n));
    GET_DONE(cx, lease, n + 1, "recording %zu runs that were interrupted", n);
    for (size_t i = 0; i < n; i++) TRY_DONE(cx, bury_one(cx, r, name[i].id, &lease[i]));
    TRY_DONE(cx, ledger_commit(cx, r->ledger));
done:
    ledger_cancel(r->ledger);
    for (size_t i = 0; lease && i < n; i++) {
        if (lease[i].path[0]) store_lease_drop(&lease[i]);
    }
    ctx_put(cx, lease);
    return err;
}

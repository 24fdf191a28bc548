/* repo/ask.c -- questions about runs.  Rows are filled in scratch. */
#include "repo/inner.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RUN_PREFIX_MIN 4

#define RUN_COLUMNS \
    "SELECT r.id, r.number, r.state, r.verb, r.command, r.options, r.seed, r.actor, r.summary, r.data_path, r.data," \
    " r.data_kept, r.data_bytes, r.git_commit, r.git_remote, r.git_dirty, r.host, r.version, r.started_us, r.ended_us," \
    " r.started_seq, r.ended_seq, (SELECT count(*) FROM trial t WHERE t.run = r.id)," \
    " (SELECT b.model || '@' || b.n FROM build b WHERE b.run = r.id ORDER BY b.last_seq DESC LIMIT 1)," \
    " r.name, r.experiment, (SELECT e.name FROM experiment e WHERE e.id = r.experiment), r.parent, r.arguments, r.environment," \
    " r.folder, r.resources, r.held, r.deleted, r.exit_code, r.signal FROM run r "

static const Statement st_runs = { RUN_COLUMNS "WHERE r.deleted = 0 ORDER BY r.number DESC LIMIT ?1", NULL };
static const Statement st_by_number = { RUN_COLUMNS "WHERE r.number = ?1", NULL };
static const Statement st_latest = { RUN_COLUMNS "WHERE r.deleted = 0 ORDER BY r.number DESC LIMIT 1", NULL };
static const Statement st_by_prefix = { RUN_COLUMNS "WHERE substr(r.id, 1, length(?1)) = ?1 ORDER BY r.number LIMIT 2", NULL };
static const Statement st_by_name = { RUN_COLUMNS "WHERE r.name = ?1 AND r.deleted = 0 ORDER BY r.number DESC LIMIT 1", NULL };
static const Statement st_params = {
    "SELECT p.key, p.value FROM param p JOIN run r ON r.number = p.run WHERE r.id = ?1 ORDER BY p.key", NULL };
static const Statement st_tags = {
    "SELECT p.key, p.value FROM tag p JOIN run r ON r.number = p.run WHERE r.id = ?1 ORDER BY p.key", NULL };
static const Statement st_metrics = {
    "SELECT m.key, m.last, m.min, m.max, m.last_step, m.last_us, m.n FROM metric m JOIN run r ON r.number = m.run WHERE r.id = ?1"
    " ORDER BY m.key", NULL };
static const Statement st_inputs = {
    "SELECT i.name, i.digest, i.context, i.source_type, i.source, i.schema, i.profile, i.bytes FROM input i JOIN run r"
    " ON r.number = i.run WHERE r.id = ?1 ORDER BY i.name, i.digest", NULL };
static const Statement st_run_notes = {
    "SELECT text, actor, time_us, seq FROM note WHERE about = 'run' AND subject = ?1 ORDER BY seq", NULL };
static const Statement st_notes = {
    "SELECT text, actor, time_us, seq FROM note WHERE about = ?1 AND subject = ?2 ORDER BY seq", NULL };
static const Statement st_series = {
    "SELECT s.points FROM series s JOIN run r ON r.number = s.run WHERE r.id = ?1 AND s.key = ?2 ORDER BY s.piece", NULL };
static const Statement st_points = {
    "SELECT sum(s.n) FROM series s JOIN run r ON r.number = s.run WHERE r.id = ?1 AND s.key = ?2", NULL };
static const Statement st_trials = {
    "SELECT number, learner, params, folds, score, se, fit_s, predict_us_row, size_bytes, state, why, stage"
    " FROM trial WHERE run = ?1 ORDER BY number", NULL };
static const Statement st_stages = { "SELECT name, summary, seconds, artifact FROM stage WHERE run = ?1 ORDER BY seq", NULL };
static const Statement st_artifacts = {
    "SELECT name, media, digest, bytes, seq FROM artifact WHERE run = ?1 ORDER BY name", NULL };
static const Statement st_log = { "SELECT kind, stage, text, time_us FROM log WHERE run = ?1 ORDER BY seq, line", NULL };

/* --- one row each --- */

/* Copy a text into *out; false when there is no memory. */
static bool text_at(Ctx *cx, DbRows *rows, size_t col, const char **out)
{
    *out = db_copy_text(cx, rows, col);
    return *out != NULL;
}

static Err read_run(Ctx *cx, DbRows *q, void *row)
{
    RunRow *r = row;
    const char *id = db_get_text(q, 0), *seed = db_get_text(q, 6);
    bool ok = id && text_at(cx, q, 3, &r->verb) && text_at(cx, q, 4, &r->command) && text_at(cx, q, 5, &r->options)
           && text_at(cx, q, 7, &r->actor) && text_at(cx, q, 8, &r->summary) && text_at(cx, q, 9, &r->data_path)
           && text_at(cx, q, 13, &r->git_commit) && text_at(cx, q, 14, &r->git_remote)
           && text_at(cx, q, 16, &r->host)
           && text_at(cx, q, 17, &r->version) && text_at(cx, q, 23, &r->build) && text_at(cx, q, 24, &r->name)
           && text_at(cx, q, 26, &r->experiment) && text_at(cx, q, 27, &r->parent) && text_at(cx, q, 28, &r->arguments)
           && text_at(cx, q, 29, &r->environment) && text_at(cx, q, 30, &r->folder) && text_at(cx, q, 31, &r->resources);
    if (!ok) return FAIL(cx, ERR_NOMEM, "reading runs");
    snprintf(r->id, sizeof r->id, "%s", id);
    r->number = (uint64_t)db_get_int(q, 1);
    r->state = run_state_of(db_get_text(q, 2));
    r->seed = seed ? strtoull(seed, NULL, 10) : 0;
    r->has_data = repo_digest(q, 10, &r->data);
    r->data_kept = db_get_int(q, 11) != 0;
    r->data_bytes = (uint64_t)db_get_int(q, 12);
    r->git_dirty = db_get_int(q, 15) != 0;
    r->started_us = db_get_int(q, 18);
    r->ended_us = db_get_int(q, 19);
    r->started_seq = (uint64_t)db_get_int(q, 20);
    r->ended_seq = (uint64_t)db_get_int(q, 21);
    r->trials_n = (uint32_t)db_get_int(q, 22);
    r->experiment_id = db_get_int(q, 25);
    r->held = db_get_int(q, 32) != 0;
    r->deleted = db_get_int(q, 33) != 0;
    r->has_exit = db_type(q, 34) != DB_NULL;
    r->exit_code = (int)db_get_int(q, 34);
    r->signal = (int)db_get_int(q, 35);
    return OK;
}

static Err read_folds(Ctx *cx, DbRows *q, size_t col, TrialRow *t)
{
    yyjson_alc alc;
    yyjson_doc *doc;
    yyjson_val *v;
    size_t i, n, bytes;
    const char *json = db_get_blob(q, col, &bytes);
    if (!bytes) return OK;
    TRY(cx, repo_json(cx, json, bytes, &alc, &doc));
    yyjson_val *root = yyjson_doc_get_root(doc);
    double *at = ctx_scratch(cx, (yyjson_arr_size(root) + 1) * sizeof *at);
    Err err = at ? OK : FAIL(cx, ERR_NOMEM, "reading the folds of a trial");
    if (at) {
        yyjson_arr_foreach(root, i, n, v) at[i] = yyjson_is_num(v) ? yyjson_get_num(v) : (double)NAN;
        t->fold_score = at;
        t->folds_n = yyjson_arr_size(root);
    }
    yyjson_doc_free(doc);
    return err;
}

static Err read_trial(Ctx *cx, DbRows *q, void *row)
{
    TrialRow *t = row;
    t->number = (uint32_t)db_get_int(q, 0);
    if (!text_at(cx, q, 1, &t->learner) || !text_at(cx, q, 2, &t->params) || !text_at(cx, q, 10, &t->why)
        || !text_at(cx, q, 11, &t->stage)) return FAIL(cx, ERR_NOMEM, "reading trials");
    t->score = db_get_num(q, 4);
    t->se = db_get_num(q, 5);
    t->fit_s = db_get_num(q, 6);
    t->predict_us_row = db_get_num(q, 7);
    t->size_bytes = db_get_num(q, 8);
    t->state = trial_state_of(db_get_text(q, 9));
    TRY(cx, read_folds(cx, q, 3, t));
    return OK;
}

static Err read_stage(Ctx *cx, DbRows *q, void *row)
{
    StageSeen *s = row;
    if (!text_at(cx, q, 0, &s->name) || !text_at(cx, q, 1, &s->summary))
        return FAIL(cx, ERR_NOMEM, "reading stages");
    s->seconds = db_get_num(q, 2);
    s->has_artifact = repo_digest(q, 3, &s->artifact);
    return OK;
}

static Err read_artifact(Ctx *cx, DbRows *q, void *row)
{
    ArtifactRow *a = row;
    if (!text_at(cx, q, 0, &a->name) || !text_at(cx, q, 1, &a->media))
        return FAIL(cx, ERR_NOMEM, "reading artifacts");
    (void)repo_digest(q, 2, &a->digest);
    a->bytes = (uint64_t)db_get_int(q, 3);
    a->seq = (uint64_t)db_get_int(q, 4);
    return OK;
}

static Err read_log(Ctx *cx, DbRows *q, void *row)
{
    LogRow *l = row;
    l->kind = repo_log_kind(db_get_text(q, 0));
    if (!text_at(cx, q, 1, &l->stage) || !text_at(cx, q, 2, &l->text)) return FAIL(cx, ERR_NOMEM, "reading a log");
    l->time_us = db_get_int(q, 3);
    return OK;
}

static Err read_pair(Ctx *cx, DbRows *q, void *row)
{
    RepoPair *p = row;
    if (!text_at(cx, q, 0, &p->key) || !text_at(cx, q, 1, &p->value)) return FAIL(cx, ERR_NOMEM, "reading params and tags");
    return OK;
}

static Err read_metric(Ctx *cx, DbRows *q, void *row)
{
    MetricRow *m = row;
    if (!text_at(cx, q, 0, &m->key)) return FAIL(cx, ERR_NOMEM, "reading metrics");
    m->last = db_get_num(q, 1);
    m->min = db_get_num(q, 2);
    m->max = db_get_num(q, 3);
    m->last_step = db_get_int(q, 4);
    m->last_us = db_get_int(q, 5);
    m->n = (uint64_t)db_get_int(q, 6);
    return OK;
}

static Err read_input(Ctx *cx, DbRows *q, void *row)
{
    InputRow *i = row;
    bool ok = text_at(cx, q, 0, &i->name) && text_at(cx, q, 1, &i->digest) && text_at(cx, q, 2, &i->context)
           && text_at(cx, q, 3, &i->source_type) && text_at(cx, q, 4, &i->source) && text_at(cx, q, 5, &i->schema)
           && text_at(cx, q, 6, &i->profile);
    i->bytes = db_get_int(q, 7);
    return ok ? OK : FAIL(cx, ERR_NOMEM, "reading the inputs of a run");
}

static Err read_note(Ctx *cx, DbRows *q, void *row)
{
    NoteRow *n = row;
    if (!text_at(cx, q, 0, &n->text) || !text_at(cx, q, 1, &n->actor)) return FAIL(cx, ERR_NOMEM, "reading notes");
    n->time_us = db_get_int(q, 2);
    n->seq = (uint64_t)db_get_int(q, 3);
    return OK;
}

/* --- many rows --- */

Err repo_rows(Ctx *cx, Repo *r, const Statement *st, const DbValue *args, size_t args_n, size_t size,
              Err (*read)(Ctx *cx, DbRows *q, void *row), void **out, size_t *n)
{
    DbRows *rows = NULL;
    bool more = false;
    void *list = NULL;
    Err err = OK;
    *out = NULL;
    *n = 0;
    TRY_DONE(cx, db_ask(cx, ledger_db(r->ledger), st, args, args_n, &rows));
    for (;;) {
        TRY_DONE(cx, db_next(cx, rows, &more));
        if (!more) break;
        void *row = repo_row(cx, &list, *n, size);
        if (!row) {
            err = FAIL(cx, ERR_NOMEM, "reading rows of the project");
            goto done;
        }
        TRY_DONE(cx, read(cx, rows, row));
        ++*n;
    }
    *out = list;
done:
    db_rows_close(rows);
    if (err) *n = 0;
    return err;
}

/* What the tables call running is so only while a process holds its lease. */
static Err look_alive(Ctx *cx, Repo *r, RunRow *run)
{
    char lease[STORE_NAME_MAX];
    bool held = false;
    if (run->state != RUN_RUNNING || !run->held) return OK;
    repo_lease_name(run->id, lease);
    TRY(cx, store_lease_held(cx, r->store, lease, &held));
    if (!held) run->state = RUN_INTERRUPTED;
    return OK;
}

Err repo_run_at(Ctx *cx, Repo *r, int64_t number, RunRow *out, bool *there)
{
    void *rows;
    size_t n;
    memset(out, 0, sizeof *out);
    TRY(cx, repo_rows(cx, r, &st_by_number, DB_ARGS(db_int(number)), sizeof *out, read_run, &rows, &n));
    *there = n > 0;
    if (!n) return OK;
    *out = *(RunRow *)rows;
    TRY(cx, look_alive(cx, r, out));
    return OK;
}

static Err read_found(Ctx *cx, DbRows *q, void *row)
{
    TrialFound *t = row;
    const char *run = db_get_text(q, 12);
    if (!run) return FAIL(cx, ERR_NOMEM, "reading trials");
    snprintf(t->run, sizeof t->run, "%s", run);
    t->run_number = (uint64_t)db_get_int(q, 13);
    t->seq = (uint64_t)db_get_int(q, 14);
    return read_trial(cx, q, &t->trial);
}

Err repo_trial_at(Ctx *cx, Repo *r, int64_t seq, TrialFound *out, bool *there)
{
    static const Statement st = {
        "SELECT t.number, t.learner, t.params, t.folds, t.score, t.se, t.fit_s, t.predict_us_row, t.size_bytes, t.state, t.why,"
        " t.stage, t.run, r.number, t.seq FROM trial t JOIN run r ON r.id = t.run WHERE t.seq = ?1", NULL };
    void *rows;
    size_t n;
    memset(out, 0, sizeof *out);
    TRY(cx, repo_rows(cx, r, &st, DB_ARGS(db_int(seq)), sizeof *out, read_found, &rows, &n));
    *there = n > 0;
    if (n) *out = *(TrialFound *)rows;
    return OK;
}

Err repo_runs(Ctx *cx, Repo *r, size_t limit, RunRow **out, size_t *n)
{
    void *rows;
    int64_t most = limit && limit < INT64_MAX ? (int64_t)limit : INT64_MAX;
    *out = NULL;
    TRY(cx, repo_rows(cx, r, &st_runs, DB_ARGS(db_int(most)), sizeof **out, read_run, &rows, n));
    for (size_t i = 0; i < *n; i++) TRY(cx, look_alive(cx, r, (RunRow *)rows + i));
    *out = rows;
    return OK;
}

static bool all_of(const char *s, int (*is)(int))
{
    if (!*s) return false;
    for (; *s; s++) {
        if (!is((unsigned char)*s)) return false;
    }
    return true;
}

Err repo_run_find(Ctx *cx, Repo *r, const char *ref, RunRow *out)
{
    void *rows = NULL;
    size_t n = 0, length = strlen(ref);
    char low[REPO_ID_MAX];
    memset(out, 0, sizeof *out);
    if (!strcmp(ref, "latest")) {
        TRY(cx, repo_rows(cx, r, &st_latest, DB_NO_ARGS, sizeof *out, read_run, &rows, &n));
    } else if (length < 19 && all_of(ref, isdigit)) {
        TRY(cx, repo_rows(cx, r, &st_by_number, DB_ARGS(db_int(strtoll(ref, NULL, 10))), sizeof *out, read_run,
                          &rows, &n));
    }
    if (!n && length >= RUN_PREFIX_MIN && length < REPO_ID_MAX && all_of(ref, isxdigit)) {
        for (size_t i = 0; i <= length; i++) low[i] = (char)tolower((unsigned char)ref[i]);
        TRY(cx, repo_rows(cx, r, &st_by_prefix, DB_ARGS(db_text(low)), sizeof *out, read_run, &rows, &n));
        if (n > 1) return FAIL(cx, ERR_BAD_INPUT, "several runs begin with '%s'; give more digits", ref);
    }
    if (!n && length) TRY(cx, repo_rows(cx, r, &st_by_name, DB_ARGS(db_text(ref)), sizeof *out, read_run, &rows, &n));
    if (!n) return FAIL(cx, ERR_NOT_FOUND, "no run '%s'; 'leat runs ls' lists them", ref);
    *out = *(RunRow *)rows;
    TRY(cx, look_alive(cx, r, out));
    return OK;
}

Err repo_run_full(Ctx *cx, Repo *r, const char *id, RunFull *out)
{
    const struct {
        const Statement *st;
        size_t size;
        Err (*read)(Ctx *, DbRows *, void *);
        size_t *n;
    } part[] = {
        { &st_trials, sizeof *out->trial, read_trial, &out->trials_n },
        { &st_stages, sizeof *out->stage, read_stage, &out->stages_n },
        { &st_artifacts, sizeof *out->artifact, read_artifact, &out->artifacts_n },
        { &st_log, sizeof *out->log, read_log, &out->log_n },
        { &st_params, sizeof *out->param, read_pair, &out->params_n },
        { &st_tags, sizeof *out->tag, read_pair, &out->tags_n },
        { &st_metrics, sizeof *out->metric, read_metric, &out->metrics_n },
        { &st_inputs, sizeof *out->input, read_input, &out->inputs_n },
        { &st_run_notes, sizeof *out->note, read_note, &out->notes_n },
    };
    void *at[sizeof part / sizeof *part] = { 0 };
    memset(out, 0, sizeof *out);
    if (strlen(id) != REPO_ID_MAX - 1)
        return FAIL(cx, ERR_NOT_FOUND, "no run '%s'; 'leat runs ls' lists them", id);
    TRY(cx, repo_run_find(cx, r, id, &out->run));
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        TRY(cx, repo_rows(cx, r, part[i].st, DB_ARGS(db_text(id)), part[i].size, part[i].read, &at[i], part[i].n));
    out->trial = at[0];
    out->stage = at[1];
    out->artifact = at[2];
    out->log = at[3];
    out->param = at[4];
    out->tag = at[5];
    out->metric = at[6];
    out->input = at[7];
    out->note = at[8];
    return OK;
}

Err repo_notes(Ctx *cx, Repo *r, RepoNoteOn on, const char *subject, NoteRow **out, size_t *n)
{
    void *rows;
    *out = NULL;
    TRY(cx, repo_rows(cx, r, &st_notes, DB_ARGS(db_text(repo_about_word(on)), db_text(subject)), sizeof **out, read_note, &rows, n));
    *out = rows;
    return OK;
}

/* --- every point of a metric --- */

typedef struct Numbered { MetricPoint p; size_t at; } Numbered;

static int by_step(const void *a, const void *b)
{
    const Numbered *x = a, *y = b;
    if (x->p.step != y->p.step) return x->p.step < y->p.step ? -1 : 1;
    if (x->p.time_us != y->p.time_us) return x->p.time_us < y->p.time_us ? -1 : 1;
    return (x->at > y->at) - (x->at < y->at);
}

static Err sort_points(Ctx *cx, MetricPoint *p, size_t n)
{
    bool sorted = true;
    for (size_t i = 1; i < n && sorted; i++)
        sorted = p[i - 1].step < p[i].step || (p[i - 1].step == p[i].step && p[i - 1].time_us <= p[i].time_us);
    if (sorted) return OK;
    Numbered *row = ctx_get_n(cx, n, sizeof *row);
    if (!row) return FAIL(cx, ERR_NOMEM, "ordering %zu points of a metric", n);
    for (size_t i = 0; i < n; i++) row[i] = (Numbered){ p[i], i };
    qsort(row, n, sizeof *row, by_step);
    for (size_t i = 0; i < n; i++) p[i] = row[i].p;
    ctx_put(cx, row);
    return OK;
}

Err repo_metric_history(Ctx *cx, Repo *r, const char *id, const char *key, MetricPoint **out, size_t *n)
{
    DbRows *rows = NULL;
    bool more = false;
    int64_t most = 0;
    MetricPoint *at = NULL;
    Err err = OK;
    *out = NULL;
    *n = 0;
    TRY(cx, db_begin_read(cx, ledger_db(r->ledger)));      /* how many and which: of one moment */
    TRY_DONE(cx, db_ask_int(cx, ledger_db(r->ledger), &st_points, DB_ARGS(db_text(id), db_text(key)), 0, &most));
    GET_DONE(cx, at, (size_t)most + 1, "reading %lld points of metric '%s'", (long long)most, key);
    TRY_DONE(cx, db_ask(cx, ledger_db(r->ledger), &st_series, DB_ARGS(db_text(id), db_text(key)), &rows));
    for (;;) {
        size_t bytes_n, got;
        TRY_DONE(cx, db_next(cx, rows, &more));
        if (!more) break;
        const void *bytes = db_get_blob(rows, 0, &bytes_n);
        TRY_DONE(cx, series_unpack(cx, bytes, bytes_n, at + *n, (size_t)most - *n, &got));
        *n += got;
    }
    TRY_DONE(cx, sort_points(cx, at, *n));
    *out = at;
    at = NULL;
done:
    db_rows_close(rows);
    db_end_read(ledger_db(r->ledger));
    ctx_put(cx, at);
    if (err) *n = 0;
    return err;
}

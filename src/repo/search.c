/* repo/search.c -- what runs, trials, builds and experiments can be asked for, by which SQL; and the search itself.
**
** Fields with an index give `equal` or `range`; the others are few or short to
** read.  The id of a run is its number, of a trial its seq, of a build the seq
** that registered it first, of an experiment its id.
*/
#include "repo/inner.h"

#include <stdlib.h>
#include <string.h>

/* --- fields: statements from a table, an id and an expression --- */

#define SQL(text) { text, NULL }
/* An attribute of any type: its value where it has one. */
#define PLAIN(family_, name_, type_, from, id, value, where) \
    { .family = family_, .name = name_, .type = type_, .all = SQL("SELECT " id ", " value " FROM " from " WHERE " where) }
/* A text with an index on its column. */
#define EXACT(family_, name_, from, id, value, where) \
    { .family = family_, .name = name_, .type = FILTER_TEXT, \
      .all = SQL("SELECT " id ", " value " FROM " from " WHERE " where), \
      .equal = SQL("SELECT " id ", " value " FROM " from " WHERE " value " = ?1") }
/* A number or time with an index. */
#define RANGED(family_, name_, type_, from, id, value) \
    { .family = family_, .name = name_, .type = type_, \
      .all = SQL("SELECT " id ", " value " FROM " from " WHERE " value " IS NOT NULL"), \
      .range = SQL("SELECT " id ", " value " FROM " from " WHERE " value " >= ?1 AND " value " <= ?2") }
/* Texts under a key, with an index on (key, head). */
#define KEYED(family_, from, id) \
    { .family = family_, .type = FILTER_TEXT, .headed = true, \
      .all = SQL("SELECT " id ", value FROM " from " WHERE key = ?1"), \
      .equal = SQL("SELECT " id ", value FROM " from " WHERE key = ?1 AND head = ?2") }

#define RUN_TEXT(name, column) PLAIN("attribute", name, FILTER_TEXT, "run", "number", column, column " <> ''")
#define RUN_NUMBER(name, value) PLAIN("attribute", name, FILTER_NUMBER, "run", "number", value, value " IS NOT NULL")
#define STATUS \
    "CASE state WHEN 'running' THEN 'RUNNING' WHEN 'done' THEN 'FINISHED' WHEN 'failed' THEN 'FAILED' ELSE 'KILLED' END"
#define STARTED(name) RANGED("attribute", name, FILTER_TIME, "run", "number", "started_us")

static const FilterField run_fields[] = {
    { .family = "metric", .type = FILTER_NUMBER, .all = SQL("SELECT run, last FROM metric WHERE key = ?1"),
      .range = SQL("SELECT run, last FROM metric WHERE key = ?1 AND last >= ?2 AND last <= ?3") },
    KEYED("param", "param", "run"),
    KEYED("tag", "tag", "run"),
    EXACT("dataset", "name", "input", "run", "name", "name <> ''"),
    EXACT("dataset", "digest", "input", "run", "digest", "digest <> ''"),
    PLAIN("dataset", "context", FILTER_TEXT, "input", "run", "context", "context <> ''"),
    PLAIN("artifact", "name", FILTER_TEXT, "artifact a JOIN run r ON r.id = a.run", "r.number", "a.name", "a.name <> ''"),
    PLAIN("artifact", "media", FILTER_TEXT, "artifact a JOIN run r ON r.id = a.run", "r.number", "a.media", "a.media <> ''"),
    PLAIN("artifact", "bytes", FILTER_NUMBER, "artifact a JOIN run r ON r.id = a.run", "r.number", "a.bytes", "a.bytes >= 0"),
    PLAIN("note", "text", FILTER_TEXT, "note n JOIN run r ON r.id = n.subject", "r.number", "n.text", "n.about = 'run'"),
    PLAIN("note", "actor", FILTER_TEXT, "note n JOIN run r ON r.id = n.subject", "r.number", "n.actor", "n.about = 'run'"),
    EXACT("attribute", "run_id", "run", "number", "id", "id <> ''"),
    EXACT("attribute", "id", "run", "number", "id", "id <> ''"),
    RANGED("attribute", "number", FILTER_NUMBER, "run", "number", "number"),
    RUN_TEXT("run_name", "name"),
    RUN_TEXT("name", "name"),
    RUN_TEXT("Run name", "name"),
    RUN_TEXT("Run Name", "name"),
    EXACT("attribute", "state", "run", "number", "state", "state <> ''"),
    PLAIN("attribute", "status", FILTER_TEXT, "run", "number", STATUS, "state <> ''"),
    RUN_TEXT("verb", "verb"),
    RUN_TEXT("command", "command"),
    RUN_TEXT("user_id", "actor"),
    RUN_TEXT("user", "actor"),
    RUN_TEXT("actor", "actor"),
    PLAIN("attribute", "experiment", FILTER_TEXT, "run r JOIN experiment e ON e.id = r.experiment", "r.number", "e.name", "e.name <> ''"),
    PLAIN("attribute", "experiment_id", FILTER_TEXT, "run", "number", "CAST(experiment AS TEXT)", "experiment >= 0"),
    EXACT("attribute", "parent", "run", "number", "parent", "parent <> ''"),
    RUN_TEXT("project", "project"),
    RUN_TEXT("host", "host"),
    RUN_TEXT("version", "version"),
    RUN_TEXT("seed", "seed"),
    RUN_TEXT("summary", "summary"),
    RUN_TEXT("data", "data_path"),
    RUN_TEXT("commit", "git_commit"),
    RUN_TEXT("remote", "git_remote"),
    RUN_NUMBER("dirty", "git_dirty"),
    RUN_TEXT("folder", "folder"),
    STARTED("start_time"),
    STARTED("created"),
    STARTED("Created"),
    PLAIN("attribute", "end_time", FILTER_TIME, "run", "number", "ended_us", "ended_us IS NOT NULL"),
    RUN_NUMBER("duration", "(ended_us - started_us) / 1000000.0"),
    RUN_NUMBER("exit_code", "exit_code"),
    RUN_NUMBER("signal", "signal"),
    PLAIN("attribute", "trials", FILTER_NUMBER, "run", "number", "(SELECT count(*) FROM trial t WHERE t.run = run.id)", "number > 0"),
    PLAIN("attribute", "build", FILTER_TEXT, "build b JOIN run r ON r.id = b.run", "r.number", "b.model || '@' || CAST(b.n AS TEXT)", "b.n > 0"),
    PLAIN("attribute", "model", FILTER_TEXT, "build b JOIN run r ON r.id = b.run", "r.number", "b.model", "b.n > 0"),
    { .family = NULL },
};

#define TRIAL_NUMBER(name) PLAIN("metric", name, FILTER_NUMBER, "trial", "seq", name, name " IS NOT NULL")
static const FilterField trial_fields[] = {
    EXACT("param", "learner", "trial", "seq", "learner", "learner <> ''"),
    KEYED("param", "trial_param", "trial"),
    RANGED("metric", "score", FILTER_NUMBER, "trial", "seq", "score"),
    TRIAL_NUMBER("se"),
    TRIAL_NUMBER("fit_s"),
    TRIAL_NUMBER("predict_us_row"),
    TRIAL_NUMBER("size_bytes"),
    EXACT("attribute", "learner", "trial", "seq", "learner", "learner <> ''"),
    PLAIN("attribute", "number", FILTER_NUMBER, "trial", "seq", "number", "number >= 0"),
    PLAIN("attribute", "state", FILTER_TEXT, "trial", "seq", "state", "state <> ''"),
    PLAIN("attribute", "stage", FILTER_TEXT, "trial", "seq", "stage", "stage <> ''"),
    PLAIN("attribute", "why", FILTER_TEXT, "trial", "seq", "why", "why <> ''"),
    PLAIN("attribute", "run", FILTER_NUMBER, "trial t JOIN run r ON r.id = t.run", "t.seq", "r.number", "r.number > 0"),
    PLAIN("attribute", "run_id", FILTER_TEXT, "trial", "seq", "run", "run <> ''"),
    PLAIN("attribute", "metric", FILTER_TEXT, "trial t JOIN run r ON r.id = t.run JOIN build b ON b.run = r.id", "t.seq", "b.metric", "b.n > 0"),
    { .family = NULL },
};

#define BUILD_TEXT(name, column) PLAIN("attribute", name, FILTER_TEXT, "build", "first_seq", column, column " <> ''")
static const FilterField build_fields[] = {
    EXACT("attribute", "name", "build", "first_seq", "model", "model <> ''"),
    EXACT("attribute", "model", "build", "first_seq", "model", "model <> ''"),
    PLAIN("attribute", "version", FILTER_NUMBER, "build", "first_seq", "n", "n > 0"),
    { .family = "attribute", .name = "digest", .type = FILTER_TEXT,
      .all = { "SELECT first_seq, lower(hex(digest)) FROM build", "SELECT first_seq, encode(digest, 'hex') FROM build" } },
    BUILD_TEXT("task", "task"),
    BUILD_TEXT("target", "target"),
    BUILD_TEXT("metric", "metric"),
    PLAIN("attribute", "score", FILTER_NUMBER, "build", "first_seq", "value", "value IS NOT NULL"),
    PLAIN("attribute", "se", FILTER_NUMBER, "build", "first_seq", "se", "se IS NOT NULL"),
    PLAIN("attribute", "size_bytes", FILTER_NUMBER, "build", "first_seq", "bytes", "bytes >= 0"),
    PLAIN("attribute", "made", FILTER_TIME, "build", "first_seq", "first_us", "first_us > 0"),
    PLAIN("attribute", "created", FILTER_TIME, "build", "first_seq", "first_us", "first_us > 0"),
    PLAIN("attribute", "champion", FILTER_NUMBER, "build b", "b.first_seq",
          "(SELECT count(*) FROM champion c WHERE c.model = b.model AND c.n = b.n AND c.to_seq IS NULL)", "b.n > 0"),
    EXACT("attribute", "run_id", "build", "first_seq", "run", "run <> ''"),
    PLAIN("attribute", "run", FILTER_NUMBER, "build b JOIN run r ON r.id = b.run", "b.first_seq", "r.number", "r.number > 0"),
    { .family = "metric", .type = FILTER_NUMBER,
      .all = SQL("SELECT b.first_seq, m.last FROM build b JOIN run r ON r.id = b.run JOIN metric m ON m.run = r.number WHERE m.key = ?1"),
      .range = SQL("SELECT b.first_seq, m.last FROM build b JOIN run r ON r.id = b.run JOIN metric m ON m.run = r.number"
                   " WHERE m.key = ?1 AND m.last >= ?2 AND m.last <= ?3") },
    { .family = "param", .type = FILTER_TEXT,
      .all = SQL("SELECT b.first_seq, p.value FROM build b JOIN run r ON r.id = b.run JOIN param p ON p.run = r.number WHERE p.key = ?1") },
    { .family = "tag", .type = FILTER_TEXT,
      .all = SQL("SELECT b.first_seq, p.value FROM build b JOIN run r ON r.id = b.run JOIN tag p ON p.run = r.number WHERE p.key = ?1") },
    PLAIN("dataset", "name", FILTER_TEXT, "build b JOIN run r ON r.id = b.run JOIN input i ON i.run = r.number", "b.first_seq", "i.name", "i.name <> ''"),
    PLAIN("dataset", "digest", FILTER_TEXT, "build b JOIN run r ON r.id = b.run JOIN input i ON i.run = r.number", "b.first_seq", "i.digest", "i.digest <> ''"),
    { .family = NULL },
};

static const FilterField experiment_fields[] = {
    EXACT("attribute", "name", "experiment", "id", "name", "name <> ''"),
    PLAIN("attribute", "experiment_id", FILTER_TEXT, "experiment", "id", "CAST(id AS TEXT)", "id >= 0"),
    PLAIN("attribute", "id", FILTER_NUMBER, "experiment", "id", "id", "id >= 0"),
    PLAIN("attribute", "creation_time", FILTER_TIME, "experiment", "id", "created_us", "created_us >= 0"),
    PLAIN("attribute", "last_update_time", FILTER_TIME, "experiment", "id", "changed_us", "changed_us >= 0"),
    PLAIN("attribute", "runs", FILTER_NUMBER, "experiment e", "e.id", "(SELECT count(*) FROM run r WHERE r.experiment = e.id AND r.deleted = 0)", "e.id >= 0"),
    KEYED("tag", "experiment_tag", "experiment"),
    { .family = NULL },
};

static const FilterEntity run_entity = { "run", run_fields }, trial_entity = { "trial", trial_fields },
                          build_entity = { "build", build_fields }, experiment_entity = { "experiment", experiment_fields };

static const FilterEntity *const entities[] = {
    [REPO_RUNS] = &run_entity, [REPO_TRIALS] = &trial_entity, [REPO_BUILDS] = &build_entity, [REPO_EXPERIMENTS] = &experiment_entity };

const FilterEntity *repo_entity(RepoKind kind)
{
    return entities[kind];
}

/* --- domains: newest first --- */

static const Statement run_domain = {
    "SELECT number FROM run WHERE deleted = ?1 ORDER BY started_us DESC, number DESC", NULL };
static const Statement run_all = { "SELECT number FROM run ORDER BY started_us DESC, number DESC", NULL };
static const Statement run_in = {
    "SELECT number FROM run WHERE deleted = ?1 AND experiment = ?2 ORDER BY started_us DESC, number DESC", NULL };
static const Statement run_page = {
    "SELECT number FROM run WHERE deleted = ?1 ORDER BY started_us DESC, number DESC LIMIT ?2 OFFSET ?3", NULL };
static const Statement trial_domain = {
    "SELECT t.seq FROM trial t JOIN run r ON r.id = t.run WHERE r.deleted = ?1 ORDER BY t.seq DESC", NULL };
static const Statement trial_all = { "SELECT seq FROM trial ORDER BY seq DESC", NULL };
static const Statement build_domain = { "SELECT first_seq FROM build ORDER BY last_seq DESC", NULL };
static const Statement build_of = { "SELECT first_seq FROM build WHERE model = ?1 ORDER BY last_seq DESC", NULL };
static const Statement experiment_domain = { "SELECT id FROM experiment WHERE deleted = ?1 ORDER BY id DESC", NULL };
static const Statement experiment_all = { "SELECT id FROM experiment ORDER BY id DESC", NULL };

static Err search(Ctx *cx, Repo *r, RepoKind kind, const RepoSearch *in, FilterOut *out)
{
    DbValue args[3] = { db_int(in->view == REPO_DELETED) };
    bool plain = (!in->filter || !*in->filter) && !in->orders_n, all = in->view == REPO_ALL;
    FilterAsk ask = { .entity = entities[kind], .filter = in->filter, .order = in->order, .orders_n = in->orders_n,
                      .offset = in->offset, .limit = in->limit, .args = args, .args_n = all ? 0 : 1 };
    ExperimentRow experiment;
    switch (kind) {
    case REPO_RUNS: ask.domain = all ? &run_all : &run_domain; break;
    case REPO_TRIALS: ask.domain = all ? &trial_all : &trial_domain; break;
    case REPO_BUILDS:
        ask.domain = in->model ? &build_of : &build_domain;
        args[0] = db_text(in->model);
        ask.args_n = in->model ? 1 : 0;
        break;
    default: ask.domain = all ? &experiment_all : &experiment_domain; break;
    }
    if (kind == REPO_RUNS && in->experiment && !all) {
        TRY(cx, repo_experiment_find(cx, r, in->experiment, &experiment));
        ask.domain = &run_in;
        args[1] = db_int(experiment.id);
        ask.args_n = 2;
    } else if (kind == REPO_RUNS && plain && !all && in->limit && in->limit < INT32_MAX && in->offset < INT32_MAX) {
        ask.domain = &run_page;                    /* a page of all of them: read no more than that, and one to know of more */
        args[1] = db_int((int64_t)in->limit + 1);
        args[2] = db_int((int64_t)in->offset);
        ask.args_n = 3;
        ask.offset = 0;
    }
    TRY(cx, filter_search(cx, ledger_db(r->ledger), &ask, out));
    return OK;
}

Err repo_search_runs(Ctx *cx, Repo *r, const RepoSearch *in, RunRow **out, size_t *n, bool *more)
{
    FilterOut found;
    Err err = OK;
    *n = 0;
    *more = false;
    TRY(cx, search(cx, r, REPO_RUNS, in, &found));
    *out = ctx_scratch(cx, (found.n + 1) * sizeof **out);
    if (!*out) err = FAIL(cx, ERR_NOMEM, "listing %zu runs", found.n);
    for (size_t i = 0; i < found.n && !err; i++) {
        bool there;
        err = repo_run_at(cx, r, found.id[i], &(*out)[*n], &there);
        *n += !err && there;
    }
    *more = found.more;
    ctx_put(cx, found.id);
    return err;
}

Err repo_search_builds(Ctx *cx, Repo *r, const RepoSearch *in, BuildRow **out, size_t *n, bool *more)
{
    FilterOut found;
    Err err = OK;
    *n = 0;
    *more = false;
    TRY(cx, search(cx, r, REPO_BUILDS, in, &found));
    *out = ctx_scratch(cx, (found.n + 1) * sizeof **out);
    if (!*out) err = FAIL(cx, ERR_NOMEM, "listing %zu builds", found.n);
    for (size_t i = 0; i < found.n && !err; i++) {
        bool there;
        err = repo_build_at(cx, r, found.id[i], &(*out)[*n], &there);
        *n += !err && there;
    }
    *more = found.more;
    ctx_put(cx, found.id);
    return err;
}

Err repo_search_experiments(Ctx *cx, Repo *r, const RepoSearch *in, ExperimentRow **out, size_t *n, bool *more)
{
    FilterOut found;
    Err err = OK;
    *n = 0;
    *more = false;
    TRY(cx, search(cx, r, REPO_EXPERIMENTS, in, &found));
    *out = ctx_scratch(cx, (found.n + 1) * sizeof **out);
    if (!*out) err = FAIL(cx, ERR_NOMEM, "listing %zu experiments", found.n);
    for (size_t i = 0; i < found.n && !err; i++) {
        err = repo_experiment_of_id(cx, r, found.id[i], &(*out)[i]);
        *n += !err;
    }
    *more = found.more;
    ctx_put(cx, found.id);
    return err;
}

Err repo_search_trials(Ctx *cx, Repo *r, const RepoSearch *in, TrialFound **out, size_t *n, bool *more)
{
    FilterOut found;
    Err err = OK;
    *n = 0;
    *more = false;
    TRY(cx, search(cx, r, REPO_TRIALS, in, &found));
    *out = ctx_scratch(cx, (found.n + 1) * sizeof **out);
    if (!*out) err = FAIL(cx, ERR_NOMEM, "listing %zu trials", found.n);
    for (size_t i = 0; i < found.n && !err; i++) {
        bool there;
        err = repo_trial_at(cx, r, found.id[i], &(*out)[*n], &there);
        *n += !err && there;
    }
    *more = found.more;
    ctx_put(cx, found.id);
    return err;
}

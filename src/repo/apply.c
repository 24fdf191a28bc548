/* repo/apply.c -- the tables of room repo, and the only code that writes them (with apply_*.c).
**
** Everything is derived from the event and the tables, so that folding the log
** anew gives the same rows: numbers of runs, builds and experiments are given
** here, in the order of the log.  Tables that describe runs name them by number:
** small keys, and one space of numbers that a search can hold as a set of bits.
*/
#include "repo/inner.h"

#include <string.h>

static const struct { const char *kind; FoldOne *one; } folds[] = {
    { "run.started", fold_run_started },
    { "run.resumed", fold_run_resumed },
    { "run.finished", fold_run_finished },
    { "run.changed", fold_run_changed },
    { "run.deleted", fold_run_deleted },
    { "run.restored", fold_run_restored },
    { "run.trial", fold_run_trial },
    { "run.stage", fold_run_stage },
    { "run.artifact", fold_run_artifact },
    { "run.log", fold_run_log },
    { "run.params", fold_run_params },
    { "run.tags", fold_run_tags },
    { "run.metrics", fold_run_metrics },
    { "run.inputs", fold_run_inputs },
    { "note.added", fold_note },
    { "experiment.created", fold_experiment_created },
    { "experiment.changed", fold_experiment_changed },
    { "experiment.deleted", fold_experiment_deleted },
    { "experiment.restored", fold_experiment_restored },
    { "build.registered", fold_build_registered },
    { "build.promoted", fold_build_promoted },
    { "build.reproduced", fold_build_reproduced },
    { "prediction.made", fold_prediction },
};
static const char *const kinds[] = {
    "run.started", "run.resumed", "run.finished", "run.changed", "run.deleted", "run.restored", "run.trial", "run.stage",
    "run.artifact", "run.log", "run.params", "run.tags", "run.metrics", "run.inputs", "note.added", "experiment.created",
    "experiment.changed", "experiment.deleted", "experiment.restored", "build.registered", "build.promoted", "build.reproduced",
    "prediction.made", NULL,
};
_Static_assert(sizeof kinds / sizeof *kinds == sizeof folds / sizeof *folds + 1, "every kind has its fold");

static const char *const tables[] = { "prediction", "champion", "build", "note", "input", "series", "metric", "tag", "param", "log",
                                      "artifact", "stage", "trial_param", "trial", "run", "experiment_tag", "experiment", NULL };
static const Statement make[] = {
    { "CREATE TABLE experiment(id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, project TEXT NOT NULL, deleted INTEGER NOT NULL,"
      " deleted_us INTEGER, created_us INTEGER NOT NULL, changed_us INTEGER NOT NULL) STRICT", NULL },
    { "INSERT INTO experiment(id, name, project, deleted, deleted_us, created_us, changed_us)"
      " VALUES(0, '" REPO_EXPERIMENT "', '', 0, NULL, 0, 0)", NULL },
    { "CREATE TABLE experiment_tag(experiment INTEGER NOT NULL REFERENCES experiment(id), key TEXT NOT NULL, value TEXT NOT NULL,"
      " head TEXT NOT NULL, PRIMARY KEY(experiment, key)) STRICT", NULL },
    { "CREATE INDEX experiment_tag_value ON experiment_tag(key, head)", NULL },
    { "CREATE TABLE run(id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, state TEXT NOT NULL, verb TEXT NOT NULL,"
      " command TEXT NOT NULL, options TEXT NOT NULL, seed TEXT NOT NULL, actor TEXT NOT NULL, summary TEXT NOT NULL,"
      " data_path TEXT NOT NULL, data BLOB, data_kept INTEGER NOT NULL, data_bytes INTEGER NOT NULL,"
      " git_commit TEXT NOT NULL, git_remote TEXT NOT NULL, git_dirty INTEGER NOT NULL, host TEXT NOT NULL,"
      " version TEXT NOT NULL, started_us INTEGER NOT NULL, ended_us INTEGER, started_seq INTEGER NOT NULL,"
      " ended_seq INTEGER, name TEXT NOT NULL, experiment INTEGER NOT NULL REFERENCES experiment(id), parent TEXT NOT NULL,"
      " project TEXT NOT NULL, arguments TEXT NOT NULL, environment TEXT NOT NULL, folder TEXT NOT NULL, held INTEGER NOT NULL,"
      " exit_code INTEGER, signal INTEGER, resources TEXT NOT NULL, deleted INTEGER NOT NULL, deleted_us INTEGER) STRICT", NULL },
    { "CREATE INDEX run_state ON run(state)", NULL },
    { "CREATE INDEX run_begun ON run(deleted, started_us, number)", NULL },
    { "CREATE INDEX run_experiment ON run(experiment, deleted)", NULL },
    { "CREATE INDEX run_parent ON run(parent)", NULL },
    { "CREATE TABLE trial(run TEXT NOT NULL REFERENCES run(id), number INTEGER NOT NULL, learner TEXT NOT NULL,"
      " params TEXT NOT NULL, folds TEXT NOT NULL, score REAL, se REAL, fit_s REAL, predict_us_row REAL, size_bytes REAL,"
      " state TEXT NOT NULL, why TEXT NOT NULL, stage TEXT NOT NULL, seq INTEGER NOT NULL UNIQUE, PRIMARY KEY(run, number)) STRICT", NULL },
    { "CREATE INDEX trial_score ON trial(score)", NULL },
    { "CREATE INDEX trial_learner ON trial(learner)", NULL },
    { "CREATE TABLE trial_param(trial INTEGER NOT NULL REFERENCES trial(seq), key TEXT NOT NULL, value TEXT NOT NULL,"
      " head TEXT NOT NULL, PRIMARY KEY(trial, key)) STRICT", NULL },
    { "CREATE INDEX trial_param_value ON trial_param(key, head)", NULL },
    { "CREATE TABLE stage(run TEXT NOT NULL REFERENCES run(id), name TEXT NOT NULL, seconds REAL, summary TEXT NOT NULL,"
      " artifact BLOB, seq INTEGER NOT NULL, PRIMARY KEY(run, name)) STRICT", NULL },
    { "CREATE TABLE artifact(run TEXT NOT NULL REFERENCES run(id), name TEXT NOT NULL, media TEXT NOT NULL,"
      " digest BLOB NOT NULL, bytes INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(run, name)) STRICT", NULL },
    { "CREATE INDEX artifact_digest ON artifact(digest)", NULL },
    { "CREATE TABLE log(run TEXT NOT NULL REFERENCES run(id), seq INTEGER NOT NULL, line INTEGER NOT NULL,"
      " kind TEXT NOT NULL, stage TEXT NOT NULL, text TEXT NOT NULL, time_us INTEGER NOT NULL,"
      " PRIMARY KEY(run, seq, line)) STRICT", NULL },
    { "CREATE TABLE param(run INTEGER NOT NULL REFERENCES run(number), key TEXT NOT NULL, value TEXT NOT NULL,"
      " head TEXT NOT NULL, PRIMARY KEY(run, key)) STRICT", NULL },
    { "CREATE INDEX param_value ON param(key, head)", NULL },
    { "CREATE TABLE tag(run INTEGER NOT NULL REFERENCES run(number), key TEXT NOT NULL, value TEXT NOT NULL,"
      " head TEXT NOT NULL, PRIMARY KEY(run, key)) STRICT", NULL },
    { "CREATE INDEX tag_value ON tag(key, head)", NULL },
    { "CREATE TABLE metric(run INTEGER NOT NULL REFERENCES run(number), key TEXT NOT NULL, last REAL, last_step INTEGER NOT NULL,"
      " last_us INTEGER NOT NULL, min REAL, max REAL, n INTEGER NOT NULL, PRIMARY KEY(run, key)) STRICT", NULL },
    { "CREATE INDEX metric_last ON metric(key, last, run)", NULL },
    { "CREATE TABLE series(run INTEGER NOT NULL REFERENCES run(number), key TEXT NOT NULL, piece INTEGER NOT NULL,"
      " n INTEGER NOT NULL, from_us INTEGER NOT NULL, to_us INTEGER NOT NULL, points BLOB NOT NULL,"
      " PRIMARY KEY(run, key, piece)) STRICT", NULL },
    { "CREATE TABLE input(run INTEGER NOT NULL REFERENCES run(number), name TEXT NOT NULL, digest TEXT NOT NULL,"
      " context TEXT NOT NULL, source_type TEXT NOT NULL, source TEXT NOT NULL, schema TEXT NOT NULL, profile TEXT NOT NULL,"
      " bytes INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(run, name, digest)) STRICT", NULL },
    { "CREATE INDEX input_name ON input(name)", NULL },
    { "CREATE INDEX input_digest ON input(digest)", NULL },
    { "CREATE TABLE note(seq INTEGER PRIMARY KEY, about TEXT NOT NULL, subject TEXT NOT NULL, actor TEXT NOT NULL,"
      " time_us INTEGER NOT NULL, text TEXT NOT NULL) STRICT", NULL },
    { "CREATE INDEX note_subject ON note(about, subject, seq)", NULL },
    { "CREATE TABLE build(model TEXT NOT NULL, n INTEGER NOT NULL, digest BLOB NOT NULL, bytes INTEGER NOT NULL,"
      " task TEXT NOT NULL, target TEXT NOT NULL, metric TEXT NOT NULL, higher INTEGER NOT NULL, value REAL, se REAL,"
      " run TEXT REFERENCES run(id), first_us INTEGER NOT NULL, first_seq INTEGER NOT NULL UNIQUE, last_us INTEGER NOT NULL,"
      " last_seq INTEGER NOT NULL, PRIMARY KEY(model, n), UNIQUE(model, digest)) STRICT", NULL },
    { "CREATE INDEX build_digest ON build(digest)", NULL },
    { "CREATE INDEX build_run ON build(run)", NULL },
    { "CREATE TABLE champion(model TEXT NOT NULL, n INTEGER NOT NULL, from_seq INTEGER NOT NULL, to_seq INTEGER,"
      " PRIMARY KEY(model, from_seq), FOREIGN KEY(model, n) REFERENCES build(model, n)) STRICT", NULL },
    { "CREATE TABLE prediction(seq INTEGER PRIMARY KEY, build BLOB NOT NULL, model TEXT NOT NULL, n INTEGER NOT NULL,"
      " input BLOB, input_name TEXT NOT NULL, output BLOB, output_name TEXT NOT NULL, rows INTEGER NOT NULL, actor TEXT NOT NULL,"
      " time_us INTEGER NOT NULL) STRICT", NULL },
    { "CREATE INDEX prediction_build ON prediction(build)", NULL },
    { "CREATE INDEX prediction_input ON prediction(input)", NULL },
    { "CREATE INDEX prediction_output ON prediction(output)", NULL },
    { NULL, NULL },
};

static Err apply(Ctx *cx, DbWriter *db, const Event *e)
{
    yyjson_alc alc;
    yyjson_doc *doc;
    Err err = OK;
    TRY(cx, repo_json(cx, e->payload, e->payload_n, &alc, &doc));
    const Fold f = { .db = db, .e = e, .p = yyjson_doc_get_root(doc), .alc = &alc };
    for (size_t i = 0; i < sizeof folds / sizeof *folds && !err; i++) {
        if (!strcmp(folds[i].kind, e->kind)) err = folds[i].one(cx, &f);
    }
    yyjson_doc_free(doc);
    return err;
}

/* Without these, events that come after a redacted one would not fit any more. */
static const char *const keeps[] = { "experiment", "state", "about", "verb", "kind", "stage", "learner", "key", "model", "metric",
                                     "task", "media", NULL };

const LedgerRoom repo_room = { .name = "repo", .version = 2, .kinds = kinds, .tables = tables, .make = make, .apply = apply, .keeps = keeps };

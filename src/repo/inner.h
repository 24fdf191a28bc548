/* repo/inner.h -- what the files of room repo share. */
#ifndef REPO_INNER_H
#define REPO_INNER_H

#include "base/text.h"
#include "filter/filter.h"
#include "repo/repo.h"

#include <yyjson.h>

#define REPO_HOME ".leat"
#define REPO_DB "leat.db"
#define REPO_CONFIG "config"
#define REPO_LOCK "leat.lock"            /* beside .leat/, for Git: the signed head */

extern const LedgerRoom repo_room;            /* apply.c */

struct Repo {
    char folder[REPO_PATH_MAX], home[REPO_PATH_MAX];
    char *name, *actor;
    Store *store;
    Ledger *ledger;
};

/* Names of the states and kinds, and back; a word that is none of them gives `none`. */
RunState run_state_of(const char *word);
RepoTrialState trial_state_of(const char *word);
const char *repo_log_word(ProgressKind kind);
ProgressKind repo_log_kind(const char *word);

/* Read JSON with the context's memory; end with yyjson_doc_free while *alc lives.  ERR_CORRUPT, ERR_NOMEM. */
MUST_USE Err repo_json(Ctx *cx, const char *json, size_t n, yyjson_alc *alc, yyjson_doc **out);
/* A place for row n of *rows (in scratch, grown by doubling), cleared; NULL: no memory. */
void *repo_row(Ctx *cx, void **rows, size_t n, size_t size);
/* Ask, and read every row of the answer into scratch. */
MUST_USE Err repo_rows(Ctx *cx, Repo *r, const Statement *st, const DbValue *args, size_t args_n, size_t size,
                       Err (*read)(Ctx *cx, DbRows *q, void *row), void **out, size_t *n);
/* A digest in column col; false when NULL. */
bool repo_digest(DbRows *rows, size_t col, Digest *out);

/* For ledger_search_words: self is the Repo. */
MUST_USE Err repo_more_words(Ctx *cx, void *self, const Event *e, Text *t);
/* --- payloads of events (pay.c): what is absent is empty --- */

const char *pay_text(yyjson_val *o, const char *key);
DbValue pay_num(yyjson_val *o, const char *key);
DbValue pay_int(yyjson_val *o, const char *key);
DbValue pay_bool(yyjson_val *o, const char *key);
DbValue pay_digest(yyjson_val *o, const char *key, Digest *d);     /* 64 hex digits as a blob, through d; else NULL */
/* A value as JSON text; *owned is to be given back and may be NULL. */
MUST_USE Err pay_json(Ctx *cx, yyjson_val *o, const char *key, const char *none, const yyjson_alc *alc, char **owned,
                      const char **out);
/* A metric's value: NaN and infinities are the texts "NaN", "Infinity", "-Infinity". */
double pay_value(yyjson_val *v);
void pay_value_write(Text *t, double v);

/* --- one function a kind of event; the files apply_*.c --- */

typedef struct Fold {              /* one event on its way into the tables (borrowed) */
    DbWriter *db;
    const Event *e;
    yyjson_val *p;                 /* its payload */
    const yyjson_alc *alc;
} Fold;
typedef Err FoldOne(Ctx *cx, const Fold *f);
FoldOne fold_run_started, fold_run_resumed, fold_run_finished, fold_run_trial, fold_run_stage, fold_run_artifact, fold_run_log,
    fold_run_deleted, fold_run_restored, fold_run_changed;
FoldOne fold_run_params, fold_run_tags, fold_run_metrics, fold_run_inputs, fold_note;
FoldOne fold_experiment_created, fold_experiment_changed, fold_experiment_deleted, fold_experiment_restored;
FoldOne fold_build_registered, fold_build_promoted, fold_build_reproduced, fold_prediction;
/* The number of the run that an event is about.  ERR_REFUSED there is none, or it is deleted, or (running) not running. */
MUST_USE Err fold_run(Ctx *cx, const Fold *f, bool running, int64_t *number);
/* Set one tag; value NULL takes it away.  Tags that mirror a property of the run change that too. */
MUST_USE Err fold_tag(Ctx *cx, const Fold *f, int64_t run, const char *key, const char *value);
MUST_USE Err fold_param(Ctx *cx, const Fold *f, int64_t run, const char *key, const char *value);
MUST_USE Err fold_input(Ctx *cx, const Fold *f, int64_t run, yyjson_val *input);

/* --- metric series (series.c) --- */

#define SERIES_POINTS_MAX 1024     /* in one piece */
MUST_USE Err series_pack(Ctx *cx, const MetricPoint *p, size_t n, unsigned char **bytes, size_t *bytes_n);      /* owned */
MUST_USE Err series_unpack(Ctx *cx, const void *bytes, size_t bytes_n, MetricPoint *out, size_t most, size_t *n);   /* ERR_CORRUPT */

/* --- acts --- */

/* Append one act outside or inside a group; clears the payload. */
MUST_USE Err repo_append(Ctx *cx, Repo *r, const char *kind, const char *subject, Text *payload);

void repo_input_write(Text *t, const InputIn *in);
const char *repo_about_word(RepoNoteOn on);
/* One row by the id that a search gives; *there false: it is gone. */
MUST_USE Err repo_run_at(Ctx *cx, Repo *r, int64_t number, RunRow *out, bool *there);
MUST_USE Err repo_trial_at(Ctx *cx, Repo *r, int64_t seq, TrialFound *out, bool *there);
MUST_USE Err repo_build_at(Ctx *cx, Repo *r, int64_t first_seq, BuildRow *out, bool *there);
MUST_USE Err repo_experiment_of_id(Ctx *cx, Repo *r, int64_t id, ExperimentRow *out);

/* The lease that a living run holds. */
void repo_lease_name(const char *id, char out[STORE_NAME_MAX]);
/* Record runs whose process is gone as interrupted. */
MUST_USE Err repo_bury(Ctx *cx, Repo *r);

#endif

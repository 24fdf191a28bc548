/* repo/repo.h -- a project and what happened in it: experiments, runs, params, metrics, trials, artifacts, builds.
**
** A project is a folder with .leat/ in it.  Everything here but bytes is a
** projection of the ledger: each act below is one event.  Answers are allocated
** in cx's scratch and live until ctx_clear.  Words and limits are MLflow's where it
** has them, so that its REST maps one to one.  Events and tables: doc/formats/repo.md
** Nothing given to these functions may hold a secret: it stays for good (see base/secret.h).
*/
#ifndef REPO_REPO_H
#define REPO_REPO_H

#include "base/hash.h"
#include "filter/filter.h"
#include "ledger/ledger.h"
#include "store/store.h"

#define REPO_PATH_MAX 4096
#define REPO_ID_MAX 33             /* 32 hex digits and the NUL */
#define REPO_NAME_MAX 129          /* bytes of a model's or artifact's name, with the NUL */
#define REPO_PREFIX_MIN 8          /* hex digits that may stand for a digest */
#define REPO_KEY_MAX 250           /* bytes of the key of a param, metric or tag */
#define REPO_PARAM_MAX 6000        /* bytes of a param's value */
#define REPO_TAG_MAX 8000          /* of a tag's value */
#define REPO_NOTE_MAX 65536        /* of a note */
#define REPO_ARTIFACT_MAX 1024     /* of an artifact's name */
#define REPO_EXPERIMENT_MAX 500    /* of an experiment's name */
#define REPO_EXPERIMENT "Default"  /* the experiment of runs that name none; its id is 0 */

typedef struct Repo Repo;
typedef struct Run Run;            /* a run of this process, being written */

/* --- the project ------------------------------------------------------------------------------------------------- */

/* The nearest folder at or above `from` (absolute) that holds .leat/.  ERR_NOT_FOUND names `from`, says `leat init`. */
MUST_USE Err repo_find(Ctx *cx, const char *from, char folder[REPO_PATH_MAX]);

typedef struct RepoInit {
    bool made;                     /* false: it was a project already, and nothing changed */
    bool ignored;                  /* .leat/ was added to .gitignore */
    char home[REPO_PATH_MAX];      /* …/.leat */
} RepoInit;
/* Make `folder` (absolute, there) a project.  On failure nothing is left.  name: NULL: the folder's own.
** Errors: ERR_NOT_FOUND no such folder; ERR_DENIED; ERR_IO; ERR_BAD_INPUT name; ERR_REFUSED a .leat that is none of ours. */
MUST_USE Err repo_init(Ctx *cx, const char *folder, const char *name, const char *actor, RepoInit *out);
/* The same with a ledger at an address, postgres://[USER@]HOST[:PORT]/DATABASE[?schema=NAME]; NULL: in the project.
** ERR_BAD_INPUT it is no such address, or holds a password; ERR_REFUSED there is a ledger already; those of db.h. */
MUST_USE Err repo_init_at(Ctx *cx, const char *folder, const char *name, const char *actor, const char *ledger, RepoInit *out);

/* Open the project in `folder` (what repo_find gave).  writable: also records runs that died as interrupted.
** actor: who acts (copied).  Errors: ERR_NOT_FOUND; ERR_CORRUPT; ERR_DENIED; ERR_IO; ERR_NOMEM. */
MUST_USE Err repo_open(Ctx *cx, const char *folder, const char *actor, bool writable, Repo **out);
void repo_close(Ctx *cx, Repo *r);                 /* NULL is fine */
Store *repo_store(Repo *r);                        /* (borrowed) */
Ledger *repo_ledger(Repo *r);                      /* (borrowed) */
const char *repo_folder(const Repo *r);            /* (borrowed) */
const char *repo_home(const Repo *r);              /* …/.leat (borrowed) */
const char *repo_name(const Repo *r);              /* of the project (borrowed) */

/* --- writing a run ----------------------------------------------------------------------------------------------- */

typedef struct RepoPair { const char *key, *value; } RepoPair;

typedef struct InputIn {           /* a dataset that a run read; members but name may be NULL (borrowed) */
    const char *name;              /* "churn@3", or a path as given */
    const char *digest;            /* any text; ours are 64 hex digits */
    const char *context;           /* "training", "test", … */
    const char *source_type, *source, *schema, *profile;
    int64_t bytes;                 /* 0: unknown */
} InputIn;

typedef struct RunStart {          /* (borrowed).  No secret may be in here: it stays for good */
    const char *verb;              /* "auto", "run" */
    const char *name;              /* NULL: none */
    const char *experiment;        /* its name, made if there is none; NULL: REPO_EXPERIMENT */
    const char *parent;            /* id of the run that started this one; NULL: none */
    const RepoPair *tag; size_t tags_n;
    const InputIn *input; size_t inputs_n;
    const char *arguments;         /* JSON array of texts; NULL: [] */
    const char *environment;       /* JSON object of texts; NULL: {} */
    const char *folder;            /* where it runs; NULL */
    int64_t start_us;              /* 0: now */
    bool loose;                    /* no process of ours holds it: it stays running until somebody ends it */
    const char *command;           /* as typed */
    const char *options;           /* JSON object of what was decided; NULL: {} */
    uint64_t seed;
    const char *data_path;         /* as given; NULL: none */
    const Digest *data;            /* of its bytes; NULL: none */
    uint64_t data_bytes;
    bool data_kept;                /* its bytes are in the store */
    const char *git_commit, *git_remote;           /* NULL: none */
    bool git_dirty;
    const char *host, *version;    /* of the machine, of Leat; NULL: none */
} RunStart;

typedef enum RunState { RUN_RUNNING, RUN_DONE, RUN_FAILED, RUN_INTERRUPTED } RunState;
/* Not TrialState and TRIAL_OK: room auto has those names, and app includes both doors. */
typedef enum RepoTrialState { REPO_TRIAL_OK, REPO_TRIAL_FAILED, REPO_TRIAL_CUT } RepoTrialState;
const char *run_state_text(RunState s);            /* "running", "done", "failed", "interrupted" */
const char *trial_state_text(RepoTrialState s);        /* "ok", "failed", "cut" */

typedef struct TrialRow {
    uint32_t number;               /* from 1 (0 is fine for a first probe), each once a run */
    const char *learner;
    const char *params;            /* JSON object; NULL: {} */
    const double *fold_score; size_t folds_n;      /* in the metric's own unit; may be NULL, 0 */
    double score, se;              /* NaN: none */
    double fit_s, predict_us_row, size_bytes;      /* NaN: unknown */
    RepoTrialState state;
    const char *why;               /* why it failed or was cut; NULL: nothing to say */
    const char *stage;             /* "select", "tune", …; NULL */
} TrialRow;

typedef struct StageRow {
    const char *name;
    double seconds;
    const char *summary;           /* one sentence; NULL */
    const Digest *artifact;        /* its JSON in the store; NULL */
} StageRow;

/* Begin.  Release with repo_run_close.  A run that is closed, or whose process dies, before repo_run_finish shows as
** interrupted.  Every act below is one durable event; the bytes it names must be in the store already. */
MUST_USE Err repo_run_start(Ctx *cx, Repo *r, const RunStart *in, Run **out);
const char *repo_run_id(const Run *run);           /* 32 hex digits (borrowed) */
uint64_t repo_run_number(const Run *run);          /* 1, 2, 3 … in this project */
/* n trials in one transaction: all or none.  ERR_REFUSED a number is taken. */
MUST_USE Err repo_run_trials(Ctx *cx, Run *run, const TrialRow *rows, size_t n);
MUST_USE Err repo_run_stage(Ctx *cx, Run *run, const StageRow *row);
/* Put bytes into the store and name them in the run; the same name again replaces it in the tables.  out may be NULL. */
MUST_USE Err repo_run_artifact(Ctx *cx, Run *run, const char *name, const char *media, const void *bytes, size_t n,
                               Digest *out);
/* A line of the run's log; kind as in Progress (a warning is shown with the run).  Kept in memory until the next stage,
** trial, finish or close. */
MUST_USE Err repo_run_log(Ctx *cx, Run *run, ProgressKind kind, const char *stage, const char *text);
/* The same from a file of any size, in constant memory.  text: what of it shall be found by search; NULL: nothing. */
MUST_USE Err repo_run_artifact_file(Ctx *cx, Run *run, const char *name, const char *media, const char *path, const char *text,
                                    Digest *out);
MUST_USE Err repo_run_finish(Ctx *cx, Run *run, RunState state, const char *summary);   /* not RUN_RUNNING */
/* The same with how its process ended: resources is a JSON object, or NULL. */
typedef struct RunEnd { RunState state; const char *summary; int exit_code, signal; bool has_exit; const char *resources; } RunEnd;
MUST_USE Err repo_run_end(Ctx *cx, Run *run, const RunEnd *end);
void repo_run_close(Ctx *cx, Run *run);            /* NULL is fine */
/* Take up a run that was interrupted: it is running again, with what it had.  ERR_REFUSED a living process runs it,
** or it is done. */
MUST_USE Err repo_run_resume(Ctx *cx, Repo *r, const char *id, Run **out);

/* --- what a run says of itself, from any process ------------------------------------------------------------------
**
** id: all 32 digits of a run that is there and not deleted; it may have ended.  Each call is one transaction: all or
** none.  Errors: ERR_NOT_FOUND no such run; ERR_REFUSED it is deleted; ERR_BAD_INPUT a key that is empty, too long,
** twice, or holds other characters than letters, digits, blank and _ - . : /; ERR_LIMIT a value too long. */

/* A param is set once: ERR_REFUSED it has another value already; the same value again is fine and no event. */
MUST_USE Err repo_log_params(Ctx *cx, Repo *r, const char *id, const RepoPair *pair, size_t n);
/* A tag may change; value NULL takes it away.  Keys may hold any UTF-8. */
MUST_USE Err repo_log_tags(Ctx *cx, Repo *r, const char *id, const RepoPair *pair, size_t n);

typedef struct MetricPoint { int64_t time_us, step; double value; } MetricPoint;
typedef struct MetricIn { const char *key; MetricPoint point; } MetricIn;
/* Any number of points, any order; a point that is there already (same time, step and value) is not kept twice. */
MUST_USE Err repo_log_metrics(Ctx *cx, Repo *r, const char *id, const MetricIn *point, size_t n);
MUST_USE Err repo_log_inputs(Ctx *cx, Repo *r, const char *id, const InputIn *input, size_t n);
/* Bytes of the file, or those at `bytes` when path is NULL.  out may be NULL. */
typedef struct ArtifactIn { const char *name, *media, *path; const void *bytes; size_t bytes_n; const char *text; } ArtifactIn;
MUST_USE Err repo_log_artifact(Ctx *cx, Repo *r, const char *id, const ArtifactIn *in, Digest *out);
/* What a person has to say about a run (its id), a build ("name@N"), an experiment or a dataset. */
typedef enum RepoNoteOn { REPO_NOTE_RUN, REPO_NOTE_BUILD, REPO_NOTE_EXPERIMENT, REPO_NOTE_DATASET } RepoNoteOn;
MUST_USE Err repo_note(Ctx *cx, Repo *r, RepoNoteOn on, const char *subject, const char *text);
/* Put out of sight, and back.  ERR_REFUSED it is already (not) there, or it is being written by a living process. */
MUST_USE Err repo_run_delete(Ctx *cx, Repo *r, const char *id);
MUST_USE Err repo_run_restore(Ctx *cx, Repo *r, const char *id);
MUST_USE Err repo_run_rename(Ctx *cx, Repo *r, const char *id, const char *name);

/* --- experiments -------------------------------------------------------------------------------------------------- */

typedef struct ExperimentRow {
    int64_t id;
    const char *name;
    bool deleted;
    int64_t created_us, changed_us;
    uint64_t runs_n;               /* not deleted */
} ExperimentRow;
/* ERR_REFUSED there is one of that name, perhaps deleted; ERR_BAD_INPUT name. */
MUST_USE Err repo_experiment_create(Ctx *cx, Repo *r, const char *name, const RepoPair *tag, size_t tags_n, int64_t *id);
/* ref: its name, else its id.  ERR_NOT_FOUND with the nearest name. */
MUST_USE Err repo_experiment_find(Ctx *cx, Repo *r, const char *ref, ExperimentRow *out);
MUST_USE Err repo_experiment_rename(Ctx *cx, Repo *r, const char *name, const char *to);
MUST_USE Err repo_experiment_tags(Ctx *cx, Repo *r, const char *name, const RepoPair *tag, size_t n);
/* Its runs go with it, and come back with it.  ERR_REFUSED it is REPO_EXPERIMENT, or already (not) there. */
MUST_USE Err repo_experiment_delete(Ctx *cx, Repo *r, const char *name);
MUST_USE Err repo_experiment_restore(Ctx *cx, Repo *r, const char *name);

/* --- asking about runs ------------------------------------------------------------------------------------------- */

typedef struct RunRow {
    char id[REPO_ID_MAX];
    uint64_t number;
    RunState state;                /* a run whose process is gone is RUN_INTERRUPTED, recorded or not */
    const char *verb, *command, *options, *actor, *summary;
    uint64_t seed;
    const char *data_path;         /* "": none */
    Digest data; bool has_data, data_kept;
    uint64_t data_bytes;
    const char *git_commit, *git_remote; bool git_dirty;   /* "": none */
    const char *host, *version;
    int64_t started_us, ended_us;  /* ended_us 0: not, or nobody saw it */
    uint64_t started_seq, ended_seq;
    uint32_t trials_n;
    const char *build;             /* "name@N" it made last; "" none */
    const char *name, *experiment, *parent, *arguments, *environment, *folder, *resources;   /* "": none; JSON as in RunStart */
    int64_t experiment_id;
    bool deleted, has_exit, held;  /* held: by the lease of its process */
    int exit_code, signal;
} RunRow;

typedef struct MetricRow { const char *key; double last, min, max; int64_t last_step, last_us; uint64_t n; } MetricRow;   /* NaN: none */
typedef struct NoteRow { const char *text, *actor; int64_t time_us; uint64_t seq; } NoteRow;
typedef struct InputRow { const char *name, *digest, *context, *source_type, *source, *schema, *profile; int64_t bytes; } InputRow;

typedef struct ArtifactRow { const char *name, *media; Digest digest; uint64_t bytes; uint64_t seq; } ArtifactRow;
typedef struct LogRow { ProgressKind kind; const char *stage, *text; int64_t time_us; } LogRow;
typedef struct StageSeen { const char *name, *summary; double seconds; Digest artifact; bool has_artifact; } StageSeen;
typedef struct RunFull {
    RunRow run;
    TrialRow *trial; size_t trials_n;              /* by number */
    StageSeen *stage; size_t stages_n;             /* in the order they ended */
    ArtifactRow *artifact; size_t artifacts_n;     /* by name */
    LogRow *log; size_t log_n;                     /* oldest first */
    RepoPair *param; size_t params_n;              /* by key */
    RepoPair *tag; size_t tags_n;                  /* by key */
    MetricRow *metric; size_t metrics_n;           /* by key */
    InputRow *input; size_t inputs_n;              /* by name, then digest */
    NoteRow *note; size_t notes_n;                 /* oldest first */
} RunFull;

/* Newest first; limit 0: all. */
MUST_USE Err repo_runs(Ctx *cx, Repo *r, size_t limit, RunRow **out, size_t *n);
/* Search: the language of filter/filter.h.  Newest first where no order is given. */
typedef enum RepoKind { REPO_RUNS, REPO_TRIALS, REPO_BUILDS, REPO_EXPERIMENTS } RepoKind;
typedef enum RepoView { REPO_ACTIVE, REPO_DELETED, REPO_ALL } RepoView;
typedef struct RepoSearch {
    const char *filter;            /* NULL: all */
    const char *const *order; size_t orders_n;
    const char *experiment;        /* runs only: of this one; NULL: any */
    const char *model;             /* builds only */
    RepoView view;
    size_t offset, limit;          /* limit 0: all */
} RepoSearch;
typedef struct TrialFound { char run[REPO_ID_MAX]; uint64_t run_number, seq; TrialRow trial; } TrialFound;
/* What each can be asked, for help and completion. */
const FilterEntity *repo_entity(RepoKind kind);
/* ERR_BAD_INPUT the filter, at which character; ERR_NOT_FOUND experiment. */
MUST_USE Err repo_search_runs(Ctx *cx, Repo *r, const RepoSearch *in, RunRow **out, size_t *n, bool *more);
MUST_USE Err repo_search_trials(Ctx *cx, Repo *r, const RepoSearch *in, TrialFound **out, size_t *n, bool *more);
MUST_USE Err repo_search_experiments(Ctx *cx, Repo *r, const RepoSearch *in, ExperimentRow **out, size_t *n, bool *more);

/* RUN: its number, "latest", its id or a unique prefix of 4 or more digits, or its name (the newest of that name).
** Errors: ERR_NOT_FOUND; ERR_BAD_INPUT the prefix fits several. */
MUST_USE Err repo_run_find(Ctx *cx, Repo *r, const char *ref, RunRow *out);
MUST_USE Err repo_run_full(Ctx *cx, Repo *r, const char *id, RunFull *out);   /* id: all 32 digits.  ERR_NOT_FOUND */

/* Every point of one metric, by step, then time, in the order they came.  *out is owned: ctx_put. */
MUST_USE Err repo_metric_history(Ctx *cx, Repo *r, const char *id, const char *key, MetricPoint **out, size_t *n);
MUST_USE Err repo_notes(Ctx *cx, Repo *r, RepoNoteOn on, const char *subject, NoteRow **out, size_t *n);   /* oldest first */

/* --- builds ------------------------------------------------------------------------------------------------------ */

typedef struct BuildIn {           /* (borrowed) */
    const char *name;              /* of the model: see repo_model_name */
    const void *bytes; size_t bytes_n;             /* the build file, put into the store raw */
    const char *task, *target, *metric;
    bool higher_is_better;
    double value, se;
    const char *run;               /* id; NULL: none */
} BuildIn;

typedef struct BuildRow {
    const char *name;
    uint64_t n;                    /* name@n */
    Digest digest;
    uint64_t bytes;
    const char *task, *target, *metric;
    bool higher_is_better, champion;
    double value, se;
    const char *run;               /* id of the run that registered it last; "" none */
    uint64_t run_number;           /* 0: none */
    int64_t made_us;               /* first registered */
    uint64_t seq;
} BuildRow;

/* Register.  A model that already has a build of these very bytes keeps that build's number (it becomes the latest).
** Errors: ERR_BAD_INPUT name; those of store_put and ledger_append. */
MUST_USE Err repo_build_register(Ctx *cx, Repo *r, const BuildIn *in, BuildRow *out);
MUST_USE Err repo_build_promote(Ctx *cx, Repo *r, const char *name, uint64_t n);      /* ERR_NOT_FOUND */
/* Put on record that the build was made again from its own record.  ERR_NOT_FOUND */
typedef struct ReproducedIn {
    const char *name;
    uint64_t n;
    const Digest *made;            /* what came out */
    const char *differs;           /* the first section that is not the same; NULL: every byte is */
    const char *version, *instructions, *host;
} ReproducedIn;
MUST_USE Err repo_build_reproduced(Ctx *cx, Repo *r, const ReproducedIn *in);
/* Put on record that rows were scored.  Members but build may be NULL or "". */
typedef struct PredictionIn {
    const Digest *build;           /* of the build's bytes */
    const char *model; uint64_t n; /* "" and 0: a file from elsewhere */
    const Digest *input, *output;
    const char *input_name, *output_name;
    uint64_t rows;
} PredictionIn;
typedef struct PredictionRow { Digest input, output; bool has_input, has_output; const char *input_name, *output_name, *actor; uint64_t rows, seq; int64_t time_us; } PredictionRow;
MUST_USE Err repo_predicted(Ctx *cx, Repo *r, const PredictionIn *in);
MUST_USE Err repo_predictions(Ctx *cx, Repo *r, const Digest *build, PredictionRow **out, size_t *n);     /* oldest first */
/* By name, then number, newest first; name NULL: all models. */
MUST_USE Err repo_builds(Ctx *cx, Repo *r, const char *name, BuildRow **out, size_t *n);
MUST_USE Err repo_search_builds(Ctx *cx, Repo *r, const RepoSearch *in, BuildRow **out, size_t *n, bool *more);

/* Any text (a file's stem) made a model's name: letters, digits, - _ . and other UTF-8 are kept, the rest becomes -. */
void repo_model_name(const char *text, char out[REPO_NAME_MAX]);

typedef struct BuildRef {
    char path[REPO_PATH_MAX];      /* a file outside the store; "" if it is in the store */
    BuildRow row;                  /* when it is in the store */
} BuildRef;
/* What BUILD stands for: an existing file, name (its champion, else its latest), name@N, name@latest, name@champion, a
** digest, or a unique prefix of REPO_PREFIX_MIN or more digits.  r may be NULL: no project, so only files.
** Errors: ERR_NOT_FOUND with near names; ERR_BAD_INPUT the prefix fits several, N is no number, it is a folder. */
MUST_USE Err repo_build_find(Ctx *cx, Repo *r, const char *ref, BuildRef *out);

typedef struct BuildBytes { const void *at; size_t n; StoreMap map; void *owned; } BuildBytes;
/* Its bytes: mapped and verified from the store, or read from the file (at most max).  Release with repo_build_close. */
MUST_USE Err repo_build_open(Ctx *cx, Repo *r, const BuildRef *ref, size_t max, BuildBytes *out);
void repo_build_close(Ctx *cx, Repo *r, BuildBytes *b);                              /* zeroed is fine */

#endif

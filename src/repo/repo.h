/* repo/repo.h -- a project and what happened in it: runs, trials, stages, artifacts, builds.
**
** A project is a folder with .leat/ in it.  Everything here but bytes is a
** projection of the ledger: each act below is one event.  Answers are allocated
** in cx's scratch and live until ctx_clear.  Events and tables: doc/formats/repo.md
*/
#ifndef REPO_REPO_H
#define REPO_REPO_H

#include "base/hash.h"
#include "ledger/ledger.h"
#include "store/store.h"

#define REPO_PATH_MAX 4096
#define REPO_ID_MAX 33             /* 32 hex digits and the NUL */
#define REPO_NAME_MAX 129          /* bytes of a model's or artifact's name, with the NUL */
#define REPO_PREFIX_MIN 8          /* hex digits that may stand for a digest */

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

typedef struct RunStart {          /* (borrowed).  No secret may be in here: it stays for good */
    const char *verb;              /* "auto" */
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
MUST_USE Err repo_run_finish(Ctx *cx, Run *run, RunState state, const char *summary);   /* not RUN_RUNNING */
void repo_run_close(Ctx *cx, Run *run);            /* NULL is fine */
/* Take up a run that was interrupted: it is running again, with what it had.  ERR_REFUSED a living process runs it,
** or it is done. */
MUST_USE Err repo_run_resume(Ctx *cx, Repo *r, const char *id, Run **out);

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
} RunRow;

typedef struct ArtifactRow { const char *name, *media; Digest digest; uint64_t bytes; uint64_t seq; } ArtifactRow;
typedef struct LogRow { ProgressKind kind; const char *stage, *text; int64_t time_us; } LogRow;
typedef struct StageSeen { const char *name, *summary; double seconds; Digest artifact; bool has_artifact; } StageSeen;
typedef struct RunFull {
    RunRow run;
    TrialRow *trial; size_t trials_n;              /* by number */
    StageSeen *stage; size_t stages_n;             /* in the order they ended */
    ArtifactRow *artifact; size_t artifacts_n;     /* by name */
    LogRow *log; size_t log_n;                     /* oldest first */
} RunFull;

/* Newest first; limit 0: all. */
MUST_USE Err repo_runs(Ctx *cx, Repo *r, size_t limit, RunRow **out, size_t *n);
/* RUN: its number, "latest", its id or a unique prefix of 4 or more digits.
** Errors: ERR_NOT_FOUND; ERR_BAD_INPUT the prefix fits several. */
MUST_USE Err repo_run_find(Ctx *cx, Repo *r, const char *ref, RunRow *out);
MUST_USE Err repo_run_full(Ctx *cx, Repo *r, const char *id, RunFull *out);   /* id: all 32 digits.  ERR_NOT_FOUND */

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
/* By name, then number, newest first; name NULL: all models. */
MUST_USE Err repo_builds(Ctx *cx, Repo *r, const char *name, BuildRow **out, size_t *n);

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

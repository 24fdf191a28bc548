/* app/app.h -- each thing a person can ask for, once.
**
** cli (and later api) turn words or JSON into these structs and print what comes
** back; they hold no rules and see no room below this one.  A verb is
**     Err app_x(Ctx *, House *, const XIn *, XOut *)
** and app_x_json writes its XOut as the JSON object every face shows.
** Texts and rows of an XOut are scratch of the Ctx: they live until ctx_clear.
** Everything a verb keeps is whole before it says OK, so an interrupted verb
** leaves the project as it was but for finished trials.
*/
#ifndef APP_APP_H
#define APP_APP_H

#include "base/ctx.h"
#include "base/text.h"

#define APP_PATH_MAX 4096
#define APP_NAME_MAX 128             /* bytes of a model's name, with the NUL */

typedef struct Project Project;      /* an open project; see project.c */

/* The rooms, opened when a verb first needs them. */
typedef struct House {
    const char *program;             /* path of this program, for workers                    (borrowed) */
    int64_t started_us;              /* monotonic; when this process began.  Budgets count from here. */
    Project *project;                /* NULL until a verb opens it                            (owned) */
} House;

void house_close(Ctx *cx, House *house);

/* Errors of every verb, besides its own: ERR_NOMEM; ERR_IO; ERR_DENIED; ERR_CORRUPT damaged bytes in the project;
** ERR_INTERRUPTED; ERR_NOT_FOUND outside a project, where one is needed. */

/* -------------------------------------------------------------------- words */

/* What options may be, straight from the rows of the rooms; NULL past the end. */
const char *app_task_word(size_t i);            /* auto binary multiclass regression */
const char *app_metric_word(size_t i);
bool app_metric_alias(const char *word);        /* scikit-learn's name of a metric? */
const char *app_learner_word(size_t i);
const char *app_type_word(size_t i);            /* number integer … */
bool app_type_alias(const char *word);
const char *app_stage_word(size_t i);
const char *app_format_word(size_t i);          /* what predict writes: csv parquet json */

/* --------------------------------------------------------------------- init */

typedef struct AppInitIn {
    const char *folder;              /* NULL: the current one */
    const char *ledger;              /* address of a database for its ledger; NULL: a file in the project */
} AppInitIn;
typedef struct AppInitOut {
    const char *folder;              /* absolute */
    bool made;                       /* false: there was one already */
    bool git;                        /* .leat/ was added to .gitignore */
} AppInitOut;
/* Errors: ERR_NOT_FOUND no such folder above DIR, or no such database; ERR_BAD_INPUT it is a file, or the address is none. */
MUST_USE Err app_init(Ctx *cx, House *house, const AppInitIn *in, AppInitOut *out);
void app_init_json(const AppInitOut *out, Text *t);

/* --------------------------------------------------------------------- auto */

typedef struct AppBoardRow {
    uint32_t trial;
    const char *learner;
    double score, se, fit_s, predict_us_row, weight;
    uint64_t size_bytes;
    bool pareto;
} AppBoardRow;

typedef struct AppStage { const char *name, *summary; double seconds; } AppStage;

typedef struct AppWatch {            /* told while a long verb works; members may be NULL */
    void (*begun)(void *self, const char *run, const char *project, bool made_project);
    void (*trial)(void *self, uint32_t trials, const char *metric, double best, double se);
    void *self;
} AppWatch;

typedef struct AppData {             /* a file to read and how */
    const char *path;                /* or a glob, or a dataset's version: churn@3, churn@3/part-1.csv.  A file of that name wins */
    const char *const *paths; size_t paths_n;        /* set by the verb itself: the version's files on this machine */
    const char *dataset, *tree;      /* likewise: "churn@3" and its digest; NULL: a file */
    const char *sheet;
    const char *const *na;     size_t na_n;      /* none: the default marks */
    const char *const *types;  size_t types_n;   /* "COL=TYPE" */
    uint64_t memory_mib;             /* bound on what reading may use; 0: the default */
} AppData;

typedef struct AppAutoIn {
    AppData data;
    const char *target, *task, *metric, *test, *name, *until, *resume;     /* NULL: the default */
    const char *report;              /* a path for the page, or "full": diagnostics without a bound */
    double time_s;
    double contamination;            /* task anomaly: share of the rows to call so; 0: the default */
    uint32_t trials;                 /* 0: by time */
    uint64_t seed;
    uint32_t threads;
    uint64_t memory_mib;
    const char *const *exclude;  size_t exclude_n;
    const char *const *learners; size_t learners_n;
    const char *group, *time_column, *weight, *class_weight;               /* see auto/auto.h; class_weight: "balanced", "none" */
    const char *const *monotone; size_t monotone_n;                        /* "COL=+" or "COL=-" */
    const char *const *use;      size_t use_n;
    bool no_keep;
    bool refit, portable;            /* see auto/auto.h */
    const char *cost;                /* "ALARM:MISS", or NULL */
    const char *command;             /* as typed, for the record; NULL */
    AppWatch watch;
} AppAutoIn;

typedef struct AppAutoOut {
    const char *run;                 /* its name, for `runs show` and --resume */
    const char *build;               /* "name@N"; NULL when --until ended it before there was one */
    const char *digest;
    const char *task, *metric;
    bool higher;
    double score, se;
    const char *test_json;           /* {metric: value} or NULL */
    const AppBoardRow *board; size_t board_n;
    const char *board_json;          /* the same as an array, with parameters */
    AppStage *stage;          size_t stages_n;
    const char *const *warning; size_t warnings_n;
    const char *report;              /* path of the page; NULL: none was written */
    uint32_t trials;
    uint64_t size_bytes;             /* of the build */
    bool short_of_time;
    double wall_s;
    const char *project;
    bool made_project;
} AppAutoOut;

/* The eight stages on a file: trials, stages, build and report are kept as they come.
** Errors: those of reading and of auto_run in plain words; ERR_INTERRUPTED says what was kept and how to go on. */
MUST_USE Err app_auto(Ctx *cx, House *house, const AppAutoIn *in, AppAutoOut *out);
void app_auto_json(const AppAutoOut *out, Text *t);

/* ------------------------------------------------------------------ predict */

typedef struct AppPredictIn {
    const char *build;
    AppData data;
    const char *out;                 /* a path; NULL: to fd */
    int fd;                          /* -1: nowhere but into json */
    const char *format;              /* csv parquet json; NULL: by the path, else csv */
    bool proba, explain;
    double intervals;                /* share of rows whose truth lo..hi, or the set of classes, should hold; 0: none */
    const char *const *keep; size_t keep_n;
    uint32_t threads;
    Text *json;                      /* not NULL: rows as a JSON array are put here instead of fd */
} AppPredictIn;

typedef struct AppPredictOut {
    const char *build, *digest, *out;
    uint64_t rows;
    const char *const *warning; size_t warnings_n;
    double wall_s;
} AppPredictOut;

/* One line a row in input order: prediction; lo and hi, or set (class names with | between; a backslash goes before a | or backslash in a name);
** p_<class> in class order; shap_<column> and shap_base; kept columns first.
** Errors: ERR_NOT_FOUND no such build or file; ERR_BAD_INPUT a needed column is absent or wholly unreadable, or intervals
** of a build that keeps no record of its errors, or of too few rows for so large a share. */
MUST_USE Err app_predict(Ctx *cx, House *house, const AppPredictIn *in, AppPredictOut *out);
void app_predict_json(const AppPredictOut *out, const char *rows_json, Text *t);

/* ------------------------------------------------------ visualize, diagnose */

typedef struct AppVisualizeIn {
    AppData data;
    const char *target;
    const char *out;                 /* a path for the page; NULL: none */
    uint32_t threads;
} AppVisualizeIn;

typedef struct AppColumn {
    const char *name, *type, *kind;  /* kind: of the association with the target, "" without one */
    uint64_t missing, distinct;
    const char *typical;             /* in words: "29 … 77, mean 54.4" or its commonest values */
    double association;              /* NaN without a target */
} AppColumn;

typedef struct AppVisualizeOut {
    uint64_t rows;
    const AppColumn *column; size_t columns_n;
    const char *const *warning; size_t warnings_n;
    const char *task, *report, *stage_json;
} AppVisualizeOut;
MUST_USE Err app_visualize(Ctx *cx, House *house, const AppVisualizeIn *in, AppVisualizeOut *out);
void app_visualize_json(const AppVisualizeOut *out, Text *t);

typedef struct AppDiagnoseIn {
    const char *build;
    AppData data;                    /* path NULL: what it was trained on, out of fold */
    const char *out;
    uint32_t threads;
    const char *group;               /* a column whose levels are judged apart; NULL */
    double cost_fp, cost_fn;         /* of a false alarm and a missed case; both 0: not told */
    double time_s;                   /* about how long it may take; 0: no bound */
} AppDiagnoseIn;

typedef struct AppFact { const char *name; double value; } AppFact;

typedef struct AppDiagnoseOut {
    const char *build, *digest, *on; /* on: "out of fold", "new rows" */
    uint64_t rows;
    const AppFact *metric;     size_t metrics_n;
    const AppFact *importance; size_t importance_n;      /* biggest first */
    const char *const *slice;  size_t slices_n;          /* weakest, in words */
    const char *const *line;   size_t lines_n;           /* calibration, thresholds, intervals …, a sentence each */
    const char *const *group;  size_t groups_n;          /* one a group, then what they differ in */
    const char *const *warning; size_t warnings_n;
    const char *report, *stage_json;
} AppDiagnoseOut;
/* Errors: ERR_NOT_FOUND the build, its training data (--no-keep and moved since), the file, or the column to group by;
** ERR_BAD_INPUT no target in the new rows. */
MUST_USE Err app_diagnose(Ctx *cx, House *house, const AppDiagnoseIn *in, AppDiagnoseOut *out);
void app_diagnose_json(const AppDiagnoseOut *out, Text *t);

/* ------------------------------------------------------------------- builds */

typedef struct AppBuild {
    const char *name;                /* "heart@3" */
    const char *digest, *task, *target, *metric, *run;
    double score, se;
    uint64_t size_bytes;
    int64_t made_us;                 /* 0: unknown (a .leat file) */
    bool champion;
} AppBuild;

typedef struct AppSearch AppSearch;
typedef struct AppBuildsIn { const char *model; const AppSearch *search; } AppBuildsIn;     /* NULL: every model; all */
typedef struct AppBuildsOut { AppBuild *build; size_t n; bool more; } AppBuildsOut;
MUST_USE Err app_builds(Ctx *cx, House *house, const AppBuildsIn *in, AppBuildsOut *out);
void app_builds_json(const AppBuildsOut *out, Text *t);

typedef struct AppMember { const char *learner, *params; double weight; uint32_t trial, parts; } AppMember;
typedef struct AppBuildIn { const char *build; } AppBuildIn;
typedef struct AppBuildOut {
    AppBuild about;
    const char *const *class_name; size_t classes_n;
    const char *const *column; const char *const *column_type; size_t columns_n;
    AppMember *member; size_t members_n;
    const char *facts_json, *steps_json;
    size_t features_n;
    double threshold;
} AppBuildOut;
MUST_USE Err app_build_show(Ctx *cx, House *house, const AppBuildIn *in, AppBuildOut *out);
void app_build_show_json(const AppBuildOut *out, Text *t);

typedef struct AppNode { const char *kind, *name, *digest, *detail; } AppNode;     /* kind: data code run build prediction */
typedef struct AppEdge { size_t from, to; const char *how; } AppEdge;
typedef struct AppLineageOut { AppNode *node; size_t n; AppEdge *edge; size_t edges_n; } AppLineageOut;     /* node 0 is the build */
MUST_USE Err app_build_lineage(Ctx *cx, House *house, const AppBuildIn *in, AppLineageOut *out);
void app_build_lineage_json(const AppLineageOut *out, Text *t);

#define APP_VERIFY_STEPS_MAX 8
typedef struct AppVerifyStep { const char *name, *found; } AppVerifyStep;
typedef struct AppVerifyOut { const char *build, *digest; AppVerifyStep step[APP_VERIFY_STEPS_MAX]; size_t n; } AppVerifyOut;
/* ERR_CORRUPT the bytes, or the event that registered them; ERR_REFUSED no event registers it, or nothing proves that event. */
MUST_USE Err app_build_verify(Ctx *cx, House *house, const AppBuildIn *in, AppVerifyOut *out);
void app_build_verify_json(const AppVerifyOut *out, Text *t);

typedef struct AppExportIn {
    const char *build, *out;
    const char *format;              /* leat, onnx, c or json; NULL: by the file's ending */
} AppExportIn;
typedef struct AppExportOut { const char *build, *digest, *out, *format; uint64_t size_bytes; } AppExportOut;
/* ERR_BAD_INPUT the file's ending says no format, or the build has a part that the format cannot say */
MUST_USE Err app_build_export(Ctx *cx, House *house, const AppExportIn *in, AppExportOut *out);
void app_build_export_json(const AppExportOut *out, Text *t);

typedef struct AppReproduceIn {
    const char *build;
    const char *data;                /* where the training data lies now; NULL: as the project knows it */
    uint32_t threads;
} AppReproduceIn;
typedef struct AppReproduceOut {
    const char *build, *digest, *made;           /* as recorded, as it came out */
    bool equal;
    const char *differs;             /* the first section that is not the same, and within the facts the key; NULL */
    const char *recorded_version, *version, *recorded_instructions, *instructions;
    uint32_t trials;                 /* made again */
    double wall_s;
} AppReproduceOut;
/* Train a build again from its own record and compare.  No clock is consulted; outside a project nothing is put on record.
** Errors: ERR_NOT_FOUND the build or its training data; ERR_BAD_INPUT the data is not what it was trained on, or the build has no
** record (an earlier version made it).  A build that comes out different is no error here: the faces say so, and exit with 3. */
MUST_USE Err app_build_reproduce(Ctx *cx, House *house, const AppReproduceIn *in, AppReproduceOut *out);
void app_build_reproduce_json(const AppReproduceOut *out, Text *t);

typedef struct AppBenchIn { const char *build; AppData data; } AppBenchIn;
#define APP_BENCH_SECTIONS_MAX 16
typedef struct AppBenchOut {
    const char *build;
    double load_ms, p50_us, p99_us, rows_s;
    uint64_t rows, size_bytes, memory_bytes;         /* memory: what the build takes once it is open */
    struct { char name[9]; uint64_t bytes; } section[APP_BENCH_SECTIONS_MAX];       /* of the file */
    size_t sections_n;
} AppBenchOut;
/* Through include/leat.h alone: what an application that links it would see. */
MUST_USE Err app_build_bench(Ctx *cx, House *house, const AppBenchIn *in, AppBenchOut *out);
void app_build_bench_json(const AppBenchOut *out, Text *t);

/* --------------------------------------------------------------------- runs */

typedef struct AppRun {
    const char *name, *state, *target, *data, *metric, *build;     /* name: its number.  state: running done failed interrupted */
    const char *id, *title, *verb, *command, *experiment, *user;   /* title: the name given to it, "" none */
    double score, se, seconds;
    uint32_t trials;
    int64_t begun_us;
    bool deleted;
} AppRun;

typedef struct AppTrial {
    uint32_t number;
    const char *stage, *learner, *params, *state, *why;
    double score, se, fit_s, predict_us_row, weight;
    uint64_t size_bytes, peak_bytes;
    bool pareto;
    const char *run;                 /* its number, in app_trials; else NULL */
} AppTrial;

struct AppSearch {                   /* which rows of a list; see filter/filter.h for the language */
    const char *filter;              /* NULL: all */
    const char *const *order; size_t orders_n;     /* "metrics.auc DESC" */
    const char *experiment;          /* runs only; NULL: any */
    uint64_t limit, offset;          /* limit 0: all */
    bool deleted;                    /* those that were put out of sight, instead of the others */
};
#define APP_LIMIT 1000               /* rows of a list where nobody says how many */

typedef struct AppRunsOut { AppRun *run; size_t n; bool more; } AppRunsOut;
/* ERR_BAD_INPUT the filter, at which character; ERR_NOT_FOUND experiment */
MUST_USE Err app_runs(Ctx *cx, House *house, const AppSearch *in, AppRunsOut *out);
void app_runs_json(const AppRunsOut *out, Text *t);

typedef struct AppTrialsOut { AppTrial *trial; size_t n; bool more; } AppTrialsOut;
MUST_USE Err app_trials(Ctx *cx, House *house, const AppSearch *in, AppTrialsOut *out);
void app_trials_json(const AppTrialsOut *out, Text *t);

typedef struct AppExperiment { const char *name, *id; uint64_t runs; int64_t created_us, changed_us; bool deleted; } AppExperiment;
typedef struct AppExperimentsOut { AppExperiment *experiment; size_t n; bool more; } AppExperimentsOut;
MUST_USE Err app_experiments(Ctx *cx, House *house, const AppSearch *in, AppExperimentsOut *out);
void app_experiments_json(const AppExperimentsOut *out, Text *t);

typedef struct AppPair { const char *key, *value; } AppPair;
typedef struct AppMetric { const char *key; double last, min, max; int64_t last_step, last_us; uint64_t n; } AppMetric;
typedef struct AppArtifact { const char *name, *media, *digest; uint64_t bytes; } AppArtifact;
typedef struct AppNote { const char *text, *who; int64_t time_us; } AppNote;
typedef struct AppInput { const char *name, *digest, *context, *source; } AppInput;
typedef struct AppLogLine { const char *kind, *stage, *text; int64_t time_us; } AppLogLine;

typedef struct AppRunIn { const char *run; } AppRunIn;
typedef struct AppRunOut {
    AppRun about;
    AppTrial *trial; size_t trials_n;
    AppStage *stage; size_t stages_n;
    const char *options_json;        /* what was asked, NULL if unknown */
    AppPair *param, *tag; size_t params_n, tags_n;
    AppMetric *metric; size_t metrics_n;
    AppArtifact *artifact; size_t artifacts_n;
    AppInput *input; size_t inputs_n;
    AppNote *note; size_t notes_n;
    AppLogLine *log; size_t log_n;
    const char *arguments_json, *environment_json, *resources_json;   /* "": none */
    const char *commit, *remote, *host, *version, *folder, *summary, *parent;
    bool dirty, has_exit;
    int exit_code, signal;
    int64_t ended_us;
} AppRunOut;
MUST_USE Err app_run_show(Ctx *cx, House *house, const AppRunIn *in, AppRunOut *out);
void app_run_show_json(const AppRunOut *out, Text *t);

typedef struct AppSightIn { const char *const *run; size_t n; bool back; } AppSightIn;
typedef struct AppSightOut { const char *const *run; size_t n; } AppSightOut;
/* Put runs out of sight, or back: all or none of those named are looked up before the first is touched. */
MUST_USE Err app_runs_sight(Ctx *cx, House *house, const AppSightIn *in, AppSightOut *out);
void app_runs_sight_json(const AppSightOut *out, Text *t);

typedef struct AppCompareIn { const char *const *run; size_t n; bool all; } AppCompareIn;
typedef struct AppCompareRow { const char *section, *key; const char **value; bool differs; } AppCompareRow;    /* value: one a run; NULL: none */
typedef struct AppCompareOut { const char *const *run; size_t runs_n; AppCompareRow *row; size_t n, same; } AppCompareOut;
MUST_USE Err app_runs_compare(Ctx *cx, House *house, const AppCompareIn *in, AppCompareOut *out);     /* ERR_USAGE fewer than two */
void app_runs_compare_json(const AppCompareOut *out, Text *t);

/* --------------------------------------------------------------------- run */

typedef struct AppProgramIn {
    const char *const *word; size_t words_n;       /* the program and its arguments */
    const char *const *data; size_t data_n;        /* what it reads: NAME@V, or a path */
    const char *const *out;  size_t outs_n;        /* what it makes: files and folders kept at its end */
    const char *const *tag;  size_t tags_n;        /* NAME=VALUE */
    const char *const *env;  size_t env_n;         /* variables to record besides those of the allow-list */
    const char *name, *experiment;
    bool quiet_out;                  /* its standard output is shown on ours for errors */
} AppProgramIn;
typedef struct AppProgramOut {
    const char *run, *id;
    bool ran, made_project;
    int status, signal;              /* exit status, or 128 + signal; that signal, or 0 */
    uint64_t outputs;                /* files kept */
} AppProgramOut;
/* Run any program and put on record: arguments, code (Git commit, remote, changes), packages, environment by allow-list, what it says, how it ended,
** what it took, its outputs by content.  Inside it LEAT_RUN names the run.  Secrets are taken out of all of it.  A program that fails is no
** failure of ours: see status.  Errors: ERR_NOT_FOUND no such program or data; ERR_REFUSED --env names a secret; ERR_USAGE a tag. */
MUST_USE Err app_run_program(Ctx *cx, House *house, const AppProgramIn *in, AppProgramOut *out);
void app_run_program_json(const AppProgramOut *out, Text *t);

/* -------------------------------------------------------------------- tell */

/* What a run says of itself.  run NULL: the run that this process is part of (LEAT_RUN, set by `leat run`), in its project.
** Errors: ERR_USAGE no run is named and none surrounds us; ERR_NOT_FOUND; ERR_REFUSED a param has another value already, or
** the run is deleted; ERR_BAD_INPUT a name or number; ERR_LIMIT. */
typedef struct AppToldOut { const char *run; uint64_t n; const char *digest; } AppToldOut;
/* One a word: NAME=VALUE; or two words, NAME VALUE. */
typedef struct AppWordsIn { const char *run; const char *const *word; size_t n; } AppWordsIn;
MUST_USE Err app_tell_params(Ctx *cx, House *house, const AppWordsIn *in, AppToldOut *out);
MUST_USE Err app_tell_tags(Ctx *cx, House *house, const AppWordsIn *in, AppToldOut *out);      /* an empty value takes the tag away */
typedef struct AppMetricsIn {
    AppWordsIn words;
    const char *from;                /* a file (or "-") of lines NAME VALUE [STEP [MILLISECONDS]], or of JSON objects; NULL */
    int64_t step;
    int64_t time_ms;                 /* since 1970; 0: now */
} AppMetricsIn;
MUST_USE Err app_tell_metrics(Ctx *cx, House *house, const AppMetricsIn *in, AppToldOut *out);
typedef struct AppArtifactIn { const char *run, *path, *name; bool scrub; } AppArtifactIn;    /* a folder: every file in it */
MUST_USE Err app_tell_artifact(Ctx *cx, House *house, const AppArtifactIn *in, AppToldOut *out);
typedef struct AppNoteIn { const char *run, *build; const char *text; } AppNoteIn;             /* build: about that instead */
MUST_USE Err app_note(Ctx *cx, House *house, const AppNoteIn *in, AppToldOut *out);
void app_told_json(const AppToldOut *out, Text *t);
typedef struct AppArtifactGetIn { const char *run, *name, *out; int fd; } AppArtifactGetIn;   /* out NULL: to fd */
MUST_USE Err app_artifact_get(Ctx *cx, House *house, const AppArtifactGetIn *in, AppArtifact *out);
typedef struct AppPoint { int64_t step, time_us; double value; } AppPoint;
typedef struct AppHistoryIn { const char *run, *metric; } AppHistoryIn;
typedef struct AppHistoryOut { AppPoint *point; size_t n; } AppHistoryOut;
MUST_USE Err app_metric_history(Ctx *cx, House *house, const AppHistoryIn *in, AppHistoryOut *out);
void app_metric_history_json(const AppHistoryOut *out, Text *t);
/* --------------------------------------------------------------------- data */

typedef struct AppVersion {
    const char *name;                /* "churn@3" */
    const char *dataset; uint64_t n, latest;         /* latest: the newest that is not removed; 0: none */
    const char *digest;              /* of its tree */
    uint64_t files, bytes;
    int64_t rows, columns;           /* -1: unknown, or no table */
    bool rows_exact, removed;
    int64_t source_us, arrived_us;   /* source_us 0: unknown */
    const char *message, *actor, *verb, *detail_json;
    const char *const *tag; size_t tags_n;
    uint64_t seq;
    const char *state;               /* of lists: "stale", "certified", "revoked" …; NULL or "": nothing to say */
} AppVersion;

const char *app_profile_word(size_t i);         /* sample full none */

typedef struct AppDataAddIn {
    const char *name;
    const char *const *source; size_t sources_n;     /* files, folders, globs, addresses */
    const char *message;
    const char *const *tag;    size_t tags_n;
    const char *source_time;         /* "2026-03-01"; NULL: what the source says */
    const char *profile;             /* see app_profile_word; NULL: the first */
    const char *sql;                 /* of a database: this query; NULL: whole tables */
    const char *const *table;  size_t tables_n;      /* of a database: only these */
    uint32_t threads;
    bool fresh;                      /* read every file, whatever the stat cache says */
    bool no_pointer;
} AppDataAddIn;
typedef struct AppDataAddOut {
    AppVersion version;
    bool unchanged;
    const char *pointer;             /* written, below the project's folder; NULL: none */
    uint64_t files_read, bytes_read;
    double wall_s;
} AppDataAddOut;
/* Errors: those of lake_add and of the source; see lake/lake.h. */
MUST_USE Err app_data_add(Ctx *cx, House *house, const AppDataAddIn *in, AppDataAddOut *out);
void app_data_add_json(const AppDataAddOut *out, Text *t);

typedef struct AppDataImportIn {
    const char *folder, *prefix;     /* a DVC repository; prefix of the datasets' names, NULL: none */
    const char *profile;
    uint32_t threads;
} AppDataImportIn;
typedef struct AppDataImportOut { AppVersion *version; size_t n; uint64_t unchanged, passed_over; double wall_s; } AppDataImportOut;   /* those that are new */
MUST_USE Err app_data_import(Ctx *cx, House *house, const AppDataImportIn *in, AppDataImportOut *out);
void app_data_import_json(const AppDataImportOut *out, Text *t);

typedef struct AppDataListOut { AppVersion *version; size_t n; } AppDataListOut;
MUST_USE Err app_data_ls(Ctx *cx, House *house, bool removed, AppDataListOut *out);        /* newest of each dataset */
MUST_USE Err app_data_log(Ctx *cx, House *house, const char *name, AppDataListOut *out);   /* newest first, removed ones too */
void app_data_list_json(const AppDataListOut *out, const char *key, Text *t);

typedef struct AppDataSource { const char *kind, *address, *detail; } AppDataSource;
typedef struct AppDataColumn {
    const char *name, *type, *typical;   /* typical: "29 … 77, mean 54.4", or its commonest values */
    uint64_t missing, distinct;
} AppDataColumn;
typedef struct AppDataTable {
    const char *first, *format;      /* first: path of its first file */
    uint64_t files; int64_t rows; bool rows_exact;   /* rows -1: unknown */
    uint64_t read;                   /* rows that the profile has seen */
    AppDataColumn *column; size_t columns_n;
} AppDataTable;
typedef struct AppDataShowOut {
    AppVersion version;
    AppDataSource *source; size_t sources_n;
    const char *const *made_from; size_t made_from_n;
    const char *const *used_by;   size_t used_by_n;
    AppDataTable *table; size_t tables_n;
    const char *about_json;          /* schema and profile; NULL: it holds no table */
    const char *const *mark, *const *mark_line; size_t marks_n;      /* what is said of it: "certified", in words */
    const char *marks_json;          /* labels, certificates, standing, checks, stale inputs */
} AppDataShowOut;
MUST_USE Err app_data_show(Ctx *cx, House *house, const char *ref, AppDataShowOut *out);
void app_data_show_json(const AppDataShowOut *out, Text *t);

typedef struct AppDataFile { const char *path, *kind, *digest; uint64_t bytes; } AppDataFile;      /* kind: file program link folder */
typedef struct AppDataFilesOut { AppVersion version; AppDataFile *file; size_t n; } AppDataFilesOut;
MUST_USE Err app_data_files(Ctx *cx, House *house, const char *ref, AppDataFilesOut *out);
void app_data_files_json(const AppDataFilesOut *out, Text *t);

typedef struct AppDataGetIn {
    const char *ref, *folder;        /* folder NULL: where its pointer has it, else a folder of its name here */
    bool force, no_pointer;
    uint32_t threads;
} AppDataGetIn;
typedef struct AppDataGetOut {
    AppVersion version;
    const char *folder, *pointer;    /* pointer: brought up to date; NULL */
    uint64_t written, kept, removed, bytes;
    double wall_s;
} AppDataGetOut;
/* ERR_REFUSED a file was changed here and would be lost */
MUST_USE Err app_data_get(Ctx *cx, House *house, const AppDataGetIn *in, AppDataGetOut *out);
void app_data_get_json(const AppDataGetOut *out, Text *t);

typedef struct AppDataChange { const char *what, *path; uint64_t bytes_before, bytes_after; } AppDataChange;  /* what: added removed changed */
typedef struct AppColumnChange { const char *table, *column, *what; } AppColumnChange;     /* what: a sentence */
typedef struct AppDataDiffOut {
    AppVersion a, b;
    bool same;
    uint64_t added, removed, changed;                /* files */
    AppDataChange *change; size_t n; bool cut;       /* cut: there are more than are listed */
    AppColumnChange *column; size_t columns_n;       /* schema and statistics */
} AppDataDiffOut;
MUST_USE Err app_data_diff(Ctx *cx, House *house, const char *a, const char *b, AppDataDiffOut *out);
void app_data_diff_json(const AppDataDiffOut *out, Text *t);

typedef struct AppDataMarkIn { const char *ref, *why; } AppDataMarkIn;      /* NAME (every version) or NAME@3 */
MUST_USE Err app_data_rm(Ctx *cx, House *house, const AppDataMarkIn *in, AppDataListOut *out);
MUST_USE Err app_data_restore(Ctx *cx, House *house, const AppDataMarkIn *in, AppDataListOut *out);
typedef struct AppDataTagIn { const char *ref, *tag; bool remove; } AppDataTagIn;
MUST_USE Err app_data_tag(Ctx *cx, House *house, const AppDataTagIn *in, AppVersion *out);
void app_version_json(const AppVersion *v, Text *t);

typedef struct AppStatusRow {
    const char *pointer, *dataset, *path, *digest;
    const char *state;               /* of the work tree against the pointer: same changed missing none */
    uint64_t n, latest;              /* the pointer's version here (0: the lake does not hold it), the newest (0: none) */
    uint64_t added, removed, changed;
    AppDataChange *told; size_t told_n;              /* the first of them */
    bool known, clean;               /* clean: nothing needs to be done here */
    const char *trouble;             /* the pointer cannot be read; NULL */
} AppStatusRow;
typedef struct AppStatusOut { AppStatusRow *row; size_t n, clean; } AppStatusOut;
MUST_USE Err app_status(Ctx *cx, House *house, uint32_t threads, AppStatusOut *out);
void app_status_json(const AppStatusOut *out, Text *t);
/* ---------------------------------------------------------------------- log */

typedef struct AppEvent {
    uint64_t seq;
    int64_t time_us;
    const char *actor, *on_behalf, *project, *kind, *subject;
    const char *payload;             /* JSON; of a redacted one what is left */
    const char *state;               /* plain encrypted sealed redacted */
    const char *text;                /* the canonical text that is hashed */
    char hash[65], previous[65], payload_hash[65];
} AppEvent;

typedef struct AppLogIn {
    const char *project, *actor, *kind, *subject;              /* NULL: any */
    const char *since, *until;       /* "2026-05-04", "2026-05-04T12:30", "36h", "7d" */
    uint64_t limit;                  /* 0: 50 */
    bool all;
} AppLogIn;
typedef struct AppLogOut { AppEvent *event; size_t n; uint64_t events; } AppLogOut;      /* newest first; how many there are in all */
MUST_USE Err app_log(Ctx *cx, House *house, const AppLogIn *in, AppLogOut *out);         /* ERR_USAGE since, until */
void app_log_json(const AppLogOut *out, Text *t);
MUST_USE Err app_log_show(Ctx *cx, House *house, const char *seq, AppEvent *out);        /* ERR_NOT_FOUND */
void app_log_show_json(const AppEvent *e, Text *t);

typedef struct AppSearchIn {
    const char *query;               /* words; "phrases", -word, a OR b, name:value */
    const char *project, *actor, *kind, *subject, *since, *until;      /* as AppLogIn */
    uint64_t limit;                  /* 0: 20 */
} AppSearchIn;
typedef struct AppHit { uint64_t seq; double score; int64_t time_us; const char *actor, *kind, *subject, *project, *snippet; } AppHit;
typedef struct AppSearchOut {
    AppHit *hit; size_t n;           /* best first */
    uint64_t matches, events, indexed, scanned;      /* see LedgerFound */
    double coverage, wall_ms;        /* share of the log that was looked at; of the search alone */
} AppSearchOut;
/* ERR_BAD_INPUT no word to look for; ERR_USAGE since, until */
MUST_USE Err app_log_search(Ctx *cx, House *house, const AppSearchIn *in, AppSearchOut *out);
void app_log_search_json(const AppSearchOut *out, Text *t);

typedef struct AppLogVerifyOut {
    char ledger[65], root[65];
    uint64_t events, signed_to, heads, secret, sealed, redacted, tables, rows, segments;
    uint64_t first, last;            /* of a segment's file */
    double wall_s;
} AppLogVerifyOut;
/* Chain, tree, signatures, every head within reach, and tables = replay; or a segment's file alone (file; NULL: the project).
** ERR_CORRUPT says what is wrong, where, and what to do. */
typedef struct AppLogVerifyIn { const char *file; } AppLogVerifyIn;
MUST_USE Err app_log_verify(Ctx *cx, House *house, const AppLogVerifyIn *in, AppLogVerifyOut *out);
void app_log_verify_json(const AppLogVerifyOut *out, Text *t);
/* Make all tables anew from the log, then verify. */
MUST_USE Err app_log_rebuild(Ctx *cx, House *house, AppLogVerifyOut *out);

typedef struct AppLogProveIn { const char *seq, *out; } AppLogProveIn;                   /* out NULL: into json */
typedef struct AppLogProof { uint64_t seq, size; char ledger[65], key[65]; const char *event, *json; } AppLogProof;
MUST_USE Err app_log_prove(Ctx *cx, House *house, const AppLogProveIn *in, AppLogProof *out);
/* Without any project.  json NULL: read from path.  ERR_BAD_INPUT no proof; ERR_REFUSED it proves nothing. */
MUST_USE Err app_log_check(Ctx *cx, const char *path, const char *json, AppLogProof *out);
void app_log_proof_json(const AppLogProof *out, Text *t);

typedef struct AppHold { const char *subject, *why; uint64_t seq; int64_t since_us; } AppHold;
typedef struct AppLogHoldIn { const char *verb, *subject, *why; } AppLogHoldIn;          /* verb: add, rm; NULL: list */
typedef struct AppLogHoldOut { AppHold *hold; size_t n; } AppLogHoldOut;                 /* what is held then, by subject */
MUST_USE Err app_log_hold(Ctx *cx, House *house, const AppLogHoldIn *in, AppLogHoldOut *out);
void app_log_hold_json(const AppLogHoldOut *out, Text *t);

typedef struct AppLogRedactIn { const char *seq, *why; } AppLogRedactIn;
typedef struct AppLogRedactOut { uint64_t seq, segments; const char *left; } AppLogRedactOut;      /* left: of the payload */
MUST_USE Err app_log_redact(Ctx *cx, House *house, const AppLogRedactIn *in, AppLogRedactOut *out);
void app_log_redact_json(const AppLogRedactOut *out, Text *t);

typedef struct AppLogArchiveIn { const char *before, *to; } AppLogArchiveIn;             /* to: a folder, or a store's address; NULL: no copy */
typedef struct AppLogArchiveOut { uint64_t first, last, segments, bytes, held; const char *to; } AppLogArchiveOut;
MUST_USE Err app_log_archive(Ctx *cx, House *house, const AppLogArchiveIn *in, AppLogArchiveOut *out);
void app_log_archive_json(const AppLogArchiveOut *out, Text *t);

/* ------------------------------------------------------------------- doctor */

typedef enum AppHealth { APP_FINE, APP_NOTE, APP_LACKS } AppHealth;
typedef struct AppCheck { const char *name, *found, *what_for, *advice; AppHealth health; } AppCheck;
typedef struct AppDoctorOut { AppCheck *check; size_t n; } AppDoctorOut;
MUST_USE Err app_doctor(Ctx *cx, House *house, AppDoctorOut *out);
void app_doctor_json(const AppDoctorOut *out, Text *t);

/* ------------------------------------------------------------------- others */

MUST_USE Err app_go(Ctx *cx, const char *folder);      /* -C DIR.  ERR_NOT_FOUND; ERR_DENIED */
MUST_USE Err app_worker(Ctx *cx, uint64_t bytes);      /* what `leat worker BYTES` runs; see auto_worker */

/* ------------------------------------------------------- the store: gc, fsck */

typedef struct AppGcIn { bool dry_run; } AppGcIn;
typedef struct AppGcOut { uint64_t objects, kept, spared, removed, freed; bool dry_run; } AppGcOut;     /* freed: bytes */
/* Remove objects that nobody names and that are older than a day.  ERR_REFUSED another gc runs, or a foreign log is held. */
MUST_USE Err app_gc(Ctx *cx, House *house, const AppGcIn *in, AppGcOut *out);
void app_gc_json(const AppGcOut *out, Text *t);

typedef struct AppFault { const char *where, *object, *what; uint64_t byte; } AppFault;      /* object: "" unknown */
typedef struct AppFsckIn { bool repair; } AppFsckIn;
typedef struct AppFsckOut {
    uint64_t objects, bytes, packs, indexes, faults;
    const AppFault *fault; size_t fault_n;       /* the first thousand */
    bool rebuilt;
} AppFsckOut;
/* Look at every byte of the store and at what must be in it.  OK also when something is wrong: out->faults. */
MUST_USE Err app_fsck(Ctx *cx, House *house, const AppFsckIn *in, AppFsckOut *out);
void app_fsck_json(const AppFsckOut *out, Text *t);

/* ------------------------------------------------------------------ remotes */

typedef struct AppRemote { const char *name, *url; } AppRemote;
typedef struct AppRemotesOut { AppRemote *remote; size_t n; } AppRemotesOut;                 /* A to Z */
typedef struct AppRemoteIn { const char *name, *url; } AppRemoteIn;
/* Errors: ERR_BAD_INPUT the name or the address; ERR_REFUSED there is one of that name; ERR_NOT_FOUND none of that name. */
MUST_USE Err app_remote_add(Ctx *cx, House *house, const AppRemoteIn *in, AppRemotesOut *out);
MUST_USE Err app_remote_rm(Ctx *cx, House *house, const AppRemoteIn *in, AppRemotesOut *out);
MUST_USE Err app_remotes(Ctx *cx, House *house, AppRemotesOut *out);
void app_remotes_json(const AppRemotesOut *out, Text *t);

typedef struct AppTransferIn { const char *remote; } AppTransferIn;      /* a name; NULL: origin, or the only one */
typedef struct AppCloneIn { const char *url, *folder; } AppCloneIn;      /* folder NULL: the address's last part */
typedef struct AppTransferOut {
    const char *url, *folder;                    /* folder: of a clone */
    uint64_t objects, bytes, there;              /* brought; there before */
    uint64_t events, ledgers;                    /* of logs */
} AppTransferOut;
/* Bring all objects and the log to a remote, or from it; again goes on where it stopped.  Errors: ERR_NOT_FOUND no such remote, or
** nothing there; ERR_DENIED its keys; ERR_IO; ERR_CORRUPT what was sent is damaged. */
MUST_USE Err app_push(Ctx *cx, House *house, const AppTransferIn *in, AppTransferOut *out);
MUST_USE Err app_pull(Ctx *cx, House *house, const AppTransferIn *in, AppTransferOut *out);
/* A new project in a new folder with all that the remote has.  ERR_REFUSED the folder is there already. */
MUST_USE Err app_clone(Ctx *cx, House *house, const AppCloneIn *in, AppTransferOut *out);
void app_transfer_json(const AppTransferOut *out, Text *t);

#include "app/work.h"

#endif

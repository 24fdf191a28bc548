/* auto/auto.h -- the eight stages: a table in, a build out.
**
** auto_run drives the stages in order under a time budget or a count of trials.
** Fits happen in child processes (this program started again as `leat worker`),
** so a trial can be killed, crash or run out of memory alone.  The room knows
** nothing of projects or ledgers: what happens is told to a sink.
** Method: out-of-fold bagging with greedy ensemble selection (Caruana et al.
** 2004) over a zero-shot portfolio, then randomised direct search (Wu et al.
** 2021, FLAML's CFO).
*/
#ifndef AUTO_AUTO_H
#define AUTO_AUTO_H

#include "learn/learn.h"
#include "model/model.h"
#include "table/table.h"

typedef enum Stage {
    STAGE_VISUALIZE, STAGE_PREPROCESS, STAGE_ENGINEER, STAGE_SELECT,
    STAGE_TUNE, STAGE_BENCHMARK, STAGE_TRAIN, STAGE_DIAGNOSE, STAGES_N
} Stage;

const char *stage_word(Stage s);                          /* visualize preprocess engineer … */
bool stage_read(const char *word, Stage *out);

typedef enum TrialState { TRIAL_DONE, TRIAL_CUT, TRIAL_FAILED } TrialState;   /* cut: the deadline ended it; still usable */

typedef struct Trial {
    uint32_t number;             /* from 1 */
    Stage stage;                 /* STAGE_SELECT or STAGE_TUNE */
    const char *learner;
    const char *params;          /* JSON object */
    TrialState state;
    const char *why;             /* why it failed; "" */
    double score, se;            /* out of fold, in the metric's own direction; NaN when failed */
    const double *fold_score;    /* folds */
    uint32_t folds;
    double fit_s;                /* over all folds, one thread */
    double predict_us_row;
    uint64_t size_bytes, peak_bytes;
    double weight;               /* share in the ensemble, known after train */
    bool pareto;                 /* no other is better in score, fit time, scoring time and size at once */
    const void *blob;            /* what --resume needs; NULL when failed */
    size_t blob_n;
} Trial;

/* What the caller wants to hear as it happens.  A failure returned ends the run.  Any may be NULL. */
typedef struct AutoSink {
    Err (*trial)(void *self, Ctx *cx, const Trial *t);
    /* json: the stage's own results, see doc/formats/stages.md */
    Err (*stage)(void *self, Ctx *cx, Stage s, double seconds, const char *summary, const char *json);
    Err (*warning)(void *self, Ctx *cx, const char *text);
    /* Asked once before a build is packed: JSON of how the rows were read, to be kept in the build's facts.  No path, time or host. */
    Err (*source)(void *self, Ctx *cx, Text *json);
    void *self;
} AutoSink;

/* What a run may be told to do without, to see what it adds (bench/automl). */
enum {
    AUTO_NO_FEATURES = 1,        /* stage engineer keeps nothing */
    AUTO_NO_PORTFOLIO = 2,       /* each learner's defaults only */
    AUTO_NO_NETS = 4,
    AUTO_NO_ENSEMBLE = 8,        /* the best trial alone */
    AUTO_NO_SEARCH = 16,         /* stage tune tries nothing */
};

typedef struct AutoIn {
    const Table *table;          /* every column, target included                                    (borrowed) */
    const Table *test;           /* NULL, or rows to judge the build by (with the target)            (borrowed) */
    const char *target;          /* TASK_ANOMALY: labels to judge by, or NULL */
    int task;                    /* a Task, or -1: from the target's type (RECIPE A4.1), with a warning when guessed */
    const char *metric;          /* name or alias; NULL: auc, logloss, rmse */
    double time_s;               /* budget, counted from started_us; ignored when trials > 0 */
    int64_t started_us;          /* monotonic; process start */
    double reserve_s;            /* what the caller still needs at the end to write report and build */
    uint32_t trials;             /* > 0: exactly so many trials and no clock is consulted */
    double contamination;        /* TASK_ANOMALY: share of rows above the threshold; 0: 5 % */
    uint64_t seed;
    uint32_t threads;            /* worker processes; 0: one a core */
    uint64_t memory_mib;         /* bound over all processes; 0: half of what is free */
    const char *const *exclude;  size_t exclude_n;
    const char *const *learners; size_t learners_n;       /* none: all */
    const char *const *na;       size_t na_n;             /* missing marks the table was read with */
    const char *group;           /* column: rows that share its value are never in two folds; NULL */
    const char *time_column;     /* column of dates or numbers: every fold is judged by models of earlier rows; NULL */
    const char *weight;          /* column: how much each row counts in fits, scores and calibration; NULL */
    bool balanced;               /* every class counts the same in all of these */
    const char *const *monotone; size_t monotone_n;       /* "COL=+" the answer never falls as COL grows, "COL=-" never rises */
    const char *const *use;      size_t use_n;            /* of group, time_column and weight those to learn from as well: by itself none is */
    bool refit;                  /* a small build: few members, each fitted once on all rows; its score is that of the fold models */
    double cost_alarm, cost_miss;         /* of calling a row class 1 that is not, and the other way; the threshold makes their sum least; 0, 0: by the metric */
    unsigned without;            /* AUTO_NO_ bits */
    Stage until;                 /* last stage to run */
    bool portable;               /* only features and learners that export can say (steps_portable, LEARN_KEEPS_ROWS, LEARN_NO_EXPORT) */
    bool diagnose_full;          /* no bound on the diagnostics' own time */
    const char *program;         /* path of leat, for workers */
    const Trial *resume;         size_t resume_n;         /* trials of an earlier run, with blobs */
    const char *resume_engineer; /* that run's engineer stage, JSON; NULL */
    const char *replay;          /* facts of a build, JSON: train what they record again, looking at no clock; NULL */
    AutoSink sink;
} AutoIn;

typedef struct AutoOut {
    Build *build;                /* NULL when until < STAGE_TRAIN                    (owned: build_free) */
    Task task;
    const Metric *metric;
    double score, se;            /* of the build, out of fold */
    char *test_json;             /* {metric: value} on the test rows, or NULL        (owned) */
    char *leaderboard_json;      /* array, best first: learner, score, se, fit_s, predict_us_row, size_bytes, pareto, … (owned) */
    uint32_t trials_n;           /* finished, cut or failed */
    bool short_of_time;          /* a stage was skipped or cut for the budget */
} AutoOut;

/* Errors: ERR_NOT_FOUND no such target, group, time or weight column (near names told); ERR_BAD_INPUT target constant, all
** missing, too few rows, a class with one row; one group only; times that cannot be read; weights that are negative, missing or
** all zero; monotone on a column that holds no numbers; a replay whose record does not fit the rows; ERR_USAGE unknown metric or
** learner, metric not for the task, options that contradict each other, no learner that can do what is asked; ERR_INTERRUPTED (the sink has
** heard of every finished trial); ERR_NOMEM.  On failure *out is empty. */
MUST_USE Err auto_run(Ctx *cx, const AutoIn *in, AutoOut *out);
void auto_out_clear(Ctx *cx, AutoOut *out);

/* Stage 1 alone: JSON of doc/formats/stages.md.  target may be NULL. */
MUST_USE Err auto_visualize(Ctx *cx, const Table *t, const char *target, int task, Text *json);

/* Stage 8 alone and in full, on labelled rows.  fold: which fold each row was in when the build was trained
** (NULL: new rows).  program: for learning curves, NULL leaves them out.
** Errors: ERR_BAD_INPUT no target, or no row with a known one; ERR_NOT_FOUND no column `group`. */
typedef struct DiagnoseIn {
    const Build *build;
    const Table *table;          /* with the target */
    const uint8_t *fold;
    const Metric *metric;
    uint32_t threads;
    const char *program;
    const char *group;           /* a column whose levels are to be judged apart; NULL */
    double cost_fp, cost_fn;     /* what a false alarm and a missed case cost (binary); both 0: not told */
    double time_s;               /* about how long it may take, parts cut in order of worth; 0: no bound */
} DiagnoseIn;
MUST_USE Err auto_diagnose(Ctx *cx, const DiagnoseIn *in, Text *json);
/* The folds auto_run gave these rows (its first set, where rows were dealt out twice): keyed by the seed, the target and, as
** the build's facts say, the group or time column.  t has them too; rows without a target get 255.  *fold is owned: ctx_put.
** ERR_BAD_INPUT t has no such column. */
MUST_USE Err auto_folds_again(Ctx *cx, const Build *b, const Table *t, uint64_t seed, uint8_t **fold);

/* What `leat worker BYTES` runs: answers fit jobs on fd 3 until it closes.  memory_bytes: address space it may
** use, 0 for no limit. */
MUST_USE Err auto_worker(Ctx *cx, uint64_t memory_bytes);

#endif

/* auto/run.h -- inside the room: the state the stages hand on, and fits in workers. */
#ifndef AUTO_RUN_H
#define AUTO_RUN_H

#include "auto/auto.h"

#include <string.h>

/* ------------------------------------------------------------- fits in workers */

#define FOLD_NONE 255            /* a row that no fold holds out (holdout validation) */
#define JOB_WHY_MAX 256

/* Which rows each part holds out and which it learns from.  Parts 0 .. n-1 hold rows out; part n learns from all. */
typedef struct Folds {
    uint32_t n;                  /* parts that hold rows out, those of all sets together */
    uint32_t sets;               /* how many times all rows were dealt out: part p is of set p / (n / sets) */
    bool ordered;                /* by time (one set): a part learns only from rows before those it holds out */
    size_t rows;
    const uint8_t *of;           /* sets x rows: the part that holds the row out, or FOLD_NONE                 (borrowed) */
} Folds;

static inline uint8_t folds_of(const Folds *f, uint32_t part, size_t row)
{
    return f->of[(f->sets > 1 ? part / (f->n / f->sets) * f->rows : 0) + row];
}

static inline bool folds_holds(const Folds *f, uint32_t part, size_t row)
{
    return part < f->n && folds_of(f, part, row) == part;
}

static inline bool folds_learns(const Folds *f, uint32_t part, size_t row)
{
    if (part >= f->n) return true;
    uint8_t at = folds_of(f, part, row);
    return at == FOLD_NONE || (f->ordered ? at < part : at != part);
}

/* What workers fit on, published once and shared read-only by memfd. */
typedef struct JobData {
    Task task;
    uint32_t classes;
    size_t rows;
    const double *y;             /* class index or value */
    const uint8_t *fold;         /* sets x rows: 0 .. folds-1, or FOLD_NONE (see Folds) */
    uint32_t folds;
    uint32_t sets;               /* 0 counts as 1 */
    bool ordered;
    const float *weight;         /* rows, or NULL */
    const int8_t *monotone;      /* a feature of steps each, or NULL */
    const StepFrame *frame;      /* features, also those of a part */
    const Steps *steps;
    const Metric *metric;
} JobData;

/* One fit.  The caller fills the first half, the pool the second. */
typedef struct Job {
    const Learner *learner;
    double args[LEARN_PARAMS_MAX];
    uint32_t part;               /* p < folds: learn outside fold p, answer for fold p; == folds: learn from all rows */
    uint64_t seed;
    uint32_t rounds;             /* LEARN_ROUNDS: exactly so many; 0: early stopping on the held-out fold */
    uint32_t keep;               /* with rounds: end with the model of this round (FitIn.keep); 0: the last */
    double train_share;          /* 0 or 1: all rows outside the fold; less: a keyed share of them */
    const uint32_t *cols;        /* features to use, ascending; NULL: all */
    uint32_t cols_n;
    int64_t deadline_us;         /* the learner ends itself by then; killed a little later; 0: none */
    double limit_s;              /* the same, counted from when a worker takes the job up; 0: none */
    void *tag;                   /* the caller's own */

    Err err;                     /* OK, or why there is no model */
    char why[JOB_WHY_MAX];
    void *model;                 /* model_save bytes (owned: job_clear) */
    size_t model_n;
    double *margin;              /* held-out rows in ascending order x outputs (owned); NULL when part == folds */
    size_t margin_rows;
    uint32_t rounds_kept, rounds_planned;
    bool cut;
    double fit_s, predict_s;     /* seconds by the clock, in the worker */
    uint64_t peak_bytes;
} Job;

typedef struct Pool Pool;

/* Workers start with the first job.  program: path of leat. */
MUST_USE Err pool_open(Ctx *cx, const char *program, uint32_t workers, uint64_t memory_bytes, Pool **out);
MUST_USE Err pool_publish(Ctx *cx, Pool *p, const JobData *data);      /* no job may be under way; replaces what was there */
MUST_USE Err pool_submit(Ctx *cx, Pool *p, Job *job);                  /* kept until it is done; queued in this order */
/* The next finished job, in any order; NULL when none is left.  ERR_INTERRUPTED; a dead worker is that job's failure. */
MUST_USE Err pool_next(Ctx *cx, Pool *p, Job **done);
MUST_USE Err pool_run(Ctx *cx, Pool *p, Job *jobs, size_t n);          /* submit all, wait for all; look at each job's err */
uint32_t pool_forget(Pool *p, const void *tag);                       /* drops the jobs of this tag that still wait; how many */
void pool_drop(Ctx *cx, Pool *p);                                      /* kill what runs, forget what waits */
void pool_close(Ctx *cx, Pool *p);
uint32_t pool_workers(const Pool *p);
uint32_t pool_pending(const Pool *p);      /* jobs submitted and not done */
uint64_t pool_peak_bytes(const Pool *p);
void job_clear(Ctx *cx, Job *job);

/* ---------------------------------------------------------------- one run */

#define TRIAL_ROWS_MIN 20000.      /* no trial learns from fewer rows than these for want of time */

typedef struct TrialData {       /* what the ensemble needs of a trial */
    Trial told;                  /* as the sink heard it; strings are scratch */
    const Learner *learner;
    double args[LEARN_PARAMS_MAX];
    double *oof;                 /* held_n x outputs margins, a row for each of Auto.held */
    double error;                /* metric_error of the score; INFINITY when failed */
    uint32_t parts_n;            /* 0 once its models were let go: it is too weak to be wanted */
    uint32_t part[BUILD_PARTS_MAX];
    void *model[BUILD_PARTS_MAX];       /* model_save bytes */
    size_t model_n[BUILD_PARTS_MAX];
    uint32_t rounds[BUILD_PARTS_MAX];   /* kept */
    uint32_t planned[BUILD_PARTS_MAX];
    uint32_t refit;              /* rounds of the fit on all rows that replaced its models (1 for a learner without rounds); 0: none did */
    double scale;                /* temperature fitted out of fold */
    bool late;                   /* it failed because the time was up */
    bool stopped;                /* it failed because its first fold was far behind */
    double train_share;          /* 1, or the keyed share of rows it learned from because all would have taken too long */
} TrialData;

typedef struct Auto {
    const AutoIn *in;
    Task task;
    uint32_t classes;
    char **class_name;           /* class order: numbers by value, else bytewise */
    const Metric *metric;
    Table *raw;                  /* predictors only, rows whose target is known; follows schema */
    Schema *schema;              /* of raw */
    double *y;                   /* rows: class index, or the value */
    size_t rows;
    uint32_t *from;              /* rows: their place in in->table, ascending */
    float *weight;               /* rows, of mean 1: the weight column's value times its class's; NULL: all count the same */
    uint32_t *group;             /* rows: number of the group, counted as they come; NULL */
    uint32_t groups;
    double *when;                /* rows: the time column's value; NULL */
    int8_t *monotone;            /* columns of raw: +1, -1, 0; NULL: none was asked for */
    double cost;                 /* rows x features x outputs, for budgets */
    uint8_t *fold;               /* sets x rows; see Folds */
    uint32_t folds;              /* parts that hold rows out */
    uint32_t sets;               /* 1; 2 where a small table is dealt out twice: a row's margin is then the mean of both sets' */
    bool ordered;
    uint32_t folds_asked;        /* of one set, before groups or times made them fewer */
    uint32_t *held;              /* rows some fold holds out, ascending */
    size_t held_n;
    double *held_y;              /* their y */
    double *held_weight;         /* their weights; NULL as weight is */
    Steps *steps;                /* preprocess makes them, engineer extends them */
    StepFrame *frame;            /* of the training rows; part features are out of fold */
    Pool *pool;
    TrialData **trial;
    uint32_t trials_n, trials_cap;
    uint32_t trials_started;
    double learner_pace[64];     /* measured over guessed seconds, by place in learner_at; 0: not measured */
    Build *build;
    double score, se;            /* of the build, out of fold */
    char *test_json;
    double *oof;                 /* the build's own out-of-fold margins, calibrated: rows x outputs */
    int64_t stage_end_us[STAGES_N];   /* when each stage must be over; 0: no clock */
    Text json[STAGES_N];         /* each stage's results */
    char summary[STAGES_N][256];
    Text warnings;               /* JSON array under way */
    bool short_of_time;
    bool portable;               /* AutoIn.portable, or as the build that is made again had it */
    bool refit;                  /* these three as asked for, or as noted in a replay */
    double contamination;        /* in->contamination, also in a replay */
    double cost_alarm, cost_miss;
    unsigned without;
    struct Replay *replay;       /* of in->replay, or NULL */
    struct yyjson_val *noted;    /* its notes, or NULL */
    const char *engineer_again;  /* its features, as resume_engineer has them, or NULL */
    Text notes;                  /* JSON object under way: see auto_note */
} Auto;

/* One file each.  Each reads what those before made, fills json[] (an object) and summary[] (one line for a
** person: "12 columns, 3 encoded"), and ends by stage_end_us. */
MUST_USE Err stage_visualize(Ctx *cx, Auto *a);
MUST_USE Err stage_preprocess(Ctx *cx, Auto *a);    /* raw, y -> steps (base features), frame */
MUST_USE Err stage_engineer(Ctx *cx, Auto *a);      /* steps, frame + candidates tested by pool jobs -> steps, frame */
MUST_USE Err stage_select(Ctx *cx, Auto *a);
MUST_USE Err stage_tune(Ctx *cx, Auto *a);
MUST_USE Err stage_benchmark(Ctx *cx, Auto *a);
MUST_USE Err stage_train(Ctx *cx, Auto *a);
MUST_USE Err stage_diagnose(Ctx *cx, Auto *a);

/* ---------------------------------------------------------------- pieces */

/* target.c: fills task, classes, class_name, metric, raw, schema, y, rows. */
MUST_USE Err auto_target(Ctx *cx, Auto *a);
/* folds.c: how many folds the budget allows, and which row is in which. */
MUST_USE Err auto_folds(Ctx *cx, Auto *a);
/* What a fold is made of.  Stratified by class or by ten quantile bins of the target; with groups as evenly as whole groups
** allow; with times not at all: row blocks in order, where the first block and equal times at a border belong to what is
** learned from.  Source: scikit-learn's StratifiedKFold, StratifiedGroupKFold, TimeSeriesSplit. */
typedef struct FoldsIn {
    Task task;
    uint32_t classes;
    const double *y;             /* n */
    size_t n;
    uint64_t seed;
    uint32_t folds;              /* 1: a holdout */
    const uint32_t *group;       /* n, or NULL */
    uint32_t groups;
    const double *when;          /* n, or NULL */
    uint32_t repeat;             /* 0, 1, …: another deal of the same rows (not with times) */
} FoldsIn;
/* fold: n, of 0 .. *made-1 or FOLD_NONE.  *made: folds there are, fewer than asked for where groups or times are too few.
** ERR_BAD_INPUT all rows have one time, or one group holds all. */
MUST_USE Err folds_make(Ctx *cx, const FoldsIn *in, uint8_t *fold, uint32_t *made);
/* The run's own. */
Folds auto_folds_view(const Auto *a);

/* target.c: the metric asked for, or the task's own.  ERR_USAGE unknown, or not for the task (near names told). */
MUST_USE Err auto_metric(Ctx *cx, Auto *a);
/* target.c: a column by name; ERR_NOT_FOUND with the nearest.  what: "predict", "exclude", … */
MUST_USE Err auto_find_column(Ctx *cx, const Table *t, const char *name, const char *what, size_t *out);
/* roles.c: check the group, time and weight columns, and mark in out_of (columns of in->table) those not to learn from; then,
** once raw, y and from are there, read them: group, when, weight, monotone. */
MUST_USE Err auto_roles_find(Ctx *cx, Auto *a, bool *out_of);
MUST_USE Err auto_roles_read(Ctx *cx, Auto *a);
/* roles.c: the groups of some rows of a column, numbered as they come, a missing value being a group of its own; the times of
** some rows (ERR_BAD_INPUT not numbers or dates, or missing).  *out is owned. */
MUST_USE Err auto_group_of(Ctx *cx, const Table *t, size_t col, const uint32_t *row, size_t n, uint32_t **out, uint32_t *groups);
MUST_USE Err auto_when_of(Ctx *cx, const Table *t, size_t col, const uint32_t *row, size_t n, double **out);
/* checks.c: warns when in->test holds training rows, or rows of another kind; wants the pool, uses it up to 4 % of the budget. */
MUST_USE Err auto_check_test(Ctx *cx, Auto *a);
/* A build's target in other data: class index or value of each row, NaN where unknown.  y: t->rows.  ERR_BAD_INPUT */
MUST_USE Err auto_known_y(Ctx *cx, const Build *b, const Table *t, size_t target, double *y);

/* trials.c: asks `next` for the trial of that number until it says no (false), two under way at most; when it is asked
** for trial t, every trial up to t - 2 is finished and it must look at no other, so that the search does not depend on
** the number of workers. */
typedef bool (*TrialNext)(void *self, Ctx *cx, Auto *a, uint32_t number, const Learner **learner, double *args);
MUST_USE Err trials_run(Ctx *cx, Auto *a, Stage stage, TrialNext next, void *self);
MUST_USE Err auto_share(Ctx *cx, Auto *a);                /* publish frame, y and folds to the pool */
double trial_guess_s(const Auto *a, const Learner *l, const double *args);   /* wall seconds of a whole trial */
double trial_work_s(const Auto *a, const Learner *l, const double *args);    /* of one processor, as guessed before any was measured */
bool auto_allows(const Auto *a, const Learner *l);        /* can do the task, the weights and the monotone columns, and is among the learners asked for */
static inline bool auto_is_net(const Learner *l)
{
    return !strcmp(l->name, "mlp") || !strcmp(l->name, "realmlp") || !strcmp(l->name, "tabm");
}
/* May features mix this raw column with others or bend it?  Not one that the answer must be monotone in. */
bool auto_may_mix(const Auto *a, uint32_t raw);
/* a's monotone columns as a sign a feature of these steps; NULL when there are none.  *out is owned. */
MUST_USE Err auto_feature_signs(Ctx *cx, const Auto *a, const Steps *steps, int8_t **out);
void trials_json(const Auto *a, Stage stage, Text *t);    /* "tried":[…] */
void trial_free(Ctx *cx, TrialData *d);
int trial_by_error(const void *a, const void *b);         /* for qsort of TrialData *: best first, then by number */
/* Score of margins (of held rows, before any calibration) by a metric, weighted as the rows are. */
MUST_USE Err auto_score(Ctx *cx, const Auto *a, const Metric *m, const double *margin, double *out);
void auto_answers(const Auto *a, const double *margin, size_t n, double scale, double shift, double *out);

/* notes.c: what a clock decided and the build depends on (how many rounds there was time for, which half was left out).  The
** place that decides asks auto_noted first: true, with the recorded value, in a replay; else it decides, and tells auto_note.
** One key one value; keys that nobody noted are absent in a replay too. */
MUST_USE Err auto_note(Ctx *cx, Auto *a, const char *key, double value);
bool auto_noted(const Auto *a, const char *key, double *value);
/* Seconds that a piece of work may be planned for: rounded down to a power of two, so that equal machines decide alike, and
** noted under the key; INFINITY without a clock. */
MUST_USE Err auto_allow(Ctx *cx, Auto *a, const char *key, double seconds, double *out);
/* Is any clock looked at?  False with counted trials and in a replay. */
bool auto_clocked(const Auto *a);

/* benchmark.c: every usable trial, best first, as a JSON array. */
MUST_USE Err leaderboard_json(Ctx *cx, const Auto *a, Text *t);

/* A sentence for the person: to the sink, to progress and into the report. */
MUST_USE Err auto_warn(Ctx *cx, Auto *a, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Seconds left for this stage; INFINITY when no clock is consulted. */
double auto_left_s(Ctx *cx, const Auto *a, Stage s);

#endif

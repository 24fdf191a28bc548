/* auto/run.h -- inside the room: the state the stages hand on, and fits in workers. */
#ifndef AUTO_RUN_H
#define AUTO_RUN_H

#include "auto/auto.h"

/* ------------------------------------------------------------- fits in workers */

#define FOLD_NONE 255            /* a row that no fold holds out (holdout validation) */
#define JOB_WHY_MAX 256

/* What workers fit on, published once and shared read-only by memfd. */
typedef struct JobData {
    Task task;
    uint32_t classes;
    size_t rows;
    const double *y;             /* class index or value */
    const uint8_t *fold;         /* rows: 0 .. folds-1, or FOLD_NONE */
    uint32_t folds;
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
    uint32_t rounds_kept;
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
void pool_drop(Ctx *cx, Pool *p);                                      /* kill what runs, forget what waits */
void pool_close(Ctx *cx, Pool *p);
uint32_t pool_workers(const Pool *p);
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
    uint32_t rounds[BUILD_PARTS_MAX];
    double scale;                /* temperature fitted out of fold */
    bool late;                   /* it failed because the time was up */
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
    double cost;                 /* rows x features x outputs, for budgets */
    uint8_t *fold;
    uint32_t folds;
    uint32_t *held;              /* rows some fold holds out, ascending */
    size_t held_n;
    double *held_y;              /* their y */
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
MUST_USE Err folds_make(Ctx *cx, Task task, uint32_t classes, const double *y, size_t n, uint64_t seed, uint32_t folds,
                        uint8_t *fold);

/* A build's target in other data: class index or value of each row, NaN where unknown.  y: t->rows.  ERR_BAD_INPUT */
MUST_USE Err auto_known_y(Ctx *cx, const Build *b, const Table *t, size_t target, double *y);

/* trials.c: asks `next` for the trial of that number until it says no (false), two under way at most; when it is asked
** for trial t, every trial up to t - 2 is finished and it must look at no other, so that the search does not depend on
** the number of workers. */
typedef bool (*TrialNext)(void *self, Ctx *cx, Auto *a, uint32_t number, const Learner **learner, double *args);
MUST_USE Err trials_run(Ctx *cx, Auto *a, Stage stage, TrialNext next, void *self);
MUST_USE Err auto_share(Ctx *cx, Auto *a);                /* publish frame, y and folds to the pool */
double trial_guess_s(const Auto *a, const Learner *l, const double *args);   /* wall seconds of a whole trial */
bool auto_allows(const Auto *a, const Learner *l);        /* can do the task and is among the learners asked for */
void trials_json(const Auto *a, Stage stage, Text *t);    /* "tried":[…] */
void trial_free(Ctx *cx, TrialData *d);
int trial_by_error(const void *a, const void *b);         /* for qsort of TrialData *: best first, then by number */
/* Score of margins (of held rows, before any calibration) by the run's metric. */
MUST_USE Err auto_score(Ctx *cx, const Auto *a, const Metric *m, const double *margin, double *out);
void auto_answers(const Auto *a, const double *margin, size_t n, double scale, double shift, double *out);

/* benchmark.c: every usable trial, best first, as a JSON array. */
MUST_USE Err leaderboard_json(Ctx *cx, const Auto *a, Text *t);

/* A sentence for the person: to the sink, to progress and into the report. */
MUST_USE Err auto_warn(Ctx *cx, Auto *a, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Seconds left for this stage; INFINITY when no clock is consulted. */
double auto_left_s(Ctx *cx, const Auto *a, Stage s);

#endif

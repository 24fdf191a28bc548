/* auto/diagnose.h -- inside the room: what the parts of stage 8 share.
**
** A Study is a build and labelled rows it is judged on.  Each part writes its keys into s->json, looks at the time
** left before each piece of work, and says through study_skip what it left out.
*/
#ifndef AUTO_DIAGNOSE_H
#define AUTO_DIAGNOSE_H

#include "auto/run.h"

typedef struct Study {
    const Build *b;
    Build lite;                  /* b with one model a member instead of one a fold: a stand-in where b is too slow */
    const Metric *metric;
    const Table *t;              /* rows to judge by; follows the build's schema */
    size_t n;                    /* t->rows */
    uint32_t k;                  /* margins a row */
    const double *y;             /* n */
    const uint8_t *fold;         /* n; NULL: every row is new to every model */
    const double *margin;        /* n x k, calibrated, by models that did not see the row (where there are such) */
    double *answer;              /* n x k */
    uint64_t seed;
    int64_t start_us, end_us;    /* end_us 0: no clock is consulted */
    bool full;                   /* more rows and repeats than a stage can afford */
    const Column *group;         /* n rows of a column: judge its levels apart; NULL */
    const char *group_name;
    double cost_fp, cost_fn;     /* what a false alarm and a missed case cost; both 0: not told */
    bool modest;                 /* fewer of them: a run that counts trials looks at no clock, and nobody waits for this */
    Text *json;                  /* inside an object */
    Text skipped;                /* array elements: sentences */

    double *drop, *drop_sd, *drop_p, *shap;   /* a column of the schema; NaN: not known */
    uint32_t repeats;            /* shuffles of each column, where time was enough */
    uint32_t *top;               /* columns, most important first */
    double row_s;                /* seconds the build takes for a row, out of fold; 0: not measured */

    Pool *pool;                  /* for learning curves: NULL, then program starts one */
    const char *program;
    uint32_t threads;
    const StepFrame *frame;      /* features of the all_n rows; NULL: to be made from t */
    const double *all_y;
    const uint8_t *all_fold;
    size_t all_n;
    uint32_t folds;
    uint32_t base_features;      /* features that were not engineered, which come first; 0: unknown */
    double fold_fit_s;           /* what the heaviest member took for one fold; 0: unknown */
} Study;

double study_left_s(Ctx *cx, const Study *s);             /* INFINITY when no clock is consulted */
void study_skip(Study *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Score of calibrated margins; NaN where undefined. */
MUST_USE Err study_score(Ctx *cx, const Study *s, const Metric *m, const double *margin, const double *y, size_t n, double *out);
/* Loss of a row, for comparing rows: log loss, squared error or (for mae and mape) absolute error. */
double study_loss(const Study *s, const double *answer, double y);
/* m of n rows, ascending, drawn by purpose. */
void study_draw(const Study *s, const char *purpose, size_t n, uint32_t *rows, size_t m);
/* Numbers in as many digits as a plot can show. */
void study_num(Text *t, double v);
void study_nums(Text *t, const char *key, const double *v, size_t n);

MUST_USE Err study_curves(Ctx *cx, Study *s);             /* roc pr lift threshold */
MUST_USE Err study_classes(Ctx *cx, Study *s);            /* calibration confusion */
MUST_USE Err study_residuals(Ctx *cx, Study *s);          /* residuals */
MUST_USE Err study_intervals(Ctx *cx, Study *s);          /* conformal */
MUST_USE Err study_groups(Ctx *cx, Study *s);             /* groups, where a group column is given */
MUST_USE Err study_importance(Ctx *cx, Study *s);         /* fills drop, drop_sd, drop_p */
MUST_USE Err study_shap(Ctx *cx, Study *s);               /* shap; fills s->shap */
MUST_USE Err study_columns(Ctx *cx, Study *s);            /* importance; fills top */
MUST_USE Err study_partial(Ctx *cx, Study *s);            /* partial */
MUST_USE Err study_slices(Ctx *cx, Study *s);             /* slices */
MUST_USE Err study_rounds(Ctx *cx, Study *s);             /* rounds */
MUST_USE Err study_learning(Ctx *cx, Study *s);           /* learning_curve */

uint32_t base_features(const Auto *a);                  /* of a run; 0: unknown */
/* For the build's facts: "base_features", how many were not engineered, and "conformal", what intervals are made of, from the
** run's out-of-fold answers where there are any. */
MUST_USE Err diagnose_record(Ctx *cx, const Auto *a, const Build *b, Text *t);

/* Rows drawn from the study's, with what belongs to them (diagnose_twin.c). */
typedef struct Some { uint32_t *row; Table *t; double *y; uint8_t *fold; double *margin; size_t n; } Some;
MUST_USE Err some_take(Ctx *cx, const Study *s, const char *purpose, size_t n, Some *m);
void some_clear(Ctx *cx, Some *m);
/* Margins of m's rows in a changed table: out of fold where the study is. */
MUST_USE Err study_ask(Ctx *cx, const Study *s, const Table *t, const uint8_t *fold, double *margin);
/* Columns by v, largest first, unknown ones last. */
void study_strongest(const double *v, size_t p, uint32_t *top);

/* A table with one column changed, the rest borrowed. */
typedef struct Twin {
    const Table *base;
    Table t;
    double *num;
    int32_t *code;
    uint8_t *valid;
    size_t changed;
} Twin;
MUST_USE Err twin_open(Ctx *cx, const Table *base, Twin *out);
void twin_close(Ctx *cx, Twin *w);
void twin_shuffle(Twin *w, size_t col, const uint32_t *row);      /* row i takes the value of row[i] */
void twin_set(Twin *w, size_t col, bool has, double num, int32_t code);
void twin_each(Twin *w, size_t col, const double *num);           /* a numeric column: row i takes num[i] */

#endif

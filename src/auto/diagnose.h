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
    bool modest;                 /* fewer of them: a run that counts trials looks at no clock, and nobody waits for this */
    Text *json;                  /* inside an object */
    Text skipped;                /* array elements: sentences */

    double *drop, *drop_sd, *shap;   /* a column of the schema; NaN: not known */
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

MUST_USE Err study_curves(Ctx *cx, Study *s);             /* roc pr calibration confusion lift residuals */
MUST_USE Err study_importance(Ctx *cx, Study *s);         /* fills drop, drop_sd */
MUST_USE Err study_shap(Ctx *cx, Study *s);               /* shap; fills s->shap */
MUST_USE Err study_columns(Ctx *cx, Study *s);            /* importance; fills top */
MUST_USE Err study_partial(Ctx *cx, Study *s);            /* partial */
MUST_USE Err study_slices(Ctx *cx, Study *s);             /* slices */
MUST_USE Err study_learning(Ctx *cx, Study *s);           /* learning_curve */

/* A table with one column changed, the rest borrowed (diagnose_twin.c). */
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

#endif

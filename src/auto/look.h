/* auto/look.h -- inside the room: what stage 1 measures on a table.
**
** A Look is the rows that are looked at and the target as class indices or
** values.  Seen is one column's figures.  Nothing here writes JSON.
*/
#ifndef AUTO_LOOK_H
#define AUTO_LOOK_H

#include "model/model.h"
#include "table/table.h"

#define LOOK_ROWS_MAX 100000u      /* rows looked at; more are sampled */
#define LOOK_CELLS_MAX 20000000u   /* rows x columns looked at */
#define LOOK_ROWS_MIN 2000u
#define LOOK_CLASSES_MAX 10u       /* told apart; further ones count as one */
#define LOOK_BINS_MAX 60u
#define LOOK_TOP_MAX 10u
#define LOOK_LEAK 0.995            /* AUC, accuracy or R2 of one column alone */

typedef struct Look {
    const Table *t;
    size_t target;                 /* SIZE_MAX: none */
    int task;                      /* Task, or -1: no target */
    uint32_t *row;                 /* n rows, ascending */
    size_t n;
    double *y;                     /* n: class as shown, or the value; NaN where unknown */
    double y_mean;
    uint8_t *half;                 /* n: 0 or 1, by key */
    uint32_t classes;              /* classes there are */
    uint32_t shown;                /* classes told apart in y, at most LOOK_CLASSES_MAX */
    char **class_name;             /* shown */
    uint64_t *class_n;             /* shown: rows of the whole table */
    uint64_t class_least;          /* rows of the rarest class there is */
    char *class_least_name;
    uint64_t target_missing;
} Look;

/* A value of a column, or a range of values, against the target. */
typedef struct LookPart {
    double lo, hi;                 /* a bin */
    int32_t level;                 /* a level, else -1 */
    uint64_t count;
    double known;                  /* rows whose target is known */
    double sum;                    /* regression: of y over them */
    double share[LOOK_CLASSES_MAX];/* counts a class */
} LookPart;

typedef enum AssociationKind { ASSOCIATION_NONE, ASSOCIATION_AUC, ASSOCIATION_CRAMERS_V, ASSOCIATION_SPEARMAN, ASSOCIATION_ETA } AssociationKind;

typedef struct Seen {
    uint64_t count, missing;       /* of the whole table */
    uint64_t distinct;             /* among the rows looked at */
    bool numeric;
    double mean, sd, min, max;     /* of the whole table */
    double q1, median, q3, skew;   /* of the rows looked at */
    LookPart bin[LOOK_BINS_MAX];
    uint32_t bins;
    uint64_t below, above;         /* rows outside the bins */
    LookPart top[LOOK_TOP_MAX];
    uint32_t tops;
    LookPart other, absent;        /* count 0: none */
    uint64_t other_levels;
    AssociationKind kind;
    double value;                  /* NaN: cannot be said */
    double strength;               /* 0..1, comparable between kinds, times the share of rows where the column is known; NaN */
    double alone;                  /* AUC, accuracy or R2 of this column alone, learned on one half, judged on the other; NaN */
    bool absent_tells;             /* missing exactly when the target is one class */
    double sentinel;               /* a value that looks like a mark for missing; NaN */
    double sentinel_share;
    uint64_t hash;                 /* of all values looked at, by their text: equal columns have equal ones */
} Seen;

MUST_USE Err look_open(Ctx *cx, const Table *t, const char *target, int task, Look *out);   /* ERR_NOT_FOUND; ERR_NOMEM */
void look_close(Ctx *cx, Look *l);
MUST_USE Err look_column(Ctx *cx, const Look *l, size_t col, Seen *out);
/* The target by itself: bins of a regression's values. */
MUST_USE Err look_target(Ctx *cx, const Look *l, Seen *out);
/* Pearson's correlation over rows where both are known: k x k, NaN where it cannot be said. */
MUST_USE Err look_correlation(Ctx *cx, const Look *l, const size_t *col, size_t k, double *out);
/* Rows that repeat an earlier one; rows equal in all but the target to one with another target.  skip: cols, columns not compared. */
MUST_USE Err look_repeats(Ctx *cx, const Look *l, const bool *skip, uint64_t *duplicates, uint64_t *conflicts);
/* How far the order of the rows tells the target: AUC, Spearman or Cramer's V as *kind says, NaN when it cannot be said. */
MUST_USE Err look_order(Ctx *cx, const Look *l, AssociationKind *kind, double *value);

#endif

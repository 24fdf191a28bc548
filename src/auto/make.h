/* auto/make.h -- inside the room: fits features on training rows, adds them to steps and to the training frame.
**
** A feature that needs the target is fitted once for each part (model/steps.h).  On the training frame no row
** meets its own target: in part p the rows of fold p get what was fitted on all rows outside fold p, the other
** rows get what was fitted on the rows outside fold p and outside their own inner fold (5 of them, keyed by the
** seed).  In the part that saw all, every row gets what was fitted outside its inner fold.
*/
#ifndef AUTO_MAKE_H
#define AUTO_MAKE_H

#include "auto/run.h"

#define MAKE_INNER       5      /* inner folds */
#define MAKE_DEAL        15     /* a multiple of every number of inner folds in use */
#define MAKE_ALPHA       10.0   /* rows of the overall mean that a target mean is mixed with */
#define MAKE_CLASSES_MAX 10     /* target means are made of the most frequent classes */
#define MAKE_LEVELS_MAX  100000 /* most frequent levels that are remembered of a column */
#define MAKE_CODES_MAX   255    /* more levels than this get counts and target means, no codes */
#define MAKE_RARE        2      /* a level with fewer rows counts as missing */

/* A part-dependent row whose training values are still to be filled in. */
typedef struct Pending {
    bool text, count;
    uint32_t of;
    uint32_t first;
} Pending;

typedef struct Maker {
    const Table *t;       /* training rows, predictors only                          (borrowed) */
    const Schema *schema; /* of t                                                    (borrowed) */
    Task task;
    uint32_t classes;
    char **class_name; /* (borrowed) */
    const double *y;
    const uint8_t *fold;
    uint32_t folds;
    Folds split;    /* fold and folds, unless maker_split said more */
    uint8_t *inner; /* rows: 0 .. MAKE_DEAL-1; its inner fold of k is this modulo k */
    uint32_t outs;  /* target means a value has: 1, or the classes in class_of */
    uint32_t class_of[MAKE_CLASSES_MAX];
    uint32_t *keys; /* columns: their key table, or STEPS_NONE */
    double text_s;  /* seconds that fitting one text column may take; INFINITY: no clock */
    Pending *pending;
    uint32_t pending_n;
    Steps *steps; /* under way: taken by the caller at the end               (owned) */
    StepFrame *frame;
} Maker;

/* On failure, and at the end, maker_clear. */
MUST_USE Err maker_init(Ctx *cx, Maker *m, const Table *t, const Schema *schema, Task task, uint32_t classes,
                        char **class_name, const double *y, const uint8_t *fold, uint32_t folds);
/* The same, to add to steps and a frame that are there already (owned from here on, also on failure). */
MUST_USE Err maker_resume(Ctx *cx, Maker *m, const Table *t, const Schema *schema, Task task, uint32_t classes,
                          char **class_name, const double *y, const uint8_t *fold, uint32_t folds, Steps *steps,
                          StepFrame *frame);
/* Before anything is made: folds that are not just `fold` (dealt out twice, by time), and groups that inner folds must not split
** either (m->t->rows numbers, or NULL). */
MUST_USE Err maker_split(Ctx *cx, Maker *m, const Folds *folds, const uint32_t *group);
void maker_clear(Ctx *cx, Maker *m); /* frees steps and frame unless they were taken (NULL) */

/* Compute what was added since the last call. */
MUST_USE Err maker_apply(Ctx *cx, Maker *m);

/* Levels of a column with at least `least` rows, most frequent first; made once a column.  *rare: other levels. */
MUST_USE Err make_keys(Ctx *cx, Maker *m, uint32_t raw, uint32_t least, uint32_t *keys, uint32_t *rare);
/* The same of a piece of a column's texts. */
MUST_USE Err make_cut_keys(Ctx *cx, Maker *m, uint32_t raw, KeyCut cut, uint32_t least, uint32_t *keys,
                           uint32_t *rare);
/* Pairs of levels of two columns with at least MAKE_RARE rows; or of two keys, the first of which may be such pairs. */
MUST_USE Err make_pairs(Ctx *cx, Maker *m, uint32_t raw_a, uint32_t raw_b, uint32_t *keys);
MUST_USE Err make_key_pairs(Ctx *cx, Maker *m, uint32_t keys_a, uint32_t keys_b, uint32_t *keys);
/* What the levels are of: "city" or "city x shop"; owned by scratch. */
MUST_USE Err make_keys_name(Ctx *cx, const Maker *m, uint32_t keys, char **out);

MUST_USE Err make_number(Ctx *cx, Maker *m, uint32_t raw);
MUST_USE Err make_code(Ctx *cx, Maker *m, uint32_t raw, uint32_t keys);
/* Codes under another name, for some learners only. */
MUST_USE Err make_code_as(Ctx *cx, Maker *m, uint32_t keys, const char *what, FeatureUse use);
MUST_USE Err make_boolean(Ctx *cx, Maker *m, uint32_t raw, uint32_t keys);
MUST_USE Err make_date(Ctx *cx, Maker *m, uint32_t raw); /* the parts that vary */
MUST_USE Err make_gap(Ctx *cx, Maker *m, uint32_t raw_a, uint32_t raw_b);
MUST_USE Err make_count(Ctx *cx, Maker *m, uint32_t keys);
/* How often a number's value stands among the rows a part learned from; a training row does not count itself. */
MUST_USE Err make_repeats(Ctx *cx, Maker *m, uint32_t raw);
MUST_USE Err make_target(Ctx *cx, Maker *m, uint32_t keys);
/* make_groups.c: a statistic of a raw number by level (LOOKUP_DISTINCT: of a raw column of levels). */
MUST_USE Err make_group(Ctx *cx, Maker *m, uint32_t keys, uint32_t number, LookupKind kind);
MUST_USE Err make_rank(Ctx *cx, Maker *m, uint32_t keys, uint32_t number); /* where it stands among its level's */
/* Statistics of a row over some columns; `what` names them. */
MUST_USE Err make_rows(Ctx *cx, Maker *m, const uint32_t *list, uint32_t list_n, uint32_t stats, const char *what);
MUST_USE Err make_digits(Ctx *cx, Maker *m, uint32_t raw); /* those that vary */
MUST_USE Err make_text_numbers(Ctx *cx, Maker *m, uint32_t raw); /* numbers that stand in its texts */
/* Of two features of the frame.  Names them "a / b". */
MUST_USE Err make_arith(Ctx *cx, Maker *m, ArithOp op, uint32_t a, uint32_t b);

/* make_text.c: counts, singular vectors and a linear score of a text column.  dims: 0 leaves vectors out. */
MUST_USE Err make_text_stats(Ctx *cx, Maker *m, uint32_t raw);
MUST_USE Err make_words(Ctx *cx, Maker *m, uint32_t raw, bool chars,
                        uint32_t *words); /* STEPS_NONE: no word stands twice */
MUST_USE Err make_text_dense(Ctx *cx, Maker *m, uint32_t words, uint32_t dims);
MUST_USE Err make_text_score(Ctx *cx, Maker *m, uint32_t words);
MUST_USE Err make_text_fill(Ctx *cx, Maker *m, uint32_t words, uint32_t first); /* training values of a score */

/* The target as output o sees it: the value, or 1 where the row is of that class. */
double make_target_of(const Maker *m, size_t row, uint32_t out);
/* A printed name, owned by scratch. */
MUST_USE Err make_name(Ctx *cx, char **out, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
MUST_USE Err make_add(Ctx *cx, Maker *m, const StepAdd *add,
                      bool text); /* notes it as pending when it is parted */
/* Names of the target's outputs: "what", or "what: class". */
MUST_USE Err make_out_names(Ctx *cx, const Maker *m, const char *what, const char **names);

#endif

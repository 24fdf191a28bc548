/* auto/engineer.h -- inside stage 3: ideas for features, and the lab that tests them. */
#ifndef AUTO_ENGINEER_H
#define AUTO_ENGINEER_H

#include "auto/make.h"

#define IDEAS_MAX 64              /* in one group */
#define GROUPS_MAX 20

/* One idea for a feature, or for a few that belong together.  Words are written into results, never reused. */
typedef enum IdeaKind {
    IDEA_COUNT,          /* a: how often a category's level occurs */
    IDEA_TARGET,         /* a: target mean of a category or of a whole number */
    IDEA_CROSS,          /* a, b: target mean of pairs of levels */
    IDEA_GROUP,          /* a: category, b: number: mean by level, and the difference from it */
    IDEA_GAP,            /* a, b: days between two dates */
    IDEA_ARITH,          /* a, b: base features, op */
    IDEA_LETTERS,        /* a: a category's text as letter triples */
    IDEA_TRIPLE,         /* a, b, c: target mean of triples of levels */
    IDEA_ROWS,           /* list: statistics of a row over columns that are alike */
    IDEA_DIGITS,         /* a: what stands behind a number's point, its last digits, its zeros */
    IDEA_PIECE,          /* a: the first piece of a text as a category, and numbers that stand in it */
    IDEA_RANK,           /* a: category, b: number: where it stands among the level's, and how they spread */
    IDEA_LEVELS,         /* a, b: how many levels of b a level of a meets */
    IDEA_KINDS_N
} IdeaKind;

typedef struct Idea {
    IdeaKind kind;
    uint32_t a, b;
    ArithOp op;
    uint32_t c;
    uint32_t stats, list_n;       /* IDEA_ROWS */
    const uint32_t *list;         /* (kept by scratch) */
    const char *what;             /* IDEA_ROWS: what its features are called */
} Idea;

typedef struct Group {
    const char *name, *how;
    Idea idea[IDEAS_MAX];
    uint32_t ideas_n;
    bool screened;                /* chosen by looking at residuals: judged on other rows only */
    int family;                   /* of groups of one family > 0 only the best is kept */
    uint32_t first, features_n;   /* its features in the lab's steps */
    bool tested, kept;
    double gain, se;              /* share of the base loss that goes away */
    double better;                /* the run's metric with it minus without, on the same rows */
    const char *why;              /* why it was not tested */
} Group;

/* A sample of rows with base features and ideas side by side, and fits with and without. */
typedef struct Lab {
    Auto *a;
    Maker m;                      /* over the sample */
    Table *some;                  /* NULL: the sample is all rows */
    uint32_t *row;                /* sample row -> row of a->raw; NULL: itself */
    size_t rows;
    double *y;                    /* NULL: a->y */
    uint8_t *fold;                /* NULL: a->fold */
    uint32_t *group_of;           /* of the sample; NULL: a->group */
    float *weight_of;             /* of the sample; NULL: a->weight */
    uint32_t base_n;              /* base features come first */
    uint32_t parts_n;             /* parts 0 .. parts_n-1 are fitted */
    uint8_t *look;                /* rows: held out by one of these parts; LOOK_SCREEN or LOOK_JUDGE */
    double *base_margin;          /* rows x outputs; NaN where not held out */
    double *base_loss;            /* rows */
    double fit_s;                 /* mean of the base fits */
    void *model;                  /* base fit of part 0 */
    size_t model_n;
    double *weight;               /* base features: mean |Shapley value| */
    uint32_t *rank;               /* base features, most important first */
    Group group[GROUPS_MAX];
    uint32_t groups_n;
    double base_score, score;
} Lab;

enum { LOOK_NO, LOOK_SCREEN, LOOK_JUDGE };

/* engineer_lab.c */
MUST_USE Err lab_open(Ctx *cx, Auto *a, size_t rows_most, uint32_t parts_n, Lab *lab);
void lab_close(Ctx *cx, Lab *lab);
MUST_USE Err lab_share(Ctx *cx, Lab *lab);                    /* publish base and ideas to the pool */
/* Fit with each of these groups (and, the first time, without any).  *base_why: why there is no base fit, or NULL. */
MUST_USE Err lab_test(Ctx *cx, Lab *lab, Group *const *group, uint32_t n, const char **base_why);
/* Fit with several groups together; *gain as a Group's. */
MUST_USE Err lab_test_together(Ctx *cx, Lab *lab, Group *const *group, uint32_t n, Group *out);
MUST_USE Err lab_importance(Ctx *cx, Lab *lab);               /* fills weight and rank from the base fit */
double lab_fit_guess_s(const Auto *a, size_t rows, uint32_t features);

/* engineer_alike.c: columns that hold the same kind of thing, told by their names or values. */
MUST_USE Err ideas_alike(Ctx *cx, Lab *lab, Group *stats, Group *sorted, Group *gaps);

/* engineer_ideas.c */
void group_put(Group *g, Idea idea);                          /* if there is room */
bool lab_in_base(const Lab *lab, uint32_t raw);               /* some base feature is made of it */
const char *idea_word(IdeaKind kind);
bool idea_read(const char *word, IdeaKind *out);
MUST_USE Err idea_make(Ctx *cx, Maker *m, const Idea *idea, uint32_t base_n);   /* add its features */
MUST_USE Err ideas_first(Ctx *cx, Lab *lab);                  /* groups that need no base fit */
MUST_USE Err ideas_second(Ctx *cx, Lab *lab);                 /* groups chosen by importance and residuals */
MUST_USE Err group_make(Ctx *cx, Lab *lab, Group *g);         /* add its features to the lab's steps */

#endif

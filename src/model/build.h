/* model/build.h -- a build: everything needed to predict, in one immutable file.
**
** schema + steps + members (each a learner's models, one a part) + ensemble
** weights + calibration + class names + a background sample + facts as JSON.
** The file holds no time, path, host, name or duration: equal training gives
** equal bytes, and its SHA-256 is the build's digest.  Format: doc/formats/build.md
*/
#ifndef MODEL_BUILD_H
#define MODEL_BUILD_H

#include "base/hash.h"
#include "model/form.h"
#include "model/steps.h"
#include "table/table.h"

#define BUILD_MEMBERS_MAX 256
#define BUILD_PARTS_MAX 64
#define BUILD_CLASSES_MAX 10000
#define BUILD_FILE_MAX ((size_t)4 << 30)

typedef struct Member {
    char *learner;             /* row in learn/kinds */
    char *params;              /* JSON object of its parameters */
    double weight;             /* share in the ensemble; all add to 1 */
    double scale;              /* multiplies the member's margins before they are averaged (its temperature) */
    uint32_t trial;            /* number of the trial it came from */
    uint32_t parts_n;          /* models; their margins are averaged */
    uint32_t *part;            /* which part of the steps each model reads */
    Model **model;
} Member;

typedef struct Build {
    Task task;
    uint32_t classes;          /* 2 or more; 0 for regression */
    char **class_name;         /* classes, in class order; NULL for regression */
    char *target;
    ColumnType target_type;
    Schema *schema;            /* every raw column but the target, in training order */
    Steps *steps;
    uint32_t members_n;
    Member *member;
    uint32_t folds;            /* folds used in validation; 1: one holdout */
    double scale, shift;       /* calibrated margin = scale * margin + shift (shift: binary and regression only) */
    double threshold;          /* binary: probability from which the answer is class 1 */
    double lo, hi;             /* regression: answers are kept inside */
    Table *background;         /* at most 64 training rows, for explanations and profiles; follows schema */
    char *facts;               /* canonical JSON: metric, scores, seed, options, importance … for people */
} Build;

void build_free(Ctx *cx, Build *b);                        /* NULL is fine */
MUST_USE Err build_save(Ctx *cx, const Build *b, Text *out, Digest *digest);
MUST_USE Err build_load(Ctx *cx, const void *bytes, size_t n, Build **out);   /* ERR_CORRUPT in words; hostile input is safe */

/* The first section of two build files that is not the same: meta schema steps models background facts; head when they are of
** different formats; NULL when every byte is equal. */
const char *build_difference(const void *a, size_t a_n, const void *b, size_t b_n);

/* A table read from anywhere, made to follow the build's schema (order, types, storage).  Extra columns
** are dropped; levels are matched by their text.  *warnings: JSON array of sentences (unreadable values,
** unseen levels are not worth one).  ERR_BAD_INPUT a needed column is absent or wholly unreadable. */
MUST_USE Err build_conform(Ctx *cx, const Build *b, const Table *in, Table **out, Text *warnings);

/* Margins (calibrated) of a table that follows the schema: rows x outputs.  Repeats bit for bit. */
MUST_USE Err build_margin(Ctx *cx, const Build *b, const Table *t, double *out);
/* The same of rows from .. to-1 alone, the first at out[0]; calls on several threads do not meet. */
MUST_USE Err build_margin_part(Ctx *cx, const Build *b, const Table *t, size_t from, size_t to, double *out);
/* The same where row i is answered only by models of part fold[i] (those that did not see it). fold[i] >= folds:
** by all models. */
MUST_USE Err build_margin_oof(Ctx *cx, const Build *b, const Table *t, const uint8_t *fold, double *out);
/* Margins to what people want: probabilities (binary: n of class 1; multiclass: n x classes) or values. */
void build_answer(const Build *b, const double *margin, size_t n, double *out);
uint32_t build_outputs(const Build *b);
/* Class index of a row from its answer (probabilities). */
uint32_t build_class(const Build *b, const double *answer);

/* Shapley values of the uncalibrated-plus-calibrated margin by raw column: rows x outputs x (schema->n + 1),
** the last being the base value; they sum to build_margin within 1e-6. */
MUST_USE Err build_explain(Ctx *cx, const Build *b, const Table *t, double *out);

/* A class label of new data to its index by text (3, 3.0 and '3' are one), or UINT32_MAX. */
uint32_t build_class_find(const Build *b, const char *text, size_t n);

#endif

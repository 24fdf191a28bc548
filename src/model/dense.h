/* model/dense.h -- features as a matrix of plain numbers, for models that multiply and measure distances.
**
** Fitted on training rows once, then applied to any frame of the same columns:
** categories become -1/+1 (two levels) or one column a level; numbers are imputed
** by the median and scaled; a missing number also shows in a column of its own
** when that happens often enough.  A missing or unseen category is all zeros.
** What comes out is always a number within DENSE_FAR.  A Dense never changes once made.
*/
#ifndef MODEL_DENSE_H
#define MODEL_DENSE_H

#include "base/text.h"
#include "model/form.h"
#include "model/frame.h"

#define DENSE_COLS_MAX 10000
#define DENSE_FAR 1e15       /* no number comes out larger, so that squares of float sums stay finite */

typedef enum DenseScale {
    DENSE_PLAIN,         /* numbers as they are */
    DENSE_ROBUST,        /* (x - median) / (q75 - q25); that 0: 2 (x - median) / (max - min) */
    DENSE_STANDARD,      /* (x - mean) / standard deviation */
} DenseScale;

typedef struct DenseOptions {
    DenseScale scale;
    bool clip;               /* then x / sqrt(1 + (x/3)^2): far values come no further than 3 */
    bool scale_onehot;       /* treat the columns of categories as numbers too (RealMLP does) */
    uint32_t onehot_max;     /* columns a category may take; more levels: the most frequent, and one for the others */
    uint32_t skip_above;     /* a category of more levels than this gives no column at all; 0: none is skipped */
    double missing_min;      /* a number missing more often than this share gets a column that says so: .001 */
    size_t cols_max;         /* at most DENSE_COLS_MAX */
} DenseOptions;

typedef struct Dense Dense;

/*   rows     n rows of X to learn from, or NULL: the first n                    (borrowed)
**   weight   X->rows, or NULL; a row of weight 2 counts as two rows             (borrowed)
** Constant columns are dropped; there may be none left.
** Errors: ERR_SHAPE no rows; ERR_LIMIT more than cols_max columns come out (says how many); ERR_NOMEM.
** Cost: O(n) a column. */
MUST_USE Err dense_fit(Ctx *cx, const Frame *X, const uint32_t *rows, size_t n, const float *weight,
                       const DenseOptions *options, Dense **out);
void dense_free(Ctx *cx, Dense *d);                        /* NULL is fine */

size_t dense_cols(const Dense *d);                         /* columns that come out */
uint32_t dense_frame_cols(const Dense *d);                 /* columns of the frame it reads */
uint32_t dense_from(const Dense *d, size_t col);           /* the frame column that column is made of */

bool dense_is_value(const Dense *d, size_t col);           /* a number's own value: neither a category's nor a sign of missing */

/* How a column that comes out is made: a number's value, its sign of being missing, or a category's level (`of` levels are
** at 0 .. of - 1; any other is missing). */
typedef enum DenseKind { DENSE_VALUE, DENSE_MISSING, DENSE_LEVEL } DenseKind;
typedef struct DenseTold {
    DenseKind kind;
    uint32_t from, of;
    double fill, centre, factor;   /* DENSE_VALUE: c = (x or fill - centre) * factor, within DENSE_FAR; */
    bool clip;                     /*   then c / sqrt(1 + c * c / 9) */
} DenseTold;
DenseTold dense_tell(const Dense *d, size_t col);
double dense_level(const Dense *d, size_t col, uint32_t level);       /* DENSE_LEVEL: what it is for that level */

/* Row i of the result is out[i * stride .. + dense_cols - 1]; the rest of it is left alone.  Computed in double,
** rounded once. */
void dense_apply(const Dense *d, const Frame *X, const uint32_t *rows, size_t n, float *out, size_t stride);
void dense_apply_f64(const Dense *d, const Frame *X, const uint32_t *rows, size_t n, double *out, size_t stride);

/* Equal ones give equal bytes.  load believes nothing; ERR_CORRUPT. */
void dense_save(const Dense *d, Text *out);
MUST_USE Err dense_load(Ctx *cx, Reader *r, Dense **out);

#endif

/* model/frame.h -- encoded features: what learners fit on and models read.
**
** A Frame is a view that owns nothing: a pointer to each column.  Every value
** was rounded to float32 once.  Missing, unseen or rare is NaN, in numbers and
** categories alike; a category holds its code 0 .. levels-1.
*/
#ifndef MODEL_FRAME_H
#define MODEL_FRAME_H

#include "base/ctx.h"

typedef enum Task {
    TASK_BINARY, TASK_MULTICLASS, TASK_REGRESSION,
    TASK_N,                    /* tasks so far have a target to predict */
    TASK_ANOMALY = TASK_N,     /* says how unusual a row is; a target may only judge */
    TASKS_N
} Task;

const char *task_word(Task t);
bool task_read(const char *word, Task *out);

/* Numbers a model gives a row: 1 (a log-odds or a value), or one logit a class.  TASK_ANOMALY: the log-odds of the share
** of training rows that look less unusual. */
static inline uint32_t task_outputs(Task task, uint32_t classes)
{
    return task == TASK_MULTICLASS ? classes : 1;
}

/* Two classes told by one margin: its sigmoid is the answer for the second. */
static inline bool task_is_pair(Task task) { return task == TASK_BINARY || task == TASK_ANOMALY; }

typedef enum FeatureKind { FEATURE_NUMBER, FEATURE_CATEGORY } FeatureKind;

#define FEATURE_NO_RAW UINT32_MAX

/* Learners that cut features at thresholds need no twins of a number; learners that add and measure do. */
typedef enum FeatureUse { FEATURE_FOR_ALL, FEATURE_FOR_DENSE, FEATURE_FOR_TREES, FEATURE_USES_N } FeatureUse;

typedef struct Feature {
    const char *name;          /* "age", "date.month", "a / b", "target mean of city" */
    FeatureKind kind;
    uint32_t levels;           /* FEATURE_CATEGORY: codes 0..levels-1 */
    uint32_t raw[2];           /* columns of the schema it is made of (the first two; steps_feature_raws has all);
                               ** FEATURE_NO_RAW fills up */
    FeatureUse use;            /* others see a constant in its place */
} Feature;

typedef struct Frame {
    size_t rows, cols;
    const Feature *feature;         /* cols */
    const float *const *col;        /* cols pointers to rows values */
} Frame;

#endif

/* model/steps.h -- remembered steps from raw columns to features.
**
** Steps are fitted once by room auto on training rows and kept in the build;
** here they are only applied, saved and loaded, so new rows get exactly the
** treatment the training rows got.  A category level that was rare or never
** seen, an absent optional column and an unreadable value all become NaN: no
** row can make a step fail.
**
** Some features need the target (target means).  Those are fitted once for each
** part: part p saw only the rows outside fold p, part folds_n saw all rows.  A
** model of part p must be given features of part p.
*/
#ifndef MODEL_STEPS_H
#define MODEL_STEPS_H

#include "base/text.h"
#include "model/frame.h"
#include "table/table.h"

#define STEPS_LIST_MAX 256   /* raw columns that one feature is made of, at most */

typedef struct Steps Steps;

/* Features made from a table: owns its columns.  */
typedef struct StepFrame StepFrame;

/* Apply to any table whose columns follow the schema the steps were made for (same order, same storage; see
** build_conform).  All parts are made; parts share the columns that need none.  The frame keeps s.
** ERR_SHAPE the table does not follow the schema; ERR_LIMIT 2^32 rows; ERR_NOMEM
** Cost: rows x features; 0.1 ms for 500 rows of 80 numbers and categories; about 10 us a text of 120 n-grams. */
MUST_USE Err steps_apply(Ctx *cx, const Steps *s, const Table *t, StepFrame **out);
Frame steps_frame(const StepFrame *f, uint32_t part);      /* a view: valid as long as f and its steps */
void steps_frame_free(Ctx *cx, StepFrame *f);

uint32_t steps_parts(const Steps *s);                      /* 1 when nothing depends on the part */
size_t steps_features(const Steps *s);
const Feature *steps_feature(const Steps *s, size_t i);
/* Raw columns that a feature is made of, each once: at most max of them are written.  Returns how many there are. */
size_t steps_feature_raws(const Steps *s, size_t i, uint32_t *raws, size_t max);
/* Can standard ONNX operators make the feature of raw columns?  Not: texts, pieces of texts, dates, ranks, statistics
** of a row. */
bool steps_portable(const Steps *s, size_t i);

MUST_USE Err steps_save(Ctx *cx, const Steps *s, Text *out);
MUST_USE Err steps_load(Ctx *cx, const void *bytes, size_t n, Steps **out);      /* ERR_CORRUPT, never a crash */
void steps_free(Ctx *cx, Steps *s);

/* What the steps do, in words, one line a feature: for `build show` and the report.  JSON array of
** {feature, kind, from: [raw columns], how} */
MUST_USE Err steps_describe(Ctx *cx, const Steps *s, const Schema *schema, Text *json);

#endif

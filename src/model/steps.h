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

typedef struct Steps Steps;

/* Features made from a table: owns its columns.  */
typedef struct StepFrame StepFrame;

/* Apply to any table whose columns follow the schema the steps were made for (same order, same storage; see
** build_conform).  All parts are made; parts share the columns that need none.  The frame keeps s.
** ERR_SHAPE the table does not follow the schema; ERR_LIMIT 2^32 rows; ERR_NOMEM
** Cost: 0.1 ms for 500 rows of 80 numbers and categories, 2 us for one; about 10 us a text of 120 n-grams. */
MUST_USE Err steps_apply(Ctx *cx, const Steps *s, const Table *t, StepFrame **out);
Frame steps_frame(const StepFrame *f, uint32_t part);      /* a view: valid as long as f and its steps */
void steps_frame_free(Ctx *cx, StepFrame *f);

uint32_t steps_parts(const Steps *s);                      /* 1 when nothing depends on the part */
size_t steps_features(const Steps *s);
const Feature *steps_feature(const Steps *s, size_t i);

MUST_USE Err steps_save(Ctx *cx, const Steps *s, Text *out);
MUST_USE Err steps_load(Ctx *cx, const void *bytes, size_t n, Steps **out);      /* ERR_CORRUPT, never a crash */
void steps_free(Ctx *cx, Steps *s);

/* What the steps do, in words, one line a feature: for `build show` and the report.  JSON array of
** {feature, kind, from: [raw columns], how} */
MUST_USE Err steps_describe(Ctx *cx, const Steps *s, const Schema *schema, Text *json);

#endif

/* model/profile.h -- what training data looked like, so that later data can be told from it.
**
** Counts in bins and of levels: those of two parts of the data with the same cuts add up.  Kept in a build's facts
** as `profile` (doc/formats/build.md).
*/
#ifndef MODEL_PROFILE_H
#define MODEL_PROFILE_H

#include "base/text.h"
#include "table/table.h"

#define PROFILE_BINS 16        /* bins of a number, of about equally many training rows */
#define PROFILE_LEVELS 20      /* most frequent levels of a category that are counted by themselves */
#define PROFILE_OUTPUTS 20     /* columns of answers */

/* One JSON object: missing, cuts (ascending; bin i holds what is above cut i - 1 and at most cut i), counts (one more than
** cuts).  NaN is missing.  Cuts are learned from at most 100,000 of the numbers, evenly chosen; all are counted.
**   v    n numbers, `stride` apart                                            (borrowed)
** ERR_NOMEM.  Cost: O(n). */
MUST_USE Err profile_numbers(Ctx *cx, const double *v, size_t stride, size_t n, Text *json);
/* The same of a column; a dictionary gives missing, levels (most frequent first, each with its count), and others: rows of
** all other levels. */
MUST_USE Err profile_column(Ctx *cx, const Column *c, size_t rows, Text *json);

#endif

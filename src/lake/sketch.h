/* lake/sketch.h -- what is remembered of a column: small, mergeable, and near the truth.
**
** Counts, sum, least and greatest are exact; the mean and variance merge as in Chan, Golub, LeVeque 1983.  How many values are
** distinct: HyperLogLog (Flajolet and others 2007) with 4,096 registers and the estimator of Ertl 2017 ("New cardinality
** estimation algorithms for HyperLogLog sketches"), standard error 1.6 %.  Quantiles: KLL (Karnin, Lang, Liberty 2016), k = 200,
** rank error about 1.3 % at 99 %.  Commonest values: Misra and Gries 1982, merged as Agarwal and others 2012, 256 counters: a
** value in more than 1/256 of the rows is never missed, and no count is too low by more than that.
*/
#ifndef LAKE_SKETCH_H
#define LAKE_SKETCH_H

#include "base/random.h"
#include "base/text.h"

#define SKETCH_REGISTERS 4096u
#define SKETCH_KLL_K 200u
#define SKETCH_LEVELS_MAX 48u
#define SKETCH_TOP_MAX 256u
#define SKETCH_WORD_MAX 64u        /* bytes of a common value that are kept */

typedef struct Moments { uint64_t n; double mean, m2, min, max; } Moments;
typedef struct Distinct { uint8_t rank[SKETCH_REGISTERS]; } Distinct;
typedef struct Quantiles {
    double *level[SKETCH_LEVELS_MAX];          /* values of weight 2^i */
    uint32_t n[SKETCH_LEVELS_MAX], cap[SKETCH_LEVELS_MAX];
    unsigned levels;
    uint64_t count;
    Random random;
} Quantiles;
typedef struct TopValue { char *word; uint32_t word_n; uint64_t n; } TopValue;
typedef struct Top { TopValue value[SKETCH_TOP_MAX]; uint32_t used; uint64_t lost; } Top;      /* lost: most that a count is too low by */

void moments_add(Moments *m, double v);
void moments_merge(Moments *m, const Moments *other);
double moments_sd(const Moments *m);           /* of a sample (n - 1); NaN below two values */

void distinct_add(Distinct *d, const void *p, size_t n);
void distinct_merge(Distinct *d, const Distinct *other);
double distinct_count(const Distinct *d);

void quantiles_init(Quantiles *q);
MUST_USE Err quantiles_add(Ctx *cx, Quantiles *q, double v);                   /* ERR_NOMEM */
MUST_USE Err quantiles_merge(Ctx *cx, Quantiles *q, const Quantiles *other);   /* ERR_NOMEM */
/* Values at n ranks (0..1, ascending).  NaN when empty.  ERR_NOMEM */
MUST_USE Err quantiles_at(Ctx *cx, const Quantiles *q, const double *rank, double *out, size_t n);
void quantiles_clear(Ctx *cx, Quantiles *q);

MUST_USE Err top_add(Ctx *cx, Top *t, const char *word, size_t n, uint64_t times);     /* ERR_NOMEM */
MUST_USE Err top_merge(Ctx *cx, Top *t, const Top *other);                             /* ERR_NOMEM */
void top_sort(Top *t);                         /* commonest first, equal ones by their bytes */
void top_clear(Ctx *cx, Top *t);

#endif

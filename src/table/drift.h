/* table/drift.h -- how far two samples of one column lie apart, from counts alone.
**
** Counts come in order of the value, so a database or a stream can do the counting and nothing is held in memory.
*/
#ifndef TABLE_DRIFT_H
#define TABLE_DRIFT_H

#include <stddef.h>
#include <stdint.h>

#define DRIFT_BINS_MAX 50

/* The population stability index of two sets of counts over the same bins: the sum of (q - p) ln(q / p) of the shares, none
** taken below 0.0001 so that an empty bin does not make it infinite (Siddiqi 2006, Credit Risk Scorecards).  0: the same;
** customary limits: 0.1 some drift, 0.25 much.  NaN when either has no counts. */
double drift_psi(const double *before, const double *now, size_t bins);

/* Pearson's chi-square that two sets of counts come from one distribution: k categories, categories that both lack do not
** count.  *df: degrees of freedom.  Returns the statistic; NaN when either has no counts. */
double drift_chi_square(const double *before, const double *now, size_t k, double *df);
/* P(X > x) of chi-square with df > 0: the regularised upper incomplete gamma function (DLMF 8.7.3, 8.9.2 by Lentz). */
double drift_chi_square_p(double x, double df);

/* Two-sample Kolmogorov-Smirnov and decile bins of the earlier sample, in one walk over distinct values, smallest first. */
typedef struct DriftWalk {
    double before_n, now_n;        /* values in all: set before the first step */
    size_t bins;                   /* wanted; at most DRIFT_BINS_MAX */
    double before_seen, now_seen, d;
    double before[DRIFT_BINS_MAX + 1], now[DRIFT_BINS_MAX + 1];
    size_t bins_n;                 /* so far: equal values are never parted, so there may be fewer than wanted */
} DriftWalk;
DriftWalk drift_begin(double before_n, double now_n, size_t bins);
void drift_step(DriftWalk *w, double before, double now);      /* how often the next larger value is there */
/* D, the largest distance of the two distribution functions, and its p: Kolmogorov's limit with Stephens' correction
** (1970) for sizes; two-sided. */
double drift_ks(const DriftWalk *w, double *p);

#endif

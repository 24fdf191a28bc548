/* auto/stats.h -- inside the room: the few distributions that diagnostics need. */
#ifndef AUTO_STATS_H
#define AUTO_STATS_H

#include <stddef.h>

/* x with probability p below it, 0 < p < 1, for the standard normal (Wichura 1988, AS 241: 1e-16 relative). */
double stats_normal_quantile(double p);

/* Two-sided p of Student's t with df > 0 degrees of freedom. */
double stats_student_p(double t, double df);

/* Welch's test that two means differ, from n >= 2, mean and variance (n - 1) of each: t and its two-sided p. */
double stats_welch(double n1, double mean1, double var1, double n2, double mean2, double var2, double *p);

#endif

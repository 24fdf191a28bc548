/* test/probe/drift.c -- leat-probe drift IN.box BINS: of the arrays before and now (counts in order of the value), the population
** stability index, chi-square with its degrees of freedom and p, Kolmogorov-Smirnov's D and p, and the bins of the walk. */
#include "probe/box.h"
#include "probe/probe.h"

#include <stdlib.h>

static Err run(Ctx *cx, int argc, char **argv)
{
    Box box;
    size_t n, m;
    double df, p, before_n = 0, now_n = 0;
    if (argc < 2) return FAIL(cx, ERR_USAGE, "see the usage");
    TRY(cx, box_read(cx, argv[0], &box));
    const double *before = box_f64(&box, "before", &n), *now = box_f64(&box, "now", &m);
    for (size_t i = 0; i < n; i++) before_n += before[i], now_n += now[i];
    double x = drift_chi_square(before, now, n, &df);
    printf("psi %.17g\nchi_square %.17g\ndf %.17g\nchi_square_p %.17g\n", drift_psi(before, now, n), x, df, drift_chi_square_p(x, df));
    DriftWalk w = drift_begin(before_n, now_n, (size_t)atoi(argv[1]));
    for (size_t i = 0; i < n; i++) drift_step(&w, before[i], now[i]);
    double d = drift_ks(&w, &p);
    printf("ks %.17g\nks_p %.17g\nbins %zu\nbinned_psi %.17g\n", d, p, w.bins_n, drift_psi(w.before, w.now, w.bins_n));
    box_clear(&box);
    return OK;
}

const Probe probe_drift = { "drift", "IN.box BINS", run };

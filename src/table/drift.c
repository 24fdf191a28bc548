/* table/drift.c -- population stability index, chi-square, Kolmogorov-Smirnov. */
#include "table/drift.h"

#include <assert.h>
#include <float.h>
#include <math.h>

#define SHARE_LEAST 1e-4
#define TERMS_MAX   10000

static double sum(const double *v, size_t n)
{
    double s = 0;
    for (size_t i = 0; i < n; i++) s += v[i];
    return s;
}

double drift_psi(const double *before, const double *now, size_t bins)
{
    double n = sum(before, bins), m = sum(now, bins), psi = 0;
    if (!(n > 0) || !(m > 0)) return NAN;
    for (size_t i = 0; i < bins; i++) {
        double p = fmax(before[i] / n, SHARE_LEAST), q = fmax(now[i] / m, SHARE_LEAST);
        psi += (q - p) * log(q / p);
    }
    return psi;
}

double drift_chi_square(const double *before, const double *now, size_t k, double *df)
{
    double n = sum(before, k), m = sum(now, k), x = 0;
    *df = -1;
    if (!(n > 0) || !(m > 0)) return NAN;
    for (size_t i = 0; i < k; i++) {
        double both = before[i] + now[i], p = both * n / (n + m), q = both * m / (n + m);
        if (!(both > 0)) continue;
        x += (before[i] - p) * (before[i] - p) / p + (now[i] - q) * (now[i] - q) / q;
        *df += 1;
    }
    return x;
}

/* Q(a, x) below x < a + 1: one minus the series of P. */
static double gamma_series(double a, double x)
{
    double term = 1 / a, s = term;
    for (int i = 1; i < TERMS_MAX && fabs(term) > fabs(s) * DBL_EPSILON; i++) {
        term *= x / (a + i);
        s += term;
    }
    return 1 - s * exp(-x + a * log(x) - lgamma(a));
}

/* Q(a, x) above: a continued fraction, by Lentz's method. */
static double gamma_fraction(double a, double x)
{
    const double tiny = 1e-300;
    double b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d;
    for (int i = 1; i < TERMS_MAX; i++) {
        double an = -i * (i - a);
        b += 2;
        d = an * d + b;
        if (fabs(d) < tiny) d = tiny;
        c = b + an / c;
        if (fabs(c) < tiny) c = tiny;
        d = 1 / d;
        h *= d * c;
        if (fabs(d * c - 1) < DBL_EPSILON) break;
    }
    return exp(-x + a * log(x) - lgamma(a)) * h;
}

double drift_chi_square_p(double x, double df)
{
    double a = df / 2;
    if (!(df > 0) || isnan(x)) return NAN;
    if (x <= 0) return 1;
    double q = x / 2 < a + 1 ? gamma_series(a, x / 2) : gamma_fraction(a, x / 2);
    return fmin(fmax(q, 0), 1);
}

DriftWalk drift_begin(double before_n, double now_n, size_t bins)
{
    assert(bins && bins <= DRIFT_BINS_MAX);
    return (DriftWalk){ .before_n = before_n, .now_n = now_n, .bins = bins };
}

void drift_step(DriftWalk *w, double before, double now)
{
    if (!w->bins_n) w->bins_n = 1;
    w->before[w->bins_n - 1] += before;
    w->now[w->bins_n - 1] += now;
    w->before_seen += before;
    w->now_seen += now;
    if (w->before_n > 0 && w->now_n > 0)
        w->d = fmax(w->d, fabs(w->before_seen / w->before_n - w->now_seen / w->now_n));
    double edge = w->before_n * (double)w->bins_n / (double)w->bins;
    if (w->bins_n < w->bins && w->before_seen >= edge && w->before_seen < w->before_n) w->bins_n++;
}

/* P(K > x) of Kolmogorov's distribution: the series that is short where x is large, and its theta transform where small. */
static double kolmogorov(double x)
{
    double s = 0;
    if (x <= 0) return 1;
    if (x < 1.18) {
        double y = exp(-M_PI * M_PI / (8 * x * x));
        for (int k = 1; k <= 7; k += 2) s += pow(y, k * k);
        return fmin(fmax(1 - sqrt(2 * M_PI) / x * s, 0), 1);
    }
    for (int k = 1; k <= 8; k++) s += (k % 2 ? 2 : -2) * exp(-2.0 * k * k * x * x);
    return fmin(fmax(s, 0), 1);
}

double drift_ks(const DriftWalk *w, double *p)
{
    if (!(w->before_n > 0) || !(w->now_n > 0)) {
        *p = NAN;
        return NAN;
    }
    double en = sqrt(w->before_n * w->now_n / (w->before_n + w->now_n));
    *p = kolmogorov((en + 0.12 + 0.11 / en) * w->d);
    return w->d;
}

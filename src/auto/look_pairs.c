/* auto/look_pairs.c -- stage 1: how pairs of columns go together.
**
** Columns without missing values, the usual case, cost one product a row and pair.
*/
#include "auto/look.h"

#include <math.h>

/* Four sums at once, which the processor can do side by side. */
static double dot(const double *p, const double *q, size_t n)
{
    double s[4] = { 0 };
    size_t i = 0;
    for (; i + 4 <= n; i += 4)
        for (size_t j = 0; j < 4; j++) s[j] += p[i + j] * q[i + j];
    for (; i < n; i++) s[0] += p[i] * q[i];
    return (s[0] + s[1]) + (s[2] + s[3]);
}

/* Pearson over rows where both are known.  p and q are near their means, so that sums keep their digits. */
static double pair_correlation(const double *p, const double *q, size_t rows)
{
    double n = 0, sa = 0, sb = 0, aa = 0, bb = 0, ab = 0;
    for (size_t i = 0; i < rows; i++) {
        bool known = !isnan(p[i] * q[i]);
        double u = known ? p[i] : 0, v = known ? q[i] : 0;
        n += known;
        sa += u;
        sb += v;
        aa += u * u;
        bb += v * v;
        ab += u * v;
    }
    double va = aa - sa * sa / n, vb = bb - sb * sb / n;
    return n > 1 && va > 0 && vb > 0 ? fmax(-1, fmin(1, (ab - sa * sb / n) / sqrt(va * vb))) : NAN;
}

Err look_correlation(Ctx *cx, const Look *l, const size_t *col, size_t k, double *out)
{
    Err err = OK;
    double *x = NULL, *square = NULL;      /* square: of a column that is complete, else NaN */
    GET_DONE(cx, x, k * l->n + 1, "correlating %zu columns", k);
    GET_DONE(cx, square, k + 1, "correlating %zu columns", k);
    for (size_t a = 0; a < k; a++) {
        double n = 0, sum = 0, *p = x + a * l->n;
        for (size_t i = 0; i < l->n; i++) {
            p[i] = l->t->col[col[a]].num[l->row[i]];
            if (!isnan(p[i])) { sum += p[i]; n++; }
        }
        for (size_t i = 0; i < l->n; i++) p[i] -= sum / n;
        square[a] = n < (double)l->n ? NAN : dot(p, p, l->n);
    }
    for (size_t a = 0; a < k; a++) {
        for (size_t b = a; b < k; b++) {
            const double *p = x + a * l->n, *q = x + b * l->n;
            double both = square[a] * square[b];
            double r = isnan(both) ? pair_correlation(p, q, l->n) : both > 0 ? fmax(-1, fmin(1, dot(p, q, l->n) / sqrt(both))) : NAN;
            out[a * k + b] = out[b * k + a] = r;
        }
    }
done:
    ctx_put(cx, x);
    ctx_put(cx, square);
    return err;
}

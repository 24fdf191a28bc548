/* model/steps_rows.c -- statistics over some columns of one row, and the digits of a number.
**
** Columns that hold the same kind of thing (six months' bills, five cards, a questionnaire) say more together than one
** by one: how many differ, the largest, the order.  Trees would need a cut for each combination.
*/
#include "model/steps_in.h"

#include <math.h>
#include <string.h>

#define ZEROS_MAX 15

uint32_t steps_rows_outs(uint32_t stats, uint32_t list_n)
{
    uint32_t n = stats & ROWS_SORTED ? list_n : 0;
    for (uint32_t bit = ROWS_MISSING; bit < ROWS_SORTED; bit <<= 1) n += (stats & bit) != 0;
    return n;
}

/* Insertion: lists are short, and often nearly in order. */
static void ascending(double *v, uint32_t n)
{
    for (uint32_t i = 1; i < n; i++) {
        double x = v[i];
        uint32_t k = i;
        for (; k && v[k - 1] > x; k--) v[k] = v[k - 1];
        v[k] = x;
    }
}

static double slope(const double *v, uint32_t n)
{
    double k = 0, sx = 0, sy = 0, xx = 0, xy = 0;
    for (uint32_t i = 0; i < n; i++)
        if (isfinite(v[i])) k++, sx += i, sy += v[i];
    for (uint32_t i = 0; k && i < n; i++)
        if (isfinite(v[i])) xx += (i - sx / k) * (i - sx / k), xy += (i - sx / k) * (v[i] - sy / k);
    return xx > 0 ? xy / xx : NAN;
}

void steps_rows_stats(const double *v, uint32_t n, uint32_t stats, double *sorted, double *out)
{
    uint32_t known = 0, distinct = 0, equal = 0;
    double sum = 0, square = 0;
    for (uint32_t i = 0; i < n; i++)
        if (isfinite(v[i])) sum += sorted[known++] = v[i];
    if (stats & (unsigned)~(ROWS_MISSING | ROWS_MEAN)) ascending(sorted, known);
    double mean = known ? sum / known : NAN, least = known ? sorted[0] : NAN, most = known ? sorted[known - 1] : NAN;
    for (uint32_t i = 0, run; i < known; i = run) {
        for (run = i; run < known && sorted[run] == sorted[i];) run++;
        distinct++;
        if (run - i > equal) equal = run - i;
    }
    for (uint32_t i = 0; i < known; i++) square += (sorted[i] - mean) * (sorted[i] - mean);
    if (stats & ROWS_MISSING) *out++ = n - known;
    if (stats & ROWS_MEAN) *out++ = mean;
    if (stats & ROWS_SPREAD) *out++ = known ? sqrt(square / known) : NAN;
    if (stats & ROWS_LEAST) *out++ = least;
    if (stats & ROWS_MOST) *out++ = most;
    if (stats & ROWS_RANGE) *out++ = most - least;
    if (stats & ROWS_DISTINCT) *out++ = distinct;
    if (stats & ROWS_EQUAL) *out++ = equal;
    if (stats & ROWS_SLOPE) *out++ = slope(v, n);
    if (stats & ROWS_SORTED)
        for (uint32_t i = 0; i < n; i++) *out++ = i < known ? sorted[i] : NAN;
}

double steps_digit(double v, DigitPart part)
{
    if (!isfinite(v)) return NAN;
    double whole = trunc(fabs(v));
    if (part == DIGIT_FRACTION) return fabs(v) - whole;
    if (part == DIGIT_LAST) return fmod(whole, 10);
    if (part == DIGIT_LAST_TWO) return fmod(whole, 100);
    int zeros = 0;
    for (; whole > 0 && zeros < ZEROS_MAX && fmod(whole, 10) == 0; whole /= 10) zeros++;
    return zeros;
}

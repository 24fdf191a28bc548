/* auto/parzen.c -- the proposals of a tree-structured Parzen estimator.
**
** Points are split by error: the better quarter is "good".  Each of the two sets
** gives a density: an even one over the whole cube, and around every point a
** kernel that is a product of normals (of even noise for choices).
*/
#include "auto/parzen.h"

#include <assert.h>
#include <math.h>

#define GOOD_SHARE .25
#define GOOD_MIN 3
#define GOOD_MAX 16
#define DRAWS 24
#define WIDTH_MIN .06              /* of a kernel */
#define STAY .75                   /* chance that a choice is as in the kernel's point */

/* Error of the last good point; *good is how many points are as good. */
static double good_limit(const ParzenPoint *p, size_t n, size_t *good)
{
    size_t want = (size_t)ceil(GOOD_SHARE * (double)n);
    double limit = -INFINITY;
    if (want < GOOD_MIN) want = GOOD_MIN;
    if (want > GOOD_MAX) want = GOOD_MAX;
    for (*good = 0; *good < want;) {
        double least = INFINITY;
        size_t same = 0;
        for (size_t i = 0; i < n; i++) {
            if (!(p[i].error > limit) || p[i].error > least) continue;
            same = p[i].error < least ? 1 : same + 1;
            least = p[i].error;
        }
        if (isinf(least)) break;
        limit = least;
        *good += same;
    }
    return limit;
}

static double width_of(size_t n, size_t dims)
{
    return fmax(WIDTH_MIN, .3 * pow((double)(n ? n : 1), -1. / (double)(dims + 4)));
}

/* Log of the density of one set at x. */
static double density(const ParzenPoint *p, size_t n, bool good, double limit, size_t members, size_t dims, const uint32_t *choices, const double *x)
{
    double width = width_of(members, dims), sum = 1;           /* the even part */
    for (size_t i = 0; i < n; i++) {
        if ((p[i].error <= limit) != good) continue;
        double log_kernel = 0;
        for (size_t d = 0; d < dims; d++) {
            double z = (x[d] - p[i].at[d]) / width;
            if (choices[d]) log_kernel += log((x[d] == p[i].at[d] ? STAY + (1 - STAY) / choices[d] : (1 - STAY) / choices[d]) * choices[d]);
            else log_kernel += -.5 * z * z - log(width * 2.5066282746310002);
        }
        sum += exp(log_kernel);
    }
    return log(sum / (double)(members + 1));
}

static void draw(Random *r, const ParzenPoint *around, double width, size_t dims, const uint32_t *choices, double *out)
{
    for (size_t d = 0; d < dims; d++) {
        if (choices[d]) {
            bool stay = around && random_unit(r) < STAY;
            out[d] = stay ? around->at[d] : (double)random_below(r, choices[d]);
            continue;
        }
        double u = around ? around->at[d] + width * random_normal(r) : random_unit(r);
        if (u < 0) u = -u;
        if (u > 1) u = 2 - u;
        out[d] = fmin(fmax(u, 0), 1);
    }
}

void parzen_propose(Random *r, const ParzenPoint *p, size_t n, size_t dims, const uint32_t *choices, double *out)
{
    size_t good;
    double limit = good_limit(p, n, &good), best = -INFINITY;
    assert(dims <= LEARN_PARAMS_MAX);
    for (int k = 0; k < DRAWS; k++) {
        double x[LEARN_PARAMS_MAX];
        const ParzenPoint *around = NULL;
        uint64_t pick = random_below(r, good + 1);             /* the last: anywhere */
        for (size_t i = 0; i < n && pick < good; i++)
            if (p[i].error <= limit && pick-- == 0) {
                around = &p[i];
                break;
            }
        draw(r, around, width_of(good, dims), dims, choices, x);
        double gain = density(p, n, true, limit, good, dims, choices, x) - density(p, n, false, limit, n - good, dims, choices, x);
        if (gain <= best) continue;
        best = gain;
        for (size_t d = 0; d < dims; d++) out[d] = x[d];
    }
}

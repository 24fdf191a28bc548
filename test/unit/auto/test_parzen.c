/* What is proved: proposals stay in the cube and repeat exactly, and on functions whose best point is known they find better
** points than as many even draws do, with numbers alone, with choices, and where a part of the cube fails.  How: made-up
** functions, thirty seeds, beside random search on the same count of looks. */
#include "auto/parzen.h"
#include "test.h"

#include <math.h>
#include <string.h>

enum { DIMS = 6, LOOKS = 70, FIRST = 10, SEEDS = 30 };

static const uint32_t choices[DIMS] = { 0, 0, 0, 0, 3, 0 };

/* Least at a point of its own; dimension 4 is a choice of which 2 is right; beyond .9 in dimension 0 it fails. */
static double cost(const double *x)
{
    static const double best[] = { .3, .8, .15, .5 };
    double sum = x[4] == 2 ? 0 : .3;
    for (int d = 0; d < 4; d++) sum += (x[d] - best[d]) * (x[d] - best[d]);
    return x[0] > .9 ? INFINITY : sum + .01 * x[5];
}

static void even(Random *r, double *x)
{
    for (int d = 0; d < DIMS; d++) x[d] = choices[d] ? (double)random_below(r, choices[d]) : random_unit(r);
}

static double search(uint64_t seed, bool guided)
{
    ParzenPoint p[LOOKS] = { { .error = 0 } };
    double best = INFINITY;
    Random r = random_make(seed, "parzen test", guided, 0);
    for (size_t n = 0; n < LOOKS; n++) {
        if (guided && n >= FIRST) parzen_propose(&r, p, n, DIMS, choices, p[n].at);
        else even(&r, p[n].at);
        for (int d = 0; d < DIMS; d++) {
            assert_true(p[n].at[d] >= 0 && p[n].at[d] <= (choices[d] ? choices[d] - 1 : 1));
            if (choices[d]) assert_true(p[n].at[d] == floor(p[n].at[d]));
        }
        p[n].error = cost(p[n].at);
        best = fmin(best, p[n].error);
    }
    return best;
}

static void it_finds_better_points_than_even_draws(void **state)
{
    (void)state;
    int wins = 0;
    double guided = 0, at_random = 0;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        double g = search(seed, true), e = search(seed, false);
        wins += g < e;
        guided += g / SEEDS;
        at_random += e / SEEDS;
    }
    print_message("mean of the best of %d looks: %.4f, at random %.4f; better %d of %d times\n", LOOKS, guided, at_random, wins, SEEDS);
    assert_true(wins >= SEEDS * 3 / 4 && guided < at_random / 2);
}

static void equal_points_give_equal_proposals(void **state)
{
    (void)state;
    assert_true(search(5, true) == search(5, true));
}

static void nothing_but_failures_still_gives_a_point(void **state)
{
    (void)state;
    ParzenPoint p[4];
    double x[DIMS];
    Random r = random_make(1, "parzen test", 9, 0);
    for (int i = 0; i < 4; i++) {
        even(&r, p[i].at);
        p[i].error = INFINITY;
    }
    for (size_t n = 0; n <= 4; n++) {
        parzen_propose(&r, p, n, DIMS, choices, x);
        for (int d = 0; d < DIMS; d++) assert_true(x[d] >= 0 && x[d] <= 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_finds_better_points_than_even_draws),
        cmocka_unit_test(equal_points_give_equal_proposals),
        cmocka_unit_test(nothing_but_failures_still_gives_a_point),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What is proved: streams are keyed, equal everywhere and unrelated; numbers are uniform and normal enough to trust.
** How: the generator's published first outputs, moments and counts against their theory. */
#include "test/test.h"

#include "base/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static void the_generator_is_xoshiro256starstar(void **state)
{
    (void)state;
    Random r = { { 1, 2, 3, 4 } };                       /* outputs from the authors' C code for this state */
    static const uint64_t want[] = { 11520, 0, 1509978240, 1215971899390074240u };
    for (int i = 0; i < 4; i++) assert_true(random_bits(&r) == want[i]);
}

static void equal_keys_give_equal_streams_and_others_do_not(void **state)
{
    (void)state;
    Random base = random_make(7, "folds", 1, 2), same = random_make(7, "folds", 1, 2);
    Random other[] = { random_make(8, "folds", 1, 2), random_make(7, "fold", 1, 2), random_make(7, "folds", 2, 2), random_make(7, "folds", 1, 3),
                       random_make(7, "folds", 2, 1) };
    uint64_t first = random_bits(&base);
    assert_true(first == random_bits(&same));
    for (int i = 0; i < 5; i++) assert_true(random_bits(&other[i]) != first);
    /* neighbouring keys do not give neighbouring numbers */
    double sum = 0;
    for (uint64_t a = 0; a < 2000; a++) {
        Random x = random_make(7, "k", a, 0), y = random_make(7, "k", a + 1, 0);
        sum += (random_unit(&x) - .5) * (random_unit(&y) - .5);
    }
    assert_true(fabs(sum / 2000 * 12) < .1);
}

static void moments_are_those_of_the_distributions(void **state)
{
    (void)state;
    enum { N = 200000 };
    Random r = random_make(1, "moments", 0, 0);
    double u = 0, u2 = 0, g = 0, g2 = 0, g4 = 0;
    for (int i = 0; i < N; i++) {
        double x = random_unit(&r), z = random_normal(&r);
        assert_true(x >= 0 && x < 1);
        u += x, u2 += x * x, g += z, g2 += z * z, g4 += z * z * z * z;
    }
    assert_true(fabs(u / N - .5) < .005 && fabs(u2 / N - 1. / 3) < .005);
    assert_true(fabs(g / N) < .01 && fabs(g2 / N - 1) < .02 && fabs(g4 / N - 3) < .15);
}

static void below_has_no_bias_and_shuffles_are_permutations(void **state)
{
    (void)state;
    Random r = random_make(1, "below", 0, 0);
    int count[7] = { 0 }, place[5][5] = { { 0 } };
    for (int i = 0; i < 70000; i++) count[random_below(&r, 7)]++;
    for (int k = 0; k < 7; k++) assert_true(abs(count[k] - 10000) < 400);
    for (int i = 0; i < 100; i++) assert_true(random_below(&r, 1) == 0);
    for (int i = 0; i < 20000; i++) {
        uint32_t at[5] = { 0, 1, 2, 3, 4 };
        unsigned seen = 0;
        random_shuffle(&r, at, 5);
        for (int k = 0; k < 5; k++) seen |= 1u << at[k], place[k][at[k]]++;
        assert_int_equal(seen, 31);
    }
    for (int k = 0; k < 25; k++) assert_true(abs(place[k / 5][k % 5] - 4000) < 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_generator_is_xoshiro256starstar),
        cmocka_unit_test(equal_keys_give_equal_streams_and_others_do_not),
        cmocka_unit_test(moments_are_those_of_the_distributions),
        cmocka_unit_test(below_has_no_bias_and_shuffles_are_permutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

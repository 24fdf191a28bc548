/* test/unit/learn/test_minimise.c -- the minimiser against answers known in closed form, and matrix steps against
** loops that say the same plainly. */
#include "test/test.h"

#include "base/random.h"
#include "learn/algebra.h"
#include "learn/minimise.h"

#include <math.h>
#include <string.h>

enum { N = 30 };

typedef struct Bowl { double at[N], steep[N]; bool broken; } Bowl;

static double bowl(void *self, const double *x, double *g)
{
    const Bowl *b = self;
    double v = 0;
    for (size_t i = 0; i < N; i++) {
        double d = x[i] - b->at[i];
        v += .5 * b->steep[i] * d * d;
        g[i] = b->steep[i] * d;
    }
    return b->broken ? NAN : v;
}

static void bowl_make(Bowl *b)
{
    Random r = random_make(1, "bowl", 0, 0);
    b->broken = false;
    for (size_t i = 0; i < N; i++) {
        b->at[i] = 3 * random_normal(&r);
        b->steep[i] = pow(10, 4 * random_unit(&r) - 2);
    }
}

static void it_finds_the_bottom(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Bowl b;
    double x[N] = { 0 };
    Minimised out;
    bowl_make(&b);
    Minimise m = { .n = N, .value = bowl, .self = &b, .steps_max = 1000, .flat = 1e-10, .drop = 0 };
    expect_ok(&cx, minimise(&cx, &m, x, &out));
    assert_false(out.cut);
    for (size_t i = 0; i < N; i++) assert_float_equal(x[i], b.at[i], 1e-6);
}

static void with_a_penalty_it_finds_the_soft_threshold(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Bowl b;
    double x[N] = { 0 }, l1[N];
    Minimised out;
    bowl_make(&b);
    for (size_t i = 0; i < N; i++) l1[i] = i % 3 ? 1 : 0;
    Minimise m = { .n = N, .value = bowl, .self = &b, .l1 = l1, .steps_max = 1000, .flat = 1e-10, .drop = 0 };
    expect_ok(&cx, minimise(&cx, &m, x, &out));
    for (size_t i = 0; i < N; i++) {
        double by = l1[i] / b.steep[i], want = b.at[i] > by ? b.at[i] - by : b.at[i] < -by ? b.at[i] + by : 0;
        assert_float_equal(x[i], want, 1e-6);
        if (want == 0) assert_true(x[i] == 0);
    }
}

static void it_stops_when_told(void **state)
{
    (void)state;
    Bowl b;
    double x[N] = { 0 };
    Minimised out;
    Rig r;
    bowl_make(&b);
    Minimise m = { .n = N, .value = bowl, .self = &b, .steps_max = 3, .flat = 1e-10 };
    Ctx real = test_ctx();
    expect_ok(&real, minimise(&real, &m, x, &out));
    assert_true(out.cut && out.steps == 3);
    m.steps_max = 1000;
    rig_init(&r, 0, 0, false);
    Ctx cx = rig_ctx(&r);
    cx.deadline_us = 1;
    memset(x, 0, sizeof x);
    expect_failure(&cx, minimise(&cx, &m, x, &out), ERR_TIME, NULL);
    cx.deadline_us = r.mono_us + 6;                   /* a microsecond a look */
    expect_ok(&cx, minimise(&cx, &m, x, &out));
    assert_true(out.cut && out.steps > 0);
    volatile sig_atomic_t stop = 1;
    cx.cancel = &stop;
    cx.deadline_us = 0;
    expect_failure(&cx, minimise(&cx, &m, x, &out), ERR_INTERRUPTED, NULL);
    cx.cancel = NULL;
    b.broken = true;
    expect_failure(&cx, minimise(&cx, &m, x, &out), ERR_NUMERIC, NULL);
    rig_init(&r, 1, 0, false);
    expect_failure(&cx, minimise(&cx, &m, x, &out), ERR_NOMEM, NULL);
}

static void matrix_steps_are_what_they_say(void **state)
{
    (void)state;
    enum { ROWS = 11, D = 9, S = 12, K = 3 };
    float X[ROWS * S] = { 0 };
    double w[K * S] = { 0 }, out[ROWS * K], g[K * S] = { 0 }, h[ROWS], G[S * S] = { 0 }, A[S * S], b[S], want[S];
    Random r = random_make(2, "algebra", 0, 0);
    assert_int_equal(algebra_stride(D), S);
    for (size_t i = 0; i < ROWS; i++)
        for (size_t j = 0; j < D; j++) X[i * S + j] = j % 4 == 1 ? i % 5 == j % 3 : (float)random_normal(&r);
    for (size_t k = 0; k < K; k++)
        for (size_t j = 0; j < D; j++) w[k * S + j] = random_normal(&r);
    for (size_t i = 0; i < ROWS; i++) h[i] = random_unit(&r);
    algebra_dots(X, ROWS, S, w, K, out);
    algebra_gather(X, ROWS, S, out, K, g);
    algebra_gram(X, ROWS, S, h, G);
    for (size_t k = 0; k < K; k++)
        for (size_t j = 0; j < D; j++) {
            double sum = 0;
            for (size_t i = 0; i < ROWS; i++) {
                double dot = 0;
                for (size_t m = 0; m < D; m++) dot += (double)X[i * S + m] * w[k * S + m];
                assert_float_equal(out[i * K + k], dot, 1e-12);
                sum += dot * (double)X[i * S + j];
            }
            assert_float_equal(g[k * S + j], sum, 1e-10);
        }
    for (size_t j = 0; j < D; j++)
        for (size_t m = 0; m <= j; m++) {
            double sum = 0;
            for (size_t i = 0; i < ROWS; i++) sum += h[i] * (double)X[i * S + j] * (double)X[i * S + m];
            assert_float_equal(G[j * S + m], sum, 1e-12);
        }
    for (size_t j = 0; j < D; j++) want[j] = random_normal(&r);
    for (size_t j = 0; j < D; j++) {
        b[j] = 0;
        for (size_t m = 0; m < D; m++) b[j] += want[m] * (j >= m ? G[j * S + m] : G[m * S + j]);
    }
    memcpy(A, G, sizeof A);
    assert_true(algebra_solve(A, D, S, b));
    for (size_t j = 0; j < D; j++) assert_float_equal(b[j], want[j], 1e-8);
    memcpy(A, G, sizeof A);
    A[0] = -1;
    assert_false(algebra_solve(A, D, S, b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_finds_the_bottom),
        cmocka_unit_test(with_a_penalty_it_finds_the_soft_threshold),
        cmocka_unit_test(it_stops_when_told),
        cmocka_unit_test(matrix_steps_are_what_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What is proved: points of a metric come back bit by bit from their packed form, whatever they are (NaN with any bits,
** infinities, times that run backwards, the greatest steps); damaged pieces are refused, never read past; regular
** series take about as little room as the Gorilla paper says.  How: random series of several kinds. */
#include "base/random.h"
#include "repo/inner.h"
#include "test/test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t round_trip(Ctx *cx, const MetricPoint *p, size_t n)
{
    unsigned char *bytes;
    size_t bytes_n, got;
    MetricPoint back[SERIES_POINTS_MAX];
    expect_ok(cx, series_pack(cx, p, n, &bytes, &bytes_n));
    memset(back, 0xAA, sizeof back);
    expect_ok(cx, series_unpack(cx, bytes, bytes_n, back, SERIES_POINTS_MAX, &got));
    assert_int_equal(got, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(back[i].time_us, p[i].time_us);
        assert_int_equal(back[i].step, p[i].step);
        assert_memory_equal(&back[i].value, &p[i].value, sizeof(double));
    }
    ctx_put(cx, bytes);
    return bytes_n;
}

static void every_series_comes_back_bit_by_bit(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    for (uint64_t seed = 0; seed < 2000; seed++) {
        Random r = random_make(seed, "series", 0, 0);
        size_t n = 1 + random_below(&r, SERIES_POINTS_MAX);
        MetricPoint p[SERIES_POINTS_MAX];
        uint64_t kind = random_below(&r, 5), time = random_bits(&r) >> 12, gap = 1 + random_below(&r, 10000000);
        double v = random_normal(&r);
        for (size_t i = 0; i < n; i++) {
            if (kind == 4) {                           /* any bits at all */
                uint64_t bits = random_bits(&r), t = random_bits(&r), s = random_bits(&r);
                memcpy(&p[i].value, &bits, sizeof bits);
                memcpy(&p[i].time_us, &t, sizeof t);
                memcpy(&p[i].step, &s, sizeof s);
                continue;
            }
            time += gap + (kind ? random_below(&r, (uint64_t)1 << (4 * kind)) : 0);
            v += kind == 1 ? 0 : random_normal(&r) * 0.01;
            p[i] = (MetricPoint){ (int64_t)time, (int64_t)i, random_below(&r, 50) ? v : (double)NAN };
        }
        (void)round_trip(&cx, p, n);
    }
    ctx_clear(&cx);
}

static void the_extremes_come_back(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    uint64_t odd = 0x7ff8dead0000beefull;
    double nan_with_bits;
    memcpy(&nan_with_bits, &odd, sizeof odd);
    const MetricPoint p[] = {
        { INT64_MIN, INT64_MAX, (double)INFINITY }, { INT64_MAX, INT64_MIN, -(double)INFINITY }, { 0, 0, 0.0 }, { 0, 0, -0.0 },
        { -1, 1, nan_with_bits }, { 1, -1, 5e-324 }, { 1, -1, 1.7976931348623157e308 }, { 63, 63, 1 }, { 64, 64, 1 }, { 0, 0, 1 } };
    (void)round_trip(&cx, p, sizeof p / sizeof *p);
    (void)round_trip(&cx, p, 1);
    ctx_clear(&cx);
}

static void regular_series_are_small(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    MetricPoint p[SERIES_POINTS_MAX];
    for (size_t i = 0; i < SERIES_POINTS_MAX; i++) p[i] = (MetricPoint){ 1700000000000000 + (int64_t)i * 1000000, (int64_t)i, 12 };
    assert_true(round_trip(&cx, p, SERIES_POINTS_MAX) < SERIES_POINTS_MAX / 2);        /* three bits a point */
    ctx_clear(&cx);
}

static void damaged_pieces_are_refused_or_read_within_bounds(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    MetricPoint p[100], back[100];
    unsigned char *bytes;
    size_t bytes_n, got;
    Random r = random_make(1, "damage", 0, 0);
    for (size_t i = 0; i < 100; i++) p[i] = (MetricPoint){ (int64_t)random_below(&r, 1000000), (int64_t)i, random_normal(&r) };
    expect_ok(&cx, series_pack(&cx, p, 100, &bytes, &bytes_n));
    for (size_t cut = 0; cut < bytes_n; cut++)
        expect_failure(&cx, series_unpack(&cx, bytes, cut, back, 100, &got), ERR_CORRUPT, "stored piece of a metric");
    expect_failure(&cx, series_unpack(&cx, bytes, bytes_n, back, 99, &got), ERR_CORRUPT, "100 points");
    for (int k = 0; k < 5000; k++) {
        unsigned char *copy = malloc(bytes_n);         /* of its very size, so that a reader out of bounds is noticed */
        memcpy(copy, bytes, bytes_n);
        copy[random_below(&r, bytes_n)] ^= (unsigned char)(1u << random_below(&r, 8));
        Err err = series_unpack(&cx, copy, bytes_n, back, 100, &got);
        assert_true(err == OK || err == ERR_CORRUPT);
        free(copy);
    }
    ctx_put(&cx, bytes);
    ctx_clear(&cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_series_comes_back_bit_by_bit),
        cmocka_unit_test(the_extremes_come_back),
        cmocka_unit_test(regular_series_are_small),
        cmocka_unit_test(damaged_pieces_are_refused_or_read_within_bounds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

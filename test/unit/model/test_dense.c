/* test/unit/model/test_dense.c -- the dense view on a frame small enough to encode by hand. */
#include "test/test.h"

#include "base/random.h"
#include "model/model.h"

#include <math.h>
#include <string.h>

enum { ROWS = 8 };

static const float number[ROWS] = { 1, 2, 3, 4, 5, 6, 7, 1000 }, holes[ROWS] = { 1, NAN, 3, NAN, 5, 5, 5, 5 };
static const float alike[ROWS] = { 2, 2, 2, 2, 2, 2, 2, 2 }, pair[ROWS] = { 0, 1, 1, 0, NAN, 0, 1, 0 };
static const float many[ROWS] = { 0, 0, 0, 1, 1, 2, 4, NAN }, single[ROWS] = { 3, NAN, 3, 3, 3, 3, 3, 3 };

static const Feature feature[] = {
    { "number", FEATURE_NUMBER, 0, { 0, FEATURE_NO_RAW } }, { "holes", FEATURE_NUMBER, 0, { 1, FEATURE_NO_RAW } },
    { "alike", FEATURE_NUMBER, 0, { 2, FEATURE_NO_RAW } },  { "pair", FEATURE_CATEGORY, 2, { 3, FEATURE_NO_RAW } },
    { "many", FEATURE_CATEGORY, 6, { 4, FEATURE_NO_RAW } }, { "single", FEATURE_CATEGORY, 5, { 5, FEATURE_NO_RAW } },
};
static const float *const col[] = { number, holes, alike, pair, many, single };
static const Frame frame = { ROWS, 6, feature, col };

static const DenseOptions robust = { .scale = DENSE_ROBUST, .onehot_max = 40, .missing_min = .001, .cols_max = 100 };

static void columns_come_out_as_said(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Dense *d;
    double x[ROWS][9];
    expect_ok(&cx, dense_fit(&cx, &frame, NULL, ROWS, NULL, &robust, &d));
    assert_int_equal(dense_cols(d), 9);
    assert_int_equal(dense_frame_cols(d), 6);
    static const uint32_t from[9] = { 0, 1, 1, 3, 4, 4, 4, 4, 5 };       /* alike is gone; level 3 of many never came */
    for (size_t j = 0; j < 9; j++) assert_int_equal(dense_from(d, j), from[j]);
    dense_apply_f64(d, &frame, NULL, ROWS, x[0], 9);
    for (size_t i = 0; i < ROWS; i++) {
        assert_float_equal(x[i][0], ((double)number[i] - 4.5) / 3.5, 1e-12);         /* quartiles 2.75 and 6.25 */
        assert_float_equal(x[i][1], isnan(holes[i]) ? 0 : ((double)holes[i] - 5) / 1.5, 1e-12);
        assert_float_equal(x[i][2], isnan(holes[i]), 0);
        assert_float_equal(x[i][3], isnan(pair[i]) ? 0 : pair[i] > 0 ? 1 : -1, 0);
        static const float level[4] = { 0, 1, 2, 4 };
        for (size_t k = 0; k < 4; k++) assert_float_equal(x[i][4 + k], many[i] == level[k], 0);
        assert_float_equal(x[i][8], !isnan(single[i]), 0);
    }
    float f[9];
    uint32_t row = 7;
    dense_apply(d, &frame, &row, 1, f, 9);
    for (size_t j = 0; j < 9; j++) assert_true(f[j] == (float)x[7][j]);
    dense_free(&cx, d);
}

static void rare_levels_share_a_column(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Dense *d;
    DenseOptions o = robust;
    double x[ROWS][8];
    o.onehot_max = 3;
    expect_ok(&cx, dense_fit(&cx, &frame, NULL, ROWS, NULL, &o, &d));
    assert_int_equal(dense_cols(d), 8);
    dense_apply_f64(d, &frame, NULL, ROWS, x[0], 8);
    for (size_t i = 0; i < ROWS; i++) {                                  /* 0, 1, and the others */
        assert_float_equal(x[i][4], many[i] == 0, 0);
        assert_float_equal(x[i][5], many[i] == 1, 0);
        assert_float_equal(x[i][6], many[i] > 1, 0);
    }
    dense_free(&cx, d);
}

static void categories_of_many_levels_may_be_left_out(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Dense *d;
    DenseOptions o = robust;
    double x[ROWS][5];
    o.skip_above = 3;                                                    /* many has four */
    expect_ok(&cx, dense_fit(&cx, &frame, NULL, ROWS, NULL, &o, &d));
    assert_int_equal(dense_cols(d), 5);
    static const uint32_t from[5] = { 0, 1, 1, 3, 5 };
    static const bool value[5] = { true, true, false, false, false };    /* a sign of missing and categories are none */
    for (size_t j = 0; j < 5; j++) assert_int_equal(dense_from(d, j), from[j]);
    for (size_t j = 0; j < 5; j++) assert_true(dense_is_value(d, j) == value[j]);
    dense_apply_f64(d, &frame, NULL, ROWS, x[0], 5);
    for (size_t i = 0; i < ROWS; i++) assert_float_equal(x[i][4], !isnan(single[i]), 0);
    dense_free(&cx, d);
    o.skip_above = 4;
    expect_ok(&cx, dense_fit(&cx, &frame, NULL, ROWS, NULL, &o, &d));
    assert_int_equal(dense_cols(d), 9);
    dense_free(&cx, d);
}

static void standard_scaling_and_clipping(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Dense *d;
    DenseOptions o = robust;
    double x[ROWS][9], mean = 1028. / 8, var = 0;
    o.scale = DENSE_STANDARD;
    o.clip = true;
    for (size_t i = 0; i < ROWS; i++) var += ((double)number[i] - mean) * ((double)number[i] - mean) / ROWS;
    expect_ok(&cx, dense_fit(&cx, &frame, NULL, ROWS, NULL, &o, &d));
    dense_apply_f64(d, &frame, NULL, ROWS, x[0], 9);
    for (size_t i = 0; i < ROWS; i++) {
        double z = ((double)number[i] - mean) / sqrt(var);
        assert_float_equal(x[i][0], z / sqrt(1 + z * z / 9), 1e-12);
    }
    dense_free(&cx, d);
    o.scale_onehot = true;
    expect_ok(&cx, dense_fit(&cx, &frame, NULL, ROWS, NULL, &o, &d));
    dense_apply_f64(d, &frame, NULL, ROWS, x[0], 9);
    double z = (1 - 3. / 8) / sqrt(3. / 8 * 5 / 8);
    assert_float_equal(x[0][4], z / sqrt(1 + z * z / 9), 1e-12);
    dense_free(&cx, d);
}

static void far_and_unknown_values_stay_numbers(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Dense *d;
    const float far[2] = { 3e38f, -INFINITY }, none[2] = { NAN, NAN }, code[2] = { 77, -1 };
    const float *const odd[] = { far, far, none, code, code, code };
    const Frame f = { 2, 6, feature, odd };
    float x[2][9];
    expect_ok(&cx, dense_fit(&cx, &frame, NULL, ROWS, NULL, &robust, &d));
    dense_apply(d, &f, NULL, 2, x[0], 9);
    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < 9; j++) assert_true(fabs((double)x[i][j]) <= DENSE_FAR);
    assert_true((double)x[0][0] > DENSE_FAR / 2);
    for (size_t j = 3; j < 9; j++) assert_true(x[0][j] == 0 && x[1][j] == 0);
    dense_free(&cx, d);
}

static void weights_are_repeated_rows(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Dense *d, *e;
    Text a, b;
    const float w[ROWS] = { 1, 2, 3, 1, 1, 2, 0, 4 };
    uint32_t rows[16];
    size_t n = 0;
    for (uint32_t i = 0; i < ROWS; i++)
        for (int k = 0; k < (int)w[i]; k++) rows[n++] = i;
    expect_ok(&cx, dense_fit(&cx, &frame, NULL, ROWS, w, &robust, &d));
    expect_ok(&cx, dense_fit(&cx, &frame, rows, n, NULL, &robust, &e));
    text_init(&a, &cx);
    text_init(&b, &cx);
    dense_save(d, &a);
    dense_save(e, &b);
    assert_int_equal(a.n, b.n);
    assert_memory_equal(a.at, b.at, a.n);
    text_clear(&a);
    text_clear(&b);
    dense_free(&cx, d);
    dense_free(&cx, e);
}

static void failures_are_said(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Dense *d;
    DenseOptions o = robust;
    expect_failure(&cx, dense_fit(&cx, &frame, NULL, 0, NULL, &robust, &d), ERR_SHAPE, "no rows");
    o.cols_max = 8;
    expect_failure(&cx, dense_fit(&cx, &frame, NULL, ROWS, NULL, &o, &d), ERR_LIMIT, "9 columns");
    assert_null(d);
    Reader r = { (const unsigned char *)"\xff\xff\xff\xff", 4, false };
    expect_failure(&cx, dense_load(&cx, &r, &d), ERR_CORRUPT, NULL);
}

static Err life(Ctx *cx, void *arg)
{
    Dense *d = NULL, *e = NULL;
    Text a;
    Err err = OK;
    (void)arg;
    text_init(&a, cx);
    TRY_DONE(cx, dense_fit(cx, &frame, NULL, ROWS, NULL, &robust, &d));
    dense_save(d, &a);
    TRY_DONE(cx, text_err(&a));
    Reader r = { (const unsigned char *)a.at, a.n, false };
    TRY_DONE(cx, dense_load(cx, &r, &e));
    assert_int_equal(r.n, 0);
    double x[ROWS * 9], y[ROWS * 9];
    dense_apply_f64(d, &frame, NULL, ROWS, x, 9);
    dense_apply_f64(e, &frame, NULL, ROWS, y, 9);
    assert_memory_equal(x, y, sizeof x);
done:
    text_clear(&a);
    dense_free(cx, d);
    dense_free(cx, e);
    return err;
}

static void it_is_stored_and_refused_memory_is_survived(void **state)
{
    (void)state;
    rig_sweep(life, NULL, ERR_NOMEM, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_come_out_as_said),
        cmocka_unit_test(rare_levels_share_a_column),
        cmocka_unit_test(categories_of_many_levels_may_be_left_out),
        cmocka_unit_test(standard_scaling_and_clipping),
        cmocka_unit_test(far_and_unknown_values_stay_numbers),
        cmocka_unit_test(weights_are_repeated_rows),
        cmocka_unit_test(failures_are_said),
        cmocka_unit_test(it_is_stored_and_refused_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

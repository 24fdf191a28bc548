/* test/unit/model/test_form.c -- what is the same for all forms: the list, heads of stored models, sampled explanations of a
** form that explains nothing itself, softmax, sigmoid and the little-endian pieces.
*/
#include "base/random.h"
#include "model/forms.h"
#include "model/model.h"
#include "test.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define COLS 6u
#define ROWS 40u

/* A form of the test's own: margin = sum of weight_j x_j, plus the product of the first two; a second output is minus that. */
static Err odd_margin(Ctx *cx, const Model *m, const Frame *X, const uint32_t *rows, size_t n, double *out)
{
    (void)cx;
    for (size_t i = 0; i < n; i++) {
        size_t at = rows ? rows[i] : i;
        double z = (double)X->col[0][at] * (double)X->col[1][at];
        for (size_t j = 0; j < X->cols; j++) z += (double)(j + 1) * (double)X->col[j][at];
        for (uint32_t c = 0; c < m->outputs; c++) out[i * m->outputs + c] = c ? -z : z;
    }
    return OK;
}

static const Form odd = { .name = "odd", .margin = odd_margin };
static const Model odd_model = { &odd, 2, COLS };

typedef struct Data { float cell[COLS][ROWS]; const float *col[COLS]; Feature feature[COLS]; Frame X; } Data;

static void make_data(Data *d, uint64_t seed)
{
    Random r = random_make(seed, "data", 0, 0);
    for (uint32_t j = 0; j < COLS; j++) {
        for (uint32_t i = 0; i < ROWS; i++) d->cell[j][i] = (float)random_normal(&r);
        d->col[j] = d->cell[j];
    }
    d->X = (Frame){ ROWS, COLS, d->feature, d->col };
}

static void forms_are_listed_a_to_z_and_found_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; form_at(i); i++) {
        const Form *f = form_at(i);
        assert_ptr_equal(form_find(f->name, strlen(f->name)), f);
        assert_int_equal(strspn(f->name, "abcdefghijklmnopqrstuvwxyz"), strlen(f->name));
        assert_true(f->margin && f->save && f->load && f->free);
        if (i) assert_true(strcmp(form_at(i - 1)->name, f->name) < 0);
    }
    assert_non_null(form_find("trees", 5));
    assert_null(form_find("tree", 4));
    assert_null(form_find("", 0));
}

static void columns_that_differ_are_refused(void **state)
{
    (void)state;
    Data d;
    double out[ROWS * 2];
    Ctx cx = test_ctx();
    make_data(&d, 1);
    Frame less = d.X, none = d.X;
    less.cols = COLS - 1;
    none.rows = 0;
    expect_failure(&cx, model_margin(&cx, &odd_model, &less, NULL, 1, out), ERR_SHAPE, "the data has 5");
    expect_failure(&cx, model_explain(&cx, &odd_model, &less, NULL, 1, &d.X, out), ERR_SHAPE, "fitted on 6");
    expect_failure(&cx, model_explain(&cx, &odd_model, &d.X, NULL, 1, &less, out), ERR_SHAPE, "the background has 5");
    expect_failure(&cx, model_explain(&cx, &odd_model, &d.X, NULL, 1, &none, out), ERR_SHAPE, "there are none");
    expect_ok(&cx, model_explain(&cx, &odd_model, &d.X, NULL, 0, &d.X, out));
    ctx_clear(&cx);
}

/* Features 2 and up act alone, so any sampling gives them exactly weight * (x - mean of the background rows used). */
static void sampled_values_sum_to_the_margin_and_have_one_base(void **state)
{
    (void)state;
    Data d;
    static double phi[ROWS * 2 * (COLS + 1)], margin[ROWS * 2], again[2 * (COLS + 1)];
    Ctx cx = test_ctx();
    make_data(&d, 2);
    expect_ok(&cx, model_explain(&cx, &odd_model, &d.X, NULL, ROWS, &d.X, phi));
    expect_ok(&cx, model_margin(&cx, &odd_model, &d.X, NULL, ROWS, margin));
    for (uint32_t i = 0; i < ROWS; i++)
        for (uint32_t c = 0; c < 2; c++) {
            const double *row = phi + (i * 2 + c) * (COLS + 1);
            double sum = 0;
            for (uint32_t j = 0; j <= COLS; j++) sum += row[j];
            assert_true(fabs(sum - margin[i * 2 + c]) < 1e-9);
            assert_true(row[COLS] == phi[c * (COLS + 1) + COLS]);
            for (uint32_t j = 2; j < COLS; j++) {
                double sign = c ? -1 : 1, alone = sign * (j + 1.0) * ((double)d.cell[j][i] - (double)d.cell[j][0]);
                assert_true(fabs(row[j] - phi[c * (COLS + 1) + j] - alone) < 1e-9);
            }
        }
    /* A row's values do not depend on its neighbours. */
    expect_ok(&cx, model_explain(&cx, &odd_model, &d.X, (const uint32_t[]){ 17 }, 1, &d.X, again));
    assert_memory_equal(again, phi + 17 * 2 * (COLS + 1), sizeof again);
    ctx_clear(&cx);
}

static Err explain(Ctx *cx, void *arg)
{
    Data *d = arg;
    double phi[2 * (COLS + 1)];
    return model_explain(cx, &odd_model, &d->X, NULL, 1, &d->X, phi);
}

static void explaining_tells_when_memory_ends(void **state)
{
    (void)state;
    Data d;
    make_data(&d, 3);
    rig_sweep(explain, &d, ERR_NOMEM, ERR_IO);
}

static void heads_of_stored_models_are_believed_only_when_they_fit(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Model *m, *back;
    TreesMaker *maker;
    Text t, bad;
    expect_ok(&cx, trees_start(&cx, TREES_SUM, 1, false, COLS, 0, &maker));
    expect_ok(&cx, trees_end(&cx, maker, &m));
    text_init(&t, &cx);
    text_init(&bad, &cx);
    expect_ok(&cx, model_save(&cx, m, &t));
    expect_ok(&cx, model_load(&cx, t.at, t.n, &back));
    assert_int_equal(back->outputs, 1);
    assert_int_equal(back->cols, COLS);
    model_free(&cx, back);
    put_str(&bad, "nothing");
    text_bytes(&bad, t.at + 9, t.n - 9);
    expect_failure(&cx, model_load(&cx, bad.at, bad.n, &back), ERR_CORRUPT, "'nothing'");
    expect_failure(&cx, model_load(&cx, t.at, 11, &back), ERR_CORRUPT, "its head");
    t.at[9] = 0;                                          /* outputs */
    expect_failure(&cx, model_load(&cx, t.at, t.n, &back), ERR_CORRUPT, "0 outputs");
    t.at[9] = 2;
    expect_failure(&cx, model_load(&cx, t.at, t.n, &back), ERR_CORRUPT, "claims 2 outputs");
    assert_null(back);
    model_free(&cx, m);
    model_free(&cx, NULL);
    text_clear(&t);
    text_clear(&bad);
    ctx_clear(&cx);
}

static void softmax_and_sigmoid_are_safe_for_any_finite_input(void **state)
{
    (void)state;
    double z[3] = { DBL_MAX, -DBL_MAX, DBL_MAX }, one[1] = { -DBL_MAX }, some[3] = { log(1), log(2), log(5) };
    model_softmax(z, 3);
    assert_true(z[0] == 0.5 && z[1] == 0 && z[2] == 0.5);
    model_softmax(one, 1);
    assert_true(one[0] == 1);
    model_softmax(some, 3);
    assert_true(fabs(some[0] - .125) < 1e-15 && fabs(some[1] - .25) < 1e-15 && fabs(some[2] - .625) < 1e-15);
    assert_true(model_sigmoid(0) == 0.5);
    assert_true(model_sigmoid(-DBL_MAX) == 0 && model_sigmoid(DBL_MAX) == 1);
    for (double x = -30; x < 30; x += 0.7) assert_true(fabs(log(model_sigmoid(x) / model_sigmoid(-x)) - x) < 1e-9);
}

static void pieces_read_back_as_written_and_stop_at_the_end(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Text t;
    size_t n;
    text_init(&t, &cx);
    put_u8(&t, 200);
    put_u32(&t, 0x01020304);
    put_u64(&t, 0x0102030405060708);
    put_f32(&t, -1.5f);
    put_f64(&t, 1e300);
    put_str(&t, "words");
    put_str(&t, "more");
    assert_memory_equal(t.at + 1, "\x04\x03\x02\x01\x08\x07\x06\x05\x04\x03\x02\x01", 12);
    Reader r = { (const unsigned char *)t.at, t.n, false };
    assert_int_equal(get_u8(&r), 200);
    assert_int_equal(get_u32(&r), 0x01020304);
    assert_true(get_u64(&r) == 0x0102030405060708);
    assert_true(get_f32(&r) == -1.5f);
    assert_true(get_f64(&r) == 1e300);
    const char *s = get_str(&r, &n);
    assert_int_equal(n, 5);
    assert_memory_equal(s, "words", 5);
    Reader copy = r;
    assert_null(get_str_copy(&cx, &copy, 3));
    char *owned = get_str_copy(&cx, &r, 4);
    assert_string_equal(owned, "more");
    ctx_put(&cx, owned);
    assert_false(r.short_);
    assert_int_equal(get_u32(&r), 0);
    assert_true(r.short_);
    assert_int_equal(get_u8(&r), 0);
    assert_null(get_array(&(Reader){ (const unsigned char *)t.at, t.n, false }, SIZE_MAX / 2, 8));
    assert_null(get_str(&(Reader){ (const unsigned char *)"\xff\xff\xff\xff", 4, false }, &n));
    assert_int_equal(n, 0);
    text_clear(&t);
    ctx_clear(&cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forms_are_listed_a_to_z_and_found_by_name),
        cmocka_unit_test(columns_that_differ_are_refused),
        cmocka_unit_test(sampled_values_sum_to_the_margin_and_have_one_base),
        cmocka_unit_test(explaining_tells_when_memory_ends),
        cmocka_unit_test(heads_of_stored_models_are_believed_only_when_they_fit),
        cmocka_unit_test(softmax_and_sigmoid_are_safe_for_any_finite_input),
        cmocka_unit_test(pieces_read_back_as_written_and_stop_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

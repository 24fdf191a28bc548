/* What is proved: a net answers a row the same, bit for bit, alone and beside others, and what the textbook says of its
** layers; save and load are inverse; no cut or changed byte is taken for a net that answers nonsense.  How: nets of
** random weights of awkward widths, held to plain sums in double. */
#include "test/test.h"

#include "base/random.h"
#include "model/model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 77, COLS = 5 };

typedef struct Case {
    float cell[COLS][ROWS];
    const float *col[COLS];
    Feature feature[COLS];
    Frame X;
    float *weight[NET_LAYERS_MAX], *bias[NET_LAYERS_MAX];
    NetIn in;
    Model *m;
} Case;

static void open_case(Ctx *cx, Case *c, NetAct act, const uint32_t *width, uint32_t layers)
{
    Random r = random_make(5, "net test", act, layers);
    DenseOptions how = { .scale = DENSE_STANDARD, .onehot_max = 40, .missing_min = .001, .cols_max = 100 };
    *c = (Case){ 0 };
    for (int j = 0; j < COLS; j++) {
        for (int i = 0; i < ROWS; i++) c->cell[j][i] = random_below(&r, 9) ? (float)(random_normal(&r) * (j + 1)) : NAN;
        c->col[j] = c->cell[j];
        c->feature[j] = (Feature){ "x", FEATURE_NUMBER, 0, { (uint32_t)j, FEATURE_NO_RAW } };
    }
    for (int i = 0; i < ROWS; i++) c->cell[4][i] = (float)(i % 4);
    c->feature[4].kind = FEATURE_CATEGORY;
    c->feature[4].levels = 4;
    c->X = (Frame){ ROWS, COLS, c->feature, c->col };
    c->in = (NetIn){ .act = act, .layers = layers, .width = width, .weight = (const float *const *)c->weight,
                     .bias = (const float *const *)c->bias, .scale = 1.5, .shift = -.25, .lo = -1e3, .hi = 1e3 };
    expect_ok(cx, dense_fit(cx, &c->X, NULL, ROWS, NULL, &how, &c->in.dense));
    size_t in = dense_cols(c->in.dense);
    for (uint32_t l = 0; l < layers; l++) {
        c->weight[l] = malloc(in * width[l] * sizeof(float));
        c->bias[l] = malloc(width[l] * sizeof(float));
        for (size_t i = 0; i < in * width[l]; i++) c->weight[l][i] = (float)(random_normal(&r) / sqrt((double)in));
        for (size_t i = 0; i < width[l]; i++) c->bias[l][i] = (float)random_normal(&r);
        in = width[l];
    }
    expect_ok(cx, net_new(cx, &c->in, &c->m));
}

static void close_case(Ctx *cx, Case *c)
{
    model_free(cx, c->m);
    for (int l = 0; l < NET_LAYERS_MAX; l++) free(c->weight[l]), free(c->bias[l]);
    ctx_clear(cx);
}

static double act_of(NetAct act, double z)
{
    if (act == NET_RELU) return z > 0 ? z : 0;
    if (act == NET_MISH) return z * tanh(log1p(exp(z)));
    return 1.0507009873554805 * (z > 0 ? z : 1.6732632423543772 * (exp(z) - 1));
}

static void plain_answer(Case *c, const Dense *d, uint32_t row, double *out)
{
    double a[64], b[64];
    size_t in = dense_cols(d);
    dense_apply_f64(d, &c->X, &row, 1, a, in);
    for (uint32_t l = 0; l < c->in.layers; l++) {
        for (size_t j = 0; j < c->in.width[l]; j++) {
            b[j] = (double)c->bias[l][j];
            for (size_t k = 0; k < in; k++) b[j] += a[k] * (double)c->weight[l][k * c->in.width[l] + j];
        }
        in = c->in.width[l];
        for (size_t j = 0; j < in; j++) a[j] = l + 1 < c->in.layers ? act_of(c->in.act, b[j]) : b[j];
    }
    for (size_t j = 0; j < in; j++) out[j] = fmin(fmax(1.5 * a[j] - .25, -1e3), 1e3);
}

/* Widths that leave the four-by-sixteen blocks uneven in every way. */
static const uint32_t widths[][4] = { { 33, 16, 47, 1 }, { 5, 3, 0, 0 }, { 1, 0, 0, 0 }, { 64, 48, 17, 3 } };
static const uint32_t layers[] = { 4, 2, 1, 4 };

static void a_row_answers_the_same_alone_and_in_any_company(void **state)
{
    (void)state;
    for (int w = 0; w < 4; w++)
        for (int act = 0; act < NET_ACTS_N; act++) {
            Ctx cx = test_ctx();
            Case c;
            double all[ROWS * 3], one[3], some[ROWS * 3];
            uint32_t rows[ROWS], k = widths[w][layers[w] - 1];
            open_case(&cx, &c, (NetAct)act, widths[w], layers[w]);
            assert_int_equal(c.m->outputs, k);
            expect_ok(&cx, model_margin(&cx, c.m, &c.X, NULL, ROWS, all));
            for (uint32_t i = 0; i < ROWS; i++) {
                expect_ok(&cx, model_margin(&cx, c.m, &c.X, &i, 1, one));
                assert_memory_equal(one, all + i * k, k * sizeof *one);
            }
            for (uint32_t i = 0; i < ROWS; i++) rows[i] = (i * 31) % ROWS;          /* another order, other neighbours */
            for (uint32_t n = 1; n <= 40; n += 3) {
                expect_ok(&cx, model_margin(&cx, c.m, &c.X, rows, n, some));
                for (uint32_t i = 0; i < n; i++) assert_memory_equal(some + i * k, all + rows[i] * k, k * sizeof *some);
            }
            close_case(&cx, &c);
        }
}

static void answers_are_the_textbooks(void **state)
{
    (void)state;
    for (int w = 0; w < 4; w++)
        for (int act = 0; act < NET_ACTS_N; act++) {
            Ctx cx = test_ctx();
            Case c;
            double all[ROWS * 3], want[3], worst = 0;
            uint32_t k = widths[w][layers[w] - 1];
            open_case(&cx, &c, (NetAct)act, widths[w], layers[w]);
            expect_ok(&cx, model_margin(&cx, c.m, &c.X, NULL, ROWS, all));
            for (uint32_t i = 0; i < ROWS; i++) {
                plain_answer(&c, c.in.dense, i, want);
                for (uint32_t j = 0; j < k; j++) worst = fmax(worst, fabs(all[i * k + j] - want[j]) / (1 + fabs(want[j])));
            }
            assert_true(worst < 1e-5);
            close_case(&cx, &c);
        }
}

static void activations_hold_far_out(void **state)
{
    (void)state;
    static const float z[] = { -1e30f, -100, -88, -20, -1, -1e-6f, 0, 1e-6f, 1, 14.9f, 15, 15.1f, 88, 1e30f };
    for (int act = 0; act < NET_ACTS_N; act++)
        for (size_t i = 0; i < sizeof z / sizeof *z; i++) {
            double want = (double)z[i] > 700 ? (act == NET_SELU ? 1.0507009873554805 * (double)z[i] : (double)z[i]) : act_of((NetAct)act, (double)z[i]);
            double got = (double)net_act((NetAct)act, z[i]);
            assert_true(isfinite(got) && fabs(got - want) <= 2e-6 * (1 + fabs(want)));
        }
}

static void the_exponential_is_good_to_seven_digits(void **state)
{
    (void)state;
    double worst = 0;
    /* selu below zero is scale x alpha x (e^z - 1): the only door to it */
    for (double z = -12; z < 0; z += 1e-3) {
        double got = (double)net_act(NET_SELU, (float)z) / (1.0507009873554805 * 1.6732632423543772) + 1;
        worst = fmax(worst, fabs(got - exp((double)(float)z)));
    }
    assert_true(worst < 3e-7);
}

static void saved_and_loaded_is_the_same_net(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Case c;
    Text bytes, again;
    Model *m;
    double a[ROWS * 3], b[ROWS * 3];
    text_init(&bytes, &cx);
    text_init(&again, &cx);
    open_case(&cx, &c, NET_MISH, widths[3], layers[3]);
    expect_ok(&cx, model_save(&cx, c.m, &bytes));
    expect_ok(&cx, model_load(&cx, bytes.at, bytes.n, &m));
    expect_ok(&cx, model_save(&cx, m, &again));
    assert_int_equal(bytes.n, again.n);
    assert_memory_equal(bytes.at, again.at, bytes.n);
    expect_ok(&cx, model_margin(&cx, c.m, &c.X, NULL, ROWS, a));
    expect_ok(&cx, model_margin(&cx, m, &c.X, NULL, ROWS, b));
    assert_memory_equal(a, b, sizeof a);
    model_free(&cx, m);
    text_clear(&bytes);
    text_clear(&again);
    close_case(&cx, &c);
}

static void no_cut_and_no_changed_byte_passes_for_a_net_that_is_not_one(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Case c;
    Text bytes;
    Model *m;
    double out[ROWS * 3];
    size_t taken = 0;
    text_init(&bytes, &cx);
    open_case(&cx, &c, NET_SELU, widths[1], layers[1]);
    expect_ok(&cx, model_save(&cx, c.m, &bytes));
    for (size_t n = 0; n < bytes.n; n++) {
        char *cut = malloc(n ? n : 1);                   /* of its own, so that a byte too far is seen */
        memcpy(cut, bytes.at, n);
        expect_failure(&cx, model_load(&cx, cut, n, &m), ERR_CORRUPT, NULL);
        assert_null(m);
        free(cut);
    }
    for (size_t i = 0; i < bytes.n; i++)
        for (int bit = 0; bit < 8; bit++) {
            bytes.at[i] ^= (char)(1 << bit);
            Err err = model_load(&cx, bytes.at, bytes.n, &m);
            if (err) expect_failure(&cx, err, ERR_CORRUPT, NULL);
            else {                                       /* another net: it answers numbers, whatever they are */
                taken++;
                if (m->cols == COLS && m->outputs <= 3) {
                    expect_ok(&cx, model_margin(&cx, m, &c.X, NULL, ROWS, out));
                    for (size_t k = 0; k < ROWS * (size_t)m->outputs; k++) assert_true(isfinite(out[k]));
                }
                model_free(&cx, m);
            }
            bytes.at[i] ^= (char)(1 << bit);
        }
    assert_true(taken > 0);                              /* weights may be anything finite */
    text_clear(&bytes);
    close_case(&cx, &c);
}

static Err swept(Ctx *cx, void *arg)
{
    Case *c = arg;
    Text bytes;
    Model *m = NULL;
    double out[ROWS];
    Err err = OK;
    text_init(&bytes, cx);
    TRY_DONE(cx, model_save(cx, c->m, &bytes));
    TRY_DONE(cx, model_load(cx, bytes.at, bytes.n, &m));
    TRY_DONE(cx, model_margin(cx, m, &c->X, NULL, ROWS, out));
done:
    text_clear(&bytes);
    model_free(cx, m);
    return err;
}

static void refused_memory_is_survived(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Case c;
    open_case(&cx, &c, NET_SELU, widths[0], layers[0]);
    rig_sweep(swept, &c, ERR_NOMEM, ERR_IO);
    close_case(&cx, &c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_answers_the_same_alone_and_in_any_company),
        cmocka_unit_test(answers_are_the_textbooks),
        cmocka_unit_test(activations_hold_far_out),
        cmocka_unit_test(the_exponential_is_good_to_seven_digits),
        cmocka_unit_test(saved_and_loaded_is_the_same_net),
        cmocka_unit_test(no_cut_and_no_changed_byte_passes_for_a_net_that_is_not_one),
        cmocka_unit_test(refused_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What is proved: a net answers a row the same, bit for bit, alone and beside others, and what the textbook says of its
** layers, waves, tables and members; the fast sums equal the plain ones bit for bit; halves round as IEEE 754 says; save
** and load are inverse; no cut or changed byte is taken for a net that answers nonsense.  How: nets of random weights of
** awkward widths, held to plain sums in double. */
#include "test/test.h"

#include "base/random.h"
#include "model/model.h"
#include "model/net_math.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 77, COLS = 6, MEMBERS = 3, LEVELS = 11 };

/* What a net has besides layers. */
enum { WAVES = 1, TABLES = 2, MIX = 4, MANY = 8, WAYS = 16 };

typedef struct Case {
    float cell[COLS][ROWS];
    const float *col[COLS];
    Feature feature[COLS];
    Frame X;
    float *weight[NET_LAYERS_MAX], *bias[NET_LAYERS_MAX], *mix[NET_LAYERS_MAX];
    float *scale_in, *wave, *entry;
    NetTable table;
    NetIn in;
    Model *m;
} Case;

static const uint32_t wave_col[] = { 0, 3 };

static float *some_numbers(Random *r, size_t n, double by)
{
    float *v = malloc((n + 1) * sizeof *v);
    for (size_t i = 0; i < n; i++) v[i] = (float)(by * random_normal(r));
    return v;
}

static void fill_frame(Case *c, Random *r)
{
    for (int j = 0; j < COLS; j++) {
        for (int i = 0; i < ROWS; i++) c->cell[j][i] = random_below(r, 9) ? (float)(random_normal(r) * (j + 1)) : NAN;
        c->col[j] = c->cell[j];
        c->feature[j] = (Feature){ "x", FEATURE_NUMBER, 0, { (uint32_t)j, FEATURE_NO_RAW } };
    }
    for (int i = 0; i < ROWS; i++) c->cell[4][i] = (float)(i % 4);
    for (int i = 0; i < ROWS; i++) c->cell[5][i] = i % 13 ? (float)(i % LEVELS) : NAN;
    c->feature[4].kind = c->feature[5].kind = FEATURE_CATEGORY;
    c->feature[4].levels = 4;
    c->feature[5].levels = LEVELS;
    c->X = (Frame){ ROWS, COLS, c->feature, c->col };
}

static void open_case(Ctx *cx, Case *c, NetAct act, const uint32_t *width, uint32_t layers, unsigned way)
{
    Random r = random_make(5, "net test", act, layers);
    DenseOptions how = { .scale = DENSE_STANDARD, .onehot_max = 40, .skip_above = way & TABLES ? 9 : 0, .missing_min = .001, .cols_max = 100 };
    uint32_t k = width[layers - 1], members = way & MANY ? MEMBERS : 1;
    *c = (Case){ 0 };
    fill_frame(c, &r);
    c->in = (NetIn){ .task = k > 1 ? TASK_MULTICLASS : way & WAVES ? TASK_BINARY : TASK_REGRESSION, .act = act, .layers = layers, .width = width,
                     .weight = (const float *const *)c->weight, .bias = (const float *const *)c->bias, .members = members,
                     .scale = 1.5, .shift = -.25, .lo = -1e3, .hi = 1e3 };
    expect_ok(cx, dense_fit(cx, &c->X, NULL, ROWS, NULL, &how, &c->in.dense));
    if (way & WAVES) {
        c->wave = some_numbers(&r, 2 * (NET_WAVES * (2 + NET_WAVES_OUT) + NET_WAVES_OUT), .3);
        c->in.waves_n = 2;
        c->in.wave_col = wave_col;
        c->in.turn = c->wave;
        c->in.phase = c->in.turn + 2 * NET_WAVES;
        c->in.blend = c->in.phase + 2 * NET_WAVES;
        c->in.offset = c->in.blend + 2 * NET_WAVES * NET_WAVES_OUT;
    }
    if (way & TABLES) {
        c->table = (NetTable){ 5, LEVELS };
        c->in.tables_n = 1;
        c->in.table = &c->table;
        c->in.entry = c->entry = some_numbers(&r, (LEVELS + 1) * NET_TABLE_DIM, 1);
    }
    size_t in = dense_cols(c->in.dense) + c->in.waves_n * NET_WAVES_OUT + c->in.tables_n * NET_TABLE_DIM;
    if (members > 1) c->in.scale_in = c->scale_in = some_numbers(&r, members * in, 1);
    for (uint32_t l = 0; l < layers; l++) {
        size_t blocks = l + 1 == layers ? members : 1;
        c->weight[l] = some_numbers(&r, in * width[l] * blocks, 1 / sqrt((double)in));
        c->bias[l] = some_numbers(&r, width[l] * blocks, 1);
        c->mix[l] = some_numbers(&r, width[l], 1);
        in = width[l];
    }
    if (way & MIX) c->in.mix = (const float *const *)c->mix;
    expect_ok(cx, net_new(cx, &c->in, &c->m));
}

static void close_case(Ctx *cx, Case *c)
{
    model_free(cx, c->m);
    for (int l = 0; l < NET_LAYERS_MAX; l++) free(c->weight[l]), free(c->bias[l]), free(c->mix[l]);
    free(c->scale_in), free(c->wave), free(c->entry);
    ctx_clear(cx);
}

static double act_of(NetAct act, double z)
{
    if (act == NET_RELU) return z > 0 ? z : 0;
    if (act == NET_MISH) return z * tanh(log1p(exp(z)));
    return 1.0507009873554805 * (z > 0 ? z : 1.6732632423543772 * (exp(z) - 1));
}

/* What enters the first layer, by its definition. */
static size_t plain_inputs(Case *c, uint32_t row, double *a)
{
    size_t d = dense_cols(c->in.dense), n = c->in.waves_n;
    dense_apply_f64(c->in.dense, &c->X, &row, 1, a, d);
    for (size_t o = 0; o < NET_WAVES_OUT; o++)
        for (size_t q = 0; q < n; q++) {
            double s = (double)c->in.offset[o * n + q];
            for (size_t w = 0; w < NET_WAVES; w++)
                s += (double)c->in.blend[(w * NET_WAVES_OUT + o) * n + q] *
                     cos(6.283185307179586 * (a[wave_col[q]] * (double)c->in.turn[w * n + q] + (double)c->in.phase[w * n + q]));
            a[d + o * n + q] = s;
        }
    d += n * NET_WAVES_OUT;
    if (!c->in.tables_n) return d;
    float code = c->cell[5][row];
    for (size_t k = 0; k < NET_TABLE_DIM; k++) a[d + k] = (double)c->entry[(isnan(code) ? LEVELS : (size_t)code) * NET_TABLE_DIM + k];
    return d + NET_TABLE_DIM;
}

/* Members one after another; weights as the net tells them, for it rounds them to halves. */
static void plain_answer(Case *c, uint32_t row, double *out)
{
    static float W[64 * 64 * MEMBERS];
    double a[64], b[64], sum[3] = { 0 };
    uint32_t k = c->m->outputs;
    for (uint32_t m = 0; m < c->in.members; m++) {
        size_t in = plain_inputs(c, row, a);
        for (size_t i = 0; c->scale_in && i < in; i++) a[i] *= (double)c->scale_in[m * in + i];
        for (uint32_t l = 0; l < c->in.layers; l++) {
            bool last = l + 1 == c->in.layers;
            size_t width = c->in.width[l], block = last ? m : 0;
            net_weights(c->m, l, W);
            for (size_t j = 0; j < width; j++) {
                b[j] = (double)c->bias[l][block * width + j];
                for (size_t i = 0; i < in; i++) b[j] += a[i] * (double)W[(block * in + i) * width + j];
                if (!last) b[j] = c->in.mix ? b[j] + (double)c->mix[l][j] * (act_of(c->in.act, b[j]) - b[j]) : act_of(c->in.act, b[j]);
            }
            in = width;
            memcpy(a, b, sizeof a);
        }
        double p[3], total = 0;
        for (uint32_t j = 0; j < k; j++) p[j] = 1.5 * a[j] - .25;
        if (c->in.members == 1) {
            for (uint32_t j = 0; j < k; j++) out[j] = fmin(fmax(p[j], -1e3), 1e3);
            return;
        }
        for (uint32_t j = 0; j < k; j++) total += exp(p[j]);
        for (uint32_t j = 0; j < k; j++) sum[j] += (c->in.task == TASK_REGRESSION ? p[j] : c->in.task == TASK_BINARY ? 1 / (1 + exp(-p[j])) : exp(p[j]) / total) / MEMBERS;
    }
    for (uint32_t j = 0; j < k; j++)
        out[j] = c->in.task == TASK_REGRESSION ? sum[j] : c->in.task == TASK_BINARY ? log(sum[j] / (1 - sum[j])) : log(sum[j]);
}

/* Widths that leave the four-by-sixteen blocks uneven in every way. */
static const uint32_t widths[][4] = { { 33, 16, 47, 1 }, { 5, 3, 0, 0 }, { 1, 0, 0, 0 }, { 64, 48, 17, 3 } };
static const uint32_t layers[] = { 4, 2, 1, 4 };

typedef void Exam(Ctx *cx, Case *c);

static void every_net(Exam *exam)
{
    for (int w = 0; w < 4; w++)
        for (int act = 0; act < NET_ACTS_N; act++)
            for (unsigned way = 0; way < WAYS; way++) {
                Ctx cx = test_ctx();
                static Case c;
                open_case(&cx, &c, (NetAct)act, widths[w], layers[w], way);
                exam(&cx, &c);
                close_case(&cx, &c);
            }
}

static void exam_company(Ctx *cx, Case *c)
{
    double all[ROWS * 3], one[3], some[ROWS * 3];
    uint32_t rows[ROWS], k = c->m->outputs;
    expect_ok(cx, model_margin(cx, c->m, &c->X, NULL, ROWS, all));
    for (uint32_t i = 0; i < ROWS; i++) {
        expect_ok(cx, model_margin(cx, c->m, &c->X, &i, 1, one));
        assert_memory_equal(one, all + i * k, k * sizeof *one);
    }
    for (uint32_t i = 0; i < ROWS; i++) rows[i] = (i * 31) % ROWS;          /* another order, other neighbours */
    for (uint32_t n = 1; n <= 40; n += 3) {
        expect_ok(cx, model_margin(cx, c->m, &c->X, rows, n, some));
        for (uint32_t i = 0; i < n; i++) assert_memory_equal(some + i * k, all + rows[i] * k, k * sizeof *some);
    }
}

static void a_row_answers_the_same_alone_and_in_any_company(void **state) { (void)state; every_net(exam_company); }

static void exam_textbook(Ctx *cx, Case *c)
{
    double all[ROWS * 3], want[3], worst = 0;
    uint32_t k = c->m->outputs;
    expect_ok(cx, model_margin(cx, c->m, &c->X, NULL, ROWS, all));
    for (uint32_t i = 0; i < ROWS; i++) {
        plain_answer(c, i, want);
        for (uint32_t j = 0; j < k; j++) worst = fmax(worst, fabs(all[i * k + j] - want[j]) / (1 + fabs(want[j])));
    }
    if (worst >= 3e-5) fail_msg("task %d, %u members, %u waves: off by %.1e", c->in.task, c->in.members, c->in.waves_n, worst);
}

static void answers_are_the_textbooks(void **state) { (void)state; every_net(exam_textbook); }

static void halves_round_as_ieee_says(void **state)
{
    (void)state;
    assert_int_equal(half_of(1), 0x3C00);
    assert_int_equal(half_of(-2), 0xC000);
    assert_int_equal(half_of(65504), 0x7BFF);
    assert_int_equal(half_of(0x1p-24f), 1);
    assert_int_equal(half_of(0x1p-25f), 0);                          /* half a step: to even */
    assert_int_equal(half_of(1 + 0x1p-11f), 0x3C00);
    assert_int_equal(half_of(1 + 3 * 0x1p-11f), 0x3C02);
    for (uint32_t h = 0; h < 0x7C00; h++) {                          /* every finite half is its own rounding, as is each between two */
        double v = h < 1024 ? ldexp(h, -24) : ldexp(1024 + (h & 1023), (int)(h >> 10) - 25);
        assert_true((double)half_value((uint16_t)h) == v && (double)half_value((uint16_t)(h | 0x8000)) == -v);
        assert_int_equal(half_of((float)v), h);
        if (h + 1 < 0x7C00) {
            float step = half_value((uint16_t)(h + 1)) - (float)v;
            assert_int_equal(half_of((float)v + .49f * step), h);
            assert_int_equal(half_of((float)v + .51f * step), h + 1);
        }
    }
}

static void fast_sums_equal_plain_ones_bit_for_bit(void **state)
{
    (void)state;
    static const size_t sizes[][3] = { { 1, 5, 1 }, { 1, 300, 200 }, { 7, 600, 33 }, { 13, 257, 48 }, { 1, 0, 17 }, { 9, 0, 16 }, { 48, 16, 3 }, { 2, 9, 64 } };
    Random r = random_make(8, "sums", 0, 0);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        size_t rows = sizes[s][0], in = sizes[s][1], out = sizes[s][2];
        float *x = some_numbers(&r, rows * in, 1), *bias = some_numbers(&r, out, 1), *a = some_numbers(&r, rows * out, 1), *b = some_numbers(&r, rows * out, 1);
        uint16_t *W = malloc((in * out + 1) * sizeof *W);
        for (size_t i = 0; i < in * out; i++) W[i] = half_of((float)random_normal(&r));
        net_layer(x, rows, in, W, .25f, bias, out, a);
        net_layer_plain(x, rows, in, W, .25f, bias, out, b);
        assert_memory_equal(a, b, rows * out * sizeof *a);
        free(x), free(bias), free(a), free(b), free(W);
    }
}

static void cosines_are_good_to_six_digits(void **state)
{
    (void)state;
    double worst = 0;
    for (double t = -40; t < 40; t += 1e-3) worst = fmax(worst, fabs((double)net_cos_turns((float)t) - cos(6.283185307179586 * (double)(float)t)));
    assert_true(worst < 4e-7);
}

/* Random weights cancel more than learnt ones do: a trained net's margins move by 1.5e-4 of their spread (measured), these by
** ten times that. */
static void halves_hardly_change_an_answer(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    static Case c;
    static const uint32_t width[] = { 64, 64, 64, 1 };
    double got[ROWS], mean = 0, sd = 0, off = 0;
    open_case(&cx, &c, NET_SELU, width, 4, 0);
    expect_ok(&cx, model_margin(&cx, c.m, &c.X, NULL, ROWS, got));
    for (uint32_t i = 0; i < ROWS; i++) {
        double a[64], b[64];
        size_t in = plain_inputs(&c, i, a);
        for (uint32_t l = 0; l < 4; l++) {
            for (size_t j = 0; j < width[l]; j++) {
                b[j] = (double)c.bias[l][j];
                for (size_t k = 0; k < in; k++) b[j] += a[k] * (double)c.weight[l][k * width[l] + j];
                if (l < 3) b[j] = act_of(NET_SELU, b[j]);
            }
            in = width[l];
            memcpy(a, b, sizeof a);
        }
        off += pow(got[i] - (1.5 * a[0] - .25), 2) / ROWS;
        mean += got[i] / ROWS;
    }
    for (uint32_t i = 0; i < ROWS; i++) sd += (got[i] - mean) * (got[i] - mean) / ROWS;
    print_message("halves move a margin by %.1e of what margins vary\n", sqrt(off / sd));
    assert_true(off > 0 && sqrt(off / sd) < 3e-3);
    close_case(&cx, &c);
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
    open_case(&cx, &c, NET_MISH, widths[3], layers[3], WAYS - 1);
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
    open_case(&cx, &c, NET_SELU, widths[1], layers[1], WAYS - 1);
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
    open_case(&cx, &c, NET_SELU, widths[0], layers[0], WAYS - 1);
    rig_sweep(swept, &c, ERR_NOMEM, ERR_IO);
    close_case(&cx, &c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_row_answers_the_same_alone_and_in_any_company),
        cmocka_unit_test(answers_are_the_textbooks),
        cmocka_unit_test(halves_round_as_ieee_says),
        cmocka_unit_test(fast_sums_equal_plain_ones_bit_for_bit),
        cmocka_unit_test(cosines_are_good_to_six_digits),
        cmocka_unit_test(halves_hardly_change_an_answer),
        cmocka_unit_test(activations_hold_far_out),
        cmocka_unit_test(the_exponential_is_good_to_seven_digits),
        cmocka_unit_test(saved_and_loaded_is_the_same_net),
        cmocka_unit_test(no_cut_and_no_changed_byte_passes_for_a_net_that_is_not_one),
        cmocka_unit_test(refused_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

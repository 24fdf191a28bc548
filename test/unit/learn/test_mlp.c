/* What is proved: the nets' gradient is the derivative of their loss.  How: the same source compiled with double and
** plain matrix products, every parameter's gradient held to central finite differences, for each task and activation,
** with and without members, waves, tables, learnt activations and weights of rows; the losses themselves to their
** definitions. */
#define MLP_DOUBLE
#include "learn/mlp_core.c"

#include "test/test.h"

#include <stdio.h>

enum { ROWS = 7, COLS = 5, OUTPUTS_MAX = 3, MEMBERS_MAX = 3 };

static const uint32_t numbers[] = { 0, 2, 4 }, levels[] = { 4, 3 };

static void gemm(bool at, bool bt, size_t m, size_t n, size_t k, double alpha, const double *A, size_t lda, const double *B,
                 size_t ldb, double beta, double *C, size_t ldc)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            double s = 0;
            for (size_t l = 0; l < k; l++) s += (at ? A[l * lda + i] : A[i * lda + l]) * (bt ? B[j * ldb + l] : B[l * ldb + j]);
            C[i * ldc + j] = alpha * s + (beta != 0 ? beta * C[i * ldc + j] : 0);
        }
}

/* The loss by its definition, apart from the code under test. */
static double plain_loss(Mlp *net, const double *x, const uint32_t *code, const double *y, const float *w)
{
    const double *z = mlp_forward(net, x, code, ROWS, false, 0, NULL);
    uint32_t k = net->s.outputs;
    double sum = 0;
    for (size_t m = 0; m < net->s.members; m++)
        for (size_t i = 0; i < ROWS; i++, z += k) {
            double weight = w ? (double)w[i] : 1;
            if (net->s.task == TASK_REGRESSION) sum += weight * .5 * (z[0] - y[i]) * (z[0] - y[i]);
            else if (k == 1) sum -= weight * log(y[i] > 0 ? 1 / (1 + exp(-z[0])) : 1 - 1 / (1 + exp(-z[0])));
            else {
                double total = 0;
                for (uint32_t c = 0; c < k; c++) total += exp(z[c]);
                sum -= weight * log(exp(z[(size_t)y[i]]) / total);
            }
        }
    return sum / ROWS / net->s.members;
}

typedef struct Way { Task task; NetAct act; uint32_t layers, members; bool mixed, waves, tables, weights; MlpStart start; } Way;

static double worst_difference(Way way)
{
    Ctx cx = { .world = &os_world };
    Random r = random_make(3, "mlp test", way.task, way.act);
    MlpShape s = { .in = COLS, .batch = ROWS, .layers = way.layers, .width = 4, .outputs = way.task == TASK_MULTICLASS ? 3 : 1,
                   .members = way.members, .task = way.task, .act = way.act, .mixed = way.mixed, .start = way.start,
                   .numbers_n = way.waves ? 3 : 0, .number = numbers, .tables_n = way.tables ? 2 : 0, .levels = levels,
                   .beta2 = .95, .rate_scale = 6, .rate_bias = .1 };
    Mlp *net;
    double x[ROWS * COLS], y[ROWS], worst = 0;
    float w[ROWS];
    uint32_t code[ROWS * 2];
    assert_int_equal(mlp_new(&cx, &s, gemm, &net), OK);
    for (int i = 0; i < ROWS * COLS; i++) x[i] = random_normal(&r);
    for (int i = 0; i < ROWS * 2; i++) code[i] = (uint32_t)random_below(&r, levels[way.tables ? i % 2 : 1]);
    for (int i = 0; i < ROWS; i++) w[i] = (float)random_unit(&r);
    for (int i = 0; i < ROWS; i++) y[i] = way.task == TASK_REGRESSION ? random_normal(&r) : i % (int)(s.outputs == 1 ? 2 : 3);
    mlp_init(net, x, code, ROWS, &r);
    for (size_t i = 0; i < net->params_n; i++) net->theta[i] += .3 * random_normal(&r);     /* the last layer may start at zero */
    const float *weight = way.weights ? w : NULL;
    mlp_forward(net, x, code, ROWS, true, 0, NULL);
    double loss = mlp_backward(net, x, code, y, weight, ROWS);
    assert_true(fabs(loss - plain_loss(net, x, code, y, weight)) < 1e-12 * (1 + fabs(loss)));
    for (size_t i = 0; i < net->params_n; i++) {
        double keep = net->theta[i], h = 1e-5;
        net->theta[i] = keep + h;
        double up = plain_loss(net, x, code, y, weight);
        net->theta[i] = keep - h;
        double down = plain_loss(net, x, code, y, weight);
        net->theta[i] = keep;
        worst = fmax(worst, fabs((up - down) / (2 * h) - net->grad[i]) / (1 + fabs(net->grad[i])));
    }
    mlp_free(&cx, net);
    return worst;
}

static void the_gradient_equals_finite_differences(void **state)
{
    (void)state;
    int ways = 0;
    for (int task = 0; task <= TASK_REGRESSION; task++)
        for (int act = 0; act < NET_ACTS_N; act++)
            for (uint32_t layers = 1; layers <= 4; layers++)
                for (int bits = 0; bits < 16; bits++) {
                    Way way = { (Task)task, (NetAct)act, layers, bits & 8 ? MEMBERS_MAX : 1, bits & 1, bits & 2, bits & 4, bits & 1,
                                bits & 8 ? MLP_START_UNIFORM : bits & 4 ? MLP_START_ROWS : MLP_START_NORMAL };
                    double worst = worst_difference(way);
                    if (worst >= 1e-6) fail_msg("task %d activation %d layers %u bits %d: differs by %.1e", task, act, layers, bits, worst);
                    ways++;
                }
    assert_int_equal(ways, 3 * NET_ACTS_N * 4 * 16);
}

/* Silenced units give nothing and learn nothing, the others stand in for them, and the share is what was asked for. */
static void dropout_silences_the_share_it_is_told(void **state)
{
    (void)state;
    enum { N = 100000 };
    static double h[N], slope[N];
    for (uint32_t key = 1; key < 4; key++) {
        size_t silent = 0;
        for (size_t i = 0; i < N; i++) h[i] = slope[i] = 1;
        drop_units(h, slope, NULL, N, .15, key * 0x9E3779B9u);
        for (size_t i = 0; i < N; i++) {
            assert_true(h[i] == slope[i] && (h[i] == 0 || fabs(h[i] - 1 / .85) < 1e-12));
            silent += h[i] == 0;
        }
        assert_true(fabs((double)silent / N - .15) < 4 * sqrt(.15 * .85 / N));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_gradient_equals_finite_differences),
        cmocka_unit_test(dropout_silences_the_share_it_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

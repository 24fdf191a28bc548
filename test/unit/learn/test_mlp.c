/* What is proved: the MLP's gradient is the derivative of its loss.  How: the same source compiled with double and
** plain matrix products, every parameter's gradient held to central finite differences, for each task and activation. */
#define MLP_DOUBLE
#include "learn/mlp_core.c"

#include "test/test.h"

#include <stdio.h>

enum { ROWS = 7, COLS = 5, OUTPUTS_MAX = 3 };

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
static double loss_of(Mlp *net, const double *x, const double *y)
{
    const double *z = mlp_forward(net, x, ROWS, 0, NULL);
    uint32_t k = net->s.outputs;
    double sum = 0;
    for (size_t i = 0; i < ROWS; i++) {
        if (net->s.task == TASK_REGRESSION) sum += .5 * (z[i] - y[i]) * (z[i] - y[i]);
        else if (k == 1) sum -= log(y[i] > 0 ? 1 / (1 + exp(-z[i])) : 1 - 1 / (1 + exp(-z[i])));
        else {
            double total = 0;
            for (uint32_t c = 0; c < k; c++) total += exp(z[i * k + c]);
            sum -= log(exp(z[i * k + (size_t)y[i]]) / total);
        }
    }
    return sum / ROWS;
}

static void gradient_holds(Task task, NetAct act, uint32_t layers)
{
    Ctx cx = { .world = &os_world };
    Random r = random_make(3, "mlp test", task, act);
    MlpShape s = { .in = COLS, .batch = ROWS, .layers = layers, .width = 4, .outputs = task == TASK_MULTICLASS ? 3 : 1, .task = task, .act = act };
    Mlp *net;
    double x[ROWS * COLS], y[ROWS], worst = 0;
    assert_int_equal(mlp_new(&cx, &s, gemm, &net), OK);
    mlp_init(net, &r);
    for (size_t i = 0; i < net->params_n; i++) net->theta[i] += .3 * random_normal(&r);     /* the last layer starts at zero */
    for (int i = 0; i < ROWS * COLS; i++) x[i] = random_normal(&r);
    for (int i = 0; i < ROWS; i++) y[i] = task == TASK_REGRESSION ? random_normal(&r) : i % (int)(s.outputs == 1 ? 2 : 3);
    mlp_forward(net, x, ROWS, 0, NULL);
    double loss = mlp_backward(net, x, y, ROWS, 0);
    assert_true(fabs(loss - loss_of(net, x, y)) < 1e-12 * (1 + fabs(loss)));
    for (size_t i = 0; i < net->params_n; i++) {
        double keep = net->theta[i], h = 1e-5;
        net->theta[i] = keep + h;
        double up = loss_of(net, x, y);
        net->theta[i] = keep - h;
        double down = loss_of(net, x, y);
        net->theta[i] = keep;
        worst = fmax(worst, fabs((up - down) / (2 * h) - net->grad[i]) / (1 + fabs(net->grad[i])));
    }
    print_message("task %d activation %d layers %u: %zu parameters, worst relative difference %.1e\n", task, act, layers, net->params_n, worst);
    assert_true(worst < 1e-6);
    mlp_free(&cx, net);
}

static void the_gradient_equals_finite_differences(void **state)
{
    (void)state;
    for (int task = 0; task < TASK_N; task++)
        for (int act = 0; act < NET_ACTS_N; act++)
            for (uint32_t layers = 1; layers <= 4; layers++) gradient_holds((Task)task, (NetAct)act, layers);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(the_gradient_equals_finite_differences) };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

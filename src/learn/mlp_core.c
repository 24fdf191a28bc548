/* learn/mlp_core.c -- forward, backward, Adam.  See mlp_core.h. */
#include "learn/mlp_core.h"

#include "base/vector.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define BETA1 .9
#define BETA2 .95
#define ADAM_TINY 1e-8
#define RATE_SCALE 6.
#define RATE_BIAS .1

#ifdef MLP_DOUBLE
#define REAL_EXP exp
#define CLONES
#else
#define REAL_EXP vector_exp
#define CLONES VECTOR_CLONES
#endif

/* ------------------------------------------------------------------ memory */

void mlp_free(Ctx *cx, Mlp *net)
{
    if (!net) return;
    for (uint32_t l = 0; l <= net->s.layers; l++) {
        ctx_put(cx, net->z[l]);
        ctx_put(cx, net->h[l]);
        ctx_put(cx, net->mask[l]);
    }
    ctx_put(cx, net->theta);
    ctx_put(cx, net->grad);
    ctx_put(cx, net->m);
    ctx_put(cx, net->v);
    ctx_put(cx, net->x);
    ctx_put(cx, net->dz);
    ctx_put(cx, net->dh);
    ctx_put(cx, net);
}

static void lay_out(Mlp *net)
{
    size_t at = net->s.in, in = net->s.in;
    for (uint32_t l = 0; l <= net->s.layers; l++) {
        size_t out = l < net->s.layers ? net->s.width : net->s.outputs;
        net->in_n[l] = in;
        net->out_n[l] = out;
        net->weight_at[l] = at;
        net->bias_at[l] = at + in * out;
        at += (in + 1) * out;
        in = out;
    }
    net->params_n = at;
}

Err mlp_new(Ctx *cx, const MlpShape *s, Gemm gemm, Mlp **out)
{
    Err err = OK;
    Mlp *net = NULL;
    *out = NULL;
    assert(s->layers + 1 <= NET_LAYERS_MAX);
    GET_DONE(cx, net, 1, "a net");
    net->s = *s;
    net->gemm = gemm;
    lay_out(net);
    size_t widest = s->width > s->outputs ? s->width : s->outputs;
    if (s->in > widest) widest = s->in;
    GET_DONE(cx, net->theta, net->params_n, "a net of %zu parameters", net->params_n);
    GET_DONE(cx, net->grad, net->params_n, "a net of %zu parameters", net->params_n);
    GET_DONE(cx, net->m, net->params_n, "a net of %zu parameters", net->params_n);
    GET_DONE(cx, net->v, net->params_n, "a net of %zu parameters", net->params_n);
    GET_DONE(cx, net->x, s->batch * s->in, "a net");
    GET_DONE(cx, net->dz, s->batch * widest, "a net");
    GET_DONE(cx, net->dh, s->batch * widest, "a net");
    for (uint32_t l = 0; l <= s->layers; l++) {
        GET_DONE(cx, net->z[l], s->batch * net->out_n[l], "a net");
        GET_DONE(cx, net->h[l], s->batch * net->out_n[l], "a net");
        GET_DONE(cx, net->mask[l], s->batch * net->out_n[l], "a net");
    }
    *out = net;
    net = NULL;
done:
    mlp_free(cx, net);
    return err;
}

void mlp_init(Mlp *net, Random *r)
{
    for (size_t i = 0; i < net->s.in; i++) net->theta[i] = 1;
    for (uint32_t l = 0; l < net->s.layers; l++)
        for (size_t i = net->weight_at[l]; i < net->weight_at[l + 1]; i++) net->theta[i] = (Real)random_normal(r);
    for (size_t i = net->weight_at[net->s.layers]; i < net->params_n; i++) net->theta[i] = 0;
    memset(net->m, 0, net->params_n * sizeof(Real));
    memset(net->v, 0, net->params_n * sizeof(Real));
    net->steps = 0;
}

/* ------------------------------------------------------------- activations */

#define SELU_ALPHA ((Real)1.6732632423543772)
#define SELU_SCALE ((Real)1.0507009873554805)

CLONES static void act_all(NetAct act, const Real *z, Real *h, size_t n)
{
    if (act == NET_SELU) {
        for (size_t i = 0; i < n; i++) {
            Real a = z[i], e = REAL_EXP(a < 0 ? a : 0), up = SELU_SCALE * a, down = SELU_SCALE * SELU_ALPHA * (e - 1);
            h[i] = a > 0 ? up : down;
        }
    } else if (act == NET_MISH) {
        for (size_t i = 0; i < n; i++) {
            Real a = z[i], e = REAL_EXP(a < 15 ? a : 15), s = e * (e + 2), soft = a * (s / (s + 2));
            h[i] = a < 15 ? soft : a;
        }
    } else {
        for (size_t i = 0; i < n; i++) h[i] = z[i] > 0 ? z[i] : 0;
    }
}

/* d *= derivative of the activation at z. */
CLONES static void act_slope(NetAct act, const Real *z, Real *d, size_t n)
{
    if (act == NET_SELU) {
        for (size_t i = 0; i < n; i++) {
            Real a = z[i], e = REAL_EXP(a < 0 ? a : 0), down = SELU_SCALE * SELU_ALPHA * e;
            d[i] *= a > 0 ? SELU_SCALE : down;
        }
    } else if (act == NET_MISH) {
        for (size_t i = 0; i < n; i++) {
            Real a = z[i], e = REAL_EXP(a < 15 ? a : 15), s = e * (e + 2), t = s / (s + 2);
            Real slope = t + a * (1 - t * t) * (e / (1 + e));
            d[i] *= a < 15 ? slope : 1;
        }
    } else {
        for (size_t i = 0; i < n; i++) d[i] = z[i] > 0 ? d[i] : 0;
    }
}

/* ----------------------------------------------------------------- forward */

CLONES static void scale_in(const Real *x, const Real *s, size_t n, size_t in, Real *out)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < in; j++) out[i * in + j] = x[i * in + j] * s[j];
}

static void draw_mask(Real *mask, size_t n, double drop, Random *r)
{
    uint32_t limit = (uint32_t)(drop * 65536);
    Real keep = (Real)(1 / (1 - drop));
    for (size_t i = 0; i < n; i += 4) {
        uint64_t bits = random_bits(r);
        for (size_t k = i; k < n && k < i + 4; k++, bits >>= 16) mask[k] = (bits & 0xFFFF) < limit ? 0 : keep;
    }
}

const Real *mlp_forward(Mlp *net, const Real *x, size_t n, double drop, Random *r)
{
    const Real *in = net->x;
    assert(n <= net->s.batch);
    scale_in(x, net->theta, n, net->s.in, net->x);
    for (uint32_t l = 0; l <= net->s.layers; l++) {
        size_t k = net->in_n[l], o = net->out_n[l];
        const Real *bias = net->theta + net->bias_at[l];
        for (size_t i = 0; i < n; i++) memcpy(net->z[l] + i * o, bias, o * sizeof *bias);
        if (k) net->gemm(false, false, n, o, k, (Real)(1 / sqrt((double)k)), in, k, net->theta + net->weight_at[l], o, 1, net->z[l], o);
        if (l == net->s.layers) break;
        act_all(net->s.act, net->z[l], net->h[l], n * o);
        if (drop > 0) {
            draw_mask(net->mask[l], n * o, drop, r);
            for (size_t i = 0; i < n * o; i++) net->h[l][i] *= net->mask[l][i];
        }
        in = net->h[l];
    }
    return net->z[net->s.layers];
}

/* ---------------------------------------------------------------- backward */

/* dz = derivative of the mean loss by the margins; returns the mean loss. */
static double loss_slope(Mlp *net, const double *y, size_t n)
{
    uint32_t k = net->s.outputs;
    const Real *z = net->z[net->s.layers];
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        const Real *m = z + i * k;
        Real *d = net->dz + i * k;
        if (net->s.task == TASK_REGRESSION) {
            double e = (double)m[0] - y[i];
            sum += .5 * e * e;
            d[0] = (Real)(e / (double)n);
        } else if (k == 1) {
            double t = (double)m[0], p = 1 / (1 + exp(-t));
            sum += (t > 0 ? log1p(exp(-t)) : log1p(exp(t)) - t) + (y[i] > 0 ? 0 : t);
            d[0] = (Real)((p - y[i]) / (double)n);
        } else {
            double top = -INFINITY, total = 0;
            for (uint32_t c = 0; c < k; c++) top = fmax(top, (double)m[c]);
            for (uint32_t c = 0; c < k; c++) total += exp((double)m[c] - top);
            for (uint32_t c = 0; c < k; c++) d[c] = (Real)((exp((double)m[c] - top) / total - (c == (uint32_t)y[i])) / (double)n);
            sum += log(total) + top - (double)m[(uint32_t)y[i]];
        }
    }
    return sum / (double)n;
}

double mlp_backward(Mlp *net, const Real *x, const double *y, size_t n, double drop)
{
    double loss = loss_slope(net, y, n);
    for (uint32_t l = net->s.layers + 1; l-- > 0;) {
        size_t k = net->in_n[l], o = net->out_n[l];
        const Real *in = l ? net->h[l - 1] : net->x;
        Real *gw = net->grad + net->weight_at[l], *gb = net->grad + net->bias_at[l], share = (Real)(1 / sqrt((double)(k ? k : 1)));
        memset(gb, 0, o * sizeof *gb);
        for (size_t i = 0; i < n; i++)
            for (size_t j = 0; j < o; j++) gb[j] += net->dz[i * o + j];
        if (!k) continue;
        net->gemm(true, false, k, o, n, share, in, k, net->dz, o, 0, gw, o);
        net->gemm(false, true, n, k, o, share, net->dz, o, net->theta + net->weight_at[l], o, 0, net->dh, k);
        Real *t = net->dz;
        net->dz = net->dh;
        net->dh = t;
        if (!l) break;
        if (drop > 0)
            for (size_t i = 0; i < n * k; i++) net->dz[i] *= net->mask[l - 1][i];
        act_slope(net->s.act, net->z[l - 1], net->dz, n * k);
    }
    memset(net->grad, 0, net->s.in * sizeof(Real));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < net->s.in; j++) net->grad[j] += net->dz[i * net->s.in + j] * x[i * net->s.in + j];
    return loss;
}

/* -------------------------------------------------------------------- Adam */

CLONES static void adam(Real *theta, const Real *g, Real *m, Real *v, size_t n, Real rate, Real keep, Real fix1, Real fix2)
{
    for (size_t i = 0; i < n; i++) {
        m[i] = (Real)BETA1 * m[i] + (Real)(1 - BETA1) * g[i];
        v[i] = (Real)BETA2 * v[i] + (Real)(1 - BETA2) * g[i] * g[i];
        theta[i] = theta[i] * keep - rate * (m[i] * fix1) / (sizeof(Real) == 4 ? (Real)sqrtf((float)(v[i] * fix2)) + (Real)ADAM_TINY
                                                                               : (Real)sqrt((double)(v[i] * fix2)) + (Real)ADAM_TINY);
    }
}

void mlp_step(Mlp *net, double rate, double decay)
{
    double t = (double)++net->steps;
    Real fix1 = (Real)(1 / (1 - pow(BETA1, t))), fix2 = (Real)(1 / (1 - pow(BETA2, t)));
    adam(net->theta, net->grad, net->m, net->v, net->s.in, (Real)(rate * RATE_SCALE), 1, fix1, fix2);
    for (uint32_t l = 0; l <= net->s.layers; l++) {
        size_t w = net->weight_at[l], b = net->bias_at[l];
        adam(net->theta + w, net->grad + w, net->m + w, net->v + w, b - w, (Real)rate, (Real)(1 - rate * decay), fix1, fix2);
        adam(net->theta + b, net->grad + b, net->m + b, net->v + b, net->out_n[l], (Real)(rate * RATE_BIAS), 1, fix1, fix2);
    }
}

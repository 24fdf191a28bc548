/* model/net.c -- form "net": a multilayer perceptron that predicts with no library.
**
** Each row's sums run over the inputs in order, one output lane each, so a row's
** answer does not depend on the rows beside it nor on the vector width: there is
** no fused multiply-add (-ffp-contract=off) and nothing is summed across lanes.
** Cost: about two operations a weight a row.  Explanations are sampled.
*/
#include "model/net.h"

#include "base/vector.h"
#include "model/forms.h"

#include <math.h>
#include <string.h>

#define NET_BLOCK 32               /* rows in hand at once: their activations stay in the cache */
#define SELU_ALPHA 1.6732632423543772f
#define SELU_SCALE 1.0507009873554805f

typedef struct Net {
    Model head;
    Dense *dense;
    NetAct act;
    uint32_t layers;
    uint32_t width[NET_LAYERS_MAX];
    float *weight[NET_LAYERS_MAX], *bias[NET_LAYERS_MAX];
    double scale, shift, lo, hi;
} Net;

static void net_free(Ctx *cx, Model *model)
{
    Net *m = (Net *)model;
    if (!m) return;
    dense_free(cx, m->dense);
    for (uint32_t l = 0; l < m->layers; l++) {
        ctx_put(cx, m->weight[l]);
        ctx_put(cx, m->bias[l]);
    }
    ctx_put(cx, m);
}

/* Takes over dense, also on failure. */
static Err net_empty(Ctx *cx, Dense *dense, uint32_t layers, const uint32_t *width, Net **out)
{
    Err err = OK;
    Net *m = ctx_get(cx, sizeof *m);
    *out = NULL;
    if (!m) {
        dense_free(cx, dense);
        return FAIL(cx, ERR_NOMEM, "a net of %u layers", layers);
    }
    m->dense = dense;
    m->head = (Model){ .form = &form_net, .outputs = width[layers - 1], .cols = dense_frame_cols(dense) };
    m->layers = layers;
    size_t in = dense_cols(dense);
    for (uint32_t l = 0; l < layers; l++) {
        m->width[l] = width[l];
        GET_DONE(cx, m->weight[l], in * width[l], "a net of %zu x %u weights", in, width[l]);
        GET_DONE(cx, m->bias[l], width[l], "a net of %u layers", layers);
        in = width[l];
    }
    *out = m;
    m = NULL;
done:
    net_free(cx, (Model *)m);
    return err;
}

Err net_new(Ctx *cx, const NetIn *in, Model **out)
{
    Net *m;
    *out = NULL;
    TRY(cx, net_empty(cx, in->dense, in->layers, in->width, &m));
    m->act = in->act;
    m->scale = in->scale;
    m->shift = in->shift;
    m->lo = in->lo;
    m->hi = in->hi;
    size_t n = dense_cols(in->dense);
    for (uint32_t l = 0; l < in->layers; l++) {
        if (n) memcpy(m->weight[l], in->weight[l], n * in->width[l] * sizeof(float));
        memcpy(m->bias[l], in->bias[l], in->width[l] * sizeof(float));
        n = in->width[l];
    }
    *out = &m->head;
    return OK;
}

static inline float selu(float z)
{
    float e = vector_exp(z < 0 ? z : 0), up = SELU_SCALE * z, down = SELU_SCALE * SELU_ALPHA * (e - 1);
    return z > 0 ? up : down;
}

/* x tanh(log(1 + e^x)) = x (s^2 - 1) / (s^2 + 1) with s = 1 + e^x; beyond 15 it is x. */
static inline float mish(float z)
{
    float e = vector_exp(z < 15 ? z : 15), s = e * (e + 2), soft = z * (s / (s + 2));
    return z < 15 ? soft : z;
}

VECTOR_CLONES static void activate(NetAct act, float *z, size_t n)
{
    if (act == NET_SELU) for (size_t i = 0; i < n; i++) z[i] = selu(z[i]);
    else if (act == NET_MISH) for (size_t i = 0; i < n; i++) z[i] = mish(z[i]);
    else for (size_t i = 0; i < n; i++) z[i] = z[i] > 0 ? z[i] : 0;
}

float net_act(NetAct act, float z)
{
    activate(act, &z, 1);
    return z;
}

/* Eight numbers side by side, anywhere in an array of them. */
typedef float Lane __attribute__((vector_size(32), aligned(4), may_alias));
#define LANE(p) (*(const Lane *)(p))

/* Columns from .. to-1 of `rows` rows, one number at a time. */
static inline void edge(const float *in, size_t rows, size_t in_n, const float *W, const float *bias, size_t out_n, size_t from, size_t to, float *out)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t j = from; j < to; j++) {
            float s = bias[j];
            for (size_t k = 0; k < in_n; k++) s += in[r * in_n + k] * W[k * out_n + j];
            out[r * out_n + j] = s;
        }
}

/* out = bias + in x W.  Four rows by sixteen columns at a time stay in registers; every output is the same sum, in the
** same order, wherever it is computed. */
VECTOR_CLONES static void layer(const float *in, size_t rows, size_t in_n, const float *W, const float *bias, size_t out_n, float *out)
{
    size_t wide = out_n / 16 * 16, r = 0;
    for (; r + 4 <= rows; r += 4)
        for (size_t j = 0; j < wide; j += 16) {
            const float *x = in + r * in_n, *w = W + j;
            Lane b0 = LANE(bias + j), b1 = LANE(bias + j + 8);
            Lane s[8] = { b0, b1, b0, b1, b0, b1, b0, b1 };
            for (size_t k = 0; k < in_n; k++, w += out_n) {
                Lane w0 = LANE(w), w1 = LANE(w + 8);
                for (size_t q = 0; q < 4; q++) {
                    float a = x[q * in_n + k];
                    s[2 * q] += a * w0;
                    s[2 * q + 1] += a * w1;
                }
            }
            for (size_t q = 0; q < 4; q++) memcpy(out + (r + q) * out_n + j, &s[2 * q], 2 * sizeof s[0]);
        }
    for (size_t left = r; left < rows; left++)
        for (size_t j = 0; j < wide; j += 16) {
            const float *w = W + j;
            Lane s[2] = { LANE(bias + j), LANE(bias + j + 8) };
            for (size_t k = 0; k < in_n; k++, w += out_n) {
                s[0] += in[left * in_n + k] * LANE(w);
                s[1] += in[left * in_n + k] * LANE(w + 8);
            }
            memcpy(out + left * out_n + j, s, sizeof s);
        }
    edge(in, rows, in_n, W, bias, out_n, wide, out_n, out);
}

static Err net_margin(Ctx *cx, const Model *model, const Frame *X, const uint32_t *rows, size_t n, double *out)
{
    const Net *m = (const Net *)model;
    size_t d = dense_cols(m->dense), widest = d > 1 ? d : 1;
    uint32_t k = m->head.outputs;
    Err err = OK;
    float *a = NULL, *b = NULL;
    uint32_t *some = NULL;
    for (uint32_t l = 0; l < m->layers; l++)
        if (m->width[l] > widest) widest = m->width[l];
    GET_DONE(cx, a, NET_BLOCK * widest, "predicting with a net");
    GET_DONE(cx, b, NET_BLOCK * widest, "predicting with a net");
    GET_DONE(cx, some, NET_BLOCK, "predicting with a net");
    for (size_t from = 0; from < n; from += NET_BLOCK) {
        size_t block = n - from < NET_BLOCK ? n - from : NET_BLOCK, in = d;
        for (size_t i = 0; i < block; i++) some[i] = rows ? rows[from + i] : (uint32_t)(from + i);
        dense_apply(m->dense, X, some, block, a, d);
        for (uint32_t l = 0; l < m->layers; l++) {
            layer(a, block, in, m->weight[l], m->bias[l], m->width[l], b);
            if (l + 1 < m->layers) activate(m->act, b, block * m->width[l]);
            float *t = a;
            a = b;
            b = t;
            in = m->width[l];
        }
        for (size_t i = 0; i < block * k; i++) {
            double v = m->scale * (double)a[i] + m->shift;
            out[from * k + i] = isfinite(v) ? fmin(fmax(v, m->lo), m->hi) : fmin(fmax(m->shift, m->lo), m->hi);
        }
    }
done:
    ctx_put(cx, a);
    ctx_put(cx, b);
    ctx_put(cx, some);
    return err;
}

static Err net_save(Ctx *cx, const Model *model, Text *out)
{
    const Net *m = (const Net *)model;
    size_t in = dense_cols(m->dense);
    dense_save(m->dense, out);
    put_u32(out, (uint32_t)m->act);
    put_f64(out, m->scale);
    put_f64(out, m->shift);
    put_f64(out, m->lo);
    put_f64(out, m->hi);
    put_u32(out, m->layers);
    for (uint32_t l = 0; l < m->layers; l++) put_u32(out, m->width[l]);
    for (uint32_t l = 0; l < m->layers; l++) {
        for (size_t i = 0; i < in * m->width[l]; i++) put_f32(out, m->weight[l][i]);
        for (uint32_t i = 0; i < m->width[l]; i++) put_f32(out, m->bias[l][i]);
        in = m->width[l];
    }
    (void)cx;
    return text_err(out);
}

static Err damaged(Ctx *cx)
{
    return FAIL(cx, ERR_CORRUPT, "a net's bytes do not make sense");
}

static bool read_floats(Reader *r, float *to, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        to[i] = get_f32(r);
        if (!isfinite(to[i])) return false;
    }
    return !r->short_;
}

static Err net_load(Ctx *cx, const void *bytes, size_t n, Model **out)
{
    Reader r = { bytes, n, false };
    Dense *dense = NULL;
    uint32_t width[NET_LAYERS_MAX] = { 0 };
    Net *m = NULL;
    Err err = OK;
    *out = NULL;
    TRY(cx, dense_load(cx, &r, &dense));
    uint32_t act = get_u32(&r);
    double scale = get_f64(&r), shift = get_f64(&r), lo = get_f64(&r), hi = get_f64(&r);
    uint32_t layers = get_u32(&r);
    size_t in = dense_cols(dense), need = 0;
    bool ok = !r.short_ && act < NET_ACTS_N && layers && layers <= NET_LAYERS_MAX && isfinite(scale) && isfinite(shift) &&
              !isnan(lo) && !isnan(hi) && lo <= hi;
    for (uint32_t l = 0; ok && l < layers; l++) {
        width[l] = get_u32(&r);
        ok = !r.short_ && width[l] && width[l] <= (l + 1 < layers ? NET_WIDTH_MAX : 10000u);
        need += (in + 1) * width[l] * sizeof(float);
        in = width[l];
    }
    if (!ok || need != r.n) {
        dense_free(cx, dense);
        return damaged(cx);
    }
    in = dense_cols(dense);
    TRY(cx, net_empty(cx, dense, layers, width, &m));
    m->act = (NetAct)act;
    m->scale = scale, m->shift = shift, m->lo = lo, m->hi = hi;
    for (uint32_t l = 0; l < layers; l++) {
        if (!read_floats(&r, m->weight[l], in * width[l]) || !read_floats(&r, m->bias[l], width[l])) {
            err = damaged(cx);
            goto done;
        }
        in = width[l];
    }
    *out = &m->head;
    m = NULL;
done:
    net_free(cx, (Model *)m);
    return err;
}

const Form form_net = {
    .name = "net",
    .margin = net_margin,
    .explain = NULL,
    .save = net_save,
    .load = net_load,
    .free = net_free,
};

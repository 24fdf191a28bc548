/* learn/mlp_core.c -- forward, backward, Adam.  See mlp_core.h. */
#include "learn/mlp_core.h"

#include "base/vector.h"
#include "model/model.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define BETA1 .9
#define ADAM_TINY 1e-8
#define RATE_WAVES .1
#define RATE_MIX .1
#define WAVES_SIGMA .1
#define HE_POINTS 5
#define PI 3.14159265358979323846

#ifdef MLP_DOUBLE
#define REAL_EXP exp
#define REAL_COS_TURNS(t) cos(2 * PI * (t))
#define REAL_SQRT sqrt
#define CLONES
#else
#define REAL_EXP vector_exp
#define REAL_COS_TURNS net_cos_turns
#define REAL_SQRT sqrtf
#define CLONES VECTOR_CLONES
#endif

/* ------------------------------------------------------------------ memory */

void mlp_free(Ctx *cx, Mlp *net)
{
    if (!net) return;
    for (uint32_t l = 0; l <= net->s.layers; l++) {
        ctx_put(cx, net->h[l]);
        ctx_put(cx, net->slope[l]);
        ctx_put(cx, net->lean[l]);
    }
    ctx_put(cx, net->theta);
    ctx_put(cx, net->grad);
    ctx_put(cx, net->m);
    ctx_put(cx, net->v);
    ctx_put(cx, net->x);
    ctx_put(cx, net->x0);
    ctx_put(cx, net->cosine);
    ctx_put(cx, net->sine);
    ctx_put(cx, net->z);
    ctx_put(cx, net->dz);
    ctx_put(cx, net->dh);
    ctx_put(cx, net->number);
    ctx_put(cx, net->table_row);
    ctx_put(cx, net);
}

static size_t piece(Mlp *net, size_t n, double rate, bool decays)
{
    size_t at = net->params_n;
    net->piece[net->pieces_n++] = (MlpPiece){ at, n, rate, decays };
    net->params_n += n;
    return at;
}

static void lay_out(Mlp *net)
{
    const MlpShape *s = &net->s;
    size_t q = s->numbers_n, rows = 0;
    net->wide = s->in + q * MLP_WAVES_OUT + (size_t)s->tables_n * MLP_TABLE_DIM;
    size_t in = net->wide;
    net->scale_at = piece(net, s->members * in, s->rate_scale, s->start == MLP_START_ROWS);
    for (uint32_t l = 0; l <= s->layers; l++) {
        bool last = l == s->layers;
        size_t out = last ? s->outputs : s->width, blocks = last ? s->members : 1;
        net->in_n[l] = in;
        net->out_n[l] = out;
        net->weight_at[l] = piece(net, in * out * blocks, 1, true);
        net->bias_at[l] = piece(net, out * blocks, s->rate_bias, false);
        net->mix_at[l] = s->mixed && !last ? piece(net, out, RATE_MIX, true) : 0;
        in = out;
    }
    net->turn_at = piece(net, q * MLP_WAVES, RATE_WAVES, true);
    net->phase_at = piece(net, q * MLP_WAVES, RATE_WAVES, true);
    net->blend_at = piece(net, q * MLP_WAVES * MLP_WAVES_OUT, RATE_WAVES, true);
    net->offset_at = piece(net, q * MLP_WAVES_OUT, RATE_WAVES, true);
    for (uint32_t t = 0; t < s->tables_n; t++) {
        net->table_row[t] = rows;
        rows += s->levels[t];
    }
    net->table_at = piece(net, rows * MLP_TABLE_DIM, 1, true);
}

Err mlp_new(Ctx *cx, const MlpShape *s, Gemm gemm, Mlp **out)
{
    Err err = OK;
    Mlp *net = NULL;
    *out = NULL;
    assert(s->layers + 1 <= NET_LAYERS_MAX && s->members);
    GET_DONE(cx, net, 1, "a net");
    net->s = *s;
    net->gemm = gemm;
    GET_DONE(cx, net->number, s->numbers_n, "a net");
    GET_DONE(cx, net->table_row, s->tables_n, "a net");
    if (s->numbers_n) memcpy(net->number, s->number, s->numbers_n * sizeof *net->number);
    lay_out(net);
    net->s.number = net->number;
    net->s.levels = NULL;
    size_t widest = s->width > s->outputs ? s->width : s->outputs, rows = s->batch * s->members;
    if (net->wide > widest) widest = net->wide;
    GET_DONE(cx, net->theta, net->params_n, "a net of %zu parameters", net->params_n);
    GET_DONE(cx, net->grad, net->params_n, "a net of %zu parameters", net->params_n);
    GET_DONE(cx, net->m, net->params_n, "a net of %zu parameters", net->params_n);
    GET_DONE(cx, net->v, net->params_n, "a net of %zu parameters", net->params_n);
    GET_DONE(cx, net->x, s->batch * net->wide, "a net");
    GET_DONE(cx, net->x0, rows * net->wide, "a net");
    GET_DONE(cx, net->cosine, s->batch * MLP_WAVES * s->numbers_n, "a net");
    GET_DONE(cx, net->sine, s->batch * MLP_WAVES * s->numbers_n, "a net");
    GET_DONE(cx, net->z, rows * s->outputs, "a net");
    GET_DONE(cx, net->dz, rows * widest, "a net");
    GET_DONE(cx, net->dh, rows * widest, "a net");
    for (uint32_t l = 0; l < s->layers; l++) {
        GET_DONE(cx, net->h[l], rows * s->width, "a net");
        GET_DONE(cx, net->slope[l], rows * s->width, "a net");
        if (s->mixed) GET_DONE(cx, net->lean[l], rows * s->width, "a net");
    }
    *out = net;
    net = NULL;
done:
    mlp_free(cx, net);
    return err;
}

/* ------------------------------------------------------------- activations */

#define SELU_ALPHA ((Real)1.6732632423543772)
#define SELU_SCALE ((Real)1.0507009873554805)

/* f and its derivative at z. */
static inline void selu(Real z, Real *f, Real *s)
{
    Real e = SELU_SCALE * SELU_ALPHA * REAL_EXP(z < 0 ? z : 0), up = SELU_SCALE * z, down = e - SELU_SCALE * SELU_ALPHA;
    *f = z > 0 ? up : down;
    *s = z > 0 ? SELU_SCALE : e;
}

/* x tanh(log(1 + e^x)); t is the tanh. */
static inline void mish(Real z, Real *f, Real *s)
{
    Real e = REAL_EXP(z < 15 ? z : 15), p = e * (e + 2), over = 1 / (p + 2), t = p * over, soft = z * t;
    Real slope = t + 4 * z * e * (e + 1) * over * over;
    *f = z < 15 ? soft : z;
    *s = z < 15 ? slope : 1;
}

static inline void relu(Real z, Real *f, Real *s)
{
    *f = z > 0 ? z : 0;
    *s = z > 0 ? 1 : 0;
}

/* z (rows x out, without the bias) becomes what the units say; slope and lean, when asked for, its derivatives. */
#define ACT_ROWS(ACT)                                                                                              \
    for (size_t i = 0; i < rows; i++, z += out, slope += keep ? out : 0, lean += keep && mix ? out : 0) {          \
        if (!keep && !mix)                                                                                         \
            for (size_t j = 0; j < out; j++) {                                                                     \
                Real f, s, a = z[j] + bias[j];                                                                     \
                ACT(a, &f, &s);                                                                                    \
                z[j] = f;                                                                                          \
            }                                                                                                      \
        else if (!mix)                                                                                             \
            for (size_t j = 0; j < out; j++) {                                                                     \
                Real f, s, a = z[j] + bias[j];                                                                     \
                ACT(a, &f, &s);                                                                                    \
                z[j] = f;                                                                                          \
                slope[j] = s;                                                                                      \
            }                                                                                                      \
        else if (!keep)                                                                                            \
            for (size_t j = 0; j < out; j++) {                                                                     \
                Real f, s, a = z[j] + bias[j];                                                                     \
                ACT(a, &f, &s);                                                                                    \
                z[j] = a + mix[j] * (f - a);                                                                       \
            }                                                                                                      \
        else                                                                                                       \
            for (size_t j = 0; j < out; j++) {                                                                     \
                Real f, s, a = z[j] + bias[j];                                                                     \
                ACT(a, &f, &s);                                                                                    \
                z[j] = a + mix[j] * (f - a);                                                                       \
                lean[j] = f - a;                                                                                   \
                slope[j] = 1 + mix[j] * (s - 1);                                                                   \
            }                                                                                                      \
    }

CLONES static void act_rows(NetAct act, Real *restrict z, size_t rows, size_t out, const Real *restrict bias, const Real *restrict mix,
                            bool keep, Real *restrict slope, Real *restrict lean)
{
    if (act == NET_SELU) ACT_ROWS(selu)
    else if (act == NET_MISH) ACT_ROWS(mish)
    else ACT_ROWS(relu)
}

/* Units silenced by a hash of their place and a key: one pass, any vector width. */
CLONES static void drop_units(Real *restrict h, Real *restrict slope, Real *restrict lean, size_t n, double drop, uint32_t key)
{
    uint32_t limit = (uint32_t)(drop * 4294967296.);
    Real keep = (Real)(1 / (1 - drop));
    for (size_t i = 0; i < n; i++) {
        uint32_t x = (uint32_t)i * 0x9E3779B9u + key;
        x ^= x >> 16;
        x *= 0x7FEB352Du;
        x ^= x >> 15;
        x *= 0x846CA68Bu;
        x ^= x >> 16;
        Real by = x < limit ? 0 : keep;
        h[i] *= by;
        slope[i] *= by;
        if (lean) lean[i] *= by;
    }
}

/* ----------------------------------------------------------------- forward */

CLONES static void waves(const Mlp *net, const Real *restrict x, Real *restrict out, Real *restrict cosine, Real *restrict sine, bool keep)
{
    size_t n = net->s.numbers_n;
    const Real *turn = net->theta + net->turn_at, *phase = net->theta + net->phase_at, *blend = net->theta + net->blend_at;
    memcpy(out, net->theta + net->offset_at, MLP_WAVES_OUT * n * sizeof *out);
    for (size_t w = 0; w < MLP_WAVES; w++, turn += n, phase += n, blend += MLP_WAVES_OUT * n, cosine += n, sine += n) {
        for (size_t q = 0; q < n; q++) {
            Real t = x[q] * turn[q] + phase[q] * (Real)(.5 / PI), c = REAL_COS_TURNS(t);
            cosine[q] = c;
            for (size_t o = 0; o < MLP_WAVES_OUT; o++) out[o * n + q] += blend[o * n + q] * c;
        }
        for (size_t q = 0; keep && q < n; q++) sine[q] = REAL_COS_TURNS(x[q] * turn[q] + phase[q] * (Real)(.5 / PI) - (Real).25);
    }
}

static void enter(Mlp *net, const Real *x, const uint32_t *code, size_t n, bool keep)
{
    const MlpShape *s = &net->s;
    size_t waves_n = (size_t)MLP_WAVES * s->numbers_n;
    Real *some = net->dh;                            /* free until the backward pass: the numbers that get waves */
    for (size_t i = 0; i < n; i++) {
        Real *to = net->x + i * net->wide;
        memcpy(to, x + i * s->in, s->in * sizeof *to);
        to += s->in;
        if (s->numbers_n) {
            for (size_t q = 0; q < s->numbers_n; q++) some[q] = x[i * s->in + net->number[q]];
            waves(net, some, to, net->cosine + i * waves_n, net->sine + i * waves_n, keep);
            to += s->numbers_n * MLP_WAVES_OUT;
        }
        for (size_t t = 0; t < s->tables_n; t++, to += MLP_TABLE_DIM)
            memcpy(to, net->theta + net->table_at + (net->table_row[t] + code[i * s->tables_n + t]) * MLP_TABLE_DIM,
                   MLP_TABLE_DIM * sizeof *to);
    }
}

CLONES static void scale_rows(const Real *restrict x, const Real *restrict s, size_t n, size_t wide, Real *restrict out)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < wide; j++) out[i * wide + j] = x[i * wide + j] * s[j];
}

static Real share_of(const Mlp *net, uint32_t l)
{
    return net->s.start == MLP_START_UNIFORM ? 1 : (Real)(1 / sqrt((double)(net->in_n[l] ? net->in_n[l] : 1)));
}

/* z = in x weights of layer l, without the bias: rows x out, or a block of n a member in the last layer. */
static void multiply(Mlp *net, uint32_t l, const Real *in, size_t n, Real *z)
{
    size_t k = net->in_n[l], o = net->out_n[l], blocks = l == net->s.layers ? net->s.members : 1, rows = n * net->s.members / blocks;
    if (!k) memset(z, 0, rows * blocks * o * sizeof *z);
    for (size_t b = 0; k && b < blocks; b++)
        net->gemm(false, false, rows, o, k, share_of(net, l), in + b * rows * k, k, net->theta + net->weight_at[l] + b * k * o, o, 0,
                  z + b * rows * o, o);
}

static const Real *hidden(Mlp *net, uint32_t l, const Real *in, size_t n, bool train, double drop, Random *r)
{
    size_t rows = n * net->s.members, o = net->out_n[l];
    multiply(net, l, in, n, net->h[l]);
    act_rows(net->s.act, net->h[l], rows, o, net->theta + net->bias_at[l], net->s.mixed ? net->theta + net->mix_at[l] : NULL, train,
             net->slope[l], net->lean[l]);
    if (drop > 0) drop_units(net->h[l], net->slope[l], net->lean[l], rows * o, drop, (uint32_t)random_bits(r));
    return net->h[l];
}

const Real *mlp_forward(Mlp *net, const Real *x, const uint32_t *code, size_t n, bool train, double drop, Random *r)
{
    const MlpShape *s = &net->s;
    const Real *in = net->x0;
    assert(n <= s->batch);
    enter(net, x, code, n, train);
    for (size_t m = 0; m < s->members; m++)
        scale_rows(net->x, net->theta + net->scale_at + m * net->wide, n, net->wide, net->x0 + m * n * net->wide);
    for (uint32_t l = 0; l < s->layers; l++) in = hidden(net, l, in, n, train, drop, r);
    multiply(net, s->layers, in, n, net->z);
    const Real *bias = net->theta + net->bias_at[s->layers];
    for (size_t m = 0; m < s->members; m++)
        for (size_t i = 0; i < n; i++)
            for (size_t c = 0; c < s->outputs; c++) net->z[(m * n + i) * s->outputs + c] += bias[m * s->outputs + c];
    return net->z;
}

/* -------------------------------------------------------------------- start */

static void start_uniform(Mlp *net, Random *r)
{
    for (size_t i = 0; i < net->s.members * net->wide; i++) net->theta[net->scale_at + i] = net->s.members == 1 || random_bits(r) >> 63 ? 1 : -1;
    for (uint32_t l = 0; l <= net->s.layers; l++) {
        double reach = 1 / sqrt((double)(net->in_n[l] ? net->in_n[l] : 1));
        size_t blocks = l == net->s.layers ? net->s.members : 1, weights = net->in_n[l] * net->out_n[l] * blocks;
        for (size_t i = 0; i < weights; i++) net->theta[net->weight_at[l] + i] = (Real)(reach * (2 * random_unit(r) - 1));
        for (size_t i = 0; i < net->out_n[l] * blocks; i++) net->theta[net->bias_at[l] + i] = (Real)(reach * (2 * random_unit(r) - 1));
    }
}

/* Columns of weights so large that a unit varies by 1 over the rows, biases minus a random mean of five rows' values. */
static void start_layer(Mlp *net, uint32_t l, const Real *in, size_t n, Random *r)
{
    size_t k = net->in_n[l], o = net->out_n[l];
    Real *W = net->theta + net->weight_at[l], *b = net->theta + net->bias_at[l], *z = net->dz;
    for (size_t i = 0; i < k * o; i++) W[i] = (Real)random_normal(r);
    multiply(net, l, in, n, z);
    for (size_t j = 0; j < o; j++) {
        double sum = 0, squares = 0, pick[HE_POINTS], share[HE_POINTS], total = 0, at = 0;
        for (size_t i = 0; i < n; i++) sum += (double)z[i * o + j];
        for (size_t i = 0; i < n; i++) squares += ((double)z[i * o + j] - sum / (double)n) * ((double)z[i * o + j] - sum / (double)n);
        double sd = sqrt(squares / (double)n), by = sd > 1e-6 ? 1 / sd : 1;
        for (size_t i = 0; i < k; i++) W[i * o + j] *= (Real)by;
        for (size_t p = 0; p < HE_POINTS; p++) {
            pick[p] = by * (double)z[random_below(r, (uint32_t)n) * o + j];
            share[p] = -log(1 - random_unit(r));
            total += share[p];
        }
        for (size_t p = 0; p < HE_POINTS; p++) at += total > 0 ? pick[p] * share[p] / total : pick[p] / HE_POINTS;
        b[j] = (Real)-at;
    }
}

static void start_rows(Mlp *net, const Real *x, const uint32_t *code, size_t n, Random *r)
{
    const Real *in = net->x0;
    enter(net, x, code, n, false);
    scale_rows(net->x, net->theta + net->scale_at, n, net->wide, net->x0);
    for (uint32_t l = 0; l <= net->s.layers; l++) {
        start_layer(net, l, in, n, r);
        if (l < net->s.layers) in = hidden(net, l, in, n, false, 0, NULL);
    }
}

void mlp_init(Mlp *net, const Real *x, const uint32_t *code, size_t n, Random *r)
{
    const MlpShape *s = &net->s;
    size_t waves_n = (size_t)MLP_WAVES * s->numbers_n, rest = net->params_n - net->table_at;
    memset(net->theta, 0, net->params_n * sizeof(Real));
    memset(net->m, 0, net->params_n * sizeof(Real));
    memset(net->v, 0, net->params_n * sizeof(Real));
    net->steps = 0;
    for (size_t i = 0; i < s->members * net->wide; i++) net->theta[net->scale_at + i] = 1;
    for (uint32_t l = 0; s->mixed && l < s->layers; l++)
        for (size_t i = 0; i < s->width; i++) net->theta[net->mix_at[l] + i] = 1;
    for (size_t i = 0; i < waves_n; i++) net->theta[net->turn_at + i] = (Real)(WAVES_SIGMA * random_normal(r));
    for (size_t i = 0; i < waves_n; i++) net->theta[net->phase_at + i] = (Real)(PI * (2 * random_unit(r) - 1));
    for (size_t i = 0; i < (waves_n + s->numbers_n) * MLP_WAVES_OUT; i++)         /* blend and, right after it, offset */
        net->theta[net->blend_at + i] = (Real)((2 * random_unit(r) - 1) / sqrt((double)MLP_WAVES));
    for (size_t i = 0; i < rest; i++) net->theta[net->table_at + i] = (Real)random_normal(r);
    if (s->start == MLP_START_UNIFORM) start_uniform(net, r);
    else if (s->start == MLP_START_ROWS && n > 1) start_rows(net, x, code, n, r);
    else
        for (uint32_t l = 0; l < s->layers; l++)
            for (size_t i = 0; i < (net->in_n[l] + 1) * net->out_n[l]; i++) net->theta[net->weight_at[l] + i] = (Real)random_normal(r);
}

/* ---------------------------------------------------------------- backward */

/* d = derivative of a row's loss by its margins, times `by`; returns the loss. */
static double loss_of(const MlpShape *s, const Real *m, double y, double by, Real *d)
{
    uint32_t k = s->outputs;
    if (s->task == TASK_REGRESSION) {
        double e = (double)m[0] - y;
        d[0] = (Real)(by * e);
        return .5 * e * e;
    }
    if (k == 1) {
        double t = (double)m[0], e = exp(-fabs(t)), p = t > 0 ? 1 / (1 + e) : e / (1 + e);
        d[0] = (Real)(by * (p - y));
        return log1p(e) + (t > 0 ? t : 0) - (y > 0 ? t : 0);
    }
    Real top = m[0], total = 0;
    for (uint32_t c = 1; c < k; c++) top = m[c] > top ? m[c] : top;
    for (uint32_t c = 0; c < k; c++) total += d[c] = REAL_EXP(m[c] - top);
    Real over = (Real)by / total;
    for (uint32_t c = 0; c < k; c++) d[c] *= over;
    d[(uint32_t)y] -= (Real)by;
    return log((double)total) + (double)(top - m[(uint32_t)y]);
}

static double loss_slope(Mlp *net, const double *y, const float *weight, size_t n)
{
    const MlpShape *s = &net->s;
    size_t rows = n * s->members;
    double sum = 0;
    for (size_t r = 0; r < rows; r++) {
        double w = weight ? (double)weight[r % n] : 1;
        sum += w * loss_of(s, net->z + r * s->outputs, y[r % n], w / (double)rows, net->dz + r * s->outputs);
    }
    return sum / (double)rows;
}

CLONES static void add_rows(const Real *restrict d, size_t n, size_t out, Real *restrict sum)
{
    memset(sum, 0, out * sizeof *sum);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < out; j++) sum[j] += d[i * out + j];
}

CLONES static void add_products(const Real *restrict d, const Real *restrict by, size_t n, size_t out, Real *restrict sum)
{
    memset(sum, 0, out * sizeof *sum);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < out; j++) sum[j] += d[i * out + j] * by[i * out + j];
}

/* d *= slope; the sums of that over rows are the gradient of the biases. */
CLONES static void through_units(Real *restrict d, const Real *restrict slope, size_t n, size_t out, Real *restrict sum)
{
    memset(sum, 0, out * sizeof *sum);
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < out; j++) sum[j] += d[i * out + j] *= slope[i * out + j];
}

CLONES static void waves_back(Mlp *net, const Real *restrict x, const Real *restrict d, const Real *restrict cosine, const Real *restrict sine)
{
    size_t n = net->s.numbers_n;
    const Real *blend = net->theta + net->blend_at;
    Real *restrict turn = net->grad + net->turn_at, *restrict phase = net->grad + net->phase_at;
    Real *restrict gain = net->grad + net->blend_at, *restrict offset = net->grad + net->offset_at;
    for (size_t q = 0; q < MLP_WAVES_OUT * n; q++) offset[q] += d[q];
    for (size_t w = 0; w < MLP_WAVES; w++, turn += n, phase += n, gain += MLP_WAVES_OUT * n, blend += MLP_WAVES_OUT * n, cosine += n, sine += n)
        for (size_t q = 0; q < n; q++) {
            Real du = 0;
            for (size_t o = 0; o < MLP_WAVES_OUT; o++) {
                gain[o * n + q] += d[o * n + q] * cosine[q];
                du += d[o * n + q] * blend[o * n + q];
            }
            Real darg = -du * sine[q];
            turn[q] += darg * x[q] * (Real)(2 * PI);
            phase[q] += darg;
        }
}

/* net->dz holds the derivative by the scaled inputs: a block of n rows a member. */
static void enter_back(Mlp *net, const Real *x, const uint32_t *code, size_t n)
{
    const MlpShape *s = &net->s;
    size_t wide = net->wide, waves_n = (size_t)MLP_WAVES * s->numbers_n;
    Real *some = net->dh;
    for (size_t m = 0; m < s->members; m++) add_products(net->dz + m * n * wide, net->x, n, wide, net->grad + net->scale_at + m * wide);
    if (wide == s->in) return;
    for (size_t m = 0; m < s->members; m++)
        for (size_t i = 0; i < n; i++)
            for (size_t j = s->in; j < wide; j++) {
                Real d = net->dz[(m * n + i) * wide + j] * net->theta[net->scale_at + m * wide + j];
                net->dz[i * wide + j] = m ? net->dz[i * wide + j] + d : d;
            }
    memset(net->grad + net->turn_at, 0, (net->params_n - net->turn_at) * sizeof(Real));
    for (size_t i = 0; i < n; i++) {
        const Real *d = net->dz + i * wide + s->in;
        if (s->numbers_n) {
            for (size_t q = 0; q < s->numbers_n; q++) some[q] = x[i * s->in + net->number[q]];
            waves_back(net, some, d, net->cosine + i * waves_n, net->sine + i * waves_n);
            d += s->numbers_n * MLP_WAVES_OUT;
        }
        for (size_t t = 0; t < s->tables_n; t++, d += MLP_TABLE_DIM) {
            Real *g = net->grad + net->table_at + (net->table_row[t] + code[i * s->tables_n + t]) * MLP_TABLE_DIM;
            for (size_t j = 0; j < MLP_TABLE_DIM; j++) g[j] += d[j];
        }
    }
}

double mlp_backward(Mlp *net, const Real *x, const uint32_t *code, const double *y, const float *weight, size_t n)
{
    const MlpShape *s = &net->s;
    double loss = loss_slope(net, y, weight, n);
    for (uint32_t l = s->layers + 1; l-- > 0;) {
        size_t k = net->in_n[l], o = net->out_n[l], blocks = l == s->layers ? s->members : 1, rows = n * s->members / blocks;
        const Real *in = l ? net->h[l - 1] : net->x0;
        Real *gb = net->grad + net->bias_at[l], share = share_of(net, l);
        if (l == s->layers)
            for (size_t b = 0; b < blocks; b++) add_rows(net->dz + b * rows * o, rows, o, gb + b * o);
        else {
            if (s->mixed) add_products(net->dz, net->lean[l], rows, o, net->grad + net->mix_at[l]);
            through_units(net->dz, net->slope[l], rows, o, gb);
        }
        for (size_t b = 0; k && b < blocks; b++) {
            const Real *W = net->theta + net->weight_at[l] + b * k * o, *dz = net->dz + b * rows * o;
            net->gemm(true, false, k, o, rows, share, in + b * rows * k, k, dz, o, 0, net->grad + net->weight_at[l] + b * k * o, o);
            net->gemm(false, true, rows, k, o, share, dz, o, W, o, 0, net->dh + b * rows * k, k);
        }
        Real *t = net->dz;
        net->dz = net->dh;
        net->dh = t;
    }
    enter_back(net, x, code, n);
    return loss;
}

/* -------------------------------------------------------------------- Adam */

CLONES static void adam(Real *restrict theta, const Real *restrict g, Real *restrict m, Real *restrict v, size_t n, Real rate, Real keep,
                        Real beta2, Real fix1, Real fix2)
{
    for (size_t i = 0; i < n; i++) {
        m[i] = (Real)BETA1 * m[i] + (Real)(1 - BETA1) * g[i];
        v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
        theta[i] = theta[i] * keep - rate * (m[i] * fix1) / (REAL_SQRT(v[i] * fix2) + (Real)ADAM_TINY);
    }
}

void mlp_step(Mlp *net, double rate, double decay)
{
    double t = (double)++net->steps;
    Real fix1 = (Real)(1 / (1 - pow(BETA1, t))), fix2 = (Real)(1 / (1 - pow(net->s.beta2, t)));
    for (uint32_t p = 0; p < net->pieces_n; p++) {
        const MlpPiece *a = &net->piece[p];
        double by = rate * a->rate;
        adam(net->theta + a->at, net->grad + a->at, net->m + a->at, net->v + a->at, a->n, (Real)by, (Real)(a->decays ? 1 - by * decay : 1),
             (Real)net->s.beta2, fix1, fix2);
    }
}

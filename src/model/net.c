/* model/net.c -- form "net": a multilayer perceptron that predicts with no library.
**
** A row's answer does not depend on the rows beside it nor on the processor: net_layer.c says how its sums are made.
** Cost: about two operations a weight, a row and a member.  Explanations are sampled.
*/
#include "model/net.h"

#include "base/vector.h"
#include "model/forms.h"
#include "model/net_math.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define NET_BLOCK 48               /* rows in hand at once, members counted: their activations stay in the cache */
#define SELU_ALPHA 1.6732632423543772f
#define SELU_SCALE 1.0507009873554805f

typedef struct Net {
    Model head;
    NetIn in;                      /* its pointers are the arrays below */
    size_t wide;                   /* numbers that enter the first layer */
    uint32_t width[NET_LAYERS_MAX];
    uint16_t *weight[NET_LAYERS_MAX];      /* a block a member in the last layer */
    float unit[NET_LAYERS_MAX];
    float *bias[NET_LAYERS_MAX], *mix[NET_LAYERS_MAX];
    float *scale_in, *turn, *phase, *blend, *offset, *entry;
    uint32_t *wave_col;
    NetTable *table;
    size_t *entry_at;              /* tables_n: first row of each */
    size_t entries;
} Net;

static void net_free(Ctx *cx, Model *model)
{
    Net *m = (Net *)model;
    if (!m) return;
    dense_free(cx, m->in.dense);
    for (uint32_t l = 0; l < m->in.layers; l++) {
        ctx_put(cx, m->weight[l]);
        ctx_put(cx, m->bias[l]);
        ctx_put(cx, m->mix[l]);
    }
    ctx_put(cx, m->scale_in);
    ctx_put(cx, m->turn);
    ctx_put(cx, m->phase);
    ctx_put(cx, m->blend);
    ctx_put(cx, m->offset);
    ctx_put(cx, m->entry);
    ctx_put(cx, m->wave_col);
    ctx_put(cx, m->table);
    ctx_put(cx, m->entry_at);
    ctx_put(cx, m);
}

static size_t blocks_of(const Net *m, uint32_t l) { return l + 1 == m->in.layers ? m->in.members : 1; }
static size_t inputs_of(const Net *m, uint32_t l) { return l ? m->width[l - 1] : m->wide; }
static size_t weights_of(const Net *m, uint32_t l) { return inputs_of(m, l) * m->width[l] * blocks_of(m, l); }

/* Room for what `in` describes: its dense, layers, width, members, waves_n, table and which of mix and scale_in there are.
** Takes over in->dense, also on failure. */
static Err net_empty(Ctx *cx, const NetIn *in, Net **out)
{
    Err err = OK;
    Net *m = ctx_get(cx, sizeof *m);
    size_t q = in->waves_n;
    *out = NULL;
    if (!m) {
        dense_free(cx, in->dense);
        return FAIL(cx, ERR_NOMEM, "a net of %u layers", in->layers);
    }
    m->in = *in;
    m->head = (Model){ .form = &form_net, .outputs = in->width[in->layers - 1], .cols = dense_frame_cols(in->dense) };
    memcpy(m->width, in->width, in->layers * sizeof *m->width);
    m->wide = dense_cols(in->dense) + q * NET_WAVES_OUT + (size_t)in->tables_n * NET_TABLE_DIM;
    GET_DONE(cx, m->table, in->tables_n, "a net of %u tables", in->tables_n);
    GET_DONE(cx, m->entry_at, in->tables_n, "a net of %u tables", in->tables_n);
    for (uint32_t t = 0; t < in->tables_n; t++) {
        m->table[t] = in->table[t];
        m->entry_at[t] = m->entries;
        m->entries += (size_t)in->table[t].levels + 1;
    }
    for (uint32_t l = 0; l < in->layers; l++) {
        GET_DONE(cx, m->weight[l], weights_of(m, l), "a net of %zu x %u weights", inputs_of(m, l), m->width[l]);
        GET_DONE(cx, m->bias[l], m->width[l] * blocks_of(m, l), "a net of %u layers", in->layers);
        if (in->mix && l + 1 < in->layers) GET_DONE(cx, m->mix[l], m->width[l], "a net of %u layers", in->layers);
    }
    if (in->scale_in) GET_DONE(cx, m->scale_in, in->members * m->wide, "a net of %u members", in->members);
    GET_DONE(cx, m->wave_col, q, "a net of %zu waves", q);
    GET_DONE(cx, m->turn, q * NET_WAVES, "a net of %zu waves", q);
    GET_DONE(cx, m->phase, q * NET_WAVES, "a net of %zu waves", q);
    GET_DONE(cx, m->blend, q * NET_WAVES * NET_WAVES_OUT, "a net of %zu waves", q);
    GET_DONE(cx, m->offset, q * NET_WAVES_OUT, "a net of %zu waves", q);
    GET_DONE(cx, m->entry, m->entries * NET_TABLE_DIM, "a net of %zu entries", m->entries);
    m->in.weight = NULL;
    m->in.width = m->width;
    m->in.bias = (const float *const *)m->bias;
    m->in.mix = in->mix ? (const float *const *)m->mix : NULL;
    m->in.scale_in = m->scale_in;
    m->in.wave_col = m->wave_col;
    m->in.turn = m->turn, m->in.phase = m->phase, m->in.blend = m->blend, m->in.offset = m->offset;
    m->in.table = m->table;
    m->in.entry = m->entry;
    *out = m;
    m = NULL;
done:
    net_free(cx, (Model *)m);
    return err;
}

/* Weights as halves of a unit that makes the largest one lie in 2^14 .. 2^15: none overflows, few go under. */
static float halve(const float *w, size_t n, uint16_t *out)
{
    float top = 0;
    int e = 0;
    for (size_t i = 0; i < n; i++) top = fmaxf(top, fabsf(w[i]));
    if (top > 0x1p-80f) e = 14 - ilogbf(top);
    for (size_t i = 0; i < n; i++) out[i] = half_of(scalbnf(w[i], e));
    return scalbnf(1, -e);
}

static void copy(float *to, const float *from, size_t n)
{
    if (n) memcpy(to, from, n * sizeof *to);
}

Err net_new(Ctx *cx, const NetIn *in, Model **out)
{
    Net *m;
    size_t q = in->waves_n;
    *out = NULL;
    assert(in->members >= 1 && in->members <= NET_MEMBERS_MAX && in->layers >= 1 && in->layers <= NET_LAYERS_MAX);
    TRY(cx, net_empty(cx, in, &m));
    for (uint32_t l = 0; l < in->layers; l++) {
        m->unit[l] = halve(in->weight[l], weights_of(m, l), m->weight[l]);
        copy(m->bias[l], in->bias[l], m->width[l] * blocks_of(m, l));
        if (m->mix[l]) copy(m->mix[l], in->mix[l], m->width[l]);
    }
    if (m->scale_in) copy(m->scale_in, in->scale_in, in->members * m->wide);
    if (q) memcpy(m->wave_col, in->wave_col, q * sizeof *m->wave_col);
    copy(m->turn, in->turn, q * NET_WAVES);
    copy(m->phase, in->phase, q * NET_WAVES);
    copy(m->blend, in->blend, q * NET_WAVES * NET_WAVES_OUT);
    copy(m->offset, in->offset, q * NET_WAVES_OUT);
    copy(m->entry, in->entry, m->entries * NET_TABLE_DIM);
    *out = &m->head;
    return OK;
}

const NetIn *net_parts(const Model *model) { return &((const Net *)model)->in; }
size_t net_inputs(const Model *model, uint32_t l) { return inputs_of((const Net *)model, l); }

void net_weights(const Model *model, uint32_t l, float *out)
{
    const Net *m = (const Net *)model;
    size_t n = weights_of(m, l);
    for (size_t i = 0; i < n; i++) out[i] = half_value(m->weight[l][i]) * m->unit[l];
}

/* --------------------------------------------------------------- answering */

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

static inline float relu(float z) { return z > 0 ? z : 0; }

#define ACTIVATE(ACT)                                                                                              \
    for (size_t i = 0; i < rows; i++, z += n) {                                                                    \
        if (mix) for (size_t j = 0; j < n; j++) z[j] = z[j] + mix[j] * (ACT(z[j]) - z[j]);                         \
        else for (size_t j = 0; j < n; j++) z[j] = ACT(z[j]);                                                      \
    }

VECTOR_CLONES static void activate(NetAct act, float *restrict z, size_t rows, size_t n, const float *restrict mix)
{
    if (act == NET_SELU) ACTIVATE(selu)
    else if (act == NET_MISH) ACTIVATE(mish)
    else ACTIVATE(relu)
}

float net_act(NetAct act, float z)
{
    activate(act, &z, 1, 1, NULL);
    return z;
}

VECTOR_CLONES static void waves(const Net *m, const float *restrict x, float *restrict out)
{
    size_t n = m->in.waves_n;
    const float *turn = m->turn, *phase = m->phase, *blend = m->blend;
    memcpy(out, m->offset, NET_WAVES_OUT * n * sizeof *out);
    for (size_t w = 0; w < NET_WAVES; w++, turn += n, phase += n, blend += NET_WAVES_OUT * n)
        for (size_t q = 0; q < n; q++) {
            float c = net_cos_turns(x[q] * turn[q] + phase[q]);
            for (size_t o = 0; o < NET_WAVES_OUT; o++) out[o * n + q] += blend[o * n + q] * c;
        }
}

/* What enters the first layer for n rows: a is wide a row, of which the dense columns come first. */
static void enter(const Net *m, const Frame *X, const uint32_t *rows, size_t n, float *a, float *some)
{
    size_t d = dense_cols(m->in.dense), q = m->in.waves_n;
    dense_apply(m->in.dense, X, rows, n, a, m->wide);
    for (size_t i = 0; i < n; i++, a += m->wide) {
        float *to = a + d;
        for (size_t k = 0; k < q; k++) some[k] = a[m->wave_col[k]];
        if (q) waves(m, some, to);
        to += q * NET_WAVES_OUT;
        for (uint32_t t = 0; t < m->in.tables_n; t++, to += NET_TABLE_DIM) {
            uint32_t levels = m->table[t].levels;
            float code = X->col[m->table[t].col][rows[i]];
            size_t row = m->entry_at[t] + (code >= 0 && code < (float)levels ? (uint32_t)code : levels);
            memcpy(to, m->entry + row * NET_TABLE_DIM, NET_TABLE_DIM * sizeof *to);
        }
    }
}

/* `rows` rows in *a, a block of them a member, go through the layers; the margins end in *a. */
static void pass(const Net *m, size_t rows, float **a, float **b)
{
    for (uint32_t l = 0; l < m->in.layers; l++) {
        size_t in = inputs_of(m, l), out = m->width[l], blocks = blocks_of(m, l), each = rows / blocks;
        for (size_t k = 0; k < blocks; k++)
            net_layer(*a + k * each * in, each, in, m->weight[l] + k * in * out, m->unit[l], m->bias[l] + k * out, out, *b + k * each * out);
        if (l + 1 < m->in.layers) activate(m->in.act, *b, rows, out, m->mix[l]);
        float *t = *a;
        *a = *b;
        *b = t;
    }
}

/* One row's margins, `step` numbers from member to member, become one; p is room for as many as there are outputs. */
static void average(const Net *m, const float *z, size_t step, double *p, double *out)
{
    uint32_t k = m->head.outputs, members = m->in.members;
    memset(out, 0, k * sizeof *out);
    for (uint32_t e = 0; e < members; e++, z += step) {
        for (uint32_t c = 0; c < k; c++) p[c] = m->in.scale * (double)z[c] + m->in.shift;
        if (m->in.task == TASK_MULTICLASS) model_softmax(p, k);
        else if (m->in.task == TASK_BINARY) p[0] = model_sigmoid(p[0]);
        for (uint32_t c = 0; c < k; c++) out[c] += p[c] / members;
    }
    for (uint32_t c = 0; c < k; c++)
        if (m->in.task == TASK_MULTICLASS) out[c] = log(fmax(out[c], NET_SURE));
        else if (m->in.task == TASK_BINARY) out[c] = log(fmax(out[c], NET_SURE)) - log(fmax(1 - out[c], NET_SURE));
}

static void answer(const Net *m, const float *z, size_t n, double *p, double *out)
{
    uint32_t k = m->head.outputs;
    for (size_t i = 0; i < n; i++, out += k) {
        if (m->in.members > 1) average(m, z + i * k, n * k, p, out);
        else for (uint32_t c = 0; c < k; c++) out[c] = m->in.scale * (double)z[i * k + c] + m->in.shift;
        for (uint32_t c = 0; c < k; c++) out[c] = fmin(fmax(isfinite(out[c]) ? out[c] : m->in.shift, m->in.lo), m->in.hi);
    }
}

static Err net_margin(Ctx *cx, const Model *model, const Frame *X, const uint32_t *rows, size_t n, double *out)
{
    const Net *m = (const Net *)model;
    size_t members = m->in.members, most = NET_BLOCK / members ? NET_BLOCK / members : 1, widest = m->wide > 1 ? m->wide : 1;
    if (most > n && n) most = n;
    Err err = OK;
    float *a = NULL, *b = NULL, *some = NULL;
    double *p = NULL;
    uint32_t here[NET_BLOCK];
    for (uint32_t l = 0; l < m->in.layers; l++)
        if (m->width[l] > widest) widest = m->width[l];
    GET_DONE(cx, a, most * members * widest, "predicting with a net");
    GET_DONE(cx, b, most * members * widest, "predicting with a net");
    GET_DONE(cx, some, m->in.waves_n, "predicting with a net");
    GET_DONE(cx, p, m->head.outputs, "predicting with a net");
    for (size_t from = 0; from < n; from += most) {
        size_t block = n - from < most ? n - from : most;
        for (size_t i = 0; i < block; i++) here[i] = rows ? rows[from + i] : (uint32_t)(from + i);
        enter(m, X, here, block, m->scale_in ? b : a, some);
        for (size_t e = 0; m->scale_in && e < members; e++)
            for (size_t i = 0; i < block; i++)
                for (size_t j = 0; j < m->wide; j++) a[(e * block + i) * m->wide + j] = b[i * m->wide + j] * m->scale_in[e * m->wide + j];
        pass(m, block * members, &a, &b);
        answer(m, a, block, p, out + from * m->head.outputs);
    }
done:
    ctx_put(cx, a);
    ctx_put(cx, b);
    ctx_put(cx, some);
    ctx_put(cx, p);
    return err;
}

/* ----------------------------------------------------------------- storing */

static void put_floats(Text *out, const float *v, size_t n)
{
    if (n) text_bytes(out, v, n * sizeof *v);
}

static Err net_save(Ctx *cx, const Model *model, Text *out)
{
    const Net *m = (const Net *)model;
    const NetIn *in = &m->in;
    size_t q = in->waves_n;
    dense_save(in->dense, out);
    put_u8(out, (uint8_t)in->task);
    put_u8(out, (uint8_t)in->act);
    put_u8(out, (uint8_t)((in->mix != NULL) | (in->scale_in != NULL) << 1));
    put_u8(out, (uint8_t)in->members);
    put_f64(out, in->scale);
    put_f64(out, in->shift);
    put_f64(out, in->lo);
    put_f64(out, in->hi);
    put_u32(out, in->layers);
    for (uint32_t l = 0; l < in->layers; l++) put_u32(out, m->width[l]);
    put_u32(out, in->waves_n);
    for (size_t k = 0; k < q; k++) put_u32(out, m->wave_col[k]);
    put_floats(out, m->turn, q * NET_WAVES);
    put_floats(out, m->phase, q * NET_WAVES);
    put_floats(out, m->blend, q * NET_WAVES * NET_WAVES_OUT);
    put_floats(out, m->offset, q * NET_WAVES_OUT);
    put_u32(out, in->tables_n);
    for (uint32_t t = 0; t < in->tables_n; t++) {
        put_u32(out, m->table[t].col);
        put_u32(out, m->table[t].levels);
    }
    put_floats(out, m->entry, m->entries * NET_TABLE_DIM);
    if (in->scale_in) put_floats(out, m->scale_in, in->members * m->wide);
    for (uint32_t l = 0; l < in->layers; l++) {
        size_t n = weights_of(m, l);
        put_f32(out, m->unit[l]);
        if (n) text_bytes(out, m->weight[l], n * sizeof *m->weight[l]);
        put_floats(out, m->bias[l], m->width[l] * blocks_of(m, l));
        if (m->mix[l]) put_floats(out, m->mix[l], m->width[l]);
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
    const void *at = get_array(r, n, sizeof *to);
    if (!at) return false;
    if (n) memcpy(to, at, n * sizeof *to);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(to[i])) return false;
    return true;
}

/* The head of a net: all that says how large it is.  Arrays of it point into `width` and `table`. */
static bool read_head(Reader *r, NetIn *in, uint32_t *width)
{
    in->task = (Task)get_u8(r);
    in->act = (NetAct)get_u8(r);
    uint8_t bits = get_u8(r);
    static const float *const some[1];
    static const float one[1];
    in->mix = bits & 1 ? some : NULL;                /* for net_empty only whether there are any matters */
    in->scale_in = bits & 2 ? one : NULL;
    in->members = get_u8(r);
    in->scale = get_f64(r), in->shift = get_f64(r), in->lo = get_f64(r), in->hi = get_f64(r);
    in->layers = get_u32(r);
    if (r->short_ || bits > 3 || in->task >= TASK_N || in->act >= NET_ACTS_N || !in->members || in->members > NET_MEMBERS_MAX ||
        (in->members > 1 && !in->scale_in) || !in->layers || in->layers > NET_LAYERS_MAX || !isfinite(in->scale) || !isfinite(in->shift) ||
        isnan(in->lo) || isnan(in->hi) || in->lo > in->hi)
        return false;
    for (uint32_t l = 0; l < in->layers; l++) {
        width[l] = get_u32(r);
        if (r->short_ || !width[l] || width[l] > (l + 1 < in->layers ? NET_WIDTH_MAX : NET_CLASSES_MAX)) return false;
    }
    in->width = width;
    in->waves_n = get_u32(r);
    return !r->short_ && in->waves_n <= dense_cols(in->dense);
}

/* Does all that is described fit in what is left?  Sizes are bounded by then, so that nothing overflows. */
static bool fits(const NetIn *in, const Reader *r, size_t entries)
{
    size_t wide = dense_cols(in->dense) + (size_t)in->waves_n * NET_WAVES_OUT + (size_t)in->tables_n * NET_TABLE_DIM, need = 0, k = wide;
    need += entries * NET_TABLE_DIM * 4 + (in->scale_in ? in->members * wide * 4 : 0);
    for (uint32_t l = 0; l < in->layers; l++) {
        bool last = l + 1 == in->layers;
        size_t blocks = last ? in->members : 1;
        need += 4 + (k * 2 + 4) * in->width[l] * blocks + (in->mix && !last ? (size_t)in->width[l] * 4 : 0);
        k = in->width[l];
    }
    return need == r->n;
}

static bool read_layers(Net *m, Reader *r)
{
    for (uint32_t l = 0; l < m->in.layers; l++) {
        size_t n = weights_of(m, l);
        m->unit[l] = get_f32(r);
        const void *at = get_array(r, n, sizeof(uint16_t));
        if (!at || !isfinite(m->unit[l]) || !(m->unit[l] > 0)) return false;
        if (n) memcpy(m->weight[l], at, n * sizeof(uint16_t));
        for (size_t i = 0; i < n; i++)
            if ((m->weight[l][i] & 0x7C00) == 0x7C00) return false;
        if (!read_floats(r, m->bias[l], m->width[l] * blocks_of(m, l))) return false;
        if (m->mix[l] && !read_floats(r, m->mix[l], m->width[l])) return false;
    }
    return true;
}

/* Waves and tables stand between the head and what needs memory: their places are kept and read again once there is some. */
static Err read_body(Ctx *cx, Reader *r, NetIn *in, Net **out)
{
    size_t q = in->waves_n, waves_n = q * NET_WAVES * (2 + NET_WAVES_OUT) + q * NET_WAVES_OUT, entries = 0;
    const uint32_t *col = get_array(r, q, sizeof *col);
    Reader at_waves = *r;
    if (!col || !get_array(r, waves_n, sizeof(float))) goto damaged;
    in->tables_n = get_u32(r);
    const NetTable *table = r->short_ || in->tables_n > NET_TABLES_MAX ? NULL : get_array(r, in->tables_n, sizeof *table);
    NetTable *own = table ? ctx_get_n(cx, in->tables_n + 1, sizeof *own) : NULL;
    if (table && !own) {
        dense_free(cx, in->dense);
        return FAIL(cx, ERR_NOMEM, "reading a net of %u tables", in->tables_n);
    }
    if (!table) goto damaged;
    memcpy(own, table, in->tables_n * sizeof *own);
    in->table = own;
    bool ok = true;
    for (uint32_t t = 0; t < in->tables_n; t++) {
        ok = ok && own[t].col < dense_frame_cols(in->dense) && own[t].levels < r->n;
        entries += (size_t)own[t].levels + 1;
    }
    if (!ok || !fits(in, r, entries)) {
        ctx_put(cx, own);
        goto damaged;
    }
    Err err = net_empty(cx, in, out);
    ctx_put(cx, own);
    if (err) return err;
    Net *m = *out;
    if (q) memcpy(m->wave_col, col, q * sizeof *col);
    for (size_t k = 0; k < q; k++) ok = ok && m->wave_col[k] < dense_cols(in->dense);
    ok = ok && read_floats(&at_waves, m->turn, q * NET_WAVES) && read_floats(&at_waves, m->phase, q * NET_WAVES) &&
         read_floats(&at_waves, m->blend, q * NET_WAVES * NET_WAVES_OUT) && read_floats(&at_waves, m->offset, q * NET_WAVES_OUT) &&
         read_floats(r, m->entry, m->entries * NET_TABLE_DIM) && (!m->scale_in || read_floats(r, m->scale_in, in->members * m->wide)) &&
         read_layers(m, r);
    if (ok) return OK;
    net_free(cx, (Model *)m);
    *out = NULL;
    return damaged(cx);
damaged:
    dense_free(cx, in->dense);
    return damaged(cx);
}

static Err net_load(Ctx *cx, const void *bytes, size_t n, Model **out)
{
    Reader r = { bytes, n, false };
    NetIn in = { 0 };
    uint32_t width[NET_LAYERS_MAX] = { 0 };
    Net *m = NULL;
    *out = NULL;
    TRY(cx, dense_load(cx, &r, &in.dense));
    if (!read_head(&r, &in, width)) {
        dense_free(cx, in.dense);
        return damaged(cx);
    }
    TRY(cx, read_body(cx, &r, &in, &m));
    *out = &m->head;
    return OK;
}

const Form form_net = {
    .name = "net",
    .margin = net_margin,
    .explain = NULL,
    .save = net_save,
    .load = net_load,
    .free = net_free,
};

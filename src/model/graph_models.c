/* model/graph_models.c -- models told as graphs: trees, linear, net, constant. */
#include "model/graph_in.h"

#include "model/constant.h"
#include "model/forms.h"
#include "model/linear.h"
#include "model/net.h"

#include <math.h>
#include <string.h>

#define CLIP 3.0           /* of a dense column */

/* ------------------------------------------------------------------- dense */

/* Columns of one kind, side by side; their places in the whole. */
typedef struct Some { uint32_t *node, *place; size_t n; } Some;

/* (x - centre) * factor, and drawn in. */
static Err shape(Ctx *cx, Graph *g, const Dense *d, const Some *some, bool clip, uint32_t *out)
{
    uint32_t x, fill, centre, factor, missing, y;
    TRY(cx, graph_list(cx, g, GRAPH_JOIN, GRAPH_F32, GRAPH_NONE, some->node, some->n, &x));
    TRY(cx, graph_cast(cx, g, x, GRAPH_F64, &x));
    TRY(cx, graph_const(cx, g, GRAPH_F64, (uint32_t)some->n, &fill));
    TRY(cx, graph_const(cx, g, GRAPH_F64, (uint32_t)some->n, &centre));
    TRY(cx, graph_const(cx, g, GRAPH_F64, (uint32_t)some->n, &factor));
    for (size_t i = 0; i < some->n; i++) {
        DenseTold t = dense_tell(d, some->place[i]);
        g->node[fill].table[i] = t.fill;
        g->node[centre].table[i] = t.centre;
        g->node[factor].table[i] = t.factor;
    }
    TRY(cx, graph_one(cx, g, GRAPH_ISNAN, x, &missing));
    TRY(cx, graph_if(cx, g, missing, fill, x, &x));
    TRY(cx, graph_two(cx, g, GRAPH_SUB, x, centre, &x));
    TRY(cx, graph_two(cx, g, GRAPH_MUL, x, factor, &x));
    TRY(cx, graph_with(cx, g, GRAPH_MIN, x, DENSE_FAR, &x));
    TRY(cx, graph_with(cx, g, GRAPH_MAX, x, -DENSE_FAR, &x));
    if (clip) {
        TRY(cx, graph_two(cx, g, GRAPH_MUL, x, x, &y));
        TRY(cx, graph_with(cx, g, GRAPH_DIV, y, CLIP * CLIP, &y));
        TRY(cx, graph_with(cx, g, GRAPH_ADD, y, 1, &y));
        TRY(cx, graph_one(cx, g, GRAPH_SQRT, y, &y));
        TRY(cx, graph_two(cx, g, GRAPH_DIV, x, y, &x));
    }
    return graph_cast(cx, g, x, GRAPH_F32, out);
}

/* All columns that one category gives: a row of a table. */
static Err levels(Ctx *cx, Graph *g, const Dense *d, size_t col, uint32_t from, uint32_t *out, size_t *n)
{
    GraphNode row = { .op = GRAPH_ROW, .type = GRAPH_F32, .b = GRAPH_NONE, .c = GRAPH_NONE };
    for (*n = 0; col + *n < dense_cols(d) && dense_from(d, col + *n) == from;) ++*n;
    row.width = (uint32_t)*n;
    TRY(cx, graph_place(cx, g, from, &row.a));
    uint32_t keys = g->node[row.a].keys->n;
    TRY(cx, graph_table(cx, g, &row, (size_t)keys + 2, out));
    for (uint32_t k = 0; k < keys + 2; k++)
        for (size_t j = 0; j < *n; j++) g->node[*out].table[k * *n + j] = dense_level(d, col + j, k < keys ? k : UINT32_MAX);
    return OK;
}

static Err gather_dense(Ctx *cx, Graph *g, const Dense *d, uint32_t part, Some kind[2], Some *joined, uint32_t *place)
{
    uint32_t width = 0;
    for (size_t j = 0; j < dense_cols(d); j++) {
        DenseTold t = dense_tell(d, j);
        uint32_t x;
        if (t.kind == DENSE_LEVEL) {
            size_t n;
            TRY(cx, levels(cx, g, d, j, t.from, &joined->node[joined->n++], &n));
            for (size_t k = 0; k < n; k++) place[j + k] = width++;
            j += n - 1;
            continue;
        }
        TRY(cx, graph_feature(cx, g, part, t.from, &x));
        if (t.kind == DENSE_MISSING) {
            TRY(cx, graph_one(cx, g, GRAPH_ISNAN, x, &joined->node[joined->n++]));
            place[j] = width++;
            continue;
        }
        Some *s = &kind[t.clip];
        s->node[s->n] = x;
        s->place[s->n++] = (uint32_t)j;
    }
    for (int clip = 0; clip < 2; clip++) {
        if (!kind[clip].n) continue;
        TRY(cx, shape(cx, g, d, &kind[clip], clip, &joined->node[joined->n++]));
        for (size_t i = 0; i < kind[clip].n; i++) place[kind[clip].place[i]] = width++;
    }
    return OK;
}

/* The dense view, F32. */
static Err dense_of(Ctx *cx, Graph *g, const Dense *d, uint32_t part, uint32_t *out)
{
    Err err = OK;
    size_t n = dense_cols(d);
    uint32_t *room = ctx_get_n(cx, 6 * n + 6, sizeof *room);
    if (!room) return FAIL(cx, ERR_NOMEM, "exporting %zu columns", n);
    Some kind[2] = { { room, room + n, 0 }, { room + 2 * n, room + 3 * n, 0 } }, joined = { room + 4 * n, NULL, 0 };
    uint32_t *place = room + 5 * n + 1;
    TRY_DONE(cx, gather_dense(cx, g, d, part, kind, &joined, place));
    TRY_DONE(cx, graph_list(cx, g, GRAPH_JOIN, GRAPH_F32, GRAPH_NONE, joined.node, joined.n, out));
    TRY_DONE(cx, graph_list(cx, g, GRAPH_PICK, GRAPH_F32, *out, place, n, out));
done:
    ctx_put(cx, room);
    return err;
}

/* ------------------------------------------------------------------ models */

/* out = W' x + b; the caller fills table (inputs x width) and other. */
static Err linear_node(Ctx *cx, Graph *g, GraphType type, uint32_t x, size_t inputs, uint32_t width, uint32_t *out)
{
    GraphNode n = { .op = GRAPH_LINEAR, .type = type, .width = width, .a = x, .b = GRAPH_NONE, .c = GRAPH_NONE };
    TRY(cx, graph_table(cx, g, &n, inputs, out));
    g->node[*out].other = ctx_get_n(cx, width, sizeof(double));
    return g->node[*out].other ? OK : FAIL(cx, ERR_NOMEM, "exporting %u outputs", width);
}

static Err linear(Ctx *cx, Graph *g, const Model *m, uint32_t part, uint32_t *out)
{
    uint32_t x, k = m->outputs;
    size_t d = dense_cols(linear_dense(m));
    if (!d) {
        TRY(cx, graph_const(cx, g, GRAPH_F64, k, out));
        memcpy(g->node[*out].table, linear_intercept(m), k * sizeof(double));
        return OK;
    }
    TRY(cx, dense_of(cx, g, linear_dense(m), part, &x));
    TRY(cx, graph_cast(cx, g, x, GRAPH_F64, &x));
    TRY(cx, linear_node(cx, g, GRAPH_F64, x, d, k, out));
    for (size_t j = 0; j < d; j++)
        for (uint32_t c = 0; c < k; c++) g->node[*out].table[j * k + c] = linear_weight(m)[c * d + j];
    memcpy(g->node[*out].other, linear_intercept(m), k * sizeof(double));
    return OK;
}

static Err constant(Ctx *cx, Graph *g, const Model *m, uint32_t *out)
{
    TRY(cx, graph_const(cx, g, GRAPH_F64, m->outputs, out));
    const Frame none = { .rows = 1, .cols = m->cols };
    uint32_t row = 0;
    return model_margin(cx, m, &none, &row, 1, g->node[*out].table);
}

/* Shares of classes p: log((p + e) / (1 - p + e)) for one output, else log(p + e) each. */
static Err log_shares(Ctx *cx, Graph *g, const Trees *m, uint32_t p, uint32_t *out)
{
    uint32_t up, down, one;
    TRY(cx, graph_with(cx, g, GRAPH_MIN, p, 1, &p));
    TRY(cx, graph_with(cx, g, GRAPH_MAX, p, 0, &p));
    TRY(cx, graph_with(cx, g, GRAPH_ADD, p, m->e, &up));
    if (m->head.outputs > 1) return graph_one(cx, g, GRAPH_LOG, up, out);
    TRY(cx, graph_number(cx, g, GRAPH_F64, 1, &one));
    TRY(cx, graph_two(cx, g, GRAPH_SUB, one, p, &down));
    TRY(cx, graph_with(cx, g, GRAPH_ADD, down, m->e, &down));
    TRY(cx, graph_two(cx, g, GRAPH_DIV, up, down, &up));
    return graph_one(cx, g, GRAPH_LOG, up, out);
}

static Err trees(Ctx *cx, Graph *g, const Trees *m, uint32_t part, uint32_t *out)
{
    Err err = OK;
    uint32_t *node = NULL, *column = NULL, n = 0, x;
    GET_DONE(cx, node, m->views_n, "exporting trees");
    GET_DONE(cx, column, m->views_n, "exporting trees");
    for (uint32_t v = 1; v < m->views_n; v++) {
        uint32_t at = 0;
        while (at < n && column[at] != m->view[v].feature) at++;
        if (at < n) continue;
        column[n] = m->view[v].feature;
        TRY_DONE(cx, graph_feature(cx, g, part, column[n], &node[n]));
        n++;
    }
    if (!n) {                              /* only stumps of stumps: a number that is never looked at */
        TRY_DONE(cx, graph_number(cx, g, GRAPH_F32, 0, &node[0]));
        column[0] = UINT32_MAX;
        n = 1;
    }
    TRY_DONE(cx, graph_list(cx, g, GRAPH_JOIN, GRAPH_F32, GRAPH_NONE, node, n, &x));
    TRY_DONE(cx, graph_list(cx, g, GRAPH_TREES, GRAPH_F64, x, column, n, out));
    g->node[*out].trees = m;
    g->node[*out].width = m->head.outputs;
    if (m->sum != TREES_SUM) TRY_DONE(cx, graph_with(cx, g, GRAPH_DIV, *out, trees_an_output(m), out));
    if (m->sum == TREES_MEAN_LOG) TRY_DONE(cx, log_shares(cx, g, m, *out, out));
done:
    ctx_put(cx, node);
    ctx_put(cx, column);
    return err;
}

/* --------------------------------------------------------------------- net */

Err graph_sigmoid(Ctx *cx, Graph *g, uint32_t z, uint32_t *out)
{
    uint32_t one, e;
    TRY(cx, graph_with(cx, g, GRAPH_MUL, z, -1, &e));
    TRY(cx, graph_with(cx, g, GRAPH_MIN, e, 700, &e));
    TRY(cx, graph_one(cx, g, GRAPH_EXP, e, &e));
    TRY(cx, graph_with(cx, g, GRAPH_ADD, e, 1, &e));
    TRY(cx, graph_number(cx, g, GRAPH_F64, 1, &one));
    return graph_two(cx, g, GRAPH_DIV, one, e, out);
}

/* The activations of net.c. */
static Err activate(Ctx *cx, Graph *g, NetAct act, uint32_t z, uint32_t *out)
{
    uint32_t e, s, t, one;
    if (act == NET_RELU) return graph_with(cx, g, GRAPH_MAX, z, 0, out);
    if (act == NET_SELU) {
        double scale = (double)1.0507009873554805f, alpha = (double)1.6732632423543772f;
        TRY(cx, graph_with(cx, g, GRAPH_MIN, z, 0, &e));
        TRY(cx, graph_one(cx, g, GRAPH_EXP, e, &e));
        TRY(cx, graph_with(cx, g, GRAPH_SUB, e, 1, &e));
        TRY(cx, graph_with(cx, g, GRAPH_MUL, e, scale * alpha, &e));
        TRY(cx, graph_with(cx, g, GRAPH_MAX, z, 0, &s));
        TRY(cx, graph_with(cx, g, GRAPH_MUL, s, scale, &s));
        return graph_two(cx, g, GRAPH_ADD, s, e, out);
    }
    TRY(cx, graph_with(cx, g, GRAPH_MIN, z, 15, &e));
    TRY(cx, graph_one(cx, g, GRAPH_EXP, e, &e));
    TRY(cx, graph_with(cx, g, GRAPH_ADD, e, 2, &s));
    TRY(cx, graph_two(cx, g, GRAPH_MUL, e, s, &s));
    TRY(cx, graph_with(cx, g, GRAPH_ADD, s, 2, &t));
    TRY(cx, graph_two(cx, g, GRAPH_DIV, s, t, &s));
    TRY(cx, graph_two(cx, g, GRAPH_MUL, z, s, &s));
    TRY(cx, graph_number(cx, g, g->node[z].type, 15, &one));
    TRY(cx, graph_two(cx, g, GRAPH_LE, one, z, &t));
    return graph_if(cx, g, t, z, s, out);
}

static Err vector(Ctx *cx, Graph *g, const float *v, size_t n, uint32_t *out)
{
    TRY(cx, graph_const(cx, g, GRAPH_F32, (uint32_t)n, out));
    for (size_t i = 0; i < n; i++) g->node[*out].table[i] = (double)v[i];
    return OK;
}

/* Mixes of cosines of some dense columns: offset + sum of blend x cos(2 pi (x turn + phase)). */
static Err waves(Ctx *cx, Graph *g, const NetIn *in, uint32_t dense, uint32_t *out)
{
    uint32_t x, t, k, sum[NET_WAVES_OUT] = { 0 };
    size_t q = in->waves_n;
    TRY(cx, graph_list(cx, g, GRAPH_PICK, GRAPH_F32, dense, in->wave_col, q, &x));
    for (size_t o = 0; o < NET_WAVES_OUT; o++) TRY(cx, vector(cx, g, in->offset + o * q, q, &sum[o]));
    for (size_t w = 0; w < NET_WAVES; w++) {
        TRY(cx, vector(cx, g, in->turn + w * q, q, &k));
        TRY(cx, graph_two(cx, g, GRAPH_MUL, x, k, &t));
        TRY(cx, vector(cx, g, in->phase + w * q, q, &k));
        TRY(cx, graph_two(cx, g, GRAPH_ADD, t, k, &t));
        TRY(cx, graph_one(cx, g, GRAPH_FLOOR, t, &k));
        TRY(cx, graph_two(cx, g, GRAPH_SUB, t, k, &t));
        TRY(cx, graph_with(cx, g, GRAPH_MUL, t, 2 * M_PI, &t));
        TRY(cx, graph_one(cx, g, GRAPH_COS, t, &t));
        for (size_t o = 0; o < NET_WAVES_OUT; o++) {
            uint32_t part;
            TRY(cx, vector(cx, g, in->blend + (w * NET_WAVES_OUT + o) * q, q, &part));
            TRY(cx, graph_two(cx, g, GRAPH_MUL, t, part, &part));
            TRY(cx, graph_two(cx, g, GRAPH_ADD, sum[o], part, &sum[o]));
        }
    }
    return graph_list(cx, g, GRAPH_JOIN, GRAPH_F32, GRAPH_NONE, sum, NET_WAVES_OUT, out);
}

static Err entries(Ctx *cx, Graph *g, const NetTable *t, const float *entry, uint32_t *out)
{
    GraphNode row = { .op = GRAPH_ROW, .type = GRAPH_F32, .width = NET_TABLE_DIM, .b = GRAPH_NONE, .c = GRAPH_NONE };
    TRY(cx, graph_place(cx, g, t->col, &row.a));
    uint32_t keys = g->node[row.a].keys->n;
    TRY(cx, graph_table(cx, g, &row, (size_t)keys + 2, out));
    for (uint32_t k = 0; k < keys + 2; k++)
        for (uint32_t j = 0; j < NET_TABLE_DIM; j++)
            g->node[*out].table[k * NET_TABLE_DIM + j] = (double)entry[(k < keys && k < t->levels ? k : t->levels) * NET_TABLE_DIM + j];
    return OK;
}

static Err enter(Ctx *cx, Graph *g, const NetIn *in, uint32_t part, uint32_t *out)
{
    Err err = OK;
    uint32_t *list = NULL, n = 0;
    const float *entry = in->entry;
    GET_DONE(cx, list, in->tables_n + 2u, "exporting a net");
    if (dense_cols(in->dense)) TRY_DONE(cx, dense_of(cx, g, in->dense, part, &list[n++]));
    if (in->waves_n) {
        TRY_DONE(cx, waves(cx, g, in, list[0], &list[1]));
        n = 2;
    }
    for (uint32_t t = 0; t < in->tables_n; t++) {
        TRY_DONE(cx, entries(cx, g, &in->table[t], entry, &list[n++]));
        entry += ((size_t)in->table[t].levels + 1) * NET_TABLE_DIM;
    }
    if (!n) TRY_DONE(cx, graph_number(cx, g, GRAPH_F32, 0, &list[n++]));
    TRY_DONE(cx, graph_list(cx, g, GRAPH_JOIN, GRAPH_F32, GRAPH_NONE, list, n, out));
done:
    ctx_put(cx, list);
    return err;
}

/* One member's values of the last layer. */
static Err member(Ctx *cx, Graph *g, const Model *m, uint32_t e, uint32_t x, uint32_t *out)
{
    const NetIn *in = net_parts(m);
    Err err = OK;
    float *w = NULL;
    for (uint32_t l = 0; l < in->layers; l++) {
        bool last = l + 1 == in->layers;
        size_t inputs = net_inputs(m, l), width = in->width[l], block = last ? e : 0, blocks = last ? in->members : 1;
        uint32_t z, a, mix, rows = inputs ? (uint32_t)inputs : 1;
        GET_DONE(cx, w, inputs * width * blocks + 1, "exporting a net");
        net_weights(m, l, w);
        TRY_DONE(cx, linear_node(cx, g, GRAPH_F32, x, rows, (uint32_t)width, &z));
        for (size_t i = 0; i < inputs * width; i++) g->node[z].table[i] = (double)w[block * inputs * width + i];
        for (size_t j = 0; j < width; j++) g->node[z].other[j] = (double)in->bias[l][block * width + j];
        ctx_put(cx, w);
        w = NULL;
        x = z;
        if (last) break;
        TRY_DONE(cx, activate(cx, g, in->act, z, &a));
        x = a;
        if (!in->mix) continue;
        TRY_DONE(cx, vector(cx, g, in->mix[l], width, &mix));
        TRY_DONE(cx, graph_two(cx, g, GRAPH_SUB, a, z, &a));
        TRY_DONE(cx, graph_two(cx, g, GRAPH_MUL, mix, a, &a));
        TRY_DONE(cx, graph_two(cx, g, GRAPH_ADD, z, a, &x));
    }
    *out = x;
done:
    ctx_put(cx, w);
    return err;
}

/* Mean probability to margins again. */
static Err margin_of(Ctx *cx, Graph *g, const NetIn *in, uint32_t p, uint32_t *out)
{
    uint32_t up, down, one;
    *out = p;
    if (in->task != TASK_BINARY && in->task != TASK_MULTICLASS) return OK;
    TRY(cx, graph_with(cx, g, GRAPH_MAX, p, NET_SURE, &up));
    TRY(cx, graph_one(cx, g, GRAPH_LOG, up, out));
    if (in->task == TASK_MULTICLASS) return OK;
    TRY(cx, graph_number(cx, g, GRAPH_F64, 1, &one));
    TRY(cx, graph_two(cx, g, GRAPH_SUB, one, p, &down));
    TRY(cx, graph_with(cx, g, GRAPH_MAX, down, NET_SURE, &down));
    TRY(cx, graph_one(cx, g, GRAPH_LOG, down, &down));
    return graph_two(cx, g, GRAPH_SUB, *out, down, out);
}

static Err net(Ctx *cx, Graph *g, const Model *m, uint32_t part, uint32_t *out)
{
    const NetIn *in = net_parts(m);
    uint32_t x, sum = GRAPH_NONE, k;
    TRY(cx, enter(cx, g, in, part, &x));
    for (uint32_t e = 0; e < in->members; e++) {
        uint32_t own = x, z;
        if (in->scale_in && g->node[x].width == net_inputs(m, 0)) {
            TRY(cx, vector(cx, g, in->scale_in + e * net_inputs(m, 0), net_inputs(m, 0), &k));
            TRY(cx, graph_two(cx, g, GRAPH_MUL, x, k, &own));
        }
        TRY(cx, member(cx, g, m, e, own, &z));
        TRY(cx, graph_cast(cx, g, z, GRAPH_F64, &z));
        TRY(cx, graph_with(cx, g, GRAPH_MUL, z, in->scale, &z));
        TRY(cx, graph_with(cx, g, GRAPH_ADD, z, in->shift, &z));
        if (in->members > 1) {
            if (in->task == TASK_MULTICLASS) TRY(cx, graph_one(cx, g, GRAPH_SOFTMAX, z, &z));
            else if (in->task == TASK_BINARY) TRY(cx, graph_sigmoid(cx, g, z, &z));
            TRY(cx, graph_with(cx, g, GRAPH_DIV, z, in->members, &z));
        }
        if (sum == GRAPH_NONE) sum = z;
        else TRY(cx, graph_two(cx, g, GRAPH_ADD, sum, z, &sum));
    }
    if (in->members > 1) TRY(cx, margin_of(cx, g, in, sum, &sum));
    TRY(cx, graph_with(cx, g, GRAPH_MAX, sum, fmax(in->lo, -1e300), &sum));
    return graph_with(cx, g, GRAPH_MIN, sum, fmin(in->hi, 1e300), out);
}

Err graph_model(Ctx *cx, Graph *g, const Model *m, uint32_t part, uint32_t *out, bool *told)
{
    *told = true;
    if (m->form == &form_trees) return trees(cx, g, (const Trees *)m, part, out);
    if (m->form == &form_linear) return linear(cx, g, m, part, out);
    if (m->form == &form_net) return net(cx, g, m, part, out);
    if (m->form == &form_constant) return constant(cx, g, m, out);
    *told = false;
    return OK;
}

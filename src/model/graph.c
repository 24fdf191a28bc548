/* model/graph.c -- a build told as a graph: its columns, steps, ensemble and answer.  Models are in graph_models.c.
**
** Only what the members need is told, so a step that cannot be told does no harm where no model looks at it.
*/
#include "model/graph_in.h"

#include "model/forms.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

static const char *const words[GRAPH_OPS_N] = {
    [GRAPH_COLUMN] = "column", [GRAPH_LEVEL] = "level", [GRAPH_PAIR] = "pair", [GRAPH_ROW] = "row", [GRAPH_CONST] = "const",
    [GRAPH_CAST] = "cast", [GRAPH_ADD] = "add", [GRAPH_SUB] = "sub", [GRAPH_MUL] = "mul", [GRAPH_DIV] = "div",
    [GRAPH_MIN] = "min", [GRAPH_MAX] = "max", [GRAPH_EXP] = "exp", [GRAPH_LOG] = "log", [GRAPH_SQRT] = "sqrt",
    [GRAPH_SIN] = "sin", [GRAPH_COS] = "cos", [GRAPH_FLOOR] = "floor", [GRAPH_ISNAN] = "isnan", [GRAPH_LE] = "le",
    [GRAPH_IF] = "if", [GRAPH_JOIN] = "join", [GRAPH_PICK] = "pick", [GRAPH_LINEAR] = "linear", [GRAPH_TREES] = "trees",
    [GRAPH_SOFTMAX] = "softmax",
};

const char *graph_word(GraphOp op) { return words[op]; }

/* ------------------------------------------------------------------- nodes */

void graph_free(Ctx *cx, Graph *g)
{
    if (!g) return;
    for (uint32_t i = 0; i < g->n; i++) {
        ctx_put(cx, g->node[i].list);
        ctx_put(cx, g->node[i].table);
        ctx_put(cx, g->node[i].other);
    }
    ctx_put(cx, g->node);
    ctx_put(cx, g->column);
    ctx_put(cx, g->index);
    ctx_put(cx, g->feature);
    ctx_put(cx, g);
}

Err graph_add(Ctx *cx, Graph *g, const GraphNode *node, uint32_t *out)
{
    if (g->n == g->cap) {
        uint32_t more = g->cap ? g->cap * 2 : 64;
        GraphNode *grown = ctx_grow(cx, g->node, more, sizeof *grown);
        if (!grown) return FAIL(cx, ERR_NOMEM, "a graph of %u nodes", more);
        g->node = grown;
        g->cap = more;
    }
    g->node[g->n] = *node;
    *out = g->n++;
    return OK;
}

Err graph_one(Ctx *cx, Graph *g, GraphOp op, uint32_t a, uint32_t *out)
{
    GraphNode n = { .op = op, .type = g->node[a].type, .width = g->node[a].width, .a = a, .b = GRAPH_NONE, .c = GRAPH_NONE };
    return graph_add(cx, g, &n, out);
}

Err graph_two(Ctx *cx, Graph *g, GraphOp op, uint32_t a, uint32_t b, uint32_t *out)
{
    uint32_t wa = g->node[a].width, wb = g->node[b].width;
    assert(g->node[a].type == g->node[b].type && (wa == wb || wa == 1 || wb == 1));
    GraphNode n = { .op = op, .type = g->node[a].type, .width = wa > wb ? wa : wb, .a = a, .b = b, .c = GRAPH_NONE };
    return graph_add(cx, g, &n, out);
}

Err graph_if(Ctx *cx, Graph *g, uint32_t c, uint32_t a, uint32_t b, uint32_t *out)
{
    TRY(cx, graph_two(cx, g, GRAPH_IF, a, b, out));
    g->node[*out].c = c;
    if (g->node[c].width > g->node[*out].width) g->node[*out].width = g->node[c].width;
    return OK;
}

Err graph_cast(Ctx *cx, Graph *g, uint32_t a, GraphType type, uint32_t *out)
{
    *out = a;
    if (g->node[a].type == type) return OK;
    TRY(cx, graph_one(cx, g, GRAPH_CAST, a, out));
    g->node[*out].type = type;
    return OK;
}

/* A node with a table of rows x width numbers, which the caller fills. */
Err graph_table(Ctx *cx, Graph *g, const GraphNode *like, size_t rows, uint32_t *out)
{
    GraphNode n = *like;
    n.table_n = (uint32_t)rows;
    n.table = ctx_get_n(cx, rows * n.width + 1, sizeof *n.table);
    if (!n.table) return FAIL(cx, ERR_NOMEM, "a table of %zu x %u numbers", rows, n.width);
    Err err = graph_add(cx, g, &n, out);
    if (err) ctx_put(cx, n.table);
    return err;
}

Err graph_const(Ctx *cx, Graph *g, GraphType type, uint32_t width, uint32_t *out)
{
    GraphNode n = { .op = GRAPH_CONST, .type = type, .width = width, .a = GRAPH_NONE, .b = GRAPH_NONE, .c = GRAPH_NONE };
    return graph_table(cx, g, &n, 1, out);
}

Err graph_number(Ctx *cx, Graph *g, GraphType type, double v, uint32_t *out)
{
    TRY(cx, graph_const(cx, g, type, 1, out));
    g->node[*out].table[0] = v;
    return OK;
}

Err graph_with(Ctx *cx, Graph *g, GraphOp op, uint32_t a, double v, uint32_t *out)
{
    uint32_t k;
    TRY(cx, graph_number(cx, g, g->node[a].type, v, &k));
    return graph_two(cx, g, op, a, k, out);
}

Err graph_list(Ctx *cx, Graph *g, GraphOp op, GraphType type, uint32_t a, const uint32_t *list, size_t n, uint32_t *out)
{
    GraphNode node = { .op = op, .type = type, .a = a, .b = GRAPH_NONE, .c = GRAPH_NONE, .list_n = (uint32_t)n };
    node.list = ctx_get_n(cx, n + 1, sizeof *node.list);
    if (!node.list) return FAIL(cx, ERR_NOMEM, "a graph of %zu columns", n);
    if (n) memcpy(node.list, list, n * sizeof *list);
    node.width = (uint32_t)n;
    if (op == GRAPH_JOIN) {
        node.width = 0;
        for (size_t i = 0; i < n; i++) node.width += g->node[list[i]].width;
    }
    Err err = graph_add(cx, g, &node, out);
    if (err) ctx_put(cx, node.list);
    return err;
}

/* ------------------------------------------------------------------- steps */

static Err cannot(Ctx *cx, const char *what, const char *name)
{
    return FAIL(cx, ERR_BAD_INPUT, "the build cannot be exported so: %s '%.200s' has no counterpart in plain operations; train with "
                "'leat auto ... --portable', or use the .leat file", what, name);
}

static Err column_of(Ctx *cx, Graph *g, uint32_t raw, uint32_t *out)
{
    const SchemaColumn *c = &g->build->schema->col[raw];
    GraphNode n = { .op = GRAPH_COLUMN, .width = 1, .number = raw, .a = GRAPH_NONE, .b = GRAPH_NONE, .c = GRAPH_NONE };
    *out = g->column[raw];
    if (*out != GRAPH_NONE) return OK;
    n.type = !c->numeric ? GRAPH_TEXT : c->type == COLUMN_DATETIME ? GRAPH_F64 : GRAPH_F32;
    TRY(cx, graph_add(cx, g, &n, out));
    g->column[raw] = *out;
    return OK;
}

/* Levels that are numbers must stay apart as float32. */
static bool apart(const Keys *k)
{
    for (uint32_t i = 0; i < k->n; i++) {
        double v, w;
        size_t n = (size_t)(k->offset[i + 1] - k->offset[i]);
        if (!num_read(k->bytes + k->offset[i], n, &v) || !isfinite((float)v)) return false;
        for (uint32_t j = 0; j < i && fabs(v) >= 0x1p20; j++)
            if (num_read(k->bytes + k->offset[j], (size_t)(k->offset[j + 1] - k->offset[j]), &w) && (float)v == (float)w) return false;
    }
    return true;
}

static Err place_of(Ctx *cx, Graph *g, uint32_t keys, uint32_t *out)
{
    const Steps *s = g->build->steps;
    const Keys *k = &s->keys[keys];
    GraphNode n = { .type = GRAPH_INDEX, .width = 1, .b = GRAPH_NONE, .c = GRAPH_NONE, .keys = k };
    *out = g->index[keys];
    if (*out != GRAPH_NONE) return OK;
    const char *name = g->build->schema->col[k->raw[0]].name;
    if (k->pair) {
        n.op = GRAPH_PAIR;
        if (s->keys[k->of[0]].pair) return cannot(cx, "a triple of levels of", name);
        TRY(cx, place_of(cx, g, k->of[0], &n.a));
        TRY(cx, place_of(cx, g, k->of[1], &n.b));
    } else {
        n.op = GRAPH_LEVEL;
        if (k->cut != CUT_NONE) return cannot(cx, "looking up a piece of a text of", name);
        TRY(cx, column_of(cx, g, k->raw[0], &n.a));
        if (g->node[n.a].type == GRAPH_F64) return cannot(cx, "looking up a date of", name);
        if (g->node[n.a].type == GRAPH_F32 && !apart(k)) return cannot(cx, "looking up numbers too large for 32 bits of", name);
    }
    TRY(cx, graph_add(cx, g, &n, out));
    g->index[keys] = *out;
    return OK;
}

/* Rows for all keys, for one never seen, and for a missing one. */
static Err lookup(Ctx *cx, Graph *g, const Row *row, uint32_t part, uint32_t at, uint32_t *out)
{
    GraphNode n = { .op = GRAPH_ROW, .type = GRAPH_F32, .width = 1, .b = GRAPH_NONE, .c = GRAPH_NONE };
    size_t keys = g->build->steps->keys[row->a].n;
    TRY(cx, place_of(cx, g, row->a, &n.a));
    TRY(cx, graph_table(cx, g, &n, keys + 2, out));
    double *t = g->node[*out].table;
    for (size_t i = 0; i < keys; i++)
        t[i] = row->op == STEP_CODE ? (double)i : (double)row->table[(i * row->parts + part) * row->outs + at];
    t[keys] = row->op == STEP_CODE ? NAN : (double)row->other[(size_t)part * row->outs + at];
    t[keys + 1] = NAN;
    return OK;
}

/* x - n floor(x / n) */
static Err modulo(Ctx *cx, Graph *g, uint32_t x, double n, uint32_t *whole, uint32_t *rest)
{
    uint32_t q;
    TRY(cx, graph_with(cx, g, GRAPH_DIV, x, n, &q));
    TRY(cx, graph_one(cx, g, GRAPH_FLOOR, q, &q));
    if (whole) *whole = q;
    if (!rest) return OK;
    TRY(cx, graph_with(cx, g, GRAPH_MUL, q, n, &q));
    return graph_two(cx, g, GRAPH_SUB, x, q, rest);
}

typedef struct Civil { uint32_t year, month, day, year_day; } Civil;

/* Civil date from a count of days, as steps_date_part has it; numbers are whole and small, so doubles are exact. */
static Err civil(Ctx *cx, Graph *g, uint32_t day, Civil *c)
{
    uint32_t z, era = 0, doe = 0, q = 0, r, yoe, doy, mp = 0, k, late, leap, four = 0, hundred = 0, zero;
    TRY(cx, graph_with(cx, g, GRAPH_ADD, day, 719468, &z));
    TRY(cx, modulo(cx, g, z, 146097, &era, &doe));
    yoe = doe;
    static const double step[3][2] = { { 1460, -1 }, { 36524, 1 }, { 146096, -1 } };
    for (int i = 0; i < 3; i++) {
        TRY(cx, modulo(cx, g, doe, step[i][0], &q, NULL));
        TRY(cx, graph_two(cx, g, step[i][1] > 0 ? GRAPH_ADD : GRAPH_SUB, yoe, q, &yoe));
    }
    TRY(cx, modulo(cx, g, yoe, 365, &yoe, NULL));
    TRY(cx, graph_with(cx, g, GRAPH_MUL, yoe, 365, &q));
    TRY(cx, graph_two(cx, g, GRAPH_SUB, doe, q, &doy));
    TRY(cx, modulo(cx, g, yoe, 4, &q, NULL));
    TRY(cx, graph_two(cx, g, GRAPH_SUB, doy, q, &doy));
    TRY(cx, modulo(cx, g, yoe, 100, &q, NULL));
    TRY(cx, graph_two(cx, g, GRAPH_ADD, doy, q, &doy));
    TRY(cx, graph_with(cx, g, GRAPH_MUL, doy, 5, &q));
    TRY(cx, graph_with(cx, g, GRAPH_ADD, q, 2, &q));
    TRY(cx, modulo(cx, g, q, 153, &mp, NULL));
    TRY(cx, graph_with(cx, g, GRAPH_MUL, mp, 153, &q));
    TRY(cx, graph_with(cx, g, GRAPH_ADD, q, 2, &q));
    TRY(cx, modulo(cx, g, q, 5, &q, NULL));
    TRY(cx, graph_two(cx, g, GRAPH_SUB, doy, q, &q));
    TRY(cx, graph_with(cx, g, GRAPH_ADD, q, 1, &c->day));
    TRY(cx, graph_number(cx, g, GRAPH_F64, 10, &k));
    TRY(cx, graph_two(cx, g, GRAPH_LE, k, mp, &late));                 /* January and February */
    TRY(cx, graph_with(cx, g, GRAPH_ADD, mp, 3, &q));
    TRY(cx, graph_with(cx, g, GRAPH_MUL, late, 12, &r));
    TRY(cx, graph_two(cx, g, GRAPH_SUB, q, r, &c->month));
    TRY(cx, graph_with(cx, g, GRAPH_MUL, era, 400, &q));
    TRY(cx, graph_two(cx, g, GRAPH_ADD, yoe, q, &q));
    TRY(cx, graph_two(cx, g, GRAPH_ADD, q, late, &c->year));
    TRY(cx, modulo(cx, g, c->year, 4, NULL, &four));
    TRY(cx, modulo(cx, g, c->year, 100, NULL, &hundred));
    TRY(cx, modulo(cx, g, c->year, 400, NULL, &q));
    TRY(cx, graph_number(cx, g, GRAPH_F64, 0, &zero));
    TRY(cx, graph_two(cx, g, GRAPH_LE, four, zero, &four));
    TRY(cx, graph_two(cx, g, GRAPH_LE, hundred, zero, &hundred));
    TRY(cx, graph_two(cx, g, GRAPH_LE, q, zero, &q));
    TRY(cx, graph_two(cx, g, GRAPH_SUB, four, hundred, &leap));
    TRY(cx, graph_two(cx, g, GRAPH_ADD, leap, q, &leap));
    TRY(cx, graph_with(cx, g, GRAPH_ADD, doy, 60, &q));
    TRY(cx, graph_two(cx, g, GRAPH_ADD, q, leap, &q));
    TRY(cx, graph_with(cx, g, GRAPH_SUB, doy, 305, &r));
    return graph_if(cx, g, late, r, q, &c->year_day);
}

static Err wave(Ctx *cx, Graph *g, uint32_t x, double period, GraphOp op, uint32_t *out)
{
    TRY(cx, graph_with(cx, g, GRAPH_MUL, x, 2 * M_PI, out));
    TRY(cx, graph_with(cx, g, GRAPH_DIV, *out, period, out));
    return graph_one(cx, g, op, *out, out);
}

static Err date_part(Ctx *cx, Graph *g, uint32_t x, uint32_t day, uint32_t in_day, const Row *row, const char *name, uint32_t *out)
{
    Civil c;
    uint32_t q;
    TRY(cx, graph_with(cx, g, GRAPH_ADD, day, 3 + 7e6, &q));            /* 1970-01-01 was a Thursday */
    TRY(cx, modulo(cx, g, q, 7, NULL, &q));
    TRY(cx, civil(cx, g, day, &c));
    switch (row->kind) {
    case DATE_DAYS:
        TRY(cx, graph_with(cx, g, GRAPH_SUB, x, row->number, out));
        return graph_with(cx, g, GRAPH_DIV, *out, 86400, out);
    case DATE_YEAR: *out = c.year; return OK;
    case DATE_MONTH: *out = c.month; return OK;
    case DATE_DAY: *out = c.day; return OK;
    case DATE_WEEKDAY: *out = q; return OK;
    case DATE_HOUR: return modulo(cx, g, in_day, 3600, out, NULL);
    case DATE_MINUTE:
        TRY(cx, modulo(cx, g, in_day, 3600, NULL, out));
        return modulo(cx, g, *out, 60, out, NULL);
    case DATE_YEAR_SIN: return wave(cx, g, c.year_day, 365.25, GRAPH_SIN, out);
    case DATE_YEAR_COS: return wave(cx, g, c.year_day, 365.25, GRAPH_COS, out);
    case DATE_WEEKEND:
        TRY(cx, graph_number(cx, g, GRAPH_F64, 5, out));
        return graph_two(cx, g, GRAPH_LE, *out, q, out);
    case DATE_WEEK_SIN: return wave(cx, g, q, 7, GRAPH_SIN, out);
    case DATE_WEEK_COS: return wave(cx, g, q, 7, GRAPH_COS, out);
    case DATE_TIME_SIN: return wave(cx, g, in_day, 86400, GRAPH_SIN, out);
    case DATE_TIME_COS: return wave(cx, g, in_day, 86400, GRAPH_COS, out);
    default: return cannot(cx, "the feature", name);
    }
}

/* A time outside the years -9999 .. 9999 is missing. */
static Err date(Ctx *cx, Graph *g, const Row *row, const char *name, uint32_t *out)
{
    uint32_t x, day = 0, in_day = 0, lo, hi, ok, nan;
    TRY(cx, column_of(cx, g, row->a, &x));
    TRY(cx, modulo(cx, g, x, 86400, &day, &in_day));
    TRY(cx, date_part(cx, g, x, day, in_day, row, name, out));
    TRY(cx, graph_number(cx, g, GRAPH_F64, nextafter(-377705116800.0, INFINITY), &lo));
    TRY(cx, graph_number(cx, g, GRAPH_F64, nextafter(253402300800.0, -INFINITY), &hi));
    TRY(cx, graph_two(cx, g, GRAPH_LE, lo, x, &ok));
    TRY(cx, graph_two(cx, g, GRAPH_LE, x, hi, &hi));
    TRY(cx, graph_two(cx, g, GRAPH_MUL, ok, hi, &ok));
    TRY(cx, graph_number(cx, g, GRAPH_F64, NAN, &nan));
    TRY(cx, graph_if(cx, g, ok, *out, nan, out));
    return graph_cast(cx, g, *out, GRAPH_F32, out);
}

static Err gap(Ctx *cx, Graph *g, const Row *row, uint32_t *out)
{
    uint32_t a, b;
    TRY(cx, column_of(cx, g, row->a, &a));
    TRY(cx, column_of(cx, g, row->b, &b));
    TRY(cx, graph_two(cx, g, GRAPH_SUB, a, b, out));
    TRY(cx, graph_with(cx, g, GRAPH_DIV, *out, 86400, out));
    return graph_cast(cx, g, *out, GRAPH_F32, out);
}

/* Worked out in double and rounded once; what is too large for a float is its largest, and nothing is divided by 0. */
static Err arith(Ctx *cx, Graph *g, const Row *row, uint32_t part, uint32_t *out)
{
    static const GraphOp op[ARITH_OPS_N] = { GRAPH_ADD, GRAPH_SUB, GRAPH_MUL, GRAPH_DIV };
    uint32_t a, b, zero, most, square, nan;
    TRY(cx, graph_feature(cx, g, part, row->a, &a));
    TRY(cx, graph_feature(cx, g, part, row->b, &b));
    TRY(cx, graph_cast(cx, g, a, GRAPH_F64, &a));
    TRY(cx, graph_cast(cx, g, b, GRAPH_F64, &b));
    TRY(cx, graph_two(cx, g, op[row->kind], a, b, out));
    TRY(cx, graph_with(cx, g, GRAPH_MIN, *out, (double)FLT_MAX, out));
    TRY(cx, graph_with(cx, g, GRAPH_MAX, *out, -(double)FLT_MAX, out));
    if (row->kind == ARITH_DIV) {
        TRY(cx, graph_two(cx, g, GRAPH_MUL, b, b, &square));
        TRY(cx, graph_number(cx, g, GRAPH_F64, 0, &zero));
        TRY(cx, graph_two(cx, g, GRAPH_LE, square, zero, &most));
        TRY(cx, graph_number(cx, g, GRAPH_F64, NAN, &nan));
        TRY(cx, graph_if(cx, g, most, nan, *out, out));
    }
    return graph_cast(cx, g, *out, GRAPH_F32, out);
}

Err graph_feature(Ctx *cx, Graph *g, uint32_t part, uint32_t i, uint32_t *out)
{
    const Steps *s = g->build->steps;
    const Row *row = &s->row[s->feature_row[i]];
    uint32_t own = row->parts > 1 ? part : 0;
    uint32_t *at = &g->feature[(size_t)own * s->features_n + i];
    *out = *at;
    if (*out != GRAPH_NONE) return OK;
    switch (row->op) {
    case STEP_NUMBER:
        TRY(cx, column_of(cx, g, row->a, out));
        TRY(cx, graph_cast(cx, g, *out, GRAPH_F32, out));
        break;
    case STEP_CODE:
    case STEP_LOOKUP: TRY(cx, lookup(cx, g, row, own, i - row->first, out)); break;
    case STEP_DATE: TRY(cx, date(cx, g, row, s->feature[i].name, out)); break;
    case STEP_GAP: TRY(cx, gap(cx, g, row, out)); break;
    case STEP_ARITH: TRY(cx, arith(cx, g, row, part, out)); break;
    default: return cannot(cx, "the feature", s->feature[i].name);
    }
    g->feature[(size_t)own * s->features_n + i] = *out;
    return OK;
}

Err graph_place(Ctx *cx, Graph *g, uint32_t i, uint32_t *out)
{
    const Steps *s = g->build->steps;
    const Row *row = &s->row[s->feature_row[i]];
    assert(row->op == STEP_CODE);
    return place_of(cx, g, row->a, out);
}

/* ------------------------------------------------------------------ answer */

static Err members(Ctx *cx, Graph *g, uint32_t *out)
{
    const Build *b = g->build;
    *out = GRAPH_NONE;
    for (uint32_t i = 0; i < b->members_n; i++) {
        const Member *m = &b->member[i];
        for (uint32_t p = 0; p < m->parts_n; p++) {
            uint32_t margin, part = m->part[p] < steps_parts(b->steps) ? m->part[p] : steps_parts(b->steps) - 1;
            bool told;
            TRY(cx, graph_model(cx, g, m->model[p], part, &margin, &told));
            if (!told) return cannot(cx, "the learner", m->learner);
            TRY(cx, graph_cast(cx, g, margin, GRAPH_F64, &margin));
            TRY(cx, graph_with(cx, g, GRAPH_MUL, margin, m->weight * m->scale / m->parts_n, &margin));
            if (*out == GRAPH_NONE) *out = margin;
            else TRY(cx, graph_two(cx, g, GRAPH_ADD, *out, margin, out));
        }
    }
    return OK;
}

/* log-odds to the probability of class 1, and that of class 0 before it */
static Err two_classes(Ctx *cx, Graph *g, uint32_t z, uint32_t *out)
{
    uint32_t list[2], one;
    TRY(cx, graph_sigmoid(cx, g, z, &list[1]));
    TRY(cx, graph_number(cx, g, GRAPH_F64, 1, &one));
    TRY(cx, graph_two(cx, g, GRAPH_SUB, one, list[1], &list[0]));
    return graph_list(cx, g, GRAPH_JOIN, GRAPH_F64, GRAPH_NONE, list, 2, out);
}

static Err answer(Ctx *cx, Graph *g)
{
    const Build *b = g->build;
    uint32_t z;
    TRY(cx, members(cx, g, &z));
    TRY(cx, graph_with(cx, g, GRAPH_MUL, z, b->scale, &z));
    TRY(cx, graph_with(cx, g, GRAPH_ADD, z, b->shift, &z));
    if (b->task == TASK_BINARY) return two_classes(cx, g, z, &g->answer);
    if (b->task == TASK_MULTICLASS) return graph_one(cx, g, GRAPH_SOFTMAX, z, &g->answer);
    if (b->task != TASK_REGRESSION) return cannot(cx, "the task", task_word(b->task));
    TRY(cx, graph_with(cx, g, GRAPH_MAX, z, fmax(b->lo, -DBL_MAX), &z));
    return graph_with(cx, g, GRAPH_MIN, z, fmin(b->hi, DBL_MAX), &g->answer);
}

Err graph_make(Ctx *cx, const Build *b, Graph **out)
{
    Err err = OK;
    const Steps *s = b->steps;
    size_t features = (size_t)steps_parts(s) * s->features_n;
    *out = NULL;
    Graph *g = ctx_get(cx, sizeof *g);
    if (!g) return FAIL(cx, ERR_NOMEM, "exporting a build");
    g->build = b;
    GET_DONE(cx, g->column, b->schema->n, "exporting a build");
    GET_DONE(cx, g->index, s->keys_n, "exporting a build");
    GET_DONE(cx, g->feature, features, "exporting a build");
    memset(g->column, 0xff, b->schema->n * sizeof *g->column);
    memset(g->index, 0xff, s->keys_n * sizeof *g->index);
    memset(g->feature, 0xff, features * sizeof *g->feature);
    for (uint32_t i = 0; i < b->schema->n; i++) {          /* every column enters, in the schema's order */
        uint32_t unused;
        TRY_DONE(cx, column_of(cx, g, i, &unused));
    }
    TRY_DONE(cx, answer(cx, g));
    *out = g;
    g = NULL;
done:
    graph_free(cx, g);
    return err;
}

Err export_build(Ctx *cx, const Build *b, ExportFormat format, Text *out)
{
    Graph *g;
    TRY(cx, graph_make(cx, b, &g));
    Err err = format == EXPORT_ONNX ? export_onnx(cx, g, out) : format == EXPORT_C ? export_c(cx, g, out) : export_json(cx, g, out);
    if (!err) err = text_err(out);
    graph_free(cx, g);
    return err ? ctx_hop(cx, err, __FILE__, __LINE__) : OK;
}

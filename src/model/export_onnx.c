/* model/export_onnx.c -- a graph as ONNX: ir 8, opset 17, ai.onnx.ml 3, written byte by byte (protocol buffers).
**
** Trees become TreeEnsembleRegressor in double.  That knows numbers only: a split by a set of categories becomes
** one by a column of its own, which a table tells from the code (0: in the set).  NaN where it is read as 0, and 0 where it
** is read as missing, become columns of their own too.
*/
#include "model/graph.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PB_FLOAT = 1, PB_INT64 = 7, PB_STRING = 8, PB_BOOL = 9, PB_DOUBLE = 11 };      /* TensorProto.DataType */
enum { ATTR_INT = 2, ATTR_TENSOR = 4, ATTR_FLOATS = 6, ATTR_INTS = 7, ATTR_STRINGS = 8 };

#define NAME_MAX_BYTES 40

typedef struct Onnx {
    Ctx *cx;
    const Graph *g;
    Text nodes, inits, one, part;     /* `one` a node at hand, `part` a piece of it */
    uint32_t made;                    /* names given */
    bool rows;                        /* "rows" (their number) was made */
} Onnx;

/* -------------------------------------------------------- protocol buffers */

static void varint(Text *t, uint64_t v)
{
    for (; v >= 0x80; v >>= 7) put_u8(t, (uint8_t)(v | 0x80));
    put_u8(t, (uint8_t)v);
}

static void pb_int(Text *t, uint32_t field, int64_t v)
{
    varint(t, field << 3);
    varint(t, (uint64_t)v);
}

static void pb_bytes(Text *t, uint32_t field, const void *at, size_t n)
{
    varint(t, field << 3 | 2);
    varint(t, n);
    text_bytes(t, at, n);
}

static void pb_text(Text *t, uint32_t field, const char *s) { pb_bytes(t, field, s, strlen(s)); }

static void pb_sub(Text *t, uint32_t field, Text *sub)
{
    pb_bytes(t, field, sub->at ? sub->at : "", sub->n);
    if (sub->broken) t->broken = true;
    sub->n = 0;
}

/* ------------------------------------------------------------- the pieces */

typedef struct Name { char at[NAME_MAX_BYTES]; } Name;

static Name fresh(Onnx *o, const char *what)
{
    Name n;
    snprintf(n.at, sizeof n.at, "leat/%s_%u", what, o->made++);
    return n;
}

/* The name of a node's value; a column is the input itself. */
static const char *name_of(const Onnx *o, uint32_t node, Name *buf)
{
    const GraphNode *n = &o->g->node[node];
    if (n->op == GRAPH_COLUMN) return o->g->build->schema->col[n->number].name;
    snprintf(buf->at, sizeof buf->at, "leat/%u", node);
    return buf->at;
}

static void tensor_head(Text *t, const char *name, int type, const int64_t *dim, int dims)
{
    for (int i = 0; i < dims; i++) pb_int(t, 1, dim[i]);
    pb_int(t, 2, type);
    if (name) pb_text(t, 8, name);
}

/* An initializer of numbers given as doubles. */
static Name numbers(Onnx *o, const double *v, size_t n, int type, const int64_t *dim, int dims)
{
    Name name = fresh(o, "number");
    Text raw;
    text_init(&raw, o->cx);
    tensor_head(&o->part, name.at, type, dim, dims);
    for (size_t i = 0; i < n; i++) {
        if (type == PB_FLOAT) put_f32(&raw, (float)v[i]);
        else if (type == PB_DOUBLE) put_f64(&raw, v[i]);
        else put_u64(&raw, (uint64_t)(int64_t)v[i]);
    }
    pb_sub(&o->part, 9, &raw);
    pb_sub(&o->inits, 5, &o->part);
    text_clear(&raw);
    return name;
}

static Name whole(Onnx *o, int64_t v) { return numbers(o, &(double){ (double)v }, 1, PB_INT64, (int64_t[]){ 1 }, 1); }

static void begin(Onnx *o, const char *const *in, int ins, const char *out)
{
    for (int i = 0; i < ins; i++) pb_text(&o->one, 1, in[i]);
    pb_text(&o->one, 2, out);
    pb_text(&o->one, 3, out);
}

static void end(Onnx *o, const char *op, bool ml)
{
    pb_text(&o->one, 4, op);
    if (ml) pb_text(&o->one, 7, "ai.onnx.ml");
    pb_sub(&o->nodes, 1, &o->one);
}

static void attr(Onnx *o, const char *name, int type)
{
    pb_text(&o->part, 1, name);
    pb_int(&o->part, 20, type);
    pb_sub(&o->one, 5, &o->part);
}

static void attr_int(Onnx *o, const char *name, int64_t v)
{
    pb_int(&o->part, 3, v);
    attr(o, name, ATTR_INT);
}

static void attr_sub(Onnx *o, const char *name, uint32_t field, int type, Text *sub)
{
    pb_sub(&o->part, field, sub);
    attr(o, name, type);
}

static void simple(Onnx *o, const char *op, const char *const *in, int ins, const char *out)
{
    begin(o, in, ins, out);
    end(o, op, false);
}

static Name simple_fresh(Onnx *o, const char *op, const char *const *in, int ins)
{
    Name out = fresh(o, "t");
    simple(o, op, in, ins, out.at);
    return out;
}

#define IN(...) ((const char *const[]){ __VA_ARGS__ }), (int)(sizeof (const char *[]){ __VA_ARGS__ } / sizeof(const char *))

static int tensor_type(GraphType t)
{
    return t == GRAPH_F32 ? PB_FLOAT : t == GRAPH_F64 ? PB_DOUBLE : t == GRAPH_TEXT ? PB_STRING : PB_INT64;
}

static void cast(Onnx *o, const char *in, int type, const char *out)
{
    begin(o, IN(in), out);
    attr_int(o, "to", type);
    end(o, "Cast", false);
}

static Name cast_fresh(Onnx *o, const char *in, int type)
{
    Name out = fresh(o, "t");
    cast(o, in, type, out.at);
    return out;
}

/* All rows have the same: [1, width] becomes [rows, width]. */
static Name wide(Onnx *o, const char *in, uint32_t width)
{
    if (!o->rows) {
        const char *column = o->g->build->schema->col[0].name;
        Name shape = simple_fresh(o, "Shape", IN(column)), from = whole(o, 0), to = whole(o, 1);
        simple(o, "Slice", IN(shape.at, from.at, to.at), "leat/rows");
        o->rows = true;
    }
    Name columns = whole(o, width), shape = fresh(o, "t");
    begin(o, IN("leat/rows", columns.at), shape.at);
    attr_int(o, "axis", 0);
    end(o, "Concat", false);
    return simple_fresh(o, "Expand", IN(in, shape.at));
}

static void pick(Onnx *o, const char *in, const uint32_t *list, size_t n, const char *out)
{
    Text raw;
    Name at = fresh(o, "list");
    text_init(&raw, o->cx);
    tensor_head(&o->part, at.at, PB_INT64, (int64_t[]){ (int64_t)n }, 1);
    for (size_t i = 0; i < n; i++) put_u64(&raw, list[i]);
    pb_sub(&o->part, 9, &raw);
    pb_sub(&o->inits, 5, &o->part);
    text_clear(&raw);
    begin(o, IN(in, at.at), out);
    attr_int(o, "axis", 1);
    end(o, "Gather", false);
}

static void row_of(Onnx *o, const char *table, const char *at, uint32_t width, const char *out)
{
    if (width == 1) {
        simple(o, "Gather", IN(table, at), out);
        return;
    }
    Name deep = simple_fresh(o, "Gather", IN(table, at)), axis = whole(o, 1);
    simple(o, "Squeeze", IN(deep.at, axis.at), out);
}

/* ---------------------------------------------------------------- columns */

/* LabelEncoder: keys were written to `keys` as its attribute wants them, values to `values`. */
static void encoder(Onnx *o, const char *in, const char *key, uint32_t field, int type, Text *keys, Text *values, int64_t other, const char *out)
{
    begin(o, IN(in), out);
    if (type == ATTR_STRINGS) {            /* already fields of their own */
        text_bytes(&o->part, keys->at, keys->n);
        attr(o, key, type);
    } else
        attr_sub(o, key, field, type, keys);
    attr_sub(o, "values_int64s", 8, ATTR_INTS, values);
    attr_int(o, "default_int64", other);
    end(o, "LabelEncoder", true);
}

static void level_text(Onnx *o, const GraphNode *n, const char *in, const char *out)
{
    Text keys, values;
    const Keys *k = n->keys;
    const Schema *s = o->g->build->schema;
    text_init(&keys, o->cx);
    text_init(&values, o->cx);
    for (uint32_t i = 0; i < k->n; i++) {
        pb_bytes(&keys, 9, k->bytes + k->offset[i], (size_t)(k->offset[i + 1] - k->offset[i]));
        varint(&values, i);
    }
    for (size_t i = 0; i <= s->na_n; i++) {        /* "" too */
        const char *mark = i < s->na_n ? s->na[i] : "";
        if (i < s->na_n && !*mark) continue;
        pb_text(&keys, 9, mark);
        varint(&values, k->n + 1);
    }
    encoder(o, in, "keys_strings", 9, ATTR_STRINGS, &keys, &values, k->n, out);
    text_clear(&keys);
    text_clear(&values);
}

static void level_number(Onnx *o, const GraphNode *n, const char *in, const char *out)
{
    Text keys, values;
    const Keys *k = n->keys;
    Name found = fresh(o, "t");
    text_init(&keys, o->cx);
    text_init(&values, o->cx);
    for (uint32_t i = 0; i < k->n; i++) {
        double v = 0;
        (void)num_read(k->bytes + k->offset[i], (size_t)(k->offset[i + 1] - k->offset[i]), &v);
        put_f32(&keys, (float)v);
        varint(&values, i);
    }
    if (!k->n) {
        put_f32(&keys, 0);
        varint(&values, 0);                        /* 0 of 0 levels: never seen */
    }
    encoder(o, in, "keys_floats", 7, ATTR_FLOATS, &keys, &values, k->n, found.at);
    Name missing = simple_fresh(o, "IsNaN", IN(in)), gone = whole(o, k->n + 1);
    simple(o, "Where", IN(missing.at, gone.at, found.at), out);
    text_clear(&keys);
    text_clear(&values);
}

static void pair(Onnx *o, const GraphNode *n, const char *a, const char *b, const char *out)
{
    Text keys, values;
    uint32_t na = o->g->node[n->a].keys->n + 2, nb = o->g->node[n->b].keys->n + 2;
    text_init(&keys, o->cx);
    text_init(&values, o->cx);
    for (uint32_t i = 0; i < n->keys->n; i++) {
        varint(&keys, (uint64_t)n->keys->pair[2 * i] * nb + n->keys->pair[2 * i + 1]);
        varint(&values, i);
    }
    for (uint32_t i = 0; i < na + nb - 1; i++) {   /* either is missing */
        varint(&keys, i < na ? (uint64_t)i * nb + nb - 1 : (uint64_t)(na - 1) * nb + (i - na));
        varint(&values, n->keys->n + 1);
    }
    Name wide_ = whole(o, nb), high = simple_fresh(o, "Mul", IN(a, wide_.at)), both = simple_fresh(o, "Add", IN(high.at, b));
    encoder(o, both.at, "keys_int64s", 8, ATTR_INTS, &keys, &values, n->keys->n, out);
    text_clear(&keys);
    text_clear(&values);
}

/* ------------------------------------------------------------------ trees */

typedef struct Split { uint32_t view, set; } Split;      /* a split by a category: view and mask, or set */

/* Columns that the ensemble sees: those of number views, then one for each different category split. */
typedef struct Sight {
    const GraphNode *n;
    const Trees *m;
    Split *member;            /* by view, then by first use */
    uint32_t members_n, *slot, slots;
} Sight;

static uint32_t *member_slot(const Sight *s, uint32_t view, uint32_t set)
{
    uint64_t at = ((uint64_t)view << 32 | set) * 0x9E3779B97F4A7C15u >> 20;
    for (;; at++) {
        uint32_t *p = &s->slot[at % s->slots];
        if (!*p || (s->member[*p - 1].view == view && s->member[*p - 1].set == set)) return p;
    }
}

static bool in_member(const Trees *m, Split s, uint32_t code)
{
    uint32_t mode = m->view[s.view].mode;
    if (mode == VIEW_CATEGORY) return trees_in_set(m, s.set, code);
    return code / 32 == mode - VIEW_WORD && (s.set >> code % 32 & 1);
}

static Err find_members(Ctx *cx, Sight *s)
{
    Err err = OK;
    size_t splits = 0;
    const Trees *m = s->m;
    for (size_t i = 0; i < m->nodes_n; i++) splits += m->node[i].view >= m->number_views_n;
    s->slots = (uint32_t)(2 * splits + 1);
    GET_DONE(cx, s->member, splits, "exporting %zu splits", splits);
    GET_DONE(cx, s->slot, s->slots, "exporting %zu splits", splits);
    for (uint32_t v = m->number_views_n; v < m->views_n; v++)
        for (size_t i = 0; i < m->nodes_n; i++) {
            const TreeNode *t = &m->node[i];
            if (t->view != v) continue;
            uint32_t *at = member_slot(s, v, t->u.set);
            if (*at) continue;
            s->member[s->members_n] = (Split){ v, t->u.set };
            *at = ++s->members_n;
        }
done:
    return err;
}

static uint32_t column_at(const GraphNode *n, uint32_t feature)
{
    uint32_t at = 0;
    while (n->list[at] != feature) at++;
    return at;
}

/* Number views: how the column is seen. */
static int variant(uint32_t mode)
{
    return mode == VIEW_NONE ? 1 : mode == VIEW_ZERO_LEFT || mode == VIEW_ZERO_RIGHT ? 2 : 0;
}

/* x as it is but for what counts as 0; with NaN as 0; with 0 as NaN. */
static Name seen_as(Onnx *o, const char *x, int how)
{
    Name tiny = numbers(o, &(double){ (double)TREES_ZERO }, 1, PB_FLOAT, (int64_t[]){ 1, 1 }, 2);
    Name zero = numbers(o, &(double){ how == 2 ? NAN : 0 }, 1, PB_FLOAT, (int64_t[]){ 1, 1 }, 2);
    Name size = simple_fresh(o, "Abs", IN(x)), small = simple_fresh(o, "LessOrEqual", IN(size.at, tiny.at));
    Name out = simple_fresh(o, "Where", IN(small.at, zero.at, x));
    if (how != 1) return out;
    Name missing = simple_fresh(o, "IsNaN", IN(out.at));
    return simple_fresh(o, "Where", IN(missing.at, zero.at, out.at));
}

/* 0 where the code is in the set, else 1: members from .. to-1, which are of one column. */
static Err memberships(Onnx *o, const Sight *s, const char *x, uint32_t from, uint32_t to, Name *out)
{
    uint32_t feature = s->m->view[s->member[from].view].feature, column = column_at(s->n, feature), width = to - from;
    uint32_t levels = o->g->build->steps->feature[feature].levels;
    double *table = ctx_get_n(o->cx, ((size_t)levels + 1) * width, sizeof *table);
    if (!table) return FAIL(o->cx, ERR_NOMEM, "exporting %u sets of %u levels", width, levels);
    for (uint32_t c = 0; c <= levels; c++)
        for (uint32_t i = 0; i < width; i++)
            table[(size_t)c * width + i] = c == levels || !in_member(s->m, s->member[from + i], c);
    Name last = numbers(o, &(double){ levels }, 1, PB_FLOAT, (int64_t[]){ 1, 1 }, 2), code = fresh(o, "t");
    pick(o, x, &column, 1, code.at);
    Name missing = simple_fresh(o, "IsNaN", IN(code.at)), whole_ = simple_fresh(o, "Where", IN(missing.at, last.at, code.at));
    Name at = cast_fresh(o, whole_.at, PB_INT64);
    int64_t dim[2] = { levels + 1, width };
    Name rows = numbers(o, table, ((size_t)levels + 1) * width, PB_FLOAT, dim, width == 1 ? 1 : 2);
    *out = fresh(o, "t");
    row_of(o, rows.at, at.at, width, out->at);
    ctx_put(o->cx, table);
    return OK;
}

/* The matrix that the ensemble reads; *place: its column of each number view.  Members follow. */
static Err sight_matrix(Onnx *o, const Sight *s, const char *x, uint32_t *place, Name *out)
{
    const Trees *m = s->m;
    uint32_t *list = ctx_get_n(o->cx, m->views_n, sizeof *list), width = 0;
    Text ins;
    Err err = OK;
    if (!list) return FAIL(o->cx, ERR_NOMEM, "exporting trees");
    text_init(&ins, o->cx);
    for (int how = 0; how < 3; how++) {
        uint32_t n = 0;
        for (uint32_t v = 1; v < m->number_views_n; v++) {
            if (variant(m->view[v].mode) != how) continue;
            list[n++] = column_at(s->n, m->view[v].feature);
            place[v] = width++;
        }
        if (!n) continue;
        Name all = seen_as(o, x, how), some = fresh(o, "t");
        pick(o, all.at, list, n, some.at);
        pb_text(&ins, 1, some.at);
    }
    for (uint32_t from = 0, to; from < s->members_n; from = to) {
        uint32_t f = m->view[s->member[from].view].feature;
        Name some;
        for (to = from; to < s->members_n && m->view[s->member[to].view].feature == f;) to++;
        TRY_DONE(o->cx, memberships(o, s, x, from, to, &some));
        pb_text(&ins, 1, some.at);
    }
    place[0] = width;                      /* where members begin */
    if (!ins.n) {
        pb_text(&ins, 1, x);
    }
    *out = fresh(o, "t");
    text_bytes(&o->one, ins.at, ins.n);
    pb_text(&o->one, 2, out->at);
    attr_int(o, "axis", 1);
    end(o, "Concat", false);
    *out = cast_fresh(o, out->at, PB_DOUBLE);
done:
    text_clear(&ins);
    ctx_put(o->cx, list);
    return err;
}

typedef enum Ints { TREE, NODE, FEATURE, TRUE_, FALSE_, TRACKS, T_TREE, T_NODE, T_ID, INTS_N } Ints;
static const char *const ints_name[INTS_N] = {
    "nodes_treeids", "nodes_nodeids", "nodes_featureids", "nodes_truenodeids", "nodes_falsenodeids", "nodes_missing_value_tracks_true",
    "target_treeids", "target_nodeids", "target_ids",
};

typedef struct Lists { Text ints[INTS_N], modes, values, weights; size_t nodes, targets; } Lists;

static void tree_node(const Sight *s, const uint32_t *place, uint32_t tree, uint32_t i, Lists *l)
{
    const Trees *m = s->m;
    const TreeNode *node = m->node + m->tree[tree].node0, *t = &node[i];
    bool leaf = trees_is_leaf(node, i), number = t->view < m->number_views_n;
    uint32_t mode = m->view[t->view].mode, column = 0;
    if (!leaf) column = number ? place[t->view] : place[0] + *member_slot(s, t->view, t->u.set) - 1;
    varint(&l->ints[TREE], tree);
    varint(&l->ints[NODE], i);
    varint(&l->ints[FEATURE], column);
    varint(&l->ints[TRUE_], leaf ? 0 : t->left);
    varint(&l->ints[FALSE_], leaf ? 0 : t->left + 1u);
    varint(&l->ints[TRACKS], !leaf && (mode == VIEW_NAN_LEFT || mode == VIEW_ZERO_LEFT));
    pb_text(&l->modes, 9, leaf ? "LEAF" : "BRANCH_LEQ");
    put_f64(&l->values, leaf ? 0 : number ? (double)t->u.at : 0.5);
    l->nodes++;
    if (!leaf) return;
    for (uint32_t c = 0; c < m->leaf_values; c++, l->targets++) {
        varint(&l->ints[T_TREE], tree);
        varint(&l->ints[T_NODE], i);
        varint(&l->ints[T_ID], m->leaf_values > 1 ? c : tree % m->head.outputs);
        put_f64(&l->weights, m->value[(m->tree[tree].leaf0 + t->u.set) * m->leaf_values + c]);
    }
}

static void doubles(Onnx *o, const char *name, Text *raw, size_t n)
{
    Text tensor;
    text_init(&tensor, o->cx);
    tensor_head(&tensor, NULL, PB_DOUBLE, (int64_t[]){ (int64_t)n }, 1);
    pb_sub(&tensor, 9, raw);
    attr_sub(o, name, 5, ATTR_TENSOR, &tensor);
    text_clear(&tensor);
}

static void ensemble(Onnx *o, const Sight *s, const char *x, Lists *l, const char *out)
{
    Name sum = fresh(o, "t");
    begin(o, IN(x), sum.at);
    attr_int(o, "n_targets", s->m->head.outputs);
    for (int i = 0; i < INTS_N; i++) attr_sub(o, ints_name[i], 8, ATTR_INTS, &l->ints[i]);
    text_bytes(&o->part, l->modes.at, l->modes.n);
    attr(o, "nodes_modes", ATTR_STRINGS);
    doubles(o, "nodes_values_as_tensor", &l->values, l->nodes);
    doubles(o, "target_weights_as_tensor", &l->weights, l->targets);
    end(o, "TreeEnsembleRegressor", true);
    cast(o, sum.at, PB_DOUBLE, out);
}

static Err trees(Onnx *o, const GraphNode *n, const char *x, const char *out)
{
    Sight s = { .n = n, .m = n->trees };
    Lists l = { .nodes = 0 };
    Err err = OK;
    uint32_t *place = NULL;
    Name seen;
    Text *all[] = { &l.modes, &l.values, &l.weights };
    for (int i = 0; i < INTS_N; i++) text_init(&l.ints[i], o->cx);
    for (int i = 0; i < 3; i++) text_init(all[i], o->cx);
    GET_DONE(o->cx, place, s.m->views_n, "exporting trees");
    TRY_DONE(o->cx, find_members(o->cx, &s));
    TRY_DONE(o->cx, sight_matrix(o, &s, x, place, &seen));
    for (uint32_t t = 0; t < s.m->trees_n; t++)
        for (uint32_t i = 0; i < s.m->tree[t].nodes; i++) tree_node(&s, place, t, i, &l);
    for (int i = 0; i < 3; i++) TRY_DONE(o->cx, text_err(all[i]));
    ensemble(o, &s, seen.at, &l, out);
done:
    for (int i = 0; i < INTS_N; i++) text_clear(&l.ints[i]);
    for (int i = 0; i < 3; i++) text_clear(all[i]);
    ctx_put(o->cx, place);
    ctx_put(o->cx, s.member);
    ctx_put(o->cx, s.slot);
    return err;
}

/* ------------------------------------------------------------------ nodes */

static const char *const plain[GRAPH_OPS_N] = {
    [GRAPH_ADD] = "Add", [GRAPH_SUB] = "Sub", [GRAPH_MUL] = "Mul", [GRAPH_DIV] = "Div", [GRAPH_MIN] = "Min", [GRAPH_MAX] = "Max",
    [GRAPH_EXP] = "Exp", [GRAPH_LOG] = "Log", [GRAPH_SQRT] = "Sqrt", [GRAPH_SIN] = "Sin", [GRAPH_COS] = "Cos", [GRAPH_FLOOR] = "Floor",
};

static void join(Onnx *o, const GraphNode *n, const char *out)
{
    Text ins;
    text_init(&ins, o->cx);
    for (uint32_t i = 0; i < n->list_n; i++) {
        Name buf;
        const char *in = name_of(o, n->list[i], &buf);
        if (o->g->node[n->list[i]].op == GRAPH_CONST) {
            Name all = wide(o, in, o->g->node[n->list[i]].width);
            pb_text(&ins, 1, all.at);
        } else
            pb_text(&ins, 1, in);
    }
    text_bytes(&o->one, ins.at, ins.n);
    pb_text(&o->one, 2, out);
    attr_int(o, "axis", 1);
    end(o, "Concat", false);
    text_clear(&ins);
}

static void constant(Onnx *o, const GraphNode *n, const char *out)
{
    Name at = numbers(o, n->table, n->width, tensor_type(n->type), (int64_t[]){ 1, n->width }, 2);
    simple(o, "Identity", IN(at.at), out);
}

static void linear(Onnx *o, const GraphNode *n, const char *x, const char *out)
{
    int type = tensor_type(n->type);
    Name w = numbers(o, n->table, (size_t)n->table_n * n->width, type, (int64_t[]){ n->table_n, n->width }, 2);
    Name b = numbers(o, n->other, n->width, type, (int64_t[]){ n->width }, 1);
    simple(o, "Gemm", IN(x, w.at, b.at), out);
}

static void compare(Onnx *o, const GraphNode *n, const char *op, const char *a, const char *b, const char *out)
{
    Name yes = b ? simple_fresh(o, op, IN(a, b)) : simple_fresh(o, op, IN(a));
    cast(o, yes.at, tensor_type(n->type), out);
}

static Err node(Onnx *o, uint32_t i)
{
    const GraphNode *n = &o->g->node[i];
    Name bufs[4];
    const char *out = name_of(o, i, &bufs[0]);
    const char *a = n->a == GRAPH_NONE ? NULL : name_of(o, n->a, &bufs[1]);
    const char *b = n->b == GRAPH_NONE ? NULL : name_of(o, n->b, &bufs[2]);
    const char *c = n->c == GRAPH_NONE ? NULL : name_of(o, n->c, &bufs[3]);
    switch (n->op) {
    case GRAPH_COLUMN: break;
    case GRAPH_LEVEL:
        if (o->g->node[n->a].type == GRAPH_TEXT) level_text(o, n, a, out);
        else level_number(o, n, a, out);
        break;
    case GRAPH_PAIR: pair(o, n, a, b, out); break;
    case GRAPH_ROW: {
        int64_t dim[2] = { n->table_n, n->width };
        Name t = numbers(o, n->table, (size_t)n->table_n * n->width, tensor_type(n->type), dim, n->width == 1 ? 1 : 2);
        row_of(o, t.at, a, n->width, out);
        break;
    }
    case GRAPH_CONST: constant(o, n, out); break;
    case GRAPH_CAST: cast(o, a, tensor_type(n->type), out); break;
    case GRAPH_ISNAN: compare(o, n, "IsNaN", a, NULL, out); break;
    case GRAPH_LE: compare(o, n, "LessOrEqual", a, b, out); break;
    case GRAPH_IF: {
        Name yes = cast_fresh(o, c, PB_BOOL);
        simple(o, "Where", IN(yes.at, a, b), out);
        break;
    }
    case GRAPH_JOIN: join(o, n, out); break;
    case GRAPH_PICK: pick(o, a, n->list, n->list_n, out); break;
    case GRAPH_LINEAR: linear(o, n, a, out); break;
    case GRAPH_TREES: return trees(o, n, a, out);
    case GRAPH_SOFTMAX:
        begin(o, IN(a), out);
        attr_int(o, "axis", 1);
        end(o, "Softmax", false);
        break;
    default:
        if (b) simple(o, plain[n->op], IN(a, b), out);
        else simple(o, plain[n->op], IN(a), out);
        break;
    }
    return OK;
}

/* ------------------------------------------------------------------ model */

static void value(Onnx *o, Text *graph, uint32_t field, const char *name, int type, uint32_t width)
{
    Text tensor, shape, dim;
    text_init(&tensor, o->cx);
    text_init(&shape, o->cx);
    text_init(&dim, o->cx);
    pb_text(&dim, 2, "N");
    pb_sub(&shape, 1, &dim);
    pb_int(&dim, 1, width);
    pb_sub(&shape, 1, &dim);
    pb_int(&tensor, 1, type);
    pb_sub(&tensor, 2, &shape);
    pb_sub(&o->part, 1, &tensor);          /* TypeProto.tensor_type */
    pb_text(&o->one, 1, name);
    pb_sub(&o->one, 2, &o->part);
    pb_sub(graph, field, &o->one);
    text_clear(&tensor);
    text_clear(&shape);
    text_clear(&dim);
}

/* Which class: the one most likely, or class 1 from the threshold on; then its name. */
static void class_of(Onnx *o, const char *p)
{
    const Build *b = o->g->build;
    Name at = fresh(o, "t");
    if (b->task == TASK_BINARY) {
        Name second = fresh(o, "t"), from = numbers(o, &b->threshold, 1, PB_DOUBLE, (int64_t[]){ 1, 1 }, 2);
        pick(o, p, (uint32_t[]){ 1 }, 1, second.at);
        Name yes = simple_fresh(o, "GreaterOrEqual", IN(second.at, from.at));
        cast(o, yes.at, PB_INT64, at.at);
    } else {
        begin(o, IN(p), at.at);
        attr_int(o, "axis", 1);
        end(o, "ArgMax", false);
    }
    Text keys, values;
    text_init(&keys, o->cx);
    text_init(&values, o->cx);
    for (uint32_t c = 0; c < b->classes; c++) {
        varint(&keys, c);
        pb_text(&values, 9, b->class_name[c]);
    }
    begin(o, IN(at.at), "prediction");
    attr_sub(o, "keys_int64s", 8, ATTR_INTS, &keys);
    text_bytes(&o->part, values.at, values.n);
    attr(o, "values_strings", ATTR_STRINGS);
    end(o, "LabelEncoder", true);
    text_clear(&keys);
    text_clear(&values);
}

static void answers(Onnx *o)
{
    const Build *b = o->g->build;
    Name buf;
    uint32_t width = o->g->node[o->g->answer].width;
    Name all = wide(o, name_of(o, o->g->answer, &buf), width);
    cast(o, all.at, PB_FLOAT, b->classes ? "probabilities" : "prediction");
    if (b->classes) class_of(o, all.at);
}

static void operators(Text *out, const char *domain, int64_t version, Text *buf)
{
    pb_text(buf, 1, domain);
    pb_int(buf, 2, version);
    pb_sub(out, 8, buf);
}

static void whole_model(Onnx *o, Text *out)
{
    const Build *b = o->g->build;
    Text graph;
    text_init(&graph, o->cx);
    text_bytes(&graph, o->nodes.at, o->nodes.n);
    pb_text(&graph, 2, "leat");
    text_bytes(&graph, o->inits.at, o->inits.n);
    for (uint32_t i = 0; i < b->schema->n; i++)
        value(o, &graph, 11, b->schema->col[i].name, tensor_type(o->g->node[o->g->column[i]].type), 1);
    value(o, &graph, 12, "prediction", b->classes ? PB_STRING : PB_FLOAT, 1);
    if (b->classes) value(o, &graph, 12, "probabilities", PB_FLOAT, b->classes);
    pb_int(out, 1, 8);
    pb_text(out, 2, "leat");
    pb_sub(out, 7, &graph);
    operators(out, "", 17, &o->part);
    operators(out, "ai.onnx.ml", 3, &o->part);
    text_clear(&graph);
}

Err export_onnx(Ctx *cx, const Graph *g, Text *out)
{
    Onnx o = { .cx = cx, .g = g };
    Text *all[] = { &o.nodes, &o.inits, &o.one, &o.part };
    Err err = OK;
    for (int i = 0; i < 4; i++) text_init(all[i], cx);
    for (uint32_t i = 0; i < g->n; i++) TRY_DONE(cx, node(&o, i));
    answers(&o);
    for (int i = 0; i < 4; i++) TRY_DONE(cx, text_err(all[i]));
    whole_model(&o, out);
done:
    for (int i = 0; i < 4; i++) text_clear(all[i]);
    return err;
}

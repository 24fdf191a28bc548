/* model/export_json.c -- a graph as JSON.  Format: doc/formats/export.md */
#include "model/graph.h"

#include <math.h>
#include <string.h>

static const char *const type_word[] = { [GRAPH_F32] = "f32", [GRAPH_F64] = "f64", [GRAPH_INDEX] = "index", [GRAPH_TEXT] = "text" };

static void ints(Text *t, const char *key, const uint32_t *v, size_t n)
{
    json_key_open_array(t, key);
    for (size_t i = 0; i < n; i++) json_int(t, v[i]);
    json_close_array(t);
}

static void keys(Text *t, const Keys *k, bool number)
{
    json_key_open_array(t, "keys");
    for (uint32_t i = 0; i < k->n; i++) {
        if (k->pair) {
            json_open_array(t);
            json_int(t, k->pair[2 * (size_t)i]);
            json_int(t, k->pair[2 * (size_t)i + 1]);
            json_close_array(t);
            continue;
        }
        const char *s = k->bytes + k->offset[i];
        size_t n = (size_t)(k->offset[i + 1] - k->offset[i]);
        double v;
        if (number && num_read(s, n, &v)) json_num(t, (double)(float)v);
        else json_text_n(t, s, n);
    }
    json_close_array(t);
}

/* What a split tests: a number, or the codes that go left. */
static void cut(Text *t, const Trees *m, const TreeNode *node)
{
    uint32_t mode = m->view[node->view].mode;
    if (node->view < m->number_views_n) {
        double at = (double)node->u.at;        /* JSON has no infinity; no float32 is larger than this */
        json_num(t, isinf(at) ? copysign(1e300, at) : at);
        return;
    }
    json_open_array(t);
    if (mode >= VIEW_WORD) {
        for (uint32_t b = 0; b < 32; b++)
            if (node->u.set >> b & 1) json_int(t, (mode - VIEW_WORD) * 32 + b);
    } else
        for (uint32_t c = 0; c < m->set[node->u.set].words * 32; c++)
            if (trees_in_set(m, node->u.set, c)) json_int(t, c);
    json_close_array(t);
}

static void tree(Text *t, const Trees *m, const Tree *tree)
{
    const TreeNode *node = m->node + tree->node0;
    json_open(t);
    json_key_open_array(t, "view");
    for (uint32_t i = 0; i < tree->nodes; i++) json_int(t, node[i].view);
    json_close_array(t);
    json_key_open_array(t, "cut");
    for (uint32_t i = 0; i < tree->nodes; i++) {
        if (trees_is_leaf(node, i)) json_int(t, node[i].u.set);
        else cut(t, m, &node[i]);
    }
    json_close_array(t);
    json_key_open_array(t, "left");
    for (uint32_t i = 0; i < tree->nodes; i++) json_int(t, trees_is_leaf(node, i) ? 0 : node[i].left);
    json_close_array(t);
    json_nums(t, "value", m->value + tree->leaf0 * m->leaf_values, (size_t)tree->leaves * m->leaf_values);
    json_close(t);
}

static void trees(Text *t, const GraphNode *n)
{
    static const char *const mode[] = { "leaf", "nan is 0", "nan right", "nan left", "nan and 0 right", "nan and 0 left", "category" };
    const Trees *m = n->trees;
    json_key_int(t, "leaf_values", m->leaf_values);
    json_key_open_array(t, "views");
    for (uint32_t v = 0; v < m->views_n; v++) {
        uint32_t at = 0;
        while (v && n->list[at] != m->view[v].feature) at++;
        json_open(t);
        json_key_int(t, "column", at);
        json_key_text(t, "mode", mode[m->view[v].mode > VIEW_CATEGORY ? VIEW_CATEGORY : m->view[v].mode]);
        json_close(t);
    }
    json_close_array(t);
    json_key_open_array(t, "trees");
    for (uint32_t i = 0; i < m->trees_n; i++) tree(t, m, &m->tree[i]);
    json_close_array(t);
}

static void node(Text *t, const Graph *g, const GraphNode *n)
{
    json_open(t);
    json_key_text(t, "op", graph_word(n->op));
    json_key_text(t, "type", type_word[n->type]);
    json_key_int(t, "width", n->width);
    if (n->op == GRAPH_COLUMN) json_key_int(t, "column", n->number);
    if (n->a != GRAPH_NONE) json_key_int(t, "a", n->a);
    if (n->b != GRAPH_NONE) json_key_int(t, "b", n->b);
    if (n->c != GRAPH_NONE) json_key_int(t, "c", n->c);
    if (n->keys) keys(t, n->keys, g->node[n->a].type == GRAPH_F32);
    if (n->op == GRAPH_JOIN || n->op == GRAPH_PICK) ints(t, "list", n->list, n->list_n);
    if (n->table) json_nums(t, "table", n->table, (size_t)n->table_n * n->width);
    if (n->other) json_nums(t, "other", n->other, n->width);
    if (n->op == GRAPH_TREES) trees(t, n);
    json_close(t);
    text_char(t, '\n');
}

Err export_json(Ctx *cx, const Graph *g, Text *t)
{
    const Build *b = g->build;
    (void)cx;
    json_open(t);
    json_key_text(t, "format", "leat graph");
    json_key_int(t, "version", 1);
    json_key_text(t, "task", task_word(b->task));
    json_key_text(t, "target", b->target);
    json_key_open_array(t, "classes");
    for (uint32_t c = 0; c < b->classes; c++) json_text(t, b->class_name[c]);
    json_close_array(t);
    json_key_num(t, "threshold", b->task == TASK_BINARY ? b->threshold : NAN);
    json_key_open_array(t, "columns");
    for (uint32_t i = 0; i < b->schema->n; i++) {
        GraphType type = g->node[g->column[i]].type;
        json_open(t);
        json_key_text(t, "name", b->schema->col[i].name);
        json_key_text(t, "kind", type == GRAPH_TEXT ? "text" : type == GRAPH_F64 ? "time" : "number");
        json_close(t);
    }
    json_close_array(t);
    json_key_open_array(t, "missing");
    for (size_t i = 0; i < b->schema->na_n; i++) json_text(t, b->schema->na[i]);
    json_close_array(t);
    json_key_int(t, "answer", g->answer);
    json_key_open_array(t, "nodes");
    for (uint32_t i = 0; i < g->n; i++) node(t, g, &g->node[i]);
    json_close_array(t);
    json_close(t);
    text_char(t, '\n');
    return text_err(t);
}

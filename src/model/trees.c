/* model/trees.c -- the form "trees": making a model of them, freeing it, its row.
**
** Walking is in trees_walk.c, explaining in trees_shap.c, storing in trees_file.c.
*/
#include "model/trees_inner.h"
#include "model/forms.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define NO_VIEW UINT32_MAX

struct TreesMaker {
    Trees *m;
    size_t trees_cap, nodes_cap, leaves_cap, sets_cap, words_cap, views_cap;
    uint32_t *seen;          /* cols x VIEW_MODES: the view of each pair, or NO_VIEW */
    uint32_t *queue;         /* of the tree being added: given node of each laid node, */
    uint32_t *depth;         /*   and its depth */
    size_t queue_cap;
};

uint32_t trees_count(const Model *m) { return ((const Trees *)m)->trees_n; }
size_t trees_leaves(const Model *m) { return ((const Trees *)m)->leaves_n; }

void trees_free(Ctx *cx, Model *model)
{
    Trees *m = (Trees *)model;
    if (!m) return;
    ctx_put(cx, m->view);
    ctx_put(cx, m->set);
    ctx_put(cx, m->word);
    ctx_put(cx, m->tree);
    ctx_put(cx, m->node);
    ctx_put(cx, m->ask);
    ctx_put(cx, m->value);
    ctx_put(cx, m->count);
    ctx_put(cx, m);
}

void trees_drop(Ctx *cx, TreesMaker *maker)
{
    if (!maker) return;
    trees_free(cx, (Model *)maker->m);
    ctx_put(cx, maker->seen);
    ctx_put(cx, maker->queue);
    ctx_put(cx, maker->depth);
    ctx_put(cx, maker);
}

/* Make room for `need` items in *p. */
static Err room_for(Ctx *cx, void **p, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap) return OK;
    size_t more = *cap + *cap / 2 < need ? need : *cap + *cap / 2;
    void *grown = ctx_grow(cx, *p, more, size);
    if (!grown) return FAIL(cx, ERR_NOMEM, "keeping %zu nodes of trees", need);
    *p = grown;
    *cap = more;
    return OK;
}

#define ROOM(cx, p, cap, need) TRY(cx, room_for((cx), (void **)&(p), &(cap), (need), sizeof *(p)))

Err trees_start(Ctx *cx, TreesSum sum, uint32_t outputs, bool all, uint32_t cols, double e, TreesMaker **out)
{
    Err err = OK;
    TreesMaker *k = NULL;
    *out = NULL;
    assert(outputs > 0 && (sum != TREES_MEAN_LOG || (e > 0 && e < 0.5)));
    GET_DONE(cx, k, 1, "starting a model of trees");
    GET_DONE(cx, k->m, 1, "starting a model of trees");
    GET_DONE(cx, k->seen, (size_t)cols * VIEW_MODES, "starting a model of trees of %u columns", cols);
    GET_DONE(cx, k->m->view, 1, "starting a model of trees");
    memset(k->seen, 0xff, (size_t)cols * VIEW_MODES * sizeof *k->seen);
    k->m->head = (Model){ .form = &form_trees, .outputs = outputs, .cols = cols };
    k->m->sum = sum;
    k->m->leaf_values = all ? outputs : 1;
    k->m->e = sum == TREES_MEAN_LOG ? e : 0;
    k->m->views_n = 1;                  /* VIEW_CONSTANT */
    k->views_cap = 1;
    *out = k;
    k = NULL;
done:
    if (k) {
        trees_drop(cx, k);
    }
    return err;
}

static ViewMode view_mode(const TreesNode *t)
{
    static const ViewMode modes[3][2] = {
        [TREES_MISSING_NONE] = { VIEW_NONE, VIEW_NONE },
        [TREES_MISSING_ZERO] = { VIEW_ZERO_RIGHT, VIEW_ZERO_LEFT },
        [TREES_MISSING_NAN] = { VIEW_NAN_RIGHT, VIEW_NAN_LEFT },
    };
    return t->kind == TREES_CATEGORY ? VIEW_CATEGORY : modes[t->missing][t->missing_left];
}

static Err find_view(Ctx *cx, TreesMaker *k, const TreesNode *t, uint32_t mode, uint16_t *out)
{
    Trees *m = k->m;
    uint32_t *seen = &k->seen[(size_t)t->feature * VIEW_MODES + mode];
    if (*seen == NO_VIEW) {
        if (m->views_n >= TREES_VIEWS_MAX)
            return FAIL(cx, ERR_LIMIT, "trees look at more than %u pairs of a column and a treatment of missing", TREES_VIEWS_MAX);
        ROOM(cx, m->view, k->views_cap, (size_t)m->views_n + 1);
        m->view[m->views_n] = (View){ t->feature, mode };
        *seen = m->views_n++;
    }
    *out = (uint16_t)*seen;
    return OK;
}

static Err add_set(Ctx *cx, TreesMaker *k, const TreesNode *t, uint32_t *out)
{
    Trees *m = k->m;
    if (t->set_words > UINT32_MAX - m->words_n)
        return FAIL(cx, ERR_LIMIT, "category splits of trees need more than %u words", UINT32_MAX);
    ROOM(cx, m->set, k->sets_cap, (size_t)m->sets_n + 1);
    ROOM(cx, m->word, k->words_cap, (size_t)m->words_n + t->set_words);
    if (t->set_words) memcpy(m->word + m->words_n, t->set, t->set_words * sizeof *t->set);
    m->set[m->sets_n] = (TreeSet){ m->words_n, t->set_words };
    m->words_n += t->set_words;
    *out = m->sets_n++;
    return OK;
}

/* A set within 32 neighbouring codes is a mask: *mode becomes that of its word. */
static bool is_word(const TreesNode *t, uint32_t *mode, uint32_t *mask)
{
    uint32_t at = 0;
    *mask = 0;
    for (uint32_t w = 0; w < t->set_words; w++) {
        if (!t->set[w]) continue;
        if (*mask || w >= TREES_WORDS) return false;
        *mask = t->set[w];
        at = w;
    }
    *mode = VIEW_WORD + at;
    return true;
}

/* The largest float32 that is not above t: the same rows of float32 go left. */
static float threshold(double t)
{
    float f = (float)t;
    return (double)f > t ? nextafterf(f, -INFINITY) : f;
}

static Err add_leaf(Ctx *cx, Trees *m, Tree *tree, const TreesNode *t, bool round)
{
    const double *given = m->leaf_values > 1 ? t->values : &t->value;
    double *value = m->value + (tree->leaf0 + tree->leaves) * m->leaf_values;
    if (tree->leaves == TREES_LEAVES_MAX) return FAIL(cx, ERR_LIMIT, "a tree has more than %u leaves", TREES_LEAVES_MAX);
    for (uint32_t c = 0; c < m->leaf_values; c++) {
        value[c] = round ? (double)(float)given[c] : given[c];
        if (!(fabs(value[c]) <= TREES_VALUE_MAX)) return FAIL(cx, ERR_NUMERIC, "a leaf of a tree has the value %g", given[c]);
    }
    m->count[tree->leaf0 + tree->leaves] = t->count ? t->count : 1;
    tree->leaves++;
    return OK;
}

/* Node `at` of the laid tree, from the given node; its children join the queue. */
static Err lay_node(Ctx *cx, TreesMaker *k, Tree *tree, const TreesNode *node, size_t n, uint32_t at, bool round)
{
    Trees *m = k->m;
    const TreesNode *t = &node[k->queue[at]];
    TreeNode *out = &m->node[tree->node0 + at];
    *out = (TreeNode){ .left = (uint16_t)at };
    if (k->depth[at] > tree->depth) tree->depth = k->depth[at];
    if (t->kind == TREES_LEAF) {
        out->u.set = tree->leaves;          /* as a float: 0 or a little more, so that view 0 stays where it is */
        TRY(cx, add_leaf(cx, m, tree, t, round));
        return OK;
    }
    if (t->feature >= m->head.cols)
        return FAIL(cx, ERR_SHAPE, "a tree looks at column %u, but there are %u", t->feature, m->head.cols);
    if (t->left >= n || t->right >= n || (size_t)tree->nodes + 2 > n)
        return FAIL(cx, ERR_SHAPE, "the %zu nodes given are not one tree", n);
    if (k->depth[at] == TREES_DEPTH_MAX) return FAIL(cx, ERR_LIMIT, "a tree is deeper than %u splits", TREES_DEPTH_MAX);
    uint32_t mode = view_mode(t), mask;
    bool word = t->kind == TREES_CATEGORY && is_word(t, &mode, &mask);
    TRY(cx, find_view(cx, k, t, mode, &out->view));
    if (trees_reads(mode) > tree->reads) tree->reads = trees_reads(mode);
    if (word) out->u.set = mask;
    else if (t->kind == TREES_CATEGORY) TRY(cx, add_set(cx, k, t, &out->u.set));
    else if (isnan(t->threshold))
        return FAIL(cx, ERR_NUMERIC, "a split of a tree has no threshold");
    else
        out->u.at = threshold(t->threshold);
    out->left = (uint16_t)tree->nodes;
    k->queue[tree->nodes] = t->left;
    k->queue[tree->nodes + 1] = t->right;
    k->depth[tree->nodes] = k->depth[tree->nodes + 1] = k->depth[at] + 1;
    tree->nodes += 2;
    return OK;
}

Err trees_add(Ctx *cx, TreesMaker *k, const TreesNode *node, size_t n, bool round)
{
    Trees *m = k->m;
    if (!n) return FAIL(cx, ERR_SHAPE, "a tree has no nodes");
    if (n > 2 * (size_t)TREES_LEAVES_MAX - 1) return FAIL(cx, ERR_LIMIT, "a tree has more than %u leaves", TREES_LEAVES_MAX);
    if (m->trees_n >= TREES_MAX) return FAIL(cx, ERR_LIMIT, "a model has more than %u trees", TREES_MAX);
    ROOM(cx, m->tree, k->trees_cap, (size_t)m->trees_n + 1);
    ROOM(cx, m->node, k->nodes_cap, m->nodes_n + n);
    size_t count_cap = k->leaves_cap, leaves = n / 2 + 1;
    ROOM(cx, m->count, count_cap, m->leaves_n + leaves);
    TRY(cx, room_for(cx, (void **)&m->value, &k->leaves_cap, m->leaves_n + leaves, sizeof *m->value * m->leaf_values));
    if (n > k->queue_cap) {
        size_t depth_cap = k->queue_cap;
        ROOM(cx, k->depth, depth_cap, n);
        ROOM(cx, k->queue, k->queue_cap, n);
    }
    Tree tree = { .nodes = 1, .node0 = m->nodes_n, .leaf0 = m->leaves_n };
    k->queue[0] = 0;
    k->depth[0] = 0;
    for (uint32_t at = 0; at < tree.nodes; at++) TRY(cx, lay_node(cx, k, &tree, node, n, at, round));
    if (tree.nodes != n) return FAIL(cx, ERR_SHAPE, "%zu nodes of a tree were given, but its root leads to %u", n, tree.nodes);
    m->tree[m->trees_n++] = tree;
    m->nodes_n += n;
    m->leaves_n += tree.leaves;
    return OK;
}

/* Order the views: numbers, words, categories; then by column and mode; and rename them in the nodes. */
static Err sort_views(Ctx *cx, TreesMaker *k)
{
    Err err = OK;
    Trees *m = k->m;
    uint16_t *name = NULL;
    View *view = NULL;
    uint32_t n = 1;
    GET_DONE(cx, name, m->views_n, "ending a model of trees");
    GET_DONE(cx, view, m->views_n, "ending a model of trees");
    for (uint32_t reads = READS_NUMBERS; reads <= READS_SETS; reads++) {
        for (uint32_t f = 0; f < m->head.cols; f++)
            for (uint32_t mode = VIEW_NONE; mode < VIEW_MODES; mode++) {
                uint32_t old = k->seen[(size_t)f * VIEW_MODES + mode];
                if (old == NO_VIEW || trees_reads(mode) != reads) continue;
                name[old] = (uint16_t)n;
                view[n++] = m->view[old];
            }
        if (reads == READS_NUMBERS) m->number_views_n = n;
        if (reads == READS_WORDS) m->word_views_n = n;
    }
    assert(n == m->views_n);
    for (size_t i = 0; i < m->nodes_n; i++) m->node[i].view = name[m->node[i].view];
    ctx_put(cx, m->view);
    m->view = view;
    view = NULL;
done:
    ctx_put(cx, name);
    ctx_put(cx, view);
    return err;
}

/* Give back what growing asked too much; refusal leaves things as they are. */
static void *fit_to(Ctx *cx, void *p, size_t n, size_t size)
{
    void *q = n ? ctx_grow(cx, p, n, size) : NULL;
    return q ? q : p;
}

Err trees_end(Ctx *cx, TreesMaker *k, Model **out)
{
    Err err = OK;
    Trees *m = k->m;
    *out = NULL;
    if (m->leaf_values == 1 && m->trees_n % m->head.outputs) {
        err = FAIL(cx, ERR_SHAPE, "%u trees cannot be shared among %u outputs", m->trees_n, m->head.outputs);
        goto done;
    }
    if (m->sum != TREES_SUM && !m->trees_n) {
        err = FAIL(cx, ERR_SHAPE, "the mean of no trees was asked for");
        goto done;
    }
    TRY_DONE(cx, sort_views(cx, k));
    TRY_DONE(cx, trees_find_symmetric(cx, m));
    m->node = fit_to(cx, m->node, m->nodes_n, sizeof *m->node);
    m->value = fit_to(cx, m->value, m->leaves_n, sizeof *m->value * m->leaf_values);
    m->count = fit_to(cx, m->count, m->leaves_n, sizeof *m->count);
    *out = (Model *)m;
    k->m = NULL;
done:
    trees_drop(cx, k);
    return err;
}

const Form form_trees = {
    .name        = "trees",
    .margin      = trees_margin,
    .explain     = trees_explain,
    .can_explain = trees_can_explain,
    .save        = trees_save,
    .load        = trees_load,
    .free        = trees_free,
};

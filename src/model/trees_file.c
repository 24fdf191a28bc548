/* model/trees_file.c -- trees as bytes and back.  Format: doc/formats/trees.md
**
** Only what cannot be told from the rest is stored: nodes lie breadth first, so a
** bit a node (does it split?) gives every child's place, and no damaged file can
** make a walk go round.
*/
#include "model/trees_inner.h"

#include <math.h>
#include <string.h>

#define FILE_VERSION 1
#define FLAG_FLOAT 1u          /* leaf values are float32 */
#define FLAG_ALL 2u            /* a leaf holds a value an output */

/* Counts are mostly small: 7 bits a byte, the lowest first, the top bit says that more follow. */
static void put_count(Text *t, uint32_t v)
{
    while (v >= 0x80) {
        put_u8(t, (uint8_t)(v | 0x80));
        v >>= 7;
    }
    put_u8(t, (uint8_t)v);
}

static uint32_t get_count(Reader *r)
{
    uint64_t v = 0;
    for (unsigned shift = 0; shift < 35; shift += 7) {
        uint8_t b = get_u8(r);
        v |= (uint64_t)(b & 0x7f) << shift;
        if (b & 0x80) continue;
        if (v > UINT32_MAX || (shift && !b)) break;
        return (uint32_t)v;
    }
    r->short_ = true;
    return 0;
}

static bool all_float(const Trees *m)
{
    for (size_t i = 0; i < m->leaves_n * m->leaf_values; i++)
        if ((double)(float)m->value[i] != m->value[i]) return false;
    return true;
}

static void save_tree(const Trees *m, const Tree *t, bool narrow, Text *out)
{
    const TreeNode *node = m->node + t->node0;
    put_u32(out, t->leaves);
    for (uint32_t i = 0; i < t->nodes; i += 8) {
        uint8_t bits = 0;
        for (uint32_t b = 0; b < 8 && i + b < t->nodes; b++) bits |= (uint8_t)(!trees_is_leaf(node, i + b) << b);
        put_u8(out, bits);
    }
    for (uint32_t i = 0; i < t->nodes; i++) {
        if (trees_is_leaf(node, i)) continue;
        text_bytes(out, &node[i].view, sizeof node[i].view);
        put_u32(out, node[i].u.set);
    }
    const double *value = m->value + t->leaf0 * m->leaf_values;
    for (size_t i = 0; i < (size_t)t->leaves * m->leaf_values; i++) {
        if (narrow) put_f32(out, (float)value[i]);
        else put_f64(out, value[i]);
    }
    for (uint32_t i = 0; i < t->leaves; i++) put_count(out, m->count[t->leaf0 + i]);
}

Err trees_save(Ctx *cx, const Model *model, Text *out)
{
    const Trees *m = (const Trees *)model;
    bool narrow = all_float(m);
    put_u8(out, FILE_VERSION);
    put_u8(out, (uint8_t)m->sum);
    put_u8(out, (uint8_t)((narrow ? FLAG_FLOAT : 0) | (m->leaf_values > 1 ? FLAG_ALL : 0)));
    put_u8(out, 0);
    put_u32(out, m->head.outputs);
    put_u32(out, m->head.cols);
    put_f64(out, m->e);
    put_u32(out, m->views_n - 1);
    for (uint32_t i = 1; i < m->views_n; i++) {
        put_u32(out, m->view[i].feature);
        put_u8(out, (uint8_t)m->view[i].mode);
    }
    put_u32(out, m->sets_n);
    for (uint32_t i = 0; i < m->sets_n; i++) put_u32(out, m->set[i].words);
    text_bytes(out, m->word, m->words_n * sizeof *m->word);
    put_u32(out, m->trees_n);
    for (uint32_t i = 0; i < m->trees_n; i++) save_tree(m, &m->tree[i], narrow, out);
    TRY(cx, text_err(out));
    return OK;
}

static Err load_views(Ctx *cx, Trees *m, Reader *r)
{
    uint32_t n = get_u32(r);
    const unsigned char *p = get_array(r, n, 5);
    if (!p || n >= TREES_VIEWS_MAX) return FAIL(cx, ERR_CORRUPT, "a model of trees lists %u views of its columns", n);
    m->view = ctx_get_n(cx, (size_t)n + 1, sizeof *m->view);
    if (!m->view) return FAIL(cx, ERR_NOMEM, "loading %u views of trees", n);
    m->views_n = n + 1;
    m->number_views_n = m->views_n;
    for (uint32_t i = 1; i <= n; i++, p += 5) {
        View *v = &m->view[i];
        const View *last = v - 1;
        memcpy(&v->feature, p, 4);
        bool ok = v->feature < m->head.cols && p[4] >= VIEW_NONE && p[4] < VIEW_MODES;
        v->mode = ok ? (ViewMode)p[4] : VIEW_CONSTANT;
        bool category = v->mode == VIEW_CATEGORY, after = last->mode == VIEW_CATEGORY;
        if (category && !after) m->number_views_n = i;
        /* Numbers, then categories; each by column, then treatment; none twice. */
        if (i > 1 && category == after)
            ok = ok && (v->feature > last->feature || (v->feature == last->feature && v->mode > last->mode));
        if (!ok || after > category)
            return FAIL(cx, ERR_CORRUPT, "view %u of a model of trees is damaged", i);
    }
    return OK;
}

static Err load_sets(Ctx *cx, Trees *m, Reader *r)
{
    uint32_t n = get_u32(r);
    const unsigned char *p = get_array(r, n, 4);
    uint64_t words = 0;
    if (!p) return FAIL(cx, ERR_CORRUPT, "a model of trees ends inside its %u category sets", n);
    m->set = ctx_get_n(cx, n, sizeof *m->set);
    if (!m->set) return FAIL(cx, ERR_NOMEM, "loading %u category sets", n);
    for (uint32_t i = 0; i < n; i++) {
        m->set[i].first = (uint32_t)words;
        memcpy(&m->set[i].words, p + 4 * (size_t)i, 4);
        words += m->set[i].words;
        if (words > UINT32_MAX) return FAIL(cx, ERR_CORRUPT, "the category sets of a model of trees are damaged");
    }
    p = get_array(r, (size_t)words, 4);
    if (!p) return FAIL(cx, ERR_CORRUPT, "a model of trees ends inside its category sets");
    m->word = ctx_get_n(cx, (size_t)words, 4);
    if (!m->word) return FAIL(cx, ERR_NOMEM, "loading %u category sets", n);
    memcpy(m->word, p, (size_t)words * 4);
    m->sets_n = n;
    m->words_n = (uint32_t)words;
    return OK;
}

/* Count nodes and leaves of all trees without keeping anything, so that memory is asked for once and never more
** than the bytes at hand can fill. */
static bool measure(const Trees *m, Reader r, bool narrow, size_t *nodes, size_t *leaves)
{
    *nodes = *leaves = 0;
    for (uint32_t t = 0; t < m->trees_n && !r.short_; t++) {
        size_t n = get_u32(&r);
        if (!n || n > TREES_LEAVES_MAX) return false;
        get_array(&r, (2 * n + 6) / 8, 1);
        get_array(&r, n - 1, 6);
        get_array(&r, n * m->leaf_values, narrow ? 4 : 8);
        for (size_t i = 0; i < n && !r.short_; i++) get_count(&r);
        *nodes += 2 * n - 1;
        *leaves += n;
    }
    return !r.short_ && !r.n;
}

/* The shape of a tree from its bits.  False if they are no tree. */
static bool load_shape(Trees *m, Tree *t, const unsigned char *bits, uint16_t *depth)
{
    TreeNode *node = m->node + t->node0;
    uint32_t known = 1, leaves = 0;
    depth[0] = 0;
    for (uint32_t i = 0; i < t->nodes; i++) {
        if (i >= known) return false;                /* nothing leads here */
        if (depth[i] > t->depth) t->depth = depth[i];
        m->leaf[t->node0 + i] = (uint16_t)leaves;
        if (!(bits[i / 8] >> i % 8 & 1)) {
            node[i] = (TreeNode){ .left = (uint16_t)i };
            leaves++;
            continue;
        }
        if (known + 2 > t->nodes || depth[i] == TREES_DEPTH_MAX) return false;
        node[i] = (TreeNode){ .left = (uint16_t)known };
        depth[known] = depth[known + 1] = (uint16_t)(depth[i] + 1);
        known += 2;
    }
    bool tail = t->nodes % 8 == 0 || !(bits[t->nodes / 8] >> t->nodes % 8);
    return known == t->nodes && leaves == t->leaves && tail;
}

static Err load_tree(Ctx *cx, Trees *m, Tree *t, Reader *r, bool narrow, uint16_t *depth)
{
    t->leaves = get_u32(r);
    t->nodes = 2 * t->leaves - 1;
    const unsigned char *bits = get_array(r, (t->nodes + 7) / 8, 1);
    if (!load_shape(m, t, bits, depth)) return FAIL(cx, ERR_CORRUPT, "the shape of a tree is damaged");
    for (uint32_t i = 0; i < t->nodes; i++) {
        TreeNode *node = m->node + t->node0 + i;
        if (node->left == i) continue;
        const unsigned char *p = get_array(r, 6, 1);
        memcpy(&node->view, p, 2);
        memcpy(&node->u.set, p + 2, 4);
        bool category = node->view >= m->number_views_n;
        if (!node->view || node->view >= m->views_n || (category ? node->u.set >= m->sets_n : isnan(node->u.at)))
            return FAIL(cx, ERR_CORRUPT, "a split of a tree is damaged");
        t->sets = t->sets || category;
    }
    double *value = m->value + t->leaf0 * m->leaf_values;
    for (size_t i = 0; i < (size_t)t->leaves * m->leaf_values; i++) {
        value[i] = narrow ? (double)get_f32(r) : get_f64(r);
        if (!(fabs(value[i]) <= TREES_VALUE_MAX)) return FAIL(cx, ERR_CORRUPT, "a leaf of a tree has the value %g", value[i]);
    }
    for (uint32_t i = 0; i < t->leaves; i++)
        if (!(m->count[t->leaf0 + i] = get_count(r))) return FAIL(cx, ERR_CORRUPT, "a leaf of a tree has no rows");
    return OK;
}

static Err load_trees(Ctx *cx, Trees *m, Reader *r, bool narrow)
{
    Err err = OK;
    uint16_t *depth = NULL;
    m->trees_n = get_u32(r);
    if (m->trees_n > TREES_MAX || (m->leaf_values == 1 && m->trees_n % m->head.outputs) || (!m->trees_n && m->sum != TREES_SUM) ||
        !measure(m, *r, narrow, &m->nodes_n, &m->leaves_n)) {
        uint32_t claimed = m->trees_n;
        m->trees_n = 0;
        return FAIL(cx, ERR_CORRUPT, "the sizes of the %u trees of a model do not fit its bytes", claimed);
    }
    GET_DONE(cx, m->tree, m->trees_n, "loading %u trees", m->trees_n);
    GET_DONE(cx, m->node, m->nodes_n, "loading trees of %zu nodes", m->nodes_n);
    GET_DONE(cx, m->leaf, m->nodes_n, "loading trees of %zu nodes", m->nodes_n);
    GET_DONE(cx, m->value, m->leaves_n * m->leaf_values, "loading trees of %zu nodes", m->nodes_n);
    GET_DONE(cx, m->count, m->leaves_n, "loading trees of %zu nodes", m->nodes_n);
    GET_DONE(cx, depth, (size_t)2 * TREES_LEAVES_MAX, "loading %u trees", m->trees_n);
    size_t node0 = 0, leaf0 = 0;
    for (uint32_t i = 0; i < m->trees_n; i++) {
        Tree *t = &m->tree[i];
        t->node0 = node0;
        t->leaf0 = leaf0;
        TRY_DONE(cx, load_tree(cx, m, t, r, narrow, depth));
        node0 += t->nodes;
        leaf0 += t->leaves;
    }
done:
    ctx_put(cx, depth);
    return err;
}

Err trees_load(Ctx *cx, const void *bytes, size_t n, Model **out)
{
    Err err = OK;
    Reader r = { bytes, n, false };
    Trees *m = NULL;
    *out = NULL;
    uint8_t version = get_u8(&r), sum = get_u8(&r), flags = get_u8(&r), zero = get_u8(&r);
    uint32_t outputs = get_u32(&r), cols = get_u32(&r);
    double e = get_f64(&r);
    if (r.short_) return FAIL(cx, ERR_CORRUPT, "a model of trees ends inside its head, after %zu bytes", n);
    if (version != FILE_VERSION) return FAIL(cx, ERR_CORRUPT, "a model of trees has the unknown version %u", version);
    bool e_ok = sum == TREES_MEAN_LOG ? e > 0 && e < 0.5 : e == 0;
    bool all = flags & FLAG_ALL;
    if (sum > TREES_MEAN_LOG || flags > (FLAG_FLOAT | FLAG_ALL) || zero || !outputs || (all && outputs < 2) || !e_ok)
        return FAIL(cx, ERR_CORRUPT, "the head of a model of trees is damaged");
    GET_DONE(cx, m, 1, "loading a model of trees");
    m->head = (Model){ .form = &form_trees, .outputs = outputs, .cols = cols };
    m->sum = (TreesSum)sum;
    m->leaf_values = all ? outputs : 1;
    m->e = e;
    TRY_DONE(cx, load_views(cx, m, &r));
    TRY_DONE(cx, load_sets(cx, m, &r));
    TRY_DONE(cx, load_trees(cx, m, &r, flags & FLAG_FLOAT));
    *out = (Model *)m;
    m = NULL;
done:
    trees_free(cx, (Model *)m);
    return err;
}

/* model/trees_file.c -- trees as bytes and back.  Format: doc/formats/trees.md
**
** Only what cannot be told from the rest is stored: nodes lie breadth first, so a
** bit a node (does it split?) gives every child's place, and no damaged file can
** make a walk go round.
*/
#include "model/trees_inner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FILE_VERSION 2
#define FLAG_FLOAT 1u          /* leaf values are float32 */
#define FLAG_ALL 2u            /* a leaf holds a value an output */
#define FLAG_TABLE 4u          /* leaf values are places in a table of them */
#define VALUES_MAX 16384u      /* different leaf values that are worth a table: their places take two bytes at most */
#define CUTS_MAX 256u          /* different thresholds of a view that are worth a table: their places take a byte */

/* Small numbers are the most: 7 bits a byte, the lowest first, the top bit says that more follow. */
static void put_small(Text *t, uint32_t v)
{
    while (v >= 0x80) {
        put_u8(t, (uint8_t)(v | 0x80));
        v >>= 7;
    }
    put_u8(t, (uint8_t)v);
}

static uint32_t get_small(Reader *r)
{
    if (r->n && !(r->at[0] & 0x80)) {
        r->n--;
        return *r->at++;
    }
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

/* ------------------------------------------------------------------ saving */

/* How a model is written: what is the same for all its trees. */
typedef struct Style {
    bool narrow, wide_views;       /* float32 leaf values; views take two bytes */
    uint32_t cut_bytes;            /* of a threshold: 4, or 3 where the lowest byte is always 0; 0: a place in cut[] */
    uint32_t *cuts_n;              /* views: how many different thresholds, sorted from */
    float *cut;                    /*   cut[view * CUTS_MAX] on */
    uint32_t values_n;             /* 0: no table */
    double *value;                 /* the table, most frequent first */
    uint32_t *slot;                /* hash of a value's bits to its place + 1 */
} Style;

#define SLOTS (4 * VALUES_MAX)

static uint64_t bits_of(double v)
{
    uint64_t b;
    memcpy(&b, &v, sizeof b);
    return b;
}

static uint32_t *slot_of(const Style *s, double v)
{
    uint64_t b = bits_of(v), at = (b ^ b >> 29) * 0x9E3779B97F4A7C15u >> 40;
    while (s->slot[at % SLOTS] && bits_of(s->value[s->slot[at % SLOTS] - 1]) != b) at++;
    return &s->slot[at % SLOTS];
}

typedef struct Often { double value; uint32_t n; } Often;

static int by_often(const void *a, const void *b)
{
    const Often *x = a, *y = b;
    if (x->n != y->n) return x->n > y->n ? -1 : 1;
    return bits_of(x->value) < bits_of(y->value) ? -1 : 1;
}

/* A table of leaf values, where there are few and it saves bytes. */
static Err plan_values(Ctx *cx, const Trees *m, Style *s)
{
    Err err = OK;
    Often *often = NULL;
    size_t all = m->leaves_n * m->leaf_values, each = s->narrow ? 4 : 8, bytes = 0;
    GET_DONE(cx, s->slot, SLOTS, "saving trees");
    GET_DONE(cx, s->value, VALUES_MAX, "saving trees");
    GET_DONE(cx, often, VALUES_MAX, "saving trees");
    for (size_t i = 0; i < all; i++) {
        uint32_t *at = slot_of(s, m->value[i]);
        if (!*at) {
            if (s->values_n == VALUES_MAX) {
                s->values_n = 0;
                goto done;
            }
            s->value[s->values_n] = m->value[i];
            *at = ++s->values_n;
        }
        often[*at - 1].n++;
    }
    for (uint32_t i = 0; i < s->values_n; i++) often[i].value = s->value[i];
    if (s->values_n) qsort(often, s->values_n, sizeof *often, by_often);
    memset(s->slot, 0, SLOTS * sizeof *s->slot);
    for (uint32_t i = 0; i < s->values_n; i++) {
        s->value[i] = often[i].value;
        *slot_of(s, s->value[i]) = i + 1;
        bytes += each + (size_t)often[i].n * (i < 128 ? 1 : 2);
    }
    if (bytes + 4 >= all * each) s->values_n = 0;
done:
    ctx_put(cx, often);
    return err;
}

/* The place of a threshold among the sorted ones of its view, where it would have to stand. */
static uint32_t cut_place(const Style *s, uint32_t view, float at)
{
    const float *cut = s->cut + (size_t)view * CUTS_MAX;
    uint32_t lo = 0, hi = s->cuts_n[view];
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (cut[mid] < at) lo = mid + 1;
        else hi = mid;
    }
    return lo;
}

static Err plan_cuts(Ctx *cx, const Trees *m, Style *s)
{
    Err err = OK;
    size_t splits = 0, table = 0;
    bool fits = true, short_ = true;
    GET_DONE(cx, s->cuts_n, m->number_views_n, "saving trees");
    GET_DONE(cx, s->cut, (size_t)m->number_views_n * CUTS_MAX, "saving trees");
    for (size_t i = 0; i < m->nodes_n; i++) {
        const TreeNode *t = &m->node[i];
        if (!t->view || t->view >= m->number_views_n) continue;
        splits++;
        short_ = short_ && !(t->u.set & 0xff);
        if (!fits) continue;
        float *cut = s->cut + (size_t)t->view * CUTS_MAX;
        uint32_t n = s->cuts_n[t->view], at = cut_place(s, t->view, t->u.at);
        while (at < n && !(cut[at] > t->u.at) && memcmp(&cut[at], &t->u.at, sizeof *cut)) at++;    /* -0 beside 0 */
        if (at < n && !memcmp(&cut[at], &t->u.at, sizeof *cut)) continue;
        fits = n < CUTS_MAX;
        if (!fits) continue;
        memmove(cut + at + 1, cut + at, (n - at) * sizeof *cut);
        cut[at] = t->u.at;
        s->cuts_n[t->view]++;
        table += sizeof *cut;
    }
    s->cut_bytes = short_ ? 3 : 4;
    if (fits && table + splits < splits * s->cut_bytes) s->cut_bytes = 0;
done:
    return err;
}

static Err plan(Ctx *cx, const Trees *m, Style *s)
{
    *s = (Style){ .narrow = true, .wide_views = m->views_n > 256 };
    for (size_t i = 0; i < m->leaves_n * m->leaf_values && s->narrow; i++)
        s->narrow = bits_of((double)(float)m->value[i]) == bits_of(m->value[i]);
    TRY(cx, plan_values(cx, m, s));
    TRY(cx, plan_cuts(cx, m, s));
    return OK;
}

static void drop(Ctx *cx, Style *s)
{
    ctx_put(cx, s->cuts_n);
    ctx_put(cx, s->cut);
    ctx_put(cx, s->value);
    ctx_put(cx, s->slot);
}

static void put_value(Text *t, bool narrow, double v)
{
    if (narrow) put_f32(t, (float)v);
    else put_f64(t, v);
}

static void save_split(const Trees *m, const TreeNode *t, const Style *s, Text *out)
{
    text_bytes(out, &t->view, s->wide_views ? 2 : 1);
    if (t->view >= m->number_views_n) put_u32(out, t->u.set);
    else if (s->cut_bytes) text_bytes(out, (const char *)&t->u.set + 4 - s->cut_bytes, s->cut_bytes);
    else {
        const float *cut = s->cut + (size_t)t->view * CUTS_MAX;
        uint32_t at = cut_place(s, t->view, t->u.at);
        while (memcmp(&cut[at], &t->u.at, sizeof *cut)) at++;
        put_u8(out, (uint8_t)at);
    }
}

static void save_tree(const Trees *m, const Tree *t, const Style *s, Text *out)
{
    const TreeNode *node = m->node + t->node0;
    put_small(out, t->leaves);
    for (uint32_t i = 0; i < t->nodes; i += 8) {
        uint8_t bits = 0;
        for (uint32_t b = 0; b < 8 && i + b < t->nodes; b++) bits |= (uint8_t)(!trees_is_leaf(node, i + b) << b);
        put_u8(out, bits);
    }
    for (uint32_t i = 0; i < t->nodes; i++)
        if (!trees_is_leaf(node, i)) save_split(m, &node[i], s, out);
    const double *value = m->value + t->leaf0 * m->leaf_values;
    for (size_t i = 0; i < (size_t)t->leaves * m->leaf_values; i++) {
        if (s->values_n) put_small(out, *slot_of(s, value[i]) - 1);
        else put_value(out, s->narrow, value[i]);
    }
    for (uint32_t i = 0; i < t->leaves; i++) put_small(out, m->count[t->leaf0 + i]);
}

static void save_tables(const Trees *m, const Style *s, Text *out)
{
    put_u32(out, m->views_n - 1);
    for (uint32_t i = 1; i < m->views_n; i++) {
        put_u32(out, m->view[i].feature);
        put_u8(out, (uint8_t)m->view[i].mode);
    }
    if (!s->cut_bytes)
        for (uint32_t i = 1; i < m->number_views_n; i++) {
            put_u32(out, s->cuts_n[i]);
            text_bytes(out, s->cut + (size_t)i * CUTS_MAX, s->cuts_n[i] * sizeof *s->cut);
        }
    put_u32(out, m->sets_n);
    for (uint32_t i = 0; i < m->sets_n; i++) put_u32(out, m->set[i].words);
    text_bytes(out, m->word, m->words_n * sizeof *m->word);
    if (s->values_n) {
        put_u32(out, s->values_n);
        for (uint32_t i = 0; i < s->values_n; i++) put_value(out, s->narrow, s->value[i]);
    }
}

Err trees_save(Ctx *cx, const Model *model, Text *out)
{
    Err err = OK;
    const Trees *m = (const Trees *)model;
    Style s;
    TRY_DONE(cx, plan(cx, m, &s));
    put_u8(out, FILE_VERSION);
    put_u8(out, (uint8_t)m->sum);
    put_u8(out, (uint8_t)((s.narrow ? FLAG_FLOAT : 0) | (m->leaf_values > 1 ? FLAG_ALL : 0) | (s.values_n ? FLAG_TABLE : 0)));
    put_u8(out, (uint8_t)s.cut_bytes);
    put_u32(out, m->head.outputs);
    put_u32(out, m->head.cols);
    put_f64(out, m->e);
    save_tables(m, &s, out);
    put_u32(out, m->trees_n);
    put_u64(out, m->leaves_n);
    for (uint32_t i = 0; i < m->trees_n; i++) save_tree(m, &m->tree[i], &s, out);
    TRY_DONE(cx, text_err(out));
done:
    drop(cx, &s);
    return err;
}

/* ----------------------------------------------------------------- loading */

typedef struct Load {
    Trees *m;
    Reader r;
    bool narrow;
    uint32_t view_bytes, cut_bytes;
    uint32_t *cuts_n;              /* views: thresholds of each in the file, */
    const unsigned char **cuts;    /*   where they begin */
    uint32_t values_n;             /* 0: no table */
    double *value;
    uint16_t *depth;               /* nodes of the tree at hand */
} Load;

static Err load_views(Ctx *cx, Trees *m, Reader *r)
{
    uint32_t n = get_u32(r);
    const unsigned char *p = get_array(r, n, 5);
    if (!p || n >= TREES_VIEWS_MAX) return FAIL(cx, ERR_CORRUPT, "a model of trees lists %u views of its columns", n);
    m->view = ctx_get_n(cx, (size_t)n + 1, sizeof *m->view);
    if (!m->view) return FAIL(cx, ERR_NOMEM, "loading %u views of trees", n);
    m->views_n = n + 1;
    m->number_views_n = m->word_views_n = 1;
    for (uint32_t i = 1; i <= n; i++, p += 5) {
        View *v = &m->view[i];
        const View *last = v - 1;
        memcpy(&v->feature, p, 4);
        v->mode = p[4];
        TreeReads reads = trees_reads(v->mode), before = trees_reads(last->mode);
        bool ok = v->feature < m->head.cols && v->mode >= VIEW_NONE && v->mode < VIEW_MODES;
        /* Numbers, words, categories; each by column, then treatment; none twice. */
        if (i > 1) ok = ok && (reads > before || (reads == before && (v->feature > last->feature ||
                               (v->feature == last->feature && v->mode > last->mode))));
        if (!ok) return FAIL(cx, ERR_CORRUPT, "view %u of a model of trees is damaged", i);
        if (reads == READS_NUMBERS) m->number_views_n = i + 1;
        if (reads <= READS_WORDS) m->word_views_n = i + 1;
    }
    return OK;
}

static Err load_cuts(Ctx *cx, Load *l)
{
    uint32_t n = l->m->number_views_n;
    if (l->cut_bytes) return OK;
    l->cuts_n = ctx_get_n(cx, n, sizeof *l->cuts_n);
    l->cuts = ctx_get_n(cx, n, sizeof *l->cuts);
    if (!l->cuts_n || !l->cuts) return FAIL(cx, ERR_NOMEM, "loading thresholds of %u views of trees", n);
    for (uint32_t i = 1; i < n; i++) {
        l->cuts_n[i] = get_u32(&l->r);
        l->cuts[i] = get_array(&l->r, l->cuts_n[i], sizeof(float));
        if (!l->cuts[i] || l->cuts_n[i] > CUTS_MAX) return FAIL(cx, ERR_CORRUPT, "the thresholds of a model of trees are damaged");
    }
    return OK;
}

static Err load_values(Ctx *cx, Load *l, bool table)
{
    if (!table) return OK;
    l->values_n = get_u32(&l->r);
    if (!l->values_n || l->values_n > VALUES_MAX || l->values_n > l->r.n)
        return FAIL(cx, ERR_CORRUPT, "the leaf values of a model of trees are damaged");
    l->value = ctx_get_n(cx, l->values_n, sizeof *l->value);
    if (!l->value) return FAIL(cx, ERR_NOMEM, "loading %u leaf values", l->values_n);
    for (uint32_t i = 0; i < l->values_n; i++) {
        l->value[i] = l->narrow ? (double)get_f32(&l->r) : get_f64(&l->r);
        if (!(fabs(l->value[i]) <= TREES_VALUE_MAX)) return FAIL(cx, ERR_CORRUPT, "a leaf of a tree has the value %g", l->value[i]);
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

/* The shape of a tree from its bits.  False if they are no tree. */
static bool load_shape(Trees *m, Tree *t, const unsigned char *bits, uint16_t *depth)
{
    TreeNode *node = m->node + t->node0;
    uint32_t known = 1, leaves = 0;
    depth[0] = 0;
    for (uint32_t i = 0; i < t->nodes; i++) {
        if (i >= known) return false;                /* nothing leads here */
        if (depth[i] > t->depth) t->depth = depth[i];
        if (!(bits[i / 8] >> i % 8 & 1)) {
            node[i] = (TreeNode){ .u.set = leaves, .left = (uint16_t)i };
            leaves++;
            continue;
        }
        if (known + 2 > t->nodes || depth[i] == TREES_DEPTH_MAX) return false;
        node[i].left = (uint16_t)known;
        depth[known] = depth[known + 1] = depth[i] + 1;
        known += 2;
    }
    bool tail = t->nodes % 8 == 0 || !(bits[t->nodes / 8] >> t->nodes % 8);
    return known == t->nodes && leaves == t->leaves && tail;
}

/* False when the split makes no sense. */
static bool load_split(Load *l, Tree *t, TreeNode *node)
{
    const Trees *m = l->m;
    const unsigned char *p = get_array(&l->r, l->view_bytes, 1);
    if (!p) return false;
    node->view = p[0];
    if (l->view_bytes == 2) memcpy(&node->view, p, 2);
    if (!node->view || node->view >= m->views_n) return false;
    if (node->view >= m->number_views_n) {
        node->u.set = get_u32(&l->r);
        bool sets = node->view >= m->word_views_n;
        TreeReads reads = sets ? READS_SETS : READS_WORDS;
        if (reads > t->reads) t->reads = reads;
        return !l->r.short_ && (!sets || node->u.set < m->sets_n);
    }
    if (l->cut_bytes) {
        p = get_array(&l->r, l->cut_bytes, 1);
        node->u.set = 0;
        if (p) memcpy((char *)&node->u.set + 4 - l->cut_bytes, p, l->cut_bytes);
    } else {
        p = get_array(&l->r, 1, 1);
        if (!p || *p >= l->cuts_n[node->view]) return false;
        memcpy(&node->u.at, l->cuts[node->view] + sizeof(float) * *p, sizeof(float));
    }
    return p && !isnan(node->u.at);
}

static bool load_leaves(Load *l, const Tree *t)
{
    Trees *m = l->m;
    double *value = m->value + t->leaf0 * m->leaf_values;
    for (size_t i = 0; i < (size_t)t->leaves * m->leaf_values; i++) {
        if (l->values_n) {
            uint32_t at = get_small(&l->r);
            if (at >= l->values_n) return false;
            value[i] = l->value[at];
        } else {
            value[i] = l->narrow ? (double)get_f32(&l->r) : get_f64(&l->r);
            if (!(fabs(value[i]) <= TREES_VALUE_MAX)) return false;
        }
    }
    for (uint32_t i = 0; i < t->leaves; i++)
        if (!(m->count[t->leaf0 + i] = get_small(&l->r))) return false;
    return !l->r.short_;
}

static Err load_tree(Ctx *cx, Load *l, Tree *t, size_t leaves_left)
{
    Trees *m = l->m;
    t->leaves = get_small(&l->r);
    if (l->r.short_ || !t->leaves || t->leaves > TREES_LEAVES_MAX || t->leaves > leaves_left)
        return FAIL(cx, ERR_CORRUPT, "a tree of a model claims %u leaves", t->leaves);
    t->nodes = 2 * t->leaves - 1;
    const unsigned char *bits = get_array(&l->r, (t->nodes + 7) / 8, 1);
    if (!bits || !load_shape(m, t, bits, l->depth)) return FAIL(cx, ERR_CORRUPT, "the shape of a tree is damaged");
    for (uint32_t i = 0; i < t->nodes; i++) {
        TreeNode *node = m->node + t->node0 + i;
        if (node->left != i && !load_split(l, t, node)) return FAIL(cx, ERR_CORRUPT, "a split of a tree is damaged");
    }
    if (!load_leaves(l, t)) return FAIL(cx, ERR_CORRUPT, "a leaf of a tree is damaged");
    return OK;
}

/* A leaf takes at least two bytes, so no more memory is asked for than a small multiple of the bytes at hand. */
static Err load_trees(Ctx *cx, Load *l)
{
    Err err = OK;
    Trees *m = l->m;
    uint32_t n = get_u32(&l->r);
    uint64_t leaves = get_u64(&l->r);
    size_t node0 = 0, leaf0 = 0;
    if (l->r.short_ || n > TREES_MAX || (m->leaf_values == 1 && n % m->head.outputs) || (!n && m->sum != TREES_SUM) || n > leaves ||
        leaves > l->r.n / (1 + (size_t)m->leaf_values))
        return FAIL(cx, ERR_CORRUPT, "the sizes of the %u trees of a model do not fit its bytes", n);
    GET_DONE(cx, m->tree, n, "loading %u trees", n);
    m->trees_n = n;
    m->leaves_n = (size_t)leaves;
    m->nodes_n = 2 * m->leaves_n - n;
    GET_DONE(cx, m->node, m->nodes_n, "loading trees of %zu nodes", m->nodes_n);
    GET_DONE(cx, m->value, m->leaves_n * m->leaf_values, "loading trees of %zu nodes", m->nodes_n);
    GET_DONE(cx, m->count, m->leaves_n, "loading trees of %zu nodes", m->nodes_n);
    GET_DONE(cx, l->depth, (size_t)2 * TREES_LEAVES_MAX, "loading %u trees", n);
    for (uint32_t i = 0; i < n; i++) {
        Tree *t = &m->tree[i];
        t->node0 = node0;
        t->leaf0 = leaf0;
        /* Each tree to come needs a leaf. */
        TRY_DONE(cx, load_tree(cx, l, t, m->leaves_n - leaf0 - (n - 1 - i)));
        node0 += t->nodes;
        leaf0 += t->leaves;
    }
    if (leaf0 != m->leaves_n || l->r.n) err = FAIL(cx, ERR_CORRUPT, "the trees of a model do not fill its bytes");
done:
    return err;
}

Err trees_load(Ctx *cx, const void *bytes, size_t n, Model **out)
{
    Err err = OK;
    Load l = { .r = { bytes, n, false } };
    *out = NULL;
    uint8_t version = get_u8(&l.r), sum = get_u8(&l.r), flags = get_u8(&l.r), cut_bytes = get_u8(&l.r);
    uint32_t outputs = get_u32(&l.r), cols = get_u32(&l.r);
    double e = get_f64(&l.r);
    if (l.r.short_) return FAIL(cx, ERR_CORRUPT, "a model of trees ends inside its head, after %zu bytes", n);
    if (version != FILE_VERSION)
        return FAIL(cx, ERR_CORRUPT, "a model of trees is of version %u, but this program reads version %u", version, FILE_VERSION);
    bool e_ok = sum == TREES_MEAN_LOG ? e > 0 && e < 0.5 : e == 0;
    bool all = flags & FLAG_ALL;
    if (sum > TREES_MEAN_LOG || flags > (FLAG_FLOAT | FLAG_ALL | FLAG_TABLE) || (cut_bytes && cut_bytes != 3 && cut_bytes != 4) ||
        !outputs || (all && outputs < 2) || !e_ok)
        return FAIL(cx, ERR_CORRUPT, "the head of a model of trees is damaged");
    GET_DONE(cx, l.m, 1, "loading a model of trees");
    l.m->head = (Model){ .form = &form_trees, .outputs = outputs, .cols = cols };
    l.m->sum = (TreesSum)sum;
    l.m->leaf_values = all ? outputs : 1;
    l.m->e = e;
    l.narrow = flags & FLAG_FLOAT;
    l.cut_bytes = cut_bytes;
    TRY_DONE(cx, load_views(cx, l.m, &l.r));
    l.view_bytes = l.m->views_n > 256 ? 2 : 1;
    TRY_DONE(cx, load_cuts(cx, &l));
    TRY_DONE(cx, load_sets(cx, l.m, &l.r));
    TRY_DONE(cx, load_values(cx, &l, flags & FLAG_TABLE));
    TRY_DONE(cx, load_trees(cx, &l));
    TRY_DONE(cx, trees_find_symmetric(cx, l.m));
    *out = (Model *)l.m;
    l.m = NULL;
done:
    ctx_put(cx, l.cuts_n);
    ctx_put(cx, (void *)l.cuts);
    ctx_put(cx, l.value);
    ctx_put(cx, l.depth);
    trees_free(cx, (Model *)l.m);
    return err;
}

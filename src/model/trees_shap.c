/* model/trees_shap.c -- exact path-dependent TreeSHAP (Lundberg 2018), by quadrature.
**
** The path to a leaf of value v tests d features.  Feature j has z_j, the share of
** training rows that would follow the path at its splits, and o_j: 1 if the row
** explained follows them, else 0.  Its Shapley value from this leaf is
**     v (o_i - z_i)  integral from 0 to 1 of  product over j != i of (o_j t + z_j (1 - t))  dt,
** because k! (d-1-k)! / d! is the integral of t^k (1-t)^(d-1-k).  The integrand is a
** polynomial of degree d - 1, so Gauss's rule with d/2 points is exact; every term
** is positive, so nothing cancels.  One pass down a tree carries the products at the
** points, one pass up carries the leaves' sums: nodes x points a row, where the
** usual algorithm takes leaves x depth^2.
**
** A feature met again on the same path has its earlier (o, z) replaced: on the way up
** a split adds what its own (o, z) gives and takes away what the replaced gave.
*/
#include "model/trees_inner.h"

#include <math.h>
#include <string.h>

#define POINTS_STEP 4u         /* points are a multiple of it, for the vector units */
#define POINTS_MAX 64u         /* exact for paths of 128 features; far below 1e-12 off beyond */
#define BLOCK_ROWS ((size_t)64)

typedef struct Rule {          /* Gauss's points on 0..1 */
    double t[POINTS_MAX], rest[POINTS_MAX], weight[POINTS_MAX], inv_rest[POINTS_MAX];   /* rest = 1 - t */
} Rule;

typedef struct Met {           /* a feature on the path so far */
    double z;
    bool o;
    const double *f, *inv;     /* o t + z (1 - t) at the points, and one over it; not kept once o is 0 */
} Met;

typedef struct Shap {
    const Trees *m;
    const Tree *tree;
    const TreeNode *node;
    const double *value;       /* of the tree's first leaf, for the output explained */
    uint32_t points;
    const Rule *rule;
    double *level;             /* levels x 4 x points: product, sum, f, inv */
    double *share;             /* nodes: of the parent's training rows */
    Met *met;                  /* cols */
    uint32_t *seen;            /* cols: for counting distinct features */
    const float *cell;         /* views of the row explained */
    double *phi;
} Shap;

/* Legendre's polynomial of degree n at x, and its slope. */
static double legendre(uint32_t n, double x, double *slope)
{
    double p0 = 1, p1 = x;
    for (uint32_t k = 2; k <= n; k++) {
        double p2 = ((2 * k - 1) * x * p1 - (k - 1) * p0) / k;
        p0 = p1;
        p1 = p2;
    }
    *slope = n * (x * p1 - p0) / (x * x - 1);
    return p1;
}

static void make_rule(uint32_t n, Rule *r)
{
    for (uint32_t i = 0; i < n; i++) {
        double x = cos(3.14159265358979323846 * (i + 0.75) / (n + 0.5)), slope = 1;
        for (int turn = 0; turn < 50; turn++) {
            double dx = legendre(n, x, &slope) / slope;
            x -= dx;
            if (fabs(dx) < 1e-16) break;
        }
        legendre(n, x, &slope);
        r->t[i] = (1 + x) / 2;
        r->rest[i] = (1 - x) / 2;
        r->weight[i] = 1 / ((1 - x * x) * slope * slope);
        r->inv_rest[i] = 1 / r->rest[i];
    }
}

static bool goes_right(const Shap *s, const TreeNode *t)
{
    return trees_right(s->m, t, s->cell[t->view]);
}

static double *level_at(const Shap *s, uint32_t level, uint32_t which)
{
    return s->level + ((size_t)level * 4 + which) * s->points;
}

static void visit(Shap *s, uint32_t at, uint32_t level);

/* The child `to` of a split on a feature met as `old`; adds what its leaves give. */
static void descend(Shap *s, uint32_t to, uint32_t level, uint32_t feature, const Met *old, bool hot)
{
    const uint32_t n = s->points;
    const Rule *r = s->rule;
    double *p = level_at(s, level, 0), *sum = level_at(s, level, 1);
    double *p1 = level_at(s, level + 1, 0), *sum1 = level_at(s, level + 1, 1);
    double *f = level_at(s, level + 1, 2), *inv = level_at(s, level + 1, 3);
    Met new = { .z = old->z * s->share[to], .o = old->o && hot, .f = f, .inv = inv };
    if (!old->o) {                        /* the row left the path at this feature before: only the share changes */
        for (uint32_t q = 0; q < n; q++) p1[q] = p[q] * s->share[to];
        s->met[feature] = new;
        visit(s, to, level + 1);
        for (uint32_t q = 0; q < n; q++) sum[q] += sum1[q];
        return;
    }
    if (hot) {
        for (uint32_t q = 0; q < n; q++) {
            f[q] = r->t[q] + new.z * r->rest[q];
            inv[q] = 1 / f[q];
        }
    } else {
        double inv_z = 1 / new.z;
        for (uint32_t q = 0; q < n; q++) {
            f[q] = new.z * r->rest[q];
            inv[q] = inv_z * r->inv_rest[q];
        }
    }
    for (uint32_t q = 0; q < n; q++) p1[q] = p[q] * f[q] * old->inv[q];
    s->met[feature] = new;
    visit(s, to, level + 1);
    double now = 0, before = 0;
    for (uint32_t q = 0; q < n; q++) {
        sum[q] += sum1[q];
        now += sum1[q] * inv[q];
        before += sum1[q] * old->inv[q];
    }
    s->phi[feature] += (hot - new.z) * now - (1 - old->z) * before;
}

static void visit(Shap *s, uint32_t at, uint32_t level)
{
    const TreeNode *t = &s->node[at];
    double *p = level_at(s, level, 0), *sum = level_at(s, level, 1);
    if (trees_is_leaf(s->node, at)) {
        double v = s->value[(size_t)t->u.set * s->m->leaf_values];
        for (uint32_t q = 0; q < s->points; q++) sum[q] = v * s->rule->weight[q] * p[q];
        return;
    }
    memset(sum, 0, s->points * sizeof *sum);
    uint32_t feature = s->m->view[t->view].feature;
    Met old = s->met[feature];
    bool right = goes_right(s, t);
    descend(s, t->left, level, feature, &old, !right);
    descend(s, t->left + 1u, level, feature, &old, right);
    s->met[feature] = old;
}

/* Most different features on one path below `at`. */
static uint32_t features_below(Shap *s, uint32_t at)
{
    const TreeNode *t = &s->node[at];
    if (trees_is_leaf(s->node, at)) return 0;
    uint32_t feature = s->m->view[t->view].feature, fresh = !s->seen[feature]++;
    uint32_t a = features_below(s, t->left), b = features_below(s, t->left + 1u);
    s->seen[feature]--;
    return fresh + (a > b ? a : b);
}

/* Shares of all nodes of the tree; the tree's expected value. */
static double weigh(Shap *s)
{
    const Tree *tree = s->tree;
    double *rows = s->share, mean = 0;
    for (uint32_t i = tree->nodes; i-- > 0;) {
        if (trees_is_leaf(s->node, i)) {
            size_t leaf = s->node[i].u.set;
            rows[i] = s->m->count[tree->leaf0 + leaf];
            mean += rows[i] * s->value[leaf * s->m->leaf_values];
        } else
            rows[i] = rows[s->node[i].left] + rows[s->node[i].left + 1u];
    }
    double all = rows[0];
    for (uint32_t i = tree->nodes; i-- > 0;)       /* children lie after their parent, so its rows are still there */
        if (!trees_is_leaf(s->node, i)) {
            rows[s->node[i].left] /= rows[i];
            rows[s->node[i].left + 1u] /= rows[i];
        }
    return mean / all;
}

/* What tree t gives to one output of n rows. */
static void explain_tree(Shap *s, uint32_t t, uint32_t output, Rule *rule, const float *cell, size_t n, double *out)
{
    const Trees *m = s->m;
    size_t wide = (size_t)m->head.cols + 1, k = m->head.outputs;
    s->tree = &m->tree[t];
    s->node = m->node + s->tree->node0;
    s->value = m->value + s->tree->leaf0 * m->leaf_values + (m->leaf_values > 1 ? output : 0);
    double mean = weigh(s);
    uint32_t need = (features_below(s, 0) + 1) / 2;
    uint32_t points = (need + POINTS_STEP - 1) / POINTS_STEP * POINTS_STEP;
    points = points > POINTS_MAX ? POINTS_MAX : points ? points : POINTS_STEP;
    if (points != s->points) make_rule(points, rule);
    s->points = points;
    double *one = level_at(s, 0, 2), *p = level_at(s, 0, 0);
    for (uint32_t q = 0; q < points; q++) one[q] = p[q] = 1;
    for (uint32_t j = 0; j < m->head.cols; j++) s->met[j] = (Met){ .z = 1, .o = true, .f = one, .inv = one };
    for (size_t i = 0; i < n; i++) {
        s->cell = cell + i * m->views_n;
        s->phi = out + (i * k + output) * wide;
        visit(s, 0, 0);
        s->phi[wide - 1] += mean;
    }
}

bool trees_can_explain(const Model *model)
{
    return ((const Trees *)model)->sum != TREES_MEAN_LOG;
}

Err trees_explain(Ctx *cx, const Model *model, const Frame *X, const uint32_t *rows, size_t n, double *out)
{
    Err err = OK;
    const Trees *m = (const Trees *)model;
    Shap s = { .m = m };
    Rule *rule = NULL;
    float *cell = NULL;
    uint32_t depth = 0, nodes = 1;
    size_t all = n * m->head.outputs * ((size_t)m->head.cols + 1), block = n < BLOCK_ROWS ? n : BLOCK_ROWS;
    for (uint32_t t = 0; t < m->trees_n; t++) {
        if (m->tree[t].depth > depth) depth = m->tree[t].depth;
        if (m->tree[t].nodes > nodes) nodes = m->tree[t].nodes;
    }
    GET_DONE(cx, rule, 1, "explaining trees");
    GET_DONE(cx, s.level, ((size_t)depth + 2) * 4 * POINTS_MAX, "explaining trees of depth %u", depth);
    GET_DONE(cx, s.share, nodes, "explaining trees of %u nodes", nodes);
    GET_DONE(cx, s.met, m->head.cols, "explaining trees of %u columns", m->head.cols);
    GET_DONE(cx, s.seen, m->head.cols, "explaining trees of %u columns", m->head.cols);
    GET_DONE(cx, cell, block * m->views_n, "explaining trees of %u columns", m->head.cols);
    s.rule = rule;
    memset(out, 0, all * sizeof *out);
    for (size_t i = 0; i < n; i += block) {
        size_t k = n - i < block ? n - i : block;
        uint32_t at[BLOCK_ROWS];
        for (size_t r = 0; r < k; r++) at[r] = rows ? rows[i + r] : (uint32_t)(i + r);
        for (uint32_t v = 0; v < m->views_n; v++) trees_fill_view(&m->view[v], X, at, k, cell + v, m->views_n);
        double *part = out + i * m->head.outputs * ((size_t)m->head.cols + 1);
        for (uint32_t t = 0; t < m->trees_n; t++)
            for (uint32_t c = 0; c < m->leaf_values; c++)
                explain_tree(&s, t, m->leaf_values > 1 ? c : t % m->head.outputs, rule, cell, k, part);
    }
    if (m->sum == TREES_MEAN)
        for (size_t i = 0; i < all; i++) out[i] /= trees_an_output(m);
done:
    ctx_put(cx, rule);
    ctx_put(cx, s.level);
    ctx_put(cx, s.share);
    ctx_put(cx, s.met);
    ctx_put(cx, s.seen);
    ctx_put(cx, cell);
    return err;
}

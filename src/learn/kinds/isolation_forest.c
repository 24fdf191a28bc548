/* learn/kinds/isolation_forest.c -- detector: rows that few random cuts set apart (Liu, Ting, Zhou 2008).
**
** A tree sees a small sample.  A node draws a column that varies in it and cuts it anywhere between its least and
** greatest value; a category parts its levels by lot.  Rows in which the column is missing go to a side by lot, levels
** the node never met go right.  A leaf's value is minus the path's length, with what a search among its rows would still
** add; the paper's score is 2^(mean / c(sample)).  Cost: trees x sample x log2(sample) x columns drawn.
*/
#include "base/random.h"
#include "learn/detect.h"
#include "learn/kinds/kinds.h"

#include <math.h>
#include <string.h>

#define DEPTH_MAX 16u
#define DRAWS_MAX 24               /* of a column that varies in a node, before all are looked at */
#define EULER .57721566490153286

enum { TREES, SAMPLE };

static const Param params[] = {
    [TREES] = { .name = "trees", .unit = "trees", .help = "trees that are averaged", .lo = 10, .hi = 1000, .start = { [TASK_ANOMALY] = 200 },
                .scale = PARAM_WHOLE_LOG },
    [SAMPLE] = { .name = "max_samples", .unit = "rows", .help = "rows each tree sees", .lo = 8, .hi = 4096, .start = { [TASK_ANOMALY] = 256 },
                 .scale = PARAM_WHOLE_LOG },
    { .name = NULL },
};

typedef struct Grow {
    const FitIn *in;
    Random random;
    uint32_t *row;                 /* of this tree's sample, parted in place */
    uint32_t *order;               /* train_n: to draw samples from */
    TreesNode *node;
    uint32_t nodes, words, deepest;
    uint32_t *set;                 /* a set a node: words each */
    uint8_t *seen;                 /* levels met in a node */
    uint32_t sample;
} Grow;

/* Mean path of an unsuccessful search among n rows. */
static double c_of(double n)
{
    if (n <= 1) return 0;
    return n <= 2 ? 1 : 2 * (log(n - 1) + EULER) - 2 * (n - 1) / n;
}

typedef struct Range { float lo, hi; uint32_t known, levels; } Range;

/* What the column holds in rows from .. to-1; levels: different ones met, marked in seen. */
static Range range_of(Grow *g, uint32_t col, uint32_t from, uint32_t to)
{
    const float *x = g->in->X.col[col];
    bool category = g->in->X.feature[col].kind == FEATURE_CATEGORY;
    Range r = { INFINITY, -INFINITY, 0, 0 };
    if (category) memset(g->seen, 0, g->in->X.feature[col].levels);
    for (uint32_t i = from; i < to; i++) {
        float v = x[g->row[i]];
        if (isnan(v)) continue;
        r.known++;
        r.lo = v < r.lo ? v : r.lo;
        r.hi = v > r.hi ? v : r.hi;
        if (category && !g->seen[(uint32_t)v]) {
            g->seen[(uint32_t)v] = 1;
            r.levels++;
        }
    }
    return r;
}

/* A column that varies here, each as likely; false: none does. */
static bool draw_column(Grow *g, uint32_t from, uint32_t to, uint32_t *col, Range *r)
{
    uint32_t cols = (uint32_t)g->in->X.cols;
    for (int i = 0; i < DRAWS_MAX; i++) {
        *col = (uint32_t)random_below(&g->random, cols);
        *r = range_of(g, *col, from, to);
        if (r->known && r->lo < r->hi) return true;
    }
    uint32_t start = (uint32_t)random_below(&g->random, cols);
    for (uint32_t i = 0; i < cols; i++) {
        *col = (start + i) % cols;
        *r = range_of(g, *col, from, to);
        if (r->known && r->lo < r->hi) return true;
    }
    return false;
}

/* Between lo and hi, hi excluded, so that both sides get rows. */
static float cut(Grow *g, Range r)
{
    double t = (double)r.lo + ((double)r.hi - (double)r.lo) * random_unit(&g->random);
    float f = (float)t;
    if (f >= r.hi) f = nextafterf(r.hi, -INFINITY);
    return f < r.lo ? r.lo : f;
}

/* Each level met goes left or right by lot, one at least to each side. */
static void part_levels(Grow *g, uint32_t levels, uint32_t met, uint32_t *set)
{
    uint32_t left = 0, first = (uint32_t)random_below(&g->random, met), other = (uint32_t)random_below(&g->random, met - 1), at = 0;
    if (other >= first) other++;
    memset(set, 0, g->words * sizeof *set);
    for (uint32_t v = 0; v < levels; v++) {
        if (!g->seen[v]) continue;
        bool goes = at == first || (at != other && random_bits(&g->random) >> 63);
        at++;
        if (!goes) continue;
        set[v / 32] |= 1u << v % 32;
        left++;
    }
}

static bool goes_left(const TreesNode *t, float v)
{
    if (t->kind == TREES_CATEGORY) {
        uint32_t code = isnan(v) ? UINT32_MAX : (uint32_t)v;
        return code / 32 < t->set_words && t->set[code / 32] >> code % 32 & 1;
    }
    return isnan(v) ? t->missing_left : v <= (float)t->threshold;
}

static uint32_t part_rows(Grow *g, const TreesNode *t, uint32_t from, uint32_t to)
{
    const float *x = g->in->X.col[t->feature];
    uint32_t left = from;
    for (uint32_t i = from; i < to; i++) {
        uint32_t r = g->row[i];
        if (!goes_left(t, x[r])) continue;
        g->row[i] = g->row[left];
        g->row[left++] = r;
    }
    return left;
}

static void grow(Grow *g, uint32_t at, uint32_t from, uint32_t to, uint32_t depth)
{
    TreesNode *t = &g->node[at];
    Range r;
    uint32_t col;
    if (depth == g->deepest || to - from < 2 || !draw_column(g, from, to, &col, &r)) {
        *t = (TreesNode){ .kind = TREES_LEAF, .value = -(depth + c_of(to - from)), .count = to - from };
        return;
    }
    const Feature *f = &g->in->X.feature[col];
    *t = (TreesNode){ .kind = TREES_NUMBER, .missing = TREES_MISSING_NAN, .feature = col };
    if (f->kind == FEATURE_CATEGORY) {
        t->kind = TREES_CATEGORY;
        t->set = g->set + (size_t)at * g->words;
        t->set_words = (f->levels + 31) / 32;
        part_levels(g, f->levels, r.levels, g->set + (size_t)at * g->words);
    } else {
        t->threshold = (double)cut(g, r);
        t->missing_left = random_bits(&g->random) >> 63;
    }
    uint32_t left = g->nodes, middle = part_rows(g, t, from, to);
    g->nodes += 2;
    t->left = left;
    t->right = left + 1;
    grow(g, left, from, middle, depth + 1);
    grow(g, left + 1, middle, to, depth + 1);
}

/* A sample without repeats: the front of a shuffle that goes on from tree to tree. */
static void draw_sample(Grow *g)
{
    for (uint32_t i = 0; i < g->sample; i++) {
        size_t j = i + (size_t)random_below(&g->random, g->in->train_n - i);
        uint32_t r = g->order[i];
        g->order[i] = g->order[j];
        g->order[j] = r;
        g->row[i] = g->order[i];
    }
}

static Err grow_open(Ctx *cx, Grow *g)
{
    const FitIn *in = g->in;
    Err err = OK;
    uint32_t levels = 1;
    g->sample = (uint32_t)(in->args[SAMPLE] + .5);
    if (g->sample > in->train_n) g->sample = (uint32_t)in->train_n;
    while (g->deepest < DEPTH_MAX && (1u << g->deepest) < g->sample) g->deepest++;
    for (size_t j = 0; j < in->X.cols; j++)
        if (in->X.feature[j].kind == FEATURE_CATEGORY && in->X.feature[j].levels > levels) levels = in->X.feature[j].levels;
    g->words = (levels + 31) / 32;
    GET_DONE(cx, g->row, g->sample, "an isolation forest");
    GET_DONE(cx, g->order, in->train_n, "an isolation forest");
    GET_DONE(cx, g->node, 2 * g->sample, "an isolation forest");
    GET_DONE(cx, g->set, 2 * (size_t)g->sample * g->words, "an isolation forest");
    GET_DONE(cx, g->seen, levels, "an isolation forest");
    memcpy(g->order, in->train, in->train_n * sizeof *in->train);
done:
    return err;
}

static Err fit(Ctx *cx, const FitIn *in, FitOut *out)
{
    Err err = OK;
    Grow g = { .in = in };
    TreesMaker *maker = NULL;
    Model *raw = NULL;
    uint32_t trees = (uint32_t)(in->args[TREES] + .5);
    *out = (FitOut){ 0 };
    TRY(cx, detect_check(cx, learner_isolation_forest.name, in));
    TRY_DONE(cx, grow_open(cx, &g));
    TRY_DONE(cx, trees_start(cx, TREES_MEAN, 1, false, (uint32_t)in->X.cols, 0, &maker));
    for (uint32_t t = 0; t < trees && !out->cut; t++) {
        g.random = random_make(cx->seed, learner_isolation_forest.name, t, 0);
        draw_sample(&g);
        g.nodes = 1;
        grow(&g, 0, 0, g.sample, 0);
        TRY_DONE(cx, trees_add(cx, maker, g.node, g.nodes, true));
        if (cx->cancel && *cx->cancel) TRY_DONE(cx, ctx_check(cx));
        out->cut = t + 1 < trees && ctx_late(cx);
    }
    TreesMaker *taken = maker;
    maker = NULL;
    TRY_DONE(cx, trees_end(cx, taken, &raw));
    TRY_DONE(cx, detect_end(cx, in, raw, in->train, in->train_n, NULL, out));
done:
    trees_drop(cx, maker);
    ctx_put(cx, g.row);
    ctx_put(cx, g.order);
    ctx_put(cx, g.node);
    ctx_put(cx, g.set);
    ctx_put(cx, g.seen);
    if (err) *out = (FitOut){ 0 };
    return err;
}

static double guess_s(const FitIn *in)
{
    double s = fmin(in->args[SAMPLE], (double)in->train_n);
    return in->args[TREES] * (s * log2(s + 2) * 8e-8 + ((double)in->valid_n + fmin((double)in->train_n, 2e4)) * 3e-8) + (double)in->train_n * 2e-9;
}

static double guess_bytes(const FitIn *in) { return in->args[TREES] * in->args[SAMPLE] * 40 + (double)in->train_n * 12; }

const Learner learner_isolation_forest = {
    .name        = "isolation_forest",
    .summary     = "anomalies are set apart by few random cuts",
    .source      = "Liu, Ting, Zhou 2008",
    .can         = LEARN_ANOMALY | LEARN_MISSING,
    .params      = params,
    .fit         = fit,
    .guess_s     = guess_s,
    .guess_bytes = guess_bytes,
};

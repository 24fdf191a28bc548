/* learn/kinds/extra_trees.c -- extremely randomised trees (Geurts et al. 2006), averaged.
**
** Each tree sees all rows.  A node looks at a random share of its columns that vary there, cuts each once at random, and
** keeps the cut that explains most.  A column of numbers is cut between the values of two of the node's rows; one of
** categories between two levels' mean targets, drawn towards the node's mean by LEVEL_PULL rows; missing numbers go
** to the side that explains more.  A leaf holds the mean target or the share of every class.
**
** Our own, not LightGBM's extra_trees: that draws a threshold from all bins of a column, wherever the node's rows lie, so
** deep nodes mostly draw cuts that part nothing and stop (measured: 80 leaves a tree where 500 were due, and an error
** half as large again as scikit-learn's).  And one tree here serves all classes.
**
** Tree t draws from its own stream, so a deadline only shortens the list.  Cost: rows * columns looked at * depth a tree.
*/
#include "base/random.h"
#include "learn/kinds/kinds.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define DEPTH_MAX 60u
#define LEVEL_PULL 10.0            /* rows */
#define DRAWS_MAX 8                /* of a second value for a cut, before all rows are looked at */
#define LOOK_CELLS 2000000u        /* cells read between two looks at the clock */
#define SURE_MIN 1e-5              /* shares are kept from 0 and 1 by one over the rows, in these bounds */
#define SURE_MAX 1e-3
#define ROUND_MAX 1e30             /* leaf values of larger targets are not rounded to float32 */

enum { TREES, LEAF_ROWS, FEATURES, LEAVES };
enum { GO_LEFT, GO_RIGHT, GO_MISSING, GROUPS };

static const Param params[] = {
    [TREES] = { "trees", "trees", "trees that are averaged", 1, 1000, { 100, 100, 100 }, PARAM_WHOLE_LOG, NULL, true },
    [LEAF_ROWS] = { "min_data_in_leaf", "rows", "fewest rows in a leaf", 1, 32, { 2, 2, 3 }, PARAM_WHOLE_LOG, NULL, false },
    [FEATURES] = { "max_features", "share", "columns a node looks at", 0.1, 1, { .5, .5, .5 }, PARAM_LINEAR, NULL, false },
    [LEAVES] = { "max_leaves", "leaves", "nodes of fewer than 1/max_leaves of all rows are not split", 16, 16384, { 2048, 2048, 2048 }, PARAM_WHOLE_LOG, NULL, true },
    { .name = NULL },
};

typedef struct Part { uint32_t node, from, to, depth; } Part;      /* rows from .. to-1 of a node to be split */

typedef struct Cut {
    double gain;
    uint32_t feature;
    float at;
    bool category, missing_left;
} Cut;

typedef struct Sums {              /* of one group of rows */
    double weight, rows;
    double *target;                /* sums of them */
} Sums;

typedef struct Grow {
    const FitIn *in;
    uint32_t n, cols, sums, look, leaf_rows, split_rows, nodes_max;
    float *cell;                   /* cols x n */
    double *y;                     /* sums 1: less the mean; else the class */
    float *weight;                 /* or NULL */
    double mean;
    Random random;
    uint32_t *row, *spill, *order; /* rows by node; for parting them; columns */
    double *target, *level;        /* GROUPS + 1 times sums; levels x 2 */
    Sums group[GROUPS], all;
    uint32_t *set, *best_set;      /* the category cut at hand, and the best one */
    uint32_t set_words;            /* of the column with most levels */
    TreesNode *node;
    uint32_t nodes_n;
    double *value;                 /* nodes x sums, where sums > 1 */
    uint32_t *word;                /* sets of the tree, */
    size_t words_n, words_cap;
    size_t *word_at;               /*   where that of each node begins */
    Part *part;
    uint64_t cells;                /* read since the last look at the clock */
    bool alone, late;              /* this is the first tree; it must end now */
} Grow;

static double whole(const double *args, int i) { return floor(args[i] + 0.5); }

static double weight_of(const Grow *g, uint32_t row) { return g->weight ? (double)g->weight[row] : 1; }

static void add_row(const Grow *g, Sums *s, uint32_t row)
{
    double w = weight_of(g, row);
    s->weight += w;
    s->rows += 1;
    if (g->sums == 1) s->target[0] += w * g->y[row];
    else s->target[(uint32_t)g->y[row]] += w;
}

static void clear_sums(const Grow *g, Sums *s)
{
    s->weight = s->rows = 0;
    memset(s->target, 0, g->sums * sizeof *s->target);
}

/* What two groups together explain: sum of squares over weight; extra, if any, joins the first. */
static double explained(const Grow *g, const Sums *a, const Sums *extra, const Sums *b)
{
    double wa = a->weight + (extra ? extra->weight : 0), sa = 0, sb = 0;
    double rows = a->rows + (extra ? extra->rows : 0);
    if (!(wa > 0) || !(b->weight > 0) || rows < g->leaf_rows || b->rows < g->leaf_rows) return -INFINITY;
    for (uint32_t c = 0; c < g->sums; c++) {
        double ta = a->target[c] + (extra ? extra->target[c] : 0);
        sa += ta * ta;
        sb += b->target[c] * b->target[c];
    }
    return sa / wa + sb / b->weight;
}

/* A cut between the values of two rows.  False when all values of the node are one, or missing; then *at is that one. */
static bool draw_cut(Grow *g, const float *x, const Part *p, float *at)
{
    const uint32_t *row = g->row + p->from;
    uint32_t n = p->to - p->from;
    float lo = NAN, hi = NAN;
    for (int i = 0; i < DRAWS_MAX && !(lo < hi); i++) {
        float v = x[row[random_below(&g->random, n)]];
        if (isnan(v)) continue;
        lo = isnan(lo) || v < lo ? v : lo;
        hi = isnan(hi) || v > hi ? v : hi;
    }
    if (!(lo < hi))
        for (uint32_t i = 0; i < n; i++) {
            float v = x[row[i]];
            if (isnan(v)) continue;
            lo = isnan(lo) || v < lo ? v : lo;
            hi = isnan(hi) || v > hi ? v : hi;
        }
    *at = lo;
    if (!(lo < hi)) return false;
    double cut = lo + random_unit(&g->random) * ((double)hi - lo);
    *at = (float)cut < hi && (float)cut >= lo ? (float)cut : lo;
    return true;
}

static void look_number(Grow *g, uint32_t f, const Part *p, Cut *best, bool *varies)
{
    const float *x = g->cell + (size_t)f * g->n;
    Cut cut = { .feature = f };
    bool drawn = draw_cut(g, x, p, &cut.at);
    *varies = drawn;
    if (isnan(cut.at)) return;                 /* all are missing */
    for (int k = 0; k < GROUPS; k++) clear_sums(g, &g->group[k]);
    for (uint32_t i = p->from; i < p->to; i++) {
        uint32_t row = g->row[i];
        float v = x[row];
        add_row(g, &g->group[isnan(v) ? GO_MISSING : v <= cut.at ? GO_LEFT : GO_RIGHT], row);
    }
    const Sums *left = &g->group[GO_LEFT], *right = &g->group[GO_RIGHT], *missing = &g->group[GO_MISSING];
    *varies = drawn || missing->rows > 0;
    double with_left = explained(g, left, missing, right), with_right = explained(g, right, missing, left);
    cut.missing_left = missing->rows > 0 ? with_left > with_right : left->rows > right->rows;
    cut.gain = fmax(with_left, with_right);
    if (cut.gain > best->gain) *best = cut;
}

/* Mean target of each level in the node, drawn towards the node's; of classes, one drawn at random. */
static void level_means(Grow *g, const float *x, const Part *p, uint32_t levels, double *lo, double *hi)
{
    double *sum = g->level, *weight = g->level + levels, mean;
    uint32_t class = g->sums > 1 ? (uint32_t)g->y[g->row[p->from + random_below(&g->random, p->to - p->from)]] : 0;
    memset(g->level, 0, 2 * (size_t)levels * sizeof *g->level);
    for (uint32_t i = p->from; i < p->to; i++) {
        uint32_t row = g->row[i];
        float v = x[row];
        if (!(v >= 0 && v < (float)levels)) continue;
        double w = weight_of(g, row);
        weight[(uint32_t)v] += w;
        sum[(uint32_t)v] += w * (g->sums > 1 ? g->y[row] == class : g->y[row]);
    }
    mean = g->all.target[class] / g->all.weight;
    *lo = INFINITY;
    *hi = -INFINITY;
    for (uint32_t c = 0; c < levels; c++) {
        if (!(weight[c] > 0)) continue;
        sum[c] = (sum[c] + LEVEL_PULL * mean) / (weight[c] + LEVEL_PULL);
        *lo = fmin(*lo, sum[c]);
        *hi = fmax(*hi, sum[c]);
    }
}

static void look_category(Grow *g, uint32_t f, const Part *p, Cut *best, bool *varies)
{
    const float *x = g->cell + (size_t)f * g->n;
    uint32_t levels = g->in->X.feature[f].levels, words = (levels + 31) / 32;
    Cut cut = { .feature = f, .category = true };
    double lo, hi;
    level_means(g, x, p, levels, &lo, &hi);
    *varies = lo < hi;
    if (!(lo <= hi)) return;                   /* all are missing */
    double at = lo + random_unit(&g->random) * (hi - lo);
    if (!(at < hi) && lo < hi) at = lo;
    memset(g->set, 0, words * sizeof *g->set);
    for (uint32_t c = 0; c < levels; c++)
        if (g->level[levels + c] > 0 && g->level[c] <= at) g->set[c / 32] |= 1u << c % 32;
    for (int k = 0; k < GROUPS; k++) clear_sums(g, &g->group[k]);
    for (uint32_t i = p->from; i < p->to; i++) {
        uint32_t row = g->row[i];
        float v = x[row];
        uint32_t c = v >= 0 && v < (float)levels ? (uint32_t)v : UINT32_MAX;
        bool left = c != UINT32_MAX && (g->set[c / 32] >> c % 32 & 1);
        add_row(g, &g->group[left ? GO_LEFT : GO_RIGHT], row);
    }
    *varies = g->group[GO_LEFT].rows > 0 && g->group[GO_RIGHT].rows > 0;
    cut.gain = explained(g, &g->group[GO_LEFT], NULL, &g->group[GO_RIGHT]);
    if (!(cut.gain > best->gain)) return;
    *best = cut;
    memcpy(g->best_set, g->set, words * sizeof *g->set);
}

/* The best of the random cuts of a node.  False when none parts it. */
static bool find_cut(Grow *g, const Part *p, Cut *best)
{
    uint32_t looked = 0;
    *best = (Cut){ .gain = -INFINITY };
    for (uint32_t i = 0; i < g->cols && looked < g->look; i++) {
        uint32_t j = i + (uint32_t)random_below(&g->random, g->cols - i), f = g->order[j];
        bool varies;
        g->order[j] = g->order[i];
        g->order[i] = f;
        if (g->in->X.feature[f].kind == FEATURE_CATEGORY) look_category(g, f, p, best, &varies);
        else look_number(g, f, p, best, &varies);
        looked += varies;
        g->cells += p->to - p->from;
    }
    return best->gain > -INFINITY;
}

static bool goes_left(const Grow *g, const Cut *cut, uint32_t row)
{
    float v = g->cell[(size_t)cut->feature * g->n + row];
    if (!cut->category) return isnan(v) ? cut->missing_left : v <= cut->at;
    return v >= 0 && v < (float)g->in->X.feature[cut->feature].levels &&
           (g->best_set[(uint32_t)v / 32] >> (uint32_t)v % 32 & 1);
}

/* Part the rows of a node; how many go left. */
static uint32_t part_rows(Grow *g, const Part *p, const Cut *cut)
{
    uint32_t left = p->from, right = 0;
    for (uint32_t i = p->from; i < p->to; i++) {
        uint32_t row = g->row[i];
        if (goes_left(g, cut, row)) g->row[left++] = row;
        else g->spill[right++] = row;
    }
    memcpy(g->row + left, g->spill, right * sizeof *g->row);
    return left - p->from;
}

static Err keep_set(Ctx *cx, Grow *g, uint32_t node, uint32_t words)
{
    if (g->words_n + words > g->words_cap) {
        size_t cap = (g->words_n + words) * 2;
        uint32_t *more = ctx_grow(cx, g->word, cap, sizeof *more);
        if (!more) return FAIL(cx, ERR_NOMEM, "growing a tree with category splits");
        g->word = more;
        g->words_cap = cap;
    }
    memcpy(g->word + g->words_n, g->best_set, words * sizeof *g->word);
    g->word_at[node] = g->words_n;
    g->node[node].set_words = words;
    g->words_n += words;
    return OK;
}

static void make_leaf(Grow *g, const Part *p)
{
    TreesNode *t = &g->node[p->node];
    double w = g->all.weight;
    *t = (TreesNode){ .kind = TREES_LEAF, .count = p->to - p->from };
    if (g->sums == 1) {
        t->value = g->mean + (w > 0 ? g->all.target[0] / w : 0);
        return;
    }
    double *value = g->value + (size_t)p->node * g->sums;
    for (uint32_t c = 0; c < g->sums; c++) value[c] = w > 0 ? g->all.target[c] / w : 1.0 / g->sums;
    t->values = value;
}

static bool is_pure(const Grow *g, const Part *p)
{
    double first = g->y[g->row[p->from]];
    for (uint32_t i = p->from + 1; i < p->to; i++)
        if (g->y[g->row[i]] != first) return false;
    return true;
}

static Err split_or_leaf(Ctx *cx, Grow *g, Part p, uint32_t *parts)
{
    Cut cut;
    clear_sums(g, &g->all);
    for (uint32_t i = p.from; i < p.to; i++) add_row(g, &g->all, g->row[i]);
    bool small = p.to - p.from < g->split_rows || p.depth == DEPTH_MAX || g->nodes_n + 2 > g->nodes_max;
    if (small || g->late || !(g->all.weight > 0) || is_pure(g, &p) || !find_cut(g, &p, &cut)) {
        make_leaf(g, &p);
        return OK;
    }
    uint32_t left = part_rows(g, &p, &cut);
    assert(left >= g->leaf_rows && p.to - p.from - left >= g->leaf_rows);
    g->node[p.node] = (TreesNode){
        .kind = cut.category ? TREES_CATEGORY : TREES_NUMBER, .missing = TREES_MISSING_NAN,
        .missing_left = cut.missing_left, .feature = cut.feature, .threshold = (double)cut.at,
        .left = g->nodes_n, .right = g->nodes_n + 1,
    };
    if (cut.category) TRY(cx, keep_set(cx, g, p.node, (g->in->X.feature[cut.feature].levels + 31) / 32));
    g->part[(*parts)++] = (Part){ g->nodes_n + 1, p.from + left, p.to, p.depth + 1 };
    g->part[(*parts)++] = (Part){ g->nodes_n, p.from, p.from + left, p.depth + 1 };
    g->nodes_n += 2;
    return OK;
}

/* *whole: the tree is finished.  The first tree always is: when time is out its open nodes become leaves. */
static Err grow_tree(Ctx *cx, Grow *g, uint32_t tree, bool *finished)
{
    uint32_t parts = 1;
    g->random = random_make(cx->seed, "extra_trees", tree, 0);
    g->words_n = 0;
    g->nodes_n = 1;
    g->part[0] = (Part){ 0, 0, g->n, 0 };
    for (uint32_t i = 0; i < g->n; i++) g->row[i] = i;
    for (uint32_t j = 0; j < g->cols; j++) g->order[j] = j;
    *finished = true;
    while (parts) {
        if (g->cells > LOOK_CELLS) {
            g->cells = 0;
            if (cx->cancel && *cx->cancel) return ctx_check(cx);
            g->late = ctx_late(cx);
            if (g->late && !g->alone) {
                *finished = false;
                return OK;
            }
        }
        Part p = g->part[--parts];
        TRY(cx, split_or_leaf(cx, g, p, &parts));
    }
    for (uint32_t i = 0; i < g->nodes_n; i++)
        if (g->node[i].kind == TREES_CATEGORY) g->node[i].set = g->word + g->word_at[i];
    return OK;
}

static Err copy_rows(Ctx *cx, Grow *g)
{
    Err err = OK;
    const FitIn *in = g->in;
    double all = 0, sum = 0;
    GET_DONE(cx, g->cell, (size_t)g->n * g->cols, "copying %u rows x %u columns for extra_trees", g->n, g->cols);
    GET_DONE(cx, g->y, g->n, "copying %u targets for extra_trees", g->n);
    if (in->weight) GET_DONE(cx, g->weight, g->n, "copying %u weights for extra_trees", g->n);
    for (uint32_t j = 0; j < g->cols; j++)
        for (uint32_t i = 0; i < g->n; i++) g->cell[(size_t)j * g->n + i] = in->X.col[j][in->train[i]];
    for (uint32_t i = 0; i < g->n; i++) {
        double w = in->weight ? (double)in->weight[in->train[i]] : 1;
        g->y[i] = in->y[in->train[i]];
        if (g->weight) g->weight[i] = (float)w;
        all += w;
        sum += w * g->y[i];
    }
    if (g->sums == 1 && all > 0) g->mean = sum / all;
    for (uint32_t i = 0; i < g->n && g->sums == 1; i++) g->y[i] -= g->mean;
done:
    return err;
}

static Err prepare(Ctx *cx, const FitIn *in, Grow *g)
{
    Err err = OK;
    uint32_t levels = 0;
    double n = (double)in->train_n, leaves = whole(in->args, LEAVES);
    *g = (Grow){ .in = in, .n = (uint32_t)in->train_n, .cols = (uint32_t)in->X.cols };
    g->sums = in->task == TASK_MULTICLASS ? in->classes : 1;
    g->look = (uint32_t)fmax(1, ceil(in->args[FEATURES] * g->cols));
    /* Leaves of many classes weigh more. */
    double smallest = ceil(n / leaves * fmax(1, g->sums / 4.0));
    g->leaf_rows = (uint32_t)fmax(whole(in->args, LEAF_ROWS), floor(smallest / 10));
    g->split_rows = (uint32_t)fmax(2.0 * g->leaf_rows, smallest);
    g->nodes_max = (uint32_t)fmin(2 * fmax(1, floor(n / g->leaf_rows)) - 1, 2.0 * TREES_LEAVES_MAX - 1);
    for (uint32_t j = 0; j < g->cols; j++)
        if (in->X.feature[j].kind == FEATURE_CATEGORY && in->X.feature[j].levels > levels) levels = in->X.feature[j].levels;
    g->set_words = (levels + 31) / 32;
    TRY(cx, copy_rows(cx, g));
    GET_DONE(cx, g->row, g->n, "extra_trees with %u rows", g->n);
    GET_DONE(cx, g->spill, g->n, "extra_trees with %u rows", g->n);
    GET_DONE(cx, g->order, g->cols, "extra_trees with %u columns", g->cols);
    GET_DONE(cx, g->target, (GROUPS + 1) * (size_t)g->sums, "extra_trees with %u classes", g->sums);
    GET_DONE(cx, g->level, 2 * (size_t)levels, "extra_trees with %u levels", levels);
    GET_DONE(cx, g->set, g->set_words, "extra_trees with %u levels", levels);
    GET_DONE(cx, g->best_set, g->set_words, "extra_trees with %u levels", levels);
    GET_DONE(cx, g->node, g->nodes_max, "extra_trees with %u nodes", g->nodes_max);
    GET_DONE(cx, g->word_at, g->nodes_max, "extra_trees with %u nodes", g->nodes_max);
    GET_DONE(cx, g->part, g->nodes_max + 1, "extra_trees with %u nodes", g->nodes_max);
    if (g->sums > 1) GET_DONE(cx, g->value, (size_t)g->nodes_max * g->sums, "extra_trees with %u nodes", g->nodes_max);
    for (int k = 0; k < GROUPS; k++) g->group[k].target = g->target + (size_t)k * g->sums;
    g->all.target = g->target + (size_t)GROUPS * g->sums;
done:
    return err;
}

static void drop(Ctx *cx, Grow *g)
{
    ctx_put(cx, g->cell);
    ctx_put(cx, g->y);
    ctx_put(cx, g->weight);
    ctx_put(cx, g->row);
    ctx_put(cx, g->spill);
    ctx_put(cx, g->order);
    ctx_put(cx, g->target);
    ctx_put(cx, g->level);
    ctx_put(cx, g->set);
    ctx_put(cx, g->best_set);
    ctx_put(cx, g->node);
    ctx_put(cx, g->value);
    ctx_put(cx, g->word);
    ctx_put(cx, g->word_at);
    ctx_put(cx, g->part);
}

static bool may_round(const Grow *g)
{
    for (uint32_t i = 0; i < g->n; i++)
        if (!(fabs(g->y[i]) < ROUND_MAX)) return false;
    return fabs(g->mean) < ROUND_MAX;
}

static Err grow_all(Ctx *cx, Grow *g, TreesMaker *maker, FitOut *out)
{
    uint32_t most = (uint32_t)whole(g->in->args, TREES);
    bool round = may_round(g);
    double took = 0;
    while (out->rounds < most) {
        bool finished;
        if (cx->cancel && *cx->cancel) return ctx_check(cx);
        if (out->rounds && ctx_left_s(cx) < took) break;
        g->alone = !out->rounds;
        int64_t from = ctx_mono_us(cx);
        TRY(cx, grow_tree(cx, g, out->rounds, &finished));
        if (!finished) break;
        TRY(cx, trees_add(cx, maker, g->node, g->nodes_n, round));
        took = fmax(ctx_since_s(cx, from), 0.7 * took);
        out->rounds++;
        if (g->late) break;
        ctx_step(cx, "extra_trees", out->rounds, most);
    }
    out->cut = out->rounds < most;
    return OK;
}

static Err fit_extra_trees(Ctx *cx, const FitIn *in, FitOut *out)
{
    Err err = OK;
    Grow g = { 0 };
    TreesMaker *maker = NULL;
    TreesSum sum = in->task == TASK_REGRESSION ? TREES_MEAN : TREES_MEAN_LOG;
    *out = (FitOut){ 0 };
    if (!in->train_n || !in->X.cols)
        return FAIL(cx, ERR_SHAPE, "extra_trees needs rows and columns, but got %zu x %zu", in->train_n, in->X.cols);
    TRY(cx, ctx_check(cx));
    double sure = fmin(fmax(1 / (double)in->train_n, SURE_MIN), SURE_MAX);
    TRY_DONE(cx, prepare(cx, in, &g));
    TRY_DONE(cx, trees_start(cx, sum, task_outputs(in->task, in->classes), in->task == TASK_MULTICLASS, g.cols, sure, &maker));
    TRY_DONE(cx, grow_all(cx, &g, maker, out));
    err = trees_end(cx, maker, &out->model);
    maker = NULL;
    TRY_DONE(cx, err);
done:
    if (err) *out = (FitOut){ 0 };
    trees_drop(cx, maker);
    drop(cx, &g);
    return err;
}

static double leaves_about(const FitIn *in)
{
    double n = (double)in->train_n, smallest = n / whole(in->args, LEAVES) * fmax(1, task_outputs(in->task, in->classes) / 4.0);
    return fmax(2, n / fmax(2 * whole(in->args, LEAF_ROWS), 0.6 * smallest));
}

static double guess_s(const FitIn *in)
{
    double n = (double)in->train_n, p = fmax(1, in->args[FEATURES] * (double)in->X.cols), k = task_outputs(in->task, in->classes);
    double tree = n * p * 4.5e-9 * log2(leaves_about(in) + 2) + leaves_about(in) * p * (1e-7 + 2e-9 * k) + 1e-5;
    return 0.001 + whole(in->args, TREES) * tree;
}

static double guess_bytes(const FitIn *in)
{
    double n = (double)in->train_n, p = (double)in->X.cols, k = task_outputs(in->task, in->classes);
    double leaf = 40 + 12 * k;     /* kept, and half as much again while growing */
    return n * (4 * p + 40) + whole(in->args, TREES) * leaves_about(in) * leaf + 4e6;
}

const Learner learner_extra_trees = {
    .name        = "extra_trees",
    .summary     = "averaged trees with random cuts",
    .source      = "Geurts, Ernst, Wehenkel 2006",
    .can         = LEARN_SPLITS | LEARN_BINARY | LEARN_MULTICLASS | LEARN_REGRESSION | LEARN_WEIGHTS | LEARN_MISSING,
    .params      = params,
    .fit         = fit_extra_trees,
    .guess_s     = guess_s,
    .guess_bytes = guess_bytes,
};

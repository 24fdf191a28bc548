/* learn/forest.c -- growing trees apart and averaging them: one engine for extra_trees and random_forest.
**
** A node looks at a random share of its columns that vary there and keeps the cut that explains most.  Either each
** column is cut once at random (Geurts et al. 2006): numbers between the values of two of the node's rows, categories
** between two levels' mean targets, drawn towards the node's mean by LEVEL_PULL rows.  Or each is cut where it explains
** most (Breiman 2001): numbers between any two of BINS_MAX quantile bins, categories between any two of their levels in
** the order of those means.  Missing numbers go to the side that explains more.  A leaf holds the mean target or the share
** of every class, so one tree serves all classes.
**
** Our own, not LightGBM's extra_trees: that draws a threshold from all bins of a column, wherever the node's rows lie, so
** deep nodes mostly draw cuts that part nothing and stop (measured: 80 leaves a tree where 500 were due, and an error
** half as large again as scikit-learn's).
**
** Tree t draws from its own stream, so a deadline only shortens the list.  Cost: rows * columns looked at * depth a tree.
*/
#include "learn/forest.h"

#include "base/random.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 60u
#define LEVEL_PULL 10.0            /* rows */
#define DRAWS_MAX 8                /* of a second value for a cut, before all rows are looked at */
#define LOOK_CELLS 2000000u        /* cells read between two looks at the clock */
#define SURE_MIN 1e-5              /* shares are kept from 0 and 1 by one over the rows, in these bounds */
#define SURE_MAX 1e-3
#define BINS_MAX 255u              /* of a column of numbers, for best cuts; the last code says missing */
#define FEW_ROWS 48u               /* in a node: their bins are sorted, not counted */
#define ROUND_MAX 1e30             /* leaf values of larger targets are not rounded to float32 */

enum { GO_LEFT, GO_RIGHT, GO_MISSING, GROUPS };

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
    const ForestPlan *plan;
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
    uint8_t *bin;                  /* best cuts: cols x n, of numbers */
    float *bound;                  /*   cols x BINS_MAX: the largest value of each bin, ascending */
    double *heap;                  /*   BINS_MAX + 1, or levels if more: weight, rows and sums of each */
    uint32_t *sort;                /*   levels in the order of their means */
    uint32_t *count;               /* bootstrap: how often each row was drawn, */
    double *upto;                  /*   and the weights of all rows up to each: a draw is as likely as its weight; or NULL */
} Grow;

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

/* One bin or level of a node, of stride sums + 2 doubles: weight, rows, sums. */
static double *slot(const Grow *g, uint32_t at) { return g->heap + (size_t)at * (g->sums + 2); }

static void into_slot(const Grow *g, double *slot, uint32_t row)
{
    double w = weight_of(g, row);
    slot[0] += w;
    slot[1] += 1;
    slot[g->sums == 1 ? 2 : 2 + (uint32_t)g->y[row]] += g->sums == 1 ? w * g->y[row] : w;
}

static void move_slot(const Grow *g, const double *slot, Sums *to, Sums *from)
{
    to->weight += slot[0];
    to->rows += slot[1];
    from->weight -= slot[0];
    from->rows -= slot[1];
    for (uint32_t c = 0; c < g->sums; c++) {
        to->target[c] += slot[2 + c];
        from->target[c] -= slot[2 + c];
    }
}

/* All rows of the node that are not missing to the right, those to their group. */
static void all_right(Grow *g, const double *missing)
{
    clear_sums(g, &g->group[GO_LEFT]);
    clear_sums(g, &g->group[GO_MISSING]);
    g->group[GO_RIGHT].weight = g->all.weight;
    g->group[GO_RIGHT].rows = g->all.rows;
    memcpy(g->group[GO_RIGHT].target, g->all.target, g->sums * sizeof *g->all.target);
    if (missing) move_slot(g, missing, &g->group[GO_MISSING], &g->group[GO_RIGHT]);
}

/* Is the cut between what is left and right now better than the best so far? */
static void try_number(Grow *g, uint32_t f, uint32_t bin, Cut *best)
{
    const Sums *left = &g->group[GO_LEFT], *right = &g->group[GO_RIGHT], *missing = &g->group[GO_MISSING];
    double with_left = explained(g, left, missing, right), with_right = explained(g, right, missing, left);
    double gain = fmax(with_left, with_right);
    if (!(gain > best->gain)) return;
    *best = (Cut){ .gain = gain, .feature = f, .at = g->bound[(size_t)f * BINS_MAX + bin],
                   .missing_left = missing->rows > 0 ? with_left > with_right : left->rows > right->rows };
}

/* Few rows: sorted by bin, one after another. */
static void best_of_few(Grow *g, uint32_t f, const Part *p, Cut *best, bool *varies)
{
    const uint8_t *bin = g->bin + (size_t)f * g->n;
    uint32_t row[FEW_ROWS], n = p->to - p->from, end = n;
    double one[3];
    for (uint32_t i = 0; i < n; i++) {
        uint32_t r = g->row[p->from + i], j = i;
        for (; j > 0 && bin[row[j - 1]] > bin[r]; j--) row[j] = row[j - 1];
        row[j] = r;
    }
    all_right(g, NULL);
    while (end > 0 && bin[row[end - 1]] == BINS_MAX) end--;
    *varies = end > 0 && (bin[row[0]] != bin[row[end - 1]] || end < n);
    for (uint32_t i = n; i-- > 0;) {               /* the missing ones, then from the left */
        bool gone = i >= end;
        uint32_t r = row[gone ? i : end - 1 - i];
        double w = weight_of(g, r), *y = &one[2];
        Sums *to = &g->group[gone ? GO_MISSING : GO_LEFT], *from = &g->group[GO_RIGHT];
        uint32_t c = g->sums == 1 ? 0 : (uint32_t)g->y[r];
        *y = g->sums == 1 ? w * g->y[r] : w;
        to->weight += w, from->weight -= w;
        to->rows += 1, from->rows -= 1;
        to->target[c] += *y, from->target[c] -= *y;
        if (!gone && i > 0 && bin[row[end - i]] != bin[r]) try_number(g, f, bin[r], best);
    }
}

static void best_number(Grow *g, uint32_t f, const Part *p, Cut *best, bool *varies)
{
    const uint8_t *bin = g->bin + (size_t)f * g->n;
    uint32_t seen = 0;
    if (p->to - p->from <= FEW_ROWS) {
        best_of_few(g, f, p, best, varies);
        return;
    }
    memset(g->heap, 0, (BINS_MAX + 1) * (size_t)(g->sums + 2) * sizeof *g->heap);
    for (uint32_t i = p->from; i < p->to; i++) into_slot(g, slot(g, bin[g->row[i]]), g->row[i]);
    all_right(g, slot(g, BINS_MAX));
    for (uint32_t b = 0; b < BINS_MAX; b++) {
        const double *s = slot(g, b);
        if (!(s[1] > 0)) continue;
        seen++;
        move_slot(g, s, &g->group[GO_LEFT], &g->group[GO_RIGHT]);
        if (!(g->group[GO_RIGHT].rows > 0)) break;
        try_number(g, f, b, best);
    }
    *varies = seen > 1 || (seen && g->group[GO_MISSING].rows > 0);
}

/* The levels present, by mean, ascending; of equal ones the lower code first. */
static uint32_t sort_levels(Grow *g, uint32_t levels)
{
    uint32_t n = 0;
    for (uint32_t c = 0; c < levels; c++)
        if (g->level[levels + c] > 0) g->sort[n++] = c;
    for (uint32_t gap = n / 2; gap > 0; gap = gap == 2 ? 1 : gap * 5 / 11)
        for (uint32_t i = gap; i < n; i++) {
            uint32_t c = g->sort[i], j = i;
            for (; j >= gap; j -= gap) {
                uint32_t d = g->sort[j - gap];
                if (g->level[d] < g->level[c] || (g->level[d] <= g->level[c] && d < c)) break;
                g->sort[j] = d;
            }
            g->sort[j] = c;
        }
    return n;
}

/* Unknown and missing levels stay right. */
static void best_category(Grow *g, uint32_t f, const Part *p, Cut *best, bool *varies)
{
    const float *x = g->cell + (size_t)f * g->n;
    uint32_t levels = g->in->X.feature[f].levels, words = (levels + 31) / 32, cut = UINT32_MAX;
    double lo, hi, gain = best->gain;
    level_means(g, x, p, levels, &lo, &hi);
    uint32_t n = sort_levels(g, levels);
    memset(g->heap, 0, (size_t)levels * (g->sums + 2) * sizeof *g->heap);
    for (uint32_t i = p->from; i < p->to; i++) {
        float v = x[g->row[i]];
        if (v >= 0 && v < (float)levels) into_slot(g, slot(g, (uint32_t)v), g->row[i]);
    }
    all_right(g, NULL);
    *varies = n > 1;
    for (uint32_t k = 0; k < n; k++) {
        move_slot(g, slot(g, g->sort[k]), &g->group[GO_LEFT], &g->group[GO_RIGHT]);
        *varies |= g->group[GO_RIGHT].rows > 0;
        double now = explained(g, &g->group[GO_LEFT], NULL, &g->group[GO_RIGHT]);
        if (!(now > gain)) continue;
        gain = now;
        cut = k;
    }
    if (cut == UINT32_MAX) return;
    *best = (Cut){ .gain = gain, .feature = f, .category = true };
    memset(g->best_set, 0, words * sizeof *g->best_set);
    for (uint32_t k = 0; k <= cut; k++) g->best_set[g->sort[k] / 32] |= 1u << g->sort[k] % 32;
}

/* The best of the cuts of a node.  False when none parts it. */
static bool find_cut(Grow *g, const Part *p, Cut *best)
{
    uint32_t looked = 0;
    *best = (Cut){ .gain = -INFINITY };
    for (uint32_t i = 0; i < g->cols && looked < g->look; i++) {
        uint32_t j = i + (uint32_t)random_below(&g->random, g->cols - i), f = g->order[j];
        bool varies;
        g->order[j] = g->order[i];
        g->order[i] = f;
        bool category = g->in->X.feature[f].kind == FEATURE_CATEGORY;
        if (g->plan->best) (category ? best_category : best_number)(g, f, p, best, &varies);
        else (category ? look_category : look_number)(g, f, p, best, &varies);
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
    if (small || !(g->all.weight > 0) || is_pure(g, &p) || !find_cut(g, &p, &cut)) {
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

static uint32_t draw_row(Grow *g)
{
    if (!g->upto) return (uint32_t)random_below(&g->random, g->n);
    double at = random_unit(&g->random) * g->upto[g->n - 1];
    uint32_t lo = 0, hi = g->n - 1;
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (g->upto[mid] > at) hi = mid;
        else lo = mid + 1;
    }
    return lo;
}

/* All rows, or as many drawn with replacement, ascending. */
static void choose_rows(Grow *g)
{
    if (!g->plan->bootstrap) {
        for (uint32_t i = 0; i < g->n; i++) g->row[i] = i;
        return;
    }
    uint32_t at = 0;
    memset(g->count, 0, g->n * sizeof *g->count);
    for (uint32_t i = 0; i < g->n; i++) g->count[draw_row(g)]++;
    for (uint32_t i = 0; i < g->n; i++)
        for (uint32_t k = 0; k < g->count[i]; k++) g->row[at++] = i;
}

/* *finished: false where the deadline came first. */
static Err grow_tree(Ctx *cx, Grow *g, uint32_t tree, bool *finished)
{
    uint32_t parts = 1;
    g->random = random_make(cx->seed, g->plan->name, tree, 0);
    g->words_n = 0;
    g->nodes_n = 1;
    g->part[0] = (Part){ 0, 0, g->n, 0 };
    choose_rows(g);
    for (uint32_t j = 0; j < g->cols; j++) g->order[j] = j;
    *finished = true;
    while (parts) {
        if (g->cells > LOOK_CELLS) {
            g->cells = 0;
            if (cx->cancel && *cx->cancel) return ctx_check(cx);
            if (!g->in->keep && ctx_late(cx)) {
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
    GET_DONE(cx, g->cell, (size_t)g->n * g->cols, "copying %u rows x %u columns for %s", g->n, g->cols, g->plan->name);
    GET_DONE(cx, g->y, g->n, "copying %u targets for %s", g->n, g->plan->name);
    if (in->weight) GET_DONE(cx, g->weight, g->n, "copying %u weights for %s", g->n, g->plan->name);
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

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

/* The largest value of each bin: every value its own where there are few, else about equally many rows each. */
static uint32_t find_bounds(const float *sorted, uint32_t n, float *bound)
{
    uint32_t different = 0, bins = 0;
    for (uint32_t i = 0; i < n; i++) different += !i || sorted[i] > sorted[i - 1];
    double share = different <= BINS_MAX ? 0 : (double)n / BINS_MAX;
    for (uint32_t i = 0; i < n; i++) {
        if (i + 1 < n && !(sorted[i + 1] > sorted[i])) continue;          /* the last of equals */
        if (i + 1 < n && i + 1 < (bins + 1) * share) continue;
        bound[bins++] = sorted[i];
    }
    return bins;
}

static Err bin_columns(Ctx *cx, Grow *g, uint32_t levels)
{
    Err err = OK;
    float *sorted = NULL;
    uint32_t slots = levels > BINS_MAX + 1 ? levels : BINS_MAX + 1;
    GET_DONE(cx, g->bin, (size_t)g->n * g->cols, "binning %u rows x %u columns", g->n, g->cols);
    GET_DONE(cx, g->bound, (size_t)g->cols * BINS_MAX, "binning %u columns", g->cols);
    GET_DONE(cx, g->heap, (size_t)slots * (g->sums + 2), "%s with %u classes", g->plan->name, g->sums);
    GET_DONE(cx, g->sort, levels, "%s with %u levels", g->plan->name, levels);
    GET_DONE(cx, sorted, g->n, "binning %u rows", g->n);
    for (uint32_t j = 0; j < g->cols; j++) {
        const float *x = g->cell + (size_t)j * g->n;
        float *bound = g->bound + (size_t)j * BINS_MAX;
        uint32_t m = 0;
        if (g->in->X.feature[j].kind == FEATURE_CATEGORY) continue;
        TRY_DONE(cx, ctx_check(cx));
        for (uint32_t i = 0; i < g->n; i++)
            if (!isnan(x[i])) sorted[m++] = x[i];
        qsort(sorted, m, sizeof *sorted, by_value);
        uint32_t bins = find_bounds(sorted, m, bound);
        for (uint32_t i = 0; i < g->n; i++) {
            uint32_t lo = 0, hi = bins ? bins - 1 : 0;
            while (lo < hi) {
                uint32_t mid = (lo + hi) / 2;
                if (bound[mid] < x[i]) lo = mid + 1;
                else hi = mid;
            }
            g->bin[(size_t)j * g->n + i] = (uint8_t)(isnan(x[i]) ? BINS_MAX : lo);
        }
    }
done:
    ctx_put(cx, sorted);
    return err;
}

static Err prepare(Ctx *cx, const FitIn *in, const ForestPlan *plan, Grow *g)
{
    Err err = OK;
    uint32_t levels = 0;
    double n = (double)in->train_n, leaves = plan->leaves;
    *g = (Grow){ .in = in, .plan = plan, .n = (uint32_t)in->train_n, .cols = (uint32_t)in->X.cols };
    g->sums = in->task == TASK_MULTICLASS ? in->classes : 1;
    g->look = (uint32_t)fmax(1, ceil(plan->features * g->cols));
    /* Leaves of many classes weigh more. */
    double smallest = ceil(n / leaves * fmax(1, g->sums / 4.0));
    g->leaf_rows = (uint32_t)fmax(plan->leaf_rows, floor(smallest / 10));
    g->split_rows = (uint32_t)fmax(2.0 * g->leaf_rows, smallest);
    g->nodes_max = (uint32_t)fmin(2 * fmax(1, floor(n / g->leaf_rows)) - 1, 2.0 * TREES_LEAVES_MAX - 1);
    for (uint32_t j = 0; j < g->cols; j++)
        if (in->X.feature[j].kind == FEATURE_CATEGORY && in->X.feature[j].levels > levels) levels = in->X.feature[j].levels;
    g->set_words = (levels + 31) / 32;
    TRY(cx, copy_rows(cx, g));
    GET_DONE(cx, g->row, g->n, "%s with %u rows", plan->name, g->n);
    GET_DONE(cx, g->spill, g->n, "%s with %u rows", plan->name, g->n);
    GET_DONE(cx, g->order, g->cols, "%s with %u columns", plan->name, g->cols);
    GET_DONE(cx, g->target, (GROUPS + 1) * (size_t)g->sums, "%s with %u classes", plan->name, g->sums);
    GET_DONE(cx, g->level, 2 * (size_t)levels, "%s with %u levels", plan->name, levels);
    GET_DONE(cx, g->set, g->set_words, "%s with %u levels", plan->name, levels);
    GET_DONE(cx, g->best_set, g->set_words, "%s with %u levels", plan->name, levels);
    GET_DONE(cx, g->node, g->nodes_max, "%s with %u nodes", plan->name, g->nodes_max);
    GET_DONE(cx, g->word_at, g->nodes_max, "%s with %u nodes", plan->name, g->nodes_max);
    GET_DONE(cx, g->part, g->nodes_max + 1, "%s with %u nodes", plan->name, g->nodes_max);
    if (g->sums > 1) GET_DONE(cx, g->value, (size_t)g->nodes_max * g->sums, "%s with %u nodes", plan->name, g->nodes_max);
    if (plan->bootstrap) GET_DONE(cx, g->count, g->n, "%s with %u rows", plan->name, g->n);
    if (plan->bootstrap && g->weight) {
        GET_DONE(cx, g->upto, g->n, "%s with %u rows", plan->name, g->n);
        for (uint32_t i = 0; i < g->n; i++) g->upto[i] = (i ? g->upto[i - 1] : 0) + (double)g->weight[i];
        ctx_put(cx, g->weight);                /* drawing has done its work */
        g->weight = NULL;
        if (!(g->upto[g->n - 1] > 0)) ctx_put(cx, g->upto), g->upto = NULL;
    }
    if (plan->best) TRY_DONE(cx, bin_columns(cx, g, levels));
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
    ctx_put(cx, g->bin);
    ctx_put(cx, g->bound);
    ctx_put(cx, g->heap);
    ctx_put(cx, g->sort);
    ctx_put(cx, g->count);
    ctx_put(cx, g->upto);
}

static bool may_round(const Grow *g)
{
    for (uint32_t i = 0; i < g->n; i++)
        if (!(fabs(g->y[i]) < ROUND_MAX)) return false;
    return fabs(g->mean) < ROUND_MAX;
}

static Err grow_all(Ctx *cx, Grow *g, TreesMaker *maker, FitOut *out)
{
    const FitIn *in = g->in;
    uint32_t most = out->planned, end = in->keep ? in->keep : most;
    bool round = may_round(g);
    double took = 0;
    while (out->rounds < end) {
        bool finished;
        if (cx->cancel && *cx->cancel) return ctx_check(cx);
        if (!in->keep && out->rounds && ctx_left_s(cx) < took) break;
        int64_t from = ctx_mono_us(cx);
        TRY(cx, grow_tree(cx, g, out->rounds, &finished));
        if (!finished) break;
        TRY(cx, trees_add(cx, maker, g->node, g->nodes_n, round));
        took = fmax(ctx_since_s(cx, from), 0.7 * took);
        out->rounds++;
        ctx_step(cx, g->plan->name, out->rounds, end);
    }
    out->cut = out->rounds < end;
    if (!out->rounds) return FAIL(cx, ERR_TIME, "the deadline passed before %s had grown a tree", g->plan->name);
    return OK;
}

Err forest_fit(Ctx *cx, const FitIn *in, const ForestPlan *plan, FitOut *out)
{
    Err err = OK;
    Grow g = { 0 };
    TreesMaker *maker = NULL;
    TreesSum sum = in->task == TASK_REGRESSION ? TREES_MEAN : TREES_MEAN_LOG;
    *out = (FitOut){ 0 };
    if (!in->train_n || !in->X.cols)
        return FAIL(cx, ERR_SHAPE, "%s needs rows and columns, but got %zu x %zu", plan->name, in->train_n, in->X.cols);
    TRY(cx, ctx_check(cx));
    double sure = fmin(fmax(1 / (double)in->train_n, SURE_MIN), SURE_MAX);
    out->planned = in->rounds ? in->rounds : plan->trees;
    TRY_DONE(cx, prepare(cx, in, plan, &g));
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

static double leaves_about(const FitIn *in, const ForestPlan *plan)
{
    double n = (double)in->train_n, smallest = n / plan->leaves * fmax(1, task_outputs(in->task, in->classes) / 4.0);
    return fmax(2, n / fmax(2 * plan->leaf_rows, 0.6 * smallest));
}

double forest_guess_s(const FitIn *in, const ForestPlan *plan)
{
    double n = (double)in->train_n, p = fmax(1, plan->features * (double)in->X.cols), k = task_outputs(in->task, in->classes);
    double leaves = leaves_about(in, plan), row = plan->best ? 5.5e-9 : 4.5e-9, leaf = plan->best ? 2.5e-7 + 1.2e-8 * k : 1e-7 + 2e-9 * k;
    double tree = n * p * row * log2(leaves + 2) + leaves * p * leaf + 1e-5;
    return 0.001 + (plan->best ? 1e-7 * n * (double)in->X.cols : 0) + (in->rounds ? in->rounds : plan->trees) * tree;
}

double forest_guess_bytes(const FitIn *in, const ForestPlan *plan)
{
    double n = (double)in->train_n, p = (double)in->X.cols, k = task_outputs(in->task, in->classes);
    double leaf = 40 + 12 * k;     /* kept, and half as much again while growing */
    return n * ((plan->best ? 5 : 4) * p + 40) + plan->trees * leaves_about(in, plan) * leaf + 4e6;
}

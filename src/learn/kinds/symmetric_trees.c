/* learn/kinds/symmetric_trees.c -- gradient boosting by symmetric trees, after CatBoost.
**
** All nodes of a level ask the same question (symmetric_grow.c), so a tree has few ways to fit noise: a strong booster on
** small data.  Each tree is found on rows drawn by the size of their gradients (minimal variance sampling, Ibragimov, Gusev
** 2019), with noise on the scores that fades as the model grows, and its leaves are filled by Newton steps on all rows, held
** back by l2.  Categories of many levels are cut by ordered means (symmetric_columns.c).  Classes share trees, whose
** leaves hold a value a class.  Our own code: CatBoost offers no training to C programs.
**
** What differs from CatBoost: it starts from the classes' shares, not from nought; curvature between classes is left out;
** categories are not crossed (engineer does that where it pays); means have one prior.
*/
#include "base/vector.h"
#include "learn/kinds/kinds.h"
#include "learn/rounds.h"
#include "learn/symmetric.h"

#include <math.h>
#include <string.h>

#define STEP_MAX 3.0               /* of one Newton step of a leaf, in log-odds */
#define STEPS_END 1e-3             /* Newton ends where no leaf moves more */
#define SAMPLE_TURNS 12            /* at most, for the threshold of sampling */
#define MEANS_MAX 6u               /* classes whose shares order levels */
#define SHARE_MIN 1e-6             /* of a class, for where margins start */
#define ROUND_MAX 1e30             /* larger leaf values are not rounded to float32, ... */
#define ROUND_MEAN 1e4             /* ... nor those of a mean so many deviations from 0 */

enum { RATE, DEPTH, L2, STRENGTH, ROWS, COLUMNS, BORDERS, LEVELS, PRIOR, STEPS, ROUNDS };

static const Param params[] = {
    [RATE] = { "learning_rate", "", "share of each tree's answer that is added", 0.005, 0.5, { .05, .08, .05 }, PARAM_LOG, NULL, false },
    [DEPTH] = { "depth", "splits", "questions a tree asks", 2, 10, { 6, 6, 6 }, PARAM_WHOLE, NULL, false },
    [L2] = { "l2_leaf_reg", "rows", "shrinking of leaf values", 0.1, 30, { 3, 3, 3 }, PARAM_LOG, NULL, false },
    [STRENGTH] = { "random_strength", "", "noise on the scores of splits; it fades as the model grows", 0, 4, { 1, 1, 1 }, PARAM_LINEAR, NULL, false },
    [ROWS] = { "subsample", "share", "rows each tree is found by, the larger gradients first", 0.3, 1, { .8, .8, .8 }, PARAM_LINEAR, NULL, false },
    [COLUMNS] = { "rsm", "share", "columns each level looks at", 0.1, 1, { 1, 1, 1 }, PARAM_LINEAR, NULL, false },
    [BORDERS] = { "border_count", "cuts", "most cuts of a column of numbers", 8, 254, { 254, 254, 254 }, PARAM_WHOLE_LOG, NULL, true },
    [LEVELS] = { "one_hot_max_size", "levels", "categories of up to so many levels split one level off", 1, 100, { 15, 15, 20 }, PARAM_WHOLE_LOG, NULL, false },
    [PRIOR] = { "prior", "rows", "pull of a level's mean to the mean of all", 0.1, 50, { 1, 1, 1 }, PARAM_LOG, NULL, true },
    [STEPS] = { "leaf_estimation_iterations", "steps", "Newton steps of a leaf's value, for two classes", 1, 20, { 10, 1, 1 }, PARAM_WHOLE_LOG, NULL, true },
    [ROUNDS] = { "rounds", "rounds", "most rounds; early stopping usually ends sooner", 1, 10000, { 2000, 2000, 2000 }, PARAM_WHOLE_LOG, NULL, true },
    { .name = NULL },
};

static double whole(const double *args, int i) { return floor(args[i] + 0.5); }

typedef struct Boost {
    const FitIn *in;
    uint32_t n, valid_n, outputs, leaves;
    SymData data;
    SymGrow *grow;
    double l2;                     /* in rows of mean weight */
    double mean, scale;            /* regression: y = mean + scale * margin; else 0 and 1 */
    double *start;                 /* outputs: where margins start */
    float *y, *weight;             /* rows; weight NULL: all 1 */
    float *margin, *share;         /* outputs x rows: margins, and the shares they mean (NULL for values) */
    float *gradient;               /* outputs x rows */
    float *valid;                  /* outputs x valid rows: margins */
    float *slope, *size;           /* rows x (outputs + 1), of the rows drawn; rows: of gradients */
    uint32_t *row;                 /* drawn */
    uint16_t *leaf, *leaf_valid;
    double *sum, *bend, *value;    /* leaves x outputs */
    uint32_t *count;               /* leaves */
    SymTree *tree;                 /* rounds, */
    float *leaf_value;             /*   leaves x outputs each, */
    uint32_t *leaf_count;          /*   and the rows in them */
    uint32_t round, cap;
    double last;                   /* mean size of the last tree's leaf values */
} Boost;

/* ------------------------------------------------------------------ losses */

VECTOR_CLONES static void sigmoids(const float *restrict margin, float *restrict p, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) p[i] = 1.f / (1.f + vector_exp(-margin[i]));
}

VECTOR_CLONES static void powers(const float *restrict margin, const float *restrict most, float *restrict p, float *restrict sum, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        p[i] = vector_exp(margin[i] - most[i]);
        sum[i] += p[i];
    }
}

/* Shares of all classes from margins, class by class; most and sum are room for n numbers. */
static void softmaxes(const float *margin, uint32_t outputs, uint32_t n, float *most, float *sum, float *p)
{
    memcpy(most, margin, n * sizeof *most);
    memset(sum, 0, n * sizeof *sum);
    for (uint32_t k = 1; k < outputs; k++)
        for (uint32_t i = 0; i < n; i++) most[i] = margin[(size_t)k * n + i] > most[i] ? margin[(size_t)k * n + i] : most[i];
    for (uint32_t k = 0; k < outputs; k++) powers(margin + (size_t)k * n, most, p + (size_t)k * n, sum, n);
    for (uint32_t k = 0; k < outputs; k++)
        for (uint32_t i = 0; i < n; i++) p[(size_t)k * n + i] /= sum[i];
}

static float weight_of(const Boost *b, uint32_t i) { return b->weight ? b->weight[i] : 1; }

/* What the answers lack, weighed, row after row for every output. */
static void find_gradients(Boost *b, const float *answer)
{
    uint32_t n = b->n;
    for (uint32_t k = 0; k < b->outputs; k++) {
        float *g = b->gradient + (size_t)k * n;
        const float *a = answer + (size_t)k * n;
        if (b->outputs == 1)
            for (uint32_t i = 0; i < n; i++) g[i] = b->y[i] - a[i];
        else
            for (uint32_t i = 0; i < n; i++) g[i] = (b->y[i] == (float)k ? 1.f : 0.f) - a[i];
        if (b->weight)
            for (uint32_t i = 0; i < n; i++) g[i] *= b->weight[i];
    }
}

static const float *find_answers(Boost *b)
{
    if (b->in->task == TASK_REGRESSION) return b->margin;
    if (b->outputs == 1) sigmoids(b->margin, b->share, b->n);
    else softmaxes(b->margin, b->outputs, b->n, b->size, b->slope, b->share);
    return b->share;
}

/* ------------------------------------------------------------------ rows of a tree */

/* The size at which a row is sure to be drawn, so that `wanted` are drawn on average. */
static double sure_size(const float *size, uint32_t n, double wanted)
{
    double sum = 0, at;
    for (uint32_t i = 0; i < n; i++) sum += (double)size[i];
    at = sum / wanted;
    for (int turn = 0; turn < SAMPLE_TURNS; turn++) {
        double below = 0;
        uint32_t sure = 0;
        for (uint32_t i = 0; i < n; i++) {
            bool is = (double)size[i] >= at;
            sure += is;
            below += is ? 0 : (double)size[i];
        }
        if (sure >= wanted || !(below > 0)) break;
        double next = below / (wanted - sure);
        if (fabs(next - at) <= 1e-6 * at) break;
        at = next;
    }
    return at;
}

/* Draw the rows that a tree is found by; each stands for as many as it was unlikely. */
static uint32_t draw_rows(Boost *b, Random *r)
{
    uint32_t n = b->n, m = 0, outputs = b->outputs;
    double wanted = b->in->args[ROWS] * n, sure = 0, floor2 = b->last * b->last;
    bool all = b->in->args[ROWS] >= 1;
    if (!all) {
        double mean = 0;
        for (uint32_t i = 0; i < n; i++) {
            float s = 0;
            for (uint32_t k = 0; k < outputs; k++) s += b->gradient[(size_t)k * n + i] * b->gradient[(size_t)k * n + i];
            b->size[i] = s;
            mean += sqrt((double)s) / n;
        }
        if (!b->round) floor2 = mean * mean;
        for (uint32_t i = 0; i < n; i++) b->size[i] = sqrtf(b->size[i] + (float)floor2);
        sure = sure_size(b->size, n, wanted);
    }
    for (uint32_t i = 0; i < n; i++) {
        double p = all || !(sure > 0) ? 1 : fmin(1, (double)b->size[i] / sure);
        if (p < 1 && random_unit(r) >= p) continue;
        float part = (float)(1 / p), *s = b->slope + (size_t)m * (outputs + 1);
        for (uint32_t k = 0; k < outputs; k++) s[k] = part * b->gradient[(size_t)k * n + i];
        s[outputs] = part * weight_of(b, i);
        b->row[m++] = i;
    }
    return m;
}

/* Noise on the scores: as wide as gradients are, fading when rate * trees nears the logarithm of the rows. */
static double noise_now(const Boost *b)
{
    double sum = 0, left = exp(log((double)b->n) - b->round * b->in->args[RATE]);
    for (size_t i = 0; i < (size_t)b->n * b->outputs; i++) sum += (double)b->gradient[i] * (double)b->gradient[i];
    return b->in->args[STRENGTH] * sqrt(sum / b->n) * left / (1 + left);
}

/* ------------------------------------------------------------------ leaves */

/* One Newton step of all leaves; the largest move. */
static double step_leaves(Boost *b)
{
    uint32_t leaves = b->leaves, outputs = b->outputs;
    double most = 0, part = outputs > 1 ? (outputs - 1.0) / outputs : 1;
    memset(b->sum, 0, (size_t)leaves * outputs * sizeof *b->sum);
    memset(b->bend, 0, (size_t)leaves * outputs * sizeof *b->bend);
    for (uint32_t k = 0; k < outputs; k++) {
        const float *g = b->gradient + (size_t)k * b->n, *p = b->share ? b->share + (size_t)k * b->n : NULL;
        for (uint32_t i = 0; i < b->n; i++) {
            size_t at = (size_t)b->leaf[i] * outputs + k;
            float bend = p ? p[i] * (1 - p[i]) : 1;
            b->sum[at] += (double)g[i];
            b->bend[at] += (double)(b->weight ? b->weight[i] * bend : bend);
        }
    }
    for (size_t at = 0; at < (size_t)leaves * outputs; at++) {
        double step = part * b->sum[at] / (b->bend[at] + b->l2);
        if (b->in->task != TASK_REGRESSION) step = fmin(fmax(step, -STEP_MAX), STEP_MAX);
        b->value[at] += step;
        most = fmax(most, fabs(step));
    }
    return most;
}

/* Several steps, for two classes: the shares move along. */
static void fill_leaves(Boost *b)
{
    uint32_t steps = b->in->task == TASK_BINARY ? (uint32_t)whole(b->in->args, STEPS) : 1;
    memset(b->value, 0, (size_t)b->leaves * b->outputs * sizeof *b->value);
    for (uint32_t s = 0; s < steps; s++) {
        if (step_leaves(b) < STEPS_END || s + 1 == steps) break;
        for (uint32_t i = 0; i < b->n; i++) b->size[i] = b->margin[i] + (float)b->value[b->leaf[i]];
        sigmoids(b->size, b->share, b->n);
        find_gradients(b, b->share);
    }
}

static void add_leaves(const Boost *b, const uint16_t *leaf, uint32_t n, const float *value, float *margin)
{
    for (uint32_t k = 0; k < b->outputs; k++)
        for (uint32_t i = 0; i < n; i++) margin[(size_t)k * n + i] += value[leaf[i] * b->outputs + k];
}

static Err room_for_tree(Ctx *cx, Boost *b)
{
    if (b->round < b->cap) return OK;
    uint32_t cap = b->cap * 2 + 64;
    void *p;
    if (!(p = ctx_grow(cx, b->tree, cap, sizeof *b->tree))) return FAIL(cx, ERR_NOMEM, "keeping %u trees", cap);
    b->tree = p;
    if (!(p = ctx_grow(cx, b->leaf_value, (size_t)cap * b->leaves * b->outputs, sizeof *b->leaf_value))) return FAIL(cx, ERR_NOMEM, "keeping %u trees", cap);
    b->leaf_value = p;
    if (!(p = ctx_grow(cx, b->leaf_count, (size_t)cap * b->leaves, sizeof *b->leaf_count))) return FAIL(cx, ERR_NOMEM, "keeping %u trees", cap);
    b->leaf_count = p;
    b->cap = cap;
    return OK;
}

static Err round_of(Ctx *cx, void *self, bool *grew)
{
    Boost *b = self;
    Random r = random_make(cx->seed, "symmetric_trees", b->round, 0);
    TRY(cx, room_for_tree(cx, b));
    SymTree *t = &b->tree[b->round];
    float *value = b->leaf_value + (size_t)b->round * b->leaves * b->outputs;
    uint32_t *count = b->leaf_count + (size_t)b->round * b->leaves;
    uint32_t order = b->data.ordered ? (uint32_t)random_below(&r, SYM_ORDERS - 1) : 0;
    find_gradients(b, find_answers(b));
    double noise = noise_now(b);
    uint32_t m = draw_rows(b, &r);
    sym_grow_tree(b->grow, b->row, b->slope, m, order, noise, &r, t);
    *grew = t->depth > 0;
    if (!*grew && b->round) return OK;         /* such a round is not kept: it must not move the margins */
    sym_leaves(&b->data, t, SYM_ORDERS - 1, b->leaf);
    fill_leaves(b);
    memset(count, 0, b->leaves * sizeof *count);
    for (uint32_t i = 0; i < b->n; i++) count[b->leaf[i]]++;
    b->last = 0;
    for (size_t at = 0; at < (size_t)b->leaves * b->outputs; at++) {
        value[at] = (float)(b->in->args[RATE] * b->value[at]);
        b->last += fabs((double)value[at]) / b->leaves;
    }
    add_leaves(b, b->leaf, b->n, value, b->margin);
    if (b->valid_n) {
        sym_leaves_valid(&b->data, t, b->leaf_valid);
        add_leaves(b, b->leaf_valid, b->valid_n, value, b->valid);
    }
    b->round += *grew || !b->round;
    return OK;
}

/* ------------------------------------------------------------------ looking at the valid rows */

static double loss_of(const Boost *b, uint32_t i)
{
    double y = b->in->y[b->in->valid[i]], m = (double)b->valid[i];
    if (b->in->task == TASK_REGRESSION) {
        double e = b->mean + b->scale * m - y;
        return b->in->metric && !strcmp(b->in->metric->name, "mae") ? fabs(e) : e * e;
    }
    if (b->outputs == 1) return y > .5 ? log1p(exp(-m)) : log1p(exp(m));
    double most = m, sum = 0;
    for (uint32_t k = 1; k < b->outputs; k++) most = fmax(most, (double)b->valid[(size_t)k * b->valid_n + i]);
    for (uint32_t k = 0; k < b->outputs; k++) sum += exp((double)b->valid[(size_t)k * b->valid_n + i] - most);
    return log(sum) + most - (double)b->valid[(size_t)y * b->valid_n + i];
}

static Err eval_of(Ctx *cx, void *self, double *loss)
{
    const Boost *b = self;
    double sum = 0, weight = 0;
    (void)cx;
    for (uint32_t i = 0; i < b->valid_n; i++) {
        double w = b->in->weight ? (double)b->in->weight[b->in->valid[i]] : 1;
        sum += w * loss_of(b, i);
        weight += w;
    }
    *loss = weight > 0 ? sum / weight : 0;
    return OK;
}

/* ------------------------------------------------------------------ the model */

/* The questions of a tree as nodes, breadth first; sets are made in `set`. */
static uint32_t lay_tree(const Boost *b, uint32_t round, TreesNode *node, uint32_t *set, uint32_t set_words, double *values)
{
    const SymTree *t = &b->tree[round];
    uint32_t inner = (1u << t->depth) - 1, outputs = b->outputs;
    for (uint32_t i = 0; i < inner; i++) {
        uint32_t level = 31u - (uint32_t)__builtin_clz(i + 1);
        const SymColumn *c = &b->data.column[t->column[level]];
        uint32_t *own = set + (size_t)level * set_words, cut = t->cut[level];
        node[i] = (TreesNode){ .kind = c->kind == SYM_NUMBER ? TREES_NUMBER : TREES_CATEGORY, .missing = TREES_MISSING_NAN, .missing_left = true,
                               .feature = c->feature, .left = 2 * i + 1, .right = 2 * i + 2 };
        if (c->kind == SYM_NUMBER) {
            node[i].threshold = (double)c->border[cut];
            continue;
        }
        uint32_t levels = b->in->X.feature[c->feature].levels;
        node[i].set = own;
        node[i].set_words = (levels + 31) / 32;
        if (i + 1 != 1u << level) continue;                  /* the level's first node made it */
        memset(own, 0, node[i].set_words * sizeof *own);
        for (uint32_t l = 0; l < levels; l++)
            if (c->kind == SYM_LEVEL ? l == cut : c->level[l] <= cut) own[l / 32] |= 1u << l % 32;
    }
    for (uint32_t p = 0; p <= inner; p++) {
        uint32_t leaf = 0;
        double *v = values + (size_t)p * outputs;
        for (uint32_t k = 0; k < t->depth; k++) leaf |= (p >> (t->depth - 1 - k) & 1) << k;
        for (uint32_t k = 0; k < outputs; k++) {
            v[k] = b->scale * (double)b->leaf_value[((size_t)round * b->leaves + leaf) * outputs + k];
            if (!round) v[k] += b->mean + b->start[k];
        }
        node[inner + p] = (TreesNode){ .kind = TREES_LEAF, .count = b->leaf_count[(size_t)round * b->leaves + leaf], .value = v[0], .values = v };
    }
    return 2 * inner + 1;
}

static Err make_model(Ctx *cx, const Boost *b, uint32_t rounds, Model **out)
{
    Err err = OK;
    TreesMaker *maker = NULL;
    TreesNode *node = NULL;
    uint32_t *set = NULL, words = 1;
    double *values = NULL;
    bool round = fabs(b->mean) < ROUND_MAX && fabs(b->mean) < ROUND_MEAN * b->scale && b->scale < ROUND_MAX;
    for (size_t j = 0; j < b->in->X.cols; j++)
        if (b->in->X.feature[j].kind == FEATURE_CATEGORY && b->in->X.feature[j].levels / 32 + 1 > words) words = b->in->X.feature[j].levels / 32 + 1;
    GET_DONE(cx, node, 2 * (size_t)b->leaves, "making a model of symmetric trees");
    GET_DONE(cx, set, (size_t)SYM_DEPTH_MAX * words, "making a model of symmetric trees");
    GET_DONE(cx, values, (size_t)b->leaves * b->outputs, "making a model of symmetric trees");
    TRY_DONE(cx, trees_start(cx, TREES_SUM, b->outputs, b->outputs > 1, (uint32_t)b->in->X.cols, 0, &maker));
    for (uint32_t t = 0; t < rounds; t++) {
        uint32_t n = lay_tree(b, t, node, set, words, values);
        TRY_DONE(cx, trees_add(cx, maker, node, n, round));
    }
    err = trees_end(cx, maker, out);
    maker = NULL;
    TRY_DONE(cx, err);
done:
    trees_drop(cx, maker);
    ctx_put(cx, node);
    ctx_put(cx, set);
    ctx_put(cx, values);
    return err;
}

static double take_s(const void *self, uint32_t rounds)
{
    const Boost *b = self;
    return rounds * b->leaves * (1e-7 + 2e-8 * b->outputs);
}

/* ------------------------------------------------------------------ the fit */

/* Where margins start: the mean in deviations from it, log-odds, or the logarithms of the classes' shares. */
static void find_start(Boost *b)
{
    const FitIn *in = b->in;
    double all = 0, sum = 0, square = 0;
    for (uint32_t i = 0; i < b->n; i++) {
        double w = (double)weight_of(b, i), y = in->y[in->train[i]];
        all += w;
        sum += w * y;
        if (b->outputs > 1) b->start[(uint32_t)y] += w;
    }
    if (!(all > 0)) all = 1;
    double mean = sum / all;
    b->scale = 1;
    if (in->task == TASK_REGRESSION) {
        for (uint32_t i = 0; i < b->n; i++) {
            double w = (double)weight_of(b, i), e = in->y[in->train[i]] - mean;
            square += w * e * e;
        }
        b->mean = mean;
        b->scale = square > 0 && isfinite(square) ? sqrt(square / all) : 1;
    } else if (b->outputs == 1) {
        double p = fmin(fmax(mean, 1 / (2.0 * b->n + 2)), 1 - 1 / (2.0 * b->n + 2));
        b->start[0] = log(p / (1 - p));
    } else
        for (uint32_t k = 0; k < b->outputs; k++) b->start[k] = log(fmax(b->start[k] / all, SHARE_MIN));
    for (uint32_t i = 0; i < b->n; i++) b->y[i] = (float)((in->y[in->train[i]] - b->mean) / b->scale);
    for (uint32_t k = 0; k < b->outputs; k++) {
        for (uint32_t i = 0; i < b->n; i++) b->margin[(size_t)k * b->n + i] = (float)b->start[k];
        for (uint32_t i = 0; i < b->valid_n; i++) b->valid[(size_t)k * b->valid_n + i] = (float)b->start[k];
    }
    b->l2 = in->args[L2] * all / b->n;
}

/* What levels are ordered by: the target, or the shares of some classes. */
static Err make_columns(Ctx *cx, Boost *b)
{
    Err err = OK;
    const float *target[MEANS_MAX] = { b->y };
    float *is = NULL;
    uint32_t targets = b->outputs > 1 ? (b->outputs < MEANS_MAX ? b->outputs : MEANS_MAX) : 1;
    SymBinning how = { "symmetric_trees", (uint32_t)whole(b->in->args, BORDERS), (uint32_t)whole(b->in->args, LEVELS), b->in->args[PRIOR] };
    if (b->outputs > 1) {
        GET_DONE(cx, is, (size_t)targets * b->n, "ordering levels by %u classes", targets);
        for (uint32_t k = 0; k < targets; k++) {
            target[k] = is + (size_t)k * b->n;
            for (uint32_t i = 0; i < b->n; i++) is[(size_t)k * b->n + i] = b->y[i] == (float)k;
        }
    }
    TRY_DONE(cx, sym_columns(cx, b->in, &how, target, targets, b->valid_n, &b->data));
done:
    ctx_put(cx, is);
    return err;
}

static Err prepare(Ctx *cx, const FitIn *in, Boost *b)
{
    Err err = OK;
    size_t n = in->train_n, k = task_outputs(in->task, in->classes);
    SymShape shape = { .depth = (uint32_t)whole(in->args, DEPTH), .outputs = (uint32_t)k, .columns = in->args[COLUMNS] };
    b->in = in;
    b->n = (uint32_t)n;
    b->valid_n = rounds_watch(in) ? (uint32_t)in->valid_n : 0;
    b->outputs = (uint32_t)k;
    b->leaves = 1u << shape.depth;
    GET_DONE(cx, b->start, k, "symmetric_trees with %zu classes", k);
    GET_DONE(cx, b->y, n, "symmetric_trees with %zu rows", n);
    if (in->weight) GET_DONE(cx, b->weight, n, "symmetric_trees with %zu rows", n);
    GET_DONE(cx, b->margin, n * k, "symmetric_trees with %zu rows", n);
    GET_DONE(cx, b->gradient, n * k, "symmetric_trees with %zu rows", n);
    if (in->task != TASK_REGRESSION) GET_DONE(cx, b->share, n * k, "symmetric_trees with %zu rows", n);
    GET_DONE(cx, b->valid, (size_t)b->valid_n * k + 1, "symmetric_trees with %u valid rows", b->valid_n);
    GET_DONE(cx, b->slope, n * (k + 1), "symmetric_trees with %zu rows", n);
    GET_DONE(cx, b->size, n, "symmetric_trees with %zu rows", n);
    GET_DONE(cx, b->row, n, "symmetric_trees with %zu rows", n);
    GET_DONE(cx, b->leaf, n, "symmetric_trees with %zu rows", n);
    GET_DONE(cx, b->leaf_valid, b->valid_n + 1, "symmetric_trees with %u valid rows", b->valid_n);
    GET_DONE(cx, b->sum, b->leaves * k, "symmetric_trees with %u leaves", b->leaves);
    GET_DONE(cx, b->bend, b->leaves * k, "symmetric_trees with %u leaves", b->leaves);
    GET_DONE(cx, b->value, b->leaves * k, "symmetric_trees with %u leaves", b->leaves);
    for (size_t i = 0; i < n && b->weight; i++) b->weight[i] = in->weight[in->train[i]];
    find_start(b);
    TRY_DONE(cx, make_columns(cx, b));
    shape.l2 = b->l2;
    TRY_DONE(cx, sym_grow_new(cx, &b->data, &shape, cx->seed, &b->grow));
done:
    return err;
}

static void drop(Ctx *cx, Boost *b)
{
    void *all[] = { b->start, b->y, b->weight, b->margin, b->share, b->gradient, b->valid, b->slope, b->size, b->row, b->leaf, b->leaf_valid, b->sum,
                    b->bend, b->value, b->tree, b->leaf_value, b->leaf_count };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) ctx_put(cx, all[i]);
    sym_grow_drop(cx, b->grow);
    sym_columns_drop(cx, &b->data);
}

static double codes_about(const FitIn *in) { return fmin(whole(in->args, BORDERS) + 1, fmax(2, (double)in->train_n)); }

/* Seconds of one round. */
static double round_s(const FitIn *in)
{
    double n = (double)in->train_n, k = task_outputs(in->task, in->classes);
    double steps = in->task == TASK_BINARY ? fmin(4, whole(in->args, STEPS)) : 1;
    return sym_level_s(n * in->args[ROWS], (double)in->X.cols, codes_about(in), (uint32_t)whole(in->args, DEPTH), (uint32_t)k) +
           n * k * (1.5e-8 + 1.2e-8 * steps) + 5e-6;
}

static Err fit(Ctx *cx, const FitIn *in, FitOut *out)
{
    Err err = OK;
    Boost b = { 0 };
    Rounds race = { .in = in, .name = "symmetric_trees", .rate = in->args[RATE], .most = rounds_most(in, whole(in->args, ROUNDS), in->args[RATE]),
                    .self = &b, .round = round_of, .eval = eval_of, .take_s = take_s };
    *out = (FitOut){ 0 };
    if (!in->train_n || !in->X.cols)
        return FAIL(cx, ERR_SHAPE, "symmetric_trees needs rows and columns, but got %zu x %zu", in->train_n, in->X.cols);
    race.round_s = round_s(in);
    TRY_DONE(cx, prepare(cx, in, &b));
    TRY_DONE(cx, rounds_run(cx, &race));
    TRY_DONE(cx, make_model(cx, &b, race.best, &out->model));
    out->rounds = race.best;
    out->planned = race.most;
    out->cut = race.cut;
done:
    drop(cx, &b);
    return err;
}

static double guess_s(const FitIn *in)
{
    double n = (double)in->train_n, p = (double)in->X.cols;
    double most = whole(in->args, ROUNDS), rounds = rounds_most(in, most, in->args[RATE]);
    if (rounds_watch(in)) rounds = fmin(most, 28 / in->args[RATE]);
    return 8e-8 * (n + (double)in->valid_n) * p + rounds * round_s(in) + 0.002;
}

static double guess_bytes(const FitIn *in)
{
    double n = (double)(in->train_n + in->valid_n), k = task_outputs(in->task, in->classes), leaves = exp2(whole(in->args, DEPTH));
    return sym_bytes(n, (double)in->X.cols, codes_about(in), (uint32_t)whole(in->args, DEPTH), (uint32_t)k) +
           fmin(whole(in->args, ROUNDS), 28 / in->args[RATE]) * leaves * (12 + 24 * k) + 2e6;
}

const Learner learner_symmetric_trees = {
    .name        = "symmetric_trees",
    .summary     = "gradient boosted trees, one question a level",
    .source      = "after CatBoost: Prokhorenkova et al. 2018; sampling of Ibragimov, Gusev 2019",
    .can         = LEARN_SPLITS | LEARN_BINARY | LEARN_MULTICLASS | LEARN_REGRESSION | LEARN_WEIGHTS | LEARN_MISSING | LEARN_ROUNDS,
    .params      = params,
    .fit         = fit,
    .guess_s     = guess_s,
    .guess_bytes = guess_bytes,
};

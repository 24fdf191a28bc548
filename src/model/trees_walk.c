/* model/trees_walk.c -- margins of the form "trees".
**
** Many rows: a block of them is laid out once, view by view in groups of LANES rows;
** then every tree walks group after group.  One row: TREES trees walk side by side.
** Either way the walks of a group go down together, a step each in turn, without a
** branch: the processor works on all of them while one waits for memory.  Sums are
** added in the order of the trees, so they equal LightGBM's to the last bit, and
** both ways give the same.
**
** Gathers of AVX-512 (two of the nodes, one of the cells, a step) were tried for the
** rows of a group: slower than these loads on the AMD machine it was tried on.
*/
#include "model/trees_inner.h"

#include <math.h>
#include <string.h>

#define LANES 8u
#define TREES 8u                         /* side by side, for one row */
#define FEW_ROWS ((size_t)4)             /* up to so many are walked one by one */
#define ROW_VIEWS_MAX 1024u              /* views of one row that fit on the stack */
#define STEPS 3u                         /* between two looks whether all rows have arrived */
#define BLOCK_FLOATS ((size_t)1 << 15)   /* of views at once: stays in the second-level cache */
#define BLOCK_ROWS_MAX ((size_t)256)
_Static_assert(BLOCK_ROWS_MAX % LANES == 0, "a block is whole groups");

static uint32_t category_code(float x)
{
    /* LightGBM casts to int: what does not fit, NaN included, is no category. */
    if (!(x > -1.0f && x < 2147483648.0f)) return UINT32_MAX;
    return (uint32_t)x;
}

static float view_value(uint32_t mode, float x)
{
    switch (mode) {
    case VIEW_NONE: return isnan(x) || fabsf(x) <= TREES_ZERO ? 0 : x;
    case VIEW_NAN_RIGHT: return fabsf(x) <= TREES_ZERO ? 0 : x;
    case VIEW_NAN_LEFT: return isnan(x) ? -INFINITY : fabsf(x) <= TREES_ZERO ? 0 : x;
    case VIEW_ZERO_RIGHT: return fabsf(x) <= TREES_ZERO ? NAN : x;
    case VIEW_ZERO_LEFT: return isnan(x) || fabsf(x) <= TREES_ZERO ? -INFINITY : x;
    default: return 0;
    }
}

static float category_value(uint32_t mode, float x)
{
    union { uint32_t bits; float at; } u = { category_code(x) };
    if (mode != VIEW_CATEGORY) u.bits = u.bits / 32 == mode - VIEW_WORD ? 1u << u.bits % 32 : 0;
    return u.at;
}

void trees_fill_view(const View *v, const Frame *X, const uint32_t *rows, size_t n, float *out, size_t stride)
{
    const float *col = v->mode == VIEW_CONSTANT ? NULL : X->col[v->feature];
    for (size_t i = 0; i < n; i++) {
        float x = col ? col[rows ? rows[i] : i] : 0;
        out[i * stride] = v->mode >= VIEW_CATEGORY ? category_value(v->mode, x) : view_value(v->mode, x);
    }
}

/* cell[(g * views + v) * LANES + lane]: view v of row g * LANES + lane.  The last group repeats the last row. */
static void lay_out(const Trees *m, const Frame *X, const uint32_t *rows, size_t from, size_t n, float *cell)
{
    size_t groups = (n + LANES - 1) / LANES;
    for (size_t v = 0; v < m->views_n; v++)
        for (size_t g = 0; g < groups; g++) {
            uint32_t row[LANES];
            for (size_t l = 0; l < LANES; l++) {
                size_t i = g * LANES + l < n ? g * LANES + l : n - 1;
                row[l] = rows ? rows[from + i] : (uint32_t)(from + i);
            }
            trees_fill_view(&m->view[v], X, row, LANES, cell + (g * m->views_n + v) * LANES, 1);
        }
}

/* Where a walk goes from a node, given the row's value of its view. */
static inline uint32_t step_number(const TreeNode *t, float x)
{
    return t->left + !(x <= t->u.at);
}

/* Both kinds of split are worked out, and one is taken: cheaper than a branch that nobody can foresee. */
static inline uint32_t step_word(const TreeNode *t, uint32_t numbers, float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    uint32_t number = !(x <= t->u.at), word = !(bits & t->u.set);
    return t->left + (t->view < numbers ? number : word);
}

/* Rows of a group go down one tree.  STEP(t, x): the next node. */
#define WALK_LANES(STEP)                                                                                           \
    uint32_t a[LANES] = { 0 };                                                                                     \
    for (uint32_t done = 0; done < depth; done += STEPS) {                                                         \
        uint32_t moved = 0;                                                                                        \
        _Pragma("GCC unroll 8") for (uint32_t s = 0; s + 1 < STEPS; s++)                                           \
            _Pragma("GCC unroll 8") for (uint32_t l = 0; l < LANES; l++)                                           \
                a[l] = STEP(&node[a[l]], cell[node[a[l]].view * LANES + l]);                                       \
        _Pragma("GCC unroll 8") for (uint32_t l = 0; l < LANES; l++) {                                             \
            uint32_t next = STEP(&node[a[l]], cell[node[a[l]].view * LANES + l]);                                  \
            moved |= next ^ a[l];                                                                                  \
            a[l] = next;                                                                                           \
        }                                                                                                          \
        if (!moved) break;                                                                                         \
    }                                                                                                              \
    for (uint32_t l = 0; l < LANES; l++) leaf[l] = node[a[l]].u.set

#define STEP_NUMBER(t, x) step_number((t), (x))
#define STEP_WORD(t, x) step_word((t), numbers, (x))
#define STEP_ANY(t, x) ((t)->left + trees_right(m, (t), (x)))

static void walk_numbers(const TreeNode *node, uint32_t depth, const float *cell, uint32_t *leaf)
{
    WALK_LANES(STEP_NUMBER);
}

static void walk_words(uint32_t numbers, const TreeNode *node, uint32_t depth, const float *cell, uint32_t *leaf)
{
    WALK_LANES(STEP_WORD);
}

static void walk_any(const Trees *m, const TreeNode *node, uint32_t depth, const float *cell, uint32_t *leaf)
{
    WALK_LANES(STEP_ANY);
}

static void walk_block(const Trees *m, const float *cell, size_t n, double *out)
{
    uint32_t outputs = m->head.outputs, leaf[LANES];
    for (uint32_t t = 0; t < m->trees_n; t++) {
        const Tree *tree = &m->tree[t];
        const TreeNode *node = m->node + tree->node0;
        const double *value = m->value + tree->leaf0 * m->leaf_values;
        double *sum = m->leaf_values > 1 ? out : out + t % outputs;
        for (size_t i = 0; i < n; i += LANES) {
            const float *group = cell + i * m->views_n;
            if (tree->reads == READS_NUMBERS) walk_numbers(node, tree->depth, group, leaf);
            else if (tree->reads == READS_WORDS) walk_words(m->number_views_n, node, tree->depth, group, leaf);
            else walk_any(m, node, tree->depth, group, leaf);
            size_t k = n - i < LANES ? n - i : LANES;
            if (m->leaf_values == 1)
                for (size_t l = 0; l < k; l++) sum[(i + l) * outputs] += value[leaf[l]];
            else
                for (size_t l = 0; l < k; l++)
                    for (uint32_t c = 0; c < outputs; c++) sum[(i + l) * outputs + c] += value[leaf[l] * outputs + c];
        }
    }
}

/* One row goes down TREES trees side by side; those past the last repeat it. */
#define WALK_TREES(STEP)                                                                                           \
    uint32_t a[TREES] = { 0 };                                                                                     \
    for (uint32_t done = 0; done < depth; done += STEPS) {                                                         \
        uint32_t moved = 0;                                                                                        \
        _Pragma("GCC unroll 8") for (uint32_t s = 0; s + 1 < STEPS; s++)                                           \
            _Pragma("GCC unroll 8") for (uint32_t l = 0; l < TREES; l++)                                           \
                a[l] = STEP(&node[l][a[l]], cell[node[l][a[l]].view]);                                             \
        _Pragma("GCC unroll 8") for (uint32_t l = 0; l < TREES; l++) {                                             \
            uint32_t next = STEP(&node[l][a[l]], cell[node[l][a[l]].view]);                                        \
            moved |= next ^ a[l];                                                                                  \
            a[l] = next;                                                                                           \
        }                                                                                                          \
        if (!moved) break;                                                                                         \
    }                                                                                                              \
    for (uint32_t l = 0; l < TREES; l++) leaf[l] = node[l][a[l]].u.set

static void side_numbers(const TreeNode *const *node, uint32_t depth, const float *cell, uint32_t *leaf)
{
    WALK_TREES(STEP_NUMBER);
}

static void side_words(uint32_t numbers, const TreeNode *const *node, uint32_t depth, const float *cell, uint32_t *leaf)
{
    WALK_TREES(STEP_WORD);
}

static void side_any(const Trees *m, const TreeNode *const *node, uint32_t depth, const float *cell, uint32_t *leaf)
{
    WALK_TREES(STEP_ANY);
}

static void walk_row(const Trees *m, const float *cell, double *out)
{
    uint32_t outputs = m->head.outputs, leaf[TREES];
    for (uint32_t t = 0; t < m->trees_n; t += TREES) {
        const TreeNode *node[TREES];
        uint32_t n = m->trees_n - t < TREES ? m->trees_n - t : TREES, depth = 0;
        TreeReads reads = READS_NUMBERS;
        for (uint32_t l = 0; l < TREES; l++) {
            const Tree *tree = &m->tree[t + (l < n ? l : n - 1)];
            node[l] = m->node + tree->node0;
            if (tree->depth > depth) depth = tree->depth;
            if (tree->reads > reads) reads = tree->reads;
        }
        if (reads == READS_NUMBERS) side_numbers(node, depth, cell, leaf);
        else if (reads == READS_WORDS) side_words(m->number_views_n, node, depth, cell, leaf);
        else side_any(m, node, depth, cell, leaf);
        for (uint32_t l = 0; l < n; l++) {
            const double *value = m->value + (m->tree[t + l].leaf0 + leaf[l]) * m->leaf_values;
            if (m->leaf_values == 1) out[(t + l) % outputs] += value[0];
            else
                for (uint32_t c = 0; c < outputs; c++) out[c] += value[c];
        }
    }
}

static void finish(const Trees *m, size_t n, double *out)
{
    uint32_t k = m->head.outputs;
    double trees = trees_an_output(m), e = m->e;
    if (m->sum == TREES_SUM) return;
    for (size_t i = 0; i < n * k; i++) {
        double p = out[i] / trees;
        if (m->sum == TREES_MEAN_LOG) {
            p = fmin(fmax(p, 0), 1);
            p = k == 1 ? log((p + e) / (1 - p + e)) : log(p + e);
        }
        out[i] = p;
    }
}

Err trees_margin(Ctx *cx, const Model *model, const Frame *X, const uint32_t *rows, size_t n, double *out)
{
    const Trees *m = (const Trees *)model;
    memset(out, 0, n * m->head.outputs * sizeof *out);
    if (n <= FEW_ROWS && m->views_n <= ROW_VIEWS_MAX) {
        float cell[ROW_VIEWS_MAX];
        for (uint32_t i = 0; i < n; i++) {
            uint32_t row = rows ? rows[i] : i;
            for (uint32_t v = 0; v < m->views_n; v++) trees_fill_view(&m->view[v], X, &row, 1, &cell[v], 1);
            walk_row(m, cell, out + (size_t)i * m->head.outputs);
        }
        finish(m, n, out);
        return OK;
    }
    size_t block = BLOCK_FLOATS / m->views_n / LANES * LANES;
    if (block < LANES) block = LANES;
    if (block > BLOCK_ROWS_MAX) block = BLOCK_ROWS_MAX;
    if (block > n) block = (n + LANES - 1) / LANES * LANES;
    float *cell = ctx_get_n(cx, block * m->views_n, sizeof *cell);
    if (!cell) return FAIL(cx, ERR_NOMEM, "predicting %zu rows at a time with %u trees", block, m->trees_n);
    for (size_t i = 0; i < n; i += block) {
        size_t k = n - i < block ? n - i : block;
        lay_out(m, X, rows, i, k, cell);
        walk_block(m, cell, k, out + i * m->head.outputs);
    }
    finish(m, n, out);
    ctx_put(cx, cell);
    return OK;
}

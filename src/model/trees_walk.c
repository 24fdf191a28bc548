/* model/trees_walk.c -- margins of the form "trees".
**
** A block of rows is laid out once, view by view in groups of LANES rows; then
** every tree walks group after group.  The rows of a group go down together, a
** step each in turn, without a branch: the processor works on all of them while
** one waits for memory.  Sums are added in the order of the trees, so they
** equal LightGBM's to the last bit.
*/
#include "model/trees_inner.h"

#include <math.h>
#include <string.h>

#define LANES 8u
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

static float view_value(ViewMode mode, float x)
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

void trees_fill_view(const View *v, const Frame *X, const uint32_t *rows, size_t n, float *out, size_t stride)
{
    const float *col = v->mode == VIEW_CONSTANT ? NULL : X->col[v->feature];
    for (size_t i = 0; i < n; i++) {
        float x = col ? col[rows ? rows[i] : i] : 0;
        if (v->mode == VIEW_CATEGORY) {
            uint32_t code = category_code(x);
            memcpy(&out[i * stride], &code, sizeof code);
        } else
            out[i * stride] = view_value(v->mode, x);
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

static inline uint32_t step_number(const TreeNode *node, const float *cell, uint32_t at, uint32_t lane)
{
    const TreeNode *t = &node[at];
    return t->left + !(cell[t->view * LANES + lane] <= t->u.at);
}

/* With categories a branch is cheaper than working out both kinds of split (measured: 126 against 80 thousand rows/s). */
static inline uint32_t step_any(const Trees *m, const TreeNode *node, const float *cell, uint32_t at, uint32_t lane)
{
    const TreeNode *t = &node[at];
    if (t->view < m->number_views_n) return step_number(node, cell, at, lane);
    uint32_t code;
    memcpy(&code, &cell[t->view * LANES + lane], sizeof code);
    return t->left + !trees_in_set(m, t->u.set, code);
}

static void walk_numbers(const TreeNode *node, uint32_t depth, const float *cell, uint32_t *at)
{
    uint32_t a[LANES] = { 0 };
    for (uint32_t done = 0; done < depth; done += STEPS) {
        uint32_t moved = 0;
#pragma GCC unroll 8
        for (uint32_t s = 0; s + 1 < STEPS; s++)
#pragma GCC unroll 8
            for (uint32_t l = 0; l < LANES; l++) a[l] = step_number(node, cell, a[l], l);
#pragma GCC unroll 8
        for (uint32_t l = 0; l < LANES; l++) {
            uint32_t next = step_number(node, cell, a[l], l);
            moved |= next ^ a[l];
            a[l] = next;
        }
        if (!moved) break;
    }
    memcpy(at, a, sizeof a);
}

static void walk_any(const Trees *m, const TreeNode *node, const float *cell, uint32_t *at)
{
    uint32_t a[LANES] = { 0 }, moved;
    do {
        moved = 0;
        for (uint32_t l = 0; l < LANES; l++) {
            uint32_t next = step_any(m, node, cell, a[l], l);
            moved |= next ^ a[l];
            a[l] = next;
        }
    } while (moved);
    memcpy(at, a, sizeof a);
}

static void walk_block(const Trees *m, const float *cell, size_t n, double *out)
{
    uint32_t outputs = m->head.outputs, at[LANES];
    for (uint32_t t = 0; t < m->trees_n; t++) {
        const Tree *tree = &m->tree[t];
        const TreeNode *node = m->node + tree->node0;
        const uint16_t *leaf = m->leaf + tree->node0;
        const double *value = m->value + tree->leaf0 * m->leaf_values;
        double *sum = m->leaf_values > 1 ? out : out + t % outputs;
        for (size_t i = 0; i < n; i += LANES) {
            const float *group = cell + i * m->views_n;
            if (tree->sets) walk_any(m, node, group, at);
            else walk_numbers(node, tree->depth, group, at);
            size_t k = n - i < LANES ? n - i : LANES;
            if (m->leaf_values == 1)
                for (size_t l = 0; l < k; l++) sum[(i + l) * outputs] += value[leaf[at[l]]];
            else
                for (size_t l = 0; l < k; l++)
                    for (uint32_t c = 0; c < outputs; c++) sum[(i + l) * outputs + c] += value[leaf[at[l]] * outputs + c];
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
    size_t block = BLOCK_FLOATS / m->views_n / LANES * LANES;
    if (block < LANES) block = LANES;
    if (block > BLOCK_ROWS_MAX) block = BLOCK_ROWS_MAX;
    if (block > n) block = (n + LANES - 1) / LANES * LANES;
    float *cell = ctx_get_n(cx, block * m->views_n, sizeof *cell);
    if (!cell) return FAIL(cx, ERR_NOMEM, "predicting %zu rows at a time with %u trees", block, m->trees_n);
    memset(out, 0, n * m->head.outputs * sizeof *out);
    for (size_t i = 0; i < n; i += block) {
        size_t k = n - i < block ? n - i : block;
        lay_out(m, X, rows, i, k, cell);
        walk_block(m, cell, k, out + i * m->head.outputs);
    }
    finish(m, n, out);
    ctx_put(cx, cell);
    return OK;
}

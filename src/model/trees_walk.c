/* model/trees_walk.c -- margins of the form "trees".
**
** Many rows: a block of them is laid out once, view by view in groups of rows; then trees take group after group, small
** ones by bits (trees_bits.c), large ones step by step.  One row: TREES trees walk side by side.  The walks of a group go
** down together, a step each in turn, without a branch: the processor works on all of them while one waits for
** memory.  Sums are added in the order of the trees, so they equal LightGBM's to the last bit, and all ways give the
** same.
**
** Gathers of AVX-512 (two of the nodes, one of the cells, a step) were tried for the
** rows of a group: slower than these loads on the AMD machine it was tried on.
*/
#include "model/trees_inner.h"

#include "base/vector.h"

#include <math.h>
#include <string.h>

#define LANES 8u
#define TREES 8u                         /* side by side, for one row */
#define FEW_ROWS ((size_t)4)             /* up to so many are walked one by one */
#define BITS_ROWS ((size_t)64)           /* from so many on laying out trees pays */
#define ROW_VIEWS_MAX 1024u              /* views of one row that fit on the stack */
#define STEPS 3u                         /* between two looks whether all rows have arrived */
#define BLOCK_FLOATS ((size_t)1 << 17)   /* of views at once: stays in the second-level cache */
#define BLOCK_ROWS_MAX ((size_t)1024)
_Static_assert(BLOCK_ROWS_MAX % TREES_GROUP == 0 && TREES_GROUP % LANES == 0, "a block is whole groups");

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

#define FILL(MODE) case MODE: for (uint32_t l = 0; l < TREES_GROUP; l++) out[l] = view_value(MODE, x[l]); return

VECTOR_CLONES static void fill_group(uint32_t mode, const float *restrict x, float *restrict out)
{
    switch (mode) {
    FILL(VIEW_NONE);
    FILL(VIEW_NAN_RIGHT);
    FILL(VIEW_NAN_LEFT);
    FILL(VIEW_ZERO_RIGHT);
    FILL(VIEW_ZERO_LEFT);
    case VIEW_CONSTANT: memset(out, 0, TREES_GROUP * sizeof *out); return;
    default: for (uint32_t l = 0; l < TREES_GROUP; l++) out[l] = category_value(mode, x[l]); return;
    }
}

/* cell[(g * views + v) * TREES_GROUP + l]: view v of row g * TREES_GROUP + l.  The last group repeats the last row. */
static void lay_out(const Trees *m, const Frame *X, const uint32_t *rows, size_t from, size_t n, float *cell)
{
    float some[TREES_GROUP] = { 0 };
    for (size_t first = 0; first < n; first += TREES_GROUP)
        for (size_t v = 0; v < m->views_n; v++, cell += TREES_GROUP) {
            const float *x = m->view[v].mode == VIEW_CONSTANT ? some : X->col[m->view[v].feature];
            size_t here = n - first < TREES_GROUP ? n - first : TREES_GROUP, at = from + first;
            if (x != some && !rows && here == TREES_GROUP) x += at;
            else if (x != some) {
                for (size_t l = 0; l < TREES_GROUP; l++) {
                    size_t i = at + (l < here ? l : here - 1);
                    some[l] = x[rows ? rows[i] : i];
                }
                x = some;
            }
            fill_group(m->view[v].mode, x, cell);
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
                a[l] = STEP(&node[a[l]], cell[node[a[l]].view * TREES_GROUP + l]);                                       \
        _Pragma("GCC unroll 8") for (uint32_t l = 0; l < LANES; l++) {                                             \
            uint32_t next = STEP(&node[a[l]], cell[node[a[l]].view * TREES_GROUP + l]);                                  \
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

typedef struct Block {
    const Trees *m;
    const float *cell;
    size_t n;                            /* rows */
    double *sum;                         /* leaf_values == 1: [(group * outputs + output) * TREES_GROUP + row]; else row by row */
} Block;

static double *group_sum(const Block *b, uint32_t output, size_t row)
{
    return b->sum + (row / TREES_GROUP * b->m->head.outputs + output) * TREES_GROUP + row % TREES_GROUP;
}

/* What the leaves of some rows say is added: `leaf` holds theirs; values as they lie in the model. */
static void add_leaves(const Block *b, uint32_t output, size_t from, size_t n, const double *value, const uint32_t *leaf)
{
    uint32_t outputs = b->m->head.outputs;
    if (b->m->leaf_values == 1) {
        double *sum = group_sum(b, output, from);
        for (size_t l = 0; l < n; l++) sum[l] += value[leaf[l]];
        return;
    }
    for (size_t l = 0; l < n && from + l < b->n; l++)
        for (uint32_t c = 0; c < outputs; c++) b->sum[(from + l) * outputs + c] += value[(size_t)leaf[l] * outputs + c];
}

static void step_tree(const Block *b, uint32_t t)
{
    const Trees *m = b->m;
    const Tree *tree = &m->tree[t];
    const TreeNode *node = m->node + tree->node0;
    uint32_t leaf[LANES];
    for (size_t i = 0; i < b->n; i += LANES) {
        const float *group = b->cell + i / TREES_GROUP * TREES_GROUP * m->views_n + i % TREES_GROUP;
        if (tree->reads == READS_NUMBERS) walk_numbers(node, tree->depth, group, leaf);
        else if (tree->reads == READS_WORDS) walk_words(m->number_views_n, node, tree->depth, group, leaf);
        else walk_any(m, node, tree->depth, group, leaf);
        add_leaves(b, t % m->head.outputs, i, LANES, m->value + tree->leaf0 * m->leaf_values, leaf);
    }
}

static void bit_trees(const Block *b, const TreesBits *s, TreesWalk *walk, uint32_t from)
{
    const Trees *m = b->m;
    uint32_t leaf[TREES_GROUP];
    for (size_t i = 0; i < b->n; i += TREES_GROUP)
        for (uint32_t k = 0; k < s->trees_n; k++) {
            const TreesBitTree *t = &s->tree[k];
            const float *cell = b->cell + i * m->views_n;
            if (m->leaf_values == 1) {
                walk(m, s, t, s->plane + t->plane, cell, s->value + t->leaf, group_sum(b, (from + k) % m->head.outputs, i), leaf);
                continue;
            }
            walk(m, s, t, s->plane + t->plane, cell, NULL, NULL, leaf);
            for (uint32_t l = 0; l < TREES_GROUP; l++) leaf[l] = s->leaf[t->leaf + leaf[l]];
            add_leaves(b, 0, i, TREES_GROUP, m->value + m->tree[from + k].leaf0 * m->leaf_values, leaf);
        }
}

static void walk_block(const Block *b, TreesWalk *walk, TreesBits *bits)
{
    for (uint32_t t = 0; t < b->m->trees_n;) {
        uint32_t from = t;
        if (walk) {
            bits->trees_n = bits->planes_n = bits->bits_n = bits->leaves_n = 0;
            while (t < b->m->trees_n && trees_bits_add(b->m, &b->m->tree[t], bits)) t++;
            bit_trees(b, bits, walk, from);
        }
        if (t == from) step_tree(b, t++);
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

static void add_leaf(const Trees *m, uint32_t t, uint32_t leaf, double *out)
{
    uint32_t outputs = m->head.outputs;
    const double *value = m->value + (m->tree[t].leaf0 + leaf) * m->leaf_values;
    if (m->leaf_values == 1) out[t % outputs] += value[0];
    else
        for (uint32_t c = 0; c < outputs; c++) out[c] += value[c];
}

static void walk_row(const Trees *m, const float *cell, double *out)
{
    uint32_t leaf[TREES], n = 0;
    for (uint32_t t = 0; t < m->trees_n; t += n) {
        const TreeNode *node[TREES];
        uint32_t depth = 0;
        TreeReads reads = READS_NUMBERS;
        n = 1;
        if (m->tree[t].symmetric) {
            add_leaf(m, t, trees_leaf_symmetric(m, &m->tree[t], cell), out);
            continue;
        }
        while (n < TREES && t + n < m->trees_n && !m->tree[t + n].symmetric) n++;
        for (uint32_t l = 0; l < TREES; l++) {
            const Tree *tree = &m->tree[t + (l < n ? l : n - 1)];
            node[l] = m->node + tree->node0;
            if (tree->depth > depth) depth = tree->depth;
            if (tree->reads > reads) reads = tree->reads;
        }
        if (reads == READS_NUMBERS) side_numbers(node, depth, cell, leaf);
        else if (reads == READS_WORDS) side_words(m->number_views_n, node, depth, cell, leaf);
        else side_any(m, node, depth, cell, leaf);
        for (uint32_t l = 0; l < n; l++) add_leaf(m, t + l, leaf[l], out);
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

static void few_rows(const Trees *m, const Frame *X, const uint32_t *rows, size_t n, double *out)
{
    float cell[ROW_VIEWS_MAX];
    memset(out, 0, n * m->head.outputs * sizeof *out);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t row = rows ? rows[i] : i;
        for (uint32_t v = 0; v < m->views_n; v++) trees_fill_view(&m->view[v], X, &row, 1, &cell[v], 1);
        walk_row(m, cell, out + (size_t)i * m->head.outputs);
    }
    finish(m, n, out);
}

/* Sums of a block, which lie output by output in each group, row by row. */
static void hand_over(const Trees *m, const double *sum, size_t n, double *out)
{
    size_t k = m->head.outputs;
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < k; c++) out[i * k + c] = sum[(i / TREES_GROUP * k + c) * TREES_GROUP + i % TREES_GROUP];
}

Err trees_margin_by(Ctx *cx, const Trees *m, const Frame *X, const uint32_t *rows, size_t n, uint32_t width, double *out)
{
    Err err = OK;
    size_t k = m->head.outputs, block = BLOCK_FLOATS / m->views_n / TREES_GROUP * TREES_GROUP, most = (n + TREES_GROUP - 1) / TREES_GROUP * TREES_GROUP;
    TreesBits *bits = NULL;
    float *cell = NULL;
    double *sum = NULL;
    uint32_t leaves_max = 0;
    TreesWalk *walk = n >= BITS_ROWS ? trees_bits_walk(width, &leaves_max) : NULL;
    if (block < TREES_GROUP) block = TREES_GROUP;
    if (block > BLOCK_ROWS_MAX) block = BLOCK_ROWS_MAX;
    if (block > most) block = most;
    GET_DONE(cx, cell, block * m->views_n, "predicting %zu rows at a time with %u trees", block, m->trees_n);
    if (m->leaf_values > 1) memset(out, 0, n * k * sizeof *out);
    else GET_DONE(cx, sum, block * k, "predicting %zu rows at a time with %u trees", block, m->trees_n);
    if (walk) {
        GET_DONE(cx, bits, 1, "predicting with %u trees", m->trees_n);
        bits->leaves_max = leaves_max;
    }
    for (size_t i = 0; i < n; i += block) {
        Block b = { m, cell, n - i < block ? n - i : block, sum ? sum : out + i * k };
        lay_out(m, X, rows, i, b.n, cell);
        if (sum) memset(sum, 0, block * k * sizeof *sum);
        walk_block(&b, walk, bits);
        if (sum) hand_over(m, sum, b.n, out + i * k);
    }
    finish(m, n, out);
done:
    ctx_put(cx, cell);
    ctx_put(cx, sum);
    ctx_put(cx, bits);
    return err;
}

Err trees_margin(Ctx *cx, const Model *model, const Frame *X, const uint32_t *rows, size_t n, double *out)
{
    const Trees *m = (const Trees *)model;
    if (n <= FEW_ROWS && m->views_n <= ROW_VIEWS_MAX) {
        few_rows(m, X, rows, n, out);
        return OK;
    }
    TRY(cx, trees_margin_by(cx, m, X, rows, n, 0, out));
    return OK;
}

/* model/neighbours.c -- form "neighbours": exact search, by an index where that pays, else of all rows in tiles that stay in the cache.
**
** Training rows lie in groups of LANES, column by column, so that a lane sums one row's distance, in float: nothing is added
** across lanes, and no column is padded.  All terms are positive, so the relative error of such a sum has a bound; rows
** whose float distance is within that bound of the k-th smallest are summed again in double and only then compared.  Few
** are: the search is exact and nearly as fast as one in float.  The wide instructions give the same lanes and the same sums, so answers do not depend on them.
** Cost: rows x training rows x columns; memory: the training matrix in float.
*/
#include "model/neighbours.h"

#include "model/forms.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define LANES 8                    /* training rows of a group; the last one is filled up with zeros */
#define GROUPS 4                   /* groups summed together */
#define QUERIES 64                 /* rows asked about together */
#define TILE_BYTES ((size_t)16 << 10)
#define TILE_ROWS_MAX 512
#define PERHAPS 192                /* rows besides k that wait to be measured exactly */

typedef struct Neighbours {
    Model head;
    Task task;
    uint32_t classes, k, p;
    bool by_distance;
    Dense *dense;
    size_t n, cols;                /* training rows; columns of the dense view */
    float *x;                      /* row i, column j: x[(i / LANES * cols + j) * LANES + i % LANES] */
    double *y;                     /* n */
    uint8_t *fold;                 /* n, or NULL: which fold held the row out (UINT8_MAX: none) */
} Neighbours;

#define NO_FOLD UINT32_MAX

uint32_t neighbours_k(const Model *m) { return ((const Neighbours *)m)->k; }
size_t neighbours_rows(const Model *m) { return ((const Neighbours *)m)->n; }
const Dense *neighbours_dense(const Model *m) { return ((const Neighbours *)m)->dense; }

static size_t groups_of(size_t rows) { return (rows + LANES - 1) / LANES; }

static float *cell_of(const Neighbours *m, size_t row, size_t col)
{
    return m->x + (row / LANES * m->cols + col) * LANES + row % LANES;
}

static void neighbours_free(Ctx *cx, Model *model)
{
    Neighbours *m = (Neighbours *)model;
    dense_free(cx, m->dense);
    ctx_put(cx, m->x);
    ctx_put(cx, m->y);
    ctx_put(cx, m->fold);
    ctx_put(cx, m);
}

/* A model without rows yet; takes over dense, also on failure. */
static Err empty(Ctx *cx, Dense *dense, Task task, uint32_t classes, size_t n, bool folds, Neighbours **out)
{
    Err err = OK;
    Neighbours *m = ctx_get(cx, sizeof *m);
    *out = NULL;
    if (!m) {
        dense_free(cx, dense);
        return FAIL(cx, ERR_NOMEM, "a model of %zu neighbours", n);
    }
    m->dense = dense;
    m->task = task;
    m->classes = classes;
    m->n = n;
    m->cols = dense_cols(dense);
    m->head = (Model){ .form = &form_neighbours, .outputs = task_outputs(task, classes), .cols = dense_frame_cols(dense) };
    GET_DONE(cx, m->x, groups_of(n) * LANES * m->cols, "a model of %zu neighbours x %zu columns", n, m->cols);
    GET_DONE(cx, m->y, n, "a model of %zu neighbours", n);
    if (folds) GET_DONE(cx, m->fold, n, "a model of %zu neighbours", n);
    *out = m;
    m = NULL;
done:
    if (m) neighbours_free(cx, &m->head);
    return err;
}

/* The dense view of n training rows, a group at a time. */
static Err remember(Ctx *cx, Neighbours *m, const Frame *X, const uint32_t *rows, size_t n)
{
    float *dense = ctx_get_n(cx, LANES * (m->cols ? m->cols : 1), sizeof *dense);
    if (!dense) return FAIL(cx, ERR_NOMEM, "a model of %zu neighbours x %zu columns", n, m->cols);
    for (size_t from = 0; from < n; from += LANES) {
        uint32_t at[LANES];
        size_t some = n - from < LANES ? n - from : LANES;
        for (size_t i = 0; i < some; i++) at[i] = rows ? rows[from + i] : (uint32_t)(from + i);
        dense_apply(m->dense, X, at, some, dense, m->cols);
        for (size_t i = 0; i < some; i++)
            for (size_t j = 0; j < m->cols; j++) *cell_of(m, from + i, j) = dense[i * m->cols + j];
    }
    ctx_put(cx, dense);
    return OK;
}

Err neighbours_new(Ctx *cx, const NeighboursIn *in, Model **out)
{
    Neighbours *m;
    *out = NULL;
    assert((in->p == 1 || in->p == 2) && in->k > 0);
    if (!in->n) {
        dense_free(cx, in->dense);
        return FAIL(cx, ERR_SHAPE, "a model of neighbours needs at least one row");
    }
    TRY(cx, empty(cx, in->dense, in->task, in->classes, in->n, in->fold, &m));
    m->k = in->k > in->n ? (uint32_t)in->n : in->k;
    m->p = in->p;
    m->by_distance = in->by_distance;
    Err err = remember(cx, m, in->X, in->rows, in->n);
    if (err) {
        neighbours_free(cx, &m->head);
        return ctx_hop(cx, err, __FILE__, __LINE__);
    }
    for (size_t i = 0; i < in->n; i++) m->y[i] = in->y[in->rows ? in->rows[i] : i];
    for (size_t i = 0; in->fold && i < in->n; i++) m->fold[i] = in->fold[in->rows ? in->rows[i] : i];
    *out = &m->head;
    return OK;
}

/* --------------------------------------------------------------- distances */

typedef float Lanes __attribute__((vector_size(LANES * sizeof(float)), aligned(4)));
typedef int32_t LaneBits __attribute__((vector_size(LANES * sizeof(int32_t))));

#define SQUARE(d) ((d) * (d))
#define POSITIVE(d) ((Lanes)((LaneBits)(d) & 0x7fffffff))

/* out[i] = sum over the columns of TERM(q - row i), for whole groups of rows from x. */
#define TILE_SUMS(TERM)                                                                                            \
    size_t g = 0, step = cols * LANES;                                                                             \
    for (; g + GROUPS <= groups; g += GROUPS) {                                                                    \
        const float *r = x + g * step;                                                                             \
        Lanes s0 = { 0 }, s1 = { 0 }, s2 = { 0 }, s3 = { 0 };                                                      \
        for (size_t j = 0; j < cols; j++, r += LANES) {                                                            \
            Lanes v = q[j] - (Lanes){ 0 };                                                                         \
            Lanes d0 = v - *(const Lanes *)r, d1 = v - *(const Lanes *)(r + step);                                 \
            Lanes d2 = v - *(const Lanes *)(r + 2 * step), d3 = v - *(const Lanes *)(r + 3 * step);                \
            s0 += TERM(d0), s1 += TERM(d1), s2 += TERM(d2), s3 += TERM(d3);                                        \
        }                                                                                                          \
        *(Lanes *)(out + g * LANES) = s0, *(Lanes *)(out + (g + 1) * LANES) = s1;                                  \
        *(Lanes *)(out + (g + 2) * LANES) = s2, *(Lanes *)(out + (g + 3) * LANES) = s3;                            \
    }                                                                                                              \
    for (; g < groups; g++) {                                                                                      \
        const float *r = x + g * step;                                                                             \
        Lanes s = { 0 };                                                                                           \
        for (size_t j = 0; j < cols; j++, r += LANES) {                                                            \
            Lanes d = (q[j] - (Lanes){ 0 }) - *(const Lanes *)r;                                                   \
            s += TERM(d);                                                                                          \
        }                                                                                                          \
        *(Lanes *)(out + g * LANES) = s;                                                                           \
    }

typedef void Tile(const float *q, const float *x, size_t cols, size_t groups, float *out);

static void tile_1(const float *q, const float *x, size_t cols, size_t groups, float *out) { TILE_SUMS(POSITIVE) }
static void tile_2(const float *q, const float *x, size_t cols, size_t groups, float *out) { TILE_SUMS(SQUARE) }

#if defined __x86_64__
__attribute__((target("avx2")))
static void tile_1_wide(const float *q, const float *x, size_t cols, size_t groups, float *out) { TILE_SUMS(POSITIVE) }
__attribute__((target("avx2")))
static void tile_2_wide(const float *q, const float *x, size_t cols, size_t groups, float *out) { TILE_SUMS(SQUARE) }

static Tile *tile_for(uint32_t p)
{
    bool wide = __builtin_cpu_supports("avx2");
    return p == 1 ? (wide ? tile_1_wide : tile_1) : wide ? tile_2_wide : tile_2;
}
#else
static Tile *tile_for(uint32_t p) { return p == 1 ? tile_1 : tile_2; }
#endif

static double exact(const Neighbours *m, const float *q, size_t row)
{
    const float *x = cell_of(m, row, 0);
    double sum = 0;
    for (size_t j = 0; j < m->cols; j++) {
        double d = (double)q[j] - (double)x[j * LANES];
        sum += m->p == 1 ? fabs(d) : d * d;
    }
    return sum;
}

/* ------------------------------------------------------------------ search */

typedef struct Search {
    const Neighbours *m;
    Tile *tile;
    float slack;                   /* a float distance of at most slack x the true one is that much too small or large */
    float *q;                      /* QUERIES x columns */
    double *far;                   /* QUERIES x k: sums of the best rows so far, nearest first */
    uint32_t *at;                  /* QUERIES x k: those rows */
    uint32_t *found;               /* QUERIES */
    float *close;                  /* QUERIES x k: the smallest float distances so far, ascending */
    uint32_t *close_n;             /* QUERIES */
    float *limit;                  /* QUERIES: a row farther than this in float is none of the k nearest */
    struct Perhaps { uint32_t row; float near; } *perhaps;         /* QUERIES x perhaps_max: rows to be measured exactly */
    uint32_t *perhaps_n, perhaps_max;
    uint32_t but;                  /* rows of this fold are not there; NO_FOLD: all are */
    bool checks_clock;
} Search;

static Err search_open(Ctx *cx, const Neighbours *m, size_t n, Search *s)
{
    Err err = OK;
    *s = (Search){ .m = m, .tile = tile_for(m->p), .but = NO_FOLD };
    s->slack = 1 + 4 * ((float)m->cols + 8) * 0x1p-24f;
    s->checks_clock = (double)n * (double)m->n * (double)m->cols > NEIGHBOURS_WORK_MAX;
    GET_DONE(cx, s->q, QUERIES * (m->cols ? m->cols : 1), "searching %zu neighbours", m->n);
    GET_DONE(cx, s->far, QUERIES * (size_t)m->k, "searching %u neighbours", m->k);
    GET_DONE(cx, s->at, QUERIES * (size_t)m->k, "searching %u neighbours", m->k);
    GET_DONE(cx, s->found, QUERIES, "searching %u neighbours", m->k);
    s->perhaps_max = m->k + PERHAPS;
    GET_DONE(cx, s->close, QUERIES * (size_t)m->k, "searching %u neighbours", m->k);
    GET_DONE(cx, s->close_n, QUERIES, "searching %u neighbours", m->k);
    GET_DONE(cx, s->limit, QUERIES, "searching %u neighbours", m->k);
    GET_DONE(cx, s->perhaps, QUERIES * (size_t)s->perhaps_max, "searching %u neighbours", m->k);
    GET_DONE(cx, s->perhaps_n, QUERIES, "searching %u neighbours", m->k);
done:
    return err;
}

static void search_close(Ctx *cx, Search *s)
{
    ctx_put(cx, s->q);
    ctx_put(cx, s->far);
    ctx_put(cx, s->at);
    ctx_put(cx, s->found);
    ctx_put(cx, s->close);
    ctx_put(cx, s->close_n);
    ctx_put(cx, s->limit);
    ctx_put(cx, s->perhaps);
    ctx_put(cx, s->perhaps_n);
}

static void search_begin(Search *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        s->found[i] = s->close_n[i] = s->perhaps_n[i] = 0;
        s->limit[i] = INFINITY;
    }
}

/* Put row `at` in its place among the best of query i, if it belongs there.  Of equal distances the earlier row is nearer. */
static void offer(Search *s, size_t i, double sum, uint32_t at)
{
    uint32_t k = s->m->k, n = s->found[i];
    double *far = s->far + i * k;
    uint32_t *row = s->at + i * k;
    if (n == k && !(sum < far[k - 1] || (sum <= far[k - 1] && at < row[k - 1]))) return;
    uint32_t j = n < k ? n : k - 1;
    for (; j > 0 && (sum < far[j - 1] || (sum <= far[j - 1] && at < row[j - 1])); j--) {
        far[j] = far[j - 1];
        row[j] = row[j - 1];
    }
    far[j] = sum;
    row[j] = at;
    if (n < k) s->found[i]++;
}

/* The rows that may be among the k nearest are measured exactly; those that were put off and are too far by now are not. */
static void settle(Search *s, size_t i)
{
    const struct Perhaps *p = s->perhaps + i * s->perhaps_max;
    for (uint32_t j = 0; j < s->perhaps_n[i]; j++)
        if (p[j].near <= s->limit[i]) offer(s, i, exact(s->m, s->q + i * s->m->cols, p[j].row), p[j].row);
    s->perhaps_n[i] = 0;
}

/* A row within the limit of query i.  The k-th smallest float distance, allowed for rounding once for that row's own and once
** for the other's, is the limit. */
static void note(Search *s, size_t i, float near, uint32_t row)
{
    uint32_t k = s->m->k, n = s->close_n[i], j = n < k ? n : k - 1;
    float *close = s->close + (size_t)i * k;
    if (s->but != NO_FOLD && s->m->fold[row] == s->but) return;
    if (n < k || near < close[k - 1]) {
        for (; j && near < close[j - 1]; j--) close[j] = close[j - 1];
        close[j] = near;
        if (n < k) s->close_n[i] = n + 1;
        if (s->close_n[i] == k) s->limit[i] = close[k - 1] * s->slack * s->slack + 1e-30f;
    }
    s->perhaps[i * s->perhaps_max + s->perhaps_n[i]++] = (struct Perhaps){ row, near };
    if (s->perhaps_n[i] == s->perhaps_max) settle(s, i);
}

/* Is one of LANES sums at most worst?  In halves, which every processor compares at once. */
static bool any_near(const float *near, float worst)
{
    typedef float Half __attribute__((vector_size(LANES / 2 * sizeof(float))));
    typedef int64_t Bits __attribute__((vector_size(LANES / 2 * sizeof(float))));
    const Half *h = (const Half *)near, most = worst - (Half){ 0 };
    Bits hit = (Bits)(h[0] <= most) | (Bits)(h[1] <= most);
    return (hit[0] | hit[1]) != 0;
}

/* The best rows of queries 0 .. n-1, which lie in s->q. */
static Err search(Ctx *cx, Search *s, size_t n)
{
    const Neighbours *m = s->m;
    float near[TILE_ROWS_MAX + LANES] __attribute__((aligned(32)));
    size_t tile = TILE_BYTES / (sizeof(float) * (m->cols ? m->cols : 1)) / LANES * LANES;
    if (tile < LANES) tile = LANES;
    if (tile > TILE_ROWS_MAX) tile = TILE_ROWS_MAX;
    search_begin(s, n);
    for (size_t from = 0; from < m->n; from += tile) {
        size_t rows = m->n - from < tile ? m->n - from : tile;
        const float *x = m->x + from * m->cols;
        if (s->checks_clock) TRY(cx, ctx_check(cx));
        for (size_t i = 0; i < n; i++) {
            const float *q = s->q + i * m->cols;
            s->tile(q, x, m->cols, groups_of(rows), near);
            for (size_t r = 0; r < rows; r += LANES) {
                if (!any_near(near + r, s->limit[i])) continue;
                for (size_t l = r; l < r + LANES && l < rows; l++)
                    if (near[l] <= s->limit[i]) note(s, i, near[l], (uint32_t)(from + l));
            }
        }
    }
    for (size_t i = 0; i < n; i++) settle(s, i);
    return OK;
}

/* ------------------------------------------------------------------- index */

/* Rows in boxes of BOX_ROWS neighbours: cut in halves along the column that is widest, again and again (a k-d tree's
** leaves; Bentley 1975; Friedman, Bentley, Finkel 1977).  A query measures all boxes at once, then looks into the
** nearest until no box left can hold a nearer row.  Made for a call that asks often enough and kept no longer. */
#define BOX_ROWS 64u
#define BOX_QUERIES 256            /* fewer do not pay for the index */
#define BOX_MODEL_ROWS 1024        /* nor do fewer training rows */
#define BOX_COLS 64u               /* in more columns all boxes are about as near as one another */
#define BOX_LOOKED .35             /* share of the boxes looked into, above which plain search is as quick */

typedef struct Boxes {
    size_t n;                      /* boxes */
    uint32_t *row;                 /* boxes x BOX_ROWS: which training row; the last box may not be full */
    float *x;                      /* those rows, as in Neighbours */
    float *lo, *hi;                /* box b, column j: [(b / LANES * cols + j) * LANES + b % LANES] */
    float *near;                   /* boxes, rounded up to LANES: the least a row of it can be away */
    uint32_t *order;
    size_t looked, asked;
} Boxes;

static bool boxes_pay(const Neighbours *m, size_t n)
{
    return n >= BOX_QUERIES && m->n >= BOX_MODEL_ROWS && m->cols && m->cols <= BOX_COLS;
}

static void boxes_drop(Ctx *cx, Boxes *b)
{
    ctx_put(cx, b->row);
    ctx_put(cx, b->x);
    ctx_put(cx, b->lo);
    ctx_put(cx, b->hi);
    ctx_put(cx, b->near);
    ctx_put(cx, b->order);
    *b = (Boxes){ 0 };
}

static size_t widest(const Neighbours *m, const uint32_t *row, size_t n)
{
    size_t best = 0;
    float most = -1;
    for (size_t j = 0; j < m->cols; j++) {
        float lo = INFINITY, hi = -INFINITY;
        for (size_t i = 0; i < n; i++) {
            float v = *cell_of(m, row[i], j);
            lo = v < lo ? v : lo;
            hi = v > hi ? v : hi;
        }
        if (hi - lo > most) most = hi - lo, best = j;
    }
    return best;
}

/* Move the `left` smallest of a column to the front (Hoare's selection, the middle value as pivot). */
static void part(const Neighbours *m, size_t col, uint32_t *row, size_t n, size_t left)
{
    size_t from = 0, to = n;
    while (to - from > 1) {
        float pivot = *cell_of(m, row[from + (to - from) / 2], col);
        size_t i = from, j = to - 1;
        for (;;) {
            while (*cell_of(m, row[i], col) < pivot) i++;
            while (*cell_of(m, row[j], col) > pivot) j--;
            if (i >= j) break;
            uint32_t t = row[i];
            row[i++] = row[j];
            row[j--] = t;
        }
        size_t cut = i > from ? i : from + 1;
        if (left == cut) return;
        if (left < cut) to = cut;
        else from = cut;
    }
}

static void fill_box(const Neighbours *m, Boxes *b, size_t box)
{
    size_t at = box * BOX_ROWS, rows = m->n - at < BOX_ROWS ? m->n - at : BOX_ROWS;
    for (size_t j = 0; j < m->cols; j++) {
        float lo = INFINITY, hi = -INFINITY;
        for (size_t i = at; i < at + rows; i++) {
            float v = *cell_of(m, b->row[i], j);
            b->x[(i / LANES * m->cols + j) * LANES + i % LANES] = v;
            lo = v < lo ? v : lo;
            hi = v > hi ? v : hi;
        }
        b->lo[(box / LANES * m->cols + j) * LANES + box % LANES] = lo;
        b->hi[(box / LANES * m->cols + j) * LANES + box % LANES] = hi;
    }
}

static Err boxes_make(Ctx *cx, const Neighbours *m, Boxes *b)
{
    Err err = OK;
    struct { size_t from, n; } todo[64];
    size_t top = 0;
    *b = (Boxes){ .n = (m->n + BOX_ROWS - 1) / BOX_ROWS };
    size_t wide = groups_of(b->n) * LANES;
    GET_DONE(cx, b->row, b->n * BOX_ROWS, "an index of %zu rows", m->n);
    GET_DONE(cx, b->x, b->n * BOX_ROWS * m->cols, "an index of %zu rows", m->n);
    GET_DONE(cx, b->lo, wide * m->cols, "an index of %zu rows", m->n);
    GET_DONE(cx, b->hi, wide * m->cols, "an index of %zu rows", m->n);
    GET_DONE(cx, b->near, wide, "an index of %zu rows", m->n);
    GET_DONE(cx, b->order, b->n, "an index of %zu rows", m->n);
    for (size_t i = 0; i < m->n; i++) b->row[i] = (uint32_t)i;
    todo[top].from = 0, todo[top++].n = m->n;
    while (top) {
        size_t from = todo[--top].from, n = todo[top].n;
        if (n <= BOX_ROWS) {
            fill_box(m, b, from / BOX_ROWS);
            continue;
        }
        size_t left = (n / 2 + BOX_ROWS - 1) / BOX_ROWS * BOX_ROWS;          /* whole boxes */
        part(m, widest(m, b->row + from, n), b->row + from, n, left);
        todo[top].from = from, todo[top++].n = left;
        todo[top].from = from + left, todo[top++].n = n - left;
    }
done:
    return err;
}

/* near[b]: the sum of TERM over the columns of how far q is outside the box. */
#define BOX_SUMS(TERM)                                                                                             \
    for (size_t g = 0; g < groups; g++) {                                                                          \
        Lanes s = { 0 };                                                                                           \
        for (size_t j = 0; j < cols; j++, lo += LANES, hi += LANES) {                                              \
            Lanes v = q[j] - (Lanes){ 0 }, under = *(const Lanes *)lo - v, over = v - *(const Lanes *)hi;          \
            Lanes d = (Lanes)(((LaneBits)under & (under > 0)) | ((LaneBits)over & (over > 0)));                    \
            s += TERM(d);                                                                                          \
        }                                                                                                          \
        *(Lanes *)(near + g * LANES) = s;                                                                          \
    }

typedef void BoxSums(const float *q, const float *lo, const float *hi, size_t cols, size_t groups, float *near);

static void boxes_1(const float *q, const float *lo, const float *hi, size_t cols, size_t groups, float *near) { BOX_SUMS(POSITIVE) }
static void boxes_2(const float *q, const float *lo, const float *hi, size_t cols, size_t groups, float *near) { BOX_SUMS(SQUARE) }

#if defined __x86_64__
__attribute__((target("avx2")))
static void boxes_1_wide(const float *q, const float *lo, const float *hi, size_t cols, size_t groups, float *near) { BOX_SUMS(POSITIVE) }
__attribute__((target("avx2")))
static void boxes_2_wide(const float *q, const float *lo, const float *hi, size_t cols, size_t groups, float *near) { BOX_SUMS(SQUARE) }

static BoxSums *box_sums_for(uint32_t p)
{
    bool wide = __builtin_cpu_supports("avx2");
    return p == 1 ? (wide ? boxes_1_wide : boxes_1) : wide ? boxes_2_wide : boxes_2;
}
#else
static BoxSums *box_sums_for(uint32_t p) { return p == 1 ? boxes_1 : boxes_2; }
#endif

static void look_into(Search *s, const Boxes *b, size_t i, size_t box)
{
    const Neighbours *m = s->m;
    float near[BOX_ROWS] __attribute__((aligned(32)));
    const float *q = s->q + i * m->cols;
    size_t at = box * BOX_ROWS, rows = m->n - at < BOX_ROWS ? m->n - at : BOX_ROWS;
    s->tile(q, b->x + at * m->cols, m->cols, groups_of(rows), near);
    for (size_t r = 0; r < rows; r++) {
        if (r % LANES == 0 && !any_near(near + r, s->limit[i])) {
            r += LANES - 1;
            continue;
        }
        if (near[r] <= s->limit[i]) note(s, i, near[r], b->row[at + r]);
    }
}

/* The same rows as search() finds: nearest boxes first, until the next is farther than the k-th best row. */
static void search_boxes(Search *s, Boxes *b, size_t n)
{
    const Neighbours *m = s->m;
    BoxSums *sums = box_sums_for(m->p);
    search_begin(s, n);
    for (size_t i = 0; i < n; i++) {
        size_t first = 0, some = 0;
        sums(s->q + i * m->cols, b->lo, b->hi, m->cols, groups_of(b->n), b->near);
        for (size_t k = 1; k < b->n; k++)
            if (b->near[k] < b->near[first]) first = k;
        look_into(s, b, i, first);
        b->looked++;
        for (size_t k = 0; k < b->n; k++) {
            if (k == first || b->near[k] > s->limit[i]) continue;
            size_t at = some++;
            for (; at && b->near[b->order[at - 1]] > b->near[k]; at--) b->order[at] = b->order[at - 1];
            b->order[at] = (uint32_t)k;
        }
        for (size_t k = 0; k < some && b->near[b->order[k]] <= s->limit[i]; k++, b->looked++) look_into(s, b, i, b->order[k]);
        settle(s, i);
    }
    b->asked += n * b->n;
}

/* The best rows of queries 0 .. n-1, which lie in s->q, by the index where there is one that pays. */
static Err find(Ctx *cx, Search *s, Boxes *b, size_t n)
{
    if (b->n && (double)b->looked <= BOX_LOOKED * (double)b->asked) {
        search_boxes(s, b, n);
        if (s->checks_clock) TRY(cx, ctx_check(cx));
        return OK;
    }
    TRY(cx, search(cx, s, n));
    return OK;
}

static double length_of(const Neighbours *m, double sum) { return m->p == 1 ? sum : sqrt(sum); }

/* Weights of the neighbours of query i, adding to 1, into w. */
static void weigh(const Search *s, size_t i, double *w)
{
    const Neighbours *m = s->m;
    const uint32_t k = s->found[i];
    const double *far = s->far + i * m->k;
    double all = 0;
    bool touching = far[0] <= 0;
    for (uint32_t j = 0; j < k; j++) {
        if (!m->by_distance) w[j] = 1;
        else if (touching) w[j] = far[j] <= 0;
        else w[j] = length_of(m, far[0]) / length_of(m, far[j]);      /* 1 / distance, times what cannot overflow */
        all += w[j];
    }
    for (uint32_t j = 0; j < k; j++) w[j] /= all;
}

static void answer(const Search *s, size_t i, const double *w, double *out)
{
    const Neighbours *m = s->m;
    const uint32_t *at = s->at + i * m->k, k = s->found[i];
    if (m->task == TASK_REGRESSION) {
        double base = m->y[at[0]], sum = 0;
        for (uint32_t j = 0; j < k; j++) sum += w[j] * (m->y[at[j]] - base);
        *out = base + sum;
        return;
    }
    if (m->task == TASK_BINARY) {
        double yes = 0;
        for (uint32_t j = 0; j < k; j++) yes += w[j] * (m->y[at[j]] == 1);
        *out = log(yes * k + .5) - log((yes < 1 ? 1 - yes : 0) * k + .5);
        return;
    }
    for (uint32_t c = 0; c < m->classes; c++) out[c] = 0;
    for (uint32_t j = 0; j < k; j++) out[(uint32_t)m->y[at[j]]] += w[j];
    for (uint32_t c = 0; c < m->classes; c++) out[c] = log((out[c] * k + .5) / (k + .5 * m->classes));
}

static void load_queries(const Search *s, const Frame *X, const uint32_t *rows, size_t from, size_t n)
{
    uint32_t at[QUERIES];
    for (size_t i = 0; i < n; i++) at[i] = rows ? rows[from + i] : (uint32_t)(from + i);
    dense_apply(s->m->dense, X, at, n, s->q, s->m->cols);
}

static Err margin_but(Ctx *cx, const Model *model, const Frame *X, const uint32_t *rows, size_t n, uint32_t fold, double *out)
{
    const Neighbours *m = (const Neighbours *)model;
    Err err = OK;
    Search s;
    Boxes b = { 0 };
    double *w = NULL;
    TRY_DONE(cx, search_open(cx, m, n, &s));
    if (boxes_pay(m, n)) TRY_DONE(cx, boxes_make(cx, m, &b));
    s.but = fold;
    GET_DONE(cx, w, m->k, "weighing %u neighbours", m->k);
    for (size_t from = 0; from < n; from += QUERIES) {
        size_t some = n - from < QUERIES ? n - from : QUERIES;
        load_queries(&s, X, rows, from, some);
        TRY_DONE(cx, find(cx, &s, &b, some));
        for (size_t i = 0; i < some; i++) {
            if (!s.found[i]) {                             /* every row was of that fold */
                for (uint32_t c = 0; c < model->outputs; c++) out[(from + i) * model->outputs + c] = 0;
                continue;
            }
            weigh(&s, i, w);
            answer(&s, i, w, out + (from + i) * model->outputs);
        }
    }
done:
    ctx_put(cx, w);
    boxes_drop(cx, &b);
    search_close(cx, &s);
    return err;
}

static Err neighbours_margin(Ctx *cx, const Model *model, const Frame *X, const uint32_t *rows, size_t n, double *out)
{
    TRY(cx, margin_but(cx, model, X, rows, n, NO_FOLD, out));
    return OK;
}

static bool neighbours_forgets(const Model *model) { return ((const Neighbours *)model)->fold != NULL; }

Err neighbours_find(Ctx *cx, const Model *model, const Frame *X, const uint32_t *rows, size_t n, uint32_t *index,
                    double *distance)
{
    const Neighbours *m = (const Neighbours *)model;
    Err err = OK;
    Search s;
    Boxes b = { 0 };
    TRY_DONE(cx, search_open(cx, m, n, &s));
    if (boxes_pay(m, n)) TRY_DONE(cx, boxes_make(cx, m, &b));
    for (size_t from = 0; from < n; from += QUERIES) {
        size_t some = n - from < QUERIES ? n - from : QUERIES;
        load_queries(&s, X, rows, from, some);
        TRY_DONE(cx, find(cx, &s, &b, some));
        memcpy(index + from * m->k, s.at, some * m->k * sizeof *index);
        for (size_t i = 0; i < some * m->k; i++) distance[from * m->k + i] = length_of(m, s.far[i]);
    }
done:
    boxes_drop(cx, &b);
    search_close(cx, &s);
    return err;
}

/* ----------------------------------------------------------------- storing */

static Err neighbours_save(Ctx *cx, const Model *model, Text *out)
{
    const Neighbours *m = (const Neighbours *)model;
    (void)cx;
    put_u8(out, (uint8_t)m->task);
    put_u8(out, (uint8_t)m->p);
    put_u8(out, (uint8_t)(m->by_distance | (m->fold != NULL) << 1));
    put_u32(out, m->classes);
    put_u32(out, m->k);
    put_u32(out, (uint32_t)m->n);
    dense_save(m->dense, out);
    for (size_t i = 0; i < m->n; i++) put_f64(out, m->y[i]);
    if (m->fold) text_bytes(out, m->fold, m->n);
    for (size_t i = 0; i < m->n; i++)
        for (size_t j = 0; j < m->cols; j++) text_bytes(out, cell_of(m, i, j), sizeof *m->x);
    return OK;
}

static bool read_rows(Reader *r, Neighbours *m)
{
    for (size_t i = 0; i < m->n; i++) {
        double y = m->y[i] = get_f64(r);
        if (!isfinite(y)) return false;
        if (m->task != TASK_REGRESSION && (y < 0 || y >= (double)m->classes || y != floor(y))) return false;
    }
    if (m->fold) {
        const void *fold = get_array(r, m->n, 1);
        if (!fold) return false;
        memcpy(m->fold, fold, m->n);
    }
    for (size_t i = 0; i < m->n; i++) {
        const unsigned char *row = get_array(r, m->cols, sizeof *m->x);
        if (!row) return false;
        for (size_t j = 0; j < m->cols; j++) {
            float *x = cell_of(m, i, j);
            memcpy(x, row + j * sizeof *x, sizeof *x);
            if (!(fabsf(*x) <= (float)DENSE_FAR)) return false;
        }
    }
    return !r->short_ && r->n == 0;
}

static Err neighbours_load(Ctx *cx, const void *bytes, size_t n, Model **out)
{
    Reader r = { bytes, n, false };
    Dense *dense;
    Neighbours *m;
    *out = NULL;
    uint8_t task = get_u8(&r), p = get_u8(&r), bits = get_u8(&r);
    uint32_t classes = get_u32(&r), k = get_u32(&r), rows = get_u32(&r);
    bool fine = !r.short_ && task < TASK_N && (p == 1 || p == 2) && bits <= 3 && k && k <= rows &&
                k <= NEIGHBOURS_K_MAX && rows <= NEIGHBOURS_ROWS_MAX && rows <= r.n / sizeof(double);
    if (fine) fine = task == TASK_REGRESSION ? classes == 0 : task == TASK_BINARY ? classes == 2 : classes >= 2 && classes <= 10000;
    if (!fine) return FAIL(cx, ERR_CORRUPT, "a stored model of neighbours is damaged");
    TRY(cx, dense_load(cx, &r, &dense));
    if (r.n != rows * (sizeof(double) + (bits >> 1) + dense_cols(dense) * sizeof(float))) {
        dense_free(cx, dense);
        return FAIL(cx, ERR_CORRUPT, "a stored model of neighbours is damaged");
    }
    TRY(cx, empty(cx, dense, (Task)task, classes, rows, bits >> 1, &m));
    m->k = k;
    m->p = p;
    m->by_distance = bits & 1;
    if (!read_rows(&r, m)) {
        neighbours_free(cx, &m->head);
        return FAIL(cx, ERR_CORRUPT, "a stored model of neighbours is damaged");
    }
    *out = &m->head;
    return OK;
}

const Form form_neighbours = {
    .name   = "neighbours",
    .margin = neighbours_margin,
    .margin_but = margin_but,
    .forgets = neighbours_forgets,
    .save   = neighbours_save,
    .load   = neighbours_load,
    .free   = neighbours_free,
};

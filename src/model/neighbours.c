/* model/neighbours.c -- form "neighbours": exact search by brute force, in tiles that stay in the cache.
**
** Distances are summed in float, eight lanes, four training rows at a time.  All terms are positive, so the
** relative error of such a sum has a bound; a row whose float distance is within that bound of the k-th best
** is summed again in double and only then compared.  Few rows are: the search is exact and nearly as fast as
** one in float.  The wide instructions give the same lanes and the same sums, so answers do not depend on them.
** Cost: rows x training rows x columns; memory: the training matrix in float.
*/
#include "model/neighbours.h"

#include "model/forms.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define LANES 8                    /* columns are padded to a multiple of this */
#define TOGETHER 4                 /* training rows summed at a time; rows are padded to a multiple of this */
#define QUERIES 64                 /* rows asked about together */
#define TILE_BYTES ((size_t)16 << 10)
#define TILE_ROWS_MAX 512

typedef struct Neighbours {
    Model head;
    Task task;
    uint32_t classes, k, p;
    bool by_distance;
    Dense *dense;
    size_t n, stride;              /* training rows; floats a row */
    float *x;                      /* n (padded) x stride */
    double *y;                     /* n */
} Neighbours;

uint32_t neighbours_k(const Model *m) { return ((const Neighbours *)m)->k; }
size_t neighbours_rows(const Model *m) { return ((const Neighbours *)m)->n; }
const Dense *neighbours_dense(const Model *m) { return ((const Neighbours *)m)->dense; }

static size_t padded(size_t n, size_t to) { return (n + to - 1) / to * to; }

static void neighbours_free(Ctx *cx, Model *model)
{
    Neighbours *m = (Neighbours *)model;
    dense_free(cx, m->dense);
    ctx_put(cx, m->x);
    ctx_put(cx, m->y);
    ctx_put(cx, m);
}

/* A model without rows yet; takes over dense, also on failure. */
static Err empty(Ctx *cx, Dense *dense, Task task, uint32_t classes, size_t n, Neighbours **out)
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
    m->stride = padded(dense_cols(dense), LANES);
    m->head = (Model){ .form = &form_neighbours, .outputs = task_outputs(task, classes), .cols = dense_frame_cols(dense) };
    GET_DONE(cx, m->x, padded(n, TOGETHER) * m->stride, "a model of %zu neighbours x %zu columns", n, m->stride);
    GET_DONE(cx, m->y, n, "a model of %zu neighbours", n);
    *out = m;
    m = NULL;
done:
    if (m) neighbours_free(cx, &m->head);
    return err;
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
    TRY(cx, empty(cx, in->dense, in->task, in->classes, in->n, &m));
    m->k = in->k > in->n ? (uint32_t)in->n : in->k;
    m->p = in->p;
    m->by_distance = in->by_distance;
    dense_apply(m->dense, in->X, in->rows, in->n, m->x, m->stride);
    for (size_t i = 0; i < in->n; i++) m->y[i] = in->y[in->rows ? in->rows[i] : i];
    *out = &m->head;
    return OK;
}

/* --------------------------------------------------------------- distances */

typedef float Lanes __attribute__((vector_size(LANES * sizeof(float)), aligned(4)));
typedef int32_t LaneBits __attribute__((vector_size(LANES * sizeof(int32_t))));

#define SQUARE(d) ((d) * (d))
#define POSITIVE(d) ((Lanes)((LaneBits)(d) & 0x7fffffff))

/* out[i] = sum over the lanes of TERM(q - row i), for rows (a multiple of TOGETHER) from x. */
#define TILE_SUMS(TERM)                                                                                            \
    for (size_t i = 0; i < rows; i += TOGETHER) {                                                                  \
        const float *r0 = x + i * stride, *r1 = r0 + stride, *r2 = r1 + stride, *r3 = r2 + stride;                 \
        Lanes s0 = { 0 }, s1 = { 0 }, s2 = { 0 }, s3 = { 0 };                                                      \
        for (size_t j = 0; j < stride; j += LANES) {                                                               \
            Lanes v = *(const Lanes *)(q + j);                                                                     \
            Lanes d0 = v - *(const Lanes *)(r0 + j), d1 = v - *(const Lanes *)(r1 + j);                            \
            Lanes d2 = v - *(const Lanes *)(r2 + j), d3 = v - *(const Lanes *)(r3 + j);                            \
            s0 += TERM(d0), s1 += TERM(d1), s2 += TERM(d2), s3 += TERM(d3);                                        \
        }                                                                                                          \
        out[i] = ((s0[0] + s0[4]) + (s0[1] + s0[5])) + ((s0[2] + s0[6]) + (s0[3] + s0[7]));                        \
        out[i + 1] = ((s1[0] + s1[4]) + (s1[1] + s1[5])) + ((s1[2] + s1[6]) + (s1[3] + s1[7]));                    \
        out[i + 2] = ((s2[0] + s2[4]) + (s2[1] + s2[5])) + ((s2[2] + s2[6]) + (s2[3] + s2[7]));                    \
        out[i + 3] = ((s3[0] + s3[4]) + (s3[1] + s3[5])) + ((s3[2] + s3[6]) + (s3[3] + s3[7]));                    \
    }

typedef void Tile(const float *q, const float *x, size_t stride, size_t rows, float *out);

static void tile_1(const float *q, const float *x, size_t stride, size_t rows, float *out) { TILE_SUMS(POSITIVE) }
static void tile_2(const float *q, const float *x, size_t stride, size_t rows, float *out) { TILE_SUMS(SQUARE) }

#if defined __x86_64__
__attribute__((target("avx2")))
static void tile_1_wide(const float *q, const float *x, size_t stride, size_t rows, float *out) { TILE_SUMS(POSITIVE) }
__attribute__((target("avx2")))
static void tile_2_wide(const float *q, const float *x, size_t stride, size_t rows, float *out) { TILE_SUMS(SQUARE) }

static Tile *tile_for(uint32_t p)
{
    bool wide = __builtin_cpu_supports("avx2");
    return p == 1 ? (wide ? tile_1_wide : tile_1) : wide ? tile_2_wide : tile_2;
}
#else
static Tile *tile_for(uint32_t p) { return p == 1 ? tile_1 : tile_2; }
#endif

static double exact(const Neighbours *m, const float *q, const float *x)
{
    double sum = 0;
    for (size_t j = 0; j < m->stride; j++) {
        double d = (double)q[j] - (double)x[j];
        sum += m->p == 1 ? fabs(d) : d * d;
    }
    return sum;
}

/* ------------------------------------------------------------------ search */

typedef struct Search {
    const Neighbours *m;
    Tile *tile;
    float slack;                   /* a float distance of at most slack x the true one is that much too small or large */
    float *q;                      /* QUERIES x stride */
    double *far;                   /* QUERIES x k: sums of the best rows so far, nearest first */
    uint32_t *at;                  /* QUERIES x k: those rows */
    uint32_t *found;               /* QUERIES */
    bool checks_clock;
} Search;

static Err search_open(Ctx *cx, const Neighbours *m, size_t n, Search *s)
{
    Err err = OK;
    *s = (Search){ .m = m, .tile = tile_for(m->p) };
    s->slack = 1 + 4 * ((float)m->stride / LANES + 8) * 0x1p-24f;
    s->checks_clock = (double)n * (double)m->n * (double)m->stride > NEIGHBOURS_WORK_MAX;
    GET_DONE(cx, s->q, QUERIES * (m->stride ? m->stride : 1), "searching %zu neighbours", m->n);
    GET_DONE(cx, s->far, QUERIES * (size_t)m->k, "searching %u neighbours", m->k);
    GET_DONE(cx, s->at, QUERIES * (size_t)m->k, "searching %u neighbours", m->k);
    GET_DONE(cx, s->found, QUERIES, "searching %u neighbours", m->k);
done:
    return err;
}

static void search_close(Ctx *cx, Search *s)
{
    ctx_put(cx, s->q);
    ctx_put(cx, s->far);
    ctx_put(cx, s->at);
    ctx_put(cx, s->found);
}

/* Put row `at` in its place among the best of query i, if it belongs there.  Rows come in ascending order, so
** an equal distance goes behind. */
static void offer(Search *s, size_t i, double sum, uint32_t at)
{
    uint32_t k = s->m->k, n = s->found[i];
    double *far = s->far + i * k;
    uint32_t *row = s->at + i * k;
    if (n == k && !(sum < far[k - 1])) return;
    uint32_t j = n < k ? n : k - 1;
    for (; j > 0 && sum < far[j - 1]; j--) {
        far[j] = far[j - 1];
        row[j] = row[j - 1];
    }
    far[j] = sum;
    row[j] = at;
    if (n < k) s->found[i]++;
}

/* The best rows of queries 0 .. n-1, which lie in s->q. */
static Err search(Ctx *cx, Search *s, size_t n)
{
    const Neighbours *m = s->m;
    float near[TILE_ROWS_MAX];
    size_t tile = TILE_BYTES / (sizeof(float) * (m->stride ? m->stride : 1)) / TOGETHER * TOGETHER;
    if (tile < TOGETHER) tile = TOGETHER;
    if (tile > TILE_ROWS_MAX) tile = TILE_ROWS_MAX;
    memset(s->found, 0, n * sizeof *s->found);
    for (size_t from = 0; from < m->n; from += tile) {
        size_t rows = m->n - from < tile ? m->n - from : tile;
        const float *x = m->x + from * m->stride;
        if (s->checks_clock) TRY(cx, ctx_check(cx));
        for (size_t i = 0; i < n; i++) {
            const float *q = s->q + i * m->stride;
            float worst = INFINITY;
            s->tile(q, x, m->stride, padded(rows, TOGETHER), near);
            if (s->found[i] == m->k) worst = (float)s->far[i * m->k + m->k - 1] * s->slack + 1e-30f;
            for (size_t r = 0; r < rows; r++) {
                if (near[r] > worst) continue;
                offer(s, i, exact(m, q, x + r * m->stride), (uint32_t)(from + r));
                if (s->found[i] == m->k) worst = (float)s->far[i * m->k + m->k - 1] * s->slack + 1e-30f;
            }
        }
    }
    return OK;
}

static double length_of(const Neighbours *m, double sum) { return m->p == 1 ? sum : sqrt(sum); }

/* Weights of the neighbours of query i, adding to 1, into w. */
static void weigh(const Search *s, size_t i, double *w)
{
    const Neighbours *m = s->m;
    const double *far = s->far + i * m->k;
    double all = 0;
    bool touching = far[0] <= 0;
    for (uint32_t j = 0; j < m->k; j++) {
        if (!m->by_distance) w[j] = 1;
        else if (touching) w[j] = far[j] <= 0;
        else w[j] = length_of(m, far[0]) / length_of(m, far[j]);      /* 1 / distance, times what cannot overflow */
        all += w[j];
    }
    for (uint32_t j = 0; j < m->k; j++) w[j] /= all;
}

static void answer(const Search *s, size_t i, const double *w, double *out)
{
    const Neighbours *m = s->m;
    const uint32_t *at = s->at + i * m->k;
    if (m->task == TASK_REGRESSION) {
        double base = m->y[at[0]], sum = 0;
        for (uint32_t j = 0; j < m->k; j++) sum += w[j] * (m->y[at[j]] - base);
        *out = base + sum;
        return;
    }
    if (m->task == TASK_BINARY) {
        double yes = 0;
        for (uint32_t j = 0; j < m->k; j++) yes += w[j] * (m->y[at[j]] == 1);
        *out = log(yes * m->k + .5) - log((yes < 1 ? 1 - yes : 0) * m->k + .5);
        return;
    }
    for (uint32_t c = 0; c < m->classes; c++) out[c] = 0;
    for (uint32_t j = 0; j < m->k; j++) out[(uint32_t)m->y[at[j]]] += w[j];
    for (uint32_t c = 0; c < m->classes; c++) out[c] = log((out[c] * m->k + .5) / (m->k + .5 * m->classes));
}

static void load_queries(const Search *s, const Frame *X, const uint32_t *rows, size_t from, size_t n)
{
    uint32_t at[QUERIES];
    for (size_t i = 0; i < n; i++) at[i] = rows ? rows[from + i] : (uint32_t)(from + i);
    dense_apply(s->m->dense, X, at, n, s->q, s->m->stride);
}

static Err neighbours_margin(Ctx *cx, const Model *model, const Frame *X, const uint32_t *rows, size_t n, double *out)
{
    const Neighbours *m = (const Neighbours *)model;
    Err err = OK;
    Search s;
    double *w = NULL;
    TRY_DONE(cx, search_open(cx, m, n, &s));
    GET_DONE(cx, w, m->k, "weighing %u neighbours", m->k);
    for (size_t from = 0; from < n; from += QUERIES) {
        size_t some = n - from < QUERIES ? n - from : QUERIES;
        load_queries(&s, X, rows, from, some);
        TRY_DONE(cx, search(cx, &s, some));
        for (size_t i = 0; i < some; i++) {
            weigh(&s, i, w);
            answer(&s, i, w, out + (from + i) * model->outputs);
        }
    }
done:
    ctx_put(cx, w);
    search_close(cx, &s);
    return err;
}

Err neighbours_find(Ctx *cx, const Model *model, const Frame *X, const uint32_t *rows, size_t n, uint32_t *index,
                    double *distance)
{
    const Neighbours *m = (const Neighbours *)model;
    Err err = OK;
    Search s;
    TRY_DONE(cx, search_open(cx, m, n, &s));
    for (size_t from = 0; from < n; from += QUERIES) {
        size_t some = n - from < QUERIES ? n - from : QUERIES;
        load_queries(&s, X, rows, from, some);
        TRY_DONE(cx, search(cx, &s, some));
        memcpy(index + from * m->k, s.at, some * m->k * sizeof *index);
        for (size_t i = 0; i < some * m->k; i++) distance[from * m->k + i] = length_of(m, s.far[i]);
    }
done:
    search_close(cx, &s);
    return err;
}

/* ----------------------------------------------------------------- storing */

static Err neighbours_save(Ctx *cx, const Model *model, Text *out)
{
    const Neighbours *m = (const Neighbours *)model;
    size_t d = dense_cols(m->dense);
    (void)cx;
    put_u8(out, (uint8_t)m->task);
    put_u8(out, (uint8_t)m->p);
    put_u8(out, m->by_distance);
    put_u32(out, m->classes);
    put_u32(out, m->k);
    put_u32(out, (uint32_t)m->n);
    dense_save(m->dense, out);
    for (size_t i = 0; i < m->n; i++) put_f64(out, m->y[i]);
    for (size_t i = 0; i < m->n; i++) text_bytes(out, m->x + i * m->stride, d * sizeof *m->x);
    return OK;
}

static bool read_rows(Reader *r, Neighbours *m)
{
    size_t d = dense_cols(m->dense);
    for (size_t i = 0; i < m->n; i++) {
        double y = m->y[i] = get_f64(r);
        if (!isfinite(y)) return false;
        if (m->task != TASK_REGRESSION && (y < 0 || y >= (double)m->classes || y != floor(y))) return false;
    }
    for (size_t i = 0; i < m->n; i++) {
        const void *row = get_array(r, d, sizeof *m->x);
        if (!row) return false;
        memcpy(m->x + i * m->stride, row, d * sizeof *m->x);
        for (size_t j = 0; j < d; j++)
            if (!(fabsf(m->x[i * m->stride + j]) <= (float)DENSE_FAR)) return false;
    }
    return !r->short_ && r->n == 0;
}

static Err neighbours_load(Ctx *cx, const void *bytes, size_t n, Model **out)
{
    Reader r = { bytes, n, false };
    Dense *dense;
    Neighbours *m;
    *out = NULL;
    uint8_t task = get_u8(&r), p = get_u8(&r), by_distance = get_u8(&r);
    uint32_t classes = get_u32(&r), k = get_u32(&r), rows = get_u32(&r);
    bool fine = !r.short_ && task < TASK_N && (p == 1 || p == 2) && by_distance <= 1 && k && k <= rows &&
                k <= NEIGHBOURS_K_MAX && rows <= NEIGHBOURS_ROWS_MAX && rows <= r.n / sizeof(double);
    if (fine) fine = task == TASK_REGRESSION ? classes == 0 : task == TASK_BINARY ? classes == 2 : classes >= 2 && classes <= 10000;
    if (!fine) return FAIL(cx, ERR_CORRUPT, "a stored model of neighbours is damaged");
    TRY(cx, dense_load(cx, &r, &dense));
    if (r.n != rows * (sizeof(double) + dense_cols(dense) * sizeof(float))) {
        dense_free(cx, dense);
        return FAIL(cx, ERR_CORRUPT, "a stored model of neighbours is damaged");
    }
    TRY(cx, empty(cx, dense, (Task)task, classes, rows, &m));
    m->k = k;
    m->p = p;
    m->by_distance = by_distance;
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
    .save   = neighbours_save,
    .load   = neighbours_load,
    .free   = neighbours_free,
};

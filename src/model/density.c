/* model/density.c -- form "density": how far the nearest training rows are, alone or beside their own neighbours.
**
** The search is the form "neighbours"'; this one keeps what each training row's own neighbourhood is like.
*/
#include "model/outliers.h"

#include "model/forms.h"
#include "model/neighbours.h"

#include <math.h>
#include <string.h>

#define DENSITY_BLOCK 256          /* rows asked about at once */
#define TINY 1e-10                 /* added to a mean distance: rows that stand on one another have a density too */
#define RATIO_MAX 1e12

typedef struct Density {
    Model head;
    DensityKind kind;
    uint32_t k;                    /* neighbours that count; the search finds one more, for rows that find themselves */
    Model *near;
    size_t n;                      /* training rows */
    double *reach;                 /* n: distance to its k-th neighbour */
    double *dense;                 /* n: its local reachability density */
} Density;

static void density_free(Ctx *cx, Model *model)
{
    Density *m = (Density *)model;
    model_free(cx, m->near);
    ctx_put(cx, m->reach);
    ctx_put(cx, m->dense);
    ctx_put(cx, m);
}

/* Takes near over, also on failure. */
static Err density_empty(Ctx *cx, Model *near, DensityKind kind, uint32_t k, size_t n, Density **out)
{
    Err err = OK;
    Density *m = ctx_get(cx, sizeof *m);
    *out = NULL;
    if (!m) {
        model_free(cx, near);
        return FAIL(cx, ERR_NOMEM, "the density of %zu rows", n);
    }
    m->head = (Model){ .form = &form_density, .outputs = 1, .cols = near->cols };
    m->near = near;
    m->kind = kind;
    m->k = k;
    m->n = n;
    GET_DONE(cx, m->reach, n, "the density of %zu rows", n);
    GET_DONE(cx, m->dense, n, "the density of %zu rows", n);
    *out = m;
    m = NULL;
done:
    if (m) density_free(cx, &m->head);
    return err;
}

/* The k neighbours that count of one row's k + 1: not itself, where it is a training row. */
static void leave_out(uint32_t k, size_t self, uint32_t *index, double *distance)
{
    uint32_t at = 0;
    while (at < k && index[at] != self) at++;     /* crowded out by rows on the same spot: the last one goes */
    memmove(index + at, index + at + 1, (k - at) * sizeof *index);
    memmove(distance + at, distance + at + 1, (k - at) * sizeof *distance);
}

static double density_at(const Density *m, const uint32_t *index, const double *distance)
{
    double sum = 0;
    for (uint32_t i = 0; i < m->k; i++) sum += fmax(distance[i], m->reach[index[i]]);
    return 1 / (sum / m->k + TINY);
}

static double answer(const Density *m, const uint32_t *index, const double *distance)
{
    if (m->kind == DENSITY_DISTANCE) return distance[m->k - 1];
    double sum = 0, own = density_at(m, index, distance);
    for (uint32_t i = 0; i < m->k; i++) sum += m->dense[index[i]];
    return fmin(sum / m->k / own, RATIO_MAX);
}

/* Every training row's own neighbourhood. */
static Err settle(Ctx *cx, Density *m, const Frame *X, const uint32_t *rows, double *self)
{
    Err err = OK;
    uint32_t wide = m->k + 1, *index = NULL;
    double *distance = NULL;
    GET_DONE(cx, index, m->n * wide, "the neighbours of %zu rows", m->n);
    GET_DONE(cx, distance, m->n * wide, "the neighbours of %zu rows", m->n);
    for (size_t from = 0; from < m->n; from += DENSITY_BLOCK) {
        size_t some = m->n - from < DENSITY_BLOCK ? m->n - from : DENSITY_BLOCK;
        TRY_DONE(cx, ctx_check(cx));
        TRY_DONE(cx, neighbours_find(cx, m->near, X, rows + from, some, index + from * wide, distance + from * wide));
    }
    for (size_t i = 0; i < m->n; i++) {
        leave_out(m->k, i, index + i * wide, distance + i * wide);
        m->reach[i] = distance[i * wide + m->k - 1];
    }
    for (size_t i = 0; i < m->n; i++) m->dense[i] = density_at(m, index + i * wide, distance + i * wide);
    for (size_t i = 0; self && i < m->n; i++) self[i] = answer(m, index + i * wide, distance + i * wide);
done:
    ctx_put(cx, index);
    ctx_put(cx, distance);
    return err;
}

Err density_new(Ctx *cx, DensityKind kind, Dense *dense, const Frame *X, const uint32_t *rows, size_t n, uint32_t k, double *self,
                Model **out)
{
    Err err = OK;
    Model *near = NULL;
    Density *m = NULL;
    double *y = NULL;
    *out = NULL;
    if (n < 2 || n > OUTLIERS_ROWS_MAX) {
        dense_free(cx, dense);
        return FAIL(cx, ERR_SHAPE, "the density of %zu rows: at least 2 are needed", n);
    }
    if (k > n - 1) k = (uint32_t)n - 1;
    y = ctx_get_n(cx, X->rows, sizeof *y);
    if (!y) {
        dense_free(cx, dense);
        return FAIL(cx, ERR_NOMEM, "the density of %zu rows", n);
    }
    NeighboursIn in = { .task = TASK_REGRESSION, .dense = dense, .X = X, .rows = rows, .n = n, .y = y, .k = k + 1, .p = 2 };
    TRY_DONE(cx, neighbours_new(cx, &in, &near));
    TRY_DONE(cx, density_empty(cx, near, kind, k, n, &m));
    TRY_DONE(cx, settle(cx, m, X, rows, self));
    *out = &m->head;
    m = NULL;
done:
    if (m) density_free(cx, &m->head);
    ctx_put(cx, y);
    return err;
}

static Err density_margin(Ctx *cx, const Model *model, const Frame *X, const uint32_t *rows, size_t n, double *out)
{
    const Density *m = (const Density *)model;
    Err err = OK;
    uint32_t wide = m->k + 1, *index = NULL, at[DENSITY_BLOCK];
    size_t block = n < DENSITY_BLOCK ? n : DENSITY_BLOCK;
    double *distance = NULL;
    GET_DONE(cx, index, block * wide, "the neighbours of %zu rows", n);
    GET_DONE(cx, distance, block * wide, "the neighbours of %zu rows", n);
    for (size_t from = 0; from < n; from += block) {
        size_t some = n - from < block ? n - from : block;
        for (size_t i = 0; i < some; i++) at[i] = rows ? rows[from + i] : (uint32_t)(from + i);
        TRY_DONE(cx, neighbours_find(cx, m->near, X, at, some, index, distance));
        for (size_t i = 0; i < some; i++) out[from + i] = answer(m, index + i * wide, distance + i * wide);
    }
done:
    ctx_put(cx, index);
    ctx_put(cx, distance);
    return err;
}

static Err density_save(Ctx *cx, const Model *model, Text *out)
{
    const Density *m = (const Density *)model;
    put_u32(out, (uint32_t)m->kind);
    put_u32(out, m->k);
    put_u32(out, (uint32_t)m->n);
    for (size_t i = 0; i < m->n; i++) put_f64(out, m->reach[i]);
    for (size_t i = 0; i < m->n; i++) put_f64(out, m->dense[i]);
    TRY(cx, model_save(cx, m->near, out));
    return OK;
}

static Err density_load(Ctx *cx, const void *bytes, size_t size, Model **out)
{
    static const char form[] = "neighbours";
    Reader r = { bytes, size, false };
    Model *near = NULL;
    Density *m = NULL;
    size_t name_n;
    *out = NULL;
    uint32_t kind = get_u32(&r), k = get_u32(&r), n = get_u32(&r);
    const void *numbers = r.short_ ? NULL : get_array(&r, 2 * (size_t)n, sizeof(double));
    Reader values = { numbers, 2 * (size_t)n * sizeof(double), false }, peek = r;
    const char *name = numbers ? get_str(&peek, &name_n) : NULL;
    if (!name || kind > DENSITY_LOF || name_n != sizeof form - 1 || memcmp(name, form, name_n))
        return FAIL(cx, ERR_CORRUPT, "a stored model of density is damaged");
    TRY(cx, model_load(cx, r.at, r.n, &near));
    if (neighbours_rows(near) != n || !k || neighbours_k(near) != k + 1) {
        model_free(cx, near);
        return FAIL(cx, ERR_CORRUPT, "a stored model of density does not fit its neighbours");
    }
    TRY(cx, density_empty(cx, near, (DensityKind)kind, k, n, &m));
    bool fine = true;
    for (size_t i = 0; i < n; i++) fine &= (m->reach[i] = get_f64(&values)) >= 0 && m->reach[i] <= 1e30;
    for (size_t i = 0; i < n; i++) fine &= (m->dense[i] = get_f64(&values)) > 0 && m->dense[i] <= 2 / TINY;
    if (!fine) {
        density_free(cx, &m->head);
        return FAIL(cx, ERR_CORRUPT, "a stored model of density holds what is not a distance");
    }
    *out = &m->head;
    return OK;
}

const Form form_density = {
    .name   = "density",
    .margin = density_margin,
    .save   = density_save,
    .load   = density_load,
    .free   = density_free,
};

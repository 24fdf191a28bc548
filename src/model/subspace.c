/* model/subspace.c -- form "subspace": squared distance from the plane that most training rows lie near. */
#include "model/outliers.h"

#include "model/forms.h"

#include <math.h>
#include <string.h>

#define SUBSPACE_BLOCK 64          /* rows encoded at once */

typedef struct Subspace {
    Model head;
    Dense *dense;
    uint32_t q;
    double *mean;                  /* d */
    double *axis;                  /* q x d */
} Subspace;

static void subspace_free(Ctx *cx, Model *model)
{
    Subspace *m = (Subspace *)model;
    dense_free(cx, m->dense);
    ctx_put(cx, m->mean);
    ctx_put(cx, m->axis);
    ctx_put(cx, m);
}

static Err subspace_empty(Ctx *cx, Dense *dense, uint32_t q, Subspace **out)
{
    Err err = OK;
    size_t d = dense_cols(dense);
    Subspace *m = ctx_get(cx, sizeof *m);
    *out = NULL;
    if (!m) {
        dense_free(cx, dense);
        return FAIL(cx, ERR_NOMEM, "a subspace of %zu columns", d);
    }
    m->dense = dense;
    m->q = q;
    m->head = (Model){ .form = &form_subspace, .outputs = 1, .cols = dense_frame_cols(dense) };
    GET_DONE(cx, m->mean, d ? d : 1, "a subspace of %zu columns", d);
    GET_DONE(cx, m->axis, q * d + 1, "a subspace of %zu columns", d);
    *out = m;
    m = NULL;
done:
    if (m) subspace_free(cx, &m->head);
    return err;
}

Err subspace_new(Ctx *cx, Dense *dense, const double *mean, const double *axis, uint32_t q, Model **out)
{
    Subspace *m;
    size_t d = dense_cols(dense);
    *out = NULL;
    TRY(cx, subspace_empty(cx, dense, q, &m));
    if (d) memcpy(m->mean, mean, d * sizeof *mean);
    if (q > 0) memcpy(m->axis, axis, q * d * sizeof *axis);
    *out = &m->head;
    return OK;
}

static double distance(const Subspace *m, double *x, size_t d)
{
    double all = 0;
    for (size_t j = 0; j < d; j++) x[j] -= m->mean[j];
    for (uint32_t k = 0; k < m->q; k++) {         /* taken away one after another: no small difference of large sums */
        const double *v = m->axis + k * d;
        double along = 0;
        for (size_t j = 0; j < d; j++) along += v[j] * x[j];
        for (size_t j = 0; j < d; j++) x[j] -= along * v[j];
    }
    for (size_t j = 0; j < d; j++) all += x[j] * x[j];
    return all;
}

static Err subspace_margin(Ctx *cx, const Model *model, const Frame *X, const uint32_t *rows, size_t n, double *out)
{
    const Subspace *m = (const Subspace *)model;
    size_t d = dense_cols(m->dense), block = n < SUBSPACE_BLOCK ? n : SUBSPACE_BLOCK;
    double *x = ctx_get_n(cx, block * (d ? d : 1), sizeof *x);
    uint32_t at[SUBSPACE_BLOCK];
    if (!x) return FAIL(cx, ERR_NOMEM, "asking %zu rows for their distance", n);
    for (size_t from = 0; from < n; from += block) {
        size_t some = n - from < block ? n - from : block;
        for (size_t i = 0; i < some; i++) at[i] = rows ? rows[from + i] : (uint32_t)(from + i);
        dense_apply_f64(m->dense, X, at, some, x, d);
        for (size_t i = 0; i < some; i++) out[from + i] = distance(m, x + i * d, d);
    }
    ctx_put(cx, x);
    return OK;
}

static Err subspace_save(Ctx *cx, const Model *model, Text *out)
{
    const Subspace *m = (const Subspace *)model;
    size_t d = dense_cols(m->dense);
    (void)cx;
    put_u32(out, m->q);
    dense_save(m->dense, out);
    for (size_t j = 0; j < d; j++) put_f64(out, m->mean[j]);
    for (size_t j = 0; j < m->q * d; j++) put_f64(out, m->axis[j]);
    return OK;
}

static Err subspace_load(Ctx *cx, const void *bytes, size_t n, Model **out)
{
    Reader r = { bytes, n, false };
    Dense *dense = NULL;
    Subspace *m = NULL;
    *out = NULL;
    uint32_t q = get_u32(&r);
    TRY(cx, dense_load(cx, &r, &dense));
    size_t d = dense_cols(dense);
    if (r.short_ || q > d || r.n != (q + 1) * d * sizeof(double)) {
        dense_free(cx, dense);
        return FAIL(cx, ERR_CORRUPT, "a stored subspace is damaged");
    }
    TRY(cx, subspace_empty(cx, dense, q, &m));
    bool fine = true;
    for (size_t j = 0; j < d; j++) fine &= fabs(m->mean[j] = get_f64(&r)) <= DENSE_FAR;
    for (size_t j = 0; j < q * d; j++) fine &= fabs(m->axis[j] = get_f64(&r)) <= 2;
    if (!fine) {
        subspace_free(cx, &m->head);
        return FAIL(cx, ERR_CORRUPT, "a stored subspace holds what is not an axis");
    }
    *out = &m->head;
    return OK;
}

const Form form_subspace = {
    .name   = "subspace",
    .margin = subspace_margin,
    .save   = subspace_save,
    .load   = subspace_load,
    .free   = subspace_free,
};

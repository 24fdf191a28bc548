/* model/linear.c -- form "linear": margins are weighted sums over the dense view.
**
** The dense view is rounded to float before it is weighed, as it was when the weights were learned.
** Explanations are exact: weight x (value - training mean), gathered by the frame column each dense column is
** made of; the base is the margin at the means.  Features are taken as independent, as linear SHAP does.
*/
#include "model/linear.h"

#include "model/forms.h"

#include <math.h>
#include <string.h>

#define LINEAR_BLOCK 128       /* rows encoded at once */

typedef struct Linear {
    Model head;
    Dense *dense;
    double *weight;            /* outputs x d */
    double *intercept;         /* outputs */
    double *mean;              /* d */
} Linear;

const double *linear_weight(const Model *m) { return ((const Linear *)m)->weight; }
const double *linear_intercept(const Model *m) { return ((const Linear *)m)->intercept; }
const Dense *linear_dense(const Model *m) { return ((const Linear *)m)->dense; }

static void linear_free(Ctx *cx, Model *model)
{
    Linear *m = (Linear *)model;
    dense_free(cx, m->dense);
    ctx_put(cx, m->weight);
    ctx_put(cx, m->intercept);
    ctx_put(cx, m->mean);
    ctx_put(cx, m);
}

/* Takes over dense, also on failure. */
static Err linear_empty(Ctx *cx, Dense *dense, uint32_t outputs, Linear **out)
{
    Err err = OK;
    Linear *m = NULL;
    size_t d = dense_cols(dense);
    *out = NULL;
    m = ctx_get(cx, sizeof *m);
    if (!m) {
        dense_free(cx, dense);
        return FAIL(cx, ERR_NOMEM, "a linear model of %zu columns", d);
    }
    m->dense = dense;
    m->head = (Model){ .form = &form_linear, .outputs = outputs, .cols = dense_frame_cols(dense) };
    GET_DONE(cx, m->weight, outputs * d, "a linear model of %zu columns", d);
    GET_DONE(cx, m->intercept, outputs, "a linear model of %zu columns", d);
    GET_DONE(cx, m->mean, d, "a linear model of %zu columns", d);
    *out = m;
    m = NULL;
done:
    if (m) linear_free(cx, &m->head);
    return err;
}

Err linear_new(Ctx *cx, Dense *dense, uint32_t outputs, const double *weight, const double *intercept,
               const double *mean, Model **out)
{
    Linear *m;
    size_t d = dense_cols(dense);
    *out = NULL;
    TRY(cx, linear_empty(cx, dense, outputs, &m));
    memcpy(m->weight, weight, outputs * d * sizeof *weight);
    memcpy(m->intercept, intercept, outputs * sizeof *intercept);
    memcpy(m->mean, mean, d * sizeof *mean);
    *out = &m->head;
    return OK;
}

static Err linear_margin(Ctx *cx, const Model *model, const Frame *X, const uint32_t *rows, size_t n, double *out)
{
    const Linear *m = (const Linear *)model;
    size_t d = dense_cols(m->dense), outputs = model->outputs, block = n < LINEAR_BLOCK ? n : LINEAR_BLOCK;
    float *x = ctx_get_n(cx, block * (d ? d : 1), sizeof *x);
    uint32_t at[LINEAR_BLOCK];
    if (!x) return FAIL(cx, ERR_NOMEM, "predicting %zu rows", n);
    for (size_t from = 0; from < n; from += block) {
        size_t some = n - from < block ? n - from : block;
        for (size_t i = 0; i < some; i++) at[i] = rows ? rows[from + i] : (uint32_t)(from + i);
        dense_apply(m->dense, X, at, some, x, d);
        for (size_t i = 0; i < some; i++) {
            for (size_t k = 0; k < outputs; k++) {
                const double *w = m->weight + k * d;
                double z = 0;
                for (size_t j = 0; j < d; j++) z += w[j] * (double)x[i * d + j];
                out[(from + i) * outputs + k] = z + m->intercept[k];
            }
        }
    }
    ctx_put(cx, x);
    return OK;
}

static Err linear_explain(Ctx *cx, const Model *model, const Frame *X, const uint32_t *rows, size_t n, double *out)
{
    const Linear *m = (const Linear *)model;
    size_t d = dense_cols(m->dense), outputs = model->outputs, wide = (size_t)model->cols + 1;
    float *x = ctx_get_n(cx, d ? d : 1, sizeof *x);
    if (!x) return FAIL(cx, ERR_NOMEM, "explaining %zu rows", n);
    memset(out, 0, n * outputs * wide * sizeof *out);
    for (size_t i = 0; i < n; i++) {
        uint32_t at = rows ? rows[i] : (uint32_t)i;
        dense_apply(m->dense, X, &at, 1, x, d);
        for (size_t k = 0; k < outputs; k++) {
            const double *w = m->weight + k * d;
            double *phi = out + (i * outputs + k) * wide, base = m->intercept[k];
            for (size_t j = 0; j < d; j++) {
                phi[dense_from(m->dense, j)] += w[j] * ((double)x[j] - m->mean[j]);
                base += w[j] * m->mean[j];
            }
            phi[model->cols] = base;
        }
    }
    ctx_put(cx, x);
    return OK;
}

static Err linear_save(Ctx *cx, const Model *model, Text *out)
{
    const Linear *m = (const Linear *)model;
    size_t d = dense_cols(m->dense);
    (void)cx;
    put_u32(out, model->outputs);
    dense_save(m->dense, out);
    for (size_t i = 0; i < model->outputs * d; i++) put_f64(out, m->weight[i]);
    for (size_t i = 0; i < model->outputs; i++) put_f64(out, m->intercept[i]);
    for (size_t i = 0; i < d; i++) put_f64(out, m->mean[i]);
    return OK;
}

static bool get_finite(Reader *r, double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(v[i] = get_f64(r))) return false;
    return !r->short_;
}

static Err linear_load(Ctx *cx, const void *bytes, size_t n, Model **out)
{
    Reader r = { bytes, n, false };
    Dense *dense;
    Linear *m;
    *out = NULL;
    uint32_t outputs = get_u32(&r);
    TRY(cx, dense_load(cx, &r, &dense));
    size_t d = dense_cols(dense), numbers = r.n / sizeof(double);
    if (!outputs || outputs > numbers || outputs * (d + 1) + d != numbers || r.n % sizeof(double)) {
        dense_free(cx, dense);
        return FAIL(cx, ERR_CORRUPT, "a stored linear model of %zu bytes is damaged", n);
    }
    TRY(cx, linear_empty(cx, dense, outputs, &m));
    if (!get_finite(&r, m->weight, outputs * d) || !get_finite(&r, m->intercept, outputs) ||
        !get_finite(&r, m->mean, d)) {
        linear_free(cx, &m->head);
        return FAIL(cx, ERR_CORRUPT, "a stored linear model holds what is not a number");
    }
    *out = &m->head;
    return OK;
}

const Form form_linear = {
    .name    = "linear",
    .margin  = linear_margin,
    .explain = linear_explain,
    .save    = linear_save,
    .load    = linear_load,
    .free    = linear_free,
};

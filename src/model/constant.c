/* model/constant.c -- form "constant": the same margins for every row.  What every other model must beat. */
#include "model/constant.h"

#include "model/forms.h"

#include <math.h>
#include <string.h>

typedef struct Constant {
    Model head;
    double margin[];           /* head.outputs */
} Constant;

Err constant_new(Ctx *cx, uint32_t outputs, uint32_t cols, const double *margin, Model **out)
{
    *out = NULL;
    Constant *m = ctx_get(cx, sizeof *m + outputs * sizeof *m->margin);
    if (!m) return FAIL(cx, ERR_NOMEM, "a constant model of %u outputs", outputs);
    m->head = (Model){ .form = &form_constant, .outputs = outputs, .cols = cols };
    memcpy(m->margin, margin, outputs * sizeof *margin);
    *out = &m->head;
    return OK;
}

static Err constant_margin(Ctx *cx, const Model *model, const Frame *X, const uint32_t *rows, size_t n, double *out)
{
    const Constant *m = (const Constant *)model;
    (void)cx, (void)X, (void)rows;
    for (size_t i = 0; i < n; i++) memcpy(out + i * model->outputs, m->margin, model->outputs * sizeof *out);
    return OK;
}

static Err constant_explain(Ctx *cx, const Model *model, const Frame *X, const uint32_t *rows, size_t n, double *out)
{
    const Constant *m = (const Constant *)model;
    size_t wide = (size_t)model->cols + 1;
    (void)cx, (void)X, (void)rows;
    memset(out, 0, n * model->outputs * wide * sizeof *out);
    for (size_t i = 0; i < n * model->outputs; i++) out[i * wide + model->cols] = m->margin[i % model->outputs];
    return OK;
}

static Err constant_save(Ctx *cx, const Model *model, Text *out)
{
    const Constant *m = (const Constant *)model;
    (void)cx;
    put_u32(out, model->outputs);
    put_u32(out, model->cols);
    for (uint32_t k = 0; k < model->outputs; k++) put_f64(out, m->margin[k]);
    return OK;
}

static Err constant_load(Ctx *cx, const void *bytes, size_t n, Model **out)
{
    Reader r = { bytes, n, false };
    *out = NULL;
    uint32_t outputs = get_u32(&r), cols = get_u32(&r);
    if (r.short_ || !outputs || outputs != r.n / sizeof(double) || r.n % sizeof(double))
        return FAIL(cx, ERR_CORRUPT, "a stored constant model is damaged");
    Constant *m = ctx_get(cx, sizeof *m + outputs * sizeof *m->margin);
    if (!m) return FAIL(cx, ERR_NOMEM, "a constant model of %u outputs", outputs);
    m->head = (Model){ .form = &form_constant, .outputs = outputs, .cols = cols };
    bool fine = true;
    for (uint32_t k = 0; k < outputs; k++) fine &= isfinite(m->margin[k] = get_f64(&r)) != 0;
    if (!fine) {
        ctx_put(cx, m);
        return FAIL(cx, ERR_CORRUPT, "a stored constant model holds what is not a number");
    }
    *out = &m->head;
    return OK;
}

static void constant_free(Ctx *cx, Model *m) { ctx_put(cx, m); }

const Form form_constant = {
    .name    = "constant",
    .margin  = constant_margin,
    .explain = constant_explain,
    .save    = constant_save,
    .load    = constant_load,
    .free    = constant_free,
};

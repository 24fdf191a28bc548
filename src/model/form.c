/* model/form.c -- the list of forms, and what is the same for all of them.
**
** A stored model is its form's name, its outputs and columns, then the form's
** own bytes.  A form that needs outputs or columns to read its bytes keeps them
** there too; model_load holds the two to one another.
*/
#include "model/forms.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define FORM_OUTPUTS_MAX 10000u
#define FORM_COLS_MAX 1000000u

static const Form *const all[] = {     /* A to Z */
    &form_bayes,
    &form_constant,
    &form_density,
    &form_linear,
    &form_neighbours,
    &form_net,
    &form_ranked,
    &form_subspace,
    &form_tails,
    &form_trees,
};

const Form *form_at(size_t i) { return i < sizeof all / sizeof *all ? all[i] : NULL; }

const Form *form_find(const char *name, size_t n)
{
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strlen(all[i]->name) == n && !memcmp(all[i]->name, name, n)) return all[i];
    return NULL;
}

static Err check_cols(Ctx *cx, const Model *m, const Frame *X, const char *what)
{
    if (X->cols != m->cols)
        return FAIL(cx, ERR_SHAPE, "the model '%s' was fitted on %u columns, but %s has %zu", m->form->name, m->cols, what, X->cols);
    return OK;
}

bool model_explains_itself(const Model *m)
{
    return m->form->explain && (!m->form->can_explain || m->form->can_explain(m));
}

Err model_margin(Ctx *cx, const Model *m, const Frame *X, const uint32_t *rows, size_t n, double *out)
{
    TRY(cx, check_cols(cx, m, X, "the data"));
    if (!n) return OK;
    TRY(cx, m->form->margin(cx, m, X, rows, n, out));
    return OK;
}

bool model_forgets(const Model *m)
{
    return m->form->forgets && m->form->forgets(m);
}

Err model_margin_but(Ctx *cx, const Model *m, const Frame *X, const uint32_t *rows, size_t n, uint32_t fold, double *out)
{
    TRY(cx, check_cols(cx, m, X, "the data"));
    if (!n) return OK;
    TRY(cx, m->form->margin_but(cx, m, X, rows, n, fold, out));
    return OK;
}

Err model_explain(Ctx *cx, const Model *m, const Frame *X, const uint32_t *rows, size_t n, const Frame *background,
                  double *out)
{
    TRY(cx, model_explain_shared(cx, m, X, rows, n, background, 1, 0, out));
    return OK;
}

Err model_explain_shared(Ctx *cx, const Model *m, const Frame *X, const uint32_t *rows, size_t n, const Frame *background,
                         uint32_t sharers, uint32_t sharer, double *out)
{
    TRY(cx, check_cols(cx, m, X, "the data"));
    if (!n) return OK;
    if (model_explains_itself(m)) {
        TRY(cx, m->form->explain(cx, m, X, rows, n, out));
        return OK;
    }
    TRY(cx, check_cols(cx, m, background, "the background"));
    TRY(cx, explain_sampled(cx, m, X, rows, n, background, sharers, sharer, out));
    return OK;
}

Err model_save(Ctx *cx, const Model *m, Text *out)
{
    put_str(out, m->form->name);
    put_u32(out, m->outputs);
    put_u32(out, m->cols);
    TRY(cx, m->form->save(cx, m, out));
    TRY(cx, text_err(out));
    return OK;
}

Err model_load(Ctx *cx, const void *bytes, size_t n, Model **out)
{
    Reader r = { bytes, n, false };
    size_t name_n;
    *out = NULL;
    const char *name = get_str(&r, &name_n);
    uint32_t outputs = get_u32(&r), cols = get_u32(&r);
    if (!name || r.short_) return FAIL(cx, ERR_CORRUPT, "a stored model of %zu bytes ends inside its head", n);
    const Form *form = form_find(name, name_n);
    if (!form) return FAIL(cx, ERR_CORRUPT, "a stored model has the unknown form '%.*s'", (int)(name_n < 32 ? name_n : 32), name);
    if (!outputs || outputs > FORM_OUTPUTS_MAX || cols > FORM_COLS_MAX)
        return FAIL(cx, ERR_CORRUPT, "a stored model claims %u outputs and %u columns", outputs, cols);
    Model *m = NULL;
    TRY(cx, form->load(cx, r.at, r.n, &m));
    assert(m->form == form);
    if (m->outputs != outputs || m->cols != cols) {
        Err err = FAIL(cx, ERR_CORRUPT, "a stored model claims %u outputs and %u columns, but its '%s' has %u and %u",
                       outputs, cols, form->name, m->outputs, m->cols);
        model_free(cx, m);
        return err;
    }
    *out = m;
    return OK;
}

void model_free(Ctx *cx, Model *m)
{
    if (m) m->form->free(cx, m);
}

void model_softmax(double *z, size_t k)
{
    double top = z[0], sum = 0;
    for (size_t i = 1; i < k; i++) top = fmax(top, z[i]);
    for (size_t i = 0; i < k; i++) sum += z[i] = exp(z[i] - top);
    for (size_t i = 0; i < k; i++) z[i] /= sum;
}

double model_sigmoid(double z)
{
    if (z >= 0) return 1 / (1 + exp(-z));
    double e = exp(z);
    return e / (1 + e);
}

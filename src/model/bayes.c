/* model/bayes.c -- form "bayes": a normal density a column and class, or the shares of its levels. */
#include "model/bayes.h"

#include "model/forms.h"

#include <math.h>
#include <string.h>

#define LOG_2PI 1.8378770664093453

typedef struct Said {
    BayesKind kind;
    uint32_t levels;
    double centre, factor;
    double *value;                 /* as in BayesColumn */
    double *norm;                  /* BAYES_NORMAL: classes of -1/2 log(2 pi variance) */
} Said;

typedef struct Bayes {
    Model head;
    uint32_t classes;
    double *prior;
    Said *said;                    /* head.cols */
} Bayes;

static void bayes_free(Ctx *cx, Model *model)
{
    Bayes *m = (Bayes *)model;
    if (!m) return;
    for (uint32_t j = 0; m->said && j < model->cols; j++) {
        ctx_put(cx, m->said[j].value);
        ctx_put(cx, m->said[j].norm);
    }
    ctx_put(cx, m->said);
    ctx_put(cx, m->prior);
    ctx_put(cx, m);
}

static Err empty(Ctx *cx, uint32_t classes, uint32_t cols, Bayes **out)
{
    Err err = OK;
    Bayes *m = NULL;
    *out = NULL;
    GET_DONE(cx, m, 1, "a naive Bayes model");
    m->head = (Model){ .form = &form_bayes, .outputs = classes == 2 ? 1 : classes, .cols = cols };
    m->classes = classes;
    GET_DONE(cx, m->prior, classes, "a naive Bayes model of %u classes", classes);
    GET_DONE(cx, m->said, cols, "a naive Bayes model of %u columns", cols);
    *out = m;
    m = NULL;
done:
    bayes_free(cx, (Model *)m);
    return err;
}

static size_t values_of(const Bayes *m, const Said *s)
{
    return s->kind == BAYES_NORMAL ? 2 * (size_t)m->classes : s->kind == BAYES_LEVELS ? (size_t)m->classes * s->levels : 0;
}

/* Room for a column's values; `fine` says whether those that came make sense. */
static Err take(Ctx *cx, Bayes *m, Said *s, const void *value, bool *fine)
{
    Err err = OK;
    size_t n = values_of(m, s);
    GET_DONE(cx, s->value, n, "a naive Bayes model of %zu values", n);
    if (n) memcpy(s->value, value, n * sizeof *s->value);
    if (s->kind == BAYES_NORMAL) GET_DONE(cx, s->norm, m->classes, "a naive Bayes model of %u classes", m->classes);
    for (size_t i = 0; i < n; i++) *fine &= fabs(s->value[i]) <= 1e100;
    for (uint32_t c = 0; s->kind == BAYES_NORMAL && c < m->classes; c++) {
        double var = s->value[m->classes + c];
        *fine &= var >= 1e-100;
        s->norm[c] = *fine ? -.5 * (LOG_2PI + log(var)) : 0;
    }
done:
    return err;
}

Err bayes_new(Ctx *cx, uint32_t classes, uint32_t cols, const double *prior, const BayesColumn *column, Model **out)
{
    Err err = OK;
    Bayes *m;
    bool fine = true;
    *out = NULL;
    TRY(cx, empty(cx, classes, cols, &m));
    for (uint32_t c = 0; c < classes; c++) fine &= isfinite(m->prior[c] = prior[c]) != 0;
    for (uint32_t j = 0; j < cols; j++) {
        m->said[j].kind = column[j].kind;
        m->said[j].levels = column[j].levels;
        m->said[j].centre = column[j].centre;
        m->said[j].factor = column[j].factor;
        fine &= isfinite(column[j].centre) && isfinite(column[j].factor);
        TRY_DONE(cx, take(cx, m, &m->said[j], column[j].value, &fine));
    }
    if (!fine) {
        err = FAIL(cx, ERR_NUMERIC, "a column of a naive Bayes model has no mean or no spread");
        goto done;
    }
    *out = &m->head;
    m = NULL;
done:
    bayes_free(cx, (Model *)m);
    return err;
}

double bayes_drawn_in(double x, double centre, double factor)
{
    if (factor == 0) return x;
    double u = fmin(fmax((x - centre) * factor, -1e15), 1e15);
    return u / sqrt(1 + u * u / 9);
}

/* What a column says of each class, added to z. */
static void hear(const Bayes *m, const Said *s, float x, double *z)
{
    const double *v = s->value;
    if (s->kind == BAYES_NORMAL) {
        if (!isfinite(x)) return;
        double at = bayes_drawn_in((double)x, s->centre, s->factor);
        for (uint32_t c = 0; c < m->classes; c++) {
            double d = at - v[c];
            z[c] += s->norm[c] - .5 * d * d / v[m->classes + c];
        }
    } else if (s->kind == BAYES_LEVELS && x >= 0 && x < (float)s->levels) {
        for (uint32_t c = 0; c < m->classes; c++) z[c] += v[(size_t)c * s->levels + (uint32_t)x];
    }
}

static Err bayes_margin(Ctx *cx, const Model *model, const Frame *X, const uint32_t *rows, size_t n, double *out)
{
    const Bayes *m = (const Bayes *)model;
    double *z = ctx_get_n(cx, m->classes, sizeof *z);
    if (!z) return FAIL(cx, ERR_NOMEM, "predicting %u classes", m->classes);
    for (size_t i = 0; i < n; i++) {
        size_t row = rows ? rows[i] : i;
        memcpy(z, m->prior, m->classes * sizeof *z);
        for (uint32_t j = 0; j < model->cols; j++) hear(m, &m->said[j], X->col[j][row], z);
        double top = z[0];
        for (uint32_t c = 1; c < m->classes; c++) top = fmax(top, z[c]);
        for (uint32_t c = 0; c < m->classes; c++) z[c] = fmax(z[c] - top, -BAYES_FAR);
        if (m->classes == 2) out[i] = z[1] - z[0];
        else memcpy(out + i * m->classes, z, m->classes * sizeof *z);
    }
    ctx_put(cx, z);
    return OK;
}

static Err bayes_save(Ctx *cx, const Model *model, Text *out)
{
    const Bayes *m = (const Bayes *)model;
    (void)cx;
    put_u32(out, m->classes);
    put_u32(out, model->cols);
    for (uint32_t c = 0; c < m->classes; c++) put_f64(out, m->prior[c]);
    for (uint32_t j = 0; j < model->cols; j++) {
        const Said *s = &m->said[j];
        put_u8(out, (uint8_t)s->kind);
        if (s->kind == BAYES_LEVELS) put_u32(out, s->levels);
        if (s->kind == BAYES_NORMAL) put_f64(out, s->centre), put_f64(out, s->factor);
        for (size_t i = 0; i < values_of(m, s); i++) put_f64(out, s->value[i]);
    }
    return text_err(out);
}

static Err bayes_load(Ctx *cx, const void *bytes, size_t n, Model **out)
{
    Err err = OK;
    Reader r = { bytes, n, false };
    Bayes *m = NULL;
    *out = NULL;
    uint32_t classes = get_u32(&r), cols = get_u32(&r);
    bool fine = !r.short_ && classes >= 2 && classes <= r.n / sizeof(double) && cols <= r.n - classes * sizeof(double);
    if (fine) TRY_DONE(cx, empty(cx, classes, cols, &m));
    for (uint32_t c = 0; fine && c < classes; c++) fine = isfinite(m->prior[c] = get_f64(&r));
    for (uint32_t j = 0; fine && j < cols; j++) {
        Said *s = &m->said[j];
        s->kind = (BayesKind)get_u8(&r);
        if (s->kind == BAYES_LEVELS) s->levels = get_u32(&r);
        if (s->kind == BAYES_NORMAL) s->centre = get_f64(&r), s->factor = get_f64(&r);
        fine = !r.short_ && isfinite(s->centre) && isfinite(s->factor) && s->kind <= BAYES_LEVELS && s->levels <= BAYES_LEVELS_MAX;
        const void *at = fine ? get_array(&r, values_of(m, s), sizeof(double)) : NULL;
        fine = fine && at;
        if (fine) TRY_DONE(cx, take(cx, m, s, at, &fine));
    }
    if (!fine || r.short_ || r.n) {
        err = FAIL(cx, ERR_CORRUPT, "a stored naive Bayes model is damaged");
        goto done;
    }
    *out = &m->head;
    m = NULL;
done:
    bayes_free(cx, (Model *)m);
    return err;
}

const Form form_bayes = {
    .name   = "bayes",
    .margin = bayes_margin,
    .save   = bayes_save,
    .load   = bayes_load,
    .free   = bayes_free,
};

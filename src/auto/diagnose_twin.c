/* auto/diagnose_twin.c -- what the parts ask the build about: rows drawn from the study's, and tables with one column
** changed (what if this value were another?). */
#include "auto/diagnose.h"

#include <math.h>
#include <string.h>

void some_clear(Ctx *cx, Some *m)
{
    ctx_put(cx, m->row);
    table_free(cx, m->t);
    ctx_put(cx, m->y);
    ctx_put(cx, m->fold);
    ctx_put(cx, m->margin);
    *m = (Some){ 0 };
}

Err some_take(Ctx *cx, const Study *s, const char *purpose, size_t n, Some *m)
{
    Err err = OK;
    *m = (Some){ .n = n };
    GET_DONE(cx, m->row, n, "drawing %zu rows", n);
    GET_DONE(cx, m->y, n, "drawing %zu rows", n);
    GET_DONE(cx, m->margin, n * s->k, "drawing %zu rows", n);
    GET_DONE(cx, m->fold, n, "drawing %zu rows", n);
    study_draw(s, purpose, s->n, m->row, n);
    TRY_DONE(cx, table_rows(cx, s->t, m->row, n, &m->t));
    for (size_t i = 0; i < n; i++) {
        m->y[i] = s->y[m->row[i]];
        m->fold[i] = s->fold ? s->fold[m->row[i]] : 0;
        memcpy(m->margin + i * s->k, s->margin + m->row[i] * s->k, s->k * sizeof *m->margin);
    }
done:
    if (err) some_clear(cx, m);
    return err;
}

Err study_ask(Ctx *cx, const Study *s, const Table *t, const uint8_t *fold, double *margin)
{
    return s->fold ? build_margin_oof(cx, s->b, t, fold, margin) : build_margin(cx, s->b, t, margin);
}

void study_strongest(const double *v, size_t p, uint32_t *top)
{
    for (uint32_t j = 0; j < p; j++) {
        uint32_t i = j;
        double own = isnan(v[j]) ? -INFINITY : v[j];
        for (; i > 0 && own > (isnan(v[top[i - 1]]) ? -INFINITY : v[top[i - 1]]); i--) top[i] = top[i - 1];
        top[i] = j;
    }
}

/* ------------------------------------------------------------------- twins */

Err twin_open(Ctx *cx, const Table *base, Twin *w)
{
    Err err = OK;
    *w = (Twin){ .base = base, .t = *base, .changed = SIZE_MAX };
    w->t.col = NULL;
    GET_DONE(cx, w->t.col, base->cols, "a changed table of %zu columns", base->cols);
    GET_DONE(cx, w->num, base->rows, "a changed column");
    GET_DONE(cx, w->code, base->rows, "a changed column");
    GET_DONE(cx, w->valid, (base->rows + 7) / 8, "a changed column");
    memcpy(w->t.col, base->col, base->cols * sizeof *base->col);
done:
    if (err) twin_close(cx, w);
    return err;
}

void twin_close(Ctx *cx, Twin *w)
{
    ctx_put(cx, w->t.col);
    ctx_put(cx, w->num);
    ctx_put(cx, w->code);
    ctx_put(cx, w->valid);
    *w = (Twin){ 0 };
}

static Column *change(Twin *w, size_t col)
{
    if (w->changed != SIZE_MAX) w->t.col[w->changed] = w->base->col[w->changed];
    w->changed = col;
    Column *c = &w->t.col[col];
    *c = w->base->col[col];
    if (c->num) c->num = w->num;
    if (c->code) c->code = w->code;
    c->valid = w->valid;
    return c;
}

void twin_shuffle(Twin *w, size_t col, const uint32_t *row)
{
    const Column *from = &w->base->col[col];
    Column *c = change(w, col);
    memset(w->valid, 0, (w->t.rows + 7) / 8);
    for (size_t i = 0; i < w->t.rows; i++) {
        if (column_has(from, row[i])) w->valid[i >> 3] = (uint8_t)(w->valid[i >> 3] | 1u << (i & 7));
        if (c->num) c->num[i] = from->num[row[i]];
        else c->code[i] = from->code[row[i]];
    }
}

void twin_set(Twin *w, size_t col, bool has, double num, int32_t code)
{
    Column *c = change(w, col);
    memset(w->valid, 0, (w->t.rows + 7) / 8);
    c->nulls = has ? 0 : w->t.rows;
    for (size_t i = 0; i < w->t.rows; i++) {
        if (has) w->valid[i >> 3] = (uint8_t)(w->valid[i >> 3] | 1u << (i & 7));
        if (c->num) c->num[i] = has ? num : NAN;
        else c->code[i] = has ? code : -1;
    }
}

void twin_each(Twin *w, size_t col, const double *num)
{
    Column *c = change(w, col);
    memset(w->valid, 0, (w->t.rows + 7) / 8);
    c->nulls = 0;
    for (size_t i = 0; i < w->t.rows; i++) {
        bool has = !isnan(num[i]);
        if (has) w->valid[i >> 3] = (uint8_t)(w->valid[i >> 3] | 1u << (i & 7));
        else c->nulls++;
        c->num[i] = num[i];
    }
}

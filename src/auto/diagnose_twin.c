/* auto/diagnose_twin.c -- a table with one column changed: what if this value were another? */
#include "auto/diagnose.h"

#include <math.h>
#include <string.h>

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

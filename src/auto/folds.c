/* auto/folds.c -- which rows are held out together, and how many folds the budget allows.
**
** Stratified: rows are shuffled within each class (regression: within each of
** ten quantile bins of the target) and dealt out in turn.  Keyed by the seed and
** the target alone, so that the folds of a build can be made again later.
*/
#include "auto/run.h"

#include "base/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BINS 10
#define HOLDOUT_FOLDS 1
#define CLOCKLESS_S 30.0           /* the budget that folds are chosen for when trials are counted */

/* RECIPE A4.3 with constants fitted to fits in C: cost is cells times outputs a second of budget. */
static const struct { double cost; uint32_t folds; } ladder[] = { { 2e4, 8 }, { 8e4, 5 }, { 3.5e5, 3 } };

typedef struct Key { double value; uint64_t shuffle; uint32_t row; } Key;

static int by_key(const void *a, const void *b)
{
    const Key *x = a, *y = b;
    if (x->value != y->value) return x->value > y->value ? 1 : -1;
    if (x->shuffle != y->shuffle) return x->shuffle > y->shuffle ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

/* The share of rows one holdout takes (AutoGluon's rule). */
static double holdout_share(size_t n)
{
    double share = n < 5000 ? 500.0 / (double)n : 2500.0 / (double)n;
    double lo = n < 5000 ? .1 : .01, hi = n < 5000 ? .2 : .1;
    return fmin(fmax(share, lo), hi);
}

/* Deal sorted rows of one stratum out; `turn` goes on from stratum to stratum so that folds stay even. */
static void deal(const Key *key, size_t n, uint32_t folds, double share, uint32_t *turn, uint8_t *fold)
{
    size_t held = (size_t)(share * (double)n + .5);
    if (!held && n > 1) held = 1;
    for (size_t i = 0; i < n; i++) {
        if (folds == HOLDOUT_FOLDS) fold[key[i].row] = i < held ? 0 : FOLD_NONE;
        else fold[key[i].row] = (uint8_t)((*turn)++ % folds);
    }
}

Err folds_make(Ctx *cx, Task task, uint32_t classes, const double *y, size_t n, uint64_t seed, uint32_t folds, uint8_t *fold)
{
    Random r = random_make(seed, "folds", folds, 0);
    uint32_t turn = 0;
    (void)classes;
    Key *key = ctx_get_n(cx, n, sizeof *key);
    if (!key) return FAIL(cx, ERR_NOMEM, "splitting %zu rows into folds", n);
    for (size_t i = 0; i < n; i++) key[i] = (Key){ y[i], random_bits(&r), (uint32_t)i };
    qsort(key, n, sizeof *key, by_key);
    if (task == TASK_REGRESSION) {
        for (size_t i = 0; i < n; i++) key[i].value = (double)(i * BINS / n);
        qsort(key, n, sizeof *key, by_key);
    }
    for (size_t from = 0, to; from < n; from = to) {
        for (to = from + 1; to < n && key[to].value == key[from].value; to++) {}
        deal(key + from, to - from, folds, holdout_share(n), &turn, fold);
    }
    ctx_put(cx, key);
    return OK;
}

static uint32_t folds_for(const Auto *a)
{
    double seconds = a->in->trials ? CLOCKLESS_S : a->in->time_s;
    double outputs = a->task == TASK_MULTICLASS ? (double)a->classes : 1;
    double cost = (double)a->rows * (double)a->raw->cols * outputs / seconds;
    for (size_t i = 0; i < sizeof ladder / sizeof *ladder; i++)
        if (cost < ladder[i].cost) return ladder[i].folds;
    return HOLDOUT_FOLDS;
}

Err auto_folds(Ctx *cx, Auto *a)
{
    a->folds = folds_for(a);
    a->fold = ctx_get(cx, a->rows);
    a->held = ctx_get_n(cx, a->rows, sizeof *a->held);
    if (!a->fold || !a->held) return FAIL(cx, ERR_NOMEM, "splitting %zu rows into folds", a->rows);
    TRY(cx, folds_make(cx, a->task, a->classes, a->y, a->rows, a->in->seed, a->folds, a->fold));
    for (size_t i = 0; i < a->rows; i++)
        if (a->fold[i] < a->folds) a->held[a->held_n++] = (uint32_t)i;
    a->held_y = ctx_get_n(cx, a->held_n, sizeof *a->held_y);
    if (!a->held_y) return FAIL(cx, ERR_NOMEM, "splitting %zu rows into folds", a->rows);
    for (size_t i = 0; i < a->held_n; i++) a->held_y[i] = a->y[a->held[i]];
    return OK;
}

Err auto_known_y(Ctx *cx, const Build *b, const Table *t, size_t target, double *y)
{
    const Column *c = &t->col[target];
    for (size_t i = 0; i < t->rows; i++) {
        char buf[NUM_TEXT_MAX];
        size_t n;
        const char *s = buf;
        y[i] = NAN;
        if (!column_has(c, i)) continue;
        if (c->num) n = num_text(c->num[i], buf);
        else s = dict_at(&c->dict, (uint32_t)c->code[i], &n);
        if (b->task == TASK_REGRESSION) {
            if (c->num) y[i] = c->num[i];
            else if (!num_read(s, n, &y[i]) || !isfinite(y[i]))
                return FAIL(cx, ERR_BAD_INPUT, "target '%s' holds words; the build predicts a number", b->target);
            continue;
        }
        uint32_t k = build_class_find(b, s, n);
        if (k != UINT32_MAX) y[i] = k;
    }
    return OK;
}

Err auto_folds_again(Ctx *cx, const Build *b, const Table *t, uint64_t seed, uint8_t **out)
{
    Err err = OK;
    double *y = NULL, *known = NULL;
    uint8_t *fold = NULL, *some = NULL;
    size_t n = 0, target = table_find(t, b->target);
    *out = NULL;
    if (target == SIZE_MAX) return FAIL(cx, ERR_BAD_INPUT, "'%s' has no column '%s', which the build predicts", t->source, b->target);
    GET_DONE(cx, y, t->rows, "folds of %zu rows", t->rows);
    GET_DONE(cx, known, t->rows, "folds of %zu rows", t->rows);
    GET_DONE(cx, fold, t->rows, "folds of %zu rows", t->rows);
    GET_DONE(cx, some, t->rows, "folds of %zu rows", t->rows);
    TRY_DONE(cx, auto_known_y(cx, b, t, target, y));
    for (size_t i = 0; i < t->rows; i++)
        if (!isnan(y[i])) known[n++] = y[i];
    TRY_DONE(cx, folds_make(cx, b->task, b->classes, known, n, seed, b->folds, some));
    for (size_t i = 0, k = 0; i < t->rows; i++) fold[i] = isnan(y[i]) ? FOLD_NONE : some[k++];
    *out = fold;
    fold = NULL;
done:
    ctx_put(cx, y);
    ctx_put(cx, known);
    ctx_put(cx, fold);
    ctx_put(cx, some);
    return err;
}

/* model/explain.c -- Shapley values of any model, by sampled permutations.
**
** A permutation starts at a background row and turns its features one by one,
** in the permutation's order, into those of the row explained; each change of
** the margin is put down to the feature turned.  The changes telescope, so the
** values sum to the margin whatever was sampled.  Permutations come in pairs, one
** the reverse of the other, which cancels the part of the error that is odd in
** the order (Mitchell et al. 2022).
**
** Every row uses the same permutations and background rows: all rows have one
** base value, and a row's values do not depend on its neighbours.
** Cost: EXPLAIN_PERMUTATIONS_MAX * (cols + 1) margins a row at most; memory
** EXPLAIN_ROWS * cols floats.
*/
#include "base/random.h"
#include "model/forms.h"

#include <stdlib.h>
#include <string.h>

#define EXPLAIN_PERMUTATIONS_MIN 8u
#define EXPLAIN_PERMUTATIONS_MAX 64u
#define EXPLAIN_MARGINS_AIM 2048u     /* margins a row worth paying for */
#define EXPLAIN_ROWS ((size_t)256)    /* made-up rows asked about at once */

typedef struct Walk {
    const Model *m;
    const Frame *X, *background;
    size_t cols, turns;               /* turns: 1 + cols made-up rows a permutation */
    uint32_t permutations;
    uint32_t *order;                  /* permutations x cols: features in the order they turn */
    uint32_t *place;                  /* permutations x cols: the turn of each feature */
    uint32_t *from;                   /* permutations: background rows */
    float *cell;                      /* cols x EXPLAIN_ROWS */
    const float **col;
    double *margin;                   /* (1 + EXPLAIN_ROWS) x outputs; the first is the last of the chunk before */
} Walk;

/* Of models that are averaged each takes its share, one pair at least: together they are sampled as well as one alone. */
static uint32_t permutations_for(size_t cols, uint32_t sharers)
{
    size_t n = EXPLAIN_MARGINS_AIM / (cols + 1) / 2 * 2;
    if (n < EXPLAIN_PERMUTATIONS_MIN) n = EXPLAIN_PERMUTATIONS_MIN;
    if (n > EXPLAIN_PERMUTATIONS_MAX) n = EXPLAIN_PERMUTATIONS_MAX;
    return (uint32_t)((n / 2 + sharers - 1) / sharers * 2);
}

/* Every permutation has a background row of its own, spread evenly over them and over those who share the work: with as
** many permutations as rows each is used once, and what is linear in the model is exact. */
static void plan(Walk *w, Random *r, uint32_t sharers, uint32_t sharer)
{
    size_t k = w->cols;
    size_t rows = w->background->rows, all = (size_t)w->permutations * sharers;
    for (uint32_t p = 0; p < w->permutations; p += 2) {
        uint32_t *a = w->order + p * k, *b = a + k;
        for (size_t j = 0; j < k; j++) a[j] = (uint32_t)j;
        random_shuffle(r, a, k);
        for (size_t j = 0; j < k; j++) b[j] = a[k - 1 - j];
        for (uint32_t i = p; i < p + 2; i++) {
            size_t at = (size_t)sharer * w->permutations + i;
            w->from[i] = (uint32_t)((at * rows + (size_t)random_below(r, rows)) / all % rows);
        }
    }
    for (uint32_t p = 0; p < w->permutations; p++)
        for (size_t s = 0; s < k; s++) w->place[p * k + w->order[p * k + s]] = (uint32_t)s;
}

/* Made-up rows t0 .. t1-1 of the row `at`: permutation t / turns after t % turns of its features turned. */
static void fill(Walk *w, uint32_t at, size_t t0, size_t t1)
{
    for (size_t t = t0; t < t1;) {
        size_t p = t / w->turns, s = t % w->turns, n = w->turns - s < t1 - t ? w->turns - s : t1 - t;
        for (size_t j = 0; j < w->cols; j++) {
            float *cell = w->cell + j * EXPLAIN_ROWS + (t - t0);
            float old = w->background->col[j][w->from[p]], new = w->X->col[j][at];
            size_t turn = w->place[p * w->cols + j] + 1;
            for (size_t i = 0; i < n; i++) cell[i] = s + i < turn ? old : new;
        }
        t += n;
    }
}

static Err explain_row(Ctx *cx, Walk *w, uint32_t at, double *out)
{
    size_t k = w->m->outputs, all = w->turns * w->permutations, wide = w->cols + 1;
    memset(out, 0, k * wide * sizeof *out);
    for (size_t t0 = 0; t0 < all; t0 += EXPLAIN_ROWS) {
        size_t t1 = t0 + EXPLAIN_ROWS < all ? t0 + EXPLAIN_ROWS : all;
        fill(w, at, t0, t1);
        Frame made = { .rows = t1 - t0, .cols = w->cols, .feature = w->X->feature, .col = w->col };
        TRY(cx, w->m->form->margin(cx, w->m, &made, NULL, t1 - t0, w->margin + k));
        for (size_t t = t0; t < t1; t++) {
            size_t s = t % w->turns;
            size_t cell = s ? w->order[t / w->turns * w->cols + s - 1] : w->cols;
            const double *now = w->margin + (t - t0 + 1) * k, *before = now - k;
            for (size_t c = 0; c < k; c++) out[c * wide + cell] += s ? now[c] - before[c] : now[c];
        }
        memcpy(w->margin, w->margin + (t1 - t0) * k, k * sizeof *w->margin);
    }
    for (size_t i = 0; i < k * wide; i++) out[i] /= w->permutations;
    return OK;
}

Err explain_sampled(Ctx *cx, const Model *m, const Frame *X, const uint32_t *rows, size_t n, const Frame *background,
                    uint32_t sharers, uint32_t sharer, double *out)
{
    Err err = OK;
    Walk w = { .m = m, .X = X, .background = background, .cols = X->cols, .turns = X->cols + 1 };
    Random r = random_make(cx->seed, "explain", sharer, 0);
    if (!background->rows) return FAIL(cx, ERR_SHAPE, "explaining the model '%s' needs background rows, but there are none", m->form->name);
    w.permutations = permutations_for(w.cols, sharers);
    GET_DONE(cx, w.order, w.permutations * w.cols, "explaining with %zu columns", w.cols);
    GET_DONE(cx, w.place, w.permutations * w.cols, "explaining with %zu columns", w.cols);
    GET_DONE(cx, w.from, w.permutations, "explaining with %zu columns", w.cols);
    GET_DONE(cx, w.cell, w.cols * EXPLAIN_ROWS, "explaining with %zu columns", w.cols);
    GET_DONE(cx, w.col, w.cols, "explaining with %zu columns", w.cols);
    GET_DONE(cx, w.margin, (1 + EXPLAIN_ROWS) * m->outputs, "explaining %u outputs", m->outputs);
    for (size_t j = 0; j < w.cols; j++) w.col[j] = w.cell + j * EXPLAIN_ROWS;
    plan(&w, &r, sharers, sharer);
    for (size_t i = 0; i < n; i++) {
        uint32_t at = rows ? rows[i] : (uint32_t)i;
        TRY_DONE(cx, explain_row(cx, &w, at, out + i * m->outputs * (w.cols + 1)));
    }
done:
    ctx_put(cx, w.order);
    ctx_put(cx, w.place);
    ctx_put(cx, w.from);
    ctx_put(cx, w.cell);
    ctx_put(cx, (void *)w.col);
    ctx_put(cx, w.margin);
    return err;
}

/* auto/diagnose_partial.c -- how the answer follows one column: partial dependence, ICE, accumulated local effects.
**
** Partial dependence and ICE: scikit-learn's partial_dependence (brute, kind both), centred ICE being each line less
** its first point.  Accumulated local effects: Apley and Zhu (2020) over quantile bins as PyALE makes them; unlike
** partial dependence they ask about no row that could not be.  They describe the build as it answers new rows.
*/
#include "auto/diagnose.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PARTIAL_COLUMNS 6
#define PARTIAL_COLUMNS_FULL 12
#define PARTIAL_GRID 20
#define PARTIAL_LEVELS 12
#define PARTIAL_SHARE_MIN .3       /* of the rows, that the levels shown must cover */
#define PARTIAL_ROWS_MAX 200
#define PARTIAL_ROWS_MODEST 60
#define PARTIAL_ROWS_MIN 20
#define ICE_LINES 30
#define ALE_BINS 20
#define ALE_ROWS_MAX 1000
#define ALE_ROWS_A_PARTIAL 5       /* as many more rows as partial dependence takes */
#define SHARE_PARTIAL .5           /* of the time that is left when the part begins */

typedef struct Grid { bool number; double at[PARTIAL_GRID]; int32_t level[PARTIAL_GRID]; size_t n; } Grid;

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* scipy's mquantiles, of n sorted numbers. */
static double mquantile(const double *v, size_t n, double p)
{
    double at = (double)n * p + .4 + p * .2;
    double low = fmin(fmax(floor(at), 1), fmax((double)n - 1, 1)), part = fmin(fmax(at - low, 0), 1);
    size_t k = (size_t)low;
    return n == 1 ? v[0] : (1 - part) * v[k - 1] + part * v[k];
}

/* Few distinct values: those; else evenly from the 5 % to the 95 % quantile, as scikit-learn does. */
static Err grid_numbers(Ctx *cx, const Study *s, const Column *c, Grid *g)
{
    size_t n = 0, distinct = 0;
    double *v = ctx_get_n(cx, s->n, sizeof *v);
    if (!v) return FAIL(cx, ERR_NOMEM, "a grid of %zu values", s->n);
    for (size_t i = 0; i < s->n; i++)
        if (column_has(c, i)) v[n++] = c->num[i];
    qsort(v, n, sizeof *v, by_value);
    g->number = true;
    for (size_t i = 0; i < n; i++) distinct += i == 0 || v[i] != v[i - 1];
    if (distinct <= PARTIAL_GRID) {
        for (size_t i = 0; i < n; i++)
            if (i == 0 || v[i] != v[i - 1]) g->at[g->n++] = v[i];
    } else {
        double lo = mquantile(v, n, .05), hi = mquantile(v, n, .95);
        for (g->n = 0; g->n < PARTIAL_GRID && hi > lo; g->n++) g->at[g->n] = lo + (hi - lo) * (double)g->n / (PARTIAL_GRID - 1);
    }
    ctx_put(cx, v);
    return OK;
}

/* The most frequent levels. */
static Err grid_levels(Ctx *cx, const Study *s, const Column *c, Grid *g)
{
    uint32_t *count = ctx_get_n(cx, c->dict.n, sizeof *count);
    if (!count) return FAIL(cx, ERR_NOMEM, "a grid of %u levels", c->dict.n);
    for (size_t i = 0; i < s->n; i++)
        if (column_has(c, i)) count[c->code[i]]++;
    size_t had = 0, shown = 0;
    for (uint32_t k = 0; k < c->dict.n; k++) had += count[k];
    while (g->n < PARTIAL_LEVELS) {
        uint32_t best = 0;
        for (uint32_t k = 1; k < c->dict.n; k++)
            if (count[k] > count[best]) best = k;
        if (!c->dict.n || !count[best]) break;
        shown += count[best];
        count[best] = 0;
        g->level[g->n++] = (int32_t)best;
    }
    if ((double)shown < PARTIAL_SHARE_MIN * (double)had) g->n = 0;      /* nearly every row has a level of its own */
    ctx_put(cx, count);
    return OK;
}

static bool has_shape(ColumnType type) { return type != COLUMN_TEXT && type != COLUMN_ID; }

/* The output whose mean moves most over the grid. */
static size_t liveliest(const Study *s, const Grid *g, const double *answer, size_t rows)
{
    size_t best = 0;
    double most = -1;
    for (size_t c = 0; c < s->k; c++) {
        double lo = INFINITY, hi = -INFINITY;
        for (size_t i = 0; i < g->n; i++) {
            double sum = 0;
            for (size_t r = 0; r < rows; r++) sum += answer[(i * rows + r) * s->k + c];
            lo = fmin(lo, sum);
            hi = fmax(hi, sum);
        }
        if (hi - lo > most) most = hi - lo, best = c;
    }
    return best;
}

static void put_partial(Study *s, const Column *c, const char *name, const Grid *g, const double *answer, size_t rows, size_t at)
{
    Text *t = s->json;
    json_key_text(t, "column", name);
    json_key_text(t, "kind", g->number ? "number" : "category");
    json_key_open_array(t, "grid");
    for (size_t i = 0; i < g->n; i++) {
        size_t n;
        const char *text = g->number ? NULL : dict_at(&c->dict, (uint32_t)g->level[i], &n);
        if (g->number) study_num(t, g->at[i]);
        else json_text_n(t, text, n < 60 ? n : 60);
    }
    json_close_array(t);
    json_key_open_array(t, "mean");
    for (size_t i = 0; i < g->n; i++) {
        double sum = 0;
        for (size_t r = 0; r < rows; r++) sum += answer[(i * rows + r) * s->k + at];
        study_num(t, sum / (double)rows);
    }
    json_close_array(t);
    json_key_open_array(t, "ice");
    for (size_t r = 0; r < rows && r < ICE_LINES; r++) {
        json_open_array(t);
        for (size_t i = 0; i < g->n; i++) study_num(t, answer[(i * rows + r) * s->k + at]);
        json_close_array(t);
    }
    json_close_array(t);
    if (s->b->task != TASK_REGRESSION) json_key_text(t, "class", s->b->class_name[s->k > 1 ? at : 1]);
    json_key_int(t, "rows", (int64_t)rows);
}

/* -------------------------------------------------- accumulated local effects */

typedef struct Ale { size_t n; double edge[ALE_BINS + 1], effect[ALE_BINS + 1], rows[ALE_BINS]; } Ale;

/* Quantile edges that are values of the column, each once; n bins. */
static Err ale_edges(Ctx *cx, const Column *c, size_t rows, Ale *a)
{
    size_t n = 0;
    double *v = ctx_get_n(cx, rows, sizeof *v);
    if (!v) return FAIL(cx, ERR_NOMEM, "accumulated local effects");
    for (size_t i = 0; i < rows; i++)
        if (column_has(c, i)) v[n++] = c->num[i];
    qsort(v, n, sizeof *v, by_value);
    a->n = 0;
    for (size_t k = 0; k <= ALE_BINS && n; k++) {
        double at = v[(size_t)((double)(n - 1) * (double)k / ALE_BINS)];
        if (k == 0 || at > a->edge[a->n]) a->edge[k ? ++a->n : 0] = at;
    }
    ctx_put(cx, v);
    return OK;
}

/* The bin whose upper edge is the first not below v. */
static size_t ale_bin(const Ale *a, double v)
{
    size_t b = 0;
    while (b + 1 < a->n && v > a->edge[b + 1]) b++;
    return b;
}

/* Every known value at its bin's lower and upper edge: the mean difference is the bin's effect. */
static Err ale_effects(Ctx *cx, const Study *s, const Build *by, Twin *w, uint32_t j, size_t at, Ale *a)
{
    Err err = OK;
    size_t n = w->t.rows;
    double *value = NULL, *answer = NULL, sum[ALE_BINS] = { 0 };
    const Column *c = &w->base->col[j];
    GET_DONE(cx, value, n, "accumulated local effects");
    GET_DONE(cx, answer, n * s->k, "accumulated local effects");
    for (int side = 0; side < 2; side++) {
        for (size_t i = 0; i < n; i++) value[i] = column_has(c, i) ? a->edge[ale_bin(a, c->num[i]) + (size_t)side] : NAN;
        twin_each(w, j, value);
        TRY_DONE(cx, build_margin(cx, by, &w->t, answer));
        build_answer(by, answer, n, answer);
        for (size_t i = 0; i < n; i++) {
            if (!column_has(c, i)) continue;
            size_t b = ale_bin(a, c->num[i]);
            sum[b] += (side ? 1 : -1) * answer[i * s->k + at];
            a->rows[b] += side;
        }
    }
    double mean = 0, rows = 0;
    for (size_t b = 0; b < a->n; b++) {
        a->effect[b + 1] = a->effect[b] + (a->rows[b] > 0 ? sum[b] / a->rows[b] : 0);
        mean += (a->effect[b] + a->effect[b + 1]) / 2 * a->rows[b];
        rows += a->rows[b];
    }
    for (size_t b = 0; b <= a->n; b++) a->effect[b] -= mean / rows;
done:
    ctx_put(cx, value);
    ctx_put(cx, answer);
    return err;
}

static Err one_ale(Ctx *cx, Study *s, const Build *by, Twin *w, uint32_t j, size_t at)
{
    Ale a = { 0 };
    TRY(cx, ale_edges(cx, &w->base->col[j], w->t.rows, &a));
    if (a.n < 1) return OK;
    TRY(cx, ale_effects(cx, s, by, w, j, at, &a));
    json_key_open(s->json, "ale");
    study_nums(s->json, "at", a.edge, a.n + 1);
    study_nums(s->json, "effect", a.effect, a.n + 1);
    study_nums(s->json, "n", a.rows, a.n);
    json_close(s->json);
    return OK;
}

/* --------------------------------------------------------------- both */

static Err one_partial(Ctx *cx, Study *s, const Build *by, Twin *w, Twin *wide, uint32_t j)
{
    Err err = OK;
    Grid g = { 0 };
    size_t rows = w->t.rows;
    double *answer = NULL;
    const Column *c = &s->t->col[j];
    TRY(cx, c->num ? grid_numbers(cx, s, c, &g) : grid_levels(cx, s, c, &g));
    if (g.n < 2) return OK;
    GET_DONE(cx, answer, g.n * rows * s->k, "partial dependence");
    for (size_t i = 0; i < g.n; i++) {
        double *here = answer + i * rows * s->k;
        twin_set(w, j, true, g.number ? g.at[i] : 0, g.number ? 0 : g.level[i]);
        TRY_DONE(cx, build_margin(cx, by, &w->t, here));
        build_answer(by, here, rows, here);
        if (cx->cancel && *cx->cancel) TRY_DONE(cx, ctx_check(cx));
    }
    size_t at = liveliest(s, &g, answer, rows);
    json_open(s->json);
    put_partial(s, c, s->b->schema->col[j].name, &g, answer, rows, at);
    if (g.number) TRY_DONE(cx, one_ale(cx, s, by, wide, j, at));
    json_close(s->json);
done:
    ctx_put(cx, answer);
    return err;
}

Err study_partial(Ctx *cx, Study *s)
{
    Err err = OK;
    Some m = { 0 }, more = { 0 };
    Twin w = { 0 }, wide = { 0 };
    uint32_t most = s->full ? PARTIAL_COLUMNS_FULL : PARTIAL_COLUMNS, done = 0;
    double all = study_left_s(cx, s), keep = all * (1 - SHARE_PARTIAL), took = 0;
    const Build *by = s->b;
    size_t rows = s->modest ? PARTIAL_ROWS_MODEST : PARTIAL_ROWS_MAX;
    if (rows > s->n) rows = s->n;
    if (!isinf(all)) {
        /* All models answer here; out of fold only one of each member did. */
        double may = fmax(all, 0) * SHARE_PARTIAL / (2 * PARTIAL_GRID * s->row_s), folds = s->fold ? fmax(s->b->folds, 1) : 1;
        if (may / folds < PARTIAL_ROWS_MODEST && folds > 1) by = &s->lite;
        else may /= folds;
        rows = (size_t)fmin((double)rows, may);
    }
    if (rows < PARTIAL_ROWS_MIN && rows < s->n) {
        study_skip(s, "partial dependence: the time left is too short; `leat diagnose` makes it");
        return OK;
    }
    if (by != s->b) study_skip(s, "partial dependence of every fold's models: that shown is of one fold's");
    TRY_DONE(cx, some_take(cx, s, "partial", rows, &m));
    TRY_DONE(cx, twin_open(cx, m.t, &w));
    size_t wider = rows * ALE_ROWS_A_PARTIAL < ALE_ROWS_MAX ? rows * ALE_ROWS_A_PARTIAL : ALE_ROWS_MAX;
    TRY_DONE(cx, some_take(cx, s, "local effects", wider < s->n ? wider : s->n, &more));
    TRY_DONE(cx, twin_open(cx, more.t, &wide));
    json_key_open_array(s->json, "partial");
    for (size_t i = 0; i < s->b->schema->n && done < most; i++) {
        uint32_t j = s->top[i];
        if (!has_shape(s->b->schema->col[j].type) || !steps_uses(s->b->steps, j)) continue;
        if (study_left_s(cx, s) - took < keep) {
            study_skip(s, "partial dependence of more than %u columns: the time was up", done);
            break;
        }
        int64_t from = ctx_mono_us(cx);
        TRY_DONE(cx, one_partial(cx, s, by, &w, &wide, j));
        took = ctx_since_s(cx, from);
        done++;
    }
    json_close_array(s->json);
done:
    twin_close(cx, &w);
    twin_close(cx, &wide);
    some_clear(cx, &m);
    some_clear(cx, &more);
    return err;
}

/* learn/symmetric_columns.c -- columns as codes of one byte, for symmetric_trees.
**
** Numbers: cuts lie midway between neighbouring values, all of them where there are few, else between about equally many
** rows; missing is below every value.  Categories of few levels: one level against the rest.  Of more: their levels in the
** order of their mean target and of their counts.  A row's own target would tell on it, so the mean that a row to learn from
** is seen with is of the rows before it in a random order (Prokhorenkova et al. 2018, "ordered target statistics"); what
** is asked later is seen with the mean of all.  A cut between means is a set of levels, which is what the model keeps.
*/
#include "learn/symmetric.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE_ROWS 40000u         /* looked at for cuts */
#define MEAN_CUTS 48u              /* of a category's means */
#define TINY 1e-35f                /* read as 0 by the form "trees" */

static float cell_of(float x) { return fabsf(x) <= TINY ? 0 : x; }

static int by_value(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static float midway(float a, float b)
{
    float m = (float)(((double)a + (double)b) / 2);
    return m >= a && m < b ? m : a;
}

/* Cuts between sorted values: every gap where they are few, else about equally many rows to a side. */
static uint32_t find_cuts(const float *sorted, uint32_t n, uint32_t most, float *cut)
{
    uint32_t different = 0, cuts = 0, left = 0;
    for (uint32_t i = 1; i < n; i++) different += sorted[i] > sorted[i - 1];
    if (different <= most) {
        for (uint32_t i = 1; i < n; i++)
            if (sorted[i] > sorted[i - 1]) cut[cuts++] = midway(sorted[i - 1], sorted[i]);
        return cuts;
    }
    for (uint32_t i = 1; i < n && cuts < most; i++) {
        if (!(sorted[i] > sorted[i - 1])) continue;
        if ((double)(i - left) * (most - cuts + 1) < (double)(n - left)) continue;     /* share the rest evenly */
        cut[cuts++] = midway(sorted[i - 1], sorted[i]);
        left = i;
    }
    return cuts;
}

static uint8_t code_of(float x, const float *cut, uint32_t cuts)
{
    uint32_t lo = 0, hi = cuts;                /* how many cuts lie below x */
    while (lo < hi) {
        uint32_t mid = (lo + hi) / 2;
        if (x > cut[mid]) lo = mid + 1;
        else hi = mid;
    }
    return (uint8_t)lo;
}

typedef struct Bin {
    const FitIn *in;
    const SymBinning *how;
    SymData *out;
    size_t cap;
    float *sorted;
    uint32_t *order;               /* SYM_ORDERS x n: rows in random orders; made when first needed */
    float *mean;                   /* n: of the rows before each */
    double *sum, *weight;          /* levels + 1 */
    uint32_t levels_most;
} Bin;

static Err add_column(Ctx *cx, Bin *b, SymKind kind, uint32_t feature, bool orders, SymColumn **out)
{
    SymData *d = b->out;
    if (d->columns_n == b->cap) {
        size_t cap = b->cap * 2 + 16;
        SymColumn *more = ctx_grow(cx, d->column, cap, sizeof *more);
        if (!more) return FAIL(cx, ERR_NOMEM, "binning %zu columns", b->in->X.cols);
        d->column = more;
        b->cap = cap;
    }
    SymColumn *c = &d->column[d->columns_n];
    *c = (SymColumn){ .kind = kind, .feature = feature };
    d->columns_n++;
    uint8_t *codes = ctx_get_n(cx, orders ? SYM_ORDERS : 1, d->n);
    if (!codes) return FAIL(cx, ERR_NOMEM, "binning %u rows", d->n);
    for (uint32_t o = 0; o < SYM_ORDERS; o++) c->code[o] = codes + (orders ? (size_t)o * d->n : 0);
    c->valid = ctx_get_n(cx, d->valid_n + 1, 1);
    if (!c->valid) return FAIL(cx, ERR_NOMEM, "binning %u rows", d->valid_n);
    *out = c;
    return OK;
}

static void free_column(Ctx *cx, SymColumn *c)
{
    ctx_put(cx, c->code[0]);
    ctx_put(cx, c->valid);
    ctx_put(cx, c->border);
    ctx_put(cx, c->level);
}

/* Give up the newest column: it has nothing to cut. */
static void drop_last(Ctx *cx, Bin *b) { free_column(cx, &b->out->column[--b->out->columns_n]); }

static Err bin_number(Ctx *cx, Bin *b, uint32_t feature)
{
    const FitIn *in = b->in;
    const float *x = in->X.col[feature];
    SymColumn *c;
    uint32_t n = b->out->n, step = (n + SAMPLE_ROWS - 1) / SAMPLE_ROWS, m = 0, cuts = 0;
    bool missing = false;
    TRY(cx, add_column(cx, b, SYM_NUMBER, feature, false, &c));
    c->border = ctx_get_n(cx, b->how->borders + 1, sizeof *c->border);
    if (!c->border) return FAIL(cx, ERR_NOMEM, "binning a column");
    for (uint32_t i = 0; i < n; i++) missing |= isnan(x[in->train[i]]);
    for (uint32_t i = 0; i < n; i += step)
        if (!isnan(x[in->train[i]])) b->sorted[m++] = cell_of(x[in->train[i]]);
    qsort(b->sorted, m, sizeof *b->sorted, by_value);
    if (missing) c->border[cuts++] = -3.402823466e38f;       /* missing is seen as less than that */
    cuts += find_cuts(b->sorted, m, b->how->borders - cuts, c->border + cuts);
    if (!cuts || !m) {                                       /* one value, or none at all */
        drop_last(cx, b);
        return OK;
    }
    for (uint32_t i = 0; i < n; i++) c->code[0][i] = code_of(cell_of(x[in->train[i]]), c->border, cuts);
    for (uint32_t i = 0; i < b->out->valid_n; i++) c->valid[i] = code_of(cell_of(x[in->valid[i]]), c->border, cuts);
    c->cuts = cuts;
    c->codes = cuts + 1;
    return OK;
}

/* A level's number, or `levels` where it is none. */
static uint32_t level_of(float v, uint32_t levels) { return v >= 0 && v < (float)levels ? (uint32_t)v : levels; }

static Err bin_levels(Ctx *cx, Bin *b, uint32_t feature)
{
    const FitIn *in = b->in;
    uint32_t levels = in->X.feature[feature].levels;
    SymColumn *c;
    TRY(cx, add_column(cx, b, SYM_LEVEL, feature, false, &c));
    for (uint32_t i = 0; i < b->out->n; i++) c->code[0][i] = (uint8_t)level_of(in->X.col[feature][in->train[i]], levels);
    for (uint32_t i = 0; i < b->out->valid_n; i++) c->valid[i] = (uint8_t)level_of(in->X.col[feature][in->valid[i]], levels);
    c->cuts = levels;
    c->codes = levels + 1;
    return OK;
}

/* How the rows of the frame find their codes, once every level has one. */
static void code_rows(const Bin *b, SymColumn *c, uint32_t levels, const uint32_t *rows, uint32_t n, uint8_t *code)
{
    const float *x = b->in->X.col[c->feature];
    for (uint32_t i = 0; i < n; i++) {
        uint32_t l = level_of(x[rows[i]], levels);
        code[i] = l < levels ? c->level[l] : (uint8_t)(c->codes - 1);
    }
}

/* Means of the rows before each, in an order; of the rows of its level only, drawn to the mean of all. */
static void means_before(const Bin *b, uint32_t feature, const float *y, double all, const uint32_t *order)
{
    const FitIn *in = b->in;
    const float *x = in->X.col[feature];
    uint32_t levels = in->X.feature[feature].levels;
    memset(b->sum, 0, (levels + 1) * sizeof *b->sum);
    memset(b->weight, 0, (levels + 1) * sizeof *b->weight);
    for (uint32_t k = 0; k < b->out->n; k++) {
        uint32_t i = order[k], l = level_of(x[in->train[i]], levels);
        double w = in->weight ? (double)in->weight[in->train[i]] : 1;
        b->mean[i] = (float)((b->sum[l] + b->how->prior * all) / (b->weight[l] + b->how->prior));
        b->sum[l] += w * (double)y[i];
        b->weight[l] += w;
    }
}

static Err need_orders(Ctx *cx, Bin *b)
{
    uint32_t n = b->out->n;
    if (b->order) return OK;
    b->order = ctx_get_n(cx, (size_t)SYM_ORDERS * n, sizeof *b->order);
    b->mean = ctx_get_n(cx, n, sizeof *b->mean);
    if (!b->order || !b->mean) return FAIL(cx, ERR_NOMEM, "ordering %u rows", n);
    for (uint32_t o = 0; o < SYM_ORDERS; o++) {
        Random r = random_make(cx->seed, b->how->name, o, 1);
        for (uint32_t i = 0; i < n; i++) b->order[(size_t)o * n + i] = i;
        random_shuffle(&r, b->order + (size_t)o * n, n);
    }
    return OK;
}

static Err bin_means(Ctx *cx, Bin *b, uint32_t feature, const float *y)
{
    const FitIn *in = b->in;
    SymData *d = b->out;
    uint32_t n = d->n, levels = in->X.feature[feature].levels;
    double all = 0, weight = 0;
    SymColumn *c;
    TRY(cx, need_orders(cx, b));
    TRY(cx, add_column(cx, b, SYM_MEAN, feature, true, &c));
    c->border = ctx_get_n(cx, MEAN_CUTS + 1, sizeof *c->border);
    c->level = ctx_get_n(cx, levels + 1, 1);
    if (!c->border || !c->level) return FAIL(cx, ERR_NOMEM, "binning a category of %u levels", levels);
    for (uint32_t i = 0; i < n; i++) {
        double w = in->weight ? (double)in->weight[in->train[i]] : 1;
        all += w * (double)y[i];
        weight += w;
    }
    all = weight > 0 ? all / weight : 0;
    for (uint32_t o = 0; o < SYM_ORDERS; o++) {
        means_before(b, feature, y, all, b->order + (size_t)o * n);
        if (o == 0) {
            uint32_t step = (n + SAMPLE_ROWS - 1) / SAMPLE_ROWS, m = 0;
            for (uint32_t i = 0; i < n; i += step) b->sorted[m++] = b->mean[i];
            qsort(b->sorted, m, sizeof *b->sorted, by_value);
            c->cuts = find_cuts(b->sorted, m, MEAN_CUTS, c->border);
            c->codes = c->cuts + 2;                      /* the last says missing: always right, as in the form "trees" */
        }
        for (uint32_t i = 0; i < n; i++) {
            bool known = level_of(in->X.col[feature][in->train[i]], levels) < levels;
            c->code[o][i] = known ? code_of(b->mean[i], c->border, c->cuts) : (uint8_t)(c->codes - 1);
        }
    }
    c->cuts++;                                           /* all levels against the missing */
    for (uint32_t l = 0; l < levels; l++)
        c->level[l] = code_of((float)((b->sum[l] + b->how->prior * all) / (b->weight[l] + b->how->prior)), c->border, c->cuts - 1);
    code_rows(b, c, levels, in->valid, d->valid_n, c->valid);
    d->ordered = true;
    return OK;
}

static Err bin_counts(Ctx *cx, Bin *b, uint32_t feature)
{
    const FitIn *in = b->in;
    const float *x = in->X.col[feature];
    uint32_t levels = in->X.feature[feature].levels, n = b->out->n, step = (n + SAMPLE_ROWS - 1) / SAMPLE_ROWS, m = 0;
    SymColumn *c;
    TRY(cx, add_column(cx, b, SYM_MEAN, feature, false, &c));
    c->border = ctx_get_n(cx, MEAN_CUTS, sizeof *c->border);
    c->level = ctx_get_n(cx, levels + 1, 1);
    if (!c->border || !c->level) return FAIL(cx, ERR_NOMEM, "binning a category of %u levels", levels);
    memset(b->weight, 0, (levels + 1) * sizeof *b->weight);
    for (uint32_t i = 0; i < n; i++) b->weight[level_of(x[in->train[i]], levels)] += 1;
    for (uint32_t i = 0; i < n; i += step) {
        uint32_t l = level_of(x[in->train[i]], levels);
        if (l < levels) b->sorted[m++] = (float)b->weight[l];
    }
    qsort(b->sorted, m, sizeof *b->sorted, by_value);
    c->cuts = find_cuts(b->sorted, m, MEAN_CUTS, c->border);
    c->codes = c->cuts + 2;
    if (!c->cuts) {
        drop_last(cx, b);
        return OK;
    }
    for (uint32_t l = 0; l < levels; l++) c->level[l] = code_of((float)b->weight[l], c->border, c->cuts);
    code_rows(b, c, levels, in->train, n, c->code[0]);
    code_rows(b, c, levels, in->valid, b->out->valid_n, c->valid);
    return OK;
}

/* Has a category one level only among the training rows?  A cut of it wins nothing, but noise might choose it all the same, and
** a feature that is hidden from this learner (a constant while it learns) would then speak when it answers. */
static bool one_level(const Bin *b, uint32_t j, uint32_t levels)
{
    const float *x = b->in->X.col[j];
    uint32_t first = level_of(x[b->in->train[0]], levels);
    for (uint32_t i = 1; i < b->out->n; i++)
        if (level_of(x[b->in->train[i]], levels) != first) return false;
    return true;
}

static Err bin_feature(Ctx *cx, Bin *b, uint32_t j, const float *const *y, uint32_t targets)
{
    const Feature *f = &b->in->X.feature[j];
    if (f->kind == FEATURE_NUMBER) return bin_number(cx, b, j);
    if (!f->levels || one_level(b, j, f->levels)) return OK;
    if (f->levels <= b->how->level_cuts) return bin_levels(cx, b, j);
    for (uint32_t t = 0; t < targets; t++) TRY(cx, bin_means(cx, b, j, y[t]));
    return bin_counts(cx, b, j);
}

Err sym_columns(Ctx *cx, const FitIn *in, const SymBinning *how, const float *const *y, uint32_t targets, size_t valid_n,
                SymData *out)
{
    Err err = OK;
    Bin b = { .in = in, .how = how, .out = out };
    *out = (SymData){ .in = in, .n = (uint32_t)in->train_n, .valid_n = (uint32_t)valid_n };
    for (size_t j = 0; j < in->X.cols; j++)
        if (in->X.feature[j].kind == FEATURE_CATEGORY && in->X.feature[j].levels > b.levels_most) b.levels_most = in->X.feature[j].levels;
    GET_DONE(cx, b.sorted, out->n, "binning %u rows", out->n);
    GET_DONE(cx, b.sum, b.levels_most + 1, "binning categories of %u levels", b.levels_most);
    GET_DONE(cx, b.weight, b.levels_most + 1, "binning categories of %u levels", b.levels_most);
    for (uint32_t j = 0; j < in->X.cols; j++) {
        TRY_DONE(cx, ctx_check(cx));
        TRY_DONE(cx, bin_feature(cx, &b, j, y, targets));
    }
done:
    ctx_put(cx, b.sorted);
    ctx_put(cx, b.sum);
    ctx_put(cx, b.weight);
    ctx_put(cx, b.order);
    ctx_put(cx, b.mean);
    return err;
}

void sym_columns_drop(Ctx *cx, SymData *d)
{
    for (uint32_t i = 0; i < d->columns_n; i++) free_column(cx, &d->column[i]);
    ctx_put(cx, d->column);
    d->column = NULL;
    d->columns_n = 0;
}

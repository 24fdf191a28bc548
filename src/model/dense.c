/* model/dense.c -- fit, apply and store the dense view.
**
** One Source a frame column says which columns it gives: a number gives its value and perhaps a sign of being
** missing, a category one column a slot.  Every column that comes out has a centre and a factor, so scaling is
** the same two operations everywhere.  Quantiles are read off the expanded order, in which a row of weight 2
** stands twice, so that weights and repeated rows agree.
*/
#include "model/dense.h"

#include "model/order.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define DENSE_CLIP 3.0
#define DENSE_NO_SLOT UINT32_MAX
#define DENSE_SOURCE_BYTES 10      /* the least a source takes in a file */

typedef struct Source {
    FeatureKind kind;
    uint32_t at, n;            /* columns at .. at + n - 1 come from it */
    uint32_t levels;           /* category: entries of slot */
    uint32_t *slot;            /* category: level -> 0 .. n-1, or DENSE_NO_SLOT */
    bool pair;                 /* category in one column: slot 0 is -1, slot 1 is +1 */
    bool value, missing;       /* number: gives its value; gives a column of missingness */
    double fill;               /* number: stands for a missing one */
} Source;

typedef struct Output {
    uint32_t from;
    bool clip;
    double centre, factor;
} Output;

struct Dense {
    uint32_t sources_n, outputs_n;
    Source *source;
    Output *output;
};

size_t dense_cols(const Dense *d) { return d->outputs_n; }
uint32_t dense_frame_cols(const Dense *d) { return d->sources_n; }
uint32_t dense_from(const Dense *d, size_t col) { return d->output[col].from; }

bool dense_is_value(const Dense *d, size_t col)
{
    const Source *s = &d->source[d->output[col].from];
    return s->kind == FEATURE_NUMBER && s->value && s->at == col;
}

void dense_free(Ctx *cx, Dense *d)
{
    if (!d) return;
    for (uint32_t j = 0; d->source && j < d->sources_n; j++) ctx_put(cx, d->source[j].slot);
    ctx_put(cx, d->source);
    ctx_put(cx, d->output);
    ctx_put(cx, d);
}

/* ----------------------------------------------------------------- fitting */

typedef struct Fit {
    const Frame *X;
    const uint32_t *rows;
    const float *weight;
    const DenseOptions *o;
    size_t n;
    double unit;               /* makes weights count as rows */
    double *v, *w;             /* values and weights of the rows that have one */
    uint32_t *order;
    double *count;             /* weight a level */
    uint32_t *rank;
} Fit;

/* What must be known of some numbers to centre and scale them. */
typedef struct Facts { double median, centre, factor; bool constant; } Facts;

static size_t row_of(const Fit *f, size_t i) { return f->rows ? f->rows[i] : i; }

static double weight_of(const Fit *f, size_t at) { return f->weight ? (double)f->weight[at] * f->unit : 1; }

/* Whole weights are repeated rows as they are; others are made to average 1, so that their unit does not matter. */
static double unit_of(const Fit *f)
{
    double sum = 0;
    bool whole = true;
    for (size_t i = 0; f->weight && i < f->n; i++) {
        double w = (double)f->weight[row_of(f, i)];
        sum += w;
        if (w != floor(w)) whole = false;
    }
    return whole || !(sum > 0) ? 1 : (double)f->n / sum;
}

/* The number at place h (0 .. total-1, between two: linear) where v[order[i]] stands weight times. */
static double quantile(const Fit *f, size_t n, double total, double q)
{
    double h = (total - 1 > 0 ? total - 1 : 0) * q, upto = 0;
    for (size_t i = 0; i < n; i++) {
        upto += f->w[f->order[i]];
        double here = f->v[f->order[i]];
        if (h >= upto && i + 1 < n) continue;
        if (h > upto - 1 && i + 1 < n) {
            double share = h - (upto - 1);             /* between this one's last place and the next one's first */
            if (share > 1) share = 1;
            return here + share * (f->v[f->order[i + 1]] - here);
        }
        return here;
    }
    return 0;
}

/* f->v, f->w hold n > 0 values. */
static Err facts_of(Ctx *cx, Fit *f, size_t n, Facts *out)
{
    double total = 0, mean = 0, spread = 0;
    TRY(cx, order_of(cx, f->v, 1, n, f->order));
    double lo = f->v[f->order[0]], hi = f->v[f->order[n - 1]];
    for (size_t i = 0; i < n; i++) total += f->w[i];
    for (size_t i = 0; i < n; i++) mean += f->w[i] * (f->v[i] - lo);
    mean = lo + mean / total;
    for (size_t i = 0; i < n; i++) spread += f->w[i] * (f->v[i] - mean) * (f->v[i] - mean);
    *out = (Facts){ .median = quantile(f, n, total, .5), .factor = 1, .constant = !(hi > lo) };
    if (out->constant) return OK;
    if (f->o->scale == DENSE_ROBUST) {
        double width = quantile(f, n, total, .75) - quantile(f, n, total, .25);
        out->centre = out->median;
        out->factor = width > 0 ? 1 / width : 2 / (hi - lo);
    } else if (f->o->scale == DENSE_STANDARD) {
        out->centre = mean;
        out->factor = spread > 0 ? 1 / sqrt(spread / total) : 2 / (hi - lo);
    }
    if (!isfinite(out->factor)) out->factor = 1;       /* a width so small that its inverse overflows */
    return OK;
}

static Err fit_number(Ctx *cx, Fit *f, const float *col, Source *s, Facts *facts)
{
    double missing = 0, all = 0;
    size_t n = 0;
    for (size_t i = 0; i < f->n; i++) {
        size_t at = row_of(f, i);
        double w = weight_of(f, at);
        all += w;
        if (!isfinite(col[at])) {
            missing += w;
        } else if (w > 0) {
            f->v[n] = (double)col[at];
            f->w[n++] = w;
        }
    }
    s->missing = n && missing > 0 && missing > f->o->missing_min * all;
    if (!n) return OK;
    TRY(cx, facts_of(cx, f, n, facts));
    s->fill = facts->median;
    s->value = !facts->constant;
    s->n = (uint32_t)s->value + (uint32_t)s->missing;
    return OK;
}

/* Levels by weight, most first, ties by code: f->rank[0 .. found-1]. */
static Err rank_levels(Ctx *cx, Fit *f, uint32_t levels, uint32_t *found)
{
    *found = 0;
    for (uint32_t k = 0; k < levels; k++) f->count[k] = -f->count[k];
    TRY(cx, order_of(cx, f->count, 1, levels, f->rank));
    while (*found < levels && f->count[f->rank[*found]] < 0) ++*found;
    return OK;
}

static Err fit_category(Ctx *cx, Fit *f, const float *col, uint32_t levels, Source *s)
{
    Err err = OK;
    uint32_t found, keep;
    s->levels = levels;
    GET_DONE(cx, s->slot, levels, "encoding %u levels", levels);
    GET_DONE(cx, f->count, levels, "encoding %u levels", levels);
    GET_DONE(cx, f->rank, levels, "encoding %u levels", levels);
    for (size_t i = 0; i < f->n; i++) {
        size_t at = row_of(f, i);
        if (col[at] >= 0 && col[at] < (float)levels)
            f->count[(uint32_t)col[at]] += weight_of(f, at);
    }
    TRY_DONE(cx, rank_levels(cx, f, levels, &found));
    keep = found > f->o->onehot_max && f->o->onehot_max > 1 ? f->o->onehot_max - 1 : found;
    for (uint32_t k = 0; k < levels; k++) s->slot[k] = DENSE_NO_SLOT;
    if (f->o->skip_above && found > f->o->skip_above) goto done;
    for (uint32_t i = 0; i < found; i++) s->slot[f->rank[i]] = i < keep ? 0 : keep;    /* keep: the others' slot */
    for (uint32_t k = 0, next = 0; k < levels; k++)
        if (s->slot[k] == 0) s->slot[k] = next++;                                      /* slots go by code */
    s->n = keep + (found > keep);
    if (s->n == 2) s->pair = true, s->n = 1;
    else if (s->n == 1) {                              /* constant but for missing ones: it says who has a value */
        double had = 0, all = 0;
        for (uint32_t k = 0; k < levels; k++) had -= f->count[k];
        for (size_t i = 0; i < f->n; i++) all += weight_of(f, row_of(f, i));
        if (!(had < all)) s->n = 0;
    }
done:
    ctx_put(cx, f->count);
    ctx_put(cx, f->rank);
    f->count = NULL;
    f->rank = NULL;
    return err;
}

static double slot_value(const Source *s, float code, uint32_t k)
{
    uint32_t slot = code >= 0 && code < (float)s->levels ? s->slot[(uint32_t)code] : DENSE_NO_SLOT;
    if (s->pair) return slot == DENSE_NO_SLOT ? 0 : slot == 0 ? -1 : 1;
    return slot == k;
}

/* The columns of a category treated as numbers. */
static Err scale_slots(Ctx *cx, Fit *f, const float *col, Dense *d, const Source *s)
{
    for (uint32_t k = 0; k < s->n; k++) {
        Facts facts;
        size_t n = 0;
        for (size_t i = 0; i < f->n; i++) {
            size_t at = row_of(f, i);
            double w = weight_of(f, at);
            if (!(w > 0)) continue;
            f->v[n] = slot_value(s, col[at], k);
            f->w[n++] = w;
        }
        if (!n) continue;
        TRY(cx, facts_of(cx, f, n, &facts));
        d->output[s->at + k].centre = facts.centre;
        d->output[s->at + k].factor = facts.factor;
        d->output[s->at + k].clip = f->o->clip;
    }
    return OK;
}

static Err fit_columns(Ctx *cx, Fit *f, Dense *d, Facts *facts)
{
    size_t total = 0;
    for (uint32_t j = 0; j < d->sources_n; j++) {
        Source *s = &d->source[j];
        const Feature *feature = &f->X->feature[j];
        s->kind = feature->kind;
        if (s->kind == FEATURE_NUMBER) TRY(cx, fit_number(cx, f, f->X->col[j], s, &facts[j]));
        else TRY(cx, fit_category(cx, f, f->X->col[j], feature->levels, s));
        s->at = (uint32_t)total;
        total += s->n;
        if (total > UINT32_MAX / 2) break;
    }
    if (total > f->o->cols_max || total > DENSE_COLS_MAX)
        return FAIL(cx, ERR_LIMIT, "the features make %zu columns of numbers, more than %zu: lower 'onehot_max' or "
                    "leave columns out", total, f->o->cols_max < DENSE_COLS_MAX ? f->o->cols_max : (size_t)DENSE_COLS_MAX);
    d->outputs_n = (uint32_t)total;
    d->output = ctx_get_n(cx, total, sizeof *d->output);
    if (!d->output) return FAIL(cx, ERR_NOMEM, "encoding %zu columns", total);
    for (uint32_t j = 0; j < d->sources_n; j++) {
        const Source *s = &d->source[j];
        for (uint32_t k = 0; k < s->n; k++) d->output[s->at + k] = (Output){ .from = j, .factor = 1 };
        if (s->kind == FEATURE_CATEGORY && f->o->scale_onehot) TRY(cx, scale_slots(cx, f, f->X->col[j], d, s));
        if (s->kind == FEATURE_NUMBER && s->value)
            d->output[s->at] = (Output){ j, f->o->clip, facts[j].centre, facts[j].factor };
    }
    return OK;
}

Err dense_fit(Ctx *cx, const Frame *X, const uint32_t *rows, size_t n, const float *weight,
              const DenseOptions *options, Dense **out)
{
    Err err = OK;
    Fit f = { .X = X, .rows = rows, .weight = weight, .o = options, .n = n };
    Facts *facts = NULL;
    Dense *d = NULL;
    *out = NULL;
    f.unit = unit_of(&f);
    if (!n) return FAIL(cx, ERR_SHAPE, "encoding %zu columns: there are no rows to learn from", X->cols);
    GET_DONE(cx, d, 1, "encoding %zu columns", X->cols);
    d->sources_n = (uint32_t)X->cols;
    GET_DONE(cx, d->source, X->cols, "encoding %zu columns", X->cols);
    GET_DONE(cx, facts, X->cols, "encoding %zu columns", X->cols);
    GET_DONE(cx, f.v, n, "encoding %zu rows", n);
    GET_DONE(cx, f.w, n, "encoding %zu rows", n);
    GET_DONE(cx, f.order, n, "encoding %zu rows", n);
    TRY_DONE(cx, fit_columns(cx, &f, d, facts));
    *out = d;
    d = NULL;
done:
    ctx_put(cx, facts);
    ctx_put(cx, f.v);
    ctx_put(cx, f.w);
    ctx_put(cx, f.order);
    dense_free(cx, d);
    return err;
}

/* ---------------------------------------------------------------- applying */

static inline double shaped(const Output *o, double x)
{
    x = (x - o->centre) * o->factor;
    if (x > DENSE_FAR) x = DENSE_FAR;
    if (x < -DENSE_FAR) x = -DENSE_FAR;
    return o->clip ? x / sqrt(1 + x * x / (DENSE_CLIP * DENSE_CLIP)) : x;
}

/* One source, by a function of the element type: columns outside, rows inside. */
#define APPLY_SOURCE(TYPE)                                                                                         \
    do {                                                                                                           \
        const float *col = X->col[j];                                                                              \
        if (s->kind == FEATURE_CATEGORY) {                                                                         \
            for (uint32_t k = 0; k < s->n; k++) {                                                                  \
                const Output *o = &d->output[s->at + k];                                                           \
                TYPE is[3] = { (TYPE)shaped(o, s->pair ? -1 : 0), (TYPE)shaped(o, 0), (TYPE)shaped(o, 1) };        \
                for (size_t i = 0; i < n; i++)                                                                     \
                    out[i * stride + s->at + k] = is[1 + (int)slot_value(s, col[rows ? rows[i] : i], k)];          \
            }                                                                                                      \
            break;                                                                                                 \
        }                                                                                                          \
        if (s->value) {                                                                                            \
            const Output *o = &d->output[s->at];                                                                   \
            for (size_t i = 0; i < n; i++) {                                                                       \
                float x = col[rows ? rows[i] : i];                                                                 \
                out[i * stride + s->at] = (TYPE)shaped(o, isfinite(x) ? (double)x : s->fill);                      \
            }                                                                                                      \
        }                                                                                                          \
        if (s->missing)                                                                                            \
            for (size_t i = 0; i < n; i++)                                                                         \
                out[i * stride + s->at + s->value] = !isfinite(col[rows ? rows[i] : i]);                           \
    } while (0)

void dense_apply(const Dense *d, const Frame *X, const uint32_t *rows, size_t n, float *out, size_t stride)
{
    assert(X->cols == d->sources_n);
    for (uint32_t j = 0; j < d->sources_n; j++) {
        const Source *s = &d->source[j];
        APPLY_SOURCE(float);
    }
}

void dense_apply_f64(const Dense *d, const Frame *X, const uint32_t *rows, size_t n, double *out, size_t stride)
{
    assert(X->cols == d->sources_n);
    for (uint32_t j = 0; j < d->sources_n; j++) {
        const Source *s = &d->source[j];
        APPLY_SOURCE(double);
    }
}

DenseTold dense_tell(const Dense *d, size_t col)
{
    const Output *o = &d->output[col];
    const Source *s = &d->source[o->from];
    DenseTold t = { .kind = DENSE_LEVEL, .from = o->from, .of = s->levels, .fill = s->fill, .centre = o->centre, .factor = o->factor, .clip = o->clip };
    if (s->kind == FEATURE_NUMBER) t.kind = s->value && col == s->at ? DENSE_VALUE : DENSE_MISSING;
    return t;
}

double dense_level(const Dense *d, size_t col, uint32_t level)
{
    const Output *o = &d->output[col];
    const Source *s = &d->source[o->from];
    return (double)(float)shaped(o, slot_value(s, level < s->levels ? (float)level : NAN, (uint32_t)(col - s->at)));
}

/* ----------------------------------------------------------------- storing */

void dense_save(const Dense *d, Text *out)
{
    put_u32(out, d->sources_n);
    for (uint32_t j = 0; j < d->sources_n; j++) {
        const Source *s = &d->source[j];
        put_u8(out, (uint8_t)s->kind);
        if (s->kind == FEATURE_NUMBER) {
            put_u8(out, (uint8_t)(s->value | s->missing << 1));
            put_f64(out, s->fill);
        } else {
            put_u8(out, s->pair);
            put_u32(out, s->n);
            put_u32(out, s->levels);
            for (uint32_t k = 0; k < s->levels; k++) put_u32(out, s->slot[k]);
        }
        for (uint32_t k = 0; k < s->n; k++) {
            const Output *o = &d->output[s->at + k];
            put_u8(out, o->clip);
            put_f64(out, o->centre);
            put_f64(out, o->factor);
        }
    }
}

static Err load_source(Ctx *cx, Reader *r, Source *s)
{
    uint8_t kind = get_u8(r), bits = get_u8(r);
    if (r->short_ || kind > FEATURE_CATEGORY || bits > (kind == FEATURE_NUMBER ? 3 : 1)) goto damaged;
    s->kind = (FeatureKind)kind;
    if (s->kind == FEATURE_NUMBER) {
        s->value = bits & 1;
        s->missing = bits >> 1;
        s->n = (uint32_t)s->value + (uint32_t)s->missing;
        s->fill = get_f64(r);
        if (r->short_ || !isfinite(s->fill)) goto damaged;
        return OK;
    }
    s->pair = bits;
    s->n = get_u32(r);
    s->levels = get_u32(r);
    const void *slots = get_array(r, s->levels, sizeof *s->slot);
    if (!slots || s->n > s->levels || (s->pair && s->n != 1)) goto damaged;
    s->slot = ctx_get_n(cx, s->levels, sizeof *s->slot);
    if (!s->slot) return FAIL(cx, ERR_NOMEM, "reading a stored encoding of %u levels", s->levels);
    memcpy(s->slot, slots, s->levels * sizeof *s->slot);
    for (uint32_t k = 0; k < s->levels; k++)
        if (s->slot[k] != DENSE_NO_SLOT && s->slot[k] >= s->n + s->pair + !s->n) goto damaged;
    return OK;
damaged:
    return FAIL(cx, ERR_CORRUPT, "a stored encoding of features is damaged");
}

static Err load_outputs(Ctx *cx, Reader *r, Dense *d, uint32_t j, uint32_t *cap)
{
    Source *s = &d->source[j];
    s->at = d->outputs_n;
    if (s->n > DENSE_COLS_MAX - d->outputs_n) return FAIL(cx, ERR_CORRUPT, "a stored encoding has too many columns");
    for (uint32_t k = 0; k < s->n; k++) {
        Output o = { .from = j };
        uint8_t clip = get_u8(r);
        o.clip = clip;
        o.centre = get_f64(r);
        o.factor = get_f64(r);
        if (r->short_ || clip > 1 || !isfinite(o.centre) || !isfinite(o.factor))
            return FAIL(cx, ERR_CORRUPT, "a stored encoding of features is damaged");
        if (d->outputs_n == *cap) {
            uint32_t more = *cap ? *cap * 2 : 16;
            Output *grown = ctx_grow(cx, d->output, more, sizeof *grown);
            if (!grown) return FAIL(cx, ERR_NOMEM, "reading a stored encoding");
            d->output = grown;
            *cap = more;
        }
        d->output[d->outputs_n++] = o;
    }
    return OK;
}

Err dense_load(Ctx *cx, Reader *r, Dense **out)
{
    Err err = OK;
    Dense *d = NULL;
    uint32_t cap = 0;
    *out = NULL;
    uint32_t sources = get_u32(r);
    if (r->short_ || sources > r->n / DENSE_SOURCE_BYTES) return FAIL(cx, ERR_CORRUPT, "a stored encoding of features is damaged");
    GET_DONE(cx, d, 1, "reading a stored encoding");
    GET_DONE(cx, d->source, sources, "reading a stored encoding of %u columns", sources);
    d->sources_n = sources;
    for (uint32_t j = 0; j < sources; j++) {
        TRY_DONE(cx, load_source(cx, r, &d->source[j]));
        TRY_DONE(cx, load_outputs(cx, r, d, j, &cap));
    }
    *out = d;
    d = NULL;
done:
    dense_free(cx, d);
    return err;
}

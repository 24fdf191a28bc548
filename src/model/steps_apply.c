/* model/steps_apply.c -- features of a table's rows.
**
** Rows that share a key table or a word table are done together: a value is looked up once, however many
** features it gives.  A dictionary with fewer levels than the table has rows is looked up once a level.
** Cost: a few nanoseconds a number, some tens a looked-up value, about a microsecond a short text.
*/
#include "model/steps_in.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

#define SUMS_AT_ONCE 128
#define SLAB_MAX     (1u << 18) /* numbers: frames up to here keep their columns in one piece */

static float to_float(double v)
{
    if (v > FLT_MAX) return FLT_MAX;
    if (v < -FLT_MAX) return -FLT_MAX;
    return (float)v + 0.0f; /* NaN stays; -0 becomes 0 */
}

/* ------------------------------------------------------------------- keys */

static int32_t find_text(const Keys *k, const char *s, size_t n)
{
    char buf[NUM_TEXT_MAX];
    const char *spelt;
    if (k->cut != CUT_NONE && !(s = steps_piece(s, n, k->cut, &n))) return INDEX_MISSING;
    size_t m = steps_spelling(s, n, buf, &spelt);
    return keys_find(k, spelt, m);
}

static Err index_dict(Ctx *cx, const Keys *k, const Column *c, size_t rows, int32_t *out)
{
    int32_t *level = NULL;
    if (c->dict.n <= rows) {
        level = ctx_get_n(cx, c->dict.n, sizeof *level);
        if (!level) return FAIL(cx, ERR_NOMEM, "looking up the levels of '%s'", c->name);
        for (uint32_t i = 0; i < c->dict.n; i++) {
            size_t n;
            const char *s = dict_at(&c->dict, i, &n);
            level[i] = find_text(k, s, n);
        }
    }
    for (size_t r = 0; r < rows; r++) {
        int32_t code = c->code[r];
        size_t n;
        if (code < 0) out[r] = INDEX_MISSING;
        else if (level) out[r] = level[code];
        else {
            const char *s = dict_at(&c->dict, (uint32_t)code, &n);
            out[r] = find_text(k, s, n);
        }
    }
    ctx_put(cx, level);
    return OK;
}

static Err index_text(Ctx *cx, const Keys *k, const Table *t, int32_t *out)
{
    const Column *c = &t->col[k->raw[0]];
    if (!c->num) return index_dict(cx, k, c, t->rows, out);
    for (size_t r = 0; r < t->rows; r++) {
        char buf[NUM_TEXT_MAX];
        if (!isfinite(c->num[r])) out[r] = INDEX_MISSING;
        else if (r && c->num[r] == c->num[r - 1]) out[r] = out[r - 1];
        else {
            size_t n = num_text(c->num[r] + 0.0, buf);
            out[r] = keys_find(k, buf, n);
        }
    }
    return OK;
}

Err steps_key_index(Ctx *cx, const Steps *s, const Table *t, uint32_t keys, int32_t *out)
{
    Err err = OK;
    int32_t *other = NULL;
    const Keys *k = &s->keys[keys];
    if (!k->pair) return index_text(cx, k, t, out);
    GET_DONE(cx, other, t->rows, "looking up pairs of levels in %zu rows", t->rows);
    TRY_DONE(cx, steps_key_index(cx, s, t, k->of[0], out)); /* may be pairs, of single columns */
    TRY_DONE(cx, index_text(cx, &s->keys[k->of[1]], t, other));
    for (size_t r = 0; r < t->rows; r++) {
        if (out[r] == INDEX_MISSING || other[r] == INDEX_MISSING) out[r] = INDEX_MISSING;
        else if (out[r] < 0 || other[r] < 0) out[r] = INDEX_UNSEEN;
        else out[r] = keys_find_pair(k, (uint32_t)out[r], (uint32_t)other[r]);
    }
done:
    ctx_put(cx, other);
    return err;
}

static void look_up(const Row *row, const int32_t *index, StepFrame *f)
{
    size_t wide = (size_t)row->parts * row->outs;
    for (uint32_t p = 0; p < row->parts; p++)
        for (uint32_t o = 0; o < row->outs; o++) {
            float *to = steps_frame_column(f, p, row->first + o);
            const float *from = row->table + (size_t)p * row->outs + o;
            float other = row->other[(size_t)p * row->outs + o];
            for (size_t r = 0; r < f->rows; r++) {
                int32_t i = index[r];
                to[r] = i >= 0 ? from[(size_t)i * wide] : i == INDEX_MISSING ? NAN : other;
            }
        }
}

/* Where v stands between ascending knots: 0 .. 1; between equal ones in the middle. */
static float rank_in(const float *knot, double v)
{
    const int last = STEPS_RANK_KNOTS - 1;
    int below = 0, upto = 0; /* knots under v, knots not above it */
    while (below <= last && knot[below] < v) below++;
    upto = below;
    while (upto <= last && knot[upto] <= v) upto++;
    if (upto > below) return (float)((below + upto - 1) / (2.0 * last));
    if (!below) return 0;
    if (below > last) return 1;
    double low = knot[below - 1], high = knot[below];
    return (float)((below - 1 + (v - low) / (high - low)) / last);
}

static void put_ranks(const Row *row, const int32_t *index, const double *v, StepFrame *f)
{
    float *to = steps_frame_column(f, 0, row->first);
    for (size_t r = 0; r < f->rows; r++) {
        const float *knot = index[r] >= 0 ? row->table + (size_t)index[r] * STEPS_RANK_KNOTS : row->other;
        to[r] = index[r] == INDEX_MISSING || !isfinite(v[r]) ? NAN : rank_in(knot, to_float(v[r]));
    }
}

static void put_codes(const Row *row, const int32_t *index, StepFrame *f)
{
    float *to = steps_frame_column(f, 0, row->first);
    for (size_t r = 0; r < f->rows; r++) to[r] = index[r] >= 0 ? (float)index[r] : NAN;
}

static Err apply_keys(Ctx *cx, const Steps *s, const Table *t, uint32_t from, StepFrame *f)
{
    Err err = OK;
    int32_t *index = NULL;
    for (uint32_t k = 0; k < s->keys_n; k++) {
        if (s->keys[k].last == STEPS_NONE || s->keys[k].last < from) continue;
        if (!index) GET_DONE(cx, index, t->rows, "looking up levels in %zu rows", t->rows);
        TRY_DONE(cx, steps_key_index(cx, s, t, k, index));
        for (uint32_t i = s->keys[k].first; i != STEPS_NONE; i = s->row[i].next) {
            const Row *row = &s->row[i];
            if (i < from) continue;
            if (row->op == STEP_CODE) put_codes(row, index, f);
            else if (row->op == STEP_LOOKUP) look_up(row, index, f);
            else put_ranks(row, index, t->col[row->about].num, f);
        }
    }
done:
    ctx_put(cx, index);
    return err;
}

/* ------------------------------------------------------------------ words */

static void text_row(const Row *row, const uint32_t *place, const float *weight, size_t n, size_t r, StepFrame *f)
{
    size_t wide = (size_t)row->parts * row->outs;
    for (size_t from = 0; from < wide; from += SUMS_AT_ONCE) {
        size_t some = wide - from < SUMS_AT_ONCE ? wide - from : SUMS_AT_ONCE;
        double sum[SUMS_AT_ONCE];
        for (size_t o = 0; o < some; o++) sum[o] = row->other ? row->other[from + o] : 0;
        for (size_t i = 0; i < n; i++) {
            const float *at = row->table + place[i] * wide + from;
            for (size_t o = 0; o < some; o++) sum[o] += (double)weight[i] * at[o];
        }
        for (size_t o = 0; o < some; o++) {
            uint32_t part = (uint32_t)((from + o) / row->outs), out = (uint32_t)((from + o) % row->outs);
            steps_frame_column(f, part, row->first + out)[r] = to_float(sum[o]);
        }
    }
}

static void text_same(const Row *row, size_t r, size_t as, StepFrame *f)
{
    for (uint32_t p = 0; p < row->parts; p++)
        for (uint32_t o = 0; o < row->outs; o++) {
            float *to = steps_frame_column(f, p, row->first + o);
            to[r] = as == SIZE_MAX ? NAN : to[as];
        }
}

/* The most n-grams a text of the column can have. */
static size_t grams_most(const Column *c, size_t rows)
{
    size_t most = 0, n;
    for (uint32_t i = 0; i < c->dict.n && c->dict.n <= rows; i++) {
        dict_at(&c->dict, i, &n);
        if (n > most) most = n;
    }
    for (size_t r = 0; r < rows && c->dict.n > rows; r++) {
        if (c->code[r] < 0) continue;
        dict_at(&c->dict, (uint32_t)c->code[r], &n);
        if (n > most) most = n;
    }
    return steps_weigh_max(most);
}

static Err apply_text(Ctx *cx, const Steps *s, const Table *t, uint32_t words, uint32_t from, StepFrame *f)
{
    Err err = OK;
    uint32_t *place = NULL, *first = NULL;
    float *weight = NULL;
    const Column *c = &t->col[s->words[words].raw];
    size_t most = grams_most(c, t->rows);
    GET_DONE(cx, place, most, "reading the words of '%s'", c->name);
    GET_DONE(cx, weight, most, "reading the words of '%s'", c->name);
    if (c->dict.n < t->rows) /* some text stands twice: do it once */
        GET_DONE(cx, first, c->dict.n, "reading the words of '%s'", c->name);
    for (size_t r = 0; r < t->rows; r++) {
        int32_t code = c->code[r];
        size_t as = code >= 0 && first && first[code] ? first[code] - 1 : SIZE_MAX, n = 0, got = 0;
        if (code >= 0 && as == SIZE_MAX) {
            const char *text = dict_at(&c->dict, (uint32_t)code, &n);
            got = steps_weigh(s, words, text, n, place, weight);
            if (first) first[code] = (uint32_t)r + 1;
        }
        for (uint32_t i = s->words[words].first; i != STEPS_NONE; i = s->row[i].next) {
            if (i < from) continue;
            if (code >= 0 && as == SIZE_MAX) text_row(&s->row[i], place, weight, got, r, f);
            else text_same(&s->row[i], r, as, f);
        }
    }
done:
    ctx_put(cx, place);
    ctx_put(cx, weight);
    ctx_put(cx, first);
    return err;
}

static Err apply_words(Ctx *cx, const Steps *s, const Table *t, uint32_t from, StepFrame *f)
{
    for (uint32_t w = 0; w < s->words_n; w++)
        if (s->words[w].last != STEPS_NONE && s->words[w].last >= from) TRY(cx, apply_text(cx, s, t, w, from, f));
    return OK;
}

/* -------------------------------------------------------------- the others */

static void apply_stat(const Row *row, const Column *c, size_t rows, float *to)
{
    for (size_t r = 0; r < rows; r++) {
        size_t n;
        const char *s = c->code[r] < 0 ? NULL : dict_at(&c->dict, (uint32_t)c->code[r], &n);
        to[r] = s ? (float)steps_text_stat(s, n, (TextStat)row->kind) : NAN;
    }
}

static void apply_arith(ArithOp op, const float *a, const float *b, size_t rows, float *to)
{
    for (size_t r = 0; r < rows; r++) {
        double x = a[r], y = b[r], v = NAN;
        switch (op) {
        case ARITH_ADD: v = x + y; break;
        case ARITH_SUB: v = x - y; break;
        case ARITH_MUL: v = x * y; break;
        default: v = y == 0 ? NAN : x / y; break;
        }
        to[r] = to_float(v);
    }
}

static void apply_rows(const Row *row, const Table *t, StepFrame *f)
{
    double value[STEPS_LIST_MAX], sorted[STEPS_LIST_MAX], out[STEPS_LIST_MAX + 10];
    for (size_t r = 0; r < t->rows; r++) {
        for (uint32_t i = 0; i < row->list_n; i++) {
            const Column *c = &t->col[row->list[i]];
            value[i] = c->num ? c->num[r] : c->code[r] < 0 ? NAN : 0;
        }
        steps_rows_stats(value, row->list_n, row->kind, sorted, out);
        for (uint32_t o = 0; o < row->outs; o++) steps_frame_column(f, 0, row->first + o)[r] = to_float(out[o]);
    }
}

static void apply_plain(const Row *row, const Table *t, StepFrame *f)
{
    float *to = steps_frame_column(f, 0, row->first);
    const Column *a = row->a < t->cols ? &t->col[row->a] : NULL, *b = row->b < t->cols ? &t->col[row->b] : NULL;
    switch (row->op) {
    case STEP_NUMBER:
        for (size_t r = 0; r < t->rows; r++) to[r] = to_float(a->num[r]);
        break;
    case STEP_DATE:
        for (size_t r = 0; r < t->rows; r++)
            to[r] = to_float(steps_date_part(a->num[r], (DatePart)row->kind, row->number));
        break;
    case STEP_GAP:
        for (size_t r = 0; r < t->rows; r++) to[r] = to_float((a->num[r] - b->num[r]) / 86400);
        break;
    case STEP_ARITH:
        apply_arith((ArithOp)row->kind, steps_frame_column(f, 0, row->a), steps_frame_column(f, 0, row->b),
                    t->rows, to);
        break;
    case STEP_TEXT_STAT: apply_stat(row, a, t->rows, to); break;
    case STEP_DIGIT:
        for (size_t r = 0; r < t->rows; r++) to[r] = to_float(steps_digit(a->num[r], (DigitPart)row->kind));
        break;
    case STEP_ROWS: apply_rows(row, t, f); break;
    default: break;
    }
}

/* ------------------------------------------------------------------ frames */

float *steps_frame_column(StepFrame *f, uint32_t part, size_t feature)
{
    return f->col[(size_t)part * f->cols + feature];
}
size_t steps_frame_rows(const StepFrame *f)
{
    return f->rows;
}

Frame steps_frame(const StepFrame *f, uint32_t part)
{
    if (part >= f->parts) part = f->parts - 1; /* nothing depends on the part, or the part that saw all */
    return (Frame){ .rows = f->rows,
                    .cols = f->cols,
                    .feature = f->steps->feature,
                    .col = (const float *const *)(f->col + (size_t)part * f->cols) };
}

/* Free the columns of features from .. to-1; a column that parts share is freed once. */
static void drop_columns(Ctx *cx, StepFrame *f, size_t from)
{
    for (size_t i = from; f->col && i < f->cols; i++)
        for (uint32_t p = 0; p < f->parts; p++) {
            float *at = f->col[p * f->cols + i];
            bool own = !f->slab || at < f->slab || at >= f->slab + f->slab_n;
            if (own && (!p || at != f->col[i])) ctx_put(cx, at);
        }
}

void steps_frame_free(Ctx *cx, StepFrame *f)
{
    if (!f) return;
    drop_columns(cx, f, 0);
    ctx_put(cx, f->slab);
    ctx_put(cx, f->col);
    ctx_put(cx, f);
}

/* Columns of their own that the features after the first `from` need. */
static size_t own_columns(const Steps *s, size_t from)
{
    size_t n = 0;
    for (size_t i = from; i < s->features_n; i++) n += s->row[s->feature_row[i]].parts;
    return n;
}

/* Make room for the features that steps gained; on failure f is as it was.  A small frame's first columns come in one
** piece: memory asked for once, not once a feature. */
static Err widen(Ctx *cx, const Steps *s, StepFrame *f)
{
    StepFrame g = { .steps = s, .rows = f->rows, .cols = s->features_n, .parts = steps_parts(s) };
    size_t own_n = own_columns(s, f->cols), used = 0, numbers = own_n * f->rows;
    bool one = !f->cols && numbers && numbers <= SLAB_MAX;
    g.col = ctx_get_n(cx, g.cols * g.parts, sizeof *g.col);
    if (one) g.slab = ctx_get_n(cx, numbers, sizeof *g.slab);
    bool ok = g.col != NULL && (!one || g.slab);
    for (size_t i = 0; ok && i < g.cols; i++) {
        uint32_t own = s->row[s->feature_row[i]].parts;
        for (uint32_t p = 0; ok && p < g.parts; p++) {
            float **at = &g.col[p * g.cols + i];
            if (i < f->cols && f->parts > 1) *at = f->col[p * f->cols + i];
            else if (i < f->cols) *at = f->col[i];
            else if (p && own == 1) *at = g.col[i];
            else if (one) *at = g.slab + used++ * f->rows;
            else ok = (*at = ctx_get_n(cx, f->rows, sizeof **at)) != NULL;
        }
    }
    if (!ok) {
        if (!one) drop_columns(cx, &g, f->cols);
        ctx_put(cx, g.slab);
        ctx_put(cx, g.col);
        return FAIL(cx, ERR_NOMEM, "making %u features of %zu rows", s->features_n, f->rows);
    }
    ctx_put(cx, f->col);
    f->col = g.col;
    f->cols = g.cols;
    f->parts = g.parts;
    if (one) {
        f->slab = g.slab;
        f->slab_n = numbers;
    }
    return OK;
}

static Err check_shape(Ctx *cx, const Steps *s, const Table *t)
{
    if (t->cols != s->raw_n)
        return FAIL(cx, ERR_SHAPE,
                    "the table has %zu columns, the steps were fitted on %u: conform it to the build first",
                    t->cols, s->raw_n);
    for (size_t i = 0; i < t->cols; i++)
        if (s->raw_numeric[i] ? !t->col[i].num : !t->col[i].code)
            return FAIL(
                cx, ERR_SHAPE,
                "column '%s' does not hold %s, as it did in training: conform the table to the build first",
                t->col[i].name, s->raw_numeric[i] ? "numbers" : "levels");
    if (t->rows >= UINT32_MAX)
        return FAIL(cx, ERR_LIMIT, "the table has %zu rows; the most is %u", t->rows, UINT32_MAX - 1);
    return OK;
}

Err steps_apply_more(Ctx *cx, const Steps *s, const Table *t, StepFrame *f)
{
    uint32_t from = f->rows_done;
    TRY(cx, check_shape(cx, s, t));
    assert(f->rows == t->rows && f->steps == s);
    if (from == s->rows_n) return OK;
    if (s->features_n > f->cols) TRY(cx, widen(cx, s, f));
    TRY(cx, apply_keys(cx, s, t, from, f));
    TRY(cx, apply_words(cx, s, t, from, f));
    for (uint32_t i = from; i < s->rows_n; i++) apply_plain(&s->row[i], t, f);
    f->rows_done = s->rows_n;
    return OK;
}

Err steps_frame_gather(Ctx *cx, const StepFrame *f, const Steps *steps, const uint32_t *rows, size_t n,
                       StepFrame **out)
{
    *out = NULL;
    assert(steps->features_n == f->cols && steps_parts(steps) == f->parts && steps->rows_n == f->rows_done);
    StepFrame *g = ctx_get(cx, sizeof *g);
    if (!g) return FAIL(cx, ERR_NOMEM, "copying %zu rows of features", n);
    *g = (StepFrame){ .steps = steps, .rows = n, .parts = 1 };
    Err err = widen(cx, steps, g);
    if (err) {
        steps_frame_free(cx, g);
        return err;
    }
    g->rows_done = f->rows_done;
    for (uint32_t p = 0; p < f->parts; p++)
        for (size_t i = 0; i < f->cols; i++) {
            const float *from = f->col[p * f->cols + i];
            if (p && from == f->col[i]) continue;
            for (size_t r = 0; r < n; r++) g->col[p * g->cols + i][r] = from[rows ? rows[r] : r];
        }
    *out = g;
    return OK;
}

Err steps_apply(Ctx *cx, const Steps *s, const Table *t, StepFrame **out)
{
    *out = NULL;
    StepFrame *f = ctx_get(cx, sizeof *f);
    if (!f) return FAIL(cx, ERR_NOMEM, "making %u features of %zu rows", s->features_n, t->rows);
    *f = (StepFrame){ .steps = s, .rows = t->rows, .parts = 1 };
    Err err = steps_apply_more(cx, s, t, f);
    if (err) {
        steps_frame_free(cx, f);
        return ctx_hop(cx, err, __FILE__, __LINE__);
    }
    *out = f;
    return OK;
}

/* auto/make_groups.c -- fitting statistics of numbers by level, ranks, statistics of a row, digits.
**
** None of these sees the target.  Cost: rows x log rows where something is sorted, else rows, times the columns of the
** list.
*/
#include "auto/make.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define FLOAT_FAR 3e38

static float near_enough(double v)
{
    return (float)fmax(-FLOAT_FAR, fmin(FLOAT_FAR, v));
}

/* ------------------------------------------------------------------ by level */

/* Known values of each level one after the other, ascending: those of level i lie in from[i] .. from[i+1]-1.  The last
** "level" n is all rows. */
typedef struct Sorted {
    double *v;
    size_t *from; /* n + 2 */
} Sorted;

static void sorted_drop(Ctx *cx, Sorted *s)
{
    ctx_put(cx, s->v);
    ctx_put(cx, s->from);
    *s = (Sorted){ NULL, NULL };
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static Err sort_levels(Ctx *cx, const int32_t *index, uint32_t n, const double *v, size_t rows, Sorted *out)
{
    Err err = OK;
    size_t *at = NULL, known = 0;
    *out = (Sorted){ NULL, NULL };
    GET_DONE(cx, out->from, (size_t)n + 2, "sorting %zu numbers", rows);
    GET_DONE(cx, out->v, 2 * rows, "sorting %zu numbers", rows);
    GET_DONE(cx, at, (size_t)n + 1, "sorting %zu numbers", rows);
    for (size_t r = 0; r < rows; r++) {
        if (!isfinite(v[r])) continue;
        known++;
        if (index[r] >= 0) at[index[r]]++;
    }
    for (uint32_t i = 0; i < n; i++) {
        out->from[i + 1] = out->from[i] + at[i];
        at[i] = out->from[i];
    }
    at[n] = out->from[n];
    out->from[n + 1] = out->from[n] + known;
    for (size_t r = 0; r < rows; r++) {
        if (!isfinite(v[r])) continue;
        if (index[r] >= 0) out->v[at[index[r]]++] = v[r];
        out->v[at[n]++] = v[r];
    }
    for (uint32_t i = 0; i <= n; i++)
        qsort(out->v + out->from[i], out->from[i + 1] - out->from[i], sizeof *out->v, by_value);
done:
    ctx_put(cx, at);
    if (err) sorted_drop(cx, out);
    return err;
}

/* The q-quantile of n ascending numbers, linear between neighbours (as numpy has it). */
static double quantile(const double *v, size_t n, double q)
{
    double at = q * (double)(n - 1);
    size_t low = (size_t)at;
    return low + 1 < n ? v[low] + (at - (double)low) * (v[low + 1] - v[low]) : v[n - 1];
}

/* Statistic of ascending numbers; NaN: there are none. */
static double statistic(const double *v, size_t n, LookupKind kind)
{
    double mean = 0, square = 0;
    if (!n) return NAN;
    if (kind == LOOKUP_LEAST) return v[0];
    if (kind == LOOKUP_MOST) return v[n - 1];
    if (kind == LOOKUP_MIDDLE) return quantile(v, n, .5);
    for (size_t i = 0; i < n; i++) { /* Welford: stays exact far from zero */
        double d = v[i] - mean;
        mean += d / (double)(i + 1);
        square += d * (v[i] - mean);
    }
    return kind == LOOKUP_MEAN ? mean : sqrt(square / (double)n);
}

static int by_bits(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* How many different codes of a column each level meets. */
static Err count_distinct(Ctx *cx, const int32_t *index, const int32_t *code, size_t rows, float *table)
{
    size_t n = 0;
    uint64_t *both = ctx_get_n(cx, rows, sizeof *both);
    if (!both) return FAIL(cx, ERR_NOMEM, "counting levels in %zu rows", rows);
    for (size_t r = 0; r < rows; r++)
        if (index[r] >= 0 && code[r] >= 0) both[n++] = (uint64_t)index[r] << 32 | (uint64_t)code[r];
    qsort(both, n, sizeof *both, by_bits);
    for (size_t i = 0; i < n; i++)
        if (!i || both[i] != both[i - 1]) table[both[i] >> 32]++;
    ctx_put(cx, both);
    return OK;
}

static Err fill_group(Ctx *cx, const Maker *m, const int32_t *index, uint32_t n, uint32_t number, LookupKind kind,
                      float *table, float *other)
{
    const Column *c = &m->t->col[number];
    Sorted s;
    if (kind == LOOKUP_DISTINCT) return count_distinct(cx, index, c->code, m->t->rows, table);
    TRY(cx, sort_levels(cx, index, n, c->num, m->t->rows, &s));
    double whole = statistic(s.v + s.from[n], s.from[n + 1] - s.from[n], kind);
    *other = near_enough(isnan(whole) ? 0 : whole);
    for (uint32_t i = 0; i < n; i++) {
        double at = statistic(s.v + s.from[i], s.from[i + 1] - s.from[i], kind);
        table[i] = isnan(at) ? *other : near_enough(at);
    }
    sorted_drop(cx, &s);
    return OK;
}

Err make_group(Ctx *cx, Maker *m, uint32_t keys, uint32_t number, LookupKind kind)
{
    static const char *const word[LOOKUP_KINDS_N] = {
        [LOOKUP_MEAN] = "mean", [LOOKUP_SPREAD] = "spread",  [LOOKUP_LEAST] = "least",
        [LOOKUP_MOST] = "most", [LOOKUP_MIDDLE] = "median", [LOOKUP_DISTINCT] = "levels",
    };
    Err err = OK;
    int32_t *index = NULL;
    float *table = NULL, other = 0;
    char *of, *name;
    size_t rows = m->t->rows;
    uint32_t n = steps_keys_n(m->steps, keys);
    assert(kind >= LOOKUP_MEAN && (kind == LOOKUP_DISTINCT) == !m->t->col[number].num);
    TRY(cx, make_keys_name(cx, m, keys, &of));
    TRY(cx, make_name(cx, &name, "%s of %s by %s", word[kind], m->schema->col[number].name, of));
    GET_DONE(cx, index, rows, "averaging by '%s'", of);
    GET_DONE(cx, table, n, "averaging by '%s'", of);
    TRY_DONE(cx, steps_key_index(cx, m->steps, m->t, keys, index));
    TRY_DONE(cx, fill_group(cx, m, index, n, number, kind, table, &other));
    TRY_DONE(cx, make_add(cx, m,
                          &(StepAdd){ .op = STEP_LOOKUP,
                                      .kind = kind,
                                      .a = keys,
                                      .b = STEPS_NONE,
                                      .about = number,
                                      .outs = 1,
                                      .name = (const char *[]){ name },
                                      .table = table,
                                      .other = &other },
                          false));
done:
    ctx_put(cx, index);
    ctx_put(cx, table);
    return err;
}

static void put_knots(const double *v, size_t n, float *knot)
{
    for (int k = 0; k < STEPS_RANK_KNOTS; k++)
        knot[k] = n ? near_enough(quantile(v, n, k / (STEPS_RANK_KNOTS - 1.0))) : 0;
}

Err make_rank(Ctx *cx, Maker *m, uint32_t keys, uint32_t number)
{
    Err err = OK;
    int32_t *index = NULL;
    float *table = NULL, other[STEPS_RANK_KNOTS];
    Sorted s = { NULL, NULL };
    char *of, *name;
    size_t rows = m->t->rows;
    uint32_t n = steps_keys_n(m->steps, keys);
    TRY(cx, make_keys_name(cx, m, keys, &of));
    TRY(cx, make_name(cx, &name, "rank of %s in %s", m->schema->col[number].name, of));
    GET_DONE(cx, index, rows, "ranking by '%s'", of);
    GET_DONE(cx, table, (size_t)n * STEPS_RANK_KNOTS, "ranking by '%s'", of);
    TRY_DONE(cx, steps_key_index(cx, m->steps, m->t, keys, index));
    TRY_DONE(cx, sort_levels(cx, index, n, m->t->col[number].num, rows, &s));
    put_knots(s.v + s.from[n], s.from[n + 1] - s.from[n], other);
    for (uint32_t i = 0; i < n; i++) {
        size_t known = s.from[i + 1] - s.from[i];
        if (known) put_knots(s.v + s.from[i], known, table + (size_t)i * STEPS_RANK_KNOTS);
        else memcpy(table + (size_t)i * STEPS_RANK_KNOTS, other, sizeof other);
    }
    TRY_DONE(cx, make_add(cx, m,
                          &(StepAdd){ .op = STEP_RANK,
                                      .a = keys,
                                      .b = STEPS_NONE,
                                      .about = number,
                                      .outs = 1,
                                      .name = (const char *[]){ name },
                                      .table = table,
                                      .other = other },
                          false));
done:
    ctx_put(cx, index);
    ctx_put(cx, table);
    sorted_drop(cx, &s);
    return err;
}

/* --------------------------------------------------------------- in one row */

static const char *const rows_word[] = { "missing", "mean",     "spread", "least", "most",
                                         "range",   "distinct", "equal",  "slope", "sorted" };

Err make_rows(Ctx *cx, Maker *m, const uint32_t *list, uint32_t list_n, uint32_t stats, const char *what)
{
    const char *names[STEPS_OUTS_MAX];
    uint32_t outs = steps_rows_outs(stats, list_n), at = 0;
    if (!outs || outs > STEPS_OUTS_MAX || list_n > STEPS_LIST_MAX) return OK;
    for (uint32_t bit = 0; bit < sizeof rows_word / sizeof *rows_word; bit++) {
        bool many = 1u << bit == ROWS_SORTED;
        for (uint32_t i = 0; stats >> bit & 1 && i < (many ? list_n : 1); i++) {
            char *name;
            if (many) TRY(cx, make_name(cx, &name, "%s.%s%02u", what, rows_word[bit], i + 1));
            else TRY(cx, make_name(cx, &name, "%s.%s", what, rows_word[bit]));
            names[at++] = name;
        }
    }
    assert(at == outs);
    return make_add(cx, m,
                    &(StepAdd){ .op = STEP_ROWS,
                                .kind = stats,
                                .a = STEPS_NONE,
                                .b = STEPS_NONE,
                                .list = list,
                                .list_n = list_n,
                                .outs = outs,
                                .name = names },
                    false);
}

Err make_digits(Ctx *cx, Maker *m, uint32_t raw)
{
    static const char *const word[DIGIT_PARTS_N] = { "fraction", "digit", "digits", "zeros" };
    const Column *c = &m->t->col[raw];
    for (int p = 0; p < DIGIT_PARTS_N; p++) {
        double lo = INFINITY, hi = -INFINITY;
        bool repeats = true; /* the part would only repeat the number */
        char *name;
        for (size_t r = 0; r < m->t->rows; r++) {
            double v = steps_digit(c->num[r], (DigitPart)p);
            if (isnan(v)) continue;
            lo = fmin(lo, v);
            hi = fmax(hi, v);
            repeats &= v == c->num[r];
        }
        if (!(lo < hi) || repeats) continue;
        TRY(cx, make_name(cx, &name, "%s.%s", c->name, word[p]));
        TRY(cx, make_add(cx, m,
                         &(StepAdd){ .op = STEP_DIGIT,
                                     .kind = (uint32_t)p,
                                     .a = raw,
                                     .b = STEPS_NONE,
                                     .outs = 1,
                                     .name = (const char *[]){ name } },
                         false));
    }
    return OK;
}

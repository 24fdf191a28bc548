/* model/profile.c -- counts of a column's values: in bins of equal weight, or by level. */
#include "model/profile.h"

#include "model/order.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE_MAX ((size_t)100000)

/* Different quantiles of v's values, ascending; how many. */
static Err find_cuts(Ctx *cx, const double *v, size_t stride, size_t n, double *cut, size_t *cuts)
{
    Err err = OK;
    size_t step = (n + SAMPLE_MAX - 1) / SAMPLE_MAX, some = 0;
    double *value = NULL;
    uint32_t *order = NULL;
    *cuts = 0;
    if (!n) return OK;
    GET_DONE(cx, value, n / step + 1, "profiling %zu numbers", n);
    GET_DONE(cx, order, n / step + 1, "profiling %zu numbers", n);
    for (size_t i = 0; i < n; i += step)
        if (isfinite(v[i * stride])) value[some++] = v[i * stride] + 0.0;
    TRY_DONE(cx, order_of(cx, value, 1, some, order));
    for (size_t b = 1; b < PROFILE_BINS && some; b++) {
        double at = value[order[(some - 1) * b / PROFILE_BINS]];
        if (at >= value[order[some - 1]]) break;           /* nothing would lie above */
        if (!*cuts || at > cut[*cuts - 1]) cut[(*cuts)++] = at;
    }
done:
    ctx_put(cx, value);
    ctx_put(cx, order);
    return err;
}

Err profile_numbers(Ctx *cx, const double *v, size_t stride, size_t n, Text *json)
{
    double cut[PROFILE_BINS];
    uint64_t count[PROFILE_BINS + 1] = { 0 }, missing = 0;
    size_t cuts;
    TRY(cx, find_cuts(cx, v, stride, n, cut, &cuts));
    for (size_t i = 0; i < n; i++) {
        double x = v[i * stride];
        size_t bin = 0;
        if (!isfinite(x)) {
            missing++;
            continue;
        }
        while (bin < cuts && x > cut[bin]) bin++;
        count[bin]++;
    }
    json_open(json);
    json_key_int(json, "missing", (int64_t)missing);
    json_nums(json, "cuts", cut, cuts);
    json_key_open_array(json, "counts");
    for (size_t b = 0; b <= cuts; b++) json_int(json, (int64_t)count[b]);
    json_close_array(json);
    json_close(json);
    return text_err(json);
}

typedef struct Level { uint32_t code; uint64_t n; } Level;

static int by_count(const void *a, const void *b)
{
    const Level *x = a, *y = b;
    if (x->n != y->n) return x->n > y->n ? -1 : 1;
    return (x->code > y->code) - (x->code < y->code);
}

Err profile_column(Ctx *cx, const Column *c, size_t rows, Text *json)
{
    uint64_t missing = 0, others = 0;
    if (c->num) return profile_numbers(cx, c->num, 1, rows, json);
    Level *level = ctx_get_n(cx, (size_t)c->dict.n + 1, sizeof *level);
    if (!level) return FAIL(cx, ERR_NOMEM, "profiling column '%s'", c->name);
    for (uint32_t i = 0; i < c->dict.n; i++) level[i].code = i;
    for (size_t i = 0; i < rows; i++) {
        if (c->code[i] < 0) missing++;
        else level[c->code[i]].n++;
    }
    qsort(level, c->dict.n, sizeof *level, by_count);
    json_open(json);
    json_key_int(json, "missing", (int64_t)missing);
    json_key_open_array(json, "levels");
    for (uint32_t i = 0; i < c->dict.n && level[i].n; i++) {
        size_t n;
        const char *s = dict_at(&c->dict, level[i].code, &n);
        if (i >= PROFILE_LEVELS || n > 200 || c->type == COLUMN_TEXT || c->type == COLUMN_ID) {
            others += level[i].n;
            continue;
        }
        json_open(json);
        json_key(json, "level");
        json_text_n(json, s, n);
        json_key_int(json, "rows", (int64_t)level[i].n);
        json_close(json);
    }
    json_close_array(json);
    json_key_int(json, "others", (int64_t)others);
    json_close(json);
    ctx_put(cx, level);
    return text_err(json);
}

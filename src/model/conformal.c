/* model/conformal.c -- see conformal.h.
**
** The usual error of an answer is the mean absolute residual in bins of answers, joined by straight lines.  It is used only
** where, each half of the rows judged by the other, it lowers Winkler's interval score at 90 % by more than a standard
** error.  Of the sorted scores CONFORMAL_SCORES_MAX are kept; between them the larger is taken, so that nothing is
** promised too much.  Cost: a radix sort of n.
*/
#include "model/conformal.h"

#include "base/random.h"
#include "model/order.h"

#include <math.h>
#include <string.h>
#include <yyjson.h>

#define LARGEST_KEPT 56u           /* so that levels near 1 are exact */
#define KNOT_ROWS 60u              /* rows a bin of answers needs */
#define SPREAD_MIN .1              /* of the mean error: no answer is taken to be surer */
#define JUDGED_ROWS_MIN 200u
#define JUDGED_LEVEL .9
#define ROUND_UP (1 + 1e-7)        /* scores are written in 8 digits */

/* Which of n sorted scores, from 1, is the i-th of those kept. */
static size_t rank_of(size_t n, size_t i)
{
    if (n <= CONFORMAL_SCORES_MAX) return i + 1;
    size_t even = CONFORMAL_SCORES_MAX - LARGEST_KEPT;
    return i >= even ? n - (CONFORMAL_SCORES_MAX - 1 - i) : (i + 1) * (n - LARGEST_KEPT) / even;
}

static double spread_of(const Conformal *c, double answer)
{
    size_t k = 0;
    if (!c->knots) return 1;
    if (answer <= c->at[0]) return c->spread[0];
    while (k + 1 < c->knots && answer > c->at[k + 1]) k++;
    if (k + 1 == c->knots) return c->spread[k];
    double part = (answer - c->at[k]) / (c->at[k + 1] - c->at[k]);
    return c->spread[k] + part * (c->spread[k + 1] - c->spread[k]);
}

double conformal_half(const Conformal *c, double q, double answer)
{
    return q * spread_of(c, answer);
}

/* Bins of equally many answers; equal answers share a knot. */
static Err fit_spread(Ctx *cx, const double *y, const double *answer, const uint32_t *row, size_t n, Conformal *c)
{
    size_t bins = n / KNOT_ROWS < CONFORMAL_KNOTS_MAX ? n / KNOT_ROWS : CONFORMAL_KNOTS_MAX;
    double *v = ctx_get_n(cx, n, sizeof *v), all = 0;
    uint32_t *order = ctx_get_n(cx, n, sizeof *order);
    Err err = v && order ? OK : FAIL(cx, ERR_NOMEM, "the errors of %zu rows", n);
    c->knots = 0;
    for (size_t i = 0; !err && i < n; i++) {
        v[i] = answer[row[i]];
        all += fabs(y[row[i]] - v[i]) / (double)n;
    }
    if (!err) err = order_of(cx, v, 1, n, order);
    for (size_t b = 0; !err && b < bins; b++) {
        size_t from = b * n / bins, to = (b + 1) * n / bins;
        double at = 0, off = 0;
        for (size_t i = from; i < to; i++) {
            uint32_t r = row[order[i]];
            at += answer[r] / (double)(to - from);
            off += fabs(y[r] - answer[r]) / (double)(to - from);
        }
        if (c->knots && !(at > c->at[c->knots - 1])) continue;
        c->at[c->knots] = at;
        c->spread[c->knots++] = fmax(off, SPREAD_MIN * all);
    }
    if (c->knots < 2 || !(all > 0)) c->knots = 0;
    ctx_put(cx, v);
    ctx_put(cx, order);
    return err;
}

/* Scores of the rows, sorted, those kept. */
static Err fit_scores(Ctx *cx, Task task, const double *y, const double *answer, size_t k, const uint32_t *row, size_t n, Conformal *c)
{
    double *v = ctx_get_n(cx, n ? n : 1, sizeof *v);
    uint32_t *order = ctx_get_n(cx, n ? n : 1, sizeof *order);
    Err err = v && order ? OK : FAIL(cx, ERR_NOMEM, "the errors of %zu rows", n);
    for (size_t i = 0; !err && i < n; i++) {
        size_t r = row ? row[i] : i;
        const double *p = answer + r * k;
        if (task == TASK_REGRESSION) v[i] = fabs(y[r] - p[0]) / spread_of(c, p[0]);
        else v[i] = 1 - (k > 1 ? p[(size_t)y[r]] : y[r] == 1 ? p[0] : 1 - p[0]);
    }
    if (!err) err = order_of(cx, v, 1, n, order);
    c->n = n;
    c->kept = n < CONFORMAL_SCORES_MAX ? n : CONFORMAL_SCORES_MAX;
    for (size_t i = 0; !err && i < c->kept; i++) c->score[i] = v[order[rank_of(n, i) - 1]];
    ctx_put(cx, v);
    ctx_put(cx, order);
    return err;
}

/* Winkler's score of half b's rows by what half a teaches: the mean width, misses at 2 / (1 - level) their distance. */
static Err judge_half(Ctx *cx, const double *y, const double *answer, const uint32_t *a, size_t a_n, const uint32_t *b, size_t b_n, double *gain)
{
    Conformal plain = { 0 }, local = { 0 };
    double q[2];
    TRY(cx, fit_scores(cx, TASK_REGRESSION, y, answer, 1, a, a_n, &plain));
    TRY(cx, fit_spread(cx, y, answer, a, a_n, &local));
    TRY(cx, fit_scores(cx, TASK_REGRESSION, y, answer, 1, a, a_n, &local));
    TRY(cx, conformal_level(cx, &plain, JUDGED_LEVEL, &q[0]));
    TRY(cx, conformal_level(cx, &local, JUDGED_LEVEL, &q[1]));
    for (size_t i = 0; i < b_n; i++) {
        double off = fabs(y[b[i]] - answer[b[i]]), half[2] = { q[0], conformal_half(&local, q[1], answer[b[i]]) }, cost[2];
        for (int k = 0; k < 2; k++) cost[k] = 2 * half[k] + 2 / (1 - JUDGED_LEVEL) * fmax(off - half[k], 0);
        gain[i] = cost[0] - cost[1];
    }
    return OK;
}

/* Are intervals that follow the answer the better ones?  Each half of the rows judges what the other teaches. */
static Err local_pays(Ctx *cx, const double *y, const double *answer, size_t n, bool *out)
{
    Err err = OK;
    uint32_t *row = NULL;
    double *gain = NULL, mean = 0, var = 0;
    size_t left = 0, right = n;
    *out = false;
    if (n < JUDGED_ROWS_MIN) return OK;
    GET_DONE(cx, row, n, "judging intervals of %zu rows", n);
    GET_DONE(cx, gain, n, "judging intervals of %zu rows", n);
    for (size_t i = 0; i < n; i++) {
        uint64_t key = i;
        if (random_hash(&key, sizeof key, 1) & 1) row[left++] = (uint32_t)i;
        else row[--right] = (uint32_t)i;
    }
    TRY_DONE(cx, judge_half(cx, y, answer, row, left, row + left, n - left, gain));
    TRY_DONE(cx, judge_half(cx, y, answer, row + left, n - left, row, left, gain + (n - left)));
    for (size_t i = 0; i < n; i++) mean += gain[i] / (double)n;
    for (size_t i = 0; i < n; i++) var += (gain[i] - mean) * (gain[i] - mean) / (double)(n - 1);
    *out = mean > sqrt(var / (double)n);
done:
    ctx_put(cx, row);
    ctx_put(cx, gain);
    return err;
}

Err conformal_make(Ctx *cx, Task task, const double *y, const double *answer, size_t k, size_t n, Conformal *out)
{
    Err err = OK;
    bool local = false;
    uint32_t *row = NULL;
    *out = (Conformal){ 0 };
    if (task == TASK_REGRESSION) TRY(cx, local_pays(cx, y, answer, n, &local));
    if (local) {
        GET_DONE(cx, row, n, "the errors of %zu rows", n);
        for (size_t i = 0; i < n; i++) row[i] = (uint32_t)i;
        TRY_DONE(cx, fit_spread(cx, y, answer, row, n, out));
    }
    TRY_DONE(cx, fit_scores(cx, task, y, answer, k, NULL, n, out));
done:
    ctx_put(cx, row);
    if (err) *out = (Conformal){ 0 };
    return err;
}

Err conformal_level(Ctx *cx, const Conformal *c, double level, double *q)
{
    double want = ceil(((double)c->n + 1) * level - 1e-9);
    size_t i = 0;
    *q = INFINITY;
    if (want > (double)c->n)
        return FAIL(cx, ERR_BAD_INPUT, "intervals that hold %.4g of the rows need %.0f rows to learn from, but '%zu' were held out; ask for less",
                    level, ceil(level / (1 - level) - 1e-9), c->n);
    while ((double)rank_of(c->n, i) < want) i++;
    *q = c->score[i];
    return OK;
}

/* --------------------------------------------------------------------- kept */

static void put_short(Text *t, const char *key, const double *v, size_t n, double up)
{
    char buf[32];
    json_key_open_array(t, key);
    for (size_t i = 0; i < n; i++) {
        double x = v[i] * up;
        snprintf(buf, sizeof buf, "%.8g", x);
        num_read(buf, strlen(buf), &x);
        json_num(t, x);
    }
    json_close_array(t);
}

void conformal_json(const Conformal *c, Text *t)
{
    json_open(t);
    json_key_int(t, "rows", (int64_t)c->n);
    put_short(t, "score", c->score, c->kept, ROUND_UP);
    put_short(t, "at", c->at, c->knots, 1);
    put_short(t, "spread", c->spread, c->knots, 1);
    json_close(t);
}

static bool read_numbers(yyjson_val *o, const char *key, double *v, size_t max, size_t *n)
{
    yyjson_val *list = yyjson_obj_get(o, key), *e;
    size_t i, all;
    if (!yyjson_is_arr(list) || yyjson_arr_size(list) > max) return false;
    yyjson_arr_foreach(list, i, all, e)
    {
        if (!yyjson_is_num(e)) return false;
        v[i] = yyjson_get_num(e);
        if (!isfinite(v[i])) return false;
    }
    *n = yyjson_arr_size(list);
    return true;
}

static bool whole(const Conformal *c, size_t spreads, double rows)
{
    if (!(rows >= 0) || rows > 1e15 || rows != floor(rows) || c->n != (size_t)rows) return false;
    if (c->kept != (c->n < CONFORMAL_SCORES_MAX ? c->n : CONFORMAL_SCORES_MAX) || spreads != c->knots) return false;
    for (size_t i = 0; i < c->kept; i++)
        if (c->score[i] < (i ? c->score[i - 1] : 0)) return false;
    for (size_t i = 0; i < c->knots; i++)
        if (!(c->spread[i] > 0) || (i && !(c->at[i] > c->at[i - 1]))) return false;
    return true;
}

Err conformal_read(Ctx *cx, const char *facts, Conformal *out, bool *has)
{
    yyjson_read_err why;
    size_t spreads = 0;
    *out = (Conformal){ 0 };
    *has = false;
    if (!facts) return OK;
    yyjson_doc *doc = yyjson_read_opts((char *)(uintptr_t)facts, strlen(facts), YYJSON_READ_NOFLAG, NULL, &why);
    if (!doc && why.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) return FAIL(cx, ERR_NOMEM, "reading the build's facts");
    yyjson_val *o = yyjson_obj_get(yyjson_doc_get_root(doc), "conformal");
    if (o) {
        double rows = yyjson_is_num(yyjson_obj_get(o, "rows")) ? yyjson_get_num(yyjson_obj_get(o, "rows")) : -1;
        out->n = rows >= 0 && rows < 1e15 ? (size_t)rows : 0;
        *has = read_numbers(o, "score", out->score, CONFORMAL_SCORES_MAX, &out->kept) &&
               read_numbers(o, "at", out->at, CONFORMAL_KNOTS_MAX, &out->knots) &&
               read_numbers(o, "spread", out->spread, CONFORMAL_KNOTS_MAX, &spreads) && whole(out, spreads, rows);
    }
    yyjson_doc_free(doc);
    if (!doc || (o && !*has)) {
        *out = (Conformal){ 0 };
        return FAIL(cx, ERR_CORRUPT, "the build's facts hold no whole 'conformal' record; train it again");
    }
    return OK;
}

/* lake/sketch.c -- see sketch.h. */
#include "lake/sketch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* --- moments --- */

void moments_add(Moments *m, double v)
{
    if (!m->n || v < m->min) m->min = v;
    if (!m->n || v > m->max) m->max = v;
    double d = v - m->mean;
    m->mean += d / (double)++m->n;
    m->m2 += d * (v - m->mean);
}

void moments_merge(Moments *m, const Moments *o)
{
    if (!o->n) return;
    if (!m->n) {
        *m = *o;
        return;
    }
    double d = o->mean - m->mean, n = (double)m->n, k = (double)o->n;
    m->mean += d * k / (n + k);
    m->m2 += o->m2 + d * d * n * k / (n + k);
    m->n += o->n;
    if (o->min < m->min) m->min = o->min;
    if (o->max > m->max) m->max = o->max;
}

double moments_sd(const Moments *m)
{
    return m->n < 2 ? NAN : sqrt(m->m2 / (double)(m->n - 1));
}

/* --- distinct --- */

#define REGISTER_BITS 12
#define RANK_MAX (64 - REGISTER_BITS + 1)

void distinct_add(Distinct *d, const void *p, size_t n)
{
    uint64_t h = random_hash(p, n, 0);
    uint32_t i = (uint32_t)(h >> (64 - REGISTER_BITS));
    uint64_t rest = h << REGISTER_BITS;
    uint8_t rank = rest ? (uint8_t)(__builtin_clzll(rest) + 1) : RANK_MAX;
    if (rank > d->rank[i]) d->rank[i] = rank;
}

void distinct_merge(Distinct *d, const Distinct *o)
{
    for (size_t i = 0; i < SKETCH_REGISTERS; i++)
        if (o->rank[i] > d->rank[i]) d->rank[i] = o->rank[i];
}

/* sigma and tau of Ertl 2017, algorithms 5 and 6. */
static double sigma(double x)
{
    if (x >= 1) return INFINITY;
    double y = 1, z = x, before;
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (z != before);
    return z;
}

static double tau(double x)
{
    if (x <= 0 || x >= 1) return 0;
    double y = 1, z = 1 - x, before;
    do {
        x = sqrt(x);
        before = z;
        y *= 0.5;
        z -= (1 - x) * (1 - x) * y;
    } while (z != before);
    return z / 3;
}

double distinct_count(const Distinct *d)
{
    const double m = SKETCH_REGISTERS;
    uint32_t many[RANK_MAX + 1] = { 0 };
    for (size_t i = 0; i < SKETCH_REGISTERS; i++) many[d->rank[i]]++;
    double z = m * tau(1 - many[RANK_MAX] / m);
    for (int k = RANK_MAX - 1; k >= 1; k--) z = 0.5 * (z + many[k]);
    z += m * sigma(many[0] / m);
    return m * m / (2 * M_LN2) / z;
}

/* --- quantiles --- */

void quantiles_init(Quantiles *q)
{
    *q = (Quantiles){ .levels = 1, .random = random_make(0, "sketch", 0, 0) };
}

void quantiles_clear(Ctx *cx, Quantiles *q)
{
    for (unsigned i = 0; i < SKETCH_LEVELS_MAX; i++) ctx_put(cx, q->level[i]);
    quantiles_init(q);
}

/* The top level holds k values, each below two thirds of the one above. */
static uint32_t room(const Quantiles *q, unsigned level)
{
    double k = SKETCH_KLL_K * pow(2.0 / 3, q->levels - 1 - level);
    return k < 8 ? 8 : (uint32_t)k;
}

static Err push(Ctx *cx, Quantiles *q, unsigned level, double v)
{
    if (q->n[level] == q->cap[level]) {
        uint32_t cap = q->cap[level] ? q->cap[level] * 2 : 32;
        double *more = ctx_grow(cx, q->level[level], cap, sizeof *more);
        if (!more) return FAIL(cx, ERR_NOMEM, "sketching quantiles");
        q->level[level] = more;
        q->cap[level] = cap;
    }
    q->level[level][q->n[level]++] = v;
    return OK;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Halve every level that is over its room: every other value, from a random first one, moves up. */
static Err compact(Ctx *cx, Quantiles *q)
{
    for (unsigned i = 0; i < q->levels; i++) {
        if (q->n[i] < room(q, i)) continue;
        if (i + 1 == SKETCH_LEVELS_MAX) return OK;
        if (i + 1 == q->levels) q->levels++;
        qsort(q->level[i], q->n[i], sizeof(double), by_value);
        uint32_t even = q->n[i] & ~1u, first = (uint32_t)(random_bits(&q->random) >> 63);
        for (uint32_t k = first; k < even; k += 2) TRY(cx, push(cx, q, i + 1, q->level[i][k]));
        if (even < q->n[i]) q->level[i][0] = q->level[i][even];
        q->n[i] -= even;
    }
    return OK;
}

Err quantiles_add(Ctx *cx, Quantiles *q, double v)
{
    TRY(cx, push(cx, q, 0, v));
    q->count++;
    return q->n[0] < room(q, 0) ? OK : compact(cx, q);
}

Err quantiles_merge(Ctx *cx, Quantiles *q, const Quantiles *o)
{
    if (q->levels < o->levels) q->levels = o->levels;
    for (unsigned i = 0; i < o->levels; i++)
        for (uint32_t k = 0; k < o->n[i]; k++) TRY(cx, push(cx, q, i, o->level[i][k]));
    q->count += o->count;
    return compact(cx, q);
}

typedef struct Weighed { double v; uint64_t w; } Weighed;

static int by_weighed(const void *a, const void *b)
{
    return by_value(&((const Weighed *)a)->v, &((const Weighed *)b)->v);
}

Err quantiles_at(Ctx *cx, const Quantiles *q, const double *rank, double *out, size_t n)
{
    size_t all = 0, at = 0;
    uint64_t total = 0, below = 0;
    for (unsigned i = 0; i < q->levels; i++) all += q->n[i], total += (uint64_t)q->n[i] << i;
    for (size_t r = 0; r < n; r++) out[r] = NAN;
    if (!all) return OK;
    Weighed *w = ctx_get_n(cx, all, sizeof *w);
    if (!w) return FAIL(cx, ERR_NOMEM, "reading quantiles");
    for (unsigned i = 0; i < q->levels; i++)
        for (uint32_t k = 0; k < q->n[i]; k++) w[at++] = (Weighed){ q->level[i][k], UINT64_C(1) << i };
    qsort(w, all, sizeof *w, by_weighed);
    at = 0;
    for (size_t r = 0; r < n; r++) {
        double want = rank[r] * (double)total;
        while (at + 1 < all && (double)(below + w[at].w) < want) below += w[at++].w;
        out[r] = w[at].v;
    }
    ctx_put(cx, w);
    return OK;
}

/* --- commonest --- */

static Err top_new(Ctx *cx, Top *t, const char *word, size_t n, uint64_t times)
{
    char *copy = ctx_get(cx, n + 1);
    if (!copy) return FAIL(cx, ERR_NOMEM, "counting common values");
    memcpy(copy, word, n);
    t->value[t->used++] = (TopValue){ copy, (uint32_t)n, times };
    return OK;
}

/* Take so much from every counter that one falls free. */
static void top_lower(Ctx *cx, Top *t, uint64_t by)
{
    uint32_t k = 0;
    for (uint32_t i = 0; i < t->used; i++) {
        if (t->value[i].n <= by) {
            ctx_put(cx, t->value[i].word);
            continue;
        }
        t->value[k] = t->value[i];
        t->value[k++].n -= by;
    }
    t->used = k;
    t->lost += by;
}

Err top_add(Ctx *cx, Top *t, const char *word, size_t n, uint64_t times)
{
    if (n > SKETCH_WORD_MAX) {
        n = SKETCH_WORD_MAX;
        while (n && ((unsigned char)word[n] & 0xC0) == 0x80) n--;      /* not within a character */
    }
    while (times) {
        uint64_t least = times;
        for (uint32_t i = 0; i < t->used; i++) {
            if (t->value[i].word_n == n && !memcmp(t->value[i].word, word, n)) {
                t->value[i].n += times;
                return OK;
            }
            if (t->value[i].n < least) least = t->value[i].n;
        }
        if (t->used < SKETCH_TOP_MAX) return top_new(cx, t, word, n, times);
        top_lower(cx, t, least);
        times -= least;
    }
    return OK;
}

Err top_merge(Ctx *cx, Top *t, const Top *o)
{
    for (uint32_t i = 0; i < o->used; i++) TRY(cx, top_add(cx, t, o->value[i].word, o->value[i].word_n, o->value[i].n));
    t->lost += o->lost;
    return OK;
}

static int by_times(const void *a, const void *b)
{
    const TopValue *x = a, *y = b;
    if (x->n != y->n) return x->n > y->n ? -1 : 1;
    uint32_t n = x->word_n < y->word_n ? x->word_n : y->word_n;
    int o = memcmp(x->word, y->word, n);
    return o ? o : x->word_n < y->word_n ? -1 : x->word_n > y->word_n;
}

void top_sort(Top *t)
{
    if (t->used) qsort(t->value, t->used, sizeof *t->value, by_times);
}

void top_clear(Ctx *cx, Top *t)
{
    for (uint32_t i = 0; i < t->used; i++) ctx_put(cx, t->value[i].word);
    t->used = 0;
    t->lost = 0;
}

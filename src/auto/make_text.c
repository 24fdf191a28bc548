/* auto/make_text.c -- fitting text: which n-grams count, their singular vectors, a linear score of the target.
**
** Singular vectors by random projection and two power steps (Halko, Martinsson, Tropp 2011), keyed random
** numbers, fixed order of sums: the same on any number of threads.  The score is a ridge regression on the
** weighed n-grams by conjugate gradients, out of fold as make.h says, with 3 inner folds.
** Cost: n-grams x (480 + fits x passes x 2) multiplications; more n-grams than GRAMS_MAX, or than the time given
** allows, are sampled by rows.
*/
#include "auto/make.h"

#include "base/random.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BITS          16
#define WORDS_MAX     16384   /* buckets kept: the most frequent */
#define GRAMS_MAX     2000000 /* n-grams that are fitted on */
#define SVD_GRAMS_MAX 600000
#define DOCS_A_DIM    40 /* texts that each singular vector needs to be worth its place */
#define EXTRA         8  /* random directions more than wanted */
#define POWER         2
#define TEXT_INNER    3
#define PASSES_MAX    20
#define STILL         1e-6 /* ends when so much of the squared gradient is left */
#define PULL          1.0  /* ridge penalty, documents being of length 1 */

#define DENSE_GRAM_S  5e-7  /* about twice what was measured on one core */
#define SCORE_GRAM_S  35e-9 /* a fit */
#define GRAMS_LEAST   10000 /* with time for fewer the step is left out */

/* Documents as sparse rows of weights, in a keyed order. */
typedef struct Docs {
    size_t n;
    uint32_t *row;
    size_t *start; /* n + 1 */
    uint32_t *place;
    float *weight;
} Docs;

static void docs_drop(Ctx *cx, Docs *d)
{
    ctx_put(cx, d->row);
    ctx_put(cx, d->start);
    ctx_put(cx, d->place);
    ctx_put(cx, d->weight);
}

static Err keyed_order(Ctx *cx, const Maker *m, uint32_t **out)
{
    Random random = random_make(cx->seed, "order of texts", 0, 0);
    uint32_t *order = ctx_get_n(cx, m->t->rows, sizeof *order);
    if (!order) return FAIL(cx, ERR_NOMEM, "ordering %zu texts", m->t->rows);
    for (size_t i = 0; i < m->t->rows; i++) order[i] = (uint32_t)i;
    random_shuffle(&random, order, m->t->rows);
    *out = order;
    return OK;
}

static const char *text_of(const Maker *m, uint32_t raw, size_t row, size_t *n)
{
    const Column *c = &m->t->col[raw];
    return c->code[row] < 0 ? NULL : dict_at(&c->dict, (uint32_t)c->code[row], n);
}

/* Weigh texts in keyed order until `most` n-grams are there. */
static Err docs_make(Ctx *cx, const Maker *m, uint32_t words, size_t most, Docs *d)
{
    Err err = OK;
    size_t cap = 0, used = 0, rows = m->t->rows;
    uint32_t raw = steps_words_raw(m->steps, words), *place = NULL;
    float *weight = NULL;
    *d = (Docs){ .n = 0 };
    TRY_DONE(cx, keyed_order(cx, m, &d->row));
    GET_DONE(cx, d->start, rows + 1, "weighing %zu texts", rows);
    GET_DONE(cx, place, STEPS_GRAMS_MAX, "weighing %zu texts", rows);
    GET_DONE(cx, weight, STEPS_GRAMS_MAX, "weighing %zu texts", rows);
    for (size_t i = 0; i < rows && used < most; i++) {
        size_t n;
        const char *text = text_of(m, raw, d->row[i], &n);
        if (!text) continue;
        size_t got = steps_weigh(m->steps, words, text, n, place, weight);
        if (used + got > cap) {
            cap = 2 * (used + got) + 1024;
            void *p = ctx_grow(cx, d->place, cap, sizeof *d->place);
            if (p) d->place = p;
            void *w = p ? ctx_grow(cx, d->weight, cap, sizeof *d->weight) : NULL;
            if (w) d->weight = w;
            else {
                err = FAIL(cx, ERR_NOMEM, "weighing %zu texts", rows);
                goto done;
            }
        }
        memcpy(d->place + used, place, got * sizeof *place);
        memcpy(d->weight + used, weight, got * sizeof *weight);
        d->row[d->n++] = d->row[i];
        d->start[d->n] = used += got;
    }
done:
    ctx_put(cx, place);
    ctx_put(cx, weight);
    if (err) docs_drop(cx, d);
    return err;
}

/* ------------------------------------------------------------------ counts and words */

static Err make_stats(Ctx *cx, Maker *m, uint32_t raw, TextStat from, TextStat to)
{
    static const char *const word[TEXT_STATS_N] = { "chars",  "words", "capitals",   "digits",
                                                    "marks", "number", "last_number" };
    for (int s = (int)from; s <= (int)to; s++) {
        double lo = INFINITY, hi = -INFINITY;
        char *name;
        for (size_t r = 0; r < m->t->rows; r++) {
            size_t n;
            const char *text = text_of(m, raw, r, &n);
            if (!text) continue;
            double v = steps_text_stat(text, n, (TextStat)s);
            if (isnan(v)) continue;
            lo = fmin(lo, v);
            hi = fmax(hi, v);
        }
        if (!(lo < hi)) continue;
        TRY(cx, make_name(cx, &name, "%s.%s", m->schema->col[raw].name, word[s]));
        TRY(cx, make_add(cx, m,
                         &(StepAdd){ .op = STEP_TEXT_STAT,
                                     .kind = (uint32_t)s,
                                     .a = raw,
                                     .b = STEPS_NONE,
                                     .outs = 1,
                                     .name = (const char *[]){ name } },
                         false));
    }
    return OK;
}

Err make_text_stats(Ctx *cx, Maker *m, uint32_t raw)
{
    return make_stats(cx, m, raw, TEXT_CHARS, TEXT_MARKS);
}

Err make_text_numbers(Ctx *cx, Maker *m, uint32_t raw)
{
    return make_stats(cx, m, raw, TEXT_NUMBER_FIRST, TEXT_NUMBER_LAST);
}

/* In how many texts each bucket occurs; *docs: texts read. */
static Err count_buckets(Ctx *cx, const Maker *m, uint32_t raw, bool chars, uint32_t *count, size_t *docs)
{
    Err err = OK;
    uint32_t *order = NULL, *bucket = NULL, *last = NULL;
    size_t used = 0;
    *docs = 0;
    TRY_DONE(cx, keyed_order(cx, m, &order));
    GET_DONE(cx, bucket, STEPS_GRAMS_MAX, "counting words");
    GET_DONE(cx, last, (size_t)1 << BITS, "counting words");
    for (size_t i = 0; i < m->t->rows && used < 2 * GRAMS_MAX; i++) {
        size_t n;
        const char *text = text_of(m, raw, order[i], &n);
        if (!text) continue;
        size_t got = steps_grams(text, n, BITS, chars, bucket, STEPS_GRAMS_MAX);
        used += got;
        ++*docs;
        for (size_t k = 0; k < got; k++) {
            count[bucket[k]] += last[bucket[k]] != *docs;
            last[bucket[k]] = (uint32_t)*docs;
        }
    }
done:
    ctx_put(cx, order);
    ctx_put(cx, bucket);
    ctx_put(cx, last);
    return err;
}

/* The least count a bucket may have so that at most WORDS_MAX stay. */
static uint32_t least_count(const uint32_t *count)
{
    for (uint32_t least = 2;; least++) {
        size_t n = 0;
        for (size_t b = 0; b < (size_t)1 << BITS; b++) n += count[b] >= least;
        if (n <= WORDS_MAX) return least;
    }
}

Err make_words(Ctx *cx, Maker *m, uint32_t raw, bool chars, uint32_t *words)
{
    Err err = OK;
    uint32_t *count = NULL, *bucket = NULL, n = 0;
    float *idf = NULL;
    size_t docs;
    *words = STEPS_NONE;
    GET_DONE(cx, count, (size_t)1 << BITS, "counting words");
    GET_DONE(cx, bucket, WORDS_MAX, "counting words");
    GET_DONE(cx, idf, WORDS_MAX, "counting words");
    TRY_DONE(cx, count_buckets(cx, m, raw, chars, count, &docs));
    uint32_t least = least_count(count);
    for (uint32_t b = 0; b < (uint32_t)1 << BITS; b++) {
        if (count[b] < least) continue;
        bucket[n] = b;
        idf[n++] = (float)(log((1 + (double)docs) / (1 + (double)count[b])) + 1);
    }
    if (n) TRY_DONE(cx, steps_add_words(cx, m->steps, raw, BITS, chars, bucket, idf, n, words));
done:
    ctx_put(cx, count);
    ctx_put(cx, bucket);
    ctx_put(cx, idf);
    return err;
}

/* ------------------------------------------------------------------ singular vectors */

/* out (docs x k) = documents x in (words x k). */
static void times(const Docs *d, const double *in, size_t k, double *out)
{
    for (size_t i = 0; i < d->n; i++) {
        double *to = out + i * k;
        memset(to, 0, k * sizeof *to);
        for (size_t j = d->start[i]; j < d->start[i + 1]; j++) {
            const double *from = in + (size_t)d->place[j] * k;
            double w = d->weight[j];
            for (size_t c = 0; c < k; c++) to[c] += w * from[c];
        }
    }
}

/* out (words x k) = documents transposed x in (docs x k). */
static void times_back(const Docs *d, const double *in, size_t words, size_t k, double *out)
{
    memset(out, 0, words * k * sizeof *out);
    for (size_t i = 0; i < d->n; i++) {
        const double *from = in + i * k;
        for (size_t j = d->start[i]; j < d->start[i + 1]; j++) {
            double *to = out + (size_t)d->place[j] * k;
            double w = d->weight[j];
            for (size_t c = 0; c < k; c++) to[c] += w * from[c];
        }
    }
}

/* Upper triangle r with a' a = r' r (Cholesky); a column that depends on those before it gets 0 on the diagonal. */
static void triangle(const double *a, size_t n, size_t k, double *r)
{
    memset(r, 0, k * k * sizeof *r);
    for (size_t i = 0; i < n; i++)
        for (size_t c = 0; c < k; c++)
            for (size_t d = c; d < k; d++) r[c * k + d] += a[i * k + c] * a[i * k + d];
    for (size_t c = 0; c < k; c++) {
        double whole = r[c * k + c];
        for (size_t b = 0; b < c; b++) r[c * k + c] -= r[b * k + c] * r[b * k + c];
        r[c * k + c] = r[c * k + c] > 1e-13 * whole && whole > 0 ? sqrt(r[c * k + c]) : 0;
        for (size_t d = c + 1; d < k; d++) {
            for (size_t b = 0; b < c; b++) r[c * k + d] -= r[b * k + c] * r[b * k + d];
            r[c * k + d] = r[c * k + c] > 0 ? r[c * k + d] / r[c * k + c] : 0;
        }
    }
}

/* Columns of a (n x k) made orthonormal, row by row, twice for accuracy (CholeskyQR2); dependent ones become 0. */
static void orthonormal(double *a, size_t n, size_t k, double *r)
{
    for (int twice = 0; twice < 2; twice++) {
        triangle(a, n, k, r);
        for (size_t i = 0; i < n; i++)
            for (size_t c = 0; c < k; c++) {
                double v = a[i * k + c];
                for (size_t b = 0; b < c; b++) v -= a[i * k + b] * r[b * k + c];
                a[i * k + c] = r[c * k + c] > 0 ? v / r[c * k + c] : 0;
            }
    }
}

/* Eigenvectors of a symmetric k x k matrix, into columns of v (Jacobi rotations). */
static void jacobi(double *s, double *v, size_t k)
{
    for (size_t i = 0; i < k * k; i++) v[i] = i % (k + 1) == 0;
    for (int sweep = 0; sweep < 60; sweep++) {
        double off = 0, on = 0;
        for (size_t i = 0; i < k; i++)
            for (size_t j = 0; j < k; j++) *(i == j ? &on : &off) += s[i * k + j] * s[i * k + j];
        if (off <= 1e-28 * on) break;
        for (size_t p = 0; p + 1 < k; p++)
            for (size_t q = p + 1; q < k; q++) {
                if (s[p * k + q] == 0) continue;
                double theta = (s[q * k + q] - s[p * k + p]) / (2 * s[p * k + q]);
                double t = (theta < 0 ? -1 : 1) / (fabs(theta) + sqrt(theta * theta + 1)), c = 1 / sqrt(t * t + 1),
                       z = t * c;
                for (size_t i = 0; i < k; i++) {
                    double a = s[i * k + p], b = s[i * k + q];
                    s[i * k + p] = c * a - z * b;
                    s[i * k + q] = z * a + c * b;
                }
                for (size_t i = 0; i < k; i++) {
                    double a = s[p * k + i], b = s[q * k + i], e = v[i * k + p], f = v[i * k + q];
                    s[p * k + i] = c * a - z * b;
                    s[q * k + i] = z * a + c * b;
                    v[i * k + p] = c * e - z * f;
                    v[i * k + q] = z * e + c * f;
                }
            }
    }
}

/* The k directions that hold most, largest first, from back = documents' x Q (words x l). */
static void leading(const double *back, size_t words, size_t l, size_t k, double *gram, double *vec, float *out)
{
    memset(gram, 0, l * l * sizeof *gram);
    for (size_t w = 0; w < words; w++)
        for (size_t i = 0; i < l; i++)
            for (size_t j = 0; j < l; j++) gram[i * l + j] += back[w * l + i] * back[w * l + j];
    jacobi(gram, vec, l);
    for (size_t c = 0; c < k; c++) {
        size_t best = l;
        for (size_t i = 0; i < l; i++)
            if (!isnan(gram[i * l + i]) && (best == l || gram[i * l + i] > gram[best * l + best])) best = i;
        double value = best < l ? gram[best * l + best] : 0, scale = value > 1e-18 ? 1 / sqrt(value) : 0, most = 0;
        for (size_t w = 0; w < words; w++) {
            double v = 0;
            for (size_t i = 0; scale > 0 && i < l; i++) v += back[w * l + i] * vec[i * l + best];
            v *= scale;
            out[w * k + c] = (float)v;
            if (fabs(v) > fabs(most)) most = v;
        }
        for (size_t w = 0; most < 0 && w < words; w++)
            out[w * k + c] = -out[w * k + c];      /* one sign for all runs */
        if (best < l) gram[best * l + best] = NAN; /* taken */
    }
}

/* Right singular vectors of the documents: words x k. */
static Err singular(Ctx *cx, const Docs *d, size_t words, size_t k, float *out)
{
    Err err = OK;
    size_t l = k + EXTRA;
    double *q = NULL, *back = NULL, *gram = NULL, *vec = NULL;
    Random random = random_make(cx->seed, "text projection", 0, 0);
    GET_DONE(cx, q, d->n * l, "pressing %zu words", words);
    GET_DONE(cx, back, words * l, "pressing %zu words", words);
    GET_DONE(cx, gram, l * l, "pressing %zu words", words);
    GET_DONE(cx, vec, l * l, "pressing %zu words", words);
    for (size_t i = 0; i < words * l; i++) back[i] = random_normal(&random);
    times(d, back, l, q);
    orthonormal(q, d->n, l, gram);
    for (int i = 0; i < POWER; i++) {
        times_back(d, q, words, l, back);
        orthonormal(back, words, l, gram);
        times(d, back, l, q);
        orthonormal(q, d->n, l, gram);
    }
    times_back(d, q, words, l, back);
    leading(back, words, l, k, gram, vec, out);
done:
    ctx_put(cx, q);
    ctx_put(cx, back);
    ctx_put(cx, gram);
    ctx_put(cx, vec);
    return err;
}

/* How many n-grams there is time for; 0: leave it. */
static size_t affordable(const Maker *m, double gram_s, size_t most)
{
    double n = m->text_s / 2 / gram_s;
    return n >= (double)most ? most : n < GRAMS_LEAST ? 0 : (size_t)n;
}

static size_t score_grams(const Maker *m)
{
    return affordable(m, SCORE_GRAM_S * (m->folds + 1) * (1 + TEXT_INNER) * m->outs, GRAMS_MAX);
}

Err make_text_dense(Ctx *cx, Maker *m, uint32_t words, uint32_t dims)
{
    Err err = OK;
    Docs d = { .n = 0 };
    float *table = NULL;
    const char *names[STEPS_OUTS_MAX];
    uint32_t n = steps_words_n(m->steps, words), raw = steps_words_raw(m->steps, words);
    size_t most = affordable(m, DENSE_GRAM_S, SVD_GRAMS_MAX);
    if (!most) return OK;
    TRY(cx, docs_make(cx, m, words, most, &d));
    if (dims > d.n / DOCS_A_DIM) dims = (uint32_t)(d.n / DOCS_A_DIM);
    if (dims > n) dims = n;
    if (!dims) goto done;
    for (uint32_t i = 0; i < dims; i++) {
        char *name;
        TRY_DONE(cx, make_name(cx, &name, "%s.topic%02u", m->schema->col[raw].name, i + 1));
        names[i] = name;
    }
    GET_DONE(cx, table, (size_t)n * dims, "pressing %u words", n);
    TRY_DONE(cx, singular(cx, &d, n, dims, table));
    TRY_DONE(
        cx,
        make_add(
            cx, m,
            &(StepAdd){
                .op = STEP_TEXT_DENSE, .a = words, .b = STEPS_NONE, .outs = dims, .name = names, .table = table },
            false));
done:
    docs_drop(cx, &d);
    ctx_put(cx, table);
    return err;
}

/* ------------------------------------------------------------------ linear score */

static bool learns(const Maker *m, size_t row, uint32_t part, uint32_t inner)
{
    return folds_learns(&m->split, part, row) && m->inner[row] % TEXT_INNER != inner;
}

/* to = (documents' documents + PULL) p, over the documents that learn. */
static void normal_times(const Maker *m, const Docs *d, size_t words, uint32_t part, uint32_t inner,
                         const double *p, double *to)
{
    for (size_t i = 0; i < words; i++) to[i] = PULL * p[i];
    for (size_t i = 0; i < d->n; i++) {
        double at = 0;
        if (!learns(m, d->row[i], part, inner)) continue;
        for (size_t j = d->start[i]; j < d->start[i + 1]; j++) at += p[d->place[j]] * d->weight[j];
        for (size_t j = d->start[i]; j < d->start[i + 1]; j++) to[d->place[j]] += at * d->weight[j];
    }
}

/* Ridge weights of one output from the documents outside fold `part` and inner fold `inner` (TEXT_INNER: all), by
** conjugate gradients.  space: 4 x words numbers. */
static void ridge(const Maker *m, const Docs *d, size_t words, uint32_t part, uint32_t inner, uint32_t out,
                  double *space, float *table, float *other)
{
    double sum = 0, n = 0, left = 0, first, *w = space, *rest = w + words, *p = rest + words, *q = p + words;
    for (size_t i = 0; i < d->n; i++)
        if (learns(m, d->row[i], part, inner)) {
            sum += make_target_of(m, d->row[i], out);
            n++;
        }
    double mean = n ? sum / n : 0;
    memset(space, 0, 4 * words * sizeof *space);
    for (size_t i = 0; i < d->n; i++) {
        double y = make_target_of(m, d->row[i], out) - mean;
        if (!learns(m, d->row[i], part, inner)) continue;
        for (size_t j = d->start[i]; j < d->start[i + 1]; j++) rest[d->place[j]] += y * d->weight[j];
    }
    for (size_t i = 0; i < words; i++) left += (p[i] = rest[i]) * rest[i];
    first = left;
    for (int pass = 0; pass < PASSES_MAX && left > STILL * first; pass++) {
        double along = 0, before = left;
        normal_times(m, d, words, part, inner, p, q);
        for (size_t i = 0; i < words; i++) along += p[i] * q[i];
        double step = left / along;
        left = 0;
        for (size_t i = 0; i < words; i++) {
            w[i] += step * p[i];
            rest[i] -= step * q[i];
            left += rest[i] * rest[i];
        }
        for (size_t i = 0; i < words; i++) p[i] = rest[i] + left / before * p[i];
    }
    for (size_t i = 0; i < words; i++) table[i * m->outs + out] = (float)w[i];
    other[out] = (float)mean;
}

Err make_text_score(Ctx *cx, Maker *m, uint32_t words)
{
    Err err = OK;
    Docs d = { .n = 0 };
    double *space = NULL;
    float *table = NULL, *other = NULL;
    const char *names[MAKE_CLASSES_MAX];
    char *what;
    uint32_t n = steps_words_n(m->steps, words), parts = m->folds + 1;
    size_t each = (size_t)n * m->outs;
    TRY(cx, make_name(cx, &what, "%s.score", m->schema->col[steps_words_raw(m->steps, words)].name));
    TRY(cx, make_out_names(cx, m, what, names));
    if (!score_grams(m)) return OK;
    TRY(cx, docs_make(cx, m, words, score_grams(m), &d));
    GET_DONE(cx, space, 4 * (size_t)n, "scoring %u words", n);
    GET_DONE(cx, table, each * parts, "scoring %u words", n);
    GET_DONE(cx, other, (size_t)m->outs * parts, "scoring %u words", n);
    for (uint32_t p = 0; p < parts; p++)
        for (uint32_t o = 0; o < m->outs; o++)
            ridge(m, &d, n, p, TEXT_INNER, o, space, table + p * each, other + (size_t)p * m->outs);
    TRY_DONE(cx, make_add(cx, m,
                          &(StepAdd){ .op = STEP_TEXT_SCORE,
                                      .a = words,
                                      .b = STEPS_NONE,
                                      .outs = m->outs,
                                      .name = names,
                                      .parted = true,
                                      .table = table,
                                      .other = other },
                          true));
done:
    docs_drop(cx, &d);
    ctx_put(cx, space);
    ctx_put(cx, table);
    ctx_put(cx, other);
    return err;
}

/* Scores of one row in every part that learned from it, by the weights that did not see it. */
static void score_row(const Maker *m, size_t r, const uint32_t *place, const float *weight, size_t n, size_t each,
                      const float *table, const float *other, uint32_t first)
{
    for (uint32_t p = 0; p <= m->folds; p++) {
        if (!folds_learns(&m->split, p, r)) continue;
        size_t fit = (size_t)p * TEXT_INNER + m->inner[r] % TEXT_INNER;
        for (uint32_t o = 0; o < m->outs; o++) {
            const float *w = table + fit * each + o;
            double sum = other[fit * m->outs + o];
            for (size_t j = 0; j < n; j++) sum += (double)weight[j] * w[(size_t)place[j] * m->outs];
            steps_frame_column(m->frame, p, first + o)[r] = (float)sum;
        }
    }
}

static Err score_rows(Ctx *cx, const Maker *m, uint32_t words, size_t each, const float *table, const float *other,
                      uint32_t first)
{
    Err err = OK;
    uint32_t *place = NULL, raw = steps_words_raw(m->steps, words);
    float *weight = NULL;
    GET_DONE(cx, place, STEPS_GRAMS_MAX, "scoring texts");
    GET_DONE(cx, weight, STEPS_GRAMS_MAX, "scoring texts");
    for (size_t r = 0; r < m->t->rows; r++) {
        size_t n;
        const char *text = text_of(m, raw, r, &n);
        if (!text) continue;
        size_t got = steps_weigh(m->steps, words, text, n, place, weight);
        score_row(m, r, place, weight, got, each, table, other, first);
    }
done:
    ctx_put(cx, place);
    ctx_put(cx, weight);
    return err;
}

Err make_text_fill(Ctx *cx, Maker *m, uint32_t words, uint32_t first)
{
    Err err = OK;
    Docs d = { .n = 0 };
    double *space = NULL;
    float *table = NULL, *other = NULL;
    uint32_t n = steps_words_n(m->steps, words), fits = (m->folds + 1) * TEXT_INNER;
    size_t each = (size_t)n * m->outs;
    TRY(cx, docs_make(cx, m, words, score_grams(m), &d));
    GET_DONE(cx, space, 4 * (size_t)n, "scoring %u words", n);
    GET_DONE(cx, table, each * fits, "scoring %u words", n);
    GET_DONE(cx, other, (size_t)m->outs * fits, "scoring %u words", n);
    for (uint32_t f = 0; f < fits; f++)
        for (uint32_t o = 0; o < m->outs; o++)
            ridge(m, &d, n, f / TEXT_INNER, f % TEXT_INNER, o, space, table + f * each,
                  other + (size_t)f * m->outs);
    TRY_DONE(cx, score_rows(cx, m, words, each, table, other, first));
done:
    docs_drop(cx, &d);
    ctx_put(cx, space);
    ctx_put(cx, table);
    ctx_put(cx, other);
    return err;
}

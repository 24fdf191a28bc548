/* learn/symmetric_grow.c -- the shape of one symmetric tree, level by level.
**
** A level asks the question that, asked of all leaves at once, makes the leaves' mean gradients agree most with the rows'
** gradients: their cosine (CatBoost's score of that name; Prokhorenkova et al. 2018, Ibragimov, Gusev 2019).  Noise on the
** scores keeps trees from agreeing too early.  A column's histogram holds SYM_LANES leaves side by side, so that one pass
** over its codes looks at as many leaves at once, and sums never run across lanes: the result is the same for any vectors.
** With many rows a level reads only the smaller half of every leaf; the other is what is left of the parent.
**
** Cost a tree: rows * columns * depth / 2 to read, columns * codes * leaves to look at.
*/
#include "learn/symmetric.h"

#include "base/vector.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define NOISES 4096u               /* normal numbers to choose from, a run at a time: a power of two */
#define KEEP_ROWS 400u             /* from so many on histograms are kept and halves subtracted, ... */
#define KEEP_BYTES ((size_t)96 << 20)      /* ... where they need no more than that */
#define GAIN_MIN 1e-5              /* relative, above the rounding of float sums: less is no gain */

/* Lanes of a histogram: plain arithmetic on eight numbers side by side. */
typedef float Lanes __attribute__((vector_size(32), aligned(4), may_alias));
typedef int32_t Masks __attribute__((vector_size(32), aligned(4), may_alias));

typedef struct Visit { uint32_t row, at; uint16_t block, lane; } Visit;     /* row: place of its codes; at: of its slope */

struct SymGrow {
    const SymData *d;
    SymShape shape;
    uint32_t wide;                 /* outputs + 1: numbers a leaf has for each code */
    bool keep;                     /* histograms are kept from level to level */
    size_t *hist_at;               /* of each column, where they are kept */
    float *hist;
    float *total;                  /* blocks x wide x lanes */
    uint16_t *leaf;                /* rows */
    Visit *visit;
    uint32_t visits_n;
    uint32_t *count;               /* leaves: rows */
    float *right_small;            /* parents: 1 where the right half is the smaller, else 0 */
    float *noise;                  /* NOISES + SYM_CODES_MAX */
    uint32_t *order;               /* columns, for choosing some */
    float score[SYM_CODES_MAX];
};

static uint32_t blocks_of(uint32_t leaves) { return (leaves + SYM_LANES - 1) / SYM_LANES; }

static size_t hist_floats(const SymGrow *g, const SymColumn *c, uint32_t leaves)
{
    return (size_t)blocks_of(leaves) * c->codes * g->wide * SYM_LANES;
}

Err sym_grow_new(Ctx *cx, const SymData *d, const SymShape *shape, uint64_t seed, SymGrow **out)
{
    Err err = OK;
    SymGrow *g = NULL;
    uint32_t leaves = 1u << shape->depth, last = leaves / 2;        /* the last level looks at half of them */
    size_t all = 0, most = 0;
    Random r = random_make(seed, "symmetric noise", 0, 0);
    *out = NULL;
    GET_DONE(cx, g, 1, "growing symmetric trees");
    g->d = d;
    g->shape = *shape;
    g->wide = shape->outputs + 1;
    GET_DONE(cx, g->hist_at, d->columns_n + 1, "growing symmetric trees of %u columns", d->columns_n);
    for (uint32_t i = 0; i < d->columns_n; i++) {
        size_t own = hist_floats(g, &d->column[i], last);
        g->hist_at[i] = all;
        all += own;
        if (own > most) most = own;
    }
    g->keep = d->n >= KEEP_ROWS && all * sizeof(float) <= KEEP_BYTES;
    GET_DONE(cx, g->hist, g->keep ? all : most, "growing symmetric trees of %u columns", d->columns_n);
    GET_DONE(cx, g->total, (size_t)blocks_of(last) * g->wide * SYM_LANES, "growing symmetric trees");
    GET_DONE(cx, g->leaf, d->n, "growing symmetric trees on %u rows", d->n);
    GET_DONE(cx, g->visit, d->n, "growing symmetric trees on %u rows", d->n);
    GET_DONE(cx, g->count, leaves, "growing symmetric trees");
    GET_DONE(cx, g->right_small, leaves, "growing symmetric trees");
    GET_DONE(cx, g->noise, NOISES + SYM_CODES_MAX, "growing symmetric trees");
    GET_DONE(cx, g->order, d->columns_n + 1, "growing symmetric trees of %u columns", d->columns_n);
    for (uint32_t i = 0; i < NOISES + SYM_CODES_MAX; i++) g->noise[i] = i < NOISES ? (float)random_normal(&r) : g->noise[i - NOISES];
    *out = g;
    g = NULL;
done:
    sym_grow_drop(cx, g);
    return err;
}

void sym_grow_drop(Ctx *cx, SymGrow *g)
{
    if (!g) return;
    ctx_put(cx, g->hist_at);
    ctx_put(cx, g->hist);
    ctx_put(cx, g->total);
    ctx_put(cx, g->leaf);
    ctx_put(cx, g->visit);
    ctx_put(cx, g->count);
    ctx_put(cx, g->right_small);
    ctx_put(cx, g->noise);
    ctx_put(cx, g->order);
    ctx_put(cx, g);
}

/* Add the rows to be visited to a column's histogram. */
static void add_rows(const SymGrow *g, const SymColumn *c, uint32_t order, const float *slope, float *hist)
{
    const uint8_t *code = c->code[order];
    const Visit *visit = g->visit;
    uint32_t wide = g->wide, codes = c->codes, n = g->visits_n;
    if (wide == 2)
        for (uint32_t i = 0; i < n; i++) {
            float *cell = hist + ((size_t)(visit[i].block * codes + code[visit[i].row]) * 2 * SYM_LANES + visit[i].lane);
            const float *s = slope + (size_t)visit[i].at * 2;
            cell[0] += s[0];
            cell[SYM_LANES] += s[1];
        }
    else
        for (uint32_t i = 0; i < n; i++) {
            float *cell = hist + ((size_t)(visit[i].block * codes + code[visit[i].row]) * wide * SYM_LANES + visit[i].lane);
            const float *s = slope + (size_t)visit[i].at * wide;
            for (uint32_t k = 0; k < wide; k++) cell[k * SYM_LANES] += s[k];
        }
}

/* At the root all lanes take rows in turn, so that no sum waits for the one before; then the first gets them all. */
static void fold_lanes(const SymGrow *g, const SymColumn *c, float *hist)
{
    for (size_t i = 0; i < (size_t)c->codes * g->wide; i++, hist += SYM_LANES) {
        float sum = ((hist[0] + hist[4]) + (hist[1] + hist[5])) + ((hist[2] + hist[6]) + (hist[3] + hist[7]));
        memset(hist, 0, SYM_LANES * sizeof *hist);
        hist[0] = sum;
    }
}

/* The new half of every leaf was added up in its own slot, if it was the smaller, or else what is now its sibling. */
static void take_halves(const SymGrow *g, const SymColumn *c, float *hist, uint32_t parents)
{
    size_t cells = (size_t)c->codes * g->wide;
    if (parents < SYM_LANES) {
        for (size_t i = 0; i < cells; i++)
            for (uint32_t l = 0; l < parents; l++) {
                float *old = &hist[i * SYM_LANES + l], *new = old + parents, rest = *old - *new;
                *old = g->right_small[l] > 0 ? rest : *new;
                *new = g->right_small[l] > 0 ? *new : rest;
            }
        return;
    }
    for (uint32_t b = 0; b < parents / SYM_LANES; b++) {
        float *old = hist + b * cells * SYM_LANES, *new = old + parents / SYM_LANES * cells * SYM_LANES;
        const float *small = g->right_small + b * SYM_LANES;
        for (size_t i = 0; i < cells; i++)
            for (uint32_t l = 0; l < SYM_LANES; l++) {
                float was = new[i * SYM_LANES + l], rest = old[i * SYM_LANES + l] - was;
                old[i * SYM_LANES + l] = small[l] > 0 ? rest : was;
                new[i * SYM_LANES + l] = small[l] > 0 ? was : rest;
            }
    }
}

/* The cosine for every cut of a column. */
VECTOR_CLONES static void score_cuts(const float *hist, const float *total, uint32_t blocks, uint32_t codes, uint32_t cuts,
                                     uint32_t wide, bool one_level, float l2, float *score)
{
    Lanes up[SYM_CODES_MAX], down[SYM_CODES_MAX], left[2];
    const Lanes zero = { 0 };
    const float carry = one_level ? 0 : 1;         /* of the codes before a cut */
    for (uint32_t k = 0; k < cuts; k++) up[k] = down[k] = zero;
    for (uint32_t b = 0; b < blocks; b++) {
        const Lanes *cell = (const Lanes *)(const void *)(hist + (size_t)b * codes * wide * SYM_LANES);
        const Lanes *all = (const Lanes *)(const void *)(total + (size_t)b * wide * SYM_LANES);
        left[0] = left[1] = zero;
        if (wide == 2)
            for (uint32_t k = 0; k < cuts; k++, cell += 2) {
                left[0] = left[0] * carry + cell[0];
                left[1] = left[1] * carry + cell[1];
                Lanes right = all[0] - left[0], rest = all[1] - left[1];
                rest = (Lanes)((Masks)rest & (rest > zero));             /* rounding may say a little less than none */
                Lanes a = left[0] / (left[1] + l2), c = right / (rest + l2);
                up[k] += left[0] * a + right * c;
                down[k] += a * a * left[1] + c * c * rest;
            }
        else {
            Lanes sum[SYM_CODES_MAX];
            for (uint32_t k = 0; k < cuts; k++) {
                left[1] = left[1] * carry + cell[k * wide + wide - 1];
                sum[k] = left[1];
            }
            for (uint32_t o = 0; o + 1 < wide; o++) {
                left[0] = zero;
                for (uint32_t k = 0; k < cuts; k++) {
                    left[0] = left[0] * carry + cell[k * wide + o];
                    Lanes right = all[o] - left[0], rest = all[wide - 1] - sum[k];
                    rest = (Lanes)((Masks)rest & (rest > zero));
                    Lanes a = left[0] / (sum[k] + l2), c = right / (rest + l2);
                    up[k] += left[0] * a + right * c;
                    down[k] += a * a * sum[k] + c * c * rest;
                }
            }
        }
    }
    for (uint32_t k = 0; k < cuts; k++) {
        const Lanes u = up[k], d = down[k];
        float n = ((u[0] + u[4]) + (u[1] + u[5])) + ((u[2] + u[6]) + (u[3] + u[7]));
        float m = ((d[0] + d[4]) + (d[1] + d[5])) + ((d[2] + d[6]) + (d[3] + d[7]));
        score[k] = m > 0 ? n / sqrtf(m) : 0;
    }
}

/* What the leaves are worth unasked. */
static double score_now(const SymGrow *g, uint32_t leaves)
{
    double up = 0, down = 0;
    for (uint32_t l = 0; l < leaves; l++) {
        const float *all = g->total + (size_t)(l / SYM_LANES) * g->wide * SYM_LANES + l % SYM_LANES;
        double w = (double)all[(g->wide - 1) * SYM_LANES];
        for (uint32_t o = 0; o + 1 < g->wide; o++) {
            double s = (double)all[o * SYM_LANES], a = s / (w + g->shape.l2);
            up += s * a;
            down += a * a * w;
        }
    }
    return down > 0 ? up / sqrt(down) : 0;
}

static void add_totals(SymGrow *g, const float *slope, uint32_t m, uint32_t leaves)
{
    memset(g->total, 0, (size_t)blocks_of(leaves) * g->wide * SYM_LANES * sizeof *g->total);
    memset(g->count, 0, leaves * sizeof *g->count);
    for (uint32_t i = 0; i < m; i++) {
        float *all = g->total + (size_t)(g->leaf[i] / SYM_LANES) * g->wide * SYM_LANES + g->leaf[i] % SYM_LANES;
        for (uint32_t k = 0; k < g->wide; k++) all[k * SYM_LANES] += slope[(size_t)i * g->wide + k];
        g->count[g->leaf[i]]++;
    }
}

/* Which rows a level reads. */
static void choose_visits(SymGrow *g, const uint32_t *row, uint32_t m, uint32_t level)
{
    uint32_t parents = level ? 1u << (level - 1) : 0;
    g->visits_n = 0;
    for (uint32_t p = 0; p < parents; p++) g->right_small[p] = g->count[p + parents] <= g->count[p] ? 1.f : 0.f;
    for (uint32_t i = 0; i < m; i++) {
        uint32_t leaf = g->leaf[i], at = leaf;
        if (g->keep && level) {
            bool right = leaf >= parents;
            uint32_t p = right ? leaf - parents : leaf;
            if (right != (g->right_small[p] > 0)) continue;
            at = p + parents;
        }
        if (!level) at = i % SYM_LANES;
        g->visit[g->visits_n++] = (Visit){ row[i], i, (uint16_t)(at / SYM_LANES), (uint16_t)(at % SYM_LANES) };
    }
}

/* A column's histogram at this level. */
static const float *histogram(SymGrow *g, uint32_t column, uint32_t order, const float *slope, uint32_t level)
{
    const SymColumn *c = &g->d->column[column];
    float *hist = g->hist + (g->keep ? g->hist_at[column] : 0);
    uint32_t leaves = 1u << level, parents = leaves / 2;
    size_t all = hist_floats(g, c, leaves), had = g->keep && level ? hist_floats(g, c, parents) : 0;
    memset(hist + had, 0, (all - had) * sizeof *hist);
    add_rows(g, c, order, slope, hist);
    if (!level) fold_lanes(g, c, hist);
    if (g->keep && level) take_halves(g, c, hist, parents);
    return hist;
}

static bool is_used(const SymTree *t, uint32_t column, uint32_t cut)
{
    for (uint32_t i = 0; i < t->depth; i++)
        if (t->column[i] == column && t->cut[i] == cut) return true;
    return false;
}

/* The best cut of a column; its score without noise.  Cuts of the tree so far are no news, and one that parts no rows must
** not be chosen by noise: a row that comes later could go where none ever was. */
static bool best_cut(SymGrow *g, const SymTree *t, uint32_t column, const float *hist, float noise, double now, Random *random,
                     uint32_t *cut, double *score)
{
    const SymColumn *c = &g->d->column[column];
    uint32_t leaves = 1u << t->depth, best = UINT32_MAX;
    float most = -INFINITY;
    score_cuts(hist, g->total, blocks_of(leaves), c->codes, c->cuts, g->wide, c->kind == SYM_LEVEL, (float)g->shape.l2, g->score);
    const float *normal = g->noise + random_bits(random) % NOISES;
    for (uint32_t k = 0; k < c->cuts; k++) {
        float s = g->score[k] + noise * normal[k];
        if (!(s > most) || !((double)g->score[k] > now * (1 + GAIN_MIN)) || is_used(t, column, k)) continue;
        most = s;
        best = k;
    }
    if (best == UINT32_MAX) return false;
    *cut = best;
    *score = (double)g->score[best];
    return true;
}

static void answer(const SymColumn *c, const uint8_t *code, uint32_t cut, uint32_t level, uint16_t *leaf, uint32_t n)
{
    uint16_t bit = (uint16_t)(1u << level);
    if (c->kind == SYM_LEVEL)
        for (uint32_t i = 0; i < n; i++) leaf[i] = (uint16_t)(leaf[i] | (code[i] != cut ? bit : 0));
    else
        for (uint32_t i = 0; i < n; i++) leaf[i] = (uint16_t)(leaf[i] | (code[i] > cut ? bit : 0));
}

/* Choose the columns that a level looks at: the first so many of order[]. */
static uint32_t choose_columns(SymGrow *g, Random *random)
{
    uint32_t all = g->d->columns_n, n = (uint32_t)fmax(1, ceil(g->shape.columns * all));
    for (uint32_t i = 0; i < all; i++) g->order[i] = i;
    for (uint32_t i = 0; i < n && n < all; i++) {
        uint32_t j = i + (uint32_t)random_below(random, all - i), c = g->order[j];
        g->order[j] = g->order[i];
        g->order[i] = c;
    }
    return n < all ? n : all;
}

void sym_grow_tree(SymGrow *g, const uint32_t *row, const float *slope, uint32_t m, uint32_t order, double noise,
                   Random *random, SymTree *out)
{
    const SymData *d = g->d;
    *out = (SymTree){ 0 };
    memset(g->leaf, 0, m * sizeof *g->leaf);
    for (uint32_t level = 0; level < g->shape.depth; level++) {
        uint32_t best = UINT32_MAX, cut = 0, looked;
        double most = -INFINITY;
        add_totals(g, slope, m, 1u << level);
        choose_visits(g, row, m, level);
        double now = score_now(g, 1u << level);
        looked = choose_columns(g, random);
        for (uint32_t i = 0; i < d->columns_n; i++) {
            uint32_t own = 0, j = g->order[i];
            double score = 0;
            if (i >= looked && !g->keep) break;              /* what is kept is kept up to date */
            const float *hist = histogram(g, j, order, slope, level);
            if (i >= looked || !best_cut(g, out, j, hist, (float)noise, now, random, &own, &score)) continue;
            score += noise * (double)g->noise[random_bits(random) % NOISES];
            if (score <= most) continue;
            most = score;
            best = j;
            cut = own;
        }
        if (best == UINT32_MAX) return;
        out->column[level] = best;
        out->cut[level] = (uint8_t)cut;
        out->depth++;
        for (uint32_t i = 0; i < m; i++) {
            uint32_t code = d->column[best].code[order][row[i]];
            bool right = d->column[best].kind == SYM_LEVEL ? code != cut : code > cut;
            g->leaf[i] = (uint16_t)(g->leaf[i] | right << level);
        }
    }
}

void sym_leaves(const SymData *d, const SymTree *t, uint32_t order, uint16_t *leaf)
{
    memset(leaf, 0, d->n * sizeof *leaf);
    for (uint32_t l = 0; l < t->depth; l++)
        answer(&d->column[t->column[l]], d->column[t->column[l]].code[order], t->cut[l], l, leaf, d->n);
}

void sym_leaves_valid(const SymData *d, const SymTree *t, uint16_t *leaf)
{
    memset(leaf, 0, d->valid_n * sizeof *leaf);
    for (uint32_t l = 0; l < t->depth; l++)
        answer(&d->column[t->column[l]], d->column[t->column[l]].valid, t->cut[l], l, leaf, d->valid_n);
}

double sym_level_s(double rows, double columns, double codes, uint32_t depth, uint32_t outputs)
{
    double leaves = exp2(depth), read = rows * columns * depth * (rows >= KEEP_ROWS ? .7 : 1) * 1.3e-9 * (outputs + 1) / 2;
    return read + columns * codes * outputs * (leaves / SYM_LANES + 3) * 7e-9;
}

double sym_bytes(double rows, double columns, double codes, uint32_t depth, uint32_t outputs)
{
    double hist = columns * codes * (outputs + 1) * 4 * fmax(SYM_LANES, exp2(depth - 1.0));
    return rows * (columns + 30 + 12 * outputs) + (rows >= KEEP_ROWS ? fmin(hist, (double)KEEP_BYTES) : 65536);
}

/* model/trees_bits.c -- many rows at a time through a tree, by bits instead of steps.
**
** A row starts with a bit for every leaf; a split that sends it right clears the leaves on its left, whether or not the
** row would ever get there.  The leftmost bit that is left is its leaf.  Splits are then independent of one another: no
** step waits for the one before, none is foreseen wrongly, and TREES_GROUP rows take each split together.
** Source: QuickScorer (Lucchese et al., SIGIR 2015), V-QuickScorer (2016), and RapidScorer (Ye et al., KDD 2018) for
** joining equal splits.  Unlike theirs splits stay with their tree, so that the bits stay in registers and sums are
** added in the order of the trees.  A tree of more than 32 leaves is several planes of 32; a split is in each plane of
** which it clears leaves.  Work: a few operations a split for all rows of a group; so large trees are walked instead, and
** all trees where there are no wide instructions (measured: with four lanes it is the slower way).
**
** Nothing of this is stored or kept: a tree is laid out when a block of rows meets it, which costs what a few dozen rows do.
*/
#include "model/trees_inner.h"

#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define WIDE 1
#endif

#define NODES_MAX (2 * TREES_BITS_LEAVES_MAX - 1)

/* ----------------------------------------------------------------- laying out */

static uint32_t clears(uint32_t from, uint32_t to, uint32_t plane)
{
    uint32_t a = from > plane * 32 ? from - plane * 32 : 0, b = to - plane * 32 < 32 ? to - plane * 32 : 32, n = b - a;
    return (n == 32 ? UINT32_MAX : (1u << n) - 1) << (32 - b);
}

/* The next entry of a plane that reads so; equal ones, which trees of one split a level have, are joined. */
static void put(TreesBits *to, TreesPlane *p, TreeReads reads, uint32_t what, uint32_t cell, uint32_t keep)
{
    TreesBit *last = &to->bit[p->from[reads] + p->n[reads]];
    if (p->n[reads] && last[-1].what == what && last[-1].cell == cell) {
        last[-1].keep &= keep;
        return;
    }
    *last = (TreesBit){ what, cell, keep };
    p->n[reads]++;
}

bool trees_bits_add(const Trees *m, const Tree *t, TreesBits *to)
{
    uint16_t first[NODES_MAX], leaves[NODES_MAX];         /* of the leaves below a node, from left to right */
    uint32_t planes = (t->leaves + 31) / 32;
    const TreeNode *node = m->node + t->node0;
    if (t->leaves > to->leaves_max || to->trees_n == TREES_BITS_TREES || to->leaves_n + t->leaves > TREES_BITS_LEAVES ||
        to->planes_n + planes > TREES_BITS_PLANES)
        return false;
    for (uint32_t i = t->nodes; i-- > 0;) leaves[i] = trees_is_leaf(node, i) ? 1 : (uint16_t)(leaves[node[i].left] + leaves[node[i].left + 1]);
    uint32_t need[TREES_BITS_LEAVES_MAX / 32][READS_SETS + 1] = { { 0 } }, all = 0;
    first[0] = 0;
    for (uint32_t i = 0; i < t->nodes; i++) {
        uint32_t left = node[i].left;
        if (left == i) continue;
        first[left] = first[i];
        first[left + 1] = (uint16_t)(first[i] + leaves[left]);
        TreeReads reads = node[i].view < m->number_views_n ? READS_NUMBERS : node[i].view < m->word_views_n ? READS_WORDS : READS_SETS;
        for (uint32_t q = first[i] / 32; q <= (first[left + 1] - 1u) / 32; q++) need[q][reads]++, all++;
    }
    if (to->bits_n + all > TREES_BITS) return false;
    TreesPlane *plane = &to->plane[to->planes_n];
    uint32_t at = to->bits_n;
    for (uint32_t q = 0; q < planes; q++)
        for (uint32_t r = READS_NUMBERS; r <= READS_SETS; r++) {
            plane[q].from[r] = at;
            plane[q].n[r] = 0;
            at += need[q][r];
        }
    to->bits_n = at;
    const double *value = m->value + t->leaf0;
    for (uint32_t i = 0; i < t->nodes; i++) {
        uint32_t left = node[i].left;
        if (left == i) {
            to->leaf[to->leaves_n + first[i]] = node[i].u.set;
            if (m->leaf_values == 1) to->value[to->leaves_n + first[i]] = value[node[i].u.set];
            continue;
        }
        TreeReads reads = node[i].view < m->number_views_n ? READS_NUMBERS : node[i].view < m->word_views_n ? READS_WORDS : READS_SETS;
        uint32_t from = first[i], end = first[left + 1];
        for (uint32_t q = from / 32; q <= (end - 1) / 32; q++)
            put(to, &plane[q], reads, node[i].u.set, node[i].view * TREES_GROUP, ~clears(from, end, q));
    }
    to->tree[to->trees_n++] = (TreesBitTree){ to->planes_n, planes, to->leaves_n, t->leaves };
    to->planes_n += planes;
    to->leaves_n += t->leaves;
    return true;
}

/* -------------------------------------------------------------------- walking */

#ifdef WIDE

typedef float Floats __attribute__((vector_size(32), aligned(4)));
typedef int32_t Ints __attribute__((vector_size(32), aligned(4)));
#define LANES 8u
#define PARTS (TREES_GROUP / LANES)

/* Rows that a split of a set sends right, one at a time: such splits are few. */
static uint32_t rights(const Trees *m, const TreesBit *b, const float *cell)
{
    uint32_t out = 0;
    for (uint32_t l = 0; l < TREES_GROUP; l++) {
        uint32_t code;
        memcpy(&code, cell + b->cell + l, sizeof code);
        out |= (uint32_t)!trees_in_set(m, b->what, code) << l;
    }
    return out;
}

/* One plane, in lanes of eight: what is left of the bits of each row. */
static inline __attribute__((always_inline)) void plane_of_eights(const Trees *m, const TreesBits *s, const TreesPlane *p, const float *cell, Ints *a)
{
    const TreesBit *b = s->bit + p->from[READS_NUMBERS];
    for (uint32_t g = 0; g < PARTS; g++) a[g] = ~(Ints){ 0 };
    for (uint32_t i = 0; i < p->n[READS_NUMBERS]; i++, b++) {
        float to;
        memcpy(&to, &b->what, sizeof to);
        Floats at = to - (Floats){ 0 };
        Ints keep = (int32_t)b->keep - (Ints){ 0 };
        const Floats *x = (const Floats *)(cell + b->cell);
        _Pragma("GCC unroll 4") for (uint32_t g = 0; g < PARTS; g++) a[g] &= keep | (Ints)(x[g] <= at);
    }
    b = s->bit + p->from[READS_WORDS];
    for (uint32_t i = 0; i < p->n[READS_WORDS]; i++, b++) {
        Ints set = (int32_t)b->what - (Ints){ 0 }, keep = (int32_t)b->keep - (Ints){ 0 };
        const Ints *x = (const Ints *)(cell + b->cell);
        _Pragma("GCC unroll 4") for (uint32_t g = 0; g < PARTS; g++) a[g] &= keep | ((x[g] & set) != 0);
    }
    b = s->bit + p->from[READS_SETS];
    for (uint32_t i = 0; i < p->n[READS_SETS]; i++, b++) {
        uint32_t right = rights(m, b, cell);
        for (uint32_t l = 0; l < TREES_GROUP; l++)
            if (right >> l & 1) a[l / LANES][l % LANES] &= (int32_t)b->keep;
    }
}

#define WALK_EIGHTS                                                                                                \
    Ints a[PARTS];                                                                                                 \
    plane_of_eights(m, s, p, cell, a);                                                                             \
    for (uint32_t l = 0; l < TREES_GROUP; l++) {                                                                   \
        uint32_t bits = (uint32_t)a[l / LANES][l % LANES];                                                         \
        leaf[l] = bits ? (uint32_t)__builtin_clz(bits) : UINT32_MAX;                                               \
    }                                                                                                              \
    for (uint32_t q = 1; q < t->planes; q++) {                                                                     \
        plane_of_eights(m, s, p + q, cell, a);                                                                     \
        for (uint32_t l = 0; l < TREES_GROUP; l++) {                                                               \
            uint32_t bits = (uint32_t)a[l / LANES][l % LANES];                                                     \
            if (leaf[l] == UINT32_MAX && bits) leaf[l] = 32 * q + (uint32_t)__builtin_clz(bits);                   \
        }                                                                                                          \
    }                                                                                                              \
    for (uint32_t l = 0; value && l < TREES_GROUP; l++) sum[l] += value[leaf[l]]

__attribute__((target("avx2,lzcnt")))
static void walk_256(const Trees *m, const TreesBits *s, const TreesBitTree *t, const TreesPlane *p, const float *cell, const double *value, double *sum, uint32_t *leaf)
{
    WALK_EIGHTS;
}

#define WIDEST __attribute__((target("avx512f,avx512cd")))

WIDEST static inline void plane_of_sixteens(const Trees *m, const TreesBits *s, const TreesPlane *p, const float *cell, __m512i *a0, __m512i *a1)
{
    const TreesBit *b = s->bit + p->from[READS_NUMBERS];
    __m512i u = _mm512_set1_epi32(-1), v = u;
    for (uint32_t i = 0; i < p->n[READS_NUMBERS]; i++, b++) {
        __m512 at = _mm512_castsi512_ps(_mm512_set1_epi32((int)b->what));
        __m512i keep = _mm512_set1_epi32((int)b->keep);
        const float *x = cell + b->cell;
        u = _mm512_mask_and_epi32(u, _mm512_cmp_ps_mask(at, _mm512_loadu_ps(x), _CMP_NGE_UQ), u, keep);
        v = _mm512_mask_and_epi32(v, _mm512_cmp_ps_mask(at, _mm512_loadu_ps(x + 16), _CMP_NGE_UQ), v, keep);
    }
    b = s->bit + p->from[READS_WORDS];
    for (uint32_t i = 0; i < p->n[READS_WORDS]; i++, b++) {
        __m512i set = _mm512_set1_epi32((int)b->what), keep = _mm512_set1_epi32((int)b->keep);
        const float *x = cell + b->cell;
        u = _mm512_mask_and_epi32(u, _mm512_testn_epi32_mask(set, _mm512_loadu_si512(x)), u, keep);
        v = _mm512_mask_and_epi32(v, _mm512_testn_epi32_mask(set, _mm512_loadu_si512(x + 16)), v, keep);
    }
    b = s->bit + p->from[READS_SETS];
    for (uint32_t i = 0; i < p->n[READS_SETS]; i++, b++) {
        uint32_t right = rights(m, b, cell);
        __m512i keep = _mm512_set1_epi32((int)b->keep);
        u = _mm512_mask_and_epi32(u, (__mmask16)right, u, keep);
        v = _mm512_mask_and_epi32(v, (__mmask16)(right >> 16), v, keep);
    }
    *a0 = u;
    *a1 = v;
}

/* Values of up to 32 leaves fit in four registers: they are dealt out without going through memory. */
WIDEST static inline void add_few(uint32_t leaves, const double *value, __m512i at0, __m512i at1, double *sum)
{
    __m512d a = _mm512_loadu_pd(value), b = _mm512_loadu_pd(value + 8), c = a, d = a;
    if (leaves > 16) c = _mm512_loadu_pd(value + 16), d = _mm512_loadu_pd(value + 24);
    __m512i at[4] = { _mm512_cvtepu32_epi64(_mm512_castsi512_si256(at0)), _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(at0, 1)),
                      _mm512_cvtepu32_epi64(_mm512_castsi512_si256(at1)), _mm512_cvtepu32_epi64(_mm512_extracti64x4_epi64(at1, 1)) };
    _Pragma("GCC unroll 4") for (uint32_t g = 0; g < 4; g++) {
        __m512d v = _mm512_permutex2var_pd(a, at[g], b);
        if (leaves > 16) {
            __mmask8 high = _mm512_test_epi64_mask(at[g], _mm512_set1_epi64(16));
            v = _mm512_mask_blend_pd(high, v, _mm512_permutex2var_pd(c, at[g], d));
        }
        _mm512_storeu_pd(sum + 8 * g, _mm512_add_pd(_mm512_loadu_pd(sum + 8 * g), v));
    }
}

WIDEST static void walk_512(const Trees *m, const TreesBits *s, const TreesBitTree *t, const TreesPlane *p, const float *cell, const double *value,
                            double *sum, uint32_t *leaf)
{
    __m512i u, v;
    plane_of_sixteens(m, s, p, cell, &u, &v);
    __m512i at0 = _mm512_lzcnt_epi32(u), at1 = _mm512_lzcnt_epi32(v);
    if (t->planes == 1 && value) {
        add_few(t->leaves, value, at0, at1, sum);
        return;
    }
    __mmask16 open0 = _mm512_testn_epi32_mask(u, u), open1 = _mm512_testn_epi32_mask(v, v);
    for (uint32_t q = 1; q < t->planes && (open0 | open1); q++) {
        plane_of_sixteens(m, s, p + q, cell, &u, &v);
        __m512i base = _mm512_set1_epi32((int)(32 * q));
        at0 = _mm512_mask_add_epi32(at0, open0, _mm512_lzcnt_epi32(u), base);
        at1 = _mm512_mask_add_epi32(at1, open1, _mm512_lzcnt_epi32(v), base);
        open0 &= _mm512_testn_epi32_mask(u, u);
        open1 &= _mm512_testn_epi32_mask(v, v);
    }
    _mm512_storeu_si512(leaf, at0);
    _mm512_storeu_si512(leaf + 16, at1);
    for (uint32_t l = 0; value && l < TREES_GROUP; l++) sum[l] += value[leaf[l]];
}

#endif

TreesWalk *trees_bits_walk(uint32_t width, uint32_t *leaves_max)
{
    *leaves_max = 0;
#ifdef WIDE
    if ((!width || width == 512) && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512cd")) {
        *leaves_max = TREES_BITS_LEAVES_MAX;
        return walk_512;
    }
    if ((!width || width == 256) && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("lzcnt")) {
        *leaves_max = 64;
        return walk_256;
    }
#endif
    (void)width;
    return NULL;
}

/* test/unit/model/test_trees.c -- the form "trees": walks equal a plain recursive walk in doubles, Shapley values equal the
** sum over all subsets of columns, stored bytes give the same model back, and no damaged byte does harm.
*/
#include "base/random.h"
#include "model/model.h"
#include "model/trees_inner.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COLS 5u
#define LEVELS 70u
#define ROWS 300u
#define PLANT_NODES 399u           /* more leaves than are walked by bits */

typedef struct Plant {             /* one random tree */
    TreesNode node[PLANT_NODES];
    uint32_t set[PLANT_NODES][3];
    double values[PLANT_NODES][3];
    size_t n;
} Plant;

typedef struct Data {
    float cell[COLS][ROWS];
    const float *col[COLS];
    Feature feature[COLS];
    Frame X;
} Data;

/* Columns 0..2 are numbers, 3 and 4 categories; many values are odd on purpose. */
static void make_data(Data *d, uint64_t seed)
{
    static const float odd[] = { NAN, INFINITY, -INFINITY, 0, -0.0f, 1e-36f, -1e-35f, 2e-35f, 3e38f, -1, 2.5f, 5e9f, 1e-45f };
    Random r = random_make(seed, "data", 0, 0);
    for (uint32_t j = 0; j < COLS; j++) {
        for (uint32_t i = 0; i < ROWS; i++) {
            float v = j < 3 ? (float)(random_normal(&r)) : (float)random_below(&r, LEVELS);
            d->cell[j][i] = random_below(&r, 4) ? v : odd[random_below(&r, sizeof odd / sizeof *odd)];
        }
        d->col[j] = d->cell[j];
        d->feature[j] = (Feature){ "x", j < 3 ? FEATURE_NUMBER : FEATURE_CATEGORY, j < 3 ? 0 : LEVELS, { j, FEATURE_NO_RAW } };
    }
    d->X = (Frame){ ROWS, COLS, d->feature, d->col };
}

/* A tree of `leaves` leaves: leaves are split at random until there are enough.  missing: what counts, by column. */
static void grow(Plant *p, Random *r, uint32_t leaves)
{
    p->n = 1;
    p->node[0] = (TreesNode){ .kind = TREES_LEAF };
    for (uint32_t k = 1; k < leaves; k++) {
        size_t at;
        do at = (size_t)random_below(r, p->n);
        while (p->node[at].kind != TREES_LEAF);
        uint32_t f = (uint32_t)random_below(r, COLS);
        TreesNode *t = &p->node[at];
        *t = (TreesNode){ .kind = f < 3 ? TREES_NUMBER : TREES_CATEGORY, .missing = (TreesMissing)f % 3, .feature = f };
        t->missing_left = random_below(r, 2);
        t->threshold = random_below(r, 9) ? random_normal(r) : 0;
        t->left = (uint32_t)p->n;
        t->right = (uint32_t)p->n + 1;
        for (int w = 0; w < 3; w++) p->set[at][w] = (uint32_t)random_bits(r);
        t->set = p->set[at];
        t->set_words = 1 + (uint32_t)random_below(r, 3);
        p->node[p->n++] = (TreesNode){ .kind = TREES_LEAF };
        p->node[p->n++] = (TreesNode){ .kind = TREES_LEAF };
    }
    for (size_t i = 0; i < p->n; i++) {
        p->node[i].value = random_normal(r);
        p->node[i].count = 1 + (uint32_t)random_below(r, 1000);
        for (int c = 0; c < 3; c++) p->values[i][c] = random_unit(r);
        p->node[i].values = p->values[i];
    }
}

/* LightGBM's decision, as its source has it. */
static bool goes_left(const TreesNode *t, double x)
{
    if (isnan(x) && t->kind == TREES_CATEGORY) return false;
    if (fabs(x) <= 1e-35f) x = 0;                       /* its prediction buffer holds such values as 0 */
    if (t->kind == TREES_CATEGORY) {
        if (!(x < 2147483648.0) || x <= -1) return false;
        uint32_t code = (uint32_t)x;
        return code / 32 < t->set_words && (t->set[code / 32] >> code % 32 & 1);
    }
    if (isnan(x) && t->missing != TREES_MISSING_NAN) x = 0;
    if (t->missing == TREES_MISSING_ZERO ? x == 0 : t->missing == TREES_MISSING_NAN && isnan(x)) return t->missing_left;
    return x <= t->threshold;
}

static size_t leaf_of(const Plant *p, const Data *d, uint32_t row)
{
    size_t at = 0;
    while (p->node[at].kind != TREES_LEAF)
        at = goes_left(&p->node[at], (double)d->cell[p->node[at].feature][row]) ? p->node[at].left : p->node[at].right;
    return at;
}

static Model *plant_all(Ctx *cx, const Plant *p, size_t n, TreesSum sum, uint32_t outputs, bool all)
{
    TreesMaker *maker;
    Model *m;
    expect_ok(cx, trees_start(cx, sum, outputs, all, COLS, 1e-3, &maker));
    for (size_t i = 0; i < n; i++) expect_ok(cx, trees_add(cx, maker, p[i].node, p[i].n, false));
    expect_ok(cx, trees_end(cx, maker, &m));
    return m;
}

#define PLANTS 12u

static void make_plants(Plant *p, uint64_t seed, uint32_t leaves)
{
    Random r = random_make(seed, "plants", 0, 0);
    for (size_t i = 0; i < PLANTS; i++) grow(&p[i], &r, i == 3 ? 1 : 2 + (uint32_t)random_below(&r, leaves - 1));
}

static void margins_equal_a_plain_walk_to_the_last_bit(void **state)
{
    (void)state;
    static Data d;
    static Plant p[PLANTS];
    static double got[ROWS * 2];
    Ctx cx = test_ctx();
    for (uint64_t seed = 0; seed < 20; seed++) {
        make_data(&d, seed);
        make_plants(p, seed, 31);
        Model *m = plant_all(&cx, p, PLANTS, TREES_SUM, 2, false);
        assert_int_equal(trees_count(m), PLANTS);
        expect_ok(&cx, model_margin(&cx, m, &d.X, NULL, ROWS, got));
        for (uint32_t i = 0; i < ROWS; i++) {
            double want[2] = { 0, 0 };
            for (size_t t = 0; t < PLANTS; t++) want[t % 2] += p[t].node[leaf_of(&p[t], &d, i)].value;
            assert_memory_equal(want, got + 2 * i, sizeof want);
        }
        model_free(&cx, m);
    }
    ctx_clear(&cx);
}

/* One question a level, as symmetric trees have: equal splits are joined. */
static void grow_level(Plant *p, Random *r, uint32_t depth)
{
    TreesNode ask = { .kind = TREES_LEAF };
    p->n = (2u << depth) - 1;
    for (uint32_t i = 0; i < p->n; i++) {
        if (!(i & (i + 1))) {                              /* the first of a level */
            uint32_t f = (uint32_t)random_below(r, 3);
            ask = (TreesNode){ .kind = TREES_NUMBER, .missing = (TreesMissing)f, .feature = f, .threshold = random_normal(r), .missing_left = i % 2 };
        }
        p->node[i] = ask;
        p->node[i].left = 2 * i + 1, p->node[i].right = 2 * i + 2;
        if (2 * i + 1 >= p->n) p->node[i] = (TreesNode){ .kind = TREES_LEAF, .value = random_normal(r), .values = p->values[i], .count = 1 };
        for (int c = 0; c < 3; c++) p->values[i][c] = random_normal(r);
    }
}

static void all_widths_answer_as_steps_do(void **state)
{
    (void)state;
    static const uint32_t width[] = { 0, 256, 512 };
    static Data d;
    static Plant p[PLANTS];
    static double want[ROWS * 3], got[ROWS * 3];
    static uint32_t rows[ROWS];
    uint32_t leaves_max, widths = 0;
    Ctx cx = test_ctx();
    for (uint64_t seed = 0; seed < 24; seed++) {
        uint32_t outputs = 1 + seed % 3;
        Random r = random_make(seed, "company", 0, 0);
        make_data(&d, seed);
        make_plants(p, seed, seed % 4 == 0 ? 33 : seed % 4 == 1 ? 64 : seed % 4 == 2 ? 200 : 9);
        for (uint32_t k = 5; k < 8; k++) grow_level(&p[k], &r, k - 1);
        for (uint32_t i = 0; i < ROWS; i++) rows[i] = (uint32_t)random_below(&r, ROWS);
        Model *m = plant_all(&cx, p, PLANTS, seed % 5 == 4 ? TREES_MEAN : TREES_SUM, outputs, outputs > 1 && seed % 2);
        size_t n = 64 + (size_t)random_below(&r, ROWS - 63);
        expect_ok(&cx, trees_margin_by(&cx, (const Trees *)m, &d.X, seed % 3 ? rows : NULL, n, 1, want));
        for (uint32_t w = 0; w < 3; w++) {
            if (width[w] && !trees_bits_walk(width[w], &leaves_max)) continue;
            widths++;
            memset(got, 0, sizeof got);
            expect_ok(&cx, trees_margin_by(&cx, (const Trees *)m, &d.X, seed % 3 ? rows : NULL, n, width[w], got));
            assert_memory_equal(want, got, n * outputs * sizeof *want);
        }
        model_free(&cx, m);
    }
    assert_true(widths >= 24);
    ctx_clear(&cx);
}

/* A complete tree whose levels ask one question each; by chance one node asks another, then it is no such tree. */
static bool grow_symmetric(Plant *p, Random *r, uint32_t depth, uint32_t wide)
{
    TreesNode ask[TREES_SYMMETRIC_MAX];
    bool sets = false;
    for (uint32_t k = 0; k < depth; k++) {
        uint32_t f = (uint32_t)random_below(r, COLS);
        ask[k] = (TreesNode){ .kind = f < 3 ? TREES_NUMBER : TREES_CATEGORY, .missing = (TreesMissing)f % 3, .feature = f,
                              .missing_left = random_below(r, 2), .threshold = random_normal(r), .set = p->set[k], .set_words = wide };
        memset(p->set[k], 0, sizeof p->set[k]);
        for (uint32_t w = 0; w < wide; w++) p->set[k][w] = (uint32_t)random_bits(r);
        sets |= f >= 3 && wide > 1;
    }
    p->n = (2u << depth) - 1;
    for (uint32_t i = 0; i < p->n; i++) {
        uint32_t level = 31 - (uint32_t)__builtin_clz(i + 1);
        if (level == depth) p->node[i] = (TreesNode){ .kind = TREES_LEAF, .value = random_normal(r), .count = i };
        else p->node[i] = ask[level];
        if (level < depth) p->node[i].left = 2 * i + 1, p->node[i].right = 2 * i + 2;
    }
    bool odd = depth > 1 && !random_below(r, 4);
    if (odd) p->node[2].kind = TREES_NUMBER, p->node[2].feature = 0, p->node[2].threshold = 7 + random_unit(r);
    return !odd && !sets;
}

static void symmetric_trees_are_known_and_answer_as_any_others(void **state)
{
    (void)state;
    static Data d;
    static Plant p[PLANTS];
    static double got[ROWS], one;
    Ctx cx = test_ctx();
    uint32_t found = 0;
    for (uint64_t seed = 0; seed < 30; seed++) {
        Random r = random_make(seed, "symmetric", 0, 0);
        bool is[PLANTS];
        make_data(&d, seed);
        for (size_t t = 0; t < PLANTS; t++) is[t] = grow_symmetric(&p[t], &r, 1 + (uint32_t)random_below(&r, 4), 1 + seed % 2);
        Model *m = plant_all(&cx, p, PLANTS, TREES_SUM, 1, false), *again;
        Text bytes;
        text_init(&bytes, &cx);
        expect_ok(&cx, model_save(&cx, m, &bytes));
        expect_ok(&cx, model_load(&cx, bytes.at, bytes.n, &again));
        for (size_t t = 0; t < PLANTS; t++) {
            assert_int_equal(((Trees *)m)->tree[t].symmetric, is[t]);
            assert_int_equal(((Trees *)again)->tree[t].symmetric, is[t]);
            found += is[t];
        }
        expect_ok(&cx, model_margin(&cx, m, &d.X, NULL, ROWS, got));
        for (uint32_t i = 0; i < ROWS; i++) {
            double want = 0;
            for (size_t t = 0; t < PLANTS; t++) want += p[t].node[leaf_of(&p[t], &d, i)].value;
            assert_memory_equal(&want, got + i, sizeof want);
            if (i % 20) continue;
            expect_ok(&cx, model_margin(&cx, again, &d.X, &i, 1, &one));
            assert_memory_equal(&want, &one, sizeof want);
        }
        text_clear(&bytes);
        model_free(&cx, m);
        model_free(&cx, again);
    }
    assert_true(found > 100);
    ctx_clear(&cx);
}

static void a_row_answers_the_same_alone_and_in_any_company(void **state)
{
    (void)state;
    static Data d;
    static Plant p[PLANTS];
    static double all[ROWS], got[ROWS];
    Ctx cx = test_ctx();
    make_data(&d, 5);
    make_plants(p, 5, 31);
    Model *m = plant_all(&cx, p, PLANTS, TREES_SUM, 1, false);
    expect_ok(&cx, model_margin(&cx, m, &d.X, NULL, ROWS, all));
    for (uint32_t n = 1; n < 20; n++) {
        uint32_t rows[20];
        for (uint32_t i = 0; i < n; i++) rows[i] = (i * 37 + n) % ROWS;
        expect_ok(&cx, model_margin(&cx, m, &d.X, rows, n, got));
        for (uint32_t i = 0; i < n; i++) assert_memory_equal(&got[i], &all[rows[i]], sizeof *got);
    }
    expect_ok(&cx, model_margin(&cx, m, &d.X, NULL, 0, got));
    model_free(&cx, m);
    ctx_clear(&cx);
}

static void leaves_may_hold_a_value_an_output(void **state)
{
    (void)state;
    static Data d;
    static Plant p[PLANTS];
    static double sum[ROWS * 3], mean[ROWS * 3], logs[ROWS * 3];
    Ctx cx = test_ctx();
    make_data(&d, 6);
    make_plants(p, 6, 20);
    Model *a = plant_all(&cx, p, PLANTS, TREES_SUM, 3, true), *b = plant_all(&cx, p, PLANTS, TREES_MEAN, 3, true);
    Model *c = plant_all(&cx, p, PLANTS, TREES_MEAN_LOG, 3, true);
    expect_ok(&cx, model_margin(&cx, a, &d.X, NULL, ROWS, sum));
    expect_ok(&cx, model_margin(&cx, b, &d.X, NULL, ROWS, mean));
    expect_ok(&cx, model_margin(&cx, c, &d.X, NULL, ROWS, logs));
    for (uint32_t i = 0; i < ROWS; i++)
        for (uint32_t k = 0; k < 3; k++) {
            double want = 0;
            for (size_t t = 0; t < PLANTS; t++) want += p[t].values[leaf_of(&p[t], &d, i)][k];
            assert_true(sum[i * 3 + k] == want);
            assert_true(mean[i * 3 + k] == want / PLANTS);
            assert_true(fabs(logs[i * 3 + k] - log(want / PLANTS + 1e-3)) < 1e-12);
        }
    model_free(&cx, a);
    model_free(&cx, b);
    model_free(&cx, c);
    ctx_clear(&cx);
}

static void one_mean_share_becomes_log_odds_that_stay_finite(void **state)
{
    (void)state;
    static Data d;
    Plant p = { .n = 1 };
    double got;
    Ctx cx = test_ctx();
    make_data(&d, 7);
    for (double share = 0; share <= 1; share += 0.25) {
        p.node[0] = (TreesNode){ .kind = TREES_LEAF, .value = share };
        Model *m = plant_all(&cx, &p, 1, TREES_MEAN_LOG, 1, false);
        expect_ok(&cx, model_margin(&cx, m, &d.X, NULL, 1, &got));
        assert_true(fabs(got - log((share + 1e-3) / (1 - share + 1e-3))) < 1e-12);
        model_free(&cx, m);
    }
    ctx_clear(&cx);
}

/* Mean of the leaves reached when the columns in `known` decide and rows are shared out at the others. */
static double expect_of(const Plant *p, const Data *d, uint32_t row, unsigned known, size_t at, double *rows)
{
    const TreesNode *t = &p->node[at];
    if (t->kind == TREES_LEAF) {
        *rows = t->count;
        return t->value;
    }
    double left_rows, right_rows;
    double left = expect_of(p, d, row, known, t->left, &left_rows), right = expect_of(p, d, row, known, t->right, &right_rows);
    *rows = left_rows + right_rows;
    if (known >> t->feature & 1) return goes_left(t, (double)d->cell[t->feature][row]) ? left : right;
    return (left * left_rows + right * right_rows) / *rows;
}

static double factorial(unsigned n) { return n < 2 ? 1 : n * factorial(n - 1); }

static void explanations_equal_the_sum_over_all_subsets(void **state)
{
    (void)state;
    static Data d;
    static Plant p[PLANTS];
    static double got[ROWS * (COLS + 1)], margin[ROWS];
    Ctx cx = test_ctx();
    for (uint64_t seed = 0; seed < 4; seed++) {
        make_data(&d, seed);
        make_plants(p, seed, 31);
        Model *m = plant_all(&cx, p, PLANTS, TREES_MEAN, 1, false);
        expect_ok(&cx, model_explain(&cx, m, &d.X, NULL, ROWS, NULL, got));
        expect_ok(&cx, model_margin(&cx, m, &d.X, NULL, ROWS, margin));
        for (uint32_t i = 0; i < ROWS; i += 7) {
            double value[1 << COLS] = { 0 }, rows, sum = 0;
            for (unsigned s = 0; s < 1 << COLS; s++)
                for (size_t t = 0; t < PLANTS; t++) value[s] += expect_of(&p[t], &d, i, s, 0, &rows) / PLANTS;
            for (uint32_t j = 0; j < COLS; j++) {
                double phi = 0;
                for (unsigned s = 0; s < 1 << COLS; s++) {
                    unsigned n = (unsigned)__builtin_popcount(s);
                    if (s >> j & 1) continue;
                    phi += factorial(n) * factorial(COLS - 1 - n) / factorial(COLS) * (value[s | 1u << j] - value[s]);
                }
                assert_true(fabs(phi - got[i * (COLS + 1) + j]) < 1e-12);
            }
            assert_true(fabs(value[0] - got[i * (COLS + 1) + COLS]) < 1e-12);
            for (uint32_t j = 0; j <= COLS; j++) sum += got[i * (COLS + 1) + j];
            assert_true(fabs(sum - margin[i]) < 1e-12);
        }
        model_free(&cx, m);
    }
    ctx_clear(&cx);
}

static void explanations_of_class_shares_are_sampled_and_sum_to_the_margin(void **state)
{
    (void)state;
    static Data d;
    static Plant p[PLANTS];
    static double got[ROWS * 3 * (COLS + 1)], margin[ROWS * 3];
    Ctx cx = test_ctx();
    make_data(&d, 8);
    make_plants(p, 8, 20);
    Model *m = plant_all(&cx, p, PLANTS, TREES_MEAN_LOG, 3, true);
    expect_ok(&cx, model_explain(&cx, m, &d.X, NULL, ROWS, &d.X, got));
    expect_ok(&cx, model_margin(&cx, m, &d.X, NULL, ROWS, margin));
    for (uint32_t i = 0; i < ROWS * 3; i++) {
        double sum = 0;
        for (uint32_t j = 0; j <= COLS; j++) sum += got[i * (COLS + 1) + j];
        assert_true(fabs(sum - margin[i]) < 1e-9);
    }
    model_free(&cx, m);
    ctx_clear(&cx);
}

/* A path of 200 splits on 5 columns, each met often. */
static void deep_trees_are_walked_and_explained(void **state)
{
    (void)state;
    enum { DEPTH = 200 };
    static Data d;
    static TreesNode node[2 * DEPTH + 1];
    static double got[ROWS * (COLS + 1)], margin[ROWS];
    Random r = random_make(1, "deep", 0, 0);
    TreesMaker *maker;
    Model *m;
    Ctx cx = test_ctx();
    make_data(&d, 9);
    for (uint32_t i = 0; i < DEPTH; i++) {
        node[2 * i] = (TreesNode){ .kind = TREES_NUMBER, .feature = (uint32_t)random_below(&r, 3), .threshold = random_normal(&r),
                                   .left = 2 * i + 1, .right = 2 * i + 2 };
        node[2 * i + 1] = (TreesNode){ .kind = TREES_LEAF, .value = random_normal(&r), .count = 1 + i };
    }
    node[2 * DEPTH] = (TreesNode){ .kind = TREES_LEAF, .value = 1, .count = 3 };
    expect_ok(&cx, trees_start(&cx, TREES_SUM, 1, false, COLS, 0, &maker));
    expect_ok(&cx, trees_add(&cx, maker, node, 2 * DEPTH + 1, false));
    expect_ok(&cx, trees_end(&cx, maker, &m));
    expect_ok(&cx, model_margin(&cx, m, &d.X, NULL, ROWS, margin));
    expect_ok(&cx, model_explain(&cx, m, &d.X, NULL, ROWS, NULL, got));
    for (uint32_t i = 0; i < ROWS; i++) {
        double sum = 0;
        uint32_t at = 0;
        for (uint32_t j = 0; j <= COLS; j++) sum += got[i * (COLS + 1) + j];
        while (node[at].kind != TREES_LEAF) at = goes_left(&node[at], (double)d.cell[node[at].feature][i]) ? node[at].left : node[at].right;
        assert_true(margin[i] == node[at].value);
        assert_true(fabs(sum - margin[i]) < 1e-9);
    }
    model_free(&cx, m);
    ctx_clear(&cx);
}

static void stored_bytes_give_an_equal_model_back(void **state)
{
    (void)state;
    static Data d;
    static Plant p[PLANTS];
    static double a[ROWS * 3], b[ROWS * 3];
    Ctx cx = test_ctx();
    make_data(&d, 1);
    make_plants(p, 1, 31);
    for (int all = 0; all < 2; all++) {
        Text t, again;
        Model *m = plant_all(&cx, p, PLANTS, all ? TREES_MEAN_LOG : TREES_SUM, 3, all), *back;
        text_init(&t, &cx);
        text_init(&again, &cx);
        expect_ok(&cx, model_save(&cx, m, &t));
        expect_ok(&cx, model_load(&cx, t.at, t.n, &back));
        expect_ok(&cx, model_save(&cx, back, &again));
        assert_int_equal(t.n, again.n);
        assert_memory_equal(t.at, again.at, t.n);
        expect_ok(&cx, model_margin(&cx, m, &d.X, NULL, ROWS, a));
        expect_ok(&cx, model_margin(&cx, back, &d.X, NULL, ROWS, b));
        assert_memory_equal(a, b, sizeof a);
        model_free(&cx, m);
        model_free(&cx, back);
        text_clear(&t);
        text_clear(&again);
    }
    ctx_clear(&cx);
}

static void rounded_leaves_take_half_the_bytes(void **state)
{
    (void)state;
    static Plant p[PLANTS];
    size_t bytes[2];
    Ctx cx = test_ctx();
    make_plants(p, 1, 31);
    for (int round = 0; round < 2; round++) {
        TreesMaker *maker;
        Model *m;
        Text t;
        text_init(&t, &cx);
        expect_ok(&cx, trees_start(&cx, TREES_SUM, 1, false, COLS, 0, &maker));
        for (size_t i = 0; i < PLANTS; i++) expect_ok(&cx, trees_add(&cx, maker, p[i].node, p[i].n, round));
        expect_ok(&cx, trees_end(&cx, maker, &m));
        expect_ok(&cx, model_save(&cx, m, &t));
        bytes[round] = t.n;
        if (round) assert_int_equal(bytes[0] - bytes[1], 4 * trees_leaves(m));
        model_free(&cx, m);
        text_clear(&t);
    }
    ctx_clear(&cx);
}

/* Whatever the byte, load refuses in words or gives a model that answers in finite numbers. */
static void no_damaged_byte_does_harm(void **state)
{
    (void)state;
    static Data d;
    static Plant p[PLANTS];
    static double out[ROWS * 3 * (COLS + 1)];
    long refused = 0;
    Ctx cx = test_ctx();
    make_data(&d, 2);
    make_plants(p, 2, 8);
    for (int all = 0; all < 2; all++) {
        Text t;
        Model *m = plant_all(&cx, p, PLANTS, TREES_SUM, 3, all);
        text_init(&t, &cx);
        expect_ok(&cx, model_save(&cx, m, &t));
        model_free(&cx, m);
        for (size_t n = 0; n < t.n; n++) expect_failure(&cx, model_load(&cx, t.at, n, &m), ERR_CORRUPT, NULL);
        for (size_t bit = 0; bit < 8 * t.n; bit++) {
            t.at[bit / 8] ^= (char)(1 << bit % 8);
            Err err = model_load(&cx, t.at, t.n, &m);
            t.at[bit / 8] ^= (char)(1 << bit % 8);
            if (err) {
                expect_failure(&cx, err, ERR_CORRUPT, NULL);
                assert_null(m);
                refused++;
                continue;
            }
            if (m->outputs == 3 && m->cols == COLS) {
                expect_ok(&cx, model_margin(&cx, m, &d.X, NULL, 16, out));
                for (size_t i = 0; i < 16 * 3; i++) assert_true(isfinite(out[i]));
                expect_ok(&cx, model_explain(&cx, m, &d.X, NULL, 2, &d.X, out));
                for (size_t i = 0; i < 2 * 3 * (COLS + 1); i++) assert_true(isfinite(out[i]));
            }
            model_free(&cx, m);
        }
        text_clear(&t);
    }
    assert_true(refused > 500);
    ctx_clear(&cx);
}

static Err add_one(Ctx *cx, const TreesNode *node, size_t n)
{
    TreesMaker *maker;
    expect_ok(cx, trees_start(cx, TREES_SUM, 1, false, COLS, 0, &maker));
    Err err = trees_add(cx, maker, node, n, false);
    trees_drop(cx, maker);
    return err;
}

static void what_is_no_tree_is_refused(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    const TreesNode leaf = { .kind = TREES_LEAF, .value = 1 }, split = { .kind = TREES_NUMBER, .left = 1, .right = 2 };
    TreesNode t[3] = { split, leaf, leaf };
    Model *m;
    TreesMaker *maker;
    expect_ok(&cx, add_one(&cx, t, 3));
    expect_failure(&cx, add_one(&cx, t, 0), ERR_SHAPE, "no nodes");
    expect_failure(&cx, add_one(&cx, t, 2), ERR_SHAPE, "not one tree");
    expect_failure(&cx, add_one(&cx, &leaf, 3), ERR_SHAPE, "leads to 1");
    t[0].left = 0;                                        /* round and round */
    expect_failure(&cx, add_one(&cx, t, 3), ERR_SHAPE, "not one tree");
    t[0] = split;
    t[0].right = 9;
    expect_failure(&cx, add_one(&cx, t, 3), ERR_SHAPE, "not one tree");
    t[0] = split;
    t[0].feature = COLS;
    expect_failure(&cx, add_one(&cx, t, 3), ERR_SHAPE, "column 5");
    t[0] = split;
    t[0].threshold = NAN;
    expect_failure(&cx, add_one(&cx, t, 3), ERR_NUMERIC, "threshold");
    t[0] = split;
    t[2].value = INFINITY;
    expect_failure(&cx, add_one(&cx, t, 3), ERR_NUMERIC, "inf");
    expect_ok(&cx, trees_start(&cx, TREES_SUM, 2, false, COLS, 0, &maker));
    expect_ok(&cx, trees_add(&cx, maker, &leaf, 1, false));
    expect_failure(&cx, trees_end(&cx, maker, &m), ERR_SHAPE, "2 outputs");
    expect_ok(&cx, trees_start(&cx, TREES_MEAN, 1, false, COLS, 0, &maker));
    expect_failure(&cx, trees_end(&cx, maker, &m), ERR_SHAPE, "no trees");
    assert_null(m);
    trees_drop(&cx, NULL);
    ctx_clear(&cx);
}

static void a_tree_too_large_or_too_deep_is_refused(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    size_t n = 2 * (TREES_DEPTH_MAX + 1) + 1;
    TreesNode *t = calloc(n, sizeof *t);
    for (uint32_t i = 0; i + 2 < n; i += 2) t[i] = (TreesNode){ .kind = TREES_NUMBER, .left = i + 1, .right = i + 2 };
    expect_failure(&cx, add_one(&cx, t, n), ERR_LIMIT, "deeper than 1024");
    t[n - 3] = (TreesNode){ .kind = TREES_LEAF };
    expect_ok(&cx, add_one(&cx, t, n - 2));
    expect_failure(&cx, add_one(&cx, t, 2 * TREES_LEAVES_MAX), ERR_LIMIT, "leaves");
    free(t);
    ctx_clear(&cx);
}

static Err all_of_it(Ctx *cx, void *arg)
{
    const Plant *p = arg;
    static Data d;
    static double out[16 * (COLS + 1)];
    Err err = OK;
    TreesMaker *maker = NULL;
    Model *m = NULL, *back = NULL;
    Text t;
    make_data(&d, 3);
    text_init(&t, cx);
    TRY_DONE(cx, trees_start(cx, TREES_SUM, 1, false, COLS, 0, &maker));
    for (int i = 0; i < 3; i++) TRY_DONE(cx, trees_add(cx, maker, p[i].node, p[i].n, false));
    err = trees_end(cx, maker, &m);
    maker = NULL;
    TRY_DONE(cx, err);
    TRY_DONE(cx, model_margin(cx, m, &d.X, NULL, 16, out));
    TRY_DONE(cx, model_explain(cx, m, &d.X, NULL, 16, NULL, out));
    TRY_DONE(cx, model_save(cx, m, &t));
    TRY_DONE(cx, model_load(cx, t.at, t.n, &back));
done:
    trees_drop(cx, maker);
    model_free(cx, m);
    model_free(cx, back);
    text_clear(&t);
    return err;
}

static void memory_that_ends_is_told_and_nothing_is_lost(void **state)
{
    (void)state;
    static Plant p[PLANTS];
    make_plants(p, 4, 31);
    rig_sweep_or_ok(all_of_it, p, ERR_NOMEM, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(margins_equal_a_plain_walk_to_the_last_bit),
        cmocka_unit_test(all_widths_answer_as_steps_do),
        cmocka_unit_test(symmetric_trees_are_known_and_answer_as_any_others),
        cmocka_unit_test(a_row_answers_the_same_alone_and_in_any_company),
        cmocka_unit_test(leaves_may_hold_a_value_an_output),
        cmocka_unit_test(one_mean_share_becomes_log_odds_that_stay_finite),
        cmocka_unit_test(explanations_equal_the_sum_over_all_subsets),
        cmocka_unit_test(explanations_of_class_shares_are_sampled_and_sum_to_the_margin),
        cmocka_unit_test(deep_trees_are_walked_and_explained),
        cmocka_unit_test(stored_bytes_give_an_equal_model_back),
        cmocka_unit_test(rounded_leaves_take_half_the_bytes),
        cmocka_unit_test(no_damaged_byte_does_harm),
        cmocka_unit_test(what_is_no_tree_is_refused),
        cmocka_unit_test(a_tree_too_large_or_too_deep_is_refused),
        cmocka_unit_test(memory_that_ends_is_told_and_nothing_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What is proved: the sketches are as near the truth as sketch.h says, alone and merged from parts, and exact where it says so.
** How: against exact answers by sorting and counting, over several shapes of data and many sizes; and under every fault. */
#include "lake/sketch.h"
#include "test/test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PARTS 7

static double shape(Random *r, int kind, size_t i, size_t n)
{
    switch (kind) {
    case 0: return random_unit(r);
    case 1: return random_normal(r) * 1e6 - 5;
    case 2: return exp(4 * random_normal(r));
    case 3: return (double)i;                                  /* sorted */
    case 4: return (double)(n - i);                            /* sorted the other way */
    default: return (double)random_below(r, 10);               /* many equal ones */
    }
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return x < y ? -1 : x > y;
}

/* Share of values below, and not above, x. */
static void ranks(const double *sorted, size_t n, double x, double *below, double *upto)
{
    size_t lo = 0, hi = 0;
    while (lo < n && sorted[lo] < x) lo++;
    for (hi = lo; hi < n && sorted[hi] <= x; hi++) { }
    *below = (double)lo / (double)n;
    *upto = (double)hi / (double)n;
}

static void quantiles_are_within_their_error(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    static const double rank[] = { 0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99, 1 };
    static const size_t sizes[] = { 1, 2, 10, 199, 1000, 30000 };
    for (int kind = 0; kind < 6; kind++)
        for (size_t z = 0; z < 6; z++)
            for (int merged = 0; merged < 2; merged++) {
                size_t n = sizes[z];
                double *x = malloc(n * sizeof *x), at[9];
                Random r = random_make(11, "test", (uint64_t)kind, z);
                Quantiles q, part[PARTS];
                quantiles_init(&q);
                for (int p = 0; p < PARTS; p++) quantiles_init(&part[p]);
                for (size_t i = 0; i < n; i++) {
                    x[i] = shape(&r, kind, i, n);
                    expect_ok(&cx, quantiles_add(&cx, merged ? &part[i * PARTS / n] : &q, x[i]));
                }
                for (int p = 0; p < PARTS && merged; p++) expect_ok(&cx, quantiles_merge(&cx, &q, &part[p]));
                assert_int_equal(q.count, n);
                qsort(x, n, sizeof *x, by_value);
                expect_ok(&cx, quantiles_at(&cx, &q, rank, at, 9));
                for (size_t i = 0; i < 9; i++) {
                    double below, upto;
                    ranks(x, n, at[i], &below, &upto);
                    double error = rank[i] < below ? below - rank[i] : rank[i] > upto ? rank[i] - upto : 0;
                    if (error > 0.02 && error > 1.5 / (double)n)
                        fail_msg("shape %d, %zu values, merged %d: rank %g is off by %g", kind, n, merged, rank[i], error);
                }
                quantiles_clear(&cx, &q);
                for (int p = 0; p < PARTS; p++) quantiles_clear(&cx, &part[p]);
                free(x);
            }
    ctx_clear(&cx);
}

static void a_sketch_of_many_values_stays_small(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Quantiles q;
    size_t held = 0;
    quantiles_init(&q);
    for (int i = 0; i < 1000000; i++) expect_ok(&cx, quantiles_add(&cx, &q, i));
    for (unsigned k = 0; k < q.levels; k++) held += q.n[k];
    assert_true(held < 4 * SKETCH_KLL_K && q.levels < 20);
    quantiles_clear(&cx, &q);
    ctx_clear(&cx);
}

static void distinct_values_are_counted_within_five_standard_errors(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 2, 10, 100, 1000, 5000, 20000, 100000, 1000000 };
    for (size_t z = 0; z < sizeof sizes / sizeof *sizes; z++) {
        Distinct all = { { 0 } }, a = { { 0 } }, b = { { 0 } };
        for (uint64_t i = 0; i < sizes[z]; i++) {
            uint64_t v = i * 2654435761u + 17;
            distinct_add(&all, &v, sizeof v);
            distinct_add(i % 3 ? &a : &b, &v, sizeof v);
            distinct_add(&b, &v, i % 5 ? sizeof v : 0);        /* a few twice, in another part */
        }
        double n = (double)sizes[z], got = distinct_count(&all);
        if (fabs(got - n) > 5 * 0.0163 * n + 0.5) fail_msg("%zu distinct values counted as %g", sizes[z], got);
        if (n > 0 && n <= 100) assert_true(fabs(got - n) < 3);
        uint8_t before[SKETCH_REGISTERS];
        memcpy(before, all.rank, sizeof before);
        for (uint64_t i = 0; i < sizes[z]; i++) {              /* again changes nothing */
            uint64_t v = i * 2654435761u + 17;
            distinct_add(&all, &v, sizeof v);
        }
        assert_memory_equal(before, all.rank, sizeof before);
        Distinct both = a;
        distinct_merge(&both, &b);
        distinct_add(&all, "", 0);
        if (sizes[z] > 4) assert_memory_equal(both.rank, all.rank, sizeof both.rank);     /* merging is exact */
    }
}

static void moments_merge_as_if_seen_at_once(void **state)
{
    (void)state;
    Moments all = { 0 }, part[PARTS] = { { 0 } }, merged = { 0 };
    Random r = random_make(3, "test", 0, 0);
    enum { N = 5000 };
    static double x[N];
    double sum = 0, ss = 0, min = INFINITY, max = -INFINITY;
    for (int i = 0; i < N; i++) {
        x[i] = 1e6 + random_normal(&r);
        sum += x[i];
        min = fmin(min, x[i]);
        max = fmax(max, x[i]);
        moments_add(&all, x[i]);
        moments_add(&part[i % PARTS], x[i]);
    }
    for (int i = 0; i < N; i++) ss += (x[i] - sum / N) * (x[i] - sum / N);
    for (int p = 0; p < PARTS; p++) moments_merge(&merged, &part[p]);
    moments_merge(&merged, &(Moments){ 0 });
    const Moments *each[] = { &all, &merged };
    for (int i = 0; i < 2; i++) {
        assert_true(each[i]->n == N && each[i]->min == min && each[i]->max == max);
        assert_true(fabs(each[i]->mean - sum / N) < 1e-9 * 1e6 && fabs(moments_sd(each[i]) - sqrt(ss / (N - 1))) < 1e-8);
    }
    assert_true(isnan(moments_sd(&(Moments){ .n = 1 })));
}

/* A stream of `kinds` words where word k comes about n / (k + 1) times; counts beside. */
static void commonest_values_are_never_missed(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    enum { KINDS = 3000 };
    static uint64_t exact[KINDS];
    Top all = { .used = 0 }, a = { .used = 0 }, b = { .used = 0 };
    uint64_t rows = 0;
    memset(exact, 0, sizeof exact);
    for (int round = 0; round < 40; round++)
        for (int k = 0; k < KINDS; k++) {
            uint64_t times = (uint64_t)(round % (k / 20 + 1) == 0) * (uint64_t)(3000 / (k + 1));
            char word[20];
            int n = snprintf(word, sizeof word, "word %d", k);
            if (!times) continue;
            exact[k] += times;
            rows += times;
            expect_ok(&cx, top_add(&cx, &all, word, (size_t)n, times));
            expect_ok(&cx, top_add(&cx, round % 2 ? &a : &b, word, (size_t)n, times));
        }
    expect_ok(&cx, top_merge(&cx, &a, &b));
    Top *each[] = { &all, &a };
    for (int i = 0; i < 2; i++) {
        uint64_t most = rows / SKETCH_TOP_MAX;
        assert_true(each[i]->lost <= most * 2);
        top_sort(each[i]);
        assert_memory_equal(each[i]->value[0].word, "word 0", 6);
        for (int k = 0; k < KINDS; k++) {
            char word[20];
            int n = snprintf(word, sizeof word, "word %d", k);
            uint64_t got = 0;
            for (uint32_t t = 0; t < each[i]->used; t++)
                if (each[i]->value[t].word_n == (uint32_t)n && !memcmp(each[i]->value[t].word, word, (size_t)n)) got = each[i]->value[t].n;
            if (got > exact[k] || exact[k] - got > each[i]->lost)
                fail_msg("'%s' came %llu times and counts %llu (at most %llu lost)", word, (unsigned long long)exact[k],
                         (unsigned long long)got, (unsigned long long)each[i]->lost);
        }
    }
    top_clear(&cx, &all);
    top_clear(&cx, &a);
    top_clear(&cx, &b);
    ctx_clear(&cx);
}

static void few_words_are_counted_exactly_and_long_ones_cut_between_characters(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Top t = { .used = 0 };
    char word[SKETCH_WORD_MAX + 10];
    memset(word, 'a', SKETCH_WORD_MAX - 1);
    memcpy(word + SKETCH_WORD_MAX - 1, "ж tail", 8);
    expect_ok(&cx, top_add(&cx, &t, "b", 1, 3));
    expect_ok(&cx, top_add(&cx, &t, "a", 1, 3));
    expect_ok(&cx, top_add(&cx, &t, "", 0, 4));
    expect_ok(&cx, top_add(&cx, &t, word, strlen(word), 1));
    top_sort(&t);
    assert_true(t.used == 4 && t.lost == 0 && t.value[0].n == 4 && t.value[1].word[0] == 'a' && t.value[2].word[0] == 'b');
    assert_int_equal(t.value[3].word_n, SKETCH_WORD_MAX - 1);
    top_clear(&cx, &t);
    ctx_clear(&cx);
}

static Err swept(Ctx *cx, void *arg)
{
    Quantiles q, p;
    Top t = { .used = 0 }, u = { .used = 0 };
    const double rank[] = { 0.5 };
    double at[1];
    Err err = OK;
    (void)arg;
    quantiles_init(&q);
    quantiles_init(&p);
    for (int i = 0; i < 500 && !err; i++) err = quantiles_add(cx, i % 2 ? &q : &p, i);
    if (!err) err = quantiles_merge(cx, &q, &p);
    if (!err) err = quantiles_at(cx, &q, rank, at, 1);
    if (!err) err = top_add(cx, &t, "x", 1, 1);
    if (!err) err = top_add(cx, &u, "y", 1, 1);
    if (!err) err = top_merge(cx, &t, &u);
    quantiles_clear(cx, &q);
    quantiles_clear(cx, &p);
    top_clear(cx, &t);
    top_clear(cx, &u);
    return err;
}

static void sketches_survive_every_fault(void **state)
{
    (void)state;
    rig_sweep(swept, NULL, ERR_NOMEM, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_are_within_their_error),
        cmocka_unit_test(a_sketch_of_many_values_stays_small),
        cmocka_unit_test(distinct_values_are_counted_within_five_standard_errors),
        cmocka_unit_test(moments_merge_as_if_seen_at_once),
        cmocka_unit_test(commonest_values_are_never_missed),
        cmocka_unit_test(few_words_are_counted_exactly_and_long_ones_cut_between_characters),
        cmocka_unit_test(sketches_survive_every_fault),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

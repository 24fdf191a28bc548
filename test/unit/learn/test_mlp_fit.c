/* What is proved: a net whose training the clock shortened comes again, bit for bit, from the rounds it told of; one that
** only overfits ends half way; weights of rows mean shares, whatever their unit.  How: clocks that pass the deadline after so many looks. */
#include "test/test.h"

#include "base/random.h"
#include "learn/learn.h"

#include <string.h>

enum { FIT_ROWS = 300, COLS = 5 };

typedef struct Given { float cell[COLS][FIT_ROWS]; const float *col[COLS]; Feature feature[COLS]; double y[FIT_ROWS]; float w[FIT_ROWS];
                       uint32_t row[FIT_ROWS]; double args[LEARN_PARAMS_MAX]; FitIn in; } Given;

static void given(Given *g, const Learner *l)
{
    Random r = random_make(4, "replay", 0, 0);
    *g = (Given){ 0 };
    for (int j = 0; j < COLS; j++) {
        g->col[j] = g->cell[j];
        g->feature[j] = (Feature){ "x", j == COLS - 1 ? FEATURE_CATEGORY : FEATURE_NUMBER, j == COLS - 1 ? 12 : 0, { (uint32_t)j, FEATURE_NO_RAW } };
    }
    for (int i = 0; i < FIT_ROWS; i++) {
        for (int j = 0; j < COLS; j++) g->cell[j][i] = j == COLS - 1 ? (float)random_below(&r, 12) : (float)random_normal(&r);
        g->y[i] = g->cell[0][i] * g->cell[1][i] + (float)((int)g->cell[COLS - 1][i] % 3) + .5 * random_normal(&r) > 1;
        g->w[i] = (float)random_unit(&r);
        g->row[i] = (uint32_t)i;
    }
    learner_start(l, TASK_BINARY, g->args);
    for (size_t i = 0; l->params[i].name; i++) {
        if (!strcmp(l->params[i].name, "batch")) g->args[i] = 16;
        if (!strcmp(l->params[i].name, "width")) g->args[i] = 16;
    }
    g->in = (FitIn){ .task = TASK_BINARY, .classes = 2, .X = { FIT_ROWS, COLS, g->feature, g->col }, .y = g->y, .weight = g->w, .train = g->row,
                     .train_n = 220, .valid = g->row + 220, .valid_n = FIT_ROWS - 220, .args = g->args, .metric = metric_default(TASK_BINARY) };
}

static void expect_same_bytes(Ctx *cx, const Model *a, const Model *b)
{
    Text one, two;
    text_init(&one, cx);
    text_init(&two, cx);
    expect_ok(cx, model_save(cx, a, &one));
    expect_ok(cx, model_save(cx, b, &two));
    assert_int_equal(one.n, two.n);
    assert_memory_equal(one.at, two.at, one.n);
    text_clear(&one);
    text_clear(&two);
}

static void a_fit_the_clock_shortened_comes_again_from_its_rounds(void **state)
{
    (void)state;
    static const char *const nets[] = { "mlp", "realmlp", "tabm" };
    for (size_t i = 0; i < 3; i++) {
        const Learner *l = learner_find(nets[i]);
        uint32_t shortest = UINT32_MAX, cut = 0, longest = 0;
        for (int64_t left = 9; left < 5000; left = left * 4 / 3) {
            static Given g;
            Rig r;
            FitOut first = { 0 }, again = { 0 };
            given(&g, l);
            rig_init(&r, 0, 0, false);
            Ctx cx = rig_ctx(&r);
            cx.deadline_us = r.mono_us + left;               /* each look at the clock takes a microsecond */
            Err err = l->fit(&cx, &g.in, &first);
            if (err) {
                expect_failure(&cx, err, ERR_TIME, NULL);
                continue;
            }
            assert_true(first.rounds >= 1 && first.rounds <= first.planned);
            if (first.planned < shortest) shortest = first.planned;
            if (first.planned > longest) longest = first.planned;
            cut += first.cut;
            cx.deadline_us = 0;
            g.in.rounds = first.planned;
            g.in.keep = first.rounds;
            expect_ok(&cx, l->fit(&cx, &g.in, &again));
            assert_int_equal(again.rounds, first.rounds);
            assert_int_equal(again.planned, first.planned);
            assert_false(again.cut);
            expect_same_bytes(&cx, first.model, again.model);
            model_free(&cx, first.model);
            model_free(&cx, again.model);
            ctx_clear(&cx);
        }
        print_message("%s: %u to %u epochs planned, %u fits cut\n", nets[i], shortest, longest, cut);
        assert_true(shortest < longest && cut > 0);
    }
}

static void weights_of_rows_in_another_unit_give_the_same_net(void **state)
{
    (void)state;
    const Learner *l = learner_find("mlp");
    static Given a, b;
    FitOut one = { 0 }, two = { 0 };
    Ctx cx = test_ctx();
    given(&a, l);
    given(&b, l);
    for (int i = 0; i < FIT_ROWS; i++) b.w[i] *= 4;
    a.in.rounds = b.in.rounds = 4;
    expect_ok(&cx, l->fit(&cx, &a.in, &one));
    expect_ok(&cx, l->fit(&cx, &b.in, &two));
    expect_same_bytes(&cx, one.model, two.model);
    model_free(&cx, one.model);
    model_free(&cx, two.model);
    for (int i = 0; i < FIT_ROWS; i++) a.w[i] = 0;
    expect_failure(&cx, l->fit(&cx, &a.in, &one), ERR_NUMERIC, "weight");
    ctx_clear(&cx);
}

/* Steps look at the clock, and each look takes a microsecond. */
static void a_net_that_only_overfits_ends_half_way_and_one_that_learns_does_not(void **state)
{
    (void)state;
    const Learner *l = learner_find("mlp");
    for (int noise = 0; noise < 2; noise++) {
        static Given g;
        Rig r;
        FitOut out = { 0 };
        given(&g, l);
        Random coin = random_make(6, "coin", 0, 0);
        for (int i = 0; i < FIT_ROWS; i++) g.y[i] = noise ? (double)random_below(&coin, 2) : g.cell[0][i] + g.cell[1][i] > 0;
        for (size_t i = 0; l->params[i].name; i++)
            if (!strcmp(l->params[i].name, "epochs")) g.args[i] = 60;
        rig_init(&r, 0, 0, false);
        Ctx cx = rig_ctx(&r);
        cx.deadline_us = r.mono_us + 1000000;
        int64_t from = r.mono_us;
        expect_ok(&cx, l->fit(&cx, &g.in, &out));
        double share = (double)(r.mono_us - from) / (60 * (220 / 16));
        print_message("%s: %u epochs kept of 60, %.2f of the steps taken\n", noise ? "noise" : "sense", out.rounds, share);
        assert_int_equal(out.planned, 60);
        if (noise) assert_true(share < .6 && out.rounds <= 13);
        else assert_true(share > .95 && out.rounds > 28);
        model_free(&cx, out.model);
        ctx_clear(&cx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_fit_the_clock_shortened_comes_again_from_its_rounds),
        cmocka_unit_test(a_net_that_only_overfits_ends_half_way_and_one_that_learns_does_not),
        cmocka_unit_test(weights_of_rows_in_another_unit_give_the_same_net),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What is proved: the ensemble is the one greedy selection must give, its weights are shares, calibration never makes log
** loss worse, the threshold is the best of its grid.  How: random trials; the same answers worked out here again by the
** plainest means (own log loss, own grids), on margins the code under test never sees summed. */
#include "auto/ensemble.h"
#include "unit/auto/kit.h"
#include "unit/auto/stand_in.h"

#include "base/random.h"

enum { ROWS = 300, TRIALS = 6, ROUNDS = 30 };

typedef struct World3 {            /* a run with TRIALS trials of K outputs */
    Auto a;
    AutoIn in;
    TrialData trial[TRIALS], *at[TRIALS];
    double y[ROWS], oof[TRIALS][ROWS * 3];
    uint32_t k;
} World3;

/* Margins that know the target, with noise and a wrong temperature, each trial its own. */
static void make(World3 *w, Task task, const char *metric, uint64_t seed)
{
    Random r = random_make(seed, "ensemble test", task, 0);
    *w = (World3){ .in = { .seed = 7, .trials = 9 }, .k = task == TASK_MULTICLASS ? 3 : 1 };
    w->a = (Auto){ .in = &w->in, .task = task, .classes = task == TASK_REGRESSION ? 0 : w->k == 1 ? 2 : 3, .metric = metric_find(metric), .rows = 100000,
                   .held_n = ROWS, .held_y = w->y, .trial = w->at, .trials_n = TRIALS };
    for (int i = 0; i < ROWS; i++) w->y[i] = task == TASK_REGRESSION ? random_normal(&r) : (double)random_below(&r, w->a.classes);
    for (int t = 0; t < TRIALS; t++) {
        TrialData *d = w->at[t] = &w->trial[t];
        double noise = .8 + .4 * t, heat = exp(.4 * random_normal(&r));
        *d = (TrialData){ .learner = learner_find("linear"), .oof = w->oof[t], .parts_n = 1, .scale = 1 };
        d->told.number = (uint32_t)t + 1;
        d->told.learner = d->learner->name;
        for (int i = 0; i < ROWS; i++)
            for (uint32_t c = 0; c < w->k; c++) {
                double truth = task == TASK_REGRESSION ? w->y[i] : w->k == 1 ? 2 * w->y[i] - 1 : w->y[i] == c;
                double m = truth + noise * random_normal(&r);
                d->oof[i * w->k + c] = task == TASK_REGRESSION ? m : m * heat;
            }
        Ctx cx = test_ctx();
        expect_ok(&cx, auto_score(&cx, &w->a, w->a.metric, d->oof, &d->told.score));
        d->error = metric_error(w->a.metric, d->told.score);
    }
}

/* Log loss or root mean squared error of margins, by definition. */
static double error_of(const World3 *w, const double *margin, double scale, double shift)
{
    double sum = 0;
    for (int i = 0; i < ROWS; i++) {
        const double *m = margin + (size_t)i * w->k;
        if (w->a.task == TASK_REGRESSION) sum += (m[0] - w->y[i]) * (m[0] - w->y[i]);
        else if (w->k == 1) {
            double t = m[0] * scale + shift;
            sum -= log(1 / (1 + exp(w->y[i] > 0 ? -t : t)));
        } else sum -= log(exp(m[(int)w->y[i]] * scale) / (exp(m[0] * scale) + exp(m[1] * scale) + exp(m[2] * scale)));
    }
    return w->a.task == TASK_REGRESSION ? sqrt(sum / ROWS) : sum / ROWS;
}

/* What greedy selection with replacement must choose, round by round, and the error it has then. */
static void brute(const World3 *w, int *picks, double *error)
{
    double sum[ROWS * 3] = { 0 };
    size_t n = (size_t)ROWS * w->k;
    for (int round = 0; round < ROUNDS; round++) {
        double best = INFINITY, mean[ROWS * 3];
        for (int t = 0; t < TRIALS; t++) {
            for (size_t i = 0; i < n; i++) mean[i] = (sum[i] + w->trial[t].scale * w->oof[t][i]) / (round + 1);
            double e = error_of(w, mean, 1, 0);
            if (e < best) best = e, picks[round] = t;
        }
        for (size_t i = 0; i < n; i++) sum[i] += w->trial[picks[round]].scale * w->oof[picks[round]][i];
        error[round] = best;
    }
}

static void selection_is_greedy(Task task, const char *metric, uint64_t seed)
{
    Ctx cx = test_ctx();
    World3 w;
    Ensemble e;
    int picks[ROUNDS], count[TRIALS] = { 0 };
    double error[ROUNDS], lowest = INFINITY, total = 0, margin[ROWS * 3];
    make(&w, task, metric, seed);
    expect_ok(&cx, ensemble_choose(&cx, &w.a, &e));
    brute(&w, picks, error);
    assert_int_equal(e.greedy_n, ROUNDS);
    for (int r = 0; r < ROUNDS; r++) {
        if (fabs(e.greedy[r] - error[r]) >= 1e-9) fail_msg("task %d seed %d round %d: %.15g, brute %.15g", task, (int)seed, r, e.greedy[r], error[r]);
        lowest = fmin(lowest, error[r]);
    }
    assert_true(e.rounds && error[e.rounds - 1] < lowest + 1e-11);       /* two rounds may differ by rounding alone */
    for (uint32_t r = 0; r < e.rounds; r++) count[picks[r]]++;
    for (int t = 0; t < TRIALS; t++) {
        double weight = w.trial[t].told.weight;
        total += weight;
        assert_true(fabs(weight - (double)count[t] / e.rounds) < 1e-12);
    }
    assert_true(fabs(total - 1) < 1e-12);
    ensemble_margin(&w.a, margin);
    assert_true(fabs(error_of(&w, margin, 1, 0) - lowest) < 1e-9);       /* the weighted whole is what was judged */
    assert_true(lowest <= w.trial[0].error + 1e-12);                     /* never worse than any one of them */
    assert_ptr_equal(e.single, &w.trial[0]);
    ctx_clear(&cx);
}

static void selection_equals_the_plainest_greedy_one(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 5; seed++) {
        selection_is_greedy(TASK_BINARY, "logloss", seed);
        selection_is_greedy(TASK_MULTICLASS, "logloss", seed);
        selection_is_greedy(TASK_REGRESSION, "rmse", seed);
    }
}

static void on_few_rows_only_the_best_may_be_chosen(void **state)
{
    (void)state;
    for (int rows = 50; rows <= 500; rows += 450) {                      /* 4 of 6, then all */
        Ctx cx = test_ctx();
        World3 w;
        Ensemble e;
        int better[TRIALS] = { 0 }, chosen = 0;
        make(&w, TASK_REGRESSION, "rmse", 1);
        w.a.rows = (size_t)rows;
        expect_ok(&cx, ensemble_choose(&cx, &w.a, &e));
        for (int t = 0; t < TRIALS; t++)
            for (int u = 0; u < TRIALS; u++) better[t] += w.trial[u].error < w.trial[t].error;
        for (int t = 0; t < TRIALS; t++) {
            chosen += w.trial[t].told.weight > 0;
            if (rows == 50 && better[t] >= 4) assert_true(w.trial[t].told.weight == 0);
        }
        if (rows == 500) assert_int_equal(chosen, TRIALS);               /* each has noise of its own: all help */
        ctx_clear(&cx);
    }
}

/* The error of the trials as weighted, but for one. */
static double error_but(const World3 *w, const double *weight, int but)
{
    double all = 0, margin[ROWS * 3] = { 0 };
    for (int t = 0; t < TRIALS; t++) {
        if (t == but) continue;
        all += weight[t];
        for (size_t i = 0; i < (size_t)ROWS * w->k; i++) margin[i] += weight[t] * w->trial[t].scale * w->oof[t][i];
    }
    for (size_t i = 0; i < (size_t)ROWS * w->k; i++) margin[i] /= all;
    return error_of(w, margin, 1, 0);
}

static void a_build_that_would_be_too_large_loses_what_wins_least_a_byte(void **state)
{
    (void)state;
    for (int large = 0; large < 2; large++) {
        Ctx cx = test_ctx();
        World3 w;
        Ensemble e, before;
        double weight[TRIALS], total = 0;
        uint64_t bytes = 0, lost = 0;
        uint32_t members = 0, out_of = 0;
        make(&w, TASK_REGRESSION, "rmse", 1);
        expect_ok(&cx, ensemble_choose(&cx, &w.a, &before));
        assert_int_equal(before.too_large, 0);
        for (int t = 0; t < TRIALS; t++) {
            weight[t] = w.trial[t].told.weight;
            assert_true(weight[t] > 0);
            w.trial[t].told.weight = 0;
            w.trial[t].told.size_bytes = large ? ENSEMBLE_BYTES_MAX + 1 : ((uint64_t)2 << 20) + 700000u * (uint64_t)(t % 3);
        }
        for (;;) {                                                       /* who must leave, by definition */
            int worst = -1;
            double least = INFINITY, now = error_but(&w, weight, -1);
            bytes = members = 0;
            for (int t = 0; t < TRIALS; t++) bytes += weight[t] > 0 ? w.trial[t].told.size_bytes : 0, members += weight[t] > 0;
            if (bytes <= ENSEMBLE_BYTES_MAX || members == 1) break;
            for (int t = 0; t < TRIALS; t++) {
                if (!(weight[t] > 0)) continue;
                double gain = (error_but(&w, weight, t) - now) / (double)w.trial[t].told.size_bytes;
                if (gain < least) least = gain, worst = t;
            }
            weight[worst] = 0;
            lost += w.trial[worst].told.size_bytes;
            out_of++;
        }
        expect_ok(&cx, ensemble_choose(&cx, &w.a, &e));
        for (int t = 0; t < TRIALS; t++) {
            total += w.trial[t].told.weight;
            assert_true((weight[t] > 0) == (w.trial[t].told.weight > 0));
        }
        assert_true(fabs(total - 1) < 1e-12);
        assert_true(out_of >= 2);
        assert_int_equal(e.too_large, out_of);
        assert_int_equal(e.too_large_bytes, lost);
        if (large) assert_int_equal(members, 1);                         /* one alone may be of any size */
        else assert_true(members > 1 && bytes <= ENSEMBLE_BYTES_MAX);
        ctx_clear(&cx);
    }
}

static void a_members_temperature_is_the_best_of_a_fine_grid(void **state)
{
    (void)state;
    for (int task = TASK_BINARY; task <= TASK_MULTICLASS; task++) {
        Ctx cx = test_ctx();
        World3 w;
        Ensemble e;
        make(&w, (Task)task, "logloss", 9);
        expect_ok(&cx, ensemble_choose(&cx, &w.a, &e));
        for (int t = 0; t < TRIALS; t++) {
            double best = INFINITY;
            for (double u = log(.2); u <= log(5.); u += .001) best = fmin(best, error_of(&w, w.oof[t], exp(u), 0));
            assert_true(error_of(&w, w.oof[t], w.trial[t].scale, 0) < best * (1 + 2e-4));
        }
        ctx_clear(&cx);
    }
}

static void a_constant_is_chosen_only_where_there_is_nothing_else(void **state)
{
    (void)state;
    for (int all = 0; all < 2; all++) {
        Ctx cx = test_ctx();
        World3 w;
        Ensemble e;
        make(&w, TASK_BINARY, "logloss", 2);
        for (int t = 0; t < TRIALS; t++)
            if (all || !t) w.trial[t].learner = learner_find("baseline");
        expect_ok(&cx, ensemble_choose(&cx, &w.a, &e));
        assert_true((w.trial[0].told.weight > 0) == (all == 1));
        assert_true(w.trial[0].scale == 1);                              /* its shares are as they are */
        assert_true(e.rounds > 0);
        ctx_clear(&cx);
    }
}

static void no_usable_trial_leaves_all_weights_zero(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    World3 w;
    Ensemble e;
    make(&w, TASK_BINARY, "logloss", 1);
    for (int t = 0; t < TRIALS; t++) {
        if (t % 2) w.trial[t].error = INFINITY;       /* failed */
        else w.trial[t].parts_n = 0;                  /* its models were let go */
    }
    expect_ok(&cx, ensemble_choose(&cx, &w.a, &e));
    assert_int_equal(e.rounds, 0);
    assert_null(e.single);
    for (int t = 0; t < TRIALS; t++) assert_true(w.trial[t].told.weight == 0);
    ctx_clear(&cx);
}

static void calibration_never_worsens_log_loss(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 40; seed++) {
        for (int task = TASK_BINARY; task <= TASK_MULTICLASS; task++) {
            World3 w;
            Ensemble e = { .scale = 1 };
            make(&w, (Task)task, "logloss", seed);
            const double *margin = w.oof[seed % TRIALS];
            ensemble_calibrate(&w.a, margin, &e);
            double before = error_of(&w, margin, 1, 0), after = error_of(&w, margin, e.scale, e.shift);
            assert_true(after <= before);
            assert_true(fabs(e.loss_before - before) < 1e-9 && fabs(e.loss_after - after) < 1e-9);
            assert_true(e.scale >= .2 && e.scale <= 5);
            if (task == TASK_MULTICLASS) assert_true(e.shift == 0);
            if (task == TASK_BINARY && e.scale != 1)       /* where it is kept it is the minimum */
                for (int k = 0; k < 4; k++)
                    assert_true(after <= error_of(&w, margin, e.scale + (k == 0) * 1e-3 - (k == 1) * 1e-3, e.shift + (k == 2) * 1e-3 - (k == 3) * 1e-3));
        }
    }
}

static void separable_classes_do_not_run_away(void **state)
{
    (void)state;
    World3 w;
    Ensemble e = { .scale = 1 };
    make(&w, TASK_BINARY, "logloss", 1);
    for (int i = 0; i < ROWS; i++) w.oof[0][i] = w.y[i] > 0 ? 2 : -2;       /* the best scale is infinite */
    ensemble_calibrate(&w.a, w.oof[0], &e);
    assert_true(isfinite(e.scale) && e.scale >= .2 && e.scale <= 5 && fabs(e.shift) <= 5);
    assert_true(e.loss_after <= e.loss_before);
}

static void a_number_needs_no_calibration(void **state)
{
    (void)state;
    World3 w;
    Ensemble e = { .scale = 1 };
    Ctx cx = test_ctx();
    make(&w, TASK_REGRESSION, "rmse", 1);
    ensemble_calibrate(&w.a, w.oof[0], &e);
    assert_true(e.scale == 1 && e.shift == 0);
    expect_ok(&cx, ensemble_threshold(&cx, &w.a, w.oof[0], &e));
    assert_true(e.threshold == .5);
    ctx_clear(&cx);
}

/* F1 of class 1, and mean recall, from the four counts. */
static double label_score(const World3 *w, const double *margin, double t, bool f1)
{
    double hit = 0, miss = 0, wrong = 0, right = 0;
    for (int i = 0; i < ROWS; i++) {
        bool said = 1 / (1 + exp(-margin[i])) >= t, is = w->y[i] > 0;
        hit += said && is, miss += !said && is, wrong += said && !is, right += !said && !is;
    }
    return f1 ? (hit > 0 ? 2 * hit / (2 * hit + miss + wrong) : 0) : (hit / (hit + miss) + right / (right + wrong)) / 2;
}

static void the_threshold_is_the_best_of_its_hundredths(void **state)
{
    (void)state;
    for (int f1 = 0; f1 < 2; f1++) {
        Ctx cx = test_ctx();
        World3 w;
        Ensemble e = { .scale = 1 };
        make(&w, TASK_BINARY, f1 ? "f1" : "balanced_accuracy", 3);
        for (int i = 0; i < ROWS; i++) w.oof[0][i] -= 1;                  /* one half is not the best */
        expect_ok(&cx, ensemble_threshold(&cx, &w.a, w.oof[0], &e));
        double best = 0;
        for (int s = 1; s < 100; s++) best = fmax(best, label_score(&w, w.oof[0], s / 100., f1));
        assert_true(fabs(label_score(&w, w.oof[0], e.threshold, f1) - best) < 1e-12);
        assert_true(e.threshold < .5);
        ctx_clear(&cx);
    }
    Ctx cx = test_ctx();
    World3 w;
    Ensemble e = { .scale = 1 };
    make(&w, TASK_BINARY, "logloss", 3);
    expect_ok(&cx, ensemble_threshold(&cx, &w.a, w.oof[0], &e));
    assert_true(e.threshold == .5);                                       /* it judges no labels */
    ctx_clear(&cx);
}

static Err swept(Ctx *cx, void *arg)
{
    World3 *w = arg;
    Ensemble e;
    make(w, TASK_BINARY, "f1", 3);
    TRY(cx, ensemble_choose(cx, &w->a, &e));
    ensemble_calibrate(&w->a, w->oof[0], &e);
    return ensemble_threshold(cx, &w->a, w->oof[0], &e);
}

static void refused_memory_is_survived(void **state)
{
    (void)state;
    World3 w;
    rig_sweep(swept, &w, ERR_NOMEM, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(selection_equals_the_plainest_greedy_one),
        cmocka_unit_test(on_few_rows_only_the_best_may_be_chosen),
        cmocka_unit_test(a_build_that_would_be_too_large_loses_what_wins_least_a_byte),
        cmocka_unit_test(a_members_temperature_is_the_best_of_a_fine_grid),
        cmocka_unit_test(a_constant_is_chosen_only_where_there_is_nothing_else),
        cmocka_unit_test(no_usable_trial_leaves_all_weights_zero),
        cmocka_unit_test(calibration_never_worsens_log_loss),
        cmocka_unit_test(separable_classes_do_not_run_away),
        cmocka_unit_test(a_number_needs_no_calibration),
        cmocka_unit_test(the_threshold_is_the_best_of_its_hundredths),
        cmocka_unit_test(refused_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

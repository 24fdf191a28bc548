/* test/conform/conform_learners.c -- one exam for every learner of learner_at().
**
** Proves what learn.h promises of each: parameters in their bounds, models for every task it claims, finite
** margins for any row, equal fits bit for bit, stored models that come back equal and refuse damage, plain
** failures for no rows, no memory and no time, weights and explanations as claimed, and better answers than
** the baseline's.  Prints how many checks ran; fewer than CHECKS_MIN is a failure.
*/
#include "test/test.h"

#include "base/random.h"
#include "learn/learn.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECKS_MIN 25000

#define ROWS 260
#define COLS 9
#define TRAIN 200
#define CLASSES 3

static long checks;

#define EXAM(l, x)                                                                                                 \
    do {                                                                                                           \
        checks++;                                                                                                  \
        if (!(x)) fail_msg("'%s' at %s:%d: %s", (l)->name, __FILE__, __LINE__, #x);                                \
    } while (0)

/* ------------------------------------------------------------------ a set to learn */

typedef struct Set {
    Feature feature[COLS];
    float cell[COLS][2 * ROWS];
    const float *col[COLS];
    double y[TASKS_N][2 * ROWS];
    float weight[2 * ROWS];
    uint32_t row[2 * ROWS];
    double args[LEARN_PARAMS_MAX];
} Set;

/* Numbers (one often missing, one constant, one far-flung) and categories of 2, 5 and 60 levels. */
static void set_make(Set *s, uint64_t seed)
{
    static const uint32_t levels[COLS] = { 0, 0, 0, 0, 0, 0, 2, 5, 60 };
    static const char *const name[COLS] = { "a", "b", "c", "missing", "constant", "far", "two", "five", "sixty" };
    Random r = random_make(seed, "conform", 0, 0);
    memset(s, 0, sizeof *s);
    for (size_t j = 0; j < COLS; j++) {
        s->col[j] = s->cell[j];
        s->feature[j] = (Feature){ name[j], levels[j] ? FEATURE_CATEGORY : FEATURE_NUMBER, levels[j],
                                   { (uint32_t)j, FEATURE_NO_RAW } };
    }
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = 0; j < COLS; j++)
            s->cell[j][i] = levels[j] ? (float)random_below(&r, levels[j]) : (float)random_normal(&r);
        s->cell[4][i] = 7;
        s->cell[5][i] = (float)exp(4 * random_normal(&r));
        double z = (double)s->cell[0][i] - 2 * (double)s->cell[1][i] + (s->cell[6][i] > 0) + (double)s->cell[7][i] / 2;
        double noise = .3 * random_normal(&r);
        s->y[TASK_REGRESSION][i] = 50 + 10 * (z + noise);
        s->y[TASK_BINARY][i] = z + noise > 1.5;
        s->y[TASK_MULTICLASS][i] = z + noise < .5 ? 0 : z + noise < 2.5 ? 1 : 2;
        if (random_below(&r, 5) == 0) s->cell[3][i] = NAN;
        if (random_below(&r, 9) == 0) s->cell[7][i] = NAN;
        s->weight[i] = 1;
        s->row[i] = (uint32_t)i;
    }
}

/* Nets are examined small: what they promise does not depend on their size, and they are slow when large.  The edges of
** their parameters are examined as they are. */
static void make_small(const Learner *l, double *args)
{
    static const struct { const char *name; double most; } small[] = { { "width", 24 }, { "members", 3 }, { "epochs", 24 }, { "batch", 32 } };
    for (size_t i = 0; l->params[i].name; i++)
        for (size_t k = 0; k < sizeof small / sizeof *small; k++)
            if (!strcmp(l->params[i].name, small[k].name)) args[i] = fmin(args[i], small[k].most);
}

static FitIn set_in(Set *s, const Learner *l, Task task, size_t rows, size_t train_n)
{
    learner_start(l, task, s->args);
    make_small(l, s->args);
    return (FitIn){
        .task = task, .classes = task == TASK_BINARY ? 2 : task == TASK_MULTICLASS ? CLASSES : 0,
        .X = { rows, COLS, s->feature, s->col }, .y = s->y[task], .train = s->row, .train_n = train_n,
        .args = s->args, .rounds = l->can & LEARN_ROUNDS ? 12 : 0, .metric = metric_default(task),
    };
}

static bool claims(const Learner *l, Task task)
{
    static const unsigned bit[TASKS_N] = {
        [TASK_BINARY] = LEARN_BINARY, [TASK_MULTICLASS] = LEARN_MULTICLASS, [TASK_REGRESSION] = LEARN_REGRESSION,
        [TASK_ANOMALY] = LEARN_ANOMALY,
    };
    return l->can & bit[task];
}

/* Fit or stop the exam. */
static Model *fit(Ctx *cx, const Learner *l, const FitIn *in)
{
    FitOut out = { 0 };
    Err err = l->fit(cx, in, &out);
    if (err) fail_msg("'%s' (%s): %s: %s", l->name, task_word(in->task), err_text(err), cx->text);
    EXAM(l, out.model != NULL);
    EXAM(l, !out.cut);
    EXAM(l, out.model->outputs == task_outputs(in->task, in->classes));
    EXAM(l, out.model->cols == in->X.cols);
    if (l->can & LEARN_ROUNDS && in->rounds) EXAM(l, out.rounds <= in->rounds);      /* fewer: nothing left to learn */
    return out.model;
}

static void margins(Ctx *cx, const Model *m, const Frame *X, double *out)
{
    expect_ok(cx, model_margin(cx, m, X, NULL, X->rows, out));
}

static bool all_finite(const double *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isfinite(v[i])) return false;
    return true;
}

/* Learners of other people's libraries allocate for themselves: theirs are tested as whole processes. */
static bool is_ours(const Learner *l) { return strcmp(l->name, "lightgbm") && strcmp(l->name, "xgboost"); }

/* Neither chance nor a least count of rows a leaf comes between weights and repeated rows. */
static bool is_exact(const Learner *l) { return !strcmp(l->name, "baseline") || !strcmp(l->name, "linear"); }

typedef void Question(const Learner *l, Task task);

static void ask(Question *question)
{
    for (size_t i = 0; learner_at(i); i++)
        for (Task task = 0; task < TASKS_N; task++)
            if (claims(learner_at(i), task)) question(learner_at(i), task);
}

/* -------------------------------------------------------------------------- rows */

static bool name_is_plain(const char *name)
{
    for (const char *c = name; *c; c++)
        if (!(*c >= 'a' && *c <= 'z') && *c != '_' && !(*c >= '0' && *c <= '9')) return false;
    return *name != 0;
}

static void check_param(const Learner *l, const Param *p)
{
    EXAM(l, name_is_plain(p->name));
    EXAM(l, p->help && *p->help);
    EXAM(l, p->lo <= p->hi);
    if (p->scale == PARAM_LOG || p->scale == PARAM_WHOLE_LOG) EXAM(l, p->lo > 0);
    if (p->scale == PARAM_CHOICE) {
        size_t n = 0;
        while (p->choices[n]) n++;
        EXAM(l, p->lo == 0 && (size_t)p->hi + 1 == n);
    }
    for (Task task = 0; task < TASKS_N; task++) {
        if (!claims(l, task)) continue;
        EXAM(l, p->start[task] >= p->lo && p->start[task] <= p->hi);
        if (p->scale >= PARAM_WHOLE) EXAM(l, p->start[task] == floor(p->start[task]));
    }
}

static void rows_tell_what_they_should(void **state)
{
    (void)state;
    for (size_t i = 0; learner_at(i); i++) {
        const Learner *l = learner_at(i);
        EXAM(l, name_is_plain(l->name));
        EXAM(l, i == 0 || strcmp(learner_at(i - 1)->name, l->name) < 0);
        EXAM(l, learner_find(l->name) == l);
        EXAM(l, strlen(l->summary) < 60 && *l->summary && l->summary[strlen(l->summary) - 1] != '.');
        EXAM(l, l->source && *l->source);
        EXAM(l, l->can & (LEARN_BINARY | LEARN_MULTICLASS | LEARN_REGRESSION | LEARN_ANOMALY));
        EXAM(l, l->fit && l->guess_s && l->guess_bytes);
        for (size_t j = 0; j < learner_params(l); j++) {
            check_param(l, &l->params[j]);
            for (size_t k = 0; k < j; k++) EXAM(l, strcmp(l->params[j].name, l->params[k].name));
        }
    }
    assert_null(learner_find("no such learner"));
}

static void arguments_survive_json(const Learner *l, Task task)
{
    Ctx cx = test_ctx();
    double args[LEARN_PARAMS_MAX], again[LEARN_PARAMS_MAX];
    Text t;
    text_init(&t, &cx);
    learner_start(l, task, args);
    learner_start(l, task, again);
    for (size_t j = 0; j < learner_params(l); j++) args[j] = l->params[j].hi;
    expect_ok(&cx, learner_args_json(&cx, l, args, &t));
    expect_ok(&cx, learner_args_read(&cx, l, t.at, again));
    for (size_t j = 0; j < learner_params(l); j++) EXAM(l, args[j] == again[j]);
    expect_failure(&cx, learner_args_read(&cx, l, "{\"no_such_thing\":1}", again), ERR_BAD_INPUT, "no_such_thing");
    text_clear(&t);
    ctx_clear(&cx);
}

static void question_args(void **state) { (void)state; ask(arguments_survive_json); }

/* ----------------------------------------------------------------------- answers */

static void answers_are_finite_and_repeat(const Learner *l, Task task)
{
    static Set s;
    static double a[2 * ROWS * CLASSES], b[2 * ROWS * CLASSES];
    Ctx cx = test_ctx();
    set_make(&s, 1);
    for (size_t j = 0; j < COLS; j++) s.cell[j][ROWS - 1] = NAN;
    FitIn in = set_in(&s, l, task, ROWS, TRAIN);
    EXAM(l, l->guess_s(&in) >= 0 && isfinite(l->guess_s(&in)));
    EXAM(l, l->guess_bytes(&in) > 0 && isfinite(l->guess_bytes(&in)));
    Model *m = fit(&cx, l, &in), *n = fit(&cx, l, &in);
    size_t cells = ROWS * m->outputs;
    margins(&cx, m, &in.X, a);
    margins(&cx, n, &in.X, b);
    EXAM(l, all_finite(a, cells));
    EXAM(l, !memcmp(a, b, cells * sizeof *a));
    for (size_t i = 0; i < ROWS; i += 37) {                        /* alone, a row gets the same answer */
        uint32_t row = (uint32_t)i;
        expect_ok(&cx, model_margin(&cx, m, &in.X, &row, 1, b));
        EXAM(l, !memcmp(a + i * m->outputs, b, m->outputs * sizeof *a));
    }
    Frame fewer = in.X;
    fewer.cols--;
    expect_failure(&cx, model_margin(&cx, m, &fewer, NULL, ROWS, b), ERR_SHAPE, NULL);
    model_free(&cx, m);
    model_free(&cx, n);
    ctx_clear(&cx);
}

static void question_answers(void **state) { (void)state; ask(answers_are_finite_and_repeat); }

/* Learning from every other row of a frame is learning from a frame of those rows. */
static void a_view_of_rows_is_as_good_as_a_copy(const Learner *l, Task task)
{
    static Set s, copy;
    static double a[2 * ROWS * CLASSES], b[2 * ROWS * CLASSES];
    Ctx cx = test_ctx();
    uint32_t some[TRAIN / 2];
    set_make(&s, 2);
    set_make(&copy, 2);
    for (uint32_t i = 0; i < TRAIN / 2; i++) {
        some[i] = 2 * i + 1;
        for (size_t j = 0; j < COLS; j++) copy.cell[j][i] = s.cell[j][some[i]];
        copy.y[task][i] = s.y[task][some[i]];
    }
    FitIn in = set_in(&s, l, task, ROWS, TRAIN / 2), same = set_in(&copy, l, task, TRAIN / 2, TRAIN / 2);
    in.train = some;
    Model *m = fit(&cx, l, &in), *n = fit(&cx, l, &same);
    margins(&cx, m, &in.X, a);
    margins(&cx, n, &in.X, b);
    EXAM(l, !memcmp(a, b, ROWS * m->outputs * sizeof *a));
    model_free(&cx, m);
    model_free(&cx, n);
    ctx_clear(&cx);
}

static void question_views(void **state) { (void)state; ask(a_view_of_rows_is_as_good_as_a_copy); }

static double error_of(Ctx *cx, const Model *m, const FitIn *in, double *margin, double *p)
{
    size_t n = ROWS - TRAIN;
    double value = NAN;
    expect_ok(cx, model_margin(cx, m, &in->X, in->train + TRAIN, n, margin));
    for (size_t i = 0; i < n * m->outputs; i++) p[i] = in->task == TASK_BINARY ? model_sigmoid(margin[i]) : margin[i];
    for (size_t i = 0; in->task == TASK_MULTICLASS && i < n; i++) model_softmax(p + i * m->outputs, m->outputs);
    expect_ok(cx, in->metric->score(cx, in->y + TRAIN, p, NULL, n, in->classes, &value));
    return metric_error(in->metric, value);
}

static void it_beats_the_baseline(const Learner *l, Task task)
{
    static Set s;
    static double margin[ROWS * CLASSES], p[ROWS * CLASSES];
    const Learner *base = learner_find("baseline");
    Ctx cx = test_ctx();
    if (l == base || task == TASK_ANOMALY) return;      /* detectors are judged in test_detect.c */
    set_make(&s, 3);
    FitIn in = set_in(&s, base, task, ROWS, TRAIN);
    Model *m = fit(&cx, base, &in);
    double mark = error_of(&cx, m, &in, margin, p);
    model_free(&cx, m);
    in = set_in(&s, l, task, ROWS, TRAIN);
    in.rounds = l->can & LEARN_ROUNDS ? 60 : 0;
    m = fit(&cx, l, &in);
    EXAM(l, error_of(&cx, m, &in, margin, p) < .9 * mark);
    model_free(&cx, m);
    ctx_clear(&cx);
}

static void question_skill(void **state) { (void)state; ask(it_beats_the_baseline); }

static void odd_sets_do_not_crash_it(const Learner *l, Task task)
{
    static Set s;
    static double a[ROWS * CLASSES];
    Ctx cx = test_ctx();
    set_make(&s, 4);
    for (size_t i = 0; i < ROWS; i++) s.y[task][i] = 1;                    /* a constant target */
    FitIn in = set_in(&s, l, task, ROWS, TRAIN);
    Model *m = fit(&cx, l, &in);
    margins(&cx, m, &in.X, a);
    EXAM(l, all_finite(a, ROWS * m->outputs));
    if (task == TASK_REGRESSION) EXAM(l, fabs(a[0] - 1) < 1e-3);
    if (task == TASK_BINARY) EXAM(l, a[0] > 0);
    if (task == TASK_MULTICLASS) EXAM(l, a[1] > a[0] && a[1] > a[2]);
    model_free(&cx, m);
    set_make(&s, 5);
    for (uint32_t n = 1; n <= 3; n++) {                                    /* hardly any rows */
        for (uint32_t i = 0; i < n; i++) s.y[task][i] = i % 2;
        in = set_in(&s, l, task, ROWS, n);
        m = fit(&cx, l, &in);
        margins(&cx, m, &in.X, a);
        EXAM(l, all_finite(a, ROWS * m->outputs));
        model_free(&cx, m);
    }
    for (size_t j = 0; j < COLS; j++)                                      /* nothing known of any row */
        for (size_t i = 0; i < ROWS; i++) s.cell[j][i] = NAN;
    in = set_in(&s, l, task, ROWS, TRAIN);
    m = fit(&cx, l, &in);
    margins(&cx, m, &in.X, a);
    EXAM(l, all_finite(a, ROWS * m->outputs));
    model_free(&cx, m);
    ctx_clear(&cx);
}

static void question_odd(void **state) { (void)state; ask(odd_sets_do_not_crash_it); }

static void the_edges_of_its_parameters_work(const Learner *l, Task task)
{
    static Set s;
    static double a[ROWS * CLASSES];
    Ctx cx = test_ctx();
    set_make(&s, 6);
    for (size_t j = 0; j < learner_params(l); j++)
        for (int hi = 0; hi < 2; hi++) {
            FitIn in = set_in(&s, l, task, ROWS, 100);
            s.args[j] = hi ? l->params[j].hi : l->params[j].lo;
            if (in.rounds) in.rounds = 2;
            Model *m = fit(&cx, l, &in);
            margins(&cx, m, &in.X, a);
            EXAM(l, all_finite(a, ROWS * m->outputs));
            model_free(&cx, m);
        }
    ctx_clear(&cx);
}

static void question_edges(void **state) { (void)state; ask(the_edges_of_its_parameters_work); }

static void rounds_stop_early(const Learner *l, Task task)
{
    static Set s;
    Ctx cx = test_ctx();
    FitOut out = { 0 }, fixed = { 0 };
    if (!(l->can & LEARN_ROUNDS)) return;
    set_make(&s, 7);
    FitIn in = set_in(&s, l, task, ROWS, TRAIN);
    in.rounds = 0;
    in.valid = s.row + TRAIN;
    in.valid_n = ROWS - TRAIN;
    expect_ok(&cx, l->fit(&cx, &in, &out));
    EXAM(l, out.rounds > 0);
    model_free(&cx, out.model);
    in.rounds = 5;
    expect_ok(&cx, l->fit(&cx, &in, &fixed));
    EXAM(l, fixed.rounds == 5);
    model_free(&cx, fixed.model);
    ctx_clear(&cx);
}

static void question_rounds(void **state) { (void)state; ask(rounds_stop_early); }

/* ------------------------------------------------------------------------ replays */

static bool same_bytes(Ctx *cx, const Model *a, const Model *b)
{
    Text x, y;
    text_init(&x, cx);
    text_init(&y, cx);
    expect_ok(cx, model_save(cx, a, &x));
    expect_ok(cx, model_save(cx, b, &y));
    bool same = x.n == y.n && !memcmp(x.at, y.at, x.n);
    text_clear(&x);
    text_clear(&y);
    return same;
}

/* The model of a fit that chose its own end comes again, without valid rows and without a clock. */
static void replay(const Learner *l, FitIn in, const FitOut *first)
{
    Ctx cx = test_ctx();
    FitOut again = { 0 };
    EXAM(l, first->rounds > 0 && first->planned >= first->rounds);
    in.rounds = first->planned;
    in.keep = first->rounds;
    expect_ok(&cx, l->fit(&cx, &in, &again));
    EXAM(l, again.rounds == first->rounds && !again.cut);
    EXAM(l, same_bytes(&cx, first->model, again.model));
    in.valid_n = 0;
    model_free(&cx, again.model);
    expect_ok(&cx, l->fit(&cx, &in, &again));
    EXAM(l, same_bytes(&cx, first->model, again.model));
    model_free(&cx, again.model);
    ctx_clear(&cx);
}

static void a_fit_can_be_replayed(const Learner *l, Task task)
{
    static Set s;
    Rig r;
    if (!(l->can & LEARN_ROUNDS)) return;
    set_make(&s, 16);
    for (int64_t left = 0; left < 3000; left = left * 3 + 60) {        /* 0: no deadline; early stopping ends it */
        FitOut first = { 0 };
        rig_init(&r, 0, 0, false);
        Ctx cx = rig_ctx(&r);
        cx.seed = test_ctx().seed;
        if (left) cx.deadline_us = r.mono_us + left;                   /* each look takes a microsecond */
        FitIn in = set_in(&s, l, task, ROWS, TRAIN);
        in.rounds = 0;
        in.valid = s.row + TRAIN;
        in.valid_n = ROWS - TRAIN;
        Err err = l->fit(&cx, &in, &first);
        EXAM(l, err == OK || (left && err == ERR_TIME));
        if (!err) replay(l, in, &first);
        model_free(&cx, first.model);
        ctx_clear(&cx);
    }
}

static void question_replay(void **state) { (void)state; ask(a_fit_can_be_replayed); }

/* What lies on the shelf changes no bit of any answer, also where the parameters are others. */
static void a_shelf_changes_nothing(const Learner *l, Task task)
{
    static Set s;
    Ctx cx = test_ctx();
    LearnShelf *shelf;
    set_make(&s, 17);
    FitIn in = set_in(&s, l, task, ROWS, TRAIN);
    expect_ok(&cx, learn_shelf_new(&cx, 1 << 20, &shelf));
    for (int turn = 0; turn < 3; turn++) {
        in.valid = turn == 2 ? s.row + TRAIN : NULL;                   /* other rows, other key */
        in.valid_n = turn == 2 ? ROWS - TRAIN : 0;
        in.rounds = turn == 2 ? 0 : in.rounds;
        in.shelf = NULL;
        for (size_t j = 0; turn == 1 && j < learner_params(l); j++)
            if (!l->params[j].fixed && l->params[j].scale != PARAM_CHOICE) s.args[j] = floor(l->params[j].lo + 1);
        for (size_t j = 0; j < learner_params(l); j++) s.args[j] = fmin(s.args[j], l->params[j].hi);
        Model *plain = fit(&cx, l, &in);
        in.shelf = shelf;
        in.shelf_key = turn == 2;
        for (int warm = 0; warm < 2; warm++) {
            Model *m = fit(&cx, l, &in);
            EXAM(l, same_bytes(&cx, plain, m));
            model_free(&cx, m);
        }
        model_free(&cx, plain);
    }
    learn_shelf_free(&cx, shelf);
    ctx_clear(&cx);
}

static void question_shelf(void **state) { (void)state; ask(a_shelf_changes_nothing); }

/* ----------------------------------------------------------------------- monotone */

/* Held against what the data say (up[0] = -1) and with it (up[1] = -1): no step of either column goes the forbidden way. */
static void monotone_is_honoured(const Learner *l, Task task)
{
    static Set s;
    static double a[ROWS * CLASSES];
    static const int8_t up[COLS] = { -1, -1, 0, 1, 0, 1, 0, 0, 0 };
    Ctx cx = test_ctx();
    if (!(l->can & LEARN_MONOTONE)) return;
    set_make(&s, 18);
    FitIn in = set_in(&s, l, task, ROWS, TRAIN);
    in.rounds = l->can & LEARN_ROUNDS ? 60 : 0;
    in.monotone = up;
    Model *m = fit(&cx, l, &in);
    double moved = 0;
    for (uint32_t j = 0; j < COLS; j++) {
        if (!up[j]) continue;
        for (size_t row = 0; row < 12; row++) {
            for (size_t i = 0; i < ROWS; i++)                          /* one row, with column j rising */
                for (size_t c = 0; c < COLS; c++)
                    if (i != row) s.cell[c][i] = s.cell[c][row];
            for (size_t i = 0; i < ROWS; i++) s.cell[j][i] = (float)((double)i / ROWS * 8 - 4) * (j == 5 ? 10 : 1);
            margins(&cx, m, &in.X, a);
            for (size_t i = m->outputs; i < ROWS * m->outputs; i++) {
                double step = (a[i] - a[i - m->outputs]) * up[j];
                EXAM(l, step >= -1e-9 * fabs(a[i]));
                moved += fabs(step);
            }
            set_make(&s, 18);
        }
    }
    EXAM(l, moved > 1e-3);                                             /* something was learned along them */
    model_free(&cx, m);
    ctx_clear(&cx);
}

static void question_monotone(void **state) { (void)state; ask(monotone_is_honoured); }

/* ----------------------------------------------------------------------- weights */

/* A row of weight 3 pulls the answers towards it; where neither chance nor counts of rows matter, exactly as three
** rows do. */
static void weights_count_as_rows(const Learner *l, Task task)
{
    static Set s, triple;
    static double a[2 * ROWS * CLASSES], b[2 * ROWS * CLASSES], c[2 * ROWS * CLASSES];
    Ctx cx = test_ctx();
    double near = 0, far = 0, up = 0;
    size_t n = TRAIN;
    if (!(l->can & LEARN_WEIGHTS)) return;
    set_make(&s, 8);
    set_make(&triple, 8);
    double mean = 0;
    Random noise = random_make(8, "weights", 0, 0);
    for (size_t i = 0; i < TRAIN && task == TASK_REGRESSION; i++)      /* where every row could be met, no weight would tell */
        s.y[task][i] = triple.y[task][i] += 40 * random_normal(&noise);
    for (size_t i = 0; i < TRAIN; i++) mean += s.y[task][i] / TRAIN;
    for (size_t i = 0; i < TRAIN; i++) {
        if (s.y[task][i] <= mean || n + 2 > 2 * ROWS) continue;
        s.weight[i] = 3;
        for (int k = 0; k < 2; k++, n++) {
            for (size_t j = 0; j < COLS; j++) triple.cell[j][n] = s.cell[j][i];
            triple.y[task][n] = s.y[task][i];
            triple.row[n] = (uint32_t)n;
        }
    }
    FitIn in = set_in(&s, l, task, ROWS, TRAIN), more = set_in(&triple, l, task, n, n);
    in.rounds = more.rounds = l->can & LEARN_ROUNDS ? 12 : 0;
    for (cx.seed = 1; cx.seed <= (is_exact(l) ? 1u : 8u); cx.seed++) {        /* chance is averaged away */
        in.weight = NULL;
        Model *plain = fit(&cx, l, &in);
        in.weight = s.weight;
        Model *heavy = fit(&cx, l, &in), *thrice = fit(&cx, l, &more);
        margins(&cx, plain, &in.X, a);
        margins(&cx, heavy, &in.X, b);
        margins(&cx, thrice, &in.X, c);
        for (size_t i = 0; i < ROWS * plain->outputs; i++) {
            near += (b[i] - c[i]) * (b[i] - c[i]);
            far += (a[i] - c[i]) * (a[i] - c[i]);
        }
        for (size_t i = 0; i < ROWS; i++) {                       /* towards the heavy rows */
            size_t k = plain->outputs;
            up += k == 1 ? b[i] - a[i] : (b[i * k + k - 1] - b[i * k]) - (a[i * k + k - 1] - a[i * k]);
        }
        model_free(&cx, plain);
        model_free(&cx, heavy);
        model_free(&cx, thrice);
    }
    EXAM(l, up > 0);
    if (is_exact(l)) EXAM(l, near < .001 * far);
    ctx_clear(&cx);
}

static void question_weights(void **state) { (void)state; ask(weights_count_as_rows); }

/* ------------------------------------------------------------------------ storing */

static void damage(Ctx *cx, const Learner *l, const Text *whole)
{
    size_t step = whole->n > 2048 ? whole->n / 1024 : 1;
    Random r = random_make(1, "flip", 0, 0);
    unsigned char *bytes = malloc(whole->n);
    Model *m;
    assert_non_null(bytes);
    for (size_t n = 0; n < whole->n; n += step) {
        memcpy(bytes, whole->at, n);
        Err err = model_load(cx, bytes, n, &m);
        EXAM(l, err == ERR_CORRUPT && m == NULL && cx->text[0]);
    }
    for (int i = 0; i < 400; i++) {
        size_t at = random_below(&r, whole->n);
        memcpy(bytes, whole->at, whole->n);
        bytes[at] ^= (unsigned char)(1 << random_below(&r, 8));
        Err err = model_load(cx, bytes, whole->n, &m);
        EXAM(l, (err == ERR_CORRUPT && m == NULL) || (err == OK && m != NULL));
        model_free(cx, m);
    }
    free(bytes);
}

static void stored_models_come_back_equal(const Learner *l, Task task)
{
    static Set s;
    static double a[ROWS * CLASSES], b[ROWS * CLASSES];
    Ctx cx = test_ctx();
    Text first, second, third;
    Model *back;
    set_make(&s, 9);
    FitIn in = set_in(&s, l, task, ROWS, 40);
    if (in.rounds) in.rounds = 3;
    Model *m = fit(&cx, l, &in), *n = fit(&cx, l, &in);
    text_init(&first, &cx);
    text_init(&second, &cx);
    text_init(&third, &cx);
    expect_ok(&cx, model_save(&cx, m, &first));
    expect_ok(&cx, model_save(&cx, n, &second));
    EXAM(l, first.n == second.n && !memcmp(first.at, second.at, first.n));
    expect_ok(&cx, model_load(&cx, first.at, first.n, &back));
    expect_ok(&cx, model_save(&cx, back, &third));
    EXAM(l, first.n == third.n && !memcmp(first.at, third.at, first.n));
    margins(&cx, m, &in.X, a);
    margins(&cx, back, &in.X, b);
    EXAM(l, !memcmp(a, b, ROWS * m->outputs * sizeof *a));
    damage(&cx, l, &first);
    model_free(&cx, m);
    model_free(&cx, n);
    model_free(&cx, back);
    text_clear(&first);
    text_clear(&second);
    text_clear(&third);
    ctx_clear(&cx);
}

static void question_stored(void **state) { (void)state; ask(stored_models_come_back_equal); }

/* -------------------------------------------------------------------- explanations */

static void explanations_sum_to_the_margin(const Learner *l, Task task)
{
    static Set s, back;
    static double a[ROWS * CLASSES], phi[ROWS * CLASSES * (COLS + 1)];
    Ctx cx = test_ctx();
    set_make(&s, 10);
    set_make(&back, 11);
    FitIn in = set_in(&s, l, task, ROWS, TRAIN);
    Frame few = in.X, behind = { 16, COLS, back.feature, back.col };
    few.rows = 20;
    Model *m = fit(&cx, l, &in);
    margins(&cx, m, &few, a);
    expect_ok(&cx, model_explain(&cx, m, &few, NULL, few.rows, &behind, phi));
    for (size_t i = 0; i < few.rows * m->outputs; i++) {
        double sum = 0;
        for (size_t j = 0; j <= COLS; j++) sum += phi[i * (COLS + 1) + j];
        EXAM(l, fabs(sum - a[i]) <= 1e-6 * fmax(1, fabs(a[i])));
        EXAM(l, fabs(phi[i * (COLS + 1) + 4]) <= 1e-9);                   /* a constant column explains nothing */
    }
    model_free(&cx, m);
    ctx_clear(&cx);
}

static void question_explained(void **state) { (void)state; ask(explanations_sum_to_the_margin); }

/* ------------------------------------------------------------------------ failures */

static void nothing_to_learn_from_is_refused(const Learner *l, Task task)
{
    static Set s;
    Ctx cx = test_ctx();
    FitOut out = { 0 };
    set_make(&s, 12);
    FitIn in = set_in(&s, l, task, ROWS, 0);
    expect_failure(&cx, l->fit(&cx, &in, &out), ERR_SHAPE, NULL);
    EXAM(l, out.model == NULL);
    in = set_in(&s, l, task, ROWS, TRAIN);
    in.X.cols = 0;
    expect_failure(&cx, l->fit(&cx, &in, &out), ERR_SHAPE, NULL);
    EXAM(l, out.model == NULL);
    ctx_clear(&cx);
}

static void question_nothing(void **state) { (void)state; ask(nothing_to_learn_from_is_refused); }

static void a_passed_deadline_ends_it(const Learner *l, Task task)
{
    static Set s;
    static double a[ROWS * CLASSES];
    Rig r;
    FitOut out = { 0 };
    rig_init(&r, 0, 0, false);
    Ctx cx = rig_ctx(&r);
    cx.deadline_us = 1;
    set_make(&s, 13);
    FitIn in = set_in(&s, l, task, ROWS, TRAIN);
    Err err = l->fit(&cx, &in, &out);
    EXAM(l, (err == ERR_TIME && !out.model && cx.text[0]) || (err == OK && out.model && out.cut));
    if (out.model) {
        margins(&cx, out.model, &in.X, a);
        EXAM(l, all_finite(a, ROWS * out.model->outputs));
    }
    model_free(&cx, out.model);
    volatile sig_atomic_t stop = 1;
    cx.deadline_us = 0;
    cx.cancel = &stop;
    err = l->fit(&cx, &in, &out);
    EXAM(l, err == ERR_INTERRUPTED && !out.model);
    ctx_clear(&cx);
    EXAM(l, r.held == 0);
}

static void question_late(void **state) { (void)state; ask(a_passed_deadline_ends_it); }

/* At whatever look at the clock the deadline passes, there is a model or ERR_TIME, and nothing is left behind. */
static void a_deadline_may_pass_anywhere(const Learner *l, Task task)
{
    static Set s;
    Rig r;
    set_make(&s, 14);
    for (int64_t left = 1; left < 4000; left = left * 5 / 3 + 1) {
        FitOut out = { 0 };
        rig_init(&r, 0, 0, false);
        Ctx cx = rig_ctx(&r);
        cx.deadline_us = r.mono_us + left;           /* each look takes a microsecond */
        FitIn in = set_in(&s, l, task, ROWS, 60);
        Err err = l->fit(&cx, &in, &out);
        EXAM(l, (err == ERR_TIME && !out.model) || (err == OK && out.model));
        model_free(&cx, out.model);
        ctx_clear(&cx);
        EXAM(l, r.held == 0);
    }
}

static void question_deadlines(void **state) { (void)state; ask(a_deadline_may_pass_anywhere); }

typedef struct Swept { const Learner *l; Task task; Set s; double a[ROWS * CLASSES]; double phi[CLASSES * (COLS + 1)]; } Swept;

static Err whole_life(Ctx *cx, void *arg)
{
    Swept *w = arg;
    FitOut out = { 0 };
    Text bytes;
    Model *back = NULL;
    Err err = OK;
    FitIn in = set_in(&w->s, w->l, w->task, ROWS, 30);
    if (in.rounds) in.rounds = 1;
    text_init(&bytes, cx);
    TRY_DONE(cx, w->l->fit(cx, &in, &out));
    TRY_DONE(cx, model_margin(cx, out.model, &in.X, NULL, ROWS, w->a));
    TRY_DONE(cx, model_explain(cx, out.model, &in.X, NULL, 1, &in.X, w->phi));
    TRY_DONE(cx, model_save(cx, out.model, &bytes));
    TRY_DONE(cx, model_load(cx, bytes.at, bytes.n, &back));
done:
    checks++;
    text_clear(&bytes);
    model_free(cx, back);
    model_free(cx, out.model);
    return err;
}

static void refused_memory_is_survived(const Learner *l, Task task)
{
    static Swept w;
    if (!is_ours(l)) return;
    w.l = l;
    w.task = task;
    set_make(&w.s, 15);
    rig_sweep_or_ok(whole_life, &w, ERR_NOMEM, ERR_IO);
}

static void question_memory(void **state) { (void)state; ask(refused_memory_is_survived); }

static void enough_was_checked(void **state)
{
    (void)state;
    printf("%ld checks of learners\n", checks);
    assert_true(checks >= CHECKS_MIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        { "rows tell what they should, parameters start within bounds", rows_tell_what_they_should, NULL, NULL, NULL },
        { "arguments survive a trip through JSON", question_args, NULL, NULL, NULL },
        { "answers are finite for any row, and repeat bit for bit", question_answers, NULL, NULL, NULL },
        { "learning from a view of rows equals learning from a copy", question_views, NULL, NULL, NULL },
        { "answers beat the baseline's where there is something to learn", question_skill, NULL, NULL, NULL },
        { "constant targets, three rows and unknown rows do no harm", question_odd, NULL, NULL, NULL },
        { "parameters work at both ends", question_edges, NULL, NULL, NULL },
        { "rounds stop early on valid rows, or are exactly as told", question_rounds, NULL, NULL, NULL },
        { "a fit that ended by itself or by a deadline comes again bit for bit", question_replay, NULL, NULL, NULL },
        { "what is kept between fits changes no bit", question_shelf, NULL, NULL, NULL },
        { "monotone columns are honoured where claimed", question_monotone, NULL, NULL, NULL },
        { "weights count as rows where claimed", question_weights, NULL, NULL, NULL },
        { "stored models come back equal and refuse damage", question_stored, NULL, NULL, NULL },
        { "explanations sum to the margin", question_explained, NULL, NULL, NULL },
        { "no rows and no columns are refused", question_nothing, NULL, NULL, NULL },
        { "a passed deadline and a cancel end a fit", question_late, NULL, NULL, NULL },
        { "a deadline may pass anywhere", question_deadlines, NULL, NULL, NULL },
        { "refused memory is said and nothing leaks", question_memory, NULL, NULL, NULL },
        { "enough was checked", enough_was_checked, NULL, NULL, NULL },
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

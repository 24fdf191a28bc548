/* auto/driver.c -- the eight stages in order, under one budget. */
#include "auto/anomaly.h"
#include "auto/replay.h"

#include "os/os.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Shares of the time that is there when the stages begin. */
#define SHARE_VISUALIZE .06
#define SHARE_PREPROCESS .2
#define SHARE_ENGINEER .14
#define SHARE_SELECT 1.            /* of the search; tune gets what is left when the portfolio is through */
#define SHARE_DIAGNOSE .08
#define DIAGNOSE_S_MAX 8.
#define SHARE_TRAIN .025           /* choosing and calibrating the ensemble */
#define TRAIN_S_MIN .06
#define TRAIN_S_MAX 3.
#define TEST_ROWS_FIRST 200        /* answered first, to see what a row takes */
#define TEST_SHARE .7              /* of what is left after the ensemble, for judging the test rows */
#define SHARE_REFIT .22            /* fitting again on all rows after a holdout */

typedef Err (*StageRun)(Ctx *cx, Auto *a);
static const struct { const char *word, *what; StageRun run; } stages[STAGES_N] = {
    [STAGE_VISUALIZE] = { "visualize", "looking at the data", stage_visualize },
    [STAGE_PREPROCESS] = { "preprocess", "preparing columns", stage_preprocess },
    [STAGE_ENGINEER] = { "engineer", "testing features", stage_engineer },
    [STAGE_SELECT] = { "select", "trying learners", stage_select },
    [STAGE_TUNE] = { "tune", "searching hyperparameters", stage_tune },
    [STAGE_BENCHMARK] = { "benchmark", "comparing trials", stage_benchmark },
    [STAGE_TRAIN] = { "train", "building the ensemble", stage_train },
    [STAGE_DIAGNOSE] = { "diagnose", "explaining the build", stage_diagnose },
};

const char *stage_word(Stage s)
{
    return (unsigned)s < STAGES_N ? stages[s].word : "?";
}

bool stage_read(const char *word, Stage *out)
{
    for (int s = 0; s < STAGES_N; s++)
        if (!strcmp(word, stages[s].word)) {
            *out = (Stage)s;
            return true;
        }
    return false;
}

double auto_left_s(Ctx *cx, const Auto *a, Stage s)
{
    if (!a->stage_end_us[s]) return INFINITY;
    return (double)(a->stage_end_us[s] - ctx_mono_us(cx)) * 1e-6;
}

Err auto_warn(Ctx *cx, Auto *a, const char *fmt, ...)
{
    char line[1024];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    ctx_warn(cx, "%s", line);
    json_text(&a->warnings, line);
    return a->in->sink.warning ? a->in->sink.warning(a->in->sink.self, cx, line) : OK;
}

/* ------------------------------------------------------------------ budget */

static void plan(Ctx *cx, Auto *a)
{
    const AutoIn *in = a->in;
    if (!auto_clocked(a)) return;
    int64_t now = ctx_mono_us(cx), end = in->started_us + (int64_t)((in->time_s - in->reserve_s) * 1e6);
    double all = fmax((double)(end - now) * 1e-6, 0);
    double diagnose = in->until < STAGE_DIAGNOSE ? 0 : fmin(all * SHARE_DIAGNOSE, DIAGNOSE_S_MAX);
    double train = in->until < STAGE_TRAIN ? 0 : fmin(fmax(all * SHARE_TRAIN, TRAIN_S_MIN), TRAIN_S_MAX);
    if ((a->folds == 1 || a->ordered) && in->until >= STAGE_TRAIN) train += all * SHARE_REFIT;
    else if (a->refit && in->until >= STAGE_TRAIN) train += all * SHARE_REFIT / 2;
    double search = fmax(all - diagnose - train, 0);
    const double ends[STAGES_N] = {
        [STAGE_VISUALIZE] = all * SHARE_VISUALIZE,
        [STAGE_PREPROCESS] = all * SHARE_PREPROCESS,
        [STAGE_ENGINEER] = all * SHARE_ENGINEER,
        [STAGE_SELECT] = search * SHARE_SELECT,
        [STAGE_TUNE] = search,
        [STAGE_BENCHMARK] = search + train,
        [STAGE_TRAIN] = search + train,
        [STAGE_DIAGNOSE] = all,
    };
    for (int s = 0; s < STAGES_N; s++) a->stage_end_us[s] = now + (int64_t)(ends[s] * 1e6);
    if (in->diagnose_full) a->stage_end_us[STAGE_DIAGNOSE] = 0;
}

static Err slow_reading(Ctx *cx, Auto *a)
{
    double read_s = (double)(ctx_mono_us(cx) - a->in->started_us) * 1e-6;
    if (!auto_clocked(a) || read_s < a->in->time_s / 4) return OK;
    a->short_of_time = true;
    return auto_warn(cx, a, "reading took %.1f s of the %.3g s given: the search is short; give more --time", read_s, a->in->time_s);
}

/* -------------------------------------------------------------------- test */

static Err test_y(Ctx *cx, Auto *a, const Table *t, double *y, uint32_t *rows, size_t *n)
{
    size_t at = table_find(t, a->in->target);
    if (at == SIZE_MAX) return FAIL(cx, ERR_BAD_INPUT, "the test data '%s' has no column '%s' to check the predictions against", t->source, a->in->target);
    const Column *c = &t->col[at];
    *n = 0;
    for (size_t i = 0; i < t->rows; i++) {
        char buf[NUM_TEXT_MAX];
        const char *s = buf;
        size_t len;
        if (!column_has(c, i)) continue;
        if (!a->classes) {
            if (c->num) y[*n] = c->num[i];
            else if (s = dict_at(&c->dict, (uint32_t)c->code[i], &len), !num_read(s, len, &y[*n])) continue;
        } else {
            if (c->num) len = num_text(c->num[i], buf);
            else s = dict_at(&c->dict, (uint32_t)c->code[i], &len);
            uint32_t k = build_class_find(a->build, s, len);
            if (k == UINT32_MAX) continue;
            y[*n] = k;
        }
        rows[(*n)++] = (uint32_t)i;
    }
    return *n ? OK : FAIL(cx, ERR_BAD_INPUT, "no row of the test data '%s' has a target the build knows", t->source);
}

/* Test rows there is time for: a few are answered first to see what a row takes.  The first so many are judged then. */
static Err rows_in_time(Ctx *cx, Auto *a, const Table *t, const uint32_t *rows, size_t *n)
{
    Err err = OK;
    size_t few = *n < TEST_ROWS_FIRST ? *n : TEST_ROWS_FIRST;
    Table *some = NULL, *fit = NULL;
    double *p = NULL;
    int64_t end = a->stage_end_us[STAGE_DIAGNOSE], from = ctx_mono_us(cx);
    if (!end || few == *n) return OK;
    GET_DONE(cx, p, few * task_outputs(a->task, a->classes), "judging the test rows");
    TRY_DONE(cx, table_rows(cx, t, rows, few, &some));
    TRY_DONE(cx, build_conform(cx, a->build, some, &fit, NULL));
    TRY_DONE(cx, build_margin(cx, a->build, fit, p));
    double took = fmax(ctx_since_s(cx, from), 1e-6), left = (double)(end - ctx_mono_us(cx)) * 1e-6 * TEST_SHARE;
    double most = fmax((double)few, left / took * (double)few);
    if (most < (double)*n) {
        TRY_DONE(cx, auto_warn(cx, a, "there was time to judge the first %.0f of %zu test rows only; leat predict answers all", most, *n));
        *n = (size_t)most;
        a->short_of_time = true;
    }
done:
    ctx_put(cx, p);
    table_free(cx, some);
    table_free(cx, fit);
    return err;
}

/* Every metric of the task on the test rows. */
static Err judge_test(Ctx *cx, Auto *a)
{
    const Table *t = a->in->test;
    uint32_t k = task_outputs(a->task, a->classes), *rows = NULL;
    size_t n = 0;
    Err err = OK;
    double *y = NULL, *p = NULL, *label = NULL;
    Table *some = NULL, *fit = NULL;
    Text json;
    text_init(&json, cx);
    GET_DONE(cx, y, t->rows, "judging the test rows");
    GET_DONE(cx, rows, t->rows, "judging the test rows");
    TRY_DONE(cx, test_y(cx, a, t, y, rows, &n));
    if (n < t->rows) TRY_DONE(cx, auto_warn(cx, a, "%zu of %zu test rows have no known target and are left out", t->rows - n, t->rows));
    TRY_DONE(cx, rows_in_time(cx, a, t, rows, &n));
    GET_DONE(cx, p, n * k, "judging the test rows");
    GET_DONE(cx, label, n * k, "judging the test rows");
    TRY_DONE(cx, table_rows(cx, t, rows, n, &some));
    TRY_DONE(cx, build_conform(cx, a->build, some, &fit, NULL));
    TRY_DONE(cx, build_margin(cx, a->build, fit, p));
    build_answer(a->build, p, n, p);
    for (size_t i = 0; i < n * k; i++) label[i] = task_is_pair(a->task) ? p[i] >= a->build->threshold : p[i];
    json_open(&json);
    const Metric *m;
    for (size_t i = 0; (m = metric_at(i)); i++) {
        double v = NAN;
        if (!(m->tasks >> a->task & 1)) continue;
        err = m->score(cx, y, m->labels ? label : p, NULL, n, a->classes, &v);
        if (err && err != ERR_NUMERIC) goto done;
        err = OK;
        json_key_num(&json, m->name, v);
    }
    json_close(&json);
    TRY_DONE(cx, text_err(&json));
    a->test_json = text_take(&json);
done:
    text_clear(&json);
    ctx_put(cx, y);
    ctx_put(cx, rows);
    ctx_put(cx, p);
    ctx_put(cx, label);
    table_free(cx, some);
    table_free(cx, fit);
    return err;
}

/* ------------------------------------------------------------------ stages */

/* The stage's own object with what is common to all put in front. */
static Err finish_json(Ctx *cx, Auto *a, Stage s, double seconds)
{
    Text *t = &a->json[s], whole;
    text_init(&whole, cx);
    json_open(&whole);
    json_key_text(&whole, "stage", stages[s].word);
    json_key_num(&whole, "seconds", nearbyint(seconds * 1e4) / 1e4);
    json_key_text(&whole, "summary", a->summary[s]);
    if (t->n > 2) {
        text_char(&whole, ',');
        text_bytes(&whole, t->at + 1, t->n - 1);
    } else text_char(&whole, '}');
    Err err = text_err(&whole);
    text_clear(t);
    if (err) text_clear(&whole);
    else *t = whole;
    return err;
}

/* The search is not done again in a replay. */
static Err replay_says(Auto *a, Stage s)
{
    snprintf(a->summary[s], sizeof a->summary[s], s == STAGE_SELECT ? "%u recorded trials were made again" : "the search is part of the record",
             a->trials_n);
    json_open(&a->json[s]);
    trials_json(a, s, &a->json[s]);
    json_close(&a->json[s]);
    return text_err(&a->json[s]);
}

static StageRun stage_run(const Auto *a, Stage s)
{
    StageRun own = a->task == TASK_ANOMALY ? anomaly_stage(s) : NULL;
    return own ? own : stages[s].run;
}

static Err run_stage(Ctx *cx, Auto *a, Stage s)
{
    int64_t start = ctx_mono_us(cx);
    ctx_step(cx, stages[s].what, 0, 0);
    bool replayed = a->replay && (s == STAGE_SELECT || s == STAGE_TUNE);
    if (replayed && s == STAGE_SELECT) TRY(cx, replay_trials(cx, a));
    if (replayed) TRY(cx, replay_says(a, s));
    else TRY(cx, stage_run(a, s)(cx, a));
    double seconds = ctx_since_s(cx, start);
    TRY(cx, finish_json(cx, a, s, seconds));
    ctx_note(cx, "%-11s %6.2f s  %s", stages[s].word, seconds, a->summary[s]);
    if (a->in->sink.stage) TRY(cx, a->in->sink.stage(a->in->sink.self, cx, s, seconds, a->summary[s], a->json[s].at));
    return OK;
}

static Err check_learners(Ctx *cx, const Auto *a)
{
    for (size_t i = 0; i < a->in->learners_n; i++) {
        const char *name = a->in->learners[i], *names[64];
        size_t n = 0;
        if (learner_find(name)) continue;
        for (const Learner *l; n < 64 && (l = learner_at(n)); n++) names[n] = l->name;
        const char *near = text_nearest(name, names, n);
        Text list;
        text_init(&list, cx);
        for (size_t k = 0; k < n; k++) text_fmt(&list, " %s", names[k]);
        Err err = FAIL(cx, ERR_USAGE, "no learner '%s'%s%s%s; there are%s", name, near ? "; did you mean '" : "", near ? near : "",
                       near ? "'?" : "", list.at ? list.at : "");
        text_clear(&list);
        return err;
    }
    for (size_t i = 0; i < a->in->learners_n; i++)
        if (auto_allows(a, learner_find(a->in->learners[i]))) return OK;
    const char *what = a->monotone ? ", keeping --monotone" : a->weight ? ", with weights" : "";
    return a->in->learners_n ? FAIL(cx, ERR_USAGE, "none of the learners asked for can do a %s task%s", task_word(a->task), what) : OK;
}

static Err option(Ctx *cx, Auto *a, const char *key, double asked, double *out)
{
    if (!auto_noted(a, key, out)) *out = asked;
    return *out != 0 ? auto_note(cx, a, key, *out) : OK;
}

/* What is asked of the build itself: noted, so that it is made again alike. */
static Err take_options(Ctx *cx, Auto *a)
{
    double refit, without, portable;
    TRY(cx, option(cx, a, "portable", a->in->portable, &portable));
    TRY(cx, option(cx, a, "refit", a->in->refit, &refit));
    TRY(cx, option(cx, a, "cost_alarm", a->in->cost_alarm, &a->cost_alarm));
    TRY(cx, option(cx, a, "cost_miss", a->in->cost_miss, &a->cost_miss));
    TRY(cx, option(cx, a, "contamination", a->in->contamination, &a->contamination));
    TRY(cx, option(cx, a, "without", a->in->without, &without));
    a->portable = portable != 0;
    a->refit = refit != 0 || a->task == TASK_ANOMALY;      /* a fold's detector would only have seen less */
    a->without = (unsigned)without;
    bool costs = a->cost_alarm > 0 || a->cost_miss > 0;
    if (costs && a->task != TASK_BINARY)
        return FAIL(cx, ERR_USAGE, "costs of a false alarm and a miss need a target of two classes, and '%s' is %s", a->in->target,
                    a->task == TASK_REGRESSION ? "a number" : "of more");
    return OK;
}

static Err drive(Ctx *cx, Auto *a)
{
    const AutoIn *in = a->in;
    uint64_t bytes = in->memory_mib << 20;
    if (!bytes) bytes = os_memory().free / 2;
    TRY(cx, replay_open(cx, in->replay, &a->replay));
    a->noted = replay_notes(a->replay);
    if (a->replay) a->engineer_again = replay_engineer(a->replay);
    TRY(cx, auto_target(cx, a));
    TRY(cx, take_options(cx, a));
    TRY(cx, check_learners(cx, a));
    TRY(cx, slow_reading(cx, a));
    TRY(cx, auto_folds(cx, a));
    plan(cx, a);
    for (int s = STAGE_VISUALIZE; s <= (int)in->until; s++) {
        if (s == STAGE_ENGINEER) TRY(cx, pool_open(cx, in->program, in->threads ? in->threads : os_cpus(), bytes, &a->pool));
        if (s == STAGE_ENGINEER && in->test && !a->replay) TRY(cx, auto_check_test(cx, a));
        if (s == STAGE_DIAGNOSE && in->test) TRY(cx, judge_test(cx, a));
        TRY(cx, run_stage(cx, a, (Stage)s));
        if (cx->cancel && *cx->cancel) return ctx_check(cx);
    }
    if (in->until == STAGE_TRAIN && in->test) TRY(cx, judge_test(cx, a));
    return OK;
}

static void auto_close(Ctx *cx, Auto *a)
{
    pool_close(cx, a->pool);
    for (uint32_t i = 0; i < a->trials_n; i++) trial_free(cx, a->trial[i]);
    for (uint32_t c = 0; a->class_name && c < a->classes; c++) ctx_put(cx, a->class_name[c]);
    for (int s = 0; s < STAGES_N; s++) text_clear(&a->json[s]);
    text_clear(&a->warnings);
    ctx_put(cx, a->trial);
    ctx_put(cx, a->class_name);
    table_free(cx, a->raw);
    schema_free(cx, a->schema);
    steps_free(cx, a->steps);
    steps_frame_free(cx, a->frame);
    build_free(cx, a->build);
    ctx_put(cx, a->y);
    ctx_put(cx, a->fold);
    ctx_put(cx, a->held);
    ctx_put(cx, a->held_y);
    ctx_put(cx, a->held_weight);
    ctx_put(cx, a->from);
    ctx_put(cx, a->weight);
    ctx_put(cx, a->group);
    ctx_put(cx, a->when);
    ctx_put(cx, a->monotone);
    replay_close(cx, a->replay);
    text_clear(&a->notes);
    ctx_put(cx, a->oof);
    ctx_put(cx, a->test_json);
    ctx_put(cx, a);
}

static Err hand_over(Ctx *cx, Auto *a, AutoOut *out)
{
    Text board;
    Err err = OK;
    text_init(&board, cx);
    TRY_DONE(cx, leaderboard_json(cx, a, &board));
    *out = (AutoOut){ .build = a->build, .task = a->task, .metric = a->metric, .score = a->score, .se = a->se, .test_json = a->test_json,
                      .leaderboard_json = text_take(&board), .trials_n = a->trials_n, .short_of_time = a->short_of_time };
    a->build = NULL;
    a->test_json = NULL;
done:
    text_clear(&board);
    return err;
}

Err auto_run(Ctx *cx, const AutoIn *in, AutoOut *out)
{
    Err err = OK;
    Auto *a = NULL;
    *out = (AutoOut){ 0 };
    cx->seed = in->seed;
    GET_DONE(cx, a, 1, "starting a run");
    a->in = in;
    a->score = a->se = NAN;
    for (int s = 0; s < STAGES_N; s++) text_init(&a->json[s], cx);
    text_init(&a->warnings, cx);
    text_init(&a->notes, cx);
    json_open(&a->notes);
    TRY_DONE(cx, drive(cx, a));
    TRY_DONE(cx, hand_over(cx, a, out));
done:
    if (a) auto_close(cx, a);
    return err;
}

void auto_out_clear(Ctx *cx, AutoOut *out)
{
    build_free(cx, out->build);
    ctx_put(cx, out->test_json);
    ctx_put(cx, out->leaderboard_json);
    *out = (AutoOut){ 0 };
}

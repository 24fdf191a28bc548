/* test/unit/auto/test_diagnose.c -- stage 8 on builds small enough to foresee: failures, a clock that runs out anywhere,
** refused memory; and the distributions against published values.  Figures are held against scikit-learn and scipy
** in test/peer/test_diagnose.py. */
#include "kit.h"
#include "stand_in.h"

#include "auto/diagnose.h"
#include "auto/stats.h"
#include "base/random.h"

#include <yyjson.h>

enum { ROWS = 240 };

static void row_text(size_t i, char *line, size_t max)
{
    Random r = random_make(1, "diagnose test", i, 0);
    double a = random_normal(&r), b = random_normal(&r);
    const char *city[] = { "Rome", "Oslo", "Lima" };
    size_t c = random_below(&r, 3);
    double z = 2 * a + (c == 1) + random_normal(&r) * (c == 2 ? 4 : .3);
    if (i % 11 == 0) snprintf(line, max, "%.4f||%s|%.4f|%s", a, city[c], 10 * z, z > 0 ? "yes" : "no");
    else snprintf(line, max, "%.4f|%.4f|%s|%.4f|%s", a, b, city[c], 10 * z, z > 0 ? "yes" : "no");
}

static Err number_step(Ctx *cx, Steps *s, uint32_t raw, const char *name)
{
    return steps_add(cx, s, &(StepAdd){ .op = STEP_NUMBER, .a = raw, .b = STEPS_NONE, .about = STEPS_NONE, .outs = 1, .name = &name });
}

/* Columns a, b and city as they are, one linear model; member of one part that saw all rows. */
static Err make_build(Ctx *cx, const Table *all, Task task, Build **out)
{
    Err err = OK;
    Build *b = NULL;
    StepFrame *frame = NULL;
    double y[ROWS], args[LEARN_PARAMS_MAX];
    uint32_t rows[ROWS];
    Table raw = *all;
    FitOut fit = { 0 };
    *out = NULL;
    raw.cols = 3;
    GET_DONE(cx, b, 1, "a build");
    b->task = task;
    b->classes = task == TASK_BINARY ? 2 : 0;
    b->folds = 1;
    b->scale = 1;
    b->threshold = .5;
    b->lo = -1e9;
    b->hi = 1e9;
    GET_DONE(cx, b->target, 8, "a build");
    strcpy(b->target, task == TASK_BINARY ? "class" : "value");
    if (task == TASK_BINARY) {
        GET_DONE(cx, b->class_name, 2, "a build");
        for (int c = 0; c < 2; c++) {
            GET_DONE(cx, b->class_name[c], 4, "a build");
            strcpy(b->class_name[c], c ? "yes" : "no");
        }
    }
    TRY_DONE(cx, schema_of(cx, &raw, NULL, 0, &b->schema));
    TRY_DONE(cx, steps_new(cx, b->schema, 0, &b->steps));
    TRY_DONE(cx, number_step(cx, b->steps, 0, "a"));
    TRY_DONE(cx, number_step(cx, b->steps, 1, "b"));
    TRY_DONE(cx, steps_apply(cx, b->steps, &raw, &frame));
    TRY_DONE(cx, auto_known_y(cx, b, all, task == TASK_BINARY ? 4 : 3, y));
    for (uint32_t i = 0; i < ROWS; i++) rows[i] = i;
    GET_DONE(cx, b->member, 1, "a build");
    b->members_n = 1;
    Member *m = b->member;
    m->weight = m->scale = 1;
    GET_DONE(cx, m->learner, 8, "a build");
    GET_DONE(cx, m->params, 4, "a build");
    strcpy(m->learner, "linear");
    strcpy(m->params, "{}");
    GET_DONE(cx, m->part, 1, "a build");
    GET_DONE(cx, m->model, 1, "a build");
    m->part[0] = 1;
    const Learner *l = learner_find("linear");
    learner_start(l, task, args);
    FitIn in = { .task = task, .classes = b->classes, .X = steps_frame(frame, 0), .y = y, .train = rows, .train_n = ROWS, .args = args };
    TRY_DONE(cx, l->fit(cx, &in, &fit));
    m->model[0] = fit.model;
    m->parts_n = 1;
    TRY_DONE(cx, table_rows(cx, &raw, rows, 20, &b->background));
    *out = b;
    b = NULL;
done:
    steps_frame_free(cx, frame);
    build_free(cx, b);
    return err;
}

static const char head[] = "a:number b:number city:category value:number class:category";

static Err open_all(Ctx *cx, Task task, Table **t, Build **b)
{
    char *text = kit_rows(ROWS, row_text);
    Err err = kit_table(cx, head, text, t);
    free(text);
    *b = NULL;
    return err ? err : make_build(cx, *t, task, b);
}

static const char *const classes_keys[] = { "stage", "on", "rows", "task", "target", "metric", "higher", "metrics", "roc", "pr", "calibration", "confusion", "lift",
                                            "threshold", "groups", "shap", "importance", "shuffles", "partial", "slices", "skipped", "summary", "seconds", NULL };
static const char *const value_keys[] = { "stage", "on", "rows", "metric", "metrics", "residuals", "groups", "shap", "importance", "partial", "slices",
                                          "skipped", "summary", "seconds", NULL };

static void every_part_is_there(void **state)
{
    (void)state;
    for (Task task = TASK_BINARY; task < TASK_N; task = (Task)(task + 2)) {
        Ctx cx = test_ctx();
        Table *t;
        Build *b;
        Text json;
        text_init(&json, &cx);
        expect_ok(&cx, open_all(&cx, task, &t, &b));
        DiagnoseIn in = { .build = b, .table = t, .metric = metric_default(task), .group = "b" };
        expect_ok(&cx, auto_diagnose(&cx, &in, &json));
        yyjson_doc *doc = yyjson_read(json.at, json.n, 0);
        assert_int_equal(yyjson_arr_size(yyjson_obj_get(yyjson_obj_get(yyjson_doc_get_root(doc), "groups"), "list")), 5);      /* quarters, and missing */
        assert_non_null(strstr(json.at, "the build keeps no record of its errors"));
        assert_non_null(doc);
        yyjson_val *root = yyjson_doc_get_root(doc);
        for (const char *const *key = task == TASK_BINARY ? classes_keys : value_keys; *key; key++)
            if (!yyjson_obj_get(root, *key)) fail_msg("no '%s' in %.300s", *key, json.at);
        yyjson_val *first = yyjson_arr_get_first(yyjson_obj_get(root, "importance"));
        assert_string_equal(yyjson_get_str(yyjson_obj_get(first, "column")), "a");
        /* city feeds no feature, so shuffling it costs nothing; but there the errors are large */
        yyjson_val *v;
        size_t i, n;
        yyjson_arr_foreach(yyjson_obj_get(root, "importance"), i, n, v)
            if (!strcmp(yyjson_get_str(yyjson_obj_get(v, "column")), "city")) assert_true(yyjson_get_num(yyjson_obj_get(v, "drop")) == 0);
        v = yyjson_arr_get_first(yyjson_obj_get(root, "slices"));
        assert_non_null(strstr(yyjson_get_str(yyjson_obj_get(v, "where")), "city is 'Lima'"));
        assert_non_null(strstr(json.at, "learning curve: it needs worker processes"));
        yyjson_doc_free(doc);
        text_clear(&json);
        build_free(&cx, b);
        table_free(&cx, t);
        ctx_clear(&cx);
    }
}

static void rows_that_cannot_be_judged_are_refused(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Table *t, *other;
    Build *b;
    Text json;
    text_init(&json, &cx);
    expect_ok(&cx, open_all(&cx, TASK_BINARY, &t, &b));
    DiagnoseIn in = { .build = b, .metric = metric_default(TASK_BINARY), .table = t, .group = "citi" };
    expect_failure(&cx, auto_diagnose(&cx, &in, &json), ERR_NOT_FOUND, "no column 'citi' to group by; did you mean 'city'?");
    in.group = NULL;
    expect_ok(&cx, kit_table(&cx, "a:number b:number city:category", "1|2|Rome\n3|4|Oslo\n", &other));
    in.table = other;
    expect_failure(&cx, auto_diagnose(&cx, &in, &json), ERR_BAD_INPUT, "no column 'class'");
    table_free(&cx, other);
    expect_ok(&cx, kit_table(&cx, head, "1|2|Rome|3|perhaps\n1|2|Rome|3|never\n", &other));
    in.table = other;
    expect_failure(&cx, auto_diagnose(&cx, &in, &json), ERR_BAD_INPUT, "nothing to check");
    table_free(&cx, other);
    expect_ok(&cx, kit_table(&cx, head, "1|2|Rome|3|yes\n2|2|Rome|3|perhaps\n", &other));     /* one row is enough to look at */
    in.table = other;
    expect_ok(&cx, auto_diagnose(&cx, &in, &json));
    assert_non_null(strstr(json.at, "1 rows whose 'class'"));
    text_clear(&json);
    table_free(&cx, other);
    build_free(&cx, b);
    table_free(&cx, t);
    ctx_clear(&cx);
}

/* The clock moves at each look: whenever the time is up, the answer is whole JSON that says what is missing. */
static void the_time_may_run_out_anywhere(void **state)
{
    (void)state;
    Rig r;
    rig_init(&r, 0, 0, false);
    Ctx cx = rig_ctx(&r);
    Table *t;
    Build *b;
    size_t cut = 0;
    expect_ok(&cx, open_all(&cx, TASK_BINARY, &t, &b));
    for (int64_t left = 1; left < 1 << 20; left *= 2) {
        Text json;
        text_init(&json, &cx);
        r.tick_us = 50;
        cx.deadline_us = ctx_mono_us(&cx) + left;
        DiagnoseIn in = { .build = b, .table = t, .metric = metric_default(TASK_BINARY) };
        expect_ok(&cx, auto_diagnose(&cx, &in, &json));
        yyjson_doc *doc = yyjson_read(json.at, json.n, 0);
        assert_non_null(doc);
        assert_true(yyjson_arr_size(yyjson_obj_get(yyjson_doc_get_root(doc), "roc")) == 1);       /* cheap parts are always there */
        cut += yyjson_arr_size(yyjson_obj_get(yyjson_doc_get_root(doc), "skipped")) > 2;       /* two are always: no record of errors, no workers */
        yyjson_doc_free(doc);
        text_clear(&json);
    }
    assert_true(cut > 3 && cut < 20);
    volatile sig_atomic_t stop = 1;
    Text json;
    text_init(&json, &cx);
    cx.deadline_us = 0;
    cx.cancel = &stop;
    DiagnoseIn in = { .build = b, .table = t, .metric = metric_default(TASK_BINARY) };
    assert_int_equal(auto_diagnose(&cx, &in, &json), ERR_INTERRUPTED);
    text_clear(&json);
    cx.cancel = NULL;
    build_free(&cx, b);
    table_free(&cx, t);
    ctx_clear(&cx);
    assert_int_equal(r.held, 0);
}

typedef struct Given { Table *t; Build *b; Task task; } Given;

static Err diagnose(Ctx *cx, void *arg)
{
    const Given *g = arg;
    Text json;
    text_init(&json, cx);
    DiagnoseIn in = { .build = g->b, .table = g->t, .metric = metric_default(g->task), .group = "city" };
    Err err = auto_diagnose(cx, &in, &json);
    text_clear(&json);
    return err;
}

static void refused_memory_is_survived(void **state)
{
    (void)state;
    for (Task task = TASK_BINARY; task < TASK_N; task = (Task)(task + 2)) {
        Ctx cx = test_ctx();
        Given g = { .task = task };
        Table *few;
        uint32_t rows[70];
        for (uint32_t i = 0; i < 70; i++) rows[i] = 3 * i;
        expect_ok(&cx, open_all(&cx, task, &g.t, &g.b));
        expect_ok(&cx, table_rows(&cx, g.t, rows, 70, &few));
        table_free(&cx, g.t);
        g.t = few;
        rig_sweep_or_ok(diagnose, &g, ERR_NOMEM, ERR_IO);
        build_free(&cx, g.b);
        table_free(&cx, g.t);
        ctx_clear(&cx);
    }
}

static void distributions_have_their_published_values(void **state)
{
    (void)state;
    assert_float_equal(stats_normal_quantile(.975), 1.959963984540054, 1e-14);
    assert_float_equal(stats_normal_quantile(.5), 0, 0);
    assert_float_equal(stats_normal_quantile(1e-10), -6.361340902404056, 1e-12);
    assert_float_equal(stats_normal_quantile(1e-30), -11.464024988915, 1e-9);
    assert_float_equal(stats_student_p(2.228138851986273, 10), .05, 1e-12);        /* the table's t for 10 degrees */
    assert_float_equal(stats_student_p(-12.706204736432095, 1), .05, 1e-12);
    assert_float_equal(stats_student_p(1.96, 1e7), .0499958, 1e-6);
    assert_true(stats_student_p(60, 500) < 1e-200 && stats_student_p(60, 500) >= 0);
    double p;
    assert_float_equal(stats_welch(3, 2, 1, 3, 5, 4, &p), -3 / sqrt(5. / 3), 1e-12);
    assert_float_equal(p, stats_student_p(3 / sqrt(5. / 3), 25. / 9 / (1. / 18 + 16. / 18)), 1e-12);
    assert_true(isinf(stats_welch(5, 2, 0, 5, 1, 0, &p)) && p == 0);
    assert_true(stats_welch(5, 2, 0, 5, 2, 0, &p) == 0 && p == 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_part_is_there),
        cmocka_unit_test(rows_that_cannot_be_judged_are_refused),
        cmocka_unit_test(the_time_may_run_out_anywhere),
        cmocka_unit_test(refused_memory_is_survived),
        cmocka_unit_test(distributions_have_their_published_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

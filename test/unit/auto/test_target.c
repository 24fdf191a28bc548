/* What is proved: what is to be predicted is read as promised -- task, classes in one order, rows that count -- and every
** target that cannot be learned is refused in words.  How: small tables, answers worked out by hand. */
#include "unit/auto/kit.h"
#include "unit/auto/stand_in.h"

typedef struct Case {
    Auto a;
    AutoIn in;
    Table *t;
} Case;

static Err open_case(Ctx *cx, Case *c, const char *head, const char *rows, AutoIn in)
{
    *c = (Case){ .in = in };
    c->a.in = &c->in;
    text_init(&c->a.warnings, cx);
    if (!c->in.target) c->in.target = "y";
    TRY(cx, kit_table(cx, head, rows, &c->t));
    c->in.table = c->t;
    return auto_target(cx, &c->a);
}

static void close_case(Ctx *cx, Case *c)
{
    for (uint32_t i = 0; c->a.class_name && i < c->a.classes; i++) ctx_put(cx, c->a.class_name[i]);
    ctx_put(cx, c->a.class_name);
    ctx_put(cx, c->a.y);
    ctx_put(cx, c->a.from);
    table_free(cx, c->a.raw);
    schema_free(cx, c->a.schema);
    table_free(cx, c->t);
    text_clear(&c->a.warnings);
    ctx_clear(cx);
}

#define ANY { .task = -1 }

static void refused(const char *head, const char *rows, AutoIn in, Err want, const char *words)
{
    Ctx cx = test_ctx();
    Case c;
    Err err = open_case(&cx, &c, head, rows, in);
    expect_failure(&cx, err, want, words);
    close_case(&cx, &c);
}

#define TEN "1|a\n2|b\n3|a\n4|b\n5|a\n6|b\n7|a\n8|b\n9|a\n10|b\n"

static void an_unknown_target_is_refused_with_a_near_name(void **state)
{
    (void)state;
    refused("x:number price:category", TEN, (AutoIn){ .task = -1, .target = "prise" }, ERR_NOT_FOUND,
            "no column 'prise' to predict; did you mean 'price'?");
    refused("x:number price:category", TEN, (AutoIn){ .task = -1, .target = "survived" }, ERR_NOT_FOUND,
            "no column 'survived' to predict; the 2 columns are x, price");
    refused("y:category", "a\nb\n", (AutoIn){ .task = -1, .target = "survived" }, ERR_NOT_FOUND, "the file has one column, 'y'");
    refused("x:number y:category", TEN, (AutoIn){ .task = -1, .exclude = (const char *const[]){ "xx" }, .exclude_n = 1 }, ERR_NOT_FOUND,
            "no column 'xx' to exclude");
}

static void a_target_that_says_nothing_is_refused(void **state)
{
    (void)state;
    refused("x:number y:category", "1|\n2|\n3|\n4|\n5|\n6|\n7|\n8|\n9|\n10|\n", (AutoIn)ANY, ERR_BAD_INPUT, "target 'y' is missing in every row");
    refused("x:number y:category", "1|a\n2|b\n3|a\n4|b\n5|a\n6|b\n7|a\n8|b\n9|a\n10|\n", (AutoIn)ANY, ERR_BAD_INPUT,
            "only 9 rows of 'kit' have a target, and at least 10 are needed");
    refused("x:number y:category", "1|a\n2|a\n3|a\n4|a\n5|a\n6|a\n7|a\n8|a\n9|a\n10|a\n", (AutoIn)ANY, ERR_BAD_INPUT,
            "target 'y' is 'a' in every row");
    refused("x:number y:number", "1|3\n2|3\n3|3\n4|3\n5|3\n6|3\n7|3\n8|3\n9|3\n10|3\n", (AutoIn)ANY, ERR_BAD_INPUT,
            "target 'y' is '3' in every row");
    refused("y:category", "a\nb\na\nb\na\nb\na\nb\na\nb\n", (AutoIn)ANY, ERR_BAD_INPUT, "'kit' has no column besides the target 'y'");
}

static void classes_that_cannot_be_learned_are_refused(void **state)
{
    (void)state;
    refused("x:number y:category", "1|a\n2|b\n3|a\n4|b\n5|a\n6|b\n7|a\n8|b\n9|a\n10|c\n", (AutoIn)ANY, ERR_BAD_INPUT,
            "class 'c' of target 'y' has only one row");
    refused("x:number y:category", TEN, (AutoIn){ .task = TASK_REGRESSION }, ERR_BAD_INPUT,
            "target 'y' holds words (such as 'a'), and regression needs numbers");
    refused("x:number y:category", "1|a\n2|b\n3|c\n4|a\n5|b\n6|c\n7|a\n8|b\n9|c\n10|a\n", (AutoIn){ .task = TASK_BINARY }, ERR_BAD_INPUT,
            "target 'y' has 3 classes; a binary task needs 2");
    char many[150 * 16] = "";
    for (int i = 0; i < 150; i++) sprintf(many + strlen(many), "%d|n%d\n", i, i);
    refused("x:number y:category", many, (AutoIn)ANY, ERR_BAD_INPUT, "target 'y' has 150 distinct values in 150 rows: too many to be classes");
}

static void a_metric_is_refused_when_unknown_or_of_another_task(void **state)
{
    (void)state;
    refused("x:number y:category", TEN, (AutoIn){ .task = -1, .metric = "loglos" }, ERR_USAGE, "no metric 'loglos'; did you mean 'logloss'?");
    refused("x:number y:category", TEN, (AutoIn){ .task = -1, .metric = "zzz" }, ERR_USAGE,
            "there are auc average_precision logloss accuracy balanced_accuracy f1 rmse mae r2 mape");
    refused("x:number y:category", TEN, (AutoIn){ .task = -1, .metric = "rmse" }, ERR_USAGE,
            "metric 'rmse' does not judge a binary task; leave --metric out for 'auc'");
    refused("x:number y:number", "1|1.5\n2|2\n3|3\n4|4\n5|5\n6|6\n7|7\n8|8\n9|9\n10|1\n", (AutoIn){ .task = -1, .metric = "roc_auc" }, ERR_USAGE,
            "metric 'auc' does not judge a regression task; leave --metric out for 'rmse'");
}

static void in_order(const char *head, const char *rows, Task task, const char *const *want, size_t n)
{
    Ctx cx = test_ctx();
    Case c;
    expect_ok(&cx, open_case(&cx, &c, head, rows, (AutoIn)ANY));
    assert_int_equal(c.a.task, task);
    assert_int_equal(c.a.classes, n);
    for (size_t i = 0; i < n; i++) assert_string_equal(c.a.class_name[i], want[i]);
    close_case(&cx, &c);
}

static void classes_stand_by_value_when_all_are_numbers_else_bytewise(void **state)
{
    (void)state;
    in_order("x:number y:category", "1|10\n2|9\n3|-1\n4|10\n5|9\n6|-1\n7|9\n8|10\n9|9.0\n10|9\n", TASK_MULTICLASS,
             (const char *const[]){ "-1", "9", "10" }, 3);
    in_order("x:number y:category", "1|10\n2|9\n3|b\n4|10\n5|9\n6|b\n7|9\n8|10\n9|B\n10|B\n", TASK_MULTICLASS,
             (const char *const[]){ "10", "9", "B", "b" }, 4);
    in_order("x:number y:number", "1|2.5\n2|-2.5\n3|2.5\n4|-2.5\n5|2.5\n6|2.5\n7|2.5\n8|2.5\n9|2.5\n10|2.5\n", TASK_BINARY,
             (const char *const[]){ "-2.5", "2.5" }, 2);
    /* 007 is a name, not a number to the table; by value it equals 7, and then bytes decide, whatever came first */
    in_order("x:number y:category", "1|7\n2|007\n3|7\n4|007\n5|8\n6|8\n7|8\n8|8\n9|8\n10|8\n", TASK_MULTICLASS,
             (const char *const[]){ "007", "7", "8" }, 3);
    in_order("x:number y:category", "1|007\n2|7\n3|7\n4|007\n5|8\n6|8\n7|8\n8|8\n9|8\n10|8\n", TASK_MULTICLASS,
             (const char *const[]){ "007", "7", "8" }, 3);
}

/* n rows whose target is i modulo `distinct`, times `unit`. */
static Task guessed(size_t n, size_t distinct, double unit, size_t *warnings)
{
    Ctx cx = test_ctx();
    Case c;
    char *rows = malloc(n * 40 + 1);
    size_t used = 0;
    assert_non_null(rows);
    rows[0] = 0;
    for (size_t i = 0; i < n; i++) used += (size_t)snprintf(rows + used, 40, "%zu|%g\n", i, (double)(i % distinct) * unit);
    expect_ok(&cx, open_case(&cx, &c, "x:number y:number", rows, (AutoIn)ANY));
    Task task = c.a.task;
    *warnings = c.a.warnings.n;
    close_case(&cx, &c);
    free(rows);
    return task;
}

static void the_task_follows_from_the_target(void **state)
{
    (void)state;
    size_t warned;
    assert_int_equal(guessed(400, 2, 1, &warned), TASK_BINARY);
    assert_int_equal(warned, 0);
    assert_int_equal(guessed(400, 20, 1, &warned), TASK_MULTICLASS);      /* at most 20 whole numbers in 400 rows */
    assert_true(warned > 0);                                              /* it was a guess, and says so */
    assert_int_equal(guessed(400, 21, 1, &warned), TASK_REGRESSION);
    assert_int_equal(guessed(400, 20, .5, &warned), TASK_REGRESSION);     /* not whole */
    assert_int_equal(guessed(100, 5, 1, &warned), TASK_MULTICLASS);       /* at most a twentieth of the rows */
    assert_int_equal(guessed(100, 6, 1, &warned), TASK_REGRESSION);
    assert_int_equal(warned, 0);
}

static void a_task_that_is_given_holds(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Case c;
    const char rows[] = "1|1\n2|2\n3|1\n4|2\n5|1\n6|2\n7|1\n8|2\n9|1\n10|2\n";
    expect_ok(&cx, open_case(&cx, &c, "x:number y:number", rows, (AutoIn){ .task = TASK_REGRESSION }));
    assert_int_equal(c.a.task, TASK_REGRESSION);
    assert_int_equal(c.a.classes, 0);
    assert_true(c.a.y[0] == 1 && c.a.y[1] == 2);
    assert_string_equal(c.a.metric->name, "rmse");
    close_case(&cx, &c);
    expect_ok(&cx, open_case(&cx, &c, "x:number y:number", rows, (AutoIn){ .task = TASK_MULTICLASS }));
    assert_int_equal(c.a.task, TASK_BINARY);                              /* two classes: one margin is enough */
    close_case(&cx, &c);
    /* levels that are all numbers are numbers, however the column is stored */
    expect_ok(&cx, open_case(&cx, &c, "x:number y:category", rows, (AutoIn){ .task = TASK_REGRESSION }));
    assert_true(c.a.y[0] == 1 && c.a.y[1] == 2 && c.a.y[9] == 2);
    close_case(&cx, &c);
    refused("x:number y:category", "1|1\n2|inf\n3|1\n4|inf\n5|1\n6|inf\n7|1\n8|inf\n9|1\n10|inf\n", (AutoIn){ .task = TASK_REGRESSION },
            ERR_BAD_INPUT, "holds words");
}

static void rows_without_a_target_are_left_out_and_told(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Case c;
    expect_ok(&cx, open_case(&cx, &c, "skip:number x:number y:category z:number",
                             "0|1|b|1\n0|2||1\n0|3|a|1\n0|4|b|1\n0|5|a|1\n0|6|b|1\n0|7|a|1\n0|8|b|1\n0|9|a|1\n0|10|b|1\n0|11||1\n0|12|a|1\n",
                             (AutoIn){ .task = -1, .exclude = (const char *const[]){ "skip" }, .exclude_n = 1,
                                       .na = (const char *const[]){ "-" }, .na_n = 1 }));
    assert_int_equal(c.a.rows, 10);
    assert_int_equal(c.a.raw->rows, 10);
    assert_int_equal(c.a.raw->cols, 2);
    assert_string_equal(c.a.raw->col[0].name, "x");
    assert_string_equal(c.a.raw->col[1].name, "z");
    assert_int_equal(c.a.schema->n, 2);
    assert_string_equal(c.a.schema->na[0], "-");
    assert_true(c.a.raw->col[0].num[1] == 3 && c.a.raw->col[0].num[9] == 12);
    assert_true(c.a.y[0] == 1 && c.a.y[1] == 0 && c.a.y[9] == 0);
    assert_string_equal(c.a.metric->name, "auc");
    assert_non_null(strstr(c.a.warnings.at, "2 of 12 rows have no target and are left out"));
    close_case(&cx, &c);
}

static Err swept(Ctx *cx, void *arg)
{
    Case c = { .in = { .task = -1, .target = "y" }, .t = arg };
    c.a.in = &c.in;
    c.in.table = arg;
    text_init(&c.a.warnings, cx);
    Err err = auto_target(cx, &c.a);
    c.t = NULL;
    if (!err) err = text_err(&c.a.warnings);
    for (uint32_t i = 0; c.a.class_name && i < c.a.classes; i++) ctx_put(cx, c.a.class_name[i]);
    ctx_put(cx, c.a.class_name);
    ctx_put(cx, c.a.y);
    ctx_put(cx, c.a.from);
    table_free(cx, c.a.raw);
    schema_free(cx, c.a.schema);
    text_clear(&c.a.warnings);
    return err;
}

static void refused_memory_is_survived(void **state)
{
    (void)state;
    static const char *const head[] = { "x:number y:category", "x:number y:number" };
    static const char *const rows[] = { TEN "11|\n", "1|1\n2|2\n3|1\n4|2\n5|1\n6|2\n7|1\n8|2\n9|1\n10|2\n11|\n" };
    for (int i = 0; i < 2; i++) {
        Ctx cx = test_ctx();
        Table *t;
        expect_ok(&cx, kit_table(&cx, head[i], rows[i], &t));
        rig_sweep(swept, t, ERR_NOMEM, ERR_IO);
        table_free(&cx, t);
        ctx_clear(&cx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unknown_target_is_refused_with_a_near_name),
        cmocka_unit_test(a_target_that_says_nothing_is_refused),
        cmocka_unit_test(classes_that_cannot_be_learned_are_refused),
        cmocka_unit_test(a_metric_is_refused_when_unknown_or_of_another_task),
        cmocka_unit_test(classes_stand_by_value_when_all_are_numbers_else_bytewise),
        cmocka_unit_test(the_task_follows_from_the_target),
        cmocka_unit_test(a_task_that_is_given_holds),
        cmocka_unit_test(rows_without_a_target_are_left_out_and_told),
        cmocka_unit_test(refused_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

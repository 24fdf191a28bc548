/* What is proved: group, time and weight columns are read as promised and not learned from unless asked; what cannot be such a
** column, and options that contradict each other, are refused with what to do; monotone marks reach the plain feature and no
** other may exist.  How: small tables, answers worked out by hand. */
#include "unit/auto/kit.h"
#include "unit/auto/stand_in.h"

typedef struct Case { Auto a; AutoIn in; Table *t; } Case;

static void case_clear(Ctx *cx, Case *c)
{
    for (uint32_t i = 0; c->a.class_name && i < c->a.classes; i++) ctx_put(cx, c->a.class_name[i]);
    ctx_put(cx, c->a.class_name);
    ctx_put(cx, c->a.y);
    ctx_put(cx, c->a.from);
    ctx_put(cx, c->a.weight);
    ctx_put(cx, c->a.group);
    ctx_put(cx, c->a.when);
    ctx_put(cx, c->a.monotone);
    ctx_put(cx, c->a.fold);
    ctx_put(cx, c->a.held);
    ctx_put(cx, c->a.held_y);
    ctx_put(cx, c->a.held_weight);
    table_free(cx, c->a.raw);
    schema_free(cx, c->a.schema);
    text_clear(&c->a.warnings);
}

#define HEAD "x:number z:integer who:category day:datetime w:number word:category y:category"
/* who: a b c; day: 3 days; w: 0 1 2 */
#define ROW(x, who, day, w, y) #x "|" #x "|" #who "|2024-01-0" #day "|" #w "|red|" #y "\n"
#define ROWS ROW(1, a, 1, 0, no) ROW(2, a, 1, 1, no) ROW(3, a, 2, 2, yes) ROW(4, b, 2, 0, no) ROW(5, b, 3, 1, no) ROW(6, b, 3, 2, yes) \
             ROW(7, c, 1, 1, no) ROW(8, c, 2, 1, no) ROW(9, c, 3, 1, yes) ROW(10, c, 3, 1, no) ROW(11, c, 2, 1, no) ROW(12, c, 1, 1, yes)

static Err open_case(Ctx *cx, Case *c, const char *rows, AutoIn in)
{
    *c = (Case){ .in = in };
    c->a.in = &c->in;
    c->in.task = -1;
    c->in.target = "y";
    c->in.seed = 7;
    text_init(&c->a.warnings, cx);
    TRY(cx, kit_table(cx, HEAD, rows, &c->t));
    c->in.table = c->t;
    return auto_target(cx, &c->a);
}

static void close_case(Ctx *cx, Case *c)
{
    case_clear(cx, c);
    table_free(cx, c->t);
    ctx_clear(cx);
}

static void refused(const char *rows, AutoIn in, Err want, const char *words)
{
    Ctx cx = test_ctx();
    Case c;
    Err err = open_case(&cx, &c, rows, in);
    expect_failure(&cx, err, want, words);
    close_case(&cx, &c);
}

#define ONE(text) (const char *const[]){ text }

static void a_group_is_read_and_not_learned_from(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Case c;
    expect_ok(&cx, open_case(&cx, &c, ROWS, (AutoIn){ .group = "who" }));
    assert_int_equal(c.a.groups, 3);
    for (int i = 0; i < 12; i++) assert_int_equal(c.a.group[i], i < 3 ? 0 : i < 6 ? 1 : 2);
    assert_int_equal(table_find(c.a.raw, "who"), SIZE_MAX);
    assert_non_null(strstr(c.a.warnings.at, "'who' is used to group the rows by and is not learned from; --use 'who'"));
    close_case(&cx, &c);

    Ctx more = test_ctx();
    expect_ok(&more, open_case(&more, &c, ROWS, (AutoIn){ .group = "who", .use = ONE("who"), .use_n = 1 }));
    assert_true(table_find(c.a.raw, "who") != SIZE_MAX);
    close_case(&more, &c);
}

static void a_missing_group_is_a_group_of_its_own(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Case c;
    expect_ok(&cx, open_case(&cx, &c, ROWS "13|13|||1|red|no\n14|14|||1|red|no\n", (AutoIn){ .group = "who" }));
    assert_int_equal(c.a.groups, 5);
    assert_int_equal(c.a.group[12], 3);
    assert_int_equal(c.a.group[13], 4);
    assert_non_null(strstr(c.a.warnings.at, "2 rows have no value in 'who'"));
    close_case(&cx, &c);
}

static void times_and_weights_are_read(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Case c;
    double sum = 0;
    expect_ok(&cx, open_case(&cx, &c, ROWS, (AutoIn){ .time_column = "day", .weight = "w" }));
    assert_true(c.a.when[0] == c.a.when[1] && c.a.when[2] == c.a.when[0] + 86400 && c.a.when[4] == c.a.when[0] + 2 * 86400);
    for (int i = 0; i < 12; i++) sum += (double)c.a.weight[i];
    assert_true(fabs(sum - 12) < 1e-5);                       /* of mean 1 */
    assert_true(c.a.weight[0] == 0 && c.a.weight[2] == 2 * c.a.weight[1]);
    assert_int_equal(c.a.raw->cols, 4);                       /* x z who word */
    close_case(&cx, &c);
}

static void balanced_classes_weigh_the_same(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Case c;
    double sum[2] = { 0 };
    expect_ok(&cx, open_case(&cx, &c, ROWS, (AutoIn){ .balanced = true, .weight = "w" }));
    for (int i = 0; i < 12; i++) sum[(int)c.a.y[i]] += (double)c.a.weight[i];
    assert_true(fabs(sum[0] - 6) < 1e-5 && fabs(sum[1] - 6) < 1e-5);
    assert_true(c.a.weight[2] == 2 * c.a.weight[8]);          /* both yes: w 2 and 1 */
    close_case(&cx, &c);
}

static void what_is_no_such_column_is_refused(void **state)
{
    (void)state;
    refused(ROWS, (AutoIn){ .group = "whom" }, ERR_NOT_FOUND, "no column 'whom' to group the rows by; did you mean 'who'?");
    refused(ROWS, (AutoIn){ .time_column = "dya" }, ERR_NOT_FOUND, "to order the rows by");
    refused(ROWS, (AutoIn){ .weight = "W2" }, ERR_NOT_FOUND, "to weigh the rows by");
    refused(ROWS, (AutoIn){ .group = "word" }, ERR_BAD_INPUT, "--group 'word' is the same in every row");
    refused(ROWS, (AutoIn){ .group = "y" }, ERR_USAGE, "that is the target");
    refused(ROWS, (AutoIn){ .time_column = "who" }, ERR_BAD_INPUT, "holds words (such as 'a'), not dates or numbers; give --type 'who=datetime'");
    refused(ROWS "13|13|a||1|red|no\n", (AutoIn){ .time_column = "day" }, ERR_BAD_INPUT, "row 13 has no time that can be read in 'day'");
    refused(ROWS, (AutoIn){ .weight = "who" }, ERR_BAD_INPUT, "--weight 'who' does not hold numbers");
    refused(ROWS, (AutoIn){ .weight = "day" }, ERR_BAD_INPUT, "--weight 'day' does not hold numbers");
    refused(ROWS ROW(13, a, 1, -1, no), (AutoIn){ .weight = "w" }, ERR_BAD_INPUT, "row 13 has the weight -1 in 'w'; weights are zero or more");
    refused(ROWS "13|13|a|2024-01-01||red|no\n", (AutoIn){ .weight = "w" }, ERR_BAD_INPUT, "row 13 has no weight in 'w'");
}

static void weights_that_are_all_zero_are_refused(void **state)
{
    (void)state;
#define ZERO(x, y) ROW(x, a, 1, 0, y)
    refused(ZERO(1, no) ZERO(2, yes) ZERO(3, no) ZERO(4, yes) ZERO(5, no) ZERO(6, yes) ZERO(7, no) ZERO(8, yes) ZERO(9, no) ZERO(10, yes),
            (AutoIn){ .weight = "w" }, ERR_BAD_INPUT, "every weight in 'w' is 0");
    refused(ROW(1, a, 1, 0, no) ROW(2, a, 1, 0, no) ROW(3, a, 1, 1, yes) ROW(4, a, 1, 1, yes) ROW(5, a, 1, 0, no) ROW(6, a, 1, 0, no) ROW(7, a, 1, 0, no)
            ROW(8, a, 1, 0, no) ROW(9, a, 1, 1, yes) ROW(10, a, 1, 1, yes),
            (AutoIn){ .weight = "w", .balanced = true }, ERR_BAD_INPUT, "all rows of class 'no' have the weight 0");
}

static void options_that_contradict_are_refused(void **state)
{
    (void)state;
    refused(ROWS, (AutoIn){ .group = "who", .time_column = "day" }, ERR_USAGE, "two ways to split the rows");
    refused(ROWS, (AutoIn){ .group = "w", .weight = "w" }, ERR_USAGE, "'w' is given for --group and for --weight");
    refused(ROWS, (AutoIn){ .use = ONE("x"), .use_n = 1 }, ERR_USAGE, "--use 'x': every other column is learned from anyway");
    refused(ROWS, (AutoIn){ .monotone = ONE("x"), .monotone_n = 1 }, ERR_USAGE, "is not of the form COLUMN=+ or COLUMN=-");
    refused(ROWS, (AutoIn){ .monotone = ONE("y=+"), .monotone_n = 1 }, ERR_USAGE, "that is the target");
    refused(ROWS, (AutoIn){ .monotone = ONE("xx=+"), .monotone_n = 1 }, ERR_NOT_FOUND, "no column 'xx' to be monotone in");
    refused(ROWS, (AutoIn){ .monotone = ONE("who=+"), .monotone_n = 1 }, ERR_BAD_INPUT, "the column holds words");
    refused(ROWS, (AutoIn){ .monotone = ONE("day=+"), .monotone_n = 1 }, ERR_BAD_INPUT, "the column holds dates");
    refused(ROWS, (AutoIn){ .monotone = ONE("w=+"), .monotone_n = 1, .weight = "w" }, ERR_USAGE, "the column is not learned from");
    refused(ROWS, (AutoIn){ .monotone = (const char *const[]){ "x=+", "x=-" }, .monotone_n = 2 }, ERR_USAGE, "with + and with -");
    refused(ROW(1, a, 1, 1, p) ROW(2, a, 1, 1, q) ROW(3, a, 1, 1, r) ROW(4, a, 1, 1, p) ROW(5, a, 1, 1, q) ROW(6, a, 1, 1, r) ROW(7, a, 1, 1, p)
            ROW(8, a, 1, 1, q) ROW(9, a, 1, 1, r) ROW(10, a, 1, 1, r),
            (AutoIn){ .monotone = ONE("x=+"), .monotone_n = 1 }, ERR_USAGE, "has 3 classes");
}

static void balanced_numbers_are_refused(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Case c = { .in = { .task = TASK_REGRESSION, .target = "x", .balanced = true } };
    c.a.in = &c.in;
    text_init(&c.a.warnings, &cx);
    expect_ok(&cx, kit_table(&cx, HEAD, ROWS, &c.t));
    c.in.table = c.t;
    expect_failure(&cx, auto_target(&cx, &c.a), ERR_USAGE, "--class-weight balanced needs classes");
    close_case(&cx, &c);
}

static void a_monotone_column_marks_its_own_feature_only(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Case c;
    Maker m;
    int8_t *sign;
    expect_ok(&cx, open_case(&cx, &c, ROWS, (AutoIn){ .monotone = ONE("x=-"), .monotone_n = 1 }));
    uint32_t x = (uint32_t)table_find(c.a.raw, "x"), z = (uint32_t)table_find(c.a.raw, "z");
    assert_false(auto_may_mix(&c.a, x));
    assert_true(auto_may_mix(&c.a, z));
    uint8_t fold[12] = { 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1 };
    expect_ok(&cx, maker_init(&cx, &m, c.a.raw, c.a.schema, c.a.task, 2, c.a.class_name, c.a.y, fold, 2));
    expect_ok(&cx, make_number(&cx, &m, z));
    expect_ok(&cx, make_number(&cx, &m, x));
    expect_ok(&cx, maker_apply(&cx, &m));
    expect_ok(&cx, auto_feature_signs(&cx, &c.a, m.steps, &sign));
    assert_int_equal(sign[0], 0);
    assert_int_equal(sign[1], -1);
    ctx_put(&cx, sign);
    expect_ok(&cx, make_arith(&cx, &m, ARITH_MUL, 0, 1));       /* what stage 3 must not do */
    expect_ok(&cx, maker_apply(&cx, &m));
    expect_failure(&cx, auto_feature_signs(&cx, &c.a, m.steps, &sign), ERR_BUG, "bends a column");
    assert_null(sign);
    maker_clear(&cx, &m);
    close_case(&cx, &c);
}

static Err swept(Ctx *cx, void *arg)
{
    Case c = { .in = { .task = -1, .target = "y", .seed = 7, .group = "who", .weight = "w", .balanced = true, .monotone = ONE("x=+"), .monotone_n = 1, .trials = 1 } };
    c.a.in = &c.in;
    c.in.table = arg;
    text_init(&c.a.warnings, cx);
    Err err = auto_target(cx, &c.a);
    if (!err) err = auto_folds(cx, &c.a);
    if (!err) err = text_err(&c.a.warnings);
    case_clear(cx, &c);
    return err;
}

static void refused_memory_is_survived(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Table *t;
    expect_ok(&cx, kit_table(&cx, HEAD, ROWS, &t));
    rig_sweep(swept, t, ERR_NOMEM, ERR_IO);
    table_free(&cx, t);
    ctx_clear(&cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_is_read_and_not_learned_from),
        cmocka_unit_test(a_missing_group_is_a_group_of_its_own),
        cmocka_unit_test(times_and_weights_are_read),
        cmocka_unit_test(balanced_classes_weigh_the_same),
        cmocka_unit_test(what_is_no_such_column_is_refused),
        cmocka_unit_test(weights_that_are_all_zero_are_refused),
        cmocka_unit_test(options_that_contradict_are_refused),
        cmocka_unit_test(balanced_numbers_are_refused),
        cmocka_unit_test(a_monotone_column_marks_its_own_feature_only),
        cmocka_unit_test(refused_memory_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

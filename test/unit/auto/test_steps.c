/* Proves that remembered steps give new rows what training gave: after saving and loading, one row at a time or
** all at once, with levels never seen and values missing; that damaged bytes are refused and never crash; that
** no refused memory leaks. */
#include "unit/auto/kit.h"

#include "auto/engineer.h"
#include "base/random.h"

static const char head[] =
    "n:number m:integer c:category e:category b:boolean d:datetime w:datetime t:text big:category";
static const char *const words[] = { "late",  "train",   "again",  "nice", "trip",
                                     "cheap", "DELAY!!", "thanks", "42",   "never" };

static void row(size_t i, char *line, size_t max)
{
    Random r = random_make(3, "row", i, 0);
    char t[120] = "";
    for (int k = 0; k < 5; k++) {
        size_t used = strlen(t);
        snprintf(t + used, sizeof t - used, "%s ", words[random_below(&r, 10)]);
    }
    snprintf(line, max, "%.3f|%u|l%u|e%u|%s|2021-%02u-%02u %02u:30:00|2020-01-%02u|%s|%s%u", random_normal(&r),
             (unsigned)random_below(&r, 9), (unsigned)random_below(&r, 4), (unsigned)random_below(&r, 3),
             random_below(&r, 2) ? "yes" : "no", (unsigned)random_below(&r, 12) + 1,
             (unsigned)random_below(&r, 28) + 1, (unsigned)random_below(&r, 24),
             (unsigned)random_below(&r, 28) + 1, i % 17 ? t : "", i % 13 ? "z" : "",
             (unsigned)random_below(&r, 300));
}

/* Rows nobody has seen: unseen levels, empty cells, odd numbers. */
static const char strange[] = "1e300|3|l0|e1|yes|1850-01-01|2150-12-31|completely new words|z1\n"
                              "|||||||\x20|\n"
                              "-1e300|9007199254740992|never|e9|no|2021-05-05|2021-05-05|late train late!|nobody\n"
                              "0|-5|l1|e0||2021-05-05||42 42 42|z5\n";

static double label(size_t i)
{
    Random r = random_make(4, "label", i, 0);
    return (double)random_below(&r, 3);
}

/* Base features and one idea of each kind. */
static Err rich(Ctx *cx, Kit *k, size_t n)
{
    Maker m;
    char *rows = kit_rows(n, row);
    Err err = kit_auto(cx, k, head, rows, TASK_MULTICLASS, 3, 2, label);
    free(rows);
    if (!err) err = stage_preprocess(cx, &k->a);
    if (err) return err;
    Auto *a = &k->a;
    uint32_t base = (uint32_t)steps_features(a->steps);
    err = maker_resume(cx, &m, a->raw, a->schema, a->task, 3, k->class_name, a->y, a->fold, a->folds, a->steps,
                       a->frame);
    a->steps = NULL;
    a->frame = NULL;
    static const uint32_t numbers[] = { 0, 1 };
    const Idea ideas[] = {
        { IDEA_COUNT, 2, STEPS_NONE, 0 },
        { IDEA_TARGET, 1, STEPS_NONE, 0 },
        { IDEA_CROSS, 2, 3, 0 },
        { IDEA_GROUP, 2, 0, 0 },
        { IDEA_GAP, 5, 6, 0 },
        { IDEA_ARITH, 0, 1, ARITH_DIV },
        { IDEA_LETTERS, 8, STEPS_NONE, 0 },
        { .kind = IDEA_TRIPLE, .a = 2, .b = 3, .c = 1 },
        { .kind = IDEA_DIGITS, .a = 0, .b = STEPS_NONE },
        { .kind = IDEA_PIECE, .a = 8, .b = STEPS_NONE },
        { .kind = IDEA_RANK, .a = 2, .b = 0 },
        { .kind = IDEA_LEVELS, .a = 2, .b = 3 },
        { .kind = IDEA_COUNT, .a = 0, .b = STEPS_NONE },
        { .kind = IDEA_ROWS, .a = STEPS_NONE, .b = STEPS_NONE, .stats = ROWS_ALL, .list = numbers, .list_n = 2,
          .what = "n..m" },
    };
    for (size_t i = 0; !err && i < sizeof ideas / sizeof *ideas; i++) err = idea_make(cx, &m, &ideas[i], base);
    if (!err) err = maker_apply(cx, &m);
    if (!err) {
        a->steps = m.steps;
        a->frame = m.frame;
        m.steps = NULL;
        m.frame = NULL;
    }
    maker_clear(cx, &m);
    return err;
}

static void noise_row(size_t i, char *line, size_t max)
{
    Random r = random_make(31, "noise", i, 0);
    snprintf(line, max, "z%u|w%u", (unsigned)random_below(&r, 120), (unsigned)random_below(&r, 6));
}
static double coin(size_t i)
{
    Random r = random_make(32, "coin", i, 0);
    return (double)random_below(&r, 2);
}

static Err noise(Ctx *cx, Kit *k)
{
    Maker m;
    char *rows = kit_rows(1500, noise_row);
    Err err = kit_auto(cx, k, "z:category w:category", rows, TASK_BINARY, 2, 3, coin);
    free(rows);
    if (!err) err = stage_preprocess(cx, &k->a);
    if (err) return err;
    Auto *a = &k->a;
    err = maker_resume(cx, &m, a->raw, a->schema, a->task, 2, k->class_name, a->y, a->fold, a->folds, a->steps, a->frame);
    a->steps = NULL;
    a->frame = NULL;
    if (!err) err = idea_make(cx, &m, &(Idea){ .kind = IDEA_TARGET, .a = 0, .b = STEPS_NONE }, 2);
    if (!err) err = idea_make(cx, &m, &(Idea){ .kind = IDEA_CROSS, .a = 0, .b = 1 }, 2);
    if (!err) err = maker_apply(cx, &m);
    a->steps = m.steps;
    a->frame = m.frame;
    m.steps = NULL;
    m.frame = NULL;
    maker_clear(cx, &m);
    return err;
}

/* Share of pairs in the right order, over the rows of fold p or over all others; ties count half. */
static double auc_of(const Kit *k, uint32_t p, uint32_t feature, int held)
{
    const float *v = steps_frame(k->a.frame, p).col[feature];
    double won = 0, pairs = 0;
    for (size_t i = 0; i < k->a.rows; i++)
        for (size_t j = 0; j < k->a.rows; j++) {
            if ((k->a.fold[i] == p) != held || (k->a.fold[j] == p) != held || k->a.y[i] != 1 || k->a.y[j] != 0) continue;
            if (isnan(v[i]) || isnan(v[j])) continue;
            won += v[i] > v[j] ? 1 : v[i] == v[j] ? .5 : 0;
            pairs++;
        }
    return pairs ? won / pairs : NAN;
}

static bool same_frames(const StepFrame *f, const StepFrame *g, uint32_t parts)
{
    for (uint32_t p = 0; p < parts; p++) {
        Frame x = steps_frame(f, p), y = steps_frame(g, p);
        if (x.cols != y.cols || x.rows != y.rows) return false;
        for (size_t c = 0; c < x.cols; c++)
            if (memcmp(x.col[c], y.col[c], x.rows * sizeof(float))) return false;
    }
    return true;
}

static void saved_and_loaded_steps_give_the_same(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Kit k;
    Text one, two, json;
    Steps *again = NULL;
    Table *t = NULL;
    StepFrame *f = NULL, *g = NULL;
    expect_ok(&cx, rich(&cx, &k, 400));
    text_init(&one, &cx);
    text_init(&two, &cx);
    text_init(&json, &cx);
    expect_ok(&cx, steps_save(&cx, k.a.steps, &one));
    expect_ok(&cx, steps_load(&cx, one.at, one.n, &again));
    expect_ok(&cx, steps_save(&cx, again, &two));
    assert_true(one.n == two.n && !memcmp(one.at, two.at, one.n));
    assert_int_equal(steps_parts(again), 3);
    const char *many[] = { strange, NULL };
    for (int i = 0; i < 2; i++) {
        char *rows = many[i] ? NULL : kit_rows(50, row);
        expect_ok(&cx, kit_table(&cx, head, many[i] ? many[i] : rows, &t));
        expect_ok(&cx, steps_apply(&cx, k.a.steps, t, &f));
        expect_ok(&cx, steps_apply(&cx, again, t, &g));
        assert_true(same_frames(f, g, 3));
        for (size_t p = 0; p < 3; p++)
            for (size_t c = 0; c < steps_features(again); c++)
                for (size_t r = 0; r < t->rows; r++) assert_false(isinf(steps_frame(g, (uint32_t)p).col[c][r]));
        steps_frame_free(&cx, f);
        steps_frame_free(&cx, g);
        table_free(&cx, t);
        free(rows);
    }
    expect_ok(&cx, steps_describe(&cx, again, k.a.schema, &json));
    assert_non_null(strstr(json.at, "\"from\":[\"c\",\"e\"]"));
    text_clear(&one);
    text_clear(&two);
    text_clear(&json);
    steps_free(&cx, again);
    kit_clear(&cx, &k);
    ctx_clear(&cx);
}

static void a_row_alone_gets_what_it_gets_among_others(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Kit k;
    StepFrame *all, *one;
    Table *t;
    expect_ok(&cx, rich(&cx, &k, 300));
    expect_ok(&cx, steps_apply(&cx, k.a.steps, k.a.raw, &all));
    for (uint32_t r = 0; r < 300; r += 23) {
        expect_ok(&cx, table_rows(&cx, k.a.raw, &r, 1, &t));
        expect_ok(&cx, steps_apply(&cx, k.a.steps, t, &one));
        for (uint32_t p = 0; p < 3; p++)
            for (size_t c = 0; c < steps_features(k.a.steps); c++)
                assert_memory_equal(&steps_frame(one, p).col[c][0], &steps_frame(all, p).col[c][r], sizeof(float));
        steps_frame_free(&cx, one);
        table_free(&cx, t);
    }
    steps_frame_free(&cx, all);
    kit_clear(&cx, &k);
    ctx_clear(&cx);
}

static void three_and_three_point_nought_are_one_level(void **state)
{
    (void)state;
    char buf[NUM_TEXT_MAX];
    const char *out;
    const struct {
        const char *in, *want;
    } spelt[] = {
        { "3.0", "3" },
        { " 3 ", "3" },
        { "+3e0", "3" },
        { "-0", "0" },
        { "007", "007" },
        { "0.50", "0.5" },
        { "3a", "3a" },
        { "", "" },
        { "-", "-" },
        { "1e999", "1e999" },
        { "9007199254740993", "9007199254740993" },
        { "inf", "inf" },
        { "1e3", "1000" },
    };
    for (size_t i = 0; i < sizeof spelt / sizeof *spelt; i++) {
        size_t n = steps_spelling(spelt[i].in, strlen(spelt[i].in), buf, &out);
        assert_int_equal(n, strlen(spelt[i].want));
        assert_memory_equal(out, spelt[i].want, n);
    }
}

static void a_table_of_another_shape_is_refused(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Kit k;
    Table *t;
    StepFrame *f;
    expect_ok(&cx, kit_auto(&cx, &k, "a:number b:category", "1|x\n2|x\n3|y\n4|y\n", TASK_MULTICLASS, 3, 2, label));
    expect_ok(&cx, stage_preprocess(&cx, &k.a));
    expect_ok(&cx, kit_table(&cx, "a:number", "1\n", &t));
    expect_failure(&cx, steps_apply(&cx, k.a.steps, t, &f), ERR_SHAPE,
                   "has 1 columns, the steps were fitted on 2");
    assert_null(f);
    table_free(&cx, t);
    expect_ok(&cx, kit_table(&cx, "a:category b:category", "1|x\n", &t));
    expect_failure(&cx, steps_apply(&cx, k.a.steps, t, &f), ERR_SHAPE, "column 'a' does not hold numbers");
    table_free(&cx, t);
    kit_clear(&cx, &k);
    ctx_clear(&cx);
}

/* Load what may be damaged; whatever loads must be safe to apply. */
static void try_bytes(Ctx *cx, const Kit *k, const char *bytes, size_t n, const Table *t, bool must_fail)
{
    Steps *s;
    StepFrame *f;
    char *copy = malloc(n ? n : 1); /* of exactly that size, so that a sanitizer sees any step beyond */
    if (!copy) abort();
    memcpy(copy, bytes, n);
    Err err = steps_load(cx, copy, n, &s);
    free(copy);
    if (must_fail || err) {
        expect_failure(cx, err, ERR_CORRUPT, "the build's steps are damaged");
        assert_null(s);
        return;
    }
    (void)k;
    if (steps_apply(cx, s, t, &f) == OK) steps_frame_free(cx, f);
    steps_free(cx, s);
}

static void damaged_steps_are_refused_and_never_crash(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Kit k;
    Text bytes;
    Table *t;
    expect_ok(&cx, rich(&cx, &k, 90));
    text_init(&bytes, &cx);
    expect_ok(&cx, steps_save(&cx, k.a.steps, &bytes));
    expect_ok(&cx, kit_table(&cx, head, strange, &t));
    for (size_t n = 0; n < bytes.n; n += n < 3000 ? 1 : 331) try_bytes(&cx, &k, bytes.at, n, t, true);
    text_char(&bytes, 0);
    try_bytes(&cx, &k, bytes.at, bytes.n, t, true); /* one byte too many */
    bytes.n--;
    Random r = random_make(9, "flip", 0, 0);
    for (int i = 0; i < 1500; i++) {
        size_t at = (size_t)random_below(&r, i % 3 ? bytes.n : 2000);
        char was = bytes.at[at];
        bytes.at[at] = (char)(was ^ (1 << random_below(&r, 8)));
        try_bytes(&cx, &k, bytes.at, bytes.n, t, false);
        bytes.at[at] = was;
    }
    table_free(&cx, t);
    text_clear(&bytes);
    kit_clear(&cx, &k);
    ctx_clear(&cx);
}

static void the_parts_of_a_date_are_right(void **state)
{
    (void)state;
    /* 2024-02-29 23:59:59 was a Thursday, the 60th day; from Python's datetime. */
    const double s = 1709251199;
    assert_true(steps_date_part(s, DATE_YEAR, 0) == 2024 && steps_date_part(s, DATE_MONTH, 0) == 2);
    assert_true(steps_date_part(s, DATE_DAY, 0) == 29 && steps_date_part(s, DATE_WEEKDAY, 0) == 3);
    assert_true(steps_date_part(s, DATE_HOUR, 0) == 23 && steps_date_part(s, DATE_MINUTE, 0) == 59);
    assert_true(fabs(steps_date_part(s, DATE_YEAR_SIN, 0) - sin(2 * 3.14159265358979323846 * 60 / 365.25)) <
                1e-12);
    assert_true(isnan(steps_date_part(NAN, DATE_YEAR, 0)) && isnan(steps_date_part(1e300, DATE_YEAR, 0)));
    assert_true(steps_date_part(-1, DATE_YEAR, 0) == 1969 && steps_date_part(-1, DATE_WEEKDAY, 0) == 2);
}

static Err whole_life(Ctx *cx, void *arg)
{
    Kit k;
    Text bytes;
    Steps *again = NULL;
    StepFrame *f = NULL;
    text_init(&bytes, cx);
    Err err = rich(cx, &k, *(size_t *)arg);
    if (!err) err = steps_save(cx, k.a.steps, &bytes);
    if (!err) err = steps_load(cx, bytes.at, bytes.n, &again);
    if (!err) err = steps_apply(cx, again, k.a.raw, &f);
    steps_frame_free(cx, f);
    steps_free(cx, again);
    text_clear(&bytes);
    kit_clear(cx, &k);
    return err;
}

/* By hand: 5 2 2 _ 9 over positions 0 1 2 3 4. */
static void statistics_of_a_row_are_right(void **state)
{
    (void)state;
    const double v[] = { 5, 2, 2, NAN, 9 }, none[] = { NAN, NAN };
    const double want[] = { 1, 4.5, 2.8722813232690143, 2, 9, 7, 3, 2, 1.2, 2, 2, 5, 9 };
    double room[5], out[15];
    assert_int_equal(steps_rows_outs(ROWS_ALL, 5), 14);
    steps_rows_stats(v, 5, ROWS_ALL, room, out);
    for (int i = 0; i < 13; i++) assert_true(fabs(out[i] - want[i]) < 1e-12);
    assert_true(isnan(out[13]));
    steps_rows_stats(none, 2, ROWS_ALL, room, out);
    assert_true(out[0] == 2 && isnan(out[1]) && isnan(out[5]) && out[6] == 0 && out[7] == 0 && isnan(out[8]));
}

static void pieces_and_digits_are_right(void **state)
{
    (void)state;
    size_t n = 0;
    const char *s = steps_piece("--C85/b", 7, CUT_FIRST, &n);
    assert_true(n == 1 && *s == 'C');
    s = steps_piece("--C85/b", 7, CUT_SECOND, &n);
    assert_true(n == 2 && !memcmp(s, "85", 2));
    s = steps_piece("--C85/b", 7, CUT_LAST, &n);
    assert_true(n == 1 && *s == 'b');
    assert_null(steps_piece("-- /", 4, CUT_FIRST, &n));
    assert_null(steps_piece("only", 4, CUT_SECOND, &n));
    assert_true(steps_text_stat("PC 17599-2", 10, TEXT_NUMBER_FIRST) == 17599);
    assert_true(steps_text_stat("PC 17599-2", 10, TEXT_NUMBER_LAST) == 2);
    assert_true(isnan(steps_text_stat("none", 4, TEXT_NUMBER_FIRST)));
    assert_true(steps_digit(-1200.25, DIGIT_FRACTION) == .25 && steps_digit(1234, DIGIT_LAST) == 4);
    assert_true(steps_digit(1234, DIGIT_LAST_TWO) == 34 && steps_digit(-1200, DIGIT_ZEROS) == 2);
    assert_true(steps_digit(0, DIGIT_ZEROS) == 0 && isnan(steps_digit(NAN, DIGIT_ZEROS)));
}

/* Noise with 120 levels: seen with their own target, target means would separate the classes; out of fold the
** area under the curve stays near one half, in held-out rows and in those that a part learned from. */
static void target_means_of_noise_tell_nothing(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Kit k;
    expect_ok(&cx, noise(&cx, &k));
    uint32_t at = kit_feature(k.a.steps, "target mean of z"), rare = kit_feature(k.a.steps, "target mean of z x w");
    for (uint32_t p = 0; p <= 3; p++)
        for (int held = 0; held < 2; held++)
            for (int f = 0; f < 2; f++) {
                double auc = auc_of(&k, p, f ? rare : at, held);
                assert_true(isnan(auc) || (auc > .42 && auc < .56));
            }
    kit_clear(&cx, &k);
    ctx_clear(&cx);
}

static void refused_memory_leaks_nothing(void **state)
{
    (void)state;
    size_t rows = 40;
    rig_sweep_or_ok(whole_life, &rows, ERR_NOMEM, ERR_IO); /* a table that cannot be trimmed stays as it is */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(saved_and_loaded_steps_give_the_same),
        cmocka_unit_test(a_row_alone_gets_what_it_gets_among_others),
        cmocka_unit_test(three_and_three_point_nought_are_one_level),
        cmocka_unit_test(a_table_of_another_shape_is_refused),
        cmocka_unit_test(damaged_steps_are_refused_and_never_crash),
        cmocka_unit_test(the_parts_of_a_date_are_right),
        cmocka_unit_test(statistics_of_a_row_are_right),
        cmocka_unit_test(pieces_and_digits_are_right),
        cmocka_unit_test(target_means_of_noise_tell_nothing),
        cmocka_unit_test(refused_memory_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

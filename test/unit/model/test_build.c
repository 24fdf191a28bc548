/* What is proved: a build answers as its members do, out of fold and in, alone and in a crowd; its file gives back an equal
** build and nothing else passes for one; new data is made to follow its schema, or refused in words; explanations add
** up.  How: a whole small build with every form of model, its answers put together here by hand from its parts. */
#include "auto/run.h"
#include "unit/model/build_kit.h"

enum { ROWS = 90, K_MAX = 3 };

static const char *const every_form[] = { "linear", "extra_trees", "mlp", "knn", "baseline", NULL };

static void save(Ctx *cx, const Build *b, Text *out, Digest *d)
{
    text_init(out, cx);
    expect_ok(cx, build_save(cx, b, out, d));
}

/* What the build must say of row i: its members' margins put together by the format's formula. */
static void by_hand(Ctx *cx, const BuildKit *k, size_t i, bool out_of_fold, double *out)
{
    const Build *b = k->b;
    uint32_t n = build_outputs(b), row = (uint32_t)i;
    StepFrame *f;
    double one[K_MAX], sum[K_MAX] = { 0 };
    expect_ok(cx, steps_apply(cx, b->steps, k->t, &f));
    for (uint32_t m = 0; m < b->members_n; m++) {
        const Member *at = &b->member[m];
        double mean[K_MAX] = { 0 };
        uint32_t asked = 0;
        for (uint32_t p = 0; p < at->parts_n; p++) {
            if (out_of_fold && at->part[p] < b->folds && at->part[p] != k->fold[i]) continue;
            Frame X = steps_frame(f, at->part[p]);
            expect_ok(cx, model_margin(cx, at->model[p], &X, &row, 1, one));
            for (uint32_t c = 0; c < n; c++) mean[c] += one[c];
            asked++;
        }
        for (uint32_t c = 0; c < n; c++) sum[c] += at->weight * at->scale * mean[c] / asked;
    }
    for (uint32_t c = 0; c < n; c++) out[c] = b->scale * sum[c] + b->shift;
    steps_frame_free(cx, f);
}

static void answers_are_the_members_put_together(void **state)
{
    (void)state;
    for (int task = 0; task < TASK_N; task++) {
        Ctx cx = test_ctx();
        BuildKit k;
        double in[ROWS * K_MAX], oof[ROWS * K_MAX], want[K_MAX];
        build_kit_open(&cx, &k, (Task)task, ROWS, every_form);
        uint32_t n = build_outputs(k.b);
        assert_true(steps_parts(k.b->steps) == BUILD_KIT_FOLDS + 1);             /* some features differ from part to part */
        expect_ok(&cx, build_margin(&cx, k.b, k.t, in));
        k.fold[5] = 255;                                                          /* a row no fold held out */
        expect_ok(&cx, build_margin_oof(&cx, k.b, k.t, k.fold, oof));
        for (size_t i = 0; i < ROWS; i++) {
            by_hand(&cx, &k, i, false, want);
            for (uint32_t c = 0; c < n; c++) assert_true(fabs(in[i * n + c] - want[c]) < 1e-9 * (1 + fabs(want[c])));
            if (i != 5) by_hand(&cx, &k, i, true, want);
            for (uint32_t c = 0; c < n; c++) assert_true(fabs(oof[i * n + c] - want[c]) < 1e-9 * (1 + fabs(want[c])));
        }
        build_kit_close(&cx, &k);
    }
}

static void a_row_answers_the_same_alone_and_among_forty_thousand(void **state)
{
    (void)state;
    enum { MANY = 40000 };
    Ctx cx = test_ctx();
    BuildKit k;
    static const char *const quick[] = { "linear", "extra_trees", NULL };
    Table *many, *one;
    double few[ROWS], alone;
    uint32_t *rows = malloc(MANY * sizeof *rows);
    uint8_t *fold = malloc(MANY);
    double *crowd = malloc(MANY * sizeof *crowd), *crowd_oof = malloc(MANY * sizeof *crowd_oof), few_oof[ROWS];
    build_kit_open(&cx, &k, TASK_BINARY, ROWS, quick);
    for (uint32_t i = 0; i < MANY; i++) rows[i] = (i * 17) % ROWS, fold[i] = k.fold[rows[i]];
    expect_ok(&cx, table_rows(&cx, k.t, rows, MANY, &many));
    expect_ok(&cx, build_margin(&cx, k.b, k.t, few));
    expect_ok(&cx, build_margin_oof(&cx, k.b, k.t, k.fold, few_oof));
    expect_ok(&cx, build_margin(&cx, k.b, many, crowd));
    expect_ok(&cx, build_margin_oof(&cx, k.b, many, fold, crowd_oof));
    for (uint32_t i = 0; i < MANY; i++) assert_true(crowd[i] == few[rows[i]] && crowd_oof[i] == few_oof[rows[i]]);
    for (size_t from = 7, to = 12; from < MANY; from = to, to = to + from > MANY ? MANY : to + from) {     /* and in parts */
        double *part = crowd_oof;
        expect_ok(&cx, build_margin_part(&cx, k.b, many, from, to, part));
        for (size_t i = from; i < to; i++) assert_true(part[i - from] == crowd[i]);
    }
    for (uint32_t i = 0; i < ROWS; i++) {
        expect_ok(&cx, table_rows(&cx, k.t, &i, 1, &one));
        expect_ok(&cx, build_margin(&cx, k.b, one, &alone));
        assert_true(alone == few[i]);
        table_free(&cx, one);
    }
    table_free(&cx, many);
    free(rows), free(fold), free(crowd), free(crowd_oof);
    build_kit_close(&cx, &k);
}

static void a_saved_build_loads_as_an_equal_one(void **state)
{
    (void)state;
    for (int task = 0; task < TASK_N; task++) {
        Ctx cx = test_ctx();
        BuildKit k;
        Text bytes, again;
        Digest d, e, own;
        Build *b;
        double x[ROWS * K_MAX], y[ROWS * K_MAX];
        build_kit_open(&cx, &k, (Task)task, ROWS, every_form);
        save(&cx, k.b, &bytes, &d);
        expect_ok(&cx, hash_bytes(&cx, bytes.at, bytes.n, &own));
        assert_true(digest_same(&d, &own));                                       /* the digest is the file's SHA-256 */
        expect_ok(&cx, build_load(&cx, bytes.at, bytes.n, &b));
        save(&cx, b, &again, &e);
        assert_int_equal(bytes.n, again.n);
        assert_memory_equal(bytes.at, again.at, bytes.n);
        assert_true(digest_same(&d, &e));
        size_t n = ROWS * build_outputs(b);
        expect_ok(&cx, build_margin(&cx, k.b, k.t, x));
        expect_ok(&cx, build_margin(&cx, b, k.t, y));
        assert_memory_equal(x, y, n * sizeof *x);
        expect_ok(&cx, build_margin_oof(&cx, k.b, k.t, k.fold, x));
        expect_ok(&cx, build_margin_oof(&cx, b, k.t, k.fold, y));
        assert_memory_equal(x, y, n * sizeof *x);
        assert_string_equal(b->target, "price");
        assert_string_equal(b->facts, "{\"rows\":1}");
        assert_int_equal(b->background->rows, 24);
        build_free(&cx, b);
        text_clear(&bytes);
        text_clear(&again);
        build_kit_close(&cx, &k);
    }
}

static void no_cut_and_no_flipped_bit_is_taken_for_a_build(void **state)
{
    (void)state;
    static const char *const small[] = { "linear", "extra_trees", NULL };
    Ctx cx = test_ctx();
    BuildKit k;
    Text bytes;
    Digest d;
    Build *b;
    Random r = random_make(1, "flips", 0, 0);
    build_kit_open(&cx, &k, TASK_MULTICLASS, 30, small);
    save(&cx, k.b, &bytes, &d);
    for (size_t n = 0; n < bytes.n; n += n < 600 || n % 4096 > 4090 || n % 4096 < 5 ? 1 : 89) {
        char *cut = malloc(n ? n : 1);
        memcpy(cut, bytes.at, n);
        expect_failure(&cx, build_load(&cx, cut, n, &b), ERR_CORRUPT, n < 64 ? "not a build file" : "its length is not what it says");
        assert_null(b);
        free(cut);
    }
    for (int i = 0; i < 2000; i++) {
        size_t at = random_below(&r, bytes.n);
        char bit = (char)(1 << random_below(&r, 8));
        bytes.at[at] ^= bit;
        expect_failure(&cx, build_load(&cx, bytes.at, bytes.n, &b), ERR_CORRUPT, at < 8 ? "not a build file" : "the build file is damaged");
        bytes.at[at] ^= bit;
    }
    text_bytes(&bytes, "x", 1);
    expect_failure(&cx, build_load(&cx, bytes.at, bytes.n, &b), ERR_CORRUPT, "cut or has grown");
    bytes.n--;
    expect_ok(&cx, build_load(&cx, bytes.at, bytes.n, &b));
    build_free(&cx, b);
    text_clear(&bytes);
    build_kit_close(&cx, &k);
}

/* Whatever was loaded must be usable: it answers, explains nothing here, and saves to bytes that load again. */
static void use(Ctx *cx, Build *b)
{
    Text bytes;
    Digest d;
    Build *again;
    double *out = malloc(b->background->rows * build_outputs(b) * sizeof *out);
    expect_ok(cx, build_margin(cx, b, b->background, out));
    save(cx, b, &bytes, &d);
    expect_ok(cx, build_load(cx, bytes.at, bytes.n, &again));
    build_free(cx, again);
    text_clear(&bytes);
    free(out);
}

static void a_forged_build_is_refused_or_usable(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    BuildKit k;
    Text bytes;
    Digest d;
    Random r = random_make(2, "flips", 0, 0);
    size_t taken = 0;
    build_kit_open(&cx, &k, TASK_REGRESSION, 30, every_form);
    save(&cx, k.b, &bytes, &d);
    unsigned char *copy = malloc(bytes.n);
    for (int i = 0; i < 2000; i++) {
        Build *b;
        memcpy(copy, bytes.at, bytes.n);
        for (uint64_t n = 1 + random_below(&r, 3); n; n--) {
            size_t at = 448 + random_below(&r, bytes.n - 448);
            while (i % 2 && !copy[at]) at = 448 + random_below(&r, bytes.n - 448);       /* half of them where there is something */
            copy[at] ^= (unsigned char)(1 << random_below(&r, 8));
        }
        build_kit_reseal(copy, bytes.n);
        Err err = build_load(&cx, copy, bytes.n, &b);
        if (err) expect_failure(&cx, err, ERR_CORRUPT, NULL);
        else {
            taken++;
            use(&cx, b);
            build_free(&cx, b);
        }
        ctx_clear(&cx);
    }
    print_message("of 2000 forged builds %zu were taken\n", taken);
    free(copy);
    text_clear(&bytes);
    build_kit_close(&cx, &k);
}

static void explanations_add_up_to_the_margin(void **state)
{
    (void)state;
    for (int task = 0; task < TASK_N; task++) {
        Ctx cx = test_ctx();
        BuildKit k;
        enum { SOME = 12 };
        double margin[SOME * K_MAX], *phi;
        Table *t;
        uint32_t rows[SOME];
        build_kit_open(&cx, &k, (Task)task, ROWS, every_form);
        uint32_t n = build_outputs(k.b);
        size_t p = k.b->schema->n + 1;
        for (uint32_t i = 0; i < SOME; i++) rows[i] = i * 7;
        expect_ok(&cx, table_rows(&cx, k.t, rows, SOME, &t));
        phi = malloc(SOME * n * p * sizeof *phi);
        expect_ok(&cx, build_explain(&cx, k.b, t, phi));
        expect_ok(&cx, build_margin(&cx, k.b, t, margin));
        for (size_t i = 0; i < SOME * n; i++) {
            double sum = 0;
            for (size_t j = 0; j < p; j++) sum += phi[i * p + j];
            assert_true(fabs(sum - margin[i]) < 1e-6 * (1 + fabs(margin[i])));
        }
        free(phi);
        table_free(&cx, t);
        build_kit_close(&cx, &k);
    }
}

/* ---------------------------------------------------------------- conform */

static void conform_refused(Ctx *cx, const Build *b, const char *head, const char *rows, const char *words)
{
    Table *in, *out;
    expect_ok(cx, kit_table(cx, head, rows, &in));
    expect_failure(cx, build_conform(cx, b, in, &out, NULL), ERR_BAD_INPUT, words);
    assert_null(out);
    table_free(cx, in);
}

static void new_rows_are_made_to_follow_the_schema(void **state)
{
    (void)state;
    static const char *const quick[] = { "linear", NULL };
    Ctx cx = test_ctx();
    BuildKit k;
    Table *in, *t;
    Text warnings;
    double margin[4];
    build_kit_open(&cx, &k, TASK_BINARY, ROWS, quick);
    text_init(&warnings, &cx);
    /* other order, other types, a column too many; a city never seen */
    expect_ok(&cx, kit_table(&cx, "extra:number city:category words:category sunny:category built:category size:category rooms:number",
                             "7|Rome|old house|yes|05/04/2011|50|3\n7|Berlin|x|no|05/04/2011|60|4\n7|3.0|x|no|05/04/2011||4\n7|3|x|no|05/04/2011|1e2|\n", &in));
    expect_ok(&cx, build_conform(&cx, k.b, in, &t, &warnings));
    assert_int_equal(warnings.n, 0);
    assert_int_equal(t->cols, 6);
    assert_string_equal(t->col[0].name, "size");
    assert_true(t->col[0].num[0] == 50 && t->col[0].num[1] == 60 && !column_has(&t->col[0], 2) && t->col[0].num[3] == 100);
    assert_int_equal(t->col[3].type, COLUMN_DATETIME);
    assert_true(t->col[3].num[0] == 1301961600);                                  /* 5 April 2011: days came first in training */
    size_t n;
    const char *s = dict_at(&t->col[2].dict, (uint32_t)t->col[2].code[2], &n);
    assert_true(n == 1 && s[0] == '3' && t->col[2].code[2] == t->col[2].code[3]);
    expect_ok(&cx, build_margin(&cx, k.b, t, margin));
    for (int i = 0; i < 4; i++) assert_true(isfinite(margin[i]));
    table_free(&cx, t);
    table_free(&cx, in);

    /* 3, 3.0 and '3' are one level, whatever column they come in */
    static const char *const heads[] = { "city:category", "city:number", "city:integer" };
    double three[3];
    for (int h = 0; h < 3; h++) {
        char head[200];
        snprintf(head, sizeof head, "%s size:number rooms:number built:category sunny:category words:category", heads[h]);
        expect_ok(&cx, kit_table(&cx, head, h ? "3|50|3|05/04/2011|yes|old\n" : "3.0|50|3|05/04/2011|yes|old\n", &in));
        expect_ok(&cx, build_conform(&cx, k.b, in, &t, NULL));
        expect_ok(&cx, build_margin(&cx, k.b, t, &three[h]));
        table_free(&cx, t);
        table_free(&cx, in);
    }
    assert_true(three[0] == three[1] && three[1] == three[2]);
    text_clear(&warnings);
    build_kit_close(&cx, &k);
}

static void unreadable_values_count_as_missing_and_are_told(void **state)
{
    (void)state;
    static const char *const quick[] = { "linear", NULL };
    Ctx cx = test_ctx();
    BuildKit k;
    Table *in, *t;
    Text warnings;
    const char all[] = "size:category rooms:number city:category built:category sunny:category words:category";
    build_kit_open(&cx, &k, TASK_BINARY, ROWS, quick);
    text_init(&warnings, &cx);
    expect_ok(&cx, kit_table(&cx, all, "50|3|Rome|05/04/2011|yes|a\nbig|3|Rome|never|yes|a\n70|3|Rome|05/04/2011|yes|a\n", &in));
    expect_ok(&cx, build_conform(&cx, k.b, in, &t, &warnings));
    assert_true(column_has(&t->col[0], 0) && !column_has(&t->col[0], 1) && !column_has(&t->col[3], 1));
    assert_non_null(strstr(warnings.at, "column 'size': 1 value could not be read as number and counts as missing"));
    assert_non_null(strstr(warnings.at, "column 'built': 1 value could not be read as datetime"));
    table_free(&cx, t);
    table_free(&cx, in);
    conform_refused(&cx, k.b, all, "big|3|Rome|05/04/2011|yes|a\nbig|3|Rome|05/04/2011|yes|a\n",
                    "column 'size' should hold numbers, but none of its 2 values reads as one");
    /* a column without a single value is no reason to refuse */
    expect_ok(&cx, kit_table(&cx, all, "|3|Rome|05/04/2011|yes|a\n|3|Rome|05/04/2011|yes|a\n", &in));
    expect_ok(&cx, build_conform(&cx, k.b, in, &t, NULL));
    table_free(&cx, t);
    table_free(&cx, in);
    text_clear(&warnings);
    build_kit_close(&cx, &k);
}

static void absent_columns_are_refused_all_at_once(void **state)
{
    (void)state;
    static const char *const quick[] = { "linear", NULL };
    Ctx cx = test_ctx();
    BuildKit k;
    Table *in, *t;
    double margin;
    build_kit_open(&cx, &k, TASK_BINARY, ROWS, quick);
    conform_refused(&cx, k.b, "size:number city:category sunny:category words:category", "50|Rome|yes|a\n",
                    "lacks 2 columns the build needs: 'rooms', 'built'");
    k.b->schema->col[1].needed = k.b->schema->col[3].needed = false;
    expect_ok(&cx, kit_table(&cx, "size:number city:category sunny:category words:category", "50|Rome|yes|a\n", &in));
    expect_ok(&cx, build_conform(&cx, k.b, in, &t, NULL));                        /* not needed: missing in every row */
    assert_int_equal(t->col[1].nulls, 1);
    expect_ok(&cx, build_margin(&cx, k.b, t, &margin));
    assert_true(isfinite(margin));
    expect_failure(&cx, build_margin(&cx, k.b, in, &margin), ERR_SHAPE, "4 columns, the build 6");
    table_free(&cx, t);
    table_free(&cx, in);
    build_kit_close(&cx, &k);
}

/* ---------------------------------------------------------------- answers */

static void answers_are_probabilities_classes_and_values_in_bounds(void **state)
{
    (void)state;
    static char *names[] = { "-1", "3", "maybe" };
    Build b = { .task = TASK_BINARY, .classes = 2, .class_name = names, .threshold = .3 };
    double m[] = { 0, -2, 1e6, -1e6 }, p[6];
    build_answer(&b, m, 4, p);
    assert_true(p[0] == .5 && fabs(p[1] - 1 / (1 + exp(2))) < 1e-15 && p[2] == 1 && p[3] == 0);
    assert_int_equal(build_class(&b, &p[0]), 1);
    assert_int_equal(build_class(&b, &p[1]), 0);
    assert_int_equal(build_class(&b, &(double){ .3 }), 1);

    b = (Build){ .task = TASK_MULTICLASS, .classes = 3, .class_name = names };
    const double z[] = { 1, 2, 3, 1e5, -1e5, 0 };
    build_answer(&b, z, 2, p);
    assert_true(fabs(p[0] + p[1] + p[2] - 1) < 1e-15 && fabs(p[2] / p[1] - exp(1)) < 1e-12);
    assert_true(p[3] == 1 && p[4] == 0);
    assert_int_equal(build_class(&b, p), 2);
    assert_int_equal(build_class(&b, p + 3), 0);
    assert_int_equal(build_class(&b, (const double[]){ .4, .4, .2 }), 0);         /* of equals the first */

    b = (Build){ .task = TASK_REGRESSION, .lo = -1, .hi = 2 };
    build_answer(&b, (const double[]){ -5, .5, 7 }, 3, p);
    assert_true(p[0] == -1 && p[1] == .5 && p[2] == 2);
}

static void a_class_is_found_by_any_spelling_of_its_number(void **state)
{
    (void)state;
    static char *names[] = { "-1", "3", "maybe" };
    Build b = { .task = TASK_MULTICLASS, .classes = 3, .class_name = names };
    static const struct { const char *text; uint32_t want; } all[] = {
        { "3", 1 }, { "3.0", 1 }, { " 3 ", 1 }, { "3e0", 1 }, { "-1.00", 0 }, { "maybe", 2 }, { "\tmaybe", 2 },
        { "Maybe", UINT32_MAX }, { "4", UINT32_MAX }, { "", UINT32_MAX }, { " ", UINT32_MAX }, { "inf", UINT32_MAX },
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        assert_int_equal(build_class_find(&b, all[i].text, strlen(all[i].text)), all[i].want);
}

/* `test_model_build seed FOLDER` writes what test/fuzz/corpus/build was made of: one small build a task. */
static int write_seeds(const char *folder)
{
    static const char *const forms[] = { "linear", "extra_trees", "mlp", "knn", NULL };
    for (int task = 0; task < TASK_N; task++) {
        Ctx cx = test_ctx();
        BuildKit k;
        Text bytes;
        Digest d;
        char path[OS_PATH_MAX];
        build_kit_open(&cx, &k, (Task)task, 20, forms + task);
        save(&cx, k.b, &bytes, &d);
        snprintf(path, sizeof path, "%s/%s.leat", folder, task_word((Task)task));
        test_write(path, bytes.at, bytes.n);
        text_clear(&bytes);
        build_kit_close(&cx, &k);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 3 && !strcmp(argv[1], "seed")) return write_seeds(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_the_members_put_together),
        cmocka_unit_test(a_row_answers_the_same_alone_and_among_forty_thousand),
        cmocka_unit_test(a_saved_build_loads_as_an_equal_one),
        cmocka_unit_test(no_cut_and_no_flipped_bit_is_taken_for_a_build),
        cmocka_unit_test(a_forged_build_is_refused_or_usable),
        cmocka_unit_test(explanations_add_up_to_the_margin),
        cmocka_unit_test(new_rows_are_made_to_follow_the_schema),
        cmocka_unit_test(unreadable_values_count_as_missing_and_are_told),
        cmocka_unit_test(absent_columns_are_refused_all_at_once),
        cmocka_unit_test(answers_are_probabilities_classes_and_values_in_bounds),
        cmocka_unit_test(a_class_is_found_by_any_spelling_of_its_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* test/unit/query/test_read.c -- files become tables: every CSV habit that is accepted, every one that is refused and in
** which words, globs, schemas, the other formats through DuckDB, and what happens when memory or the disk ends.
*/
#include "query/query.h"
#include "test.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define FILE_NAME "in.csv"

static void put(const char *path, const char *text)
{
    test_write(path, text, strlen(text));
}

static Table *read_path(Ctx *cx, const char *path)
{
    Table *t = NULL;
    expect_ok(cx, query_read(cx, &(QueryIn){ .path = path }, &t, NULL));
    return t;
}

static const char *cell(const Table *t, size_t col, size_t row)
{
    static char out[256];
    char buf[COLUMN_TEXT_MAX];
    size_t n;
    const char *s = column_text(&t->col[col], row, buf, &n);
    if (!s) return NULL;
    snprintf(out, sizeof out, "%.*s", (int)n, s);
    return out;
}

/* The whole table as "a,b\n1,2\n", missing as nothing. */
static void expect_table(const char *csv, const char *want)
{
    Ctx cx = test_ctx();
    Text got;
    put(FILE_NAME, csv);
    Table *t = read_path(&cx, FILE_NAME);
    text_init(&got, &cx);
    for (size_t c = 0; c < t->cols; c++) text_fmt(&got, "%s%s", c ? "," : "", t->col[c].name);
    for (size_t r = 0; r < t->rows; r++)
        for (size_t c = 0; c < t->cols; c++) {
            const char *s = cell(t, c, r);
            text_fmt(&got, "%s%s", c ? "," : "|", s ? s : "");
        }
    assert_string_equal(got.at, want);
    text_clear(&got);
    table_free(&cx, t);
    ctx_clear(&cx);
}

static void csv_habits_of_the_world_are_read(void **state)
{
    (void)state;
    expect_table("a,b\n1,2\n", "a,b|1,2");
    expect_table("a,b\n1,2", "a,b|1,2");
    expect_table("\xEF\xBB\xBF" "a,b\r\n1,2\r\n", "a,b|1,2");
    expect_table("a,b\r1,2\r3,4\r", "a,b|1,2|3,4");
    expect_table("a,b\n1,2\r\n3,4\n", "a,b|1,2|3,4");
    expect_table("a,b\n\n1,2\n\n\n3,4\n  \n", "a,b|1,2|3,4");
    expect_table("\n\na,b\n1,2\n", "a,b|1,2");
    expect_table("a,b\n1,\"x, y\"\n", "a,b|1,x, y");
    expect_table("a,b\n1,\"he said \"\"no\"\"\"\n", "a,b|1,he said \"no\"");
    expect_table("a,b\n1,\"two\nlines\"\n", "a,b|1,two\nlines");
    expect_table("a,b\n1, \"x\" \n", "a,b|1,x");
    expect_table("a,b\n1,x\"y\n", "a,b|1,x\"y");
    expect_table("\"a,1\",\" b \"\n1,2\n", "a,1,b|1,2");
    expect_table("a,b\n1,2,\n3,4,\n", "a,b|1,2|3,4");
    expect_table("a,b\n,\n1,\"\"\n", "a,b|,|1,");
    expect_table("a\n1\n\n3\n", "a|1|3");
    expect_table("PAR1\n1\n", "PAR1|1");
    expect_table("a;b\n1,5;x\n-2,25;1,2,3\n", "a,b|1.5,x|-2.25,1,2,3");
    expect_table("a\tb\nx, y\t2\n", "a,b|x, y,2");
    expect_table("a|b\nx|2\n", "a,b|x,2");
    expect_table("a,b\n\"x \\\" y\",2\n\"z\",3\n", "a,b|x \" y,2|z,3");
    expect_table("\xC3\xA4,b\n\xE2\x82\xAC,2\n", "\xC3\xA4,b|\xE2\x82\xAC,2");
    expect_table("\"a;b\"\n1\n2\n", "a;b|1|2");
    expect_table("name;text\nx;\"a, b\"\ny;c, d\n", "name,text|x,a, b|y,c, d");
}

static void expect_refused(const char *csv, size_t n, const char *words)
{
    Ctx cx = test_ctx();
    Table *t;
    QueryInfo info = { .files = 9 };
    test_write(FILE_NAME, csv, n);
    expect_failure(&cx, query_read(&cx, &(QueryIn){ .path = FILE_NAME }, &t, &info), ERR_BAD_INPUT, words);
    assert_null(t);
    assert_int_equal(info.files, 0);
    ctx_clear(&cx);
}

static void irregular_files_are_refused_with_file_and_line(void **state)
{
    static const struct { const char *csv, *words; } bad[] = {
        { "", "is empty" },
        { " \n\n", "is empty" },
        { "a,b\n", "no rows" },
        { "a,b", "no rows" },
        { "a,b\n1,2\n3\n", "line 3 has 1 values, the first row names 2 columns" },
        { "a,b\n1,2,3\n", "line 2 has 3 values" },
        { "a,b\n\"x\ny\",2\n1,2,3\n", "line 4 has 3 values" },
        { "a,b\n1,\"x\n2,3\n", "line 2: a quote is opened and never closed" },
        { "a,b\n1,\"x\"y\n", "line 2: text follows a closing quote" },
        { "a,b\n1,2\n3,\xFF\n", "line 3 is not UTF-8" },
        { "a,b\xE4\n1,2\n", "line 1 is not UTF-8" },
        { "a,b,a\n1,2,3\n", "columns 1 and 3 are both named 'a'" },
        { "a,,c\n1,2,3\n", "column 2 has no name" },
        { ",a,b\n0,1,2\n", "index=False" },
        { "a;b,c\n1\n2\n", "line 2 has 1 values" },
        { "\xFF\xFE" "a", "UTF-16" },
        { "PAR1\x15\x04", "Parquet" },
        { "PK\3\4xxxx", "Excel" },
        { "\x7F" "ELF\2\1\1", "not text" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) expect_refused(bad[i].csv, strlen(bad[i].csv), bad[i].words);
    expect_refused("a,b\n1,\0\n", 8, "not text");
}

static void a_tab_file_cut_by_commas_is_told(void **state)
{
    Ctx cx = test_ctx();
    Table *t;
    (void)state;
    put("in.tsv", "a,b\n1,2\n");
    expect_failure(&cx, query_read(&cx, &(QueryIn){ .path = "in.tsv" }, &t, NULL), ERR_BAD_INPUT, "read it as CSV");
    put("in.tsv", "a\tb\n1\t2\n");
    t = read_path(&cx, "in.tsv");
    assert_int_equal(t->cols, 2);
    table_free(&cx, t);
    ctx_clear(&cx);
}

static void a_zero_byte_far_into_the_file_is_told_with_its_line(void **state)
{
    Ctx cx = test_ctx();
    Text t;
    Table *table;
    (void)state;
    text_init(&t, &cx);
    text_put(&t, "a,b\n");
    for (int i = 0; i < 30000; i++) text_put(&t, "1,2\n");
    text_bytes(&t, "1,\0002\n", 5);
    test_write(FILE_NAME, t.at, t.n);
    expect_failure(&cx, query_read(&cx, &(QueryIn){ .path = FILE_NAME }, &table, NULL), ERR_BAD_INPUT, "line 30002 holds a zero byte");
    text_clear(&t);
    ctx_clear(&cx);
}

static void files_that_are_not_there_or_not_files_are_told(void **state)
{
    Ctx cx = test_ctx();
    Table *t;
    (void)state;
    os_world.files->make_folder(NULL, "folder");
    expect_failure(&cx, query_read(&cx, &(QueryIn){ .path = "none.csv" }, &t, NULL), ERR_NOT_FOUND, "'none.csv'");
    expect_failure(&cx, query_read(&cx, &(QueryIn){ .path = "none*.csv" }, &t, NULL), ERR_NOT_FOUND, "no file matches");
    expect_failure(&cx, query_read(&cx, &(QueryIn){ .path = "folder" }, &t, NULL), ERR_BAD_INPUT, "is a folder");
    expect_failure(&cx, query_read(&cx, &(QueryIn){ .path = "/dev/null" }, &t, NULL), ERR_BAD_INPUT, "not a plain file");
    ctx_clear(&cx);
}

static void a_megabyte_in_a_cell_is_read_and_more_than_the_limit_is_not(void **state)
{
    Ctx cx = test_ctx();
    Text t;
    Table *table;
    (void)state;
    text_init(&t, &cx);
    text_put(&t, "a,b\nx,");
    for (size_t i = 0; i < (size_t)1 << 20; i += 16) text_put(&t, "0123456789abcde ");
    text_put(&t, "!\n");
    test_write(FILE_NAME, t.at, t.n);
    table = read_path(&cx, FILE_NAME);
    assert_int_equal(table->col[1].dict.offset[1], ((size_t)1 << 20) + 1);
    table_free(&cx, table);
    for (size_t i = 0; i < TABLE_CELL_MAX; i += 16) text_put(&t, "0123456789abcde ");
    test_write(FILE_NAME, t.at, t.n);
    expect_failure(&cx, query_read(&cx, &(QueryIn){ .path = FILE_NAME }, &table, NULL), ERR_BAD_INPUT, "line 3 has 1 values");
    text_put(&t, "!,x\n");
    test_write(FILE_NAME, t.at, t.n);
    expect_failure(&cx, query_read(&cx, &(QueryIn){ .path = FILE_NAME }, &table, NULL), ERR_LIMIT, "line 3: a value of column 'a'");
    text_clear(&t);
    ctx_clear(&cx);
}

static void wide_files_are_read_up_to_the_limit(void **state)
{
    Ctx cx = test_ctx();
    Text t;
    Table *table;
    (void)state;
    for (size_t cols = 10000; cols <= TABLE_COLS_MAX + 1; cols += TABLE_COLS_MAX + 1 - 10000) {
        text_init(&t, &cx);
        for (size_t i = 0; i < cols; i++) text_fmt(&t, "%sc%zu", i ? "," : "", i);
        for (size_t r = 0; r < 3; r++)
            for (size_t i = 0; i < cols; i++) text_fmt(&t, "%s%zu", i ? "," : "\n", i);
        test_write(FILE_NAME, t.at, t.n);
        text_clear(&t);
        if (cols <= TABLE_COLS_MAX) {
            table = read_path(&cx, FILE_NAME);
            assert_int_equal(table->cols, cols);
            assert_true(table->col[cols - 1].num[2] == (double)(cols - 1));
            table_free(&cx, table);
        } else expect_failure(&cx, query_read(&cx, &(QueryIn){ .path = FILE_NAME }, &table, NULL), ERR_LIMIT, "100001 columns");
    }
    ctx_clear(&cx);
}

static void rows_that_cross_blocks_stay_whole(void **state)
{
    Ctx cx = test_ctx();
    Text t;
    QueryInfo info;
    Table *table;
    (void)state;
    text_init(&t, &cx);
    text_put(&t, "n,s\r\n");
    for (int i = 0; i < 150000; i++) text_fmt(&t, "%d,\"row \"\"%d\"\" of\r\nmany\"\r\n", i, i % 100);
    assert_true(t.n > (size_t)3 << 20);
    test_write(FILE_NAME, t.at, t.n);
    expect_ok(&cx, query_read(&cx, &(QueryIn){ .path = FILE_NAME }, &table, &info));
    assert_int_equal(table->rows, 150000);
    assert_int_equal(table->col[1].dict.n, 100);
    assert_int_equal(info.bytes, t.n);
    assert_int_equal(info.delimiter, ',');
    for (size_t i = 0; i < table->rows; i++) assert_true(table->col[0].num[i] == (double)i);
    assert_string_equal(cell(table, 1, 7), "row \"7\" of\r\nmany");
    table_free(&cx, table);
    expect_ok(&cx, query_read(&cx, &(QueryIn){ .path = FILE_NAME, .rows_max = 10 }, &table, NULL));
    assert_int_equal(table->rows, 10);
    table_free(&cx, table);
    text_clear(&t);
    ctx_clear(&cx);
}

static void zstd_is_read_and_damage_to_it_is_told(void **state)
{
    Ctx cx = test_ctx();
    static const char csv[] = "a,b\n1,x\n2,y\n";
    char packed[256];
    Table *t;
    (void)state;
    size_t n = ZSTD_compress(packed, sizeof packed, csv, sizeof csv - 1, 3);
    test_write("in.csv.zst", packed, n);
    t = read_path(&cx, "in.csv.zst");
    assert_int_equal(t->rows, 2);
    table_free(&cx, t);
    test_write("two.csv.zst", packed, n);
    memcpy(packed + n, packed, n);
    test_write("in.csv.zst", packed, 2 * n);      /* two frames: the header comes again as a row */
    t = read_path(&cx, "in.csv.zst");
    assert_int_equal(t->rows, 5);
    table_free(&cx, t);
    test_write("in.csv.zst", packed, n - 3);
    expect_failure(&cx, query_read(&cx, &(QueryIn){ .path = "in.csv.zst" }, &t, NULL), ERR_BAD_INPUT, "damaged or cut off");
    ctx_clear(&cx);
}

static void a_glob_reads_files_of_the_same_columns_in_order_of_name(void **state)
{
    Ctx cx = test_ctx();
    Table *t;
    QueryInfo info;
    (void)state;
    os_world.files->make_folder(NULL, "many");
    put("many/b.csv", "y,x\n4,3\n");
    put("many/a.csv", "x,y\n1,2\n");
    put("many/c.txt", "other\n");
    expect_ok(&cx, query_read(&cx, &(QueryIn){ .path = "many/*.csv" }, &t, &info));
    assert_int_equal(info.files, 2);
    assert_int_equal(t->rows, 2);
    assert_true(t->col[0].num[0] == 1 && t->col[0].num[1] == 3 && t->col[1].num[1] == 4);
    table_free(&cx, t);
    put("many/d.csv", "x\n4\n");
    expect_failure(&cx, query_read(&cx, &(QueryIn){ .path = "many/*.csv" }, &t, NULL), ERR_BAD_INPUT, "'many/d.csv' has no column 'y'");
    put("many/d.csv", "x,y,z\n4,5,6\n");
    expect_failure(&cx, query_read(&cx, &(QueryIn){ .path = "many/*.csv" }, &t, NULL), ERR_BAD_INPUT, "has a column 'z'");
    put("many/d.csv.json", "[]");
    expect_failure(&cx, query_read(&cx, &(QueryIn){ .path = "many/[ad]*" }, &t, NULL), ERR_BAD_INPUT, "has a column 'z'");
    put("many/d.csv", "x,y\n4,5\n");
    expect_failure(&cx, query_read(&cx, &(QueryIn){ .path = "many/[ad]*" }, &t, NULL), ERR_BAD_INPUT, "read files of one kind");
    expect_failure(&cx, query_read(&cx, &(QueryIn){ .path = "ma*/a.csv" }, &t, NULL), ERR_BAD_INPUT, "last part of a path");
    ctx_clear(&cx);
}

static void columns_and_types_may_be_chosen_and_wrong_names_are_told(void **state)
{
    static const char *const columns[] = { "city", "age" }, *const wrong[] = { "cty" };
    static const QueryType types[] = { { "age", COLUMN_CATEGORY } }, no_type[] = { { "agee", COLUMN_NUMBER } };
    Ctx cx = test_ctx();
    Table *t;
    (void)state;
    put(FILE_NAME, "age,name,city\n1,x,y\n2,z,w\n");
    expect_ok(&cx, query_read(&cx, &(QueryIn){ .path = FILE_NAME, .columns = columns, .columns_n = 2, .types = types, .types_n = 1 },
                              &t, NULL));
    assert_int_equal(t->cols, 2);
    assert_string_equal(t->col[0].name, "age");
    assert_int_equal(t->col[0].type, COLUMN_CATEGORY);
    table_free(&cx, t);
    expect_failure(&cx, query_read(&cx, &(QueryIn){ .path = FILE_NAME, .columns = wrong, .columns_n = 1 }, &t, NULL), ERR_BAD_INPUT,
                   "did you mean 'city'");
    expect_failure(&cx, query_read(&cx, &(QueryIn){ .path = FILE_NAME, .types = no_type, .types_n = 1 }, &t, NULL), ERR_BAD_INPUT,
                   "did you mean 'age'");
    ctx_clear(&cx);
}

static void a_schema_reads_its_columns_in_its_order_and_storage(void **state)
{
    static const char *const na[] = { "none" }, *const keep[] = { "key" };
    Ctx cx = test_ctx();
    Table *t;
    SchemaColumn col[] = {
        { .name = "c", .type = COLUMN_CATEGORY }, { .name = "absent", .type = COLUMN_NUMBER, .numeric = true },
        { .name = "n", .type = COLUMN_NUMBER, .numeric = true },
        { .name = "d", .type = COLUMN_DATETIME, .numeric = true, .order = TIME_DMY },
    };
    Schema s = { .n = 4, .col = col, .na = (char **)(uintptr_t)na, .na_n = 1 };
    (void)state;
    put(FILE_NAME, "n,extra,c,d,key\n1,x,3.0,03/04/2020,k1\nsoon,x,none,never,k2\n");
    expect_ok(&cx, query_read_schema(&cx, &(QueryIn){ .path = FILE_NAME }, &s, keep, 1, &t, NULL));
    assert_int_equal(t->cols, 4);
    assert_string_equal(t->col[0].name, "c");
    assert_string_equal(cell(t, 0, 0), "3");
    assert_null(cell(t, 0, 1));
    assert_string_equal(t->col[1].name, "n");
    assert_int_equal(t->col[1].bad, 1);
    assert_string_equal(cell(t, 2, 0), "2020-04-03");
    assert_int_equal(t->col[2].bad, 1);
    assert_string_equal(t->col[3].name, "key");
    table_free(&cx, t);
    put(FILE_NAME, ",n,x,x\n0,1,2,3\n");                   /* columns that nobody asked for may be named as they like */
    expect_ok(&cx, query_read_schema(&cx, &(QueryIn){ .path = FILE_NAME }, &s, NULL, 0, &t, NULL));
    assert_int_equal(t->cols, 1);
    table_free(&cx, t);
    put(FILE_NAME, "n,n\n0,1\n");
    expect_failure(&cx, query_read_schema(&cx, &(QueryIn){ .path = FILE_NAME }, &s, NULL, 0, &t, NULL), ERR_BAD_INPUT, "both named 'n'");
    put(FILE_NAME, "other\n1\n");
    expect_failure(&cx, query_read_schema(&cx, &(QueryIn){ .path = FILE_NAME }, &s, NULL, 0, &t, NULL), ERR_BAD_INPUT, "none of the 4");
    put(FILE_NAME, "c\n1\n");
    expect_failure(&cx, query_read_schema(&cx, &(QueryIn){ .path = FILE_NAME }, &s, keep, 1, &t, NULL), ERR_BAD_INPUT, "no column 'key'");
    ctx_clear(&cx);
}

static void json_holds_to_the_same_rules_as_csv(void **state)
{
    Ctx cx = test_ctx();
    Table *t;
    (void)state;
    put("in.json", "[{\"a\": 1.50, \"b\": \"x \\\"y\\\" \\u00e9\", \"c\": true, \"d\": \"NA\"},\n {\"c\": false, \"a\": 3}]");
    t = read_path(&cx, "in.json");
    assert_int_equal(t->rows, 2);
    assert_string_equal(cell(t, 0, 0), "1.5");
    assert_string_equal(cell(t, 1, 0), "x \"y\" \xC3\xA9");
    assert_null(cell(t, 1, 1));
    assert_int_equal(t->col[2].type, COLUMN_BOOLEAN);
    assert_int_equal(t->col[3].nulls, 2);
    table_free(&cx, t);
    put("in.ndjson", "{\"a\": 1}\n{\"b\": 2, \"a\": \"it's\"}\n");
    t = read_path(&cx, "in.ndjson");
    assert_string_equal(cell(t, 0, 1), "it's");
    assert_string_equal(cell(t, 1, 1), "2");
    table_free(&cx, t);
    put("odd[1]*'s.json", "[{\"a\": 1}]");
    t = read_path(&cx, "odd[1]*'s.json");
    table_free(&cx, t);
    ctx_clear(&cx);
}

static void files_that_are_not_what_their_name_says_are_told(void **state)
{
    static const struct { const char *path, *text, *words; } bad[] = {
        { "bad.json", "[{\"a\":1},{\"a\":}]", "is not JSON in record 2" },
        { "bad.json", "[1,2]", "no records" },
        { "bad.json", "", "'bad.json'" },
        { "bad.json", "[]", "'bad.json'" },
        { "bad.ndjson", "{\"a\":1}\n{\"a\":2\n{\"a\":3}\n", "line 2" },
        { "bad.parquet", "not parquet", "'bad.parquet'" },
        { "bad.parquet", "", "'bad.parquet'" },
        { "bad.xlsx", "not excel", "'bad.xlsx'" },
    };
    Ctx cx = test_ctx();
    Table *t;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put(bad[i].path, bad[i].text);
        expect_failure(&cx, query_read(&cx, &(QueryIn){ .path = bad[i].path }, &t, NULL), ERR_BAD_INPUT, bad[i].words);
        assert_null(t);
    }
    ctx_clear(&cx);
}

typedef struct Heard { char warning[1024]; int steps; } Heard;

static void hear(void *self, ProgressKind kind, const char *what, double done, double total)
{
    Heard *h = self;
    (void)done, (void)total;
    h->steps += kind == PROGRESS_STEP;
    if (kind == PROGRESS_WARNING) snprintf(h->warning, sizeof h->warning, "%s", what);
}

static void odd_columns_are_warned_of(void **state)
{
    Ctx cx = test_ctx();
    Heard h = { "", 0 };
    Text t;
    (void)state;
    cx.progress = (Progress){ hear, &h };
    put(FILE_NAME, "a\ninf\n1\n");
    table_free(&cx, read_path(&cx, FILE_NAME));
    assert_non_null(strstr(h.warning, "1 infinite numbers"));
    put(FILE_NAME, "1,2\n3,4\n");
    table_free(&cx, read_path(&cx, FILE_NAME));
    assert_non_null(strstr(h.warning, "only numbers"));
    text_init(&t, &cx);
    text_put(&t, "a\n");
    for (int i = 0; i < 100; i++) text_fmt(&t, "%d\n", i * i);
    text_put(&t, "unknown\n");
    test_write(FILE_NAME, t.at, t.n);
    table_free(&cx, read_path(&cx, FILE_NAME));
    assert_non_null(strstr(h.warning, "numbers but for 'unknown'"));
    assert_true(h.steps > 0);
    text_clear(&t);
    ctx_clear(&cx);
}

static void reading_stops_when_told_to(void **state)
{
    Ctx cx = test_ctx();
    volatile sig_atomic_t stop = 1;
    Table *t;
    (void)state;
    put(FILE_NAME, "a\n1\n");
    put("in.json", "[{\"a\": 1}]");
    cx.cancel = &stop;
    expect_failure(&cx, query_read(&cx, &(QueryIn){ .path = FILE_NAME }, &t, NULL), ERR_INTERRUPTED, NULL);
    expect_failure(&cx, query_read(&cx, &(QueryIn){ .path = "in.json" }, &t, NULL), ERR_INTERRUPTED, NULL);
    stop = 0;
    cx.deadline_us = 1;
    expect_failure(&cx, query_read(&cx, &(QueryIn){ .path = FILE_NAME }, &t, NULL), ERR_TIME, NULL);
    ctx_clear(&cx);
}

static Err read_faulty(Ctx *cx, void *arg)
{
    Table *t = NULL;
    Err err = query_read(cx, &(QueryIn){ .path = arg }, &t, NULL);
    assert_true(err ? !t && cx->text[0] : t != NULL);
    table_free(cx, t);
    return err;
}

static void no_refused_memory_or_file_call_leaks_or_crashes(void **state)
{
    static const char csv[] = "a,b\n1,\"x \"\"y\"\"\"\n2,y\n";
    char packed[256];
    (void)state;
    put(FILE_NAME, csv);
    os_world.files->make_folder(NULL, "two");
    put("two/1.csv", csv);
    put("two/2.csv", csv);
    test_write("in.csv.zst", packed, ZSTD_compress(packed, sizeof packed, csv, sizeof csv - 1, 3));
    rig_sweep_or_ok(read_faulty, FILE_NAME, ERR_NOMEM, ERR_IO);
    rig_sweep_or_ok(read_faulty, "two/*.csv", ERR_NOMEM, ERR_IO);
    rig_sweep_or_ok(read_faulty, "in.csv.zst", ERR_NOMEM, ERR_IO);
}

static void duckdb_survives_refused_memory(void **state)
{
    (void)state;
    put("in.ndjson", "{\"a\": 1, \"b\": \"x\"}\n{\"a\": 2, \"b\": \"y\"}\n");
    rig_sweep_or_ok(read_faulty, "in.ndjson", ERR_NOMEM, ERR_IO);
}

static void the_engine_says_its_version(void **state)
{
    Ctx cx = test_ctx();
    char version[32];
    (void)state;
    expect_ok(&cx, query_engine(&cx, version));
    assert_int_equal(version[0], 'v');
    ctx_clear(&cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_habits_of_the_world_are_read),
        cmocka_unit_test(irregular_files_are_refused_with_file_and_line),
        cmocka_unit_test(a_tab_file_cut_by_commas_is_told),
        cmocka_unit_test(a_zero_byte_far_into_the_file_is_told_with_its_line),
        cmocka_unit_test(files_that_are_not_there_or_not_files_are_told),
        cmocka_unit_test(a_megabyte_in_a_cell_is_read_and_more_than_the_limit_is_not),
        cmocka_unit_test(wide_files_are_read_up_to_the_limit),
        cmocka_unit_test(rows_that_cross_blocks_stay_whole),
        cmocka_unit_test(zstd_is_read_and_damage_to_it_is_told),
        cmocka_unit_test(a_glob_reads_files_of_the_same_columns_in_order_of_name),
        cmocka_unit_test(columns_and_types_may_be_chosen_and_wrong_names_are_told),
        cmocka_unit_test(a_schema_reads_its_columns_in_its_order_and_storage),
        cmocka_unit_test(json_holds_to_the_same_rules_as_csv),
        cmocka_unit_test(files_that_are_not_what_their_name_says_are_told),
        cmocka_unit_test(odd_columns_are_warned_of),
        cmocka_unit_test(reading_stops_when_told_to),
        cmocka_unit_test(no_refused_memory_or_file_call_leaks_or_crashes),
        cmocka_unit_test(duckdb_survives_refused_memory),
        cmocka_unit_test(the_engine_says_its_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

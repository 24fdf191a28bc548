/* test/unit/query/test_sql.c -- SQL over named tables: answers, types, and that nothing else can be reached.
**
** Files are written here; what they must answer is counted by hand.  The peer test (test/peer/test_sql.py) compares larger
** answers with pandas and sqlite3.
*/
#include "query/query.h"
#include "base/save.h"
#include "test.h"

#include <math.h>
#include <string.h>

#define FOLDER "ours"

typedef struct Shelf {
    int asked;
    const Schema *schema;
    uint64_t stream;
} Shelf;

static const char *const sales[] = { FOLDER "/a.csv", FOLDER "/b.csv" };
static const char *const names[] = { FOLDER "/n.csv" };
static const char *const made[] = { FOLDER "/p.parquet" };

static Err find(Ctx *cx, void *self, const char *name, QueryTable *out)
{
    Shelf *shelf = self;
    shelf->asked++;
    if (!strcmp(name, "sales@2") || !strcmp(name, "sales")) *out = (QueryTable){ sales, 2, QUERY_AUTO, shelf->schema };
    else if (!strcmp(name, "names@latest")) *out = (QueryTable){ .path = names, .files = 1 };
    else if (!strcmp(name, "part@1/n.csv")) *out = (QueryTable){ .path = names, .files = 1 };
    else if (!strcmp(name, "made@1")) *out = (QueryTable){ .path = made, .files = 1 };
    else return FAIL(cx, ERR_NOT_FOUND, "no dataset '%s'", name);
    return OK;
}

static void put(const char *path, const char *text)
{
    test_write(path, text, strlen(text));
}

static int set_up(void **state)
{
    (void)state;
    const Files *f = os_world.files;
    (void)f->make_folder(f->self, FOLDER);
    put(FOLDER "/a.csv", "id,amount,when,paid,ok,city\n1,2.5,2024-01-31,true,yes,Ulm\n2,,2024-02-01,false,no,\"a, 'b'\"\n");
    put(FOLDER "/b.csv", "id,amount,when,paid,ok,city\n3,4,2024-02-01T10:30:00,true,no,NA\n");
    put(FOLDER "/n.csv", "id,name\n1,Ada\n3,Bob\n9,Eve\n");
    put("outside.csv", "x\n1\n");
    return 0;
}

static QuerySql *open_sql(Ctx *cx, Shelf *shelf)
{
    QuerySql *s;
    QuerySqlIn in = { .find = find, .self = shelf, .folder = FOLDER, .stream_bytes = shelf->stream };
    expect_ok(cx, query_sql_open(cx, &in, &s));
    return s;
}

/* All rows as text: cells with |, rows with a new line. */
static Err answer(Ctx *cx, QuerySql *s, const char *sql, Text *t)
{
    Err err = OK;
    QueryAnswer *a = NULL;
    bool more;
    char buf[COLUMN_TEXT_MAX];
    TRY_DONE(cx, query_sql_ask(cx, s, sql, &a));
    for (;;) {
        TRY_DONE(cx, query_answer_next(cx, a, &more));
        if (!more) break;
        for (size_t i = 0; i < query_answer_columns(a); i++) {
            size_t n;
            const char *cell = query_answer_text(a, i, buf, &n);
            if (i) text_char(t, '|');
            if (cell) text_bytes(t, cell, n);
            else text_put(t, "NULL");
        }
        text_char(t, '\n');
    }
done:
    query_answer_close(cx, a);
    return err;
}

static void expect_rows(Ctx *cx, QuerySql *s, const char *sql, const char *want)
{
    Text t;
    text_init(&t, cx);
    expect_ok(cx, answer(cx, s, sql, &t));
    assert_string_equal(t.at ? t.at : "", want);
    text_clear(&t);
}

static void a_join_of_two_names_answers(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Shelf shelf = { 0 };
    QuerySql *s = open_sql(&cx, &shelf);
    expect_rows(&cx, s, "SELECT name, amount FROM 'sales@2' JOIN 'names@latest' USING (id) ORDER BY id", "Ada|2.5\nBob|4\n");
    expect_rows(&cx, s, "SELECT count(*) FROM 'sales@2'", "3\n");
    assert_int_equal(shelf.asked, 2);
    assert_string_equal(query_sql_table(s, 0), "sales@2");
    assert_string_equal(query_sql_table(s, 1), "names@latest");
    assert_null(query_sql_table(s, 2));
    query_sql_close(&cx, s);
    ctx_clear(&cx);
}

static void only_names_in_from_are_looked_up(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Shelf shelf = { 0 };
    QuerySql *s = open_sql(&cx, &shelf);
    expect_rows(&cx, s, "SELECT max(p.id), 'part@1/m.csv' FROM 'part@1/n.csv' p", "9|part@1/m.csv\n");
    expect_rows(&cx, s, "SELECT count(*) FROM 'part@1/n.csv' a, 'part@1/n.csv' b", "9\n");
    shelf.asked = 0;
    expect_rows(&cx, s, "SELECT 'sales@2' AS \"x@9\" -- FROM 'nope@1'\n /* FROM 'nope@2' */", "sales@2\n");
    expect_rows(&cx, s, "WITH sales AS (SELECT 7 AS z) SELECT * FROM sales", "7\n");
    assert_int_equal(shelf.asked, 0);
    expect_rows(&cx, s, "SELECT \"sales@2\".id, s.id FROM \"sales@2\" JOIN sales s USING (id) WHERE s.city <> 'FROM ''x''' AND s.id = 1;", "1|1\n");
    assert_int_equal(shelf.asked, 2);
    query_sql_close(&cx, s);
    ctx_clear(&cx);
}

#define TYPES "SELECT typeof(id), typeof(amount), typeof(\"when\"), typeof(paid), typeof(ok), typeof(city) FROM 'sales@2' LIMIT 1"

static void types_are_those_of_the_reader(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Shelf shelf = { 0 };
    QuerySql *s = open_sql(&cx, &shelf);
    expect_rows(&cx, s, TYPES, "BIGINT|DOUBLE|TIMESTAMP|BOOLEAN|VARCHAR|VARCHAR\n");
    expect_rows(&cx, s, "SELECT * FROM 'sales@2' ORDER BY id",
                "1|2.5|2024-01-31|true|yes|Ulm\n2|NULL|2024-02-01|false|no|a, 'b'\n3|4|2024-02-01T10:30:00|true|no|NULL\n");
    expect_rows(&cx, s, "SELECT count(*) FROM 'sales@2' WHERE paid AND ok = 'no' AND \"when\" >= DATE '2024-02-01'", "1\n");
    query_sql_close(&cx, s);
    ctx_clear(&cx);
}

static void a_streamed_file_answers_as_a_loaded_one(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Table *t;
    Schema *schema;
    Shelf shelf = { .stream = 1 };
    expect_ok(&cx, query_read(&cx, &(QueryIn){ .path = "both", .paths = sales, .paths_n = 2 }, &t, NULL));
    expect_ok(&cx, schema_of(&cx, t, table_na_default, table_na_default_n, &schema));
    shelf.schema = schema;
    QuerySql *s = open_sql(&cx, &shelf);
    expect_rows(&cx, s, TYPES, "BIGINT|DOUBLE|TIMESTAMP|BOOLEAN|VARCHAR|VARCHAR\n");
    expect_rows(&cx, s, "SELECT count(*), sum(amount) FROM 'sales@2'", "3|6.5\n");
    expect_rows(&cx, s, "SELECT city, id FROM 'sales@2' WHERE paid ORDER BY id", "Ulm|1\nNULL|3\n");
    expect_rows(&cx, s, "SELECT count(*) FROM 'sales@2' a, 'sales@2' b", "9\n");
    query_sql_close(&cx, s);
    schema_free(&cx, schema);
    table_free(&cx, t);
    ctx_clear(&cx);
}

static void a_large_streamed_file_keeps_its_order(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Text csv;
    Table *t;
    Schema *schema;
    Shelf shelf = { .stream = 1 };
    text_init(&csv, &cx);
    text_put(&csv, "id,amount,when,paid,ok,city\n");
    for (int i = 0; i < 50000; i++)
        text_fmt(&csv, "%d,%d,2024-01-01,%s,%s,c%d\n", i, i % 7, i % 2 ? "true" : "false", i % 3 ? "yes" : "no", i % 5);
    test_write(FOLDER "/a.csv", csv.at, csv.n);
    text_clear(&csv);
    expect_ok(&cx, query_read(&cx, &(QueryIn){ .path = "both", .paths = sales, .paths_n = 2 }, &t, NULL));
    expect_ok(&cx, schema_of(&cx, t, table_na_default, table_na_default_n, &schema));
    shelf.schema = schema;
    QuerySql *s = open_sql(&cx, &shelf);
    expect_rows(&cx, s, "SELECT count(*), sum(id), count(*) FILTER (paid), min(city) FROM 'sales@2'", "50001|1249975003|25001|c0\n");
    expect_rows(&cx, s, "SELECT id FROM 'sales@2' LIMIT 2 OFFSET 49999", "49999\n3\n");
    query_sql_close(&cx, s);
    schema_free(&cx, schema);
    table_free(&cx, t);
    ctx_clear(&cx);
    set_up(NULL);
}

static void nothing_but_named_tables_is_reached(void **state)
{
    static const char *const denied[] = {
        "SELECT * FROM read_csv('/etc/passwd')", "SELECT * FROM read_text('/etc/passwd')", "SELECT * FROM 'outside.csv'",
        "SELECT * FROM read_csv('outside.csv')", "SELECT * FROM glob('/etc/*')", "SELECT * FROM read_text('" FOLDER "/../outside.csv')",
        "SELECT * FROM 'https://example.com/a.csv'", "SELECT * FROM read_parquet('s3://bucket/a.parquet')",
        "COPY (SELECT 1) TO 'stolen.csv'", "COPY (SELECT 1) TO '" FOLDER "/stolen.csv'", "ATTACH 'other.db'", "ATTACH ':memory:' AS m",
        "INSTALL httpfs", "LOAD httpfs", "SET enable_external_access=true", "SET lock_configuration=false",
        "PRAGMA enable_external_access", "CREATE TABLE t AS SELECT 1", "EXPORT DATABASE 'out'",
        "CREATE SECRET (TYPE s3)", "EXPLAIN SELECT 1", "CALL pragma_version()", "SELECT * FROM sniff_csv('/etc/passwd')",
        "SELECT * FROM parquet_metadata('/etc/passwd')", "WITH a AS (SELECT * FROM read_blob('/etc/passwd')) SELECT * FROM a",
    };
    (void)state;
    Ctx cx = test_ctx();
    Shelf shelf = { 0 };
    QuerySql *s = open_sql(&cx, &shelf);
    for (size_t i = 0; i < sizeof denied / sizeof *denied; i++) {
        Text t;
        text_init(&t, &cx);
        Err err = answer(&cx, s, denied[i], &t);
        if (err == OK) fail_msg("answered: %s", denied[i]);
        if (err != ERR_REFUSED && err != ERR_BAD_INPUT) fail_msg("%d for %s: %s", err, denied[i], cx.text);
        if (strstr(cx.text, "root:")) fail_msg("told of the file: %s", denied[i]);
        text_clear(&t);
        cx.text[0] = 0;
    }
    assert_false(test_exists("stolen.csv") || test_exists(FOLDER "/stolen.csv") || test_exists("out") || test_exists("other.db"));
    Text t;
    text_init(&t, &cx);
    expect_failure(&cx, answer(&cx, s, "SELECT 1; SELECT 2", &t), ERR_BAD_INPUT, "");
    expect_failure(&cx, answer(&cx, s, "SELECT * FROM 'nope@1'", &t), ERR_NOT_FOUND, "no dataset 'nope@1'");
    expect_failure(&cx, answer(&cx, s, "SELECT nope FROM 'sales@2'", &t), ERR_BAD_INPUT, "nope");
    expect_failure(&cx, answer(&cx, s, "SELEC 1", &t), ERR_BAD_INPUT, "SELEC");
    expect_failure(&cx, answer(&cx, s, "SELECT * FROM read_csv('/etc/passwd')", &t), ERR_REFUSED, "datasets only");
    text_clear(&t);
    query_sql_close(&cx, s);
    ctx_clear(&cx);
}

static void words_that_change_their_answer_are_found(void **state)
{
    static const struct { const char *sql, *word; } rows[] = {
        { "SELECT random()", "random" }, { "SELECT now() - \"when\" FROM 'sales@2'", "now" }, { "SELECT current_date", "current_date" },
        { "SELECT \"uuid\" /* x */ ()", "uuid" }, { "FROM 'sales@2' USING SAMPLE 10%", "SAMPLE" },
        { "SELECT $$random()$$, 'now()', \"today\" -- random()\n, random FROM t", NULL },
        { "FROM 'sales@2' USING SAMPLE reservoir(1 ROWS) REPEATABLE (4)", NULL }, { "SELECT md5(city) FROM 'sales@2'", NULL },
    };
    (void)state;
    Ctx cx = test_ctx();
    Shelf shelf = { 0 };
    QuerySql *s = open_sql(&cx, &shelf);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const char *word;
        expect_ok(&cx, query_sql_steady(&cx, s, rows[i].sql, &word));
        if (rows[i].word) assert_string_equal(word ? word : "none", rows[i].word);
        else assert_null(word);
    }
    query_sql_close(&cx, s);
    ctx_clear(&cx);
}

static void write_to(Ctx *cx, QuerySql *s, const char *sql, const char *path, uint64_t rows)
{
    QueryAnswer *a;
    uint64_t n;
    expect_ok(cx, query_sql_ask(cx, s, sql, &a));
    expect_ok(cx, query_answer_write(cx, a, &(QueryAnswerOut){ .path = path }, &n));
    assert_int_equal(n, rows);
    query_answer_close(cx, a);
}

static void expect_file(Ctx *cx, const char *path, const char *want)
{
    char *got;
    size_t n;
    expect_ok(cx, save_read(cx, path, 1 << 20, &got, &n));
    assert_string_equal(got, want);
    ctx_put(cx, got);
}

#define ODD "SELECT 1 AS a, 2 AS a, [1, NULL] AS l, {'k': 'v'} AS s, 12.30::DECIMAL(9,2) AS d, 170141183460469231731687303715884105727::HUGEINT AS h, " \
            "'nan'::DOUBLE AS n, true AS b, 'x,\"y' AS t, TIMESTAMP '2020-02-29 12:00:00.25' AS w"

static void answers_are_written_whole(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Shelf shelf = { 0 };
    QuerySql *s = open_sql(&cx, &shelf);
    QueryAnswer *a;
    write_to(&cx, s, ODD, "odd.csv", 1);
    expect_file(&cx, "odd.csv", "a,a_1,l,s,d,h,n,b,t,w\n1,2,\"[1,null]\",\"{\"\"k\"\":\"\"v\"\"}\",12.30,"
                "170141183460469231731687303715884105727,,true,\"x,\"\"y\",2020-02-29T12:00:00.25\n");
    write_to(&cx, s, ODD, "odd.json", 1);
    expect_file(&cx, "odd.json", "[{\"a\":1,\"a_1\":2,\"l\":[1,null],\"s\":{\"k\":\"v\"},\"d\":12.30,"
                "\"h\":170141183460469231731687303715884105727,\"n\":null,\"b\":true,\"t\":\"x,\\\"y\",\"w\":\"2020-02-29T12:00:00.25\"}]\n");
    write_to(&cx, s, "SELECT id, amount, \"when\", paid FROM 'sales@2'", FOLDER "/p.parquet", 3);
    expect_rows(&cx, s, "SELECT typeof(id), typeof(\"when\"), typeof(paid), id FROM 'made@1' ORDER BY id DESC LIMIT 1", "BIGINT|TIMESTAMP|BOOLEAN|3\n");
    put("old.csv", "old");
    expect_ok(&cx, query_sql_ask(&cx, s, "SELECT 1 / (id - 3), CASE WHEN id = 3 THEN CAST(city || 'x' AS INTEGER) END FROM 'sales@2' WHERE coalesce(city, 'q') = 'q' OR error('stop') IS NULL", &a));
    expect_failure(&cx, query_answer_write(&cx, a, &(QueryAnswerOut){ .path = "old.csv" }, NULL), ERR_BAD_INPUT, "stop");
    expect_file(&cx, "old.csv", "old");
    query_answer_close(&cx, a);
    expect_ok(&cx, query_sql_ask(&cx, s, "SELECT 1", &a));
    expect_failure(&cx, query_answer_write(&cx, a, &(QueryAnswerOut){ .path = "none/x.csv" }, NULL), ERR_NOT_FOUND, "none");
    expect_failure(&cx, query_answer_write(&cx, a, &(QueryAnswerOut){ .path = FOLDER }, NULL), ERR_BAD_INPUT, "folder");
    expect_failure(&cx, query_answer_write(&cx, a, &(QueryAnswerOut){ .path = "x.xlsx" }, NULL), ERR_USAGE, "read, not written");
    expect_failure(&cx, query_answer_write(&cx, a, &(QueryAnswerOut){ .fd = 1, .format = QUERY_PARQUET }, NULL), ERR_USAGE, "file only");
    query_answer_close(&cx, a);
    query_sql_close(&cx, s);
    ctx_clear(&cx);
}

static void a_cancelled_query_ends(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Shelf shelf = { 0 };
    QuerySql *s = open_sql(&cx, &shelf);
    QueryAnswer *a;
    bool more;
    volatile sig_atomic_t stop = 0;
    cx.cancel = &stop;
    expect_ok(&cx, query_sql_ask(&cx, s, "SELECT count(*) FROM range(100000000000) a, range(100000) b", &a));
    stop = 1;
    expect_failure(&cx, query_answer_next(&cx, a, &more), ERR_INTERRUPTED, NULL);
    stop = 0;
    query_answer_close(&cx, a);
    expect_rows(&cx, s, "SELECT 1", "1\n");
    query_sql_close(&cx, s);
    ctx_clear(&cx);
}

static Err whole_life(Ctx *cx, void *arg)
{
    Err err = OK;
    Shelf shelf = { 0 };
    QuerySql *s = NULL;
    QueryAnswer *a = NULL;
    (void)arg;
    QuerySqlIn in = { .find = find, .self = &shelf, .folder = FOLDER };
    TRY_DONE(cx, query_sql_open(cx, &in, &s));
    TRY_DONE(cx, query_sql_ask(cx, s, "SELECT name, id FROM 'names@latest' WHERE id < 9", &a));
    TRY_DONE(cx, query_answer_write(cx, a, &(QueryAnswerOut){ .path = "swept.csv" }, NULL));
done:
    query_answer_close(cx, a);
    query_sql_close(cx, s);
    return err;
}

static void every_refused_request_is_told_and_leaves_the_file(void **state)
{
    (void)state;
    put("swept.csv", "before");
    rig_sweep_or_ok(whole_life, NULL, ERR_NOMEM, ERR_IO);
    Ctx cx = test_ctx();
    expect_file(&cx, "swept.csv", "name,id\nAda,1\nBob,3\n");
    ctx_clear(&cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_join_of_two_names_answers),
        cmocka_unit_test(only_names_in_from_are_looked_up),
        cmocka_unit_test(types_are_those_of_the_reader),
        cmocka_unit_test(a_streamed_file_answers_as_a_loaded_one),
        cmocka_unit_test(a_large_streamed_file_keeps_its_order),
        cmocka_unit_test(nothing_but_named_tables_is_reached),
        cmocka_unit_test(words_that_change_their_answer_are_found),
        cmocka_unit_test(answers_are_written_whole),
        cmocka_unit_test(a_cancelled_query_ends),
        cmocka_unit_test(every_refused_request_is_told_and_leaves_the_file),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}

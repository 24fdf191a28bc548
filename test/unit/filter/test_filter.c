/* What is proved: a filter is read as its grammar says, and what is wrong is told with its place and the nearest word; regular
** expressions find what POSIX regexec finds, in linear time; LIKE as SQLite's; searches give what SQLite itself gives when
** asked in one piece, for thousands of random filters over random rows; every fault leaves an error and no memory.
** How: tables in a private SQLite database, asked by the room and by hand-made SQL. */
#include "filter/filter.h"
#include "filter/regex.h"
#include "base/random.h"
#include "test/test.h"

#include <math.h>
#include <regex.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SQL(text) { text, NULL }
static const FilterField fields[] = {
    { .family = "metric", .type = FILTER_NUMBER, .all = SQL("SELECT run, last FROM metric WHERE key = ?1"),
      .range = SQL("SELECT run, last FROM metric WHERE key = ?1 AND last >= ?2 AND last <= ?3") },
    { .family = "param", .type = FILTER_TEXT, .headed = true, .all = SQL("SELECT run, value FROM param WHERE key = ?1"),
      .equal = SQL("SELECT run, value FROM param WHERE key = ?1 AND head = ?2") },
    { .family = "tag", .type = FILTER_TEXT, .absent_differs = true, .all = SQL("SELECT run, value FROM tag WHERE key = ?1") },
    { .family = "attribute", .name = "status", .type = FILTER_TEXT, .all = SQL("SELECT id, status FROM run") },
    { .family = "attribute", .name = "start_time", .type = FILTER_TIME, .all = SQL("SELECT id, start_us FROM run WHERE start_us IS NOT NULL"),
      .range = SQL("SELECT id, start_us FROM run WHERE start_us >= ?1 AND start_us <= ?2") },
    { .family = NULL },
};
static const FilterEntity entity = { "run", fields };
static const Statement domain = SQL("SELECT id FROM run ORDER BY id");

static void check_reads(Ctx *cx, const char *filter)
{
    Err err = filter_check(cx, &entity, filter, NULL);
    if (err) print_error("%s\n  %s\n", filter, cx->text);
    assert_int_equal(err, OK);
}

static void refuse(Ctx *cx, const char *filter, const char *words)
{
    expect_failure(cx, filter_check(cx, &entity, filter, NULL), ERR_BAD_INPUT, words);
}

/* From mlflow.org, "Search Runs": every example there whose fields this entity has. */
static void examples_of_mlflow_are_read(void **state)
{
    (void)state;
    static const char *const good[] = {
        "metrics.rmse < 1 and params.model = 'tree'", "metrics.accuracy > 0.72", "metrics.\"accuracy\" > 0.72", "metrics.loss <= 0.15",
        "params.\"batch size\" = \"2\"", "params.model LIKE \"GPT%\"", "params.model ILIKE \"gPt%\"", "tags.\"environment\" = \"notebook\"",
        "tags.environment = 'notebook'", "tags.\"mlflow.parentRunId\" = 'abc'", "tags.mlflow.parentRunId ILIKE '%abc%'",
        "attributes.status = 'ACTIVE'", "attribute.status != 'FAILED'", "attributes.start_time >= 1664067852747", "status = 'RUNNING'",
        "params.`my param` = 'x'", "run.status = 'FINISHED'", "parameters.alpha = '0.5'", "metrics.a >= 1e-3 AND metrics.a != -2.5",
        "params.x IS NULL", "tags.y IS NOT NULL", "metrics.auc>0.5", "", "   ", "status in ('FINISHED', 'FAILED')",
        "params.a = 'it''s'", "start_time > '2026-11-01' and start_time < '2026-11-02T12:30:00Z'", "tags.a rlike '^x[0-9]+'",
        "not (metrics.a > 1 or not metrics.b = inf)", "params.depth > 5", "params.depth IN (5, 6)", "metrics.a not in (1,2)",
        "params.deep.er/key-2 = 'x'", "tags.a NOT LIKE '%b'", "metrics.a == 1", "metrics.a <> 1", "tags.a ~ 'x'",
    };
    Ctx cx = test_ctx();
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) check_reads(&cx, good[i]);
    ctx_clear(&cx);
}

static void what_is_wrong_is_told_with_its_place(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    refuse(&cx, "metics.auc > 1", "character 1, 'metics.auc': a run has no 'metics'; did you mean 'metrics'");
    refuse(&cx, "metrics.auc > 1 AND statsu = 'x'", "character 21, 'statsu': a run has no attribute 'statsu'; did you mean 'status'");
    refuse(&cx, "metrics.auc > 'a'", "character 15");
    refuse(&cx, "metrics.auc >", "ends too early, at character 14: here stands a number");
    refuse(&cx, "params.a = ", "here stands a text in quotes");
    refuse(&cx, "params.a = b", "character 12, 'b'");
    refuse(&cx, "(metrics.a > 1", "closed by a )");
    refuse(&cx, "metrics.a > 1)", "followed by AND, OR or the end");
    refuse(&cx, "metrics.a > 1 metrics.b > 1", "character 15");
    refuse(&cx, "metrics.a LIKE 'x'", "has no pattern");
    refuse(&cx, "params.a LIKE 5", "a pattern is a text");
    refuse(&cx, "params.a = 'x", "the quote is not closed");
    refuse(&cx, "params.a IN 'x'", "IN ('a', 'b')");
    refuse(&cx, "params.a IN ('x', 2)", "mixes texts and numbers");
    refuse(&cx, "params.a IN ()", "character 14");
    refuse(&cx, "params. = 'x'", "here stands a name");
    refuse(&cx, "params.a IS 5", "NULL or NOT NULL");
    refuse(&cx, "params.a NOT 5", "behind NOT stands");
    refuse(&cx, "params.a", "behind 'a' stands");
    refuse(&cx, "'a' = params.a", "a test begins with a name");
    refuse(&cx, "params.a RLIKE '('", "not closed");
    refuse(&cx, "start_time > 'soon'", "2026-11-01");
    refuse(&cx, "metrics.a > 1.2.3", "no number");
    refuse(&cx, "metrics.a > 1 AND ;", "character 19, ';'");
    refuse(&cx, "params.über = ä", "character 15, 'ä'");
    expect_failure(&cx, filter_check(&cx, &entity, NULL, "metrics.a UP"), ERR_BAD_INPUT, "ASC or DESC");
    char deep[1024] = "";
    for (int i = 0; i < 200; i++) strcat(deep, "(");
    refuse(&cx, deep, "too many parentheses");
    ctx_clear(&cx);
}

/* --- regular expressions --- */

static void regular_expressions_find_what_posix_finds(void **state)
{
    (void)state;
    static const char letters[] = "ab1 .", *const pieces[] = { "a", "b", "1", ".", "a*", "b+", "a?", "(a|b)", "(ab|b*)", "[ab]", "[^a]", "a{2}",
                                                              "b{1,2}", "(a|1){0,2}", "[[:digit:]]", "(a*b)+", "^", "$", "|", "(b{2,}|1)" };
    for (uint64_t k = 0; k < 3000; k++) {
        Ctx cx = test_ctx();
        Random r = random_make(k, "regex", 0, 0);
        char pattern[64] = "";
        regex_t posix;
        Regex *re;
        for (uint64_t i = 0, n = 1 + random_below(&r, 4); i < n; i++) strcat(pattern, pieces[random_below(&r, sizeof pieces / sizeof *pieces)]);
        /* glibc takes "a|" and "|*" its own way: leave empty alternatives to a test of their own. */
        size_t n = strlen(pattern);
        if (pattern[0] == '|' || pattern[n - 1] == '|' || strstr(pattern, "||") || strstr(pattern, "^|") || strstr(pattern, "|$")) continue;
        if (regcomp(&posix, pattern, REG_EXTENDED | REG_NOSUB)) continue;
        expect_ok(&cx, regex_make(&cx, pattern, n, &re));
        for (int t = 0; t < 20; t++) {
            char text[16] = "";
            for (uint64_t i = 0, m = random_below(&r, 9); i < m; i++) text[i] = letters[random_below(&r, 5)];
            bool mine = regex_found(re, text, strlen(text)), theirs = !regexec(&posix, text, 0, NULL, 0);
            if (mine != theirs) print_error("pattern %s text '%s'\n", pattern, text);
            assert_int_equal(mine, theirs);
        }
        regfree(&posix);
        ctx_clear(&cx);
    }
}

static bool found(Ctx *cx, const char *pattern, const char *text)
{
    Regex *re;
    expect_ok(cx, regex_make(cx, pattern, strlen(pattern), &re));
    return regex_found(re, text, strlen(text));
}

static void regular_expressions_know_more_than_posix(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    assert_true(found(&cx, "(?i)LightGBM", "my lightgbm run"));
    assert_true(found(&cx, "\\d{3}-\\d+", "id 123-4"));
    assert_false(found(&cx, "^\\d+$", "12a"));
    assert_true(found(&cx, "\\bcat\\b", "a cat sat"));
    assert_false(found(&cx, "\\bcat\\b", "concat"));
    assert_true(found(&cx, "\\Bcat", "concat"));
    assert_true(found(&cx, "^(?:ab)*?$", "abab"));
    assert_true(found(&cx, "^.$", "ä"));
    assert_true(found(&cx, "[à-ü]", "grün"));
    assert_true(found(&cx, "(?i)ГОД", "новый год"));
    assert_true(found(&cx, "a||b", ""));
    assert_true(found(&cx, "", ""));
    assert_true(found(&cx, "x{0}y", "y"));
    assert_true(found(&cx, "{1", "{1"));
    assert_true(found(&cx, "^[]a]$", "]"));
    assert_true(found(&cx, "^[^\\w\\s]+$", "!?"));
    assert_false(found(&cx, "^\\W+$", "a"));
    static const char *const bad[] = { "(", ")", "a)", "[a", "*a", "\\1", "a{2,1}", "a{1001}", "[b-a]", "\\q", "(?=a)", "[[:nope:]]", "\\" };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Regex *re;
        expect_failure(&cx, regex_make(&cx, bad[i], strlen(bad[i]), &re), ERR_BAD_INPUT, "cannot be read at character");
    }
    Regex *re;
    expect_failure(&cx, regex_make(&cx, "((a{500}){500}){500}", 20, &re), ERR_LIMIT, "too large");
    ctx_clear(&cx);
}

/* (a*)*b against aaaa… takes other engines a time that doubles with every a. */
static void no_expression_takes_more_than_linear_time(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    char *text = malloc(200001);
    memset(text, 'a', 200000);
    text[200000] = 0;
    assert_false(found(&cx, "(a*)*b", text));
    assert_false(found(&cx, "(a|aa)+$x", text));
    assert_false(found(&cx, "(a?){50}a{50}b", text));
    free(text);
    ctx_clear(&cx);
}

/* --- searches --- */

static sqlite3 *by_hand;

static void must(const char *sql)
{
    char *why = NULL;
    if (sqlite3_exec(by_hand, sql, NULL, NULL, &why)) print_error("%s\n  %s\n", sql, why);
    assert_null(why);
}

#define RUNS 60

static void fill(uint64_t seed)
{
    Random r = random_make(seed, "rows", 0, 0);
    char sql[400];
    static const char *const words[] = { "a", "b", "ab", "A", "5", "10", "1e1", "x%y", "" };
    unlink("filter.db");
    assert_int_equal(sqlite3_open("filter.db", &by_hand), SQLITE_OK);
    must("PRAGMA case_sensitive_like = 1; PRAGMA synchronous = OFF;"
         "CREATE TABLE run(id INTEGER PRIMARY KEY, status TEXT, start_us INTEGER);"
         "CREATE TABLE metric(run INTEGER, key TEXT, last REAL); CREATE TABLE param(run INTEGER, key TEXT, value TEXT, head TEXT);"
         "CREATE TABLE tag(run INTEGER, key TEXT, value TEXT); CREATE INDEX m ON metric(key, last); CREATE INDEX p ON param(key, head); BEGIN");
    for (int i = 1; i <= RUNS; i++) {
        snprintf(sql, sizeof sql, "INSERT INTO run VALUES(%d, '%s', %s)", i * 3, random_below(&r, 2) ? "RUNNING" : "FAILED",
                 random_below(&r, 4) ? "1700000000123456 + 1000000 * (abs(random()) % 50)" : "NULL");
        must(sql);
        for (const char *k = "uv"; *k; k++) {
            if (random_below(&r, 3)) {
                uint64_t v = random_below(&r, 8);
                char num[32];
                snprintf(num, sizeof num, v == 7 ? "NULL" : v == 6 ? "9e999" : "%d", (int)v - 2);
                snprintf(sql, sizeof sql, "INSERT INTO metric VALUES(%d, '%c', %s)", i * 3, *k, num);
                must(sql);
            }
            const char *word = words[random_below(&r, 9)];
            snprintf(sql, sizeof sql, "INSERT INTO param VALUES(%d, '%c', '%s', '%s')", i * 3, *k, word, word);
            if (random_below(&r, 3)) must(sql);
            snprintf(sql, sizeof sql, "INSERT INTO tag VALUES(%d, '%c', '%s')", i * 3, *k, words[random_below(&r, 9)]);
            if (random_below(&r, 3)) must(sql);
        }
    }
    must("COMMIT");
}

/* One random test, as the filter says it and as SQL that is true of a row `r` says it. */
static void random_test(Random *r, char *filter, char *sql)
{
    static const char *const ops[] = { "=", "!=", "<", "<=", ">", ">=" }, *const words[] = { "a", "ab", "A", "5", "x%y" },
                      *const likes[] = { "a%", "%b", "_", "%", "A_", "%5%" };
    char key = "uvw"[random_below(r, 3)];
    int v = (int)random_below(r, 6) - 2;
    const char *op = ops[random_below(r, 6)], *word = words[random_below(r, 5)], *like = likes[random_below(r, 6)], *of = random_below(r, 2) ? "param" : "tag";
    bool tag = of[0] == 't', not = random_below(r, 2);
    switch (random_below(r, 8)) {
    case 0:
        sprintf(filter, "metrics.%c %s %d", key, op, v);
        /* NULL stands for NaN, which differs from every number */
        if (!strcmp(op, "!=")) sprintf(sql, "EXISTS(SELECT 1 FROM metric m WHERE m.run = r.id AND m.key = '%c' AND (m.last IS NULL OR m.last != %d))", key, v);
        else sprintf(sql, "EXISTS(SELECT 1 FROM metric m WHERE m.run = r.id AND m.key = '%c' AND m.last %s %d)", key, op, v);
        break;
    case 1:
        op = random_below(r, 2) ? "=" : "!=";
        sprintf(filter, "%ss.%c %s '%s'", of, key, op, word);
        sprintf(sql, "(EXISTS(SELECT 1 FROM %s p WHERE p.run = r.id AND p.key = '%c' AND p.value %s '%s')%s%c%s)", of, key, op, word,
                tag && *op == '!' ? " OR NOT EXISTS(SELECT 1 FROM tag p WHERE p.run = r.id AND p.key = '" : " AND '", tag && *op == '!' ? key : 'x',
                tag && *op == '!' ? "')" : "' = 'x'");
        break;
    case 2:
        sprintf(filter, "%s.%c %sLIKE '%s'", of, key, not ? "NOT " : "", like);
        sprintf(sql, "EXISTS(SELECT 1 FROM %s p WHERE p.run = r.id AND p.key = '%c' AND p.value %sLIKE '%s')", of, key, not ? "NOT " : "", like);
        break;
    case 3:
        sprintf(filter, "%s.%c %sIN ('a', 'ab', '%s')", of, key, not ? "NOT " : "", word);
        sprintf(sql, "EXISTS(SELECT 1 FROM %s p WHERE p.run = r.id AND p.key = '%c' AND p.value %sIN ('a', 'ab', '%s'))", of, key, not ? "NOT " : "", word);
        break;
    case 4:
        sprintf(filter, "%s.%c IS %sNULL", of, key, not ? "NOT " : "");
        sprintf(sql, "%sEXISTS(SELECT 1 FROM %s p WHERE p.run = r.id AND p.key = '%c')", not ? "" : "NOT ", of, key);
        break;
    case 5:
        sprintf(filter, "start_time %s %lld", op, 1700000000123ll + 1000 * v);
        sprintf(sql, "(r.start_us IS NOT NULL AND r.start_us / 1000 %s %lld)", op, 1700000000123ll + 1000 * v);
        break;
    case 6:
        sprintf(filter, "metrics.%c %sIN (0, %d)", key, not ? "NOT " : "", v);
        sprintf(sql, "EXISTS(SELECT 1 FROM metric m WHERE m.run = r.id AND m.key = '%c' AND (%s m.last IS %s NULL AND m.last %sIN (0, %d)%s))", key,
                "", "NOT", not ? "NOT " : "", v, not ? " OR m.last IS NULL" : "");
        break;
    default:
        sprintf(filter, "attributes.status %s 'FAILED'", not ? "!=" : "=");
        sprintf(sql, "r.status %s 'FAILED'", not ? "!=" : "=");
        break;
    }
}

static void random_filter(Random *r, int depth, char *filter, char *sql)
{
    char a[2][4096], b[2][4096];
    uint64_t how = depth ? random_below(r, 5) : 0;
    if (how < 2) {
        random_test(r, filter, sql);
        return;
    }
    random_filter(r, depth - 1, a[0], b[0]);
    if (how == 4) {
        sprintf(filter, "NOT (%s)", a[0]);
        sprintf(sql, "NOT (%s)", b[0]);
        return;
    }
    random_filter(r, depth - 1, a[1], b[1]);
    sprintf(filter, how == 2 ? "(%s) and %s" : "(%s OR (%s))", a[0], a[1]);
    if (how == 2) sprintf(filter, "(%s) and (%s)", a[0], a[1]);
    sprintf(sql, "((%s) %s (%s))", b[0], how == 2 ? "AND" : "OR", b[1]);
}

static void searches_give_what_sqlite_gives(void **state)
{
    (void)state;
    static char filter[32768], sql[65536], query[70000];
    for (uint64_t seed = 0; seed < 8; seed++) {
        Ctx cx = test_ctx();
        Db *db;
        fill(seed);
        expect_ok(&cx, db_open(&cx, "filter.db", &db));
        Random r = random_make(seed, "filters", 0, 0);
        for (int k = 0; k < 250; k++) {
            FilterOut out;
            sqlite3_stmt *st;
            random_filter(&r, 3, filter, sql);
            snprintf(query, sizeof query, "SELECT r.id FROM run r WHERE %s ORDER BY r.id", sql);
            const FilterAsk ask = { .entity = &entity, .filter = filter, .domain = &domain };
            expect_ok(&cx, filter_search(&cx, db, &ask, &out));
            if (sqlite3_prepare_v2(by_hand, query, -1, &st, NULL)) fail_msg("%s: %s", sqlite3_errmsg(by_hand), query);
            size_t i = 0;
            while (sqlite3_step(st) == SQLITE_ROW) {
                if (i >= out.n || out.id[i] != sqlite3_column_int64(st, 0)) fail_msg("row %zu differs for %s\n%s", i, filter, query);
                i++;
            }
            if (i != out.n) fail_msg("%zu rows, not %zu for %s\n%s", out.n, i, filter, query);
            sqlite3_finalize(st);
            ctx_put(&cx, out.id);
        }
        db_close(&cx, db);
        sqlite3_close(by_hand);
        ctx_clear(&cx);
    }
}

static void values_come_first_then_nan_then_what_lacks_it(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Db *db;
    FilterOut out;
    unlink("filter.db");
    assert_int_equal(sqlite3_open("filter.db", &by_hand), SQLITE_OK);
    must("CREATE TABLE run(id INTEGER PRIMARY KEY, status TEXT, start_us INTEGER); CREATE TABLE metric(run INTEGER, key TEXT, last REAL);"
         "INSERT INTO run VALUES(1,'',1),(2,'',1),(3,'',1),(4,'',1),(5,'',1),(6,'',1);"
         "INSERT INTO metric VALUES(2,'m',NULL),(3,'m',1),(4,'m',2),(5,'m',9e999),(6,'m',-1)");
    sqlite3_close(by_hand);
    expect_ok(&cx, db_open(&cx, "filter.db", &db));
    static const struct { const char *order; int64_t id[6]; } cases[] = {
        { "metrics.m", { 6, 3, 4, 5, 2, 1 } }, { "metrics.m DESC", { 5, 4, 3, 6, 2, 1 } }, { "metrics.nope DESC", { 1, 2, 3, 4, 5, 6 } } };
    for (size_t c = 0; c < 3; c++) {
        const FilterAsk ask = { .entity = &entity, .order = &cases[c].order, .orders_n = 1, .domain = &domain };
        expect_ok(&cx, filter_search(&cx, db, &ask, &out));
        assert_int_equal(out.n, 6);
        assert_memory_equal(out.id, cases[c].id, sizeof cases[c].id);
        ctx_put(&cx, out.id);
    }
    const FilterAsk page = { .entity = &entity, .domain = &domain, .offset = 1, .limit = 2 };
    expect_ok(&cx, filter_search(&cx, db, &page, &out));
    assert_true(out.n == 2 && out.id[0] == 2 && out.id[1] == 3 && out.more && out.found == 6);
    ctx_put(&cx, out.id);
    db_close(&cx, db);
    ctx_clear(&cx);
}

static Err search_body(Ctx *cx, void *arg)
{
    Db *db = arg;
    FilterOut out;
    const char *order = "params.u DESC";
    const FilterAsk ask = { .entity = &entity, .filter = "metrics.u > 0 AND (params.u IN ('a', 'b') OR NOT tags.v RLIKE '^a(b|c)*$')",
                            .order = &order, .orders_n = 1, .domain = &domain };
    TRY(cx, filter_search(cx, db, &ask, &out));
    ctx_put(cx, out.id);
    return OK;
}

static void every_refused_piece_of_memory_is_told(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Db *db;
    fill(1);
    sqlite3_close(by_hand);
    expect_ok(&cx, db_open(&cx, "filter.db", &db));
    expect_ok(&cx, search_body(&cx, db));              /* SQLite's statements are prepared once */
    ctx_clear(&cx);
    Rig rig;
    for (long at = 1;; at++) {
        rig_init(&rig, at, 0, true);
        Ctx faulty = rig_ctx(&rig);
        Err err = search_body(&faulty, db);
        bool through = rig.mem_n < at;
        if (!through) assert_true(err == OK || err == ERR_NOMEM);
        ctx_clear(&faulty);
        assert_int_equal(rig.held, 0);
        if (through) break;
        assert_true(at < 10000);
    }
    Ctx end = test_ctx();
    db_close(&end, db);
    ctx_clear(&end);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_of_mlflow_are_read),
        cmocka_unit_test(what_is_wrong_is_told_with_its_place),
        cmocka_unit_test(regular_expressions_find_what_posix_finds),
        cmocka_unit_test(regular_expressions_know_more_than_posix),
        cmocka_unit_test(no_expression_takes_more_than_linear_time),
        cmocka_unit_test(searches_give_what_sqlite_gives),
        cmocka_unit_test(values_come_first_then_nan_then_what_lacks_it),
        cmocka_unit_test(every_refused_piece_of_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What is proved: every kind of database keeps the promises of db/db.h, in one exam: values, NULLs, text compared as
** bytes, all or nothing, one moment for readers, one writer at a time, each error by its code, questions inside
** questions, long answers.  How: SQLite in the test's folder, and PostgreSQL's own server.  ctest: postgres */
#include "test/postgres.h"

#include <math.h>

static const Statement make = { "CREATE TABLE t(a INTEGER PRIMARY KEY, b REAL, c TEXT, d BLOB) STRICT", NULL };
static const Statement add = { "INSERT INTO t(a, b, c, d) VALUES(?1, ?2, ?3, ?4)", NULL };
static const Statement all = { "SELECT a, b, c, d FROM t ORDER BY a", NULL };
static const Statement count = { "SELECT count(*) FROM t", NULL };

typedef struct Place { bool server; char path[DB_ADDRESS_MAX]; } Place;
static Place place;                /* of the kind that sits the exam now */

static DbWriter *fresh(Ctx *cx, const char *name)
{
    DbWriter *w = NULL;
    if (place.server) test_postgres_fresh(cx, name, place.path);
    else {
        char more[DB_ADDRESS_MAX + 8];
        static const char *const ends[] = { "", "-wal", "-shm" };
        snprintf(place.path, sizeof place.path, "%s.db", name);
        for (int i = 0; i < 3; i++) {
            snprintf(more, sizeof more, "%s%s", place.path, ends[i]);
            (void)unlink(more);
        }
    }
    expect_ok(cx, db_open_write(cx, place.path, &w));
    expect_ok(cx, db_run(cx, w, &make, DB_NO_ARGS, NULL));
    return w;
}

static int64_t counted(Ctx *cx, Db *db)
{
    int64_t n = -1;
    expect_ok(cx, db_ask_int(cx, db, &count, DB_NO_ARGS, -1, &n));
    return n;
}

static Err insert(Ctx *cx, DbWriter *w, int64_t a)
{
    return db_run(cx, w, &add, DB_ARGS(db_int(a), db_null(), db_null(), db_null()), NULL);
}

static void values_come_back_as_they_went_in(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    DbWriter *w = fresh(&cx, "values");
    DbRows *rows, *second;
    bool more;
    size_t n;
    int64_t changed = -1;
    expect_ok(&cx, db_run(&cx, w, &add, DB_ARGS(db_int(INT64_MIN), db_num(0.1), db_text("caf\xc3\xa9 'n\" ?1"), db_blob("\0x", 2)), &changed));
    assert_int_equal(changed, 1);
    expect_ok(&cx, db_run(&cx, w, &add, DB_ARGS(db_int(2), db_num(NAN), db_text(NULL), db_blob("", 0)), NULL));
    expect_ok(&cx, db_run(&cx, w, &add, DB_ARGS(db_int(INT64_MAX), db_num(-0.0), db_text(""), db_null()), NULL));
    expect_ok(&cx, db_ask(&cx, db_reader(w), &all, DB_NO_ARGS, &rows));
    expect_ok(&cx, db_next(&cx, rows, &more));
    assert_true(more && db_columns(rows) == 4);
    assert_true(db_get_int(rows, 0) == INT64_MIN && db_get_num(rows, 1) == 0.1);
    assert_string_equal(db_get_text(rows, 2), "caf\xc3\xa9 'n\" ?1");
    assert_string_equal(db_get_text(rows, 0), "-9223372036854775808");
    assert_memory_equal(db_get_blob(rows, 3, &n), "\0x", 2);
    assert_int_equal(n, 2);
    assert_true(db_type(rows, 0) == DB_INT && db_type(rows, 1) == DB_NUM && db_type(rows, 2) == DB_TEXT && db_type(rows, 3) == DB_BLOB);
    /* The same question inside itself. */
    expect_ok(&cx, db_ask(&cx, db_reader(w), &all, DB_NO_ARGS, &second));
    expect_ok(&cx, db_next(&cx, second, &more));
    assert_true(more && db_get_int(second, 0) == INT64_MIN);
    db_rows_close(second);
    expect_ok(&cx, db_next(&cx, rows, &more));
    assert_true(more && db_type(rows, 1) == DB_NULL && isnan(db_get_num(rows, 1)) && !db_get_text(rows, 2) && db_get_int(rows, 1) == 0);
    assert_string_equal(db_copy_text(&cx, rows, 2), "");
    assert_true(db_type(rows, 3) == DB_BLOB);
    assert_null(db_get_blob(rows, 3, &n));
    assert_int_equal(n, 0);
    expect_ok(&cx, db_next(&cx, rows, &more));
    assert_true(more && db_get_int(rows, 0) == INT64_MAX && !signbit(db_get_num(rows, 1)) && db_type(rows, 3) == DB_NULL);
    assert_string_equal(db_get_text(rows, 2), "");
    expect_ok(&cx, db_next(&cx, rows, &more));
    assert_false(more);
    db_rows_close(rows);
    db_rows_close(NULL);
    static const Statement none = { "SELECT a FROM t WHERE a = 99", NULL };
    expect_ok(&cx, db_ask_int(&cx, db_reader(w), &none, DB_NO_ARGS, -7, &changed));
    assert_int_equal(changed, -7);
    db_close_write(&cx, w);
    ctx_clear(&cx);
}

static void sums_and_truths_are_numbers(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    DbWriter *w = fresh(&cx, "sums");
    DbRows *rows;
    bool more;
    static const Statement ask = {
        "SELECT sum(a), avg(a), sum(b), sum(a) > 5, count(*), max(a), coalesce(sum(a), 0) + 1 FROM t WHERE a < ?1", NULL };
    for (int64_t i = 1; i <= 4; i++)
        expect_ok(&cx, db_run(&cx, w, &add, DB_ARGS(db_int(i * 1000000007), db_num(0.5), db_null(), db_null()), NULL));
    expect_ok(&cx, db_ask(&cx, db_reader(w), &ask, DB_ARGS(db_int(INT64_MAX)), &rows));
    expect_ok(&cx, db_next(&cx, rows, &more));
    assert_true(more && db_type(rows, 0) == DB_INT && db_get_int(rows, 0) == INT64_C(10000000070));
    assert_true(db_type(rows, 1) == DB_NUM && db_get_num(rows, 1) == 2500000017.5);
    assert_true(db_get_num(rows, 2) == 2.0 && db_type(rows, 3) == DB_INT && db_get_int(rows, 3) == 1);
    assert_true(db_get_int(rows, 4) == 4 && db_get_int(rows, 5) == INT64_C(4000000028) && db_get_int(rows, 6) == INT64_C(10000000071));
    db_rows_close(rows);
    db_close_write(&cx, w);
}

/* A value that is NULL has no type of its own: the question is the same with and without one. */
static void a_filter_that_may_be_absent_is_one_statement(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    DbWriter *w = fresh(&cx, "filter");
    static const Statement ask = { "SELECT count(*) FROM t WHERE (?1 IS NULL OR c = ?1) AND (?2 IS NULL OR a > ?2)", NULL };
    static const struct { const char *c; int64_t a; int64_t n; } rows[] = { { NULL, 0, 6 }, { "x", 0, 3 }, { NULL, 4, 2 }, { "x", 4, 1 }, { "none", 1, 0 } };
    for (int64_t i = 1; i <= 6; i++)
        expect_ok(&cx, db_run(&cx, w, &add, DB_ARGS(db_int(i), db_null(), db_text(i & 1 ? "x" : "y"), db_null()), NULL));
    for (int again = 0; again < 3; again++) {
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            int64_t n = -1;
            DbValue a = rows[i].a ? db_int(rows[i].a) : db_null();
            expect_ok(&cx, db_ask_int(&cx, db_reader(w), &ask, DB_ARGS(db_text(rows[i].c), a), -1, &n));
            assert_int_equal(n, rows[i].n);
        }
    }
    db_close_write(&cx, w);
}

static void text_compares_as_bytes(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    DbWriter *w = fresh(&cx, "bytes");
    static const char *const want[] = { "", "A", "Z", "_", "a", "ab", "b", "z", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x8c\x8a" };
    static const int order[] = { 9, 3, 0, 7, 10, 1, 5, 2, 8, 4, 6 };
    static const Statement ask = { "SELECT c FROM t ORDER BY c", NULL };
    static const Statement between = { "SELECT count(*) FROM t WHERE c >= ?1 AND c < ?2", NULL };
    DbRows *rows;
    bool more;
    int64_t n;
    for (int i = 0; i < 11; i++)
        expect_ok(&cx, db_run(&cx, w, &add, DB_ARGS(db_int(i), db_null(), db_text(want[order[i]]), db_null()), NULL));
    expect_ok(&cx, db_ask(&cx, db_reader(w), &ask, DB_NO_ARGS, &rows));
    for (int i = 0; i < 11; i++) {
        expect_ok(&cx, db_next(&cx, rows, &more));
        assert_true(more);
        assert_string_equal(db_get_text(rows, 0), want[i]);
    }
    db_rows_close(rows);
    expect_ok(&cx, db_ask_int(&cx, db_reader(w), &between, DB_ARGS(db_text("Z"), db_text("b")), -1, &n));
    assert_int_equal(n, 4);
    db_close_write(&cx, w);
}

static void a_transaction_is_all_or_nothing_and_readers_see_one_moment(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    DbWriter *w = fresh(&cx, "moment");
    Db *r = NULL;
    expect_ok(&cx, db_open(&cx, place.path, &r));
    expect_ok(&cx, db_begin(&cx, w));
    assert_true(db_in_transaction(w));
    expect_ok(&cx, insert(&cx, w, 1));
    assert_int_equal(counted(&cx, db_reader(w)), 1);           /* it sees its own */
    assert_int_equal(counted(&cx, r), 0);
    db_undo(w);
    db_undo(w);
    assert_false(db_in_transaction(w));
    assert_int_equal(counted(&cx, db_reader(w)), 0);
    expect_ok(&cx, db_begin_read(&cx, r));
    expect_ok(&cx, db_begin(&cx, w));
    expect_ok(&cx, insert(&cx, w, 1));
    expect_ok(&cx, db_commit(&cx, w));
    assert_int_equal(counted(&cx, r), 0);                      /* still that moment */
    db_end_read(r);
    assert_int_equal(counted(&cx, r), 1);
    expect_ok(&cx, db_begin(&cx, w));
    expect_ok(&cx, insert(&cx, w, 2));
    db_close_write(&cx, w);                                    /* undone */
    assert_int_equal(counted(&cx, r), 1);
    db_close(&cx, r);
    db_close(&cx, NULL);
    db_close_write(&cx, NULL);
}

/* Making and dropping tables is undone with the rest, and statements over them work after it. */
static void tables_are_made_and_dropped_inside_a_transaction(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    DbWriter *w = fresh(&cx, "tables");
    static const Statement drop = { "DROP TABLE IF EXISTS t", NULL };
    static const Statement wider = { "CREATE TABLE t(a INTEGER PRIMARY KEY, more TEXT, b REAL, c TEXT, d BLOB) STRICT", NULL };
    DbRows *rows;
    expect_ok(&cx, insert(&cx, w, 1));
    for (int keep = 0; keep < 2; keep++) {
        expect_ok(&cx, db_begin(&cx, w));
        assert_int_equal(counted(&cx, db_reader(w)), 1);
        expect_ok(&cx, db_run(&cx, w, &drop, DB_NO_ARGS, NULL));
        expect_ok(&cx, db_run(&cx, w, &wider, DB_NO_ARGS, NULL));
        expect_ok(&cx, insert(&cx, w, 1));
        expect_ok(&cx, insert(&cx, w, 2));
        assert_int_equal(counted(&cx, db_reader(w)), 2);
        if (keep) expect_ok(&cx, db_commit(&cx, w));
        else db_undo(w);
        assert_int_equal(counted(&cx, db_reader(w)), keep ? 2 : 1);
        expect_ok(&cx, db_ask(&cx, db_reader(w), &all, DB_NO_ARGS, &rows));
        db_rows_close(rows);
    }
    db_close_write(&cx, w);
}

static void each_failure_has_its_code_and_words(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    DbWriter *w = fresh(&cx, "fail");
    Db *r = NULL;
    DbRows *rows = NULL;
    expect_ok(&cx, insert(&cx, w, 1));
    expect_failure(&cx, insert(&cx, w, 1), ERR_REFUSED, place.server ? "unique" : "UNIQUE");
    static const Statement nonsense = { "SELECT a FROM nowhere", NULL }, two = { "SELECT 1; SELECT 2", NULL };
    expect_failure(&cx, db_ask(&cx, db_reader(w), &nonsense, DB_NO_ARGS, &rows), ERR_BUG, "nowhere");
    expect_failure(&cx, db_ask(&cx, db_reader(w), &two, DB_NO_ARGS, &rows), ERR_BUG, NULL);
    expect_failure(&cx, db_ask(&cx, db_reader(w), &count, DB_ARGS(db_int(1)), &rows), ERR_BUG, "1 values for 0 places");
    assert_null(rows);
    expect_failure(&cx, db_commit(&cx, w), ERR_BUG, "without a transaction");
    expect_ok(&cx, db_begin(&cx, w));
    expect_failure(&cx, db_begin(&cx, w), ERR_BUG, "inside a transaction");
    db_undo(w);
    expect_ok(&cx, db_open(&cx, place.path, &r));
    expect_failure(&cx, insert(&cx, (DbWriter *)r, 3), ERR_DENIED, NULL);          /* by a cast, as nobody should */
    assert_int_equal(counted(&cx, r), 1);                      /* and it still answers */
    expect_ok(&cx, db_check(&cx, r));
    db_close(&cx, r);
    char none[DB_ADDRESS_MAX];
    snprintf(none, sizeof none, "%s_none", place.path);
    expect_failure(&cx, db_open(&cx, none, &r), ERR_NOT_FOUND, "no database");
    assert_null(r);
    db_close_write(&cx, w);
}

/* A refusal inside a transaction is told at the latest by commit, and nothing of the transaction stays. */
static void a_refused_statement_undoes_its_transaction(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    DbWriter *w = fresh(&cx, "refused");
    expect_ok(&cx, insert(&cx, w, 1));
    for (int asked = 0; asked < 2; asked++) {
        int64_t changed;
        expect_ok(&cx, db_begin(&cx, w));
        expect_ok(&cx, insert(&cx, w, 2));
        Err err = db_run(&cx, w, &add, DB_ARGS(db_int(1), db_null(), db_null(), db_null()), asked ? &changed : NULL);
        if (!err) err = insert(&cx, w, 3);
        if (!err) err = db_commit(&cx, w);
        assert_int_equal(err, ERR_REFUSED);
        assert_true(cx.text[0]);
        db_undo(w);
        assert_false(db_in_transaction(w));
        assert_int_equal(counted(&cx, db_reader(w)), 1);
    }
    db_close_write(&cx, w);
}

/* An answer longer than anything kept in memory, other questions and writes in between, and left half read. */
static void long_answers_are_read_while_others_are_asked(void **state)
{
    (void)state;
    enum { N = 20000 };
    Ctx cx = test_ctx();
    DbWriter *w = fresh(&cx, "long");
    static const Statement one = { "SELECT a FROM t WHERE a = ?1", NULL }, move = { "UPDATE t SET b = ?2 WHERE a = ?1", NULL };
    static const Statement moved = { "SELECT count(*) FROM t WHERE b = 7", NULL };
    DbRows *rows;
    bool more;
    int64_t got, changed;
    expect_ok(&cx, db_begin(&cx, w));
    for (int64_t i = 0; i < N; i++) expect_ok(&cx, insert(&cx, w, i));
    expect_ok(&cx, db_commit(&cx, w));
    expect_ok(&cx, db_begin(&cx, w));
    expect_ok(&cx, db_ask(&cx, db_reader(w), &all, DB_NO_ARGS, &rows));
    for (int64_t i = 0; i < N; i++) {
        expect_ok(&cx, db_next(&cx, rows, &more));
        assert_true(more && db_get_int(rows, 0) == i);
        if (i < 3000) expect_ok(&cx, db_run(&cx, w, &move, DB_ARGS(db_int(i), db_num(7)), NULL));
        if (i % 1000 == 5) {
            expect_ok(&cx, db_ask_int(&cx, db_reader(w), &one, DB_ARGS(db_int(N - 1 - i)), -1, &got));
            assert_int_equal(got, N - 1 - i);
            expect_ok(&cx, db_run(&cx, w, &move, DB_ARGS(db_int(i), db_num(7)), &changed));
            assert_int_equal(changed, 1);
        }
    }
    expect_ok(&cx, db_next(&cx, rows, &more));
    assert_false(more);
    db_rows_close(rows);
    expect_ok(&cx, db_ask(&cx, db_reader(w), &all, DB_NO_ARGS, &rows));
    expect_ok(&cx, db_next(&cx, rows, &more));
    db_rows_close(rows);                                       /* the rest is not wanted */
    expect_ok(&cx, db_ask_int(&cx, db_reader(w), &moved, DB_NO_ARGS, -1, &got));
    assert_int_equal(got, 3000 + 17);
    expect_ok(&cx, db_commit(&cx, w));
    db_close_write(&cx, w);
}

static void many_different_statements_are_fine(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    DbWriter *w = fresh(&cx, "many");
    for (int i = 0; i < 900; i++) {
        char text[64];
        const Statement st = { text, NULL };
        int64_t got = -1;
        snprintf(text, sizeof text, "SELECT %d + ?1", i);
        expect_ok(&cx, db_ask_int(&cx, db_reader(w), &st, DB_ARGS(db_int(1)), -1, &got));
        assert_int_equal(got, i + 1);
    }
    db_close_write(&cx, w);
}

/* --- one writer at a time --- */

static Err add_to_one(Ctx *cx, void *self, size_t i)
{
    static const Statement read = { "SELECT a FROM t", NULL }, move = { "UPDATE t SET a = ?1", NULL };
    DbWriter *w = NULL;
    Err err = OK;
    (void)self, (void)i;
    TRY(cx, db_open_write(cx, place.path, &w));
    for (int k = 0; k < 25 && !err; k++) {
        int64_t a = 0;
        TRY_DONE(cx, db_begin(cx, w));
        TRY_DONE(cx, db_ask_int(cx, db_reader(w), &read, DB_NO_ARGS, 0, &a));
        TRY_DONE(cx, db_run(cx, w, &move, DB_ARGS(db_int(a + 1)), NULL));
        TRY_DONE(cx, db_commit(cx, w));
    }
done:
    db_close_write(cx, w);
    return err;
}

static void writers_come_one_after_the_other(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    DbWriter *w = fresh(&cx, "turns");
    static const Statement read = { "SELECT a FROM t", NULL };
    int64_t a = 0;
    expect_ok(&cx, insert(&cx, w, 0));
    expect_ok(&cx, os_parts(&cx, 4, 4, add_to_one, NULL));
    expect_ok(&cx, db_ask_int(&cx, db_reader(w), &read, DB_NO_ARGS, 0, &a));
    assert_int_equal(a, 100);
    db_close_write(&cx, w);
}

/* --- memory --- */

static Err memory_body(Ctx *cx, void *arg)
{
    DbWriter *w = NULL;
    DbRows *rows = NULL, *second = NULL;
    bool more;
    Err err = OK;
    (void)arg;
    TRY_DONE(cx, db_open_write(cx, place.path, &w));
    TRY_DONE(cx, db_begin(cx, w));
    TRY_DONE(cx, insert(cx, w, 5));
    TRY_DONE(cx, insert(cx, w, 6));
    TRY_DONE(cx, db_ask(cx, db_reader(w), &all, DB_NO_ARGS, &rows));
    TRY_DONE(cx, db_next(cx, rows, &more));
    assert_true(more);
    if (!db_copy_text(cx, rows, 2)) err = FAIL(cx, ERR_NOMEM, "copying");
    if (err) goto done;
    TRY_DONE(cx, db_ask(cx, db_reader(w), &count, DB_NO_ARGS, &second));
    TRY_DONE(cx, db_next(cx, rows, &more));
    assert_true(more);
done:
    db_rows_close(rows);
    db_rows_close(second);
    db_close_write(cx, w);
    return err;
}

static void refused_memory_is_told_and_nothing_leaks(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    db_close_write(&cx, fresh(&cx, "memory"));
    rig_sweep(memory_body, NULL, ERR_NOMEM, ERR_IO);
}

#define EXAM                                                                             \
    cmocka_unit_test(values_come_back_as_they_went_in),                                  \
    cmocka_unit_test(sums_and_truths_are_numbers),                                       \
    cmocka_unit_test(a_filter_that_may_be_absent_is_one_statement),                      \
    cmocka_unit_test(text_compares_as_bytes),                                            \
    cmocka_unit_test(a_transaction_is_all_or_nothing_and_readers_see_one_moment),        \
    cmocka_unit_test(tables_are_made_and_dropped_inside_a_transaction),                  \
    cmocka_unit_test(each_failure_has_its_code_and_words),                               \
    cmocka_unit_test(a_refused_statement_undoes_its_transaction),                        \
    cmocka_unit_test(long_answers_are_read_while_others_are_asked),                      \
    cmocka_unit_test(many_different_statements_are_fine),                                \
    cmocka_unit_test(writers_come_one_after_the_other),                                  \
    cmocka_unit_test(refused_memory_is_told_and_nothing_leaks)

int main(void)
{
    const struct CMUnitTest exam[] = { EXAM };
    int bad = cmocka_run_group_tests_name("sqlite", exam, NULL, NULL);
    place.server = true;
    if (test_has_postgres()) bad += cmocka_run_group_tests_name("postgres", exam, NULL, NULL);
    return bad;
}

/* What is proved: values come back as they went in; every error named in db/db.h; commit is all or nothing, also when
** the k-th write or sync of SQLite itself fails; readers see one moment.  How: a real database in the test's own
** folder, a second handle, and a VFS of SQLite that fails on demand in between. */
#include "db/db.h"
#include "test/test.h"

#include <limits.h>
#include <math.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const Statement make = { "CREATE TABLE t(a INTEGER PRIMARY KEY, b REAL, c TEXT, d BLOB) STRICT", NULL };
static const Statement add = { "INSERT INTO t VALUES(?1, ?2, ?3, ?4)", NULL };
static const Statement all = { "SELECT a, b, c, d FROM t ORDER BY a", NULL };
static const Statement count = { "SELECT count(*) FROM t", NULL };

static DbWriter *fresh(Ctx *cx, const char *path)
{
    char more[200];
    DbWriter *w = NULL;
    (void)unlink(path);
    snprintf(more, sizeof more, "%s-wal", path);
    (void)unlink(more);
    expect_ok(cx, db_open_write(cx, path, &w));
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
    DbWriter *w = fresh(&cx, "values.db");
    DbRows *rows, *second;
    bool more;
    size_t n;
    int64_t changed = -1;
    expect_ok(&cx, db_run(&cx, w, &add, DB_ARGS(db_int(INT64_MIN), db_num(0.1), db_text("caf\xc3\xa9"), db_blob("\0x", 2)), &changed));
    assert_int_equal(changed, 1);
    expect_ok(&cx, db_run(&cx, w, &add, DB_ARGS(db_int(2), db_num(NAN), db_text(NULL), db_blob("", 0)), NULL));
    expect_ok(&cx, db_ask(&cx, db_reader(w), &all, DB_NO_ARGS, &rows));
    expect_ok(&cx, db_next(&cx, rows, &more));
    assert_true(more && db_columns(rows) == 4);
    assert_true(db_get_int(rows, 0) == INT64_MIN && db_get_num(rows, 1) == 0.1);
    assert_string_equal(db_get_text(rows, 2), "caf\xc3\xa9");
    assert_memory_equal(db_get_blob(rows, 3, &n), "\0x", 2);
    assert_int_equal(n, 2);
    assert_true(db_type(rows, 0) == DB_INT && db_type(rows, 1) == DB_NUM && db_type(rows, 2) == DB_TEXT && db_type(rows, 3) == DB_BLOB);
    /* The same question inside itself. */
    expect_ok(&cx, db_ask(&cx, db_reader(w), &all, DB_NO_ARGS, &second));
    expect_ok(&cx, db_next(&cx, second, &more));
    assert_true(more && db_get_int(second, 0) == INT64_MIN);
    db_rows_close(second);
    expect_ok(&cx, db_next(&cx, rows, &more));
    assert_true(more && db_type(rows, 1) == DB_NULL && isnan(db_get_num(rows, 1)) && !db_get_text(rows, 2));
    assert_string_equal(db_copy_text(&cx, rows, 2), "");
    assert_null(db_get_blob(rows, 3, &n));
    assert_int_equal(n, 0);
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

static void a_transaction_is_all_or_nothing_and_readers_see_one_moment(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    DbWriter *w = fresh(&cx, "moment.db");
    Db *r = NULL;
    expect_ok(&cx, db_open(&cx, "moment.db", &r));
    expect_ok(&cx, db_begin(&cx, w));
    assert_true(db_in_transaction(w));
    expect_ok(&cx, insert(&cx, w, 1));
    assert_int_equal(counted(&cx, db_reader(w)), 1);           /* it sees its own */
    assert_int_equal(counted(&cx, r), 0);
    db_undo(w);
    db_undo(w);
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

static void each_failure_has_its_code_and_words(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    DbWriter *w = fresh(&cx, "fail.db");
    Db *r = NULL;
    DbRows *rows = NULL;
    expect_ok(&cx, insert(&cx, w, 1));
    expect_failure(&cx, insert(&cx, w, 1), ERR_REFUSED, "UNIQUE");
    static const Statement nonsense = { "SELECT a FROM nowhere", NULL }, two = { "SELECT 1; SELECT 2", NULL };
    expect_failure(&cx, db_ask(&cx, db_reader(w), &nonsense, DB_NO_ARGS, &rows), ERR_BUG, "nowhere");
    expect_failure(&cx, db_ask(&cx, db_reader(w), &two, DB_NO_ARGS, &rows), ERR_BUG, "one statement");
    expect_failure(&cx, db_ask(&cx, db_reader(w), &count, DB_ARGS(db_int(1)), &rows), ERR_BUG, "1 values for 0 places");
    assert_null(rows);
    expect_failure(&cx, db_commit(&cx, w), ERR_BUG, "without a transaction");
    expect_ok(&cx, db_begin(&cx, w));
    expect_failure(&cx, db_begin(&cx, w), ERR_BUG, "inside a transaction");
    db_undo(w);
    expect_failure(&cx, db_open(&cx, "none.db", &r), ERR_NOT_FOUND, "'none.db'");
    expect_failure(&cx, db_open_write(&cx, "no/such/none.db", &(DbWriter *){ NULL }), ERR_NOT_FOUND, NULL);
    assert_false(test_exists("none.db"));
    test_write("text.db", "this is no database, but long enough to be looked at as one, page by page …………………………………………………", 120);
    expect_failure(&cx, db_open(&cx, "text.db", &r), ERR_CORRUPT, "damaged");
    expect_ok(&cx, db_open(&cx, "fail.db", &r));
    expect_failure(&cx, insert(&cx, (DbWriter *)r, 3), ERR_DENIED, NULL);          /* by a cast, as nobody should */
    expect_ok(&cx, db_check(&cx, r));
    db_close(&cx, r);
    static const Statement large = { "SELECT length(zeroblob(?1))", NULL };
    int64_t n;
    expect_failure(&cx, db_ask_int(&cx, db_reader(w), &large, DB_ARGS(db_int(INT64_C(1) << 40)), 0, &n), ERR_LIMIT, NULL);
    db_close_write(&cx, w);
}

static void damage_on_disk_is_named(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    DbWriter *w = fresh(&cx, "damage.db");
    expect_ok(&cx, db_begin(&cx, w));
    for (int i = 0; i < 2000; i++) expect_ok(&cx, insert(&cx, w, i));
    expect_ok(&cx, db_commit(&cx, w));
    db_close_write(&cx, w);
    char junk[4096];
    memset(junk, 0x5a, sizeof junk);
    FILE *f = fopen("damage.db", "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, 4096, SEEK_SET), 0);
    assert_int_equal(fwrite(junk, sizeof junk, 1, f), 1);
    fclose(f);
    Db *r = NULL;
    expect_ok(&cx, db_open(&cx, "damage.db", &r));
    expect_failure(&cx, db_check(&cx, r), ERR_CORRUPT, "restore it from a copy");
    db_close(&cx, r);
}

/* --- SQLite's own disk, failing --- */

typedef struct Shim { sqlite3_vfs vfs, *real; long at, n; bool once, partial; } Shim;
typedef struct ShimFile { sqlite3_file base; sqlite3_file *real; } ShimFile;
static Shim shim;
static sqlite3_io_methods shim_methods;

static bool no(void)
{
    shim.n++;
    return shim.at && (shim.once ? shim.n == shim.at : shim.n >= shim.at);
}

#define REAL(f) (((ShimFile *)(f))->real)
static int s_close(sqlite3_file *f) { return REAL(f)->pMethods ? REAL(f)->pMethods->xClose(REAL(f)) : SQLITE_OK; }
static int s_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at) { return REAL(f)->pMethods->xRead(REAL(f), p, n, at); }
static int s_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
    if (!no()) return REAL(f)->pMethods->xWrite(REAL(f), p, n, at);
    if (shim.partial) (void)REAL(f)->pMethods->xWrite(REAL(f), p, n / 2, at);
    return SQLITE_FULL;
}
static int s_truncate(sqlite3_file *f, sqlite3_int64 n) { return no() ? SQLITE_IOERR_TRUNCATE : REAL(f)->pMethods->xTruncate(REAL(f), n); }
static int s_sync(sqlite3_file *f, int how) { return no() ? SQLITE_IOERR_FSYNC : REAL(f)->pMethods->xSync(REAL(f), how); }
static int s_size(sqlite3_file *f, sqlite3_int64 *n) { return REAL(f)->pMethods->xFileSize(REAL(f), n); }
static int s_lock(sqlite3_file *f, int l) { return REAL(f)->pMethods->xLock(REAL(f), l); }
static int s_unlock(sqlite3_file *f, int l) { return REAL(f)->pMethods->xUnlock(REAL(f), l); }
static int s_reserved(sqlite3_file *f, int *out) { return REAL(f)->pMethods->xCheckReservedLock(REAL(f), out); }
static int s_control(sqlite3_file *f, int op, void *arg) { return REAL(f)->pMethods->xFileControl(REAL(f), op, arg); }
static int s_sector(sqlite3_file *f) { return REAL(f)->pMethods->xSectorSize(REAL(f)); }
static int s_traits(sqlite3_file *f) { return REAL(f)->pMethods->xDeviceCharacteristics(REAL(f)); }
static int s_shm_map(sqlite3_file *f, int i, int n, int x, void volatile **p) { return REAL(f)->pMethods->xShmMap(REAL(f), i, n, x, p); }
static int s_shm_lock(sqlite3_file *f, int o, int n, int l) { return REAL(f)->pMethods->xShmLock(REAL(f), o, n, l); }
static void s_shm_barrier(sqlite3_file *f) { REAL(f)->pMethods->xShmBarrier(REAL(f)); }
static int s_shm_unmap(sqlite3_file *f, int d) { return REAL(f)->pMethods->xShmUnmap(REAL(f), d); }

static int s_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
    ShimFile *s = (ShimFile *)f;
    (void)v;
    s->base.pMethods = NULL;
    if (no()) return SQLITE_CANTOPEN;
    s->real = (sqlite3_file *)(s + 1);
    int rc = shim.real->xOpen(shim.real, name, s->real, flags, out);
    if (!rc) s->base.pMethods = &shim_methods;
    return rc;
}

static void shim_start(void)
{
    shim_methods = (sqlite3_io_methods){
        2, s_close, s_read, s_write, s_truncate, s_sync, s_size, s_lock, s_unlock, s_reserved, s_control, s_sector, s_traits,
        s_shm_map, s_shm_lock, s_shm_barrier, s_shm_unmap, NULL, NULL };
    shim.real = sqlite3_vfs_find(NULL);
    shim.vfs = *shim.real;
    shim.vfs.zName = "shim";
    shim.vfs.pNext = NULL;
    shim.vfs.szOsFile = (int)sizeof(ShimFile) + shim.real->szOsFile;
    shim.vfs.xOpen = s_open;
    assert_int_equal(sqlite3_vfs_register(&shim.vfs, 1), SQLITE_OK);
}

static Err write_ten(Ctx *cx, const char *path, bool *acknowledged)
{
    DbWriter *w = NULL;
    Err err = OK;
    *acknowledged = false;
    TRY(cx, db_open_write(cx, path, &w));
    TRY_DONE(cx, db_begin(cx, w));
    for (int i = 100; i < 110; i++) TRY_DONE(cx, insert(cx, w, i));
    TRY_DONE(cx, db_commit(cx, w));
    *acknowledged = true;
done:
    db_close_write(cx, w);
    return err;
}

/* Ten rows in one transaction with SQLite's k-th write, sync, truncation or opening failing: acknowledged and there,
** or refused in words.  After a refused sync the rows may have reached the disk: all of them, or none. */
static void a_failing_disk_below_sqlite_leaves_all_ten_rows_or_none(void **state)
{
    (void)state;
    shim_start();
    for (int way = 0; way < 4; way++) {
        for (long k = 1;; k++) {
            Ctx cx = test_ctx();
            bool acknowledged = false;
            shim.at = 0;
            DbWriter *w = fresh(&cx, "shim.db");
            expect_ok(&cx, insert(&cx, w, 1));
            db_close_write(&cx, w);
            shim.at = k;
            shim.n = 0;
            shim.once = way & 1;
            shim.partial = way & 2;
            Err err = write_ten(&cx, "shim.db", &acknowledged);
            bool met = shim.n >= k;
            shim.at = 0;
            if (err) {
                assert_true(cx.text[0]);
                assert_true(err == ERR_IO || err == ERR_NOT_FOUND || err == ERR_DENIED);
            }
            assert_int_equal(acknowledged, !err);
            Db *r = NULL;
            Ctx sound = test_ctx();
            expect_ok(&sound, db_open(&sound, "shim.db", &r));
            int64_t n = counted(&sound, r);
            assert_true(n == 11 || (n == 1 && !acknowledged));
            expect_ok(&sound, db_check(&sound, r));
            db_close(&sound, r);
            if (!met) {
                assert_int_equal(err, OK);
                break;
            }
        }
    }
    assert_int_equal(sqlite3_vfs_unregister(&shim.vfs), SQLITE_OK);
}

static Err memory_body(Ctx *cx, void *arg)
{
    DbWriter *w = NULL;
    DbRows *rows = NULL;
    bool more;
    Err err = OK;
    (void)arg;
    TRY_DONE(cx, db_open_write(cx, "memory.db", &w));
    TRY_DONE(cx, db_begin(cx, w));
    TRY_DONE(cx, insert(cx, w, 5));
    TRY_DONE(cx, db_ask(cx, db_reader(w), &all, DB_NO_ARGS, &rows));
    TRY_DONE(cx, db_next(cx, rows, &more));
    assert_true(more);
    if (!db_copy_text(cx, rows, 2)) err = FAIL(cx, ERR_NOMEM, "copying");
done:
    db_rows_close(rows);
    db_close_write(cx, w);
    return err;
}

static void refused_memory_is_told_and_nothing_leaks(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    db_close_write(&cx, fresh(&cx, "memory.db"));
    rig_sweep(memory_body, NULL, ERR_NOMEM, ERR_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_come_back_as_they_went_in),
        cmocka_unit_test(a_transaction_is_all_or_nothing_and_readers_see_one_moment),
        cmocka_unit_test(each_failure_has_its_code_and_words),
        cmocka_unit_test(damage_on_disk_is_named),
        cmocka_unit_test(a_failing_disk_below_sqlite_leaves_all_ten_rows_or_none),
        cmocka_unit_test(refused_memory_is_told_and_nothing_leaks),
    };
    return cmocka_run_group_tests_name("db", tests, NULL, NULL);
}

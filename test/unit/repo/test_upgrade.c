/* What is proved: a project whose ledger has format 1 opens, is brought to this format with every event, payload and table as it was, says
** what its old head was, and proves; a damaged one is refused and stays as it is.  How: the SQL of such a ledger, kept in test/compat. */
#include "base/save.h"
#include "repo/repo.h"
#include "test/test.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char here[OS_PATH_MAX - 100];

static void run_sql(const char *path, const char *sql)
{
    sqlite3 *h;
    char *bad = NULL;
    assert_int_equal(sqlite3_open(path, &h), SQLITE_OK);
    if (sqlite3_exec(h, sql, NULL, NULL, &bad)) fail_msg("%s", bad);
    sqlite3_close(h);
}

/* A project with the old ledger in it. */
static void old_project(Ctx *cx, const char *folder, const char *more)
{
    char path[OS_PATH_MAX], source[OS_PATH_MAX], *sql;
    size_t n;
    RepoInit init;
    test_remove_tree(folder);
    assert_int_equal(mkdir(folder, 0777), 0);
    expect_ok(cx, repo_init(cx, folder, "old", "root", &init));
    static const char *const ends[] = { "", "-wal", "-shm" };
    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/.leat/leat.db%s", folder, ends[i]);
        (void)unlink(path);
    }
    snprintf(path, sizeof path, "%s/leat.lock", folder);
    (void)unlink(path);
    snprintf(path, sizeof path, "%s/.leat/leat.db", folder);
    snprintf(source, sizeof source, "%s/test/compat/ledger-1.sql", getenv("LEAT_SOURCE"));
    expect_ok(cx, save_read(cx, source, (size_t)1 << 24, &sql, &n));
    run_sql(path, sql);
    if (more) run_sql(path, more);
    ctx_put(cx, sql);
}

static void an_old_ledger_is_brought_to_this_format(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Repo *r;
    char folder[OS_PATH_MAX];
    LedgerProof proof;
    RunRow *runs;
    size_t n;
    snprintf(folder, sizeof folder, "%s/old", here);
    old_project(&cx, folder, NULL);
    expect_failure(&cx, repo_open(&cx, folder, "ann", false, &r), ERR_REFUSED, "older leat");
    expect_ok(&cx, repo_open(&cx, folder, "ann", true, &r));
    expect_ok(&cx, ledger_rebuild(&cx, repo_ledger(r), &proof));
    assert_true(proof.events == 31 && proof.signed_to == 31);  /* 29, what it was, whose key */
    expect_ok(&cx, repo_runs(&cx, r, 0, &runs, &n));
    assert_true(n == 1 && runs[0].trials_n == 4 && runs[0].state == RUN_DONE);
    static const Statement said = { "SELECT count(*) FROM payload WHERE seq = 30 AND body LIKE '%\"format\":1,\"hash\":\"%'", NULL };
    int64_t there = 0;
    expect_ok(&cx, db_ask_int(&cx, ledger_db(repo_ledger(r)), &said, DB_NO_ARGS, 0, &there));
    assert_int_equal(there, 1);
    repo_close(&cx, r);
    expect_ok(&cx, repo_open(&cx, folder, "ann", false, &r));
    expect_ok(&cx, ledger_verify(&cx, repo_ledger(r), &proof));
    repo_close(&cx, r);
}

static void a_damaged_old_ledger_is_refused(void **state)
{
    (void)state;
    static const char *const ways[] = {
        "UPDATE payload SET body = '{}' WHERE seq = 12",
        "DROP TRIGGER event_kept; UPDATE event SET actor = 'eve' WHERE seq = 12; CREATE TRIGGER event_kept BEFORE UPDATE ON event BEGIN SELECT 1; END",
        "UPDATE ledger SET hash = zeroblob(32)" };
    for (size_t i = 0; i < 3; i++) {
        Ctx cx = test_ctx();
        Repo *r;
        char folder[OS_PATH_MAX];
        snprintf(folder, sizeof folder, "%s/bad", here);
        old_project(&cx, folder, ways[i]);
        expect_failure(&cx, repo_open(&cx, folder, "ann", true, &r), ERR_CORRUPT, i < 2 ? "event 12" : "does not end where");
        expect_failure(&cx, repo_open(&cx, folder, "ann", false, &r), ERR_REFUSED, "older leat");      /* nothing was changed */
    }
}

int main(void)
{
    Ctx cx = test_ctx();
    char cwd[OS_PATH_MAX];
    if (os_cwd(&cx, cwd) || strlen(cwd) >= sizeof here) return 99;
    memcpy(here, cwd, strlen(cwd) + 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_old_ledger_is_brought_to_this_format),
        cmocka_unit_test(a_damaged_old_ledger_is_refused),
    };
    return cmocka_run_group_tests_name("upgrade", tests, NULL, NULL);
}

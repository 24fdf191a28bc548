/* What is proved: the real machine keeps base/world.h's promises; children get exactly what they are given, die with
** us, and report how they ended; locks die with their holder; shared memory is shared.  How: this program spawns
** itself with a word that says what to do, and /bin/sh. */
#include "test/test.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char self[OS_PATH_MAX];

static void files_are_written_read_listed_and_mapped(void **state)
{
    (void)state;
    const Files *f = os_world.files;
    int fd = -1;
    char buf[16];
    size_t got, n;
    const void *at;
    FileInfo info;
    assert_int_equal(f->make_folder(NULL, "a"), OK);
    assert_int_equal(f->make_folder(NULL, "a"), OK);
    assert_int_equal(f->open(NULL, "a/x", FILE_READ, &fd), ERR_NOT_FOUND);
    assert_int_equal(f->open(NULL, "a/x", FILE_CREATE, &fd), OK);
    assert_int_equal(f->write(NULL, fd, "hello", 5), OK);
    assert_int_equal(f->sync(NULL, fd), OK);
    f->close(NULL, fd);
    assert_int_equal(f->open(NULL, "a/x", FILE_APPEND, &fd), OK);
    assert_int_equal(f->write(NULL, fd, "!", 1), OK);
    f->close(NULL, fd);
    assert_int_equal(f->open(NULL, "a/x", FILE_READ, &fd), OK);
    assert_int_equal(f->read(NULL, fd, buf, sizeof buf, &got), OK);
    f->close(NULL, fd);
    assert_int_equal(got, 6);
    assert_memory_equal(buf, "hello!", 6);
    assert_int_equal(f->look(NULL, "a/x", &info), OK);
    assert_int_equal(info.type, FILE_PLAIN);
    assert_int_equal(info.size, 6);
    assert_int_equal(f->look(NULL, "a/none", &info), OK);
    assert_int_equal(info.type, FILE_NONE);
    assert_int_equal(f->look(NULL, "a/x/below", &info), OK);
    assert_int_equal(info.type, FILE_NONE);
    assert_int_equal(f->map(NULL, "a/x", &at, &n), OK);
    assert_int_equal(n, 6);
    assert_memory_equal(at, "hello!", 6);
    f->unmap(NULL, at, n);
    assert_int_equal(f->rename(NULL, "a/x", "a/y"), OK);
    assert_int_equal(f->sync_folder(NULL, "a"), OK);
    assert_int_equal(f->remove(NULL, "a"), ERR_IO);          /* not empty */
    assert_int_equal(f->remove(NULL, "a/y"), OK);
    assert_int_equal(f->remove(NULL, "a/y"), ERR_NOT_FOUND);
    assert_int_equal(f->remove(NULL, "a"), OK);
    test_write("empty", "", 0);
    assert_int_equal(f->map(NULL, "empty", &at, &n), OK);
    assert_null(at);
    assert_int_equal(n, 0);
    assert_int_equal(f->make_folder(NULL, "empty"), ERR_IO);  /* a file has the name */
}

static Err count_to_two(void *arg, const char *name)
{
    (void)name;
    return ++*(int *)arg == 2 ? ERR_LIMIT : OK;
}

static void a_listing_stops_when_asked(void **state)
{
    (void)state;
    int n = 0;
    assert_int_equal(os_world.files->make_folder(NULL, "many"), OK);
    test_write("many/1", "", 0);
    test_write("many/2", "", 0);
    test_write("many/3", "", 0);
    assert_int_equal(os_world.files->list(NULL, "many", count_to_two, &n), ERR_LIMIT);
    assert_int_equal(n, 2);
    assert_int_equal(os_world.files->list(NULL, "nowhere", count_to_two, &n), ERR_NOT_FOUND);
    assert_int_equal(test_count("many"), 3);
}

static void a_missing_library_is_named_with_the_places_searched(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    char path[OS_PATH_MAX];
    void *lib = NULL, *f = NULL;
    expect_failure(&cx, os_lib_path(&cx, "libnone.so", path), ERR_NOT_FOUND, "'libnone.so' is neither in");
    expect_failure(&cx, os_dlopen(&cx, "libnone.so", &lib), ERR_NOT_FOUND, "scripts/bootstrap");
    assert_int_equal(setenv("LEAT_LIB", ".", 1), 0);
    test_write("libbad.so", "not a library", 13);
    expect_failure(&cx, os_dlopen(&cx, "libbad.so", &lib), ERR_CORRUPT, "libbad.so");
    assert_null(lib);
    expect_ok(&cx, os_lib_path(&cx, "libbad.so", path));
    assert_string_equal(path, "./libbad.so");
    assert_int_equal(unsetenv("LEAT_LIB"), 0);
    expect_failure(&cx, os_symbol(&cx, NULL, "the program", "no_such_symbol_here", &f), ERR_NOT_FOUND,
                   "no_such_symbol_here");
}

static void paths_are_made_real(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    char here[OS_PATH_MAX], real[OS_PATH_MAX], exe[OS_PATH_MAX];
    expect_ok(&cx, os_cwd(&cx, here));
    expect_ok(&cx, os_real_path(&cx, ".", real));
    assert_string_equal(here, real);
    expect_failure(&cx, os_real_path(&cx, "no/such", real), ERR_NOT_FOUND, "'no/such'");
    expect_failure(&cx, os_chdir(&cx, "no/such"), ERR_NOT_FOUND, "no folder 'no/such'");
    expect_ok(&cx, os_exe_folder(&cx, exe));
    assert_int_equal(strncmp(self, exe, strlen(exe)), 0);
}

static void the_machine_is_described(void **state)
{
    (void)state;
    char name[200];
    uint64_t left;
    OsMemory m = os_memory();
    assert_true(os_cpus() >= 1);
    assert_true(m.total > 0 && m.rss > 0 && m.peak >= m.rss && m.free <= m.total);
    os_host_name(name, sizeof name);
    assert_true(name[0]);
    os_user_name(name, sizeof name);
    assert_true(name[0]);
    os_cpu_name(name, sizeof name);
    assert_true(name[0]);
    assert_true(os_disk_free(".", &left));
    assert_false(os_disk_free("no/such", &left));
    assert_true(os_terminal_columns(-1) == 80);
    assert_false(os_is_terminal(-1));
}

static void a_child_gets_its_descriptors_in_order_and_answers(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    OsProc p;
    int in_r, in_w, out_r, out_w;
    char buf[32] = "";
    size_t got = 0;
    bool ready = false;
    expect_ok(&cx, os_pipe(&cx, &in_r, &in_w));
    expect_ok(&cx, os_pipe(&cx, &out_r, &out_w));
    const char *argv[] = { self, "echo", NULL };
    const int fds[] = { in_r, -1, out_w };
    expect_ok(&cx, os_spawn(&cx, argv, fds, 3, &p));
    os_fd_close(&in_r);
    os_fd_close(&out_w);
    expect_ok(&cx, os_fd_write(&cx, in_w, "ping", 4));
    os_fd_close(&in_w);
    while (!ready) expect_ok(&cx, os_poll(&cx, &out_r, 1, -1, &ready));
    expect_ok(&cx, os_fd_read(&cx, out_r, buf, sizeof buf - 1, &got));
    assert_string_equal(buf, "ping");
    expect_ok(&cx, os_fd_read(&cx, out_r, buf, sizeof buf, &got));
    assert_int_equal(got, 0);                                  /* it closed its end */
    expect_ok(&cx, os_wait(&cx, &p, true));
    assert_true(p.ended && p.status == 5 && p.signal == 0 && p.peak_bytes > 0);
    expect_ok(&cx, os_wait(&cx, &p, true));                    /* free */
    os_proc_end(&cx, &p);
    os_fd_close(&out_r);
}

static void a_killed_child_is_told_from_one_that_ended(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    OsProc p;
    const char *argv[] = { self, "hang", NULL };
    expect_ok(&cx, os_spawn(&cx, argv, NULL, 0, &p));
    expect_ok(&cx, os_wait(&cx, &p, false));
    assert_false(p.ended);
    os_kill(&p);
    expect_ok(&cx, os_wait(&cx, &p, true));
    assert_true(p.ended && p.signal == SIGKILL && p.status == 128 + SIGKILL);
    os_kill(&p);                                               /* nobody is signalled by mistake */
    os_proc_end(&cx, &p);
    assert_int_equal(p.pid, 0);
}

static void a_program_that_is_not_there_is_refused(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    OsProc p;
    int many[OS_FDS_MAX + 1] = { 0 };
    const char *argv[] = { "./no-such-program", NULL };
    expect_failure(&cx, os_spawn(&cx, argv, NULL, 0, &p), ERR_NOT_FOUND, "'./no-such-program'");
    assert_int_equal(p.pid, 0);
    expect_failure(&cx, os_spawn(&cx, argv, many, OS_FDS_MAX + 1, &p), ERR_LIMIT, "17");
}

/* The grandchild holds the write end of `out` until it dies; its parent is killed without mercy. */
static void a_tied_child_ends_when_its_parent_is_gone(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    OsProc p;
    int r, w;
    char c;
    size_t got;
    expect_ok(&cx, os_pipe(&cx, &r, &w));
    const char *argv[] = { self, "parent", NULL };
    expect_ok(&cx, os_spawn(&cx, argv, &w, 1, &p));
    os_fd_close(&w);
    expect_ok(&cx, os_fd_read(&cx, r, &c, 1, &got));           /* the grandchild is tied */
    assert_int_equal(got, 1);
    assert_int_equal(kill(p.pid, SIGKILL), 0);                 /* not os_kill, which takes the group */
    expect_ok(&cx, os_fd_read(&cx, r, &c, 1, &got));
    assert_int_equal(got, 0);                                  /* nobody holds the other end: it died */
    os_proc_end(&cx, &p);
    os_fd_close(&r);
    expect_failure(&cx, os_tie(&cx, 999), ERR_BAD_INPUT, "999");
}

static void a_program_is_run_and_heard(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    Text out;
    int status;
    text_init(&out, &cx);
    const char *argv[] = { "sh", "-c", "echo hello; echo noise >&2; exit 3", NULL };
    expect_ok(&cx, os_run(&cx, NULL, argv, 100, &out, &status));
    assert_string_equal(out.at, "hello\n");
    assert_int_equal(status, 3);
    text_clear(&out);
    expect_failure(&cx, os_run(&cx, NULL, argv, 3, &out, &status), ERR_LIMIT, "more than 3 bytes");
    text_clear(&out);
    const char *where[] = { "pwd", NULL };
    expect_ok(&cx, os_run(&cx, "/", where, 100, &out, &status));
    assert_string_equal(out.at, "/\n");
    text_clear(&out);
    const char *slow[] = { self, "hang", NULL };
    cx.deadline_us = 1;                                        /* long ago */
    expect_failure(&cx, os_run(&cx, NULL, slow, 100, &out, &status), ERR_TIME, NULL);
    volatile sig_atomic_t stop = 1;
    cx.cancel = &stop;
    expect_failure(&cx, os_run(&cx, NULL, slow, 100, &out, &status), ERR_INTERRUPTED, NULL);
    const char *none[] = { "no-such-program-at-all", NULL };
    expect_failure(&cx, os_run(&cx, NULL, none, 100, &out, &status), ERR_NOT_FOUND, "no such program");
    text_clear(&out);
}

static void shared_memory_is_seen_by_a_child(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    OsShare s;
    OsProc p;
    expect_ok(&cx, os_share_make(&cx, "columns", 10000, &s));
    memcpy(s.at, "ask", 4);
    const char *argv[] = { self, "share", NULL };
    expect_ok(&cx, os_spawn(&cx, argv, &s.fd, 1, &p));
    expect_ok(&cx, os_wait(&cx, &p, true));
    assert_int_equal(p.status, 0);
    assert_string_equal((char *)s.at + 5000, "answer");
    os_proc_end(&cx, &p);
    os_share_close(&s);
    os_share_close(&s);
    expect_ok(&cx, os_share_make(&cx, "none", 0, &s));
    assert_null(s.at);
    os_share_close(&s);
    expect_failure(&cx, os_share_make(&cx, "all", SIZE_MAX, &s), ERR_NOMEM, "'all'");
    expect_failure(&cx, os_share_open(&cx, 999, false, &s), ERR_IO, "999");
}

static void a_lock_is_held_once_and_let_go_by_death(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    int a, b, r, w;
    bool held;
    char c;
    size_t got;
    OsProc p;
    expect_ok(&cx, os_lock_held(&cx, "lock", &held));
    assert_false(held);
    expect_ok(&cx, os_lock_take(&cx, "lock", &a));
    assert_true(a >= 0);
    expect_ok(&cx, os_lock_take(&cx, "lock", &b));
    assert_int_equal(b, -1);
    expect_ok(&cx, os_lock_held(&cx, "lock", &held));
    assert_true(held);
    os_lock_drop("lock", &a);
    assert_false(test_exists("lock"));

    expect_ok(&cx, os_pipe(&cx, &r, &w));
    const char *argv[] = { self, "lock", NULL };
    expect_ok(&cx, os_spawn(&cx, argv, &w, 1, &p));
    expect_ok(&cx, os_fd_read(&cx, r, &c, 1, &got));           /* it has the lock */
    expect_ok(&cx, os_lock_take(&cx, "lock", &b));
    assert_int_equal(b, -1);
    os_kill(&p);
    expect_ok(&cx, os_wait(&cx, &p, true));
    expect_ok(&cx, os_lock_held(&cx, "lock", &held));
    assert_false(held);
    expect_ok(&cx, os_lock_take(&cx, "lock", &b));             /* though its file is there */
    assert_true(b >= 0);
    os_lock_drop("lock", &b);
    os_proc_end(&cx, &p);
    os_fd_close(&r);
    os_fd_close(&w);
    expect_failure(&cx, os_lock_take(&cx, "no/such/lock", &b), ERR_NOT_FOUND, "no/such/lock");
}

static void an_interrupt_sets_the_flag_and_ends_the_second_time(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    OsProc p;
    int r, w;
    char c;
    size_t got;
    expect_ok(&cx, os_pipe(&cx, &r, &w));
    const char *argv[] = { self, "signal", NULL };
    expect_ok(&cx, os_spawn(&cx, argv, &w, 1, &p));
    expect_ok(&cx, os_fd_read(&cx, r, &c, 1, &got));           /* it catches now */
    os_stop(&p);
    expect_ok(&cx, os_fd_read(&cx, r, &c, 1, &got));           /* it saw the flag */
    assert_int_equal(got, 1);
    os_stop(&p);
    expect_ok(&cx, os_wait(&cx, &p, true));
    assert_int_equal(p.status, 130);
    os_proc_end(&cx, &p);
    os_fd_close(&r);
    os_fd_close(&w);
}

static void writing_where_nobody_reads_or_the_disk_is_full_fails_in_words(void **state)
{
    (void)state;
    Ctx cx = test_ctx();
    OsProc p;
    const char *argv[] = { self, "full", NULL };
    expect_ok(&cx, os_spawn(&cx, argv, NULL, 0, &p));
    expect_ok(&cx, os_wait(&cx, &p, true));
    assert_int_equal(p.status, 0);
    os_proc_end(&cx, &p);
}

static Err spawn_body(Ctx *cx, void *arg)
{
    OsProc p;
    (void)arg;
    const char *argv[] = { "true", NULL };
    TRY(cx, os_spawn(cx, argv, NULL, 0, &p));
    os_proc_end(cx, &p);
    return OK;
}

static void spawning_survives_every_fault(void **state)
{
    (void)state;
    rig_sweep(spawn_body, NULL, ERR_NOMEM, ERR_IO);
}

/* --- what the children do --- */

static int child_full(Ctx *cx)
{
    int r, w, fd = -1;
    char block[5000] = "";
    (void)os_catch_interrupt();
    if (os_pipe(cx, &r, &w)) return 1;
    os_fd_close(&r);
    if (os_fd_write(cx, w, "x", 1) != ERR_IO || !strstr(cx->text, "nobody reads")) return 2;
    if (os_limit_file(cx, 4096)) return 3;
    if (os_world.files->open(NULL, "full", FILE_CREATE, &fd)) return 4;
    if (os_world.files->write(NULL, fd, block, sizeof block) != ERR_IO) return 5;
    if (os_limit_memory(cx, (uint64_t)1 << 40)) return 6;
    return 0;
}

static int child(Ctx *cx, const char *what)
{
    char buf[16];
    size_t got = 0;
    int fd;
    if (!strcmp(what, "echo")) {                   /* 3 in, 4 closed, 5 out, 6 the life line */
        if (fcntl(4, F_GETFD) >= 0 || fcntl(6, F_GETFD) < 0 || fcntl(7, F_GETFD) >= 0) return 1;
        if (os_tie(cx, 6) || os_fd_read(cx, 3, buf, sizeof buf, &got)) return 2;
        return os_fd_write(cx, 5, buf, got) ? 3 : 5;
    }
    if (!strcmp(what, "parent")) {
        OsProc p;
        int give = 3;
        const char *argv[] = { self, "tied", NULL };
        if (os_spawn(cx, argv, &give, 1, &p)) return 1;
        os_fd_close(&give);
        for (;;) pause();
    }
    if (!strcmp(what, "tied") && os_tie(cx, 4)) return 1;
    if (!strcmp(what, "lock") && (os_lock_take(cx, "lock", &fd) || fd < 0)) return 1;
    if (!strcmp(what, "share")) {
        OsShare s;
        if (os_share_open(cx, 3, true, &s) || s.n != 10000 || strcmp(s.at, "ask")) return 1;
        memcpy((char *)s.at + 5000, "answer", 7);
        return 0;
    }
    if (!strcmp(what, "full")) return child_full(cx);
    if (!strcmp(what, "signal")) {
        const volatile sig_atomic_t *flag = os_catch_interrupt();
        if (os_fd_write(cx, 3, "r", 1)) return 1;
        while (!*flag) {
            bool ready;
            int none = -1;
            if (os_poll(cx, &none, 1, 50, &ready)) return 2;
        }
    }
    if (strcmp(what, "hang") && os_fd_write(cx, 3, "r", 1)) return 1;
    for (;;) pause();
}

enum { PARTS = 500 };

typedef struct Counted { int done[PARTS]; size_t bad; } Counted;

static Err count_part(Ctx *cx, void *counted, size_t i)
{
    Counted *c = counted;
    if (!ctx_scratch(cx, 1000)) return FAIL(cx, ERR_NOMEM, "part %zu", i);      /* each thread has its own */
    c->done[i]++;
    if (i >= c->bad) return FAIL(cx, ERR_NUMERIC, "part %zu is bad", i);
    return OK;
}

static void parts_are_done_once_each_on_any_number_of_threads(void **state)
{
    (void)state;
    for (unsigned threads = 0; threads <= 7; threads++) {
        Ctx cx = test_ctx();
        Counted c = { .bad = PARTS };
        expect_ok(&cx, os_parts(&cx, threads, PARTS, count_part, &c));
        for (int i = 0; i < PARTS; i++) assert_int_equal(c.done[i], 1);
        expect_ok(&cx, os_parts(&cx, threads, 0, count_part, &c));
        ctx_clear(&cx);
    }
}

static void the_first_part_that_fails_is_told(void **state)
{
    (void)state;
    for (unsigned threads = 1; threads <= 7; threads++) {
        Ctx cx = test_ctx();
        Counted c = { .bad = 40 };
        int begun = 0;
        assert_int_equal(os_parts(&cx, threads, PARTS, count_part, &c), ERR_NUMERIC);
        assert_string_equal(cx.text, "part 40 is bad");
        for (int i = 0; i < PARTS; i++) begun += c.done[i];
        assert_true(begun >= 41 && begun <= 40 + (int)threads);                   /* those under way end, none is begun */
        ctx_clear(&cx);
    }
}

static Err parts_body(Ctx *cx, void *arg)
{
    Counted c = { .bad = PARTS };
    (void)arg;
    TRY(cx, os_parts(cx, 1, 3, count_part, &c));                                  /* a rig counts for one thread only */
    return OK;
}

static void parts_survive_every_fault(void **state)
{
    (void)state;
    rig_sweep(parts_body, NULL, ERR_NOMEM, ERR_IO);
}

int main(int argc, char **argv)
{
    Ctx cx = test_ctx();
    if (os_exe_path(&cx, self)) return 99;
    if (argc > 1) return child(&cx, argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_are_written_read_listed_and_mapped),
        cmocka_unit_test(a_listing_stops_when_asked),
        cmocka_unit_test(a_missing_library_is_named_with_the_places_searched),
        cmocka_unit_test(paths_are_made_real),
        cmocka_unit_test(the_machine_is_described),
        cmocka_unit_test(a_child_gets_its_descriptors_in_order_and_answers),
        cmocka_unit_test(a_killed_child_is_told_from_one_that_ended),
        cmocka_unit_test(a_program_that_is_not_there_is_refused),
        cmocka_unit_test(a_tied_child_ends_when_its_parent_is_gone),
        cmocka_unit_test(a_program_is_run_and_heard),
        cmocka_unit_test(shared_memory_is_seen_by_a_child),
        cmocka_unit_test(a_lock_is_held_once_and_let_go_by_death),
        cmocka_unit_test(an_interrupt_sets_the_flag_and_ends_the_second_time),
        cmocka_unit_test(writing_where_nobody_reads_or_the_disk_is_full_fails_in_words),
        cmocka_unit_test(parts_are_done_once_each_on_any_number_of_threads),
        cmocka_unit_test(the_first_part_that_fails_is_told),
        cmocka_unit_test(parts_survive_every_fault),
        cmocka_unit_test(spawning_survives_every_fault),
    };
    return cmocka_run_group_tests_name("os", tests, NULL, NULL);
}

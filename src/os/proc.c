/* os/proc.c -- child processes by posix_spawn, and the line that ties their life to ours.
**
** fork is never used: it is unsafe once a library has started OpenMP threads.
** A child cannot be told to die with us by PR_SET_PDEATHSIG (that follows the
** thread that spawned it, not the process), so it holds a pipe whose other end
** only we hold: when we are gone, however we went, it reads end-of-file.
*/
#include "os/inner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define FD_HIGH 64             /* copies are made above this, out of the way of 3 .. 3 + OS_FDS_MAX */
#define TIE_STACK 65536
#define RUN_STEP_MS 100        /* how often os_run looks at the deadline */

extern char **environ;

typedef struct Spawn {         /* what a child is to find */
    const char *const *argv;
    const char *folder;        /* NULL: ours */
    int out;                   /* its stdout; -1: our stderr */
    bool quiet;                /* its stderr goes nowhere */
    int high[OS_FDS_MAX + 1];  /* copies of what becomes 3, 4, … ; -1: left closed */
    size_t n;
} Spawn;

static int fill_actions(const Spawn *s, posix_spawn_file_actions_t *acts)
{
    int e = posix_spawn_file_actions_addopen(acts, 0, "/dev/null", O_RDONLY, 0);
    if (!e) e = posix_spawn_file_actions_adddup2(acts, s->out >= 0 ? s->out : 2, 1);
    if (!e && s->quiet) e = posix_spawn_file_actions_addopen(acts, 2, "/dev/null", O_WRONLY, 0);
    for (size_t i = 0; i < s->n && !e; i++) {
        if (s->high[i] >= 0) e = posix_spawn_file_actions_adddup2(acts, s->high[i], 3 + (int)i);
    }
    if (!e && s->folder) e = posix_spawn_file_actions_addchdir_np(acts, s->folder);
    return e;
}

/* Its own process group, no signal blocked, those that we catch or ignore as usual. */
static int fill_attributes(posix_spawnattr_t *attr)
{
    sigset_t none, usual;
    sigemptyset(&none);
    sigemptyset(&usual);
    sigaddset(&usual, SIGINT);
    sigaddset(&usual, SIGTERM);
    sigaddset(&usual, SIGHUP);
    sigaddset(&usual, SIGPIPE);
    sigaddset(&usual, SIGXFSZ);
    int e = posix_spawnattr_setpgroup(attr, 0);
    if (!e) e = posix_spawnattr_setsigmask(attr, &none);
    if (!e) e = posix_spawnattr_setsigdefault(attr, &usual);
    if (!e)
        e = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return e;
}

static Err start(Ctx *cx, const Spawn *s, pid_t *pid)
{
    posix_spawn_file_actions_t acts;
    posix_spawnattr_t attr;
    if (posix_spawn_file_actions_init(&acts)) return FAIL(cx, ERR_NOMEM, "starting '%s'", s->argv[0]);
    if (posix_spawnattr_init(&attr)) {
        posix_spawn_file_actions_destroy(&acts);
        return FAIL(cx, ERR_NOMEM, "starting '%s'", s->argv[0]);
    }
    int e = fill_actions(s, &acts);
    if (!e) e = fill_attributes(&attr);
    if (!e) e = posix_spawnp(pid, s->argv[0], &acts, &attr, (char *const *)(uintptr_t)s->argv, environ);
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&acts);
    if (!e) return OK;
    *pid = 0;
    Err err = os_errno(e);
    if (e == EAGAIN) err = ERR_LIMIT;
    if (err == ERR_NOT_FOUND) return FAIL(cx, err, "starting '%s': there is no such program", s->argv[0]);
    return FAIL(cx, err, "starting '%s': %s", s->argv[0], strerror(e));
}

Err os_spawn(Ctx *cx, const char *const *argv, const int *fds, size_t n, OsProc *out)
{
    Spawn s = { .argv = argv, .out = -1 };
    int theirs = -1, ours = -1;
    Err err = OK;
    *out = (OsProc){ .life = -1 };
    if (n > OS_FDS_MAX)
        return FAIL(cx, ERR_LIMIT, "starting '%s' with %zu descriptors; the most is %d", argv[0], n, OS_FDS_MAX);
    TRY(cx, os_pipe(cx, &theirs, &ours));
    for (size_t i = 0; i <= n && !err; i++) {
        int fd = i < n ? fds[i] : theirs;
        s.high[i] = fd < 0 ? -1 : fcntl(fd, F_DUPFD_CLOEXEC, FD_HIGH);
        s.n = i + 1;
        if (fd >= 0 && s.high[i] < 0)
            err = FAIL(cx, os_errno(errno), "starting '%s': descriptor %d: %s", argv[0], fd, strerror(errno));
    }
    if (!err) err = start(cx, &s, &out->pid);
    for (size_t i = 0; i < s.n; i++) os_fd_close(&s.high[i]);
    os_fd_close(&theirs);
    if (err) os_fd_close(&ours);
    out->life = ours;
    return err;
}

Err os_wait(Ctx *cx, OsProc *p, bool block)
{
    int how;
    struct rusage ru;
    pid_t got;
    if (p->ended || !p->pid) return OK;
    do {
        got = wait4(p->pid, &how, block ? 0 : WNOHANG, &ru);
    } while (got < 0 && errno == EINTR);
    if (got < 0) return FAIL(cx, ERR_IO, "waiting for process %ld: %s", (long)p->pid, strerror(errno));
    if (got == 0) return OK;
    p->ended = true;
    p->signal = WIFSIGNALED(how) ? WTERMSIG(how) : 0;
    p->status = p->signal ? 128 + p->signal : WEXITSTATUS(how);
    p->cpu_s = (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec)
               + 1e-6 * (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec);
    p->peak_bytes = (uint64_t)ru.ru_maxrss * 1024;
    return OK;
}

/* Once waited for, the number may belong to a stranger: never signal it then. */
void os_kill(OsProc *p)
{
    if (p->pid > 0 && !p->ended) {
        (void)kill(-p->pid, SIGKILL);
        (void)kill(p->pid, SIGKILL);
    }
}

void os_stop(OsProc *p)
{
    if (p->pid > 0 && !p->ended) (void)kill(p->pid, SIGTERM);
}

void os_proc_end(Ctx *cx, OsProc *p)
{
    if (!p->pid) return;
    os_kill(p);
    Ctx own;                                   /* the caller's failure stays its own */
    ctx_child(cx, &own);
    (void)!os_wait(&own, p, true);
    ctx_clear(&own);
    os_fd_close(&p->life);
    *p = (OsProc){ .life = -1 };
}

static void *watch_life(void *arg)
{
    int fd = (int)(intptr_t)arg;
    char c;
    ssize_t k;
    do {
        k = read(fd, &c, 1);
    } while (k > 0 || (k < 0 && errno == EINTR));
    _exit(130);
}

Err os_tie(Ctx *cx, int fd)
{
    pthread_t thread;
    pthread_attr_t attr;
    sigset_t all, old;
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return FAIL(cx, ERR_BAD_INPUT, "the life line %d is not open: %s", fd, strerror(errno));
    if (pthread_attr_init(&attr)) return FAIL(cx, ERR_NOMEM, "watching the parent process");
    (void)pthread_attr_setstacksize(&attr, TIE_STACK);
    (void)pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    sigfillset(&all);                          /* signals are for the other threads */
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    int e = pthread_create(&thread, &attr, watch_life, (void *)(intptr_t)fd);
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    pthread_attr_destroy(&attr);
    if (e) return FAIL(cx, ERR_NOMEM, "watching the parent process: %s", strerror(e));
    return OK;
}

/* Take what it says until it closes its stdout. */
static Err hear(Ctx *cx, const char *name, int fd, size_t max, Text *out)
{
    for (;;) {
        char buf[4096];
        bool ready;
        size_t got = 0;
        TRY(cx, ctx_check(cx));
        TRY(cx, os_poll(cx, &fd, 1, RUN_STEP_MS, &ready));
        if (!ready) continue;
        TRY(cx, os_fd_read(cx, fd, buf, sizeof buf, &got));
        if (!got) return OK;
        if (out->n + got > max) return FAIL(cx, ERR_LIMIT, "'%s' says more than %zu bytes", name, max);
        text_bytes(out, buf, got);
        TRY(cx, text_err(out));
    }
}

Err os_run(Ctx *cx, const char *folder, const char *const *argv, size_t max, Text *out, int *status)
{
    Spawn s = { .argv = argv, .folder = folder, .quiet = true };
    OsProc p = { .life = -1 };
    int from = -1;
    Err err = OK;
    *status = -1;
    TRY(cx, os_pipe(cx, &from, &s.out));
    TRY_DONE(cx, start(cx, &s, &p.pid));
    os_fd_close(&s.out);
    TRY_DONE(cx, hear(cx, argv[0], from, max, out));
    TRY_DONE(cx, os_wait(cx, &p, true));
    *status = p.status;
done:
    os_fd_close(&from);
    os_fd_close(&s.out);
    os_proc_end(cx, &p);
    return err;
}

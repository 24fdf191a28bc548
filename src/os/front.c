/* os/front.c -- a program run in front of a person: it keeps the terminal's input and signals, and what it says is heard.
**
** Unlike os_spawn's children it stays in our process group, so that Ctrl-C reaches
** it, reads our standard input, and gets two pipes for what it says.  Signals sent
** to us alone (kill, a batch system) are passed on to it; Ctrl-C is not, since the
** terminal sends that to both.  We outlive it whatever comes, to say how it ended.
*/
#include "os/inner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEAR_BYTES 65536
#define AFTER_MS 200           /* how long pipes are still read that a child of the program holds open after its end */

extern char **environ;

/* A signal handler sees nothing but this: signals that somebody sent to us alone, one bit each. */
static volatile sig_atomic_t sent_int, sent_term, sent_hup;

static void on_signal(int sig, siginfo_t *info, void *context)
{
    (void)context;
    if (info->si_code > 0) return;             /* from the terminal: the program has got it itself */
    if (sig == SIGINT) sent_int = 1;
    else if (sig == SIGTERM) sent_term = 1;
    else sent_hup = 1;
}

/* Our environment, with the given NAME=VALUE texts in place of older ones. */
static Err fill_environment(Ctx *cx, const char *const *add, char ***out)
{
    size_t n = 0, more = 0;
    while (environ[n]) n++;
    while (add && add[more]) more++;
    char **at = ctx_get_n(cx, n + more + 1, sizeof *at);
    *out = at;
    if (!at) return FAIL(cx, ERR_NOMEM, "starting a program");
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        bool old = false;
        for (size_t j = 0; j < more && !old; j++) {
            size_t name = strcspn(add[j], "=") + 1;
            old = !strncmp(environ[i], add[j], name);
        }
        if (!old) at[kept++] = environ[i];
    }
    for (size_t j = 0; j < more; j++) at[kept++] = (char *)(uintptr_t)add[j];
    return OK;
}

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
    int e = posix_spawnattr_setsigmask(attr, &none);
    if (!e) e = posix_spawnattr_setsigdefault(attr, &usual);
    if (!e) e = posix_spawnattr_setflags(attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    return e;
}

static Err start(Ctx *cx, const OsFrontIn *in, int out, int err, pid_t *pid)
{
    posix_spawn_file_actions_t acts;
    posix_spawnattr_t attr;
    char **env = NULL;
    TRY(cx, fill_environment(cx, in->environment, &env));
    int e = posix_spawn_file_actions_init(&acts);
    if (e) {
        ctx_put(cx, env);
        return FAIL(cx, ERR_NOMEM, "starting '%s'", in->argv[0]);
    }
    e = posix_spawnattr_init(&attr);
    if (!e) {
        e = posix_spawn_file_actions_adddup2(&acts, out, 1);
        if (!e) e = posix_spawn_file_actions_adddup2(&acts, err, 2);
        if (!e) e = fill_attributes(&attr);
        if (!e) e = posix_spawnp(pid, in->argv[0], &acts, &attr, (char *const *)(uintptr_t)in->argv, env);
        posix_spawnattr_destroy(&attr);
    }
    posix_spawn_file_actions_destroy(&acts);
    ctx_put(cx, env);
    if (!e) return OK;
    *pid = 0;
    Err code = os_errno(e);
    if (code == ERR_NOT_FOUND) return FAIL(cx, code, "starting '%s': there is no such program", in->argv[0]);
    return FAIL(cx, code, "starting '%s': %s", in->argv[0], strerror(e));
}

static void pass_on(pid_t pid)
{
    if (sent_int) (void)kill(pid, SIGINT);
    if (sent_term) (void)kill(pid, SIGTERM);
    if (sent_hup) (void)kill(pid, SIGHUP);
    sent_int = sent_term = sent_hup = 0;
}

static bool see_end(pid_t pid, OsFrontOut *out)
{
    int how;
    struct rusage ru;
    if (out->ended || wait4(pid, &how, WNOHANG, &ru) != pid) return out->ended;
    out->ended = true;
    out->signal = WIFSIGNALED(how) ? WTERMSIG(how) : 0;
    out->status = out->signal ? 128 + out->signal : WEXITSTATUS(how);
    out->user_s = (double)ru.ru_utime.tv_sec + 1e-6 * (double)ru.ru_utime.tv_usec;
    out->system_s = (double)ru.ru_stime.tv_sec + 1e-6 * (double)ru.ru_stime.tv_usec;
    out->peak_bytes = (uint64_t)ru.ru_maxrss * 1024;
    out->read_blocks = (uint64_t)ru.ru_inblock;
    out->written_blocks = (uint64_t)ru.ru_oublock;
    return true;
}

/* One look at both pipes.  A failure to hear does not stop the program: it is told at the end. */
static void hear(Ctx *cx, const OsFrontIn *in, int pipe[2], char *buf, int wait_ms, Err *first)
{
    struct pollfd p[2] = { { .fd = pipe[0], .events = POLLIN }, { .fd = pipe[1], .events = POLLIN } };
    if (poll(p, 2, wait_ms) <= 0) return;
    for (int i = 0; i < 2; i++) {
        if (pipe[i] < 0 || !p[i].revents) continue;
        ssize_t got = read(pipe[i], buf, HEAR_BYTES);
        if (got > 0) {
            Err err = in->heard(cx, in->self, i + 1, buf, (size_t)got);
            if (err && !*first) *first = err;
        } else if (!got || (errno != EINTR && errno != EAGAIN)) os_fd_close(&pipe[i]);
    }
}

static Err attend(Ctx *cx, const OsFrontIn *in, pid_t pid, int pipe[2], OsFrontOut *out)
{
    Err first = OK;
    int64_t until = 0;
    char *buf = ctx_get(cx, HEAR_BYTES);
    if (!buf) {
        (void)kill(pid, SIGTERM);
        while (waitpid(pid, NULL, 0) < 0 && errno == EINTR) {}
        return FAIL(cx, ERR_NOMEM, "hearing '%s'", in->argv[0]);
    }
    for (;;) {
        pass_on(pid);
        if (see_end(pid, out) && !until) until = ctx_mono_us(cx) + AFTER_MS * 1000;
        if (pipe[0] < 0 && pipe[1] < 0) {
            if (out->ended) break;
            (void)poll(NULL, 0, 10);
            continue;
        }
        if (until && ctx_mono_us(cx) > until) break;       /* a process it left behind holds them */
        hear(cx, in, pipe, buf, out->ended ? 10 : 50, &first);
    }
    ctx_put(cx, buf);
    return first;
}

Err os_front(Ctx *cx, const OsFrontIn *in, OsFrontOut *out)
{
    static const int signals[] = { SIGINT, SIGTERM, SIGHUP };
    struct sigaction ours = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO }, old[3];
    int pipe[2] = { -1, -1 }, end[2] = { -1, -1 };
    pid_t pid = 0;
    Err err = OK;
    *out = (OsFrontOut){ 0 };
    sigemptyset(&ours.sa_mask);
    sent_int = sent_term = sent_hup = 0;
    for (int i = 0; i < 3; i++) (void)sigaction(signals[i], &ours, &old[i]);
    TRY_DONE(cx, os_pipe(cx, &pipe[0], &end[0]));
    TRY_DONE(cx, os_pipe(cx, &pipe[1], &end[1]));
    TRY_DONE(cx, start(cx, in, end[0], end[1], &pid));
    out->pid = pid;
    os_fd_close(&end[0]);
    os_fd_close(&end[1]);
    err = attend(cx, in, pid, pipe, out);
done:
    for (int i = 0; i < 2; i++) {
        os_fd_close(&pipe[i]);
        os_fd_close(&end[i]);
    }
    for (int i = 0; i < 3; i++) (void)sigaction(signals[i], &old[i], NULL);
    return err;
}

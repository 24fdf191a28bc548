/* os/machine.c -- what the machine has, what we may use of it, and how we are told to stop. */
#include "os/inner.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

/* The first bytes of a small system file; 0 when it is not there.  These facts are hints, so nothing fails. */
static size_t facts_read(const char *path, char *buf, size_t cap)
{
    size_t got = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
        while (got + 1 < cap) {
            ssize_t k = read(fd, buf + got, cap - 1 - got);
            if (k <= 0) break;
            got += (size_t)k;
        }
        (void)close(fd);
    }
    buf[got] = 0;
    return got;
}

/* The number in kB that follows `key` at the start of a line, as bytes. */
static uint64_t fact_kb(const char *facts, const char *key)
{
    size_t n = strlen(key);
    for (const char *at = facts; at && *at; at = strchr(at, '\n')) {
        if (*at == '\n') at++;
        if (!strncmp(at, key, n)) return strtoull(at + n, NULL, 10) * 1024;
    }
    return 0;
}

/* A file of the container's limits, version 2 then 1; false when there is no limit. */
static bool cgroup_number(const char *v2, const char *v1, uint64_t *out)
{
    char buf[64];
    if (!facts_read(v2, buf, sizeof buf) && !facts_read(v1, buf, sizeof buf)) return false;
    if (buf[0] < '0' || buf[0] > '9') return false;
    *out = strtoull(buf, NULL, 10);
    return *out < ((uint64_t)1 << 60);
}

unsigned os_cpus(void)
{
    cpu_set_t set;
    char buf[64];
    unsigned n = 1;
    if (!sched_getaffinity(0, sizeof set, &set)) n = (unsigned)CPU_COUNT(&set);
    else if (sysconf(_SC_NPROCESSORS_ONLN) > 0) n = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
    unsigned long long quota, period;
    if (facts_read("/sys/fs/cgroup/cpu.max", buf, sizeof buf) && sscanf(buf, "%llu %llu", &quota, &period) == 2
        && period) {
        unsigned most = (unsigned)((quota + period - 1) / period);
        if (most < n) n = most;
    }
    return n ? n : 1;
}

OsMemory os_memory(void)
{
    char buf[8192];
    uint64_t limit, used;
    OsMemory m = { 0 };
    if (facts_read("/proc/meminfo", buf, sizeof buf)) {
        m.total = fact_kb(buf, "MemTotal:");
        m.free = fact_kb(buf, "MemAvailable:");
    }
    if (cgroup_number("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes", &limit)) {
        if (!m.total || limit < m.total) m.total = limit;
        if (cgroup_number("/sys/fs/cgroup/memory.current", "/sys/fs/cgroup/memory/memory.usage_in_bytes", &used)) {
            uint64_t left = used < limit ? limit - used : 0;
            if (left < m.free) m.free = left;
        }
    }
    if (facts_read("/proc/self/status", buf, sizeof buf)) {
        m.rss = fact_kb(buf, "VmRSS:");
        m.peak = fact_kb(buf, "VmHWM:");
    }
    if (!m.peak) {
        struct rusage ru;
        if (!getrusage(RUSAGE_SELF, &ru)) m.peak = (uint64_t)ru.ru_maxrss * 1024;
    }
    return m;
}

bool os_disk_free(const char *path, uint64_t *bytes)
{
    struct statvfs v;
    *bytes = 0;
    if (statvfs(path, &v)) return false;
    *bytes = (uint64_t)v.f_bavail * v.f_frsize;
    return true;
}

void os_host_name(char *out, size_t n)
{
    if (gethostname(out, n) || !out[0]) snprintf(out, n, "unknown");
    out[n - 1] = 0;
}

void os_user_name(char *out, size_t n)
{
    struct passwd row, *found = NULL;
    char buf[4096];
    if (!getpwuid_r(getuid(), &row, buf, sizeof buf, &found) && found && found->pw_name[0])
        snprintf(out, n, "%s", found->pw_name);
    else snprintf(out, n, "uid %lu", (unsigned long)getuid());
}

void os_cpu_name(char *out, size_t n)
{
    char buf[8192], name[160] = "unknown";
    const char *best = "";
    facts_read("/proc/cpuinfo", buf, sizeof buf);
    char *at = strstr(buf, "model name");
    char *colon = at ? strchr(at, ':') : NULL;
    if (colon) {
        size_t k = strcspn(colon + 2, "\n");
        snprintf(name, sizeof name, "%.*s", (int)(k < 150 ? k : 150), colon + 2);
    }
    if (strstr(buf, " avx512f")) best = " (avx512)";
    else if (strstr(buf, " avx2")) best = " (avx2)";
    snprintf(out, n, "%s%s", name, best);
}

bool os_is_terminal(int fd)
{
    return isatty(fd) == 1;
}

unsigned os_terminal_columns(int fd)
{
    struct winsize w;
    return !ioctl(fd, TIOCGWINSZ, &w) && w.ws_col ? w.ws_col : 80;
}

static Err limit(Ctx *cx, int which, uint64_t bytes, const char *what)
{
    struct rlimit r;
    if (getrlimit(which, &r)) return FAIL(cx, ERR_IO, "reading the limit on %s: %s", what, strerror(errno));
    if (bytes > r.rlim_max) bytes = r.rlim_max;
    r.rlim_cur = bytes;
    if (setrlimit(which, &r)) return FAIL(cx, ERR_IO, "setting the limit on %s: %s", what, strerror(errno));
    return OK;
}

/* Sanitizers reserve terabytes of addresses that they never use. */
#if defined(__has_feature)
#define SANITIZED (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer))
#elif defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

Err os_limit_memory(Ctx *cx, uint64_t bytes)
{
    if (SANITIZED) return OK;
    return limit(cx, RLIMIT_AS, bytes, "memory");
}

Err os_limit_file(Ctx *cx, uint64_t bytes)
{
    return limit(cx, RLIMIT_FSIZE, bytes, "the size of a file");
}

/* The one writable global of the program: a signal handler can reach nothing else. */
static volatile sig_atomic_t told_to_stop;

static void on_signal(int number)
{
    (void)number;
    if (told_to_stop) _exit(130);
    told_to_stop = 1;
}

const volatile sig_atomic_t *os_catch_interrupt(void)
{
    struct sigaction act = { .sa_handler = on_signal }, none = { .sa_handler = SIG_IGN };
    sigemptyset(&act.sa_mask);
    const int stops[] = { SIGINT, SIGTERM, SIGHUP };
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        struct sigaction old;
        sigaction(stops[i], NULL, &old);
        if (old.sa_handler != SIG_IGN) sigaction(stops[i], &act, NULL);   /* nohup stays nohup */
    }
    sigaction(SIGPIPE, &none, NULL);
    sigaction(SIGXFSZ, &none, NULL);
    return &told_to_stop;
}

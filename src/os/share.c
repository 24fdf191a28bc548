/* os/share.c -- descriptors, memory shared with children, and locks that die with their holder. */
#include "os/inner.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

Err os_pipe(Ctx *cx, int *read_end, int *write_end)
{
    int fd[2];
    *read_end = *write_end = -1;
    if (pipe2(fd, O_CLOEXEC)) return FAIL(cx, os_errno(errno), "making a pipe: %s", strerror(errno));
    *read_end = fd[0];
    *write_end = fd[1];
    return OK;
}

Err os_fd_read(Ctx *cx, int fd, void *buf, size_t n, size_t *got)
{
    ssize_t k;
    *got = 0;
    do {
        k = read(fd, buf, n);
    } while (k < 0 && errno == EINTR);
    if (k < 0) return FAIL(cx, ERR_IO, "reading from descriptor %d: %s", fd, strerror(errno));
    *got = (size_t)k;
    return OK;
}

Err os_fd_write(Ctx *cx, int fd, const void *buf, size_t n)
{
    for (size_t done = 0; done < n;) {
        ssize_t k = write(fd, (const char *)buf + done, n - done);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0 && errno == EPIPE)
            return FAIL(cx, ERR_IO, "writing to descriptor %d: nobody reads it any more", fd);
        if (k <= 0) return FAIL(cx, ERR_IO, "writing to descriptor %d: %s", fd, strerror(errno));
        done += (size_t)k;
    }
    return OK;
}

void os_fd_close(int *fd)
{
    if (*fd >= 0) (void)close(*fd);
    *fd = -1;
}

Err os_poll(Ctx *cx, const int *fds, size_t n, int timeout_ms, bool *ready)
{
    enum { MOST = OS_FDS_MAX * 64 };
    struct pollfd p[MOST];
    if (n > MOST) return FAIL(cx, ERR_LIMIT, "waiting for %zu descriptors; the most is %d", n, (int)MOST);
    for (size_t i = 0; i < n; i++) {
        p[i] = (struct pollfd){ .fd = fds[i], .events = POLLIN };
        ready[i] = false;
    }
    int k = poll(p, n, timeout_ms);
    if (k < 0 && errno != EINTR) return FAIL(cx, os_errno(errno), "waiting for descriptors: %s", strerror(errno));
    for (size_t i = 0; i < n && k > 0; i++) ready[i] = fds[i] >= 0 && p[i].revents;
    return OK;
}

static Err share_map(Ctx *cx, int fd, size_t n, bool writable, OsShare *out)
{
    if (n) {
        void *at = mmap(NULL, n, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
        if (at == MAP_FAILED)
            return FAIL(cx, os_errno(errno), "mapping %zu bytes of shared memory: %s", n, strerror(errno));
        out->at = at;
    }
    out->fd = fd;
    out->n = n;
    return OK;
}

Err os_share_make(Ctx *cx, const char *name, size_t n, OsShare *out)
{
    *out = (OsShare){ .fd = -1 };
    int fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0) return FAIL(cx, os_errno(errno), "making shared memory '%s': %s", name, strerror(errno));
    Err err = OK;
    if (n > INT64_MAX || ftruncate(fd, (off_t)n))
        err = FAIL(cx, ERR_NOMEM, "making %zu bytes of shared memory '%s'", n, name);
    if (!err) {
        /* Nobody can shrink it under a reader, who would die of SIGBUS. */
        (void)fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW);
        err = share_map(cx, fd, n, true, out);
    }
    if (err) {
        (void)close(fd);
        *out = (OsShare){ .fd = -1 };
    }
    return err;
}

Err os_share_open(Ctx *cx, int fd, bool writable, OsShare *out)
{
    struct stat st;
    *out = (OsShare){ .fd = -1 };
    if (fstat(fd, &st)) return FAIL(cx, ERR_IO, "opening shared memory by descriptor %d: %s", fd, strerror(errno));
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    return share_map(cx, fd, (size_t)st.st_size, writable, out);
}

void os_share_close(OsShare *s)
{
    if (s->at) (void)munmap(s->at, s->n);
    if (s->fd > 0) (void)close(s->fd);
    *s = (OsShare){ .fd = -1 };
}

/* Locks of the open file description: they are not lost when another part of this process closes the same file, and
** F_OFD_GETLK can ask without taking. */
static Err lock_call(Ctx *cx, const char *path, int fd, int call, struct flock *l)
{
    *l = (struct flock){ .l_type = F_WRLCK, .l_whence = SEEK_SET };
    int k;
    do {
        k = fcntl(fd, call, l);
    } while (k < 0 && errno == EINTR);
    if (k < 0 && (errno == EAGAIN || errno == EACCES)) {
        l->l_type = F_RDLCK;                   /* somebody has it */
        return OK;
    }
    if (k < 0) return FAIL(cx, ERR_IO, "locking '%s': %s", path, strerror(errno));
    if (call == F_OFD_SETLK) l->l_type = F_UNLCK;
    return OK;
}

static bool same_file(int fd, const char *path)
{
    struct stat a, b;
    return !fstat(fd, &a) && !stat(path, &b) && a.st_ino == b.st_ino && a.st_dev == b.st_dev;
}

Err os_lock_take(Ctx *cx, const char *path, int *fd)
{
    struct flock l;
    *fd = -1;
    for (;;) {
        int got = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
        if (got < 0) return FAIL(cx, os_errno(errno), "locking '%s': %s", path, strerror(errno));
        Err err = lock_call(cx, path, got, F_OFD_SETLK, &l);
        if (!err && l.l_type == F_UNLCK && same_file(got, path)) {
            *fd = got;
            return OK;
        }
        (void)close(got);
        if (err || l.l_type != F_UNLCK) return err;
        /* The former holder removed the file between our open and our lock: take the new one. */
    }
}

Err os_folder_lock(Ctx *cx, const char *path, bool alone, int *fd)
{
    int bad;
    *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (*fd < 0) return FAIL(cx, os_errno(errno), "locking the folder '%s': %s", path, strerror(errno));
    do {
        bad = flock(*fd, alone ? LOCK_EX : LOCK_SH);
    } while (bad && errno == EINTR);
    if (!bad) return OK;
    Err err = FAIL(cx, ERR_IO, "locking the folder '%s': %s", path, strerror(errno));
    os_fd_close(fd);
    return err;
}

Err os_lock_held(Ctx *cx, const char *path, bool *held)
{
    struct flock l;
    *held = false;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 && os_errno(errno) == ERR_NOT_FOUND) return OK;
    if (fd < 0) return FAIL(cx, os_errno(errno), "looking at the lock '%s': %s", path, strerror(errno));
    Err err = lock_call(cx, path, fd, F_OFD_GETLK, &l);
    *held = !err && l.l_type != F_UNLCK;
    (void)close(fd);
    return err;
}

void os_lock_drop(const char *path, int *fd)
{
    if (*fd < 0) return;
    (void)unlink(path);                        /* first, while nobody else can have it */
    os_fd_close(fd);
}

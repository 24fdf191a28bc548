/* os/os.c -- the World's tables filled with the real machine.
**
** Each function does one system call, restarted when a signal interrupts it,
** and turns errno into one of the few codes that base/world.h promises.
*/
#include "os/inner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* --- memory --- */

static void *mem_get(void *self, size_t n) { (void)self; return malloc(n); }
static void *mem_grow(void *self, void *p, size_t n) { (void)self; return realloc(p, n); }
static void mem_put(void *self, void *p) { (void)self; free(p); }

/* --- files --- */

Err os_errno(int e)
{
    switch (e) {
    case ENOENT: case ENOTDIR: return ERR_NOT_FOUND;
    case EACCES: case EPERM: case EROFS: return ERR_DENIED;
    case ENOMEM: return ERR_NOMEM;
    case EMFILE: case ENFILE: case ENAMETOOLONG: return ERR_LIMIT;
    default: return ERR_IO;
    }
}

/* A file call promises only these three. */
static Err file_err(void)
{
    Err err = os_errno(errno);
    return err == ERR_NOT_FOUND || err == ERR_DENIED ? err : ERR_IO;
}

static Err file_open(void *self, const char *path, FileMode mode, int *fd)
{
    static const int flags[] = {
        [FILE_READ] = O_RDONLY,
        [FILE_CREATE] = O_RDWR | O_CREAT | O_TRUNC,
        [FILE_APPEND] = O_WRONLY | O_CREAT | O_APPEND,
    };
    (void)self;
    do {
        *fd = open(path, flags[mode] | O_CLOEXEC | O_NOCTTY, 0666);
    } while (*fd < 0 && errno == EINTR);
    return *fd < 0 ? file_err() : OK;
}

static Err file_read(void *self, int fd, void *buf, size_t n, size_t *got)
{
    (void)self;
    *got = 0;
    while (*got < n) {
        ssize_t k = read(fd, (char *)buf + *got, n - *got);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return ERR_IO;
        if (k == 0) break;
        *got += (size_t)k;
    }
    return OK;
}

static Err file_read_at(void *self, int fd, uint64_t at, void *buf, size_t n, size_t *got)
{
    (void)self;
    *got = 0;
    while (*got < n) {
        ssize_t k = pread(fd, (char *)buf + *got, n - *got, (off_t)(at + *got));
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return ERR_IO;
        if (k == 0) break;
        *got += (size_t)k;
    }
    return OK;
}

static Err file_write(void *self, int fd, const void *buf, size_t n)
{
    (void)self;
    for (size_t done = 0; done < n;) {
        ssize_t k = write(fd, (const char *)buf + done, n - done);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) return ERR_IO;
        done += (size_t)k;
    }
    return OK;
}

static Err file_sync(void *self, int fd)
{
    (void)self;
    int bad;
    do {
        bad = fsync(fd);
    } while (bad && errno == EINTR);
    return bad ? ERR_IO : OK;
}

static void file_close(void *self, int fd)
{
    (void)self;
    if (fd >= 0) (void)close(fd);
}

static Err file_sync_folder(void *self, const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return file_err();
    Err err = file_sync(self, fd);
    (void)close(fd);
    return err;
}

static Err file_rename(void *self, const char *from, const char *to)
{
    (void)self;
    return rename(from, to) ? file_err() : OK;
}

static Err file_remove(void *self, const char *path)
{
    (void)self;
    return remove(path) ? file_err() : OK;
}

static Err file_look(void *self, const char *path, FileInfo *out)
{
    struct stat st;
    (void)self;
    *out = (FileInfo){ .type = FILE_NONE };
    if (stat(path, &st)) return errno == ENOENT || errno == ENOTDIR ? OK : file_err();
    out->type = S_ISREG(st.st_mode) ? FILE_PLAIN : S_ISDIR(st.st_mode) ? FILE_FOLDER : FILE_OTHER;
    out->size = (uint64_t)st.st_size;
    out->changed_us = (int64_t)st.st_mtim.tv_sec * 1000000 + st.st_mtim.tv_nsec / 1000;
    out->inode = (uint64_t)st.st_ino;
    out->device = (uint64_t)st.st_dev;
    return OK;
}

static Err file_make_folder(void *self, const char *path)
{
    FileInfo info;
    if (!mkdir(path, 0777)) return OK;
    if (errno != EEXIST) return file_err();
    Err err = file_look(self, path, &info);
    return err ? err : info.type == FILE_FOLDER ? OK : ERR_IO;
}

static Err file_list(void *self, const char *path, Err (*each)(void *arg, const char *name), void *arg)
{
    Err err = OK;
    (void)self;
    DIR *dir = opendir(path);
    if (!dir) return file_err();
    for (;;) {
        errno = 0;
        struct dirent *e = readdir(dir);
        if (!e) {
            if (errno) err = ERR_IO;
            break;
        }
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
        if ((err = each(arg, e->d_name))) break;
    }
    closedir(dir);
    return err;
}

static Err file_map(void *self, const char *path, const void **at, size_t *n)
{
    struct stat st;
    Err err = OK;
    (void)self;
    *at = NULL;
    *n = 0;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return file_err();
    if (fstat(fd, &st) || !S_ISREG(st.st_mode)) err = ERR_IO;
    else if (st.st_size > 0) {
        void *p = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        if (p == MAP_FAILED) err = ERR_IO;
        else {
            *at = p;
            *n = (size_t)st.st_size;
        }
    }
    (void)close(fd);
    return err;
}

static void file_unmap(void *self, const void *at, size_t n)
{
    (void)self;
    if (at) (void)munmap((void *)(uintptr_t)at, n);
}

/* --- clock --- */

static int64_t clock_us(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t clock_now(void *self) { (void)self; return clock_us(CLOCK_REALTIME); }
static int64_t clock_mono(void *self) { (void)self; return clock_us(CLOCK_MONOTONIC); }

static const Alloc alloc = { .get = mem_get, .grow = mem_grow, .put = mem_put };
static const Files files = {
    .open = file_open,
    .read = file_read,
    .read_at = file_read_at,
    .write = file_write,
    .sync = file_sync,
    .close = file_close,
    .sync_folder = file_sync_folder,
    .rename = file_rename,
    .remove = file_remove,
    .make_folder = file_make_folder,
    .look = file_look,
    .list = file_list,
    .map = file_map,
    .unmap = file_unmap,
};
static const Clock clock_ = { .now_us = clock_now, .mono_us = clock_mono };
const World os_world = { .alloc = &alloc, .files = &files, .clock = &clock_ };

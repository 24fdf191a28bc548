/* os/os.c -- the World's tables filled with the real machine.
**
** Each function does one system call, restarted when a signal interrupts it,
** and turns errno into one of the few codes that base/world.h promises.
*/
#include "os/inner.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
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

static FileInfo info_of(const struct stat *st)
{
    return (FileInfo){
        .type = S_ISREG(st->st_mode) ? FILE_PLAIN : S_ISDIR(st->st_mode) ? FILE_FOLDER :
                S_ISLNK(st->st_mode) ? FILE_LINK : FILE_OTHER,
        .size = (uint64_t)st->st_size,
        .changed_us = (int64_t)st->st_mtim.tv_sec * 1000000 + st->st_mtim.tv_nsec / 1000,
        .inode = (uint64_t)st->st_ino,
        .device = (uint64_t)st->st_dev,
        .changed_ns = (int64_t)st->st_mtim.tv_sec * 1000000000 + st->st_mtim.tv_nsec,
        .status_ns = (int64_t)st->st_ctim.tv_sec * 1000000000 + st->st_ctim.tv_nsec,
        .executable = (st->st_mode & S_IXUSR) != 0,
    };
}

static Err file_look(void *self, const char *path, FileInfo *out)
{
    struct stat st;
    (void)self;
    *out = (FileInfo){ .type = FILE_NONE };
    if (stat(path, &st)) return errno == ENOENT || errno == ENOTDIR ? OK : file_err();
    *out = info_of(&st);
    return OK;
}

static Err file_look_in(void *self, int folder, const char *path, FileInfo *out)
{
    struct stat st;
    (void)self;
    *out = (FileInfo){ .type = FILE_NONE };
    if (fstatat(folder, path, &st, AT_SYMLINK_NOFOLLOW | (*path ? 0 : AT_EMPTY_PATH)))
        return errno == ENOENT || errno == ENOTDIR ? OK : file_err();
    *out = info_of(&st);
    return OK;
}

static Err file_look_open(void *self, int fd, FileInfo *out)
{
    struct stat st;
    (void)self;
    *out = (FileInfo){ .type = FILE_NONE };
    if (fstat(fd, &st)) return file_err();
    *out = info_of(&st);
    return OK;
}

static Err file_open_folder(void *self, const char *path, int *folder)
{
    (void)self;
    do {
        *folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    } while (*folder < 0 && errno == EINTR);
    return *folder < 0 ? file_err() : OK;
}

/* Below the folder and through no link; kernels before 5.6 guard only the last part of the path. */
static int open_below(int folder, const char *path, int flags)
{
    struct open_how how = { .flags = (uint64_t)(flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK),
                            .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS };
    long fd;
    do {
        fd = syscall(SYS_openat2, folder, path, &how, sizeof how);
    } while (fd < 0 && errno == EINTR);
    if (fd < 0 && errno == ENOSYS) fd = openat(folder, path, flags | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | O_NOFOLLOW);
    return (int)fd;
}

static Err file_open_in(void *self, int folder, const char *path, int *fd)
{
    (void)self;
    *fd = open_below(folder, path, O_RDONLY);
    return *fd < 0 ? file_err() : OK;
}

static Err file_read_link(void *self, int folder, const char *path, char *buf, size_t n, size_t *got)
{
    (void)self;
    ssize_t k = readlinkat(folder, path, buf, n);
    *got = k < 0 ? 0 : (size_t)k;
    return k < 0 ? file_err() : OK;
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

static Err file_list_in(void *self, int folder, const char *path,
                        Err (*each)(void *arg, const char *name, FileType type), void *arg)
{
    Err err = OK;
    (void)self;
    int fd = open_below(folder, *path ? path : ".", O_RDONLY | O_DIRECTORY);
    if (fd < 0) return file_err();
    DIR *dir = fdopendir(fd);
    if (!dir) {
        (void)close(fd);
        return ERR_IO;
    }
    for (;;) {
        errno = 0;
        struct dirent *e = readdir(dir);
        if (!e) {
            if (errno) err = ERR_IO;
            break;
        }
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
        FileType type = e->d_type == DT_REG ? FILE_PLAIN : e->d_type == DT_DIR ? FILE_FOLDER :
                        e->d_type == DT_LNK ? FILE_LINK : e->d_type == DT_UNKNOWN ? FILE_NONE : FILE_OTHER;
        if ((err = each(arg, e->d_name, type))) break;
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
    .open_folder = file_open_folder,
    .look_in = file_look_in,
    .open_in = file_open_in,
    .look_open = file_look_open,
    .list_in = file_list_in,
    .read_link = file_read_link,
};
static const Clock clock_ = { .now_us = clock_now, .mono_us = clock_mono };
const World os_world = { .alloc = &alloc, .files = &files, .clock = &clock_ };

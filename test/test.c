/* test/test.c -- the failing world, its sweep, and small helpers. */
#include "test/test.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SWEEP_MAX 100000       /* more faults than this: the body asks for too much to be swept */

static bool refuse(long n, long at, bool once)
{
    return at && (once ? n == at : n >= at);
}

static void *rig_get(void *self, size_t n)
{
    Rig *r = self;
    if (refuse(++r->mem_n, r->mem_at, r->once)) return NULL;
    void *p = malloc(n);
    if (p) {
        memset(p, 0xa5, n);                    /* what is not cleared must not look clean */
        r->held++;
    }
    return p;
}

static void *rig_grow(void *self, void *p, size_t n)
{
    Rig *r = self;
    if (!p) return rig_get(self, n);
    if (refuse(++r->mem_n, r->mem_at, r->once)) return NULL;
    return realloc(p, n);
}

static void rig_put(void *self, void *p)
{
    if (p) ((Rig *)self)->held--;
    free(p);
}

static bool no(Rig *r)
{
    return refuse(++r->file_n, r->file_at, r->once);
}

#define REAL (os_world.files)

static Err rig_open(void *self, const char *path, FileMode mode, int *fd)
{
    Rig *r = self;
    *fd = -1;
    return no(r) ? r->file_err : REAL->open(NULL, path, mode, fd);
}

static Err rig_read(void *self, int fd, void *buf, size_t n, size_t *got)
{
    *got = 0;
    return no(self) ? ERR_IO : REAL->read(NULL, fd, buf, n, got);
}

static Err rig_read_at(void *self, int fd, uint64_t at, void *buf, size_t n, size_t *got)
{
    *got = 0;
    return no(self) ? ERR_IO : REAL->read_at(NULL, fd, at, buf, n, got);
}

static Err rig_write(void *self, int fd, const void *buf, size_t n)
{
    if (!no(self)) return REAL->write(NULL, fd, buf, n);
    (void)!REAL->write(NULL, fd, buf, n / 2);  /* a full disk takes a part */
    return ERR_IO;
}

static Err rig_sync(void *self, int fd)
{
    return no(self) ? ERR_IO : REAL->sync(NULL, fd);
}

static void rig_close(void *self, int fd)
{
    (void)self;
    REAL->close(NULL, fd);
}

static Err rig_sync_folder(void *self, const char *path)
{
    Rig *r = self;
    return no(r) ? r->file_err : REAL->sync_folder(NULL, path);
}

static Err rig_rename(void *self, const char *from, const char *to)
{
    Rig *r = self;
    return no(r) ? r->file_err : REAL->rename(NULL, from, to);
}

static Err rig_remove(void *self, const char *path)
{
    Rig *r = self;
    return no(r) ? r->file_err : REAL->remove(NULL, path);
}

static Err rig_make_folder(void *self, const char *path)
{
    Rig *r = self;
    return no(r) ? r->file_err : REAL->make_folder(NULL, path);
}

static Err rig_look(void *self, const char *path, FileInfo *out)
{
    Rig *r = self;
    *out = (FileInfo){ .type = FILE_NONE };
    return no(r) ? r->file_err : REAL->look(NULL, path, out);
}

static Err rig_list(void *self, const char *path, Err (*each)(void *arg, const char *name), void *arg)
{
    Rig *r = self;
    return no(r) ? r->file_err : REAL->list(NULL, path, each, arg);
}

static Err rig_map(void *self, const char *path, const void **at, size_t *n)
{
    Rig *r = self;
    *at = NULL;
    *n = 0;
    return no(r) ? r->file_err : REAL->map(NULL, path, at, n);
}

static void rig_unmap(void *self, const void *at, size_t n)
{
    (void)self;
    REAL->unmap(NULL, at, n);
}

static Err rig_open_folder(void *self, const char *path, int *folder)
{
    Rig *r = self;
    *folder = -1;
    return no(r) ? r->file_err : REAL->open_folder(NULL, path, folder);
}

static Err rig_look_in(void *self, int folder, const char *path, FileInfo *out)
{
    Rig *r = self;
    *out = (FileInfo){ .type = FILE_NONE };
    return no(r) ? r->file_err : REAL->look_in(NULL, folder, path, out);
}

static Err rig_open_in(void *self, int folder, const char *path, int *fd)
{
    Rig *r = self;
    *fd = -1;
    return no(r) ? r->file_err : REAL->open_in(NULL, folder, path, fd);
}

static Err rig_look_open(void *self, int fd, FileInfo *out)
{
    Rig *r = self;
    *out = (FileInfo){ .type = FILE_NONE };
    return no(r) ? r->file_err : REAL->look_open(NULL, fd, out);
}

static Err rig_list_in(void *self, int folder, const char *path,
                       Err (*each)(void *arg, const char *name, FileType type), void *arg)
{
    Rig *r = self;
    return no(r) ? r->file_err : REAL->list_in(NULL, folder, path, each, arg);
}

static Err rig_read_link(void *self, int folder, const char *path, char *buf, size_t n, size_t *got)
{
    Rig *r = self;
    *got = 0;
    return no(r) ? r->file_err : REAL->read_link(NULL, folder, path, buf, n, got);
}

static int64_t rig_now(void *self)
{
    Rig *r = self;
    r->mono_us += r->tick_us;
    return r->now_us += r->tick_us;
}

static int64_t rig_mono(void *self)
{
    Rig *r = self;
    r->now_us += r->tick_us;
    return r->mono_us += r->tick_us;
}

void rig_init(Rig *r, long mem_at, long file_at, bool once)
{
    *r = (Rig){
        .mem_at = mem_at, .file_at = file_at, .once = once, .file_err = ERR_IO,
        .now_us = INT64_C(1700000000000000), .mono_us = 1000000, .tick_us = 1,
        .alloc = { .get = rig_get, .grow = rig_grow, .put = rig_put, .self = r },
        .files = {
            .open = rig_open, .read = rig_read, .read_at = rig_read_at, .write = rig_write, .sync = rig_sync, .close = rig_close,
            .sync_folder = rig_sync_folder, .rename = rig_rename, .remove = rig_remove,
            .make_folder = rig_make_folder, .look = rig_look, .list = rig_list, .map = rig_map, .unmap = rig_unmap,
            .open_folder = rig_open_folder, .look_in = rig_look_in, .open_in = rig_open_in,
            .look_open = rig_look_open, .list_in = rig_list_in, .read_link = rig_read_link,
            .self = r,
        },
        .clock = { .now_us = rig_now, .mono_us = rig_mono, .self = r },
    };
    r->world = (World){ .alloc = &r->alloc, .files = &r->files, .clock = &r->clock };
}

Ctx test_ctx(void)
{
    return (Ctx){ .world = &os_world, .seed = 7 };
}

Ctx rig_ctx(Rig *r)
{
    return (Ctx){ .world = &r->world, .seed = 7 };
}

/* One try; true when it got through without meeting its fault. */
static bool sweep_try(Err (*body)(Ctx *cx, void *arg), void *arg, bool files, bool once, long k, Err expect,
                      bool or_ok)
{
    const char *what = files ? "file call" : "memory request", *how = once ? "once" : "for good";
    Rig r;
    rig_init(&r, files ? 0 : k, files ? k : 0, once);
    Ctx cx = rig_ctx(&r);
    Err err = body(&cx, arg);
    ctx_clear(&cx);
    if (r.held != 0) fail_msg("%s %ld refused %s: %ld pieces of memory were not given back", what, k, how, r.held);
    if ((files ? r.file_n : r.mem_n) < k) {
        if (err) fail_msg("nothing was refused, yet: %s: %s", err_text(err), cx.text);
        return true;
    }
    if (err == OK && or_ok) return false;
    if (err != expect) {
        fail_msg("%s %ld refused %s gave '%s' where '%s' was expected (%s)", what, k, how, err_text(err),
                 err_text(expect), cx.text);
    }
    if (!cx.text[0]) fail_msg("%s %ld refused %s: no words say what failed", what, k, how);
    return false;
}

static void sweep(Err (*body)(Ctx *cx, void *arg), void *arg, Err expect_mem, Err expect_file, bool or_ok)
{
    for (int files = 0; files < 2; files++) {
        for (int once = 0; once < 2; once++) {
            long k = 1;
            while (!sweep_try(body, arg, files, once, k, files ? expect_file : expect_mem, or_ok)) {
                if (++k > SWEEP_MAX) fail_msg("still failing after %d faults", SWEEP_MAX);
            }
        }
    }
}

void rig_sweep(Err (*body)(Ctx *cx, void *arg), void *arg, Err expect_mem, Err expect_file)
{
    sweep(body, arg, expect_mem, expect_file, false);
}

void rig_sweep_or_ok(Err (*body)(Ctx *cx, void *arg), void *arg, Err expect_mem, Err expect_file)
{
    sweep(body, arg, expect_mem, expect_file, true);
}

void expect_failure(Ctx *cx, Err err, Err want, const char *words)
{
    if (err != want)
        fail_msg("got '%s' (%s) where '%s' was expected", err_text(err), err ? cx->text : "", err_text(want));
    if (!cx->text[0]) fail_msg("'%s' came without words", err_text(want));
    if (words && !strstr(cx->text, words)) fail_msg("'%s' does not say '%s'", cx->text, words);
    cx->text[0] = 0;
}

void expect_ok(Ctx *cx, Err err)
{
    if (err) fail_msg("%s: %s", err_text(err), cx->text);
}

void test_write(const char *path, const void *bytes, size_t n)
{
    int fd = -1;
    assert_int_equal(REAL->open(NULL, path, FILE_CREATE, &fd), OK);
    assert_int_equal(REAL->write(NULL, fd, bytes, n), OK);
    REAL->close(NULL, fd);
}

void test_flip(const char *path, long at)
{
    (void)chmod(path, 0644);
    FILE *f = fopen(path, "r+b");
    assert_non_null(f);
    assert_int_equal(fseek(f, at, at < 0 ? SEEK_END : SEEK_SET), 0);
    long here = ftell(f);
    int c = fgetc(f);
    assert_int_not_equal(c, EOF);
    assert_int_equal(fseek(f, here, SEEK_SET), 0);
    assert_int_equal(fputc(c ^ 1, f), c ^ 1);
    assert_int_equal(fclose(f), 0);
}

bool test_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* Files at and below path, removed too if so wished. */
static size_t walk(const char *path, bool remove_too)
{
    size_t n = 0;
    struct stat st;
    if (lstat(path, &st)) return 0;
    if (!S_ISDIR(st.st_mode)) {
        if (remove_too) assert_int_equal(unlink(path), 0);
        return 1;
    }
    DIR *dir = opendir(path);
    assert_non_null(dir);
    for (struct dirent *e; (e = readdir(dir));) {
        char below[OS_PATH_MAX];
        if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, "..")) continue;
        snprintf(below, sizeof below, "%s/%s", path, e->d_name);
        n += walk(below, remove_too);
    }
    closedir(dir);
    if (remove_too) assert_int_equal(rmdir(path), 0);
    return n;
}

void test_remove_tree(const char *path)
{
    (void)walk(path, true);
}

size_t test_count(const char *folder)
{
    return walk(folder, false);
}

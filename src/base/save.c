/* base/save.c -- write beside, sync, rename, sync the folder. */
#include "base/save.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void folder_of(const char *path, char *out)
{
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    if (!slash) memcpy(out, ".", 2);
    else if (!n) memcpy(out, "/", 2);
    else {
        memcpy(out, path, n);
        out[n] = 0;
    }
}

/* A pipe, a terminal or /dev/null is written into: putting a file in its place would take it from everybody. */
static Err write_into(Ctx *cx, const char *path, const void *data, size_t n)
{
    const Files *f = cx->world->files;
    int fd = -1;
    Err err = f->open(f->self, path, FILE_APPEND, &fd);
    if (!err) {
        err = f->write(f->self, fd, data, n);
        f->close(f->self, fd);
    }
    return err ? FAIL(cx, err, "writing into '%s'", path) : OK;
}

Err save_whole(Ctx *cx, const char *path, const void *data, size_t n)
{
    char fresh[SAVE_PATH_MAX + 32], folder[SAVE_PATH_MAX];
    const Files *f = cx->world->files;
    FileInfo info;
    int fd = -1;
    if (strlen(path) >= SAVE_PATH_MAX)
        return FAIL(cx, ERR_LIMIT, "saving '%.60s…': the path is longer than %d bytes", path, SAVE_PATH_MAX - 1);
    Err err = f->look(f->self, path, &info);
    if (err) return FAIL(cx, err, "saving '%s'", path);
    if (info.type == FILE_FOLDER) return FAIL(cx, ERR_BAD_INPUT, "saving '%s': it is a folder, not a file", path);
    if (info.type == FILE_OTHER) return write_into(cx, path, data, n);
    snprintf(fresh, sizeof fresh, "%s.%ld.new", path, (long)getpid());
    folder_of(path, folder);

    err = f->open(f->self, fresh, FILE_CREATE, &fd);       /* beside, not over */
    if (err) return FAIL(cx, err, "saving '%s': its folder cannot be written to", path);
    err = f->write(f->self, fd, data, n);
    if (!err) err = f->sync(f->self, fd);                  /* bytes before the name */
    f->close(f->self, fd);
    if (!err) err = f->rename(f->self, fresh, path);
    if (err) (void)f->remove(f->self, fresh);
    if (!err) err = f->sync_folder(f->self, folder);       /* the name before we say OK */
    if (err) return FAIL(cx, err, "saving '%s'", path);
    return OK;
}

Err save_read(Ctx *cx, const char *path, size_t max, char **data, size_t *n)
{
    const Files *f = cx->world->files;
    FileInfo info;
    char *buf = NULL;
    int fd = -1;
    *data = NULL;
    *n = 0;
    Err err = f->look(f->self, path, &info);
    if (err) return FAIL(cx, err, "reading '%s'", path);
    if (info.type == FILE_NONE) return FAIL(cx, ERR_NOT_FOUND, "no file '%s'", path);
    if (info.type == FILE_FOLDER) return FAIL(cx, ERR_BAD_INPUT, "'%s' is a folder, not a file", path);
    if (info.size > max) return FAIL(cx, ERR_LIMIT, "'%s' is %llu bytes; the most is %zu", path, (unsigned long long)info.size, max);
    err = f->open(f->self, path, FILE_READ, &fd);
    if (err) return FAIL(cx, err, "reading '%s'", path);
    buf = ctx_get(cx, (size_t)info.size + 1);
    if (!buf) err = FAIL(cx, ERR_NOMEM, "reading '%s': %llu bytes", path, (unsigned long long)info.size);
    else if ((err = f->read(f->self, fd, buf, (size_t)info.size, n))) err = FAIL(cx, err, "reading '%s'", path);
    f->close(f->self, fd);
    if (err) {
        ctx_put(cx, buf);
        *n = 0;
        return err;
    }
    buf[*n] = 0;
    *data = buf;
    return OK;
}

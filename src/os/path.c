/* os/path.c -- where the program, its libraries and its working folder lie. */
#include "os/inner.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Err os_exe_path(Ctx *cx, char path[OS_PATH_MAX])
{
    ssize_t n = readlink("/proc/self/exe", path, OS_PATH_MAX);
    path[n > 0 && n < OS_PATH_MAX ? n : 0] = 0;
    if (n < 0)
        return FAIL(cx, ERR_IO, "finding this program: /proc/self/exe cannot be read (%s)", strerror(errno));
    if (n >= OS_PATH_MAX)
        return FAIL(cx, ERR_LIMIT, "finding this program: its path is longer than %d bytes", OS_PATH_MAX - 1);
    return OK;
}

Err os_exe_folder(Ctx *cx, char path[OS_PATH_MAX])
{
    TRY(cx, os_exe_path(cx, path));
    char *slash = strrchr(path, '/');
    if (slash == path) path[1] = 0;
    else if (slash) *slash = 0;
    return OK;
}

static bool is_there(const char *folder, const char *middle, const char *name, char path[OS_PATH_MAX])
{
    int n = snprintf(path, OS_PATH_MAX, "%s%s/%s", folder, middle, name);
    return n > 0 && n < OS_PATH_MAX && access(path, R_OK) == 0;
}

Err os_lib_path(Ctx *cx, const char *name, char path[OS_PATH_MAX])
{
    char exe[OS_PATH_MAX];
    const char *asked = getenv("LEAT_LIB");
    if (asked && *asked && is_there(asked, "", name, path)) return OK;
    TRY(cx, os_exe_folder(cx, exe));
    if (is_there(exe, "/lib", name, path) || is_there(exe, "/../lib", name, path)) return OK;
    path[0] = 0;
    return FAIL(cx, ERR_NOT_FOUND, "'%s' is neither in '%s/lib' nor in '%s/../lib'; "
                "run scripts/bootstrap, or set LEAT_LIB to the folder that holds it", name, exe, exe);
}

Err os_dlopen(Ctx *cx, const char *name, void **lib)
{
    char path[OS_PATH_MAX];
    *lib = NULL;
    TRY(cx, os_lib_path(cx, name, path));
    *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!*lib) return FAIL(cx, ERR_CORRUPT, "opening the library '%s': %s", path, dlerror());
    return OK;
}

Err os_symbol(Ctx *cx, void *lib, const char *name, const char *symbol, void **out)
{
    *out = dlsym(lib, symbol);
    if (!*out) return FAIL(cx, ERR_NOT_FOUND, "the library '%s' has no function '%s'; "
                           "it is not the version that scripts/bootstrap brings", name, symbol);
    return OK;
}

Err os_cwd(Ctx *cx, char path[OS_PATH_MAX])
{
    if (getcwd(path, OS_PATH_MAX)) return OK;
    path[0] = 0;
    if (errno == ERANGE)
        return FAIL(cx, ERR_LIMIT, "the working folder's path is longer than %d bytes", OS_PATH_MAX - 1);
    return FAIL(cx, os_errno(errno), "the working folder cannot be found (%s)", strerror(errno));
}

Err os_real_path(Ctx *cx, const char *path, char out[OS_PATH_MAX])
{
    char full[PATH_MAX];
    out[0] = 0;
    if (!realpath(path, full)) {
        Err err = os_errno(errno);
        if (err == ERR_NOT_FOUND) return FAIL(cx, err, "no file or folder '%s'", path);
        return FAIL(cx, err, "finding '%s': %s", path, strerror(errno));
    }
    if (strlen(full) >= OS_PATH_MAX) return FAIL(cx, ERR_LIMIT, "the path '%.60s…' is too long", full);
    memcpy(out, full, strlen(full) + 1);
    return OK;
}

Err os_chdir(Ctx *cx, const char *path)
{
    if (!chdir(path)) return OK;
    Err err = os_errno(errno);
    if (err == ERR_NOT_FOUND) return FAIL(cx, err, "no folder '%s'", path);
    return FAIL(cx, err, "going to the folder '%s': %s", path, strerror(errno));
}

static bool in_group(gid_t group)
{
    enum { GROUPS_MAX = 1024 };
    gid_t have[GROUPS_MAX];
    int n = getgroups(GROUPS_MAX, have);
    for (int i = 0; i < n; i++) {
        if (have[i] == group) return true;
    }
    return getegid() == group;
}

bool os_folder_trusted(const char *path)
{
    struct stat st;
    if (stat(path, &st)) return true;
    if (st.st_mode & S_IWOTH) return false;
    uid_t me = geteuid();
    if (st.st_uid == me || st.st_uid == 0 || me == 0) return true;
    return (st.st_mode & S_IWGRP) && in_group(st.st_gid);
}

void os_make_private(const char *path)
{
    (void)chmod(path, 0700);
}

void os_make_read_only(const char *path)
{
    (void)chmod(path, 0444);
}

void os_touch(const char *path)
{
    (void)utimensat(AT_FDCWD, path, NULL, 0);
}

void os_make_executable(const char *path)
{
    struct stat st;
    if (!stat(path, &st)) (void)chmod(path, (st.st_mode & 07777) | ((st.st_mode & 0444) >> 2));
}

Err os_link(Ctx *cx, const char *from, const char *path)
{
    if (!link(from, path)) return OK;
    return FAIL(cx, errno == EEXIST ? ERR_REFUSED : ERR_IO, "giving '%s' a second name '%s': %s", from, path, strerror(errno));
}

Err os_symlink(Ctx *cx, const char *target, const char *path)
{
    if (!symlink(target, path)) return OK;
    return FAIL(cx, errno == EEXIST ? ERR_REFUSED : os_errno(errno), "making the link '%s'", path);
}

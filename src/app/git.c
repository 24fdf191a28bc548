/* app/git.c -- which commit the code was at, for the record of a run.
**
** One `git status` says commit and whether tracked files changed.  Where Git or
** a repository is missing, or Git is slow, the record simply lacks it.
*/
#include "app/inner.h"

#include "os/os.h"

#include <string.h>

#define GIT_WAIT_US  500000 /* of a budget that people gave for modelling */
#define GIT_TEXT_MAX 65536

/* "https://me:secret@host/x" without "me:secret@": an address goes into the ledger for good. */
static void without_secrets(const char *address, char *out, size_t n)
{
    const char *scheme = strstr(address, "://"), *at = scheme ? strchr(scheme + 3, '@') : NULL;
    const char *slash = scheme ? strchr(scheme + 3, '/') : NULL;
    if (at && (!slash || at < slash)) snprintf(out, n, "%.*s%s", (int)(scheme + 3 - address), address, at + 1);
    else snprintf(out, n, "%s", address);
    out[strcspn(out, "\r\n")] = 0;
}

static bool in_repository(Ctx *cx)
{
    const Files *f = cx->world->files;
    char folder[OS_PATH_MAX], git[OS_PATH_MAX + 8];
    FileInfo info;
    if (os_cwd(cx, folder)) return false;
    for (size_t n = strlen(folder); n; n = (size_t)(strrchr(folder, '/') - folder)) {
        folder[n] = 0;
        snprintf(git, sizeof git, "%s/.git", folder);
        if (!f->look(f->self, git, &info) && info.type != FILE_NONE) return true;
    }
    return false;
}

void git_look(Ctx *cx, GitState *out)
{
    static const char *const status[] = { "git", "status", "--porcelain=v2", "--branch", "--untracked-files=no",
                                          NULL };
    static const char *const remote[] = { "git", "config", "--get", "remote.origin.url", NULL };
    Ctx aside;
    Text said;
    int ended = 1;
    *out = (GitState){ 0 };
    ctx_child(cx, &aside);
    aside.deadline_us = ctx_mono_us(cx) + GIT_WAIT_US;
    text_init(&said, &aside);
    if (in_repository(&aside) && !os_run(&aside, NULL, status, GIT_TEXT_MAX, &said, &ended) && !ended && said.at) {
        const char *oid = strstr(said.at, "# branch.oid ");
        if (oid) snprintf(out->commit, sizeof out->commit, "%.*s", (int)strcspn(oid + 13, "\r\n"), oid + 13);
        for (const char *at = said.at; at && *at; at = strchr(at, '\n')) {
            if (*at == '\n') at++;
            out->dirty |= *at && *at != '#';
        }
        text_clear(&said);
        if (!os_run(&aside, NULL, remote, sizeof out->remote - 1, &said, &ended) && !ended && said.at)
            without_secrets(said.at, out->remote, sizeof out->remote);
    }
    text_clear(&said);
    ctx_clear(&aside);
}

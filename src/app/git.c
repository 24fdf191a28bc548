/* app/git.c -- which commit the code was at, and what differed from it, for the record of a run.
**
** One `git status` says commit, changed and untracked files; one `git diff` says what
** changed.  Where Git or a repository is missing, or Git is slow, the record simply lacks it.
*/
#include "app/inner.h"

#include "base/secret.h"
#include "os/os.h"

#include <string.h>

#define GIT_TEXT_MAX ((size_t)1 << 20)
#define GIT_DIFF_MAX ((size_t)16 << 20)
#define GIT_LISTED_MAX 1000        /* untracked files that are named */

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

/* "https://me:secret@host/x" without "me:secret": an address goes into the ledger for good. */
static void take_remote(Ctx *aside, const char *said, char *out, size_t n)
{
    Text clean;
    text_init(&clean, aside);
    if (!secret_scrub(aside, NULL, said, strcspn(said, "\r\n"), &clean, NULL) && clean.at) {
        const char *mask = strstr(clean.at, "://" SECRET_MASK "@");
        size_t skip = mask ? strlen(SECRET_MASK) + 1 : 0;
        if (mask) snprintf(out, n, "%.*s%s", (int)(mask + 3 - clean.at), clean.at, mask + 3 + skip);
        else snprintf(out, n, "%s", clean.at);
    }
    text_clear(&clean);
}

/* Lines of `git status --porcelain=v2`: what is changed, what is untracked. */
static void take_status(const char *said, GitState *out, Text *untracked)
{
    size_t listed = 0;
    const char *oid = strstr(said, "# branch.oid "), *head = strstr(said, "# branch.head ");
    if (oid) snprintf(out->commit, sizeof out->commit, "%.*s", (int)strcspn(oid + 13, "\r\n"), oid + 13);
    if (head) snprintf(out->branch, sizeof out->branch, "%.*s", (int)strcspn(head + 14, "\r\n"), head + 14);
    for (const char *at = said; at && *at; at = strchr(at, '\n')) {
        if (*at == '\n') at++;
        if (!*at || *at == '#') continue;
        size_t n = strcspn(at, "\r\n");        /* leat.lock moves with every act of ours: that is no change of the code */
        if (n > 10 && !memcmp(at + n - 9, "leat.lock", 9) && (at[n - 10] == ' ' || at[n - 10] == '/')) continue;
        if (*at != '?') out->dirty = true;
        else if (untracked && listed++ < GIT_LISTED_MAX) {
            text_bytes(untracked, at + 2, strcspn(at + 2, "\r\n"));
            text_char(untracked, '\n');
        }
    }
    if (untracked && listed > GIT_LISTED_MAX) text_fmt(untracked, "and %zu more\n", listed - GIT_LISTED_MAX);
}

void git_look(Ctx *cx, int64_t wait_us, GitState *out, const Secrets *known, Text *diff, Text *untracked)
{
    static const char *const status[] = { "git", "status", "--porcelain=v2", "--branch", "--untracked-files=normal", NULL };
    static const char *const status_quick[] = { "git", "status", "--porcelain=v2", "--branch", "--untracked-files=no", NULL };
    static const char *const remote[] = { "git", "config", "--get", "remote.origin.url", NULL };
    static const char *const changes[] = { "git", "diff", "HEAD", "--no-color", "--no-ext-diff", NULL };
    Ctx aside;
    Text said;
    int ended = 1;
    *out = (GitState){ 0 };
    ctx_child(cx, &aside);
    aside.deadline_us = ctx_mono_us(cx) + wait_us;
    text_init(&said, &aside);
    if (!in_repository(&aside)) goto done;
    if (os_run(&aside, NULL, untracked ? status : status_quick, GIT_TEXT_MAX, &said, &ended) || ended || !said.at) goto done;
    take_status(said.at, out, untracked);
    text_clear(&said);
    if (!os_run(&aside, NULL, remote, sizeof out->remote - 1, &said, &ended) && !ended && said.at)
        take_remote(&aside, said.at, out->remote, sizeof out->remote);
    text_clear(&said);
    if (diff && out->dirty) {
        Err err = os_run(&aside, NULL, changes, GIT_DIFF_MAX, &said, &ended);
        if (!err && !ended && said.n) err = secret_scrub(&aside, known, said.at, said.n, diff, NULL);
        if (err == ERR_LIMIT) text_fmt(diff, "the changes are larger than %zu bytes and are not kept\n", GIT_DIFF_MAX);
        else if (err) text_clear(diff);
    }
done:
    text_clear(&said);
    ctx_clear(&aside);
}

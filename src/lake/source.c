/* lake/source.c -- what a person names as the source of a version, as files on this machine.
**
** A folder given alone is the version itself; a file keeps its name; several files and folders keep their places below the
** deepest folder they have in common.  A word with * ? [ that names no file stands for the files that fit it.
*/
#include "lake/inner.h"

#include "os/os.h"

#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define SOURCES_TOLD 100           /* in the event; the rest is counted */

/* --- secrets in addresses --- */

static bool secret_word(const char *name, size_t n)
{
    static const char *const words[] = { "password", "passwd", "pwd", "secret", "token", "key", "sig", "signature", "credential",
                                         "auth", "apikey", "session" };
    for (size_t w = 0; w < sizeof words / sizeof *words; w++) {
        size_t len = strlen(words[w]);
        for (size_t i = 0; i + len <= n; i++)
            if (!strncasecmp(name + i, words[w], len)) return true;
    }
    return false;
}

/* name=value pairs with `between`: values of secret names become ***. */
static void hide_pairs(Text *t, const char *s, char between)
{
    while (*s) {
        size_t n = 0, eq = 0;
        while (s[n] && s[n] != between && s[n] != '#') n++;
        while (eq < n && s[eq] != '=') eq++;
        if (eq < n && secret_word(s, eq)) {
            text_bytes(t, s, eq + 1);
            text_put(t, "***");
        } else text_bytes(t, s, n);
        s += n;
        if (*s) text_char(t, *s++);
    }
}

Err lake_safe_address(Ctx *cx, const char *address, char **out)
{
    Text t;
    text_init(&t, cx);
    const char *scheme = strstr(address, "://"), *rest = scheme ? scheme + 3 : address;
    if (scheme) {
        size_t host = strcspn(rest, "/?#");
        const char *at = NULL;
        for (size_t i = 0; i < host; i++)
            if (rest[i] == '@') at = rest + i;                     /* the last one: a password may hold others */
        text_bytes(&t, address, (size_t)(rest - address));
        if (at) {
            size_t user = strcspn(rest, ":@");
            text_bytes(&t, rest, user);
            if (rest[user] == ':') text_put(&t, ":***");
            rest = at;
        }
        size_t to_query = strcspn(rest, "?");
        text_bytes(&t, rest, to_query);
        rest += to_query;
        if (*rest) {
            text_char(&t, *rest++);
            hide_pairs(&t, rest, '&');
        }
    } else if (strstr(address, "password=") || strstr(address, "PWD=")) hide_pairs(&t, address, ' ');
    else text_put(&t, address);
    Err err = text_err(&t);
    *out = err ? NULL : ctx_scratch_text(cx, t.at ? t.at : "");
    text_clear(&t);
    return *out ? OK : FAIL(cx, ERR_NOMEM, "reading an address");
}

/* --- files, folders, globs --- */

typedef struct Local { char **path; size_t n, cap; } Local;

static Err local_add(Ctx *cx, Local *l, const char *path)
{
    if (l->n == LAKE_SOURCES_MAX)
        return FAIL(cx, ERR_LIMIT, "more than %d sources at once; add the folder they are in", LAKE_SOURCES_MAX);
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 16;
        char **more = ctx_grow(cx, l->path, cap, sizeof *more);
        if (!more) return FAIL(cx, ERR_NOMEM, "reading %zu sources", cap);
        l->path = more;
        l->cap = cap;
    }
    l->path[l->n] = ctx_scratch_text(cx, path);
    if (!l->path[l->n]) return FAIL(cx, ERR_NOMEM, "reading %zu sources", l->n);
    l->n++;
    return OK;
}

static Err local_glob(Ctx *cx, Local *l, const char *pattern)
{
    glob_t g = { 0 };
    int bad = glob(pattern, 0, NULL, &g);
    Err err = OK;
    if (bad == GLOB_NOSPACE) err = FAIL(cx, ERR_NOMEM, "looking for '%s'", pattern);
    else if (bad == GLOB_ABORTED) err = FAIL(cx, ERR_DENIED, "looking for '%s'", pattern);
    else if (bad || !g.gl_pathc) err = FAIL(cx, ERR_NOT_FOUND, "no file fits '%s'", pattern);
    for (size_t i = 0; i < g.gl_pathc && !err; i++) err = local_add(cx, l, g.gl_pathv[i]);
    globfree(&g);
    return err;
}

/* An absolute path without . .. and double slashes, links as they are. */
static Err plain_path(Ctx *cx, const char *path, char **out)
{
    char cwd[OS_PATH_MAX];
    TRY(cx, os_cwd(cx, cwd));
    size_t cap = strlen(cwd) + strlen(path) + 3, n = 0;
    char *at = ctx_scratch(cx, cap), *in = ctx_scratch_fmt(cx, "%s/%s", *path == '/' ? "" : cwd, path);
    if (!at || !in) return FAIL(cx, ERR_NOMEM, "reading '%s'", path);
    for (char *p = in; *p;) {
        while (*p == '/') p++;
        size_t part = strcspn(p, "/");
        if (part == 2 && !memcmp(p, "..", 2)) {
            while (n && at[--n] != '/') { }
        } else if (part && !(part == 1 && *p == '.')) {
            at[n++] = '/';
            memcpy(at + n, p, part);
            n += part;
        }
        p += part;
    }
    at[n] = 0;
    *out = at;
    return OK;
}

/* Give each its place below the deepest folder that all share. */
static Err give_places(Ctx *cx, const Local *l, LakeRoot *root)
{
    size_t common = 0;
    char **full = ctx_scratch(cx, l->n * sizeof *full);
    if (!full) return FAIL(cx, ERR_NOMEM, "reading %zu sources", l->n);
    for (size_t i = 0; i < l->n; i++) {
        TRY(cx, plain_path(cx, l->path[i], &full[i]));
        char *slash = strrchr(full[i], '/');
        size_t n = slash ? (size_t)(slash - full[i]) + 1 : 0;      /* the folder it is in, with its slash */
        if (!i) common = n;
        size_t same = 0;
        while (same < common && same < n && full[i][same] == full[0][same]) same++;
        while (same && full[0][same - 1] != '/') same--;
        common = same;
    }
    for (size_t i = 0; i < l->n; i++) root[i] = (LakeRoot){ .path = l->path[i], .as = full[i] + common };
    return OK;
}

static int by_place(const void *a, const void *b)
{
    return path_order(((const LakeRoot *)a)->as, ((const LakeRoot *)b)->as);
}

static Err tell_sources(Ctx *cx, const char *const *word, size_t n, LakeTaken *out)
{
    const Files *f = cx->world->files;
    size_t told = n < SOURCES_TOLD ? n : SOURCES_TOLD;
    LakeSource *s = ctx_scratch(cx, (told + 1) * sizeof *s);
    if (!s) return FAIL(cx, ERR_NOMEM, "reading %zu sources", n);
    for (size_t i = 0; i < told; i++) {
        FileInfo info = { .type = FILE_NONE };
        (void)f->look(f->self, word[i], &info);
        s[i] = (LakeSource){ .kind = info.type == FILE_FOLDER ? "folder" : info.type == FILE_NONE ? "glob" : "file",
                             .address = word[i], .detail = "" };
    }
    if (n > told) s[told - 1].detail = ctx_scratch_fmt(cx, "and %zu more", n - told);
    if (!s[told ? told - 1 : 0].detail) return FAIL(cx, ERR_NOMEM, "reading %zu sources", n);
    out->source = s;
    out->sources_n = told;
    return OK;
}

Err lake_take(Ctx *cx, Lake *lake, const char *const *word, size_t n, LakeTaken *out)
{
    const Files *f = cx->world->files;
    Local l = { 0 };
    Err err = OK;
    (void)lake;
    *out = (LakeTaken){ 0 };
    for (size_t i = 0; i < n; i++) {
        FileInfo info;
        if (!text_utf8_ok(word[i], strlen(word[i]))) {
            err = FAIL(cx, ERR_BAD_INPUT, "the name '%.100s' is not UTF-8", word[i]);
            goto done;
        }
        Err bad = f->look(f->self, word[i], &info);
        if (!bad && info.type == FILE_NONE && strpbrk(word[i], "*?[")) TRY_DONE(cx, local_glob(cx, &l, word[i]));
        else if (!bad && info.type == FILE_NONE) {
            err = FAIL(cx, ERR_NOT_FOUND, "no file or folder '%s'", word[i]);
            goto done;
        } else TRY_DONE(cx, local_add(cx, &l, word[i]));
    }
    LakeRoot *root = ctx_scratch(cx, (l.n + 1) * sizeof *root);
    if (!root) { err = FAIL(cx, ERR_NOMEM, "reading %zu sources", l.n); goto done; }
    if (l.n == 1) root[0] = (LakeRoot){ .path = l.path[0], .as = "" };
    else if (l.n) TRY_DONE(cx, give_places(cx, &l, root));
    if (l.n) qsort(root, l.n, sizeof *root, by_place);
    TRY_DONE(cx, tell_sources(cx, word, n, out));
    out->root = root;
    out->roots_n = l.n;
done:
    ctx_put(cx, l.path);
    return err;
}

void lake_take_end(Ctx *cx, LakeTaken *t)
{
    if (t->tmp[0]) lake_drop_folder(cx, t->tmp);
    t->tmp[0] = 0;
}

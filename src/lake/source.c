/* lake/source.c -- what a person names as the source of a version, as files on this machine.
**
** A folder given alone is the version itself; a file keeps its name; several files and folders keep their places below the
** deepest folder they have in common.  A word with * ? [ that names no file stands for the files that fit it.
*/
#include "lake/inner.h"

#include "os/os.h"
#include "query/query.h"

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

static Err take_local(Ctx *cx, const LakeTake *in, LakeTaken *out)
{
    const Files *f = cx->world->files;
    Local l = { 0 };
    Err err = OK;
    for (size_t i = 0; i < in->words_n; i++) {
        const char *word = in->word[i];
        FileInfo info;
        Err bad = f->look(f->self, word, &info);
        if (!bad && info.type == FILE_NONE && strpbrk(word, "*?[")) TRY_DONE(cx, local_glob(cx, &l, word));
        else if (!bad && info.type == FILE_NONE) {
            err = FAIL(cx, ERR_NOT_FOUND, "no file or folder '%s'", word);
            goto done;
        } else TRY_DONE(cx, local_add(cx, &l, word));
    }
    LakeRoot *root = ctx_scratch(cx, (l.n + 1) * sizeof *root);
    if (!root) { err = FAIL(cx, ERR_NOMEM, "reading %zu sources", l.n); goto done; }
    if (l.n == 1) root[0] = (LakeRoot){ .path = l.path[0], .as = "" };
    else if (l.n) TRY_DONE(cx, give_places(cx, &l, root));
    if (l.n) qsort(root, l.n, sizeof *root, by_place);
    TRY_DONE(cx, tell_sources(cx, in->word, in->words_n, out));
    out->root = root;
    out->roots_n = l.n;
done:
    ctx_put(cx, l.path);
    return err;
}

/* --- databases --- */

/* Which kind of database a word names; *address without our own prefix. */
static bool database_of(Ctx *cx, const LakeTake *in, const char *word, QueryDatabaseKind *kind, const char **address)
{
    const Files *f = cx->world->files;
    char head[16];
    size_t got = 0;
    int fd = -1;
    *address = word;
    *kind = QUERY_DB_POSTGRES;
    if (!strncmp(word, "postgres://", 11) || !strncmp(word, "postgresql://", 13)) return true;
    *kind = QUERY_DB_SQLITE;
    if (!strncmp(word, "sqlite:", 7)) {
        *address = word + 7 + (strncmp(word + 7, "//", 2) ? 0 : 2);
        return true;
    }
    if (!in->sql && !in->tables_n) return false;
    if (f->open(f->self, word, FILE_READ, &fd)) return false;
    Err err = f->read(f->self, fd, head, sizeof head, &got);
    f->close(f->self, fd);
    return !err && got == sizeof head && !memcmp(head, "SQLite format 3", 16);
}

/* The password in an address, as it stands there; scratch, NULL: none. */
static char *password_of(Ctx *cx, const char *address)
{
    const char *scheme = strstr(address, "://");
    if (!scheme) return NULL;
    size_t host = strcspn(scheme + 3, "/?#"), colon = strcspn(scheme + 3, ":");
    const char *at = NULL;
    for (size_t i = 0; i < host; i++)
        if (scheme[3 + i] == '@') at = scheme + 3 + i;
    if (!at || colon >= (size_t)(at - scheme - 3)) return NULL;
    return ctx_scratch_fmt(cx, "%.*s", (int)(at - scheme - 3 - (long)colon - 1), scheme + 3 + colon + 1);
}

static Err copy_table(Ctx *cx, QueryDatabase *d, const char *folder, const char *table, const char *sql)
{
    char path[LAKE_PATH_MAX], name[300];
    snprintf(name, sizeof name, "%.255s", table);
    for (char *c = name; *c; c++)
        if (*c == '/' || (unsigned char)*c < ' ') *c = '_';
    int n = snprintf(path, sizeof path, "%s/%s%s.parquet", folder, *name == '.' ? "_" : "", name);
    if (n < 0 || n >= LAKE_PATH_MAX) return FAIL(cx, ERR_LIMIT, "the path '%.80s…' is too long", folder);
    ctx_step(cx, table, 0, 0);
    return query_database_copy(cx, d, table, sql, path);
}

static Err take_database(Ctx *cx, Lake *lake, const LakeTake *in, QueryDatabaseKind kind, const char *address, LakeTaken *out)
{
    static const char *const words[] = { [QUERY_DB_SQLITE] = "sqlite", [QUERY_DB_POSTGRES] = "postgres" };
    const Files *f = cx->world->files;
    char *safe;
    char **table = NULL;
    size_t n = 0;
    FileInfo info;
    QueryDatabase *d = NULL;
    Err err = OK;
    TRY(cx, lake_safe_address(cx, in->word[0], &safe));
    if (kind == QUERY_DB_SQLITE && (f->look(f->self, address, &info) || info.type != FILE_PLAIN))
        return FAIL(cx, ERR_NOT_FOUND, "no SQLite file '%s'", address);
    TRY(cx, store_tmp_path(cx, lake->store, "tables", out->tmp));
    if ((err = f->make_folder(f->self, out->tmp))) return FAIL(cx, err, "making the folder '%s'", out->tmp);
    const QueryDatabaseIn db = { .kind = kind, .address = address, .safe = safe, .secret = password_of(cx, address) };
    TRY(cx, query_database_open(cx, &db, &d));
    if (in->sql) TRY_DONE(cx, copy_table(cx, d, out->tmp, "query", in->sql));
    else {
        if (!in->tables_n) TRY_DONE(cx, query_database_tables(cx, d, &table, &n));
        if (!in->tables_n && !n) { err = FAIL(cx, ERR_BAD_INPUT, "'%s' holds no tables", safe); goto done; }
        for (size_t i = 0; i < (in->tables_n ? in->tables_n : n); i++)
            TRY_DONE(cx, copy_table(cx, d, out->tmp, in->tables_n ? in->table[i] : table[i], NULL));
    }
    out->root = ctx_scratch(cx, sizeof *out->root);
    out->source = ctx_scratch(cx, sizeof *out->source);
    if (!out->root || !out->source) { err = FAIL(cx, ERR_NOMEM, "reading '%s'", safe); goto done; }
    out->root[0] = (LakeRoot){ .path = out->tmp, .as = "" };
    out->source[0] = (LakeSource){ .kind = words[kind], .address = safe, .detail = in->sql ? in->sql : "" };
    out->roots_n = out->sources_n = 1;
    out->source_us = cx->world->clock->now_us(cx->world->clock->self);
done:
    query_database_close(cx, d);
    return err;
}

/* --- addresses --- */

static bool is_http(const char *word)
{
    return !strncasecmp(word, "http://", 7) || !strncasecmp(word, "https://", 8);
}

/* The ETag that the newest version was made from, when it was made from these very addresses. */
static Err known_etags(Ctx *cx, Lake *lake, const LakeTake *in, const char **etag)
{
    LakeVersion v;
    LakeSource *s;
    size_t n;
    bool has = false;
    char *safe;
    for (size_t i = 0; i < in->words_n; i++) etag[i] = NULL;
    if (in->name && lake_name_ok(in->name)) TRY(cx, lake_newest(cx, lake, in->name, &has, &v));
    if (!has || in->words_n > SOURCES_TOLD) return OK;
    TRY(cx, lake_sources(cx, lake, &v, &s, &n));
    if (n != in->words_n) return OK;
    for (size_t i = 0; i < n; i++) {
        TRY(cx, lake_safe_address(cx, in->word[i], &safe));
        if (strcmp(safe, s[i].address) || strcmp(s[i].kind, "http") || s[i].detail[0] != '"') {
            for (size_t k = 0; k < n; k++) etag[k] = NULL;
            return OK;
        }
        etag[i] = s[i].detail;
    }
    return OK;
}

static Err fetch_all(Ctx *cx, const LakeTake *in, const char *const *etag, LakeTaken *out)
{
    out->unchanged = etag[0] != NULL;
    for (size_t i = 0; i < in->words_n; i++) {
        LakeFetched got;
        TRY(cx, lake_fetch(cx, in->word[i], etag[i], out->tmp, &got));
        out->root[i] = (LakeRoot){ .path = got.path, .as = strrchr(got.path, '/') + 1 };
        out->source[i] = (LakeSource){ .kind = "http", .address = got.address, .detail = got.etag };
        out->unchanged &= got.unchanged;
        if (got.source_us > out->source_us) out->source_us = got.source_us;
    }
    return OK;
}

static Err take_http(Ctx *cx, Lake *lake, const LakeTake *in, LakeTaken *out)
{
    const Files *f = cx->world->files;
    const char **etag = ctx_scratch(cx, in->words_n * sizeof *etag);
    out->root = ctx_scratch(cx, in->words_n * sizeof *out->root);
    out->source = ctx_scratch(cx, in->words_n * sizeof *out->source);
    if (!etag || !out->root || !out->source) return FAIL(cx, ERR_NOMEM, "fetching %zu files", in->words_n);
    for (size_t i = 0; i < in->words_n; i++)
        if (!is_http(in->word[i])) return FAIL(cx, ERR_BAD_INPUT, "'%.200s' is no http address; a version comes from addresses or from files here", in->word[i]);
    TRY(cx, known_etags(cx, lake, in, etag));
    TRY(cx, store_tmp_path(cx, lake->store, "fetched", out->tmp));
    Err err = f->make_folder(f->self, out->tmp);
    if (err) return FAIL(cx, err, "making the folder '%s'", out->tmp);
    TRY(cx, fetch_all(cx, in, etag, out));
    if (!out->unchanged && etag[0]) {                              /* some changed: the others are needed too */
        for (size_t i = 0; i < in->words_n; i++) etag[i] = NULL;
        TRY(cx, fetch_all(cx, in, etag, out));
    }
    out->roots_n = out->sources_n = in->words_n;
    qsort(out->root, out->roots_n, sizeof *out->root, by_place);
    for (size_t i = 1; i < out->roots_n; i++)
        if (!strcmp(out->root[i].as, out->root[i - 1].as))
            return FAIL(cx, ERR_BAD_INPUT, "two addresses end with the file name '%s'; add them as datasets of their own", out->root[i].as);
    return OK;
}

static bool is_outside(const char *word)
{
    return !strncmp(word, "s3://", 5) || !strncmp(word, "webhdfs://", 10) || !strncmp(word, "swebhdfs://", 11);
}

static Err take_outside(Ctx *cx, Lake *lake, const LakeTake *in, LakeTaken *out)
{
    const Files *f = cx->world->files;
    StoreOutside got;
    char *safe;
    if (in->words_n > 1) return FAIL(cx, ERR_BAD_INPUT, "'%.200s' is the only source of a version; add the others as another dataset", in->word[0]);
    TRY(cx, lake_safe_address(cx, in->word[0], &safe));
    TRY(cx, store_tmp_path(cx, lake->store, "fetched", out->tmp));
    Err err = f->make_folder(f->self, out->tmp);
    if (err) return FAIL(cx, err, "making the folder '%s'", out->tmp);
    TRY(cx, store_copy_outside(cx, in->word[0], out->tmp, &got));
    out->root = ctx_scratch(cx, sizeof *out->root);
    out->source = ctx_scratch(cx, sizeof *out->source);
    if (!out->root || !out->source) return FAIL(cx, ERR_NOMEM, "reading '%s'", safe);
    out->root[0] = (LakeRoot){ .path = out->tmp, .as = "" };
    out->source[0] = (LakeSource){ .kind = strncmp(in->word[0], "s3:", 3) ? "webhdfs" : "s3", .address = safe, .detail = "" };
    out->roots_n = out->sources_n = 1;
    out->source_us = got.changed_us;
    return OK;
}

Err lake_take(Ctx *cx, Lake *lake, const LakeTake *in, LakeTaken *out)
{
    QueryDatabaseKind kind;
    const char *address;
    *out = (LakeTaken){ 0 };
    for (size_t i = 0; i < in->words_n; i++) {
        if (!text_utf8_ok(in->word[i], strlen(in->word[i]))) return FAIL(cx, ERR_BAD_INPUT, "the name '%.100s' is not UTF-8", in->word[i]);
        if (is_http(in->word[i])) return take_http(cx, lake, in, out);
        if (is_outside(in->word[i])) return take_outside(cx, lake, in, out);
        if (!database_of(cx, in, in->word[i], &kind, &address)) continue;
        if (in->words_n > 1) return FAIL(cx, ERR_BAD_INPUT, "a database is the only source of a version; add the files as another dataset");
        return take_database(cx, lake, in, kind, address, out);
    }
    if (in->sql || in->tables_n)
        return FAIL(cx, ERR_BAD_INPUT, "--sql and --table are for databases, and '%.200s' is none; write sqlite:FILE or postgres://…",
                    in->words_n ? in->word[0] : "");
    return take_local(cx, in, out);
}

void lake_take_end(Ctx *cx, LakeTaken *t)
{
    if (t->tmp[0]) lake_drop_folder(cx, t->tmp);
    t->tmp[0] = 0;
}

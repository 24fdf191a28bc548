/* lake/pointer.c -- NAME.leatref: which version of which dataset belongs to this commit, for Git to keep.
**
** A few lines of `key: value`, the part of YAML that needs no library; the same content always gives the same bytes.
*/
#include "lake/inner.h"

#include "base/save.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POINTER_MAX ((size_t)64 << 10)

static Err bad_line(Ctx *cx, const char *file, size_t line, const char *why)
{
    return FAIL(cx, ERR_BAD_INPUT, "'%s', line %zu: %s; 'leat data get' and 'leat data add' write these files", file, line, why);
}

/* A value: plain, or a JSON string. */
static Err value(Ctx *cx, const char *s, size_t n, char *out, size_t cap)
{
    while (n && strchr(" \t", *s)) s++, n--;
    while (n && strchr(" \t\r", s[n - 1])) n--;
    if (n && *s == '"') {
        yyjson_alc alc;
        yyjson_doc *doc;
        TRY(cx, lake_json(cx, s, n, &alc, &doc));
        const char *text = yyjson_get_str(yyjson_doc_get_root(doc));
        size_t len = text ? yyjson_get_len(yyjson_doc_get_root(doc)) : cap;
        if (len < cap) memcpy(out, text, len + 1);
        yyjson_doc_free(doc);
        return len < cap && strlen(out) == len ? OK : ERR_BAD_INPUT;
    }
    if (n >= cap || memchr(s, 0, n)) return ERR_BAD_INPUT;
    memcpy(out, s, n);
    out[n] = 0;
    return OK;
}

/* Relative, with .. only at its beginning, where a pointer in a folder of its own reaches back to the project. */
static bool path_ok(const char *path)
{
    bool up = true;
    if (*path == '/') return false;
    for (const char *p = path; *p;) {
        size_t n = strcspn(p, "/");
        bool dots = n == 2 && !memcmp(p, "..", 2);
        if (!n || (dots && !up) || (n == 1 && *p == '.')) return false;
        up = dots;
        p += n;
        if (*p == '/') p++;
    }
    return !up;
}

bool lake_pointer_place(const char *file, const char *path, char out[LAKE_PATH_MAX])
{
    const char *slash = strrchr(file, '/');
    size_t n = slash ? (size_t)(slash - file) + 1 : 0;             /* the pointer's folder, with its slash */
    if (n >= LAKE_PATH_MAX) return false;
    memcpy(out, file, n);
    for (; !strncmp(path, "../", 3); path += 3) {
        if (!n) return false;
        for (n--; n && out[n - 1] != '/'; n--) { }
    }
    if (n + strlen(path) >= LAKE_PATH_MAX) return false;
    memcpy(out + n, path, strlen(path) + 1);
    return true;
}

static bool key_is(const char *line, size_t key_n, const char *key)
{
    return strlen(key) == key_n && !memcmp(line, key, key_n);
}

static Err read_line(Ctx *cx, LakePointer *p, const char *line, size_t key_n, const char *v, bool *known)
{
    const char *hex = strncmp(v, "sha256:", 7) ? v : v + 7;
    (void)cx;
    *known = true;
    if (key_is(line, key_n, "dataset")) {
        if (!lake_name_ok(v)) return ERR_BAD_INPUT;
        snprintf(p->dataset, sizeof p->dataset, "%s", v);
    } else if (key_is(line, key_n, "path")) {
        if (*v && !path_ok(v)) return ERR_BAD_INPUT;
        snprintf(p->path, sizeof p->path, "%s", v);
    } else if (key_is(line, key_n, "digest")) return digest_read(hex, &p->tree) ? OK : ERR_BAD_INPUT;
    else if (key_is(line, key_n, "ledger")) return digest_read(hex, &p->ledger) ? OK : ERR_BAD_INPUT;
    else if (key_is(line, key_n, "version")) p->n = strtoull(v, NULL, 10);
    else if (key_is(line, key_n, "files")) p->files = strtoull(v, NULL, 10);
    else if (key_is(line, key_n, "bytes")) p->bytes = strtoull(v, NULL, 10);
    else if (key_is(line, key_n, "leat")) return strcmp(v, "1") ? ERR_BAD_INPUT : OK;
    else *known = false;                       /* a later Leat may say more */
    return OK;
}

Err lake_pointer_read(Ctx *cx, const char *file, LakePointer *out)
{
    char *text = NULL, v[LAKE_PATH_MAX];
    size_t n = 0, line = 0;
    static const Digest none;
    Err err = OK;
    *out = (LakePointer){ 0 };
    TRY(cx, save_read(cx, file, POINTER_MAX, &text, &n));
    for (const char *at = text, *end = text + n; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        if (!stop) stop = end;
        line++;
        const char *colon = memchr(at, ':', (size_t)(stop - at));
        bool known;
        if (*at != '#' && stop > at + (stop[-1] == '\r')) {
            err = colon ? value(cx, colon + 1, (size_t)(stop - colon - 1), v, sizeof v) : ERR_BAD_INPUT;
            if (!err) err = read_line(cx, out, at, (size_t)(colon - at), v, &known);
            if (err == ERR_BAD_INPUT || err == ERR_CORRUPT) err = bad_line(cx, file, line, "this is not what a pointer file says");
            if (err) goto done;
        }
        at = stop + 1;
    }
    if (!out->dataset[0] || digest_same(&out->tree, &none))
        err = bad_line(cx, file, line, "'dataset:' and 'digest:' are needed");
done:
    ctx_put(cx, text);
    if (err) *out = (LakePointer){ 0 };
    return err;
}

/* Plain where YAML reads it as the same text, else quoted. */
static void put_value(Text *t, const char *key, const char *v)
{
    bool plain = *v && !strchr("-.0123456789~", *v);
    for (const char *c = v; *c; c++)
        plain &= ((unsigned char)*c >= 0x80) || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || strchr("-_./", *c);
    static const char *const words[] = { "true", "false", "yes", "no", "on", "off", "null", "y", "n" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) plain &= strcmp(v, words[i]) != 0;
    text_fmt(t, "%s: ", key);
    if (plain) text_put(t, v);
    else json_text(t, v);
    text_char(t, '\n');
    t->comma = false;
}

Err lake_pointer_write(Ctx *cx, const char *file, const LakePointer *p)
{
    char hex[SHA256_TEXT_MAX];
    Text t;
    text_init(&t, cx);
    text_put(&t, "# Which version of a dataset belongs here: keep this file in Git, the data in Leat.\n");
    text_fmt(&t, "# 'leat data get %s' brings the data, 'leat status' compares.\nleat: 1\n", p->dataset);
    put_value(&t, "dataset", p->dataset);
    text_fmt(&t, "version: %llu\n", (unsigned long long)p->n);
    digest_text(&p->tree, hex);
    text_fmt(&t, "digest: sha256:%s\n", hex);
    if (p->path[0]) put_value(&t, "path", p->path);
    text_fmt(&t, "files: %llu\nbytes: %llu\n", (unsigned long long)p->files, (unsigned long long)p->bytes);
    digest_text(&p->ledger, hex);
    text_fmt(&t, "ledger: %s\n", hex);
    Err err = text_err(&t);
    if (!err) err = save_whole(cx, file, t.at, t.n);
    text_clear(&t);
    return err ? ctx_hop(cx, err, __FILE__, __LINE__) : OK;
}

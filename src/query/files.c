/* query/files.c -- which files a path means, and what kind they are. */
#include "query/files.h"

#include <assert.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

static const char *const format_words[QUERY_FORMATS_N] = { "auto",   "csv",     "tsv",  "json",
                                                           "ndjson", "parquet", "excel" };

static const struct { const char *ending; QueryFormat format;
} endings[] = {
    { ".csv", QUERY_CSV },       { ".json", QUERY_JSON },       { ".jsonl", QUERY_NDJSON },
    { ".ndjson", QUERY_NDJSON }, { ".parquet", QUERY_PARQUET }, { ".pq", QUERY_PARQUET },
    { ".tab", QUERY_TSV },       { ".tsv", QUERY_TSV },         { ".txt", QUERY_CSV },
    { ".xlsx", QUERY_EXCEL },
};

const char *query_format_word(QueryFormat f)
{
    return f < QUERY_FORMATS_N ? format_words[f] : "auto";
}

bool query_format_read(const char *word, QueryFormat *out)
{
    for (int i = 0; i < QUERY_FORMATS_N; i++)
        if (!strcmp(word, format_words[i])) {
            *out = (QueryFormat)i;
            return true;
        }
    bool lines = !strcmp(word, "jsonl"), excel = !strcmp(word, "xlsx");
    if (lines || excel) *out = lines ? QUERY_NDJSON : QUERY_EXCEL;
    return lines || excel;
}

static bool ends_with(const char *s, size_t n, const char *ending)
{
    size_t k = strlen(ending);
    if (n < k) return false;
    for (size_t i = 0; i < k; i++) {
        char c = s[n - k + i];
        if ((c >= 'A' && c <= 'Z' ? c + 32 : c) != ending[i]) return false;
    }
    return true;
}

QueryFormat query_format_of(const char *path)
{
    size_t n = strlen(path);
    if (ends_with(path, n, ".gz")) n -= 3;
    else if (ends_with(path, n, ".zst")) n -= 4;
    for (size_t i = 0; i < sizeof endings / sizeof *endings; i++)
        if (ends_with(path, n, endings[i].ending)) return endings[i].format;
    return QUERY_AUTO;
}

/* By the first bytes: Parquet and zip have marks; { and [ begin JSON; the rest is CSV. */
static Err format_of_bytes(Ctx *cx, const char *path, QueryFormat *out)
{
    char head[256];
    size_t got = 0, i = 0;
    Bytes *b = NULL;
    TRY(cx, bytes_open(cx, path, &b));
    Err err = bytes_read(cx, b, head, sizeof head, &got);
    bytes_close(cx, b);
    if (err) return ctx_hop(cx, err, __FILE__, __LINE__);
    if (got >= 3 && !memcmp(head, "\xEF\xBB\xBF", 3)) i = 3;
    while (i < got && (head[i] == ' ' || head[i] == '\t' || head[i] == '\r' || head[i] == '\n')) i++;
    if (looks_parquet((const unsigned char *)head, got)) *out = QUERY_PARQUET;
    else if (got >= 4 && !memcmp(head, "PK\3\4", 4)) *out = QUERY_EXCEL;
    else if (i < got && head[i] == '{') *out = QUERY_NDJSON;
    else if (i < got && head[i] == '[') *out = QUERY_JSON;
    else *out = QUERY_CSV;
    return OK;
}

Err files_format(Ctx *cx, const char *path, QueryFormat asked, QueryFormat *out)
{
    *out = asked != QUERY_AUTO ? asked : query_format_of(path);
    return *out == QUERY_AUTO ? format_of_bytes(cx, path, out) : OK;
}

/* -------------------------------------------------------------------- globs */

static Err add_file(Ctx *cx, FileList *f, const char *folder, size_t folder_n, const char *name)
{
    if (f->n == QUERY_FILES_MAX) return FAIL(cx, ERR_LIMIT, "more than %d files", QUERY_FILES_MAX);
    char **at = ctx_grow(cx, f->at, f->n + 1, sizeof *at);
    if (!at) return FAIL(cx, ERR_NOMEM, "a list of %zu files", f->n + 1);
    f->at = at;
    size_t n = strlen(name);
    char *path = ctx_get(cx, folder_n + n + 1);
    if (!path) return FAIL(cx, ERR_NOMEM, "a list of %zu files", f->n + 1);
    memcpy(path, folder, folder_n);
    memcpy(path + folder_n, name, n);
    f->at[f->n++] = path;
    return OK;
}

typedef struct Match { Ctx *cx; FileList *to; const char *folder, *pattern; size_t folder_n; } Match;

static Err match_one(void *arg, const char *name)
{
    Match *m = arg;
    if (fnmatch(m->pattern, name, FNM_PERIOD)) return OK;
    return add_file(m->cx, m->to, m->folder, m->folder_n, name);
}

static int by_path(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static Err expand(Ctx *cx, const char *path, FileList *out)
{
    const Files *files = cx->world->files;
    const char *slash = strrchr(path, '/');
    size_t folder_n = slash ? (size_t)(slash - path) + 1 : 0;
    Match m = { cx, out, path, path + folder_n, folder_n };
    if (memchr(path, '*', folder_n) || memchr(path, '?', folder_n))
        return FAIL(cx, ERR_BAD_INPUT, "'%s': * and ? are understood in the last part of a path only", path);
    char *folder = folder_n ? query_copy(cx, path, folder_n) : query_copy(cx, ".", 1);
    if (!folder) return FAIL(cx, ERR_NOMEM, "looking for '%s'", path);
    cx->text[0] = 0;
    Err err = files->list(files->self, folder, match_one, &m);
    if (err && !cx->text[0]) err = FAIL(cx, err, "looking for '%s'", path);
    ctx_put(cx, folder);
    if (!err && !out->n) err = FAIL(cx, ERR_NOT_FOUND, "no file matches '%s'", path);
    if (!err) qsort(out->at, out->n, sizeof *out->at, by_path);
    return err;
}

static Err look_file(Ctx *cx, const char *path, uint64_t *bytes)
{
    const Files *files = cx->world->files;
    FileInfo info = { 0 };
    Err err = files->look(files->self, path, &info);
    if (err) return FAIL(cx, err, "reading '%s'", path);
    if (info.type == FILE_NONE) return FAIL(cx, ERR_NOT_FOUND, "no such file: '%s'", path);
    if (info.type == FILE_FOLDER)
        return FAIL(cx, ERR_BAD_INPUT, "'%s' is a folder; name a file, or the files in it: '%s/*.csv'", path,
                    path);
    if (info.type != FILE_PLAIN)
        return FAIL(cx, ERR_BAD_INPUT, "'%s' is not a plain file; write the data to a file first", path);
    *bytes += info.size;
    return OK;
}

Err files_find(Ctx *cx, const char *path, FileList *out)
{
    const Files *files = cx->world->files;
    FileInfo info = { 0 };
    *out = (FileList){ 0 };
    Err err = files->look(files->self, path, &info);
    if (err) return FAIL(cx, err, "reading '%s'", path);
    if (info.type == FILE_NONE && strpbrk(path, "*?[")) err = expand(cx, path, out);
    else err = add_file(cx, out, "", 0, path);
    for (size_t i = 0; i < out->n && !err; i++) err = look_file(cx, out->at[i], &out->bytes);
    if (err) files_free(cx, out);
    return err ? ctx_hop(cx, err, __FILE__, __LINE__) : OK;
}

Err files_these(Ctx *cx, const char *const *path, size_t n, FileList *out)
{
    Err err = OK;
    *out = (FileList){ 0 };
    for (size_t i = 0; i < n && !err; i++) {
        err = add_file(cx, out, "", 0, path[i]);
        if (!err) err = look_file(cx, path[i], &out->bytes);
    }
    if (err) files_free(cx, out);
    return err ? ctx_hop(cx, err, __FILE__, __LINE__) : OK;
}

void files_free(Ctx *cx, FileList *f)
{
    for (size_t i = 0; i < f->n; i++) ctx_put(cx, f->at[i]);
    ctx_put(cx, f->at);
    *f = (FileList){ 0 };
}

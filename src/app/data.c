/* app/data.c -- reading data for a verb, and keeping the bytes behind it. */
#include "app/inner.h"

#include "os/os.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#define NEAR_COLUMNS_MAX 4096 /* names looked at for "did you mean" */
#define EAR_MAX          1000 /* warnings kept of one verb */

/* --------------------------------------------------------------------- ear */

void ear_add(Ear *ear, const char *text)
{
    for (size_t i = 0; i < ear->n; i++)
        if (!strcmp(ear->text[i], text)) return;
    if (ear->n == EAR_MAX) return;
    if (ear->n == ear->cap) {
        size_t cap = ear->cap ? ear->cap * 2 : 16;
        const char **more = ctx_scratch(ear->cx, cap * sizeof *more);
        if (!more) return; /* a warning lost for want of memory: the verb itself will say so */
        if (ear->n) memcpy(more, ear->text, ear->n * sizeof *more);
        ear->text = more;
        ear->cap = cap;
    }
    const char *copy = ctx_scratch_text(ear->cx, text);
    if (copy) ear->text[ear->n++] = copy;
}

static void ear_tell(void *self, ProgressKind kind, const char *what, double done, double total)
{
    Ear *ear = self;
    if (kind == PROGRESS_WARNING) ear_add(ear, what);
    if ((kind != PROGRESS_WARNING || ear->pass) && ear->before.tell)
        ear->before.tell(ear->before.self, kind, what, done, total);
}

void ear_on(Ear *ear, Ctx *cx, bool pass)
{
    *ear = (Ear){ .cx = cx, .before = cx->progress, .pass = pass };
    cx->progress = (Progress){ ear_tell, ear };
}

void ear_off(Ear *ear)
{
    if (ear->cx->progress.self == ear) ear->cx->progress = ear->before;
}

void ear_retell(Ear *ear)
{
    for (size_t i = 0; i < ear->n && ear->before.tell; i++)
        ear->before.tell(ear->before.self, PROGRESS_WARNING, ear->text[i], 0, 0);
}

void ear_json(Ear *ear, const char *json)
{
    yyjson_doc *doc = json ? yyjson_read(json, strlen(json), 0) : NULL;
    yyjson_val *v;
    size_t i, n;
    yyjson_arr_foreach(yyjson_doc_get_root(doc), i, n, v) if (yyjson_is_str(v))
        ctx_warn(ear->cx, "%s", yyjson_get_str(v));
    yyjson_doc_free(doc);
}

/* ----------------------------------------------------------------- reading */

Err data_column(Ctx *cx, const Table *t, const char *name, const char *what, size_t *col)
{
    const char *near[NEAR_COLUMNS_MAX];
    size_t n = 0;
    *col = table_find(t, name);
    if (*col != SIZE_MAX) return OK;
    for (; n < t->cols && n < NEAR_COLUMNS_MAX; n++) near[n] = t->col[n].name;
    const char *best = text_nearest(name, near, n);
    if (best)
        return FAIL(cx, ERR_NOT_FOUND, "no %s '%.100s' in '%.150s'; did you mean '%.100s'?", what, name, t->source,
                    best);
    char list[200];
    size_t at = 0;
    list[0] = 0;
    for (size_t i = 0; i < t->cols && at + strlen(t->col[i].name) + 8 < sizeof list; i++)
        at += (size_t)snprintf(list + at, sizeof list - at, "%s%s", i ? ", " : "", t->col[i].name);
    return FAIL(cx, ERR_NOT_FOUND, "no %s '%.100s' in '%.120s'; its columns begin: %s", what, name, t->source,
                list);
}

QueryIn data_query(const AppData *in)
{
    return (QueryIn){ .path = in->path, .paths = in->paths, .paths_n = in->paths_n, .sheet = in->sheet };
}

/* A name without a version is a file's; when only a dataset is called so, say how it is named. */
static Err plain_name(Ctx *cx, House *house, const char *path)
{
    Lake *lake;
    LakeVersion v;
    Ctx aside;
    if (!lake_name_ok(path)) return OK;
    ctx_child(cx, &aside);
    bool there = !lake_here(&aside, house, PROJECT_READ, &lake) && !lake_find(&aside, lake, path, &v);
    char *name = there ? ctx_scratch_fmt(cx, "%s@%llu", path, (unsigned long long)v.n) : NULL;
    ctx_clear(&aside);
    if (!name) return OK;
    return FAIL(cx, ERR_NOT_FOUND, "no such file: '%s'; the dataset of that name is written with its version: %s or %s@latest", path, name, path);
}

Err data_resolve(Ctx *cx, House *house, AppData *data)
{
    const Files *f = cx->world->files;
    char folder[REPO_PATH_MAX], hex[SHA256_TEXT_MAX];
    FileInfo info;
    Lake *lake;
    LakeTable t;
    if (!data->path || !*data->path) return OK;
    Err err = f->look(f->self, data->path, &info);
    bool ref = lake_table_ref_ok(data->path);
    if (err || (info.type != FILE_NONE && !ref) || !project_here(cx, folder)) return OK;       /* the reader says what is wrong */
    if (info.type != FILE_NONE) {
        ctx_note(cx, "'%s' is a file here: it is read, not the dataset", data->path);
        return OK;
    }
    if (!ref) return plain_name(cx, house, data->path);
    TRY(cx, lake_here(cx, house, PROJECT_READ, &lake));
    TRY(cx, lake_table(cx, lake, data->path, 0, &t));
    digest_text(&t.version.tree, hex);
    data->paths = t.path;
    data->paths_n = t.files;
    data->dataset = ctx_scratch_fmt(cx, "%s@%llu", t.version.dataset, (unsigned long long)t.version.n);
    data->tree = ctx_scratch_text(cx, hex);
    /* Several files are on record as a pattern, so that they are taken back as several. */
    data->path = *t.inside || t.files > 1
                     ? ctx_scratch_fmt(cx, "%s@%llu/%s", t.version.dataset, (unsigned long long)t.version.n,
                                       *t.inside && (t.files == 1 || strpbrk(t.inside, "*?[")) ? t.inside : "*")
                     : data->dataset;
    return data->dataset && data->tree && data->path ? OK : FAIL(cx, ERR_NOMEM, "reading a dataset");
}

Err data_read(Ctx *cx, const AppData *in, uint32_t threads, Table **out, QueryInfo *info)
{
    QueryIn q = data_query(in);
    q.na = in->na_n ? in->na : NULL;
    q.na_n = in->na_n;
    q.threads = threads ? threads : os_cpus();
    q.memory_mib = (unsigned)in->memory_mib;
    *out = NULL;
    QueryType *types = in->types_n ? ctx_scratch(cx, in->types_n * sizeof *types) : NULL;
    if (in->types_n && !types) return FAIL(cx, ERR_NOMEM, "reading '%s'", in->path);
    for (size_t i = 0; i < in->types_n; i++) {
        char *column = ctx_scratch_text(cx, in->types[i]), *eq = column ? strrchr(column, '=') : NULL;
        if (!column) return FAIL(cx, ERR_NOMEM, "reading '%s'", in->path);
        if (!eq || !column_type_read(eq + 1, &types[i].type))
            return FAIL(cx, ERR_BAD_INPUT, "'%.200s' is no COLUMN=TYPE with a known type", in->types[i]);
        *eq = 0;
        types[i].column = column;
    }
    q.types = types;
    q.types_n = in->types_n;
    TRY(cx, query_read(cx, &q, out, info));
    return OK;
}

void data_stem(const char *path, char *out, size_t n)
{
    const char *slash = strrchr(path, '/');
    snprintf(out, n, "%s", slash ? slash + 1 : path);
    for (int endings = 0; endings < 2; endings++) {
        char *dot = strrchr(out, '.');
        if (!dot || dot == out) break;
        bool packed = !strcmp(dot, ".gz") || !strcmp(dot, ".zst");
        *dot = 0;
        if (!packed) break;
    }
    for (char *p = out; *p; p++) /* a glob's signs are no part of a name */
        if (strchr("*?[]", *p)) *p = '-';
    while (out[0] == '-') memmove(out, out + 1, strlen(out));
    for (size_t k = strlen(out); k && out[k - 1] == '-'; k--) out[k - 1] = 0;
    if (!out[0]) snprintf(out, n, "model");
}

/* ------------------------------------------------------------------- bytes */

typedef struct Names {
    Ctx *cx;
    const char *pattern, *folder;
    char **name;
    size_t n, cap;
    Err err;
} Names;

static Err name_seen(void *arg, const char *name)
{
    Names *s = arg;
    if (fnmatch(s->pattern, name, FNM_PERIOD)) return OK;
    if (s->n == APP_DATA_FILES_MAX)
        return s->err = FAIL(s->cx, ERR_LIMIT, "more than %d files fit '%s'", APP_DATA_FILES_MAX, s->pattern);
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 64;
        char **more = ctx_grow(s->cx, s->name, cap, sizeof *more);
        if (!more) return s->err = FAIL(s->cx, ERR_NOMEM, "listing '%s'", s->folder);
        s->name = more;
        s->cap = cap;
    }
    s->name[s->n] =
        ctx_scratch_fmt(s->cx, "%s%s%s", s->folder, s->folder[strlen(s->folder) - 1] == '/' ? "" : "/", name);
    if (!s->name[s->n]) return s->err = FAIL(s->cx, ERR_NOMEM, "listing '%s'", s->folder);
    s->n++;
    return OK;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The files behind a path: itself when it is there, else what fits the pattern in its last part, in order. */
static Err data_files(Ctx *cx, const char *path, Names *out)
{
    const Files *f = cx->world->files;
    FileInfo info;
    const char *slash = strrchr(path, '/');
    *out = (Names){ .cx = cx };
    Err err = f->look(f->self, path, &info);
    if (err) return FAIL(cx, err, "looking at '%s'", path);
    if (info.type != FILE_NONE) {
        out->name = ctx_get_n(cx, 1, sizeof *out->name);
        if (!out->name || !(out->name[0] = ctx_scratch_text(cx, path))) {
            ctx_put(cx, out->name);
            *out = (Names){ .cx = cx };
            return FAIL(cx, ERR_NOMEM, "reading '%s'", path);
        }
        out->n = 1;
        return OK;
    }
    out->pattern = slash ? slash + 1 : path;
    out->folder = !slash ? "." : slash == path ? "/" : ctx_scratch_fmt(cx, "%.*s", (int)(slash - path), path);
    if (!out->folder) return FAIL(cx, ERR_NOMEM, "reading '%s'", path);
    err = f->list(f->self, out->folder, name_seen, out);
    if (!err && !out->n) err = out->err = FAIL(cx, ERR_NOT_FOUND, "no file fits '%s'", path);
    if (!err) qsort(out->name, out->n, sizeof *out->name, by_name);
    if (err && !out->err) FAIL(cx, err, "listing '%s'", out->folder);
    if (err) ctx_put(cx, out->name), out->name = NULL;
    return err;
}

static Err one_file(Ctx *cx, Store *store, const char *path, bool keep, Digest *digest, uint64_t *bytes)
{
    if (keep) TRY(cx, store_put_file(cx, store, path, STORE_PACKED, digest, bytes));
    else TRY(cx, store_digest_file(cx, path, digest, bytes));
    return OK;
}

/* numbered: names may repeat in different folders, and the order counts */
static Err bytes_of_files(Ctx *cx, Store *store, const Names *files, bool keep, bool numbered, DataBytes *out)
{
    Err err = OK;
    Text list;
    uint64_t bytes;
    char digest[SHA256_TEXT_MAX];
    *out = (DataBytes){ .files = files->n };
    text_init(&list, cx);
    if (files->n == 1) {
        TRY_DONE(cx, one_file(cx, store, files->name[0], keep, &out->digest, &out->bytes));
        goto done;
    }
    json_open_array(&list);
    for (size_t i = 0; i < files->n; i++) {
        Digest d;
        char name[300];
        const char *slash = strrchr(files->name[i], '/'), *last = slash ? slash + 1 : files->name[i];
        snprintf(name, sizeof name, "%05zu-%.255s", i, last);
        TRY_DONE(cx, one_file(cx, store, files->name[i], keep, &d, &bytes));
        digest_text(&d, digest);
        json_open(&list);
        json_key_text(&list, "name", numbered ? name : last);
        json_key_text(&list, "sha256", digest);
        json_key_int(&list, "bytes", (int64_t)bytes);
        json_close(&list);
        out->bytes += bytes;
    }
    json_close_array(&list);
    TRY_DONE(cx, text_err(&list));
    TRY_DONE(cx, store_put(cx, store, list.at, list.n, STORE_PACKED, &out->digest));
done:
    text_clear(&list);
    if (err) *out = (DataBytes){ 0 };
    return err;
}

Err data_bytes(Ctx *cx, Store *store, const char *path, bool keep, DataBytes *out)
{
    Names files;
    *out = (DataBytes){ 0 };
    TRY(cx, data_files(cx, path, &files));
    Err err = bytes_of_files(cx, store, &files, keep, false, out);
    ctx_put(cx, files.name);
    return err;
}

Err data_bytes_of(Ctx *cx, Store *store, const AppData *in, bool keep, DataBytes *out)
{
    if (!in->paths_n) return data_bytes(cx, store, in->path, keep, out);
    Names files = { .cx = cx, .name = (char **)(uintptr_t)in->paths, .n = in->paths_n };
    return bytes_of_files(cx, store, &files, keep, true, out);
}

/* ---------------------------------------------------------------- and back */

static Err back_files(Ctx *cx, Store *store, const RunRow *run, const char *folder, bool several, size_t *files)
{
    Err err = OK;
    void *bytes = NULL;
    yyjson_doc *doc = NULL;
    yyjson_val *v;
    size_t n = 0, i, all;
    const char *slash = strrchr(run->data_path, '/');
    if (!several) {
        *files = 1;
        return store_get_file(cx, store, &run->data,
                              ctx_scratch_fmt(cx, "%s/%s", folder, slash ? slash + 1 : run->data_path));
    }
    TRY(cx, store_get(cx, store, &run->data, LEDGER_PAYLOAD_MAX, &bytes, &n));
    TRY_DONE(cx, json_parse(cx, bytes, "the list of files of that run", &doc));
    yyjson_arr_foreach(yyjson_doc_get_root(doc), i, all, v)
    {
        Digest d;
        const char *name = get_text(cx, v, "name"), *sha = get_text(cx, v, "sha256");
        const char *to = name && !strchr(name, '/') ? ctx_scratch_fmt(cx, "%s/%s", folder, name) : NULL;
        if (!to || !sha || !digest_read(sha, &d)) {
            err = FAIL(cx, ERR_CORRUPT, "the list of files of that run is damaged");
            goto done;
        }
        TRY_DONE(cx, store_get_file(cx, store, &d, to));
        ++*files;
    }
done:
    yyjson_doc_free(doc);
    ctx_put(cx, bytes);
    return err;
}

Err data_back(Ctx *cx, Repo *repo, const RunRow *run, DataBack *out)
{
    const Files *f = cx->world->files;
    Ctx aside;
    DataBytes now;
    *out = (DataBack){ 0 };
    if (!run->has_data)
        return FAIL(cx, ERR_NOT_FOUND, "run %llu has no data on record", (unsigned long long)run->number);
    ctx_child(cx, &aside);
    bool same =
        !data_bytes(&aside, repo_store(repo), run->data_path, false, &now) && digest_same(&now.digest, &run->data);
    ctx_clear(&aside);
    if (same) {
        snprintf(out->path, sizeof out->path, "%s", run->data_path);
        return OK;
    }
    if (!run->data_kept)
        return FAIL(cx, ERR_NOT_FOUND,
                    "'%s' is gone or has changed since, and its bytes were not kept (--no-keep); give DATA",
                    run->data_path);
    TRY(cx, store_tmp_path(cx, repo_store(repo), "data", out->folder));
    Err err = f->make_folder(f->self, out->folder);
    if (err) return FAIL(cx, err, "making '%s'", out->folder);
    const char *slash = strrchr(run->data_path, '/'), *name = slash ? slash + 1 : run->data_path;
    snprintf(out->path, sizeof out->path, "%s/%s", out->folder, name);
    err = back_files(cx, repo_store(repo), run, out->folder, strpbrk(name, "*?[") != NULL, &out->files);
    if (err) data_back_end(cx, out);
    return err;
}

static Err drop_file(void *arg, const char *name)
{
    Names *s = arg;
    const Files *f = s->cx->world->files;
    const char *path = ctx_scratch_fmt(s->cx, "%s/%s", s->folder, name);
    return path ? f->remove(f->self, path) : ERR_NOMEM;
}

void data_back_end(Ctx *cx, DataBack *back)
{
    const Files *f = cx->world->files;
    Names s = { .cx = cx, .folder = back->folder };
    if (!back->folder[0]) return;
    (void)f->list(f->self, back->folder, drop_file, &s);
    (void)f->remove(f->self, back->folder);
    back->folder[0] = 0;
}

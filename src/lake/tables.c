/* lake/tables.c -- versions as tables: which files they are, and FROM 'name@version'. */
#include "lake/workin.h"

#include "os/os.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#define FILES_MAX 10000            /* data files of one table */
#define COPY_BYTES ((size_t)1 << 20)

/* ------------------------------------------------------------------- files */

/* 'NAME@V/PATH' is two things: the reference, and what is meant inside it. */
static Err parted(Ctx *cx, const char *ref, char **name, const char **inside)
{
    const char *at = strchr(ref, '@'), *slash = at ? strchr(at, '/') : NULL;
    *inside = slash ? slash + 1 : "";
    *name = slash ? ctx_scratch_fmt(cx, "%.*s", (int)(slash - ref), ref) : ctx_scratch_text(cx, ref);
    return *name ? OK : FAIL(cx, ERR_NOMEM, "looking for '%s'", ref);
}

bool lake_table_ref_ok(const char *ref)
{
    char name[LAKE_REF_MAX];
    const char *at = strchr(ref, '@'), *slash = at ? strchr(at, '/') : NULL;
    size_t n = slash ? (size_t)(slash - ref) : strlen(ref);
    if (!at || n >= sizeof name) return false;
    memcpy(name, ref, n);
    name[n] = 0;
    return lake_ref_ok(name);
}

typedef struct Pick {
    LakeTable *out;
    const char **path;
    size_t n, cap, all;
    const char *only;              /* the file, when there is just one */
} Pick;

/* Is `path` the file that was named, in the folder that was named, or does it fit? */
static bool is_inside(const char *inside, const char *path)
{
    size_t n = strlen(inside);
    if (n && inside[n - 1] == '/') n--;
    if (!strncmp(path, inside, n) && (!path[n] || path[n] == '/')) return true;
    return strpbrk(inside, "*?[") && !fnmatch(inside, path, FNM_PATHNAME);
}

static bool hidden(const char *path)
{
    return path[0] == '.' || path[0] == '_' || strstr(path, "/.") || strstr(path, "/_");
}

static Err pick_add(Ctx *cx, Pick *p, const LakeFile *f)
{
    if (p->n == FILES_MAX) return FAIL(cx, ERR_LIMIT, "'%s' holds more than %d data files", p->out->version.dataset, FILES_MAX);
    if (p->n == p->cap) {
        size_t cap = p->cap ? p->cap * 2 : 16;
        const char **more = ctx_scratch(cx, cap * sizeof *more);
        if (!more) return FAIL(cx, ERR_NOMEM, "the files of '%s'", p->out->version.dataset);
        if (p->n) memcpy(more, p->path, p->n * sizeof *more);
        p->path = more;
        p->cap = cap;
    }
    p->path[p->n] = ctx_scratch_text(cx, f->path);
    if (!p->path[p->n]) return FAIL(cx, ERR_NOMEM, "the files of '%s'", p->out->version.dataset);
    p->n++;
    p->out->bytes += f->size;
    return OK;
}

static Err pick_one(Ctx *cx, void *arg, const LakeFile *f)
{
    Pick *p = arg;
    if (f->kind != LAKE_FILE && f->kind != LAKE_PROGRAM) return OK;
    if (++p->all == 1) {
        p->only = ctx_scratch_text(cx, f->path);
        if (!p->only) return FAIL(cx, ERR_NOMEM, "the files of '%s'", p->out->version.dataset);
    }
    const char *inside = p->out->inside;
    if (*inside ? is_inside(inside, f->path) && (!strcmp(inside, f->path) || query_format_of(f->path) != QUERY_AUTO)
                : query_format_of(f->path) != QUERY_AUTO && !hidden(f->path))
        return pick_add(cx, p, f);
    return OK;
}

static Err pick_none(Ctx *cx, const LakeTable *t, const char *ref)
{
    if (*t->inside) return FAIL(cx, ERR_NOT_FOUND, "no data file '%s' in '%s@%llu'; 'leat data files %s@%llu' lists them", t->inside,
                                t->version.dataset, (unsigned long long)t->version.n, t->version.dataset, (unsigned long long)t->version.n);
    return FAIL(cx, ERR_BAD_INPUT, "'%s' holds no table: none of its %llu files is named .csv, .tsv, .json, .ndjson, .parquet or .xlsx; "
                "name one, as in '%s@%llu/FILE'", ref, (unsigned long long)t->version.files, t->version.dataset,
                (unsigned long long)t->version.n);
}

/* Paths of the tree become paths of the checkout; all of one kind. */
static Err place(Ctx *cx, LakeTable *t, Pick *p)
{
    for (size_t i = 0; i < p->n; i++) {
        QueryFormat format;
        const char *inside = p->path[i];
        p->path[i] = ctx_scratch_fmt(cx, "%s/%s", t->folder, inside);
        if (!p->path[i]) return FAIL(cx, ERR_NOMEM, "the files of '%s'", t->version.dataset);
        TRY(cx, query_format_at(cx, p->path[i], &format));
        if (i && format != t->format)
            return FAIL(cx, ERR_BAD_INPUT, "'%s@%llu' holds %s and %s (%s): name the files that are one table, as in '%s@%llu/*.%s'",
                        t->version.dataset, (unsigned long long)t->version.n, query_format_word(t->format), query_format_word(format),
                        inside, t->version.dataset, (unsigned long long)t->version.n, query_format_word(t->format));
        t->format = format;
    }
    t->path = p->path;
    t->files = p->n;
    return OK;
}

Err lake_table(Ctx *cx, Lake *lake, const char *ref, unsigned threads, LakeTable *out)
{
    char *name, folder[LAKE_PATH_MAX];
    Pick p = { .out = out };
    *out = (LakeTable){ .inside = "" };
    TRY(cx, parted(cx, ref, &name, &out->inside));
    TRY(cx, lake_find(cx, lake, name, &out->version));
    TRY(cx, lake_each_file(cx, lake, &out->version.tree, pick_one, &p));
    if (!p.n && p.all == 1 && !*out->inside) TRY(cx, pick_add(cx, &p, &(LakeFile){ .path = p.only, .size = out->version.bytes }));
    if (!p.n) return pick_none(cx, out, ref);
    TRY(cx, lake_checkout(cx, lake, &out->version.tree, threads, folder));
    out->folder = ctx_scratch_text(cx, folder);
    if (!out->folder) return FAIL(cx, ERR_NOMEM, "the files of '%s'", ref);
    TRY(cx, place(cx, out, &p));
    return OK;
}

Err lake_column_type(Ctx *cx, Lake *lake, const LakeVersion *v, const char *column, const char **type)
{
    yyjson_alc alc;
    yyjson_doc *doc;
    yyjson_val *one;
    char *json;
    size_t n, i, all;
    *type = NULL;
    TRY(cx, lake_about(cx, lake, v, &json, &n));
    if (!json) return OK;
    Err err = lake_json(cx, json, n, &alc, &doc);
    ctx_put(cx, json);
    if (err) return err;
    yyjson_val *tables = yyjson_obj_get(yyjson_doc_get_root(doc), "tables");
    yyjson_arr_foreach(yyjson_obj_get(yyjson_arr_get_first(tables), "columns"), i, all, one) {
        const char *name = yyjson_get_str(yyjson_obj_get(one, "name")), *word = yyjson_get_str(yyjson_obj_get(one, "type"));
        if (!name || !word || strcmp(name, column)) continue;
        *type = ctx_scratch_text(cx, word);
        if (!*type) err = FAIL(cx, ERR_NOMEM, "the columns of '%s'", v->dataset);
        break;
    }
    yyjson_doc_free(doc);
    return err;
}

/* --------------------------------------------------------------------- SQL */

typedef struct Named { LakeVersion version; const char *ref; } Named;

struct LakeSql {
    Lake *lake;
    QuerySql *sql;
    LakeSqlIn in;
    char folder[STORE_PATH_MAX];
    Named *named;
    size_t named_n;
    const char *own_name, *own_path;               /* a file of our own that statements may name (lake_sql_own) */
};

static Err note(Ctx *cx, LakeSql *s, const LakeTable *t, const char *ref)
{
    Named *more = ctx_grow(cx, s->named, s->named_n + 1, sizeof *more);
    if (!more) return FAIL(cx, ERR_NOMEM, "looking for '%s'", ref);
    s->named = more;
    char *words = ctx_scratch_text(cx, ref);
    if (!words) return FAIL(cx, ERR_NOMEM, "looking for '%s'", ref);
    more[s->named_n++] = (Named){ t->version, words };
    return OK;
}

static Err copy_file(Ctx *cx, const char *from, const char *to)
{
    const Files *f = cx->world->files;
    int in = -1, out = -1;
    size_t got = 1;
    char *buf = ctx_get(cx, COPY_BYTES);
    Err err = buf ? f->open(f->self, from, FILE_READ, &in) : ERR_NOMEM;
    if (!err) err = f->open(f->self, to, FILE_CREATE, &out);
    while (!err && got) {
        err = f->read(f->self, in, buf, COPY_BYTES, &got);
        if (!err && got) err = f->write(f->self, out, buf, got);
    }
    if (in >= 0) f->close(f->self, in);
    if (out >= 0) f->close(f->self, out);
    ctx_put(cx, buf);
    return err ? FAIL(cx, err, "copying '%s'", from) : OK;
}

/* DuckDB may read below our own folder only, and looks behind links: second names of the checkout's files. */
static Err link_all(Ctx *cx, LakeSql *s, LakeTable *t)
{
    Ctx aside;
    const char **path = ctx_scratch(cx, t->files * sizeof *path);
    if (!path) return FAIL(cx, ERR_NOMEM, "the files of '%s'", t->version.dataset);
    for (size_t i = 0; i < t->files; i++) {
        char *at = ctx_scratch_fmt(cx, "%s/t%zu-%zu.parquet", s->folder, s->named_n, i);
        if (!at) return FAIL(cx, ERR_NOMEM, "the files of '%s'", t->version.dataset);
        ctx_child(cx, &aside);
        Err err = os_link(&aside, t->path[i], at);
        ctx_clear(&aside);
        if (err) TRY(cx, copy_file(cx, t->path[i], at));
        path[i] = at;
    }
    t->path = path;
    return OK;
}

static Err find(Ctx *cx, void *self, const char *name, QueryTable *out)
{
    LakeSql *s = self;
    LakeTable t;
    if (s->own_name && !strcmp(name, s->own_name)) {
        *out = (QueryTable){ .path = &s->own_path, .files = 1, .format = QUERY_CSV };
        return OK;
    }
    TRY(cx, lake_table(cx, s->lake, name, s->in.threads, &t));
    if (t.format == QUERY_PARQUET) TRY(cx, link_all(cx, s, &t));
    TRY(cx, note(cx, s, &t, name));
    *out = (QueryTable){ .path = t.path, .files = t.files, .format = t.format };
    return OK;
}

Err lake_sql_open(Ctx *cx, Lake *lake, const LakeSqlIn *in, LakeSql **out)
{
    const Files *f = cx->world->files;
    Err err = OK;
    *out = NULL;
    LakeSql *s = ctx_get(cx, sizeof *s);
    if (!s) return FAIL(cx, ERR_NOMEM, "opening the lake for queries");
    *s = (LakeSql){ .lake = lake, .in = *in };
    TRY_DONE(cx, store_tmp_path(cx, lake_store(lake), "query", s->folder));
    err = f->make_folder(f->self, s->folder);
    if (err) {
        err = FAIL(cx, err, "making '%s'", s->folder);
        s->folder[0] = 0;
        goto done;
    }
    QuerySqlIn how = { .find = find, .self = s, .folder = s->folder, .threads = in->threads, .memory_mib = in->memory_mib };
    TRY_DONE(cx, query_sql_open(cx, &how, &s->sql));
    *out = s;
    s = NULL;
done:
    lake_sql_close(cx, s);
    return err;
}

typedef struct Sweep { Ctx *cx; const char *folder; unsigned depth; } Sweep;

static Err drop(void *arg, const char *name)
{
    const Sweep *s = arg;
    const Files *f = s->cx->world->files;
    char path[STORE_PATH_MAX + 300];
    FileInfo info;
    int n = snprintf(path, sizeof path, "%s/%s", s->folder, name);
    if (n <= 0 || (size_t)n >= sizeof path || f->look(f->self, path, &info)) return OK;
    Sweep below = { s->cx, path, s->depth + 1 };
    if (info.type == FILE_FOLDER && s->depth < 64) (void)f->list(f->self, path, drop, &below);
    (void)f->remove(f->self, path);
    return OK;
}

void work_remove(Ctx *cx, const char *folder)
{
    const Files *f = cx->world->files;
    Sweep sweep = { cx, folder, 0 };
    (void)f->list(f->self, folder, drop, &sweep);
    (void)f->remove(f->self, folder);
}

void lake_sql_close(Ctx *cx, LakeSql *s)
{
    if (!s) return;
    query_sql_close(cx, s->sql);
    if (s->folder[0]) work_remove(cx, s->folder);
    ctx_put(cx, s->named);
    ctx_put(cx, s);
}

QuerySql *lake_sql(LakeSql *s)
{
    return s->sql;
}

const char *lake_sql_folder(const LakeSql *s)
{
    return s->folder;
}

void lake_sql_own(LakeSql *s, const char *name, const char *path)
{
    s->own_name = name;
    s->own_path = path;
}

const LakeVersion *lake_sql_version(const LakeSql *s, size_t i, const char **ref)
{
    if (i >= s->named_n) return NULL;
    if (ref) *ref = s->named[i].ref;
    return &s->named[i].version;
}

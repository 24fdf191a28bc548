/* app/lake.c -- datasets as verbs: add, list, look, get, compare, remove. */
#include "app/inner.h"

#include "base/save.h"
#include "os/os.h"

#include <stdlib.h>
#include <string.h>

#define LIST_MAX 10000             /* files or changes that one answer holds */

/* ------------------------------------------------------------------- small */

Err lake_here(Ctx *cx, House *house, ProjectNeed need, Lake **out)
{
    TRY(cx, project_open(cx, house, need, NULL));
    Project *p = house->project;
    if (!p->lake) TRY(cx, lake_open(cx, repo_store(p->repo), repo_ledger(p->repo), repo_home(p->repo), &p->lake));
    *out = p->lake;
    return OK;
}

Err lake_about_version(Ctx *cx, const LakeVersion *v, AppVersion *out)
{
    char hex[SHA256_TEXT_MAX];
    digest_text(&v->tree, hex);
    *out = (AppVersion){
        .dataset = v->dataset, .n = v->n, .latest = v->latest, .files = v->files, .bytes = v->bytes, .rows = v->rows,
        .columns = v->columns, .rows_exact = v->rows_exact, .source_us = v->source_us, .arrived_us = v->arrived_us,
        .message = v->message, .actor = v->actor, .verb = v->verb, .detail_json = v->detail, .tag = v->tag, .tags_n = v->tags_n,
        .seq = v->seq, .removed = v->removed, .name = ctx_scratch_fmt(cx, "%s@%llu", v->dataset, (unsigned long long)v->n),
        .digest = ctx_scratch_text(cx, hex) };
    return out->name && out->digest ? OK : FAIL(cx, ERR_NOMEM, "reading a version");
}

static Err versions_out(Ctx *cx, const LakeVersion *v, size_t n, AppVersion **out)
{
    *out = ctx_scratch(cx, (n + 1) * sizeof **out);
    if (!*out) return FAIL(cx, ERR_NOMEM, "listing %zu versions", n);
    for (size_t i = 0; i < n; i++) TRY(cx, lake_about_version(cx, &v[i], &(*out)[i]));
    return OK;
}

/* Split NAME[@V] for the verbs that act on removed versions too: n 0 when there is no @V. */
static Err split_ref(Ctx *cx, const char *ref, char name[LAKE_NAME_MAX], uint64_t *n)
{
    const char *at = strchr(ref, '@');
    char *end = NULL;
    *n = 0;
    if (!lake_ref_ok(ref)) return FAIL(cx, ERR_BAD_INPUT, "'%.80s' is no dataset: write NAME or NAME@3", ref);
    snprintf(name, LAKE_NAME_MAX, "%.*s", at ? (int)(at - ref) : (int)LAKE_NAME_MAX, ref);
    if (!at) return OK;
    *n = strtoull(at + 1, &end, 10);
    if (*end || !*n) return FAIL(cx, ERR_BAD_INPUT, "'%.80s': here a version is named by its number, %s@3", ref, name);
    return OK;
}

/* ---------------------------------------------------------------- pointers */

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* Where the pointer of a dataset lies in this project. */
static Err pointer_file(Ctx *cx, const House *house, const char *name, char out[APP_PATH_MAX])
{
    int n = snprintf(out, APP_PATH_MAX, "%s/%s" LAKE_POINTER_END, house->project->folder, name);
    if (n > 0 && n < APP_PATH_MAX) return OK;
    return FAIL(cx, ERR_LIMIT, "the path of '%s" LAKE_POINTER_END "' is too long", name);
}

/* The path of the data from the pointer's folder; "" when it lies outside of the project. */
static Err path_below(Ctx *cx, const House *house, const char *name, const char *data, char out[LAKE_PATH_MAX])
{
    char real[OS_PATH_MAX];
    const char *folder = house->project->folder;
    size_t n = strlen(folder), at = 0;
    out[0] = 0;
    TRY(cx, os_real_path(cx, data, real));
    if (strncmp(real, folder, n) || real[n] != '/' || !real[n + 1] || !strncmp(real + n, "/.leat/", 7)) return OK;
    for (const char *c = name; *c; c++)                            /* a pointer in a folder of its own reaches back */
        if (*c == '/' && at + 4 < LAKE_PATH_MAX) memcpy(out + at, "../", 3), at += 3;
    if (at + strlen(real + n + 1) >= LAKE_PATH_MAX) at = 0, out[0] = 0;
    else memcpy(out + at, real + n + 1, strlen(real + n + 1) + 1);
    return OK;
}

static Err write_pointer(Ctx *cx, House *house, Lake *lake, const LakeVersion *v, const char *path, const char **told)
{
    char file[APP_PATH_MAX];
    LakePointer p = { .n = v->n, .files = v->files, .bytes = v->bytes, .tree = v->tree }, old;
    const Files *f = cx->world->files;
    FileInfo info;
    TRY(cx, pointer_file(cx, house, v->dataset, file));
    snprintf(p.dataset, sizeof p.dataset, "%s", v->dataset);
    snprintf(p.path, sizeof p.path, "%s", path);
    ledger_id(lake_ledger(lake), &p.ledger);
    *told = ctx_scratch_fmt(cx, "%s" LAKE_POINTER_END, v->dataset);
    if (!*told) return FAIL(cx, ERR_NOMEM, "writing '%s'", file);
    if (!f->look(f->self, file, &info) && info.type == FILE_PLAIN) {
        Ctx aside;
        ctx_child(cx, &aside);
        bool same = !lake_pointer_read(&aside, file, &old) && !memcmp(&old, &p, sizeof p);
        ctx_clear(&aside);
        if (same) return OK;
    }
    TRY(cx, lake_make_folders(cx, file));
    TRY(cx, lake_pointer_write(cx, file, &p));
    return OK;
}

/* The pointer of a dataset in this project, if there is one that can be read. */
static bool read_pointer(Ctx *cx, const House *house, const char *name, LakePointer *out, char file[APP_PATH_MAX])
{
    Ctx aside;
    ctx_child(cx, &aside);
    bool good = !pointer_file(&aside, house, name, file) && !lake_pointer_read(&aside, file, out);
    ctx_clear(&aside);
    return good;
}

/* --------------------------------------------------------------------- add */

static Err time_of(Ctx *cx, const char *text, int64_t *us)
{
    double s;
    *us = 0;
    if (!text) return OK;
    if (!table_time_read(text, strlen(text), &s))
        return FAIL(cx, ERR_BAD_INPUT, "'%.60s' is no time: write 2026-03-01 or 2026-03-01T12:00", text);
    *us = (int64_t)(s * 1e6);
    return OK;
}

static Err profile_of(Ctx *cx, const char *word, LakeProfile *out)
{
    for (size_t i = 0; app_profile_word(i); i++)
        if (!word || !strcmp(word, app_profile_word(i))) {
            *out = (LakeProfile)i;
            return OK;
        }
    return FAIL(cx, ERR_BAD_INPUT, "'%s' is no way to profile: sample, full or none", word);
}

const char *app_profile_word(size_t i)
{
    static const char *const words[] = { [LAKE_PROFILE_SAMPLE] = "sample", [LAKE_PROFILE_FULL] = "full", [LAKE_PROFILE_NONE] = "none" };
    return i < sizeof words / sizeof *words ? words[i] : NULL;
}

static Err added(Ctx *cx, House *house, Lake *lake, const AppDataAddIn *in, const LakeTaken *t, AppDataAddOut *out)
{
    LakeAdded a;
    char path[LAKE_PATH_MAX] = "";
    LakeAdd add = { .name = in->name, .root = t->root, .roots_n = t->roots_n, .source = t->source, .sources_n = t->sources_n,
                    .message = in->message, .tag = in->tag, .tags_n = in->tags_n, .threads = in->threads, .fresh = in->fresh,
                    .source_us = t->source_us };
    TRY(cx, profile_of(cx, in->profile, &add.profile));
    if (in->source_time) TRY(cx, time_of(cx, in->source_time, &add.source_us));
    TRY(cx, lake_add(cx, lake, &add, &a));
    TRY(cx, lake_about_version(cx, &a.version, &out->version));
    out->unchanged = a.unchanged;
    out->files_read = a.files_read;
    out->bytes_read = a.bytes_read;
    if (in->no_pointer) return OK;
    if (t->roots_n == 1 && !t->tmp[0]) TRY(cx, path_below(cx, house, in->name, t->root[0].path, path));
    return write_pointer(cx, house, lake, &a.version, path, &out->pointer);
}

Err app_data_add(Ctx *cx, House *house, const AppDataAddIn *in, AppDataAddOut *out)
{
    Lake *lake;
    LakeTaken taken = { 0 };
    int64_t begun = ctx_mono_us(cx);
    *out = (AppDataAddOut){ 0 };
    TRY(cx, lake_here(cx, house, PROJECT_MAKE, &lake));
    const LakeTake take = { .name = in->fresh ? NULL : in->name, .word = in->source, .words_n = in->sources_n, .sql = in->sql, .table = in->table, .tables_n = in->tables_n };
    Err err = lake_take(cx, lake, &take, &taken);
    if (!err && taken.unchanged) {
        LakeVersion v;
        err = lake_find(cx, lake, in->name, &v);
        for (size_t i = 0; i < in->tags_n && !err; i++) err = lake_tag(cx, lake, in->name, v.n, in->tag[i]);
        if (!err) err = lake_find(cx, lake, in->name, &v);
        if (!err) err = lake_about_version(cx, &v, &out->version);
        out->unchanged = !err;
    } else if (!err) err = added(cx, house, lake, in, &taken, out);
    lake_take_end(cx, &taken);
    out->wall_s = ctx_since_s(cx, begun);
    return err ? ctx_hop(cx, err, __FILE__, __LINE__) : OK;
}

/* ------------------------------------------------------------------ import */

typedef struct Imported { AppDataImportOut *out; size_t cap; } Imported;

static Err imported(Ctx *cx, void *arg, const LakeVersion *v, bool unchanged)
{
    Imported *i = arg;
    AppDataImportOut *o = i->out;
    if (unchanged) return OK;
    if (o->n == i->cap) {
        size_t cap = i->cap ? i->cap * 2 : 32;
        AppVersion *more = ctx_scratch(cx, cap * sizeof *more);
        if (!more) return FAIL(cx, ERR_NOMEM, "listing %zu versions", cap);
        if (o->n) memcpy(more, o->version, o->n * sizeof *more);
        o->version = more;
        i->cap = cap;
    }
    return lake_about_version(cx, v, &o->version[o->n++]);
}

Err app_data_import(Ctx *cx, House *house, const AppDataImportIn *in, AppDataImportOut *out)
{
    Lake *lake;
    LakeDvcOut got;
    Imported i = { .out = out };
    int64_t begun = ctx_mono_us(cx);
    LakeDvc dvc = { .folder = in->folder, .prefix = in->prefix, .threads = in->threads, .each = imported, .arg = &i };
    *out = (AppDataImportOut){ 0 };
    TRY(cx, profile_of(cx, in->profile, &dvc.profile));
    TRY(cx, lake_here(cx, house, PROJECT_MAKE, &lake));
    TRY(cx, lake_import_dvc(cx, lake, &dvc, &got));
    out->unchanged = got.unchanged;
    out->passed_over = got.passed_over;
    out->wall_s = ctx_since_s(cx, begun);
    return OK;
}

/* ----------------------------------------------------------------- looking */

Err app_data_ls(Ctx *cx, House *house, bool removed, AppDataListOut *out)
{
    Lake *lake;
    LakeVersion *v;
    *out = (AppDataListOut){ 0 };
    TRY(cx, lake_here(cx, house, PROJECT_READ, &lake));
    TRY(cx, lake_datasets(cx, lake, removed, &v, &out->n));
    TRY(cx, versions_out(cx, v, out->n, &out->version));
    for (size_t i = 0; i < out->n; i++)
        if (!v[i].removed) TRY(cx, app_data_state(cx, house, out->version[i].name, &out->version[i].state));
    return OK;
}

Err app_data_log(Ctx *cx, House *house, const char *name, AppDataListOut *out)
{
    Lake *lake;
    LakeVersion *v;
    *out = (AppDataListOut){ 0 };
    TRY(cx, lake_here(cx, house, PROJECT_READ, &lake));
    TRY(cx, lake_versions(cx, lake, name, &v, &out->n));
    return versions_out(cx, v, out->n, &out->version);
}

static Err edges(Ctx *cx, Lake *lake, const LakeVersion *v, AppDataShowOut *out)
{
    LakeSource *s;
    LakeInput *in;
    LakeVersion *user;
    size_t n;
    TRY(cx, lake_sources(cx, lake, v, &s, &out->sources_n));
    out->source = ctx_scratch(cx, (out->sources_n + 1) * sizeof *out->source);
    if (!out->source) return FAIL(cx, ERR_NOMEM, "reading sources");
    for (size_t i = 0; i < out->sources_n; i++) out->source[i] = (AppDataSource){ s[i].kind, s[i].address, s[i].detail };
    TRY(cx, lake_inputs(cx, lake, v, &in, &out->made_from_n));
    const char **from = ctx_scratch(cx, (out->made_from_n + 1) * sizeof *from);
    if (!from) return FAIL(cx, ERR_NOMEM, "reading lineage");
    for (size_t i = 0; i < out->made_from_n; i++) {
        from[i] = ctx_scratch_fmt(cx, "%s@%llu", in[i].dataset, (unsigned long long)in[i].n);
        if (!from[i]) return FAIL(cx, ERR_NOMEM, "reading lineage");
    }
    out->made_from = from;
    TRY(cx, lake_users(cx, lake, v, &user, &n));
    const char **used = ctx_scratch(cx, (n + 1) * sizeof *used);
    if (!used) return FAIL(cx, ERR_NOMEM, "reading lineage");
    for (size_t i = 0; i < n; i++) {
        used[i] = ctx_scratch_fmt(cx, "%s@%llu", user[i].dataset, (unsigned long long)user[i].n);
        if (!used[i]) return FAIL(cx, ERR_NOMEM, "reading lineage");
    }
    out->used_by = used;
    out->used_by_n = n;
    return OK;
}

Err app_data_show(Ctx *cx, House *house, const char *ref, AppDataShowOut *out)
{
    Lake *lake;
    LakeVersion v;
    char *json = NULL;
    size_t n = 0;
    AppMarks marks;
    *out = (AppDataShowOut){ 0 };
    TRY(cx, lake_here(cx, house, PROJECT_READ, &lake));
    TRY(cx, lake_find(cx, lake, ref, &v));
    TRY(cx, app_data_marks(cx, house, ref, &marks));
    out->mark = marks.name;
    out->mark_line = marks.line;
    out->marks_n = marks.n;
    out->marks_json = marks.json;
    TRY(cx, lake_about_version(cx, &v, &out->version));
    TRY(cx, edges(cx, lake, &v, out));
    TRY(cx, lake_about(cx, lake, &v, &json, &n));
    if (!json) return OK;
    out->about_json = ctx_scratch_text(cx, json);
    ctx_put(cx, json);
    if (!out->about_json) return FAIL(cx, ERR_NOMEM, "reading what is known of '%s'", ref);
    return lake_columns(cx, out);
}

static const char *kind_word(LakeKind k)
{
    return k == LAKE_PROGRAM ? "program" : k == LAKE_LINK ? "link" : k == LAKE_FOLDER ? "folder" : "file";
}

typedef struct Listed { AppDataFile *at; size_t n, cap; uint64_t all; } Listed;

static Err listed(Ctx *cx, void *arg, const LakeFile *f)
{
    Listed *l = arg;
    char hex[SHA256_TEXT_MAX];
    l->all++;
    if (l->n == l->cap) {
        size_t cap = l->cap ? l->cap * 2 : 64;
        AppDataFile *more = ctx_scratch(cx, cap * sizeof *more);
        if (!more) return FAIL(cx, ERR_NOMEM, "listing %zu files", cap);
        if (l->n) memcpy(more, l->at, l->n * sizeof *more);
        l->at = more;
        l->cap = cap;
    }
    digest_text(&f->digest, hex);
    l->at[l->n] = (AppDataFile){ .path = ctx_scratch_text(cx, f->path), .kind = kind_word(f->kind), .bytes = f->size,
                                 .digest = ctx_scratch_text(cx, hex) };
    if (!l->at[l->n].path || !l->at[l->n].digest) return FAIL(cx, ERR_NOMEM, "listing %zu files", l->n);
    l->n++;
    return OK;
}

Err app_data_files(Ctx *cx, House *house, const char *ref, AppDataFilesOut *out)
{
    Lake *lake;
    LakeVersion v;
    Listed l = { 0 };
    *out = (AppDataFilesOut){ 0 };
    TRY(cx, lake_here(cx, house, PROJECT_READ, &lake));
    TRY(cx, lake_find(cx, lake, ref, &v));
    TRY(cx, lake_about_version(cx, &v, &out->version));
    TRY(cx, lake_each_file(cx, lake, &v.tree, listed, &l));
    out->file = l.at;
    out->n = l.n;
    return OK;
}

/* --------------------------------------------------------------------- get */

/* Where it goes when nobody says: to where its pointer has it, else a folder (or for one file: the file) of its name here. */
static Err get_folder(Ctx *cx, const House *house, const AppDataGetIn *in, const LakeVersion *v, const LakePointer *p, bool has,
                      bool is_file, char out[APP_PATH_MAX])
{
    char last[APP_PATH_MAX];
    int n;
    if (in->folder) n = snprintf(out, APP_PATH_MAX, "%s", in->folder);
    else if (has && p->path[0]) {
        char place[LAKE_PATH_MAX];
        if (!lake_pointer_place(v->dataset, p->path, place))
            return FAIL(cx, ERR_BAD_INPUT, "the pointer of '%s' names data outside of the project; say where the files go", v->dataset);
        snprintf(last, sizeof last, "%s/%s", house->project->folder, place);
        FileInfo info;
        const Files *f = cx->world->files;
        bool file = is_file || (!f->look(f->self, last, &info) && info.type == FILE_PLAIN);
        char *end = strrchr(last, '/');
        n = snprintf(out, APP_PATH_MAX, "%.*s", file ? (int)(end - last) : (int)strlen(last), last);
    } else n = snprintf(out, APP_PATH_MAX, "%s", base_of(v->dataset));
    return n > 0 && n < APP_PATH_MAX ? OK : FAIL(cx, ERR_LIMIT, "the path is too long");
}

typedef struct Only { char name[LAKE_PATH_MAX]; uint64_t n; } Only;

static Err only(Ctx *cx, void *arg, const LakeFile *f)
{
    Only *o = arg;
    (void)cx;
    if (!o->n++) snprintf(o->name, sizeof o->name, "%s", f->path);
    return OK;
}

/* Does the pointer's path end with the name of the version's one file? */
static Err is_file_pointer(Ctx *cx, Lake *lake, const LakeVersion *v, const LakePointer *p, bool *yes)
{
    Only o = { .n = 0 };
    *yes = false;
    if (v->files != 1 || !p->path[0]) return OK;
    TRY(cx, lake_each_file(cx, lake, &v->tree, only, &o));
    *yes = o.n == 1 && !strcmp(o.name, base_of(p->path));
    return OK;
}

Err app_data_get(Ctx *cx, House *house, const AppDataGetIn *in, AppDataGetOut *out)
{
    Lake *lake;
    LakeVersion v;
    LakePointer p = { .n = 0 };
    LakeGot got;
    bool is_file;
    char file[APP_PATH_MAX], folder[APP_PATH_MAX], path[LAKE_PATH_MAX];
    int64_t begun = ctx_mono_us(cx);
    *out = (AppDataGetOut){ 0 };
    TRY(cx, lake_here(cx, house, PROJECT_READ, &lake));
    TRY(cx, lake_find(cx, lake, in->ref, &v));
    bool has = read_pointer(cx, house, v.dataset, &p, file);
    TRY(cx, is_file_pointer(cx, lake, &v, &p, &is_file));
    TRY(cx, get_folder(cx, house, in, &v, &p, has, is_file, folder));
    const LakeGet get = { .folder = folder, .tree = &v.tree, .base = has ? &p.tree : NULL, .force = in->force, .threads = in->threads };
    TRY(cx, lake_get(cx, lake, &get, &got));
    *out = (AppDataGetOut){ .folder = ctx_scratch_text(cx, folder), .written = got.written, .kept = got.kept, .removed = got.removed,
                            .bytes = got.bytes };
    if (!out->folder) return FAIL(cx, ERR_NOMEM, "after writing '%s'", folder);
    TRY(cx, lake_about_version(cx, &v, &out->version));
    if (has && p.path[0] && !in->no_pointer) {                      /* it came to where the pointer has it: the pointer follows */
        const char *data = is_file ? ctx_scratch_fmt(cx, "%s/%s", folder, base_of(p.path)) : folder;
        if (!data) return FAIL(cx, ERR_NOMEM, "after writing '%s'", folder);
        TRY(cx, path_below(cx, house, v.dataset, data, path));
        if (!strcmp(path, p.path)) TRY(cx, write_pointer(cx, house, lake, &v, path, &out->pointer));
    }
    out->wall_s = ctx_since_s(cx, begun);
    return OK;
}

/* -------------------------------------------------------------------- diff */

typedef struct Changes { AppDataChange *at; size_t n, cap; AppDataDiffOut *out; } Changes;

static Err change(Ctx *cx, void *arg, LakeChange what, const LakeFile *was, const LakeFile *now)
{
    static const char *const words[] = { [LAKE_ADDED] = "added", [LAKE_REMOVED] = "removed", [LAKE_CHANGED] = "changed" };
    Changes *c = arg;
    c->out->added += what == LAKE_ADDED;
    c->out->removed += what == LAKE_REMOVED;
    c->out->changed += what == LAKE_CHANGED;
    if (c->n == LIST_MAX) {
        c->out->cut = true;
        return OK;
    }
    if (c->n == c->cap) {
        size_t cap = c->cap ? c->cap * 2 : 32;
        AppDataChange *more = ctx_scratch(cx, cap * sizeof *more);
        if (!more) return FAIL(cx, ERR_NOMEM, "comparing versions");
        if (c->n) memcpy(more, c->at, c->n * sizeof *more);
        c->at = more;
        c->cap = cap;
    }
    c->at[c->n] = (AppDataChange){ .what = words[what], .path = ctx_scratch_text(cx, (now ? now : was)->path),
                                   .bytes_before = was ? was->size : 0, .bytes_after = now ? now->size : 0 };
    if (!c->at[c->n].path) return FAIL(cx, ERR_NOMEM, "comparing versions");
    c->n++;
    return OK;
}

Err app_data_diff(Ctx *cx, House *house, const char *a, const char *b, AppDataDiffOut *out)
{
    Lake *lake;
    LakeVersion va, vb;
    Changes c = { .out = out };
    *out = (AppDataDiffOut){ 0 };
    TRY(cx, lake_here(cx, house, PROJECT_READ, &lake));
    TRY(cx, lake_find(cx, lake, a, &va));
    TRY(cx, lake_find(cx, lake, b, &vb));
    TRY(cx, lake_about_version(cx, &va, &out->a));
    TRY(cx, lake_about_version(cx, &vb, &out->b));
    out->same = digest_same(&va.tree, &vb.tree);
    TRY(cx, lake_compare(cx, lake, &va.tree, &vb.tree, change, &c));
    out->change = c.at;
    out->n = c.n;
    return lake_diff_columns(cx, lake, &va, &vb, out);
}

/* ------------------------------------------------------------ rm, restore, tag */

static Err marked(Ctx *cx, House *house, const AppDataMarkIn *in, bool remove, AppDataListOut *out)
{
    Lake *lake;
    char name[LAKE_NAME_MAX];
    uint64_t n;
    LakeVersion *v;
    *out = (AppDataListOut){ 0 };
    TRY(cx, split_ref(cx, in->ref, name, &n));
    TRY(cx, lake_here(cx, house, PROJECT_WRITE, &lake));
    TRY(cx, lake_versions(cx, lake, name, &v, &out->n));
    if (remove) TRY(cx, lake_remove(cx, lake, name, n, in->why));
    else TRY(cx, lake_restore(cx, lake, name, n, in->why));
    size_t all = out->n, kept = 0;
    for (size_t i = 0; i < all; i++)
        if ((!n || v[i].n == n) && v[i].removed != remove) v[kept++] = v[i];
    out->n = kept;
    return versions_out(cx, v, kept, &out->version);
}

Err app_data_rm(Ctx *cx, House *house, const AppDataMarkIn *in, AppDataListOut *out)
{
    return marked(cx, house, in, true, out);
}

Err app_data_restore(Ctx *cx, House *house, const AppDataMarkIn *in, AppDataListOut *out)
{
    return marked(cx, house, in, false, out);
}

Err app_data_tag(Ctx *cx, House *house, const AppDataTagIn *in, AppVersion *out)
{
    Lake *lake;
    LakeVersion v;
    TRY(cx, lake_here(cx, house, PROJECT_WRITE, &lake));
    TRY(cx, lake_find(cx, lake, in->ref, &v));
    if (in->remove) TRY(cx, lake_untag(cx, lake, v.dataset, in->tag));
    else TRY(cx, lake_tag(cx, lake, v.dataset, v.n, in->tag));
    TRY(cx, lake_find(cx, lake, ctx_scratch_fmt(cx, "%s@%llu", v.dataset, (unsigned long long)v.n), &v));
    return lake_about_version(cx, &v, out);
}

/* ------------------------------------------------------------------ status */

Err app_status(Ctx *cx, House *house, uint32_t threads, AppStatusOut *out)
{
    static const char *const words[] = { [LAKE_SAME] = "same", [LAKE_DIFFERS] = "changed", [LAKE_MISSING] = "missing", [LAKE_NO_COPY] = "none" };
    static const char *const changes[] = { [LAKE_ADDED] = "added", [LAKE_REMOVED] = "removed", [LAKE_CHANGED] = "changed" };
    Lake *lake;
    LakeStatus *s;
    *out = (AppStatusOut){ 0 };
    TRY(cx, lake_here(cx, house, PROJECT_READ, &lake));
    TRY(cx, lake_status(cx, lake, house->project->folder, threads, &s, &out->n));
    out->row = ctx_scratch(cx, (out->n + 1) * sizeof *out->row);
    if (!out->row) return FAIL(cx, ERR_NOMEM, "comparing the work tree");
    for (size_t i = 0; i < out->n; i++) {
        char hex[SHA256_TEXT_MAX];
        digest_text(&s[i].pointer.tree, hex);
        out->row[i] = (AppStatusRow){
            .pointer = s[i].file, .dataset = ctx_scratch_text(cx, s[i].pointer.dataset), .path = ctx_scratch_text(cx, s[i].pointer.path),
            .digest = ctx_scratch_text(cx, hex), .state = words[s[i].state], .n = s[i].n, .latest = s[i].latest, .added = s[i].added,
            .removed = s[i].removed, .changed = s[i].changed, .known = s[i].known, .trouble = s[i].trouble };
        AppDataChange *told = ctx_scratch(cx, (s[i].told_n + 1) * sizeof *told);
        if (!told || !out->row[i].dataset || !out->row[i].path || !out->row[i].digest) return FAIL(cx, ERR_NOMEM, "comparing the work tree");
        for (size_t k = 0; k < s[i].told_n; k++)
            told[k] = (AppDataChange){ .what = changes[s[i].told[k].change], .path = s[i].told[k].path };
        out->row[i].told = told;
        out->row[i].told_n = s[i].told_n;
        out->row[i].clean = !s[i].trouble && (s[i].state == LAKE_SAME || s[i].state == LAKE_NO_COPY) && s[i].known;
        out->clean += out->row[i].clean;
    }
    return OK;
}

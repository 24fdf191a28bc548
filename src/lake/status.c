/* lake/status.c -- work tree, pointers and lake side by side. */
#include "lake/inner.h"

#include "os/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POINTERS_MAX 100000
#define DEPTH_MAX 64               /* folders below the project's in which pointers are looked for */

typedef struct Find {
    Ctx *cx;
    Lake *lake;
    const char *root;
    int open;
    LakeStatus *row;
    size_t n, cap;
    /* of the folder being listed */
    char **name; FileType *type; size_t names_n, names_cap;
    Err err;
} Find;

static bool is_pointer(const char *name)
{
    size_t n = strlen(name), end = sizeof LAKE_POINTER_END - 1;
    return n > end && !strcmp(name + n - end, LAKE_POINTER_END);
}

static Err seen(void *arg, const char *name, FileType type)
{
    Find *f = arg;
    if (name[0] == '.' || (type != FILE_FOLDER && type != FILE_NONE && !is_pointer(name))) return OK;
    if (f->names_n == f->names_cap) {
        size_t cap = f->names_cap ? f->names_cap * 2 : 32;
        char **more = ctx_scratch(f->cx, cap * sizeof *more);
        FileType *types = ctx_scratch(f->cx, cap * sizeof *types);
        if (!more || !types) return f->err = FAIL(f->cx, ERR_NOMEM, "looking for pointer files");
        if (f->names_n) memcpy(more, f->name, f->names_n * sizeof *more), memcpy(types, f->type, f->names_n * sizeof *types);
        f->name = more;
        f->type = types;
        f->names_cap = cap;
    }
    f->name[f->names_n] = ctx_scratch_text(f->cx, name);
    f->type[f->names_n] = type;
    return f->name[f->names_n++] ? OK : (f->err = FAIL(f->cx, ERR_NOMEM, "looking for pointer files"));
}

static Err take_pointer(Ctx *cx, Find *f, const char *rel)
{
    char path[LAKE_PATH_MAX];
    Ctx aside;
    if (f->n == POINTERS_MAX) return FAIL(cx, ERR_LIMIT, "more than %d pointer files", POINTERS_MAX);
    if (f->n == f->cap) {
        size_t cap = f->cap ? f->cap * 2 : 8;
        LakeStatus *more = ctx_scratch(cx, cap * sizeof *more);
        if (!more) return FAIL(cx, ERR_NOMEM, "looking for pointer files");
        if (f->n) memcpy(more, f->row, f->n * sizeof *more);
        f->row = more;
        f->cap = cap;
    }
    LakeStatus *s = &f->row[f->n++];
    memset(s, 0, sizeof *s);
    s->file = ctx_scratch_text(cx, rel);
    int n = snprintf(path, sizeof path, "%s/%s", f->root, rel);
    if (!s->file || n < 0 || n >= LAKE_PATH_MAX) return FAIL(cx, ERR_LIMIT, "the path '%.80s…' is too long", rel);
    ctx_child(cx, &aside);
    Err err = lake_pointer_read(&aside, path, &s->pointer);
    if (err == ERR_BAD_INPUT || err == ERR_NOT_FOUND || err == ERR_DENIED) {
        s->trouble = ctx_scratch_text(cx, aside.text);
        err = s->trouble ? OK : FAIL(cx, ERR_NOMEM, "looking for pointer files");
    } else if (err) err = ctx_join(cx, &aside, err);
    ctx_clear(&aside);
    return err;
}

/* Is this folder the data of a pointer found so far?  Then it is walked later, and holds no pointers. */
static bool is_data(const Find *f, const char *rel)
{
    char place[LAKE_PATH_MAX];
    for (size_t i = 0; i < f->n; i++)
        if (f->row[i].pointer.path[0] && lake_pointer_place(f->row[i].file, f->row[i].pointer.path, place) && !strcmp(place, rel)) return true;
    return false;
}

static Err find(Ctx *cx, Find *f, const char *rel, unsigned depth)
{
    const Files *fs = cx->world->files;
    f->names_n = f->names_cap = 0;
    f->err = OK;
    Err err = fs->list_in(fs->self, f->open, rel, seen, f);
    if (f->err) return f->err;
    if (err == ERR_DENIED && depth) return OK;
    if (err) return FAIL(cx, err, "listing '%s/%s'", f->root, rel);
    char **name = f->name;
    FileType *type = f->type;
    size_t n = f->names_n;
    for (int folders = 0; folders < 2; folders++) {                /* pointers first: they say which folders are data */
        for (size_t i = 0; i < n; i++) {
            const char *path = *rel ? ctx_scratch_fmt(cx, "%s/%s", rel, name[i]) : name[i];
            FileInfo info = { .type = type[i] };
            if (!path) return FAIL(cx, ERR_NOMEM, "looking for pointer files");
            if (type[i] == FILE_NONE && fs->look_in(fs->self, f->open, path, &info)) continue;
            if (!folders && info.type == FILE_PLAIN && is_pointer(name[i])) TRY(cx, take_pointer(cx, f, path));
            if (folders && info.type == FILE_FOLDER && depth < DEPTH_MAX && !is_data(f, path)) TRY(cx, find(cx, f, path, depth + 1));
        }
    }
    return OK;
}

static Err differs(Ctx *cx, void *arg, LakeChange change, const LakeFile *was, const LakeFile *now)
{
    LakeStatus *s = arg;
    s->added += change == LAKE_ADDED;
    s->removed += change == LAKE_REMOVED;
    s->changed += change == LAKE_CHANGED;
    if (s->told_n == LAKE_TOLD_MAX) return OK;
    s->told[s->told_n].change = change;
    s->told[s->told_n].path = ctx_scratch_text(cx, (now ? now : was)->path);
    return s->told[s->told_n++].path ? OK : FAIL(cx, ERR_NOMEM, "comparing the work tree");
}

/* What the lake knows of the pointer's version. */
static Err in_lake(Ctx *cx, Lake *lake, LakeStatus *s)
{
    static const Statement st = {
        "SELECT coalesce(max(CASE WHEN tree = ?2 THEN n ELSE 0 END), 0), coalesce(max(n), 0) FROM data_version"
        " WHERE dataset = ?1 AND removed_seq IS NULL", NULL };
    DbRows *q = NULL;
    bool more = false;
    TRY(cx, db_ask(cx, ledger_db(lake->ledger), &st,
                   DB_ARGS(db_text(s->pointer.dataset), db_blob(s->pointer.tree.at, SHA256_BYTES)), &q));
    Err err = db_next(cx, q, &more);
    if (!err && more) {
        s->n = (uint64_t)db_get_int(q, 0);
        s->latest = (uint64_t)db_get_int(q, 1);
        s->known = s->n > 0;
    }
    db_rows_close(q);
    return err;
}

static Err work_tree(Ctx *cx, Lake *lake, const char *folder, unsigned threads, LakeStatus *s)
{
    const Files *fs = cx->world->files;
    char path[LAKE_PATH_MAX];
    char place[LAKE_PATH_MAX];
    FileInfo info;
    LakeScan now;
    s->state = LAKE_NO_COPY;
    if (!s->pointer.path[0]) return OK;
    if (!lake_pointer_place(s->file, s->pointer.path, place)) {
        s->trouble = ctx_scratch_fmt(cx, "'%s' names data outside of the project: '%s'", s->file, s->pointer.path);
        return s->trouble ? OK : FAIL(cx, ERR_NOMEM, "comparing the work tree");
    }
    int n = snprintf(path, sizeof path, "%s/%s", folder, place);
    if (n < 0 || n >= LAKE_PATH_MAX) return FAIL(cx, ERR_LIMIT, "the path '%.80s…' is too long", path);
    Err err = fs->look(fs->self, path, &info);
    if (err) return FAIL(cx, err, "looking at '%s'", path);
    s->state = LAKE_MISSING;
    if (info.type != FILE_FOLDER && info.type != FILE_PLAIN) return OK;
    const LakeRoot root = { .path = path, .as = "" };
    TRY(cx, lake_scan(cx, lake, &root, 1, threads, &now));
    s->state = digest_same(&now.tree, &s->pointer.tree) ? LAKE_SAME : LAKE_DIFFERS;
    if (s->state == LAKE_SAME || !s->known) return OK;
    return lake_compare(cx, lake, &s->pointer.tree, &now.tree, differs, s);
}

static int by_file(const void *a, const void *b)
{
    return strcmp(((const LakeStatus *)a)->file, ((const LakeStatus *)b)->file);
}

Err lake_status(Ctx *cx, Lake *lake, const char *folder, unsigned threads, LakeStatus **out, size_t *n)
{
    const Files *fs = cx->world->files;
    Find f = { .cx = cx, .lake = lake, .root = folder, .open = -1 };
    *out = NULL;
    *n = 0;
    Err err = fs->open_folder(fs->self, folder, &f.open);
    if (err) return FAIL(cx, err, "opening the folder '%s'", folder);
    TRY_DONE(cx, find(cx, &f, "", 0));
    if (f.n) qsort(f.row, f.n, sizeof *f.row, by_file);
    for (size_t i = 0; i < f.n; i++) {
        if (f.row[i].trouble) continue;
        TRY_DONE(cx, in_lake(cx, lake, &f.row[i]));
        TRY_DONE(cx, work_tree(cx, lake, folder, threads, &f.row[i]));
    }
    *out = f.row;
    *n = f.n;
done:
    fs->close(fs->self, f.open);
    return err;
}

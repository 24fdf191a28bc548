/* lake/dvc.c -- a DVC repository's data, with their history, as datasets.
**
** What DVC's own files say (*.dvc, dvc.lock, the listings *.dir in its cache), commit by commit as Git has them, becomes one
** version each: content checked by its MD5, the commit's time as source time, its subject as message, and of stages their
** dependencies as lineage.  The dataset's name is the path of the data in the repository.  DVC itself is not needed; its
** repository is only read.  Content that lies in no cache here is passed over and counted.
*/
#include "lake/inner.h"

#include "base/save.h"
#include "os/os.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DVC_FILE_MAX ((size_t)8 << 20)         /* of a .dvc file or dvc.lock */
#define DVC_LIST_MAX ((size_t)512 << 20)       /* of a listing */
#define DVC_LOG_MAX ((size_t)256 << 20)
#define DVC_FILES_MAX 1000000u                 /* in one listing */
#define CACHES_MAX 3
#define PIECE ((size_t)256 << 10)
#define MD5_DIGITS 32

typedef struct Made { const char *md5, *dataset; uint64_t n; Digest tree; } Made;
typedef struct Record { const char *commit, *path, *subject; int64_t time_us; } Record;     /* commit NULL: the work tree */

typedef struct Dvc {
    Lake *lake;
    const LakeDvc *in;
    LakeDvcOut *out;
    char cache[CACHES_MAX][LAKE_PATH_MAX]; size_t caches;
    Held sound;                                /* MD5s that were checked */
    Made *made; size_t made_n, made_cap;
    Record *record; size_t records_n, records_cap;
    Err err;
} Dvc;

/* --- its cache --- */

static bool md5_ok(const char *s)
{
    return s && strspn(s, "0123456789abcdef") == MD5_DIGITS && (!s[MD5_DIGITS] || !strcmp(s + MD5_DIGITS, ".dir"));
}

static Err cache_add(Ctx *cx, Dvc *d, const char *path)
{
    int n = *path == '/' ? snprintf(d->cache[d->caches], LAKE_PATH_MAX, "%s", path)
                         : snprintf(d->cache[d->caches], LAKE_PATH_MAX, "%s/.dvc/%s", d->in->folder, path);
    if (n < 0 || n >= LAKE_PATH_MAX) return FAIL(cx, ERR_LIMIT, "the path '%.80s…' is too long", path);
    d->caches++;
    return OK;
}

/* dir = … of section [cache] in an INI file that need not be there. */
static Err cache_of(Ctx *cx, Dvc *d, const char *name)
{
    char path[LAKE_PATH_MAX], *text = NULL, value[LAKE_PATH_MAX];
    const Files *f = cx->world->files;
    FileInfo info;
    bool here = false;
    size_t n;
    Err err = OK;
    snprintf(path, sizeof path, "%.*s/.dvc/%s", LAKE_PATH_MAX - 64, d->in->folder, name);
    if (f->look(f->self, path, &info) || info.type != FILE_PLAIN) return OK;
    TRY(cx, save_read(cx, path, DVC_FILE_MAX, &text, &n));
    for (char *line = text, *next; line && *line && !err && d->caches < CACHES_MAX - 1; line = next) {
        next = strchr(line, '\n');
        if (next) *next++ = 0;
        line += strspn(line, " \t");
        if (*line == '[') here = !strncmp(line, "[cache]", 7);
        else if (here && sscanf(line, "dir = %4095[^\r\n]", value) == 1) err = cache_add(cx, d, value);
    }
    ctx_put(cx, text);
    return err;
}

/* Where content lies: the layout of DVC 3, or that of 2. */
static Err cached(Ctx *cx, const Dvc *d, const char *md5, char out[LAKE_PATH_MAX], bool *there)
{
    static const char *const layout[] = { "files/md5/", "" };
    const Files *f = cx->world->files;
    FileInfo info;
    *there = false;
    for (size_t c = 0; c < d->caches; c++)
        for (size_t k = 0; k < 2 && !*there; k++) {
            snprintf(out, LAKE_PATH_MAX, "%.*s/%s%.2s/%s", LAKE_PATH_MAX - 80, d->cache[c], layout[k], md5, md5 + 2);
            Err err = f->look(f->self, out, &info);
            if (err) return FAIL(cx, err, "looking at '%s'", out);
            *there = info.type == FILE_PLAIN;
            if (*there) return OK;
        }
    return OK;
}

/* MD5 of a file; text: with line ends as DVC before 3.0 counted them. */
static Err md5_file(Ctx *cx, const char *path, bool text, char hex[MD5_DIGITS + 1])
{
    const Files *f = cx->world->files;
    unsigned char sum[EVP_MAX_MD_SIZE];
    size_t got = PIECE;
    unsigned sum_n = 0;
    int fd = -1;
    bool good = false;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    unsigned char *buf = ctx_get(cx, PIECE);
    Err err = !md || !buf ? ERR_NOMEM : f->open(f->self, path, FILE_READ, &fd);
    if (!err) {
        good = EVP_DigestInit_ex(md, EVP_md5(), NULL) == 1;
        while (good && !err && got == PIECE) {
            err = f->read(f->self, fd, buf, PIECE, &got);
            size_t n = 0;
            for (size_t i = 0; text && i < got; i++)               /* a \r before the next piece's \n is rare enough to be kept */
                if (buf[i] != '\r' || i + 1 == got || buf[i + 1] != '\n') buf[n++] = buf[i];
            if (!err) good = EVP_DigestUpdate(md, buf, text ? n : got) == 1;
            if (!err) err = ctx_check(cx);
        }
        good = good && EVP_DigestFinal_ex(md, sum, &sum_n) == 1 && sum_n == 16;
        f->close(f->self, fd);
    }
    EVP_MD_CTX_free(md);
    ctx_put(cx, buf);
    if (err) return cx->text[0] && (err == ERR_INTERRUPTED || err == ERR_TIME) ? err : FAIL(cx, err, "reading '%s'", path);
    if (!good) return FAIL(cx, ERR_BUG, "the cryptography library computes no MD5");
    for (unsigned i = 0; i < 16; i++) snprintf(hex + 2 * i, 3, "%02x", sum[i]);
    return OK;
}

/* The content of an MD5, checked once. */
static Err sound(Ctx *cx, Dvc *d, const char *md5, bool legacy, char path[LAKE_PATH_MAX], bool *there)
{
    char hex[MD5_DIGITS + 1];
    Digest mark;
    size_t before = d->sound.n;
    TRY(cx, cached(cx, d, md5, path, there));
    if (!*there) return OK;
    TRY(cx, held_add(cx, &d->sound, md5, strlen(md5), &mark));
    if (d->sound.n == before) return OK;
    TRY(cx, md5_file(cx, path, false, hex));
    if (legacy && strncmp(hex, md5, MD5_DIGITS)) TRY(cx, md5_file(cx, path, true, hex));
    if (!strncmp(hex, md5, MD5_DIGITS)) return OK;
    return FAIL(cx, ERR_CORRUPT, "'%s' is damaged: its MD5 is %s; 'dvc fetch' it anew", path, hex);
}

/* --- one version --- */

typedef struct Roots { LakeRoot *at; size_t n, cap; } Roots;

static Err root_add(Ctx *cx, Roots *r, const char *path, const char *as)
{
    if (r->n == r->cap) {
        size_t cap = r->cap ? r->cap * 2 : 16;
        LakeRoot *at = ctx_grow(cx, r->at, cap, sizeof *at);
        if (!at) return FAIL(cx, ERR_NOMEM, "importing %zu files", cap);
        r->at = at;
        r->cap = cap;
    }
    r->at[r->n] = (LakeRoot){ .path = ctx_scratch_text(cx, path), .as = ctx_scratch_text(cx, as) };
    if (!r->at[r->n].path || !r->at[r->n].as) return FAIL(cx, ERR_NOMEM, "importing %zu files", r->n);
    r->n++;
    return OK;
}

static int by_place(const void *a, const void *b)
{
    return path_order(((const LakeRoot *)a)->as, ((const LakeRoot *)b)->as);
}

/* The files of a folder, from its listing; *whole is false when some are in no cache. */
static Err listing(Ctx *cx, Dvc *d, const char *path, bool legacy, Roots *out, bool *whole)
{
    char *text = NULL, at[LAKE_PATH_MAX];
    size_t n, i, all;
    yyjson_alc alc;
    yyjson_doc *doc = NULL;
    yyjson_val *v;
    bool there;
    Err err = OK;
    TRY(cx, save_read(cx, path, DVC_LIST_MAX, &text, &n));
    TRY_DONE(cx, lake_json(cx, text, n, &alc, &doc));
    if (yyjson_arr_size(yyjson_doc_get_root(doc)) > DVC_FILES_MAX) {
        err = FAIL(cx, ERR_LIMIT, "'%s' lists more than %u files", path, DVC_FILES_MAX);
        goto done;
    }
    yyjson_arr_foreach(yyjson_doc_get_root(doc), i, all, v) {
        const char *md5 = yyjson_get_str(yyjson_obj_get(v, "md5")), *as = yyjson_get_str(yyjson_obj_get(v, "relpath"));
        if (!md5_ok(md5) || !as || !*as) { err = FAIL(cx, ERR_CORRUPT, "'%s' is no listing of DVC", path); goto done; }
        TRY_DONE(cx, sound(cx, d, md5, legacy, at, &there));
        *whole &= there;
        if (there) TRY_DONE(cx, root_add(cx, out, at, as));
    }
    if (out->n) qsort(out->at, out->n, sizeof *out->at, by_place);
done:
    if (doc) yyjson_doc_free(doc);
    ctx_put(cx, text);
    return err;
}

/* The path of data in the repository as a dataset's name; false when nothing is left. */
static bool name_of(const char *file, const char *path, char out[LAKE_NAME_MAX])
{
    char place[LAKE_PATH_MAX], *at = place;
    while (!strncmp(path, "./", 2)) path += 2;
    if (!lake_pointer_place(file, path, place)) return false;
    snprintf(out, LAKE_NAME_MAX, "%s", at);
    for (char *c = out; *c; c++) {
        bool start = c == out || c[-1] == '/';
        unsigned char u = (unsigned char)*c;
        if (u < 0x80 && !strchr("-_./", *c) && !(u >= '0' && u <= '9') && !((u | 32) >= 'a' && (u | 32) <= 'z')) *c = '-';
        if (start && (*c == '.' || *c == '-')) *c = '_';
    }
    return lake_name_ok(out);
}

static Err remember(Ctx *cx, Dvc *d, const char *md5, const LakeVersion *v)
{
    if (d->made_n == d->made_cap) {
        size_t cap = d->made_cap ? d->made_cap * 2 : 64;
        Made *more = ctx_grow(cx, d->made, cap, sizeof *more);
        if (!more) return FAIL(cx, ERR_NOMEM, "remembering %zu versions", cap);
        d->made = more;
        d->made_cap = cap;
    }
    d->made[d->made_n] = (Made){ ctx_scratch_text(cx, md5), ctx_scratch_text(cx, v->dataset), v->n, v->tree };
    if (!d->made[d->made_n].md5 || !d->made[d->made_n].dataset) return FAIL(cx, ERR_NOMEM, "remembering %zu versions", d->made_n);
    d->made_n++;
    return OK;
}

/* Dependencies of a stage that are versions here. */
static Err inputs_of(Ctx *cx, const Dvc *d, const Yaml *stage, LakeInput **out, size_t *n)
{
    const Yaml *deps = yaml_get(stage, "deps");
    *n = 0;
    *out = ctx_scratch(cx, ((deps ? deps->n : 0) + 1) * sizeof **out);
    if (!*out) return FAIL(cx, ERR_NOMEM, "reading dependencies");
    for (const Yaml *dep = deps ? deps->first : NULL; dep; dep = dep->next) {
        const char *md5 = yaml_text(dep, "md5");
        for (size_t i = d->made_n; md5 && i-- > 0;) {
            if (strcmp(d->made[i].md5, md5)) continue;
            (*out)[(*n)++] = (LakeInput){ d->made[i].dataset, d->made[i].n, d->made[i].tree };
            break;
        }
    }
    return OK;
}

static Err detail_of(Ctx *cx, const Record *r, const char *md5, const Yaml *stage, char **out)
{
    const char *cmd = yaml_text(stage, "cmd");
    Text t;
    text_init(&t, cx);
    json_open(&t);
    if (cmd) json_key_text(&t, "cmd", cmd);
    if (r->commit) json_key_text(&t, "commit", r->commit);
    json_key_text(&t, "file", r->path);
    json_key_text(&t, "md5", md5);
    json_close(&t);
    Err err = text_err(&t);
    *out = err ? NULL : ctx_scratch_text(cx, t.at);
    text_clear(&t);
    return *out ? OK : FAIL(cx, ERR_NOMEM, "importing '%s'", r->path);
}

/* What an earlier import made of this very content at this very commit (of the work tree: of this content). */
static Err imported_before(Ctx *cx, Dvc *d, const Record *r, const char *name, const char *md5, const char *detail, uint64_t *n)
{
    static const Statement of_commit = {
        "SELECT n FROM data_version WHERE dataset = ?1 AND verb = 'import' AND detail = ?2 ORDER BY n DESC LIMIT 1", NULL };
    static const Statement of_content = {
        "SELECT n FROM data_source WHERE dataset = ?1 AND kind = 'dvc' AND detail = ?2 ORDER BY n DESC LIMIT 1", NULL };
    int64_t got = 0;
    TRY(cx, db_ask_int(cx, ledger_db(d->lake->ledger), r->commit ? &of_commit : &of_content,
                       DB_ARGS(db_text(name), db_text(r->commit ? detail : md5)), 0, &got));
    *n = (uint64_t)got;
    return OK;
}

static Err add_version(Ctx *cx, Dvc *d, const Record *r, const Yaml *stage, const char *name, const char *md5, const Roots *roots)
{
    char full[LAKE_NAME_MAX];
    LakeInput *input;
    LakeAdded a;
    char *detail;
    uint64_t before = 0;
    const LakeSource source = { .kind = "dvc", .address = r->path, .detail = md5 };
    LakeAdd add = { .name = full, .root = roots->at, .roots_n = roots->n, .source = &source, .sources_n = 1, .verb = "import",
                    .message = r->subject, .source_us = r->time_us, .profile = d->in->profile, .threads = d->in->threads };
    int n = snprintf(full, sizeof full, "%s%s", d->in->prefix ? d->in->prefix : "", name);
    if (n >= (int)sizeof full) return FAIL(cx, ERR_LIMIT, "the name '%.80s…' is too long", name);
    TRY(cx, inputs_of(cx, d, stage, &input, &add.inputs_n));
    add.input = input;
    TRY(cx, detail_of(cx, r, md5, stage, &detail));
    add.detail = detail;
    TRY(cx, imported_before(cx, d, r, full, md5, detail, &before));
    if (before) {
        a.unchanged = true;
        TRY(cx, lake_version_at(cx, d->lake, full, before, &a.version));
    } else TRY(cx, lake_add(cx, d->lake, &add, &a));
    if (a.unchanged) d->out->unchanged++;
    else d->out->versions++;
    TRY(cx, remember(cx, d, md5, &a.version));
    return d->in->each ? d->in->each(cx, d->in->arg, &a.version, a.unchanged) : OK;
}

/* One `outs:` entry. */
static Err take_out(Ctx *cx, Dvc *d, const Record *r, const Yaml *stage, const Yaml *out)
{
    const char *md5 = yaml_text(out, "md5"), *path = yaml_text(out, "path");
    char name[LAKE_NAME_MAX], at[LAKE_PATH_MAX];
    Roots roots = { 0 };
    bool there = false, legacy = !yaml_get(out, "hash");
    Err err = OK;
    if (!md5_ok(md5) || !path) return OK;                          /* not kept by DVC (cache: false), or of another hash */
    bool folder = md5[MD5_DIGITS] != 0;
    if (!name_of(r->path, path, name)) {
        ctx_warn(cx, "'%s' in '%s' lies outside of the repository or cannot be named; it was passed over", path, r->path);
        d->out->passed_over++;
        return OK;
    }
    TRY_DONE(cx, sound(cx, d, md5, legacy, at, &there));
    if (there && folder) TRY_DONE(cx, listing(cx, d, at, legacy, &roots, &there));
    else if (there) {
        const char *slash = strrchr(path, '/');
        TRY_DONE(cx, root_add(cx, &roots, at, slash ? slash + 1 : path));
    }
    if (!there || !roots.n) {
        ctx_warn(cx, "the content of '%s' (%s%s%.10s) is in no cache here; it was passed over: 'dvc fetch --all-commits' brings it", name,
                 r->commit ? "commit " : "the work tree", "", r->commit ? r->commit : "");
        d->out->passed_over++;
        goto done;
    }
    err = add_version(cx, d, r, stage, name, md5, &roots);
done:
    ctx_put(cx, roots.at);
    return err;
}

static bool in_outs(const Yaml *stage, const char *md5)
{
    const Yaml *outs = yaml_get(stage, "outs");
    for (const Yaml *o = outs ? outs->first : NULL; o; o = o->next) {
        const char *s = yaml_text(o, "md5");
        if (s && md5 && !strcmp(s, md5)) return true;
    }
    return false;
}

/* Does the stage need what another, not taken yet, makes? */
static bool waits(const Yaml *stage, const Yaml *stages, const bool *taken)
{
    const Yaml *deps = yaml_get(stage, "deps");
    for (const Yaml *dep = deps ? deps->first : NULL; dep; dep = dep->next) {
        size_t i = 0;
        for (const Yaml *s = stages->first; s; s = s->next, i++)
            if (s != stage && !taken[i] && in_outs(s, yaml_text(dep, "md5"))) return true;
    }
    return false;
}

static Err take_outs(Ctx *cx, Dvc *d, const Record *r, const Yaml *stage)
{
    const Yaml *outs = yaml_get(stage, "outs");
    for (const Yaml *o = outs ? outs->first : NULL; o; o = o->next) TRY(cx, take_out(cx, d, r, stage, o));
    return OK;
}

/* Stages of dvc.lock, each behind those that it needs. */
static Err take_stages(Ctx *cx, Dvc *d, const Record *r, const Yaml *stages)
{
    bool *taken = ctx_scratch(cx, stages->n + 1), more = true;
    if (!taken) return FAIL(cx, ERR_NOMEM, "reading '%s'", r->path);
    for (int force = 0; force < 2; force++, more = true) {         /* a circle, which DVC would refuse, is taken as it comes */
        while (more) {
            size_t i = 0;
            more = false;
            for (const Yaml *s = stages->first; s; s = s->next, i++) {
                if (taken[i] || (!force && waits(s, stages, taken))) continue;
                taken[i] = more = true;
                TRY(cx, take_outs(cx, d, r, s));
            }
        }
    }
    return OK;
}

static Err take_record(Ctx *cx, Dvc *d, const Record *r, const char *text, size_t n)
{
    Yaml *root;
    Err err = yaml_read(cx, text, n, r->path, &root);
    if (err == ERR_BAD_INPUT) {
        ctx_warn(cx, "%s; it was passed over", cx->text);
        cx->text[0] = 0;
        d->out->passed_over++;
        return OK;
    }
    if (err || !root) return err;
    const Yaml *stages = yaml_get(root, "stages");
    size_t len = strlen(r->path);
    if (len >= 4 && !strcmp(r->path + len - 4, ".dvc")) return take_outs(cx, d, r, root);
    if (stages && stages->kind == YAML_MAP) return take_stages(cx, d, r, stages);
    return root->kind == YAML_MAP ? take_stages(cx, d, r, root) : OK;      /* before schema 2.0 */
}

/* --- history --- */

static bool is_dvc(const char *path)
{
    size_t n = strlen(path);
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    return !strcmp(base, "dvc.lock") || (n > 4 && !strcmp(path + n - 4, ".dvc") && base[0] != '.');
}

static Err record_add(Ctx *cx, Dvc *d, const Record *r)
{
    if (d->records_n == d->records_cap) {
        size_t cap = d->records_cap ? d->records_cap * 2 : 64;
        Record *more = ctx_grow(cx, d->record, cap, sizeof *more);
        if (!more) return FAIL(cx, ERR_NOMEM, "reading %zu commits", cap);
        d->record = more;
        d->records_cap = cap;
    }
    d->record[d->records_n++] = *r;
    return OK;
}

/* Every commit that touched DVC's files, oldest first; none where there is no Git. */
static Err read_history(Ctx *cx, Dvc *d)
{
    static const char *const argv[] = { "git", "-c", "core.quotepath=false", "log", "--reverse", "--topo-order", "--relative",
                                        "--no-renames", "--name-status", "--format=%x01%H%x02%at%x02%s", "--", "*.dvc", "*dvc.lock", NULL };
    Text said;
    int status = 1;
    Record now = { 0 };
    Ctx aside;
    Err err = OK;
    ctx_child(cx, &aside);
    text_init(&said, cx);
    if (os_run(&aside, d->in->folder, argv, DVC_LOG_MAX, &said, &status) || status) said.n = 0;
    ctx_clear(&aside);
    for (char *line = said.n ? said.at : NULL, *next; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next) *next++ = 0;
        if (*line == 1) {
            char *time = strchr(line, 2), *subject = time ? strchr(time + 1, 2) : NULL;
            if (!subject) continue;
            *time = *subject = 0;
            now = (Record){ .commit = ctx_scratch_text(cx, line + 1), .time_us = strtoll(time + 1, NULL, 10) * 1000000,
                            .subject = ctx_scratch_text(cx, text_utf8_ok(subject + 1, strlen(subject + 1)) ? subject + 1 : "") };
            if (!now.commit || !now.subject) { err = FAIL(cx, ERR_NOMEM, "reading the history"); goto done; }
        } else if ((*line == 'A' || *line == 'M') && line[1] == '\t' && is_dvc(line + 2)) {
            now.path = ctx_scratch_text(cx, line + 2);
            if (!now.path) { err = FAIL(cx, ERR_NOMEM, "reading the history"); goto done; }
            TRY_DONE(cx, record_add(cx, d, &now));
        }
    }
done:
    text_clear(&said);
    return err;
}

typedef struct Here { Ctx *cx; Dvc *d; const char *rel; int open; char **folder; size_t n, cap; } Here;

static Err here_one(void *arg, const char *name, FileType type)
{
    Here *h = arg;
    char *path = *h->rel ? ctx_scratch_fmt(h->cx, "%s/%s", h->rel, name) : ctx_scratch_text(h->cx, name);
    if (!path) return h->d->err = FAIL(h->cx, ERR_NOMEM, "looking for DVC's files");
    if (type == FILE_PLAIN && is_dvc(name)) return h->d->err = record_add(h->cx, h->d, &(Record){ .path = path, .subject = "" });
    if (type != FILE_FOLDER || name[0] == '.') return OK;
    if (h->n == h->cap) {
        size_t cap = h->cap ? h->cap * 2 : 16;
        char **more = ctx_grow(h->cx, h->folder, cap, sizeof *more);
        if (!more) return h->d->err = FAIL(h->cx, ERR_NOMEM, "looking for DVC's files");
        h->folder = more;
        h->cap = cap;
    }
    h->folder[h->n++] = path;
    return OK;
}

/* DVC's files as they lie in the work tree now. */
static Err read_here(Ctx *cx, Dvc *d)
{
    const Files *f = cx->world->files;
    Here h = { .cx = cx, .d = d, .rel = "", .open = -1 };
    Err err = f->open_folder(f->self, d->in->folder, &h.open);
    if (err) return FAIL(cx, err, "opening the folder '%s'", d->in->folder);
    for (size_t i = 0; !err; i++) {
        err = f->list_in(f->self, h.open, h.rel, here_one, &h);
        if (err && !d->err) err = err == ERR_DENIED ? OK : FAIL(cx, err, "listing '%s/%s'", d->in->folder, h.rel);
        if (i == h.n) break;
        h.rel = h.folder[i];
    }
    f->close(f->self, h.open);
    ctx_put(cx, h.folder);
    return err;
}

static Err text_of(Ctx *cx, const Dvc *d, const Record *r, Text *out)
{
    char *text = NULL;
    size_t n;
    int status = 1;
    if (r->commit) {
        const char *what = ctx_scratch_fmt(cx, "%s:./%s", r->commit, r->path);
        const char *const argv[] = { "git", "show", what, NULL };
        if (!what) return FAIL(cx, ERR_NOMEM, "reading '%s'", r->path);
        TRY(cx, os_run(cx, d->in->folder, argv, DVC_FILE_MAX, out, &status));
        return status ? FAIL(cx, ERR_IO, "'git show %.60s' failed with status %d", what, status) : OK;
    }
    const char *path = ctx_scratch_fmt(cx, "%s/%s", d->in->folder, r->path);
    if (!path) return FAIL(cx, ERR_NOMEM, "reading '%s'", r->path);
    TRY(cx, save_read(cx, path, DVC_FILE_MAX, &text, &n));
    text_bytes(out, text, n);
    ctx_put(cx, text);
    return text_err(out);
}

static Err import(Ctx *cx, Dvc *d)
{
    Text text;
    Err err = OK;
    TRY(cx, cache_of(cx, d, "config.local"));
    TRY(cx, cache_of(cx, d, "config"));
    TRY(cx, cache_add(cx, d, "cache"));
    TRY(cx, read_history(cx, d));
    TRY(cx, read_here(cx, d));
    text_init(&text, cx);
    for (size_t i = 0; i < d->records_n; i++) {
        ctx_step(cx, "importing", (double)i, (double)d->records_n);
        text.n = 0;
        TRY_DONE(cx, text_of(cx, d, &d->record[i], &text));
        if (text.n) TRY_DONE(cx, take_record(cx, d, &d->record[i], text.at, text.n));
    }
done:
    text_clear(&text);
    return err;
}

Err lake_import_dvc(Ctx *cx, Lake *lake, const LakeDvc *in, LakeDvcOut *out)
{
    const Files *f = cx->world->files;
    char path[LAKE_PATH_MAX];
    FileInfo info;
    *out = (LakeDvcOut){ 0 };
    if (strlen(in->folder) + 100 > LAKE_PATH_MAX) return FAIL(cx, ERR_LIMIT, "the path '%.80s…' is too long", in->folder);
    snprintf(path, sizeof path, "%s/.dvc", in->folder);
    Err err = f->look(f->self, path, &info);
    if (err) return FAIL(cx, err, "looking at '%s'", path);
    if (info.type != FILE_FOLDER) return FAIL(cx, ERR_NOT_FOUND, "'%s' is no DVC repository: it has no folder .dvc", in->folder);
    Dvc *d = ctx_get(cx, sizeof *d);
    if (!d) return FAIL(cx, ERR_NOMEM, "importing '%s'", in->folder);
    d->lake = lake;
    d->in = in;
    d->out = out;
    held_init(&d->sound, cx);
    err = import(cx, d);
    held_clear(cx, &d->sound);
    ctx_put(cx, d->made);
    ctx_put(cx, d->record);
    ctx_put(cx, d);
    return err ? ctx_hop(cx, err, __FILE__, __LINE__) : OK;
}

/* lake/about.c -- schema and profile of a version's tables, as one JSON object in the store that the event names.
**
** Files that are tables by their name (csv tsv json ndjson parquet xlsx, packed or not) are read through room query; those of
** one format with the same columns are one table, their sketches merged.  A file that cannot be read as a table is passed
** over, in words: the version is kept all the same.
** Sampling, unless a full profile is asked for: at most ABOUT_FILES files, evenly spread over the tables in order of their
** paths; of each at most ABOUT_ROWS rows from its start, and of text at most ABOUT_BYTES.  Counts of rows are then estimates
** (rows_exact false): from the length of the first rows, and from the files read to those there are.
*/
#include "lake/inner.h"
#include "lake/sketch.h"

#include "os/os.h"
#include "query/query.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ABOUT_FILES 32u
#define ABOUT_ROWS 200000u
#define ABOUT_BYTES ((uint64_t)48 << 20)
#define TABLES_MAX 32u
#define PASSED_MAX 100u
#define TOP_TOLD 10u
#define PEEK ((size_t)256 << 10)

typedef struct Col { char *name; ColumnType type; bool words; uint64_t missing, bad; Moments moments; Distinct *distinct; Quantiles quantiles; Top top; } Col;
typedef struct Tab { Col *col; size_t cols; QueryFormat format; uint64_t files, rows; double rows_guess; bool exact; char *first; } Tab;

typedef struct About {
    StoreBatch *batch;
    const LakeAdd *in;
    int64_t begun_us;
    Tab tab[TABLES_MAX];
    size_t tabs;
    LakeFile *file;                            /* tables by their names */
    size_t files, cap;
    struct { const char *path, *why; } passed[PASSED_MAX];
    size_t passed_n;
    unsigned threads;
} About;

/* --- which files --- */

static bool is_table(const char *path)
{
    const char *dot = strrchr(path, '.');
    QueryFormat f = query_format_of(path);
    return f != QUERY_AUTO && !(dot && !strcmp(dot, ".txt"));
}

static Err table_file(Ctx *cx, void *arg, const LakeFile *f)
{
    About *a = arg;
    if ((f->kind != LAKE_FILE && f->kind != LAKE_PROGRAM) || !f->size || !is_table(f->path)) return OK;
    if (a->files == a->cap) {
        size_t cap = a->cap ? a->cap * 2 : 32;
        LakeFile *more = ctx_grow(cx, a->file, cap, sizeof *more);
        if (!more) return FAIL(cx, ERR_NOMEM, "listing %zu tables", cap);
        a->file = more;
        a->cap = cap;
    }
    a->file[a->files] = *f;
    a->file[a->files].path = ctx_scratch_text(cx, f->path);
    return a->file[a->files++].path ? OK : FAIL(cx, ERR_NOMEM, "listing %zu tables", a->files);
}

/* Where a file of the version lies on this machine. */
static const char *place_of(Ctx *cx, const LakeAdd *in, const char *path)
{
    for (size_t i = 0; i < in->roots_n; i++) {
        const char *as = in->root[i].as ? in->root[i].as : "", *root = in->root[i].path, *name = strrchr(root, '/');
        size_t n = strlen(as);
        if (*as && !strcmp(as, path)) return root;
        if (!*as && !strcmp(name ? name + 1 : root, path)) {
            FileInfo info;
            const Files *f = cx->world->files;
            if (!f->look(f->self, root, &info) && info.type == FILE_PLAIN) return root;
        }
        if (!*as) return ctx_scratch_fmt(cx, "%s/%s", root, path);
        if (!strncmp(as, path, n) && path[n] == '/') return ctx_scratch_fmt(cx, "%s/%s", root, path + n + 1);
    }
    return NULL;
}

static void pass_over(Ctx *cx, About *a, const char *path, const char *why)
{
    if (a->passed_n == PASSED_MAX) return;
    const char *copy = ctx_scratch_text(cx, why);
    if (!copy) return;
    a->passed[a->passed_n].path = path;
    a->passed[a->passed_n++].why = copy;
}

/* Bytes a row, from the start of a text file; 0: not to be told. */
static double row_bytes(Ctx *cx, const char *path)
{
    const Files *f = cx->world->files;
    size_t got = 0, lines = 0, n = strlen(path);
    int fd = -1;
    QueryFormat format = query_format_of(path);
    bool packed = (n > 3 && !strcmp(path + n - 3, ".gz")) || (n > 4 && !strcmp(path + n - 4, ".zst"));
    if (packed || format == QUERY_PARQUET || format == QUERY_EXCEL || format == QUERY_JSON) return 0;
    char *buf = ctx_get(cx, PEEK);
    if (!buf) return 0;
    if (!f->open(f->self, path, FILE_READ, &fd)) {
        if (f->read(f->self, fd, buf, PEEK, &got)) got = 0;
        f->close(f->self, fd);
    }
    size_t end = 0;
    for (size_t i = 0; i < got; i++)
        if (buf[i] == '\n') lines++, end = i + 1;
    ctx_put(cx, buf);
    return lines ? (double)end / (double)lines : 0;
}

/* --- reading --- */

static ColumnType widen(ColumnType a, ColumnType b)
{
    bool na = a == COLUMN_NUMBER || a == COLUMN_INTEGER, nb = b == COLUMN_NUMBER || b == COLUMN_INTEGER;
    if (a == b) return a;
    if (na && nb) return COLUMN_NUMBER;
    return a == COLUMN_TEXT || b == COLUMN_TEXT ? COLUMN_TEXT : COLUMN_CATEGORY;
}

static bool same_columns(const Tab *t, const Table *of, QueryFormat format)
{
    if (t->cols != of->cols || t->format != format) return false;
    for (size_t i = 0; i < t->cols; i++)
        if (strcmp(t->col[i].name, of->col[i].name)) return false;
    return true;
}

static char *own(Ctx *cx, const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = ctx_get(cx, n);
    return p ? memcpy(p, s, n) : NULL;
}

static void tab_clear(Ctx *cx, Tab *t)
{
    for (size_t i = 0; i < t->cols && t->col; i++) {
        ctx_put(cx, t->col[i].name);
        ctx_put(cx, t->col[i].distinct);
        quantiles_clear(cx, &t->col[i].quantiles);
        top_clear(cx, &t->col[i].top);
    }
    ctx_put(cx, t->col);
    ctx_put(cx, t->first);
    *t = (Tab){ 0 };
}

/* The table this file belongs to, made when it is the first of its kind; NULL: there are too many kinds. */
static Err tab_of(Ctx *cx, About *a, const Table *of, QueryFormat format, const char *path, Tab **out)
{
    *out = NULL;
    for (size_t i = 0; i < a->tabs; i++) {
        if (!same_columns(&a->tab[i], of, format)) continue;
        *out = &a->tab[i];
        return OK;
    }
    if (a->tabs == TABLES_MAX) return OK;
    Tab *t = &a->tab[a->tabs++];
    *t = (Tab){ .cols = of->cols, .format = format, .exact = true, .first = own(cx, path) };
    t->col = ctx_get_n(cx, of->cols + 1, sizeof *t->col);
    if (!t->col || !t->first) return FAIL(cx, ERR_NOMEM, "profiling '%s'", path);
    for (size_t i = 0; i < of->cols; i++) {
        Col *c = &t->col[i];
        quantiles_init(&c->quantiles);
        c->name = own(cx, of->col[i].name);
        c->distinct = ctx_get(cx, sizeof *c->distinct);
        c->type = of->col[i].type;
        if (!c->name || !c->distinct) return FAIL(cx, ERR_NOMEM, "profiling '%s'", path);
    }
    *out = t;
    return OK;
}

static Err take_words(Ctx *cx, Col *c, const Column *of, size_t rows)
{
    uint64_t *times = ctx_get_n(cx, of->dict.n + 1, sizeof *times);
    Err err = OK;
    if (!times) return FAIL(cx, ERR_NOMEM, "profiling the column '%s'", c->name);
    for (size_t r = 0; r < rows; r++)
        if (column_has(of, r)) times[of->code[r]]++;
    c->words = true;
    for (uint32_t k = 0; k < of->dict.n && !err; k++) {
        size_t n;
        const char *word = dict_at(&of->dict, k, &n);
        if (!times[k]) continue;
        distinct_add(c->distinct, word, n);
        if (of->type != COLUMN_TEXT) err = top_add(cx, &c->top, word, n, times[k]);
    }
    ctx_put(cx, times);
    return err;
}

static Err take_numbers(Ctx *cx, Col *c, const Column *of, size_t rows)
{
    Quantiles q;
    Moments m = { 0 };
    Err err = OK;
    quantiles_init(&q);
    for (size_t r = 0; r < rows && !err; r++) {
        if (!column_has(of, r)) continue;
        double v = of->num[r] + 0.0;                               /* one zero */
        moments_add(&m, v);
        distinct_add(c->distinct, &v, sizeof v);
        err = quantiles_add(cx, &q, v);
    }
    moments_merge(&c->moments, &m);
    if (!err) err = quantiles_merge(cx, &c->quantiles, &q);
    quantiles_clear(cx, &q);
    return err;
}

typedef struct Taking { Tab *tab; const Table *of; } Taking;

static Err take_column(Ctx *cx, void *self, size_t i)
{
    const Taking *t = self;
    Col *c = &t->tab->col[i];
    const Column *of = &t->of->col[i];
    TRY(cx, ctx_check(cx));
    c->type = t->tab->files ? widen(c->type, of->type) : of->type;
    c->missing += of->nulls;
    c->bad += of->bad;
    return of->num ? take_numbers(cx, c, of, t->of->rows) : take_words(cx, c, of, t->of->rows);
}

static void passed_by(Ctx *cx, About *a, Ctx *aside, const char *path)
{
    pass_over(cx, a, path, aside->text);
}

/* Read one file into its table.  What cannot be read is passed over; only memory and a person's stop end it all. */
static Err take_file(Ctx *cx, About *a, const LakeFile *f)
{
    const Files *fs = cx->world->files;
    const char *place = place_of(cx, a->in, f->path);
    bool full = a->in->profile == LAKE_PROFILE_FULL;
    QueryInfo info;
    FileInfo look;
    Table *t = NULL;
    Tab *tab = NULL;
    Ctx aside;
    Err err = OK;
    if (!place) return FAIL(cx, ERR_NOMEM, "profiling '%s'", f->path);
    double row = row_bytes(cx, place);
    QueryIn q = { .path = place, .threads = a->threads, .rows_max = full ? 0 : ABOUT_ROWS };
    if (!full && row > 0 && (double)ABOUT_BYTES / row < ABOUT_ROWS) q.rows_max = (size_t)((double)ABOUT_BYTES / row) + 1;
    ctx_child(cx, &aside);
    aside.progress = (Progress){ 0 };                              /* warnings about cells are for those who train on them */
    err = query_read(&aside, &q, &t, &info);
    if (!err && !fs->look(fs->self, place, &look) && (look.changed_us > a->begun_us || look.size != f->size))
        err = FAIL(&aside, ERR_BAD_INPUT, "it was changed after it was added");
    if (err == ERR_NOMEM || err == ERR_INTERRUPTED || err == ERR_TIME) err = ctx_join(cx, &aside, err);
    else if (err) passed_by(cx, a, &aside, f->path), err = OK;
    else {
        err = tab_of(cx, a, t, info.format, f->path, &tab);
        if (!err && !tab) pass_over(cx, a, f->path, "the version holds too many kinds of tables");
    }
    if (!err && tab) {
        Taking taking = { tab, t };
        err = os_parts(cx, a->threads, t->cols, take_column, &taking);
        bool cut = q.rows_max && t->rows == q.rows_max;
        tab->rows += t->rows;
        double guess = cut && row > 0 ? (double)f->size / row : cut ? NAN : (double)t->rows;
        tab->rows_guess += guess < (double)t->rows ? (double)t->rows : guess;
        tab->exact &= !cut;
        tab->files++;
    }
    table_free(&aside, t);
    ctx_clear(&aside);
    return err;
}

/* --- writing --- */

static void put_value(Text *t, const char *key, double v, bool time)
{
    char buf[COLUMN_TEXT_MAX];
    if (!time || !isfinite(v)) {
        json_key_num(t, key, v);
        return;
    }
    buf[table_time_text(v, buf)] = 0;
    json_key_text(t, key, buf);
}

static Err put_numbers(Ctx *cx, Text *t, const Col *c)
{
    static const double rank[] = { 0.05, 0.25, 0.5, 0.75, 0.95 };
    static const char *const name[] = { "p05", "p25", "p50", "p75", "p95" };
    double at[5];
    bool time = c->type == COLUMN_DATETIME;
    put_value(t, "max", c->moments.max, time);
    put_value(t, "mean", c->moments.mean, time);
    put_value(t, "min", c->moments.min, time);
    TRY(cx, quantiles_at(cx, &c->quantiles, rank, at, 5));
    json_key_open(t, "quantiles");
    for (size_t i = 0; i < 5; i++) put_value(t, name[i], at[i], time);
    json_close(t);
    if (!time) json_key_num(t, "sd", moments_sd(&c->moments));
    return OK;
}

static Err put_column(Ctx *cx, Text *t, Col *c, uint64_t rows)
{
    double distinct = distinct_count(c->distinct), most = (double)(rows - c->missing);
    json_open(t);
    json_key_int(t, "bad", (int64_t)c->bad);
    json_key_int(t, "distinct", (int64_t)(distinct < most ? distinct + 0.5 : most));
    json_key_int(t, "missing", (int64_t)c->missing);
    json_key_text(t, "name", c->name);
    if (c->moments.n) {
        json_key_open(t, "numbers");
        TRY(cx, put_numbers(cx, t, c));
        json_close(t);
    }
    if (c->top.used) {
        top_sort(&c->top);
        json_key_open_array(t, "top");
        for (uint32_t i = 0; i < c->top.used && i < TOP_TOLD; i++) {
            json_open_array(t);
            json_text_n(t, c->top.value[i].word, c->top.value[i].word_n);
            json_int(t, (int64_t)c->top.value[i].n);
            json_close_array(t);
        }
        json_close_array(t);
    }
    json_key_text(t, "type", column_type_word(c->type));
    json_close(t);
    return OK;
}

static Err put_tab(Ctx *cx, Text *t, Tab *tab, double share)
{
    json_open(t);
    json_key_open_array(t, "columns");
    for (size_t i = 0; i < tab->cols; i++) TRY(cx, put_column(cx, t, &tab->col[i], tab->rows));
    json_close_array(t);
    json_key_int(t, "files", (int64_t)tab->files);
    json_key_text(t, "first", tab->first);
    json_key_text(t, "format", query_format_word(tab->format));
    json_key_int(t, "read", (int64_t)tab->rows);
    bool exact = tab->exact && share <= 1;
    double rows = exact ? (double)tab->rows : tab->rows_guess * share;
    if (isfinite(rows)) json_key_int(t, "rows", (int64_t)(rows + 0.5));
    json_key_bool(t, "rows_exact", exact);
    json_close(t);
    return OK;
}

static Err write_about(Ctx *cx, About *a, double share, AboutOut *out)
{
    Text t;
    Err err = OK;
    text_init(&t, cx);
    json_open(&t);
    json_key_text(&t, "format", "leat-about/1");
    json_key_open_array(&t, "passed_over");
    for (size_t i = 0; i < a->passed_n; i++) {
        json_open(&t);
        json_key_text(&t, "path", a->passed[i].path);
        json_key_text(&t, "why", a->passed[i].why);
        json_close(&t);
    }
    json_close_array(&t);
    json_key_open_array(&t, "tables");
    for (size_t i = 0; i < a->tabs; i++) TRY_DONE(cx, put_tab(cx, &t, &a->tab[i], share));
    json_close_array(&t);
    json_key_int(&t, "tables_files", (int64_t)a->files);
    json_close(&t);
    TRY_DONE(cx, text_err(&t));
    TRY_DONE(cx, store_batch_put(cx, a->batch, t.at, t.n, &out->about));
    out->has = true;
    out->rows = 0;
    out->columns = 0;
    out->rows_exact = share <= 1;
    for (size_t i = 0; i < a->tabs; i++) {
        double rows = a->tab[i].exact && share <= 1 ? (double)a->tab[i].rows : a->tab[i].rows_guess * share;
        out->rows_exact &= a->tab[i].exact;
        out->rows = out->rows < 0 || !isfinite(rows) ? -1 : out->rows + (int64_t)(rows + 0.5);
        if ((int64_t)a->tab[i].cols > out->columns) out->columns = (int64_t)a->tab[i].cols;
    }
    if (!a->tabs) out->rows = out->columns = -1;
done:
    text_clear(&t);
    return err;
}

Err about_make(Ctx *cx, Lake *lake, const LakeAdd *in, const Digest *tree, int64_t begun_us, StoreBatch *batch, AboutOut *out)
{
    Err err = OK;
    *out = (AboutOut){ .rows = -1, .columns = -1 };
    if (in->profile == LAKE_PROFILE_NONE) return OK;
    About *a = ctx_get(cx, sizeof *a);
    if (!a) return FAIL(cx, ERR_NOMEM, "profiling '%s'", in->name);
    a->batch = batch;
    a->in = in;
    a->begun_us = begun_us;
    a->threads = in->threads ? in->threads : os_cpus();
    TRY_DONE(cx, lake_each_file(cx, lake, tree, table_file, a));
    size_t step = in->profile == LAKE_PROFILE_FULL || a->files <= ABOUT_FILES ? 1 : (a->files + ABOUT_FILES - 1) / ABOUT_FILES;
    size_t read = 0;
    for (size_t i = 0; i < a->files; i += step, read++) {
        ctx_step(cx, "profiling tables", (double)i, (double)a->files);
        TRY_DONE(cx, take_file(cx, a, &a->file[i]));
    }
    if (a->files) TRY_DONE(cx, write_about(cx, a, (double)a->files / (double)read, out));
done:
    for (size_t i = 0; i < a->tabs; i++) tab_clear(cx, &a->tab[i]);
    ctx_put(cx, a->file);
    ctx_put(cx, a);
    if (err) *out = (AboutOut){ .rows = -1, .columns = -1 };
    return err;
}

/* query/read.c -- files into one table: which columns, which types, which order of files. */
#include "query/files.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define ALMOST_SHARE 0.9           /* numbers in a column of words that are worth a warning */
#define ALMOST_WORDS 5u            /* at most so many distinct words among them */

/* The table's columns, settled when the first file is opened. */
typedef struct Plan {
    const Schema *schema;          /* NULL: everything is inferred */
    const char *const *keep;
    size_t keep_n;
    const char **name;             /* (borrowed) of the schema, or of the first file's copy in `first` */
    ColumnType *want;
    bool *numeric;
    TimeOrder *order;
    size_t n, cap;
    Names first;                   /* the first file's names */
    char *first_path;
    uint32_t *to;                  /* the current file's columns to ours */
    bool *found;                   /* n */
} Plan;

static void plan_clear(Ctx *cx, Plan *p)
{
    ctx_put(cx, (void *)p->name);
    ctx_put(cx, p->want);
    ctx_put(cx, p->numeric);
    ctx_put(cx, p->order);
    ctx_put(cx, p->to);
    ctx_put(cx, p->found);
    ctx_put(cx, p->first_path);
    names_free(cx, &p->first);
    *p = (Plan){ 0 };
}

static void plan_add(Plan *p, const char *name, ColumnType want, bool numeric, TimeOrder order)
{
    assert(p->n < p->cap);
    p->name[p->n] = name;
    p->want[p->n] = want;
    p->numeric[p->n] = numeric;
    p->order[p->n] = order;
    p->n++;
}

/* A name that the file lacks: say which is near. */
static Err no_column(Ctx *cx, const Names *names, const char *path, const char *name)
{
    const char *near = text_nearest(name, (const char *const *)names->at, names->n);
    if (near) return FAIL(cx, ERR_BAD_INPUT, "'%s' has no column '%s'; did you mean '%s'?", path, name, near);
    return FAIL(cx, ERR_BAD_INPUT, "'%s' has no column '%s'; its first of %zu is '%s'", path, name, names->n,
                names->n ? names->at[0] : "");
}

static bool listed(const char *const *list, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (!strcmp(list[i], name)) return true;
    return false;
}

static Err plan_by_file(Ctx *cx, const QueryIn *in, Plan *p)
{
    const Names *names = &p->first;
    for (size_t i = 0; i < in->columns_n; i++)
        if (names_find(names, in->columns[i]) == SIZE_MAX)
            return no_column(cx, names, p->first_path, in->columns[i]);
    for (size_t i = 0; i < in->types_n; i++)
        if (names_find(names, in->types[i].column) == SIZE_MAX)
            return no_column(cx, names, p->first_path, in->types[i].column);
    for (size_t i = 0; i < names->n; i++) {
        ColumnType want = COLUMN_AUTO;
        if (in->columns && !listed(in->columns, in->columns_n, names->at[i])) continue;
        for (size_t k = 0; k < in->types_n; k++)
            if (!strcmp(in->types[k].column, names->at[i])) want = in->types[k].type;
        plan_add(p, names->at[i], want, false, TIME_ISO);
    }
    return OK;
}

static Err plan_by_schema(Ctx *cx, Plan *p)
{
    const Schema *s = p->schema;
    for (size_t i = 0; i < s->n; i++)
        if (names_find(&p->first, s->col[i].name) != SIZE_MAX)
            plan_add(p, s->col[i].name, s->col[i].type, s->col[i].numeric, s->col[i].order);
    if (!p->n && s->n)
        return FAIL(cx, ERR_BAD_INPUT, "'%s' holds none of the %zu columns that are needed; the first is '%s'",
                    p->first_path, s->n, s->col[0].name);
    for (size_t i = 0; i < p->keep_n; i++) {
        if (names_find(&p->first, p->keep[i]) == SIZE_MAX)
            return no_column(cx, &p->first, p->first_path, p->keep[i]);
        if (schema_find(s, p->keep[i]) == SIZE_MAX && !listed(p->keep, i, p->keep[i]))
            plan_add(p, p->keep[i], COLUMN_AUTO, false, TIME_ISO);
    }
    return OK;
}

static Err plan_make(Ctx *cx, const QueryIn *in, const Source *s, Plan *p)
{
    p->cap = s->names.n + p->keep_n + (p->schema ? p->schema->n : 0) + 1;
    p->name = ctx_get_n(cx, p->cap, sizeof *p->name);
    p->want = ctx_get_n(cx, p->cap, sizeof *p->want);
    p->numeric = ctx_get_n(cx, p->cap, sizeof *p->numeric);
    p->order = ctx_get_n(cx, p->cap, sizeof *p->order);
    p->found = ctx_get_n(cx, p->cap, sizeof *p->found);
    p->first_path = query_copy(cx, s->path, strlen(s->path));
    if (!p->name || !p->want || !p->numeric || !p->order || !p->found || !p->first_path)
        return FAIL(cx, ERR_NOMEM, "the %zu columns of '%s'", s->names.n, s->path);
    for (size_t i = 0; i < s->names.n; i++)
        TRY(cx, names_add(cx, &p->first, s->names.at[i], strlen(s->names.at[i])));
    TRY(cx, names_close(cx, &p->first, s->path, !p->schema));
    return p->schema ? plan_by_schema(cx, p) : plan_by_file(cx, in, p);
}

/* Where each column of this file goes.  Files after the first must bring the same columns, in any order. */
static Err plan_map(Ctx *cx, const Source *s, Plan *p)
{
    size_t n = s->names.n;
    ctx_put(cx, p->to);
    p->to = ctx_get_n(cx, n ? n : 1, sizeof *p->to);
    if (!p->to) return FAIL(cx, ERR_NOMEM, "the %zu columns of '%s'", n, s->path);
    for (size_t i = 0; i < n; i++) p->to[i] = NO_COLUMN;
    for (size_t i = 0; i < p->n; i++) {
        size_t at = names_find(&s->names, p->name[i]);
        if (p->schema) TRY(cx, names_once(cx, &s->names, s->path, p->name[i]));
        p->found[i] = at != SIZE_MAX;
        if (p->found[i]) p->to[at] = (uint32_t)i;
        else if (!s->sparse)
            return FAIL(cx, ERR_BAD_INPUT, "'%s' has no column '%s', which '%s' has", s->path, p->name[i],
                        p->first_path);
    }
    for (size_t i = 0; i < n && !p->schema; i++)
        if (p->to[i] == NO_COLUMN && names_find(&p->first, s->names.at[i]) == SIZE_MAX)
            return FAIL(cx, ERR_BAD_INPUT, "'%s' has a column '%s', which '%s' lacks", s->path, s->names.at[i],
                        p->first_path);
    return OK;
}

/* ------------------------------------------------------------------ reading */

static Err start_builder(Ctx *cx, const QueryIn *in, const Plan *p, Builder **b)
{
    BuilderIn make = {
        .cols = p->n, .name = p->name, .want = p->want, .source = in->path,
        .na = in->na ? in->na : table_na_default, .na_n = in->na ? in->na_n : table_na_default_n,
    };
    if (p->schema) {
        make.na = (const char *const *)p->schema->na;
        make.na_n = p->schema->na_n;
        make.keep_types = true;
        make.numeric = p->numeric;
        make.order = p->order;
    }
    return builder_new(cx, &make, b);
}

static Err one_file(Ctx *cx, Job *job, const char *path, QueryFormat format, Plan *p, Builder **b, QueryInfo *info)
{
    Err err = OK;
    Source *s = NULL;
    size_t rows = 0, left = job->in->rows_max ? job->in->rows_max - job->rows_done : SIZE_MAX;
    const SourceKind *kind = format == QUERY_CSV || format == QUERY_TSV ? &source_csv : &source_duck;
    TRY(cx, kind->open(cx, job, path, format, &s));
    info->delimiter = s->delimiter;
    if (!*b) {
        TRY_DONE(cx, plan_make(cx, job->in, s, p));
        TRY_DONE(cx, start_builder(cx, job->in, p, b));
    }
    TRY_DONE(cx, plan_map(cx, s, p));
    TRY_DONE(cx, kind->rows(cx, job, s, p->to, *b, left, &rows));
    for (size_t c = 0; c < p->n; c++)
        for (size_t i = 0; i < rows && !p->found[c]; i++) TRY_DONE(cx, builder_null(cx, *b, c));
    job->rows_done += rows;
done:
    kind->close(cx, s);
    return err;
}

static Err all_files(Ctx *cx, Job *job, const FileList *files, Plan *p, Builder **b, QueryInfo *info)
{
    const QueryIn *in = job->in;
    for (size_t i = 0; i < files->n; i++) {
        QueryFormat format;
        if (in->rows_max && job->rows_done >= in->rows_max) break;
        TRY(cx, files_format(cx, files->at[i], in->format, &format));
        if (i && format != info->format)
            return FAIL(cx, ERR_BAD_INPUT, "'%s' is %s, but '%s' is %s; read files of one kind at a time",
                        files->at[i], query_format_word(format), files->at[0], query_format_word(info->format));
        info->format = format;
        TRY(cx, one_file(cx, job, files->at[i], format, p, b, info));
    }
    if (!job->rows_done && !in->rows_may_lack)
        return FAIL(cx, ERR_BAD_INPUT, "'%s' holds column names and no rows; rows of values are needed", in->path);
    return OK;
}

/* ----------------------------------------------------------------- warnings */

/* Words that keep a column from being numbers are worth naming: they are likely missing marks. */
static void warn_almost(Ctx *cx, const Column *c, size_t rows)
{
    char seen[160] = "";
    unsigned words = 0;
    size_t at = 0, numbers = 0;
    uint32_t word[ALMOST_WORDS];
    double v;
    if (c->dict.n < 20) return;
    for (uint32_t i = 0; i < c->dict.n; i++) {
        size_t n;
        const char *s = dict_at(&c->dict, i, &n);
        if (num_read(s, n, &v)) continue;
        if (words == ALMOST_WORDS) return;
        word[words++] = i;
        int k = snprintf(seen + at, sizeof seen - at, "%s'%.*s'", at ? ", " : "", n > 20 ? 20 : (int)n, s);
        at = k > 0 && at + (size_t)k < sizeof seen ? at + (size_t)k : sizeof seen - 1;
    }
    if (!words) return;
    for (size_t i = 0; i < rows; i++) {
        bool number = c->code[i] >= 0;
        for (unsigned k = 0; k < words && number; k++) number = c->code[i] != (int32_t)word[k];
        numbers += number;
    }
    if ((double)numbers >= ALMOST_SHARE * (double)(rows - c->nulls))
        ctx_warn(cx,
                 "column '%s' holds numbers but for %s; it is read as words (add %s to --na, or say --type "
                 "%s=number, to read numbers)",
                 c->name, seen, words == 1 ? "it" : "them", c->name);
}

static void warn(Ctx *cx, const Table *t)
{
    for (size_t i = 0; i < t->cols; i++) {
        const Column *c = &t->col[i];
        if (c->infinite)
            ctx_warn(cx, "column '%s' holds %llu infinite numbers; they count as missing", c->name,
                     (unsigned long long)c->infinite);
        if (c->bad)
            ctx_warn(cx, "column '%s': %llu values cannot be read as %s; they count as missing", c->name,
                     (unsigned long long)c->bad, column_type_word(c->type));
        if (c->code && (c->type == COLUMN_CATEGORY || c->type == COLUMN_ID || c->type == COLUMN_TEXT))
            warn_almost(cx, c, t->rows);
    }
}

/* ----------------------------------------------------------------- the door */

static Err read_all(Ctx *cx, const QueryIn *in, Plan *p, Table **out, QueryInfo *info)
{
    Err err = OK;
    FileList files = { 0 };
    Builder *b = NULL;
    Job job = { .in = in, .strict = !p->schema };
    QueryInfo own = { 0 };
    int64_t from = ctx_mono_us(cx);
    *out = NULL;
    if (in->paths_n) TRY_DONE(cx, files_these(cx, in->paths, in->paths_n, &files));
    else TRY_DONE(cx, files_find(cx, in->path, &files));
    own.files = files.n;
    own.bytes = files.bytes;
    TRY_DONE(cx, all_files(cx, &job, &files, p, &b, &own));
    err = builder_end(cx, b, out);
    b = NULL;
    if (err) ctx_hop(cx, err, __FILE__, __LINE__);
    own.seconds = ctx_since_s(cx, from);
done:
    if (info) *info = err ? (QueryInfo){ 0 } : own;
    builder_free(cx, b);
    plan_clear(cx, p);
    duck_close(cx, job.duck);
    files_free(cx, &files);
    return err;
}

Err query_read(Ctx *cx, const QueryIn *in, Table **out, QueryInfo *info)
{
    Plan p = { 0 };
    TRY(cx, read_all(cx, in, &p, out, info));
    warn(cx, *out);
    return OK;
}

Err query_read_schema(Ctx *cx, const QueryIn *in, const Schema *schema, const char *const *keep, size_t keep_n,
                      Table **out, QueryInfo *info)
{
    Plan p = { .schema = schema, .keep = keep, .keep_n = keep_n };
    return read_all(cx, in, &p, out, info);
}

Err query_engine(Ctx *cx, char version[32])
{
    Duck *d = NULL;
    version[0] = 0;
    TRY(cx, duck_open(cx, &(QueryIn){ 0 }, &d));
    snprintf(version, 32, "%s", duck_version(d));
    duck_close(cx, d);
    return OK;
}

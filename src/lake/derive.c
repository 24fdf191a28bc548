/* lake/derive.c -- a SELECT over versions becomes a version, knows what it was made from, and when that has moved on.
**
** One thread and no word that changes its answer, so equal inputs, statement and engine give equal rows in equal order and
** equal bytes: making it again is free of news when nothing is new.
*/
#include "lake/workin.h"

#include <stdio.h>
#include <string.h>

#define INPUTS_MAX 256
#define DEPTH_MAX 100              /* derived of derived of … */

/* What was derived, as the event's detail keeps it. */
typedef struct Recipe { const char *sql, *format, *engine; const char **ref; size_t refs_n; } Recipe;

static void write_recipe(const Recipe *r, Text *t)
{
    json_open(t);
    json_key_text(t, "engine", r->engine);
    json_key_text(t, "format", r->format);
    json_key_open_array(t, "refs");
    for (size_t i = 0; i < r->refs_n; i++) json_text(t, r->ref[i]);
    json_close_array(t);
    json_key_text(t, "sql", r->sql);
    json_close(t);
}

static Err read_recipe(Ctx *cx, const LakeVersion *v, Recipe *out)
{
    Err err = OK;
    yyjson_alc alc;
    yyjson_doc *doc;
    yyjson_val *one;
    size_t i, n;
    *out = (Recipe){ 0 };
    TRY(cx, lake_json(cx, v->detail, strlen(v->detail), &alc, &doc));
    yyjson_val *root = yyjson_doc_get_root(doc), *refs = yyjson_obj_get(root, "refs");
    const char *sql = yyjson_get_str(yyjson_obj_get(root, "sql")), *format = yyjson_get_str(yyjson_obj_get(root, "format"));
    out->ref = ctx_scratch(cx, (yyjson_arr_size(refs) + 1) * sizeof *out->ref);
    out->sql = ctx_scratch_text(cx, sql ? sql : "");
    out->format = ctx_scratch_text(cx, format ? format : "");
    if (!out->ref || !out->sql || !out->format) { err = FAIL(cx, ERR_NOMEM, "how '%s' was derived", v->dataset); goto done; }
    yyjson_arr_foreach(refs, i, n, one) {
        const char *ref = yyjson_get_str(one);
        out->ref[out->refs_n] = ctx_scratch_text(cx, ref ? ref : "");
        if (!out->ref[out->refs_n++]) { err = FAIL(cx, ERR_NOMEM, "how '%s' was derived", v->dataset); goto done; }
    }
done:
    yyjson_doc_free(doc);
    return err;
}

/* ----------------------------------------------------------------- lineage */

typedef struct Inputs { LakeInput input[INPUTS_MAX]; const char *ref[INPUTS_MAX]; size_t n, refs_n; int64_t newest_us; } Inputs;

static Err gather(Ctx *cx, const LakeSql *s, const char *name, Inputs *out)
{
    const LakeVersion *v;
    const char *ref;
    for (size_t i = 0; (v = lake_sql_version(s, i, &ref)); i++) {
        bool seen = false;
        if (out->refs_n == INPUTS_MAX) return FAIL(cx, ERR_LIMIT, "more than %d inputs of '%s'", INPUTS_MAX, name);
        out->ref[out->refs_n++] = ref;
        const char *at = strchr(ref, '@');
        bool floats = !at || !strncmp(at, "@latest", 7);
        if (floats && !strcmp(v->dataset, name))
            return FAIL(cx, ERR_BAD_INPUT, "'%s' cannot be derived from its own newest version, which it would never catch up with; "
                        "name the version: '%s@%llu'", name, name, (unsigned long long)v->n);
        for (size_t k = 0; k < out->n && !seen; k++) seen = out->input[k].n == v->n && !strcmp(out->input[k].dataset, v->dataset);
        if (!seen) out->input[out->n++] = (LakeInput){ v->dataset, v->n, v->tree };
        if (v->source_us > out->newest_us) out->newest_us = v->source_us;
    }
    if (!out->n)
        return FAIL(cx, ERR_BAD_INPUT, "the statement names no dataset: nothing says what '%s' is made from; use FROM 'name@version'", name);
    return OK;
}

/* -------------------------------------------------------------------- make */

static Err must_be_steady(Ctx *cx, LakeSql *s, const char *sql)
{
    const char *word;
    TRY(cx, query_sql_steady(cx, lake_sql(s), sql, &word));
    if (!word) return OK;
    return FAIL(cx, ERR_BAD_INPUT, "'%s' says something else each time, and a derived version must come out the same again; use a column, "
                "or hash() of one%s", word, strcasecmp(word, "sample") && strcasecmp(word, "tablesample") ? "" : ", or REPEATABLE (seed)");
}

/* Put on record that the newest version is what its inputs' newest versions give. */
static Err confirm(Ctx *cx, Lake *lake, const LakeVersion *v, const Inputs *in)
{
    Text t;
    char hex[SHA256_TEXT_MAX];
    text_init(&t, cx);
    json_open(&t);
    json_key_open_array(&t, "inputs");
    for (size_t i = 0; i < in->n; i++) {
        digest_text(&in->input[i].tree, hex);
        json_open(&t);
        json_key_text(&t, "dataset", in->input[i].dataset);
        json_key_int(&t, "n", (int64_t)in->input[i].n);
        json_key_text(&t, "tree", hex);
        json_close(&t);
    }
    json_close_array(&t);
    json_key_int(&t, "n", (int64_t)v->n);
    json_close(&t);
    TRY(cx, mark_append(cx, lake, "data.confirmed", v->dataset, &t));
    return OK;
}

static Err keep(Ctx *cx, Lake *lake, const LakeDerive *in, const Recipe *r, const Inputs *inputs, const char *path, LakeAdded *out)
{
    Err err = OK;
    Text detail;
    LakeStale *stale;
    size_t stale_n = 0;
    text_init(&detail, cx);
    char *file = ctx_scratch_fmt(cx, "%s.%s", in->name, r->format);
    if (!file) return FAIL(cx, ERR_NOMEM, "deriving '%s'", in->name);
    for (char *p = file; *p; p++)
        if (*p == '/') *p = '-';
    write_recipe(r, &detail);
    TRY_DONE(cx, text_err(&detail));
    LakeRoot root = { .path = path, .as = file };
    LakeSource source = { .kind = "query", .address = "leat data derive", .detail = in->sql };
    LakeAdd add = { .name = in->name, .root = &root, .roots_n = 1, .source = &source, .sources_n = 1, .input = inputs->input,
                    .inputs_n = inputs->n, .verb = "derive", .detail = detail.at, .message = in->message, .tag = in->tag,
                    .tags_n = in->tags_n, .source_us = inputs->newest_us, .fresh = true, .passing = true };
    TRY_DONE(cx, lake_add(cx, lake, &add, out));
    if (!out->unchanged) goto done;
    TRY_DONE(cx, lake_stale(cx, lake, &out->version, &stale, &stale_n));
    if (stale_n) TRY_DONE(cx, confirm(cx, lake, &out->version, inputs));
done:
    text_clear(&detail);
    return err;
}

Err lake_derive(Ctx *cx, Lake *lake, const LakeDerive *in, LakeAdded *out)
{
    Err err = OK;
    LakeSql *s = NULL;
    QueryAnswer *a = NULL;
    Inputs inputs = { 0 };
    QueryFormat format = in->format == QUERY_CSV ? QUERY_CSV : QUERY_PARQUET;
    *out = (LakeAdded){ 0 };
    TRY(cx, lake_check_name(cx, "dataset", in->name));
    if (in->format != QUERY_AUTO && in->format != QUERY_CSV && in->format != QUERY_PARQUET)
        return FAIL(cx, ERR_USAGE, "a version is derived as Parquet or CSV, not %s", query_format_word(in->format));
    TRY(cx, lake_sql_open(cx, lake, &(LakeSqlIn){ .threads = 1, .memory_mib = in->memory_mib }, &s));
    TRY_DONE(cx, must_be_steady(cx, s, in->sql));
    TRY_DONE(cx, query_sql_ask(cx, lake_sql(s), in->sql, &a));
    TRY_DONE(cx, gather(cx, s, in->name, &inputs));
    char *path = ctx_scratch_fmt(cx, "%s/derived", lake_sql_folder(s));
    if (!path) { err = FAIL(cx, ERR_NOMEM, "deriving '%s'", in->name); goto done; }
    TRY_DONE(cx, query_answer_write(cx, a, &(QueryAnswerOut){ .path = path, .format = format }, NULL));
    Recipe recipe = { .sql = in->sql, .format = query_format_word(format), .engine = query_sql_engine(lake_sql(s)),
                      .ref = inputs.ref, .refs_n = inputs.refs_n };
    TRY_DONE(cx, keep(cx, lake, in, &recipe, &inputs, path, out));
done:
    query_answer_close(cx, a);
    lake_sql_close(cx, s);
    if (err) *out = (LakeAdded){ 0 };
    return err;
}

/* --------------------------------------------------------------- staleness */

/* What a version was made from at last: its lineage, or what was put on record since.  *tree: of `dataset` then. */
static Err made_from(Ctx *cx, Lake *lake, const LakeVersion *v, const char *dataset, LakeInput *out, bool *found)
{
    static const Statement later = {
        "SELECT input_n, input_tree FROM data_confirmed WHERE dataset = ?1 AND n = ?2 AND input = ?3 AND to_seq IS NULL"
        " ORDER BY from_seq DESC, input_n DESC LIMIT 1", NULL };
    Err err = OK;
    DbRows *q = NULL;
    LakeInput *all;
    size_t n;
    bool more;
    *found = false;
    TRY(cx, db_ask(cx, ledger_db(lake->ledger), &later, DB_ARGS(db_text(v->dataset), db_int((int64_t)v->n), db_text(dataset)), &q));
    TRY_DONE(cx, db_next(cx, q, &more));
    if (more) {
        size_t bytes;
        const void *tree = db_get_blob(q, 1, &bytes);
        *out = (LakeInput){ .dataset = dataset, .n = (uint64_t)db_get_int(q, 0) };
        if (tree && bytes == SHA256_BYTES) memcpy(out->tree.at, tree, bytes);
        *found = true;
        goto done;
    }
    TRY_DONE(cx, lake_inputs(cx, lake, v, &all, &n));
    for (size_t i = 0; i < n; i++)
        if (!strcmp(all[i].dataset, dataset) && (!*found || all[i].n > out->n)) {
            *out = all[i];
            *found = true;
        }
done:
    db_rows_close(q);
    return err;
}

Err lake_stale(Ctx *cx, Lake *lake, const LakeVersion *v, LakeStale **out, size_t *n)
{
    Recipe r;
    LakeStale *rows = NULL;
    *out = NULL;
    *n = 0;
    if (strcmp(v->verb, "derive")) return OK;
    TRY(cx, read_recipe(cx, v, &r));
    for (size_t i = 0; i < r.refs_n; i++) {
        LakeVersion now;
        LakeInput was;
        bool found;
        Ctx aside;
        const char *at = strchr(r.ref[i], '@'), *slash = at ? strchr(at, '/') : NULL;
        char *ref = slash ? ctx_scratch_fmt(cx, "%.*s", (int)(slash - r.ref[i]), r.ref[i]) : ctx_scratch_text(cx, r.ref[i]);
        if (!ref) return FAIL(cx, ERR_NOMEM, "the inputs of '%s'", v->dataset);
        ctx_child(cx, &aside);
        Err err = lake_find(&aside, lake, ref, &now);
        if (err == ERR_NOT_FOUND) {            /* removed since: nothing newer to derive from */
            ctx_clear(&aside);
            continue;
        }
        const char *dataset = err ? NULL : ctx_scratch_text(cx, now.dataset);
        TRY(cx, ctx_join(cx, &aside, err));
        if (!dataset) return FAIL(cx, ERR_NOMEM, "the inputs of '%s'", v->dataset);
        TRY(cx, made_from(cx, lake, v, dataset, &was, &found));
        if (!found || now.n == was.n || (at && at[1] >= '0' && at[1] <= '9')) continue;
        LakeStale *row = work_row(cx, (void **)&rows, *n, sizeof *row);
        if (!row) return FAIL(cx, ERR_NOMEM, "the inputs of '%s'", v->dataset);
        *row = (LakeStale){ .ref = r.ref[i], .was = was, .now = { dataset, now.n, now.tree } };
        ++*n;
    }
    *out = rows;
    return OK;
}

/* An input that was removed since is nothing to refresh: v->n is 0. */
static Err find_or_gone(Ctx *cx, Lake *lake, const char *name, bool may_be_gone, LakeVersion *v)
{
    LakeVersion *all;
    size_t n;
    *v = (LakeVersion){ 0 };
    if (!may_be_gone) return lake_find(cx, lake, name, v);
    TRY(cx, lake_versions(cx, lake, name, &all, &n));
    for (size_t i = 0; i < n && !v->n; i++)
        if (!all[i].removed) *v = all[i];
    return OK;
}

static Err refresh(Ctx *cx, Lake *lake, const char *name, unsigned memory_mib, unsigned depth, LakeAdded *out, bool *stale)
{
    LakeVersion v;
    LakeInput *input;
    LakeStale *rows;
    Recipe r;
    size_t n, stale_n;
    if (depth > DEPTH_MAX) return FAIL(cx, ERR_LIMIT, "'%s' is derived over more than %d steps", name, DEPTH_MAX);
    *stale = false;
    TRY(cx, find_or_gone(cx, lake, name, depth > 0, &v));
    if (depth && !v.n) return OK;
    if (strcmp(v.verb, "derive")) {
        if (depth) return OK;
        return FAIL(cx, ERR_BAD_INPUT, "'%s@%llu' was not derived; 'leat data derive %s --sql …' makes a derived version", v.dataset,
                    (unsigned long long)v.n, v.dataset);
    }
    TRY(cx, lake_inputs(cx, lake, &v, &input, &n));
    for (size_t i = 0; i < n; i++) {
        LakeAdded one;
        bool was;
        if (strcmp(input[i].dataset, v.dataset)) TRY(cx, refresh(cx, lake, input[i].dataset, memory_mib, depth + 1, &one, &was));
    }
    TRY(cx, lake_stale(cx, lake, &v, &rows, &stale_n));
    *out = (LakeAdded){ .version = v, .unchanged = true };
    if (!stale_n) return OK;
    *stale = true;
    TRY(cx, read_recipe(cx, &v, &r));
    LakeDerive in = { .name = v.dataset, .sql = r.sql, .message = v.message, .memory_mib = memory_mib,
                      .format = !strcmp(r.format, "csv") ? QUERY_CSV : QUERY_PARQUET };
    TRY(cx, lake_derive(cx, lake, &in, out));
    return OK;
}

Err lake_refresh(Ctx *cx, Lake *lake, const char *name, unsigned memory_mib, LakeAdded *out, bool *stale)
{
    *out = (LakeAdded){ 0 };
    TRY(cx, refresh(cx, lake, name, memory_mib, 0, out, stale));
    return OK;
}

/* app/lakejson.c -- answers about datasets as the JSON every face shows, and the stored profile as rows. */
#include "app/inner.h"

#include <math.h>
#include <string.h>

#define DRIFT_NOTABLE 0.05         /* of a mean, in standard deviations, or of a share of missing values: worth a line */

void app_version_json(const AppVersion *v, Text *t)
{
    char when[COLUMN_TEXT_MAX];
    json_open(t);
    json_key_text(t, "actor", v->actor);
    when[table_time_text((double)v->arrived_us / 1e6, when)] = 0;
    json_key_text(t, "arrived", when);
    json_key_int(t, "bytes", (int64_t)v->bytes);
    if (v->columns >= 0) json_key_int(t, "columns", v->columns);
    json_key_text(t, "dataset", v->dataset);
    json_key_raw(t, "detail", v->detail_json);
    json_key_text(t, "digest", v->digest);
    json_key_int(t, "event", (int64_t)v->seq);
    json_key_int(t, "files", (int64_t)v->files);
    json_key_int(t, "latest", (int64_t)v->latest);
    json_key_text(t, "message", v->message);
    json_key_text(t, "name", v->name);
    json_key_bool(t, "removed", v->removed);
    if (v->rows >= 0) {
        json_key_int(t, "rows", v->rows);
        json_key_bool(t, "rows_exact", v->rows_exact);
    }
    when[table_time_text((double)v->source_us / 1e6, when)] = 0;
    if (v->source_us) json_key_text(t, "source_time", when);
    if (v->state) json_key_text(t, "state", v->state);
    json_texts(t, "tags", v->tag, v->tags_n);
    json_key_text(t, "verb", v->verb);
    json_key_int(t, "version", (int64_t)v->n);
    json_close(t);
}

static void key_version(Text *t, const char *key, const AppVersion *v)
{
    json_key(t, key);
    app_version_json(v, t);
}

void app_data_add_json(const AppDataAddOut *out, Text *t)
{
    json_open(t);
    json_key_int(t, "bytes_read", (int64_t)out->bytes_read);
    json_key_int(t, "files_read", (int64_t)out->files_read);
    json_key_text(t, "pointer", out->pointer);
    json_key_num(t, "seconds", out->wall_s);
    json_key_bool(t, "unchanged", out->unchanged);
    key_version(t, "version", &out->version);
    json_close(t);
}

void app_data_list_json(const AppDataListOut *out, const char *key, Text *t)
{
    json_open(t);
    json_key_open_array(t, key);
    for (size_t i = 0; i < out->n; i++) app_version_json(&out->version[i], t);
    json_close_array(t);
    json_close(t);
}

void app_data_import_json(const AppDataImportOut *out, Text *t)
{
    json_open(t);
    json_key_int(t, "passed_over", (int64_t)out->passed_over);
    json_key_num(t, "seconds", out->wall_s);
    json_key_int(t, "unchanged", (int64_t)out->unchanged);
    json_key_open_array(t, "versions");
    for (size_t i = 0; i < out->n; i++) app_version_json(&out->version[i], t);
    json_close_array(t);
    json_close(t);
}

void app_data_show_json(const AppDataShowOut *out, Text *t)
{
    json_open(t);
    if (out->about_json) json_key_raw(t, "about", out->about_json);
    else {
        json_key(t, "about");
        json_null(t);
    }
    json_texts(t, "made_from", out->made_from, out->made_from_n);
    if (out->marks_json) json_key_raw(t, "marks", out->marks_json);
    json_key_open_array(t, "sources");
    for (size_t i = 0; i < out->sources_n; i++) {
        json_open(t);
        json_key_text(t, "address", out->source[i].address);
        json_key_text(t, "detail", out->source[i].detail);
        json_key_text(t, "kind", out->source[i].kind);
        json_close(t);
    }
    json_close_array(t);
    json_texts(t, "used_by", out->used_by, out->used_by_n);
    key_version(t, "version", &out->version);
    json_close(t);
}

void app_data_files_json(const AppDataFilesOut *out, Text *t)
{
    json_open(t);
    json_key_open_array(t, "files");
    for (size_t i = 0; i < out->n; i++) {
        json_open(t);
        json_key_int(t, "bytes", (int64_t)out->file[i].bytes);
        json_key_text(t, "digest", out->file[i].digest);
        json_key_text(t, "kind", out->file[i].kind);
        json_key_text(t, "path", out->file[i].path);
        json_close(t);
    }
    json_close_array(t);
    key_version(t, "version", &out->version);
    json_close(t);
}

void app_data_get_json(const AppDataGetOut *out, Text *t)
{
    json_open(t);
    json_key_int(t, "bytes", (int64_t)out->bytes);
    json_key_text(t, "folder", out->folder);
    json_key_int(t, "kept", (int64_t)out->kept);
    json_key_text(t, "pointer", out->pointer);
    json_key_int(t, "removed", (int64_t)out->removed);
    json_key_num(t, "seconds", out->wall_s);
    key_version(t, "version", &out->version);
    json_key_int(t, "written", (int64_t)out->written);
    json_close(t);
}

static void changes_json(const AppDataChange *c, size_t n, const char *key, bool sizes, Text *t)
{
    json_key_open_array(t, key);
    for (size_t i = 0; i < n; i++) {
        json_open(t);
        if (sizes) {
            json_key_int(t, "bytes_after", (int64_t)c[i].bytes_after);
            json_key_int(t, "bytes_before", (int64_t)c[i].bytes_before);
        }
        json_key_text(t, "path", c[i].path);
        json_key_text(t, "what", c[i].what);
        json_close(t);
    }
    json_close_array(t);
}

void app_data_diff_json(const AppDataDiffOut *out, Text *t)
{
    json_open(t);
    key_version(t, "a", &out->a);
    json_key_int(t, "added", (int64_t)out->added);
    key_version(t, "b", &out->b);
    json_key_int(t, "changed", (int64_t)out->changed);
    json_key_open_array(t, "columns");
    for (size_t i = 0; i < out->columns_n; i++) {
        json_open(t);
        json_key_text(t, "column", out->column[i].column);
        json_key_text(t, "table", out->column[i].table);
        json_key_text(t, "what", out->column[i].what);
        json_close(t);
    }
    json_close_array(t);
    changes_json(out->change, out->n, "files", true, t);
    json_key_bool(t, "files_cut", out->cut);
    json_key_int(t, "removed", (int64_t)out->removed);
    json_key_bool(t, "same", out->same);
    json_close(t);
}

void app_status_json(const AppStatusOut *out, Text *t)
{
    json_open(t);
    json_key_bool(t, "clean", out->clean == out->n);
    json_key_open_array(t, "pointers");
    for (size_t i = 0; i < out->n; i++) {
        const AppStatusRow *r = &out->row[i];
        json_open(t);
        json_key_int(t, "added", (int64_t)r->added);
        json_key_int(t, "changed", (int64_t)r->changed);
        json_key_text(t, "dataset", r->dataset);
        json_key_text(t, "digest", r->digest);
        changes_json(r->told, r->told_n, "files", false, t);
        json_key_bool(t, "known", r->known);
        json_key_int(t, "latest", (int64_t)r->latest);
        json_key_text(t, "path", r->path);
        json_key_text(t, "pointer", r->pointer);
        json_key_int(t, "removed", (int64_t)r->removed);
        json_key_text(t, "state", r->trouble ? "unreadable" : r->state);
        json_key_text(t, "trouble", r->trouble);
        json_key_int(t, "version", (int64_t)r->n);
        json_close(t);
    }
    json_close_array(t);
    json_close(t);
}

/* -------------------------------------------------- the profile, as rows */

static const char *shown(Ctx *cx, yyjson_val *v)
{
    char buf[NUM_TEXT_MAX];
    if (yyjson_is_str(v)) return ctx_scratch_text(cx, yyjson_get_str(v));
    if (!yyjson_is_num(v)) return "-";
    snprintf(buf, sizeof buf, "%.6g", yyjson_get_num(v));
    return ctx_scratch_text(cx, buf);
}

static const char *typical(Ctx *cx, yyjson_val *c)
{
    yyjson_val *num = yyjson_obj_get(c, "numbers"), *top = yyjson_obj_get(c, "top"), *v;
    char line[200];
    size_t i, n, at = 0;
    line[0] = 0;
    if (num) {
        const char *min = shown(cx, yyjson_obj_get(num, "min")), *max = shown(cx, yyjson_obj_get(num, "max"));
        const char *mean = shown(cx, yyjson_obj_get(num, "mean"));
        return min && max && mean ? ctx_scratch_fmt(cx, "%s … %s, mean %s", min, max, mean) : NULL;
    }
    yyjson_arr_foreach(top, i, n, v) {
        const char *word = yyjson_get_str(yyjson_arr_get(v, 0));
        if (i == 3 || !word || at + strlen(word) + 30 > sizeof line) break;
        at += (size_t)snprintf(line + at, sizeof line - at, "%s%s (%lld)", i ? ", " : "", word, (long long)yyjson_get_sint(yyjson_arr_get(v, 1)));
    }
    return ctx_scratch_text(cx, line);
}

static Err table_out(Ctx *cx, yyjson_val *from, AppDataTable *t)
{
    yyjson_val *cols = yyjson_obj_get(from, "columns"), *c, *rows = yyjson_obj_get(from, "rows");
    size_t i, n;
    *t = (AppDataTable){ .first = get_text(cx, from, "first"), .format = get_text(cx, from, "format"),
                         .files = yyjson_get_uint(yyjson_obj_get(from, "files")), .rows = rows ? yyjson_get_sint(rows) : -1,
                         .rows_exact = yyjson_get_bool(yyjson_obj_get(from, "rows_exact")),
                         .read = yyjson_get_uint(yyjson_obj_get(from, "read")), .columns_n = yyjson_arr_size(cols) };
    t->column = ctx_scratch(cx, (t->columns_n + 1) * sizeof *t->column);
    if (!t->column || !t->first || !t->format) return FAIL(cx, ERR_NOMEM, "reading a profile");
    yyjson_arr_foreach(cols, i, n, c) {
        t->column[i] = (AppDataColumn){ .name = get_text(cx, c, "name"), .type = get_text(cx, c, "type"), .typical = typical(cx, c),
                                        .missing = yyjson_get_uint(yyjson_obj_get(c, "missing")),
                                        .distinct = yyjson_get_uint(yyjson_obj_get(c, "distinct")) };
        if (!t->column[i].name || !t->column[i].type || !t->column[i].typical) return FAIL(cx, ERR_NOMEM, "reading a profile");
    }
    return OK;
}

Err lake_columns(Ctx *cx, AppDataShowOut *out)
{
    yyjson_doc *doc;
    yyjson_val *tables, *v;
    size_t i, n;
    Err err = OK;
    TRY(cx, json_parse(cx, out->about_json, "the profile of that version", &doc));
    tables = yyjson_obj_get(yyjson_doc_get_root(doc), "tables");
    out->table = ctx_scratch(cx, (yyjson_arr_size(tables) + 1) * sizeof *out->table);
    if (!out->table) { err = FAIL(cx, ERR_NOMEM, "reading a profile"); goto done; }
    yyjson_arr_foreach(tables, i, n, v) TRY_DONE(cx, table_out(cx, v, &out->table[i]));
    out->tables_n = yyjson_arr_size(tables);
done:
    yyjson_doc_free(doc);
    return err;
}

/* ------------------------------------------ schema and statistics compared */

typedef struct Notes { Ctx *cx; AppDataDiffOut *out; size_t cap; const char *table; } Notes;

static Err note(Notes *s, const char *column, const char *what)
{
    AppDataDiffOut *o = s->out;
    if (o->columns_n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 16;
        AppColumnChange *more = ctx_scratch(s->cx, cap * sizeof *more);
        if (!more) return FAIL(s->cx, ERR_NOMEM, "comparing profiles");
        if (o->columns_n) memcpy(more, o->column, o->columns_n * sizeof *more);
        o->column = more;
        s->cap = cap;
    }
    const char *name = ctx_scratch_text(s->cx, column);
    if (!name || !what) return FAIL(s->cx, ERR_NOMEM, "comparing profiles");
    o->column[o->columns_n++] = (AppColumnChange){ s->table, name, what };
    return OK;
}

static yyjson_val *find_named(yyjson_val *list, const char *key, const char *name)
{
    yyjson_val *v;
    size_t i, n;
    yyjson_arr_foreach(list, i, n, v) {
        const char *s = yyjson_get_str(yyjson_obj_get(v, key));
        if (s && name && !strcmp(s, name)) return v;
    }
    return NULL;
}

static double num_in(yyjson_val *c, const char *key)
{
    return get_num(yyjson_obj_get(c, "numbers"), key);
}

static Err statistics(Notes *s, const char *name, yyjson_val *a, yyjson_val *b, double rows_a, double rows_b)
{
    double ma = num_in(a, "mean"), mb = num_in(b, "mean"), sd = num_in(a, "sd");
    double na = get_num(a, "missing") / rows_a, nb = get_num(b, "missing") / rows_b;
    double da = get_num(a, "distinct"), db = get_num(b, "distinct");
    if (fabs(ma - mb) > DRIFT_NOTABLE * sd)
        TRY(s->cx, note(s, name, ctx_scratch_fmt(s->cx, "mean %.6g → %.6g (%+.2f sd)", ma, mb, (mb - ma) / sd)));
    double sb = num_in(b, "sd");
    if (fabs(sb - sd) > 2 * DRIFT_NOTABLE * sd) TRY(s->cx, note(s, name, ctx_scratch_fmt(s->cx, "sd %.6g → %.6g", sd, sb)));
    double lo = num_in(a, "min"), lo_b = num_in(b, "min"), hi = num_in(a, "max"), hi_b = num_in(b, "max");
    if (lo_b < lo || hi_b > hi)
        TRY(s->cx, note(s, name, ctx_scratch_fmt(s->cx, "range %.6g … %.6g → %.6g … %.6g", lo, hi, lo_b, hi_b)));
    if (fabs(na - nb) > DRIFT_NOTABLE) TRY(s->cx, note(s, name, ctx_scratch_fmt(s->cx, "missing %.1f %% → %.1f %%", 100 * na, 100 * nb)));
    if (!yyjson_obj_get(a, "numbers") && fabs(da - db) > 0.05 * da + 0.5 && da < rows_a / 2)
        TRY(s->cx, note(s, name, ctx_scratch_fmt(s->cx, "distinct values %.0f → %.0f", da, db)));
    return OK;
}

static Err table_diff(Notes *s, yyjson_val *a, yyjson_val *b)
{
    yyjson_val *ca = yyjson_obj_get(a, "columns"), *cb = yyjson_obj_get(b, "columns"), *v;
    double ra = get_num(a, "read"), rb = get_num(b, "read"), na = get_num(a, "rows"), nb = get_num(b, "rows");
    size_t i, n;
    if (na != nb && isfinite(na) && isfinite(nb)) TRY(s->cx, note(s, "", ctx_scratch_fmt(s->cx, "rows %.0f → %.0f", na, nb)));
    yyjson_arr_foreach(ca, i, n, v) {
        const char *name = yyjson_get_str(yyjson_obj_get(v, "name")), *was = yyjson_get_str(yyjson_obj_get(v, "type"));
        yyjson_val *other = find_named(cb, "name", name);
        const char *now = yyjson_get_str(yyjson_obj_get(other, "type"));
        if (!name || !was) continue;
        if (!other) TRY(s->cx, note(s, name, "is gone"));
        else if (now && strcmp(was, now)) TRY(s->cx, note(s, name, ctx_scratch_fmt(s->cx, "type %s → %s", was, now)));
        else TRY(s->cx, statistics(s, name, v, other, ra, rb));
    }
    yyjson_arr_foreach(cb, i, n, v) {
        const char *name = yyjson_get_str(yyjson_obj_get(v, "name")), *now = yyjson_get_str(yyjson_obj_get(v, "type"));
        if (name && now && !find_named(ca, "name", name)) TRY(s->cx, note(s, name, ctx_scratch_fmt(s->cx, "is new (%s)", now)));
    }
    return OK;
}

/* Tables are the same when their first file is; where each side has one table, these. */
static Err tables_diff(Notes *s, yyjson_val *ta, yyjson_val *tb)
{
    yyjson_val *v;
    size_t i, n;
    bool alone = yyjson_arr_size(ta) == 1 && yyjson_arr_size(tb) == 1;
    yyjson_arr_foreach(ta, i, n, v) {
        const char *first = yyjson_get_str(yyjson_obj_get(v, "first"));
        yyjson_val *other = alone ? yyjson_arr_get(tb, 0) : find_named(tb, "first", first);
        s->table = ctx_scratch_text(s->cx, first ? first : "");
        if (!s->table) return FAIL(s->cx, ERR_NOMEM, "comparing profiles");
        if (other) TRY(s->cx, table_diff(s, v, other));
    }
    return OK;
}

Err lake_diff_columns(Ctx *cx, Lake *lake, const LakeVersion *a, const LakeVersion *b, AppDataDiffOut *out)
{
    char *ja = NULL, *jb = NULL;
    size_t na, nb;
    yyjson_doc *da = NULL, *db = NULL;
    Notes s = { .cx = cx, .out = out };
    Err err = OK;
    if (out->same) return OK;
    TRY_DONE(cx, lake_about(cx, lake, a, &ja, &na));
    TRY_DONE(cx, lake_about(cx, lake, b, &jb, &nb));
    if (!ja || !jb) goto done;
    TRY_DONE(cx, json_parse(cx, ja, "the profile of a version", &da));
    TRY_DONE(cx, json_parse(cx, jb, "the profile of a version", &db));
    TRY_DONE(cx, tables_diff(&s, yyjson_obj_get(yyjson_doc_get_root(da), "tables"), yyjson_obj_get(yyjson_doc_get_root(db), "tables")));
done:
    yyjson_doc_free(da);
    yyjson_doc_free(db);
    ctx_put(cx, ja);
    ctx_put(cx, jb);
    return err;
}

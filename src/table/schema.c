/* table/schema.c -- what a build remembers of its columns, as a struct and as canonical JSON. */
#include "table/inner.h"

#include <string.h>
#include <yyjson.h>

#define SCHEMA_JSON_MAX ((size_t)64 << 20)

static const char *const order_words[TIME_ORDERS_N] = { "iso", "dmy", "mdy" };

static Err schema_new(Ctx *cx, size_t n, size_t na_n, Schema **out)
{
    Err err = OK;
    Schema *s = ctx_get(cx, sizeof *s);
    if (!s) return FAIL(cx, ERR_NOMEM, "a schema of %zu columns", n);
    GET_DONE(cx, s->col, n ? n : 1, "a schema of %zu columns", n);
    GET_DONE(cx, s->na, na_n ? na_n : 1, "a schema of %zu columns", n);
    *out = s;
    return OK;
done:
    schema_free(cx, s);
    return err;
}

void schema_free(Ctx *cx, Schema *s)
{
    if (!s) return;
    for (size_t i = 0; i < s->n; i++) ctx_put(cx, s->col[i].name);
    for (size_t i = 0; i < s->na_n; i++) ctx_put(cx, s->na[i]);
    ctx_put(cx, s->col);
    ctx_put(cx, s->na);
    ctx_put(cx, s);
}

Err schema_of(Ctx *cx, const Table *t, const char *const *na, size_t na_n, Schema **out)
{
    Err err = OK;
    Schema *s = NULL;
    *out = NULL;
    TRY(cx, schema_new(cx, t->cols, na_n, &s));
    for (; s->n < t->cols; s->n++) {
        const Column *c = &t->col[s->n];
        char *name = copy_text(cx, c->name);
        if (!name) { err = FAIL(cx, ERR_NOMEM, "a schema of %zu columns", t->cols); goto done; }
        s->col[s->n] = (SchemaColumn){ .name = name, .type = c->type, .numeric = c->num != NULL, .needed = true,
                                       .order = c->order };
    }
    for (; s->na_n < na_n; s->na_n++) {
        s->na[s->na_n] = copy_text(cx, na[s->na_n]);
        if (!s->na[s->na_n]) { err = FAIL(cx, ERR_NOMEM, "a schema of %zu columns", t->cols); goto done; }
    }
    *out = s;
    return OK;
done:
    schema_free(cx, s);
    return err;
}

size_t schema_find(const Schema *s, const char *name)
{
    for (size_t i = 0; i < s->n; i++)
        if (!strcmp(s->col[i].name, name)) return i;
    return SIZE_MAX;
}

Err schema_save(Ctx *cx, const Schema *s, Text *out)
{
    (void)cx;
    json_open(out);
    json_key_open_array(out, "columns");
    for (size_t i = 0; i < s->n; i++) {
        const SchemaColumn *c = &s->col[i];
        json_open(out);
        json_key_text(out, "name", c->name);
        json_key_bool(out, "needed", c->needed);
        json_key_bool(out, "numeric", c->numeric);
        if (c->type == COLUMN_DATETIME) json_key_text(out, "order", order_words[c->order]);
        json_key_text(out, "type", column_type_word(c->type));
        json_close(out);
    }
    json_close_array(out);
    json_key_open_array(out, "na");
    for (size_t i = 0; i < s->na_n; i++) json_text(out, s->na[i]);
    json_close_array(out);
    json_close(out);
    return text_err(out);
}

static void *json_get(void *cx, size_t n)
{
    return ctx_get(cx, n);
}

static void *json_grow(void *cx, void *p, size_t old, size_t n)
{
    (void)old;
    return ctx_grow(cx, p, n, 1);
}

static void json_put(void *cx, void *p)
{
    ctx_put(cx, p);
}

/* A text without NUL inside, copied; NULL for anything else or no memory. */
static char *text_of(Ctx *cx, yyjson_val *v)
{
    const char *s = yyjson_get_str(v);
    return s && strlen(s) == yyjson_get_len(v) ? copy_text(cx, s) : NULL;
}

static Err column_read(Ctx *cx, yyjson_val *v, SchemaColumn *c)
{
    const char *type = yyjson_get_str(yyjson_obj_get(v, "type")),
               *order = yyjson_get_str(yyjson_obj_get(v, "order"));
    yyjson_val *needed = yyjson_obj_get(v, "needed"), *numeric = yyjson_obj_get(v, "numeric");
    yyjson_val *name = yyjson_obj_get(v, "name");
    bool ok = type && yyjson_is_str(name) && yyjson_is_bool(needed) && yyjson_is_bool(numeric);
    if (ok)
        ok =
            column_type_read(type, &c->type) && c->type != COLUMN_AUTO && !strcmp(type, column_type_word(c->type));
    if (ok && order) {
        int o = 0;
        while (o < TIME_ORDERS_N && strcmp(order, order_words[o])) o++;
        c->order = (TimeOrder)o;
        ok = o < TIME_ORDERS_N;
    }
    if (ok) {
        c->needed = yyjson_get_bool(needed);
        c->numeric = yyjson_get_bool(numeric);
        bool numbers = c->type == COLUMN_NUMBER || c->type == COLUMN_INTEGER || c->type == COLUMN_DATETIME;
        ok = c->type == COLUMN_ID || c->numeric == numbers;
        ok = ok && strlen(yyjson_get_str(name)) == yyjson_get_len(name);
    }
    if (!ok) return FAIL(cx, ERR_CORRUPT, "the schema's columns are not as they were written");
    c->name = text_of(cx, name);
    return c->name ? OK : FAIL(cx, ERR_NOMEM, "reading a schema");
}

static Err schema_fill(Ctx *cx, yyjson_val *columns, yyjson_val *na, Schema *s)
{
    yyjson_val *v;
    yyjson_arr_iter it = yyjson_arr_iter_with(columns);
    while ((v = yyjson_arr_iter_next(&it))) {
        TRY(cx, column_read(cx, v, &s->col[s->n]));
        s->n++;
    }
    it = yyjson_arr_iter_with(na);
    while ((v = yyjson_arr_iter_next(&it))) {
        if (!yyjson_is_str(v) || strlen(yyjson_get_str(v)) != yyjson_get_len(v))
            return FAIL(cx, ERR_CORRUPT, "the schema's missing marks are not texts");
        s->na[s->na_n] = text_of(cx, v);
        if (!s->na[s->na_n]) return FAIL(cx, ERR_NOMEM, "reading a schema");
        s->na_n++;
    }
    return OK;
}

Err schema_load(Ctx *cx, const char *json, size_t n, Schema **out)
{
    Err err = OK;
    Schema *s = NULL;
    yyjson_alc alc = { json_get, json_grow, json_put, cx };
    yyjson_read_err why = { 0 };
    *out = NULL;
    if (n > SCHEMA_JSON_MAX)
        return FAIL(cx, ERR_CORRUPT, "a schema of %zu bytes; at most %zu are read", n, SCHEMA_JSON_MAX);
    yyjson_doc *doc = yyjson_read_opts((char *)(uintptr_t)json, n, 0, &alc, &why);
    if (!doc && why.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) return FAIL(cx, ERR_NOMEM, "reading a schema");
    if (!doc) return FAIL(cx, ERR_CORRUPT, "the schema is not JSON: %s at byte %zu", why.msg, why.pos);
    yyjson_val *columns = yyjson_obj_get(yyjson_doc_get_root(doc), "columns");
    yyjson_val *na = yyjson_obj_get(yyjson_doc_get_root(doc), "na");
    if (!yyjson_is_arr(columns) || !yyjson_is_arr(na) || yyjson_arr_size(columns) > TABLE_COLS_MAX) {
        err = FAIL(cx, ERR_CORRUPT, "the schema lacks its columns or its missing marks");
        goto done;
    }
    TRY_DONE(cx, schema_new(cx, yyjson_arr_size(columns), yyjson_arr_size(na), &s));
    TRY_DONE(cx, schema_fill(cx, columns, na, s));
    *out = s;
    s = NULL;
done:
    schema_free(cx, s);
    yyjson_doc_free(doc);
    return err;
}

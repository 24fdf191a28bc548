/* ledger/canon.c -- canonical JSON, so that equal payloads have equal hashes.
**
** Keys in byte order and each once; no spaces; strings as base/text.h escapes
** them; whole numbers as they are, other numbers by their shortest text.
*/
#include "ledger/inner.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yyjson.h>

#define CANON_DEPTH_MAX 64

typedef struct Member { const char *key; size_t n; yyjson_val *value; } Member;

static void *json_get(void *self, size_t n)
{
    const Alloc *a = ((Ctx *)self)->world->alloc;
    return a->get(a->self, n);
}

static void *json_grow(void *self, void *p, size_t old, size_t n)
{
    const Alloc *a = ((Ctx *)self)->world->alloc;
    (void)old;
    return a->grow(a->self, p, n);
}

static void json_put(void *self, void *p)
{
    ctx_put(self, p);
}

static int by_key(const void *a, const void *b)
{
    const Member *x = a, *y = b;
    size_t n = x->n < y->n ? x->n : y->n;
    int c = memcmp(x->key, y->key, n);
    return c ? c : (x->n > y->n) - (x->n < y->n);
}

static Err put_value(Ctx *cx, Text *out, yyjson_val *v, unsigned depth);

static Err put_object(Ctx *cx, Text *out, yyjson_val *v, unsigned depth)
{
    size_t n = yyjson_obj_size(v), i, most;
    yyjson_val *key, *value;
    Err err = OK;
    Member *m = ctx_get_n(cx, n + 1, sizeof *m);
    if (!m) return FAIL(cx, ERR_NOMEM, "ordering %zu keys of a payload", n);
    yyjson_obj_foreach(v, i, most, key, value) {
        m[i] = (Member){ yyjson_get_str(key), yyjson_get_len(key), value };
    }
    qsort(m, n, sizeof *m, by_key);
    json_open(out);
    for (i = 0; i < n && !err; i++) {
        if (i && !by_key(&m[i - 1], &m[i])) {
            err = FAIL(cx, ERR_BAD_INPUT, "the key '%.60s' is twice in a payload", m[i].key);
        } else if (strlen(m[i].key) != m[i].n) {
            err = FAIL(cx, ERR_BAD_INPUT, "a key of a payload holds a NUL");
        } else {
            json_key(out, m[i].key);
            err = put_value(cx, out, m[i].value, depth + 1);
        }
    }
    json_close(out);
    ctx_put(cx, m);
    return err;
}

static void put_number(Text *out, yyjson_val *v)
{
    char buf[32];
    if (yyjson_is_real(v)) json_num(out, yyjson_get_real(v));
    else if (yyjson_is_sint(v)) json_int(out, yyjson_get_sint(v));
    else {
        snprintf(buf, sizeof buf, "%" PRIu64, yyjson_get_uint(v));
        json_raw(out, buf);
    }
}

static Err put_value(Ctx *cx, Text *out, yyjson_val *v, unsigned depth)
{
    yyjson_val *item;
    size_t i, most;
    if (depth > CANON_DEPTH_MAX) return FAIL(cx, ERR_LIMIT, "a payload is nested deeper than %d", CANON_DEPTH_MAX);
    switch (yyjson_get_type(v)) {
    case YYJSON_TYPE_OBJ:
        TRY(cx, put_object(cx, out, v, depth));
        break;
    case YYJSON_TYPE_ARR:
        json_open_array(out);
        yyjson_arr_foreach(v, i, most, item) TRY(cx, put_value(cx, out, item, depth + 1));
        json_close_array(out);
        break;
    case YYJSON_TYPE_STR: json_text_n(out, yyjson_get_str(v), yyjson_get_len(v)); break;
    case YYJSON_TYPE_NUM: put_number(out, v); break;
    case YYJSON_TYPE_BOOL: json_bool(out, yyjson_get_bool(v)); break;
    default: json_null(out); break;
    }
    return OK;
}

Err ledger_canon(Ctx *cx, const char *json, size_t n, Text *out)
{
    const yyjson_alc alc = { json_get, json_grow, json_put, cx };
    yyjson_read_err bad;
    /* yyjson only changes the text it reads when told to read in place. */
    yyjson_doc *doc = yyjson_read_opts((char *)(uintptr_t)json, n, YYJSON_READ_NOFLAG, &alc, &bad);
    if (!doc) {
        if (bad.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION)
            return FAIL(cx, ERR_NOMEM, "reading a payload of %zu bytes", n);
        return FAIL(cx, ERR_BAD_INPUT, "a payload is not JSON: %s at byte %zu", bad.msg, bad.pos);
    }
    yyjson_val *root = yyjson_doc_get_root(doc);
    Err err;
    if (yyjson_is_obj(root)) err = put_value(cx, out, root, 0);
    else err = FAIL(cx, ERR_BAD_INPUT, "a payload is not a JSON object");
    yyjson_doc_free(doc);
    return err ? err : text_err(out);
}

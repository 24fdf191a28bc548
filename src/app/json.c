/* app/json.c -- reading back what the rooms below wrote as JSON. */
#include "app/inner.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double get_num(yyjson_val *o, const char *key)
{
    yyjson_val *v = yyjson_obj_get(o, key);
    return yyjson_is_num(v) ? yyjson_get_num(v) : NAN;
}

const char *get_text(Ctx *cx, yyjson_val *o, const char *key)
{
    const char *s = yyjson_get_str(yyjson_obj_get(o, key));
    return s ? ctx_scratch_text(cx, s) : "";
}

const char *get_raw(Ctx *cx, yyjson_val *o, const char *key)
{
    yyjson_val *v = yyjson_obj_get(o, key);
    char *s = v ? yyjson_val_write(v, 0, NULL) : NULL;
    const char *kept = s ? ctx_scratch_text(cx, s) : NULL;
    free(s);
    return kept;
}

Err json_parse(Ctx *cx, const char *json, const char *what, yyjson_doc **out)
{
    yyjson_read_err why;
    *out = yyjson_read_opts((char *)(uintptr_t)json, strlen(json), 0, NULL, &why);
    if (*out) return OK;
    if (why.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) return FAIL(cx, ERR_NOMEM, "reading %s", what);
    return FAIL(cx, ERR_CORRUPT, "%s is not JSON: %s at byte %zu", what, why.msg, why.pos);
}

void json_texts(Text *t, const char *key, const char *const *text, size_t n)
{
    json_key_open_array(t, key);
    for (size_t i = 0; i < n; i++) json_text(t, text[i]);
    json_close_array(t);
}

/* repo/pay.c -- reading the payload of an event. */
#include "repo/inner.h"

#include <math.h>
#include <string.h>

const char *pay_text(yyjson_val *o, const char *key)
{
    const char *s = yyjson_get_str(yyjson_obj_get(o, key));
    return s ? s : "";
}

DbValue pay_num(yyjson_val *o, const char *key)
{
    yyjson_val *v = yyjson_obj_get(o, key);
    return yyjson_is_num(v) ? db_num(yyjson_get_num(v)) : db_null();
}

DbValue pay_int(yyjson_val *o, const char *key)
{
    yyjson_val *v = yyjson_obj_get(o, key);
    if (yyjson_is_int(v)) return db_int(yyjson_get_sint(v));
    return db_int(yyjson_is_real(v) ? (int64_t)yyjson_get_real(v) : 0);
}

DbValue pay_bool(yyjson_val *o, const char *key)
{
    return db_int(yyjson_get_bool(yyjson_obj_get(o, key)));
}

DbValue pay_digest(yyjson_val *o, const char *key, Digest *d)
{
    const char *s = yyjson_get_str(yyjson_obj_get(o, key));
    return s && digest_read(s, d) ? db_blob(d->at, SHA256_BYTES) : db_null();
}

Err pay_json(Ctx *cx, yyjson_val *o, const char *key, const char *none, const yyjson_alc *alc, char **owned,
             const char **out)
{
    yyjson_val *v = yyjson_obj_get(o, key);
    *owned = v ? yyjson_val_write_opts(v, YYJSON_WRITE_NOFLAG, alc, NULL, NULL) : NULL;
    *out = *owned ? *owned : none;
    if (v && !*owned) return FAIL(cx, ERR_NOMEM, "writing the '%s' of an event", key);
    return OK;
}

double pay_value(yyjson_val *v)
{
    const char *s = yyjson_get_str(v);
    if (yyjson_is_num(v)) return yyjson_get_num(v);
    if (s && !strcmp(s, "Infinity")) return (double)INFINITY;
    if (s && !strcmp(s, "-Infinity")) return -(double)INFINITY;
    return (double)NAN;
}

void pay_value_write(Text *t, double v)
{
    if (isfinite(v)) json_num(t, v);
    else json_text(t, isnan(v) ? "NaN" : v > 0 ? "Infinity" : "-Infinity");
}

/* auto/notes.c -- what a clock decided, noted by key, so that it can be done again without one. */
#include "auto/run.h"

#include <yyjson.h>

#include <math.h>

#define ALLOW_S_MAX 4096.          /* more is as good as no bound */
#define ALLOW_S_MIN 0x1p-20

bool auto_clocked(const Auto *a)
{
    return !a->in->trials && !a->replay;
}

Err auto_note(Ctx *cx, Auto *a, const char *key, double value)
{
    (void)cx;
    if (!a->notes.cx) return OK;       /* a piece that runs by itself keeps no record */
    json_key_num(&a->notes, key, value);
    return text_err(&a->notes);
}

bool auto_noted(const Auto *a, const char *key, double *value)
{
    yyjson_val *v = a->noted ? yyjson_obj_get(a->noted, key) : NULL;
    if (!yyjson_is_num(v)) return false;
    *value = yyjson_get_num(v);
    return true;
}

Err auto_allow(Ctx *cx, Auto *a, const char *key, double seconds, double *out)
{
    *out = INFINITY;
    if (!auto_noted(a, key, out)) {
        if (!auto_clocked(a) || seconds >= ALLOW_S_MAX) return OK;
        *out = exp2(floor(log2(fmax(seconds, ALLOW_S_MIN))));
    }
    return auto_note(cx, a, key, *out);
}

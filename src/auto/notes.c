/* auto/notes.c -- what a clock decided, noted by key, so that it can be done again without one. */
#include "auto/run.h"

#include <yyjson.h>

bool auto_clocked(const Auto *a)
{
    return !a->in->trials && !a->replay;
}

Err auto_note(Ctx *cx, Auto *a, const char *key, double value)
{
    if (!a->notes.cx) {                /* a stage run by itself, by a test */
        text_init(&a->notes, cx);
        json_open(&a->notes);
    }
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

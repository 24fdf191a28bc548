/* cli/shared.c -- what several commands do with their words. */
#include "cli/shared.h"

#include <string.h>

Err shared_data(Ctx *cx, const Words *w, const char *path, bool dialect, AppData *out)
{
    *out = (AppData){ .path = path, .sheet = words_text(w, "sheet") };
    if (!dialect) return OK;
    TRY(cx, words_list(cx, w, "na", &out->na, &out->na_n));
    return shared_pairs(cx, w, "type", &out->types, &out->types_n);
}

Err shared_pairs(Ctx *cx, const Words *w, const char *name, const char *const **out, size_t *n)
{
    const char **pair = ctx_scratch(cx, (w->given_n + 1) * sizeof *pair);
    if (!pair) return FAIL(cx, ERR_NOMEM, "reading --%s", name);
    *n = 0;
    for (size_t i = 0; i < w->given_n; i++)
        if (!strcmp(w->given[i].opt->name, name)) pair[(*n)++] = w->given[i].value;
    *out = pair;
    return OK;
}

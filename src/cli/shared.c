/* cli/shared.c -- what several commands do with their words. */
#include "cli/shared.h"

#include <string.h>

Err shared_data(Ctx *cx, const Words *w, const char *path, bool dialect, AppData *out)
{
    size_t n = 0;
    *out = (AppData){ .path = path, .sheet = words_text(w, "sheet") };
    if (!dialect) return OK;
    TRY(cx, words_list(cx, w, "na", &out->na, &out->na_n));
    const char **types = ctx_scratch(cx, (w->given_n + 1) * sizeof *types);
    if (!types) return FAIL(cx, ERR_NOMEM, "reading --type");
    for (size_t i = 0; i < w->given_n; i++)
        if (!strcmp(w->given[i].opt->name, "type")) types[n++] = w->given[i].value;
    out->types = types;
    out->types_n = n;
    return OK;
}

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

Err shared_search(Ctx *cx, const Words *w, AppSearch *out)
{
    *out = (AppSearch){ .filter = words_text(w, "filter"),
                        .limit = (uint64_t)words_num(w, "limit", APP_LIMIT),
                        .offset = (uint64_t)words_num(w, "offset", 0) };
    return shared_pairs(cx, w, "order-by", &out->order, &out->orders_n);
}

Err shared_logged(Ctx *cx, Shell *sh, const AppToldOut *out, const char *what)
{
    Text t;
    if (!sh->json) {
        if (sh->verbose) fprintf(sh->err, "%llu %s%s logged to run %s\n", (unsigned long long)out->n, what, out->n == 1 ? "" : "s", out->run);
        return OK;
    }
    text_init(&t, cx);
    app_told_json(out, &t);
    return show_json(sh, &t);
}

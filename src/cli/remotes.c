/* cli/remotes.c -- what commands about remotes print. */
#include "cli/remotes.h"

Err show_transfer(Ctx *cx, Shell *sh, const AppTransferOut *out, const char *did)
{
    char size[32];
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_transfer_json(out, &t);
        return show_json(sh, &t);
    }
    show_size(out->bytes, size);
    if (!out->objects && !out->events) fprintf(sh->out, "nothing new\n");
    else fprintf(sh->out, "%s %llu objects (%s) and %llu events\n", did, (unsigned long long)out->objects, size, (unsigned long long)out->events);
    if (out->folder) fprintf(sh->out, "into %s\n", out->folder);
    return OK;
}

Err show_remotes(Ctx *cx, Shell *sh, const AppRemotesOut *out)
{
    static const char *const head[] = { "remote", "address" };
    Grid g;
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_remotes_json(out, &t);
        return show_json(sh, &t);
    }
    if (sh->quiet) {
        for (size_t i = 0; i < out->n; i++) fprintf(sh->out, "%s\n", out->remote[i].name);
        return OK;
    }
    if (!out->n) {
        line_talk(sh->line, INK_NONE, "", "no remotes: leat remote add origin ADDRESS names one");
        return OK;
    }
    grid_init(&g, cx, head, 2);
    for (size_t i = 0; i < out->n; i++) {
        grid_cell(&g, "%s", out->remote[i].name);
        grid_cell(&g, "%s", out->remote[i].url);
    }
    return grid_print(&g, sh, 0);
}

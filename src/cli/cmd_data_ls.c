/* cli/cmd_data_ls.c -- `leat data ls` */
#include "cli/data.h"

static Err data_ls_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppDataListOut out;
    TRY(cx, app_data_ls(cx, sh->house, words_has(w, "removed"), &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_data_list_json(&out, "datasets", &t);
        return show_json(sh, &t);
    }
    if (sh->quiet) {
        for (size_t i = 0; i < out.n; i++) fprintf(sh->out, "%s\n", out.version[i].dataset);
        return OK;
    }
    if (!out.n) {
        line_talk(sh->line, INK_NONE, "", "no datasets yet: leat data add NAME FILE makes one");
        return OK;
    }
    return data_grid(cx, sh, out.version, out.n, false);
}

static const Opt data_ls_opts[] = {
    { .name = "removed", .help = "also datasets whose versions were all removed" },
    { .name = NULL },
};

static const Example data_ls_examples[] = {
    { "leat data ls", "every dataset with its newest version" },
    { "leat data ls -q", "names only, one a line" },
    { .line = NULL },
};

const Command cmd_data_ls = {
    .name = "data ls",
    .summary = "list datasets",
    .story = "Lists the datasets of the project: how many versions, and the newest one's files, size, rows, state (stale, certified, expired, revoked), tags and message. A ~ marks a count "
             "of rows that was estimated from a sample.\n",
    .examples = data_ls_examples,
    .opts = data_ls_opts,
    .run = data_ls_run,
};

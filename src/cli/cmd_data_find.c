/* cli/cmd_data_find.c -- `leat data find WORDS` */
#include "cli/data.h"

static Err data_find_run(Ctx *cx, Shell *sh, const Words *w)
{
    static const char *const head[] = { "dataset", "found in", ">rows", "message" };
    AppFindOut out;
    const char *word[WORDS_ARGS_MAX];
    AppFindIn in = { .word = word, .limit = (uint32_t)words_num(w, "limit", 20) };
    Grid g;
    for (size_t i = 0; words_arg(w, i); i++) word[in.words_n++] = words_arg(w, i);
    TRY(cx, app_data_find(cx, sh->house, &in, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_data_find_json(&out, &t);
        return show_json(sh, &t);
    }
    if (!out.n) {
        line_talk(sh->line, INK_NONE, "", "nothing found; 'leat data ls' lists every dataset");
        return OK;
    }
    grid_init(&g, cx, head, 4);
    for (size_t i = 0; i < out.n; i++) {
        char rows[32];
        if (sh->quiet) {
            fprintf(sh->out, "%s\n", out.found[i].version.dataset);
            continue;
        }
        data_rows(&out.found[i].version, rows);
        grid_cell(&g, "%s", out.found[i].version.name);
        grid_cell(&g, "%s", out.found[i].where);
        grid_cell(&g, "%s", rows);
        grid_cell(&g, "%.60s", out.found[i].version.message);
    }
    return sh->quiet ? OK : grid_print(&g, sh, 0);
}

static const Arg data_find_args[] = {
    { "WORD", "every one must be found", ARG_WORD, .many = true },
    { .word = NULL },
};

static const Opt data_find_opts[] = {
    { .name = "limit", .word = "N", .type = OPT_WHOLE, .lo = 0, .hi = 1e6, .value = "20", .help = "datasets shown at most; 0: all" },
    { .name = NULL },
};

static const Example data_find_examples[] = {
    { "leat data find customer", "a column, a name, a tag, a message or a frequent value" },
    { "leat data find ulm sales", "both words, wherever each is found" },
    { .line = NULL },
};

const Command cmd_data_find = {
    .name = "data find",
    .summary = "find datasets by words in names, columns, values, tags",
    .story = "Looks at the newest version of every dataset: its name, tags, columns, their commonest values, messages and file names. Best first: "
             "a name counts more than a tag, a column more than a value; a whole word more than a part. Case does not matter.\n",
    .examples = data_find_examples,
    .args = data_find_args,
    .opts = data_find_opts,
    .run = data_find_run,
};

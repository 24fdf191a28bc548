/* cli/cmd_init.c -- `leat init [DIR]` */
#include "cli/commands.h"

static Err init_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppInitOut out;
    AppInitIn in = { .folder = words_arg(w, 0) };
    TRY(cx, app_init(cx, sh->house, &in, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_init_json(&out, &t);
        return show_json(sh, &t);
    }
    fprintf(sh->out, out.made ? "made a project in %s\n" : "there is a project in %s already; nothing changed\n",
            out.folder);
    if (out.git && !sh->quiet)
        line_talk(sh->line, INK_NONE, "",
                  "added .leat/ to .gitignore: Git keeps code, Leat keeps data and models");
    return OK;
}

static const Arg init_args[] = {
    { "DIR", "the folder; made if it is not there; the current one if left out", ARG_FOLDER, .optional = true },
    { .word = NULL },
};

static const Example init_examples[] = {
    { "leat init", "make the current folder a project" },
    { "leat init churn", "make a folder 'churn' with a project in it" },
    { .line = NULL },
};

const Command cmd_init = {
    .name = "init",
    .summary = "make a folder a project",
    .story = "A project is a folder with a folder .leat/ in it: the ledger of everything that was done, and the "
             "bytes of data, "
             "models and reports. Commands find it from any folder below.\n"
             "\n"
             "'leat auto' makes one by itself where there is none.\n",
    .examples = init_examples,
    .args = init_args,
    .run = init_run,
};

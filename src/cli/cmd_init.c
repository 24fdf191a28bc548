/* cli/cmd_init.c -- `leat init [DIR]` */
#include "cli/commands.h"

static Err init_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppInitOut out;
    AppInitIn in = { .folder = words_arg(w, 0), .ledger = words_text(w, "ledger") };
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

static const Opt init_opts[] = {
    { .name = "ledger",
      .word = "URL",
      .type = OPT_TEXT,
      .value = "a file in .leat/",
      .help = "keep the ledger in a PostgreSQL database: postgres://[USER@]HOST[:PORT]/DATABASE[?schema=NAME]" },
    { .name = NULL },
};

static const Example init_examples[] = {
    { "leat init", "make the current folder a project" },
    { "leat init churn", "make a folder 'churn' with a project in it" },
    { "leat init --ledger 'postgres://ann@db.example/leat?schema=churn'", "the ledger in a schema of its own of a database" },
    { .line = NULL },
};

const Command cmd_init = {
    .name = "init",
    .summary = "make a folder a project",
    .story = "A project is a folder with a folder .leat/ in it: the ledger of everything that was done, and the "
             "bytes of data, "
             "models and reports. Commands find it from any folder below.\n"
             "\n"
             "'leat auto' makes one by itself where there is none.\n"
             "\n"
             "With --ledger the ledger lies in a PostgreSQL database (15 or newer), in a schema of its own, which is made; data and models "
             "stay in .leat/. The password is never stored: it comes from PGPASSWORD or ~/.pgpass.\n",
    .examples = init_examples,
    .args = init_args,
    .opts = init_opts,
    .run = init_run,
};

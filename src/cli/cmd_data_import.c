/* cli/cmd_data_import.c -- `leat data import-dvc DIR` */
#include "cli/data.h"

static Err data_import_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppDataImportOut out;
    AppDataImportIn in = { .folder = words_arg(w, 0), .prefix = words_text(w, "prefix"), .profile = words_text(w, "profile"),
                           .threads = (uint32_t)words_num(w, "threads", 0) };
    if (!in.folder) in.folder = ".";
    TRY(cx, app_data_import(cx, sh->house, &in, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_data_import_json(&out, &t);
        return show_json(sh, &t);
    }
    for (size_t i = 0; i < out.n; i++) fprintf(sh->out, "%s\n", out.version[i].name);
    if (!sh->quiet) {
        char text[160], wall[32];
        show_seconds(out.wall_s, wall);
        snprintf(text, sizeof text, "%zu version%s imported, %llu there already, %llu passed over, in %s", out.n, out.n == 1 ? "" : "s",
                 (unsigned long long)out.unchanged, (unsigned long long)out.passed_over, wall);
        line_talk(sh->line, INK_NONE, "", text);
    }
    return OK;
}

static const Arg data_import_args[] = {
    { "DIR", "the DVC repository: the folder that holds .dvc; the current one if left out", ARG_FOLDER, .optional = true },
    { .word = NULL },
};

static const Opt data_import_opts[] = {
    { .name = "prefix", .word = "WORD", .type = OPT_TEXT, .help = "put this in front of every dataset's name, as old/" },
    { .name = "profile", .word = "HOW", .type = OPT_CHOICE, .choice = app_profile_word, .value = "sample",
      .help = "how much of tables is read for schema and statistics" },
    OPT_THREADS,
    { .name = NULL },
};

static const Example data_import_examples[] = {
    { "leat data import-dvc", "everything that DVC keeps in this repository, with its history" },
    { "leat data import-dvc ../old --prefix old/", "another repository's, as old/data/raw.csv and so on" },
    { .line = NULL },
};

const Command cmd_data_import = {
    .name = "data import-dvc",
    .summary = "take over a DVC repository's data with their history",
    .story = "Reads *.dvc, dvc.lock and the listings in DVC's cache, commit by commit as Git has them. Every content that data had becomes a "
             "version of a dataset named by its path: checked by its MD5, with the commit's time as source time and its subject as "
             "message; what stages made knows what it was made from. DVC's files stay as they are, and DVC need not be installed. "
             "Content that is in no cache here is passed over: 'dvc fetch --all-commits' brings it first.\n",
    .examples = data_import_examples,
    .args = data_import_args,
    .opts = data_import_opts,
    .run = data_import_run,
};

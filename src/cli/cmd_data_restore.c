/* cli/cmd_data_restore.c -- `leat data restore NAME[@V]` */
#include "cli/data.h"

static Err data_restore_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppDataListOut out;
    const AppDataMarkIn in = { .ref = words_arg(w, 0), .why = words_text(w, "message") };
    TRY(cx, app_data_restore(cx, sh->house, &in, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_data_list_json(&out, "restored", &t);
        return show_json(sh, &t);
    }
    for (size_t i = 0; i < out.n; i++) fprintf(sh->out, sh->quiet ? "%s\n" : "restored %s\n", out.version[i].name);
    return OK;
}

static const Arg data_restore_args[] = {
    ARG_DATASET("every version, or the one with this number"),
    { .word = NULL },
};

static const Opt data_restore_opts[] = {
    { .name = "message", .letter = 'm', .word = "TEXT", .type = OPT_TEXT, .help = "why, for those who read the log" },
    { .name = NULL },
};

static const Example data_restore_examples[] = {
    { "leat data restore churn@2", "version 2 only" },
    { "leat data restore churn", "every version that was removed" },
    { .line = NULL },
};

const Command cmd_data_restore = {
    .name = "data restore",
    .summary = "bring removed versions of a dataset back",
    .story = "Brings a removed version, or every one, back, as long as its bytes are still in the store.\n",
    .examples = data_restore_examples,
    .args = data_restore_args,
    .opts = data_restore_opts,
    .run = data_restore_run,
};

/* cli/cmd_data_rm.c -- `leat data rm NAME[@V]` */
#include "cli/data.h"

static Err data_rm_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppDataListOut out;
    const AppDataMarkIn in = { .ref = words_arg(w, 0), .why = words_text(w, "message") };
    TRY(cx, app_data_rm(cx, sh->house, &in, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_data_list_json(&out, "removed", &t);
        return show_json(sh, &t);
    }
    for (size_t i = 0; i < out.n; i++) fprintf(sh->out, sh->quiet ? "%s\n" : "removed %s\n", out.version[i].name);
    return OK;
}

static const Arg data_rm_args[] = {
    ARG_DATASET("every version, or the one with this number"),
    { .word = NULL },
};

static const Opt data_rm_opts[] = {
    { .name = "message", .letter = 'm', .word = "TEXT", .type = OPT_TEXT, .help = "why, for those who read the log" },
    { .name = NULL },
};

static const Example data_rm_examples[] = {
    { "leat data rm churn@2 -m withdrawn", "version 2 only" },
    { "leat data rm scratch", "every version of a dataset" },
    { .line = NULL },
};

const Command cmd_data_rm = {
    .name = "data rm",
    .summary = "remove versions of a dataset; they can be restored",
    .story = "Takes a version, or every version, out of lists and lookups. The ledger keeps that it was there; its bytes stay until 'leat gc' finds that nothing else uses them, and until then 'leat data restore' brings it back.\n",
    .examples = data_rm_examples,
    .args = data_rm_args,
    .opts = data_rm_opts,
    .run = data_rm_run,
};

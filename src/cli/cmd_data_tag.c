/* cli/cmd_data_tag.c -- `leat data tag NAME[@V] TAG` */
#include "cli/data.h"

static Err data_tag_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppVersion v;
    const AppDataTagIn in = { .ref = words_arg(w, 0), .tag = words_arg(w, 1), .remove = words_has(w, "remove") };
    TRY(cx, app_data_tag(cx, sh->house, &in, &v));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_version_json(&v, &t);
        return show_json(sh, &t);
    }
    if (in.remove) fprintf(sh->out, "%s: the tag %s is gone\n", v.name, in.tag);
    else fprintf(sh->out, "%s is %s@%s\n", v.name, v.dataset, in.tag);
    return OK;
}

static const Arg data_tag_args[] = {
    ARG_DATASET("a dataset's version; the newest without @V"),
    { "TAG", "a name: letters, digits, - _ . /; not a number, a date or a digest", ARG_WORD },
    { .word = NULL },
};

static const Opt data_tag_opts[] = {
    { .name = "remove", .help = "take the tag away from the dataset" },
    { .name = NULL },
};

static const Example data_tag_examples[] = {
    { "leat data tag churn@3 gold", "from now on churn@gold is version 3" },
    { "leat data tag churn gold --remove", "no version is churn@gold any more" },
    { .line = NULL },
};

const Command cmd_data_tag = {
    .name = "data tag",
    .summary = "name a version of a dataset",
    .story = "A tag is a name for a version, NAME@TAG. A tag stands on one version of a dataset at a time: given again it moves, and the "
             "ledger keeps where it stood.\n"
             "\n" REF_STORY,
    .examples = data_tag_examples,
    .args = data_tag_args,
    .opts = data_tag_opts,
    .run = data_tag_run,
};

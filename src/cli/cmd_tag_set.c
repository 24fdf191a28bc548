/* cli/cmd_tag_set.c -- `leat tag set NAME=VALUE…` */
#include "cli/shared.h"

static Err tag_set_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppToldOut out;
    const AppWordsIn in = { .run = words_text(w, "run"), .word = w->arg, .n = w->args_n };
    TRY(cx, app_tell_tags(cx, sh->house, &in, &out));
    return shared_logged(cx, sh, &out, "tag");
}

static const Arg tag_set_args[] = {
    { "NAME=VALUE", "what to mark it with; NAME= takes the tag away; or NAME VALUE for one", ARG_WORD, .many = true },
    { .word = NULL },
};

static const Opt tag_set_opts[] = { OPT_RUN, { .name = NULL } };

static const Example tag_set_examples[] = {
    { "leat tag set team=risk stage=draft --run 7", "mark run 7" },
    { "leat tag set stage= --run 7", "take a tag away" },
    { .line = NULL },
};

const Command cmd_tag_set = {
    .name = "tag set",
    .summary = "mark a run with tags",
    .story = "A tag is a name and a text that may change at any time, also after the run has ended.\n",
    .examples = tag_set_examples,
    .args = tag_set_args,
    .opts = tag_set_opts,
    .run = tag_set_run,
};

/* cli/cmd_note_add.c -- `leat note add TEXT` */
#include "cli/shared.h"

static Err note_add_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppToldOut out;
    Text t;
    text_init(&t, cx);
    for (size_t i = 0; i < w->args_n; i++) text_fmt(&t, "%s%s", i ? " " : "", w->arg[i]);
    Err err = text_err(&t);
    const AppNoteIn in = { .run = words_text(w, "run"), .build = words_text(w, "build"), .text = t.at ? t.at : "" };
    if (!err) err = app_note(cx, sh->house, &in, &out);
    text_clear(&t);
    TRY(cx, err);
    return shared_logged(cx, sh, &out, "note");
}

static const Arg note_add_args[] = {
    { "TEXT", "what you have to say", ARG_WORD, .many = true },
    { .word = NULL },
};

static const Opt note_add_opts[] = {
    OPT_RUN,
    { .name = "build", .letter = 'b', .word = "BUILD", .type = OPT_TEXT, .help = "about this build instead", .not_with = "run" },
    { .name = NULL },
};

static const Example note_add_examples[] = {
    { "leat note add \"learning rate was far too high\" --run 7", "about run 7" },
    { "leat note add \"approved by the risk team\" --build churn@3", "about a build" },
    { .line = NULL },
};

const Command cmd_note_add = {
    .name = "note add",
    .summary = "say something about a run or a build",
    .story = "A note stays with its author and time, and its words are found by search. 'leat note …' is short for 'leat note add …'.\n",
    .examples = note_add_examples,
    .args = note_add_args,
    .opts = note_add_opts,
    .run = note_add_run,
};

/* cli/cmd_push.c -- `leat push [REMOTE]` */
#include "cli/remotes.h"

static Err push_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppTransferOut out;
    const AppTransferIn in = { .remote = words_arg(w, 0) };
    TRY(cx, app_push(cx, sh->house, &in, &out));
    return show_transfer(cx, sh, &out, "pushed");
}

static const Arg push_args[] = {
    { "REMOTE", "its name; origin, or the only one, if left out", ARG_WORD, .optional = true },
    { .word = NULL },
};

static const Example push_examples[] = {
    { "leat push", "to origin, or to the only remote" },
    { "leat push backup", "to the remote called backup" },
    { .line = NULL },
};

const Command cmd_push = {
    .name = "push",
    .summary = "bring what this project has to a remote",
    .story = "Brings every object that the remote lacks, several at once, then the log as signed segments. Stopped half-way, it goes on where it was when called again. Nothing at the remote is replaced or removed: two clones that both worked may push to one remote.\n",
    .examples = push_examples,
    .args = push_args,
    .run = push_run,
};

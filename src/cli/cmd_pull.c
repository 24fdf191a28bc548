/* cli/cmd_pull.c -- `leat pull [REMOTE]` */
#include "cli/remotes.h"

static Err pull_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppTransferOut out;
    const AppTransferIn in = { .remote = words_arg(w, 0) };
    TRY(cx, app_pull(cx, sh->house, &in, &out));
    return show_transfer(cx, sh, &out, "pulled");
}

static const Arg pull_args[] = {
    { "REMOTE", "its name; origin, or the only one, if left out", ARG_WORD, .optional = true },
    { .word = NULL },
};

static const Example pull_examples[] = {
    { "leat pull", "from origin, or from the only remote" },
    { "leat pull backup", "from the remote called backup" },
    { .line = NULL },
};

const Command cmd_pull = {
    .name = "pull",
    .summary = "bring what a remote has to this project",
    .story = "Brings every object that this project lacks, several at once, each checked against its name, then the logs of others, checked with their signatures. Stopped half-way, it goes on where it was when called again.\n",
    .examples = pull_examples,
    .args = pull_args,
    .run = pull_run,
};

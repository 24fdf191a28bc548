/* cli/cmd_remote_rm.c -- `leat remote rm NAME` */
#include "cli/remotes.h"

static Err remote_rm_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppRemotesOut out;
    const AppRemoteIn in = { words_arg(w, 0), NULL };
    TRY(cx, app_remote_rm(cx, sh->house, &in, &out));
    return show_remotes(cx, sh, &out);
}

static const Arg remote_rm_args[] = {
    { "NAME", "the remote", ARG_WORD },
    { .word = NULL },
};

static const Example remote_rm_examples[] = {
    { "leat remote rm backup", "forget where backup was" },
    { .line = NULL },
};

const Command cmd_remote_rm = {
    .name = "remote rm",
    .summary = "forget a remote",
    .story = "Forgets the name of a remote. What lies there stays as it is.\n",
    .examples = remote_rm_examples,
    .args = remote_rm_args,
    .run = remote_rm_run,
};

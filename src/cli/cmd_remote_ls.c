/* cli/cmd_remote_ls.c -- `leat remote ls` */
#include "cli/remotes.h"

static Err remote_ls_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppRemotesOut out;
    (void)w;
    TRY(cx, app_remotes(cx, sh->house, &out));
    return show_remotes(cx, sh, &out);
}

static const Example remote_ls_examples[] = {
    { "leat remote ls", "the remotes of this project" },
    { .line = NULL },
};

const Command cmd_remote_ls = {
    .name = "remote ls",
    .summary = "list the remotes of this project",
    .story = "Lists the places that 'leat push' and 'leat pull' exchange with.\n",
    .examples = remote_ls_examples,
    .run = remote_ls_run,
};

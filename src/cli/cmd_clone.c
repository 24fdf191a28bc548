/* cli/cmd_clone.c -- `leat clone ADDRESS [DIR]` */
#include "cli/remotes.h"

static Err clone_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppTransferOut out;
    const AppCloneIn in = { words_arg(w, 0), words_arg(w, 1) };
    TRY(cx, app_clone(cx, sh->house, &in, &out));
    return show_transfer(cx, sh, &out, "brought");
}

static const Arg clone_args[] = {
    { "ADDRESS", "of a remote: a folder, s3://BUCKET/PREFIX, webhdfs://HOST:PORT/PATH", ARG_FOLDER },
    { "DIR", "the new project's folder; the last part of the address if left out", ARG_FOLDER, .optional = true },
    { .word = NULL },
};

static const Example clone_examples[] = {
    { "leat clone /srv/lake/churn", "a project 'churn' with all that lies there" },
    { "leat clone s3://lake/churn mine", "from a bucket, into the folder 'mine'" },
    { .line = NULL },
};

const Command cmd_clone = {
    .name = "clone",
    .summary = "make a project with all that a remote has",
    .story = "Makes a project in a new folder, names the remote origin, and pulls from it. The new project has a log of its own; the logs "
             "that lie at the remote are taken over beside it, with their signatures, so that what was done elsewhere can be proved here.\n",
    .examples = clone_examples,
    .args = clone_args,
    .run = clone_run,
};

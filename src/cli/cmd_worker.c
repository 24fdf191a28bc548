/* cli/cmd_worker.c -- `leat worker`: this program started by itself to fit models.  Not for people. */
#include "cli/commands.h"

#include <string.h>

static Err worker_run(Ctx *cx, Shell *sh, const Words *w)
{
    double bytes = 0;
    const char *limit = words_arg(w, 0);
    (void)sh;
    if (limit && (!num_read(limit, strlen(limit), &bytes) || bytes < 0))
        return FAIL(cx, ERR_USAGE, "'%.60s' is no number of bytes", limit);
    cx->progress = (Progress){ 0 };
    return app_worker(cx, (uint64_t)bytes);
}

static const Arg worker_args[] = {
    { "BYTES", "address space it may use; 0 for no limit", ARG_WORD, .optional = true },
    { .word = NULL },
};

const Command cmd_worker = {
    .name = "worker",
    .summary = "answer fit jobs of the process that started this one",
    .story = "Started by 'leat auto' itself.\n",
    .args = worker_args,
    .hidden = true,
    .run = worker_run,
};

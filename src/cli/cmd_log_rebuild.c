/* cli/cmd_log_rebuild.c -- `leat log rebuild` */
#include "cli/shared.h"

static Err log_rebuild_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppLogVerifyOut out;
    (void)w;
    TRY(cx, app_log_rebuild(cx, sh->house, &out));
    return shared_verified(cx, sh, &out);
}

static const Example log_rebuild_examples[] = {
    { "leat log rebuild", "after 'leat log verify' found a table that is not what the log says" },
    { .line = NULL },
};

const Command cmd_log_rebuild = {
    .name = "log rebuild",
    .summary = "make all tables anew from the log",
    .story = "Checks the log itself, then throws away every table that is made from it and makes it again, in one transaction; then verifies. A log "
             "that is damaged itself is never folded: take it from a copy.\n",
    .examples = log_rebuild_examples,
    .run = log_rebuild_run,
};

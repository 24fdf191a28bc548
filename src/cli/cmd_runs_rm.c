/* cli/cmd_runs_rm.c -- `leat runs rm RUN…` */
#include "cli/shared.h"

static Err runs_rm_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppSightOut out;
    const AppSightIn in = { .run = w->arg, .n = w->args_n };
    TRY(cx, app_runs_sight(cx, sh->house, &in, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_runs_sight_json(&out, &t);
        return show_json(sh, &t);
    }
    for (size_t i = 0; i < out.n && !sh->quiet; i++) fprintf(sh->out, "run %s is out of sight; 'leat runs restore %s' brings it back\n", out.run[i], out.run[i]);
    return OK;
}

static const Arg runs_rm_args[] = {
    { "RUN", "its number, id or name", ARG_RUN, .many = true },
    { .word = NULL },
};

static const Example runs_rm_examples[] = {
    { "leat runs rm 3 4", "runs 3 and 4 are listed no more" },
    { "leat runs rm 'first try' --json", "by its name" },
    { .line = NULL },
};

const Command cmd_runs_rm = {
    .name = "runs rm",
    .summary = "put runs out of sight",
    .story = "Lists and searches show these runs no more. Nothing is lost: the ledger keeps what happened, builds that came of them stay, "
             "and 'leat runs restore' brings them back; 'leat runs ls --deleted' lists them.\n",
    .examples = runs_rm_examples,
    .args = runs_rm_args,
    .run = runs_rm_run,
};

/* cli/cmd_runs_restore.c -- `leat runs restore RUN…` */
#include "cli/shared.h"

static Err runs_restore_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppSightOut out;
    const AppSightIn in = { .run = w->arg, .n = w->args_n, .back = true };
    TRY(cx, app_runs_sight(cx, sh->house, &in, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_runs_sight_json(&out, &t);
        return show_json(sh, &t);
    }
    for (size_t i = 0; i < out.n && !sh->quiet; i++) fprintf(sh->out, "run %s is back\n", out.run[i]);
    return OK;
}

static const Arg runs_restore_args[] = {
    { "RUN", "its number or id", ARG_RUN, .many = true },
    { .word = NULL },
};

static const Example runs_restore_examples[] = {
    { "leat runs restore 3", "run 3 is listed again" },
    { .line = NULL },
};

const Command cmd_runs_restore = {
    .name = "runs restore",
    .summary = "bring runs back that were put out of sight",
    .story = "Undoes 'leat runs rm'. 'leat runs ls --deleted' lists what there is to bring back.\n",
    .examples = runs_restore_examples,
    .args = runs_restore_args,
    .run = runs_restore_run,
};

/* cli/cmd_param_set.c -- `leat param set NAME=VALUE…` */
#include "cli/shared.h"

static Err param_set_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppToldOut out;
    const AppWordsIn in = { .run = words_text(w, "run"), .word = w->arg, .n = w->args_n };
    TRY(cx, app_tell_params(cx, sh->house, &in, &out));
    return shared_logged(cx, sh, &out, "param");
}

static const Arg param_set_args[] = {
    { "NAME=VALUE", "what to log; or NAME VALUE for one", ARG_WORD, .many = true },
    { .word = NULL },
};

static const Opt param_set_opts[] = { OPT_RUN, { .name = NULL } };

static const Example param_set_examples[] = {
    { "leat param set depth=6 learner=lightgbm", "inside a program that 'leat run' started" },
    { "leat param depth 6 --run latest", "one, to a run named here" },
    { .line = NULL },
};

const Command cmd_param_set = {
    .name = "param set",
    .summary = "log params: what a run was set to",
    .story = "A param is a name and a text. It is set once: setting the same again is fine, another value is refused; what changes is a "
             "metric or a tag. 'leat param …' is short for 'leat param set …'. Any number of processes may log to one run at once.\n",
    .examples = param_set_examples,
    .args = param_set_args,
    .opts = param_set_opts,
    .run = param_set_run,
};

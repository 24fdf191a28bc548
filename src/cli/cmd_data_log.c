/* cli/cmd_data_log.c -- `leat data log NAME` */
#include "cli/data.h"

static Err data_log_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppDataListOut out;
    TRY(cx, app_data_log(cx, sh->house, words_arg(w, 0), &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_data_list_json(&out, "versions", &t);
        return show_json(sh, &t);
    }
    if (sh->quiet) {
        for (size_t i = 0; i < out.n; i++) fprintf(sh->out, "%s\n", out.version[i].name);
        return OK;
    }
    return data_grid(cx, sh, out.version, out.n, true);
}

static const Arg data_log_args[] = {
    { "NAME", "a dataset", ARG_WORD },
    { .word = NULL },
};

static const Example data_log_examples[] = {
    { "leat data log churn", "every version, newest first: when it came, from when it is, by whom, and why" },
    { .line = NULL },
};

const Command cmd_data_log = {
    .name = "data log",
    .summary = "list the versions of a dataset, newest first",
    .story = "Lists every version of a dataset, those that were removed too: when it arrived, what time its source says it is from, how it was "
             "made, its tags and its message.\n",
    .examples = data_log_examples,
    .args = data_log_args,
    .run = data_log_run,
};

/* cli/cmd_runs_compare.c -- `leat runs compare A B…` */
#include "cli/shared.h"

#include <string.h>

static Err runs_compare_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppCompareOut out;
    Grid g;
    const AppCompareIn in = { .run = w->arg, .n = w->args_n, .all = words_has(w, "all") };
    const char *head[SHOW_COLS_MAX] = { "", "" };
    TRY(cx, app_runs_compare(cx, sh->house, &in, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_runs_compare_json(&out, &t);
        return show_json(sh, &t);
    }
    size_t shown = out.runs_n < SHOW_COLS_MAX - 2 ? out.runs_n : SHOW_COLS_MAX - 2;
    for (size_t i = 0; i < shown; i++) {
        head[i + 2] = ctx_scratch_fmt(cx, "run %s", out.run[i]);
        if (!head[i + 2]) return FAIL(cx, ERR_NOMEM, "comparing runs");
    }
    grid_init(&g, cx, head, shown + 2);
    for (size_t i = 0; i < out.n; i++) {
        const AppCompareRow *r = &out.row[i];
        grid_cell(&g, "%s", i && !strcmp(r->section, out.row[i - 1].section) ? "" : r->section);
        grid_cell(&g, "%.60s", r->key);
        for (size_t k = 0; k < shown; k++) grid_cell(&g, "%.60s", r->value[k] ? r->value[k] : "-");
    }
    TRY(cx, grid_print(&g, sh, 0));
    if (shown < out.runs_n) line_talk(sh->line, INK_NONE, "", "more runs than fit here: --json shows all of them");
    if (!in.all) {
        char words[120];
        snprintf(words, sizeof words, "%zu things are the same; --all shows them too", out.same);
        line_talk(sh->line, INK_NONE, "", words);
    }
    return OK;
}

static const Arg runs_compare_args[] = {
    { "RUN", "two or more runs: number, id or name", ARG_RUN, .many = true },
    { .word = NULL },
};

static const Opt runs_compare_opts[] = {
    { .name = "all", .help = "show what is the same too" },
    { .name = NULL },
};

static const Example runs_compare_examples[] = {
    { "leat runs compare 3 7", "in what they differ" },
    { "leat runs compare 3 7 latest --all --json", "everything of three, as JSON" },
    { .line = NULL },
};

const Command cmd_runs_compare = {
    .name = "runs compare",
    .summary = "show in what runs differ",
    .story = "Puts runs side by side: data, code and what was changed in it, params, options, last values of metrics, tags, artifacts by digest, environment.\n",
    .examples = runs_compare_examples,
    .args = runs_compare_args,
    .opts = runs_compare_opts,
    .run = runs_compare_run,
};

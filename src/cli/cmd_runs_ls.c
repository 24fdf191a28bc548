/* cli/cmd_runs_ls.c -- `leat runs ls` */
#include "cli/commands.h"

static Err runs_ls_run(Ctx *cx, Shell *sh, const Words *w)
{
    static const char *const head[] = { "run",    "state",  "begun (UTC)", ">took", ">trials",
                                        ">score", "target", "data",        "build" };
    AppRunsOut out;
    Grid g;
    char score[32], begun[32], took[32];
    (void)w;
    TRY(cx, app_runs(cx, sh->house, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_runs_json(&out, &t);
        return show_json(sh, &t);
    }
    if (sh->quiet) {
        for (size_t i = 0; i < out.n; i++) fprintf(sh->out, "%s\n", out.run[i].name);
        return OK;
    }
    if (!out.n) {
        line_talk(sh->line, INK_NONE, "", "no runs yet: leat auto DATA --target COL makes one");
        return OK;
    }
    grid_init(&g, cx, head, 9);
    for (size_t i = 0; i < out.n; i++) {
        const AppRun *r = &out.run[i];
        show_score(r->score, score);
        show_time(r->begun_us, begun);
        show_seconds(r->seconds, took);
        grid_cell(&g, "%s", r->name);
        grid_cell(&g, "%s", r->state);
        grid_cell(&g, "%s", begun);
        grid_cell(&g, "%s", took);
        grid_cell(&g, "%u", r->trials);
        grid_cell(&g, "%s %s", r->metric, score);
        grid_cell(&g, "%s", r->target);
        grid_cell(&g, "%s", r->data);
        grid_cell(&g, "%s", r->build ? r->build : "");
    }
    return grid_print(&g, sh, 0);
}

static const Example runs_ls_examples[] = {
    { "leat runs ls", "what was tried in this project, newest first" },
    { .line = NULL },
};

const Command cmd_runs_ls = {
    .name = "runs ls",
    .summary = "list runs, newest first",
    .story = "Lists every run of the project: how it ended, how long it took, its score and the build it made.\n",
    .examples = runs_ls_examples,
    .run = runs_ls_run,
};

/* cli/cmd_experiment_ls.c -- `leat experiment ls` */
#include "cli/shared.h"

static Err experiment_ls_run(Ctx *cx, Shell *sh, const Words *w)
{
    static const char *const head[] = { ">id", "experiment", ">runs", "begun (UTC)" };
    AppExperimentsOut out;
    AppSearch in;
    Grid g;
    char begun[32];
    TRY(cx, shared_search(cx, w, &in));
    in.deleted = words_has(w, "deleted");
    TRY(cx, app_experiments(cx, sh->house, &in, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_experiments_json(&out, &t);
        return show_json(sh, &t);
    }
    grid_init(&g, cx, head, 4);
    for (size_t i = 0; i < out.n; i++) {
        const AppExperiment *e = &out.experiment[i];
        show_time(e->created_us, begun);
        grid_cell(&g, "%s", e->id);
        grid_cell(&g, "%s", e->name);
        grid_cell(&g, "%llu", (unsigned long long)e->runs);
        grid_cell(&g, "%s", e->created_us ? begun : "");
    }
    return grid_print(&g, sh, 0);
}

static const Opt experiment_ls_opts[] = {
    OPT_FILTER("\"name LIKE 'churn%'\""),
    OPT_ORDER,
    OPT_LIMIT,
    OPT_OFFSET,
    { .name = "deleted", .help = "those that were put out of sight" },
    { .name = NULL },
};

static const Example experiment_ls_examples[] = {
    { "leat experiment ls", "groups of runs, newest first" },
    { "leat experiment ls -f \"runs > 10 AND tags.team = 'risk'\"", "only those that fit" },
    { .line = NULL },
};

const Command cmd_experiment_ls = {
    .name = "experiment ls",
    .summary = "list experiments",
    .story = "An experiment is a named group of runs: 'leat run --experiment NAME' puts a run into one, and makes it when there is none. Runs that "
             "name none are in 'Default'.\n",
    .examples = experiment_ls_examples,
    .opts = experiment_ls_opts,
    .run = experiment_ls_run,
};

/* cli/cmd_runs_ls.c -- `leat runs ls` */
#include "cli/shared.h"

static Err print_trials(Ctx *cx, Shell *sh, const AppSearch *in)
{
    static const char *const head[] = { ">run", ">trial", "stage", "learner", "state", ">score", ">± se", ">fit", "parameters" };
    AppTrialsOut out;
    Grid g;
    char score[32], se[32], fit[32];
    TRY(cx, app_trials(cx, sh->house, in, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_trials_json(&out, &t);
        return show_json(sh, &t);
    }
    grid_init(&g, cx, head, 9);
    for (size_t i = 0; i < out.n; i++) {
        const AppTrial *t = &out.trial[i];
        show_score(t->score, score);
        show_score(t->se, se);
        show_seconds(t->fit_s, fit);
        grid_cell(&g, "%s", t->run);
        grid_cell(&g, "%u", t->number);
        grid_cell(&g, "%s", t->stage);
        grid_cell(&g, "%s", t->learner);
        grid_cell(&g, "%s", t->state);
        grid_cell(&g, "%s", score);
        grid_cell(&g, "%s", se);
        grid_cell(&g, "%s", fit);
        grid_cell(&g, "%s", t->why && t->why[0] ? t->why : t->params);
    }
    TRY(cx, grid_print(&g, sh, 0));
    if (out.more) line_talk(sh->line, INK_NONE, "", "there are more: --limit 0 lists all of them");
    return OK;
}

static Err print_runs(Ctx *cx, Shell *sh, const AppRunsOut *out)
{
    static const char *const head[] = { "run", "state", "begun (UTC)", ">took", "name", ">trials", ">score", "target", "data", "build" };
    Grid g;
    char score[32], begun[32], took[32];
    grid_init(&g, cx, head, 10);
    for (size_t i = 0; i < out->n; i++) {
        const AppRun *r = &out->run[i];
        bool trained = r->trials || r->target[0];
        show_score(r->score, score);
        show_time(r->begun_us, begun);
        show_seconds(r->seconds, took);
        grid_cell(&g, "%s", r->name);
        grid_cell(&g, "%s", r->state);
        grid_cell(&g, "%s", begun);
        grid_cell(&g, "%s", took);
        grid_cell(&g, "%.60s", r->title[0] ? r->title : trained ? "" : r->command);
        if (trained) grid_cell(&g, "%u", r->trials);
        else grid_cell(&g, "%s", "");
        grid_cell(&g, "%s %s", r->metric, trained ? score : "");
        grid_cell(&g, "%s", r->target);
        grid_cell(&g, "%s", r->data);
        grid_cell(&g, "%s", r->build ? r->build : "");
    }
    return grid_print(&g, sh, 0);
}

static Err runs_ls_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppRunsOut out;
    AppSearch in;
    TRY(cx, shared_search(cx, w, &in));
    in.experiment = words_text(w, "experiment");
    in.deleted = words_has(w, "deleted");
    if (words_has(w, "trials")) return print_trials(cx, sh, &in);
    TRY(cx, app_runs(cx, sh->house, &in, &out));
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
        line_talk(sh->line, INK_NONE, "", in.filter || in.experiment || in.deleted
                                              ? "no run fits"
                                              : "no runs yet: leat auto DATA --target COL makes one, leat run -- PROGRAM too");
        return OK;
    }
    TRY(cx, print_runs(cx, sh, &out));
    if (out.more) line_talk(sh->line, INK_NONE, "", "there are more: --limit 0 lists all of them");
    return OK;
}

static const Opt runs_ls_opts[] = {
    OPT_FILTER("\"metrics.auc > 0.9 AND params.learner = 'lightgbm'\""),
    OPT_ORDER,
    OPT_LIMIT,
    OPT_OFFSET,
    { .name = "experiment", .letter = 'e', .word = "NAME", .type = OPT_TEXT, .help = "only runs of this experiment" },
    { .name = "deleted", .help = "those that 'leat runs rm' put out of sight" },
    { .name = "trials", .help = "list trials of all runs instead: params.* are their parameters, metrics.score their score" },
    { .name = NULL },
};

static const Example runs_ls_examples[] = {
    { "leat runs ls", "what was tried in this project, newest first" },
    { "leat runs ls --filter \"metrics.auc > 0.9 AND tags.team IN ('a', 'b')\" --order-by \"metrics.auc DESC\"", "the best of two teams" },
    { "leat runs ls -f \"params.learner LIKE 'light%' OR (status = 'FAILED' AND start_time > '2026-11-01')\"", "any of these" },
    { "leat runs ls --trials -f \"params.learner = 'lightgbm' AND metrics.score > 0.9\"", "trials of any run" },
    { .line = NULL },
};

const Command cmd_runs_ls = {
    .name = "runs ls",
    .summary = "list and search runs, newest first",
    .story = "Lists the runs of the project: how each ended, how long it took, its score and the build it made.\n"
             "\n"
             "A filter is MLflow's search grammar and more: metrics.NAME, params.NAME, tags.NAME, datasets.name, .digest and .context, "
             "artifacts.name, notes.text, and attributes like run_id, name, status, state, start_time, user, host, commit, exit_code; "
             "= != < <= > >=, LIKE (% and _), ILIKE, RLIKE 'regular expression', IN (…), IS NULL, AND, OR, NOT and parentheses. "
             "Quote a name that holds blanks: params.\"my depth\". A param compared with a number without quotes compares as a number.\n",
    .examples = runs_ls_examples,
    .opts = runs_ls_opts,
    .run = runs_ls_run,
};

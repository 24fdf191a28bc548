/* cli/cmd_runs_show.c -- `leat runs show RUN` */
#include "cli/commands.h"

static Err print_trials(Ctx *cx, Shell *sh, const AppRunOut *out)
{
    static const char *const head[] = { ">trial", "stage",  "learner", "state",  ">score",    ">± se",
                                        ">fit",   ">a row", ">size",   ">share", "parameters" };
    Grid g;
    char score[32], se[32], fit[32], row[32], size[32];
    grid_init(&g, cx, head, 11);
    for (size_t i = 0; i < out->trials_n; i++) {
        const AppTrial *t = &out->trial[i];
        show_score(t->score, score);
        show_score(t->se, se);
        show_seconds(t->fit_s, fit);
        show_seconds(t->predict_us_row * 1e-6, row);
        show_size(t->size_bytes, size);
        grid_cell(&g, "%u", t->number);
        grid_cell(&g, "%s", t->stage);
        grid_cell(&g, "%s", t->learner);
        grid_cell(&g, "%s", t->state);
        grid_cell(&g, "%s", score);
        grid_cell(&g, "%s", se);
        grid_cell(&g, "%s", fit);
        grid_cell(&g, "%s", row);
        grid_cell(&g, "%s", size);
        if (t->weight > 0) grid_cell(&g, "%.1f %%", t->weight * 100);
        else grid_cell(&g, "%s", "");
        grid_cell(&g, "%s", t->why && t->why[0] ? t->why : t->params);
    }
    return grid_print(&g, sh, 2);
}

static Err runs_show_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppRunOut out;
    AppRunIn in = { .run = words_arg(w, 0) };
    char score[32], se[32], begun[32], took[32];
    TRY(cx, app_run_show(cx, sh->house, &in, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_run_show_json(&out, &t);
        return show_json(sh, &t);
    }
    const AppRun *r = &out.about;
    show_score(r->score, score);
    show_score(r->se, se);
    show_time(r->begun_us, begun);
    show_seconds(r->seconds, took);
    fprintf(sh->out, "%s%s%s  %s, begun %s UTC, took %s\n", ink_on(sh->colour_out, INK_BOLD), r->name,
            ink_off(sh->colour_out), r->state, begun, took);
    fprintf(sh->out, "  data    %s\n  target  %s\n  score   %s %s ± %s\n", r->data, r->target, r->metric, score,
            se);
    if (r->build) fprintf(sh->out, "  build   %s\n", r->build);
    if (out.stages_n)
        fprintf(sh->out, "\n%sStages%s\n", ink_on(sh->colour_out, INK_BOLD), ink_off(sh->colour_out));
    for (size_t i = 0; i < out.stages_n; i++) {
        show_seconds(out.stage[i].seconds, took);
        fprintf(sh->out, "  %-11s %8s  %s\n", out.stage[i].name, took, out.stage[i].summary);
    }
    if (!out.trials_n) return OK;
    fprintf(sh->out, "\n%sTrials%s\n", ink_on(sh->colour_out, INK_BOLD), ink_off(sh->colour_out));
    return print_trials(cx, sh, &out);
}

static const Arg runs_show_args[] = {
    { "RUN", "its name as 'leat runs ls' prints it, or 'latest'", ARG_RUN },
    { .word = NULL },
};

static const Example runs_show_examples[] = {
    { "leat runs show latest", "every trial of the last run" },
    { "leat runs show 3 --json", "the same as one JSON object" },
    { .line = NULL },
};

const Command cmd_runs_show = {
    .name = "runs show",
    .summary = "show a run: its stages and every trial",
    .story = "Shows how a run went: what each stage found, and every trial with its parameters, its score with "
             "uncertainty, and its times.\n",
    .examples = runs_show_examples,
    .args = runs_show_args,
    .run = runs_show_run,
};

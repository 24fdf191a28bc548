/* cli/cmd_visualize.c -- `leat visualize DATA`: stage 1 alone. */
#include "cli/shared.h"

#include <math.h>

static Err print_columns(Ctx *cx, Shell *sh, const AppVisualizeOut *out)
{
    static const char *const head[] = { "column", "type", ">missing", ">distinct", ">with target", "values" };
    Grid g;
    char score[32];
    grid_init(&g, cx, head, 6);
    for (size_t i = 0; i < out->columns_n; i++) {
        const AppColumn *c = &out->column[i];
        grid_cell(&g, "%s", c->name);
        grid_cell(&g, "%s", c->type);
        grid_cell(&g, "%llu", (unsigned long long)c->missing);
        grid_cell(&g, "%llu", (unsigned long long)c->distinct);
        if (isfinite(c->association)) {
            show_score(c->association, score);
            grid_cell(&g, "%s %s", c->kind, score);
        } else grid_cell(&g, "%s", "");
        grid_cell(&g, "%s", c->typical);
    }
    return grid_print(&g, sh, 2);
}

static Err visualize_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppVisualizeOut out;
    AppVisualizeIn in = {
        .target = words_text(w, "target"),
        .out = words_text(w, "out"),
        .threads = (uint32_t)words_num(w, "threads", 0),
    };
    TRY(cx, shared_data(cx, w, words_arg(w, 0), true, &in.data));
    TRY(cx, app_visualize(cx, sh->house, &in, &out));
    line_clear(sh->line);
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_visualize_json(&out, &t);
        return show_json(sh, &t);
    }
    fprintf(sh->out, "%llu rows, %zu columns\n\n", (unsigned long long)out.rows, out.columns_n);
    TRY(cx, print_columns(cx, sh, &out));
    if (out.warnings_n)
        fprintf(sh->out, "\n%sWarnings%s\n", ink_on(sh->colour_out, INK_YELLOW), ink_off(sh->colour_out));
    for (size_t i = 0; i < out.warnings_n; i++) fprintf(sh->out, "  %s\n", out.warning[i]);
    if (out.report) fprintf(sh->out, "\nreport: %s\n", out.report);
    else if (!sh->quiet)
        line_talk(sh->line, INK_DIM, "", "-o page.html draws every column and its tie to the target");
    return OK;
}

static const Arg visualize_args[] = {
    { "DATA", "any file that 'leat auto' reads", ARG_DATA },
    { .word = NULL },
};

static const Opt visualize_opts[] = {
    { .name = "target",
      .word = "COL",
      .type = OPT_TEXT,
      .help = "show every column against this one",
      .shown = true },
    { .name = "out",
      .letter = 'o',
      .word = "FILE",
      .type = OPT_FILE,
      .help = "write a page with a picture of every column",
      .shown = true },
    OPT_COLUMN_TYPE,
    OPT_THREADS,
    OPT_SHEET,
    OPT_NA,
    { .name = NULL },
};

static const Example visualize_examples[] = {
    { "leat visualize titanic.csv", "what is in this file?" },
    { "leat visualize titanic.csv --target survived -o titanic.html",
      "every column against the target, as a page" },
    { .line = NULL },
};

const Command cmd_visualize = {
    .name = "visualize",
    .summary = "look at data: types, gaps, plots, warnings",
    .story = "Runs the first stage of 'leat auto' alone: what type each column has, what is missing, how it ties "
             "to the target, "
             "and warnings about leaks, ids, constants and duplicates. Needs no project and keeps nothing.\n",
    .examples = visualize_examples,
    .args = visualize_args,
    .opts = visualize_opts,
    .run = visualize_run,
};

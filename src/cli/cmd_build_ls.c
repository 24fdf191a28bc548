/* cli/cmd_build_ls.c -- `leat build ls [MODEL]` */
#include "cli/shared.h"

static Err build_ls_run(Ctx *cx, Shell *sh, const Words *w)
{
    static const char *const head[] = { "build", "task", "target", ">score", ">size", "made (UTC)", "digest", "" };
    AppBuildsOut out;
    AppSearch search;
    AppBuildsIn in = { .model = words_arg(w, 0), .search = &search };
    Grid g;
    char score[32], size[32], made[32];
    TRY(cx, shared_search(cx, w, &search));
    TRY(cx, app_builds(cx, sh->house, &in, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_builds_json(&out, &t);
        return show_json(sh, &t);
    }
    if (sh->quiet) {
        for (size_t i = 0; i < out.n; i++) fprintf(sh->out, "%s\n", out.build[i].name);
        return OK;
    }
    if (!out.n) {
        line_talk(sh->line, INK_NONE, "", search.filter ? "no build fits" : "no builds yet: leat auto DATA --target COL makes one");
        return OK;
    }
    grid_init(&g, cx, head, 8);
    for (size_t i = 0; i < out.n; i++) {
        const AppBuild *b = &out.build[i];
        show_score(b->score, score);
        show_size(b->size_bytes, size);
        show_time(b->made_us, made);
        grid_cell(&g, "%s", b->name);
        grid_cell(&g, "%s", b->task);
        grid_cell(&g, "%s", b->target);
        grid_cell(&g, "%s %s", b->metric, score);
        grid_cell(&g, "%s", size);
        grid_cell(&g, "%s", made);
        grid_cell(&g, "%.12s", b->digest);
        grid_cell(&g, "%s", b->champion ? "champion" : "");
    }
    return grid_print(&g, sh, 0);
}

static const Arg build_ls_args[] = {
    { "MODEL", "only builds of this model", ARG_WORD, .optional = true },
    { .word = NULL },
};

static const Opt build_ls_opts[] = {
    OPT_FILTER("\"score > 0.9 AND champion = true\""),
    OPT_ORDER,
    OPT_LIMIT,
    OPT_OFFSET,
    { .name = NULL },
};

static const Example build_ls_examples[] = {
    { "leat build ls", "every build of the project, newest first" },
    { "leat build ls -q", "names only, one a line" },
    { "leat build ls -f \"name LIKE 'churn%' AND made > '2026-11-01'\" --order-by \"score DESC\"", "only those that fit, best first" },
    { .line = NULL },
};

const Command cmd_build_ls = {
    .name = "build ls",
    .summary = "list builds, newest first",
    .story = "Lists the builds of the project with their scores, sizes and digests.\n"
             "\n"
             "A filter asks for name, version, digest, task, target, metric, score, size_bytes, made, champion, run, and for params, metrics, tags and "
             "datasets of the run that made it; 'leat help runs ls' explains how.\n",
    .examples = build_ls_examples,
    .args = build_ls_args,
    .opts = build_ls_opts,
    .run = build_ls_run,
};

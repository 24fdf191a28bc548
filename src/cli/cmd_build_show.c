/* cli/cmd_build_show.c -- `leat build show BUILD` */
#include "cli/commands.h"

#define COLUMNS_SHOWN 40

static void line_of(Shell *sh, const char *what, const char *value)
{
    fprintf(sh->out, "  %-10s %s\n", what, value);
}

static void print_inside(Shell *sh, const AppBuildOut *out)
{
    fprintf(sh->out, "\n%sColumns it reads%s (%zu, made into %zu features)\n", ink_on(sh->colour_out, INK_BOLD),
            ink_off(sh->colour_out), out->columns_n, out->features_n);
    for (size_t i = 0; i < out->columns_n && i < COLUMNS_SHOWN; i++)
        fprintf(sh->out, "  %-9s  %s\n", out->column_type[i], out->column[i]);
    if (out->columns_n > COLUMNS_SHOWN)
        fprintf(sh->out, "  … and %zu more: --json shows all\n", out->columns_n - COLUMNS_SHOWN);
}

static Err build_show_run(Ctx *cx, Shell *sh, const Words *w)
{
    static const char *const head[] = { ">share", "learner", ">models", ">trial", "parameters" };
    AppBuildOut out;
    AppBuildIn in = { .build = words_arg(w, 0) };
    Grid g;
    char score[32], se[32], size[32], made[32];
    TRY(cx, app_build_show(cx, sh->house, &in, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_build_show_json(&out, &t);
        return show_json(sh, &t);
    }
    const AppBuild *b = &out.about;
    show_score(b->score, score);
    show_score(b->se, se);
    show_size(b->size_bytes, size);
    show_time(b->made_us, made);
    fprintf(sh->out, "%s%s%s%s\n", ink_on(sh->colour_out, INK_BOLD), b->name, ink_off(sh->colour_out),
            b->champion ? "  champion" : "");
    line_of(sh, "digest", b->digest);
    line_of(sh, "task", b->task);
    line_of(sh, "target", b->target);
    fprintf(sh->out, "  %-10s %s %s ± %s, out of fold\n", "score", b->metric, score, se);
    line_of(sh, "size", size);
    if (b->run) line_of(sh, "run", b->run);
    if (b->made_us) fprintf(sh->out, "  %-10s %s UTC\n", "made", made);
    if (out.classes_n) fprintf(sh->out, "  %-10s", "classes");
    for (size_t i = 0; i < out.classes_n; i++)
        fprintf(sh->out, "%s %s%s", i ? "," : "", out.class_name[i], i + 1 == out.classes_n ? "\n" : "");
    fprintf(sh->out, "\n%sMembers%s\n", ink_on(sh->colour_out, INK_BOLD), ink_off(sh->colour_out));
    grid_init(&g, cx, head, 5);
    for (size_t i = 0; i < out.members_n; i++) {
        const AppMember *m = &out.member[i];
        grid_cell(&g, "%.1f %%", m->weight * 100);
        grid_cell(&g, "%s", m->learner);
        grid_cell(&g, "%u", m->parts);
        grid_cell(&g, "%u", m->trial);
        grid_cell(&g, "%s", m->params);
    }
    TRY(cx, grid_print(&g, sh, 2));
    print_inside(sh, &out);
    return OK;
}

static const Arg build_show_args[] = {
    { "BUILD", "a build, as 'leat predict' takes it", ARG_BUILD },
    { .word = NULL },
};

static const Example build_show_examples[] = {
    { "leat build show titanic", "what is inside the newest build" },
    { "leat build show churn.leat --json", "everything about a build file" },
    { .line = NULL },
};

const Command cmd_build_show = {
    .name = "build show",
    .summary = "show what is inside a build",
    .story = "Shows its score, its members with their shares and parameters, and the columns it reads.\n",
    .examples = build_show_examples,
    .args = build_show_args,
    .run = build_show_run,
};

/* cli/cmd_status.c -- `leat status` */
#include "cli/data.h"

#include <string.h>

static void print_row(Shell *sh, const AppStatusRow *r)
{
    char what[300];
    Ink ink = INK_GREEN;
    if (r->trouble) {
        fprintf(sh->out, "%s%s%s  %s\n", ink_on(sh->colour_out, INK_RED), r->pointer, ink_off(sh->colour_out), r->trouble);
        return;
    }
    if (!strcmp(r->state, "same")) snprintf(what, sizeof what, "unchanged");
    else if (!strcmp(r->state, "missing")) snprintf(what, sizeof what, "not here: leat data get %s@%.12s", r->dataset, r->digest), ink = INK_YELLOW;
    else if (!strcmp(r->state, "none")) snprintf(what, sizeof what, "no copy belongs here");
    else {
        ink = INK_YELLOW;
        if (r->known)
            snprintf(what, sizeof what, "%llu added, %llu removed, %llu changed: leat data add %s %s", (unsigned long long)r->added,
                     (unsigned long long)r->removed, (unsigned long long)r->changed, r->dataset, r->path);
        else snprintf(what, sizeof what, "differs from the pointer");
    }
    fprintf(sh->out, "%s%s  %s%s%s\n", r->path, *r->path ? "" : r->pointer, ink_on(sh->colour_out, ink), what, ink_off(sh->colour_out));
    for (size_t i = 0; i < r->told_n; i++) fprintf(sh->out, "    %-7s  %s\n", r->told[i].what, r->told[i].path);
    if (r->added + r->removed + r->changed > r->told_n && r->told_n) fprintf(sh->out, "    …\n");
    if (!r->known)
        fprintf(sh->out, "  %s names a version of %s that is not in this lake: leat pull brings it\n", r->pointer, r->dataset);
    else if (r->n < r->latest)
        fprintf(sh->out, "  at %s@%llu; the newest is %s@%llu: leat data get %s\n", r->dataset, (unsigned long long)r->n, r->dataset,
                (unsigned long long)r->latest, r->dataset);
    else fprintf(sh->out, "  at %s@%llu, the newest\n", r->dataset, (unsigned long long)r->n);
}

static Err status_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppStatusOut out;
    TRY(cx, app_status(cx, sh->house, (uint32_t)words_num(w, "threads", 0), &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_status_json(&out, &t);
        TRY(cx, show_json(sh, &t));
    } else if (!out.n) line_talk(sh->line, INK_NONE, "", "no pointer files here: leat data add NAME FILE makes a dataset and its NAME.leatref");
    else for (size_t i = 0; i < out.n; i++) {
        if (sh->quiet && out.row[i].clean) continue;
        print_row(sh, &out.row[i]);
    }
    if (words_has(w, "check") && out.clean != out.n) sh->verdict = 3;
    return OK;
}

static const Opt status_opts[] = {
    { .name = "check", .help = "end with status 3 unless every dataset here is as its pointer says" },
    OPT_THREADS,
    { .name = NULL },
};

static const Example status_examples[] = {
    { "leat status", "which datasets were changed here, and which have newer versions" },
    { "leat status --check -q", "for a build server: fails when data and pointers do not agree" },
    { .line = NULL },
};

const Command cmd_status = {
    .name = "status",
    .summary = "compare the work tree, pointer files and the lake",
    .story = "For every NAME.leatref below the project's folder: are the data beside it those it names, does the lake hold that version, and is "
             "there a newer one? Files that look unchanged are not read.\n",
    .examples = status_examples,
    .opts = status_opts,
    .run = status_run,
};

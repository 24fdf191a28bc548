/* cli/cmd_gc.c -- `leat gc` */
#include "cli/commands.h"

static Err gc_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppGcOut out;
    const AppGcIn in = { .dry_run = words_has(w, "dry-run") };
    char size[32];
    TRY(cx, app_gc(cx, sh->house, &in, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_gc_json(&out, &t);
        return show_json(sh, &t);
    }
    show_size(out.freed, size);
    fprintf(sh->out, "%s %llu objects, %s\n", out.dry_run ? "would remove" : "removed", (unsigned long long)out.removed, size);
    if (sh->quiet) return OK;
    fprintf(sh->out, "kept    %llu that are named", (unsigned long long)out.kept);
    if (out.spared) fprintf(sh->out, ", %llu that nobody names but that are not a day old", (unsigned long long)out.spared);
    fprintf(sh->out, "\n");
    return OK;
}

static const Opt gc_opts[] = {
    { .name = "dry-run", .help = "say what would be removed, and remove nothing" },
    { .name = NULL },
};

static const Example gc_examples[] = {
    { "leat gc --dry-run", "how much room would be won" },
    { "leat gc", "remove what nobody names any more" },
    { .line = NULL },
};

const Command cmd_gc = {
    .name = "gc",
    .summary = "remove stored bytes that nothing names any more",
    .story = "Removes objects that no dataset version, run, build or other event names: what 'leat data rm' took away, and what an "
             "interrupted command left. Anything put within the last day stays, so it is safe beside other commands.\n",
    .examples = gc_examples,
    .opts = gc_opts,
    .run = gc_run,
};

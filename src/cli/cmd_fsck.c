/* cli/cmd_fsck.c -- `leat fsck` */
#include "cli/commands.h"

static void show_fault(Shell *sh, const AppFault *f)
{
    fprintf(sh->out, "%s", f->where);
    if (f->byte) fprintf(sh->out, " at byte %llu", (unsigned long long)f->byte);
    if (f->object[0]) fprintf(sh->out, ", object %.12s", f->object);
    fprintf(sh->out, ": %s\n", f->what);
}

static Err fsck_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppFsckOut out;
    const AppFsckIn in = { .repair = words_has(w, "repair") };
    char size[32];
    TRY(cx, app_fsck(cx, sh->house, &in, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_fsck_json(&out, &t);
        TRY(cx, show_json(sh, &t));
    } else {
        for (size_t i = 0; i < out.fault_n; i++) show_fault(sh, &out.fault[i]);
        show_size(out.bytes, size);
        if (!out.faults) fprintf(sh->out, "all is well: %llu objects, %s\n", (unsigned long long)out.objects, size);
        if (out.rebuilt) fprintf(sh->out, "the indexes were built anew\n");
    }
    if (!out.faults) return OK;
    return FAIL(cx, ERR_CORRUPT, "%llu pieces of the store are damaged or missing; 'leat pull' brings sound ones where a remote has them, "
                "'leat data add' puts them in again, 'leat fsck --repair' builds damaged indexes anew", (unsigned long long)out.faults);
}

static const Opt fsck_opts[] = {
    { .name = "repair", .help = "build the indexes anew from what is sound" },
    { .name = NULL },
};

static const Example fsck_examples[] = {
    { "leat fsck", "look at every stored byte" },
    { "leat fsck --repair", "and build damaged indexes anew" },
    { .line = NULL },
};

const Command cmd_fsck = {
    .name = "fsck",
    .summary = "look at every stored byte and say where one is wrong",
    .story = "Unpacks every object and compares it with its name, walks every pack and index, and looks whether everything that a dataset "
             "version stands on is there. Says where each damaged piece lies. Ends with status 5 when something is wrong.\n"
             "\n"
             "'leat log verify' does the same for the log.\n",
    .examples = fsck_examples,
    .opts = fsck_opts,
    .run = fsck_run,
};

/* cli/cmd_build_export.c -- `leat build export BUILD -o FILE.leat` */
#include "cli/commands.h"

static Err build_export_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppExportOut out;
    AppExportIn in = { .build = words_arg(w, 0), .out = words_text(w, "out") };
    char size[32];
    if (!in.out) return FAIL(cx, ERR_USAGE, "-o FILE.leat is missing: where to write the build");
    TRY(cx, app_build_export(cx, sh->house, &in, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_build_export_json(&out, &t);
        return show_json(sh, &t);
    }
    show_size(out.size_bytes, size);
    fprintf(sh->out, "%s  %s  %s\n", out.digest, size, out.out);
    return OK;
}

static const Arg build_export_args[] = {
    { "BUILD", "a build, as 'leat predict' takes it", ARG_BUILD },
    { .word = NULL },
};

static const Opt build_export_opts[] = {
    { .name = "out",
      .letter = 'o',
      .word = "FILE.leat",
      .type = OPT_FILE,
      .help = "where to write it",
      .needed = true },
    { .name = NULL },
};

static const Example build_export_examples[] = {
    { "leat build export titanic -o titanic.leat", "one file that predicts anywhere, without a project" },
    { .line = NULL },
};

const Command cmd_build_export = {
    .name = "build export",
    .summary = "write a build as one file",
    .story = "Writes the build as it lies in the store: one file, the same bytes everywhere, whose SHA-256 is the "
             "build's digest. "
             "'leat predict FILE.leat DATA' scores with it, and so does the library of include/leat.h.\n",
    .examples = build_export_examples,
    .args = build_export_args,
    .opts = build_export_opts,
    .run = build_export_run,
};

/* cli/cmd_build_export.c -- `leat build export BUILD -o FILE` */
#include "cli/commands.h"

static Err build_export_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppExportOut out;
    AppExportIn in = { .build = words_arg(w, 0), .out = words_text(w, "out") };
    char size[32];
    bool onnx = words_has(w, "onnx"), c = words_has(w, "c");
    if (!in.out) return FAIL(cx, ERR_USAGE, "-o FILE is missing: where to write the build");
    if (onnx && c) return FAIL(cx, ERR_USAGE, "--onnx and --c were both given: a file holds one of them");
    in.format = onnx ? "onnx" : c ? "c" : NULL;
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
      .word = "FILE",
      .type = OPT_FILE,
      .help = "where to write it; its ending says what: .leat, .onnx, .c or .json",
      .needed = true },
    { .name = "onnx", .type = OPT_FLAG, .help = "as ONNX, whatever the ending" },
    { .name = "c", .type = OPT_FLAG, .help = "as C99, whatever the ending" },
    { .name = NULL },
};

static const Example build_export_examples[] = {
    { "leat build export titanic -o titanic.leat", "one file that predicts anywhere, without a project" },
    { "leat build export titanic -o titanic.onnx", "one input a column, by its name: for ONNX Runtime" },
    { "leat build export titanic -o titanic.c", "a function in C that needs no library" },
    { "leat build export titanic -o titanic.json", "every number of it, for a reader of your own" },
    { .line = NULL },
};

const Command cmd_build_export = {
    .name = "build export",
    .summary = "write a build as one file",
    .story = "FILE.leat is the build as it lies in the store: one file, the same bytes everywhere, whose SHA-256 is the "
             "build's digest. "
             "'leat predict FILE.leat DATA' scores with it, and so does the library of include/leat.h.\n\n"
             "FILE.onnx, FILE.c and FILE.json say the same model in other languages, steps and calibration included; "
             "their answers agree with 'leat predict' to 1e-5. What they cannot say, texts cut into words and neighbours "
             "among training rows, is refused by name; 'leat auto --portable' trains without.\n",
    .examples = build_export_examples,
    .args = build_export_args,
    .opts = build_export_opts,
    .run = build_export_run,
};

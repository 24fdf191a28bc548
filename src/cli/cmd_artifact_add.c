/* cli/cmd_artifact_add.c -- `leat artifact add PATH` */
#include "cli/shared.h"

static Err artifact_add_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppToldOut out = { 0 };
    uint64_t n = 0;
    if (words_has(w, "as") && w->args_n > 1) return FAIL(cx, ERR_USAGE, "--as names one file: give one");
    for (size_t i = 0; i < w->args_n; i++) {
        const AppArtifactIn in = { .run = words_text(w, "run"), .path = w->arg[i], .name = words_text(w, "as"), .scrub = words_has(w, "scrub") };
        TRY(cx, app_tell_artifact(cx, sh->house, &in, &out));
        n += out.n;
    }
    if (n != 1) out.digest = NULL;
    out.n = n;
    return shared_logged(cx, sh, &out, "artifact");
}

static const Arg artifact_add_args[] = {
    { "PATH", "a file, or a folder: every file in it", ARG_DATA, .many = true },
    { .word = NULL },
};

static const Opt artifact_add_opts[] = {
    { .name = "as", .word = "NAME", .type = OPT_TEXT, .help = "what it is called in the run", .value = "its path" },
    { .name = "scrub", .help = "keep a text that holds secrets, with [secret] in their place" },
    OPT_RUN,
    { .name = NULL },
};

static const Example artifact_add_examples[] = {
    { "leat artifact add plots/roc.png", "inside a program that 'leat run' started" },
    { "leat artifact add model.onnx --as model/model.onnx --run latest", "under another name, to a run named here" },
    { .line = NULL },
};

const Command cmd_artifact_add = {
    .name = "artifact add",
    .summary = "keep files with a run",
    .story = "The bytes go into the store by content, so that the same file is kept once. The words of a text are found by search. A file "
             "that holds what looks like a password, a token or a key is refused, as is one whose name says so (.netrc, id_rsa, .env). "
             "'leat artifact …' is short for 'leat artifact add …'.\n",
    .examples = artifact_add_examples,
    .args = artifact_add_args,
    .opts = artifact_add_opts,
    .run = artifact_add_run,
};

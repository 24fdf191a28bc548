/* cli/cmd_artifact_get.c -- `leat artifact get NAME` */
#include "cli/shared.h"

static Err artifact_get_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppArtifact out;
    const AppArtifactGetIn in = { .run = words_text(w, "run"), .name = words_arg(w, 0), .out = words_text(w, "out"), .fd = fileno(sh->out) };
    if (sh->json && !in.out) return FAIL(cx, ERR_USAGE, "with --json the bytes go to a file: give -o FILE");
    TRY(cx, app_artifact_get(cx, sh->house, &in, &out));
    if (!sh->json) return OK;
    Text t;
    text_init(&t, cx);
    json_open(&t);
    json_key_text(&t, "name", out.name);
    json_key_text(&t, "media", out.media);
    json_key_text(&t, "digest", out.digest);
    json_key_int(&t, "bytes", (int64_t)out.bytes);
    json_key_text(&t, "file", in.out);
    json_close(&t);
    return show_json(sh, &t);
}

static const Arg artifact_get_args[] = {
    { "NAME", "of the artifact, as 'leat runs show' lists it", ARG_WORD },
    { .word = NULL },
};

static const Opt artifact_get_opts[] = {
    { .name = "out", .letter = 'o', .word = "FILE", .type = OPT_FILE, .help = "write it there", .value = "standard output" },
    { .name = "run", .letter = 'r', .word = "RUN", .type = OPT_TEXT, .help = "of this run: its number, id or name", .value = "the run that this program was started by" },
    { .name = NULL },
};

static const Example artifact_get_examples[] = {
    { "leat artifact get log/output.txt --run latest", "what the program said" },
    { "leat artifact get plots/roc.png --run 7 -o roc.png", "into a file" },
    { .line = NULL },
};

const Command cmd_artifact_get = {
    .name = "artifact get",
    .summary = "get a file back that a run kept",
    .story = "The bytes are checked against their digest before they are handed out.\n",
    .examples = artifact_get_examples,
    .args = artifact_get_args,
    .opts = artifact_get_opts,
    .run = artifact_get_run,
};

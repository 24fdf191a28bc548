/* cli/cmd_build_reproduce.c -- `leat build reproduce BUILD` */
#include "cli/shared.h"

#include <string.h>

static void print_environment(Shell *sh, const AppReproduceOut *out)
{
    bool version = strcmp(out->version, out->recorded_version) != 0, set = strcmp(out->instructions, out->recorded_instructions) != 0;
    if (version) fprintf(sh->out, "  version       %s here, %s then\n", out->version, out->recorded_version);
    if (set) fprintf(sh->out, "  instructions  %s here, %s then\n", out->instructions, out->recorded_instructions);
    if (out->equal) return;
    if (version || set) fprintf(sh->out, "Sums are rounded differently by other instructions, and another version may train differently.\n");
    else fprintf(sh->out, "Version and instructions are the same, so this is a fault of leat: please report it.\n");
}

static Err build_reproduce_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppReproduceOut out;
    AppReproduceIn in = { .build = words_arg(w, 0), .data = words_text(w, "data"), .threads = (uint32_t)words_num(w, "threads", 0) };
    char took[32];
    TRY(cx, app_build_reproduce(cx, sh->house, &in, &out));
    line_clear(sh->line);
    if (!out.equal) sh->verdict = err_exit(ERR_REFUSED);
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_build_reproduce_json(&out, &t);
        return show_json(sh, &t);
    }
    show_seconds(out.wall_s, took);
    if (out.equal) {
        fprintf(sh->out, "%s: equal, byte for byte: %u trials made again in %s\n  digest        %s\n", out.build, out.trials, took, out.digest);
    } else {
        fprintf(sh->out, "%s: not the same: the first section that differs is '%s' (%u trials made again in %s)\n  recorded      %s\n  made          %s\n",
                out.build, out.differs, out.trials, took, out.digest, out.made);
    }
    print_environment(sh, &out);
    return OK;
}

static const Arg build_reproduce_args[] = {
    { "BUILD", "a build, as 'leat predict' takes it", ARG_BUILD },
    { .word = NULL },
};

static const Opt build_reproduce_opts[] = {
    { .name = "data", .word = "FILE", .type = OPT_FILE, .value = "as the project knows it", .help = "the file it was trained on, where it lies now" },
    OPT_THREADS,
    { .name = NULL },
};

static const Example build_reproduce_examples[] = {
    { "leat build reproduce titanic@1", "train it again and compare" },
    { "leat build reproduce titanic.leat --data train.csv --json", "a build file from elsewhere, one JSON object" },
    { .line = NULL },
};

const Command cmd_build_reproduce = {
    .name = "build reproduce",
    .summary = "train a build again and compare every byte",
    .story = "A build records what made it: options, seed, folds, features, and of every trial its learner, parameters and rounds. "
             "This command reads the same data (its SHA-256 must agree), trains all of it again without looking at a clock, also "
             "where the build was made within a time, and compares. The number of threads does not matter; the processor's "
             "instructions (AVX2, AVX-512) may, and a difference is told.\n"
             "\n"
             "Exit status 0: equal. 3: not the same, and where. 2: the data is not what it was trained on. 4: the data is gone.\n",
    .examples = build_reproduce_examples,
    .args = build_reproduce_args,
    .opts = build_reproduce_opts,
    .run = build_reproduce_run,
};

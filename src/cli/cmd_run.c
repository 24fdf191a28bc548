/* cli/cmd_run.c -- `leat run -- CMD…` */
#include "cli/shared.h"

static Err run_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppProgramOut out;
    AppProgramIn in = { .word = w->rest, .words_n = w->rest_n, .name = words_text(w, "name"), .experiment = words_text(w, "experiment"),
                        .quiet_out = sh->json };
    TRY(cx, shared_pairs(cx, w, "data", &in.data, &in.data_n));
    TRY(cx, shared_pairs(cx, w, "out", &in.out, &in.outs_n));
    TRY(cx, shared_pairs(cx, w, "tag", &in.tag, &in.tags_n));
    TRY(cx, shared_pairs(cx, w, "env", &in.env, &in.env_n));
    TRY(cx, app_run_program(cx, sh->house, &in, &out));
    sh->verdict = out.status;
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_run_program_json(&out, &t);
        return show_json(sh, &t);
    }
    if (!sh->quiet) {
        char words[160];
        snprintf(words, sizeof words, "run %s is on record; 'leat runs show %s' shows it", out.run, out.run);
        line_talk(sh->line, INK_DIM, "", words);
    }
    return OK;
}

static const Arg run_args[] = {
    { "CMD", "the program and its arguments", ARG_COMMAND, .many = true },
    { .word = NULL },
};

static const Opt run_opts[] = {
    { .name = "data", .letter = 'd', .word = "DATA", .type = OPT_FILE, .help = "what it reads: a dataset version like churn@3, or a file; may be given again" },
    { .name = "out", .letter = 'o', .word = "PATH", .type = OPT_FILE, .help = "what it makes: a file or folder that is kept at the end; may be given again" },
    { .name = "name", .word = "NAME", .type = OPT_TEXT, .help = "call the run so" },
    { .name = "experiment", .letter = 'e', .word = "NAME", .type = OPT_TEXT, .help = "put it into this experiment", .value = "Default" },
    { .name = "tag", .letter = 't', .word = "NAME=VALUE", .type = OPT_TEXT, .help = "mark the run; may be given again" },
    { .name = "env", .word = "NAME", .type = OPT_TEXT, .help = "record this environment variable too; may be given again", .value = "those that hold no secrets by their names" },
    { .name = NULL },
};

static const Example run_examples[] = {
    { "leat run -- python train.py --lr 0.1", "any program, in any language" },
    { "leat run --data churn@3 --out model.pkl --experiment nets -- Rscript fit.R", "with what it reads and what it makes" },
    { "leat run --json -- make model", "what it says goes to stderr, one JSON object to stdout" },
    { .line = NULL },
};

const Command cmd_run = {
    .name = "run",
    .summary = "run any program and put on record what it did",
    .story = "Keeps the arguments, the Git commit with its remote and what was changed since, the packages, the environment (only variables of a list "
             "that holds no secrets), everything the program says, how it ended, the time and memory it took, and its outputs by content. The program "
             "keeps the terminal; its exit status is the one of this command.\n"
             "\n"
             "Inside the program LEAT_RUN names the run: 'leat param', 'leat metric', 'leat tag', 'leat artifact' and 'leat note' log to it, from any "
             "language and from any number of processes at once.\n"
             "\n"
             "Passwords, tokens and keys are taken out of all that is kept: of options like --password, addresses, the environment, changes, logs.\n",
    .examples = run_examples,
    .args = run_args,
    .opts = run_opts,
    .rest = true,
    .run = run_run,
};

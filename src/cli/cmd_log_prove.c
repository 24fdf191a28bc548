/* cli/cmd_log_prove.c -- `leat log prove SEQ` */
#include "cli/commands.h"

static Err log_prove_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppLogProof out;
    const AppLogProveIn in = { .seq = words_arg(w, 0), .out = words_text(w, "out") };
    TRY(cx, app_log_prove(cx, sh->house, &in, &out));
    if (!in.out) {
        fputs(out.json, sh->out);
        return OK;
    }
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_log_proof_json(&out, &t);
        return show_json(sh, &t);
    }
    fprintf(sh->out, "%s proves event %llu among %llu events\n", in.out, (unsigned long long)out.seq, (unsigned long long)out.size);
    if (!sh->quiet) line_talk(sh->line, INK_DIM, "", "whoever has the file checks it with 'leat log check', or by RFC 6962 and Ed25519, without this project");
    return OK;
}

static const Arg log_prove_args[] = {
    { "SEQ", "the event's number, as 'leat log' shows it", ARG_WORD },
    { .word = NULL },
};

static const Opt log_prove_opts[] = {
    { .name = "out", .letter = 'o', .word = "FILE", .type = OPT_FILE, .value = "standard output", .help = "where the proof goes", .shown = true },
    { .name = NULL },
};

static const Example log_prove_examples[] = {
    { "leat log prove 12 -o proof.json", "a proof that event 12 is in this log" },
    { .line = NULL },
};

const Command cmd_log_prove = {
    .name = "log prove",
    .summary = "a file that proves one event to somebody without the project",
    .story = "The proof holds the event's text, the path of hashes from it to the root of the Merkle tree, and the signature over that root. It shows no other "
             "event, and of the payload only its SHA-256.\n",
    .examples = log_prove_examples,
    .args = log_prove_args,
    .opts = log_prove_opts,
    .run = log_prove_run,
};

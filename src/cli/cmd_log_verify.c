/* cli/cmd_log_verify.c -- `leat log verify` */
#include "cli/shared.h"

Err shared_verified(Ctx *cx, Shell *sh, const AppLogVerifyOut *out)
{
    char took[32];
    line_clear(sh->line);
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_log_verify_json(out, &t);
        return show_json(sh, &t);
    }
    show_seconds(out->wall_s, took);
    unsigned long long n = out->events, to = out->signed_to;
    fprintf(sh->out, "%sverified%s: %llu events, their chain, payloads and tree; %llu signed heads; %llu rows of %llu tables are what the log makes of them (%s)\n",
            ink_on(sh->colour_out, INK_GREEN), ink_off(sh->colour_out), n, (unsigned long long)out->heads, (unsigned long long)out->rows,
            (unsigned long long)out->tables, took);
    fprintf(sh->out, "  ledger  %s\n  root    %s\n", out->ledger, out->root);
    if (out->secret || out->sealed || out->redacted)
        fprintf(sh->out, "  payloads encrypted %llu, sealed %llu, redacted %llu\n", (unsigned long long)out->secret, (unsigned long long)out->sealed,
                (unsigned long long)out->redacted);
    if (to < n) line_talk(sh->line, INK_YELLOW, "note:", "the newest events are not signed yet; the next command that writes signs them");
    return OK;
}

static Err log_verify_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppLogVerifyOut out;
    const AppLogVerifyIn in = { .file = words_arg(w, 0) };
    TRY(cx, app_log_verify(cx, sh->house, &in, &out));
    if (!in.file || sh->json) return shared_verified(cx, sh, &out);
    fprintf(sh->out, "%sverified%s: events %llu to %llu, their chain, payloads and tree, and the signature over them\n  ledger  %s\n  root    %s\n",
            ink_on(sh->colour_out, INK_GREEN), ink_off(sh->colour_out), (unsigned long long)out.first, (unsigned long long)out.last, out.ledger, out.root);
    return OK;
}

static const Arg log_verify_args[] = {
    { "FILE", "a sealed segment, as 'leat log archive --to' makes them; without it, this project", ARG_DATA, .optional = true },
    { .word = NULL },
};

static const Example log_verify_examples[] = {
    { "leat log verify copies/86de0c2a5f3f0330-1-4096.leatlog", "a sealed segment alone, without the project" },
    { "leat log verify", "prove that nobody changed the log or a table made from it" },
    { .line = NULL },
};

const Command cmd_log_verify = {
    .name = "log verify",
    .summary = "prove that the log and all tables are as they were written",
    .story = "Walks every event: numbers without gaps, payloads and their hashes, the chain, the Merkle tree. Compares every signed head within reach, "
             "above all those in leat.lock, which Git keeps: a log that was cut short, rewritten or replaced by an older copy is found. Then makes every table "
             "anew from the log and compares row by row. Sealed segments are checked whole.\n"
             "\n"
             "Exit status 0: all of it holds. 5: it does not; the message says which event or row, and what to do.\n",
    .examples = log_verify_examples,
    .args = log_verify_args,
    .run = log_verify_run,
};

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
    (void)w;
    TRY(cx, app_log_verify(cx, sh->house, &out));
    return shared_verified(cx, sh, &out);
}

static const Example log_verify_examples[] = {
    { "leat log verify", "prove that nobody changed the log or a table made from it" },
    { .line = NULL },
};

const Command cmd_log_verify = {
    .name = "log verify",
    .summary = "prove that the log and all tables are as they were written",
    .story = "Walks every event: numbers without gaps, payloads and their hashes, the chain, the Merkle tree. Compares every signed head within reach, "
             "above all those in leat.lock, which Git keeps: a log that was cut short, rewritten or replaced by an older copy is found. Then makes every table "
             "anew from the log and compares row by row.\n"
             "\n"
             "Exit status 0: all of it holds. 5: it does not; the message says which event or row, and what to do.\n",
    .examples = log_verify_examples,
    .run = log_verify_run,
};

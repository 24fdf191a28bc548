/* cli/cmd_log_check.c -- `leat log check FILE` */
#include "cli/commands.h"

static Err log_check_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppLogProof out;
    TRY(cx, app_log_check(cx, words_arg(w, 0), NULL, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_log_proof_json(&out, &t);
        return show_json(sh, &t);
    }
    fprintf(sh->out, "%sproved%s: event %llu is in the ledger\n  ledger  %s\n  key     %s signed a tree of %llu events\n\n%s\n",
            ink_on(sh->colour_out, INK_GREEN), ink_off(sh->colour_out), (unsigned long long)out.seq, out.ledger, out.key,
            (unsigned long long)out.size, out.event);
    return OK;
}

static const Arg log_check_args[] = {
    { "FILE", "what 'leat log prove' made", ARG_DATA },
    { .word = NULL },
};

static const Example log_check_examples[] = {
    { "leat log check proof.json", "works offline and without a project" },
    { .line = NULL },
};

const Command cmd_log_check = {
    .name = "log check",
    .summary = "check a proof; no project is needed",
    .story = "Recomputes the event's hash, follows the path to the root, and checks the signature. Whether the key is one you trust is for you to know: "
             "compare it with the line of leat.lock.\n"
             "\n"
             "Exit status 0: proved. 3: it proves nothing, and which step fails. 2: the file is no proof.\n",
    .examples = log_check_examples,
    .args = log_check_args,
    .run = log_check_run,
};

/* cli/cmd_log_redact.c -- `leat log redact SEQ --why TEXT` */
#include "cli/commands.h"

static Err log_redact_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppLogRedactOut out;
    const AppLogRedactIn in = { .seq = words_arg(w, 0), .why = words_text(w, "why") };
    TRY(cx, app_log_redact(cx, sh->house, &in, &out));
    line_clear(sh->line);
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_log_redact_json(&out, &t);
        return show_json(sh, &t);
    }
    fprintf(sh->out, "event %llu is redacted; what is left of it: %s\n", (unsigned long long)out.seq, out.left);
    return OK;
}

static const Arg log_redact_args[] = {
    { "SEQ", "the event's number, as 'leat log' shows it", ARG_WORD },
    { .word = NULL },
};

static const Opt log_redact_opts[] = {
    { .name = "why", .word = "TEXT", .type = OPT_TEXT, .help = "the reason, which stays in the log", .needed = true },
    { .name = NULL },
};

static const Example log_redact_examples[] = {
    { "leat log redact 57 --why privacy", "the words go; that something was said, by whom and when stays" },
    { .line = NULL },
};

const Command cmd_log_redact = {
    .name = "log redact",
    .summary = "destroy what an event says; all still verifies",
    .story = "Texts of the payload are destroyed, with the key where they were encrypted, with every row made from them, and with the free pages of the database, which "
             "is written anew. Numbers, ids and words of our own lists (states, names of learners) stay, so that later events still fit; the event's header, its "
             "hash and its place in the log stay for good, and so does an event that says who redacted it and why.\n"
             "\n"
             "Segments here are written anew without the words. Copies elsewhere are yours to remove; the command names them. It cannot be undone.\n",
    .examples = log_redact_examples,
    .args = log_redact_args,
    .opts = log_redact_opts,
    .run = log_redact_run,
};

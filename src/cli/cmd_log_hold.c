/* cli/cmd_log_hold.c -- `leat log hold [add|rm SUBJECT]` */
#include "cli/commands.h"

static Err log_hold_run(Ctx *cx, Shell *sh, const Words *w)
{
    static const char *const head[] = { "subject", "since (UTC)", ">event", "why" };
    AppLogHoldOut out;
    const AppLogHoldIn in = { .verb = words_arg(w, 0), .subject = words_arg(w, 1), .why = words_text(w, "why") };
    Grid g;
    char when[32];
    TRY(cx, app_log_hold(cx, sh->house, &in, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_log_hold_json(&out, &t);
        return show_json(sh, &t);
    }
    if (!out.n) {
        line_talk(sh->line, INK_NONE, "", "nothing is held");
        return OK;
    }
    grid_init(&g, cx, head, 4);
    for (size_t i = 0; i < out.n; i++) {
        show_time(out.hold[i].since_us, when);
        grid_cell(&g, "%s", out.hold[i].subject);
        grid_cell(&g, "%s", when);
        grid_cell(&g, "%llu", (unsigned long long)out.hold[i].seq);
        grid_cell(&g, "%s", out.hold[i].why);
    }
    return grid_print(&g, sh, 0);
}

static const Arg log_hold_args[] = {
    { "VERB", "add or rm; without it, what is held now", ARG_WORD, .optional = true },
    { "SUBJECT", "a subject as 'leat log' shows it, or a person whose words are encrypted", ARG_WORD, .optional = true },
    { .word = NULL },
};

static const Opt log_hold_opts[] = {
    { .name = "why", .word = "TEXT", .type = OPT_TEXT, .help = "the reason, for the record" },
    { .name = NULL },
};

static const Example log_hold_examples[] = {
    { "leat log hold add churn --why audit-2026", "nothing that was done to churn can be redacted or moved away" },
    { "leat log hold rm churn", "let go of it" },
    { .line = NULL },
};

const Command cmd_log_hold = {
    .name = "log hold",
    .summary = "what may be neither redacted nor moved away",
    .story = "A hold is an event itself: who placed it, when and why stays on record. Payloads of events with this subject, and encrypted words of this person, cannot "
             "be redacted, and stay in the tables when archiving seals them.\n",
    .examples = log_hold_examples,
    .args = log_hold_args,
    .opts = log_hold_opts,
    .run = log_hold_run,
};

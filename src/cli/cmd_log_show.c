/* cli/cmd_log_show.c -- `leat log show SEQ` */
#include "cli/commands.h"

static Err log_show_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppEvent e;
    char when[32];
    TRY(cx, app_log_show(cx, sh->house, words_arg(w, 0), &e));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_log_show_json(&e, &t);
        return show_json(sh, &t);
    }
    show_time(e.time_us, when);
    fprintf(sh->out, "%sevent %llu%s  %s\n", ink_on(sh->colour_out, INK_BOLD), (unsigned long long)e.seq, ink_off(sh->colour_out), e.kind);
    fprintf(sh->out, "  subject   %s\n  actor     %s%s%s\n  project   %s\n  time      %s UTC\n", e.subject, e.actor, *e.on_behalf ? " for " : "",
            e.on_behalf, e.project, when);
    fprintf(sh->out, "  payload   %s, SHA-256 %s\n  before    %s\n  hash      %s\n\n%s\n", e.state, e.payload_hash, e.previous, e.hash, e.payload);
    return OK;
}

static const Arg log_show_args[] = {
    { "SEQ", "the event's number, as 'leat log' shows it", ARG_WORD },
    { .word = NULL },
};

static const Example log_show_examples[] = {
    { "leat log show 12", "one event whole, with its payload and hashes" },
    { .line = NULL },
};

const Command cmd_log_show = {
    .name = "log show",
    .summary = "one event with its payload and hashes",
    .story = "Shows all of one event. With --json, 'event' is the canonical text of which the hash is taken: SHA-256 of a zero byte and this text.\n",
    .examples = log_show_examples,
    .args = log_show_args,
    .run = log_show_run,
};

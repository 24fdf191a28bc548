/* cli/cmd_log.c -- `leat log` */
#include "cli/commands.h"

#include <string.h>

static Err log_run(Ctx *cx, Shell *sh, const Words *w)
{
    static const char *const head[] = { ">seq", "time (UTC)", "actor", "kind", "subject", "payload" };
    AppLogOut out;
    const AppLogIn in = {
        .project = words_text(w, "project"), .actor = words_text(w, "actor"), .kind = words_text(w, "kind"),
        .subject = words_text(w, "subject"), .since = words_text(w, "since"), .until = words_text(w, "until"),
        .limit = (uint64_t)words_num(w, "limit", 0), .all = words_has(w, "all"),
    };
    Grid g;
    char when[32];
    TRY(cx, app_log(cx, sh->house, &in, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_log_json(&out, &t);
        return show_json(sh, &t);
    }
    if (!out.n) {
        line_talk(sh->line, INK_NONE, "", "no event fits");
        return OK;
    }
    grid_init(&g, cx, head, 6);
    for (size_t i = 0; i < out.n; i++) {
        const AppEvent *e = &out.event[i];
        show_time(e->time_us, when);
        grid_cell(&g, "%llu", (unsigned long long)e->seq);
        grid_cell(&g, "%s", when);
        grid_cell(&g, "%s%s%s", e->actor, *e->on_behalf ? " for " : "", e->on_behalf);
        grid_cell(&g, "%s", e->kind);
        grid_cell(&g, "%.16s%s", e->subject, strlen(e->subject) > 16 ? "…" : "");
        grid_cell(&g, "%.60s%s", e->payload, strlen(e->payload) > 60 ? "…" : "");
    }
    TRY(cx, grid_print(&g, sh, 0));
    if (!in.all && out.n < out.events && !sh->quiet && !in.limit)
        line_talk(sh->line, INK_DIM, "", "the newest that fit; --all shows every one, 'leat log show SEQ' one of them whole");
    return OK;
}

static const Opt log_opts[] = {
    { .name = "kind", .word = "KIND", .type = OPT_TEXT, .help = "only events of this kind, as run.started", .shown = true },
    { .name = "subject", .word = "SUBJECT", .type = OPT_TEXT, .help = "only what was done to this" },
    { .name = "actor", .word = "WHO", .type = OPT_TEXT, .help = "only what this person did", .shown = true },
    { .name = "project", .word = "NAME", .type = OPT_TEXT, .help = "only of this project" },
    { .name = "since", .word = "TIME", .type = OPT_TEXT, .help = "not before TIME: 2026-05-04, 2026-05-04T12:30 (UTC), or 36h, 7d ago", .shown = true },
    { .name = "until", .word = "TIME", .type = OPT_TEXT, .help = "not after TIME" },
    { .name = "limit", .letter = 'n', .word = "N", .type = OPT_WHOLE, .lo = 1, .hi = 1e9, .value = "50", .help = "at most so many, the newest" },
    { .name = "all", .help = "every one", .not_with = "limit" },
    { .name = NULL },
};

static const Example log_examples[] = {
    { "leat log --since 7d --kind build.registered", "builds of the last week" },
    { "leat log --actor ann --all --json", "all that ann did, as one JSON object" },
    { .line = NULL },
};

const Command cmd_log = {
    .name = "log",
    .summary = "what was done, by whom and when, newest first",
    .story = "Every act in a project is an event: written once, numbered, hashed with the one before it, and covered by a signature. All other "
             "tables are made from these events. 'leat log verify' proves that nobody changed any of it; 'leat log prove' makes a proof "
             "of one event for somebody who has not got the project; 'leat help log' lists all that can be done with the log.\n",
    .examples = log_examples,
    .opts = log_opts,
    .run = log_run,
};

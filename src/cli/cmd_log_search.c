/* cli/cmd_log_search.c -- `leat log search QUERY` */
#include "cli/commands.h"

#include <string.h>

static Err show_found(Ctx *cx, Shell *sh, const AppSearchOut *out)
{
    static const char *const head[] = { ">seq", "time (UTC)", "actor", "kind", "what it says" };
    Grid g;
    char when[32];
    if (!out->n) {
        line_talk(sh->line, INK_NONE, "", "no event says that; fewer words find more");
        return OK;
    }
    grid_init(&g, cx, head, 5);
    for (size_t i = 0; i < out->n; i++) {
        const AppHit *h = &out->hit[i];
        show_time(h->time_us, when);
        grid_cell(&g, "%llu", (unsigned long long)h->seq);
        grid_cell(&g, "%s", when);
        grid_cell(&g, "%s", h->actor);
        grid_cell(&g, "%s", h->kind);
        grid_cell(&g, "%s", h->snippet);
    }
    TRY(cx, grid_print(&g, sh, 0));
    return OK;
}

static Err log_search_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppSearchOut out;
    Text query;
    text_init(&query, cx);
    for (size_t i = 0; words_arg(w, i); i++) text_fmt(&query, "%s%s", i ? " " : "", words_arg(w, i));
    Err err = text_err(&query);
    const AppSearchIn in = {
        .query = query.at ? query.at : "", .project = words_text(w, "project"), .actor = words_text(w, "actor"), .kind = words_text(w, "kind"),
        .subject = words_text(w, "subject"), .since = words_text(w, "since"), .until = words_text(w, "until"),
        .limit = (uint64_t)words_num(w, "limit", 0),
    };
    if (!err) err = app_log_search(cx, sh->house, &in, &out);
    text_clear(&query);
    if (err) return err;
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_log_search_json(&out, &t);
        return show_json(sh, &t);
    }
    TRY(cx, show_found(cx, sh, &out));
    if (sh->quiet) return OK;
    char line[200];
    snprintf(line, sizeof line, "%zu of %llu that fit, best first; %.4g %% of %llu events looked at, %.1f ms", out.n, (unsigned long long)out.matches,
             100 * out.coverage, (unsigned long long)out.events, out.wall_ms);
    if (out.n) line_talk(sh->line, INK_DIM, "", line);
    return OK;
}

static const Arg log_search_args[] = {
    { "QUERY", "words, all of which must be there; see above", ARG_WORD, .many = true },
    { .word = NULL },
};

static const Opt log_search_opts[] = {
    { .name = "kind", .word = "KIND", .type = OPT_TEXT, .help = "only events of this kind, as run.log", .shown = true },
    { .name = "subject", .word = "SUBJECT", .type = OPT_TEXT, .help = "only what was done to this" },
    { .name = "actor", .word = "WHO", .type = OPT_TEXT, .help = "only what this person did" },
    { .name = "project", .word = "NAME", .type = OPT_TEXT, .help = "only of this project" },
    { .name = "since", .word = "TIME", .type = OPT_TEXT, .help = "not before TIME: 2026-05-04, 2026-05-04T12:30 (UTC), or 36h, 7d ago", .shown = true },
    { .name = "until", .word = "TIME", .type = OPT_TEXT, .help = "not after TIME" },
    { .name = "limit", .letter = 'n', .word = "N", .type = OPT_WHOLE, .lo = 1, .hi = 1000, .value = "20", .help = "at most so many, the best" },
    { .name = NULL },
};

static const Example log_search_examples[] = {
    { "leat log search learning rate --since 7d", "what was said of the learning rate this week" },
    { "leat log search '\"out of memory\"' --kind run.log", "the words side by side, in runs' logs" },
    { "leat log search 'learner:lightgbm -state:failed'", "trials of one learner that did not fail" },
    { "leat log search 'churn OR fraud' --json", "either word, as one JSON object" },
    { .line = NULL },
};

const Command cmd_log_search = {
    .name = "log search",
    .summary = "find events by what they say",
    .story = "Searches everything the log holds: parameters, tags, notes, messages, logs of runs, and artifacts that are text. All words must be "
             "there, in any order and case; the best come first.\n"
             "\n"
             "  \"a b\"       side by side (so are the parts of learning_rate)\n"
             "  -word       must not be there\n"
             "  a OR b      either\n"
             "  name:value  a value of the event exactly: learner:linear, state:failed\n"
             "              also kind: actor: subject: project:\n"
             "\n"
             "An index is kept beside the log and may be a little behind; the newest events are then read themselves, and the last line says how much "
             "was looked at. The index holds no words, only their keyed hashes, and 'leat log rebuild' makes it anew.\n",
    .examples = log_search_examples,
    .args = log_search_args,
    .opts = log_search_opts,
    .run = log_search_run,
};

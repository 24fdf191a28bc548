/* cli/cmd_log_archive.c -- `leat log archive` */
#include "cli/commands.h"

static Err log_archive_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppLogArchiveOut out;
    const AppLogArchiveIn in = { .before = words_text(w, "before"), .to = words_text(w, "to") };
    char size[32];
    TRY(cx, app_log_archive(cx, sh->house, &in, &out));
    line_clear(sh->line);
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_log_archive_json(&out, &t);
        return show_json(sh, &t);
    }
    if (!out.first) {
        line_talk(sh->line, INK_NONE, "", "nothing to archive: all of it is sealed already");
        return OK;
    }
    show_size(out.bytes, size);
    fprintf(sh->out, "sealed events %llu to %llu: %llu segment%s, %s%s%s\n", (unsigned long long)out.first, (unsigned long long)out.last,
            (unsigned long long)out.segments, out.segments == 1 ? "" : "s", size, in.to ? ", copied to " : "", in.to ? in.to : "");
    if (out.held) fprintf(sh->out, "  %llu payloads are held and stay in the tables too\n", (unsigned long long)out.held);
    return OK;
}

static const Opt log_archive_opts[] = {
    { .name = "before", .word = "TIME", .type = OPT_TEXT, .value = "all there are", .help = "only events older than TIME: 2026-05-04, or 90d ago", .shown = true },
    { .name = "to", .word = "WHERE", .type = OPT_FOLDER, .value = "no copy", .help = "also a copy of every segment in this folder, or in the store at this address",
      .shown = true },
    { .name = NULL },
};

static const Example log_archive_examples[] = {
    { "leat log archive --before 90d --to /backup/leat", "payloads older than 90 days, with copies elsewhere" },
    { .line = NULL },
};

const Command cmd_log_archive = {
    .name = "log archive",
    .summary = "move old payloads into sealed, compressed, signed segments",
    .story = "Events keep their headers in the tables for good; what they say moves into segments: files that hold a range of events with their own proofs, compressed "
             "and signed. A segment is read back whole, and so is every copy, before its payloads leave the tables. They are read, searched and verified through their "
             "segments as before. What is held ('leat log hold') stays in the tables too.\n"
             "\n"
             "Words of a person are in a segment only encrypted, and their keys never are.\n",
    .examples = log_archive_examples,
    .opts = log_archive_opts,
    .run = log_archive_run,
};

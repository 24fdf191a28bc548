/* cli/cmd_data_derive.c -- `leat data derive NAME --sql SQL` */
#include "cli/data.h"

static void say(Shell *sh, const AppDerived *d, bool refresh)
{
    char size[32], rows[32];
    show_size(d->version.bytes, size);
    data_rows(&d->version, rows);
    if (refresh && !d->stale) fprintf(sh->out, "%s is up to date\n", d->version.name);
    else if (d->unchanged) fprintf(sh->out, "%s is the same already: no version was made\n", d->version.name);
    else fprintf(sh->out, "%s: %s%s%s\n", d->version.name, size, *rows ? ", rows: " : "", rows);
}

static Err data_derive_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppDeriveOut out;
    AppDeriveIn in = {
        .name = words_arg(w, 0),
        .sql = words_text(w, "sql"),
        .message = words_text(w, "message"),
        .format = words_text(w, "format"),
        .refresh = words_has(w, "refresh") || words_has(w, "stale"),
        .memory_mib = (uint64_t)words_num(w, "memory", 0),
    };
    TRY(cx, shared_pairs(cx, w, "tag", &in.tag, &in.tags_n));
    TRY(cx, app_data_derive(cx, sh->house, &in, &out));
    line_clear(sh->line);
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_data_derive_json(&out, &t);
        return show_json(sh, &t);
    }
    for (size_t i = 0; i < out.n; i++) {
        if (sh->quiet) fprintf(sh->out, "%s\n", out.derived[i].version.name);
        else say(sh, &out.derived[i], in.refresh);
    }
    if (!out.n) line_talk(sh->line, INK_NONE, "", "no dataset is derived");
    return OK;
}

static const Arg data_derive_args[] = {
    { "NAME", "of the derived dataset; without one, --stale refreshes all", ARG_WORD, .optional = true },
    { .word = NULL },
};

static const Opt data_derive_opts[] = {
    { .name = "sql", .word = "SQL", .type = OPT_TEXT, .help = "the SELECT whose rows become the version, as in 'leat data query'", .shown = true },
    { .name = "refresh", .help = "derive again, by its own statement, if its inputs have newer versions" },
    { .name = "stale", .help = "the same, also of every derived dataset when no NAME is given" },
    { .name = "message", .letter = 'm', .word = "TEXT", .type = OPT_TEXT, .help = "what this version is" },
    { .name = "tag", .word = "TAG", .type = OPT_TEXT, .help = "a name for this version, NAME@TAG; may be given again" },
    { .name = "format", .word = "FORMAT", .type = OPT_CHOICE, .choice = app_derive_format_word, .value = "parquet", .help = "of the file that is made" },
    { .name = "memory", .word = "MIB", .type = OPT_WHOLE, .lo = 16, .hi = 1e6, .value = "1024", .help = "what the engine may use before it spills to disk" },
    { .name = NULL },
};

static const Example data_derive_examples[] = {
    { "leat data derive clean --sql \"SELECT DISTINCT * FROM 'raw@latest' WHERE amount > 0\" -m 'no test orders'", "cleansed rows as clean@1" },
    { "leat data derive clean --refresh", "again, if raw has a newer version" },
    { "leat data derive --stale", "everything that is derived from something newer now, in order" },
    { .line = NULL },
};

const Command cmd_data_derive = {
    .name = "data derive",
    .summary = "make a version from others by SQL, with lineage",
    .story = "The rows of a SELECT over dataset versions become a new version of NAME. Which versions it was made from, the statement and the "
             "engine are recorded; 'leat data show NAME' tells when an input has a newer version, and --refresh makes it again.\n"
             "\n"
             "Equal inputs give equal bytes, and rows that are the newest version already make no new one. So words that say something else each "
             "time (random, now, a sample without a seed) are refused. A reference to a number, 'raw@3', never becomes stale; 'raw' or "
             "'raw@latest' follows.\n",
    .examples = data_derive_examples,
    .args = data_derive_args,
    .opts = data_derive_opts,
    .run = data_derive_run,
};

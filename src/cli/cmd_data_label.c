/* cli/cmd_data_label.c -- `leat data label NAME@V --column COL --by WHO` */
#include "cli/data.h"

static Err data_label_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppMarkedOut out;
    AppLabelIn in = { .ref = words_arg(w, 0), .column = words_text(w, "column"), .by = words_text(w, "by"), .on = words_text(w, "on"),
                      .source = words_text(w, "source"), .message = words_text(w, "message"), .revoke = words_has(w, "revoke") };
    TRY(cx, app_data_label(cx, sh->house, &in, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_data_marked_json(&out, &t);
        return show_json(sh, &t);
    }
    if (!sh->quiet) fprintf(sh->out, "%s\n", out.what);
    return OK;
}

static const Arg data_label_args[] = {
    ARG_DATASET("the version that was labelled; the newest without @V"),
    { .word = NULL },
};

static const Opt data_label_opts[] = {
    { .name = "column", .word = "COL", .type = OPT_TEXT, .help = "that holds the labels", .needed = true },
    { .name = "by", .word = "WHO", .type = OPT_TEXT, .help = "who labelled it", .shown = true },
    { .name = "on", .word = "DATE", .type = OPT_TEXT, .value = "now", .help = "when" },
    { .name = "source", .word = "TEXT", .type = OPT_TEXT, .help = "where the labels come from: a tool, a protocol, a system" },
    { .name = "message", .letter = 'm', .word = "TEXT", .type = OPT_TEXT, .help = "anything else, or why it is taken back" },
    { .name = "revoke", .help = "take back what was said of this column" },
    { .name = NULL },
};

static const Example data_label_examples[] = {
    { "leat data label xrays@2 --column finding --by 'Dr. Ada Mall' --on 2026-03-01 --source 'double reading'", "who labelled it, when, how" },
    { "leat data label xrays@2 --column finding --revoke -m 'read by one person only'", "taken back, on record" },
    { .line = NULL },
};

const Command cmd_data_label = {
    .name = "data label",
    .summary = "put on record who labelled a column, when and how",
    .story = "Says of a version that the labels in one of its columns were made by WHO, or come from a source (at least one of the two). What was "
             "said before of that column ends; nothing is lost from the record. 'leat data show' tells it.\n",
    .examples = data_label_examples,
    .args = data_label_args,
    .opts = data_label_opts,
    .run = data_label_run,
};

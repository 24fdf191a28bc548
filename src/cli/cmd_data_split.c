/* cli/cmd_data_split.c -- `leat data split NAME@V --holdout SHARE --as NAME.eval` */
#include "cli/data.h"

static void say(Shell *sh, const AppVersion *v, uint64_t rows, uint64_t all, bool unchanged, const char *what)
{
    char n[32];
    data_count(rows, n);
    fprintf(sh->out, "%s: %s rows (%.1f %%) %s%s\n", v->name, n, 100. * (double)rows / (double)all, what, unchanged ? ", as before" : "");
}

static Err data_split_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppSplitOut out;
    AppSplitIn in = {
        .ref = words_arg(w, 0),
        .as = words_text(w, "as"),
        .rest = words_text(w, "rest"),
        .group = words_text(w, "group"),
        .time_column = words_text(w, "time-column"),
        .stratify = words_text(w, "stratify"),
        .message = words_text(w, "message"),
        .holdout = words_num(w, "holdout", 0),
        .seed = (uint64_t)words_num(w, "seed", 0),
        .memory_mib = (uint64_t)words_num(w, "memory", 0),
    };
    TRY(cx, app_data_split(cx, sh->house, &in, &out));
    line_clear(sh->line);
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_data_split_json(&out, &t);
        return show_json(sh, &t);
    }
    say(sh, &out.eval, out.eval_rows, out.eval_rows + out.rest_rows, out.eval_unchanged, "held out");
    say(sh, &out.rest, out.rest_rows, out.eval_rows + out.rest_rows, out.rest_unchanged, "to learn from");
    if (out.cut && !sh->quiet) fprintf(sh->out, "held out from %s on\n", out.cut);
    return OK;
}

static const Arg data_split_args[] = {
    ARG_DATASET("the version to split; the newest without @V"),
    { .word = NULL },
};

static const Opt data_split_opts[] = {
    { .name = "holdout", .word = "SHARE", .type = OPT_NUMBER, .lo = 0, .hi = 1, .help = "of the rows to hold out, as 0.2", .needed = true },
    { .name = "as", .word = "NAME.eval", .type = OPT_TEXT, .help = "name of the slice that is held out", .needed = true },
    { .name = "rest", .word = "NAME", .type = OPT_TEXT, .value = "NAME.train", .help = "name of what remains" },
    { .name = "group", .word = "COL", .type = OPT_TEXT, .help = "rows of one value of this column (a patient, a customer) lie on one side", .not_with = "time-column" },
    { .name = "time-column", .word = "COL", .type = OPT_TEXT, .help = "hold out the newest rows by this column", .not_with = "group" },
    { .name = "stratify", .word = "COL", .type = OPT_TEXT, .help = "the same share of each value of this column" },
    { .name = "seed", .word = "N", .type = OPT_WHOLE, .lo = 0, .hi = 9e15, .value = "0", .help = "another number holds out other rows" },
    { .name = "message", .letter = 'm', .word = "TEXT", .type = OPT_TEXT, .help = "what the slice is for" },
    { .name = "memory", .word = "MIB", .type = OPT_WHOLE, .lo = 16, .hi = 1e6, .value = "1024", .help = "what the engine may use before it spills to disk" },
    { .name = NULL },
};

static const Example data_split_examples[] = {
    { "leat data split churn@3 --holdout 0.2 --as churn.eval", "churn.eval@1 and churn.train@1" },
    { "leat data split visits --holdout 0.25 --group patient --stratify outcome --as visits.eval", "no patient on both sides" },
    { "leat data split sales --holdout 0.1 --time-column day --as sales.eval", "the newest tenth" },
    { .line = NULL },
};

const Command cmd_data_split = {
    .name = "data split",
    .summary = "hold rows out for good: a frozen slice and the rest",
    .story = "Makes two dataset versions out of one, with the original header and the original bytes of each row (Parquet, JSON arrays and Excel "
             "become Parquet). Which rows are held out is decided by a keyed hash of the row or its group, not by its place: the same rows and "
             "seed give the same slice, in any order, and a later version of the data keeps it. Equal rows never lie on both sides.\n"
             "\n"
             "Hashes of the rows that are held out are recorded, so that a build trained on them can be told.\n",
    .examples = data_split_examples,
    .args = data_split_args,
    .opts = data_split_opts,
    .run = data_split_run,
};

/* cli/cmd_predict.c -- `leat predict BUILD DATA` */
#include "cli/shared.h"

#include <string.h>
#include <unistd.h>

static Err predict_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppPredictOut out;
    Text rows, t;
    AppPredictIn in = {
        .build = words_arg(w, 0),
        .out = words_text(w, "out"),
        .format = words_text(w, "format"),
        .proba = words_has(w, "proba"),
        .explain = words_has(w, "explain"),
        .intervals = words_num(w, "intervals", 0),
        .threads = (uint32_t)words_num(w, "threads", 0),
    };
    if (in.out && !strcmp(in.out, "-")) in.out = NULL;
    TRY(cx, words_list(cx, w, "keep", &in.keep, &in.keep_n));
    TRY(cx, shared_data(cx, w, words_arg(w, 1), false, &in.data));
    text_init(&rows, cx);
    text_init(&t, cx);
    fflush(sh->out);
    in.fd = fileno(sh->out);
    if (sh->json && !in.out) in.json = &rows;
    Err err = app_predict(cx, sh->house, &in, &out);
    if (!err && sh->json) {
        app_predict_json(&out, rows.at, &t);
        err = show_json(sh, &t);
    } else if (!err && in.out && !sh->quiet) {
        char text[APP_PATH_MAX + 128];
        snprintf(text, sizeof text, "%llu row%s by %s to %s", (unsigned long long)out.rows,
                 out.rows == 1 ? "" : "s", out.build, in.out);
        line_talk(sh->line, INK_NONE, "", text);
    }
    text_clear(&rows);
    return err;
}

static const Arg predict_args[] = {
    { "BUILD",
      "name (the champion, else the newest), name@N, name@latest, name@champion, a digest, or a .leat file",
      ARG_BUILD },
    { "DATA", "rows to score: any file that 'leat auto' reads; the target may be absent", ARG_DATA },
    { .word = NULL },
};

static const Opt predict_opts[] = {
    { .name = "out",
      .letter = 'o',
      .word = "FILE",
      .type = OPT_FILE,
      .value = "standard output",
      .help = "where to write the answers" },
    { .name = "proba", .help = "add p_<class>, the probability of each class" },
    { .name = "explain",
      .help = "add shap_<column>, what each column added to the answer's margin, and shap_base" },
    { .name = "intervals",
      .word = "SHARE",
      .type = OPT_NUMBER,
      .lo = .01,
      .hi = .999,
      .help = "add lo and hi, between which the truth lies in that share of rows like those learned from; for classes: set, those that may be true" },
    { .name = "keep",
      .word = "COLS",
      .type = OPT_LIST,
      .help = "columns of DATA to carry over, with commas between" },
    { .name = "format",
      .word = "FORMAT",
      .type = OPT_CHOICE,
      .choice = app_format_word,
      .value = "by the ending of FILE, else csv",
      .help = "how to write" },
    OPT_SHEET,
    OPT_THREADS,
    { .name = NULL },
};

static const Example predict_examples[] = {
    { "leat predict titanic new.csv", "answers of the newest build on standard output" },
    { "leat predict titanic@2 new.csv --proba --keep id -o scored.parquet",
      "probabilities beside the rows' id, into a file" },
    { "leat predict prices new.csv --intervals 0.9", "with lo and hi: nine true values in ten lie between them" },
    { "leat predict churn.leat new.csv --explain", "a build file from elsewhere, and why it answers so" },
    { .line = NULL },
};

const Command cmd_predict = {
    .name = "predict",
    .summary = "score rows with a build",
    .story = "Writes one line a row, in the order of the input: the column 'prediction', and more where asked. "
             "Columns are read "
             "by the build's own schema, found by name; extra ones are ignored. A value that cannot be read "
             "counts as missing, "
             "with a warning; a level never seen is no error.\n"
             "\n"
             "With --explain, shap_<column> of a row and shap_base add up to the margin: the log-odds of the "
             "second class, the "
             "logit of the predicted class, or the value itself.\n",
    .examples = predict_examples,
    .args = predict_args,
    .opts = predict_opts,
    .run = predict_run,
};

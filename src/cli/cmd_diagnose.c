/* cli/cmd_diagnose.c -- `leat diagnose BUILD [DATA]`: stage 8 alone and in full. */
#include "cli/shared.h"

#define IMPORTANCE_ROWS 12

static Err print_diagnosis(Ctx *cx, Shell *sh, const AppDiagnoseOut *out)
{
    static const char *const head[] = { "column", ">importance" };
    Grid g;
    char value[32];
    bool ink = sh->colour_out;
    fprintf(sh->out, "%s%s%s  %llu rows, %s\n\n", ink_on(ink, INK_BOLD), out->build, ink_off(ink),
            (unsigned long long)out->rows, out->on);
    for (size_t i = 0; i < out->metrics_n; i++) {
        show_score(out->metric[i].value, value);
        fprintf(sh->out, "  %-18s %s\n", out->metric[i].name, value);
    }
    if (out->importance_n) {
        putc('\n', sh->out);
        grid_init(&g, cx, head, 2);
        for (size_t i = 0; i < out->importance_n && i < IMPORTANCE_ROWS; i++) {
            show_score(out->importance[i].value, value);
            grid_cell(&g, "%s", out->importance[i].name);
            grid_cell(&g, "%s", value);
        }
        TRY(cx, grid_print(&g, sh, 2));
    }
    if (out->slices_n) fprintf(sh->out, "\n%sWeakest where%s\n", ink_on(ink, INK_BOLD), ink_off(ink));
    for (size_t i = 0; i < out->slices_n; i++) fprintf(sh->out, "  %s\n", out->slice[i]);
    if (out->warnings_n) fprintf(sh->out, "\n%sWarnings%s\n", ink_on(ink, INK_YELLOW), ink_off(ink));
    for (size_t i = 0; i < out->warnings_n; i++) fprintf(sh->out, "  %s\n", out->warning[i]);
    if (out->report) fprintf(sh->out, "\nreport: %s\n", out->report);
    return OK;
}

static Err diagnose_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppDiagnoseOut out;
    AppDiagnoseIn in = {
        .build = words_arg(w, 0),
        .out = words_text(w, "out"),
        .threads = (uint32_t)words_num(w, "threads", 0),
    };
    TRY(cx, shared_data(cx, w, words_arg(w, 1), false, &in.data));
    TRY(cx, app_diagnose(cx, sh->house, &in, &out));
    line_clear(sh->line);
    if (!sh->json) return print_diagnosis(cx, sh, &out);
    Text t;
    text_init(&t, cx);
    app_diagnose_json(&out, &t);
    return show_json(sh, &t);
}

static const Arg diagnose_args[] = {
    { "BUILD", "a build, as 'leat predict' takes it", ARG_BUILD },
    { "DATA",
      "new rows with the target; without it, the rows it was trained on, each judged by models that did not see "
      "it",
      ARG_DATA, .optional = true },
    { .word = NULL },
};

static const Opt diagnose_opts[] = {
    { .name = "out",
      .letter = 'o',
      .word = "FILE",
      .type = OPT_FILE,
      .help = "write a page with every plot",
      .shown = true,
      .value = "a page inside .leat/" },
    OPT_SHEET,
    OPT_THREADS,
    { .name = NULL },
};

static const Example diagnose_examples[] = {
    { "leat diagnose titanic", "how good is it, what matters, where is it weak?" },
    { "leat diagnose titanic@2 march.csv -o march.html", "the same on new labelled rows" },
    { .line = NULL },
};

const Command cmd_diagnose = {
    .name = "diagnose",
    .summary = "explain and judge a build in full, also on new labelled rows",
    .story = "Runs the last stage of 'leat auto' alone, without its bound on time: metrics, ROC and "
             "precision-recall curves or "
             "residuals, calibration, confusion, permutation and SHAP importance, partial dependence, weakest "
             "slices and learning "
             "curves.\n",
    .examples = diagnose_examples,
    .args = diagnose_args,
    .opts = diagnose_opts,
    .run = diagnose_run,
};

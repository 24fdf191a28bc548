/* cli/cmd_diagnose.c -- `leat diagnose BUILD [DATA]`: stage 8 alone and in full. */
#include "cli/shared.h"

#include <string.h>

#define IMPORTANCE_ROWS 12
#define TIME_S 15

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
    if (out->lines_n) putc('\n', sh->out);
    for (size_t i = 0; i < out->lines_n; i++) fprintf(sh->out, "  %s\n", out->line[i]);
    if (out->groups_n) fprintf(sh->out, "\n%sGroups%s\n", ink_on(ink, INK_BOLD), ink_off(ink));
    for (size_t i = 0; i < out->groups_n; i++) fprintf(sh->out, "  %s\n", out->group[i]);
    if (out->slices_n) fprintf(sh->out, "\n%sWeakest where%s\n", ink_on(ink, INK_BOLD), ink_off(ink));
    for (size_t i = 0; i < out->slices_n; i++) fprintf(sh->out, "  %s\n", out->slice[i]);
    if (out->warnings_n) fprintf(sh->out, "\n%sWarnings%s\n", ink_on(ink, INK_YELLOW), ink_off(ink));
    for (size_t i = 0; i < out->warnings_n; i++) fprintf(sh->out, "  %s\n", out->warning[i]);
    if (out->report) fprintf(sh->out, "\nreport: %s\n", out->report);
    return OK;
}

/* "5:1": what a false alarm and a missed case cost. */
static Err read_cost(Ctx *cx, const char *text, AppDiagnoseIn *in)
{
    const char *colon = text ? strchr(text, ':') : NULL;
    if (!text) return OK;
    if (!colon || !num_read(text, (size_t)(colon - text), &in->cost_fp) || !num_read(colon + 1, strlen(colon + 1), &in->cost_fn) ||
        !(in->cost_fp >= 0 && in->cost_fn >= 0 && in->cost_fp + in->cost_fn > 0 && in->cost_fp + in->cost_fn < 1e300))
        return FAIL(cx, ERR_USAGE, "--cost '%.60s': give two numbers with a colon between, the cost of a false alarm and that of a missed case, as 1:5", text);
    return OK;
}

static Err diagnose_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppDiagnoseOut out;
    AppDiagnoseIn in = {
        .build = words_arg(w, 0),
        .out = words_text(w, "out"),
        .threads = (uint32_t)words_num(w, "threads", 0),
        .group = words_text(w, "group"),
        .time_s = words_num(w, "time", TIME_S),
    };
    TRY(cx, read_cost(cx, words_text(w, "cost"), &in));
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
    { .name = "group",
      .word = "COL",
      .type = OPT_TEXT,
      .help = "judge the levels of a column (the quarters of a number) apart: scores, rates and how far they differ" },
    { .name = "cost",
      .word = "FP:FN",
      .type = OPT_TEXT,
      .value = "three usual ones",
      .help = "what a false alarm and a missed case cost: find the cheapest threshold" },
    { .name = "time",
      .word = "SECONDS",
      .type = OPT_NUMBER,
      .lo = 0,
      .hi = 1e6,
      .value = "15",
      .help = "about how long it may take: parts are cut, the least telling first; 0: no bound" },
    OPT_SHEET,
    OPT_THREADS,
    { .name = NULL },
};

static const Example diagnose_examples[] = {
    { "leat diagnose titanic", "how good is it, what matters, where is it weak?" },
    { "leat diagnose titanic@2 march.csv -o march.html", "the same on new labelled rows" },
    { "leat diagnose loans --group sex --cost 1:5", "is it fair, and where is the cheapest threshold?" },
    { .line = NULL },
};

const Command cmd_diagnose = {
    .name = "diagnose",
    .summary = "explain and judge a build in full, also on new labelled rows",
    .story = "Runs the last stage of 'leat auto' alone and in full: metrics; ROC, precision-recall, gain and lift; calibration and Brier "
             "score with its parts; confusion, precision and recall by class; what each threshold costs; or residuals and their tests; "
             "intervals and their coverage; permutation and SHAP importance; partial dependence, ICE and accumulated local effects; weakest "
             "slices; the boosters' rounds; learning curves; with --group how groups of rows differ.\n",
    .examples = diagnose_examples,
    .args = diagnose_args,
    .opts = diagnose_opts,
    .run = diagnose_run,
};

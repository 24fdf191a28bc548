/* cli/cmd_auto.c -- `leat auto DATA --target COL`: the main job. */
#include "cli/shared.h"

#include <math.h>
#include <string.h>

#define BOARD_ROWS 8 /* leaderboard rows a person sees */

static void watch_begun(void *self, const char *run, const char *project, bool made)
{
    Shell *sh = self;
    char text[APP_PATH_MAX + 64];
    if (sh->quiet) return;
    if (made) {
        snprintf(text, sizeof text, "made a project in %s", project);
        line_talk(sh->line, INK_NONE, "", text);
    }
    if (sh->verbose) {
        snprintf(text, sizeof text, "run %s", run);
        line_talk(sh->line, INK_DIM, "", text);
    }
}

static void watch_trial(void *self, uint32_t trials, const char *metric, double best, double se)
{
    Line *l = ((Shell *)self)->line;
    char score[32], spread[32];
    show_score(best, score);
    show_score(se, spread);
    l->trials = trials;
    snprintf(l->best, sizeof l->best, "best %.32s %s ± %s", metric, score, spread);
    line_draw(l, false);
}

/* The command line as typed, for the record; NULL when memory is short. */
static const char *typed(Ctx *cx, const Shell *sh)
{
    Text t;
    text_init(&t, cx);
    for (int i = 0; i < sh->argc; i++) {
        bool plain = sh->argv[i][0] && !strpbrk(sh->argv[i], " \t\n'\"\\$*?[]();&|<>");
        text_fmt(&t, plain ? "%s%s" : "%s'%s'", i ? " " : "", i ? sh->argv[i] : "leat");
    }
    const char *kept = t.broken ? NULL : ctx_scratch_text(cx, t.at);
    text_clear(&t);
    return kept;
}

static Err auto_words(Ctx *cx, Shell *sh, const Words *w, AppAutoIn *in)
{
    const char *task = words_text(w, "task");
    *in = (AppAutoIn){
        .target = words_text(w, "target"),
        .task = task && strcmp(task, "auto") ? task : NULL,
        .metric = words_text(w, "metric"),
        .test = words_text(w, "test"),
        .name = words_text(w, "name"),
        .until = words_text(w, "until"),
        .resume = words_text(w, "resume"),
        .report = words_text(w, "report"),
        .time_s = words_num(w, "time", 60),
        .contamination = words_num(w, "contamination", 0),
        .trials = (uint32_t)words_num(w, "trials", 0),
        .seed = (uint64_t)words_num(w, "seed", 1),
        .threads = (uint32_t)words_num(w, "threads", 0),
        .memory_mib = (uint64_t)words_num(w, "memory", 0),
        .group = words_text(w, "group"),
        .time_column = words_text(w, "time-column"),
        .weight = words_text(w, "weight"),
        .class_weight = words_text(w, "class-weight"),
        .no_keep = words_has(w, "no-keep"),
        .refit = words_has(w, "refit"),
        .portable = words_has(w, "portable"),
        .cost = words_text(w, "cost"),
        .command = typed(cx, sh),
        .watch = { watch_begun, watch_trial, sh },
    };
    TRY(cx, words_list(cx, w, "exclude", &in->exclude, &in->exclude_n));
    TRY(cx, words_list(cx, w, "use", &in->use, &in->use_n));
    TRY(cx, shared_pairs(cx, w, "monotone", &in->monotone, &in->monotone_n));
    TRY(cx, words_list(cx, w, "learners", &in->learners, &in->learners_n));
    TRY(cx, shared_data(cx, w, words_arg(w, 0), true, &in->data));
    in->data.memory_mib = in->memory_mib;
    return OK;
}

static Err print_board(Ctx *cx, Shell *sh, const AppAutoOut *out)
{
    static const char *const head[] = { "learner", ">score", ">± se", ">fit", ">a row", ">size", ">share", "" };
    Grid g;
    char score[32], se[32], fit[32], row[32], size[32];
    grid_init(&g, cx, head, 8);
    for (size_t i = 0; i < out->board_n && i < BOARD_ROWS; i++) {
        const AppBoardRow *b = &out->board[i];
        show_score(b->score, score);
        show_score(b->se, se);
        show_seconds(b->fit_s, fit);
        show_seconds(b->predict_us_row * 1e-6, row);
        show_size(b->size_bytes, size);
        grid_cell(&g, "%s", b->learner);
        grid_cell(&g, "%s", score);
        grid_cell(&g, "%s", se);
        grid_cell(&g, "%s", fit);
        grid_cell(&g, "%s", row);
        grid_cell(&g, "%s", size);
        if (b->weight > 0) grid_cell(&g, "%.0f %%", b->weight * 100);
        else grid_cell(&g, "%s", "");
        grid_cell(&g, "%s", b->pareto ? "pareto" : "");
    }
    TRY(cx, grid_print(&g, sh, 2));
    if (out->board_n > BOARD_ROWS)
        fprintf(sh->out, "  … and %zu more: leat runs show %s\n", out->board_n - BOARD_ROWS, out->run);
    return OK;
}

static void print_next(Shell *sh, const AppAutoOut *out, const AppAutoIn *in)
{
    fprintf(sh->out, "\n%sNext%s\n", ink_on(sh->colour_out, INK_BOLD), ink_off(sh->colour_out));
    if (!out->build) {
        fprintf(sh->out, "  leat auto %s %s %s --resume %s\n", in->data.path, in->target ? "--target" : "--task",
                in->target ? in->target : "anomaly", out->run);
        return;
    }
    fprintf(sh->out, "  leat predict %s NEW.csv --proba --explain   score new rows, and say why\n", out->build);
    if (strcmp(out->task, "anomaly"))
        fprintf(sh->out, "  leat diagnose %s -o page.html               every diagnostic in full\n", out->build);
    if (out->short_of_time && !in->trials)
        fprintf(sh->out,
                "  leat auto ... --time %-24.3g the budget cut stages short: give it more\n",
                in->time_s * 4);
}

static Err print_result(Ctx *cx, Shell *sh, const AppAutoIn *in, const AppAutoOut *out)
{
    char score[32], se[32], took[32], size[32];
    bool ink = sh->colour_out;
    if (sh->quiet) {
        if (out->build) fprintf(sh->out, "%s\n", out->build);
        return OK;
    }
    show_seconds(out->wall_s, took);
    if (out->build) {
        show_score(out->score, score);
        show_score(out->se, se);
        show_size(out->size_bytes, size);
        fprintf(sh->out, "%s%s%s  ", ink_on(ink, INK_BOLD), out->build, ink_off(ink));
        if (isnan(out->score)) fprintf(sh->out, "not judged");
        else fprintf(sh->out, "%s %s%s%s ± %s", out->metric, ink_on(ink, INK_GREEN), score, ink_off(ink), se);
        fprintf(sh->out, "  (%s, %u trial%s, %s, %s)\n", out->task, out->trials, out->trials == 1 ? "" : "s", took, size);
        if (out->test_json) fprintf(sh->out, "on the test rows: %s\n", out->test_json);
    } else fprintf(sh->out, "run %s ended as asked after %s, without a build\n", out->run, took);
    if (out->board_n) {
        putc('\n', sh->out);
        TRY(cx, print_board(cx, sh, out));
    }
    if (out->warnings_n) {
        fprintf(sh->out, "\n%sWarnings%s\n", ink_on(ink, INK_YELLOW), ink_off(ink));
        for (size_t i = 0; i < out->warnings_n; i++) fprintf(sh->out, "  %s\n", out->warning[i]);
    }
    if (out->report) fprintf(sh->out, "\nreport: %s\n", out->report);
    print_next(sh, out, in);
    return OK;
}

static Err auto_run_words(Ctx *cx, Shell *sh, const Words *w)
{
    AppAutoIn in;
    AppAutoOut out;
    TRY(cx, auto_words(cx, sh, w, &in));
    if (!in.trials) sh->line->deadline_us = sh->house->started_us + (int64_t)(in.time_s * 1e6);
    sh->line->start_us = sh->house->started_us;
    TRY(cx, app_auto(cx, sh->house, &in, &out));
    line_clear(sh->line);
    if (!sh->json) return print_result(cx, sh, &in, &out);
    Text t;
    text_init(&t, cx);
    app_auto_json(&out, &t);
    return show_json(sh, &t);
}

static const char *sign_word(size_t i)
{
    static const char *const words[] = { "+", "-" };
    return i < sizeof words / sizeof *words ? words[i] : NULL;
}

static const char *class_weight_word(size_t i)
{
    static const char *const words[] = { "none", "balanced" };
    return i < sizeof words / sizeof *words ? words[i] : NULL;
}

static const Arg auto_args[] = {
    { "DATA", "a CSV, TSV, JSON, NDJSON, Parquet or Excel file, also .gz or .zst, or a glob of files in quotes; or a dataset's version: churn@3",
      ARG_DATA },
    { .word = NULL },
};

static const Opt auto_opts[] = {
    { .name = "target", .word = "COL", .type = OPT_TEXT, .help = "the column to predict (for anomalies: labels to judge by, if there are any)" },
    { .name = "task",
      .word = "TASK",
      .type = OPT_CHOICE,
      .choice = app_task_word,
      .value = "auto, from the target's values",
      .help = "what kind of answer" },
    { .name = "contamination",
      .word = "SHARE",
      .type = OPT_NUMBER,
      .lo = 0.0001,
      .hi = 0.5,
      .value = "0.05",
      .help = "for --task anomaly: share of the rows to call anomalies" },
    { .name = "metric",
      .word = "NAME",
      .type = OPT_CHOICE,
      .choice = app_metric_word,
      .accepts = app_metric_alias,
      .value = "auc for binary, logloss for multiclass, rmse for regression",
      .help = "what to make good (scikit-learn's names do too)" },
    { .name = "time",
      .word = "SECONDS",
      .type = OPT_NUMBER,
      .lo = 0.1,
      .hi = 1e7,
      .value = "60",
      .not_with = "trials",
      .help = "budget for everything, counted from the start of the program" },
    { .name = "trials",
      .word = "N",
      .type = OPT_WHOLE,
      .lo = 1,
      .hi = 100000,
      .help = "make exactly N trials and look at no clock: the same data, options and seed then give the same "
              "build, byte for byte" },
    { .name = "test", .word = "FILE", .type = OPT_FILE, .help = "rows kept apart, to judge the build by" },
    { .name = "name",
      .word = "MODEL",
      .type = OPT_TEXT,
      .value = "the file's name without its ending",
      .help = "name of the model; the build becomes MODEL@N" },
    { .name = "seed",
      .word = "N",
      .type = OPT_WHOLE,
      .lo = 0,
      .hi = 9007199254740991,
      .value = "1",
      .help = "of every random choice" },
    OPT_THREADS,
    { .name = "memory",
      .word = "MiB",
      .type = OPT_WHOLE,
      .lo = 64,
      .hi = 1e9,
      .value = "half of what is free",
      .help = "memory that all processes together may use" },
    { .name = "exclude", .word = "COLS", .type = OPT_LIST, .help = "columns to leave out, with commas between" },
    OPT_COLUMN_TYPE,
    { .name = "group",
      .word = "COL",
      .type = OPT_TEXT,
      .not_with = "time-column",
      .help = "rows with the same value (a patient, a shop) stay together: the score is for groups not seen before" },
    { .name = "time-column",
      .word = "COL",
      .type = OPT_TEXT,
      .not_with = "group",
      .help = "dates or numbers: rows are judged by models of earlier rows only, as in use" },
    { .name = "weight", .word = "COL", .type = OPT_TEXT, .help = "how much each row counts, in learning and in the score" },
    { .name = "class-weight",
      .word = "HOW",
      .type = OPT_CHOICE,
      .choice = class_weight_word,
      .value = "none",
      .help = "balanced: every class counts the same, however rare, in learning, score and probabilities" },
    { .name = "monotone",
      .word = "COL=SIGN",
      .type = OPT_PAIR,
      .choice = sign_word,
      .help = "COL=+ the answer never falls as COL grows, COL=- it never rises" },
    { .name = "use",
      .word = "COLS",
      .type = OPT_LIST,
      .help = "of the columns given for --group, --time-column and --weight, those to learn from as well" },
    { .name = "cost",
      .word = "ALARM:MISS",
      .type = OPT_TEXT,
      .help = "what a false alarm and a miss cost, like 1:5: the threshold makes their sum least (two classes)" },
    { .name = "refit",
      .help = "a small, fast build: few members, each fitted once on all rows; the score shown is that of the fold models" },
    { .name = "portable",
      .help = "only features and learners that 'leat build export' can write as ONNX, C and JSON" },
    { .name = "learners",
      .word = "LIST",
      .type = OPT_LIST,
      .choice = app_learner_word,
      .value = "all",
      .help = "learners to try, with commas between" },
    { .name = "until",
      .word = "STAGE",
      .type = OPT_CHOICE,
      .choice = app_stage_word,
      .value = "diagnose",
      .help = "stop after a stage" },
    { .name = "resume", .word = "RUN", .type = OPT_TEXT, .help = "go on from the trials of an earlier run" },
    { .name = "report",
      .word = "FILE|full",
      .type = OPT_FILE,
      .value = "a page inside .leat/",
      .help = "where to write the report; 'full' gives the diagnostics all the time they need" },
    { .name = "no-keep", .help = "record only path and digest of the data, not its bytes" },
    OPT_SHEET,
    OPT_NA,
    { .name = NULL },
};

static const Example auto_examples[] = {
    { "leat auto titanic.csv --target survived", "a minute, then a build 'titanic@1' and a report" },
    { "leat auto train.csv --target price --time 10 --test test.csv", "ten seconds, judged by rows kept apart" },
    { "leat auto 'sales-*.parquet' --target churned --metric logloss --exclude id,name",
      "many files, another metric, two columns left out" },
    { "leat auto payments.csv --task anomaly --contamination 0.01", "no target: the one row in a hundred that is least like the others" },
    { "leat auto data.csv --target y --trials 8 --seed 7 --json", "repeatable to the byte, one JSON object" },
    { "leat auto visits.csv --target ill --group patient --monotone age=+",
      "judged on patients not seen before; never less likely with age" },
    { "leat auto sales.csv --target sold --time-column day --weight items",
      "judged on days after those learned from; rows weighed" },
    { "leat auto data.csv --target y --type zip=category --learners lightgbm,linear",
      "overrule a type, choose learners" },
    { .line = NULL },
};

const Command cmd_auto = {
    .name = "auto",
    .summary = "raw data in, a trained, compared and explained build out",
    .story = "Reads the data, infers what each column is, and goes through eight stages: visualize, preprocess, "
             "engineer, "
             "select, tune, benchmark, train and diagnose. Scores are out of fold, with their uncertainty. The "
             "best learners are "
             "combined into one build, which 'leat predict' scores new rows with, and a report explains it.\n"
             "\n"
             "The whole process ends within the budget. Every trial is kept: 'leat runs show' lists them, and "
             "--resume goes on "
             "from them. Ctrl-C stops early and keeps finished trials.\n"
             "\n"
             "How the score is measured decides what it promises. By itself rows are split at random, which is right when "
             "new rows are like the old. If several rows are of one person or one machine, give --group; if the rows have "
             "dates and the future is to be foretold, give --time-column. 'leat build reproduce' trains a build again and "
             "compares, also one made within a time.\n"
             "\n"
             "Outside a project it makes one in the current folder.\n",
    .examples = auto_examples,
    .args = auto_args,
    .opts = auto_opts,
    .run = auto_run_words,
};

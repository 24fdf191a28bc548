/* cli/cmd_metric_log.c -- `leat metric log NAME=VALUE…` */
#include "cli/shared.h"

static Err metric_log_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppToldOut out;
    const AppMetricsIn in = { .words = { .run = words_text(w, "run"), .word = w->arg, .n = w->args_n },
                              .from = words_text(w, "from"),
                              .step = (int64_t)words_num(w, "step", 0),
                              .time_ms = (int64_t)words_num(w, "time", 0) };
    TRY(cx, app_tell_metrics(cx, sh->house, &in, &out));
    return shared_logged(cx, sh, &out, "point");
}

static const Arg metric_log_args[] = {
    { "NAME=VALUE", "what to log; or NAME VALUE for one", ARG_WORD, .optional = true, .many = true },
    { .word = NULL },
};

static const Opt metric_log_opts[] = {
    { .name = "step", .word = "N", .type = OPT_WHOLE, .lo = -9e15, .hi = 9e15, .help = "step of the training", .value = "0" },
    { .name = "time", .word = "MS", .type = OPT_WHOLE, .lo = 0, .hi = 9e15, .help = "when it was measured, in milliseconds since 1970", .value = "now" },
    { .name = "from", .word = "FILE", .type = OPT_FILE, .help = "a file, or - for standard input, of many: a line NAME VALUE [STEP [TIME]], or a JSON object" },
    OPT_RUN,
    { .name = NULL },
};

static const Example metric_log_examples[] = {
    { "leat metric log loss=0.31 auc=0.88 --step 12", "inside a program that 'leat run' started" },
    { "leat metric auc 0.91 --run latest", "one, to a run named here" },
    { "leat metric log --from points.txt", "ten thousand at once, a line each: loss 0.31 12" },
    { .line = NULL },
};

const Command cmd_metric_log = {
    .name = "metric log",
    .summary = "log metrics: numbers that change as a run goes on",
    .story = "A point of a metric is a number with a step and a time; last, least and greatest are kept with the run and can be searched. Points "
             "are compressed, about two bytes each where they are regular. nan and inf are numbers too. 'leat metric …' is short for "
             "'leat metric log …'.\n",
    .examples = metric_log_examples,
    .args = metric_log_args,
    .opts = metric_log_opts,
    .run = metric_log_run,
};

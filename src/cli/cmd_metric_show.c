/* cli/cmd_metric_show.c -- `leat metric show NAME` */
#include "cli/shared.h"

static Err metric_show_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppHistoryOut out;
    const AppHistoryIn in = { .run = words_text(w, "run"), .metric = words_arg(w, 0) };
    char number[NUM_TEXT_MAX];
    TRY(cx, app_metric_history(cx, sh->house, &in, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_metric_history_json(&out, &t);
        return show_json(sh, &t);
    }
    fprintf(sh->out, "step,time_ms,value\n");
    for (size_t i = 0; i < out.n; i++) {
        num_text(out.point[i].value, number);
        fprintf(sh->out, "%lld,%lld,%s\n", (long long)out.point[i].step, (long long)(out.point[i].time_us / 1000), number);
    }
    return OK;
}

static const Arg metric_show_args[] = {
    { "NAME", "the metric", ARG_WORD },
    { .word = NULL },
};

static const Opt metric_show_opts[] = {
    { .name = "run", .letter = 'r', .word = "RUN", .type = OPT_TEXT, .help = "of this run: its number, id or name", .value = "the run that this program was started by" },
    { .name = NULL },
};

static const Example metric_show_examples[] = {
    { "leat metric show loss --run latest", "every point as CSV, by step" },
    { .line = NULL },
};

const Command cmd_metric_show = {
    .name = "metric show",
    .summary = "print every point of a metric as CSV",
    .story = "Prints step, time and value of every point that was logged, by step, then time.\n",
    .examples = metric_show_examples,
    .args = metric_show_args,
    .opts = metric_show_opts,
    .run = metric_show_run,
};

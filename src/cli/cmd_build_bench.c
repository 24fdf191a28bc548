/* cli/cmd_build_bench.c -- `leat build bench BUILD DATA` */
#include "cli/shared.h"

static Err build_bench_run(Ctx *cx, Shell *sh, const Words *w)
{
    AppBenchOut out;
    AppBenchIn in = { .build = words_arg(w, 0) };
    TRY(cx, shared_data(cx, w, words_arg(w, 1), false, &in.data));
    TRY(cx, app_build_bench(cx, sh->house, &in, &out));
    if (sh->json) {
        Text t;
        text_init(&t, cx);
        app_build_bench_json(&out, &t);
        return show_json(sh, &t);
    }
    line_clear(sh->line);
    fprintf(sh->out,
            "%s\n  load      %.2f ms\n  one row   %.1f us (p50), %.1f us (p99)\n  batch     %.0f rows/s\n",
            out.build, out.load_ms, out.p50_us, out.p99_us, out.rows_s);
    char size[32];
    show_size(out.memory_bytes, size);
    fprintf(sh->out, "  memory    %s\n", size);
    show_size(out.size_bytes, size);
    fprintf(sh->out, "  file      %s:", size);
    for (size_t i = 0; i < out.sections_n; i++) {
        show_size(out.section[i].bytes, size);
        fprintf(sh->out, "%s %s %s", i ? "," : "", out.section[i].name, size);
    }
    fprintf(sh->out, "\n");
    return OK;
}

static const Arg build_bench_args[] = {
    { "BUILD", "a build, as 'leat predict' takes it", ARG_BUILD },
    { "DATA", "rows to score", ARG_DATA },
    { .word = NULL },
};

static const Opt build_bench_opts[] = {
    OPT_SHEET,
    { .name = NULL },
};

static const Example build_bench_examples[] = {
    { "leat build bench titanic new.csv --json", "how fast is it in an application?" },
    { .line = NULL },
};

const Command cmd_build_bench = {
    .name = "build bench",
    .summary = "measure how fast a build loads and scores",
    .story = "Measures on one thread, through the library of include/leat.h alone, what an application that links "
             "it would see: "
             "time to open the build, time for one row, rows a second in batches, memory of the open build, and what "
             "takes the bytes of the file.\n",
    .examples = build_bench_examples,
    .args = build_bench_args,
    .opts = build_bench_opts,
    .run = build_bench_run,
};

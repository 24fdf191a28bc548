/* test/probe/visualize.c -- leat-probe visualize FILE [TARGET]: stage 1 alone, its JSON on standard output; how long it
** took on standard error. */
#include "probe/probe.h"

#include "auto/auto.h"
#include "query/query.h"

#include <stdio.h>

static Err run(Ctx *cx, int argc, char **argv)
{
    Table *t = NULL;
    Text json;
    if (argc < 1) return FAIL(cx, ERR_USAGE, "visualize needs a file");
    TRY(cx, query_read(cx, &(QueryIn){ .path = argv[0] }, &t, NULL));
    text_init(&json, cx);
    int64_t start = ctx_mono_us(cx);
    Err err = auto_visualize(cx, t, argc > 1 ? argv[1] : NULL, -1, &json);
    fprintf(stderr, "%.1f ms\n", 1e3 * ctx_since_s(cx, start));
    if (err == OK) puts(json.at);
    text_clear(&json);
    table_free(cx, t);
    return err;
}

const Probe probe_visualize = { .name = "visualize", .use = "FILE [TARGET]", .run = run };

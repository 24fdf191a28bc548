/* test/probe/report.c -- leat-probe report FOLDER: the page of the results in FOLDER (overview.json and one file a
** stage, those that are there), on standard output. */
#include "probe/probe.h"

#include "base/save.h"
#include "report/report.h"

#include <stdio.h>
#include <string.h>

#define FILE_MAX ((size_t)64 << 20)

static Err run(Ctx *cx, int argc, char **argv)
{
    static const char *const name[] = { "visualize", "preprocess", "engineer", "select", "tune", "benchmark", "train", "diagnose" };
    if (argc != 1) return FAIL(cx, ERR_USAGE, "report needs a folder");
    ReportStage stage[sizeof name / sizeof *name];
    ReportFact fact[] = { { "seed", "0" } };
    ReportIn in = { .title = argv[0], .subtitle = "made of stored results", .fact = fact, .facts_n = 1, .stage = stage };
    char path[4096], *json;
    size_t n;
    for (size_t i = 0; i < sizeof name / sizeof *name; i++) {
        snprintf(path, sizeof path, "%s/%s.json", argv[0], name[i]);
        if (save_read(cx, path, FILE_MAX, &json, &n) == OK) stage[in.stages_n++] = (ReportStage){ name[i], json };
    }
    snprintf(path, sizeof path, "%s/overview.json", argv[0]);
    if (save_read(cx, path, FILE_MAX, &json, &n) == OK) in.overview = json;
    const char *base = strrchr(argv[0], '/');
    if (base) in.title = base + 1;
    Text page;
    text_init(&page, cx);
    Err err = report_html(cx, &in, &page);
    if (err == OK) fwrite(page.at, 1, page.n, stdout);
    text_clear(&page);
    for (size_t i = 0; i < in.stages_n; i++) ctx_put(cx, (char *)(uintptr_t)stage[i].json);
    ctx_put(cx, (char *)(uintptr_t)in.overview);
    return err;
}

const Probe probe_report = { .name = "report", .use = "FOLDER", .run = run };

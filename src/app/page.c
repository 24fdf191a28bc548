/* app/page.c -- the report page of a verb: made by room report, put where people find it. */
#include "app/inner.h"

#include "base/save.h"
#include "os/os.h"
#include "report/report.h"

#include <string.h>

Err page_make(Ctx *cx, const char *title, const char *subtitle, const char *const *facts, const PageStage *stage,
              size_t stages_n, const char *overview, Text *html)
{
    ReportFact fact[16];
    ReportStage list[STAGES_N];
    ReportIn in = { .title = title, .subtitle = subtitle, .fact = fact, .stage = list, .overview = overview };
    for (; facts && facts[0] && in.facts_n < 16; facts += 2)
        fact[in.facts_n++] = (ReportFact){ facts[0], facts[1] };
    for (size_t i = 0; i < stages_n && in.stages_n < STAGES_N; i++)
        if (stage[i].json) list[in.stages_n++] = (ReportStage){ stage[i].name, stage[i].json };
    TRY(cx, report_html(cx, &in, html));
    return OK;
}

const char *page_subtitle(Ctx *cx, Task task, const char *target, char *const *class_name, uint32_t classes)
{
    if (task == TASK_BINARY && class_name)
        return ctx_scratch_fmt(cx, "predicts %.100s (%.40s or %.40s)", target, class_name[0], class_name[1]);
    if (task == TASK_MULTICLASS && classes) return ctx_scratch_fmt(cx, "predicts %.100s (one of %u classes)", target, classes);
    if (task == TASK_REGRESSION) return ctx_scratch_fmt(cx, "predicts %.100s (a number)", target);
    if (task == TASK_ANOMALY) return target ? ctx_scratch_fmt(cx, "looks for anomalies, judged by %.100s", target) : "looks for anomalies";
    return ctx_scratch_fmt(cx, "predicts %.100s", target);
}

Err page_check(Ctx *cx, const char *path)
{
    const Files *f = cx->world->files;
    FileInfo info;
    const char *slash = path ? strrchr(path, '/') : NULL;
    if (!path) return OK;
    Err err = f->look(f->self, path, &info);
    if (err) return FAIL(cx, err, "looking at '%s'", path);
    if (info.type == FILE_FOLDER)
        return FAIL(cx, ERR_BAD_INPUT, "the report cannot be written to '%s': it is a folder; name a file", path);
    if (info.type != FILE_NONE || !slash || slash == path) return OK;
    const char *folder = ctx_scratch_fmt(cx, "%.*s", (int)(slash - path), path);
    if (!folder) return FAIL(cx, ERR_NOMEM, "looking at '%s'", path);
    err = f->look(f->self, folder, &info);
    if (err) return FAIL(cx, err, "looking at '%s'", folder);
    if (info.type == FILE_FOLDER) return OK;
    return FAIL(cx, ERR_NOT_FOUND, "the report cannot be written to '%s': there is no folder '%s'", path, folder);
}

Err page_write(Ctx *cx, const Repo *repo, const char *path, const char *name, const Text *html, const char **out)
{
    const Files *f = cx->world->files;
    char file[SAVE_PATH_MAX], whole[OS_PATH_MAX];
    *out = NULL;
    if (!path) {
        char *folder = ctx_scratch_fmt(cx, "%s/reports", repo_home(repo));
        if (!folder) return FAIL(cx, ERR_NOMEM, "writing the report");
        Err err = f->make_folder(f->self, folder);
        if (err) return FAIL(cx, err, "making the folder '%s' for reports", folder);
        snprintf(file, sizeof file, "%s/%s.html", folder, name);
        path = file;
    }
    TRY(cx, save_whole(cx, path, html->at, html->n));
    TRY(cx, os_real_path(cx, path, whole));
    *out = ctx_scratch_text(cx, whole);
    return *out ? OK : FAIL(cx, ERR_NOMEM, "after writing '%s'", path);
}

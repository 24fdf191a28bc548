/* app/data_check.c -- rules tried on a version; the report for people, programs and build servers. */
#include "app/inner.h"

#include "base/save.h"
#include "os/os.h"

#include <string.h>

static Err rows_out(Ctx *cx, const LakeReport *r, AppRulesOut *out)
{
    out->row = ctx_scratch(cx, (r->n + 1) * sizeof *out->row);
    if (!out->row) return FAIL(cx, ERR_NOMEM, "%zu results", r->n);
    for (size_t i = 0; i < r->n; i++) {
        const LakeResult *x = &r->result[i];
        out->row[i] = (AppCheckRow){ .rule = x->rule, .test = x->test, .column = x->column, .outcome = lake_outcome_word(x->outcome),
                                     .expected = x->expected, .found = x->found, .offending_json = x->offending, .rows = x->rows,
                                     .failed = x->failed, .line = x->line };
    }
    out->n = r->n;
    out->failed = r->failed;
    out->warned = r->warned;
    return OK;
}

static Err write_junit(Ctx *cx, const LakeReport *r, const char *path)
{
    Text t;
    text_init(&t, cx);
    lake_report_junit(r, &t);
    Err err = text_err(&t);
    if (!err) err = save_whole(cx, path, t.at, t.n);
    text_clear(&t);
    return err;
}

Err app_data_check(Ctx *cx, House *house, const AppCheckIn *in, AppRulesOut *out)
{
    Err err = OK;
    Lake *lake;
    LakeReport report;
    char *rules = NULL;
    size_t n;
    Text json;
    int64_t from = ctx_mono_us(cx);
    *out = (AppRulesOut){ .rules = in->rules, .junit = in->junit };
    text_init(&json, cx);
    TRY(cx, page_check(cx, in->junit));
    TRY(cx, lake_here(cx, house, PROJECT_WRITE, &lake));
    TRY(cx, save_read(cx, in->rules, YAML_BYTES_MAX, &rules, &n));
    LakeCheck how = { .ref = in->ref, .rules = rules, .rules_n = n, .rules_name = in->rules, .memory_mib = (unsigned)in->memory_mib };
    TRY_DONE(cx, lake_check(cx, lake, &how, &report));
    TRY_DONE(cx, rows_out(cx, &report, out));
    TRY_DONE(cx, lake_about_version(cx, &report.version, &out->version));
    lake_report_json(&report, &json);
    TRY_DONE(cx, text_err(&json));
    out->report_json = ctx_scratch_text(cx, json.at);
    if (!out->report_json) { err = FAIL(cx, ERR_NOMEM, "the report"); goto done; }
    if (in->junit) TRY_DONE(cx, write_junit(cx, &report, in->junit));
    out->wall_s = ctx_since_s(cx, from);
done:
    ctx_put(cx, rules);
    text_clear(&json);
    if (err) *out = (AppRulesOut){ 0 };
    return err;
}

void app_data_check_json(const AppRulesOut *out, Text *t)
{
    json_raw(t, out->report_json);
}

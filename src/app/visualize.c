/* app/visualize.c -- stage 1 alone: what is in this file? */
#include "app/inner.h"

#include <math.h>
#include <string.h>

#define TOP_SHOWN 3 /* commonest values in a line */

static const char *typical(Ctx *cx, yyjson_val *c)
{
    char lo[NUM_TEXT_MAX], hi[NUM_TEXT_MAX], buf[160];
    double min = get_num(c, "min"), max = get_num(c, "max"), mean = get_num(c, "mean");
    const char *type = yyjson_get_str(yyjson_obj_get(c, "type"));
    yyjson_val *top = yyjson_obj_get(c, "top"), *v;
    size_t at = 0, i, n;
    buf[0] = 0;
    if (isfinite(min) && isfinite(max) && !(type && !strcmp(type, "datetime"))) {
        num_text(min, lo);
        num_text(max, hi);
        return ctx_scratch_fmt(cx, "%s … %s, mean %.4g", lo, hi, mean);
    }
    yyjson_arr_foreach(top, i, n, v)
    {
        const char *value = yyjson_get_str(yyjson_obj_get(v, "value"));
        double count = get_num(v, "count");
        if (i == TOP_SHOWN || !value) break;
        at += (size_t)snprintf(buf + at, sizeof buf - at, "%s%.30s (%.0f)", i ? ", " : "", value, count);
        if (at >= sizeof buf) break;
    }
    return ctx_scratch_text(cx, buf);
}

static uint64_t count_of(yyjson_val *o, const char *key)
{
    double v = get_num(o, key);
    return v > 0 ? (uint64_t)v : 0;
}

static Err fill(Ctx *cx, const char *json, AppVisualizeOut *out)
{
    Err err = OK;
    yyjson_doc *doc;
    yyjson_val *v;
    size_t i, n;
    TRY(cx, json_parse(cx, json, "the summary of the data", &doc));
    yyjson_val *root = yyjson_doc_get_root(doc), *columns = yyjson_obj_get(root, "column");
    yyjson_val *warnings = yyjson_obj_get(root, "warnings");
    AppColumn *column = ctx_scratch(cx, (yyjson_arr_size(columns) + 1) * sizeof *column);
    const char **warning = ctx_scratch(cx, (yyjson_arr_size(warnings) + 1) * sizeof *warning);
    if (!column || !warning) {
        err = FAIL(cx, ERR_NOMEM, "reading the summary of the data");
        goto done;
    }
    yyjson_arr_foreach(columns, i, n, v)
    {
        yyjson_val *tie = yyjson_obj_get(v, "association");
        column[i] = (AppColumn){ .name = get_text(cx, v, "name"),
                                 .type = get_text(cx, v, "type"),
                                 .kind = tie ? get_text(cx, tie, "kind") : "",
                                 .missing = count_of(v, "missing"),
                                 .distinct = count_of(v, "distinct"),
                                 .typical = typical(cx, v),
                                 .association = tie ? get_num(tie, "value") : NAN };
        if (!column[i].name || !column[i].type || !column[i].typical || !column[i].kind) {
            err = FAIL(cx, ERR_NOMEM, "reading the summary of the data");
            goto done;
        }
        out->columns_n = i + 1;
    }
    yyjson_arr_foreach(warnings, i, n, v)
    {
        const char *text = get_text(cx, v, "text");
        if (text && *text) warning[out->warnings_n++] = text;
    }
    out->column = column;
    out->warning = warning;
    out->rows = count_of(root, "rows");
    out->task = get_text(cx, root, "task");
done:
    yyjson_doc_free(doc);
    return err;
}

Err app_visualize(Ctx *cx, House *house, const AppVisualizeIn *asked, AppVisualizeOut *out)
{
    AppVisualizeIn own = *asked;
    const AppVisualizeIn *in = &own;
    Err err = OK;
    size_t col;
    Table *t = NULL;
    Text json, html;
    char stem[128];
    *out = (AppVisualizeOut){ 0 };
    TRY(cx, data_resolve(cx, house, &own.data));
    text_init(&json, cx);
    text_init(&html, cx);
    TRY(cx, page_check(cx, in->out));
    TRY(cx, data_read(cx, &in->data, in->threads, &t, NULL));
    if (in->target) TRY_DONE(cx, data_column(cx, t, in->target, "target", &col));
    TRY_DONE(cx, auto_visualize(cx, t, in->target, -1, &json));
    TRY_DONE(cx, text_err(&json));
    TRY_DONE(cx, fill(cx, json.at, out));
    out->stage_json = ctx_scratch_text(cx, json.at);
    if (!out->stage_json) err = FAIL(cx, ERR_NOMEM, "keeping the summary of the data");
    if (!err && in->out) {
        data_stem(in->data.path, stem, sizeof stem);
        const char *facts[] = { "data", in->data.path, "target", in->target ? in->target : "none",
                                "leat", LEAT_VERSION,  NULL };
        PageStage stage = { stage_word(STAGE_VISUALIZE), json.at };
        TRY_DONE(cx, page_make(cx, stem, "what is in the data", facts, &stage, 1, NULL, &html));
        TRY_DONE(cx, page_write(cx, NULL, in->out, stem, &html, &out->report));
    }
done:
    text_clear(&json);
    text_clear(&html);
    table_free(cx, t);
    if (err) *out = (AppVisualizeOut){ 0 };
    return err;
}

void app_visualize_json(const AppVisualizeOut *out, Text *t)
{
    json_open(t);
    json_key_int(t, "rows", (int64_t)out->rows);
    json_key_int(t, "columns", (int64_t)out->columns_n);
    json_key_raw(t, "visualize", out->stage_json);
    json_texts(t, "warnings", out->warning, out->warnings_n);
    json_key_text(t, "report", out->report);
    json_close(t);
}

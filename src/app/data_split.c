/* app/data_split.c -- rows held out for good. */
#include "app/inner.h"

Err app_data_split(Ctx *cx, House *house, const AppSplitIn *in, AppSplitOut *out)
{
    Lake *lake;
    LakeSplitOut done;
    int64_t from = ctx_mono_us(cx);
    *out = (AppSplitOut){ 0 };
    TRY(cx, lake_here(cx, house, PROJECT_WRITE, &lake));
    LakeSplit how = { .ref = in->ref, .as = in->as, .rest = in->rest, .holdout = in->holdout, .group = in->group,
                      .time_column = in->time_column, .stratify = in->stratify, .seed = in->seed, .message = in->message,
                      .memory_mib = (unsigned)in->memory_mib };
    TRY(cx, lake_split(cx, lake, &how, &done));
    TRY(cx, lake_about_version(cx, &done.eval.version, &out->eval));
    TRY(cx, lake_about_version(cx, &done.rest.version, &out->rest));
    out->eval_unchanged = done.eval.unchanged;
    out->rest_unchanged = done.rest.unchanged;
    out->eval_rows = done.eval_rows;
    out->rest_rows = done.rest_rows;
    out->groups = done.groups;
    out->cut = done.cut;
    out->wall_s = ctx_since_s(cx, from);
    return OK;
}

static void side_json(Text *t, const char *key, const AppVersion *v, uint64_t rows, bool unchanged)
{
    json_key_open(t, key);
    json_key_text(t, "version", v->name);
    json_key_text(t, "digest", v->digest);
    json_key_int(t, "rows", (int64_t)rows);
    json_key_bool(t, "unchanged", unchanged);
    json_close(t);
}

void app_data_split_json(const AppSplitOut *out, Text *t)
{
    json_open(t);
    side_json(t, "eval", &out->eval, out->eval_rows, out->eval_unchanged);
    side_json(t, "rest", &out->rest, out->rest_rows, out->rest_unchanged);
    if (out->groups) json_key_int(t, "groups", (int64_t)out->groups);
    if (out->cut) json_key_text(t, "cut", out->cut);
    json_key_num(t, "seconds", out->wall_s);
    json_close(t);
}

/* app/data_derive.c -- derived versions: made, made again. */
#include "app/inner.h"

#include <string.h>

const char *app_derive_format_word(size_t i)
{
    static const QueryFormat writes[] = { QUERY_PARQUET, QUERY_CSV };
    return i < sizeof writes / sizeof *writes ? query_format_word(writes[i]) : NULL;
}

static Err derived_out(Ctx *cx, const LakeAdded *added, bool stale, AppDerived *out)
{
    *out = (AppDerived){ .unchanged = added->unchanged, .stale = stale };
    return lake_about_version(cx, &added->version, &out->version);
}

static Err refresh_one(Ctx *cx, Lake *lake, const char *name, uint64_t memory_mib, AppDerived *out)
{
    LakeAdded added;
    bool stale;
    TRY(cx, lake_refresh(cx, lake, name, (unsigned)memory_mib, &added, &stale));
    return derived_out(cx, &added, stale, out);
}

static Err refresh_all(Ctx *cx, Lake *lake, uint64_t memory_mib, AppDeriveOut *out)
{
    LakeVersion *all;
    size_t n;
    TRY(cx, lake_datasets(cx, lake, false, &all, &n));
    out->derived = ctx_scratch(cx, (n + 1) * sizeof *out->derived);
    if (!out->derived) return FAIL(cx, ERR_NOMEM, "refreshing %zu datasets", n);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(all[i].verb, "derive")) continue;
        TRY(cx, refresh_one(cx, lake, all[i].dataset, memory_mib, &out->derived[out->n]));
        out->n++;
    }
    return OK;
}

Err app_data_derive(Ctx *cx, House *house, const AppDeriveIn *in, AppDeriveOut *out)
{
    Lake *lake;
    LakeAdded added;
    int64_t from = ctx_mono_us(cx);
    *out = (AppDeriveOut){ 0 };
    if (!in->sql == !in->refresh)
        return FAIL(cx, ERR_USAGE, in->sql ? "--sql makes a version, --refresh makes it again by its own statement: say one of them"
                                           : "say what to derive: --sql \"SELECT … FROM 'name@version'\", or --refresh");
    if (!in->name && !in->refresh) return FAIL(cx, ERR_USAGE, "name the dataset to derive");
    TRY(cx, lake_here(cx, house, PROJECT_WRITE, &lake));
    if (!in->name) {
        TRY(cx, refresh_all(cx, lake, in->memory_mib, out));
        out->wall_s = ctx_since_s(cx, from);
        return OK;
    }
    out->derived = ctx_scratch(cx, sizeof *out->derived);
    if (!out->derived) return FAIL(cx, ERR_NOMEM, "deriving '%s'", in->name);
    LakeDerive how = { .name = in->name, .sql = in->sql, .message = in->message, .tag = in->tag, .tags_n = in->tags_n,
                       .memory_mib = (unsigned)in->memory_mib };
    if (in->format && !query_format_read(in->format, &how.format)) return FAIL(cx, ERR_USAGE, "no format '%s'", in->format);
    if (in->refresh) TRY(cx, refresh_one(cx, lake, in->name, in->memory_mib, out->derived));
    else {
        TRY(cx, lake_derive(cx, lake, &how, &added));
        TRY(cx, derived_out(cx, &added, false, out->derived));
    }
    out->n = 1;
    out->wall_s = ctx_since_s(cx, from);
    return OK;
}

void app_data_derive_json(const AppDeriveOut *out, Text *t)
{
    json_open(t);
    json_key_open_array(t, "derived");
    for (size_t i = 0; i < out->n; i++) {
        const AppDerived *d = &out->derived[i];
        json_open(t);
        json_key_text(t, "version", d->version.name);
        json_key_text(t, "digest", d->version.digest);
        json_key_int(t, "rows", d->version.rows);
        json_key_int(t, "bytes", (int64_t)d->version.bytes);
        json_key_bool(t, "unchanged", d->unchanged);
        json_key_bool(t, "was_stale", d->stale);
        json_close(t);
    }
    json_close_array(t);
    json_key_num(t, "seconds", out->wall_s);
    json_close(t);
}

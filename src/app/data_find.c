/* app/data_find.c -- datasets found by words. */
#include "app/inner.h"

Err app_data_find(Ctx *cx, House *house, const AppFindIn *in, AppFindOut *out)
{
    Lake *lake;
    LakeFind *found;
    size_t n;
    *out = (AppFindOut){ 0 };
    TRY(cx, lake_here(cx, house, PROJECT_READ, &lake));
    TRY(cx, lake_search(cx, lake, in->word, in->words_n, in->limit, &found, &n));
    out->found = ctx_scratch(cx, (n + 1) * sizeof *out->found);
    if (!out->found) return FAIL(cx, ERR_NOMEM, "%zu datasets", n);
    for (size_t i = 0; i < n; i++) {
        out->found[i] = (AppFound){ .score = found[i].score, .where = found[i].where };
        TRY(cx, lake_about_version(cx, &found[i].version, &out->found[i].version));
    }
    out->n = n;
    return OK;
}

void app_data_find_json(const AppFindOut *out, Text *t)
{
    json_open(t);
    json_key_open_array(t, "found");
    for (size_t i = 0; i < out->n; i++) {
        const AppFound *f = &out->found[i];
        json_open(t);
        json_key_text(t, "dataset", f->version.dataset);
        json_key_text(t, "version", f->version.name);
        json_key_num(t, "score", f->score);
        json_key_text(t, "where", f->where);
        json_key_text(t, "message", f->version.message);
        json_close(t);
    }
    json_close_array(t);
    json_close(t);
}

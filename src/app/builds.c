/* app/builds.c -- list, take, show and export builds. */
#include "app/inner.h"

#include "base/save.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define STEM_MAX 100

static bool wants_project(Ctx *cx, const char *ref)
{
    const Files *f = cx->world->files;
    FileInfo info;
    return f->look(f->self, ref, &info) || info.type == FILE_NONE; /* an existing path wins over a name */
}

Err build_take(Ctx *cx, House *house, const char *ref, bool parse, Loaded *out)
{
    Digest d;
    *out = (Loaded){ 0 };
    if (wants_project(cx, ref)) TRY(cx, project_open(cx, house, PROJECT_MAYBE, NULL));
    out->repo = house->project ? house->project->repo : NULL;
    TRY(cx, repo_build_find(cx, out->repo, ref, &out->ref));
    TRY(cx, repo_build_open(cx, out->repo, &out->ref, APP_BUILD_MAX, &out->bytes));
    Err err = OK;
    if (out->ref.path[0]) {
        char stem[STEM_MAX];
        data_stem(out->ref.path, stem, sizeof stem);
        snprintf(out->name, sizeof out->name, "%s", stem);
        err = hash_bytes(cx, out->bytes.at, out->bytes.n, &d);
        if (!err) digest_text(&d, out->digest);
    } else {
        snprintf(out->name, sizeof out->name, "%s@%llu", out->ref.row.name, (unsigned long long)out->ref.row.n);
        digest_text(&out->ref.row.digest, out->digest);
    }
    if (!err && parse) err = build_load(cx, out->bytes.at, out->bytes.n, &out->build);
    if (err == ERR_CORRUPT) {
        char why[CTX_TEXT_MAX];
        memcpy(why, cx->text, sizeof why);
        err = FAIL(cx, err, "build '%.150s' cannot be read: %.300s", ref, why);
    }
    if (err) build_put(cx, out);
    return err ? ctx_hop(cx, err, __FILE__, __LINE__) : OK;
}

void build_put(Ctx *cx, Loaded *l)
{
    build_free(cx, l->build);
    repo_build_close(cx, l->repo, &l->bytes);
    l->build = NULL;
}

/* ---------------------------------------------------------------------- ls */

static Err row_to_build(Ctx *cx, const BuildRow *row, AppBuild *b)
{
    char digest[SHA256_TEXT_MAX];
    digest_text(&row->digest, digest);
    *b = (AppBuild){
        .name = ctx_scratch_fmt(cx, "%s@%llu", row->name, (unsigned long long)row->n),
        .digest = ctx_scratch_text(cx, digest),
        .task = row->task,
        .target = row->target,
        .metric = row->metric,
        .run = row->run_number ? ctx_scratch_fmt(cx, "%llu", (unsigned long long)row->run_number) : NULL,
        .score = row->value,
        .se = row->se,
        .size_bytes = row->bytes,
        .made_us = row->made_us,
        .champion = row->champion,
    };
    return b->name && b->digest ? OK : FAIL(cx, ERR_NOMEM, "listing builds");
}

Err app_builds(Ctx *cx, House *house, const AppBuildsIn *in, AppBuildsOut *out)
{
    BuildRow *rows;
    size_t n;
    bool more;
    RepoSearch search = { 0 };
    *out = (AppBuildsOut){ 0 };
    if (in->search) search = repo_search_of(in->search);
    search.model = in->model;
    TRY(cx, project_open(cx, house, PROJECT_READ, NULL));
    TRY(cx, repo_search_builds(cx, house->project->repo, &search, &rows, &n, &more));
    AppBuild *list = ctx_scratch(cx, (n + 1) * sizeof *list);
    if (!list) return FAIL(cx, ERR_NOMEM, "listing %zu builds", n);
    for (size_t i = 0; i < n; i++) TRY(cx, row_to_build(cx, &rows[i], &list[i]));
    *out = (AppBuildsOut){ list, n, more };
    return OK;
}

static void about_json(const AppBuild *b, Text *t)
{
    json_key_text(t, "build", b->name);
    json_key_text(t, "digest", b->digest);
    json_key_text(t, "task", b->task);
    json_key_text(t, "target", b->target);
    json_key_open(t, "metric");
    json_key_text(t, "name", b->metric);
    json_key_num(t, "value", b->score);
    json_key_num(t, "se", b->se);
    json_close(t);
    json_key_int(t, "size_bytes", (int64_t)b->size_bytes);
    json_key_text(t, "run", b->run);
    if (b->made_us) json_key_int(t, "made_us", b->made_us);
    json_key_bool(t, "champion", b->champion);
}

void app_builds_json(const AppBuildsOut *out, Text *t)
{
    json_open(t);
    json_key_open_array(t, "builds");
    for (size_t i = 0; i < out->n; i++) {
        json_open(t);
        about_json(&out->build[i], t);
        json_close(t);
    }
    json_close_array(t);
    json_close(t);
}

/* -------------------------------------------------------------------- show */

static Err show_members(Ctx *cx, const Build *b, AppBuildOut *out)
{
    out->member = ctx_scratch(cx, (b->members_n + 1) * sizeof *out->member);
    if (!out->member) return FAIL(cx, ERR_NOMEM, "showing a build");
    out->members_n = b->members_n;
    for (uint32_t i = 0; i < b->members_n; i++) {
        const Member *m = &b->member[i];
        out->member[i] = (AppMember){ ctx_scratch_text(cx, m->learner), ctx_scratch_text(cx, m->params), m->weight,
                                      m->trial, m->parts_n };
        if (!out->member[i].learner || !out->member[i].params) return FAIL(cx, ERR_NOMEM, "showing a build");
    }
    return OK;
}

static Err show_columns(Ctx *cx, const Build *b, AppBuildOut *out)
{
    const char **name = ctx_scratch(cx, (b->schema->n + 1) * sizeof *name),
               **type = ctx_scratch(cx, (b->schema->n + 1) * sizeof *type);
    const char **class_name = ctx_scratch(cx, ((size_t)b->classes + 1) * sizeof *class_name);
    if (!name || !type || !class_name) return FAIL(cx, ERR_NOMEM, "showing a build");
    for (size_t i = 0; i < b->schema->n; i++) {
        name[i] = ctx_scratch_text(cx, b->schema->col[i].name);
        type[i] = column_type_word(b->schema->col[i].type);
        if (!name[i]) return FAIL(cx, ERR_NOMEM, "showing a build");
    }
    for (uint32_t i = 0; i < b->classes; i++)
        if (!(class_name[i] = ctx_scratch_text(cx, b->class_name[i])))
            return FAIL(cx, ERR_NOMEM, "showing a build");
    out->column = name;
    out->column_type = type;
    out->columns_n = b->schema->n;
    out->class_name = class_name;
    out->classes_n = b->classes;
    return OK;
}

/* A build file from elsewhere knows its scores only by its facts. */
static void about_from_facts(Ctx *cx, const Loaded *l, AppBuild *b)
{
    yyjson_doc *doc = l->build->facts ? yyjson_read(l->build->facts, strlen(l->build->facts), 0) : NULL;
    yyjson_val *root = yyjson_doc_get_root(doc), *metric = yyjson_obj_get(root, "metric");
    *b = (AppBuild){ .name = ctx_scratch_text(cx, l->name),
                     .digest = ctx_scratch_text(cx, l->digest),
                     .task = task_word(l->build->task),
                     .target = ctx_scratch_text(cx, l->build->target),
                     .metric = "",
                     .score = NAN,
                     .se = NAN,
                     .size_bytes = l->bytes.n };
    if (yyjson_is_str(metric)) b->metric = get_text(cx, root, "metric");
    else if (metric) b->metric = get_text(cx, metric, "name");
    yyjson_val *where = yyjson_is_obj(metric) ? metric : root;
    b->score = get_num(where, yyjson_obj_get(where, "value") ? "value" : "score");
    b->se = get_num(where, "se");
    yyjson_doc_free(doc);
}

Err app_build_show(Ctx *cx, House *house, const AppBuildIn *in, AppBuildOut *out)
{
    Loaded l;
    Text steps;
    Err err = OK;
    *out = (AppBuildOut){ 0 };
    TRY(cx, build_take(cx, house, in->build, true, &l));
    text_init(&steps, cx);
    if (l.ref.path[0]) about_from_facts(cx, &l, &out->about);
    else TRY_DONE(cx, row_to_build(cx, &l.ref.row, &out->about));
    TRY_DONE(cx, show_members(cx, l.build, out));
    TRY_DONE(cx, show_columns(cx, l.build, out));
    TRY_DONE(cx, steps_describe(cx, l.build->steps, l.build->schema, &steps));
    TRY_DONE(cx, text_err(&steps));
    out->steps_json = ctx_scratch_text(cx, steps.at ? steps.at : "[]");
    out->facts_json = ctx_scratch_text(cx, l.build->facts ? l.build->facts : "{}");
    out->features_n = steps_features(l.build->steps);
    out->threshold = task_is_pair(l.build->task) ? l.build->threshold : NAN;
    if (!out->steps_json || !out->facts_json || !out->about.name)
        err = FAIL(cx, ERR_NOMEM, "showing build '%s'", in->build);
done:
    text_clear(&steps);
    build_put(cx, &l);
    if (err) *out = (AppBuildOut){ 0 };
    return err;
}

void app_build_show_json(const AppBuildOut *out, Text *t)
{
    json_open(t);
    about_json(&out->about, t);
    json_texts(t, "classes", out->class_name, out->classes_n);
    json_key_num(t, "threshold", out->threshold);
    json_key_open_array(t, "columns");
    for (size_t i = 0; i < out->columns_n; i++) {
        json_open(t);
        json_key_text(t, "name", out->column[i]);
        json_key_text(t, "type", out->column_type[i]);
        json_close(t);
    }
    json_close_array(t);
    json_key_open_array(t, "members");
    for (size_t i = 0; i < out->members_n; i++) {
        const AppMember *m = &out->member[i];
        json_open(t);
        json_key_text(t, "learner", m->learner);
        json_key_num(t, "weight", m->weight);
        json_key_int(t, "trial", m->trial);
        json_key_int(t, "models", m->parts);
        json_key_raw(t, "params", m->params[0] ? m->params : "{}");
        json_close(t);
    }
    json_close_array(t);
    json_key_int(t, "features", (int64_t)out->features_n);
    json_key_raw(t, "steps", out->steps_json);
    json_key_raw(t, "facts", out->facts_json);
    json_close(t);
}

/* ------------------------------------------------------------------ export */

static const char *const formats[] = { "onnx", "c", "json", "leat" };      /* in the order of ExportFormat; then as it is */

static Err format_of(Ctx *cx, const AppExportIn *in, size_t *format)
{
    const char *dot = strrchr(in->out, '.');
    const char *word = in->format ? in->format : dot ? dot + 1 : "";
    for (*format = 0; *format < sizeof formats / sizeof *formats; ++*format)
        if (!strcmp(word, formats[*format])) return OK;
    return FAIL(cx, ERR_BAD_INPUT, "'%.200s' does not end in .leat, .onnx, .c or .json: name the file like model.leat, or say --onnx or --c", in->out);
}

Err app_build_export(Ctx *cx, House *house, const AppExportIn *in, AppExportOut *out)
{
    Loaded l;
    Text t;
    Err err = OK;
    size_t format;
    *out = (AppExportOut){ 0 };
    TRY(cx, format_of(cx, in, &format));
    if (strlen(in->out) >= SAVE_PATH_MAX)
        return FAIL(cx, ERR_LIMIT, "the path '%.60s…' is longer than %d bytes", in->out, SAVE_PATH_MAX - 1);
    text_init(&t, cx);
    TRY(cx, build_take(cx, house, in->build, format < EXPORT_FORMATS_N, &l));
    if (format < EXPORT_FORMATS_N) TRY_DONE(cx, export_build(cx, l.build, (ExportFormat)format, &t));
    size_t n = t.at ? t.n : l.bytes.n;
    TRY_DONE(cx, save_whole(cx, in->out, t.at ? t.at : l.bytes.at, n));
    *out = (AppExportOut){ ctx_scratch_text(cx, l.name), ctx_scratch_text(cx, l.digest), in->out, formats[format], n };
    if (!out->build || !out->digest) err = FAIL(cx, ERR_NOMEM, "after writing '%s'", in->out);
done:
    text_clear(&t);
    build_put(cx, &l);
    if (err) *out = (AppExportOut){ 0 };
    return err;
}

void app_build_export_json(const AppExportOut *out, Text *t)
{
    json_open(t);
    json_key_text(t, "build", out->build);
    json_key_text(t, "digest", out->digest);
    json_key_text(t, "file", out->out);
    json_key_text(t, "format", out->format);
    json_key_int(t, "size_bytes", (int64_t)out->size_bytes);
    json_close(t);
}

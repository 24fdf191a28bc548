/* app/tell.c -- what a run says of itself: `leat param`, `metric`, `tag`, `artifact`, `note`, from any process. */
#include "app/inner.h"

#include "base/save.h"
#include "base/secret.h"
#include "os/os.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FROM_MAX ((size_t)256 << 20)       /* bytes of a file of points */
#define TEXT_MAX ((size_t)64 << 20)        /* of a text artifact that is looked through for secrets */
#define FOUND_MAX ((size_t)256 << 10)      /* of its text that is found by search */

extern char **environ;

static void out_of(Ctx *cx, const RunRow *run, uint64_t n, AppToldOut *out)
{
    *out = (AppToldOut){ .run = ctx_scratch_fmt(cx, "%llu", (unsigned long long)run->number), .n = n };
}

void app_told_json(const AppToldOut *out, Text *t)
{
    json_open(t);
    json_key_text(t, "run", out->run);
    json_key_int(t, "n", (int64_t)out->n);
    if (out->digest) json_key_text(t, "digest", out->digest);
    json_close(t);
}

/* ------------------------------------------------------------------- pairs */

/* NAME=VALUE words, or two words NAME VALUE. */
static Err read_pairs(Ctx *cx, const char *what, const AppWordsIn *in, RepoPair **out, size_t *n)
{
    RepoPair *pair = ctx_scratch(cx, (in->n + 1) * sizeof *pair);
    *n = 0;
    *out = pair;
    if (!pair) return FAIL(cx, ERR_NOMEM, "reading %ss", what);
    if (in->n == 2 && !strchr(in->word[0], '=')) {
        pair[(*n)++] = (RepoPair){ in->word[0], in->word[1] };
        return OK;
    }
    for (size_t i = 0; i < in->n; i++) {
        const char *eq = strchr(in->word[i], '=');
        if (!eq || eq == in->word[i])
            return FAIL(cx, ERR_USAGE, "'%.100s' gives no %s: write NAME=VALUE, or NAME VALUE for one", in->word[i], what);
        char *key = ctx_scratch(cx, (size_t)(eq - in->word[i]) + 1);
        if (!key) return FAIL(cx, ERR_NOMEM, "reading %ss", what);
        memcpy(key, in->word[i], (size_t)(eq - in->word[i]));
        pair[(*n)++] = (RepoPair){ key, eq + 1 };
    }
    return OK;
}

/* A secret in a value is taken out; one whose name says that it is a secret goes as a whole. */
static Err scrub_pairs(Ctx *cx, RepoPair *pair, size_t n)
{
    Secrets *known = NULL;
    Err err = OK;
    TRY(cx, secret_know(cx, environ, &known));
    for (size_t i = 0; i < n && !err; i++) {
        Text t;
        if (!pair[i].value) continue;
        text_init(&t, cx);
        if (secret_name(pair[i].key, strlen(pair[i].key)) && *pair[i].value) text_put(&t, SECRET_MASK);
        else err = secret_scrub(cx, known, pair[i].value, strlen(pair[i].value), &t, NULL);
        pair[i].value = err ? NULL : ctx_scratch_text(cx, t.at ? t.at : "");
        text_clear(&t);
        if (!err && !pair[i].value) err = FAIL(cx, ERR_NOMEM, "reading values");
    }
    secret_forget(cx, known);
    return err;
}

Err app_tell_params(Ctx *cx, House *house, const AppWordsIn *in, AppToldOut *out)
{
    RunRow run;
    RepoPair *pair;
    size_t n;
    *out = (AppToldOut){ 0 };
    TRY(cx, read_pairs(cx, "param", in, &pair, &n));
    TRY(cx, scrub_pairs(cx, pair, n));
    TRY(cx, run_take(cx, house, in->run, PROJECT_WRITE, &run));
    TRY(cx, repo_log_params(cx, house->project->repo, run.id, pair, n));
    out_of(cx, &run, n, out);
    return OK;
}

Err app_tell_tags(Ctx *cx, House *house, const AppWordsIn *in, AppToldOut *out)
{
    RunRow run;
    RepoPair *pair;
    size_t n;
    *out = (AppToldOut){ 0 };
    TRY(cx, read_pairs(cx, "tag", in, &pair, &n));
    TRY(cx, scrub_pairs(cx, pair, n));
    for (size_t i = 0; i < n; i++)
        if (!*pair[i].value) pair[i].value = NULL;
    TRY(cx, run_take(cx, house, in->run, PROJECT_WRITE, &run));
    TRY(cx, repo_log_tags(cx, house->project->repo, run.id, pair, n));
    out_of(cx, &run, n, out);
    return OK;
}

/* ----------------------------------------------------------------- metrics */

static Err read_number(Ctx *cx, const char *key, const char *text, size_t n, double *out)
{
    if (num_read(text, n, out)) return OK;
    if (n == 3 && (text[0] | 32) == 'n' && (text[1] | 32) == 'a' && (text[2] | 32) == 'n') {
        *out = NAN;
        return OK;
    }
    return FAIL(cx, ERR_BAD_INPUT, "'%.*s' is no value for metric '%.80s': it takes a number, also nan and inf; words are params",
                (int)(n < 60 ? n : 60), text, key);
}

typedef struct Points { MetricIn *at; size_t n, cap; } Points;

static Err add_point(Ctx *cx, Points *p, MetricIn in)
{
    if (p->n == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 1024;
        MetricIn *more = ctx_grow(cx, p->at, cap, sizeof *more);
        if (!more) return FAIL(cx, ERR_NOMEM, "reading points of metrics");
        p->at = more;
        p->cap = cap;
    }
    p->at[p->n++] = in;
    return OK;
}

/* "loss 0.25 [step [milliseconds]]" */
static Err words_point(Ctx *cx, const char *line, size_t n, size_t number, int64_t now_us, MetricIn *out)
{
    const char *word[4];
    size_t size[4], words = 0, i = 0;
    double step = 0, ms;
    for (;;) {
        while (i < n && strchr(" \t\r,", line[i])) i++;
        if (i == n) break;
        if (words == 4) return FAIL(cx, ERR_BAD_INPUT, "line %zu has more than NAME VALUE STEP TIME: '%.*s'", number, (int)(n < 80 ? n : 80), line);
        word[words] = line + i;
        while (i < n && !strchr(" \t\r,", line[i])) i++;
        size[words] = (size_t)(line + i - word[words]);
        words++;
    }
    if (words < 2) return FAIL(cx, ERR_BAD_INPUT, "line %zu has no NAME VALUE: '%.*s'", number, (int)(n < 80 ? n : 80), line);
    char *key = ctx_scratch(cx, size[0] + 1);
    if (!key) return FAIL(cx, ERR_NOMEM, "reading points of metrics");
    memcpy(key, word[0], size[0]);
    *out = (MetricIn){ .key = key, .point = { .time_us = now_us } };
    TRY(cx, read_number(cx, key, word[1], size[1], &out->point.value));
    if (words > 2 && (!num_read(word[2], size[2], &step) || step != floor(step) || fabs(step) > 9e15))
        return FAIL(cx, ERR_BAD_INPUT, "line %zu: '%.*s' is no step: it takes a whole number", number, (int)(size[2] < 40 ? size[2] : 40), word[2]);
    if (words > 3 && (!num_read(word[3], size[3], &ms) || fabs(ms) > 9e15))
        return FAIL(cx, ERR_BAD_INPUT, "line %zu: '%.*s' is no time: it takes milliseconds since 1970", number, (int)(size[3] < 40 ? size[3] : 40), word[3]);
    out->point.step = (int64_t)step;
    if (words > 3) out->point.time_us = (int64_t)(ms * 1000);
    return OK;
}

/* {"key": "loss", "value": 0.25, "step": 3, "timestamp": 1700000000000}: as MLflow writes a metric */
static Err json_point(Ctx *cx, const char *line, size_t n, size_t number, int64_t now_us, MetricIn *out)
{
    yyjson_doc *doc = yyjson_read(line, n, 0);
    yyjson_val *o = yyjson_doc_get_root(doc), *v = yyjson_obj_get(o, "value"), *ms = yyjson_obj_get(o, "timestamp");
    const char *key = yyjson_get_str(yyjson_obj_get(o, "key")), *text = yyjson_get_str(v);
    Err err = OK;
    *out = (MetricIn){ .point = { .time_us = now_us, .step = yyjson_get_sint(yyjson_obj_get(o, "step")) } };
    if (!key || !v) err = FAIL(cx, ERR_BAD_INPUT, "line %zu is no JSON object with \"key\" and \"value\": '%.*s'", number, (int)(n < 80 ? n : 80), line);
    else if (yyjson_is_num(v)) out->point.value = yyjson_get_num(v);
    else err = read_number(cx, key, text ? text : "", text ? strlen(text) : 0, &out->point.value);
    if (!err && yyjson_is_num(ms)) out->point.time_us = (int64_t)(yyjson_get_num(ms) * 1000);
    if (!err && !(out->key = ctx_scratch_text(cx, key))) err = FAIL(cx, ERR_NOMEM, "reading points of metrics");
    yyjson_doc_free(doc);
    return err;
}

static Err read_whole(Ctx *cx, const char *path, char **text, size_t *n)
{
    Text t;
    char buf[65536];
    if (strcmp(path, "-")) {
        TRY(cx, save_read(cx, path, FROM_MAX, text, n));
        return OK;
    }
    text_init(&t, cx);
    for (;;) {
        size_t got = 0;
        Err err = os_fd_read(cx, 0, buf, sizeof buf, &got);
        if (!err && t.n + got > FROM_MAX) err = FAIL(cx, ERR_LIMIT, "standard input has more than %zu bytes of points", FROM_MAX);
        if (!err) text_bytes(&t, buf, got);
        if (!err) err = text_err(&t);
        if (err) text_clear(&t);
        TRY(cx, err);
        if (!got) break;
    }
    *n = t.n;
    *text = text_take(&t);
    return OK;
}

static Err read_lines(Ctx *cx, const char *path, int64_t now_us, Points *p)
{
    char *text = NULL;
    size_t n = 0, number = 0;
    Err err = OK;
    TRY(cx, read_whole(cx, path, &text, &n));
    const char *before = NULL;
    for (const char *at = text, *end = text + n; at && at < end && !err;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t size = stop ? (size_t)(stop - at) : (size_t)(end - at), blank = strspn(at, " \t\r\n");
        MetricIn in;
        number++;
        if (blank < size && at[blank] != '#') {
            err = at[blank] == '{' ? json_point(cx, at, size, number, now_us, &in) : words_point(cx, at, size, number, now_us, &in);
            if (!err && before && !strcmp(before, in.key)) in.key = before;        /* compared faster */
            if (!err) before = in.key;
            if (!err) err = add_point(cx, p, in);
        }
        at += size + 1;
    }
    ctx_put(cx, text);
    return err;
}

Err app_tell_metrics(Ctx *cx, House *house, const AppMetricsIn *in, AppToldOut *out)
{
    RunRow run;
    RepoPair *pair = NULL;
    Points p = { 0 };
    size_t n = 0;
    Err err = OK;
    int64_t now_us = in->time_ms ? in->time_ms * 1000 : cx->world->clock->now_us(cx->world->clock->self);
    *out = (AppToldOut){ 0 };
    if (!in->words.n && !in->from) return FAIL(cx, ERR_USAGE, "no metric given: write NAME=VALUE, or --from FILE for many");
    if (in->words.n) TRY(cx, read_pairs(cx, "metric", &in->words, &pair, &n));
    for (size_t i = 0; i < n; i++) {
        MetricIn m = { .key = pair[i].key, .point = { .time_us = now_us, .step = in->step } };
        TRY_DONE(cx, read_number(cx, m.key, pair[i].value, strlen(pair[i].value), &m.point.value));
        TRY_DONE(cx, add_point(cx, &p, m));
    }
    if (in->from) TRY_DONE(cx, read_lines(cx, in->from, now_us, &p));
    TRY_DONE(cx, run_take(cx, house, in->words.run, PROJECT_WRITE, &run));
    TRY_DONE(cx, repo_log_metrics(cx, house->project->repo, run.id, p.at, p.n));
    out_of(cx, &run, p.n, out);
done:
    ctx_put(cx, p.at);
    return err;
}

Err app_metric_history(Ctx *cx, House *house, const AppHistoryIn *in, AppHistoryOut *out)
{
    RunRow run;
    MetricPoint *at;
    size_t n;
    *out = (AppHistoryOut){ 0 };
    TRY(cx, run_take(cx, house, in->run, PROJECT_READ, &run));
    TRY(cx, repo_metric_history(cx, house->project->repo, run.id, in->metric, &at, &n));
    out->point = ctx_scratch(cx, (n + 1) * sizeof *out->point);
    for (size_t i = 0; out->point && i < n; i++) out->point[i] = (AppPoint){ at[i].step, at[i].time_us, at[i].value };
    ctx_put(cx, at);
    if (!out->point) return FAIL(cx, ERR_NOMEM, "reading metric '%s'", in->metric);
    out->n = n;
    if (n) return OK;
    return FAIL(cx, ERR_NOT_FOUND, "run %llu has no metric '%.100s'; 'leat runs show %llu' lists what it has",
                (unsigned long long)run.number, in->metric, (unsigned long long)run.number);
}

void app_metric_history_json(const AppHistoryOut *out, Text *t)
{
    json_open(t);
    json_key_open_array(t, "points");
    for (size_t i = 0; i < out->n; i++) {
        json_open(t);
        json_key_int(t, "step", out->point[i].step);
        json_key_int(t, "time_us", out->point[i].time_us);
        if (isfinite(out->point[i].value)) json_key_num(t, "value", out->point[i].value);
        else json_key_text(t, "value", isnan(out->point[i].value) ? "NaN" : out->point[i].value > 0 ? "Infinity" : "-Infinity");
        json_close(t);
    }
    json_close_array(t);
    json_close(t);
}

/* --------------------------------------------------------------- artifacts */

const char *media_of(const char *path)
{
    static const struct { const char *end, *media; } known[] = {
        { ".txt", "text/plain" }, { ".log", "text/plain" }, { ".md", "text/markdown" }, { ".csv", "text/csv" }, { ".json", "application/json" },
        { ".yaml", "application/yaml" }, { ".yml", "application/yaml" }, { ".html", "text/html" }, { ".py", "text/x-python" },
        { ".r", "text/x-r" }, { ".R", "text/x-r" }, { ".sql", "application/sql" }, { ".diff", "text/x-diff" }, { ".patch", "text/x-diff" },
        { ".png", "image/png" }, { ".jpg", "image/jpeg" }, { ".svg", "image/svg+xml" }, { ".pdf", "application/pdf" },
        { ".parquet", "application/vnd.apache.parquet" }, { ".onnx", "application/onnx" }, { ".leat", "application/x-leat-build" } };
    const char *dot = strrchr(path, '.');
    for (size_t i = 0; dot && i < sizeof known / sizeof *known; i++)
        if (!strcmp(dot, known[i].end)) return known[i].media;
    return "application/octet-stream";
}

/* Text as people mean it: UTF-8 without NUL. */
static bool is_text(const char *p, size_t n)
{
    return !memchr(p, 0, n) && text_utf8_ok(p, n);
}

typedef struct Keeping { Ctx *cx; Repo *repo; const char *id; const Secrets *known; bool scrub, leave_out; uint64_t n; Digest last; } Keeping;

static Err keep_text(Keeping *k, const char *path, const char *name, const char *text, size_t n)
{
    Ctx *cx = k->cx;
    Text clean;
    size_t found = 0;
    Err err = OK;
    text_init(&clean, cx);
    TRY_DONE(cx, secret_scrub(cx, k->known, text, n, &clean, &found));
    if (found && !k->scrub) {
        if (!k->leave_out)
            err = FAIL(cx, ERR_REFUSED, "'%.200s' holds what looks like a secret (%zu places), and secrets are never kept: take them out, "
                       "or give --scrub to keep it with %s in their place", path, found, SECRET_MASK);
        else ctx_warn(cx, "'%.200s' is not kept: it holds what looks like a secret (%zu places)", path, found);
        goto done;
    }
    const char *at = found ? clean.at : text;
    size_t size = found ? clean.n : n, shown = size < FOUND_MAX ? size : FOUND_MAX;
    while (shown < size && shown && ((unsigned char)at[shown] & 0xC0) == 0x80) shown--;
    char *search = ctx_get(cx, shown + 1);
    if (!search) {
        err = FAIL(cx, ERR_NOMEM, "keeping '%s'", path);
        goto done;
    }
    memcpy(search, at, shown);
    const ArtifactIn in = { .name = name, .media = media_of(path), .bytes = at, .bytes_n = size, .text = search };
    err = repo_log_artifact(cx, k->repo, k->id, &in, &k->last);
    ctx_put(cx, search);
    k->n += !err;
done:
    text_clear(&clean);
    return err;
}

static Err keep_file(Keeping *k, const char *path, const char *name, const FileInfo *info)
{
    Ctx *cx = k->cx;
    char *text = NULL;
    size_t n = 0;
    if (secret_file(path)) {
        if (k->leave_out) {
            ctx_warn(cx, "'%.200s' is not kept: a file of that name holds credentials", path);
            return OK;
        }
        return FAIL(cx, ERR_REFUSED, "'%.200s' is not kept: a file of that name holds credentials, and secrets are never kept", path);
    }
    if (info->size <= TEXT_MAX) {
        TRY(cx, save_read(cx, path, TEXT_MAX, &text, &n));
        bool readable = is_text(text, n);
        Err err = readable ? keep_text(k, path, name, text, n) : OK;
        ctx_put(cx, text);
        if (readable) return err;
    }
    const ArtifactIn in = { .name = name, .media = media_of(path), .path = path };
    TRY(cx, repo_log_artifact(cx, k->repo, k->id, &in, &k->last));
    k->n++;
    return OK;
}

typedef struct Names { Ctx *cx; const char **at; size_t n, cap; } Names;

static Err note_name(void *arg, const char *name)
{
    Names *l = arg;
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 64;
        const char **more = ctx_scratch(l->cx, cap * sizeof *more);
        if (!more) return ERR_NOMEM;
        if (l->n) memcpy(more, l->at, l->n * sizeof *more);
        l->at = more;
        l->cap = cap;
    }
    l->at[l->n] = ctx_scratch_text(l->cx, name);
    return l->at[l->n++] ? OK : ERR_NOMEM;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

#define FOLDER_DEPTH_MAX 64

static Err keep_path(Keeping *k, const char *path, const char *name, int depth)
{
    Ctx *cx = k->cx;
    const Files *f = cx->world->files;
    FileInfo info;
    Names names = { .cx = cx };
    Err err = f->look(f->self, path, &info);
    if (err) return FAIL(cx, err, "looking at '%s'", path);
    if (info.type == FILE_NONE) return FAIL(cx, ERR_NOT_FOUND, "no file '%s' to keep", path);
    if (info.type == FILE_OTHER) return FAIL(cx, ERR_BAD_INPUT, "'%s' is neither a file nor a folder", path);
    if (info.type == FILE_PLAIN) {
        TRY(cx, keep_file(k, path, name, &info));
        return OK;
    }
    if (depth == FOLDER_DEPTH_MAX) return FAIL(cx, ERR_LIMIT, "folders within '%s' are nested deeper than %d", path, FOLDER_DEPTH_MAX);
    err = f->list(f->self, path, note_name, &names);
    if (err) return FAIL(cx, err, "reading the folder '%s'", path);
    if (names.n) qsort(names.at, names.n, sizeof *names.at, by_name);
    for (size_t i = 0; i < names.n; i++) {
        const char *inner = ctx_scratch_fmt(cx, "%s/%s", path, names.at[i]), *as = ctx_scratch_fmt(cx, "%s/%s", name, names.at[i]);
        if (!inner || !as) return FAIL(cx, ERR_NOMEM, "keeping '%s'", path);
        if (!strcmp(names.at[i], ".leat") || !strcmp(names.at[i], ".git")) continue;
        TRY(cx, keep_path(k, inner, as, depth + 1));
    }
    return OK;
}

/* What an artifact is called when nobody says: its path as given where it is plain, else its last part. */
static const char *plain_name(Ctx *cx, const char *path)
{
    const char *name = path;
    while (!strncmp(name, "./", 2)) name += 2;
    size_t n = strlen(name);
    if (*name == '/' || strstr(name, "..") || strstr(name, "//")) {
        const char *slash = strrchr(path, '/');
        name = slash && slash[1] ? slash + 1 : "artifact";
        n = strlen(name);
    }
    char *copy = ctx_scratch_text(cx, name);
    while (copy && n && copy[n - 1] == '/') copy[--n] = 0;
    return copy && !n ? "files" : copy;
}

Err keep_artifact(Ctx *cx, Repo *repo, const char *id, const Secrets *known, const char *path, const char *name, bool scrub,
                  bool leave_out, uint64_t *n, Digest *digest)
{
    Keeping k = { .cx = cx, .repo = repo, .id = id, .known = known, .scrub = scrub, .leave_out = leave_out };
    if (!name) name = plain_name(cx, path);
    if (!name) return FAIL(cx, ERR_NOMEM, "keeping '%s'", path);
    TRY(cx, keep_path(&k, path, name, 0));
    *n += k.n;
    *digest = k.last;
    return OK;
}

Err app_tell_artifact(Ctx *cx, House *house, const AppArtifactIn *in, AppToldOut *out)
{
    RunRow run;
    Secrets *known = NULL;
    Digest digest = { { 0 } };
    char hex[SHA256_TEXT_MAX];
    uint64_t n = 0;
    *out = (AppToldOut){ 0 };
    TRY(cx, run_take(cx, house, in->run, PROJECT_WRITE, &run));
    TRY(cx, secret_know(cx, environ, &known));
    Err err = keep_artifact(cx, house->project->repo, run.id, known, in->path, in->name, in->scrub, false, &n, &digest);
    secret_forget(cx, known);
    TRY(cx, err);
    out_of(cx, &run, n, out);
    digest_text(&digest, hex);
    if (n == 1) out->digest = ctx_scratch_text(cx, hex);
    return OK;
}

Err app_artifact_get(Ctx *cx, House *house, const AppArtifactGetIn *in, AppArtifact *out)
{
    RunRow run;
    RunFull full;
    const ArtifactRow *a = NULL;
    char hex[SHA256_TEXT_MAX];
    *out = (AppArtifact){ 0 };
    TRY(cx, run_take(cx, house, in->run, PROJECT_READ, &run));
    Repo *repo = house->project->repo;
    TRY(cx, repo_run_full(cx, repo, run.id, &full));
    const char **names = ctx_scratch(cx, (full.artifacts_n + 1) * sizeof *names);
    if (!names) return FAIL(cx, ERR_NOMEM, "looking for artifact '%s'", in->name);
    for (size_t i = 0; i < full.artifacts_n; i++) {
        names[i] = full.artifact[i].name;
        if (!strcmp(names[i], in->name)) a = &full.artifact[i];
    }
    if (!a) {
        const char *near = text_nearest(in->name, names, full.artifacts_n);
        if (near) return FAIL(cx, ERR_NOT_FOUND, "run %llu has no artifact '%.100s'; did you mean '%s'?", (unsigned long long)run.number, in->name, near);
        return FAIL(cx, ERR_NOT_FOUND, "run %llu has no artifact '%.100s'; 'leat runs show %llu' lists them", (unsigned long long)run.number,
                    in->name, (unsigned long long)run.number);
    }
    digest_text(&a->digest, hex);
    *out = (AppArtifact){ a->name, a->media, ctx_scratch_text(cx, hex), a->bytes };
    if (in->out) {
        TRY(cx, store_get_file(cx, repo_store(repo), &a->digest, in->out));
        return OK;
    }
    void *bytes = NULL;
    size_t n = 0;
    TRY(cx, store_get(cx, repo_store(repo), &a->digest, (size_t)1 << 31, &bytes, &n));
    Err err = os_fd_write(cx, in->fd, bytes, n);
    ctx_put(cx, bytes);
    return err;
}

/* ------------------------------------------------------------------- notes */

Err app_note(Ctx *cx, House *house, const AppNoteIn *in, AppToldOut *out)
{
    RunRow run;
    RepoPair pair = { "note", in->text };
    *out = (AppToldOut){ 0 };
    TRY(cx, scrub_pairs(cx, &pair, 1));
    if (in->build) {
        BuildRef ref;
        TRY(cx, project_open(cx, house, PROJECT_WRITE, NULL));
        TRY(cx, repo_build_find(cx, house->project->repo, in->build, &ref));
        if (ref.path[0]) return FAIL(cx, ERR_BAD_INPUT, "'%.200s' is a file: notes are about builds of this project", in->build);
        const char *name = ctx_scratch_fmt(cx, "%s@%llu", ref.row.name, (unsigned long long)ref.row.n);
        if (!name) return FAIL(cx, ERR_NOMEM, "noting");
        TRY(cx, repo_note(cx, house->project->repo, REPO_NOTE_BUILD, name, pair.value));
        *out = (AppToldOut){ .run = name, .n = 1 };
        return OK;
    }
    TRY(cx, run_take(cx, house, in->run, PROJECT_WRITE, &run));
    TRY(cx, repo_note(cx, house->project->repo, REPO_NOTE_RUN, run.id, pair.value));
    out_of(cx, &run, 1, out);
    return OK;
}

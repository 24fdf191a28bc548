/* app/reproduce.c -- `build reproduce`: train a build again from its own record, and compare the bytes.
**
** The facts of a build hold what was decided, by the person and by the clock (auto/replay.h), and the digest of the data.
** Where the data lies is known to the project's run, or said with --data.
*/
#include "app/record.h"

#include "os/os.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Again {             /* everything to be let go of at the end */
    Loaded l;
    DataBack back;
    Table *table;
    yyjson_doc *facts;
    yyjson_val *options, *source;
    char *source_json;             /* malloc'ed by yyjson */
    AutoOut made;
    Text bytes;
    Ear ear;
} Again;

static void again_clear(Ctx *cx, Again *w)
{
    ear_off(&w->ear);
    auto_out_clear(cx, &w->made);
    text_clear(&w->bytes);
    table_free(cx, w->table);
    data_back_end(cx, &w->back);
    free(w->source_json);
    yyjson_doc_free(w->facts);
    build_put(cx, &w->l);
}

/* Texts of an array, as scratch; an absent one has none. */
static Err words_of(Ctx *cx, yyjson_val *o, const char *key, const char *const **out, size_t *n)
{
    yyjson_val *list = yyjson_obj_get(o, key), *v;
    size_t i, all;
    const char **word = ctx_scratch(cx, (yyjson_arr_size(list) + 1) * sizeof *word);
    if (!word) return FAIL(cx, ERR_NOMEM, "reading a build's record");
    *n = 0;
    yyjson_arr_foreach(list, i, all, v)
    {
        if (!yyjson_is_str(v)) continue;
        if (!(word[*n] = ctx_scratch_text(cx, yyjson_get_str(v)))) return FAIL(cx, ERR_NOMEM, "reading a build's record");
        ++*n;
    }
    *out = word;
    return OK;
}

static const char *word_of(yyjson_val *o, const char *key)
{
    return yyjson_get_str(yyjson_obj_get(o, key));
}

/* ---------------------------------------------------------------- the record */

static Err read_record(Ctx *cx, Again *w)
{
    const Build *b = w->l.build;
    w->facts = b->facts ? yyjson_read(b->facts, strlen(b->facts), 0) : NULL;
    yyjson_val *root = yyjson_doc_get_root(w->facts);
    w->options = yyjson_obj_get(root, "options");
    w->source = yyjson_obj_get(root, "source");
    if (!w->options || !word_of(w->source, "data") || !word_of(root, "seed") || !word_of(root, "metric"))
        return FAIL(cx, ERR_BAD_INPUT, "build '%.150s' has no record of how it was made (an earlier version made it): train it anew with 'leat auto'", w->l.name);
    w->source_json = yyjson_val_write(w->source, 0, NULL);
    return w->source_json ? OK : FAIL(cx, ERR_NOMEM, "reading the record of '%s'", w->l.name);
}

/* ------------------------------------------------------------------ the data */

static Err other_data(Ctx *cx, const Again *w, const char *path, const char *found)
{
    return FAIL(cx, ERR_BAD_INPUT, "'%.150s' is not what build '%.100s' was trained on: its SHA-256 is %.16s…, and %.16s… is wanted; name the "
                "unchanged file with --data", path, w->l.name, found, word_of(w->source, "data"));
}

static Err given_data(Ctx *cx, const AppReproduceIn *in, Again *w, const char **path)
{
    DataBytes bytes;
    char hex[SHA256_TEXT_MAX];
    if (!w->l.repo && strpbrk(in->data, "*?["))
        return FAIL(cx, ERR_BAD_INPUT, "'%.150s' stands for many files, whose list is kept in a project: go to the one the build was made in", in->data);
    TRY(cx, data_bytes(cx, w->l.repo ? repo_store(w->l.repo) : NULL, in->data, false, &bytes));
    digest_text(&bytes.digest, hex);
    *path = in->data;
    return strcmp(hex, word_of(w->source, "data")) ? other_data(cx, w, in->data, hex) : OK;
}

static Err known_data(Ctx *cx, Again *w, const char **path)
{
    RunRow run;
    char hex[SHA256_TEXT_MAX];
    if (!w->l.repo || w->l.ref.path[0] || !w->l.ref.row.run[0])
        return FAIL(cx, ERR_NOT_FOUND, "'%.150s' does not know here where the rows it was trained on lie: name the file with --data", w->l.name);
    TRY(cx, repo_run_find(cx, w->l.repo, w->l.ref.row.run, &run));
    digest_text(&run.data, hex);
    if (strcmp(hex, word_of(w->source, "data"))) return other_data(cx, w, run.data_path, hex);
    Err err = data_back(cx, w->l.repo, &run, &w->back);
    if (err == ERR_NOT_FOUND)
        return FAIL(cx, err, "'%.200s', which '%.100s' was trained on, is gone or has changed since, and its bytes were not kept (--no-keep): "
                    "name the unchanged file with --data", run.data_path, w->l.name);
    *path = w->back.path;
    return err;
}

static Err read_rows(Ctx *cx, const AppReproduceIn *in, Again *w)
{
    AppData data = { .sheet = word_of(w->source, "sheet") };
    TRY(cx, in->data ? given_data(cx, in, w, &data.path) : known_data(cx, w, &data.path));
    TRY(cx, words_of(cx, w->source, "na", &data.na, &data.na_n));
    TRY(cx, words_of(cx, w->source, "type", &data.types, &data.types_n));
    return data_read(cx, &data, in->threads, &w->table, NULL);
}

/* --------------------------------------------------------------------- again */

/* As recorded, so that another machine or version shows in the answer and not in the bytes. */
static Err same_source(void *self, Ctx *cx, Text *json)
{
    (void)cx;
    const char *source = ((Again *)self)->source_json;
    text_bytes(json, source, strlen(source));
    return text_err(json);
}

static Err train(Ctx *cx, House *house, const AppReproduceIn *in, Again *w)
{
    yyjson_val *root = yyjson_doc_get_root(w->facts), *o = w->options;
    Task task;
    if (!house->program) return FAIL(cx, ERR_IO, "this program cannot find its own file in /proc: workers cannot start");
    AutoIn a = {
        .table = w->table,
        .target = word_of(o, "target"),
        .metric = word_of(root, "metric"),
        .started_us = house->started_us,
        .seed = strtoull(word_of(root, "seed"), NULL, 10),
        .threads = in->threads,
        .group = word_of(o, "group"),
        .time_column = word_of(o, "time_column"),
        .weight = word_of(o, "weight"),
        .balanced = word_of(o, "class_weight") != NULL,
        .until = STAGE_TRAIN,
        .program = house->program,
        .replay = w->l.build->facts,
        .sink = { .source = same_source, .self = w },
    };
    if (!a.target || !word_of(o, "task") || !task_read(word_of(o, "task"), &task))
        return FAIL(cx, ERR_BAD_INPUT, "the record of build '%.150s' is not whole: train it anew with 'leat auto'", w->l.name);
    a.task = (int)task;
    TRY(cx, words_of(cx, o, "exclude", &a.exclude, &a.exclude_n));
    TRY(cx, words_of(cx, o, "na", &a.na, &a.na_n));
    TRY(cx, words_of(cx, o, "monotone", &a.monotone, &a.monotone_n));
    TRY(cx, words_of(cx, o, "use", &a.use, &a.use_n));
    TRY(cx, auto_run(cx, &a, &w->made));
    return OK;
}

/* ------------------------------------------------------------------- compare */

/* Of two lists of trials, the first that differs, and in what. */
static const char *trials_key(Ctx *cx, yyjson_val *made, yyjson_val *was)
{
    yyjson_val *t, *key, *v;
    size_t i, n, k, m;
    yyjson_arr_foreach(was, i, n, t)
    {
        yyjson_val *other = yyjson_arr_get(made, i);
        if (yyjson_equals(t, other)) continue;
        yyjson_obj_foreach(t, k, m, key, v)
            if (!other || !yyjson_equals(v, yyjson_obj_get(other, yyjson_get_str(key))))
                return ctx_scratch_fmt(cx, "facts (%s of trial %.0f, %s)", yyjson_get_str(key), get_num(t, "trial"), word_of(t, "learner"));
        return ctx_scratch_fmt(cx, "facts (trial %.0f)", get_num(t, "trial"));
    }
    return "facts (number of trials)";
}

/* Within the facts, the first key whose value is another. */
static const char *facts_key(Ctx *cx, const char *made, const char *was)
{
    yyjson_doc *x = yyjson_read(made, strlen(made), 0), *y = yyjson_read(was, strlen(was), 0);
    yyjson_val *key, *v;
    size_t i, n;
    const char *first = NULL;
    yyjson_obj_foreach(yyjson_doc_get_root(y), i, n, key, v)
    {
        yyjson_val *other = yyjson_obj_get(yyjson_doc_get_root(x), yyjson_get_str(key));
        if (first || (other && yyjson_equals(v, other))) continue;
        first = !strcmp(yyjson_get_str(key), "trials") ? trials_key(cx, other, v) : ctx_scratch_fmt(cx, "facts (%s)", yyjson_get_str(key));
    }
    yyjson_doc_free(x);
    yyjson_doc_free(y);
    return first ? first : "facts";
}

static Err compare(Ctx *cx, Again *w, AppReproduceOut *out, Digest *made)
{
    char hex[SHA256_TEXT_MAX], instructions[32];
    TRY(cx, build_save(cx, w->made.build, &w->bytes, made));
    digest_text(made, hex);
    source_instructions(instructions);
    out->differs = build_difference(w->l.bytes.at, w->l.bytes.n, w->bytes.at, w->bytes.n);
    out->equal = !out->differs;
    if (out->differs && !strcmp(out->differs, "facts")) out->differs = facts_key(cx, w->made.build->facts, w->l.build->facts);
    out->build = ctx_scratch_text(cx, w->l.name);
    out->digest = ctx_scratch_text(cx, w->l.digest);
    out->made = ctx_scratch_text(cx, hex);
    out->recorded_version = get_text(cx, w->source, "version");
    out->recorded_instructions = get_text(cx, w->source, "instructions");
    out->version = LEAT_VERSION;
    out->instructions = ctx_scratch_text(cx, instructions);
    out->trials = w->made.trials_n;
    if (!out->build || !out->digest || !out->made || !out->recorded_version || !out->recorded_instructions || !out->instructions)
        return FAIL(cx, ERR_NOMEM, "comparing builds");
    return OK;
}

/* A build of this project gets the verdict on record. */
static Err keep(Ctx *cx, House *house, const Again *w, const AppReproduceOut *out, const Digest *made)
{
    char host[256];
    if (!w->l.repo || w->l.ref.path[0]) return OK;
    os_host_name(host, sizeof host);
    ReproducedIn in = { .name = w->l.ref.row.name, .n = w->l.ref.row.n, .made = made, .differs = out->differs, .version = out->version,
                        .instructions = out->instructions, .host = host };
    return repo_build_reproduced(cx, house->project->repo, &in);
}

Err app_build_reproduce(Ctx *cx, House *house, const AppReproduceIn *in, AppReproduceOut *out)
{
    Err err = OK;
    Digest made;
    Again *w;
    *out = (AppReproduceOut){ 0 };
    w = ctx_get(cx, sizeof *w);
    if (!w) return FAIL(cx, ERR_NOMEM, "starting");
    text_init(&w->bytes, cx);
    ear_on(&w->ear, cx, false);        /* what was warned of then is known */
    if (project_here(cx, (char[REPO_PATH_MAX]){ 0 })) TRY_DONE(cx, project_open(cx, house, PROJECT_WRITE, NULL));
    TRY_DONE(cx, build_take(cx, house, in->build, true, &w->l));
    TRY_DONE(cx, read_record(cx, w));
    ctx_step(cx, "reading", 0, 0);
    TRY_DONE(cx, read_rows(cx, in, w));
    TRY_DONE(cx, train(cx, house, in, w));
    TRY_DONE(cx, compare(cx, w, out, &made));
    TRY_DONE(cx, keep(cx, house, w, out, &made));
    out->wall_s = ctx_since_s(cx, house->started_us);
done:
    again_clear(cx, w);
    ctx_put(cx, w);
    if (err) *out = (AppReproduceOut){ 0 };
    return err;
}

void app_build_reproduce_json(const AppReproduceOut *out, Text *t)
{
    json_open(t);
    json_key_text(t, "build", out->build);
    json_key_bool(t, "equal", out->equal);
    json_key_text(t, "digest", out->digest);
    json_key_text(t, "made", out->made);
    json_key_text(t, "differs", out->differs);
    json_key_int(t, "trials", out->trials);
    json_key_open(t, "recorded");
    json_key_text(t, "version", out->recorded_version);
    json_key_text(t, "instructions", out->recorded_instructions);
    json_close(t);
    json_key_open(t, "here");
    json_key_text(t, "version", out->version);
    json_key_text(t, "instructions", out->instructions);
    json_close(t);
    json_key_num(t, "wall_s", out->wall_s);
    json_close(t);
}

/* auto/replay.c -- the record of a build's making, for `build reproduce`. */
#include "auto/replay.h"

#include <yyjson.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS_MOST 10000000

typedef struct Recorded {
    uint32_t number, stage, parts_n, refit;
    bool cut;
    const Learner *learner;
    double args[LEARN_PARAMS_MAX];
    double share;
    uint32_t rounds[BUILD_PARTS_MAX], planned[BUILD_PARTS_MAX];
} Recorded;

struct Replay {
    yyjson_doc *doc;
    Text engineer;
    Recorded *trial;
    size_t n, at;
};

/* ----------------------------------------------------------------- reading */

static Err damaged(Ctx *cx, const char *what)
{
    return FAIL(cx, ERR_BAD_INPUT, "the build's record of how it was made %s: it cannot be made again; train it anew with this version", what);
}

static bool read_whole(yyjson_val *v, uint32_t most, uint32_t *out)
{
    if (!yyjson_is_uint(v) || yyjson_get_uint(v) > most) return false;
    *out = (uint32_t)yyjson_get_uint(v);
    return true;
}

static bool read_rounds(yyjson_val *list, uint32_t *out, uint32_t n)
{
    if (yyjson_arr_size(list) != n) return false;
    for (uint32_t k = 0; k < n; k++)
        if (!read_whole(yyjson_arr_get(list, k), ROUNDS_MOST, &out[k])) return false;
    return true;
}

static Err read_trial(Ctx *cx, yyjson_val *v, Recorded *t)
{
    const char *name = yyjson_get_str(yyjson_obj_get(v, "learner"));
    yyjson_val *rounds = yyjson_obj_get(v, "rounds"), *share = yyjson_obj_get(v, "train_share"), *refit = yyjson_obj_get(v, "refit");
    size_t parts = yyjson_arr_size(rounds);
    Stage stage = STAGE_SELECT;
    *t = (Recorded){ .share = yyjson_is_num(share) ? yyjson_get_num(share) : 1, .parts_n = (uint32_t)parts };
    const char *word = yyjson_get_str(yyjson_obj_get(v, "stage"));
    if (!name || !word || !stage_read(word, &stage) || !parts || parts > BUILD_PARTS_MAX || !(t->share > 0) || t->share > 1 ||
        !read_whole(yyjson_obj_get(v, "trial"), UINT32_MAX - 1, &t->number) || (refit && !read_whole(refit, ROUNDS_MOST, &t->refit)) ||
        !read_rounds(rounds, t->rounds, t->parts_n) || !read_rounds(yyjson_obj_get(v, "planned"), t->planned, t->parts_n))
        return damaged(cx, "of a trial is not whole");
    t->stage = (uint32_t)stage;
    t->cut = yyjson_is_true(yyjson_obj_get(v, "cut"));
    t->learner = learner_find(name);
    if (!t->learner) return FAIL(cx, ERR_BAD_INPUT, "the build was trained with learner '%.60s', which this version does not have", name);
    char *params = yyjson_val_write(yyjson_obj_get(v, "params"), 0, NULL);
    if (!params) return damaged(cx, "has a trial without parameters");
    Err err = learner_args_read(cx, t->learner, params, t->args);
    free(params);
    return err;
}

static Err read_engineer(Ctx *cx, yyjson_val *root, Replay *r)
{
    yyjson_val *kept = yyjson_obj_get(root, "kept");
    char *list = kept ? yyjson_val_write(kept, 0, NULL) : NULL;
    if (!yyjson_is_arr(kept) || !list) {
        free(list);
        return damaged(cx, "names no features");
    }
    json_open(&r->engineer);
    json_key_raw(&r->engineer, "kept", list);
    json_close(&r->engineer);
    free(list);
    return text_err(&r->engineer);
}

Err replay_open(Ctx *cx, const char *facts, Replay **out)
{
    Err err = OK;
    Replay *r = NULL;
    size_t i, n;
    yyjson_val *v;
    *out = NULL;
    if (!facts) return OK;
    GET_DONE(cx, r, 1, "reading a build's record");
    text_init(&r->engineer, cx);
    r->doc = yyjson_read(facts, strlen(facts), 0);
    yyjson_val *root = yyjson_doc_get_root(r->doc), *trials = yyjson_obj_get(root, "trials");
    if (!yyjson_is_obj(yyjson_obj_get(root, "notes")) || !yyjson_is_arr(trials)) {
        err = damaged(cx, "is missing (it was made by an earlier version)");
        goto done;
    }
    GET_DONE(cx, r->trial, yyjson_arr_size(trials) + 1, "reading a build's record");
    yyjson_arr_foreach(trials, i, n, v)
    {
        TRY_DONE(cx, read_trial(cx, v, &r->trial[i]));
        if (i && r->trial[i].number <= r->trial[i - 1].number) {
            err = damaged(cx, "has trials out of order");
            goto done;
        }
        r->n++;
    }
    TRY_DONE(cx, read_engineer(cx, root, r));
    *out = r;
    r = NULL;
done:
    replay_close(cx, r);
    return err;
}

void replay_close(Ctx *cx, Replay *r)
{
    if (!r) return;
    yyjson_doc_free(r->doc);
    text_clear(&r->engineer);
    ctx_put(cx, r->trial);
    ctx_put(cx, r);
}

struct yyjson_val *replay_notes(const Replay *r)
{
    return r ? yyjson_obj_get(yyjson_doc_get_root(r->doc), "notes") : NULL;
}

const char *replay_engineer(const Replay *r)
{
    return r->engineer.at;
}

/* ----------------------------------------------------------------- training */

static const Recorded *recorded(const Auto *a, const TrialData *d)
{
    for (size_t i = 0; a->replay && i < a->replay->n; i++)
        if (a->replay->trial[i].number == d->told.number) return &a->replay->trial[i];
    return NULL;
}

void replay_share(const Auto *a, TrialData *d)
{
    const Recorded *t = recorded(a, d);
    if (!t) return;
    d->train_share = t->share;
    if (t->cut) d->told.state = TRIAL_CUT;        /* its rounds are as many as there was time for then */
}

void replay_job(const Auto *a, const TrialData *d, Job *job)
{
    const Recorded *t = recorded(a, d);
    if (!t || job->part >= t->parts_n) return;
    job->rounds = t->planned[job->part];
    job->keep = t->rounds[job->part];
    job->deadline_us = 0;
    job->limit_s = 0;
}

uint32_t replay_refit(const Auto *a, const TrialData *d)
{
    const Recorded *t = recorded(a, d);
    return t ? t->refit : 0;
}

typedef struct Next { Replay *r; Stage stage; } Next;

static bool next(void *self, Ctx *cx, Auto *a, uint32_t number, const Learner **learner, double *args)
{
    Next *s = self;
    (void)cx;
    (void)number;
    if (s->r->at == s->r->n || s->r->trial[s->r->at].stage != (uint32_t)s->stage) return false;
    const Recorded *t = &s->r->trial[s->r->at++];
    a->trials_started = t->number - 1;
    *learner = t->learner;
    memcpy(args, t->args, sizeof t->args);
    return true;
}

Err replay_trials(Ctx *cx, Auto *a)
{
    for (size_t i = 0; i < a->replay->n; i++)
        if (a->replay->trial[i].parts_n != a->folds)
            return FAIL(cx, ERR_BAD_INPUT, "trial %u of the build was made in %u folds, and these rows give %u: they are not the rows it was trained on",
                        a->replay->trial[i].number, a->replay->trial[i].parts_n, a->folds);
    TRY(cx, auto_share(cx, a));
    while (a->replay->at < a->replay->n) {
        Next s = { a->replay, (Stage)a->replay->trial[a->replay->at].stage };
        TRY(cx, trials_run(cx, a, s.stage, next, &s));
    }
    return OK;
}

/* ----------------------------------------------------------------- writing */

static void words_key(Text *t, const char *key, const char *const *word, size_t n)
{
    if (!n) return;
    json_key_open_array(t, key);
    for (size_t i = 0; i < n; i++) json_text(t, word[i]);
    json_close_array(t);
}

static void write_options(const Auto *a, Text *t)
{
    const AutoIn *in = a->in;
    json_key_open(t, "options");
    json_key_text(t, "target", in->target);
    json_key_text(t, "task", task_word(a->task));
    words_key(t, "exclude", in->exclude, in->exclude_n);
    words_key(t, "na", in->na, in->na_n);
    if (in->group) json_key_text(t, "group", in->group);
    if (in->time_column) json_key_text(t, "time_column", in->time_column);
    if (in->weight) json_key_text(t, "weight", in->weight);
    if (in->balanced) json_key_text(t, "class_weight", "balanced");
    words_key(t, "monotone", in->monotone, in->monotone_n);
    words_key(t, "use", in->use, in->use_n);
    json_close(t);
}

static void write_rounds(Text *t, const char *key, const uint32_t *rounds, uint32_t n)
{
    json_key_open_array(t, key);
    for (uint32_t k = 0; k < n; k++) json_num(t, rounds[k]);
    json_close_array(t);
}

static void write_trials(const Auto *a, Text *t)
{
    json_key_open_array(t, "trials");
    for (uint32_t i = 0; i < a->trials_n; i++) {
        const TrialData *d = a->trial[i];
        if (d->told.state == TRIAL_FAILED) continue;
        json_open(t);
        json_key_int(t, "trial", d->told.number);
        json_key_text(t, "stage", stage_word(d->told.stage));
        json_key_text(t, "learner", d->told.learner);
        json_key_raw(t, "params", d->told.params);
        json_key_num(t, "score", d->told.score);
        json_key_num(t, "weight", d->told.weight);
        if (d->train_share < 1) json_key_num(t, "train_share", d->train_share);
        write_rounds(t, "rounds", d->rounds, a->folds);
        write_rounds(t, "planned", d->planned, a->folds);
        if (d->told.state == TRIAL_CUT) json_key_bool(t, "cut", true);
        if (d->refit) json_key_int(t, "refit", d->refit);
        json_close(t);
    }
    json_close_array(t);
}

/* The engineer stage's own list of what it kept, word for word. */
static Err write_kept(Ctx *cx, const Auto *a, Text *t)
{
    const Text *stage = &a->json[STAGE_ENGINEER];
    yyjson_doc *doc = stage->at ? yyjson_read(stage->at, stage->n, 0) : NULL;
    yyjson_val *kept = yyjson_obj_get(yyjson_doc_get_root(doc), "kept");
    char *list = kept ? yyjson_val_write(kept, 0, NULL) : NULL;
    Err err = kept && !list ? FAIL(cx, ERR_NOMEM, "noting the features") : OK;
    if (!err) json_key_raw(t, "kept", list ? list : "[]");
    free(list);
    yyjson_doc_free(doc);
    return err;
}

static Err write_source(Ctx *cx, const Auto *a, Text *t)
{
    Text source;
    Err err = OK;
    if (!a->in->sink.source) return OK;
    text_init(&source, cx);
    TRY_DONE(cx, a->in->sink.source(a->in->sink.self, cx, &source));
    TRY_DONE(cx, text_err(&source));
    json_key_raw(t, "source", source.at);
done:
    text_clear(&source);
    return err;
}

Err replay_write(Ctx *cx, Auto *a, Text *t)
{
    uint32_t sets = a->sets ? a->sets : 1;
    json_key_open(t, "validation");
    json_key_text(t, "kind", a->when ? "ordered" : a->group ? "grouped" : "stratified");
    if (a->in->group) json_key_text(t, "group", a->in->group);
    if (a->in->time_column) json_key_text(t, "time", a->in->time_column);
    json_key_int(t, "asked", a->folds_asked ? a->folds_asked : a->folds / sets);
    json_key_int(t, "sets", sets);
    json_close(t);
    write_options(a, t);
    write_trials(a, t);
    TRY(cx, write_kept(cx, a, t));
    if (a->notes.cx && a->notes.n) {
        Text notes;
        text_init(&notes, cx);
        text_bytes(&notes, a->notes.at, a->notes.n);
        json_close(&notes);
        Err err = text_err(&notes);
        if (!err) json_key_raw(t, "notes", notes.at);
        text_clear(&notes);
        if (err) return err;
    } else json_key_raw(t, "notes", "{}");
    return write_source(cx, a, t);
}

/* repo/log.c -- what a run says of itself, from any process: params, tags, metrics, inputs, artifacts, notes. */
#include "repo/inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define POINTS_EVENT_MAX 50000     /* in one event: about 3 MB of its payload */
#define TEXT_FOUND_MAX ((size_t)256 << 10)     /* bytes of an artifact's text that an event carries for search */

Err repo_append(Ctx *cx, Repo *r, const char *kind, const char *subject, Text *payload)
{
    uint64_t seq;
    Err err = text_err(payload);
    if (!err) {
        /* What a person says can be taken back: it is encrypted under a key that can be destroyed. */
        const char *personal = !strcmp(kind, "note.added") ? r->actor : NULL;
        const Act act = { .kind = kind, .subject = subject, .payload = payload->at, .personal = personal };
        err = ledger_append(cx, r->ledger, &act, &seq);
    }
    text_clear(payload);
    return err;
}

/* --- what may be said --- */

static Err check_id(Ctx *cx, Repo *r, const char *id)
{
    static const Statement ask = { "SELECT count(*) FROM run WHERE id = ?1", NULL };
    int64_t n = 0;
    TRY(cx, db_ask_int(cx, ledger_db(r->ledger), &ask, DB_ARGS(db_text(id)), 0, &n));
    if (!n) return FAIL(cx, ERR_NOT_FOUND, "no run '%.60s'; 'leat runs ls' lists them", id);
    return OK;
}

/* MLflow's rule for names of params and metrics: letters, digits, _ - . blank : /, and as a path they lead nowhere else. */
static Err check_key(Ctx *cx, const char *what, const char *key)
{
    size_t n = strlen(key);
    if (!n || n > REPO_KEY_MAX)
        return FAIL(cx, ERR_BAD_INPUT, "the name of a %s has 1 to %d bytes; '%.40s' has %zu", what, REPO_KEY_MAX, key, n);
    if (!text_utf8_ok(key, n)) return FAIL(cx, ERR_BAD_INPUT, "the name of a %s is not UTF-8: '%.40s'", what, key);
    for (const char *c = key; *c; c++) {
        bool fine = (unsigned char)*c >= 0x80 || (*c >= '0' && *c <= '9') || (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z')
                 || strchr("_-. :/", *c);
        if (!fine)
            return FAIL(cx, ERR_BAD_INPUT, "the name '%.80s' of a %s holds a '%c'; letters, digits, blanks and _ - . : / are fine",
                        key, what, (unsigned char)*c < ' ' ? '?' : *c);
    }
    for (const char *part = key;; part++) {
        size_t size = strcspn(part, "/");
        if (!size || (size == 1 && *part == '.') || (size == 2 && part[0] == '.' && part[1] == '.'))
            return FAIL(cx, ERR_BAD_INPUT, "the name '%.80s' of a %s is not a plain path; write it like 'train/loss'", key, what);
        part += size;
        if (!*part) return OK;
    }
}

static int by_key(const void *a, const void *b)
{
    return strcmp((*(const RepoPair *const *)a)->key, (*(const RepoPair *const *)b)->key);
}

static Err check_pairs(Ctx *cx, const char *what, const RepoPair *pair, size_t n, size_t most, bool tags)
{
    const RepoPair **sorted = ctx_get_n(cx, n + 1, sizeof *sorted);
    if (!sorted) return FAIL(cx, ERR_NOMEM, "checking %zu %ss", n, what);
    Err err = OK;
    for (size_t i = 0; i < n && !err; i++) {
        const char *value = pair[i].value;
        size_t size = value ? strlen(value) : 0;
        sorted[i] = &pair[i];
        if (!tags) err = check_key(cx, what, pair[i].key);
        else if (!*pair[i].key || strlen(pair[i].key) > REPO_KEY_MAX || !text_utf8_ok(pair[i].key, strlen(pair[i].key)))
            err = FAIL(cx, ERR_BAD_INPUT, "the name of a tag has 1 to %d bytes of UTF-8; '%.40s' does not do", REPO_KEY_MAX, pair[i].key);
        if (!err && !value && !tags) err = FAIL(cx, ERR_BAD_INPUT, "%s '%.80s' has no value", what, pair[i].key);
        if (!err && size > most)
            err = FAIL(cx, ERR_LIMIT, "the value of %s '%.80s' has %zu bytes; the most is %zu: keep it as an artifact", what,
                       pair[i].key, size, most);
        if (!err && value && !text_utf8_ok(value, size))
            err = FAIL(cx, ERR_BAD_INPUT, "the value of %s '%.80s' is not UTF-8: keep it as an artifact", what, pair[i].key);
    }
    if (!err) {
        qsort(sorted, n, sizeof *sorted, by_key);
        for (size_t i = 1; i < n && !err; i++)
            if (!strcmp(sorted[i - 1]->key, sorted[i]->key))
                err = FAIL(cx, ERR_BAD_INPUT, "%s '%.80s' is given twice", what, sorted[i]->key);
    }
    ctx_put(cx, sorted);
    return err;
}

/* --- params and tags --- */

static void write_pairs(Text *t, const char *key, const RepoPair *pair, size_t n)
{
    json_open(t);
    json_key_open(t, key);
    for (size_t i = 0; i < n; i++) json_key_text(t, pair[i].key, pair[i].value);
    json_close(t);
    json_close(t);
}

static Err param_is(Ctx *cx, Repo *r, const char *id, const RepoPair *pair, bool *is)
{
    static const Statement ask = {
        "SELECT count(*) FROM param p JOIN run r ON r.number = p.run WHERE r.id = ?1 AND r.deleted = 0 AND p.key = ?2"
        " AND p.value = ?3", NULL };
    int64_t n = 0;
    TRY(cx, db_ask_int(cx, ledger_db(r->ledger), &ask, DB_ARGS(db_text(id), db_text(pair->key), db_text(pair->value)), 0, &n));
    *is = n > 0;
    return OK;
}

Err repo_log_params(Ctx *cx, Repo *r, const char *id, const RepoPair *pair, size_t n)
{
    RepoPair *fresh = NULL;
    size_t fresh_n = 0;
    bool is = false;
    Text t;
    Err err = OK;
    text_init(&t, cx);
    if (!n) return OK;
    TRY(cx, check_pairs(cx, "param", pair, n, REPO_PARAM_MAX, false));
    TRY_DONE(cx, ledger_begin(cx, r->ledger));
    TRY_DONE(cx, check_id(cx, r, id));
    GET_DONE(cx, fresh, n, "logging %zu params", n);
    for (size_t i = 0; i < n; i++) {
        TRY_DONE(cx, param_is(cx, r, id, &pair[i], &is));
        if (!is) fresh[fresh_n++] = pair[i];
    }
    if (!fresh_n) goto done;
    write_pairs(&t, "params", fresh, fresh_n);
    TRY_DONE(cx, repo_append(cx, r, "run.params", id, &t));
    TRY_DONE(cx, ledger_commit(cx, r->ledger));
done:
    ledger_cancel(r->ledger);
    text_clear(&t);
    ctx_put(cx, fresh);
    return err;
}

/* One act about a run that is there. */
static Err act(Ctx *cx, Repo *r, const char *kind, const char *id, Text *t)
{
    Err err = OK;
    TRY_DONE(cx, ledger_begin(cx, r->ledger));
    TRY_DONE(cx, check_id(cx, r, id));
    TRY_DONE(cx, repo_append(cx, r, kind, id, t));
    TRY_DONE(cx, ledger_commit(cx, r->ledger));
done:
    ledger_cancel(r->ledger);
    text_clear(t);
    return err;
}

Err repo_log_tags(Ctx *cx, Repo *r, const char *id, const RepoPair *pair, size_t n)
{
    Text t;
    text_init(&t, cx);
    if (!n) return OK;
    TRY(cx, check_pairs(cx, "tag", pair, n, REPO_TAG_MAX, true));
    write_pairs(&t, "tags", pair, n);
    TRY(cx, act(cx, r, "run.tags", id, &t));
    return OK;
}

/* --- metrics --- */

typedef struct Spot { const MetricIn *in; size_t at; } Spot;

static int by_metric(const void *a, const void *b)
{
    const Spot *x = a, *y = b;
    int c = strcmp(x->in->key, y->in->key);
    return c ? c : (x->at > y->at) - (x->at < y->at);
}

/* Points of one event: sorted by key, each key's in the order they came. */
static void write_metrics(Text *t, const Spot *spot, size_t n)
{
    json_open(t);
    json_key_open_array(t, "metrics");
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && !strcmp(spot[end].in->key, spot[i].in->key);) end++;
        json_open(t);
        json_key_text(t, "key", spot[i].in->key);
        json_key_open_array(t, "steps");
        for (size_t j = i; j < end; j++) json_int(t, spot[j].in->point.step);
        json_close_array(t);
        json_key_open_array(t, "times_us");
        for (size_t j = i; j < end; j++) json_int(t, spot[j].in->point.time_us);
        json_close_array(t);
        json_key_open_array(t, "values");
        for (size_t j = i; j < end; j++) pay_value_write(t, spot[j].in->point.value);
        json_close_array(t);
        json_close(t);
    }
    json_close_array(t);
    json_close(t);
}

Err repo_log_metrics(Ctx *cx, Repo *r, const char *id, const MetricIn *point, size_t n)
{
    Spot *spot = NULL;
    Err err = OK;
    if (!n) return OK;
    for (size_t i = 0; i < n; i++) {
        if (i && !strcmp(point[i].key, point[i - 1].key)) continue;
        TRY(cx, check_key(cx, "metric", point[i].key));
    }
    TRY_DONE(cx, ledger_begin(cx, r->ledger));
    TRY_DONE(cx, check_id(cx, r, id));
    GET_DONE(cx, spot, n, "logging %zu points of metrics", n);
    for (size_t i = 0; i < n; i++) spot[i] = (Spot){ &point[i], i };
    for (size_t from = 0; from < n; from += POINTS_EVENT_MAX) {
        Text t;
        size_t many = n - from < POINTS_EVENT_MAX ? n - from : POINTS_EVENT_MAX;
        qsort(spot + from, many, sizeof *spot, by_metric);
        text_init(&t, cx);
        write_metrics(&t, spot + from, many);
        TRY_DONE(cx, repo_append(cx, r, "run.metrics", id, &t));
    }
    TRY_DONE(cx, ledger_commit(cx, r->ledger));
done:
    ledger_cancel(r->ledger);
    ctx_put(cx, spot);
    return err;
}

/* --- inputs, artifacts, notes --- */

void repo_input_write(Text *t, const InputIn *in)
{
    json_open(t);
    if (in->bytes) json_key_int(t, "bytes", in->bytes);
    if (in->context) json_key_text(t, "context", in->context);
    if (in->digest) json_key_text(t, "digest", in->digest);
    json_key_text(t, "name", in->name);
    if (in->profile) json_key_text(t, "profile", in->profile);
    if (in->schema) json_key_text(t, "schema", in->schema);
    if (in->source) json_key_text(t, "source", in->source);
    if (in->source_type) json_key_text(t, "source_type", in->source_type);
    json_close(t);
}

Err repo_log_inputs(Ctx *cx, Repo *r, const char *id, const InputIn *input, size_t n)
{
    Text t;
    text_init(&t, cx);
    if (!n) return OK;
    json_open(&t);
    json_key_open_array(&t, "inputs");
    for (size_t i = 0; i < n; i++) repo_input_write(&t, &input[i]);
    json_close_array(&t);
    json_close(&t);
    TRY(cx, act(cx, r, "run.inputs", id, &t));
    return OK;
}

static Err check_artifact(Ctx *cx, const char *name)
{
    size_t n = strlen(name);
    if (!n || n > REPO_ARTIFACT_MAX || !text_utf8_ok(name, n))
        return FAIL(cx, ERR_BAD_INPUT, "the name of an artifact has 1 to %d bytes of UTF-8; '%.40s' has %zu", REPO_ARTIFACT_MAX,
                    name, n);
    for (const char *part = name;; part++) {
        size_t size = strcspn(part, "/");
        if (!size || (size == 1 && *part == '.') || (size == 2 && part[0] == '.' && part[1] == '.'))
            return FAIL(cx, ERR_BAD_INPUT, "'%.80s' cannot name an artifact: a plain path like 'plots/roc.png' could", name);
        part += size;
        if (!*part) return OK;
    }
}

Err repo_log_artifact(Ctx *cx, Repo *r, const char *id, const ArtifactIn *in, Digest *out)
{
    char hex[SHA256_TEXT_MAX];
    Digest d;
    uint64_t bytes = in->bytes_n;
    Text t;
    if (out) memset(out, 0, sizeof *out);
    text_init(&t, cx);
    TRY(cx, check_artifact(cx, in->name));
    TRY(cx, check_id(cx, r, id));                  /* before the bytes; and once more under the lock */
    if (in->path) TRY(cx, store_put_file(cx, r->store, in->path, STORE_PACKED, &d, &bytes));
    else TRY(cx, store_put(cx, r->store, in->bytes, in->bytes_n, STORE_PACKED, &d));
    digest_text(&d, hex);
    json_open(&t);
    json_key_int(&t, "bytes", (int64_t)bytes);
    json_key_text(&t, "digest", hex);
    json_key_text(&t, "media", in->media ? in->media : "application/octet-stream");
    json_key_text(&t, "name", in->name);
    if (in->text && *in->text) {
        size_t n = strlen(in->text);
        json_key(&t, "text");
        json_text_n(&t, in->text, n < TEXT_FOUND_MAX ? n : TEXT_FOUND_MAX);
    }
    json_close(&t);
    TRY(cx, act(cx, r, "run.artifact", id, &t));
    if (out) *out = d;
    return OK;
}

static const char *const about_words[] = {
    [REPO_NOTE_RUN] = "run", [REPO_NOTE_BUILD] = "build", [REPO_NOTE_EXPERIMENT] = "experiment", [REPO_NOTE_DATASET] = "dataset" };

const char *repo_about_word(RepoNoteOn on) { return about_words[on]; }

Err repo_note(Ctx *cx, Repo *r, RepoNoteOn on, const char *subject, const char *text)
{
    size_t n = strlen(text);
    Text t;
    text_init(&t, cx);
    if (!n || strspn(text, " \t\r\n") == n) return FAIL(cx, ERR_BAD_INPUT, "a note without words");
    if (n > REPO_NOTE_MAX)
        return FAIL(cx, ERR_LIMIT, "the note has %zu bytes; the most is %d: keep it as an artifact", n, REPO_NOTE_MAX);
    if (!text_utf8_ok(text, n)) return FAIL(cx, ERR_BAD_INPUT, "the note is not UTF-8");
    json_open(&t);
    json_key_text(&t, "about", about_words[on]);
    json_key_text(&t, "text", text);
    json_close(&t);
    if (on == REPO_NOTE_RUN) {
        TRY(cx, act(cx, r, "note.added", subject, &t));
        return OK;
    }
    TRY(cx, repo_append(cx, r, "note.added", subject, &t));
    return OK;
}

/* --- out of sight and back --- */

static Err plain_act(Ctx *cx, Repo *r, const char *kind, const char *id)
{
    Text t;
    text_init(&t, cx);
    text_put(&t, "{}");
    TRY(cx, act(cx, r, kind, id, &t));
    return OK;
}

Err repo_run_delete(Ctx *cx, Repo *r, const char *id)
{
    char lease[STORE_NAME_MAX];
    bool held = false;
    repo_lease_name(id, lease);
    TRY(cx, store_lease_held(cx, r->store, lease, &held));
    if (held) return FAIL(cx, ERR_REFUSED, "run '%.12s…' is being written by a living process; end that first", id);
    TRY(cx, plain_act(cx, r, "run.deleted", id));
    return OK;
}

Err repo_run_restore(Ctx *cx, Repo *r, const char *id)
{
    TRY(cx, plain_act(cx, r, "run.restored", id));
    return OK;
}

Err repo_run_rename(Ctx *cx, Repo *r, const char *id, const char *name)
{
    Text t;
    if (strlen(name) > REPO_KEY_MAX || !text_utf8_ok(name, strlen(name)))
        return FAIL(cx, ERR_BAD_INPUT, "the name of a run has at most %d bytes of UTF-8", REPO_KEY_MAX);
    text_init(&t, cx);
    json_open(&t);
    json_key_text(&t, "name", name);
    json_close(&t);
    TRY(cx, act(cx, r, "run.changed", id, &t));
    return OK;
}

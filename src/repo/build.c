/* repo/build.c -- register builds, and find what a person means by BUILD. */
#include "repo/inner.h"

#include "base/save.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BUILD_COLUMNS \
    "SELECT b.model, b.n, b.digest, b.bytes, b.task, b.target, b.metric, b.higher, b.value, b.se, coalesce(b.run, '')," \
    " coalesce(r.number, 0), b.first_us, b.last_seq," \
    " EXISTS(SELECT 1 FROM champion c WHERE c.model = b.model AND c.n = b.n AND c.to_seq IS NULL)" \
    " FROM build b LEFT JOIN run r ON r.id = b.run "

static const Statement st_builds = {
    BUILD_COLUMNS "WHERE ?1 IS NULL OR b.model = ?1 ORDER BY b.model, b.n DESC", NULL };
static const Statement st_numbered = { BUILD_COLUMNS "WHERE b.model = ?1 AND b.n = ?2", NULL };
static const Statement st_latest = { BUILD_COLUMNS "WHERE b.model = ?1 ORDER BY b.last_seq DESC LIMIT 1", NULL };
static const Statement st_champion = {
    BUILD_COLUMNS "JOIN champion k ON k.model = b.model AND k.n = b.n AND k.to_seq IS NULL WHERE b.model = ?1", NULL };
static const Statement st_of_digest = { BUILD_COLUMNS "WHERE b.model = ?1 AND b.digest = ?2", NULL };
static const Statement st_prefix = {
    BUILD_COLUMNS "WHERE substr(lower(hex(b.digest)), 1, length(?1)) = ?1 ORDER BY b.last_seq DESC",
    BUILD_COLUMNS "WHERE substr(encode(b.digest, 'hex'), 1, length($1)) = $1 ORDER BY b.last_seq DESC" };
static const Statement st_models = { "SELECT DISTINCT model FROM build ORDER BY model", NULL };

/* --- names --- */

/* Characters that mean something in a reference, a path or a shell. */
static bool kept(unsigned char c)
{
    return c >= 0x80 || isalnum(c) || c == '-' || c == '_' || c == '.';
}

void repo_model_name(const char *text, char out[REPO_NAME_MAX])
{
    size_t n = 0, length = strlen(text);
    bool utf8 = text_utf8_ok(text, length);
    for (size_t i = 0; i < length && n < REPO_NAME_MAX - 1; i++) {
        unsigned char c = (unsigned char)text[i];
        bool ok = kept(c) && (c < 0x80 || utf8);
        if (!n && (c == '.' || c == '-')) ok = false;              /* a hidden file, an option */
        if (ok) out[n++] = (char)c;
        else if (n && out[n - 1] != '-') out[n++] = '-';
    }
    while (n && !text_utf8_ok(out, n)) n--;                        /* cut inside a character */
    while (n && out[n - 1] == '-') n--;
    out[n] = 0;
    if (!n) memcpy(out, "model", 6);
}

static Err check_name(Ctx *cx, const char *name)
{
    char good[REPO_NAME_MAX];
    repo_model_name(name, good);
    if (!strcmp(good, name)) return OK;
    return FAIL(cx, ERR_BAD_INPUT,
                "'%.60s' cannot name a model; '%s' could: letters, digits, - _ . and at most %d bytes", name, good,
                REPO_NAME_MAX - 1);
}

/* --- rows --- */

static Err read_build(Ctx *cx, DbRows *q, void *row)
{
    BuildRow *b = row;
    b->name = db_copy_text(cx, q, 0);
    b->task = db_copy_text(cx, q, 4);
    b->target = db_copy_text(cx, q, 5);
    b->metric = db_copy_text(cx, q, 6);
    b->run = db_copy_text(cx, q, 10);
    if (!b->name || !b->task || !b->target || !b->metric || !b->run) return FAIL(cx, ERR_NOMEM, "reading builds");
    b->n = (uint64_t)db_get_int(q, 1);
    (void)repo_digest(q, 2, &b->digest);
    b->bytes = (uint64_t)db_get_int(q, 3);
    b->higher_is_better = db_get_int(q, 7) != 0;
    b->value = db_get_num(q, 8);
    b->se = db_get_num(q, 9);
    b->run_number = (uint64_t)db_get_int(q, 11);
    b->made_us = db_get_int(q, 12);
    b->seq = (uint64_t)db_get_int(q, 13);
    b->champion = db_get_int(q, 14) != 0;
    return OK;
}

static Err read_name(Ctx *cx, DbRows *q, void *row)
{
    *(const char **)row = db_copy_text(cx, q, 0);
    return *(const char **)row ? OK : FAIL(cx, ERR_NOMEM, "reading models");
}

/* The first row of an answer; *n says how many there were. */
static Err one_build(Ctx *cx, Repo *r, const Statement *st, const DbValue *args, size_t args_n, BuildRow *out,
                     size_t *n)
{
    void *rows = NULL;
    TRY(cx, repo_rows(cx, r, st, args, args_n, sizeof *out, read_build, &rows, n));
    if (*n) *out = *(BuildRow *)rows;
    return OK;
}

Err repo_builds(Ctx *cx, Repo *r, const char *name, BuildRow **out, size_t *n)
{
    void *rows = NULL;
    TRY(cx, repo_rows(cx, r, &st_builds, DB_ARGS(db_text(name)), sizeof **out, read_build, &rows, n));
    *out = rows;
    return OK;
}

Err repo_build_at(Ctx *cx, Repo *r, int64_t first_seq, BuildRow *out, bool *there)
{
    static const Statement st = { BUILD_COLUMNS "WHERE b.first_seq = ?1", NULL };
    size_t n = 0;
    memset(out, 0, sizeof *out);
    TRY(cx, one_build(cx, r, &st, DB_ARGS(db_int(first_seq)), out, &n));
    *there = n > 0;
    return OK;
}

/* --- acts --- */

Err repo_build_register(Ctx *cx, Repo *r, const BuildIn *in, BuildRow *out)
{
    char hex[SHA256_TEXT_MAX];
    Digest d;
    Text t;
    size_t n = 0;
    Err err = OK;
    memset(out, 0, sizeof *out);
    text_init(&t, cx);
    TRY(cx, check_name(cx, in->name));
    TRY(cx, store_put(cx, r->store, in->bytes, in->bytes_n, STORE_RAW, &d));
    digest_text(&d, hex);
    json_open(&t);
    json_key_int(&t, "bytes", (int64_t)in->bytes_n);
    json_key_text(&t, "digest", hex);
    json_key_bool(&t, "higher_is_better", in->higher_is_better);
    json_key_text(&t, "metric", in->metric);
    if (in->run) json_key_text(&t, "run", in->run);
    json_key_num(&t, "se", in->se);
    json_key_text(&t, "target", in->target);
    json_key_text(&t, "task", in->task);
    json_key_num(&t, "value", in->value);
    json_close(&t);
    TRY_DONE(cx, text_err(&t));
    TRY_DONE(cx, ledger_begin(cx, r->ledger));
    TRY_DONE(cx, repo_append(cx, r, "build.registered", in->name, &t));
    TRY_DONE(cx, one_build(cx, r, &st_of_digest, DB_ARGS(db_text(in->name), db_blob(d.at, SHA256_BYTES)), out,
                           &n));
    CHECK_ALWAYS(n == 1);
    TRY_DONE(cx, ledger_commit(cx, r->ledger));
done:
    ledger_cancel(r->ledger);
    text_clear(&t);
    if (err) memset(out, 0, sizeof *out);
    return err;
}

static Err find_numbered(Ctx *cx, Repo *r, const char *name, uint64_t n, BuildRow *row)
{
    size_t found = 0;
    TRY(cx, one_build(cx, r, &st_numbered, DB_ARGS(db_text(name), db_int((int64_t)n)), row, &found));
    return found ? OK
                 : FAIL(cx, ERR_NOT_FOUND, "no build '%s@%llu'; 'leat build ls' lists them", name, (unsigned long long)n);
}

Err repo_build_reproduced(Ctx *cx, Repo *r, const ReproducedIn *in)
{
    char hex[SHA256_TEXT_MAX];
    BuildRow row;
    Text t;
    Err err = OK;
    text_init(&t, cx);
    TRY_DONE(cx, ledger_begin(cx, r->ledger));
    TRY_DONE(cx, find_numbered(cx, r, in->name, in->n, &row));
    json_open(&t);
    digest_text(&row.digest, hex);
    json_key_text(&t, "digest", hex);
    digest_text(in->made, hex);
    json_key_text(&t, "made", hex);
    json_key_bool(&t, "equal", !in->differs);
    if (in->differs) json_key_text(&t, "differs", in->differs);
    json_key_text(&t, "version", in->version);
    json_key_text(&t, "instructions", in->instructions);
    json_key_text(&t, "host", in->host);
    json_close(&t);
    TRY_DONE(cx, repo_append(cx, r, "build.reproduced", in->name, &t));
    TRY_DONE(cx, ledger_commit(cx, r->ledger));
done:
    ledger_cancel(r->ledger);
    text_clear(&t);
    return err;
}

Err repo_build_promote(Ctx *cx, Repo *r, const char *name, uint64_t n)
{
    char hex[SHA256_TEXT_MAX];
    BuildRow row;
    Text t;
    Err err = OK;
    text_init(&t, cx);
    TRY_DONE(cx, ledger_begin(cx, r->ledger));
    TRY_DONE(cx, find_numbered(cx, r, name, n, &row));
    digest_text(&row.digest, hex);
    json_open(&t);
    json_key_text(&t, "digest", hex);
    json_close(&t);
    TRY_DONE(cx, repo_append(cx, r, "build.promoted", name, &t));
    TRY_DONE(cx, ledger_commit(cx, r->ledger));
done:
    ledger_cancel(r->ledger);
    text_clear(&t);
    return err;
}

Err repo_predicted(Ctx *cx, Repo *r, const PredictionIn *in)
{
    char hex[SHA256_TEXT_MAX];
    Text t;
    text_init(&t, cx);
    digest_text(in->build, hex);
    json_open(&t);
    json_key_text(&t, "build", hex);
    if (in->input) {
        digest_text(in->input, hex);
        json_key_text(&t, "input", hex);
    }
    json_key_text(&t, "input_name", in->input_name ? in->input_name : "");
    json_key_text(&t, "model", in->model ? in->model : "");
    json_key_int(&t, "n", (int64_t)in->n);
    if (in->output) {
        digest_text(in->output, hex);
        json_key_text(&t, "output", hex);
    }
    json_key_text(&t, "output_name", in->output_name ? in->output_name : "");
    json_key_int(&t, "rows", (int64_t)in->rows);
    json_close(&t);
    digest_text(in->build, hex);
    TRY(cx, repo_append(cx, r, "prediction.made", in->model && *in->model ? in->model : hex, &t));
    return OK;
}

static Err read_prediction(Ctx *cx, DbRows *q, void *row)
{
    PredictionRow *p = row;
    p->has_input = repo_digest(q, 0, &p->input);
    p->has_output = repo_digest(q, 2, &p->output);
    p->input_name = db_copy_text(cx, q, 1);
    p->output_name = db_copy_text(cx, q, 3);
    p->rows = (uint64_t)db_get_int(q, 4);
    p->actor = db_copy_text(cx, q, 5);
    p->time_us = db_get_int(q, 6);
    p->seq = (uint64_t)db_get_int(q, 7);
    return p->input_name && p->output_name && p->actor ? OK : FAIL(cx, ERR_NOMEM, "reading predictions");
}

Err repo_predictions(Ctx *cx, Repo *r, const Digest *build, PredictionRow **out, size_t *n)
{
    static const Statement st = {
        "SELECT input, input_name, output, output_name, rows, actor, time_us, seq FROM prediction WHERE build = ?1 ORDER BY seq", NULL };
    void *rows;
    *out = NULL;
    TRY(cx, repo_rows(cx, r, &st, DB_ARGS(db_blob(build->at, SHA256_BYTES)), sizeof **out, read_prediction, &rows, n));
    *out = rows;
    return OK;
}

/* --- finding --- */

static Err no_model(Ctx *cx, Repo *r, const char *ref, const char *name)
{
    void *rows = NULL;
    size_t n = 0;
    TRY(cx, repo_rows(cx, r, &st_models, DB_NO_ARGS, sizeof(const char *), read_name, &rows, &n));
    const char *near = text_nearest(name, rows, n);
    if (near) return FAIL(cx, ERR_NOT_FOUND, "no build '%.100s'; did you mean '%s'?", ref, near);
    if (!n)
        return FAIL(cx, ERR_NOT_FOUND,
                    "no build '%.100s': no such file, and this project has no builds yet; 'leat auto' makes one", ref);
    return FAIL(cx, ERR_NOT_FOUND,
                "no build '%.100s': no such file, name or digest; 'leat build ls' lists what there is", ref);
}

static Err find_at(Ctx *cx, Repo *r, const char *ref, const char *name, const char *which, BuildRow *out)
{
    size_t any = 0, n = 0;
    char *end = NULL;
    TRY(cx, one_build(cx, r, &st_latest, DB_ARGS(db_text(name)), out, &any));
    if (!any) {
        TRY(cx, no_model(cx, r, ref, name));
        return OK;
    }
    if (!strcmp(which, "latest")) return OK;
    if (!strcmp(which, "champion")) {
        TRY(cx, one_build(cx, r, &st_champion, DB_ARGS(db_text(name)), out, &n));
        if (!n)
            return FAIL(cx, ERR_NOT_FOUND, "'%s' has no champion yet; '%s@latest' is its newest build", name,
                        name);
        return OK;
    }
    uint64_t newest = out->n;
    unsigned long long number = strtoull(which, &end, 10);
    if (!isdigit((unsigned char)*which) || *end || number > INT64_MAX)
        return FAIL(cx, ERR_BAD_INPUT, "'%.100s': after @ stands a number, 'latest' or 'champion', not '%.40s'",
                    ref, which);
    TRY(cx, one_build(cx, r, &st_numbered, DB_ARGS(db_text(name), db_int((int64_t)number)), out, &n));
    if (!n)
        return FAIL(cx, ERR_NOT_FOUND, "no build '%.100s'; the newest is '%s@%llu'", ref, name,
                    (unsigned long long)newest);
    return OK;
}

/* By digest or a prefix of one.  *found false: it does not look like one, or none begins so. */
static Err find_digest(Ctx *cx, Repo *r, const char *ref, BuildRow *out, bool *found)
{
    char low[SHA256_TEXT_MAX];
    size_t length = strlen(ref), n = 0;
    void *rows = NULL;
    *found = false;
    if (length < REPO_PREFIX_MIN || length >= SHA256_TEXT_MAX) return OK;
    for (size_t i = 0; i <= length; i++) {
        if (ref[i] && !isxdigit((unsigned char)ref[i])) return OK;
        low[i] = (char)tolower((unsigned char)ref[i]);
    }
    TRY(cx, repo_rows(cx, r, &st_prefix, DB_ARGS(db_text(low)), sizeof *out, read_build, &rows, &n));
    const BuildRow *b = rows;
    for (size_t i = 1; i < n; i++) {
        if (!digest_same(&b[0].digest, &b[i].digest))
            return FAIL(cx, ERR_BAD_INPUT, "the digests of several builds begin with '%s'; give more digits", ref);
    }
    *found = n > 0;
    if (n) *out = b[0];
    return OK;
}

static Err find_name(Ctx *cx, Repo *r, const char *ref, BuildRow *out)
{
    size_t n = 0;
    bool found = false;
    TRY(cx, one_build(cx, r, &st_champion, DB_ARGS(db_text(ref)), out, &n));
    if (!n) TRY(cx, one_build(cx, r, &st_latest, DB_ARGS(db_text(ref)), out, &n));
    if (n) return OK;
    TRY(cx, find_digest(cx, r, ref, out, &found));
    if (!found) TRY(cx, no_model(cx, r, ref, ref));
    return OK;
}

Err repo_build_find(Ctx *cx, Repo *r, const char *ref, BuildRef *out)
{
    char name[REPO_PATH_MAX];
    FileInfo info;
    const Files *f = cx->world->files;
    size_t n = strlen(ref);
    memset(out, 0, sizeof *out);
    if (!n || n >= REPO_PATH_MAX) return FAIL(cx, ERR_BAD_INPUT, "'%.60s' cannot name a build", ref);
    Err err = f->look(f->self, ref, &info);
    if (err) return FAIL(cx, err, "looking for '%s'", ref);
    if (info.type == FILE_PLAIN || info.type == FILE_OTHER) {
        memcpy(out->path, ref, n + 1);
        return OK;
    }
    if (!r) {
        if (info.type == FILE_FOLDER) return FAIL(cx, ERR_BAD_INPUT, "'%s' is a folder, not a build file", ref);
        return FAIL(cx, ERR_NOT_FOUND, "no build '%.100s': no such file, and there is no project here or above",
                    ref);
    }
    memcpy(name, ref, n + 1);
    char *at = strrchr(name, '@');
    if (at) {
        *at = 0;
        err = find_at(cx, r, ref, name, at + 1, &out->row);
    } else {
        err = find_name(cx, r, ref, &out->row);
    }
    if (err == ERR_NOT_FOUND && info.type == FILE_FOLDER)
        err = FAIL(cx, ERR_BAD_INPUT, "'%s' is a folder, not a build file, and no model has that name", ref);
    if (err) memset(out, 0, sizeof *out);
    return err;
}

Err repo_build_open(Ctx *cx, Repo *r, const BuildRef *ref, size_t max, BuildBytes *out)
{
    memset(out, 0, sizeof *out);
    if (ref->path[0]) {
        char *text = NULL;
        TRY(cx, save_read(cx, ref->path, max, &text, &out->n));
        out->owned = text;
        out->at = text;
        return OK;
    }
    CHECK_ALWAYS(r);
    Err err = store_map(cx, r->store, &ref->row.digest, &out->map);
    if (err == ERR_NOT_FOUND) {
        return FAIL(cx, ERR_CORRUPT,
                    "the bytes of build '%s@%llu' are gone from '%s'; restore its objects/ from a copy", ref->row.name,
                    (unsigned long long)ref->row.n, r->home);
    }
    TRY(cx, err);
    out->at = out->map.at;
    out->n = out->map.n;
    return OK;
}

void repo_build_close(Ctx *cx, Repo *r, BuildBytes *b)
{
    if (b->map.at) store_unmap(cx, r->store, &b->map);
    ctx_put(cx, b->owned);
    memset(b, 0, sizeof *b);
}

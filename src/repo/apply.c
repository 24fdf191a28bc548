/* repo/apply.c -- the tables of room repo, and the only code that writes them.
**
** Everything is derived from the event and the tables, so that folding the log
** anew gives the same rows: numbers of runs and builds are given here, in the
** order of the log.
*/
#include "repo/inner.h"

#include <math.h>
#include <string.h>

static const char *const kinds[] = {
    "run.started", "run.resumed", "run.trial", "run.stage", "run.artifact", "run.log", "run.finished",
    "build.registered", "build.promoted", "build.reproduced", NULL,
};
static const char *const tables[] = { "champion", "build", "log", "artifact", "stage", "trial", "run", NULL };
static const Statement make[] = {
    { "CREATE TABLE run(id TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, state TEXT NOT NULL, verb TEXT NOT NULL,"
      " command TEXT NOT NULL, options TEXT NOT NULL, seed TEXT NOT NULL, actor TEXT NOT NULL, summary TEXT NOT NULL,"
      " data_path TEXT NOT NULL, data BLOB, data_kept INTEGER NOT NULL, data_bytes INTEGER NOT NULL,"
      " git_commit TEXT NOT NULL, git_remote TEXT NOT NULL, git_dirty INTEGER NOT NULL, host TEXT NOT NULL,"
      " version TEXT NOT NULL, started_us INTEGER NOT NULL, ended_us INTEGER, started_seq INTEGER NOT NULL,"
      " ended_seq INTEGER) STRICT", NULL },
    { "CREATE INDEX run_state ON run(state)", NULL },
    { "CREATE TABLE trial(run TEXT NOT NULL REFERENCES run(id), number INTEGER NOT NULL, learner TEXT NOT NULL,"
      " params TEXT NOT NULL, folds TEXT NOT NULL, score REAL, se REAL, fit_s REAL, predict_us_row REAL, size_bytes REAL,"
      " state TEXT NOT NULL, why TEXT NOT NULL, stage TEXT NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(run, number)) STRICT", NULL },
    { "CREATE TABLE stage(run TEXT NOT NULL REFERENCES run(id), name TEXT NOT NULL, seconds REAL, summary TEXT NOT NULL,"
      " artifact BLOB, seq INTEGER NOT NULL, PRIMARY KEY(run, name)) STRICT", NULL },
    { "CREATE TABLE artifact(run TEXT NOT NULL REFERENCES run(id), name TEXT NOT NULL, media TEXT NOT NULL,"
      " digest BLOB NOT NULL, bytes INTEGER NOT NULL, seq INTEGER NOT NULL, PRIMARY KEY(run, name)) STRICT", NULL },
    { "CREATE TABLE log(run TEXT NOT NULL REFERENCES run(id), seq INTEGER NOT NULL, line INTEGER NOT NULL,"
      " kind TEXT NOT NULL, stage TEXT NOT NULL, text TEXT NOT NULL, time_us INTEGER NOT NULL,"
      " PRIMARY KEY(run, seq, line)) STRICT", NULL },
    { "CREATE TABLE build(model TEXT NOT NULL, n INTEGER NOT NULL, digest BLOB NOT NULL, bytes INTEGER NOT NULL,"
      " task TEXT NOT NULL, target TEXT NOT NULL, metric TEXT NOT NULL, higher INTEGER NOT NULL, value REAL, se REAL,"
      " run TEXT REFERENCES run(id), first_us INTEGER NOT NULL, first_seq INTEGER NOT NULL, last_us INTEGER NOT NULL,"
      " last_seq INTEGER NOT NULL, PRIMARY KEY(model, n), UNIQUE(model, digest)) STRICT", NULL },
    { "CREATE INDEX build_digest ON build(digest)", NULL },
    { "CREATE INDEX build_run ON build(run)", NULL },
    { "CREATE TABLE champion(model TEXT NOT NULL, n INTEGER NOT NULL, from_seq INTEGER NOT NULL, to_seq INTEGER,"
      " PRIMARY KEY(model, from_seq), FOREIGN KEY(model, n) REFERENCES build(model, n)) STRICT", NULL },
    { NULL, NULL },
};

/* --- reading a payload: what is absent is empty --- */

static const char *get_text(yyjson_val *o, const char *key)
{
    const char *s = yyjson_get_str(yyjson_obj_get(o, key));
    return s ? s : "";
}

static DbValue get_num(yyjson_val *o, const char *key)
{
    yyjson_val *v = yyjson_obj_get(o, key);
    return yyjson_is_num(v) ? db_num(yyjson_get_num(v)) : db_null();
}

static DbValue get_int(yyjson_val *o, const char *key)
{
    yyjson_val *v = yyjson_obj_get(o, key);
    if (yyjson_is_int(v)) return db_int(yyjson_get_sint(v));
    return db_int(yyjson_is_real(v) ? (int64_t)yyjson_get_real(v) : 0);
}

static DbValue get_bool(yyjson_val *o, const char *key)
{
    return db_int(yyjson_get_bool(yyjson_obj_get(o, key)));
}

/* 64 hex digits as a blob, through d; NULL when absent or none. */
static DbValue get_digest(yyjson_val *o, const char *key, Digest *d)
{
    const char *s = yyjson_get_str(yyjson_obj_get(o, key));
    return s && digest_read(s, d) ? db_blob(d->at, SHA256_BYTES) : db_null();
}

/* A value as JSON text; *owned is to be given back and may be NULL. */
static Err get_json(Ctx *cx, yyjson_val *o, const char *key, const char *none, const yyjson_alc *alc, char **owned,
                    const char **out)
{
    yyjson_val *v = yyjson_obj_get(o, key);
    *owned = v ? yyjson_val_write_opts(v, YYJSON_WRITE_NOFLAG, alc, NULL, NULL) : NULL;
    *out = *owned ? *owned : none;
    if (v && !*owned) return FAIL(cx, ERR_NOMEM, "writing the '%s' of an event", key);
    return OK;
}

/* --- one function a kind --- */

static Err run_started(Ctx *cx, DbWriter *db, const Event *e, yyjson_val *p, const yyjson_alc *alc)
{
    static const Statement add = {
        "INSERT INTO run SELECT ?1, coalesce(max(number), 0) + 1, 'running', ?2, ?3, ?4, ?5, ?6, '', ?7, ?8, ?9, ?10, ?11, ?12,"
        " ?13, ?14, ?15, ?16, NULL, ?17, NULL FROM run", NULL };
    yyjson_val *data = yyjson_obj_get(p, "data"), *git = yyjson_obj_get(p, "git");
    Digest d;
    char *owned;
    const char *options;
    TRY(cx, get_json(cx, p, "options", "{}", alc, &owned, &options));
    Err err = db_run(cx, db, &add,
                     DB_ARGS(db_text(e->subject), db_text(get_text(p, "verb")), db_text(get_text(p, "command")),
                             db_text(options), db_text(get_text(p, "seed")), db_text(e->actor),
                             db_text(get_text(data, "path")), get_digest(data, "digest", &d), get_bool(data, "kept"),
                             get_int(data, "bytes"), db_text(get_text(git, "commit")), db_text(get_text(git, "remote")),
                             get_bool(git, "dirty"), db_text(get_text(p, "host")), db_text(get_text(p, "version")),
                             db_int(e->time_us), db_int((int64_t)e->seq)), NULL);
    ctx_put(cx, owned);
    return err;
}

/* One row must have changed: the run is there and in the state that the act needs. */
static Err change_run(Ctx *cx, DbWriter *db, const Event *e, const Statement *st, const DbValue *args, size_t n, const char *why)
{
    int64_t changed = 0;
    TRY(cx, db_run(cx, db, st, args, n, &changed));
    if (changed != 1) return FAIL(cx, ERR_REFUSED, "run '%.12s…' %s", e->subject, why);
    return OK;
}

static Err run_resumed(Ctx *cx, DbWriter *db, const Event *e, yyjson_val *p, const yyjson_alc *alc)
{
    static const Statement back = {
        "UPDATE run SET state = 'running', summary = '', ended_us = NULL, ended_seq = NULL"
        " WHERE id = ?1 AND state IN ('interrupted', 'failed')", NULL };
    (void)p, (void)alc;
    TRY(cx, change_run(cx, db, e, &back, DB_ARGS(db_text(e->subject)), "is not one that was cut short"));
    return OK;
}

static Err run_finished(Ctx *cx, DbWriter *db, const Event *e, yyjson_val *p, const yyjson_alc *alc)
{
    static const Statement end = {
        "UPDATE run SET state = ?2, summary = ?3, ended_us = ?4, ended_seq = ?5 WHERE id = ?1 AND state = 'running'", NULL };
    (void)alc;
    TRY(cx, change_run(cx, db, e, &end,
                       DB_ARGS(db_text(e->subject), db_text(get_text(p, "state")), db_text(get_text(p, "summary")),
                               db_int(e->time_us), db_int((int64_t)e->seq)), "is not running"));
    return OK;
}

static Err must_run(Ctx *cx, DbWriter *db, const Event *e)
{
    static const Statement ask = { "SELECT count(*) FROM run WHERE id = ?1 AND state = 'running'", NULL };
    int64_t n = 0;
    TRY(cx, db_ask_int(cx, db_reader(db), &ask, DB_ARGS(db_text(e->subject)), 0, &n));
    if (!n) return FAIL(cx, ERR_REFUSED, "run '%.12s…' is not running", e->subject);
    return OK;
}

static Err run_trial(Ctx *cx, DbWriter *db, const Event *e, yyjson_val *p, const yyjson_alc *alc)
{
    static const Statement taken = { "SELECT count(*) FROM trial WHERE run = ?1 AND number = ?2", NULL };
    static const Statement add = {
        "INSERT INTO trial(run, number, learner, params, folds, score, se, fit_s, predict_us_row, size_bytes, state, why,"
        " stage, seq) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)", NULL };
    char *own_params = NULL, *own_folds = NULL;
    const char *params, *folds;
    int64_t n = 0;
    Err err = OK;
    DbValue number = get_int(p, "number");
    TRY(cx, must_run(cx, db, e));
    TRY(cx, db_ask_int(cx, db_reader(db), &taken, DB_ARGS(db_text(e->subject), number), 0, &n));
    if (n) return FAIL(cx, ERR_REFUSED, "run '%.12s…' has a trial %lld already", e->subject, (long long)number.i);
    TRY_DONE(cx, get_json(cx, p, "params", "{}", alc, &own_params, &params));
    TRY_DONE(cx, get_json(cx, p, "folds", "[]", alc, &own_folds, &folds));
    TRY_DONE(cx, db_run(cx, db, &add,
                        DB_ARGS(db_text(e->subject), number, db_text(get_text(p, "learner")), db_text(params),
                                db_text(folds), get_num(p, "score"), get_num(p, "se"), get_num(p, "fit_s"),
                                get_num(p, "predict_us_row"), get_num(p, "size_bytes"), db_text(get_text(p, "state")),
                                db_text(get_text(p, "why")), db_text(get_text(p, "stage")), db_int((int64_t)e->seq)), NULL));
done:
    ctx_put(cx, own_params);
    ctx_put(cx, own_folds);
    return err;
}

static Err run_stage(Ctx *cx, DbWriter *db, const Event *e, yyjson_val *p, const yyjson_alc *alc)
{
    static const Statement add = {
        "INSERT OR REPLACE INTO stage(run, name, seconds, summary, artifact, seq) VALUES(?1, ?2, ?3, ?4, ?5, ?6)", NULL };
    Digest d;
    (void)alc;
    TRY(cx, must_run(cx, db, e));
    TRY(cx, db_run(cx, db, &add,
                   DB_ARGS(db_text(e->subject), db_text(get_text(p, "name")), get_num(p, "seconds"),
                           db_text(get_text(p, "summary")), get_digest(p, "artifact", &d), db_int((int64_t)e->seq)), NULL));
    return OK;
}

static Err run_artifact(Ctx *cx, DbWriter *db, const Event *e, yyjson_val *p, const yyjson_alc *alc)
{
    static const Statement add = {
        "INSERT OR REPLACE INTO artifact(run, name, media, digest, bytes, seq) VALUES(?1, ?2, ?3, ?4, ?5, ?6)", NULL };
    Digest d;
    (void)alc;
    TRY(cx, must_run(cx, db, e));
    TRY(cx, db_run(cx, db, &add,
                   DB_ARGS(db_text(e->subject), db_text(get_text(p, "name")), db_text(get_text(p, "media")),
                           get_digest(p, "digest", &d), get_int(p, "bytes"), db_int((int64_t)e->seq)), NULL));
    return OK;
}

static Err run_log(Ctx *cx, DbWriter *db, const Event *e, yyjson_val *p, const yyjson_alc *alc)
{
    static const Statement add = {
        "INSERT INTO log(run, seq, line, kind, stage, text, time_us) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)", NULL };
    yyjson_val *lines = yyjson_obj_get(p, "lines"), *line;
    size_t i, n;
    (void)alc;
    yyjson_arr_foreach(lines, i, n, line) {
        TRY(cx, db_run(cx, db, &add,
                       DB_ARGS(db_text(e->subject), db_int((int64_t)e->seq), db_int((int64_t)i), db_text(get_text(line, "kind")),
                               db_text(get_text(line, "stage")), db_text(get_text(line, "text")),
                               get_int(line, "time_us")), NULL));
    }
    return OK;
}

/* The same bytes under the same name are the same build: it only becomes the latest. */
static Err build_registered(Ctx *cx, DbWriter *db, const Event *e, yyjson_val *p, const yyjson_alc *alc)
{
    static const Statement again = {
        "UPDATE build SET last_us = ?3, last_seq = ?4, run = coalesce(?5, run) WHERE model = ?1 AND digest = ?2", NULL };
    static const Statement add = {
        "INSERT INTO build SELECT ?1, coalesce(max(n), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?11, ?12"
        " FROM build WHERE model = ?1", NULL };
    Digest d;
    int64_t changed = 0;
    const char *run = get_text(p, "run");
    DbValue model = db_text(e->subject), digest = get_digest(p, "digest", &d), us = db_int(e->time_us);
    DbValue seq = db_int((int64_t)e->seq), by = *run ? db_text(run) : db_null();
    (void)alc;
    if (digest.type != DB_BLOB) return FAIL(cx, ERR_BAD_INPUT, "a build of '%s' without a digest", e->subject);
    TRY(cx, db_run(cx, db, &again, DB_ARGS(model, digest, us, seq, by), &changed));
    if (changed) return OK;
    TRY(cx, db_run(cx, db, &add,
                   DB_ARGS(model, digest, get_int(p, "bytes"), db_text(get_text(p, "task")), db_text(get_text(p, "target")),
                           db_text(get_text(p, "metric")), get_bool(p, "higher_is_better"), get_num(p, "value"),
                           get_num(p, "se"), by, us, seq), NULL));
    return OK;
}

static Err build_promoted(Ctx *cx, DbWriter *db, const Event *e, yyjson_val *p, const yyjson_alc *alc)
{
    static const Statement retire = { "UPDATE champion SET to_seq = ?2 WHERE model = ?1 AND to_seq IS NULL", NULL };
    static const Statement crown = {
        "INSERT INTO champion(model, n, from_seq, to_seq) SELECT model, n, ?3, NULL FROM build WHERE model = ?1 AND digest = ?2", NULL };
    Digest d;
    int64_t changed = 0;
    (void)alc;
    DbValue model = db_text(e->subject), seq = db_int((int64_t)e->seq);
    TRY(cx, db_run(cx, db, &retire, DB_ARGS(model, seq), NULL));
    TRY(cx, db_run(cx, db, &crown, DB_ARGS(model, get_digest(p, "digest", &d), seq), &changed));
    if (changed != 1) return FAIL(cx, ERR_REFUSED, "'%s' has no such build to promote", e->subject);
    return OK;
}

/* Nothing is derived from it but that the build is there. */
static Err build_reproduced(Ctx *cx, DbWriter *db, const Event *e, yyjson_val *p, const yyjson_alc *alc)
{
    static const Statement touch = { "UPDATE build SET n = n WHERE model = ?1 AND digest = ?2", NULL };
    Digest d;
    int64_t changed = 0;
    (void)alc;
    TRY(cx, db_run(cx, db, &touch, DB_ARGS(db_text(e->subject), get_digest(p, "digest", &d)), &changed));
    if (changed != 1) return FAIL(cx, ERR_REFUSED, "'%s' has no such build to make again", e->subject);
    return OK;
}

static Err apply(Ctx *cx, DbWriter *db, const Event *e)
{
    static const struct { const char *kind; Err (*one)(Ctx *, DbWriter *, const Event *, yyjson_val *, const yyjson_alc *); } rows[] = {
        { "run.started", run_started }, { "run.resumed", run_resumed }, { "run.trial", run_trial },
        { "run.stage", run_stage }, { "run.artifact", run_artifact }, { "run.log", run_log },
        { "run.finished", run_finished }, { "build.registered", build_registered }, { "build.promoted", build_promoted },
        { "build.reproduced", build_reproduced },
    };
    yyjson_alc alc;
    yyjson_doc *doc;
    Err err = OK;
    TRY(cx, repo_json(cx, e->payload, e->payload_n, &alc, &doc));
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!strcmp(rows[i].kind, e->kind)) err = rows[i].one(cx, db, e, yyjson_doc_get_root(doc), &alc);
    }
    yyjson_doc_free(doc);
    return err;
}

const LedgerRoom repo_room = { .name = "repo", .version = 1, .kinds = kinds, .tables = tables, .make = make, .apply = apply };

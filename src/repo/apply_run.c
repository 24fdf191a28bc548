/* repo/apply_run.c -- what happens to a run, folded: its course, trials, stages, artifacts, log. */
#include "repo/inner.h"

#include <string.h>

Err fold_run(Ctx *cx, const Fold *f, bool running, int64_t *number)
{
    static const Statement ask = { "SELECT number, state, deleted FROM run WHERE id = ?1", NULL };
    DbRows *rows = NULL;
    bool more = false;
    Err err = OK;
    *number = 0;
    TRY_DONE(cx, db_ask(cx, db_reader(f->db), &ask, DB_ARGS(db_text(f->e->subject)), &rows));
    TRY_DONE(cx, db_next(cx, rows, &more));
    const char *state = more ? db_get_text(rows, 1) : NULL;
    if (!more) err = FAIL(cx, ERR_REFUSED, "there is no run '%.40s'", f->e->subject);
    else if (db_get_int(rows, 2)) err = FAIL(cx, ERR_REFUSED, "run '%.12s…' is deleted; 'leat runs restore' brings it back", f->e->subject);
    else if (running && (!state || strcmp(state, "running"))) err = FAIL(cx, ERR_REFUSED, "run '%.12s…' is not running", f->e->subject);
    else *number = db_get_int(rows, 0);
done:
    db_rows_close(rows);
    return err;
}

/* --- beginning --- */

/* The experiment of a run: by its name at that moment. */
static Err experiment_of(Ctx *cx, const Fold *f, int64_t *id)
{
    static const Statement ask = { "SELECT id FROM experiment WHERE name = ?1 AND deleted = 0", NULL };
    const char *name = pay_text(f->p, "experiment");
    *id = 0;
    if (!*name) return OK;
    TRY(cx, db_ask_int(cx, db_reader(f->db), &ask, DB_ARGS(db_text(name)), -1, id));
    if (*id < 0) return FAIL(cx, ERR_REFUSED, "there is no experiment '%.100s', or it is deleted", name);
    return OK;
}

static Err add_run(Ctx *cx, const Fold *f, int64_t experiment)
{
    static const Statement add = {
        "INSERT INTO run(id, number, state, verb, command, options, seed, actor, summary, data_path, data, data_kept, data_bytes,"
        " git_commit, git_remote, git_dirty, host, version, started_us, ended_us, started_seq, ended_seq, name, experiment, parent,"
        " project, arguments, environment, folder, held, exit_code, signal, resources, deleted, deleted_us)"
        " SELECT ?1, coalesce(max(number), 0) + 1, 'running', ?2, ?3, ?4, ?5, ?6, '', ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16,"
        " NULL, ?17, NULL, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, NULL, NULL, '', 0, NULL FROM run", NULL };
    yyjson_val *data = yyjson_obj_get(f->p, "data"), *git = yyjson_obj_get(f->p, "git"), *start = yyjson_obj_get(f->p, "start_us");
    static const char *const keys[] = { "options", "arguments", "environment" }, *const none[] = { "{}", "[]", "{}" };
    char *owned[3] = { 0 };
    const char *json[3];
    Digest d;
    Err err = OK;
    const Event *e = f->e;
    yyjson_val *p = f->p;
    for (size_t i = 0; i < 3; i++) TRY_DONE(cx, pay_json(cx, p, keys[i], none[i], f->alc, &owned[i], &json[i]));
    TRY_DONE(cx, db_run(cx, f->db, &add,
                        DB_ARGS(db_text(e->subject), db_text(pay_text(p, "verb")), db_text(pay_text(p, "command")), db_text(json[0]),
                                db_text(pay_text(p, "seed")), db_text(e->actor), db_text(pay_text(data, "path")),
                                pay_digest(data, "digest", &d), pay_bool(data, "kept"), pay_int(data, "bytes"),
                                db_text(pay_text(git, "commit")), db_text(pay_text(git, "remote")), pay_bool(git, "dirty"),
                                db_text(pay_text(p, "host")), db_text(pay_text(p, "version")),
                                start ? pay_int(p, "start_us") : db_int(e->time_us), db_int((int64_t)e->seq),
                                db_text(pay_text(p, "name")), db_int(experiment), db_text(pay_text(p, "parent")), db_text(e->project),
                                db_text(json[1]), db_text(json[2]), db_text(pay_text(p, "folder")),
                                db_int(!yyjson_get_bool(yyjson_obj_get(p, "loose")))), NULL));
done:
    for (size_t i = 0; i < 3; i++) ctx_put(cx, owned[i]);
    return err;
}

Err fold_run_started(Ctx *cx, const Fold *f)
{
    int64_t experiment = 0, number = 0;
    yyjson_val *inputs = yyjson_obj_get(f->p, "inputs"), *tags = yyjson_obj_get(f->p, "tags"), *key, *value;
    size_t i, n;
    TRY(cx, experiment_of(cx, f, &experiment));
    TRY(cx, add_run(cx, f, experiment));
    TRY(cx, fold_run(cx, f, true, &number));
    yyjson_arr_foreach(inputs, i, n, value) TRY(cx, fold_input(cx, f, number, value));
    yyjson_obj_foreach(tags, i, n, key, value) TRY(cx, fold_tag(cx, f, number, yyjson_get_str(key), yyjson_get_str(value)));
    return OK;
}

/* --- its course --- */

/* One row must have changed: the run is there and in the state that the act needs. */
static Err change_run(Ctx *cx, const Fold *f, const Statement *st, const DbValue *args, size_t n, const char *why)
{
    int64_t changed = 0;
    TRY(cx, db_run(cx, f->db, st, args, n, &changed));
    if (changed != 1) return FAIL(cx, ERR_REFUSED, "run '%.12s…' %s", f->e->subject, why);
    return OK;
}

Err fold_run_resumed(Ctx *cx, const Fold *f)
{
    static const Statement back = {
        "UPDATE run SET state = 'running', summary = '', ended_us = NULL, ended_seq = NULL"
        " WHERE id = ?1 AND deleted = 0 AND state IN ('interrupted', 'failed')", NULL };
    TRY(cx, change_run(cx, f, &back, DB_ARGS(db_text(f->e->subject)), "is not one that was cut short"));
    return OK;
}

Err fold_run_finished(Ctx *cx, const Fold *f)
{
    static const Statement end = {
        "UPDATE run SET state = ?2, summary = ?3, ended_us = ?4, ended_seq = ?5, exit_code = ?6, signal = ?7, resources = ?8"
        " WHERE id = ?1 AND state = 'running'", NULL };
    char *owned;
    const char *resources;
    yyjson_val *p = f->p;
    TRY(cx, pay_json(cx, p, "resources", "", f->alc, &owned, &resources));
    Err err = change_run(cx, f, &end,
                         DB_ARGS(db_text(f->e->subject), db_text(pay_text(p, "state")), db_text(pay_text(p, "summary")),
                                 db_int(f->e->time_us), db_int((int64_t)f->e->seq),
                                 yyjson_obj_get(p, "exit") ? pay_int(p, "exit") : db_null(),
                                 yyjson_obj_get(p, "signal") ? pay_int(p, "signal") : db_null(), db_text(resources)),
                         "is not running");
    ctx_put(cx, owned);
    return err ? ctx_hop(cx, err, __FILE__, __LINE__) : OK;
}

/* What a client says of a run it holds itself: any of a name, a state, when it ended. */
Err fold_run_changed(Ctx *cx, const Fold *f)
{
    static const Statement name = { "UPDATE run SET name = ?2 WHERE id = ?1", NULL };
    static const Statement state = {
        "UPDATE run SET state = ?2, ended_us = ?3, ended_seq = ?4 WHERE id = ?1 AND held = 0", NULL };
    int64_t number;
    TRY(cx, fold_run(cx, f, false, &number));
    DbValue id = db_text(f->e->subject);
    const char *to = pay_text(f->p, "state");
    if (yyjson_obj_get(f->p, "name")) TRY(cx, db_run(cx, f->db, &name, DB_ARGS(id, db_text(pay_text(f->p, "name"))), NULL));
    if (!*to) return OK;
    bool open = !strcmp(to, "running");
    DbValue ended = yyjson_obj_get(f->p, "end_us") ? pay_int(f->p, "end_us") : db_int(f->e->time_us);
    TRY(cx, change_run(cx, f, &state,
                       DB_ARGS(id, db_text(to), open ? db_null() : ended, open ? db_null() : db_int((int64_t)f->e->seq)),
                       "is held by its own process, which says how it ends"));
    return OK;
}

Err fold_run_deleted(Ctx *cx, const Fold *f)
{
    static const Statement st = { "UPDATE run SET deleted = 1, deleted_us = ?2 WHERE id = ?1 AND deleted = 0", NULL };
    TRY(cx, change_run(cx, f, &st, DB_ARGS(db_text(f->e->subject), db_int(f->e->time_us)), "is deleted already"));
    return OK;
}

Err fold_run_restored(Ctx *cx, const Fold *f)
{
    static const Statement st = { "UPDATE run SET deleted = 0, deleted_us = NULL WHERE id = ?1 AND deleted = 1", NULL };
    TRY(cx, change_run(cx, f, &st, DB_ARGS(db_text(f->e->subject)), "is not deleted"));
    return OK;
}

/* --- what happens in it --- */

/* One row a parameter, so that trials are found by them: a text as it is, a number as its shortest text, else JSON. */
static Err trial_params(Ctx *cx, const Fold *f)
{
    static const Statement add = { "INSERT INTO trial_param(trial, key, value, head) VALUES(?1, ?2, ?3, ?4)", NULL };
    yyjson_val *params = yyjson_obj_get(f->p, "params"), *key, *value;
    size_t i, n;
    yyjson_obj_foreach(params, i, n, key, value) {
        char number[NUM_TEXT_MAX], head[FILTER_HEAD_MAX], *owned = NULL;
        const char *text = yyjson_get_str(value);
        if (yyjson_is_num(value)) {
            num_text(yyjson_get_num(value), number);
            text = number;
        } else if (!text) {
            text = owned = yyjson_val_write_opts(value, YYJSON_WRITE_NOFLAG, f->alc, NULL, NULL);
        }
        if (!text) return FAIL(cx, ERR_NOMEM, "keeping the parameters of a trial");
        filter_head(text, head);
        Err err = db_run(cx, f->db, &add,
                         DB_ARGS(db_int((int64_t)f->e->seq), db_text(yyjson_get_str(key)), db_text(text), db_text(head)), NULL);
        ctx_put(cx, owned);
        TRY(cx, err);
    }
    return OK;
}

Err fold_run_trial(Ctx *cx, const Fold *f)
{
    static const Statement taken = { "SELECT count(*) FROM trial WHERE run = ?1 AND number = ?2", NULL };
    static const Statement add = {
        "INSERT INTO trial(run, number, learner, params, folds, score, se, fit_s, predict_us_row, size_bytes, state, why,"
        " stage, seq) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)", NULL };
    char *own_params = NULL, *own_folds = NULL;
    const char *params, *folds;
    int64_t n = 0, run;
    Err err = OK;
    const Event *e = f->e;
    yyjson_val *p = f->p;
    DbValue number = pay_int(p, "number");
    TRY(cx, fold_run(cx, f, true, &run));
    TRY(cx, db_ask_int(cx, db_reader(f->db), &taken, DB_ARGS(db_text(e->subject), number), 0, &n));
    if (n) return FAIL(cx, ERR_REFUSED, "run '%.12s…' has a trial %lld already", e->subject, (long long)number.i);
    TRY_DONE(cx, pay_json(cx, p, "params", "{}", f->alc, &own_params, &params));
    TRY_DONE(cx, pay_json(cx, p, "folds", "[]", f->alc, &own_folds, &folds));
    TRY_DONE(cx, db_run(cx, f->db, &add,
                        DB_ARGS(db_text(e->subject), number, db_text(pay_text(p, "learner")), db_text(params),
                                db_text(folds), pay_num(p, "score"), pay_num(p, "se"), pay_num(p, "fit_s"),
                                pay_num(p, "predict_us_row"), pay_num(p, "size_bytes"), db_text(pay_text(p, "state")),
                                db_text(pay_text(p, "why")), db_text(pay_text(p, "stage")), db_int((int64_t)e->seq)), NULL));
    TRY_DONE(cx, trial_params(cx, f));
done:
    ctx_put(cx, own_params);
    ctx_put(cx, own_folds);
    return err;
}

Err fold_run_stage(Ctx *cx, const Fold *f)
{
    static const Statement add = {
        "INSERT INTO stage(run, name, seconds, summary, artifact, seq) VALUES(?1, ?2, ?3, ?4, ?5, ?6)"
        " ON CONFLICT(run, name) DO UPDATE SET seconds = excluded.seconds, summary = excluded.summary,"
        " artifact = excluded.artifact, seq = excluded.seq", NULL };
    Digest d;
    int64_t run;
    TRY(cx, fold_run(cx, f, true, &run));
    TRY(cx, db_run(cx, f->db, &add,
                   DB_ARGS(db_text(f->e->subject), db_text(pay_text(f->p, "name")), pay_num(f->p, "seconds"),
                           db_text(pay_text(f->p, "summary")), pay_digest(f->p, "artifact", &d), db_int((int64_t)f->e->seq)), NULL));
    return OK;
}

Err fold_run_artifact(Ctx *cx, const Fold *f)
{
    static const Statement add = {
        "INSERT INTO artifact(run, name, media, digest, bytes, seq) VALUES(?1, ?2, ?3, ?4, ?5, ?6)"
        " ON CONFLICT(run, name) DO UPDATE SET media = excluded.media, digest = excluded.digest, bytes = excluded.bytes,"
        " seq = excluded.seq", NULL };
    Digest d;
    int64_t run;
    DbValue digest = pay_digest(f->p, "digest", &d);
    if (digest.type != DB_BLOB) return FAIL(cx, ERR_BAD_INPUT, "an artifact without a digest");
    TRY(cx, fold_run(cx, f, false, &run));
    TRY(cx, db_run(cx, f->db, &add,
                   DB_ARGS(db_text(f->e->subject), db_text(pay_text(f->p, "name")), db_text(pay_text(f->p, "media")), digest,
                           pay_int(f->p, "bytes"), db_int((int64_t)f->e->seq)), NULL));
    return OK;
}

Err fold_run_log(Ctx *cx, const Fold *f)
{
    static const Statement add = {
        "INSERT INTO log(run, seq, line, kind, stage, text, time_us) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)", NULL };
    yyjson_val *lines = yyjson_obj_get(f->p, "lines"), *line;
    size_t i, n;
    const Event *e = f->e;
    yyjson_arr_foreach(lines, i, n, line) {
        TRY(cx, db_run(cx, f->db, &add,
                       DB_ARGS(db_text(e->subject), db_int((int64_t)e->seq), db_int((int64_t)i), db_text(pay_text(line, "kind")),
                               db_text(pay_text(line, "stage")), db_text(pay_text(line, "text")), pay_int(line, "time_us")), NULL));
    }
    return OK;
}

/* repo/apply_log.c -- what runs say of themselves, folded: params, tags, inputs, notes; and experiments. */
#include "repo/inner.h"

#include <string.h>

/* --- params and tags --- */

Err fold_param(Ctx *cx, const Fold *f, int64_t run, const char *key, const char *value)
{
    static const Statement ask = { "SELECT count(*) FROM param WHERE run = ?1 AND key = ?2 AND value <> ?3", NULL };
    static const Statement add = {
        "INSERT INTO param(run, key, value, head) VALUES(?1, ?2, ?3, ?4) ON CONFLICT(run, key) DO NOTHING", NULL };
    char head[FILTER_HEAD_MAX];
    int64_t other = 0;
    if (!key || !value) return FAIL(cx, ERR_BAD_INPUT, "a param without a key or a value");
    TRY(cx, db_ask_int(cx, db_reader(f->db), &ask, DB_ARGS(db_int(run), db_text(key), db_text(value)), 0, &other));
    if (other)
        return FAIL(cx, ERR_REFUSED, "param '%.100s' of run %lld has another value already, and a param is set once; "
                    "log what changes as a metric or a tag", key, (long long)run);
    filter_head(value, head);
    TRY(cx, db_run(cx, f->db, &add, DB_ARGS(db_int(run), db_text(key), db_text(value), db_text(head)), NULL));
    return OK;
}

Err fold_run_params(Ctx *cx, const Fold *f)
{
    yyjson_val *params = yyjson_obj_get(f->p, "params"), *key, *value;
    int64_t run;
    size_t i, n;
    TRY(cx, fold_run(cx, f, false, &run));
    yyjson_obj_foreach(params, i, n, key, value) TRY(cx, fold_param(cx, f, run, yyjson_get_str(key), yyjson_get_str(value)));
    return OK;
}

Err fold_tag(Ctx *cx, const Fold *f, int64_t run, const char *key, const char *value)
{
    static const Statement drop = { "DELETE FROM tag WHERE run = ?1 AND key = ?2", NULL };
    static const Statement add = {
        "INSERT INTO tag(run, key, value, head) VALUES(?1, ?2, ?3, ?4)"
        " ON CONFLICT(run, key) DO UPDATE SET value = excluded.value, head = excluded.head", NULL };
    static const Statement name = { "UPDATE run SET name = ?2 WHERE number = ?1", NULL };
    static const Statement parent = { "UPDATE run SET parent = ?2 WHERE number = ?1", NULL };
    char head[FILTER_HEAD_MAX];
    if (!key) return FAIL(cx, ERR_BAD_INPUT, "a tag without a key");
    if (!value) {
        TRY(cx, db_run(cx, f->db, &drop, DB_ARGS(db_int(run), db_text(key)), NULL));
        return OK;
    }
    filter_head(value, head);
    TRY(cx, db_run(cx, f->db, &add, DB_ARGS(db_int(run), db_text(key), db_text(value), db_text(head)), NULL));
    if (!strcmp(key, "mlflow.runName")) TRY(cx, db_run(cx, f->db, &name, DB_ARGS(db_int(run), db_text(value)), NULL));
    if (!strcmp(key, "mlflow.parentRunId")) TRY(cx, db_run(cx, f->db, &parent, DB_ARGS(db_int(run), db_text(value)), NULL));
    return OK;
}

Err fold_run_tags(Ctx *cx, const Fold *f)
{
    yyjson_val *tags = yyjson_obj_get(f->p, "tags"), *key, *value;
    int64_t run;
    size_t i, n;
    TRY(cx, fold_run(cx, f, false, &run));
    yyjson_obj_foreach(tags, i, n, key, value) TRY(cx, fold_tag(cx, f, run, yyjson_get_str(key), yyjson_get_str(value)));
    return OK;
}

/* --- inputs and notes --- */

Err fold_input(Ctx *cx, const Fold *f, int64_t run, yyjson_val *input)
{
    static const Statement add = {
        "INSERT INTO input(run, name, digest, context, source_type, source, schema, profile, bytes, seq)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT(run, name, digest) DO UPDATE SET context = excluded.context,"
        " source_type = excluded.source_type, source = excluded.source, schema = excluded.schema, profile = excluded.profile,"
        " bytes = excluded.bytes, seq = excluded.seq", NULL };
    TRY(cx, db_run(cx, f->db, &add,
                   DB_ARGS(db_int(run), db_text(pay_text(input, "name")), db_text(pay_text(input, "digest")),
                           db_text(pay_text(input, "context")), db_text(pay_text(input, "source_type")),
                           db_text(pay_text(input, "source")), db_text(pay_text(input, "schema")), db_text(pay_text(input, "profile")),
                           pay_int(input, "bytes"), db_int((int64_t)f->e->seq)), NULL));
    return OK;
}

Err fold_run_inputs(Ctx *cx, const Fold *f)
{
    yyjson_val *inputs = yyjson_obj_get(f->p, "inputs"), *input;
    int64_t run;
    size_t i, n;
    TRY(cx, fold_run(cx, f, false, &run));
    yyjson_arr_foreach(inputs, i, n, input) TRY(cx, fold_input(cx, f, run, input));
    return OK;
}

Err fold_note(Ctx *cx, const Fold *f)
{
    static const Statement add = {
        "INSERT INTO note(seq, about, subject, actor, time_us, text) VALUES(?1, ?2, ?3, ?4, ?5, ?6)", NULL };
    TRY(cx, db_run(cx, f->db, &add,
                   DB_ARGS(db_int((int64_t)f->e->seq), db_text(pay_text(f->p, "about")), db_text(f->e->subject),
                           db_text(f->e->actor), db_int(f->e->time_us), db_text(pay_text(f->p, "text"))), NULL));
    return OK;
}

/* --- experiments: the subject is its name at that moment --- */

static Err experiment_id(Ctx *cx, const Fold *f, int64_t *id)
{
    static const Statement ask = { "SELECT id FROM experiment WHERE name = ?1", NULL };
    TRY(cx, db_ask_int(cx, db_reader(f->db), &ask, DB_ARGS(db_text(f->e->subject)), -1, id));
    if (*id < 0) return FAIL(cx, ERR_REFUSED, "there is no experiment '%.100s'", f->e->subject);
    return OK;
}

static Err experiment_tags(Ctx *cx, const Fold *f, int64_t id)
{
    static const Statement drop = { "DELETE FROM experiment_tag WHERE experiment = ?1 AND key = ?2", NULL };
    static const Statement add = {
        "INSERT INTO experiment_tag(experiment, key, value, head) VALUES(?1, ?2, ?3, ?4)"
        " ON CONFLICT(experiment, key) DO UPDATE SET value = excluded.value, head = excluded.head", NULL };
    yyjson_val *tags = yyjson_obj_get(f->p, "tags"), *key, *value;
    size_t i, n;
    yyjson_obj_foreach(tags, i, n, key, value) {
        char head[FILTER_HEAD_MAX];
        const char *text = yyjson_get_str(value);
        DbValue name = db_text(yyjson_get_str(key));
        filter_head(text ? text : "", head);
        if (text) TRY(cx, db_run(cx, f->db, &add, DB_ARGS(db_int(id), name, db_text(text), db_text(head)), NULL));
        else TRY(cx, db_run(cx, f->db, &drop, DB_ARGS(db_int(id), name), NULL));
    }
    return OK;
}

Err fold_experiment_created(Ctx *cx, const Fold *f)
{
    static const Statement taken = { "SELECT count(*) FROM experiment WHERE name = ?1", NULL };
    static const Statement add = {
        "INSERT INTO experiment(id, name, project, deleted, deleted_us, created_us, changed_us)"
        " SELECT coalesce(max(id), 0) + 1, ?1, ?2, 0, NULL, ?3, ?4 FROM experiment", NULL };
    int64_t n = 0, id = 0;
    DbValue us = db_int(f->e->time_us);
    TRY(cx, db_ask_int(cx, db_reader(f->db), &taken, DB_ARGS(db_text(f->e->subject)), 0, &n));
    if (n) return FAIL(cx, ERR_REFUSED, "there is an experiment '%.100s' already, perhaps deleted", f->e->subject);
    TRY(cx, db_run(cx, f->db, &add, DB_ARGS(db_text(f->e->subject), db_text(f->e->project), us, us), NULL));
    TRY(cx, experiment_id(cx, f, &id));
    TRY(cx, experiment_tags(cx, f, id));
    return OK;
}

Err fold_experiment_changed(Ctx *cx, const Fold *f)
{
    static const Statement taken = { "SELECT count(*) FROM experiment WHERE name = ?1 AND id <> ?2", NULL };
    static const Statement name = { "UPDATE experiment SET name = ?2 WHERE id = ?1", NULL };
    static const Statement touch = { "UPDATE experiment SET changed_us = ?2 WHERE id = ?1", NULL };
    const char *to = pay_text(f->p, "experiment");
    int64_t id = 0, n = 0;
    TRY(cx, experiment_id(cx, f, &id));
    TRY(cx, experiment_tags(cx, f, id));
    if (*to) {
        TRY(cx, db_ask_int(cx, db_reader(f->db), &taken, DB_ARGS(db_text(to), db_int(id)), 0, &n));
        if (n) return FAIL(cx, ERR_REFUSED, "there is an experiment '%.100s' already, perhaps deleted", to);
        TRY(cx, db_run(cx, f->db, &name, DB_ARGS(db_int(id), db_text(to)), NULL));
    }
    TRY(cx, db_run(cx, f->db, &touch, DB_ARGS(db_int(id), db_int(f->e->time_us)), NULL));
    return OK;
}

/* Its runs carry its own moment of deletion, so that restoring it brings back those and no others. */
Err fold_experiment_deleted(Ctx *cx, const Fold *f)
{
    static const Statement st = {
        "UPDATE experiment SET deleted = 1, deleted_us = ?2, changed_us = ?2 WHERE id = ?1 AND deleted = 0", NULL };
    static const Statement runs = { "UPDATE run SET deleted = 1, deleted_us = ?2 WHERE experiment = ?1 AND deleted = 0", NULL };
    int64_t id = 0, changed = 0;
    TRY(cx, experiment_id(cx, f, &id));
    if (!id) return FAIL(cx, ERR_REFUSED, "experiment '%.100s' is where runs go that name none: it stays", f->e->subject);
    TRY(cx, db_run(cx, f->db, &st, DB_ARGS(db_int(id), db_int(f->e->time_us)), &changed));
    if (!changed) return FAIL(cx, ERR_REFUSED, "experiment '%.100s' is deleted already", f->e->subject);
    TRY(cx, db_run(cx, f->db, &runs, DB_ARGS(db_int(id), db_int(f->e->time_us)), NULL));
    return OK;
}

Err fold_experiment_restored(Ctx *cx, const Fold *f)
{
    static const Statement st = {
        "UPDATE experiment SET deleted = 0, deleted_us = NULL, changed_us = ?2 WHERE id = ?1 AND deleted = 1", NULL };
    static const Statement runs = {
        "UPDATE run SET deleted = 0, deleted_us = NULL WHERE experiment = ?1 AND deleted = 1"
        " AND deleted_us = (SELECT deleted_us FROM experiment WHERE id = ?1)", NULL };
    int64_t id = 0, changed = 0;
    TRY(cx, experiment_id(cx, f, &id));
    TRY(cx, db_run(cx, f->db, &runs, DB_ARGS(db_int(id)), NULL));
    TRY(cx, db_run(cx, f->db, &st, DB_ARGS(db_int(id), db_int(f->e->time_us)), &changed));
    if (!changed) return FAIL(cx, ERR_REFUSED, "experiment '%.100s' is not deleted", f->e->subject);
    return OK;
}

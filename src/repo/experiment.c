/* repo/experiment.c -- experiments: named groups of runs. */
#include "repo/inner.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define EXPERIMENT_COLUMNS \
    "SELECT e.id, e.name, e.deleted, e.created_us, e.changed_us," \
    " (SELECT count(*) FROM run r WHERE r.experiment = e.id AND r.deleted = 0) FROM experiment e "

static const Statement st_by_name = { EXPERIMENT_COLUMNS "WHERE e.name = ?1", NULL };
static const Statement st_by_id = { EXPERIMENT_COLUMNS "WHERE e.id = ?1", NULL };
static const Statement st_names = { "SELECT name FROM experiment ORDER BY id LIMIT 1000", NULL };

static Err read_experiment(Ctx *cx, DbRows *q, void *row)
{
    ExperimentRow *e = row;
    e->id = db_get_int(q, 0);
    e->name = db_copy_text(cx, q, 1);
    e->deleted = db_get_int(q, 2) != 0;
    e->created_us = db_get_int(q, 3);
    e->changed_us = db_get_int(q, 4);
    e->runs_n = (uint64_t)db_get_int(q, 5);
    return e->name ? OK : FAIL(cx, ERR_NOMEM, "reading experiments");
}

static Err read_name(Ctx *cx, DbRows *q, void *row)
{
    *(const char **)row = db_copy_text(cx, q, 0);
    return *(const char **)row ? OK : FAIL(cx, ERR_NOMEM, "reading experiments");
}

Err repo_experiment_of_id(Ctx *cx, Repo *r, int64_t id, ExperimentRow *out)
{
    void *rows;
    size_t n;
    memset(out, 0, sizeof *out);
    TRY(cx, repo_rows(cx, r, &st_by_id, DB_ARGS(db_int(id)), sizeof *out, read_experiment, &rows, &n));
    if (!n) return FAIL(cx, ERR_NOT_FOUND, "no experiment %lld", (long long)id);
    *out = *(ExperimentRow *)rows;
    return OK;
}

Err repo_experiment_find(Ctx *cx, Repo *r, const char *ref, ExperimentRow *out)
{
    void *rows;
    size_t n;
    char *end;
    memset(out, 0, sizeof *out);
    TRY(cx, repo_rows(cx, r, &st_by_name, DB_ARGS(db_text(ref)), sizeof *out, read_experiment, &rows, &n));
    if (!n && isdigit((unsigned char)*ref) && strlen(ref) < 19) {
        long long id = strtoll(ref, &end, 10);
        if (!*end) TRY(cx, repo_rows(cx, r, &st_by_id, DB_ARGS(db_int(id)), sizeof *out, read_experiment, &rows, &n));
    }
    if (n) {
        *out = *(ExperimentRow *)rows;
        return OK;
    }
    TRY(cx, repo_rows(cx, r, &st_names, DB_NO_ARGS, sizeof(const char *), read_name, &rows, &n));
    const char *near = text_nearest(ref, rows, n);
    if (near) return FAIL(cx, ERR_NOT_FOUND, "no experiment '%.100s'; did you mean '%s'?", ref, near);
    return FAIL(cx, ERR_NOT_FOUND, "no experiment '%.100s'; 'leat experiment ls' lists them", ref);
}

static Err check_name(Ctx *cx, const char *name)
{
    size_t n = strlen(name);
    if (n && n <= REPO_EXPERIMENT_MAX && text_utf8_ok(name, n)) return OK;
    return FAIL(cx, ERR_BAD_INPUT, "the name of an experiment has 1 to %d bytes of UTF-8; '%.40s' has %zu", REPO_EXPERIMENT_MAX,
                name, n);
}

static void write_change(Text *t, const char *name, const RepoPair *tag, size_t n)
{
    json_open(t);
    if (name) json_key_text(t, "experiment", name);
    if (n) {
        json_key_open(t, "tags");
        for (size_t i = 0; i < n; i++) json_key_text(t, tag[i].key, tag[i].value);
        json_close(t);
    }
    json_close(t);
}

Err repo_experiment_create(Ctx *cx, Repo *r, const char *name, const RepoPair *tag, size_t tags_n, int64_t *id)
{
    static const Statement ask = { "SELECT id FROM experiment WHERE name = ?1", NULL };
    Text t;
    Err err = OK;
    *id = -1;
    text_init(&t, cx);
    TRY(cx, check_name(cx, name));
    write_change(&t, NULL, tag, tags_n);
    TRY_DONE(cx, ledger_begin(cx, r->ledger));
    TRY_DONE(cx, repo_append(cx, r, "experiment.created", name, &t));
    TRY_DONE(cx, db_ask_int(cx, ledger_db(r->ledger), &ask, DB_ARGS(db_text(name)), -1, id));
    TRY_DONE(cx, ledger_commit(cx, r->ledger));
done:
    ledger_cancel(r->ledger);
    text_clear(&t);
    if (err) *id = -1;
    return err;
}

/* An act about an experiment that must be there. */
static Err act(Ctx *cx, Repo *r, const char *kind, const char *name, Text *t)
{
    ExperimentRow row;
    Err err = OK;
    TRY_DONE(cx, ledger_begin(cx, r->ledger));
    TRY_DONE(cx, repo_experiment_find(cx, r, name, &row));
    TRY_DONE(cx, repo_append(cx, r, kind, row.name, t));
    TRY_DONE(cx, ledger_commit(cx, r->ledger));
done:
    ledger_cancel(r->ledger);
    text_clear(t);
    return err;
}

Err repo_experiment_rename(Ctx *cx, Repo *r, const char *name, const char *to)
{
    Text t;
    TRY(cx, check_name(cx, to));
    text_init(&t, cx);
    write_change(&t, to, NULL, 0);
    TRY(cx, act(cx, r, "experiment.changed", name, &t));
    return OK;
}

Err repo_experiment_tags(Ctx *cx, Repo *r, const char *name, const RepoPair *tag, size_t n)
{
    Text t;
    text_init(&t, cx);
    write_change(&t, NULL, tag, n);
    TRY(cx, act(cx, r, "experiment.changed", name, &t));
    return OK;
}

static Err plain(Ctx *cx, Repo *r, const char *kind, const char *name)
{
    Text t;
    text_init(&t, cx);
    text_put(&t, "{}");
    TRY(cx, act(cx, r, kind, name, &t));
    return OK;
}

Err repo_experiment_delete(Ctx *cx, Repo *r, const char *name)
{
    TRY(cx, plain(cx, r, "experiment.deleted", name));
    return OK;
}

Err repo_experiment_restore(Ctx *cx, Repo *r, const char *name)
{
    TRY(cx, plain(cx, r, "experiment.restored", name));
    return OK;
}

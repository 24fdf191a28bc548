/* lake/label.c -- who labelled a column, when, by what source: on record, and taken back. */
#include "lake/workin.h"

#include "table/table.h"

#include <string.h>

/* The version's table must have the column; a version without a known schema is looked at. */
static Err must_have_column(Ctx *cx, Lake *lake, const LakeVersion *v, const char *column)
{
    const char *type;
    LakeTable t;
    Table *head = NULL;
    const char *near = NULL;
    TRY(cx, lake_column_type(cx, lake, v, column, &type));
    if (type) return OK;
    char *ref = work_name(cx, v->dataset, v->n);
    if (!ref) return FAIL(cx, ERR_NOMEM, "looking at '%s'", v->dataset);
    TRY(cx, lake_table(cx, lake, ref, 1, &t));
    QueryIn in = { .path = ref, .paths = t.path, .paths_n = 1, .format = t.format, .rows_max = 100, .rows_may_lack = true };
    TRY(cx, query_read(cx, &in, &head, NULL));
    bool there = table_find(head, column) != SIZE_MAX;
    const char **name = ctx_scratch(cx, (head->cols + 1) * sizeof *name);
    for (size_t i = 0; name && i < head->cols; i++) name[i] = head->col[i].name;
    if (!there && name) near = text_nearest(column, name, head->cols);
    if (near) near = ctx_scratch_text(cx, near);
    table_free(cx, head);
    if (there) return OK;
    if (near) return FAIL(cx, ERR_NOT_FOUND, "'%s' has no column '%s'; did you mean '%s'?", ref, column, near);
    return FAIL(cx, ERR_NOT_FOUND, "'%s' has no column '%s'", ref, column);
}

Err lake_label(Ctx *cx, Lake *lake, const LakeLabelIn *in, LakeVersion *v)
{
    Text t;
    if (!in->column || !*in->column) return FAIL(cx, ERR_USAGE, "say which column holds the labels: --column COL");
    if (!(in->by && *in->by) && !(in->source && *in->source))
        return FAIL(cx, ERR_USAGE, "say who labelled it (--by WHO), or where the labels come from (--source WORDS)");
    TRY(cx, mark_words(cx, "name of who labelled", in->by));
    TRY(cx, mark_words(cx, "source", in->source));
    TRY(cx, mark_words(cx, "message", in->message));
    TRY(cx, lake_find(cx, lake, in->ref, v));
    TRY(cx, must_have_column(cx, lake, v, in->column));
    text_init(&t, cx);
    json_open(&t);
    json_key_text(&t, "by", in->by ? in->by : "");
    json_key_text(&t, "column", in->column);
    json_key_text(&t, "message", in->message ? in->message : "");
    json_key_int(&t, "n", (int64_t)v->n);
    json_key_int(&t, "on_us", in->on_us);
    json_key_text(&t, "source", in->source ? in->source : "");
    json_close(&t);
    TRY(cx, mark_append(cx, lake, "data.labelled", v->dataset, &t));
    return OK;
}

Err lake_unlabel(Ctx *cx, Lake *lake, const char *ref, const char *column, const char *why, LakeVersion *v)
{
    Text t;
    if (!column || !*column) return FAIL(cx, ERR_USAGE, "say which column: --column COL");
    TRY(cx, mark_words(cx, "reason", why));
    TRY(cx, lake_find(cx, lake, ref, v));
    text_init(&t, cx);
    json_open(&t);
    json_key_text(&t, "column", column);
    json_key_int(&t, "n", (int64_t)v->n);
    json_key_text(&t, "why", why ? why : "");
    json_close(&t);
    TRY(cx, mark_append(cx, lake, "data.unlabelled", v->dataset, &t));
    return OK;
}

Err lake_labels(Ctx *cx, Lake *lake, const LakeVersion *v, LakeLabel **out, size_t *n)
{
    static const Statement st = {
        "SELECT column_name, by_whom, source, message, actor, on_us, made_us, from_seq, to_seq FROM data_label"
        " WHERE dataset = ?1 AND n = ?2 ORDER BY from_seq DESC", NULL };
    Err err = OK;
    DbRows *q = NULL;
    bool more;
    *out = NULL;
    *n = 0;
    TRY(cx, db_ask(cx, ledger_db(lake->ledger), &st, DB_ARGS(db_text(v->dataset), db_int((int64_t)v->n)), &q));
    for (;;) {
        TRY_DONE(cx, db_next(cx, q, &more));
        if (!more) break;
        LakeLabel *l = work_row(cx, (void **)out, *n, sizeof *l);
        if (!l) { err = FAIL(cx, ERR_NOMEM, "the labels of '%s'", v->dataset); goto done; }
        *l = (LakeLabel){ .dataset = v->dataset, .n = v->n, .column = db_copy_text(cx, q, 0), .by = db_copy_text(cx, q, 1),
                          .source = db_copy_text(cx, q, 2), .message = db_copy_text(cx, q, 3), .actor = db_copy_text(cx, q, 4),
                          .on_us = db_get_int(q, 5), .made_us = db_get_int(q, 6), .from_seq = (uint64_t)db_get_int(q, 7),
                          .to_seq = (uint64_t)db_get_int(q, 8) };
        if (!l->column || !l->by || !l->source || !l->message || !l->actor) {
            err = FAIL(cx, ERR_NOMEM, "the labels of '%s'", v->dataset);
            goto done;
        }
        ++*n;
    }
done:
    db_rows_close(q);
    return err;
}

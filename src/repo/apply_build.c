/* repo/apply_build.c -- builds, champions and predictions, folded. */
#include "repo/inner.h"

/* The same bytes under the same name are the same build: it only becomes the latest. */
Err fold_build_registered(Ctx *cx, const Fold *f)
{
    const Event *e = f->e;
    yyjson_val *p = f->p;
    static const Statement again = {
        "UPDATE build SET last_us = ?3, last_seq = ?4, run = coalesce(?5, run) WHERE model = ?1 AND digest = ?2", NULL };
    static const Statement add = {
        "INSERT INTO build SELECT ?1, coalesce(max(n), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?11, ?12"
        " FROM build WHERE model = ?1", NULL };
    Digest d;
    int64_t changed = 0;
    const char *run = pay_text(p, "run");
    DbValue model = db_text(e->subject), digest = pay_digest(p, "digest", &d), us = db_int(e->time_us);
    DbValue seq = db_int((int64_t)e->seq), by = *run ? db_text(run) : db_null();
    if (digest.type != DB_BLOB) return FAIL(cx, ERR_BAD_INPUT, "a build of '%s' without a digest", e->subject);
    TRY(cx, db_run(cx, f->db, &again, DB_ARGS(model, digest, us, seq, by), &changed));
    if (changed) return OK;
    TRY(cx, db_run(cx, f->db, &add,
                   DB_ARGS(model, digest, pay_int(p, "bytes"), db_text(pay_text(p, "task")), db_text(pay_text(p, "target")),
                           db_text(pay_text(p, "metric")), pay_bool(p, "higher_is_better"), pay_num(p, "value"),
                           pay_num(p, "se"), by, us, seq), NULL));
    return OK;
}

Err fold_build_promoted(Ctx *cx, const Fold *f)
{
    const Event *e = f->e;
    yyjson_val *p = f->p;
    static const Statement retire = { "UPDATE champion SET to_seq = ?2 WHERE model = ?1 AND to_seq IS NULL", NULL };
    static const Statement crown = {
        "INSERT INTO champion(model, n, from_seq, to_seq) SELECT model, n, ?3, NULL FROM build WHERE model = ?1 AND digest = ?2", NULL };
    Digest d;
    int64_t changed = 0;
    DbValue model = db_text(e->subject), seq = db_int((int64_t)e->seq);
    TRY(cx, db_run(cx, f->db, &retire, DB_ARGS(model, seq), NULL));
    TRY(cx, db_run(cx, f->db, &crown, DB_ARGS(model, pay_digest(p, "digest", &d), seq), &changed));
    if (changed != 1) return FAIL(cx, ERR_REFUSED, "'%s' has no such build to promote", e->subject);
    return OK;
}

/* Nothing is derived from it but that the build is there. */
Err fold_build_reproduced(Ctx *cx, const Fold *f)
{
    const Event *e = f->e;
    yyjson_val *p = f->p;
    static const Statement touch = { "UPDATE build SET n = n WHERE model = ?1 AND digest = ?2", NULL };
    Digest d;
    int64_t changed = 0;
    TRY(cx, db_run(cx, f->db, &touch, DB_ARGS(db_text(e->subject), pay_digest(p, "digest", &d)), &changed));
    if (changed != 1) return FAIL(cx, ERR_REFUSED, "'%s' has no such build to make again", e->subject);
    return OK;
}

/* A prediction names the build by digest: it may have been made with a file from elsewhere, so it need not be registered. */
Err fold_prediction(Ctx *cx, const Fold *f)
{
    static const Statement add = {
        "INSERT INTO prediction(seq, build, model, n, input, input_name, output, output_name, rows, actor, time_us)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)", NULL };
    Digest build, input, output;
    DbValue digest = pay_digest(f->p, "build", &build);
    if (digest.type != DB_BLOB) return FAIL(cx, ERR_BAD_INPUT, "a prediction that names no build");
    TRY(cx, db_run(cx, f->db, &add,
                   DB_ARGS(db_int((int64_t)f->e->seq), digest, db_text(pay_text(f->p, "model")), pay_int(f->p, "n"),
                           pay_digest(f->p, "input", &input), db_text(pay_text(f->p, "input_name")),
                           pay_digest(f->p, "output", &output), db_text(pay_text(f->p, "output_name")), pay_int(f->p, "rows"),
                           db_text(f->e->actor), db_int(f->e->time_us)), NULL));
    return OK;
}

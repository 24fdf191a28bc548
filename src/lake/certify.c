/* lake/certify.c -- certificates that expire, their revocation, and what may be believed of a version in the end.
**
** A version's standing is that of its own certificate, pulled down by the worst of what it was made from: a revoked or expired
** certificate anywhere behind it counts, however many steps away.  Inputs that nobody certified count only where the version
** has no certificate of its own.
*/
#include "lake/workin.h"

#include <stdio.h>
#include <string.h>

#define SEEN_MAX 10000             /* versions behind one */

static const char *const state_words[] = { "certified", "none", "expired", "revoked" };

const char *lake_trust_word(LakeTrust s)
{
    return (size_t)s < sizeof state_words / sizeof *state_words ? state_words[s] : "none";
}

/* ------------------------------------------------------------------ acting */

Err lake_certify(Ctx *cx, Lake *lake, const LakeCertify *in, LakeVersion *v)
{
    Text t;
    const Clock *clock = cx->world->clock;
    if (!in->labels && !in->fit)
        return FAIL(cx, ERR_USAGE, "say what is certified: --labels (they are right), --fit (the data is fit for training), or both");
    if (!in->message || !*in->message) return FAIL(cx, ERR_USAGE, "a certificate needs words that stand for it: -m '…'");
    if (in->until_us <= clock->now_us(clock->self)) return FAIL(cx, ERR_BAD_INPUT, "a certificate must end in the future: --until DATE");
    TRY(cx, mark_words(cx, "message", in->message));
    TRY(cx, lake_find(cx, lake, in->ref, v));
    text_init(&t, cx);
    json_open(&t);
    json_key_bool(&t, "fit", in->fit);
    json_key_bool(&t, "labels", in->labels);
    json_key_text(&t, "message", in->message);
    json_key_int(&t, "n", (int64_t)v->n);
    json_key_int(&t, "until_us", in->until_us);
    json_close(&t);
    TRY(cx, mark_append(cx, lake, "data.certified", v->dataset, &t));
    return OK;
}

Err lake_revoke(Ctx *cx, Lake *lake, const char *ref, const char *why, LakeVersion *v)
{
    Text t;
    if (!why || !*why) return FAIL(cx, ERR_USAGE, "say why the certificate is revoked: -m '…'");
    TRY(cx, mark_words(cx, "reason", why));
    TRY(cx, lake_find(cx, lake, ref, v));
    text_init(&t, cx);
    json_open(&t);
    json_key_int(&t, "n", (int64_t)v->n);
    json_key_text(&t, "why", why);
    json_close(&t);
    TRY(cx, mark_append(cx, lake, "data.revoked", v->dataset, &t));
    return OK;
}

/* ------------------------------------------------------------------ asking */

Err lake_certificates(Ctx *cx, Lake *lake, const LakeVersion *v, LakeCertificate **out, size_t *n)
{
    static const Statement st = {
        "SELECT labels, fit, until_us, made_us, message, actor, why, from_seq, to_seq FROM data_certificate"
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
        LakeCertificate *c = work_row(cx, (void **)out, *n, sizeof *c);
        if (!c) { err = FAIL(cx, ERR_NOMEM, "the certificates of '%s'", v->dataset); goto done; }
        *c = (LakeCertificate){ .labels = db_get_int(q, 0), .fit = db_get_int(q, 1), .until_us = db_get_int(q, 2), .made_us = db_get_int(q, 3),
                                .message = db_copy_text(cx, q, 4), .actor = db_copy_text(cx, q, 5), .why = db_copy_text(cx, q, 6),
                                .from_seq = (uint64_t)db_get_int(q, 7), .to_seq = (uint64_t)db_get_int(q, 8) };
        if (!c->message || !c->actor || !c->why) { err = FAIL(cx, ERR_NOMEM, "the certificates of '%s'", v->dataset); goto done; }
        ++*n;
    }
done:
    db_rows_close(q);
    return err;
}

/* By itself: the newest certificate decides.  A later one ends the one before without words (why is empty). */
static Err own_standing(Ctx *cx, Lake *lake, const LakeVersion *v, int64_t now_us, LakeStanding *out)
{
    LakeCertificate *c;
    size_t n;
    *out = (LakeStanding){ .labels = LAKE_NONE, .fit = LAKE_NONE, .because = "" };
    TRY(cx, lake_certificates(cx, lake, v, &c, &n));
    if (!n) return OK;
    LakeTrust state = c->to_seq ? LAKE_REVOKED : c->until_us <= now_us ? LAKE_EXPIRED : LAKE_CERTIFIED;
    out->labels = c->labels ? state : LAKE_NONE;
    out->fit = c->fit ? state : LAKE_NONE;
    out->own = state == LAKE_CERTIFIED;
    out->until_us = c->until_us;
    out->seq = c->to_seq ? c->to_seq : c->from_seq;
    return OK;
}

static bool pulls(LakeTrust from, LakeTrust to, bool own)
{
    return from > to && !(from == LAKE_NONE && own);
}

/* What was weighed already: an input that several ways lead to is weighed once. */
typedef struct Weighed { uint64_t seq; LakeStanding standing; } Weighed;
typedef struct Seen { Weighed *row; size_t n; } Seen;

static Err standing(Ctx *cx, Lake *lake, const LakeVersion *v, int64_t now_us, Seen *seen, LakeStanding *out);

/* Without a certificate of its own a version is worth what its inputs are worth, all of them. */
static Err weigh_input(Ctx *cx, Lake *lake, const LakeInput *input, int64_t now_us, Seen *seen, bool inherits, LakeStanding *out)
{
    LakeVersion v;
    LakeStanding s;
    TRY(cx, lake_version_at(cx, lake, input->dataset, input->n, &v));
    TRY(cx, standing(cx, lake, &v, now_us, seen, &s));
    bool labels = pulls(s.labels, out->labels, !inherits), fit = pulls(s.fit, out->fit, !inherits);
    if (labels) out->labels = s.labels;
    if (fit) out->fit = s.fit;
    if (s.until_us && (!out->until_us || s.until_us < out->until_us)) out->until_us = s.until_us;
    if (!labels && !fit) return OK;
    LakeTrust worst = s.fit > s.labels ? s.fit : s.labels;
    out->seq = s.seq;
    out->because = *s.because ? s.because : ctx_scratch_fmt(cx, worst == LAKE_NONE ? "%s@%llu has no certificate" : worst == LAKE_EXPIRED
                                                             ? "the certificate of %s@%llu has expired" : "the certificate of %s@%llu was revoked",
                                                             v.dataset, (unsigned long long)v.n);
    return out->because ? OK : FAIL(cx, ERR_NOMEM, "what '%s' was made from", v.dataset);
}

static Err standing(Ctx *cx, Lake *lake, const LakeVersion *v, int64_t now_us, Seen *seen, LakeStanding *out)
{
    LakeInput *input;
    size_t n;
    for (size_t i = 0; i < seen->n; i++)
        if (seen->row[i].seq == v->seq) {
            *out = seen->row[i].standing;
            return OK;
        }
    if (seen->n == SEEN_MAX) return FAIL(cx, ERR_LIMIT, "more than %d versions stand behind '%s@%llu'", SEEN_MAX, v->dataset, (unsigned long long)v->n);
    TRY(cx, own_standing(cx, lake, v, now_us, out));
    TRY(cx, lake_inputs(cx, lake, v, &input, &n));
    bool inherits = !out->seq && n;
    if (inherits) out->labels = out->fit = LAKE_CERTIFIED;
    for (size_t i = 0; i < n; i++) TRY(cx, weigh_input(cx, lake, &input[i], now_us, seen, inherits, out));
    Weighed *row = work_row(cx, (void **)&seen->row, seen->n, sizeof *row);
    if (!row) return FAIL(cx, ERR_NOMEM, "what '%s' was made from", v->dataset);
    *row = (Weighed){ v->seq, *out };
    seen->n++;
    return OK;
}

Err lake_standing(Ctx *cx, Lake *lake, const LakeVersion *v, int64_t now_us, LakeStanding *out)
{
    Seen seen = { 0 };
    TRY(cx, standing(cx, lake, v, now_us, &seen, out));
    return OK;
}

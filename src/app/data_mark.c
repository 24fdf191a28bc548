/* app/data_mark.c -- what people say of versions: labels, certificates; and what may be believed in the end. */
#include "app/inner.h"

#include <string.h>

#define LINES_MAX 64

/* A day means all of it: a certificate until 2026-12-31 ends when that day ends. */
static Err time_of(Ctx *cx, const char *what, const char *text, bool whole_day, int64_t *us)
{
    double s;
    if (!table_time_read(text, strlen(text), &s))
        return FAIL(cx, ERR_BAD_INPUT, "%s: '%.60s' is no date; write 2026-12-31, or 2026-12-31T12:00", what, text);
    *us = (int64_t)(s * 1e6);
    if (whole_day && strlen(text) <= 10) *us += INT64_C(86400000000) - 1;
    return OK;
}

static const char *date_of(Ctx *cx, int64_t us)
{
    char buf[COLUMN_TEXT_MAX];
    size_t n = table_time_text((double)(us / 1000000), buf);
    buf[n < 10 ? n : 10] = 0;
    return ctx_scratch_text(cx, buf);
}

Err app_data_label(Ctx *cx, House *house, const AppLabelIn *in, AppMarkedOut *out)
{
    Lake *lake;
    LakeVersion v;
    const Clock *clock = cx->world->clock;
    LakeLabelIn how = { .ref = in->ref, .column = in->column, .by = in->by, .source = in->source, .message = in->message,
                        .on_us = clock->now_us(clock->self) };
    *out = (AppMarkedOut){ 0 };
    if (in->on) TRY(cx, time_of(cx, "--on", in->on, false, &how.on_us));
    TRY(cx, lake_here(cx, house, PROJECT_WRITE, &lake));
    if (in->revoke) TRY(cx, lake_unlabel(cx, lake, in->ref, in->column, in->message, &v));
    else TRY(cx, lake_label(cx, lake, &how, &v));
    TRY(cx, lake_about_version(cx, &v, &out->version));
    if (in->revoke) out->what = ctx_scratch_fmt(cx, "%s: what was said of who labelled '%s' is taken back", out->version.name, in->column);
    else out->what = ctx_scratch_fmt(cx, "%s: column '%s' was labelled%s%s%s%s", out->version.name, in->column, in->by ? " by " : "",
                                     in->by ? in->by : "", in->source ? ", source " : "", in->source ? in->source : "");
    return out->what ? OK : FAIL(cx, ERR_NOMEM, "labelling '%s'", in->ref);
}

Err app_data_certify(Ctx *cx, House *house, const AppCertifyIn *in, AppMarkedOut *out)
{
    Lake *lake;
    LakeVersion v;
    LakeCertify how = { .ref = in->ref, .message = in->message, .labels = in->labels, .fit = in->fit };
    *out = (AppMarkedOut){ 0 };
    if (!in->revoke && !in->until) return FAIL(cx, ERR_USAGE, "say when the certificate ends: --until DATE");
    if (in->until) TRY(cx, time_of(cx, "--until", in->until, true, &how.until_us));
    TRY(cx, lake_here(cx, house, PROJECT_WRITE, &lake));
    if (in->revoke) TRY(cx, lake_revoke(cx, lake, in->ref, in->message, &v));
    else TRY(cx, lake_certify(cx, lake, &how, &v));
    TRY(cx, lake_about_version(cx, &v, &out->version));
    if (in->revoke) out->what = ctx_scratch_fmt(cx, "%s: its certificate is revoked", out->version.name);
    else out->what = ctx_scratch_fmt(cx, "%s: %s%s%s certified until %s", out->version.name, in->labels ? "labels" : "",
                                     in->labels && in->fit ? " and " : "", in->fit ? "fitness for training" : "", in->until);
    return out->what ? OK : FAIL(cx, ERR_NOMEM, "certifying '%s'", in->ref);
}

void app_data_marked_json(const AppMarkedOut *out, Text *t)
{
    json_open(t);
    json_key_text(t, "version", out->version.name);
    json_key_text(t, "digest", out->version.digest);
    json_key_text(t, "what", out->what);
    json_close(t);
}

/* ------------------------------------------------------------------- asking */

typedef struct Lines { const char *name[LINES_MAX], *line[LINES_MAX]; size_t n; bool broken; } Lines;

static void add(Lines *l, const char *name, const char *line)
{
    if (l->n == LINES_MAX) return;
    if (!line) l->broken = true;
    l->name[l->n] = name;
    l->line[l->n++] = line;
}

static Err labels_out(Ctx *cx, Lake *lake, const LakeVersion *v, Lines *l, Text *t)
{
    LakeLabel *label;
    size_t n;
    TRY(cx, lake_labels(cx, lake, v, &label, &n));
    json_key_open_array(t, "labels");
    for (size_t i = 0; i < n; i++) {
        const LakeLabel *x = &label[i];
        if (!x->to_seq)
            add(l, "labelled", ctx_scratch_fmt(cx, "%s%s%s%s%s, %s", x->column, *x->by ? " by " : "", x->by, *x->source ? ", source " : "", x->source,
                                               date_of(cx, x->on_us)));
        json_open(t);
        json_key_text(t, "column", x->column);
        json_key_text(t, "by", x->by);
        json_key_text(t, "source", x->source);
        json_key_text(t, "message", x->message);
        json_key_text(t, "actor", x->actor);
        json_key_int(t, "on_us", x->on_us);
        json_key_int(t, "from_seq", (int64_t)x->from_seq);
        if (x->to_seq) json_key_int(t, "to_seq", (int64_t)x->to_seq);
        json_close(t);
    }
    json_close_array(t);
    return OK;
}

static void certificates_json(const LakeCertificate *c, size_t n, Text *t)
{
    json_key_open_array(t, "certificates");
    for (size_t i = 0; i < n; i++) {
        json_open(t);
        json_key_bool(t, "labels", c[i].labels);
        json_key_bool(t, "fit", c[i].fit);
        json_key_int(t, "until_us", c[i].until_us);
        json_key_text(t, "message", c[i].message);
        json_key_text(t, "actor", c[i].actor);
        if (*c[i].why) json_key_text(t, "revoked_because", c[i].why);
        json_key_int(t, "from_seq", (int64_t)c[i].from_seq);
        if (c[i].to_seq) json_key_int(t, "to_seq", (int64_t)c[i].to_seq);
        json_close(t);
    }
    json_close_array(t);
}

static const char *standing_words(Ctx *cx, const LakeStanding *s, const LakeCertificate *c, size_t n)
{
    if (s->labels == LAKE_NONE && s->fit == LAKE_NONE) return *s->because && n ? s->because : NULL;
    const char *until = s->until_us ? date_of(cx, s->until_us) : "";
    return ctx_scratch_fmt(cx, "labels %s, fit for training %s%s%s%s%s%s%s", lake_trust_word(s->labels), lake_trust_word(s->fit),
                           until && *until ? ", until " : "", until ? until : "", *s->because ? ": " : "", s->because, s->own && n ? ", by " : "",
                           s->own && n ? c->actor : "");
}

static Err standing_out(Ctx *cx, Lake *lake, const LakeVersion *v, Lines *l, Text *t)
{
    LakeCertificate *c;
    LakeStanding s;
    size_t n;
    const Clock *clock = cx->world->clock;
    TRY(cx, lake_certificates(cx, lake, v, &c, &n));
    certificates_json(c, n, t);
    TRY(cx, lake_standing(cx, lake, v, clock->now_us(clock->self), &s));
    const char *words = standing_words(cx, &s, c, n);
    if (words) add(l, "certified", words);
    json_key_open(t, "standing");
    json_key_text(t, "labels", lake_trust_word(s.labels));
    json_key_text(t, "fit", lake_trust_word(s.fit));
    if (s.until_us) json_key_int(t, "until_us", s.until_us);
    json_key_bool(t, "own", s.own);
    json_key_text(t, "because", s.because);
    if (s.seq) json_key_int(t, "seq", (int64_t)s.seq);
    json_close(t);
    return OK;
}

static Err checks_out(Ctx *cx, Lake *lake, const LakeVersion *v, Lines *l, Text *t)
{
    LakeChecked *c;
    size_t n;
    char hex[SHA256_TEXT_MAX];
    TRY(cx, lake_checks(cx, lake, v, &c, &n));
    json_key_open_array(t, "checks");
    for (size_t i = 0; i < n; i++) {
        if (!i)
            add(l, "checked", ctx_scratch_fmt(cx, "%s: %llu of %llu tests failed%s, %s", c[i].rules, (unsigned long long)c[i].failed,
                                              (unsigned long long)c[i].tests, c[i].warned ? " (and warnings)" : "", date_of(cx, c[i].time_us)));
        json_open(t);
        json_key_text(t, "rules", c[i].rules);
        json_key_int(t, "tests", (int64_t)c[i].tests);
        json_key_int(t, "failed", (int64_t)c[i].failed);
        json_key_int(t, "warned", (int64_t)c[i].warned);
        json_key_int(t, "time_us", c[i].time_us);
        json_key_text(t, "actor", c[i].actor);
        digest_text(&c[i].report, hex);
        json_key_text(t, "report", hex);
        json_key_int(t, "seq", (int64_t)c[i].seq);
        json_close(t);
    }
    json_close_array(t);
    return OK;
}

static Err stale_out(Ctx *cx, Lake *lake, const LakeVersion *v, Lines *l, Text *t)
{
    LakeStale *s;
    size_t n;
    TRY(cx, lake_stale(cx, lake, v, &s, &n));
    json_key_open_array(t, "stale");
    for (size_t i = 0; i < n; i++) {
        add(l, "stale", ctx_scratch_fmt(cx, "%s is now %s@%llu, was @%llu: leat data derive %s --refresh", s[i].ref, s[i].now.dataset,
                                        (unsigned long long)s[i].now.n, (unsigned long long)s[i].was.n, v->dataset));
        json_open(t);
        json_key_text(t, "ref", s[i].ref);
        json_key_int(t, "was", (int64_t)s[i].was.n);
        json_key_int(t, "now", (int64_t)s[i].now.n);
        json_close(t);
    }
    json_close_array(t);
    return OK;
}

Err app_data_marks(Ctx *cx, House *house, const char *ref, AppMarks *out)
{
    Err err = OK;
    Lake *lake;
    LakeVersion v;
    Text t;
    *out = (AppMarks){ 0 };
    TRY(cx, lake_here(cx, house, PROJECT_READ, &lake));
    TRY(cx, lake_find(cx, lake, ref, &v));
    Lines *l = ctx_scratch(cx, sizeof *l);
    if (!l) return FAIL(cx, ERR_NOMEM, "what is said of '%s'", ref);
    text_init(&t, cx);
    json_open(&t);
    TRY_DONE(cx, stale_out(cx, lake, &v, l, &t));
    TRY_DONE(cx, labels_out(cx, lake, &v, l, &t));
    TRY_DONE(cx, standing_out(cx, lake, &v, l, &t));
    TRY_DONE(cx, checks_out(cx, lake, &v, l, &t));
    json_close(&t);
    TRY_DONE(cx, text_err(&t));
    out->json = ctx_scratch_text(cx, t.at);
    if (!out->json || l->broken) { err = FAIL(cx, ERR_NOMEM, "what is said of '%s'", ref); goto done; }
    out->name = l->name;
    out->line = l->line;
    out->n = l->n;
done:
    text_clear(&t);
    return err;
}

Err app_data_state(Ctx *cx, House *house, const char *ref, const char **words)
{
    Lake *lake;
    LakeVersion v;
    LakeStale *s;
    LakeStanding standing;
    size_t n;
    const Clock *clock = cx->world->clock;
    TRY(cx, lake_here(cx, house, PROJECT_READ, &lake));
    TRY(cx, lake_find(cx, lake, ref, &v));
    TRY(cx, lake_stale(cx, lake, &v, &s, &n));
    TRY(cx, lake_standing(cx, lake, &v, clock->now_us(clock->self), &standing));
    LakeTrust worst = standing.labels > standing.fit ? standing.labels : standing.fit, best = standing.labels < standing.fit ? standing.labels : standing.fit;
    const char *trust = worst > LAKE_NONE ? lake_trust_word(worst) : best == LAKE_CERTIFIED ? lake_trust_word(best) : "";
    *words = ctx_scratch_fmt(cx, "%s%s%s", n ? "stale" : "", n && *trust ? ", " : "", trust);
    return *words ? OK : FAIL(cx, ERR_NOMEM, "what is said of '%s'", ref);
}

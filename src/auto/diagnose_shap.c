/* auto/diagnose_shap.c -- how far each column moved single answers: Shapley values of the build's margin.
**
** Trees and linear models are exact (path-dependent TreeSHAP); nets and neighbours are sampled by pairs of reversed
** permutations, shared among a member's models, so that the values add up to the margin whatever was sampled.  How far
** sampled values are off is measured: a few rows are explained again with other permutations.  They describe the
** build as it answers new rows, all its models together.
*/
#include "auto/diagnose.h"

#include "base/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHAP_ROWS_MAX 300
#define SHAP_ROWS_MODEST 100
#define SHAP_ROWS_WANTED 60        /* fewer than these in time: one model a member is asked instead */
#define QUICK_WEIGHT_MIN .3        /* of the ensemble, that members explaining themselves must carry to stand for all */
#define SHAP_WORK_MAX 2e9          /* steps of models that must be sampled, where no clock is consulted */
#define SHAP_COLUMNS 12
#define SHAP_POINTS 150
#define ERROR_ROWS 8
#define SHARE_SHAP .4              /* of the time that is left when the part begins */

static bool explains_itself(const Member *m)
{
    return !m->parts_n || model_explains_itself(m->model[0]);
}

/* Margins that explaining one row by sampling asks of a member's models, all together (model/explain.c). */
static double sampled_margins(const Study *s, double parts)
{
    double turns = (double)steps_features(s->b->steps) + 1, all = fmin(fmax(floor(2048 / turns), 8), 64);
    return fmax(all, 2 * parts) * turns;
}

/* Steps a sampled explanation of one row takes, roughly; 0 when every model explains itself. */
static double sampled_work(const Study *s)
{
    double work = 0;
    for (uint32_t i = 0; i < s->b->members_n; i++) {
        const Member *m = &s->b->member[i];
        if (explains_itself(m)) continue;
        bool searches = !strcmp(m->model[0]->form->name, "neighbours");
        work += (searches ? (double)s->n * 20 : 2e5) * sampled_margins(s, m->parts_n);
    }
    return work;
}

/* One model a member, and only members that explain themselves when they carry enough of the weight.  The members
** are quick's own: ctx_put. */
static Err quick_build(Ctx *cx, const Study *s, Build *quick)
{
    double weight = 0;
    *quick = s->lite;
    for (uint32_t i = 0; i < s->b->members_n; i++) weight += explains_itself(&s->b->member[i]) ? s->b->member[i].weight : 0;
    bool all = weight < QUICK_WEIGHT_MIN;
    quick->members_n = 0;
    quick->member = ctx_get_n(cx, s->b->members_n, sizeof *quick->member);
    if (!quick->member) return FAIL(cx, ERR_NOMEM, "explaining %u members", s->b->members_n);
    for (uint32_t i = 0; i < s->b->members_n; i++) {
        if (!all && !explains_itself(&s->b->member[i])) continue;
        Member *m = &quick->member[quick->members_n++];
        *m = s->lite.member[i];
        if (!all) m->weight /= weight;
    }
    return OK;
}

/* Under a clock: the whole build when it explains SHAP_ROWS_WANTED rows in its share of the time, else `quick`, made
** here; NULL when even that is too slow.  Two rows are explained to find out. */
static Err choose_build(Ctx *cx, const Study *s, const Some *m, Build *quick, const Build **by)
{
    Err err = OK;
    Table *two = NULL;
    double *phi = NULL, may = study_left_s(cx, s) * SHARE_SHAP, parts = s->fold ? fmax(s->b->folds, 1) : 1;
    const uint32_t row[2] = { 0, m->n > 1 };
    bool samples = false;
    *by = NULL;
    TRY(cx, quick_build(cx, s, quick));
    for (uint32_t i = 0; i < quick->members_n; i++) samples |= !explains_itself(&quick->member[i]);
    if (samples && 2 * s->row_s * sampled_margins(s, 1) > may) return OK;
    GET_DONE(cx, phi, 2 * s->k * (s->b->schema->n + 1), "explaining two rows");
    TRY_DONE(cx, table_rows(cx, m->t, row, 2, &two));
    int64_t from = ctx_mono_us(cx);
    TRY_DONE(cx, build_explain(cx, quick, two, phi));
    double each = ctx_since_s(cx, from) / 2;
    if (!samples && quick->members_n < s->b->members_n) each = fmax(each, s->row_s * sampled_margins(s, parts));    /* those left out */
    *by = each * (samples ? 2 : parts) * SHAP_ROWS_WANTED <= may ? s->b : quick;      /* models that are sampled share the work */
done:
    table_free(cx, two);
    ctx_put(cx, phi);
    return err;
}

static size_t shap_rows(const Study *s)
{
    size_t most = s->modest ? SHAP_ROWS_MODEST : SHAP_ROWS_MAX;
    if (most > s->n) most = s->n;
    double work = sampled_work(s), may = SHAP_WORK_MAX * (s->full ? 40 : 4);
    if (s->end_us || !(work > 0)) return most;
    double rows = may / work;
    return rows >= (double)most ? most : rows < 5 ? 5 : (size_t)rows;
}

/* Explain rows a few at a time until the time is up.  *done: rows explained. */
static Err explain_rows(Ctx *cx, Study *s, const Build *by, const Some *m, double *phi, size_t *done)
{
    size_t wide = s->k * (s->b->schema->n + 1), chunk = 2;     /* rows at a time, more once they are known to be quick */
    uint32_t *row = ctx_get_n(cx, m->n, sizeof *row);
    double end_s = study_left_s(cx, s) * (1 - SHARE_SHAP);
    Err err = OK;
    if (!row) return FAIL(cx, ERR_NOMEM, "explaining %zu rows", m->n);
    for (size_t i = 0; i < m->n; i++) row[i] = (uint32_t)i;
    /* Draw order is row order; a part of it must be a fair part. */
    Random r = random_make(s->seed, "shap order", 0, 0);
    random_shuffle(&r, row, m->n);
    for (*done = 0; *done < m->n;) {
        Table *part = NULL;
        if (chunk > m->n - *done) chunk = m->n - *done;
        int64_t from = ctx_mono_us(cx);
        TRY_DONE(cx, table_rows(cx, m->t, row + *done, chunk, &part));
        err = build_explain(cx, by, part, phi + *done * wide);
        table_free(cx, part);
        if (err) goto done;
        *done += chunk;
        if (cx->cancel && *cx->cancel) TRY_DONE(cx, ctx_check(cx));
        if (isinf(end_s)) continue;
        double took = ctx_since_s(cx, from), left = study_left_s(cx, s) - end_s;
        double may = left / fmax(took / (double)chunk, 1e-9);
        if (may < 2) break;
        chunk = (size_t)fmin(fmax(may / 2, 2), 4 * (double)chunk);
    }
    /* The rows explained come first, in the order of phi. */
    for (size_t i = 0; i < m->n; i++) m->row[i] = row[i];
done:
    ctx_put(cx, row);
    return err;
}

static void put_value(Text *t, const Column *c, size_t row)
{
    size_t n;
    if (!column_has(c, row)) json_null(t);
    else if (c->num) study_num(t, c->num[row]);
    else {
        const char *at = dict_at(&c->dict, (uint32_t)c->code[row], &n);
        json_text_n(t, at, n < 40 ? n : 40);
    }
}

/* Which output a row's dots tell of: the class the build says, or the only one. */
static size_t output_of(const Study *s, const Some *m, size_t i)
{
    if (s->k == 1) return 0;
    const double *margin = m->margin + i * s->k;
    size_t best = 0;
    for (size_t c = 1; c < s->k; c++)
        if (margin[c] > margin[best]) best = c;
    return best;
}

/* How the values were come by, and what they are worth: error, the standard error of a value that was sampled; off, the
** largest difference between a row's sum and its margin. */
typedef struct Trust { bool exact; double error, off; } Trust;

static Err put_swarm(Ctx *cx, Study *s, const Some *m, const double *phi, size_t n, const Trust *trust)
{
    size_t p = s->b->schema->n, wide = p + 1;
    uint32_t *top = ctx_get_n(cx, p, sizeof *top);
    if (!top) return FAIL(cx, ERR_NOMEM, "drawing Shapley values");
    study_strongest(s->shap, p, top);
    json_key_open(s->json, "shap");
    json_key_int(s->json, "rows", (int64_t)n);
    json_key_text(s->json, "about", s->k > 1 ? "the class the build says" : s->b->task == TASK_BINARY ? s->b->class_name[1] : s->b->target);
    json_key_bool(s->json, "exact", trust->exact);
    json_key_num(s->json, "error", trust->error);
    json_key_num(s->json, "off", trust->off);
    json_key_num(s->json, "base", s->k == 1 && n ? phi[p] : NAN);
    json_key_open_array(s->json, "columns");
    for (size_t i = 0; i < p && i < SHAP_COLUMNS && s->shap[top[i]] > 0; i++) {
        json_open(s->json);
        json_key_text(s->json, "column", s->b->schema->col[top[i]].name);
        json_key_open_array(s->json, "points");
        for (size_t r = 0; r < n && r < SHAP_POINTS; r++) {
            json_open(s->json);
            json_key(s->json, "value");
            put_value(s->json, &m->t->col[top[i]], m->row[r]);
            json_key(s->json, "phi");
            study_num(s->json, phi[(r * s->k + output_of(s, m, m->row[r])) * wide + top[i]]);
            json_close(s->json);
        }
        json_close_array(s->json);
        json_close(s->json);
    }
    json_close_array(s->json);
    json_close(s->json);
    ctx_put(cx, top);
    return OK;
}

/* A few rows again, with other permutations: half the squared difference is a value's variance. */
static Err error_of(Ctx *cx, const Build *by, const Table *t, size_t wide, const double *phi, double *out)
{
    Ctx other;
    double *again = ctx_get_n(cx, t->rows * wide, sizeof *again), sum = 0;
    if (!again) return FAIL(cx, ERR_NOMEM, "explaining %zu rows again", t->rows);
    ctx_child(cx, &other);
    other.seed = cx->seed + 1;
    Err err = ctx_join(cx, &other, build_explain(&other, by, t, again));
    for (size_t i = 0; i < t->rows * wide; i++) sum += (again[i] - phi[i]) * (again[i] - phi[i]) / 2;
    *out = sqrt(sum / (double)(t->rows * wide));
    ctx_put(cx, again);
    return err;
}

/* Do the values add up to the margin, and how sure are those that were sampled? */
static Err weigh(Ctx *cx, const Study *s, const Build *by, const Some *m, const double *phi, size_t n, Trust *out)
{
    Err err = OK;
    size_t p = s->b->schema->n, wide = s->k * (p + 1), few = n < ERROR_ROWS ? n : ERROR_ROWS;
    double *margin = NULL;
    Table *t = NULL, *some = NULL;
    *out = (Trust){ .exact = true, .error = NAN };
    for (uint32_t i = 0; i < by->members_n; i++) out->exact &= explains_itself(&by->member[i]);
    GET_DONE(cx, margin, n * s->k, "adding up Shapley values");
    TRY_DONE(cx, table_rows(cx, m->t, m->row, n, &t));
    TRY_DONE(cx, build_margin(cx, by, t, margin));
    for (size_t i = 0; i < n * s->k; i++) {
        double sum = 0;
        for (size_t j = 0; j <= p; j++) sum += phi[i * (p + 1) + j];
        out->off = fmax(out->off, fabs(sum - margin[i]));
    }
    if (out->exact || !few || study_left_s(cx, s) <= 0) goto done;
    TRY_DONE(cx, table_rows(cx, m->t, m->row, few, &some));
    TRY_DONE(cx, error_of(cx, by, some, wide, phi, &out->error));
done:
    table_free(cx, t);
    table_free(cx, some);
    ctx_put(cx, margin);
    return err;
}

Err study_shap(Ctx *cx, Study *s)
{
    Err err = OK;
    Some m = { 0 };
    double *phi = NULL;
    size_t p = s->b->schema->n, wide = p + 1, n = 0, rows = shap_rows(s);
    Build quick = { .member = NULL };
    const Build *by = s->b;
    Trust trust;
    if (study_left_s(cx, s) <= 0) {
        study_skip(s, "Shapley values: the time left is too short; `leat diagnose` makes them");
        return OK;
    }
    TRY_DONE(cx, some_take(cx, s, "shap", rows, &m));
    GET_DONE(cx, phi, m.n * s->k * wide, "Shapley values of %zu rows", m.n);
    if (s->end_us) TRY_DONE(cx, choose_build(cx, s, &m, &quick, &by));
    if (!by) {
        study_skip(s, "Shapley values: the time left is too short; `leat diagnose` makes them");
        goto done;
    }
    if (by != s->b)
        study_skip(s, "Shapley values of the whole build: those shown are of one fold's models%s",
                   by->members_n < s->b->members_n ? " that explain themselves" : "");
    TRY_DONE(cx, explain_rows(cx, s, by, &m, phi, &n));
    for (size_t j = 0; j < p; j++) {
        double sum = 0;
        for (size_t i = 0; i < n * s->k; i++) sum += fabs(phi[i * wide + j]);
        s->shap[j] = n ? sum / (double)(n * s->k) : NAN;
    }
    if (n < m.n) study_skip(s, "Shapley values of more than %zu rows: the time was up", n);
    TRY_DONE(cx, weigh(cx, s, by, &m, phi, n, &trust));
    TRY_DONE(cx, put_swarm(cx, s, &m, phi, n, &trust));
done:
    some_clear(cx, &m);
    ctx_put(cx, phi);
    ctx_put(cx, quick.member);
    return err;
}

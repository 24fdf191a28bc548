/* auto/diagnose_columns.c -- which columns decide: permutation importance, Shapley values, partial dependence with ICE.
**
** Importance: mean drop of the score when a raw column's values are shuffled among rows and the steps applied anew;
** rows are answered by models that did not see them.  Shapley values and partial dependence describe the build as it
** answers new rows, all its models together.  How many rows each part takes is settled by what the build takes for
** a row, or by fixed counts where no clock is consulted.
*/
#include "auto/diagnose.h"

#include "base/random.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PACE_ROWS 64               /* rows the build is timed on */
#define PERMUTE_ROWS_MIN 60
#define PERMUTE_ROWS_MAX 5000
#define PERMUTE_ROWS_MODEST 1000
#define GUESS_ROWS 2000
#define GUESS_GROUPS 12
#define PERMUTE_REPEATS 5
#define PERMUTE_REPEATS_MODEST 3
#define PERMUTE_REPEATS_FULL 10
#define SHAP_ROWS_MAX 300
#define SHAP_ROWS_MODEST 100
#define SHAP_ROWS_WANTED 60        /* fewer than these in time: one model a member is asked instead */
#define QUICK_WEIGHT_MIN .3        /* of the ensemble, that members explaining themselves must carry to stand for all */
#define SHAP_WORK_MAX 2e9          /* steps of models that must be sampled, where no clock is consulted */
#define SHAP_COLUMNS 12
#define SHAP_POINTS 150
#define COLUMNS_SHOWN 100
#define PARTIAL_COLUMNS 6
#define PARTIAL_COLUMNS_FULL 12
#define PARTIAL_GRID 20
#define PARTIAL_LEVELS 12
#define PARTIAL_SHARE_MIN .3       /* of the rows, that the levels shown must cover */
#define PARTIAL_ROWS_MAX 200
#define PARTIAL_ROWS_MODEST 60
#define PARTIAL_ROWS_MIN 20
#define ICE_LINES 30
#define SHARE_IMPORTANCE .35       /* of the time that is left when the part begins */
#define SHARE_SHAP .4
#define SHARE_PARTIAL .5

/* Rows drawn from the study's, with what belongs to them. */
typedef struct Some { uint32_t *row; Table *t; double *y; uint8_t *fold; double *margin; size_t n; } Some;

static void some_clear(Ctx *cx, Some *m)
{
    ctx_put(cx, m->row);
    table_free(cx, m->t);
    ctx_put(cx, m->y);
    ctx_put(cx, m->fold);
    ctx_put(cx, m->margin);
    *m = (Some){ 0 };
}

static Err some_take(Ctx *cx, const Study *s, const char *purpose, size_t n, Some *m)
{
    Err err = OK;
    *m = (Some){ .n = n };
    GET_DONE(cx, m->row, n, "drawing %zu rows", n);
    GET_DONE(cx, m->y, n, "drawing %zu rows", n);
    GET_DONE(cx, m->margin, n * s->k, "drawing %zu rows", n);
    GET_DONE(cx, m->fold, n, "drawing %zu rows", n);
    study_draw(s, purpose, s->n, m->row, n);
    TRY_DONE(cx, table_rows(cx, s->t, m->row, n, &m->t));
    for (size_t i = 0; i < n; i++) {
        m->y[i] = s->y[m->row[i]];
        m->fold[i] = s->fold ? s->fold[m->row[i]] : 0;
        memcpy(m->margin + i * s->k, s->margin + m->row[i] * s->k, s->k * sizeof *m->margin);
    }
done:
    if (err) some_clear(cx, m);
    return err;
}

/* Columns by v, largest first, unknown ones last. */
static void strongest(const double *v, size_t p, uint32_t *top)
{
    for (uint32_t j = 0; j < p; j++) {
        uint32_t i = j;
        double own = isnan(v[j]) ? -INFINITY : v[j];
        for (; i > 0 && own > (isnan(v[top[i - 1]]) ? -INFINITY : v[top[i - 1]]); i--) top[i] = top[i - 1];
        top[i] = j;
    }
}

static Err ask(Ctx *cx, const Study *s, const Table *t, const uint8_t *fold, double *margin)
{
    return s->fold ? build_margin_oof(cx, s->b, t, fold, margin) : build_margin(cx, s->b, t, margin);
}

/* Seconds a row, measured once; the first answer also settles what a margin was before any change. */
static Err measure_pace(Ctx *cx, Study *s)
{
    Some m;
    Err err = OK;
    if (s->row_s > 0) return OK;
    TRY(cx, some_take(cx, s, "pace", s->n < PACE_ROWS ? s->n : PACE_ROWS, &m));
    int64_t from = ctx_mono_us(cx);
    TRY_DONE(cx, ask(cx, s, m.t, m.fold, m.margin));
    s->row_s = fmax(ctx_since_s(cx, from), 1e-6) / (double)m.n;
done:
    some_clear(cx, &m);
    return err;
}

/* -------------------------------------------------------------- importance */

typedef struct Drops { double *sum, *squares, *n; } Drops;
typedef struct Listed { uint32_t *col; size_t n; } Listed;

/* Shuffle every column listed once.  *ended: the time did. */
static Err one_repeat(Ctx *cx, Study *s, Twin *w, const Some *m, const Listed *list, double base, uint32_t repeat, int64_t end_us,
                      Drops *d, bool *ended)
{
    Err err = OK;
    uint32_t *perm = NULL;
    double *margin = NULL, score;
    GET_DONE(cx, perm, m->n, "shuffling %zu rows", m->n);
    GET_DONE(cx, margin, m->n * s->k, "shuffling %zu rows", m->n);
    for (uint32_t c = 0; c < list->n; c++) {
        uint32_t j = list->col[c];
        if (cx->cancel && *cx->cancel) TRY_DONE(cx, ctx_check(cx));
        if (end_us && ctx_mono_us(cx) >= end_us) {
            *ended = true;
            break;
        }
        Random r = random_make(s->seed, "permute", j, repeat);
        for (size_t i = 0; i < m->n; i++) perm[i] = (uint32_t)i;
        random_shuffle(&r, perm, m->n);
        twin_shuffle(w, j, perm);
        TRY_DONE(cx, ask(cx, s, &w->t, m->fold, margin));
        TRY_DONE(cx, study_score(cx, s, s->metric, margin, m->y, m->n, &score));
        double drop = s->metric->higher ? base - score : score - base;
        if (isnan(drop)) continue;
        d->sum[j] += drop;
        d->squares[j] += drop * drop;
        d->n[j]++;
    }
done:
    ctx_put(cx, perm);
    ctx_put(cx, margin);
    return err;
}

/* Share of the variance of v that groups of rows explain; group NULL: equal parts of the order of x. */
static double explained(const double *v, const uint32_t *group, size_t n, uint32_t groups, double *sum, double *count)
{
    double mean = 0, all = 0, between = 0;
    memset(sum, 0, groups * sizeof *sum);
    memset(count, 0, groups * sizeof *count);
    for (size_t i = 0; i < n; i++) {
        mean += v[i] / (double)n;
        sum[group[i]] += v[i];
        count[group[i]]++;
    }
    for (size_t i = 0; i < n; i++) all += (v[i] - mean) * (v[i] - mean);
    for (uint32_t g = 0; g < groups; g++)
        if (count[g] > 0) between += (sum[g] / count[g] - mean) * (sum[g] / count[g] - mean) * count[g];
    return all > 0 ? between / all : 0;
}

/* How far a column alone tells the build's first margin: a guess, to choose what to look at when not all can be. */
static Err guess_column(Ctx *cx, const Column *c, const double *v, size_t n, double *out)
{
    Err err = OK;
    uint32_t groups = c->num ? GUESS_GROUPS + 1 : c->dict.n + 1, *group = NULL, *order = NULL;
    double *sum = NULL, *count = NULL;
    GET_DONE(cx, group, n, "weighing columns");
    GET_DONE(cx, order, n, "weighing columns");
    GET_DONE(cx, sum, groups, "weighing columns");
    GET_DONE(cx, count, groups, "weighing columns");
    if (c->num) {
        TRY_DONE(cx, order_of(cx, c->num, 1, n, order));
        for (size_t i = 0; i < n; i++) group[order[i]] = column_has(c, order[i]) ? (uint32_t)(i * GUESS_GROUPS / n) : GUESS_GROUPS;
    } else {
        for (size_t i = 0; i < n; i++) group[i] = column_has(c, i) ? (uint32_t)c->code[i] : c->dict.n;
    }
    *out = explained(v, group, n, groups, sum, count) - (double)(groups < n ? groups : n) / (double)n;     /* many groups explain by chance */
done:
    ctx_put(cx, group);
    ctx_put(cx, order);
    ctx_put(cx, sum);
    ctx_put(cx, count);
    return err;
}

/* Columns that some feature is made of; when there is time for `most` only, those that alone tell most. */
static Err list_columns(Ctx *cx, const Study *s, size_t most, Listed *list)
{
    Err err = OK;
    Some m = { 0 };
    size_t p = s->b->schema->n;
    double *worth = NULL, *v = NULL;
    list->n = 0;
    GET_DONE(cx, list->col, p, "listing columns");
    for (uint32_t j = 0; j < p; j++)
        if (steps_uses(s->b->steps, j)) list->col[list->n++] = j;
    if (list->n <= most) goto done;
    GET_DONE(cx, worth, p, "weighing columns");
    GET_DONE(cx, v, GUESS_ROWS, "weighing columns");
    TRY_DONE(cx, some_take(cx, s, "guess", s->n < GUESS_ROWS ? s->n : GUESS_ROWS, &m));
    for (size_t i = 0; i < m.n; i++) v[i] = m.margin[i * s->k];
    for (size_t j = 0; j < p; j++) worth[j] = NAN;
    for (size_t i = 0; i < list->n; i++) TRY_DONE(cx, guess_column(cx, &m.t->col[list->col[i]], v, m.n, &worth[list->col[i]]));
    strongest(worth, p, list->col);
    list->n = most;
done:
    some_clear(cx, &m);
    ctx_put(cx, worth);
    ctx_put(cx, v);
    return err;
}

static size_t used_columns(const Study *s)
{
    size_t n = 0;
    for (uint32_t j = 0; j < s->b->schema->n; j++) n += steps_uses(s->b->steps, j);
    return n;
}

/* Rows to shuffle: two passes over the columns should fit into the share of time; and the columns for which it is enough. */
static size_t permute_rows(Ctx *cx, const Study *s, double *seconds, size_t *columns)
{
    size_t most = s->modest ? PERMUTE_ROWS_MODEST : PERMUTE_ROWS_MAX, used = used_columns(s);
    double left = study_left_s(cx, s);
    if (most > s->n) most = s->n;
    *seconds = left * SHARE_IMPORTANCE;
    *columns = used;
    if (isinf(left)) return most;
    double cells = fmax(*seconds, 0) / (2.5 * s->row_s), least = fmin(PERMUTE_ROWS_MIN, (double)most);
    if (cells < least * (double)used) *columns = (size_t)(cells / least);
    double rows = cells / fmax((double)*columns, 1);
    return rows < (double)most ? (size_t)rows : most;
}

static void keep_drops(Study *s, const Drops *d)
{
    for (uint32_t j = 0; j < s->b->schema->n; j++) {
        if (!steps_uses(s->b->steps, j)) s->drop[j] = s->drop_sd[j] = 0;       /* no feature is made of it */
        if (d->n[j] == 0) continue;
        s->drop[j] = d->sum[j] / d->n[j];
        if (d->n[j] > 1) s->drop_sd[j] = sqrt(fmax(d->squares[j] / d->n[j] - s->drop[j] * s->drop[j], 0));
    }
}

Err study_importance(Ctx *cx, Study *s)
{
    Err err = OK;
    Some m = { 0 };
    Twin w = { 0 };
    Drops d = { 0 };
    Listed list = { 0 };
    double base, seconds;
    bool ended = false;
    size_t p = s->b->schema->n, columns;
    TRY(cx, measure_pace(cx, s));
    size_t rows = permute_rows(cx, s, &seconds, &columns);
    if (!columns || !rows) {
        study_skip(s, "permutation importance: the time left is too short; `leat diagnose` does it");
        return OK;
    }
    int64_t end_us = isinf(seconds) ? 0 : ctx_mono_us(cx) + (int64_t)(seconds * 1e6);
    GET_DONE(cx, d.sum, p, "the importance of %zu columns", p);
    GET_DONE(cx, d.squares, p, "the importance of %zu columns", p);
    GET_DONE(cx, d.n, p, "the importance of %zu columns", p);
    TRY_DONE(cx, list_columns(cx, s, columns, &list));
    TRY_DONE(cx, some_take(cx, s, "importance", rows, &m));
    TRY_DONE(cx, twin_open(cx, m.t, &w));
    TRY_DONE(cx, ask(cx, s, m.t, m.fold, m.margin));
    TRY_DONE(cx, study_score(cx, s, s->metric, m.margin, m.y, m.n, &base));
    uint32_t repeats = s->full ? PERMUTE_REPEATS_FULL : s->modest ? PERMUTE_REPEATS_MODEST : PERMUTE_REPEATS, done = 0;
    for (; done < repeats && !ended; done++) TRY_DONE(cx, one_repeat(cx, s, &w, &m, &list, base, done, end_us, &d, &ended));
    keep_drops(s, &d);
    if (ended && done == 1) study_skip(s, "permutation importance of some columns: the time was up");
    else if (columns < used_columns(s)) study_skip(s, "permutation importance of all but the %zu columns that tell most by themselves", list.n);
    if (isnan(base)) study_skip(s, "permutation importance: '%s' is undefined on the rows drawn", s->metric->name);
done:
    twin_close(cx, &w);
    some_clear(cx, &m);
    ctx_put(cx, list.col);
    ctx_put(cx, d.sum);
    ctx_put(cx, d.squares);
    ctx_put(cx, d.n);
    return err;
}

/* -------------------------------------------------------------------- shap */

static bool explains_itself(const Member *m)
{
    const Form *form = m->parts_n ? m->model[0]->form : NULL;
    return !form || (form->explain && (!form->can_explain || form->can_explain(m->model[0])));
}

/* Margins that explaining one row by sampling asks for, at most (model/explain.c). */
static double sampled_margins(const Study *s)
{
    double turns = (double)steps_features(s->b->steps) + 1;
    return fmin(fmax(2048, 8 * turns), 32 * turns);
}

/* Steps a sampled explanation of one row takes, roughly; 0 when every model explains itself. */
static double sampled_work(const Study *s)
{
    double work = 0;
    for (uint32_t i = 0; i < s->b->members_n; i++) {
        const Member *m = &s->b->member[i];
        if (explains_itself(m)) continue;
        bool searches = !strcmp(m->model[0]->form->name, "neighbours");
        work += m->parts_n * (searches ? (double)s->n * 20 : 2e5) * sampled_margins(s);
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
    if (samples && 2 * s->row_s * sampled_margins(s) > may) return OK;
    GET_DONE(cx, phi, 2 * s->k * (s->b->schema->n + 1), "explaining two rows");
    TRY_DONE(cx, table_rows(cx, m->t, row, 2, &two));
    int64_t from = ctx_mono_us(cx);
    TRY_DONE(cx, build_explain(cx, quick, two, phi));
    double each = ctx_since_s(cx, from) / 2;
    if (!samples && quick->members_n < s->b->members_n) each = fmax(each, s->row_s * sampled_margins(s));    /* those left out */
    *by = each * parts * SHAP_ROWS_WANTED <= may ? s->b : quick;
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

static Err put_swarm(Ctx *cx, Study *s, const Some *m, const double *phi, size_t n)
{
    size_t p = s->b->schema->n, wide = p + 1;
    uint32_t *top = ctx_get_n(cx, p, sizeof *top);
    if (!top) return FAIL(cx, ERR_NOMEM, "drawing Shapley values");
    strongest(s->shap, p, top);
    json_key_open(s->json, "shap");
    json_key_int(s->json, "rows", (int64_t)n);
    json_key_text(s->json, "about", s->k > 1 ? "the class the build says" : s->b->task == TASK_BINARY ? s->b->class_name[1] : s->b->target);
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

Err study_shap(Ctx *cx, Study *s)
{
    Err err = OK;
    Some m = { 0 };
    double *phi = NULL;
    size_t p = s->b->schema->n, wide = p + 1, n = 0, rows = shap_rows(s);
    Build quick = { .member = NULL };
    const Build *by = s->b;
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
    TRY_DONE(cx, put_swarm(cx, s, &m, phi, n));
done:
    some_clear(cx, &m);
    ctx_put(cx, phi);
    ctx_put(cx, quick.member);
    return err;
}

/* Both measures side by side, and the order of the columns for what comes after. */
Err study_columns(Ctx *cx, Study *s)
{
    size_t p = s->b->schema->n;
    double *by = ctx_get_n(cx, p, sizeof *by), most = 0;
    if (!by) return FAIL(cx, ERR_NOMEM, "ordering %zu columns", p);
    for (size_t j = 0; j < p; j++) most = fmax(most, isnan(s->drop[j]) ? 0 : s->drop[j]);
    for (size_t j = 0; j < p; j++) {
        if (!(most > 0)) by[j] = s->shap[j];
        else by[j] = isnan(s->drop[j]) ? -1e300 / (1 + s->shap[j]) : s->drop[j];      /* below all that were shuffled */
    }
    strongest(by, p, s->top);
    json_key_open_array(s->json, "importance");
    for (size_t i = 0; i < p && i < COLUMNS_SHOWN; i++) {
        uint32_t j = s->top[i];
        if (isnan(s->drop[j]) && isnan(s->shap[j])) continue;
        json_open(s->json);
        json_key_text(s->json, "column", s->b->schema->col[j].name);
        json_key(s->json, "drop");
        study_num(s->json, s->drop[j]);
        json_key(s->json, "sd");
        study_num(s->json, s->drop_sd[j]);
        json_key(s->json, "shap");
        study_num(s->json, s->shap[j]);
        json_close(s->json);
    }
    json_close_array(s->json);
    ctx_put(cx, by);
    return OK;
}

/* ------------------------------------------------------ partial dependence */

typedef struct Grid { bool number; double at[PARTIAL_GRID]; int32_t level[PARTIAL_GRID]; size_t n; } Grid;

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* scipy's mquantiles, of n sorted numbers. */
static double mquantile(const double *v, size_t n, double p)
{
    double at = (double)n * p + .4 + p * .2;
    double low = fmin(fmax(floor(at), 1), fmax((double)n - 1, 1)), part = fmin(fmax(at - low, 0), 1);
    size_t k = (size_t)low;
    return n == 1 ? v[0] : (1 - part) * v[k - 1] + part * v[k];
}

/* Few distinct values: those; else evenly from the 5 % to the 95 % quantile, as scikit-learn does. */
static Err grid_numbers(Ctx *cx, const Study *s, const Column *c, Grid *g)
{
    size_t n = 0, distinct = 0;
    double *v = ctx_get_n(cx, s->n, sizeof *v);
    if (!v) return FAIL(cx, ERR_NOMEM, "a grid of %zu values", s->n);
    for (size_t i = 0; i < s->n; i++)
        if (column_has(c, i)) v[n++] = c->num[i];
    qsort(v, n, sizeof *v, by_value);
    g->number = true;
    for (size_t i = 0; i < n; i++) distinct += i == 0 || v[i] != v[i - 1];
    if (distinct <= PARTIAL_GRID) {
        for (size_t i = 0; i < n; i++)
            if (i == 0 || v[i] != v[i - 1]) g->at[g->n++] = v[i];
    } else {
        double lo = mquantile(v, n, .05), hi = mquantile(v, n, .95);
        for (g->n = 0; g->n < PARTIAL_GRID && hi > lo; g->n++) g->at[g->n] = lo + (hi - lo) * (double)g->n / (PARTIAL_GRID - 1);
    }
    ctx_put(cx, v);
    return OK;
}

/* The most frequent levels. */
static Err grid_levels(Ctx *cx, const Study *s, const Column *c, Grid *g)
{
    uint32_t *count = ctx_get_n(cx, c->dict.n, sizeof *count);
    if (!count) return FAIL(cx, ERR_NOMEM, "a grid of %u levels", c->dict.n);
    for (size_t i = 0; i < s->n; i++)
        if (column_has(c, i)) count[c->code[i]]++;
    size_t had = 0, shown = 0;
    for (uint32_t k = 0; k < c->dict.n; k++) had += count[k];
    while (g->n < PARTIAL_LEVELS) {
        uint32_t best = 0;
        for (uint32_t k = 1; k < c->dict.n; k++)
            if (count[k] > count[best]) best = k;
        if (!c->dict.n || !count[best]) break;
        shown += count[best];
        count[best] = 0;
        g->level[g->n++] = (int32_t)best;
    }
    if ((double)shown < PARTIAL_SHARE_MIN * (double)had) g->n = 0;      /* nearly every row has a level of its own */
    ctx_put(cx, count);
    return OK;
}

static bool has_shape(ColumnType type) { return type != COLUMN_TEXT && type != COLUMN_ID; }

/* The output whose mean moves most over the grid. */
static size_t liveliest(const Study *s, const Grid *g, const double *answer, size_t rows)
{
    size_t best = 0;
    double most = -1;
    for (size_t c = 0; c < s->k; c++) {
        double lo = INFINITY, hi = -INFINITY;
        for (size_t i = 0; i < g->n; i++) {
            double sum = 0;
            for (size_t r = 0; r < rows; r++) sum += answer[(i * rows + r) * s->k + c];
            lo = fmin(lo, sum);
            hi = fmax(hi, sum);
        }
        if (hi - lo > most) most = hi - lo, best = c;
    }
    return best;
}

static void put_partial(Study *s, const Column *c, const char *name, const Grid *g, const double *answer, size_t rows)
{
    size_t at = liveliest(s, g, answer, rows);
    Text *t = s->json;
    json_open(t);
    json_key_text(t, "column", name);
    json_key_text(t, "kind", g->number ? "number" : "category");
    json_key_open_array(t, "grid");
    for (size_t i = 0; i < g->n; i++) {
        size_t n;
        const char *text = g->number ? NULL : dict_at(&c->dict, (uint32_t)g->level[i], &n);
        if (g->number) study_num(t, g->at[i]);
        else json_text_n(t, text, n < 60 ? n : 60);
    }
    json_close_array(t);
    json_key_open_array(t, "mean");
    for (size_t i = 0; i < g->n; i++) {
        double sum = 0;
        for (size_t r = 0; r < rows; r++) sum += answer[(i * rows + r) * s->k + at];
        study_num(t, sum / (double)rows);
    }
    json_close_array(t);
    json_key_open_array(t, "ice");
    for (size_t r = 0; r < rows && r < ICE_LINES; r++) {
        json_open_array(t);
        for (size_t i = 0; i < g->n; i++) study_num(t, answer[(i * rows + r) * s->k + at]);
        json_close_array(t);
    }
    json_close_array(t);
    if (s->b->task != TASK_REGRESSION) json_key_text(t, "class", s->b->class_name[s->k > 1 ? at : 1]);
    json_key_int(t, "rows", (int64_t)rows);
    json_close(t);
}

static Err one_partial(Ctx *cx, Study *s, const Build *by, Twin *w, uint32_t j)
{
    Err err = OK;
    Grid g = { 0 };
    size_t rows = w->t.rows;
    double *answer = NULL;
    const Column *c = &s->t->col[j];
    TRY(cx, c->num ? grid_numbers(cx, s, c, &g) : grid_levels(cx, s, c, &g));
    if (g.n < 2) return OK;
    GET_DONE(cx, answer, g.n * rows * s->k, "partial dependence");
    for (size_t i = 0; i < g.n; i++) {
        double *here = answer + i * rows * s->k;
        twin_set(w, j, true, g.number ? g.at[i] : 0, g.number ? 0 : g.level[i]);
        TRY_DONE(cx, build_margin(cx, by, &w->t, here));
        build_answer(by, here, rows, here);
        if (cx->cancel && *cx->cancel) TRY_DONE(cx, ctx_check(cx));
    }
    put_partial(s, c, s->b->schema->col[j].name, &g, answer, rows);
done:
    ctx_put(cx, answer);
    return err;
}

Err study_partial(Ctx *cx, Study *s)
{
    Err err = OK;
    Some m = { 0 };
    Twin w = { 0 };
    uint32_t most = s->full ? PARTIAL_COLUMNS_FULL : PARTIAL_COLUMNS, done = 0;
    double all = study_left_s(cx, s), keep = all * (1 - SHARE_PARTIAL), took = 0;
    const Build *by = s->b;
    size_t rows = s->modest ? PARTIAL_ROWS_MODEST : PARTIAL_ROWS_MAX;
    if (rows > s->n) rows = s->n;
    if (!isinf(all)) {
        /* All models answer here; out of fold only one of each member did. */
        double may = fmax(all, 0) * SHARE_PARTIAL / (1.5 * PARTIAL_GRID * s->row_s), folds = s->fold ? fmax(s->b->folds, 1) : 1;
        if (may / folds < PARTIAL_ROWS_MODEST && folds > 1) by = &s->lite;
        else may /= folds;
        rows = (size_t)fmin((double)rows, may);
    }
    if (rows < PARTIAL_ROWS_MIN && rows < s->n) {
        study_skip(s, "partial dependence: the time left is too short; `leat diagnose` makes it");
        return OK;
    }
    if (by != s->b) study_skip(s, "partial dependence of every fold's models: that shown is of one fold's");
    TRY_DONE(cx, some_take(cx, s, "partial", rows, &m));
    TRY_DONE(cx, twin_open(cx, m.t, &w));
    json_key_open_array(s->json, "partial");
    for (size_t i = 0; i < s->b->schema->n && done < most; i++) {
        uint32_t j = s->top[i];
        if (!has_shape(s->b->schema->col[j].type) || !steps_uses(s->b->steps, j)) continue;
        if (study_left_s(cx, s) - took < keep) {
            study_skip(s, "partial dependence of more than %u columns: the time was up", done);
            break;
        }
        int64_t from = ctx_mono_us(cx);
        TRY_DONE(cx, one_partial(cx, s, by, &w, j));
        took = ctx_since_s(cx, from);
        done++;
    }
    json_close_array(s->json);
done:
    twin_close(cx, &w);
    some_clear(cx, &m);
    return err;
}

/* auto/diagnose_columns.c -- which columns decide: permutation importance.
**
** The mean drop of the score when a raw column's values are shuffled among rows and the steps applied anew; rows are
** answered by models that did not see them (scikit-learn's permutation_importance).  p: Student's one-sided test that
** the drop is not above zero, over the shuffles (as AutoGluon tells it).  How many rows are taken is settled by what the
** build takes for a row, or by fixed counts where no clock is consulted.
*/
#include "auto/diagnose.h"

#include "auto/stats.h"
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
#define COLUMNS_SHOWN 100
#define SHARE_IMPORTANCE .35       /* of the time that is left when the part begins */

/* Seconds a row, measured once; the first answer also settles what a margin was before any change. */
static Err measure_pace(Ctx *cx, Study *s)
{
    Some m;
    Err err = OK;
    if (s->row_s > 0) return OK;
    TRY(cx, some_take(cx, s, "pace", s->n < PACE_ROWS ? s->n : PACE_ROWS, &m));
    int64_t from = ctx_mono_us(cx);
    TRY_DONE(cx, study_ask(cx, s, m.t, m.fold, m.margin));
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
        TRY_DONE(cx, study_ask(cx, s, &w->t, m->fold, margin));
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
    study_strongest(worth, p, list->col);
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
        if (!steps_uses(s->b->steps, j)) s->drop[j] = s->drop_sd[j] = 0, s->drop_p[j] = 1;       /* no feature is made of it */
        if (d->n[j] == 0) continue;
        s->drop[j] = d->sum[j] / d->n[j];
        if (d->n[j] < 2) continue;
        double n = d->n[j], sd = s->drop_sd[j] = sqrt(fmax(d->squares[j] / n - s->drop[j] * s->drop[j], 0));
        double t = sd > 0 ? s->drop[j] * sqrt(n - 1) / sd : s->drop[j] > 0 ? INFINITY : s->drop[j] < 0 ? -INFINITY : 0;
        s->drop_p[j] = t > 0 ? stats_student_p(t, n - 1) / 2 : 1 - stats_student_p(t, n - 1) / 2;
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
    TRY_DONE(cx, study_ask(cx, s, m.t, m.fold, m.margin));
    TRY_DONE(cx, study_score(cx, s, s->metric, m.margin, m.y, m.n, &base));
    uint32_t repeats = s->full ? PERMUTE_REPEATS_FULL : s->modest ? PERMUTE_REPEATS_MODEST : PERMUTE_REPEATS, done = 0;
    for (; done < repeats && !ended; done++) TRY_DONE(cx, one_repeat(cx, s, &w, &m, &list, base, done, end_us, &d, &ended));
    keep_drops(s, &d);
    s->repeats = done - (ended && done > 0);
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
    study_strongest(by, p, s->top);
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
        json_key(s->json, "p");
        study_num(s->json, s->drop_p[j]);
        json_key(s->json, "shap");
        study_num(s->json, s->shap[j]);
        json_close(s->json);
    }
    json_close_array(s->json);
    json_key_int(s->json, "shuffles", s->repeats);
    ctx_put(cx, by);
    return OK;
}

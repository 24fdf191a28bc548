/* auto/diagnose_slices.c -- where the build is weak: groups of rows with a loss above the rest's.
**
** A tree of depth two is grown on the loss of each row, over raw columns as a person knows them; its worst node of
** at least SLICE_ROWS rows, by Welch's t, is a slice.  Trees are grown again without the columns that were at the
** root, so that different slices are found.  p is the test's own; p_adjusted is p times the number of groups that
** were looked at (Bonferroni; many of them overlap, so it is strict), and told beside it.  Cost: columns x candidates x rows a tree.
*/
#include "auto/diagnose.h"

#include "auto/stats.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SLICE_ROWS 30
#define SLICE_ROWS_USED 4000
#define SLICE_ROWS_USED_FULL 20000
#define SLICE_TREES 6
#define SLICE_P .001
#define CUTS 15
#define LEVELS 12
#define WORDS_MAX 400

typedef enum Asks { ASKS_NOTHING, ASKS_BELOW, ASKS_LEVEL, ASKS_MISSING } Asks;
typedef struct Rule { Asks asks; uint32_t col; double cut; int32_t level; bool yes; } Rule;

typedef struct Node { uint32_t *row; size_t n; double mean, var; Rule rule[2]; unsigned depth; } Node;

typedef struct Hunt {
    const Study *s;
    const double *loss;
    size_t n;                      /* rows used */
    double sum, squares;           /* of their losses */
    bool *barred;                  /* columns that were at a root */
    double *looked;                /* groups looked at */
} Hunt;

typedef struct Found { Rule rule[2]; unsigned depth; size_t n; double score, loss, rest, t, p; } Found;

static bool holds(const Study *s, const Rule *r, size_t row)
{
    const Column *c = &s->t->col[r->col];
    bool has = column_has(c, row), is = false;
    if (r->asks == ASKS_MISSING) is = !has;
    else if (has) is = r->asks == ASKS_BELOW ? c->num[row] < r->cut : c->code[row] == r->level;
    return is == r->yes;
}

static void measure(const Hunt *h, Node *m)
{
    double sum = 0, squares = 0;
    for (size_t i = 0; i < m->n; i++) sum += h->loss[m->row[i]];
    m->mean = m->n ? sum / (double)m->n : 0;
    for (size_t i = 0; i < m->n; i++) squares += (h->loss[m->row[i]] - m->mean) * (h->loss[m->row[i]] - m->mean);
    m->var = m->n > 1 ? squares / (double)(m->n - 1) : 0;
}

/* How much the rule lowers the squared error of the node's loss; 0 when a side is too small. */
static double gain_of(const Hunt *h, const Node *m, const Rule *r)
{
    double sum = 0, n = 0, all = m->mean * (double)m->n, rest;
    for (size_t i = 0; i < m->n; i++) {
        if (!holds(h->s, r, m->row[i])) continue;
        sum += h->loss[m->row[i]];
        n++;
    }
    rest = (double)m->n - n;
    if (n < SLICE_ROWS || rest < SLICE_ROWS) return 0;
    double d = sum / n - (all - sum) / rest;
    return d * d * n * rest / (double)m->n;
}

static void consider(const Hunt *h, const Node *m, Rule r, Rule *best, double *gain)
{
    r.yes = true;
    double g = gain_of(h, m, &r);
    *h->looked += 2;
    if (g <= *gain * (1 + 1e-12)) return;
    *gain = g;
    *best = r;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static Err consider_cuts(Ctx *cx, const Hunt *h, const Node *m, uint32_t col, Rule *best, double *gain)
{
    const Column *c = &h->s->t->col[col];
    double *v = ctx_get_n(cx, m->n, sizeof *v), last = -INFINITY;
    size_t n = 0;
    if (!v) return FAIL(cx, ERR_NOMEM, "looking for weak spots");
    for (size_t i = 0; i < m->n; i++)
        if (column_has(c, m->row[i])) v[n++] = c->num[m->row[i]];
    qsort(v, n, sizeof *v, by_value);
    for (size_t k = 1; k <= CUTS && n > 1; k++) {
        size_t at = k * n / (CUTS + 1);
        while (at > 0 && at < n && v[at] == v[at - 1]) at++;           /* between two values */
        if (at == 0 || at >= n) continue;
        double cut = v[at - 1] + (v[at] - v[at - 1]) / 2;
        if (cut <= v[at - 1]) cut = v[at];
        if (cut <= last) continue;
        last = cut;
        consider(h, m, (Rule){ .asks = ASKS_BELOW, .col = col, .cut = cut }, best, gain);
    }
    ctx_put(cx, v);
    return OK;
}

static Err consider_levels(Ctx *cx, const Hunt *h, const Node *m, uint32_t col, Rule *best, double *gain)
{
    const Column *c = &h->s->t->col[col];
    uint32_t *count = ctx_get_n(cx, c->dict.n, sizeof *count);
    if (!count) return FAIL(cx, ERR_NOMEM, "looking for weak spots");
    for (size_t i = 0; i < m->n; i++)
        if (column_has(c, m->row[i])) count[c->code[m->row[i]]]++;
    for (int k = 0; k < LEVELS && c->dict.n; k++) {
        uint32_t top = 0;
        for (uint32_t i = 1; i < c->dict.n; i++)
            if (count[i] > count[top]) top = i;
        if (count[top] < SLICE_ROWS) break;
        count[top] = 0;
        consider(h, m, (Rule){ .asks = ASKS_LEVEL, .col = col, .level = (int32_t)top }, best, gain);
    }
    ctx_put(cx, count);
    return OK;
}

static Err best_rule(Ctx *cx, const Hunt *h, const Node *m, bool root, Rule *best)
{
    double gain = 0;
    *best = (Rule){ 0 };
    for (uint32_t j = 0; j < h->s->t->cols; j++) {
        const Column *c = &h->s->t->col[j];
        if (c->type == COLUMN_TEXT || c->type == COLUMN_ID || (root && h->barred[j])) continue;
        if (study_left_s(cx, h->s) <= 0) break;
        if (cx->cancel && *cx->cancel) TRY(cx, ctx_check(cx));
        if (c->num) TRY(cx, consider_cuts(cx, h, m, j, best, &gain));
        else TRY(cx, consider_levels(cx, h, m, j, best, &gain));
        if (c->nulls) consider(h, m, (Rule){ .asks = ASKS_MISSING, .col = j }, best, &gain);
    }
    return OK;
}

static void child(const Hunt *h, const Node *m, Rule r, bool yes, uint32_t *row, Node *out)
{
    *out = *m;
    out->row = row;
    out->n = 0;
    r.yes = yes;
    out->rule[out->depth++] = r;
    for (size_t i = 0; i < m->n; i++)
        if (holds(h->s, &r, m->row[i])) row[out->n++] = m->row[i];
    measure(h, out);
}

/* The node against all rows outside it. */
static void judge(const Hunt *h, const Node *m, Found *best)
{
    double n = (double)m->n, rest = (double)h->n - n;
    if (n < SLICE_ROWS || rest < 2) return;
    double sum = h->sum - m->mean * n, mean = sum / rest;
    double squares = h->squares - m->var * (n - 1) - m->mean * m->mean * n - mean * mean * rest;
    Found f = { .depth = m->depth, .n = m->n, .loss = m->mean, .rest = mean };
    memcpy(f.rule, m->rule, sizeof f.rule);
    f.t = stats_welch(n, m->mean, m->var, rest, mean, fmax(squares, 0) / (rest - 1), &f.p);
    if (f.t > best->t) *best = f;
}

/* One tree; *best is its worst node. */
static Err grow(Ctx *cx, Hunt *h, const Node *root, uint32_t *room, Found *best, bool *grew)
{
    Rule r;
    *best = (Found){ 0 };
    *grew = false;
    TRY(cx, best_rule(cx, h, root, true, &r));
    if (r.asks == ASKS_NOTHING) return OK;
    *grew = true;
    h->barred[r.col] = true;
    for (int side = 0; side < 2; side++) {
        Node half, leaf;
        Rule below;
        child(h, root, r, side == 0, room, &half);
        judge(h, &half, best);
        if (half.n < 2 * SLICE_ROWS) continue;
        TRY(cx, best_rule(cx, h, &half, false, &below));
        for (int leg = 0; leg < 2 && below.asks != ASKS_NOTHING; leg++) {
            child(h, &half, below, leg == 0, room + h->n, &leaf);
            judge(h, &leaf, best);
        }
    }
    return OK;
}

/* ----------------------------------------------------------------- telling */

static void say_rule(const Study *s, const Rule *r, Text *t)
{
    const Column *c = &s->t->col[r->col];
    char num[NUM_TEXT_MAX];
    size_t n;
    text_fmt(t, "%.80s", s->b->schema->col[r->col].name);
    if (r->asks == ASKS_MISSING) text_put(t, r->yes ? " is missing" : " is known");
    else if (r->asks == ASKS_BELOW) {
        struct tm day;
        time_t at = (time_t)r->cut;
        if (c->type != COLUMN_DATETIME) snprintf(num, sizeof num, "%.5g", r->cut);
        else if (!gmtime_r(&at, &day) || !strftime(num, sizeof num, "%Y-%m-%d %H:%M", &day)) snprintf(num, sizeof num, "%.0f", r->cut);
        text_fmt(t, r->yes ? " < %s" : " >= %s", num);
        if (!r->yes && c->nulls) text_put(t, " or missing");
    } else {
        const char *level = dict_at(&c->dict, (uint32_t)r->level, &n);
        text_fmt(t, r->yes ? " is '%.*s'" : " is not '%.*s'", (int)(n < 60 ? n : 60), level);
    }
}

static Err put_slice(Ctx *cx, Study *s, const Found *f, double looked, const uint32_t *row, size_t n)
{
    Err err = OK;
    Text where;
    double *margin = NULL, *y = NULL, score = NAN;
    size_t m = 0;
    text_init(&where, cx);
    GET_DONE(cx, margin, f->n * s->k, "telling of weak spots");
    GET_DONE(cx, y, f->n, "telling of weak spots");
    for (size_t i = 0; i < n; i++) {
        bool in = true;
        for (unsigned d = 0; d < f->depth; d++) in &= holds(s, &f->rule[d], row[i]);
        if (!in) continue;
        memcpy(margin + m * s->k, s->margin + row[i] * s->k, s->k * sizeof *margin);
        y[m++] = s->y[row[i]];
    }
    TRY_DONE(cx, study_score(cx, s, s->metric, margin, y, m, &score));
    for (unsigned d = 0; d < f->depth; d++) {
        if (d) text_put(&where, " and ");
        say_rule(s, &f->rule[d], &where);
    }
    TRY_DONE(cx, text_err(&where));
    json_open(s->json);
    json_key_text(s->json, "where", where.at);
    json_key_int(s->json, "n", (int64_t)f->n);
    json_key_num(s->json, "score", score);
    json_key_num(s->json, "loss", f->loss);
    json_key_num(s->json, "rest", f->rest);
    json_key_num(s->json, "p", f->p);
    json_key_num(s->json, "p_adjusted", fmin(f->p * looked, 1));
    json_close(s->json);
done:
    text_clear(&where);
    ctx_put(cx, margin);
    ctx_put(cx, y);
    return err;
}

static int by_excess(const void *a, const void *b)
{
    const Found *x = a, *y = b;
    return (x->t < y->t) - (x->t > y->t);
}

/* The same rows, found another way round? */
static bool told_before(const Found *f, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (f[j].n == f[i].n && fabs(f[j].loss - f[i].loss) <= 1e-9 * fabs(f[i].loss)) return true;
    return false;
}

Err study_slices(Ctx *cx, Study *s)
{
    Err err = OK;
    Hunt h = { .s = s, .n = s->full ? SLICE_ROWS_USED_FULL : SLICE_ROWS_USED };
    Found found[SLICE_TREES];
    size_t found_n = 0;
    double *loss = NULL, looked = 0;
    uint32_t *row = NULL, *room = NULL;
    bool grew = true;
    h.looked = &looked;
    if (h.n > s->n) h.n = s->n;
    if (s->n < 2 * SLICE_ROWS) {
        study_skip(s, "weak spots: fewer than %d rows", 2 * SLICE_ROWS);
        return OK;
    }
    GET_DONE(cx, loss, s->n, "the loss of %zu rows", s->n);
    GET_DONE(cx, row, h.n, "looking for weak spots");
    GET_DONE(cx, room, 2 * h.n, "looking for weak spots");
    GET_DONE(cx, h.barred, s->t->cols, "looking for weak spots");
    for (size_t i = 0; i < s->n; i++) loss[i] = study_loss(s, s->answer + i * s->k, s->y[i]);
    study_draw(s, "slices", s->n, row, h.n);
    h.loss = loss;
    for (size_t i = 0; i < h.n; i++) {
        h.sum += loss[row[i]];
        h.squares += loss[row[i]] * loss[row[i]];
    }
    Node root = { .row = row, .n = h.n };
    measure(&h, &root);
    for (int tree = 0; tree < SLICE_TREES && grew; tree++) {
        if (study_left_s(cx, s) <= 0) {
            study_skip(s, "some of the weak spots: the time was up");
            break;
        }
        TRY_DONE(cx, grow(cx, &h, &root, room, &found[found_n], &grew));
        if (found[found_n].t > 0) found_n++;
    }
    qsort(found, found_n, sizeof *found, by_excess);
    json_key_open_array(s->json, "slices");
    for (size_t i = 0; i < found_n; i++)
        if (found[i].p < SLICE_P && !told_before(found, i)) TRY_DONE(cx, put_slice(cx, s, &found[i], looked, row, h.n));
    json_close_array(s->json);
    json_key_num(s->json, "slices_looked_at", looked);
done:
    ctx_put(cx, loss);
    ctx_put(cx, row);
    ctx_put(cx, room);
    ctx_put(cx, h.barred);
    return err;
}

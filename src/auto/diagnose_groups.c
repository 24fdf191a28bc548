/* auto/diagnose_groups.c -- is the build equally good to every group of rows?
**
** The groups are the levels of a column, or its quarters where it holds many numbers.  Rates and differences are
** fairlearn's: selection_rate, true_positive_rate, false_positive_rate, demographic_parity_difference and _ratio,
** equalized_odds_difference and _ratio (the worse of the two rates).  The four-fifths rule: no group is selected less
** than .8 times as often as another (29 CFR 1607.4 D).  Groups of fewer than GROUP_ROWS rows are told, but not compared.
*/
#include "auto/diagnose.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define GROUPS_SHOWN 20
#define GROUP_ROWS 20
#define QUARTERS 4
#define NONE UINT32_MAX

typedef struct Rates { double n, selected, positives, tp, fp, sum, score; } Rates;
typedef struct Parts { uint32_t *of; uint32_t n; char name[GROUPS_SHOWN + 2][96]; } Parts;

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void say_number(const Column *c, double v, char *out, size_t max)
{
    struct tm day;
    time_t at = (time_t)v;
    if (c->type != COLUMN_DATETIME || !gmtime_r(&at, &day) || !strftime(out, max, "%Y-%m-%d", &day)) snprintf(out, max, "%.6g", v);
}

/* Few numbers: each a group; many: quarters. */
static Err number_parts(Ctx *cx, const Column *c, size_t n, Parts *p)
{
    size_t known = 0, distinct = 0;
    double *v = ctx_get_n(cx, n, sizeof *v), edge[GROUPS_SHOWN];
    if (!v) return FAIL(cx, ERR_NOMEM, "groups of %zu rows", n);
    for (size_t i = 0; i < n; i++)
        if (column_has(c, i)) v[known++] = c->num[i];
    qsort(v, known, sizeof *v, by_value);
    for (size_t i = 0; i < known; i++)
        if (i == 0 || v[i] != v[i - 1]) {
            if (distinct < GROUPS_SHOWN) edge[distinct] = v[i];
            distinct++;
        }
    bool each = distinct <= 8;
    if (!each) {
        distinct = 0;
        for (size_t q = 1; q <= QUARTERS; q++) {
            double at = v[q * known / QUARTERS - 1];
            if (!distinct || at > edge[distinct - 1]) edge[distinct++] = at;
        }
    }
    for (size_t i = 0; i < n; i++) {
        uint32_t g = 0;
        if (!column_has(c, i)) continue;
        while (g + 1 < distinct && c->num[i] > edge[g]) g++;
        p->of[i] = g;
    }
    for (uint32_t g = 0; g < distinct; g++) {
        char lo[40], hi[40];
        say_number(c, g ? edge[g - 1] : 0, lo, sizeof lo);
        say_number(c, edge[g], hi, sizeof hi);
        if (each) snprintf(p->name[g], sizeof p->name[g], "%s", hi);
        else if (g + 1 == distinct) snprintf(p->name[g], sizeof p->name[g], "above %s", lo);
        else if (g == 0) snprintf(p->name[g], sizeof p->name[g], "up to %s", hi);
        else snprintf(p->name[g], sizeof p->name[g], "%s to %s", lo, hi);
    }
    p->n = (uint32_t)distinct;
    ctx_put(cx, v);
    return OK;
}

/* The most frequent levels; the rest together. */
static Err level_parts(Ctx *cx, const Column *c, size_t n, Parts *p)
{
    Err err = OK;
    uint32_t *count = NULL, *group = NULL, levels = c->dict.n;
    bool others = false;
    GET_DONE(cx, count, levels + 1, "groups of %zu rows", n);
    GET_DONE(cx, group, levels + 1, "groups of %zu rows", n);
    for (size_t i = 0; i < n; i++)
        if (column_has(c, i)) count[c->code[i]]++;
    for (uint32_t k = 0; k < levels; k++) group[k] = NONE;
    for (p->n = 0; p->n < GROUPS_SHOWN; p->n++) {
        uint32_t best = 0;
        size_t len;
        for (uint32_t k = 1; k < levels; k++)
            if (count[k] > count[best]) best = k;
        if (!levels || !count[best]) break;
        const char *text = dict_at(&c->dict, best, &len);
        snprintf(p->name[p->n], sizeof p->name[0], "%.*s", (int)(len < 80 ? len : 80), text);
        group[best] = p->n;
        count[best] = 0;
    }
    for (size_t i = 0; i < n; i++) {
        if (!column_has(c, i)) continue;
        uint32_t g = group[c->code[i]];
        others |= g == NONE;
        p->of[i] = g == NONE ? p->n : g;
    }
    if (others) snprintf(p->name[p->n++], sizeof p->name[0], "all others");
done:
    ctx_put(cx, count);
    ctx_put(cx, group);
    return err;
}

static Err parts_make(Ctx *cx, const Study *s, Parts *p)
{
    const Column *c = s->group;
    bool missing = false;
    p->of = ctx_get_n(cx, s->n, sizeof *p->of);
    if (!p->of) return FAIL(cx, ERR_NOMEM, "groups of %zu rows", s->n);
    TRY(cx, c->num ? number_parts(cx, c, s->n, p) : level_parts(cx, c, s->n, p));
    for (size_t i = 0; i < s->n; i++)
        if (!column_has(c, i)) p->of[i] = p->n, missing = true;
    if (missing) snprintf(p->name[p->n++], sizeof p->name[0], "missing");
    return OK;
}

/* One group's rows; room: n x k margins and n y. */
static Err rate(Ctx *cx, const Study *s, const uint32_t *of, uint32_t g, double *margin, double *y, Rates *r)
{
    size_t n = 0;
    *r = (Rates){ .score = NAN };
    for (size_t i = 0; i < s->n; i++) {
        if (of[i] != g) continue;
        const double *p = s->answer + i * s->k;
        bool said = s->b->task == TASK_BINARY && build_class(s->b, p) == 1, is = s->y[i] == 1;
        r->selected += said;
        r->positives += is;
        r->tp += said && is;
        r->fp += said && !is;
        r->sum += s->b->task == TASK_REGRESSION ? s->y[i] - p[0] : build_class(s->b, p) == (uint32_t)s->y[i];
        memcpy(margin + n * s->k, s->margin + i * s->k, s->k * sizeof *margin);
        y[n++] = s->y[i];
    }
    r->n = (double)n;
    if (n) TRY(cx, study_score(cx, s, s->metric, margin, y, n, &r->score));
    return OK;
}

typedef struct Range { double lo, hi; } Range;
static void widen(Range *r, double v)
{
    if (isnan(v)) return;
    r->lo = fmin(r->lo, v);
    r->hi = fmax(r->hi, v);
}
static double gap(const Range *r) { return r->hi >= r->lo ? r->hi - r->lo : NAN; }
static double ratio(const Range *r) { return r->hi > 0 ? r->lo / r->hi : NAN; }

static void put_group(const Study *s, const char *name, const Rates *r)
{
    Text *t = s->json;
    json_open(t);
    json_key_text(t, "group", name);
    json_key_num(t, "n", r->n);
    json_key_num(t, "score", r->score);
    if (s->b->task == TASK_REGRESSION) json_key_num(t, "bias", r->sum / r->n);
    else json_key_num(t, "accuracy", r->sum / r->n);
    if (s->b->task == TASK_BINARY) {
        json_key_num(t, "positives", r->positives / r->n);
        json_key_num(t, "selection_rate", r->selected / r->n);
        json_key_num(t, "tpr", r->tp / r->positives);
        json_key_num(t, "fpr", r->fp / (r->n - r->positives));
    }
    json_key_bool(t, "compared", r->n >= GROUP_ROWS);
    json_close(t);
}

static void put_fairness(const Study *s, const Rates *r, uint32_t n)
{
    const Range empty = { INFINITY, -INFINITY };
    Range selected = empty, tpr = empty, fpr = empty, score = empty;
    Text *t = s->json;
    for (uint32_t g = 0; g < n; g++) {
        if (r[g].n < GROUP_ROWS) continue;
        widen(&selected, r[g].selected / r[g].n);
        widen(&tpr, r[g].tp / r[g].positives);
        widen(&fpr, r[g].fp / (r[g].n - r[g].positives));
        widen(&score, r[g].score);
    }
    json_key_num(t, "score_difference", gap(&score));
    if (s->b->task != TASK_BINARY) return;
    json_key_num(t, "demographic_parity_difference", gap(&selected));
    json_key_num(t, "demographic_parity_ratio", ratio(&selected));
    json_key_num(t, "equalized_odds_difference", fmax(gap(&tpr), gap(&fpr)));
    json_key_num(t, "equalized_odds_ratio", fmin(ratio(&tpr), ratio(&fpr)));
    if (!isnan(ratio(&selected))) json_key_bool(t, "four_fifths", ratio(&selected) >= .8);
}

Err study_groups(Ctx *cx, Study *s)
{
    Err err = OK;
    Parts p = { 0 };
    double *margin = NULL, *y = NULL;
    Rates r[GROUPS_SHOWN + 2];
    if (!s->group) return OK;
    TRY_DONE(cx, parts_make(cx, s, &p));
    GET_DONE(cx, margin, s->n * s->k, "groups of %zu rows", s->n);
    GET_DONE(cx, y, s->n, "groups of %zu rows", s->n);
    json_key_open(s->json, "groups");
    json_key_text(s->json, "column", s->group_name);
    if (s->b->task == TASK_BINARY) json_key_text(s->json, "class", s->b->class_name[1]);
    json_key_open_array(s->json, "list");
    for (uint32_t g = 0; g < p.n; g++) {
        TRY_DONE(cx, rate(cx, s, p.of, g, margin, y, &r[g]));
        if (r[g].n > 0) put_group(s, p.name[g], &r[g]);
    }
    json_close_array(s->json);
    put_fairness(s, r, p.n);
    json_close(s->json);
done:
    ctx_put(cx, p.of);
    ctx_put(cx, margin);
    ctx_put(cx, y);
    return err;
}

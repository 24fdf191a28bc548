/* auto/folds.c -- which rows are held out together, and how many folds the budget allows.
**
** Stratified: rows are shuffled within each class (regression: within each of
** ten quantile bins of the target) and dealt out in turn.  Grouped: whole groups,
** largest first, each to the fold that stays most even in classes and in size
** (as scikit-learn's StratifiedGroupKFold).  Ordered: blocks of rows by time, each
** judged by models of the blocks before it (TimeSeriesSplit), equal times
** together.  Keyed by the seed, the target and the groups or times alone, so that
** the folds of a build can be made again later.
*/
#include "auto/run.h"

#include "base/random.h"

#include <yyjson.h>

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define BINS 10
#define HOLDOUT_FOLDS 1
#define ANOMALY_FOLDS 3           /* every row is to be looked at by detectors that did not see it */
#define CLOCKLESS_S 30.0           /* the budget that folds are chosen for when trials are counted */
#define TWICE_ROWS 1000            /* fewer rows than these are dealt out twice, ... */
#define TWICE_S 30                 /* ... with a budget of so much ... */
#define TWICE_COST 300.            /* ... and fewer cells a second of it */
#define BLOCK_ROWS_MIN 10          /* of a fold by time */

/* RECIPE A4.3 with constants fitted to fits in C: cost is cells times outputs a second of budget. */
static const struct { double cost; uint32_t folds; } ladder[] = { { 6e3, 8 }, { 8e4, 5 }, { 3.5e5, 3 } };

/* Where rows are many, some of the folds tell as much as all of them: their models learn from as many rows, and the time goes
** to more trials.  So many of PART_OF folds are used. */
#define PART_ROWS_MIN 2500
#define PART_OF 8
static const struct { double cost; uint32_t used; } part_ladder[] = { { 3e3, 8 }, { 2e4, 4 }, { 8e4, 3 }, { 3.5e5, 2 } };

typedef struct Key { double value; uint64_t shuffle; uint32_t row; } Key;

static int by_key(const void *a, const void *b)
{
    const Key *x = a, *y = b;
    if (x->value != y->value) return x->value > y->value ? 1 : -1;
    if (x->shuffle != y->shuffle) return x->shuffle > y->shuffle ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

/* The share of rows one holdout takes (AutoGluon's rule). */
static double holdout_share(size_t n)
{
    double share = n < 5000 ? 500.0 / (double)n : 2500.0 / (double)n;
    double lo = n < 5000 ? .1 : .01, hi = n < 5000 ? .2 : .1;
    return fmin(fmax(share, lo), hi);
}

/* ------------------------------------------------------------- stratified */

/* Deal sorted rows of one stratum out; `turn` goes on from stratum to stratum so that folds stay even. */
static void deal(const Key *key, size_t n, uint32_t folds, double share, uint32_t *turn, uint8_t *fold)
{
    size_t held = (size_t)(share * (double)n + .5);
    if (!held && n > 1) held = 1;
    for (size_t i = 0; i < n; i++) {
        if (folds == HOLDOUT_FOLDS) fold[key[i].row] = i < held ? 0 : FOLD_NONE;
        else fold[key[i].row] = (uint8_t)((*turn)++ % folds);
    }
}

/* Rows sorted by stratum (key.value: the class, or the tenth of the target) and, within it, in a keyed order. */
static void sort_strata(const FoldsIn *in, Key *key)
{
    Random r = random_make(in->seed, "folds", in->folds, in->repeat);
    for (size_t i = 0; i < in->n; i++) key[i] = (Key){ in->y[i], random_bits(&r), (uint32_t)i };
    qsort(key, in->n, sizeof *key, by_key);
    if (in->task != TASK_REGRESSION) return;
    for (size_t i = 0; i < in->n; i++) key[i].value = (double)(i * BINS / in->n);
    qsort(key, in->n, sizeof *key, by_key);
}

static void stratified(const FoldsIn *in, Key *key, uint8_t *fold)
{
    uint32_t turn = 0;
    sort_strata(in, key);
    for (size_t from = 0, to; from < in->n; from = to) {
        for (to = from + 1; to < in->n && key[to].value == key[from].value; to++) {}
        deal(key + from, to - from, in->folds, holdout_share(in->n), &turn, fold);
    }
}

/* ---------------------------------------------------------------- grouped */

typedef struct Whole {             /* a group: its rows stand together in `row` */
    uint32_t from, n;
    uint64_t shuffle;
} Whole;

static int largest_first(const void *a, const void *b)
{
    const Whole *x = a, *y = b;
    if (x->n != y->n) return x->n < y->n ? 1 : -1;
    if (x->shuffle != y->shuffle) return x->shuffle > y->shuffle ? 1 : -1;
    return (x->from > y->from) - (x->from < y->from);
}

typedef struct Grouped {
    Key *key;
    uint32_t *stratum;             /* rows */
    uint32_t strata;
    uint32_t *row;                 /* rows, group after group */
    Whole *whole;
    double *all, *have;            /* strata; folds x (strata + 1): rows, the last of all strata together */
    uint8_t *of;                   /* groups in `whole`'s order: their fold */
} Grouped;

static Err grouped_open(Ctx *cx, const FoldsIn *in, uint32_t folds, Grouped *g)
{
    Err err = OK;
    Random r = random_make(in->seed, "groups", folds, in->repeat);
    GET_DONE(cx, g->stratum, in->n, "splitting %zu rows into folds", in->n);
    GET_DONE(cx, g->row, in->n, "splitting %zu rows into folds", in->n);
    GET_DONE(cx, g->whole, in->groups, "splitting %u groups into folds", in->groups);
    GET_DONE(cx, g->of, in->groups, "splitting %u groups into folds", in->groups);
    sort_strata(in, g->key);
    for (size_t i = 0; i < in->n; i++) {
        if (i && g->key[i].value != g->key[i - 1].value) g->strata++;
        g->stratum[g->key[i].row] = g->strata;
    }
    g->strata++;
    GET_DONE(cx, g->all, g->strata, "splitting %zu rows into folds", in->n);
    GET_DONE(cx, g->have, (size_t)folds * (g->strata + 1), "splitting %zu rows into folds", in->n);
    for (size_t i = 0; i < in->n; i++) {
        g->all[g->stratum[i]]++;
        g->whole[in->group[i]].n++;
    }
    uint32_t at = 0;
    for (uint32_t k = 0; k < in->groups; k++) {
        g->whole[k].from = at;
        g->whole[k].shuffle = random_bits(&r);
        at += g->whole[k].n;
        g->whole[k].n = 0;
    }
    for (size_t i = 0; i < in->n; i++) {
        Whole *w = &g->whole[in->group[i]];
        g->row[w->from + w->n++] = (uint32_t)i;
    }
    qsort(g->whole, in->groups, sizeof *g->whole, largest_first);
done:
    return err;
}

/* How much less even the folds become: the growth of the sum of squared shares, over strata and in size.  Rows are added one
** after another, so that a group may hold any number of strata; undone afterwards. */
static double unevenness(const Grouped *g, const Whole *w, double *have, size_t n)
{
    double sum = 0, strata = g->strata, size = have[g->strata], add = w->n;
    for (uint32_t i = 0; i < w->n; i++) {
        uint32_t s = g->stratum[g->row[w->from + i]];
        sum += (2 * have[s] + 1) / (g->all[s] * g->all[s]);
        have[s]++;
    }
    for (uint32_t i = 0; i < w->n; i++) have[g->stratum[g->row[w->from + i]]]--;
    return sum + strata * (2 * size * add + add * add) / ((double)n * (double)n);
}

static void grouped_deal(const FoldsIn *in, const Grouped *g, uint32_t folds)
{
    for (uint32_t k = 0; k < in->groups; k++) {
        const Whole *w = &g->whole[k];
        double least = INFINITY;
        for (uint32_t f = 0; f < folds && w->n; f++) {
            double u = unevenness(g, w, g->have + (size_t)f * (g->strata + 1), in->n);
            if (u < least) least = u, g->of[k] = (uint8_t)f;
        }
        double *have = g->have + (size_t)g->of[k] * (g->strata + 1);
        for (uint32_t i = 0; i < w->n; i++) have[g->stratum[g->row[w->from + i]]]++;
        have[g->strata] += w->n;
    }
}

/* A class that stands in one fold only is unknown to the models that judge it: its first group is always learned from. */
static void keep_classes_known(const FoldsIn *in, const Grouped *g, uint32_t folds)
{
    for (uint32_t s = 0; in->task != TASK_REGRESSION && s < g->strata; s++) {
        uint32_t only = folds;
        for (uint32_t f = 0; f < folds; f++)
            if (g->have[(size_t)f * (g->strata + 1) + s] == g->all[s]) only = f;
        for (uint32_t k = 0; only < folds && k < in->groups; k++) {
            const Whole *w = &g->whole[k];
            for (uint32_t i = 0; i < w->n; i++)
                if (g->stratum[g->row[w->from + i]] == s) {
                    g->of[k] = FOLD_NONE;
                    only = folds;
                    break;
                }
        }
    }
}

static Err grouped(Ctx *cx, const FoldsIn *in, Key *key, uint8_t *fold, uint32_t *made)
{
    Err err = OK;
    Grouped g = { .key = key };
    uint32_t folds = in->folds == HOLDOUT_FOLDS ? (uint32_t)(1 / holdout_share(in->n) + .5) : in->folds, held = 0;
    if (in->groups < 2) return FAIL(cx, ERR_BAD_INPUT, "all rows are of one group: no other is left to judge by");
    if (folds > in->groups) folds = in->groups;
    TRY_DONE(cx, grouped_open(cx, in, folds, &g));
    grouped_deal(in, &g, folds);
    keep_classes_known(in, &g, folds);
    for (uint32_t k = 0; k < in->groups; k++)
        for (uint32_t i = 0; i < g.whole[k].n; i++) fold[g.row[g.whole[k].from + i]] = g.of[k];
    *made = in->folds == HOLDOUT_FOLDS ? 1 : folds;
    for (size_t i = 0; i < in->n; i++) {
        if (fold[i] >= *made) fold[i] = FOLD_NONE;
        held += fold[i] != FOLD_NONE;
    }
    if (!held) err = FAIL(cx, ERR_BAD_INPUT, "each class stands in one group only: no group can be judged by models of others");
done:
    ctx_put(cx, g.stratum);
    ctx_put(cx, g.row);
    ctx_put(cx, g.whole);
    ctx_put(cx, g.of);
    ctx_put(cx, g.all);
    ctx_put(cx, g.have);
    return err;
}

/* ---------------------------------------------------------------- ordered */

/* Are two classes among the first n rows? */
static bool two_known(const FoldsIn *in, const Key *key, size_t n)
{
    if (in->task == TASK_REGRESSION) return true;
    for (size_t i = 1; i < n; i++)
        if (in->y[key[i].row] != in->y[key[0].row]) return true;
    return false;
}

static Err ordered(Ctx *cx, const FoldsIn *in, Key *key, uint8_t *fold, uint32_t *made)
{
    size_t n = in->n, block = n / (in->folds + 1);
    if (in->folds == HOLDOUT_FOLDS) block = (size_t)(holdout_share(n) * (double)n + .5);
    if (!block) block = 1;
    for (size_t i = 0; i < n; i++) key[i] = (Key){ in->when[i], 0, (uint32_t)i };
    qsort(key, n, sizeof *key, by_key);
    memset(fold, FOLD_NONE, n);
    *made = 0;
    for (size_t k = 0, to; k < in->folds; k++) {
        size_t from = n - (in->folds - k) * block;
        to = k + 1 < in->folds ? from + block : n;
        while (from < n && from && key[from].value == key[from - 1].value) from++;
        while (to < n && key[to].value == key[to - 1].value) to++;
        if (!from || from >= to || !two_known(in, key, from)) continue;
        for (size_t i = from; i < to; i++) fold[key[i].row] = (uint8_t)*made;
        ++*made;
    }
    if (*made) return OK;
    return FAIL(cx, ERR_BAD_INPUT, in->task == TASK_REGRESSION || key[0].value == key[n - 1].value
                ? "too many rows have one and the same time: none come later to judge by"
                : "one class comes first in time and the others only at the end: models of the earlier rows would know one class");
}

Err folds_make(Ctx *cx, const FoldsIn *in, uint8_t *fold, uint32_t *made)
{
    Err err = OK;
    Key *key = ctx_get_n(cx, in->n, sizeof *key);
    assert(in->folds && in->folds < FOLD_NONE);
    *made = in->folds;
    if (!key) return FAIL(cx, ERR_NOMEM, "splitting %zu rows into folds", in->n);
    if (in->when) err = ordered(cx, in, key, fold, made);
    else if (in->group) err = grouped(cx, in, key, fold, made);
    else stratified(in, key, fold);
    ctx_put(cx, key);
    return err;
}

/* --------------------------------------------------------------- the run's */

/* Folds the rows are dealt out to, and how many of them are used. */
static uint32_t folds_for(const Auto *a, uint32_t *used)
{
    double seconds = a->in->trials || !a->in->time_s ? CLOCKLESS_S : a->in->time_s;
    double outputs = a->task == TASK_MULTICLASS ? (double)a->classes : 1;
    double cost = (double)a->rows * (double)a->raw->cols * outputs / seconds;
    *used = FOLD_NONE;
    if (a->task == TASK_ANOMALY) return ANOMALY_FOLDS;
    if (a->rows >= PART_ROWS_MIN && !a->when && !a->group) {
        for (size_t i = 0; i < sizeof part_ladder / sizeof *part_ladder; i++)
            if (cost < part_ladder[i].cost) {
                *used = part_ladder[i].used;
                return PART_OF;
            }
        return HOLDOUT_FOLDS;
    }
    for (size_t i = 0; i < sizeof ladder / sizeof *ladder; i++)
        if (cost < ladder[i].cost) return ladder[i].folds;
    return HOLDOUT_FOLDS;
}

/* How many times the rows are dealt out. */
static uint32_t sets_for(const Auto *a)
{
    bool cheap = (double)a->rows * (double)a->raw->cols < TWICE_COST * a->in->time_s;
    return !a->in->trials && a->rows < TWICE_ROWS && a->in->time_s >= TWICE_S && cheap ? 2 : 1;
}

Folds auto_folds_view(const Auto *a)
{
    return (Folds){ .n = a->folds, .sets = a->sets ? a->sets : 1, .ordered = a->ordered, .rows = a->rows, .of = a->fold };
}

/* Deal `sets` times; the parts of later sets are numbered on.  Each deal makes equally many. */
static Err deal_sets(Ctx *cx, FoldsIn *in, uint32_t sets, uint8_t *fold, uint32_t *parts)
{
    *parts = 0;
    assert(sets <= 2);             /* trials.c adds margins of both sets in any order */
    for (uint32_t s = 0; s < sets; s++) {
        uint32_t made;
        in->repeat = s;
        TRY(cx, folds_make(cx, in, fold + s * in->n, &made));
        for (size_t i = 0; i < in->n; i++)
            if (fold[s * in->n + i] != FOLD_NONE) fold[s * in->n + i] = (uint8_t)(fold[s * in->n + i] + *parts);
        *parts += made;
    }
    return OK;
}

static Err list_held(Ctx *cx, Auto *a)
{
    a->held = ctx_get_n(cx, a->rows, sizeof *a->held);
    if (!a->held) return FAIL(cx, ERR_NOMEM, "splitting %zu rows into folds", a->rows);
    for (size_t i = 0; i < a->rows; i++)
        if (a->fold[i] != FOLD_NONE) a->held[a->held_n++] = (uint32_t)i;
    a->held_y = ctx_get_n(cx, a->held_n, sizeof *a->held_y);
    a->held_weight = a->weight ? ctx_get_n(cx, a->held_n, sizeof *a->held_weight) : NULL;
    if (!a->held_y || (a->weight && !a->held_weight)) return FAIL(cx, ERR_NOMEM, "splitting %zu rows into folds", a->rows);
    for (size_t i = 0; i < a->held_n; i++) {
        a->held_y[i] = a->y[a->held[i]];
        if (a->weight) a->held_weight[i] = (double)a->weight[a->held[i]];
    }
    return OK;
}

Err auto_folds(Ctx *cx, Auto *a)
{
    double noted;
    uint32_t used, folds = folds_for(a, &used);
    if (auto_noted(a, "folds", &noted)) folds = (uint32_t)noted;
    if (auto_noted(a, "folds_used", &noted)) used = (uint32_t)noted;
    uint32_t sets = auto_noted(a, "sets", &noted) ? (uint32_t)noted : sets_for(a);
    a->ordered = a->when != NULL;
    if (a->ordered && folds > 1)
        while (folds > 1 && a->rows / (folds + 1) < BLOCK_ROWS_MIN) folds--;
    a->folds_asked = folds;
    TRY(cx, auto_note(cx, a, "folds", folds));
    TRY(cx, auto_note(cx, a, "folds_used", used));
    TRY(cx, auto_note(cx, a, "sets", sets));
    a->sets = a->ordered || folds == HOLDOUT_FOLDS || folds * sets > BUILD_PARTS_MAX ? 1 : sets;
    a->fold = ctx_get_n(cx, a->rows, a->sets);
    if (!a->fold) return FAIL(cx, ERR_NOMEM, "splitting %zu rows into folds", a->rows);
    FoldsIn in = { .task = a->task, .classes = a->classes, .y = a->y, .n = a->rows, .seed = a->in->seed, .folds = folds,
                   .group = a->group, .groups = a->groups, .when = a->when };
    TRY(cx, deal_sets(cx, &in, a->sets, a->fold, &a->folds));
    if (a->sets == 1 && a->folds < folds && a->group)
        TRY(cx, auto_warn(cx, a, "'%s' has %u groups only: %u folds, one a group", a->in->group, a->groups, a->folds));
    if (a->sets == 1 && used < a->folds) {
        a->folds = used;
        for (size_t i = 0; i < a->rows; i++)
            if (a->fold[i] >= used) a->fold[i] = FOLD_NONE;
    }
    return list_held(cx, a);
}

/* ------------------------------------------------------------------- again */

Err auto_known_y(Ctx *cx, const Build *b, const Table *t, size_t target, double *y)
{
    const Column *c = &t->col[target];
    for (size_t i = 0; i < t->rows; i++) {
        char buf[NUM_TEXT_MAX];
        size_t n;
        const char *s = buf;
        y[i] = NAN;
        if (!column_has(c, i)) continue;
        if (c->num) n = num_text(c->num[i], buf);
        else s = dict_at(&c->dict, (uint32_t)c->code[i], &n);
        if (b->task == TASK_REGRESSION) {
            if (c->num) y[i] = c->num[i];
            else if (!num_read(s, n, &y[i]) || !isfinite(y[i]))
                return FAIL(cx, ERR_BAD_INPUT, "target '%s' holds words; the build predicts a number", b->target);
            continue;
        }
        uint32_t k = build_class_find(b, s, n);
        if (k != UINT32_MAX) y[i] = k;
    }
    return OK;
}

typedef struct Again {             /* what is made of the rows whose target is known */
    double *y, *known, *when;
    uint32_t *row, *group, groups;
    uint8_t *fold, *some;
    size_t n;
    const char *group_name, *time_name;
    uint32_t sets, folds;
} Again;

/* How the facts say the rows were validated; without facts, stratified. */
static void read_validation(const Build *b, yyjson_val *root, Again *w)
{
    yyjson_val *v = yyjson_obj_get(root, "validation");
    w->group_name = yyjson_get_str(yyjson_obj_get(v, "group"));
    w->time_name = yyjson_get_str(yyjson_obj_get(v, "time"));
    yyjson_val *asked = yyjson_obj_get(v, "asked"), *sets = yyjson_obj_get(v, "sets");
    w->sets = yyjson_is_uint(sets) && yyjson_get_uint(sets) ? (uint32_t)yyjson_get_uint(sets) : 1;
    w->folds = yyjson_is_uint(asked) && yyjson_get_uint(asked) ? (uint32_t)yyjson_get_uint(asked) : b->folds / w->sets;
    if (w->sets > b->folds || w->folds >= FOLD_NONE || !w->folds) w->sets = 1, w->folds = b->folds;
}

static Err role_again(Ctx *cx, const Table *t, Again *w)
{
    size_t at;
    const char *name = w->group_name ? w->group_name : w->time_name;
    if (!name) return OK;
    at = table_find(t, name);
    if (at == SIZE_MAX)
        return FAIL(cx, ERR_BAD_INPUT, "'%s' has no column '%s', by which its rows were split into folds", t->source, name);
    if (w->group_name) return auto_group_of(cx, t, at, w->row, w->n, &w->group, &w->groups);
    return auto_when_of(cx, t, at, w->row, w->n, &w->when);
}

Err auto_folds_again(Ctx *cx, const Build *b, const Table *t, uint64_t seed, uint8_t **out)
{
    Err err = OK;
    Again w = { .n = 0 };
    size_t target = table_find(t, b->target);
    uint32_t made;
    yyjson_doc *doc = NULL;
    *out = NULL;
    if (target == SIZE_MAX) return FAIL(cx, ERR_BAD_INPUT, "'%s' has no column '%s', which the build predicts", t->source, b->target);
    if (b->facts) doc = yyjson_read(b->facts, strlen(b->facts), 0);
    read_validation(b, yyjson_doc_get_root(doc), &w);
    GET_DONE(cx, w.y, t->rows, "folds of %zu rows", t->rows);
    GET_DONE(cx, w.known, t->rows, "folds of %zu rows", t->rows);
    GET_DONE(cx, w.row, t->rows, "folds of %zu rows", t->rows);
    GET_DONE(cx, w.fold, t->rows, "folds of %zu rows", t->rows);
    GET_DONE(cx, w.some, t->rows, "folds of %zu rows", t->rows);
    TRY_DONE(cx, auto_known_y(cx, b, t, target, w.y));
    for (size_t i = 0; i < t->rows; i++)
        if (!isnan(w.y[i])) w.row[w.n] = (uint32_t)i, w.known[w.n++] = w.y[i];
    TRY_DONE(cx, role_again(cx, t, &w));
    FoldsIn in = { .task = b->task, .classes = b->classes, .y = w.known, .n = w.n, .seed = seed, .folds = w.folds, .group = w.group,
                   .groups = w.groups, .when = w.when };
    TRY_DONE(cx, folds_make(cx, &in, w.some, &made));
    memset(w.fold, FOLD_NONE, t->rows);
    for (size_t k = 0; k < w.n; k++) w.fold[w.row[k]] = w.some[k] < b->folds ? w.some[k] : FOLD_NONE;
    *out = w.fold;
    w.fold = NULL;
done:
    yyjson_doc_free(doc);
    ctx_put(cx, w.y);
    ctx_put(cx, w.known);
    ctx_put(cx, w.row);
    ctx_put(cx, w.group);
    ctx_put(cx, w.when);
    ctx_put(cx, w.fold);
    ctx_put(cx, w.some);
    return err;
}

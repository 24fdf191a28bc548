/* auto/engineer_alike.c -- columns that hold the same kind of thing: six months' bills, five cards, a questionnaire.
**
** Told by names that differ in digits only, or, for whole numbers, by equal ranges.  Statistics over such columns of one
** row (how many differ, the largest, the order) are what no single cut of a tree can see.
** Cost: rows x columns once.
*/
#include "auto/engineer.h"

#include "base/random.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIKE_MIN    3
#define ALIKE_SETS   6
#define SORTED_MAX   12  /* columns whose order is worth a feature each */
#define PATTERN_MAX  256 /* whole numbers within so many values may repeat by meaning, not by chance */
#define NAME_MAX_    200

/* One column as it is compared: equal stems, or equal ranges, make a set. */
typedef struct Alike {
    uint32_t raw;
    uint64_t stem;
    double lo, hi;
    bool whole, gaps, numbered;
} Alike;

/* The name with each run of digits as one mark. */
static uint64_t stem_of(const char *name, bool *numbered)
{
    char stem[NAME_MAX_ + 1];
    size_t n = 0;
    *numbered = false;
    for (const char *at = name; *at && n < NAME_MAX_; at++) {
        if (isdigit((unsigned char)*at)) {
            *numbered = true;
            if (n && stem[n - 1] == '\1') continue;
            stem[n++] = '\1';
        } else stem[n++] = *at;
    }
    return random_hash(stem, n, 0);
}

static Alike look_at(const Lab *lab, uint32_t raw)
{
    const Column *c = &lab->m.t->col[raw];
    Alike x = { .raw = raw, .lo = INFINITY, .hi = -INFINITY, .whole = c->type != COLUMN_NUMBER };
    x.stem = stem_of(lab->m.schema->col[raw].name, &x.numbered);
    for (size_t r = 0; r < lab->rows; r++) {
        if (!isfinite(c->num[r])) x.gaps = true;
        else {
            x.lo = fmin(x.lo, c->num[r]);
            x.hi = fmax(x.hi, c->num[r]);
        }
    }
    return x;
}

static int by_stem(const void *a, const void *b)
{
    const Alike *x = a, *y = b;
    if (x->stem != y->stem) return x->stem < y->stem ? -1 : 1;
    return (x->raw > y->raw) - (x->raw < y->raw);
}

static int by_range(const void *a, const void *b)
{
    const Alike *x = a, *y = b;
    if (x->whole != y->whole) return x->whole ? -1 : 1;
    if (x->lo != y->lo) return x->lo < y->lo ? -1 : 1;
    if (x->hi != y->hi) return x->hi < y->hi ? -1 : 1;
    return (x->raw > y->raw) - (x->raw < y->raw);
}

/* Do the ranges have something in common?  Names alone may be numbers only because nobody named the columns. */
static bool meet(const Alike *set, uint32_t n)
{
    double lo = -INFINITY, hi = INFINITY;
    for (uint32_t i = 0; i < n; i++) {
        lo = fmax(lo, set[i].lo);
        hi = fmin(hi, set[i].hi);
    }
    return lo < hi;
}

static Err propose_set(Ctx *cx, const Lab *lab, const Alike *set, uint32_t n, Group *stats, Group *sorted)
{
    uint32_t *list = ctx_scratch(cx, n * sizeof *list), which = ROWS_MEAN | ROWS_SPREAD | ROWS_LEAST | ROWS_MOST;
    bool whole = true, gaps = false, flags = true;
    char *what;
    if (!list) return FAIL(cx, ERR_NOMEM, "listing %u columns", n);
    for (uint32_t i = 0; i < n; i++) {
        list[i] = set[i].raw;
        whole &= set[i].whole && set[i].hi - set[i].lo < PATTERN_MAX;
        gaps |= set[i].gaps;
        flags &= set[i].hi - set[i].lo <= 1;
    }
    which |= ROWS_RANGE | ROWS_SLOPE | (whole ? ROWS_DISTINCT | ROWS_EQUAL : 0) | (gaps ? ROWS_MISSING : 0);
    if (whole && flags) which = ROWS_MEAN | (gaps ? ROWS_MISSING : 0);
    const Schema *schema = lab->m.schema;
    TRY(cx, make_name(cx, &what, "%s..%s", schema->col[list[0]].name, schema->col[list[n - 1]].name));
    Idea idea = { .kind = IDEA_ROWS, .a = STEPS_NONE, .b = STEPS_NONE, .c = STEPS_NONE, .stats = which,
                  .list = list, .list_n = n, .what = what };
    group_put(stats, idea);
    if (n > SORTED_MAX || (whole && flags)) return OK;
    idea.stats |= ROWS_SORTED;
    group_put(sorted, idea);
    return OK;
}

static bool same(const Alike *x, const Alike *y, bool stems)
{
    if (stems) return x->stem == y->stem && x->numbered;
    return x->whole && y->whole && x->lo == y->lo && x->hi == y->hi;
}

/* Runs of equal columns that are long enough; what was used is left out afterwards.  Returns how many are left. */
static Err find_sets(Ctx *cx, const Lab *lab, Alike *x, uint32_t *n, bool stems, Group *stats, Group *sorted)
{
    uint32_t left = 0;
    qsort(x, *n, sizeof *x, stems ? by_stem : by_range);
    for (uint32_t i = 0, run; i < *n; i = run) {
        for (run = i + 1; run < *n && same(&x[i], &x[run], stems);) run++;
        bool good = run - i >= ALIKE_MIN && run - i <= STEPS_LIST_MAX && same(&x[i], &x[i], stems) && meet(x + i, run - i);
        if (good && stats->ideas_n < ALIKE_SETS) TRY(cx, propose_set(cx, lab, x + i, run - i, stats, sorted));
        else
            for (uint32_t k = i; k < run; k++) x[left++] = x[k];
    }
    *n = left;
    return OK;
}

/* Raw columns with gaps, in one count. */
static Err count_gaps(Ctx *cx, const Lab *lab, Group *gaps)
{
    const Table *t = lab->m.t;
    uint32_t n = 0, *list = ctx_scratch(cx, STEPS_LIST_MAX * sizeof *list);
    if (!list) return FAIL(cx, ERR_NOMEM, "listing columns");
    for (uint32_t raw = 0; raw < t->cols && n < STEPS_LIST_MAX; raw++) {
        const Column *c = &t->col[raw];
        bool some = false;
        for (size_t r = 0; !some && r < lab->rows; r++) some = c->num ? !isfinite(c->num[r]) : c->code[r] < 0;
        if (some && lab_in_base(lab, raw)) list[n++] = raw;
    }
    if (n < ALIKE_MIN) return OK;
    group_put(gaps, (Idea){ .kind = IDEA_ROWS, .a = STEPS_NONE, .b = STEPS_NONE, .c = STEPS_NONE, .stats = ROWS_MISSING,
                            .list = list, .list_n = n, .what = "row" });
    return OK;
}

Err ideas_alike(Ctx *cx, Lab *lab, Group *stats, Group *sorted, Group *gaps)
{
    Err err = OK;
    Alike *x = NULL;
    uint32_t n = 0;
    GET_DONE(cx, x, lab->m.t->cols, "comparing %zu columns", lab->m.t->cols);
    for (uint32_t raw = 0; raw < lab->m.t->cols; raw++) {
        const Column *c = &lab->m.t->col[raw];
        if (c->num && c->type != COLUMN_DATETIME && c->type != COLUMN_ID && lab_in_base(lab, raw)) x[n++] = look_at(lab, raw);
    }
    TRY_DONE(cx, find_sets(cx, lab, x, &n, true, stats, sorted));
    TRY_DONE(cx, find_sets(cx, lab, x, &n, false, stats, sorted));
    TRY_DONE(cx, count_gaps(cx, lab, gaps));
done:
    ctx_put(cx, x);
    return err;
}

/* lake/splitrows.c -- which rows are held out.
**
** By rows or groups: a keyed SHA-256 of the row (or of the group's value), read as a share of 0 to 1, is below the holdout: no
** order, no count and no other row matters, so a later version splits the same way.  By strata: within each, units in the order
** of that hash until the share is met as nearly as whole units allow.  By time: the newest share; equal times stay together.
*/
#include "lake/split.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX ((size_t)UINT32_MAX - 1)
#define STRATA_MAX 10000

typedef struct Strata { const char *word[STRATA_MAX]; uint32_t n; } Strata;

/* Which columns of the answer matter; SIZE_MAX none. */
typedef struct Cols { size_t group, time, stratum; } Cols;

static Err find_column(Ctx *cx, const LakeSplit *in, QueryAnswer *a, const char *name, size_t *out)
{
    size_t n = query_answer_columns(a);
    *out = SIZE_MAX;
    if (!name) return OK;
    for (size_t i = 0; i < n; i++)
        if (!strcmp(query_answer_column(a, i)->name, name)) {
            *out = i;
            return OK;
        }
    const char **all = ctx_scratch(cx, (n + 1) * sizeof *all);
    for (size_t i = 0; all && i < n; i++) all[i] = query_answer_column(a, i)->name;
    const char *near = all ? text_nearest(name, all, n) : NULL;
    if (near) return FAIL(cx, ERR_BAD_INPUT, "'%s' has no column '%.80s'; did you mean '%.80s'?", in->ref, name, near);
    return FAIL(cx, ERR_BAD_INPUT, "'%s' has no column '%.80s'", in->ref, name);
}

static Err room(Ctx *cx, SplitRows *r, const Cols *cols)
{
    if (r->n < r->cap) return OK;
    if (r->n == ROWS_MAX) return FAIL(cx, ERR_LIMIT, "more than %zu rows", ROWS_MAX);
    size_t cap = r->cap ? r->cap * 2 : 4096;
    void *p;
#define GROW(field)                                                              \
    do {                                                                         \
        p = ctx_grow(cx, r->field, cap, sizeof *r->field);                       \
        if (!p) return FAIL(cx, ERR_NOMEM, "splitting %zu rows", r->n);          \
        r->field = p;                                                            \
    } while (0)
    GROW(hash);
    GROW(key);
    GROW(held);
    if (cols->stratum != SIZE_MAX) GROW(stratum);
    if (cols->time != SIZE_MAX) GROW(time);
#undef GROW
    r->cap = cap;
    return OK;
}

static Err keyed(Ctx *cx, uint64_t seed, const void *p, size_t n, Text *t, uint64_t *out)
{
    Digest d;
    t->n = 0;
    text_fmt(t, "leat-split/1\n%llu\n", (unsigned long long)seed);
    text_bytes(t, p, n);
    TRY(cx, text_err(t));
    TRY(cx, hash_bytes(cx, t->at, t->n, &d));
    *out = 0;
    for (int i = 0; i < 8; i++) *out = *out << 8 | d.at[i];
    return OK;
}

static Err stratum_of(Ctx *cx, Strata *s, const char *word, size_t n, uint32_t *out)
{
    if (!word) word = "", n = 0;                   /* rows without a value are a stratum of their own */
    for (uint32_t i = 0; i < s->n; i++)
        if (strlen(s->word[i]) == n && !memcmp(s->word[i], word, n)) {
            *out = i;
            return OK;
        }
    if (s->n == STRATA_MAX) return FAIL(cx, ERR_LIMIT, "more than %d values to stratify by; choose a column of few values", STRATA_MAX);
    char *copy = ctx_scratch_fmt(cx, "%.*s", (int)n, word);
    if (!copy) return FAIL(cx, ERR_NOMEM, "%u strata", s->n);
    s->word[s->n] = copy;
    *out = s->n++;
    return OK;
}

/* A time, or a number that stands for one (a year). */
static double time_of(const QueryAnswer *a, size_t col)
{
    char buf[COLUMN_TEXT_MAX];
    size_t n;
    double v;
    if (query_answer_column(a, col)->cell == QUERY_CELL_NUMBER) return query_answer_num(a, col);
    const char *s = query_answer_text(a, col, buf, &n);
    return s && table_time_read(s, n, &v) ? v : NAN;
}

static Err read_rows(Ctx *cx, QueryAnswer *a, const LakeSplit *in, const Cols *cols, Strata *strata, SplitRows *r)
{
    Err err = OK;
    RowHasher h = { 0 };
    Text t;
    bool more;
    char buf[COLUMN_TEXT_MAX];
    text_init(&t, cx);
    TRY_DONE(cx, row_hasher_init(cx, &h, a));
    for (;; r->n++) {
        size_t n;
        const char *s;
        TRY_DONE(cx, query_answer_next(cx, a, &more));
        if (!more) break;
        TRY_DONE(cx, room(cx, r, cols));
        TRY_DONE(cx, row_hash(cx, &h, &r->hash[r->n]));
        r->held[r->n] = 0;
        if (cols->group != SIZE_MAX) {
            s = query_answer_text(a, cols->group, buf, &n);
            TRY_DONE(cx, keyed(cx, in->seed, s ? s : "", s ? n : 0, &t, &r->key[r->n]));
        } else TRY_DONE(cx, keyed(cx, in->seed, r->hash[r->n].at, sizeof r->hash->at, &t, &r->key[r->n]));
        if (cols->stratum != SIZE_MAX) {
            s = query_answer_text(a, cols->stratum, buf, &n);
            TRY_DONE(cx, stratum_of(cx, strata, s, s ? n : 0, &r->stratum[r->n]));
        }
        if (cols->time != SIZE_MAX) r->time[r->n] = time_of(a, cols->time);
        if (r->n % 8192 == 0) ctx_step(cx, "reading rows", (double)r->n, 0);
    }
done:
    row_hasher_clear(cx, &h);
    text_clear(&t);
    return err;
}

/* ----------------------------------------------------------------- by time */

static int by_number(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static Err hold_newest(Ctx *cx, const LakeSplit *in, const QueryAnswerColumn *column, SplitRows *r)
{
    Err err = OK;
    size_t n = 0;
    char when[COLUMN_TEXT_MAX];
    double *sorted;
    GET_DONE(cx, sorted, r->n + 1, "splitting %zu rows", r->n);
    for (size_t i = 0; i < r->n; i++)
        if (!isnan(r->time[i])) sorted[n++] = r->time[i];
    if (!n) { err = FAIL(cx, ERR_BAD_INPUT, "column '%s' holds no times", in->time_column); goto done; }
    if (n < r->n) ctx_warn(cx, "%zu rows have no '%s': they are not held out", r->n - n, in->time_column);
    qsort(sorted, n, sizeof *sorted, by_number);
    size_t at = n - (size_t)ceil((double)n * in->holdout);
    while (at < n && sorted[at] == sorted[0]) at++;            /* the oldest are never held out */
    double cut = at < n ? sorted[at] : INFINITY;
    for (size_t i = 0; i < r->n; i++) r->held[i] = r->time[i] >= cut;
    size_t k = column->cell == QUERY_CELL_NUMBER ? num_text(cut, when) : isinf(cut) ? 0 : table_time_text(cut, when);
    when[k] = 0;
    r->cut = ctx_scratch_text(cx, when);
    if (!r->cut) err = FAIL(cx, ERR_NOMEM, "splitting %zu rows", r->n);
done:
    ctx_put(cx, sorted);
    return err;
}

/* --------------------------------------------------------------- by strata */

typedef struct Unit { uint64_t key; uint32_t stratum, first, rows; } Unit;

static int by_key(const void *a, const void *b, void *key)
{
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    uint64_t x = ((uint64_t *)key)[i], y = ((uint64_t *)key)[j];
    return x != y ? (x > y) - (x < y) : (i > j) - (i < j);
}

static int by_stratum(const void *a, const void *b)
{
    const Unit *x = a, *y = b;
    if (x->stratum != y->stratum) return (x->stratum > y->stratum) - (x->stratum < y->stratum);
    return (x->key > y->key) - (x->key < y->key);
}

/* Whole units of one stratum until the share is met as nearly as may be. */
static void hold_stratum(const Unit *unit, size_t n, double share, const uint32_t *order, SplitRows *r)
{
    double rows = 0, held = 0;
    for (size_t i = 0; i < n; i++) rows += unit[i].rows;
    for (size_t i = 0; i < n; i++) {
        if (fabs(held + unit[i].rows - rows * share) > fabs(held - rows * share)) break;
        for (uint32_t k = 0; k < unit[i].rows; k++) r->held[order[unit[i].first + k]] = 1;
        held += unit[i].rows;
    }
}

static Err hold_strata(Ctx *cx, const LakeSplit *in, SplitRows *r)
{
    Err err = OK;
    uint32_t *order = NULL;
    Unit *unit = NULL;
    size_t n = 0;
    GET_DONE(cx, order, r->n + 1, "splitting %zu rows", r->n);
    GET_DONE(cx, unit, r->n + 1, "splitting %zu rows", r->n);
    for (size_t i = 0; i < r->n; i++) order[i] = (uint32_t)i;
    qsort_r(order, r->n, sizeof *order, by_key, r->key);
    for (size_t i = 0; i < r->n; i++) {
        uint64_t key = r->key[order[i]];
        if (!n || unit[n - 1].key != key) unit[n++] = (Unit){ key, r->stratum[order[i]], (uint32_t)i, 0 };
        unit[n - 1].rows++;
    }
    qsort(unit, n, sizeof *unit, by_stratum);
    for (size_t i = 0, k; i < n; i = k) {
        for (k = i; k < n && unit[k].stratum == unit[i].stratum; k++);
        hold_stratum(unit + i, k - i, in->holdout, order, r);
    }
done:
    ctx_put(cx, order);
    ctx_put(cx, unit);
    return err;
}

/* ------------------------------------------------------------------ deciding */

static void hold_below(const LakeSplit *in, SplitRows *r)
{
    for (size_t i = 0; i < r->n; i++) r->held[i] = (double)(r->key[i] >> 11) * 0x1p-53 < in->holdout;
}

static Err count_groups(Ctx *cx, SplitRows *r)
{
    uint32_t *order = ctx_get_n(cx, r->n + 1, sizeof *order);
    if (!order) return FAIL(cx, ERR_NOMEM, "splitting %zu rows", r->n);
    for (size_t i = 0; i < r->n; i++) order[i] = (uint32_t)i;
    qsort_r(order, r->n, sizeof *order, by_key, r->key);
    for (size_t i = 0; i < r->n; i++) r->groups += !i || r->key[order[i]] != r->key[order[i - 1]];
    ctx_put(cx, order);
    return OK;
}

static Err keep_columns(Ctx *cx, QueryAnswer *a, SplitRows *r)
{
    r->columns_n = query_answer_columns(a);
    r->column = ctx_scratch(cx, (r->columns_n + 1) * sizeof *r->column);
    for (size_t i = 0; r->column && i < r->columns_n; i++) {
        r->column[i] = ctx_scratch_text(cx, query_answer_column(a, i)->name);
        if (!r->column[i]) r->column = NULL;
    }
    return r->column ? OK : FAIL(cx, ERR_NOMEM, "the columns of the rows to split");
}

static Err decide(Ctx *cx, QueryAnswer *a, const LakeSplit *in, const Cols *cols, SplitRows *r)
{
    if (!r->n) return FAIL(cx, ERR_BAD_INPUT, "'%s' holds no rows to split", in->ref);
    if (cols->time != SIZE_MAX) TRY(cx, hold_newest(cx, in, query_answer_column(a, cols->time), r));
    else if (cols->stratum != SIZE_MAX) TRY(cx, hold_strata(cx, in, r));
    else hold_below(in, r);
    if (cols->group != SIZE_MAX) TRY(cx, count_groups(cx, r));
    for (size_t i = 0; i < r->n; i++) r->held_n += r->held[i];
    if (r->held_n && r->held_n < r->n) return OK;
    return FAIL(cx, ERR_BAD_INPUT, "all %zu rows of '%s' would lie on one side: hold out another share%s, or choose another seed", r->n, in->ref,
                in->group ? ", group by a column of more values" : "");
}

Err split_rows(Ctx *cx, LakeSql *sql, const LakeSplit *in, SplitRows *out)
{
    Err err = OK;
    QueryAnswer *a = NULL;
    Text t;
    Cols cols;
    Strata *strata = NULL;
    *out = (SplitRows){ 0 };
    text_init(&t, cx);
    text_put(&t, "FROM ");
    work_text_sql(&t, in->ref);
    TRY_DONE(cx, text_err(&t));
    TRY_DONE(cx, query_sql_ask(cx, lake_sql(sql), t.at, &a));
    TRY_DONE(cx, find_column(cx, in, a, in->group, &cols.group));
    TRY_DONE(cx, find_column(cx, in, a, in->time_column, &cols.time));
    TRY_DONE(cx, find_column(cx, in, a, in->stratify, &cols.stratum));
    TRY_DONE(cx, keep_columns(cx, a, out));
    GET_DONE(cx, strata, 1, "splitting '%s'", in->ref);
    TRY_DONE(cx, read_rows(cx, a, in, &cols, strata, out));
    TRY_DONE(cx, decide(cx, a, in, &cols, out));
done:
    query_answer_close(cx, a);
    ctx_put(cx, strata);
    text_clear(&t);
    if (err) split_rows_clear(cx, out);
    return err;
}

void split_rows_clear(Ctx *cx, SplitRows *r)
{
    ctx_put(cx, r->hash);
    ctx_put(cx, r->key);
    ctx_put(cx, r->stratum);
    ctx_put(cx, r->time);
    ctx_put(cx, r->held);
    *r = (SplitRows){ 0 };
}

/* table/infer.c -- what a column is, decided once all its values are known.
**
** Rules after RECIPE: yes-no pairs are boolean; dates where nine of ten values read in one order; texts have three words
** on average and more than one in a hundred distinct; ids are distinct names, or whole numbers named like an id or
** counting up.  Few whole numbers stay integers.  A forced type must fit at least half of the values.
*/
#include "table/inner.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TIME_SHARE 0.9             /* values that must read as dates */
#define TIME_LOOK 512u             /* levels looked at before all are */
#define TEXT_WORDS 3.0             /* words a value, on average */
#define TEXT_UNIQUE 0.01
#define ID_UNIQUE 0.99
#define ID_ROWS_MIN 10u            /* distinct names in fewer rows say nothing */
#define COUNT_ROWS_SURE 1000u      /* so many consecutive numbers are a count wherever they start */
#define FORCED_SHARE 0.5

static size_t present(const Growing *g)
{
    size_t n = 0;
    for (size_t i = 0; i < g->n; i++) n += g->mode == MODE_DICT ? g->code[i] >= 0 : isfinite(g->num[i]) != 0;
    return n;
}

/* Rows a level. */
static Err level_counts(Ctx *cx, const Growing *g, uint64_t **out)
{
    *out = ctx_get_n(cx, g->words.dict.n, sizeof **out);
    if (!*out) return FAIL(cx, ERR_NOMEM, "column '%s': counting %u levels", g->name, g->words.dict.n);
    for (size_t i = 0; i < g->n; i++)
        if (g->code[i] >= 0) ++(*out)[g->code[i]];
    return OK;
}

/* ------------------------------------------------------------------- dates */

typedef struct Tally { uint64_t rows[TIME_ORDERS_N]; bool slash; } Tally;

static void tally(const Dict *d, const uint64_t *counts, uint32_t levels, Tally *t)
{
    *t = (Tally){ 0 };
    for (uint32_t i = 0; i < levels; i++) {
        size_t n;
        double v;
        const char *s = dict_at(d, i, &n);
        if (n > 64) continue;
        bool iso = table_time_read_order(s, n, TIME_ISO, &v);
        if (iso) t->rows[TIME_ISO] += counts[i];
        if (iso || table_time_read_order(s, n, TIME_DMY, &v)) t->rows[TIME_DMY] += counts[i];
        if (iso || table_time_read_order(s, n, TIME_MDY, &v)) t->rows[TIME_MDY] += counts[i];
        if (memchr(s, '/', n)) t->slash = true;
    }
}

/* The order that reads most.  Where nothing settles it: with slashes month first, as most software does;
** with dots or dashes day first, because nobody writes 12.31.2020. */
static uint64_t best_order(const Tally *t, TimeOrder *order)
{
    uint64_t dmy = t->rows[TIME_DMY], mdy = t->rows[TIME_MDY];
    if (dmy == mdy && dmy == t->rows[TIME_ISO]) *order = TIME_ISO;
    else if (dmy != mdy) *order = dmy > mdy ? TIME_DMY : TIME_MDY;
    else *order = t->slash ? TIME_MDY : TIME_DMY;
    return t->rows[*order];
}

static uint64_t time_order(const Growing *g, const uint64_t *counts, double share, TimeOrder *order)
{
    const Dict *d = &g->words.dict;
    Tally t;
    if (d->n > TIME_LOOK) {
        uint64_t rows = 0;
        for (uint32_t i = 0; i < TIME_LOOK; i++) rows += counts[i];
        tally(d, counts, TIME_LOOK, &t);
        if ((double)best_order(&t, order) < 0.5 * share * (double)rows) return 0;
    }
    tally(d, counts, d->n, &t);
    return best_order(&t, order);
}

/* ------------------------------------------------------------ to numbers */

static bool level_value(const Growing *g, uint32_t level, ColumnType type, TimeOrder order, double *v)
{
    size_t n;
    const char *s = dict_at(&g->words.dict, level, &n);
    if (type == COLUMN_DATETIME) return table_time_read_order(s, n, order, v);
    return cell_number(s, n, v) &&
           (type != COLUMN_INTEGER || isinf(*v) || (*v == nearbyint(*v) && fabs(*v) < NUMBER_WHOLE_END));
}

/* Codes become the values of their levels; what cannot be read becomes missing and is counted. */
static Err dict_to_num(Ctx *cx, Growing *g, ColumnType type, TimeOrder order)
{
    double *value = ctx_get_n(cx, g->words.dict.n, sizeof *value);
    double *num = ctx_get_n(cx, g->n, sizeof *num);
    if (!value || !num) {
        ctx_put(cx, value);
        ctx_put(cx, num);
        return FAIL(cx, ERR_NOMEM, "column '%s': %zu rows as numbers", g->name, g->n);
    }
    for (uint32_t i = 0; i < g->words.dict.n; i++)
        if (!level_value(g, i, type, order, &value[i])) value[i] = NAN;
    for (size_t i = 0; i < g->n; i++) {
        num[i] = g->code[i] < 0 ? NAN : value[g->code[i]];
        if (g->code[i] >= 0 && isnan(num[i])) g->bad++;
    }
    ctx_put(cx, value);
    ctx_put(cx, g->code);
    words_free(cx, &g->words);
    g->code = NULL;
    g->num = num;
    g->cap = g->n;
    g->order = order;
    g->mode = type == COLUMN_DATETIME ? MODE_TIME : MODE_NUM;
    return OK;
}

/* 20201231 as a date; other numbers are seconds already. */
static void digits_to_times(Growing *g)
{
    char buf[NUM_TEXT_MAX], iso[16];
    bool all = true;
    double v;
    for (int pass = 0; pass < 2 && all; pass++)
        for (size_t i = 0; i < g->n && all; i++) {
            if (!isfinite(g->num[i])) continue;
            if (num_text(g->num[i], buf) != 8) { all = false; break; }
            memcpy(iso, buf, 4);
            iso[4] = iso[7] = '-';
            memcpy(iso + 5, buf + 4, 2);
            memcpy(iso + 8, buf + 6, 2);
            all = table_time_read_order(iso, 10, TIME_ISO, &v);
            if (pass) g->num[i] = v;
        }
    g->mode = MODE_TIME;
}

static Err refuse(Ctx *cx, const Builder *b, const Growing *g, size_t fits, size_t n)
{
    return FAIL(cx, ERR_BAD_INPUT,
                "'%s': column '%s' cannot be read as %s: only %zu of its %zu values are; choose another type",
                b->source, g->name, column_type_word(g->want), fits, n);
}

/* Numbers by force.  Values that do not fit become missing, unless they are the most. */
static Err force_num(Ctx *cx, const Builder *b, Growing *g)
{
    size_t n = present(g);
    if (g->want == COLUMN_DATETIME && g->mode == MODE_NUM) digits_to_times(g);
    if (g->mode == MODE_DICT) {
        TimeOrder order = TIME_ISO;
        if (g->want == COLUMN_DATETIME) {
            uint64_t *counts;
            TRY(cx, level_counts(cx, g, &counts));
            time_order(g, counts, 0, &order);
            ctx_put(cx, counts);
        }
        TRY(cx, dict_to_num(cx, g, g->want, order));
    }
    for (size_t i = 0; i < g->n && g->want == COLUMN_INTEGER; i++)
        if (isfinite(g->num[i]) && (g->num[i] != nearbyint(g->num[i]) || fabs(g->num[i]) >= NUMBER_WHOLE_END)) {
            g->num[i] = NAN;
            g->bad++;
        }
    if (n && (double)g->bad > FORCED_SHARE * (double)n) return refuse(cx, b, g, n - (size_t)g->bad, n);
    return OK;
}

/* ------------------------------------------------------------------ words */

static bool same_word(const char *s, size_t n, const char *word)
{
    for (size_t i = 0; i < n; i++)
        if (!word[i] || ((unsigned char)s[i] | 0x20) != (unsigned char)word[i]) return false;
    return !word[n];
}

/* At most two levels, each a word of the same pair.  Digits only by force: 0 and 1 are numbers to begin with. */
static bool yes_no(const Dict *d, bool digits)
{
    static const char *const pairs[][2] = {
        { "true", "false" }, { "yes", "no" }, { "t", "f" }, { "y", "n" }, { "on", "off" }, { "1", "0" },
    };
    size_t n, pairs_n = sizeof pairs / sizeof *pairs - !digits;
    if (!d->n || d->n > 2) return false;
    for (size_t p = 0; p < pairs_n; p++) {
        unsigned seen = 0;
        for (uint32_t i = 0; i < d->n; i++) {
            const char *s = dict_at(d, i, &n);
            for (unsigned k = 0; k < 2; k++)
                if (p == 5 ? n == 1 && s[0] == pairs[p][k][0] : same_word(s, n, pairs[p][k])) seen |= 1u << k;
        }
        if (seen == (d->n == 2 ? 3u : seen) && seen) return true;
    }
    return false;
}

static size_t words_in(const char *s, size_t n)
{
    size_t words = 0;
    bool in = false;
    for (size_t i = 0; i < n; i++) {
        bool gap = s[i] == ' ' || (s[i] >= '\t' && s[i] <= '\r');
        words += !gap && !in;
        in = !gap;
    }
    return words;
}

static ColumnType infer_words(const Growing *g, const uint64_t *counts, size_t n)
{
    const Dict *d = &g->words.dict;
    double words = 0, unique = n ? (double)d->n / (double)n : 0;
    for (uint32_t i = 0; i < d->n; i++) {
        size_t len;
        const char *s = dict_at(d, i, &len);
        words += (double)counts[i] * (double)words_in(s, len);
    }
    if (n) words /= (double)n;
    if (words >= TEXT_WORDS && unique > TEXT_UNIQUE) return COLUMN_TEXT;
    if (unique > ID_UNIQUE && n >= ID_ROWS_MIN)
        return words < 1.5 ? COLUMN_ID : COLUMN_TEXT; /* names of people are words */
    return COLUMN_CATEGORY;
}

static Err infer_dict(Ctx *cx, Growing *g, ColumnType *type)
{
    Err err = OK;
    uint64_t *counts = NULL;
    TimeOrder order = TIME_ISO;
    size_t n = present(g);
    TRY(cx, level_counts(cx, g, &counts));
    if (yes_no(&g->words.dict, false)) *type = COLUMN_BOOLEAN;
    else if (n && (double)time_order(g, counts, TIME_SHARE, &order) >= TIME_SHARE * (double)n) {
        *type = COLUMN_DATETIME;
        TRY_DONE(cx, dict_to_num(cx, g, COLUMN_DATETIME, order));
    } else *type = infer_words(g, counts, n);
done:
    ctx_put(cx, counts);
    return err;
}

/* ---------------------------------------------------------------- numbers */

/* id, ID, row_id, user-id, passengerId, index, row, "Unnamed: 0" (what pandas calls a nameless index) */
static bool named_like_id(const char *name)
{
    size_t n = strlen(name);
    if (same_word(name, n, "id") || same_word(name, n, "index") || same_word(name, n, "row") ||
        !strcmp(name, "Unnamed: 0"))
        return true;
    if (n < 3 || !same_word(name + n - 2, 2, "id")) return false;
    char before = name[n - 3];
    if (before == '_' || before == ' ' || before == '-' || before == '.') return true;
    return name[n - 2] == 'I' && before >= 'a' && before <= 'z';
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static Err all_distinct(Ctx *cx, const Growing *g, bool *yes)
{
    double *v = ctx_get_n(cx, g->n, sizeof *v);
    if (!v) return FAIL(cx, ERR_NOMEM, "column '%s': sorting %zu rows", g->name, g->n);
    memcpy(v, g->num, g->n * sizeof *v);
    qsort(v, g->n, sizeof *v, by_value);
    *yes = true;
    for (size_t i = 1; i < g->n && *yes; i++) *yes = v[i] != v[i - 1];
    ctx_put(cx, v);
    return OK;
}

static Err infer_num(Ctx *cx, const Growing *g, ColumnType *type)
{
    size_t n = present(g);
    bool counting = n == g->n && n >= ID_ROWS_MIN, unique = false;
    *type = COLUMN_NUMBER;
    for (size_t i = 0; i < g->n; i++) {
        double v = g->num[i];
        if (isfinite(v) && (v != nearbyint(v) || fabs(v) >= NUMBER_WHOLE_END)) return OK;
        if (counting && i && v != g->num[i - 1] + 1) counting = false;
    }
    if (!n) return OK;
    *type = COLUMN_INTEGER;
    if (counting && (g->num[0] == 0 || g->num[0] == 1 || n >= COUNT_ROWS_SURE)) *type = COLUMN_ID;
    if (n == g->n && n > 1 && named_like_id(g->name)) {
        TRY(cx, all_distinct(cx, g, &unique));
        if (unique) *type = COLUMN_ID;
    }
    return OK;
}

/* ------------------------------------------------------------------- ends */

static Err settle_forced(Ctx *cx, const Builder *b, Growing *g, ColumnType *type)
{
    *type = g->want;
    switch (g->want) {
    case COLUMN_NUMBER: case COLUMN_INTEGER: case COLUMN_DATETIME:
        return force_num(cx, b, g);
    case COLUMN_BOOLEAN:
        TRY(cx, growing_to_dict(cx, g));
        if (g->words.dict.n && !yes_no(&g->words.dict, true))
            return FAIL(cx, ERR_BAD_INPUT,
                        "'%s': column '%s' cannot be read as boolean: it has %u distinct values, not a pair "
                        "like yes and no; choose another type",
                        b->source, g->name, g->words.dict.n);
        return OK;
    case COLUMN_CATEGORY: case COLUMN_TEXT:
        return growing_to_dict(cx, g);
    default:
        return OK;             /* an id keeps what it has */
    }
}

/* By a schema: the storage is the schema's, whatever came. */
static Err settle_kept(Ctx *cx, Growing *g, ColumnType *type)
{
    *type = g->want;
    if (!g->numeric) return growing_to_dict(cx, g);
    if (g->mode != MODE_DICT) return OK;
    uint64_t *counts = NULL;
    TimeOrder order = TIME_ISO;
    TRY(cx, level_counts(cx, g, &counts));
    time_order(g, counts, 0, &order);
    ctx_put(cx, counts);
    return dict_to_num(cx, g, g->want, order);
}

static Err settle(Ctx *cx, const Builder *b, Growing *g, ColumnType *type)
{
    if (g->want != COLUMN_AUTO) return b->keep_types ? settle_kept(cx, g, type) : settle_forced(cx, b, g, type);
    if (g->mode == MODE_DICT) return infer_dict(cx, g, type);
    if (g->mode != MODE_TIME) return infer_num(cx, g, type);
    *type = COLUMN_DATETIME;
    return OK;
}

/* Give back what growing by doubling took too much. */
static void *fit(Ctx *cx, void *p, size_t n, size_t size)
{
    void *q = p ? ctx_grow(cx, p, n ? n : 1, size) : NULL;
    return q ? q : p;
}

/* An empty dictionary still has offset[0] and bytes. */
static Err fit_dict(Ctx *cx, Growing *g)
{
    Dict *d = &g->words.dict;
    ctx_put(cx, g->words.slot);
    g->words.slot = NULL;
    g->words.slots = 0;
    if (!d->offset) d->offset = ctx_get(cx, sizeof *d->offset);
    if (!d->bytes) d->bytes = ctx_get(cx, 1);
    if (!d->offset || !d->bytes) return FAIL(cx, ERR_NOMEM, "the levels of column '%s'", g->name);
    d->offset = fit(cx, d->offset, (size_t)d->n + 1, sizeof *d->offset);
    d->bytes = fit(cx, d->bytes, (size_t)d->offset[d->n], 1);
    g->words.cap = d->n;
    return OK;
}

Err growing_end(Ctx *cx, const Builder *b, Growing *g, Column *out)
{
    ColumnType type = COLUMN_AUTO;
    TRY(cx, settle(cx, b, g, &type));
    if (g->mode == MODE_DICT) TRY(cx, fit_dict(cx, g));
    uint8_t *valid = ctx_get(cx, (g->n + 7) / 8);
    if (!valid) return FAIL(cx, ERR_NOMEM, "column '%s': %zu rows", g->name, g->n);
    if (!g->n && g->mode != MODE_DICT) g->num = g->num ? g->num : ctx_get(cx, sizeof *g->num);
    if (!g->n && g->mode == MODE_DICT) g->code = g->code ? g->code : ctx_get(cx, sizeof *g->code);
    if (!g->num && !g->code) {
        ctx_put(cx, valid);
        return FAIL(cx, ERR_NOMEM, "column '%s': %zu rows", g->name, g->n);
    }
    *out = (Column){ .name = g->name, .type = type, .valid = valid, .order = g->order, .bad = g->bad };
    for (size_t i = 0; i < g->n; i++) {
        bool has;
        if (g->mode == MODE_DICT) has = g->code[i] >= 0;
        else {
            if (isinf(g->num[i])) {
                g->infinite++;
                g->num[i] = NAN;
            }
            has = !isnan(g->num[i]);
        }
        if (has) valid[i >> 3] |= (uint8_t)(1u << (i & 7));
        else out->nulls++;
    }
    out->infinite = g->infinite;
    out->num = fit(cx, g->num, g->n, sizeof *g->num);
    out->code = fit(cx, g->code, g->n, sizeof *g->code);
    out->dict = g->words.dict;
    assert((out->num == NULL) != (out->code == NULL));
    *g = (Growing){ 0 };
    return OK;
}

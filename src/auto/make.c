/* auto/make.c -- fitting features: levels, dates, target means, group statistics, arithmetic. */
#include "auto/make.h"

#include "base/random.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------- maker */

/* The most frequent classes, in class order. */
static Err pick_classes(Ctx *cx, Maker *m)
{
    m->outs = 1;
    m->class_of[0] = 1;
    if (m->task != TASK_MULTICLASS) return OK;
    size_t *count = ctx_get_n(cx, m->classes, sizeof *count);
    if (!count) return FAIL(cx, ERR_NOMEM, "counting %u classes", m->classes);
    for (size_t r = 0; r < m->t->rows; r++) count[(size_t)m->y[r]]++;
    m->outs = m->classes < MAKE_CLASSES_MAX ? m->classes : MAKE_CLASSES_MAX;
    uint32_t n = 0;
    for (uint32_t c = 0; c < m->classes; c++) {
        uint32_t before = 0; /* classes that come first in frequency */
        for (uint32_t d = 0; d < m->classes && before < m->outs; d++)
            before += count[d] > count[c] || (count[d] == count[c] && d < c);
        if (before < m->outs) m->class_of[n++] = c;
    }
    ctx_put(cx, count);
    assert(n == m->outs);
    return OK;
}

/* Inner folds: rows in a keyed order, dealt out class by class. */
static Err deal_inner(Ctx *cx, Maker *m)
{
    Err err = OK;
    uint32_t *order = NULL, *next = NULL, classes = m->task == TASK_REGRESSION ? 1 : m->classes;
    size_t n = m->t->rows;
    Random random = random_make(cx->seed, "inner folds", m->folds, 0);
    GET_DONE(cx, order, n, "dealing %zu rows into inner folds", n);
    GET_DONE(cx, next, classes, "dealing %zu rows into inner folds", n);
    GET_DONE(cx, m->inner, n, "dealing %zu rows into inner folds", n);
    for (size_t i = 0; i < n; i++) order[i] = (uint32_t)i;
    for (uint32_t c = 0; c < classes; c++) next[c] = c % MAKE_DEAL;
    random_shuffle(&random, order, n);
    for (size_t i = 0; i < n; i++) {
        uint32_t c = classes == 1 ? 0 : (uint32_t)m->y[order[i]];
        m->inner[order[i]] = (uint8_t)(next[c]++ % MAKE_DEAL);
    }
done:
    ctx_put(cx, order);
    ctx_put(cx, next);
    return err;
}

Err maker_split(Ctx *cx, Maker *m, const Folds *folds, const uint32_t *group)
{
    assert(folds->n == m->folds && folds->rows == m->t->rows);
    m->split = *folds;
    for (size_t r = 0; group && r < m->t->rows; r++) {         /* whole groups, in a keyed order */
        uint64_t key = group[r];
        m->inner[r] = (uint8_t)(random_hash(&key, sizeof key, cx->seed) % MAKE_DEAL);
    }
    return OK;
}

static Err start(Ctx *cx, Maker *m)
{
    m->split = (Folds){ .n = m->folds, .sets = 1, .rows = m->t->rows, .of = m->fold };
    m->text_s = INFINITY;
    m->keys = ctx_get_n(cx, m->t->cols, sizeof *m->keys);
    if (!m->keys) return FAIL(cx, ERR_NOMEM, "preparing %zu columns", m->t->cols);
    for (uint32_t i = 0; i < m->t->cols; i++) m->keys[i] = m->steps ? steps_keys_of(m->steps, i, CUT_NONE) : STEPS_NONE;
    TRY(cx, pick_classes(cx, m));
    return deal_inner(cx, m);
}

Err maker_init(Ctx *cx, Maker *m, const Table *t, const Schema *schema, Task task, uint32_t classes,
               char **class_name, const double *y, const uint8_t *fold, uint32_t folds)
{
    assert(t->cols == schema->n && t->rows);
    *m = (Maker){ .t = t,
                  .schema = schema,
                  .task = task,
                  .classes = classes,
                  .class_name = class_name,
                  .y = y,
                  .fold = fold,
                  .folds = folds };
    TRY(cx, start(cx, m));
    TRY(cx, steps_new(cx, schema, folds, &m->steps));
    return steps_apply(cx, m->steps, t, &m->frame);
}

Err maker_resume(Ctx *cx, Maker *m, const Table *t, const Schema *schema, Task task, uint32_t classes,
                 char **class_name, const double *y, const uint8_t *fold, uint32_t folds, Steps *steps,
                 StepFrame *frame)
{
    *m = (Maker){ .t = t,
                  .schema = schema,
                  .task = task,
                  .classes = classes,
                  .class_name = class_name,
                  .y = y,
                  .fold = fold,
                  .folds = folds,
                  .steps = steps,
                  .frame = frame };
    return start(cx, m);
}

void maker_clear(Ctx *cx, Maker *m)
{
    steps_frame_free(cx, m->frame);
    steps_free(cx, m->steps);
    ctx_put(cx, m->inner);
    ctx_put(cx, m->keys);
    ctx_put(cx, m->pending);
    *m = (Maker){ .t = NULL };
}

double make_target_of(const Maker *m, size_t row, uint32_t out)
{
    return m->task == TASK_REGRESSION ? m->y[row] : m->y[row] == (double)m->class_of[out];
}

Err make_name(Ctx *cx, char **out, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    *out = n < 0 ? NULL : ctx_scratch(cx, (size_t)n + 1);
    if (!*out) return FAIL(cx, ERR_NOMEM, "naming a feature");
    va_start(ap, fmt);
    vsnprintf(*out, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return OK;
}

Err make_out_names(Ctx *cx, const Maker *m, const char *what, const char **names)
{
    for (uint32_t o = 0; o < m->outs; o++) {
        char *name;
        if (m->task == TASK_MULTICLASS)
            TRY(cx, make_name(cx, &name, "%s: %s", what, m->class_name[m->class_of[o]]));
        else TRY(cx, make_name(cx, &name, "%s", what));
        names[o] = name;
    }
    return OK;
}

Err make_add(Ctx *cx, Maker *m, const StepAdd *add, bool text)
{
    if (add->parted) {
        Pending *p = ctx_grow(cx, m->pending, (size_t)m->pending_n + 1, sizeof *p);
        if (!p) return FAIL(cx, ERR_NOMEM, "making '%s'", add->name[0]);
        m->pending = p;
        p[m->pending_n] = (Pending){ .text = text, .of = add->a, .first = (uint32_t)steps_features(m->steps) };
    }
    TRY(cx, steps_add(cx, m->steps, add));
    m->pending_n += add->parted;
    return OK;
}

/* ------------------------------------------------------------------ levels */

typedef struct Level {
    const char *s;
    uint32_t n, count;
} Level;

static int text_order(const Level *a, const Level *b)
{
    int c = memcmp(a->s, b->s, a->n < b->n ? a->n : b->n);
    return c ? c : (a->n > b->n) - (a->n < b->n);
}
static int by_text(const void *a, const void *b)
{
    return text_order(a, b);
}
static int by_count(const void *a, const void *b)
{
    const Level *x = a, *y = b;
    return x->count != y->count ? (x->count < y->count ? 1 : -1) : text_order(x, y);
}
static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Levels of a dictionary with their rows, spelt as steps_spelling does; bytes: room for numbers that change. */
static Err levels_of_dict(Ctx *cx, const Column *c, KeyCut cut, size_t rows, Level **out, uint32_t *n,
                          char **bytes)
{
    Err err = OK;
    Level *level = NULL;
    size_t used = 0;
    GET_DONE(cx, level, c->dict.n, "counting the levels of '%s'", c->name);
    GET_DONE(cx, *bytes, (size_t)c->dict.n * NUM_TEXT_MAX, "counting the levels of '%s'", c->name);
    for (size_t r = 0; r < rows; r++)
        if (c->code[r] >= 0) level[c->code[r]].count++;
    for (uint32_t i = 0; i < c->dict.n; i++) {
        char *buf = *bytes + used;
        size_t len, m;
        const char *s = dict_at(&c->dict, i, &len), *spelt;
        if (cut != CUT_NONE && !(s = steps_piece(s, len, cut, &len))) { /* it has no such piece: as if missing */
            level[i] = (Level){ .s = "" };
            continue;
        }
        m = steps_spelling(s, len, buf, &spelt);
        if (spelt == buf) used += NUM_TEXT_MAX;
        level[i].s = spelt;
        level[i].n = (uint32_t)m;
    }
    *n = c->dict.n;
    *out = level;
    level = NULL;
done:
    ctx_put(cx, level);
    return err;
}

static Err levels_of_numbers(Ctx *cx, const Column *c, size_t rows, Level **out, uint32_t *n, char **bytes)
{
    Err err = OK;
    double *v = NULL;
    Level *level = NULL;
    size_t known = 0, distinct = 0;
    GET_DONE(cx, v, rows, "counting the values of '%s'", c->name);
    for (size_t r = 0; r < rows; r++)
        if (isfinite(c->num[r])) v[known++] = c->num[r] + 0.0;
    qsort(v, known, sizeof *v, by_value);
    for (size_t i = 0; i < known; i++) distinct += !i || v[i] != v[i - 1];
    GET_DONE(cx, level, distinct, "counting the values of '%s'", c->name);
    GET_DONE(cx, *bytes, distinct * NUM_TEXT_MAX, "counting the values of '%s'", c->name);
    size_t at = 0;
    for (size_t i = 0; i < known; i++) {
        if (!i || v[i] != v[i - 1]) {
            char *s = *bytes + at * NUM_TEXT_MAX;
            level[at] = (Level){ .s = s, .n = (uint32_t)num_text(v[i], s) };
            at++;
        }
        level[at - 1].count++;
    }
    *n = (uint32_t)distinct;
    *out = level;
    level = NULL;
done:
    ctx_put(cx, v);
    ctx_put(cx, level);
    return err;
}

/* Equal spellings become one; those with enough rows come first, most frequent first. */
static uint32_t settle(Level *level, uint32_t n, uint32_t least, uint32_t *rare)
{
    uint32_t kept = 0, all = 0;
    qsort(level, n, sizeof *level, by_text);
    for (uint32_t i = 0; i < n; i++) {
        if (all && !text_order(&level[all - 1], &level[i])) level[all - 1].count += level[i].count;
        else level[all++] = level[i];
    }
    qsort(level, all, sizeof *level, by_count);
    while (kept < all && kept < MAKE_LEVELS_MAX && level[kept].count >= least) kept++;
    *rare = 0;
    for (uint32_t i = kept; i < all; i++) *rare += level[i].count > 0;
    return kept;
}

Err make_keys(Ctx *cx, Maker *m, uint32_t raw, uint32_t least, uint32_t *keys, uint32_t *rare)
{
    return make_cut_keys(cx, m, raw, CUT_NONE, least, keys, rare);
}

Err make_cut_keys(Ctx *cx, Maker *m, uint32_t raw, KeyCut cut, uint32_t least, uint32_t *keys, uint32_t *rare)
{
    Err err = OK;
    const Column *c = &m->t->col[raw];
    Level *level = NULL;
    char *bytes = NULL;
    Dict dict = { .n = 0 };
    uint32_t n = 0, rest = 0;
    *keys = cut == CUT_NONE ? m->keys[raw] : steps_keys_of(m->steps, raw, cut);
    if (*keys != STEPS_NONE) return OK;
    if (c->num) TRY_DONE(cx, levels_of_numbers(cx, c, m->t->rows, &level, &n, &bytes));
    else TRY_DONE(cx, levels_of_dict(cx, c, cut, m->t->rows, &level, &n, &bytes));
    dict.n = settle(level, n, least, &rest);
    GET_DONE(cx, dict.offset, (size_t)dict.n + 1, "keeping the levels of '%s'", c->name);
    for (uint32_t i = 0; i < dict.n; i++) dict.offset[i + 1] = dict.offset[i] + level[i].n;
    GET_DONE(cx, dict.bytes, (size_t)dict.offset[dict.n], "keeping the levels of '%s'", c->name);
    for (uint32_t i = 0; i < dict.n; i++) memcpy(dict.bytes + dict.offset[i], level[i].s, level[i].n);
    TRY_DONE(cx, steps_add_keys(cx, m->steps, raw, cut, &dict, keys));
    if (cut == CUT_NONE) m->keys[raw] = *keys;
    if (rare) *rare = rest;
done:
    ctx_put(cx, level);
    ctx_put(cx, bytes);
    ctx_put(cx, dict.offset);
    ctx_put(cx, dict.bytes);
    return err;
}

static int by_bits(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

Err make_pairs(Ctx *cx, Maker *m, uint32_t raw_a, uint32_t raw_b, uint32_t *keys)
{
    uint32_t ka, kb;
    TRY(cx, make_keys(cx, m, raw_a, MAKE_RARE, &ka, NULL));
    TRY(cx, make_keys(cx, m, raw_b, MAKE_RARE, &kb, NULL));
    return make_key_pairs(cx, m, ka, kb, keys);
}

Err make_key_pairs(Ctx *cx, Maker *m, uint32_t ka, uint32_t kb, uint32_t *keys)
{
    Err err = OK;
    int32_t *a = NULL, *b = NULL;
    uint64_t *both = NULL;
    uint32_t n = 0, *pair = NULL;
    size_t rows = m->t->rows, known = 0;
    GET_DONE(cx, a, rows, "pairing the levels of two columns");
    GET_DONE(cx, b, rows, "pairing the levels of two columns");
    GET_DONE(cx, both, rows, "pairing the levels of two columns");
    TRY_DONE(cx, steps_key_index(cx, m->steps, m->t, ka, a));
    TRY_DONE(cx, steps_key_index(cx, m->steps, m->t, kb, b));
    for (size_t r = 0; r < rows; r++)
        if (a[r] >= 0 && b[r] >= 0) both[known++] = (uint64_t)a[r] << 32 | (uint64_t)b[r];
    qsort(both, known, sizeof *both, by_bits);
    GET_DONE(cx, pair, known + 2, "pairing the levels of two columns");
    for (size_t i = 0, run; i < known && n < MAKE_LEVELS_MAX; i = run) {
        for (run = i; run < known && both[run] == both[i];) run++;
        if (run - i < MAKE_RARE) continue;
        pair[2 * (size_t)n] = (uint32_t)(both[i] >> 32);
        pair[2 * (size_t)n + 1] = (uint32_t)both[i];
        n++;
    }
    TRY_DONE(cx, steps_add_pairs(cx, m->steps, ka, kb, pair, n, keys));
done:
    ctx_put(cx, a);
    ctx_put(cx, b);
    ctx_put(cx, both);
    ctx_put(cx, pair);
    return err;
}

/* What the levels are of: "city" or "city x shop". */
Err make_keys_name(Ctx *cx, const Maker *m, uint32_t keys, char **out)
{
    static const char *const piece[CUTS_N] = { "", " (first piece)", " (second piece)", " (last piece)" };
    uint32_t raw[2], of[2];
    char *a, *b;
    steps_keys_raw(m->steps, keys, raw);
    if (raw[1] == STEPS_NONE)
        return make_name(cx, out, "%s%s", m->schema->col[raw[0]].name, piece[steps_keys_cut(m->steps, keys)]);
    steps_keys_pair(m->steps, keys, of);
    TRY(cx, make_keys_name(cx, m, of[0], &a)); /* three columns at most */
    TRY(cx, make_keys_name(cx, m, of[1], &b));
    return make_name(cx, out, "%s x %s", a, b);
}

/* ------------------------------------------------------------ simple features */

Err make_number(Ctx *cx, Maker *m, uint32_t raw)
{
    const char *name = m->schema->col[raw].name;
    return make_add(cx, m, &(StepAdd){ .op = STEP_NUMBER, .a = raw, .b = STEPS_NONE, .outs = 1, .name = &name },
                    false);
}

Err make_code(Ctx *cx, Maker *m, uint32_t raw, uint32_t keys)
{
    const char *name = m->schema->col[raw].name;
    return make_add(cx, m, &(StepAdd){ .op = STEP_CODE, .a = keys, .b = STEPS_NONE, .outs = 1, .name = &name },
                    false);
}

Err make_code_as(Ctx *cx, Maker *m, uint32_t keys, const char *what, FeatureUse use)
{
    char *of, *name;
    TRY(cx, make_keys_name(cx, m, keys, &of));
    TRY(cx, make_name(cx, &name, "%s%s", of, what));
    return make_add(cx, m,
                    &(StepAdd){ .op = STEP_CODE,
                                .a = keys,
                                .b = STEPS_NONE,
                                .outs = 1,
                                .name = (const char *[]){ name },
                                .use = use },
                    false);
}

/* Of two levels, is this the one that says yes?  Words that say so, else the later in the alphabet. */
static bool says_yes(const char *s, size_t n, const char *other, size_t other_n)
{
    static const char *const yes[] = { "1", "yes", "y", "true", "t", "on", "ja", "oui", "si" };
    static const char *const no[] = { "0", "no", "n", "false", "f", "off", "nein", "non" };
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        if (strlen(yes[i]) == n && !strncasecmp(yes[i], s, n)) return true;
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        if (strlen(no[i]) == n && !strncasecmp(no[i], s, n)) return false;
    int c = memcmp(s, other, n < other_n ? n : other_n);
    return c > 0 || (!c && n > other_n);
}

Err make_boolean(Ctx *cx, Maker *m, uint32_t raw, uint32_t keys)
{
    const char *name = m->schema->col[raw].name, *s[2] = { "", "" };
    size_t n[2] = { 0, 0 };
    float table[2] = { 0, 0 }, other = 0;
    uint32_t levels = steps_keys_n(m->steps, keys);
    assert(levels && levels <= 2);
    for (uint32_t i = 0; i < levels; i++) s[i] = steps_keys_text(m->steps, keys, i, &n[i]);
    for (uint32_t i = 0; i < levels; i++) table[i] = says_yes(s[i], n[i], s[1 - i], n[1 - i]);
    if (levels == 2 && table[0] == table[1]) table[1] = 1 - table[0];
    return make_add(cx, m,
                    &(StepAdd){ .op = STEP_LOOKUP,
                                .kind = LOOKUP_BOOLEAN,
                                .a = keys,
                                .b = STEPS_NONE,
                                .outs = 1,
                                .name = &name,
                                .table = table,
                                .other = &other },
                    false);
}

static const char *const date_word[DATE_PARTS_N] = {
    "days",     "year",     "month",   "day",      "weekday",  "hour",     "minute",
    "year_sin", "year_cos", "weekend", "week_sin", "week_cos", "time_sin", "time_cos",
};

Err make_date(Ctx *cx, Maker *m, uint32_t raw)
{
    const Column *c = &m->t->col[raw];
    double from = INFINITY;
    bool month = false, hour = false;
    for (size_t r = 0; r < m->t->rows; r++)
        if (c->num[r] < from) from = c->num[r];
    for (int p = 0; p < DATE_PARTS_N; p++) {
        double lo = INFINITY, hi = -INFINITY;
        char *name;
        for (size_t r = 0; r < m->t->rows; r++) {
            double v = steps_date_part(c->num[r], (DatePart)p, from);
            if (v < lo) lo = v;
            if (v > hi) hi = v;
        }
        bool varies = lo < hi;
        if (p == DATE_MONTH) month = varies;
        if (p == DATE_HOUR) hour = varies;
        if ((p == DATE_TIME_SIN || p == DATE_TIME_COS) && !hour) continue;
        if ((p == DATE_YEAR_SIN || p == DATE_YEAR_COS) && !month) continue;
        if (!varies) continue;
        TRY(cx, make_name(cx, &name, "%s.%s", c->name, date_word[p]));
        TRY(cx, make_add(cx, m,
                         &(StepAdd){ .op = STEP_DATE,
                                     .kind = (uint32_t)p,
                                     .a = raw,
                                     .b = STEPS_NONE,
                                     .number = from,
                                     .use = p >= DATE_WEEK_SIN ? FEATURE_FOR_DENSE : FEATURE_FOR_ALL,
                                     .outs = 1,
                                     .name = (const char *[]){ name } },
                         false));
    }
    return OK;
}

Err make_gap(Ctx *cx, Maker *m, uint32_t raw_a, uint32_t raw_b)
{
    char *name;
    TRY(cx, make_name(cx, &name, "%s - %s (days)", m->schema->col[raw_a].name, m->schema->col[raw_b].name));
    return make_add(
        cx, m, &(StepAdd){ .op = STEP_GAP, .a = raw_a, .b = raw_b, .outs = 1, .name = (const char *[]){ name } },
        false);
}

Err make_arith(Ctx *cx, Maker *m, ArithOp op, uint32_t a, uint32_t b)
{
    static const char *const sign[] = { "+", "-", "*", "/" };
    char *name;
    TRY(cx, make_name(cx, &name, "%s %s %s", steps_feature(m->steps, a)->name, sign[op],
                      steps_feature(m->steps, b)->name));
    return make_add(
        cx, m,
        &(StepAdd){ .op = STEP_ARITH, .kind = op, .a = a, .b = b, .outs = 1, .name = (const char *[]){ name } },
        false);
}

/* -------------------------------------------------------------- tables by level */

Err make_count(Ctx *cx, Maker *m, uint32_t keys)
{
    Err err = OK;
    int32_t *index = NULL;
    float *table = NULL, other = 0;
    char *of, *name;
    size_t rows = m->t->rows;
    uint32_t n = steps_keys_n(m->steps, keys);
    TRY(cx, make_keys_name(cx, m, keys, &of));
    TRY(cx, make_name(cx, &name, "count of %s", of));
    GET_DONE(cx, index, rows, "counting '%s'", of);
    GET_DONE(cx, table, n, "counting '%s'", of);
    TRY_DONE(cx, steps_key_index(cx, m->steps, m->t, keys, index));
    for (size_t r = 0; r < rows; r++)
        if (index[r] >= 0) table[index[r]]++;
    for (uint32_t i = 0; i < n; i++) table[i] = (float)log1p(table[i]);
    TRY_DONE(cx, make_add(cx, m,
                          &(StepAdd){ .op = STEP_LOOKUP,
                                      .kind = LOOKUP_COUNT,
                                      .a = keys,
                                      .b = STEPS_NONE,
                                      .outs = 1,
                                      .name = (const char *[]){ name },
                                      .table = table,
                                      .other = &other },
                          false));
done:
    ctx_put(cx, index);
    ctx_put(cx, table);
    return err;
}

/* Counted with itself, a training row would always have one more than a new row with the same value. */
Err make_repeats(Ctx *cx, Maker *m, uint32_t raw)
{
    Err err = OK;
    int32_t *index = NULL;
    float *table = NULL, *other = NULL;
    char *name;
    uint32_t keys, parts = m->folds + 1;
    TRY(cx, make_keys(cx, m, raw, 1, &keys, NULL));
    TRY(cx, make_name(cx, &name, "repeats of %s", m->schema->col[raw].name));
    size_t n = steps_keys_n(m->steps, keys);
    GET_DONE(cx, index, m->t->rows, "counting the values of '%s'", m->schema->col[raw].name);
    GET_DONE(cx, table, n * parts, "counting the values of '%s'", m->schema->col[raw].name);
    GET_DONE(cx, other, parts, "counting the values of '%s'", m->schema->col[raw].name);
    TRY_DONE(cx, steps_key_index(cx, m->steps, m->t, keys, index));
    for (uint32_t p = 0; p < parts; p++)
        for (size_t r = 0; r < m->t->rows; r++)
            if (index[r] >= 0 && folds_learns(&m->split, p, r)) table[p * n + (size_t)index[r]]++;
    for (size_t i = 0; i < n * parts; i++) table[i] = (float)log1p(table[i]);
    TRY_DONE(cx, make_add(cx, m,
                          &(StepAdd){ .op = STEP_LOOKUP,
                                      .kind = LOOKUP_COUNT,
                                      .a = keys,
                                      .b = STEPS_NONE,
                                      .outs = 1,
                                      .name = (const char *[]){ name },
                                      .parted = true,
                                      .table = table,
                                      .other = other },
                          false));
    m->pending[m->pending_n - 1].count = true;
done:
    ctx_put(cx, index);
    ctx_put(cx, table);
    ctx_put(cx, other);
    return err;
}

/* The frame holds what new rows would get: those a part learned from give up their own share. */
static void fill_repeats(Maker *m, const Pending *pending)
{
    for (uint32_t p = 0; p <= m->folds; p++) {
        float *to = steps_frame_column(m->frame, p, pending->first);
        for (size_t r = 0; r < m->t->rows; r++)
            if (to[r] > 0 && folds_learns(&m->split, p, r)) to[r] = (float)log1p(nearbyint(expm1(to[r])) - 1);
    }
}

/* ------------------------------------------------------------------ target means */

static double mixed(double sum, double n, double mean)
{
    return (sum + MAKE_ALPHA * mean) / (n + MAKE_ALPHA);
}

/* One part's table for one output: rows outside fold p (all rows when p == folds). */
static void target_table(const Maker *m, const int32_t *index, uint32_t n, uint32_t p, uint32_t o, double *sum,
                         float *table, float *other)
{
    double all = 0, all_n = 0;
    memset(sum, 0, 2 * (size_t)n * sizeof *sum);
    for (size_t r = 0; r < m->t->rows; r++) {
        if (!folds_learns(&m->split, p, r)) continue;
        double y = make_target_of(m, r, o);
        all += y;
        all_n++;
        if (index[r] < 0) continue;
        sum[2 * (size_t)index[r]] += y;
        sum[2 * (size_t)index[r] + 1]++;
    }
    double mean = all_n ? all / all_n : 0;
    for (uint32_t i = 0; i < n; i++)
        table[(size_t)i * m->outs + o] = (float)mixed(sum[2 * (size_t)i], sum[2 * (size_t)i + 1], mean);
    other[o] = (float)mean;
}

Err make_target(Ctx *cx, Maker *m, uint32_t keys)
{
    Err err = OK;
    int32_t *index = NULL;
    double *sum = NULL;
    float *table = NULL, *other = NULL;
    const char *names[MAKE_CLASSES_MAX];
    char *of, *what;
    uint32_t n = steps_keys_n(m->steps, keys), parts = m->folds + 1;
    TRY(cx, make_keys_name(cx, m, keys, &of));
    TRY(cx, make_name(cx, &what, "target mean of %s", of));
    TRY(cx, make_out_names(cx, m, what, names));
    GET_DONE(cx, index, m->t->rows, "averaging the target by '%s'", of);
    GET_DONE(cx, sum, 2 * (size_t)n, "averaging the target by '%s'", of);
    GET_DONE(cx, table, (size_t)n * m->outs * parts, "averaging the target by '%s'", of);
    GET_DONE(cx, other, (size_t)m->outs * parts, "averaging the target by '%s'", of);
    TRY_DONE(cx, steps_key_index(cx, m->steps, m->t, keys, index));
    for (uint32_t p = 0; p < parts; p++)
        for (uint32_t o = 0; o < m->outs; o++)
            target_table(m, index, n, p, o, sum, table + (size_t)p * n * m->outs, other + (size_t)p * m->outs);
    TRY_DONE(cx, make_add(cx, m,
                          &(StepAdd){ .op = STEP_LOOKUP,
                                      .kind = LOOKUP_TARGET,
                                      .a = keys,
                                      .b = STEPS_NONE,
                                      .outs = m->outs,
                                      .name = names,
                                      .parted = true,
                                      .table = table,
                                      .other = other },
                          false));
done:
    ctx_put(cx, index);
    ctx_put(cx, sum);
    ctx_put(cx, table);
    ctx_put(cx, other);
    return err;
}

/* Training values of one part and output: nobody meets his own target.  sum: (n + 1) x MAKE_INNER pairs; the
** last level is all rows together. */
static void target_fill(const Maker *m, const int32_t *index, uint32_t n, uint32_t p, uint32_t o, double (*sum)[2],
                        float *to)
{
    memset(sum, 0, ((size_t)n + 1) * MAKE_INNER * sizeof *sum);
    for (size_t r = 0; r < m->t->rows; r++) {
        if (!folds_learns(&m->split, p, r)) continue;
        double y = make_target_of(m, r, o);
        double *all = sum[(size_t)n * MAKE_INNER + m->inner[r] % MAKE_INNER];
        all[0] += y;
        all[1]++;
        if (index[r] < 0) continue;
        double *at = sum[(size_t)index[r] * MAKE_INNER + m->inner[r] % MAKE_INNER];
        at[0] += y;
        at[1]++;
    }
    for (size_t r = 0; r < m->t->rows; r++) {
        bool held = !folds_learns(&m->split, p, r); /* fitted on everything the part learns from: as it is */
        double all = 0, all_n = 0, own = 0, own_n = 0;
        if (index[r] == -1) {
            to[r] = NAN;
            continue;
        }
        for (uint32_t k = 0; k < MAKE_INNER; k++) {
            if (!held && k == m->inner[r] % MAKE_INNER) continue;
            all += sum[(size_t)n * MAKE_INNER + k][0];
            all_n += sum[(size_t)n * MAKE_INNER + k][1];
            if (index[r] < 0) continue;
            own += sum[(size_t)index[r] * MAKE_INNER + k][0];
            own_n += sum[(size_t)index[r] * MAKE_INNER + k][1];
        }
        to[r] = (float)mixed(own, own_n, all_n ? all / all_n : 0);
    }
}

static Err fill_targets(Ctx *cx, Maker *m, const Pending *pending)
{
    Err err = OK;
    int32_t *index = NULL;
    double(*sum)[2] = NULL;
    uint32_t n = steps_keys_n(m->steps, pending->of);
    GET_DONE(cx, index, m->t->rows, "averaging the target by %u levels", n);
    GET_DONE(cx, sum, ((size_t)n + 1) * MAKE_INNER, "averaging the target by %u levels", n);
    TRY_DONE(cx, steps_key_index(cx, m->steps, m->t, pending->of, index));
    for (uint32_t p = 0; p <= m->folds; p++)
        for (uint32_t o = 0; o < m->outs; o++)
            target_fill(m, index, n, p, o, sum, steps_frame_column(m->frame, p, pending->first + o));
done:
    ctx_put(cx, index);
    ctx_put(cx, sum);
    return err;
}

Err maker_apply(Ctx *cx, Maker *m)
{
    TRY(cx, steps_apply_more(cx, m->steps, m->t, m->frame));
    for (uint32_t i = 0; i < m->pending_n; i++) {
        const Pending *p = &m->pending[i];
        if (p->count) fill_repeats(m, p);
        else if (p->text) TRY(cx, make_text_fill(cx, m, p->of, p->first));
        else TRY(cx, fill_targets(cx, m, p));
    }
    m->pending_n = 0;
    return OK;
}

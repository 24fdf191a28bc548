/* auto/preprocess.c -- stage 2: raw columns to base features.
**
** Numbers stay as they are, levels become codes by frequency (many levels: counts and target means), dates
** become their parts, texts become counts, singular vectors of their words and a linear score.  What is
** missing stays missing: each learner fills or routes gaps in its own way.  Columns that can teach nothing are
** left out and named.  Every step is remembered (model/steps.h), so that new rows get the same treatment.
*/
#include "auto/make.h"

#include "base/random.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define TOLD_MAX  300 /* entries of a list in the stage's JSON */
#define TEXT_DIMS 32
#define TWIN_LEVELS_MAX  20  /* whole numbers of so few values are levels too, to learners that measure and add */
#define TWINS_MAX 10 /* columns that get one */
#define TEXT_TIME .5 /* share of the stage's time that texts may take */

typedef struct Prep {
    Auto *a;
    Maker m;
    Text dropped, missing, encoded; /* JSON arrays under way */
    uint32_t dropped_n, missing_n, encoded_n, texts_n, dates_n;
    bool twins;      /* whole numbers of few values become levels too */
    uint64_t *print; /* columns: hash of the values of those that were kept; 0: none */
} Prep;

/* ------------------------------------------------------------ what to leave out */

static Err drop(Ctx *cx, Prep *p, uint32_t raw, const char *why)
{
    if (p->dropped_n++ < TOLD_MAX) {
        json_open(&p->dropped);
        json_key_text(&p->dropped, "column", p->a->schema->col[raw].name);
        json_key_text(&p->dropped, "why", why);
        json_close(&p->dropped);
    }
    ctx_detail(cx, "column '%s' is left out: %s", p->a->schema->col[raw].name, why);
    return OK;
}

static size_t known_rows(const Column *c, size_t rows)
{
    size_t n = 0;
    for (size_t r = 0; r < rows; r++) n += c->num ? isfinite(c->num[r]) : c->code[r] >= 0;
    return n;
}

/* Do all known values agree (numbers as float32)? */
static bool one_value(const Column *c, size_t rows)
{
    bool met = false;
    float first = 0;
    int32_t code = -1;
    for (size_t r = 0; r < rows; r++) {
        if (c->num ? !isfinite(c->num[r]) : c->code[r] < 0) continue;
        if (met && (c->num ? (float)c->num[r] != first : c->code[r] != code)) return false;
        if (c->num) first = (float)c->num[r];
        else code = c->code[r];
        met = true;
    }
    return true;
}

static uint64_t column_print(const Column *c, size_t rows)
{
    uint64_t h =
        c->num ? random_hash(c->num, rows * sizeof *c->num, 1) : random_hash(c->code, rows * sizeof *c->code, 2);
    return h ? h : 1;
}

/* An earlier kept column with the same values (levels up to their names), or UINT32_MAX. */
static uint32_t twin_of(const Prep *p, uint32_t raw)
{
    const Table *t = p->a->raw;
    const Column *c = &t->col[raw];
    for (uint32_t i = 0; i < raw; i++) {
        const Column *d = &t->col[i];
        if (p->print[i] != p->print[raw] || !c->num != !d->num || c->type != d->type) continue;
        bool same = c->num ? !memcmp(c->num, d->num, t->rows * sizeof *c->num)
                           : !memcmp(c->code, d->code, t->rows * sizeof *c->code);
        if (same) return i;
    }
    return UINT32_MAX;
}

/* NULL, or why the column can teach nothing. */
static Err useless(Ctx *cx, Prep *p, uint32_t raw, size_t known, const char **why)
{
    const Table *t = p->a->raw;
    const Column *c = &t->col[raw];
    *why = NULL;
    if (!known) *why = "it is empty";
    else if (p->a->portable && (c->type == COLUMN_DATETIME || c->type == COLUMN_TEXT))
        *why = "standard operators cannot read it, and --portable was asked for";
    else if (c->type == COLUMN_ID) {
        *why = "it names each row";
        TRY(cx,
            auto_warn(cx, p->a,
                      "column '%s' names each row (an id) and is left out; --type '%s=category' or =text uses it",
                      c->name, c->name));
    } else if (known == t->rows && one_value(c, t->rows)) *why = "it has one value only";
    if (*why) return OK;
    p->print[raw] = column_print(c, t->rows);
    uint32_t twin = twin_of(p, raw);
    if (twin == UINT32_MAX) return OK;
    *why = ctx_scratch_fmt(cx, "it repeats '%s'", t->col[twin].name);
    return *why ? OK : FAIL(cx, ERR_NOMEM, "preparing column '%s'", c->name);
}

/* ------------------------------------------------------------------- telling */

static void tell_missing(Prep *p, const Column *c, size_t known)
{
    size_t rows = p->a->rows;
    if (known == rows || p->missing_n++ >= TOLD_MAX) return;
    json_open(&p->missing);
    json_key_text(&p->missing, "column", c->name);
    json_key_num(&p->missing, "share", (double)(rows - known) / (double)rows);
    json_key_text(&p->missing, "how",
                  c->num ? "stays missing: trees route it, other learners fill in the median and mark the gap"
                         : "stays missing: trees route it, other learners treat it as a level of its own");
    json_close(&p->missing);
}

static void tell_encoded(Prep *p, const Column *c, uint32_t levels, uint32_t rare, const char *how)
{
    if (p->encoded_n++ >= TOLD_MAX) return;
    json_open(&p->encoded);
    json_key_text(&p->encoded, "column", c->name);
    json_key_int(&p->encoded, "levels", levels);
    json_key_int(&p->encoded, "rare", rare);
    json_key_text(&p->encoded, "how", how);
    json_close(&p->encoded);
}

/* ------------------------------------------------------------------- encoding */

static Err encode_levels(Ctx *cx, Prep *p, uint32_t raw)
{
    const Column *c = &p->a->raw->col[raw];
    uint32_t keys, rare = 0;
    bool yes_no = c->type == COLUMN_BOOLEAN;
    TRY(cx, make_keys(cx, &p->m, raw, yes_no ? 1 : MAKE_RARE, &keys, &rare));
    uint32_t n = steps_keys_n(p->m.steps, keys);
    if (!n) return drop(cx, p, raw, "no value stands in two rows");
    if (yes_no && n <= 2) {
        tell_encoded(p, c, n, rare, "yes is 1, no is 0");
        return make_boolean(cx, &p->m, raw, keys);
    }
    if (n <= MAKE_CODES_MAX) {
        tell_encoded(p, c, n, rare, "codes, most frequent level first; rare and unseen levels count as missing");
        return make_code(cx, &p->m, raw, keys);
    }
    tell_encoded(p, c, n, rare, "how often a level occurs, and the mean of the target by level, out of fold");
    TRY(cx, make_count(cx, &p->m, keys));
    return p->a->task == TASK_ANOMALY ? OK : make_target(cx, &p->m, keys);
}

/* Different values of whole numbers, up to TWIN_LEVELS_MAX + 1. */
static uint32_t few_values(const Column *c, size_t rows)
{
    double v[TWIN_LEVELS_MAX];
    uint32_t n = 0;
    for (size_t r = 0; r < rows && n <= TWIN_LEVELS_MAX; r++) {
        uint32_t i = 0;
        if (!isfinite(c->num[r])) continue;
        while (i < n && v[i] != c->num[r]) i++;
        if (i == n && n++ < TWIN_LEVELS_MAX) v[i] = c->num[r];
    }
    return n;
}

static bool twin_wanted(const Prep *p, const Column *c)
{
    uint32_t values = c->type == COLUMN_INTEGER && c->num && p->a->task != TASK_ANOMALY ? few_values(c, p->a->rows) : 0;
    return values >= 3 && values <= TWIN_LEVELS_MAX;
}

/* Many columns of few whole values are measurements on one scale (pixels, answers from 1 to 5): as categories they would only
** make nets wide (digits, nets alone: log loss .057 without, .098 with). */
static bool twins_help(const Prep *p)
{
    uint32_t n = 0;
    for (size_t j = 0; j < p->a->raw->cols && n <= TWINS_MAX; j++) n += twin_wanted(p, &p->a->raw->col[j]);
    return n <= TWINS_MAX;
}

/* A number; of few whole values also as a category, for learners that do not cut numbers themselves. */
static Err encode_number(Ctx *cx, Prep *p, uint32_t raw)
{
    const Column *c = &p->a->raw->col[raw];
    uint32_t keys;
    TRY(cx, make_number(cx, &p->m, raw));
    if (!p->twins || !twin_wanted(p, c)) return OK;
    TRY(cx, make_keys(cx, &p->m, raw, MAKE_RARE, &keys, NULL));
    return steps_keys_n(p->m.steps, keys) < 3 ? OK : make_code_as(cx, &p->m, keys, " (as levels)", FEATURE_FOR_DENSE);
}

static Err encode_text(Ctx *cx, Prep *p, uint32_t raw)
{
    const Column *c = &p->a->raw->col[raw];
    uint32_t words;
    p->texts_n++;
    TRY(cx, make_text_stats(cx, &p->m, raw));
    TRY(cx, make_words(cx, &p->m, raw, true, &words));
    if (words == STEPS_NONE) {
        tell_encoded(p, c, 0, 0, "counts of characters and words; no word stands in two rows");
        return OK;
    }
    size_t before = steps_features(p->m.steps);
    TRY(cx, make_text_dense(cx, &p->m, words, TEXT_DIMS));
    if (p->a->task != TASK_ANOMALY) TRY(cx, make_text_score(cx, &p->m, words));
    bool full = steps_features(p->m.steps) > before;
    tell_encoded(p, c, steps_words_n(p->m.steps, words), 0,
                 full ? "counts, singular vectors of weighed words, a linear score out of fold"
                      : "counts of characters and words; there was no time for more");
    p->a->short_of_time |= !full;
    return OK;
}

static Err encode(Ctx *cx, Prep *p, uint32_t raw)
{
    const Column *c = &p->a->raw->col[raw];
    const char *why;
    size_t known = known_rows(c, p->a->rows);
    if (cx->cancel && *cx->cancel) return FAIL(cx, ERR_INTERRUPTED, "stopped on request");
    TRY(cx, useless(cx, p, raw, known, &why));
    if (why) return drop(cx, p, raw, why);
    size_t before = steps_features(p->m.steps);
    if (c->type == COLUMN_DATETIME && c->num) {
        p->dates_n++;
        TRY(cx, make_date(cx, &p->m, raw));
        tell_encoded(p, c, 0, 0, "the parts of the date that vary");
    } else if (c->num) TRY(cx, encode_number(cx, p, raw));
    else if (c->type == COLUMN_TEXT) TRY(cx, encode_text(cx, p, raw));
    else TRY(cx, encode_levels(cx, p, raw));
    if (steps_features(p->m.steps) > before) tell_missing(p, c, known);
    return OK;
}

static Err tell(Ctx *cx, Prep *p)
{
    Auto *a = p->a;
    Text *t = &a->json[STAGE_PREPROCESS];
    size_t n = steps_features(a->steps);
    snprintf(a->summary[STAGE_PREPROCESS], sizeof a->summary[STAGE_PREPROCESS],
             "%zu column%s to %zu feature%s: %u encoded, %u with gaps, %u left out", a->raw->cols,
             a->raw->cols == 1 ? "" : "s", n, n == 1 ? "" : "s", p->encoded_n, p->missing_n, p->dropped_n);
    if (t->cx) text_clear(t);
    text_init(t, cx);
    json_open(t);
    json_key_int(t, "features", (int64_t)n);
    json_key(t, "step");
    TRY(cx, steps_describe_first(cx, a->steps, a->schema, TOLD_MAX, t));
    json_key_raw(t, "dropped", p->dropped.at);
    json_key_raw(t, "missing", p->missing.at);
    json_key_raw(t, "encoded", p->encoded.at);
    json_close(t);
    return text_err(t);
}

Err stage_preprocess(Ctx *cx, Auto *a)
{
    Err err = OK;
    Prep p = { .a = a };
    Text *list[] = { &p.dropped, &p.missing, &p.encoded };
    for (int i = 0; i < 3; i++) {
        text_init(list[i], cx);
        json_open_array(list[i]);
    }
    GET_DONE(cx, p.print, a->raw->cols, "preparing %zu columns", a->raw->cols);
    TRY_DONE(cx,
             maker_init(cx, &p.m, a->raw, a->schema, a->task, a->classes, a->class_name, a->y, a->fold, a->folds));
    Folds folds = auto_folds_view(a);
    TRY_DONE(cx, maker_split(cx, &p.m, &folds, a->group));
    double texts = 0;
    for (uint32_t i = 0; i < a->raw->cols; i++) texts += a->raw->col[i].type == COLUMN_TEXT;
    if (texts > 0)
        TRY_DONE(cx, auto_allow(cx, a, "texts_s", auto_left_s(cx, a, STAGE_PREPROCESS) * TEXT_TIME / texts, &p.m.text_s));
    p.twins = twins_help(&p);
    for (uint32_t i = 0; i < a->raw->cols; i++) {
        ctx_step(cx, "preparing columns", i, (double)a->raw->cols);
        TRY_DONE(cx, encode(cx, &p, i));
    }
    if (!steps_features(p.m.steps)) {
        err = FAIL(cx, ERR_BAD_INPUT,
                   "no column can teach anything about '%s': all are constant, empty or ids; give more columns, "
                   "or --type COLUMN=category for one that is taken for an id",
                   a->in->target ? a->in->target : "the target");
        goto done;
    }
    TRY_DONE(cx, maker_apply(cx, &p.m));
    for (int i = 0; i < 3; i++) {
        json_close_array(list[i]);
        TRY_DONE(cx, text_err(list[i]));
    }
    for (uint32_t i = 0; i < a->schema->n; i++) a->schema->col[i].needed = steps_uses(p.m.steps, i);
    a->steps = p.m.steps;
    a->frame = p.m.frame;
    p.m.steps = NULL;
    p.m.frame = NULL;
    TRY_DONE(cx, tell(cx, &p));
done:
    for (int i = 0; i < 3; i++) text_clear(list[i]);
    ctx_put(cx, p.print);
    maker_clear(cx, &p.m);
    return err;
}

/* auto/checks.c -- are the test rows like the training rows?  Said before the search begins, by numbers.
**
** Adversarial validation: a small booster learns to tell test rows from training rows, out of fold; an AUC near 1/2 says that
** they are alike.  The columns that tell are found by asking each alone.  And test rows that stand among the training rows are
** counted, since they flatter the score.  Nothing here reaches the build.
*/
#include "auto/make.h"

#include "base/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MOST 3000             /* of each side */
#define ROWS_LEAST 30
#define PARTS 3
#define TOLD .6                    /* AUC from which the rows are called different ... */
#define TOLD_Z 4                   /* ... when chance is so many standard errors away */
#define COLUMN_TOLD .6
#define COLUMNS_SHOWN 3
#define TIME_SHARE .04             /* of the budget */
#define ROUNDS 40

/* ---------------------------------------------------------------- overlap */

/* One key of all that a row holds; texts by their bytes, since dictionaries differ. */
static uint64_t row_key(const Table *t, size_t row)
{
    uint64_t h = 7;
    for (size_t j = 0; j < t->cols; j++) {
        const Column *c = &t->col[j];
        size_t n = 0;
        const char *s = "";
        double v = 0;
        if (!column_has(c, row)) h = random_hash(&h, sizeof h, 3);
        else if (c->num) v = c->num[row] + 0.0, h = random_hash(&v, sizeof v, h);
        else s = dict_at(&c->dict, (uint32_t)c->code[row], &n), h = random_hash(s, n, h);
    }
    return h;
}

static int by_key(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static Err count_overlap(Ctx *cx, const Table *train, const Table *test, size_t *out)
{
    uint64_t *key = ctx_get_n(cx, train->rows, sizeof *key);
    *out = 0;
    if (!key) return FAIL(cx, ERR_NOMEM, "comparing %zu rows", train->rows);
    for (size_t i = 0; i < train->rows; i++) key[i] = row_key(train, i);
    qsort(key, train->rows, sizeof *key, by_key);
    for (size_t i = 0; i < test->rows; i++) {
        uint64_t k = row_key(test, i);
        *out += bsearch(&k, key, train->rows, sizeof *key, by_key) != NULL;
    }
    ctx_put(cx, key);
    return OK;
}

/* -------------------------------------------------------------- both sides */

typedef struct Sides {
    Table *both;
    Maker m;
    double *y;                     /* 1: a test row */
    uint8_t *fold;
    size_t n;
} Sides;

static void sides_clear(Ctx *cx, Sides *s)
{
    maker_clear(cx, &s->m);
    table_free(cx, s->both);
    ctx_put(cx, s->y);
    ctx_put(cx, s->fold);
}

static Err copy_row(Ctx *cx, Builder *b, const Schema *schema, const Table *t, size_t row)
{
    for (size_t j = 0; j < t->cols; j++) {
        const Column *c = &t->col[j];
        size_t n;
        if (!column_has(c, row)) TRY(cx, builder_null(cx, b, j));
        else if (c->num) TRY(cx, schema->col[j].type == COLUMN_DATETIME ? builder_time(cx, b, j, c->num[row]) : builder_num(cx, b, j, c->num[row]));
        else {
            const char *s = dict_at(&c->dict, (uint32_t)c->code[row], &n);
            TRY(cx, builder_text(cx, b, j, s, n));
        }
    }
    return OK;
}

/* A keyed sample of each side, one under the other. */
static Err lay_together(Ctx *cx, const Auto *a, const Table *test, Sides *s)
{
    const Table *side[] = { a->raw, test };
    Random r = random_make(a->in->seed, "checks", 0, 0);
    Builder *b = NULL;
    Err err = OK;
    GET_DONE(cx, s->y, 2 * ROWS_MOST, "comparing train and test");
    GET_DONE(cx, s->fold, 2 * ROWS_MOST, "comparing train and test");
    TRY_DONE(cx, builder_for(cx, a->schema, false, "", &b));
    for (int k = 0; k < 2; k++) {
        size_t left = side[k]->rows < ROWS_MOST ? side[k]->rows : ROWS_MOST;
        for (size_t i = 0; i < side[k]->rows && left; i++) {
            if (random_unit(&r) * (double)(side[k]->rows - i) >= (double)left) continue;
            TRY_DONE(cx, copy_row(cx, b, a->schema, side[k], i));
            s->y[s->n] = k;
            s->fold[s->n++] = (uint8_t)random_below(&r, PARTS);
            left--;
        }
    }
    err = builder_end(cx, b, &s->both);
    b = NULL;
done:
    builder_free(cx, b);
    return err;
}

/* Numbers as they are and levels as codes: every column that a model could use, texts and names of rows apart. */
static Err make_features(Ctx *cx, const Auto *a, Sides *s)
{
    static char *names[] = { "train", "test" };
    TRY(cx, maker_init(cx, &s->m, s->both, a->schema, TASK_BINARY, 2, names, s->y, s->fold, PARTS));
    for (uint32_t j = 0; j < s->both->cols; j++) {
        const Column *c = &s->both->col[j];
        uint32_t keys;
        if (a->schema->col[j].type == COLUMN_TEXT || a->schema->col[j].type == COLUMN_ID) continue;
        if (c->num) {
            TRY(cx, make_number(cx, &s->m, j));
            continue;
        }
        TRY(cx, make_keys(cx, &s->m, j, MAKE_RARE, &keys, NULL));
        if (steps_keys_n(s->m.steps, keys) <= MAKE_CODES_MAX) TRY(cx, make_code(cx, &s->m, j, keys));
        else TRY(cx, make_count(cx, &s->m, keys));
    }
    return maker_apply(cx, &s->m);
}

/* AUC out of fold of a booster on these features (NULL: all); NaN when a fit failed or time was short. */
static Err tell_apart(Ctx *cx, Auto *a, const Sides *s, const uint32_t *cols, uint32_t cols_n, int64_t deadline_us, double *out)
{
    const Learner *l = learner_find("lightgbm");
    Job job[PARTS] = { { .learner = NULL } };
    double *p = NULL;
    size_t at[PARTS] = { 0 };
    bool whole = true;
    Err err = OK;
    *out = NAN;
    GET_DONE(cx, p, s->n, "comparing train and test");
    for (uint32_t k = 0; k < PARTS; k++) {
        job[k] = (Job){ .learner = l, .part = k, .seed = a->in->seed, .rounds = ROUNDS, .cols = cols, .cols_n = cols_n, .deadline_us = deadline_us };
        learner_start(l, TASK_BINARY, job[k].args);
    }
    TRY_DONE(cx, pool_run(cx, a->pool, job, PARTS));
    for (int k = 0; k < PARTS; k++) whole &= !job[k].err && !job[k].cut;
    if (!whole) goto done;
    for (size_t i = 0; i < s->n; i++) p[i] = model_sigmoid(job[s->fold[i]].margin[at[s->fold[i]]++]);
    err = metric_find("auc")->score(cx, s->y, p, NULL, s->n, 2, out);
    if (err == ERR_NUMERIC) err = OK;
done:
    if (err) pool_drop(cx, a->pool);
    for (int k = 0; k < PARTS; k++) job_clear(cx, &job[k]);
    ctx_put(cx, p);
    return err;
}

typedef struct Telling { double auc; uint32_t feature; } Telling;

static int most_telling(const void *a, const void *b)
{
    const Telling *x = a, *y = b;
    if (x->auc != y->auc) return x->auc < y->auc ? 1 : -1;
    return (x->feature > y->feature) - (x->feature < y->feature);
}

/* How well a feature alone, by its order, tells the sides apart: cheap, and good enough to name columns by. */
static Err one_alone(Ctx *cx, const Sides *s, size_t j, double *out)
{
    const float *x = steps_frame(s->m.frame, 0).col[j];
    double *p = ctx_get_n(cx, s->n, sizeof *p);
    *out = NAN;
    if (!p) return FAIL(cx, ERR_NOMEM, "comparing train and test");
    double lo = INFINITY, hi = -INFINITY;
    for (size_t i = 0; i < s->n; i++)
        if (isfinite(x[i])) lo = fmin(lo, (double)x[i]), hi = fmax(hi, (double)x[i]);
    for (size_t i = 0; i < s->n; i++) p[i] = isfinite(x[i]) && hi > lo ? .1 + .9 * ((double)x[i] - lo) / (hi - lo) : 0;
    Err err = metric_find("auc")->score(cx, s->y, p, NULL, s->n, 2, out);
    ctx_put(cx, p);
    *out = fmax(*out, 1 - *out);
    return err == ERR_NUMERIC ? OK : err;
}

static Err name_columns(Ctx *cx, const Sides *s, char *words, size_t words_n)
{
    size_t n = steps_features(s->m.steps), at = 0;
    Telling *t = ctx_get_n(cx, n, sizeof *t);
    Err err = OK;
    words[0] = 0;
    if (!t) return FAIL(cx, ERR_NOMEM, "comparing train and test");
    for (size_t j = 0; j < n && !err; j++) {
        t[j].feature = (uint32_t)j;
        err = one_alone(cx, s, j, &t[j].auc);
    }
    qsort(t, n, sizeof *t, most_telling);
    for (size_t j = 0; j < n && j < COLUMNS_SHOWN && t[j].auc > COLUMN_TOLD && at < words_n; j++)
        at += (size_t)snprintf(words + at, words_n - at, "%s'%.60s' (%.2f alone)", j ? ", " : ": ", steps_feature(s->m.steps, t[j].feature)->name, t[j].auc);
    ctx_put(cx, t);
    return err;
}

static Err adversarial(Ctx *cx, Auto *a, const Table *test)
{
    Sides s = { .n = 0 };
    Err err = OK;
    double auc, n0 = 0;
    char words[320];
    int64_t deadline = auto_clocked(a) ? ctx_mono_us(cx) + (int64_t)(a->in->time_s * TIME_SHARE * 1e6) : 0;
    TRY_DONE(cx, lay_together(cx, a, test, &s));
    TRY_DONE(cx, make_features(cx, a, &s));
    if (!steps_features(s.m.steps)) goto done;
    JobData data = { .task = TASK_BINARY, .classes = 2, .rows = s.n, .y = s.y, .fold = s.fold, .folds = PARTS, .frame = s.m.frame,
                     .steps = s.m.steps, .metric = metric_find("auc") };
    TRY_DONE(cx, pool_publish(cx, a->pool, &data));
    TRY_DONE(cx, tell_apart(cx, a, &s, NULL, 0, deadline, &auc));
    if (isnan(auc)) {
        ctx_detail(cx, "train and test were not compared: there was not time for it");
        goto done;
    }
    for (size_t i = 0; i < s.n; i++) n0 += s.y[i] == 0;
    double few = fmin(n0, (double)s.n - n0);
    ctx_detail(cx, "a booster tells test rows from training rows with AUC %.3f", auc);
    if (auc < TOLD || (auc - .5) * sqrt(12 * few) < TOLD_Z) goto done;
    TRY_DONE(cx, name_columns(cx, &s, words, sizeof words));
    err = auto_warn(cx, a, "the test rows are not like the training rows: a booster tells them apart with AUC %.2f (0.5 would be chance)%s; expect "
                    "another score on them than out of fold, and ask whether new rows will be like the test", auc, words);
done:
    sides_clear(cx, &s);
    return err;
}

Err auto_check_test(Ctx *cx, Auto *a)
{
    const Build like = { .schema = a->schema };
    Table *test = NULL;
    size_t same;
    Err err = OK;
    TRY(cx, build_conform(cx, &like, a->in->test, &test, NULL));
    TRY_DONE(cx, count_overlap(cx, a->raw, test, &same));
    if (same > test->rows / 100)
        TRY_DONE(cx, auto_warn(cx, a, "%zu of %zu test rows are equal to a training row in every column learned from: the score on the test flatters; take them out "
                               "of one of the files", same, test->rows));
    if (test->rows >= ROWS_LEAST && a->rows >= ROWS_LEAST && learner_find("lightgbm")) TRY_DONE(cx, adversarial(cx, a, test));
done:
    table_free(cx, test);
    return err;
}

/* model/build.c -- a build in memory: conform, predict, explain.
**
** The ensemble averages margins, not probabilities: the average is then additive
** in its members, so Shapley values of the members add up to those of the whole,
** and calibration is one scale and one shift.  Saving is in build_file.c.
*/
#include "model/model.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define ROWS_AT_ONCE ((size_t)1 << 15)    /* bounds the features in memory while predicting */
#define EXPLAIN_AT_ONCE ((size_t)128)

void build_free(Ctx *cx, Build *b)
{
    if (!b) return;
    for (uint32_t i = 0; b->class_name && i < b->classes; i++) ctx_put(cx, b->class_name[i]);
    for (uint32_t i = 0; b->member && i < b->members_n; i++) {
        Member *m = &b->member[i];
        for (uint32_t k = 0; m->model && k < m->parts_n; k++) model_free(cx, m->model[k]);
        ctx_put(cx, m->model);
        ctx_put(cx, m->part);
        ctx_put(cx, m->learner);
        ctx_put(cx, m->params);
    }
    ctx_put(cx, b->member);
    ctx_put(cx, b->class_name);
    ctx_put(cx, b->target);
    ctx_put(cx, b->facts);
    schema_free(cx, b->schema);
    steps_free(cx, b->steps);
    table_free(cx, b->background);
    ctx_put(cx, b);
}

uint32_t build_outputs(const Build *b)
{
    return task_outputs(b->task, b->classes);
}

/* ---------------------------------------------------------------- conform */

static Err cell_conform(Ctx *cx, Builder *to, size_t col, const Column *from, bool time, size_t row)
{
    char buf[COLUMN_TEXT_MAX];
    size_t n;
    bool was_time = from->type == COLUMN_DATETIME;
    if (!column_has(from, row)) return builder_null(cx, to, col);
    if (from->num && was_time && time) return builder_time(cx, to, col, from->num[row]);
    if (from->num && !was_time) return builder_num(cx, to, col, from->num[row]);
    const char *s = column_text(from, row, buf, &n);
    return builder_text(cx, to, col, s, n);
}

/* Say every absent column at once: a person fixes them in one go. */
static Err refuse_absent(Ctx *cx, const Schema *s, const Table *in)
{
    Text names;
    size_t n = 0;
    text_init(&names, cx);
    for (size_t j = 0; j < s->n; j++) {
        if (!s->col[j].needed || table_find(in, s->col[j].name) != SIZE_MAX) continue;
        if (n++ < 10) text_fmt(&names, "%s'%s'", n > 1 ? ", " : "", s->col[j].name);
    }
    Err err = OK;
    if (n)
        err = FAIL(cx, ERR_BAD_INPUT, "%s lacks %zu column%s the build needs: %s%s; the build was trained with them, so the new data must have them too",
                   in->source && *in->source ? in->source : "the data", n, n > 1 ? "s" : "", names.at ? names.at : "", n > 10 ? ", …" : "");
    text_clear(&names);
    return err;
}

static Err conform_checks(Ctx *cx, const Schema *s, const Table *in, const Table *t, Text *warnings)
{
    for (size_t j = 0; j < s->n; j++) {
        const Column *c = &t->col[j];
        if (!c->bad) continue;
        size_t k = table_find(in, s->col[j].name);
        uint64_t had = in->rows - in->col[k].nulls + in->col[k].bad;       /* a reader that knew the schema made them missing */
        if (had && c->nulls == t->rows && s->col[j].needed)
            return FAIL(cx, ERR_BAD_INPUT, "column '%s' should hold %ss, but none of its %llu values reads as one", s->col[j].name,
                        column_type_word(s->col[j].type), (unsigned long long)had);
        if (!warnings) continue;
        char *line = ctx_scratch_fmt(cx, "column '%s': %llu value%s could not be read as %s and count%s as missing", s->col[j].name,
                                     (unsigned long long)c->bad, c->bad == 1 ? "" : "s", column_type_word(s->col[j].type),
                                     c->bad == 1 ? "s" : "");
        if (!line) return FAIL(cx, ERR_NOMEM, "reading column '%s'", s->col[j].name);
        json_text(warnings, line);
    }
    return OK;
}

Err build_conform(Ctx *cx, const Build *b, const Table *in, Table **out, Text *warnings)
{
    const Schema *s = b->schema;
    Err err = OK;
    Builder *to = NULL;
    Table *t = NULL;
    *out = NULL;
    TRY(cx, refuse_absent(cx, s, in));
    TRY_DONE(cx, builder_for(cx, s, true, in->source, &to));
    for (size_t j = 0; j < s->n; j++) {
        size_t k = table_find(in, s->col[j].name);
        bool time = s->col[j].type == COLUMN_DATETIME;
        for (size_t i = 0; i < in->rows; i++)
            TRY_DONE(cx, k == SIZE_MAX ? builder_null(cx, to, j) : cell_conform(cx, to, j, &in->col[k], time, i));
    }
    err = builder_end(cx, to, &t);
    to = NULL;
    if (err) goto done;
    for (size_t j = 0; j < s->n; j++) {             /* what the reader could not read counts here too */
        size_t k = table_find(in, s->col[j].name);
        if (k != SIZE_MAX) t->col[j].bad += in->col[k].bad;
    }
    TRY_DONE(cx, conform_checks(cx, s, in, t, warnings));
    *out = t;
    t = NULL;
done:
    builder_free(cx, to);
    table_free(cx, t);
    return err;
}

/* ---------------------------------------------------------------- predict */

static Err check_follows(Ctx *cx, const Build *b, const Table *t)
{
    if (t->cols != b->schema->n)
        return FAIL(cx, ERR_SHAPE, "the table has %zu columns, the build %zu; use build_conform first", t->cols, b->schema->n);
    return OK;
}

/* Add weight x margins of the member's models to `sum` for the rows listed; fold != NULL: each row only by
** models that did not see it, with counts per row kept so that the mean is right. */
static Err member_add(Ctx *cx, const Build *b, const Member *m, const StepFrame *f, const uint8_t *fold, size_t n,
                      double *buf, uint32_t *rows, double *sum)
{
    uint32_t k = build_outputs(b);
    for (uint32_t p = 0; p < m->parts_n; p++) {
        Frame X = steps_frame(f, m->part[p]);
        size_t rows_n = 0;
        double share = m->weight * m->scale / m->parts_n;
        for (uint32_t k_out = 0; fold && m->part[p] >= b->folds && k_out < b->folds; k_out++) {    /* it forgets each fold in turn */
            rows_n = 0;
            for (size_t i = 0; i < n; i++)
                if (fold[i] == k_out) rows[rows_n++] = (uint32_t)i;
            if (!rows_n) continue;
            TRY(cx, model_margin_but(cx, m->model[p], &X, rows, rows_n, k_out, buf));
            for (size_t i = 0; i < rows_n; i++)
                for (uint32_t c = 0; c < k; c++) sum[rows[i] * k + c] += share * buf[i * k + c];
        }
        if (fold && m->part[p] >= b->folds) continue;
        if (fold) {
            for (size_t i = 0; i < n; i++)
                if (fold[i] == m->part[p]) rows[rows_n++] = (uint32_t)i;
            share = m->weight * m->scale;
            if (!rows_n) continue;
            TRY(cx, model_margin(cx, m->model[p], &X, rows, rows_n, buf));
            for (size_t i = 0; i < rows_n; i++)
                for (uint32_t c = 0; c < k; c++) sum[rows[i] * k + c] += share * buf[i * k + c];
        } else {
            TRY(cx, model_margin(cx, m->model[p], &X, NULL, n, buf));
            for (size_t i = 0; i < n * k; i++) sum[i] += share * buf[i];
        }
    }
    return OK;
}

/* Out of fold, a row outside every fold is answered by all models, and so is
** every row by a member that has no model for the row's fold (refitted on all), unless it can forget a fold. */
static Err slice_margin(Ctx *cx, const Build *b, const Table *t, const uint8_t *fold, double *out)
{
    size_t n = t->rows;
    uint32_t k = build_outputs(b);
    Err err = OK;
    StepFrame *f = NULL;
    double *buf = NULL, *whole = NULL;
    uint32_t *rows = NULL;
    memset(out, 0, n * k * sizeof *out);
    TRY_DONE(cx, steps_apply(cx, b->steps, t, &f));
    GET_DONE(cx, buf, n * k, "predicting %zu rows", n);
    if (fold) {
        GET_DONE(cx, rows, n, "predicting %zu rows", n);
        GET_DONE(cx, whole, n * k, "predicting %zu rows", n);
    }
    for (uint32_t i = 0; i < b->members_n; i++) {
        const Member *m = &b->member[i];
        bool refitted = m->part[0] >= b->folds && !model_forgets(m->model[0]);     /* saw every row: no fold of it is honest */
        TRY_DONE(cx, member_add(cx, b, m, f, refitted ? NULL : fold, n, buf, rows, out));
        if (fold) TRY_DONE(cx, member_add(cx, b, m, f, NULL, n, buf, rows, whole));
    }
    for (size_t i = 0; i < n; i++) {
        for (uint32_t c = 0; c < k; c++) {
            if (fold && fold[i] >= b->folds) out[i * k + c] = whole[i * k + c];
            out[i * k + c] = out[i * k + c] * b->scale + b->shift;
        }
    }
done:
    steps_frame_free(cx, f);
    ctx_put(cx, buf);
    ctx_put(cx, rows);
    ctx_put(cx, whole);
    return err;
}

static Err part_margin(Ctx *cx, const Build *b, const Table *t, const uint8_t *fold, size_t from, size_t to, double *out)
{
    uint32_t *rows = NULL;
    Err err = OK;
    Table *part = NULL;
    if (!from && to == t->rows) return slice_margin(cx, b, t, fold, out);
    GET_DONE(cx, rows, to - from, "predicting %zu rows", to - from);
    for (size_t i = from; i < to; i++) rows[i - from] = (uint32_t)i;
    TRY_DONE(cx, table_rows(cx, t, rows, to - from, &part));
    TRY_DONE(cx, slice_margin(cx, b, part, fold ? fold + from : NULL, out));
done:
    table_free(cx, part);
    ctx_put(cx, rows);
    return err;
}

static Err sliced(Ctx *cx, const Build *b, const Table *t, const uint8_t *fold, size_t from, size_t to, double *out)
{
    uint32_t k = build_outputs(b);
    TRY(cx, check_follows(cx, b, t));
    for (size_t i = from; i < to; i += ROWS_AT_ONCE) {
        size_t n = to - i < ROWS_AT_ONCE ? to - i : ROWS_AT_ONCE;
        TRY(cx, part_margin(cx, b, t, fold, i, i + n, out + (i - from) * k));
        if (to - from <= ROWS_AT_ONCE) return OK;
        ctx_step(cx, "predicting", (double)(i - from + n), (double)(to - from));
        if (cx->cancel && *cx->cancel) TRY(cx, ctx_check(cx));
    }
    return OK;
}

Err build_margin(Ctx *cx, const Build *b, const Table *t, double *out)
{
    return sliced(cx, b, t, NULL, 0, t->rows, out);
}

Err build_margin_part(Ctx *cx, const Build *b, const Table *t, size_t from, size_t to, double *out)
{
    assert(from <= to && to <= t->rows);
    return sliced(cx, b, t, NULL, from, to, out);
}

Err build_margin_oof(Ctx *cx, const Build *b, const Table *t, const uint8_t *fold, double *out)
{
    return sliced(cx, b, t, fold, 0, t->rows, out);
}

void build_answer(const Build *b, const double *margin, size_t n, double *out)
{
    uint32_t k = build_outputs(b);
    for (size_t i = 0; i < n; i++) {
        if (task_is_pair(b->task)) out[i] = model_sigmoid(margin[i]);
        else if (b->task == TASK_REGRESSION) out[i] = fmin(fmax(margin[i], b->lo), b->hi);
        else {
            if (out != margin) memcpy(out + i * k, margin + i * k, k * sizeof *out);
            model_softmax(out + i * k, k);
        }
    }
}

uint32_t build_class(const Build *b, const double *answer)
{
    if (task_is_pair(b->task)) return answer[0] >= b->threshold;
    uint32_t best = 0;
    for (uint32_t c = 1; c < b->classes; c++)
        if (answer[c] > answer[best]) best = c;
    return best;
}

uint32_t build_class_find(const Build *b, const char *text, size_t n)
{
    char buf[NUM_TEXT_MAX];
    double v;
    while (n && (text[0] == ' ' || text[0] == '\t')) text++, n--;
    while (n && (text[n - 1] == ' ' || text[n - 1] == '\t')) n--;
    for (int canonical = 0; canonical < 2; canonical++) {
        for (uint32_t c = 0; c < b->classes; c++)
            if (strlen(b->class_name[c]) == n && !memcmp(b->class_name[c], text, n)) return c;
        if (!num_read(text, n, &v) || !isfinite(v)) break;
        n = num_text(v, buf);
        text = buf;
    }
    return UINT32_MAX;
}

/* ---------------------------------------------------------------- explain */

/* Features' values to the raw columns they were made of, in equal shares. */
static void fold_back(const Build *b, const Frame *X, const double *phi, double share, double *out)
{
    size_t p = b->schema->n;
    for (size_t j = 0; j < X->cols; j++) {
        uint32_t raws[STEPS_LIST_MAX];
        size_t raws_n = steps_feature_raws(b->steps, j, raws, STEPS_LIST_MAX);
        double v = share * phi[j];
        if (v == 0) continue;
        if (!raws_n) out[p] += v;                         /* made of nothing: part of the base */
        for (size_t k = 0; k < raws_n && k < STEPS_LIST_MAX; k++) out[raws[k]] += v / (double)raws_n;
    }
    out[p] += share * phi[X->cols];
}

static Err slice_explain(Ctx *cx, const Build *b, const Table *t, const StepFrame *back, double *out)
{
    size_t n = t->rows, p = b->schema->n;
    uint32_t k = build_outputs(b);
    Err err = OK;
    StepFrame *f = NULL;
    double *phi = NULL;
    memset(out, 0, n * k * (p + 1) * sizeof *out);
    TRY_DONE(cx, steps_apply(cx, b->steps, t, &f));
    for (uint32_t i = 0; i < b->members_n; i++) {
        const Member *m = &b->member[i];
        for (uint32_t q = 0; q < m->parts_n; q++) {
            Frame X = steps_frame(f, m->part[q]), B = steps_frame(back, m->part[q]);
            double share = b->scale * m->weight * m->scale / m->parts_n;
            if (!phi) GET_DONE(cx, phi, n * k * (X.cols + 1), "explaining %zu rows", n);
            TRY_DONE(cx, model_explain_shared(cx, m->model[q], &X, NULL, n, &B, m->parts_n, q, phi));
            for (size_t r = 0; r < n * k; r++) fold_back(b, &X, phi + r * (X.cols + 1), share, out + r * (p + 1));
        }
    }
    for (size_t r = 0; r < n * k; r++) out[r * (p + 1) + p] += b->shift;
done:
    steps_frame_free(cx, f);
    ctx_put(cx, phi);
    return err;
}

Err build_explain(Ctx *cx, const Build *b, const Table *t, double *out)
{
    uint32_t k = build_outputs(b), rows[EXPLAIN_AT_ONCE];
    Err err = OK;
    Table *part = NULL;
    StepFrame *back = NULL;
    TRY(cx, check_follows(cx, b, t));
    TRY_DONE(cx, steps_apply(cx, b->steps, b->background, &back));
    for (size_t from = 0; from < t->rows; from += EXPLAIN_AT_ONCE) {
        size_t n = t->rows - from < EXPLAIN_AT_ONCE ? t->rows - from : EXPLAIN_AT_ONCE;
        for (size_t i = 0; i < n; i++) rows[i] = (uint32_t)(from + i);
        TRY_DONE(cx, table_rows(cx, t, rows, n, &part));
        TRY_DONE(cx, slice_explain(cx, b, part, back, out + from * k * (b->schema->n + 1)));
        table_free(cx, part);
        part = NULL;
        ctx_step(cx, "explaining", (double)(from + n), (double)t->rows);
        TRY_DONE(cx, ctx_check(cx));
    }
done:
    table_free(cx, part);
    steps_frame_free(cx, back);
    return err;
}

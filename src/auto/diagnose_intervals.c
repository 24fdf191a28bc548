/* auto/diagnose_intervals.c -- how often intervals, or sets of classes, hold the truth, and how wide they are.
**
** New rows are judged by the calibration the build keeps.  Rows out of fold made that calibration themselves, so there
** each half of them is judged by what the other teaches.  Coverage and width as MAPIE's regression_coverage_score,
** classification_coverage_score and mean widths.
*/
#include "auto/diagnose.h"

#include "model/model.h"

#include <math.h>
#include <string.h>
#include <yyjson.h>

#define LEVELS 4
static const double levels[LEVELS] = { .5, .8, .9, .95 };

typedef struct Half { double *y, *answer; size_t n; } Half;
typedef struct Tally { double held, width, rows; } Tally;

static Err judge(Ctx *cx, const Study *s, const Conformal *c, const Half *h, Tally *tally)
{
    for (size_t l = 0; l < LEVELS; l++) {
        double q;
        Ctx quiet;
        ctx_child(cx, &quiet);
        Err err = conformal_level(&quiet, c, levels[l], &q);
        ctx_clear(&quiet);
        if (err == ERR_BAD_INPUT) continue;        /* too few rows for this level */
        if (err) return FAIL(cx, err, "judging intervals");
        for (size_t i = 0; i < h->n; i++) {
            const double *p = h->answer + i * s->k;
            double in = 0, wide = 0;
            if (s->b->task == TASK_REGRESSION) {
                wide = 2 * conformal_half(c, q, p[0]);
                in = fabs(h->y[i] - p[0]) <= wide / 2;
            } else for (uint32_t k = 0; k < s->b->classes; k++) {
                double share = s->k > 1 ? p[k] : k ? p[0] : 1 - p[0];
                bool best = s->k > 1 ? build_class(s->b, p) == k : (p[0] >= .5) == (k == 1);
                if (!conformal_in_set(q, share, best)) continue;
                wide++;
                in += h->y[i] == (double)k;
            }
            tally[l].held += in;
            tally[l].width += wide;
            tally[l].rows++;
        }
    }
    return OK;
}

/* Every second row of a shuffled order to each half. */
static Err halve(Ctx *cx, const Study *s, Half *half)
{
    Err err = OK;
    uint32_t *row = NULL;
    size_t m = s->n / 2;
    GET_DONE(cx, row, s->n, "judging intervals");
    study_draw(s, "halves", s->n, row, m);
    for (int h = 0; h < 2; h++) {
        GET_DONE(cx, half[h].y, s->n, "judging intervals");
        GET_DONE(cx, half[h].answer, s->n * s->k, "judging intervals");
    }
    for (size_t i = 0, at = 0; i < s->n; i++) {
        Half *h = &half[at < m && row[at] == i ? 0 : 1];
        at += h == half;
        h->y[h->n] = s->y[i];
        memcpy(h->answer + h->n++ * s->k, s->answer + i * s->k, s->k * sizeof *h->answer);
    }
done:
    ctx_put(cx, row);
    return err;
}

static void put_tally(const Study *s, const Conformal *c, const Tally *tally)
{
    json_key_open(s->json, "conformal");
    json_key_text(s->json, "kind", s->b->task != TASK_REGRESSION ? "sets" : c->knots ? "intervals that follow the answer" : "intervals of one width");
    json_key_open_array(s->json, "levels");
    for (size_t l = 0; l < LEVELS; l++) {
        if (tally[l].rows == 0) continue;
        json_open(s->json);
        json_key_num(s->json, "level", levels[l]);
        json_key_num(s->json, "coverage", tally[l].held / tally[l].rows);
        json_key_num(s->json, "width", tally[l].width / tally[l].rows);
        json_key_num(s->json, "n", tally[l].rows);
        json_close(s->json);
    }
    json_close_array(s->json);
    json_close(s->json);
}

Err study_intervals(Ctx *cx, Study *s)
{
    Err err = OK;
    Conformal c;
    Tally tally[LEVELS] = { { 0 } };
    Half half[2] = { { 0 } };
    bool has = true;
    if (s->fold) {
        TRY_DONE(cx, halve(cx, s, half));
        for (int h = 0; h < 2; h++) {
            TRY_DONE(cx, conformal_make(cx, s->b->task, half[!h].y, half[!h].answer, s->k, half[!h].n, &c));
            TRY_DONE(cx, judge(cx, s, &c, &half[h], tally));
        }
    } else {
        TRY_DONE(cx, conformal_read(cx, s->b->facts, &c, &has));
        Half all = { (double *)(uintptr_t)s->y, s->answer, s->n };
        if (has) TRY_DONE(cx, judge(cx, s, &c, &all, tally));
    }
    if (has) put_tally(s, &c, tally);
    else study_skip(s, "intervals: the build keeps no record of its errors out of fold; train it again");
done:
    for (int h = 0; h < 2; h++) {
        ctx_put(cx, half[h].y);
        ctx_put(cx, half[h].answer);
    }
    return err;
}

/* What the second stage says it made; the third adds behind them. */
uint32_t base_features(const Auto *a)
{
    const Text *t = &a->json[STAGE_PREPROCESS];
    yyjson_doc *doc = t->n ? yyjson_read(t->at, t->n, 0) : NULL;
    yyjson_val *v = yyjson_obj_get(yyjson_doc_get_root(doc), "features");
    double n = yyjson_is_num(v) ? yyjson_get_num(v) : 0;
    yyjson_doc_free(doc);
    return n > 0 && n <= (double)steps_features(a->steps) ? (uint32_t)n : 0;
}

Err diagnose_record(Ctx *cx, const Auto *a, const Build *b, Text *t)
{
    Err err = OK;
    Conformal c;
    size_t k = build_outputs(b), n = a->held_n;
    double *answer = NULL;
    json_key_int(t, "base_features", base_features(a));
    if (!a->oof) return OK;
    GET_DONE(cx, answer, n * k, "the errors of %zu rows", n);
    for (size_t i = 0; i < n; i++) memcpy(answer + i * k, a->oof + a->held[i] * k, k * sizeof *answer);
    build_answer(b, answer, n, answer);
    TRY_DONE(cx, conformal_make(cx, a->task, a->held_y, answer, k, n, &c));
    json_key(t, "conformal");
    conformal_json(&c, t);
done:
    ctx_put(cx, answer);
    return err;
}

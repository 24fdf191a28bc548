/* auto/diagnose_rounds.c -- how a booster came to what it knows: the score after so many rounds.
**
** Of the build's heaviest boosters the first trees are asked, on rows their fold held out and on rows they learned from;
** nothing is fitted again.  A fold that ended early keeps its last model to the end of the curve.  What lightgbm's
** record_evaluation tells while it learns, told afterwards.  Cost: rows x trees x depth.
*/
#include "auto/diagnose.h"

#include <math.h>
#include <string.h>

#define ROUNDS_ROWS 1500
#define ROUNDS_ROWS_FULL 4000
#define ROUNDS_BOOSTERS 3
#define ROUNDS_STOPS 32
#define ROUNDS_MIN 8
#define STEP_S 4e-8                /* a step of one row down one tree, for want of a measure */

typedef struct Course {
    const Study *s;
    const Member *member;
    const Some *m;
    const StepFrame *frame;
    uint32_t folds, stops, upto[ROUNDS_STOPS];     /* rounds */
    double *margin;                /* stops x rows x outputs */
    uint32_t *row;                 /* rows of one fold, and their answers */
    double *part;
} Course;

static bool is_booster(const Member *m)
{
    return m->parts_n && trees_is_sum(m->model[0]) && trees_count(m->model[0]) / m->model[0]->outputs >= ROUNDS_MIN;
}

/* Rounds to stop at: close together where the curve is steep. */
static void choose_stops(Course *c, uint32_t most)
{
    c->stops = 0;
    for (uint32_t i = 1; i <= ROUNDS_STOPS; i++) {
        double share = (double)i / ROUNDS_STOPS;
        uint32_t at = (uint32_t)ceil(share * share * most);
        if (!c->stops || at > c->upto[c->stops - 1]) c->upto[c->stops++] = at;
    }
}

/* Rows of fold f by the model of part p; rows that no model listed answers stay NaN. */
static Err ask_part(Ctx *cx, Course *c, uint32_t f, uint32_t p)
{
    const Member *m = c->member;
    uint32_t k = c->s->k, trees[ROUNDS_STOPS], q = 0;
    size_t n = 0;
    while (q < m->parts_n && m->part[q] != p) q++;
    if (q == m->parts_n) return OK;
    for (size_t i = 0; i < c->m->n; i++)
        if (c->m->fold[i] == f) c->row[n++] = (uint32_t)i;
    for (uint32_t s = 0; s < c->stops; s++) trees[s] = c->upto[s] * m->model[q]->outputs;
    Frame X = steps_frame(c->frame, p);
    TRY(cx, trees_course(cx, m->model[q], &X, c->row, n, trees, c->stops, c->part));
    for (uint32_t s = 0; s < c->stops; s++)
        for (size_t i = 0; i < n; i++)
            memcpy(c->margin + (s * c->m->n + c->row[i]) * k, c->part + (s * n + i) * k, k * sizeof *c->margin);
    return OK;
}

/* The curve on rows held out (seen false) or learned from: one of the other folds' models answers. */
static Err put_curve(Ctx *cx, Course *c, const char *key, bool seen)
{
    Err err = OK;
    const Study *s = c->s;
    size_t n = c->m->n, some = 0;
    double *margin = NULL, *y = NULL, score[ROUNDS_STOPS];
    for (size_t i = 0; i < c->stops * n * s->k; i++) c->margin[i] = NAN;
    for (uint32_t f = 0; f < c->folds; f++)
        if (!seen || f + 1 < c->folds) TRY(cx, ask_part(cx, c, f, seen ? f + 1 : f));
    GET_DONE(cx, margin, n * s->k, "the course of a booster");
    GET_DONE(cx, y, n, "the course of a booster");
    for (uint32_t i = 0; i < c->stops; i++) {
        some = 0;
        for (size_t r = 0; r < n; r++) {
            const double *from = c->margin + (i * n + r) * s->k;
            if (isnan(from[0])) continue;
            for (uint32_t o = 0; o < s->k; o++) margin[some * s->k + o] = from[o] * c->member->scale;
            y[some++] = c->m->y[r];
        }
        score[i] = NAN;
        if (some) TRY_DONE(cx, study_score(cx, s, s->metric, margin, y, some, &score[i]));
    }
    study_nums(s->json, key, score, c->stops);
done:
    ctx_put(cx, margin);
    ctx_put(cx, y);
    return err;
}

static Err put_booster(Ctx *cx, Course *c)
{
    Text *t = c->s->json;
    uint32_t most = 0, least = UINT32_MAX;
    for (uint32_t q = 0; q < c->member->parts_n; q++) {
        uint32_t rounds = trees_count(c->member->model[q]) / c->member->model[q]->outputs;
        most = rounds > most ? rounds : most;
        least = rounds < least ? rounds : least;
    }
    choose_stops(c, most);
    json_open(t);
    json_key_text(t, "learner", c->member->learner);
    json_key_int(t, "trial", c->member->trial);
    json_key_int(t, "first_end", least);
    json_key_open_array(t, "at");
    for (uint32_t i = 0; i < c->stops; i++) json_int(t, c->upto[i]);
    json_close_array(t);
    TRY(cx, put_curve(cx, c, "valid", false));
    TRY(cx, put_curve(cx, c, "train", true));
    json_close(t);
    return OK;
}

/* The heaviest boosters that have models by fold. */
static uint32_t heaviest(const Build *b, const Member **out)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->members_n; i++) {
        const Member *m = &b->member[i];
        if (!is_booster(m) || m->part[0] >= b->folds) continue;
        uint32_t at = n < ROUNDS_BOOSTERS ? n++ : ROUNDS_BOOSTERS;
        for (; at > 0 && out[at - 1]->weight < m->weight; at--)
            if (at < ROUNDS_BOOSTERS) out[at] = out[at - 1];
        if (at < ROUNDS_BOOSTERS) out[at] = m;
    }
    return n;
}

static size_t rows_for(Ctx *cx, const Study *s, const Member **booster, uint32_t n)
{
    double steps = 0, left = study_left_s(cx, s);
    size_t most = s->full ? ROUNDS_ROWS_FULL : ROUNDS_ROWS;
    for (uint32_t i = 0; i < n; i++) steps += 2. * trees_count(booster[i]->model[0]) * 8;
    if (most > s->n) most = s->n;
    double may = fmax(left, 0) * .3 / (steps * STEP_S);
    return may < (double)most ? (size_t)may : most;
}

Err study_rounds(Ctx *cx, Study *s)
{
    Err err = OK;
    Some m = { 0 };
    StepFrame *frame = NULL;
    const Member *booster[ROUNDS_BOOSTERS];
    uint32_t n = s->fold ? heaviest(s->b, booster) : 0;
    Course c = { .s = s };
    size_t rows = n ? rows_for(cx, s, booster, n) : 0;
    if (!n) return OK;                             /* new rows, or no booster: nothing to follow */
    if (rows < 50 && rows < s->n) {
        study_skip(s, "the course of the boosters: the time left is too short; `leat diagnose` follows it");
        return OK;
    }
    TRY_DONE(cx, some_take(cx, s, "rounds", rows, &m));
    TRY_DONE(cx, steps_apply(cx, s->b->steps, m.t, &frame));
    GET_DONE(cx, c.margin, ROUNDS_STOPS * rows * s->k, "the course of %u boosters", n);
    GET_DONE(cx, c.part, ROUNDS_STOPS * rows * s->k, "the course of %u boosters", n);
    GET_DONE(cx, c.row, rows, "the course of %u boosters", n);
    for (size_t i = 0; i < rows; i++)
        if (m.fold[i] < s->b->folds && m.fold[i] >= c.folds) c.folds = m.fold[i] + 1u;
    c.m = &m;
    c.frame = frame;
    json_key_open_array(s->json, "rounds");
    for (uint32_t i = 0; i < n; i++) {
        c.member = booster[i];
        TRY_DONE(cx, put_booster(cx, &c));
        if (cx->cancel && *cx->cancel) TRY_DONE(cx, ctx_check(cx));
    }
    json_close_array(s->json);
done:
    steps_frame_free(cx, frame);
    some_clear(cx, &m);
    ctx_put(cx, c.margin);
    ctx_put(cx, c.part);
    ctx_put(cx, c.row);
    return err;
}

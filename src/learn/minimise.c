/* learn/minimise.c -- L-BFGS (Nocedal, Wright 2006, 7.2) and OWL-QN for L1 (Andrew, Gao 2007).
**
** With an L1 penalty the pseudo-gradient takes the gradient's place, the direction is held to its signs and a
** step may not cross zero.  Line search: backtracking with a quadratic guess until the value drops enough.
** Memory: 2 MINIMISE_PAIRS + 6 vectors.
*/
#include "learn/minimise.h"

#include <math.h>
#include <string.h>

#define MINIMISE_PAIRS 20
#define MINIMISE_WINDOW 10
#define MINIMISE_TRIES_MAX 40
#define MINIMISE_ENOUGH 1e-4

typedef struct Work {
    const Minimise *m;
    size_t n;
    double *all;                                   /* one piece for everything below */
    double *gradient, *pseudo, *direction, *next, *next_gradient;
    double *s[MINIMISE_PAIRS], *y[MINIMISE_PAIRS], rho[MINIMISE_PAIRS];
    unsigned pairs;                                /* stored so far, ever */
} Work;

static double dot(const double *a, const double *b, size_t n)
{
    double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        s0 += a[i] * b[i];
        s1 += a[i + 1] * b[i + 1];
        s2 += a[i + 2] * b[i + 2];
        s3 += a[i + 3] * b[i + 3];
    }
    for (; i < n; i++) s0 += a[i] * b[i];
    return (s0 + s1) + (s2 + s3);
}

static Err work_open(Ctx *cx, const Minimise *m, Work *w)
{
    *w = (Work){ .m = m, .n = m->n };
    w->all = ctx_get_n(cx, m->n * (5 + 2 * MINIMISE_PAIRS), sizeof *w->all);
    if (!w->all) return FAIL(cx, ERR_NOMEM, "minimising over %zu numbers", m->n);
    double *at = w->all;
    w->gradient = at;
    w->pseudo = at += m->n;
    w->direction = at += m->n;
    w->next = at += m->n;
    w->next_gradient = at += m->n;
    for (size_t i = 0; i < MINIMISE_PAIRS; i++) {
        w->s[i] = at += m->n;
        w->y[i] = at += m->n;
    }
    return OK;
}

static double value_at(const Work *w, const double *x, double *gradient)
{
    double v = w->m->value(w->m->self, x, gradient);
    if (w->m->l1)
        for (size_t i = 0; i < w->n; i++) v += w->m->l1[i] * fabs(x[i]);
    return v;
}

/* The steepest slope at x, penalty included. */
static void pseudo_gradient(const Work *w, const double *x)
{
    const double *l1 = w->m->l1;
    for (size_t i = 0; i < w->n; i++) {
        double g = w->gradient[i], c = l1 ? l1[i] : 0;
        if (c == 0) w->pseudo[i] = g;
        else if (x[i] > 0) w->pseudo[i] = g + c;
        else if (x[i] < 0) w->pseudo[i] = g - c;
        else w->pseudo[i] = g + c < 0 ? g + c : g - c > 0 ? g - c : 0;
    }
}

static double steepest(const Work *w)
{
    double most = 0;
    for (size_t i = 0; i < w->n; i++) most = fmax(most, fabs(w->pseudo[i]));
    return most;
}

/* direction = -H pseudo by the two loops; with L1 only where it goes downhill. */
static void choose_direction(Work *w)
{
    double alpha[MINIMISE_PAIRS];
    unsigned kept = w->pairs < MINIMISE_PAIRS ? w->pairs : MINIMISE_PAIRS;
    double *d = w->direction;
    for (size_t i = 0; i < w->n; i++) d[i] = -w->pseudo[i];
    for (unsigned k = 1; k <= kept; k++) {
        unsigned p = (w->pairs - k) % MINIMISE_PAIRS;
        alpha[p] = dot(w->s[p], d, w->n) * w->rho[p];
        for (size_t i = 0; i < w->n; i++) d[i] -= alpha[p] * w->y[p][i];
    }
    if (kept) {
        unsigned last = (w->pairs - 1) % MINIMISE_PAIRS;
        double scale = 1 / (w->rho[last] * dot(w->y[last], w->y[last], w->n));
        for (size_t i = 0; i < w->n; i++) d[i] *= scale;
    }
    for (unsigned k = kept; k >= 1; k--) {
        unsigned p = (w->pairs - k) % MINIMISE_PAIRS;
        double beta = dot(w->y[p], d, w->n) * w->rho[p];
        for (size_t i = 0; i < w->n; i++) d[i] += (alpha[p] - beta) * w->s[p][i];
    }
    for (size_t i = 0; w->m->l1 && i < w->n; i++)
        if (w->m->l1[i] > 0 && d[i] * w->pseudo[i] >= 0) d[i] = 0;
}

/* next = x + step direction, not past zero where there is a penalty.  Returns its slope against the
** pseudo-gradient. */
static double walk(Work *w, const double *x, double step)
{
    double slope = 0;
    for (size_t i = 0; i < w->n; i++) {
        double to = x[i] + step * w->direction[i];
        if (w->m->l1 && w->m->l1[i] > 0) {
            double side = x[i] != 0 ? x[i] : -w->pseudo[i];
            if (to * side <= 0) to = 0;
        }
        w->next[i] = to;
        slope += w->pseudo[i] * (to - x[i]);
    }
    return slope;
}

/* A step that lowers the value enough; false when there is none to be found. */
static bool line_search(Work *w, const double *x, double value, double first, double *next_value)
{
    double step = first;
    for (int tries = 0; tries < MINIMISE_TRIES_MAX; tries++) {
        double slope = walk(w, x, step), v = value_at(w, w->next, w->next_gradient);
        *next_value = v;
        if (slope < 0 && v <= value + MINIMISE_ENOUGH * slope) return true;
        double bend = v - value - slope, guess = bend > 0 && isfinite(bend) ? -slope / (2 * bend) : .5;
        step *= guess < .1 ? .1 : guess > .5 ? .5 : guess;
    }
    return false;
}

static void remember(Work *w, const double *x)
{
    unsigned p = w->pairs % MINIMISE_PAIRS;
    for (size_t i = 0; i < w->n; i++) {
        w->s[p][i] = w->next[i] - x[i];
        w->y[p][i] = w->next_gradient[i] - w->gradient[i];
    }
    double sy = dot(w->s[p], w->y[p], w->n), yy = dot(w->y[p], w->y[p], w->n);
    if (!(sy > 1e-14 * yy) || !isfinite(sy)) return;     /* no curvature to learn from */
    w->rho[p] = 1 / sy;
    w->pairs++;
}

/* May another step be taken? */
static Err allowed(Ctx *cx, const Minimise *m, Minimised *out)
{
    Err err = ctx_check(cx);
    if (err == ERR_TIME && out->steps) out->cut = true;
    else if (err) return ctx_hop(cx, err, __FILE__, __LINE__);
    if (out->steps >= m->steps_max) out->cut = true;
    return OK;
}

static Err descend(Ctx *cx, Work *w, double *x, Minimised *out)
{
    double past[MINIMISE_WINDOW], next_value;
    for (;;) {
        TRY(cx, allowed(cx, w->m, out));
        pseudo_gradient(w, x);
        if (out->cut || steepest(w) <= w->m->flat) return OK;
        unsigned slot = out->steps % MINIMISE_WINDOW;
        if (out->steps >= MINIMISE_WINDOW && past[slot] - out->value <= w->m->drop * fabs(out->value)) return OK;
        past[slot] = out->value;
        choose_direction(w);
        double length = sqrt(dot(w->direction, w->direction, w->n));
        if (!line_search(w, x, out->value, w->pairs ? 1 : fmin(1, 1 / length), &next_value)) {
            if (!w->pairs) return OK;              /* as low as doubles can tell */
            w->pairs = 0;                          /* a stale picture of the curvature: start it afresh */
            continue;
        }
        remember(w, x);
        memcpy(x, w->next, w->n * sizeof *x);
        memcpy(w->gradient, w->next_gradient, w->n * sizeof *x);
        out->value = next_value;
        out->steps++;
    }
}

Err minimise(Ctx *cx, const Minimise *m, double *x, Minimised *out)
{
    Err err = OK;
    Work w;
    *out = (Minimised){ 0 };
    TRY(cx, work_open(cx, m, &w));
    TRY_DONE(cx, ctx_check(cx));
    out->value = value_at(&w, x, w.gradient);
    if (!isfinite(out->value)) {
        err = FAIL(cx, ERR_NUMERIC, "the loss is not a finite number at the start");
        goto done;
    }
    TRY_DONE(cx, descend(cx, &w, x, out));
done:
    ctx_put(cx, w.all);
    return err;
}

/* auto/ensemble.c -- which trials answer together, with what weights, how calibrated.
**
** Greedy selection with replacement on out-of-fold margins (Caruana et al. 2004),
** each member's temperature fitted first (Guo et al. 2017), the round with the
** least error kept; then members without which the error stays are left out, the
** slowest first, and while the build is too large, those that win least a byte.  Tried beside it on thirteen sets: bagged selection has .999 of its
** error (too little for its cost), weights by non-negative least squares or logistic
** regression 1.001 to 1.010, means of families 1.02 to 1.07, the best trial 1.02.  Calibration: one scale and, for two classes, one shift
** (Platt 1999) by Newton's method, kept only when log loss falls and inside a guard.
*/
#include "auto/anomaly.h"
#include "auto/ensemble.h"

#include "base/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS_MAX 30
#define ROWS_MAX 10000             /* rows the selection looks at; keyed sample beyond */
#define SCALE_LO .2
#define SCALE_HI 5.
#define GAIN_MIN 1e-4              /* relative log loss a calibration must win */
#define PROB_MIN 1e-15
#define SHARE_MIN .02              /* members with less are left out */
#define STAYS 2e-4                 /* error may grow by so much of itself when a member is left out, ... */
#define STAYS_US 50.               /* ... by as much again for every so many microseconds a row it takes ... */
#define STAYS_BYTES (1 << 20)      /* ... and for so many bytes, */
#define STAYS_MOST 1e-2            /* but no more than this */
#define SMALL_MEMBERS 3            /* of a build of few members fitted once, */
#define SMALL_BYTES (600 << 10)    /* each no larger than this */

/* How many configurations the selection may choose from: on few rows more of them fit the noise (AutoGluon). */
static const struct { double rows, models; } count_stop[] = { { 100, 4 }, { 500, 8 }, { 2500, 15 }, { 10000, 40 }, { 1e5, 100 } };

static size_t models_allowed(size_t rows)
{
    size_t n = sizeof count_stop / sizeof *count_stop;
    double x = log((double)rows);
    if (x <= log(count_stop[0].rows)) return (size_t)count_stop[0].models;
    for (size_t i = 1; i < n; i++) {
        double x0 = log(count_stop[i - 1].rows), x1 = log(count_stop[i].rows);
        if (x > x1) continue;
        double t = (x - x0) / (x1 - x0);
        return (size_t)exp(log(count_stop[i - 1].models) * (1 - t) + log(count_stop[i].models) * t);
    }
    return (size_t)count_stop[n - 1].models;
}

static double weight_of(const Auto *a, size_t i)
{
    return a->held_weight ? a->held_weight[i] : 1;
}

static double logloss(const Auto *a, const double *margin, double scale, double shift)
{
    uint32_t k = task_outputs(a->task, a->classes);
    double sum = 0, all = 0;
    for (size_t i = 0; i < a->held_n; i++) {
        const double *m = margin + i * k;
        double w = weight_of(a, i);
        all += w;
        if (a->task == TASK_BINARY) {
            double t = (m[0] * scale + shift) * (a->held_y[i] > 0 ? 1 : -1);
            sum += w * (t > 0 ? log1p(exp(-t)) : log1p(exp(t)) - t);
            continue;
        }
        double top = -INFINITY, total = 0;
        for (uint32_t c = 0; c < k; c++) top = fmax(top, m[c] * scale);
        for (uint32_t c = 0; c < k; c++) total += exp(m[c] * scale - top);
        sum += w * (log(total) + top - m[(size_t)a->held_y[i]] * scale);
    }
    return sum / all;
}

/* Least log loss over log(scale), by golden section: the loss is convex in scale. */
static double fit_scale(const Auto *a, const double *margin)
{
    const double ratio = .6180339887498949;
    double lo = log(SCALE_LO), hi = log(SCALE_HI);
    double x1 = hi - ratio * (hi - lo), x2 = lo + ratio * (hi - lo);
    double f1 = logloss(a, margin, exp(x1), 0), f2 = logloss(a, margin, exp(x2), 0);
    for (int i = 0; i < 18; i++) {
        if (f1 < f2) {
            hi = x2, x2 = x1, f2 = f1;
            x1 = hi - ratio * (hi - lo);
            f1 = logloss(a, margin, exp(x1), 0);
        } else {
            lo = x1, x1 = x2, f1 = f2;
            x2 = lo + ratio * (hi - lo);
            f2 = logloss(a, margin, exp(x2), 0);
        }
    }
    double best = exp((lo + hi) / 2);
    return logloss(a, margin, best, 0) < logloss(a, margin, 1, 0) * (1 - GAIN_MIN) ? best : 1;
}

/* Newton's method for log(p/(1-p)) = scale * margin + shift. */
static void fit_platt(const Auto *a, const double *margin, double *scale, double *shift)
{
    double s = 1, b = 0;
    for (int round = 0; round < 25; round++) {
        double g0 = 0, g1 = 0, h00 = 1e-9, h01 = 0, h11 = 1e-9;
        for (size_t i = 0; i < a->held_n; i++) {
            double own = weight_of(a, i), m = margin[i], p = model_sigmoid(s * m + b), e = own * (p - a->held_y[i]), w = own * p * (1 - p);
            g0 += e * m, g1 += e;
            h00 += w * m * m, h01 += w * m, h11 += w;
        }
        double det = h00 * h11 - h01 * h01;
        if (!(det > 0)) break;
        double ds = (h11 * g0 - h01 * g1) / det, db = (h00 * g1 - h01 * g0) / det;
        s -= ds, b -= db;
        if (fabs(ds) + fabs(db) < 1e-10) break;
    }
    *scale = s, *shift = b;
}

/* ---------------------------------------------------------------- greedy */

typedef struct Greedy {
    const Auto *a;
    TrialData **from;
    size_t n;
    size_t *row;                   /* rows looked at, as places in held */
    size_t rows;
    double *y, *sum, *try_, *weight;      /* weight: NULL when all rows count the same */
    uint32_t k;
} Greedy;

/* A constant adds nothing to a ranking and only dilutes margins: it answers when nothing else does. */
static bool constant(const TrialData *d)
{
    return !strcmp(d->learner->name, "baseline");
}

static Err greedy_open(Ctx *cx, const Auto *a, Greedy *g)
{
    bool others = false;
    Err err = OK;
    Random r = random_make(a->in->seed, "ensemble", 0, 0);
    g->a = a;
    g->k = task_outputs(a->task, a->classes);
    GET_DONE(cx, g->from, a->trials_n, "choosing an ensemble");
    for (uint32_t i = 0; i < a->trials_n; i++) others |= !constant(a->trial[i]) && !isinf(a->trial[i]->error) && a->trial[i]->parts_n;
    for (uint32_t i = 0; i < a->trials_n; i++) {
        TrialData *d = a->trial[i];
        if (!isinf(d->error) && d->parts_n && !(others && constant(d))) g->from[g->n++] = d;
    }
    qsort(g->from, g->n, sizeof *g->from, trial_by_error);
    size_t most = models_allowed(a->rows);
    if (g->n > most) g->n = most;
    GET_DONE(cx, g->row, a->held_n, "choosing an ensemble");
    double share = (double)ROWS_MAX / (double)a->held_n;
    for (size_t i = 0; i < a->held_n; i++)
        if (share >= 1 || random_unit(&r) < share) g->row[g->rows++] = i;
    GET_DONE(cx, g->y, g->rows, "choosing an ensemble");
    if (a->weight) GET_DONE(cx, g->weight, g->rows, "choosing an ensemble");
    GET_DONE(cx, g->sum, g->rows * g->k, "choosing an ensemble");
    GET_DONE(cx, g->try_, g->rows * g->k, "choosing an ensemble");
    for (size_t i = 0; i < g->rows; i++) {
        g->y[i] = a->held_y[g->row[i]];
        if (g->weight) g->weight[i] = a->held_weight[g->row[i]];
    }
done:
    return err;
}

static void greedy_close(Ctx *cx, Greedy *g)
{
    ctx_put(cx, g->from);
    ctx_put(cx, g->row);
    ctx_put(cx, g->y);
    ctx_put(cx, g->sum);
    ctx_put(cx, g->try_);
    ctx_put(cx, g->weight);
}

/* Error of (sum + member) / (chosen + 1).  Undefined counts as infinite. */
static Err error_with(Ctx *cx, Greedy *g, const TrialData *d, size_t chosen, double *out)
{
    double share = 1. / (double)(chosen + 1), score = NAN;
    uint32_t k = g->k;
    for (size_t i = 0; i < g->rows; i++) {
        const double *m = d->oof + g->row[i] * k;
        double *to = g->try_ + i * k;
        for (uint32_t c = 0; c < k; c++) to[c] = (g->sum[i * k + c] + d->scale * m[c]) * share;
    }
    auto_answers(g->a, g->try_, g->rows, 1, 0, g->try_);
    Err err = g->a->metric->score(cx, g->y, g->try_, g->weight, g->rows, g->a->classes, &score);
    *out = err || isnan(score) ? INFINITY : metric_error(g->a->metric, score);
    return err == ERR_NUMERIC ? OK : err;
}

static void add_member(Greedy *g, const TrialData *d)
{
    for (size_t i = 0; i < g->rows; i++)
        for (uint32_t c = 0; c < g->k; c++) g->sum[i * g->k + c] += d->scale * d->oof[g->row[i] * g->k + c];
}

/* May this one be chosen now?  A small build has few members, none of them large. */
static bool may_join(const Greedy *g, const TrialData *d, bool used, size_t members)
{
    if (!g->a->refit || used) return true;
    return members < SMALL_MEMBERS && (d->parts_n == 0 || d->told.size_bytes / d->parts_n <= SMALL_BYTES || members == 0);
}

static Err greedy_rounds(Ctx *cx, Auto *a, Greedy *g, Ensemble *out)
{
    size_t picked[ROUNDS_MAX], count = 0, keep = 0;
    double best_ever = INFINITY;
    double noted;
    size_t rounds = auto_noted(g->a, "greedy_rounds", &noted) ? (size_t)noted : ROUNDS_MAX;
    for (size_t round = 0; round < rounds && round < ROUNDS_MAX; round++) {
        double best = INFINITY;
        size_t at = 0;
        if (round && auto_left_s(cx, g->a, STAGE_TRAIN) <= 0) break;
        size_t members = 0;
        for (size_t r = 0; r < count; r++) {
            bool again = false;
            for (size_t q = 0; q < r; q++) again |= picked[q] == picked[r];
            members += !again;
        }
        for (size_t i = 0; i < g->n; i++) {
            double e;
            bool used = false;
            for (size_t r = 0; r < count; r++) used |= picked[r] == i;
            if (!may_join(g, g->from[i], used, members)) continue;
            TRY(cx, error_with(cx, g, g->from[i], round, &e));
            if (e < best || (e == best && used && !isinf(e))) best = e, at = i;
        }
        if (isinf(best)) break;
        picked[count++] = at;
        add_member(g, g->from[at]);
        out->greedy[out->greedy_n++] = best;
        if (best < best_ever - 1e-12) best_ever = best, keep = count;
    }
    for (size_t r = 0; r < keep; r++) g->from[picked[r]]->told.weight += 1. / (double)keep;
    out->rounds = (uint32_t)keep;
    return auto_note(cx, a, "greedy_rounds", (double)count);
}

/* All detectors that ended, alike: without labels nothing says which is best, and with them choosing would be learning
** (Aggarwal, Sathe 2015: averages of ranks are hard to beat). */
static void all_alike(Auto *a, Ensemble *out)
{
    uint32_t n = 0;
    *out = (Ensemble){ .scale = 1, .threshold = .5 };
    for (uint32_t i = 0; i < a->trials_n; i++) n += a->trial[i]->parts_n > 0 && a->trial[i]->told.state != TRIAL_FAILED;
    for (uint32_t i = 0; i < a->trials_n; i++) {
        TrialData *d = a->trial[i];
        d->told.weight = d->parts_n && d->told.state != TRIAL_FAILED ? 1. / n : 0;
        if (d->told.weight > 0 && (!out->single || d->error < out->single->error)) out->single = d;
    }
    out->rounds = n;
}

/* ------------------------------------------------------------------ prune */

/* What scoring by it takes; without a clock, its size. */
static double work_of(const Greedy *g, const TrialData *d)
{
    return auto_clocked(g->a) ? d->told.predict_us_row : (double)d->told.size_bytes;
}

/* Error of the members as weighted, but for one (NULL: of all). */
static Err error_without(Ctx *cx, Greedy *g, const TrialData *out_of, double *out)
{
    double all = 0, score = NAN;
    uint32_t k = g->k;
    memset(g->sum, 0, g->rows * k * sizeof *g->sum);
    for (size_t t = 0; t < g->n; t++) {
        const TrialData *d = g->from[t];
        if (d == out_of || d->told.weight == 0) continue;
        all += d->told.weight;
        for (size_t i = 0; i < g->rows; i++)
            for (uint32_t c = 0; c < k; c++) g->sum[i * k + c] += d->told.weight * d->scale * d->oof[g->row[i] * k + c];
    }
    for (size_t i = 0; i < g->rows * k; i++) g->try_[i] = g->sum[i] / all;
    auto_answers(g->a, g->try_, g->rows, 1, 0, g->try_);
    Err err = g->a->metric->score(cx, g->y, g->try_, g->weight, g->rows, g->a->classes, &score);
    *out = err || isnan(score) ? INFINITY : metric_error(g->a->metric, score);
    return err == ERR_NUMERIC ? OK : err;
}

/* Shares of those that stay, in an order that does not depend on who left first. */
static void share_out(Greedy *g)
{
    double all = 0;
    for (size_t i = 0; i < g->n; i++) all += g->from[i]->told.weight;
    for (size_t i = 0; i < g->n; i++) g->from[i]->told.weight /= all;
}

/* By how much of itself error may grow when d is left out. */
static double stays(const Greedy *g, const TrialData *d)
{
    double more = (double)d->told.size_bytes / STAYS_BYTES;
    if (auto_clocked(g->a)) more += d->told.predict_us_row / STAYS_US;
    return fmin(STAYS * (1 + more), STAYS_MOST);
}

/* The slowest member not yet looked at. */
static TrialData *slowest(const Greedy *g, const bool *looked, size_t *at)
{
    TrialData *most = NULL;
    for (size_t i = 0; i < g->n; i++)
        if (g->from[i]->told.weight > 0 && !looked[i] && (!most || work_of(g, g->from[i]) > work_of(g, most))) most = g->from[i], *at = i;
    return most;
}

/* What it adds to the build: a small build fits it once more instead of keeping its folds. */
static uint64_t bytes_of(const Greedy *g, const TrialData *d)
{
    return g->a->refit && d->parts_n ? d->told.size_bytes / d->parts_n : d->told.size_bytes;
}

static Err leave_out(Ctx *cx, Auto *a, TrialData *d)
{
    char key[40];
    snprintf(key, sizeof key, "left_out_%u", d->told.number);
    d->told.weight = 0;
    return auto_note(cx, a, key, 1);
}

/* While the members are too large together, the one leaves that wins least a byte; one alone may be of any size. */
static Err slim(Ctx *cx, Auto *a, Greedy *g, Ensemble *out)
{
    uint64_t most = a->refit ? ENSEMBLE_REFIT_BYTES_MAX : ENSEMBLE_BYTES_MAX;
    for (;;) {
        TrialData *worst = NULL;
        uint64_t all = 0;
        size_t members = 0;
        double now, least = INFINITY;
        for (size_t i = 0; i < g->n; i++) {
            if (g->from[i]->told.weight == 0) continue;
            members++;
            all += bytes_of(g, g->from[i]);
        }
        if (all <= most || members < 2) return OK;
        TRY(cx, error_without(cx, g, NULL, &now));
        for (size_t i = 0; i < g->n; i++) {
            TrialData *d = g->from[i];
            double e;
            if (d->told.weight == 0 || !bytes_of(g, d)) continue;
            TRY(cx, error_without(cx, g, d, &e));
            double gain = (e - now) / (double)bytes_of(g, d);
            if (!worst || gain < least) worst = d, least = gain;
        }
        if (!worst) return OK;
        out->too_large++;
        out->too_large_bytes += bytes_of(g, worst);
        TRY(cx, leave_out(cx, a, worst));
    }
}

/* The time scoring takes was measured by a clock: who is left out is noted by number. */
static Err prune(Ctx *cx, Auto *a, Greedy *g, Ensemble *out)
{
    Err err = OK;
    bool *looked = NULL;
    double limit;
    size_t at = 0;
    char key[40];
    GET_DONE(cx, looked, g->n, "choosing an ensemble");
    TRY_DONE(cx, error_without(cx, g, NULL, &limit));
    for (TrialData *d; (d = slowest(g, looked, &at)); looked[at] = true) {
        double e = INFINITY, noted = 0;
        bool leave, last = true;
        for (size_t i = 0; i < g->n; i++) last &= g->from[i] == d || g->from[i]->told.weight == 0;
        snprintf(key, sizeof key, "left_out_%u", d->told.number);
        if (a->replay) leave = auto_noted(a, key, &noted);
        else {
            if (!last) TRY_DONE(cx, error_without(cx, g, d, &e));
            leave = !last && (d->told.weight < SHARE_MIN || e <= limit * (1 + stays(g, d)));
        }
        if (!leave) continue;
        limit = fmax(limit, isinf(e) ? limit : e);
        TRY_DONE(cx, leave_out(cx, a, d));
    }
    if (!a->replay) TRY_DONE(cx, slim(cx, a, g, out));
    share_out(g);
done:
    ctx_put(cx, looked);
    return err;
}

Err ensemble_choose(Ctx *cx, Auto *a, Ensemble *out)
{
    Greedy g = { 0 };
    Err err = OK;
    *out = (Ensemble){ .scale = 1 };
    if (a->task == TASK_ANOMALY) {
        all_alike(a, out);
        return OK;
    }
    TRY_DONE(cx, greedy_open(cx, a, &g));
    if (a->task != TASK_REGRESSION)
        for (size_t i = 0; i < g.n; i++)
            if (!constant(g.from[i])) g.from[i]->scale = fit_scale(a, g.from[i]->oof);
    if (g.n) out->single = g.from[0];
    if (a->without & AUTO_NO_ENSEMBLE && g.n) {
        g.from[0]->told.weight = 1;
        out->rounds = 1;
        goto done;
    }
    TRY_DONE(cx, greedy_rounds(cx, a, &g, out));
    if (out->rounds) TRY_DONE(cx, prune(cx, a, &g, out));
done:
    greedy_close(cx, &g);
    return err;
}

/* Margins of the whole ensemble for every held row, before calibration. */
void ensemble_margin(const Auto *a, double *out)
{
    uint32_t k = task_outputs(a->task, a->classes);
    memset(out, 0, a->held_n * k * sizeof *out);
    for (uint32_t i = 0; i < a->trials_n; i++) {
        const TrialData *d = a->trial[i];
        double share = d->told.weight * d->scale;
        if (share == 0) continue;
        for (size_t r = 0; r < a->held_n * k; r++) out[r] += share * d->oof[r];
    }
}

void ensemble_calibrate(const Auto *a, const double *margin, Ensemble *e)
{
    double scale, shift = 0;
    if (a->task == TASK_REGRESSION || a->task == TASK_ANOMALY) return;
    e->loss_before = e->loss_after = logloss(a, margin, 1, 0);
    if (a->task == TASK_BINARY) fit_platt(a, margin, &scale, &shift);
    else scale = fit_scale(a, margin);
    double after = logloss(a, margin, scale, shift);
    if (!(scale >= SCALE_LO && scale <= SCALE_HI && fabs(shift) <= 5)) return;
    if (!(after < e->loss_before * (1 - GAIN_MIN))) return;
    e->scale = scale;
    e->shift = shift;
    e->loss_after = after;
}

/* The margin above which a share of contamination of the held rows lies, as a threshold of the answer. */
static Err share_above(Ctx *cx, const Auto *a, const double *margin, Ensemble *e)
{
    double share = a->contamination > 0 ? a->contamination : ANOMALY_CONTAMINATION;
    Err err = OK;
    uint32_t *order = NULL;
    GET_DONE(cx, order, a->held_n, "finding the threshold");
    TRY_DONE(cx, order_of(cx, margin, 1, a->held_n, order));
    size_t at = (size_t)floor((1 - share) * (double)a->held_n);
    e->threshold = model_sigmoid(margin[order[at < a->held_n ? at : a->held_n - 1]]);
done:
    ctx_put(cx, order);
    return err;
}

/* What the calls of class 1 in p cost, a row. */
static double call_cost(const Auto *a, const double *p)
{
    double sum = 0, all = 0;
    for (size_t i = 0; i < a->held_n; i++) {
        bool is = a->held_y[i] > 0, called = p[i] > 0;
        sum += weight_of(a, i) * (called && !is ? a->cost_alarm : is && !called ? a->cost_miss : 0);
        all += weight_of(a, i);
    }
    return sum / all;
}

/* The probability from which a row is called class 1: the one that makes the metric, or the costs, best out of fold.  Of equally
** good ones that nearest to what theory says of calibrated probabilities: one half, or alarm / (alarm + miss). */
Err ensemble_threshold(Ctx *cx, const Auto *a, const double *margin, Ensemble *e)
{
    Err err = OK;
    double *p = NULL, best = INFINITY;
    if (a->task == TASK_ANOMALY) return share_above(cx, a, margin, e);
    bool costs = a->cost_alarm > 0 || a->cost_miss > 0;
    double theory = costs ? fmin(fmax(a->cost_alarm / (a->cost_alarm + a->cost_miss), .01), .99) : .5;
    e->threshold = theory;
    if (a->task != TASK_BINARY || (!costs && (!a->metric->labels || !strcmp(a->metric->name, "accuracy")))) return OK;
    GET_DONE(cx, p, a->held_n, "choosing a threshold");
    for (int step = 1; step < 100; step++) {
        double t = step / 100., score = NAN;
        for (size_t i = 0; i < a->held_n; i++) p[i] = model_sigmoid(margin[i] * e->scale + e->shift) >= t;
        if (!costs) err = a->metric->score(cx, a->held_y, p, a->held_weight, a->held_n, 2, &score);
        if (err && err != ERR_NUMERIC) goto done;
        err = OK;
        double error = (costs ? call_cost(a, p) : metric_error(a->metric, score)) + 1e-9 * fabs(t - theory);
        if (error < best) best = error, e->threshold = t;
    }
done:
    ctx_put(cx, p);
    return err;
}

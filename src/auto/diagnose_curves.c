/* auto/diagnose_curves.c -- what every possible threshold would do: ROC, precision and recall, gain, lift, costs.
**
** Definitions are scikit-learn's (roc_curve, precision_recall_curve, average_precision_score; a row is a case when its
** probability is at least the threshold, as TunedThresholdClassifierCV cuts); KS is the two-sample statistic of the
** scores of cases and others.  Curves are computed whole and thinned for the page, areas and best thresholds before
** thinning.  Cost: O(n) a class after a radix sort.
*/
#include "auto/diagnose.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CURVE_POINTS 300
#define CURVE_CLASSES_MAX 12
#define LIFT_STEPS 50
#define LIFT_PARTS 10
#define THRESHOLD_POINTS 160

/* ------------------------------------------------------------ ROC, PR, gain */

/* Where each distinct score leaves things, highest score first; point 0 is before the first. */
typedef struct Sweep {
    size_t n;                  /* points */
    double *said, *right;      /* rows so far; positives among them */
    double *score;             /* their lowest score: the threshold that says so many */
    double rows, positives;
} Sweep;

static void sweep_clear(Ctx *cx, Sweep *w)
{
    ctx_put(cx, w->said);
    ctx_put(cx, w->right);
    ctx_put(cx, w->score);
}

/* Class c against the rest, by the probability of c. */
static Err sweep_make(Ctx *cx, const Study *s, uint32_t c, Sweep *w)
{
    Err err = OK;
    uint32_t *order = NULL;
    size_t at = s->k > 1 ? c : 0;
    *w = (Sweep){ .n = 1 };
    GET_DONE(cx, order, s->n, "a curve of %zu rows", s->n);
    GET_DONE(cx, w->said, s->n + 1, "a curve of %zu rows", s->n);
    GET_DONE(cx, w->right, s->n + 1, "a curve of %zu rows", s->n);
    GET_DONE(cx, w->score, s->n + 1, "a curve of %zu rows", s->n);
    TRY_DONE(cx, order_of(cx, s->answer + at, s->k, s->n, order));
    w->score[0] = nextafter(fmax(1, s->answer[order[s->n - 1] * s->k + at]), INFINITY);      /* says no row is a case */
    for (size_t i = s->n; i > 0;) {
        double score = s->answer[order[i - 1] * s->k + at];
        for (; i > 0 && s->answer[order[i - 1] * s->k + at] == score; i--) {
            w->rows++;
            w->positives += s->y[order[i - 1]] == (double)c;
        }
        w->said[w->n] = w->rows;
        w->score[w->n] = score;
        w->right[w->n++] = w->positives;
    }
done:
    ctx_put(cx, order);
    if (err) sweep_clear(cx, w);
    return err;
}

static double roc_area(const Sweep *w)
{
    double area = 0, p = w->positives, q = w->rows - w->positives;
    for (size_t i = 1; i < w->n; i++) {
        double x1 = w->said[i] - w->right[i], x0 = w->said[i - 1] - w->right[i - 1];
        area += (x1 - x0) * (w->right[i] + w->right[i - 1]) / 2;
    }
    return p > 0 && q > 0 ? area / (p * q) : NAN;
}

static double average_precision(const Sweep *w)
{
    double sum = 0;
    for (size_t i = 1; i < w->n; i++) sum += (w->right[i] - w->right[i - 1]) * w->right[i] / w->said[i];
    return w->positives > 0 ? sum / w->positives : NAN;
}

/* Points to show: about `points` of them, evenly spread along x and y together; both ends. */
static size_t thin(const double *x, const double *y, size_t n, double points, uint32_t *keep)
{
    double step = 2 / points, gone = 0;
    size_t m = 0;
    for (size_t i = 0; i < n; i++) {
        if (i) gone += fabs(x[i] - x[i - 1]) + fabs(y[i] - y[i - 1]);
        if (i && i + 1 < n && gone < step) continue;
        keep[m++] = (uint32_t)i;
        gone = 0;
    }
    return m;
}

static void put_points(Text *t, const char *key, const double *v, const uint32_t *keep, size_t m)
{
    json_key_open_array(t, key);
    for (size_t i = 0; i < m; i++) study_num(t, v[keep[i]]);
    json_close_array(t);
}

static const char *class_name(const Study *s, uint32_t c) { return s->b->class_name[c]; }

static Err put_class(Ctx *cx, const Study *s, uint32_t c, Text *roc, Text *pr)
{
    Err err = OK;
    Sweep w;
    double *x = NULL, *y = NULL;
    uint32_t *keep = NULL;
    TRY(cx, sweep_make(cx, s, c, &w));
    if (!(w.positives > 0) || !(w.rows > w.positives)) goto done;
    GET_DONE(cx, x, w.n, "a curve of %zu points", w.n);
    GET_DONE(cx, y, w.n, "a curve of %zu points", w.n);
    GET_DONE(cx, keep, w.n, "a curve of %zu points", w.n);
    for (size_t i = 0; i < w.n; i++) {
        x[i] = (w.said[i] - w.right[i]) / (w.rows - w.positives);
        y[i] = w.right[i] / w.positives;
    }
    size_t m = thin(x, y, w.n, CURVE_POINTS, keep);
    json_open(roc);
    json_key_text(roc, "class", class_name(s, c));
    json_key_num(roc, "auc", roc_area(&w));
    put_points(roc, "fpr", x, keep, m);
    put_points(roc, "tpr", y, keep, m);
    json_close(roc);
    for (size_t i = 0; i < w.n; i++) {
        x[i] = w.right[i] / w.positives;
        y[i] = i ? w.right[i] / w.said[i] : 1;
    }
    m = thin(x, y, w.n, CURVE_POINTS, keep);
    json_open(pr);
    json_key_text(pr, "class", class_name(s, c));
    json_key_num(pr, "ap", average_precision(&w));
    put_points(pr, "recall", x, keep, m);
    put_points(pr, "precision", y, keep, m);
    json_close(pr);
done:
    sweep_clear(cx, &w);
    ctx_put(cx, x);
    ctx_put(cx, y);
    ctx_put(cx, keep);
    return err;
}

static Err put_rankings(Ctx *cx, Study *s)
{
    Err err = OK;
    Text roc, pr;
    text_init(&roc, cx);
    text_init(&pr, cx);
    uint32_t shown = s->b->classes < CURVE_CLASSES_MAX ? s->b->classes : CURVE_CLASSES_MAX;
    for (uint32_t c = s->k > 1 ? 0 : 1; c < shown; c++) TRY_DONE(cx, put_class(cx, s, c, &roc, &pr));
    if (shown < s->b->classes) study_skip(s, "curves of all but the first %u of %u classes", shown, s->b->classes);
    json_key_open_array(s->json, "roc");
    if (roc.n) json_raw(s->json, roc.at);
    json_close_array(s->json);
    json_key_open_array(s->json, "pr");
    if (pr.n) json_raw(s->json, pr.at);
    json_close_array(s->json);
    if (roc.broken || pr.broken) err = FAIL(cx, ERR_NOMEM, "writing curves");
done:
    text_clear(&roc);
    text_clear(&pr);
    return err;
}

/* Share of the positives among the first `share` of the rows, rows of one score in no order; *from: where to look on. */
static double gain_at(const Sweep *w, double share, size_t *from)
{
    double at = share * w->rows;
    size_t i = *from;
    while (i + 1 < w->n && w->said[i] < at) i++;
    *from = i;
    double part = (at - w->said[i - 1]) / (w->said[i] - w->said[i - 1]);
    return (w->right[i - 1] + part * (w->right[i] - w->right[i - 1])) / w->positives;
}

/* Largest distance between the shares of cases and of others that are flagged. */
static double largest_gap(const Sweep *w, size_t *at)
{
    double most = 0, q = w->rows - w->positives;
    *at = 0;
    for (size_t i = 0; i < w->n; i++) {
        double gap = w->right[i] / w->positives - (w->said[i] - w->right[i]) / q;
        if (gap > most) most = gap, *at = i;
    }
    return most;
}

static void put_lift(Study *s, const Sweep *w)
{
    double share[LIFT_STEPS + 1], gain[LIFT_STEPS + 1], lift[LIFT_PARTS], last = 0;
    size_t from = 1, at;
    for (size_t k = 0; k <= LIFT_STEPS; k++) {
        share[k] = (double)k / LIFT_STEPS;
        gain[k] = gain_at(w, share[k], &from);
    }
    from = 1;
    for (size_t k = 0; k < LIFT_PARTS; k++) {
        double now = gain_at(w, (double)(k + 1) / LIFT_PARTS, &from);
        lift[k] = (now - last) * LIFT_PARTS;
        last = now;
    }
    double ks = largest_gap(w, &at);
    json_key_open(s->json, "lift");
    study_nums(s->json, "share", share, LIFT_STEPS + 1);
    study_nums(s->json, "gain", gain, LIFT_STEPS + 1);
    study_nums(s->json, "lift", lift, LIFT_PARTS);
    json_key_num(s->json, "ks", ks);
    json_key_num(s->json, "ks_at", w->score[at]);
    json_close(s->json);
}

/* -------------------------------------------------------------- thresholds */

typedef double Worth(const Sweep *w, size_t i, const double *cost);

static double f1_of(const Sweep *w, size_t i, const double *cost)
{
    (void)cost;
    return 2 * w->right[i] / (w->said[i] + w->positives);
}

static double balanced_of(const Sweep *w, size_t i, const double *cost)
{
    (void)cost;
    double q = w->rows - w->positives;
    return (w->right[i] / w->positives + 1 - (w->said[i] - w->right[i]) / q) / 2;
}

/* Mean cost of a row, negated: cost[0] a false alarm, cost[1] a missed case. */
static double saved_of(const Sweep *w, size_t i, const double *cost)
{
    return -((w->said[i] - w->right[i]) * cost[0] + (w->positives - w->right[i]) * cost[1]) / w->rows;
}

static size_t best_of(const Sweep *w, Worth *worth, const double *cost)
{
    size_t best = 0;
    for (size_t i = 1; i < w->n; i++)
        if (worth(w, i, cost) > worth(w, best, cost) * (1 + 1e-12 * (worth(w, best, cost) > 0 ? 1 : -1))) best = i;
    return best;
}

/* The point that the threshold t stands for: the last whose scores are all at least t. */
static size_t point_of(const Sweep *w, double t)
{
    size_t lo = 0, hi = w->n;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (w->score[mid] >= t) lo = mid;
        else hi = mid;
    }
    return lo;
}

static void put_best(Text *t, const Sweep *w, const char *name, Worth *worth, double now)
{
    size_t at = best_of(w, worth, NULL);
    json_key_open(t, name);
    json_key_num(t, "threshold", w->score[at]);
    json_key_num(t, "value", worth(w, at, NULL));
    json_key_num(t, "now", worth(w, point_of(w, now), NULL));
    json_close(t);
}

static void put_worth(Text *t, const char *key, const Sweep *w, const uint32_t *keep, size_t m, Worth *worth, const double *cost, double sign)
{
    json_key_open_array(t, key);
    for (size_t i = 0; i < m; i++) study_num(t, sign * worth(w, keep[i], cost));
    json_close_array(t);
}

/* What mistakes cost on average, by threshold: at the person's own price, or at three to choose from. */
static void put_costs(Study *s, const Sweep *w, const uint32_t *keep, size_t m)
{
    const double own[][2] = { { s->cost_fp, s->cost_fn } }, usual[][2] = { { 1, 1 }, { 1, 5 }, { 5, 1 } };
    bool given = s->cost_fp > 0 || s->cost_fn > 0;
    json_key_open_array(s->json, "cost");
    for (size_t i = 0; i < (given ? 1u : 3u); i++) {
        const double *cost = given ? own[i] : usual[i];
        size_t best = best_of(w, saved_of, cost), now = point_of(w, s->b->threshold);
        json_open(s->json);
        json_key_num(s->json, "fp", cost[0]);
        json_key_num(s->json, "fn", cost[1]);
        put_worth(s->json, "mean", w, keep, m, saved_of, cost, -1);
        json_key_open(s->json, "best");
        json_key_num(s->json, "threshold", w->score[best]);
        json_key_num(s->json, "value", -saved_of(w, best, cost));
        json_key_num(s->json, "false_alarms", w->said[best] - w->right[best]);
        json_key_num(s->json, "missed", w->positives - w->right[best]);
        json_close(s->json);
        json_key_num(s->json, "now", -saved_of(w, now, cost));
        json_close(s->json);
    }
    json_close_array(s->json);
}

static Err put_thresholds(Ctx *cx, Study *s, const Sweep *w)
{
    Err err = OK;
    uint32_t *keep = NULL;
    double *share = NULL, now = s->b->threshold;
    GET_DONE(cx, keep, w->n, "thresholds of %zu rows", s->n);
    GET_DONE(cx, share, w->n, "thresholds of %zu rows", s->n);
    for (size_t i = 0; i < w->n; i++) share[i] = w->said[i] / w->rows;
    size_t m = thin(w->score, share, w->n, THRESHOLD_POINTS, keep);
    json_key_open(s->json, "threshold");
    json_key_text(s->json, "class", class_name(s, 1));
    json_key_num(s->json, "now", now);
    put_points(s->json, "at", w->score, keep, m);
    put_points(s->json, "flagged", share, keep, m);
    json_key_open_array(s->json, "precision");
    for (size_t i = 0; i < m; i++) study_num(s->json, keep[i] ? w->right[keep[i]] / w->said[keep[i]] : NAN);
    json_close_array(s->json);
    json_key_open_array(s->json, "recall");
    for (size_t i = 0; i < m; i++) study_num(s->json, w->right[keep[i]] / w->positives);
    json_close_array(s->json);
    put_worth(s->json, "f1", w, keep, m, f1_of, NULL, 1);
    put_worth(s->json, "balanced_accuracy", w, keep, m, balanced_of, NULL, 1);
    put_costs(s, w, keep, m);
    json_key_open(s->json, "best");
    put_best(s->json, w, "f1", f1_of, now);
    put_best(s->json, w, "balanced_accuracy", balanced_of, now);
    json_close(s->json);
    json_close(s->json);
done:
    ctx_put(cx, keep);
    ctx_put(cx, share);
    return err;
}

Err study_curves(Ctx *cx, Study *s)
{
    Err err = OK;
    Sweep w;
    if (s->b->task == TASK_REGRESSION) return OK;
    TRY(cx, put_rankings(cx, s));
    if (s->b->task != TASK_BINARY) return OK;
    TRY(cx, sweep_make(cx, s, 1, &w));
    if (w.positives > 0 && w.positives < w.rows) {
        put_lift(s, &w);
        err = put_thresholds(cx, s, &w);
    }
    sweep_clear(cx, &w);
    return err;
}

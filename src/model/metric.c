/* model/metric.c -- how good predictions are.
**
** Definitions are scikit-learn's, edge cases too: what is undefined there is NaN and ERR_NUMERIC here.  Rows of
** weight 0 count as absent, except that f1 keeps averaging over a class only they name.  Sums are plain doubles.
** The bootstrap weighs each row by how often it was drawn; auc orders the rows once and reuses the order.
** Cost: O(n classes), auc O(n) a class after a radix sort.
*/
#include "model/metric.h"

#include "base/random.h"
#include "model/order.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#define METRIC_SE_CELLS_MAX ((size_t)1 << 22)     /* rows x classes of a bootstrap; above: a keyed part of the rows */
#define METRIC_SE_ROWS_MAX 50000

/* ------------------------------------------------------------------ pieces */

static double weight_of(const double *weight, size_t i) { return weight ? weight[i] : 1; }

static size_t columns_of(uint32_t classes) { return classes > 2 ? classes : 1; }

static Err undefined(Ctx *cx, const char *metric, const char *why, double *out)
{
    *out = NAN;
    return FAIL(cx, ERR_NUMERIC, "'%s' is undefined here: %s", metric, why);
}

/* Nothing can be said of no rows or of predictions that are no numbers. */
static Err check_numbers(Ctx *cx, const char *metric, const double *p, const double *weight, size_t n, size_t cols,
                         double *out)
{
    double sum = 0;
    *out = NAN;
    for (size_t i = 0; i < n; i++) sum += weight_of(weight, i);
    if (!(sum > 0)) return undefined(cx, metric, "no rows with weight", out);
    for (size_t i = 0; i < n * cols; i++)
        if (!isfinite(p[i])) return undefined(cx, metric, "a prediction is not a finite number", out);
    return OK;
}

static uint32_t class_of(const double *p, size_t i, uint32_t classes)
{
    if (classes <= 2) return p[i] >= .5;
    const double *row = p + i * classes;
    uint32_t best = 0;
    for (uint32_t c = 1; c < classes; c++)
        if (row[c] > row[best]) best = c;
    return best;
}

/* --------------------------------------------------------------------- auc */

/* Share of pairs (positive, negative) in order, ties 1/2, of rows ordered by p, smallest first.  NaN if a side is
** empty.  p is read at p[i * stride]; a row is positive when y == yes. */
static double auc_ordered(const double *y, double yes, const double *p, size_t stride, const double *weight,
                          const uint32_t *order, size_t n)
{
    double below = 0, won = 0, pos_all = 0;
    for (size_t i = 0; i < n;) {
        double pos = 0, neg = 0, at = p[order[i] * stride];
        for (; i < n && p[order[i] * stride] == at; i++) {
            double w = weight_of(weight, order[i]);
            if (y[order[i]] == yes) pos += w;
            else neg += w;
        }
        won += pos * (below + .5 * neg);
        below += neg;
        pos_all += pos;
    }
    return pos_all > 0 && below > 0 ? won / (pos_all * below) : NAN;
}

/* order: columns_of(classes) orders of n rows each. */
static double auc_all(const double *y, const double *p, const double *weight, const uint32_t *order, size_t n,
                      uint32_t classes)
{
    size_t cols = columns_of(classes);
    double sum = 0;
    if (cols == 1) return auc_ordered(y, 1, p, 1, weight, order, n);
    for (size_t c = 0; c < cols; c++)
        sum += auc_ordered(y, (double)c, p + c, cols, weight, order + c * n, n);
    return sum / (double)cols;
}

typedef double Ordered(const double *y, double yes, const double *p, size_t stride, const double *weight, const uint32_t *order, size_t n);

/* What an order of the rows is worth: of class 1, or of each class against the rest, averaged. */
static Err rank_score(Ctx *cx, const char *metric, const char *undefined_when, Ordered *worth, const double *y, const double *p,
                      const double *weight, size_t n, uint32_t classes, double *out)
{
    size_t cols = columns_of(classes);
    double sum = 0;
    Err err = OK;
    uint32_t *order = NULL;
    TRY(cx, check_numbers(cx, metric, p, weight, n, cols, out));
    GET_DONE(cx, order, n, "%s of %zu rows", metric, n);
    for (size_t c = 0; c < cols; c++) {
        TRY_DONE(cx, order_of(cx, p + c, cols, n, order));
        sum += worth(y, cols == 1 ? 1 : (double)c, p + c, cols, weight, order, n);
    }
    *out = sum / (double)cols;
    if (isnan(*out)) err = undefined(cx, metric, undefined_when, out);
done:
    ctx_put(cx, order);
    return err;
}

static Err auc_score(Ctx *cx, const double *y, const double *p, const double *weight, size_t n, uint32_t classes,
                     double *out)
{
    return rank_score(cx, "auc", "a class has no row, or all of them", auc_ordered, y, p, weight, n, classes, out);
}

/* Sum over thresholds, greatest first, of the recall each adds times the precision there; order is smallest first. */
static double precision_ordered(const double *y, double yes, const double *p, size_t stride, const double *weight, const uint32_t *order,
                                size_t n)
{
    double found = 0, asked = 0, sum = 0, all = 0;
    for (size_t i = 0; i < n; i++) all += y[i] == yes ? weight_of(weight, i) : 0;
    for (size_t i = n; i > 0;) {
        double at = p[order[i - 1] * stride], more = 0;
        for (; i > 0 && p[order[i - 1] * stride] == at; i--) {
            double w = weight_of(weight, order[i - 1]);
            asked += w;
            if (y[order[i - 1]] == yes) more += w;
        }
        found += more;
        if (more > 0) sum += more / all * (found / asked);
    }
    return all > 0 ? sum : NAN;
}

static Err average_precision_score(Ctx *cx, const double *y, const double *p, const double *weight, size_t n, uint32_t classes,
                                   double *out)
{
    return rank_score(cx, "average_precision", "a class has no row", precision_ordered, y, p, weight, n, classes, out);
}

/* ---------------------------------------------------------------- log loss */

static double clipped(double p)
{
    return p < DBL_EPSILON ? DBL_EPSILON : p > 1 - DBL_EPSILON ? 1 - DBL_EPSILON : p;
}

static Err logloss_score(Ctx *cx, const double *y, const double *p, const double *weight, size_t n, uint32_t classes,
                         double *out)
{
    size_t cols = columns_of(classes);
    double sum = 0, all = 0;
    TRY(cx, check_numbers(cx, "logloss", p, weight, n, cols, out));
    for (size_t i = 0; i < n; i++) {
        double w = weight_of(weight, i), q;
        if (cols > 1) q = p[i * cols + (size_t)y[i]];
        else q = y[i] == 1 ? p[i] : 1 - p[i];
        sum -= w * log(clipped(q));
        all += w;
    }
    *out = sum / all;
    return OK;
}

/* ------------------------------------------------------------ hard classes */

static Err accuracy_score(Ctx *cx, const double *y, const double *p, const double *weight, size_t n, uint32_t classes,
                          double *out)
{
    double right = 0, all = 0;
    TRY(cx, check_numbers(cx, "accuracy", p, weight, n, columns_of(classes), out));
    for (size_t i = 0; i < n; i++) {
        double w = weight_of(weight, i);
        if ((double)class_of(p, i, classes) == y[i]) right += w;
        all += w;
    }
    *out = right / all;
    return OK;
}

/* What the metrics of hard classes need of each class. */
typedef struct Tally {
    double hit, truth, said;     /* weight of rows: rightly so called, of the class, so called */
    bool named;                  /* some row is of it, or was called so */
} Tally;

static Err tally(Ctx *cx, const double *y, const double *p, const double *weight, size_t n, uint32_t classes,
                 Tally **out)
{
    Tally *t = ctx_get_n(cx, classes, sizeof *t);
    if (!t) return FAIL(cx, ERR_NOMEM, "counting %u classes", classes);
    for (size_t i = 0; i < n; i++) {
        double w = weight_of(weight, i);
        uint32_t is = (uint32_t)y[i], said = class_of(p, i, classes);
        t[is].truth += w;
        t[said].said += w;
        if (is == said) t[is].hit += w;
        t[is].named = t[said].named = true;
    }
    *out = t;
    return OK;
}

static Err balanced_score(Ctx *cx, const double *y, const double *p, const double *weight, size_t n, uint32_t classes,
                          double *out)
{
    Tally *t;
    double sum = 0, seen = 0;
    TRY(cx, check_numbers(cx, "balanced_accuracy", p, weight, n, columns_of(classes), out));
    TRY(cx, tally(cx, y, p, weight, n, classes, &t));
    for (uint32_t c = 0; c < classes; c++) {
        if (!(t[c].truth > 0)) continue;
        sum += t[c].hit / t[c].truth;
        seen++;
    }
    *out = sum / seen;
    ctx_put(cx, t);
    return OK;
}

/* drawn: a class that only rows of weight 0 name is absent (a bootstrap), else it counts as scikit-learn counts it. */
static Err f1_any(Ctx *cx, const double *y, const double *p, const double *weight, size_t n, uint32_t classes,
                  bool drawn, double *out)
{
    Tally *t;
    double sum = 0, seen = 0;
    TRY(cx, check_numbers(cx, "f1", p, weight, n, columns_of(classes), out));
    TRY(cx, tally(cx, y, p, weight, n, classes, &t));
    for (uint32_t c = classes == 2; c < classes; c++) {
        double under = t[c].truth + t[c].said;
        if (classes > 2 && (drawn ? !(under > 0) : !t[c].named)) continue;
        sum += under > 0 ? 2 * t[c].hit / under : 0;
        seen++;
    }
    *out = sum / seen;
    ctx_put(cx, t);
    return OK;
}

static Err f1_score(Ctx *cx, const double *y, const double *p, const double *weight, size_t n, uint32_t classes,
                    double *out)
{
    return f1_any(cx, y, p, weight, n, classes, false, out);
}

/* ------------------------------------------------------------------ values */

static Err rmse_score(Ctx *cx, const double *y, const double *p, const double *weight, size_t n, uint32_t classes,
                      double *out)
{
    double sum = 0, all = 0;
    (void)classes;
    TRY(cx, check_numbers(cx, "rmse", p, weight, n, 1, out));
    for (size_t i = 0; i < n; i++) {
        double w = weight_of(weight, i), e = y[i] - p[i];
        sum += w * e * e;
        all += w;
    }
    *out = sqrt(sum / all);
    return OK;
}

static Err mae_score(Ctx *cx, const double *y, const double *p, const double *weight, size_t n, uint32_t classes,
                     double *out)
{
    double sum = 0, all = 0;
    (void)classes;
    TRY(cx, check_numbers(cx, "mae", p, weight, n, 1, out));
    for (size_t i = 0; i < n; i++) {
        double w = weight_of(weight, i);
        sum += w * fabs(y[i] - p[i]);
        all += w;
    }
    *out = sum / all;
    return OK;
}

static Err r2_score(Ctx *cx, const double *y, const double *p, const double *weight, size_t n, uint32_t classes,
                    double *out)
{
    double mean = 0, all = 0, left = 0, total = 0;
    (void)classes;
    TRY(cx, check_numbers(cx, "r2", p, weight, n, 1, out));
    if (n < 2) return undefined(cx, "r2", "it needs two rows", out);
    for (size_t i = 0; i < n; i++) {
        mean += weight_of(weight, i) * y[i];
        all += weight_of(weight, i);
    }
    mean /= all;
    for (size_t i = 0; i < n; i++) {
        double w = weight_of(weight, i);
        left += w * (y[i] - p[i]) * (y[i] - p[i]);
        total += w * (y[i] - mean) * (y[i] - mean);
    }
    *out = total > 0 ? 1 - left / total : left > 0 ? 0 : 1;
    return OK;
}

static Err mape_score(Ctx *cx, const double *y, const double *p, const double *weight, size_t n, uint32_t classes,
                      double *out)
{
    double sum = 0, all = 0;
    (void)classes;
    TRY(cx, check_numbers(cx, "mape", p, weight, n, 1, out));
    for (size_t i = 0; i < n; i++) {
        double w = weight_of(weight, i);
        sum += w * (fabs(y[i] - p[i]) / fmax(fabs(y[i]), DBL_EPSILON));
        all += w;
    }
    *out = sum / all;
    return OK;
}

/* -------------------------------------------------------------------- rows */

enum { CLASSES = 1 << TASK_BINARY | 1 << TASK_MULTICLASS, VALUES = 1 << TASK_REGRESSION,
       RANKS = CLASSES | 1 << TASK_ANOMALY };

static const Metric metrics[] = {
    {
        .name = "auc", .summary = "chance that a positive row ranks above a negative one (multiclass: one against the rest)",
        .aliases = (const char *const[]){ "roc_auc", "roc_auc_score", "roc_auc_ovr", NULL },
        .higher = true, .tasks = RANKS, .score = auc_score,
    },
    {
        .name = "average_precision", .summary = "precision, averaged over the recall it is bought with (multiclass: one against the rest)",
        .aliases = (const char *const[]){ "average_precision_score", "ap", "pr_auc", NULL },
        .higher = true, .tasks = RANKS, .score = average_precision_score,
    },
    {
        .name = "logloss", .summary = "mean surprise at the true class, in nats",
        .aliases = (const char *const[]){ "neg_log_loss", "log_loss", NULL },
        .tasks = CLASSES, .smooth = true, .score = logloss_score,
    },
    {
        .name = "accuracy", .summary = "share of rows whose class is right",
        .aliases = (const char *const[]){ "accuracy_score", NULL },
        .higher = true, .tasks = CLASSES, .labels = true, .score = accuracy_score,
    },
    {
        .name = "balanced_accuracy", .summary = "share of each class that is found, averaged over classes",
        .aliases = (const char *const[]){ "balanced_accuracy_score", NULL },
        .higher = true, .tasks = CLASSES, .labels = true, .score = balanced_score,
    },
    {
        .name = "f1", .summary = "balance of precision and recall of the second class (multiclass: averaged over classes)",
        .aliases = (const char *const[]){ "f1_score", "f1_macro", NULL },
        .higher = true, .tasks = CLASSES, .labels = true, .score = f1_score,
    },
    {
        .name = "rmse", .summary = "root of the mean squared error, in the target's unit",
        .aliases = (const char *const[]){ "neg_root_mean_squared_error", "root_mean_squared_error", NULL },
        .tasks = VALUES, .smooth = true, .score = rmse_score,
    },
    {
        .name = "mae", .summary = "mean absolute error, in the target's unit",
        .aliases = (const char *const[]){ "neg_mean_absolute_error", "mean_absolute_error", NULL },
        .tasks = VALUES, .smooth = true, .score = mae_score,
    },
    {
        .name = "r2", .summary = "share of the target's variance that is explained",
        .aliases = (const char *const[]){ "r2_score", NULL },
        .higher = true, .tasks = VALUES, .smooth = true, .score = r2_score,
    },
    {
        .name = "mape", .summary = "mean absolute error as a share of the true value",
        .aliases = (const char *const[]){ "neg_mean_absolute_percentage_error", "mean_absolute_percentage_error", NULL },
        .tasks = VALUES, .smooth = true, .score = mape_score,
    },
};

const Metric *metric_at(size_t i)
{
    return i < sizeof metrics / sizeof *metrics ? &metrics[i] : NULL;
}

const Metric *metric_find(const char *name)
{
    for (size_t i = 0; i < sizeof metrics / sizeof *metrics; i++) {
        if (!strcasecmp(metrics[i].name, name)) return &metrics[i];
        for (const char *const *a = metrics[i].aliases; *a; a++)
            if (!strcasecmp(*a, name)) return &metrics[i];
    }
    return NULL;
}

const Metric *metric_default(Task task)
{
    static const char *const name[TASKS_N] = {
        [TASK_BINARY] = "auc", [TASK_MULTICLASS] = "logloss", [TASK_REGRESSION] = "rmse",
        [TASK_ANOMALY] = "auc",
    };
    assert(task < TASKS_N);
    return metric_find(name[task]);
}

double metric_error(const Metric *m, double value)
{
    return m->higher ? 1 - value : value;
}

/* --------------------------------------------------------------- bootstrap */

/* The rows a bootstrap works on: all of them, or a keyed part when they are very many. */
typedef struct Sample { double *y, *p, *weight, *own; uint32_t *order; size_t n, cols; } Sample;

static void sample_clear(Ctx *cx, Sample *s)
{
    ctx_put(cx, s->y);
    ctx_put(cx, s->p);
    ctx_put(cx, s->weight);
    ctx_put(cx, s->own);
    ctx_put(cx, s->order);
}

/* Draws s->n of n rows without repeats, keeping their order (selection sampling: Knuth 3.4.2 S). */
static Err sample_take(Ctx *cx, const double *y, const double *p, const double *weight, size_t n, Sample *s)
{
    Random r = random_make(cx->seed, "metric part", n, s->n);
    Err err = OK;
    size_t got = 0;
    GET_DONE(cx, s->y, s->n, "bootstrap of %zu rows", s->n);
    GET_DONE(cx, s->p, s->n * s->cols, "bootstrap of %zu rows", s->n);
    GET_DONE(cx, s->weight, s->n, "bootstrap of %zu rows", s->n);
    if (weight) GET_DONE(cx, s->own, s->n, "bootstrap of %zu rows", s->n);
    for (size_t i = 0; i < n && got < s->n; i++) {
        if (s->n < n && random_below(&r, n - i) >= s->n - got) continue;
        s->y[got] = y[i];
        if (weight) s->own[got] = weight[i];
        memcpy(s->p + got * s->cols, p + i * s->cols, s->cols * sizeof *p);
        got++;
    }
done:
    return err;
}

static Err sample_order(Ctx *cx, Sample *s)
{
    s->order = ctx_get_n(cx, s->n * s->cols, sizeof *s->order);
    if (!s->order) return FAIL(cx, ERR_NOMEM, "bootstrap of %zu rows", s->n);
    for (size_t c = 0; c < s->cols; c++) TRY(cx, order_of(cx, s->p + c, s->cols, s->n, s->order + c * s->n));
    return OK;
}

Err metric_se(Ctx *cx, const Metric *m, const double *y, const double *p, size_t n, uint32_t classes, unsigned rounds,
              double *out)
{
    return metric_se_weighted(cx, m, y, p, NULL, n, classes, rounds, out);
}

Err metric_se_weighted(Ctx *cx, const Metric *m, const double *y, const double *p, const double *weight, size_t n,
                       uint32_t classes, unsigned rounds, double *out)
{
    Sample s = { .n = n, .cols = columns_of(classes) };
    double sum = 0, squares = 0, first = 0, seen = 0;
    Err err = OK;
    *out = NAN;
    if (s.n > METRIC_SE_ROWS_MAX) s.n = METRIC_SE_ROWS_MAX;
    if (s.n > METRIC_SE_CELLS_MAX / s.cols) s.n = METRIC_SE_CELLS_MAX / s.cols;
    if (n < 2 || rounds < 2) return FAIL(cx, ERR_NUMERIC, "'%s' needs two rows to tell its error", m->name);
    TRY_DONE(cx, check_numbers(cx, m->name, p, NULL, n, s.cols, out));
    TRY_DONE(cx, sample_take(cx, y, p, weight, n, &s));
    if (m->score == auc_score) TRY_DONE(cx, sample_order(cx, &s));
    for (unsigned round = 0; round < rounds; round++) {
        double value = NAN;
        Random r = random_make(cx->seed, "metric bootstrap", round, 0);
        memset(s.weight, 0, s.n * sizeof *s.weight);
        for (size_t i = 0; i < s.n; i++) s.weight[random_below(&r, s.n)]++;
        for (size_t i = 0; s.own && i < s.n; i++) s.weight[i] *= s.own[i];
        if (s.order) value = auc_all(s.y, s.p, s.weight, s.order, s.n, classes);
        else if (m->score == f1_score) err = f1_any(cx, s.y, s.p, s.weight, s.n, classes, true, &value);
        else err = m->score(cx, s.y, s.p, s.weight, s.n, classes, &value);
        if (err == ERR_NOMEM) goto done;
        err = OK;                               /* undefined on this draw: not counted */
        if (isnan(value)) continue;
        if (!seen) first = value;               /* shifted, so that the squares do not cancel */
        sum += value - first;
        squares += (value - first) * (value - first);
        seen++;
    }
    if (seen < 2) {
        err = FAIL(cx, ERR_NUMERIC, "'%s' is undefined on nearly every draw of these rows", m->name);
        goto done;
    }
    squares = (squares - sum * sum / seen) / (seen - 1);
    *out = sqrt(squares > 0 ? squares : 0) * sqrt((double)s.n / (double)n);
done:
    sample_clear(cx, &s);
    return err;
}

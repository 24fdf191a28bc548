/* auto/look.c -- what stage 1 measures: rows, target, one column, pairs of columns.
**
** Every column is sorted once (radix, by the bits of the double); quantiles,
** bins, AUC, ranks and the part model all come from that order.  At most
** LOOK_ROWS_MAX rows drawn by key; counts of missing values, mean, deviation and
** range are of all rows.
*/
#include "auto/look.h"

#include "base/random.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PARTS_NUMERIC 64u      /* quantile parts of a number, for what it tells alone */
#define V_PARTS 10u            /* quantile parts of a number, for Cramer's V */

/* ------------------------------------------------------------------ sorting */

typedef struct Keyed { uint64_t key; uint32_t at; } Keyed;

/* Doubles in their order as unsigned numbers; -0 equals 0. */
static uint64_t key_of(double v)
{
    uint64_t b;
    v += 0.0;
    memcpy(&b, &v, sizeof b);
    return b & (uint64_t)1 << 63 ? ~b : b | (uint64_t)1 << 63;
}

static double of_key(uint64_t k)
{
    double v;
    k = k & (uint64_t)1 << 63 ? k ^ (uint64_t)1 << 63 : ~k;
    memcpy(&v, &k, sizeof v);
    return v;
}

/* Stable.  tmp holds n.  Bytes that are equal everywhere cost nothing. */
static void sort_keyed(Keyed *a, Keyed *tmp, size_t n)
{
    if (n < 32) {
        for (size_t i = 1; i < n; i++) {
            Keyed x = a[i];
            size_t j = i;
            for (; j > 0 && a[j - 1].key > x.key; j--) a[j] = a[j - 1];
            a[j] = x;
        }
        return;
    }
    size_t count[8][256] = { { 0 } };
    for (size_t i = 0; i < n; i++)
        for (unsigned b = 0; b < 8; b++) count[b][a[i].key >> 8 * b & 255]++;
    Keyed *from = a, *to = tmp;
    for (unsigned b = 0; b < 8; b++) {
        if (n && count[b][from[0].key >> 8 * b & 255] == n) continue;
        size_t at[256], sum = 0;
        for (unsigned v = 0; v < 256; v++) { at[v] = sum; sum += count[b][v]; }
        for (size_t i = 0; i < n; i++) to[at[from[i].key >> 8 * b & 255]++] = from[i];
        Keyed *x = from;
        from = to;
        to = x;
    }
    if (from != a && n) memcpy(a, from, n * sizeof *a);
}

/* Middle ranks (from 1) of sorted keys: rank[i] of a[i]. */
static void middle_ranks(const Keyed *a, size_t n, double *rank)
{
    for (size_t i = 0, j; i < n; i = j) {
        for (j = i + 1; j < n && a[j].key == a[i].key; j++) { }
        for (size_t k = i; k < j; k++) rank[k] = ((double)(i + 1) + (double)j) / 2;
    }
}

/* Quantile of sorted keys between neighbours, as numpy and pandas do it. */
static double quantile(const Keyed *a, size_t n, double p)
{
    double at = p * (double)(n - 1), whole = floor(at);
    size_t i = (size_t)whole;
    double lo = of_key(a[i].key), hi = of_key(a[i + 1 < n ? i + 1 : i].key);
    return lo + (hi - lo) * (at - whole);
}

/* ------------------------------------------------------------------- target */

typedef struct Class {
    const char *name;
    size_t name_n;
    char own[COLUMN_TEXT_MAX];     /* name of a number */
    double value;
    int32_t level;
    uint64_t count;
    uint32_t order;                /* in class order */
    bool number;
} Class;

static int by_name(const void *a, const void *b)
{
    const Class *x = a, *y = b;
    if (x->number && y->number) return (x->value > y->value) - (x->value < y->value);
    size_t n = x->name_n < y->name_n ? x->name_n : y->name_n;
    int c = n ? memcmp(x->name, y->name, n) : 0;
    return c ? c : (x->name_n > y->name_n) - (x->name_n < y->name_n);
}

static int by_count(const void *a, const void *b)
{
    const Class *x = *(Class *const *)a, *y = *(Class *const *)b;
    if (x->count != y->count) return x->count < y->count ? 1 : -1;
    return (x->order > y->order) - (x->order < y->order);
}

/* Distinct values of a numeric target with their counts; *out is owned. */
static Err number_classes(Ctx *cx, const Column *c, size_t rows, Class **out, size_t *n)
{
    Err err = OK;
    Keyed *a = NULL, *tmp = NULL;
    size_t m = 0, k = 0;
    GET_DONE(cx, a, rows + 1, "looking at the target '%s'", c->name);
    GET_DONE(cx, tmp, rows + 1, "looking at the target '%s'", c->name);
    for (size_t i = 0; i < rows; i++)
        if (column_has(c, i)) a[m++] = (Keyed){ key_of(c->num[i]), 0 };
    sort_keyed(a, tmp, m);
    for (size_t i = 0; i < m; i++) k += i == 0 || a[i].key != a[i - 1].key;
    GET_DONE(cx, *out, k + 1, "looking at the target '%s'", c->name);
    *n = k;
    k = 0;
    for (size_t i = 0; i < m; i++) {
        if (i && a[i].key == a[i - 1].key) { (*out)[k - 1].count++; continue; }
        Class *class = &(*out)[k++];
        *class = (Class){ .value = of_key(a[i].key), .level = -1, .count = 1, .number = true };
    }
done:
    ctx_put(cx, a);
    ctx_put(cx, tmp);
    return err;
}

static Err level_classes(Ctx *cx, const Column *c, size_t rows, Class **out, size_t *n)
{
    Class *all = ctx_get_n(cx, (size_t)c->dict.n + 1, sizeof *all);
    if (!all) return FAIL(cx, ERR_NOMEM, "looking at the target '%s'", c->name);
    for (size_t i = 0; i < rows; i++)
        if (column_has(c, i)) all[c->code[i]].count++;
    size_t k = 0;
    bool numbers = true;
    for (uint32_t l = 0; l < c->dict.n; l++) {
        if (!all[l].count) continue;
        Class class = { .level = (int32_t)l, .count = all[l].count };
        class.name = dict_at(&c->dict, l, &class.name_n);
        numbers = num_read(class.name, class.name_n, &class.value) && numbers;
        all[k++] = class;
    }
    for (size_t i = 0; i < k; i++) all[i].number = numbers;
    qsort(all, k, sizeof *all, by_name);
    *out = all;
    *n = k;
    return OK;
}

static Err name_class(Ctx *cx, Look *l, uint32_t at, const char *name, size_t n)
{
    l->class_name[at] = ctx_get(cx, n + 1);
    if (!l->class_name[at]) return FAIL(cx, ERR_NOMEM, "looking at the classes of '%s'", l->t->col[l->target].name);
    memcpy(l->class_name[at], name, n);
    return OK;
}

/* Which class of y each class is shown as: itself, or the last where there are too many. */
static Err show_classes(Ctx *cx, Look *l, Class *class, size_t n, uint32_t *as)
{
    Err err = OK;
    Class **rank = NULL;
    char buf[NUM_TEXT_MAX];
    l->classes = (uint32_t)n;
    l->shown = n > LOOK_CLASSES_MAX ? LOOK_CLASSES_MAX : (uint32_t)n;
    GET_DONE(cx, rank, n + 1, "looking at the classes");
    GET_DONE(cx, l->class_name, LOOK_CLASSES_MAX, "looking at the classes");
    GET_DONE(cx, l->class_n, LOOK_CLASSES_MAX, "looking at the classes");
    for (size_t i = 0; i < n; i++) {
        class[i].order = (uint32_t)i;
        rank[i] = &class[i];
    }
    qsort(rank, n, sizeof *rank, by_count);
    uint32_t kept = n > LOOK_CLASSES_MAX ? LOOK_CLASSES_MAX - 1 : (uint32_t)n;
    for (size_t i = 0; i < n; i++) as[i] = kept;
    for (uint32_t i = 0; i < kept; i++) as[rank[i]->order] = 0;
    for (size_t i = 0, next = 0; i < n; i++) {
        if (as[i] == 0) as[i] = (uint32_t)next++;
        l->class_n[as[i]] += class[i].count;
        if (as[i] == kept || l->class_name[as[i]]) continue;
        const char *name = class[i].name;
        size_t name_n = class[i].name_n;
        if (!name) { name_n = num_text(class[i].value, buf); name = buf; }
        TRY_DONE(cx, name_class(cx, l, as[i], name, name_n));
    }
    if (kept < l->shown) TRY_DONE(cx, name_class(cx, l, kept, "all other classes", 17));
    if (n) {
        const Class *least = rank[n - 1];
        size_t name_n = least->name ? least->name_n : num_text(least->value, buf);
        l->class_least = least->count;
        l->class_least_name = ctx_get(cx, name_n + 1);
        if (!l->class_least_name) { err = FAIL(cx, ERR_NOMEM, "looking at the classes"); goto done; }
        memcpy(l->class_least_name, least->name ? least->name : buf, name_n);
    }
done:
    ctx_put(cx, rank);
    return err;
}

/* The task a target asks for, as target.c decides it: words are classes, whole numbers with few values too. */
static int guess_task(const Column *c, const Class *class, size_t n)
{
    double known = 0, few;
    bool whole = true;
    for (size_t i = 0; i < n; i++) {
        known += (double)class[i].count;
        whole = whole && class[i].value == floor(class[i].value);
    }
    few = fmax(2, fmin(20, floor(known / 20)));
    if (!c->num || n <= 2 || (whole && (double)n <= few)) return n > 2 ? TASK_MULTICLASS : TASK_BINARY;
    return TASK_REGRESSION;
}

static uint32_t class_of(const Column *c, size_t row, const Class *class, size_t n, const uint32_t *of_level)
{
    if (c->code) return of_level[c->code[row]];
    size_t a = 0, b = n;
    while (a + 1 < b) {
        size_t m = (a + b) / 2;
        if (class[m].value <= c->num[row]) a = m; else b = m;
    }
    return (uint32_t)a;
}

/* Which half of the rows each row is in, and the mean of y, for alone(). */
static Err halve(Ctx *cx, Look *l)
{
    Random r = random_make(cx->seed, "visualize.half", 0, 0);
    double n = 0, sum = 0;
    l->half = ctx_get(cx, l->n + 1);
    if (!l->half) return FAIL(cx, ERR_NOMEM, "looking at %zu rows", l->n);
    for (size_t i = 0; i < l->n; i++) {
        l->half[i] = (uint8_t)(random_bits(&r) >> 63);
        if (isnan(l->y[i])) continue;
        n++;
        sum += l->y[i];
    }
    l->y_mean = n > 0 ? sum / n : 0;
    return OK;
}

static Err read_target(Ctx *cx, Look *l, int task)
{
    Err err = OK;
    const Column *c = &l->t->col[l->target];
    Class *class = NULL;
    uint32_t *as = NULL, *of_level = NULL;
    size_t n = 0;
    l->target_missing = c->nulls;
    TRY_DONE(cx, c->num ? number_classes(cx, c, l->t->rows, &class, &n) : level_classes(cx, c, l->t->rows, &class, &n));
    l->task = task >= 0 ? task : guess_task(c, class, n);
    if (l->task == TASK_REGRESSION && !c->num) l->task = TASK_MULTICLASS;
    if (l->task == TASK_MULTICLASS && n == 2) l->task = TASK_BINARY;
    if (l->task == TASK_BINARY && n > 2) l->task = TASK_MULTICLASS;
    GET_DONE(cx, l->y, l->n + 1, "looking at the target '%s'", c->name);
    if (l->task != TASK_REGRESSION) {
        GET_DONE(cx, as, n + 1, "looking at the target '%s'", c->name);
        GET_DONE(cx, of_level, (size_t)c->dict.n + 1, "looking at the target '%s'", c->name);
        for (size_t i = 0; i < n; i++) if (class[i].level >= 0) of_level[class[i].level] = (uint32_t)i;
        TRY_DONE(cx, show_classes(cx, l, class, n, as));
    }
    for (size_t i = 0; i < l->n; i++) {
        size_t row = l->row[i];
        if (!column_has(c, row)) l->y[i] = NAN;
        else l->y[i] = l->task == TASK_REGRESSION ? c->num[row] : as[class_of(c, row, class, n, of_level)];
    }
    TRY_DONE(cx, halve(cx, l));
done:
    ctx_put(cx, class);
    ctx_put(cx, as);
    ctx_put(cx, of_level);
    return err;
}

Err look_open(Ctx *cx, const Table *t, const char *target, int task, Look *out)
{
    Err err = OK;
    Look l = { .t = t, .target = SIZE_MAX, .task = -1 };
    if (target) {
        l.target = table_find(t, target);
        if (l.target == SIZE_MAX) return FAIL(cx, ERR_NOT_FOUND, "no column '%s' to be the target", target);
    }
    size_t want = t->cols ? LOOK_CELLS_MAX / t->cols : 0;
    want = want < LOOK_ROWS_MIN ? LOOK_ROWS_MIN : want > LOOK_ROWS_MAX ? LOOK_ROWS_MAX : want;
    if (want > t->rows) want = t->rows;
    GET_DONE(cx, l.row, want + 1, "looking at %zu rows", want);
    Random r = random_make(cx->seed, "visualize", 0, 0);
    for (size_t i = 0; i < t->rows && l.n < want; i++) {
        size_t left = t->rows - i, need = want - l.n;
        if (need == left || random_below(&r, left) < need) l.row[l.n++] = (uint32_t)i;
    }
    if (l.target != SIZE_MAX) TRY_DONE(cx, read_target(cx, &l, task));
    *out = l;
    return OK;
done:
    look_close(cx, &l);
    *out = (Look){ .target = SIZE_MAX, .task = -1 };
    return err;
}

void look_close(Ctx *cx, Look *l)
{
    for (uint32_t i = 0; l->class_name && i < LOOK_CLASSES_MAX; i++) ctx_put(cx, l->class_name[i]);
    ctx_put(cx, l->class_name);
    ctx_put(cx, l->class_n);
    ctx_put(cx, l->class_least_name);
    ctx_put(cx, l->row);
    ctx_put(cx, l->y);
    ctx_put(cx, l->half);
    *l = (Look){ .target = SIZE_MAX, .task = -1 };
}

/* --------------------------------------------------------- against the target */

static void part_add(const Look *l, LookPart *p, size_t i)
{
    p->count++;
    if (!l->y || isnan(l->y[i])) return;
    p->known++;
    if (l->task == TASK_REGRESSION) p->sum += l->y[i];
    else p->share[(uint32_t)l->y[i]]++;
}

/* Bias-corrected Cramer's V (Bergsma 2013) of parts x classes; rows of the table are counts.  NaN: one row or column. */
static double cramers_v(const double *table, size_t parts, size_t classes)
{
    double total = 0, chi = 0, r = 0, k = 0, col[LOOK_CLASSES_MAX] = { 0 };
    for (size_t i = 0; i < parts; i++)
        for (size_t j = 0; j < classes; j++) { col[j] += table[i * classes + j]; total += table[i * classes + j]; }
    for (size_t j = 0; j < classes; j++) k += col[j] > 0;
    for (size_t i = 0; i < parts; i++) {
        double row = 0;
        for (size_t j = 0; j < classes; j++) row += table[i * classes + j];
        if (row == 0) continue;
        r++;
        for (size_t j = 0; j < classes; j++) {
            double expect = row * col[j] / total, d = table[i * classes + j] - expect;
            if (expect > 0) chi += d * d / expect;
        }
    }
    if (r < 2 || k < 2 || total < 2) return NAN;
    double phi = fmax(0, chi / total - (k - 1) * (r - 1) / (total - 1));
    double rr = r - (r - 1) * (r - 1) / (total - 1), kk = k - (k - 1) * (k - 1) / (total - 1);
    double least = fmin(kk - 1, rr - 1);
    return least > 0 ? fmin(1, sqrt(phi / least)) : NAN;
}

/* Correlation ratio of parts, adjusted for their number (epsilon squared, Kelley 1935).  NaN: fewer than two parts. */
static double eta(const Look *l, const uint32_t *part, size_t parts, Ctx *cx, Err *err)
{
    double *sum = ctx_get_n(cx, parts * 2 + 1, sizeof *sum), *n = sum ? sum + parts : NULL, out = NAN;
    if (!sum) { *err = FAIL(cx, ERR_NOMEM, "comparing %zu groups", parts); return NAN; }
    double total = 0, mean = 0, within = 0, all = 0, k = 0;
    for (size_t i = 0; i < l->n; i++) {
        if (part[i] == UINT32_MAX || isnan(l->y[i])) continue;
        sum[part[i]] += l->y[i];
        n[part[i]]++;
        total++;
        mean += l->y[i];
    }
    mean /= total;
    for (size_t p = 0; p < parts; p++) k += n[p] > 0;
    for (size_t i = 0; i < l->n; i++) {
        if (part[i] == UINT32_MAX || isnan(l->y[i])) continue;
        double d = l->y[i] - sum[part[i]] / n[part[i]], e = l->y[i] - mean;
        within += d * d;
        all += e * e;
    }
    if (k >= 2 && total > k && all > 0) out = fmax(0, 1 - within / all * (total - 1) / (total - k));
    ctx_put(cx, sum);
    return out;
}

/* AUC of class 1 from sorted values; at names places in l->y. */
static double auc_sorted(const Look *l, const Keyed *a, size_t n)
{
    double ranks = 0, ones = 0, seen = 0;
    for (size_t i = 0, j; i < n; i = j) {
        double m = 0, one = 0;
        for (j = i; j < n && a[j].key == a[i].key; j++) {
            double y = l->y[a[j].at];
            if (isnan(y)) continue;
            m++;
            one += y == 1;
        }
        ranks += one * (seen + (m + 1) / 2);
        seen += m;
        ones += one;
    }
    if (ones == 0 || ones == seen) return NAN;
    return (ranks - ones * (ones + 1) / 2) / (ones * (seen - ones));
}

static double pearson(const double *x, const double *y, size_t n)
{
    double mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
    for (size_t i = 0; i < n; i++) { mx += x[i]; my += y[i]; }
    mx /= (double)n;
    my /= (double)n;
    for (size_t i = 0; i < n; i++) {
        double a = x[i] - mx, b = y[i] - my;
        xx += a * a;
        yy += b * b;
        xy += a * b;
    }
    return n > 1 && xx > 0 && yy > 0 ? fmax(-1, fmin(1, xy / sqrt(xx * yy))) : NAN;
}

/* Spearman's rho of sorted values and y over rows where y is known, and Pearson's r squared of the values themselves. */
static Err spearman(Ctx *cx, const Look *l, const Keyed *a, size_t n, double *rho, double *r2)
{
    Err err = OK;
    Keyed *b = NULL, *tmp = NULL;
    double *x = NULL, *y = NULL;
    size_t m = 0;
    GET_DONE(cx, b, n + 1, "ranking %zu rows", n);
    GET_DONE(cx, tmp, n + 1, "ranking %zu rows", n);
    GET_DONE(cx, x, n + 1, "ranking %zu rows", n);
    GET_DONE(cx, y, n + 1, "ranking %zu rows", n);
    for (size_t i = 0; i < n; i++)
        if (!isnan(l->y[a[i].at])) b[m++] = a[i];
    for (size_t i = 0; i < m; i++) { x[i] = of_key(b[i].key); y[i] = l->y[b[i].at]; }
    double r = pearson(x, y, m);
    *r2 = r * r;
    middle_ranks(b, m, x);
    for (size_t i = 0; i < m; i++) b[i] = (Keyed){ key_of(y[i]), (uint32_t)i };
    sort_keyed(b, tmp, m);
    for (size_t i = 0, j; i < m; i = j) {
        for (j = i + 1; j < m && b[j].key == b[i].key; j++) { }
        for (size_t k = i; k < j; k++) y[b[k].at] = ((double)(i + 1) + (double)j) / 2;
    }
    *rho = pearson(x, y, m);
done:
    ctx_put(cx, b);
    ctx_put(cx, tmp);
    ctx_put(cx, x);
    ctx_put(cx, y);
    return err;
}

/* ----------------------------------------------------- what a column tells alone */

/* What is known of each part on each half of the rows: k sums (of y less its mean, or rows a class), then the rows, then
** the sum of squares of y less its mean. */
typedef struct Halves {
    double *sum;
    size_t parts, stride;
    uint32_t k;
} Halves;

static double *half_part(const Halves *h, size_t half, size_t part)
{
    return h->sum + half * h->stride + part * (h->k + 2);
}

static void fill_halves(const Look *l, const uint32_t *part, Halves *h)
{
    for (size_t i = 0; i < l->n; i++) {
        if (isnan(l->y[i])) continue;
        double *at = half_part(h, l->half[i], part[i] == UINT32_MAX ? h->parts : part[i]);
        at[h->k]++;
        if (l->task == TASK_REGRESSION) {
            double d = l->y[i] - l->y_mean;
            at[0] += d;
            at[h->k + 1] += d * d;
        } else at[(uint32_t)l->y[i]]++;
    }
}

static double judge_numbers(const Halves *h, size_t half, double learned, double prior)
{
    double n = 0, sum = 0, squares = 0, ss = 0;
    for (size_t p = 0; p <= h->parts; p++) {
        const double *own = half_part(h, half, p), *other = half_part(h, 1 - half, p);
        double says = other[1] > 0 ? other[0] / other[1] : prior / learned;
        n += own[1];
        sum += own[0];
        squares += own[2];
        ss += own[2] - 2 * says * own[0] + own[1] * says * says;
    }
    double st = squares - sum * sum / n;
    return n >= 25 && st > 0 ? 1 - ss / st : NAN;
}

/* AUC: the parts sorted by what the other half says of them. */
static double judge_two(const Halves *h, size_t half, double learned, double prior, Keyed *a, Keyed *tmp)
{
    double ones = 0, zeros = 0, wins = 0;
    for (size_t p = 0; p <= h->parts; p++) {
        const double *other = half_part(h, 1 - half, p);
        a[p] = (Keyed){ key_of(other[2] > 0 ? other[1] / other[2] : prior / learned), (uint32_t)p };
    }
    sort_keyed(a, tmp, h->parts + 1);
    for (size_t i = 0, j; i <= h->parts; i = j) {
        double one = 0, zero = 0;
        for (j = i; j <= h->parts && a[j].key == a[i].key; j++) {
            const double *own = half_part(h, half, a[j].at);
            one += own[1];
            zero += own[0];
        }
        wins += one * (zeros + zero / 2);
        ones += one;
        zeros += zero;
    }
    return ones >= 5 && zeros >= 5 && ones + zeros >= 25 ? wins / (ones * zeros) : NAN;
}

static double judge_classes(const Halves *h, size_t half, double learned, const double *prior)
{
    double n = 0, right = 0, most = 0;
    for (uint32_t c = 0; c < h->k; c++) most = fmax(most, prior[c]);
    for (size_t p = 0; p <= h->parts; p++) {
        const double *own = half_part(h, half, p), *other = half_part(h, 1 - half, p), *use = other[h->k] > 0 ? other : prior;
        uint32_t best = 0;
        for (uint32_t c = 1; c < h->k; c++) if (use[c] > use[best]) best = c;
        n += own[h->k];
        right += own[best];
    }
    return n >= 25 && most / learned <= .95 ? right / n : NAN;
}

/* Learn each part's answer on one half of the rows, judge on the other, both ways, and take the worse: AUC (binary),
** accuracy (multiclass, NaN where always the same answer is nearly as good), R squared.  part: parts of the rows,
** UINT32_MAX where missing (a part of its own).  NaN where there are too few rows to tell. */
static Err alone(Ctx *cx, const Look *l, const uint32_t *part, size_t parts, double *out)
{
    Err err = OK;
    Keyed *a = NULL, *tmp = NULL;
    double is[2];
    Halves h = { .parts = parts, .k = l->task == TASK_REGRESSION ? 1 : l->shown };
    h.stride = (parts + 1) * (h.k + 2);
    GET_DONE(cx, h.sum, h.stride * 2, "judging a column alone");
    GET_DONE(cx, a, parts + 1, "judging a column alone");
    GET_DONE(cx, tmp, parts + 1, "judging a column alone");
    fill_halves(l, part, &h);
    for (size_t half = 0; half < 2; half++) {
        double prior[LOOK_CLASSES_MAX] = { 0 }, learned = 0;
        for (size_t p = 0; p <= parts; p++) {
            const double *at = half_part(&h, 1 - half, p);
            learned += at[h.k];
            for (uint32_t c = 0; c < h.k; c++) prior[c] += at[c];
        }
        if (learned < 25) is[half] = NAN;
        else if (l->task == TASK_REGRESSION) is[half] = judge_numbers(&h, half, learned, prior[0]);
        else if (l->task == TASK_BINARY) is[half] = judge_two(&h, half, learned, prior[1], a, tmp);
        else is[half] = judge_classes(&h, half, learned, prior);
    }
    *out = isnan(is[0]) || isnan(is[1]) ? NAN : fmin(is[0], is[1]);
done:
    ctx_put(cx, h.sum);
    ctx_put(cx, a);
    ctx_put(cx, tmp);
    return err;
}

/* Is the column missing exactly when the target is one class? */
static bool absent_tells(const Look *l, const Column *c)
{
    double miss[LOOK_CLASSES_MAX] = { 0 }, all[LOOK_CLASSES_MAX] = { 0 }, missing = 0, known = 0;
    if (l->task < 0 || l->task == TASK_REGRESSION) return false;
    for (size_t i = 0; i < l->n; i++) {
        if (isnan(l->y[i])) continue;
        bool gone = !column_has(c, l->row[i]);
        all[(uint32_t)l->y[i]]++;
        miss[(uint32_t)l->y[i]] += gone;
        missing += gone;
        known++;
    }
    if (missing < 10 || known - missing < 10) return false;
    for (uint32_t k = 0; k < l->shown; k++)
        if (miss[k] >= LOOK_LEAK * missing && miss[k] >= LOOK_LEAK * all[k]) return true;
    /* present exactly when the target is one class */
    for (uint32_t k = 0; k < l->shown; k++)
        if (all[k] - miss[k] >= LOOK_LEAK * (known - missing) && all[k] - miss[k] >= LOOK_LEAK * all[k]) return true;
    return false;
}

/* ------------------------------------------------------------------ a number */

static void whole_moments(const Column *c, size_t rows, Seen *s)
{
    double n = 0, sum = 0, sq = 0;
    s->min = s->max = NAN;
    for (size_t i = 0; i < rows; i++) {
        double v = c->num[i];
        if (isnan(v)) continue;
        if (n == 0 || v < s->min) s->min = v;
        if (n == 0 || v > s->max) s->max = v;
        n++;
        sum += v;
    }
    s->mean = n > 0 ? sum / n : NAN;
    for (size_t i = 0; i < rows; i++) {
        double d = c->num[i] - s->mean;
        if (!isnan(d)) sq += d * d;
    }
    s->sd = n > 1 ? sqrt(sq / (n - 1)) : NAN;
}

/* Skewness as pandas gives it: adjusted Fisher-Pearson. */
static double skewness(const Keyed *a, size_t m)
{
    double n = (double)m, mean = 0, two = 0, three = 0;
    if (m < 3) return NAN;
    for (size_t i = 0; i < m; i++) mean += of_key(a[i].key);
    mean /= n;
    for (size_t i = 0; i < m; i++) {
        double d = of_key(a[i].key) - mean;
        two += d * d;
        three += d * d * d;
    }
    two /= n;
    three /= n;
    return two > 0 ? sqrt(n * (n - 1)) / (n - 2) * three / pow(two, 1.5) : 0;
}

/* Where the bins lie.  Whole numbers with few values get one each; else Freedman and Diaconis, at most LOOK_BINS_MAX; a
** thin far tail is left outside, so that it does not squeeze the rest into one bar. */
static void place_bins(const Keyed *a, size_t m, Seen *s, bool whole)
{
    double lo = of_key(a[0].key), hi = of_key(a[m - 1].key), p1 = quantile(a, m, .01), p99 = quantile(a, m, .99);
    double span = p99 - p1;
    if (span > 0 && lo < p1 - span) lo = p1 - span / 4;
    if (span > 0 && hi > p99 + span) hi = p99 + span / 4;
    uint32_t n;
    double width;
    if (whole && hi - lo < 25) {
        lo = ceil(lo) - .5;
        hi = floor(hi) + .5;
        n = (uint32_t)(hi - lo);
        width = 1;
    } else {
        double iqr = s->q3 - s->q1, fd = 2 * iqr * pow((double)m, -1. / 3), want = fd > 0 ? ceil((hi - lo) / fd) : 20;
        n = (uint32_t)fmax(1, fmin(want, LOOK_BINS_MAX));
        if (s->distinct > 30 && n < 12) n = 12;
        if (hi <= lo) n = 1;
        width = (hi - lo) / n;
    }
    for (uint32_t b = 0; b < n; b++) s->bin[b] = (LookPart){ .lo = lo + b * width, .hi = b + 1 == n ? hi : lo + (b + 1) * width, .level = -1 };
    s->bins = n;
}

static void fill_bins(const Look *l, const Keyed *a, size_t m, Seen *s)
{
    uint32_t b = 0;
    for (size_t i = 0; i < m; i++) {
        double v = of_key(a[i].key);
        if (v < s->bin[0].lo) { s->below++; continue; }
        if (v > s->bin[s->bins - 1].hi) { s->above++; continue; }
        while (b + 1 < s->bins && v >= s->bin[b].hi) b++;
        part_add(l, &s->bin[b], a[i].at);
    }
}

/* A repeated value of nines (or -1), alone at one end and far from all others. */
static void find_sentinel(const Keyed *a, size_t m, Seen *s)
{
    static const double nines[] = { -1, -9, -99, -999, -9999, -99999, 99, 999, 9999, 99999, 999999, 9999999, 99999999, 999999999 };
    for (int end = 0; end < 2 && isnan(s->sentinel); end++) {
        double v = of_key(a[end ? m - 1 : 0].key);
        bool like = false;
        for (size_t i = 0; i < sizeof nines / sizeof *nines; i++) like = like || v == nines[i];
        size_t run = 0;
        while (run < m && of_key(a[end ? m - 1 - run : run].key) == v) run++;
        if (!like || (double)run < .01 * (double)m || run < 3 || m - run < 20) continue;
        const Keyed *rest = end ? a : a + run;
        size_t n = m - run;
        double q1 = quantile(rest, n, .25), q3 = quantile(rest, n, .75), far = 5 * (q3 - q1);
        if (far > 0 && (v < q1 - far || v > q3 + far)) {
            s->sentinel = v;
            s->sentinel_share = (double)run / (double)m;
        }
    }
}

/* Cut sorted values into at most `want` parts of about equal size; equal values stay together. */
static size_t cut_parts(const Keyed *a, size_t m, size_t want, uint32_t *part)
{
    size_t p = 0, in = 0;
    for (size_t i = 0; i < m; i++) {
        if (i && in >= (m + want - 1) / want && a[i].key != a[i - 1].key) { p++; in = 0; }
        part[a[i].at] = (uint32_t)p;
        in++;
    }
    return m ? p + 1 : 0;
}

static double parts_v(Ctx *cx, const Look *l, const uint32_t *part, size_t parts, Err *err)
{
    double *table = ctx_get_n(cx, parts * l->shown + 1, sizeof *table);
    if (!table) { *err = FAIL(cx, ERR_NOMEM, "comparing %zu groups", parts); return NAN; }
    for (size_t i = 0; i < l->n; i++)
        if (part[i] != UINT32_MAX && !isnan(l->y[i])) table[part[i] * l->shown + (uint32_t)l->y[i]]++;
    double v = cramers_v(table, parts, l->shown);
    ctx_put(cx, table);
    return v;
}

static Err number_association(Ctx *cx, const Look *l, const Keyed *a, size_t m, uint32_t *part, Seen *s)
{
    Err err = OK;
    double r2 = NAN;
    if (l->task == TASK_BINARY) {
        s->kind = ASSOCIATION_AUC;
        s->value = auc_sorted(l, a, m);
        s->strength = fabs(2 * s->value - 1);
    } else if (l->task == TASK_MULTICLASS) {
        s->kind = ASSOCIATION_CRAMERS_V;
        s->strength = s->value = parts_v(cx, l, part, cut_parts(a, m, V_PARTS, part), &err);
        if (err) return err;
    } else {
        s->kind = ASSOCIATION_SPEARMAN;
        TRY(cx, spearman(cx, l, a, m, &s->value, &r2));
        s->strength = fabs(s->value);
    }
    TRY(cx, alone(cx, l, part, cut_parts(a, m, PARTS_NUMERIC, part), &s->alone));
    /* A straight line may say exactly what steps only say roughly. */
    if (!isnan(s->alone) && r2 > s->alone) s->alone = r2;
    return OK;
}

static Err see_number(Ctx *cx, const Look *l, const Column *c, bool against, Seen *s)
{
    Err err = OK;
    Keyed *a = NULL, *tmp = NULL;
    uint32_t *part = NULL;
    size_t m = 0;
    s->numeric = true;
    whole_moments(c, l->t->rows, s);
    GET_DONE(cx, a, l->n + 1, "looking at '%s'", c->name);
    GET_DONE(cx, tmp, l->n + 1, "looking at '%s'", c->name);
    GET_DONE(cx, part, l->n + 1, "looking at '%s'", c->name);
    bool whole = c->type != COLUMN_DATETIME;
    for (size_t i = 0; i < l->n; i++) {
        part[i] = UINT32_MAX;
        if (!column_has(c, l->row[i])) { part_add(l, &s->absent, i); continue; }
        double v = c->num[l->row[i]];
        whole = whole && v == floor(v);
        a[m++] = (Keyed){ key_of(v), (uint32_t)i };
    }
    if (m == 0) goto done;
    sort_keyed(a, tmp, m);
    for (size_t i = 0; i < m; i++) s->distinct += i == 0 || a[i].key != a[i - 1].key;
    s->q1 = quantile(a, m, .25);
    s->median = quantile(a, m, .5);
    s->q3 = quantile(a, m, .75);
    s->skew = skewness(a, m);
    place_bins(a, m, s, whole);
    fill_bins(l, a, m, s);
    if (c->type != COLUMN_DATETIME) find_sentinel(a, m, s);
    if (against && s->distinct > 1) TRY_DONE(cx, number_association(cx, l, a, m, part, s));
done:
    ctx_put(cx, a);
    ctx_put(cx, tmp);
    ctx_put(cx, part);
    return err;
}

/* ------------------------------------------------------------------- a level */

static void take_top(const Look *l, const Column *c, const uint32_t *count, Seen *s)
{
    for (uint32_t v = 0; v < c->dict.n; v++) {
        if (!count[v]) continue;
        s->distinct++;
        uint32_t at = s->tops;
        while (at > 0 && s->top[at - 1].count < count[v]) at--;
        if (at >= LOOK_TOP_MAX) continue;
        uint32_t last = s->tops < LOOK_TOP_MAX ? s->tops++ : LOOK_TOP_MAX - 1;
        memmove(s->top + at + 1, s->top + at, (last - at) * sizeof *s->top);
        s->top[at] = (LookPart){ .level = (int32_t)v, .count = count[v] };
    }
    for (uint32_t k = 0; k < s->tops; k++) s->top[k].count = 0;
    for (size_t i = 0; i < l->n; i++) {
        int32_t v = c->code[l->row[i]];
        LookPart *p = v < 0 ? &s->absent : &s->other;
        for (uint32_t k = 0; v >= 0 && k < s->tops; k++)
            if (s->top[k].level == v) { p = &s->top[k]; break; }
        part_add(l, p, i);
    }
    s->other_levels = s->distinct - s->tops;
}

static Err see_levels(Ctx *cx, const Look *l, const Column *c, bool against, Seen *s)
{
    Err err = OK;
    uint32_t *count = NULL, *part = NULL;
    GET_DONE(cx, count, (size_t)c->dict.n + 1, "looking at '%s'", c->name);
    GET_DONE(cx, part, l->n + 1, "looking at '%s'", c->name);
    for (size_t i = 0; i < l->n; i++) {
        int32_t v = c->code[l->row[i]];
        part[i] = v < 0 ? UINT32_MAX : (uint32_t)v;
        if (v >= 0) count[v]++;
    }
    take_top(l, c, count, s);
    if (!against || s->distinct < 2) goto done;
    if (l->task == TASK_REGRESSION) {
        s->kind = ASSOCIATION_ETA;
        s->value = eta(l, part, c->dict.n, cx, &err);
        s->strength = sqrt(s->value);
    } else {
        s->kind = ASSOCIATION_CRAMERS_V;
        s->strength = s->value = parts_v(cx, l, part, c->dict.n, &err);
    }
    if (err) goto done;
    TRY_DONE(cx, alone(cx, l, part, c->dict.n, &s->alone));
done:
    ctx_put(cx, count);
    ctx_put(cx, part);
    return err;
}

/* ------------------------------------------------------------------ the door */

static uint64_t cell_hash(const Column *c, size_t row, const uint64_t *level)
{
    if (!column_has(c, row)) return 0x9e3779b97f4a7c15u;
    return c->code ? level[c->code[row]] : key_of(c->num[row]) * 0xff51afd7ed558ccdu;
}

/* A hash of each level's text, or NULL (no dictionary).  Equal texts in two columns are equal. */
static Err level_hashes(Ctx *cx, const Column *c, uint64_t **out)
{
    *out = NULL;
    if (!c->code) return OK;
    *out = ctx_get_n(cx, (size_t)c->dict.n + 1, sizeof **out);
    if (!*out) return FAIL(cx, ERR_NOMEM, "comparing '%s' with other columns", c->name);
    for (uint32_t v = 0; v < c->dict.n; v++) {
        size_t n;
        const char *s = dict_at(&c->dict, v, &n);
        (*out)[v] = random_hash(s, n, 7);
    }
    return OK;
}

static Err hash_column(Ctx *cx, const Look *l, const Column *c, Seen *s)
{
    uint64_t *level;
    TRY(cx, level_hashes(cx, c, &level));
    uint64_t h = c->code != NULL;
    for (size_t i = 0; i < l->n; i++) {
        h = (h ^ cell_hash(c, l->row[i], level)) * 0x9fb21c651e98df25u;
        h ^= h >> 29;
    }
    s->hash = h;
    ctx_put(cx, level);
    return OK;
}

Err look_column(Ctx *cx, const Look *l, size_t col, Seen *out)
{
    const Column *c = &l->t->col[col];
    *out = (Seen){ .count = l->t->rows - c->nulls, .missing = c->nulls, .mean = NAN, .sd = NAN, .min = NAN, .max = NAN, .q1 = NAN, .median = NAN,
                   .q3 = NAN, .skew = NAN, .value = NAN, .strength = NAN, .alone = NAN, .sentinel = NAN };
    bool against = l->y && col != l->target && c->type != COLUMN_ID && c->type != COLUMN_TEXT;
    TRY(cx, hash_column(cx, l, c, out));
    TRY(cx, c->num ? see_number(cx, l, c, against, out) : see_levels(cx, l, c, against, out));
    if (!against) return OK;
    out->absent_tells = absent_tells(l, c);
    out->strength *= 1 - (double)out->absent.count / (double)l->n;
    return OK;
}

Err look_target(Ctx *cx, const Look *l, Seen *out)
{
    return look_column(cx, l, l->target, out);
}

Err look_repeats(Ctx *cx, const Look *l, const bool *skip, uint64_t *duplicates, uint64_t *conflicts)
{
    Err err = OK;
    Keyed *a = NULL, *tmp = NULL;
    uint64_t *level = NULL;
    *duplicates = *conflicts = 0;
    GET_DONE(cx, a, l->n + 1, "comparing %zu rows", l->n);
    GET_DONE(cx, tmp, l->n + 1, "comparing %zu rows", l->n);
    for (size_t i = 0; i < l->n; i++) a[i] = (Keyed){ 0, (uint32_t)i };
    for (size_t j = 0; j < l->t->cols; j++) {
        const Column *c = &l->t->col[j];
        if (j == l->target || (skip && skip[j])) continue;
        TRY_DONE(cx, level_hashes(cx, c, &level));
        for (size_t i = 0; i < l->n; i++) {
            uint64_t h = (a[i].key ^ cell_hash(c, l->row[i], level)) * 0x9fb21c651e98df25u;
            a[i].key = h ^ h >> 31;
        }
        ctx_put(cx, level);
        level = NULL;
    }
    sort_keyed(a, tmp, l->n);
    const Column *y = l->target == SIZE_MAX ? NULL : &l->t->col[l->target];
    if (y) TRY_DONE(cx, level_hashes(cx, y, &level));
    for (size_t i = 0, j; i < l->n; i = j) {
        for (j = i + 1; j < l->n && a[j].key == a[i].key; j++) { }
        if (j - i < 2) continue;
        for (size_t k = i; k < j; k++) a[k].key = y ? cell_hash(y, l->row[a[k].at], level) : 0;
        sort_keyed(a + i, tmp, j - i);
        for (size_t k = i + 1; k < j; k++) *duplicates += a[k].key == a[k - 1].key;
        if (a[i].key != a[j - 1].key) *conflicts += j - i;
        for (size_t k = i; k < j; k++) a[k].key = 0;
    }
done:
    ctx_put(cx, a);
    ctx_put(cx, tmp);
    ctx_put(cx, level);
    return err;
}

Err look_order(Ctx *cx, const Look *l, AssociationKind *kind, double *value)
{
    Err err = OK;
    Keyed *a = NULL;
    uint32_t *part = NULL;
    double r2;
    *kind = ASSOCIATION_NONE;
    *value = NAN;
    if (!l->y || l->n < 100) return OK;
    GET_DONE(cx, a, l->n + 1, "looking at the order of the rows");
    GET_DONE(cx, part, l->n + 1, "looking at the order of the rows");
    for (size_t i = 0; i < l->n; i++) a[i] = (Keyed){ key_of((double)l->row[i]), (uint32_t)i };
    if (l->task == TASK_BINARY) {
        *kind = ASSOCIATION_AUC;
        *value = auc_sorted(l, a, l->n);
    } else if (l->task == TASK_REGRESSION) {
        *kind = ASSOCIATION_SPEARMAN;
        TRY_DONE(cx, spearman(cx, l, a, l->n, value, &r2));
    } else {
        *kind = ASSOCIATION_CRAMERS_V;
        *value = parts_v(cx, l, part, cut_parts(a, l->n, V_PARTS, part), &err);
    }
done:
    ctx_put(cx, a);
    ctx_put(cx, part);
    return err;
}

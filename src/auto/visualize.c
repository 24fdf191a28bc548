/* auto/visualize.c -- stage 1: every column described, set against the target, and what is suspicious said.
**
** Measures with look.c and writes doc/formats/stages.md.  Changes nothing: what
** to do about a warning is a person's or a later stage's business.
*/
#include "auto/look.h"
#include "auto/run.h"

#include "base/random.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DETAIL_MAX 100u          /* columns with plots */
#define BRIEF_MAX 2000u          /* columns named at all */
#define CORRELATED_MAX 30u
#define KIND_WARNINGS_MAX 10u    /* warnings of one kind; the rest are counted */
#define VALUE_CHARS_MAX 80       /* of a value, in results */

typedef enum Kind {              /* grave ones first: the order they are told in */
    KIND_LEAK, KIND_COPY, KIND_ORDER, KIND_CONFLICT, KIND_IMBALANCE, KIND_UNREADABLE, KIND_SENTINEL, KIND_TIME, KIND_GROUP,
    KIND_ID, KIND_CONSTANT, KIND_DUPLICATE, KIND_MISSING, KIND_LEVELS, KINDS_N
} Kind;

static const struct { const char *word; bool told; } kinds[KINDS_N] = {      /* told: as the run goes, not only in the report */
    [KIND_LEAK] = { "leak", true }, [KIND_COPY] = { "copy", true }, [KIND_ORDER] = { "order", true }, [KIND_CONFLICT] = { "conflict", true },
    [KIND_IMBALANCE] = { "imbalance", true }, [KIND_UNREADABLE] = { "unreadable", true }, [KIND_SENTINEL] = { "sentinel", true },
    [KIND_TIME] = { "time", true }, [KIND_GROUP] = { "group", true }, [KIND_ID] = { "id", false }, [KIND_CONSTANT] = { "constant", false },
    [KIND_DUPLICATE] = { "duplicate", false }, [KIND_MISSING] = { "missing", false }, [KIND_LEVELS] = { "levels", false },
};

typedef struct Vis {
    Look look;
    Auto *run;                   /* NULL: alone */
    bool *excluded;              /* cols */
    double *strength;            /* cols: -1 where none */
    uint64_t *hash;              /* cols */
    bool *constant;              /* cols */
    Text warning[KINDS_N];       /* JSON objects with commas between */
    uint32_t warned[KINDS_N];
} Vis;

/* ----------------------------------------------------------------- warnings */

static Err warn(Ctx *cx, Vis *v, Kind k, const char *column, const char *fmt, ...) __attribute__((format(printf, 5, 6)));
static Err warn(Ctx *cx, Vis *v, Kind k, const char *column, const char *fmt, ...)
{
    char line[768];
    va_list ap;
    if (v->warned[k]++ >= KIND_WARNINGS_MAX) return OK;
    va_start(ap, fmt);
    vsnprintf(line, sizeof line, fmt, ap);
    va_end(ap);
    Text *t = &v->warning[k];
    json_open(t);
    json_key_text(t, "kind", kinds[k].word);
    json_key_text(t, "column", column);
    json_key_text(t, "text", line);
    json_close(t);
    if (v->run && kinds[k].told) TRY(cx, auto_warn(cx, v->run, "%s", line));
    return OK;
}

static void put_warnings(Text *t, Vis *v)
{
    char line[128];
    json_key_open_array(t, "warnings");
    for (int k = 0; k < KINDS_N; k++) {
        if (!v->warning[k].n) continue;
        json_raw(t, v->warning[k].at);
        if (v->warned[k] <= KIND_WARNINGS_MAX) continue;
        snprintf(line, sizeof line, "%u more columns: %s", v->warned[k] - KIND_WARNINGS_MAX, kinds[k].word);
        json_open(t);
        json_key_text(t, "kind", kinds[k].word);
        json_key(t, "column");
        json_null(t);
        json_key_text(t, "text", line);
        json_close(t);
    }
    json_close_array(t);
}

static const char *leak_words(const Look *l)
{
    return l->task == TASK_BINARY ? "AUC" : l->task == TASK_MULTICLASS ? "accuracy" : "R2";
}

static Err warn_leak(Ctx *cx, Vis *v, const Column *c, const Seen *s)
{
    const char *target = v->look.t->col[v->look.target].name;
    if (s->absent_tells)
        return warn(cx, v, KIND_LEAK, c->name, "'%.60s' is missing exactly when '%.60s' is one class: it was probably filled in afterwards; leave it out with --exclude if it is not known at the time of prediction", c->name, target);
    if (s->alone > LOOK_LEAK)
        return warn(cx, v, KIND_LEAK, c->name, "'%.60s' alone tells '%.60s' almost perfectly (%s %.4f on rows it did not learn from): leave it out with --exclude if it is not known at the time of prediction",
                    c->name, target, leak_words(&v->look), s->alone);
    return OK;
}

static bool is_group(const Look *l, const Column *c, const Seen *s)
{
    double n = (double)s->count < (double)l->n ? (double)s->count : (double)l->n, d = (double)s->distinct;
    return (c->type == COLUMN_CATEGORY || c->type == COLUMN_ID) && d >= 20 && d >= n / 50 && d <= n / 2;
}

static int by_print(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Of names such as 3415_7: how many different first parts there are before the last `mark`; 0: some name has none. */
static Err count_prefixes(Ctx *cx, const Dict *d, char mark, size_t *out)
{
    uint64_t *hash = ctx_get_n(cx, d->n, sizeof *hash);
    *out = 0;
    if (!hash) return FAIL(cx, ERR_NOMEM, "looking at %u names", d->n);
    for (uint32_t i = 0; i < d->n; i++) {
        size_t n, cut;
        const char *s = dict_at(d, i, &n);
        for (cut = n; cut > 0 && s[cut - 1] != mark; cut--) {}
        if (cut < 2) goto done;
        hash[i] = random_hash(s, cut - 1, 1);
    }
    qsort(hash, d->n, sizeof *hash, by_print);
    for (uint32_t i = 0; i < d->n; i++) *out += !i || hash[i] != hash[i - 1];
done:
    ctx_put(cx, hash);
    return OK;
}

/* Does a column that names the rows also name groups of them? */
static Err warn_prefix(Ctx *cx, Vis *v, const Column *c)
{
    static const char marks[] = "_-./:";
    for (const char *m = marks; *m && !c->num && c->dict.n >= 20; m++) {
        size_t groups;
        TRY(cx, count_prefixes(cx, &c->dict, *m, &groups));
        if (groups < 5 || groups * 3 > c->dict.n) continue;
        return warn(cx, v, KIND_GROUP, c->name, "'%.60s' names the rows, and what stands before '%c' repeats: %zu groups in %u rows; if rows of a group are alike and new ones will be of others, make a column of that part and give it as --group",
                    c->name, *m, groups, c->dict.n);
    }
    return OK;
}

static Err warn_column(Ctx *cx, Vis *v, size_t col, const Seen *s)
{
    const Look *l = &v->look;
    const Column *c = &l->t->col[col];
    double rows = (double)l->t->rows, missing = rows > 0 ? (double)s->missing / rows : 0;
    char num[NUM_TEXT_MAX];
    if (c->bad || c->infinite)
        TRY(cx, warn(cx, v, KIND_UNREADABLE, c->name, "'%.60s' has %llu values that could not be read as %s and %llu infinite ones: they count as missing",
                     c->name, (unsigned long long)c->bad, column_type_word(c->type), (unsigned long long)c->infinite));
    if (col == l->target) return OK;
    if (s->distinct == 0) return warn(cx, v, KIND_CONSTANT, c->name, "'%.60s' is empty", c->name);
    if (s->distinct == 1 && s->missing == 0) return warn(cx, v, KIND_CONSTANT, c->name, "'%.60s' has the same value in every row", c->name);
    if (missing > .5) TRY(cx, warn(cx, v, KIND_MISSING, c->name, "'%.60s' is missing in %.1f %% of the rows", c->name, 100 * missing));
    if (!isnan(s->sentinel)) {
        num_text(s->sentinel, num);
        TRY(cx, warn(cx, v, KIND_SENTINEL, c->name, "'%.60s' holds %s in %.1f %% of the rows, far from all other values: if it marks missing values, say --na with it", c->name, num, 100 * s->sentinel_share));
    }
    bool grouped = v->run && v->run->in->group, timed = v->run && v->run->in->time_column;
    if (c->type == COLUMN_DATETIME && l->y && !timed && !grouped)
        TRY(cx, warn(cx, v, KIND_TIME, c->name, "'%.60s' is a date: if rows to come are later than these, give --time-column '%.60s', so that each row is judged by models of earlier rows",
                     c->name, c->name));
    if (c->type == COLUMN_ID && l->y && !grouped && !timed) TRY(cx, warn_prefix(cx, v, c));
    if (is_group(l, c, s) && !grouped && !timed)
        TRY(cx, warn(cx, v, KIND_GROUP, c->name, "'%.60s' has %llu values that repeat: if they name groups (patients, shops) and the new ones will be others, give --group '%.60s': held-out rows of known groups score better than new groups will",
                     c->name, (unsigned long long)s->distinct, c->name));
    else if (c->type == COLUMN_ID)
        TRY(cx, warn(cx, v, KIND_ID, c->name, "'%.60s' names the rows: it is of no use for learning", c->name));
    else if (c->type == COLUMN_CATEGORY && s->distinct > 1000)
        TRY(cx, warn(cx, v, KIND_LEVELS, c->name, "'%.60s' has %llu levels", c->name, (unsigned long long)s->distinct));
    return l->y && !v->excluded[col] ? warn_leak(cx, v, c, s) : OK;
}

static int by_hash(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;
    if (x[0] != y[0]) return x[0] < y[0] ? -1 : 1;
    return (x[1] > y[1]) - (x[1] < y[1]);
}

static Err warn_copies(Ctx *cx, Vis *v)
{
    const Table *t = v->look.t;
    Err err = OK;
    uint64_t (*pair)[2] = NULL;
    GET_DONE(cx, pair, t->cols + 1, "comparing %zu columns", t->cols);
    for (size_t j = 0; j < t->cols; j++) { pair[j][0] = v->hash[j]; pair[j][1] = j; }
    qsort(pair, t->cols, sizeof *pair, by_hash);
    for (size_t i = 0, j; i < t->cols; i = j) {
        for (j = i + 1; j < t->cols && pair[j][0] == pair[i][0]; j++) { }
        for (size_t k = i; k < j; k++) {
            size_t col = pair[k][1];
            if (v->constant[col] || col == v->look.target) continue;
            const char *name = t->col[col].name;
            bool target = false;
            for (size_t m = i; m < j; m++) target = target || pair[m][1] == v->look.target;
            if (target) TRY_DONE(cx, warn(cx, v, KIND_COPY, name, "'%.60s' equals the target '%.60s' in every row: leave it out with --exclude", name, t->col[v->look.target].name));
            else if (k > i) TRY_DONE(cx, warn(cx, v, KIND_DUPLICATE, name, "'%.60s' equals '%.60s' in every row", name, t->col[pair[i][1]].name));
        }
    }
done:
    ctx_put(cx, pair);
    return err;
}

static Err warn_target(Ctx *cx, Vis *v)
{
    const Look *l = &v->look;
    if (!l->y) return OK;
    const char *target = l->t->col[l->target].name;
    double known = (double)(l->t->rows - l->target_missing);
    AssociationKind kind;
    double order;
    TRY(cx, look_order(cx, l, &kind, &order));
    double far = kind == ASSOCIATION_AUC ? fabs(order - .5) - .1 : kind == ASSOCIATION_SPEARMAN ? fabs(order) - .2 : order - .2;
    double z = kind == ASSOCIATION_AUC ? fabs(order - .5) * sqrt(12. * (double)l->class_least) : fabs(order) * sqrt((double)l->n);
    if (far > 0 && z > 5)
        TRY(cx, warn(cx, v, KIND_ORDER, NULL, "the order of the rows goes with '%.60s': if the file is in order of time, give the column of times as --time-column; if it is sorted by the target, all is well", target));
    if (l->task == TASK_REGRESSION || l->classes < 2) return OK;
    if (l->class_least < 10)
        TRY(cx, warn(cx, v, KIND_IMBALANCE, target, "class '%.60s' of '%.60s' has only %llu rows: it can hardly be learned, and scores for it are uncertain", l->class_least_name, target, (unsigned long long)l->class_least));
    else if (!(v->run && v->run->task == TASK_ANOMALY) && (double)l->class_least < (l->task == TASK_BINARY ? .05 : .01) * known)
        TRY(cx, warn(cx, v, KIND_IMBALANCE, target, "class '%.60s' of '%.60s' is rare (%.2g %% of the rows): accuracy says little here, look at precision and recall", l->class_least_name, target, 100 * (double)l->class_least / known));
    return OK;
}

/* --------------------------------------------------------------------- JSON */

/* Six digits are enough for a plot, and a third of the bytes. */
static double brief(double v)
{
    if (v == 0 || !isfinite(v)) return v;
    double unit = pow(10, 6 - ceil(log10(fabs(v))));
    double out = round(v * unit) / unit;
    return isfinite(out) ? out : v;
}

static void put_level(Text *t, const char *s, size_t n)
{
    if (n <= VALUE_CHARS_MAX) { json_text_n(t, s, n); return; }
    char cut[VALUE_CHARS_MAX + 4];
    size_t m = VALUE_CHARS_MAX;
    while (m > 0 && ((unsigned char)s[m] & 0xc0) == 0x80) m--;
    memcpy(cut, s, m);
    memcpy(cut + m, "…", 3);
    json_text_n(t, cut, m + 3);
}

static void put_against(Text *t, const Look *l, const LookPart *p)
{
    json_key_int(t, "count", (int64_t)p->count);
    if (!l->y) return;
    if (l->task == TASK_REGRESSION) {
        json_key_num(t, "mean", p->known > 0 ? brief(p->sum / p->known) : NAN);
        return;
    }
    json_key_open_array(t, "share");
    for (uint32_t k = 0; k < l->shown; k++) json_num(t, p->known > 0 ? brief(p->share[k] / p->known) : NAN);
    json_close_array(t);
}

static void put_part(Text *t, const Look *l, const Column *c, const LookPart *p, const char *as)
{
    json_open(t);
    if (as || p->level >= 0) {
        size_t n = 0;
        json_key(t, "value");
        const char *s = as ? as : dict_at(&c->dict, (uint32_t)p->level, &n);
        put_level(t, s, as ? strlen(as) : n);
    } else {
        json_key_num(t, "lo", brief(p->lo));
        json_key_num(t, "hi", brief(p->hi));
    }
    put_against(t, l, p);
    json_close(t);
}

static void put_number(Text *t, const Seen *s)
{
    json_key_num(t, "mean", s->mean);
    json_key_num(t, "sd", s->sd);
    json_key_num(t, "min", s->min);
    json_key_num(t, "q1", s->q1);
    json_key_num(t, "median", s->median);
    json_key_num(t, "q3", s->q3);
    json_key_num(t, "max", s->max);
    json_key_num(t, "skew", s->skew);
}

static void put_parts(Text *t, const Look *l, const Column *c, const Seen *s)
{
    char name[48];
    if (s->bins && c->type != COLUMN_ID) {
        json_key_open_array(t, "bins");
        for (uint32_t b = 0; b < s->bins; b++) put_part(t, l, c, &s->bin[b], NULL);
        json_close_array(t);
        if (s->below) json_key_int(t, "below", (int64_t)s->below);
        if (s->above) json_key_int(t, "above", (int64_t)s->above);
    }
    /* Values that all differ say nothing by themselves. */
    if (s->tops && (s->top[0].count > 1 || s->distinct <= LOOK_TOP_MAX) && c->type != COLUMN_ID) {
        json_key_open_array(t, "top");
        for (uint32_t k = 0; k < s->tops; k++) put_part(t, l, c, &s->top[k], NULL);
        json_close_array(t);
        if (s->other.count) {
            snprintf(name, sizeof name, "%llu other%s", (unsigned long long)s->other_levels, s->other_levels == 1 ? "" : "s");
            json_key(t, "other");
            put_part(t, l, c, &s->other, name);
        }
    }
    if (s->absent.count) {
        json_key(t, "absent");
        put_part(t, l, c, &s->absent, "missing");
    }
}

static void put_column(Text *t, const Vis *v, size_t col, const Seen *s, bool detail)
{
    static const char *const kind[] = { "", "auc", "cramers_v", "spearman", "eta" };
    const Column *c = &v->look.t->col[col];
    json_open(t);
    json_key_text(t, "name", c->name);
    json_key_text(t, "type", column_type_word(c->type));
    json_key_text(t, "role", col == v->look.target ? "target" : v->excluded[col] || c->type == COLUMN_ID ? "excluded" : "feature");
    json_key_int(t, "count", (int64_t)s->count);
    json_key_int(t, "missing", (int64_t)s->missing);
    if (detail) {
        json_key_int(t, "distinct", (int64_t)s->distinct);
        if (s->numeric) put_number(t, s);
        put_parts(t, &v->look, c, s);
        if (s->kind != ASSOCIATION_NONE) {
            json_key_open(t, "association");
            json_key_text(t, "kind", kind[s->kind]);
            json_key_num(t, "value", s->value);
            json_key_num(t, "strength", s->strength);
            if (!isnan(s->alone)) json_key_num(t, "alone", brief(s->alone));
            json_close(t);
        }
    }
    json_close(t);
}

static Err put_target(Ctx *cx, Text *t, const Vis *v)
{
    const Look *l = &v->look;
    if (!l->y) return OK;
    json_key_open(t, "target_distribution");
    if (l->task == TASK_REGRESSION) {
        Seen *s = ctx_get(cx, sizeof *s);
        if (!s) return FAIL(cx, ERR_NOMEM, "looking at the target");
        Err err = look_target(cx, l, s);
        if (err == OK) put_parts(t, &(Look){ .t = l->t }, &l->t->col[l->target], s);
        ctx_put(cx, s);
        TRY(cx, err);
    } else {
        json_key_open_array(t, "levels");
        for (uint32_t k = 0; k < l->shown; k++) {
            json_open(t);
            json_key(t, "value");
            put_level(t, l->class_name[k], strlen(l->class_name[k]));
            json_key_int(t, "count", (int64_t)l->class_n[k]);
            json_close(t);
        }
        json_close_array(t);
    }
    json_key_int(t, "missing", (int64_t)l->target_missing);
    json_close(t);
    return OK;
}

/* The numeric features that go most with the target (without one: the first), and the target if it is a number. */
static size_t choose_correlated(const Vis *v, size_t *col)
{
    const Table *t = v->look.t;
    size_t k = 0;
    for (size_t j = 0; j < t->cols; j++) {
        const Column *c = &t->col[j];
        if (!c->num || c->type == COLUMN_DATETIME || c->type == COLUMN_ID || v->constant[j] || v->excluded[j]) continue;
        if (j == v->look.target && v->look.task != TASK_REGRESSION) continue;
        double s = j == v->look.target ? 2 : v->strength[j];
        size_t at = k;
        while (at > 0 && s > (col[at - 1] == v->look.target ? 2 : v->strength[col[at - 1]])) at--;
        if (at >= CORRELATED_MAX) continue;
        size_t last = k < CORRELATED_MAX ? k++ : CORRELATED_MAX - 1;
        memmove(col + at + 1, col + at, (last - at) * sizeof *col);
        col[at] = j;
    }
    return k;
}

static Err put_correlation(Ctx *cx, Text *t, const Vis *v)
{
    Err err = OK;
    size_t col[CORRELATED_MAX], k = choose_correlated(v, col);
    double *r = NULL;
    if (k < 2) return OK;
    GET_DONE(cx, r, k * k, "correlating %zu columns", k);
    TRY_DONE(cx, look_correlation(cx, &v->look, col, k, r));
    json_key_open(t, "correlation");
    json_key_text(t, "kind", "pearson");
    json_key_open_array(t, "names");
    for (size_t i = 0; i < k; i++) json_text(t, v->look.t->col[col[i]].name);
    json_close_array(t);
    json_key_open_array(t, "matrix");
    for (size_t i = 0; i < k; i++) {
        json_open_array(t);
        for (size_t j = 0; j < k; j++) json_num(t, r[i * k + j]);
        json_close_array(t);
    }
    json_close_array(t);
    json_close(t);
done:
    ctx_put(cx, r);
    return err;
}

/* ------------------------------------------------------------------ the stage */

static void put_head(Text *t, const Vis *v)
{
    const Look *l = &v->look;
    double missing = 0;
    for (size_t j = 0; j < l->t->cols; j++) missing += (double)l->t->col[j].nulls;
    if (!v->run) json_key_text(t, "stage", "visualize");      /* the driver puts it in front itself */
    json_key_int(t, "rows", (int64_t)l->t->rows);
    json_key_int(t, "columns", (int64_t)l->t->cols);
    json_key_int(t, "rows_used", (int64_t)l->n);
    json_key_text(t, "target", l->y ? l->t->col[l->target].name : NULL);
    json_key_text(t, "task", l->y ? task_word((Task)l->task) : NULL);
    if (l->y && l->task != TASK_REGRESSION) {
        json_key_open_array(t, "classes");
        for (uint32_t k = 0; k < l->shown; k++) put_level(t, l->class_name[k], strlen(l->class_name[k]));
        json_close_array(t);
        if (l->task == TASK_BINARY && l->shown == 2) { json_key(t, "positive"); put_level(t, l->class_name[1], strlen(l->class_name[1])); }
    }
    json_key_num(t, "missing_share", l->t->rows && l->t->cols ? missing / ((double)l->t->rows * (double)l->t->cols) : NAN);
}

static int by_strength(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* The strength a column must have to be among the DETAIL_MAX shown in full. */
static Err detail_bar(Ctx *cx, const Vis *v, double *out)
{
    size_t n = v->look.t->cols;
    *out = -INFINITY;
    if (n <= DETAIL_MAX) return OK;
    double *sorted = ctx_get_n(cx, n, sizeof *sorted);
    if (!sorted) return FAIL(cx, ERR_NOMEM, "choosing among %zu columns", n);
    memcpy(sorted, v->strength, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_strength);
    *out = sorted[DETAIL_MAX - 1];
    ctx_put(cx, sorted);
    return OK;
}

/* With many columns all are measured once for their strength and warnings, and the strongest again for their plots. */
static Err put_columns(Ctx *cx, Text *t, Vis *v, Seen *s)
{
    size_t n = v->look.t->cols, detailed = 0, named = 0;
    double bar = -INFINITY;
    bool twice = n > DETAIL_MAX;
    json_key_open_array(t, "column");
    for (size_t j = 0; j < n; j++) {
        TRY(cx, ctx_check(cx));
        TRY(cx, look_column(cx, &v->look, j, s));
        v->hash[j] = s->hash;
        v->constant[j] = s->distinct < 2;
        v->strength[j] = isnan(s->strength) ? -1 : s->strength;
        TRY(cx, warn_column(cx, v, j, s));
        if (!twice) put_column(t, v, j, s, true);
        ctx_step(cx, "looking at the columns", (double)(j + 1), (double)n);
    }
    if (twice) TRY(cx, detail_bar(cx, v, &bar));
    for (size_t j = 0; twice && j < n && named < BRIEF_MAX; j++) {
        bool detail = j == v->look.target || (detailed < DETAIL_MAX && v->strength[j] >= bar);
        if (!detail && named + DETAIL_MAX >= BRIEF_MAX) continue;
        const Column *c = &v->look.t->col[j];
        if (detail) TRY(cx, look_column(cx, &v->look, j, s));
        else *s = (Seen){ .count = v->look.t->rows - c->nulls, .missing = c->nulls };
        detailed += detail;
        named++;
        put_column(t, v, j, s, detail);
    }
    json_close_array(t);
    if (twice) {
        json_key_open_array(t, "skipped");
        json_text(t, "Only the columns that go most strongly with the target are shown in full.");
        json_close_array(t);
    }
    return OK;
}

static Err put_repeats(Ctx *cx, Text *t, Vis *v)
{
    uint64_t duplicates = 0, conflicts = 0;
    TRY(cx, look_repeats(cx, &v->look, v->excluded, &duplicates, &conflicts));
    json_key_int(t, "duplicates", (int64_t)duplicates);
    json_key_int(t, "conflicts", (int64_t)conflicts);
    if (conflicts && v->look.y && v->look.task != TASK_REGRESSION)
        TRY(cx, warn(cx, v, KIND_CONFLICT, NULL, "%llu rows are equal in every column to a row with another '%.60s': no model can tell these apart", (unsigned long long)conflicts, v->look.t->col[v->look.target].name));
    return OK;
}

static Err describe(Ctx *cx, Vis *v, const Table *t, const char *target, int task, Text *json, uint32_t *warnings)
{
    Err err = OK;
    Seen *s = NULL;
    for (int k = 0; k < KINDS_N; k++) text_init(&v->warning[k], cx);
    TRY_DONE(cx, look_open(cx, t, target, task, &v->look));
    GET_DONE(cx, s, 1, "looking at the columns");
    GET_DONE(cx, v->strength, t->cols + 1, "looking at %zu columns", t->cols);
    GET_DONE(cx, v->hash, t->cols + 1, "looking at %zu columns", t->cols);
    GET_DONE(cx, v->constant, t->cols + 1, "looking at %zu columns", t->cols);
    json_open(json);
    put_head(json, v);
    TRY_DONE(cx, put_repeats(cx, json, v));
    TRY_DONE(cx, put_columns(cx, json, v, s));
    TRY_DONE(cx, put_correlation(cx, json, v));
    TRY_DONE(cx, put_target(cx, json, v));
    TRY_DONE(cx, warn_copies(cx, v));
    TRY_DONE(cx, warn_target(cx, v));
    for (int k = 0; k < KINDS_N; k++) TRY_DONE(cx, text_err(&v->warning[k]));
    put_warnings(json, v);
    for (int k = 0; k < KINDS_N; k++) *warnings += v->warned[k];
done:
    for (int k = 0; k < KINDS_N; k++) text_clear(&v->warning[k]);
    ctx_put(cx, s);
    ctx_put(cx, v->strength);
    ctx_put(cx, v->hash);
    ctx_put(cx, v->constant);
    look_close(cx, &v->look);
    return err;
}

static Err visualize(Ctx *cx, Auto *run, const Table *t, const char *target, int task, Text *json, char summary[256])
{
    Err err = OK;
    Vis v = { .run = run };
    uint32_t warnings = 0;
    GET_DONE(cx, v.excluded, t->cols + 1, "looking at %zu columns", t->cols);
    for (size_t i = 0; run && i < run->in->exclude_n; i++) {
        size_t j = table_find(t, run->in->exclude[i]);
        if (j != SIZE_MAX) v.excluded[j] = true;
    }
    for (size_t j = 0; run && run->raw && j < t->cols; j++)         /* group, time and weight columns are not learned from either */
        if ((!target || strcmp(t->col[j].name, target)) && table_find(run->raw, t->col[j].name) == SIZE_MAX) v.excluded[j] = true;
    TRY_DONE(cx, describe(cx, &v, t, target, task, json, &warnings));
    snprintf(summary, 256, "%zu rows, %zu columns, %u warning%s", t->rows, t->cols, warnings, warnings == 1 ? "" : "s");
    if (!run) json_key_text(json, "summary", summary);
    json_close(json);
    TRY_DONE(cx, text_err(json));
done:
    ctx_put(cx, v.excluded);
    return err;
}

Err auto_visualize(Ctx *cx, const Table *t, const char *target, int task, Text *json)
{
    char summary[256];
    size_t n = json->n;
    Err err = visualize(cx, NULL, t, target, task, json, summary);
    if (err && n == 0) text_clear(json);
    return err;
}

Err stage_visualize(Ctx *cx, Auto *a)
{
    int task = a->task == TASK_ANOMALY ? TASK_BINARY : (int)a->task;      /* labels, where there are any, come in two */
    return visualize(cx, a, a->in->table, a->in->target, task, &a->json[STAGE_VISUALIZE], a->summary[STAGE_VISUALIZE]);
}

/* auto/target.c -- what is to be predicted: the task, the classes and their order, the rows that count.
**
** Rows whose target is missing are left out.  Classes stand in one order
** everywhere: numbers by value, else bytewise.
*/
#include "auto/anomaly.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MIN 10
#define CLASSES_GUESS_MAX 20       /* whole numbers with more distinct values are a quantity */

typedef struct Level { double value; char *name; uint32_t n; uint32_t from; } Level;

typedef struct Target {            /* the target column, read once */
    const Column *col;
    Level *level;                  /* distinct values, in class order */
    size_t levels_n;
    uint32_t *level_of;            /* a row: its level, UINT32_MAX where missing */
    size_t known;
    bool numbers;                  /* every level reads as a finite number */
    bool whole;                    /* numeric column: every level is whole */
} Target;

static int by_value(const void *a, const void *b)
{
    double x = ((const Level *)a)->value, y = ((const Level *)b)->value;
    return (x > y) - (x < y);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const Level *)a)->name, ((const Level *)b)->name);
}

/* 007 and 7 are two names of one value. */
static int by_value_and_name(const void *a, const void *b)
{
    int order = by_value(a, b);
    return order ? order : by_name(a, b);
}

static int by_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void target_clear(Ctx *cx, Target *t)
{
    for (size_t i = 0; t->level && i < t->levels_n; i++) ctx_put(cx, t->level[i].name);
    ctx_put(cx, t->level);
    ctx_put(cx, t->level_of);
}

static Err name_level(Ctx *cx, Level *l, const char *s, size_t n)
{
    l->name = ctx_get(cx, n + 1);
    if (!l->name) return FAIL(cx, ERR_NOMEM, "naming the target's classes");
    memcpy(l->name, s, n);
    return OK;
}

/* Levels of a numeric column: its distinct values, sorted. */
static Err read_numeric(Ctx *cx, const Table *tab, Target *t)
{
    Err err = OK;
    double *v = NULL;
    size_t n = 0;
    GET_DONE(cx, v, tab->rows, "reading the target");
    for (size_t i = 0; i < tab->rows; i++)
        if (column_has(t->col, i)) v[n++] = t->col->num[i];
    qsort(v, n, sizeof *v, by_double);
    for (size_t i = 0; i < n; i++)
        if (!i || v[i] != v[i - 1]) t->levels_n++;
    GET_DONE(cx, t->level, t->levels_n, "reading the target");
    size_t k = 0;
    t->numbers = t->whole = true;
    for (size_t i = 0; i < n; i++) {
        if (i && v[i] == v[i - 1]) continue;
        char buf[NUM_TEXT_MAX];
        t->level[k] = (Level){ .value = v[i] };
        if (v[i] != nearbyint(v[i])) t->whole = false;
        TRY_DONE(cx, name_level(cx, &t->level[k++], buf, num_text(v[i], buf)));
    }
    for (size_t i = 0; i < tab->rows; i++) {
        t->level_of[i] = UINT32_MAX;
        if (!column_has(t->col, i)) continue;
        Level key = { .value = t->col->num[i] };
        Level *at = bsearch(&key, t->level, t->levels_n, sizeof *t->level, by_value);
        t->level_of[i] = (uint32_t)(at - t->level);
        at->n++;
        t->known++;
    }
done:
    ctx_put(cx, v);
    return err;
}

static Err read_words(Ctx *cx, const Table *tab, Target *t)
{
    const Dict *d = &t->col->dict;
    Err err = OK;
    uint32_t *count = NULL, *place = NULL;
    GET_DONE(cx, count, d->n, "reading the target");
    GET_DONE(cx, place, d->n, "reading the target");
    GET_DONE(cx, t->level, d->n, "reading the target");
    for (size_t i = 0; i < tab->rows; i++)
        if (column_has(t->col, i)) count[t->col->code[i]]++;
    t->numbers = true;
    for (uint32_t k = 0; k < d->n; k++) {
        size_t n;
        const char *s = dict_at(d, k, &n);
        if (!count[k]) continue;
        Level *l = &t->level[t->levels_n++];
        *l = (Level){ .n = count[k], .from = k };
        TRY_DONE(cx, name_level(cx, l, s, n));
        if (!num_read(s, n, &l->value) || !isfinite(l->value)) t->numbers = false;
    }
    qsort(t->level, t->levels_n, sizeof *t->level, t->numbers ? by_value_and_name : by_name);
    for (size_t k = 0; k < t->levels_n; k++) place[t->level[k].from] = (uint32_t)k;
    for (size_t i = 0; i < tab->rows; i++) {
        t->level_of[i] = column_has(t->col, i) ? place[t->col->code[i]] : UINT32_MAX;
        t->known += t->level_of[i] != UINT32_MAX;
    }
done:
    ctx_put(cx, count);
    ctx_put(cx, place);
    return err;
}

Err auto_find_column(Ctx *cx, const Table *t, const char *name, const char *what, size_t *out)
{
    Err err = OK;
    const char **names = NULL;
    *out = table_find(t, name);
    if (*out != SIZE_MAX) return OK;
    GET_DONE(cx, names, t->cols, "looking for a column");
    for (size_t j = 0; j < t->cols; j++) names[j] = t->col[j].name;
    const char *near = text_nearest(name, names, t->cols);
    if (near) err = FAIL(cx, ERR_NOT_FOUND, "no column '%s' to %s; did you mean '%s'?", name, what, near);
    else if (t->cols == 1)
        err = FAIL(cx, ERR_NOT_FOUND, "no column '%s' to %s: the file has one column, '%.80s'; is its delimiter an unusual one?", name, what, names[0]);
    else {
        Text list;
        text_init(&list, cx);
        for (size_t j = 0; j < t->cols && j < 8; j++) text_fmt(&list, "%s%s", j ? ", " : "", names[j]);
        err = FAIL(cx, ERR_NOT_FOUND, "no column '%s' to %s; the %zu columns are %s%s", name, what, t->cols, list.at ? list.at : "", t->cols > 8 ? ", …" : "");
        text_clear(&list);
    }
done:
    ctx_put(cx, names);
    return err;
}

static Err choose_task(Ctx *cx, Auto *a, const Target *t)
{
    size_t n = t->known, few = n / 20 < CLASSES_GUESS_MAX ? n / 20 : CLASSES_GUESS_MAX;
    const char *name = a->in->target;
    if (few < 2) few = 2;
    if (a->in->task >= 0) a->task = (Task)a->in->task;
    else if (!t->col->num) a->task = t->levels_n > 2 ? TASK_MULTICLASS : TASK_BINARY;
    else if (t->levels_n <= 2 || (t->whole && t->levels_n <= few)) {
        a->task = t->levels_n > 2 ? TASK_MULTICLASS : TASK_BINARY;
        if (t->levels_n > 2)
            TRY(cx, auto_warn(cx, a, "target '%s' holds %zu distinct whole numbers: taken as classes; give --task regression if it is a quantity", name, t->levels_n));
    } else a->task = TASK_REGRESSION;
    if (a->task == TASK_REGRESSION && !t->numbers)
        return FAIL(cx, ERR_BAD_INPUT, "target '%s' holds words (such as '%.40s'), and regression needs numbers; give --task binary or multiclass, or another --target",
                    name, t->level[0].name);
    if (a->task == TASK_BINARY && t->levels_n != 2)
        return FAIL(cx, ERR_BAD_INPUT, "target '%s' has %zu classes; a binary task needs 2; give --task multiclass", name, t->levels_n);
    if (a->task == TASK_MULTICLASS && t->levels_n == 2) a->task = TASK_BINARY;
    a->classes = a->task == TASK_REGRESSION ? 0 : (uint32_t)t->levels_n;
    return OK;
}

static Err check_classes(Ctx *cx, const Auto *a, const Target *t)
{
    const char *name = a->in->target;
    if (a->task == TASK_REGRESSION) return OK;
    if (t->levels_n > BUILD_CLASSES_MAX || (t->levels_n > 100 && t->levels_n * 2 > t->known))
        return FAIL(cx, ERR_BAD_INPUT, "target '%s' has %zu distinct values in %zu rows: too many to be classes; is it an id or free text? Choose another --target",
                    name, t->levels_n, t->known);
    for (size_t k = 0; k < t->levels_n; k++)
        if (t->level[k].n < 2)
            return FAIL(cx, ERR_BAD_INPUT, "class '%.60s' of target '%s' has only one row, and a class needs at least 2 to be learned and checked; join it with another or leave that row out",
                        t->level[k].name, name);
    return OK;
}

Err auto_metric(Ctx *cx, Auto *a)
{
    const char *want = a->in->metric;
    a->metric = want ? metric_find(want) : metric_default(a->task);
    if (!a->metric) {
        const char *names[64];
        size_t n = 0;
        for (const Metric *m; n < 64 && (m = metric_at(n)); n++) names[n] = m->name;
        const char *near = text_nearest(want, names, n);
        return FAIL(cx, ERR_USAGE, "no metric '%s'%s%s%s; there are auc average_precision logloss accuracy balanced_accuracy f1 rmse mae r2 mape", want,
                    near ? "; did you mean '" : "", near ? near : "", near ? "'?" : "");
    }
    if (!(a->metric->tasks >> a->task & 1))
        return FAIL(cx, ERR_USAGE, "metric '%s' does not judge a %s task; leave --metric out for '%s'", a->metric->name, task_word(a->task),
                    metric_default(a->task)->name);
    return OK;
}

/* The predictors of the rows whose target is known. */
static Err take_raw(Ctx *cx, Auto *a, const Target *t, size_t target)
{
    const Table *all = a->in->table;
    Err err = OK;
    uint32_t *rows = NULL;
    bool *out_of = NULL;
    Table *some = NULL;
    GET_DONE(cx, rows, t->known, "choosing rows");
    GET_DONE(cx, out_of, all->cols, "choosing columns");
    for (size_t i = 0, k = 0; i < all->rows; i++)
        if (t->level_of[i] != UINT32_MAX) rows[k++] = (uint32_t)i;
    out_of[target] = true;
    for (size_t e = 0; e < a->in->exclude_n; e++) {
        size_t j;
        TRY_DONE(cx, auto_find_column(cx, all, a->in->exclude[e], "exclude", &j));
        out_of[j] = true;
    }
    TRY_DONE(cx, auto_roles_find(cx, a, out_of));
    TRY_DONE(cx, table_pick(cx, all, rows, t->known, out_of, &some));
    if (!some->cols) {
        err = FAIL(cx, ERR_BAD_INPUT, "'%s' has no column besides the target '%s': there is nothing to learn from", all->source, a->in->target);
        goto done;
    }
    a->raw = some;
    some = NULL;
    a->from = rows;
    rows = NULL;
    TRY_DONE(cx, schema_of(cx, a->raw, a->in->na, a->in->na_n, &a->schema));
done:
    table_free(cx, some);
    ctx_put(cx, rows);
    ctx_put(cx, out_of);
    return err;
}

static Err take_y(Ctx *cx, Auto *a, Target *t)
{
    a->rows = t->known;
    a->y = ctx_get_n(cx, t->known, sizeof *a->y);
    a->class_name = a->classes ? ctx_get_n(cx, a->classes, sizeof *a->class_name) : NULL;
    if (!a->y || (a->classes && !a->class_name)) return FAIL(cx, ERR_NOMEM, "reading the target");
    for (size_t i = 0, k = 0; i < a->in->table->rows; i++)
        if (t->level_of[i] != UINT32_MAX) a->y[k++] = a->classes ? (double)t->level_of[i] : t->level[t->level_of[i]].value;
    for (uint32_t c = 0; c < a->classes; c++) {
        a->class_name[c] = t->level[c].name;        /* handed over */
        t->level[c].name = NULL;
    }
    return OK;
}

Err auto_target(Ctx *cx, Auto *a)
{
    const Table *tab = a->in->table;
    Target t = { 0 };
    Err err = OK;
    size_t at;
    if (a->in->task == TASK_ANOMALY) return anomaly_target(cx, a);
    TRY(cx, auto_find_column(cx, tab, a->in->target, "predict", &at));
    t.col = &tab->col[at];
    GET_DONE(cx, t.level_of, tab->rows, "reading the target");
    TRY_DONE(cx, t.col->num ? read_numeric(cx, tab, &t) : read_words(cx, tab, &t));
    if (!t.known) {
        err = FAIL(cx, ERR_BAD_INPUT, "target '%s' is missing in every row; choose another --target, or tell with --na which texts mean missing", a->in->target);
        goto done;
    }
    if (t.known < ROWS_MIN) {
        err = FAIL(cx, ERR_BAD_INPUT, "only %zu rows of '%s' have a target, and at least %d are needed to learn and check anything", t.known, tab->source, ROWS_MIN);
        goto done;
    }
    if (t.levels_n < 2) {
        err = FAIL(cx, ERR_BAD_INPUT, "target '%s' is '%.60s' in every row: there is nothing to predict; choose another --target", a->in->target, t.level[0].name);
        goto done;
    }
    TRY_DONE(cx, choose_task(cx, a, &t));
    TRY_DONE(cx, check_classes(cx, a, &t));
    TRY_DONE(cx, auto_metric(cx, a));
    if (t.known < tab->rows)
        TRY_DONE(cx, auto_warn(cx, a, "%zu of %zu rows have no target and are left out", tab->rows - t.known, tab->rows));
    TRY_DONE(cx, take_raw(cx, a, &t, at));
    TRY_DONE(cx, take_y(cx, a, &t));
    TRY_DONE(cx, auto_roles_read(cx, a));
done:
    target_clear(cx, &t);
    return err;
}

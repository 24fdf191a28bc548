/* auto/roles.c -- columns that say something about the rows rather than about the answer: groups, times, weights; and columns
** the answer must be monotone in.
**
** Such a column is not learned from unless AutoIn.use names it: a group's name or a date of the past seldom helps on new rows,
** and a weight is unknown then.
*/
#include "auto/run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MONOTONE_NAME_MAX 512

/* ----------------------------------------------------------------- groups */

typedef struct Same { double value; uint32_t row, group; } Same;

static int by_value(const void *a, const void *b)
{
    const Same *x = a, *y = b;
    if (x->value != y->value) return x->value > y->value ? 1 : -1;
    return (x->row > y->row) - (x->row < y->row);
}

static int by_row(const void *a, const void *b)
{
    const Same *x = a, *y = b;
    return (x->row > y->row) - (x->row < y->row);
}

Err auto_group_of(Ctx *cx, const Table *t, size_t col, const uint32_t *row, size_t n, uint32_t **out, uint32_t *groups)
{
    const Column *c = &t->col[col];
    Err err = OK;
    Same *same = NULL;
    uint32_t *group = NULL, *first = NULL, next = 0;
    *out = NULL;
    *groups = 0;
    GET_DONE(cx, same, n, "grouping %zu rows", n);
    GET_DONE(cx, group, n, "grouping %zu rows", n);
    GET_DONE(cx, first, n, "grouping %zu rows", n);
    for (size_t i = 0; i < n; i++) {
        bool has = column_has(c, row[i]);
        /* a row without a value is a group of its own: no value comes twice beyond the largest one */
        same[i] = (Same){ !has ? INFINITY : c->num ? c->num[row[i]] : (double)c->code[row[i]], (uint32_t)i, 0 };
    }
    qsort(same, n, sizeof *same, by_value);
    uint32_t last = 0;
    for (size_t i = 0; i < n; i++) {
        last += i && (same[i].value != same[i - 1].value || isinf(same[i].value));
        same[i].group = last;
    }
    qsort(same, n, sizeof *same, by_row);
    for (size_t i = 0; i < n; i++) first[i] = UINT32_MAX;
    for (size_t i = 0; i < n; i++) {           /* numbered as they come */
        if (first[same[i].group] == UINT32_MAX) first[same[i].group] = next++;
        group[i] = first[same[i].group];
    }
    *groups = next;
    *out = group;
    group = NULL;
done:
    ctx_put(cx, same);
    ctx_put(cx, group);
    ctx_put(cx, first);
    return err;
}

/* ------------------------------------------------------------------ times */

Err auto_when_of(Ctx *cx, const Table *t, size_t col, const uint32_t *row, size_t n, double **out)
{
    const Column *c = &t->col[col];
    Err err = OK;
    double *when = NULL;
    *out = NULL;
    if (!c->num) {
        size_t len = 0;
        const char *word = c->dict.n ? dict_at(&c->dict, 0, &len) : "";
        return FAIL(cx, ERR_BAD_INPUT, "--time-column '%s' holds words (such as '%.*s'), not dates or numbers; give --type '%s=datetime' if they are "
                    "dates, or name another column", c->name, (int)(len < 40 ? len : 40), word, c->name);
    }
    GET_DONE(cx, when, n, "reading the times of %zu rows", n);
    for (size_t i = 0; i < n; i++) {
        if (!column_has(c, row[i])) {
            err = FAIL(cx, ERR_BAD_INPUT, "row %u has no time that can be read in '%s', so it cannot be put in order; fill it in or leave the row out",
                       row[i] + 1, c->name);
            goto done;
        }
        when[i] = c->num[row[i]];
    }
    *out = when;
    when = NULL;
done:
    ctx_put(cx, when);
    return err;
}

/* ---------------------------------------------------------------- weights */

/* The weight column as it stands; ERR_BAD_INPUT for what is no weight. */
static Err read_weights(Ctx *cx, Auto *a, const Column *c)
{
    if (!c->num || c->type == COLUMN_DATETIME)
        return FAIL(cx, ERR_BAD_INPUT, "--weight '%s' does not hold numbers; name a column that says how much each row counts", c->name);
    for (size_t i = 0; i < a->rows; i++) {
        uint32_t row = a->from[i];
        if (!column_has(c, row))
            return FAIL(cx, ERR_BAD_INPUT, "row %u has no weight in '%s'; fill it in (0 leaves the row out of everything but the folds)", row + 1, c->name);
        if (c->num[row] < 0 || c->num[row] > (double)__FLT_MAX__)
            return FAIL(cx, ERR_BAD_INPUT, "row %u has the weight %g in '%s'; weights are zero or more, and below 3e38", row + 1, c->num[row], c->name);
        a->weight[i] = (float)c->num[row];
    }
    return OK;
}

/* Every class gets the same total. */
static Err balance(Ctx *cx, Auto *a)
{
    Err err = OK;
    double *sum = NULL;
    GET_DONE(cx, sum, a->classes, "balancing %u classes", a->classes);
    for (size_t i = 0; i < a->rows; i++) sum[(size_t)a->y[i]] += (double)a->weight[i];
    for (uint32_t k = 0; k < a->classes; k++)
        if (!(sum[k] > 0)) {
            err = FAIL(cx, ERR_BAD_INPUT, "all rows of class '%.60s' have the weight 0, so it cannot be balanced; leave --class-weight or --weight out",
                       a->class_name[k]);
            goto done;
        }
    for (size_t i = 0; i < a->rows; i++) a->weight[i] = (float)((double)a->weight[i] / sum[(size_t)a->y[i]]);
done:
    ctx_put(cx, sum);
    return err;
}

static Err take_weights(Ctx *cx, Auto *a, size_t at)
{
    double sum = 0;
    if (!a->in->weight && !a->in->balanced) return OK;
    if (a->in->balanced && a->task == TASK_REGRESSION)
        return FAIL(cx, ERR_USAGE, "--class-weight balanced needs classes, and '%s' is a number to be predicted; leave it out or give --weight", a->in->target);
    a->weight = ctx_get_n(cx, a->rows, sizeof *a->weight);
    if (!a->weight) return FAIL(cx, ERR_NOMEM, "weighing %zu rows", a->rows);
    if (a->in->weight) TRY(cx, read_weights(cx, a, &a->in->table->col[at]));
    else
        for (size_t i = 0; i < a->rows; i++) a->weight[i] = 1;
    for (size_t i = 0; i < a->rows; i++) sum += (double)a->weight[i];
    if (!(sum > 0)) return FAIL(cx, ERR_BAD_INPUT, "every weight in '%s' is 0: no row would count; name another column", a->in->weight);
    if (a->in->balanced) TRY(cx, balance(cx, a));
    sum = 0;
    for (size_t i = 0; i < a->rows; i++) sum += (double)a->weight[i];
    for (size_t i = 0; i < a->rows; i++) a->weight[i] = (float)((double)a->weight[i] * ((double)a->rows / sum));
    return OK;
}

/* --------------------------------------------------------------- monotone */

/* "COL=+": the name goes into `name`, the sign is the answer; 0: the word is not of that form. */
static int read_sign(const char *word, char *name)
{
    size_t n = strlen(word);
    if (n < 3 || word[n - 2] != '=' || n - 2 >= MONOTONE_NAME_MAX) return 0;
    memcpy(name, word, n - 2);
    name[n - 2] = 0;
    return word[n - 1] == '+' ? 1 : word[n - 1] == '-' ? -1 : 0;
}

static Err take_monotone(Ctx *cx, Auto *a)
{
    const AutoIn *in = a->in;
    char name[MONOTONE_NAME_MAX];
    if (!in->monotone_n) return OK;
    if (a->task == TASK_MULTICLASS)
        return FAIL(cx, ERR_USAGE, "--monotone needs one answer that can rise or fall, and '%s' has %u classes; leave it out, or make a target with two classes",
                    in->target, a->classes);
    a->monotone = ctx_get_n(cx, a->raw->cols, sizeof *a->monotone);
    if (!a->monotone) return FAIL(cx, ERR_NOMEM, "reading --monotone");
    for (size_t i = 0; i < in->monotone_n; i++) {
        int sign = read_sign(in->monotone[i], name);
        size_t col;
        if (!sign) return FAIL(cx, ERR_USAGE, "--monotone '%.80s' is not of the form COLUMN=+ or COLUMN=-", in->monotone[i]);
        if (!strcmp(name, in->target)) return FAIL(cx, ERR_USAGE, "--monotone '%s': that is the target; name a column that is learned from", name);
        TRY(cx, auto_find_column(cx, in->table, name, "be monotone in", &col));
        size_t at = table_find(a->raw, name);
        if (at == SIZE_MAX)
            return FAIL(cx, ERR_USAGE, "--monotone '%s': the column is not learned from (it is excluded, or a group, time or weight); leave one of the two out", name);
        const Column *c = &a->raw->col[at];
        if (!c->num || c->type == COLUMN_DATETIME)
            return FAIL(cx, ERR_BAD_INPUT, "--monotone '%s': the column holds %s, and only numbers rise and fall; leave it out%s", name,
                        c->type == COLUMN_DATETIME ? "dates" : "words", c->num ? "" : ", or give --type with number if they are numbers");
        if (a->monotone[at] && a->monotone[at] != sign) return FAIL(cx, ERR_USAGE, "--monotone names '%s' with + and with -; give one of them", name);
        a->monotone[at] = (int8_t)sign;
    }
    return OK;
}

bool auto_may_mix(const Auto *a, uint32_t raw)
{
    return !a->monotone || raw >= a->raw->cols || !a->monotone[raw];
}

Err auto_feature_signs(Ctx *cx, const Auto *a, const Steps *steps, int8_t **out)
{
    size_t n = steps_features(steps);
    *out = NULL;
    if (!a->monotone) return OK;
    int8_t *sign = ctx_get_n(cx, n, sizeof *sign);
    if (!sign) return FAIL(cx, ERR_NOMEM, "marking %zu monotone features", n);
    for (size_t j = 0; j < n; j++) {
        const Feature *f = steps_feature(steps, j);
        uint32_t raw = f->raw[0];
        if (auto_may_mix(a, raw) && auto_may_mix(a, f->raw[1])) continue;
        /* Of such a column there is the column itself and nothing else: see auto_may_mix. */
        bool plain = f->raw[1] == FEATURE_NO_RAW && f->kind == FEATURE_NUMBER && !strcmp(f->name, a->schema->col[raw].name);
        if (!plain) {
            ctx_put(cx, sign);
            return FAIL(cx, ERR_BUG, "feature '%s' bends a column that the answer must be monotone in", f->name);
        }
        sign[j] = a->monotone[raw];
    }
    *out = sign;
    return OK;
}

/* ------------------------------------------------------------------ roles */

static bool used(const AutoIn *in, const char *name)
{
    for (size_t i = 0; i < in->use_n; i++)
        if (!strcmp(in->use[i], name)) return true;
    return false;
}

typedef struct Role { const char *name, *what, *option; size_t at; } Role;

static void roles_of(const AutoIn *in, Role role[3])
{
    role[0] = (Role){ in->group, "group the rows by", "--group", SIZE_MAX };
    role[1] = (Role){ in->time_column, "order the rows by", "--time-column", SIZE_MAX };
    role[2] = (Role){ in->weight, "weigh the rows by", "--weight", SIZE_MAX };
}

Err auto_roles_find(Ctx *cx, Auto *a, bool *out_of)
{
    const AutoIn *in = a->in;
    Role role[3];
    roles_of(in, role);
    if (in->group && in->time_column)
        return FAIL(cx, ERR_USAGE, "--group and --time-column are two ways to split the rows; give the one that is like the use: new groups, or later rows");
    for (int r = 0; r < 3; r++) {
        if (!role[r].name) continue;
        TRY(cx, auto_find_column(cx, in->table, role[r].name, role[r].what, &role[r].at));
        if (in->target && !strcmp(role[r].name, in->target)) return FAIL(cx, ERR_USAGE, "%s '%s': that is the target; name another column", role[r].option, role[r].name);
        for (int q = 0; q < r; q++)
            if (role[q].at == role[r].at)
                return FAIL(cx, ERR_USAGE, "'%s' is given for %s and for %s; name two columns, or leave one out", role[r].name, role[q].option, role[r].option);
        if (used(in, role[r].name)) continue;
        if (!out_of[role[r].at])
            TRY(cx, auto_warn(cx, a, "'%s' is used to %s and is not learned from; --use '%s' learns from it as well", role[r].name, role[r].what, role[r].name));
        out_of[role[r].at] = true;
    }
    for (size_t i = 0; i < in->use_n; i++) {
        bool known = false;
        for (int r = 0; r < 3; r++) known |= role[r].name && !strcmp(role[r].name, in->use[i]);
        if (!known) return FAIL(cx, ERR_USAGE, "--use '%.80s': every other column is learned from anyway; it is for those of --group, --time-column and --weight", in->use[i]);
    }
    return OK;
}

Err auto_roles_read(Ctx *cx, Auto *a)
{
    const Table *t = a->in->table;
    Role role[3];
    roles_of(a->in, role);
    for (int r = 0; r < 3; r++)
        if (role[r].name) role[r].at = table_find(t, role[r].name);
    if (a->in->group) {
        const Column *c = &t->col[role[0].at];
        size_t missing = 0;
        TRY(cx, auto_group_of(cx, t, role[0].at, a->from, a->rows, &a->group, &a->groups));
        for (size_t i = 0; i < a->rows; i++) missing += !column_has(c, a->from[i]);
        if (a->groups < 2)
            return FAIL(cx, ERR_BAD_INPUT, "--group '%s' is the same in every row: with one group no other is left to judge by; name another column", c->name);
        if (a->groups == a->rows)
            TRY(cx, auto_warn(cx, a, "--group '%s' is different in every row, so it groups nothing", c->name));
        else if (missing) TRY(cx, auto_warn(cx, a, "%zu rows have no value in '%s': each counts as a group of its own", missing, c->name));
    }
    if (a->in->time_column) TRY(cx, auto_when_of(cx, t, role[1].at, a->from, a->rows, &a->when));
    TRY(cx, take_weights(cx, a, role[2].at));
    return take_monotone(cx, a);
}

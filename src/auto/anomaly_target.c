/* auto/anomaly_target.c -- TASK_ANOMALY: every row is learned from; labels, where there are any, judge. */
#include "auto/anomaly.h"

#include <string.h>

#define ROWS_MIN 10

typedef struct Label { uint32_t n; double num; int32_t code; } Label;

/* The two values of the label column; ERR_BAD_INPUT if there are not two. */
static Err two_labels(Ctx *cx, const Auto *a, const Column *c, size_t rows, Label label[2])
{
    uint32_t different = 0;
    for (size_t i = 0; i < rows; i++) {
        if (!column_has(c, i)) continue;
        uint32_t k = 0;
        while (k < different && (c->num ? label[k].num != c->num[i] : label[k].code != c->code[i])) k++;
        if (k == 2) {
            different = 3;
            break;
        }
        if (k == different) label[different++] = (Label){ .num = c->num ? c->num[i] : 0, .code = c->num ? 0 : c->code[i] };
        label[k].n++;
    }
    if (different == 2) return OK;
    return FAIL(cx, ERR_BAD_INPUT, "to judge anomalies target '%s' needs two values, and it has %s; leave --target out to judge by nothing",
                a->in->target, different < 2 ? "one" : "more");
}

static Err name_of(Ctx *cx, const Column *c, const Label *l, char **out)
{
    char buf[NUM_TEXT_MAX];
    size_t n;
    const char *s = buf;
    if (c->num) n = num_text(l->num, buf);
    else s = dict_at(&c->dict, (uint32_t)l->code, &n);
    *out = ctx_get(cx, n + 1);
    if (!*out) return FAIL(cx, ERR_NOMEM, "naming the labels");
    memcpy(*out, s, n);
    return OK;
}

/* y: 1 where the label is the rarer one; weight: 0 where there is none. */
static Err take_labels(Ctx *cx, Auto *a, const Column *c)
{
    Label label[2] = { 0 };
    size_t known = 0;
    TRY(cx, two_labels(cx, a, c, a->rows, label));
    if (label[0].n < label[1].n) {
        Label swap = label[0];
        label[0] = label[1];
        label[1] = swap;
    }
    for (int k = 0; k < 2; k++) TRY(cx, name_of(cx, c, &label[k], &a->class_name[k]));
    for (size_t i = 0; i < a->rows; i++) {
        a->weight[i] = column_has(c, i);
        known += column_has(c, i);
        a->y[i] = column_has(c, i) && (c->num ? c->num[i] == label[1].num : c->code[i] == label[1].code);
    }
    if (known < a->rows) return auto_warn(cx, a, "%zu of %zu rows have no label: they are learned from, and not judged by", a->rows - known, a->rows);
    return OK;
}

static Err no_labels(Ctx *cx, Auto *a)
{
    static const char *const word[2] = { "normal", "anomaly" };
    for (int k = 0; k < 2; k++) {
        size_t n = strlen(word[k]) + 1;
        a->class_name[k] = ctx_get(cx, n);
        if (!a->class_name[k]) return FAIL(cx, ERR_NOMEM, "naming the labels");
        memcpy(a->class_name[k], word[k], n);
    }
    return OK;
}

static Err take_raw(Ctx *cx, Auto *a, size_t label)
{
    const Table *all = a->in->table;
    Err err = OK;
    bool *out_of = NULL;
    GET_DONE(cx, out_of, all->cols, "choosing columns");
    GET_DONE(cx, a->from, all->rows, "choosing rows");
    for (size_t i = 0; i < all->rows; i++) a->from[i] = (uint32_t)i;
    if (label != SIZE_MAX) out_of[label] = true;
    for (size_t e = 0; e < a->in->exclude_n; e++) {
        size_t j;
        TRY_DONE(cx, auto_find_column(cx, all, a->in->exclude[e], "exclude", &j));
        out_of[j] = true;
    }
    TRY_DONE(cx, auto_roles_find(cx, a, out_of));
    TRY_DONE(cx, table_pick(cx, all, a->from, all->rows, out_of, &a->raw));
    if (!a->raw->cols) {
        err = FAIL(cx, ERR_BAD_INPUT, "'%s' has no column to look for anomalies in", all->source);
        goto done;
    }
    TRY_DONE(cx, schema_of(cx, a->raw, a->in->na, a->in->na_n, &a->schema));
done:
    ctx_put(cx, out_of);
    return err;
}

Err anomaly_target(Ctx *cx, Auto *a)
{
    const AutoIn *in = a->in;
    size_t label = SIZE_MAX;
    if (in->weight || in->balanced || in->monotone_n)
        return FAIL(cx, ERR_USAGE, "detectors of anomalies know no weights and no monotone columns: leave --weight, --class-weight and --monotone out");
    if (in->target) TRY(cx, auto_find_column(cx, in->table, in->target, "judge by", &label));
    a->task = TASK_ANOMALY;
    a->classes = 2;
    a->rows = in->table->rows;
    if (a->rows < ROWS_MIN)
        return FAIL(cx, ERR_BAD_INPUT, "'%s' has %zu rows, and at least %d are needed to say what is usual", in->table->source, a->rows, ROWS_MIN);
    TRY(cx, auto_metric(cx, a));
    TRY(cx, take_raw(cx, a, label));
    a->y = ctx_get_n(cx, a->rows, sizeof *a->y);
    a->weight = ctx_get_n(cx, a->rows, sizeof *a->weight);
    a->class_name = ctx_get_n(cx, 2, sizeof *a->class_name);
    if (!a->y || !a->weight || !a->class_name) return FAIL(cx, ERR_NOMEM, "reading %zu rows", a->rows);
    if (label != SIZE_MAX) TRY(cx, take_labels(cx, a, &in->table->col[label]));
    else TRY(cx, no_labels(cx, a));
    return auto_roles_read(cx, a);
}

bool anomaly_judged(const Auto *a)
{
    for (size_t i = 0; i < a->rows; i++)
        if (a->weight[i] > 0) return true;
    return false;
}

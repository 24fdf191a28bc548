/* test/probe/steps.c -- leat-probe steps TRAIN NEW TASK FOLDS TYPES IDEAS: base features and ideas fitted on TRAIN (columns y and
** fold apart), saved, loaded, and applied to NEW.  One line a feature and part: where (train or new), part, name and
** values, tab between.
**   TYPES   COLUMN=TYPE,…     IDEAS   MAKE:A:B,…  (B may be left out) */
#include "probe/probe.h"

#include "auto/engineer.h"
#include "query/query.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TYPES_MAX 16

typedef struct Data {
    Table *all, *raw;
    double *y;
    uint8_t *fold;
} Data;

/* The table without y and fold. */
static Err take_raw(Ctx *cx, Data *d)
{
    size_t y = table_find(d->all, "y"), fold = table_find(d->all, "fold"), n = 0;
    if (y == SIZE_MAX || fold == SIZE_MAX) return FAIL(cx, ERR_USAGE, "TRAIN has columns y and fold");
    uint32_t *rows = ctx_get_n(cx, d->all->rows, sizeof *rows);
    d->y = ctx_get_n(cx, d->all->rows, sizeof *d->y);
    d->fold = ctx_get(cx, d->all->rows);
    if (!rows || !d->y || !d->fold) return FAIL(cx, ERR_NOMEM, "taking columns");
    for (size_t i = 0; i < d->all->rows; i++) {
        rows[i] = (uint32_t)i;
        d->y[i] = d->all->col[y].num[i];
        d->fold[i] = (uint8_t)d->all->col[fold].num[i];
    }
    Err err = table_rows(cx, d->all, rows, d->all->rows, &d->raw);
    ctx_put(cx, rows);
    if (err) return err;
    Column kept[2] = { d->raw->col[y], d->raw->col[fold] }; /* moved to the end, beyond cols: freed later */
    for (size_t i = 0; i < d->raw->cols; i++)
        if (i != y && i != fold) d->raw->col[n++] = d->raw->col[i];
    memcpy(&d->raw->col[n], kept, sizeof kept);
    d->raw->cols = n;
    return OK;
}

static void show(const char *where, const Steps *s, const StepFrame *f)
{
    for (uint32_t p = 0; p < steps_parts(s); p++) {
        Frame x = steps_frame(f, p);
        for (size_t c = 0; c < x.cols; c++) {
            printf("%s\t%u\t%s", where, p, steps_feature(s, c)->name);
            for (size_t r = 0; r < x.rows; r++) printf("\t%.9g", x.col[c][r]);
            putchar('\n');
        }
    }
}

static Err read_ideas(Ctx *cx, const Auto *a, char *words, Maker *m)
{
    uint32_t base = (uint32_t)steps_features(m->steps);
    for (char *rest = NULL, *w = strtok_r(words, ",", &rest); w; w = strtok_r(NULL, ",", &rest)) {
        char *one = NULL, *make = strtok_r(w, ":", &one), *x = strtok_r(NULL, ":", &one),
             *y = strtok_r(NULL, ":", &one);
        Idea idea = { .a = STEPS_NONE, .b = STEPS_NONE };
        if (!make || !x || !idea_read(make, &idea.kind)) return FAIL(cx, ERR_USAGE, "an idea is MAKE:A:B");
        idea.a = (uint32_t)schema_find(a->schema, x);
        if (y) idea.b = (uint32_t)schema_find(a->schema, y);
        TRY(cx, idea_make(cx, m, &idea, base));
    }
    return maker_apply(cx, m);
}

static Err fit(Ctx *cx, Auto *a, char *ideas)
{
    Maker m;
    TRY(cx, stage_preprocess(cx, a));
    Err err = maker_resume(cx, &m, a->raw, a->schema, a->task, a->classes, a->class_name, a->y, a->fold, a->folds,
                           a->steps, a->frame);
    if (!err) err = read_ideas(cx, a, ideas, &m);
    a->steps = m.steps;
    a->frame = m.frame;
    m.steps = NULL;
    m.frame = NULL;
    maker_clear(cx, &m);
    return err;
}

static Err fit_and_show(Ctx *cx, Auto *a, char **argv)
{
    Err err = OK;
    Steps *again = NULL;
    Table *fresh = NULL;
    StepFrame *f = NULL;
    Text bytes;
    text_init(&bytes, cx);
    TRY_DONE(cx, fit(cx, a, argv[5]));
    TRY_DONE(cx, steps_save(cx, a->steps, &bytes));
    TRY_DONE(cx, steps_load(cx, bytes.at, bytes.n, &again));
    TRY_DONE(cx, query_read_schema(cx, &(QueryIn){ .path = argv[1] }, a->schema, NULL, 0, &fresh, NULL));
    TRY_DONE(cx, steps_apply(cx, again, fresh, &f));
    show("train", a->steps, a->frame);
    show("new", again, f);
done:
    text_clear(&bytes);
    steps_frame_free(cx, f);
    steps_free(cx, again);
    table_free(cx, fresh);
    return err;
}

static Err read_types(Ctx *cx, char *words, QueryType *types, size_t *n)
{
    for (char *rest = NULL, *w = strtok_r(words, ",", &rest); w && *n < TYPES_MAX;
         w = strtok_r(NULL, ",", &rest), ++*n) {
        char *eq = strchr(w, '=');
        if (!eq || !column_type_read(eq + 1, &types[*n].type))
            return FAIL(cx, ERR_USAGE, "'%s' is not COLUMN=TYPE", w);
        *eq = 0;
        types[*n].column = w;
    }
    return OK;
}

static Err run(Ctx *cx, int argc, char **argv)
{
    Err err = OK;
    Data d = { NULL, NULL, NULL, NULL };
    QueryType types[TYPES_MAX];
    size_t types_n = 0;
    AutoIn in = { .target = "y", .trials = 1 };
    Auto *a = ctx_scratch(cx, sizeof *a);
    if (argc < 6 || !a) return FAIL(cx, ERR_USAGE, "steps TRAIN NEW TASK FOLDS TYPES IDEAS");
    TRY(cx, read_types(cx, argv[4], types, &types_n));
    TRY_DONE(cx, query_read(cx, &(QueryIn){ .path = argv[0], .types = types, .types_n = types_n }, &d.all, NULL));
    TRY_DONE(cx, take_raw(cx, &d));
    *a = (Auto){ .in = &in,
                 .task = strcmp(argv[2], "regression") ? TASK_BINARY : TASK_REGRESSION,
                 .raw = d.raw,
                 .y = d.y,
                 .rows = d.raw->rows,
                 .fold = d.fold,
                 .folds = (uint32_t)atoi(argv[3]) };
    a->classes = a->task == TASK_REGRESSION ? 0 : 2;
    a->metric = metric_default(a->task);
    for (int i = 0; i < STAGES_N; i++) text_init(&a->json[i], cx);
    text_init(&a->warnings, cx);
    TRY_DONE(cx, schema_of(cx, d.raw, NULL, 0, &a->schema));
    TRY_DONE(cx, fit_and_show(cx, a, argv));
done:
    if (a->in) {
        for (int i = 0; i < STAGES_N; i++) text_clear(&a->json[i]);
        text_clear(&a->warnings);
        steps_frame_free(cx, a->frame);
        steps_free(cx, a->steps);
        schema_free(cx, a->schema);
    }
    if (d.raw) d.raw->cols += 2; /* y and fold again */
    table_free(cx, d.raw);
    table_free(cx, d.all);
    ctx_put(cx, d.y);
    ctx_put(cx, d.fold);
    return err;
}

const Probe probe_steps = { .name = "steps", .use = "TRAIN NEW TASK FOLDS TYPES IDEAS", .run = run };

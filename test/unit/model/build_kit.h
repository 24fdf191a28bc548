/* test/unit/model/build_kit.h -- a small but whole build, from a made-up table through the real steps and learners, for
** tests of builds: every storage of column, features that differ from part to part, one member of each form. */
#ifndef TEST_UNIT_MODEL_BUILD_KIT_H
#define TEST_UNIT_MODEL_BUILD_KIT_H

#include "unit/auto/kit.h"
#include "unit/auto/stand_in.h"

#include "base/random.h"

#define BUILD_KIT_FOLDS 3
#define BUILD_KIT_HEAD "size:number rooms:integer city:category built:datetime sunny:boolean words:text"

typedef struct BuildKit {
    Build *b;
    Table *t;                  /* the training rows, following the schema */
    double *y;
    uint8_t *fold;
} BuildKit;

static inline void build_kit_row(size_t i, char *line, size_t max)
{
    static const char *const city[] = { "Rome", "Oslo", "Bergen", "3", "Ulm", "Graz" };
    Random r = random_make(21, "build kit", i, 0);
    int n = random_below(&r, 12) ? snprintf(line, max, "%.3g", 40 + 60 * random_unit(&r)) : 0;
    n += snprintf(line + n, max - (size_t)n, "|%d|%s|", (int)random_below(&r, 7), random_below(&r, 15) ? city[random_below(&r, 6)] : "");
    n += snprintf(line + n, max - (size_t)n, "%02d/%02d/20%02d|", 1 + (int)random_below(&r, 28), 1 + (int)random_below(&r, 12), (int)random_below(&r, 20));
    n += snprintf(line + n, max - (size_t)n, "%s|", random_below(&r, 2) ? "yes" : "no");
    snprintf(line + n, max - (size_t)n, "%s %s house near the %s", random_below(&r, 2) ? "old" : "new", random_below(&r, 3) ? "small" : "large",
             random_below(&r, 2) ? "lake" : "hill");
}

static inline double build_kit_number(size_t i) { return sin((double)i) * 10 + (double)(i % 7); }
static inline double build_kit_class(size_t i) { return (double)((i * 7 / 3) % 3); }
static inline double build_kit_bit(size_t i) { return (double)((i * 7 / 3) % 2); }

static inline char *build_kit_copy(const char *s)
{
    Ctx cx = test_ctx();
    char *p = ctx_get(&cx, strlen(s) + 1);
    assert_non_null(p);
    return memcpy(p, s, strlen(s) + 1);
}

static inline void build_kit_set(const Learner *l, double *args, const char *name, double value)
{
    for (size_t i = 0; l->params[i].name; i++)
        if (!strcmp(l->params[i].name, name)) args[i] = value;
}

static inline void build_kit_member(Ctx *cx, const Auto *a, const char *name, double weight, uint32_t trial, Member *m)
{
    const Learner *l = learner_find(name);
    double args[LEARN_PARAMS_MAX] = { 0 };
    Text params;
    uint32_t *rows = ctx_get_n(cx, 2 * a->rows, sizeof *rows);
    text_init(&params, cx);
    assert_true(l && rows);
    learner_start(l, a->task, args);
    build_kit_set(l, args, "trees", 4);
    build_kit_set(l, args, "epochs", 3);
    build_kit_set(l, args, "layers", 1);
    build_kit_set(l, args, "width", 16);
    expect_ok(cx, learner_args_json(cx, l, args, &params));
    *m = (Member){ .learner = build_kit_copy(name), .params = text_take(&params), .weight = weight, .scale = .5 + weight, .trial = trial,
                   .parts_n = a->folds };
    m->part = ctx_get_n(cx, a->folds, sizeof *m->part);
    m->model = ctx_get_n(cx, a->folds, sizeof *m->model);
    assert_true(m->part && m->model);
    for (uint32_t p = 0; p < a->folds; p++) {
        FitIn in = { .task = a->task, .classes = a->classes, .X = steps_frame(a->frame, p), .y = a->y, .args = args, .metric = a->metric,
                     .rounds = l->can & LEARN_ROUNDS ? 3 : 0, .train = rows, .valid = rows + a->rows };
        FitOut fit;
        for (uint32_t i = 0; i < a->rows; i++) {
            if (a->fold[i] == p) rows[a->rows + in.valid_n++] = i;
            else rows[in.train_n++] = i;
        }
        expect_ok(cx, l->fit(cx, &in, &fit));
        m->part[p] = p;
        m->model[p] = fit.model;
    }
    ctx_put(cx, rows);
}

/* members: names of learners, ends with NULL; the last one is as if fitted again on all rows (it reads the last part). */
static inline void build_kit_open(Ctx *cx, BuildKit *out, Task task, size_t rows, const char *const *members)
{
    Kit k;
    uint32_t some[64], n = 0;
    char *text = kit_rows(rows, build_kit_row);
    static const char *const class_name[] = { "3", "10", "maybe" };
    expect_ok(cx, kit_auto(cx, &k, BUILD_KIT_HEAD, text, task, task == TASK_REGRESSION ? 0 : task == TASK_BINARY ? 2 : 3, BUILD_KIT_FOLDS,
                           task == TASK_REGRESSION ? build_kit_number : task == TASK_BINARY ? build_kit_bit : build_kit_class));
    free(text);
    expect_ok(cx, stage_preprocess(cx, &k.a));
    Build *b = ctx_get(cx, sizeof *b);
    assert_non_null(b);
    *b = (Build){ .task = task, .classes = k.a.classes, .target = build_kit_copy("price"), .target_type = task == TASK_REGRESSION ? COLUMN_NUMBER : COLUMN_CATEGORY,
                  .folds = k.a.folds, .scale = 1.25, .shift = task == TASK_MULTICLASS ? 0 : .125, .threshold = .5, .lo = -9, .hi = 15,
                  .facts = build_kit_copy("{\"rows\":1}") };
    if (b->classes) {
        b->class_name = ctx_get_n(cx, b->classes, sizeof *b->class_name);
        for (uint32_t c = 0; c < b->classes; c++) b->class_name[c] = build_kit_copy(class_name[c]);
    }
    while (members[b->members_n]) b->members_n++;
    b->member = ctx_get_n(cx, b->members_n, sizeof *b->member);
    for (uint32_t i = 0; i < b->members_n; i++) build_kit_member(cx, &k.a, members[i], 1. / b->members_n, i + 1, &b->member[i]);
    Member *last = &b->member[b->members_n - 1];
    if (b->members_n > 1) {
        for (uint32_t p = 1; p < last->parts_n; p++) model_free(cx, last->model[p]);
        last->parts_n = 1;
        last->part[0] = b->folds;
    }
    while (n < 64 && n < rows) some[n] = n, n++;
    expect_ok(cx, table_rows(cx, k.a.raw, some, n < 24 ? n : 24, &b->background));
    b->schema = k.a.schema;
    b->steps = k.a.steps;
    *out = (BuildKit){ b, k.a.raw, k.y, k.fold };
    k.a.schema = NULL;
    k.a.steps = NULL;
    k.a.raw = NULL;
    k.y = NULL;
    k.fold = NULL;
    kit_clear(cx, &k);
}

static inline void build_kit_close(Ctx *cx, BuildKit *k)
{
    build_free(cx, k->b);
    table_free(cx, k->t);
    ctx_put(cx, k->y);
    ctx_put(cx, k->fold);
    ctx_clear(cx);
}

/* Make a build file's checksums true again after its bytes were changed, so that a reader must look further.  Leaves
** alone what does not look like a build at all. */
static inline void build_kit_reseal(unsigned char *at, size_t n)
{
    Ctx cx = test_ctx();
    const size_t table = 64, row = 64, sections = 6;
    Digest d;
    if (n < table + row * sections) return;
    uint64_t whole = n;
    memcpy(at + 16, &whole, 8);
    for (size_t s = 0; s < sections; s++) {
        uint64_t from, size;
        memcpy(&from, at + table + s * row + 8, 8);
        memcpy(&size, at + table + s * row + 16, 8);
        if (from > n || size > n - from || hash_bytes(&cx, at + from, (size_t)size, &d)) continue;
        memcpy(at + table + s * row + 24, d.at, sizeof d.at);
    }
    if (!hash_bytes(&cx, at + table, row * sections, &d)) memcpy(at + 24, d.at, sizeof d.at);
}

#endif

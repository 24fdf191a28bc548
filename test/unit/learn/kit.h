/* test/unit/learn/kit.h -- a made-up problem for tests of learners: numbers, a category, missing values, three tasks. */
#ifndef TEST_LEARN_KIT_H
#define TEST_LEARN_KIT_H

#include "base/random.h"
#include "learn/learn.h"
#include "test.h"

#include <math.h>
#include <string.h>

#define KIT_ROWS_MAX 2000u
#define KIT_COLS 5u
#define KIT_LEVELS 9u

typedef struct Kit {
    float cell[KIT_COLS][KIT_ROWS_MAX];
    const float *col[KIT_COLS];
    Feature feature[KIT_COLS];
    double y[KIT_ROWS_MAX];
    float weight[KIT_ROWS_MAX];
    uint32_t row[KIT_ROWS_MAX];
    double args[LEARN_PARAMS_MAX];
    FitIn in;
} Kit;

/* `rows` rows, all for training; column 4 is a category; a tenth is missing.  args are the learner's start. */
static inline void kit_make(Kit *k, const Learner *l, Task task, uint32_t rows, uint64_t seed)
{
    Random r = random_make(seed, "kit", rows, 0);
    for (uint32_t i = 0; i < rows; i++) {
        for (uint32_t j = 0; j + 1 < KIT_COLS; j++) k->cell[j][i] = (float)random_normal(&r);
        k->cell[4][i] = (float)random_below(&r, KIT_LEVELS);
        double z = 2 * (double)k->cell[0][i] + sin(3 * (double)k->cell[1][i]) + (double)k->cell[2][i] * (double)k->cell[3][i];
        z += fmod((double)k->cell[4][i], 3) + 0.2 * random_normal(&r);
        for (uint32_t j = 0; j < KIT_COLS; j++)
            if (!random_below(&r, 10)) k->cell[j][i] = NAN;
        k->y[i] = task == TASK_REGRESSION ? z : task == TASK_BINARY ? z > 1 : (z > 0) + (z > 2);
        k->weight[i] = (float)(0.5 + random_unit(&r));
        k->row[i] = i;
    }
    for (uint32_t j = 0; j < KIT_COLS; j++) {
        k->col[j] = k->cell[j];
        k->feature[j] = (Feature){ "x", FEATURE_NUMBER, 0, { j, FEATURE_NO_RAW } };
    }
    k->feature[4].kind = FEATURE_CATEGORY;
    k->feature[4].levels = KIT_LEVELS;
    learner_start(l, task, k->args);
    k->in = (FitIn){ .task = task, .classes = task == TASK_BINARY ? 2 : task == TASK_MULTICLASS ? 3 : 0, .X = { rows, KIT_COLS, k->feature, k->col },
                     .y = k->y, .train = k->row, .train_n = rows, .args = k->args, .metric = metric_default(task) };
}

/* Rows from `from` on are for validation. */
static inline void kit_split(Kit *k, uint32_t from)
{
    k->in.valid = k->row + from;
    k->in.valid_n = k->in.train_n - from;
    k->in.train_n = from;
}

static inline void kit_set(Kit *k, const Learner *l, const char *name, double value)
{
    for (size_t i = 0; l->params[i].name; i++)
        if (!strcmp(l->params[i].name, name)) {
            k->args[i] = value;
            return;
        }
    fail_msg("no parameter '%s'", name);
}

/* The default metric of the model's answers on some rows. */
static inline double kit_score(Ctx *cx, const Kit *k, const Model *m, const uint32_t *rows, size_t n)
{
    static double margin[KIT_ROWS_MAX * 3], y[KIT_ROWS_MAX];
    double out;
    expect_ok(cx, model_margin(cx, m, &k->in.X, rows, n, margin));
    for (size_t i = 0; i < n; i++) {
        y[i] = k->y[rows[i]];
        for (uint32_t c = 0; c < m->outputs; c++) assert_true(isfinite(margin[i * m->outputs + c]));
        if (k->in.task == TASK_BINARY) margin[i] = model_sigmoid(margin[i]);
        if (k->in.task == TASK_MULTICLASS) model_softmax(margin + i * m->outputs, m->outputs);
    }
    expect_ok(cx, k->in.metric->score(cx, y, margin, NULL, n, k->in.classes, &out));
    return out;
}

#endif

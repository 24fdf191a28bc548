/* auto/engineer_lab.c -- fits with and without a group of features, compared row by row on held-out rows.
**
** A moderate booster stands for all learners.  The gain of a group is the mean over held-out rows of the loss
** without it minus the loss with it; its standard error is that of this mean.  Nothing depends on a clock
** unless there is a budget, or on which worker was faster.
*/
#include "auto/engineer.h"

#include "base/random.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define LAB_LEARNER      "lightgbm"
#define LAB_ROUNDS       80.0
#define LAB_ROUNDS_LEAST 15.0
#define SCREEN_PARTS(n)  ((n) / 2) /* parts whose held-out rows may choose ideas */

static const struct {
    const char *name;
    double value;
} lab_args[] = {
    { "learning_rate", .15 },  { "num_leaves", 16 },     { "min_data_in_leaf", 20 },
    { "bagging_fraction", 1 }, { "rounds", LAB_ROUNDS },
};

static void fill_args(const Learner *l, Task task, uint32_t classes, double *args)
{
    learner_start(l, task, args);
    for (size_t i = 0; l->params[i].name; i++)
        for (size_t k = 0; k < sizeof lab_args / sizeof *lab_args; k++)
            if (!strcmp(l->params[i].name, lab_args[k].name)) args[i] = lab_args[k].value;
    for (size_t i = 0; classes > 2 && l->params[i].name; i++) /* a round grows a tree a class */
        if (!strcmp(l->params[i].name, "rounds"))
            args[i] = fmax(LAB_ROUNDS_LEAST, LAB_ROUNDS * 3 / (classes + 2.0));
}

double lab_fit_guess_s(const Auto *a, size_t rows, uint32_t features)
{
    const Learner *l = learner_find(LAB_LEARNER);
    double args[LEARN_PARAMS_MAX] = { 0 };
    if (!l || !l->guess_s) return .1;
    fill_args(l, a->task, a->classes, args);
    FitIn in = { .task = a->task,
                 .classes = a->classes,
                 .X = { .rows = rows, .cols = features },
                 .args = args,
                 .train_n = rows - rows / 5,
                 .valid_n = rows / 5,
                 .metric = a->metric };
    return l->guess_s(&in);
}

/* ------------------------------------------------------------------- opening */

/* All rows, or a keyed sample in which a single holdout keeps at most a third. */
static Err pick_rows(Ctx *cx, Lab *lab, size_t most)
{
    Auto *a = lab->a;
    Random random = random_make(cx->seed, "engineer rows", 0, 0);
    uint32_t *order = NULL, held = 0;
    Err err = OK;
    lab->rows = a->rows;
    if (a->rows <= most) return OK;
    lab->row = ctx_get_n(cx, a->rows, sizeof *lab->row);
    order = ctx_get_n(cx, a->rows, sizeof *order);
    if (!lab->row || !order) {
        err = FAIL(cx, ERR_NOMEM, "sampling %zu rows", a->rows);
        goto done;
    }
    for (size_t i = 0; i < a->rows; i++) order[i] = (uint32_t)i;
    random_shuffle(&random, order, a->rows);
    memset(lab->row, 0, a->rows * sizeof *lab->row);
    size_t n = 0;
    for (size_t i = 0; i < a->rows && n < most; i++) { /* lab->row marks first */
        bool is_held = a->folds == 1 && a->fold[order[i]] == 0;
        if (is_held && held >= most / 3) continue;
        held += is_held;
        lab->row[order[i]] = 1;
        n++;
    }
    lab->rows = 0;
    for (size_t i = 0; i < a->rows; i++)
        if (lab->row[i]) lab->row[lab->rows++] = (uint32_t)i; /* never ahead of i */
    TRY_DONE(cx, table_rows(cx, a->raw, lab->row, lab->rows, &lab->some));
    GET_DONE(cx, lab->y, lab->rows, "sampling %zu rows", lab->rows);
    GET_DONE(cx, lab->fold, lab->rows, "sampling %zu rows", lab->rows);
    if (a->group) GET_DONE(cx, lab->group_of, lab->rows, "sampling %zu rows", lab->rows);
    if (a->weight) GET_DONE(cx, lab->weight_of, lab->rows, "sampling %zu rows", lab->rows);
    for (size_t i = 0; i < lab->rows; i++) {
        lab->y[i] = a->y[lab->row[i]];
        lab->fold[i] = a->fold[lab->row[i]];
        if (a->group) lab->group_of[i] = a->group[lab->row[i]];
        if (a->weight) lab->weight_of[i] = a->weight[lab->row[i]];
    }
done:
    ctx_put(cx, order);
    return err;
}

/* The run's own features for the sample's rows: its steps are copied, its training values gathered. */
static Err copy_base(Ctx *cx, Lab *lab, const Table *t, const double *y, const uint8_t *fold)
{
    Auto *a = lab->a;
    Text bytes;
    Steps *steps = NULL;
    StepFrame *frame = NULL;
    Err err = OK;
    text_init(&bytes, cx);
    TRY_DONE(cx, steps_save(cx, a->steps, &bytes));
    TRY_DONE(cx, steps_load(cx, bytes.at, bytes.n, &steps));
    TRY_DONE(cx, steps_frame_gather(cx, a->frame, steps, lab->row, lab->rows, &frame));
    err = maker_resume(cx, &lab->m, t, a->schema, a->task, a->classes, a->class_name, y, fold, a->folds, steps,
                       frame);
    steps = NULL;
    frame = NULL;
    Folds folds = { .n = a->folds, .sets = 1, .ordered = a->ordered, .rows = lab->rows, .of = fold };       /* the first set's */
    if (!err) err = maker_split(cx, &lab->m, &folds, lab->group_of ? lab->group_of : a->group);
done:
    text_clear(&bytes);
    steps_frame_free(cx, frame);
    steps_free(cx, steps);
    return err;
}

/* Half of the held-out rows may choose ideas, the other half judges what was chosen. */
static Err mark_rows(Ctx *cx, Lab *lab)
{
    uint32_t held = 0;
    lab->look = ctx_get(cx, lab->rows);
    if (!lab->look) return FAIL(cx, ERR_NOMEM, "marking %zu rows", lab->rows);
    for (size_t i = 0; i < lab->rows; i++) {
        uint8_t f = lab->m.fold[i];
        if (f >= lab->parts_n) continue;
        bool screen = lab->parts_n > 1 ? f < SCREEN_PARTS(lab->parts_n) : held++ % 2 == 0;
        lab->look[i] = screen ? LOOK_SCREEN : LOOK_JUDGE;
    }
    return OK;
}

Err lab_open(Ctx *cx, Auto *a, size_t rows_most, uint32_t parts_n, Lab *lab)
{
    *lab = (Lab){ .a = a, .parts_n = parts_n, .base_n = (uint32_t)steps_features(a->steps) };
    TRY(cx, pick_rows(cx, lab, rows_most));
    TRY(cx, copy_base(cx, lab, lab->some ? lab->some : a->raw, lab->y ? lab->y : a->y,
                      lab->fold ? lab->fold : a->fold));
    TRY(cx, mark_rows(cx, lab));
    uint32_t outputs = task_outputs(a->task, a->classes);
    lab->base_margin = ctx_get_n(cx, lab->rows * outputs, sizeof *lab->base_margin);
    lab->base_loss = ctx_get_n(cx, lab->rows, sizeof *lab->base_loss);
    lab->weight = ctx_get_n(cx, lab->base_n, sizeof *lab->weight);
    lab->rank = ctx_get_n(cx, lab->base_n, sizeof *lab->rank);
    if (!lab->base_margin || !lab->base_loss || !lab->weight || !lab->rank)
        return FAIL(cx, ERR_NOMEM, "testing features on %zu rows", lab->rows);
    return OK;
}

void lab_close(Ctx *cx, Lab *lab)
{
    maker_clear(cx, &lab->m);
    table_free(cx, lab->some);
    ctx_put(cx, lab->row);
    ctx_put(cx, lab->y);
    ctx_put(cx, lab->fold);
    ctx_put(cx, lab->group_of);
    ctx_put(cx, lab->weight_of);
    ctx_put(cx, lab->look);
    ctx_put(cx, lab->base_margin);
    ctx_put(cx, lab->base_loss);
    ctx_put(cx, lab->model);
    ctx_put(cx, lab->weight);
    ctx_put(cx, lab->rank);
    *lab = (Lab){ .a = NULL };
}

Err lab_share(Ctx *cx, Lab *lab)
{
    JobData data = { .task = lab->a->task,
                     .classes = lab->a->classes,
                     .rows = lab->rows,
                     .y = lab->m.y,
                     .fold = lab->m.fold,
                     .folds = lab->a->folds,
                     .frame = lab->m.frame,
                     .steps = lab->m.steps,
                     .ordered = lab->a->ordered,
                     .weight = lab->weight_of ? lab->weight_of : lab->a->weight,
                     .metric = lab->a->metric };
    int8_t *sign;
    TRY(cx, auto_feature_signs(cx, lab->a, lab->m.steps, &sign));
    data.monotone = sign;
    Err err = pool_publish(cx, lab->a->pool, &data);
    ctx_put(cx, sign);
    return err ? ctx_hop(cx, err, __FILE__, __LINE__) : OK;
}

/* -------------------------------------------------------------------- fitting */

/* Fits of one set of features: base features and those of some groups. */
typedef struct Fits {
    Job *job;
    uint32_t *cols;
    uint32_t parts_n;
    bool done;
} Fits;

static Err fits_plan(Ctx *cx, Lab *lab, Group *const *group, uint32_t n, Fits *fits)
{
    const Learner *l = learner_find(LAB_LEARNER);
    uint32_t cols_n = lab->base_n;
    double args[LEARN_PARAMS_MAX] = { 0 };
    for (uint32_t g = 0; g < n; g++) cols_n += group[g]->features_n;
    *fits = (Fits){ .job = ctx_get_n(cx, lab->parts_n, sizeof(Job)),
                    .cols = ctx_get_n(cx, cols_n, sizeof(uint32_t)),
                    .parts_n = lab->parts_n };
    if (!fits->job || !fits->cols) return FAIL(cx, ERR_NOMEM, "planning fits of %u features", cols_n);
    for (uint32_t i = 0; i < lab->base_n; i++) fits->cols[i] = i;
    for (uint32_t g = 0, at = lab->base_n; g < n; g++)
        for (uint32_t i = 0; i < group[g]->features_n; i++) fits->cols[at++] = group[g]->first + i;
    fill_args(l, lab->a->task, lab->a->classes, args);
    for (uint32_t p = 0; p < lab->parts_n; p++) {
        Job *job = &fits->job[p];
        *job = (Job){ .learner = l,
                      .part = p,
                      .seed = cx->seed,
                      .cols = fits->cols,
                      .cols_n = cols_n,
                      .deadline_us = lab->a->stage_end_us[STAGE_ENGINEER] };
        memcpy(job->args, args, sizeof args);
    }
    return OK;
}

static void fits_drop(Ctx *cx, Fits *fits)
{
    for (uint32_t p = 0; fits->job && p < fits->parts_n; p++) job_clear(cx, &fits->job[p]);
    ctx_put(cx, fits->job);
    ctx_put(cx, fits->cols);
}

/* NULL when every part was fitted to the end. */
static const char *fits_failed(const Fits *fits)
{
    for (uint32_t p = 0; p < fits->parts_n; p++) {
        if (fits->job[p].err) return fits->job[p].why[0] ? fits->job[p].why : "a fit failed";
        if (fits->job[p].cut) return "time was too short";
    }
    return NULL;
}

static double loss_of(Task task, uint32_t classes, double y, const double *margin)
{
    if (task == TASK_REGRESSION) return (y - margin[0]) * (y - margin[0]);
    if (task == TASK_BINARY) {
        double z = y == 1 ? margin[0] : -margin[0];
        return z > 0 ? log1p(exp(-z)) : -z + log1p(exp(z));
    }
    double top = margin[0], sum = 0;
    for (uint32_t c = 1; c < classes; c++) top = fmax(top, margin[c]);
    for (uint32_t c = 0; c < classes; c++) sum += exp(margin[c] - top);
    return top + log(sum) - margin[(size_t)y];
}

/* Margins of held-out rows, part after part, back to their rows. */
static void spread(const Lab *lab, const Fits *fits, double *margin, double *loss)
{
    uint32_t k = task_outputs(lab->a->task, lab->a->classes);
    size_t at[BUILD_PARTS_MAX] = { 0 };
    for (size_t i = 0; i < lab->rows; i++) {
        uint8_t f = lab->m.fold[i];
        loss[i] = NAN;
        if (f >= lab->parts_n) continue;
        const double *from = fits->job[f].margin + at[f]++ * k;
        memcpy(margin + i * k, from, k * sizeof *from);
        loss[i] = loss_of(lab->a->task, lab->a->classes, lab->m.y[i], from);
    }
}

/* The run's metric over held-out rows; NaN where it is undefined. */
static Err judge_score(Ctx *cx, const Lab *lab, const double *margin, bool judge_only, double *out)
{
    const Auto *a = lab->a;
    uint32_t k = task_outputs(a->task, a->classes);
    size_t n = 0;
    Err err = OK;
    double *y = NULL, *p = NULL;
    GET_DONE(cx, y, lab->rows, "scoring %zu rows", lab->rows);
    GET_DONE(cx, p, lab->rows * k, "scoring %zu rows", lab->rows);
    for (size_t i = 0; i < lab->rows; i++) {
        if (lab->look[i] == LOOK_NO || (judge_only && lab->look[i] != LOOK_JUDGE)) continue;
        y[n] = lab->m.y[i];
        memcpy(p + n * k, margin + i * k, k * sizeof *p);
        if (a->task == TASK_BINARY) p[n] = model_sigmoid(p[n]);
        else if (a->task == TASK_MULTICLASS) model_softmax(p + n * k, k);
        n++;
    }
    for (size_t i = 0; a->metric->labels && a->task == TASK_BINARY && i < n; i++) p[i] = p[i] >= .5;
    err = a->metric->score(cx, y, p, NULL, n, a->classes, out);
    if (err == ERR_NUMERIC) err = OK;
done:
    ctx_put(cx, y);
    ctx_put(cx, p);
    return err;
}

static Err judge(Ctx *cx, const Lab *lab, const Fits *fits, Group *g)
{
    Err err = OK;
    double *margin = NULL, *loss = NULL, base = 0, sum = 0, square = 0, with = NAN, without = NAN;
    size_t n = 0;
    GET_DONE(cx, margin, lab->rows * task_outputs(lab->a->task, lab->a->classes), "judging features");
    GET_DONE(cx, loss, lab->rows, "judging features");
    spread(lab, fits, margin, loss);
    for (size_t i = 0; i < lab->rows; i++) {
        if (lab->look[i] == LOOK_NO || (g->screened && lab->look[i] != LOOK_JUDGE)) continue;
        double d = lab->base_loss[i] - loss[i];
        base += lab->base_loss[i];
        sum += d;
        square += d * d;
        n++;
    }
    g->why = "too few rows are held out";
    if (n >= 2 && base > 0) {
        double mean = sum / (double)n, var = fmax(square / (double)n - mean * mean, 0), unit = base / (double)n;
        g->gain = mean / unit;
        g->se = sqrt(var / (double)(n - 1)) / unit;
        g->tested = true;
        g->why = NULL;
        TRY_DONE(cx, judge_score(cx, lab, margin, g->screened, &with));
        TRY_DONE(cx, judge_score(cx, lab, lab->base_margin, g->screened, &without));
        g->better = with - without;
    }
done:
    ctx_put(cx, margin);
    ctx_put(cx, loss);
    return err;
}

static Err keep_base(Ctx *cx, Lab *lab, Fits *fits, const char **why)
{
    *why = fits_failed(fits);
    if (*why) {
        *why = ctx_scratch_text(cx, *why);
        return *why ? OK : FAIL(cx, ERR_NOMEM, "testing features");
    }
    spread(lab, fits, lab->base_margin, lab->base_loss);
    for (uint32_t p = 0; p < lab->parts_n; p++) lab->fit_s += fits->job[p].fit_s / lab->parts_n;
    lab->model = fits->job[0].model;
    lab->model_n = fits->job[0].model_n;
    fits->job[0].model = NULL;
    return judge_score(cx, lab, lab->base_margin, false, &lab->base_score);
}

/* Plan all, then run all: workers stay busy, and the order of finishing does not matter. */
static Err run_all(Ctx *cx, Lab *lab, Fits *fits, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        for (uint32_t p = 0; p < lab->parts_n; p++) TRY(cx, pool_submit(cx, lab->a->pool, &fits[i].job[p]));
    for (;;) {
        Job *done;
        TRY(cx, pool_next(cx, lab->a->pool, &done));
        if (!done) return OK;
    }
}

Err lab_test(Ctx *cx, Lab *lab, Group *const *group, uint32_t n, const char **base_why)
{
    Err err = OK;
    Fits fits[GROUPS_MAX + 1] = { { NULL, NULL, 0, false } };
    bool base = !lab->model;
    assert(n <= GROUPS_MAX);
    *base_why = NULL;
    if (base) TRY_DONE(cx, fits_plan(cx, lab, NULL, 0, &fits[n]));
    for (uint32_t i = 0; i < n; i++) TRY_DONE(cx, fits_plan(cx, lab, &group[i], 1, &fits[i]));
    if (base) { /* the base first: all else needs it */
        Fits last = fits[n];
        memmove(fits + 1, fits, n * sizeof *fits);
        fits[0] = last;
    }
    TRY_DONE(cx, run_all(cx, lab, fits, n + base));
    if (base) TRY_DONE(cx, keep_base(cx, lab, &fits[0], base_why));
    if (*base_why) goto done;
    for (uint32_t i = 0; i < n; i++) {
        const char *why = fits_failed(&fits[i + base]);
        group[i]->why = why ? ctx_scratch_text(cx, why) : NULL;
        if (!why) TRY_DONE(cx, judge(cx, lab, &fits[i + base], group[i]));
    }
done:
    if (err) pool_drop(cx, lab->a->pool);
    for (uint32_t i = 0; i <= n; i++) fits_drop(cx, &fits[i]);
    return err;
}

Err lab_test_together(Ctx *cx, Lab *lab, Group *const *group, uint32_t n, Group *out)
{
    Err err = OK;
    Fits fits = { NULL, NULL, 0, false };
    *out = (Group){ .name = "together" };
    for (uint32_t i = 0; i < n; i++) out->screened |= group[i]->screened;
    TRY_DONE(cx, fits_plan(cx, lab, group, n, &fits));
    TRY_DONE(cx, run_all(cx, lab, &fits, 1));
    if (!fits_failed(&fits)) TRY_DONE(cx, judge(cx, lab, &fits, out));
done:
    if (err) pool_drop(cx, lab->a->pool);
    fits_drop(cx, &fits);
    return err;
}

/* ----------------------------------------------------------------- importance */

static void rank_features(Lab *lab)
{
    for (uint32_t i = 0; i < lab->base_n; i++) lab->rank[i] = i;
    for (uint32_t i = 1; i < lab->base_n; i++) /* insertion: equal weights stay in order */
        for (uint32_t k = i; k && lab->weight[lab->rank[k]] > lab->weight[lab->rank[k - 1]]; k--) {
            uint32_t t = lab->rank[k];
            lab->rank[k] = lab->rank[k - 1];
            lab->rank[k - 1] = t;
        }
}

Err lab_importance(Ctx *cx, Lab *lab)
{
    Err err = OK;
    Model *model = NULL;
    double *phi = NULL;
    uint32_t rows[256], n = 0, outputs = task_outputs(lab->a->task, lab->a->classes);
    uint32_t most = outputs > 16 ? 16 : 256 / outputs;
    size_t wide = (size_t)lab->base_n + 1;
    Frame X = steps_frame(lab->m.frame, 0);
    X.cols = lab->base_n; /* base features come first */
    TRY_DONE(cx, model_load(cx, lab->model, lab->model_n, &model));
    for (size_t i = 0; i < lab->rows && n < most; i++)
        if (lab->m.fold[i] == 0) rows[n++] = (uint32_t)i;
    GET_DONE(cx, phi, n * outputs * wide, "explaining %u rows", n);
    TRY_DONE(cx, model_explain(cx, model, &X, rows, n, &X, phi));
    for (size_t r = 0; r < (size_t)n * outputs; r++)
        for (uint32_t i = 0; i < lab->base_n; i++) lab->weight[i] += fabs(phi[r * wide + i]);
    rank_features(lab);
done:
    model_free(cx, model);
    ctx_put(cx, phi);
    return err;
}

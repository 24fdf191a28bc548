/* model/metric.h -- how good predictions are.  Equal to scikit-learn's to 1e-9. */
#ifndef MODEL_METRIC_H
#define MODEL_METRIC_H

#include "base/ctx.h"
#include "model/frame.h"

typedef struct Metric {
    const char *name;                /* auc average_precision logloss accuracy balanced_accuracy f1 rmse mae r2 mape */
    const char *summary;             /* one line */
    const char *const *aliases;      /* scikit-learn's names: roc_auc, neg_log_loss, ...; ends with NULL */
    bool higher;                     /* larger is better */
    unsigned tasks;                  /* 1 << TASK_... */
    bool smooth;                     /* fit for early stopping as it is */
    bool labels;                     /* judges predicted classes (a threshold matters) */

    /* y[i]: class index, or the value.  p: binary n probabilities of class 1; multiclass n x classes
    ** probabilities, row-major; regression n values.  weight may be NULL.
    ** auc: binary Mann-Whitney, ties 1/2; multiclass one-vs-rest macro.  average_precision: the same way round, no
    ** interpolation.  logloss clips at 2.2e-16 as
    ** scikit-learn does.  f1: binary positive class 1; multiclass macro.
    ** ERR_NUMERIC undefined (one class only for auc ...), *out is NaN.  ERR_NOMEM */
    Err (*score)(Ctx *cx, const double *y, const double *p, const double *weight, size_t n, uint32_t classes, double *out);
} Metric;

const Metric *metric_at(size_t i);                         /* NULL past the end */
const Metric *metric_find(const char *name);               /* by name or alias; NULL if none */
const Metric *metric_default(Task task);                   /* auc, logloss, rmse */
/* Error for comparing and combining: smaller is better (1 - auc, logloss, 1 - accuracy, rmse, 1 - r2, ...). */
double metric_error(const Metric *m, double value);

/* Standard error of a metric on n rows by `rounds` bootstrap resamples keyed by cx->seed. */
MUST_USE Err metric_se(Ctx *cx, const Metric *m, const double *y, const double *p, size_t n, uint32_t classes,
                       unsigned rounds, double *out);
/* The same where row i counts weight[i] times; weight may be NULL. */
MUST_USE Err metric_se_weighted(Ctx *cx, const Metric *m, const double *y, const double *p, const double *weight, size_t n,
                                uint32_t classes, unsigned rounds, double *out);

#endif

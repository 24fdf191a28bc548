/* test/probe/metric.c -- leat-probe metric IN.box CLASSES: every metric of the arrays y, p and, if there, w.
** With a fourth word, the standard error of that metric by as many rounds as the fifth says. */
#include "probe/box.h"
#include "probe/probe.h"

#include <math.h>
#include <stdlib.h>

static Err run(Ctx *cx, int argc, char **argv)
{
    Box box;
    size_t n;
    if (argc < 2) return FAIL(cx, ERR_USAGE, "see the usage");
    TRY(cx, box_read(cx, argv[0], &box));
    uint32_t classes = (uint32_t)atoi(argv[1]);
    const double *y = box_f64(&box, "y", &n), *p = box_f64(&box, "p", NULL), *w = box_f64(&box, "w", NULL);
    Task task = classes == 0 ? TASK_REGRESSION : classes == 2 ? TASK_BINARY : TASK_MULTICLASS;
    Err err = OK;
    if (argc > 3) {
        double se;
        err = metric_se(cx, metric_find(argv[2]), y, p, n, classes, (unsigned)atoi(argv[3]), &se);
        printf("%s %.17g\n", argv[2], se);
    }
    for (size_t i = 0; argc <= 3 && metric_at(i); i++) {
        const Metric *m = metric_at(i);
        double value;
        if (!(m->tasks & 1u << task)) continue;
        err = m->score(cx, y, p, w, n, classes, &value);
        if (err == ERR_NUMERIC && isnan(value)) err = OK;
        if (err) break;
        printf("%s %.17g\n", m->name, value);
    }
    box_clear(&box);
    return err;
}

const Probe probe_metric = { "metric", "IN.box CLASSES [METRIC ROUNDS]", run };

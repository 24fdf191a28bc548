/* model/trees_course.c -- margins of the first trees only: what a booster had learned on its way.
**
** Each stretch of trees is walked as if it were a model of its own, and added to those before.  Cost: one prediction
** for each row, whatever the number of stops.
*/
#include "model/trees_inner.h"

#include <string.h>

bool trees_is_sum(const Model *m)
{
    return m->form == &form_trees && ((const Trees *)m)->sum == TREES_SUM;
}

Err trees_course(Ctx *cx, const Model *model, const Frame *X, const uint32_t *rows, size_t n, const uint32_t *upto, size_t stops, double *out)
{
    const Trees *m = (const Trees *)model;
    Trees part = *m;
    size_t wide = n * m->head.outputs;
    for (size_t s = 0, from = 0; s < stops && n; s++) {
        size_t to = upto[s] < m->trees_n ? upto[s] : m->trees_n;
        double *here = out + s * wide;
        memset(here, 0, wide * sizeof *here);
        part.tree = m->tree + from;
        part.trees_n = (uint32_t)(to - from);
        if (to > from) TRY(cx, trees_margin(cx, &part.head, X, rows, n, here));
        for (size_t i = 0; s && i < wide; i++) here[i] += here[i - wide];
        from = to;
    }
    return OK;
}

/* model/order.h -- the order of numbers, by radix sort: O(n), stable, the same everywhere. */
#ifndef MODEL_ORDER_H
#define MODEL_ORDER_H

#include "base/ctx.h"

/* order[0..n-1]: indices i of v[i * stride], smallest first, equal numbers by index (-0 equals 0; NaN last).
** n <= UINT32_MAX.  ERR_NOMEM */
MUST_USE Err order_of(Ctx *cx, const double *v, size_t stride, size_t n, uint32_t *order);

#endif

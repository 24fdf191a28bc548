/* model/order.c -- radix sort of doubles by their bits, eleven bits a pass.
**
** A double's bits, with the sign folded in, order as the number does.  Passes in which all keys fall into
** one bucket are skipped, so floats and whole numbers cost about half.
*/
#include "model/order.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define ORDER_BITS 11
#define ORDER_BUCKETS (1u << ORDER_BITS)
#define ORDER_PASSES 6

static uint64_t key_of(double v)
{
    uint64_t bits;
    if (isnan(v)) return UINT64_MAX;
    v += 0.0;                                /* -0 becomes 0 */
    memcpy(&bits, &v, sizeof bits);
    return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63;
}

Err order_of(Ctx *cx, const double *v, size_t stride, size_t n, uint32_t *order)
{
    Err err = OK;
    uint64_t *key = NULL;
    uint32_t *other = NULL, *count = NULL;
    assert(n <= UINT32_MAX);
    GET_DONE(cx, key, n, "ordering %zu numbers", n);
    GET_DONE(cx, other, n, "ordering %zu numbers", n);
    GET_DONE(cx, count, ORDER_BUCKETS, "ordering %zu numbers", n);
    for (size_t i = 0; i < n; i++) {
        key[i] = key_of(v[i * stride]);
        order[i] = (uint32_t)i;
    }
    uint32_t *from = order, *to = other;
    for (unsigned pass = 0; pass < ORDER_PASSES; pass++) {
        unsigned shift = pass * ORDER_BITS;
        memset(count, 0, ORDER_BUCKETS * sizeof *count);
        for (size_t i = 0; i < n; i++) count[key[i] >> shift & (ORDER_BUCKETS - 1)]++;
        if (!n || count[key[0] >> shift & (ORDER_BUCKETS - 1)] == n) continue;
        uint32_t at = 0;
        for (size_t b = 0; b < ORDER_BUCKETS; b++) {
            uint32_t here = count[b];
            count[b] = at;
            at += here;
        }
        for (size_t i = 0; i < n; i++) to[count[key[from[i]] >> shift & (ORDER_BUCKETS - 1)]++] = from[i];
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != order) memcpy(order, from, n * sizeof *order);
done:
    ctx_put(cx, key);
    ctx_put(cx, other);
    ctx_put(cx, count);
    return err;
}

/* model/net_math.h -- the functions a net is made of, the same in training and in use. */
#ifndef MODEL_NET_MATH_H
#define MODEL_NET_MATH_H

#include "base/vector.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* cos(2 pi t) to 2e-7 for |t| < 2^22, in steps a compiler can vectorise: t is folded into 0 .. 1/2, where the cosine is a
** sine about 1/4.  The polynomial is sin(2 pi z) on |z| <= 1/4, fitted at Chebyshev points. */
static inline float net_cos_turns(float t)
{
    float whole = (t + 12582912.f) - 12582912.f, r = t - whole;
    float z = .25f - (r < 0 ? -r : r), s = z * z;
    float p = 39.76072311f;
    p = p * s - 76.58128357f;
    p = p * s + 81.60247803f;
    p = p * s - 41.34168243f;
    p = p * s + 6.283185482f;
    return p * z;
}

/* A 16-bit float and its value.  half_of rounds to the nearest, ties to even; |x| < 65520. */
uint16_t half_of(float x);
float half_value(uint16_t h);

/* out = bias + in x (unit x W): rows x in_n times in_n x out_n, row-major; unit a power of two.  Every output is one chain of
** fused multiply-adds over the inputs in order (eight chains where fewer than sixteen columns are left, added pairwise),
** whatever the processor and however many rows there are. */
void net_layer(const float *in, size_t rows, size_t in_n, const uint16_t *W, float unit, const float *bias, size_t out_n, float *out);
void net_layer_plain(const float *in, size_t rows, size_t in_n, const uint16_t *W, float unit, const float *bias, size_t out_n, float *out);

#endif

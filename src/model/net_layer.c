/* model/net_layer.c -- a layer's product, by AVX2 where there is AVX2, in plain C elsewhere, with the same bits.
**
** Fused multiply-adds round once on every machine (fmaf does it in software where there is no instruction), so the
** order of the sums is all that must be the same.  Many rows share a panel of weights made into floats; one row
** reads the halves as they lie, for then the memory they come from is what takes the time.
*/
#include "model/net_math.h"

#include <math.h>
#include <string.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define FAST __attribute__((target("avx2,fma,f16c")))
#endif

#define PANEL 16                   /* columns */
#define PANEL_ROWS 256             /* inputs */
#define CHAINS 8

uint16_t half_of(float x)
{
    uint32_t bits, sign;
    memcpy(&bits, &x, sizeof bits);
    sign = bits >> 16 & 0x8000;
    float a = fabsf(x), up;
    if (a < 0x1p-14f) return (uint16_t)(sign | (uint32_t)lrintf(a * 0x1p24f));     /* subnormal halves are whole 2^-24ths */
    memcpy(&bits, &a, sizeof bits);
    bits += 0xFFF + (bits >> 13 & 1);
    memcpy(&up, &bits, sizeof up);
    return (uint16_t)(sign | ((bits >> 13) - (112u << 10)));
}

float half_value(uint16_t h)
{
    uint32_t bits = (uint32_t)(h & 0x7FFF) << 13;
    float f;
    memcpy(&f, &bits, sizeof f);
    f *= 0x1p112f;
    return h & 0x8000 ? -f : f;
}

/* Columns from .. out_n - 1 of one row. */
static inline __attribute__((always_inline)) void edge(const float *x, size_t in_n, const uint16_t *W, float unit, const float *bias,
                                                       size_t out_n, size_t from, float *out, float (*value)(uint16_t))
{
    for (size_t j = from; j < out_n; j++) {
        float s[CHAINS] = { 0 };
        size_t k = 0;
        for (; k + CHAINS <= in_n; k += CHAINS)
            for (size_t c = 0; c < CHAINS; c++) s[c] = __builtin_fmaf(x[k + c], value(W[(k + c) * out_n + j]), s[c]);
        for (size_t c = 0; k < in_n; k++, c++) s[c] = __builtin_fmaf(x[k], value(W[k * out_n + j]), s[c]);
        for (size_t step = CHAINS / 2; step; step /= 2)
            for (size_t c = 0; c < step; c++) s[c] += s[c + step];
        out[j] = __builtin_fmaf(s[0], unit, bias[j]);
    }
}

void net_layer_plain(const float *in, size_t rows, size_t in_n, const uint16_t *W, float unit, const float *bias, size_t out_n, float *out)
{
    size_t wide = out_n / PANEL * PANEL;
    for (size_t r = 0; r < rows; r++, in += in_n, out += out_n) {
        for (size_t j = 0; j < wide; j++) {
            float s = 0;
            for (size_t k = 0; k < in_n; k++) s = fmaf(in[k], half_value(W[k * out_n + j]), s);
            out[j] = fmaf(s, unit, bias[j]);
        }
        edge(in, in_n, W, unit, bias, out_n, wide, out, half_value);
    }
}

#ifdef FAST

FAST static inline __m256 eight(const uint16_t *h) { return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)h)); }

FAST static float one_value(uint16_t h) { return _cvtsh_ss(h); }

/* One row: PARTS x 8 columns stay in registers while the inputs pass. */
#define ONE_ROW(PARTS)                                                                                             \
    for (; j + 8 * (PARTS) <= wide; j += 8 * (PARTS)) {                                                            \
        __m256 s[PARTS];                                                                                           \
        const uint16_t *w = W + j;                                                                                 \
        for (int p = 0; p < (PARTS); p++) s[p] = _mm256_setzero_ps();                                              \
        for (size_t k = 0; k < in_n; k++, w += out_n) {                                                            \
            __m256 a = _mm256_set1_ps(x[k]);                                                                       \
            for (int p = 0; p < (PARTS); p++) s[p] = _mm256_fmadd_ps(a, eight(w + 8 * p), s[p]);                   \
        }                                                                                                          \
        for (int p = 0; p < (PARTS); p++)                                                                          \
            _mm256_storeu_ps(out + j + 8 * p, _mm256_fmadd_ps(s[p], by, _mm256_loadu_ps(bias + j + 8 * p)));       \
    }

FAST static void one_row(const float *x, size_t in_n, const uint16_t *W, float unit, const float *bias, size_t out_n, float *out)
{
    size_t wide = out_n / PANEL * PANEL, j = 0;
    __m256 by = _mm256_set1_ps(unit);
    ONE_ROW(8)
    ONE_ROW(2)
}

/* ROWS rows through a panel of `inputs` inputs; what was summed before lies in `out`. */
#define SOME_ROWS(ROWS)                                                                                            \
    do {                                                                                                           \
        __m256 s[2 * (ROWS)];                                                                                      \
        const float *w = panel;                                                                                    \
        for (int q = 0; q < (ROWS); q++) {                                                                         \
            s[2 * q] = first ? _mm256_setzero_ps() : _mm256_loadu_ps(out + (size_t)q * out_n);                     \
            s[2 * q + 1] = first ? _mm256_setzero_ps() : _mm256_loadu_ps(out + (size_t)q * out_n + 8);             \
        }                                                                                                          \
        for (size_t k = 0; k < inputs; k++, w += PANEL) {                                                          \
            __m256 w0 = _mm256_loadu_ps(w), w1 = _mm256_loadu_ps(w + 8);                                           \
            for (int q = 0; q < (ROWS); q++) {                                                                     \
                __m256 a = _mm256_broadcast_ss(x + (size_t)q * in_n + k);                                          \
                s[2 * q] = _mm256_fmadd_ps(a, w0, s[2 * q]);                                                       \
                s[2 * q + 1] = _mm256_fmadd_ps(a, w1, s[2 * q + 1]);                                               \
            }                                                                                                      \
        }                                                                                                          \
        for (int q = 0; q < (ROWS); q++) {                                                                         \
            if (last) {                                                                                            \
                s[2 * q] = _mm256_fmadd_ps(s[2 * q], by, b0);                                                      \
                s[2 * q + 1] = _mm256_fmadd_ps(s[2 * q + 1], by, b1);                                              \
            }                                                                                                      \
            _mm256_storeu_ps(out + (size_t)q * out_n, s[2 * q]);                                                   \
            _mm256_storeu_ps(out + (size_t)q * out_n + 8, s[2 * q + 1]);                                           \
        }                                                                                                          \
    } while (0)

FAST static void many_rows(const float *in, size_t rows, size_t in_n, const uint16_t *W, float unit, const float *bias, size_t out_n,
                           float *to)
{
    float panel[PANEL * PANEL_ROWS];
    __m256 by = _mm256_set1_ps(unit);
    for (size_t j = 0; j + PANEL <= out_n; j += PANEL) {
        __m256 b0 = _mm256_loadu_ps(bias + j), b1 = _mm256_loadu_ps(bias + j + 8);
        for (size_t from = 0; from < in_n || !from; from += PANEL_ROWS) {
            size_t inputs = in_n - from < PANEL_ROWS ? in_n - from : PANEL_ROWS, r = 0;
            bool first = !from, last = from + inputs == in_n;
            for (size_t k = 0; k < inputs; k++) {
                _mm256_storeu_ps(panel + k * PANEL, eight(W + (from + k) * out_n + j));
                _mm256_storeu_ps(panel + k * PANEL + 8, eight(W + (from + k) * out_n + j + 8));
            }
            const float *x = in + from;
            float *out = to + j;
            for (; r + 6 <= rows; r += 6, x += 6 * in_n, out += 6 * out_n) SOME_ROWS(6);
            for (; r + 2 <= rows; r += 2, x += 2 * in_n, out += 2 * out_n) SOME_ROWS(2);
            for (; r < rows; r++, x += in_n, out += out_n) SOME_ROWS(1);
        }
    }
}

FAST static void edges(const float *in, size_t rows, size_t in_n, const uint16_t *W, float unit, const float *bias, size_t out_n, float *out)
{
    for (size_t r = 0; r < rows; r++) edge(in + r * in_n, in_n, W, unit, bias, out_n, out_n / PANEL * PANEL, out + r * out_n, one_value);
}

void net_layer(const float *in, size_t rows, size_t in_n, const uint16_t *W, float unit, const float *bias, size_t out_n, float *out)
{
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma") || !__builtin_cpu_supports("f16c")) {
        net_layer_plain(in, rows, in_n, W, unit, bias, out_n, out);
        return;
    }
    if (rows == 1) one_row(in, in_n, W, unit, bias, out_n, out);
    else many_rows(in, rows, in_n, W, unit, bias, out_n, out);
    if (out_n % PANEL) edges(in, rows, in_n, W, unit, bias, out_n, out);
}

#else

void net_layer(const float *in, size_t rows, size_t in_n, const uint16_t *W, float unit, const float *bias, size_t out_n, float *out)
{
    net_layer_plain(in, rows, in_n, W, unit, bias, out_n, out);
}

#endif

/* base/vector.h -- loops the compiler may write for several vector widths.
**
** A function marked VECTOR_CLONES is compiled for AVX-512, AVX2 and plain x86-64
** and the right one is chosen when the program starts.  Results are the same in
** all three: the project is built with -ffp-contract=off, and nothing here adds up
** across lanes.  Sanitizers cannot start up with such functions, so there it is off.
** cmake/LeatPlatform.cmake gives the files that use it the options without which gcc leaves such loops alone.
*/
#ifndef BASE_VECTOR_H
#define BASE_VECTOR_H

#include <string.h>
#include <stdint.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define VECTOR_SANITIZED 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define VECTOR_SANITIZED 1
#endif

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && !defined(VECTOR_SANITIZED)
#define VECTOR_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define VECTOR_CLONES
#endif

/* e^x to 2e-7 relative for x in -87 .. 88 (clipped to that; e^88 for NaN), in steps a compiler can vectorise: the
** rounding to a whole power of two is done by adding a number so large that no fraction has room, and there is no
** branch that could be told apart for some x.
** Source: Cephes expf (Moshier). */
static inline float vector_exp(float x)
{
    x = x < 88.f ? x : 88.f;
    x = x > -87.f ? x : -87.f;
    float t = x * 1.44269504088896341f + 12582912.f, f = t - 12582912.f;
    float r = x - f * .693359375f - f * -2.12194440e-4f;
    float p = 1.9875691500e-4f;
    p = p * r + 1.3981999507e-3f;
    p = p * r + 8.3334519073e-3f;
    p = p * r + 4.1665795894e-2f;
    p = p * r + 1.6666665459e-1f;
    p = p * r + 5.0000001201e-1f;
    p = p * r * r + r + 1.f;
    uint32_t bits;
    memcpy(&bits, &t, sizeof bits);
    bits = (bits + 127) << 23;
    float two;
    memcpy(&two, &bits, sizeof two);
    return p * two;
}

#endif

/* base/random.h -- random numbers keyed by what they are for.
**
** A stream is made from (seed, purpose, a, b): purpose is a short word, a and b
** say which fold and which trial.  Equal keys give equal numbers on every
** machine and for any number of threads; different keys give unrelated ones.
** Generator: xoshiro256** (Blackman, Vigna 2018), keyed through SplitMix64.
*/
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

typedef struct Random { uint64_t s[4]; } Random;

Random random_make(uint64_t seed, const char *purpose, uint64_t a, uint64_t b);
uint64_t random_bits(Random *r);
double random_unit(Random *r);                        /* 0 <= x < 1, 53 bits */
double random_normal(Random *r);                      /* mean 0, variance 1 (polar method) */
uint64_t random_below(Random *r, uint64_t n);         /* 0 .. n-1 without bias; n > 0 */
void random_shuffle(Random *r, uint32_t *at, size_t n);
uint64_t random_hash(const void *p, size_t n, uint64_t seed);   /* FNV-1a then SplitMix64; not secret */

#endif

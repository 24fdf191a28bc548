/* base/random.c -- keyed xoshiro256** streams. */
#include "base/random.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static uint64_t mix(uint64_t *state)
{
    uint64_t z = (*state += 0x9E3779B97F4A7C15u);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
}

static uint64_t turn(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

uint64_t random_hash(const void *p, size_t n, uint64_t seed)
{
    const unsigned char *s = p;
    uint64_t h = 14695981039346656037u ^ seed;
    for (size_t i = 0; i < n; i++) h = (h ^ s[i]) * 1099511628211u;
    return mix(&h);
}

Random random_make(uint64_t seed, const char *purpose, uint64_t a, uint64_t b)
{
    Random r;
    uint64_t key = random_hash(purpose, strlen(purpose), seed);
    key ^= mix(&(uint64_t){ a + 0x51ED2701u });
    key = mix(&key) ^ mix(&(uint64_t){ b ^ 0xA5A5A5A5DEADBEEFu });
    for (int i = 0; i < 4; i++) r.s[i] = mix(&key);
    return r;
}

uint64_t random_bits(Random *r)
{
    uint64_t *s = r->s, out = turn(s[1] * 5, 7) * 9, t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = turn(s[3], 45);
    return out;
}

double random_unit(Random *r)
{
    return (double)(random_bits(r) >> 11) * 0x1p-53;
}

double random_normal(Random *r)
{
    for (;;) {
        double u = 2 * random_unit(r) - 1, v = 2 * random_unit(r) - 1, s = u * u + v * v;
        if (s > 0 && s < 1) return u * sqrt(-2 * log(s) / s);
    }
}

uint64_t random_below(Random *r, uint64_t n)
{
    assert(n > 0);
    uint64_t limit = UINT64_MAX - UINT64_MAX % n, x;
    do x = random_bits(r);
    while (x >= limit);
    return x % n;
}

void random_shuffle(Random *r, uint32_t *at, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        size_t j = (size_t)random_below(r, i);
        uint32_t t = at[i - 1];
        at[i - 1] = at[j];
        at[j] = t;
    }
}

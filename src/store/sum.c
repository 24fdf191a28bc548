/* store/sum.c -- XXH64, a fast checksum that tells every flipped bit (not a signature: names are SHA-256).
**
** Written from "xxHash fast digest algorithm", specification 0.1.1 (Yann Collet), 64-bit variant.
*/
#include "store/inner.h"

#include <endian.h>
#include <string.h>

static const uint64_t P1 = 0x9E3779B185EBCA87u, P2 = 0xC2B2AE3D27D4EB4Fu, P3 = 0x165667B19E3779F9u,
                      P4 = 0x85EBCA77C2B2AE63u, P5 = 0x27D4EB2F165667C5u;

static uint64_t turn(uint64_t x, int r)
{
    return x << r | x >> (64 - r);
}

static uint64_t word(const unsigned char *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return le64toh(v);
}

static uint64_t lane(uint64_t acc, uint64_t v)
{
    return turn(acc + v * P2, 31) * P1;
}

static uint64_t merge(uint64_t acc, uint64_t v)
{
    return (acc ^ lane(0, v)) * P1 + P4;
}

void sum_start(Sum *s)
{
    *s = (Sum){ .v = { P1 + P2, P2, 0, 0 - P1 } };
}

static void stripe(Sum *s, const unsigned char *p)
{
    for (int i = 0; i < 4; i++) s->v[i] = lane(s->v[i], word(p + 8 * i));
}

void sum_more(Sum *s, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    s->all += n;
    if (s->held) {
        size_t k = 32 - s->held < n ? 32 - s->held : n;
        memcpy(s->hold + s->held, p, k);
        s->held += k;
        p += k;
        n -= k;
        if (s->held < 32) return;
        stripe(s, s->hold);
        s->held = 0;
    }
    for (; n >= 32; p += 32, n -= 32) stripe(s, p);
    if (n) memcpy(s->hold, p, n);
    s->held = n;
}

uint64_t sum_end(const Sum *s)
{
    const unsigned char *p = s->hold, *end = s->hold + s->held;
    uint64_t h = P5, k;
    if (s->all >= 32) {
        h = turn(s->v[0], 1) + turn(s->v[1], 7) + turn(s->v[2], 12) + turn(s->v[3], 18);
        for (int i = 0; i < 4; i++) h = merge(h, s->v[i]);
    }
    h += s->all;
    for (; end - p >= 8; p += 8) h = turn(h ^ lane(0, word(p)), 27) * P1 + P4;
    if (end - p >= 4) {
        uint32_t v;
        memcpy(&v, p, 4);
        h = turn(h ^ le32toh(v) * P1, 23) * P2 + P3;
        p += 4;
    }
    for (; p < end; p++) h = turn(h ^ *p * P5, 11) * P1;
    k = h ^ h >> 33;
    k *= P2;
    k ^= k >> 29;
    k *= P3;
    return k ^ k >> 32;
}

uint64_t sum_of(const void *bytes, size_t n)
{
    Sum s;
    sum_start(&s);
    sum_more(&s, bytes, n);
    return sum_end(&s);
}

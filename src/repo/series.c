/* repo/series.c -- points of a metric, compressed as they are kept.
**
** Method: Pelkonen, Franklin, Teller and others, "Gorilla: A Fast, Scalable,
** In-Memory Time Series Database", VLDB 2015, section 4.1: a time is kept as the
** change of its distance to the one before, a value as its XOR with the one
** before, both with prefixes for how many bits follow.  Steps are kept as times
** are.  Prefixes for distances are 7, 14, 28 or 64 bits here, because our times
** are microseconds.  Sums wrap, so every int64 comes back; values come back bit by
** bit, NaN and infinities too.  Cost: linear; about 2 bytes a point of a steady series.
*/
#include "repo/inner.h"

#include <assert.h>
#include <string.h>

typedef struct BitsOut { unsigned char *at; size_t n, bit; } BitsOut;          /* n: bytes there is room for; bit: written */
typedef struct BitsIn { const unsigned char *at; size_t bits, bit; bool over; } BitsIn;

/* A point takes at most 4 + 64 bits for its time, the same for its step, 2 + 5 + 6 + 64 for its value. */
#define POINT_BYTES_MAX 27
#define HEAD_BYTES 4
#define WINDOW_NONE 64

static void put(BitsOut *b, uint64_t v, unsigned n)
{
    assert(b->bit + n <= b->n * 8);
    for (unsigned left = n; left;) {
        unsigned room = 8 - (unsigned)(b->bit & 7), take = left < room ? left : room;
        unsigned char bits = (unsigned char)((v >> (left - take)) & ((1u << take) - 1));
        b->at[b->bit >> 3] |= (unsigned char)(bits << (room - take));
        b->bit += take;
        left -= take;
    }
}

static uint64_t get(BitsIn *b, unsigned n)
{
    uint64_t v = 0;
    if (n > b->bits - b->bit) {
        b->over = true;
        b->bit = b->bits;
        return 0;
    }
    for (unsigned left = n; left;) {
        unsigned room = 8 - (unsigned)(b->bit & 7), take = left < room ? left : room;
        unsigned bits = (unsigned)(b->at[b->bit >> 3] >> (room - take)) & ((1u << take) - 1);
        v = v << take | bits;
        b->bit += take;
        left -= take;
    }
    return v;
}

/* --- distances of distances --- */

typedef struct Track { uint64_t last, gap; bool begun; } Track;

static const struct { unsigned prefix, prefix_n, bits; } sizes[] = {
    { 2, 2, 7 }, { 6, 3, 14 }, { 14, 4, 28 }, { 15, 4, 64 } };

static void put_track(BitsOut *b, Track *t, uint64_t v)
{
    if (!t->begun) {
        put(b, v, 64);
        *t = (Track){ .last = v, .begun = true };
        return;
    }
    uint64_t gap = v - t->last, change = gap - t->gap;
    t->last = v;
    t->gap = gap;
    if (!change) {
        put(b, 0, 1);
        return;
    }
    size_t i = 0;
    while (sizes[i].bits < 64 && change + ((uint64_t)1 << (sizes[i].bits - 1)) >= (uint64_t)1 << sizes[i].bits) i++;
    put(b, sizes[i].prefix, sizes[i].prefix_n);
    put(b, change, sizes[i].bits);
}

static uint64_t get_track(BitsIn *b, Track *t)
{
    size_t i = 0;
    uint64_t change = 0;
    if (!t->begun) {
        *t = (Track){ .last = get(b, 64), .begun = true };
        return t->last;
    }
    if (get(b, 1)) {
        while (i < 3 && get(b, 1)) i++;
        change = get(b, sizes[i].bits);
        if (sizes[i].bits < 64 && change >> (sizes[i].bits - 1)) change -= (uint64_t)1 << sizes[i].bits;
    }
    t->gap += change;
    t->last += t->gap;
    return t->last;
}

/* --- values --- */

typedef struct Window { uint64_t last; unsigned lead, bits; } Window;      /* of the meaningful bits; lead WINDOW_NONE: none yet */

static void put_value(BitsOut *b, Window *w, uint64_t v)
{
    uint64_t x = v ^ w->last;
    w->last = v;
    if (!x) {
        put(b, 0, 1);
        return;
    }
    unsigned lead = (unsigned)__builtin_clzll(x), tail = (unsigned)__builtin_ctzll(x);
    if (lead > 31) lead = 31;
    if (w->lead != WINDOW_NONE && lead >= w->lead && tail >= 64 - w->lead - w->bits) {
        put(b, 2, 2);
    } else {
        w->lead = lead;
        w->bits = 64 - lead - tail;
        put(b, 3, 2);
        put(b, lead, 5);
        put(b, w->bits - 1, 6);
    }
    put(b, x >> (64 - w->lead - w->bits), w->bits);
}

static uint64_t get_value(BitsIn *b, Window *w)
{
    if (!get(b, 1)) return w->last;
    if (get(b, 1)) {
        w->lead = (unsigned)get(b, 5);
        w->bits = (unsigned)get(b, 6) + 1;
    }
    if (w->lead == WINDOW_NONE || w->lead + w->bits > 64) {
        b->over = true;
        return 0;
    }
    w->last ^= get(b, w->bits) << (64 - w->lead - w->bits);
    return w->last;
}

/* --- whole pieces --- */

Err series_pack(Ctx *cx, const MetricPoint *p, size_t n, unsigned char **bytes, size_t *bytes_n)
{
    Track time = { 0 }, step = { 0 };
    Window window = { .lead = WINDOW_NONE };
    *bytes = NULL;
    *bytes_n = 0;
    assert(n <= SERIES_POINTS_MAX);
    BitsOut b = { .n = HEAD_BYTES + n * POINT_BYTES_MAX };
    b.at = ctx_get(cx, b.n);
    if (!b.at) return FAIL(cx, ERR_NOMEM, "packing %zu points of a metric", n);
    put(&b, n, 8 * HEAD_BYTES);
    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, &p[i].value, sizeof bits);
        put_track(&b, &time, (uint64_t)p[i].time_us);
        put_track(&b, &step, (uint64_t)p[i].step);
        put_value(&b, &window, bits);
    }
    *bytes = b.at;
    *bytes_n = (b.bit + 7) / 8;
    return OK;
}

Err series_unpack(Ctx *cx, const void *bytes, size_t bytes_n, MetricPoint *out, size_t most, size_t *n)
{
    BitsIn b = { .at = bytes, .bits = bytes_n * 8 };
    Track time = { 0 }, step = { 0 };
    Window window = { .lead = WINDOW_NONE };
    uint64_t count = get(&b, 8 * HEAD_BYTES);
    *n = 0;
    if (b.over || count > most)
        return FAIL(cx, ERR_CORRUPT, "a stored piece of a metric says that it holds %llu points", (unsigned long long)count);
    for (uint64_t i = 0; i < count && !b.over; i++) {
        uint64_t bits;
        out[i].time_us = (int64_t)get_track(&b, &time);
        out[i].step = (int64_t)get_track(&b, &step);
        bits = get_value(&b, &window);
        memcpy(&out[i].value, &bits, sizeof bits);
    }
    if (b.over || b.bits - b.bit >= 8)
        return FAIL(cx, ERR_CORRUPT, "a stored piece of a metric of %zu bytes does not hold its %llu points", bytes_n,
                    (unsigned long long)count);
    *n = count;
    return OK;
}

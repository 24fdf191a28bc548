/* table/words.c -- a growing dictionary: open addressing over the distinct texts of one column. */
#include "table/inner.h"

#include <assert.h>
#include <string.h>

/* Eight bytes a step, folded by multiplication (the idea of wyhash).  Not secret, never stored. */
static uint32_t text_hash(const char *s, size_t n)
{
    const uint64_t odd = 0x9E3779B97F4A7C15u;
    uint64_t h = n * odd, w;
    for (; n >= 8; s += 8, n -= 8) {
        memcpy(&w, s, 8);
        h = (h ^ w) * odd;
        h ^= h >> 29;
    }
    w = 0;
    memcpy(&w, s, n);
    h = (h ^ w) * odd;
    h ^= h >> 32;
    h *= 0xD6E8FEB86659FD93u;
    return (uint32_t)(h >> 32);
}

void words_free(Ctx *cx, Words *w)
{
    ctx_put(cx, w->dict.offset);
    ctx_put(cx, w->dict.bytes);
    ctx_put(cx, w->slot);
    *w = (Words){ 0 };
}

static Err more_slots(Ctx *cx, Words *w)
{
    uint32_t slots = w->slots ? w->slots * 2 : 16;
    Slot *to = ctx_get_n(cx, slots, sizeof *to);
    if (!to) return FAIL(cx, ERR_NOMEM, "growing a dictionary to %u levels", slots / 2);
    for (uint32_t i = 0; i < w->slots; i++) {
        if (!w->slot[i].code) continue;
        uint32_t at = w->slot[i].hash & (slots - 1);
        while (to[at].code) at = (at + 1) & (slots - 1);
        to[at] = w->slot[i];
    }
    ctx_put(cx, w->slot);
    w->slot = to;
    w->slots = slots;
    return OK;
}

/* Room for one more level of n bytes. */
static Err more_room(Ctx *cx, Words *w, size_t n)
{
    Dict *d = &w->dict;
    if (d->n >= w->cap) {
        uint32_t cap = w->cap ? w->cap * 2 : 15;
        uint64_t *offset = ctx_grow(cx, d->offset, (size_t)cap + 1, sizeof *offset);
        if (!offset) return FAIL(cx, ERR_NOMEM, "growing a dictionary to %u levels", cap);
        if (!d->offset) offset[0] = 0;
        d->offset = offset;
        w->cap = cap;
    }
    uint64_t used = d->offset[d->n];
    if (w->bytes_cap - used < n || !d->bytes) {
        uint64_t cap = (w->bytes_cap ? w->bytes_cap * 2 : 64) + n;
        char *bytes = ctx_grow(cx, d->bytes, cap, 1);
        if (!bytes) return FAIL(cx, ERR_NOMEM, "growing a dictionary to %llu bytes", (unsigned long long)cap);
        d->bytes = bytes;
        w->bytes_cap = cap;
    }
    return OK;
}

Err words_code(Ctx *cx, Words *w, const char *s, size_t n, int32_t *code)
{
    Dict *d = &w->dict;
    if (d->n >= w->slots / 2) TRY(cx, more_slots(cx, w));
    uint32_t hash = text_hash(s, n), at = hash & (w->slots - 1);
    for (; w->slot[at].code; at = (at + 1) & (w->slots - 1)) {
        if (w->slot[at].hash != hash) continue;
        size_t have;
        const char *level = dict_at(d, w->slot[at].code - 1, &have);
        if (have == n && !memcmp(level, s, n)) {
            *code = (int32_t)(w->slot[at].code - 1);
            return OK;
        }
    }
    if (d->n >= WORDS_MAX) return FAIL(cx, ERR_LIMIT, "a column has more than %u distinct values", WORDS_MAX);
    TRY(cx, more_room(cx, w, n));
    memcpy(d->bytes + d->offset[d->n], s, n);
    d->offset[d->n + 1] = d->offset[d->n] + n;
    w->slot[at] = (Slot){ hash, ++d->n };
    assert(d->n <= w->cap);
    *code = (int32_t)(d->n - 1);
    return OK;
}

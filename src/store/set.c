/* store/set.c -- a set of digests: open addressing, 32 bytes a member and a fill of at most a half. */
#include "store/inner.h"

#include <string.h>

#define FIRST ((size_t)1024)

static size_t place(const DigestSet *s, const Digest *d)
{
    uint64_t k;
    memcpy(&k, d->at, sizeof k);
    size_t i = (size_t)k & (s->cap - 1);
    while (s->used[i] && !digest_same(&s->at[i], d)) i = (i + 1) & (s->cap - 1);
    return i;
}

static Err grow(Ctx *cx, DigestSet *s)
{
    DigestSet more = { .cap = s->cap ? 2 * s->cap : FIRST };
    more.at = ctx_get_n(cx, more.cap, sizeof *more.at);
    more.used = ctx_get(cx, more.cap);
    if (!more.at || !more.used) {
        set_clear(cx, &more);
        return FAIL(cx, ERR_NOMEM, "a set of %zu objects", more.cap);
    }
    for (size_t i = 0; i < s->cap; i++) {
        if (!s->used[i]) continue;
        size_t k = place(&more, &s->at[i]);
        more.at[k] = s->at[i];
        more.used[k] = 1;
    }
    more.n = s->n;
    set_clear(cx, s);
    *s = more;
    return OK;
}

Err set_add(Ctx *cx, DigestSet *s, const Digest *d, bool *fresh)
{
    if (2 * s->n >= s->cap) TRY(cx, grow(cx, s));
    size_t i = place(s, d);
    if (fresh) *fresh = !s->used[i];
    if (s->used[i]) return OK;
    s->at[i] = *d;
    s->used[i] = 1;
    s->n++;
    return OK;
}

bool set_has(const DigestSet *s, const Digest *d)
{
    return s->cap && s->used[place(s, d)];
}

void set_clear(Ctx *cx, DigestSet *s)
{
    ctx_put(cx, s->at);
    ctx_put(cx, s->used);
    *s = (DigestSet){ 0 };
}

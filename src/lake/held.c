/* lake/held.c -- nodes of a tree in memory, found by digest.
**
** A scan does not know until its end whether the tree is a new one; so its nodes wait here (some 70 bytes a file) and are
** stored only if it is.  lake_compare looks here first, which lets `status` name the files that changed.
*/
#include "lake/inner.h"

#include <string.h>

void held_init(Held *h, Ctx *cx)
{
    *h = (Held){ 0 };
    text_init(&h->bytes, cx);
}

void held_clear(Ctx *cx, Held *h)
{
    text_clear(&h->bytes);
    ctx_put(cx, h->row);
    ctx_put(cx, h->slot);
    held_init(h, cx);
}

static size_t place(const Held *h, const Digest *d)
{
    uint64_t x;
    memcpy(&x, d->at, sizeof x);
    size_t i = (size_t)x & (h->cap - 1);
    while (h->slot[i] && !digest_same(&h->row[h->slot[i] - 1].digest, d)) i = (i + 1) & (h->cap - 1);
    return i;
}

const HeldRow *held_find(const Held *h, const Digest *d)
{
    if (!h->cap) return NULL;
    uint32_t at = h->slot[place(h, d)];
    return at ? &h->row[at - 1] : NULL;
}

static Err grow(Ctx *cx, Held *h)
{
    size_t cap = h->cap ? h->cap * 2 : 256;
    HeldRow *row = ctx_grow(cx, h->row, cap / 2, sizeof *row);
    if (!row) return FAIL(cx, ERR_NOMEM, "holding %zu nodes of a tree", cap / 2);
    h->row = row;
    h->rows_cap = cap / 2;
    uint32_t *slot = ctx_get_n(cx, cap, sizeof *slot);
    if (!slot) return FAIL(cx, ERR_NOMEM, "holding %zu nodes of a tree", cap / 2);
    ctx_put(cx, h->slot);
    h->slot = slot;
    h->cap = cap;
    for (size_t i = 0; i < h->n; i++) h->slot[place(h, &h->row[i].digest)] = (uint32_t)i + 1;
    return OK;
}

Err held_add(Ctx *cx, Held *h, const void *bytes, size_t n, Digest *out)
{
    TRY(cx, hash_bytes(cx, bytes, n, out));
    if (held_find(h, out)) return OK;
    if (h->n == h->rows_cap || !h->cap) TRY(cx, grow(cx, h));
    size_t at = h->bytes.n;
    h->bytes.cx = cx;
    text_bytes(&h->bytes, bytes, n);
    TRY(cx, text_err(&h->bytes));
    h->row[h->n] = (HeldRow){ .digest = *out, .at = at, .n = n };
    h->slot[place(h, out)] = (uint32_t)++h->n;
    return OK;
}

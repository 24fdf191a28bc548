/* learn/shelf.c -- a few made things, kept between fits; the least recently used go first. */
#include "learn/shelf.h"

#include <assert.h>
#include <string.h>

typedef struct Item {
    const char *kind;
    uint64_t key, used;
    size_t bytes;
    void (*drop)(const void *item);
    _Alignas(16) unsigned char it[LEARN_SHELF_ITEM_BYTES];
} Item;

struct LearnShelf {
    size_t bytes_max, bytes;
    uint64_t turn;
    size_t items_n;
    Item item[LEARN_SHELF_ITEMS_MAX];
};

Err learn_shelf_new(Ctx *cx, size_t bytes_max, LearnShelf **out)
{
    *out = ctx_get(cx, sizeof **out);
    if (!*out) return FAIL(cx, ERR_NOMEM, "a shelf for what learners keep");
    (*out)->bytes_max = bytes_max;
    return OK;
}

static void drop_at(LearnShelf *s, size_t i)
{
    s->item[i].drop(s->item[i].it);
    s->bytes -= s->item[i].bytes;
    s->item[i] = s->item[--s->items_n];
}

void learn_shelf_free(Ctx *cx, LearnShelf *s)
{
    if (!s) return;
    while (s->items_n) drop_at(s, s->items_n - 1);
    ctx_put(cx, s);
}

static Item *find(LearnShelf *s, const char *kind, uint64_t key)
{
    for (size_t i = 0; s && i < s->items_n; i++)
        if (s->item[i].key == key && !strcmp(s->item[i].kind, kind)) return &s->item[i];
    return NULL;
}

const void *shelf_find(LearnShelf *s, const char *kind, uint64_t key)
{
    Item *item = find(s, kind, key);
    if (!item) return NULL;
    item->used = ++s->turn;
    return item->it;
}

static void drop_oldest(LearnShelf *s)
{
    size_t oldest = 0;
    for (size_t i = 1; i < s->items_n; i++)
        if (s->item[i].used < s->item[oldest].used) oldest = i;
    drop_at(s, oldest);
}

bool shelf_put(LearnShelf *s, const char *kind, uint64_t key, const void *item, size_t n, size_t bytes,
               void (*drop)(const void *item))
{
    assert(n <= LEARN_SHELF_ITEM_BYTES && !find(s, kind, key));
    if (!s || bytes > s->bytes_max) return false;
    while (s->items_n == LEARN_SHELF_ITEMS_MAX || s->bytes + bytes > s->bytes_max) drop_oldest(s);
    s->item[s->items_n] = (Item){ .kind = kind, .key = key, .used = ++s->turn, .bytes = bytes, .drop = drop };
    memcpy(s->item[s->items_n++].it, item, n);
    s->bytes += bytes;
    return true;
}

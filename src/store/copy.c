/* store/copy.c -- bring to one store what another has and it has not.
**
** What lies in packs goes entry by entry as it is stored, checked on the way, in windows of some MiB read at once, by several
** threads; every SLAB_BYTES are committed, so that what was brought stays when the rest fails.  Recipes go last: what is
** made of pieces is seen when its pieces are there.
*/
#include "store/inner.h"

#include "os/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOW ((uint64_t)8 << 20)             /* bytes read at once */
#define GAP ((uint64_t)64 << 10)               /* read over rather than ask once more */
#define SLAB_BYTES ((uint64_t)256 << 20)
#define LINES 4u                               /* threads, when one side is far away */

typedef struct Window { size_t first, n; uint64_t from, to; } Window;      /* entries first.. of one pack; bytes */
typedef struct Loose { Digest d; StoreForm form; uint64_t size; } Loose;

typedef struct Copy {
    Ctx *cx;
    Store *from, *to;
    StoreCopyOut *out;
    DigestSet has, seen;
    Entry *entry;
    size_t n, cap;
    Loose *loose;
    size_t loose_n, loose_cap;
    Window *window;
    size_t windows_n, windows_cap, begun;      /* windows of this slab start at begun */
    StoreBatch *batch;
    uint64_t all, done;            /* bytes, for progress */
    pthread_mutex_t lock;
} Copy;

static Err grow(Ctx *cx, void **at, size_t n, size_t *cap, size_t size)
{
    if (n < *cap) return OK;
    size_t more = *cap ? 2 * *cap : 256;
    void *p = ctx_grow(cx, *at, more, size);
    if (!p) return FAIL(cx, ERR_NOMEM, "bringing %zu objects", more);
    *at = p;
    *cap = more;
    return OK;
}

/* --- who has what --- */

static Err has_loose(void *arg, const char *name, const Blob *b)
{
    Copy *c = arg;
    Digest d;
    StoreForm form;
    (void)b;
    return object_name_read(name, &d, &form) ? set_add(c->cx, &c->has, &d, NULL) : OK;
}

static Err has_entry(void *arg, const Entry *e)
{
    Copy *c = arg;
    return set_add(c->cx, &c->has, &e->d, NULL);
}

static Err want_entry(void *arg, const Entry *e)
{
    Copy *c = arg;
    bool fresh;
    if (set_has(&c->has, &e->d)) return OK;
    TRY(c->cx, set_add(c->cx, &c->seen, &e->d, &fresh));
    if (!fresh) return OK;
    TRY(c->cx, grow(c->cx, (void **)&c->entry, c->n, &c->cap, sizeof *c->entry));
    c->entry[c->n++] = *e;
    c->all += e->stored;
    return OK;
}

static Err want_loose(void *arg, const char *name, const Blob *b)
{
    Copy *c = arg;
    Digest d;
    StoreForm form;
    if (!object_name_read(name, &d, &form) || set_has(&c->has, &d)) return OK;
    if (form == STORE_PACKED && set_has(&c->seen, &d)) return OK;
    TRY(c->cx, grow(c->cx, (void **)&c->loose, c->loose_n, &c->loose_cap, sizeof *c->loose));
    c->loose[c->loose_n++] = (Loose){ d, form, b->size };
    c->all += b->size;
    return set_add(c->cx, &c->seen, &d, NULL);
}

/* Recipes last; else as they lie. */
static int by_place(const void *a, const void *b)
{
    const Entry *x = a, *y = b;
    int k = (x->form == ENTRY_RECIPE) - (y->form == ENTRY_RECIPE);
    if (!k) k = memcmp(x->pack.at, y->pack.at, PACK_ID_BYTES);
    return k ? k : x->at < y->at ? -1 : x->at > y->at;
}

static Err plan(Ctx *cx, Copy *c)
{
    if (c->n) qsort(c->entry, c->n, sizeof *c->entry, by_place);
    for (size_t i = 0; i < c->n; i++) {
        const Entry *e = &c->entry[i];
        Window *w = c->windows_n ? &c->window[c->windows_n - 1] : NULL;
        uint64_t end = e->at + ENTRY_HEAD_BYTES + e->stored;
        const Entry *first = w ? &c->entry[w->first] : NULL;
        if (w && !memcmp(first->pack.at, e->pack.at, PACK_ID_BYTES) && (first->form == ENTRY_RECIPE) == (e->form == ENTRY_RECIPE)
            && e->at >= w->to && e->at - w->to <= GAP && end - w->from <= WINDOW) {
            w->n++;
            w->to = end;
            continue;
        }
        TRY(cx, grow(cx, (void **)&c->window, c->windows_n, &c->windows_cap, sizeof *c->window));
        c->window[c->windows_n++] = (Window){ i, 1, e->at, end };
    }
    return OK;
}

/* --- bringing --- */

static void step(Ctx *cx, Copy *c, uint64_t bytes, uint64_t objects)
{
    pthread_mutex_lock(&c->lock);
    c->done += bytes;
    c->out->objects += objects;
    c->out->bytes += bytes;
    uint64_t done = c->done;
    pthread_mutex_unlock(&c->lock);
    ctx_step(cx, "bringing objects", (double)done, (double)c->all);
}

static Err damaged(Ctx *cx, const Copy *c, const Entry *e)
{
    char where[BLOB_NAME_MAX];
    pack_name(&e->pack, ".pack", where);
    return object_damaged(cx, c->from, &e->d, where);
}

static Err check_entry(Ctx *cx, const Copy *c, Coder *coder, const Entry *e, const unsigned char *head)
{
    const unsigned char *stored = head + ENTRY_HEAD_BYTES;
    unsigned char *plain;
    bool sound = entry_sound(e, head, stored) && e->bytes <= (e->form == ENTRY_RECIPE ? UINT64_MAX : ENTRY_BYTES_MAX);
    Digest d;
    if (!sound) return damaged(cx, c, e);
    if (e->form == ENTRY_RECIPE) return OK;                        /* its checksum must do: the whole is not here */
    if (e->form == ENTRY_ZSTD) {
        TRY(cx, coder_room(cx, coder, ROOM_PLAIN, (size_t)e->bytes, &plain));
        TRY(cx, coder_unpack(cx, coder, stored, e->stored, plain, (size_t)e->bytes, &sound));
        stored = plain;
    } else sound = e->bytes == e->stored;
    if (sound) coder_hash(coder, stored, (size_t)e->bytes, &d);
    return sound && digest_same(&d, &e->d) ? OK : damaged(cx, c, e);
}

static Err bring_window(Ctx *cx, void *self, size_t i)
{
    Copy *c = self;
    const Window *w = &c->window[c->begun + i];
    StoreGet get = { .fd = -1 };
    char name[BLOB_NAME_MAX];
    unsigned char *room;
    size_t n = (size_t)(w->to - w->from), got = 0;
    Coder *coder;
    Err err = OK;
    TRY(cx, ctx_check(cx));
    pack_name(&c->entry[w->first].pack, ".pack", name);
    TRY(cx, coder_borrow(cx, c->from, &coder));
    TRY_DONE(cx, coder_room(cx, coder, ROOM_READ, n, &room));
    TRY_DONE(cx, c->from->kind->get_begin(cx, c->from, name, &get));
    for (size_t k = 1; got < n && k; got += k)
        TRY_DONE(cx, c->from->kind->get_at(cx, &get, w->from + got, room + got, n - got < c->from->kind->piece ? n - got
                                           : c->from->kind->piece, &k));
    for (size_t k = 0; k < w->n; k++) {
        Entry e = c->entry[w->first + k];
        const unsigned char *head = room + (e.at - w->from);
        if (e.at - w->from + ENTRY_HEAD_BYTES + e.stored > got) {
            err = damaged(cx, c, &e);
            goto done;
        }
        TRY_DONE(cx, check_entry(cx, c, coder, &e, head));
        TRY_DONE(cx, batch_add(cx, c->batch, &e, head + ENTRY_HEAD_BYTES));
        step(cx, c, e.stored, 1);
    }
done:
    c->from->kind->get_end(cx, &get);
    coder_return(cx, c->from, coder);
    return err;
}

typedef struct Into { Copy *c; StorePut put; const char *name; bool open; } Into;

static Err into_more(Ctx *cx, void *arg, const void *bytes, size_t n)
{
    Into *in = arg;
    return in->c->to->kind->put_more(cx, &in->put, bytes, n);
}

static Err into_again(Ctx *cx, void *arg)
{
    (void)cx, (void)arg;
    return ERR_CORRUPT;
}

/* Raw ones stay raw; what lies packed in a file of its own goes into the pack. */
static Err bring_loose(Ctx *cx, void *self, size_t i)
{
    Copy *c = self;
    const Loose *l = &c->loose[i];
    char name[BLOB_NAME_MAX];
    Into in = { .c = c, .name = name, .put = { .fd = -1 } };
    Sink sink = { into_more, into_again, &in };
    Digest d;
    void *bytes;
    size_t n;
    uint64_t size = l->size;
    TRY(cx, ctx_check(cx));
    if (l->form == STORE_PACKED) TRY(cx, loose_size(cx, c->from, &l->d, &size));
    if (l->form == STORE_PACKED && size <= SMALL_MAX) {
        TRY(cx, store_get(cx, c->from, &l->d, SMALL_MAX, &bytes, &n));
        Err err = store_batch_put(cx, c->batch, bytes, n, &d);
        ctx_put(cx, bytes);
        if (!err) step(cx, c, l->size, 1);
        return err;
    }
    object_name(&l->d, STORE_RAW, name);                           /* large and packed by an older Leat: raw will do */
    TRY(cx, c->to->kind->put_begin(cx, c->to, name, &in.put));
    Err err = loose_read(cx, c->from, &l->d, l->form, 0, UINT64_MAX, &sink);
    if (err) c->to->kind->put_drop(cx, &in.put);
    else err = c->to->kind->put_keep(cx, &in.put);
    if (!err) err = c->to->kind->settle(cx, c->to, name);
    if (!err) step(cx, c, l->size, 1);
    return err;
}

/* Windows begun.. up to SLAB_BYTES, none of them behind the change to recipes. */
static size_t slab(const Copy *c)
{
    uint64_t bytes = 0;
    size_t n = 0;
    bool recipes = c->entry[c->window[c->begun].first].form == ENTRY_RECIPE;
    while (c->begun + n < c->windows_n && bytes < SLAB_BYTES) {
        const Window *w = &c->window[c->begun + n];
        if ((c->entry[w->first].form == ENTRY_RECIPE) != recipes) break;
        bytes += w->to - w->from;
        n++;
    }
    return n;
}

static Err bring(Ctx *cx, Copy *c)
{
    bool far = !c->from->kind->local || !c->to->kind->local;
    unsigned threads = far && c->from->threads > 1 && c->from->threads < LINES ? LINES : c->from->threads;
    TRY(cx, store_batch_begin(cx, c->to, &c->batch));
    TRY(cx, os_parts(cx, threads, c->loose_n, bring_loose, c));
    while (c->begun < c->windows_n) {
        size_t n = slab(c);
        Err err = os_parts(cx, threads, n, bring_window, c);
        Ctx last = *cx;                        /* stopped or not: what was brought is kept (but a recipe's pieces come first) */
        last.cancel = NULL;
        last.deadline_us = 0;
        Err bad = store_batch_commit(&last, c->batch);
        if (!err && bad) return ctx_join(cx, &last, bad);
        TRY(cx, err);
        c->begun += n;
    }
    return store_batch_commit(cx, c->batch);
}

Err store_copy(Ctx *cx, Store *from, Store *to, StoreCopyOut *out)
{
    Copy c = { .cx = cx, .from = from, .to = to, .out = out };
    Err err = OK;
    *out = (StoreCopyOut){ 0 };
    (void)pthread_mutex_init(&c.lock, NULL);
    TRY_DONE(cx, to->kind->list(cx, to, "objects", false, has_loose, &c));
    TRY_DONE(cx, packs_each(cx, to, has_entry, &c));
    TRY_DONE(cx, packs_each(cx, from, want_entry, &c));
    TRY_DONE(cx, from->kind->list(cx, from, "objects", true, want_loose, &c));
    TRY_DONE(cx, plan(cx, &c));
    out->there = c.has.n;
    if (c.n || c.loose_n) TRY_DONE(cx, bring(cx, &c));
done:
    store_batch_end(cx, c.batch);
    set_clear(cx, &c.has);
    set_clear(cx, &c.seen);
    ctx_put(cx, c.entry);
    ctx_put(cx, c.loose);
    ctx_put(cx, c.window);
    pthread_mutex_destroy(&c.lock);
    return err;
}

/* --- small files of other rooms beside the objects --- */

static Err side_name(Ctx *cx, const char *name)
{
    size_t n = strlen(name);
    if (!strncmp(name, STORE_SIDE "/", sizeof STORE_SIDE) && n < BLOB_NAME_MAX && !strstr(name, "..") && !strchr(name + sizeof STORE_SIDE, '/'))
        return OK;
    return FAIL(cx, ERR_BUG, "'%s' is no name of a file beside objects", name);
}

Err store_side_put(Ctx *cx, Store *s, const char *name, const void *bytes, size_t n)
{
    StorePut p = { .fd = -1 };
    TRY(cx, side_name(cx, name));
    TRY(cx, s->kind->put_begin(cx, s, name, &p));
    Err err = s->kind->put_more(cx, &p, bytes, n);
    if (err) s->kind->put_drop(cx, &p);
    else err = s->kind->put_keep(cx, &p);
    return err ? err : s->kind->settle(cx, s, name);
}

Err store_side_get(Ctx *cx, Store *s, const char *name, size_t max, void **bytes, size_t *n)
{
    StoreMap m;
    *bytes = NULL;
    *n = 0;
    TRY(cx, side_name(cx, name));
    TRY(cx, s->kind->map(cx, s, name, &m));
    Err err = m.n > max ? FAIL(cx, ERR_LIMIT, "'%s' in '%s' is %zu bytes; the most is %zu", name, s->folder, m.n, max) : OK;
    char *copy = err ? NULL : ctx_get(cx, m.n + 1);
    if (!err && !copy) err = FAIL(cx, ERR_NOMEM, "reading '%s' of %zu bytes", name, m.n);
    if (!err && m.n) memcpy(copy, m.at, m.n);
    if (!err) *bytes = copy, *n = m.n;
    s->kind->unmap(cx, s, &m);
    return err;
}

typedef struct Side { StoreSideEach *each; void *arg; } Side;

static Err side_one(void *arg, const char *name, const Blob *b)
{
    const Side *s = arg;
    return s->each(s->arg, name, b->size);
}

Err store_side_list(Ctx *cx, Store *s, StoreSideEach *each, void *arg)
{
    Side side = { each, arg };
    return s->kind->list(cx, s, STORE_SIDE, true, side_one, &side);
}

/* store/packs.c -- all packs of an open store: finding an entry, reading it, keeping the number of indexes small.
**
** Indexes are mapped and searched by halves.  A commit adds one; when there are more than INDEXES_MANY, the small ones
** are merged so that each is at least twice the sum of the smaller: N objects lie in O(log N) indexes, and each is
** rewritten O(log N) times (56 bytes, not its content).  One mutex guards the lists; searching holds it, reading does not.
*/
#include "store/inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INDEXES_MANY 8
#define OPEN_MAX 64                /* packs kept open */
#define FRESH_US 50000             /* a folder's date within this of our look may hide a later change */

typedef struct OpenPack {
    PackId id;
    StoreGet get;
    unsigned users;
    uint64_t used;                 /* when last, on the tick */
} OpenPack;

struct Packs {
    pthread_mutex_t lock;
    Index *index;
    size_t n, cap;
    StoreMap *retired;             /* maps of indexes that are gone; readers may still look into them */
    size_t retired_n, retired_cap;
    OpenPack *open;
    size_t open_n;
    uint64_t tick;
    bool known;                    /* the list was read */
    int64_t changed_us, looked_us;
};

Err packs_new(Ctx *cx, Packs **out)
{
    Packs *p = ctx_get(cx, sizeof *p);
    *out = NULL;
    if (!p) return FAIL(cx, ERR_NOMEM, "opening a store");
    if (pthread_mutex_init(&p->lock, NULL)) {
        ctx_put(cx, p);
        return FAIL(cx, ERR_NOMEM, "opening a store");
    }
    *out = p;
    return OK;
}

void packs_free(Ctx *cx, Store *s)
{
    Packs *p = s->packs;
    if (!p) return;
    for (size_t i = 0; i < p->open_n; i++) s->kind->get_end(cx, &p->open[i].get);
    for (size_t i = 0; i < p->n; i++) s->kind->unmap(cx, s, &p->index[i].map);
    for (size_t i = 0; i < p->retired_n; i++) s->kind->unmap(cx, s, &p->retired[i]);
    ctx_put(cx, p->open);
    ctx_put(cx, p->index);
    ctx_put(cx, p->retired);
    pthread_mutex_destroy(&p->lock);
    ctx_put(cx, p);
    s->packs = NULL;
}

static Err index_damaged(Ctx *cx, const Store *s, const char *name)
{
    return FAIL(cx, ERR_CORRUPT, "the index '%s/%s' is damaged; run 'leat fsck --repair', which builds it anew from its packs",
                s->folder, name);
}

/* --- the list of indexes --- */

typedef struct Names { Ctx *cx; char (*at)[BLOB_NAME_MAX]; size_t n, cap; Err told; } Names;

static Err take_name(void *arg, const char *name, const Blob *b)
{
    Names *l = arg;
    PackId id;
    (void)b;
    if (!pack_id_read(name, ".idx", &id)) return OK;
    if (l->n == l->cap) {
        size_t cap = l->cap ? 2 * l->cap : 16;
        void *at = ctx_grow(l->cx, l->at, cap, sizeof *l->at);
        if (!at) return l->told = FAIL(l->cx, ERR_NOMEM, "listing %zu indexes", cap);
        l->at = at;
        l->cap = cap;
    }
    snprintf(l->at[l->n++], BLOB_NAME_MAX, "%s", name);
    return OK;
}

static bool among(const Names *l, const char *name)
{
    for (size_t i = 0; i < l->n; i++)
        if (!strcmp(l->at[i], name)) return true;
    return false;
}

static Err grow(Ctx *cx, void **at, size_t n, size_t *cap, size_t size)
{
    if (n < *cap) return OK;
    size_t more = *cap ? 2 * *cap : 16;
    void *p = ctx_grow(cx, *at, more, size);
    if (!p) return FAIL(cx, ERR_NOMEM, "listing %zu indexes", more);
    *at = p;
    *cap = more;
    return OK;
}

static Err index_add(Ctx *cx, Store *s, const char *name)
{
    Packs *p = s->packs;
    StoreMap map;
    Index x;
    TRY(cx, grow(cx, (void **)&p->index, p->n, &p->cap, sizeof *p->index));
    Err err = s->kind->map(cx, s, name, &map);
    if (err == ERR_NOT_FOUND) return OK;                           /* merged away since it was listed */
    TRY(cx, err);
    if (!index_open(&map, &x)) {
        s->kind->unmap(cx, s, &map);
        return index_damaged(cx, s, name);
    }
    snprintf(x.name, sizeof x.name, "%s", name);
    p->index[p->n++] = x;
    return OK;
}

static Err index_retire(Ctx *cx, Packs *p, size_t i)
{
    TRY(cx, grow(cx, (void **)&p->retired, p->retired_n, &p->retired_cap, sizeof *p->retired));
    p->retired[p->retired_n++] = p->index[i].map;
    p->index[i] = p->index[--p->n];
    return OK;
}

/* With the lock.  New ones first: what a merge moved is never out of sight. */
static Err refresh(Ctx *cx, Store *s)
{
    Packs *p = s->packs;
    Names l = { .cx = cx };
    Blob folder = { 0 };
    Err err = OK;
    int64_t now = cx->world->clock->now_us(cx->world->clock->self);
    if (s->kind->local) TRY_DONE(cx, s->kind->look(cx, s, "packs", &folder));
    err = s->kind->list(cx, s, "packs", false, take_name, &l);
    if (err) goto done;
    for (size_t i = 0; i < l.n; i++) {
        bool have = false;
        for (size_t k = 0; k < p->n && !have; k++) have = !strcmp(p->index[k].name, l.at[i]);
        if (!have) TRY_DONE(cx, index_add(cx, s, l.at[i]));
    }
    for (size_t i = p->n; i-- > 0;)
        if (!among(&l, p->index[i].name)) TRY_DONE(cx, index_retire(cx, p, i));
    p->known = true;
    p->changed_us = folder.changed_us;
    p->looked_us = now;
done:
    ctx_put(cx, l.at);
    return err;
}

static Err refresh_if_changed(Ctx *cx, Store *s, bool *did)
{
    Packs *p = s->packs;
    Blob folder;
    *did = false;
    if (p->known) {
        if (!s->kind->local) return OK;
        TRY(cx, s->kind->look(cx, s, "packs", &folder));
        if (folder.changed_us == p->changed_us && p->changed_us < p->looked_us - FRESH_US) return OK;
    }
    *did = true;
    return refresh(cx, s);
}

Err packs_refresh(Ctx *cx, Store *s)
{
    pthread_mutex_lock(&s->packs->lock);
    Err err = refresh(cx, s);
    pthread_mutex_unlock(&s->packs->lock);
    return err;
}

/* --- finding --- */

static bool find_nth(const Packs *p, const Digest *d, size_t nth, Entry *out)
{
    for (size_t i = 0; i < p->n; i++) {
        const Index *x = &p->index[i];
        for (uint64_t k = index_find(x, d); k < x->entries_n; k++) {
            index_entry(x, k, out);
            if (!digest_same(&out->d, d)) break;
            if (!nth--) return true;
        }
    }
    return false;
}

Err packs_find(Ctx *cx, Store *s, const Digest *d, size_t nth, bool fresh, Entry *out, bool *there)
{
    Packs *p = s->packs;
    Err err = OK;
    bool did;
    *there = false;
    pthread_mutex_lock(&p->lock);
    if (!p->known) err = refresh(cx, s);
    if (!err) *there = find_nth(p, d, nth, out);
    if (!err && !*there && fresh) {
        err = refresh_if_changed(cx, s, &did);
        if (!err && did) *there = find_nth(p, d, nth, out);
    }
    pthread_mutex_unlock(&p->lock);
    return err;
}

Err packs_check(Ctx *cx, Store *s)
{
    Packs *p = s->packs;
    Err err = OK;
    pthread_mutex_lock(&p->lock);
    err = refresh(cx, s);                                          /* one that is no index at all is told here */
    for (size_t i = 0; i < p->n && !err; i++) {
        Index *x = &p->index[i];
        if (x->sound) continue;
        x->sound = index_sound(cx, x, &err);
        if (!x->sound && !err) err = index_damaged(cx, s, x->name);
    }
    pthread_mutex_unlock(&p->lock);
    return err;
}

Err packs_names(Ctx *cx, Store *s, char (**names)[BLOB_NAME_MAX], size_t *n)
{
    Packs *p = s->packs;
    *names = NULL;
    *n = 0;
    pthread_mutex_lock(&p->lock);
    Err err = refresh(cx, s);
    if (!err && p->n && !(*names = ctx_get_n(cx, p->n, sizeof **names))) err = FAIL(cx, ERR_NOMEM, "listing %zu indexes", p->n);
    if (!err) *n = p->n;
    for (size_t i = 0; i < *n; i++) memcpy((*names)[i], p->index[i].name, BLOB_NAME_MAX);
    pthread_mutex_unlock(&p->lock);
    return err;
}

Err packs_each(Ctx *cx, Store *s, Err (*each)(void *arg, const Entry *e), void *arg)
{
    Packs *p = s->packs;
    Entry e;
    Err err = OK;
    pthread_mutex_lock(&p->lock);
    err = refresh(cx, s);
    Index *index = NULL;
    size_t n = err ? 0 : p->n;
    if (n && !(index = ctx_get_n(cx, n, sizeof *index))) err = FAIL(cx, ERR_NOMEM, "listing %zu indexes", n);
    if (!err && n) memcpy(index, p->index, n * sizeof *index);     /* the maps stay until the store is closed */
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < n && !err; i++)
        for (uint64_t k = 0; k < index[i].entries_n && !err; k++) {
            index_entry(&index[i], k, &e);
            err = each(arg, &e);
        }
    ctx_put(cx, index);
    return err;
}

/* --- reading: packs stay open, the one used longest ago is closed for another --- */

static OpenPack *slot_for(Ctx *cx, Store *s, Err *err)
{
    Packs *p = s->packs;
    OpenPack *old = NULL;
    *err = OK;
    if (!p->open && !(p->open = ctx_get_n(cx, OPEN_MAX, sizeof *p->open))) {
        *err = FAIL(cx, ERR_NOMEM, "opening a pack");
        return NULL;
    }
    if (p->open_n < OPEN_MAX) return &p->open[p->open_n];
    for (size_t i = 0; i < p->open_n; i++)
        if (!p->open[i].users && (!old || p->open[i].used < old->used)) old = &p->open[i];
    if (old) s->kind->get_end(cx, &old->get);
    else *err = FAIL(cx, ERR_LIMIT, "%d packs are being read at once", OPEN_MAX);
    return old;
}

/* With the lock. */
static Err pin(Ctx *cx, Store *s, const PackId *id, OpenPack **out)
{
    Packs *p = s->packs;
    char name[BLOB_NAME_MAX];
    Err err;
    *out = NULL;
    for (size_t i = 0; i < p->open_n && !*out; i++)
        if (!memcmp(p->open[i].id.at, id->at, PACK_ID_BYTES)) *out = &p->open[i];
    if (!*out) {
        OpenPack *o = slot_for(cx, s, &err);
        StoreGet get = { .fd = -1 };
        if (!o) return err;
        pack_name(id, ".pack", name);
        err = s->kind->get_begin(cx, s, name, &get);
        if (err) {                                                 /* close the gap that slot_for may have made */
            if (o < p->open + p->open_n) *o = p->open[--p->open_n];
            return err;
        }
        if (o == p->open + p->open_n) p->open_n++;
        *o = (OpenPack){ .id = *id, .get = get };
        *out = o;
    }
    (*out)->users++;
    (*out)->used = ++p->tick;
    return OK;
}

Err packs_read(Ctx *cx, Store *s, const Entry *e, unsigned char *room, const unsigned char **stored)
{
    Packs *p = s->packs;
    OpenPack *o = NULL;
    StoreGet get;
    char where[2 * BLOB_NAME_MAX];
    size_t want = ENTRY_HEAD_BYTES + (size_t)e->stored, got = 0;
    *stored = NULL;
    pthread_mutex_lock(&p->lock);
    Err err = pin(cx, s, &e->pack, &o);
    if (!err) get = o->get;
    pthread_mutex_unlock(&p->lock);
    if (err) return err;
    err = s->kind->get_at(cx, &get, e->at, room, want, &got);
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < p->open_n; i++)                         /* it may have moved in the list */
        if (!memcmp(p->open[i].id.at, e->pack.at, PACK_ID_BYTES)) p->open[i].users--;
    pthread_mutex_unlock(&p->lock);
    TRY(cx, err);
    if (got != want || !entry_sound(e, room, room + ENTRY_HEAD_BYTES)) {
        pack_name(&e->pack, ".pack", where);
        snprintf(where + strlen(where), sizeof where - strlen(where), " at byte %llu", (unsigned long long)e->at);
        return object_damaged(cx, s, &e->d, where);
    }
    *stored = room + ENTRY_HEAD_BYTES;
    return OK;
}

/* --- merging --- */

static int fewer(const void *a, const void *b)
{
    const Index *x = a, *y = b;
    return (x->entries_n > y->entries_n) - (x->entries_n < y->entries_n);
}

/* How many of the sorted indexes to merge: until each that stays has at least twice the entries of all before it. */
static size_t how_many(const Index *x, size_t n)
{
    uint64_t sum = 0;
    size_t take = 0;
    for (size_t i = 0; i < n; i++) {
        if (i && x[i].entries_n < 2 * sum) take = i + 1;
        sum += x[i].entries_n;
    }
    return take;
}

static Err merge_some(Ctx *cx, Store *s, const Index *x, size_t n)
{
    Entry *entry = NULL;
    size_t all = 0, k = 0;
    char name[BLOB_NAME_MAX];
    Err err = OK;
    for (size_t i = 0; i < n; i++) {
        if (!index_sound(cx, &x[i], &err)) return err ? err : index_damaged(cx, s, x[i].name);
        all += (size_t)x[i].entries_n;
    }
    GET_DONE(cx, entry, all, "merging indexes of %zu objects", all);
    for (size_t i = 0; i < n; i++)
        for (uint64_t j = 0; j < x[i].entries_n; j++) index_entry(&x[i], j, &entry[k++]);
    TRY_DONE(cx, index_write(cx, s, entry, all, name));
    for (size_t i = 0; i < n; i++)
        if (strcmp(x[i].name, name)) TRY_DONE(cx, s->kind->remove(cx, s, x[i].name));
done:
    ctx_put(cx, entry);
    return err;
}

Err packs_merge(Ctx *cx, Store *s)
{
    Packs *p = s->packs;
    StoreLease tend = { .fd = -1 };
    Err err = OK;
    if (!s->kind->lease_path) return OK;
    pthread_mutex_lock(&p->lock);
    if (p->n <= INDEXES_MANY || store_lease_take(cx, s, "packs", &tend)) {
        if (p->n > INDEXES_MANY) cx->text[0] = 0;                  /* somebody else does it */
        goto done;
    }
    TRY_DONE(cx, refresh(cx, s));
    qsort(p->index, p->n, sizeof *p->index, fewer);
    size_t n = how_many(p->index, p->n);
    if (n > 1) {
        TRY_DONE(cx, merge_some(cx, s, p->index, n));
        TRY_DONE(cx, refresh(cx, s));
    }
done:
    pthread_mutex_unlock(&p->lock);
    store_lease_drop(&tend);
    return err;
}

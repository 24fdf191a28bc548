/* store/gc.c -- sweep what nobody names.
**
** Kept: what the roots name, the pieces of it, and whatever was put or put again within a day (an add that is under way names
** its objects only at its end).  One gate decides between an add that reuses an object and a sweep that removes it: the add
** dates it anew while it shares the store's lock, the sweep looks at the date and removes while it has the lock alone.  So
** what an add found and dated stays for a day, and what is gone it does not find.
**
** A pack goes when nothing in it is kept; when more than an eighth is not, what is kept moves to a new pack first.  Its entries
** leave the indexes before it goes, so a crash leaves at worst a pack that nobody names.
*/
#include "store/inner.h"

#include "os/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SPARE_US (INT64_C(24) * 3600 * 1000000)
#define REWRITE_SHARE 8
#define TEND_TRIES 200             /* of 50 ms: somebody merges indexes */

typedef struct PackFacts {
    PackId id;
    uint64_t live_n, dead_n, live, dead;       /* entries and bytes */
    bool there, doomed;
} PackFacts;

typedef struct Gc {
    Ctx *cx;
    Store *s;
    const StoreGcIn *in;
    StoreGcOut *out;
    DigestSet live;
    int64_t before_us;             /* older ones may go */
    PackFacts *pack;
    size_t packs_n, packs_cap;
    PackWriter w;
    bool open;
    Entry *entry;                  /* of what the new index says */
    size_t n, cap;
    char index[BLOB_NAME_MAX];     /* the new one's name */
} Gc;

/* --- what is kept --- */

static Err keep_part(void *arg, const Digest *d, bool list)
{
    Gc *g = arg;
    (void)list;
    return set_add(g->cx, &g->live, d, NULL);
}

static Err keep_root(void *arg, const Digest *d)
{
    Gc *g = arg;
    Entry e;
    bool fresh, there;
    TRY(g->cx, set_add(g->cx, &g->live, d, &fresh));
    for (size_t nth = 0; fresh; nth++) {
        TRY(g->cx, packs_find(g->cx, g->s, d, nth, nth == 0, &e, &there));
        if (!there) break;
        if (e.form != ENTRY_RECIPE) continue;
        Err err = recipe_parts(g->cx, g->s, &e, keep_part, g);
        if (err == ERR_CORRUPT)
            return FAIL(g->cx, ERR_CORRUPT, "nothing was removed, for what this object is made of cannot be known: %s", g->cx->text);
        TRY(g->cx, err);
    }
    return OK;
}

/* --- objects in files of their own --- */

static Err sweep_blob(Gc *g, const char *name, const Blob *seen)
{
    Ctx *cx = g->cx;
    Store *s = g->s;
    Blob b = *seen;
    int fd = -1;
    Err err = OK;
    if (seen->changed_us >= g->before_us) {
        g->out->spared++;
        return OK;
    }
    if (!g->in->dry_run) {
        TRY(cx, s->kind->lock(cx, s, true, &fd));
        err = s->kind->look(cx, s, name, &b);
        if (!err && b.there && b.changed_us < g->before_us) err = s->kind->remove(cx, s, name);
        else b.there = false;                                      /* dated anew, or gone */
        s->kind->unlock(s, &fd);
    }
    if (!err && b.there) {
        g->out->removed++;
        g->out->freed += b.size;
    }
    return err;
}

static Err sweep_loose(void *arg, const char *name, const Blob *b)
{
    Gc *g = arg;
    Digest d;
    StoreForm form;
    if (!object_name_read(name, &d, &form)) return OK;
    g->out->objects++;
    if (set_has(&g->live, &d)) {
        g->out->kept++;
        return OK;
    }
    return sweep_blob(g, name, b);
}

/* --- packs --- */

static PackFacts *facts_of(Gc *g, const PackId *id, bool make)
{
    for (size_t i = g->packs_n; i-- > 0;)                          /* entries of one pack tend to come one after the other */
        if (!memcmp(g->pack[i].id.at, id->at, PACK_ID_BYTES)) return &g->pack[i];
    if (!make) return NULL;
    if (g->packs_n == g->packs_cap) {
        size_t cap = g->packs_cap ? 2 * g->packs_cap : 64;
        void *at = ctx_grow(g->cx, g->pack, cap, sizeof *g->pack);
        if (!at) return NULL;
        g->pack = at;
        g->packs_cap = cap;
    }
    g->pack[g->packs_n] = (PackFacts){ .id = *id };
    return &g->pack[g->packs_n++];
}

static Err count_entry(void *arg, const Entry *e)
{
    Gc *g = arg;
    PackFacts *p = facts_of(g, &e->pack, true);
    if (!p) return FAIL(g->cx, ERR_NOMEM, "looking at %zu packs", g->packs_n);
    uint64_t size = ENTRY_HEAD_BYTES + (uint64_t)e->stored;
    bool live = set_has(&g->live, &e->d);
    g->out->objects++;
    if (live) g->out->kept++, p->live_n++, p->live += size;
    else p->dead_n++, p->dead += size;
    return OK;
}

/* A pack that no index names is what a crash left. */
static Err see_pack(void *arg, const char *name, const Blob *b)
{
    Gc *g = arg;
    PackId id;
    if (!pack_id_read(name, ".pack", &id)) return OK;
    PackFacts *p = facts_of(g, &id, false);
    if (!p) return sweep_blob(g, name, b);
    p->there = true;
    if (!p->dead_n) return OK;
    if (b->changed_us >= g->before_us) {
        g->out->spared += p->dead_n;
        return OK;
    }
    p->doomed = !p->live_n || p->dead > (p->live + p->dead) / REWRITE_SHARE;
    if (p->doomed && g->in->dry_run) g->out->removed += p->dead_n, g->out->freed += p->dead;
    return OK;
}

static Err note_entry(Gc *g, const Entry *e)
{
    if (g->n == g->cap) {
        size_t cap = g->cap ? 2 * g->cap : 1024;
        void *at = ctx_grow(g->cx, g->entry, cap, sizeof *g->entry);
        if (!at) return FAIL(g->cx, ERR_NOMEM, "an index of %zu objects", cap);
        g->entry = at;
        g->cap = cap;
    }
    g->entry[g->n++] = *e;
    return OK;
}

/* What is kept of a doomed pack moves.  A damaged entry keeps its pack as it is, for whoever wants to look. */
static Err move_entry(void *arg, const Entry *e)
{
    Gc *g = arg;
    Ctx *cx = g->cx;
    PackFacts *p = facts_of(g, &e->pack, false);
    Entry moved = *e;
    Coder *c = NULL;
    unsigned char *room;
    const unsigned char *stored;
    Err err = OK;
    if (!p || !p->doomed || !set_has(&g->live, &e->d)) return OK;
    TRY_DONE(cx, coder_borrow(cx, g->s, &c));
    TRY_DONE(cx, coder_room(cx, c, ROOM_READ, ENTRY_HEAD_BYTES + (size_t)e->stored, &room));
    err = packs_read(cx, g->s, e, room, &stored);
    if (err == ERR_CORRUPT) {
        p->doomed = false;
        err = OK;
        goto done;
    }
    TRY_DONE(cx, err);
    if (!g->open) TRY_DONE(cx, pack_begin(cx, g->s, &g->w));
    g->open = true;
    TRY_DONE(cx, pack_add(cx, &g->w, &moved, stored));
    TRY_DONE(cx, note_entry(g, &moved));
done:
    coder_return(cx, g->s, c);
    return err;
}

/* The entries that stay where they are. */
static Err stay_entry(void *arg, const Entry *e)
{
    Gc *g = arg;
    const PackFacts *p = facts_of(g, &e->pack, false);
    if (p && (p->doomed || !p->there)) return OK;
    return note_entry(g, e);
}

/* With the lock alone: the doomed that were not dated anew leave the indexes, then they go. */
static Err drop_packs(Gc *g)
{
    Ctx *cx = g->cx;
    Store *s = g->s;
    char name[BLOB_NAME_MAX], (*old)[BLOB_NAME_MAX] = NULL;
    size_t doomed = 0, old_n = 0;
    Err err = OK;
    Blob b;
    for (size_t i = 0; i < g->packs_n; i++) {
        PackFacts *p = &g->pack[i];
        if (!p->doomed) continue;
        pack_name(&p->id, ".pack", name);
        TRY_DONE(cx, s->kind->look(cx, s, name, &b));
        p->doomed = b.there && b.changed_us < g->before_us;
        doomed += p->doomed;
    }
    if (!doomed) goto done;
    TRY_DONE(cx, packs_names(cx, s, &old, &old_n));                /* before the entries: whoever commits meanwhile keeps his own */
    TRY_DONE(cx, packs_each(cx, s, stay_entry, g));
    if (g->n) TRY_DONE(cx, index_write(cx, s, g->entry, g->n, g->index));
    for (size_t i = 0; i < old_n; i++)
        if (strcmp(old[i], g->index)) TRY_DONE(cx, s->kind->remove(cx, s, old[i]));
    if (old_n) TRY_DONE(cx, s->kind->settle(cx, s, old[0]));
    for (size_t i = 0; i < g->packs_n; i++) {
        const PackFacts *p = &g->pack[i];
        if (!p->doomed) continue;
        pack_name(&p->id, ".pack", name);
        TRY_DONE(cx, s->kind->remove(cx, s, name));
        g->out->removed += p->dead_n;
        g->out->freed += p->dead;
    }
done:
    ctx_put(cx, old);
    return err;
}

/* Nobody merges indexes meanwhile. */
static Err tend(Ctx *cx, Store *s, StoreLease *lease)
{
    Err err = ERR_REFUSED;
    for (int i = 0; i < TEND_TRIES && err == ERR_REFUSED; i++) {
        int none = -1;
        bool ready;
        if (i) TRY(cx, os_poll(cx, &none, 1, 50, &ready));
        TRY(cx, ctx_check(cx));
        err = store_lease_take(cx, s, "packs", lease);
    }
    return err;
}

static Err sweep_packs(Gc *g)
{
    Ctx *cx = g->cx;
    Store *s = g->s;
    StoreLease lease = { .fd = -1 };
    bool any = false;
    int fd = -1;
    Err err = OK;
    TRY(cx, packs_each(cx, s, count_entry, g));
    TRY(cx, packs_check(cx, s));                                   /* a damaged index may hide what is kept */
    TRY(cx, s->kind->list(cx, s, "packs", true, see_pack, g));
    for (size_t i = 0; i < g->packs_n; i++) any |= g->pack[i].doomed;
    if (!any || g->in->dry_run) return OK;
    TRY(cx, tend(cx, s, &lease));
    TRY_DONE(cx, packs_each(cx, s, move_entry, g));
    if (g->open) {
        g->open = false;
        TRY_DONE(cx, pack_keep(cx, &g->w));
    }
    TRY_DONE(cx, s->kind->lock(cx, s, true, &fd));
    TRY_DONE(cx, drop_packs(g));
done:
    s->kind->unlock(s, &fd);
    if (g->open) pack_drop(cx, &g->w);
    store_lease_drop(&lease);
    return err;
}

Err store_gc(Ctx *cx, Store *s, const StoreGcIn *in, StoreGcOut *out)
{
    Gc g = { .cx = cx, .s = s, .in = in, .out = out };
    StoreLease lease = { .fd = -1 };
    Err err = OK;
    *out = (StoreGcOut){ 0 };
    int64_t now = cx->world->clock->now_us(cx->world->clock->self);
    g.before_us = now - (in->spare_us ? in->spare_us : SPARE_US);
    TRY(cx, store_lease_take(cx, s, "gc", &lease));
    TRY_DONE(cx, packs_refresh(cx, s));
    TRY_DONE(cx, in->roots(cx, in->arg, keep_root, &g));
    TRY_DONE(cx, s->kind->list(cx, s, "objects", true, sweep_loose, &g));
    TRY_DONE(cx, sweep_packs(&g));
    if (!in->dry_run) {
        TRY_DONE(cx, packs_refresh(cx, s));
        TRY_DONE(cx, store_tidy(cx, s));
    }
done:
    set_clear(cx, &g.live);
    ctx_put(cx, g.pack);
    ctx_put(cx, g.entry);
    store_lease_drop(&lease);
    return err;
}

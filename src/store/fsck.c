/* store/fsck.c -- look at every byte the store keeps, and say where one is wrong.
**
** Objects in files of their own are unpacked and compared with their names.  Packs are walked from head to tail: every head,
** every checksum, every content, no gap and no rest; where a head is broken the indexes say where the next entry begins.
** Indexes are compared with their own hash and with the packs.  What a recipe names is read as a whole.
*/
#include "store/inner.h"

#include "os/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Names { char (*at)[BLOB_NAME_MAX]; size_t n, cap; } Names;

typedef struct Fsck {
    Ctx *cx;
    Store *s;
    StoreFsckOut *out;
    StoreFaultEach *each;
    void *arg;
    pthread_mutex_t lock;          /* of out, each and what follows */
    Names loose, packs, indexes;
    Entry *said;                   /* what the indexes say, by pack and place */
    size_t said_n, said_cap;
    Entry *found;                  /* what the packs hold */
    size_t found_n, found_cap;
} Fsck;

static Err grow(Ctx *cx, void **at, size_t n, size_t *cap, size_t size)
{
    if (n < *cap) return OK;
    size_t more = *cap ? 2 * *cap : 256;
    void *p = ctx_grow(cx, *at, more, size);
    if (!p) return FAIL(cx, ERR_NOMEM, "looking at %zu things", more);
    *at = p;
    *cap = more;
    return OK;
}

static Err tell(Fsck *f, const char *where, uint64_t byte, const Digest *d, const char *what)
{
    StoreFault fault = { .byte = byte, .what = what, .where = where, .object = d };
    pthread_mutex_lock(&f->lock);
    f->out->faults++;
    Err err = f->each ? f->each(f->arg, &fault) : OK;
    pthread_mutex_unlock(&f->lock);
    return err;
}

static Err take(Fsck *f, Names *names, const char *name)
{
    TRY(f->cx, grow(f->cx, (void **)&names->at, names->n, &names->cap, sizeof *names->at));
    snprintf(names->at[names->n++], BLOB_NAME_MAX, "%s", name);
    return OK;
}

static Err take_loose(void *arg, const char *name, const Blob *b)
{
    Fsck *f = arg;
    Digest d;
    StoreForm form;
    (void)b;
    return object_name_read(name, &d, &form) ? take(f, &f->loose, name) : OK;
}

static Err take_pack(void *arg, const char *name, const Blob *b)
{
    Fsck *f = arg;
    PackId id;
    (void)b;
    if (pack_id_read(name, ".pack", &id)) return take(f, &f->packs, name);
    return pack_id_read(name, ".idx", &id) ? take(f, &f->indexes, name) : OK;
}

/* --- indexes --- */

static Err read_index(Fsck *f, const char *name)
{
    Ctx *cx = f->cx;
    StoreMap map;
    Index x;
    PackId id;
    Err err = f->s->kind->map(cx, f->s, name, &map);
    if (err == ERR_NOT_FOUND) return OK;                           /* merged away meanwhile */
    TRY(cx, err);
    bool sound = index_open(&map, &x) && index_sound(cx, &x, &err) && pack_id_read(name, ".idx", &id)
                 && !memcmp(id.at, x.at + map.n - SHA256_BYTES, PACK_ID_BYTES);
    if (!err && !sound) err = tell(f, name, 0, NULL, "the index does not match its own hash; 'leat fsck --repair' builds it anew");
    for (uint64_t i = 0; sound && i < x.entries_n && !err; i++) {
        err = grow(cx, (void **)&f->said, f->said_n, &f->said_cap, sizeof *f->said);
        if (!err) index_entry(&x, i, &f->said[f->said_n++]);
    }
    if (sound) f->out->indexes++;
    f->s->kind->unmap(cx, f->s, &map);
    return err;
}

static int by_place(const void *a, const void *b)
{
    const Entry *x = a, *y = b;
    int k = memcmp(x->pack.at, y->pack.at, PACK_ID_BYTES);
    return k ? k : x->at < y->at ? -1 : x->at > y->at;
}

/* --- one pack --- */

typedef struct Pack {
    Fsck *f;
    const char *name;
    PackId id;
    StoreGet get;
    uint64_t size;
    const Entry *said;             /* the indexes' entries of this pack */
    size_t said_n, at_said;
    bool told;                     /* of a gap whose entry the walk cannot know */
} Pack;

/* Where the next entry begins that the indexes know of, behind `at`. */
static uint64_t next_known(Pack *p, uint64_t at)
{
    while (p->at_said < p->said_n && p->said[p->at_said].at <= at) p->at_said++;
    return p->at_said < p->said_n ? p->said[p->at_said].at : p->size;
}

static Err content_sound(Ctx *cx, Coder *c, const Entry *e, const unsigned char *stored, bool *sound)
{
    unsigned char *plain;
    Digest d;
    *sound = true;
    if (e->form == ENTRY_RECIPE) return OK;                        /* read as a whole later */
    if (e->form == ENTRY_ZSTD) {
        if (e->bytes > ENTRY_BYTES_MAX) *sound = false;
        if (*sound) TRY(cx, coder_room(cx, c, ROOM_PLAIN, (size_t)e->bytes, &plain));
        if (*sound) TRY(cx, coder_unpack(cx, c, stored, e->stored, plain, (size_t)e->bytes, sound));
        stored = *sound ? plain : NULL;
    } else *sound = e->bytes == e->stored;
    if (*sound) coder_hash(c, stored, (size_t)e->bytes, &d);
    *sound = *sound && digest_same(&d, &e->d);
    return OK;
}

/* The entry at `at`; *next: where the one behind begins. */
static Err walk_entry(Ctx *cx, Pack *p, Coder *c, uint64_t at, uint64_t *next)
{
    Fsck *f = p->f;
    unsigned char head[ENTRY_HEAD_BYTES], *room;
    size_t got = 0;
    Entry e;
    bool sound = false;
    TRY(cx, f->s->kind->get_at(cx, &p->get, at, head, sizeof head, &got));
    entry_read(head, &e);
    e.at = at;
    e.pack = p->id;
    const Entry *said = NULL;
    for (size_t i = p->at_said; i < p->said_n && p->said[i].at <= at; i++)
        if (p->said[i].at == at) said = &p->said[i];
    *next = at + ENTRY_HEAD_BYTES + e.stored;
    if (got == sizeof head && e.form < ENTRY_FORMS && e.stored <= ENTRY_STORED_MAX && *next <= p->size) {
        TRY(cx, coder_room(cx, c, ROOM_READ, sizeof head + (size_t)e.stored, &room));
        TRY(cx, f->s->kind->get_at(cx, &p->get, at, room, sizeof head + (size_t)e.stored, &got));
        sound = got == sizeof head + e.stored && entry_sound(&e, room, room + sizeof head);
        if (sound) TRY(cx, content_sound(cx, c, &e, room + sizeof head, &sound));
    }
    if (sound && said && (!digest_same(&said->d, &e.d) || said->bytes != e.bytes || said->stored != e.stored || said->form != e.form))
        return tell(f, p->name, at, &e.d, "an index says something else of this entry");
    if (!sound) {
        *next = next_known(p, at);
        return tell(f, p->name, at, said ? &said->d : NULL, "the entry is damaged");
    }
    pthread_mutex_lock(&f->lock);
    f->out->objects++;
    f->out->bytes += e.bytes;
    Err err = grow(cx, (void **)&f->found, f->found_n, &f->found_cap, sizeof *f->found);
    if (!err) f->found[f->found_n++] = e;
    pthread_mutex_unlock(&f->lock);
    return err;
}

static Err walk_pack(Ctx *cx, void *self, size_t i)
{
    Fsck *f = self;
    Pack p = { .f = f, .name = f->packs.at[i], .get = { .fd = -1 } };
    unsigned char head[PACK_HEAD_BYTES];
    Coder *c = NULL;
    Blob b;
    size_t got = 0;
    uint64_t at = PACK_HEAD_BYTES, end = 0;
    Err err = OK;
    (void)pack_id_read(p.name, ".pack", &p.id);
    size_t lo = 0, hi = f->said_n;                                 /* sorted by pack */
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (memcmp(f->said[mid].pack.at, p.id.at, PACK_ID_BYTES) < 0) lo = mid + 1;
        else hi = mid;
    }
    if (f->said) p.said = f->said + lo;
    for (size_t k = lo; k < f->said_n && !memcmp(f->said[k].pack.at, p.id.at, PACK_ID_BYTES); k++) {
        p.said_n++;
        end = f->said[k].at + ENTRY_HEAD_BYTES + f->said[k].stored;
    }
    TRY(cx, f->s->kind->look(cx, f->s, p.name, &b));
    if (!b.there) return OK;                                       /* swept meanwhile */
    p.size = b.size;
    TRY_DONE(cx, coder_borrow(cx, f->s, &c));
    TRY_DONE(cx, f->s->kind->get_begin(cx, f->s, p.name, &p.get));
    TRY_DONE(cx, f->s->kind->get_at(cx, &p.get, 0, head, sizeof head, &got));
    if (got != sizeof head || memcmp(head, "leatpak1", 8) || memcmp(head + 8, p.id.at, PACK_ID_BYTES))
        TRY_DONE(cx, tell(f, p.name, 0, NULL, "the pack's first bytes are damaged"));
    while (at < p.size) {
        TRY_DONE(cx, ctx_check(cx));
        TRY_DONE(cx, walk_entry(cx, &p, c, at, &at));
    }
    if (p.said_n && p.size < end) TRY_DONE(cx, tell(f, p.name, p.size, NULL, "the pack is shorter than the indexes say"));
    pthread_mutex_lock(&f->lock);
    f->out->packs++;
    pthread_mutex_unlock(&f->lock);
done:
    f->s->kind->get_end(cx, &p.get);
    coder_return(cx, f->s, c);
    return err;
}

/* --- files of their own --- */

static Err walk_loose(Ctx *cx, void *self, size_t i)
{
    Fsck *f = self;
    Sink none = { NULL };
    Digest d;
    StoreForm form;
    Blob b;
    (void)object_name_read(f->loose.at[i], &d, &form);
    TRY(cx, f->s->kind->look(cx, f->s, f->loose.at[i], &b));
    if (!b.there) return OK;
    Err err = loose_read(cx, f->s, &d, form, 0, UINT64_MAX, &none);
    if (err == ERR_CORRUPT) return tell(f, f->loose.at[i], 0, &d, "its bytes do not match its name");
    TRY(cx, err);
    pthread_mutex_lock(&f->lock);
    f->out->objects++;
    f->out->bytes += b.size;
    pthread_mutex_unlock(&f->lock);
    return OK;
}

/* --- what the indexes name and no pack holds; what recipes are made of --- */

static Err missing_packs(Fsck *f)
{
    char name[BLOB_NAME_MAX];
    Blob b;
    for (size_t i = 0; i < f->said_n; i++) {
        const Entry *e = &f->said[i];
        if (i && !memcmp(e->pack.at, f->said[i - 1].pack.at, PACK_ID_BYTES)) continue;
        pack_name(&e->pack, ".pack", name);
        TRY(f->cx, f->s->kind->look(f->cx, f->s, name, &b));
        if (!b.there) TRY(f->cx, tell(f, name, 0, NULL, "an index names the pack, and it is not there"));
    }
    return OK;
}

static Err walk_recipe(Ctx *cx, void *self, size_t i)
{
    Fsck *f = self;
    Sink none = { NULL };
    const Entry *e = &f->found[i];
    char name[BLOB_NAME_MAX];
    if (e->form != ENTRY_RECIPE) return OK;
    Err err = entry_read_to(cx, f->s, e, 0, UINT64_MAX, &none);
    pack_name(&e->pack, ".pack", name);
    if (err == ERR_CORRUPT) return tell(f, name, e->at, &e->d, cx->text);
    return err;
}

/* One index over all that is sound, then the others go. */
static Err rebuild(Fsck *f)
{
    char name[BLOB_NAME_MAX] = "";
    StoreLease lease = { .fd = -1 };
    Err err = OK;
    TRY(f->cx, store_lease_take(f->cx, f->s, "packs", &lease));
    if (f->found_n) TRY_DONE(f->cx, index_write(f->cx, f->s, f->found, f->found_n, name));
    for (size_t i = 0; i < f->indexes.n; i++)
        if (strcmp(f->indexes.at[i], name)) TRY_DONE(f->cx, f->s->kind->remove(f->cx, f->s, f->indexes.at[i]));
    f->out->rebuilt = true;
done:
    store_lease_drop(&lease);
    return err;
}

static Err all(Fsck *f, bool repair)
{
    Ctx *cx = f->cx;
    Store *s = f->s;
    TRY(cx, s->kind->list(cx, s, "objects", false, take_loose, f));
    TRY(cx, s->kind->list(cx, s, "packs", false, take_pack, f));
    for (size_t i = 0; i < f->indexes.n; i++) TRY(cx, read_index(f, f->indexes.at[i]));
    uint64_t bad_indexes = f->out->faults;
    if (f->said_n) qsort(f->said, f->said_n, sizeof *f->said, by_place);
    TRY(cx, os_parts(cx, s->threads, f->packs.n, walk_pack, f));
    TRY(cx, os_parts(cx, s->threads, f->loose.n, walk_loose, f));
    TRY(cx, missing_packs(f));
    if (repair && f->out->faults) TRY(cx, rebuild(f));
    if (bad_indexes && !repair) return OK;                         /* what is made of pieces cannot be found without them */
    TRY(cx, packs_refresh(cx, s));
    if (f->found_n) qsort(f->found, f->found_n, sizeof *f->found, by_place);
    return os_parts(cx, s->threads, f->found_n, walk_recipe, f);
}

Err store_fsck(Ctx *cx, Store *s, bool repair, StoreFaultEach *each, void *arg, StoreFsckOut *out)
{
    Fsck f = { .cx = cx, .s = s, .out = out, .each = each, .arg = arg };
    *out = (StoreFsckOut){ 0 };
    (void)pthread_mutex_init(&f.lock, NULL);
    Err err = all(&f, repair);
    pthread_mutex_destroy(&f.lock);
    ctx_put(cx, f.loose.at);
    ctx_put(cx, f.packs.at);
    ctx_put(cx, f.indexes.at);
    ctx_put(cx, f.said);
    ctx_put(cx, f.found);
    return err;
}

/* store/object.c -- reading one object from wherever it lies: a pack, or a file of its own, packed or raw.
**
** Every copy is compared with the name; a damaged copy is passed over when there is a sound one.
*/
#define ZSTD_STATIC_LINKING_ONLY   /* ZSTD_FRAMEHEADERSIZE_MAX, ZSTD_customMem */
#include "store/inner.h"

#include <assert.h>
#include <endian.h>
#include <stdio.h>
#include <string.h>
#include <zstd.h>
#include <zstd_errors.h>

#define PACKED_END ".zst"

static const unsigned char tail_head[8] = { 0x50, 0x2a, 0x4d, 0x18, 8, 0, 0, 0 };     /* RFC 8878, 3.1.2 */

Err object_name(const Digest *d, StoreForm form, char name[BLOB_NAME_MAX])
{
    char hex[SHA256_TEXT_MAX];
    digest_text(d, hex);
    snprintf(name, BLOB_NAME_MAX, "objects/%.2s/%s%s", hex, hex + 2, form == STORE_PACKED ? PACKED_END : "");
    return OK;
}

bool object_name_read(const char *name, Digest *d, StoreForm *form)
{
    static const size_t before = sizeof "objects/ab/" - 1, digits = SHA256_TEXT_MAX - 3;
    char hex[SHA256_TEXT_MAX];
    if (strncmp(name, "objects/", 8) || strlen(name) < before + digits || name[10] != '/') return false;
    const char *end = name + before + digits;
    if (*end && strcmp(end, PACKED_END)) return false;
    *form = *end ? STORE_PACKED : STORE_RAW;
    snprintf(hex, sizeof hex, "%.2s%.*s", name + 8, (int)digits, name + before);
    return digest_read(hex, d);
}

void object_tail(uint64_t sum, unsigned char tail[LOOSE_TAIL_BYTES])
{
    uint64_t le = htole64(sum);
    memcpy(tail, tail_head, 8);
    memcpy(tail + 8, &le, 8);
}

Err object_damaged(Ctx *cx, const Store *s, const Digest *d, const char *where)
{
    char hex[SHA256_TEXT_MAX], name[BLOB_NAME_MAX];
    digest_text(d, hex);
    object_name(d, STORE_RAW, name);
    return FAIL(cx, ERR_CORRUPT, "the object '%.12s…' in '%s' is damaged: its bytes do not match its name; restore "
                "%s from a copy ('leat pull' brings one), or put the data in again", hex, s->folder,
                where ? where : name);
}

Err object_missing(Ctx *cx, Store *s, const Digest *d)
{
    char hex[SHA256_TEXT_MAX];
    TRY(cx, packs_check(cx, s));                                   /* not there, or only out of sight? */
    digest_text(d, hex);
    return FAIL(cx, ERR_NOT_FOUND, "the store '%s' has no object '%.12s…'", s->folder, hex);
}

Err loose_look(Ctx *cx, Store *s, const Digest *d, StoreForm form, Blob *out)
{
    char name[BLOB_NAME_MAX];
    object_name(d, form, name);
    return s->kind->look(cx, s, name, out);
}

/* --- a part of what goes by --- */

typedef struct Window { const Sink *sink; uint64_t from, left, at; } Window;

static Err window_more(Ctx *cx, Window *w, const unsigned char *bytes, size_t n)
{
    uint64_t here = w->at;
    w->at += n;
    if (!w->sink->more || !w->left || w->at <= w->from) return OK;
    size_t skip = w->from > here ? (size_t)(w->from - here) : 0, take = n - skip;
    if (take > w->left) take = (size_t)w->left;
    w->left -= take;
    return take ? w->sink->more(cx, w->sink->arg, bytes + skip, take) : OK;
}

/* --- a file of its own --- */

typedef struct Decode {
    Store *s;
    const Digest *d;
    char name[BLOB_NAME_MAX];
    Hasher *h;
    ZSTD_DCtx *z;
    unsigned char *out;
    Sum sum;                       /* of the frame */
    unsigned char tail[LOOSE_TAIL_BYTES + 1];
    size_t tail_n;
    bool whole;                    /* the frame ended */
    Window window;
} Decode;

static void *zstd_get(void *self, size_t n)
{
    const Alloc *a = ((Ctx *)self)->world->alloc;
    return a->get(a->self, n);
}

static void zstd_put(void *self, void *p)
{
    ctx_put(self, p);
}

static Err decode_piece(Ctx *cx, Decode *c, const unsigned char *bytes, size_t n)
{
    ZSTD_inBuffer in = { bytes, n, 0 };
    bool more = !c->whole;
    if (!c->z) {
        hash_more(c->h, bytes, n);
        return window_more(cx, &c->window, bytes, n);
    }
    while (!c->whole && (in.pos < in.size || more)) {
        ZSTD_outBuffer out = { c->out, STORE_PIECE, 0 };
        size_t left = ZSTD_decompressStream(c->z, &out, &in);
        if (ZSTD_isError(left)) {
            if (ZSTD_getErrorCode(left) == ZSTD_error_memory_allocation)
                return FAIL(cx, ERR_NOMEM, "unpacking an object");
            return object_damaged(cx, c->s, c->d, c->name);
        }
        c->whole = left == 0;
        more = out.pos == out.size;                                /* there may be more behind a full buffer */
        hash_more(c->h, c->out, out.pos);
        TRY(cx, window_more(cx, &c->window, c->out, out.pos));
    }
    sum_more(&c->sum, bytes, in.pos);
    size_t rest = n - in.pos, room = sizeof c->tail - c->tail_n;
    if (rest > room) rest = room;                                  /* too long by one is too long */
    memcpy(c->tail + c->tail_n, bytes + in.pos, rest);
    c->tail_n += rest;
    return OK;
}

/* Packed objects end with a checksum of their own bytes; those written before it was so have none. */
static bool tail_right(const Decode *c)
{
    unsigned char want[LOOSE_TAIL_BYTES];
    if (!c->z || !c->tail_n) return !c->z || c->whole;
    object_tail(sum_end(&c->sum), want);
    return c->whole && c->tail_n == sizeof want && !memcmp(c->tail, want, sizeof want);
}

static Err loose_pieces(Ctx *cx, Decode *c, StoreGet *g)
{
    Digest got;
    unsigned char *in = NULL;
    size_t n = 1, piece = c->s->kind->piece;
    uint64_t at = 0;
    Err err = OK;
    GET_DONE(cx, in, piece, "reading an object");
    while (n) {
        TRY_DONE(cx, ctx_check(cx));
        TRY_DONE(cx, c->s->kind->get_at(cx, g, at, in, piece, &n));
        at += n;
        if (n) TRY_DONE(cx, decode_piece(cx, c, in, n));
        if (n < piece) break;
    }
    hash_end(cx, c->h, &got);
    c->h = NULL;
    if (!tail_right(c) || !digest_same(&got, c->d)) err = object_damaged(cx, c->s, c->d, c->name);
done:
    ctx_put(cx, in);
    return err;
}

Err loose_read(Ctx *cx, Store *s, const Digest *d, StoreForm form, uint64_t from, uint64_t n, const Sink *sink)
{
    Decode c = { .s = s, .d = d, .window = { .sink = sink, .from = from, .left = n } };
    StoreGet g = { .fd = -1 };
    Err err = OK;
    object_name(d, form, c.name);
    sum_start(&c.sum);
    TRY(cx, s->kind->get_begin(cx, s, c.name, &g));
    TRY_DONE(cx, hash_start(cx, &c.h));
    if (form == STORE_PACKED) {
        GET_DONE(cx, c.out, STORE_PIECE, "reading an object");
        c.z = ZSTD_createDCtx_advanced((ZSTD_customMem){ zstd_get, zstd_put, cx });
        if (!c.z) {
            err = FAIL(cx, ERR_NOMEM, "reading an object");
            goto done;
        }
    }
    TRY_DONE(cx, loose_pieces(cx, &c, &g));
done:
    hash_end(cx, c.h, NULL);
    ZSTD_freeDCtx(c.z);
    ctx_put(cx, c.out);
    s->kind->get_end(cx, &g);
    return err;
}

Err loose_size(Ctx *cx, Store *s, const Digest *d, uint64_t *bytes)
{
    unsigned char head[ZSTD_FRAMEHEADERSIZE_MAX];
    char name[BLOB_NAME_MAX];
    StoreGet g = { .fd = -1 };
    size_t n = 0;
    *bytes = 0;
    object_name(d, STORE_PACKED, name);
    TRY(cx, s->kind->get_begin(cx, s, name, &g));
    Err err = s->kind->get_at(cx, &g, 0, head, sizeof head, &n);
    s->kind->get_end(cx, &g);
    if (err) return err;
    unsigned long long size = ZSTD_getFrameContentSize(head, n);
    if (size == ZSTD_CONTENTSIZE_UNKNOWN || size == ZSTD_CONTENTSIZE_ERROR) return object_damaged(cx, s, d, name);
    *bytes = size;
    return OK;
}

/* --- an entry of a pack --- */

static Err entry_plain(Ctx *cx, Store *s, const Entry *e, Coder *c, uint64_t from, uint64_t n, const Sink *sink)
{
    unsigned char *room, *plain;
    const unsigned char *stored;
    char where[BLOB_NAME_MAX];
    Window w = { .sink = sink, .from = from, .left = n };
    Digest got;
    bool sound = true;
    TRY(cx, coder_room(cx, c, ROOM_READ, ENTRY_HEAD_BYTES + (size_t)e->stored, &room));
    TRY(cx, packs_read(cx, s, e, room, &stored));
    pack_name(&e->pack, ".pack", where);
    if (e->form == ENTRY_ZSTD) {
        if (e->bytes > ENTRY_BYTES_MAX) return object_damaged(cx, s, &e->d, where);
        TRY(cx, coder_room(cx, c, ROOM_PLAIN, (size_t)e->bytes, &plain));
        TRY(cx, coder_unpack(cx, c, stored, e->stored, plain, (size_t)e->bytes, &sound));
        stored = plain;
    } else sound = e->bytes == e->stored;
    if (sound) coder_hash(c, stored, (size_t)e->bytes, &got);
    if (!sound || !digest_same(&got, &e->d)) return object_damaged(cx, s, &e->d, where);
    return e->bytes ? window_more(cx, &w, stored, (size_t)e->bytes) : OK;
}

Err entry_read_to(Ctx *cx, Store *s, const Entry *e, uint64_t from, uint64_t n, const Sink *sink)
{
    Coder *c;
    if (e->form >= ENTRY_FORMS || e->stored > ENTRY_STORED_MAX) return object_damaged(cx, s, &e->d, NULL);
    if (e->form == ENTRY_RECIPE) return recipe_read(cx, s, e, from, n, sink);
    TRY(cx, coder_borrow(cx, s, &c));
    Err err = entry_plain(cx, s, e, c, from, n, sink);
    coder_return(cx, s, c);
    return err;
}

/* --- whichever --- */

typedef struct Try { Err first; char story[CTX_TEXT_MAX]; bool found, moved; } Try;

/* Has the reader to try another copy?  Remembers the first story. */
static bool go_on(Ctx *cx, Try *t, Err err, const Sink *sink, Err *bad)
{
    *bad = OK;
    if (err != ERR_CORRUPT && err != ERR_NOT_FOUND) return false;
    if (!t->first || (t->first == ERR_NOT_FOUND && err == ERR_CORRUPT)) {
        t->first = err;
        memcpy(t->story, cx->text, sizeof cx->text);
    }
    if (sink->again) *bad = sink->again(cx, sink->arg);
    return !*bad;
}

static Err read_packed(Ctx *cx, Store *s, const Digest *d, uint64_t from, uint64_t n, const Sink *sink, Try *t)
{
    Entry e;
    Err err = ERR_NOT_FOUND, bad;
    bool there;
    for (size_t nth = 0;; nth++) {
        TRY(cx, packs_find(cx, s, d, nth, nth == 0, &e, &there));
        if (!there) return err;
        t->found = true;
        err = entry_read_to(cx, s, &e, from, n, sink);
        if (!err || !go_on(cx, t, err, sink, &bad)) return err && !bad ? err : err ? bad : OK;
        if (err == ERR_NOT_FOUND && !t->moved) {                   /* the pack was rewritten meanwhile: look again */
            t->moved = true;
            TRY(cx, packs_refresh(cx, s));
            nth = (size_t)-1;
        }
    }
}

Err object_read(Ctx *cx, Store *s, const Digest *d, uint64_t from, uint64_t n, const Sink *sink)
{
    static const StoreForm forms[] = { STORE_PACKED, STORE_RAW };
    Try t = { .first = OK };
    Blob b;
    Err bad = OK, err = read_packed(cx, s, d, from, n, sink, &t);
    if (err != ERR_NOT_FOUND && err != ERR_CORRUPT) return err;
    for (int i = 0; i < 2; i++) {
        TRY(cx, loose_look(cx, s, d, forms[i], &b));
        if (!b.there) continue;
        t.found = true;
        err = loose_read(cx, s, d, forms[i], from, n, sink);
        if (!err || !go_on(cx, &t, err, sink, &bad)) return err && bad ? bad : err;
    }
    if (t.found) return FAIL(cx, ERR_CORRUPT, "%s%s", t.first == ERR_NOT_FOUND ? "an index names what is not there: " : "",
                             t.story);
    return object_missing(cx, s, d);
}

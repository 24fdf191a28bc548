/* store/recipe.c -- content that lies in chunks: its recipe names lists, a list names chunks.
**
** Two floors, so that memory stays small: a list is 72 KiB and covers some 100 to 500 MB, the recipe of a terabyte is
** some hundred KiB.  The whole is compared with its name when the whole is read; a part, chunk by chunk, with theirs.
*/
#include "store/inner.h"

#include <endian.h>
#include <string.h>

#define LIST_BYTES_MAX ((size_t)LIST_LINES * LIST_LINE_BYTES)

typedef struct Walk {
    Store *s;
    const Entry *e;
    Coder *coder;                  /* its rooms: ROOM_READ and ROOM_PLAIN for a piece at a time, ROOM_LIST for the list */
} Walk;

static Err broken(Ctx *cx, const Walk *w)
{
    char where[BLOB_NAME_MAX];
    pack_name(&w->e->pack, ".pack", where);
    return object_damaged(cx, w->s, &w->e->d, where);
}

/* The recipe's lines (owned: ctx_put). */
static Err lines_of(Ctx *cx, Store *s, const Entry *e, unsigned char **room, const unsigned char **lines, size_t *n)
{
    Walk w = { .s = s, .e = e };
    *lines = NULL;
    *n = 0;
    if (e->stored % RECIPE_LINE_BYTES) return broken(cx, &w);
    *room = ctx_get(cx, ENTRY_HEAD_BYTES + (size_t)e->stored);
    if (!*room) return FAIL(cx, ERR_NOMEM, "reading a recipe of %u bytes", e->stored);
    TRY(cx, packs_read(cx, s, e, *room, lines));
    *n = e->stored / RECIPE_LINE_BYTES;
    return OK;
}

static uint64_t line_bytes(const unsigned char *line)
{
    uint64_t v;
    memcpy(&v, line + SHA256_BYTES, 8);
    return le64toh(v);
}

static uint32_t chunk_bytes(const unsigned char *line)
{
    uint32_t v;
    memcpy(&v, line + SHA256_BYTES, 4);
    return le32toh(v);
}

/* Where a piece goes. */
typedef struct Room { unsigned char *at; size_t n, cap; } Room;

static Err room_more(Ctx *cx, void *arg, const void *bytes, size_t n)
{
    Room *r = arg;
    if (n > r->cap - r->n) return FAIL(cx, ERR_CORRUPT, "a piece of an object is longer than its recipe says");
    memcpy(r->at + r->n, bytes, n);
    r->n += n;
    return OK;
}

static Err room_again(Ctx *cx, void *arg)
{
    (void)cx;
    ((Room *)arg)->n = 0;
    return OK;
}

/* A list or chunk, checked against its own name, of exactly n bytes. */
static Err piece(Ctx *cx, const Walk *w, const unsigned char *line, CoderRoom where, size_t n, unsigned char **out)
{
    Room r = { .cap = n };
    Sink sink = { room_more, room_again, &r };
    Digest d;
    memcpy(d.at, line, SHA256_BYTES);
    TRY(cx, coder_room(cx, w->coder, where, n, &r.at));
    Err err = object_read(cx, w->s, &d, 0, UINT64_MAX, &sink);
    if (err == ERR_NOT_FOUND) {
        char hex[SHA256_TEXT_MAX], part[SHA256_TEXT_MAX];
        digest_text(&w->e->d, hex);
        digest_text(&d, part);
        return FAIL(cx, ERR_CORRUPT, "the object '%.12s…' in '%s' is damaged: its piece '%.12s…' is not there; 'leat pull' "
                    "brings it if a remote has it, or put the data in again", hex, w->s->folder, part);
    }
    TRY(cx, err);
    if (r.n != n) return broken(cx, w);
    *out = r.at;
    return OK;
}

typedef struct Reading {
    Walk w;
    const Sink *sink;
    Hasher *h;                     /* of the whole; NULL when only a part is read */
    uint64_t at, from, to;
} Reading;

/* The chunks of one list that lie in from..to. */
static Err read_list(Ctx *cx, Reading *r, const unsigned char *list, size_t lines, uint64_t bytes)
{
    uint64_t end = r->at + bytes;
    for (size_t i = 0; i < lines; i++) {
        const unsigned char *line = list + i * LIST_LINE_BYTES;
        uint32_t n = chunk_bytes(line);
        unsigned char *chunk;
        TRY(cx, ctx_check(cx));
        if (n > end - r->at || n > ENTRY_BYTES_MAX) return broken(cx, &r->w);
        if (r->at + n > r->from && r->at < r->to) {
            TRY(cx, piece(cx, &r->w, line, ROOM_PACKED, n, &chunk));
            if (r->h) hash_more(r->h, chunk, n);
            size_t skip = r->from > r->at ? (size_t)(r->from - r->at) : 0;
            size_t take = (r->to - r->at < n ? (size_t)(r->to - r->at) : n) - skip;
            if (r->sink->more) TRY(cx, r->sink->more(cx, r->sink->arg, chunk + skip, take));
        }
        r->at += n;
    }
    return r->at == end ? OK : broken(cx, &r->w);
}

static Err read_lists(Ctx *cx, Reading *r, const unsigned char *lines, size_t lines_n)
{
    for (size_t i = 0; i < lines_n && r->at < r->to; i++) {
        const unsigned char *line = lines + i * RECIPE_LINE_BYTES;
        uint64_t bytes = line_bytes(line);
        unsigned char *list;
        Entry e;
        Digest d;
        bool there;
        if (bytes > UINT64_MAX - r->at) return broken(cx, &r->w);
        if (r->at + bytes <= r->from) {
            r->at += bytes;
            continue;
        }
        memcpy(d.at, line, SHA256_BYTES);
        TRY(cx, packs_find(cx, r->w.s, &d, 0, true, &e, &there));  /* how long is it? */
        if (!there) e.bytes = 0;
        if (e.bytes > LIST_BYTES_MAX || e.bytes % LIST_LINE_BYTES) return broken(cx, &r->w);
        TRY(cx, piece(cx, &r->w, line, ROOM_LIST, (size_t)e.bytes, &list));
        TRY(cx, read_list(cx, r, list, (size_t)e.bytes / LIST_LINE_BYTES, bytes));
    }
    return OK;
}

Err recipe_read(Ctx *cx, Store *s, const Entry *e, uint64_t from, uint64_t n, const Sink *sink)
{
    Reading r = { .w = { .s = s, .e = e }, .sink = sink, .from = from };
    unsigned char *room = NULL;
    const unsigned char *lines;
    size_t lines_n;
    Digest got;
    Err err = OK;
    r.to = n > UINT64_MAX - from ? UINT64_MAX : from + n;
    if (r.to > e->bytes) r.to = e->bytes;
    TRY_DONE(cx, lines_of(cx, s, e, &room, &lines, &lines_n));
    TRY_DONE(cx, coder_borrow(cx, s, &r.w.coder));
    if (!from && r.to == e->bytes) TRY_DONE(cx, hash_start(cx, &r.h));
    TRY_DONE(cx, read_lists(cx, &r, lines, lines_n));
    if (r.h) {
        hash_end(cx, r.h, &got);
        r.h = NULL;
        if (r.at != e->bytes || !digest_same(&got, &e->d)) err = broken(cx, &r.w);
    }
done:
    hash_end(cx, r.h, NULL);
    coder_return(cx, s, r.w.coder);
    ctx_put(cx, room);
    return err;
}

Err recipe_parts(Ctx *cx, Store *s, const Entry *e, Err (*each)(void *arg, const Digest *d, bool list), void *arg)
{
    Walk w = { .s = s, .e = e };
    unsigned char *room = NULL, *list;
    const unsigned char *lines;
    size_t lines_n;
    Err err = OK;
    TRY_DONE(cx, lines_of(cx, s, e, &room, &lines, &lines_n));
    TRY_DONE(cx, coder_borrow(cx, s, &w.coder));
    for (size_t i = 0; i < lines_n; i++) {
        const unsigned char *line = lines + i * RECIPE_LINE_BYTES;
        Entry l;
        Digest d;
        bool there;
        memcpy(d.at, line, SHA256_BYTES);
        TRY_DONE(cx, each(arg, &d, true));
        TRY_DONE(cx, packs_find(cx, s, &d, 0, true, &l, &there));
        if (!there || l.bytes > LIST_BYTES_MAX || l.bytes % LIST_LINE_BYTES) {
            err = broken(cx, &w);
            goto done;
        }
        TRY_DONE(cx, piece(cx, &w, line, ROOM_LIST, (size_t)l.bytes, &list));
        for (size_t k = 0; k < (size_t)l.bytes; k += LIST_LINE_BYTES) {
            memcpy(d.at, list + k, SHA256_BYTES);
            TRY_DONE(cx, each(arg, &d, false));
        }
    }
done:
    coder_return(cx, s, w.coder);
    ctx_put(cx, room);
    return err;
}

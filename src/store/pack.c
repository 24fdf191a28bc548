/* store/pack.c -- one pack, one index: their bytes.  Format: doc/formats/store.md
**
** A pack is a row of entries, each with a head that names and sums it, so a pack can be read without any index and no
** byte of it can change unseen.  An index names the entries of one pack or of many, sorted by digest.  Numbers are
** little-endian.
*/
#include "store/inner.h"

#include <assert.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUF_BYTES ((size_t)1 << 20)

static const char pack_magic[] = "leatpak1", index_magic[] = "leatidx1";

static void put64(unsigned char *p, uint64_t v)
{
    v = htole64(v);
    memcpy(p, &v, 8);
}

static void put32(unsigned char *p, uint32_t v)
{
    v = htole32(v);
    memcpy(p, &v, 4);
}

static uint64_t get64(const unsigned char *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return le64toh(v);
}

static uint32_t get32(const unsigned char *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return le32toh(v);
}

/* --- entries: digest (32), bytes (8), stored (4), form (1), 0 (3), XXH64 of these and of what is stored (8) --- */

static uint64_t entry_sum(const unsigned char *head, const void *stored, size_t n)
{
    Sum s;
    sum_start(&s);
    sum_more(&s, head, ENTRY_HEAD_BYTES - 8);
    sum_more(&s, stored, n);
    return sum_end(&s);
}

void entry_head(const Entry *e, const void *stored, unsigned char head[ENTRY_HEAD_BYTES])
{
    memcpy(head, e->d.at, SHA256_BYTES);
    put64(head + 32, e->bytes);
    put32(head + 40, e->stored);
    memset(head + 44, 0, 4);
    head[44] = (unsigned char)e->form;
    put64(head + 48, entry_sum(head, stored, e->stored));
}

void entry_read(const unsigned char *head, Entry *out)
{
    *out = (Entry){ .bytes = get64(head + 32), .stored = get32(head + 40), .form = (EntryForm)head[44] };
    memcpy(out->d.at, head, SHA256_BYTES);
}

bool entry_sound(const Entry *e, const unsigned char *head, const void *stored)
{
    Entry got;
    entry_read(head, &got);
    return digest_same(&got.d, &e->d) && got.bytes == e->bytes && got.stored == e->stored && got.form == e->form
           && get64(head + 48) == entry_sum(head, stored, e->stored);
}

/* --- names --- */

static void id_hex(const PackId *id, char hex[2 * PACK_ID_BYTES + 1])
{
    for (int i = 0; i < PACK_ID_BYTES; i++) snprintf(hex + 2 * i, 3, "%02x", id->at[i]);
}

void pack_name(const PackId *id, const char *end, char name[BLOB_NAME_MAX])
{
    char hex[2 * PACK_ID_BYTES + 1];
    id_hex(id, hex);
    snprintf(name, BLOB_NAME_MAX, "packs/%s%s", hex, end);
}

bool pack_id_read(const char *name, const char *end, PackId *out)
{
    static const size_t digits = 2 * PACK_ID_BYTES, before = sizeof "packs/" - 1;
    char hex[SHA256_TEXT_MAX];
    Digest d;
    if (strncmp(name, "packs/", before) || strlen(name) != before + digits + strlen(end)
        || strcmp(name + before + digits, end))
        return false;
    memset(hex, '0', sizeof hex - 1);
    memcpy(hex, name + before, digits);
    hex[sizeof hex - 1] = 0;
    if (!digest_read(hex, &d)) return false;
    memcpy(out->at, d.at, PACK_ID_BYTES);
    return true;
}

/* A name that nobody else makes: when, by whom, which. */
static Err id_make(Ctx *cx, const void *who, PackId *out)
{
    struct { int64_t now, mono; uint64_t pid, who, host; } from;
    Digest d;
    char host[256] = "";
    (void)gethostname(host, sizeof host - 1);
    memset(&from, 0, sizeof from);
    from.now = cx->world->clock->now_us(cx->world->clock->self);
    from.mono = cx->world->clock->mono_us(cx->world->clock->self);
    from.pid = (uint64_t)getpid();
    from.who = (uintptr_t)who;
    from.host = sum_of(host, sizeof host);
    TRY(cx, hash_bytes(cx, &from, sizeof from, &d));
    memcpy(out->at, d.at, PACK_ID_BYTES);
    return OK;
}

/* --- writing a pack --- */

static Err flush(Ctx *cx, PackWriter *w)
{
    size_t n = w->buf_n;
    w->buf_n = 0;
    if (n) TRY(cx, w->store->kind->put_more(cx, &w->put, w->buf, n));
    return OK;
}

static Err append(Ctx *cx, PackWriter *w, const void *bytes, size_t n)
{
    if (w->buf_n + n > BUF_BYTES) TRY(cx, flush(cx, w));
    if (n >= BUF_BYTES / 2) TRY(cx, w->store->kind->put_more(cx, &w->put, bytes, n));
    else {
        memcpy(w->buf + w->buf_n, bytes, n);
        w->buf_n += n;
    }
    w->at += n;
    return OK;
}

Err pack_begin(Ctx *cx, Store *s, PackWriter *w)
{
    char name[BLOB_NAME_MAX];
    Err err = OK;
    *w = (PackWriter){ .store = s };
    TRY(cx, id_make(cx, w, &w->id));
    pack_name(&w->id, ".pack", name);
    w->buf = ctx_get(cx, BUF_BYTES);
    if (!w->buf) return FAIL(cx, ERR_NOMEM, "writing a pack");
    TRY_DONE(cx, s->kind->put_begin(cx, s, name, &w->put));
    w->open = true;
    TRY_DONE(cx, append(cx, w, pack_magic, 8));
    TRY_DONE(cx, append(cx, w, w->id.at, PACK_ID_BYTES));
done:
    if (err) pack_drop(cx, w);
    return err;
}

Err pack_add(Ctx *cx, PackWriter *w, Entry *e, const void *stored)
{
    unsigned char head[ENTRY_HEAD_BYTES];
    assert(e->stored <= ENTRY_STORED_MAX);
    e->at = w->at;
    e->pack = w->id;
    entry_head(e, stored, head);
    TRY(cx, append(cx, w, head, sizeof head));
    TRY(cx, append(cx, w, stored, e->stored));
    return OK;
}

Err pack_keep(Ctx *cx, PackWriter *w)
{
    Err err = flush(cx, w);
    if (!err) {
        err = w->store->kind->put_keep(cx, &w->put);
        w->open = false;
    }
    pack_drop(cx, w);
    return err;
}

void pack_drop(Ctx *cx, PackWriter *w)
{
    if (w->open) w->store->kind->put_drop(cx, &w->put);
    ctx_put(cx, w->buf);
    *w = (PackWriter){ 0 };
}

/* --- an index --- */

static int by_digest(const void *a, const void *b)
{
    const Entry *x = a, *y = b;
    int k = memcmp(x->d.at, y->d.at, SHA256_BYTES);
    if (k) return k;
    k = memcmp(x->pack.at, y->pack.at, PACK_ID_BYTES);
    return k ? k : x->at < y->at ? -1 : x->at > y->at;
}

static int by_id(const void *a, const void *b)
{
    return memcmp(a, b, PACK_ID_BYTES);
}

/* The different packs among the entries, sorted (owned: ctx_put), and where each ends as far as they tell. */
static Err packs_of(Ctx *cx, const Entry *entry, size_t n, PackId **ids, size_t *ids_n)
{
    PackId *id = ctx_get_n(cx, n ? n : 1, sizeof *id);
    size_t k = 0;
    *ids = NULL;
    *ids_n = 0;
    if (!id) return FAIL(cx, ERR_NOMEM, "writing an index of %zu objects", n);
    for (size_t i = 0; i < n; i++)                                 /* runs of one pack count once */
        if (!k || by_id(&id[k - 1], &entry[i].pack)) id[k++] = entry[i].pack;
    qsort(id, k, sizeof *id, by_id);
    size_t kept = 0;
    for (size_t i = 0; i < k; i++)
        if (!kept || by_id(&id[kept - 1], &id[i])) id[kept++] = id[i];
    if (kept > UINT16_MAX) {
        ctx_put(cx, id);
        return FAIL(cx, ERR_LIMIT, "an index names %zu packs; the most is %d", kept, UINT16_MAX);
    }
    *ids = id;
    *ids_n = kept;
    return OK;
}

static uint32_t pack_number(const PackId *id, size_t n, const PackId *want)
{
    const PackId *at = bsearch(want, id, n, sizeof *id, by_id);
    assert(at);
    return (uint32_t)(at - id);
}

static void entry_line(const Entry *e, uint32_t pack, unsigned char *p)
{
    memcpy(p, e->d.at, SHA256_BYTES);
    put64(p + 32, e->at);
    put64(p + 40, e->bytes);
    put32(p + 48, e->stored);
    p[52] = (unsigned char)pack;
    p[53] = (unsigned char)(pack >> 8);
    p[54] = (unsigned char)e->form;
    p[55] = 0;
}

/* The whole index in memory: 56 bytes an object. */
static Err index_build(Ctx *cx, Entry *entry, size_t n, unsigned char **out, size_t *out_n)
{
    PackId *id = NULL;
    size_t packs_n;
    Err err = OK;
    TRY(cx, packs_of(cx, entry, n, &id, &packs_n));
    qsort(entry, n, sizeof *entry, by_digest);
    size_t lines = INDEX_HEAD_BYTES + packs_n * INDEX_PACK_BYTES, all = lines + n * INDEX_ENTRY_BYTES + SHA256_BYTES;
    unsigned char *p;
    Digest d;
    GET_DONE(cx, p, all, "writing an index of %zu objects", n);
    *out = p;
    *out_n = all;
    memcpy(p, index_magic, 8);
    put32(p + 8, (uint32_t)packs_n);
    put64(p + 16, n);
    for (size_t i = 0; i < packs_n; i++) memcpy(p + INDEX_HEAD_BYTES + i * INDEX_PACK_BYTES, id[i].at, PACK_ID_BYTES);
    for (size_t i = 0; i < n; i++) {
        uint32_t k = pack_number(id, packs_n, &entry[i].pack);
        unsigned char *size = p + INDEX_HEAD_BYTES + k * INDEX_PACK_BYTES + PACK_ID_BYTES;
        uint64_t end = entry[i].at + ENTRY_HEAD_BYTES + entry[i].stored;
        entry_line(&entry[i], k, p + lines + i * INDEX_ENTRY_BYTES);
        if (end > get64(size)) put64(size, end);
    }
    TRY_DONE(cx, hash_bytes(cx, p, all - SHA256_BYTES, &d));
    memcpy(p + all - SHA256_BYTES, d.at, SHA256_BYTES);
done:
    ctx_put(cx, id);
    return err;
}

Err index_write(Ctx *cx, Store *s, Entry *entry, size_t n, char name[BLOB_NAME_MAX])
{
    StorePut put = { .fd = -1 };
    unsigned char *bytes = NULL;
    size_t bytes_n = 0;
    PackId id;
    Err err = OK;
    TRY_DONE(cx, index_build(cx, entry, n, &bytes, &bytes_n));
    memcpy(id.at, bytes + bytes_n - SHA256_BYTES, PACK_ID_BYTES);
    pack_name(&id, ".idx", name);
    TRY_DONE(cx, s->kind->put_begin(cx, s, name, &put));
    err = s->kind->put_more(cx, &put, bytes, bytes_n);
    if (err) s->kind->put_drop(cx, &put);
    else err = s->kind->put_keep(cx, &put);
    if (!err) err = s->kind->settle(cx, s, name);
    if (err) ctx_hop(cx, err, __FILE__, __LINE__);
done:
    ctx_put(cx, bytes);
    return err;
}

bool index_open(const StoreMap *map, Index *out)
{
    *out = (Index){ .map = *map, .at = map->at };
    if (map->n < INDEX_HEAD_BYTES + SHA256_BYTES || memcmp(out->at, index_magic, 8)) return false;
    out->packs_n = get32(out->at + 8);
    out->entries_n = get64(out->at + 16);
    uint64_t left = map->n - INDEX_HEAD_BYTES - SHA256_BYTES, packs = (uint64_t)out->packs_n * INDEX_PACK_BYTES;
    if (get32(out->at + 12) || out->packs_n > UINT16_MAX || packs > left) return false;
    left -= packs;
    return left % INDEX_ENTRY_BYTES == 0 && left / INDEX_ENTRY_BYTES == out->entries_n;
}

bool index_sound(Ctx *cx, const Index *x, Err *err)
{
    Digest d;
    *err = hash_bytes(cx, x->at, x->map.n - SHA256_BYTES, &d);
    return !*err && !memcmp(d.at, x->at + x->map.n - SHA256_BYTES, SHA256_BYTES);
}

void index_pack(const Index *x, uint32_t i, PackId *id, uint64_t *size)
{
    const unsigned char *p = x->at + INDEX_HEAD_BYTES + (size_t)i * INDEX_PACK_BYTES;
    memcpy(id->at, p, PACK_ID_BYTES);
    *size = get64(p + PACK_ID_BYTES);
}

static const unsigned char *line_at(const Index *x, uint64_t i)
{
    return x->at + INDEX_HEAD_BYTES + (size_t)x->packs_n * INDEX_PACK_BYTES + (size_t)i * INDEX_ENTRY_BYTES;
}

void index_entry(const Index *x, uint64_t i, Entry *out)
{
    const unsigned char *p = line_at(x, i);
    uint32_t pack = (uint32_t)p[52] | (uint32_t)p[53] << 8;
    uint64_t size;
    *out = (Entry){ .at = get64(p + 32), .bytes = get64(p + 40), .stored = get32(p + 48), .form = (EntryForm)p[54] };
    memcpy(out->d.at, p, SHA256_BYTES);
    if (pack < x->packs_n) index_pack(x, pack, &out->pack, &size);
}

uint64_t index_find(const Index *x, const Digest *d)
{
    uint64_t lo = 0, hi = x->entries_n;
    while (lo < hi) {
        uint64_t mid = lo + (hi - lo) / 2;
        if (memcmp(line_at(x, mid), d->at, SHA256_BYTES) < 0) lo = mid + 1;
        else hi = mid;
    }
    return lo < x->entries_n && !memcmp(line_at(x, lo), d->at, SHA256_BYTES) ? lo : x->entries_n;
}

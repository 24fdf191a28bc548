/* store/cut.c -- large content cut by itself: chunks end where the bytes say so, so that what is inserted in the middle
** changes the chunks around it and no others.
**
** Cutting: FastCDC (Xia, Zhou, Jiang, Feng, Hua, Hu, Liu, Zhang: "FastCDC: a Fast and Efficient Content-Defined Chunking
** Approach for Data Deduplication", USENIX ATC 2016): gear hash, no cut before CHUNK_MIN, normalized chunking of level 2
** (a harder mask before CHUNK_MEAN, an easier one behind it), a cut at CHUNK_MAX.
**
** Work: segments go through three jobs.  FRONT reads and cuts, in order; HASH feeds the whole's SHA-256, in order; KEEP
** names, packs and stores the chunks of a segment, in any order.  Each thread takes what is there to do, so two threads
** share the work evenly whatever the three cost.  Memory: RING_MAX segments, whatever the size.
*/
#include "store/inner.h"

#include "base/random.h"
#include "os/os.h"

#include <assert.h>
#include <endian.h>
#include <string.h>

#define CHUNK_MEAN ((size_t)1 << CHUNK_BITS)
#define CHUNK_BITS 17                              /* measured: see bench/store */
#define CHUNK_MIN (CHUNK_MEAN / 4)
#define CHUNK_MAX (CHUNK_MEAN * 4)
#define SEGMENT ((size_t)4 << 20)                  /* bytes read at a time */
#define CHUNKS_MAX ((SEGMENT + CHUNK_MAX) / CHUNK_MIN + 1)
#define THREADS_MAX 8u
#define RING_MAX (THREADS_MAX + 2)
#define DULL_MANY 8u                               /* chunks in a row that did not pack: then only every eighth is tried */

/* 256 numbers that look random; they are part of no format, but changing them stores everything once more. */
static void gear_make(uint64_t gear[256])
{
    Random r = random_make(0, "store.gear", 0, 0);
    for (int i = 0; i < 256; i++) gear[i] = random_bits(&r);
}

/* The bits looked at are the highest: they hang on the last 64 bytes. */
static uint64_t top_bits(unsigned n)
{
    return ~(uint64_t)0 << (64 - n);
}

/* Where the first chunk of p[0..n) ends; n itself when the bytes end before a cut is found. */
static size_t cut(const uint64_t gear[256], const unsigned char *p, size_t n)
{
    const uint64_t hard = top_bits(CHUNK_BITS + 2), easy = top_bits(CHUNK_BITS - 2);
    size_t i = CHUNK_MIN, most = n < CHUNK_MAX ? n : CHUNK_MAX, mean = n < CHUNK_MEAN ? n : CHUNK_MEAN;
    uint64_t print = 0;
    if (n <= CHUNK_MIN) return n;
    for (; i < mean; i++) {
        print = (print << 1) + gear[p[i]];
        if (!(print & hard)) return i + 1;
    }
    for (; i < most; i++) {
        print = (print << 1) + gear[p[i]];
        if (!(print & easy)) return i + 1;
    }
    return most;
}

typedef struct Chunk { Digest d; uint32_t n; } Chunk;

typedef struct Segment {
    unsigned char *at;             /* CHUNK_MAX + SEGMENT bytes */
    size_t n, fresh;               /* bytes in whole chunks and behind; the first that the segment before did not have */
    size_t read;                   /* bytes fresh */
    Chunk chunk[CHUNKS_MAX];
    size_t chunks_n;
    bool hashed, taken, kept;
} Segment;

typedef struct Cutting {
    StoreBatch *batch;
    CutSource *src;
    uint64_t gear[256];
    pthread_mutex_t lock;
    pthread_cond_t news;
    Segment *ring;
    size_t ring_n;
    uint64_t made, hashed, freed;  /* segments so far */
    bool reading, hashing, ended;
    Err failed;
    unsigned char *rest;           /* what follows the last cut */
    size_t rest_n;
    Hasher *whole;
    uint64_t bytes;
    unsigned dull;                 /* chunks in a row that did not pack */
    unsigned char list[LIST_LINES * LIST_LINE_BYTES];
    size_t list_n;
    uint64_t list_bytes;
    unsigned char *recipe;
    size_t recipe_n, recipe_cap;
    Coder *coder;                  /* for the lists */
} Cutting;

static Segment *segment(Cutting *c, uint64_t k)
{
    return &c->ring[k % c->ring_n];
}

/* --- the three jobs --- */

static Err front(Ctx *cx, Cutting *c, Segment *g)
{
    size_t at = 0;
    *g = (Segment){ .at = g->at };
    memcpy(g->at, c->rest, c->rest_n);
    g->fresh = c->rest_n;
    TRY(cx, ctx_check(cx));
    TRY(cx, c->src->read(cx, c->src, g->at + g->fresh, SEGMENT, &g->read));
    bool last = g->read < SEGMENT;
    g->n = g->fresh + g->read;
    while (at < g->n && (last || g->n - at >= CHUNK_MAX)) {
        size_t k = cut(c->gear, g->at + at, g->n - at);
        g->chunk[g->chunks_n++].n = (uint32_t)k;
        at += k;
    }
    c->rest_n = g->n - at;
    memcpy(c->rest, g->at + at, c->rest_n);
    c->bytes += g->read;
    ctx_step(cx, "keeping the data", (double)c->bytes, (double)c->src->bytes);
    return OK;
}

static Err keep(Ctx *cx, Cutting *c, Segment *g)
{
    Coder *coder;
    const unsigned char *at = g->at;
    Err err = OK;
    TRY(cx, coder_borrow(cx, batch_store(c->batch), &coder));
    for (size_t i = 0; i < g->chunks_n && !err; i++) {
        unsigned dull = __atomic_load_n(&c->dull, __ATOMIC_RELAXED);
        bool packed = dull < DULL_MANY || i % 8 == 0, asked = packed;
        err = batch_put(cx, c->batch, coder, at, g->chunk[i].n, &packed, &g->chunk[i].d);
        at += g->chunk[i].n;
        if (asked) __atomic_store_n(&c->dull, packed ? 0 : dull + 1, __ATOMIC_RELAXED);
    }
    coder_return(cx, batch_store(c->batch), coder);
    return err;
}

/* --- the recipe, from the chunks in order --- */

static Err list_end(Ctx *cx, Cutting *c)
{
    Digest d;
    bool packed = false;                           /* digests do not pack */
    uint64_t bytes = htole64(c->list_bytes);
    if (!c->list_n) return OK;
    TRY(cx, batch_put(cx, c->batch, c->coder, c->list, c->list_n, &packed, &d));
    if (c->recipe_n == c->recipe_cap) {
        size_t cap = c->recipe_cap ? 2 * c->recipe_cap : 16 * RECIPE_LINE_BYTES;
        void *at = cap < ENTRY_STORED_MAX ? ctx_grow(cx, c->recipe, cap, 1) : NULL;
        if (!at) return FAIL(cx, ERR_NOMEM, "the recipe of an object of %llu bytes", (unsigned long long)c->bytes);
        c->recipe = at;
        c->recipe_cap = cap;
    }
    memcpy(c->recipe + c->recipe_n, d.at, SHA256_BYTES);
    memcpy(c->recipe + c->recipe_n + SHA256_BYTES, &bytes, 8);
    c->recipe_n += RECIPE_LINE_BYTES;
    c->list_n = 0;
    c->list_bytes = 0;
    return OK;
}

static Err collect(Ctx *cx, Cutting *c, const Segment *g)
{
    for (size_t i = 0; i < g->chunks_n; i++) {
        uint32_t n = htole32(g->chunk[i].n);
        memcpy(c->list + c->list_n, g->chunk[i].d.at, SHA256_BYTES);
        memcpy(c->list + c->list_n + SHA256_BYTES, &n, 4);
        c->list_n += LIST_LINE_BYTES;
        c->list_bytes += g->chunk[i].n;
        if (c->list_n == sizeof c->list) TRY(cx, list_end(cx, c));
    }
    return OK;
}

/* --- who does what --- */

typedef enum Job { JOB_WAIT, JOB_FRONT, JOB_HASH, JOB_KEEP, JOB_END } Job;

/* With the lock. */
static Job next_job(Cutting *c, uint64_t *k)
{
    size_t waiting = 0;
    uint64_t first = UINT64_MAX;
    if (c->failed || (c->ended && c->freed == c->made)) return JOB_END;
    for (uint64_t i = c->freed; i < c->made; i++) {
        if (segment(c, i)->taken) continue;
        if (first == UINT64_MAX) first = i;
        waiting++;
    }
    bool room = !c->ended && !c->reading && c->made - c->freed < c->ring_n;
    *k = c->made;
    if (room && waiting < 2) return JOB_FRONT;
    *k = c->hashed;
    if (!c->hashing && c->hashed < c->made) return JOB_HASH;
    *k = first;
    if (waiting) return JOB_KEEP;
    *k = c->made;
    return room ? JOB_FRONT : JOB_WAIT;
}

/* With the lock, let go while working. */
static Err do_job(Ctx *cx, Cutting *c, Job job, uint64_t k)
{
    Segment *g = segment(c, k);
    Err err = OK;
    if (job == JOB_FRONT) c->reading = true;
    if (job == JOB_HASH) c->hashing = true;
    if (job == JOB_KEEP) g->taken = true;
    pthread_mutex_unlock(&c->lock);
    if (job == JOB_FRONT) err = front(cx, c, g);
    else if (job == JOB_HASH) hash_more(c->whole, g->at + g->fresh, g->read);
    else err = keep(cx, c, g);
    pthread_mutex_lock(&c->lock);
    if (job == JOB_FRONT) {
        c->reading = false;
        c->ended = g->read < SEGMENT;
        c->made++;
    } else if (job == JOB_HASH) {
        c->hashing = false;
        g->hashed = true;
        c->hashed++;
    } else g->kept = true;
    return err;
}

static Err work(Ctx *cx, void *self, size_t part)
{
    Cutting *c = self;
    Err err = OK;
    uint64_t k;
    Job job;
    (void)part;
    pthread_mutex_lock(&c->lock);
    while (!err && (job = next_job(c, &k)) != JOB_END) {
        if (job == JOB_WAIT) {
            pthread_cond_wait(&c->news, &c->lock);
            continue;
        }
        err = do_job(cx, c, job, k);
        while (!err && c->freed < c->made && segment(c, c->freed)->hashed && segment(c, c->freed)->kept) {
            err = collect(cx, c, segment(c, c->freed));
            c->freed++;
        }
        pthread_cond_broadcast(&c->news);
    }
    if (err) c->failed = err;
    pthread_cond_broadcast(&c->news);
    pthread_mutex_unlock(&c->lock);
    return err;
}

static Err ready(Ctx *cx, Cutting *c, Store *s, unsigned threads)
{
    c->ring_n = threads + 2;
    c->ring = ctx_get_n(cx, c->ring_n, sizeof *c->ring);
    c->rest = ctx_get(cx, CHUNK_MAX);
    if (!c->ring || !c->rest) return FAIL(cx, ERR_NOMEM, "cutting a large object");
    for (size_t i = 0; i < c->ring_n; i++) {
        const Alloc *a = cx->world->alloc;
        c->ring[i].at = a->get(a->self, CHUNK_MAX + SEGMENT);      /* not cleared: it is written before it is read */
        if (!c->ring[i].at) return FAIL(cx, ERR_NOMEM, "cutting a large object");
    }
    TRY(cx, coder_borrow(cx, s, &c->coder));
    TRY(cx, hash_start(cx, &c->whole));
    return OK;
}

static void clear(Ctx *cx, Cutting *c, Store *s)
{
    hash_end(cx, c->whole, NULL);
    coder_return(cx, s, c->coder);
    for (size_t i = 0; c->ring && i < c->ring_n; i++) ctx_put(cx, c->ring[i].at);
    ctx_put(cx, c->ring);
    ctx_put(cx, c->rest);
    ctx_put(cx, c->recipe);
    pthread_cond_destroy(&c->news);
    pthread_mutex_destroy(&c->lock);
    ctx_put(cx, c);
}

Err cut_put(Ctx *cx, StoreBatch *b, CutSource *src, Digest *out, uint64_t *bytes)
{
    Store *s = batch_store(b);
    unsigned threads = s->threads < THREADS_MAX ? s->threads : THREADS_MAX;
    Entry e = { .form = ENTRY_RECIPE };
    bool there;
    Err err = OK;
    Cutting *c = ctx_get(cx, sizeof *c);
    if (!c) return FAIL(cx, ERR_NOMEM, "cutting a large object");
    c->batch = b;
    c->src = src;
    (void)pthread_mutex_init(&c->lock, NULL);
    (void)pthread_cond_init(&c->news, NULL);
    gear_make(c->gear);
    TRY_DONE(cx, ready(cx, c, s, threads));
    TRY_DONE(cx, os_parts(cx, threads, threads, work, c));
    TRY_DONE(cx, list_end(cx, c));
    hash_end(cx, c->whole, &e.d);
    c->whole = NULL;
    e.bytes = c->bytes;
    e.stored = (uint32_t)c->recipe_n;
    TRY_DONE(cx, batch_known(cx, b, &e.d, e.bytes, &there));
    if (!there) TRY_DONE(cx, batch_add(cx, b, &e, c->recipe));
    *out = e.d;
    *bytes = c->bytes;
done:
    clear(cx, c, s);
    return err;
}

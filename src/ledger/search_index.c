/* ledger/search_index.c -- the inverted index over the log: segments of pages of words and where they stand.
**
** A segment covers a range of events.  Its words (their hashes, in order) lie with
** their postings in pages of some kilobytes; a word that stands in very many events
** has a page for itself.  A posting is one number, event * 16 + weight, kept as the
** difference from the one before; the weight is BM25's (Robertson and Zaragoza
** 2009) for the word in its event, in fifteenths.  New events make a small segment;
** eight of one size are merged into one of the next, so a word is looked up in a
** few dozen places at most and an event is written again log8(n) times.  The same
** tables and bytes in every database.  It can be dropped at any time: it is made of
** nothing but the log.
*/
#include "ledger/search.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define INDEX_VERSION 1
#define BATCH_EVENTS 16384         /* of a first segment */
#define BATCH_POSTINGS ((size_t)1 << 21)
#define PAGE_BYTES 4000
#define MERGE 8
#define SUM_BYTES 8

static const Statement make[] = {
    { "CREATE TABLE IF NOT EXISTS search_state(one INTEGER PRIMARY KEY CHECK(one = 1), version INTEGER NOT NULL, k0 INTEGER NOT NULL,"
      " k1 INTEGER NOT NULL) STRICT", NULL },
    { "CREATE TABLE IF NOT EXISTS search_segment(id INTEGER PRIMARY KEY, level INTEGER NOT NULL, from_seq INTEGER NOT NULL,"
      " to_seq INTEGER NOT NULL, from_us INTEGER NOT NULL, to_us INTEGER NOT NULL, times BLOB NOT NULL) STRICT", NULL },
    { "CREATE TABLE IF NOT EXISTS search_page(segment INTEGER NOT NULL, first INTEGER NOT NULL, body BLOB NOT NULL,"
      " PRIMARY KEY(segment, first)) STRICT", NULL },
    { "", "ALTER TABLE search_page ALTER COLUMN body SET STORAGE EXTERNAL" },      /* they do not get smaller */
    { NULL, NULL },
};
static const Statement st_has = { "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'search_page'",
    "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename = 'search_page'" };
static const Statement st_state = { "SELECT version, k0, k1 FROM search_state", NULL };
static const Statement st_set_state = { "INSERT INTO search_state(one, version, k0, k1) VALUES(1, ?1, ?2, ?3)", NULL };
static const Statement st_drop[] = {
    { "DELETE FROM search_page", NULL }, { "DELETE FROM search_segment", NULL }, { "DELETE FROM search_state", NULL } };
static const Statement st_segments = { "SELECT id, level, from_seq, to_seq, from_us, to_us FROM search_segment ORDER BY from_seq", NULL };
static const Statement st_add_segment = {
    "INSERT INTO search_segment(id, level, from_seq, to_seq, from_us, to_us, times) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)", NULL };
static const Statement st_times = { "SELECT times FROM search_segment WHERE id = ?1", NULL };
static const Statement st_drop_segment = { "DELETE FROM search_segment WHERE id = ?1", NULL };
static const Statement st_drop_pages = { "DELETE FROM search_page WHERE segment = ?1", NULL };
static const Statement st_add_page = { "INSERT INTO search_page(segment, first, body) VALUES(?1, ?2, ?3)", NULL };
static const Statement st_set_page = { "UPDATE search_page SET body = ?3 WHERE segment = ?1 AND first = ?2", NULL };
static const Statement st_page = { "SELECT body FROM search_page WHERE segment = ?1 AND first <= ?2 ORDER BY first DESC LIMIT 1", NULL };
static const Statement st_pages = { "SELECT first, body FROM search_page WHERE segment = ?1 AND first > ?2 ORDER BY first LIMIT ?3", NULL };

/* --- numbers in bytes --- */

static void put_number(Text *t, uint64_t v)
{
    char buf[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7) buf[n++] = (char)(unsigned char)(v | 0x80);
    buf[n++] = (char)(unsigned char)v;
    text_bytes(t, buf, n);
}

static bool get_number(const unsigned char **at, const unsigned char *end, uint64_t *v)
{
    *v = 0;
    for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
        unsigned char c = *(*at)++;
        *v |= (uint64_t)(c & 0x7f) << shift;
        if (c < 0x80) return true;
    }
    return false;
}

static Err damaged(Ctx *cx, const Ledger *l)
{
    return FAIL(cx, ERR_CORRUPT, "the search index of '%s' is damaged; 'leat log rebuild' makes it anew", l->path);
}

/* --- pages --- */

typedef struct Page { const unsigned char *at, *end; uint64_t term; } Page;    /* being read */
typedef struct Entry { uint64_t term, n; const unsigned char *at, *end; } Entry;

static Err open_page(Ctx *cx, const Ledger *l, const SearchKey *key, const void *body, size_t n, Page *out)
{
    uint64_t sum;
    if (!body || n < SUM_BYTES) return damaged(cx, l);
    memcpy(&sum, (const char *)body + n - SUM_BYTES, SUM_BYTES);
    if (sum != search_hash(key, body, n - SUM_BYTES)) return damaged(cx, l);
    *out = (Page){ .at = body, .end = (const unsigned char *)body + n - SUM_BYTES };
    return OK;
}

static bool next_entry(Page *p, Entry *e)
{
    uint64_t step, bytes;
    if (p->at >= p->end || !get_number(&p->at, p->end, &step) || !get_number(&p->at, p->end, &e->n) || !get_number(&p->at, p->end, &bytes)
        || bytes > (size_t)(p->end - p->at)) return false;
    p->term += step;
    *e = (Entry){ .term = p->term, .n = e->n, .at = p->at, .end = p->at + bytes };
    p->at += bytes;
    return true;
}

typedef struct Writer { Ctx *cx; Ledger *l; const SearchKey *key; int64_t segment; Text page; uint64_t first, last; } Writer;

static Err finish_page(Text *page, const SearchKey *key)
{
    TRY(page->cx, text_err(page));
    uint64_t sum = search_hash(key, page->at, page->n);
    text_bytes(page, &sum, SUM_BYTES);
    TRY(page->cx, text_err(page));
    return OK;
}

static Err flush(Writer *w)
{
    TRY(w->cx, text_err(&w->page));
    if (!w->page.n) return OK;
    TRY(w->cx, finish_page(&w->page, w->key));
    TRY(w->cx, db_run(w->cx, w->l->writer, &st_add_page,
                      DB_ARGS(db_int(w->segment), db_int((int64_t)w->first), db_blob(w->page.at, w->page.n)), NULL));
    w->page.n = 0;
    return OK;
}

static Err write_entry(Writer *w, uint64_t term, uint64_t n, const void *bytes, size_t bytes_n)
{
    if (w->page.n && w->page.n + bytes_n > PAGE_BYTES) TRY(w->cx, flush(w));
    if (!w->page.n) {
        w->first = term;
        w->last = 0;
    }
    put_number(&w->page, term - w->last);
    put_number(&w->page, n);
    put_number(&w->page, bytes_n);
    text_bytes(&w->page, bytes, bytes_n);
    w->last = term;
    return text_err(&w->page);
}

/* --- one batch of events in memory --- */

typedef struct Posting { uint64_t term, value; } Posting;              /* value: event * 16 + weight */
typedef struct Batch {
    Ctx *cx;
    Ledger *l;
    const SearchKey *key;
    SearchDoc doc;
    Posting *posting, *other;
    size_t n, cap;
    uint64_t *term; size_t terms_cap;              /* of one event */
    uint64_t from, to;
    int64_t from_us, to_us;
    Text times;
} Batch;

static unsigned weight_of(unsigned count, size_t words)
{
    double k = 1.2 * (0.5 + 0.5 * (double)words / 40);
    double v = (double)count * 2.2 / ((double)count + k);
    unsigned w = (unsigned)(v * 15 / 2.2 + 0.5);
    return w < 1 ? 1 : w > 15 ? 15 : w;
}

static int by_value(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void note_time(Batch *b, const Event *e)
{
    int64_t t[2];
    size_t block = (size_t)(e->seq - b->from) / SEARCH_BLOCK;
    if (b->times.n < (block + 1) * sizeof t) {
        t[0] = t[1] = e->time_us;
        text_bytes(&b->times, t, sizeof t);
    }
    if (b->times.broken) return;
    memcpy(t, b->times.at + block * sizeof t, sizeof t);
    if (e->time_us < t[0]) t[0] = e->time_us;
    if (e->time_us > t[1]) t[1] = e->time_us;
    memcpy(b->times.at + block * sizeof t, t, sizeof t);
    if (e->seq == b->from || e->time_us < b->from_us) b->from_us = e->time_us;
    if (e->seq == b->from || e->time_us > b->to_us) b->to_us = e->time_us;
}

static Err grow(Ctx *cx, void **at, size_t *cap, size_t n, size_t size)
{
    size_t want = *cap ? *cap : 1024;
    if (n <= *cap) return OK;
    while (want < n) want *= 2;
    void *more = ctx_grow(cx, *at, want, size);
    if (!more) return FAIL(cx, ERR_NOMEM, "indexing the log");
    *at = more;
    *cap = want;
    return OK;
}

static Err add_event(void *arg, const Event *e)
{
    Batch *b = arg;
    Ctx *cx = b->cx;
    size_t n = 0, words = 0;
    TRY(cx, search_doc(cx, b->l, b->key, e, &b->doc));
    SearchWords w = { .text = b->doc.text.at, .n = b->doc.text.n };
    while (search_word(&w)) {
        TRY(cx, grow(cx, (void **)&b->term, &b->terms_cap, n + 1, sizeof *b->term));
        b->term[n++] = search_hash(b->key, w.word, w.word_n);
    }
    words = n;
    TRY(cx, grow(cx, (void **)&b->term, &b->terms_cap, n + b->doc.facts_n, sizeof *b->term));
    if (b->doc.facts_n) memcpy(b->term + n, b->doc.fact, b->doc.facts_n * sizeof *b->term);
    n += b->doc.facts_n;
    if (n) qsort(b->term, n, sizeof *b->term, by_value);
    TRY(cx, grow(cx, (void **)&b->posting, &b->cap, b->n + n, sizeof *b->posting));
    for (size_t i = 0; i < n;) {
        size_t k = i;
        while (k < n && b->term[k] == b->term[i]) k++;
        b->posting[b->n++] = (Posting){ b->term[i], (e->seq - b->from) << 4 | weight_of((unsigned)(k - i < 1000 ? k - i : 1000), words) };
        i = k;
    }
    note_time(b, e);
    TRY(cx, text_err(&b->times));
    b->to = e->seq;
    /* A batch of very wordy events ends early. */
    return b->n < BATCH_POSTINGS ? OK : ERR_LIMIT;
}

/* By term; events stay in order.  Least significant digit first. */
static Err sort_postings(Ctx *cx, Batch *b)
{
    enum { BITS = 11, DIGITS = 6 };
    size_t (*count)[1 << BITS] = ctx_get_n(cx, DIGITS, sizeof *count);
    b->other = ctx_get_n(cx, b->n + 1, sizeof *b->other);
    if (!count || !b->other) {
        ctx_put(cx, count);
        return FAIL(cx, ERR_NOMEM, "indexing the log");
    }
    for (size_t i = 0; i < b->n; i++)
        for (unsigned d = 0; d < DIGITS; d++) count[d][b->posting[i].term >> (BITS * d) & ((1 << BITS) - 1)]++;
    for (unsigned d = 0; d < DIGITS; d++) {
        size_t sum = 0;
        for (size_t k = 0; k < 1 << BITS; k++) {
            size_t n = count[d][k];
            count[d][k] = sum;
            sum += n;
        }
        for (size_t i = 0; i < b->n; i++) b->other[count[d][b->posting[i].term >> (BITS * d) & ((1 << BITS) - 1)]++] = b->posting[i];
        Posting *swap = b->posting;
        b->posting = b->other;
        b->other = swap;
    }
    b->cap = b->n + 1;                         /* which of the two arrays it is, this much it has */
    ctx_put(cx, count);
    return OK;
}

static Err write_batch(Ctx *cx, Batch *b, int64_t id)
{
    Writer w = { .cx = cx, .l = b->l, .key = b->key, .segment = id };
    Text list;
    Err err = OK;
    text_init(&w.page, cx);
    text_init(&list, cx);
    TRY_DONE(cx, db_run(cx, b->l->writer, &st_add_segment,
                        DB_ARGS(db_int(id), db_int(0), db_int((int64_t)b->from), db_int((int64_t)b->to), db_int(b->from_us), db_int(b->to_us),
                                db_blob(b->times.at, b->times.n)), NULL));
    for (size_t i = 0; i < b->n;) {
        size_t k = i;
        uint64_t last = 0;
        list.n = 0;
        for (; k < b->n && b->posting[k].term == b->posting[i].term; k++) {
            uint64_t doc = b->posting[k].value >> 4;
            put_number(&list, (doc - last) << 4 | (b->posting[k].value & 15));
            last = doc;
        }
        TRY_DONE(cx, text_err(&list));
        TRY_DONE(cx, write_entry(&w, b->posting[i].term, k - i, list.at, list.n));
        i = k;
    }
    TRY_DONE(cx, flush(&w));
done:
    text_clear(&list);
    text_clear(&w.page);
    return err;
}

/* --- reading --- */

Err search_load(Ctx *cx, Ledger *l, SearchIndex *out)
{
    DbRows *rows = NULL;
    int64_t has = 0;
    bool more = false;
    Err err = OK;
    memset(out, 0, sizeof *out);
    TRY(cx, db_ask_int(cx, l->db, &st_has, DB_NO_ARGS, 0, &has));
    if (!has) return OK;
    TRY_DONE(cx, db_ask(cx, l->db, &st_state, DB_NO_ARGS, &rows));
    TRY_DONE(cx, db_next(cx, rows, &more));
    if (!more || db_get_int(rows, 0) != INDEX_VERSION) goto done;
    out->made = true;
    out->key = (SearchKey){ (uint64_t)db_get_int(rows, 1), (uint64_t)db_get_int(rows, 2) };
    db_rows_close(rows);
    rows = NULL;
    TRY_DONE(cx, db_ask(cx, l->db, &st_segments, DB_NO_ARGS, &rows));
    for (;;) {
        TRY_DONE(cx, db_next(cx, rows, &more));
        if (!more) break;
        SearchSegment s = { db_get_int(rows, 0), db_get_int(rows, 1), (uint64_t)db_get_int(rows, 2), (uint64_t)db_get_int(rows, 3),
                            db_get_int(rows, 4), db_get_int(rows, 5) };
        if (s.from != out->mark + 1 || s.to < s.from || out->segments_n == SEARCH_SEGMENTS_MAX) {
            err = damaged(cx, l);
            goto done;
        }
        out->segment[out->segments_n++] = s;
        out->mark = s.to;
    }
done:
    db_rows_close(rows);
    return err;
}

Err search_list(Ctx *cx, Ledger *l, const SearchIndex *index, const SearchSegment *s, uint64_t term, SearchList *out)
{
    DbRows *rows = NULL;
    Page page;
    Entry e;
    bool more = false;
    size_t n = 0;
    Err err = OK;
    *out = (SearchList){ 0 };
    TRY_DONE(cx, db_ask(cx, l->db, &st_page, DB_ARGS(db_int(s->id), db_int((int64_t)term)), &rows));
    TRY_DONE(cx, db_next(cx, rows, &more));
    if (!more) goto done;
    const void *body = db_get_blob(rows, 0, &n);
    TRY_DONE(cx, open_page(cx, l, &index->key, body, n, &page));
    while (next_entry(&page, &e) && e.term <= term) {
        if (e.term != term) continue;
        size_t bytes = (size_t)(e.end - e.at);
        out->owned = ctx_get(cx, bytes ? bytes : 1);
        if (!out->owned) {
            err = FAIL(cx, ERR_NOMEM, "searching the log");
            goto done;
        }
        memcpy(out->owned, e.at, bytes);
        out->at = out->owned;
        out->end = out->at + bytes;
        out->n = e.n;
        break;
    }
done:
    db_rows_close(rows);
    return err;
}

bool search_next(SearchList *list, uint64_t *doc, unsigned *weight)
{
    uint64_t v;
    if (list->at < list->end && *list->at < 0x80) v = *list->at++;         /* nearly always */
    else if (!get_number(&list->at, list->end, &v)) return false;
    *doc += v >> 4;
    *weight = (unsigned)(v & 15);
    return true;
}

Err search_blocks(Ctx *cx, Ledger *l, const SearchSegment *s, int64_t since_us, int64_t until_us, unsigned char **in)
{
    DbRows *rows = NULL;
    bool more = false;
    size_t n = 0, blocks = (size_t)((s->to - s->from) / SEARCH_BLOCK + 1);
    Err err = OK;
    *in = NULL;
    TRY_DONE(cx, db_ask(cx, l->db, &st_times, DB_ARGS(db_int(s->id)), &rows));
    TRY_DONE(cx, db_next(cx, rows, &more));
    const char *at = more ? db_get_blob(rows, 0, &n) : NULL;
    if (!at || n != blocks * 2 * sizeof(int64_t)) {
        err = damaged(cx, l);
        goto done;
    }
    GET_DONE(cx, *in, blocks, "searching the log");
    for (size_t i = 0; i < blocks; i++) {
        int64_t t[2];
        memcpy(t, at + i * sizeof t, sizeof t);
        (*in)[i] = t[1] < since_us || t[0] > until_us ? 0 : t[0] >= since_us && t[1] <= until_us ? 2 : 1;
    }
done:
    db_rows_close(rows);
    return err;
}

/* --- merging --- */

typedef struct Source {            /* one segment, page by page */
    const SearchSegment *s;
    Page page;
    Text body;                     /* of the page at hand */
    Entry now;
    int64_t first;                 /* of that page */
    bool over;
} Source;

static Err next_page(Ctx *cx, Ledger *l, const SearchKey *key, Source *src)
{
    DbRows *rows = NULL;
    bool more = false;
    size_t n = 0;
    Err err = OK;
    TRY_DONE(cx, db_ask(cx, l->db, &st_pages, DB_ARGS(db_int(src->s->id), db_int(src->first), db_int(1)), &rows));
    TRY_DONE(cx, db_next(cx, rows, &more));
    src->over = !more;
    if (!more) goto done;
    src->first = db_get_int(rows, 0);
    const void *body = db_get_blob(rows, 1, &n);
    src->body.n = 0;
    text_bytes(&src->body, body, n);
    TRY_DONE(cx, text_err(&src->body));
    TRY_DONE(cx, open_page(cx, l, key, src->body.at, src->body.n, &src->page));
done:
    db_rows_close(rows);
    return err;
}

static Err advance(Ctx *cx, Ledger *l, const SearchKey *key, Source *src)
{
    while (!src->over && !next_entry(&src->page, &src->now)) TRY(cx, next_page(cx, l, key, src));
    return OK;
}

/* Append the postings of one source, whose events are counted from its own first. */
static Err take_postings(Ctx *cx, Ledger *l, const Source *src, uint64_t base, Text *list, uint64_t *last)
{
    SearchList in = { .n = src->now.n, .at = src->now.at, .end = src->now.end };
    uint64_t doc = 0, shift = src->s->from - base;
    unsigned weight;
    while (search_next(&in, &doc, &weight)) {
        put_number(list, (doc + shift - *last) << 4 | weight);
        *last = doc + shift;
    }
    if (in.at != in.end) return damaged(cx, l);
    return OK;
}

static Err merge_terms(Ctx *cx, Ledger *l, const SearchKey *key, Source *src, size_t n, Writer *w, Text *list)
{
    for (size_t i = 0; i < n; i++) TRY(cx, advance(cx, l, key, &src[i]));
    for (;;) {
        uint64_t term = UINT64_MAX, count = 0, last = 0;
        for (size_t i = 0; i < n; i++) {
            if (!src[i].over && src[i].now.term < term) term = src[i].now.term;
        }
        if (term == UINT64_MAX) break;
        list->n = 0;
        for (size_t i = 0; i < n; i++) {
            if (src[i].over || src[i].now.term != term) continue;
            TRY(cx, take_postings(cx, l, &src[i], src[0].s->from, list, &last));
            count += src[i].now.n;
            TRY(cx, advance(cx, l, key, &src[i]));
        }
        TRY(cx, text_err(list));
        TRY(cx, write_entry(w, term, count, list->at, list->n));
    }
    TRY(cx, flush(w));
    return OK;
}

/* The blocks of times are aligned to each segment's first event: blocks of the merged one take from all that overlap. */
static Err merge_times(Ctx *cx, Ledger *l, const SearchSegment *s, size_t n, Text *times)
{
    uint64_t base = s[0].from;
    size_t blocks = (size_t)((s[n - 1].to - base) / SEARCH_BLOCK + 1);
    int64_t t[2];
    for (size_t i = 0; i < blocks; i++) {
        t[0] = INT64_MAX;
        t[1] = INT64_MIN;
        text_bytes(times, t, sizeof t);
    }
    TRY(cx, text_err(times));
    for (size_t k = 0; k < n; k++) {
        DbRows *rows = NULL;
        bool more = false;
        size_t bytes = 0;
        Err err = db_ask(cx, l->db, &st_times, DB_ARGS(db_int(s[k].id)), &rows);
        if (!err) err = db_next(cx, rows, &more);
        const char *at = !err && more ? db_get_blob(rows, 0, &bytes) : NULL;
        size_t have = (size_t)((s[k].to - s[k].from) / SEARCH_BLOCK + 1);
        if (!err && (!at || bytes != have * sizeof t)) err = damaged(cx, l);
        for (size_t i = 0; !err && i < have; i++) {
            uint64_t from = s[k].from + i * SEARCH_BLOCK, to = from + SEARCH_BLOCK - 1 < s[k].to ? from + SEARCH_BLOCK - 1 : s[k].to;
            int64_t in[2];
            memcpy(in, at + i * sizeof in, sizeof in);
            for (uint64_t b = (from - base) / SEARCH_BLOCK; b <= (to - base) / SEARCH_BLOCK; b++) {
                memcpy(t, times->at + b * sizeof t, sizeof t);
                if (in[0] < t[0]) t[0] = in[0];
                if (in[1] > t[1]) t[1] = in[1];
                memcpy(times->at + b * sizeof t, t, sizeof t);
            }
        }
        db_rows_close(rows);
        if (err) return err;
    }
    return OK;
}

static Err merge(Ctx *cx, Ledger *l, const SearchIndex *index, const SearchSegment *s, size_t n, int64_t id)
{
    Source src[MERGE] = { 0 };
    Writer w = { .cx = cx, .l = l, .key = &index->key, .segment = id };
    Text list, times;
    SearchSegment whole = s[0];
    Err err = OK;
    text_init(&w.page, cx);
    text_init(&list, cx);
    text_init(&times, cx);
    for (size_t i = 0; i < n; i++) {
        src[i].s = &s[i];
        src[i].first = -1;
        text_init(&src[i].body, cx);
        if (s[i].from_us < whole.from_us) whole.from_us = s[i].from_us;
        if (s[i].to_us > whole.to_us) whole.to_us = s[i].to_us;
    }
    TRY_DONE(cx, merge_times(cx, l, s, n, &times));
    TRY_DONE(cx, merge_terms(cx, l, &index->key, src, n, &w, &list));
    for (size_t i = 0; i < n; i++) {
        TRY_DONE(cx, db_run(cx, l->writer, &st_drop_pages, DB_ARGS(db_int(s[i].id)), NULL));
        TRY_DONE(cx, db_run(cx, l->writer, &st_drop_segment, DB_ARGS(db_int(s[i].id)), NULL));
    }
    TRY_DONE(cx, db_run(cx, l->writer, &st_add_segment,
                        DB_ARGS(db_int(id), db_int(whole.level + 1), db_int((int64_t)whole.from), db_int((int64_t)s[n - 1].to),
                                db_int(whole.from_us), db_int(whole.to_us), db_blob(times.at, times.n)), NULL));
done:
    for (size_t i = 0; i < n; i++) text_clear(&src[i].body);
    text_clear(&times);
    text_clear(&list);
    text_clear(&w.page);
    return err;
}

/* Merge while the newest MERGE segments are of one size. */
static Err merge_all(Ctx *cx, Ledger *l, int64_t *id)
{
    SearchIndex *index = ctx_get(cx, sizeof *index);
    Err err = index ? OK : FAIL(cx, ERR_NOMEM, "indexing the log");
    while (!err) {
        err = search_load(cx, l, index);
        size_t n = index->segments_n, same = 0;
        while (same < n && index->segment[n - 1 - same].level == index->segment[n - 1].level) same++;
        if (err || same < MERGE) break;
        err = merge(cx, l, index, &index->segment[n - MERGE], MERGE, ++*id);
    }
    ctx_put(cx, index);
    return err;
}

/* --- making --- */

static Err start_index(Ctx *cx, Ledger *l)
{
    unsigned char key[16];
    int64_t k[2];
    for (const Statement *st = make; st->sqlite; st++) TRY(cx, db_run(cx, l->writer, st, DB_NO_ARGS, NULL));
    for (size_t i = 0; i < 3; i++) TRY(cx, db_run(cx, l->writer, &st_drop[i], DB_NO_ARGS, NULL));
    TRY(cx, sign_random(cx, key, sizeof key));
    memcpy(k, key, sizeof k);
    TRY(cx, db_run(cx, l->writer, &st_set_state, DB_ARGS(db_int(INDEX_VERSION), db_int(k[0]), db_int(k[1])), NULL));
    return OK;
}

/* Under the write lock: is the index still as it was when the batch was read? */
static Err keep_batch(Ctx *cx, Ledger *l, SearchIndex *index, Batch *b, bool *kept)
{
    static const Statement newest = { "SELECT coalesce(max(id), 0) FROM search_segment", NULL };
    uint64_t mark = index->mark;
    SearchKey key = index->key;
    int64_t id = 0;
    Err err = OK;
    *kept = false;
    TRY(cx, ledger_begin(cx, l));
    TRY_DONE(cx, search_load(cx, l, index));
    *kept = index->made && index->mark == mark && !memcmp(&index->key, &key, sizeof key);
    if (*kept) {
        TRY_DONE(cx, db_ask_int(cx, l->db, &newest, DB_NO_ARGS, 0, &id));
        TRY_DONE(cx, write_batch(cx, b, ++id));
        TRY_DONE(cx, merge_all(cx, l, &id));
    }
    TRY_DONE(cx, ledger_commit(cx, l));
done:
    if (err) ledger_cancel(l);
    return err;
}

static Err one_batch(Ctx *cx, Ledger *l, SearchIndex *index, uint64_t to, bool *kept)
{
    Batch b = { .cx = cx, .l = l, .key = &index->key, .from = index->mark + 1 };
    SearchKey key = index->key;
    b.key = &key;
    search_doc_init(cx, &b.doc);
    text_init(&b.times, cx);
    Err err = ledger_each(cx, l, &(LedgerAsk){ .from_seq = b.from, .to_seq = to < index->mark + BATCH_EVENTS ? to : index->mark + BATCH_EVENTS },
                          add_event, &b);
    if (err == ERR_LIMIT && b.n >= BATCH_POSTINGS) err = OK;
    if (!err && b.to) err = sort_postings(cx, &b);
    if (!err && b.to) err = keep_batch(cx, l, index, &b, kept);
    search_doc_clear(cx, &b.doc);
    text_clear(&b.times);
    ctx_put(cx, b.term);
    ctx_put(cx, b.posting);
    ctx_put(cx, b.other);
    return err;
}

Err ledger_search_index(Ctx *cx, Ledger *l, uint64_t least)
{
    SearchIndex *index = ctx_get(cx, sizeof *index);
    uint64_t head = 0, began;
    Digest hash;
    bool kept = true;
    if (!index) return FAIL(cx, ERR_NOMEM, "indexing the log");
    Err err = l->writer ? OK : FAIL(cx, ERR_DENIED, "the ledger '%s' is open for questions only", l->path);
    if (err) goto done;
    TRY_DONE(cx, search_load(cx, l, index));
    TRY_DONE(cx, ledger_head(cx, l, &head, &hash));
    began = index->mark;
    if (head < index->mark + least || head <= index->mark) goto done;
    if (!index->made) {
        TRY_DONE(cx, ledger_begin(cx, l));
        err = start_index(cx, l);
        if (!err) err = ledger_commit(cx, l);
        if (err) ledger_cancel(l);
        if (err) goto done;
    }
    while (kept) {
        TRY_DONE(cx, search_load(cx, l, index));
        if (index->mark >= head) break;
        TRY_DONE(cx, ctx_check(cx));
        ctx_step(cx, "indexing the log", (double)(index->mark - began), (double)(head - began));
        TRY_DONE(cx, one_batch(cx, l, index, head, &kept));
    }
done:
    ctx_put(cx, index);
    return err;
}

Err ledger_search_reset(Ctx *cx, Ledger *l)
{
    int64_t has = 0;
    TRY(cx, db_ask_int(cx, l->db, &st_has, DB_NO_ARGS, 0, &has));
    for (size_t i = 0; has && i < 3; i++) TRY(cx, db_run(cx, l->writer, &st_drop[i], DB_NO_ARGS, NULL));
    return OK;
}

/* --- forgetting one event --- */

/* The page without the event; *changed: it was there. */
static Err without(Ctx *cx, Ledger *l, const SearchIndex *index, const void *body, size_t n, uint64_t doc, Text *out, bool *changed)
{
    Page page;
    Entry e;
    Text list;
    Err err = OK;
    text_init(&list, cx);
    out->n = 0;
    *changed = false;
    TRY_DONE(cx, open_page(cx, l, &index->key, body, n, &page));
    uint64_t term = 0;
    while (next_entry(&page, &e)) {
        SearchList in = { .n = e.n, .at = e.at, .end = e.end };
        uint64_t d = 0, last = 0, left = 0;
        unsigned weight;
        list.n = 0;
        while (search_next(&in, &d, &weight)) {
            if (d == doc) *changed = true;
            if (d == doc) continue;
            put_number(&list, (d - last) << 4 | weight);
            last = d;
            left++;
        }
        TRY_DONE(cx, text_err(&list));
        put_number(out, e.term - term);        /* a word that is nowhere keeps its place: its hash is no word */
        put_number(out, left);
        put_number(out, list.n);
        text_bytes(out, list.at, list.n);
        term = e.term;
    }
    if (*changed) TRY_DONE(cx, finish_page(out, &index->key));
done:
    text_clear(&list);
    return err;
}

Err ledger_search_forget(Ctx *cx, Ledger *l, uint64_t seq)
{
    SearchIndex *index = ctx_get(cx, sizeof *index);
    DbRows *rows = NULL;
    Text page;
    int64_t first = -1;
    bool more = true;
    text_init(&page, cx);
    if (!index) return FAIL(cx, ERR_NOMEM, "searching the log");
    Err err = OK;
    TRY_DONE(cx, search_load(cx, l, index));
    const SearchSegment *s = NULL;
    for (size_t i = 0; i < index->segments_n; i++) {
        if (seq >= index->segment[i].from && seq <= index->segment[i].to) s = &index->segment[i];
    }
    while (s && more) {                        /* one page at a time: changing what is being read is nobody's promise */
        bool changed = false;
        size_t n = 0;
        TRY_DONE(cx, db_ask(cx, l->db, &st_pages, DB_ARGS(db_int(s->id), db_int(first), db_int(1)), &rows));
        TRY_DONE(cx, db_next(cx, rows, &more));
        if (more) {
            first = db_get_int(rows, 0);
            const void *body = db_get_blob(rows, 1, &n);
            TRY_DONE(cx, without(cx, l, index, body, n, seq - s->from, &page, &changed));
        }
        db_rows_close(rows);
        rows = NULL;
        if (changed) TRY_DONE(cx, db_run(cx, l->writer, &st_set_page, DB_ARGS(db_int(s->id), db_int(first), db_blob(page.at, page.n)), NULL));
    }
done:
    db_rows_close(rows);
    text_clear(&page);
    ctx_put(cx, index);
    return err;
}

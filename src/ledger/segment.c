/* ledger/segment.c -- write, read and check one sealed segment; nothing here knows of tables. */
#include "ledger/segment.h"

#include "ledger/inner.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <yyjson.h>
#include <zstd.h>

#define MAGIC "leat-segment/1\n"
#define MAGIC_N (sizeof MAGIC - 1)
#define FRONT_N (MAGIC_N + 65 + 129)            /* magic, hash line, signature line */
#define LEVEL 3

/* What the segment's own signature is over: its header, and so every block's hash. */
static size_t seal_text(const Digest *ledger, const char *header_hash, char out[256])
{
    char id[SHA256_TEXT_MAX];
    digest_text(ledger, id);
    return (size_t)snprintf(out, 256, MAGIC "%s\n%s\n", id, header_hash);
}

/* --- writing --- */

void segment_begin(SegmentWriter *w, Ctx *cx, const Digest *ledger, uint64_t first, const Digest *before, const Tree *edge)
{
    *w = (SegmentWriter){ .cx = cx };
    w->s.ledger = *ledger;
    w->s.before = *before;
    w->s.first = first;
    w->s.last = first - 1;
    w->s.edge = *edge;
    text_init(&w->raw, cx);
    text_init(&w->body, cx);
}

static void put_u32(Text *t, size_t n)
{
    const unsigned char b[4] = { (unsigned char)n, (unsigned char)(n >> 8), (unsigned char)(n >> 16), (unsigned char)(n >> 24) };
    text_bytes(t, b, sizeof b);
}

static Err flush(SegmentWriter *w, Hasher *h)
{
    Ctx *cx = w->cx;
    if (!w->raw.n) return OK;
    size_t most = ZSTD_compressBound(w->raw.n);
    char *packed = ctx_get(cx, most);
    if (!packed) return FAIL(cx, ERR_NOMEM, "packing events");
    size_t n = ZSTD_compress(packed, most, w->raw.at, w->raw.n, LEVEL);
    if (ZSTD_isError(n)) {
        ctx_put(cx, packed);
        return FAIL(cx, ERR_NOMEM, "packing events");
    }
    SegmentBlock *b = &w->s.block[w->s.blocks_n - 1];
    b->at = w->body.n;
    b->bytes = n;
    b->raw = w->raw.n;
    hash_again(h, packed, n, NULL, 0, &b->hash);
    text_bytes(&w->body, packed, n);
    ctx_put(cx, packed);
    w->raw.n = 0;
    return text_err(&w->body);
}

Err segment_add(SegmentWriter *w, Hasher *h, const char *event, size_t event_n, LedgerPayload state, const void *stored, size_t n)
{
    Ctx *cx = w->cx;
    const char kind = (char)state;
    if (!w->raw.n) {
        if (w->s.blocks_n == w->cap) {
            size_t cap = w->cap ? 2 * w->cap : 64;
            SegmentBlock *more = ctx_grow(cx, w->s.block, cap, sizeof *more);
            if (!more) return FAIL(cx, ERR_NOMEM, "packing events");
            w->s.block = more;
            w->cap = cap;
        }
        w->s.block[w->s.blocks_n++] = (SegmentBlock){ .first = w->s.last + 1 };
    }
    put_u32(&w->raw, event_n);
    text_bytes(&w->raw, event, event_n);
    text_bytes(&w->raw, &kind, 1);
    put_u32(&w->raw, n);
    text_bytes(&w->raw, stored, n);
    TRY(cx, text_err(&w->raw));
    w->s.last++;
    SegmentBlock *b = &w->s.block[w->s.blocks_n - 1];
    if (++b->events == SEGMENT_BLOCK_EVENTS || w->raw.n >= SEGMENT_BLOCK_BYTES) TRY(cx, flush(w, h));
    return OK;
}

static void key_hex(Text *t, const char *key, const void *p, size_t n)
{
    char hex[2 * LEDGER_SIGNATURE_BYTES + 1];
    hex_write(p, n, hex);
    json_key_text(t, key, hex);
}

static void header_text(const Segment *s, Text *t)
{
    char hex[SHA256_TEXT_MAX];
    json_open(t);
    key_hex(t, "before", s->before.at, SHA256_BYTES);
    json_key_open_array(t, "blocks");
    for (size_t i = 0; i < s->blocks_n; i++) {
        const SegmentBlock *b = &s->block[i];
        json_open_array(t);
        json_int(t, (int64_t)b->first);
        json_int(t, (int64_t)b->events);
        json_int(t, (int64_t)b->at);
        json_int(t, (int64_t)b->bytes);
        json_int(t, (int64_t)b->raw);
        digest_text(&b->hash, hex);
        json_text(t, hex);
        json_close_array(t);
    }
    json_close_array(t);
    json_key_open_array(t, "edge");
    for (unsigned i = 0; i < s->edge.n; i++) {
        digest_text(&s->edge.at[i], hex);
        json_text(t, hex);
    }
    json_close_array(t);
    json_key_int(t, "first", (int64_t)s->first);
    key_hex(t, "key", s->head.key, sizeof s->head.key);
    json_key_int(t, "last", (int64_t)s->last);
    key_hex(t, "ledger", s->ledger.at, SHA256_BYTES);
    key_hex(t, "root", s->head.root.at, SHA256_BYTES);
    key_hex(t, "signature", s->head.signature, sizeof s->head.signature);
    json_close(t);
}

static Err seal_inside(SegmentWriter *w, Hasher *h, const Signer *signer, Text *header, Text *out)
{
    Ctx *cx = w->cx;
    Digest d;
    char hex[SHA256_TEXT_MAX], text[256], sig_hex[2 * LEDGER_SIGNATURE_BYTES + 1];
    unsigned char signature[LEDGER_SIGNATURE_BYTES];
    header_text(&w->s, header);
    TRY(cx, text_err(header));
    hash_again(h, header->at, header->n, NULL, 0, &d);
    digest_text(&d, hex);
    size_t n = seal_text(&w->s.ledger, hex, text);
    TRY(cx, sign_bytes(cx, signer, text, n, signature));
    hex_write(signature, sizeof signature, sig_hex);
    text_put(out, MAGIC);
    text_fmt(out, "%s\n%s\n", hex, sig_hex);
    text_bytes(out, header->at, header->n);
    text_char(out, '\n');
    text_bytes(out, w->body.at, w->body.n);
    return text_err(out);
}

Err segment_seal(SegmentWriter *w, Hasher *h, const Signer *signer, const Digest *root, Text *out)
{
    Ctx *cx = w->cx;
    Text header;
    TRY(cx, flush(w, h));
    w->s.head.size = w->s.last;
    w->s.head.root = *root;
    TRY(cx, sign_head(cx, signer, &w->s.ledger, &w->s.head));
    text_init(&header, cx);
    Err err = seal_inside(w, h, signer, &header, out);
    text_clear(&header);
    return err;
}

void segment_end(SegmentWriter *w)
{
    text_clear(&w->raw);
    text_clear(&w->body);
    ctx_put(w->cx, w->s.block);
    w->s.block = NULL;
}

/* --- reading --- */

static bool take_hex(yyjson_val *o, const char *key, void *out, size_t n)
{
    const char *s = yyjson_get_str(yyjson_obj_get(o, key));
    return s && strlen(s) == 2 * n && hex_read(s, out, n);
}

static Err bad_header(Ctx *cx, const Segment *s, size_t from, size_t to)
{
    return FAIL(cx, ERR_CORRUPT, "the segment '%s' is damaged: its header (bytes %zu to %zu); take another copy", s->name, from, to);
}

static bool read_blocks(Segment *s, yyjson_val *list, size_t from)
{
    yyjson_val *row;
    size_t i, n;
    uint64_t next = s->first, at = 0;
    yyjson_arr_foreach(list, i, n, row) {
        SegmentBlock *b = &s->block[s->blocks_n];
        const char *hash = yyjson_get_str(yyjson_arr_get(row, 5));
        b->first = yyjson_get_uint(yyjson_arr_get(row, 0));
        b->events = yyjson_get_uint(yyjson_arr_get(row, 1));
        b->at = yyjson_get_uint(yyjson_arr_get(row, 2));
        b->bytes = yyjson_get_uint(yyjson_arr_get(row, 3));
        b->raw = yyjson_get_uint(yyjson_arr_get(row, 4));
        bool fine = hash && digest_read(hash, &b->hash) && b->first == next && b->events && b->events <= SEGMENT_BLOCK_EVENTS && b->at == at &&
                    b->bytes <= s->n && b->raw <= SEGMENT_BLOCK_EVENTS * (LEDGER_PAYLOAD_MAX + ((size_t)1 << 16));
        if (!fine) return false;
        next += b->events;
        at += b->bytes;
        b->at += from;
        s->blocks_n++;
    }
    return next == s->last + 1;
}

static bool read_header(Segment *s, yyjson_val *o)
{
    yyjson_val *edge = yyjson_obj_get(o, "edge"), *step;
    size_t i, n;
    s->first = yyjson_get_uint(yyjson_obj_get(o, "first"));
    s->last = yyjson_get_uint(yyjson_obj_get(o, "last"));
    s->head.size = s->last;
    bool fine = s->first >= 1 && s->last >= s->first && take_hex(o, "before", s->before.at, SHA256_BYTES) &&
                take_hex(o, "key", s->head.key, LEDGER_KEY_BYTES) && take_hex(o, "ledger", s->ledger.at, SHA256_BYTES) &&
                take_hex(o, "root", s->head.root.at, SHA256_BYTES) && take_hex(o, "signature", s->head.signature, LEDGER_SIGNATURE_BYTES) &&
                yyjson_arr_size(edge) == (size_t)__builtin_popcountll(s->first - 1);
    if (!fine) return false;
    s->edge.size = s->first - 1;
    yyjson_arr_foreach(edge, i, n, step) {
        const char *hex = yyjson_get_str(step);
        if (!hex || !digest_read(hex, &s->edge.at[s->edge.n++])) return false;
    }
    return true;
}

/* Header JSON of n bytes at FRONT_N, whose hash and signature stand before it. */
static Err open_header(Ctx *cx, Segment *s, const char *hash, const char *signature, size_t n)
{
    const char *header = (const char *)s->at + FRONT_N;
    unsigned char sig[LEDGER_SIGNATURE_BYTES];
    char hex[SHA256_TEXT_MAX], text[256];
    Digest want, got;
    bool good = false;
    memcpy(hex, hash, 64);
    hex[64] = 0;
    if (!digest_read(hex, &want) || !hex_read(signature, sig, sizeof sig) || hash[64] != '\n' || signature[128] != '\n')
        return bad_header(cx, s, MAGIC_N, FRONT_N);
    TRY(cx, hash_bytes(cx, header, n, &got));
    if (!digest_same(&want, &got)) return bad_header(cx, s, MAGIC_N, FRONT_N + n);
    yyjson_doc *doc = yyjson_read(header, n, 0);
    yyjson_val *o = yyjson_doc_get_root(doc), *blocks = yyjson_obj_get(o, "blocks");
    bool fine = doc && read_header(s, o);
    if (fine) s->block = ctx_get_n(cx, yyjson_arr_size(blocks) + 1, sizeof *s->block);
    Err err = fine && !s->block ? FAIL(cx, ERR_NOMEM, "reading the segment '%s'", s->name) : OK;
    if (!err) fine = fine && read_blocks(s, blocks, FRONT_N + n + 1);
    yyjson_doc_free(doc);
    if (err) return err;
    if (!fine) return bad_header(cx, s, FRONT_N, FRONT_N + n);
    size_t text_n = seal_text(&s->ledger, hex, text);
    TRY(cx, sign_check(cx, s->head.key, text, text_n, sig, &good));
    if (!good) return FAIL(cx, ERR_CORRUPT, "the segment '%s' is damaged: the signature over its header (bytes %zu to %zu) is not good; take another copy",
                           s->name, MAGIC_N + 65, FRONT_N);
    const SegmentBlock *b = &s->block[s->blocks_n - 1];
    if (b->at + b->bytes != s->n)
        return FAIL(cx, ERR_CORRUPT, "the segment '%s' is damaged: it has %zu bytes and should have %" PRIu64 "; take another copy", s->name, s->n,
                    b->at + b->bytes);
    return OK;
}

Err segment_open(Ctx *cx, const char *name, const void *bytes, size_t n, Segment *out)
{
    *out = (Segment){ .at = bytes, .n = n };
    snprintf(out->name, sizeof out->name, "%s", name);
    const char *at = bytes;
    size_t same = 0;
    while (same < MAGIC_N && same < n && at[same] == MAGIC[same]) same++;
    if (same < MAGIC_N) {                      /* one byte of it off: a segment that is damaged, not some other file */
        bool nearly = n > FRONT_N && !memcmp(at + same + 1, MAGIC + same + 1, MAGIC_N - same - 1);
        if (nearly) return FAIL(cx, ERR_CORRUPT, "the segment '%s' is damaged: its first line (byte %zu); take another copy", name, same);
        return FAIL(cx, ERR_BAD_INPUT, "'%s' is no segment of a ledger", name);
    }
    if (n < FRONT_N + 2) return bad_header(cx, out, 0, n);
    const char *end = memchr(at + FRONT_N, '\n', n - FRONT_N < SEGMENT_HEADER_MAX ? n - FRONT_N : SEGMENT_HEADER_MAX);
    if (!end) return bad_header(cx, out, FRONT_N, n);
    Err err = open_header(cx, out, at + MAGIC_N, at + MAGIC_N + 65, (size_t)(end - at) - FRONT_N);
    if (err) segment_close(cx, out);
    return err;
}

void segment_close(Ctx *cx, Segment *s)
{
    ctx_put(cx, s->block);
    s->block = NULL;
}

static Err bad_block(Ctx *cx, const Segment *s, const SegmentBlock *b, const char *why)
{
    return FAIL(cx, ERR_CORRUPT, "the segment '%s' is damaged: events %" PRIu64 " to %" PRIu64 " (bytes %" PRIu64 " to %" PRIu64 ")%s; take another copy", s->name,
                b->first, b->first + b->events - 1, b->at, b->at + b->bytes, why);
}

Err segment_block(Ctx *cx, const Segment *s, size_t k, Hasher *h, Text *raw)
{
    const SegmentBlock *b = &s->block[k];
    Digest d;
    hash_again(h, s->at + b->at, b->bytes, NULL, 0, &d);
    if (!digest_same(&d, &b->hash)) return bad_block(cx, s, b, "");
    if (raw->cap < b->raw + 1) {
        char *more = ctx_grow(cx, raw->at, b->raw + 1, 1);
        if (!more) return FAIL(cx, ERR_NOMEM, "unpacking events of the segment '%s'", s->name);
        raw->at = more;
        raw->cap = b->raw + 1;
    }
    raw->n = 0;
    size_t n = ZSTD_decompress(raw->at, b->raw, s->at + b->at, b->bytes);
    if (ZSTD_isError(n) || n != b->raw) return bad_block(cx, s, b, " do not unpack");
    raw->n = n;
    raw->at[n] = 0;
    return OK;
}

static bool take_u32(const char **at, const char *end, size_t *n)
{
    const unsigned char *p = (const unsigned char *)*at;
    if (end - *at < 4) return false;
    *n = (size_t)p[0] | (size_t)p[1] << 8 | (size_t)p[2] << 16 | (size_t)p[3] << 24;
    *at += 4;
    return (size_t)(end - *at) >= *n;
}

bool segment_next(const char **at, const char *end, SegmentRecord *out)
{
    if (!take_u32(at, end, &out->event_n)) return false;
    out->event = *at;
    *at += out->event_n;
    if (*at == end) return false;
    out->state = (LedgerPayload)(unsigned char)*(*at)++;
    if (!take_u32(at, end, &out->stored_n)) return false;
    out->stored = *at;
    *at += out->stored_n;
    return out->state == LEDGER_PLAIN || out->state == LEDGER_SECRET || out->state == LEDGER_REDACTED;
}

static const char *word_of(yyjson_val *o, const char *key)
{
    yyjson_val *v = yyjson_obj_get(o, key);
    const char *s = yyjson_get_str(v);
    return s && strlen(s) == yyjson_get_len(v) ? s : NULL;
}

bool segment_event(const SegmentRecord *r, Text *scratch, Event *e, yyjson_doc **doc)
{
    *doc = yyjson_read(r->event, r->event_n, 0);
    yyjson_val *o = yyjson_doc_get_root(*doc);
    *e = (Event){
        .seq = yyjson_get_uint(yyjson_obj_get(o, "seq")), .time_us = yyjson_get_sint(yyjson_obj_get(o, "time_us")),
        .actor = word_of(o, "actor"), .on_behalf = word_of(o, "on_behalf"), .project = word_of(o, "project"), .kind = word_of(o, "kind"),
        .subject = word_of(o, "subject"), .state = r->state, .payload = r->state == LEDGER_SECRET ? "{}" : r->stored,
        .payload_n = r->state == LEDGER_SECRET ? 2 : r->stored_n,
    };
    if (r->state != LEDGER_REDACTED) {
        e->stored = r->stored;
        e->stored_n = r->stored_n;
    }
    bool fine = e->actor && e->on_behalf && e->project && e->kind && e->subject && take_hex(o, "payload", e->payload_hash.at, SHA256_BYTES) &&
                take_hex(o, "previous", e->previous.at, SHA256_BYTES);
    if (!fine) return false;
    scratch->n = 0;
    ledger_event_text(e, scratch);             /* exactly these bytes, or it is another event than its fields say */
    return !scratch->broken && scratch->n == r->event_n && !memcmp(scratch->at, r->event, r->event_n);
}

/* --- checking --- */

typedef struct Check { Ctx *cx; const Segment *s; Hasher *h; Text raw, text; Tree tree; Digest previous; uint64_t next; } Check;

static Err check_record(Check *c, const SegmentBlock *b, const SegmentRecord *r, Err (*each)(void *arg, const Event *e), void *arg)
{
    static const unsigned char zero = 0;
    Digest d, done[TREE_DEPTH_MAX / TREE_TILE_BITS];
    yyjson_doc *doc = NULL;
    Event e;
    Err err = OK;
    bool fine = segment_event(r, &c->text, &e, &doc) && e.seq == c->next && digest_same(&e.previous, &c->previous);
    if (fine && r->state != LEDGER_REDACTED) {
        hash_again(c->h, r->stored, r->stored_n, NULL, 0, &d);
        fine = digest_same(&d, &e.payload_hash);
    }
    if (c->text.broken) {
        err = text_err(&c->text);
    } else if (!fine) {
        err = bad_block(c->cx, c->s, b, " do not agree with themselves");
    } else {
        hash_again(c->h, &zero, 1, r->event, r->event_n, &e.hash);
        (void)tree_add(c->h, &c->tree, &e.hash, done);
        c->previous = e.hash;
        c->next++;
        if (each) err = each(arg, &e);
    }
    yyjson_doc_free(doc);
    return err;
}

static Err check_block(Check *c, size_t k, Err (*each)(void *arg, const Event *e), void *arg)
{
    const SegmentBlock *b = &c->s->block[k];
    SegmentRecord r;
    uint64_t n = 0;
    TRY(c->cx, segment_block(c->cx, c->s, k, c->h, &c->raw));
    const char *at = c->raw.at, *end = at + c->raw.n;
    for (; at < end; n++) {
        if (!segment_next(&at, end, &r)) return bad_block(c->cx, c->s, b, " are cut short");
        TRY(c->cx, check_record(c, b, &r, each, arg));
    }
    return n == b->events ? OK : bad_block(c->cx, c->s, b, " are not all there");
}

static Err check_inside(Check *c, Err (*each)(void *arg, const Event *e), void *arg)
{
    Ctx *cx = c->cx;
    const Segment *s = c->s;
    Digest root;
    bool good = false;
    for (size_t k = 0; k < s->blocks_n; k++) {
        TRY(cx, ctx_check(cx));
        ctx_step(cx, "checking a segment", (double)k, (double)s->blocks_n);
        TRY(cx, check_block(c, k, each, arg));
    }
    tree_root(c->h, &c->tree, &root);
    if (!digest_same(&root, &s->head.root))
        return FAIL(cx, ERR_CORRUPT, "the segment '%s' does not lead to the root that it was signed with; take another copy", s->name);
    TRY(cx, sign_head_check(cx, &s->ledger, &s->head, &good));
    if (!good) return FAIL(cx, ERR_CORRUPT, "the signature over the head of the segment '%s' is not good; take another copy", s->name);
    if (s->first == 1) {                       /* then its first event must be the one that names the ledger */
        SegmentRecord r;
        TRY(cx, segment_block(cx, s, 0, c->h, &c->raw));
        const char *at = c->raw.at;
        static const unsigned char zero = 0;
        if (!segment_next(&at, at + c->raw.n, &r)) return bad_block(cx, s, &s->block[0], "");
        hash_again(c->h, &zero, 1, r.event, r.event_n, &root);
        if (!digest_same(&root, &s->ledger))
            return FAIL(cx, ERR_CORRUPT, "the segment '%s' is not of the ledger it names; take another copy", s->name);
    }
    return OK;
}

Err segment_check(Ctx *cx, const Segment *s, Err (*each)(void *arg, const Event *e), void *arg)
{
    Check c = { .cx = cx, .s = s, .tree = s->edge, .previous = s->before, .next = s->first };
    TRY(cx, hash_start(cx, &c.h));
    text_init(&c.raw, cx);
    text_init(&c.text, cx);
    Err err = check_inside(&c, each, arg);
    text_clear(&c.raw);
    text_clear(&c.text);
    hash_end(cx, c.h, NULL);
    return err;
}

/* ledger/search_words.c -- what an event says, cut into words.
**
** Words are runs of letters and digits of any script, in lower case; signs of
** Chinese, Japanese and Korean count one by one.  So "learning_rate" is two words,
** and a question for it asks for the two side by side.  Besides, every value of the
** payload gives a fact, key=value, and so do kind, actor, subject and project.
** Words are known to the index only by a keyed hash (SipHash, Aumasson and
** Bernstein 2012): no word of an event lies in it.
*/
#include "ledger/search.h"

#include <stdio.h>
#include <string.h>
#include <yyjson.h>

#define TEXT_MAX ((size_t)1 << 20)     /* of one event: the rest is not searched */
#define DEPTH_MAX 64
#define FACT_MAX 200

/* --- hashes --- */

static uint64_t rot(uint64_t v, int n)
{
    return v << n | v >> (64 - n);
}

static void rounds(uint64_t v[4], int n)
{
    while (n--) {
        v[0] += v[1]; v[1] = rot(v[1], 13) ^ v[0]; v[0] = rot(v[0], 32);
        v[2] += v[3]; v[3] = rot(v[3], 16) ^ v[2];
        v[0] += v[3]; v[3] = rot(v[3], 21) ^ v[0];
        v[2] += v[1]; v[1] = rot(v[1], 17) ^ v[2]; v[2] = rot(v[2], 32);
    }
}

uint64_t search_hash(const SearchKey *key, const void *p, size_t n)
{
    const unsigned char *s = p;
    uint64_t v[4] = { key->k0 ^ 0x736f6d6570736575u, key->k1 ^ 0x646f72616e646f6du, key->k0 ^ 0x6c7967656e657261u, key->k1 ^ 0x7465646279746573u };
    uint64_t m;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        memcpy(&m, s + i, 8);
        v[3] ^= m;
        rounds(v, 2);
        v[0] ^= m;
    }
    m = (uint64_t)n << 56;
    for (size_t k = 0; i + k < n; k++) m |= (uint64_t)s[i + k] << (8 * k);
    v[3] ^= m;
    rounds(v, 2);
    v[0] ^= m;
    v[2] ^= 0xff;
    rounds(v, 4);
    m = (v[0] ^ v[1] ^ v[2] ^ v[3]) >> 1;
    return m ? m : 1;
}

/* --- words --- */

/* One character; malformed bytes count as one each. */
static uint32_t character(const char *s, size_t n, size_t *length)
{
    const unsigned char *u = (const unsigned char *)s;
    size_t want = u[0] < 0x80 ? 1 : u[0] >= 0xf0 ? 4 : u[0] >= 0xe0 ? 3 : u[0] >= 0xc0 ? 2 : 0;
    *length = 1;
    if (want <= 1 || want > n) return want == 1 ? u[0] : 0xfffd;
    uint32_t c = u[0] & (0xffu >> (want + 1));
    for (size_t i = 1; i < want; i++) {
        if ((u[i] & 0xc0) != 0x80) return 0xfffd;
        c = c << 6 | (u[i] & 0x3f);
    }
    *length = want;
    return c;
}

static bool is_word(uint32_t c)
{
    if (c < 0x80) return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    if (c < 0xc0) return c == 0xaa || c == 0xb5 || c == 0xba;
    if (c == 0xd7 || c == 0xf7 || c == 0xfffd) return false;
    return !(c >= 0x2000 && c < 0x2c00) && !(c >= 0x3000 && c < 0x3040) && !(c >= 0xfe00 && c < 0xfe70) && !(c >= 0xff00 && c < 0xff10);
}

static bool stands_alone(uint32_t c)
{
    return (c >= 0x3040 && c < 0x3130) || (c >= 0x3400 && c < 0xa000) || (c >= 0xac00 && c < 0xd7b0) || (c >= 0x20000 && c < 0x32000);
}

/* Lower case of Latin, Greek and Cyrillic letters. */
static uint32_t lower(uint32_t c)
{
    if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
    if (c >= 0xc0 && c <= 0xde) return c + 32;
    if (c >= 0x100 && c <= 0x17f) {
        bool odd_is_upper = (c >= 0x139 && c <= 0x148) || (c >= 0x179 && c <= 0x17e);
        if (c == 0x130 || c == 0x131 || c == 0x138 || c == 0x149 || c == 0x17f) return c;
        if (c == 0x178) return 0xff;
        return odd_is_upper ? c + (c & 1) : c | 1;
    }
    if ((c >= 0x391 && c <= 0x3a9) || (c >= 0x410 && c <= 0x42f)) return c + 32;
    return c >= 0x400 && c <= 0x40f ? c + 80 : c;
}

static size_t encode(uint32_t c, char *out)
{
    if (c < 0x80) return (size_t)(out[0] = (char)c, 1);
    size_t n = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const unsigned char head[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
    for (size_t i = n; i-- > 1; c >>= 6) out[i] = (char)(unsigned char)(0x80 | (c & 0x3f));
    out[0] = (char)(unsigned char)(head[n] | c);
    return n;
}

bool search_word(SearchWords *w)
{
    size_t n = 0;
    w->word_n = 0;
    while (w->next < w->n) {
        uint32_t c = character(w->text + w->next, w->n - w->next, &n);
        if (is_word(c)) break;
        w->next += n;
    }
    w->at = w->next;
    while (w->next < w->n) {
        uint32_t c = character(w->text + w->next, w->n - w->next, &n);
        bool alone = stands_alone(c);
        if (!is_word(c) || (alone && w->next > w->at)) break;
        if (w->word_n + 4 <= SEARCH_WORD_MAX) w->word_n += encode(lower(c), w->word + w->word_n);
        w->next += n;
        if (alone) break;
    }
    w->length = w->next - w->at;
    return w->length > 0;
}

/* --- an event --- */

void search_doc_init(Ctx *cx, SearchDoc *d)
{
    memset(d, 0, sizeof *d);
    text_init(&d->text, cx);
}

void search_doc_clear(Ctx *cx, SearchDoc *d)
{
    text_clear(&d->text);
    ctx_put(cx, d->fact);
    d->fact = NULL;
}

static size_t put_lower(char *out, size_t max, const char *s, size_t n)
{
    size_t at = 0, length = 1;
    for (size_t i = 0; i < n && at + 4 <= max; i += length) at += encode(lower(character(s + i, n - i, &length)), out + at);
    return at;
}

uint64_t search_fact(const SearchKey *key, const char *name, size_t name_n, const char *value, size_t value_n)
{
    char line[2 * FACT_MAX + 8] = "\x01";
    size_t n = 1;
    n += put_lower(line + n, FACT_MAX, name, name_n);
    line[n++] = '=';
    n += put_lower(line + n, FACT_MAX, value, value_n);
    return search_hash(key, line, n);
}

typedef struct Walk { Ctx *cx; const SearchKey *key; SearchDoc *d; } Walk;

static Err add_fact(Walk *w, const char *name, size_t name_n, const char *value, size_t value_n)
{
    SearchDoc *d = w->d;
    if (name_n > FACT_MAX / 2 || value_n > FACT_MAX / 2) return OK;
    if (d->facts_n == d->facts_cap) {
        size_t cap = d->facts_cap ? 2 * d->facts_cap : 32;
        uint64_t *more = ctx_grow(w->cx, d->fact, cap, sizeof *more);
        if (!more) return FAIL(w->cx, ERR_NOMEM, "reading the words of an event");
        d->fact = more;
        d->facts_cap = cap;
    }
    d->fact[d->facts_n++] = search_fact(w->key, name, name_n, value, value_n);
    return OK;
}

static Err walk_value(Walk *w, const char *name, size_t name_n, yyjson_val *v, unsigned depth);

static Err walk_object(Walk *w, yyjson_val *o, unsigned depth)
{
    yyjson_val *k, *v;
    size_t i, n;
    /* {"key": …, "value": …} says what the one value of {…: …} would. */
    yyjson_val *pair_key = yyjson_obj_get(o, "key"), *pair_value = yyjson_obj_get(o, "value");
    if (yyjson_is_str(pair_key) && pair_value && !yyjson_is_ctn(pair_value))
        TRY(w->cx, walk_value(w, yyjson_get_str(pair_key), yyjson_get_len(pair_key), pair_value, depth + 1));
    yyjson_obj_foreach(o, i, n, k, v) TRY(w->cx, walk_value(w, yyjson_get_str(k), yyjson_get_len(k), v, depth + 1));
    return OK;
}

static Err walk_value(Walk *w, const char *name, size_t name_n, yyjson_val *v, unsigned depth)
{
    Text *t = &w->d->text;
    char number[NUM_TEXT_MAX];
    const char *s = number;
    size_t n = 0, i, most;
    yyjson_val *one;
    if (depth > DEPTH_MAX || t->n > TEXT_MAX) return OK;
    if (yyjson_is_obj(v)) {
        text_bytes(t, name, name_n);
        text_put(t, ":\n");
        return walk_object(w, v, depth);
    }
    if (yyjson_is_arr(v)) {
        yyjson_arr_foreach(v, i, most, one) TRY(w->cx, walk_value(w, name, name_n, one, depth + 1));
        return OK;
    }
    if (yyjson_is_str(v)) {
        s = yyjson_get_str(v);
        n = yyjson_get_len(v);
    } else if (yyjson_is_real(v)) n = num_text(yyjson_get_real(v), number);
    else if (yyjson_is_uint(v)) n = (size_t)snprintf(number, sizeof number, "%llu", (unsigned long long)yyjson_get_uint(v));
    else if (yyjson_is_int(v)) n = (size_t)snprintf(number, sizeof number, "%lld", (long long)yyjson_get_sint(v));
    else if (yyjson_is_bool(v)) {
        s = yyjson_get_bool(v) ? "true" : "false";
        n = strlen(s);
    } else return OK;
    if (name_n) {
        text_bytes(t, name, name_n);
        text_put(t, ": ");
    }
    text_bytes(t, s, n < TEXT_MAX ? n : TEXT_MAX);
    text_char(t, '\n');
    return add_fact(w, name, name_n, s, n);
}

static void *json_get(void *cx, size_t n) { return ctx_get(cx, n); }
static void *json_grow(void *cx, void *p, size_t old, size_t n) { (void)old; return ctx_grow(cx, p, n, 1); }
static void json_put(void *cx, void *p) { ctx_put(cx, p); }

Err search_doc(Ctx *cx, Ledger *l, const SearchKey *key, const Event *e, SearchDoc *d)
{
    const struct { const char *name, *value; } word[] = {
        { "kind", e->kind }, { "subject", e->subject }, { "actor", e->actor }, { "project", e->project }, { "for", e->on_behalf } };
    Walk w = { .cx = cx, .key = key, .d = d };
    d->facts_n = d->text.n = 0;
    for (size_t i = 0; i < sizeof word / sizeof *word; i++) {
        if (!*word[i].value) continue;
        text_put(&d->text, word[i].value);
        text_char(&d->text, i < 1 ? ' ' : '\n');
        TRY(cx, add_fact(&w, word[i].name, strlen(word[i].name), word[i].value, strlen(word[i].value)));
    }
    if (e->payload && e->payload_n) {
        yyjson_alc alc = { json_get, json_grow, json_put, cx };
        yyjson_read_err bad = { 0 };
        yyjson_doc *doc = yyjson_read_opts((char *)(uintptr_t)e->payload, e->payload_n, YYJSON_READ_NOFLAG, &alc, &bad);
        if (!doc && bad.code == YYJSON_READ_ERROR_MEMORY_ALLOCATION) return FAIL(cx, ERR_NOMEM, "reading the words of an event");
        Err err = OK;
        if (doc && yyjson_is_obj(yyjson_doc_get_root(doc))) err = walk_object(&w, yyjson_doc_get_root(doc), 0);
        yyjson_doc_free(doc);
        if (err) return err;
    }
    if (l->more_words && e->state != LEDGER_REDACTED) TRY(cx, l->more_words(cx, l->more_words_self, e, &d->text));
    TRY(cx, text_err(&d->text));
    return OK;
}

/* ledger/leaf.c -- the text of an event that is hashed: canonical JSON, all of it but the payload, of which it has the hash.
**
** {"actor":…,"kind":…,"on_behalf":…,"payload":<hex>,"previous":<hex>,"project":…,"seq":N,"subject":…,"time_us":N}
** The leaf is SHA-256(0x00 then the text), as RFC 6962 has it.
*/
#include "ledger/inner.h"

#include <string.h>

static void put_word(Text *t, const char *key, const char *word)
{
    text_put(t, key);
    t->comma = false;                          /* the commas are in the keys */
    json_text(t, word);
}

static void put_hash(Text *t, const char *key, const Digest *d)
{
    char hex[SHA256_TEXT_MAX];
    text_put(t, key);
    digest_text(d, hex);
    text_bytes(t, hex, sizeof hex - 1);
    text_bytes(t, "\"", 1);
}

static void put_number(Text *t, const char *key, int64_t v)
{
    char buf[24], *at = buf + sizeof buf;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do *--at = (char)('0' + u % 10);
    while (u /= 10);
    if (v < 0) *--at = '-';
    text_put(t, key);
    text_bytes(t, at, (size_t)(buf + sizeof buf - at));
}

void ledger_event_text(const Event *e, Text *t)
{
    put_word(t, "{\"actor\":", e->actor);
    put_word(t, ",\"kind\":", e->kind);
    put_word(t, ",\"on_behalf\":", e->on_behalf);
    put_hash(t, ",\"payload\":\"", &e->payload_hash);
    put_hash(t, ",\"previous\":\"", &e->previous);
    put_word(t, ",\"project\":", e->project);
    put_number(t, ",\"seq\":", (int64_t)e->seq);
    put_word(t, ",\"subject\":", e->subject);
    put_number(t, ",\"time_us\":", e->time_us);
    text_bytes(t, "}", 1);
}

Err ledger_leaf_with(Hasher *h, Text *t, const Event *e, Digest *out)
{
    static const unsigned char zero = 0;
    t->n = 0;
    ledger_event_text(e, t);
    if (t->broken) return text_err(t);
    hash_again(h, &zero, 1, t->at, t->n, out);
    return OK;
}

Err ledger_leaf(Ctx *cx, const Event *e, Digest *out)
{
    Hasher *h = NULL;
    Text t;
    text_init(&t, cx);
    Err err = hash_start(cx, &h);
    if (!err) err = ledger_leaf_with(h, &t, e, out);
    hash_end(cx, h, NULL);
    text_clear(&t);
    return err;
}

/* ledger/leaf.c -- the bytes of an event that are hashed.
**
** "leat-event/1\n", seq and time as 8 bytes each, then actor, on_behalf,
** project, kind and subject, each with its length in 4 bytes before it, then the
** payload's hash and the previous event's hash.  Numbers are big-endian.  The
** leaf is SHA-256(0x00 then these bytes), as RFC 6962 has it, so that a Merkle
** tree can be grown over the same hashes.
*/
#include "ledger/inner.h"

#include <string.h>

static void put_number(Text *t, uint64_t v, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--) text_char(t, (char)(unsigned char)(v >> (8 * i) & 0xff));
}

static void put_word(Text *t, const char *s)
{
    size_t n = strlen(s);
    put_number(t, n, 4);
    text_bytes(t, s, n);
}

Err ledger_leaf(Ctx *cx, const Event *e, Digest *out)
{
    Text t;
    text_init(&t, cx);
    text_char(&t, 0);
    text_put(&t, "leat-event/1\n");
    put_number(&t, e->seq, 8);
    put_number(&t, (uint64_t)e->time_us, 8);
    put_word(&t, e->actor);
    put_word(&t, e->on_behalf);
    put_word(&t, e->project);
    put_word(&t, e->kind);
    put_word(&t, e->subject);
    text_bytes(&t, e->payload_hash.at, SHA256_BYTES);
    text_bytes(&t, e->previous.at, SHA256_BYTES);
    Err err = text_err(&t);
    if (!err) err = hash_bytes(cx, t.at, t.n, out);
    text_clear(&t);
    return err;
}

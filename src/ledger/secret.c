/* ledger/secret.c -- words of a person, encrypted so that they can be destroyed for good: AES-256-GCM under a random key that is
** used once and lies in table ledger_key, which no archive and no segment holds.
**
** Bytes: nonce (12), cipher, tag (16); authenticated with them: "leat-payload/1\n", the event's seq in decimal, "\n"
** and the person.
** The payload's hash is of these bytes: it says nothing about the words once the key is gone.
*/
#include "ledger/inner.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#define NONCE 12
#define TAG 16
#define ABOUT_MAX (LEDGER_WORD_MAX + 64)

static int about(uint64_t seq, const char *person, char out[ABOUT_MAX])
{
    return snprintf(out, ABOUT_MAX, "leat-payload/1\n%llu\n%s", (unsigned long long)seq, person);
}

Err secret_close(Ctx *cx, uint64_t seq, const char *person, const unsigned char key[32], const void *text, size_t n, unsigned char *out)
{
    char aad[ABOUT_MAX];
    int len = 0, aad_n = about(seq, person, aad);
    TRY(cx, sign_random(cx, out, NONCE));
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    bool fine = c && EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, out) == 1 &&
                EVP_EncryptUpdate(c, NULL, &len, (const unsigned char *)aad, aad_n) == 1 &&
                EVP_EncryptUpdate(c, out + NONCE, &len, text, (int)n) == 1 && (size_t)len == n &&
                EVP_EncryptFinal_ex(c, out + NONCE + n, &len) == 1 &&
                EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_GET_TAG, TAG, out + NONCE + n) == 1;
    EVP_CIPHER_CTX_free(c);
    return fine ? OK : FAIL(cx, ERR_NOMEM, "encrypting the payload of event %llu", (unsigned long long)seq);
}

Err secret_open(Ctx *cx, uint64_t seq, const char *person, const unsigned char key[32], const void *cipher, size_t n, unsigned char *out,
                bool *good)
{
    char aad[ABOUT_MAX];
    unsigned char tag[TAG];
    const unsigned char *at = cipher;
    int len = 0, aad_n = about(seq, person, aad);
    *good = false;
    if (n < SECRET_MORE) return OK;
    size_t text_n = n - SECRET_MORE;
    memcpy(tag, at + NONCE + text_n, TAG);
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    bool ready = c && EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, key, at) == 1 &&
                 EVP_DecryptUpdate(c, NULL, &len, (const unsigned char *)aad, aad_n) == 1 &&
                 EVP_DecryptUpdate(c, out, &len, at + NONCE, (int)text_n) == 1 &&
                 EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_GCM_SET_TAG, TAG, tag) == 1;
    if (ready) *good = EVP_DecryptFinal_ex(c, out + text_n, &len) == 1;
    EVP_CIPHER_CTX_free(c);
    return ready ? OK : FAIL(cx, ERR_NOMEM, "decrypting the payload of event %llu", (unsigned long long)seq);
}

Err ledger_open_secret(Ctx *cx, Ledger *l, Event *e)
{
    static const Statement ask = { "SELECT key, subject FROM ledger_key WHERE seq = ?1", NULL };
    unsigned char key[32];
    char person[LEDGER_WORD_MAX + 1] = "";
    DbRows *rows = NULL;
    bool more = false, good = false;
    size_t n = 0;
    Err err = db_ask(cx, l->db, &ask, DB_ARGS(db_int((int64_t)e->seq)), &rows);
    if (!err) err = db_next(cx, rows, &more);
    const void *at = !err && more ? db_get_blob(rows, 0, &n) : NULL;
    if (at && n == sizeof key) memcpy(key, at, n);
    const char *name = at ? db_get_text(rows, 1) : NULL;
    if (name) snprintf(person, sizeof person, "%s", name);
    db_rows_close(rows);
    if (err) return err;
    if (n != sizeof key)
        return FAIL(cx, ERR_CORRUPT, "event %llu of the ledger '%s' is damaged: the key of its payload is missing; restore it from a copy",
                    (unsigned long long)e->seq, l->path);
    if (l->clear_cap < e->stored_n + 1) {
        unsigned char *more_room = ctx_grow(cx, l->clear, e->stored_n + 1, 1);
        if (!more_room) return FAIL(cx, ERR_NOMEM, "decrypting the payload of event %llu", (unsigned long long)e->seq);
        l->clear = more_room;
        l->clear_cap = e->stored_n + 1;
    }
    TRY(cx, secret_open(cx, e->seq, person, key, e->stored, e->stored_n, l->clear, &good));
    memset(key, 0, sizeof key);
    if (!good)
        return FAIL(cx, ERR_CORRUPT, "event %llu of the ledger '%s' is damaged: its key does not open its payload; restore it from a copy",
                    (unsigned long long)e->seq, l->path);
    e->payload_n = e->stored_n - SECRET_MORE;
    l->clear[e->payload_n] = 0;
    e->payload = (const char *)l->clear;
    return OK;
}

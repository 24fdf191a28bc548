/* base/hash.c -- SHA-256 by OpenSSL's EVP, which uses SHA-NI where there is any. */
#include "base/hash.h"

#include <openssl/evp.h>
#include <string.h>

struct Hasher { EVP_MD_CTX *md; };

Err hash_start(Ctx *cx, Hasher **out)
{
    Hasher *h = ctx_get(cx, sizeof *h);
    *out = NULL;
    if (!h) return FAIL(cx, ERR_NOMEM, "starting a SHA-256");
    h->md = EVP_MD_CTX_new();
    if (!h->md || !EVP_DigestInit_ex(h->md, EVP_sha256(), NULL)) {
        EVP_MD_CTX_free(h->md);
        ctx_put(cx, h);
        return FAIL(cx, ERR_NOMEM, "starting a SHA-256");
    }
    *out = h;
    return OK;
}

void hash_more(Hasher *h, const void *p, size_t n)
{
    if (n) CHECK_ALWAYS(EVP_DigestUpdate(h->md, p, n) == 1);
}

void hash_end(Ctx *cx, Hasher *h, Digest *out)
{
    Digest unused;
    if (!h) return;
    CHECK_ALWAYS(EVP_DigestFinal_ex(h->md, (out ? out : &unused)->at, NULL) == 1);
    EVP_MD_CTX_free(h->md);
    ctx_put(cx, h);
}

void hash_again(Hasher *h, const void *a, size_t a_n, const void *b, size_t b_n, Digest *out)
{
    bool fine = EVP_DigestInit_ex(h->md, NULL, NULL) == 1 && (!a_n || EVP_DigestUpdate(h->md, a, a_n) == 1) &&
                (!b_n || EVP_DigestUpdate(h->md, b, b_n) == 1) && EVP_DigestFinal_ex(h->md, out->at, NULL) == 1;
    CHECK_ALWAYS(fine);                        /* it has all the memory it needs since hash_start */
}

Err hash_bytes(Ctx *cx, const void *p, size_t n, Digest *out)
{
    Hasher *h;
    TRY(cx, hash_start(cx, &h));
    hash_more(h, p, n);
    hash_end(cx, h, out);
    return OK;
}

void digest_text(const Digest *d, char text[SHA256_TEXT_MAX])
{
    static const char hex[] = "0123456789abcdef";
    for (int i = 0; i < SHA256_BYTES; i++) {
        text[2 * i] = hex[d->at[i] >> 4];
        text[2 * i + 1] = hex[d->at[i] & 15];
    }
    text[2 * SHA256_BYTES] = 0;
}

static int nibble(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

bool digest_read(const char *text, Digest *out)
{
    if (strlen(text) != 2 * SHA256_BYTES) return false;
    for (int i = 0; i < SHA256_BYTES; i++) {
        int hi = nibble(text[2 * i]), lo = nibble(text[2 * i + 1]);
        if (hi < 0 || lo < 0) return false;
        out->at[i] = (unsigned char)(hi << 4 | lo);
    }
    return true;
}

bool digest_same(const Digest *a, const Digest *b)
{
    return !memcmp(a->at, b->at, SHA256_BYTES);
}

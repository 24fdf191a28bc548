/* base/hash.h -- SHA-256 through OpenSSL, whole or in pieces. */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include "base/ctx.h"

#define SHA256_BYTES 32
#define SHA256_TEXT_MAX 65      /* 64 hex digits and the NUL */

typedef struct Digest { unsigned char at[SHA256_BYTES]; } Digest;
typedef struct Hasher Hasher;

MUST_USE Err hash_bytes(Ctx *cx, const void *p, size_t n, Digest *out);       /* ERR_NOMEM */
MUST_USE Err hash_start(Ctx *cx, Hasher **out);                                /* ERR_NOMEM; end with hash_end */
void hash_more(Hasher *h, const void *p, size_t n);
void hash_end(Ctx *cx, Hasher *h, Digest *out);                                /* frees h; out may be NULL */
/* Many short hashes with one Hasher: SHA-256 of a then b, without memory or look-up each time.  What h held is dropped. */
void hash_again(Hasher *h, const void *a, size_t a_n, const void *b, size_t b_n, Digest *out);
void digest_text(const Digest *d, char text[SHA256_TEXT_MAX]);
bool digest_read(const char *text, Digest *out);                               /* exactly 64 hex digits */
bool digest_same(const Digest *a, const Digest *b);

#endif

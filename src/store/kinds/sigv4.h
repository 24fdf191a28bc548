/* store/kinds/sigv4.h -- AWS Signature Version 4: three headers that prove who asks. */
#ifndef STORE_KINDS_SIGV4_H
#define STORE_KINDS_SIGV4_H

#include "base/hash.h"

typedef struct SigKey { char id[200], secret[300], token[4096], region[64], service[16]; } SigKey;

typedef struct SigAsk {
    const char *method, *host;
    const char *path, *query;      /* encoded (RFC 3986); the query sorted */
    const void *body;
    size_t body_n;
} SigAsk;

typedef struct SigHeaders { char date[64], content[120], authorization[600], token[4200]; } SigHeaders;   /* token "": none */

/* The time is the world's.  ERR_NOMEM */
MUST_USE Err sigv4_sign(Ctx *cx, const SigKey *key, const SigAsk *ask, SigHeaders *out);
/* The same for a time and with headers of the caller's choice, sorted, "name:value\n" each: for the published examples. */
MUST_USE Err sigv4_signature(Ctx *cx, const SigKey *key, const SigAsk *ask, int64_t now_us, const char *headers, const char *names,
                             const char *content, char signature[SHA256_TEXT_MAX]);

#endif

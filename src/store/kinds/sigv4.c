/* store/kinds/sigv4.c -- AWS Signature Version 4 (AWS General Reference, "Create a signed AWS API request"). */
#include "store/kinds/sigv4.h"

#include "base/text.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static void stamp(int64_t now_us, char time[20], char day[12])
{
    time_t now = (time_t)(now_us / 1000000);
    struct tm t;
    gmtime_r(&now, &t);
    strftime(time, 20, "%Y%m%dT%H%M%SZ", &t);
    strftime(day, 12, "%Y%m%d", &t);
}

static bool mac(const void *key, size_t key_n, const char *text, unsigned char out[SHA256_BYTES])
{
    unsigned n = SHA256_BYTES;
    return HMAC(EVP_sha256(), key, (int)key_n, (const unsigned char *)text, strlen(text), out, &n) != NULL;
}

Err sigv4_signature(Ctx *cx, const SigKey *key, const SigAsk *ask, int64_t now_us, const char *headers, const char *names,
                    const char *content, char signature[SHA256_TEXT_MAX])
{
    char time[20], day[12], hex[SHA256_TEXT_MAX], scope[200], start[320];
    Text canon, to_sign;
    Digest d;
    unsigned char k[SHA256_BYTES];
    stamp(now_us, time, day);
    text_init(&canon, cx);
    text_init(&to_sign, cx);
    text_fmt(&canon, "%s\n%s\n%s\n%s\n%s\n%s", ask->method, ask->path, ask->query, headers, names, content);
    Err err = text_err(&canon);
    if (!err) err = hash_bytes(cx, canon.at, canon.n, &d);
    if (!err) {
        digest_text(&d, hex);
        snprintf(scope, sizeof scope, "%s/%s/%s/aws4_request", day, key->region, key->service);
        text_fmt(&to_sign, "AWS4-HMAC-SHA256\n%s\n%s\n%s", time, scope, hex);
        err = text_err(&to_sign);
    }
    if (!err) {
        snprintf(start, sizeof start, "AWS4%s", key->secret);
        bool good = mac(start, strlen(start), day, k) && mac(k, sizeof k, key->region, k) && mac(k, sizeof k, key->service, k)
                    && mac(k, sizeof k, "aws4_request", k) && mac(k, sizeof k, to_sign.at, d.at);
        if (!good) err = FAIL(cx, ERR_NOMEM, "signing a question");
    }
    if (!err) digest_text(&d, signature);
    memset(start, 0, sizeof start);
    memset(k, 0, sizeof k);
    text_clear(&canon);
    text_clear(&to_sign);
    return err;
}

Err sigv4_sign(Ctx *cx, const SigKey *key, const SigAsk *ask, SigHeaders *out)
{
    char time[20], day[12], hex[SHA256_TEXT_MAX], signature[SHA256_TEXT_MAX];
    const char *names = key->token[0] ? "host;x-amz-content-sha256;x-amz-date;x-amz-security-token"
                                      : "host;x-amz-content-sha256;x-amz-date";
    int64_t now = cx->world->clock->now_us(cx->world->clock->self);
    Text headers;
    Digest d;
    *out = (SigHeaders){ 0 };
    TRY(cx, hash_bytes(cx, ask->body, ask->body_n, &d));
    digest_text(&d, hex);
    stamp(now, time, day);
    text_init(&headers, cx);
    text_fmt(&headers, "host:%s\nx-amz-content-sha256:%s\nx-amz-date:%s\n", ask->host, hex, time);
    if (key->token[0]) text_fmt(&headers, "x-amz-security-token:%s\n", key->token);
    Err err = text_err(&headers);
    if (!err) err = sigv4_signature(cx, key, ask, now, headers.at, names, hex, signature);
    text_clear(&headers);
    if (err) return err;
    snprintf(out->date, sizeof out->date, "x-amz-date: %s", time);
    snprintf(out->content, sizeof out->content, "x-amz-content-sha256: %s", hex);
    if (key->token[0]) snprintf(out->token, sizeof out->token, "x-amz-security-token: %s", key->token);
    snprintf(out->authorization, sizeof out->authorization,
             "Authorization: AWS4-HMAC-SHA256 Credential=%s/%s/%s/%s/aws4_request, SignedHeaders=%s, Signature=%s", key->id, day,
             key->region, key->service, names, signature);
    return OK;
}

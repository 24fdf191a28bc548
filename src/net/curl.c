/* net/curl.c -- one question by libcurl; the only file that knows it. */
#include "net/inner.h"

#include "os/os.h"

#define CURL_DISABLE_TYPECHECK     /* its macros do not know functions that were looked up */
#include <curl/curl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define CONNECT_MS 20000L
#define STILL_S 60L                /* no byte for so long: the connection is given up */

#define CURL_LIST(X)                                                       \
    X(curl_easy_init) X(curl_easy_cleanup) X(curl_easy_reset)              \
    X(curl_easy_setopt) X(curl_easy_perform) X(curl_easy_getinfo)          \
    X(curl_easy_strerror) X(curl_slist_append) X(curl_slist_free_all)

typedef struct Curl {
#define X(symbol) __typeof__(&symbol) symbol;
    CURL_LIST(X)
#undef X
} Curl;

static Err curl_open(Ctx *cx, Curl *out)
{
    static const char name[] = "libcurl.so.4";
    void *lib = NULL, *found = NULL;
    TRY(cx, os_dlopen(cx, name, &lib));
#define X(symbol)                                                          \
    TRY(cx, os_symbol(cx, lib, name, #symbol, &found));                    \
    *(void **)&out->symbol = found;
    CURL_LIST(X)
#undef X
    return OK;
}

typedef struct Call {
    Ctx *cx;
    const Curl *q;
    CURL *easy;
    const NetAsk *ask;
    NetAnswer *out;
    size_t sent;
    bool too_long;
} Call;

static size_t on_body(char *at, size_t one, size_t n, void *arg)
{
    Call *c = arg;
    long status = 0;
    n *= one;
    c->q->curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
    if (c->ask->into && status >= 200 && status < 300) {
        if (n > c->ask->into_cap - c->out->into_n) {
            c->too_long = true;
            return 0;
        }
        memcpy((char *)c->ask->into + c->out->into_n, at, n);
        c->out->into_n += n;
        return n;
    }
    if (n > NET_TEXT_MAX - c->out->text.n) {
        c->too_long = true;
        return 0;
    }
    text_bytes(&c->out->text, at, n);
    return n;
}

static size_t on_ask(char *at, size_t one, size_t n, void *arg)
{
    Call *c = arg;
    size_t left = c->ask->body_n - c->sent;
    n *= one;
    if (n > left) n = left;
    if (n) memcpy(at, (const char *)c->ask->body + c->sent, n);
    c->sent += n;
    return n;
}

/* libcurl sends a body again on a connection that turned out to be closed. */
static int on_seek(void *arg, curl_off_t to, int origin)
{
    Call *c = arg;
    if (origin != SEEK_SET || to < 0 || (uint64_t)to > c->ask->body_n) return CURL_SEEKFUNC_FAIL;
    c->sent = (size_t)to;
    return CURL_SEEKFUNC_OK;
}

static void take(const char *at, size_t n, const char *name, char *out, size_t cap)
{
    size_t k = strlen(name);
    if (n <= k || strncasecmp(at, name, k) || at[k] != ':') return;
    at += k + 1;
    n -= k + 1;
    while (n && (*at == ' ' || *at == '\t')) at++, n--;
    while (n && (at[n - 1] == '\r' || at[n - 1] == '\n' || at[n - 1] == ' ')) n--;
    snprintf(out, cap, "%.*s", (int)n, at);
}

static size_t on_header(char *at, size_t one, size_t n, void *arg)
{
    NetAnswer *a = ((Call *)arg)->out;
    char length[32] = "";
    n *= one;
    take(at, n, "etag", a->etag, sizeof a->etag);
    take(at, n, "location", a->location, sizeof a->location);
    take(at, n, "last-modified", a->modified, sizeof a->modified);
    take(at, n, "content-range", a->range, sizeof a->range);
    take(at, n, "content-length", length, sizeof length);
    if (length[0]) a->length = strtoull(length, NULL, 10);
    return n;
}

static int on_progress(void *arg, curl_off_t a, curl_off_t b, curl_off_t c, curl_off_t d)
{
    (void)a, (void)b, (void)c, (void)d;
    return ctx_late(((Call *)arg)->cx);
}

static Err set_up(Ctx *cx, const Curl *q, Call *c, struct curl_slist **list)
{
    CURL *e = c->easy;
    const NetAsk *ask = c->ask;
    CURLcode bad = CURLE_OK;
#define SET(option, value) do { if (!bad) bad = q->curl_easy_setopt(e, option, value); } while (0)
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_URL, ask->url);
    SET(CURLOPT_PROTOCOLS_STR, "http,https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_CONNECTTIMEOUT_MS, CONNECT_MS);
    SET(CURLOPT_LOW_SPEED_LIMIT, 1L);
    SET(CURLOPT_LOW_SPEED_TIME, STILL_S);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, c);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, c);
    SET(CURLOPT_NOPROGRESS, 0L);
    SET(CURLOPT_XFERINFOFUNCTION, on_progress);
    SET(CURLOPT_XFERINFODATA, c);
    SET(CURLOPT_USERAGENT, "leat/" LEAT_VERSION);
    SET(CURLOPT_UPLOAD_BUFFERSIZE, 1L << 20);
    SET(CURLOPT_BUFFERSIZE, 1L << 19);
    if (!strcmp(ask->method, "HEAD")) SET(CURLOPT_NOBODY, 1L);
    else if (!strcmp(ask->method, "PUT") || !strcmp(ask->method, "POST") || ask->body) {
        SET(CURLOPT_UPLOAD, 1L);
        SET(CURLOPT_READFUNCTION, on_ask);
        SET(CURLOPT_READDATA, c);
        SET(CURLOPT_SEEKFUNCTION, on_seek);
        SET(CURLOPT_SEEKDATA, c);
        SET(CURLOPT_INFILESIZE_LARGE, (curl_off_t)ask->body_n);
    }
    SET(CURLOPT_CUSTOMREQUEST, ask->method);
    for (const char *const *h = ask->headers; h && *h; h++) {
        struct curl_slist *more = q->curl_slist_append(*list, *h);
        if (!more) return FAIL(cx, ERR_NOMEM, "asking '%.200s'", ask->url);
        *list = more;
    }
    struct curl_slist *more = q->curl_slist_append(*list, "Expect:");      /* no pause before a body is sent */
    if (!more) return FAIL(cx, ERR_NOMEM, "asking '%.200s'", ask->url);
    *list = more;
    SET(CURLOPT_HTTPHEADER, *list);
#undef SET
    return bad ? FAIL(cx, ERR_BUG, "setting up a question to '%.200s': %s", ask->url, q->curl_easy_strerror(bad)) : OK;
}

static Err told(Ctx *cx, const Call *c, CURLcode code)
{
    const char *url = c->ask->url, *words = c->q->curl_easy_strerror(code);
    if (c->too_long) return FAIL(cx, ERR_LIMIT, "the answer of '%.200s' is longer than expected", url);
    switch (code) {
    case CURLE_OK: return text_err(&c->out->text);
    case CURLE_ABORTED_BY_CALLBACK: return ctx_check(cx) ? ctx_check(cx) : FAIL(cx, ERR_INTERRUPTED, "stopped on request");
    case CURLE_OUT_OF_MEMORY: return FAIL(cx, ERR_NOMEM, "asking '%.200s'", url);
    case CURLE_URL_MALFORMAT: case CURLE_UNSUPPORTED_PROTOCOL:
        return FAIL(cx, ERR_BAD_INPUT, "'%.200s' is no address of a server: %s", url, words);
    case CURLE_COULDNT_RESOLVE_HOST: case CURLE_COULDNT_CONNECT:
        return FAIL(cx, ERR_IO, "no connection to '%.200s': %s; is the server running, is the address right?", url, words);
    default: return FAIL(cx, ERR_IO, "asking '%.200s': %s", url, words);
    }
}

static CURL *borrow(Net *net, const Curl *q)
{
    void *easy = NULL;
    pthread_mutex_lock(&net->lock);
    net->end = q->curl_easy_cleanup;
    if (net->easy_n) easy = net->easy[--net->easy_n];
    pthread_mutex_unlock(&net->lock);
    return easy ? easy : q->curl_easy_init();
}

static void give_back(Net *net, const Curl *q, CURL *easy)
{
    q->curl_easy_reset(easy);                                      /* connections stay */
    pthread_mutex_lock(&net->lock);
    bool kept = net->easy_n < NET_KEPT;
    if (kept) net->easy[net->easy_n++] = easy;
    pthread_mutex_unlock(&net->lock);
    if (!kept) q->curl_easy_cleanup(easy);
}

static Err curl_send(void *self, Ctx *cx, Net *net, const NetAsk *ask, NetAnswer *out)
{
    Curl q;
    Call c = { .cx = cx, .q = &q, .ask = ask, .out = out };
    struct curl_slist *list = NULL;
    long status = 0;
    (void)self;
    TRY(cx, curl_open(cx, &q));
    c.easy = borrow(net, &q);
    if (!c.easy) return FAIL(cx, ERR_NOMEM, "asking '%.200s'", ask->url);
    Err err = set_up(cx, &q, &c, &list);
    if (!err) err = told(cx, &c, q.curl_easy_perform(c.easy));
    if (!err) q.curl_easy_getinfo(c.easy, CURLINFO_RESPONSE_CODE, &status);
    out->status = (int)status;
    q.curl_slist_free_all(list);
    give_back(net, &q, c.easy);
    return err;
}

const NetWire net_curl = { .send = curl_send };

/* net/net.h -- asking a server over HTTP or HTTPS, by libcurl, which is opened on first use.
**
** A Net keeps its connections for the next question.  One Net may be used by several threads at once, each with its own
** Ctx.  A question is asked again, after a pause that doubles, when the connection fails or the server says that it is
** busy (408, 425, 429, 500, 502, 503, 504): so every question must be one that may be asked twice.  Redirections are
** not followed: the answer says where to.  Nothing but http and https is spoken.
*/
#ifndef NET_NET_H
#define NET_NET_H

#include "base/text.h"

#define NET_URL_MAX 8192
#define NET_TRIES 6                /* pauses of 0.1, 0.2, 0.4, 0.8, 1.6 s between, each up to half longer */
#define NET_TEXT_MAX ((size_t)1 << 20)     /* of an answer kept as text */

typedef struct Net Net;

typedef struct NetAsk {
    const char *method;            /* "GET", "PUT", … */
    const char *url;               /* no name or password in it                            (borrowed) */
    const char *const *headers;    /* "Name: value", ends with NULL; NULL: none            (borrowed) */
    const void *body;              /* (borrowed) */
    size_t body_n;
    void *into;                    /* where the bytes of a good answer go (2xx); NULL: to its text */
    size_t into_cap;               /* more than that: ERR_LIMIT */
    unsigned tries;                /* 0: NET_TRIES */
} NetAsk;

typedef struct NetAnswer {
    int status;                    /* 200, 404, … */
    Text text;                     /* at most NET_TEXT_MAX bytes */
    size_t into_n;
    uint64_t length;               /* Content-Length; UINT64_MAX: not said */
    char etag[128], location[NET_URL_MAX], modified[64], range[64];    /* as sent, "" not sent */
} NetAnswer;

/* How one question is sent, once: libcurl; in a test, something that fails on purpose.  World.wire points at one; NULL: libcurl. */
typedef struct NetWire {
    Err (*send)(void *self, Ctx *cx, Net *net, const NetAsk *ask, NetAnswer *out);
    void *self;
} NetWire;

/* Errors: ERR_NOMEM.  Opens no library yet. */
MUST_USE Err net_open(Ctx *cx, Net **out);
void net_close(Ctx *cx, Net *net);                                 /* NULL is fine */

/* Ask.  OK whatever the status; *out is to be cleared also after a failure.
** Errors: ERR_NOT_FOUND libcurl is not there; ERR_IO no connection, or it broke, or the server stayed busy; ERR_LIMIT the answer
** is too long; ERR_BAD_INPUT the address; ERR_TIME, ERR_INTERRUPTED; ERR_NOMEM. */
MUST_USE Err net_ask(Ctx *cx, Net *net, const NetAsk *ask, NetAnswer *out);
void net_answer_clear(NetAnswer *a);                               /* zeroed is fine */

extern const NetWire net_curl;     /* for a test's wire to hand on to */

/* Append text to a URL with everything but A-Z a-z 0-9 - _ . ~ (and / when slash) as %XX (RFC 3986). */
void net_url_text(Text *url, const char *text, bool slash);

#endif

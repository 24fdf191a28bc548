/* net/net.c -- asking, and asking again. */
#include "net/inner.h"

#include "base/random.h"
#include "os/os.h"

#include <string.h>

#define PAUSE_FIRST_US 100000

Err net_open(Ctx *cx, Net **out)
{
    Net *net = ctx_get(cx, sizeof *net);
    *out = NULL;
    if (!net) return FAIL(cx, ERR_NOMEM, "asking a server");
    if (pthread_mutex_init(&net->lock, NULL)) {
        ctx_put(cx, net);
        return FAIL(cx, ERR_NOMEM, "asking a server");
    }
    *out = net;
    return OK;
}

void net_close(Ctx *cx, Net *net)
{
    if (!net) return;
    while (net->easy_n) net->end(net->easy[--net->easy_n]);
    pthread_mutex_destroy(&net->lock);
    ctx_put(cx, net);
}

void net_answer_clear(NetAnswer *a)
{
    if (a->text.cx) text_clear(&a->text);
    *a = (NetAnswer){ 0 };
}

static bool busy(int status)
{
    return status == 408 || status == 425 || status == 429 || status == 500 || (status >= 502 && status <= 504);
}

/* Wait, but not beyond the deadline and not when told to stop. */
static Err pause_us(Ctx *cx, int64_t us)
{
    int64_t end = ctx_mono_us(cx) + us;
    int none = -1;
    bool ready;
    for (;;) {
        TRY(cx, ctx_check(cx));
        int64_t left = end - ctx_mono_us(cx);
        if (left <= 0) return OK;
        TRY(cx, os_poll(cx, &none, 1, left > 50000 ? 50 : (int)(left / 1000) + 1, &ready));
    }
}

Err net_ask(Ctx *cx, Net *net, const NetAsk *ask, NetAnswer *out)
{
    const NetWire *wire = cx->world->wire ? cx->world->wire : &net_curl;
    Random r = random_make(cx->seed, "net.pause", (uint64_t)ctx_mono_us(cx), 0);
    unsigned tries = ask->tries ? ask->tries : NET_TRIES;
    int64_t us = PAUSE_FIRST_US;
    Err err = OK;
    for (unsigned i = 0; i < tries; i++, us *= 2) {
        if (i) TRY(cx, pause_us(cx, us + (int64_t)random_below(&r, (uint64_t)us / 2)));
        *out = (NetAnswer){ .length = UINT64_MAX };
        text_init(&out->text, cx);
        TRY(cx, ctx_check(cx));
        err = wire->send(wire->self, cx, net, ask, out);
        if (err && err != ERR_IO) return err;
        if (!err && !busy(out->status)) return OK;
        if (i + 1 < tries) net_answer_clear(out);
    }
    if (err) return err;
    return FAIL(cx, ERR_IO, "the server of '%.200s' is busy or broken: it answered %d %u times", ask->url, out->status, tries);
}

void net_url_text(Text *url, const char *text, bool slash)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.~";
    for (; *text; text++) {
        if (strchr(plain, *text) || (slash && *text == '/')) text_char(url, *text);
        else text_fmt(url, "%%%02X", (unsigned char)*text);
    }
}

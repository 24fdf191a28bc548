/* os/thread.c -- one task cut into parts that do not know each other, over a few threads.
*/
#include "os/inner.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>

#define THREADS_MAX 64u

typedef struct Shared {
    OsPart *part;
    void *self;
    size_t n;
    atomic_size_t next;            /* the first part that nobody has taken */
    atomic_bool failed;
} Shared;

typedef struct Hand {              /* one thread */
    Shared *shared;
    Ctx cx;
    size_t at;                     /* where it failed */
    Err err;
    pthread_t thread;
} Hand;

static void *work(void *of)
{
    Hand *h = of;
    Shared *s = h->shared;
    while (!h->err && !atomic_load(&s->failed)) {
        size_t i = atomic_fetch_add(&s->next, 1);
        if (i >= s->n) break;
        h->at = i;
        h->err = s->part(&h->cx, s->self, i);
        if (h->err) atomic_store(&s->failed, true);
    }
    return NULL;
}

/* Signals are for the thread that was here before. */
static bool start(Hand *h)
{
    sigset_t all, old;
    sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &old);
    bool started = pthread_create(&h->thread, NULL, work, h) == 0;
    (void)pthread_sigmask(SIG_SETMASK, &old, NULL);
    return started;
}

Err os_parts(Ctx *cx, unsigned threads, size_t n, OsPart *part, void *self)
{
    Shared s = { .part = part, .self = self, .n = n };
    Err err = OK;
    size_t hands = threads < THREADS_MAX ? threads : THREADS_MAX, started = 1;
    if (hands > n) hands = n;
    if (!n) return OK;
    if (hands < 1) hands = 1;
    Hand *hand = ctx_get_n(cx, hands, sizeof *hand);
    if (!hand) return FAIL(cx, ERR_NOMEM, "starting %zu threads", hands);
    for (size_t i = 0; i < hands; i++) {
        hand[i].shared = &s;
        ctx_child(cx, &hand[i].cx);
        if (i) hand[i].cx.progress = (Progress){ 0 };      /* who listens need not expect two voices */
    }
    while (started < hands && start(&hand[started])) started++;     /* fewer threads will do */
    work(&hand[0]);
    for (size_t i = 1; i < started; i++) pthread_join(hand[i].thread, NULL);
    Hand *first = NULL;
    for (size_t i = 0; i < hands; i++)
        if (hand[i].err && (!first || hand[i].at < first->at)) first = &hand[i];
    if (first) err = ctx_hop(cx, ctx_join(cx, &first->cx, first->err), __FILE__, __LINE__);
    for (size_t i = 0; i < hands; i++) ctx_clear(&hand[i].cx);
    ctx_put(cx, hand);
    return err;
}

/* ledger/group.c -- many threads, one transaction: what waits is committed together.
**
** Who comes to an empty queue leads: it waits until the leader before it is done,
** takes the whole queue, runs every piece of work in one transaction, commits, and
** tells each its result.  While one transaction reaches the disk the next queue
** fills, so the more threads wait the fewer syncs an event costs.  When a piece of
** work fails the transaction is undone and every piece runs in one of its own, so
** that only the one at fault fails; a commit whose outcome is not known is never
** repeated.
*/
#include "ledger/inner.h"

#include "os/os.h"

#include <string.h>

typedef struct Piece Piece;
struct Piece {                     /* on the stack of the thread that waits */
    Piece *next;
    LedgerWork *work;
    void *self;
    Err err;
    OsBell done;
    char text[CTX_TEXT_MAX];
};

struct LedgerGroup {
    Ledger *ledger;
    _Atomic(Piece *) last;         /* the queue, newest first; NULL: empty */
    OsMutex leading;
};

Err ledger_group_open(Ctx *cx, Ledger *l, LedgerGroup **out)
{
    *out = NULL;
    if (!l->writer) return FAIL(cx, ERR_BUG, "the ledger '%s' is open for questions only", l->path);
    LedgerGroup *g = ctx_get(cx, sizeof *g);
    if (!g) return FAIL(cx, ERR_NOMEM, "opening a queue before the ledger '%s'", l->path);
    g->ledger = l;
    *out = g;
    return OK;
}

void ledger_group_close(Ctx *cx, LedgerGroup *g)
{
    if (g) CHECK_ALWAYS(!atomic_load(&g->last));
    ctx_put(cx, g);
}

/* One piece of work inside the open transaction.  Work that failed, or undid the transaction, leaves none open. */
static Err run_piece(Ctx *cx, LedgerGroup *g, const Piece *p)
{
    Err err = p->work(cx, g->ledger, p->self);
    if (!err && !g->ledger->group) err = FAIL(cx, ERR_BUG, "work in a queue ended the transaction it was part of");
    if (err) ledger_cancel(g->ledger);
    return err;
}

static Err run_all(Ctx *cx, LedgerGroup *g, Piece *first)
{
    TRY(cx, ledger_begin(cx, g->ledger));
    for (Piece *p = first; p; p = p->next) TRY(cx, run_piece(cx, g, p));
    TRY(cx, ledger_commit(cx, g->ledger));
    return OK;
}

/* Is it the fault of one piece of work?  Nothing of the transaction was kept then. */
static bool somebody_s_fault(Err err)
{
    switch (err) {
    case ERR_BUG: case ERR_USAGE: case ERR_BAD_INPUT: case ERR_SHAPE: case ERR_NUMERIC: case ERR_REFUSED: case ERR_NOT_FOUND:
    case ERR_LIMIT: case ERR_INTERRUPTED: return true;
    default: return false;
    }
}

static void result(Piece *p, Err err, const char *text)
{
    p->err = err;
    if (err) memcpy(p->text, text, sizeof p->text);
}

/* From here on the leader's own failure text is nobody's but its piece's. */
static void lead(Ctx *cx, LedgerGroup *g, Piece *own)
{
    Piece *first = NULL, *next;
    Ctx aside;
    ctx_child(cx, &aside);
    aside.progress = (Progress){ 0 };
    os_mutex_take(&g->leading);
    for (Piece *p = atomic_exchange(&g->last, NULL); p; p = next) {
        next = p->next;
        p->next = first;
        first = p;
    }
    Err err = run_all(&aside, g, first);
    bool apart = err && somebody_s_fault(err) && first->next;
    for (Piece *p = first; p; p = p->next) {
        if (apart) {
            Piece alone = *p;
            alone.next = NULL;
            err = run_all(&aside, g, &alone);
        }
        result(p, err, aside.text);
    }
    os_mutex_give(&g->leading);
    for (Piece *p = first; p; p = next) {      /* who is told is gone */
        next = p->next;
        if (p != own) os_bell_ring(&p->done);
    }
    ctx_clear(&aside);
}

Err ledger_group_do(Ctx *cx, LedgerGroup *g, LedgerWork *work, void *self)
{
    Piece own = { .work = work, .self = self };
    Piece *before = atomic_load(&g->last);
    do own.next = before;
    while (!atomic_compare_exchange_weak(&g->last, &before, &own));
    if (before) os_bell_wait(&own.done);
    else lead(cx, g, &own);
    return own.err ? FAIL(cx, own.err, "%s", own.text) : OK;
}

typedef struct Acts { const Act *act; size_t n; uint64_t first; } Acts;

static Err append_acts(Ctx *cx, Ledger *l, void *self)
{
    Acts *a = self;
    for (size_t i = 0; i < a->n; i++) {
        uint64_t seq = 0;
        TRY(cx, ledger_append(cx, l, &a->act[i], &seq));
        if (!i) a->first = seq;
    }
    return OK;
}

Err ledger_group_append(Ctx *cx, LedgerGroup *g, const Act *act, size_t n, uint64_t *first_seq)
{
    Acts a = { .act = act, .n = n };
    *first_seq = 0;
    TRY(cx, ledger_group_do(cx, g, append_acts, &a));
    *first_seq = a.first;
    return OK;
}

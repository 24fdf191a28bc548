/* app/remotelog.c -- the logs of ledgers at a remote: signed segments beside its objects.
**
** Two ledgers are never merged: each lies there under its own id, ledgers/ID-FIRST-LAST.seg, and whoever pulls takes over the
** segments of the others, checked, in order, without gaps.  Who pushes adds what is new of his own, and of those he knows.
*/
#include "app/inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEGMENT_MAX ((size_t)1 << 30)
#define ID_HEX (2 * SHA256_BYTES)

typedef struct Piece { char name[200]; char id[ID_HEX + 1]; uint64_t first, last; } Piece;
typedef struct Pieces { Ctx *cx; Piece *at; size_t n, cap; } Pieces;

/* ledgers/ID-FIRST-LAST.seg */
static Err take(void *arg, const char *name, uint64_t bytes)
{
    Pieces *p = arg;
    Piece piece = { .first = 0 };
    Digest d;
    unsigned long long first, last;
    int end = 0;
    (void)bytes;
    const char *at = name + sizeof STORE_SIDE;
    if (strlen(name) >= sizeof piece.name || strlen(at) < ID_HEX + 2 || at[ID_HEX] != '-') return OK;
    snprintf(piece.id, sizeof piece.id, "%.*s", ID_HEX, at);
    if (!digest_read(piece.id, &d) || sscanf(at + ID_HEX, "-%llu-%llu.seg%n", &first, &last, &end) != 2 || !end) return OK;
    snprintf(piece.name, sizeof piece.name, "%s", name);
    piece.first = first;
    piece.last = last;
    if (p->n == p->cap) {
        size_t cap = p->cap ? 2 * p->cap : 16;
        void *more = ctx_grow(p->cx, p->at, cap, sizeof *p->at);
        if (!more) return FAIL(p->cx, ERR_NOMEM, "listing the logs of a remote");
        p->at = more;
        p->cap = cap;
    }
    p->at[p->n++] = piece;
    return OK;
}

static int by_order(const void *a, const void *b)
{
    const Piece *x = a, *y = b;
    int k = strcmp(x->id, y->id);
    if (k) return k;
    return x->first != y->first ? (x->first < y->first ? -1 : 1) : (x->last > y->last) - (x->last < y->last);
}

static Err list(Ctx *cx, Store *far, Pieces *p)
{
    *p = (Pieces){ .cx = cx };
    TRY(cx, store_side_list(cx, far, take, p));
    if (p->n) qsort(p->at, p->n, sizeof *p->at, by_order);
    return OK;
}

static uint64_t last_there(const Pieces *p, const char *id)
{
    uint64_t last = 0;
    for (size_t i = 0; i < p->n; i++)
        if (!strcmp(p->at[i].id, id) && p->at[i].last > last) last = p->at[i].last;
    return last;
}

static Err put(Ctx *cx, Store *far, const char *id, uint64_t first, uint64_t last, const void *bytes, size_t n)
{
    char name[200];
    snprintf(name, sizeof name, STORE_SIDE "/%s-%llu-%llu.seg", id, (unsigned long long)first, (unsigned long long)last);
    return store_side_put(cx, far, name, bytes, n);
}

/* What is new of our own log. */
static Err push_own(Ctx *cx, Ledger *l, Store *far, const Pieces *p, AppTransferOut *out)
{
    char id[SHA256_TEXT_MAX];
    Digest d, head;
    uint64_t seq, last;
    ledger_id(l, &d);
    digest_text(&d, id);
    TRY(cx, ledger_head(cx, l, &seq, &head));
    for (uint64_t from = last_there(p, id) + 1; from <= seq; from = last + 1) {
        Text t;
        text_init(&t, cx);
        Err err = ledger_export(cx, l, from, &t, &last);
        if (!err) err = text_err(&t);
        if (!err) err = put(cx, far, id, from, last, t.at, t.n);
        text_clear(&t);
        TRY(cx, err);
        out->events += last - from + 1;
    }
    out->ledgers = 1;
    return OK;
}

typedef struct Onward { Ctx *cx; Store *here, *far; const Pieces *p; AppTransferOut *out; } Onward;

/* Segments of others that we hold and the remote does not. */
static Err push_foreign(void *arg, const LedgerSegment *s)
{
    Onward *o = arg;
    char id[SHA256_TEXT_MAX];
    void *bytes;
    size_t n;
    if (!s->foreign) return OK;
    digest_text(&s->ledger, id);
    if (s->last <= last_there(o->p, id)) return OK;
    TRY(o->cx, store_get(o->cx, o->here, &s->object, SEGMENT_MAX, &bytes, &n));
    Err err = put(o->cx, o->far, id, s->first, s->last, bytes, n);
    ctx_put(o->cx, bytes);
    if (!err) o->out->events += s->last - s->first + 1;
    return err;
}

Err remote_log_push(Ctx *cx, House *house, Store *far, AppTransferOut *out)
{
    Ledger *l = repo_ledger(house->project->repo);
    Pieces p;
    Err err = list(cx, far, &p);
    if (!err) err = push_own(cx, l, far, &p, out);
    Onward o = { cx, repo_store(house->project->repo), far, &p, out };
    if (!err) err = ledger_each_segment(cx, l, push_foreign, &o);
    ctx_put(cx, p.at);
    return err;
}

Err remote_log_pull(Ctx *cx, House *house, Store *far, AppTransferOut *out)
{
    Ledger *l = repo_ledger(house->project->repo);
    char id[SHA256_TEXT_MAX];
    Digest own;
    Pieces p;
    Err err = list(cx, far, &p);
    ledger_id(l, &own);
    digest_text(&own, id);
    for (size_t i = 0; i < p.n && !err; i++) {
        LedgerSegment got;
        Digest d, root;
        uint64_t known = 0;
        bool is_new = false;
        void *bytes;
        size_t n;
        if (!strcmp(p.at[i].id, id) || !digest_read(p.at[i].id, &d)) continue;
        if (!i || strcmp(p.at[i - 1].id, p.at[i].id)) out->ledgers++;
        if ((err = ledger_foreign_known(cx, l, &d, &known, &root)) || p.at[i].last <= known) continue;
        if ((err = store_side_get(cx, far, p.at[i].name, SEGMENT_MAX, &bytes, &n))) break;
        err = ledger_receive(cx, l, bytes, n, &got, &is_new);
        ctx_put(cx, bytes);
        if (!err && is_new) out->events += got.last - (known > got.first - 1 ? known : got.first - 1);
    }
    ctx_put(cx, p.at);
    return err;
}

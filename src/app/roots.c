/* app/roots.c -- which objects must stay when the store is swept.
**
** The lake names what its versions stand on.  All else is kept that any other event names: every 64 hexadecimal digits in a
** payload, and, since a record or a manifest may name more, in the JSON objects so found.  Too much rather than too little.
*/
#include "app/inner.h"

#include <string.h>

#define JSON_MAX ((size_t)16 << 20)

typedef struct Roots {
    Ctx *cx;
    Store *store;
    StoreKeep *keep;
    void *to;
    bool foreign;
    unsigned depth;
} Roots;

static Err keep_named(Roots *r, const char *text, size_t n);

/* Objects that are JSON may name others. */
static Err keep_one(Roots *r, const Digest *d)
{
    StoreInfo info;
    void *bytes;
    size_t n;
    char first;
    TRY(r->cx, r->keep(r->to, d));
    bool has;
    TRY(r->cx, store_has(r->cx, r->store, d, &has));
    if (!has || r->depth > 3) return OK;
    TRY(r->cx, store_look(r->cx, r->store, d, &info));
    if (info.form == STORE_RAW || info.bytes > JSON_MAX || info.bytes < SHA256_TEXT_MAX) return OK;
    TRY(r->cx, store_get(r->cx, r->store, d, JSON_MAX, &bytes, &n));
    first = *(char *)bytes;
    r->depth++;
    Err err = first == '{' || first == '[' ? keep_named(r, bytes, n) : OK;
    r->depth--;
    ctx_put(r->cx, bytes);
    return err;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

static Err keep_named(Roots *r, const char *text, size_t n)
{
    size_t run = 0;
    for (size_t i = 0; i <= n; i++) {
        if (i < n && is_hex(text[i])) {
            run++;
            continue;
        }
        char hex[SHA256_TEXT_MAX];
        Digest d;
        if (run == SHA256_TEXT_MAX - 1) {
            memcpy(hex, text + i - run, run);
            hex[run] = 0;
            if (digest_read(hex, &d)) TRY(r->cx, keep_one(r, &d));
        }
        run = 0;
    }
    return OK;
}

static Err see_event(void *arg, const Event *e)
{
    Roots *r = arg;
    if (!strncmp(e->kind, "data.", 5)) return OK;                  /* the lake says which of these still stand */
    if (!strcmp(e->kind, "ledger.received")) r->foreign = true;
    return e->payload ? keep_named(r, e->payload, e->payload_n) : OK;
}

static Err see_live(Ctx *cx, void *arg, const Digest *d)
{
    const Roots *r = arg;
    (void)cx;
    return r->keep(r->to, d);
}

Err app_roots(Ctx *cx, void *arg, StoreKeep *keep, void *to)
{
    House *house = arg;
    Lake *lake;
    Roots r = { .cx = cx, .keep = keep, .to = to };
    TRY(cx, lake_here(cx, house, PROJECT_READ, &lake));
    r.store = repo_store(house->project->repo);
    TRY(cx, ledger_each(cx, repo_ledger(house->project->repo), &(LedgerAsk){ .from_seq = 1 }, see_event, &r));
    if (r.foreign)
        return FAIL(cx, ERR_REFUSED, "this project also holds the log of another one, which may name objects that are seen nowhere else: "
                    "nothing was removed; sweep where the work was done");
    return lake_live(cx, lake, see_live, &r);
}

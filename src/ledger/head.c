/* ledger/head.c -- signed heads: one row in the tables, one line in leat.lock.
**
** Every commit signs the root of all events, so that the tables never hold an event
** that no signature covers.  leat.lock lies in the project's folder, where Git keeps
** it: whoever edits the tables cannot edit every clone of it.  It is written once a
** command, when the ledger is closed, and never over a head that contradicts the log.
*/
#include "ledger/inner.h"

#include "base/save.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOCK_MAX ((size_t)1 << 20)
#define LOCK_LINE_MAX 512

static const Statement st_head = { "SELECT size, root, key, signature FROM head", NULL };
static const Statement st_put = {
    "INSERT INTO head(one, size, root, key, signature) VALUES(1, ?1, ?2, ?3, ?4) ON CONFLICT(one) DO UPDATE SET"
    " size = excluded.size, root = excluded.root, key = excluded.key, signature = excluded.signature", NULL };

Err ledger_signed(Ctx *cx, Ledger *l, LedgerHead *out, bool *has)
{
    DbRows *rows = NULL;
    size_t n, k;
    Err err = OK;
    *has = false;
    TRY_DONE(cx, db_ask(cx, l->db, &st_head, DB_NO_ARGS, &rows));
    TRY_DONE(cx, db_next(cx, rows, has));
    if (!*has) goto done;
    out->size = (uint64_t)db_get_int(rows, 0);
    bool good = ledger_take_digest(rows, 1, &out->root);
    const void *key = db_get_blob(rows, 2, &n);
    if (n == sizeof out->key) memcpy(out->key, key, n);
    const void *signature = db_get_blob(rows, 3, &k);
    if (k == sizeof out->signature) memcpy(out->signature, signature, k);
    if (!good || n != sizeof out->key || k != sizeof out->signature) {
        *has = false;
        err = FAIL(cx, ERR_CORRUPT, "the signed head of the ledger '%s' is damaged; restore it from a copy", l->path);
    }
done:
    db_rows_close(rows);
    return err;
}

Err ledger_head_check(Ctx *cx, const Digest *ledger, const LedgerHead *head, bool *good)
{
    TRY(cx, sign_head_check(cx, ledger, head, good));
    return OK;
}

Err ledger_expect(Ctx *cx, Ledger *l, const char *where, const LedgerHead *head)
{
    if (l->expected_n == LEDGER_EXPECTED_MAX)
        return FAIL(cx, ERR_LIMIT, "more than %d heads to hold the ledger '%s' against", LEDGER_EXPECTED_MAX, l->path);
    HeadSeen *more = ctx_grow(cx, l->expected, l->expected_n + 1, sizeof *more);
    if (!more) return FAIL(cx, ERR_NOMEM, "noting the head of '%s'", where);
    l->expected = more;
    HeadSeen *h = &more[l->expected_n++];
    snprintf(h->where, sizeof h->where, "%s", where);
    h->head = *head;
    return OK;
}

/* --- signing --- */

void ledger_signer_get(Ctx *cx, Ledger *l)
{
    Ctx aside;
    if (l->signer || l->signer_tried || !l->keys) return;
    l->signer_tried = true;
    ctx_child(cx, &aside);
    if (sign_open(&aside, l->keys, &l->signer))
        ctx_warn(cx, "the log is not signed: %s", aside.text);
    ctx_clear(&aside);
}

Err ledger_introduce(Ctx *cx, Ledger *l)
{
    static const Statement known = { "SELECT count(*) FROM ledger_signer WHERE key = ?1", NULL };
    unsigned char key[LEDGER_KEY_BYTES];
    char hex[2 * LEDGER_KEY_BYTES + 1], payload[128];
    int64_t n = 0;
    uint64_t seq;
    ledger_signer_get(cx, l);
    if (!l->signer || l->signer_known) return OK;
    sign_public(l->signer, key);
    hex_write(key, sizeof key, hex);
    TRY(cx, db_ask_int(cx, l->db, &known, DB_ARGS(db_text(hex)), 0, &n));
    if (!n) {
        snprintf(payload, sizeof payload, "{\"key\":\"%s\"}", hex);
        TRY(cx, ledger_append_inside(cx, l, &(Act){ .kind = "ledger.signer", .subject = l->actor, .payload = payload }, &seq));
    }
    l->signer_known = true;
    return OK;
}

Err ledger_sign_now(Ctx *cx, Ledger *l)
{
    LedgerHead head = { .size = l->tree.size };
    ledger_signer_get(cx, l);
    if (!l->signer) return OK;
    tree_root(l->hasher, &l->tree, &head.root);
    TRY(cx, sign_head(cx, l->signer, &l->id, &head));
    TRY(cx, db_run(cx, l->writer, &st_put,
                   DB_ARGS(db_int((int64_t)head.size), db_blob(head.root.at, SHA256_BYTES),
                           db_blob(head.key, sizeof head.key), db_blob(head.signature, sizeof head.signature)), NULL));
    l->head_moved = true;
    return OK;
}

/* --- leat.lock: lines `head <ledger> <size> <root> <key> <signature>`, one a ledger; other lines are comments --- */

typedef struct LockLine { char id[SHA256_TEXT_MAX]; LedgerHead head; } LockLine;

static bool read_line(const char *line, size_t n, LockLine *out)
{
    char text[LOCK_LINE_MAX], root[65], key[65], signature[129], end;
    if (n >= sizeof text) return false;
    memcpy(text, line, n);
    text[n] = 0;
    memset(out, 0, sizeof *out);
    int got = sscanf(text, "head %64[0-9a-f] %" SCNu64 " %64[0-9a-f] %64[0-9a-f] %128[0-9a-f] %c", out->id, &out->head.size, root, key,
                     signature, &end);
    return got == 5 && strlen(out->id) == 64 && digest_read(root, &out->head.root) && hex_read(key, out->head.key, 32) &&
           hex_read(signature, out->head.signature, 64);
}

static Err read_lock(Ctx *cx, const Ledger *l, char **text, size_t *n)
{
    FileInfo info;
    const Files *f = cx->world->files;
    *text = NULL;
    *n = 0;
    if (!l->lock) return OK;
    Err err = f->look(f->self, l->lock, &info);
    if (err) return FAIL(cx, err, "looking at '%s'", l->lock);
    if (info.type == FILE_NONE) return OK;
    TRY(cx, save_read(cx, l->lock, LOCK_MAX, text, n));
    return OK;
}

/* The next line from *at on: its start and length. */
static const char *next_line(const char **at, const char *end, size_t *n)
{
    const char *from = *at, *stop = memchr(from, '\n', (size_t)(end - from));
    *n = (size_t)((stop ? stop : end) - from);
    *at = stop ? stop + 1 : end;
    if (*n && from[*n - 1] == '\r') --*n;
    return from;
}

Err ledger_lock_heads(Ctx *cx, const Ledger *l, LedgerHead *out, size_t max, size_t *n)
{
    char *text, id[SHA256_TEXT_MAX];
    size_t size, len;
    *n = 0;
    TRY(cx, read_lock(cx, l, &text, &size));
    digest_text(&l->id, id);
    for (const char *at = text, *end = text + size; at && at < end && *n < max;) {
        LockLine line;
        const char *from = next_line(&at, end, &len);
        if (read_line(from, len, &line) && !strcmp(line.id, id)) out[(*n)++] = line.head;
    }
    ctx_put(cx, text);
    return OK;
}

static Err put_lock(Ctx *cx, Ledger *l, const LedgerHead *head)
{
    char *text, id[SHA256_TEXT_MAX], root[65], key[65], signature[129];
    size_t size, len;
    Text t;
    TRY(cx, read_lock(cx, l, &text, &size));
    digest_text(&l->id, id);
    digest_text(&head->root, root);
    hex_write(head->key, sizeof head->key, key);
    hex_write(head->signature, sizeof head->signature, signature);
    text_init(&t, cx);
    text_put(&t, "# Signed heads of ledgers, written by leat.  Keep this file in Git: 'leat log verify' holds the log against it.\n");
    for (const char *at = text, *end = text + size; at && at < end;) {
        LockLine line;
        const char *from = next_line(&at, end, &len);
        if (!read_line(from, len, &line) || !strcmp(line.id, id)) continue;
        text_bytes(&t, from, len);
        text_char(&t, '\n');
    }
    text_fmt(&t, "head %s %" PRIu64 " %s %s %s\n", id, head->size, root, key, signature);
    Err err = text_err(&t);
    if (!err) err = save_whole(cx, l->lock, t.at, t.n);
    text_clear(&t);
    ctx_put(cx, text);
    return err;
}

static Err lock_inside(Ctx *cx, Ledger *l)
{
    LedgerHead old[LEDGER_EXPECTED_MAX], head;
    size_t n = 0;
    bool has = false;
    Digest root;
    TRY(cx, ledger_signed(cx, l, &head, &has));
    if (!has) return OK;
    TRY(cx, ledger_lock_heads(cx, l, old, LEDGER_EXPECTED_MAX, &n));
    for (size_t i = 0; i < n; i++) {
        if (old[i].size > head.size)
            return FAIL(cx, ERR_CORRUPT, "'%s' knows %llu events but the log has %llu: part of it is gone; 'leat log verify' says more",
                        l->lock, (unsigned long long)old[i].size, (unsigned long long)head.size);
        TRY(cx, ledger_root(cx, l, old[i].size, &root));
        if (!digest_same(&root, &old[i].root))
            return FAIL(cx, ERR_CORRUPT, "the log is not the one that '%s' knows; 'leat log verify' says more", l->lock);
    }
    TRY(cx, put_lock(cx, l, &head));
    return OK;
}

void ledger_publish(Ctx *cx, Ledger *l)
{
    l->head_moved = true;
    ledger_lock_write(cx, l);
}

void ledger_lock_write(Ctx *cx, Ledger *l)
{
    Ctx aside;
    if (!l->head_moved || !l->lock) return;
    l->head_moved = false;
    ctx_child(cx, &aside);
    aside.cancel = NULL;                       /* what was done must still be told */
    aside.deadline_us = 0;
    if (lock_inside(&aside, l)) ctx_warn(cx, "leat.lock was not written: %s", aside.text);
    ctx_clear(&aside);
}

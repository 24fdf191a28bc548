/* ledger/upgrade.c -- a ledger of format 1 becomes one of format 2, in one transaction.
**
** Format 1 hashed other bytes: "leat-event/1\n", numbers and lengths in big-endian, words, hashes.  Its chain is
** checked first; then every event gets its new hash, and an event ledger.upgraded says what the old head and the
** old name were, so that whoever kept those can still compute them from the same events.
*/
#include "ledger/inner.h"

#include <stdio.h>
#include <string.h>

static void put_number(Text *t, uint64_t v, int bytes)
{
    for (int i = bytes - 1; i >= 0; i--) text_char(t, (char)(unsigned char)(v >> (8 * i) & 0xff));
}

static void put_word(Text *t, const char *s)
{
    size_t n = strlen(s);
    put_number(t, n, 4);
    text_bytes(t, s, n);
}

static Err old_leaf(Ledger *l, const Event *e, Digest *out)
{
    Text *t = &l->text;
    t->n = 0;
    text_char(t, 0);
    text_put(t, "leat-event/1\n");
    put_number(t, e->seq, 8);
    put_number(t, (uint64_t)e->time_us, 8);
    put_word(t, e->actor);
    put_word(t, e->on_behalf);
    put_word(t, e->project);
    put_word(t, e->kind);
    put_word(t, e->subject);
    text_bytes(t, e->payload_hash.at, SHA256_BYTES);
    text_bytes(t, e->previous.at, SHA256_BYTES);
    if (t->broken) return text_err(t);
    hash_again(l->hasher, t->at, t->n, NULL, 0, out);
    return OK;
}

/* The event of a row: the old hash must be right; the new one is written over it. */
static Err upgrade_row(Ctx *cx, Ledger *l, DbRows *rows, Digest *old, Digest *new)
{
    static const Statement put = { "UPDATE event SET previous = ?2, hash = ?3 WHERE seq = ?1", NULL };
    Event e;
    Digest d, was_new = *new;
    TRY(cx, ledger_event_row(cx, l, rows, &e));
    hash_again(l->hasher, e.stored, e.stored_n, NULL, 0, &d);
    bool good = digest_same(&d, &e.payload_hash) && digest_same(&e.previous, old) && e.seq == l->tree.size + 1;
    TRY(cx, old_leaf(l, &e, &d));
    if (!good || !digest_same(&d, &e.hash))
        return FAIL(cx, ERR_CORRUPT, "event %llu of the ledger '%s' is damaged, so it cannot be brought to the new format; restore it from a copy",
                    (unsigned long long)l->tree.size + 1, l->path);
    *old = d;
    e.previous = was_new;
    TRY(cx, ledger_leaf_with(l->hasher, &l->text, &e, new));
    TRY(cx, db_run(cx, l->writer, &put,
                   DB_ARGS(db_int((int64_t)e.seq), db_blob(e.previous.at, SHA256_BYTES), db_blob(new->at, SHA256_BYTES)), NULL));
    TRY(cx, ledger_tree_append(cx, l, new));
    if (e.seq == 1) l->id = *new;
    return OK;
}

static Err upgrade_events(Ctx *cx, Ledger *l, const HeadRow *from, Digest *new)
{
    DbRows *rows = NULL;
    Digest old = { { 0 } };
    bool more = false;
    l->tree = (Tree){ 0 };
    *new = old;
    for (uint64_t seq = 1; seq <= from->seq; seq++) {
        const LedgerAsk one = { .from_seq = seq, .to_seq = seq };
        TRY(cx, ledger_ask_events(cx, l, &one, &rows));
        Err err = db_next(cx, rows, &more);
        if (!err && more) err = upgrade_row(cx, l, rows, &old, new);
        else if (!err) err = FAIL(cx, ERR_CORRUPT, "event %llu of the ledger '%s' is missing; restore it from a copy", (unsigned long long)seq, l->path);
        db_rows_close(rows);
        if (err) return err;
    }
    if (!digest_same(&old, &from->hash))
        return FAIL(cx, ERR_CORRUPT, "the log of '%s' does not end where its head says; restore it from a copy", l->path);
    return OK;
}

static Err upgrade_inside(Ctx *cx, Ledger *l, const HeadRow *from)
{
    static const Statement before[] = {
        { "DROP TRIGGER event_kept", NULL }, { "DROP TRIGGER event_stays", NULL },
        { "ALTER TABLE payload RENAME TO payload_1", NULL }, { NULL, NULL } };
    static const Statement after[] = {
        { "CREATE TRIGGER event_kept BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events never change'); END", NULL },
        { "CREATE TRIGGER event_stays BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events stay'); END", NULL },
        { NULL, NULL } };
    static const Statement move = { "INSERT INTO payload(seq, state, body, secret) SELECT seq, 0, body, NULL FROM payload_1", NULL };
    static const Statement drop = { "DROP TABLE payload_1", NULL };
    static const Statement head = { "UPDATE ledger SET format = ?1, id = ?2, hash = ?3", NULL };
    char id[SHA256_TEXT_MAX], hash[SHA256_TEXT_MAX], payload[512];
    Digest new;
    uint64_t seq;
    for (const Statement *st = before; st->sqlite; st++) TRY(cx, db_run(cx, l->writer, st, DB_NO_ARGS, NULL));
    for (const Statement *st = ledger_make_2; st->sqlite; st++) TRY(cx, db_run(cx, l->writer, st, DB_NO_ARGS, NULL));
    TRY(cx, db_run(cx, l->writer, &move, DB_NO_ARGS, NULL));
    TRY(cx, db_run(cx, l->writer, &drop, DB_NO_ARGS, NULL));
    TRY(cx, upgrade_events(cx, l, from, &new));
    for (const Statement *st = after; st->sqlite; st++) TRY(cx, db_run(cx, l->writer, st, DB_NO_ARGS, NULL));
    TRY(cx, db_run(cx, l->writer, &head,
                   DB_ARGS(db_int(LEDGER_FORMAT), db_blob(l->id.at, SHA256_BYTES), db_blob(new.at, SHA256_BYTES)), NULL));
    TRY(cx, ledger_make_tables(cx, l->writer, &ledger_own_room));
    l->head = (HeadRow){ .seq = from->seq, .hash = new, .id = l->id, .format = LEDGER_FORMAT };
    l->began = from->seq;
    l->group = true;
    digest_text(&from->id, id);
    digest_text(&from->hash, hash);
    snprintf(payload, sizeof payload, "{\"format\":1,\"hash\":\"%s\",\"id\":\"%s\",\"seq\":%llu}", hash, id, (unsigned long long)from->seq);
    TRY(cx, ledger_append_inside(cx, l, &(Act){ .kind = "ledger.upgraded", .subject = "ledger", .payload = payload }, &seq));
    TRY(cx, ledger_introduce(cx, l));
    return OK;
}

Err ledger_upgrade(Ctx *cx, Ledger *l, int64_t from)
{
    HeadRow head;
    if (from != 1) return FAIL(cx, ERR_CORRUPT, "the ledger '%s' has the format %lld, which never was", l->path, (long long)from);
    if (!l->writer)
        return FAIL(cx, ERR_REFUSED, "'%s' is from an older leat; run a command that may write to it once", l->path);
    TRY(cx, db_begin(cx, l->writer));
    Err err = ledger_read_head(cx, l, &head);
    if (!err && head.format == from) {
        err = upgrade_inside(cx, l, &head);
        if (!err) err = ledger_commit(cx, l);
    } else if (!err) {
        l->id = head.id;                       /* somebody else was faster */
    }
    if (err) ledger_cancel(l);
    db_undo(l->writer);
    return err;
}

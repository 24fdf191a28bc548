/* ledger/append.c -- one act becomes an event: words checked, hashed, written, applied; groups of them.
**
** Under the write lock the head row is read and moved, so two processes never
** give one number twice.  Event row, payload, head and the rooms' tables change in
** one transaction: a crash leaves all of them old or all of them new.
*/
#include "ledger/inner.h"

#include <string.h>

static const Statement st_event = {
    "INSERT INTO event(seq, time_us, actor, on_behalf, project, kind, subject, payload_hash, previous, hash)"
    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)", NULL };
static const Statement st_payload = { "INSERT INTO payload(seq, state, body, secret) VALUES(?1, ?2, ?3, ?4)", NULL };
static const Statement st_key = { "INSERT INTO ledger_key(seq, subject, key) VALUES(?1, ?2, ?3)", NULL };
static const Statement st_move = { "UPDATE ledger SET seq = ?1, hash = ?2", NULL };

static Err check_word(Ctx *cx, const char *what, const char *s, bool may_be_empty)
{
    size_t n = s ? strlen(s) : 0;
    if (!n && !may_be_empty) return FAIL(cx, ERR_BAD_INPUT, "an event without %s", what);
    if (n > LEDGER_WORD_MAX)
        return FAIL(cx, ERR_BAD_INPUT, "the %s '%.40s…' is %zu bytes; the most is %d", what, s, n,
                    LEDGER_WORD_MAX);
    if (n && !text_utf8_ok(s, n)) return FAIL(cx, ERR_BAD_INPUT, "the %s '%.60s' is not UTF-8", what, s);
    return OK;
}

bool ledger_owns(const LedgerRoom *room, const char *kind)
{
    for (const char *const *k = room->kinds; *k; k++) {
        if (!strcmp(*k, kind)) return true;
    }
    return false;
}

/* --- writing one event --- */

Err ledger_write_event(Ctx *cx, DbWriter *w, const Event *e)
{
    TRY(cx, db_run(cx, w, &st_event,
                   DB_ARGS(db_int((int64_t)e->seq), db_int(e->time_us), db_text(e->actor), db_text(e->on_behalf),
                           db_text(e->project), db_text(e->kind), db_text(e->subject),
                           db_blob(e->payload_hash.at, SHA256_BYTES), db_blob(e->previous.at, SHA256_BYTES),
                           db_blob(e->hash.at, SHA256_BYTES)), NULL));
    bool secret = e->state == LEDGER_SECRET;
    TRY(cx, db_run(cx, w, &st_payload,
                   DB_ARGS(db_int((int64_t)e->seq), db_int(e->state), secret ? db_null() : db_text(e->payload),
                           secret ? db_blob(e->stored, e->stored_n) : db_null()), NULL));
    return OK;
}

/* Fill in what an event is but its number, its predecessor and its hashes. */
Err ledger_seal(Ctx *cx, const Act *act, const LedgerWho *who, Text *body, Event *e)
{
    TRY(cx, check_word(cx, "an actor", who->actor, false));
    TRY(cx, check_word(cx, "on whose behalf", who->on_behalf, true));
    TRY(cx, check_word(cx, "a project", who->project, false));
    TRY(cx, check_word(cx, "a kind", act->kind, false));
    TRY(cx, check_word(cx, "a subject", act->subject, false));
    size_t n = strlen(act->payload);
    if (n > LEDGER_PAYLOAD_MAX)
        return FAIL(cx, ERR_LIMIT, "the payload of '%s' is %zu bytes; the most is %zu", act->kind, n,
                    LEDGER_PAYLOAD_MAX);
    TRY(cx, ledger_canon(cx, act->payload, n, body));
    e->time_us = cx->world->clock->now_us(cx->world->clock->self);
    e->actor = who->actor;
    e->on_behalf = who->on_behalf ? who->on_behalf : "";
    e->project = who->project;
    e->kind = act->kind;
    e->subject = act->subject;
    e->payload = body->at;
    e->payload_n = body->n;
    if (!act->personal) {
        e->stored = body->at;
        e->stored_n = body->n;
    }
    return OK;
}

/* Words of a person: from here on the log knows their cipher alone.  The key is one more row, which can be destroyed. */
static Err conceal(Ctx *cx, Ledger *l, const Act *act, Event *e, unsigned char **cipher)
{
    unsigned char key[32];
    TRY(cx, check_word(cx, "a person whose words they are", act->personal, false));
    *cipher = ctx_get(cx, e->payload_n + SECRET_MORE);
    if (!*cipher) return FAIL(cx, ERR_NOMEM, "encrypting a payload");
    TRY(cx, sign_random(cx, key, sizeof key));
    TRY(cx, secret_close(cx, e->seq, act->personal, key, e->payload, e->payload_n, *cipher));
    e->state = LEDGER_SECRET;
    e->stored = *cipher;
    e->stored_n = e->payload_n + SECRET_MORE;
    Err err = db_run(cx, l->writer, &st_key, DB_ARGS(db_int((int64_t)e->seq), db_text(act->personal), db_blob(key, sizeof key)), NULL);
    memset(key, 0, sizeof key);
    return err;
}

Err ledger_append_inside(Ctx *cx, Ledger *l, const Act *act, uint64_t *seq)
{
    const LedgerWho who = { .actor = l->actor, .on_behalf = l->on_behalf, .project = l->project };
    Event e = { .seq = l->head.seq + 1, .previous = l->head.hash };
    unsigned char *cipher = NULL;
    Text body;
    bool owned = false;
    Err err = OK;
    text_init(&body, cx);
    l->text.cx = cx;                           /* another thread's, when many share the ledger */
    l->text.broken = false;
    TRY_DONE(cx, ledger_seal(cx, act, &who, &body, &e));
    if (act->personal) TRY_DONE(cx, conceal(cx, l, act, &e, &cipher));
    hash_again(l->hasher, e.stored, e.stored_n, NULL, 0, &e.payload_hash);
    TRY_DONE(cx, ledger_leaf_with(l->hasher, &l->text, &e, &e.hash));
    TRY_DONE(cx, ledger_write_event(cx, l->writer, &e));
    TRY_DONE(cx, ledger_tree_append(cx, l, &e.hash));
    for (size_t i = 0; i < l->rooms_n; i++) {
        if (!ledger_owns(l->rooms[i], act->kind)) continue;
        owned = true;
        TRY_DONE(cx, l->rooms[i]->apply(cx, l->writer, &e));
    }
    if (!strcmp(act->kind, "ledger.received")) TRY_DONE(cx, ledger_project(cx, l, l->writer, l->rooms, l->rooms_n, &e));
    if (!owned) {
        err = FAIL(cx, ERR_BUG, "no room owns events of kind '%s'", act->kind);
        goto done;
    }
    l->head.seq = *seq = e.seq;
    l->head.hash = e.hash;
done:
    ctx_put(cx, cipher);
    text_clear(&body);
    return err;
}

/* --- groups --- */

/* What was known of the log's end may have been undone. */
static void forget(Ledger *l)
{
    l->tree = (Tree){ .size = UINT64_MAX };
    l->signer_known = false;
}

Err ledger_begin(Ctx *cx, Ledger *l)
{
    if (!l->writer) return FAIL(cx, ERR_BUG, "the ledger '%s' is open for questions only", l->path);
    if (l->group) return FAIL(cx, ERR_BUG, "a group is open already in the ledger '%s'", l->path);
    TRY(cx, db_begin(cx, l->writer));
    /* A newer Leat may have folded the tables anew since we opened: our apply would not fit them. */
    for (size_t i = 0; i < l->rooms_n; i++) {
        int64_t version = -1;
        Err err = ledger_room_version(cx, l, l->rooms[i], &version);
        if (!err && version != l->rooms[i]->version)
            err = FAIL(cx, ERR_REFUSED,
                       "another version of leat changed the tables of '%s'; start this program again", l->path);
        if (err) {
            db_undo(l->writer);
            return err;
        }
    }
    Err err = ledger_read_head(cx, l, &l->head);
    if (!err && l->tree.size != l->head.seq) err = ledger_tree_load(cx, l, l->head.seq, &l->tree);
    if (err) {
        db_undo(l->writer);
        forget(l);
        return err;
    }
    l->began = l->head.seq;
    l->group = true;
    return OK;
}

/* How far the log goes, and the signature over it: once a group. */
static Err close_group(Ctx *cx, Ledger *l)
{
    if (l->head.seq == l->began) return OK;
    TRY(cx, db_run(cx, l->writer, &st_move,
                   DB_ARGS(db_int((int64_t)l->head.seq), db_blob(l->head.hash.at, SHA256_BYTES)), NULL));
    TRY(cx, ledger_sign_now(cx, l));
    return OK;
}

Err ledger_commit(Ctx *cx, Ledger *l)
{
    if (!l->group) return FAIL(cx, ERR_BUG, "no group is open in the ledger '%s'", l->path);
    Err err = close_group(cx, l);
    if (!err) err = db_commit(cx, l->writer);
    if (err) {
        ledger_cancel(l);
        return ctx_hop(cx, err, __FILE__, __LINE__);
    }
    l->group = false;
    return OK;
}

void ledger_cancel(Ledger *l)
{
    if (!l->group) return;
    db_undo(l->writer);
    l->group = false;
    forget(l);
}

Err ledger_append(Ctx *cx, Ledger *l, const Act *act, uint64_t *seq)
{
    bool alone = !l->group;
    *seq = 0;
    if (alone) TRY(cx, ledger_begin(cx, l));
    Err err = ledger_introduce(cx, l);
    if (!err) err = ledger_append_inside(cx, l, act, seq);
    if (!err && alone) err = ledger_commit(cx, l);
    if (err) {
        ledger_cancel(l);
        *seq = 0;
    }
    return err;
}

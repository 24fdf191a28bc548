/* ledger/ledger.c -- make, open, close; tables of another version are folded anew.  Appending: append.c; reading: read.c */
#include "ledger/inner.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const Statement make_ledger[] = {
    { "CREATE TABLE ledger(one INTEGER PRIMARY KEY CHECK(one = 1), format INTEGER NOT NULL, id BLOB NOT NULL,"
      " seq INTEGER NOT NULL, hash BLOB NOT NULL) STRICT", NULL },
    { "CREATE TABLE event(seq INTEGER PRIMARY KEY, time_us INTEGER NOT NULL, actor TEXT NOT NULL, on_behalf TEXT NOT NULL,"
      " project TEXT NOT NULL, kind TEXT NOT NULL, subject TEXT NOT NULL, payload_hash BLOB NOT NULL,"
      " previous BLOB NOT NULL, hash BLOB NOT NULL) STRICT", NULL },
    { "CREATE INDEX event_kind ON event(kind, seq)", NULL },
    { "CREATE INDEX event_subject ON event(subject, seq)", NULL },
    { "CREATE TRIGGER event_kept BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events never change'); END",
      "DO $$ BEGIN CREATE FUNCTION event_kept() RETURNS trigger LANGUAGE plpgsql AS"
      " 'BEGIN RAISE EXCEPTION ''events never change and stay''; END';"
      " CREATE TRIGGER event_kept BEFORE UPDATE OR DELETE ON event FOR EACH ROW EXECUTE FUNCTION event_kept(); END $$" },
    { "CREATE TRIGGER event_stays BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events stay'); END", "" },
    { "CREATE TABLE ledger_room(name TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT", NULL },
    { NULL, NULL },
};
/* What format 2 has more. */
const Statement ledger_make_2[] = {
    { "CREATE TABLE payload(seq INTEGER PRIMARY KEY REFERENCES event(seq), state INTEGER NOT NULL, body TEXT, secret BLOB) STRICT",
      "CREATE TABLE payload(seq BIGINT PRIMARY KEY, state BIGINT NOT NULL, body TEXT COLLATE \"C\", secret BYTEA)" },   /* a reference costs 8 us there */
    { "CREATE TABLE ledger_key(seq INTEGER PRIMARY KEY, subject TEXT NOT NULL, key BLOB NOT NULL) STRICT", NULL },
    { "CREATE TABLE tile(level INTEGER NOT NULL, n INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY(level, n)) STRICT", NULL },
    { "CREATE TABLE head(one INTEGER PRIMARY KEY CHECK(one = 1), size INTEGER NOT NULL, root BLOB NOT NULL, key BLOB NOT NULL,"
      " signature BLOB NOT NULL) STRICT", NULL },
    { NULL, NULL },
};
static const Statement st_is_made = { "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'ledger'",
    "SELECT count(*) FROM pg_catalog.pg_tables WHERE schemaname = current_schema() AND tablename = 'ledger'" };
static const Statement st_first_head = { "INSERT INTO ledger(one, format, id, seq, hash) VALUES(1, ?1, ?2, 1, ?2)", NULL };
static const Statement st_room_is = {
    "INSERT INTO ledger_room(name, version) VALUES(?1, ?2) ON CONFLICT(name) DO UPDATE SET version = excluded.version", NULL };

char *ledger_copy(Ctx *cx, const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = ctx_get(cx, n);
    return p ? memcpy(p, s, n) : NULL;
}

/* --- make, open, close --- */

Err ledger_make_tables(Ctx *cx, DbWriter *w, const LedgerRoom *room)
{
    for (const Statement *st = room->make; st->sqlite; st++) TRY(cx, db_run(cx, w, st, DB_NO_ARGS, NULL));
    return OK;
}

/* The first event: its hash names the ledger, so it holds something nobody else has, and the key of who made it. */
static Err write_genesis(Ctx *cx, Ledger *l)
{
    const LedgerWho who = { .actor = l->actor, .on_behalf = l->on_behalf, .project = l->project };
    unsigned char nonce[32], key[LEDGER_KEY_BYTES];
    char hex[2 * sizeof nonce + 1];
    Text body, payload;
    Event e = { .seq = 1 };
    Act act = { .kind = "ledger.created", .subject = "ledger" };
    Err err = OK;
    text_init(&body, cx);
    text_init(&payload, cx);
    TRY_DONE(cx, sign_random(cx, nonce, sizeof nonce));
    ledger_signer_get(cx, l);
    json_open(&payload);
    json_key_int(&payload, "format", LEDGER_FORMAT);
    if (l->signer) {
        sign_public(l->signer, key);
        hex_write(key, sizeof key, hex);
        json_key_text(&payload, "key", hex);
    }
    hex_write(nonce, sizeof nonce, hex);
    json_key_text(&payload, "nonce", hex);
    json_close(&payload);
    TRY_DONE(cx, text_err(&payload));
    act.payload = payload.at;
    TRY_DONE(cx, ledger_seal(cx, &act, &who, &body, &e));
    hash_again(l->hasher, e.stored, e.stored_n, NULL, 0, &e.payload_hash);
    TRY_DONE(cx, ledger_leaf_with(l->hasher, &l->text, &e, &e.hash));
    TRY_DONE(cx, ledger_write_event(cx, l->writer, &e));
    TRY_DONE(cx, ledger_tree_append(cx, l, &e.hash));
    TRY_DONE(cx, db_run(cx, l->writer, &st_first_head, DB_ARGS(db_int(LEDGER_FORMAT), db_blob(e.hash.at, SHA256_BYTES)),
                        NULL));
    l->id = e.hash;
    TRY_DONE(cx, ledger_sign_now(cx, l));
done:
    text_clear(&payload);
    text_clear(&body);
    return err;
}

static Err make_inside(Ctx *cx, Ledger *l)
{
    int64_t made = 0;
    TRY(cx, db_open_write(cx, l->path, &l->writer));
    l->db = db_reader(l->writer);
    TRY(cx, db_begin(cx, l->writer));
    TRY(cx, db_ask_int(cx, l->db, &st_is_made, DB_NO_ARGS, 0, &made));
    if (made) return FAIL(cx, ERR_REFUSED, "'%s' is a ledger already", l->path);
    for (const Statement *st = make_ledger; st->sqlite; st++) TRY(cx, db_run(cx, l->writer, st, DB_NO_ARGS, NULL));
    for (const Statement *st = ledger_make_2; st->sqlite; st++) TRY(cx, db_run(cx, l->writer, st, DB_NO_ARGS, NULL));
    TRY(cx, write_genesis(cx, l));
    TRY(cx, db_commit(cx, l->writer));
    return OK;
}

/* A handle that is not open yet. */
static Err start(Ctx *cx, const char *path, const LedgerWho *who, Ledger **out)
{
    Ledger *l = ctx_get(cx, sizeof *l);
    *out = l;
    if (!l) return FAIL(cx, ERR_NOMEM, "opening the ledger '%s'", path);
    text_init(&l->text, cx);
    l->path = ledger_copy(cx, path);
    l->actor = ledger_copy(cx, who->actor);
    l->on_behalf = ledger_copy(cx, who->on_behalf ? who->on_behalf : "");
    l->project = ledger_copy(cx, who->project);
    l->keys = who->keys ? ledger_copy(cx, who->keys) : NULL;
    l->lock = who->lock ? ledger_copy(cx, who->lock) : NULL;
    if (!l->path || !l->actor || !l->on_behalf || !l->project || (who->keys && !l->keys) || (who->lock && !l->lock))
        return FAIL(cx, ERR_NOMEM, "opening the ledger '%s'", path);
    l->store = who->store;
    TRY(cx, hash_start(cx, &l->hasher));
    return OK;
}

Err ledger_make(Ctx *cx, const char *path, const LedgerWho *who)
{
    Ledger *l = NULL;
    Err err = start(cx, path, who, &l);
    if (!err) err = make_inside(cx, l);
    if (l && l->writer) db_undo(l->writer);
    if (err && l) l->head_moved = false;
    ledger_close(cx, l);
    return err;
}

/* Tables of another version are folded anew, under the write lock, by whoever comes first. */
static Err bring_up_to_date(Ctx *cx, Ledger *l, const LedgerRoom *room)
{
    int64_t version = -1;
    TRY(cx, ledger_room_version(cx, l, room, &version));
    if (version == room->version) return OK;
    if (version > room->version)
        return FAIL(cx, ERR_REFUSED, "'%s' was written by a newer leat; use that one", l->path);
    if (!l->writer)
        return FAIL(cx, ERR_REFUSED, "'%s' is from an older leat; run a command that may write to it once",
                    l->path);
    TRY(cx, db_begin(cx, l->writer));
    Err err = ledger_room_version(cx, l, room, &version);
    if (!err && version < room->version) {
        err = ledger_refold(cx, l, room);
        if (!err)
            err = db_run(cx, l->writer, &st_room_is, DB_ARGS(db_text(room->name), db_int(room->version)), NULL);
    }
    if (!err) err = db_commit(cx, l->writer);
    if (err) db_undo(l->writer);
    return err;
}

static Err open_inside(Ctx *cx, Ledger *l, bool writable)
{
    int64_t made = 0;
    HeadRow head;
    FileInfo info;
    const Files *f = cx->world->files;
    if (!db_is_address(l->path)) {
        Err err = f->look(f->self, l->path, &info);
        if (err) return FAIL(cx, err, "opening the ledger '%s'", l->path);
        if (info.type == FILE_NONE) return FAIL(cx, ERR_NOT_FOUND, "no ledger '%s'", l->path);
    }
    if (writable) {
        TRY(cx, db_open_write(cx, l->path, &l->writer));
        l->db = db_reader(l->writer);
    } else {
        TRY(cx, db_open(cx, l->path, &l->db));
    }
    TRY(cx, db_ask_int(cx, l->db, &st_is_made, DB_NO_ARGS, 0, &made));
    if (!made) return FAIL(cx, ERR_CORRUPT, "'%s' is a database but not a ledger", l->path);
    TRY(cx, ledger_read_head(cx, l, &head));
    if (head.format > LEDGER_FORMAT)
        return FAIL(cx, ERR_REFUSED, "'%s' was written by a newer leat; use that one", l->path);
    l->id = head.id;
    if (head.format < LEDGER_FORMAT) TRY(cx, ledger_upgrade(cx, l, head.format));
    for (size_t i = 0; i < l->rooms_n; i++) TRY(cx, bring_up_to_date(cx, l, l->rooms[i]));
    return OK;
}

Err ledger_open(Ctx *cx, const char *path, const LedgerRoom *const *rooms, size_t n, const LedgerWho *who,
                bool writable, Ledger **out)
{
    Ledger *l = NULL;
    *out = NULL;
    assert(n <= LEDGER_ROOMS_MAX);
    Err err = start(cx, path, who, &l);
    if (!err) {
        l->rooms[l->rooms_n++] = &ledger_own_room;
        for (size_t i = 0; i < n; i++) l->rooms[l->rooms_n++] = rooms[i];
        l->tree.size = UINT64_MAX;
        err = open_inside(cx, l, writable);
    }
    if (err) ledger_close(cx, l);
    else *out = l;
    return err;
}

void ledger_close(Ctx *cx, Ledger *l)
{
    if (!l) return;
    ledger_cancel(l);
    ledger_lock_write(cx, l);
    sign_close(cx, l->signer);
    ledger_unseal_forget(cx, l);
    if (l->writer) db_close_write(cx, l->writer);
    else db_close(cx, l->db);
    if (l->clear) memset(l->clear, 0, l->clear_cap);
    ctx_put(cx, l->clear);
    ctx_put(cx, l->expected);
    hash_end(cx, l->hasher, NULL);
    l->text.cx = cx;
    text_clear(&l->text);
    ctx_put(cx, l->path);
    ctx_put(cx, l->actor);
    ctx_put(cx, l->on_behalf);
    ctx_put(cx, l->project);
    ctx_put(cx, l->keys);
    ctx_put(cx, l->lock);
    ctx_put(cx, l);
}

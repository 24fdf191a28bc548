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
    { "CREATE TABLE payload(seq INTEGER PRIMARY KEY REFERENCES event(seq), body TEXT NOT NULL) STRICT", NULL },
    { "CREATE INDEX event_kind ON event(kind, seq)", NULL },
    { "CREATE INDEX event_subject ON event(subject, seq)", NULL },
    { "CREATE TRIGGER event_kept BEFORE UPDATE ON event BEGIN SELECT RAISE(ABORT, 'events never change'); END", NULL },
    { "CREATE TRIGGER event_stays BEFORE DELETE ON event BEGIN SELECT RAISE(ABORT, 'events stay'); END", NULL },
    { "CREATE TABLE ledger_room(name TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT", NULL },
    { NULL, NULL },
};
static const Statement st_is_made = { "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'ledger'", NULL };
static const Statement st_nonce = { "SELECT lower(hex(randomblob(32)))", NULL };
static const Statement st_first_head = { "INSERT INTO ledger(one, format, id, seq, hash) VALUES(1, ?1, ?2, 1, ?2)", NULL };
static const Statement st_room_is = { "INSERT OR REPLACE INTO ledger_room(name, version) VALUES(?1, ?2)", NULL };

static char *copy(Ctx *cx, const char *s)
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

/* The first event: its hash names the ledger, so it holds something nobody else has. */
static Err write_genesis(Ctx *cx, DbWriter *w, const LedgerWho *who)
{
    DbRows *rows = NULL;
    Text body, payload;
    bool more = false;
    Event e = { .seq = 1 };
    Act act = { .kind = "ledger.created", .subject = "ledger" };
    Err err = OK;
    text_init(&body, cx);
    text_init(&payload, cx);
    TRY_DONE(cx, db_ask(cx, db_reader(w), &st_nonce, DB_NO_ARGS, &rows));
    TRY_DONE(cx, db_next(cx, rows, &more));
    json_open(&payload);
    json_key_int(&payload, "format", LEDGER_FORMAT);
    json_key_text(&payload, "nonce", more ? db_get_text(rows, 0) : NULL);
    json_close(&payload);
    TRY_DONE(cx, text_err(&payload));
    act.payload = payload.at;
    TRY_DONE(cx, ledger_seal(cx, &act, who, &body, &e));
    TRY_DONE(cx, ledger_write_event(cx, w, &e));
    TRY_DONE(cx, db_run(cx, w, &st_first_head, DB_ARGS(db_int(LEDGER_FORMAT), db_blob(e.hash.at, SHA256_BYTES)),
                        NULL));
done:
    db_rows_close(rows);
    text_clear(&payload);
    text_clear(&body);
    return err;
}

Err ledger_make(Ctx *cx, const char *path, const LedgerWho *who)
{
    DbWriter *w = NULL;
    int64_t made = 0;
    Err err = OK;
    TRY(cx, db_open_write(cx, path, &w));
    TRY_DONE(cx, db_begin(cx, w));
    TRY_DONE(cx, db_ask_int(cx, db_reader(w), &st_is_made, DB_NO_ARGS, 0, &made));
    if (made) {
        err = FAIL(cx, ERR_REFUSED, "'%s' is a ledger already", path);
        goto done;
    }
    for (const Statement *st = make_ledger; st->sqlite; st++) TRY_DONE(cx, db_run(cx, w, st, DB_NO_ARGS, NULL));
    TRY_DONE(cx, write_genesis(cx, w, who));
    TRY_DONE(cx, db_commit(cx, w));
done:
    db_close_write(cx, w);
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

static Err open_inside(Ctx *cx, Ledger *l, const LedgerWho *who, bool writable)
{
    int64_t made = 0;
    HeadRow head;
    FileInfo info;
    const Files *f = cx->world->files;
    l->actor = copy(cx, who->actor);
    l->on_behalf = copy(cx, who->on_behalf ? who->on_behalf : "");
    l->project = copy(cx, who->project);
    if (!l->actor || !l->on_behalf || !l->project) return FAIL(cx, ERR_NOMEM, "opening the ledger '%s'", l->path);
    Err err = f->look(f->self, l->path, &info);
    if (err) return FAIL(cx, err, "opening the ledger '%s'", l->path);
    if (info.type == FILE_NONE) return FAIL(cx, ERR_NOT_FOUND, "no ledger '%s'", l->path);
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
    for (size_t i = 0; i < l->rooms_n; i++) TRY(cx, bring_up_to_date(cx, l, l->rooms[i]));
    return OK;
}

Err ledger_open(Ctx *cx, const char *path, const LedgerRoom *const *rooms, size_t n, const LedgerWho *who,
                bool writable, Ledger **out)
{
    *out = NULL;
    assert(n <= LEDGER_ROOMS_MAX);
    Ledger *l = ctx_get(cx, sizeof *l);
    if (!l) return FAIL(cx, ERR_NOMEM, "opening the ledger '%s'", path);
    l->rooms = rooms;
    l->rooms_n = n;
    l->path = copy(cx, path);
    Err err = l->path ? open_inside(cx, l, who, writable) : FAIL(cx, ERR_NOMEM, "opening the ledger '%s'", path);
    if (err) ledger_close(cx, l);
    else *out = l;
    return err;
}

void ledger_close(Ctx *cx, Ledger *l)
{
    if (!l) return;
    ledger_cancel(l);
    if (l->writer) db_close_write(cx, l->writer);
    else db_close(cx, l->db);
    ctx_put(cx, l->path);
    ctx_put(cx, l->actor);
    ctx_put(cx, l->on_behalf);
    ctx_put(cx, l->project);
    ctx_put(cx, l);
}

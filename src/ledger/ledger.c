/* ledger/ledger.c -- make, open, append and apply, read.
**
** The head row of table `ledger` says how far the log goes; every append reads
** and moves it under the write lock, so two processes never give one number
** twice.  Event row, payload, head and the rooms' tables change in one
** transaction: a crash leaves all of them old or all of them new.
*/
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
static const Statement st_head = { "SELECT seq, hash, format, id FROM ledger", NULL };
static const Statement st_move = { "UPDATE ledger SET seq = ?1, hash = ?2", NULL };
static const Statement st_event = {
    "INSERT INTO event(seq, time_us, actor, on_behalf, project, kind, subject, payload_hash, previous, hash)"
    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)", NULL };
static const Statement st_payload = { "INSERT INTO payload(seq, body) VALUES(?1, ?2)", NULL };
static const Statement st_events = {
    "SELECT e.seq, e.time_us, e.actor, e.on_behalf, e.project, e.kind, e.subject, e.payload_hash, e.previous, e.hash, p.body"
    " FROM event e LEFT JOIN payload p ON p.seq = e.seq WHERE e.seq >= ?1 AND e.seq <= ?2"
    " AND (?3 IS NULL OR e.kind = ?3) AND (?4 IS NULL OR e.subject = ?4) ORDER BY e.seq", NULL };
static const Statement st_room = { "SELECT version FROM ledger_room WHERE name = ?1", NULL };
static const Statement st_room_is = { "INSERT OR REPLACE INTO ledger_room(name, version) VALUES(?1, ?2)", NULL };

/* --- small things --- */

static char *copy(Ctx *cx, const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = ctx_get(cx, n);
    return p ? memcpy(p, s, n) : NULL;
}

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

static bool take_digest(DbRows *rows, size_t col, Digest *out)
{
    size_t n;
    const void *at = db_get_blob(rows, col, &n);
    memset(out, 0, sizeof *out);
    if (n != SHA256_BYTES) return false;
    memcpy(out->at, at, n);
    return true;
}

typedef struct Head { uint64_t seq; Digest hash, id; int64_t format; } Head;

static Err read_head(Ctx *cx, const Ledger *l, Head *out)
{
    DbRows *rows = NULL;
    bool more = false;
    Err err = OK;
    *out = (Head){ 0 };
    TRY_DONE(cx, db_ask(cx, l->db, &st_head, DB_NO_ARGS, &rows));
    TRY_DONE(cx, db_next(cx, rows, &more));
    if (more) {
        out->seq = (uint64_t)db_get_int(rows, 0);
        out->format = db_get_int(rows, 2);
    }
    if (!more || !take_digest(rows, 1, &out->hash) || !take_digest(rows, 3, &out->id))
        err = FAIL(cx, ERR_CORRUPT, "the ledger '%s' has lost its head row; restore it from a copy", l->path);
done:
    db_rows_close(rows);
    return err;
}

/* --- writing one event --- */

static Err write_event(Ctx *cx, DbWriter *w, const Event *e)
{
    TRY(cx, db_run(cx, w, &st_event,
                   DB_ARGS(db_int((int64_t)e->seq), db_int(e->time_us), db_text(e->actor), db_text(e->on_behalf),
                           db_text(e->project), db_text(e->kind), db_text(e->subject),
                           db_blob(e->payload_hash.at, SHA256_BYTES), db_blob(e->previous.at, SHA256_BYTES),
                           db_blob(e->hash.at, SHA256_BYTES)), NULL));
    TRY(cx, db_run(cx, w, &st_payload, DB_ARGS(db_int((int64_t)e->seq), db_text(e->payload)), NULL));
    return OK;
}

/* Fill in what an event is but its number and its predecessor, then its hashes. */
static Err seal(Ctx *cx, const Act *act, const LedgerWho *who, Text *body, Event *e)
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
    TRY(cx, hash_bytes(cx, body->at, body->n, &e->payload_hash));
    TRY(cx, ledger_leaf(cx, e, &e->hash));
    return OK;
}

static Err append_inside(Ctx *cx, Ledger *l, const Act *act, uint64_t *seq)
{
    const LedgerWho who = { l->actor, l->on_behalf, l->project };
    Event e = { 0 };
    Head head;
    Text body;
    bool owned = false;
    Err err = OK;
    text_init(&body, cx);
    TRY_DONE(cx, read_head(cx, l, &head));
    e.seq = head.seq + 1;
    e.previous = head.hash;
    TRY_DONE(cx, seal(cx, act, &who, &body, &e));
    TRY_DONE(cx, write_event(cx, l->writer, &e));
    TRY_DONE(cx, db_run(cx, l->writer, &st_move,
                        DB_ARGS(db_int((int64_t)e.seq), db_blob(e.hash.at, SHA256_BYTES)), NULL));
    for (size_t i = 0; i < l->rooms_n; i++) {
        if (!ledger_owns(l->rooms[i], act->kind)) continue;
        owned = true;
        TRY_DONE(cx, l->rooms[i]->apply(cx, l->writer, &e));
    }
    if (!owned) err = FAIL(cx, ERR_BUG, "no room owns events of kind '%s'", act->kind);
    else *seq = e.seq;
done:
    text_clear(&body);
    return err;
}

/* --- groups --- */

static Err room_version(Ctx *cx, Ledger *l, const LedgerRoom *room, int64_t *out)
{
    TRY(cx, db_ask_int(cx, l->db, &st_room, DB_ARGS(db_text(room->name)), -1, out));
    return OK;
}

Err ledger_begin(Ctx *cx, Ledger *l)
{
    if (!l->writer) return FAIL(cx, ERR_BUG, "the ledger '%s' is open for questions only", l->path);
    if (l->group) return FAIL(cx, ERR_BUG, "a group is open already in the ledger '%s'", l->path);
    TRY(cx, db_begin(cx, l->writer));
    /* A newer Leat may have folded the tables anew since we opened: our apply would not fit them. */
    for (size_t i = 0; i < l->rooms_n; i++) {
        int64_t version = -1;
        Err err = room_version(cx, l, l->rooms[i], &version);
        if (!err && version != l->rooms[i]->version)
            err = FAIL(cx, ERR_REFUSED,
                       "another version of leat changed the tables of '%s'; start this program again", l->path);
        if (err) {
            db_undo(l->writer);
            return err;
        }
    }
    l->group = true;
    return OK;
}

Err ledger_commit(Ctx *cx, Ledger *l)
{
    if (!l->group) return FAIL(cx, ERR_BUG, "no group is open in the ledger '%s'", l->path);
    l->group = false;
    TRY(cx, db_commit(cx, l->writer));
    return OK;
}

void ledger_cancel(Ledger *l)
{
    if (l->group) db_undo(l->writer);
    l->group = false;
}

Err ledger_append(Ctx *cx, Ledger *l, const Act *act, uint64_t *seq)
{
    bool alone = !l->group;
    *seq = 0;
    if (alone) TRY(cx, ledger_begin(cx, l));
    Err err = append_inside(cx, l, act, seq);
    if (!err && alone) err = ledger_commit(cx, l);
    if (err) {
        ledger_cancel(l);
        *seq = 0;
    }
    return err;
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
    TRY_DONE(cx, seal(cx, &act, who, &body, &e));
    TRY_DONE(cx, write_event(cx, w, &e));
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
    TRY(cx, room_version(cx, l, room, &version));
    if (version == room->version) return OK;
    if (version > room->version)
        return FAIL(cx, ERR_REFUSED, "'%s' was written by a newer leat; use that one", l->path);
    if (!l->writer)
        return FAIL(cx, ERR_REFUSED, "'%s' is from an older leat; run a command that may write to it once",
                    l->path);
    TRY(cx, db_begin(cx, l->writer));
    Err err = room_version(cx, l, room, &version);
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
    Head head;
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
    TRY(cx, read_head(cx, l, &head));
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

/* --- reading --- */

Db *ledger_db(Ledger *l)
{
    return l->db;
}

void ledger_id(const Ledger *l, Digest *out)
{
    *out = l->id;
}

Err ledger_head(Ctx *cx, Ledger *l, uint64_t *seq, Digest *hash)
{
    Head head;
    *seq = 0;
    TRY(cx, read_head(cx, l, &head));
    *seq = head.seq;
    *hash = head.hash;
    return OK;
}

Err ledger_ask_events(Ctx *cx, Ledger *l, const LedgerAsk *ask, DbRows **rows)
{
    int64_t to = ask->to_seq ? (int64_t)ask->to_seq : INT64_MAX;
    TRY(cx, db_ask(cx, l->db, &st_events,
                   DB_ARGS(db_int((int64_t)ask->from_seq), db_int(to), db_text(ask->kind),
                           db_text(ask->subject)), rows));
    return OK;
}

Err ledger_event(Ctx *cx, const Ledger *l, DbRows *rows, Event *e)
{
    *e = (Event){
        .seq = (uint64_t)db_get_int(rows, 0), .time_us = db_get_int(rows, 1),
        .actor = db_get_text(rows, 2), .on_behalf = db_get_text(rows, 3), .project = db_get_text(rows, 4),
        .kind = db_get_text(rows, 5), .subject = db_get_text(rows, 6), .payload = db_get_text(rows, 10),
    };
    for (size_t col = 2; col <= 6; col++) {    /* words are hashed up to their NUL: nothing may hide behind one */
        size_t n;
        const char *word = db_get_text(rows, col);
        (void)db_get_blob(rows, col, &n);
        if (word && strlen(word) != n)
            return FAIL(cx, ERR_CORRUPT, "event %llu of the ledger '%s' is damaged: a word holds a NUL",
                        (unsigned long long)e->seq, l->path);
    }
    bool good = take_digest(rows, 7, &e->payload_hash);
    good &= take_digest(rows, 8, &e->previous);
    good &= take_digest(rows, 9, &e->hash);
    if (!e->actor || !e->on_behalf || !e->project || !e->kind || !e->subject)
        return FAIL(cx, ERR_NOMEM, "reading an event");
    if (!good || !e->payload) {
        return FAIL(cx, ERR_CORRUPT, "event %llu of the ledger '%s' is damaged: %s", (unsigned long long)e->seq,
                    l->path,
                    good ? "its payload is missing" : "a hash has the wrong length");
    }
    (void)db_get_blob(rows, 10, &e->payload_n);
    return OK;
}

Err ledger_each(Ctx *cx, Ledger *l, const LedgerAsk *ask, Err (*each)(void *arg, const Event *e), void *arg)
{
    DbRows *rows = NULL;
    Event e;
    bool more = false;
    Err err = OK;
    TRY_DONE(cx, ledger_ask_events(cx, l, ask, &rows));
    for (;;) {
        TRY_DONE(cx, db_next(cx, rows, &more));
        if (!more) break;
        TRY_DONE(cx, ledger_event(cx, l, rows, &e));
        TRY_DONE(cx, each(arg, &e));
    }
done:
    db_rows_close(rows);
    return err;
}

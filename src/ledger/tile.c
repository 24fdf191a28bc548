/* ledger/tile.c -- the tree in tables: 256 hashes a tile, as C2SP tlog-tiles has it.
**
** Level 0 is not stored twice: its hashes are the events' own.  A tile of level L >= 1 is a row whose body is
** hashes of 256^L leaves each, and grows until it has 256.  So an append writes a tile once in 256 events, and
** a proof reads O(log n) pieces.
*/
#include "ledger/inner.h"

#include <string.h>

static const Statement st_tile = { "SELECT body FROM tile WHERE level = ?1 AND n = ?2", NULL };
static const Statement st_put = {
    "INSERT INTO tile(level, n, body) VALUES(?1, ?2, ?3) ON CONFLICT(level, n) DO UPDATE SET body = excluded.body", NULL };
static const Statement st_hashes = { "SELECT hash FROM event WHERE seq > ?1 AND seq <= ?2 ORDER BY seq", NULL };

static Err damaged(Ctx *cx, const Ledger *l, unsigned level, uint64_t tile)
{
    return FAIL(cx, ERR_CORRUPT, "tile %u/%llu of the ledger '%s' is damaged or missing; 'leat log rebuild' makes the tiles anew",
                level, (unsigned long long)tile, l->path);
}

/* Hashes from .. from + n of one tile. */
static Err read_tile(Ctx *cx, const Ledger *l, unsigned level, uint64_t tile, size_t from, size_t n, Digest *out)
{
    DbRows *rows = NULL;
    bool more = false;
    size_t got = 0, bytes;
    Err err = OK;
    if (level) {
        TRY_DONE(cx, db_ask(cx, l->db, &st_tile, DB_ARGS(db_int(level), db_int((int64_t)tile)), &rows));
        TRY_DONE(cx, db_next(cx, rows, &more));
        const unsigned char *at = more ? db_get_blob(rows, 0, &bytes) : NULL;
        if (!at || bytes % SHA256_BYTES || bytes < (from + n) * SHA256_BYTES) err = damaged(cx, l, level, tile);
        else memcpy(out, at + from * SHA256_BYTES, n * SHA256_BYTES);
    } else {
        int64_t first = (int64_t)(tile * TREE_TILE + from);
        TRY_DONE(cx, db_ask(cx, l->db, &st_hashes, DB_ARGS(db_int(first), db_int(first + (int64_t)n)), &rows));
        for (;;) {
            TRY_DONE(cx, db_next(cx, rows, &more));
            if (!more || got == n) break;
            if (!ledger_take_digest(rows, 0, &out[got++])) break;
        }
        if (got != n) err = FAIL(cx, ERR_CORRUPT, "an event after %lld of the ledger '%s' is missing or damaged; "
                                 "'leat log verify' says which", (long long)first, l->path);
    }
done:
    db_rows_close(rows);
    return err;
}

static Err node(Ctx *cx, void *self, unsigned bits, uint64_t index, Digest *out)
{
    Ledger *l = self;
    Digest at[TREE_TILE];
    unsigned level = bits / TREE_TILE_BITS, inside = bits % TREE_TILE_BITS;
    uint64_t first = index << inside;
    size_t n = (size_t)1 << inside;
    TRY(cx, read_tile(cx, l, level, first >> TREE_TILE_BITS, first & (TREE_TILE - 1), n, at));
    tree_perfect(l->hasher, at, n, out);
    return OK;
}

TreeSource ledger_tree_source(Ledger *l)
{
    return (TreeSource){ .node = node, .self = l, .hasher = l->hasher };
}

Err ledger_tree_load(Ctx *cx, Ledger *l, uint64_t size, Tree *out)
{
    Digest done[TREE_DEPTH_MAX / TREE_TILE_BITS], at[TREE_TILE];
    *out = (Tree){ 0 };
    for (unsigned level = TREE_DEPTH_MAX / TREE_TILE_BITS; level-- > 0;) {
        uint64_t here = size >> (TREE_TILE_BITS * level);
        size_t n = here & (TREE_TILE - 1);
        if (!n) continue;
        Tree part = { 0 };
        TRY(cx, read_tile(cx, l, level, here >> TREE_TILE_BITS, 0, n, at));
        for (size_t i = 0; i < n; i++) (void)tree_add(l->hasher, &part, &at[i], done);
        memcpy(&out->at[out->n], part.at, part.n * sizeof part.at[0]);
        out->n += part.n;
    }
    out->size = size;
    return OK;
}

Err ledger_root(Ctx *cx, Ledger *l, uint64_t size, Digest *out)
{
    Tree t;
    TRY(cx, ledger_tree_load(cx, l, size, &t));
    tree_root(l->hasher, &t, out);
    return OK;
}

Err ledger_tree_append(Ctx *cx, Ledger *l, const Digest *leaf)
{
    Digest done[TREE_DEPTH_MAX / TREE_TILE_BITS], at[TREE_TILE];
    unsigned n = tree_add(l->hasher, &l->tree, leaf, done);
    for (unsigned k = 0; k < n; k++) {
        unsigned level = k + 1;
        uint64_t index = (l->tree.size >> (TREE_TILE_BITS * level)) - 1;
        size_t before = index & (TREE_TILE - 1);
        if (before) TRY(cx, read_tile(cx, l, level, index >> TREE_TILE_BITS, 0, before, at));
        at[before] = done[k];
        TRY(cx, db_run(cx, l->writer, &st_put,
                       DB_ARGS(db_int(level), db_int((int64_t)(index >> TREE_TILE_BITS)),
                               db_blob(at, (before + 1) * SHA256_BYTES)), NULL));
    }
    return OK;
}

Err ledger_tree_refill(Ctx *cx, Ledger *l, uint64_t size)
{
    static const Statement drop = { "DELETE FROM tile", NULL };
    Digest at[TREE_TILE];
    TRY(cx, db_run(cx, l->writer, &drop, DB_NO_ARGS, NULL));
    l->tree = (Tree){ 0 };
    for (uint64_t from = 0; from < size; from += TREE_TILE) {
        size_t n = size - from < TREE_TILE ? (size_t)(size - from) : TREE_TILE;
        TRY(cx, read_tile(cx, l, 0, from / TREE_TILE, 0, n, at));
        for (size_t i = 0; i < n; i++) TRY(cx, ledger_tree_append(cx, l, &at[i]));
    }
    return OK;
}

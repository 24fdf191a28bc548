/* query/zip.c -- is this file a whole zip archive?
**
** Asked before DuckDB's Excel extension gets the file: it looks for the directory of a damaged archive without end.  The
** directory at the end must be there and whole, every entry must begin where it says and have its checksum (unpacked for that
** alone, 64 KiB at a time; left out where the system has no libz).  Archives of 4 GiB and more (zip64) are not Excel files.
*/
#include "query/inner.h"
#include "query/zlib.h"

#include <string.h>

#define END_BYTES 22u              /* of the end record, without its comment */
#define ENTRY_BYTES 46u            /* of an entry in the directory, without its names */
#define LOCAL_BYTES 30u            /* of the header before an entry's bytes */
#define COMMENT_MAX 65535u

static uint32_t le16(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8;
}

static uint32_t le32(const unsigned char *p)
{
    return le16(p) | le16(p + 2) << 16;
}

static bool marked(const unsigned char *p, const char *mark)
{
    return !memcmp(p, "PK", 2) && !memcmp(p + 2, mark, 2);
}

/* The end record: the last 22 bytes, or further ahead when a comment follows. */
static const unsigned char *find_end(const unsigned char *p, size_t n)
{
    for (size_t comment = 0; comment <= COMMENT_MAX && comment + END_BYTES <= n; comment++) {
        const unsigned char *end = p + n - END_BYTES - comment;
        if (marked(end, "\5\6") && le16(end + 20) == comment) return end;
    }
    return NULL;
}

#define PIECE_BYTES 65536u
#define RAW_DEFLATE (-15)

/* Unpack n bytes and compare length and checksum. */
static bool deflated_ok(const Zlib *z, const unsigned char *p, size_t n, uint32_t bytes, uint32_t crc,
                        unsigned char *piece)
{
    ZStream s = { .next_in = p, .avail_in = (unsigned)n };
    unsigned long sum = z->crc(0, NULL, 0);
    int state = Z_RUNNING;
    if (z->inflate_start(&s, RAW_DEFLATE, "1.2.11", (int)sizeof s)) return false;
    while (state == Z_RUNNING && s.total_out <= bytes) {
        s.next_out = piece;
        s.avail_out = PIECE_BYTES;
        state = z->inflate(&s, 0);
        if (state == Z_RUNNING && s.avail_out == PIECE_BYTES) break;       /* it wants more than there is */
        sum = z->crc(sum, piece, PIECE_BYTES - s.avail_out);
    }
    bool ok = state == Z_ENDED && s.total_out == bytes && sum == crc && !s.avail_in;
    z->inflate_end(&s);
    return ok;
}

/* entry: in the directory; p: its bytes. */
static bool content_ok(const Zlib *z, const unsigned char *entry, const unsigned char *p, unsigned char *piece)
{
    uint32_t how = le16(entry + 10), crc = le32(entry + 16), packed = le32(entry + 20), bytes = le32(entry + 24);
    if (how == 8) return deflated_ok(z, p, packed, bytes, crc, piece);
    return how == 0 && packed == bytes && z->crc(z->crc(0, NULL, 0), p, packed) == crc;
}

/* z NULL: without looking at the contents. */
static bool entries_ok(const unsigned char *p, const unsigned char *end, const Zlib *z, unsigned char *piece)
{
    size_t count = le16(end + 10), bytes = le32(end + 12), at = le32(end + 16), have = (size_t)(end - p);
    if (!count || at > have || bytes > have - at) return false;
    for (size_t i = 0; i < count; i++) {
        if (have - at < ENTRY_BYTES || !marked(p + at, "\1\2")) return false;
        size_t packed = le32(p + at + 20), local = le32(p + at + 42);
        size_t names = (size_t)le16(p + at + 28) + le16(p + at + 30) + le16(p + at + 32);
        if (have - at - ENTRY_BYTES < names) return false;
        if (local > have || have - local < LOCAL_BYTES || !marked(p + local, "\3\4")) return false;
        size_t head = LOCAL_BYTES + le16(p + local + 26) + le16(p + local + 28);
        if (head > have - local || packed > have - local - head) return false;
        if (z && !content_ok(z, p + at, p + local + head, piece)) return false;
        at += ENTRY_BYTES + names;
    }
    return true;
}

Err zip_check(Ctx *cx, const char *path)
{
    const Files *files = cx->world->files;
    const void *at = NULL;
    size_t n = 0;
    Zlib zlib;
    unsigned char *piece = ctx_get(cx, PIECE_BYTES);
    if (!piece) return FAIL(cx, ERR_NOMEM, "reading '%s'", path);
    Err err = files->map(files->self, path, &at, &n);
    const unsigned char *end = !err && at ? find_end(at, n) : NULL;
    bool ok = end && entries_ok(at, end, zlib_open(&zlib) ? &zlib : NULL, piece);
    ctx_put(cx, piece);
    if (err) return FAIL(cx, err, "reading '%s'", path);
    if (at) files->unmap(files->self, at, n);
    if (ok) return OK;
    return FAIL(cx, ERR_BAD_INPUT, "'%s' is no whole Excel file (.xlsx); save it again, or as CSV", path);
}

/* query/bytes.c -- a file's bytes, unpacked as they are read.
**
** gzip is read by the system's libz, which is opened on first use (it is part of every Debian); zstd is linked.  The
** first bytes say which, not the file's name.  gzip goes past the World's files: libz reads the real disk.
*/
#include "query/inner.h"
#include "query/zlib.h"

#include <string.h>
#include <zstd.h>

struct Bytes {
    char *path;
    int fd;
    uint64_t done, total;
    Packing packing;
    bool end;
    Zlib zlib;                 /* gzip */
    void *gz;
    /* zstd */
    ZSTD_DStream *zstd;
    char *in;
    size_t in_at, in_n;
    size_t more;               /* what zstd said last: 0 at the end of a frame */
};

Packing packing_of(const unsigned char *head, size_t n)
{
    if (n >= 2 && head[0] == 0x1F && head[1] == 0x8B) return PACKING_GZIP;
    if (n >= 4 && head[0] == 0x28 && head[1] == 0xB5 && head[2] == 0x2F && head[3] == 0xFD) return PACKING_ZSTD;
    return PACKING_NONE;
}

bool looks_parquet(const unsigned char *head, size_t n)
{
    return n > 4 && !memcmp(head, "PAR1", 4) && head[4] < 32 && !strchr("\t\r\n", head[4]);
}

static Err open_gzip(Ctx *cx, Bytes *b)
{
    if (!zlib_open(&b->zlib))
        return FAIL(cx, ERR_NOT_FOUND,
                    "reading '%s': it is compressed by gzip and the system's libz is missing; unpack it first",
                    b->path);
    b->gz = b->zlib.gz_open(b->path, "rb");
    return b->gz ? OK : FAIL(cx, ERR_IO, "reading '%s'", b->path);
}

static Err open_zstd(Ctx *cx, Bytes *b)
{
    b->zstd = ZSTD_createDStream();
    b->in = ctx_get(cx, ZSTD_DStreamInSize());
    if (!b->zstd || !b->in) return FAIL(cx, ERR_NOMEM, "unpacking '%s'", b->path);
    return OK;
}

Err bytes_open(Ctx *cx, const char *path, Bytes **out)
{
    Err err = OK;
    const Files *files = cx->world->files;
    unsigned char head[4];
    size_t got = 0;
    FileInfo info = { 0 };
    *out = NULL;
    Bytes *b = ctx_get(cx, sizeof *b);
    if (!b) return FAIL(cx, ERR_NOMEM, "reading '%s'", path);
    b->fd = -1;
    b->path = query_copy(cx, path, strlen(path));
    if (!b->path) { err = FAIL(cx, ERR_NOMEM, "reading '%s'", path); goto done; }
    err = files->look(files->self, path, &info);
    if (err) { err = FAIL(cx, err, "reading '%s'", path); goto done; }
    b->total = info.size;
    for (int pass = 0; pass < 2; pass++) {                 /* once for the first bytes, once from the start */
        int fd = -1;
        err = files->open(files->self, path, FILE_READ, &fd);
        if (err) { err = FAIL(cx, err, "reading '%s'", path); goto done; }
        b->fd = fd;
        if (pass) break;
        err = files->read(files->self, fd, head, sizeof head, &got);
        if (err) { err = FAIL(cx, err, "reading '%s'", path); goto done; }
        files->close(files->self, fd);
        b->fd = -1;
    }
    b->packing = packing_of(head, got);
    if (b->packing == PACKING_GZIP) TRY_DONE(cx, open_gzip(cx, b));
    if (b->packing == PACKING_ZSTD) TRY_DONE(cx, open_zstd(cx, b));
    *out = b;
    return OK;
done:
    bytes_close(cx, b);
    return err;
}

void bytes_close(Ctx *cx, Bytes *b)
{
    if (!b) return;
    if (b->fd >= 0) cx->world->files->close(cx->world->files->self, b->fd);
    if (b->gz) b->zlib.gz_close(b->gz);
    ZSTD_freeDStream(b->zstd);
    ctx_put(cx, b->in);
    ctx_put(cx, b->path);
    ctx_put(cx, b);
}

static Err read_raw(Ctx *cx, Bytes *b, void *buf, size_t n, size_t *got)
{
    const Files *files = cx->world->files;
    Err err = files->read(files->self, b->fd, buf, n, got);
    if (err) return FAIL(cx, err, "reading '%s'", b->path);
    b->done += *got;
    return OK;
}

static Err damaged(Ctx *cx, const Bytes *b, const char *how)
{
    return FAIL(cx, ERR_BAD_INPUT, "'%s' is damaged or cut off (%s); fetch or pack it again", b->path, how);
}

static Err read_gzip(Ctx *cx, Bytes *b, char *buf, size_t n, size_t *got)
{
    while (*got < n) {
        size_t want = n - *got < ((size_t)1 << 30) ? n - *got : (size_t)1 << 30;
        int code = 0, k = b->zlib.gz_read(b->gz, buf + *got, (unsigned)want);
        if (k > 0) {
            *got += (size_t)k;
            continue;
        }
        const char *how = b->zlib.gz_error(b->gz, &code);
        if (k < 0 || code < 0) return damaged(cx, b, how && *how ? how : "gzip");
        break;
    }
    long at = b->zlib.gz_offset(b->gz);
    if (at > 0) b->done = (uint64_t)at;
    return OK;
}

static Err read_zstd(Ctx *cx, Bytes *b, char *buf, size_t n, size_t *got)
{
    ZSTD_outBuffer out = { buf, n, 0 };
    while (out.pos < n && !b->end) {
        if (b->in_at == b->in_n) {
            b->in_at = 0;
            TRY(cx, read_raw(cx, b, b->in, ZSTD_DStreamInSize(), &b->in_n));
        }
        ZSTD_inBuffer in = { b->in, b->in_n, b->in_at };
        size_t before = out.pos;
        bool dry = b->in_n == b->in_at;
        if (dry && !b->more) {                             /* the file ended where a frame ended */
            b->end = true;
            break;
        }
        size_t left = ZSTD_decompressStream(b->zstd, &out, &in);
        if (ZSTD_isError(left)) return damaged(cx, b, ZSTD_getErrorName(left));
        b->more = left;
        b->in_at = in.pos;
        if (dry && out.pos == before) return damaged(cx, b, "zstd: the end is missing");
    }
    *got = out.pos;
    return OK;
}

Err bytes_read(Ctx *cx, Bytes *b, void *buf, size_t n, size_t *got)
{
    *got = 0;
    if (b->packing == PACKING_GZIP) return read_gzip(cx, b, buf, n, got);
    if (b->packing == PACKING_ZSTD) return read_zstd(cx, b, buf, n, got);
    return read_raw(cx, b, buf, n, got);
}

uint64_t bytes_done(const Bytes *b)
{
    return b->done;
}

uint64_t bytes_total(const Bytes *b)
{
    return b->total;
}

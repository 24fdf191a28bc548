/* query/records.c -- rows as the bytes they are in a file, for who takes some of them elsewhere. */
#include "query/files.h"

#include <string.h>

#define BLOCK_BYTES ((size_t)1 << 20)
#define LINE_MAX_BYTES ((size_t)1 << 28)

typedef struct Rows {
    Err (*each)(Ctx *cx, void *arg, const QueryRecord *r);
    void *arg;
} Rows;

Err query_format_at(Ctx *cx, const char *path, QueryFormat *out)
{
    TRY(cx, files_format(cx, path, QUERY_AUTO, out));
    return OK;
}

static Err one_row(Ctx *cx, void *arg, const char *at, size_t n)
{
    const Rows *rows = arg;
    return rows->each(cx, rows->arg, &(QueryRecord){ at, n, false });
}

static Err csv(Ctx *cx, const char *path, QueryFormat format, Rows *rows)
{
    Err err = OK;
    Text head;
    Source *s = NULL;
    QueryIn in = { .path = path };
    Job job = { .in = &in, .head = &head };
    text_init(&head, cx);
    TRY_DONE(cx, source_csv.open(cx, &job, path, format, &s));
    TRY_DONE(cx, text_err(&head));
    TRY_DONE(cx, rows->each(cx, rows->arg, &(QueryRecord){ head.at, head.n, true }));
    TRY_DONE(cx, csv_records(cx, s, one_row, rows));
done:
    source_csv.close(cx, s);
    text_clear(&head);
    return err;
}

static bool blank(const char *s, size_t n)
{
    while (n && strchr(" \t\r\n", s[n - 1]) && s[n - 1]) n--;
    return !n;
}

/* Lines of what is in the buffer; the last one only when the file ends there. */
static Err lines(Ctx *cx, const char *buf, size_t n, bool end, const Rows *rows, size_t *used)
{
    *used = 0;
    while (*used < n) {
        const char *from = buf + *used, *at = memchr(from, '\n', n - *used);
        if (!at && !end) return OK;
        size_t k = at ? (size_t)(at - from) + 1 : n - *used;
        *used += k;
        if (!blank(from, k)) TRY(cx, rows->each(cx, rows->arg, &(QueryRecord){ from, k, false }));
    }
    return OK;
}

static Err ndjson(Ctx *cx, const char *path, const Rows *rows)
{
    Err err = OK;
    Bytes *b = NULL;
    char *buf = NULL;
    size_t have = 0, cap = 0, got = 1, used;
    TRY(cx, bytes_open(cx, path, &b));
    while (got) {
        TRY_DONE(cx, ctx_check(cx));
        if (cap - have < BLOCK_BYTES) {
            size_t more = cap ? cap * 2 : 2 * BLOCK_BYTES;
            char *p = more > LINE_MAX_BYTES ? NULL : ctx_grow(cx, buf, more, 1);
            if (!p) { err = FAIL(cx, ERR_NOMEM, "a line of '%s' of more than %zu bytes", path, have); goto done; }
            buf = p;
            cap = more;
        }
        TRY_DONE(cx, bytes_read(cx, b, buf + have, BLOCK_BYTES, &got));
        have += got;
        TRY_DONE(cx, lines(cx, buf, have, !got, rows, &used));
        memmove(buf, buf + used, have - used);
        have -= used;
    }
done:
    ctx_put(cx, buf);
    bytes_close(cx, b);
    return err;
}

Err query_records(Ctx *cx, const char *path, QueryFormat format, Err (*each)(Ctx *cx, void *arg, const QueryRecord *r), void *arg)
{
    Rows rows = { each, arg };
    TRY(cx, files_format(cx, path, format, &format));
    if (format == QUERY_CSV || format == QUERY_TSV) return csv(cx, path, format, &rows);
    if (format == QUERY_NDJSON) return ndjson(cx, path, &rows);
    return FAIL(cx, ERR_USAGE, "'%s' is %s, whose rows are no lines", path, query_format_word(format));
}

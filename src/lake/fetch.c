/* lake/fetch.c -- files from HTTP and HTTPS servers.
**
** Read in ranges, so that memory stays small and a broken connection costs one piece; every piece must be of the same version of
** the file (its ETag or date), or the whole is refused.  Redirections are followed, at most FETCH_HOPS_MAX, never from https to
** http.  A user and password in the address go into the request's header and nowhere else; they are not sent to another host.
** What the newest version was made from is asked for only when it changed (If-None-Match, RFC 9110).
*/
#include "lake/inner.h"

#include "net/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define FETCH_HOPS_MAX 5
#define FETCH_PIECE ((size_t)8 << 20)
#define FETCH_WHOLE_MAX ((size_t)512 << 20)    /* of a server that knows no ranges */
#define FETCH_BYTES_MAX (UINT64_C(1) << 40)

typedef struct Fetch {
    Net *net;
    char url[NET_URL_MAX], host[300];
    char login[NET_URL_MAX];       /* "Authorization: Basic …" for that host; "" none */
    const char *safe;              /* the address for people */
    const char *known;             /* ETag of what we have; NULL none */
} Fetch;

/* --- addresses --- */

static size_t host_end(const char *url)
{
    const char *at = strstr(url, "://");
    return at ? (size_t)(at + 3 - url) + strcspn(at + 3, "/?#") : 0;
}

static void base64(const char *in, size_t n, char *out)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        unsigned v = (unsigned char)in[i] << 16 | (i + 1 < n ? (unsigned char)in[i + 1] << 8 : 0) | (i + 2 < n ? (unsigned char)in[i + 2] : 0);
        *out++ = letters[v >> 18];
        *out++ = letters[v >> 12 & 63];
        *out++ = i + 1 < n ? letters[v >> 6 & 63] : '=';
        *out++ = i + 2 < n ? letters[v & 63] : '=';
    }
    *out = 0;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10 : -1;
}

/* %41 is A. */
static size_t unescape(const char *in, size_t n, char *out)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++) {
        bool coded = in[i] == '%' && i + 2 < n && hex_digit(in[i + 1]) >= 0 && hex_digit(in[i + 2]) >= 0;
        out[k++] = coded ? (char)(hex_digit(in[i + 1]) << 4 | hex_digit(in[i + 2])) : in[i];
        if (coded) i += 2;
    }
    out[k] = 0;
    return k;
}

/* Take user and password out of the address. */
static Err set_url(Ctx *cx, Fetch *f, const char *address)
{
    const char *rest = strstr(address, "://") + 3;
    size_t end = host_end(address);
    const char *at = NULL;
    for (const char *c = rest; c < address + end; c++)
        if (*c == '@') at = c;
    if (strlen(address) >= NET_URL_MAX || (at && at - rest > 1000))
        return FAIL(cx, ERR_LIMIT, "the address '%.80s…' is too long", f->safe);
    snprintf(f->url, sizeof f->url, "%.*s%s", (int)(rest - address), address, at ? at + 1 : rest);
    end = host_end(f->url);
    snprintf(f->host, sizeof f->host, "%.*s", (int)end, f->url);
    f->url[strcspn(f->url, "#")] = 0;
    f->login[0] = 0;
    if (at) {
        char plain[1024];
        size_t n = unescape(rest, (size_t)(at - rest), plain);
        memcpy(f->login, "Authorization: Basic ", 21);
        base64(plain, n, f->login + 21);
    }
    return OK;
}

/* Where a redirection leads, seen from the present address. */
static Err follow(Ctx *cx, Fetch *f, const char *location)
{
    char next[NET_URL_MAX], host[300];
    size_t end = host_end(f->url);
    bool whole = strstr(location, "://") && strcspn(location, "/?#") > strcspn(location, ":");
    int n;
    if (!*location) return FAIL(cx, ERR_IO, "'%s' answers with a redirection to nowhere", f->safe);
    if (whole) n = snprintf(next, sizeof next, "%s", location);
    else if (!strncmp(location, "//", 2)) n = snprintf(next, sizeof next, "%.*s:%s", (int)strcspn(f->url, ":"), f->url, location);
    else if (*location == '/') n = snprintf(next, sizeof next, "%.*s%s", (int)end, f->url, location);
    else {
        size_t path = end + strcspn(f->url + end, "?");
        while (path > end && f->url[path - 1] != '/') path--;
        n = snprintf(next, sizeof next, "%.*s%s%s", (int)path, f->url, path == end ? "/" : "", location);
    }
    if (n < 0 || n >= (int)sizeof next) return FAIL(cx, ERR_LIMIT, "'%s' answers with a redirection that is too long", f->safe);
    if (strncasecmp(next, "http://", 7) && strncasecmp(next, "https://", 8))
        return FAIL(cx, ERR_DENIED, "'%s' answers with a redirection to something that is not http or https", f->safe);
    if (!strncasecmp(f->url, "https://", 8) && strncasecmp(next, "https://", 8))
        return FAIL(cx, ERR_DENIED, "'%s' answers with a redirection from https to http; it is not followed", f->safe);
    snprintf(host, sizeof host, "%.*s", (int)host_end(next), next);
    if (strcmp(host, f->host)) f->login[0] = 0;                    /* a password is for the host it was given for */
    memcpy(f->url, next, sizeof f->url);
    memcpy(f->host, host, sizeof f->host);
    return OK;
}

/* --- the answer --- */

/* "Sun, 06 Nov 1994 08:49:37 GMT" as microseconds; 0: not such a time. */
static int64_t http_time(const char *s)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    int day, year, h, m, sec;
    char month[4];
    if (sscanf(s, "%*3s, %2d %3s %4d %2d:%2d:%2d GMT", &day, month, &year, &h, &m, &sec) != 6) return 0;
    const char *at = strstr(months, month);
    if (!at || (at - months) % 3 || year < 1970) return 0;
    int64_t mo = (at - months) / 3 + 1, y = year - (mo <= 2), era = y / 400, yoe = y - era * 400;      /* civil days, Hinnant */
    int64_t doy = (153 * (mo + (mo > 2 ? -3 : 9)) + 2) / 5 + day - 1, doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return ((era * 146097 + doe - 719468) * 86400 + h * 3600 + m * 60 + sec) * 1000000;
}

static Err refused(Ctx *cx, const Fetch *f, int status)
{
    Err code = status == 404 || status == 410 ? ERR_NOT_FOUND : status == 401 || status == 403 ? ERR_DENIED : ERR_IO;
    return FAIL(cx, code, "'%s' answers with status %d%s", f->safe, status,
                status == 401 || status == 403 ? ": give user and password in the address, they are not kept" : "");
}

/* One question for bytes from `from`, through redirections. */
static Err ask_piece(Ctx *cx, Fetch *f, uint64_t from, bool ranges, void *buf, size_t cap, NetAnswer *a)
{
    char range[64], match[160];
    for (int hop = 0; hop <= FETCH_HOPS_MAX; hop++) {
        const char *headers[5] = { 0 };
        size_t n = 0;
        snprintf(range, sizeof range, "Range: bytes=%llu-%llu", (unsigned long long)from, (unsigned long long)(from + FETCH_PIECE - 1));
        snprintf(match, sizeof match, "If-None-Match: %s", f->known ? f->known : "");
        headers[n++] = "Accept-Encoding: identity";
        if (ranges) headers[n++] = range;
        if (f->login[0]) headers[n++] = f->login;
        if (f->known && !from) headers[n++] = match;
        const NetAsk ask = { .method = "GET", .url = f->url, .headers = headers, .into = buf, .into_cap = cap };
        TRY(cx, net_ask(cx, f->net, &ask, a));
        if (a->status != 301 && a->status != 302 && a->status != 303 && a->status != 307 && a->status != 308) return OK;
        TRY(cx, follow(cx, f, a->location));
        net_answer_clear(a);
        *a = (NetAnswer){ 0 };
    }
    return FAIL(cx, ERR_IO, "'%s' answers with more than %d redirections", f->safe, FETCH_HOPS_MAX);
}

static Err save(Ctx *cx, int fd, const char *path, const void *bytes, size_t n)
{
    const Files *fs = cx->world->files;
    Err err = n ? fs->write(fs->self, fd, bytes, n) : OK;
    return err ? FAIL(cx, err, "writing '%s': the disk is full or failing", path) : OK;
}

typedef struct Got { char etag[128], modified[64]; uint64_t done, total; bool unchanged; } Got;

/* "bytes 0-99/1234" */
static uint64_t total_of(const char *range)
{
    const char *slash = strchr(range, '/');
    return slash && slash[1] >= '0' && slash[1] <= '9' ? strtoull(slash + 1, NULL, 10) : UINT64_MAX;
}

static Err take_piece(Ctx *cx, Fetch *f, int fd, const char *path, void *buf, size_t cap, bool ranges, Got *g, bool *more)
{
    NetAnswer a = { 0 };
    Err err = OK;
    *more = false;
    TRY_DONE(cx, ask_piece(cx, f, g->done, ranges, buf, cap, &a));
    if (a.status == 304 && !g->done) { g->unchanged = true; goto done; }
    if (a.status == 416 && !g->done) goto done;                    /* an empty file has no first byte */
    if (a.status != 200 && a.status != 206) { err = refused(cx, f, a.status); goto done; }
    if (g->done && (strcmp(a.etag, g->etag) || strcmp(a.modified, g->modified) || a.status == 200)) {
        err = FAIL(cx, ERR_IO, "'%s' changed while it was read; try again", f->safe);
        goto done;
    }
    memcpy(g->etag, a.etag, sizeof g->etag);
    memcpy(g->modified, a.modified, sizeof g->modified);
    TRY_DONE(cx, save(cx, fd, path, buf, a.into_n));
    g->done += a.into_n;
    g->total = a.status == 206 ? total_of(a.range) : g->done;
    if (g->done > FETCH_BYTES_MAX) { err = FAIL(cx, ERR_LIMIT, "'%s' is longer than a terabyte", f->safe); goto done; }
    *more = a.status == 206 && a.into_n && (g->total == UINT64_MAX ? a.into_n == FETCH_PIECE : g->done < g->total);
    if (a.status == 206 && g->total != UINT64_MAX && !*more && g->done != g->total)
        err = FAIL(cx, ERR_IO, "'%s' ended after %llu of %llu bytes", f->safe, (unsigned long long)g->done, (unsigned long long)g->total);
    ctx_step(cx, "fetching", (double)g->done, g->total == UINT64_MAX ? 0 : (double)g->total);
done:
    net_answer_clear(&a);
    return err;
}

static Err read_all(Ctx *cx, Fetch *f, const char *path, Got *g)
{
    const Files *fs = cx->world->files;
    int fd = -1;
    bool more = true;
    Err err = fs->open(fs->self, path, FILE_CREATE, &fd);
    if (err) return FAIL(cx, err, "writing '%s'", path);
    void *buf = ctx_get(cx, FETCH_PIECE);
    if (!buf) err = FAIL(cx, ERR_NOMEM, "fetching '%s'", f->safe);
    while (!err && more) {
        err = take_piece(cx, f, fd, path, buf, FETCH_PIECE, true, g, &more);
        if (err != ERR_LIMIT || g->done) continue;
        ctx_put(cx, buf);                                          /* it knows no ranges and sends all: then in one piece */
        cx->text[0] = 0;
        buf = ctx_get(cx, FETCH_WHOLE_MAX);
        err = buf ? take_piece(cx, f, fd, path, buf, FETCH_WHOLE_MAX, false, g, &more) : FAIL(cx, ERR_NOMEM, "fetching '%s'", f->safe);
        break;
    }
    ctx_put(cx, buf);
    fs->close(fs->self, fd);
    return err;
}

/* The file's name: the last part of the address's path. */
static void name_of(const Fetch *f, char out[256])
{
    size_t end = host_end(f->url), stop = end + strcspn(f->url + end, "?#"), at = stop;
    while (at > end && f->url[at - 1] != '/') at--;
    char part[1024];
    size_t n = unescape(f->url + at, stop - at < 700 ? stop - at : 700, part);
    bool good = n && n < 256 && strlen(part) == n && part[0] != '.' && !strpbrk(part, "/\n\r") && text_utf8_ok(part, n);
    snprintf(out, 256, "%s", good ? part : "download");
}

Err lake_fetch(Ctx *cx, const char *address, const char *known, const char *folder, LakeFetched *out)
{
    Fetch f = { .known = known };
    char name[256], path[LAKE_PATH_MAX];
    char *safe;
    Got g = { .total = UINT64_MAX };
    Err err = OK;
    *out = (LakeFetched){ 0 };
    TRY(cx, lake_safe_address(cx, address, &safe));
    f.safe = safe;
    TRY(cx, set_url(cx, &f, address));
    name_of(&f, name);                                             /* before redirections: what the person named */
    int n = snprintf(path, sizeof path, "%s/%s", folder, name);
    if (n < 0 || n >= LAKE_PATH_MAX) return FAIL(cx, ERR_LIMIT, "the path '%.80s…' is too long", folder);
    TRY(cx, net_open(cx, &f.net));
    TRY_DONE(cx, read_all(cx, &f, path, &g));
    *out = (LakeFetched){ .path = ctx_scratch_text(cx, path), .address = safe, .etag = ctx_scratch_text(cx, g.etag), .unchanged = g.unchanged,
                          .source_us = http_time(g.modified) };
    if (!out->path || !out->etag) err = FAIL(cx, ERR_NOMEM, "fetching '%s'", safe);
done:
    net_close(cx, f.net);
    return err;
}

/* store/kinds/s3.c -- blobs as objects of a bucket: s3://BUCKET/PREFIX?endpoint=http://HOST:PORT&region=NAME
**
** Path style, AWS Signature Version 4 (our own: libcurl 7.88 neither sorts a query nor hashes a body that it streams).
** Keys come from the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN) or from the file that
** AWS_SHARED_CREDENTIALS_FILE names, else ~/.aws/credentials; they are kept in memory and nowhere else.  A blob up to a
** part goes in one PUT, a larger one in parts, several at once; it is there when the last word is said, so a name is never
** seen half-written.
*/
#include "store/inner.h"
#include "store/kinds/sigv4.h"

#include "net/net.h"
#include "os/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PART ((size_t)8 << 20)     /* S3 wants at least 5 MiB, and at most 10,000 of them: 80 GB */
#define PARTS_AT_ONCE 4
#define PARTS_MAX 10000u
#define KEY_MAX 1100               /* S3's own limit is 1024 */

typedef struct S3 {
    Store base;
    Net *net;
    char endpoint[512], host[300], bucket[128], prefix[KEY_MAX];
    SigKey key;
} S3;

/* --- asking --- */

typedef struct Ask {
    const char *method, *name;     /* name: of a blob; NULL: the bucket */
    const char *query;             /* sorted, encoded; "" */
    const void *body;
    size_t body_n;
    uint64_t from, n;              /* a range, when n */
    void *into;
} Ask;

static Err ask(Ctx *cx, S3 *s, const Ask *a, NetAnswer *out)
{
    Text path, url;
    SigHeaders h;
    char range[80];
    const char *headers[8];
    size_t n = 0;
    text_init(&path, cx);
    text_init(&url, cx);
    text_char(&path, '/');
    net_url_text(&path, s->bucket, false);
    if (a->name) {
        text_char(&path, '/');
        net_url_text(&path, s->prefix, true);
        net_url_text(&path, a->name, true);
    }
    text_put(&url, s->endpoint);
    if (!path.broken) text_put(&url, path.at);
    if (a->query[0]) text_fmt(&url, "?%s", a->query);
    Err err = text_err(&url);
    if (!err) err = text_err(&path);
    if (!err) err = sigv4_sign(cx, &s->key, &(SigAsk){ a->method, s->host, path.at, a->query, a->body, a->body_n }, &h);
    if (!err) {
        headers[n++] = h.date;
        headers[n++] = h.content;
        headers[n++] = h.authorization;
        if (h.token[0]) headers[n++] = h.token;
        if (a->n) {
            snprintf(range, sizeof range, "Range: bytes=%llu-%llu", (unsigned long long)a->from,
                     (unsigned long long)(a->from + a->n - 1));
            headers[n++] = range;
        }
        headers[n++] = "Content-Type: application/octet-stream";
        headers[n] = NULL;
        NetAsk q = { .method = a->method, .url = url.at, .headers = headers, .body = a->body, .body_n = a->body_n,
                     .into = a->into, .into_cap = (size_t)a->n };
        err = net_ask(cx, s->net, &q, out);
    }
    text_clear(&path);
    text_clear(&url);
    return err;
}

/* The text between <tag> and </tag> behind *at; moves *at on. */
static bool tagged(const char **at, const char *end, const char *tag, char *out, size_t cap)
{
    char open[64], shut[64];
    snprintf(open, sizeof open, "<%s>", tag);
    snprintf(shut, sizeof shut, "</%s>", tag);
    const char *from = *at ? strstr(*at, open) : NULL;
    out[0] = 0;
    if (!from || (end && from >= end)) return false;
    from += strlen(open);
    const char *to = strstr(from, shut);
    if (!to) return false;
    size_t k = 0;
    for (; from < to && k + 1 < cap; k++) {
        static const struct { const char *name; char c; } known[] = {
            { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' }, { "&#34;", '"' }, { "&apos;", '\'' } };
        size_t step = 1;
        out[k] = *from;
        for (size_t i = 0; i < sizeof known / sizeof *known && *from == '&'; i++)
            if (!strncmp(from, known[i].name, strlen(known[i].name))) {
                out[k] = known[i].c;
                step = strlen(known[i].name);
                break;
            }
        from += step;
    }
    out[k] = 0;
    *at = to + strlen(shut);
    return true;
}

/* What a status that we did not want means. */
static Err refused(Ctx *cx, const S3 *s, const NetAnswer *a, const char *what, const char *name)
{
    char code[80] = "", words[200] = "";
    const char *at = a->text.at;
    if (at) {
        const char *c = at, *m = at;
        (void)tagged(&c, NULL, "Code", code, sizeof code);
        (void)tagged(&m, NULL, "Message", words, sizeof words);
    }
    if (a->status == 403 || a->status == 401)
        return FAIL(cx, ERR_DENIED, "%s '%s' in '%s' is not allowed (%s): check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY "
                    "and what this key may do", what, name, s->base.folder, code[0] ? code : "403");
    if (a->status == 404)
        return FAIL(cx, ERR_NOT_FOUND, "%s '%s' in '%s': there is no such %s", what, name, s->base.folder,
                    strcmp(code, "NoSuchBucket") ? "object" : "bucket");
    return FAIL(cx, ERR_IO, "%s '%s' in '%s': the server answered %d %s %s", what, name, s->base.folder, a->status, code, words);
}

/* Ask and want 2xx. */
static Err must(Ctx *cx, S3 *s, const Ask *a, const char *what, NetAnswer *out)
{
    Err err = ask(cx, s, a, out);
    if (!err && (out->status < 200 || out->status > 299)) err = refused(cx, s, out, what, a->name ? a->name : s->bucket);
    return err;
}

/* --- opening --- */

/* One key=value of an address's query into out. */
static bool from_query(const char *query, const char *key, char *out, size_t cap)
{
    size_t k = strlen(key);
    for (const char *at = query; at && *at; at = strchr(at, '&') ? strchr(at, '&') + 1 : NULL)
        if (!strncmp(at, key, k) && at[k] == '=') {
            snprintf(out, cap, "%.*s", (int)strcspn(at + k + 1, "&"), at + k + 1);
            return true;
        }
    return false;
}

/* Keys of a profile in the file that AWS tools share. */
static Err from_file(Ctx *cx, SigKey *key)
{
    char path[STORE_PATH_MAX] = "", line[512], head[200];
    const char *given = getenv("AWS_SHARED_CREDENTIALS_FILE"), *home = getenv("HOME"), *profile = getenv("AWS_PROFILE");
    if (given && *given) snprintf(path, sizeof path, "%s", given);
    else if (home && *home) snprintf(path, sizeof path, "%s/.aws/credentials", home);
    FILE *f = path[0] ? fopen(path, "re") : NULL;
    bool ours = false;
    if (!f) return OK;
    snprintf(head, sizeof head, "[%s]", profile && *profile ? profile : "default");
    while (fgets(line, sizeof line, f)) {
        char name[64], value[256];
        line[strcspn(line, "\r\n")] = 0;
        if (line[0] == '[') ours = !strcmp(line, head);
        else if (ours && sscanf(line, " %63[a-z_] = %255s", name, value) == 2) {
            if (!strcmp(name, "aws_access_key_id")) snprintf(key->id, sizeof key->id, "%s", value);
            if (!strcmp(name, "aws_secret_access_key")) snprintf(key->secret, sizeof key->secret, "%s", value);
            if (!strcmp(name, "aws_session_token")) snprintf(key->token, sizeof key->token, "%s", value);
        }
    }
    fclose(f);
    (void)cx;
    return OK;
}

static const char *first_of(const char *a, const char *b, const char *otherwise)
{
    const char *x = getenv(a), *y = getenv(b);
    return x && *x ? x : y && *y ? y : otherwise;
}

static Err keys_of(Ctx *cx, S3 *s, const char *where)
{
    const char *id = getenv("AWS_ACCESS_KEY_ID"), *secret = getenv("AWS_SECRET_ACCESS_KEY"), *token = getenv("AWS_SESSION_TOKEN");
    if (id && *id && secret && *secret) {
        snprintf(s->key.id, sizeof s->key.id, "%s", id);
        snprintf(s->key.secret, sizeof s->key.secret, "%s", secret);
        snprintf(s->key.token, sizeof s->key.token, "%s", token ? token : "");
    } else TRY(cx, from_file(cx, &s->key));
    if (s->key.id[0] && s->key.secret[0]) return OK;
    return FAIL(cx, ERR_DENIED, "no key for '%s': set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or fill in ~/.aws/credentials", where);
}

static Err address(Ctx *cx, const char *where, S3 *s)
{
    const char *at = where + strlen(store_kind_s3.scheme), *query = strchr(at, '?');
    size_t n = query ? (size_t)(query - at) : strlen(at), bucket = 0;
    if (memchr(at, '@', n))
        return FAIL(cx, ERR_BAD_INPUT, "keys do not belong into an address: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY instead");
    while (bucket < n && at[bucket] != '/') bucket++;
    if (!bucket || bucket >= sizeof s->bucket || n - bucket > 900 || strlen(where) >= STORE_PATH_MAX)
        return FAIL(cx, ERR_BAD_INPUT, "'%.200s' is no address of a bucket: s3://BUCKET/PREFIX?endpoint=http://HOST:PORT", where);
    snprintf(s->bucket, sizeof s->bucket, "%.*s", (int)bucket, at);
    while (bucket < n && at[bucket] == '/') bucket++;
    while (n > bucket && at[n - 1] == '/') n--;
    snprintf(s->prefix, sizeof s->prefix, "%.*s%s", (int)(n - bucket), at + bucket, n > bucket ? "/" : "");
    snprintf(s->key.service, sizeof s->key.service, "s3");
    if (!from_query(query ? query + 1 : "", "region", s->key.region, sizeof s->key.region))
        snprintf(s->key.region, sizeof s->key.region, "%s", first_of("AWS_REGION", "AWS_DEFAULT_REGION", "us-east-1"));
    if (!from_query(query ? query + 1 : "", "endpoint", s->endpoint, sizeof s->endpoint)) {
        const char *given = first_of("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", NULL);
        if (given) snprintf(s->endpoint, sizeof s->endpoint, "%s", given);
        else snprintf(s->endpoint, sizeof s->endpoint, "https://s3.%s.amazonaws.com", s->key.region);
    }
    char *tail = s->endpoint + strlen(s->endpoint);
    while (tail > s->endpoint && tail[-1] == '/') *--tail = 0;
    const char *host = strstr(s->endpoint, "://");
    if (!host || strchr(host + 3, '/') || strchr(host, '@'))
        return FAIL(cx, ERR_BAD_INPUT, "the endpoint '%.200s' is no address of a server: http://HOST:PORT", s->endpoint);
    snprintf(s->host, sizeof s->host, "%s", host + 3);
    snprintf(s->base.folder, sizeof s->base.folder, "%s", where);
    return OK;
}

static Err s3_open(Ctx *cx, const char *where, Store **out)
{
    NetAnswer a = { 0 };
    Err err = OK;
    *out = NULL;
    S3 *s = ctx_get(cx, sizeof *s);
    if (!s) return FAIL(cx, ERR_NOMEM, "opening '%.200s'", where);
    s->base.kind = &store_kind_s3;
    TRY_DONE(cx, address(cx, where, s));
    TRY_DONE(cx, keys_of(cx, s, where));
    TRY_DONE(cx, net_open(cx, &s->net));
    TRY_DONE(cx, ask(cx, s, &(Ask){ .method = "HEAD", .query = "" }, &a));
    if (a.status == 404) {
        err = FAIL(cx, ERR_NOT_FOUND, "there is no bucket '%s' at '%s'; make it first, and come again", s->bucket, s->endpoint);
        goto done;
    }
    if (a.status > 299) {
        err = refused(cx, s, &a, "opening", s->bucket);
        goto done;
    }
    *out = &s->base;
    s = NULL;
done:
    net_answer_clear(&a);
    if (s) {
        net_close(cx, s->net);
        ctx_put(cx, s);
    }
    return err;
}

static Err s3_make(Ctx *cx, const char *where)
{
    Store *s;
    TRY(cx, s3_open(cx, where, &s));                               /* a prefix needs no making */
    store_kind_s3.close(cx, s);
    return OK;
}

static void s3_close(Ctx *cx, Store *base)
{
    S3 *s = (S3 *)base;
    net_close(cx, s->net);
    memset(&s->key, 0, sizeof s->key);
    ctx_put(cx, s);
}

/* --- looking --- */

static int64_t date_us(const char *text, const char *form)
{
    struct tm t = { 0 };
    return strptime(text, form, &t) ? (int64_t)timegm(&t) * 1000000 : 0;
}

static Err s3_look(Ctx *cx, Store *base, const char *name, Blob *out)
{
    S3 *s = (S3 *)base;
    NetAnswer a = { 0 };
    *out = (Blob){ 0 };
    Err err = ask(cx, s, &(Ask){ .method = "HEAD", .name = name, .query = "" }, &a);
    if (!err && a.status == 200)
        *out = (Blob){ true, a.length == UINT64_MAX ? 0 : a.length, date_us(a.modified, "%a, %d %b %Y %H:%M:%S GMT") };
    else if (!err && a.status != 404) err = refused(cx, s, &a, "looking for", name);
    net_answer_clear(&a);
    return err;
}

static Err s3_redate(Ctx *cx, Store *base, const char *name, bool *there)
{
    Blob b;
    TRY(cx, s3_look(cx, base, name, &b));
    *there = b.there;
    return OK;
}

static Err list_page(Ctx *cx, S3 *s, const char *xml, BlobEach *each, void *arg)
{
    char key[KEY_MAX], number[32], date[64];
    const char *at = xml;
    size_t prefix = strlen(s->prefix);
    while (at && (at = strstr(at, "<Contents>"))) {
        const char *end = strstr(at, "</Contents>"), *k = at, *n = at, *d = at;
        Blob b = { .there = true };
        if (!end) break;
        if (tagged(&n, end, "Size", number, sizeof number)) b.size = strtoull(number, NULL, 10);
        if (tagged(&d, end, "LastModified", date, sizeof date)) b.changed_us = date_us(date, "%Y-%m-%dT%H:%M:%S");
        if (tagged(&k, end, "Key", key, sizeof key) && !strncmp(key, s->prefix, prefix) && strlen(key + prefix) < BLOB_NAME_MAX)
            TRY(cx, each(arg, key + prefix, &b));
        at = end;
    }
    return OK;
}

static Err s3_list(Ctx *cx, Store *base, const char *under, bool facts, BlobEach *each, void *arg)
{
    S3 *s = (S3 *)base;
    char more[1024] = "", word[16];
    Err err = OK;
    (void)facts;
    do {
        NetAnswer a = { 0 };
        Text query;
        text_init(&query, cx);
        if (more[0]) {
            text_put(&query, "continuation-token=");
            net_url_text(&query, more, false);
            text_char(&query, '&');
        }
        text_put(&query, "list-type=2&prefix=");
        net_url_text(&query, s->prefix, false);
        net_url_text(&query, under, false);
        if (*under) text_put(&query, "%2F");
        err = text_err(&query);
        if (!err) err = must(cx, s, &(Ask){ .method = "GET", .query = query.at }, "listing", &a);
        text_clear(&query);
        const char *at = a.text.at, *token = at;
        bool cut = !err && tagged(&at, NULL, "IsTruncated", word, sizeof word) && !strcmp(word, "true");
        more[0] = 0;
        if (cut && !tagged(&token, NULL, "NextContinuationToken", more, sizeof more))
            err = FAIL(cx, ERR_IO, "listing '%s': the server says there is more, but not how to ask for it", s->base.folder);
        if (!err && a.text.at) err = list_page(cx, s, a.text.at, each, arg);
        net_answer_clear(&a);
    } while (!err && more[0]);
    return err;
}

static Err s3_remove(Ctx *cx, Store *base, const char *name)
{
    S3 *s = (S3 *)base;
    NetAnswer a = { 0 };
    Err err = ask(cx, s, &(Ask){ .method = "DELETE", .name = name, .query = "" }, &a);
    if (!err && a.status > 299 && a.status != 404) err = refused(cx, s, &a, "removing", name);
    net_answer_clear(&a);
    return err;
}

/* --- getting --- */

static Err get_begin(Ctx *cx, Store *s, const char *name, StoreGet *g)
{
    (void)cx;
    g->store = s;
    g->fd = -1;
    snprintf(g->name, sizeof g->name, "%s", name);
    return OK;                                                     /* get_at says when it is not there */
}

static Err get_at(Ctx *cx, StoreGet *g, uint64_t at, void *buf, size_t n, size_t *got)
{
    S3 *s = (S3 *)g->store;
    NetAnswer a = { 0 };
    *got = 0;
    if (!n) return OK;
    Err err = ask(cx, s, &(Ask){ .method = "GET", .name = g->name, .query = "", .from = at, .n = n, .into = buf }, &a);
    if (!err && (a.status == 206 || (a.status == 200 && !at))) *got = a.into_n;
    else if (!err && a.status == 200) err = FAIL(cx, ERR_IO, "reading '%s': the server gives no parts of objects", s->base.folder);
    else if (!err && a.status != 416) err = refused(cx, s, &a, "reading", g->name);     /* 416: nothing is there */
    net_answer_clear(&a);
    return err;
}

static void get_end(Ctx *cx, StoreGet *g)
{
    (void)cx, (void)g;
}

static Err s3_map(Ctx *cx, Store *base, const char *name, StoreMap *out)
{
    StoreGet g;
    Blob b;
    *out = (StoreMap){ 0 };
    TRY(cx, s3_look(cx, base, name, &b));
    if (!b.there) return FAIL(cx, ERR_NOT_FOUND, "'%s' is not in '%s'", name, base->folder);
    unsigned char *at = ctx_get(cx, (size_t)b.size + 1);
    if (!at) return FAIL(cx, ERR_NOMEM, "reading '%s' of %llu bytes", name, (unsigned long long)b.size);
    Err err = get_begin(cx, base, name, &g);
    for (size_t done = 0, got = 1; !err && done < b.size && got; done += got)
        err = get_at(cx, &g, done, at + done, b.size - done < PART ? (size_t)(b.size - done) : PART, &got);
    if (err) {
        ctx_put(cx, at);
        return err;
    }
    *out = (StoreMap){ at, (size_t)b.size };
    return OK;
}

static void s3_unmap(Ctx *cx, Store *s, StoreMap *m)
{
    (void)s;
    ctx_put(cx, (void *)(uintptr_t)m->at);
}

/* --- putting --- */

typedef struct Put {
    unsigned char *at;             /* PARTS_AT_ONCE parts */
    size_t n;
    char upload[512];              /* the id of an upload in parts; "" none */
    unsigned parts_n;
    char (*etag)[80];
    unsigned etags_cap;
    StorePut *put;
} Put;

static Err put_begin(Ctx *cx, Store *s, const char *name, StorePut *p)
{
    Put *u = ctx_get(cx, sizeof *u);
    p->store = s;
    p->own = NULL;
    snprintf(p->name, sizeof p->name, "%s", name);
    if (!u) return FAIL(cx, ERR_NOMEM, "writing '%s'", name);
    u->put = p;
    u->at = cx->world->alloc->get(cx->world->alloc->self, PART * PARTS_AT_ONCE);
    if (!u->at) {
        ctx_put(cx, u);
        return FAIL(cx, ERR_NOMEM, "writing '%s'", name);
    }
    p->own = u;
    return OK;
}

static Err upload_begin(Ctx *cx, Put *u)
{
    S3 *s = (S3 *)u->put->store;
    NetAnswer a = { 0 };
    Err err = must(cx, s, &(Ask){ .method = "POST", .name = u->put->name, .query = "uploads=" }, "writing", &a);
    const char *at = a.text.at;
    if (!err && !tagged(&at, NULL, "UploadId", u->upload, sizeof u->upload))
        err = FAIL(cx, ERR_IO, "writing '%s': the server gives no upload id", u->put->name);
    net_answer_clear(&a);
    return err;
}

static Err part_query(Ctx *cx, const Put *u, unsigned number, Text *query)
{
    text_init(query, cx);
    if (number) text_fmt(query, "partNumber=%u&", number);
    text_put(query, "uploadId=");
    net_url_text(query, u->upload, false);
    return text_err(query);
}

static Err put_part(Ctx *cx, void *self, size_t i)
{
    Put *u = self;
    S3 *s = (S3 *)u->put->store;
    NetAnswer a = { 0 };
    Text query;
    size_t at = i * PART, n = u->n - at < PART ? u->n - at : PART;
    Err err = part_query(cx, u, u->parts_n + (unsigned)i + 1, &query);
    if (!err) err = must(cx, s, &(Ask){ .method = "PUT", .name = u->put->name, .query = query.at, .body = u->at + at, .body_n = n },
                         "writing", &a);
    if (!err) snprintf(u->etag[u->parts_n + i], sizeof *u->etag, "%s", a.etag);
    text_clear(&query);
    net_answer_clear(&a);
    return err;
}

/* What is held goes out in parts, side by side. */
static Err put_parts(Ctx *cx, Put *u)
{
    unsigned n = (unsigned)((u->n + PART - 1) / PART);
    if (!u->upload[0]) TRY(cx, upload_begin(cx, u));
    if (u->parts_n + n > PARTS_MAX) return FAIL(cx, ERR_LIMIT, "'%s' is larger than %u parts", u->put->name, PARTS_MAX);
    if (u->parts_n + n > u->etags_cap) {
        unsigned cap = 2 * u->etags_cap + n;
        void *at = ctx_grow(cx, u->etag, cap, sizeof *u->etag);
        if (!at) return FAIL(cx, ERR_NOMEM, "writing '%s'", u->put->name);
        u->etag = at;
        u->etags_cap = cap;
    }
    TRY(cx, os_parts(cx, PARTS_AT_ONCE, n, put_part, u));
    u->parts_n += n;
    u->n = 0;
    return OK;
}

static Err put_more(Ctx *cx, StorePut *p, const void *bytes, size_t n)
{
    Put *u = p->own;
    while (n) {
        size_t room = PART * PARTS_AT_ONCE - u->n, k = n < room ? n : room;
        memcpy(u->at + u->n, bytes, k);
        u->n += k;
        bytes = (const char *)bytes + k;
        n -= k;
        if (u->n == PART * PARTS_AT_ONCE) TRY(cx, put_parts(cx, u));
    }
    return OK;
}

static void put_free(Ctx *cx, StorePut *p)
{
    Put *u = p->own;
    ctx_put(cx, u->at);
    ctx_put(cx, u->etag);
    ctx_put(cx, u);
    p->own = NULL;
}

/* Also the parts that are there already are to go. */
static void put_drop(Ctx *cx, StorePut *p)
{
    Put *u = p->own;
    NetAnswer a = { 0 };
    Text query;
    if (!u) return;
    if (u->upload[0] && !part_query(cx, u, 0, &query)) {
        Ctx last = *cx;                                            /* told to stop or not: one more question, and its failure is no news */
        last.cancel = NULL;
        last.deadline_us = 0;
        (void)!ask(&last, (S3 *)p->store, &(Ask){ .method = "DELETE", .name = p->name, .query = query.at }, &a);
        text_clear(&query);
        net_answer_clear(&a);
    }
    put_free(cx, p);
}

static Err upload_end(Ctx *cx, Put *u)
{
    S3 *s = (S3 *)u->put->store;
    NetAnswer a = { 0 };
    Text query, xml;
    text_init(&xml, cx);
    text_put(&xml, "<CompleteMultipartUpload>");
    for (unsigned i = 0; i < u->parts_n; i++)
        text_fmt(&xml, "<Part><PartNumber>%u</PartNumber><ETag>%s</ETag></Part>", i + 1, u->etag[i]);
    text_put(&xml, "</CompleteMultipartUpload>");
    Err err = part_query(cx, u, 0, &query);
    if (!err) err = text_err(&xml);
    if (!err) err = must(cx, s, &(Ask){ .method = "POST", .name = u->put->name, .query = query.at, .body = xml.at, .body_n = xml.n },
                         "writing", &a);
    if (!err && a.text.at && strstr(a.text.at, "<Error>")) err = refused(cx, s, &a, "writing", u->put->name);  /* 200, and yet */
    text_clear(&query);
    text_clear(&xml);
    net_answer_clear(&a);
    return err;
}

static Err put_keep(Ctx *cx, StorePut *p)
{
    Put *u = p->own;
    S3 *s = (S3 *)p->store;
    NetAnswer a = { 0 };
    Err err = OK;
    if (!u->upload[0] && u->n <= PART) {
        err = must(cx, s, &(Ask){ .method = "PUT", .name = p->name, .query = "", .body = u->at, .body_n = u->n }, "writing", &a);
        net_answer_clear(&a);
    } else {
        if (u->n) err = put_parts(cx, u);
        if (!err) err = upload_end(cx, u);
        if (!err) u->upload[0] = 0;
    }
    if (err) put_drop(cx, p);
    else put_free(cx, p);
    return err;
}

static Err s3_settle(Ctx *cx, Store *s, const char *name)
{
    (void)cx, (void)s, (void)name;
    return OK;
}

static Err s3_lock(Ctx *cx, Store *s, bool alone, int *fd)
{
    (void)cx, (void)s, (void)alone, (void)fd;                      /* nothing is swept there */
    return OK;
}

static void s3_unlock(Store *s, int *fd)
{
    (void)s, (void)fd;
}

const StoreKind store_kind_s3 = {
    .name = "S3",
    .scheme = "s3://",
    .piece = PART,
    .make = s3_make,
    .open = s3_open,
    .close = s3_close,
    .look = s3_look,
    .redate = s3_redate,
    .put_begin = put_begin,
    .put_more = put_more,
    .put_keep = put_keep,
    .put_drop = put_drop,
    .settle = s3_settle,
    .get_begin = get_begin,
    .get_at = get_at,
    .get_end = get_end,
    .map = s3_map,
    .unmap = s3_unmap,
    .list = s3_list,
    .remove = s3_remove,
    .lock = s3_lock,
    .unlock = s3_unlock,
};

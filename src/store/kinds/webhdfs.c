/* store/kinds/webhdfs.c -- blobs as files of HDFS, over its own HTTP: webhdfs://HOST:PORT/PATH?user=NAME (swebhdfs: HTTPS)
**
** The namenode answers what is about names, and sends (307) whoever wants bytes to a datanode.  A blob is written to tmp/ and
** renamed, so a name is never seen half-written; what does not fit into one piece is appended piece by piece.  An append must
** not be done twice, so after a broken one the file's length tells whether it was done.
** Source: "WebHDFS REST API", Apache Hadoop 3.3.
*/
#include "store/inner.h"

#include "net/net.h"
#include "os/os.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <yyjson.h>

#define PIECE ((size_t)16 << 20)

typedef struct Hdfs {
    Store base;
    Net *net;
    char server[300], path[1024], user[128];
    atomic_uint next;              /* of names in tmp/ */
} Hdfs;

/* --- asking --- */

typedef struct Ask {
    const char *method, *op, *name;            /* name below the store's path; "" the path itself */
    const char *more;                          /* "&key=value…", encoded */
    const void *body;
    size_t body_n;
    void *into;
    size_t into_cap;
    unsigned tries;
} Ask;

static Err url_of(Ctx *cx, const Hdfs *h, const Ask *a, Text *url)
{
    text_init(url, cx);
    text_fmt(url, "%s/webhdfs/v1", h->server);
    net_url_text(url, h->path, true);
    if (a->name[0]) text_char(url, '/');
    net_url_text(url, a->name, true);
    text_fmt(url, "?op=%s", a->op);
    if (h->user[0]) {
        text_put(url, "&user.name=");
        net_url_text(url, h->user, false);
    }
    if (a->more) text_put(url, a->more);
    return text_err(url);
}

/* Ask the namenode, then, where it sends us to, a datanode.  The body goes only there. */
static Err ask(Ctx *cx, Hdfs *h, const Ask *a, NetAnswer *out)
{
    static const char *const headers[] = { "Content-Type: application/octet-stream", NULL };
    Text url;
    Err err = url_of(cx, h, a, &url);
    if (!err) {
        NetAsk q = { .method = a->method, .url = url.at, .headers = headers, .into = a->into, .into_cap = a->into_cap,
                     .tries = a->tries };
        err = net_ask(cx, h->net, &q, out);
    }
    text_clear(&url);
    if (err || out->status != 307) return err;
    char to[NET_URL_MAX];
    snprintf(to, sizeof to, "%s", out->location);
    net_answer_clear(out);
    NetAsk q = { .method = a->method, .url = to, .headers = headers, .body = a->body ? a->body : a->body_n ? NULL : "",
                 .body_n = a->body_n, .into = a->into, .into_cap = a->into_cap, .tries = a->tries };
    if (!strcmp(a->method, "GET")) q.body = NULL;
    return net_ask(cx, h->net, &q, out);
}

/* What a status that we did not want means; the server says it in JSON. */
static Err refused(Ctx *cx, const Hdfs *h, const NetAnswer *a, const char *what, const char *name)
{
    char words[300] = "", kind[100] = "";
    yyjson_doc *doc = a->text.at ? yyjson_read(a->text.at, a->text.n, 0) : NULL;
    yyjson_val *v = doc ? yyjson_obj_get(yyjson_doc_get_root(doc), "RemoteException") : NULL;
    const char *m = yyjson_get_str(yyjson_obj_get(v, "message")), *k = yyjson_get_str(yyjson_obj_get(v, "exception"));
    snprintf(words, sizeof words, "%s", m ? m : "");
    words[strcspn(words, "\n")] = 0;
    snprintf(kind, sizeof kind, "%s", k ? k : "");
    yyjson_doc_free(doc);
    if (a->status == 404) return FAIL(cx, ERR_NOT_FOUND, "%s '%s' in '%s': it is not there", what, name, h->base.folder);
    if (a->status == 401 || !strcmp(kind, "AccessControlException") || !strcmp(kind, "SecurityException"))
        return FAIL(cx, ERR_DENIED, "%s '%s' in '%s' is not allowed: %s", what, name, h->base.folder, words);
    return FAIL(cx, ERR_IO, "%s '%s' in '%s': the server answered %d %s %s", what, name, h->base.folder, a->status, kind, words);
}

static Err must(Ctx *cx, Hdfs *h, const Ask *a, const char *what, NetAnswer *out)
{
    Err err = ask(cx, h, a, out);
    if (!err && (out->status < 200 || out->status > 299)) err = refused(cx, h, out, what, a->name);
    return err;
}

/* The same where the answer is {"boolean":…}; *yes. */
static Err must_say(Ctx *cx, Hdfs *h, const Ask *a, const char *what, bool *yes)
{
    NetAnswer n = { 0 };
    Err err = must(cx, h, a, what, &n);
    *yes = !err && n.text.at && strstr(n.text.at, "true");
    net_answer_clear(&n);
    return err;
}

/* --- looking --- */

static Blob blob_of(yyjson_val *status)
{
    const char *type = yyjson_get_str(yyjson_obj_get(status, "type"));
    return (Blob){ type && !strcmp(type, "FILE"), yyjson_get_uint(yyjson_obj_get(status, "length")),
                   (int64_t)yyjson_get_uint(yyjson_obj_get(status, "modificationTime")) * 1000 };
}

static Err status_of(Ctx *cx, Hdfs *h, const char *name, Blob *out, bool *folder)
{
    NetAnswer a = { 0 };
    *out = (Blob){ 0 };
    *folder = false;
    Err err = ask(cx, h, &(Ask){ .method = "GET", .op = "GETFILESTATUS", .name = name }, &a);
    if (!err && a.status == 200 && a.text.at) {
        yyjson_doc *doc = yyjson_read(a.text.at, a.text.n, 0);
        yyjson_val *v = doc ? yyjson_obj_get(yyjson_doc_get_root(doc), "FileStatus") : NULL;
        if (v) *out = blob_of(v);
        *folder = v && !out->there;
        if (!v) err = FAIL(cx, ERR_IO, "looking for '%s' in '%s': the answer is not that of a namenode", name, h->base.folder);
        yyjson_doc_free(doc);
    } else if (!err && a.status != 404) err = refused(cx, h, &a, "looking for", name);
    net_answer_clear(&a);
    return err;
}

static Err hdfs_look(Ctx *cx, Store *s, const char *name, Blob *out)
{
    bool folder;
    return status_of(cx, (Hdfs *)s, name, out, &folder);
}

static Err hdfs_redate(Ctx *cx, Store *s, const char *name, bool *there)
{
    Hdfs *h = (Hdfs *)s;
    NetAnswer a = { 0 };
    char more[80];
    snprintf(more, sizeof more, "&modificationtime=%lld", (long long)(cx->world->clock->now_us(cx->world->clock->self) / 1000));
    Err err = ask(cx, h, &(Ask){ .method = "PUT", .op = "SETTIMES", .name = name, .more = more }, &a);
    *there = !err && a.status == 200;
    if (!err && a.status != 200 && a.status != 404) err = refused(cx, h, &a, "dating", name);
    net_answer_clear(&a);
    return err;
}

/* --- opening --- */

static Err address(Ctx *cx, const char *where, Hdfs *h)
{
    bool tls = where[0] == 's';
    const char *at = strstr(where, "://") + 3, *slash = strchr(at, '/'), *query = strchr(at, '?');
    size_t host = slash ? (size_t)(slash - at) : 0, path = slash ? strcspn(slash, "?") : 0;
    const char *user = getenv("HADOOP_USER_NAME");
    if (!host || host >= sizeof h->server - 10 || path >= sizeof h->path || strlen(where) >= STORE_PATH_MAX || memchr(at, '@', host))
        return FAIL(cx, ERR_BAD_INPUT, "'%.200s' is no address of a folder: webhdfs://HOST:PORT/PATH?user=NAME", where);
    snprintf(h->server, sizeof h->server, "%s://%.*s", tls ? "https" : "http", (int)host, at);
    while (path && slash[path - 1] == '/') path--;
    snprintf(h->path, sizeof h->path, "%.*s", (int)path, slash);
    if (query && !strncmp(query, "?user=", 6)) snprintf(h->user, sizeof h->user, "%s", query + 6);
    else if (user && *user) snprintf(h->user, sizeof h->user, "%s", user);
    else os_user_name(h->user, sizeof h->user);
    snprintf(h->base.folder, sizeof h->base.folder, "%s", where);
    return OK;
}

static void hdfs_close(Ctx *cx, Store *s)
{
    net_close(cx, ((Hdfs *)s)->net);
    ctx_put(cx, s);
}

static Err connect(Ctx *cx, const char *where, Hdfs **out)
{
    Hdfs *h = ctx_get(cx, sizeof *h);
    *out = NULL;
    if (!h) return FAIL(cx, ERR_NOMEM, "opening '%.200s'", where);
    h->base.kind = &store_kind_webhdfs;
    Err err = address(cx, where, h);
    if (!err) err = net_open(cx, &h->net);
    if (err) hdfs_close(cx, &h->base);
    else *out = h;
    return err;
}

static Err hdfs_make(Ctx *cx, const char *where)
{
    static const char *const parts[] = { "objects", "packs", "tmp" };
    Hdfs *h;
    bool yes = true;
    TRY(cx, connect(cx, where, &h));
    Err err = OK;
    for (size_t i = 0; i < 3 && !err; i++)
        err = must_say(cx, h, &(Ask){ .method = "PUT", .op = "MKDIRS", .name = parts[i] }, "making", &yes);
    if (!err && !yes) err = FAIL(cx, ERR_IO, "'%s' cannot be made", where);
    hdfs_close(cx, &h->base);
    return err;
}

static Err hdfs_open(Ctx *cx, const char *where, Store **out)
{
    Hdfs *h;
    Blob b;
    bool folder = false;
    *out = NULL;
    TRY(cx, connect(cx, where, &h));
    Err err = status_of(cx, h, "objects", &b, &folder);
    if (!err && !folder) err = FAIL(cx, ERR_NOT_FOUND, "no store in '%s': it has no folder objects/", where);
    if (err) hdfs_close(cx, &h->base);
    else *out = &h->base;
    return err;
}

/* --- listing --- */

static Err list_one(Ctx *cx, Hdfs *h, const char *under, bool deep, BlobEach *each, void *arg)
{
    NetAnswer a = { 0 };
    yyjson_doc *doc = NULL;
    Err err = ask(cx, h, &(Ask){ .method = "GET", .op = "LISTSTATUS", .name = under }, &a);
    if (err || a.status == 404) goto done;
    if (a.status != 200) {
        err = refused(cx, h, &a, "listing", under);
        goto done;
    }
    doc = yyjson_read(a.text.at ? a.text.at : "", a.text.n, 0);
    yyjson_val *all = doc ? yyjson_obj_get(yyjson_obj_get(yyjson_doc_get_root(doc), "FileStatuses"), "FileStatus") : NULL, *v;
    size_t i, n;
    if (!all) err = FAIL(cx, ERR_IO, "listing '%s' in '%s': the answer is not that of a namenode", under, h->base.folder);
    yyjson_arr_foreach(all, i, n, v) {
        char name[BLOB_NAME_MAX];
        const char *file = yyjson_get_str(yyjson_obj_get(v, "pathSuffix"));
        Blob b = blob_of(v);
        int k = snprintf(name, sizeof name, "%s/%s", under, file ? file : "");
        if (err || !file || k >= (int)sizeof name) continue;
        if (b.there) err = each(arg, name, &b);
        else if (deep) err = list_one(cx, h, name, false, each, arg);
    }
done:
    yyjson_doc_free(doc);
    net_answer_clear(&a);
    return err;
}

static Err hdfs_list(Ctx *cx, Store *s, const char *under, bool facts, BlobEach *each, void *arg)
{
    (void)facts;
    return list_one(cx, (Hdfs *)s, under, true, each, arg);
}

static Err hdfs_remove(Ctx *cx, Store *s, const char *name)
{
    bool yes;                                                      /* false: nothing was there */
    return must_say(cx, (Hdfs *)s, &(Ask){ .method = "DELETE", .op = "DELETE", .name = name }, "removing", &yes);
}

/* --- getting --- */

static Err get_begin(Ctx *cx, Store *s, const char *name, StoreGet *g)
{
    (void)cx;
    g->store = s;
    g->fd = -1;
    snprintf(g->name, sizeof g->name, "%s", name);
    return OK;
}

static Err get_at(Ctx *cx, StoreGet *g, uint64_t at, void *buf, size_t n, size_t *got)
{
    Hdfs *h = (Hdfs *)g->store;
    NetAnswer a = { 0 };
    char more[80];
    *got = 0;
    if (!n) return OK;
    snprintf(more, sizeof more, "&offset=%llu&length=%zu", (unsigned long long)at, n);
    Err err = ask(cx, h, &(Ask){ .method = "GET", .op = "OPEN", .name = g->name, .more = more, .into = buf, .into_cap = n }, &a);
    if (!err && a.status == 200) *got = a.into_n;
    else if (!err && !(a.text.at && strstr(a.text.at, "out of the range"))) err = refused(cx, h, &a, "reading", g->name);
    net_answer_clear(&a);
    return err;
}

static void get_end(Ctx *cx, StoreGet *g)
{
    (void)cx, (void)g;
}

static Err hdfs_map(Ctx *cx, Store *s, const char *name, StoreMap *out)
{
    StoreGet g;
    Blob b;
    *out = (StoreMap){ 0 };
    TRY(cx, hdfs_look(cx, s, name, &b));
    if (!b.there) return FAIL(cx, ERR_NOT_FOUND, "'%s' is not in '%s'", name, s->folder);
    unsigned char *at = ctx_get(cx, (size_t)b.size + 1);
    if (!at) return FAIL(cx, ERR_NOMEM, "reading '%s' of %llu bytes", name, (unsigned long long)b.size);
    Err err = get_begin(cx, s, name, &g);
    for (size_t done = 0, got = 1; !err && done < b.size && got; done += got)
        err = get_at(cx, &g, done, at + done, b.size - done < PIECE ? (size_t)(b.size - done) : PIECE, &got);
    if (err) {
        ctx_put(cx, at);
        return err;
    }
    *out = (StoreMap){ at, (size_t)b.size };
    return OK;
}

static void hdfs_unmap(Ctx *cx, Store *s, StoreMap *m)
{
    (void)s;
    ctx_put(cx, (void *)(uintptr_t)m->at);
}

/* --- putting --- */

typedef struct Put { unsigned char *at; size_t n; uint64_t written; bool made; char tmp[BLOB_NAME_MAX]; } Put;

static Err put_begin(Ctx *cx, Store *s, const char *name, StorePut *p)
{
    Hdfs *h = (Hdfs *)s;
    char host[60] = "";
    p->store = s;
    p->own = NULL;
    snprintf(p->name, sizeof p->name, "%s", name);
    Put *u = ctx_get(cx, sizeof *u);
    if (!u) return FAIL(cx, ERR_NOMEM, "writing '%s'", name);
    u->at = cx->world->alloc->get(cx->world->alloc->self, PIECE);
    if (!u->at) {
        ctx_put(cx, u);
        return FAIL(cx, ERR_NOMEM, "writing '%s'", name);
    }
    os_host_name(host, 32);
    snprintf(u->tmp, sizeof u->tmp, "tmp/%s-%ld-%llx-%u", host, (long)getpid(), (unsigned long long)ctx_mono_us(cx),
             atomic_fetch_add(&h->next, 1));
    p->own = u;
    return OK;
}

/* Add what is held.  The first piece makes the file, and may do so twice; the next ones are appended once. */
static Err flush(Ctx *cx, StorePut *p)
{
    Hdfs *h = (Hdfs *)p->store;
    Put *u = p->own;
    Err err = OK;
    for (unsigned i = 0; i < NET_TRIES; i++) {
        NetAnswer a = { 0 };
        Blob b = { 0 };
        Ask q = { .method = u->made ? "POST" : "PUT", .op = u->made ? "APPEND" : "CREATE", .name = u->tmp,
                  .more = u->made ? NULL : "&overwrite=true", .body = u->at, .body_n = u->n, .tries = u->made ? 1 : 0 };
        err = must(cx, h, &q, "writing", &a);
        net_answer_clear(&a);
        if (err == ERR_IO && u->made && !hdfs_look(cx, p->store, u->tmp, &b) && b.there && b.size == u->written + u->n) err = OK;
        if (err != ERR_IO || !u->made || b.size != u->written) break;
    }
    if (err) return err;
    u->made = true;
    u->written += u->n;
    u->n = 0;
    return OK;
}

static Err put_more(Ctx *cx, StorePut *p, const void *bytes, size_t n)
{
    Put *u = p->own;
    while (n) {
        size_t k = n < PIECE - u->n ? n : PIECE - u->n;
        memcpy(u->at + u->n, bytes, k);
        u->n += k;
        bytes = (const char *)bytes + k;
        n -= k;
        if (u->n == PIECE) TRY(cx, flush(cx, p));
    }
    return OK;
}

static void put_drop(Ctx *cx, StorePut *p)
{
    Put *u = p->own;
    if (!u) return;
    if (u->made) {
        Ctx last = *cx;                                            /* told to stop or not: it is to go, and its failure is no news */
        last.cancel = NULL;
        last.deadline_us = 0;
        (void)!hdfs_remove(&last, p->store, u->tmp);
    }
    ctx_put(cx, u->at);
    ctx_put(cx, u);
    p->own = NULL;
}

static Err put_keep(Ctx *cx, StorePut *p)
{
    Hdfs *h = (Hdfs *)p->store;
    Put *u = p->own;
    Text more;
    char folder[BLOB_NAME_MAX];
    bool yes = false;
    NetAnswer a = { 0 };
    Err err = u->n || !u->made ? flush(cx, p) : OK;
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(p->name, '/') - p->name), p->name);
    if (!err) err = must_say(cx, h, &(Ask){ .method = "PUT", .op = "MKDIRS", .name = folder }, "making", &yes);
    text_init(&more, cx);
    text_put(&more, "&renameoptions=OVERWRITE&destination=");
    net_url_text(&more, h->path, true);
    text_char(&more, '/');
    net_url_text(&more, p->name, true);
    if (!err) err = text_err(&more);
    if (!err) err = must(cx, h, &(Ask){ .method = "PUT", .op = "RENAME", .name = u->tmp, .more = more.at, .tries = 1 }, "naming", &a);
    text_clear(&more);
    net_answer_clear(&a);
    if (err == ERR_IO || err == ERR_NOT_FOUND) {                   /* said no, or said yes and we did not hear it? */
        Blob b;
        if (!hdfs_look(cx, p->store, p->name, &b) && b.there && b.size == u->written) err = OK;
    }
    if (!err) u->made = false;
    put_drop(cx, p);
    return err;
}

static Err hdfs_settle(Ctx *cx, Store *s, const char *name)
{
    (void)cx, (void)s, (void)name;                                 /* the namenode's log is durable when it answers */
    return OK;
}

static Err hdfs_lock(Ctx *cx, Store *s, bool alone, int *fd)
{
    (void)cx, (void)s, (void)alone, (void)fd;                      /* nothing is swept there */
    return OK;
}

static void hdfs_unlock(Store *s, int *fd)
{
    (void)s, (void)fd;
}

#define ROW(scheme_)                                                                                                           \
    {                                                                                                                          \
        .name = "WebHDFS", .scheme = scheme_, .piece = PIECE, .make = hdfs_make, .open = hdfs_open, .close = hdfs_close,       \
        .look = hdfs_look, .redate = hdfs_redate, .put_begin = put_begin, .put_more = put_more, .put_keep = put_keep,          \
        .put_drop = put_drop, .settle = hdfs_settle, .get_begin = get_begin, .get_at = get_at, .get_end = get_end,             \
        .map = hdfs_map, .unmap = hdfs_unmap, .list = hdfs_list, .remove = hdfs_remove, .lock = hdfs_lock,                     \
        .unlock = hdfs_unlock,                                                                                                 \
    }

const StoreKind store_kind_webhdfs = ROW("webhdfs://"), store_kind_swebhdfs = ROW("swebhdfs://");

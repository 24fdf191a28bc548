/* lake/add.c -- a new version: bytes in and synced first, then the one event.
**
** When the files make the very tree that the newest version is, nothing is written and nobody is told.
*/
#include "lake/inner.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TAGS_MAX 100
#define MESSAGE_MAX 10000

/* --- what is asked --- */

static Err check_tag(Ctx *cx, const char *tag)
{
    bool digits = tag[strspn(tag, "0123456789")] == 0, hex = strlen(tag) >= LAKE_PREFIX_MIN && tag[strspn(tag, "0123456789abcdefABCDEF")] == 0;
    bool date = strlen(tag) >= 10 && tag[4] == '-' && tag[7] == '-' && strspn(tag, "0123456789-") >= 10;
    TRY(cx, lake_check_name(cx, "tag", tag));
    if (digits || hex || date || !strcmp(tag, "latest"))
        return FAIL(cx, ERR_BAD_INPUT, "'%.80s' cannot be a tag: it reads as a number, a digest, a date or 'latest'", tag);
    return OK;
}

static Err check(Ctx *cx, const LakeAdd *in)
{
    TRY(cx, lake_check_name(cx, "dataset", in->name));
    if (!in->roots_n) return FAIL(cx, ERR_BAD_INPUT, "nothing to add to '%s': name a file, a folder or an address", in->name);
    if (in->roots_n > LAKE_ROOTS_MAX)
        return FAIL(cx, ERR_LIMIT, "%zu sources at once; the most is %d: add the folder they are in", in->roots_n, LAKE_ROOTS_MAX);
    if (in->tags_n > TAGS_MAX) return FAIL(cx, ERR_LIMIT, "%zu tags at once; the most is %d", in->tags_n, TAGS_MAX);
    for (size_t i = 0; i < in->tags_n; i++) TRY(cx, check_tag(cx, in->tag[i]));
    if (in->message && (strlen(in->message) > MESSAGE_MAX || !text_utf8_ok(in->message, strlen(in->message))))
        return FAIL(cx, ERR_BAD_INPUT, "the message must be UTF-8 of at most %d bytes", MESSAGE_MAX);
    return OK;
}

/* --- events --- */

static Err append(Ctx *cx, Lake *lake, const char *kind, const char *name, Text *payload, uint64_t *seq)
{
    uint64_t at;
    Err err = text_err(payload);
    if (!err) {
        const Act act = { .kind = kind, .subject = name, .payload = payload->at };
        err = ledger_append(cx, lake->ledger, &act, seq ? seq : &at);
    }
    text_clear(payload);
    return err;
}

static void write_lists(const LakeAdd *in, Text *t)
{
    char hex[SHA256_TEXT_MAX];
    static const Digest none;
    json_key_open_array(t, "inputs");
    for (size_t i = 0; i < in->inputs_n; i++) {
        json_open(t);
        json_key_text(t, "dataset", in->input[i].dataset);
        json_key_int(t, "n", (int64_t)in->input[i].n);
        if (!digest_same(&in->input[i].tree, &none)) {
            digest_text(&in->input[i].tree, hex);
            json_key_text(t, "tree", hex);
        }
        json_close(t);
    }
    json_close_array(t);
    json_key_text(t, "message", in->message ? in->message : "");
}

static void write_ends(const LakeAdd *in, Text *t)
{
    json_key_open_array(t, "sources");
    for (size_t i = 0; i < in->sources_n; i++) {
        json_open(t);
        json_key_text(t, "address", in->source[i].address);
        if (in->source[i].detail && *in->source[i].detail) json_key_text(t, "detail", in->source[i].detail);
        json_key_text(t, "kind", in->source[i].kind);
        json_close(t);
    }
    json_close_array(t);
    json_key_open_array(t, "tags");
    for (size_t i = 0; i < in->tags_n; i++) json_text(t, in->tag[i]);
    json_close_array(t);
}

static void write_added(const LakeAdd *in, const LakeScan *scan, const AboutOut *about, Text *t)
{
    char hex[SHA256_TEXT_MAX];
    json_open(t);
    if (about->has) {
        digest_text(&about->about, hex);
        json_key_text(t, "about", hex);
    }
    json_key_int(t, "bytes", (int64_t)scan->bytes);
    if (about->columns >= 0) json_key_int(t, "columns", about->columns);
    json_key_raw(t, "detail", in->detail ? in->detail : "{}");
    json_key_bool(t, "exact", about->rows_exact);
    json_key_int(t, "files", (int64_t)scan->files);
    write_lists(in, t);
    if (about->rows >= 0) json_key_int(t, "rows", about->rows);
    json_key_int(t, "source_us", in->source_us ? in->source_us : scan->newest_us);
    write_ends(in, t);
    digest_text(&scan->tree, hex);
    json_key_text(t, "tree", hex);
    json_key_text(t, "verb", in->verb ? in->verb : "add");
    json_close(t);
}

/* --- adding --- */

static Err keep_nodes(Ctx *cx, Lake *lake, StoreBatch *batch)
{
    Digest d;
    for (size_t i = 0; i < lake->held.n; i++) {
        const HeldRow *r = &lake->held.row[i];
        TRY(cx, store_batch_put(cx, batch, lake->held.bytes.at + r->at, r->n, &d));
    }
    return OK;
}

static Err must_hold_files(Ctx *cx, const LakeAdd *in, const LakeScan *scan)
{
    if (scan->files) return OK;
    return FAIL(cx, ERR_BAD_INPUT, "'%s' holds no files; there is nothing to add to '%s'", in->root[0].path, in->name);
}

static int by_digest(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(Digest));
}

/* Of the files that were not read, those that the newest version does not hold: maybe only `status` ever read them, or a gc is
** about to sweep them. */
typedef struct Doubt { const ScanOut *scan; Digest *at; size_t n; } Doubt;

static Err doubt_one(Ctx *cx, void *arg, LakeChange change, const LakeFile *was, const LakeFile *now)
{
    Doubt *d = arg;
    (void)cx, (void)change, (void)was;
    if (now && d->scan->known_n && bsearch(&now->digest, d->scan->known, d->scan->known_n, sizeof(Digest), by_digest))
        d->at[d->n++] = now->digest;
    return OK;
}

static Err find_doubt(Ctx *cx, Lake *lake, const LakeVersion *newest, const ScanOut *scan, Doubt *out)
{
    *out = (Doubt){ .scan = scan };
    if (!scan->known_n) return OK;
    qsort(scan->known, scan->known_n, sizeof *scan->known, by_digest);
    out->at = ctx_get_n(cx, newest ? scan->scan.files : scan->known_n, sizeof *out->at);
    if (!out->at) return FAIL(cx, ERR_NOMEM, "holding %zu digests", scan->known_n);
    if (newest) return lake_compare(cx, lake, &newest->tree, &scan->scan.tree, doubt_one, out);
    memcpy(out->at, scan->known, scan->known_n * sizeof *out->at);
    out->n = scan->known_n;
    return OK;
}

/* Scan with what is read going into the store; a second time for what the cache knows but the store may lack. */
static Err scan_in(Ctx *cx, Lake *lake, const LakeAdd *in, const LakeVersion *newest, StoreBatch *batch, ScanOut *out)
{
    ScanIn si = { .root = in->root, .roots_n = in->roots_n, .threads = in->threads, .keep = batch, .fresh = in->fresh, .passing = in->passing };
    Doubt doubt = { 0 };
    ScanOut first;
    TRY(cx, scan_roots(cx, lake, &si, out));
    if (newest && digest_same(&newest->tree, &out->scan.tree)) return OK;
    Err err = find_doubt(cx, lake, newest, out, &doubt);
    if (!err && doubt.n) {
        qsort(doubt.at, doubt.n, sizeof *doubt.at, by_digest);
        si.doubt = doubt.at;
        si.doubt_n = doubt.n;
        first = *out;
        err = scan_roots(cx, lake, &si, out);
        ctx_put(cx, first.known);
        out->scan.files_read += first.scan.files_read;
        out->bytes_read += first.bytes_read;
    }
    ctx_put(cx, doubt.at);
    return err;
}

static Err tag_all(Ctx *cx, Lake *lake, const LakeAdd *in, const LakeVersion *v)
{
    for (size_t i = 0; i < in->tags_n; i++) {
        bool has = false;
        for (size_t k = 0; k < v->tags_n; k++) has |= !strcmp(v->tag[k], in->tag[i]);
        if (!has) TRY(cx, lake_tag(cx, lake, in->name, v->n, in->tag[i]));
    }
    return OK;
}

/* The event, unless somebody else recorded the same content meanwhile. */
static Err record(Ctx *cx, Lake *lake, const LakeAdd *in, const LakeScan *scan, const AboutOut *about, LakeAdded *out)
{
    Text t;
    bool has;
    Err err = OK;
    text_init(&t, cx);
    TRY_DONE(cx, ledger_begin(cx, lake->ledger));
    TRY_DONE(cx, lake_newest(cx, lake, in->name, &has, &out->version));
    out->unchanged = has && digest_same(&out->version.tree, &scan->tree) && !in->even_same;
    if (!out->unchanged) {
        write_added(in, scan, about, &t);
        TRY_DONE(cx, append(cx, lake, "data.added", in->name, &t, NULL));
        TRY_DONE(cx, lake_newest(cx, lake, in->name, &has, &out->version));
    }
    TRY_DONE(cx, ledger_commit(cx, lake->ledger));
done:
    ledger_cancel(lake->ledger);
    text_clear(&t);
    return err;
}

Err lake_add(Ctx *cx, Lake *lake, const LakeAdd *in, LakeAdded *out)
{
    ScanOut scan = { 0 };
    StoreBatch *batch = NULL;
    LakeVersion newest;
    AboutOut about = { .rows = -1, .columns = -1 };
    int64_t begun_us = cx->world->clock->now_us(cx->world->clock->self);
    bool has;
    Err err = OK;
    *out = (LakeAdded){ 0 };
    TRY(cx, check(cx, in));
    TRY(cx, lake_newest(cx, lake, in->name, &has, &newest));
    TRY_DONE(cx, store_batch_begin(cx, lake->store, &batch));
    TRY_DONE(cx, scan_in(cx, lake, in, has ? &newest : NULL, batch, &scan));
    out->files_read = scan.scan.files_read;
    out->bytes_read = scan.bytes_read;
    TRY_DONE(cx, must_hold_files(cx, in, &scan.scan));
    if (has && digest_same(&newest.tree, &scan.scan.tree) && !in->even_same) {
        out->version = newest;
        out->unchanged = true;
    } else {
        TRY_DONE(cx, keep_nodes(cx, lake, batch));
        TRY_DONE(cx, about_make(cx, lake, in, &scan.scan.tree, begun_us, batch, &about));
        TRY_DONE(cx, store_batch_commit(cx, batch));
        TRY_DONE(cx, record(cx, lake, in, &scan.scan, &about, out));
    }
    if (out->unchanged && in->tags_n) {
        TRY_DONE(cx, tag_all(cx, lake, in, &out->version));
        TRY_DONE(cx, lake_version_at(cx, lake, in->name, out->version.n, &out->version));
    }
done:
    store_batch_end(cx, batch);
    ctx_put(cx, scan.known);
    if (err) *out = (LakeAdded){ 0 };
    return err;
}

/* --- small acts --- */

static Err act(Ctx *cx, Lake *lake, const char *kind, const char *name, uint64_t n, const char *tag, const char *why)
{
    Text t;
    text_init(&t, cx);
    json_open(&t);
    if (n) json_key_int(&t, "n", (int64_t)n);
    if (tag) json_key_text(&t, "tag", tag);
    if (why && *why) json_key_text(&t, "why", why);
    json_close(&t);
    TRY(cx, append(cx, lake, kind, name, &t, NULL));
    return OK;
}

Err lake_remove(Ctx *cx, Lake *lake, const char *name, uint64_t n, const char *why)
{
    LakeVersion v;
    LakeVersion *all;
    size_t all_n;
    if (n) TRY(cx, lake_version_at(cx, lake, name, n, &v));
    else TRY(cx, lake_versions(cx, lake, name, &all, &all_n));
    TRY(cx, act(cx, lake, "data.removed", name, n, NULL, why));
    return OK;
}

static Err is_there(Ctx *cx, void *arg, const LakeFile *f)
{
    bool has = true;
    Lake *lake = arg;
    if (f->kind != LAKE_FOLDER) TRY(cx, store_has(cx, lake->store, &f->digest, &has));
    return has ? OK : ERR_NOT_FOUND;
}

/* Are all bytes of a version still in the store? */
static Err whole(Ctx *cx, Lake *lake, const LakeVersion *v)
{
    held_clear(cx, &lake->held);
    Err err = lake_each_file(cx, lake, &v->tree, is_there, lake);
    if (err != ERR_NOT_FOUND) return err;
    return FAIL(cx, ERR_REFUSED, "the bytes of '%s@%llu' are gone from the store; pull them from a remote first", v->dataset,
                (unsigned long long)v->n);
}

Err lake_restore(Ctx *cx, Lake *lake, const char *name, uint64_t n, const char *why)
{
    LakeVersion *v;
    size_t all;
    bool any = false;
    if (n) {
        LakeVersion one;
        TRY(cx, lake_version_at(cx, lake, name, n, &one));
        TRY(cx, whole(cx, lake, &one));
    } else {
        TRY(cx, lake_versions(cx, lake, name, &v, &all));
        for (size_t i = 0; i < all; i++) {
            if (!v[i].removed) continue;
            TRY(cx, whole(cx, lake, &v[i]));
            any = true;
        }
        if (!any) return FAIL(cx, ERR_REFUSED, "no version of '%s' was removed", name);
    }
    TRY(cx, act(cx, lake, "data.restored", name, n, NULL, why));
    return OK;
}

Err lake_tag(Ctx *cx, Lake *lake, const char *name, uint64_t n, const char *tag)
{
    LakeVersion v;
    TRY(cx, check_tag(cx, tag));
    TRY(cx, lake_version_at(cx, lake, name, n, &v));
    for (size_t i = 0; i < v.tags_n; i++)
        if (!strcmp(v.tag[i], tag)) return OK;
    TRY(cx, act(cx, lake, "data.tagged", name, n, tag, NULL));
    return OK;
}

Err lake_untag(Ctx *cx, Lake *lake, const char *name, const char *tag)
{
    LakeVersion v;
    const char *ref = ctx_scratch_fmt(cx, "%s@%s", name, tag);
    if (!ref) return FAIL(cx, ERR_NOMEM, "the tag '%s'", tag);
    TRY(cx, check_tag(cx, tag));
    TRY(cx, lake_find(cx, lake, ref, &v));
    TRY(cx, act(cx, lake, "data.untagged", name, 0, tag, NULL));
    return OK;
}

/* test/probe/store.c -- leat-probe store put|out|cut|back STORE …: files in and out of a store, for bench/store.
**   put STORE <LIST        keep every file of the list in one batch; prints its digest and path
**   out STORE DIR <LIST    write what put printed into a folder, named by number
**   cut STORE FILE         keep one file; prints its digest       back STORE DIGEST FILE   and back
** Each ends with one line on standard error: seconds of its own work, and its peak memory in bytes. */
#include "probe/probe.h"

#include "os/os.h"
#include "store/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILES_MAX 1000000
#define LINE_CHARS 5000

static Err read_list(Ctx *cx, StoreFile **out, size_t *n)
{
    char line[LINE_CHARS];
    StoreFile *f = ctx_get_n(cx, FILES_MAX, sizeof *f);
    *n = 0;
    if (!f) return FAIL(cx, ERR_NOMEM, "a list of files");
    while (*n < FILES_MAX && fgets(line, sizeof line, stdin)) {
        line[strcspn(line, "\n")] = 0;
        f[(*n)++].path = ctx_scratch_text(cx, line);
    }
    *out = f;
    return OK;
}

static Err put(Ctx *cx, Store *s)
{
    StoreBatch *b;
    StoreFile *f;
    size_t n;
    char hex[SHA256_TEXT_MAX];
    TRY(cx, read_list(cx, &f, &n));
    int64_t from = ctx_mono_us(cx);
    TRY(cx, store_batch_begin(cx, s, &b));
    TRY(cx, store_batch_put_files(cx, b, f, n));
    TRY(cx, store_batch_commit(cx, b));
    fprintf(stderr, "%.6f %llu\n", ctx_since_s(cx, from), (unsigned long long)os_memory().peak);
    store_batch_end(cx, b);
    for (size_t i = 0; i < n; i++) {
        digest_text(&f[i].digest, hex);
        printf("%s %s\n", hex, f[i].path);
    }
    ctx_put(cx, f);
    return OK;
}

static Err out(Ctx *cx, Store *s, const char *folder)
{
    StoreFile *f;
    size_t n;
    TRY(cx, read_list(cx, &f, &n));
    for (size_t i = 0; i < n; i++) {
        char hex[SHA256_TEXT_MAX];
        snprintf(hex, sizeof hex, "%s", f[i].path);
        if (!digest_read(hex, &f[i].digest)) return FAIL(cx, ERR_BAD_INPUT, "'%s' is no digest", hex);
        f[i].path = ctx_scratch_fmt(cx, "%s/%zu", folder, i);
    }
    int64_t from = ctx_mono_us(cx);
    TRY(cx, store_copy_out_all(cx, s, f, n));
    fprintf(stderr, "%.6f %llu\n", ctx_since_s(cx, from), (unsigned long long)os_memory().peak);
    ctx_put(cx, f);
    return OK;
}

static Err run(Ctx *cx, int argc, char **argv)
{
    Store *s;
    Digest d;
    char hex[SHA256_TEXT_MAX];
    Err err = OK;
    if (argc < 2) return FAIL(cx, ERR_USAGE, "see the usage");
    TRY(cx, store_make(cx, argv[1]));
    TRY(cx, store_open(cx, argv[1], &s));
    int64_t from = ctx_mono_us(cx);
    if (!strcmp(argv[0], "put")) err = put(cx, s);
    else if (!strcmp(argv[0], "out") && argc > 2) err = out(cx, s, argv[2]);
    else if (!strcmp(argv[0], "cut") && argc > 2) {
        err = store_put_file(cx, s, argv[2], STORE_PACKED, &d, NULL);
        digest_text(&d, hex);
        printf("%s\n", hex);
        fprintf(stderr, "%.6f %llu\n", ctx_since_s(cx, from), (unsigned long long)os_memory().peak);
    } else if (!strcmp(argv[0], "back") && argc > 3 && digest_read(argv[2], &d)) {
        err = store_copy_out(cx, s, &d, argv[3]);
        fprintf(stderr, "%.6f %llu\n", ctx_since_s(cx, from), (unsigned long long)os_memory().peak);
    } else err = FAIL(cx, ERR_USAGE, "see the usage");
    store_close(cx, s);
    return err;
}

const Probe probe_store = { "store", "put|out|cut|back STORE …", run };

/* test/fuzz/fuzz_filter.c -- any bytes read as a filter, an order, a regular expression or a text with secrets end in an answer or a sentence. */
#include "base/secret.h"
#include "filter/regex.h"
#include "os/os.h"
#include "repo/repo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n);

static void must(bool ok, const char *what)
{
    if (ok) return;
    fprintf(stderr, "fuzz_filter: %s\n", what);
    abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
    Ctx cx = { .world = &os_world };
    Regex *re;
    Text t;
    char *text = malloc(n + 1);
    if (!text) return 0;
    memcpy(text, data, n);
    text[n] = 0;
    for (RepoKind kind = REPO_RUNS; kind <= REPO_EXPERIMENTS; kind++) {
        Err err = filter_check(&cx, repo_entity(kind), text, NULL);
        must(!err || cx.text[0], "a failure without words");
        must(!err || err == ERR_BAD_INPUT || err == ERR_LIMIT, "another failure than of input");
        err = filter_check(&cx, repo_entity(kind), NULL, text);
        must(!err || err == ERR_BAD_INPUT || err == ERR_LIMIT, "another failure than of input");
    }
    if (!regex_make(&cx, text, n < 200 ? n : 200, &re)) (void)regex_found(re, text, n);
    text_init(&t, &cx);
    must(!secret_scrub(&cx, NULL, text, n, &t, NULL), "taking secrets out failed");
    text_clear(&t);
    ctx_clear(&cx);
    free(text);
    return 0;
}

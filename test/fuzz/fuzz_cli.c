/* test/fuzz/fuzz_cli.c -- no command line breaks the parser, nor what is printed of it.
**
** The input is split at newlines into words.  What is understood is asked for in every way a command asks; help, usage
** and errors are printed.  No command is run.
*/
#include "test/test.h"

#include "cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define FUZZ_WORDS_MAX 400

static void ask(Ctx *cx, const Words *w)
{
    const char *const *list;
    size_t n;
    for (size_t i = 0; i < w->given_n; i++) {
        const Opt *o = w->given[i].opt;
        if (!words_has(w, o->name)) abort();
        if (o->type == OPT_NUMBER || o->type == OPT_WHOLE) {
            double v = words_num(w, o->name, o->lo - 1);
            if (!(v >= o->lo && v <= o->hi)) abort();
        }
        if (o->type == OPT_LIST && !words_list(cx, w, o->name, &list, &n) && !n) abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *argv[FUZZ_WORDS_MAX + 1] = { "leat" };
    int argc = 1;
    char *text = malloc(size + 1), *said = NULL;
    size_t said_n = 0;
    Words w;
    if (!text) return 0;
    if (size) memcpy(text, data, size);
    text[size] = 0;
    for (char *at = text, *end = text + size; at <= end && argc < FUZZ_WORDS_MAX; at += strlen(at) + 1) {
        char *newline = memchr(at, '\n', (size_t)(end - at));
        if (newline) *newline = 0;
        argv[argc++] = at;
    }
    Ctx cx = test_ctx();
    Err err = words_read(&cx, argc, argv, &w);
    FILE *out = open_memstream(&said, &said_n);
    if (out) {
        if (err && !cx.text[0]) abort();
        if (err != OK && err != ERR_USAGE && err != ERR_LIMIT) abort();
        ask(&cx, &w);
        if (w.command) {
            help_usage(out, w.command);
            help_command(out, w.command, (unsigned)size % 200, size & 1);
        } else if (w.group) help_group(out, w.group, 80, false);
        fclose(out);
        free(said);
    }
    ctx_clear(&cx);
    free(text);
    return 0;
}

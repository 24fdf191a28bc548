/* No bytes make build_load, or a build that it let pass, do anything but answer or refuse.
**
** The checksums are made true first: else nothing but they would ever be tried.  What loads must answer its own
** background, and be saved and loaded again. */
#include "model/model.h"
#include "os/os.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEAD = 64, ROW = 64, SECTIONS = 6, SIZE_MAX_TRIED = 1 << 20, ANSWERS_MAX = 1 << 20 };

static void reseal(Ctx *cx, unsigned char *at, size_t n)
{
    Digest d;
    uint64_t whole = n;
    if (n < HEAD + ROW * SECTIONS) return;
    memcpy(at + 16, &whole, 8);
    for (size_t s = 0; s < SECTIONS; s++) {
        uint64_t from, size;
        memcpy(&from, at + HEAD + s * ROW + 8, 8);
        memcpy(&size, at + HEAD + s * ROW + 16, 8);
        if (from > n || size > n - from || hash_bytes(cx, at + from, (size_t)size, &d)) continue;
        memcpy(at + HEAD + s * ROW + 24, d.at, sizeof d.at);
    }
    if (!hash_bytes(cx, at + HEAD, ROW * SECTIONS, &d)) memcpy(at + 24, d.at, sizeof d.at);
}

static void use(Ctx *cx, const Build *b)
{
    size_t answers = b->background->rows * build_outputs(b);
    double *out = answers <= ANSWERS_MAX ? malloc(answers * sizeof *out + 1) : NULL;
    Text bytes;
    Digest d;
    Build *again = NULL;
    text_init(&bytes, cx);
    if (out && build_margin(cx, b, b->background, out)) CHECK_ALWAYS(cx->text[0]);
    if (!build_save(cx, b, &bytes, &d)) CHECK_ALWAYS(build_load(cx, bytes.at, bytes.n, &again) == OK);
    build_free(cx, again);
    text_clear(&bytes);
    free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    Ctx cx = { .world = &os_world, .seed = 1 };
    Build *b = NULL;
    if (size > SIZE_MAX_TRIED) return 0;
    unsigned char *copy = malloc(size ? size : 1);
    if (!copy) return 0;
    memcpy(copy, data, size);
    reseal(&cx, copy, size);
    Err err = build_load(&cx, copy, size, &b);
    free(copy);                                          /* a build keeps nothing of the bytes it was read from */
    if (err) CHECK_ALWAYS(err == ERR_CORRUPT && !b && cx.text[0]);
    else use(&cx, b);
    build_free(&cx, b);
    ctx_clear(&cx);
    return 0;
}

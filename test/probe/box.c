/* test/probe/box.c -- many arrays in one file. */
#include "probe/box.h"

#include <stdlib.h>
#include <string.h>

static size_t item_bytes(const char *type)
{
    return !strcmp(type, "f64") ? 8 : !strcmp(type, "f32") || !strcmp(type, "u32") ? 4 : !strcmp(type, "u8") ? 1 : 0;
}

Err box_read(Ctx *cx, const char *path, Box *out)
{
    FILE *f = fopen(path, "rb");
    *out = (Box){ 0 };
    if (!f) return FAIL(cx, ERR_IO, "opening '%s'", path);
    Err err = OK;
    unsigned long long n;
    while (out->n < BOX_ARRAYS_MAX &&
           fscanf(f, "%31s %3s %llu", out->array[out->n].name, out->array[out->n].type, &n) == 3) {
        size_t bytes = item_bytes(out->array[out->n].type);
        void *at = malloc(bytes * n + 1);
        out->array[out->n].n = n;
        out->array[out->n++].at = at;
        if (!bytes || !at || getc(f) != '\n' || fread(at, bytes, n, f) != n) {
            err = FAIL(cx, ERR_BAD_INPUT, "'%s' is not a box of arrays", path);
            break;
        }
    }
    fclose(f);
    if (err) box_clear(out);
    return err;
}

void box_clear(Box *b)
{
    for (size_t i = 0; i < b->n; i++) free(b->array[i].at);
    b->n = 0;
}

static const void *find(const Box *b, const char *name, const char *type, size_t *n)
{
    for (size_t i = 0; i < b->n; i++) {
        if (strcmp(b->array[i].name, name) || strcmp(b->array[i].type, type)) continue;
        if (n) *n = b->array[i].n;
        return b->array[i].at;
    }
    if (n) *n = 0;
    return NULL;
}

const double *box_f64(const Box *b, const char *name, size_t *n) { return find(b, name, "f64", n); }
const float *box_f32(const Box *b, const char *name, size_t *n) { return find(b, name, "f32", n); }
const uint32_t *box_u32(const Box *b, const char *name, size_t *n) { return find(b, name, "u32", n); }
const uint8_t *box_u8(const Box *b, const char *name, size_t *n) { return find(b, name, "u8", n); }

void box_put(FILE *f, const char *name, const char *type, const void *at, size_t n)
{
    fprintf(f, "%s %s %zu\n", name, type, n);
    fwrite(at, item_bytes(type), n, f);
}

/* model/bytes.c -- little-endian pieces of stored models, written and read. */
#include "model/form.h"

#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "stored models are little-endian, and get_array hands out their bytes as they lie"
#endif

void put_u8(Text *t, uint8_t v) { text_bytes(t, &v, sizeof v); }
void put_u32(Text *t, uint32_t v) { text_bytes(t, &v, sizeof v); }
void put_u64(Text *t, uint64_t v) { text_bytes(t, &v, sizeof v); }
void put_f32(Text *t, float v) { text_bytes(t, &v, sizeof v); }
void put_f64(Text *t, double v) { text_bytes(t, &v, sizeof v); }

void put_str(Text *t, const char *s)
{
    size_t n = strlen(s);
    put_u32(t, (uint32_t)n);
    text_bytes(t, s, n);
}

const void *get_array(Reader *r, size_t n, size_t size)
{
    size_t bytes;
    if (r->short_ || __builtin_mul_overflow(n, size, &bytes) || bytes > r->n) {
        r->short_ = true;
        return NULL;
    }
    const void *p = r->at;
    r->at += bytes;
    r->n -= bytes;
    return p;
}

static void get(Reader *r, void *out, size_t size)
{
    const void *p = get_array(r, 1, size);
    if (p) memcpy(out, p, size);
}

uint8_t get_u8(Reader *r)
{
    uint8_t v = 0;
    get(r, &v, sizeof v);
    return v;
}

uint32_t get_u32(Reader *r)
{
    uint32_t v = 0;
    get(r, &v, sizeof v);
    return v;
}

uint64_t get_u64(Reader *r)
{
    uint64_t v = 0;
    get(r, &v, sizeof v);
    return v;
}

float get_f32(Reader *r)
{
    float v = 0;
    get(r, &v, sizeof v);
    return v;
}

double get_f64(Reader *r)
{
    double v = 0;
    get(r, &v, sizeof v);
    return v;
}

const char *get_str(Reader *r, size_t *n)
{
    *n = get_u32(r);
    const char *s = get_array(r, *n, 1);
    if (!s) *n = 0;
    return s;
}

char *get_str_copy(Ctx *cx, Reader *r, size_t max)
{
    size_t n;
    const char *s = get_str(r, &n);
    if (!s || n > max) return NULL;
    char *copy = ctx_get(cx, n + 1);
    if (copy) memcpy(copy, s, n);
    return copy;
}

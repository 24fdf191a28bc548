/* filter/match.c -- is a test true of one value? */
#include "filter/inner.h"

#include <math.h>
#include <string.h>

uint32_t filter_decode(const char **at, const char *end)
{
    const unsigned char *p = (const unsigned char *)*at;
    size_t left = (size_t)(end - *at), n = p[0] < 0x80 ? 1 : p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : p[0] >= 0xC0 ? 2 : 1;
    uint32_t c = p[0];
    if (n > 1 && n <= left) {
        c = p[0] & (0x7Fu >> n);
        for (size_t i = 1; i < n; i++) {
            if ((p[i] & 0xC0) != 0x80) {
                n = 1;
                c = p[0];
                break;
            }
            c = c << 6 | (p[i] & 0x3F);
        }
    } else n = 1;
    *at += n;
    return c;
}

uint32_t filter_fold(uint32_t c)
{
    if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + 32 : c;
    if (c >= 0xC0 && c <= 0xDE && c != 0xD7) return c + 32;
    if (c >= 0x100 && c <= 0x177 && c != 0x130 && c != 0x131 && c != 0x138 && c != 0x149) {
        bool odd = (c >= 0x139 && c <= 0x148);     /* here the capital letters are the odd ones */
        return ((c & 1) != 0) == odd ? c + 1 : c;
    }
    if (c == 0x178) return 0xFF;
    if (c >= 0x179 && c <= 0x17D && (c & 1)) return c + 1;
    if (c >= 0x391 && c <= 0x3A9 && c != 0x3A2) return c + 32;
    if (c == 0x386) return 0x3AC;
    if (c >= 0x388 && c <= 0x38A) return c + 37;
    if (c >= 0x400 && c <= 0x40F) return c + 80;
    if (c >= 0x410 && c <= 0x42F) return c + 32;
    if (c >= 0x460 && c <= 0x481 && !(c & 1)) return c + 1;
    if (c >= 0x531 && c <= 0x556) return c + 48;
    return c;
}

/* % any characters, _ one.  Only the last % needs to be taken back: what stands before it fits as early as it can. */
bool filter_like(const char *pattern, size_t pn, const char *text, size_t n, bool fold)
{
    const char *p = pattern, *pe = pattern + pn, *t = text, *te = text + n, *p_back = NULL, *t_back = NULL;
    while (t < te) {
        if (p < pe && *p == '%') {
            p_back = ++p;
            t_back = t;
            continue;
        }
        if (p < pe) {
            const char *p_next = p, *t_next = t;
            uint32_t a = filter_decode(&p_next, pe), b = filter_decode(&t_next, te);
            if (*p == '_' || a == b || (fold && filter_fold(a) == filter_fold(b))) {
                p = p_next;
                t = t_next;
                continue;
            }
        }
        if (!p_back) return false;
        (void)filter_decode(&t_back, te);
        p = p_back;
        t = t_back;
    }
    while (p < pe && *p == '%') p++;
    return p == pe;
}

void filter_head(const char *text, char out[FILTER_HEAD_MAX])
{
    size_t n = strlen(text);
    if (n >= FILTER_HEAD_MAX) {
        n = FILTER_HEAD_MAX - 1;
        while (n && ((unsigned char)text[n] & 0xC0) == 0x80) n--;              /* not inside a character */
    }
    memcpy(out, text, n);
    out[n] = 0;
}

static bool compare(FilterOp op, double a, double b)
{
    switch (op) {
    case OP_EQ: return a == b;
    case OP_NE: return !(a == b);                  /* what is no number differs from every number */
    case OP_LT: return a < b;
    case OP_LE: return a <= b;
    case OP_GT: return a > b;
    case OP_GE: return a >= b;
    default: return false;
    }
}

static bool number_holds(const FilterTest *t, double v)
{
    bool in = false;
    if (t->op != OP_IN) return compare(t->op, v, t->value[0].num);
    for (size_t i = 0; i < t->values_n && !in; i++) in = v == t->value[i].num;
    return in != t->negated;
}

static int bytes_compare(const char *a, size_t an, const char *b, size_t bn)
{
    int c = memcmp(a, b, an < bn ? an : bn);
    return c ? c : (an > bn) - (an < bn);
}

bool filter_holds(const FilterTest *t, const char *text, size_t n, double num)
{
    const FilterValue *v = t->value;
    bool in = false;
    if (t->op == OP_NULL) return true;             /* there is a value; the set is turned around where it must be */
    if (t->field->type != FILTER_TEXT) return number_holds(t, t->field->type == FILTER_TIME ? floor(num / 1000) : num);
    if (t->as_number) {
        double read;
        return num_read(text, n, &read) && number_holds(t, read);
    }
    switch (t->op) {
    case OP_LIKE: case OP_ILIKE: return filter_like(v->text, v->n, text, n, t->op == OP_ILIKE) != t->negated;
    case OP_RLIKE: return regex_found(t->regex, text, n) != t->negated;
    case OP_IN:
        for (size_t i = 0; i < t->values_n && !in; i++) in = !bytes_compare(text, n, v[i].text, v[i].n);
        return in != t->negated;
    default: return compare(t->op, bytes_compare(text, n, v->text, v->n), 0);
    }
}

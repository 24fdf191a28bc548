/* base/text.c -- growing text, JSON writing, numbers as text, near words. */
#include "base/text.h"

#include <assert.h>
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 64    /* longer words are never near */

void text_init(Text *t, Ctx *cx)
{
    *t = (Text){ .cx = cx };
}

void text_clear(Text *t)
{
    ctx_put(t->cx, t->at);
    *t = (Text){ .cx = t->cx };
}

static bool room_for(Text *t, size_t more)
{
    size_t need;
    if (t->broken) return false;
    if (__builtin_add_overflow(t->n, more, &need) || need == SIZE_MAX) {
        t->broken = true;
        return false;
    }
    need++;
    if (need <= t->cap) return true;
    size_t cap = t->cap ? t->cap : 256;
    while (cap < need) cap = cap > SIZE_MAX / 2 ? need : cap * 2;
    char *at = ctx_grow(t->cx, t->at, cap, 1);
    if (!at) {
        t->broken = true;
        return false;
    }
    t->at = at;
    t->cap = cap;
    return true;
}

void text_bytes(Text *t, const void *p, size_t n)
{
    if (!room_for(t, n)) return;
    if (n) memcpy(t->at + t->n, p, n);
    t->n += n;
    t->at[t->n] = 0;
}

void text_put(Text *t, const char *s)
{
    text_bytes(t, s, strlen(s));
}

void text_char(Text *t, char c)
{
    text_bytes(t, &c, 1);
}

void text_fmt(Text *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    if (n < 0 || !room_for(t, (size_t)n)) return;
    va_start(ap, fmt);
    vsnprintf(t->at + t->n, (size_t)n + 1, fmt, ap);
    va_end(ap);
    t->n += (size_t)n;
}

Err text_err(Text *t)
{
    return t->broken ? FAIL(t->cx, ERR_NOMEM, "writing text after %zu bytes", t->n) : OK;
}

char *text_take(Text *t)
{
    if (!t->at && !t->broken) text_bytes(t, "", 0);
    char *at = t->broken ? NULL : t->at;
    if (t->broken) ctx_put(t->cx, t->at);
    *t = (Text){ .cx = t->cx };
    return at;
}

static void value(Text *t)
{
    if (t->comma) text_char(t, ',');
    t->comma = true;
}

static void opens(Text *t, char c)
{
    value(t);
    text_char(t, c);
    t->comma = false;
    t->depth++;
}

static void closes(Text *t, char c)
{
    assert(t->depth > 0);
    text_char(t, c);
    t->comma = true;
    t->depth--;
}

void json_open(Text *t)
{
    opens(t, '{');
}

void json_close(Text *t)
{
    closes(t, '}');
}

void json_open_array(Text *t)
{
    opens(t, '[');
}

void json_close_array(Text *t)
{
    closes(t, ']');
}

/* Length of the valid UTF-8 sequence at s, 0 if there is none (RFC 3629). */
static size_t utf8_step(const unsigned char *s, size_t n)
{
    if (s[0] < 0x80) return 1;
    size_t k = s[0] >= 0xF0 ? 4 : s[0] >= 0xE0 ? 3 : 2;
    if (s[0] < 0xC2 || s[0] > 0xF4 || k > n) return 0;
    for (size_t i = 1; i < k; i++)
        if ((s[i] & 0xC0) != 0x80) return 0;
    if (s[0] == 0xE0 && s[1] < 0xA0) return 0;
    if (s[0] == 0xED && s[1] > 0x9F) return 0;
    if (s[0] == 0xF0 && s[1] < 0x90) return 0;
    if (s[0] == 0xF4 && s[1] > 0x8F) return 0;
    return k;
}

bool text_utf8_ok(const char *s, size_t n)
{
    for (size_t i = 0; i < n;) {
        size_t k = utf8_step((const unsigned char *)s + i, n - i);
        if (!k) return false;
        i += k;
    }
    return true;
}

static void quoted(Text *t, const char *s, size_t n)
{
    size_t from = 0, i = 0;
    text_char(t, '"');
    while (i < n) {
        unsigned char c = (unsigned char)s[i];
        size_t k = utf8_step((const unsigned char *)s + i, n - i);
        if (k && c >= 0x20 && c != '"' && c != '\\') {
            i += k;
            continue;
        }
        text_bytes(t, s + from, i - from);
        if (!k) text_put(t, "\xEF\xBF\xBD");
        else if (c == '"' || c == '\\') text_fmt(t, "\\%c", c);
        else if (c == '\n') text_put(t, "\\n");
        else if (c == '\r') text_put(t, "\\r");
        else if (c == '\t') text_put(t, "\\t");
        else text_fmt(t, "\\u%04x", c);
        from = ++i;
    }
    text_bytes(t, s + from, n - from);
    text_char(t, '"');
}

void json_key(Text *t, const char *key)
{
    value(t);
    quoted(t, key, strlen(key));
    text_char(t, ':');
    t->comma = false;
}

void json_text_n(Text *t, const char *s, size_t n)
{
    value(t);
    quoted(t, s, n);
}

void json_text(Text *t, const char *s)
{
    if (s) json_text_n(t, s, strlen(s));
    else json_null(t);
}

void json_num(Text *t, double v)
{
    char buf[NUM_TEXT_MAX];
    if (!isfinite(v)) {
        json_null(t);
        return;
    }
    value(t);
    text_bytes(t, buf, num_text(v, buf));
}

void json_int(Text *t, int64_t v)
{
    value(t);
    text_fmt(t, "%lld", (long long)v);
}

void json_bool(Text *t, bool v)
{
    value(t);
    text_put(t, v ? "true" : "false");
}

void json_null(Text *t)
{
    value(t);
    text_put(t, "null");
}

void json_raw(Text *t, const char *json)
{
    value(t);
    text_put(t, json);
}

void json_key_text(Text *t, const char *key, const char *s)
{
    json_key(t, key);
    json_text(t, s);
}

void json_key_num(Text *t, const char *key, double v)
{
    json_key(t, key);
    json_num(t, v);
}

void json_key_int(Text *t, const char *key, int64_t v)
{
    json_key(t, key);
    json_int(t, v);
}

void json_key_bool(Text *t, const char *key, bool v)
{
    json_key(t, key);
    json_bool(t, v);
}

void json_key_raw(Text *t, const char *key, const char *json)
{
    json_key(t, key);
    json_raw(t, json);
}

void json_key_open(Text *t, const char *key)
{
    json_key(t, key);
    json_open(t);
}

void json_key_open_array(Text *t, const char *key)
{
    json_key(t, key);
    json_open_array(t);
}

void json_nums(Text *t, const char *key, const double *v, size_t n)
{
    json_key_open_array(t, key);
    for (size_t i = 0; i < n; i++) json_num(t, v[i]);
    json_close_array(t);
}

size_t num_text(double v, char *buf)
{
    int n = 0;
    if (v == 0) n = snprintf(buf, NUM_TEXT_MAX, "0");       /* no minus zero: one text a level */
    else if (fabs(v) < 9007199254740992.0 && v == nearbyint(v)) n = snprintf(buf, NUM_TEXT_MAX, "%.0f", v);
    else {
        for (int digits = 15; digits <= 17; digits++) {
            n = snprintf(buf, NUM_TEXT_MAX, "%.*g", digits, v);
            if (digits == 17 || strtod(buf, NULL) == v) break;
        }
    }
    assert(n > 0 && n < NUM_TEXT_MAX);
    return (size_t)n;
}

static const double tens[] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
                               1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };

static bool blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool same_word(const char *s, size_t n, const char *word)
{
    if (n != strlen(word)) return false;
    for (size_t i = 0; i < n; i++)
        if ((s[i] | 0x20) != word[i]) return false;
    return true;
}

/* Clinger's fast path (PLDI 1990): at most 19 digits whose value fits 2^53 and a
** power of ten that is exact give a correctly rounded double with one operation. */
bool num_read(const char *s, size_t n, double *out)
{
    while (n && blank(s[0])) s++, n--;
    while (n && blank(s[n - 1])) n--;
    if (!n || n > 400) return false;
    size_t i = 0, digits = 0;
    bool minus = s[0] == '-';
    if (s[0] == '-' || s[0] == '+') i++;
    if (same_word(s + i, n - i, "inf") || same_word(s + i, n - i, "infinity")) {
        *out = minus ? -INFINITY : INFINITY;
        return true;
    }
    uint64_t whole = 0;
    int shift = 0;
    bool exact = true;
    for (int part = 0; part < 2; part++) {
        for (; i < n && s[i] >= '0' && s[i] <= '9'; i++, digits++) {
            if (whole < 900719925474099u) whole = whole * 10 + (uint64_t)(s[i] - '0');
            else exact = false;
            shift -= part;
        }
        if (part || i >= n || s[i] != '.') break;
        i++;
    }
    if (!digits) return false;
    if (i < n && (s[i] == 'e' || s[i] == 'E')) {
        int power = 0, sign = 1;
        size_t from;
        i++;
        if (i < n && (s[i] == '-' || s[i] == '+')) sign = s[i++] == '-' ? -1 : 1;
        for (from = i; i < n && s[i] >= '0' && s[i] <= '9'; i++)
            if (power < 100000) power = power * 10 + (s[i] - '0');
        if (i == from) return false;
        shift += sign * power;
    }
    if (i != n) return false;
    if (exact && shift >= -22 && shift <= 22) {
        double v = (double)whole;
        v = shift < 0 ? v / tens[-shift] : v * tens[shift];
        *out = minus ? -v : v;
        return true;
    }
    char buf[408];
    memcpy(buf, s, n);
    buf[n] = 0;
    *out = strtod(buf, NULL);      /* the program never calls setlocale: '.' is the point */
    return true;
}

static int lower(char c)
{
    return c >= 'A' && c <= 'Z' ? c + 32 : c;
}

unsigned text_distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    unsigned row[3][WORD_MAX + 1];
    if (n > WORD_MAX || m > WORD_MAX) return WORD_MAX;
    for (size_t j = 0; j <= m; j++) row[1][j] = (unsigned)j;
    for (size_t i = 1; i <= n; i++) {
        unsigned *now = row[(i + 1) % 3], *last = row[i % 3], *before = row[(i + 2) % 3];
        now[0] = (unsigned)i;
        for (size_t j = 1; j <= m; j++) {
            unsigned same = lower(a[i - 1]) != lower(b[j - 1]);
            unsigned d = last[j - 1] + same;
            if (last[j] + 1 < d) d = last[j] + 1;
            if (now[j - 1] + 1 < d) d = now[j - 1] + 1;
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]) &&
                before[j - 2] + 1 < d)
                d = before[j - 2] + 1;
            now[j] = d;
        }
    }
    return row[(n + 1) % 3][m];
}

const char *text_nearest(const char *word, const char *const *words, size_t n)
{
    const char *best = NULL;
    unsigned best_d = WORD_MAX;
    for (size_t i = 0; i < n; i++) {
        unsigned d = text_distance(word, words[i]);
        if (d < best_d) best_d = d, best = words[i];
    }
    size_t longest = best && strlen(best) > strlen(word) ? strlen(best) : strlen(word);
    unsigned limit = (unsigned)(longest / 3);
    return best_d <= (limit ? limit : 1) ? best : NULL;
}

/* base/text.h -- growing text and JSON written into it.
**
** A Text grows until memory is refused; after that it swallows everything and
** text_err says so once, at the end.  So a writer needs one check, not fifty.
*/
#ifndef BASE_TEXT_H
#define BASE_TEXT_H

#include "base/ctx.h"

#define NUM_TEXT_MAX 32    /* bytes of the longest printed number, with the NUL */

typedef struct Text {
    Ctx *cx;
    char *at;              /* always ends with a NUL that n does not count; NULL while empty */
    size_t n, cap;
    bool broken;           /* memory was refused */
    bool comma;            /* JSON: the next value at this level needs a comma */
    unsigned depth;        /* JSON: open objects and arrays */
} Text;

void text_init(Text *t, Ctx *cx);
void text_clear(Text *t);                      /* gives the memory back */
void text_bytes(Text *t, const void *p, size_t n);
void text_put(Text *t, const char *s);
void text_char(Text *t, char c);
void text_fmt(Text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
MUST_USE Err text_err(Text *t);                /* ERR_NOMEM if anything was lost */
char *text_take(Text *t);                      /* the bytes, owned by the caller (ctx_put); t is empty again */

/* JSON, canonical when keys are given in order: no spaces, shortest numbers
** that read back to the same double, NaN and infinities as null. */
void json_open(Text *t);                       /* { */
void json_close(Text *t);                      /* } */
void json_open_array(Text *t);
void json_close_array(Text *t);
void json_key(Text *t, const char *key);
void json_text(Text *t, const char *s);        /* NULL is null; bad UTF-8 becomes U+FFFD */
void json_text_n(Text *t, const char *s, size_t n);
void json_num(Text *t, double v);
void json_int(Text *t, int64_t v);
void json_bool(Text *t, bool v);
void json_null(Text *t);
void json_raw(Text *t, const char *json);      /* a value that is JSON already */
void json_key_text(Text *t, const char *key, const char *s);
void json_key_num(Text *t, const char *key, double v);
void json_key_int(Text *t, const char *key, int64_t v);
void json_key_bool(Text *t, const char *key, bool v);
void json_key_raw(Text *t, const char *key, const char *json);
void json_key_open(Text *t, const char *key);
void json_key_open_array(Text *t, const char *key);
void json_nums(Text *t, const char *key, const double *v, size_t n);   /* "key":[...] */

/* Shortest decimal text that reads back to v.  Integers below 2^53 have no
** point: 3, not 3.0.  buf holds NUM_TEXT_MAX bytes.  Returns the length. */
size_t num_text(double v, char *buf);

/* Read a whole text as a number: optional blanks around it, sign, decimal
** digits, point, exponent.  Always '.', whatever the locale.  Not hexadecimal.
** "inf", "infinity" read as infinities; "nan" does not read.  False if it is not a number. */
bool num_read(const char *s, size_t n, double *out);

/* Distance between two words for "did you mean" (Damerau-Levenshtein, ASCII case ignored). */
unsigned text_distance(const char *a, const char *b);
/* The nearest of n words, or NULL when none is near (distance > 1/3 of the length, at least 1). */
const char *text_nearest(const char *word, const char *const *words, size_t n);

bool text_utf8_ok(const char *s, size_t n);

#endif

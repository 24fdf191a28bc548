/* db/translate.c -- one text for two databases: what SQLite reads, as PostgreSQL reads it.
**
** ?3 becomes $3, or NULL where the value is NULL: PostgreSQL wants to know a
** parameter's type before it sees a value, and a NULL has none.  In CREATE TABLE
** the types change and STRICT goes; in CAST(… AS INTEGER) too.  Words are known by
** being in capitals outside quotes.  Nothing else is understood or changed.
*/
#include "db/inner.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

typedef struct Word { const char *from, *to; } Word;

static const Word types[] = {
    { "INTEGER", "BIGINT" }, { "REAL", "DOUBLE PRECISION" }, { "BLOB", "BYTEA" }, { NULL, NULL } };

static bool starts(const char *s, const char *word)
{
    return !strncmp(s, word, strlen(word));
}

static bool in_word(char c)
{
    return isalnum((unsigned char)c) || c == '_' || c == '$';
}

/* Copy what stands in quotes; returns where it ends. */
static const char *quoted(Text *out, const char *s)
{
    const char *end = s + 1;
    while (*end && *end != *s) end++;
    end += *end != 0;                          /* a doubled quote is two quoted pieces in a row */
    text_bytes(out, s, (size_t)(end - s));
    return end;
}

static const char *place(Text *out, const char *s, const DbValue *args, size_t n, size_t *places)
{
    char *end;
    size_t at = strtoul(s + 1, &end, 10);
    if (at > *places) *places = at;
    if (at >= 1 && at <= n && args[at - 1].type == DB_NULL) text_put(out, "NULL");
    else text_fmt(out, "$%zu", at);
    return end;
}

static const char *word(Text *out, const char *s, bool table)
{
    size_t n = 0;
    while (in_word(s[n])) n++;
    for (const Word *w = types; w->from; w++) {
        if (strlen(w->from) == n && !memcmp(s, w->from, n)) {
            text_put(out, w->to);
            return s + n;
        }
    }
    text_bytes(out, s, n);
    if (table && n == 4 && !memcmp(s, "TEXT", 4)) text_put(out, " COLLATE \"C\"");
    return s + n;
}

Err db_translate(Ctx *cx, const Statement *st, const DbValue *args, size_t n, Text *out)
{
    const char *s = st->postgres ? st->postgres : st->sqlite, *end = s + strlen(s);
    bool ours = !st->postgres, table = ours && (starts(s, "CREATE TABLE") || starts(s, "CREATE TEMP TABLE"));
    size_t places = 0;
    if (table) {                               /* STRICT and WITHOUT ROWID stand behind the last bracket */
        const char *last = strrchr(s, ')');
        if (last) end = last + 1;
    }
    while (s < end && !out->broken) {
        if ((*s == '\'' || *s == '"') && (ours || n)) s = quoted(out, s);
        else if ((*s == '?' || (!ours && *s == '$')) && isdigit((unsigned char)s[1])) s = place(out, s, args, n, &places);
        else if (ours && in_word(*s)) s = word(out, s, table);
        else text_char(out, *s++);
    }
    TRY(cx, text_err(out));
    if (places != n) return FAIL(cx, ERR_BUG, "%zu values for %zu places: %s", n, places, st->sqlite);
    return OK;
}

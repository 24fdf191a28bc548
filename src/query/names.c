/* query/names.c -- the column names of a file: kept as they are, checked, and found by bisection. */
#include "query/inner.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

char *query_copy(Ctx *cx, const char *s, size_t n)
{
    char *p = ctx_get(cx, n + 1);
    if (p && n) memcpy(p, s, n);
    return p;
}

Err names_add(Ctx *cx, Names *s, const char *name, size_t n)
{
    if (s->n == TABLE_COLS_MAX) return FAIL(cx, ERR_LIMIT, "a file of more than %d columns", TABLE_COLS_MAX);
    if (memchr(name, 0, n)) return FAIL(cx, ERR_BAD_INPUT, "the name of column %zu holds a zero byte", s->n + 1);
    if (s->n == s->cap) {
        size_t cap = s->cap ? s->cap * 2 : 32;
        char **at = ctx_grow(cx, s->at, cap, sizeof *at);
        if (!at) return FAIL(cx, ERR_NOMEM, "the names of %zu columns", cap);
        s->at = at;
        s->cap = cap;
    }
    s->at[s->n] = query_copy(cx, name, n);
    if (!s->at[s->n]) return FAIL(cx, ERR_NOMEM, "the names of %zu columns", s->n);
    s->n++;
    return OK;
}

static int by_name(const void *a, const void *b, void *names)
{
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    int c = strcmp(((char **)names)[i], ((char **)names)[j]);
    return c ? c : (i > j) - (i < j);
}

static Err twice(Ctx *cx, const Names *s, const char *path, size_t first, size_t second)
{
    return FAIL(cx, ERR_BAD_INPUT,
                "'%s': columns %zu and %zu are both named '%.80s'; give each column its own name", path, first + 1,
                second + 1, s->at[first]);
}

Err names_close(Ctx *cx, Names *s, const char *path, bool strict)
{
    for (size_t i = 0; strict && i < s->n; i++)
        if (!*s->at[i])
            return FAIL(cx, ERR_BAD_INPUT,
                        "'%s': column %zu has no name in the first row; give every column a name%s", path, i + 1,
                        i == 0 && s->n > 1 ? " (pandas: to_csv(index=False))" : "");
    s->sorted = ctx_get_n(cx, s->n ? s->n : 1, sizeof *s->sorted);
    if (!s->sorted) return FAIL(cx, ERR_NOMEM, "'%s': the names of %zu columns", path, s->n);
    for (size_t i = 0; i < s->n; i++) s->sorted[i] = (uint32_t)i;
    qsort_r(s->sorted, s->n, sizeof *s->sorted, by_name, s->at);
    for (size_t i = 1; strict && i < s->n; i++)
        if (!strcmp(s->at[s->sorted[i]], s->at[s->sorted[i - 1]]))
            return twice(cx, s, path, s->sorted[i - 1], s->sorted[i]);
    return OK;
}

Err names_once(Ctx *cx, const Names *s, const char *path, const char *name)
{
    size_t first = names_find(s, name);
    for (size_t i = 0; i < s->n && first != SIZE_MAX; i++)
        if (i != first && !strcmp(s->at[i], name))
            return twice(cx, s, path, first < i ? first : i, first < i ? i : first);
    return OK;
}

size_t names_find(const Names *s, const char *name)
{
    size_t lo = 0, hi = s->n;
    assert(s->sorted || !s->n);
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = strcmp(s->at[s->sorted[mid]], name);
        if (!c) return s->sorted[mid];
        if (c < 0) lo = mid + 1;
        else hi = mid;
    }
    return SIZE_MAX;
}

void names_free(Ctx *cx, Names *s)
{
    for (size_t i = 0; i < s->n; i++) ctx_put(cx, s->at[i]);
    ctx_put(cx, s->at);
    ctx_put(cx, s->sorted);
    *s = (Names){ 0 };
}

/* lake/search.c -- which dataset was that?  Words looked for in names, tags, columns, frequent values and messages.
**
** Every word must be found somewhere; where it is found, and how well, makes the rank.  Reads one object a dataset (its profile),
** so a thousand datasets take a moment, not a minute.
*/
#include "lake/workin.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Hit { double score; char where[300]; } Hit;
typedef struct Ask { const char *const *word; size_t n; Hit *hit; const LakeVersion *v; } Ask;

/* 3: the word itself; 2: it begins a part; 1: it is inside; 0: no. */
static int fits(const char *text, const char *word)
{
    size_t n = strlen(word);
    int best = 0;
    for (const char *p = text; *p; p++) {
        if (strncasecmp(p, word, n)) continue;
        bool begins = p == text || !isalnum((unsigned char)p[-1]), ends = !isalnum((unsigned char)p[n]);
        int fit = p == text && !p[n] ? 3 : begins && ends ? 3 : begins ? 2 : 1;
        if (p != text || p[n]) fit = fit == 3 ? 2 : fit;
        if (fit > best) best = fit;
    }
    return best;
}

static void look(const Ask *a, const char *text, double weight, const char *what, const char *shown)
{
    static const double by_fit[] = { 0, 0.4, 0.7, 1 };
    for (size_t i = 0; i < a->n; i++) {
        double score = weight * by_fit[fits(text, a->word[i])];
        if (!(score > a->hit[i].score)) continue;
        a->hit[i].score = score;
        snprintf(a->hit[i].where, sizeof a->hit[i].where, "%s%s%.200s", what, shown ? " " : "", shown ? shown : "");
    }
}

static void look_column(const Ask *a, yyjson_val *column)
{
    yyjson_val *one;
    size_t i, n;
    char where[400];
    const char *name = yyjson_get_str(yyjson_obj_get(column, "name"));
    if (!name) return;
    look(a, name, 5, "column", name);
    yyjson_arr_foreach(yyjson_obj_get(column, "top"), i, n, one) {
        const char *value = yyjson_get_str(yyjson_arr_get_first(one));
        if (!value) continue;
        snprintf(where, sizeof where, "%.100s in column %.100s", value, name);
        look(a, value, 3, "value", where);
    }
}

static Err look_about(Ctx *cx, Lake *lake, const Ask *a)
{
    char *json;
    size_t n, i, k, tables, columns;
    yyjson_alc alc;
    yyjson_doc *doc;
    yyjson_val *table, *column;
    TRY(cx, lake_about(cx, lake, a->v, &json, &n));
    if (!json) return OK;
    Err err = lake_json(cx, json, n, &alc, &doc);
    ctx_put(cx, json);
    if (err) return err;
    yyjson_arr_foreach(yyjson_obj_get(yyjson_doc_get_root(doc), "tables"), i, tables, table)
        yyjson_arr_foreach(yyjson_obj_get(table, "columns"), k, columns, column) look_column(a, column);
    yyjson_doc_free(doc);
    return OK;
}

static Err look_file(Ctx *cx, void *arg, const LakeFile *f)
{
    (void)cx;
    look(arg, f->path, 2, "file", f->path);
    return OK;
}

static Err look_at(Ctx *cx, Lake *lake, Ask *a, LakeFind *out, bool *found)
{
    memset(a->hit, 0, a->n * sizeof *a->hit);
    look(a, a->v->dataset, 10, "name", NULL);
    for (size_t i = 0; i < a->v->tags_n; i++) look(a, a->v->tag[i], 6, "tag", a->v->tag[i]);
    look(a, a->v->message, 2, "message", NULL);
    TRY(cx, look_about(cx, lake, a));
    bool all = true;
    for (size_t i = 0; i < a->n; i++) all = all && a->hit[i].score > 0;
    if (!all && a->v->files <= 10000) TRY(cx, lake_each_file(cx, lake, &a->v->tree, look_file, a));
    *found = true;
    *out = (LakeFind){ .version = *a->v };
    Text where;
    text_init(&where, cx);
    for (size_t i = 0; i < a->n; i++) {
        *found = *found && a->hit[i].score > 0;
        out->score += a->hit[i].score;
        text_fmt(&where, "%s%s", i ? ", " : "", a->hit[i].where);
    }
    out->where = text_err(&where) ? NULL : ctx_scratch_text(cx, where.at ? where.at : "");
    text_clear(&where);
    return out->where ? OK : FAIL(cx, ERR_NOMEM, "looking for datasets");
}

static int better(const void *a, const void *b)
{
    const LakeFind *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? 1 : -1;
    return strcmp(x->version.dataset, y->version.dataset);
}

Err lake_search(Ctx *cx, Lake *lake, const char *const *word, size_t words_n, size_t limit, LakeFind **out, size_t *n)
{
    LakeVersion *all;
    size_t all_n;
    *out = NULL;
    *n = 0;
    if (!words_n) return FAIL(cx, ERR_USAGE, "say what to look for: words of a name, a tag, a column, a value");
    Ask a = { .word = word, .n = words_n, .hit = ctx_scratch(cx, words_n * sizeof(Hit)) };
    if (!a.hit) return FAIL(cx, ERR_NOMEM, "looking for datasets");
    TRY(cx, lake_datasets(cx, lake, false, &all, &all_n));
    for (size_t i = 0; i < all_n; i++) {
        LakeFind one;
        bool found = false;
        TRY(cx, ctx_check(cx));
        a.v = &all[i];
        TRY(cx, look_at(cx, lake, &a, &one, &found));
        if (!found) continue;
        LakeFind *row = work_row(cx, (void **)out, *n, sizeof *row);
        if (!row) return FAIL(cx, ERR_NOMEM, "looking for datasets");
        *row = one;
        ++*n;
    }
    if (*n) qsort(*out, *n, sizeof **out, better);
    if (limit && *n > limit) *n = limit;
    return OK;
}

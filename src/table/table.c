/* table/table.c -- finished tables: names of types, finding, copying rows, giving memory back. */
#include "table/inner.h"

#include <assert.h>
#include <math.h>
#include <string.h>

const char *const table_na_default[] = { "", "NA", "N/A", "NaN", "NULL", "None", "?" };
const size_t table_na_default_n = sizeof table_na_default / sizeof *table_na_default;

static const char *const type_words[COLUMN_TYPES_N] = {
    [COLUMN_AUTO] = "auto",         [COLUMN_NUMBER] = "number",     [COLUMN_INTEGER] = "integer",
    [COLUMN_BOOLEAN] = "boolean",   [COLUMN_CATEGORY] = "category", [COLUMN_DATETIME] = "datetime",
    [COLUMN_TEXT] = "text",         [COLUMN_ID] = "id",
};

static const struct { const char *word; ColumnType type; } aliases[] = {
    { "bool", COLUMN_BOOLEAN },  { "categorical", COLUMN_CATEGORY }, { "date", COLUMN_DATETIME },
    { "float", COLUMN_NUMBER },  { "int", COLUMN_INTEGER },          { "string", COLUMN_TEXT },
    { "time", COLUMN_DATETIME },
};

const char *column_type_word(ColumnType t)
{
    return t < COLUMN_TYPES_N ? type_words[t] : "auto";
}

bool column_type_read(const char *word, ColumnType *out)
{
    for (int i = 0; i < COLUMN_TYPES_N; i++)
        if (!strcmp(word, type_words[i])) {
            *out = (ColumnType)i;
            return true;
        }
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++)
        if (!strcmp(word, aliases[i].word)) {
            *out = aliases[i].type;
            return true;
        }
    return false;
}

const char *column_text(const Column *c, size_t row, char buf[COLUMN_TEXT_MAX], size_t *n)
{
    *n = 0;
    if (!column_has(c, row)) return NULL;
    if (!c->num) return dict_at(&c->dict, (uint32_t)c->code[row], n);
    *n = c->type == COLUMN_DATETIME ? table_time_text(c->num[row], buf) : num_text(c->num[row], buf);
    return buf;
}

size_t table_find(const Table *t, const char *name)
{
    for (size_t i = 0; i < t->cols; i++)
        if (!strcmp(t->col[i].name, name)) return i;
    return SIZE_MAX;
}

void column_clear(Ctx *cx, Column *c)
{
    ctx_put(cx, (void *)(uintptr_t)c->name);
    ctx_put(cx, c->valid);
    ctx_put(cx, c->num);
    ctx_put(cx, c->code);
    ctx_put(cx, c->dict.offset);
    ctx_put(cx, c->dict.bytes);
    *c = (Column){ 0 };
}

void table_free(Ctx *cx, Table *t)
{
    if (!t) return;
    for (size_t i = 0; i < t->cols; i++) column_clear(cx, &t->col[i]);
    ctx_put(cx, t->col);
    ctx_put(cx, t->source);
    ctx_put(cx, t);
}

static Err dict_copy(Ctx *cx, const Column *c, Dict *to)
{
    size_t bytes = c->dict.offset ? (size_t)c->dict.offset[c->dict.n] : 0;
    to->offset = ctx_get_n(cx, (size_t)c->dict.n + 1, sizeof *to->offset);
    to->bytes = ctx_get(cx, bytes);
    if (!to->offset || !to->bytes) return FAIL(cx, ERR_NOMEM, "copying the levels of column '%s'", c->name);
    to->n = c->dict.n;
    if (c->dict.offset) memcpy(to->offset, c->dict.offset, ((size_t)c->dict.n + 1) * sizeof *to->offset);
    if (bytes) memcpy(to->bytes, c->dict.bytes, bytes);
    return OK;
}

/* Leaves *to to be cleared by the caller, also on failure. */
static Err column_rows(Ctx *cx, const Column *c, const uint32_t *rows, size_t n, Column *to)
{
    to->type = c->type;
    to->order = c->order;
    to->name = copy_text(cx, c->name);
    to->valid = ctx_get(cx, (n + 7) / 8);
    if (c->num) to->num = ctx_get_n(cx, n, sizeof *to->num);
    else to->code = ctx_get_n(cx, n, sizeof *to->code);
    if (!to->name || !to->valid || (!to->num && !to->code))
        return FAIL(cx, ERR_NOMEM, "copying %zu rows of column '%s'", n, c->name);
    if (!c->num) TRY(cx, dict_copy(cx, c, &to->dict));
    for (size_t i = 0; i < n; i++) {
        if (column_has(c, rows[i])) to->valid[i >> 3] |= (uint8_t)(1u << (i & 7));
        else to->nulls++;
        if (c->num) to->num[i] = c->num[rows[i]];
        else to->code[i] = c->code[rows[i]];
    }
    return OK;
}

Err table_pick(Ctx *cx, const Table *t, const uint32_t *rows, size_t n, const bool *leave_out, Table **out)
{
    Err err = OK;
    *out = NULL;
    Table *to = ctx_get(cx, sizeof *to);
    if (!to) return FAIL(cx, ERR_NOMEM, "copying %zu rows", n);
    GET_DONE(cx, to->col, t->cols ? t->cols : 1, "copying %zu rows", n);
    to->source = copy_text(cx, t->source ? t->source : "");
    if (!to->source) { err = FAIL(cx, ERR_NOMEM, "copying %zu rows", n); goto done; }
    to->rows = n;
    for (size_t i = 0; i < t->cols; i++) {
        if (leave_out && leave_out[i]) continue;
        to->cols++;
        TRY_DONE(cx, column_rows(cx, &t->col[i], rows, n, &to->col[to->cols - 1]));
    }
    *out = to;
    to = NULL;
done:
    table_free(cx, to);
    return err;
}

Err table_rows(Ctx *cx, const Table *t, const uint32_t *rows, size_t n, Table **out)
{
    return table_pick(cx, t, rows, n, NULL, out);
}

void column_json(const Column *c, size_t row, Text *t)
{
    size_t n;
    if (!column_has(c, row)) json_null(t);
    else if (c->num) json_num(t, c->num[row]);
    else {
        const char *s = dict_at(&c->dict, (uint32_t)c->code[row], &n);
        json_text_n(t, s, n);
    }
}

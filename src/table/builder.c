/* table/builder.c -- cells in, columns out: one pass, adaptive.
**
** A column stays an array of doubles as long as only numbers (or only times) come.  The first word turns it into codes
** of a dictionary; the numbers before are written back by num_text.  So a numeric cell costs 8 bytes and a word 4.
** Types are decided at the end, in infer.c.
*/
#include "table/inner.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static bool blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool digit(char c)
{
    return c >= '0' && c <= '9';
}

char *copy_text(Ctx *cx, const char *s)
{
    size_t n = strlen(s) + 1;
    char *p = ctx_get(cx, n);
    return p ? memcpy(p, s, n) : NULL;
}

/* Digits alone from 2^53 on would lose digits as a double; 007 would lose its zeros: both are names, not amounts. */
bool cell_number(const char *s, size_t n, double *out)
{
    size_t sign = n && (s[0] == '-' || s[0] == '+');
    if (n == sign) return false;
    char c = s[sign];
    if (!digit(c) && c != '.' && c != 'i' && c != 'I') return false;
    if (c == '0' && n > sign + 1 && digit(s[sign + 1])) return false;
    if (!num_read(s, n, out)) return false;
    if (n - sign < 16 || fabs(*out) < NUMBER_WHOLE_END) return true;
    for (size_t i = sign; i < n; i++)
        if (!digit(s[i])) return true;
    return false;
}

/* Is this text what num_text would print of it?  True only where that is plain to see. */
static bool plain_whole(const char *s, size_t n)
{
    size_t i = s[0] == '-';
    if (n == i || n - i > 15 || s[i] == '0') return n == 1 && s[0] == '0';
    for (; i < n; i++)
        if (!digit(s[i])) return false;
    return true;
}

static bool utf8_ok(const char *s, size_t n)
{
    uint64_t w, high = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        memcpy(&w, s + i, 8);
        high |= w;
    }
    w = 0;
    memcpy(&w, s + i, n - i);
    return !((high | w) & 0x8080808080808080u) || text_utf8_ok(s, n);
}

/* ------------------------------------------------------------------ pushing */

static Err grow(Ctx *cx, Growing *g)
{
    size_t cap = g->cap ? g->cap * 2 : 64;
    if (g->mode == MODE_DICT) {
        int32_t *code = ctx_grow(cx, g->code, cap, sizeof *code);
        if (!code) return FAIL(cx, ERR_NOMEM, "column '%s': growing to %zu rows", g->name, cap);
        g->code = code;
    } else {
        double *num = ctx_grow(cx, g->num, cap, sizeof *num);
        if (!num) return FAIL(cx, ERR_NOMEM, "column '%s': growing to %zu rows", g->name, cap);
        g->num = num;
    }
    g->cap = cap;
    return OK;
}

static Err push_num(Ctx *cx, Growing *g, double v)
{
    assert(g->mode != MODE_DICT);
    if (g->n == g->cap) TRY(cx, grow(cx, g));
    g->num[g->n++] = v;
    return OK;
}

static Err push_code(Ctx *cx, Growing *g, int32_t code)
{
    assert(g->mode == MODE_DICT);
    if (g->n == g->cap) TRY(cx, grow(cx, g));
    g->code[g->n++] = code;
    return OK;
}

static Err push_null(Ctx *cx, Growing *g)
{
    return g->mode == MODE_DICT ? push_code(cx, g, -1) : push_num(cx, g, NAN);
}

static Err push_word(Ctx *cx, Growing *g, const char *s, size_t n)
{
    int32_t code;
    TRY(cx, words_code(cx, &g->words, s, n, &code));
    return push_code(cx, g, code);
}

static Err push_num_word(Ctx *cx, Growing *g, double v, bool time)
{
    char buf[COLUMN_TEXT_MAX];
    size_t n = time ? table_time_text(v, buf) : num_text(v, buf);
    return push_word(cx, g, buf, n);
}

/* On failure the column is as it was, so that builder_free finds what it knows. */
Err growing_to_dict(Ctx *cx, Growing *g)
{
    Err err = OK;
    Growing to = { .name = g->name, .mode = MODE_DICT };
    bool time = g->mode == MODE_TIME;
    int32_t code = -1;
    if (g->mode == MODE_DICT) return OK;
    GET_DONE(cx, to.code, g->cap ? g->cap : 64, "column '%s': %zu rows as words", g->name, g->n);
    to.cap = g->cap ? g->cap : 64;
    for (size_t i = 0; i < g->n; i++) {
        if (isnan(g->num[i])) code = -1;
        else if (i == 0 || g->num[i] != g->num[i - 1]) {
            char buf[COLUMN_TEXT_MAX];
            size_t n = time ? table_time_text(g->num[i], buf) : num_text(g->num[i], buf);
            TRY_DONE(cx, words_code(cx, &to.words, buf, n, &code));
        }
        to.code[to.n++] = code;
    }
    ctx_put(cx, g->num);
    g->num = NULL;
    g->code = to.code;
    g->cap = to.cap;
    g->words = to.words;
    g->mode = MODE_DICT;
    return OK;
done:
    ctx_put(cx, to.code);
    words_free(cx, &to.words);
    return err;
}

/* ----------------------------------------------------------------- the door */

static Err copy_marks(Ctx *cx, Builder *b, const BuilderIn *in)
{
    b->na = ctx_get_n(cx, in->na_n + 1, sizeof *b->na);
    b->na_num = ctx_get_n(cx, in->na_n + 1, sizeof *b->na_num);
    if (!b->na || !b->na_num) return FAIL(cx, ERR_NOMEM, "%zu missing marks", in->na_n);
    for (size_t i = 0; i < in->na_n; i++) {
        const char *mark = in->na[i];
        size_t n = strlen(mark);
        double v;
        b->na[i] = copy_text(cx, mark);
        if (!b->na[i]) return FAIL(cx, ERR_NOMEM, "%zu missing marks", in->na_n);
        b->na_n++;
        b->na_first[(unsigned char)mark[0]] = true;
        if (n > b->na_len_max) b->na_len_max = n;
        if (cell_number(mark, n, &v)) b->na_num[b->na_num_n++] = v;
    }
    return OK;
}

/* With a schema the storage is known from the first row on. */
static void start_mode(const Builder *b, const BuilderIn *in, size_t i, Growing *g)
{
    g->want = in->want ? in->want[i] : COLUMN_AUTO;
    if (!b->keep_types) return;
    g->numeric = in->numeric && in->numeric[i];
    g->has_order = in->order != NULL;
    g->order = in->order ? in->order[i] : TIME_ISO;
    if (g->want == COLUMN_AUTO) return;
    if (!g->numeric) g->mode = MODE_DICT;
    else if (g->want != COLUMN_DATETIME) g->mode = MODE_NUM;
    else if (g->has_order) g->mode = MODE_TIME;
}

Err builder_new(Ctx *cx, const BuilderIn *in, Builder **out)
{
    Err err = OK;
    *out = NULL;
    if (in->cols > TABLE_COLS_MAX)
        return FAIL(cx, ERR_LIMIT, "'%s' has %zu columns; at most %d can be read", in->source ? in->source : "",
                    in->cols, TABLE_COLS_MAX);
    Builder *b = ctx_get(cx, sizeof *b);
    if (!b) return FAIL(cx, ERR_NOMEM, "a table of %zu columns", in->cols);
    b->keep_types = in->keep_types;
    GET_DONE(cx, b->col, in->cols ? in->cols : 1, "a table of %zu columns", in->cols);
    b->source = copy_text(cx, in->source ? in->source : "");
    if (!b->source) { err = FAIL(cx, ERR_NOMEM, "a table of %zu columns", in->cols); goto done; }
    TRY_DONE(cx, copy_marks(cx, b, in));
    for (size_t i = 0; i < in->cols; i++) {
        b->col[i].name = copy_text(cx, in->name[i]);
        if (!b->col[i].name) { err = FAIL(cx, ERR_NOMEM, "a table of %zu columns", in->cols); goto done; }
        b->cols++;
        start_mode(b, in, i, &b->col[i]);
    }
    *out = b;
    return OK;
done:
    builder_free(cx, b);
    return err;
}

static void growing_free(Ctx *cx, Growing *g)
{
    ctx_put(cx, g->name);
    ctx_put(cx, g->num);
    ctx_put(cx, g->code);
    words_free(cx, &g->words);
}

void builder_free(Ctx *cx, Builder *b)
{
    if (!b) return;
    for (size_t i = 0; i < b->cols; i++) growing_free(cx, &b->col[i]);
    for (size_t i = 0; i < b->na_n; i++) ctx_put(cx, b->na[i]);
    ctx_put(cx, b->na);
    ctx_put(cx, b->na_num);
    ctx_put(cx, b->col);
    ctx_put(cx, b->source);
    ctx_put(cx, b);
}

static bool is_mark(const Builder *b, const char *s, size_t n)
{
    if (n > b->na_len_max || !b->na_first[(unsigned char)s[0]]) return false;
    for (size_t i = 0; i < b->na_n; i++)
        if (strlen(b->na[i]) == n && !memcmp(b->na[i], s, n)) return true;
    return false;
}

/* A column whose type and storage a schema has settled. */
static Err text_kept(Ctx *cx, Growing *g, const char *s, size_t n)
{
    double v;
    if (g->mode == MODE_TIME ? table_time_read_order(s, n, g->order, &v) : cell_number(s, n, &v))
        return push_num(cx, g, v);
    g->bad++;
    return push_null(cx, g);
}

Err builder_text(Ctx *cx, Builder *b, size_t col, const char *s, size_t n)
{
    assert(col < b->cols);
    Growing *g = &b->col[col];
    double v;
    while (n && blank(s[0])) s++, n--;
    while (n && blank(s[n - 1])) n--;
    if (!n || is_mark(b, s, n)) return push_null(cx, g);
    if (n > TABLE_CELL_MAX)
        return FAIL(cx, ERR_LIMIT, "column '%s', row %zu: a value of %zu bytes; at most %zu can be read", g->name,
                    g->n + 1, n, TABLE_CELL_MAX);
    if (b->keep_types && g->want != COLUMN_AUTO && g->mode != MODE_DICT && g->mode != MODE_EMPTY)
        return text_kept(cx, g, s, n);
    bool is_num = cell_number(s, n, &v);
    if (g->mode == MODE_DICT) {
        if (is_num && !plain_whole(s, n)) return push_num_word(cx, g, v, false);
    } else if (is_num && g->mode != MODE_TIME) {
        g->mode = MODE_NUM;
        return push_num(cx, g, v);
    }
    if (!is_num && !utf8_ok(s, n))
        return FAIL(cx, ERR_BAD_INPUT, "column '%s', row %zu is not UTF-8 text; save the file as UTF-8", g->name,
                    g->n + 1);
    if (g->mode != MODE_DICT) TRY(cx, growing_to_dict(cx, g));
    return push_word(cx, g, s, n);
}

Err builder_num(Ctx *cx, Builder *b, size_t col, double v)
{
    assert(col < b->cols);
    Growing *g = &b->col[col];
    bool missing = isnan(v);
    if (isinf(v)) {
        g->infinite++;
        missing = true;
    }
    for (size_t i = 0; i < b->na_num_n && !missing; i++) missing = v == b->na_num[i];
    if (missing) return push_null(cx, g);
    if (g->mode == MODE_TIME && !b->keep_types) TRY(cx, growing_to_dict(cx, g));
    if (g->mode == MODE_DICT) return push_num_word(cx, g, v, false);
    if (g->mode == MODE_EMPTY) g->mode = MODE_NUM;
    return push_num(cx, g, v);
}

Err builder_time(Ctx *cx, Builder *b, size_t col, double seconds)
{
    assert(col < b->cols);
    Growing *g = &b->col[col];
    if (!isfinite(seconds)) return push_null(cx, g);
    if (g->mode == MODE_NUM && b->keep_types) {        /* a time where the build knows a plain number */
        g->bad++;
        return push_null(cx, g);
    }
    if (g->mode == MODE_NUM) TRY(cx, growing_to_dict(cx, g));
    if (g->mode == MODE_DICT) return push_num_word(cx, g, seconds, true);
    g->mode = MODE_TIME;
    return push_num(cx, g, seconds);
}

Err builder_null(Ctx *cx, Builder *b, size_t col)
{
    assert(col < b->cols);
    return push_null(cx, &b->col[col]);
}

Err builder_end(Ctx *cx, Builder *b, Table **out)
{
    Err err = OK;
    *out = NULL;
    Table *t = ctx_get(cx, sizeof *t);
    if (!t) { err = FAIL(cx, ERR_NOMEM, "a table of %zu columns", b->cols); goto done; }
    GET_DONE(cx, t->col, b->cols ? b->cols : 1, "a table of %zu columns", b->cols);
    t->rows = b->cols ? b->col[0].n : 0;
    for (size_t i = 0; i < b->cols; i++) {
        assert(b->col[i].n == t->rows);
        t->cols++;
        TRY_DONE(cx, growing_end(cx, b, &b->col[i], &t->col[i]));
    }
    t->source = b->source;
    b->source = NULL;
    *out = t;
    t = NULL;
done:
    table_free(cx, t);
    builder_free(cx, b);
    return err;
}

Err builder_for(Ctx *cx, const Schema *s, bool marks, const char *source, Builder **out)
{
    Err err = OK;
    const char **name = NULL;
    ColumnType *want = NULL;
    TimeOrder *order = NULL;
    bool *numeric = NULL;
    *out = NULL;
    GET_DONE(cx, name, s->n, "reading %zu columns", s->n);
    GET_DONE(cx, want, s->n, "reading %zu columns", s->n);
    GET_DONE(cx, order, s->n, "reading %zu columns", s->n);
    GET_DONE(cx, numeric, s->n, "reading %zu columns", s->n);
    for (size_t j = 0; j < s->n; j++) {
        name[j] = s->col[j].name;
        want[j] = s->col[j].type;
        order[j] = s->col[j].order;
        numeric[j] = s->col[j].numeric;
    }
    BuilderIn how = { .cols = s->n, .name = name, .want = want, .na = marks ? (const char *const *)s->na : NULL,
                      .na_n = marks ? s->na_n : 0, .source = source, .keep_types = true, .numeric = numeric, .order = order };
    TRY_DONE(cx, builder_new(cx, &how, out));
done:
    ctx_put(cx, name);
    ctx_put(cx, want);
    ctx_put(cx, order);
    ctx_put(cx, numeric);
    return err;
}

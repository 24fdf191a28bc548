/* filter/parse.c -- from the words of a filter to tests and how they are joined. */
#include "filter/inner.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NEAR_MAX 64

typedef enum TokenKind { TOKEN_END, TOKEN_WORD, TOKEN_TEXT, TOKEN_NUMBER, TOKEN_OP, TOKEN_OPEN, TOKEN_CLOSE, TOKEN_COMMA, TOKEN_BAD } TokenKind;

typedef struct Token {
    TokenKind kind;
    const char *at;                    /* in the filter, for positions */
    size_t size;                       /* bytes there */
    const char *text; size_t n;        /* WORD: as written; TEXT: without quotes, doubled ones made one */
    double num;
    FilterOp op;
} Token;

typedef struct Parse {
    Ctx *cx;
    const FilterEntity *entity;
    const char *from, *at;
    Token now;
    size_t tests, depth;
} Parse;

static Err wrong(const Parse *p, const char *at, size_t size, const char *what)
{
    size_t place = 1;
    for (const char *c = p->from; c < at; c++) place += ((unsigned char)*c & 0xC0) != 0x80;
    if (!size) return FAIL(p->cx, ERR_BAD_INPUT, "the filter ends too early, at character %zu: %s", place, what);
    return FAIL(p->cx, ERR_BAD_INPUT, "the filter cannot be read at character %zu, '%.*s': %s", place, (int)(size < 60 ? size : 60), at, what);
}

static Err wrong_now(const Parse *p, const char *what)
{
    return wrong(p, p->now.at, p->now.size, what);
}

/* --- tokens --- */

static bool word_char(char c)
{
    return isalnum((unsigned char)c) || (unsigned char)c >= 0x80 || c == '_';
}

/* Inside a key behind the dot: what MLflow allows in names, as far as it cannot be taken for an operator. */
static bool key_char(const char *at)
{
    if (word_char(*at)) return true;
    return (*at == '.' || *at == '-' || *at == '/' || *at == ':' || *at == '@' || *at == '$') && word_char(at[1]);
}

/* A quoted text: the quote doubled stands for itself. */
static Err quoted(Parse *p, Token *t)
{
    char quote = *p->at;
    const char *end = p->at + 1;
    size_t n = 0;
    for (;; end++) {
        if (!*end) return wrong(p, p->at, strlen(p->at), "the quote is not closed");
        if (*end != quote) continue;
        if (end[1] != quote) break;
        end++;
    }
    char *text = ctx_scratch(p->cx, (size_t)(end - p->at) + 1);
    if (!text) return FAIL(p->cx, ERR_NOMEM, "reading a filter");
    for (const char *c = p->at + 1; c < end; c++) {
        text[n++] = *c;
        if (*c == quote) c++;
    }
    t->kind = TOKEN_TEXT;
    t->text = text;
    t->n = n;
    p->at = end + 1;
    return OK;
}

static Err number(Parse *p, Token *t)
{
    const char *end = p->at + (*p->at == '-' || *p->at == '+');
    while (isalnum((unsigned char)*end) || *end == '.' || ((*end == '-' || *end == '+') && (end[-1] == 'e' || end[-1] == 'E'))) end++;
    if (!num_read(p->at, (size_t)(end - p->at), &t->num)) {
        t->size = (size_t)(end - p->at);
        return wrong(p, p->at, t->size ? t->size : 1, "that is no number; a text needs quotes");
    }
    t->kind = TOKEN_NUMBER;
    p->at = end;
    return OK;
}

static const struct { const char *text; FilterOp op; } ops[] = {       /* longer ones first */
    { "==", OP_EQ }, { "!=", OP_NE }, { "<>", OP_NE }, { "<=", OP_LE }, { ">=", OP_GE }, { "=", OP_EQ }, { "<", OP_LT },
    { ">", OP_GT }, { "~", OP_RLIKE } };

static Err next(Parse *p)
{
    Token *t = &p->now;
    while (isspace((unsigned char)*p->at)) p->at++;
    *t = (Token){ .at = p->at };
    char c = *p->at;
    if (!c) return OK;
    if (c == '\'' || c == '"' || c == '`') TRY(p->cx, quoted(p, t));
    else if (isdigit((unsigned char)c) || ((c == '-' || c == '+' || c == '.') && (isdigit((unsigned char)p->at[1]) || p->at[1] == '.' || p->at[1] == 'i')))
        TRY(p->cx, number(p, t));
    else if (word_char(c)) {
        t->kind = TOKEN_WORD;
        t->text = p->at;
        while (word_char(*p->at)) p->at++;
        t->n = (size_t)(p->at - t->text);
    } else if (c == '(' || c == ')' || c == ',') {
        t->kind = c == '(' ? TOKEN_OPEN : c == ')' ? TOKEN_CLOSE : TOKEN_COMMA;
        p->at++;
    } else {
        t->kind = TOKEN_BAD;
        for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
            if (strncmp(p->at, ops[i].text, strlen(ops[i].text))) continue;
            t->kind = TOKEN_OP;
            t->op = ops[i].op;
            p->at += strlen(ops[i].text);
            break;
        }
        if (t->kind == TOKEN_BAD) p->at++;
    }
    t->size = (size_t)(p->at - t->at);
    return OK;
}

static bool is_word(const Token *t, const char *word)
{
    if (t->kind != TOKEN_WORD || t->n != strlen(word)) return false;
    for (size_t i = 0; i < t->n; i++)
        if (toupper((unsigned char)t->text[i]) != word[i]) return false;
    return true;
}

/* --- names --- */

static const struct { const char *word, *family; } families[] = {
    { "metrics", "metric" }, { "metric", "metric" }, { "params", "param" }, { "param", "param" }, { "parameters", "param" },
    { "parameter", "param" }, { "tags", "tag" }, { "tag", "tag" }, { "attributes", "attribute" }, { "attribute", "attribute" },
    { "attr", "attribute" }, { "datasets", "dataset" }, { "dataset", "dataset" }, { "inputs", "dataset" }, { "input", "dataset" },
    { "artifacts", "artifact" }, { "artifact", "artifact" }, { "notes", "note" }, { "note", "note" } };

static bool entity_has(const FilterEntity *e, const char *family)
{
    for (const FilterField *f = e->field; f->family; f++)
        if (!strcmp(f->family, family)) return true;
    return false;
}

static const char *family_of(const Parse *p, const char *word, size_t n)
{
    if (strlen(p->entity->name) == n && !memcmp(word, p->entity->name, n)) return "attribute";
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        if (strlen(families[i].word) != n || memcmp(families[i].word, word, n)) continue;
        return entity_has(p->entity, families[i].family) ? families[i].family : NULL;
    }
    return NULL;
}

static Err unknown_family(const Parse *p, const Token *t, const char *word)
{
    const char *near[NEAR_MAX];
    size_t n = 0;
    Text list;
    for (size_t i = 0; i < sizeof families / sizeof *families && n < NEAR_MAX; i++)
        if (entity_has(p->entity, families[i].family)) near[n++] = families[i].word;
    const char *best = text_nearest(word, near, n);
    if (best) return wrong(p, t->at, t->size, ctx_scratch_fmt(p->cx, "a %s has no '%s'; did you mean '%s'?", p->entity->name, word, best));
    text_init(&list, p->cx);
    for (size_t i = 0; i < sizeof families / sizeof *families; i += 2)
        if (entity_has(p->entity, families[i].family) && (!i || strcmp(families[i].family, families[i - 2].family)))
            text_fmt(&list, "%s%s", list.n ? ", " : "", families[i].word);
    Err err = wrong(p, t->at, t->size, ctx_scratch_fmt(p->cx, "a %s has no '%s'; it has %s", p->entity->name, word, list.at ? list.at : ""));
    text_clear(&list);
    return err;
}

static Err unknown_name(const Parse *p, const Token *t, const char *family, const char *key)
{
    const char *near[NEAR_MAX];
    size_t n = 0;
    Text list;
    for (const FilterField *f = p->entity->field; f->family && n < NEAR_MAX; f++)
        if (f->name && !strcmp(f->family, family)) near[n++] = f->name;
    const char *best = text_nearest(key, near, n), *hint = "";
    if (best) return wrong(p, t->at, t->size, ctx_scratch_fmt(p->cx, "a %s has no %s '%s'; did you mean '%s'?", p->entity->name, family, key, best));
    if (entity_has(p->entity, "metric") && !strcmp(family, "attribute")) hint = " (a metric is written metrics.NAME, a param params.NAME)";
    text_init(&list, p->cx);
    for (size_t i = 0; i < n; i++) text_fmt(&list, "%s%s", i ? ", " : "", near[i]);
    Err err = wrong(p, t->at, t->size, ctx_scratch_fmt(p->cx, "a %s has no %s '%s'; it has %s%s", p->entity->name, family, key, list.at ? list.at : "", hint));
    text_clear(&list);
    return err;
}

static Err find_field(const Parse *p, const Token *t, const char *family, const char *key, const FilterField **out)
{
    const FilterField *any = NULL;
    for (const FilterField *f = p->entity->field; f->family; f++) {
        if (strcmp(f->family, family)) continue;
        if (!f->name) any = f;
        else if (!strcmp(f->name, key)) {
            *out = f;
            return OK;
        }
    }
    *out = any;
    return any ? OK : unknown_name(p, t, family, key);
}

static char *take(const Parse *p, const char *text, size_t n)
{
    char *copy = ctx_scratch(p->cx, n + 1);
    if (copy) memcpy(copy, text, n);
    return copy;
}

/* The key behind the dot: plain, or quoted in any of three ways. */
static Err read_key(Parse *p, Token *whole, const char **key)
{
    Token t = { .at = p->at };
    if (*p->at == '"' || *p->at == '`' || *p->at == '\'') {
        TRY(p->cx, quoted(p, &t));
        *key = t.text;
        if (strlen(t.text) != t.n || !t.n) return wrong(p, t.at, 1, "a name of no bytes");
    } else {
        const char *end = p->at;
        if (word_char(*end)) while (key_char(end)) end++;
        if (end == p->at) return wrong(p, p->at, *p->at ? 1 : 0, "here stands a name, like metrics.auc or params.\"my depth\"");
        *key = take(p, p->at, (size_t)(end - p->at));
        p->at = end;
    }
    whole->size = (size_t)(p->at - whole->at);
    return *key ? OK : FAIL(p->cx, ERR_NOMEM, "reading a filter");
}

static Err read_name(Parse *p, const FilterField **field, const char **key)
{
    Token whole = p->now;
    const char *family = "attribute";
    if (whole.kind != TOKEN_WORD && !(whole.kind == TOKEN_TEXT && *whole.at != '\''))
        return wrong_now(p, whole.kind == TOKEN_NUMBER || whole.kind == TOKEN_TEXT ? "a test begins with a name, like metrics.auc > 0.9"
                                                                                 : "here stands a name, like metrics.auc or params.depth");
    *key = take(p, whole.text, whole.n);
    if (!*key) return FAIL(p->cx, ERR_NOMEM, "reading a filter");
    if (whole.kind == TOKEN_WORD && *p->at == '.') {
        p->at++;
        const char *word = *key;
        TRY(p->cx, read_key(p, &whole, key));
        family = family_of(p, word, whole.n);
        if (!family) return unknown_family(p, &whole, word);
    }
    TRY(p->cx, find_field(p, &whole, family, *key, field));
    return next(p);
}

/* --- values --- */

static bool digits(const char **at, int n, int *out)
{
    *out = 0;
    for (int i = 0; i < n; i++, ++*at) {
        if (!isdigit((unsigned char)**at)) return false;
        *out = *out * 10 + (**at - '0');
    }
    return true;
}

/* "2026-11-01", "2026-11-01 12:30", "2026-11-01T12:30:15Z" as milliseconds since 1970, UTC. */
static bool read_date(const char *text, double *ms)
{
    int y, m, d, hh = 0, mm = 0, ss = 0;
    const char *at = text;
    if (!digits(&at, 4, &y) || *at++ != '-' || !digits(&at, 2, &m) || *at++ != '-' || !digits(&at, 2, &d)) return false;
    if (*at == ' ' || *at == 'T') {
        at++;
        if (!digits(&at, 2, &hh) || *at++ != ':' || !digits(&at, 2, &mm)) return false;
        if (*at == ':' && (at++, !digits(&at, 2, &ss))) return false;
    }
    if (*at == 'Z') at++;
    if (*at || m < 1 || m > 12 || d < 1 || d > 31 || hh > 23 || mm > 59 || ss > 60) return false;
    /* Days from civil, Howard Hinnant: years begin in March. */
    int yy = m <= 2 ? y - 1 : y, era = yy / 400, yoe = yy - era * 400, doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t days = (int64_t)era * 146097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719468;
    *ms = ((((double)days * 24 + hh) * 60 + mm) * 60 + ss) * 1000;
    return true;
}

static Err read_value(Parse *p, FilterTest *t, FilterValue *v)
{
    const Token *now = &p->now;
    const FilterField *f = t->field;
    *v = (FilterValue){ .num = (double)NAN };
    if (is_word(now, "TRUE") || is_word(now, "FALSE")) {
        if (f->type == FILTER_TEXT) return wrong_now(p, "this is compared with a text: give it quotes");
        v->num = is_word(now, "TRUE");
        return next(p);
    }
    if (now->kind == TOKEN_WORD && f->type != FILTER_TEXT && num_read(now->text, now->n, &v->num)) return next(p);    /* inf */
    if (now->kind == TOKEN_NUMBER) {
        v->num = now->num;
        if (f->type == FILTER_TEXT) t->as_number = true;
        return next(p);
    }
    if (now->kind != TOKEN_TEXT)
        return wrong_now(p, f->type == FILTER_TEXT ? "here stands a text in quotes, or a number" : "here stands a number");
    v->text = now->text;
    v->n = now->n;
    v->is_text = true;
    if (f->type == FILTER_TIME && !read_date(now->text, &v->num))
        return wrong_now(p, "a time is written like '2026-11-01' or '2026-11-01 12:30' (UTC), or as milliseconds without quotes");
    if (f->type == FILTER_NUMBER)
        return wrong_now(p, ctx_scratch_fmt(p->cx, "%s '%s' is a number: write it without quotes", f->family, t->key));
    return next(p);
}

static Err read_list(Parse *p, FilterTest *t)
{
    size_t cap = 0;
    if (p->now.kind != TOKEN_OPEN) return wrong_now(p, "behind IN stands a list, like IN ('a', 'b')");
    do {
        TRY(p->cx, next(p));
        if (t->values_n == cap) {
            FilterValue *more = ctx_scratch(p->cx, (cap ? 2 * cap : 8) * sizeof *more);
            if (!more) return FAIL(p->cx, ERR_NOMEM, "reading a filter");
            if (cap) memcpy(more, t->value, cap * sizeof *more);
            t->value = more;
            cap = cap ? 2 * cap : 8;
        }
        TRY(p->cx, read_value(p, t, &t->value[t->values_n++]));
    } while (p->now.kind == TOKEN_COMMA);
    if (p->now.kind != TOKEN_CLOSE) return wrong_now(p, "a list goes on with a comma or ends with )");
    for (size_t i = 0; i < t->values_n; i++)
        if (t->field->type == FILTER_TEXT && t->value[i].is_text == t->as_number)
            return wrong_now(p, "the list mixes texts and numbers: put quotes around all of them or none");
    return next(p);
}

/* --- tests --- */

/* Behind a name: IS [NOT] NULL, [NOT] IN, [NOT] LIKE …, an operator. */
static Err read_op(Parse *p, FilterTest *t)
{
    static const struct { const char *word; FilterOp op; } words[] = {
        { "LIKE", OP_LIKE }, { "ILIKE", OP_ILIKE }, { "RLIKE", OP_RLIKE }, { "REGEXP", OP_RLIKE }, { "IN", OP_IN } };
    if (is_word(&p->now, "IS")) {
        TRY(p->cx, next(p));
        t->op = OP_NULL;
        t->negated = is_word(&p->now, "NOT");
        if (t->negated) TRY(p->cx, next(p));
        if (!is_word(&p->now, "NULL")) return wrong_now(p, "behind IS stands NULL or NOT NULL");
        return next(p);
    }
    t->negated = is_word(&p->now, "NOT");
    if (t->negated) TRY(p->cx, next(p));
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!is_word(&p->now, words[i].word)) continue;
        t->op = words[i].op;
        return next(p);
    }
    if (t->negated) return wrong_now(p, "behind NOT stands IN, LIKE, ILIKE or RLIKE");
    if (p->now.kind != TOKEN_OP)
        return wrong_now(p, ctx_scratch_fmt(p->cx, "behind '%s' stands = != < <= > >=, LIKE, ILIKE, RLIKE, IN or IS NULL", t->key));
    t->op = p->now.op;
    return next(p);
}

static Err read_test(Parse *p, FilterTest *t)
{
    if (++p->tests > FILTER_TESTS_MAX) return FAIL(p->cx, ERR_LIMIT, "a filter has at most %d tests", FILTER_TESTS_MAX);
    TRY(p->cx, read_name(p, &t->field, &t->key));
    Token op = p->now;
    TRY(p->cx, read_op(p, t));
    if (t->op == OP_NULL) return OK;
    bool pattern = t->op == OP_LIKE || t->op == OP_ILIKE || t->op == OP_RLIKE;
    if (pattern && t->field->type != FILTER_TEXT)
        return wrong(p, op.at, op.size, ctx_scratch_fmt(p->cx, "%s '%s' is a number, which has no pattern", t->field->family, t->key));
    if (t->op == OP_IN) return read_list(p, t);
    Token value = p->now;
    t->value = ctx_scratch(p->cx, sizeof *t->value);
    if (!t->value) return FAIL(p->cx, ERR_NOMEM, "reading a filter");
    t->values_n = 1;
    TRY(p->cx, read_value(p, t, t->value));
    if (pattern && t->as_number) return wrong(p, value.at, value.size, "a pattern is a text in quotes");
    if (t->op == OP_RLIKE) TRY(p->cx, regex_make(p->cx, t->value->text, t->value->n, &t->regex));
    return OK;
}

static Err read_or(Parse *p, Node **out);

static Node *node(Parse *p, NodeKind kind, Node *a, Node *b)
{
    Node *n = ctx_scratch(p->cx, sizeof *n);
    if (n) *n = (Node){ .kind = kind, .a = a, .b = b };
    return n;
}

static Err read_not(Parse *p, Node **out)
{
    Node *inner = NULL;
    if (p->depth == FILTER_DEPTH_MAX) return wrong_now(p, "too many parentheses within one another");
    if (is_word(&p->now, "NOT")) {
        p->depth++;
        TRY(p->cx, next(p));
        TRY(p->cx, read_not(p, &inner));
        p->depth--;
        *out = node(p, NODE_NOT, inner, NULL);
    } else if (p->now.kind == TOKEN_OPEN) {
        p->depth++;
        TRY(p->cx, next(p));
        TRY(p->cx, read_or(p, out));
        if (p->now.kind != TOKEN_CLOSE) return wrong_now(p, "a ( is closed by a ), or goes on with AND or OR");
        p->depth--;
        return next(p);
    } else {
        *out = node(p, NODE_TEST, NULL, NULL);
        if (*out) TRY(p->cx, read_test(p, &(*out)->test));
    }
    return *out ? OK : FAIL(p->cx, ERR_NOMEM, "reading a filter");
}

static Err read_and(Parse *p, Node **out)
{
    Node *right;
    TRY(p->cx, read_not(p, out));
    while (is_word(&p->now, "AND")) {
        TRY(p->cx, next(p));
        TRY(p->cx, read_not(p, &right));
        *out = node(p, NODE_AND, *out, right);
        if (!*out) return FAIL(p->cx, ERR_NOMEM, "reading a filter");
    }
    return OK;
}

static Err read_or(Parse *p, Node **out)
{
    Node *right;
    TRY(p->cx, read_and(p, out));
    while (is_word(&p->now, "OR")) {
        TRY(p->cx, next(p));
        TRY(p->cx, read_and(p, &right));
        *out = node(p, NODE_OR, *out, right);
        if (!*out) return FAIL(p->cx, ERR_NOMEM, "reading a filter");
    }
    return OK;
}

static Err check_size(Ctx *cx, const char *text)
{
    size_t n = strlen(text);
    if (n > FILTER_BYTES_MAX) return FAIL(cx, ERR_LIMIT, "the filter has %zu bytes; the most is %d", n, FILTER_BYTES_MAX);
    if (!text_utf8_ok(text, n)) return FAIL(cx, ERR_BAD_INPUT, "the filter is not UTF-8");
    return OK;
}

Err filter_parse(Ctx *cx, const FilterEntity *entity, const char *text, Node **out)
{
    Parse p = { .cx = cx, .entity = entity, .from = text, .at = text };
    *out = NULL;
    TRY(cx, check_size(cx, text));
    TRY(cx, next(&p));
    if (p.now.kind == TOKEN_END) return OK;
    TRY(cx, read_or(&p, out));
    if (p.now.kind != TOKEN_END) return wrong_now(&p, "a test is followed by AND, OR or the end");
    return OK;
}

Err filter_parse_order(Ctx *cx, const FilterEntity *entity, const char *text, FilterOrder *out)
{
    Parse p = { .cx = cx, .entity = entity, .from = text, .at = text };
    *out = (FilterOrder){ 0 };
    TRY(cx, check_size(cx, text));
    TRY(cx, next(&p));
    TRY(cx, read_name(&p, &out->field, &out->key));
    out->down = is_word(&p.now, "DESC");
    if (out->down || is_word(&p.now, "ASC")) TRY(cx, next(&p));
    if (p.now.kind != TOKEN_END) return wrong_now(&p, "an order is a name, then ASC or DESC");
    return OK;
}

Err filter_check(Ctx *cx, const FilterEntity *entity, const char *filter, const char *order)
{
    Node *node_;
    FilterOrder o;
    if (filter) TRY(cx, filter_parse(cx, entity, filter, &node_));
    if (order) TRY(cx, filter_parse_order(cx, entity, order, &o));
    return OK;
}

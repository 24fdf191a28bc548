/* query/sql.c -- one SELECT over named tables: opened locked down, asked, read row by row.
**
** The statement is first prepared as it stands (is it a SELECT?), then always used as query('…'): DuckDB itself refuses anything
** but one SELECT there, and no text of a caller is ever joined to ours but as a quoted value.
*/
#include "query/sqlin.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#define ABOUT "SQL"

/* ------------------------------------------------------------------ opening */

/* After this nothing is in reach but what lies below the folder, and nothing can be set. */
static Err lock(Ctx *cx, QuerySql *s)
{
    Err err = OK;
    Text t;
    text_init(&t, cx);
    text_put(&t, "SET allowed_directories=[");
    duck_quote(&t, s->folder, false);
    text_put(&t, "]");
    TRY_DONE(cx, text_err(&t));
    const char *const lines[] = { t.at, "SET enable_progress_bar=true", "SET enable_progress_bar_print=false",
                                  "SET allow_community_extensions=false", "SET enable_external_access=false",
                                  "SET lock_configuration=true" };
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) TRY_DONE(cx, duck_run(cx, s->duck, lines[i], ABOUT));
    s->duck->tells = true;
done:
    text_clear(&t);
    return err;
}

Err query_sql_open(Ctx *cx, const QuerySqlIn *in, QuerySql **out)
{
    Err err = OK;
    *out = NULL;
    QuerySql *s = ctx_get(cx, sizeof *s);
    if (!s) return FAIL(cx, ERR_NOMEM, "opening DuckDB");
    s->in = *in;
    size_t n = strlen(in->folder);
    s->folder = ctx_get(cx, n + 2);
    if (!s->folder) { err = FAIL(cx, ERR_NOMEM, "opening DuckDB"); goto done; }
    memcpy(s->folder, in->folder, n);
    if (n && in->folder[n - 1] != '/') s->folder[n] = '/';
    s->in.folder = s->folder;
    QueryIn how = { .threads = in->threads, .memory_mib = in->memory_mib, .spill = s->folder };
    TRY_DONE(cx, duck_open(cx, &how, &s->duck));
    TRY_DONE(cx, scan_teach(cx, s));
    TRY_DONE(cx, lock(cx, s));
    *out = s;
    s = NULL;
done:
    query_sql_close(cx, s);
    return err;
}

void query_sql_close(Ctx *cx, QuerySql *s)
{
    if (!s) return;
    duck_close(cx, s->duck);
    for (size_t i = 0; i < s->scans_n; i++) scan_free(cx, s->scan[i]);
    ctx_put(cx, s->scan);
    ctx_put(cx, s->folder);
    ctx_put(cx, s);
}

const char *query_sql_engine(const QuerySql *s)
{
    return duck_version(s->duck);
}

const char *query_sql_table(const QuerySql *s, size_t i)
{
    return i < s->scans_n ? scan_name(s->scan[i]) : NULL;
}

/* ---------------------------------------------------------------- failures */

/* What DuckDB said, in our words where it is about the lock or came from our own callbacks. */
static Err in_words(Ctx *cx, QuerySql *s, Err err)
{
    static const char *const locked[] = { "disabled by configuration", "disabled through configuration",
                                          "the configuration has been locked" };
    if (!err || err == ERR_INTERRUPTED || err == ERR_TIME) return err;
    if (s->err) {
        err = s->err;
        s->err = OK;
        return FAIL(cx, err, "%s", s->text);
    }
    for (size_t i = 0; i < sizeof locked / sizeof *locked; i++)
        if (strstr(cx->text, locked[i]))
            return FAIL(cx, ERR_REFUSED, "a query reads datasets only, by name: FROM 'name@version'; files, addresses, other "
                        "databases, extensions and settings are out of its reach");
    return err;
}

/* Begin our own statement over the caller's. */
Err query_sql_begin(Ctx *cx, QuerySql *s, const char *sql, DuckRows **out)
{
    s->cx = cx;
    s->err = OK;
    return in_words(cx, s, duck_start(cx, s->duck, sql, ABOUT, out));
}

/* What DuckDB took for a file may be one of our names: then it has a view now, and the statement is worth another try. */
static Err named_like_a_file(Ctx *cx, QuerySql *s, bool *again)
{
    static const char before[] = "Cannot access file \"";
    char name[CTX_TEXT_MAX], text[CTX_TEXT_MAX];
    const char *from = strstr(cx->text, before), *to = from ? strstr(from, "\" - file system") : NULL;
    *again = false;
    if (!to) return OK;
    from += sizeof before - 1;
    snprintf(name, sizeof name, "%.*s", (int)(to - from), from);
    memcpy(text, cx->text, sizeof text);
    Err err = scan_view(cx, s, name);
    *again = !err;
    if (err && err != ERR_REFUSED && strchr(name, '@')) return err;
    if (err) memcpy(cx->text, text, sizeof text);
    return OK;
}

/* Is it one SELECT?  Binds it, so unknown names and columns are told with DuckDB's hints. */
static Err must_select(Ctx *cx, QuerySql *s, const char *sql)
{
    const DuckCalls *call = &s->duck->call;
    duckdb_prepared_statement st = NULL;
    Err err = OK;
    if (strlen(sql) > QUERY_SQL_MAX) return FAIL(cx, ERR_LIMIT, "a query of more than %zu bytes", QUERY_SQL_MAX);
    s->cx = cx;
    s->err = OK;
    for (bool again = true; again;) {
        again = false;
        err = OK;
        if (st) call->destroy_prepare(&st);
        if (call->prepare(s->duck->connection, sql, &st) == DuckDBSuccess) break;
        err = duck_failed(cx, ABOUT, DUCKDB_ERROR_INVALID, call->prepare_error(st));
        Err own = s->err ? OK : named_like_a_file(cx, s, &again);
        if (own) {
            call->destroy_prepare(&st);
            return own;
        }
    }
    if (!err && call->prepared_statement_type(st) != DUCKDB_STATEMENT_TYPE_SELECT)
        err = FAIL(cx, ERR_REFUSED, "a query is one SELECT (or FROM …, WITH … SELECT, VALUES); it changes nothing and reaches for "
                   "nothing but datasets");
    if (st) call->destroy_prepare(&st);
    return in_words(cx, s, err);
}

/* ------------------------------------------------------------------ asking */

static bool is_one_of(const char *type, const char *const *words)
{
    for (; *words; words++)
        if (!strcmp(type, *words)) return true;
    return false;
}

/* How column `at` is taken out of DuckDB: as BIGINT, DOUBLE or text. */
static QueryCell column_sql(const char *type, size_t at, Text *t)
{
    static const char *const whole[] = { "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", NULL };
    static const char *const digits[] = { "FLOAT", "HUGEINT", "UHUGEINT", "UBIGINT", NULL };
    bool nested = strchr(type, '[') || !strncmp(type, "STRUCT", 6) || !strncmp(type, "MAP", 3) || !strncmp(type, "UNION", 5);
    if (nested || !strcmp(type, "JSON")) {
        text_fmt(t, "CAST(to_json(c%zu) AS VARCHAR)", at);
        return QUERY_CELL_JSON;
    }
    if (is_one_of(type, whole)) {
        text_fmt(t, "CAST(c%zu AS BIGINT)", at);
        return QUERY_CELL_NUMBER;
    }
    if (!strcmp(type, "DOUBLE")) {
        text_fmt(t, "c%zu", at);
        return QUERY_CELL_NUMBER;
    }
    if (!strcmp(type, "DATE") || !strncmp(type, "TIMESTAMP", 9)) {
        const char *cast = strstr(type, "TIME ZONE") ? "TIMESTAMPTZ" : "TIMESTAMP";
        text_fmt(t, "CASE WHEN isfinite(CAST(c%zu AS %s)) THEN epoch_us(CAST(c%zu AS %s)) END", at, cast, at, cast);
        return QUERY_CELL_TIME;
    }
    text_fmt(t, "CAST(c%zu AS VARCHAR)", at);
    if (!strcmp(type, "BOOLEAN")) return QUERY_CELL_BOOLEAN;
    return is_one_of(type, digits) || !strncmp(type, "DECIMAL", 7) ? QUERY_CELL_NUMBER : QUERY_CELL_TEXT;
}

static Err add_column(Ctx *cx, QueryAnswer *a, const DuckVector *cell, size_t row)
{
    size_t name_n, type_n;
    const char *name = duck_string(&cell[0], row, &name_n), *type = duck_string(&cell[1], row, &type_n);
    QueryAnswerColumn *more = ctx_grow(cx, a->column, a->columns_n + 1, sizeof *more);
    if (!more) return FAIL(cx, ERR_NOMEM, "the columns of the answer");
    a->column = more;
    more[a->columns_n] = (QueryAnswerColumn){ .name = query_copy(cx, name, name_n), .type = query_copy(cx, type, type_n) };
    a->columns_n++;
    return more[a->columns_n - 1].name && more[a->columns_n - 1].type ? OK : FAIL(cx, ERR_NOMEM, "the columns of the answer");
}

static Err describe(Ctx *cx, QueryAnswer *a)
{
    Err err = OK;
    Text t;
    DuckRows *r = NULL;
    size_t rows = 1;
    text_init(&t, cx);
    text_fmt(&t, "SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM %s)", a->query);
    TRY_DONE(cx, text_err(&t));
    TRY_DONE(cx, query_sql_begin(cx, a->sql, t.at, &r));
    while (rows) {
        TRY_DONE(cx, in_words(cx, a->sql, duck_next(cx, r, &rows)));
        if (!rows) break;
        DuckVector cell[2] = { duck_vector(r, 0), duck_vector(r, 1) };
        for (size_t i = 0; i < rows; i++) TRY_DONE(cx, add_column(cx, a, cell, i));
    }
done:
    duck_end(cx, r);
    text_clear(&t);
    return err;
}

Err query_sql_ask(Ctx *cx, QuerySql *s, const char *sql, QueryAnswer **out)
{
    Err err = OK;
    Text t;
    *out = NULL;
    TRY(cx, must_select(cx, s, sql));
    QueryAnswer *a = ctx_get(cx, sizeof *a);
    if (!a) return FAIL(cx, ERR_NOMEM, "asking");
    a->sql = s;
    text_init(&t, cx);
    text_put(&t, "query(");
    duck_quote(&t, sql, false);
    text_put(&t, ")");
    TRY_DONE(cx, text_err(&t));
    a->query = text_take(&t);
    TRY_DONE(cx, describe(cx, a));
    GET_DONE(cx, a->vector, a->columns_n, "the columns of the answer");
    *out = a;
    a = NULL;
done:
    text_clear(&t);
    query_answer_close(cx, a);
    return err;
}

void query_answer_close(Ctx *cx, QueryAnswer *a)
{
    if (!a) return;
    duck_end(cx, a->rows);
    for (size_t i = 0; i < a->columns_n; i++) {
        ctx_put(cx, (char *)(uintptr_t)a->column[i].name);
        ctx_put(cx, (char *)(uintptr_t)a->column[i].type);
    }
    ctx_put(cx, a->column);
    ctx_put(cx, a->vector);
    ctx_put(cx, a->query);
    ctx_put(cx, a);
}

size_t query_answer_columns(const QueryAnswer *a)
{
    return a->columns_n;
}

const QueryAnswerColumn *query_answer_column(const QueryAnswer *a, size_t col)
{
    return col < a->columns_n ? &a->column[col] : NULL;
}

/* -------------------------------------------------------------------- rows */

static Err start_rows(Ctx *cx, QueryAnswer *a)
{
    Text t;
    text_init(&t, cx);
    text_put(&t, "SELECT ");
    for (size_t i = 0; i < a->columns_n; i++) {
        if (i) text_char(&t, ',');
        a->column[i].cell = column_sql(a->column[i].type, i, &t);
    }
    text_fmt(&t, " FROM %s AS answer(", a->query);
    for (size_t i = 0; i < a->columns_n; i++) text_fmt(&t, "%sc%zu", i ? "," : "", i);
    text_put(&t, ")");
    Err err = text_err(&t);
    if (!err) err = query_sql_begin(cx, a->sql, t.at, &a->rows);
    text_clear(&t);
    return err ? ctx_hop(cx, err, __FILE__, __LINE__) : OK;
}

Err query_answer_next(Ctx *cx, QueryAnswer *a, bool *more)
{
    *more = false;
    if (!a->rows) TRY(cx, start_rows(cx, a));
    a->sql->cx = cx;
    if (a->at == a->have) {
        TRY(cx, in_words(cx, a->sql, duck_next(cx, a->rows, &a->have)));
        a->at = 0;
        for (size_t i = 0; i < a->columns_n && a->have; i++) a->vector[i] = duck_vector(a->rows, i);
    }
    *more = a->have > 0;
    if (*more) a->at++;
    return OK;
}

static bool is_whole(const QueryAnswer *a, size_t col)
{
    return duck_kind(a->rows, col) == DUCK_WHOLE;
}

const char *query_answer_text(const QueryAnswer *a, size_t col, char buf[COLUMN_TEXT_MAX], size_t *n)
{
    const DuckVector *v = &a->vector[col];
    size_t row = a->at - 1;
    *n = 0;
    assert(a->at && col < a->columns_n);
    if (!duck_has(v, row)) return NULL;
    if (a->column[col].cell == QUERY_CELL_TIME) {
        *n = table_time_text((double)((const int64_t *)v->at)[row] * 1e-6, buf);
        return buf;
    }
    if (is_whole(a, col)) {
        *n = (size_t)snprintf(buf, COLUMN_TEXT_MAX, "%lld", (long long)((const int64_t *)v->at)[row]);
        return buf;
    }
    if (duck_kind(a->rows, col) == DUCK_NUM) {
        double x = ((const double *)v->at)[row];
        if (isnan(x)) return NULL;
        *n = num_text(x, buf);
        return buf;
    }
    return duck_string(v, row, n);
}

double query_answer_num(const QueryAnswer *a, size_t col)
{
    char buf[COLUMN_TEXT_MAX];
    size_t n;
    double v;
    const char *s = query_answer_text(a, col, buf, &n);
    if (s && a->column[col].cell == QUERY_CELL_BOOLEAN) return s[0] == 't';
    return s && num_read(s, n, &v) ? v : NAN;
}

void query_answer_json(const QueryAnswer *a, size_t col, Text *t)
{
    char buf[COLUMN_TEXT_MAX];
    size_t n;
    double v;
    const char *s = query_answer_text(a, col, buf, &n);
    QueryCell cell = a->column[col].cell;
    bool raw = cell == QUERY_CELL_BOOLEAN || cell == QUERY_CELL_JSON;
    if (s && cell == QUERY_CELL_NUMBER) raw = num_read(s, n, &v) && isfinite(v);
    if (!s || (cell == QUERY_CELL_NUMBER && !raw)) json_null(t);
    else if (!raw) json_text_n(t, s, n);
    else {
        json_raw(t, "");
        text_bytes(t, s, n);
    }
}

/* ------------------------------------------------------------------ steady */

typedef struct Lexer { const char *at; const char *word; size_t n; bool call; } Lexer;

static const char *skip_quoted(const char *p, char quote)
{
    for (p++; *p; p++)
        if (*p == quote && *++p != quote) break;
    return p;
}

static const char *skip_comment(const char *p)
{
    unsigned depth = 0;
    if (*p == '-') return p + strcspn(p, "\n");
    do {
        if (p[0] == '/' && p[1] == '*') depth++, p += 2;
        else if (p[0] == '*' && p[1] == '/') depth--, p += 2;
        else p++;
    } while (depth && *p);
    return p;
}

static bool word_byte(char c, bool first)
{
    return isalpha((unsigned char)c) || c == '_' || (unsigned char)c >= 0x80 || (!first && (isdigit((unsigned char)c) || c == '$'));
}

/* $$…$$ or $tag$…$tag$: behind it, or p itself when it is none. */
static const char *skip_dollar(const char *p)
{
    const char *end = p + 1;
    char tag[64];
    while (word_byte(*end, false) && *end != '$') end++;
    size_t n = (size_t)(end - p) + 1;
    if (*end != '$' || n >= sizeof tag) return p;
    memcpy(tag, p, n);
    tag[n] = 0;
    const char *close = strstr(end + 1, tag);
    return close ? close + n : p + strlen(p);
}

/* The next word of a statement; texts, comments and signs are passed over.  False at the end. */
static bool next_word(Lexer *l)
{
    const char *p = l->at;
    while (*p) {
        if (*p == '\'') p = skip_quoted(p, '\'');
        else if ((p[0] == '-' && p[1] == '-') || (p[0] == '/' && p[1] == '*')) p = skip_comment(p);
        else if (*p == '$' && skip_dollar(p) != p) p = skip_dollar(p);
        else if (*p == '"' || word_byte(*p, true)) break;
        else if (isdigit((unsigned char)*p)) while (word_byte(*p, false)) p++;
        else p++;
    }
    if (!*p) return false;
    l->word = *p == '"' ? p + 1 : p;
    if (*p == '"') {
        p = skip_quoted(p, '"');
        l->n = (size_t)(p - l->word) - (p[-1] == '"' && p - l->word > 0);
    } else {
        while (word_byte(*p, false)) p++;
        l->n = (size_t)(p - l->word);
    }
    l->at = p;
    while (isspace((unsigned char)*p) || (p[0] == '-' && p[1] == '-') || (p[0] == '/' && p[1] == '*'))
        p = isspace((unsigned char)*p) ? p + 1 : skip_comment(p);
    l->call = *p == '(';
    return true;
}

static bool same_word(const Lexer *l, const char *word)
{
    return l->n == strlen(word) && !strncasecmp(l->word, word, l->n);
}

/* Words that need no brackets to be a call. */
static bool bare_clock(const Lexer *l)
{
    static const char *const words[] = { "current_date", "current_time", "current_timestamp", "localtime", "localtimestamp" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (same_word(l, words[i])) return true;
    return false;
}

static bool listed(const Lexer *l, char *const *name, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (same_word(l, name[i])) return true;
    return false;
}

/* The functions that DuckDB itself calls changeable. */
static Err changeable(Ctx *cx, QuerySql *s, Names *names)
{
    static const char sql[] = "SELECT DISTINCT function_name FROM duckdb_functions() WHERE stability <> 'CONSISTENT' AND function_name "
                              "NOT IN ('error', 'stats', 'current_schema', 'current_schemas', 'current_database', 'in_search_path') ORDER BY 1";
    Err err = OK;
    DuckRows *r = NULL;
    size_t rows = 1;
    TRY_DONE(cx, query_sql_begin(cx, s, sql, &r));
    while (rows) {
        TRY_DONE(cx, duck_next(cx, r, &rows));
        if (!rows) break;
        DuckVector v = duck_vector(r, 0);
        for (size_t i = 0; i < rows; i++) {
            size_t n;
            const char *name = duck_string(&v, i, &n);
            TRY_DONE(cx, names_add(cx, names, name, n));
        }
    }
done:
    duck_end(cx, r);
    return err;
}

Err query_sql_steady(Ctx *cx, QuerySql *s, const char *sql, const char **word)
{
    Err err = OK;
    Names names = { 0 };
    Lexer l = { .at = sql }, found = { 0 }, sample = { 0 };
    bool seeded = false;
    *word = NULL;
    TRY_DONE(cx, changeable(cx, s, &names));
    while (!found.word && next_word(&l)) {
        if (bare_clock(&l) || (l.call && listed(&l, names.at, names.n))) found = l;
        if (same_word(&l, "sample") || same_word(&l, "tablesample")) sample = l;
        if (same_word(&l, "repeatable")) seeded = true;
    }
    if (!found.word && sample.word && !seeded) found = sample;
    if (found.word) {
        *word = ctx_scratch_fmt(cx, "%.*s", (int)found.n, found.word);
        if (!*word) err = FAIL(cx, ERR_NOMEM, "looking at a statement");
    }
done:
    names_free(cx, &names);
    return err;
}

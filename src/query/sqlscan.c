/* query/sqlscan.c -- files of a named table as rows for DuckDB.
**
** DuckDB's binder asks for each name that it does not know itself (a replacement scan).  Parquet is then read by DuckDB; all else
** comes through our own readers, as a table function: small files as one table in memory, a large CSV of a known schema piece by
** piece, only the columns that the statement looks at.  Callbacks may run on DuckDB's threads: each pass has a context of its own.
*/
#include "query/files.h"
#include "query/sqlin.h"

#include <assert.h>
#include <math.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define FUNCTION    "leat_rows"
#define PIECE_ROWS  20480u     /* rows read ahead of a streamed file */
#define INFER_ROWS  100000u    /* rows of a piece whose types are looked at */
#define BOOL_LOOK   8          /* pieces looked at for a boolean column's first word */

struct Scan {
    QuerySql *sql;
    char *name;
    QueryTable t;
    QueryFormat format;
    Table *table;              /* loaded; NULL: streamed by t.schema, or Parquet */
    Schema *own;               /* found by a reading in pieces; NULL: the caller's, or none is needed */
    size_t cols;
    duckdb_type *type;
};

/* One reading of a scan. */
typedef struct Pass {
    Ctx cx;
    Scan *scan;
    size_t cols;
    uint32_t *col;             /* of the scan, for each column wanted; NO_COLUMN: only rows are counted */
    size_t at;                 /* row of `table` */
    const Table *table;        /* the scan's, or the present piece */
    /* streamed: */
    Table *piece;
    QueryIn ask;
    Job job;
    Source *source;
    size_t file;
    Schema part;               /* the wanted columns (names borrowed) */
    uint32_t *to;
} Pass;

/* A library's function address, the same fact for every thread: how a callback finds its handle. */
static _Atomic(__typeof__(&duckdb_bind_get_extra_info)) bind_extra;
static _Atomic(__typeof__(&duckdb_init_get_extra_info)) init_extra;
static _Atomic(__typeof__(&duckdb_function_get_extra_info)) rows_extra;

const char *scan_name(const Scan *scan)
{
    return scan->name;
}

void scan_free(Ctx *cx, Scan *scan)
{
    if (!scan) return;
    table_free(cx, scan->table);
    schema_free(cx, scan->own);
    ctx_put(cx, scan->name);
    ctx_put(cx, scan->type);
    ctx_put(cx, scan);
}

void scan_failed(QuerySql *s, Err err, const char *text)
{
    Err none = OK;
    if (__atomic_compare_exchange_n(&s->err, &none, err, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        snprintf(s->text, sizeof s->text, "%s", text);
}

/* ------------------------------------------------------------------- types */

static bool true_false(const Dict *d)
{
    for (uint32_t i = 0; i < d->n; i++) {
        size_t n;
        const char *s = dict_at(d, i, &n);
        if (!(n == 4 && !strncasecmp(s, "true", 4)) && !(n == 5 && !strncasecmp(s, "false", 5))) return false;
    }
    return d->n > 0;
}

static bool all_whole(const Column *c, size_t rows)
{
    for (size_t i = 0; i < rows; i++)
        if (column_has(c, i) && (c->num[i] != floor(c->num[i]) || fabs(c->num[i]) >= 9007199254740992.0)) return false;
    return true;
}

static duckdb_type type_of(ColumnType type, bool numeric)
{
    if (!numeric) return DUCKDB_TYPE_VARCHAR;
    if (type == COLUMN_DATETIME) return DUCKDB_TYPE_TIMESTAMP;
    return type == COLUMN_INTEGER ? DUCKDB_TYPE_BIGINT : DUCKDB_TYPE_DOUBLE;
}

static void types_of_table(Scan *s)
{
    for (size_t i = 0; i < s->cols; i++) {
        const Column *c = &s->table->col[i];
        s->type[i] = type_of(c->type, c->num != NULL);
        if (c->type == COLUMN_ID && c->num && all_whole(c, s->table->rows)) s->type[i] = DUCKDB_TYPE_BIGINT;
        if (c->type == COLUMN_BOOLEAN && c->code && true_false(&c->dict)) s->type[i] = DUCKDB_TYPE_BOOLEAN;
    }
}

/* ----------------------------------------------------------------- one pass */

static void pass_free(void *at)
{
    Pass *p = at;
    if (!p) return;
    Ctx own = p->cx, *cx = &own;
    if (p->source) p->source->kind->close(cx, p->source);
    table_free(cx, p->piece);
    duck_close(cx, p->job.duck);
    ctx_put(cx, p->part.col);
    ctx_put(cx, p->to);
    ctx_put(cx, p->col);
    ctx_put(cx, p);
    ctx_clear(cx);
}

/* The schema of the wanted columns alone; one column at least, so that rows can be counted. */
static Err pass_part(Ctx *cx, Pass *p)
{
    const Schema *s = p->scan->t.schema;
    p->part = (Schema){ .na = s->na, .na_n = s->na_n };
    p->part.col = ctx_get_n(cx, p->cols + 1, sizeof *p->part.col);
    if (!p->part.col) return FAIL(cx, ERR_NOMEM, "reading '%s'", p->scan->name);
    for (size_t i = 0; i < p->cols; i++)
        if (p->col[i] != NO_COLUMN) p->part.col[p->part.n++] = s->col[p->col[i]];
    if (!p->part.n && s->n) p->part.col[p->part.n++] = s->col[0];
    return OK;
}

/* cols: which; NULL: the scan's all */
static Err pass_new(const Ctx *from, Scan *scan, size_t cols, Pass **out)
{
    Ctx own, *cx = &own;
    ctx_child(from, cx);
    cx->progress = (Progress){ 0 };
    Pass *p = ctx_get(cx, sizeof *p);
    *out = p;
    if (!p) return ERR_NOMEM;
    p->cx = own;
    p->scan = scan;
    p->cols = cols;
    p->table = scan->table;
    p->ask = (QueryIn){ .path = scan->name };
    p->job = (Job){ .in = &p->ask };
    p->col = ctx_get_n(cx, cols + 1, sizeof *p->col);
    return p->col ? OK : ERR_NOMEM;
}

static Err open_next(Ctx *cx, Pass *p)
{
    const QueryTable *t = &p->scan->t;
    TRY(cx, source_csv.open(cx, &p->job, t->path[p->file], p->scan->format, &p->source));
    const Names *names = &p->source->names;
    ctx_put(cx, p->to);
    p->to = ctx_get_n(cx, names->n + 1, sizeof *p->to);
    if (!p->to) return FAIL(cx, ERR_NOMEM, "reading '%s'", p->scan->name);
    for (size_t i = 0; i < names->n; i++) p->to[i] = NO_COLUMN;
    for (size_t i = 0; i < p->part.n; i++) {
        size_t at = names_find(names, p->part.col[i].name);
        if (at == SIZE_MAX)
            return FAIL(cx, ERR_BAD_INPUT, "a file of '%s' has no column '%s'", p->scan->name, p->part.col[i].name);
        p->to[at] = (uint32_t)i;
    }
    return OK;
}

/* The next piece of a streamed table; none left: p->table is NULL. */
static Err next_piece(Ctx *cx, Pass *p)
{
    Err err = OK;
    Builder *b = NULL;
    size_t rows = 0;
    table_free(cx, p->piece);
    p->piece = NULL;
    p->table = NULL;
    p->at = 0;
    while (p->file < p->scan->t.files) {
        TRY(cx, ctx_check(cx));
        if (!p->source) TRY(cx, open_next(cx, p));
        TRY(cx, builder_for(cx, &p->part, true, p->scan->name, &b));
        TRY_DONE(cx, p->source->kind->rows(cx, &p->job, p->source, p->to, b, PIECE_ROWS, &rows));
        if (rows) {
            err = builder_end(cx, b, &p->piece);
            p->table = err ? NULL : p->piece;
            return err ? ctx_hop(cx, err, __FILE__, __LINE__) : OK;
        }
        builder_free(cx, b);
        b = NULL;
        p->source->kind->close(cx, p->source);
        p->source = NULL;
        p->file++;
    }
done:
    builder_free(cx, b);
    return err;
}

/* Streamed booleans: BOOLEAN when their first word is true or false. */
static Err look_booleans(Ctx *cx, Scan *scan)
{
    Err err = OK;
    Pass *p = NULL;
    size_t left = 0;
    err = pass_new(cx, scan, scan->cols, &p);
    if (err) { err = FAIL(cx, err, "reading '%s'", scan->name); goto done; }
    for (size_t i = 0; i < scan->cols; i++) {
        bool look = scan->t.schema->col[i].type == COLUMN_BOOLEAN && !scan->t.schema->col[i].numeric;
        p->col[i] = look ? (uint32_t)i : NO_COLUMN;
        left += look;
    }
    if (!left) goto done;
    TRY_DONE(cx, pass_part(cx, p));
    for (int piece = 0; left && piece < BOOL_LOOK; piece++) {
        TRY_DONE(cx, next_piece(cx, p));
        if (!p->table) break;
        for (size_t i = 0, k = 0; i < scan->cols; i++) {
            if (p->col[i] == NO_COLUMN) continue;
            const Column *c = &p->table->col[k++];
            if (!c->dict.n || scan->type[i] != DUCKDB_TYPE_INVALID) continue;
            scan->type[i] = true_false(&c->dict) ? DUCKDB_TYPE_BOOLEAN : DUCKDB_TYPE_VARCHAR;
            left--;
        }
    }
done:
    pass_free(p);
    return err;
}

static Err types_of_schema(Ctx *cx, Scan *scan)
{
    const Schema *s = scan->t.schema;
    for (size_t i = 0; i < s->n; i++) {
        bool words = s->col[i].type == COLUMN_BOOLEAN && !s->col[i].numeric;
        scan->type[i] = words ? DUCKDB_TYPE_INVALID : type_of(s->col[i].type, s->col[i].numeric);
        /* Inference calls numbers an id only when they are whole. */
        if (s->col[i].type == COLUMN_ID && s->col[i].numeric) scan->type[i] = DUCKDB_TYPE_BIGINT;
    }
    TRY(cx, look_booleans(cx, scan));
    for (size_t i = 0; i < s->n; i++)
        if (scan->type[i] == DUCKDB_TYPE_INVALID) scan->type[i] = DUCKDB_TYPE_VARCHAR;
    return OK;
}

/* ------------------------------------------------------------------ cells */

static void fill_cell(const DuckCalls *call, duckdb_vector v, void *data, size_t to, const Column *c, size_t row,
                      duckdb_type type)
{
    size_t n;
    switch (type) {
    case DUCKDB_TYPE_DOUBLE: ((double *)data)[to] = c->num[row]; return;
    case DUCKDB_TYPE_BIGINT: ((int64_t *)data)[to] = (int64_t)c->num[row]; return;
    case DUCKDB_TYPE_TIMESTAMP: ((int64_t *)data)[to] = llround(c->num[row] * 1e6); return;
    case DUCKDB_TYPE_BOOLEAN: ((bool *)data)[to] = dict_at(&c->dict, (uint32_t)c->code[row], &n)[0] == 't' ||
                                                   dict_at(&c->dict, (uint32_t)c->code[row], &n)[0] == 'T'; return;
    default: {
        const char *s = dict_at(&c->dict, (uint32_t)c->code[row], &n);
        call->vector_assign_string_element_len(v, to, s, n);
    }
    }
}

static void fill_column(const DuckCalls *call, duckdb_vector v, const Column *c, size_t from, size_t n, duckdb_type type)
{
    call->vector_ensure_validity_writable(v);
    uint64_t *valid = call->vector_get_validity(v);
    void *data = call->vector_get_data(v);
    for (size_t i = 0; i < n; i++) {
        uint64_t bit = (uint64_t)1 << (i & 63);
        if (!column_has(c, from + i)) { valid[i >> 6] &= ~bit; continue; }
        valid[i >> 6] |= bit;
        fill_cell(call, v, data, i, c, from + i, type);
    }
}

/* -------------------------------------------------------------- callbacks */

static void nothing(void *at)
{
    (void)at;
}

static void on_bind(duckdb_bind_info info)
{
    QuerySql *s = bind_extra(info);
    const DuckCalls *call = &s->duck->call;
    duckdb_value v = call->bind_get_parameter(info, 0);
    int64_t at = call->get_int64(v);
    call->destroy_value(&v);
    if (at < 0 || (size_t)at >= s->scans_n || !s->scan[at]->type) {
        call->bind_set_error(info, "no such table");
        return;
    }
    Scan *scan = s->scan[at];
    for (size_t i = 0; i < scan->cols; i++) {
        duckdb_logical_type type = call->create_logical_type(scan->type[i]);
        call->bind_add_result_column(info, scan->table ? scan->table->col[i].name : scan->t.schema->col[i].name, type);
        call->destroy_logical_type(&type);
    }
    if (scan->table) call->bind_set_cardinality(info, scan->table->rows, true);
    call->bind_set_bind_data(info, scan, nothing);
}

static void on_init(duckdb_init_info info)
{
    QuerySql *s = init_extra(info);
    const DuckCalls *call = &s->duck->call;
    Scan *scan = call->init_get_bind_data(info);
    size_t cols = (size_t)call->init_get_column_count(info);
    Pass *p;
    Err err = pass_new(s->cx, scan, cols, &p);
    for (size_t i = 0; i < cols && !err; i++) {
        size_t col = (size_t)call->init_get_column_index(info, i);
        p->col[i] = col < scan->cols ? (uint32_t)col : NO_COLUMN;
    }
    if (!err && !scan->table) err = pass_part(&p->cx, p);
    if (err) {
        scan_failed(s, err, "no memory for the rows of a table");
        call->init_set_error(info, "no memory for the rows of a table");
        pass_free(p);
        return;
    }
    call->init_set_max_threads(info, 1);
    call->init_set_init_data(info, p, pass_free);
}

static void on_rows(duckdb_function_info info, duckdb_data_chunk chunk)
{
    QuerySql *s = rows_extra(info);
    const DuckCalls *call = &s->duck->call;
    Pass *p = call->function_get_init_data(info);
    size_t step = (size_t)call->vector_size(), part = 0;
    Err err = OK;
    call->data_chunk_set_size(chunk, 0);
    if (!p->scan->table && (!p->table || p->at == p->table->rows)) err = next_piece(&p->cx, p);
    if (!err) err = ctx_check(&p->cx);
    if (err) {
        scan_failed(s, err, p->cx.text);
        call->function_set_error(info, p->cx.text);
        return;
    }
    if (!p->table) return;
    size_t n = p->table->rows - p->at < step ? p->table->rows - p->at : step;
    for (size_t i = 0; i < p->cols; i++) {
        if (p->col[i] == NO_COLUMN) continue;
        const Column *c = &p->table->col[p->scan->table ? p->col[i] : part++];
        fill_column(call, call->data_chunk_get_vector(chunk, i), c, p->at, n, p->scan->type[p->col[i]]);
    }
    p->at += n;
    call->data_chunk_set_size(chunk, n);
}

/* --------------------------------------------------------------- inferring */

/* One type for two pieces of a column: what both can be read as. */
static void widen(SchemaColumn *a, const Column *b, bool first)
{
    bool numeric = b->num != NULL;
    ColumnType type = b->type;
    if (first) {
        *a = (SchemaColumn){ .name = a->name, .type = type, .numeric = numeric, .order = b->order };
        return;
    }
    bool a_number = a->numeric && a->type != COLUMN_DATETIME, b_number = numeric && type != COLUMN_DATETIME;
    bool orders = a->order == b->order || a->order == TIME_ISO || b->order == TIME_ISO;
    if (a_number && b_number) {
        if (a->type != type) a->type = a->type == COLUMN_NUMBER || type == COLUMN_NUMBER ? COLUMN_NUMBER : COLUMN_INTEGER;
    } else if (a->type == COLUMN_DATETIME && type == COLUMN_DATETIME && a->numeric && numeric && orders) {
        if (a->order == TIME_ISO) a->order = b->order;
    } else if (a->numeric || numeric || a->type != type) {
        a->type = a->type == COLUMN_TEXT || type == COLUMN_TEXT ? COLUMN_TEXT : COLUMN_CATEGORY;
        a->numeric = false;
    }
}

/* A piece of a file read by the rules of table.h; types of columns that hold a value are taken over. */
static Err infer_piece(Ctx *cx, Scan *scan, Job *job, Source *s, const uint32_t *to, bool *known, size_t *rows)
{
    Builder *b;
    Table *t = NULL;
    size_t n = scan->own->n;
    const char **name = ctx_get_n(cx, n + 1, sizeof *name);
    if (!name) return FAIL(cx, ERR_NOMEM, "reading '%s'", scan->name);
    for (size_t i = 0; i < n; i++) name[i] = scan->own->col[i].name;
    BuilderIn in = { .cols = n, .name = name, .na = table_na_default, .na_n = table_na_default_n, .source = scan->name };
    Err err = builder_new(cx, &in, &b);
    ctx_put(cx, name);
    if (err) return err;
    err = s->kind->rows(cx, job, s, to, b, INFER_ROWS, rows);
    if (err || !*rows) {
        builder_free(cx, b);
        return err;
    }
    TRY(cx, builder_end(cx, b, &t));
    for (size_t i = 0; i < n; i++) {
        if (t->col[i].nulls == t->rows) continue;
        widen(&scan->own->col[i], &t->col[i], !known[i]);
        known[i] = true;
    }
    table_free(cx, t);
    return OK;
}

static Err infer_file(Ctx *cx, Scan *scan, const char *path, bool **known)
{
    Err err = OK;
    Source *s = NULL;
    uint32_t *to = NULL;
    QueryIn ask = { .path = scan->name };
    Job job = { .in = &ask, .strict = true };
    size_t rows = 1;
    TRY(cx, source_csv.open(cx, &job, path, scan->format, &s));
    size_t n = s->names.n;
    GET_DONE(cx, to, n + 1, "reading '%s'", scan->name);
    if (!scan->own) {
        scan->own = ctx_get(cx, sizeof *scan->own);
        if (!scan->own) { err = FAIL(cx, ERR_NOMEM, "reading '%s'", scan->name); goto done; }
        GET_DONE(cx, scan->own->col, n + 1, "reading '%s'", scan->name);
        GET_DONE(cx, *known, n + 1, "reading '%s'", scan->name);
        for (; scan->own->n < n; scan->own->n++) {
            char *name = query_copy(cx, s->names.at[scan->own->n], strlen(s->names.at[scan->own->n]));
            if (!name) { err = FAIL(cx, ERR_NOMEM, "reading '%s'", scan->name); goto done; }
            scan->own->col[scan->own->n] = (SchemaColumn){ .name = name, .type = COLUMN_CATEGORY };
        }
    }
    for (size_t i = 0; i < n; i++) {
        size_t at = schema_find(scan->own, s->names.at[i]);
        if (at == SIZE_MAX || n != scan->own->n) {
            err = FAIL(cx, ERR_BAD_INPUT, "the files of '%s' do not have the same columns: '%s' has %zu, among them '%s'", scan->name, path, n,
                       s->names.at[i]);
            goto done;
        }
        to[i] = (uint32_t)at;
    }
    while (rows) {
        TRY_DONE(cx, ctx_check(cx));
        TRY_DONE(cx, infer_piece(cx, scan, &job, s, to, *known, &rows));
        job.rows_done += rows;
        ctx_step(cx, "reading rows", (double)job.rows_done, 0);
    }
done:
    s->kind->close(cx, s);
    ctx_put(cx, to);
    return err;
}

/* Types of a file too large to be held: found in pieces, so in constant memory.  Costs one more reading. */
static Err infer(Ctx *cx, Scan *scan)
{
    Err err = OK;
    bool *known = NULL;
    for (size_t i = 0; i < scan->t.files && !err; i++) err = infer_file(cx, scan, scan->t.path[i], &known);
    ctx_put(cx, known);
    if (err) return err;
    scan->own->na = ctx_get_n(cx, table_na_default_n + 1, sizeof *scan->own->na);
    for (; scan->own->na && scan->own->na_n < table_na_default_n; scan->own->na_n++) {
        const char *mark = table_na_default[scan->own->na_n];
        scan->own->na[scan->own->na_n] = query_copy(cx, mark, strlen(mark));
        if (!scan->own->na[scan->own->na_n]) return FAIL(cx, ERR_NOMEM, "reading '%s'", scan->name);
    }
    if (!scan->own->na) return FAIL(cx, ERR_NOMEM, "reading '%s'", scan->name);
    scan->t.schema = scan->own;
    return OK;
}

/* ----------------------------------------------------------------- finding */

static Err scan_load(Ctx *cx, Scan *scan)
{
    FileList files;
    uint64_t bytes;
    QueryTable *t = &scan->t;
    if (!t->files) return FAIL(cx, ERR_BAD_INPUT, "'%s' holds no files", scan->name);
    TRY(cx, files_format(cx, t->path[0], t->format, &scan->format));
    if (scan->format == QUERY_PARQUET) return OK;
    TRY(cx, files_these(cx, t->path, t->files, &files));
    bytes = files.bytes;
    files_free(cx, &files);
    uint64_t least = scan->sql->in.stream_bytes ? scan->sql->in.stream_bytes : QUERY_SQL_STREAM_BYTES;
    bool csv = scan->format == QUERY_CSV || scan->format == QUERY_TSV;
    bool stream = csv && bytes >= least;
    if (stream && !t->schema) TRY(cx, infer(cx, scan));
    if (!stream) {
        QueryIn ask = { .path = scan->name, .paths = t->path, .paths_n = t->files, .format = scan->format, .rows_may_lack = true,
                        .threads = scan->sql->in.threads, .memory_mib = scan->sql->in.memory_mib };
        TRY(cx, query_read(cx, &ask, &scan->table, NULL));
    }
    scan->cols = stream ? t->schema->n : scan->table->cols;
    scan->type = ctx_get_n(cx, scan->cols + 1, sizeof *scan->type);
    if (!scan->type) return FAIL(cx, ERR_NOMEM, "the %zu columns of '%s'", scan->cols, scan->name);
    if (stream) TRY(cx, types_of_schema(cx, scan));
    else types_of_table(scan);
    return OK;
}

static Err scan_new(Ctx *cx, QuerySql *s, const char *name, Scan **out)
{
    if (s->scans_n == QUERY_SQL_TABLES_MAX)
        return FAIL(cx, ERR_LIMIT, "more than %d tables in one query", QUERY_SQL_TABLES_MAX);
    Scan **more = ctx_grow(cx, s->scan, s->scans_n + 1, sizeof(Scan *));
    if (more) s->scan = more;
    Scan *scan = more ? ctx_get(cx, sizeof *scan) : NULL;
    if (!scan) return FAIL(cx, ERR_NOMEM, "the table '%s'", name);
    *scan = (Scan){ .sql = s, .name = query_copy(cx, name, strlen(name)) };
    Err err = scan->name ? s->in.find(cx, s->in.self, name, &scan->t) : FAIL(cx, ERR_NOMEM, "the table '%s'", name);
    if (!err) err = scan_load(cx, scan);
    if (err) {
        scan_free(cx, scan);
        return ctx_hop(cx, err, __FILE__, __LINE__);
    }
    s->scan[s->scans_n++] = *out = scan;
    return OK;
}

/* read_parquet(['…', '…']): glob signs in a path are meant literally. */
static Err parquet_values(Ctx *cx, const DuckCalls *call, const Scan *scan, duckdb_value *list)
{
    Err err = OK;
    Text t;
    duckdb_value *value = NULL;
    size_t made = 0;
    text_init(&t, cx);
    GET_DONE(cx, value, scan->t.files, "the %zu files of '%s'", scan->t.files, scan->name);
    for (; made < scan->t.files; made++) {
        if (t.at) t.n = 0, t.at[0] = 0;
        for (const char *c = scan->t.path[made]; *c; c++)
            if (strchr("*?[", *c)) text_fmt(&t, "[%c]", *c);
            else text_char(&t, *c);
        TRY_DONE(cx, text_err(&t));
        value[made] = call->create_varchar(t.at);
    }
    duckdb_logical_type text = call->create_logical_type(DUCKDB_TYPE_VARCHAR);
    *list = call->create_list_value(text, value, made);
    call->destroy_logical_type(&text);
done:
    for (size_t i = 0; i < made; i++) call->destroy_value(&value[i]);
    ctx_put(cx, value);
    text_clear(&t);
    return err;
}

static void on_name(duckdb_replacement_scan_info info, const char *name, void *data)
{
    QuerySql *s = data;
    const DuckCalls *call = &s->duck->call;
    Ctx *cx = s->cx;
    Scan *scan = NULL;
    duckdb_value value = NULL;
    Err err = OK;
    size_t at = 0;
    while (at < s->scans_n && strcmp(s->scan[at]->name, name)) at++;
    if (at < s->scans_n) scan = s->scan[at];
    else err = scan_new(cx, s, name, &scan);
    bool parquet = !err && scan->format == QUERY_PARQUET;
    if (parquet) err = parquet_values(cx, call, scan, &value);
    if (err) {
        scan_failed(s, err, cx->text);
        call->replacement_scan_set_error(info, cx->text);
        return;
    }
    if (!parquet) value = call->create_int64((int64_t)at);
    call->replacement_scan_set_function_name(info, parquet ? "read_parquet" : FUNCTION);
    call->replacement_scan_add_parameter(info, value);
    call->destroy_value(&value);
}

Err scan_view(Ctx *cx, QuerySql *s, const char *name)
{
    Scan *scan;
    Text t;
    for (size_t i = 0; i < s->scans_n; i++)
        if (!strcmp(s->scan[i]->name, name)) return FAIL(cx, ERR_REFUSED, "'%s' is a table already", name);
    TRY(cx, scan_new(cx, s, name, &scan));
    text_init(&t, cx);
    text_put(&t, "CREATE VIEW ");
    duck_name(&t, name);
    if (scan->format == QUERY_PARQUET) {
        text_put(&t, " AS FROM read_parquet([");
        for (size_t i = 0; i < scan->t.files; i++) {
            if (i) text_put(&t, ", ");
            duck_quote(&t, scan->t.path[i], true);
        }
        text_put(&t, "])");
    } else text_fmt(&t, " AS FROM " FUNCTION "(%zu)", s->scans_n - 1);
    Err err = text_err(&t);
    if (!err) err = duck_run(cx, s->duck, t.at, name);
    text_clear(&t);
    return err;
}

Err scan_teach(Ctx *cx, QuerySql *s)
{
    const DuckCalls *call = &s->duck->call;
    atomic_store_explicit(&bind_extra, call->bind_get_extra_info, memory_order_relaxed);
    atomic_store_explicit(&init_extra, call->init_get_extra_info, memory_order_relaxed);
    atomic_store_explicit(&rows_extra, call->function_get_extra_info, memory_order_relaxed);
    duckdb_table_function f = call->create_table_function();
    if (!f) return FAIL(cx, ERR_NOMEM, "opening DuckDB");
    duckdb_logical_type whole = call->create_logical_type(DUCKDB_TYPE_BIGINT);
    call->table_function_set_name(f, FUNCTION);
    call->table_function_add_parameter(f, whole);
    call->table_function_set_extra_info(f, s, nothing);
    call->table_function_set_bind(f, on_bind);
    call->table_function_set_init(f, on_init);
    call->table_function_set_function(f, on_rows);
    call->table_function_supports_projection_pushdown(f, true);
    duckdb_state done = call->register_table_function(s->duck->connection, f);
    call->destroy_logical_type(&whole);
    call->destroy_table_function(&f);
    if (done != DuckDBSuccess) return FAIL(cx, ERR_BUG, "DuckDB refuses our table function");
    call->add_replacement_scan(s->duck->db, on_name, s, nothing);
    return OK;
}

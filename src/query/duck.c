/* query/duck.c -- DuckDB behind one file: opened on first use, in memory, offline.
**
** No network, no autoloading of extensions, no files of its own unless a spill folder is given.  Results are streamed, in the
** order of the file.  Cancel and deadline are looked at between DuckDB's tasks and between chunks.
*/
#include "query/duckcalls.h"

#include "os/os.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DUCK_LIBRARY "libduckdb.so"
#define DUCK_MEMORY_MIB 1024u

struct DuckRows {
    Duck *duck;
    char *about;
    duckdb_prepared_statement statement;
    duckdb_pending_result pending;
    duckdb_result result;
    bool has_result;
    duckdb_data_chunk chunk;
};

/* ------------------------------------------------------------------ opening */

static Err load(Ctx *cx, DuckCalls *call)
{
    void *lib;
    TRY(cx, os_dlopen(cx, DUCK_LIBRARY, &lib));
#define X(name) TRY(cx, os_symbol(cx, lib, DUCK_LIBRARY, "duckdb_" #name, (void **)&call->name));
    DUCK_FUNCTIONS(X)
#undef X
    return OK;
}

static Err configure(Ctx *cx, const DuckCalls *call, const QueryIn *in, duckdb_config config)
{
    char threads[16], memory[24];
    snprintf(threads, sizeof threads, "%u", in->threads ? in->threads : 1);
    snprintf(memory, sizeof memory, "%uMiB", in->memory_mib ? in->memory_mib : DUCK_MEMORY_MIB);
    const char *const options[][2] = {
        { "autoinstall_known_extensions", "false" }, { "autoload_known_extensions", "false" },
        { "memory_limit", memory },                  { "preserve_insertion_order", "true" },
        { "temp_directory", in->spill ? in->spill : "" }, { "threads", threads },
    };
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if (call->set_config(config, options[i][0], options[i][1]) != DuckDBSuccess)
            return FAIL(cx, ERR_BUG, "DuckDB refuses its option %s='%s'", options[i][0], options[i][1]);
    return OK;
}

Err duck_open(Ctx *cx, const QueryIn *in, Duck **out)
{
    Err err = OK;
    char *why = NULL;
    duckdb_config config = NULL;
    *out = NULL;
    Duck *d = ctx_get(cx, sizeof *d);
    if (!d) return FAIL(cx, ERR_NOMEM, "opening DuckDB");
    TRY_DONE(cx, load(cx, &d->call));
    if (d->call.create_config(&config) != DuckDBSuccess) { err = FAIL(cx, ERR_NOMEM, "opening DuckDB"); goto done; }
    TRY_DONE(cx, configure(cx, &d->call, in, config));
    if (d->call.open_ext(NULL, &d->db, config, &why) != DuckDBSuccess) {
        err = FAIL(cx, ERR_IO, "opening DuckDB: %s", why ? why : "no reason given");
        goto done;
    }
    if (d->call.connect(d->db, &d->connection) != DuckDBSuccess) {
        err = FAIL(cx, ERR_NOMEM, "opening DuckDB");
        goto done;
    }
    *out = d;
    d = NULL;
done:
    if (why) (*out ? *out : d)->call.free(why);
    if (config) (*out ? *out : d)->call.destroy_config(&config);
    duck_close(cx, d);
    return err;
}

void duck_close(Ctx *cx, Duck *d)
{
    if (!d) return;
    if (d->connection) d->call.disconnect(&d->connection);
    if (d->db) d->call.close(&d->db);
    ctx_put(cx, d);
}

const char *duck_version(const Duck *d)
{
    return d->call.library_version();
}

/* ---------------------------------------------------------------- failures */

static Err code_of(duckdb_error_type type, const char *what)
{
    if (strstr(what, "Permission denied")) return ERR_DENIED;
    if (strstr(what, "No space left")) return ERR_IO;
    switch (type) {
    case DUCKDB_ERROR_OUT_OF_MEMORY: return ERR_NOMEM;
    case DUCKDB_ERROR_PERMISSION: return ERR_DENIED;
    case DUCKDB_ERROR_INTERRUPT: return ERR_INTERRUPTED;
    case DUCKDB_ERROR_INTERNAL: case DUCKDB_ERROR_FATAL: return ERR_BUG;
    default: return strncmp(what, "Out of Memory", 13) ? ERR_BAD_INPUT : ERR_NOMEM;
    }
}

/* Where JSON breaks off.  DuckDB 1.5 counts lines and records one too far: test_bad_input.py would notice a change. */
static bool json_failed(Ctx *cx, const char *about, const char *what)
{
    unsigned long long byte, place;
    char unit[16], why[80];
    const char *at = strstr(what, "Malformed JSON"), *from = at ? strstr(at, "\", at byte ") : NULL;
    if (!from || sscanf(from, "\", at byte %llu in %15[a-z/] %llu: %79[^.\n]", &byte, unit, &place, why) != 4)
        return false;
    (void)FAIL(cx, ERR_BAD_INPUT, "'%s' is not JSON in %s %llu, byte %llu: %s", about,
               strcmp(unit, "line") ? "record" : "line", place - 1, byte, why);
    return true;
}

/* DuckDB's first sentence, without its kind in front and the stop behind. */
Err duck_failed(Ctx *cx, const char *about, int type, const char *what)
{
    if (!what || !*what) what = "no reason given";
    Err code = code_of((duckdb_error_type)type, what);
    const char *colon = strstr(what, "Error: ");
    if (colon && colon - what < 40) what = colon + 7;
    if (json_failed(cx, about, what)) return ERR_BAD_INPUT;
    int n = (int)strcspn(what, "\n");
    while (n && (what[n - 1] == ' ' || what[n - 1] == '.')) n--;
    const char *near = strstr(what, "Candidate bindings: ");
    if (code != ERR_NOMEM && near) {
        near += strlen("Candidate bindings: ");
        return FAIL(cx, code, "'%s': %.*s; there are %.*s", about, n, what, (int)strcspn(near, "\n"), near);
    }
    if (code == ERR_NOMEM)
        return FAIL(cx, code, "'%s': DuckDB's memory limit was reached; allow more with --memory (%.*s)", about, n,
                    what);
    return FAIL(cx, code, "'%s': %.*s", about, n, what);
}

/* -------------------------------------------------------------- statements */

/* Run tasks until the first rows are there. */
static Err work(Ctx *cx, DuckRows *r)
{
    const DuckCalls *call = &r->duck->call;
    for (;;) {
        duckdb_pending_state state = call->pending_execute_task(r->pending);
        if (state == DUCKDB_PENDING_RESULT_READY) return OK;
        if (state == DUCKDB_PENDING_ERROR)
            return duck_failed(cx, r->about, DUCKDB_ERROR_INVALID, call->pending_error(r->pending));
        Err err = ctx_check(cx);
        if (err) {
            call->interrupt(r->duck->connection);
            return err;
        }
        if (r->duck->tells) {
            double share = call->query_progress(r->duck->connection).percentage / 100;
            if (share >= 0) ctx_step(cx, "querying", share, 1);
        }
        if (state == DUCKDB_PENDING_NO_TASKS_AVAILABLE) nanosleep(&(struct timespec){ .tv_nsec = 200000 }, NULL);
    }
}

Err duck_start(Ctx *cx, Duck *d, const char *sql, const char *about, DuckRows **out)
{
    Err err = OK;
    *out = NULL;
    DuckRows *r = ctx_get(cx, sizeof *r);
    if (!r) return FAIL(cx, ERR_NOMEM, "reading '%s'", about);
    r->duck = d;
    r->about = query_copy(cx, about, strlen(about));
    if (!r->about) { err = FAIL(cx, ERR_NOMEM, "reading '%s'", about); goto done; }
    if (d->call.prepare(d->connection, sql, &r->statement) != DuckDBSuccess) {
        err = duck_failed(cx, about, DUCKDB_ERROR_INVALID, d->call.prepare_error(r->statement));
        goto done;
    }
    if (d->call.pending_prepared_streaming(r->statement, &r->pending) != DuckDBSuccess) {
        err = duck_failed(cx, about, DUCKDB_ERROR_INVALID, d->call.pending_error(r->pending));
        goto done;
    }
    TRY_DONE(cx, work(cx, r));
    r->has_result = true;
    if (d->call.execute_pending(r->pending, &r->result) != DuckDBSuccess) {
        err = duck_failed(cx, about, d->call.result_error_type(&r->result), d->call.result_error(&r->result));
        goto done;
    }
    *out = r;
    r = NULL;
done:
    duck_end(cx, r);
    return err;
}

Err duck_next(Ctx *cx, DuckRows *r, size_t *rows)
{
    const DuckCalls *call = &r->duck->call;
    *rows = 0;
    TRY(cx, ctx_check(cx));
    if (r->chunk) call->destroy_data_chunk(&r->chunk);
    r->chunk = call->fetch_chunk(r->result);
    if (r->chunk) *rows = (size_t)call->data_chunk_get_size(r->chunk);
    if (*rows) return OK;
    const char *what = call->result_error(&r->result);
    return what && *what ? duck_failed(cx, r->about, call->result_error_type(&r->result), what) : OK;
}

size_t duck_cols(const DuckRows *r)
{
    duckdb_result result = r->result;
    return (size_t)r->duck->call.column_count(&result);
}

DuckKind duck_kind(const DuckRows *r, size_t col)
{
    duckdb_result result = r->result;
    switch (r->duck->call.column_type(&result, col)) {
    case DUCKDB_TYPE_VARCHAR: return DUCK_TEXT;
    case DUCKDB_TYPE_DOUBLE: return DUCK_NUM;
    case DUCKDB_TYPE_BIGINT: return DUCK_WHOLE;
    default: return DUCK_OTHER;
    }
}

DuckVector duck_vector(const DuckRows *r, size_t col)
{
    const DuckCalls *call = &r->duck->call;
    duckdb_vector v = call->data_chunk_get_vector(r->chunk, col);
    return (DuckVector){ call->vector_get_data(v), call->vector_get_validity(v) };
}

const char *duck_string(const DuckVector *v, size_t row, size_t *n)
{
    const duckdb_string_t *s = (const duckdb_string_t *)v->at + row;
    *n = s->value.inlined.length;
    return *n <= sizeof s->value.inlined.inlined ? s->value.inlined.inlined : s->value.pointer.ptr;
}

void duck_end(Ctx *cx, DuckRows *r)
{
    if (!r) return;
    const DuckCalls *call = &r->duck->call;
    if (r->chunk) call->destroy_data_chunk(&r->chunk);
    if (r->has_result) call->destroy_result(&r->result);
    if (r->pending) call->destroy_pending(&r->pending);
    if (r->statement) call->destroy_prepare(&r->statement);
    ctx_put(cx, r->about);
    ctx_put(cx, r);
}

Err duck_run(Ctx *cx, Duck *d, const char *sql, const char *about)
{
    DuckRows *r = NULL;
    size_t rows = 1;
    Err err = duck_start(cx, d, sql, about, &r);
    while (!err && rows) err = duck_next(cx, r, &rows);
    duck_end(cx, r);
    return err ? ctx_hop(cx, err, __FILE__, __LINE__) : OK;
}

void duck_quote(Text *t, const char *s, bool file)
{
    text_char(t, '\'');
    for (; *s; s++) {
        if (file && strchr("*?[", *s)) text_fmt(t, "[%c]", *s);
        else if (*s == '\'') text_put(t, "''");
        else text_char(t, *s);
    }
    text_char(t, '\'');
}

void duck_name(Text *t, const char *name)
{
    text_char(t, '"');
    for (; *name; name++) {
        if (*name == '"') text_char(t, '"');
        text_char(t, *name);
    }
    text_char(t, '"');
}

/* --------------------------------------------------------------- appending */

static bool is_number(const QueryColumn *c)
{
    return c->num || (c->column && c->column->num && c->column->type != COLUMN_DATETIME);
}

/* One cell into row `at` of a vector: false when it is missing. */
static bool put_cell(const DuckCalls *call, duckdb_vector v, size_t at, const QueryColumn *c, size_t row)
{
    char buf[COLUMN_TEXT_MAX];
    size_t n = 0;
    if (is_number(c)) {
        double x = c->num ? c->num[row] : c->column->num[row];
        ((double *)call->vector_get_data(v))[at] = x;
        return x == x;
    }
    const char *s = c->text ? c->text[row] : column_text(c->column, row, buf, &n);
    if (!s) return false;
    call->vector_assign_string_element_len(v, at, s, c->text ? strlen(s) : n);
    return true;
}

static Err append_chunk(Ctx *cx, Duck *d, duckdb_appender appender, duckdb_data_chunk chunk, const QueryOut *out,
                        size_t from, size_t n)
{
    const DuckCalls *call = &d->call;
    call->data_chunk_reset(chunk);
    for (size_t k = 0; k < out->columns; k++) {
        duckdb_vector v = call->data_chunk_get_vector(chunk, k);
        call->vector_ensure_validity_writable(v);
        uint64_t *valid = call->vector_get_validity(v);
        for (size_t i = 0; i < n; i++)
            if (!put_cell(call, v, i, &out->column[k], from + i)) valid[i >> 6] &= ~((uint64_t)1 << (i & 63));
    }
    call->data_chunk_set_size(chunk, n);
    if (call->append_data_chunk(appender, chunk) == DuckDBSuccess) return ctx_check(cx);
    return duck_failed(cx, out->path, DUCKDB_ERROR_INVALID, call->appender_error(appender));
}

Err duck_append(Ctx *cx, Duck *d, const char *table, const QueryOut *out)
{
    Err err = OK;
    const DuckCalls *call = &d->call;
    duckdb_logical_type *types = NULL;
    duckdb_data_chunk chunk = NULL;
    duckdb_appender appender = NULL;
    size_t step = (size_t)call->vector_size();
    GET_DONE(cx, types, out->columns, "writing '%s'", out->path);
    for (size_t k = 0; k < out->columns; k++)
        types[k] = call->create_logical_type(is_number(&out->column[k]) ? DUCKDB_TYPE_DOUBLE : DUCKDB_TYPE_VARCHAR);
    chunk = call->create_data_chunk(types, out->columns);
    if (call->appender_create(d->connection, NULL, table, &appender) != DuckDBSuccess || !chunk) {
        err = duck_failed(cx, out->path, DUCKDB_ERROR_INVALID, appender ? call->appender_error(appender) : NULL);
        goto done;
    }
    for (size_t i = 0; i < out->rows; i += step)
        TRY_DONE(cx, append_chunk(cx, d, appender, chunk, out, i, out->rows - i < step ? out->rows - i : step));
    if (call->appender_flush(appender) != DuckDBSuccess)
        err = duck_failed(cx, out->path, DUCKDB_ERROR_INVALID, call->appender_error(appender));
done:
    if (appender) call->appender_destroy(&appender);
    if (chunk) call->destroy_data_chunk(&chunk);
    for (size_t k = 0; types && k < out->columns; k++) call->destroy_logical_type(&types[k]);
    ctx_put(cx, types);
    return err;
}

/* lake/rowhash.c -- rows named by what they say, so that two versions can be asked for rows they share.
**
** A row's hash is SHA-256, cut to 16 bytes, over its cells by name in bytewise order: each a length and the canonical text of
** query/sql.h, so that CSV, JSON and Parquet of the same row, in any order of columns, agree.  Format: doc/formats/lake.md
*/
#include "lake/rowhash.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "leat-row-hashes/1\n"
#define HEAD_N (sizeof HEAD - 1)

static int by_name(const void *a, const void *b, void *answer)
{
    return strcmp(query_answer_column(answer, *(const uint32_t *)a)->name, query_answer_column(answer, *(const uint32_t *)b)->name);
}

Err row_hasher_init(Ctx *cx, RowHasher *h, QueryAnswer *a)
{
    *h = (RowHasher){ .answer = a, .n = query_answer_columns(a) };
    text_init(&h->bytes, cx);
    h->order = ctx_get_n(cx, h->n + 1, sizeof *h->order);
    if (!h->order) return FAIL(cx, ERR_NOMEM, "hashing rows of %zu columns", h->n);
    for (size_t i = 0; i < h->n; i++) h->order[i] = (uint32_t)i;
    qsort_r(h->order, h->n, sizeof *h->order, by_name, a);
    return OK;
}

void row_hasher_clear(Ctx *cx, RowHasher *h)
{
    text_clear(&h->bytes);
    ctx_put(cx, h->order);
    h->order = NULL;
}

/* Numbers that are the same number are the same text, whatever type wrote them. */
static const char *canonical(const QueryAnswer *a, size_t col, char buf[COLUMN_TEXT_MAX], size_t *n)
{
    double v;
    const char *s = query_answer_text(a, col, buf, n);
    if (!s || query_answer_column(a, col)->cell != QUERY_CELL_NUMBER) return s;
    if (!num_read(s, *n, &v) || !(fabs(v) < 9007199254740992.0)) return s;
    *n = num_text(v, buf);
    return buf;
}

Err row_hash(Ctx *cx, RowHasher *h, RowHash *out)
{
    char buf[COLUMN_TEXT_MAX];
    Digest d;
    Text *t = &h->bytes;
    t->n = 0;
    for (size_t i = 0; i < h->n; i++) {
        size_t n;
        const char *s = canonical(h->answer, h->order[i], buf, &n);
        int64_t length = s ? (int64_t)n : -1;
        text_bytes(t, &length, sizeof length);
        if (s) text_bytes(t, s, n);
    }
    TRY(cx, text_err(t));
    TRY(cx, hash_bytes(cx, t->at ? t->at : "", t->n, &d));
    memcpy(out->at, d.at, sizeof out->at);
    return OK;
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(RowHash));
}

void row_hashes_sort(RowHash *row, size_t n)
{
    if (n) qsort(row, n, sizeof *row, by_bytes);
}

bool row_hashes_hold(const RowHash *sorted, size_t n, const RowHash *row)
{
    return n && bsearch(row, sorted, n, sizeof *row, by_bytes);
}

Err row_hashes_put(Ctx *cx, Lake *lake, const RowHash *sorted, size_t n, Digest *out)
{
    uint64_t count = n;
    Text t;
    text_init(&t, cx);
    text_bytes(&t, HEAD, HEAD_N);
    text_bytes(&t, &count, sizeof count);
    if (n) text_bytes(&t, sorted, n * sizeof *sorted);
    Err err = text_err(&t);
    if (!err) err = store_put(cx, lake->store, t.at, t.n, STORE_PACKED, out);
    text_clear(&t);
    return err;
}

Err row_hashes_get(Ctx *cx, Lake *lake, const Digest *d, RowHash **out, size_t *n)
{
    void *bytes;
    size_t got;
    uint64_t count = 0;
    *out = NULL;
    *n = 0;
    TRY(cx, store_get(cx, lake->store, d, SIZE_MAX / 2, &bytes, &got));
    bool sound = got >= HEAD_N + sizeof count && !memcmp(bytes, HEAD, HEAD_N);
    if (sound) {
        memcpy(&count, (char *)bytes + HEAD_N, sizeof count);
        sound = (got - HEAD_N - sizeof count) / sizeof(RowHash) == count && (got - HEAD_N - sizeof count) % sizeof(RowHash) == 0;
    }
    if (sound) *out = ctx_get_n(cx, (size_t)count + 1, sizeof **out);
    if (*out) {
        memcpy(*out, (char *)bytes + HEAD_N + sizeof count, (size_t)count * sizeof **out);
        *n = (size_t)count;
    }
    ctx_put(cx, bytes);
    if (!sound) return FAIL(cx, ERR_CORRUPT, "the row hashes of a slice are damaged");
    return *out ? OK : FAIL(cx, ERR_NOMEM, "%llu row hashes", (unsigned long long)count);
}

/* ------------------------------------------------------------------ sharing */

typedef struct Slice { RowHash *row; size_t n; const char **column; size_t columns_n; } Slice;

/* What a split put on record: its hashes, and the columns they are over. */
static Err recorded(Ctx *cx, Lake *lake, const LakeVersion *v, Slice *out)
{
    yyjson_alc alc;
    yyjson_doc *doc;
    yyjson_val *one;
    Digest d;
    size_t i, n;
    TRY(cx, lake_json(cx, v->detail, strlen(v->detail), &alc, &doc));
    yyjson_val *root = yyjson_doc_get_root(doc), *columns = yyjson_obj_get(root, "columns");
    const char *hex = yyjson_get_str(yyjson_obj_get(root, "row_hashes"));
    Err err = OK;
    if (!hex || !digest_read(hex, &d))
        err = FAIL(cx, ERR_BAD_INPUT, "'%s@%llu' is no slice that 'leat data split' held out", v->dataset, (unsigned long long)v->n);
    out->column = err ? NULL : ctx_scratch(cx, (yyjson_arr_size(columns) + 1) * sizeof *out->column);
    if (!err && !out->column) err = FAIL(cx, ERR_NOMEM, "the columns of '%s'", v->dataset);
    if (!err) {
        yyjson_arr_foreach(columns, i, n, one) {
            const char *name = yyjson_get_str(one);
            out->column[out->columns_n] = ctx_scratch_text(cx, name ? name : "");
            if (!out->column[out->columns_n++]) err = FAIL(cx, ERR_NOMEM, "the columns of '%s'", v->dataset);
        }
    }
    yyjson_doc_free(doc);
    return err ? err : row_hashes_get(cx, lake, &d, &out->row, &out->n);
}

static bool has_columns(const QueryAnswer *a, const Slice *s)
{
    for (size_t k = 0; k < s->columns_n; k++) {
        size_t i = 0;
        while (i < query_answer_columns(a) && strcmp(query_answer_column(a, i)->name, s->column[k])) i++;
        if (i == query_answer_columns(a)) return false;
    }
    return true;
}

static Err count_shared(Ctx *cx, QueryAnswer *a, const Slice *s, uint64_t *shared)
{
    Err err = OK;
    RowHasher h = { 0 };
    bool more;
    TRY_DONE(cx, row_hasher_init(cx, &h, a));
    for (;;) {
        RowHash row;
        TRY_DONE(cx, query_answer_next(cx, a, &more));
        if (!more) break;
        TRY_DONE(cx, row_hash(cx, &h, &row));
        *shared += row_hashes_hold(s->row, s->n, &row);
    }
done:
    row_hasher_clear(cx, &h);
    return err;
}

Err lake_rows_shared(Ctx *cx, Lake *lake, const LakeVersion *slice, const LakeVersion *other, uint64_t *shared)
{
    Err err = OK;
    Slice s = { 0 };
    LakeSql *sql = NULL;
    QueryAnswer *a = NULL;
    Text t;
    *shared = 0;
    text_init(&t, cx);
    TRY_DONE(cx, recorded(cx, lake, slice, &s));
    TRY_DONE(cx, lake_sql_open(cx, lake, &(LakeSqlIn){ .threads = 1 }, &sql));
    text_fmt(&t, "FROM '%s@%llu'", other->dataset, (unsigned long long)other->n);
    TRY_DONE(cx, text_err(&t));
    TRY_DONE(cx, query_sql_ask(cx, lake_sql(sql), t.at, &a));
    if (!has_columns(a, &s)) goto done;            /* rows of other columns are other rows */
    query_answer_close(cx, a);
    a = NULL;
    text_clear(&t);
    text_put(&t, "SELECT ");
    for (size_t k = 0; k < s.columns_n; k++) {
        if (k) text_put(&t, ", ");
        work_name_sql(&t, s.column[k]);
    }
    text_fmt(&t, " FROM '%s@%llu'", other->dataset, (unsigned long long)other->n);
    TRY_DONE(cx, text_err(&t));
    TRY_DONE(cx, query_sql_ask(cx, lake_sql(sql), t.at, &a));
    TRY_DONE(cx, count_shared(cx, a, &s, shared));
done:
    query_answer_close(cx, a);
    lake_sql_close(cx, sql);
    ctx_put(cx, s.row);
    text_clear(&t);
    return err;
}

/* test/fuzz/fuzz_csv.c -- any bytes read as CSV or TSV, or given to the builder cell by cell, make a table or a sentence.
**
** First byte: 0 CSV, 1 TSV, 2 by the first bytes' own kind (text formats only), 3 the builder itself.  What was read is
** written as CSV and must read back with the same rows, names and values.
*/
#include "query/query.h"

#include "os/os.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n);

static void must(bool ok, const char *what)
{
    if (ok) return;
    fprintf(stderr, "fuzz_csv: %s\n", what);
    abort();
}

static int make_file(const void *bytes, size_t n, char path[64])
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    must(fd >= 0 && (!n || write(fd, bytes, n) == (ssize_t)n), "no file in memory");
    snprintf(path, 64, "/proc/self/fd/%d", fd);
    return fd;
}

static void same_cells(const Table *a, const Table *b)
{
    char buf[2][COLUMN_TEXT_MAX];
    size_t n[2];
    must(a->rows == b->rows && a->cols == b->cols, "other sizes came back");
    for (size_t c = 0; c < a->cols; c++) {
        must(!strcmp(a->col[c].name, b->col[c].name), "another name came back");
        for (size_t r = 0; r < a->rows && a->col[c].type != COLUMN_DATETIME; r++) {
            const char *s = column_text(&a->col[c], r, buf[0], &n[0]), *t = column_text(&b->col[c], r, buf[1], &n[1]);
            must(!s == !t && n[0] == n[1] && (!s || !memcmp(s, t, n[0])), "another value came back");
        }
    }
}

static void out_and_in(Ctx *cx, const Table *t)
{
    char path[64];
    Table *again = NULL;
    QueryColumn *column = ctx_get_n(cx, t->cols, sizeof *column);
    int fd = make_file("", 0, path);
    for (size_t i = 0; i < t->cols; i++) column[i] = (QueryColumn){ .name = t->col[i].name, .column = &t->col[i] };
    must(query_write(cx, &(QueryOut){ .fd = fd, .format = QUERY_CSV, .column = column, .columns = t->cols, .rows = t->rows }) == OK,
         "it cannot be written");
    Err err = query_read(cx, &(QueryIn){ .path = path, .format = QUERY_CSV }, &again, NULL);
    /* Control bytes are judged by their share and by where they stand: both change in another writing. */
    bool rubbish = err && (strstr(cx->text, "control bytes") || strstr(cx->text, "not CSV"));
    must(err == OK || rubbish, cx->text);
    if (again) same_cells(t, again);
    table_free(cx, again);
    ctx_put(cx, column);
    close(fd);
}

static void as_file(Ctx *cx, QueryFormat format, const unsigned char *data, size_t n)
{
    char path[64];
    Table *t = NULL;
    int fd = make_file(data, n, path);
    Err err = query_read(cx, &(QueryIn){ .path = path, .format = format }, &t, NULL);
    must(err ? !t && cx->text[0] : t && t->rows && t->cols, "neither a table nor a sentence");
    must(err == OK || err == ERR_BAD_INPUT || err == ERR_LIMIT, "a strange code");
    if (t) out_and_in(cx, t);
    table_free(cx, t);
    close(fd);
}

/* Lines are cells; each goes to a column that infers, one forced to each type, and one of a schema. */
static void as_cells(Ctx *cx, const unsigned char *data, size_t n)
{
    static const char *const names[COLUMN_TYPES_N] = { "a", "b", "c", "d", "e", "f", "g", "user_id" };
    static const ColumnType want[COLUMN_TYPES_N] = { COLUMN_AUTO, COLUMN_NUMBER, COLUMN_INTEGER, COLUMN_BOOLEAN, COLUMN_CATEGORY,
                                                     COLUMN_DATETIME, COLUMN_TEXT, COLUMN_ID };
    static const bool numeric[COLUMN_TYPES_N] = { false, true, true, false, false, true, false, true };
    bool keep = n && (data[0] & 1);
    for (size_t k = 0; k < COLUMN_TYPES_N; k++) {
        Builder *b = NULL;
        Table *t = NULL;
        Err err = builder_new(cx, &(BuilderIn){ .cols = 1, .name = &names[k], .want = &want[k], .na = table_na_default,
                                                .na_n = table_na_default_n, .keep_types = keep, .numeric = &numeric[k] }, &b);
        must(err == OK, "no builder");
        for (size_t i = 1, from = 1; i <= n && !err; i++) {
            if (i < n && data[i] != '\n') continue;
            const char *s = (const char *)data + from;
            double v;
            if (num_read(s, i - from, &v)) {
                char buf[NUM_TEXT_MAX];
                double again;
                must(num_read(buf, num_text(v, buf), &again) && again == v, "a number does not read back");
            }
            if (table_time_read(s, i - from, &v)) {
                char buf[COLUMN_TEXT_MAX];
                double again;
                size_t len = table_time_text(v, buf);
                bool plain = v < -62135596800.0 || v >= 253402300800.0;
                must(plain || (table_time_read(buf, len, &again) && again - v < 1e-5 && v - again < 1e-5), "a time does not read back");
            }
            err = builder_text(cx, b, 0, s, i - from);
            from = i + 1;
        }
        must(err == OK || err == ERR_BAD_INPUT, "a strange code");
        if (err) builder_free(cx, b);
        else err = builder_end(cx, b, &t);
        must(err == OK || (err == ERR_BAD_INPUT && cx->text[0]), "a strange end");
        table_free(cx, t);
    }
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t n)
{
    static const QueryFormat formats[] = { QUERY_CSV, QUERY_TSV, QUERY_AUTO };
    Ctx cx = { .world = &os_world, .seed = 1 };
    if (!n) return 0;
    unsigned mode = data[0] & 3;
    if (mode < 3) as_file(&cx, mode == 2 && n > 1 && strchr("[{ \t\r\nP\xEF", data[1]) ? QUERY_CSV : formats[mode], data + 1, n - 1);
    else as_cells(&cx, data + 1, n - 1);
    ctx_clear(&cx);
    return 0;
}

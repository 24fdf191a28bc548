/* app/bench.c -- how fast does a build load and score, as an application sees it through include/leat.h? */
#include "app/inner.h"

#include "base/save.h"
#include "score/score.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOADS          15 /* times it is opened; the median counts */
#define WARM_ROWS      200
#define ONE_ROWS_MIN   2000 /* rows asked one by one */
#define ONE_ROWS_MAX   20000
#define BATCH_US       700000 /* scored again and again for so long */
#define BATCH_ROWS_MAX 100000

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The clock of the world counts microseconds, too coarse for one row. */
static double now_s(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The cells of a table in the order the library wants them; words are copied once, NUL-ended. */
static Err cells_of(Ctx *cx, const Table *t, const leat_build *b, size_t rows, leat_value *cell, Text *words)
{
    size_t n = leat_columns(b), *at = ctx_scratch(cx, (t->cols + 1) * sizeof *at);
    if (!at) return FAIL(cx, ERR_NOMEM, "reading %zu rows", rows);
    for (size_t j = 0; j < t->cols; j++) { /* every level once, so that the text does not move afterwards */
        at[j] = words->n;
        for (uint32_t v = 0; t->col[j].code && v < t->col[j].dict.n; v++) {
            size_t len;
            const char *s = dict_at(&t->col[j].dict, v, &len);
            text_bytes(words, s, len);
            text_char(words, 0);
        }
    }
    TRY(cx, text_err(words));
    for (size_t k = 0; k < n; k++) {
        size_t j = table_find(t, leat_column(b, k));
        const Column *c = j == SIZE_MAX ? NULL : &t->col[j];
        size_t *start = NULL;
        if (c && c->code) {
            size_t from = at[j];
            start = ctx_get_n(cx, (size_t)c->dict.n + 1, sizeof *start);
            if (!start) return FAIL(cx, ERR_NOMEM, "reading %zu rows", rows);
            for (uint32_t v = 0; v < c->dict.n; v++) {
                start[v] = from;
                from += strlen(words->at + from) + 1;
            }
        }
        for (size_t i = 0; i < rows; i++) {
            leat_value *v = &cell[i * n + k];
            if (!c || !column_has(c, i)) *v = leat_missing();
            else *v = c->num ? leat_number(c->num[i]) : leat_text(words->at + start[c->code[i]]);
        }
        ctx_put(cx, start);
    }
    return OK;
}

/* Sizes of the file's sections, from its table (doc/formats/build.md). */
static void sections_of(const BuildBytes *bytes, AppBenchOut *out)
{
    const char *at = bytes->at;
    uint32_t n = 0;
    out->size_bytes = bytes->n;
    memcpy(&n, at + 8, sizeof n);
    for (uint32_t i = 0; i < n && i < APP_BENCH_SECTIONS_MAX && 64 * (size_t)(i + 2) <= bytes->n; i++) {
        memcpy(out->section[i].name, at + 64 * (size_t)(i + 1), 8);
        memcpy(&out->section[i].bytes, at + 64 * (size_t)(i + 1) + 16, 8);
        out->sections_n = i + 1;
    }
}

/* Bytes that this process has asked for and not given back. */
static uint64_t held(void)
{
    struct mallinfo2 m = mallinfo2();
    return (uint64_t)m.uordblks + m.hblkhd;
}

static Err measure_load(Ctx *cx, const char *path, AppBenchOut *out)
{
    char why[256];
    double took[LOADS];
    for (int i = 0; i < LOADS; i++) {
        double from = now_s();
        leat_build *b = leat_open(path, why, sizeof why);
        took[i] = now_s() - from;
        if (!b) return FAIL(cx, ERR_CORRUPT, "%.300s", why);
        leat_close(b);
    }
    qsort(took, LOADS, sizeof *took, by_size);
    out->load_ms = took[LOADS / 2] * 1e3;
    return OK;
}

static Err measure_rows(Ctx *cx, const leat_build *b, const leat_value *cell, size_t rows, AppBenchOut *out)
{
    Err err = OK;
    char why[256] = "";
    size_t n = leat_columns(b), asked = rows < ONE_ROWS_MIN   ? ONE_ROWS_MIN
                                        : rows < ONE_ROWS_MAX ? rows
                                                              : ONE_ROWS_MAX;
    double *took = NULL, *answer = NULL;
    leat_scorer *s = leat_scorer_open(b);
    if (!s) {
        err = FAIL(cx, ERR_NOMEM, "measuring");
        goto done;
    }
    GET_DONE(cx, took, asked, "measuring");
    GET_DONE(cx, answer, rows * leat_outputs(b), "measuring");
    for (size_t i = 0; i < WARM_ROWS + asked; i++) {
        double from = now_s();
        if (leat_scorer_predict(s, cell + i % rows * n, 1, answer, why, sizeof why)) {
            err = FAIL(cx, ERR_BAD_INPUT, "%.300s", why);
            goto done;
        }
        if (i >= WARM_ROWS) took[i - WARM_ROWS] = now_s() - from;
        if (i % 256 == 0) TRY_DONE(cx, ctx_check(cx));
    }
    qsort(took, asked, sizeof *took, by_size);
    out->p50_us = took[asked / 2] * 1e6;
    out->p99_us = took[asked - 1 - asked / 100] * 1e6;
    double start = now_s(), spent = 0;
    size_t done_n = 0;
    do {
        TRY_DONE(cx, ctx_check(cx));
        if (leat_scorer_predict(s, cell, rows, answer, why, sizeof why)) {
            err = FAIL(cx, ERR_BAD_INPUT, "%.300s", why);
            goto done;
        }
        done_n += rows;
        spent = now_s() - start;
    } while (spent * 1e6 < BATCH_US);
    out->rows_s = (double)done_n / spent;
done:
    leat_scorer_close(s);
    ctx_put(cx, took);
    ctx_put(cx, answer);
    return err;
}

/* A file for the library to open: the one that was named, or a copy out of the store. */
static Err file_of(Ctx *cx, const Loaded *l, char path[STORE_PATH_MAX], bool *made)
{
    *made = false;
    if (l->ref.path[0]) {
        snprintf(path, STORE_PATH_MAX, "%s", l->ref.path);
        return OK;
    }
    TRY(cx, store_tmp_path(cx, repo_store(l->repo), "bench", path));
    TRY(cx, save_whole(cx, path, l->bytes.at, l->bytes.n));
    *made = true;
    return OK;
}

Err app_build_bench(Ctx *cx, House *house, const AppBenchIn *in, AppBenchOut *out)
{
    Err err = OK;
    Loaded l;
    Table *t = NULL;
    Text words;
    leat_value *cell = NULL;
    leat_build *b = NULL;
    char path[STORE_PATH_MAX], why[256];
    bool made = false;
    *out = (AppBenchOut){ 0 };
    TRY(cx, build_take(cx, house, in->build, true, &l));
    text_init(&words, cx);
    AppData data = in->data;
    TRY_DONE(cx, data_resolve(cx, house, &data));
    QueryIn q = data_query(&data);
    q.rows_max = BATCH_ROWS_MAX;
    TRY_DONE(cx, query_read_schema(cx, &q, l.build->schema, NULL, 0, &t, NULL));
    if (!t->rows) {
        err = FAIL(cx, ERR_BAD_INPUT, "'%.200s' has no rows to score", in->data.path);
        goto done;
    }
    TRY_DONE(cx, file_of(cx, &l, path, &made));
    TRY_DONE(cx, measure_load(cx, path, out));
    sections_of(&l.bytes, out);
    uint64_t before = held();
    b = leat_open(path, why, sizeof why);
    out->memory_bytes = held() > before ? held() - before : 0;
    if (!b) {
        err = FAIL(cx, ERR_CORRUPT, "%.300s", why);
        goto done;
    }
    GET_DONE(cx, cell, t->rows * leat_columns(b) + 1, "measuring %zu rows", t->rows);
    TRY_DONE(cx, cells_of(cx, t, b, t->rows, cell, &words));
    TRY_DONE(cx, measure_rows(cx, b, cell, t->rows, out));
    out->rows = t->rows;
    out->build = ctx_scratch_text(cx, l.name);
    if (!out->build) err = FAIL(cx, ERR_NOMEM, "after measuring");
done:
    if (made) (void)cx->world->files->remove(cx->world->files->self, path);
    leat_close(b);
    ctx_put(cx, cell);
    text_clear(&words);
    table_free(cx, t);
    build_put(cx, &l);
    if (err) *out = (AppBenchOut){ 0 };
    return err;
}

void app_build_bench_json(const AppBenchOut *out, Text *t)
{
    json_open(t);
    json_key_text(t, "build", out->build);
    json_key_num(t, "load_ms", out->load_ms);
    json_key_open(t, "one_row_us");
    json_key_num(t, "p50", out->p50_us);
    json_key_num(t, "p99", out->p99_us);
    json_close(t);
    json_key_num(t, "rows_s", out->rows_s);
    json_key_int(t, "rows", (int64_t)out->rows);
    json_key_int(t, "size_bytes", (int64_t)out->size_bytes);
    json_key_open(t, "sections");
    for (size_t i = 0; i < out->sections_n; i++) json_key_int(t, out->section[i].name, (int64_t)out->section[i].bytes);
    json_close(t);
    json_key_int(t, "memory_bytes", (int64_t)out->memory_bytes);
    json_close(t);
}

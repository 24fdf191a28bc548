/* test/unit/auto/kit.h -- tables from a few words, for tests of steps and stages. */
#ifndef TEST_UNIT_AUTO_KIT_H
#define TEST_UNIT_AUTO_KIT_H

#include "auto/make.h"
#include "test.h"
#include "unit/auto/stand_in.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIT_COLS_MAX 32

/* head: "name:type name:type …"; rows: lines of cells split by '|', an empty cell is missing. */
static inline Err kit_table(Ctx *cx, const char *head, const char *rows, Table **out)
{
    char name[KIT_COLS_MAX][64], line[4096];
    const char *names[KIT_COLS_MAX];
    ColumnType want[KIT_COLS_MAX];
    size_t cols = 0;
    Builder *b = NULL;
    *out = NULL;
    for (const char *at = head; *at; cols++) {
        char type[32];
        int used = 0;
        if (sscanf(at, " %63[^:]:%31s%n", name[cols], type, &used) != 2) abort();
        if (!column_type_read(type, &want[cols])) abort();
        names[cols] = name[cols];
        at += used;
        while (*at == ' ') at++;
    }
    TRY(cx, builder_new(cx,
                        &(BuilderIn){ .cols = cols,
                                      .name = names,
                                      .want = want,
                                      .na = table_na_default,
                                      .na_n = table_na_default_n,
                                      .source = "kit" },
                        &b));
    for (const char *at = rows; *at;) {
        size_t n = strcspn(at, "\n"), col = 0;
        memcpy(line, at, n);
        line[n] = 0;
        at += n + (at[n] == '\n');
        for (char *cell = line; cell; col++) {
            char *next = strchr(cell, '|');
            if (next) *next++ = 0;
            Err err = *cell ? builder_text(cx, b, col, cell, strlen(cell)) : builder_null(cx, b, col);
            if (err) {
                builder_free(cx, b);
                return err;
            }
            cell = next;
        }
        if (col != cols) abort();
    }
    return builder_end(cx, b, out);
}

/* Many rows by a function that prints row i. */
static inline char *kit_rows(size_t n, void (*row)(size_t i, char *line, size_t max))
{
    size_t used = 0, cap = n * 256 + 1;
    char *text = malloc(cap);
    if (!text) abort();
    for (size_t i = 0; i < n; i++) {
        row(i, text + used, 254);
        used += strlen(text + used);
        text[used++] = '\n';
    }
    text[used] = 0;
    return text;
}

/* Index of a feature by name, or abort. */
static inline uint32_t kit_feature(const Steps *s, const char *name)
{
    for (uint32_t i = 0; i < steps_features(s); i++)
        if (!strcmp(steps_feature(s, i)->name, name)) return i;
    fprintf(stderr, "no feature '%s'; there are:", name);
    for (uint32_t i = 0; i < steps_features(s); i++) fprintf(stderr, " '%s'", steps_feature(s, i)->name);
    abort();
}

static inline bool kit_has(const Steps *s, const char *name)
{
    for (uint32_t i = 0; i < steps_features(s); i++)
        if (!strcmp(steps_feature(s, i)->name, name)) return true;
    return false;
}

/* An Auto as target.c and folds.c would leave it. */
typedef struct Kit {
    Auto a;
    AutoIn in;
    char *class_name[16];
    double *y;
    uint8_t *fold;
} Kit;

static inline Err kit_auto(Ctx *cx, Kit *k, const char *head, const char *rows, Task task, uint32_t classes,
                           uint32_t folds, double (*target)(size_t row))
{
    static char word[16][4];
    *k = (Kit){ .in = { .target = "y", .trials = 4, .seed = 7 } };
    Auto *a = &k->a;
    a->in = &k->in;
    a->task = task;
    a->classes = classes;
    for (uint32_t i = 0; i < classes; i++) {
        snprintf(word[i], sizeof word[i], "c%u", i % 100);
        k->class_name[i] = word[i];
    }
    a->class_name = k->class_name;
    a->metric = metric_default(task);
    a->folds = folds;
    text_init(&a->warnings, cx);
    for (int i = 0; i < STAGES_N; i++) text_init(&a->json[i], cx);
    TRY(cx, kit_table(cx, head, rows, &a->raw));
    TRY(cx, schema_of(cx, a->raw, NULL, 0, &a->schema));
    a->rows = a->raw->rows;
    k->y = a->y = ctx_get_n(cx, a->rows, sizeof *a->y);
    k->fold = a->fold = ctx_get(cx, a->rows);
    if (!a->y || !a->fold) return FAIL(cx, ERR_NOMEM, "kit");
    for (size_t i = 0; i < a->rows; i++) {
        a->y[i] = target(i);
        a->fold[i] = folds == 1 ? (i % 4 ? FOLD_NONE : 0) : (uint8_t)((i * 7 + i / 3) % folds);
    }
    return OK;
}

static inline void kit_clear(Ctx *cx, Kit *k)
{
    Auto *a = &k->a;
    steps_frame_free(cx, a->frame);
    steps_free(cx, a->steps);
    table_free(cx, a->raw);
    schema_free(cx, a->schema);
    ctx_put(cx, k->y);
    ctx_put(cx, k->fold);
    for (int i = 0; i < STAGES_N; i++) text_clear(&a->json[i]);
    text_clear(&a->warnings);
}

#endif

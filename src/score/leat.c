/* score/leat.c -- include/leat.h: a build in somebody else's program.
**
** A thin face on rooms table and model.  It brings a world of its own (libc's
** memory, no files, no clock that matters), so a program that links it links
** neither room os nor any library that trains.
*/
#include "score/score.h"

#include "model/model.h"
#include "table/table.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define STACK_BYTES ((size_t)48 << 10)     /* of one call's memory; more comes from libc */

struct leat_build {
    Build *build;
};

static void *libc_get(void *self, size_t n)
{
    (void)self;
    return malloc(n);
}

static void *libc_grow(void *self, void *p, size_t n)
{
    (void)self;
    return realloc(p, n);
}

static void libc_put(void *self, void *p)
{
    (void)self;
    free(p);
}

static int64_t clock_of(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t now_us(void *self)
{
    (void)self;
    return clock_of(CLOCK_REALTIME);
}

static int64_t mono_us(void *self)
{
    (void)self;
    return clock_of(CLOCK_MONOTONIC);
}

static const Alloc alloc = { libc_get, libc_grow, libc_put, NULL };
static const Clock wall = { now_us, mono_us, NULL };
static const World world = { .alloc = &alloc, .clock = &wall };

/* ------------------------------------------------------------------- arena */

/* Memory of one call: handed out in a row, taken back all at once.  What does not fit comes from libc. */
typedef struct Arena {
    char *base;
    size_t cap, used, over;    /* over: bytes that did not fit */
} Arena;

typedef struct Block { size_t n; bool inside; char pad[16 - sizeof(size_t) - sizeof(bool)]; } Block;
_Static_assert(sizeof(Block) == 16, "what follows a block's head is aligned like it");

static void *arena_get(void *self, size_t n)
{
    Arena *a = self;
    if (n > SIZE_MAX / 2) return NULL;
    size_t need = sizeof(Block) + (n + 15) / 16 * 16;
    bool inside = need <= a->cap - a->used;
    Block *b = inside ? (Block *)(void *)(a->base + a->used) : malloc(need);
    if (!b) return NULL;
    if (inside) a->used += need;
    else a->over += need;
    *b = (Block){ .n = n, .inside = inside };
    return b + 1;
}

static void arena_put(void *self, void *p)
{
    (void)self;
    if (p && !((Block *)p)[-1].inside) free((Block *)p - 1);
}

static void *arena_grow(void *self, void *p, size_t n)
{
    void *q = arena_get(self, n);
    if (!q || !p) return q;
    size_t had = ((Block *)p)[-1].n;
    memcpy(q, p, had < n ? had : n);
    arena_put(self, p);
    return q;
}

static void explain(const Ctx *cx, char *why, size_t why_n)
{
    if (why && why_n) snprintf(why, why_n, "%s", cx->text);
}

/* -------------------------------------------------------------------- open */

leat_build *leat_open_bytes(const void *bytes, size_t n, char *why, size_t why_n)
{
    Ctx cx = { .world = &world };
    leat_build *b = ctx_get(&cx, sizeof *b);
    Err err = b ? build_load(&cx, bytes, n, &b->build) : FAIL(&cx, ERR_NOMEM, "opening a build");
    explain(&cx, why, why_n);
    ctx_clear(&cx);
    if (!err) return b;
    leat_close(b);
    return NULL;
}

leat_build *leat_open(const char *path, char *why, size_t why_n)
{
    FILE *f = fopen(path, "rbe");
    char *bytes = NULL;
    size_t n = 0, cap = 0, got = 1;
    if (why && why_n) snprintf(why, why_n, "'%s' cannot be opened: is it there, and readable?", path);
    if (!f) return NULL;
    if (!fseek(f, 0, SEEK_END)) cap = ftell(f) > 0 ? (size_t)ftell(f) : 0;
    rewind(f);
    if (cap && cap <= BUILD_FILE_MAX) bytes = malloc(cap);
    while (bytes && n < cap && (got = fread(bytes + n, 1, cap - n, f))) n += got;
    fclose(f);
    if (why && why_n) snprintf(why, why_n, "'%s' cannot be read: it is empty, or too large for the memory", path);
    leat_build *b = bytes && n == cap ? leat_open_bytes(bytes, n, why, why_n) : NULL;
    free(bytes);
    return b;
}

void leat_close(leat_build *b)
{
    Ctx cx = { .world = &world };
    if (!b) return;
    build_free(&cx, b->build);
    ctx_put(&cx, b);
}

/* ------------------------------------------------------------------- facts */

size_t leat_columns(const leat_build *b)
{
    return b->build->schema->n;
}

const char *leat_column(const leat_build *b, size_t i)
{
    return i < b->build->schema->n ? b->build->schema->col[i].name : NULL;
}

size_t leat_find(const leat_build *b, const char *column)
{
    return schema_find(b->build->schema, column);
}

size_t leat_classes(const leat_build *b)
{
    return b->build->classes;
}

const char *leat_class(const leat_build *b, size_t i)
{
    return i < b->build->classes ? b->build->class_name[i] : NULL;
}

size_t leat_outputs(const leat_build *b)
{
    return b->build->classes ? b->build->classes : 1;
}

/* ----------------------------------------------------------------- predict */

static Err table_of(Ctx *cx, const leat_build *b, const leat_value *cells, size_t rows, Table **out)
{
    Err err = OK;
    const Schema *s = b->build->schema;
    Builder *to = NULL;
    TRY_DONE(cx, builder_for(cx, s, true, "", &to));
    for (size_t i = 0; i < rows * s->n; i++) {
        const leat_value *v = &cells[i];
        size_t col = i % s->n;
        if (v->text) TRY_DONE(cx, builder_text(cx, to, col, v->text, strlen(v->text)));
        else if (s->col[col].type == COLUMN_DATETIME) TRY_DONE(cx, builder_time(cx, to, col, v->number));
        else TRY_DONE(cx, builder_num(cx, to, col, v->number));
    }
    err = builder_end(cx, to, out);
    to = NULL;
done:
    builder_free(cx, to);
    return err;
}

static Err predict(Ctx *cx, const leat_build *b, const leat_value *cells, size_t rows, double *out)
{
    Err err = OK;
    Table *t = NULL;
    TRY_DONE(cx, table_of(cx, b, cells, rows, &t));
    TRY_DONE(cx, build_margin(cx, b->build, t, out));
    build_answer(b->build, out, rows, out);
    if (task_is_pair(b->build->task)) {
        for (size_t i = rows; i-- > 0;) { /* one number a row becomes two, from the end, in place */
            double p = out[i];
            out[2 * i] = 1 - p;
            out[2 * i + 1] = p;
        }
    }
done:
    table_free(cx, t);
    return err;
}

/* A call whose memory comes from the arena. */
static int predict_in(Arena *a, const leat_build *b, const leat_value *cells, size_t rows, double *out, char *why, size_t why_n)
{
    const Alloc from = { arena_get, arena_grow, arena_put, a };
    const World here = { .alloc = &from, .clock = &wall };
    Ctx cx = { .world = &here };
    if (!rows) return 0;
    Err err = predict(&cx, b, cells, rows, out);
    if (err) explain(&cx, why, why_n);
    ctx_clear(&cx);
    return err_exit(err);
}

int leat_predict(const leat_build *b, const leat_value *cells, size_t rows, double *out, char *why, size_t why_n)
{
    _Alignas(16) char room[STACK_BYTES];
    Arena a = { .base = room, .cap = sizeof room };
    return predict_in(&a, b, cells, rows, out, why, why_n);
}

struct leat_scorer {
    const leat_build *build;
    Arena arena;
};

leat_scorer *leat_scorer_open(const leat_build *b)
{
    leat_scorer *s = calloc(1, sizeof *s);
    if (s) s->build = b;
    return s;
}

int leat_scorer_predict(leat_scorer *s, const leat_value *cells, size_t rows, double *out, char *why, size_t why_n)
{
    s->arena.used = s->arena.over = 0;
    int status = predict_in(&s->arena, s->build, cells, rows, out, why, why_n);
    if (s->arena.over) {                   /* the next call of this size fits; if there is no memory, it comes from libc again */
        size_t cap = s->arena.used + s->arena.over;
        free(s->arena.base);
        s->arena.base = malloc(cap);
        s->arena.cap = s->arena.base ? cap : 0;
    }
    return status;
}

void leat_scorer_close(leat_scorer *s)
{
    if (!s) return;
    free(s->arena.base);
    free(s);
}

size_t leat_choice(const leat_build *b, const double *out)
{
    return build_class(b->build, task_is_pair(b->build->task) ? out + 1 : out);
}

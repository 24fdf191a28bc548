/* base/ctx.c -- memory, failures, deadlines and progress of one task. */
#include "base/ctx.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct CtxBlock {
    CtxBlock *next;
    size_t used, cap;
    max_align_t at[];
};

void ctx_die(const char *file, int line, const char *what)
{
    fprintf(stderr, "leat: stopped at %s:%d because this was not true: %s\n", file, line, what);
    abort();
}

void *ctx_get(Ctx *cx, size_t bytes)
{
    const Alloc *a = cx->world->alloc;
    void *p = a->get(a->self, bytes ? bytes : 1);
    if (p) memset(p, 0, bytes ? bytes : 1);
    return p;
}

void *ctx_get_n(Ctx *cx, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) return NULL;
    return ctx_get(cx, bytes);
}

void *ctx_grow(Ctx *cx, void *p, size_t n, size_t size)
{
    const Alloc *a = cx->world->alloc;
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) return NULL;
    return a->grow(a->self, p, bytes ? bytes : 1);
}

void ctx_put(Ctx *cx, void *p)
{
    if (!p) return;                                /* so that a Text never begun, which has no cx, may be cleared */
    const Alloc *a = cx->world->alloc;
    a->put(a->self, p);
}

void *ctx_scratch(Ctx *cx, size_t bytes)
{
    const size_t unit = sizeof(max_align_t);
    if (bytes > SIZE_MAX / 2) return NULL;
    size_t need = (bytes + unit - 1) / unit * unit;
    if (!need) need = unit;
    CtxBlock *b = cx->scratch;
    if (!b || b->cap - b->used < need) {
        size_t cap = need > CTX_SCRATCH_BYTES ? need : CTX_SCRATCH_BYTES;
        b = cx->world->alloc->get(cx->world->alloc->self, sizeof *b + cap);
        if (!b) return NULL;
        b->next = cx->scratch;
        b->used = 0;
        b->cap = cap;
        cx->scratch = b;
    }
    void *p = (char *)b->at + b->used;
    b->used += need;
    memset(p, 0, need);
    return p;
}

char *ctx_scratch_text(Ctx *cx, const char *text)
{
    size_t n = strlen(text) + 1;
    char *p = ctx_scratch(cx, n);
    return p ? memcpy(p, text, n) : NULL;
}

char *ctx_scratch_fmt(Ctx *cx, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = n < 0 ? NULL : ctx_scratch(cx, (size_t)n + 1);
    if (!p) return NULL;
    va_start(ap, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return p;
}

void ctx_clear(Ctx *cx)
{
    while (cx->scratch) {
        CtxBlock *b = cx->scratch;
        cx->scratch = b->next;
        cx->world->alloc->put(cx->world->alloc->self, b);
    }
}

void ctx_child(const Ctx *parent, Ctx *child)
{
    *child = (Ctx){
        .world = parent->world,
        .seed = parent->seed,
        .deadline_us = parent->deadline_us,
        .cancel = parent->cancel,
        .progress = parent->progress,
    };
}

Err ctx_join(Ctx *parent, Ctx *child, Err err)
{
    if (err) {
        memcpy(parent->text, child->text, sizeof parent->text);
        memcpy(parent->hop, child->hop, sizeof parent->hop);
        parent->hops_n = child->hops_n;
    }
    ctx_clear(child);
    return err;
}

Err ctx_hop(Ctx *cx, Err code, const char *file, int line)
{
    if (cx->hops_n < CTX_HOPS_MAX) {
        cx->hop[cx->hops_n].file = file;
        cx->hop[cx->hops_n].line = line;
        cx->hops_n++;
    }
    return code;
}

Err ctx_fail(Ctx *cx, Err code, const char *file, int line, const char *fmt, ...)
{
    char text[CTX_TEXT_MAX];               /* apart: an argument may be cx->text itself */
    va_list ap;
    assert(code != OK);
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    memcpy(cx->text, text, sizeof text);
    cx->hops_n = 0;
    return ctx_hop(cx, code, file, line);
}

int64_t ctx_mono_us(const Ctx *cx)
{
    return cx->world->clock->mono_us(cx->world->clock->self);
}

double ctx_since_s(const Ctx *cx, int64_t from_mono_us)
{
    return (double)(ctx_mono_us(cx) - from_mono_us) * 1e-6;
}

double ctx_left_s(const Ctx *cx)
{
    return cx->deadline_us ? (double)(cx->deadline_us - ctx_mono_us(cx)) * 1e-6 : INFINITY;
}

bool ctx_late(const Ctx *cx)
{
    if (cx->cancel && *cx->cancel) return true;
    return cx->deadline_us && ctx_mono_us(cx) >= cx->deadline_us;
}

Err ctx_check(Ctx *cx)
{
    if (cx->cancel && *cx->cancel) return FAIL(cx, ERR_INTERRUPTED, "stopped on request");
    if (ctx_late(cx)) return FAIL(cx, ERR_TIME, "the deadline passed");
    return OK;
}

void ctx_step(Ctx *cx, const char *what, double done, double total)
{
    if (cx->progress.tell) cx->progress.tell(cx->progress.self, PROGRESS_STEP, what, done, total);
}

static __attribute__((format(printf, 3, 0))) void say(Ctx *cx, ProgressKind kind, const char *fmt, va_list ap)
{
    char line[1024];
    if (!cx->progress.tell) return;
    vsnprintf(line, sizeof line, fmt, ap);
    cx->progress.tell(cx->progress.self, kind, line, 0, 0);
}

void ctx_note(Ctx *cx, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(cx, PROGRESS_NOTE, fmt, ap);
    va_end(ap);
}

void ctx_warn(Ctx *cx, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(cx, PROGRESS_WARNING, fmt, ap);
    va_end(ap);
}

void ctx_detail(Ctx *cx, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    say(cx, PROGRESS_DETAIL, fmt, ap);
    va_end(ap);
}

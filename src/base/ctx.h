/* base/ctx.h -- the one thing passed everywhere instead of globals.
**
** A Ctx belongs to one task on one thread: one command, one request, one
** trial.  It names the outside world, owns scratch memory freed when the task
** ends, says when to stop, tells progress, and holds the story of the first
** failure.  Nothing in it is from the domain.
*/
#ifndef BASE_CTX_H
#define BASE_CTX_H

#include "base/err.h"
#include "base/world.h"

#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_USE __attribute__((warn_unused_result))
#define CTX_TEXT_MAX 512   /* bytes of failure text, including the NUL */
#define CTX_HOPS_MAX 8     /* call sites remembered on the way up */
#define CTX_SCRATCH_BYTES ((size_t)1 << 16)   /* one block of scratch; larger asks get their own */

/* Stays on in release: going on would damage stored data. */
#define CHECK_ALWAYS(x) do { if (!(x)) ctx_die(__FILE__, __LINE__, #x); } while (0)
_Noreturn void ctx_die(const char *file, int line, const char *what);

typedef enum ProgressKind {
    PROGRESS_STEP,       /* `what` is under way: done of total (total 0: unknown) */
    PROGRESS_NOTE,       /* a line worth telling a person once */
    PROGRESS_WARNING,    /* something the person should know about the data or the result */
    PROGRESS_DETAIL,     /* only for -v */
} ProgressKind;

typedef struct Progress {   /* self may be NULL; tell may be NULL: nobody listens */
    void (*tell)(void *self, ProgressKind kind, const char *what, double done, double total);
    void *self;
} Progress;

typedef struct CtxBlock CtxBlock;

typedef struct Ctx {
    const World *world;
    uint64_t seed;                        /* the only source of randomness */
    int64_t deadline_us;                  /* on the monotonic clock; 0: none */
    const volatile sig_atomic_t *cancel;  /* becomes non-zero when a person says stop; may be NULL */
    Progress progress;
    char text[CTX_TEXT_MAX];              /* what went wrong, for a person */
    struct { const char *file; int line; } hop[CTX_HOPS_MAX];
    int hops_n;
    CtxBlock *scratch;                    /* see ctx_scratch */
} Ctx;

/* Memory of a handle.  ctx_get clears it; both return NULL if refused.  n * size is checked. */
void *ctx_get(Ctx *cx, size_t bytes);
void *ctx_get_n(Ctx *cx, size_t n, size_t size);
void *ctx_grow(Ctx *cx, void *p, size_t n, size_t size);   /* new part is not cleared; NULL leaves p */
void ctx_put(Ctx *cx, void *p);                            /* NULL is fine */

/* Scratch: cleared, dropped all at once by ctx_clear.  NULL if refused.
** For small things that live as long as the task; anything above 64 KiB is
** better asked for with ctx_get and given back. */
void *ctx_scratch(Ctx *cx, size_t bytes);
char *ctx_scratch_text(Ctx *cx, const char *text);                       /* a copy */
char *ctx_scratch_fmt(Ctx *cx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void ctx_clear(Ctx *cx);

/* A context for a worker: the same world, seed, deadline and cancel flag, own
** scratch and own failure.  ctx_join hands the worker's failure up and clears it. */
void ctx_child(const Ctx *parent, Ctx *child);
Err ctx_join(Ctx *parent, Ctx *child, Err err);

/* Start a failure; note a line it passed on its way up.  Use FAIL, TRY, TRY_DONE. */
Err ctx_fail(Ctx *cx, Err code, const char *file, int line, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
Err ctx_hop(Ctx *cx, Err code, const char *file, int line);

/* Must the task stop?  ERR_INTERRUPTED when cancelled, ERR_TIME after the deadline, else OK. */
Err ctx_check(Ctx *cx);
bool ctx_late(const Ctx *cx);                 /* the deadline has passed, or cancelled */
double ctx_left_s(const Ctx *cx);             /* seconds to the deadline; INFINITY if none */
int64_t ctx_mono_us(const Ctx *cx);
double ctx_since_s(const Ctx *cx, int64_t from_mono_us);

void ctx_step(Ctx *cx, const char *what, double done, double total);
void ctx_note(Ctx *cx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void ctx_warn(Ctx *cx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void ctx_detail(Ctx *cx, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Start a failure here. */
#define FAIL(cx, code, ...) ctx_fail((cx), (code), __FILE__, __LINE__, __VA_ARGS__)

/* Call; on failure note this line and hand the failure up. */
#define TRY(cx, call)                                                    \
    do {                                                                 \
        Err try_err_ = (call);                                           \
        if (try_err_ != OK)                                              \
            return ctx_hop((cx), try_err_, __FILE__, __LINE__);          \
    } while (0)

/* Same, where something must be released first: needs `Err err` and `done:`. */
#define TRY_DONE(cx, call)                                               \
    do {                                                                 \
        err = (call);                                                    \
        if (err != OK) {                                                 \
            ctx_hop((cx), err, __FILE__, __LINE__);                      \
            goto done;                                                   \
        }                                                                \
    } while (0)

/* Ask for memory inside a function with `done:`.  what: printf words for the sentence. */
#define GET_DONE(cx, p, n, ...)                                          \
    do {                                                                 \
        (p) = ctx_get_n((cx), (n), sizeof *(p));                         \
        if (!(p)) {                                                      \
            err = FAIL((cx), ERR_NOMEM, __VA_ARGS__);                    \
            goto done;                                                   \
        }                                                                \
    } while (0)

#endif

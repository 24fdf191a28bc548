/* test/test.h -- what the tests share: a world that fails on demand, with a clock of its own.
**
** A Rig is the real machine, except that the k-th memory request or the k-th
** file call is refused, and that time moves only when somebody asks for it.
** Network: the World has none.
*/
#ifndef TEST_TEST_H
#define TEST_TEST_H

#include "os/os.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

typedef struct Rig {
    World world;
    Alloc alloc;
    Files files;
    Clock clock;
    long mem_at, file_at;      /* which request is refused; 0: none.  From then on, unless `once` */
    bool once;
    long mem_n, file_n;        /* requests so far (ctx_get, ctx_grow, scratch blocks; every file call but close, unmap) */
    long held;                 /* pieces of memory not given back */
    Err file_err;              /* what a refused file call answers: ERR_IO */
    int64_t now_us, mono_us;   /* the clocks: 2023-11-14 22:13:20 UTC and 1 s at first */
    int64_t tick_us;           /* both move on by this at each look: 1 */
} Rig;

void rig_init(Rig *r, long mem_at, long file_at, bool once);

/* A context on the real machine, or on a rig; drop with ctx_clear. */
Ctx test_ctx(void);
Ctx rig_ctx(Rig *r);

/* Run body with fault 1, 2, 3, … until it gets through unharmed: memory then files, for good then once.  Each
** failed try must return expect_mem or expect_file, say why in cx->text, and hold no memory; body itself
** checks the state it left.  Scratch is dropped here. */
void rig_sweep(Err (*body)(Ctx *cx, void *arg), void *arg, Err expect_mem, Err expect_file);
/* The same where a fault may also be survived: OK is as good as the expected code. */
void rig_sweep_or_ok(Err (*body)(Ctx *cx, void *arg), void *arg, Err expect_mem, Err expect_file);

/* err must be `want`, and cx->text must hold `words` (NULL: any words).  Clears the text. */
void expect_failure(Ctx *cx, Err err, Err want, const char *words);
/* err must be OK; prints cx->text otherwise. */
void expect_ok(Ctx *cx, Err err);

/* Make, read and damage files below the test's own folder, by the real machine. */
void test_write(const char *path, const void *bytes, size_t n);
void test_flip(const char *path, long at);           /* flip one bit of the byte at `at`; < 0 counts from the end */
bool test_exists(const char *path);
void test_remove_tree(const char *path);             /* nothing there is fine */
size_t test_count(const char *folder);               /* files below it, at any depth */

#endif

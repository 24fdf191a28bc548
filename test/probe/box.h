/* test/probe/box.h -- many arrays in one file: what probes read and answer with.
**
** A box is named arrays one after another, each a line "NAME TYPE N\n" (TYPE f64, f32, u32 or u8) and N raw
** little-endian items.  test/peer/probe.py is the other end.
*/
#ifndef PROBE_BOX_H
#define PROBE_BOX_H

#include "base/ctx.h"

#include <stdio.h>

#define BOX_ARRAYS_MAX 64

typedef struct Box {
    struct { char name[32], type[4]; size_t n; void *at; } array[BOX_ARRAYS_MAX];
    size_t n;
} Box;

/* ERR_BAD_INPUT, ERR_IO.  Give back with box_clear. */
MUST_USE Err box_read(Ctx *cx, const char *path, Box *out);
void box_clear(Box *b);
/* NULL when there is no such array.  n may be NULL. */
const double *box_f64(const Box *b, const char *name, size_t *n);
const float *box_f32(const Box *b, const char *name, size_t *n);
const uint32_t *box_u32(const Box *b, const char *name, size_t *n);
const uint8_t *box_u8(const Box *b, const char *name, size_t *n);
void box_put(FILE *f, const char *name, const char *type, const void *at, size_t n);

#endif

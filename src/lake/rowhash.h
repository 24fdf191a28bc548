/* lake/rowhash.h -- hashes of rows (inside room lake). */
#ifndef LAKE_ROWHASH_H
#define LAKE_ROWHASH_H

#include "lake/workin.h"

typedef struct RowHash { unsigned char at[16]; } RowHash;
typedef struct RowHasher { QueryAnswer *answer; uint32_t *order; size_t n; Text bytes; } RowHasher;

/* Of the answer's present row, by all its columns. */
MUST_USE Err row_hasher_init(Ctx *cx, RowHasher *h, QueryAnswer *a);
MUST_USE Err row_hash(Ctx *cx, RowHasher *h, RowHash *out);
void row_hasher_clear(Ctx *cx, RowHasher *h);      /* zeroed is fine */

void row_hashes_sort(RowHash *row, size_t n);
bool row_hashes_hold(const RowHash *sorted, size_t n, const RowHash *row);
MUST_USE Err row_hashes_put(Ctx *cx, Lake *lake, const RowHash *sorted, size_t n, Digest *out);
MUST_USE Err row_hashes_get(Ctx *cx, Lake *lake, const Digest *d, RowHash **out, size_t *n);   /* owned: ctx_put; ERR_CORRUPT */

#endif

/* lake/split.h -- what the two files behind lake_split share (inside room lake). */
#ifndef LAKE_SPLIT_H
#define LAKE_SPLIT_H

#include "lake/rowhash.h"

typedef struct SplitRows {         /* a row each, in the order of the table (ctx_get) */
    RowHash *hash;
    uint64_t *key;                 /* of the row or its group: equal keys lie on one side */
    uint32_t *stratum;             /* NULL: none */
    double *time;                  /* NULL: not by time */
    unsigned char *held;           /* 1: held out */
    size_t n, cap, held_n, groups;
    const char **column; size_t columns_n;         /* by name */
    const char *cut;               /* the first time held out; NULL */
} SplitRows;

/* splitrows.c: read the rows and decide.  Release with split_rows_clear. */
MUST_USE Err split_rows(Ctx *cx, LakeSql *sql, const LakeSplit *in, SplitRows *out);
void split_rows_clear(Ctx *cx, SplitRows *r);

#endif

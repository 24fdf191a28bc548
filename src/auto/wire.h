/* auto/wire.h -- what the pool and its workers say to each other.
**
** Both ends are the same program, so structs travel as they lie in memory.  The
** data is one shared block: WireData, then the arrays it gives offsets for.
*/
#ifndef AUTO_WIRE_H
#define AUTO_WIRE_H

#include "auto/run.h"
#include "base/random.h"
#include "os/os.h"

#define WIRE_MAGIC 0x4C454154574F524Bu
#define WIRE_NAME_MAX 48

enum { WIRE_FD_JOBS = 3, WIRE_FD_RESULTS, WIRE_FD_DATA, WIRE_FD_LIFE };

typedef struct WireFeature { uint32_t kind, levels, raw[2], use; } WireFeature;

typedef struct WireData {
    uint64_t magic, bytes;
    uint32_t task, classes, folds, parts, sets, ordered;
    uint64_t rows, cols;
    char metric[WIRE_NAME_MAX];
    uint64_t y_at, fold_at, feature_at;     /* offsets from the block's beginning */
    uint64_t weight_at, monotone_at;        /* 0: none */
    uint64_t col_at;                        /* parts x cols offsets of float columns */
} WireData;

typedef struct WireJob {
    uint64_t magic;
    char learner[WIRE_NAME_MAX];
    double args[LEARN_PARAMS_MAX];
    uint32_t part, rounds, cols_n, keep;
    uint64_t seed;
    double train_share;
    int64_t deadline_us;
} WireJob;                                  /* followed by cols_n x u32 */

typedef struct WireResult {
    uint64_t magic;
    int32_t err;
    uint32_t rounds_kept, cut, rounds_planned;
    uint64_t model_n, margin_rows, outputs, peak_bytes;
    double fit_s, predict_s;
    char why[JOB_WHY_MAX];
} WireResult;                               /* followed by the model, then the margins */

/* Is the row in a job's keyed share?  Nested, so that a smaller share is part of a larger one. */
static inline bool wire_in_share(double share, uint64_t seed, size_t row)
{
    if (!(share > 0) || share >= 1) return true;
    uint64_t key = row;
    return (double)(random_hash(&key, sizeof key, seed) >> 11) * 0x1p-53 < share;
}

/* Exactly n bytes, or ERR_IO; *closed when the other end is gone before the first of them. */
MUST_USE Err wire_read(Ctx *cx, int fd, void *buf, size_t n, bool *closed);

#endif

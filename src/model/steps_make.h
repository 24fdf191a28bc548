/* model/steps_make.h -- how room auto builds Steps: fitted tables go in, nothing is fitted here.
**
** Three kinds of thing are added, each known by its index in order of adding:
**   keys     what turns a value of a raw column (or a pair of them) into an index 0 .. n-1
**   words    what turns a text into weights of hashed n-grams
**   rows     operations; each makes one or more features from raw columns, keys, words or earlier features
** Steps that are being built belong to one thread; finished Steps may be shared.
*/
#ifndef MODEL_STEPS_MAKE_H
#define MODEL_STEPS_MAKE_H

#include "model/steps.h"

#define STEPS_NONE         UINT32_MAX
#define STEPS_FEATURES_MAX (1u << 20)
#define STEPS_PARTS_MAX    65         /* BUILD_PARTS_MAX folds and the part that saw all */
#define STEPS_KEYS_MAX     (1u << 24) /* levels in one key table */
#define STEPS_BITS_MAX     20         /* hash space of words: 2^bits buckets */
#define STEPS_OUTS_MAX     256        /* features one row makes */
#define STEPS_GRAMS_MAX    20000      /* n-grams read of one text */
#define STEPS_RANK_KNOTS   11         /* quantiles that a rank is read from: 0, .1 .. 1 */

/* What a row does.  Numbers are written into build files: never reused. */
typedef enum StepOp {
    STEP_NUMBER,     /* a = raw numeric column */
    STEP_CODE,       /* a = keys: the index itself, a category */
    STEP_LOOKUP,     /* a = keys: a table's number for each index; kind says what it means */
    STEP_DATE,       /* a = raw datetime column; kind: a DatePart; number: where days are counted from */
    STEP_GAP,        /* a, b = raw datetime columns: days from b to a */
    STEP_ARITH,      /* a, b = earlier features that need no part; kind: an ArithOp */
    STEP_TEXT_STAT,  /* a = raw dictionary column; kind: a TextStat */
    STEP_TEXT_DENSE, /* a = words: outs sums of weight x table (singular vectors) */
    STEP_TEXT_SCORE, /* a = words: the same, fitted with the target, so a table a part, plus a constant */
    STEP_ROWS,       /* list = raw columns, numbers unless only gaps are counted; kind: RowsStat bits */
    STEP_DIGIT,      /* a = raw numeric column; kind: a DigitPart */
    STEP_RANK,       /* a = keys, about = raw number: its share among the training rows of the level, 0 .. 1 */
    STEP_OPS_N
} StepOp;

typedef enum LookupKind {
    LOOKUP_BOOLEAN,
    LOOKUP_COUNT,
    LOOKUP_TARGET,
    LOOKUP_MEAN,
    LOOKUP_SPREAD,
    LOOKUP_LEAST,
    LOOKUP_MOST,
    LOOKUP_MIDDLE,
    LOOKUP_DISTINCT,
    LOOKUP_KINDS_N
} LookupKind;
typedef enum DatePart {
    DATE_DAYS,
    DATE_YEAR,
    DATE_MONTH,
    DATE_DAY,
    DATE_WEEKDAY,
    DATE_HOUR,
    DATE_MINUTE,
    DATE_YEAR_SIN,
    DATE_YEAR_COS,
    DATE_WEEKEND,
    DATE_WEEK_SIN,
    DATE_WEEK_COS,
    DATE_TIME_SIN,
    DATE_TIME_COS,
    DATE_PARTS_N
} DatePart;
typedef enum ArithOp { ARITH_ADD, ARITH_SUB, ARITH_MUL, ARITH_DIV, ARITH_OPS_N } ArithOp;
/* The last two are numbers that stand in the text: its first and its last run of digits. */
typedef enum TextStat {
    TEXT_CHARS,
    TEXT_WORDS,
    TEXT_CAPITALS,
    TEXT_DIGITS,
    TEXT_MARKS,
    TEXT_NUMBER_FIRST,
    TEXT_NUMBER_LAST,
    TEXT_STATS_N
} TextStat;
/* Of the values that are there in a row.  In this order they become features. */
enum RowsStat {
    ROWS_MISSING = 1,   /* how many are not there */
    ROWS_MEAN = 2,
    ROWS_SPREAD = 4,    /* standard deviation, of all of them */
    ROWS_LEAST = 8,
    ROWS_MOST = 16,
    ROWS_RANGE = 32,
    ROWS_DISTINCT = 64, /* how many different ones */
    ROWS_EQUAL = 128,   /* how often the most frequent one stands there */
    ROWS_SLOPE = 256,   /* of the least-squares line over 0, 1, 2 .. */
    ROWS_SORTED = 512,  /* a feature a column: ascending, missing at the end */
    ROWS_ALL = 1023
};
typedef enum DigitPart { DIGIT_FRACTION, DIGIT_LAST, DIGIT_LAST_TWO, DIGIT_ZEROS, DIGIT_PARTS_N } DigitPart;
/* What of a text is looked up: all of it, or a piece: a run of letters, or one of digits. */
typedef enum KeyCut { CUT_NONE, CUT_FIRST, CUT_SECOND, CUT_LAST, CUTS_N } KeyCut;

typedef struct StepAdd {
    StepOp op;
    uint32_t kind;
    uint32_t a, b;  /* see StepOp; STEPS_NONE where unused */
    uint32_t about; /* LOOKUP_MEAN and what follows it: the raw column that was averaged (or counted) */
    double number;
    uint32_t outs;           /* features made, 1 .. STEPS_OUTS_MAX */
    const char *const *name; /* outs                                                      (copied) */
    bool parted;             /* the table was fitted with the target: one for each part */
    FeatureUse use;
    const uint32_t *list;    /* ROWS: list_n raw columns                                         (copied) */
    uint32_t list_n;
    /* LOOKUP, TEXT_*: parts x n x outs numbers, n being the keys' or words' size; `other` parts x outs:
    ** LOOKUP: a level never seen; TEXT_SCORE: added to the sum.  parts is 1 unless parted.  RANK: n x
    ** STEPS_RANK_KNOTS quantiles, ascending in a level; `other` those of all rows.                  (copied) */
    const float *table, *other;
} StepAdd;

/* folds: 0 when no row will need a part; else parted tables have folds + 1 parts.  ERR_NOMEM */
MUST_USE Err steps_new(Ctx *cx, const Schema *schema, uint32_t folds, Steps **out);

/* Levels of a raw column (or of a piece of its texts) by their text, numbers in num_text's spelling; index = order
** given.  (copied) */
MUST_USE Err steps_add_keys(Ctx *cx, Steps *s, uint32_t raw, KeyCut cut, const Dict *levels, uint32_t *keys);
/* Pairs of indices of two earlier keys: pair[2 * i], pair[2 * i + 1].  The first may be
** a pair itself, of single columns.  (copied) */
MUST_USE Err steps_add_pairs(Ctx *cx, Steps *s, uint32_t keys_a, uint32_t keys_b, const uint32_t *pair, uint32_t n,
                             uint32_t *keys);
/* The n buckets of 2^bits that count, ascending, with their inverse document frequency; chars: character
** 3-grams too, not only words and pairs of words.  (copied) */
MUST_USE Err steps_add_words(Ctx *cx, Steps *s, uint32_t raw, uint32_t bits, bool chars, const uint32_t *bucket,
                             const float *idf, uint32_t n, uint32_t *words);
MUST_USE Err steps_add(Ctx *cx, Steps *s, const StepAdd *row);

/* Index of every row of t under those keys: -1 missing, -2 never seen.  out: t->rows */
MUST_USE Err steps_key_index(Ctx *cx, const Steps *s, const Table *t, uint32_t keys, int32_t *out);
uint32_t steps_keys_n(const Steps *s, uint32_t keys);
void steps_keys_raw(const Steps *s, uint32_t keys, uint32_t raw[2]); /* raw[1] STEPS_NONE: of one column */
const char *steps_keys_text(const Steps *s, uint32_t keys, uint32_t level,
                            size_t *n);               /* not of pairs; not NUL-ended */
uint32_t steps_keys_of(const Steps *s, uint32_t raw, KeyCut cut); /* keys of that one column, or STEPS_NONE */
void steps_keys_pair(const Steps *s, uint32_t keys, uint32_t of[2]); /* the keys a pair is made of, or STEPS_NONE */
KeyCut steps_keys_cut(const Steps *s, uint32_t keys);
/* The piece of a text: NULL when it has none.  The only piece of a text is its first and its last. */
const char *steps_piece(const char *s, size_t n, KeyCut cut, size_t *length);
uint32_t steps_rows_outs(uint32_t stats, uint32_t list_n); /* features that STEP_ROWS makes */
/* Statistics of n values, NaN missing, in the order of RowsStat.  sorted: n numbers of working room. */
void steps_rows_stats(const double *v, uint32_t n, uint32_t stats, double *sorted, double *out);
double steps_digit(double v, DigitPart part);
uint32_t steps_words_n(const Steps *s, uint32_t words);
uint32_t steps_words_raw(const Steps *s, uint32_t words);
/* The one spelling of a level: what the table reads as a number becomes num_text's, else as it is.
** *out points into s or buf. */
size_t steps_spelling(const char *s, size_t n, char buf[NUM_TEXT_MAX], const char **out);

/* Buckets of a text's n-grams, with repeats, in the order met; at most `max`.  Returns how many. */
size_t steps_grams(const char *s, size_t n, uint32_t bits, bool chars, uint32_t *bucket, size_t max);
/* Weights of a text: places among the words' buckets (ascending) and (1 + ln count) x idf, of length 1.
** place, weight: steps_weigh_max(n).  Returns how many. */
size_t steps_weigh(const Steps *s, uint32_t words, const char *text, size_t n, uint32_t *place, float *weight);
static inline size_t steps_weigh_max(size_t n)
{
    return n < STEPS_GRAMS_MAX / 3 ? 3 * n + 3 : STEPS_GRAMS_MAX; /* two grams a word, a triple a letter */
}
double steps_date_part(double seconds, DatePart part,
                       double from); /* NaN for a time outside years -9999 .. 9999 */
double steps_text_stat(const char *s, size_t n, TextStat stat);

/* steps_describe of the first n features only. */
MUST_USE Err steps_describe_first(Ctx *cx, const Steps *s, const Schema *schema, size_t n, Text *json);
bool steps_uses(const Steps *s, uint32_t raw); /* some feature needs this raw column */

/* Compute the rows that were added since the frame was made (or since the last call).  Part features get
** what new rows would get: the caller overwrites them for training rows by steps_frame_column. */
MUST_USE Err steps_apply_more(Ctx *cx, const Steps *s, const Table *t, StepFrame *f);
/* A copy of f's values for some rows (NULL: the first n), as a frame of `steps`, which make the same features. */
MUST_USE Err steps_frame_gather(Ctx *cx, const StepFrame *f, const Steps *steps, const uint32_t *rows, size_t n,
                                StepFrame **out);
float *steps_frame_column(StepFrame *f, uint32_t part, size_t feature);
size_t steps_frame_rows(const StepFrame *f);

#endif

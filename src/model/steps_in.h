/* model/steps_in.h -- inside the room: what Steps are made of. */
#ifndef MODEL_STEPS_IN_H
#define MODEL_STEPS_IN_H

#include "model/form.h"
#include "model/steps_make.h"

#define INDEX_MISSING (-1)
#define INDEX_UNSEEN (-2)

/* A table from values to 0 .. n-1.  raw[1] == STEPS_NONE: texts of one column; else pairs of indices. */
typedef struct Keys {
    uint32_t raw[2];
    KeyCut cut;
    uint32_t first, last;      /* rows that look up here, chained by Row.next; STEPS_NONE */
    uint32_t n;
    uint64_t *offset;          /* n + 1; NULL for pairs */
    char *bytes;
    uint32_t of[2];            /* pairs: the two keys */
    uint32_t *pair;            /* 2 n; NULL for texts */
    uint32_t slots;            /* a power of two above n */
    uint32_t *slot;            /* index + 1; 0: empty */
} Keys;

typedef struct Words {
    uint32_t raw, bits, n;
    bool chars;
    uint32_t first, last;      /* as in Keys */
    uint32_t *bucket;          /* n, ascending */
    float *idf;
    uint32_t slots, *slot;     /* place + 1 by bucket; 0: empty */
} Words;

typedef struct Row {
    StepOp op;
    uint32_t kind, a, b, about;
    double number;
    uint32_t outs, first, parts;
    FeatureUse use;
    uint32_t list_n, *list;    /* STEP_ROWS */
    uint32_t next;             /* the next row of the same keys or words; STEPS_NONE */
    size_t n;                  /* rows of the table: keys or buckets */
    float *table, *other;      /* table: n x parts x width, all of an index side by side (in files part by part) */
} Row;

/* Numbers a table has for one index and part; 0: the operation has no table. */
static inline uint32_t row_width(const Row *row)
{
    bool table = row->op == STEP_LOOKUP || row->op == STEP_TEXT_DENSE || row->op == STEP_TEXT_SCORE;
    return table ? row->outs : row->op == STEP_RANK ? STEPS_RANK_KNOTS : 0;
}
/* Numbers of `other`. */
static inline size_t row_others(const Row *row)
{
    return row->op == STEP_TEXT_DENSE ? 0 : (size_t)row_width(row) * row->parts;
}
static inline bool row_looks_up(const Row *row)
{
    return row->op == STEP_CODE || row->op == STEP_LOOKUP || row->op == STEP_RANK;
}
static inline bool row_reads_words(const Row *row)
{
    return row->op == STEP_TEXT_DENSE || row->op == STEP_TEXT_SCORE;
}

struct Steps {
    uint32_t folds, raw_n, keys_n, words_n, rows_n, features_n;
    uint32_t keys_cap, words_cap, rows_cap, feature_cap, feature_row_cap;
    uint8_t *raw_numeric;      /* raw_n: storage each raw column must have */
    uint8_t *raw_time;         /* raw_n: a datetime */
    Keys *keys;
    Words *words;
    Row *row;
    Feature *feature;          /* names are owned */
    uint32_t *feature_row;     /* which row makes it */
    bool parted;
};

struct StepFrame {
    const Steps *steps;
    size_t rows, cols;
    uint32_t parts, rows_done; /* rows of steps already computed */
    float **col;               /* parts x cols: col[part * cols + i]; parts may share a column */
    float *slab;               /* NULL, or the first columns of a small frame in one piece */
    size_t slab_n;
};

Err keys_index_slots(Ctx *cx, Keys *k);                        /* build the hash table; ERR_CORRUPT a level twice */
int32_t keys_find(const Keys *k, const char *s, size_t n);     /* exact spelling */
/* The first may be a pair itself, of single columns: three columns at most. */
bool keys_may_pair(const Steps *s, uint32_t a, uint32_t b);
int32_t keys_find_pair(const Keys *k, uint32_t a, uint32_t b);
Err words_place(Ctx *cx, Words *w);
uint32_t words_find(const Words *w, uint32_t bucket);          /* place + 1, or 0 */

/* Is this row's shape sound, given what was added before?  Sets n, parts.  NULL, or what is wrong. */
const char *row_check(const Steps *s, Row *row);
/* Where a feature of the row comes from. */
void row_raw(const Steps *s, const Row *row, uint32_t raw[2]);
FeatureKind row_kind(const Row *row);
/* Append the checked row (tables handed over) and its features; names handed over one by one. */
Err steps_append(Ctx *cx, Steps *s, Row *row, char **name);
/* Tables turned from part by part to index by index, or (back) the other way round; in: n x parts x width. */
void row_turn(const Row *row, const float *in, bool back, float *out);

#endif

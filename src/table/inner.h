/* table/inner.h -- what the files of room table share: growing columns and their dictionaries. */
#ifndef TABLE_INNER_H
#define TABLE_INNER_H

#include "table/table.h"

#define WORDS_MAX ((uint32_t)1 << 30)      /* levels in one dictionary */
#define NUMBER_WHOLE_END 9007199254740992.0     /* 2^53: from here on a double skips whole numbers */

typedef struct Slot { uint32_t hash, code; } Slot;     /* code + 1; 0 is empty */

/* A dictionary that grows: each distinct text once (words.c). */
typedef struct Words {
    Dict dict;
    uint32_t cap;              /* levels that fit dict.offset */
    uint64_t bytes_cap;
    Slot *slot;
    uint32_t slots;            /* a power of two, 0 at first */
} Words;

void words_free(Ctx *cx, Words *w);
/* The code of a text, new or old.  ERR_NOMEM; ERR_LIMIT. */
MUST_USE Err words_code(Ctx *cx, Words *w, const char *s, size_t n, int32_t *code);

typedef enum Mode {
    MODE_EMPTY,                /* nothing but missing values so far: num holds NaN */
    MODE_NUM,
    MODE_TIME,                 /* num holds seconds */
    MODE_DICT,
} Mode;

/* A column being built.  num or code holds n values. */
typedef struct Growing {
    char *name;
    ColumnType want;
    bool numeric;              /* keep_types: storage */
    bool has_order;
    TimeOrder order;
    Mode mode;
    size_t n, cap;
    double *num;               /* NaN missing; infinities are still here */
    int32_t *code;
    Words words;
    uint64_t bad, infinite;
} Growing;

struct Builder {
    size_t cols;
    Growing *col;
    char **na;
    size_t na_n, na_len_max;
    bool na_first[256];        /* some mark starts with this byte */
    double *na_num;            /* marks that read as numbers */
    size_t na_num_n;
    char *source;
    bool keep_types;
};

/* A value's text as a number by the rules of the door (builder.c). */
bool cell_number(const char *s, size_t n, double *out);
/* Numbers or times so far become levels of a dictionary.  ERR_NOMEM */
MUST_USE Err growing_to_dict(Ctx *cx, Growing *g);
/* Decide a column's type and hand its memory over to *out (infer.c). */
MUST_USE Err growing_end(Ctx *cx, const Builder *b, Growing *g, Column *out);

char *copy_text(Ctx *cx, const char *s);       /* ctx_put; NULL when refused */
void column_clear(Ctx *cx, Column *c);

#endif

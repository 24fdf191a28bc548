/* filter/inner.h -- what the files of room filter share. */
#ifndef FILTER_INNER_H
#define FILTER_INNER_H

#include "filter/filter.h"
#include "filter/regex.h"

typedef enum FilterOp { OP_EQ, OP_NE, OP_LT, OP_LE, OP_GT, OP_GE, OP_LIKE, OP_ILIKE, OP_RLIKE, OP_IN, OP_NULL } FilterOp;

typedef struct FilterValue { bool is_text; const char *text; size_t n; double num; } FilterValue;

typedef struct FilterTest {
    const FilterField *field;
    const char *key;                   /* of a field that takes any; else its name */
    FilterOp op;
    bool negated;                      /* NOT IN, NOT LIKE, …, IS NOT NULL */
    bool as_number;                    /* a text field is compared by the number it reads as */
    FilterValue *value; size_t values_n;
    Regex *regex;
} FilterTest;

typedef enum NodeKind { NODE_AND, NODE_OR, NODE_NOT, NODE_TEST } NodeKind;
typedef struct Node Node;
struct Node { NodeKind kind; Node *a, *b; FilterTest test; };

typedef struct FilterOrder { const FilterField *field; const char *key; bool down; } FilterOrder;

/* In scratch.  *out is NULL for an empty filter. */
MUST_USE Err filter_parse(Ctx *cx, const FilterEntity *entity, const char *text, Node **out);
MUST_USE Err filter_parse_order(Ctx *cx, const FilterEntity *entity, const char *text, FilterOrder *out);

/* Is the test true of this value?  num NaN: none (a metric that is no number). */
bool filter_holds(const FilterTest *t, const char *text, size_t n, double num);

/* The next code point, and on; a byte that is no UTF-8 stands for itself. */
uint32_t filter_decode(const char **at, const char *end);
uint32_t filter_fold(uint32_t c);      /* to lower case: Latin, Greek, Cyrillic, Armenian; others stay */
bool filter_like(const char *pattern, size_t pn, const char *text, size_t n, bool fold);

#endif

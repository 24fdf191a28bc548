/* model/graph.h -- inside the room: a build as a graph of plain operations.
**
** A node is a column of numbers or indices, or several side by side (`width`), with one row for each
** row asked about.  Nodes come in an order in which each needs only earlier ones.  Where an operation
** takes two nodes, one of width 1 serves all columns of the other.
*/
#ifndef MODEL_GRAPH_H
#define MODEL_GRAPH_H

#include "model/export.h"
#include "model/steps_in.h"
#include "model/trees_inner.h"

#define GRAPH_NONE UINT32_MAX

typedef enum GraphType { GRAPH_F32, GRAPH_F64, GRAPH_INDEX, GRAPH_TEXT } GraphType;

/* In exported JSON these have names: graph_word. */
typedef enum GraphOp {
    GRAPH_COLUMN,        /* raw column `number`: F32, F64 (seconds) or TEXT; NaN or "" is missing */
    GRAPH_LEVEL,         /* a: number or text to its place among `keys`; n: never seen; n + 1: missing */
    GRAPH_PAIR,          /* a, b: two places to one among the pairs of `keys`, the same way */
    GRAPH_ROW,           /* a: place; the row of a table of numbers, `width` of them */
    GRAPH_CONST,         /* the same numbers for every row */
    GRAPH_CAST,          /* a as `type` */
    GRAPH_ADD, GRAPH_SUB, GRAPH_MUL, GRAPH_DIV, GRAPH_MIN, GRAPH_MAX,       /* a, b */
    GRAPH_EXP, GRAPH_LOG, GRAPH_SQRT, GRAPH_SIN, GRAPH_COS, GRAPH_FLOOR,    /* a */
    GRAPH_ISNAN,         /* a: 1 or 0 */
    GRAPH_LE,            /* a <= b: 1 or 0 */
    GRAPH_IF,            /* c is not 0: a, else b */
    GRAPH_JOIN,          /* list: nodes side by side */
    GRAPH_PICK,          /* a, list: columns of it */
    GRAPH_LINEAR,        /* a: table' a + other; the table has `width` columns */
    GRAPH_TREES,         /* a: sums of the leaves that its columns (list: column of the frame) lead to */
    GRAPH_SOFTMAX,       /* a */
    GRAPH_OPS_N
} GraphOp;

typedef struct GraphNode {
    GraphOp op;
    GraphType type;
    uint32_t width;
    uint32_t a, b, c;          /* nodes, GRAPH_NONE where unused */
    uint32_t *list, list_n;    /* JOIN, PICK, TREES */
    uint32_t number;           /* COLUMN: of the schema */
    const Keys *keys;          /* LEVEL, PAIR */
    double *table, *other;     /* ROW: table_n rows; CONST: one; LINEAR: inputs rows, and the constants */
    uint32_t table_n;
    const Trees *trees;
} GraphNode;

typedef struct Graph {
    const Build *build;
    GraphNode *node;
    uint32_t n, cap;
    uint32_t *column;          /* raw column to its node, or GRAPH_NONE */
    uint32_t *index, *feature; /* keys to place; part x features to column */
    uint32_t answer;           /* F64: probabilities, one a class, or the value */
} Graph;

MUST_USE Err graph_make(Ctx *cx, const Build *b, Graph **out);      /* as export_build */
void graph_free(Ctx *cx, Graph *g);
const char *graph_word(GraphOp op);

MUST_USE Err export_onnx(Ctx *cx, const Graph *g, Text *out);
MUST_USE Err export_c(Ctx *cx, const Graph *g, Text *out);
MUST_USE Err export_json(Ctx *cx, const Graph *g, Text *out);

#endif

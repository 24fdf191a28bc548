/* model/graph_in.h -- between graph.c and graph_models.c: adding nodes. */
#ifndef MODEL_GRAPH_IN_H
#define MODEL_GRAPH_IN_H

#include "model/graph.h"

Err graph_add(Ctx *cx, Graph *g, const GraphNode *node, uint32_t *out);
Err graph_one(Ctx *cx, Graph *g, GraphOp op, uint32_t a, uint32_t *out);                    /* of a's type and width */
Err graph_two(Ctx *cx, Graph *g, GraphOp op, uint32_t a, uint32_t b, uint32_t *out);        /* of one type */
Err graph_if(Ctx *cx, Graph *g, uint32_t c, uint32_t a, uint32_t b, uint32_t *out);
Err graph_cast(Ctx *cx, Graph *g, uint32_t a, GraphType type, uint32_t *out);
Err graph_table(Ctx *cx, Graph *g, const GraphNode *like, size_t rows, uint32_t *out);      /* the caller fills it */
Err graph_const(Ctx *cx, Graph *g, GraphType type, uint32_t width, uint32_t *out);          /* the same */
Err graph_number(Ctx *cx, Graph *g, GraphType type, double v, uint32_t *out);
Err graph_with(Ctx *cx, Graph *g, GraphOp op, uint32_t a, double v, uint32_t *out);         /* a and a number */
Err graph_list(Ctx *cx, Graph *g, GraphOp op, GraphType type, uint32_t a, const uint32_t *list, size_t n, uint32_t *out);
Err graph_sigmoid(Ctx *cx, Graph *g, uint32_t z, uint32_t *out);                            /* F64 */

Err graph_feature(Ctx *cx, Graph *g, uint32_t part, uint32_t i, uint32_t *out);             /* F32 */
Err graph_place(Ctx *cx, Graph *g, uint32_t i, uint32_t *out);                              /* of a category */

/* Margins of a model; *told is false where the graph cannot say them. */
Err graph_model(Ctx *cx, Graph *g, const Model *m, uint32_t part, uint32_t *out, bool *told);

#endif

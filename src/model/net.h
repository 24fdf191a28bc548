/* model/net.h -- form "net": dense view, waves and tables, hidden layers, margins.
**
** A row's dense columns enter as they are; after them, for each column that has waves, NET_WAVES_OUT mixes of
** NET_WAVES cosines; after those NET_TABLE_DIM numbers a table, looked up by a category's level.  With members > 1 the
** row enters so many times, each time scaled by another row of `scale_in`; the last layer is another one for each, and
** the answer is the mean value, or the log-odds or log of the mean probability.
** Weights are kept as 16-bit floats times a power of two a layer.
*/
#ifndef MODEL_NET_H
#define MODEL_NET_H

#include "model/dense.h"
#include "model/form.h"

#define NET_LAYERS_MAX 8
#define NET_WIDTH_MAX 4096
#define NET_MEMBERS_MAX 48
#define NET_CLASSES_MAX 10000
#define NET_SURE 1e-9              /* no mean probability of members counts as less */
#define NET_TABLES_MAX 10000
#define NET_WAVES 16
#define NET_WAVES_OUT 3
#define NET_TABLE_DIM 8

typedef enum NetAct { NET_SELU, NET_MISH, NET_RELU, NET_ACTS_N } NetAct;

/* Categories by table: frame column, and levels + 1 rows: one a level, the last for a missing or unheard-of one. */
typedef struct NetTable { uint32_t col, levels; } NetTable;

typedef struct NetIn {
    Dense *dense;                  /* kept by the model and freed with it, also on failure        (kept) */
    Task task;                     /* how members are averaged */
    NetAct act;                    /* after every layer but the last */
    uint32_t layers;               /* with the last: 1 .. NET_LAYERS_MAX */
    const uint32_t *width;         /* layers: outputs of each; the last is the margins a row */
    const float *const *weight;    /* layers: inputs x width[l], row-major; the last: a block a member   (copied) */
    const float *const *bias;      /* layers: width[l]; the last: members x width[l]              (copied) */
    const float *const *mix;       /* layers - 1: width[l] shares a: z + a (act(z) - z); NULL: all 1   (copied) */
    uint32_t members;              /* 1 .. NET_MEMBERS_MAX */
    const float *scale_in;         /* members x inputs; NULL: all 1                               (copied) */
    uint32_t waves_n, tables_n;
    const uint32_t *wave_col;      /* waves_n dense columns                                       (copied) */
    const float *turn, *phase;     /* NET_WAVES x waves_n: cos(2 pi (x turn + phase))             (copied) */
    const float *blend, *offset;   /* NET_WAVES x NET_WAVES_OUT x waves_n; NET_WAVES_OUT x waves_n   (copied) */
    const NetTable *table;         /* tables_n                                                    (copied) */
    const float *entry;            /* the tables one after another, NET_TABLE_DIM numbers a row   (copied) */
    double scale, shift, lo, hi;   /* margin = clip(scale * last + shift, lo, hi) */
} NetIn;

MUST_USE Err net_new(Ctx *cx, const NetIn *in, Model **out);       /* ERR_NOMEM */

/* What a net is made of, for those that write it down in another language.  Pointers live as long as the model;
** weight and bias of NetIn are asked for a layer at a time: net_weights fills inputs x width (x members) floats. */
const NetIn *net_parts(const Model *m);                            /* its weight is NULL */
size_t net_inputs(const Model *m, uint32_t layer);
void net_weights(const Model *m, uint32_t layer, float *out);

float net_act(NetAct act, float z);

#endif

/* model/net.h -- form "net": dense view, hidden layers, margins. */
#ifndef MODEL_NET_H
#define MODEL_NET_H

#include "model/dense.h"
#include "model/form.h"

#define NET_LAYERS_MAX 8
#define NET_WIDTH_MAX 4096

typedef enum NetAct { NET_SELU, NET_MISH, NET_RELU, NET_ACTS_N } NetAct;

typedef struct NetIn {
    Dense *dense;                  /* kept by the model and freed with it, also on failure        (kept) */
    NetAct act;                    /* after every layer but the last */
    uint32_t layers;               /* with the last: 1 .. NET_LAYERS_MAX */
    const uint32_t *width;         /* layers: outputs of each; the last is the margins a row */
    const float *const *weight;    /* layers: inputs x width[l], row-major                        (copied) */
    const float *const *bias;      /* layers: width[l]                                            (copied) */
    double scale, shift, lo, hi;   /* margin = clip(scale * last + shift, lo, hi) */
} NetIn;

MUST_USE Err net_new(Ctx *cx, const NetIn *in, Model **out);       /* ERR_NOMEM */
float net_act(NetAct act, float z);

#endif

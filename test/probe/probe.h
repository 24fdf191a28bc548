/* test/probe/probe.h -- leat-probe: rooms opened to the peer tests, which are written in Python.
**
** One file an area, each with one const row; probe.c lists them.  Arrays go in and out in boxes (box.h).  Never shipped.
*/
#ifndef PROBE_PROBE_H
#define PROBE_PROBE_H

#include "model/model.h"

typedef struct Probe {
    const char *name;
    const char *use;                                 /* its arguments */
    Err (*run)(Ctx *cx, int argc, char **argv);      /* argv[0] is the first argument after the name */
} Probe;

extern const Probe probe_drift, probe_learn, probe_ledger, probe_metric, probe_project, probe_report,
    probe_score, probe_steps, probe_store, probe_table, probe_trees, probe_visualize;

#endif

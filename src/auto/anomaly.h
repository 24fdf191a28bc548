/* auto/anomaly.h -- inside the room: the stages of TASK_ANOMALY where they differ.
**
** Nothing is predicted: every row is learned from, and a target column, where there is one, only judges.  Its rarer
** value is the anomaly; rows without a value are learned from and judged by nobody (weight 0).  In the build the two
** are its classes, so that everything that scores two classes scores anomalies: the "probability" of the second is the
** share of training rows that look less unusual.
*/
#ifndef AUTO_ANOMALY_H
#define AUTO_ANOMALY_H

#include "auto/run.h"

#define ANOMALY_CONTAMINATION .05

/* As auto_target.  ERR_BAD_INPUT a target that does not have two values; ERR_USAGE weights, monotone columns. */
MUST_USE Err anomaly_target(Ctx *cx, Auto *a);
bool anomaly_judged(const Auto *a);                    /* is any row labelled? */

/* The stages that differ; NULL: the ordinary one serves. */
typedef Err (*AnomalyStage)(Ctx *cx, Auto *a);
AnomalyStage anomaly_stage(Stage s);

#endif

/* model/model.h -- fitted models: predict, explain, save, load.
**
** The door of the room; it gathers the parts.  Nothing here trains.
*/
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "model/bayes.h"
#include "model/build.h"
#include "model/conformal.h"
#include "model/constant.h"
#include "model/dense.h"
#include "model/export.h"
#include "model/form.h"
#include "model/frame.h"
#include "model/linear.h"
#include "model/metric.h"
#include "model/neighbours.h"
#include "model/net.h"
#include "model/net_math.h"
#include "model/order.h"
#include "model/outliers.h"
#include "model/profile.h"
#include "model/steps.h"
#include "model/trees.h"
#include "model/steps_make.h"

#endif

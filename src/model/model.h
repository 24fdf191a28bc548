/* model/model.h -- fitted models: predict, explain, save, load.
**
** The door of the room; it gathers the parts.  Nothing here trains.
*/
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include "model/build.h"
#include "model/form.h"
#include "model/frame.h"
#include "model/metric.h"
#include "model/steps.h"

#endif

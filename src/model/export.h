/* model/export.h -- a build written down for other programs: ONNX, C, JSON.
**
** A build is first told as a graph of a few plain operations on columns (graph.h); each
** format prints that graph.  What the operations cannot say (texts cut into words, distances
** to training rows) is refused by name.  Format: doc/formats/export.md
*/
#ifndef MODEL_EXPORT_H
#define MODEL_EXPORT_H

#include "model/build.h"

typedef enum ExportFormat { EXPORT_ONNX, EXPORT_C, EXPORT_JSON, EXPORT_FORMATS_N } ExportFormat;

/* Append the build in that format to `out`.  Equal builds give equal bytes.
** Errors: ERR_BAD_INPUT something the graph cannot say: its name, and what to do; ERR_NOMEM.
** Cost: about a hundred bytes a tree node in ONNX, thirty in C and JSON. */
MUST_USE Err export_build(Ctx *cx, const Build *b, ExportFormat format, Text *out);

#endif
